"""What a class has understood: marks, questions, misconceptions, answers not yet understood, likeness.

Difficulty is the mean share of the points, 1 where all had all; discrimination is the point-biserial
correlation of a question's points with those of all others together. Only who handed in a file that could be
read is counted in them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, median

from grader.course import Assignment, Course
from grader.details import UNEXPLAINED, Detail, details
from grader.feedback import template
from grader.likeness import Likeness, likenesses
from grader.marking import UNREADABLE
from grader.naming import Name, Names, read_names, section
from grader.record import read_record
from grader.results import Result, read_results
from grader.titles import assignment_title, titles
from layercost.message import Message, Words
from layercost.misconception import MISCONCEPTIONS

BARS = 10  # of the distribution
SMALLEST_CLASS = 3  # below this a correlation says nothing


@dataclass(frozen=True)
class QuestionReport:
    """How a class did on one question; what cannot be said is None."""

    grade_id: str
    title: str
    most: float
    difficulty: float | None
    discrimination: float | None
    right: int
    empty: int
    waiting: int


@dataclass(frozen=True)
class Belief:
    """A misconception as the class has it: what to explain again, how many have it, and where."""

    id: str
    sentence: Words
    students: tuple[str, ...]
    questions: tuple[str, ...]

    @property
    def title(self) -> str:
        return self.id.replace("-", " ")


@dataclass(frozen=True)
class Group:
    """Unknown wrong answers that came about alike."""

    question: str
    title: str
    entry: str
    key: str
    example: Words
    students: tuple[str, ...]
    name: Name | None


@dataclass(frozen=True)
class Report:
    """All that the report says, as plain data."""

    title: str
    handed_in: int
    unreadable: tuple[str, ...]
    waiting: tuple[str, ...]
    most: float
    points: tuple[float, ...]
    questions: tuple[QuestionReport, ...]
    beliefs: tuple[Belief, ...]
    groups: tuple[Group, ...]
    unexplained: int
    alike: tuple[Likeness, ...]

    @property
    def mean(self) -> float:
        return fmean(self.points) if self.points else 0.0

    @property
    def middle(self) -> float:
        return median(self.points) if self.points else 0.0

    @property
    def bars(self) -> list[tuple[float, float, int]]:
        """From, to, and how many; the last bar holds also those who have all points."""
        width = self.most / BARS
        counted = Counter(min(int(points / width), BARS - 1) if width else 0 for points in self.points)
        return [(number * width, (number + 1) * width, counted[number]) for number in range(BARS)]


def report(course: Course, assignment: Assignment) -> Report:
    """Reads gradebook and records, and works the report out."""
    results = list(read_results(course, assignment))
    readable = [one for one in results if not _unreadable(one)]
    found = {one.student: _details(course, assignment, one.student) for one in readable}
    called, names = titles(assignment.specification, assignment.release), read_names(course)
    groups = _groups(found, called, names)
    return Report(
        title=assignment_title(assignment.release, assignment.name),
        handed_in=len(results),
        unreadable=tuple(one.student for one in results if _unreadable(one)),
        waiting=tuple(one.student for one in readable if one.waiting),
        most=assignment.release.points,
        points=tuple(one.points for one in readable),
        questions=tuple(_question(grade_id, title, readable) for grade_id, title in called.items()),
        beliefs=_beliefs(found, called),
        groups=groups,
        unexplained=sum(_unknown(one) and not one.key for every in found.values() for one in every),
        alike=likenesses(course, assignment, found),
    )


def _unreadable(result: Result) -> bool:
    return any(question.diagnosis == UNREADABLE for question in result.questions)


def _details(course: Course, assignment: Assignment, student: str) -> tuple[Detail, ...]:
    record = read_record(course.record(student, assignment.name))
    return details(assignment, record) if record is not None else ()


def _question(grade_id: str, title: str, results: Sequence[Result]) -> QuestionReport:
    of = {
        one.student: question
        for one in results
        for question in one.questions
        if question.grade_id == grade_id
    }
    marked = {student: question for student, question in of.items() if not question.waits}
    most = next((question.max_points for question in of.values()), 0.0)
    own = [question.points for question in marked.values()]
    rest = [one.earned - marked[one.student].points for one in results if one.student in marked]
    return QuestionReport(
        grade_id=grade_id,
        title=title,
        most=most,
        difficulty=fmean(own) / most if own and most else None,
        discrimination=correlation(own, rest),
        right=sum(question.right for question in marked.values()),
        empty=sum(question.diagnosis == "no-answer" for question in of.values()),
        waiting=len(of) - len(marked),
    )


def correlation(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Pearson's; None for fewer than three, or where one side is the same for all."""
    if len(first) < SMALLEST_CLASS:
        return None
    from_mean = [[value - fmean(side) for value in side] for side in (first, second)]
    spread = [sqrt(sum(value**2 for value in side)) for side in from_mean]
    if min(spread) < 1e-9:
        return None
    together = sum(one * other for one, other in zip(from_mean[0], from_mean[1], strict=True))
    return together / (spread[0] * spread[1])


