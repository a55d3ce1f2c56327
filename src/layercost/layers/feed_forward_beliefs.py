"""What people believe instead of feed-forward layers and mixtures of them: matrices, widths, experts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from layercost.convention import Quantity
from layercost.expression import Number, times
from layercost.facts import Held
from layercost.layer import Layer
from layercost.layers.attention_beliefs import without
from layercost.layers.feed_forward import FeedForward, MixtureOfExperts
from layercost.layers.parted import Does, Holds, Parted
from layercost.message import Message
from layercost.misconception import ACTIVE, PRICED, STORED, WRITTEN, belief, having
from layercost.setting import Setting
from layercost.shape import Sequence, Shape


def _is_gated(layer: Layer) -> bool:
    return _has_maps(layer) and bool(layer.gated)  # type: ignore[attr-defined]


def _has_maps(layer: Layer) -> bool:
    return isinstance(layer, (FeedForward, MixtureOfExperts))


belief(
    "gate-forgotten",
    Message("You counted two matrices: with a gate there are three, one up, one for the gate, one down."),
    Parted, STORED | PRICED | ACTIVE, _is_gated,
)(having(gated=False))  # fmt: skip

belief(
    "gate-not-asked-for",
    Message("You counted a gate: here there are two matrices, one up and one down."),
    Parted, STORED | PRICED, lambda layer: _has_maps(layer) and not _is_gated(layer),
)(having(gated=True))  # fmt: skip


@belief(
    "map-down-forgotten",
    Message("You left out the map down: what is widened is brought back to the tokens' width."),
    FeedForward, STORED | PRICED,
)  # fmt: skip
class _MapDownForgotten(FeedForward):
    def holds(self) -> Holds:
        return without(super().holds(), "down")

    def does(self, *shapes: Any, **call: Any) -> Does:
        return without(super().does(*shapes, **call), "down")


@belief(
    "width-not-multiplied",
    Message("You took the inner layer to be as wide as the tokens: its width is given."),
    FeedForward, STORED | PRICED,
)  # fmt: skip
def _width_not_multiplied(layer: Layer) -> Layer:
    assert isinstance(layer, FeedForward)
    return replace(layer, hidden_dim=layer.embed_dim)


@belief(
    "four-times-the-width",
    Message("You took four times the width: many models have that, and here the inner width is given."),
    FeedForward, STORED | PRICED,
)  # fmt: skip
def _four_times_the_width(layer: Layer) -> Layer:
    assert isinstance(layer, FeedForward)
    return replace(layer, hidden_dim=4 * layer.embed_dim)


def _has_bias(layer: Layer) -> bool:
    return _has_maps(layer) and bool(layer.bias)  # type: ignore[attr-defined]


@belief(
    "outer-bias-forgotten",
    Message("You left out the biases of the map down: each of its outputs has one, too."),
    FeedForward, STORED | {Quantity.FLOPS}, _has_bias,
)  # fmt: skip
class _OuterBiasForgotten(FeedForward):
    def holds(self) -> Holds:
        held = super().holds()
        return {**held, "down": tuple([one for one in held.get("down", ()) if not one.is_bias])}

    def does(self, *shapes: Any, **call: Any) -> Does:
        done = super().does(*shapes, **call)
        return {**done, "down": done.get("down", ())[:1]}


@belief(
    "one-token",
    Message("You counted one token: the same maps are applied to each, so each takes the operations again."),
    Parted, PRICED, _has_maps,
)  # fmt: skip
class _OneToken(Parted):
    def does(self, shape: Shape, output: Shape, setting: Setting) -> Does:
        return super().does(Sequence((1, *shape[1:])), output, setting)


@belief(
    "inner-width-written",
    Message("You counted the inner values: they are used inside, and what is written has the tokens' width."),
    FeedForward, WRITTEN,
)  # fmt: skip
class _InnerWidthWritten(FeedForward):
    def written(self, output: Shape, setting: Setting) -> Number:
        return times(times(setting.batch, output[0]), self.hidden_dim)


@belief(
    "every-map-written",
    Message("You counted what every map gives: the inner values are used inside, and one row is written."),
    FeedForward, WRITTEN,
)  # fmt: skip
class _EveryMapWritten(FeedForward):
    def written(self, output: Shape, setting: Setting) -> Number:
        inner = times(len(self.holds()) - 1, self.hidden_dim)
        return super().written(output, setting) + times(times(setting.batch, output[0]), inner)


# ---- experts -----------------------------------------------------------------------------------


@belief(
    "one-expert-held",
    Message("You counted one expert: all of them are stored, whichever a token passes."),
    MixtureOfExperts, STORED,
)  # fmt: skip
class _OneExpertHeld(MixtureOfExperts):
    def holds(self) -> Holds:
        return {**super().holds(), "experts": self.one_expert}


@belief(
    "chosen-experts-held",
    Message("You counted the experts that a token passes: all of them are stored, for others to pass."),
    MixtureOfExperts, STORED,
)  # fmt: skip
class _ChosenExpertsHeld(MixtureOfExperts):
    def holds(self) -> Holds:
        chosen = tuple([Held(name, times(self.top_k, size)) for name, size in self.one_expert])
        return {**super().holds(), "experts": chosen}


@belief(
    "router-forgotten",
    Message("You left out the router: a map from each token to a score for each expert chooses them."),
    MixtureOfExperts, STORED | PRICED | ACTIVE,
)  # fmt: skip
class _RouterForgotten(MixtureOfExperts):
    def holds(self) -> Holds:
        return without(super().holds(), "router")

    def does(self, *shapes: Any, **call: Any) -> Does:
        return without(super().does(*shapes, **call), "router")


belief(
    "shared-expert-forgotten",
    Message("You left out the shared expert: every token passes it, beside those that are chosen."),
    MixtureOfExperts, STORED | PRICED | ACTIVE, lambda layer: int(getattr(layer, "shared_dim", 0)) > 0,
)(having(shared_dim=0, shared_gate=False))  # fmt: skip

belief(
    "shared-gate-forgotten",
    Message("You left out the gate of the shared expert: it is one more row of weights."),
    MixtureOfExperts, STORED | PRICED | ACTIVE, lambda layer: getattr(layer, "shared_gate", False),
)(having(shared_gate=False))  # fmt: skip


@belief(
    "all-experts-run",
    Message("You ran all experts: a token passes those alone that its router chooses."),
    MixtureOfExperts, PRICED,
)  # fmt: skip
def _all_experts_run(layer: Layer) -> Layer:
    assert isinstance(layer, MixtureOfExperts)
    return replace(layer, top_k=layer.num_experts)


belief(
    "one-expert-run",
    Message("You ran one expert: a token passes several, and their results are added up."),
    MixtureOfExperts, PRICED, lambda layer: getattr(layer, "top_k", 1) > 1,
)(having(top_k=1))  # fmt: skip


@belief(
    "rows-of-chosen-experts-written",
    Message("You counted a row for each chosen expert: their results are added up to one."),
    MixtureOfExperts, WRITTEN,
)  # fmt: skip
class _RowsOfChosenExpertsWritten(MixtureOfExperts):
    def written(self, output: Shape, setting: Setting) -> Number:
        return times(self.top_k, super().written(output, setting))


@belief(
    "rows-of-all-experts-written",
    Message("You counted a row for each expert: a token passes few of them, and one row is written."),
    MixtureOfExperts, WRITTEN,
)  # fmt: skip
class _RowsOfAllExpertsWritten(MixtureOfExperts):
    def written(self, output: Shape, setting: Setting) -> Number:
        return times(self.num_experts, super().written(output, setting))


@belief(
    "scores-of-experts-written",
    Message("You counted the router's scores: they are used inside, and one row a token is written."),
    MixtureOfExperts, WRITTEN,
)  # fmt: skip
class _ScoresOfExpertsWritten(MixtureOfExperts):
    def written(self, output: Shape, setting: Setting) -> Number:
        return times(times(setting.batch, output[0]), self.num_experts)
