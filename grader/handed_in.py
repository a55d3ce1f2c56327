"""When a submission was handed in: the small file that nbgrader's collect, and ours, write beside it."""

from __future__ import annotations

from datetime import datetime

from grader.course import Course
from grader.intake import Reason, read_bytes

TIMESTAMP = "timestamp.txt"
LONGEST = 200  # bytes


def submitted_at(course: Course, student: str, assignment: str) -> datetime | None:
    """When it was submitted, in UTC and without a zone; None where nothing tells."""
    try:
        data = read_bytes(course.submitted, (student, assignment, TIMESTAMP), limit=LONGEST)
        return parse_utc(data.decode().strip())
    except (Reason, ValueError, OverflowError):
        return None


def parse_utc(text: str) -> datetime:
    """A time as nbgrader reads it: without a zone it is UTC; raises ValueError."""
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S.%f UTC")  # noqa: DTZ007  (nbgrader keeps no zones)
    except ValueError:
        pass
    from dateutil import parser, tz

    words = text.split(" ")
    if len(words) == 3:  # the third is a zone by its name, or seconds east of Greenwich
        zone = words[2]
        offset = int(zone) if zone.lstrip("+-").isdigit() else tz.gettz(zone)
        parsed = parser.parse(f"{words[0]} {words[1]} TZ", tzinfos={"TZ": offset})
    else:
        parsed = parser.parse(text)
    shift = parsed.utcoffset()
    utc: datetime = parsed if shift is None else (parsed - shift).replace(tzinfo=None)
    return utc
