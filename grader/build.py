"""From an assignment's text to what students get: source and release notebooks, by nbgrader's own machinery.

An assignment is a folder with `assignment.md` (MyST text with its solution) and `specification.toml`.
Before anything is released, the model solution runs in the box as several students and must earn full marks,
and the release itself, untouched, must earn none.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from grader.box import Limits
from grader.course import (
    SPECIFICATION,
    Assignment,
    Course,
    CourseError,
    check_manuscript,
    load_specification,
    make_course,
)
from grader.draws import FILE as DRAWS
from grader.examination import SandboxExaminer
from grader.folders import replaced, workplace
from grader.intake import SubmittedCell
from grader.marking import mark_cells
from grader.mutants import survivors
from grader.needs import FILE as MODELS
from grader.needs import models_to_text
from grader.papers.progress import Progress, silent
from grader.protocol import Mark, Model, Specification
from grader.record import write_atomically
from grader.release import Release, read_release
from grader.versions import Version, made_of, read_version, tag, write_version

TEXT = "assignment.md"
SHOWN = 5  # differences that are named
TRIED_STUDENTS = ("ada", "emmy", "grace", "sofia")  # each has numbers of their own
NOT_RELEASED = {TEXT, SPECIFICATION}


def build(
    course: Course,
    folder: Path,
    limits: Limits,
    *,
    new_version: bool = False,
    progress: Progress = silent,
    warn: Callable[[str], None] = lambda _: None,
) -> Assignment:
    """Releases the assignment in this folder, and registers it; raises CourseError.

    All of it is made and checked in a folder of its own before anything of the course changes. Where students
    have handed in and the build changes what they worked on, it is refused unless a `new_version` is wanted.
    Where nobody has, somebody may have it in hand all the same: `warn` is told of a new version.
    """
    for path in (folder / TEXT, folder / SPECIFICATION):
        if not path.is_file():
            raise CourseError(
                f"{path} is missing; an assignment is a folder with {TEXT} and {SPECIFICATION}."
            )
    check_manuscript(folder)
    name = load_specification(folder / SPECIFICATION).name
    with workplace(course.root) as place:
        stage = Stage(course, Course(place), name, new_version)
        stage.fill(folder, progress)
        check_solution(stage.opened(), stage.solved(), limits, progress)
        stage.put_in_force(place / "aside")
    if risen := stage.risen():
        warn(risen)
    return course.assignment(name)


def check(folder: Path, limits: Limits, *, progress: Progress = silent) -> Assignment:
    """Builds the assignment in this folder in a course that is thrown away; raises CourseError."""
    with TemporaryDirectory(prefix="grader-check-") as place:
        return build(make_course(Path(place) / "course"), folder, limits, progress=progress)


@dataclass(frozen=True)
class Stage:
    """An assignment that is being built: `made` has the folders of a course, and takes their place last."""

    course: Course
    made: Course
    name: str
    new_version: bool

    @cached_property
    def before(self) -> Version | None:
        """The version that is in force; None where nothing is."""
        return read_version(self.course.specification(self.name).parent)

    @cached_property
    def students(self) -> list[str]:
        """Who has handed in."""
        return self.course.students(self.name)

    def fill(self, folder: Path, progress: Progress) -> None:
        """Draws the numbers, and makes source and release."""
        from grader.generation import generate, write_source  # with nbgrader and Jupytext: two seconds

        kept = self.made.specification(self.name)
        shutil.copytree(folder, kept.parent, ignore=shutil.ignore_patterns(".*", "__pycache__"))
        self._draw(kept, progress)
        specification = load_specification(kept)
        source = self.made.source(self.name)
        write_source(source, kept.with_name(TEXT), specification.notebook, specification.variants())
        _copy_others(kept.parent, source)
        generate(self.made, self.name)
        self._keep_models(specification)
        version = self._version(specification)
        write_version(kept.parent, version)
        for place in (source, self.made.release(self.name)):
            tag(place / f"{specification.notebook}.ipynb", version.number)

    def _draw(self, kept: Path, progress: Progress) -> None:
        earlier = self.course.specification(self.name).with_name(DRAWS)
        text = earlier.read_text(encoding="utf-8") if earlier.is_file() else ""
        secret, specification = self.course.secret(), load_specification(kept)
        try:
            drawn = self._keeping(specification, secret, text, progress)
        except ValueError as error:
            raise CourseError(f"{kept.parent.name}: {error}") from error
        if drawn:
            write_atomically(kept.with_name(DRAWS), drawn, mode=0o600)

    def _keep_models(self, specification: Specification) -> None:
        """The model's functions that stand in for wrong ones, from the solution; they are never released."""
        answered_in = self._read(self.made.release(self.name), specification.notebook).answered_in
        solved = self._read(self.made.source(self.name), specification.notebook).by_grade_id
        models = {
            grade_id: Model(grade_id, name, solved[answered_in[grade_id]].source)
            for grade_id, name in specification.needed().items()
        }
        if models:
            path = self.made.specification(self.name).with_name(MODELS)
            write_atomically(path, models_to_text(models), mode=0o600)

    def _keeping(self, specification: Specification, secret: bytes, earlier: str, progress: Progress) -> str:
        """The numbers: what was released before stays where it can, since somebody may have it in hand."""
        try:
            return specification.draw(secret, earlier, in_use=not self.new_version, progress=progress)
        except ValueError:
            if self.new_version or self.students:
                raise
        return specification.draw(secret, earlier, in_use=False, progress=progress)

    def _version(self, specification: Specification) -> Version:
        """The number of what was made; raises CourseError where it would be a new one that is not wanted."""
        now = made_of(specification, self._read(self.made.release(self.name), specification.notebook))
        if self.before is None:
            return Version(1, now)
        differences = self.before.differences(now)
        if differences and self.students and not self.new_version:
            raise CourseError(_not_silently(self.name, self.before.number, len(self.students), differences))
        return self.before.after(now)

    def risen(self) -> str:
        """What is said of a new version; empty where it is no new one. For after the build."""
        now = read_version(self.course.specification(self.name).parent)
        if self.before is None or now is None or now.number == self.before.number:
            return ""
        return _risen(self.name, now.number, self.before.differences(now.made_of))

    def _read(self, folder: Path, notebook: str) -> Release:
        return read_release(folder / f"{notebook}.ipynb")

    def opened(self) -> Assignment:
        """What was made, as it would be marked."""
        return replace(self.made.opened(self.name, self.course.secret()), settings=self.course.settings)

    def solved(self) -> Release:
        """The notebook with its solution."""
        return self._read(self.made.source(self.name), self.opened().notebook)

    def put_in_force(self, aside: Path) -> None:
        """Swaps the folders in the same moment as the gradebook; an older version is kept."""
        from grader.registration import registered

        assignment = self.opened()
        ways = ("specification", "release", "source")
        places = {getattr(self.course, way)(self.name): getattr(self.made, way)(self.name) for way in ways}
        del places[self.course.specification(self.name)]
        places[self.course.specification(self.name).parent] = self.made.specification(self.name).parent
        with (
            registered(self.course, self.name, assignment.notebook, assignment.release) as commit,
            replaced(places, aside),
        ):
            if self.before is not None and self.before.number != assignment.version:
                self._keep_older(list(places), aside)
            commit()  # while the folders can still be put back

    def _keep_older(self, places: list[Path], aside: Path) -> None:
        """A whole copy of what was replaced: its notebook, its numbers, and how they were marked."""
        assert self.before is not None
        copy = aside / "kept"
        for number, place in enumerate(places):
            if (aside / str(number)).exists():
                shutil.copytree(aside / str(number), copy / place.parent.name)
        kept = self.course.versions(self.name) / str(self.before.number)
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(kept, ignore_errors=True)
        copy.rename(kept)


