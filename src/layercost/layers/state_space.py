"""State-space models: a state that each token changes and reads, where attention would look back.

The state has the same size however many tokens there were, so a new token costs the same each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from layercost.expression import Number, add, ceil_div, define, times
from layercost.facts import Held, Kind, Operation, Role
from layercost.frozen import frozen
from layercost.layer import LAYERS, keep_flags, keep_whole, register
from layercost.layers.attention import check_width
from layercost.layers.feed_forward import activated, keep_activation
from layercost.layers.parted import FIRST, Does, Holds, Maps, Parted, Sources, matrix, products
from layercost.message import Message
from layercost.misconception import PRICED, STORED, WRITTEN, belief, having
from layercost.setting import Setting
from layercost.shape import Sequence, Shape


@register
@frozen
class MambaBlock(Parted):
    """``(T, embed_dim)`` to ``(T, embed_dim)``: a state of ``state_size`` values a channel, token by token.

    A token is mapped to D = ``expand * embed_dim`` channels and as many gates (in_proj); each channel passes
    a convolution over the last `conv_kernel` tokens; x_proj makes of it a step of `time_step_rank` values
    (without it ``embed_dim / 16``, rounded up), what enters the state and what is read; dt_proj gives each
    channel its step. The state decays by A_log and its step, takes what enters, and is read by one product;
    D adds the channel itself, the gate multiplies, and out_proj maps back.
    The plain code pads the convolution on both sides and computes ``conv_kernel - 1`` places more than there
    are tokens, one more where tokens are cached; these are noted beside as masked, since nothing reads them.
    Kept of a sequence: the state, and the last `conv_kernel` inputs of the convolution.
    Source: Gu, Dao 2023, Mamba, section 3 and algorithm 2; arguments as its configuration.
    """

    embed_dim: int
    expand: int = 2
    state_size: int = 16
    conv_kernel: int = 4
    time_step_rank: int | None = None
    bias: bool = False
    conv_bias: bool = True
    activation: str = "SiLU"

    takes = Sequence
    kind = "ssm"
    letters: ClassVar[Mapping[str, str]] = {
        "embed_dim": "d", "expand": "e", "state_size": "N_s", "conv_kernel": "c", "time_step_rank": "R",
    }  # fmt: skip
    axis_letters: ClassVar[Mapping[str, str]] = {"F": "d"}

    def __post_init__(self) -> None:
        keep_whole(self, 1, "embed_dim", "expand", "state_size", "conv_kernel")
        if self.time_step_rank is not None:
            keep_whole(self, 1, "time_step_rank")
        keep_flags(self, "bias", "conv_bias")
        keep_activation(self)

    def check(self, shape: Shape) -> None:
        check_width(self, shape, self.embed_dim)

    # ---- sizes

    @property
    def channels(self) -> Number:
        """The channels that have a state each."""
        return define("D", times(self.expand, self.embed_dim))

    @property
    def rank(self) -> Number:
        """The values from which the steps of all channels are made."""
        return (
            define("R", ceil_div(self.embed_dim, 16)) if self.time_step_rank is None else self.time_step_rank
        )

    @property
    def made(self) -> Number:
        """What x_proj gives: the short step, what enters the state, and what is read of it."""
        return add(self.rank, times(2, self.state_size))

    def _maps(self) -> dict[str, tuple[Number, Number, bool]]:
        """Inputs, outputs and whether there is a bias, of each linear map."""
        inner = self.channels
        return {
            "in_proj": (self.embed_dim, times(2, inner), self.bias),
            "x_proj": (inner, self.made, False),
            "dt_proj": (self.rank, inner, True),
            "out_proj": (inner, self.embed_dim, self.bias),
        }

    def maps(self) -> Maps:
        return self._maps()

    def sources(self) -> Sources:
        read = {"in_proj": (FIRST,), "conv": ("in_proj",), "x_proj": ("conv",), "dt_proj": ("x_proj",)}
        return {**read, "scan_output": ("dt_proj", "x_proj"), "out_proj": ("in_proj", "scan_output")}

    def computed_places(self, tokens: Number, setting: Setting) -> tuple[Number, Number]:
        """At how many places the convolution is computed, and at how many of them for nothing."""
        more: Number = 1 if int(setting.cached) else self.conv_kernel - 1
        return add(tokens, more), more

    # ---- what it holds and does

    def holds(self) -> Holds:
        maps = {name: matrix(*sizes) for name, sizes in self._maps().items()}
        inner = self.channels
        conv = Held("weight", times(inner, self.conv_kernel))
        return {
            "in_proj": maps["in_proj"],
            "conv": (conv, Held("bias", inner)) if self.conv_bias else (conv,),
            "x_proj": maps["x_proj"],
            "dt_proj": maps["dt_proj"],
            "A_log": (Held("weight", times(inner, self.state_size)),),
            "D": (Held("weight", inner),),
            "out_proj": maps["out_proj"],
        }

    def does(self, shape: Shape, output: Shape, setting: Setting) -> Does:
        rows, inner = times(setting.batch, shape[0]), self.channels
        done = {name: products(rows, *sizes) for name, sizes in self._maps().items()}
        return {
            "in_proj": done["in_proj"],
            "conv": (
                *self._convolved(shape[0], setting),
                *activated(self.activation, rows, inner, gated=False),
            ),
            "x_proj": done["x_proj"],
            "dt_proj": (*done["dt_proj"], *_softplus(rows, inner)),
            "scan": self._scanned(rows),
            "scan_output": (Operation(Kind.DOT, Role.PRODUCT, times(rows, inner), self.state_size),),
            "D": (
                Operation(Kind.MULTIPLY, Role.ELEMENTWISE, times(rows, inner)),
                Operation(Kind.ADD, Role.ELEMENTWISE, times(rows, inner)),
            ),
            "gate": activated(self.activation, rows, inner, gated=True),
            "out_proj": done["out_proj"],
        }

    def _convolved(self, tokens: Number, setting: Setting) -> tuple[Operation, ...]:
        """Each channel alone: a dot product over its last tokens, at each place that is computed."""
        every, unread = self.computed_places(tokens, setting)
        amount = times(times(setting.batch, every), self.channels)
        dots = [Operation(Kind.DOT, Role.WEIGHTS, amount, self.conv_kernel)]
        if int(unread):
            wasted = times(times(setting.batch, unread), self.channels)
            dots.append(Operation(Kind.MASKED, Role.WEIGHTS, wasted, self.conv_kernel))
        return (*dots, Operation(Kind.ADD, Role.BIAS, amount)) if self.conv_bias else tuple(dots)

    def _scanned(self, rows: Number) -> tuple[Operation, ...]:
        """How fast each state decays, what enters it, and the sum of what is left and what enters."""
        decays = times(self.channels, self.state_size)
        states = times(rows, decays)
        return (
            Operation(Kind.EXPONENTIAL, Role.ELEMENTWISE, add(decays, states)),
            Operation(Kind.NEGATE, Role.ELEMENTWISE, decays),
            Operation(Kind.MULTIPLY, Role.ELEMENTWISE, times(4, states)),
            Operation(Kind.ADD, Role.ELEMENTWISE, states),
        )

    def kept(self, shape: Shape, setting: Setting) -> tuple[Held, ...]:
        inner = times(setting.batch, self.channels)
        return (
            Held("state", times(inner, self.state_size)),
            Held("convolved", times(inner, self.conv_kernel)),
        )


def _softplus(rows: Number, width: Number) -> tuple[Operation, ...]:
    shape = Sequence((rows, width))
    return LAYERS["Softplus"]().operations(shape, output=shape, setting=Setting())


# ---- What people believe instead ---------------------------------------------------------------

WEIGHED = STORED | PRICED


@belief(
    "mamba-without-gate",
    Message("You left out the gates: in_proj gives as many gates as channels, so twice D."),
    MambaBlock, WEIGHED,
)  # fmt: skip
class _MambaWithoutGate(MambaBlock):
    def _maps(self) -> dict[str, tuple[Number, Number, bool]]:
        return {**super()._maps(), "in_proj": (self.embed_dim, self.channels, self.bias)}


belief(
    "mamba-not-expanded",
    Message("You kept the width of a token: the channels are more by the factor of expansion."),
    MambaBlock, WEIGHED, lambda layer: int(getattr(layer, "expand", 1)) > 1,
)(having(expand=1))  # fmt: skip


@belief(
    "state-of-one-channel",
    Message("You counted the state of one channel: each channel has a state of its own."),
    MambaBlock, STORED,
)  # fmt: skip
class _StateOfOneChannel(MambaBlock):
    def holds(self) -> Holds:
        return {**super().holds(), "A_log": (Held("weight", self.state_size),)}


@belief(
    "mamba-convolution-connected",
    Message("You let the convolution read all channels: each channel is convolved alone."),
    MambaBlock, WEIGHED,
)  # fmt: skip
class _MambaConvolutionConnected(MambaBlock):
    def holds(self) -> Holds:
        weight, *bias = super().holds()["conv"]
        return {**super().holds(), "conv": (weight._replace(size=times(self.channels, weight.size)), *bias)}

    def _convolved(self, tokens: Number, setting: Setting) -> tuple[Operation, ...]:
        return tuple(
            one._replace(length=times(self.channels, one.length)) if one.kind is Kind.DOT else one
            for one in super()._convolved(tokens, setting)
        )


@belief(
    "one-matrix-for-x",
    Message("You counted one vector of the state: x_proj gives what enters and what is read, and the step."),
    MambaBlock, WEIGHED,
)  # fmt: skip
class _OneMatrixForX(MambaBlock):
    @property
    def made(self) -> Number:
        return add(self.rank, self.state_size)


@belief(
    "steps-of-full-rank",
    Message("You gave the steps a full matrix: they are made from a few values."),
    MambaBlock, WEIGHED,
)  # fmt: skip
class _StepsOfFullRank(MambaBlock):
    @property
    def rank(self) -> Number:
        return self.channels


@belief(
    "padded-places-forgotten",
    Message("You counted one place a token: the plain code computes the convolution beyond the last token."),
    MambaBlock, PRICED,
)  # fmt: skip
class _PaddedPlacesForgotten(MambaBlock):
    def computed_places(self, tokens: Number, setting: Setting) -> tuple[Number, Number]:
        return tokens, 0


@belief(
    "state-read-for-nothing",
    Message("You left out how the state is read: each channel takes one product over its state a token."),
    MambaBlock, PRICED,
)  # fmt: skip
class _StateReadForNothing(MambaBlock):
    def does(self, shape: Shape, output: Shape, setting: Setting) -> Does:
        done = super().does(shape, output, setting)
        return {part: every for part, every in done.items() if part != "scan_output"}


@belief(
    "tokens-look-back",
    Message("You let tokens look back at each other: this layer has a state, and no scores."),
    MambaBlock, PRICED,
)  # fmt: skip
class _TokensLookBack(MambaBlock):
    def does(self, shape: Shape, output: Shape, setting: Setting) -> Does:
        amount = times(times(setting.batch, shape[0]), times(2, self.embed_dim))
        looked = Operation(Kind.DOT, Role.PRODUCT, amount, shape[0])
        return {**super().does(shape, output, setting), "attention": (looked,)}


@belief(
    "channels-written",
    Message("You counted the channels inside: what is written has the width of a token again."),
    MambaBlock, WRITTEN,
)  # fmt: skip
class _ChannelsWritten(MambaBlock):
    def transform(self, shape: Shape) -> Shape:
        return Sequence((shape[0], self.channels))
