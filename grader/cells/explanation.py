"""An explanation that a person marks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from grader.cells.cell import Cell, Own, Sitting, SpecificationError
from grader.protocol import Mark
from grader.score import by_hand
from grader.values import Probe
from layercost.questions import Template


@dataclass(frozen=True)
class ManualCell(Cell):
    """An explanation that a person marks; the rubric is for her."""

    keys = ("grade_id", "points", "rubric")
    grade_id: str
    points: float
    rubric: tuple[tuple[float, str], ...]

    def probes(self, sitting: Sitting) -> tuple[Probe, ...]:
        """No code is asked."""
        return ()

    def mark(self, sitting: Sitting, own: Own) -> Mark:
        """A person gives the points."""
        return by_hand(self.points)

    @classmethod
    def read(cls, owner: str, data: Mapping[str, Any], _questions: Mapping[str, Template]) -> ManualCell:
        """The points of its rubric add up."""
        rubric = tuple((float(line["points"]), str(line["text"])) for line in data["rubric"])
        if sum(points for points, _ in rubric) != data["points"]:
            raise SpecificationError(f"{owner}: the points of the rubric must add up to {data['points']}")
        return cls(data["grade_id"], float(data["points"]), rubric)
