"""What stands in benchmarks/RESULTS.md, for the pages that show it: a section's sentence and its table."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "RESULTS.md"


class Point(NamedTuple):
    """A line of a measured roofline: tokens, FLOPs a byte, FLOP/s, and how many percent of the bound."""

    tokens: int
    intensity: float
    rate: float
    of_the_bound: int


class Roofline(NamedTuple):
    """A measured roofline: the machine as the benchmark names it, its limits, and the points."""

    machine: str
    peak: float
    bandwidth: float
    points: tuple[Point, ...]

    def point(self, tokens: int) -> Point:
        """The point of so many tokens."""
        return next(one for one in self.points if one.tokens == tokens)

    @property
    def least(self) -> Point:
        """The point that stays the furthest below its bound."""
        return min(self.points, key=lambda one: one.of_the_bound)


def section(name: str) -> str:
    """What stands between the marks of a section; raises ValueError where there is none."""
    found = re.search(
        rf"<!-- {re.escape(name)}:begin -->\n(.*?)\n<!-- {re.escape(name)}:end -->",
        RESULTS.read_text(encoding="utf-8"), re.DOTALL,
    )  # fmt: skip
    if found is None:
        raise ValueError(f"{RESULTS.name} has no section {name!r}")
    return found[1]


def measured_roofline(name: str) -> Roofline:
    """The roofline of a section that benchmarks/roofline.py wrote."""
    text = section(f"roofline, {name}")
    said = re.search(
        r"`, [\d-]+, (.*?); tokens.*? x ([\d,]+) in.*?; ([\d,]+) GFLOP/s and ([\d,.]+) GB/s", text
    )
    if said is None:
        raise ValueError(f"the section of {name!r} in {RESULTS.name} names no limits")
    rows = [
        [cell.strip(" %").replace(",", "") for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if re.match(r"\| \d", line)
    ]
    flops = 2 * _number(said[2]) ** 2  # of one token
    points = [
        Point(int(row[0]), float(row[1]), int(row[0]) * flops / float(row[2]) * 1e6, int(row[4]))
        for row in rows
    ]
    machine = said[1].partition(", load average")[0]
    return Roofline(machine, _number(said[3]) * 1e9, _number(said[4]) * 1e9, tuple(points))


def _number(text: str) -> float:
    return float(text.replace(",", ""))
