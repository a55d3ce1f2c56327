"""Why an answer got its points, for whoever asks: what was asked, answered, expected, found and credited."""

from __future__ import annotations

from collections.abc import Iterator

from grader.course import Assignment, Course, CourseError
from grader.details import Detail, details
from grader.naming import Names, read_names
from grader.record import Record, read_record
from grader.results import QuestionResult, read_results
from grader.titles import titles


def explained(course: Course, assignment: Assignment, student: str, question: str) -> Iterator[str]:
    """Lines for the teacher, with the hidden inputs; raises CourseError where there is nothing to explain."""
    record = read_record(course.record(student, assignment.name))
    if record is None:
        known = f"type: grader autograde {assignment.name} --student {student}"
        raise CourseError(f"{student} is not marked in {assignment.name}; {known}")
    grade_id = _grade_id(assignment, question)
    result = next((one for one in read_results(course, assignment) if one.student == student), None)
    found = [one for one in result.questions if one.grade_id == grade_id] if result is not None else []
    if not found:
        raise CourseError(f"{student} has no mark for {grade_id} in the gradebook; mark the submission again")
    yield f"{student}, {found[0].title} ({grade_id})"
    yield from _credited(found[0])
    yield from _cases(assignment, record, grade_id, read_names(course))
    yield f"marked with {', '.join(f'{name} {version}' for name, version in record.versions.items())}"


def _grade_id(assignment: Assignment, question: str) -> str:
    """A question by its id, that of its answer cell, or its title."""
    release, called = assignment.release, titles(assignment.specification, assignment.release)
    for grade_id in release.marked:
        if question in (grade_id, release.answered_in[grade_id], called[grade_id]):
            return grade_id
    raise CourseError(f"{assignment.name} has no question {question!r}; there are: {', '.join(called)}")


def _credited(question: QuestionResult) -> Iterator[str]:
    if question.waits:
        yield f"points: a person has yet to mark it, of {question.max_points:g}"
    else:
        yield f"points: {question.points:g} of {question.max_points:g}"
    yield f"found: {question.diagnosis or 'nothing on record'}: {question.message}"
    for points, text in question.rubric:
        yield f"rubric: {points:g}: {text}"
    if question.by_person:
        yield f"by a person: {question.by_person}"


def _cases(assignment: Assignment, record: Record, grade_id: str, names: Names) -> Iterator[str]:
    for detail in details(assignment, record):
        if detail.grade_id == grade_id:
            for case in detail.cases:
                sign = "right" if case.right else "WRONG"
                yield f"  {sign}  {case.asked}: answered {case.given}, expected {case.expected}"
            yield from _why(detail, names)


def _why(detail: Detail, names: Names) -> Iterator[str]:
    of = f"{detail.entry}: " if detail.entry else ""
    if detail.entry and not detail.right:
        yield f"         {of}{detail.diagnosis}, {100 * detail.credit:g} % of its share: {detail.message}"
    if detail.key:
        name = names.of(detail.grade_id, detail.key)
        yield f"         {of}comes about by {detail.key}" + (f", named {name.title!r}" if name else "")
