"""What training keeps for each parameter: weights, gradients, master weights, moments; and who keeps it.

Sources: Rajbhandari et al. 2019 (ZeRO), section 3.1 and figure 1; Dettmers et al. 2021 (8-bit optimizers).
"""

from __future__ import annotations

from typing import NamedTuple

from layercost.convention import UnknownNameError
from layercost.expression import Expression, Number, Symbol, add, ceil_div, expression, times
from layercost.layer import Layer
from layercost.message import Message, Words


class Optimizer(NamedTuple):
    """The bytes that each trained parameter takes: weight, gradient, master copy, moments."""

    name: str
    weight: int
    gradient: int
    master: int
    moments: int
    says: Words
    source: str

    @property
    def states(self) -> int:
        """What belongs to the optimizer alone."""
        return self.master + self.moments

    @property
    def bytes(self) -> int:
        """All bytes of a parameter."""
        return self.weight + self.gradient + self.states


_ZERO, _MEGATRON = "Rajbhandari et al. 2019, section 3.1", "Narayanan et al. 2021 (Megatron-LM)"
_INFINITY = "Rajbhandari et al. 2021 (ZeRO-Infinity), section 3"
_KINGMA = "Kingma, Ba 2014, algorithm 1"
OPTIMIZERS: dict[str, Optimizer] = {
    one.name: one
    for one in (
        Optimizer("adam-mixed", 2, 2, 4, 8, Message(
            "Adam in mixed precision: weights and gradients in 16 bits; a master copy and two moments in 32"),
            _ZERO),
        Optimizer("adam-mixed-fp32-gradients", 2, 4, 4, 8, Message(
            "Adam in mixed precision: weights in 16 bits; gradients, a master copy and two moments in 32"),
            _MEGATRON),
        Optimizer("adam-mixed-both-gradients", 2, 6, 4, 8, Message(
            "Adam in mixed precision: weights in 16 bits; gradients in 16 and in 32; a master copy and two "
            "moments in 32"),
            _INFINITY),
        Optimizer("adam-no-master", 2, 2, 0, 8, Message(
            "Adam with weights and gradients in 16 bits and two moments in 32, without a master copy"),
            "Dettmers et al. 2023 (QLoRA), section 1: more than 780 GB for 65 billion parameters"),
        Optimizer("adam-fp32", 4, 4, 0, 8, Message("Adam, everything in 32 bits"), _KINGMA),
        Optimizer("adam-bf16", 2, 2, 0, 4, Message(
            "Adam, everything in 16 bits, without a master copy"), _KINGMA),
        Optimizer("adam-8bit", 2, 2, 4, 2, Message(
            "Adam in mixed precision with moments of 8 bits; their constants, 4 bytes for 2,048, left out"),
            "Dettmers et al. 2021, section 2"),
        Optimizer("adam-8bit-no-master", 2, 2, 0, 2, Message(
            "the same without a master copy"), "Dettmers et al. 2021, section 2; library bitsandbytes"),
        Optimizer("sgd", 4, 4, 0, 0, Message("gradient descent in 32 bits, which keeps nothing"),
                  "definition"),
        Optimizer("sgd-momentum", 4, 4, 0, 4, Message("gradient descent with momentum, in 32 bits"),
                  "Sutskever et al. 2013"),
        Optimizer("sgd-momentum-mixed", 2, 2, 4, 4, Message(
            "the same in mixed precision: a master copy and the momentum in 32 bits"), _ZERO),
    )
}  # fmt: skip

ZERO: dict[int, Words] = {
    0: Message("each device keeps everything"),
    1: Message("the states of the optimizer are shared out"),
    2: Message("states and gradients are shared out"),
    3: Message("states, gradients and weights are shared out"),
}


def optimizer_named(name: str | Optimizer) -> Optimizer:
    """An optimizer by its name; raises UnknownNameError."""
    if isinstance(name, Optimizer):
        return name
    if name not in OPTIMIZERS:
        raise UnknownNameError(Message("optimizer"), name, OPTIMIZERS)
    return OPTIMIZERS[name]


class States(NamedTuple):
    """The bytes on one device: frozen weights, trained ones, gradients, and the optimizer's states."""

    frozen: Number
    weights: Number
    gradients: Number
    states: Number

    @property
    def formula(self) -> Expression:
        """All of it as one sum."""
        return expression(add(add(add(self.frozen, self.weights), self.gradients), self.states))

    @property
    def bytes(self) -> int:
        """All of it."""
        return sum(map(int, self))


def states(
    trained: int,
    optimizer: str | Optimizer = "adam-mixed",
    *,
    stage: int = 0,
    devices: int = 1,
    frozen: int = 0,
) -> States:
    """What one of `devices` keeps of `trained` parameters, and of `frozen` bytes that are not trained.

    `stage` is ZeRO's: from 1 on the states of the optimizer are shared out, from 2 on gradients, from 3 on
    weights. Letters are N for parameters and n for devices. Raises UnknownNameError.

    >>> states(7_500_000_000, stage=1, devices=64).bytes
    31406250000
    """
    chosen = optimizer_named(optimizer)
    if stage not in ZERO:
        raise UnknownNameError(Message("stage of ZeRO"), stage, map(str, ZERO))
    count: Number = Symbol("N", trained) if trained else 0
    on = Symbol("n", devices)

    def part(bytes_each: int, shared_from: int) -> Number:
        whole: Number = times(bytes_each, count) if bytes_each and trained else 0
        return (
            ceil_div(whole, on) if stage >= shared_from and devices > 1 and bytes_each and trained else whole
        )

    return States(_shared(frozen, on, stage, devices), part(chosen.weight, 3), part(chosen.gradient, 2),
                  part(chosen.states, 1))  # fmt: skip


def _shared(frozen: int, on: Symbol, stage: int, devices: int) -> Number:
    """Frozen weights, which stage 3 shares out as it does the others."""
    return ceil_div(Symbol("F", frozen), on) if frozen and stage == 3 and devices > 1 else frozen


def trained_and_frozen(model: Layer) -> tuple[int, int]:
    """How many values of a model are trained, and how many it holds beside."""
    leaves = {id(leaf): leaf for _, leaf in model.leaves()}.values()
    every = [held for leaf in leaves for held in leaf.parameters()]
    beside = [held for leaf in leaves for held in leaf.buffers()]
    fast = [held for held in every if not held.trained]
    trained = sum(int(held.size) for held in every if held.trained)
    return trained, sum(int(held.size) for held in (*fast, *beside))
