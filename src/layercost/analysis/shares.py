"""Shares of a language model and the scale of its scores: figures that are asked for, and who believes what.

They stand beside the figures of speed, and are asked for and marked in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from layercost.analysis.figures import (
    GIGA,
    Figure,
    Worked,
    believed,
    divided,
    figure,
    rooted,
    worth,
    written,
)
from layercost.expression import Symbol, expression
from layercost.message import Message
from layercost.view import number


@figure("table-share")
@dataclass(frozen=True)
class TableShare(Figure):
    """The part of a model that its table of tokens is, in percent; the table is counted once."""

    rows: int
    width: int
    parameters: int

    unit = "percent"
    hint = Message("How many values has the table? Then: of how many?")

    @property
    def value(self) -> Fraction:
        return Fraction(100 * self.rows * self.width, self.parameters)

    def worked(self) -> Iterator[Worked]:
        table = expression(Symbol("V", self.rows) * Symbol("d", self.width))
        yield Worked(Message("the table"), table, "parameters")
        yield Worked(
            Message("Of all: 100 · {table} / {all} = {value}.", table=number(int(table)),
                    all=number(self.parameters), value=written(self.value))
        )  # fmt: skip


@figure("attention-share")
@dataclass(frozen=True)
class AttentionShare(Figure):
    """The part of a block's matrices that attention is, in percent, where no head shares keys and values."""

    width: int
    inner: int
    matrices: int = 2

    unit = "percent"
    hint = Message("Four maps in attention; how many in the feed-forward layer, and how wide?")

    @property
    def share(self) -> Fraction:
        """Of both halves."""
        maps = 4 * self.width
        return Fraction(100 * maps, maps + self.matrices * self.inner)

    @property
    def value(self) -> Fraction:
        return self.share

    def worked(self) -> Iterator[Worked]:
        d, f = Symbol("d", self.width), Symbol("f", self.inner)
        maps, feed = expression(4 * d * d), expression(self.matrices * d * f)
        yield Worked(Message("the maps of attention"), maps, "parameters")
        yield Worked(Message("the feed-forward layer"), feed, "parameters")
        yield Worked(
            Message("Of both: 100 · {maps} / {all} = {value}.", maps=number(int(maps)),
                    all=number(int(maps) + int(feed)), value=written(self.value))
        )  # fmt: skip


@figure("maps-share")
@dataclass(frozen=True)
class MapsShare(Figure):
    """The part of a block's MACs that its maps do, in percent: 12 d² a token, and pairs of 2 d a token."""

    width: int
    tokens: int

    unit = "percent"
    hint = Message(
        "MACs a token: twelve squares of the width in maps, and two widths for each token it meets."
    )

    @property
    def met(self) -> Fraction:
        """How many tokens each one meets."""
        return Fraction(self.tokens)

    @property
    def value(self) -> Fraction:
        return 100 * self.width * 6 / (self.width * 6 + self.met)

    def worked(self) -> Iterator[Worked]:
        d, t = Symbol("d", self.width), Symbol("T", self.tokens)
        yield Worked(Message("the maps, a token"), expression(12 * d * d), "MACs")
        yield Worked(Message("the pairs, a token"), expression(2 * d * t), "MACs")
        yield Worked(Message("The maps of both are {value} percent.", value=written(self.value)))


@figure("score-scale")
@dataclass(frozen=True)
class ScoreScale(Figure):
    """What scores are multiplied by before the softmax: one over the root of the size of a head."""

    width: int
    heads: int

    hint = Message("Along how many values is a score summed up? Its spread grows with the root of that.")

    def __post_init__(self) -> None:
        divided(self.width, self.heads, Message("heads that divide the width"))

    @property
    def size(self) -> int:
        """The values of a head."""
        return self.width // self.heads

    @property
    def value(self) -> Fraction:
        return rooted(Fraction(1, self.size))

    def worked(self) -> Iterator[Worked]:
        yield Worked(
            Message("A head has {width} / {heads} = {size} values, and 1 / √{size} = {value}.",
                    width=number(self.width), heads=number(self.heads), size=number(self.size),
                    value=written(self.value))
        )  # fmt: skip


# ---- what people believe -------------------------------------------------------------------------


@believed("tied-head-counted-twice", TableShare)
class _TableTwice(TableShare):
    @property
    def value(self) -> Fraction:
        table = self.rows * self.width
        return Fraction(200 * table, self.parameters + table)


believed(
    "one-column-of-the-table", TableShare,
    says=Message("You took one value for each token: a row has as many as the model is wide."),
)(lambda asked: replace(asked, width=1))  # fmt: skip
believed(
    "share-of-the-rest", TableShare,
    says=Message("You divided by all but the table: asked for is its share of all parameters."),
)(lambda asked: replace(asked, parameters=asked.parameters - asked.rows * asked.width))  # fmt: skip
believed(
    "size-in-the-name", TableShare, where=lambda asked: asked.parameters > GIGA,
    says=Message("You divided by whole billions, as a model's name has them: it holds more than these."),
)(lambda asked: replace(asked, parameters=asked.parameters // GIGA * GIGA))  # fmt: skip
believed(
    "equal-halves", AttentionShare, where=lambda asked: asked.inner != 2 * asked.width,
    says=Message("You gave both halves as many weights: four maps stand in the one, two of another size in "
                 "the other."),
)(lambda asked: replace(asked, inner=2 * asked.width))  # fmt: skip
believed(
    "share-of-the-other-half", AttentionShare,
    where=lambda asked: asked.inner * asked.matrices != 4 * asked.width,
    says=Message("You gave the share of the feed-forward layer: asked for is what is in the attention."),
)(worth(lambda asked: 100 - asked.share))  # fmt: skip
believed("gate-not-asked-for", AttentionShare, where=lambda asked: asked.matrices == 2)(
    lambda asked: replace(asked, matrices=3)
)
believed(
    "feed-forward-twice", AttentionShare,
    says=Message("You counted the feed-forward layer twice: its two matrices are one up and one down."),
)(lambda asked: replace(asked, matrices=2 * asked.matrices))  # fmt: skip


@believed(
    "pairs-halved", MapsShare,
    says=Message("You took half of the pairs, as a mask leaves them: here every token meets every other."),
)  # fmt: skip
class _HalfMet(MapsShare):
    @property
    def met(self) -> Fraction:
        return Fraction(self.tokens + 1, 2)


@believed("pairs-forgotten", MapsShare)
class _NoPairs(MapsShare):
    @property
    def met(self) -> Fraction:
        return Fraction(0)


@believed(
    "pairs-next-to-nothing", MapsShare, where=lambda asked: asked.tokens * 2 > asked.width,
    says=Message("You took the pairs for next to nothing: their part grows with the length of the text."),
)  # fmt: skip
class _NextToNothing(MapsShare):
    @property
    def value(self) -> Fraction:
        return Fraction(99)


believed(
    "scaled-by-the-width", ScoreScale, where=lambda asked: asked.heads > 1,
    says=Message("You took the root of the width: a score is summed up along one head."),
)(lambda asked: replace(asked, heads=1))  # fmt: skip


@believed(
    "root-forgotten", ScoreScale,
    says=Message("You divided by the size of a head: it is its root that the spread grows with."),
)  # fmt: skip
class _NoRoot(ScoreScale):
    @property
    def value(self) -> Fraction:
        return Fraction(1, self.size)


@believed(
    "scale-upside-down", ScoreScale,
    says=Message("You gave the root itself: scores are divided by it, not multiplied."),
)  # fmt: skip
class _UpsideDown(ScoreScale):
    @property
    def value(self) -> Fraction:
        return 1 / super().value
