"""What the formulas say, held against what plain loops were seen to do, on more than 5,000 random layers.

With LAYERCOST_EXAMPLES=5000 in the environment, on 5,000 of each kind (twenty minutes).
"""

from __future__ import annotations

import ast
import inspect
import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import layercost as lc
from layercost import witness
from layercost.convention import Convention, Key, Price
from layercost.facts import Facts, Kind, Role
from layercost.layers.pooling import AdaptiveMaxPool, MaxPool
from layercost.witness import Witness
from tests.layercost.drawing import RECIPES, Drawn, layer_and_shape, small

EXAMPLES = {
    "Conv2d": 700,
    "MaxPool2d": 400,
    "AvgPool2d": 300,
    "ConvTranspose2d": 200,
    "Linear": 200,
    "Sequential": 100,
}
OTHERS = 50  # examples for each layer that is not named above
OF_EACH = int(os.environ.get("LAYERCOST_EXAMPLES", "0"))

# What each operation comes down to, one thing at a time, as the witness notes it.
ONCE = Price(0, 1)
PRIMITIVES: dict[str, dict[Key, Price]] = {
    "multiplications": {Kind.DOT: Price(1), Kind.MULTIPLY: ONCE},
    "additions": {Kind.DOT: Price(1, -1), Kind.SUM: Price(1, -1), Kind.SOFTMAX: Price(1, -1), Kind.ADD: ONCE},
    "subtractions": {Kind.SUBTRACT: ONCE},
    "divisions": {Kind.DIVIDE: ONCE, Kind.SOFTMAX: Price(1)},
    "comparisons": {Kind.MAXIMUM: Price(1, -1), Kind.COMPARE: ONCE},
    "exponentials": {Kind.SOFTMAX: Price(1), Kind.EXPONENTIAL: ONCE},
    "square_roots": {Kind.SQUARE_ROOT: ONCE},
    "powers": {Kind.POWER: ONCE},
    "relus": {Kind.RELU: ONCE},
    "sigmoids": {Kind.SIGMOID: ONCE},
    "tanhs": {Kind.TANH: ONCE},
    "gelus": {Kind.GELU: ONCE},
    "logarithms": {Kind.LOGARITHM: ONCE},
    "sines": {Kind.SINE: ONCE},
    "cosines": {Kind.COSINE: ONCE},
    "absolutes": {Kind.ABSOLUTE: ONCE},
    "negations": {Kind.NEGATE: ONCE},
    "roundings": {Kind.ROUND: ONCE},
    "error_functions": {Kind.ERROR_FUNCTION: ONCE},
    "macs": {Kind.DOT: Price(1)},
    "accumulations": {Kind.DOT: Price(1, -1), (Kind.ADD, Role.BIAS): ONCE},
    "masked_macs": {Kind.MASKED: Price(1)},
    "lookup_macs": {Kind.LOOKUP: Price(1)},
}


def textbook(_: lc.Layer, seen: Witness) -> int:
    """The multiplications and additions of dot products, and the additions of biases."""
    return seen.tally.macs + seen.tally.accumulations


def everything(leaf: lc.Layer, seen: Witness) -> int:
    """Each thing once, but sigmoid 4, tanh 8, GELU and error function 0, the largest of n cells n."""
    unpriced = seen.tally.gelus + seen.tally.error_functions
    things = seen.tally.things + 3 * seen.tally.sigmoids + 7 * seen.tally.tanhs - unpriced
    largest = isinstance(leaf, (MaxPool, AdaptiveMaxPool)) or getattr(leaf, "operation", "") == "max"
    return things + (sum(map(math.isfinite, flat(seen.output))) if largest else 0)


# What each named convention means in terms of the witness; a new convention belongs here.
MEANINGS: dict[str, Callable[[lc.Layer, Witness], int]] = {
    "textbook": textbook,
    "macs": lambda _, seen: seen.macs,
    "two-a-mac": lambda _, seen: 2 * seen.macs,
    "causal-half": lambda _, seen: 2 * (seen.macs - seen.tally.masked_macs),
    "lookup-as-product": lambda _, seen: 2 * (seen.macs + seen.tally.lookup_macs),
    "everything": everything,
}


