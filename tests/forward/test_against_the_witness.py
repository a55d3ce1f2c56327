"""What numpy computes, held against what plain loops compute, on random small layers of every kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import layercost as lc
from layercost import forward
from layercost.forward.joins import JOINED
from layercost.forward.weights import COMPUTED, computed
from layercost.layers.composite import AtFirst, Auxiliary, Parallel, Sequential
from layercost.layers.joins import Join
from layercost.shape import several
from layercost.witness.follow import _follow, _input, _reads_several
from layercost.witness.numbers import each
from layercost.witness.recording import Run
from tests.layercost.drawing import RECIPES, layer_and_shape

EXAMPLES = {"Conv2d": 120, "MaxPool2d": 80, "AvgPool2d": 80, "Sequential": 60}
OTHERS = 40  # examples for each layer that is not named above
CONSTANTS = {"add", "subtract", "multiply", "divide", "compare", "power", "maximum", "minimum"}
COMPOSITES = {kind.__name__ for kind in (AtFirst, Auxiliary, lc.EachCell, Parallel, Sequential)}


def plain(tensor: Any) -> Any:
    return np.array(each(lambda number: number.value, tensor), dtype=np.float64)


def array_of(leaf: lc.Layer, name: str, size: tuple[int, ...], run: Run) -> np.ndarray[Any, Any]:
    """The values that the loops used, in the shape in which numpy takes them."""
    known = run.kept[id(leaf), name].known
    if isinstance(leaf, lc.ConnectedConv2d) and name == "weight":
        order = [(o, c) for o, inputs in enumerate(leaf.connections) for c in inputs]
        known = {(order.index(place[:2]), *place[2:]): number for place, number in known.items()}
    if isinstance(leaf, (lc.LayerNorm, lc.RMSNorm)):
        known = {np.unravel_index(place[0], size): number for place, number in known.items()}
    array = np.zeros(size)
    for place, number in known.items():
        array[place] = abs(number.value) if name == "running_var" else number.value
    return array


def seen(
    layer: lc.Layer, shape: tuple[Any, ...], batch: int, training: bool
) -> tuple[Any, np.ndarray[Any, Any], dict[str, np.ndarray[Any, Any]]]:
    """Inputs, outputs and weights of a run of the loops; what reads several values has one input for each."""
    run = Run(training=training)
    parts = [[_input([*sizes], run, first) for first in range(batch)] for sizes in several(shape)]
    arrays = [np.stack([plain(sample) for sample in part]) for part in parts]
    samples = list(map(list, zip(*parts, strict=True))) if _reads_several(layer) else parts[0]
    inputs = arrays[0] if len(arrays) == 1 else arrays
    outputs = np.stack([plain(output) for output in _follow(layer, samples, run, "")])
    weights = {
        forward.weights.named(path, name): array_of(leaf, name, size, run)
        for path, leaf in forward.weights.leaves_that_keep(layer)
        for name, size in computed(leaf).shapes(leaf).items()
        if (id(leaf), name) in run.kept
    }
    return inputs, outputs, weights


def tokens_of(layer: lc.Embedding, shape: tuple[int, ...], batch: int) -> np.ndarray[Any, Any]:
    """The loops look up one row after the other."""
    return np.tile(np.arange(shape[0]) % layer.num_embeddings, (batch, 1))


def leaf_without_its_table(leaf: lc.Layer) -> bool:
    return isinstance(leaf, lc.Attention) and leaf.positions == "relative" and leaf.buckets == 0


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_numpy_computes_what_the_loops_compute(name: str) -> None:
    """To 1e-6 of each value, for a batch of two, at inference."""

    @settings(max_examples=EXAMPLES.get(name, OTHERS))
    @given(layer_and_shape(name))
    def check(drawn: tuple[lc.Layer, tuple[int, ...]]) -> None:
        layer, shape = drawn
        inputs, outputs, weights = seen(layer, shape, 2, training=False)
        if isinstance(layer, lc.Embedding):
            inputs = tokens_of(layer, shape, 2)
        if isinstance(layer, lc.Elementwise) and layer.reads == 1 and layer.operation in CONSTANTS:
            with pytest.raises(TypeError, match="the constant of its other operand is not kept"):
                forward.run(layer, inputs)
            return
        if any(leaf_without_its_table(leaf) for _, leaf in layer.leaves()):
            with pytest.raises(TypeError, match="the table of its positions is in another layer"):
                forward.run(layer, inputs)
            return
        with np.errstate(divide="ignore", invalid="ignore"):  # where one input divides another
            found = forward.run(layer, inputs, _with_heads(layer, weights))
        assert found.shape[1:] == layer.output_shape(shape)
        np.testing.assert_allclose(found, outputs, rtol=1e-6, atol=1e-9)

    check()


def _with_heads(layer: lc.Layer, weights: dict[str, Any]) -> dict[str, Any]:
    """What the loops did not touch (a head that is held and not run) gets any values."""
    return {**forward.draw_weights(layer), **weights}


@pytest.mark.parametrize("name", [name for name in RECIPES if name.startswith(("Batch", "Instance"))])
def test_numpy_computes_what_the_loops_compute_in_training(name: str) -> None:
    @settings(max_examples=60)
    @given(layer_and_shape(name), st.integers(2, 4))
    def check(drawn: tuple[lc.Layer, tuple[int, ...]], batch: int) -> None:
        layer, shape = drawn
        inputs, outputs, weights = seen(layer, shape, batch, training=True)
        found = forward.run(layer, inputs, _with_heads(layer, weights), training=True)
        np.testing.assert_allclose(found, outputs, rtol=1e-6, atol=1e-7)

    check()


@pytest.mark.parametrize("name", sorted(set(RECIPES) - COMPOSITES))
def test_the_arrays_hold_just_the_values_that_the_formulas_count(name: str) -> None:
    @settings(max_examples=20)
    @given(layer_and_shape(name))
    def check(drawn: tuple[lc.Layer, tuple[int, ...]]) -> None:
        layer, _ = drawn
        counted = {held.name: held.size for held in (*layer.parameters(), *layer.buffers())}
        assert {name: array.size for name, array in forward.draw_weights(layer).items()} == counted

    check()


def test_every_registered_layer_is_computed() -> None:
    """A layer that is registered and not computed is named here."""
    joins = {name for name, layer in lc.LAYERS.items() if issubclass(layer, Join)}
    assert set(JOINED) | (set(COMPUTED) & joins) == joins
    assert set(lc.LAYERS) - COMPOSITES - joins <= set(COMPUTED)
