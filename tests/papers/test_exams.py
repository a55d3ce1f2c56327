"""The command makes the papers of a class, goes on where it was stopped, and never mixes two exams."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.command import main
from grader.papers import exam as exams
from grader.papers.exam import Done, Exam, Folder, make, waiting
from grader.roster import Student
from tests.conftest import interruptible
from tests.papers.exams import EXAM
from tests.papers.pdf import text_of

NAMES = {"ada": "Ada Lovelace", "eve": '=HYPERLINK("http://x")', "bob": "@SUM(1)", "dan": "-2+3"}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a blueprint and a roster."""
    (tmp_path / "exam.toml").write_text(EXAM)
    with (tmp_path / "roster.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("id", "name"), *NAMES.items()])
    return tmp_path


def run(place: Path, *more: str, seed: str = "7", workers: int = 1) -> int:
    """``grader exam`` in that folder."""
    words = ["exam", str(place / "exam.toml"), "--students", str(place / "roster.csv")]
    words += ["--seed", seed, "--workers", str(workers), "--out", str(place / "out"), *more]
    return main(words)


def marks(place: Path, name: str = "marks.csv") -> list[list[str]]:
    """The sheet of marks."""
    with (place / "out" / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def contents(place: Path) -> dict[str, bytes]:
    """All files that were written."""
    return {str(path.relative_to(place)): path.read_bytes() for path in (place / "out").rglob("*.*")}


def test_each_student_gets_a_paper_a_key_and_a_record(place: Path) -> None:
    assert run(place) == 0
    written = set(contents(place))
    for student in NAMES:
        assert {
            f"out/papers/{student}.pdf",
            f"out/keys/{student}.pdf",
            f"out/records/{student}.json",
        } < written
        assert student in text_of((place / "out" / "papers" / f"{student}.pdf").read_bytes())


def test_several_processes_write_what_one_writes(place: Path) -> None:
    run(place)
    alone = contents(place)
    assert run(place, "--again", workers=2) == 0
    assert contents(place) == alone


def test_the_sheet_of_marks_has_the_right_answers_and_room_for_marks(place: Path) -> None:
    run(place)
    head, *rows = marks(place)
    assert head[:4] == ["id", "name", "1 right (own-linear)", "1 (of 3) marks"]
    assert head[-2:] == ["total", "maximum"]
    exam = Exam("exam.toml", EXAM, "7")
    ada = exam.sheet(Student("ada", "Ada Lovelace"))
    assert rows[0][2] == ada.asked[0].posed.answers()["answer"]
    assert rows[0][3] == ""
    assert rows[0][6] == "; ".join(ada.asked[2].posed.answers().values())
    assert rows[0][-1] == "9"


def test_no_name_is_a_formula_in_a_spreadsheet(place: Path) -> None:
    run(place)
    for row in marks(place)[1:]:
        assert not row[1].startswith(("=", "+", "-", "@"))


def test_marks_that_somebody_has_filled_in_are_kept(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(place)
    head, *rows = marks(place)
    rows[0][3] = "2.5"
    with (place / "out" / "marks.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    run(place)
    assert marks(place)[1][3] == "2.5"
    assert marks(place, "marks.new.csv")[1][3] == ""
    assert "marks.new.csv has 4 students" in capsys.readouterr().out


def test_a_record_poses_the_same_questions_again(place: Path) -> None:
    run(place)
    record = json.loads((place / "out" / "records" / "ada.json").read_text())
    blueprint = Exam("exam.toml", EXAM, "7").blueprint
    for question in record["questions"]:
        again = blueprint.pool[question["question"]].posed(question["state"])
        assert again.answers() == question["answers"]


def stopped_after(count: int, results: Iterator[Done]) -> None:
    """Takes some results, and stops as Ctrl-C would."""
    for _ in range(count):
        next(results)
    results.close()  # type: ignore[attr-defined]


def test_a_run_that_was_stopped_leaves_whole_files_and_goes_on(place: Path) -> None:
    exam, folder = Exam("exam.toml", EXAM, "7"), Folder(place / "out")
    students = [Student(*each) for each in NAMES.items()]
    stopped_after(2, make(exam, folder, students, 1))
    assert [student.id for student in waiting(exam, folder, students, again=False)] == ["bob", "dan"]
    (place / "out" / "papers" / f"{exams.PART}x").write_bytes(b"%PDF half")  # as if the machine had gone off
    (place / "out" / "keys" / "bob.pdf").write_bytes(b"")  # a key without a record is not done
    before = contents(place)["out/papers/ada.pdf"]
    (place / "exam.toml").write_text(EXAM)
    assert run(place) == 0
    assert contents(place)["out/papers/ada.pdf"] == before
    assert len(marks(place)) == 5
    assert not [name for name in contents(place) if exams.PART in name]
    assert contents(place)["out/keys/bob.pdf"].startswith(b"%PDF")


def test_a_run_goes_on_in_other_processes_too(place: Path) -> None:
    exam, folder = Exam("exam.toml", EXAM, "7"), Folder(place / "out")
    students = [Student(*each) for each in NAMES.items()]
    stopped_after(1, make(exam, folder, students, 2))
    assert run(place, workers=2) == 0
    assert len(marks(place)) == 5


def test_what_is_there_is_left_alone(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(place)
    (place / "out" / "papers" / "ada.pdf").write_bytes(b"mine")
    run(place)
    assert (place / "out" / "papers" / "ada.pdf").read_bytes() == b"mine"
    assert "4 were there already" in capsys.readouterr().out
    run(place, "--again")
    assert (place / "out" / "papers" / "ada.pdf").read_bytes().startswith(b"%PDF")


def test_a_student_whose_name_was_mended_gets_a_new_paper(place: Path) -> None:
    run(place)
    roster = (place / "roster.csv").read_text().replace("Ada Lovelace", "Augusta Ada King")
    (place / "roster.csv").write_text(roster)
    run(place)
    assert "AugustaAdaKing" in text_of((place / "out" / "papers" / "ada.pdf").read_bytes())


@pytest.mark.parametrize("change", ["seed", "blueprint", "paper"])
def test_papers_of_another_exam_are_not_mixed_in(
    place: Path, capsys: pytest.CaptureFixture[str], change: str
) -> None:
    run(place)
    if change == "blueprint":
        (place / "exam.toml").write_text(EXAM.replace("points = 3", "points = 4"))
    more = ["--paper", "letter"] if change == "paper" else []
    assert run(place, *more, seed="8" if change == "seed" else "7") == 2
    assert "holds papers of another exam" in capsys.readouterr().err


def test_a_check_draws_everything_and_writes_nothing(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(place, "--check") == 0
    said = capsys.readouterr().out
    assert "question 1 (own-linear): 4 different sets of numbers among 4 students" in said
    assert "3 questions, 9 points, 4 students: can be set" in said
    assert not (place / "out").exists()


def test_a_question_that_cannot_be_drawn_is_named_and_stops_nobody_else(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    narrow = EXAM.replace("draw.kernel = [3, 5, 7]", "draw.kernel = [200]")
    (place / "exam.toml").write_text(narrow)
    assert run(place, "--check") == 1
    said = capsys.readouterr().err
    assert "question 2 for student 'ada': question 'own-size'" in said
    assert run(place) == 1
    assert "question 2 for student 'dan'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["--students", "none.csv", "--out", "x"], "none.csv: No such file", id="roster"),
        pytest.param([], "--students roster.csv", id="no roster"),
    ],
)
def test_what_is_missing_is_said(
    place: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(["exam", str(place / "exam.toml"), "--seed", "7", *words]) == 2
    assert said in capsys.readouterr().err


def test_what_is_not_installed_is_said(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("grader.papers.exam", "grader.papers.press"):
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("grader.papers.exam")
    monkeypatch.setitem(sys.modules, "typst", None)
    assert run(place) == 2
    assert 'pip install "layercost[papers]"' in capsys.readouterr().err


MANY = 400  # papers, which nobody makes while we look whether the first is made


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal that Ctrl-C sends to a group")
def test_ctrl_c_leaves_whole_files_and_says_how_to_go_on(place: Path) -> None:
    students = [f"s{number},Student" for number in range(MANY)]
    (place / "roster.csv").write_text("\n".join(["id,name", *students]))
    words = ["exam", "exam.toml", "--students", "roster.csv", "--seed", "7"]
    words += ["--out", "out", "--workers", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "grader", *words],
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=interruptible,  # noqa: PLW1509 - it only sets a signal
        text=True,
    )
    deadline = time.monotonic() + 300
    while not list(place.glob("out/records/*.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _out, said = process.communicate(timeout=300)
    assert process.returncode == 1
    assert "the same command goes on from here" in said
    assert "Traceback" not in said
    papers, records = (
        sorted(path.stem for path in place.glob(f"out/{each}/*")) for each in ("papers", "records")
    )
    assert papers == records
    assert 0 < len(papers) < MANY
    assert all(path.read_bytes().rstrip().endswith(b"%%EOF") for path in place.glob("out/*/*.pdf"))