def flat(values: Any) -> list[float]:
    return [number for part in values for number in flat(part)] if isinstance(values, list) else [values]


def pieces(layer: lc.Layer, seen: Witness) -> Iterator[tuple[lc.Layer, Witness]]:
    """Each leaf layer that was called, with what it was seen to do."""
    if layer.is_leaf:
        yield layer, seen
    for path, leaf in () if layer.is_leaf else layer.leaves():
        yield leaf, seen.parts[path]


Test: TypeAlias = Callable[..., None]


def every_layer(examples: Callable[[str], int]) -> Callable[[Test], Test]:
    """Run a test of (layer, shape, batch) on random examples of each registered layer."""

    def decorated(test: Test) -> Test:
        @pytest.mark.parametrize("name", sorted(lc.LAYERS))
        def over_layers(name: str) -> None:
            @settings(max_examples=examples(name))
            @given(layer_and_shape(name), small(1, 2))
            def over_examples(drawn: Drawn, batch: int) -> None:
                test(*drawn, batch)

            over_examples()

        over_layers.__name__, over_layers.__doc__ = test.__name__, test.__doc__
        return over_layers

    return decorated


def writes(leaf: lc.Layer, training: bool) -> bool:
    """Whether the layer gives new values."""
    return not isinstance(leaf, (lc.Flatten, lc.Identity, lc.ToTokens)) and (
        training or not isinstance(leaf, lc.Dropout)
    )


def many(name: str) -> int:
    return OF_EACH or EXAMPLES.get(name, OTHERS)


def few(name: str) -> int:
    return 50 if OF_EACH else 20


def test_the_examples_are_5000_at_the_least() -> None:
    assert sum(map(many, lc.LAYERS)) >= 5000


@every_layer(many)
def test_a_formula_agrees_with_its_witness(layer: lc.Layer, shape: tuple[int, ...], batch: int) -> None:
    """Shapes, values held and written, every primitive operation, and every named convention."""
    for training in (False, True):
        if training and refusal(lambda: witness.run(layer, shape, batch, training=True)):
            assert refusal(lambda: layer.facts(shape, batch=batch, training=True))
        else:
            agree(layer, shape, batch, training=training)


@every_layer(few)
def test_a_step_that_finds_tokens_in_the_cache_agrees_with_its_witness(
    layer: lc.Layer, shape: tuple[int, ...], batch: int
) -> None:
    """Earlier tokens are met, and nothing is done for them again."""
    for cached in (1, 2, 6):
        agree(layer, shape, batch, cached=cached)


def agree(
    layer: lc.Layer, shape: tuple[int, ...], batch: int, training: bool = False, cached: int = 0
) -> None:
    seen = witness.run(layer, shape, batch, training=training, cached=cached)
    setting = {"setting": lc.Setting(batch, training, cached=cached)}
    assert layer.output_shape(shape) == seen.output_shape
    assert lc.count(layer, lc.PARAMETERS, shape).total == seen.parameters
    assert lc.count(layer, lc.BUFFERS, shape).total == seen.buffers
    for name, prices in PRIMITIVES.items():
        one_kind = Convention(name, name, name, "the witness", prices)
        formula = lc.count(layer, lc.FLOPS, shape, one_kind, **setting).total
        assert formula == getattr(seen.tally, name), name
    for name in lc.CONVENTIONS:
        meaning = sum(MEANINGS[name](leaf, one) for leaf, one in pieces(layer, seen))
        assert lc.count(layer, lc.FLOPS, shape, name, **setting).total == meaning, name
    written = sum(len(flat(one.output)) for leaf, one in pieces(layer, seen) if writes(leaf, training))
    assert lc.count(layer, lc.ACTIVATIONS, shape, **setting).total == written
    assert lc.count(layer, lc.KV_CACHE, shape, **setting).total == seen.kept


