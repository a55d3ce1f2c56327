"""Re-expression: a wrong number that no misconception gives, as the nearest expression that gives it.

The right derivation is edited at one place, then at two (`layercost.questions.edits`); then products of the
question's letters are tried. What costs least is believed, and of two at the same cost the one that is
declared first.

An explanation is given only where chance would hardly have given one: of all whole numbers between half and
twice the answer, at most `CHANCE` are values of expressions that cost as little. So a small number, which
some expression always gives, stays unexplained, and over random numbers at most that share is explained.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, partial

from layercost.expression import TEXT, Constant, Definition, Expression, Symbol, render, symbols, walk
from layercost.message import Message, both
from layercost.questions.circuit import Circuit, State
from layercost.questions.edits import (
    LINEAR,
    Edit,
    Effect,
    Path,
    Pool,
    defined,
    edited,
    edits_everywhere,
    edits_inside,
    edits_of,
)
from layercost.questions.slip import Kind, Slip, named

CHANCE = Fraction(15, 1000)  # the share of numbers of a size that may be explained by chance
SECOND_SLIP = 10  # what it costs that there is more than one
BASES = 26  # a slip that costs more than this has no second one beside it that costs as much
VISITS = 16_000  # nodes that are computed in the search for pairs
COUNTED = 16_000  # pairs whose values are looked at to judge how many numbers they hit


@dataclass(frozen=True)
class Reexpressed:
    """An expression that gives the answer, and its slips: what differs from the right derivation."""

    expression: Expression
    slips: tuple[Slip, ...]

    @property
    def key(self) -> str:
        """The slips in letters, the same for students whose numbers differ."""
        return ";".join(sorted(slip.key for slip in self.slips))

    @property
    def message(self) -> Message:
        """One sentence: the answer, the expression, and in what it differs."""
        letters, numbers = render(self.expression, TEXT), render(self.expression, TEXT, numbers=True)
        value = f"{self.expression.value:,}"
        differences = both(slip.message for slip in self.slips)
        if numbers in (letters, value):
            return Message("{value} is {letters}: {differences}.", value=value, letters=letters,
                           differences=differences)  # fmt: skip
        return Message("{value} is {letters} = {numbers}: {differences}.", value=value, letters=letters,
                       numbers=numbers, differences=differences)  # fmt: skip


def reexpress(
    right: Expression, given: Fraction | int, further: Mapping[str, int] | None = None
) -> Reexpressed | None:
    """The nearest expression to `right` that gives a wrong answer; None where none is near enough.

    `further` are letters of the question that the derivation does not use, with their numbers. The answer is
    in the derivation's own unit.

    >>> from layercost import Linear, PARAMETERS
    >>> from layercost.questions.task import Task, derivation
    >>> found = reexpress(derivation(Task(Linear(300, 100), PARAMETERS)), 301 * 300)
    >>> str(found.message), found.key  # doctest: +SKIP
    """
    answer = Fraction(given)
    if answer.denominator != 1 or answer <= 0 or answer == right.value:
        return None
    return _Search(right, int(answer), further or {}).found()


def pool_of(right: Expression, further: Mapping[str, int]) -> Pool:
    """The letters that somebody can take: the derivation's, in reading order, then the others."""
    shown = {node.name: node for node in _shown(right) if isinstance(node, Symbol | Definition)}
    inner = {symbol.name: symbol for symbol in symbols(right) if symbol.name not in shown}
    others = (Symbol(name, number) for name, number in further.items() if name not in shown | inner)
    return Pool((*shown.values(), *inner.values()), tuple(others))


def _shown(formula: Expression) -> Iterator[Expression]:
    """The nodes of a formula, without those inside of definitions."""
    yield formula
    if not isinstance(formula, Definition):
        for child in formula.children:
            yield from _shown(child)


@dataclass(frozen=True)
class _Hit:
    """Edits that together give the answer."""

    cost: int
    edits: tuple[Edit, ...]


