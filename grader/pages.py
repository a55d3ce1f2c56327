"""Feedback pages of a whole class, written by several processes; each page has one writer."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor

from grader.course import Assignment, Course
from grader.desk import Orders
from grader.feedback import Pages, Written
from grader.processes import context, end_with
from grader.results import Result, read_results

FEWEST = 8  # pages for which a process is worth its start

_PAGES: list[Pages] = []  # in a process that writes: one


def write_feedback(
    course: Course, assignment: Assignment, students: frozenset[str], workers: int = 1
) -> Iterator[Written]:
    """Writes a page for each of these students who is in the gradebook, and says so in their order."""
    results = [result for result in read_results(course, assignment) if result.student in students]
    workers = min(workers, len(results) // FEWEST)
    if workers > 1:
        orders = Orders(course.root, assignment.name).with_opened(course, assignment)
        yield from _in_processes(orders, results, workers)
    else:
        yield from map(Pages.of(course, assignment).write, results)


def _in_processes(orders: Orders, results: Sequence[Result], workers: int) -> Iterator[Written]:
    pool = ProcessPoolExecutor(workers, context(), _begin, (orders, os.getpid()))
    try:
        futures = [pool.submit(_write, result) for result in results]
        for result, future in zip(results, futures, strict=True):
            yield _written(result.student, future)
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(orders: Orders, parent: int) -> None:
    end_with(parent)
    _PAGES.append(Pages.of(orders.course, orders.assignment))


def _write(result: Result) -> Written:
    return _PAGES[0].write(result)


def _written(student: str, future: Future[Written]) -> Written:
    try:
        return future.result()
    except BrokenExecutor:
        return Written(student, "a process that writes pages ended; type the same command again")
