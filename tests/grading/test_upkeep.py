"""A rehearsal, a backup, a student who is forgotten: what a course needs beside marking."""

from __future__ import annotations

import sqlite3
import stat
import tarfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook
from traitlets.config.loader import PyFileConfigLoader

from grader.command import main
from grader.course import Course, CourseError
from grader.late import _converters_as_they_are
from grader.record import write_atomically
from grader.sheets import write_sheet
from grader.upkeep import rehearsal
from grader.upkeep.backup import back_up
from grader.upkeep.extension import extend
from grader.upkeep.forgetting import forget, students_like

from .conftest import RIGHT, Submissions

OF_A_STUDENT = (  # tables with the column that leads to whose a row is
    ("grade", "notebook_id", "submitted_notebook"),
    ("comment", "notebook_id", "submitted_notebook"),
    ("grader_answers", "notebook_id", "submitted_notebook"),
    ("submitted_notebook", "assignment_id", "submitted_assignment"),
    ("submitted_assignment", "student_id", "student"),
)
QUICK = ["--cell-seconds=5", "--total-seconds=60"]


def run(course: Course, *words: str) -> int:
    return main([*words, "--course", str(course.root)])


def all_that_names(course: Course, student: str) -> list[Path]:
    return [path for path in course.root.rglob("*") if student in path.name]


@pytest.mark.bubblewrap
def test_a_made_up_class_is_marked_like_any_other_and_goes_without_a_trace(course: Course) -> None:
    """Half of it earns all, the others lose something; afterwards the course is as it was."""
    before = {path for path in course.root.rglob("*") if "gradebook" not in path.name}
    assert run(course, "rehearse", "counting", "--students", "10") == 0
    assert run(course, "autograde", "counting", *QUICK) == 0
    assert run(course, "feedback", "counting") == 0
    with Gradebook(course.database) as gradebook:
        scores = [each.score for each in gradebook.assignment_submissions("counting")]
    assert scores.count(12.0) >= 5
    assert min(scores) < 12.0
    assert run(course, "forget", "rehearsal-*", "--yes") == 0
    left = {path for path in course.root.rglob("*") if "gradebook" not in path.name}
    assert {path for path in left - before if path.is_file()} == set()
    with Gradebook(course.database) as gradebook:
        assert gradebook.students == []


def test_a_rehearsal_leaves_what_is_there(course: Course) -> None:
    """Asked for twice, it adds nobody and changes nothing."""
    rehearsal.hand_in(course, "counting", 3)
    path = course.submitted / "rehearsal-2" / "counting" / "convolution.ipynb"
    path.write_text("changed by hand")
    rehearsal.hand_in(course, "counting", 3)
    assert path.read_text() == "changed by hand"


@pytest.mark.bubblewrap
def test_forgetting_one_student_leaves_the_others(course: Course, submissions: Submissions) -> None:
    """Folders, records, pages and rows of that student are gone, those of a namesake are not."""
    for student in ("ada", "ada2", "[ad]a"):
        submissions.add(student, RIGHT)
    assert run(course, "autograde", "counting", *QUICK) == 0
    assert run(course, "feedback", "counting") == 0
    assert run(course, "forget", "ada", "[[]ad]a", "--yes") == 0
    assert {path.name for path in course.submitted.iterdir()} == {"ada2"}
    assert [path.name for path in (course.root / "records" / "counting").iterdir()] == ["ada2.json"]
    assert [path.name for path in (course.root / "feedback").iterdir()] == ["ada2"]
    with Gradebook(course.database) as gradebook:
        assert [student.id for student in gradebook.students] == ["ada2"]
        assert gradebook.find_submission("counting", "ada2").score == 12.0
    for table, column, owner in OF_A_STUDENT:
        with sqlite3.connect(course.root / "gradebook.db") as database:
            orphans = database.execute(
                f"select count(*) from {table} where {column} not in (select id from {owner})"  # noqa: S608
            ).fetchone()
        assert orphans == (0,)


def test_a_forgotten_student_leaves_every_list(course: Course) -> None:
    """Whatever parts the cells of the roster, and however a table keeps the id from being a formula."""
    roster = course.root / "roster.csv"
    kept_by_hand = course.root / "records" / "counting" / "marked_by_hand.csv"
    for sign in ",;\t":
        roster.write_text(f"id{sign}name\n@ada{sign}Ada\nemmy{sign}Emmy\n")
        kept_by_hand.parent.mkdir(parents=True, exist_ok=True)
        with kept_by_hand.open("w") as file:
            write_sheet(file, [("time", "student"), ("now", "@ada"), ("now", "emmy")])
        forget(course, ["@ada"])
        assert roster.read_text() == f"id{sign}name\nemmy{sign}Emmy\n"
        assert kept_by_hand.read_text() == "time,student\nnow,emmy\n"


@pytest.mark.parametrize("student", ["", ".", "..", "../submitted", "ada/counting"])
def test_an_id_that_is_no_folder_of_its_own_is_not_forgotten(
    student: str, course: Course, submissions: Submissions
) -> None:
    """A gradebook that something else wrote into may hold one; everybody's folders would go with it."""
    submissions.add("ada", RIGHT)
    with pytest.raises(CourseError, match="cannot be the id of a student; nothing was removed"):
        forget(course, ["ada", student])
    assert all_that_names(course, "ada")


