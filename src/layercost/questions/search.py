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

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple, TypeAlias

from layercost.expression import Expression
from layercost.questions.circuit import State
from layercost.questions.composing import composed
from layercost.questions.editing import Change, Edit, Path, edited
from layercost.questions.neighbours import Place, neighbours
from layercost.questions.slip import Kind, Slip

CHANCE = Fraction(15, 1000)  # the share of numbers of a size that may be explained by chance
SECOND = 10  # what it costs that there is a second slip
COUNTED = 8_000  # pairs whose values are looked at to judge how many numbers they hit

Found: TypeAlias = tuple[Expression, tuple[Slip, ...]]


def nearest(right: Expression, answers: range, further: Mapping[str, int]) -> Found | None:
    """The expression nearest to `right` with one of the values, and its slips; None without a good one.

    A rounded answer stands for several values; they are looked for among single slips only.
    """
    return Search(right, answers, further).found()


class Hit(NamedTuple):
    """Edits that together give the answer."""

    cost: int
    edits: tuple[Edit, ...]


class Search:
    """The search for one answer."""

    def __init__(self, right: Expression, answers: range, further: Mapping[str, int]) -> None:
        self.near = neighbours(right, tuple(further.items()))
        self.answers = answers
        self.answer = answers[0]
        self.allowed = int(CHANCE * (2 * self.answer - self.answer // 2)) // len(answers)

    def found(self) -> Found | None:
        """The first that chance would hardly have found: one slip, two, or an expression of its own."""
        single = self._believed(self.single_hits(), self.singles_near)
        if single is not None or len(self.answers) > 1:
            return single
        return self._two_slips() or self._composed()

    def _two_slips(self) -> Found | None:
        return None if self.near.is_long else self._believed(self.pair_hits(), self.pairs_near)

    def _composed(self) -> Found | None:
        made = composed(self.answer, self.near.pool, self.allowed // 3)
        return None if made is None else (made, (Slip(Kind.COMPOSED, self.near.right, made),))

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
        made = edited(self.near.right, changes, letters)
        try:
            fits = made is not None and made.value in self.answers
        except (ValueError, ZeroDivisionError):
            return None  # a division that one of them makes impossible for the other
        return (made, tuple(edit.slip for edit in hit.edits)) if made is not None and fits else None

    def is_near(self, value: int) -> bool:
        """Whether a number has the size of the answer."""
        return self.answer // 2 <= value <= 2 * self.answer

    # ---- one slip ------------------------------------------------------------------------------

    def single_hits(self) -> list[Hit]:
        """The edits that give the answer, the cheapest first."""
        pairs = zip(self.near.edits, self.near.singles, strict=True)
        return [Hit(edit.cost, (edit,)) for edit, (_, value) in pairs if value in self.answers]

    def singles_near(self, cost: int) -> int:
        """How many numbers of the answer's size are given by one edit that costs no more."""
        return len({value for other, value in self.near.singles if other <= cost and self.is_near(value)})

    # ---- two slips -----------------------------------------------------------------------------

    def pair_hits(self) -> list[Hit]:
        """Two edits that together give the answer, the cheapest first."""
        found = []
        for first, state in self.near.firsts:
            missing = self.answer - state.whole
            for place in self.near.places if missing else ():
                second = place.second(state, missing)
                if second is not None:
                    found.append(Hit(first.cost + second.cost + SECOND, (first, second)))
        return sorted(found, key=lambda hit: hit.cost)

    def pairs_near(self, cost: int) -> int:
        """How many numbers of the answer's size two edits give that cost no more; at most, or estimated."""
        most = sum(len(edits) for _, _, edits in self._pairs(cost, 1))
        if most <= self.allowed:
            return most
        step = -(-most // COUNTED)
        near: set[int] = set()
        for state, place, edits in self._pairs(cost, step):
            near.update(filter(self.is_near, place.wholes(state, edits)))
            if len(near) * step > self.allowed:
                break
        return len(near) * step

    def _pairs(self, cost: int, step: int) -> Iterator[tuple[State, Place, Sequence[Edit]]]:
        """Every first edit of `step`, with the second ones beside it that cost no more together."""
        for first, state in self.near.firsts[::step]:
            for place in self.near.places:
                if edits := place.up_to(cost - SECOND - first.cost):
                    yield state, place, edits
