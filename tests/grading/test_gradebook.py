"""The gradebook that we write by the hundred is the one that nbgrader writes row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from nbgrader import api
from sqlalchemy import create_engine, select

from grader import tables
from grader.course import Course, CourseError
from grader.entries import Entry, fingerprint
from grader.gradebook import open_engine, open_gradebook, shown
from grader.handed_in import parse_utc
from grader.late import Rule
from grader.results import read_results
from grader.rows import GradeRow, read_rows
from grader.settings import LateSettings
from grader.writer import Writer
from tests.conftest import postgresql_programs

from .postgresql import Server, own_server

NOTEBOOK, NAME = "convolution", "counting"
# nbgrader's own way of adding a submission makes SQLAlchemy warn
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
SCORES: dict[str, float | None] = {"q1": 3.0, "q2": 1.5, "q3-test": 0.0, "q4": None}
COMMENTS = {
    "student-id": "",
    "q1": "Right. [right]",
    "q2": "No bias. [forgot-bias]",
    "q3": "No.",
    "q4": "Wait.",
}
SUBMITTED = datetime(2030, 1, 2, 3, 4, 5)  # noqa: DTZ001  (nbgrader keeps no zones)


def entry(student: str, **changes: Any) -> Entry:
    answers = {name: fingerprint(f"{student} wrote {name}") for name in SCORES}
    given = {"timestamp": SUBMITTED, "scores": SCORES, "comments": COMMENTS, "answers": answers, **changes}
    return Entry(student, **given)


def writer(course: Course) -> Writer:
    release = course.assignment(NAME).release
    return Writer(course, NAME, NOTEBOOK, release)


def write(course: Course, *entries: Entry) -> None:
    with writer(course) as opened:
        opened.write(entries)


def by_nbgrader(course: Course, *entries: Entry) -> None:
    """The same through nbgrader's own API."""
    with api.Gradebook(course.database, course.root.name) as gradebook:
        for one in entries:
            gradebook.update_or_create_student(one.student)
            gradebook.update_or_create_submission(NAME, one.student, timestamp=str(one.timestamp))
            for name, score in one.scores.items():
                grade = gradebook.find_grade(name, NOTEBOOK, NAME, one.student)
                grade.auto_score, grade.needs_manual_grade = score, score is None
            for name, said in one.comments.items():
                gradebook.find_comment(name, NOTEBOOK, NAME, one.student).auto_comment = said
            gradebook.db.commit()


def content(course: Course) -> dict[str, list[tuple[Any, ...]]]:
    """All of nbgrader's tables, with what an id stands for in its place."""
    engine = create_engine(course.database)
    with engine.connect() as connection:
        rows = {
            table.name: connection.execute(select(table)).mappings().all()
            for table in api.Base.metadata.sorted_tables
        }
    engine.dispose()
    meaning = {
        row["id"]: row.get("name") for name in ("assignment", "notebook", "base_cell") for row in rows[name]
    }
    meaning |= {row["id"]: row["student_id"] for row in rows["submitted_assignment"]}
    meaning |= {row["id"]: meaning[row["assignment_id"]] for row in rows["submitted_notebook"]}
    return {
        name: sorted(
            (
                tuple(
                    meaning.get(value, value)
                    for key, value in row.items()
                    if key != "id" or name in ("student", "course")
                )
                for row in found
            ),
            key=repr,
        )
        for name, found in rows.items()
    }


def test_every_column_of_our_tables_is_nbgraders() -> None:
    """Names, types, lengths, and what may be missing."""
    for table in tables.nbgraders.sorted_tables:
        theirs = api.Base.metadata.tables[table.name]
        for column in table.columns:
            their = theirs.columns[column.name]
            assert repr(column.type) == repr(their.type), (table.name, column.name)
            assert (column.nullable, column.primary_key) == (their.nullable, their.primary_key)


def test_every_column_that_we_leave_out_may_be_missing() -> None:
    """In the tables that we add rows to."""
    for table in ("student", "submitted_assignment", "submitted_notebook", "grade", "comment"):
        ours = tables.nbgraders.tables[table].columns.keys()
        left_out = [one for one in api.Base.metadata.tables[table].columns if one.name not in ours]
        assert all(one.nullable and one.default is None for one in left_out), table


