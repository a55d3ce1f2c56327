"""What an assignment's specification is to the grader: it asks, and it marks what comes back.

`grader.specification.load(path)` reads a `specification.toml` and gives a `Specification`. All of it runs on
the trusted side only; the student's process never sees more than one probe at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from grader.papers.progress import Progress
from grader.values import Answer, Probe
from layercost.message import Words


@dataclass(frozen=True)
class Mark:
    """What one marked cell earned, and why.

    `diagnosis` is a stable id ("right", "forgot-bias", "unknown", "malformed", "no-answer", "timeout", ...).
    `message` is one kind sentence for the student. It is shown to them: it must hold no hidden input and
    nothing that a call on a hidden input returned.
    `needs_manual` says that a person gives the points; `points` is then ignored.
    """

    points: float
    max_points: float
    diagnosis: str
    message: Words
    needs_manual: bool = False


@dataclass(frozen=True)
class Model:
    """A function of the model solution: whose mark is about it, its name, and all code of its answer cell."""

    grade_id: str
    name: str
    source: str


@dataclass(frozen=True)
class SecondRun:
    """What to ask once more, by `grade_id`, with these functions of the model in place of the student's."""

    key: str  # the same wherever the same models stood in
    models: tuple[Model, ...]
    probes: Mapping[str, tuple[Probe, ...]]


class Specification(Protocol):
    """What earns points in one notebook of one assignment. Its `probes` and `score` are pure functions."""

    @property
    def name(self) -> str:
        """The assignment's name, as nbgrader knows it."""

    @property
    def notebook(self) -> str:
        """The notebook's name, without `.ipynb`."""

    @property
    def identity(self) -> str:
        """The variable that the id cell assigns, such as "student_id"; empty where there is no id cell."""

    def same_student(self, typed: object, student: str) -> bool:
        """Whether what the student wrote into the id cell names the student of the roster."""

    def check_word(self, student: str) -> str:
        """The word that the setup cell prints for this student's id."""

    def probes(self, student: str, secret: bytes) -> Mapping[str, tuple[Probe, ...]]:
        """What to ask this student's code, by `grade_id` of the marked cell; () where no code is asked."""

    def score(
        self,
        student: str,
        secret: bytes,
        answers: Mapping[str, tuple[Answer, ...]],
        again: Mapping[str, tuple[Answer, ...]] = ...,
    ) -> Mapping[str, Mark]:
        """Marks by `grade_id`, one for each key of `probes`; `answers` are in the order of the probes.

        `again` are the answers of second runs, for the cells that were asked once more.
        """

    def needed(self) -> Mapping[str, str]:
        """The functions that others need, whose model stands in where they are wrong, by `grade_id`."""

    def runs(self) -> int:
        """How often one submission may have to run: once, and again for each set of needed functions."""

    def least(self, grade_id: str, wrong: str) -> float:
        """The points of a right answer where only the answer to the cell `wrong` is wrong; 0 if not said."""

    def second_runs(self, student: str, secret: bytes, marks: Mapping[str, Mark]) -> tuple[SecondRun, ...]:
        """What to ask once more of who earned these marks; () where that can gain nothing."""

    def mistaken(self, student: str, secret: bytes) -> Mapping[str, tuple[object, ...]]:
        """What a known mistake answers to each probe of a cell, by `grade_id`, where one is known."""

    def zeros(self, student: str, secret: bytes) -> Mapping[str, tuple[object, ...]]:
        """Zero for every number of a cell, by `grade_id`, but no answer where zero is right."""

    def draw(self, secret: bytes, earlier: str, *, in_use: bool, progress: Progress) -> str:
        """All numbers, drawn and vetted, as the text of a file that is read with the specification.

        What `earlier`, the text of before, holds is kept where it is as good as new; `in_use` says that
        students work on it. Empty where nothing is drawn beforehand.
        """

    def variants(self) -> Mapping[str, object]:
        """What goes into `variants.json` beside the released notebook, as JSON."""

    def asked(self) -> Mapping[str, object]:
        """What is asked where the release tells the question, by its name, as JSON: all but its wording."""

    def title(self, grade_id: str) -> str:
        """What a marked cell is called; empty where the heading above it says enough."""

    def rubric(self, grade_id: str) -> tuple[tuple[float, str], ...]:
        """For what a person gives how many points, line by line; () where no person marks."""

    def example(self, student: str, secret: bytes, grade_id: str, diagnosis: str) -> Words:
        """One call on inputs that nobody hides, which shows what was found; empty where there is none."""
