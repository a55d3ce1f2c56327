"""Where a token stands: a row for its place, or for its segment, is added to its features.

An attention alone does not know the order of tokens. Rows are trained, or follow sines and cosines.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from layercost.convention import Quantity
from layercost.expression import Number, add, times
from layercost.facts import Held, HeldFast, Kind, Operation, Role
from layercost.frozen import frozen
from layercost.layer import keep_flags, keep_whole, register
from layercost.layers.attention import check_width
from layercost.layers.parted import Does, Holds, Parted
from layercost.message import Message
from layercost.misconception import STORED, WRITTEN, belief, having
from layercost.setting import Setting
from layercost.shape import Sequence, Shape, ShapeError, values


@frozen
class _Rows(Parted):
    """What all of them share: to each token of `embed_dim` features a row of a table is added."""

    keeps_places = True
    kind = "embedding"
    part: ClassVar[str]
    takes = Sequence
    axis_letters: ClassVar[Mapping[str, str]] = {"F": "d"}

    def check(self, shape: Shape) -> None:
        check_width(self, shape, self.embed_dim)  # type: ignore[attr-defined]

    def rows(self) -> Number:
        """How many rows the table has."""
        raise NotImplementedError

    def holds(self) -> Holds:
        return {self.part: (Held("weight", times(self.rows(), self.embed_dim)),)}  # type: ignore[attr-defined]

    def does(self, shape: Shape, output: Shape, setting: Setting) -> Does:
        added = Operation(Kind.ADD, Role.ELEMENTWISE, times(setting.batch, values(output)))
        return {self.part: (added,)}


@frozen
class _Positions(_Rows):
    """Rows for places: the first token gets the first row."""

    part = "position"

    def check(self, shape: Shape) -> None:
        super().check(shape)
        most: int = self.num_positions  # type: ignore[attr-defined]
        if int(shape[0]) > most:
            raise ShapeError(
                Message(
                    "{layer} has {most} positions but got {tokens} tokens in shape {shape}",
                    layer=type(self).__name__, most=most, tokens=shape[0], shape=shape,
                )
            )  # fmt: skip


@register
@frozen
class LearnedPositions(_Positions):
    """``(T, embed_dim)`` to the same shape: the trained row of its place is added to each token.

    `num_positions` tokens are the most that there are rows for. `spare_rows` more are held and belong to no
    place: OPT, RoBERTa and BART keep 2. Nothing is looked up: places follow each other.
    Source: Gehring et al. 2017, section 3.1; Devlin et al. 2018, section 3.2.
    """

    num_positions: int
    embed_dim: int
    spare_rows: int = 0

    letters: ClassVar[Mapping[str, str]] = {"num_positions": "P", "embed_dim": "d"}

    def __post_init__(self) -> None:
        keep_whole(self, 1, "num_positions", "embed_dim")
        keep_whole(self, 0, "spare_rows")

    def rows(self) -> Number:
        return add(self.num_positions, self.spare_rows) if self.spare_rows else self.num_positions


@register
@frozen
class SinusoidalPositions(_Positions):
    """``(T, embed_dim)`` to the same shape: sines and cosines of its place are added to each token.

    The table is worked out once. `stored`: it is kept among the parameters and frozen, as Whisper's is, so
    that it counts as stored and not as trained; otherwise nothing is kept.
    Source: Vaswani et al. 2017, section 3.5.
    """

    num_positions: int
    embed_dim: int
    stored: bool = True

    letters: ClassVar[Mapping[str, str]] = {"num_positions": "P", "embed_dim": "d"}

    def __post_init__(self) -> None:
        keep_whole(self, 1, "num_positions", "embed_dim")
        keep_flags(self, "stored")

    def rows(self) -> Number:
        return self.num_positions if self.stored else 0

    def holds(self) -> Holds:
        return {
            part: tuple([HeldFast(*one) for one in held])
            for part, held in super().holds().items()
            if self.stored
        }


@register
@frozen
class Segments(_Rows):
    """``(T, embed_dim)`` to the same shape: the trained row of its segment is added to each token.

    BERT tells the first sentence from the second so. The row that is looked up is noted as a lookup.
    Source: Devlin et al. 2018, section 3.2.
    """

    num_segments: int
    embed_dim: int

    part = "segment"
    letters: ClassVar[Mapping[str, str]] = {"num_segments": "G", "embed_dim": "d"}

    def __post_init__(self) -> None:
        keep_whole(self, 1, "num_segments", "embed_dim")

    def rows(self) -> Number:
        return self.num_segments

    def does(self, shape: Shape, output: Shape, setting: Setting) -> Does:
        looked = Operation(Kind.LOOKUP, Role.WEIGHTS, times(setting.batch, values(output)), self.num_segments)
        return {self.part: (looked, *super().does(shape, output, setting)[self.part])}


# ---- What people believe instead ---------------------------------------------------------------


@belief(
    "positions-added-to-width",
    Message("You added the two sizes: the table has a row for each place, so they multiply."),
    _Rows, STORED,
)  # fmt: skip
class _SizesOfTableAdded(_Rows):
    def holds(self) -> Holds:
        return {
            part: tuple([one._replace(size=add(self.rows(), self.embed_dim)) for one in held])  # type: ignore[attr-defined]
            for part, held in super().holds().items()
        }


@belief(
    "one-value-a-position",
    Message("You counted one value for each row: a row is as long as the features of a token."),
    _Rows, STORED,
)  # fmt: skip
class _OneValueAPosition(_Rows):
    def holds(self) -> Holds:
        return {
            part: tuple([one._replace(size=self.rows()) for one in held])
            for part, held in super().holds().items()
        }


@belief(
    "one-row-of-positions",
    Message("You counted one row: the table has one for each place."),
    LearnedPositions, STORED, lambda layer: int(layer.rows()) != layer.embed_dim,  # type: ignore[attr-defined]
)  # fmt: skip
class _OneRowOfPositions(LearnedPositions):
    def holds(self) -> Holds:
        return {
            part: tuple([one._replace(size=self.embed_dim) for one in held])
            for part, held in super().holds().items()
        }


@belief(
    "positions-need-no-table",
    Message("You left out the rows of places: they are trained, and kept with the weights."),
    LearnedPositions, STORED,
)  # fmt: skip
class _PositionsNeedNoTable(LearnedPositions):
    def holds(self) -> Holds:
        return {}


@belief(
    "positions-with-bias",
    Message("You added biases: a row is added as it stands, and there is none beside it."),
    _Rows, STORED,
)  # fmt: skip
class _PositionsWithBias(_Rows):
    def holds(self) -> Holds:
        return {
            part: (*held, Held("bias", self.embed_dim))  # type: ignore[attr-defined]
            for part, held in super().holds().items()
        }


belief(
    "spare-rows-forgotten",
    Message("You counted a row for each place: this table keeps more rows, which belong to none."),
    LearnedPositions, STORED, lambda layer: bool(getattr(layer, "spare_rows", 0)),
)(having(spare_rows=0))  # fmt: skip


belief(
    "sines-are-never-stored",
    Message("You took the table for worked out anew: here it is stored, although no gradient changes it."),
    SinusoidalPositions, STORED, lambda layer: getattr(layer, "stored", False),
)(having(stored=False))  # fmt: skip


belief(
    "sines-are-always-stored",
    Message("You counted the table: sines and cosines are worked out here, and nothing is stored."),
    SinusoidalPositions, STORED, lambda layer: not getattr(layer, "stored", True),
)(having(stored=True))  # fmt: skip


@belief(
    "one-segment",
    Message("You counted one segment: each segment has a row of its own."),
    Segments, STORED, lambda layer: int(getattr(layer, "num_segments", 1)) > 1,
)  # fmt: skip
class _OneSegment(Segments):
    def rows(self) -> Number:
        return 1


@belief(
    "position-by-product",
    Message("You multiplied with the table: a row of it is added, which takes no product."),
    _Rows, {Quantity.MACS, Quantity.FLOPS},
)  # fmt: skip
class _PositionByProduct(_Rows):
    def does(self, shape: Shape, output: Shape, setting: Setting) -> Does:
        amount = times(setting.batch, values(output))
        length = self.num_positions if isinstance(self, _Positions) else self.rows()  # type: ignore[attr-defined]
        return {self.part: (Operation(Kind.DOT, Role.WEIGHTS, amount, length),)}


@belief(
    "position-as-weight",
    Message("You counted a product for each value: the row is added, and nothing is multiplied."),
    _Rows, {Quantity.MACS},
)  # fmt: skip
class _PositionAsWeight(_Rows):
    def does(self, shape: Shape, output: Shape, setting: Setting) -> Does:
        return {self.part: (Operation(Kind.DOT, Role.WEIGHTS, times(setting.batch, values(output)), 1),)}


@belief(
    "whole-position-table-added",
    Message("You counted every row of the table: only those of the tokens that are there are added."),
    _Rows, {Quantity.MACS, Quantity.FLOPS},
)  # fmt: skip
class _WholePositionTable(_Rows):
    def does(self, shape: Shape, output: Shape, setting: Setting) -> Does:
        every = self.num_positions if isinstance(self, _Positions) else self.rows()  # type: ignore[attr-defined]
        added = times(setting.batch, times(every, shape[1]))
        return {self.part: (Operation(Kind.DOT, Role.WEIGHTS, added, 1),)}


@belief(
    "position-square",
    Message("You let every token meet every other: here each is met by the row of its own place alone."),
    _Rows, {Quantity.MACS},
)  # fmt: skip
class _PositionSquare(_Rows):
    def does(self, shape: Shape, output: Shape, setting: Setting) -> Does:
        pairs: Any = times(times(setting.batch, shape[0]), shape[0])
        return {self.part: (Operation(Kind.DOT, Role.WEIGHTS, pairs, shape[1]),)}


@belief(
    "one-token-positioned",
    Message("You counted one token: each gets a row, and is written with it."),
    _Rows, WRITTEN,
)  # fmt: skip
class _OneTokenPositioned(_Rows):
    def transform(self, shape: Shape) -> Shape:
        return Sequence((1, shape[1]))
