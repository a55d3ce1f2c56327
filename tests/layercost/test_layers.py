"""Layers that cannot be are refused when they are built, and text is never evaluated as code."""

from __future__ import annotations

import contextlib
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import layercost as lc
from layercost.elsewhere import NOT_DESCRIBED, OURS
from layercost.layer import register

IMPOSSIBLE: dict[str, tuple[Callable[[], object], str]] = {
    "no features": (
        lambda: lc.Linear(0, 3),
        "Linear: in_features must be a whole number of at least 1, but got 0",
    ),
    "negative features": (
        lambda: lc.Linear(3, -3),
        "Linear: out_features must be a whole number of at least 1",
    ),
    "half a feature": (
        lambda: lc.Linear(2.5, 3),
        "in_features must be a whole number of at least 1, but got 2.5",
    ),
    "a text for a size": (
        lambda: lc.Linear("3", 3),
        "in_features must be a whole number of at least 1, but got '3'",
    ),
    "a truth for a size": (
        lambda: lc.Linear(True, 3),
        "in_features must be a whole number of at least 1, but got True",
    ),
    "too many features": (
        lambda: lc.Linear(10**18 + 1, 3),
        "in_features must be a whole number of at most 1,000,000",
    ),
    "a bias that is a number": (lambda: lc.Linear(3, 3, 1), "Linear: bias must be True or False, but got 1"),
    "no channels": (
        lambda: lc.Conv2d(0, 1, 3),
        "Conv2d: in_channels must be a whole number of at least 1, but got 0",
    ),
    "no kernel": (
        lambda: lc.Conv2d(1, 1, 0),
        "Conv2d: kernel_size must be a whole number of at least 1, but got 0",
    ),
    "a kernel of three": (
        lambda: lc.Conv2d(1, 1, (3, 3, 3)),
        "Conv2d: kernel_size must be one whole number or 2 of them, one for each axis, but got (3, 3, 3)",
    ),
    "no stride": (
        lambda: lc.Conv2d(1, 1, 3, stride=0),
        "Conv2d: stride must be a whole number of at least 1",
    ),
    "negative padding": (
        lambda: lc.Conv2d(1, 1, 3, padding=-1),
        "Conv2d: padding must be a whole number of at least 0",
    ),
    "padding in words": (
        lambda: lc.Conv2d(1, 1, 3, padding="reflect"),
        "Conv2d: padding must be 'same', 'valid' or whole numbers, but got 'reflect'",
    ),
    "same with a stride": (
        lambda: lc.Conv2d(1, 1, 3, stride=2, padding="same"),
        "Conv2d: padding='same' needs stride 1, as in PyTorch; for other strides take rule='tensorflow-same'",
    ),
    "padding and a rule": (
        lambda: lc.Conv2d(1, 1, 3, padding="same", rule=lc.TF_SAME),
        "Conv2d: give padding='same' or a rule, not both",
    ),
    "two padding pairs of three": (
        lambda: lc.Conv3d(1, 1, 3, padding=((1, 2), (0, 0))),
        "Conv3d: padding must be one whole number, 3 of them, or 3 pairs (before, after)",
    ),
    "a rule that nobody wrote": (
        lambda: lc.MaxPool2d(2, rule="tf-same"),
        "MaxPool2d: no output-size rule is called 'tf-same'; did you mean",
    ),
    "ceil mode and a rule": (
        lambda: lc.MaxPool2d(2, ceil_mode=True, rule="floor"),
        "MaxPool2d: give ceil_mode=True or a rule, not both",
    ),
    "a projection that enlarges": (
        lambda: lc.LSTM(4, 3, proj_size=3),
        "LSTM: proj_size must be smaller than hidden_size (3), but got 3",
    ),
    "three bias vectors": (
        lambda: lc.GRU(4, 3, bias_vectors=3),
        "GRU: bias_vectors must be 2 (PyTorch, cuDNN, ONNX) or 1 (Keras), but got 3",
    ),
    "an unknown nonlinearity": (
        lambda: lc.RNN(4, 3, nonlinearity="sigmoid"),
        "RNN: nonlinearity must be 'tanh' or 'relu', but got 'sigmoid'",
    ),
    "groups of unequal channels": (
        lambda: lc.GroupNorm(4, 6),
        "GroupNorm: num_groups must divide num_channels, but 4 groups do not divide 6 channels",
    ),
    "a deviation that is no number": (
        lambda: lc.BatchNorm2d(3, eps=float("nan")),
        "BatchNorm2d: eps must be a number of at least 0, but got nan",
    ),
    "a chance above 1": (
        lambda: lc.Dropout(1.5),
        "Dropout: p must be a number from 0 to 1, but got 1.5",
    ),
    "no axis to normalize": (
        lambda: lc.LayerNorm(()),
        "LayerNorm: normalized_shape must name one size or more, but got ()",
    ),
    "fewer channels from a shortcut": (
        lambda: lc.ZeroPaddedShortcut(4, 2),
        "ZeroPaddedShortcut: out_channels must be at least in_channels (4), but got 2",
    ),
    "too much output padding": (
        lambda: lc.ConvTranspose2d(1, 1, 3, stride=2, output_padding=2),
        "ConvTranspose2d: output_padding must be smaller than the stride or the dilation, but got 2",
    ),
    "branches that are neither added nor concatenated": (
        lambda: lc.Parallel(lc.ReLU(), join="subtract"),
        "Parallel: join must be 'add', 'concatenate' or 'multiply', but got 'subtract'",
    ),
    "a sum along an axis": (
        lambda: lc.Parallel(lc.ReLU(), join="add", axis="C"),
        "Parallel: axis names what is concatenated along, as axis='C', but got axis='C' with join='add'",
    ),
    "a branch of the join's name": (
        lambda: lc.Parallel({"add": lc.ReLU()}, join="add"),
        "Parallel: expected one branch or more, and none of the name 'add', which is the join's",
    ),
    "no branch": (
        lambda: lc.Parallel(join="add"),
        "Parallel: expected one branch or more",
    ),
    "an auxiliary number": (
        lambda: lc.Auxiliary(3),  # type: ignore[arg-type]
        "Auxiliary: layer must be a layer, but got 3",
    ),
    "cells that a number reads": (
        lambda: lc.EachCell(3),  # type: ignore[arg-type]
        "EachCell: layer must be a layer, but got 3",
    ),
    "an image smaller than its patches": (
        lambda: lc.PatchEmbedding(3, 16, 8, image_size=8),
        "PatchEmbedding: image_size must be at least patch_size (16x16), but got 8x8",
    ),
    "heads of a window that do not divide the width": (
        lambda: lc.WindowAttention(6, 4, 7),
        "WindowAttention: num_heads must divide embed_dim, but 4 heads do not divide 6",
    ),
    "an encoder that is a number": (
        lambda: lc.AtFirst(3),  # type: ignore[arg-type]
        "AtFirst: layer must be a layer, but got 3",
    ),
    "heads that do not divide the width": (
        lambda: lc.Attention(6, 4),
        "Attention: num_heads must divide embed_dim where head_dim is not given, but 4 heads do not divide 6",
    ),
    "heads that cannot share keys": (
        lambda: lc.CrossAttention(6, 3, 2),
        "CrossAttention: num_kv_heads must divide num_heads, since equally many queries share each key, but",
    ),
    "a window on what comes": (
        lambda: lc.Attention(6, 3, window=2),
        "Attention: window is for causal=True; give both or neither",
    ),
    "a rotation without its positions": (
        lambda: lc.Attention(6, 3, rotary_dim=2),
        "Attention: rotary_dim is for positions='rotary'; give both or neither",
    ),
    "a table without its positions": (
        lambda: lc.Attention(6, 3, positions="alibi", buckets=2),
        "Attention: buckets is for positions='relative'; give both or neither",
    ),
    "a rotation of an odd head": (
        lambda: lc.Attention(6, 2, positions="rotary"),
        "Attention: the size of a head must be even, since values are turned two and two, but got 3",
    ),
    "a rotation of an odd part": (
        lambda: lc.Attention(8, 2, positions="rotary", rotary_dim=3),
        "Attention: rotary_dim must be even, since values are turned two and two, but got 3",
    ),
    "a rotation of more than a head": (
        lambda: lc.Attention(6, 3, positions="rotary", rotary_dim=4),
        "Attention: rotary_dim must be at most the size of a head (2), but got 4",
    ),
    "a rotation of latents that is odd": (
        lambda: lc.LatentAttention(8, 2, 3, 4, 3, 5),
        "LatentAttention: qk_rope_head_dim must be even, since values are turned two and two, but got 3",
    ),
    "a norm that nobody knows": (
        lambda: lc.Attention(6, 3, qk_norm="every"),
        "Attention: qk_norm must be None or one of 'head', 'all', 'layer', but got 'every'",
    ),
    "an activation of rows": (
        lambda: lc.FeedForward(6, 10, activation="Softmax"),
        "FeedForward: activation must be one of 'GELU', 'ReLU', 'SiLU', 'Tanh', 'Sigmoid', 'Identity', but",
    ),
    "more experts than there are": (
        lambda: lc.MixtureOfExperts(6, 10, 8, 9),
        "MixtureOfExperts: top_k must be at most num_experts (8), but got 9",
    ),
    "a router that nobody knows": (
        lambda: lc.MixtureOfExperts(6, 10, 8, 2, router="chance"),
        "MixtureOfExperts: router must be one of 'softmax', 'chosen', 'sigmoid', but got 'chance'",
    ),
    "a gate of no shared expert": (
        lambda: lc.MixtureOfExperts(6, 10, 8, 2, shared_gate=True),
        "MixtureOfExperts: shared_gate is for shared_dim above 0; give both or neither",
    ),
    "no dilation": (
        lambda: lc.Conv2d(1, 1, 3, dilation=(1, 0)),
        "Conv2d: dilation must be a whole number of at least 1",
    ),
    "groups that do not divide the input": (
        lambda: lc.Conv2d(3, 4, 3, groups=2),
        "Conv2d: groups must divide in_channels, but 2 groups do not divide 3 channels",
    ),
    "groups that do not divide the output": (
        lambda: lc.Conv2d(4, 3, 3, groups=2),
        "Conv2d: groups must divide out_channels, but 2 groups do not divide 3 channels",
    ),
    "no connections": (
        lambda: lc.ConnectedConv2d(3, (), 3),
        "connections must list the input channels of each map, but got ()",
    ),
    "a connection to no channel": (
        lambda: lc.ConnectedConv2d(3, ((0, 3),), 3),
        "connections[0] must list different input channels from 0 to 2, but got (0, 3)",
    ),
    "a connection twice": (
        lambda: lc.ConnectedConv2d(3, ((0,), (1, 1)), 3),
        "connections[1] must list different input channels from 0 to 2, but got (1, 1)",
    ),
    "padding wider than half a window": (
        lambda: lc.MaxPool2d(2, padding=2),
        "MaxPool2d: padding must be at most half of the kernel, but got padding 2 for a kernel of 2",
    ),
    "padding wider than half a window that is spread out": (
        lambda: lc.MaxPool2d((3, 1), 1, (2, 0), dilation=3),
        "MaxPool2d: padding must be at most half of the kernel, but got padding 2 for a kernel of 3",
    ),
    "no size to pool to": (
        lambda: lc.AdaptiveAvgPool2d(None),  # type: ignore[arg-type]
        "AdaptiveAvgPool2d: output_size must be a whole number of at least 1, but got None",
    ),
    "a signal pooled to its own size": (
        lambda: lc.AdaptiveAvgPool1d((None,)),  # type: ignore[arg-type]
        "AdaptiveAvgPool1d: output_size must be a whole number of at least 1, but got None",
    ),
    "two sizes for three axes": (
        lambda: lc.AdaptiveMaxPool3d((2, 3)),
        "AdaptiveMaxPool3d: output_size must be one whole number or 3 of them, one for each axis",
    ),
    "a reduction along the batch": (
        lambda: lc.Reduce("mean", (0, -1)),
        "Reduce: dims must count different axes from the last, as -1 or (-2, -1) (shapes leave the batch",
    ),
    "a reduction along an axis twice": (
        lambda: lc.Reduce("mean", (-1, -1)),
        "Reduce: dims must count different axes from the last",
    ),
    "a reduction that nobody knows": (
        lambda: lc.Reduce("median", -1),
        "Reduce: operation must be 'sum', 'mean' or 'max', but got 'median'",
    ),
    "a sine of two values": (
        lambda: lc.Elementwise("sine", 2),
        "Elementwise: 'sine' reads one value, but got reads=2",
    ),
    "a difference of three values": (
        lambda: lc.Elementwise("subtract", 3),
        "Elementwise: 'subtract' reads at most two values, but got reads=3",
    ),
    "a cubic interpolation": (
        lambda: lc.Upsample(scale_factor=2, mode="bicubic"),
        "Upsample: mode must be one of 'nearest', 'nearest-exact', 'linear', 'bilinear', 'trilinear', but",
    ),
    "a size and a factor": (
        lambda: lc.Upsample(4, 2.0),
        "Upsample: give a size or a scale_factor, and not both",
    ),
    "a factor of nothing": (
        lambda: lc.Upsample(scale_factor=0),
        "Upsample: scale_factor must be a number above 0, or one for each axis, but got 0",
    ),
    "corners of copies": (
        lambda: lc.Upsample(4, align_corners=True),
        "Upsample: align_corners is for linear modes, but got mode='nearest'",
    ),
    "padding for three sides": (
        lambda: lc.ZeroPad2d((1, 2, 3)),
        "ZeroPad2d: padding must be one whole number or 4 of them, one for each side, but got (1, 2, 3)",
    ),
    "bounds the wrong way round": (
        lambda: lc.Hardtanh(1, -1),
        "Hardtanh: min_val must not be above max_val (-1), but got 1",
    ),
    "an infinite bound": (
        lambda: lc.Hardtanh(0, float("inf")),
        "Hardtanh: max_val must be a number that is finite, but got inf",
    ),
    "a CELU of nothing": (lambda: lc.CELU(0), "CELU: alpha must not be 0, by which it divides"),
    "a flat softplus": (lambda: lc.Softplus(0), "Softplus: beta must not be 0, by which it divides"),
    "no window": (
        lambda: lc.AvgPool2d(0),
        "AvgPool2d: kernel_size must be a whole number of at least 1, but got 0",
    ),
    "a pooling stride of nothing": (
        lambda: lc.MaxPool2d(2, 0),
        "MaxPool2d: stride must be a whole number of at least 1",
    ),
    "ceil_mode in words": (
        lambda: lc.MaxPool2d(2, ceil_mode="yes"),
        "MaxPool2d: ceil_mode must be True or False, but got 'yes'",
    ),
    "count_include_pad in words": (
        lambda: lc.AvgPool2d(2, count_include_pad=None),
        "AvgPool2d: count_include_pad must be True or False, but got None",
    ),
    "no channels to subsample": (
        lambda: lc.Subsampling2d(2, channels=0),
        "Subsampling2d: channels must be a whole number of at least 1, but got 0",
    ),
    "a softmax along the batch": (
        lambda: lc.Softmax(0),
        "Softmax: dim must count from the last axis, as -1 or -3 (shapes leave the batch out), but got 0",
    ),
    "no layer": (
        lambda: lc.Sequential(lc.ReLU(), "ReLU"),
        "Sequential: expected a layer at 1, but got 'ReLU'",
    ),
    "a class instead of a layer": (
        lambda: lc.Sequential(lc.ReLU),
        "Sequential: expected a layer at 0, but got <class",
    ),
    "a nameless layer": (
        lambda: lc.Sequential({"": lc.ReLU()}),
        "a name must not be empty or hold a dot, but got ''",
    ),
    "a dotted name": (
        lambda: lc.Sequential({"a.b": lc.ReLU()}),
        "a name must not be empty or hold a dot, but got 'a.b'",
    ),
    "a network's formula": (
        lambda: lc.networks.lenet5().derive((1, 32, 32)),
        "Model has no formula of its own, its layers have",
    ),
}


