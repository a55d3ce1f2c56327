"""Graphs: several layers read one value, one layer reads several, and what is counted is what is done."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import layercost as lc
from layercost import forward, witness
from layercost.layers.graph import Graph, Node
from layercost.misconception import fitted


def attention(features: int = 4) -> Graph:
    """Queries, keys and values of one input: the last product reads what the steps say."""
    nodes = (
        Node("q", lc.Linear(features, 3), ("",)),
        Node("k", lc.Linear(features, 3), ("",)),
        Node("v", lc.Linear(features, 5), ("",)),
        Node("scores", lc.MatMul(transpose=True), ("q", "k")),
        Node("weights", lc.Sequential(lc.Elementwise("multiply"), lc.Softmax()), ("scores",)),
        Node("mixed", lc.MatMul(), ("weights", "v")),
    )
    return Graph(nodes, "mixed")


def gates() -> Graph:
    """Two inputs: a map, and gates of one value a channel."""
    conv = lc.Conv2d(2, 2, 3, padding=1)
    nodes = (
        Node("conv", conv, ("map",)),
        Node("scaled", lc.Multiply(), ("conv", "gates")),
        Node("again", conv, ("scaled",)),
        Node("sum", lc.Add(3), ("again", "map", "gates")),
    )
    return Graph(nodes, "sum", ("map", "gates"))


GRAPHS: dict[str, tuple[Graph, Any]] = {
    "attention": (attention(), (3, 4)),
    "two inputs": (gates(), ((2, 4, 3), (2, 1, 1))),
}


@pytest.mark.parametrize(("graph", "shape"), GRAPHS.values(), ids=GRAPHS)
@pytest.mark.parametrize("batch", [1, 2])
def test_a_graph_costs_what_its_witness_does(graph: Graph, shape: Any, batch: int) -> None:
    seen = witness.run(graph, shape, batch)
    assert graph.output_shape(shape) == seen.output_shape
    assert lc.count(graph, lc.PARAMETERS, shape).total == seen.parameters
    for quantity in (lc.MACS, lc.MULTIPLICATIONS, lc.ADDITIONS, lc.COMPARISONS, lc.EXPONENTIALS):
        counted = lc.count(graph, quantity, shape, batch=batch).total
        assert counted == getattr(seen.tally, quantity.value), quantity
    rows = {row.name: row for row in lc.table(graph, shape, batch=batch).rows}
    assert {name: row.macs for name, row in rows.items()} == {n: one.macs for n, one in seen.parts.items()}


def test_attention_has_the_products_of_its_equation() -> None:
    """T = 3 steps: 3 projections, T T products of length 3, and T 5 of length T (Vaswani et al. 2017)."""
    assert lc.count(attention(), lc.MACS, (3, 4)).total == 3 * 4 * (3 + 3 + 5) + 3 * 3 * 3 + 3 * 5 * 3


def test_numpy_runs_a_graph_of_two_inputs() -> None:
    graph, random = gates(), np.random.default_rng(3)
    values = [random.standard_normal((5, 2, 4, 3)), random.standard_normal((5, 2, 1, 1))]
    weights = forward.draw_weights(graph)
    conv = graph.nodes[0].layer
    own = {name.partition(".")[2]: array for name, array in weights.items() if name.startswith("conv.")}
    again = forward.run(conv, forward.run(conv, values[0], own) * values[1], own)
    np.testing.assert_allclose(forward.run(graph, values, weights), again + values[0] + values[1])
    assert forward.run(lc.Sequential(graph, lc.ReLU()), values).shape == (5, 2, 4, 3)


def test_numpy_runs_attention() -> None:
    scaleless = Graph(
        tuple(
            node._replace(layer=lc.Softmax()) if node.name == "weights" else node
            for node in attention().nodes
        ),
        "mixed",
    )
    values, weights = np.random.default_rng(4).standard_normal((2, 3, 4)), forward.draw_weights(scaleless)
    q, k, v = (values @ weights[f"{name}.weight"].T + weights[f"{name}.bias"] for name in "qkv")
    powers = np.exp(q @ k.swapaxes(1, 2))
    expected = powers / powers.sum(-1, keepdims=True) @ v
    np.testing.assert_allclose(forward.run(scaleless, values, weights), expected)


def test_numpy_refuses_a_constant_that_nobody_kept() -> None:
    with pytest.raises(TypeError, match=r"Elementwise\('multiply'\) cannot be computed: the constant"):
        forward.run(attention(), np.ones((1, 3, 4)))


def test_batches_of_different_sizes_are_refused() -> None:
    with pytest.raises(lc.ShapeError, match="run takes batches of one size, but got 2 and 3"):
        forward.run(lc.Add(), [np.ones((2, 4)), np.ones((3, 4))])


def test_a_join_of_one_value_takes_a_plain_batch() -> None:
    np.testing.assert_array_equal(
        forward.run(lc.Elementwise("exponential"), np.zeros((2, 3))), np.ones((2, 3))
    )
    assert witness.run(lc.Add(1), (3,)).output_shape == lc.Add(1).output_shape((3,)) == (3,)
    assert witness.run(lc.Concatenate(1), (3, 2)).output_shape == (3, 2)


def test_an_input_too_many_is_refused() -> None:
    with pytest.raises(lc.ShapeError, match=r"<graph of 4 layers> reads 2 values, but got 3 shapes"):
        gates().output_shape((2, 4, 3), (2, 1, 1), (2, 1, 1))


def test_a_misfit_in_a_graph_is_named_by_both_witnesses() -> None:
    wrong = Graph((Node("q", lc.Linear(4, 3), ("",)), Node("k", lc.Linear(5, 3), ("",))), "k")
    with pytest.raises(lc.ShapeError, match=r"^k: Linear expects 5 input features"):
        wrong.output_shape((3, 4))
    with pytest.raises(lc.ShapeError, match=r"scaled: .* does not run on \(2, 4, 3\) and \(3, 1, 1\)"):
        witness.run(gates(), ((2, 4, 3), (3, 1, 1)))


def test_layers_of_a_graph_take_the_sizes_that_arrive() -> None:
    """As with Sequential: a changed layer hands its new size to those that read it."""
    chain = (
        Node("first", lc.Sequential(lc.Linear(4, 6), lc.ReLU()), ("",)),
        Node("second", lc.Linear(6, 2), ("first",)),
    )

    def wider(leaf: lc.Layer) -> lc.Layer:
        return lc.Linear(4, 9) if leaf == lc.Linear(4, 6) else leaf

    changed = fitted(Graph(chain, "second"), lc.Features((4,)), wider)
    assert [leaf for _, leaf in changed.leaves()] == [lc.Linear(4, 9), lc.ReLU(), lc.Linear(9, 2)]


# ---- receptive fields ----------------------------------------------------------------------------


def seen(layer: lc.Layer, shape: tuple[int, ...]) -> tuple[object, object]:
    return tuple(lc.receptive_field(layer, shape))  # type: ignore[return-value]


def test_a_receptive_field_goes_through_a_graph() -> None:
    """Two paths of 3 and of 3 after 3 cells: together 5."""
    nodes = (
        Node("a", lc.Conv2d(1, 1, 3, padding=1), ("",)),
        Node("b", lc.Conv2d(1, 1, 3, padding=1), ("a",)),
        Node("sum", lc.Add(), ("a", "b")),
        Node("all", lc.Concatenate(), ("sum", "a")),
    )
    assert seen(Graph(nodes, "all"), (1, 9, 9)) == ((5, 5), (1, 1))
    assert seen(Graph(nodes, "a"), (1, 9, 9)) == ((3, 3), (1, 1))


def test_a_gate_from_global_pooling_sees_everything() -> None:
    nodes = (
        Node("pool", lc.AdaptiveAvgPool2d(1), ("",)),
        Node("scaled", lc.Multiply(), ("", "pool")),
    )
    assert seen(Graph(nodes, "scaled"), (2, 9, 7)) == ((9, 7), None)


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (lc.Sequential(lc.ZeroPad2d((1, 0, 2, 0)), lc.Conv2d(1, 1, 3)), (1, 9, 9), ((3, 3), (1, 1))),
        (lc.Sequential(lc.Hardswish(), lc.MaxPool2d(2), lc.Mish()), (1, 8, 8), ((2, 2), (2, 2))),
        (lc.Sequential(lc.PixelUnshuffle(2), lc.Conv2d(4, 1, 3)), (1, 8, 8), ((6, 6), (2, 2))),
        (lc.Sequential(lc.MaxPool1d(3), lc.AvgPool1d(2)), (1, 18), ((6,), (6,))),
        (lc.Sequential(lc.Conv2d(2, 2, 3), lc.InstanceNorm2d(2)), (2, 8, 9), ((8, 9), None)),
        (lc.Sequential(lc.Conv2d(2, 2, 3), lc.GLU(-3)), (2, 8, 9), ((3, 3), (1, 1))),
        (lc.Reduce("mean", (-2, -1)), (2, 8, 9), ((8, 9), None)),
    ],
)
def test_a_receptive_field_goes_through_each_kind_of_layer(
    layer: lc.Layer, shape: tuple[int, ...], expected: object
) -> None:
    assert seen(layer, shape) == expected


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (lc.Upsample(scale_factor=2), "several values behind .* see the same cells"),
        (lc.PixelShuffle(1), "several values behind"),
        (lc.Reduce("mean", -1, keepdim=True), "see different numbers of cells, or how many is not known"),
        (lc.Reduce("mean", (-3, -2)), "see different numbers of cells, or how many is not known"),
        (lc.ConvTranspose2d(1, 1, 2), "see different numbers of cells"),
        (
            Graph((Node("product", lc.MatMul(), ("", "")),), "product"),
            "product: the values behind MatMul",
        ),
        (gates(), "reads 2 values, but got 1 shapes"),
    ],
)
def test_where_a_receptive_field_is_not_known_it_is_refused(layer: lc.Layer, message: str) -> None:
    shape = (1, 4, 4) if layer != gates() else (2, 4, 3)
    with pytest.raises(lc.ShapeError, match=message):
        lc.receptive_field(layer, shape)


# ---- folding -------------------------------------------------------------------------------------


def normalized(reader: str, output: str) -> Graph:
    """A convolution, its normalization, and a sum of that with the input, or with what `reader` names."""
    nodes = (
        Node("conv", lc.Conv2d(2, 2, 3, padding=1, bias=False), ("",)),
        Node("norm", lc.BatchNorm2d(2), ("conv",)),
        Node("sum", lc.Add(), ("norm", reader)),
    )
    return Graph(nodes, output)


def test_a_normalization_in_a_graph_disappears_into_the_convolution_that_it_alone_reads() -> None:
    graph, values = normalized("", "sum"), np.random.default_rng(2).standard_normal((3, 2, 4, 4))
    folded, weights = lc.fold(graph), forward.draw_weights(graph)
    assert [leaf for _, leaf in folded.leaves()] == [lc.Conv2d(2, 2, 3, padding=1), lc.Identity(), lc.Add()]
    np.testing.assert_allclose(
        forward.run(folded, values, forward.fold_weights(graph, weights)), forward.run(graph, values, weights)
    )


@pytest.mark.parametrize("graph", [normalized("conv", "sum"), normalized("", "conv")], ids=["sum", "output"])
def test_a_value_that_others_read_too_is_not_folded(graph: Graph) -> None:
    assert lc.fold(graph) == graph


def test_a_normalization_behind_a_graph_disappears_into_the_last_convolution_inside() -> None:
    inside = Graph((Node("relu", lc.ReLU(), ("",)), Node("conv", lc.Conv2d(2, 2, 1), ("relu",))), "conv")
    folded = lc.fold(lc.Sequential({"graph": inside, "norm": lc.BatchNorm2d(2)}))
    assert [leaf for _, leaf in folded.leaves()] == [lc.ReLU(), lc.Conv2d(2, 2, 1)]


# ---- letters -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "shapes", "text"),
    [
        (lc.MatMul(), ((3, 4), (4, 5)), "F·T·F_2 = 4·3·5 = 60"),
        (lc.MatMul(transpose=True), ((2, 3, 4), (2, 5, 4)), "W·C·H·H_2 = 4·2·3·5 = 120"),
    ],
)
def test_a_second_value_has_letters_of_its_own_where_its_sizes_are_others(
    layer: lc.Layer, shapes: tuple[tuple[int, ...], ...], text: str
) -> None:
    assert lc.count(layer, lc.MACS, shapes).text() == text