def test_nothing_is_forgotten_before_the_teacher_says_so(
    course: Course, submissions: Submissions, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --yes the command names whom it would remove; an unknown student is said."""
    submissions.add("ada", RIGHT)
    assert run(course, "forget", "ad?") == 0
    assert "Would remove all that is held of: 'ada'" in capsys.readouterr().out
    assert all_that_names(course, "ada")
    with pytest.raises(CourseError, match="holds nothing of a student 'zoe'"):
        students_like(course, ["zoe"])


@pytest.mark.bubblewrap
def test_more_time_counts_from_the_next_marking_and_makes_nobody_hand_in(
    course: Course, submissions: Submissions, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who is late by a day loses half, until three days are given; who was only given time has no marks."""
    (course.root / "course.toml").write_text('[late]\npolicy = "per-day"\nper_day = 0.5\n')
    with Gradebook(course.database) as gradebook:
        gradebook.update_or_create_assignment("counting", duedate="2026-01-10 12:00:00 UTC")
        gradebook.add_student("emmy")
    path = submissions.add("ada", RIGHT)
    (path.parent / "timestamp.txt").write_text("2026-01-11 11:00:00 UTC")
    assert run(course, "autograde", "counting", *QUICK) == 0
    for days, total in (("3", "12"), ("0", "6")):
        for student in ("ada", "emmy"):
            assert run(course, "extend", "counting", student, "--days", days) == 0
        assert run(course, "autograde", "counting", *QUICK) == 0
        capsys.readouterr()
        assert run(course, "export", "counting") == 0
        lines = capsys.readouterr().out.splitlines()
        head = lines[0].split(",")
        assert [line.split(",")[head.index("total")] for line in lines[1:]] == [total]
    with pytest.raises(CourseError, match="There is no student 'zoe' in the gradebook; there are: ada, emmy"):
        extend(course, "counting", "zoe", timedelta(days=1))


def test_a_backup_holds_the_course_and_only_its_owner_reads_it(
    course: Course, submissions: Submissions, tmp_path: Path
) -> None:
    """Also while somebody writes into the gradebook. Unpacked, it is a course of its own for nbgrader too."""
    submissions.add("ada", RIGHT)
    target = tmp_path / "copy.tar.gz"
    with sqlite3.connect(course.root / "gradebook.db", isolation_level=None) as busy:
        busy.execute("PRAGMA journal_mode=WAL")
        busy.execute("begin immediate")
        busy.execute("insert into student (id, lms_user_id) values ('half', '')")
        back_up(course, target)
        busy.execute("rollback")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with tarfile.open(target) as archive:
        archive.extractall(tmp_path / "restored")  # noqa: S202 - our own; Python 3.11.2 knows no filter
    restored = tmp_path / "restored" / course.root.name
    assert (restored / "secret").read_text() == (course.root / "secret").read_text()
    assert (restored / "submitted" / "ada" / "counting" / "convolution.ipynb").is_file()
    with _converters_as_they_are():
        nbgraders = PyFileConfigLoader("nbgrader_config.py", path=str(restored)).load_config().CourseDirectory
    assert (nbgraders.root, nbgraders.course_id) == (str(restored), course.root.name)
    assert nbgraders.db_url == f"sqlite:///{restored / 'gradebook.db'}"
    with Gradebook(nbgraders.db_url) as gradebook:
        assert [each.name for each in gradebook.assignments] == ["counting"]
        assert gradebook.students == []


def test_a_backup_is_whole_while_others_write(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A temporary file is gone before it is read, and a file is replaced after it was looked at."""
    notes = course.root / "notes.txt"
    notes.write_text("old")
    listed, looked_at = Path.iterdir, tarfile.TarFile.gettarinfo

    def look(self: tarfile.TarFile, name: Any = None, arcname: Any = None, fileobj: Any = None) -> Any:
        entry = looked_at(self, name, arcname, fileobj)
        if entry.name.endswith("notes.txt") and fileobj is None:
            write_atomically(notes, "new and longer")
        return entry

    monkeypatch.setattr(Path, "iterdir", lambda path: [*listed(path), path / ".notes.txt.x1y2"])
    monkeypatch.setattr(tarfile.TarFile, "gettarinfo", look)
    back_up(course, tmp_path / "copy.tar.gz")
    with tarfile.open(tmp_path / "copy.tar.gz") as archive:
        found = archive.extractfile(f"{course.root.name}/notes.txt")
        assert found is not None
        assert found.read() == b"new and longer"


def test_a_backup_replaces_nothing_and_does_not_lie_in_the_course(course: Course, tmp_path: Path) -> None:
    """Both would lose what they are meant to keep."""
    (tmp_path / "old.tar.gz").write_text("kept")
    with pytest.raises(CourseError, match="exists; name a new file"):
        back_up(course, tmp_path / "old.tar.gz")
    with pytest.raises(CourseError, match="belongs on another disk"):
        back_up(course, course.root / "copy.tar.gz")
    with pytest.raises(CourseError, match="cannot be written"):
        back_up(course, tmp_path / "no folder" / "copy.tar.gz")
