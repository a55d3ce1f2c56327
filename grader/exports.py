"""Marks for other systems, as CSV: our own table, nbgrader's, and what Moodle and Canvas read.

Everybody of the roster has a line, also who handed in nothing. Moodle and Canvas get no points for work
that a person has yet to mark to its end, so that nobody is shown a part for the whole; an empty cell leaves
there what is there. What is not marked at all has no points in any table. Nothing in a cell can start a
formula in a spreadsheet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from grader.course import Assignment, Course
from grader.names import unusable
from grader.results import QuestionResult, Result, read_results
from grader.roster import Student, of_course
from grader.titles import titles
from layercost.message import Message

NOTHING = Message("Nothing was handed in.")
NOT_MARKED = Message("This submission is not marked yet.")
NO_SUBMISSION, UNMARKED = "no-submission", "not-marked"
TOTAL, SUM = "Weighted total", "Total"
NBGRADER = (
    *("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email"),
    *("raw_score", "late_submission_penalty", "score", "max_score"),
)
MOODLE = ("First name", "Last name", "ID number", "Email address")
CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")

Row = list[object]


@dataclass(frozen=True)
class Marks:
    """The results of some assignments, with everybody of the roster, in the roster's order."""

    students: tuple[Student, ...]
    assignments: Mapping[str, Mapping[str, Result]]  # by assignment, by student
    weights: Mapping[str, float]
    most: Mapping[str, float]  # the points that each assignment has

    @property
    def waiting(self) -> list[str]:
        """Who has a submission that is not marked to its end."""
        return [
            student.id
            for student in self.students
            if any(results[student.id].waiting for results in self.assignments.values())
        ]

    @property
    def weighted(self) -> bool:
        """Whether the course says what each of several assignments weighs."""
        return len(self.assignments) > 1 and set(self.assignments) <= set(self.weights)

    @property
    def added(self) -> bool:
        """Whether the points of several assignments simply add up: where the course weighs none of them."""
        return len(self.assignments) > 1 and not set(self.assignments) & set(self.weights)

    def total(self, student: str) -> float:
        """Of 100, by the weights of the course, or the sum where there are none."""
        if self.added:
            return sum(results[student].points for results in self.assignments.values())
        shares = (
            (self.weights[name], results[student].points / (self.most[name] or 1.0))
            for name, results in self.assignments.items()
        )
        every = sum(self.weights[name] for name in self.assignments)
        return round(100 * sum(weight * share for weight, share in shares) / every, 2)


def collect(course: Course, assignments: Sequence[Assignment]) -> Marks:
    """Reads the marks of these assignments, and the roster where the course has one."""
    found = {one.name: {each.student: each for each in read_results(course, one)} for one in assignments}
    handed_in = {
        one.name: frozenset(name for name in course.students(one.name) if not unusable(name))
        for one in assignments
    }
    known = {student.id: student for student in of_course(course)}
    others = sorted(frozenset().union(*found.values(), *handed_in.values()) - set(known))
    students = (*known.values(), *(Student(name, "") for name in others))
    for assignment in assignments:
        for student in students:
            of = _unmarked if student.id in handed_in[assignment.name] else _absent
            found[assignment.name].setdefault(student.id, of(student.id, assignment))
    most = {one.name: one.release.points for one in assignments}
    return Marks(students, found, course.settings.weights, most)


def _absent(student: str, assignment: Assignment) -> Result:
    """The marks of somebody who handed in nothing."""
    return Result(student, _questions(assignment, NO_SUBMISSION, NOTHING), (NOTHING,), 0.0)


def _unmarked(student: str, assignment: Assignment) -> Result:
    """Those of a submission that nobody has marked: all of its points are yet to be given."""
    questions = (replace(one, waits=True) for one in _questions(assignment, UNMARKED, NOT_MARKED))
    return Result(student, tuple(questions), (NOT_MARKED,), 0.0, unmarked=True)


def _questions(assignment: Assignment, diagnosis: str, why: Message) -> tuple[QuestionResult, ...]:
    """All of them without points."""
    called = titles(assignment.specification, assignment.release)
    return tuple(
        QuestionResult(grade_id, 0.0, cell.points, diagnosis, why, title=called[grade_id])
        for grade_id, cell in assignment.release.marked.items()
    )


