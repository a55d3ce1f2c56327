"""Fully connected layers as loops."""

from __future__ import annotations

from typing import Any

from layercost.witness.numbers import Tensor, dot, expect, total
from layercost.witness.recording import Run, loops


@loops("Linear")
def linear(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """One dot product for each output, at each leading position."""
    if isinstance(tensor[0], list):
        return [linear(layer, part, this) for part in tensor]
    expect("input features", layer.in_features, len(tensor))
    weight, bias = this.trained(layer, "weight"), this.trained(layer, "bias")
    output = []
    for o in range(layer.out_features):
        sum_of_products = dot((weight[o, i], tensor[i]) for i in range(layer.in_features))
        output.append(sum_of_products.plus_bias(bias[o,]) if layer.bias else sum_of_products)
    return output


@loops("EuclideanRBF")
def euclidean_rbf(layer: Any, row: Tensor, this: Run) -> Tensor:
    """Squared distances to fixed codes."""
    expect("input features", layer.in_features, len(row))
    codes, output = this.fixed(layer, "codes"), []
    for o in range(layer.out_features):
        differences = [row[i] - codes[o, i] for i in range(layer.in_features)]
        output.append(total(difference * difference for difference in differences))
    return output
