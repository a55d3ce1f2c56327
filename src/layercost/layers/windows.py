"""Attention inside of windows: each cell of an image looks at the cells of its window alone.

So the products grow with the cells, not with their square. Every second layer moves the windows by half, so
that what was apart meets; what comes together from opposite borders of the image is masked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from layercost.convention import Quantity
from layercost.expression import Number, add, ceil_div, define, exact_div, times
from layercost.facts import Held, Kind, Operation, Role
from layercost.frozen import frozen
from layercost.layer import LayerError, keep_flags, keep_whole, register
from layercost.layers.parted import FIRST, Does, Holds, Maps, Parted, Sources, matrix, products
from layercost.layers.sliding import check_channels
from layercost.message import Message
from layercost.misconception import PRICED, STORED, WRITTEN, belief, having
from layercost.setting import Setting
from layercost.shape import Image, Shape


@register
@frozen
class WindowAttention(Parted):
    """``(embed_dim, H, W)`` to the same shape: each cell attends to those of its window.

    Windows of `window_size` by `window_size` cells; zeros at the end complete the image to whole windows, and
    are mapped as all cells are. A table of ``(2 w - 1)^2`` distances has a trained value for each head.
    `shifted`: the windows stand half a window further, around the border; pairs that only meet so are masked.
    An image no larger than a window is not shifted. `bias` is that of queries, keys and values, and of the
    output unless `out_bias` says otherwise.
    Source: Liu et al. 2021, Swin Transformer, section 3.2.
    """

    embed_dim: int
    num_heads: int
    window_size: int
    shifted: bool = False
    bias: bool = True
    out_bias: bool | None = None

    kind = "attention"
    takes = Image
    letters: ClassVar[Mapping[str, str]] = {"embed_dim": "d", "num_heads": "h", "window_size": "w"}
    axis_letters: ClassVar[Mapping[str, str]] = {"C": "d"}

    def __post_init__(self) -> None:
        keep_whole(self, 1, "embed_dim", "num_heads", "window_size")
        keep_flags(self, "shifted", "bias")
        if self.out_bias is not None:
            keep_flags(self, "out_bias")
        if self.embed_dim % self.num_heads:
            raise LayerError(
                Message(
                    "WindowAttention: num_heads must divide embed_dim, but {heads} heads do not divide "
                    "{width}",
                    heads=self.num_heads, width=self.embed_dim,
                )
            )  # fmt: skip

    def check(self, shape: Shape) -> None:
        check_channels(self, self.embed_dim, shape)

    # ---- sizes

    @property
    def key_size(self) -> Number:
        """The size of a head's queries, keys and values."""
        return define("k", exact_div(self.embed_dim, self.num_heads))

    @property
    def cells(self) -> Number:
        """The cells of a window."""
        return define("M", times(self.window_size, self.window_size))

    @property
    def distances(self) -> Number:
        """How many distances there are between two cells of a window."""
        side = 2 * self.window_size - 1
        return times(side, side)

    def windows(self, shape: Shape) -> tuple[Number, Number]:
        """How many windows cover the height and the width."""
        rows, columns = shape[1], shape[2]
        return define("n_h", ceil_div(rows, self.window_size)), define(
            "n_w", ceil_div(columns, self.window_size)
        )

    def moves(self, shape: Shape) -> bool:
        """Whether the windows stand elsewhere than before: an image of one window has no other place."""
        shift = int(self.window_size) // 2
        return self.shifted and shift > 0 and min(int(shape[1]), int(shape[2])) > int(self.window_size)

    # ---- what it holds and does

    def holds(self) -> Holds:
        d = self.embed_dim
        out_bias = self.bias if self.out_bias is None else self.out_bias
        return {
            **{part: matrix(d, d, self.bias) for part in "qkv"},
            "o": matrix(d, d, out_bias),
            "relative_bias": (Held("weight", times(self.distances, self.num_heads)),),
        }

    def maps(self) -> Maps:
        d, out_bias = self.embed_dim, self.bias if self.out_bias is None else self.out_bias
        return {**dict.fromkeys("qkv", (d, d, self.bias)), "o": (d, d, out_bias)}

    def sources(self) -> Sources:
        made = dict.fromkeys("qkv", (FIRST,))
        return {**made, "scores": ("q", "k"), "context": ("scores", "v"), "o": ("context",)}

    def does(self, shape: Shape, output: Shape, setting: Setting) -> Does:
        d, (rows, columns) = self.embed_dim, self.windows(shape)
        windows = times(setting.batch, times(rows, columns))
        tokens = times(windows, self.cells)
        out_bias = self.bias if self.out_bias is None else self.out_bias
        return {
            **{part: products(tokens, d, d, self.bias) for part in "qkv"},
            **self._looked(windows, shape, setting),
            "o": products(tokens, d, d, out_bias),
        }

    def _looked(self, windows: Number, shape: Shape, setting: Setting) -> Does:
        rows = times(times(windows, self.num_heads), self.cells)
        scores = times(rows, self.cells)
        masked = self._masked(shape, setting)
        added = times(2, scores) if masked else scores  # the table's value, and the mask
        return {
            "scores": (
                Operation(Kind.DOT, Role.PRODUCT, scores, self.key_size),
                *masked,
                Operation(Kind.MULTIPLY, Role.ELEMENTWISE, scores),
                Operation(Kind.ADD, Role.ELEMENTWISE, added),
            ),
            "softmax": (Operation(Kind.SOFTMAX, Role.ACTIVATION, rows, self.cells),),
            "context": (
                Operation(Kind.DOT, Role.PRODUCT, times(rows, self.key_size), self.cells),
                *masked,
            ),
        }

    def _masked(self, shape: Shape, setting: Setting) -> tuple[Operation, ...]:
        """The multiply-accumulates of pairs that only meet because the windows go around the border."""
        if not self.moves(shape):
            return ()
        rows, columns = self.windows(shape)
        pairs = times(times(rows, columns), times(self.cells, self.cells))
        hidden = pairs - times(self._meeting(rows), self._meeting(columns))
        amount = times(times(setting.batch, self.num_heads), hidden)
        return (Operation(Kind.MASKED, Role.PRODUCT, amount, self.key_size),)

    def _meeting(self, windows: Number) -> Number:
        """Along one axis, the pairs of cells of a window that may meet: the last window is in two parts."""
        w = self.window_size
        shift = define("s", w // 2)
        return add(times(windows - 1, w * w), add((w - shift) * (w - shift), shift * shift))


# ---- What people believe instead ---------------------------------------------------------------

WEIGHED = STORED | PRICED


@belief(
    "window-looks-at-all",
    Message("You let each cell look at the whole image: it looks at the cells of its window alone."),
    WindowAttention, PRICED,
)  # fmt: skip
class _WindowLooksAtAll(WindowAttention):
    def _looked(self, windows: Number, shape: Shape, setting: Setting) -> Does:
        cells = times(shape[1], shape[2])
        scores = times(times(times(setting.batch, self.num_heads), cells), cells)
        return {
            "scores": (Operation(Kind.DOT, Role.PRODUCT, scores, self.key_size),),
            "context": (Operation(Kind.DOT, Role.PRODUCT, scores, self.key_size),),
        }


@belief(
    "one-window",
    Message("You counted one window: as many as cover the image do the same."),
    WindowAttention, PRICED,
)  # fmt: skip
class _OneWindow(WindowAttention):
    def windows(self, shape: Shape) -> tuple[Number, Number]:
        return 1, 1


@belief(
    "window-products-forgotten",
    Message("You left out the products of queries, keys and values: they take no weights, and work."),
    WindowAttention, PRICED,
)  # fmt: skip
class _WindowProductsForgotten(WindowAttention):
    def _looked(self, windows: Number, shape: Shape, setting: Setting) -> Does:
        return {}


@belief(
    "part-of-a-window-forgotten",
    Message("You left out the cells beyond the last whole window: zeros complete the image to whole ones."),
    WindowAttention, PRICED,
)  # fmt: skip
class _PartOfAWindowForgotten(WindowAttention):
    def windows(self, shape: Shape) -> tuple[Number, Number]:
        return shape[1] // self.window_size, shape[2] // self.window_size


@belief(
    "window-output-forgotten",
    Message("You counted queries, keys and values: the output has a map of its own."),
    WindowAttention, WEIGHED,
)  # fmt: skip
class _WindowOutputForgotten(WindowAttention):
    def holds(self) -> Holds:
        return {part: held for part, held in super().holds().items() if part != "o"}

    def does(self, shape: Shape, output: Shape, setting: Setting) -> Does:
        return {part: done for part, done in super().does(shape, output, setting).items() if part != "o"}


@belief(
    "window-table-forgotten",
    Message("You left out the table of distances: it has a trained value for each head."),
    WindowAttention, STORED,
)  # fmt: skip
class _WindowTableForgotten(WindowAttention):
    def holds(self) -> Holds:
        return {part: held for part, held in super().holds().items() if part != "relative_bias"}


@belief(
    "table-of-pairs",
    Message("You gave each pair of cells a value: pairs of the same distance share one, of (2 w - 1)^2."),
    WindowAttention, STORED, lambda layer: int(layer.window_size) > 1,  # type: ignore[attr-defined]
)  # fmt: skip
class _TableOfPairs(WindowAttention):
    @property
    def distances(self) -> Number:
        return times(self.cells, self.cells)


@belief(
    "table-for-all-heads",
    Message("You gave all heads one table: each head has a value of its own for each distance."),
    WindowAttention, STORED, lambda layer: int(layer.num_heads) > 1,  # type: ignore[attr-defined]
)  # fmt: skip
class _TableForAllHeads(WindowAttention):
    def holds(self) -> Holds:
        return {**super().holds(), "relative_bias": (Held("weight", self.distances),)}


@belief(
    "weights-for-each-head",
    Message("You gave each head matrices of the whole width: heads share out the width among them."),
    WindowAttention, WEIGHED, lambda layer: int(layer.num_heads) > 1,  # type: ignore[attr-defined]
)  # fmt: skip
class _WeightsForEachHead(WindowAttention):
    def holds(self) -> Holds:
        held = super().holds()
        return {
            part: tuple([one._replace(size=times(self.num_heads, one.size)) for one in every])
            if part in "qkvo"
            else every
            for part, every in held.items()
        }

    def does(self, shape: Shape, output: Shape, setting: Setting) -> Does:
        done = super().does(shape, output, setting)
        return {
            part: tuple([one._replace(amount=times(self.num_heads, one.amount)) for one in every])
            if part in "qkvo"
            else every
            for part, every in done.items()
        }


@belief(
    "one-window-written",
    Message("You counted the cells of one window: every cell of the image is written."),
    WindowAttention, WRITTEN,
)  # fmt: skip
class _OneWindowWritten(WindowAttention):
    def transform(self, shape: Shape) -> Shape:
        return Image((shape[0], self.window_size, self.window_size))


belief(
    "windows-never-move",
    Message("You left the windows where they were: half a window further, a mask is added to each score."),
    WindowAttention, {Quantity.FLOPS}, lambda layer: getattr(layer, "shifted", False),
)(having(shifted=False))  # fmt: skip