# ---- what each system reads ------------------------------------------------------------------------------


def nbgrader_rows(marks: Marks) -> Iterator[Row]:
    """nbgrader's own columns: a line for each assignment of each student."""
    yield list(NBGRADER)
    for name, results in marks.assignments.items():
        for student in marks.students:
            one = results[student.id]
            given = ("", "", "") if one.unmarked else (one.earned, one.late_penalty, one.points)
            yield [
                *(name, one.due, one.handed_in, student.id, student.last_name, student.first_name),
                *(student.email, *given, one.max_points),
            ]


def moodle_rows(marks: Marks) -> Iterator[Row]:
    """The columns that Moodle's own export has, which its import offers to match with its items."""
    yield [*MOODLE, *(f"Assignment: {name} (Real)" for name in marks.assignments), *_total(marks)]
    for student in marks.students:
        known = [student.first_name, student.last_name, student.id, student.email]
        yield [*known, *_points(marks, student.id)]


def canvas_rows(marks: Marks) -> Iterator[Row]:
    """Canvas finds a student by its own number, its SIS number, the login, or the name, in this order."""
    yield [*CANVAS, *marks.assignments, *_total(marks)]
    yield [
        "Points Possible",
        "",
        "",
        "",
        "",
        *(_number(most) for most in marks.most.values()),
        *_hundred(marks),
    ]
    for student in marks.students:
        of = student.further
        known = [
            *(f"{student.last_name}, {student.first_name}".strip(", ") or student.id, of.get("canvas", "")),
            *(of.get("sis_user_id", student.id), of.get("sis_login_id", student.id), of.get("section", "")),
        ]
        yield [*known, *_points(marks, student.id)]


def own_rows(marks: Marks) -> Iterator[Row]:
    """Our own table: all of one assignment, or a line with the sums of several."""
    return _of_several(marks) if len(marks.assignments) != 1 else _of_one(marks)


def _of_one(marks: Marks) -> Iterator[Row]:
    """The points of each question, total, maximum, the diagnosis of each question, remarks."""
    (by_student,) = marks.assignments.values()
    results = [by_student[student.id] for student in marks.students]
    asked = list(dict.fromkeys(one.grade_id for result in results for one in result.questions))
    yield ["student", *asked, "total", "maximum", *(f"{one} diagnosis" for one in asked), "remarks"]
    for result in results:
        found = {one.grade_id: one for one in result.questions}
        marked = {name: f"{one.points:g}" for name, one in found.items() if not one.waits}
        points = [marked.get(name, "") for name in asked]
        diagnoses = [found[name].diagnosis if name in found else "" for name in asked]
        total = ["" if result.unmarked else f"{result.points:g}", f"{result.max_points:g}"]
        yield [result.student, *points, *total, *diagnoses, " ".join(map(str, result.remarks))]


def _of_several(marks: Marks) -> Iterator[Row]:
    yield ["student", "name", *marks.assignments, *([SUM] if marks.added else _total(marks))]
    for student in marks.students:
        found = [results[student.id] for results in marks.assignments.values()]
        points = ["" if one.unmarked else _number(one.points) for one in found]
        line: Row = [student.id, student.name, *points]
        if marks.added or marks.weighted:
            line.append("" if any(one.unmarked for one in found) else _number(marks.total(student.id)))
        yield line


def _total(marks: Marks) -> list[str]:
    return [TOTAL] if marks.weighted else []


def _hundred(marks: Marks) -> list[str]:
    return ["100"] if marks.weighted else []


def _points(marks: Marks, student: str) -> list[str]:
    """The points of each assignment and the total, if any; empty while a person has yet to mark."""
    results = [found[student] for found in marks.assignments.values()]
    points = ["" if one.waiting else _number(one.points) for one in results]
    if not marks.weighted:
        return points
    return [*points, "" if any(one.waiting for one in results) else _number(marks.total(student))]


def _number(points: float) -> str:
    return f"{round(points, 2):g}"


FORMATS: Mapping[str, Callable[[Marks], Iterable[Row]]] = {
    "csv": own_rows,
    "moodle": moodle_rows,
    "canvas": canvas_rows,
    "nbgrader": nbgrader_rows,
}
