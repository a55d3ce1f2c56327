"""Functional models of Keras: several inputs, shared layers and weights, attention, operations, the unknown.

MACs stand beside those that PyTorch's own counter sees when Keras runs the model on this backend. It does not
see PyTorch's fused attention on a CPU; with a dropout, Keras takes the products one by one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from math import prod
from typing import Any

import pytest

import layercost as lc
from layercost.models import Each, ModelError, Unknown

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@pytest.fixture(scope="module")
def keras() -> Any:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    return keras


def functional(keras: Any, shapes: list[tuple[int, ...]], build: Callable[..., Any]) -> Any:
    inputs = [keras.Input(shape) for shape in shapes]
    return keras.Model(inputs, build(*inputs))


def measured(found: Any) -> int:
    """The MACs that PyTorch performs when Keras runs the model on one sample of zeros."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    given = [torch.zeros((1, *one.shape[1:]), dtype=getattr(torch, one.dtype)) for one in found.inputs]
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        found(given if len(given) > 1 else given[0], training=False)
    return int(counter.get_total_flops()) // 2


def unknown(tree: lc.Model) -> list[str]:
    """What is not known of what runs at inference."""
    calls = tree.calls(tree.input_shape)
    return [
        call.layer.what for call in calls if isinstance(call.layer, Unknown) and not call.only_in_training
    ]


def held(tree: lc.Layer) -> int:
    return int(lc.count(tree, lc.STORED_VALUES).total)


def macs(tree: lc.Model) -> int:
    return int(lc.count(tree, lc.MACS, tree.input_shape).total)


def _tied(keras: Any) -> Any:
    table = keras.layers.ReversibleEmbedding(10, 4)
    given = keras.Input((6,), dtype="int32")
    return keras.Model(given, table(keras.layers.Dense(4)(table(given)), reverse=True))


def _nested(keras: Any) -> Any:
    layers = keras.layers
    inner = functional(keras, [(5,), (5,)], lambda a, b: layers.Dense(5)(layers.Add()([a, b])))
    return functional(keras, [(5,), (5,)], lambda a, b: layers.Add()([inner([a, b]), inner([b, a])]))


def _named(keras: Any) -> Any:
    """Inputs by name, which Keras sorts, and an inner model that is called with them in another order."""
    layers = keras.layers
    inner_inputs = {"b": keras.Input((3,), name="b"), "a": keras.Input((5,), name="a")}
    inner = keras.Model(inner_inputs, layers.Dense(4)(layers.Concatenate()(list(inner_inputs.values()))))
    wide, narrow = keras.Input((5,)), keras.Input((3,))
    return keras.Model([wide, narrow], inner({"a": wide, "b": narrow}))


def _twice(keras: Any, layer: Any, *shapes: tuple[int, ...]) -> Any:
    """A layer that is called on several inputs of different sizes."""
    return functional(keras, list(shapes), lambda *values: [layer(value) for value in values])


def _attending_twice(keras: Any) -> Any:
    attention = keras.layers.MultiHeadAttention(2, 3, dropout=0.1)
    return functional(keras, [(4, 5), (7, 5)], lambda a, b: [attention(a, a), attention(b, b)])


def _repeated(keras: Any) -> Any:
    layers = keras.layers
    separable, norm = layers.SeparableConv2D(3, 3, padding="same"), layers.BatchNormalization(scale=False)
    return functional(keras, [(8, 8, 3)], lambda x: norm(separable(norm(separable(x)))))


def _in_steps_and_alone(keras: Any) -> Any:
    dense = keras.layers.Dense(4)
    steps = keras.layers.TimeDistributed(dense)
    return functional(keras, [(6, 4), (4,)], lambda a, b: [steps(a), dense(b)])


def _in_steps(keras: Any) -> Any:
    layers = keras.layers
    inner = keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Conv2D(5, 3, activation="relu"), layers.Flatten()]
    )
    return functional(keras, [(4, 8, 8, 3)], lambda x: layers.Dense(2)(layers.TimeDistributed(inner)(x)))


