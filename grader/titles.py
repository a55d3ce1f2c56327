"""What a marked cell is called where people read about it: its title, or the heading that it stands under."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from grader.protocol import Specification
from grader.release import Release

_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+?)[ \t#]*$", re.M)
_MARKS = re.compile(r"[*_`$]{1,2}(?=\S)|(?<=\S)[*_`$]{1,2}(?!\w)")


def titles(specification: Specification, release: Release) -> Mapping[str, str]:
    """A title for each marked cell, no two alike."""
    headings = _headings(release)
    named = {
        grade_id: specification.title(grade_id) or headings[release.answered_in[grade_id]] or grade_id
        for grade_id in release.marked
    }
    often, seen = Counter(named.values()), Counter[str]()
    for grade_id, title in named.items():
        seen[title] += 1
        if often[title] > 1:
            named[grade_id] = f"{title} ({seen[title]})"
    return named


def _headings(release: Release) -> dict[str, str]:
    """The last heading before each cell that has a name, without Markdown's marks; empty before the first."""
    found, last = {"": ""}, ""
    for cell in release.cells:
        if cell.cell_type == "markdown" and not cell.is_answer:
            headings = _HEADING.findall(cell.source)
            last = _MARKS.sub("", headings[-1]) if headings else last
        found[cell.grade_id] = last
    return found


def assignment_title(release: Release, name: str) -> str:
    """The first heading of the notebook, or else the assignment's name."""
    for cell in release.cells:
        if cell.cell_type == "markdown" and (headings := _HEADING.findall(cell.source)):
            return _MARKS.sub("", headings[0])
    return name
