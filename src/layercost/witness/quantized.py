"""Quantised weights as loops."""

from __future__ import annotations

from typing import Any

from layercost.witness.numbers import Number, Tensor, dot, expect
from layercost.witness.recording import Run, batch_loops


@batch_loops("QuantizedLinear")
def quantized_linear(layer: Any, samples: list[Tensor], this: Run) -> list[Tensor]:
    """Each weight made large once, for all samples; then a dot product for each output at each position."""
    small, scale, zero = (this.fixed(layer, name) for name in ("weight", "scale", "zero"))
    bias, large = this.fixed(layer, "bias"), dict[tuple[int, int], Number]()
    for o in range(layer.out_features):
        for i in range(layer.in_features):
            group = i // layer.group_size
            weight = small[o, i]
            if layer.zero_point:
                weight = weight - zero[o, group]
            large[o, i] = weight * scale[o, group]

    def mapped(tensor: Tensor) -> Tensor:
        if isinstance(tensor[0], list):
            return [mapped(part) for part in tensor]
        expect("input features", layer.in_features, len(tensor))
        sums = [
            dot((large[o, i], tensor[i]) for i in range(layer.in_features)) for o in range(layer.out_features)
        ]
        return [one.plus_bias(bias[o,]) if layer.bias else one for o, one in enumerate(sums)]

    return [mapped(sample) for sample in samples]