@pytest.mark.parametrize(("action", "message"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_an_impossible_layer_is_refused_when_it_is_built(action: Callable[[], object], message: str) -> None:
    with pytest.raises(lc.LayerError) as caught:
        action()
    assert message in str(caught.value)


# ---- layers as text ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "layer"),
    [
        ("Linear(300, 100)", lc.Linear(300, 100)),
        ("  Conv2d(3, 6, kernel_size=5)\n", lc.Conv2d(3, 6, 5)),
        ("Conv2d(3, 6, (3, 5), padding=[1, 2])", lc.Conv2d(3, 6, (3, 5), padding=(1, 2))),
        ("nn.MaxPool2d(2)", lc.MaxPool2d(2)),
        ("torch.nn.ReLU()", lc.ReLU()),
        ("Softmax(dim=-3)", lc.Softmax(-3)),
        ("Linear(3*32*32, (2 + 1) * 4 - 2)", lc.Linear(3072, 10)),
        ("Linear(2**10 // 3, 10)", lc.Linear(341, 10)),
        ("Softmax(1 - 2)", lc.Softmax(-1)),
        ("Conv2d(3, 8 * 8, (1 + 2, 5))", lc.Conv2d(3, 64, (3, 5))),
        ("Sequential(Linear(3, 4), ReLU())", lc.Sequential(lc.Linear(3, 4), lc.ReLU())),
        ("Sequential({'fc': Linear(3, 4)})", lc.Sequential({"fc": lc.Linear(3, 4)})),
    ],
)  # fmt: skip
def test_a_layer_is_read_as_people_write_it(text: str, layer: lc.Layer) -> None:
    assert lc.layer_from_text(text) == layer


MALFORMED = {
    "nothing": ("", "a layer such as Conv2d(3, 6, kernel_size=5), but could not read ''"),
    "words": ("a big layer", "but could not read 'a big layer'"),
    "half a call": ("Conv2d(3, 6", "but could not read 'Conv2d(3, 6'"),
    "a number": ("42", "a layer such as Conv2d(3, 6, kernel_size=5), but got '42'"),
    "a list of layers": ("[ReLU()]", "a layer such as Conv2d(3, 6, kernel_size=5), but got '[ReLU()]'"),
    "two layers": ("ReLU(); ReLU()", "but could not read 'ReLU(); ReLU()'"),
    "an assignment": ("x = ReLU()", "but could not read 'x = ReLU()'"),
    "no arguments": ("Conv2d", "Conv2d needs its arguments: write Conv2d(...)"),
    "too few": ("Conv2d(3, 6)", "missing a required argument: 'kernel_size', in 'Conv2d(3, 6)'"),
    "too many": ("ReLU(1)", "ReLU(): too many positional arguments, in 'ReLU(1)'"),
    "twice": ("Linear(3, 4, in_features=3)", "multiple values for argument 'in_features'"),
    "too few by name": (
        "Parallel(Linear(1, 1))",
        "join, axis=None): missing a required argument: 'join', in 'Parallel(Linear(1, 1))'",
    ),
    "nothing of what is needed": ("Parallel()", "missing a required argument: 'join', in 'Parallel()'"),
    "by place what goes by name": (
        "GroupNorm(2, 4, 1e-5, True, True)",
        "bias=True): too many positional arguments, in 'GroupNorm(2, 4, 1e-05, True, True)'",
    ),
    "a misspelt name of what is needed": (
        "Parallel(Linear(1, 1), jion='add')",
        "Parallel: no argument is called 'jion'; did you mean 'join'?",
    ),
    "an argument of a layer that has none": (
        "Parallel(ReLU(size=3), join='add')",
        "ReLU: no argument is called 'size', and there is none",
    ),
    "a misspelt layer": ("Cnov2d(3, 6, 5)", "no layer is called 'Cnov2d'; did you mean 'Conv2d'"),
    "a layer of Keras": (
        "keras.layers.Conv2D(6, 5)",
        "no layer is called 'Conv2D'; it is a name of Keras, and here it is Conv2d(in_channels, out_channels",
    ),
    "a layer of Flax": ("nn.Dense(10)", "a name of Keras and Flax, and here it is Linear(in_features, out_"),
    "a layer of ONNX": (
        "Gemm(3, 4)",
        "it is a name of ONNX, and here it is Linear(in_features, out_features)",
    ),
    "attention of PyTorch": (
        "nn.MultiheadAttention(64, 8)",
        "it is a name of PyTorch, and here it is Attention(embed_dim, num_heads), or CrossAttention(",
    ),
    "a lazy layer": (
        "nn.LazyLinear(10)",
        "here it is Linear(in_features, out_features) with the features that",
    ),
    "a layer of PyTorch that is not here": (
        "nn.TransformerEncoderLayer(64, 8)",
        "of PyTorch that has no name here: build a model with it and let layercost.from_torch read that",
    ),
    "a layer of Keras that is not here": (
        "TimeDistributed(3)",
        "and let layercost.from_keras read that, or write",
    ),
    "a layer of Flax that is not here": (
        "nn.ConvLocal(8, 3)",
        "a layer of Flax that has no name here: write it as a Sequential or a Parallel of the layers",
    ),
    "an unknown layer": ("Quux(3)", "no layer is called 'Quux'; there are: "),
    "a misspelt argument": (
        "Conv2d(3, 6, kernel=5)",
        "Conv2d: no argument is called 'kernel'; did you mean 'kernel_size'",
    ),
    "a quotient": (
        "Linear(300 / 3, 4)",
        "a quotient is written with //, which rounds down, but got '300 / 3'",
    ),
    "a division by zero": ("Linear(300 // (2 - 2), 4)", "300 // 0 is a division by zero"),
    "a tower of powers": ("Linear(9**9**9, 4)", "an exponent from 0 to 64, but got 387420489"),
    "a large power": ("Linear(10**19, 4)", "'10 ** 19' comes to more than 1,000,000,000,000,000,000"),
    "a large product": (f"Linear({'*'.join(['10**10'] * 9)}, 4)", "comes to more than"),
    "a negative power": ("Linear(2**-1, 4)", "an exponent from 0 to 64, but got -1"),
    "a sum of fractions": ("Dropout(0.1 + 0.2)", "arithmetic is + - * // ** on whole numbers, but got '0.1'"),
    "a repeated text": ("Softmax('a' * 3)", "arithmetic is + - * // ** on whole numbers, but got \"'a'\""),
    "a shift": ("Linear(1 << 90, 4)", "arithmetic is + - * // ** on whole numbers, but got '1 << 90'"),
    "arithmetic on a variable": (
        "Linear(3 * n, 4)",
        "arithmetic is + - * // ** on whole numbers, but got 'n'",
    ),
    "arithmetic that is too little": (
        "Linear(3 - 3, 4)",
        "Linear: in_features must be a whole number of at least 1, but got 0",
    ),
    "a variable": ("Linear(n, 4)", "True, False, None, texts or layers as arguments, but got 'n'"),
    "a comprehension": ("Linear([i for i in range(9)], 4)", "as arguments, but got '[i for i in range(9)]'"),
    "stars": ("Linear(*[3, 4])", "Linear: write its arguments one by one; * and ** are not read"),
    "two stars": (
        "Linear(**{'in_features': 3})",
        "Linear: write its arguments one by one; * and ** are not read",
    ),
    "a dictionary with stars": ("Sequential({**{}})", "as arguments, but got '{**{}}'"),
    "a lambda": ("(lambda: ReLU())()", "but got '(lambda: ReLU())()'"),
    "an impossible layer": (
        "Linear(0, 4)",
        "Linear: in_features must be a whole number of at least 1, but got 0",
    ),
    "an impossible inner layer": (
        "Sequential(ReLU(), Linear(0, 4))",
        "Linear: in_features must be a whole number",
    ),
    "a walrus": ("Linear((n := 3), 4)", "as arguments, but got '(n := 3)'"),
    "a null byte": ("Linear(3\0, 4)", "could not read"),
    "a huge number": (
        f"Linear({'9' * 300}, 4)",
        "in_features must be a whole number of at most 1,000,000,000",
    ),
    "a number beyond reading": (f"Linear({'9' * 5000}, 4)", "could not read"),
    "a number beyond reading in hexadecimal": (
        f"Linear(0x{'f' * 9000}, 4)",
        "but got a number of thousands of digits",
    ),
    "a deep nest of parentheses": ("(" * 5000 + "3" + ")" * 5000, "could not read"),
    "a deep nest of layers": ("Sequential(" * 90 + "Linear(0, 1)" + ")" * 90, "Linear: in_features"),
    "a long sum": ("Linear(" + "+".join("1" * 20_000) + ", 4)", "expected"),
    "a long chain of attributes": ("a" + ".a" * 20_000 + "()", "expected a layer"),
    "a huge text": (
        "Linear(3, 4)" + " " * 10**6,
        "a layer is written in up to 100,000 characters, but got 1,000,012",
    ),
}


@pytest.mark.parametrize("name", lc.LAYERS)
def test_whatever_arguments_do_not_fit_a_layer_are_refused_in_words(name: str) -> None:
    """Any number of them by place, and each of them alone by name: there is a layer, or words."""
    by_name = inspect.signature(lc.LAYERS[name]).parameters
    texts = [f"{name}({', '.join(['1'] * count)})" for count in range(len(by_name) + 1)]
    texts += [f"{name}({argument}=1)" for argument in by_name]
    for text in texts:
        with contextlib.suppress(lc.LayerError):
            lc.layer_from_text(text)
    for text in (f"{name}({', '.join(['1'] * (len(by_name) + 1))})", f"{name}(nothing=1)"):
        with pytest.raises(lc.LayerError, match=name):
            lc.layer_from_text(text)


@pytest.mark.parametrize("name", OURS)
def test_a_layer_that_has_another_name_elsewhere_is_here(name: str) -> None:
    _, ours = OURS[name]
    assert name not in lc.LAYERS
    assert set(re.findall(r"\b[A-Z]\w+", str(ours))) <= set(lc.LAYERS) | {"True", "False"}


@pytest.mark.parametrize("where", NOT_DESCRIBED)
def test_a_layer_that_is_not_described_is_not_here(where: str) -> None:
    assert not lc.LAYERS.keys() & set(NOT_DESCRIBED[where])
    assert not OURS.keys() & set(NOT_DESCRIBED[where])


@pytest.mark.parametrize(("text", "message"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_text_is_refused_in_words(text: str, message: str) -> None:
    with pytest.raises(lc.LayerError) as caught:
        lc.layer_from_text(text)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('touch {}')",
        "__import__('pathlib').Path('{}').touch()",
        "Linear(__import__('pathlib').Path('{}').touch() or 3, 4)",
        'Linear(exec(\'open("{}", "w")\'), 4)',
        "Sequential((lambda: open('{}', 'w'))())",
        "Linear.__init__.__globals__['open']('{}', 'w')",
        'f\'{{open("{}", "w")}}\'',
    ],
)
def test_no_text_is_evaluated_as_code(text: str, tmp_path: Path) -> None:
    """Each of these would leave a file behind."""
    target = tmp_path / "written"
    with pytest.raises(lc.LayerError):
        lc.layer_from_text(text.replace("{}", str(target)))
    assert not target.exists()


@pytest.mark.parametrize(
    ("printed", "layer"),
    [
        ("Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2), padding=(3, 3), bias=False)",
         lc.Conv2d(3, 64, 7, 2, 3, bias=False)),
        ("Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1), padding=same, padding_mode=zeros)", None),
        ("BatchNorm2d(64, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)",
         lc.BatchNorm2d(64)),
        ("BatchNorm2d(4, eps=1e-05, momentum=0.1, affine=True, bias=False, track_running_stats=True)",
         lc.BatchNorm2d(4, bias=False)),
        ("InstanceNorm2d(4, eps=1e-05, momentum=0.1, affine=False, bias=False, track_running_stats=False)",
         lc.InstanceNorm2d(4)),
        ("GroupNorm(2, 4, eps=1e-05, affine=True, bias=True)", lc.GroupNorm(2, 4)),
        ("ReLU(inplace=True)", lc.ReLU()),
        ("MaxPool2d(kernel_size=3, stride=2, padding=1, dilation=1, ceil_mode=False)", lc.MaxPool2d(3, 2, 1)),
        ("AdaptiveAvgPool2d(output_size=(1, 1))", lc.AdaptiveAvgPool2d(1)),
        ("Linear(in_features=2048, out_features=1000, bias=True)", lc.Linear(2048, 1000)),
        ("Dropout(p=0.5, inplace=False)", lc.Dropout()),
        ("LSTM(128, 64, num_layers=2, batch_first=True, bidirectional=True)",
         lc.LSTM(128, 64, 2, batch_first=True, bidirectional=True)),
        ("Embedding(30522, 768, padding_idx=0)", lc.Embedding(30522, 768)),
        ("LayerNorm((768,), eps=1e-12, elementwise_affine=True)", lc.LayerNorm(768, eps=1e-12)),
        ("nn.Linear(3, 4, device='cpu')", lc.Linear(3, 4)),
    ],
)  # fmt: skip
def test_what_pytorch_prints_is_read(printed: str, layer: lc.Layer | None) -> None:
    """Arguments that change no count are left out; words without quotes are no values."""
    if layer is None:
        with pytest.raises(lc.LayerError, match="expected numbers, True, False, None, texts or layers"):
            lc.layer_from_text(printed)
    else:
        assert lc.layer_from_text(printed) == layer


# ---- the protocol --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(lc.LAYERS))
def test_a_layer_says_its_shapes_and_its_source(name: str) -> None:
    """The first line of each docstring has shapes in and out; somewhere a source."""
    said = lc.LAYERS[name].__doc__ or ""
    first, _, _ = said.partition("\n")
    assert "``" in first or "shape" in first.lower()
    assert any(word in said for word in ("Source: ", "As torch.nn."))


def test_a_layer_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        lc.Linear(3, 4).in_features = 5  # type: ignore[misc]


def test_a_layer_of_ones_own_joins_by_registering(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is then known by name, and counts as any other."""
    monkeypatch.setattr(lc.layer, "LAYERS", dict(lc.LAYERS))

    class Twice(lc.Linear):
        """``(..., in_features)`` to ``(..., out_features)``."""

        def parameters(self) -> Any:
            return super().parameters() * 2

    register(Twice)
    assert lc.count(lc.layer_from_text("Twice(3, 4)"), lc.PARAMETERS).total == 2 * (3 * 4 + 4)


def test_what_a_layer_holds_needs_no_input() -> None:
    conv = lc.Conv2d(3, 6, kernel_size=5)
    assert lc.count(conv, lc.PARAMETERS).text() == "C_out·C_in·k·k + C_out = 6·3·5·5 + 6 = 456"
    assert lc.count(conv, lc.PARAMETER_BYTES, dtype="float16").total == 912
    assert lc.count(lc.EuclideanRBF(84, 10), lc.STORED_VALUES).total == 840


@pytest.mark.parametrize(
    ("layer", "shape", "quantity", "text"),
    [
        pytest.param(
            lc.Conv2d(4, 6, 3, groups=2, dilation=2), (4, 9, 9), lc.PARAMETERS,
            "C_out·(C_in/g)·k·k + C_out = 6·(4/2)·3·3 + 6 = 114", id="groups are seen",
        ),
        pytest.param(
            lc.Conv2d(4, 6, (1, 3)), (4, 9, 9), lc.PARAMETERS,
            "C_out·C_in·k_h·k_w + C_out = 6·4·1·3 + 6 = 78", id="a kernel that is not square",
        ),
        pytest.param(
            lc.Linear(300, 100, bias=False), (300,), lc.FLOPS,
            "(2·d_in - 1)·d_out = (2·300 - 1)·100 = 59,900", id="no bias",
        ),
        pytest.param(
            lc.Linear(8, 2), (5, 8), lc.MACS, "d_in·T·d_out = 8·5·2 = 80", id="every step of a sequence",
        ),
        pytest.param(lc.ReLU(), (3,), lc.PARAMETERS, "0", id="nothing"),
        pytest.param(
            lc.MaxPool2d(2), (3, 8, 8), lc.COMPARISONS,
            "(k·k - 1)·C·H_out·W_out = (2·2 - 1)·3·4·4 = 144", id="comparisons",
        ),
    ],
)  # fmt: skip
def test_a_derivation_reads_letters_numbers_total(
    layer: lc.Layer, shape: tuple[int, ...], quantity: lc.Quantity, text: str
) -> None:
    assert lc.count(layer, quantity, shape).text() == text


def test_a_batch_is_a_letter_of_its_own() -> None:
    counted = lc.count(lc.Linear(300, 100), lc.MACS, (300,), batch=8)
    assert counted.text() == "d_in·N·d_out = 300·8·100 = 240,000"


@pytest.mark.parametrize(
    ("layer", "quantity", "text"),
    [
        (lc.Linear(300, 100), lc.PARAMETERS, "(d_in + 1)·d_out"),
        (lc.Linear(300, 100), lc.FLOPS, "(d_in + (d_in - 1) + 1)·d_out"),
        (lc.Linear(300, 100, bias=False), lc.FLOPS, "(d_in + (d_in - 1))·d_out"),
        (lc.Conv2d(3, 6, 5), lc.PARAMETERS, "(C_in·k·k + 1)·C_out"),
        (lc.Conv2d(3, 6, 5), lc.FLOPS, "(C_in·k·k + (C_in·k·k - 1) + 1)·C_out·H_out·W_out"),
        (lc.Conv2d(4, 6, 5, groups=2), lc.PARAMETERS, "((C_in/g)·k·k + 1)·C_out"),
    ],
)
def test_the_taught_form_is_the_one_that_courses_write(
    layer: lc.Layer, quantity: lc.Quantity, text: str
) -> None:
    shape = (300,) if isinstance(layer, lc.Linear) else (layer.in_channels, 32, 32)  # type: ignore[attr-defined]
    taught = lc.count(layer, quantity, shape).taught
    assert taught is not None
    assert lc.expression.render(taught, lc.expression.TEXT) == text


def test_a_form_that_is_taught_for_another_convention_is_not_shown() -> None:
    conv = lc.Conv2d(3, 6, 5)
    assert lc.count(conv, lc.FLOPS, (3, 32, 32), "everything").taught is None
    assert lc.count(conv, lc.FLOPS, (3, 32, 32), batch=2).taught is None
    assert lc.count(lc.networks.lenet5(), lc.FLOPS, (1, 32, 32)).taught is None


def test_a_count_explains_its_letters_in_each_notation() -> None:
    counted = lc.count(lc.Conv2d(3, 6, 5, stride=2, padding=1), lc.MACS, (3, 32, 32))
    assert counted.where() == (
        "H_out = ⌊(H + 2·p - k)/s⌋ + 1 = ⌊(32 + 2·1 - 5)/2⌋ + 1 = 15",
        "W_out = ⌊(W + 2·p - k)/s⌋ + 1 = ⌊(32 + 2·1 - 5)/2⌋ + 1 = 15",
    )
    assert counted.where("latex")[0].startswith(
        r"H_{\mathrm{out}} = \left\lfloor \frac{H + 2 \cdot p - k}{s}"
    )
    with pytest.raises(lc.UnknownNameError, match="no notation is called 'latx'; did you mean 'latex'"):
        counted.where("latx")


def test_clipped_windows_stand_in_a_formula_as_they_are() -> None:
    """16 x 16 windows on 32 x 32 cells: 15 · 15 whole ones, 15 over each of two edges, one at the corner."""
    counted = lc.count(lc.MaxPool2d(3, 2, 1), lc.FLOPS, (1, 32, 32), "everything")
    assert counted.total == 15 * 15 * 9 + 2 * 15 * 6 + 4 == counted.expression.value


# ---- whatever is typed ---------------------------------------------------------------------------

values = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-2, 5), st.integers(), st.floats(), st.text(max_size=3),
        st.binary(max_size=2), st.complex_numbers(max_magnitude=3),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.integers(0, 2) | st.text(max_size=2), inner, max_size=2),
    ),
    max_leaves=4,
)  # fmt: skip


@settings(max_examples=1500)
@given(st.data())
def test_whatever_is_given_to_a_layer_it_is_built_or_refused_in_words(data: st.DataObject) -> None:
    """No value brings another error than a LayerError, nor any shape another than a ShapeError."""
    name = data.draw(st.sampled_from(sorted(lc.LAYERS)))
    arguments = ", ".join(map(repr, data.draw(st.lists(values, max_size=4))))
    inner = data.draw(st.sampled_from(["", "ReLU(), ", "{'a': ReLU()}, ", "[ReLU()], ", "{[1]: ReLU()}, "]))
    shape = data.draw(values | st.lists(st.integers(1, 9), max_size=5).map(tuple))
    with contextlib.suppress(lc.LayerError, lc.ShapeError):
        lc.table(lc.layer_from_text(f"{name}({inner}{arguments})"), shape).text()


@settings(max_examples=1000)
@given(st.text(alphabet="Linear(3, 4)'\"[]{}=*:.\\\n#@0xe_-\0é", max_size=30) | st.text(max_size=20))
def test_whatever_is_typed_is_a_layer_or_refused_in_words(text: str) -> None:
    with contextlib.suppress(lc.LayerError):
        assert isinstance(lc.layer_from_text(text), lc.Layer)
