"""Builds: all or nothing, and what students work on never changes beneath them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook
from sqlalchemy.orm.session import SessionTransaction

from grader import draws
from grader.build import build
from grader.command import main
from grader.course import Course, CourseError, make_course
from grader.record import read_record
from grader.release import Release, read_release
from grader.specification import load
from grader.starter import write_starter
from grader.versions import FILE as VERSION
from grader.versions import Version, made_of
from layercost.questions import Question

from .conftest import QUICK, copy_of_course, few_numbers

pytestmark = pytest.mark.bubblewrap
NAME = "pooling_1"
EXERCISES = Path(__file__).parents[2] / "exercises"


@pytest.fixture(autouse=True)
def _specification_of_the_tests() -> None:
    """Here the real one is read."""


@pytest.fixture(autouse=True)
def _few_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    few_numbers(monkeypatch)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with the new assignment of `grader new-assignment` in it."""
    root = tmp_path_factory.mktemp("started")
    with pytest.MonkeyPatch.context() as monkeypatch:
        few_numbers(monkeypatch)
        write_starter(root / NAME)
        build(make_course(root / "course"), root / NAME, QUICK)
    return root


class Desk:
    """A teacher's folder and course."""

    def __init__(self, started: Path, place: Path) -> None:
        self.folder = place / NAME
        write_starter(self.folder)
        self.course = copy_of_course(started / "course", place / "course")

    def change(self, old: str, new: str, file: str = "specification.toml") -> None:
        path = self.folder / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def build(self, *, new_version: bool = False) -> None:
        build(self.course, self.folder, QUICK, new_version=new_version)

    def hand_in(self, student: str) -> None:
        """The model solution, as a student submits it."""
        solved = json.loads((self.course.source(NAME) / f"{NAME}.ipynb").read_text())
        for cell in solved["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == "student-id":
                cell["source"] = f"student_id = {student!r}"
        path = self.course.submitted / student / NAME / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(solved))

    def autograde(self) -> None:
        assert main(["autograde", NAME, "--course", str(self.course.root)]) == 0

    def scores(self, student: str) -> dict[str, float]:
        with Gradebook(self.course.database) as gradebook:
            grades = gradebook.find_submission_notebook(NAME, NAME, student).grades
            return {grade.name: grade.auto_score for grade in grades if grade.auto_score is not None}


@pytest.fixture
def desk(started: Path, tmp_path: Path) -> Desk:
    return Desk(started, tmp_path)


def everything(root: Path) -> dict[str, bytes]:
    """All files of a course."""
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_new_assignment_builds_as_it_is(started: Path) -> None:
    """One function, one number, one text, with the setup cell that prints a check word."""
    folder = Course(started / "course").release(NAME)
    assert {path.name for path in folder.iterdir()} == {f"{NAME}.ipynb", "variants.json"}
    marked = read_release(folder / f"{NAME}.ipynb").marked
    assert {grade_id: cell.points for grade_id, cell in marked.items()} == {
        "check-linear-parameters": 2,
        "check-convolution": 1,
        "explanation": 2,
    }


BREAK: dict[str, Callable[[Desk], None]] = {
    "a typing mistake": lambda desk: desk.change('name = "', 'name = '),
    "a solution that is wrong": lambda desk: desk.change("** 2 + 1", "** 2", "assignment.md"),
    "a cell without its end": lambda desk: desk.change("### END SOLUTION", "", "assignment.md"),
    "a cell that the specification does not know": lambda desk: desk.change(
        "grade_id: check-convolution", "grade_id: check-other", "assignment.md"
    ),
}  # fmt: skip


@pytest.mark.parametrize("break_it", BREAK.values(), ids=BREAK)
def test_a_build_that_fails_changes_nothing(desk: Desk, break_it: Callable[[Desk], None]) -> None:
    """Neither release, source, specification nor gradebook; nothing is left lying about."""
    before = everything(desk.course.root)
    break_it(desk)
    with pytest.raises(CourseError):
        desk.build()
    assert everything(desk.course.root) == before