IMAGE, STEPS = (8, 9, 3), (6, 4)
CASES: dict[str, tuple[list[tuple[int, ...]], Callable[..., Any]]] = {
    "dense on an image": ([IMAGE], lambda of, ops, x: of.Conv2D(4, 3)(of.Dense(7, activation="softmax")(x))),
    "squeeze and excite": (
        [IMAGE],
        lambda of, ops, x: of.Multiply()(
            [x, of.Dense(3, activation="sigmoid")(of.Reshape((1, 1, 3))(of.GlobalAveragePooling2D()(x)))]
        ),
    ),
    "both formats": (
        [(8, 8, 8)],
        lambda of, ops, x: of.Conv2D(3, 3, data_format="channels_first")(of.Conv2D(4, 1)(x)),
    ),
    "axes of one size": (
        [(4, 4, 4)],
        lambda of, ops, x: of.Dense(5)(of.LayerNormalization(axis=1)(of.Conv2D(4, 1)(of.Dense(4)(x)))),
    ),
    "causal signal": ([STEPS], lambda of, ops, x: of.Conv1D(5, 3, padding="causal", dilation_rate=2)(x)),
    "depthwise signal": ([STEPS], lambda of, ops, x: of.DepthwiseConv1D(3, depth_multiplier=2)(x)),
    "separable signal": ([STEPS], lambda of, ops, x: of.SeparableConv1D(5, 3)(x)),
    "transposed with padding of the output": (
        [IMAGE],
        lambda of, ops, x: of.Conv2DTranspose(3, 3, strides=2, padding="same", output_padding=1)(x),
    ),
    "a dot of two sequences": ([(6, 4), (7, 4)], lambda of, ops, a, b: of.Dot(axes=2)([a, b])),
    "a dot of two rows": ([(4,), (4,)], lambda of, ops, a, b: of.Dot(axes=1)([a, b])),
    "self-attention": ([(6, 8)], lambda of, ops, x: of.MultiHeadAttention(2, 3, dropout=0.1)(x, x)),
    "causal self-attention": (
        [(6, 8)],
        lambda of, ops, x: of.MultiHeadAttention(2, 3, dropout=0.1)(x, x, use_causal_mask=True),
    ),
    "cross-attention": (
        [(6, 8), (5, 4)],
        lambda of, ops, a, b: of.MultiHeadAttention(
            2, 3, value_dim=5, output_shape=7, use_bias=False, dropout=0.1
        )(a, b),
    ),
    "attention with keys": (
        [(6, 8), (5, 4), (5, 9)],
        lambda of, ops, a, b, c: of.MultiHeadAttention(2, 3, dropout=0.1)(query=a, key=c, value=b),
    ),
    "attention with scores": (
        [(6, 8)],
        lambda of, ops, x: of.MultiHeadAttention(2, 3, dropout=0.1)(x, x, return_attention_scores=True),
    ),
    "attention over two axes": (
        [(4, 5, 8)],
        lambda of, ops, x: of.MultiHeadAttention(2, 3, dropout=0.1)(x, x),
    ),
    "attention over one of two axes": (
        [(4, 5, 8)],
        lambda of, ops, x: of.MultiHeadAttention(2, 3, attention_axes=(1,), dropout=0.1)(x, x),
    ),
    "gated attention": (
        [(6, 8)],
        lambda of, ops, x: of.MultiHeadAttention(2, 3, use_gate=True, dropout=0.1)(x, x),
    ),
    "grouped queries": ([(6, 8)], lambda of, ops, x: of.GroupQueryAttention(3, 4, 2, dropout=0.1)(x, x)),
    "attention without projections": (
        [(6, 8), (5, 8)],
        lambda of, ops, a, b: of.Attention(use_scale=True)([a, b]),
    ),
    "einsum, features": (
        [STEPS],
        lambda of, ops, x: of.EinsumDense("...x,xy->...y", (6, 7), bias_axes="y")(x),
    ),
    "einsum, open steps": (
        [STEPS],
        lambda of, ops, x: of.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de")(x),
    ),
    "einsum, heads": (
        [(6, 2, 3)],
        lambda of, ops, x: of.EinsumDense("abcd,cde->abe", (None, 5), bias_axes="e")(x),
    ),
    "einsum, a matrix a step": (
        [STEPS],
        lambda of, ops, x: of.EinsumDense("btc,tcd->btd", (6, 5), bias_axes="td")(x),
    ),
    "einsum, a bias for some": (
        [(6, 4, 3)],
        lambda of, ops, x: of.EinsumDense("abcd,bde->abce", (6, 4, 5), bias_axes="e")(x),
    ),
    "einsum, another axis": (
        [STEPS],
        lambda of, ops, x: of.EinsumDense("abc,bd->adc", (5, 4), bias_axes="d")(x),
    ),
    "products of values": ([(6, 4), (4, 5)], lambda of, ops, a, b: ops.matmul(a, b)),
    "an equation of values": (
        [(6, 2, 4), (5, 2, 4)],
        lambda of, ops, a, b: ops.einsum("bqhd,bkhd->bhqk", a, b),
    ),
    "arithmetic": ([IMAGE], lambda of, ops, x: of.Conv2D(2, 1)(2 * (1 - x) / 3 + x)),
    "parts": ([IMAGE], lambda of, ops, x: of.Conv2D(2, 3)(x[:, 1:, :, :2])),
    "halves": ([STEPS], lambda of, ops, x: of.Dense(3)(ops.add(*ops.split(x, 2, axis=-1)))),
    "reshape and transpose": (
        [IMAGE],
        lambda of, ops, x: of.Dense(2)(ops.transpose(ops.reshape(x, (-1, 72, 3)), (0, 2, 1))),
    ),
    "a batch in the reshape": ([STEPS], lambda of, ops, x: of.Dense(2)(of.Flatten()(ops.cast(x, "float32")))),
    "several outputs": ([IMAGE], lambda of, ops, x: [of.Dense(3)(of.Flatten()(x)), of.Conv2D(4, 3)(x)]),
    "maximum of three": ([(5,)] * 3, lambda of, ops, *values: of.Dense(2)(of.Maximum()(list(values)))),
    "average": ([IMAGE] * 2, lambda of, ops, *values: of.Conv2D(2, 3)(of.Average()(list(values)))),
}


