"""Stands in for Jupyter in the page's worker: runs explorer cells and carries ipywidgets' messages.

An explorer needs of Jupyter only a place to send widget messages to, and a few names of IPython that
ipywidgets imports.
This module gives both, so that neither IPython nor a kernel has to be downloaded.

The page calls `start`, then `receive`; each returns JSON: {"messages": [...], "error": str | null, ...}.
`ask` calls a function of a service: this Python poses and marks questions, and counts readers' own models.
All messages that one call causes travel together, so the page changes once for each move.
A widget with `in_sight_first` is told to draw only what is in sight; `finish` lets it draw the rest.
`practise` makes moves that nobody sees, so that the browser has compiled what a reader's moves will run.
No support for binary buffers, rich display or the Output widget: the explorers use none.
"""

from __future__ import annotations

import ast
import json
import os
import sys
import traceback
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

os.environ["JUPYTER_WIDGETS_ECHO"] = "0"  # one page, one kernel: nobody else has to hear of a change

_outbox: list[dict[str, Any]] = []
_errors: list[str] = []
_displayed: list[Any] = []
_hurried: list[Any] = []  # the cells' widgets that draw what is in sight first
PRACTISED = 24  # moves of each explorer; by then a browser has compiled most of what they run


# --- the names of IPython that ipywidgets imports ---------------------------------------------------


class _Shell:
    """What ipywidgets asks of IPython's shell: to be told of an exception in a callback."""

    kernel = None

    def showtraceback(self, *_args: object, **_keywords: object) -> None:
        _errors.append(traceback.format_exc())


class _InteractiveShell:
    """IPython's shell class, which is never initialised here."""

    @staticmethod
    def initialized() -> bool:
        return False


def _display(*objects: object, **_keywords: object) -> None:
    """Remember what a cell displays; `run_cell` takes the last as the cell's widget."""
    _displayed.extend(objects)


def _ignore(*_args: object, **_keywords: object) -> None:
    """Do nothing: there is no output area to clear."""


def _pretend_module(name: str, **members: object) -> None:
    """Register a module with these members, as an attribute of its parent too."""
    module = ModuleType(name)
    module.__dict__.update(members)
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, module)


def _pretend_ipython() -> None:
    shell = _Shell()
    _pretend_module("IPython", get_ipython=lambda: shell, version_info=(9, 0, 0), __version__="9.0.0")
    _pretend_module("IPython.display", display=_display, clear_output=_ignore)
    _pretend_module("IPython.core")
    _pretend_module("IPython.core.interactiveshell", InteractiveShell=_InteractiveShell)
    _pretend_module("IPython.core.getipython", get_ipython=lambda: shell)


_pretend_ipython()


# --- comms: ipywidgets' messages go into the outbox -------------------------------------------------

import comm  # noqa: E402  (IPython must be stood in for before ipywidgets is imported)
from comm.base_comm import BaseComm, CommManager  # noqa: E402


class PageComm(BaseComm):
    """A channel between one widget and its model in the page."""

    def publish_msg(
        self, msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **keys: Any
    ) -> None:
        """Put the message into the outbox; refuse what the page could not read."""
        if buffers:
            raise ValueError("The page cannot receive binary buffers; send the values as numbers or text")
        _outbox.append({"kind": msg_type, "comm_id": self.comm_id, "data": data or {}})

    def handle_msg(self, msg: Any) -> None:
        """Hand a message of the page to the widget (without telling a shell, which is not there)."""
        if self._msg_callback is not None:
            self._msg_callback(msg)


_manager = CommManager()
comm.create_comm = PageComm
comm.get_comm_manager = lambda: _manager

from ipywidgets import Widget  # noqa: E402

# --- what the memory snapshot does not hold ----------------------------------------------------------


class _Latecomers:
    """Asks for an archive of modules when something is imported from it that was not in the snapshot.

    It stands before the finder that looks into the archives, which until then are not there.
    """

    OURS = frozenset(("comm", "fsrs", "ipywidgets", "layercost", "traitlets", "typing_extensions"))

    def __init__(self, fetch_archive: Any) -> None:
        self._fetch_archive = fetch_archive
        self._awaited = {"packages": self.OURS, "library": sys.stdlib_module_names}

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        """Fetch an archive, once; the next finder then finds, or does not."""
        top = name.partition(".")[0]
        for archive in [archive for archive, names in self._awaited.items() if top in names]:
            del self._awaited[archive]
            self._fetch_archive(archive)
            sys.path_importer_cache.clear()


def fetch_when_missing(fetch_archive: Any) -> None:
    """Let imports of what the snapshot lacks call `fetch_archive`, which puts it into the file system.

    It is called with ``"packages"`` (ours and what they need) or ``"library"`` (Python's own).
    """
    place = next(place for place, finder in enumerate(sys.meta_path) if "PathFinder" in repr(finder))
    sys.meta_path.insert(place, _Latecomers(fetch_archive))


# --- what the page calls ----------------------------------------------------------------------------