@pytest.mark.parametrize("gradebook_refuses", [False, True])
def test_a_build_that_fails_at_its_last_steps_changes_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, *, gradebook_refuses: bool
) -> None:
    """The folders go back where they were, and the gradebook's transaction is undone."""
    desk.change("points: 1", "points: 4", "assignment.md")
    desk.change("points = 1\nquestion", "points = 4\nquestion")
    desk.change("{ from = 10, to = 64 }", "{ from = 10, to = 50 }")
    release = (desk.course.release(NAME) / f"{NAME}.ipynb").read_bytes()

    def fail(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    def last(*_: object) -> None:
        monkeypatch.setattr(SessionTransaction, "commit", fail)
        if not gradebook_refuses:
            fail()

    monkeypatch.setattr("grader.build.Stage._keep_older", last)
    with pytest.raises(OSError, match="the disk is full"):
        desk.build()
    monkeypatch.undo()
    assert (desk.course.release(NAME) / f"{NAME}.ipynb").read_bytes() == release
    with Gradebook(desk.course.database) as gradebook:
        assert gradebook.find_grade_cell("check-convolution", NAME, NAME).max_score == 1


def test_an_older_version_is_kept_whole_or_not_at_all(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of one would be opened as if it were all."""
    desk.change("{ from = 10, to = 64 }", "{ from = 10, to = 50 }")
    really = shutil.copytree

    def fill_the_disk(source: Path, place: Path, **further: Any) -> None:
        really(source, place, **further)
        if place.name == "specifications":
            (place / draws.FILE).unlink()
            raise OSError("the disk is full")

    monkeypatch.setattr("grader.build.shutil.copytree", fill_the_disk)
    with pytest.raises(OSError, match="the disk is full"):
        desk.build()
    assert desk.course.assignment(NAME).older == ()


# ---- versions -----------------------------------------------------------------------------------

NEW_NUMBERS = {
    "another salt": ("first term", "second term", "specification.toml", "the salt changed"),
    "another range": ("to = 64", "to = 50", "specification.toml", "the numbers of 'convolution' changed"),
    "another answer cell": (
        "convolution_parameters = None", "convolution_parameters = ...", "assignment.md",
        "the cell 'convolution' changed",
    ),
    "other code for all": ("mine = {", "mine  = {", "assignment.md", "the cell 'setup' changed"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "file", "said"), NEW_NUMBERS.values(), ids=NEW_NUMBERS)
def test_what_students_worked_on_is_not_changed_beneath_them(
    desk: Desk, old: str, new: str, file: str, said: str
) -> None:
    """It says what would change and what to type."""
    desk.hand_in("ada")
    before = everything(desk.course.root)
    desk.change(old, new, file)
    with pytest.raises(CourseError, match=said) as caught:
        desk.build()
    assert "--new-version" in str(caught.value)
    assert everything(desk.course.root) == before


def test_the_data_that_students_were_given_is_part_of_the_version(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was computed from another file is asked for again, and is not changed beneath anybody."""
    data = desk.folder / "measured.csv"
    data.write_text("1,2")
    desk.build()
    desk.hand_in("ada")
    desk.autograde()
    data.write_text("1,3")
    with pytest.raises(CourseError, match=r"the file 'measured\.csv' changed"):
        desk.build()
    (desk.course.release(NAME) / data.name).write_text("1,3")
    capsys.readouterr()
    desk.autograde()
    assert "(ran)" in capsys.readouterr().out


def test_what_a_system_leaves_beside_a_release_is_no_part_of_it(desk: Desk) -> None:
    """Else everybody's work would run again whenever a folder was looked at, and be shown what lies there."""
    desk.hand_in("ada")
    before = desk.course.assignment(NAME)
    for name in (".DS_Store", "._variants.json"):
        (desk.course.release(NAME) / name).write_bytes(b"window")
    after = desk.course.assignment(NAME)
    assert (after.release.sha256, after.files) == (before.release.sha256, before.files)
    desk.build()
    assert desk.course.assignment(NAME).version == before.version


def test_a_version_from_before_these_were_recorded_is_not_held_to_them(desk: Desk) -> None:
    """A course that was built in mid-term by older code is rebuilt as it is; from then on they hold."""
    data = desk.folder / "measured.csv"
    data.write_text("1,2")
    desk.build()
    desk.hand_in("ada")
    path = desk.course.specification(NAME).with_name(VERSION)
    tree = json.loads(path.read_text())
    made = {name: one for name, one in tree["made_of"].items() if not name.startswith("the file ")}
    path.write_text(json.dumps({"number": tree["number"], "made_of": made}))
    desk.build()
    assert desk.course.assignment(NAME).version == 2
    data.write_text("1,3")
    with pytest.raises(CourseError, match=r"the file 'measured\.csv' changed"):
        desk.build()


def test_what_questions_ask_is_no_news_to_a_version_that_did_not_record_it() -> None:
    """Only where no name of the kind is recorded, and only in the old format; all else counts as ever."""
    old, asks, numbers = {"the salt": "a"}, {"what 'table' asks": "b"}, {"the numbers of 'table'": "c"}
    assert Version(3, old, format=1).after(old | asks) == Version(3, old | asks)
    assert Version(3, old, format=1).differences(old | numbers) == ["the numbers of 'table' is new"]
    assert Version(3, old).differences(old | asks) == ["what 'table' asks is new"]
    assert Version(3, old | {"what 'a' asks": "b"}, format=1).differences(old | asks) != []


TOLD = {  # of exercises/fully_connected: what is changed, and the question that asks for something else then
    "other mistakes": (
        '["forgot-bias", "one-bias", "bias-per', '["bias-per', ["what 'derivation' asks changed"],
    ),
    "another layer of a mistake": (
        'layer = "Linear(inputs, outputs)"',
        'layer = "Linear(inputs, outputs, bias=bias)"\ndraw.bias = [true]',
        ["the numbers of 'derivation' changed"],
    ),
    "other layers of a table": ("relu1 = \"ReLU()\"", 'relu1 = "GELU()"', ["what 'table' asks changed"]),
    "other blanks": ('blank = ["fc1/output", ', "blank = [", ["what 'table' asks changed"]),
    "an option that counts the same": (
        '{ id = "macs", quantity = "macs"', '{ id = "macs", quantity = "flops", convention = "macs"', [],
    ),
    "another option": ('id = "textbook", ', 'id = "book", ', ["what 'audit' asks changed"]),
    "another option that is right": (
        'quantity = "macs", wording.en = "its MACs" },\n    { id = "textbook", quantity = "flops"',
        'quantity = "parameters", wording.en = "its MACs" },\n    { id = "textbook", quantity = "macs"',
        ["what 'audit' asks changed"],
    ),
    "another wording": ("Complete its table.", "Fill in its table.", []),
    "another credit": ("carried-on = 0.5", "carried-on = 0.25", []),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), TOLD.values(), ids=TOLD)
def test_what_a_released_question_asks_is_part_of_the_version(
    tmp_path: Path, old: str, new: str, said: list[str]
) -> None:
    """Tables, derivations and audits are told in the release, whatever numbers are drawn for them."""
    text = (EXERCISES / "fully_connected" / "specification.toml").read_text()
    assert text.count(old) == 1
    made = [_made_of(tmp_path, one) for one in (text, text.replace(old, new))]
    assert Version(1, made[0]).differences(made[1]) == said


def _made_of(place: Path, text: str) -> dict[str, str]:
    path = place / "specification.toml"
    path.write_text(text)
    return made_of(load(path), Release("", {}, ()))


def test_each_submission_is_marked_by_the_version_that_it_was_made_from(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    """Other numbers and other points: whoever worked on the old ones loses nothing, by the new points."""
    desk.hand_in("ada")
    desk.change("first term", "second term")
    desk.change("points: 1", "points: 4", "assignment.md")
    desk.change("points = 1\nquestion", "points = 4\nquestion")
    desk.build(new_version=True)
    desk.hand_in("emmy")
    desk.autograde()
    assert "; 1 made from an older version, and marked by that one." in capsys.readouterr().out
    right = {"check-linear-parameters": 2.0, "check-convolution": 4.0}
    assert desk.scores("ada") == desk.scores("emmy") == right
    assert desk.course.assignment(NAME).version == 2
    recorded = [read_record(desk.course.record(student, NAME)) for student in ("ada", "emmy")]
    assert [one.version for one in recorded if one is not None] == [1, 2]


def test_an_older_version_is_marked_by_hand_by_the_newest_rubric(desk: Desk) -> None:
    """A person gives the newest version's points, and sees for what."""
    desk.hand_in("ada")
    desk.change("first term", "second term")
    desk.change('"points": 2', '"points": 5', "assignment.md")
    desk.change("points = 2                 ", "points = 5                 ")
    desk.change('points = 1\ntext = "Says that one', 'points = 4\ntext = "Says that one')
    desk.build(new_version=True)
    desk.autograde()
    shown = desk.course.autograded("ada", NAME, NAME).read_text()
    assert "**4**: Says that one kernel is used" in shown
    assert "**1**: Says that one kernel is used" not in shown


def test_the_numbers_of_two_versions_differ(desk: Desk) -> None:
    """So the test before this one would see a mark by the wrong version."""
    desk.change("first term", "second term")
    desk.build()
    newest = desk.course.assignment(NAME)
    (older,) = newest.older
    assert (older.version, newest.version) == (1, 2)
    assert newest.made_from(1) is older
    assert newest.made_from(2) is newest
    assert newest.made_from(None) is newest
    assert newest.specification.variants() != older.specification.variants()


def test_a_cell_that_only_the_newest_version_has_is_left_to_a_person(desk: Desk) -> None:
    """Nobody loses points for what was not asked."""
    desk.hand_in("ada")
    desk.change("check-convolution", "check-maps", "assignment.md")
    desk.change("check-convolution", "check-maps")
    desk.build(new_version=True)
    desk.autograde()
    assert desk.scores("ada") == {"check-linear-parameters": 2.0}
    with Gradebook(desk.course.database) as gradebook:
        assert gradebook.find_grade("check-maps", NAME, NAME, "ada").needs_manual_grade


def test_points_credit_and_wording_are_no_new_version_and_ask_nothing_anew(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was handed in is scored again from the record."""
    desk.hand_in("ada")
    desk.autograde()
    desk.change("points: 2, solution: false", "points: 6, solution: false", "assignment.md")
    desk.change("points = 2\nquestion", "points = 6\nquestion")
    desk.change("forgot-bias = 0.5", "forgot-bias = 0.25")
    desk.change("Say here what", "Here is what", "assignment.md")
    desk.change('"give a whole number"', '"give a whole number, please"', "assignment.md")
    desk.build()
    capsys.readouterr()
    desk.autograde()
    assert "ada: 7 of 9, 2 by hand (from the record)" in capsys.readouterr().out
    assert desk.course.assignment(NAME).version == 1


@pytest.mark.parametrize("collected", [True, False])
def test_a_correction_of_what_is_right_keeps_the_numbers(desk: Desk, *, collected: bool) -> None:
    """Rows that students work on stay while their ranges do, though they would be drawn otherwise now.

    Before anything is collected, students work on them all the same.
    """
    if collected:
        desk.hand_in("ada")
    rows = desk.course.assignment(NAME).specification.variants()
    desk.change("kernel_size=kernel_size)", "kernel_size=kernel_size, bias=False)")
    desk.change("forgot-bias = 0.5\nkernel", "bias-not-asked-for = 0.5\nkernel")
    desk.change('["kernel_size"] ** 2 + 1)', '["kernel_size"] ** 2)', "assignment.md")
    desk.build()
    assert desk.course.assignment(NAME).specification.variants() == rows


def test_numbers_that_cannot_stay_are_drawn_anew_while_nothing_is_collected(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise ValueError("these numbers do not tell right from wrong")

    monkeypatch.setattr(draws.Drawing, "_vetted_again", never)
    desk.change("forgot-bias = 0.5\nkernel", "one-filter = 0.5\nkernel")
    desk.build()
    desk.hand_in("ada")
    desk.change("one-filter = 0.5\nkernel", "forgot-bias = 0.5\nkernel")
    with pytest.raises(CourseError, match="these numbers do not tell"):
        desk.build()


def test_a_new_version_is_said_aloud(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is collected yet, but somebody may have worked on it for days."""
    command = ["build", str(desk.folder), "--course", str(desk.course.root)]
    desk.change("first term", "second term")
    assert main(command) == 0
    said = capsys.readouterr().err
    assert f"NOTE: {NAME} is now version 2, since this build changes what students work on: " in said
    assert "the salt changed" in said
    assert main(command) == 0
    assert "NOTE" not in capsys.readouterr().err


# ---- numbers are drawn once ---------------------------------------------------------------------


def test_marking_draws_nothing_and_finds_what_was_drawn(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A student's numbers are those that drawing gives; hidden inputs are picked by the secret."""
    specification = desk.course.assignment(NAME).specification
    fresh = load(desk.folder / "specification.toml")
    own = next(cell.own for cell in fresh.cells if cell.own is not None)
    drawn = [fresh.variant(own, row).state() for row in range(20)]

    def never(*_: object) -> None:
        raise AssertionError("drawn again")

    monkeypatch.setattr(Question, "_vetted", never)
    stored = next(cell.own for cell in specification.cells if cell.own is not None)
    assert [specification.variant(stored, row).state() for row in range(20)] == drawn
    everybody = [specification.probes(f"student {one}", b"secret") for one in range(40)]
    assert len({str(probes["check-linear-parameters"]) for probes in everybody}) == 4
    assert specification.probes(" ADA", b"secret") == specification.probes("ada", b"secret")
    assert everybody != [specification.probes(f"student {one}", b"another") for one in range(40)]


def test_only_the_teacher_reads_what_was_drawn(desk: Desk) -> None:
    """The file holds hidden inputs, and never lies in the release or beside the solution."""
    path = desk.course.specification(NAME).with_name(draws.FILE)
    assert path.stat().st_mode & 0o777 == 0o600
    assert not list(desk.course.root.glob(f"release/**/{draws.FILE}"))
    path.write_text('{"format": 99}')
    with pytest.raises(CourseError, match="make it again with `grader build`"):
        desk.course.assignment(NAME)


def test_what_was_drawn_is_kept_by_the_next_build(desk: Desk) -> None:
    """A build after a change of wording draws nothing."""
    path = desk.course.specification(NAME).with_name(draws.FILE)
    before = path.read_text()
    desk.change("Say here what", "Here is what", "assignment.md")
    desk.build()
    assert path.read_text() == before


# ---- answers that are wrong alone ---------------------------------------------------------------

AGAIN = """
[[cell]]
grade_id = "once-more"
points = 1
question = "convolution"
get = "convolution_parameters"
"""
ANSWER_AGAIN = """```{code-cell} ipython3
---
nbgrader: {grade: true, grade_id: once-more, locked: false, points: 1, solution: true}
---
### BEGIN SOLUTION
convolution_parameters = convolution_parameters
### END SOLUTION
```

## 3. A text"""


def test_two_cells_that_read_one_variable_are_not_released(desk: Desk) -> None:
    """Full marks for the model and none for the blank do not show it; each answer made wrong alone does."""
    path = desk.folder / "specification.toml"
    path.write_text(path.read_text() + AGAIN)
    desk.change("## 3. A text", ANSWER_AGAIN, "assignment.md")
    with pytest.raises(CourseError, match="each cell needs an answer of its own") as caught:
        desk.build()
    assert "once-more: a known mistake in place of the answer to 'check-convolution'" in str(caught.value)


def test_zero_everywhere_earns_nothing_though_a_known_mistake_comes_to_it(desk: Desk) -> None:
    """Whoever forgets the biases where only these are asked for has counted nothing."""
    place = '\n\n[[cell]]\ngrade_id = "check-convolution"'
    desk.change(f'"parameters"{place}', f'"biases"{place}')
    desk.change("kernel-not-squared = 0.25\n", "")
    desk.change(
        "\n\n[question.credit]\nforgot-bias = 0.5\n\n",
        '\nwithout = ["one-filter"]\ncredit.forgot-bias = 0.5\n\n',
    )
    desk.change(
        '(own["channels"] * own["kernel_size"] ** 2 + 1) * own["maps"]', 'own["maps"]', "assignment.md"
    )
    with pytest.raises(CourseError, match=r"check-convolution: zero .* still earns 0\.5 of 1 points"):
        desk.build()


def test_a_function_that_calls_another_may_suffer_with_it(desk: Desk) -> None:
    """The author wrote it so; whose answer is nothing but the other's variable has none of its own."""
    path = desk.folder / "specification.toml"
    again = path.read_text().split("[[cell]]")[1].split("# ----")[0]
    again = again.replace("check-linear-parameters", "once-more").replace("linear_parameters", "by_another")
    path.write_text(f"{path.read_text()}\n[[cell]]{again}")
    answer = ANSWER_AGAIN.replace("points: 1", "points: 2").replace(
        "convolution_parameters = convolution_parameters",
        "def by_another(*sizes, **options):\n    return linear_parameters(*sizes, **options)",
    )
    desk.change("## 3. A text", answer, "assignment.md")
    desk.build()


def test_a_folder_is_checked_without_a_course(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """All that a build tries, and nothing is left behind."""
    assert main(["check", str(desk.folder)]) == 0
    assert "each wrong answer costs its own points only" in capsys.readouterr().out
    assert {path.name for path in desk.folder.iterdir()} == {"assignment.md", "specification.toml"}
    desk.change("** 2 + 1", "** 2", "assignment.md")
    assert main(["check", str(desk.folder)]) == 2
    assert "check-convolution: 0.5 of 1 (forgot-bias" in capsys.readouterr().err


def test_a_correction_that_the_numbers_in_use_do_not_bear_is_refused(desk: Desk) -> None:
    """Where students work on numbers on which a known mistake is right now, it says so."""
    (question,) = (cell.own for cell in load(desk.folder / "specification.toml").cells if cell.own)
    unlucky = {"question": question.id, "numbers": {"channels": 16, "maps": 16, "kernel_size": 3}}
    origin = replace(draws.Origin.of(question, "salt"), vetting="of the question as it was")
    earlier = draws.StoredDraws({question.id: [unlucky]}, {}, {question.id: origin})
    in_use = draws.Drawing("salt", b"secret", earlier, in_use=True)
    with pytest.raises(
        ValueError, match=r"with the numbers of row 0 'right' and .* draw new ones with --new"
    ):
        in_use.all([question], [])
    assert len(replace(in_use, in_use=False).all([question], []).rows[question.id]) == draws.ROWS
