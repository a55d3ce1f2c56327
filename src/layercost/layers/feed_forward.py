"""What stands beside attention in a block: two or three maps with an activation, once or for many experts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from layercost.expression import Number, add, exact_div, times
from layercost.facts import Held, Kind, Operation, Role
from layercost.frozen import frozen
from layercost.layer import LAYERS, Layer, LayerError, keep_flags, keep_whole, register
from layercost.layers.attention import check_width
from layercost.layers.parted import FIRST, Does, Holds, Maps, Parted, Sources, matrix, products
from layercost.message import Message, listing
from layercost.setting import Setting
from layercost.shape import Sequence, Shape, shown

KNOWN = ("GELU", "ReLU", "SiLU", "Tanh", "Sigmoid", "Identity")
ROUTERS = ("softmax", "chosen", "sigmoid")


@frozen
class _Gated(Parted):
    """What a feed-forward and a mixture of them share: widths, a gate or none, an activation, biases."""

    axis_letters: ClassVar[Mapping[str, str]] = {"F": "d"}
    takes = Sequence

    def check(self, shape: Shape) -> None:
        check_width(self, shape, self.embed_dim)  # type: ignore[attr-defined]


def maps(width: Number, inner: Number, gated: bool, bias: bool) -> Maps:
    """The linear maps of a feed-forward: up to `inner` values, once more for the gate, and down."""
    up = (width, inner, bias)
    return {**({"gate": up} if gated else {}), "up": up, "down": (inner, width, bias)}


def activated(name: str, rows: Number, width: Number, gated: bool) -> tuple[Operation, ...]:
    """An activation of `rows` by `width` values, and with a gate their product with what is gated."""
    shape = Sequence((rows, width))
    done = LAYERS[name]().operations(shape, output=shape, setting=Setting())
    times_gate = Operation(Kind.MULTIPLY, Role.ELEMENTWISE, times(rows, width))
    return (*done, times_gate) if gated else done


def keep_activation(layer: Layer) -> None:
    """Check `activation`: the name of a layer that is a function of each value."""
    name = layer.activation  # type: ignore[attr-defined]
    if name not in KNOWN:
        raise LayerError(
            Message(
                "{layer}: activation must be one of {names}, but got {value}",
                layer=type(layer).__name__, names=listing(map(repr, KNOWN)), value=shown(name),
            )
        )  # fmt: skip


@register
@frozen
class FeedForward(_Gated):
    """``(T, embed_dim)`` to ``(T, embed_dim)``: up to `hidden_dim`, an activation, and down again.

    Each token alone. `gated`: a second map of the token, activated, is multiplied with the first (SwiGLU with
    "SiLU", GeGLU with "GELU"): three matrices in place of two. `activation` is the name of a layer.
    Source: Vaswani et al. 2017, section 3.3; Shazeer 2020, GLU variants improve Transformer.
    """

    embed_dim: int
    hidden_dim: int
    gated: bool = False
    bias: bool = True
    activation: str = "GELU"

    kind = "mlp"
    letters: ClassVar[Mapping[str, str]] = {"embed_dim": "d", "hidden_dim": "f"}

    def __post_init__(self) -> None:
        keep_whole(self, 1, "embed_dim", "hidden_dim")
        keep_flags(self, "gated", "bias")
        keep_activation(self)

    def holds(self) -> Holds:
        return {name: matrix(*sizes) for name, sizes in self._maps().items()}

    def maps(self) -> Maps:
        return self._maps()

    def sources(self) -> Sources:
        return {"gate": (FIRST,), "up": (FIRST,), "down": ("gate", "up")}

    def _maps(self) -> Maps:
        return maps(self.embed_dim, self.hidden_dim, self.gated, self.bias)

    def does(self, shape: Shape, output: Shape, setting: Setting) -> Does:
        rows = times(setting.batch, shape[0])
        done = {name: products(rows, *sizes) for name, sizes in self._maps().items()}
        return {**done, "activation": activated(self.activation, rows, self.hidden_dim, self.gated)}


@register
@frozen
class MixtureOfExperts(_Gated):
    """``(T, embed_dim)`` to ``(T, embed_dim)``: a router sends each token to `top_k` of `num_experts`.

    Every expert is a feed-forward of `hidden_dim`, and their results are added up, each with its weight.
    `shared_dim` is the width of an expert that every token passes, 0 for none; with `shared_gate` its result
    is weighed as well. `bias` is that of the router and of every expert. `router` prices its scores:
    "softmax" over all experts, "chosen" over those that were chosen, "sigmoid".
    Source: Shazeer et al. 2017; Fedus et al. 2021; Dai et al. 2024 (DeepSeekMoE), section 3.
    """

    embed_dim: int
    hidden_dim: int
    num_experts: int
    top_k: int
    gated: bool = True
    shared_dim: int = 0
    shared_gate: bool = False
    bias: bool = False
    activation: str = "SiLU"
    router: str = "softmax"

    letters: ClassVar[Mapping[str, str]] = {
        "embed_dim": "d", "hidden_dim": "f", "num_experts": "E", "top_k": "e", "shared_dim": "f_s",
    }  # fmt: skip

    def __post_init__(self) -> None:
        keep_whole(self, 1, "embed_dim", "hidden_dim", "num_experts", "top_k")
        keep_whole(self, 0, "shared_dim")
        keep_flags(self, "gated", "shared_gate", "bias")
        keep_activation(self)
        if self.top_k > self.num_experts:
            raise LayerError(
                Message(
                    "MixtureOfExperts: top_k must be at most num_experts ({experts}), but got {top_k}",
                    experts=self.num_experts, top_k=self.top_k,
                )
            )  # fmt: skip
        if self.shared_gate and not self.shared_dim:
            raise LayerError(
                Message("MixtureOfExperts: shared_gate is for shared_dim above 0; give both or neither")
            )
        if self.router not in ROUTERS:
            raise LayerError(
                Message(
                    "MixtureOfExperts: router must be one of {names}, but got {value}",
                    names=listing(map(repr, ROUTERS)), value=shown(self.router),
                )
            )  # fmt: skip

    @property
    def one_expert(self) -> tuple[Held, ...]:
        """What one expert holds."""
        every = self._maps(self.hidden_dim).items()
        return tuple([Held(f"{name}.{held}", size) for name, of in every for held, size in matrix(*of)])

    def holds(self) -> Holds:
        d, shared = self.embed_dim, self.shared_dim
        experts = tuple([Held(name, times(self.num_experts, size)) for name, size in self.one_expert])
        held: dict[str, tuple[Held, ...]] = {
            "router": matrix(d, self.num_experts, self.bias), "experts": experts,
        }  # fmt: skip
        if int(shared):
            held |= {f"shared_expert.{name}": matrix(*of) for name, of in self._maps(shared).items()}
        if self.shared_gate:
            held["shared_expert.gate_scalar"] = matrix(d, 1, bias=False)
        return held

    def maps(self) -> Maps:
        of_shared = self._maps(self.shared_dim).items() if int(self.shared_dim) else ()
        shared = {f"shared_expert.{name}": sizes for name, sizes in of_shared}
        return {"router": (self.embed_dim, self.num_experts, self.bias), **shared}

    def sources(self) -> Sources:
        read = ("router", "experts", "shared_expert.gate", "shared_expert.up", "shared_expert.gate_scalar")
        down = {"shared_expert.down": ("shared_expert.gate", "shared_expert.up")}
        return {**dict.fromkeys(read, (FIRST,)), **down}

    def _maps(self, width: Number) -> Maps:
        """The maps of an expert of this width."""
        return maps(self.embed_dim, width, self.gated, self.bias)

    def idle(self) -> Number:
        """The parameters of the experts that a token does not pass."""
        total: Number = 0
        for _, size in self.one_expert:
            total = add(total, size)
        return times(self.num_experts - self.top_k, total)

    def does(self, shape: Shape, output: Shape, setting: Setting) -> Does:
        rows = times(setting.batch, shape[0])
        passed = times(rows, self.top_k)
        done: dict[str, tuple[Operation, ...]] = {
            "router": (
                *products(rows, self.embed_dim, self.num_experts, self.bias),
                *self._scored(rows),
                *self._chosen(rows),
            ),
            "experts": (*self._expert(passed), *self._weighed(rows)),
        }
        if int(self.shared_dim):
            every = self._maps(self.shared_dim).items()
            done |= {f"shared_expert.{name}": products(rows, *sizes) for name, sizes in every}
            done["shared_expert.activation"] = (
                *activated(self.activation, rows, self.shared_dim, self.gated),
                Operation(Kind.ADD, Role.ELEMENTWISE, times(rows, self.embed_dim)),
            )
        if self.shared_gate:
            done["shared_expert.gate_scalar"] = (
                *products(rows, self.embed_dim, 1, bias=False),
                Operation(Kind.SIGMOID, Role.ACTIVATION, rows),
                Operation(Kind.MULTIPLY, Role.ELEMENTWISE, times(rows, self.embed_dim)),
            )
        return done

    def _scored(self, rows: Number) -> tuple[Operation, ...]:
        """The router's scores as weights of experts."""
        if self.router == "sigmoid":
            return (Operation(Kind.SIGMOID, Role.ACTIVATION, times(rows, self.num_experts)),)
        over = self.num_experts if self.router == "softmax" else self.top_k
        return (Operation(Kind.SOFTMAX, Role.ACTIVATION, rows, over),)

    def _chosen(self, rows: Number) -> tuple[Operation, ...]:
        """The largest score is found and left out, `top_k` times: one comparison less at each."""
        e = self.top_k
        compared = times(e, self.num_experts) - exact_div(times(e, e + 1), 2)
        return (Operation(Kind.COMPARE, Role.ELEMENTWISE, times(rows, compared)),)

    def _expert(self, rows: Number) -> Iterator[Operation]:
        for sizes in self._maps(self.hidden_dim).values():
            yield from products(rows, *sizes)
        yield from activated(self.activation, rows, self.hidden_dim, self.gated)

    def _weighed(self, rows: Number) -> tuple[Operation, ...]:
        """Each chosen expert's result times its weight, and all of them added up."""
        width = times(rows, self.embed_dim)
        weighed = Operation(Kind.MULTIPLY, Role.ELEMENTWISE, times(self.top_k, width))
        if int(self.top_k) == 1:
            return (weighed,)
        return weighed, Operation(Kind.ADD, Role.ELEMENTWISE, times(self.top_k - 1, width))
