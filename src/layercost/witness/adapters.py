"""Adapters as loops."""

from __future__ import annotations

from typing import Any

from layercost.witness.numbers import Tensor, dot, expect
from layercost.witness.recording import Run, loops


@loops("LoRA")
def lora(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """The map with its fixed weights, then down to the rank and up again, scaled and added."""
    if isinstance(tensor[0], list):
        return [lora(layer, part, this) for part in tensor]
    expect("input features", layer.in_features, len(tensor))
    weight, bias = this.fixed(layer, "weight"), this.fixed(layer, "bias")
    down, up = this.trained(layer, "lora_A.weight"), this.trained(layer, "lora_B.weight")
    inner = [dot((down[r, i], tensor[i]) for i in range(layer.in_features)) for r in range(layer.rank)]
    output = []
    for o in range(layer.out_features):
        sum_of_products = dot((weight[o, i], tensor[i]) for i in range(layer.in_features))
        mapped = sum_of_products.plus_bias(bias[o,]) if layer.bias else sum_of_products
        correction = dot((up[o, r], inner[r]) for r in range(layer.rank))
        output.append(mapped + correction * this.number(1 / layer.rank))
    return output
