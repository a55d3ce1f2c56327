"""Clerks that are killed, submissions that sleep, and a class that waits for neither."""

from __future__ import annotations

import io
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from grader import clerks, desk, gradebook
from grader.batch import Line, mark_class
from grader.box import SandboxUnavailable
from grader.bubblewrap import Bubblewrap
from grader.course import Course, CourseError
from grader.desk import Desk, Ending, Orders
from grader.entries import Entry
from grader.job import Examiner, Job, Outcome
from grader.progress import Progress, duration
from grader.record import read_record, write_record
from grader.writer import Writer

from .conftest import QUICK, RIGHT, Submissions

pytestmark = pytest.mark.bubblewrap

ENDLESS = RIGHT | {"q3": "while True:\n    pass"}


@pytest.fixture
def orders(course: Course) -> Orders:
    """Three seconds for a cell; time enough for all of a notebook that runs, however busy the machine is."""
    limits = replace(QUICK, step_seconds=3.0, total_seconds=60.0)
    opened = course.assignment("counting")
    return Orders(course.root, "counting", limits, patience=50.0).with_opened(course, opened)


def run(orders: Orders, *students: str, workers: int = 1, slow_seconds: float = 60.0) -> dict[str, Line]:
    """The lines of a class, by student, in the order in which they came."""
    lines = mark_class(orders, students, workers=workers, slow_seconds=slow_seconds)
    return {line.student: line for line in lines}


def scores(course: Course) -> dict[str, float]:
    with Gradebook(course.database) as opened:
        return {each.student.id: each.score for each in opened.assignment_submissions("counting")}


def test_who_sleeps_is_marked_last(course: Course, submissions: Submissions, orders: Orders) -> None:
    """The others need not wait, and the sleeper's own marks are those of a run alone."""
    submissions.add("a_sleeper", ENDLESS)
    for student in ("b", "c", "d"):
        submissions.add(student, RIGHT)
    lines = run(orders, "a_sleeper", "b", "c", "d")
    assert list(lines) == ["b", "c", "d", "a_sleeper"]
    assert lines["a_sleeper"].text == "7 of 17, 5 by hand (ran)"
    assert lines["a_sleeper"].broke
    record = read_record(course.record("a_sleeper", "counting"))
    assert record is not None
    assert record.alone


def test_sleepers_have_a_time_for_all_of_them_and_who_is_left_is_tried_by_the_next_run(
    course: Course, submissions: Submissions, orders: Orders
) -> None:
    for student in ("s1", "s2", "s3"):
        submissions.add(student, ENDLESS)
    lines = run(orders, "s1", "s2", "s3", workers=2, slow_seconds=1.0)
    assert [line.ending for line in lines.values()] == [Ending.RAN, Ending.UNTRIED, Ending.UNTRIED]
    first, *others = lines
    assert "it needs more time than was left for the slow ones" in lines[others[0]].text
    assert lines[others[0]].failed
    assert list(scores(course)) == [first]
    lines = run(orders, first, *others)
    assert [lines[one].ending for one in (first, *others)] == [Ending.RECORDED, Ending.RAN, Ending.RAN]
    assert scores(course) == {"s1": 7.0, "s2": 7.0, "s3": 7.0}


