"""What a step of training computes: forward, backward, forward again where blocks are recomputed.

Two products in the backward pass for each in the forward pass, as far as somebody wants them (see `flow`).
Source: Kaplan et al. 2020, section 2.1; Chen et al. 2016 (recomputation); Korthikanti et al. 2022, section 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Unpack

from layercost.analysis.flow import PRODUCTS, Passes, Place, passes, places
from layercost.convention import TWO_A_MAC, Convention, UnknownNameError, convention_named
from layercost.counting import usual_input
from layercost.layer import Call, Layer
from layercost.layers.activation import Dropout
from layercost.layers.feed_forward import FeedForward, MixtureOfExperts
from layercost.layers.joins import Add
from layercost.layers.reshaping import Identity
from layercost.message import Message
from layercost.setting import Given, setting_of
from layercost.shape import Sequence, ShapeError, Tokens

RECOMPUTE = {
    "none": Message("every value that the backward pass needs is kept"),
    "full": Message(
        "each block keeps its input alone and runs forward again; what is outside of blocks is not"
    ),
    "until-needed": Message(
        "as full, but a block stops once everything that is needed is there: a last map whose result only "
        "enters a sum does not run again (torch's use_reentrant=False, without dropout behind that map)"
    ),
    "fused-attention": Message(
        "a fused attention keeps no scores and computes them again in the backward pass: five products there "
        "in place of four"
    ),
    "selective": Message("scores, softmax and context of attention run again; everything else is kept"),
}
SELECTED = ("scores", "softmax", "context")


class CallCost(NamedTuple):
    """One call of a layer in a step: where, what, the block that it stands in, and its products."""

    path: str
    layer: Layer
    block: str
    parts: tuple[Passes, ...]
    ends: str = ""  # the part with which a block ends, where its result only enters a sum

    @property
    def forward(self) -> int:
        """The products of the forward pass."""
        return sum(part.forward for part in self.parts)

    @property
    def backward(self) -> int:
        """The products of the backward pass."""
        return sum(part.backward for part in self.parts)

    def again(self, recompute: str) -> int:
        """What runs forward a second time."""
        if recompute == "full":
            return self.forward if self.block else 0
        if recompute == "until-needed":
            needed = [part.forward for part in self.parts if part.part != self.ends or not part.part]
            return sum(needed) if self.block else 0
        again = {"selective": SELECTED, "fused-attention": SELECTED[:1]}.get(recompute, ())
        return sum(part.forward for part in self.parts if part.part in again)


class Step(NamedTuple):
    """The operations of one step of training, in the unit of `convention`."""

    calls: tuple[CallCost, ...]
    convention: str
    unit: str
    recompute: str
    batch: int
    length: int

    @property
    def tokens(self) -> int:
        """The tokens of all samples."""
        return self.batch * self.length

    @property
    def forward(self) -> int:
        """The forward pass."""
        return sum(call.forward for call in self.calls)

    @property
    def backward(self) -> int:
        """The backward pass: gradients of what is trained, and of the values on the way to it."""
        return sum(call.backward for call in self.calls)

    @property
    def recomputed(self) -> int:
        """What runs forward a second time, so that it need not be kept."""
        return sum(call.again(self.recompute) for call in self.calls)

    @property
    def total(self) -> int:
        """Everything that runs."""
        return self.forward + self.backward + self.recomputed

    @property
    def model(self) -> int:
        """What the model asks for: forward and backward, whatever is recomputed (the M of MFU)."""
        return self.forward + self.backward

    @property
    def blocks(self) -> int:
        """The forward pass of all blocks."""
        return sum(call.forward for call in self.calls if call.block)

    def data(self) -> dict[str, object]:
        """The same as plain data, as JSON has it."""
        names = ("forward", "backward", "recomputed", "total")
        return {
            **{name: getattr(self, name) for name in names},
            "unit": self.unit, "convention": self.convention, "recompute": self.recompute,
            "tokens": self.tokens,
        }  # fmt: skip


def training_step(
    model: Layer,
    input_shape: Iterable[object] | None = None,
    convention: str | Convention = TWO_A_MAC,
    *,
    recompute: str = "none",
    unused: Iterable[str] = (),
    **setting: Unpack[Given],
) -> Step:
    """The operations of one step of training: forward, backward, and with `recompute` forward again.

    Products alone are counted (a backward pass of softmax or a norm has no price here), under a convention
    that prices them by their length. What is frozen has no gradient of its own, what is fed with data has
    none of its input, and what the output does not depend on has none at all. `recompute` is "none", "full"
    (each block, entirely), "until-needed", "fused-attention" or "selective" (the products of attention), as
    in `RECOMPUTE`.
    `unused` are names of layers on whose results the loss does not depend, as a pooler's.
    Raises ShapeError and UnknownNameError.

    >>> from layercost import Linear, ReLU, Sequential
    >>> step = training_step(Sequential(Linear(4, 8), ReLU(), Linear(8, 2)), (4,))
    >>> step.forward, step.backward
    (96, 128)
    """
    chosen, plain = _by_length(convention), setting_of(setting)
    if recompute not in RECOMPUTE:
        raise UnknownNameError(Message("recomputation"), recompute, RECOMPUTE)
    if int(plain.cached):
        raise ShapeError(Message("training reads whole texts, so it has no cached tokens"))
    shapes = usual_input(model, input_shape, Message("a step of training"))
    calls = list(model.calls(*shapes))
    walked = places(model, len(shapes), unused)
    known: dict[object, tuple[Passes, ...]] = {}  # blocks are alike: each kind is worked out once

    def of(call: Call, place: Place) -> tuple[Passes, ...]:
        needs = tuple([value.needs for value in place.inputs])
        kind = (call.layer, call.inputs, call.runs(plain), call.once, needs, place.reaches)
        if kind not in known:
            known[kind] = tuple(passes(call, place, chosen, plain))
        return known[kind]

    costs = [
        CallCost(call.path, call.layer, block_of(call.path), of(call, place))
        for call, place in zip(calls, walked, strict=True)
    ]
    costs = list(_with_ends(costs))
    return Step(tuple(costs), chosen.name, chosen.unit, recompute, int(plain.batch), length_of(calls))


def _with_ends(costs: list[CallCost]) -> Iterator[CallCost]:
    """The calls, of which the last one of each block that multiplies says with which product it ends."""
    last: dict[str, int] = {}
    for place, cost in enumerate(costs):
        if cost.block and not isinstance(cost.layer.at_work, (Add, Dropout, Identity)):
            last[cost.block] = place
    for place, cost in enumerate(costs):
        yield cost._replace(ends=_end(cost)) if last.get(cost.block) == place else cost


def _end(cost: CallCost) -> str:
    """The last map of a feed-forward; of a mixture that of its shared expert, whose result is not weighed."""
    works = cost.layer.at_work
    if isinstance(works, FeedForward):
        return "down"
    if isinstance(works, MixtureOfExperts) and works.shared_dim and not works.shared_gate:
        return "shared_expert.down"
    return ""


def block_of(path: str) -> str:
    """The block that a call stands in: its path up to the last number, as ``layers.3``; empty outside."""
    parts = path.split(".")
    numbered = [place for place, part in enumerate(parts[:-1]) if part.isdigit()]
    return ".".join(parts[: numbered[-1] + 1]) if numbered else ""


def length_of(calls: list[Call]) -> int:
    """How many tokens one sample has: those of the longest sequence that a layer reads."""
    read = [shape for call in calls for shape in call.inputs if isinstance(shape, (Sequence, Tokens))]
    return max([int(shape[0]) for shape in read], default=1)


def _by_length(convention: str | Convention) -> Convention:
    """A convention whose prices grow with the length alone, so that both passes have the same ones."""
    chosen = convention_named(convention)
    for key, price in chosen.prices.items():
        kind = key[0] if isinstance(key, tuple) else key
        if kind not in PRODUCTS or price.once:
            raise ShapeError(
                Message(
                    "the backward pass is counted under a convention that prices products alone, by their "
                    "length: two-a-mac, causal-half or macs, but got {name}",
                    name=chosen.name,
                )
            )
    return chosen