def _beliefs(found: Mapping[str, Sequence[Detail]], called: Mapping[str, str]) -> tuple[Belief, ...]:
    """Known misconceptions, those of most students first; of a pair both are counted."""
    held: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for student, every in found.items():
        for detail in every:
            for name in _each(detail.diagnosis):
                held[name][student].add(called[detail.grade_id])
    beliefs = [
        Belief(
            name,
            MISCONCEPTIONS[name].message,
            tuple(sorted(students)),
            tuple(sorted(set().union(*students.values()))),
        )
        for name, students in held.items()
    ]
    return tuple(sorted(beliefs, key=lambda one: (-len(one.students), one.id)))


def _each(diagnosis: str) -> Iterable[str]:
    """The misconceptions in an id: cells with several numbers have several, a pair is written with a plus."""
    parts = (part for name in diagnosis.split() for part in name.split("+"))
    return [part for part in parts if part in MISCONCEPTIONS]


def _unknown(detail: Detail) -> bool:
    return detail.diagnosis in UNEXPLAINED


def _groups(
    found: Mapping[str, Sequence[Detail]], called: Mapping[str, str], names: Names
) -> tuple[Group, ...]:
    alike: dict[tuple[str, str, str], dict[str, Detail]] = defaultdict(dict)
    for student, every in found.items():
        for detail in every:
            if _unknown(detail) and detail.key:
                alike[detail.grade_id, detail.entry, detail.key][student] = detail
    groups = [
        Group(
            *(grade_id, called[grade_id], entry, key, _example(next(iter(students.values())))),
            students=tuple(sorted(students)),
            name=names.of(grade_id, key),
        )
        for (grade_id, entry, key), students in alike.items()
    ]
    return tuple(sorted(groups, key=lambda one: (-len(one.students), one.question, one.entry, one.key)))


def _example(detail: Detail) -> Words:
    """What one of them answered, with how such a number comes about."""
    wrong = next((case for case in detail.cases if not case.right), None)
    if wrong is None:
        return detail.message
    return Message(
        "{asked} is {expected}, answered {given}. {message}",
        asked=wrong.asked,
        expected=wrong.expected,
        given=wrong.given,
        message=detail.message,
    )


# ---- as a page and as CSV --------------------------------------------------------------------------------


def page(of: Report) -> str:
    """The report as a page that holds no script and asks for nothing."""
    return template("report.html.j2").render(report=of, section=section)


def rows(of: Report) -> Iterator[list[object]]:
    """The report as one table: what a line is about, which one, and its numbers."""
    yield ["about", "id", "title", "number", "value", "students"]
    yield ["class", "handed in", "", of.handed_in, "", ""]
    yield ["class", "mean", "", round(of.mean, 4), of.most, ""]
    yield ["class", "median", "", round(of.middle, 4), of.most, ""]
    for start, end, count in of.bars:
        yield ["distribution", f"{start:g} to {end:g}", "", count, "", ""]
    for one in of.questions:
        for about, value in (("difficulty", one.difficulty), ("discrimination", one.discrimination)):
            if value is not None:
                yield [about, one.grade_id, one.title, round(value, 4), one.most, ""]
    for belief in of.beliefs:
        students = " ".join(belief.students)
        yield ["misconception", belief.id, str(belief.sentence), len(belief.students), "", students]
    for group in of.groups:
        known = group.name.title if group.name else str(group.example)
        yield ["unknown", group.key, known, len(group.students), group.question, " ".join(group.students)]
    for pair in of.alike:
        numbers, cells = len(pair.others_numbers), len(pair.same_cells)
        yield ["alike", f"{pair.student} {pair.other}", "", numbers, cells, f"{pair.student} {pair.other}"]