@every_layer(few)
def test_a_quantity_of_its_own_agrees_with_its_witness(
    layer: lc.Layer, shape: tuple[int, ...], batch: int
) -> None:
    """MACs, multiplications, additions and comparisons do not depend on a convention."""
    seen = witness.run(layer, shape, batch)
    for quantity in (lc.MACS, lc.MULTIPLICATIONS, lc.ADDITIONS, lc.COMPARISONS):
        assert lc.count(layer, quantity, shape, batch=batch).total == getattr(seen.tally, quantity.value)


@every_layer(few)
def test_a_derivation_is_worth_its_count(layer: lc.Layer, shape: tuple[int, ...], batch: int) -> None:
    """The same lines run on letters and on plain integers; the form that is taught is worth the same."""
    for quantity in lc.Quantity:
        for convention in lc.CONVENTIONS:
            counted = lc.count(layer, quantity, shape, convention, batch=batch)
            assert type(counted.total) is int
            assert counted.expression.value == counted.total, (quantity, convention)
            once = lc.count(layer, quantity, shape, convention)
            assert once.taught is None or once.taught.value == once.total


@every_layer(few)
def test_symbolic_facts_are_the_plain_facts(layer: lc.Layer, shape: tuple[int, ...], batch: int) -> None:
    if not layer.is_leaf:
        return
    for training in (False, True) if batch > 1 else (False,):
        plain = layer.facts(shape, batch=batch, training=training)
        assert_same(plain, layer.derive(shape, batch=batch, training=training))
    for cached in (1, 6):
        assert_same(layer.facts(shape, cached=cached), layer.derive(shape, cached=cached))
    _, _, output = layer.symbolic(shape)
    assert tuple(map(int, output)) == layer.output_shape(shape)


def assert_same(plain: Facts, derived: Facts) -> None:
    assert [(o.kind, o.role, int(o.amount), int(o.length)) for o in derived.operations] == [*plain.operations]
    assert [(held.name, int(held.size)) for held in derived.parameters] == [*plain.parameters]
    assert [(held.name, int(held.size)) for held in derived.buffers] == [*plain.buffers]
    assert [(held.name, int(held.size)) for held in derived.kept] == [*plain.kept]
    assert int(derived.written) == plain.written


@every_layer(few)
def test_a_table_holds_the_counts(layer: lc.Layer, shape: tuple[int, ...], batch: int) -> None:
    for convention in lc.CONVENTIONS:
        table = lc.table(layer, shape, convention, batch=batch)
        for quantity in (lc.PARAMETERS, lc.PARAMETER_BYTES, lc.MACS, lc.FLOPS, lc.ACTIVATION_BYTES):
            counted = lc.count(layer, quantity, shape, convention, batch=batch)
            assert getattr(table.total, quantity.value) == counted.total
            assert sum(getattr(row, quantity.value) for row in table.rows) == counted.total
        flops = lc.count(layer, lc.FLOPS, shape, convention, batch=batch)
        assert (table.complete, table.not_counted) == (flops.complete, flops.not_counted)


@every_layer(few)
def test_a_layer_is_written_so_that_it_can_be_read(
    layer: lc.Layer, shape: tuple[int, ...], batch: int
) -> None:
    assert lc.layer_from_text(repr(layer)) == layer


@settings(max_examples=500)
@given(
    st.sampled_from([lc.Conv2d, lc.MaxPool2d, lc.AvgPool2d]),
    small(1, 5), small(1, 3), small(0, 2), small(1, 3), st.booleans(),
    st.tuples(small(1, 2), small(1, 4), small(1, 4)),
)  # fmt: skip
def test_a_layer_refuses_what_its_witness_refuses(
    kind: type[lc.Layer],
    kernel: int,
    stride: int,
    padding: int,
    dilation: int,
    ceil: bool,
    shape: tuple[int, ...],
) -> None:
    """Where no window fits, or the channels are others, both raise ShapeError; elsewhere both run."""
    try:
        layer = _windowed(kind, kernel, stride, padding, dilation, ceil)
    except lc.LayerError:
        return
    assert refusal(lambda: layer.output_shape(shape)) == refusal(lambda: witness.run(layer, shape))


