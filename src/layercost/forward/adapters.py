"""Adapters with numpy."""

from __future__ import annotations

from typing import Any

from layercost.forward.weights import Array, Call, computes


def _kept(layer: Any) -> dict[str, tuple[int, ...]]:
    bias = {"bias": (layer.out_features,)} if layer.bias else {}
    weight = {"weight": (layer.out_features, layer.in_features), **bias}
    down, up = (layer.rank, layer.in_features), (layer.out_features, layer.rank)
    return {**weight, "lora_A.weight": down, "lora_B.weight": up}


@computes("LoRA", keeps=_kept)
def adapted(layer: Any, values: Array, call: Call) -> Array:
    """``(N, ..., in_features)``: the map, and what the adapter adds, scaled by one over the rank."""
    mapped = values @ call["weight"].T
    if "bias" in call:
        mapped = mapped + call["bias"]
    added: Array = mapped + values @ call["lora_A.weight"].T @ call["lora_B.weight"].T / layer.rank
    return added
