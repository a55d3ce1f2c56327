"""Files that are no notebooks, or odd ones: each gets a sentence that says what is wrong and what to do."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from grader.intake import MAX_FILE_BYTES, Reason, Submission, read_submission
from grader.names import chosen_notebook

CELL = {"cell_type": "code", "metadata": {"nbgrader": {"grade_id": "q1"}}, "source": ["a = 1\n", "b"]}
NOTEBOOK = {"cells": [CELL], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def read(root: Path) -> Submission:
    return read_submission(root, "ada", "ps1", "p1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "ada" / "ps1"
    folder.mkdir(parents=True)
    return folder / "p1.ipynb"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "The file is empty; save your notebook"),
        (b" \n ", "The file is empty"),
        (b"I am no notebook", "The file is not JSON"),
        (b'{"cells": [', "or only a part of one; save it in Jupyter"),
        (b"\xff\xfe{\x00}\x00", "has no cells"),
        (b"\xff\xfe{", "not UTF-8 text"),
        (b"no\xebl", "not UTF-8 text"),
        (b"PK\x03\x04\xff", "an archive under a notebook's name"),
        (b"<!DOCTYPE html><html>", "a web page, not the notebook"),
        (b'{"cells": [' + b"{}," * 1_000_000 + b"{}]}", "more parts than a notebook has"),
        (b"[1, 2]", "JSON but no notebook"),
        (b'"text"', "JSON but no notebook"),
        (b"{}", "has no cells"),
        (b'{"cells": 5}', "has no cells"),
        (b'{"worksheets": [5]}', None),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"cells": ' + b"[" * 500 + b"]" * 500 + b"}", "nested too deeply"),
        (b'{"a": ' * 500 + b"1" + b"}" * 500, "nested too deeply"),
        (b'{"cells": [], "x": ' + b"9" * 5000 + b"}", "not JSON"),
    ],
)
def test_a_bad_file_gets_its_reason(path: Path, data: bytes, said: str | None) -> None:
    """The student reads what was wrong with the file, in words."""
    path.write_bytes(data)
    if said is None:
        assert read(path.parents[2]).cells == ()
        return
    with pytest.raises(Reason, match=said):
        read(path.parents[2])


def test_a_file_that_is_too_large_is_not_read_to_its_end(path: Path) -> None:
    """Its size is told before its contents are looked at."""
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(Reason, match="larger than 20 MB; clear the outputs"):
        read(path.parents[2])


@pytest.mark.parametrize(
    "name",
    [
        *("p1(1).ipynb", "p1 (2).ipynb", "p1-1.ipynb", "p1_1.ipynb", "Copy of p1.ipynb", "p1 - Copy.ipynb"),
        *("p1-Copy1.ipynb", "P1.ipynb", "p1.ipynb.txt", "p1.ipynb.json", "p1.json", "homework.ipynb"),
    ],
)
def test_another_name_is_accepted_with_a_remark(path: Path, name: str) -> None:
    """What a browser or a platform did to the name, or a notebook that is the only one."""
    (path.parent / name).write_text(json.dumps(NOTEBOOK))
    (path.parent / "notes.txt").write_text("mine")
    submission = read(path.parents[2])
    assert submission.cells[0].grade_id == "q1"
    assert list(map(str, submission.remarks)) == [f"Your file is called {name!r}; it was taken for p1.ipynb."]


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["p1 (2).ipynb", "p1 (10).ipynb", "p1(1).ipynb"], "p1 (10).ipynb"),
        (["p1 (2).ipynb", "p1.ipynb"], "p1.ipynb"),
        (["p10.ipynb", "p1-2.ipynb", "other.ipynb"], "p1-2.ipynb"),
        (["a.ipynb", "b.ipynb"], None),
        (["p1.txt", "data.json"], None),
        ([], None),
    ],
)
def test_of_several_the_expected_one_counts_and_then_the_latest_download(
    names: list[str], chosen: str | None
) -> None:
    assert chosen_notebook(names, "p1.ipynb") == chosen


def test_where_two_copies_lie_the_one_that_was_not_marked_is_named(path: Path) -> None:
    path.write_text(json.dumps(NOTEBOOK))
    (path.parent / "p1 (1).ipynb").write_text("{}")
    assert list(map(str, read(path.parents[2]).remarks)) == ["p1.ipynb was marked, and not 'p1 (1).ipynb'."]


def test_two_notebooks_of_other_names_are_refused_and_named(path: Path) -> None:
    """It cannot be known which one is meant."""
    for name in ("a.ipynb", "b.ipynb"):
        (path.parent / name).write_text(json.dumps(NOTEBOOK))
    with pytest.raises(Reason, match=r"no p1.ipynb .*, but 'a.ipynb', 'b.ipynb'; submit one file"):
        read(path.parents[2])


def test_a_folder_of_the_notebooks_name_is_named(path: Path) -> None:
    path.mkdir()
    with pytest.raises(Reason, match=r"p1.ipynb is a folder; submit the notebook"):
        read(path.parents[2])


def test_a_file_that_may_not_be_read_is_told_apart(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may read all, so the refusal is the system's in their place."""
    path.write_text(json.dumps(NOTEBOOK))
    opened = os.open

    def refuse(name: str, *rest: object, **more: object) -> int:
        if name == "p1.ipynb":
            raise PermissionError(13, "Permission denied")
        return opened(name, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(Reason, match=r"p1.ipynb may not be read; give others the right to read it"):
        read(path.parents[2])


def test_a_hard_link_to_anothers_notebook_is_refused(path: Path) -> None:
    """Else somebody else's work, and the feedback to it, would go to whoever made the link."""
    theirs = path.parents[2] / "theirs.ipynb"
    theirs.write_text(json.dumps(NOTEBOOK))
    os.link(theirs, path)
    with pytest.raises(Reason, match="a hard link, the same file under a second name; submit a copy"):
        read(path.parents[2])


def test_no_notebook_at_all_is_said(path: Path) -> None:
    """An empty submission is told apart from a wrong name."""
    with pytest.raises(Reason, match=r"no notebook in what you submitted; p1.ipynb was expected"):
        read(path.parents[2])


@pytest.mark.parametrize("part", ["ada", "ada/ps1", "ada/ps1/p1.ipynb"])
def test_links_are_not_followed(tmp_path: Path, part: str) -> None:
    """Wherever on the way a link stands, what it points to is not read."""
    real = tmp_path / "elsewhere"
    folder = real / "ada" / "ps1"
    folder.mkdir(parents=True)
    (folder / "p1.ipynb").write_text(json.dumps(NOTEBOOK))
    link = tmp_path / "submitted" / part
    link.parent.mkdir(parents=True)
    link.symlink_to(real / part)
    with pytest.raises(Reason, match="link"):
        read(tmp_path / "submitted")


def test_a_pipe_is_not_waited_for(path: Path) -> None:
    """A special file is refused at once."""
    os.mkfifo(path)
    with pytest.raises(Reason, match="not a file"):
        read(path.parents[2])


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(NOTEBOOK),
        "\ufeff" + json.dumps(NOTEBOOK),
        json.dumps({**NOTEBOOK, "nbformat_minor": 0}),
        json.dumps({**NOTEBOOK, "nbformat": 99}),
        json.dumps(
            {"nbformat": 3, "worksheets": [{"cells": [{**CELL, "input": CELL["source"], "source": None}]}]}
        )
        .replace('"source": null, ', "")
        .replace(', "source": null', ""),
    ],
    ids=["today", "byte-order mark", "old minor version", "future version", "version 3"],
)
def test_old_and_odd_formats_are_read(path: Path, text: str) -> None:
    """Cells are cells, whichever program saved them."""
    path.write_text(text, encoding="utf-8")
    (cell,) = read(path.parents[2]).cells
    assert (cell.grade_id, cell.cell_type, cell.source) == ("q1", "code", "a = 1\nb")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_with_its_mark_is_read_and_remarked(path: Path, encoding: str) -> None:
    """An editor saved it so."""
    path.write_bytes(("\ufeff" + json.dumps(NOTEBOOK)).encode(encoding))
    submission = read(path.parents[2])
    assert submission.cells[0].source == "a = 1\nb"
    assert "saved as UTF-16" in str(submission.remarks[0])


def test_cells_that_are_none_are_passed_over(path: Path) -> None:
    """One odd entry costs itself only."""
    odd = [None, 5, [], {"metadata": 5}, {"cell_type": {}, "source": 7, "metadata": {"nbgrader": [1]}}, CELL]
    path.write_text(json.dumps({"cells": odd}))
    assert [cell.source for cell in read(path.parents[2]).cells] == ["", "", "a = 1\nb"]


def test_too_many_cells_are_cut_and_said(path: Path) -> None:
    """The student reads that not all were looked at."""
    path.write_text(json.dumps({"cells": [CELL] * 2001}))
    submission = read(path.parents[2])
    assert len(submission.cells) == 2000
    assert "only the first 2000" in str(submission.remarks[0])


@pytest.mark.parametrize("part", ["ada", "ada/ps1"])
def test_a_file_in_place_of_a_folder_is_told(tmp_path: Path, part: str) -> None:
    path = tmp_path / part
    path.parent.mkdir(exist_ok=True)
    path.write_text("I am no folder")
    with pytest.raises(Reason, match=r"is no folder, or a link to one; links are not followed"):
        read(tmp_path)
