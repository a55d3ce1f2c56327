"""A table in a terminal: with lines and colours where `rich` is there and the terminal shows them.

Everywhere else (a pipe, a file, NO_COLOR, no `rich`) the command prints its plain text.
Install both with ``pip install "layercost[terminal]"``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from importlib.util import find_spec
from typing import Any, TextIO

from layercost.table import Table


def shows_colours(stream: TextIO | None, environment: Mapping[str, str]) -> bool:
    """Whether `stream` is a terminal that shows colours, and no setting forbids them."""
    plain = "NO_COLOR" in environment or environment.get("TERM") == "dumb"
    return stream is not None and stream.isatty() and not plain and find_spec("rich") is not None


def written(table: Table) -> str:
    """`table` as the terminal shows it, or as plain text; counts with their convention either way."""
    return drawn(table) if shows_colours(sys.stdout, os.environ) else table.text()


def drawn(table: Table, width: int | None = None) -> str:
    """`table` by `rich`, for a terminal `width` characters wide (its own width unless given).

    Raises ModuleNotFoundError where `rich` is not installed.
    """
    from rich.console import Console
    from rich.table import Table as Grid

    words = table.grid().words
    grid = Grid(box=_lines(), show_footer=True, header_style="bold", footer_style="bold", pad_edge=False)
    for column, (head, total) in enumerate(zip(table.heads, table.total_cells(), strict=True)):
        side: Any = "left" if column < words else "right"
        style = "cyan" if column == 0 else "dim" if column < words else ""
        grid.add_column(head, total, justify=side, style=style, no_wrap=True)
    for row in table.row_cells():
        grid.add_row(*map(_quiet, row))
    above = _printed(Console(force_terminal=True, width=width, highlight=False), str(table.caption), "italic")
    wide = _printed(Console(force_terminal=True, width=_WIDEST, highlight=False), grid)  # no number is cut
    below = _printed(
        Console(force_terminal=True, width=width, highlight=False), "\n".join(map(str, table.notes())), "dim"
    )
    return f"{above}\n{wide}\n{below}"


def _printed(console: Any, what: Any, style: str | None = None) -> str:
    """What `console` would print, without the last line's end."""
    with console.capture() as captured:
        console.print(what, style=style)
    return str(captured.get()).rstrip("\n")


_WIDEST = 1000  # characters; more than any table takes


def _lines() -> Any:
    from rich.box import SIMPLE_HEAD

    return SIMPLE_HEAD


def _quiet(cell: str) -> str:
    """A zero is written faintly, so that the other numbers stand out."""
    from rich.markup import escape

    return f"[dim]{cell}[/dim]" if cell == "0" else escape(cell)


def complete(parser: Any, completions: Callable[[], Mapping[str, Iterable[str]]]) -> None:
    """Answer a shell that asks what may come next; does nothing otherwise, or without `argcomplete`.

    `completions` gives the words for an argument by its name. A shell asks once it has run
    ``eval "$(register-python-argcomplete layercost)"``.
    """
    if "_ARGCOMPLETE" not in os.environ or find_spec("argcomplete") is None:
        return
    import argcomplete

    words = completions()
    for action in _actions(parser):
        if action.dest in words:
            action.completer = argcomplete.completers.ChoicesCompleter(dict.fromkeys(words[action.dest], ""))
    argcomplete.autocomplete(parser)


def _actions(parser: Any) -> Iterable[Any]:
    """The arguments of a parser and of its commands."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no public way to ask for the arguments
        yield action
        if isinstance(action.choices, dict):
            for command in action.choices.values():
                yield from _actions(command)