def test_the_gradebook_equals_one_that_nbgraders_api_wrote(course: Course, tmp_path: Path) -> None:
    """Table by table and row by row, for new submissions and for those that were there."""
    from .conftest import copy_of_course

    other = copy_of_course(course.root, tmp_path / "other" / "course")
    first = [entry("ada"), entry("emmy", timestamp=datetime(2030, 1, 1))]  # noqa: DTZ001
    changed = entry("ada", scores={**SCORES, "q2": 4.0}, comments={**COMMENTS, "q2": "Right."})
    for entries in (first, [changed, entry("grace")]):
        write(course, *entries)
        by_nbgrader(other, *entries)
        assert content(course) == content(other)


def test_writing_the_same_again_changes_nothing(course: Course) -> None:
    """Not even an id."""
    write(course, entry("ada"), entry("emmy"))
    before = (course.root / "gradebook.db").read_bytes(), content(course)
    write(course, entry("emmy"), entry("ada"))
    assert content(course) == before[1]


def test_all_of_a_transaction_is_written_or_nothing(course: Course) -> None:
    """A student without a name is refused by the database, and takes the others along."""
    with writer(course) as opened, pytest.raises(Exception, match="student"):
        opened.write([entry("ada"), entry(None)])  # type: ignore[arg-type]
    assert not content(course)["submitted_assignment"]


def grade(course: Course, name: str, student: str = "ada") -> Any:
    with api.Gradebook(course.database, course.root.name) as gradebook:
        found = gradebook.find_grade(name, NOTEBOOK, NAME, student)
        return found.score, found.manual_score, found.needs_manual_grade


def give(course: Course, name: str, points: float, student: str = "ada") -> None:
    """As the formgrader does when a person gives a mark."""
    with api.Gradebook(course.database, course.root.name) as gradebook:
        found = gradebook.find_grade(name, NOTEBOOK, NAME, student)
        found.manual_score, found.needs_manual_grade = points, False
        gradebook.db.commit()


def test_a_persons_mark_stays_and_is_flagged_when_the_answer_has_changed(course: Course) -> None:
    """Not for the same answer, and not for that of another question; once looked at, it is silent again."""
    first = entry("ada")
    write(course, first)
    give(course, "q4", 2.0)
    give(course, "q1", 1.0)
    write(course, first)
    assert grade(course, "q4") == (2.0, 2.0, False)
    changed = entry("ada", answers={**first.answers, "q4": fingerprint("Something else.")})
    write(course, changed)
    write(course, changed)  # the flag stays until a person has looked
    assert grade(course, "q4") == (2.0, 2.0, True)
    assert grade(course, "q1") == (1.0, 1.0, False)
    give(course, "q4", 4.0)
    write(course, changed)
    assert grade(course, "q4") == (4.0, 4.0, False)


def test_a_gradebook_from_before_answers_were_remembered_flags_nothing(course: Course) -> None:
    """What a person read then is not known, and the whole class is not to be marked again."""
    write(course, entry("ada"))
    give(course, "q4", 2.0)
    engine = open_engine(course)
    with engine.begin() as connection:
        connection.execute(tables.answers_read.delete())
    engine.dispose()
    write(course, entry("ada", answers=dict.fromkeys(SCORES, "other")))
    assert grade(course, "q4") == (2.0, 2.0, False)


def test_nothing_is_remembered_of_a_submission_that_is_gone(course: Course) -> None:
    write(course, entry("ada"), entry("emmy"))
    with api.Gradebook(course.database, course.root.name) as gradebook:
        gradebook.remove_submission(NAME, "ada")
    writer(course).engine.dispose()
    engine = open_engine(course)
    with engine.connect() as connection:
        assert len(connection.execute(select(tables.answers_read)).all()) == 1
    engine.dispose()


def due(course: Course, when: datetime, extension: timedelta | None = None) -> None:
    with api.Gradebook(course.database, course.root.name) as gradebook:
        gradebook.update_or_create_assignment(NAME, duedate=when)
        if extension is not None:
            gradebook.find_submission(NAME, "ada").extension = extension
        gradebook.db.commit()


def penalty(course: Course) -> Any:
    with api.Gradebook(course.database, course.root.name) as gradebook:
        return gradebook.find_submission_notebook(NOTEBOOK, NAME, "ada").late_submission_penalty


