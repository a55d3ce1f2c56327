"""Keras models turned into our tree: layers and their settings, data formats, sharing, what is refused.

Keras runs on PyTorch here, so these tests stand where PyTorch is.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from math import prod
from typing import Any

import pytest

import layercost as lc
from layercost.facts import Held
from layercost.models import Applied, ModelError, Unknown

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@pytest.fixture(scope="module")
def keras() -> Any:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    return keras


def built(keras: Any, shape: tuple[int, ...], *layers: Any) -> Any:
    return keras.Sequential([keras.Input(shape), *layers])


def only(tree: lc.Layer, shape: tuple[int, ...]) -> list[lc.Layer]:
    return [call.layer for call in tree.calls(shape) if type(call.layer).__name__ != "Rearranged"]


def held(operation: str, **weights: int) -> lc.Layer:
    """An operation with weights of the model."""
    return Applied(lc.Elementwise(operation), tuple(Held(name, size) for name, size in weights.items()))


IMAGE, STEPS, ROW, VOLUME = (8, 8, 3), (6, 4), (5,), (4, 5, 6, 2)
CASES: dict[str, tuple[tuple[int, ...], Callable[[Any], Any], list[lc.Layer]]] = {
    "Dense": (ROW, lambda of: of.Dense(7), [lc.Linear(5, 7)]),
    "Dense with an activation": (ROW, lambda of: of.Dense(7, activation="relu"),
                                 [lc.Linear(5, 7), lc.ReLU()]),
    "Dense on steps": (STEPS, lambda of: of.Dense(7, use_bias=False), [lc.Linear(4, 7, bias=False)]),
    "Conv2D": (IMAGE, lambda of: of.Conv2D(6, 3, strides=2), [lc.Conv2d(3, 6, 3, stride=2)]),
    "Conv2D, same": (IMAGE, lambda of: of.Conv2D(6, 3, strides=2, padding="same", use_bias=False),
                     [lc.Conv2d(3, 6, 3, stride=2, bias=False, rule="tensorflow-same")]),
    "Conv1D": (STEPS, lambda of: of.Conv1D(6, 3), [lc.Conv1d(4, 6, 3)]),
    "Conv3D": ((4, 4, 4, 2), lambda of: of.Conv3D(6, 3), [lc.Conv3d(2, 6, 3)]),
    "DepthwiseConv2D": (IMAGE, lambda of: of.DepthwiseConv2D(3, depth_multiplier=2),
                        [lc.Conv2d(3, 6, 3, groups=3)]),
    "SeparableConv2D": (IMAGE, lambda of: of.SeparableConv2D(8, 3),
                        [lc.Conv2d(3, 3, 3, groups=3, bias=False), lc.Conv2d(3, 8, 1)]),
    "Conv2DTranspose, same": (IMAGE, lambda of: of.Conv2DTranspose(4, 3, strides=2, padding="same"),
                              [lc.ConvTranspose2d(3, 4, 3, stride=2, padding=1, output_padding=1)]),
    "Conv2DTranspose, valid": (IMAGE, lambda of: of.Conv2DTranspose(4, 2, strides=3),
                               [lc.ConvTranspose2d(3, 4, 2, stride=3, output_padding=1)]),
    "MaxPooling2D": (IMAGE, lambda of: of.MaxPooling2D(3, 2), [lc.MaxPool2d(3, stride=2)]),
    "AveragePooling2D, same": (IMAGE, lambda of: of.AveragePooling2D(3, 2, padding="same"),
                               [lc.AvgPool2d(3, stride=2, count_include_pad=False, rule="tensorflow-same")]),
    "GlobalAveragePooling2D": (IMAGE, lambda of: of.GlobalAveragePooling2D(),
                               [lc.AdaptiveAvgPool2d(1), lc.Flatten()]),
    "BatchNormalization": (IMAGE, lambda of: of.BatchNormalization(),
                           [lc.BatchNorm2d(3, eps=0.001, momentum=0.01)]),
    "BatchNormalization of steps": (STEPS, lambda of: of.BatchNormalization(),
                                    [lc.BatchNorm1d(4, eps=0.001, momentum=0.01)]),
    "LayerNormalization": (STEPS, lambda of: of.LayerNormalization(), [lc.LayerNorm(4, eps=0.001)]),
    "LSTM": (STEPS, lambda of: of.LSTM(7), [lc.LSTM(4, 7, bias_vectors=1, return_sequences=False)]),
    "LSTM, both ways": (STEPS, lambda of: of.Bidirectional(of.LSTM(7, return_sequences=True)),
                        [lc.LSTM(4, 7, bidirectional=True, bias_vectors=1)]),
    "GRU": (STEPS, lambda of: of.GRU(7), [lc.GRU(4, 7, return_sequences=False)]),
    "GRU, reset before": (STEPS, lambda of: of.GRU(7, reset_after=False),
                          [lc.GRU(4, 7, bias_vectors=1, reset_after=False, return_sequences=False)]),
    "SimpleRNN": (STEPS, lambda of: of.SimpleRNN(7), [lc.RNN(4, 7, bias_vectors=1, return_sequences=False)]),
    "Embedding": ((6,), lambda of: of.Embedding(10, 4), [lc.Embedding(10, 4)]),
    "Softmax of channels": (IMAGE, lambda of: of.Activation("softmax"), [lc.Softmax(-3)]),
    "ReLU of 6": (IMAGE, lambda of: of.ReLU(6), [lc.ReLU6()]),
    "LeakyReLU": (ROW, lambda of: of.LeakyReLU(0.2), [lc.LeakyReLU(0.2)]),
    "PReLU": (ROW, lambda of: of.PReLU(), [lc.PReLU(5)]),
    "Dropout": (ROW, lambda of: of.Dropout(0.3), [lc.Dropout(0.3)]),
    "Flatten": (IMAGE, lambda of: of.Flatten(), [lc.Flatten()]),
    "Dense on an image": (IMAGE, lambda of: of.Dense(7), [lc.Linear(3, 7)]),
    "Conv1D, causal": (STEPS, lambda of: of.Conv1D(5, 3, padding="causal", dilation_rate=2),
                       [lc.Conv1d(4, 5, 3, padding=((4, 0),), dilation=2)]),
    "DepthwiseConv1D": (STEPS, lambda of: of.DepthwiseConv1D(3), [lc.Conv1d(4, 4, 3, groups=4)]),
    "SeparableConv1D": (STEPS, lambda of: of.SeparableConv1D(5, 3),
                        [lc.Conv1d(4, 4, 3, groups=4, bias=False), lc.Conv1d(4, 5, 1)]),
    "Conv1DTranspose": (STEPS, lambda of: of.Conv1DTranspose(5, 3, strides=2),
                        [lc.ConvTranspose1d(4, 5, 3, stride=2)]),
    "Conv3DTranspose, same": (VOLUME, lambda of: of.Conv3DTranspose(3, 2, strides=2, padding="same"),
                              [lc.ConvTranspose3d(2, 3, 2, stride=2)]),
    "Conv2DTranspose with padding of the output": (
        IMAGE, lambda of: of.Conv2DTranspose(4, 3, strides=2, padding="same", output_padding=1),
        [lc.ConvTranspose2d(3, 4, 3, stride=2, padding=1, output_padding=1)]),
    "MaxPooling1D": (STEPS, lambda of: of.MaxPooling1D(2), [lc.MaxPool1d(2)]),
    "MaxPooling3D, same": (VOLUME, lambda of: of.MaxPooling3D(3, 2, padding="same"),
                           [lc.MaxPool3d(3, stride=2, rule="tensorflow-same")]),
    "AveragePooling1D": (STEPS, lambda of: of.AveragePooling1D(2),
                         [lc.AvgPool1d(2, count_include_pad=False)]),
    "AveragePooling3D": (VOLUME, lambda of: of.AveragePooling3D(2),
                         [lc.AvgPool3d(2, count_include_pad=False)]),
    "GlobalAveragePooling1D": (STEPS, lambda of: of.GlobalAveragePooling1D(),
                               [lc.AdaptiveAvgPool1d(1), lc.Flatten()]),
    "GlobalAveragePooling3D": (VOLUME, lambda of: of.GlobalAveragePooling3D(keepdims=True),
                               [lc.AdaptiveAvgPool3d(1)]),
    "GlobalMaxPooling1D": (STEPS, lambda of: of.GlobalMaxPooling1D(), [lc.MaxPool1d(6), lc.Flatten()]),
    "GlobalMaxPooling2D": (IMAGE, lambda of: of.GlobalMaxPooling2D(), [lc.MaxPool2d(8), lc.Flatten()]),
    "AdaptiveAveragePooling2D": (IMAGE, lambda of: of.AdaptiveAveragePooling2D((2, 3)),
                                 [lc.AdaptiveAvgPool2d((2, 3))]),
    "AdaptiveMaxPooling2D": (IMAGE, lambda of: of.AdaptiveMaxPooling2D((2, 3)),
                             [lc.AdaptiveMaxPool2d((2, 3))]),
    "BatchNormalization without scale": (
        IMAGE, lambda of: of.BatchNormalization(scale=False),
        [lc.BatchNorm2d(3, eps=0.001, momentum=0.01, affine=False), held("add", beta=3)]),
    "BatchNormalization without center": (
        STEPS, lambda of: of.BatchNormalization(center=False),
        [lc.BatchNorm1d(4, eps=0.001, momentum=0.01, affine=False), held("multiply", gamma=4)]),
    "BatchNormalization of volumes": (VOLUME, lambda of: of.BatchNormalization(),
                                      [lc.BatchNorm3d(2, eps=0.001, momentum=0.01)]),
    "BatchNormalization of rows": (IMAGE, lambda of: of.BatchNormalization(axis=1),
                                   [lc.BatchNorm2d(8, eps=0.001, momentum=0.01)]),
    "LayerNormalization of an image": (IMAGE, lambda of: of.LayerNormalization(),
                                       [lc.LayerNorm(3, eps=0.001)]),
    "LayerNormalization without scale": (
        STEPS, lambda of: of.LayerNormalization(scale=False),
        [lc.LayerNorm(4, eps=0.001, elementwise_affine=False), held("add", beta=4)]),
    "GroupNormalization": (IMAGE, lambda of: of.GroupNormalization(3), [lc.GroupNorm(3, 3, eps=0.001)]),
    "GroupNormalization of each channel": (IMAGE, lambda of: of.GroupNormalization(-1),
                                           [lc.GroupNorm(3, 3, eps=0.001)]),
    "RMSNormalization": (STEPS, lambda of: of.RMSNormalization(), [lc.RMSNorm(4, eps=1e-6)]),
    "UnitNormalization": (STEPS, lambda of: of.UnitNormalization(), [
        lc.Elementwise("multiply", 2), lc.Reduce("sum", (-1,), keepdim=True), lc.Elementwise("square root"),
        lc.Elementwise("divide", 2)]),
    "Rescaling": (IMAGE, lambda of: of.Rescaling(1 / 255),
                  [lc.Elementwise("multiply"), lc.Elementwise("add")]),
    "Normalization": (IMAGE, lambda of: of.Normalization(mean=[1.0] * 3, variance=[1.0] * 3),
                      [lc.Elementwise("subtract"), lc.Elementwise("divide")]),
    "cells in a row": (STEPS, lambda of: of.RNN([of.LSTMCell(5), of.GRUCell(3)]),
                       [lc.LSTM(4, 5, bias_vectors=1), lc.GRU(5, 3, return_sequences=False)]),
    "GRU, both ways, added": (STEPS, lambda of: of.Bidirectional(of.GRU(7), merge_mode="sum"),
                              [lc.GRU(4, 7, return_sequences=False)] * 2 + [lc.Add(2)]),
    "UpSampling2D between cells": (IMAGE, lambda of: of.UpSampling2D(2, interpolation="bilinear"),
                                   [lc.Upsample((16, 16), mode="bilinear")]),
    "Resizing": (IMAGE, lambda of: of.Resizing(4, 5), [lc.Upsample((4, 5), mode="bilinear")]),
    "ELU": (ROW, lambda of: of.ELU(0.5), [lc.ELU(0.5)]),
    "Softmax of rows": (IMAGE, lambda of: of.Softmax(axis=1), [lc.Softmax(-2)]),
    "EinsumDense": (STEPS, lambda of: of.EinsumDense("btc,cd->btd", (6, 7), bias_axes="d"),
                    [lc.Linear(4, 7)]),
    **{
        f"the activation {name}": (ROW, lambda of, name=name: of.Activation(name), [layer])
        for name, layer in {
            "elu": lc.ELU(), "selu": lc.SELU(), "celu": lc.CELU(), "mish": lc.Mish(),
            "softplus": lc.Softplus(), "softsign": lc.Softsign(), "hard_swish": lc.Hardswish(),
            "hard_sigmoid": lc.Hardsigmoid(), "hard_tanh": lc.Hardtanh(), "swish": lc.SiLU(),
            "gelu": lc.GELU(), "log_softmax": lc.LogSoftmax(-1), "log_sigmoid": lc.LogSigmoid(),
            "exponential": lc.Elementwise("exponential"),
        }.items()
    },
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_layer_of_keras_becomes_the_layer_that_it_is(name: str, keras: Any) -> None:
    """Its parameters and its output's size are Keras's; images have their channels first."""
    shape, make, expected = CASES[name]
    found = built(keras, shape, make(keras.layers))
    tree = lc.from_keras(found)
    first = (shape[-1], *shape[:-1]) if len(shape) > 2 else shape
    assert tree.input_shape == first
    assert only(tree, first) == expected
    held = lc.count(tree, lc.STORED_VALUES).total
    assert held == sum(prod(one.shape) for one in found.weights if "seed" not in one.name)
    assert prod(map(int, tree.output_shape(first))) == prod(found.output_shape[1:])


def test_branches_shared_layers_and_inner_models_are_read(keras: Any) -> None:
    layers = keras.layers
    inner = built(
        keras, (8, 8, 4), layers.Conv2D(4, 3, padding="same", name="conv"), layers.ReLU(name="relu")
    )
    given = keras.Input((8, 8, 4))
    shared = layers.Conv2D(4, 1, name="shared")
    summed = layers.Add(name="sum")([given, inner(given)])
    joined = layers.Concatenate(name="cat")([shared(shared(summed)), summed])
    found = keras.Model(
        given, layers.Dense(2, name="head")(layers.GlobalAveragePooling2D(name="gap")(joined))
    )
    tree = lc.from_keras(found)
    assert lc.count(tree, lc.PARAMETERS).total == found.count_params()
    assert lc.table(tree).total.macs == 64 * (9 * 16 + 2 * 16) + 8 * 2
    names = [row.name for row in lc.table(tree).rows]
    assert f"sum.{inner.name}.conv" in names
    assert names[-1] == "head"


def test_channels_first_stays(keras: Any) -> None:
    found = built(keras, (3, 8, 8), keras.layers.MaxPooling2D(2, data_format="channels_first"))
    assert lc.from_keras(found).output_shape((3, 8, 8)) == (3, 4, 4)


def test_what_is_not_known_is_named_and_the_count_is_incomplete(keras: Any) -> None:
    layers = keras.layers
    found = built(keras, ROW, layers.Dense(4), layers.Lambda(lambda x: x), layers.ReLU(max_value=1.0))
    tree = lc.from_keras(found)
    assert [repr(one) for one in only(tree, ROW) if isinstance(one, Unknown)] == [
        "Unknown('Lambda <lambda>')", "Unknown('ReLU')",
    ]  # fmt: skip
    assert not lc.count(tree, lc.FLOPS, ROW, "everything").complete
    assert lc.count(tree, lc.PARAMETERS).total == 24


def test_resnet50_of_keras_holds_what_our_keras_version_holds(keras: Any) -> None:
    tree = lc.from_keras(keras.applications.ResNet50(weights=None))
    ours = lc.networks.resnet50("keras")
    assert lc.count(tree, lc.PARAMETERS).total == lc.count(ours, lc.PARAMETERS).total == 25_583_592
    assert lc.table(tree).total.macs == lc.table(ours).total.macs


def test_what_cannot_be_read_is_refused(keras: Any) -> None:
    class Own(keras.Model):  # type: ignore[misc,name-defined]
        def call(self, inputs: Any) -> Any:
            return inputs

    refused = {
        r"takes a keras.Model, but got str": "resnet50",
        "is not built; begin it with keras.Input": keras.Sequential([keras.layers.Dense(3)]),
        r"has a call\(\) of its own": Own(),
        r"leaves sizes of .* open: \(None, None, 3\)": built(
            keras, (None, None, 3), keras.layers.Conv2D(4, 3)
        ),
    }
    for said, found in refused.items():
        with pytest.raises(ModelError, match=said):
            lc.from_keras(found)


def test_without_keras_the_message_says_how_to_get_it() -> None:
    program = (
        "import sys; sys.modules['keras'] = None\n"
        "import layercost as lc\n"
        "try: lc.from_keras(None)\n"
        "except ValueError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert 'install it with: python -m pip install "layercost[keras]"' in done.stdout


# ---- every layer that Keras has ------------------------------------------------------------------

EVERY: dict[str, tuple[tuple[int, ...], Callable[[Any], Any]]] = {
    **{name: (shape, make) for name, (shape, make, _) in CASES.items()},
    "ConvLSTM1D": ((3, 8, 2), lambda of: of.ConvLSTM1D(4, 3)),
    "ConvLSTM2D": ((3, 8, 8, 2), lambda of: of.ConvLSTM2D(4, 3)),
    "ReversibleEmbedding": ((6,), lambda of: of.ReversibleEmbedding(10, 4, tie_weights=False)),
    "SpectralNormalization": (IMAGE, lambda of: of.SpectralNormalization(of.Conv2D(4, 3))),
    "TimeDistributed": ((2, *IMAGE), lambda of: of.TimeDistributed(of.Conv2D(4, 3))),
    "Masking": (STEPS, lambda of: of.Masking()),
    "SpatialDropout1D": (STEPS, lambda of: of.SpatialDropout1D(0.3)),
    "SpatialDropout2D": (IMAGE, lambda of: of.SpatialDropout2D(0.3)),
    "SpatialDropout3D": (VOLUME, lambda of: of.SpatialDropout3D(0.3)),
    "AdaptiveAveragePooling1D": (STEPS, lambda of: of.AdaptiveAveragePooling1D(2)),
    "AdaptiveAveragePooling3D": (VOLUME, lambda of: of.AdaptiveAveragePooling3D(2)),
    "AdaptiveMaxPooling1D": (STEPS, lambda of: of.AdaptiveMaxPooling1D(2)),
    "AdaptiveMaxPooling3D": (VOLUME, lambda of: of.AdaptiveMaxPooling3D(2)),
    "GlobalMaxPooling3D": (VOLUME, lambda of: of.GlobalMaxPooling3D()),
    "LeakyReLU": (ROW, lambda of: of.LeakyReLU()),
    "RepeatVector": (ROW, lambda of: of.RepeatVector(3)),
    "Permute": (IMAGE, lambda of: of.Permute((3, 1, 2))),
    "Reshape": (IMAGE, lambda of: of.Reshape((-1, 3))),
    "CenterCrop": (IMAGE, lambda of: of.CenterCrop(4, 4)),
    "RandomCrop": (IMAGE, lambda of: of.RandomCrop(4, 4)),
    "CategoryEncoding": ((3,), lambda of: of.CategoryEncoding(5)),
    "Discretization": (ROW, lambda of: of.Discretization([0.0, 1.0])),
    "ActivityRegularization": (ROW, lambda of: of.ActivityRegularization(0.1)),
    **{name: (ROW, lambda of, name=name: getattr(of, name)(0.1)) for name in (
        "GaussianNoise", "GaussianDropout", "AlphaDropout")},
    **{name: (IMAGE, lambda of, name=name: getattr(of, name)(0.1)) for name in (
        "RandomRotation", "RandomZoom", "RandomContrast", "RandomBrightness")},
    **{f"{name}{axes}D": (shape, lambda of, kind=f"{name}{axes}D", by=by: getattr(of, kind)(by))
       for axes, shape in ((1, STEPS), (2, IMAGE), (3, VOLUME))
       for name, by in (("ZeroPadding", 1), ("Cropping", 1), ("UpSampling", 2))},
}  # fmt: skip


@pytest.mark.parametrize("name", EVERY)
def test_whatever_a_layer_is_its_weights_are_held_and_its_output_has_its_size(name: str, keras: Any) -> None:
    """Known or not, at inference or in training, under each convention: a number, and never a crash."""
    shape, make = EVERY[name]
    found = built(keras, shape, make(keras.layers))
    tree = lc.from_keras(found)
    assert lc.count(tree, lc.STORED_VALUES).total == found.count_params()
    assert prod(map(int, tree.output_shape(tree.input_shape))) == prod(found.output_shape[1:])
    for convention in ("textbook", "everything"):
        assert lc.table(tree, convention=convention, batch=3, training=True).total.parameters >= 0
    ran = [call.layer for call in tree.calls(tree.input_shape) if not call.only_in_training]
    if any(isinstance(layer, Unknown) for layer in ran):
        assert not lc.table(tree, convention="everything").complete