@pytest.mark.parametrize("name", CASES)
def test_a_functional_model_holds_what_keras_holds_and_costs_what_pytorch_performs(
    name: str, keras: Any
) -> None:
    shapes, build = CASES[name]
    found = functional(keras, shapes, lambda *values: build(keras.layers, keras.ops, *values))
    tree = lc.from_keras(found)
    assert held(tree) == found.count_params()
    assert unknown(tree) == []
    assert macs(tree) == measured(found)
    sizes = found.outputs[0].shape[1:]
    assert None in sizes or prod(map(int, tree.output_shape(*shapes_of(tree)))) == prod(sizes)


def shapes_of(tree: lc.Model) -> tuple[Any, ...]:
    return tree.input_shape if isinstance(tree.input_shape[0], tuple) else (tree.input_shape,)


SHARED: dict[str, Callable[[Any], Any]] = {
    "a tied embedding": _tied,
    "an inner model of two inputs, called twice": _nested,
    "an inner model of named inputs": _named,
    "a layer on two sizes": lambda keras: _twice(
        keras, keras.layers.Dense(5, activation="relu"), (4, 5), (7, 5)
    ),
    "an attention on two lengths": _attending_twice,
    "layers of several parts": _repeated,
    "a layer for each step and alone": _in_steps_and_alone,
    "a model for each step": _in_steps,
}


@pytest.mark.parametrize("name", SHARED)
def test_shared_weights_are_held_once_and_work_each_time(name: str, keras: Any) -> None:
    found = SHARED[name](keras)
    tree = lc.from_keras(found)
    assert held(tree) == found.count_params()
    assert unknown(tree) == []
    assert macs(tree) == measured(found)


def test_an_encoder_and_a_decoder_share_their_states(keras: Any) -> None:
    layers = keras.layers
    source, target = keras.Input((7, 4)), keras.Input((5, 3))
    _, *states = layers.LSTM(6, return_state=True)(source)
    steps, _, _ = layers.LSTM(6, return_sequences=True, return_state=True)(target, initial_state=states)
    found = keras.Model([source, target], layers.Dense(9, activation="softmax")(steps))
    tree = lc.from_keras(found)
    assert tree.input_shape == ((7, 4), (5, 3))
    assert held(tree) == found.count_params()
    assert macs(tree) == 7 * 4 * 6 * (4 + 6) + 5 * 4 * 6 * (3 + 6) + 5 * 9 * 6


def test_a_layer_for_each_step_works_as_if_the_steps_were_samples(keras: Any) -> None:
    layers = keras.layers
    inner = [keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.BatchNormalization(), layers.Dropout(0.1)]
    steps = lc.from_keras(keras.Sequential([keras.Input((5, 8, 8, 3)), layers.TimeDistributed(
        keras.Sequential(inner))]))  # fmt: skip
    alone = lc.from_keras(keras.Sequential(inner))
    for training in (False, True):
        each = lc.count(steps, lc.FLOPS, steps.input_shape, "everything", batch=2, training=training)
        assert each.total == lc.count(
            alone, lc.FLOPS, alone.input_shape, "everything", batch=10, training=training
        ).total  # fmt: skip
    written = lc.count(steps, lc.ACTIVATIONS, steps.input_shape, batch=2)
    assert written.total == lc.count(alone, lc.ACTIVATIONS, alone.input_shape, batch=10).total
    with pytest.raises(lc.ShapeError, match="takes 5 steps, but got shape"):
        Each(lc.Linear(3, 2), 5).output_shape((4, 3))