def test_a_hiccup_of_the_machine_costs_nothing(
    course: Course, submissions: Submissions, orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that did not end in time among others is run again, alone, before that counts."""
    submissions.add("ada", RIGHT)
    examine = desk.VersionsExaminer.run

    def busy(self: desk.VersionsExaminer, job: Job) -> Outcome:
        among_others = job.seconds is not None and job.seconds <= orders.patience
        return examine(self, replace(job, seconds=1e-3) if among_others else job)

    monkeypatch.setattr(desk.VersionsExaminer, "run", busy)
    assert run(orders, "ada")["ada"].text == "12 of 17, 5 by hand (ran)"


def test_a_recorded_timeout_counts_only_where_it_ran_alone(
    course: Course, submissions: Submissions, orders: Orders
) -> None:
    """Records from before that was so are not reused; those of a run alone are."""
    submissions.add("ada", ENDLESS)
    run(orders, "ada")
    assert run(orders, "ada")["ada"].ending is Ending.RECORDED
    path = course.record("ada", "counting")
    record = read_record(path)
    assert record is not None
    write_record(path, replace(record, alone=False))
    assert run(orders, "ada")["ada"].ending is Ending.RAN


def test_a_submission_that_ends_its_process_at_once_is_tried_twice(
    course: Course, submissions: Submissions, orders: Orders
) -> None:
    """And costs itself its question only."""
    submissions.add("ada", RIGHT | {"q2": "import os\ndef conv_params(*a, **k):\n    os._exit(0)"})
    assert run(orders, "ada")["ada"].text == "8 of 17, 5 by hand (ran)"


def dying(monkeypatch: pytest.MonkeyPatch, folder: Path, student: str, times: int) -> None:
    """Lets the clerk that marks this student be killed, so many times."""
    mark = Desk._mark

    def killed(self: Desk, name: str, *, alone: bool) -> desk.Report:
        tries = len(list(folder.iterdir()))
        if name == student and tries < times:
            (folder / str(tries)).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return mark(self, name, alone=alone)

    folder.mkdir()
    monkeypatch.setattr(Desk, "_mark", killed)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_clerk_that_is_killed_is_replaced_and_its_submission_tried_again(
    course: Course,
    submissions: Submissions,
    orders: Orders,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    workers: int,
) -> None:
    for student in ("ada", "emmy", "grace", "zoe"):
        submissions.add(student, RIGHT)
    dying(monkeypatch, tmp_path / "tries", "emmy", 1)
    lines = run(orders, "ada", "emmy", "grace", "zoe", workers=workers)
    assert not [line for line in lines.values() if line.failed]
    assert set(scores(course).values()) == {12.0}
    assert len(lines) == 4


def test_a_replacement_that_cannot_begin_is_replaced_too(
    course: Course, submissions: Submissions, orders: Orders, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A machine that is busy for a moment does not stop the class."""
    for student in ("ada", "emmy"):
        submissions.add(student, RIGHT)
    dying(monkeypatch, tmp_path / "tries", "ada", 1)
    begin, failed = Desk._examiner, tmp_path / "failed"

    def busy(self: Desk) -> Examiner:
        if (tmp_path / "tries" / "0").exists() and not failed.exists():
            failed.touch()
            raise SandboxUnavailable("no answer within 20 seconds")
        return begin(self)

    monkeypatch.setattr(Desk, "_examiner", busy)
    run(orders, "ada", "emmy")
    assert failed.exists()
    assert scores(course) == {"ada": 12.0, "emmy": 12.0}


def test_a_sandbox_that_does_not_work_is_closed(orders: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its folder and its processes do not stay."""
    closed = []

    def fail(_: object) -> None:
        raise SandboxUnavailable("it does not")

    close = Bubblewrap.close
    monkeypatch.setattr(Bubblewrap, "probe", fail)
    monkeypatch.setattr(Bubblewrap, "close", lambda self: closed.append(close(self)))
    with pytest.raises(SandboxUnavailable):
        Desk(orders)
    assert closed == [None]


def test_a_submission_that_ends_its_clerk_twice_is_named_and_stops_nobody(
    course: Course, submissions: Submissions, orders: Orders, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for student in ("ada", "emmy", "grace"):
        submissions.add(student, RIGHT)
    dying(monkeypatch, tmp_path / "tries", "ada", 2)
    lines = run(orders, "ada", "emmy", "grace")
    assert lines["ada"].text == (
        "NOT MARKED, earlier marks are kept: the process that marked it ended (signal 9)"
    )
    assert set(scores(course)) == {"emmy", "grace"}


def test_a_clerk_that_says_nothing_is_ended(
    submissions: Submissions, orders: Orders, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """However it hangs: the class is marked, and the one is named."""
    submissions.add("ada", RIGHT)
    submissions.add("emmy", RIGHT)
    mark, end_the_silent = Desk._mark, clerks.Office._end_the_silent

    def hanging(self: Desk, name: str, *, alone: bool) -> desk.Report:
        if name == "ada":
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
            (tmp_path / str(os.getpid())).touch()
            time.sleep(1000)
        return mark(self, name, alone=alone)

    def much_later(self: clerks.Office) -> None:
        for clerk in self.clerks:
            if (tmp_path / str(clerk.process.pid)).exists():
                clerk.heard -= orders.longest + clerks.EXTRA_SECONDS
        end_the_silent(self)

    monkeypatch.setattr(Desk, "_mark", hanging)
    monkeypatch.setattr(clerks.Office, "_end_the_silent", much_later)
    lines = run(orders, "ada", "emmy")
    assert lines["ada"].ending is Ending.FAILED
    assert lines["emmy"].text == "12 of 17, 5 by hand (ran)"


def test_a_clerk_whose_report_waits_is_not_silent(submissions: Submissions, orders: Orders) -> None:
    """As after Ctrl-Z, which the office hears and its clerks do not."""
    submissions.add("ada", RIGHT)
    with clerks.Office(orders, 1) as office:
        (clerk,) = office.clerks
        assert list(office.hear(300)) == []  # it is ready
        office.give(clerks.Task("ada"))
        os.kill(clerk.process.pid or 0, signal.SIGTSTP)
        assert clerk.connection.poll(300)
        clerk.heard -= 10_000
        (said,) = office.hear(0)
        assert isinstance(said, desk.Report)
        assert office.clerks == [clerk]
        assert clerk.process.exitcode is None


def test_clerks_that_end_before_they_begin_end_the_run(
    submissions: Submissions, orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is tried for ever."""
    submissions.add("ada", RIGHT)
    monkeypatch.setattr(Desk, "_examiner", lambda self: os._exit(3))
    with pytest.raises(CourseError, match=r"end before they begin \(exit status 3\)"):
        run(orders, "ada")


def test_what_is_on_record_but_not_in_the_gradebook_is_written_by_the_next_run(
    course: Course, submissions: Submissions, orders: Orders
) -> None:
    """As after a run that was killed between the two."""
    submissions.add("ada", RIGHT)
    with Desk(orders) as one:
        assert one.mark("ada", alone=False).entry is not None
    assert scores(course) == {}
    assert run(orders, "ada")["ada"].ending is Ending.RECORDED
    assert scores(course) == {"ada": 12.0}


def test_a_clerk_that_shares_nothing_opens_the_assignment_itself(
    course: Course, submissions: Submissions, orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where forking is not possible; here the specification of the tests cannot be read, which is said."""
    submissions.add("ada", RIGHT)
    monkeypatch.setattr(clerks.threading, "active_count", lambda: 2)
    with pytest.raises(CourseError, match="specification"):
        run(orders, "ada")


def test_a_gradebook_that_is_locked_keeps_nothing_and_loses_nothing(
    course: Course, submissions: Submissions, orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is on record is written by the next run."""
    submissions.add("ada", RIGHT)
    submissions.add("emmy", RIGHT)
    write = Writer.write

    def locked(self: Writer, entries: object) -> None:
        holder = sqlite3.connect(course.root / "gradebook.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        try:
            write(self, entries)  # type: ignore[arg-type]
        finally:
            holder.close()

    monkeypatch.setattr(gradebook, "BUSY_SECONDS", 0)
    monkeypatch.setattr(Writer, "write", locked)
    lines = run(orders, "ada", "emmy")
    assert {line.text for line in lines.values()} == {
        "NOT MARKED, earlier marks are kept: the gradebook did not take it: database is locked"
    }
    monkeypatch.setattr(Writer, "write", write)
    assert [line.ending for line in run(orders, "ada", "emmy").values()] == [Ending.RECORDED] * 2
    assert scores(course) == {"ada": 12.0, "emmy": 12.0}


def test_one_entry_that_the_gradebook_refuses_stops_no_other(
    course: Course, submissions: Submissions, orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    submissions.add("ada", RIGHT)
    submissions.add("emmy", RIGHT)
    write = Writer.write

    def refuse(self: Writer, entries: list[Entry]) -> None:
        if any(entry.student == "ada" for entry in entries):
            raise ValueError("a name that it does not take")
        write(self, entries)

    monkeypatch.setattr(Writer, "write", refuse)
    lines = run(orders, "ada", "emmy")
    assert lines["ada"].text.endswith("the gradebook did not take it: a name that it does not take")
    assert scores(course) == {"emmy": 12.0}


# ---- what is said -------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines_of(text: str) -> Iterator[str]:
    return iter(text.split("\r\x1b[K"))


def test_on_a_terminal_one_line_changes_and_bad_news_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rate and estimate from what is done; the summary at the end."""
    now = iter([0.0, *(2.0 * number for number in range(1, 20))])
    monkeypatch.setattr("grader.progress.time.monotonic", lambda: next(now))
    file = Terminal()
    progress = Progress(4, file)
    for line in (
        Line("ada", "12 of 17 (ran)", Ending.RAN, waits=True),
        Line("a\x1bb", "NOT MARKED: no", Ending.FAILED),
        Line("emmy", "0 of 17", Ending.UNREADABLE, broke=True, older=True),
    ):
        progress.add(line)
    progress.end()
    again = "(--run-again tries it once more)"
    broke = f"1 with a cell or call that was stopped or ended its process {again}"
    rest = f"{broke}; 1 made from an older version, and marked by that one; 1 NOT MARKED"
    assert list(lines_of(file.getvalue())) == [
        "",
        "1 of 4 marked, 0.2 a second, about 12 s left",
        "[2/4] a?b: NOT MARKED: no\n",
        "2 of 4 marked, 0.2 a second, about 8.0 s left",
        "3 of 4 marked, 0.2 a second, about 4.0 s left",
        f"Marked 2 of 4 in 14 s: 1 ran, 1 unreadable; 1 with something for a person to mark; {rest}.\n",
    ]


def test_elsewhere_each_submission_is_a_line() -> None:
    file = io.StringIO()
    progress = Progress(1, file)
    progress.add(Line("ada", "12 of 17 (from the record)", Ending.RECORDED))
    assert file.getvalue() == "[1/1] ada: 12 of 17 (from the record)\n"


def test_lengths_of_time_are_for_people() -> None:
    assert [duration(seconds) for seconds in (0.25, 12.4, 119, 130)] == ["0.2 s", "12 s", "119 s", "2 min"]