@pytest.mark.parametrize(
    ("settings", "lost"),
    [
        pytest.param('policy = "none"', None, id="none"),
        pytest.param('policy = "zero"', 4.5, id="zero: all of 3 + 1.5"),
        pytest.param('policy = "per-day"', 0.9, id="per-day: 1 day and an hour are 2, at 0.1 of 4.5"),
        pytest.param('policy = "per-day"\nat_most = 0.12', 0.54, id="at most 0.12 of 4.5"),
        pytest.param('policy = "per-day"\ngrace_minutes = 60', 0.45, id="an hour is not late"),
    ],
)
def test_a_late_submission_loses_what_course_toml_says(
    course: Course, settings: str, lost: float | None
) -> None:
    """By the gradebook's due date; an extension of the student's counts."""
    due(course, SUBMITTED - timedelta(days=1, hours=1))
    (course.root / "course.toml").write_text(f"[late]\n{settings}\n")
    course = Course(course.root)
    write(course, entry("ada"))
    assert penalty(course) == lost
    due(course, SUBMITTED - timedelta(days=1, hours=1), extension=timedelta(days=2))
    write(course, entry("ada"))
    assert penalty(course) is None


def test_a_late_submission_loses_what_nbgraders_plugin_says(course: Course) -> None:
    """The course's own configuration names it; its default takes nothing."""
    due(course, SUBMITTED - timedelta(hours=1))
    write(course, entry("ada"))
    assert penalty(course) is None
    configuration = course.root / "nbgrader_config.py"
    configuration.write_text(
        configuration.read_text() + '\nc.LateSubmissionPlugin.penalty_method = "zero"\n', encoding="utf-8"
    )
    write(course, entry("ada"))
    assert penalty(course) == 4.5


def test_what_is_lost_for_being_late_is_of_the_marks_as_they_are_now(course: Course) -> None:
    """A person's mark counts at once, and so does more time, without marking the class again."""
    date = SUBMITTED - timedelta(days=1, hours=1)
    due(course, date)
    (course.root / "course.toml").write_text('[late]\npolicy = "per-day"\n')
    course = Course(course.root)
    write(course, entry("ada"))
    give(course, "q4", 2.0)
    (result,) = read_results(course, course.assignment(NAME))
    assert (result.earned, result.late_penalty, result.points) == (6.5, 1.3, 5.2)  # 2 days at 0.1 of 6.5
    due(course, date, extension=timedelta(days=2))
    (result,) = read_results(course, course.assignment(NAME))
    assert (result.late_penalty, result.points) == (0.0, 6.5)


def test_a_policy_that_there_is_not_is_named(course: Course) -> None:
    (course.root / "course.toml").write_text('[late]\npolicy = "sometimes"\n')
    with pytest.raises(
        CourseError, match=r"late\.policy must be one of nbgrader, none, zero, per-day, but is 'som"
    ):
        writer(Course(course.root))


def test_nothing_is_lost_in_time() -> None:
    assert Rule(LateSettings("zero", grace_minutes=5))("ada", 4.0, 299.0) is None


@pytest.mark.parametrize(
    ("stamp", "read"),
    [
        ("2030-01-02 03:04:05.000006 UTC", datetime(2030, 1, 2, 3, 4, 5, 6)),  # noqa: DTZ001
        ("2030-01-02 03:04:05 UTC", SUBMITTED),
        ("2030-01-02 05:04:05 +0200", SUBMITTED),
        ("2030-01-02T05:04:05+02:00", SUBMITTED),
        ("2030-01-02 03:04:05", SUBMITTED),
        ("2030-01-01 22:04:05 EST", SUBMITTED),
    ],
)
def test_times_are_read_as_nbgrader_reads_them(stamp: str, read: datetime) -> None:
    from nbgrader.utils import parse_utc as theirs

    assert parse_utc(stamp) == theirs(stamp)
    assert stamp.endswith("+0200") or parse_utc(stamp) == read  # nbgrader takes these for seconds