def _windowed(
    kind: type[lc.Layer], kernel: int, stride: int, padding: int, dilation: int, ceil: bool
) -> lc.Layer:
    if kind is lc.Conv2d:
        return lc.Conv2d(1, 2, kernel, stride, padding, dilation)
    if kind is lc.MaxPool2d:
        return lc.MaxPool2d(kernel, stride, padding, dilation, ceil)
    return lc.AvgPool2d(kernel, stride, padding, ceil)


def refusal(action: Callable[[], object]) -> bool:
    try:
        action()
    except lc.ShapeError:
        return True
    return False


@pytest.mark.parametrize("version", lc.networks.NETWORKS["lenet5"].versions)
def test_lenet5_agrees_with_its_witness_layer_by_layer(version: str) -> None:
    net = lc.networks.lenet5(version)
    seen, table = witness.run(net, net.input_shape), lc.table(net, convention="everything")
    assert seen.output_shape == (10,)
    assert (seen.parameters, seen.macs) == (table.total.parameters, table.total.macs)
    leaves = dict(net.leaves())
    for row in table.rows:
        one = seen.parts[row.name]
        assert (row.output, row.parameters, row.macs) == (one.output_shape, one.parameters, one.macs)
        assert row.flops == everything(leaves[row.name], one)


def test_a_layer_object_that_is_called_twice_keeps_its_weights() -> None:
    """Its parameters count once, its operations each time; two equal objects are two layers."""
    square = lc.Linear(4, 4)
    shared, apart = lc.Sequential(square, square), lc.Sequential(lc.Linear(4, 4), lc.Linear(4, 4))
    for net, parameters in ((shared, 4 * 4 + 4), (apart, 2 * (4 * 4 + 4))):
        seen, table = witness.run(net, (4,)), lc.table(net, (4,))
        assert seen.parameters == lc.count(net, lc.PARAMETERS).total == table.total.parameters == parameters
        assert seen.macs == table.total.macs == 2 * 4 * 4
    assert [row.parameters for row in lc.table(shared, (4,)).rows] == [20, 0]


def test_every_registered_layer_has_a_recipe_and_loops() -> None:
    assert set(RECIPES) == set(lc.LAYERS)
    assert set(witness.LOOPS) == set(lc.LAYERS) - {
        "AtFirst",
        "Auxiliary",
        "EachCell",
        "Parallel",
        "Sequential",
    }


def test_the_witness_imports_no_formula_no_output_size_rule_and_no_layer() -> None:
    folder = Path(inspect.getfile(witness)).parent
    trees = [ast.parse(module.read_text(encoding="utf-8")) for module in folder.glob("*.py")]
    ours = {
        name.name
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("layercost")
        for name in node.names
        if not (node.module or "").startswith("layercost.witness")
    }
    assert ours == {"ShapeError", "checked_sizes", "several", "whole"}


def test_the_witness_names_the_layer_that_does_not_fit() -> None:
    net = lc.Sequential({"conv": lc.Conv2d(1, 2, 3), "fc": lc.Linear(5, 2)})
    with pytest.raises(
        lc.ShapeError, match=r"fc: Linear\(5, 2\) does not run on \(2, 2, 2\): expected 5 input"
    ):
        witness.run(net, (1, 4, 4))


def test_the_witness_says_what_it_has_loops_for() -> None:
    with pytest.raises(TypeError, match=r"expected a layer that has loops \(Adaptive.*but got 'Linear'"):
        witness.run("Linear", (3,))


def test_the_witness_is_read_aloud() -> None:
    seen = witness.run(lc.Linear(300, 100), (300,))
    assert str(seen) == (
        "output (100,), 30,100 parameters, 30,000 multiplications, 30,000 additions, 30,000 macs"
    )
