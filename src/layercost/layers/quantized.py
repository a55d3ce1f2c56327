"""Quantised weights: small whole numbers, and for each group of them a scale and perhaps a zero point.

A group of G weights of b bits with a scale of s bits and a zero point of z bits takes ``b + (s + z) / G``
bits a weight. Before they multiply, weights are made large again: the zero point is taken off, and what is
left is scaled.
Source: Frantar et al. 2022, GPTQ, section 3; Lin et al. 2023, AWQ, section 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from layercost.expression import Number, add, ceil_div, define, times
from layercost.facts import Held, Kind, Operation, Role
from layercost.frozen import frozen
from layercost.layer import Layer, keep_flags, keep_whole, register
from layercost.layers.linear import Linear
from layercost.message import Message
from layercost.misconception import PRICED, STORED, belief
from layercost.setting import Setting
from layercost.shape import Shape

BIAS_BITS = 16


@register
@frozen
class QuantizedLinear(Layer):
    """``(..., in_features)`` to ``(..., out_features)``: a linear map whose weights are quantised.

    Each output's weights stand in groups of `group_size` along the inputs; a group has a scale and, with
    `zero_point`, a zero point. Nothing of it is trained. Weights are made large once a call, whatever the
    batch. `stored_bytes` is what it takes; the values held are counted as any others.
    Source: Frantar et al. 2022, GPTQ; arguments as torch.nn.Linear where it has them.

    >>> QuantizedLinear(4096, 4096, bias=False).stored_bytes()
    8650752
    """

    in_features: int
    out_features: int
    bits: int = 4
    group_size: int = 128
    scale_bits: int = 16
    zero_point: bool = False
    zero_bits: int = 4
    bias: bool = True

    letters: ClassVar[Mapping[str, str]] = {
        "in_features": "d_in", "out_features": "d_out", "bits": "b", "group_size": "G", "scale_bits": "s",
        "zero_bits": "z",
    }  # fmt: skip
    axis_letters: ClassVar[Mapping[str, str]] = {"F": "d_in"}

    def __post_init__(self) -> None:
        keep_whole(self, 1, "in_features", "out_features", "bits", "group_size", "scale_bits", "zero_bits")
        keep_flags(self, "zero_point", "bias")

    def check(self, shape: Shape) -> None:
        Linear(self.in_features, self.out_features).check(shape)

    @property
    def groups(self) -> Number:
        """How many groups the weights of an output have; the last may be smaller."""
        return define("n_G", ceil_div(self.in_features, self.group_size))

    def buffers(self) -> tuple[Held, ...]:
        held = [Held("weight", self.out_features * self.in_features)]
        shared = times(self.out_features, self.groups)
        held += [Held("scale", shared), *([Held("zero", shared)] if self.zero_point else [])]
        return (*held, *([Held("bias", self.out_features)] if self.bias else []))

    def stored_bytes(self) -> Number:
        """The bytes of weights, scales, zero points, and biases in 16 bits, rounded up to whole ones."""
        shared = times(self.out_features, self.groups)
        each = add(self.scale_bits, self.zero_bits) if self.zero_point else self.scale_bits
        bits = add(times(self.bits, times(self.out_features, self.in_features)), times(each, shared))
        return ceil_div(add(bits, times(BIAS_BITS, self.out_features)) if self.bias else bits, 8)

    def transform(self, shape: Shape) -> Shape:
        return Linear.transform(self, shape)  # type: ignore[arg-type]  # the same sizes under the same names

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        weights = self.out_features * self.in_features
        large = [Operation(Kind.MULTIPLY, Role.ELEMENTWISE, weights)]
        if self.zero_point:
            large = [Operation(Kind.SUBTRACT, Role.ELEMENTWISE, weights), *large]
        return (*large, *Linear.operations(self, shape, output, setting))  # type: ignore[arg-type]


# ---- What people believe instead ---------------------------------------------------------------


@belief(
    "forgot-scales",
    Message("You left out the scales: each group of weights keeps one, and its zero point."),
    QuantizedLinear, STORED,
)  # fmt: skip
class _ForgotScales(QuantizedLinear):
    def buffers(self) -> tuple[Held, ...]:
        return tuple([held for held in super().buffers() if held.name in ("weight", "bias")])


@belief(
    "scale-for-each-weight",
    Message("You gave each weight a scale of its own: a group of weights shares one."),
    QuantizedLinear, STORED, lambda layer: int(layer.group_size) > 1,  # type: ignore[attr-defined]
)  # fmt: skip
class _ScaleForEachWeight(QuantizedLinear):
    @property
    def groups(self) -> Number:
        return self.in_features


@belief(
    "one-scale-a-row",
    Message("You gave each output one scale: its weights stand in groups, and each group has one."),
    QuantizedLinear, STORED,
    lambda layer: int(layer.group_size) < int(layer.in_features),  # type: ignore[attr-defined]
)  # fmt: skip
class _OneScaleARow(QuantizedLinear):
    @property
    def groups(self) -> Number:
        return 1


@belief(
    "multiplied-as-they-are",
    Message("You multiplied the small numbers as they are: each weight is scaled before it multiplies."),
    QuantizedLinear, PRICED,
)  # fmt: skip
class _MultipliedAsTheyAre(QuantizedLinear):
    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        every = super().operations(shape, output, setting)
        return tuple([one for one in every if one.role is not Role.ELEMENTWISE])
