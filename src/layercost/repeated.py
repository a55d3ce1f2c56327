"""Blocks that a model repeats, shown once: ``layers.0-31.attention ×32`` in place of 32 rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from layercost.table import Row

MOST_RANGES = 3  # of numbers in a name; what lies between them is left out


class Entry(NamedTuple):
    """A row of a table with its counter's amount, and whether a part of it is not known."""

    row: Row
    amount: int | None
    unknown: bool


class _Place(NamedTuple):
    """Where a row stands: before its number, the number, and after; no number where it is in no block."""

    before: str
    number: int | None
    after: str


def folded(entries: Iterable[Entry]) -> list[Entry]:
    """The rows, with those of blocks that are alike added up under one name."""
    found: list[Entry] = []
    for before, rows in _runs(entries):
        found.extend(_folded(before, rows) if before is not None else [one for _, one in rows])
    return found


Placed = tuple[_Place, Entry]


def _runs(entries: Iterable[Entry]) -> Iterator[tuple[str | None, list[Placed]]]:
    """Neighbours whose blocks are numbered under one name; a row in no block is a run of its own."""
    run: list[Placed] = []
    for entry in entries:
        place = _place(entry.row.name)
        if run and (place.number is None or place.before != run[0][0].before):
            yield run[0][0].before, run
            run = []
        if place.number is None:
            yield None, [(place, entry)]
        else:
            run.append((place, entry))
    if run:
        yield run[0][0].before, run


def _place(name: str) -> _Place:
    """A path cut at its last number, which counts the blocks."""
    parts = name.split(".")
    numbered = [place for place, part in enumerate(parts) if part.isdecimal()]
    if not numbered:
        return _Place(name, None, "")
    at = numbered[-1]
    return _Place(".".join(parts[:at]), int(parts[at]), ".".join(parts[at + 1 :]))


def _folded(before: str, rows: Sequence[Placed]) -> Iterator[Entry]:
    """The blocks of one name, those that are alike together, in the order in which each kind comes first."""
    blocks: dict[int, list[Placed]] = {}
    for place, entry in rows:
        blocks.setdefault(int(place.number or 0), []).append((place, entry))
    kinds: dict[tuple[object, ...], list[int]] = {}
    for number, block in blocks.items():
        kinds.setdefault(_signature(block), []).append(number)
    for numbers in kinds.values():
        for at in range(len(blocks[numbers[0]])):
            yield _together(before, numbers, [blocks[number][at] for number in numbers])


def _signature(block: Sequence[Placed]) -> tuple[object, ...]:
    """What makes blocks alike: their rows, but for the number in the name."""
    return tuple([(place.after, *row[1:], amount, unknown) for place, (row, amount, unknown) in block])


def _together(before: str, numbers: list[int], rows: Sequence[Placed]) -> Entry:
    """One row for all that are alike, which adds them up."""
    (place, first), count = rows[0], len(numbers)
    if count == 1:
        return first
    written = ".".join(filter(None, [before, ranges(numbers), place.after]))
    row = first.row
    summed = row._replace(
        name=f"{written} ×{count}",
        parameters=row.parameters * count,
        parameter_bytes=row.parameter_bytes * count,
        macs=row.macs * count,
        flops=None if row.flops is None else row.flops * count,
        activation_bytes=row.activation_bytes * count,
    )
    return Entry(summed, None if first.amount is None else first.amount * count, first.unknown)


def ranges(numbers: Iterable[int]) -> str:
    """Numbers in their order with those that follow each other as one range.

    >>> ranges([0, 1, 2, 5, 7, 8])
    '0-2,5,7-8'
    """
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and number == found[-1][-1] + 1:
            found[-1].append(number)
        else:
            found.append([number])
    written = [f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in found]
    if len(written) > MOST_RANGES:
        written = [*written[: MOST_RANGES - 1], "…", written[-1]]
    return ",".join(written)
