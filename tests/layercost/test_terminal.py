"""The command in a terminal: lines and colours where they are seen, plain text where not, and completion."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import layercost as lc
from layercost import terminal

ANSI = re.compile(r"\x1b\[[0-9;]*m")


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "seen"),
    [
        pytest.param(Screen(), {}, True, id="terminal"),
        pytest.param(Screen(), {"NO_COLOR": ""}, False, id="colours unwanted"),
        pytest.param(Screen(), {"TERM": "dumb"}, False, id="terminal without colours"),
        pytest.param(io.StringIO(), {}, False, id="pipe"),
        pytest.param(None, {}, False, id="closed"),
    ],
)
def test_colours_are_for_terminals_that_show_them(
    stream: Screen | None, environment: dict[str, str], seen: bool
) -> None:
    """A pipe, a file and whoever asks for no colours get plain text."""
    assert terminal.shows_colours(stream, environment) is seen


def test_without_rich_the_text_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """The core needs no other package, in a terminal neither."""
    monkeypatch.setattr(terminal, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "stdout", Screen())
    shown = lc.table(lc.networks.lenet5())
    assert terminal.written(shown) == shown.text()


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_drawn_table_shows_every_cell_of_the_plain_one_however_narrow_the_terminal(width: int) -> None:
    """No number is cut, broken or left out, and the convention stands above."""
    shown = lc.table(lc.networks.lenet5("1998"), convention="everything")
    drawn = ANSI.sub("", terminal.drawn(shown, width))
    lines = [re.split(r"\s{2,}", line.strip()) for line in drawn.splitlines()]
    for cells in [*shown.row_cells(), shown.total_cells()]:
        assert [cell for cell in cells if cell] in lines
    assert "everything" in drawn
    assert "Complete" in drawn


def test_the_command_writes_no_colours_into_a_pipe() -> None:
    """What another program reads is text alone."""
    command = [sys.executable, "-m", "layercost", "show", "lenet5"]
    printed = subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout
    assert not ANSI.search(printed)
    assert printed.rstrip("\n") == lc.table(lc.networks.lenet5()).text()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        pytest.param("layercost sh", {"show"}, id="commands"),
        pytest.param("layercost show len", {"lenet5"}, id="networks"),
        pytest.param("layercost show resnet50:v1", {"resnet50:v1", "resnet50:v1.5"}, id="versions"),
        pytest.param("layercost show lenet5 --convention ma", {"macs"}, id="conventions"),
        pytest.param("layercost show lenet5 --as fv", {"fvcore"}, id="dialects"),
    ],
)
def test_the_shell_completes(line: str, offered: set[str], tmp_path: Path) -> None:
    """Asked as argcomplete's shell functions ask, the command offers what may come next."""
    answer = tmp_path / "answer"
    asking = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_COMP_WORDBREAKS": " ",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "COMP_TYPE": "9",
    }
    program = "import sys; from layercost.command import main; sys.exit(main())"
    subprocess.run([sys.executable, "-c", program], env=os.environ | asking, check=False)
    words = {word.strip() for word in answer.read_text(encoding="utf-8").split("\n")}
    assert offered <= words
    assert all(word.startswith(line.rsplit(maxsplit=1)[-1].rpartition(":")[0]) for word in words if word)
