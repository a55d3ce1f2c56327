"""What a late submission loses, by `[late]` of course.toml or by nbgrader's own plugin.

When a submission is late is nbgrader's to say: its `timestamp.txt` against the due date of the gradebook and
the extension of the student.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Protocol

from grader.course import CONFIGURATION, Course, CourseError
from grader.settings import LateSettings

DAY = 86_400
POLICIES = ("nbgrader", "none", "zero", "per-day")


class Penalty(Protocol):
    """What is taken from `score` for so many seconds after the due date; None for nothing."""

    def __call__(self, student: str, score: float, seconds: float) -> float | None: ...


def seconds_late(timestamp: datetime | None, due: datetime | None, extension: timedelta | None) -> float:
    """How long after the student's own due date; 0 in time, and where one of the two is not known."""
    if timestamp is None or due is None:
        return 0.0
    return max(0.0, (timestamp - due - (extension or timedelta())).total_seconds())


def penalty_of(course: Course) -> Penalty:
    """The policy of this course; raises CourseError where it is none."""
    settings = course.settings.late
    if settings.policy not in POLICIES:
        known = ", ".join(POLICIES)
        raise CourseError(f"course.toml: late.policy must be one of {known}, but is {settings.policy!r}")
    if settings.policy == "nbgrader":
        return Plugin(course)
    return Rule(settings)


def lost(penalty: Penalty, student: str, score: float, seconds: float) -> float | None:
    """What a policy takes: no less than nothing, no more than the score, as nbgrader has it."""
    taken = penalty(student, score, seconds) if seconds > 0 else None
    return None if taken is None else min(max(taken, 0.0), score)


class Rule:
    """The policies of course.toml."""

    def __init__(self, settings: LateSettings) -> None:
        self.settings = settings

    def __call__(self, student: str, score: float, seconds: float) -> float | None:
        late = seconds - 60 * self.settings.grace_minutes
        if self.settings.policy == "none" or late <= 0:
            return None
        if self.settings.policy == "zero":
            return score
        share = min(math.ceil(late / DAY) * self.settings.per_day, self.settings.at_most)
        return round(score * share, 2)


class Plugin:
    """nbgrader's `LateSubmissionPlugin`, or the one that nbgrader_config.py names instead.

    It is loaded when the first submission is late: it costs two seconds.
    """

    def __init__(self, course: Course) -> None:
        self.course = course
        self.plugin: Any = None

    def __call__(self, student: str, score: float, seconds: float) -> float | None:
        if self.plugin is None:
            self.plugin = self._load()
        given = self.plugin.late_submission_penalty(student, score, seconds)
        return None if given is None else float(given)

    def _load(self) -> Any:
        from nbgrader.preprocessors import AssignLatePenalties
        from traitlets.config.loader import PyFileConfigLoader

        try:
            with _converters_as_they_are():
                config = PyFileConfigLoader(CONFIGURATION, path=str(self.course.root)).load_config()
            preprocessor = AssignLatePenalties(config=config)
            preprocessor.init_plugin()
        except Exception as error:  # whatever stands in a teacher's configuration
            raise CourseError(
                f"The late penalty could not be read from {CONFIGURATION}: {error}. "
                'Mend it, or write [late] policy = "none" into course.toml.'
            ) from error
        return preprocessor.plugin_inst


@contextmanager
def _converters_as_they_are() -> Iterator[None]:
    """A configuration leads nbgrader's converters to `grader`, which is meant for its own commands."""
    from nbgrader import converters

    kept = {
        each: each.start
        for each in (converters.Autograde, converters.GenerateAssignment, converters.GenerateFeedback)
    }
    try:
        yield
    finally:
        for each, start in kept.items():
            each.start = start