def _some(differences: list[str]) -> str:
    more = f", and {len(differences) - SHOWN} more" if len(differences) > SHOWN else ""
    return "; ".join(differences[:SHOWN]) + more


def _risen(name: str, number: int, differences: list[str]) -> str:
    return (
        f"NOTE: {name} is now version {number}, since this build changes what students work on: "
        f"{_some(differences)}. Whoever has version {number - 1} is marked by that one; if you have handed "
        "it out already, hand it out again."
    )


def _not_silently(name: str, number: int, students: int, differences: list[str]) -> str:
    return (
        f"{name} was handed in by {students} students as version {number}, and this build changes what they "
        f"worked on: {_some(differences)}. Nothing was changed. With --new-version it "
        f"becomes version {number + 1}, and what was made from version {number} is still marked by that one. "
        "Points, credits, wording and rubrics need no new version."
    )


def _copy_others(folder: Path, source: Path) -> None:
    """Pictures and data that belong to the text; never the specification."""
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name not in NOT_RELEASED and not path.name.startswith("."):
            shutil.copy2(path, source / path.name)


def check_solution(assignment: Assignment, source: Release, limits: Limits, progress: Progress) -> None:
    """Marks the model solution and the empty release as several students; raises CourseError."""
    with (
        assignment.sandbox(limits) as sandbox,
        progress("model solution and empty release", len(TRIED_STUDENTS)) as advance,
    ):
        sandbox.probe()
        examiner = SandboxExaminer(sandbox)
        for student in TRIED_STUDENTS:
            solved = mark_cells(submitted_cells(source), student, assignment, examiner)
            _refuse(assignment, student, "the model solution", _lost(solved))
            empty = mark_cells(submitted_cells(assignment.release), student, assignment, examiner)
            _refuse(assignment, student, "the release without any answer", _earned(empty))
            advance()
        _check_mutants(assignment, source, examiner, progress)


def _check_mutants(
    assignment: Assignment, source: Release, examiner: SandboxExaminer, progress: Progress
) -> None:
    """Makes each answer wrong alone; raises CourseError where other points than its own are lost."""
    student = TRIED_STUDENTS[0]
    wrong = survivors(assignment, submitted_cells(source), student, examiner, progress)
    _refuse(assignment, student, "the model solution with one wrong answer", wrong)


def submitted_cells(notebook: Release) -> tuple[SubmittedCell, ...]:
    """One of our own notebooks as if a student had submitted it."""
    return tuple(
        SubmittedCell(cell.grade_id, cell.cell_type, cell.source, dict(cell.settings))
        for cell in notebook.cells
    )


def _lost(marks: Mapping[str, Mark]) -> list[str]:
    return [
        f"{grade_id}: {mark.points:g} of {mark.max_points:g} ({mark.diagnosis}: {mark.message})"
        for grade_id, mark in marks.items()
        if not mark.needs_manual and mark.points < mark.max_points
    ]


def _earned(marks: Mapping[str, Mark]) -> list[str]:
    return [f"{grade_id}: {mark.points:g} points" for grade_id, mark in marks.items() if mark.points > 0]


def _refuse(assignment: Assignment, student: str, what: str, wrong: list[str]) -> None:
    if wrong:
        lines = "\n  ".join(wrong)
        raise CourseError(
            f"{assignment.name} is not released: as student {student!r}, {what} does not get "
            f"the marks it should:\n  {lines}"
        )
