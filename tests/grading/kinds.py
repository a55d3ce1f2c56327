# ruff: noqa: E501 - source code within source code is easier to read unbroken
"""Eighty kinds of odd input, from files that are none to code that goes astray: what came, is said, is earned.

Every student has the right answers but for the oddity. `python -m tests.grading.kinds` prints the table.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .conftest import RIGHT, Submissions

Notebook = dict[str, Any]
Content = bytes | str | Notebook | None  # None where `Kind.put` wrote the file itself
NAME = "convolution.ipynb"
ALL = 12.0  # q1 has 3 points, q2 has 4, q3 has 5; q4 waits for a person


@dataclass(frozen=True)
class Kind:
    """One oddity: `put` gives the file's content; `said` stands in the student's page, "" where nothing does."""

    came: str
    put: Callable[[Submissions, Path], Content]
    said: str
    earned: float = ALL


# ---- ways to make one ---------------------------------------------------------------------------


def answers(**changed: str) -> Callable[[Submissions, Path], Content]:
    return lambda submissions, _: submissions.notebook(RIGHT | changed)


def with_notebook(change: Callable[[Notebook], Content]) -> Callable[[Submissions, Path], Content]:
    """The right notebook, changed in place or turned into something else."""

    def put(submissions: Submissions, _: Path) -> Content:
        notebook = submissions.notebook(RIGHT)
        changed = change(notebook)
        return notebook if changed is None else changed

    return put


def with_text(change: Callable[[str], bytes | str]) -> Callable[[Submissions, Path], Content]:
    return lambda submissions, _: change(json.dumps(submissions.notebook(RIGHT)))


def raw(data: bytes | str) -> Callable[[Submissions, Path], Content]:
    return lambda _, __: data


def at_path(make: Callable[[Path], object]) -> Callable[[Submissions, Path], Content]:
    """Puts something that is no file in the notebook's place."""

    def put(_: Submissions, path: Path) -> Content:
        make(path)
        return None

    return put


def named(*names: str) -> Callable[[Submissions, Path], Content]:
    def put(submissions: Submissions, path: Path) -> Content:
        for name in names:
            path.with_name(name).write_text(json.dumps(submissions.notebook(RIGHT)))
        return None

    return put


def cell(notebook: Notebook, grade_id: str) -> Notebook:
    found: Notebook = next(
        one for one in notebook["cells"] if one["metadata"].get("nbgrader", {}).get("grade_id") == grade_id
    )
    return found


def without(notebook: Notebook, grade_id: str) -> None:
    notebook["cells"].remove(cell(notebook, grade_id))


def own(source: Any, kind: str = "code") -> Notebook:
    return {"cell_type": kind, "metadata": {}, "source": source}


def copied(notebook: Notebook) -> None:
    notebook["cells"].append({**cell(notebook, "q1"), "source": "answer_q1 = 1"})


def copied_text(notebook: Notebook) -> None:
    notebook["cells"].append({**cell(notebook, "q4"), "source": "another"})


def settings(**changed: object) -> Callable[[Notebook], None]:
    return lambda notebook: cell(notebook, "q2")["metadata"]["nbgrader"].update(changed)


def merged(notebook: Notebook) -> None:
    cell(notebook, "q1")["source"] += "\n\n" + RIGHT["q2"]
    without(notebook, "q2")


def split(notebook: Notebook) -> None:
    cell(notebook, "q2")["source"] = "# see below"
    notebook["cells"].append(own(RIGHT["q2"]))


def swapped(notebook: Notebook) -> None:
    notebook["cells"].reverse()


def as_version_3(notebook: Notebook) -> Notebook:
    cells = [
        {**{key: one[key] for key in one if key != "source"}, "input": one["source"], "language": "python"}
        if one["cell_type"] == "code"
        else one
        for one in notebook["cells"]
    ]
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}


def another_course(notebook: Notebook) -> Notebook:
    kept = {"grade_id": "cell-1", "solution": True, "grade": True, "points": 100}
    one = {**own("answer_q1 = 1"), "metadata": {"nbgrader": kept}}
    return {**notebook, "cells": [one]}