class _Options:
    """The edits of one node, by what they do to its number; of equal ones the cheapest."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        self.edits = edits
        self.by: dict[Effect, dict[int, Edit]] = {effect: {} for effect in Effect}
        for edit in edits:
            self.by[edit.effect].setdefault(edit.amount, edit)
        self.costs = [edit.cost for edit in edits]

    def giving(self, value: int, wanted: int) -> Iterator[Edit]:
        """The edits that turn `value` into `wanted`."""
        by = self.by
        candidates = [by[Effect.BECOMES].get(wanted), by[Effect.PLUS].get(wanted - value)]
        if value and not wanted % value:
            candidates.append(by[Effect.TIMES].get(wanted // value))
        elif wanted and not value % wanted:
            candidates.append(by[Effect.OVER].get(value // wanted))
        return (edit for edit in candidates if edit is not None)

    def up_to(self, cost: int) -> Sequence[Edit]:
        """The edits that cost at most so much."""
        return self.edits[: bisect_right(self.costs, cost)]


class _Search:
    def __init__(self, right: Expression, answer: int, further: Mapping[str, int]) -> None:
        self.right, self.answer = right, answer
        self.circuit = Circuit(right)
        self.pool = pool_of(right, further)
        start = self.circuit.state({})
        assert start is not None
        self.start: State = start
        self.edits = sorted(self._edits(), key=lambda edit: edit.cost)
        self.options = self._options()

    # ---- the edits -----------------------------------------------------------------------------

    def _edits(self) -> Iterator[Edit]:
        yield from edits_of(self.right, self.pool)
        times = self._times_shown()
        inside: dict[str, list[Edit]] = {}
        for leaf in self.circuit.leaves:
            node = self.circuit.nodes[leaf]
            if isinstance(node, Symbol | Constant):
                continue
            name = node.name if isinstance(node, Definition) else ""
            if name in inside:
                continue
            edits = edits_inside(node, self.pool)
            if name:
                inside[name] = edits
            once = times.get(name, 1) == 1
            for edit in edits:
                yield replace(edit, path=self.circuit.paths[leaf]) if once else replace(edit, letters=(name,))
        yield from _along_both_sides(inside)
        for letter in self.pool.own:
            if times.get(letter.name, 0) > 1:  # type: ignore[attr-defined]
                yield from edits_everywhere(letter, self.pool)  # type: ignore[arg-type]
        yield from self._through_definitions(times)

    def _times_shown(self) -> dict[str, int]:
        times: dict[str, int] = {}
        for node in _shown(self.right):
            if isinstance(node, Symbol | Definition):
                times[node.name] = times.get(node.name, 0) + 1
        return times

    def _through_definitions(self, times: Mapping[str, int]) -> Iterator[Edit]:
        """Letters that stand both in the formula and inside of its definitions, replaced in all of them."""
        shown = [one for one in self.pool.own if isinstance(one, Definition)]
        for letter in self.pool.own:
            if not isinstance(letter, Symbol) or letter.name not in times:
                continue
            holding = [one.name for one in shown if letter in walk(one.meaning)]
            for edit in edits_everywhere(letter, self.pool) if holding else ():
                if edit.slip.kind is not Kind.DROPPED_FACTOR:
                    change = partial(_deep, letter.name, edit.change)
                    yield replace(edit, letters=(letter.name, *holding), change=change, cost=edit.cost + 1)

    def _options(self) -> dict[int, _Options]:
        grouped: dict[int, list[Edit]] = {}
        for edit in self.edits:
            if not edit.letters:
                grouped.setdefault(self.circuit.at[edit.path], []).append(edit)
        return {node: _Options(edits) for node, edits in grouped.items()}

    # ---- one slip ------------------------------------------------------------------------------

    def found(self) -> Reexpressed | None:
        """The first explanation that chance would hardly have given: one slip, then two."""
        for hits, distinct in ((self._single_hits(), self._singles_near), (self._pair_hits(), self._pairs_near)):
            for hit in hits:
                if distinct(hit.cost) > self._allowed:
                    break
                made = self._made(hit)
                if made is not None:
                    return made
        return None

    @cached_property
    def _allowed(self) -> int:
        """How many of the numbers near the answer may be values of expressions."""
        return int(CHANCE * (2 * self.answer - self.answer // 2))

    def _near(self, value: int) -> bool:
        return self.answer // 2 <= value <= 2 * self.answer

    @cached_property
    def _singles(self) -> list[tuple[Edit, int]]:
        return [(edit, value) for edit in self.edits if (value := self._single(edit)) is not None]

    def _single(self, edit: Edit) -> int | None:
        values, weights = self.start
        if edit.letters:
            changed = self.circuit.values(self._overrides[id(edit)])
            return None if changed is None else changed[-1]
        node = self.circuit.at[edit.path]
        result = edit.result(values[node])
        return None if result is None else values[-1] + weights[node] * (result - values[node])

    @cached_property
    def _overrides(self) -> dict[int, dict[int, int]]:
        return {id(edit): self.circuit.overrides(edit) for edit in self.edits if edit.letters}

    def _single_hits(self) -> list[_Hit]:
        return [_Hit(edit.cost, (edit,)) for edit, value in self._singles if value == self.answer]

    def _singles_near(self, cost: int) -> int:
        return len({value for edit, value in self._singles if edit.cost <= cost and self._near(value)})

    # ---- two slips -----------------------------------------------------------------------------

    def _pair_hits(self) -> list[_Hit]:
        hits = []
        for base, state in self._bases:
            for node, options in self.options.items():
                weight = state.weights[node]
                if not weight:
                    continue
                change, remainder = divmod(self.answer - state.values[-1], weight)
                if remainder or not change:
                    continue
                value = state.values[node]
                for edit in options.giving(value, value + change):
                    if self._together(base, edit):
                        hits.append(_Hit(base.cost + edit.cost + SECOND_SLIP, (base, edit)))
        return sorted(hits, key=lambda hit: hit.cost)

    def _together(self, base: Edit, edit: Edit) -> bool:
        """Whether two edits can be made of one derivation: at most one of them concerns a place."""
        return bool(base.letters) or base.path != edit.path

    @cached_property
    def _bases(self) -> list[tuple[Edit, State]]:
        """Every edit that is tried together with another one, with the numbers after it."""
        found: list[tuple[Edit, State]] = []
        seen = set()
        left = VISITS
        for edit in self.edits:
            mark = (edit.letters or edit.path, edit.effect, edit.amount)
            if left < 0 or edit.cost > BASES or mark in seen:
                continue
            seen.add(mark)
            left -= len(self.circuit)
            state = self._state(edit)
            if state is not None:
                found.append((edit, state))
        return found

    def _state(self, edit: Edit) -> State | None:
        if edit.letters:
            return self.circuit.state(self._overrides[id(edit)])
        return self.circuit.state({}, edit)

    def _pairs_near(self, cost: int) -> int:
        """How many numbers near the answer two slips give that cost no more; estimated where there are many."""
        near: set[int] = set()
        most = self._pairs_up_to(cost)
        if most <= self._allowed:
            return most
        step = max(1, most // COUNTED)
        for base, state in self._bases[::step]:
            for value in self._values_beside(base, state, cost):
                if self._near(value):
                    near.add(value)
            if len(near) * step > self._allowed:
                break
        return len(near) * step

    def _pairs_up_to(self, cost: int) -> int:
        return sum(
            len(options.up_to(cost - SECOND_SLIP - base.cost))
            for base, _ in self._bases
            for options in self.options.values()
        )

    def _values_beside(self, base: Edit, state: State, cost: int) -> Iterator[int]:
        whole = state.values[-1]
        for node, options in self.options.items():
            weight, value = state.weights[node], state.values[node]
            if weight:
                for edit in options.up_to(cost - SECOND_SLIP - base.cost):
                    result = edit.result(value)
                    if result is not None:
                        yield whole + weight * (result - value)

    # ---- the expression ------------------------------------------------------------------------

    def _made(self, hit: _Hit) -> Reexpressed | None:
        """The expression with its slips; None where it does not come out as the answer after all."""
        changes: dict[Path, list] = {}
        letters = {}
        for edit in hit.edits:
            if edit.letters:
                letters.update(dict.fromkeys(edit.letters, edit.change))
            else:
                changes.setdefault(edit.path, []).append(edit.change)
        made = edited(self.right, changes, letters)
        if made is None or made.value != self.answer:
            return None
        return Reexpressed(made, tuple(edit.slip for edit in hit.edits))


def _deep(name: str, change: Callable[[Expression], Expression | None], node: Expression) -> Expression | None:
    """A letter changed, or a definition with the letter changed in its formula."""
    if isinstance(node, Definition) and node.name != name:
        return defined(node, edited(node.meaning, {}, {name: change}))
    return change(node)


def _along_both_sides(inside: Mapping[str, list[Edit]]) -> Iterator[Edit]:
    """The same slip in the formula of the height and in that of the width."""
    if len(inside) != 2:
        return
    (first, edits), (second, others) = inside.items()
    known = {_same_slip(edit): edit for edit in others}
    for edit in edits:
        if _same_slip(edit) in known:
            slip = replace(edit.slip, within=(first, second))
            yield replace(edit, slip=slip, letters=(first, second))


def _same_slip(edit: Edit) -> tuple[object, ...]:
    slip = edit.slip
    return (slip.kind, slip.old, slip.new, edit.path, slip.place)
