"""What the page *Bring your own model* asks of Python: a reader's file or text, read and shown.

Each function takes and gives what JSON can say. A source is ``{"id", "kind": "file", "name"}``, whose bytes
come from an open file, or ``{"id", "kind": "text", "text"}``. Settings are the texts of the page's controls;
those that the reader has not set are left out. What cannot be read is an answer too: its ``problem`` is for
the reader. All that is shown of a model is escaped, since names in a file are anybody's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, BinaryIO, TypeAlias

from layercost.comparison import compare
from layercost.layer import Layer
from layercost.message import message_of
from layercost.message import spoken as _
from layercost.own_model.reading import Settings, Source, read
from layercost.own_model.settings import input_of, setting_of, table_of, takes, takes_of_nothing
from layercost.own_model.showing import page_of, readings_of
from layercost.view import short

Data: TypeAlias = dict[str, Any]


def look(source: Source, settings: Settings, opened: BinaryIO | None = None) -> Data:
    """The table of a source, what stands beside it, and which controls there are for it."""
    return _tried(lambda: _looked(source, settings, opened), source)


def readings(source: Source, settings: Settings, opened: BinaryIO | None = None) -> Data:
    """What every tool counts."""
    return _tried(lambda: {"html": _plain(_readings(source, settings, opened))}, source)


def export(source: Source, settings: Settings, form: str, opened: BinaryIO | None = None) -> Data:
    """The whole table as CSV or Markdown."""

    def written() -> Data:
        found = read(source, settings, opened)
        return {"text": _plain(table_of(found, settings).render(form)), "name": _file_name(found.model, form)}

    return _tried(written, source)


def _looked(source: Source, settings: Settings, opened: BinaryIO | None) -> Data:
    found = read(source, settings, opened)
    shown = table_of(found, settings)
    return {
        "html": _plain(page_of(shown, settings, opened)), "title": _plain(short(shown.title)),
        "kind": found.kind, "takes": takes(found),
    }  # fmt: skip


def _readings(source: Source, settings: Settings, opened: BinaryIO | None) -> str:
    found = read(source, settings, opened)
    given, setting = input_of(found, settings), setting_of(found, settings)
    return readings_of(compare(found.model, given, **setting))


FUNCTIONS: dict[str, Callable[..., Data]] = {"look": look, "readings": readings, "export": export}


def _tried(act: Callable[[], Data], source: Source) -> Data:
    """What was found, or why it was not, in words for the reader."""
    try:
        return act()
    except (ValueError, OverflowError) as error:  # all errors of the library are ValueErrors
        problem = str(message_of(error))
    except OSError:
        problem = _("{file} cannot be read any more: it was changed, moved or deleted; choose it again",
                    file=short(str(source.get("name", ""))))  # fmt: skip
    except RecursionError:
        problem = _("it is nested too deep to be read")
    except MemoryError:
        problem = _("it needs more memory than this page has")
    return {
        "problem": _plain(short(_in_words_of_the_page(problem), 1000)),
        "takes": takes_of_nothing(source),
    }


def _in_words_of_the_page(problem: str) -> str:
    """Here an option is a control: what is said of --input belongs into the field of that name."""
    for written, here in _OPTIONS.items():
        problem = problem.replace(written, here)
    return problem


_OPTIONS = {"as --input ": "as ", "or --input ": "or ", "pass it as batch=...": "set it as Batch"}


# Signs that change how what follows is written or read, and such as nobody sees.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)


def _plain(text: str) -> str:
    """A text in which each sign that nobody sees, or that turns others around, stands as its code."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _file_name(model: Layer, form: str) -> str:
    """A name for what is saved, of letters that every system takes."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", str(getattr(model, "name", "") or "model")).strip("._") or "model"
    return f"{name[:60]}.{form}"