def test_open_sizes_of_several_inputs_are_given_one_by_one(keras: Any) -> None:
    layers = keras.layers
    found = functional(keras, [(None, 4), (None, 4)], lambda a, b: layers.Attention()([a, b]))
    tree = lc.from_keras(found, input_shape=((6, 4), (7, 4)))
    assert tree.input_shape == ((6, 4), (7, 4))
    assert macs(tree) == 2 * 6 * 7 * 4
    with pytest.raises(ModelError, match=r"takes \(None, 4\) and \(None, 4\) .* got input_shape=\(6, 4\)"):
        lc.from_keras(found, input_shape=(6, 4))


def test_frozen_weights_are_parameters_all_the_same(keras: Any) -> None:
    found = keras.Sequential(
        [keras.Input(IMAGE), keras.layers.Conv2D(4, 3), keras.layers.BatchNormalization()]
    )
    found.trainable = False
    tree = lc.from_keras(found)
    assert lc.count(tree, lc.PARAMETERS).total == 4 * 27 + 4 + 2 * 4
    assert lc.count(tree, lc.BUFFERS).total == 2 * 4


def test_weights_that_no_call_uses_are_held_and_named(keras: Any) -> None:
    found = functional(keras, [(5,)], keras.layers.Dense(3))
    spare = keras.layers.Dense(4)
    spare.build((None, 5))
    found.spare = spare
    tree = lc.from_keras(found)
    assert held(tree) == found.count_params() == 18 + 24
    assert [repr(leaf) for _, leaf in tree.leaves()][-1] == "Unplaced(kernel, bias)"


def test_a_spectral_normalization_costs_nothing_more_at_inference(keras: Any) -> None:
    inner = keras.layers.Conv2D(4, 3, activation="relu")
    found = keras.Sequential([keras.Input(IMAGE), keras.layers.SpectralNormalization(inner)])
    tree = lc.from_keras(found)
    assert held(tree) == found.count_params() == 4 * 27 + 4 + 4
    assert (unknown(tree), macs(tree)) == ([], 6 * 7 * 4 * 27)
    in_training = lc.table(tree, input=tree.input_shape, training=True)
    assert not in_training.complete


# ---- what is not known, and what is refused --------------------------------------------------------


def _custom(keras: Any) -> Any:
    class Own(keras.layers.Layer):  # type: ignore[misc,name-defined]
        def build(self, shape: Any) -> None:
            self.matrix = self.add_weight(shape=(shape[-1], 3), name="matrix")

        def call(self, value: Any) -> Any:
            return keras.ops.matmul(value, self.matrix)

    return Own()


def _derived(keras: Any) -> Any:
    class Own(keras.layers.Dense):  # type: ignore[misc,name-defined]
        pass

    return Own(3)


def _adapted(keras: Any) -> Any:
    layer = keras.layers.Dense(30)
    layer.build((None, 5))
    layer.enable_lora(2)
    return layer