def run_cell(source: str) -> str | None:
    """Run a cell in a namespace of its own; return the model id of the widget that it shows, if any."""
    _displayed.clear()
    namespace: dict[str, Any] = {"__name__": "__main__"}
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<explorer>", "exec"), namespace)
    if isinstance(last, ast.Expr):
        _displayed.append(eval(compile(ast.Expression(last.value), "<explorer>", "eval"), namespace))
    shown = next((value for value in reversed(_displayed) if isinstance(value, Widget)), None)
    if shown is None:
        return None
    if hasattr(shown, "in_sight_first"):
        shown.in_sight_first = True
        _hurried.append(shown)
    return str(shown.model_id)


def _answer(**extra: object) -> str:
    """Empty the outbox into one JSON answer."""
    answer = {"messages": list(_outbox), "error": _errors[-1] if _errors else None, **extra}
    _outbox.clear()
    _errors.clear()
    return json.dumps(answer, default=str)


def start(cells: str) -> str:
    """Run the page's explorer cells (a JSON list of sources); answer with the model id of each."""
    roots: list[str | None] = []
    for source in json.loads(cells):
        try:
            roots.append(run_cell(source))
        except Exception:  # one broken explorer must not take the others with it
            _errors.append(traceback.format_exc())
            roots.append(None)
    return _answer(roots=roots)


def receive(comm_id: str, data: str) -> str:
    """Give a message of the page to its widget; answer with all that changed."""
    try:
        channel = _manager.get_comm(comm_id)
        if channel is None:
            raise LookupError(f"No widget listens on {comm_id}")
        channel.handle_msg({"content": {"comm_id": comm_id, "data": json.loads(data)}, "buffers": []})
    except Exception:
        _errors.append(traceback.format_exc())
    return _answer()


def finish() -> str:
    """Let widgets draw what they have left for later; answer with all that changed."""
    for widget in _hurried:
        try:
            widget.finish()
        except Exception:
            _errors.append(traceback.format_exc())
    return _answer()


def practise() -> bool:
    """Make one move of an explorer that nobody sees; False when all have been made, or one could not be."""
    try:
        more = next(_practice, None) is not None
    except Exception:  # a reader's own move, if it fails too, will say so
        more = False
    _outbox.clear()
    _errors.clear()
    return more


def _moves_unseen() -> Iterator[int]:
    for widget in _hurried:
        unseen = type(widget)()
        unseen.in_sight_first = True
        found = (unseen.control(name) for name in unseen.settings)
        slider = next((one for one in found if hasattr(one, "max") and one.value > one.min), None)
        for step in range(PRACTISED if slider else 0):
            state = {"value": slider.value + (1 if step % 2 else -1)}  # down: up, GPT-2 refuses its text
            receive(slider.comm.comm_id, json.dumps({"method": "update", "state": state}))
            unseen.finish()
            yield step
        _close(unseen)


def _close(widget: Any) -> None:
    """Close a widget with all that it is made of."""
    for part in (
        *getattr(widget, "children", ()),
        getattr(widget, "layout", None),
        getattr(widget, "style", None),
    ):
        if isinstance(part, Widget):
            _close(part)
    widget.close()


_practice = _moves_unseen()


class PageFile:
    """A file that the reader chose, read by places: it is never held as a whole.

    `read_slice` gives the bytes between two places, which the browser takes from the disk; where it does not,
    `read` raises OSError.
    """

    def __init__(self, name: str, size: int, read_slice: Any) -> None:
        self.name = name
        self.size = size
        self.bytes_read = 0
        self._read_slice = read_slice
        self._place = 0

    def seekable(self) -> bool:
        """A file can be read at any place."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place, and say where that is."""
        begin = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self.size}[whence]
        self._place = max(0, begin + offset)
        return self._place

    def read(self, size: int = -1) -> bytes:
        """The next `size` bytes, or as many as there are."""
        end = self.size if size < 0 else min(self.size, self._place + size)
        if end <= self._place:
            return b""
        try:
            content = bytes(self._read_slice(self._place, end).to_bytes())
        except Exception as error:  # of the browser: since it was chosen the file has changed, or is gone
            raise OSError(str(error)) from error
        self._place += len(content)
        self.bytes_read += len(content)
        return content


# Who answers a page's questions; these modules are not in the snapshot, since explorers need none of them.
SERVICES = {"questions": "layercost.questions.service", "own_model": "layercost.own_model"}


def ask(service: str, name: str, arguments: str, file: Any = None) -> str:
    """Call a function of a service with a JSON list of arguments; answer with its result.

    `file` is what the reader chose, if anything: its name, its size and a function that reads a slice of it.
    """
    result = None
    try:
        function = import_module(SERVICES[service]).FUNCTIONS[name]
        opened = {} if file is None else {"opened": PageFile(file.name, int(file.size), file.slice)}
        result = function(*json.loads(arguments), **opened)
    except Exception:
        _errors.append(traceback.format_exc())
    return _answer(result=result)