def test_a_gradebook_that_cannot_be_opened_is_named_without_its_password(course: Course) -> None:
    """One line, with what the database said."""
    (course.root / "gradebook.db").write_bytes(b"no database" * 1000)
    with pytest.raises(CourseError, match=r"The gradebook sqlite.*cannot be opened: file is not a database"):
        open_engine(course)
    assert shown("postgresql+psycopg://me:hush@host/marks") == "postgresql+psycopg://me:***@host/marks"


@pytest.mark.parametrize("address", ["marks", "postgresql+psycopg://me:hush@host:port/marks"])
@pytest.mark.parametrize("opened", [open_engine, open_gradebook])
def test_what_is_no_address_of_a_database_is_refused(
    tmp_path: Path, address: str, opened: Callable[[Course], object]
) -> None:
    """With what was expected, and without what stands there, which may hold a password."""
    (tmp_path / "course.toml").write_text(f'[gradebook]\ndatabase = "{address}"\n')
    with pytest.raises(CourseError, match="is no address of a database; expected") as raised:
        opened(Course(tmp_path))
    assert "hush" not in str(raised.value)


def test_rows_are_read_as_nbgrader_reads_them(course: Course) -> None:
    """Marks and comments of a person, extra credit, an extension."""
    due(course, SUBMITTED - timedelta(days=3))
    write(course, entry("ada"), entry("emmy", timestamp=None))
    give(course, "q4", 2.0)
    with api.Gradebook(course.database, course.root.name) as gradebook:
        gradebook.find_grade("q1", NOTEBOOK, NAME, "ada").extra_credit = 0.5
        gradebook.find_comment("q4", NOTEBOOK, NAME, "ada").manual_comment = "Well said."
        gradebook.find_submission(NAME, "emmy").extension = timedelta(days=1)
        gradebook.db.commit()
    rows = read_rows(course, NAME, NOTEBOOK)
    assert [row.student for row in rows] == ["ada", "emmy"]
    with api.Gradebook(course.database, course.root.name) as gradebook:
        for row in rows:
            theirs = gradebook.find_submission_notebook(NOTEBOOK, NAME, row.student)
            assert (row.timestamp, row.due) == (theirs.assignment.timestamp, theirs.assignment.duedate)
            assert row.grades == {
                one.name: GradeRow(
                    one.score, one.max_score, one.needs_manual_grade, one.auto_score, one.manual_score
                )
                for one in theirs.grades
            }
            assert row.comments == {one.name: one.manual_comment or "" for one in theirs.comments}
    assert read_rows(course, "another", NOTEBOOK) == []


# ---- PostgreSQL ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    programs = postgresql_programs()
    assert programs is not None
    with own_server(programs, "-c fsync=off") as server:
        yield server


@pytest.fixture
def postgresql(course: Course, server: Server) -> Iterator[Course]:
    """The same course with its gradebook in PostgreSQL, in a database of its own."""
    with server.database("marks") as address:
        (course.root / "course.toml").write_text(f'[gradebook]\ndatabase = "{address}"\n')
        there = Course(course.root)
        open_engine(there).dispose()
        copy_rows(f"sqlite:///{course.root / 'gradebook.db'}", there.database)
        yield there


def copy_rows(source: str, target: str) -> None:
    one, other = create_engine(source), create_engine(target)
    with one.connect() as reading, other.begin() as writing:
        for table in api.Base.metadata.sorted_tables:
            rows = [dict(row) for row in reading.execute(select(table)).mappings()]
            for row in rows:
                if table.name != "course" or row["id"] != "course":
                    writing.execute(table.insert(), row)
    one.dispose()
    other.dispose()


@pytest.mark.postgresql
def test_postgresql_holds_the_same_rows(postgresql: Course, tmp_path: Path) -> None:
    """Through our tables and through nbgrader's API, and marks of a person stay there too."""
    write(postgresql, entry("ada"), entry("emmy"))
    ours = content(postgresql)
    give(postgresql, "q4", 2.0)
    write(postgresql, entry("ada", answers=dict.fromkeys(SCORES, "other")), entry("emmy"))
    assert grade(postgresql, "q4") == (2.0, 2.0, True)
    by_nbgrader(postgresql, entry("grace"))
    write(postgresql, entry("grace"))
    renamed = [tuple("grace" if value == "ada" else value for value in row) for row in ours["grade"]]
    assert [row for row in content(postgresql)["grade"] if "grace" in row] == [
        row for row in renamed if "grace" in row
    ]
