"""A roster comes from a spreadsheet: its ids name files, and what is typed in it is hostile."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.roster import RosterError, Student, load


def roster(folder: Path, text: str) -> tuple[Student, ...]:
    """What is read from a file with this text."""
    path = folder / "roster.csv"
    path.write_bytes(text.encode())
    return load(path)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("id,name\nada,Ada Lovelace\n", id="plain"),
        pytest.param("\ufeffid;name\r\nada;Ada Lovelace\r\n\r\n", id="from a spreadsheet"),
        pytest.param("ID,Last_name,First_name,email\nada,Lovelace,Ada,a@b.c\n", id="from nbgrader"),
        pytest.param('name,id\n"Ada\n Lovelace",ada\n', id="a name in two lines"),
    ],
)
def test_a_roster_is_read_as_programs_write_it(tmp_path: Path, text: str) -> None:
    assert roster(tmp_path, text) == (Student("ada", "Ada Lovelace"),)


@pytest.mark.parametrize(
    "hostile",
    ["../ada", "/etc/passwd", ".hidden", "a/b", "a b", "con", "NUL.txt", "a:b", "x" * 65, "a.", "a\x00b", ""],
)
def test_an_id_that_could_lead_out_of_the_folder_is_refused(tmp_path: Path, hostile: str) -> None:
    with pytest.raises(RosterError, match=r"roster.csv, line 3: an id is|line contains NUL"):
        roster(tmp_path, f"id,name\nada,Ada\n{hostile},Eve\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("student,name\na,b\n", "expected the columns `id` and `name`", id="columns"),
        pytest.param("", "found none", id="empty"),
        pytest.param("id,name\n", "there is no student", id="no student"),
        pytest.param("id,name\nada,A\nADA,B\n", "line 3: 'ADA' stands in line 2 too", id="twice"),
        pytest.param(f"id,name\nada,{'A' * 201}\n", "up to 200 characters", id="long name"),
    ],
)
def test_a_roster_that_cannot_be_used_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(RosterError, match=said):
        roster(tmp_path, text)


def test_names_come_apart_and_other_columns_are_kept(tmp_path: Path) -> None:
    """What another system calls a student stands in a column of the teacher's own."""
    (student,) = roster(tmp_path, "id,name,Email,Moodle,\nada,Augusta Ada Lovelace,ada@b.c,1815,\n")
    assert (student.first_name, student.last_name) == ("Augusta Ada", "Lovelace")
    assert student.email == "ada@b.c"
    assert student.further["moodle"] == "1815"
    (student,) = roster(tmp_path, "id,last_name,first_name\nada,King Lovelace,Ada\n")
    assert (student.first_name, student.last_name) == ("Ada", "King Lovelace")