UNKNOWN: dict[str, Callable[[Any], Any]] = {
    "Own": _custom,
    "Own, derived": _derived,
    "Dense": _adapted,
    "Lambda <lambda>": lambda keras: keras.layers.Lambda(lambda value: value * 2),
    "<lambda>": lambda keras: keras.layers.Dense(3, activation=lambda value: value * 2),
    "Resizing": lambda keras: keras.Sequential(
        [keras.layers.Reshape((5, 1, 1)), keras.layers.Resizing(3, 3, "bicubic")]
    ),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_not_known_is_named_with_all_that_it_holds(name: str, keras: Any) -> None:
    found = functional(keras, [(5,)], UNKNOWN[name](keras))
    tree = lc.from_keras(found)
    assert unknown(tree) == [name.partition(",")[0]]
    assert held(tree) == found.count_params()
    assert not lc.table(tree).complete


def test_a_mask_that_goes_along_with_a_value_is_not_forgotten(keras: Any) -> None:
    layers = keras.layers
    given = keras.Input((6,), dtype="int32")
    value = layers.Embedding(10, 4, mask_zero=True)(given)
    tree = lc.from_keras(keras.Model(given, layers.MultiHeadAttention(2, 3)(value, value)))
    assert unknown(tree) == ["mask of attention"]
    assert macs(tree) == 6 * (3 * 4 * 6 + 6 * 4) + 2 * 2 * 6 * 6 * 3


def test_an_activation_that_is_not_known_leaves_the_layer_known(keras: Any) -> None:
    found = functional(keras, [IMAGE], keras.layers.Conv2D(4, 3, activation="sparse_plus"))
    tree = lc.from_keras(found)
    assert unknown(tree) == ["sparse_plus"]
    assert macs(tree) == measured(found)


MIXED: dict[str, Callable[[Any, Any], Any]] = {
    "mean over the batch": lambda ops, x: ops.mean(x, axis=0),
    "mean of all": lambda ops, x: ops.mean(x),
    "samples and steps in one axis": lambda ops, x: ops.reshape(x, (-1, 4)),
    "samples in the place of steps": lambda ops, x: ops.transpose(x, (1, 0, 2)),
    "one batch behind the other": lambda ops, x: ops.concatenate([x, x], axis=0),
}


@pytest.mark.parametrize("name", MIXED)
def test_operations_that_mix_the_samples_of_a_batch_are_refused(name: str, keras: Any) -> None:
    found = functional(keras, [STEPS], lambda x: MIXED[name](keras.ops, keras.layers.Dense(4)(x)))
    with pytest.raises(ModelError, match=r"\w+ of the Keras model \w+ mixes the samples.* 20 trained"):
        lc.from_keras(found)


def test_a_batch_that_is_known_is_kept_apart_too(keras: Any) -> None:
    given = keras.Input(batch_shape=(2, 6))
    apart = keras.ops.reshape(given, (2, 3, 2))
    assert lc.from_keras(keras.Model(given, apart)).output_shape((6,)) == (3, 2)
    with pytest.raises(ModelError, match="mixes the samples"):
        lc.from_keras(keras.Model(given, keras.ops.reshape(given, (4, 3))))


def test_an_input_shape_must_be_that_of_the_model_where_it_is_not_open(keras: Any) -> None:
    found = functional(keras, [(None, None, 3)], keras.layers.Conv2D(4, 3))
    assert lc.from_keras(found, (8, 9, 3)).input_shape == (3, 8, 9)
    for given in ((8, 9, 4), (8, 9), ((8, 9, 3), (8, 9, 3))):
        with pytest.raises(ModelError, match=r"takes \(None, None, 3\) without the batch, in Keras's order"):
            lc.from_keras(found, given)
    with pytest.raises(ModelError, match=r"conv2d\w* \(Conv2D\) .* does not take \(2, 2, 3\).*try another"):
        lc.from_keras(found, (2, 2, 3))
    with pytest.raises(ModelError, match="whole number of at least 1"):
        lc.from_keras(found, (0, 2, 3))


def test_the_advice_for_a_model_with_its_own_call_works(keras: Any) -> None:
    class Own(keras.Model):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(3)

        def call(self, value: Any) -> Any:
            return self.dense(value) + 1.0

    own = Own()
    own(keras.ops.zeros((1, 5)))
    with pytest.raises(
        ModelError, match=r"call\(\) of its own.*keras.Model\(inputs, model.call\(inputs\)\).*18 tr"
    ):
        lc.from_keras(own)
    inputs = keras.Input((5,))
    assert held(lc.from_keras(keras.Model(inputs, own.call(inputs)))) == 18


def test_a_functional_model_with_another_call_is_not_taken_for_its_graph(keras: Any) -> None:
    class Own(keras.Model):  # type: ignore[misc,name-defined]
        def call(self, value: Any) -> Any:
            return super().call(super().call(value))

    inputs = keras.Input((5,))
    found = Own(inputs, keras.layers.Dense(5)(inputs))
    with pytest.raises(ModelError, match=r"call\(\) of its own"):
        lc.from_keras(found)


def test_a_value_of_no_size_is_refused_by_its_name(keras: Any) -> None:
    found = functional(keras, [(6, 1)], lambda x: keras.ops.split(x, [1], axis=2))
    with pytest.raises(ModelError, match=r"split\w* of the Keras model \w+ has no values: \(6, 0\)"):
        lc.from_keras(found)


def test_a_single_value_a_sample_is_refused_with_what_to_do(keras: Any) -> None:
    found = functional(keras, [()], keras.layers.Embedding(4, 3))
    with pytest.raises(ModelError, match=r"a single value a sample.*keras.Input\(\(1,\)\)"):
        lc.from_keras(found)
