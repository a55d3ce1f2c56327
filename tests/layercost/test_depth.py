"""Layers may be nested as deep as any model is, and whatever walks them gets to the bottom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import layercost as lc
from layercost import forward, witness
from layercost.layers.composite import DEEPEST
from layercost.layers.graph import Graph, Node
from layercost.misconception import fitted

Wrap = Callable[[lc.Layer], lc.Layer]
WRAPS: dict[str, Wrap] = {
    "Sequential": lc.Sequential,
    "named Sequential": lambda layer: lc.Sequential({"inner": layer}),
    "Parallel": lambda layer: lc.Parallel(layer, lc.Identity(), join="add"),
    "Auxiliary": lc.Auxiliary,
    "AtFirst": lc.AtFirst,
    "Graph": lambda layer: Graph((Node("inner", layer, ("",)),), "inner"),
}


def nested(wrap: Wrap, depth: int = DEEPEST) -> lc.Layer:
    layer: lc.Layer = lc.Conv2d(1, 1, 1)
    for _ in range(depth):
        layer = wrap(layer)
    return layer


SHAPE = (1, 2, 2)
WALKS: dict[str, Callable[[lc.Layer], object]] = {
    "repr": repr,
    "hash": hash,
    "calls": lambda layer: list(layer.calls(SHAPE)),
    "leaves": lambda layer: list(layer.leaves()),
    "facts": lambda layer: layer.facts(SHAPE),
    "fold": lc.fold,
    "receptive field": lambda layer: lc.receptive_field(layer, SHAPE),
    "table": lambda layer: lc.table(layer, SHAPE).text(),
    "beliefs": lambda layer: fitted(layer, lc.Image(SHAPE)),
    "witness": lambda layer: witness.run(layer, SHAPE),
    "forward": lambda layer: forward.run(layer, np.ones((1, *SHAPE))),
}


@pytest.mark.parametrize("walk", WALKS.values(), ids=WALKS)
@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
def test_whatever_walks_layers_walks_the_deepest(wrap: Wrap, walk: Callable[[lc.Layer], Any]) -> None:
    walk(nested(wrap))


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
def test_the_deepest_are_compared(wrap: Wrap) -> None:
    assert nested(wrap) == nested(wrap)
    assert nested(wrap) != nested(wrap, DEEPEST - 1)


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
def test_what_is_nested_deeper_is_refused_when_it_is_built(wrap: Wrap) -> None:
    deepest = nested(wrap)
    with pytest.raises(
        lc.LayerError, match="layers may be nested 100 deep, one inside the other, but got one"
    ):
        wrap(deepest)


@pytest.mark.parametrize("name", ["Sequential", "Parallel", "Auxiliary", "AtFirst"])
def test_the_deepest_are_read_from_their_text(name: str) -> None:
    layer = nested(WRAPS[name])
    assert lc.layer_from_text(repr(layer)) == layer


@pytest.mark.parametrize("depth", [101, 199, 200, 500, 3000])
@pytest.mark.parametrize(
    "around", [("Sequential(", ")"), ("Sequential({'a': ", "})"), ("Auxiliary(", ")"), ("[", "]"), ("-", "")],
    ids=lambda around: around[0],
)  # fmt: skip
def test_a_deeper_text_is_refused_in_words(around: tuple[str, str], depth: int) -> None:
    before, after = around
    with pytest.raises(lc.LayerError):
        lc.layer_from_text(f"Sequential({before * depth}ReLU(){after * depth})")


def test_brackets_that_python_does_not_read_are_named() -> None:
    with pytest.raises(lc.LayerError, match="; its brackets are nested too deep"):
        lc.layer_from_text("Sequential(" * 300 + "ReLU()" + ")" * 300)
