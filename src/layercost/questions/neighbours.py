"""The neighbours of a right derivation: what one edit makes of its number, and where a second one can lie."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import NamedTuple

from layercost.expression import Expression
from layercost.questions.circuit import Circuit, State
from layercost.questions.editing import Edit, Effect
from layercost.questions.edits import every_edit, pool_of

LARGEST = 60  # nodes; in a longer formula two slips, or letters from elsewhere, would be lost on the reader
VISITS = 6000  # nodes that are computed to have the numbers after first edits


class Place(NamedTuple):
    """Where a second edit can lie: a node, or all leaves of a letter; its number, and its edits by cost.

    `giving` tells the cheapest edit for each number that the place can become, and `doing` for each effect.
    """

    nodes: tuple[int, ...]
    value: int
    edits: Sequence[Edit]
    costs: Sequence[int]
    giving: Mapping[int, Edit]
    doing: Mapping[Effect, Mapping[int, Edit]]

    def _turning(self, value: int, wanted: int) -> Edit | None:
        """The edit that makes one number another, where a first edit has changed the number already."""
        doing = self.doing
        found = doing[Effect.BECOMES].get(wanted) or doing[Effect.PLUS].get(wanted - value)
        if not found and value and not wanted % value:
            found = doing[Effect.TIMES].get(wanted // value)
        elif not found and wanted and not value % wanted:
            found = doing[Effect.OVER].get(value // wanted)
        return found

    def weight(self, state: State) -> int:
        """By how much the whole changes for each one that the place changes."""
        weights, nodes = state.weights, self.nodes
        return weights[nodes[0]] if len(nodes) == 1 else sum([weights[node] for node in nodes])

    def number(self, state: State) -> int:
        """The number of the place; all leaves of a letter that may still change have the letter's own."""
        return state.values[self.nodes[0]] if len(self.nodes) == 1 else self.value

    def second(self, state: State, missing: int) -> Edit | None:
        """The edit that adds to the whole what is missing."""
        values, weights = state
        nodes = self.nodes
        weight = weights[nodes[0]] if len(nodes) == 1 else self.weight(state)
        if not weight or missing % weight:
            return None
        value = values[nodes[0]] if len(nodes) == 1 else self.value
        wanted = value + missing // weight
        return self.giving.get(wanted) if value == self.value else self._turning(value, wanted)

    def wholes(self, state: State, edits: Sequence[Edit]) -> Iterator[int]:
        """The numbers that the whole gets by some of the edits."""
        weight, value = self.weight(state), self.number(state)
        for edit in edits if weight else ():
            result = edit.result(value)
            if result is not None and result != value:
                yield state.whole + weight * (result - value)

    def up_to(self, cost: int) -> Sequence[Edit]:
        """The edits that cost at most so much."""
        return self.edits[: bisect_right(self.costs, cost)]


class Neighbours:
    """Everything about a derivation that a search needs, whatever the answer; computed when it is needed."""

    def __init__(self, right: Expression, further: Mapping[str, int]) -> None:
        self.right = right
        self.circuit = Circuit(right)
        self.pool = pool_of(right, further)
        self.is_long = len(self.circuit) > LARGEST
        taken = replace(self.pool, inner=(), further=()) if self.is_long else self.pool
        self.edits = sorted(every_edit(right, taken), key=lambda edit: edit.cost)

    @cached_property
    def start(self) -> State:
        """The right numbers."""
        state = self.circuit.state({})
        assert state is not None
        return state

    @cached_property
    def everywhere(self) -> dict[int, State]:
        """The numbers after each edit of letters that leaves one, by its place in `edits`."""
        found = ((at, self._state(edit)) for at, edit in enumerate(self.edits) if edit.letters)
        return {at: state for at, state in found if state is not None}

    def _state(self, edit: Edit) -> State | None:
        try:
            return self.circuit.state(self.circuit.overrides(edit))
        except (ValueError, ZeroDivisionError):
            return None

    @cached_property
    def singles(self) -> list[tuple[int, int]]:
        """The cost and the number of each edit that gives one, in the order of `edits`."""
        results = ((edit.cost, self._single(at, edit)) for at, edit in enumerate(self.edits))
        return [(cost, value) if value is not None else (cost, self.start.whole) for cost, value in results]

    def _single(self, at: int, edit: Edit) -> int | None:
        if edit.letters:
            return self.everywhere[at].whole if at in self.everywhere else None
        node = self.circuit.at[edit.path]
        value = self.start.values[node]
        result = edit.result(value)
        return None if result is None else self.start.whole + self.start.weights[node] * (result - value)

    @cached_property
    def places(self) -> list[Place]:
        """Every place of a second edit."""
        grouped: dict[tuple[int, ...], list[Edit]] = {}
        linear = self.circuit.linear_letters()
        for edit in self.edits:
            if not edit.letters:
                grouped.setdefault((self.circuit.at[edit.path],), []).append(edit)
            elif len(edit.letters) == 1 and edit.letters[0] in linear:
                grouped.setdefault(linear[edit.letters[0]], []).append(edit)
        return [self._place(nodes, edits) for nodes, edits in grouped.items()]

    def _place(self, nodes: tuple[int, ...], edits: list[Edit]) -> Place:
        value = self.start.values[nodes[0]]
        giving: dict[int, Edit] = {}
        doing: dict[Effect, dict[int, Edit]] = {effect: {} for effect in Effect}
        for edit in edits:
            doing[edit.effect].setdefault(edit.amount, edit)
            if (result := edit.result(value)) is not None and result != value:
                giving.setdefault(result, edit)
        return Place(nodes, value, edits, [edit.cost for edit in edits], giving, doing)

    @cached_property
    def firsts(self) -> list[tuple[Edit, State]]:
        """Every first edit with the numbers after it, the cheapest as long as `VISITS` allows."""
        found: list[tuple[Edit, State]] = []
        seen = set()
        for at, edit in enumerate(self.edits):
            does = (edit.letters or edit.path, edit.effect, edit.amount)
            if does in seen:
                continue
            seen.add(does)
            state = self.everywhere.get(at) if edit.letters else self.circuit.state({}, edit)
            if state is not None:
                found.append((edit, state))
            if len(found) * len(self.circuit) > VISITS:
                break
        return found


@lru_cache(maxsize=8)
def neighbours(right: Expression, further: tuple[tuple[str, int], ...]) -> Neighbours:
    """The neighbours, computed once for all answers to the same question."""
    return Neighbours(right, dict(further))
