"""The search for the expression nearest to a right derivation that gives a wrong answer.

The derivation is edited at one place, then at two (`layercost.questions.edits`); then products of the
question's letters are tried (`layercost.questions.composing`). What costs least is believed, and of two at
the same cost the one that is declared first.

An expression is believed only where chance would hardly have found one: of all whole numbers between half and
twice the answer, at most `CHANCE` are values of expressions that cost as little. So a small number, which
some expression always gives, stays unexplained, and over random numbers at most that share is explained.

Pairs are not tried one by one. For each first edit, a `Circuit` tells what any other place must become to
give the answer, and a dictionary tells which edit makes it so.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple, TypeAlias

from layercost.expression import Expression
from layercost.questions.circuit import Circuit, State
from layercost.questions.composing import composed
from layercost.questions.editing import Change, Edit, Effect, Path, edited
from layercost.questions.edits import every_edit, pool_of
from layercost.questions.slip import Kind, Slip

CHANCE = Fraction(15, 1000)  # the share of numbers of a size that may be explained by chance
SECOND = 10  # what it costs that there is a second slip
VISITS = 9000  # nodes that are computed in the search for pairs
COUNTED = 12_000  # pairs whose values are looked at to judge how many numbers they hit
LARGEST = 60  # nodes; in a longer formula two slips would be lost on the reader

Found: TypeAlias = tuple[Expression, tuple[Slip, ...]]


def nearest(right: Expression, answer: int, further: Mapping[str, int]) -> Found | None:
    """The expression nearest to `right` with the value `answer`, and its slips; None without a good one."""
    return Search(right, answer, further).found()


class Hit(NamedTuple):
    """Edits that together give the answer."""

    cost: int
    edits: tuple[Edit, ...]


class Place(NamedTuple):
    """Where a second edit can lie: a node, or all leaves of a letter; its number, and its edits by cost.

    `giving` tells the cheapest edit for each number that the place can become, and `doing` for each effect.
    """

    nodes: tuple[int, ...]
    value: int
    edits: Sequence[Edit]
    costs: Sequence[int]
    giving: Mapping[int, Edit]
    doing: Mapping[tuple[Effect, int], Edit]

    def turning(self, value: int, wanted: int) -> Edit | None:
        """The edit that makes one number another, where a first edit has changed the number already."""
        does = [(Effect.BECOMES, wanted), (Effect.PLUS, wanted - value)]
        if value and not wanted % value:
            does.append((Effect.TIMES, wanted // value))
        elif wanted and not value % wanted:
            does.append((Effect.OVER, value // wanted))
        return next((self.doing[one] for one in does if one in self.doing), None)

    def up_to(self, cost: int) -> Sequence[Edit]:
        """The edits that cost at most so much."""
        return self.edits[: bisect_right(self.costs, cost)]


class Search:
    """One search; what it needs is computed when it is needed."""

    def __init__(self, right: Expression, answer: int, further: Mapping[str, int]) -> None:
        self.right, self.answer = right, answer
        self.circuit = Circuit(right)
        self.pool = pool_of(right, further)
        self.edits = sorted(every_edit(right, self.pool), key=lambda edit: edit.cost)
        self.allowed = int(CHANCE * (2 * answer - answer // 2))

    def found(self) -> Found | None:
        """The first that chance would hardly have found: one slip, two, or an expression of its own."""
        return (
            self._believed(self.single_hits(), self.singles_near)
            or (self._believed(self.pair_hits(), self.pairs_near) if len(self.circuit) <= LARGEST else None)
            or self._composed()
        )

    def _composed(self) -> Found | None:
        made = composed(self.answer, self.pool, self.allowed // 3)
        return None if made is None else (made, (Slip(Kind.COMPOSED, self.right, made),))

    def _believed(self, hits: Sequence[Hit], near: Callable[[int], int]) -> Found | None:
        for hit in hits:
            if near(hit.cost) > self.allowed:
                return None
            if (made := self._made(hit)) is not None:
                return made
        return None

    def _made(self, hit: Hit) -> Found | None:
        """The expression with its slips; None where two edits do not come out together as the answer."""
        changes: dict[Path, list[Change]] = {}
        letters: dict[str, Change] = {}
        for edit in hit.edits:
            if edit.letters:
                letters.update(dict.fromkeys(edit.letters, edit.change))
            else:
                changes.setdefault(edit.path, []).append(edit.change)
        made = edited(self.right, changes, letters)
        if made is None or made.value != self.answer:
            return None
        return made, tuple(edit.slip for edit in hit.edits)

    def is_near(self, value: int) -> bool:
        """Whether a number has the size of the answer."""
        return self.answer // 2 <= value <= 2 * self.answer

    # ---- one slip ------------------------------------------------------------------------------

    @cached_property
    def start(self) -> State:
        """The right numbers."""
        state = self.circuit.state({})
        assert state is not None
        return state

    @cached_property
    def everywhere(self) -> dict[int, State]:
        """The numbers after each edit of letters, by its place in `edits`."""
        states = {
            at: self.circuit.state(self.circuit.overrides(edit))
            for at, edit in enumerate(self.edits)
            if edit.letters
        }
        return {at: state for at, state in states.items() if state is not None}

    @cached_property
    def singles(self) -> list[tuple[int, int]]:
        """The cost and the number of each edit that gives one, in the order of `edits`."""
        results = ((edit.cost, self._single(at, edit)) for at, edit in enumerate(self.edits))
        return [(cost, value) if value is not None else (cost, self.start.whole) for cost, value in results]

    def _single(self, at: int, edit: Edit) -> int | None:
        if edit.letters:
            return self.everywhere[at].whole
        node = self.circuit.at[edit.path]
        value = self.start.values[node]
        result = edit.result(value)
        return None if result is None else self.start.whole + self.start.weights[node] * (result - value)

    def single_hits(self) -> list[Hit]:
        """The edits that give the answer, the cheapest first."""
        pairs = zip(self.edits, self.singles, strict=True)
        return [Hit(edit.cost, (edit,)) for edit, (_, value) in pairs if value == self.answer]

    def singles_near(self, cost: int) -> int:
        """How many numbers of the answer's size are given by one edit that costs no more."""
        return len({value for other, value in self.singles if other <= cost and self.is_near(value)})

    # ---- two slips -----------------------------------------------------------------------------

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
        doing: dict[tuple[Effect, int], Edit] = {}
        for edit in edits:
            doing.setdefault((edit.effect, edit.amount), edit)
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
            state = self.everywhere[at] if edit.letters else self.circuit.state({}, edit)
            if state is not None:
                found.append((edit, state))
            if len(found) * len(self.circuit) > VISITS:
                break
        return found

    def pair_hits(self) -> list[Hit]:
        """Two edits that together give the answer, the cheapest first."""
        found = []
        for first, state in self.firsts:
            missing = self.answer - state.whole
            for place in self.places if missing else ():
                second = self._second(place, state, missing)
                if second is not None:
                    found.append(Hit(first.cost + second.cost + SECOND, (first, second)))
        return sorted(found, key=lambda hit: hit.cost)

    def _second(self, place: Place, state: State, missing: int) -> Edit | None:
        """The edit of a place that adds to the whole what is missing."""
        weight = _weight(place, state)
        if not weight or missing % weight:
            return None
        value = _value(place, state)
        wanted = value + missing // weight
        return place.giving.get(wanted) if value == place.value else place.turning(value, wanted)

    def pairs_near(self, cost: int) -> int:
        """How many numbers of the answer's size two edits give that cost no more; at most, or estimated."""
        most = sum(len(edits) for _, _, edits in self._pairs(cost, 1))
        if most <= self.allowed:
            return most
        step = -(-most // COUNTED)
        near: set[int] = set()
        for state, place, edits in self._pairs(cost, step):
            near.update(filter(self.is_near, _values(place, state, edits)))
            if len(near) * step > self.allowed:
                break
        return len(near) * step

    def _pairs(self, cost: int, step: int) -> Iterator[tuple[State, Place, Sequence[Edit]]]:
        """Every first edit of `step`, with the second ones beside it that cost no more together."""
        for first, state in self.firsts[::step]:
            for place in self.places:
                if edits := place.up_to(cost - SECOND - first.cost):
                    yield state, place, edits


def _weight(place: Place, state: State) -> int:
    """By how much the whole changes for each one that the place changes."""
    weights = state.weights
    return weights[place.nodes[0]] if len(place.nodes) == 1 else sum([weights[node] for node in place.nodes])


def _value(place: Place, state: State) -> int:
    """The number of a place; all leaves of a letter that may still change have the letter's own."""
    return state.values[place.nodes[0]] if len(place.nodes) == 1 else place.value


def _values(place: Place, state: State, edits: Sequence[Edit]) -> Iterator[int]:
    """The numbers that the whole gets by each of the edits."""
    weight, value = _weight(place, state), _value(place, state)
    for edit in edits:
        result = edit.result(value)
        if result is not None and result != value and weight:
            yield state.whole + weight * (result - value)