def archive(text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(NAME, text)
    return buffer.getvalue()


def link(path: Path) -> None:
    path.symlink_to("/etc/hostname")


def hard_link(path: Path) -> None:
    other = path.parents[2] / "theirs.txt"
    other.write_text("{}")
    os.link(other, path)


def listening(path: Path) -> None:
    with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)  # the whole path may be longer than an address


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10 << 30)


def large_output(notebook: Notebook) -> None:
    image = {"output_type": "display_data", "data": {"image/png": "A" * (10 << 20)}, "metadata": {}}
    cell(notebook, "q1")["outputs"] = [image]


Q2 = "def conv_params(cin, cout, k, bias=True):\n"
RETURN = "return cout * (cin * k * k + int(bias))"
MISSING_Q2 = "The answer cell `q2` is missing; what it asks for counts as not answered."
NOT_JSON = "The file is not JSON, so it is no notebook or only a part of one"

KINDS: dict[str, Kind] = {
    # files that are none
    "empty": Kind("an empty file", raw(b""), "The file is empty; save your notebook", 0),
    "blank": Kind("spaces and zero bytes", raw(b" \n\0\0"), "The file is empty", 0),
    "latin": Kind("Latin-1 text", with_text(lambda text: text.replace("{", '{"é": 1, ', 1).encode("latin-1")), "not UTF-8 text", 0),
    "nested": Kind("a hundred thousand brackets", raw("[" * 100_000), "nested too deeply to be a notebook", 0),
    "long_line": Kind("a line of 50 MB", raw(b'{"cells": "' + b"x" * (50 << 20) + b'"}'), "is larger than 20 MB; clear the outputs", 0),
    "sparse": Kind("a sparse file of 10 GB", at_path(sparse), "is larger than 20 MB; clear the outputs", 0),
    "parts": Kind("three million empty cells", raw('{"cells": [' + "{}," * 3_000_000 + "{}]}"), "more parts than a notebook has", 0),
    "folder": Kind("a folder of the notebook's name", at_path(Path.mkdir), "convolution.ipynb is a folder; submit the notebook", 0),
    "fifo": Kind("a pipe", at_path(os.mkfifo), "convolution.ipynb is not a file; submit the notebook", 0),
    "socket": Kind("a socket", at_path(listening), "convolution.ipynb cannot be opened; submit the notebook", 0),
    "link": Kind("a symbolic link", at_path(link), "convolution.ipynb is a link; submit the file itself", 0),
    "hard_link": Kind("a hard link to another's file", at_path(hard_link), "is a hard link, the same file under a second name", 0),
    "nothing": Kind("an empty folder", named(), "There is no notebook in what you submitted; convolution.ipynb was expected", 0),
    "script": Kind("a script instead", at_path(lambda path: path.with_name("hw.py").write_text("x = 1")), "There is no notebook in what you submitted, only 'hw.py'", 0),
    "two_others": Kind("two notebooks of other names", named("a.ipynb", "b.ipynb"), "but 'a.ipynb', 'b.ipynb'; submit one file", 0),
    "web_page": Kind("the page of a login", raw("<!DOCTYPE html><html></html>"), "The file is a web page, not the notebook", 0),
    "archive": Kind("a zip under the notebook's name", with_text(archive), "The file is an archive under a notebook's name", 0),
    # JSON that is no notebook
    "text": Kind("plain text", raw("I am no notebook."), NOT_JSON, 0),
    "truncated": Kind("half a file", with_text(lambda text: text[: len(text) // 2]), NOT_JSON, 0),
    "garbage": Kind("braces after the end", with_text(lambda text: text + "}}"), NOT_JSON, 0),
    "conflict": Kind("marks of a merge conflict", with_text(lambda text: "<<<<<<< HEAD\n" + text), NOT_JSON, 0),
    "long_number": Kind("a number of 5,000 digits", with_text(lambda text: text.replace("{", '{"x": ' + "9" * 5000 + ", ", 1)), NOT_JSON, 0),
    "list": Kind("a list", raw("[1, 2]"), "The file is JSON but no notebook", 0),
    "no_cells": Kind("no cells", raw('{"cells": 5}'), "The file is JSON but has no cells", 0),
    "double_key": Kind("the key cells twice, the second empty", with_text(lambda text: text[:-1] + ', "cells": []}'), "None of this assignment's cells is in your notebook", 0),
    "other_course": Kind("a notebook of another course", with_notebook(another_course), "None of this assignment's cells is in your notebook", 0),
    # notebooks that are read all the same
    "download": Kind("a browser's second download", named("convolution (1).ipynb"), "Your file is called 'convolution (1).ipynb'; it was taken for convolution.ipynb"),
    "copy_of": Kind("a copy's name", named("Copy of convolution.ipynb"), "Your file is called 'Copy of convolution.ipynb'"),
    "sole": Kind("one notebook of another name", named("homework.ipynb"), "Your file is called 'homework.ipynb'"),
    "both": Kind("the notebook and a second download", named(NAME, "convolution (1).ipynb"), "convolution.ipynb was marked, and not 'convolution (1).ipynb'"),
    "mark": Kind("a byte-order mark", with_text(lambda text: "\ufeff" + text), ""),
    "utf_16": Kind("UTF-16", with_text(lambda text: text.encode("utf-16")), "Your file was saved as UTF-16"),
    "version_3": Kind("nbformat 3", with_notebook(as_version_3), ""),
    "version_99": Kind("nbformat 99", with_notebook(lambda notebook: notebook.update(nbformat=99)), ""),
    "nan": Kind("NaN where JSON has none", with_notebook(lambda notebook: notebook["metadata"].update(x=float("nan"))), ""),
    "null_cells": Kind("cells that are null, numbers, lists", with_notebook(lambda notebook: notebook["cells"].extend([None, 5, []])), ""),
    "lines": Kind("lines that are numbers", with_notebook(lambda notebook: notebook["cells"].append(own(["x = 1\n", 5, None]))), ""),
    "surrogate": Kind("half a character", answers(q4="a \ud800 b"), ""),
    "large_output": Kind("an output of 10 MB on one line", with_notebook(large_output), ""),
    "no_kernel": Kind("no kernel", with_notebook(lambda notebook: notebook["metadata"].clear()), ""),
    "r_kernel": Kind("the kernel of R", with_notebook(lambda notebook: notebook["metadata"].update(kernelspec={"name": "ir", "language": "R"})), ""),
    # cells
    "many_cells": Kind("3,000 cells", with_notebook(lambda notebook: notebook["cells"].extend([own("x = 1")] * 3000)), "Your notebook has many cells; only the first 2000"),
    "copied": Kind("an answer cell copied, and changed", with_notebook(copied), "`q1` is there 2 times; all ran in the order of your notebook", 9),
    "copied_text": Kind("a text cell copied", with_notebook(copied_text), "The cell `q4` is there 2 times; only the first counts"),
    "schema": Kind("an unknown schema version", with_notebook(settings(schema_version=99)), "The settings of the cell `q2` were changed"),
    "points": Kind("points of one's own", with_notebook(settings(points=400)), "The settings of the cell `q2` were changed"),
    "deleted": Kind("a deleted cell", with_notebook(lambda notebook: without(notebook, "q2")), MISSING_Q2, 8),
    "renamed": Kind("a renamed cell", with_notebook(settings(grade_id="my-q2")), MISSING_Q2),
    "zero_width_id": Kind("a zero-width space in a cell's name", with_notebook(settings(grade_id="q2\u200b")), MISSING_Q2),
    "swapped": Kind("cells in reverse order", with_notebook(swapped), ""),
    "markdown": Kind("an answer cell turned to text", with_notebook(lambda notebook: cell(notebook, "q2").update(cell_type="markdown")), "The settings of the cell `q2` were changed"),
    "merged": Kind("two cells merged", with_notebook(merged), MISSING_Q2),
    "split": Kind("a cell split in two", with_notebook(split), ""),
    "locked": Kind("a locked cell changed", with_notebook(lambda notebook: cell(notebook, "setup").update(source="channels = 1")), "The locked cell `setup` was changed; the original was used"),
    "long_cell": Kind("a cell of 300,000 characters", with_notebook(lambda notebook: cell(notebook, "q2").update(source="#" * 300_000)), "`q2` holds more than 200000 characters and was left out", 8),
    # code
    "tabs": Kind("tabs", answers(q2=f"{Q2}\t{RETURN}"), ""),
    "mixed_tabs": Kind("tabs and spaces mixed", answers(q2=f"{Q2}\tx = 1\n        {RETURN}"), "TabError in line 3", 8),
    "crlf": Kind("line ends of Windows", answers(q2=f"{Q2}    {RETURN}".replace("\n", "\r\n")), ""),
    "zero_width": Kind("a zero-width space in a name", answers(q2=f"{Q2}    {RETURN}".replace("conv_params", "conv_\u200bparams")), "invalid non-printable character U+200B", 8),
    "cyrillic": Kind("a Cyrillic letter in a name", answers(q2=f"{Q2}    {RETURN}".replace("conv", "c\u043env")), "There is no `conv_params` in your notebook", 8),
    "magic": Kind("a notebook command", answers(q2=f"%matplotlib inline\n{Q2}    {RETURN}"), "do not run when your work is marked; remove that line", 8),
    "shell": Kind("a command of the shell", answers(q2=f"!pip install x\n{Q2}    {RETURN}"), "do not run when your work is marked; remove that line", 8),
    "julia": Kind("Julia", answers(q2="function conv_params(cin, cout, k)\n  cout\nend"), "SyntaxError in line 1", 8),
    "warning": Kind("a warning on standard error", answers(q1="import warnings\nwarnings.warn('careful')\n" + RIGHT["q1"]), "UserWarning: careful"),
    "input": Kind("a question at the keyboard", answers(q1="answer_q1 = int(input('How many? '))"), "EOFError in line 1", 9),
    "exit": Kind("sys.exit", answers(q1=RIGHT["q1"] + "\nimport sys\nsys.exit()"), "SystemExit in line 3"),
    "killed": Kind("the end of the process", answers(q1="import os\nos._exit(1)"), "ended the Python process, or took more memory than there is", 9),
    "endless": Kind("an endless loop", answers(q1="while True: pass"), "This cell did not finish in time and was stopped", 9),
    "recursion": Kind("endless recursion", answers(q2="def conv_params(*sizes):\n    return conv_params(*sizes)"), "`conv_params` raised an exception for one of the inputs", 8),
    "shadowed": Kind("builtin names taken", answers(q1="print = int = len = 5\n" + RIGHT["q1"], q2=f"{Q2}    return cout * (cin * k * k + bool(bias))"), ""),
    "printing": Kind("a function that prints its inputs", answers(q2=f"{Q2}    print('inputs', cin, cout, k)\n    {RETURN}"), ""),
    "wrong_id": Kind("somebody else's id", answers(**{"student-id": "student_id = 'emmy'"}), "The id cell does not give your id", 9),
    # values
    "text_number": Kind("a number as text", answers(q1="answer_q1 = str(channels * 148)"), "", 9),
    "numpy": Kind("numpy's integers", answers(q1="import numpy\nanswer_q1 = numpy.int64(channels * 148)"), ""),
    "float": Kind("a float", answers(q1="answer_q1 = channels * 148.0"), "", 9),
    "not_a_number": Kind("NaN", answers(q1="answer_q1 = float('nan')"), "", 9),
    "huge": Kind("an integer of 5,000 digits", answers(q1="answer_q1 = 10 ** 5000"), "`answer_q1` is a value too large to be an answer", 9),
    "subclass": Kind("an integer that is equal to all", answers(q1="class Yes(int):\n    __eq__ = lambda *_: True\nanswer_q1 = Yes(1)"), "`answer_q1` is an object that is neither a number nor a text", 9),
    "cycle": Kind("a list that holds itself", answers(q1="answer_q1 = []\nanswer_q1.append(answer_q1)"), "`answer_q1` is a value too large to be an answer", 9),
    "none": Kind("None", answers(q1="answer_q1 = None"), "", 9),
}  # fmt: skip


def hand_in_kinds(submissions: Submissions) -> None:
    """Every kind, handed in by a student of its name."""
    for name, kind in KINDS.items():
        path = submissions.path(name)
        content = kind.put(submissions, path)
        if isinstance(content, Mapping):
            content = json.dumps(content)
        if isinstance(content, str):
            content = content.encode("utf-8")
        if content is not None:
            path.write_bytes(content)


def table() -> str:
    """What came, what is said, what it earned, as Markdown."""
    rows = [f"| {kind.came} | {kind.said or '-'} | {kind.earned:g} |" for kind in KINDS.values()]
    return "\n".join(["| what came | what is said | of 12 |", "|---|---|---|", *rows])


if __name__ == "__main__":
    print(table())
