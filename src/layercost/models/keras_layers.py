"""What each layer of Keras is among ours: a small function a kind, which refuses settings that ours lacks."""

# ruff: noqa: ARG001, ARG005 - what makes a layer is given the call, needed or not

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import Any

from layercost import layers as ours
from layercost.facts import Held
from layercost.layer import Layer
from layercost.models.keras_attention import ATTENTION
from layercost.models.keras_call import (
    Called,
    Drawing,
    Found,
    NotOurs,
    Order,
    Product,
    Sizes,
    arranged,
    as_in_keras,
    in_front,
    last_first,
    letters,
    must,
    named,
    outer,
    weights,
)
from layercost.models.leaves import Applied, Each, Rearranged, Unknown
from layercost.shape import TF_SAME

Build = Callable[[Called], Found]


def layer_of(called: Called) -> Found:
    """What a layer of Keras is among ours, its activation included; raises NotOurs."""
    build = _LAYERS.get(called.kind)
    must(build is not None and _is_of_keras(called) and _is_plain(called.original))
    assert build is not None
    return _activated(called, build(called))


def _is_of_keras(called: Called) -> bool:
    """Whether the type is Keras's own: a class that inherits from it may do anything."""
    return type(called.original).__module__.startswith(("keras.src.layers.", "keras.src.applications."))


def _is_plain(layer: Any) -> bool:
    """Whether the weights are used as they are: neither quantized nor adapted."""
    quantized = getattr(layer, "quantization_mode", None) is not None
    return not quantized and not getattr(layer, "lora_enabled", False)


# ---- convolutions --------------------------------------------------------------------------------


def _placing(layer: Any) -> dict[str, Any]:
    """Padding as Keras names it."""
    if layer.padding == "causal":  # all of it before the first step
        (kernel,), (dilation,) = layer.kernel_size, layer.dilation_rate
        return {"padding": ((dilation * (kernel - 1), 0),)}
    must(layer.padding in ("same", "valid"))
    return {"rule": TF_SAME} if layer.padding == "same" else {}


def _conv(called: Called) -> Found:
    layer, order = called.original, called.channels()
    channels = arranged(called.sizes, order)[0]
    kind = named_kind("Conv", len(order) - 1)
    return Found(
        kind(channels, layer.filters, tuple(layer.kernel_size), tuple(layer.strides),
             dilation=tuple(layer.dilation_rate), groups=layer.groups, bias=layer.use_bias,
             **_placing(layer)),
        order,
    )  # fmt: skip


def named_kind(name: str, axes: int) -> Callable[..., Layer]:
    """The kind of layers for so many axes, as Conv2d for two."""
    return lambda *arguments, **settings: named(f"{name}{axes}d", *arguments, **settings)


def _depthwise(called: Called, *, bias: bool | None = None) -> Found:
    layer, order = called.original, called.channels()
    channels = arranged(called.sizes, order)[0]
    kind = named_kind("Conv", len(order) - 1)
    return Found(
        kind(channels, channels * layer.depth_multiplier, _each(layer.kernel_size, order),
             _each(layer.strides, order), dilation=_each(layer.dilation_rate, order), groups=channels,
             bias=layer.use_bias if bias is None else bias, **_placing(layer)),
        order,
    )  # fmt: skip


def _each(sizes: Any, order: Order) -> Sizes:
    """One size for each axis but the channels; some layers keep a single one."""
    return tuple(sizes) if isinstance(sizes, (tuple, list)) else (sizes,) * (len(order) - 1)


def _separable(called: Called) -> Found:
    layer, order = called.original, called.channels()
    inner = arranged(called.sizes, order)[0] * layer.depth_multiplier
    point = named_kind("Conv", len(order) - 1)(inner, layer.filters, 1, bias=layer.use_bias)
    depthwise = _depthwise(called, bias=False).layer
    return Found(ours.Sequential({"depthwise": depthwise, "pointwise": point}), order)


def _transposed(called: Called) -> Found:
    layer, order = called.original, called.channels()
    padding, extra = _spread(layer)
    return Found(
        named_kind("ConvTranspose", len(order) - 1)(
            arranged(called.sizes, order)[0], layer.filters, tuple(layer.kernel_size), tuple(layer.strides),
            padding, extra, bias=layer.use_bias, dilation=tuple(layer.dilation_rate)),
        order,
    )  # fmt: skip


def _spread(layer: Any) -> tuple[Sizes, Sizes]:
    """Padding and output padding for Keras's output sizes.

    Without an output padding of its own, Keras gives n s with "same" and n s + max(k - s, 0) with "valid".
    """
    must(layer.padding in ("same", "valid"))
    same = layer.padding == "same"
    spans = [d * (k - 1) + 1 for k, d in zip(layer.kernel_size, layer.dilation_rate, strict=True)]
    if layer.output_padding is not None:
        more = layer.output_padding
        each = tuple(more) if isinstance(more, (tuple, list)) else (more,) * len(spans)
        return tuple(span // 2 if same else 0 for span in spans), each
    over = [span - s for span, s in zip(spans, layer.strides, strict=True)]
    padding = tuple(max(0, -(-more // 2)) if same else 0 for more in over)
    wanted = [more if same else min(more, 0) for more in over]
    return padding, tuple(2 * p - more for p, more in zip(padding, wanted, strict=True))


# ---- pooling -------------------------------------------------------------------------------------


def _pool(name: str, **settings: Any) -> Build:
    def build(called: Called) -> Found:
        layer, order = called.original, called.channels()
        kind = named_kind(name, len(order) - 1)
        return Found(
            kind(_each(layer.pool_size, order), _each(layer.strides, order), **settings, **_placing(layer)),
            order,
        )

    return build


def _global_average(called: Called) -> Found:
    order = called.channels()
    return _flat(called, named_kind("AdaptiveAvgPool", len(order) - 1)(1), order)


def _global_max(called: Called) -> Found:
    order = called.channels()
    window = arranged(called.sizes, order)[1:]
    return _flat(called, named_kind("MaxPool", len(order) - 1)(window), order)


def _flat(called: Called, pool: Layer, order: Order) -> Found:
    """A pooling that leaves one value a channel, without the axes of 1 unless they are kept."""
    if called.original.keepdims:
        return Found(pool, order)
    return Found(ours.Sequential({"pool": pool, "flatten": ours.Flatten()}), order, as_in_keras(1))


def _adaptive(name: str) -> Build:
    def build(called: Called) -> Found:
        order = called.channels()
        return Found(named_kind(name, len(order) - 1)(tuple(called.original.output_size)), order)

    return build


# ---- dot products --------------------------------------------------------------------------------


def _dense(called: Called) -> Found:
    layer = called.original
    return Found(
        ours.Linear(called.sizes[-1], layer.units, bias=layer.use_bias), as_in_keras(len(called.sizes))
    )


def _einsum_dense(called: Called) -> Found:
    """Rows times a matrix; a letter in input, weight and output has one matrix for each of its places."""
    layer, sizes, same = called.original, called.sizes, as_in_keras(len(called.sizes))
    equation = _without_batch(layer.equation, len(sizes))
    plan = Product.of(equation, sizes, tuple(layer.kernel.shape))
    dense, before = _matrices(layer, plan)
    left, right, result = letters(equation)
    of_the_last_axis = [one in right for one in left] == [False] * (len(left) - 1) + [True]
    if of_the_last_axis and result.startswith(left[:-1]):
        return Found(_reshaped(dense, (*sizes[:-1], plan.second[-1]), called.given), same)
    draw = Drawing(input=sizes)
    product = draw.add("dense", dense, draw.move("rows", "input", before))
    return Found(draw.graph(draw.move("output", product, called.given)), same)


def _matrices(layer: Any, plan: Product) -> tuple[Layer, Sizes]:
    """A matrix as Linear, several side by side as a convolution in groups; and the sizes that it takes."""
    groups, (rows, inner), columns = prod(plan.first[:-2]), plan.first[-2:], plan.second[-1]
    bias = layer.bias is not None
    dense: Layer = ours.Linear(inner, columns, bias)
    before: Sizes = (rows, inner)
    if len(plan.first) > 2:
        dense = ours.Conv1d(groups * inner, groups * columns, 1, groups=groups, bias=bias)
        before = (groups * inner, rows)
    if bias and prod(layer.bias.shape) != groups * columns:  # added to each output all the same
        dense = Applied(dense, weights(layer.kernel, layer.bias))
    return dense, before


def _reshaped(layer: Layer, before: Sizes, after: Sizes) -> Layer:
    if before == after:
        return layer
    return ours.Sequential({"dense": layer, "reshape": Rearranged("Reshape", (before,), after)})


def _without_batch(equation: str, rank: int) -> str:
    """An equation in which dots are letters, without the batch, which stands first in input and output."""
    left, rest = equation.replace(" ", "").split(",")
    right, result = rest.split("->")
    free = [one for one in "ABCDEFGHIJKLMNOP" if one not in equation]
    dots = "".join(free[: rank + 1 - len(left.replace("...", ""))])
    left, result = (one.replace("...", dots) for one in (left, result))
    must(left[0] == result[0] and left[0] not in right and len(left) == rank + 1)
    return f"{left[1:]},{right}->{result[1:]}"


def _embedding(called: Called) -> Found:
    layer = called.original
    if called.keywords.get("reverse", False) or True in called.arguments[1:]:
        must(getattr(layer, "logit_soft_cap", None) is None)
        return Found(
            ours.Linear(called.sizes[-1], layer.input_dim, bias=False), as_in_keras(len(called.sizes))
        )
    table = ours.Embedding(layer.input_dim, layer.output_dim)
    if len(called.sizes) == 1:
        return Found(table)
    tokens = prod(called.sizes)
    draw = Drawing(input=called.sizes)
    read = draw.add("embedding", table, draw.move("tokens", "input", (tokens,)))
    return Found(draw.graph(draw.move("output", read, called.given)), as_in_keras(len(called.sizes)))


# ---- normalization -------------------------------------------------------------------------------


def _batch_norm(called: Called) -> Found:
    layer = called.original
    order = in_front(called.sizes, [called.place(layer.axis)])
    kind = {1: "BatchNorm1d", 2: "BatchNorm1d", 3: "BatchNorm2d", 4: "BatchNorm3d"}.get(len(order), "")
    both = layer.scale and layer.center
    norm = named(kind, called.sizes[order[0]], layer.epsilon, round(1 - layer.momentum, 9), affine=bool(both))
    return Found(_scaled(norm, layer.gamma, layer.beta) if not both else norm, order)


def _scaled(norm: Layer, gamma: Any, beta: Any) -> Layer:
    """A normalization without weights, and what Keras multiplies and adds."""
    parts: dict[str, Layer] = {"normalized": norm}
    if gamma is not None:
        parts["scale"] = Applied(ours.Elementwise("multiply"), weights(gamma))
    if beta is not None:
        parts["center"] = Applied(ours.Elementwise("add"), weights(beta))
    return ours.Sequential(parts) if len(parts) > 1 else norm


def _layer_norm(called: Called) -> Found:
    layer = called.original
    must(not getattr(layer, "rms_scaling", False))
    last, order = _last(called, layer.axis)
    if layer.scale:
        return Found(ours.LayerNorm(last, layer.epsilon, bias=layer.center), order)
    norm = ours.LayerNorm(last, layer.epsilon, elementwise_affine=False)
    return Found(_scaled(norm, None, layer.beta if layer.center else None), order)


def _last(called: Called, axis: Any) -> tuple[Sizes, Order]:
    """The sizes along some axes, and the order that has them last."""
    axes = sorted(called.place(one) for one in (axis if isinstance(axis, (list, tuple)) else [axis]))
    others = [place for place in range(len(called.sizes)) if place not in axes]
    return tuple(called.sizes[place] for place in axes), (*others, *axes)


def _rms_norm(called: Called) -> Found:
    layer = called.original
    last, order = _last(called, layer.axis)
    return Found(named("RMSNorm", last, layer.epsilon), order)


def _group_norm(called: Called) -> Found:
    layer = called.original
    order = in_front(called.sizes, [called.place(layer.axis)])
    channels = called.sizes[order[0]]
    both = layer.scale and layer.center
    groups = channels if layer.groups == -1 else layer.groups
    norm = ours.GroupNorm(groups, channels, layer.epsilon, affine=bool(both))
    return Found(_scaled(norm, layer.gamma, layer.beta) if not both else norm, order)


def _unit_norm(called: Called) -> Found:
    """Each row divided by the root of its sum of squares."""
    last, order = _last(called, called.original.axis)
    draw = Drawing(input=arranged(called.sizes, order))
    squares = draw.add("squares", ours.Elementwise("multiply", 2), "input", "input")
    dims = tuple(range(-len(last), 0))
    total = draw.add("sum", named("Reduce", "sum", dims, keepdim=True), squares)
    root = draw.add("root", ours.Elementwise("square root"), total)
    return Found(draw.graph(draw.add("divide", ours.Elementwise("divide", 2), "input", root)), order)


def _spectral(called: Called) -> Found:
    """The layer inside; its kernel is normalized in training alone, by an iteration that we do not count."""
    layer = called.original
    inner = layer_of(called.of(layer.layer))
    sizes = arranged(called.sizes, inner.taken or called.order)
    kept = weights(layer.vector_u)
    iteration = ours.Auxiliary(Unknown("SpectralNormalization in training", (sizes,), sizes, (), kept))
    return inner._replace(layer=ours.Sequential({"power_iteration": iteration, "layer": inner.layer}))


def _normalization(called: Called) -> Found:
    """Subtract a stored mean, divide by a stored deviation; or the way back."""
    layer = called.original
    kept = weights(*layer.weights)
    steps = ("multiply", "add") if layer.invert else ("subtract", "divide")
    first, second = map(ours.Elementwise, steps)
    return Found(ours.Sequential({steps[0]: Applied(first, (), kept) if kept else first, steps[1]: second}))


def _masking(called: Called) -> Found:
    """Each value compared with the mask's, a step kept where one of them differs, else multiplied by 0."""
    draw = Drawing(input=called.sizes)
    differs = draw.add("compare", ours.Elementwise("compare"), "input")
    kept = draw.add("any", named("Reduce", "max", (-1,), keepdim=True), differs)
    return Found(
        draw.graph(draw.add("multiply", ours.Multiply(2), "input", kept)), as_in_keras(len(called.sizes))
    )


def _rescaling(called: Called) -> Found:
    return Found(_constants("multiply", "add"))


def _constants(*operations: str) -> Layer:
    """Operations with constants of the code, one after the other."""
    return ours.Sequential({one: ours.Elementwise(one) for one in operations})


# ---- recurrence ----------------------------------------------------------------------------------


def _recurrent(called: Called) -> Found:
    found = _rnn(called, called.original, called.original, called.kind)
    return Found(_with_further_inputs(found, called), as_in_keras(2))


def _rnn_of_cell(called: Called) -> Found:
    """A cell, or several of which each reads the steps of the one before."""
    cell = called.original.cell
    if type(cell) is not called.keras.layers.StackedRNNCells:
        return Found(_with_further_inputs(_of_cell(called, cell), called), as_in_keras(2))
    must(len(called.taken) == 1)
    stacked, before = dict[str, Layer](), called
    for place, one in enumerate(cell.cells, start=1):
        found = _of_cell(before, one)
        is_last = place == len(cell.cells)
        stacked[f"cell{place}"] = found if is_last else replace(found, return_sequences=True)  # type: ignore[call-arg]
        before = called.of(called.original, (called.sizes[0], one.units))
    return Found(ours.Sequential(stacked), as_in_keras(2))


def _of_cell(called: Called, cell: Any) -> Layer:
    kind = type(cell).__name__
    must(type(cell) is getattr(called.keras.layers, kind, None))
    return _rnn(called, called.original, cell, kind.removesuffix("Cell"))


def _with_further_inputs(found: Layer, called: Called) -> Layer:
    """A layer that reads states or a mask as well, which change where it starts and not what it does."""
    return found if len(called.taken) == 1 else Applied(found, found.parameters())


def _rnn(called: Called, layer: Any, cell: Any, kind: str) -> Layer:
    sizes, known = called.sizes, called.keras.activations
    must(len(sizes) == 2 and kind in ("SimpleRNN", "LSTM", "GRU"))
    must(cell.activation is known.tanh or (kind == "SimpleRNN" and cell.activation is known.relu))
    settings: dict[str, Any] = {"bias": cell.use_bias, "return_sequences": layer.return_sequences}
    if kind == "SimpleRNN":
        nonlinearity = cell.activation.__name__
        return ours.RNN(sizes[-1], cell.units, bias_vectors=1, nonlinearity=nonlinearity, **settings)
    must(cell.recurrent_activation is known.sigmoid)
    if kind == "LSTM":
        return ours.LSTM(sizes[-1], cell.units, bias_vectors=1, **settings)
    after = bool(cell.reset_after)
    return ours.GRU(sizes[-1], cell.units, bias_vectors=1 + after, reset_after=after, **settings)


def _bidirectional(called: Called) -> Found:
    layer = called.original
    forward, backward = layer.forward_layer, layer.backward_layer
    kind = type(forward).__name__
    must(type(backward) is type(forward) is getattr(called.keras.layers, kind, None))
    there, back = (_rnn(called, one, one, kind) for one in (forward, backward))
    must(there == back)
    if layer.merge_mode != "concat":
        return Found(_merged(called, there, back, layer.merge_mode), as_in_keras(2))
    both = replace(there, bidirectional=True)  # type: ignore[call-arg]
    return Found(_with_further_inputs(both, called), as_in_keras(2))


def _merged(called: Called, there: Layer, back: Layer, mode: str | None) -> Layer:
    """Both directions, added or multiplied element by element."""
    must(mode in ("sum", "ave", "mul") and len(called.taken) == 1)
    draw = Drawing(input=called.sizes)
    both = draw.add("forward", there, "input"), draw.add("backward", back, "input")
    output = draw.add("merge", ours.Multiply(2) if mode == "mul" else ours.Add(2), *both)
    return draw.graph(draw.add("halve", ours.Elementwise("divide"), output) if mode == "ave" else output)


# ---- activations ---------------------------------------------------------------------------------


def softmax_at(place: int, order: Order, name: str = "Softmax") -> Layer:
    """A softmax along an axis of Keras's, in our order."""
    return named(name, order.index(place) - len(order))


PLAIN_ACTIVATIONS: dict[str, Callable[[], Layer]] = {
    "relu": ours.ReLU,
    "relu6": ours.ReLU6,
    "sigmoid": ours.Sigmoid,
    "tanh": ours.Tanh,
    "silu": ours.SiLU,
    "gelu": ours.GELU,
    "leaky_relu": lambda: ours.LeakyReLU(0.2),
    "exponential": lambda: ours.Elementwise("exponential"),
    "hard_silu": lambda: named("Hardswish"),
    "hard_sigmoid": lambda: named("Hardsigmoid"),
    "hard_tanh": lambda: named("Hardtanh"),
    "mish": lambda: named("Mish"),
    "elu": lambda: named("ELU"),
    "selu": lambda: named("SELU"),
    "celu": lambda: named("CELU"),
    "softplus": lambda: named("Softplus"),
    "softsign": lambda: named("Softsign"),
    "log_sigmoid": lambda: named("LogSigmoid"),
}


def activation_of(called: Called, function: Any, order: Order) -> Layer:
    """The layer of an activation, on values in this order; what is none of ours is Unknown."""
    name = getattr(function, "__name__", type(function).__name__)
    try:
        if isinstance(function, called.keras.layers.Layer):
            found = layer_of(called.of(function, called.given, order))
            must(found.taken in (None, order) and found.given in (None, order))
            return found.layer
        must(function is getattr(called.keras.activations, name, None))
        if name in ("softmax", "log_softmax"):
            return softmax_at(len(order) - 1, order, "Softmax" if name == "softmax" else "LogSoftmax")
        must(name in PLAIN_ACTIVATIONS)
        return PLAIN_ACTIVATIONS[name]()
    except (NotOurs, AttributeError):  # a layer that was never called has no weights yet
        sizes = arranged(called.given, order)
        held: tuple[Held, ...] = ()
        kept: tuple[Held, ...] = ()
        if isinstance(function, called.keras.layers.Layer):
            held, kept = weights(*function.trainable_weights), weights(*function.non_trainable_weights)
        return Unknown(name, (sizes,), sizes, held, kept)


def _activated(called: Called, found: Found) -> Found:
    """A layer and the activation that stands in it."""
    if called.kind not in _WITH_ACTIVATION or called.original.activation is called.keras.activations.linear:
        return found
    must(called.original.activation is not None)
    order = found.output_order(called.order, len(called.given))
    activation = activation_of(called, called.original.activation, order)
    if called.kind == "Activation":
        return found._replace(layer=activation)
    name = getattr(called.original.activation, "__name__", "activation").strip("<>") or "activation"
    return found._replace(layer=ours.Sequential({"layer": found.layer, name: activation}), given=order)


def _relu(called: Called) -> Found:
    layer = called.original
    must(not layer.threshold)
    if layer.max_value is None:
        return Found(ours.LeakyReLU(layer.negative_slope) if layer.negative_slope else ours.ReLU())
    must(layer.max_value == 6 and not layer.negative_slope)
    return Found(ours.ReLU6())


def _prelu(called: Called) -> Found:
    layer = called.original
    slopes = prod(layer.alpha.shape)
    if slopes == prod(called.sizes) and len(called.sizes) == 1:
        return Found(ours.PReLU(slopes))
    return Found(Applied(ours.PReLU(1), weights(layer.alpha)))


def _softmax(called: Called) -> Found:
    axis = called.original.axis
    axes = list(axis) if isinstance(axis, (list, tuple)) else [axis]
    must(len(axes) == 1 and len(called.taken) == 1)
    return Found(softmax_at(called.place(axes[0]), called.order))


# ---- several values ------------------------------------------------------------------------------


def _same_rank(called: Called) -> None:
    must(len({len(sizes) for sizes in called.taken}) == 1)


def _add(called: Called) -> Found:
    _same_rank(called)
    return Found(ours.Add(len(called.taken)))


def _multiply(called: Called) -> Found:
    _same_rank(called)
    return Found(ours.Multiply(len(called.taken)))


def _subtract(called: Called) -> Found:
    _same_rank(called)
    return Found(ours.Elementwise("subtract", 2))


def _average(called: Called) -> Found:
    _same_rank(called)
    return Found(ours.Sequential({"add": ours.Add(len(called.taken)), "divide": ours.Elementwise("divide")}))


def _extreme(called: Called) -> Found:
    """The largest or the smallest of several values: a comparison an element for each but the first."""
    _same_rank(called)
    names = [f"input{place}" for place in range(len(called.taken))]
    draw = Drawing(
        **{name: arranged(sizes, called.order) for name, sizes in zip(names, called.taken, strict=True)}
    )
    best = names[0]
    for place, name in enumerate(names[1:], start=1):
        best = draw.add(f"compare{place}", ours.Elementwise("compare", 2), best, name)
    must(best not in names)
    return Found(draw.graph(best))


def _concatenate(called: Called) -> Found:
    _same_rank(called)
    order = called.order
    axis = called.axes[order.index(called.place(called.original.axis))]
    return Found(ours.Concatenate(len(called.taken), axis))


def _dot(called: Called) -> Found:
    layer = called.original
    must(len(called.taken) == 2 and not layer.normalize)
    axes = [layer.axes] * 2 if isinstance(layer.axes, int) else list(layer.axes)
    first, second = called.taken
    places = [
        (axis - 1) if axis > 0 else axis + len(sizes) for axis, sizes in zip(axes, called.taken, strict=True)
    ]
    must(min(places) >= 0)
    left, right = "abcdef"[: len(first)], "ghijkl"[: len(second)]
    right = right.replace(right[places[1]], left[places[0]])
    result = (left + right).replace(left[places[0]], "")
    draw = Drawing(first=first, second=second)
    product = draw.einsum("product", f"{left},{right}->{result}", "first", "second")
    if draw.sizes(product) != called.given:
        product = draw.move("output", product, called.given)
    return Found(
        draw.graph(product), as_in_keras(max(len(first), len(second))), as_in_keras(len(called.given))
    )


def _scaled_sum(called: Called) -> Found:
    """``x + s y``, the residual of Inception-ResNet."""
    first, second = (arranged(sizes, called.order) for sizes in called.taken)
    draw = Drawing(first=first, second=second)
    scaled = draw.add("scale", ours.Elementwise("multiply"), "second")
    return Found(draw.graph(draw.add("add", ours.Add(2), "first", scaled)))


# ---- moving values, and what happens in training alone ---------------------------------------------


def _moved(called: Called) -> Found:
    """A layer that puts values in another shape, in Keras's order."""
    taken, given = as_in_keras(len(called.sizes)), as_in_keras(len(called.given))
    if called.kind == "Reshape" and len(called.given) == 1:
        return Found(ours.Flatten(), taken, given)
    if called.kind == "Reshape" and prod(called.given) == called.given[-1]:  # in any order the same
        given = last_first(len(called.given))
    return Found(Rearranged(called.kind, (called.sizes,), arranged(called.given, given)), taken, given)


def _around(called: Called) -> Found:
    """A layer that adds, leaves out or repeats cells, in any order of the axes."""
    if getattr(called.original, "interpolation", "nearest") != "nearest":
        return _resized(called)
    must(len(called.sizes) == len(called.given))
    sizes = (arranged(called.sizes, called.order),)
    return Found(Rearranged(called.kind, sizes, arranged(called.given, called.order)))


def _resized(called: Called) -> Found:
    """An image of another size, each value between its four neighbours."""
    layer, order = called.original, called.channels()
    must(layer.interpolation == "bilinear" and not getattr(layer, "antialias", False))
    must(
        not getattr(layer, "crop_to_aspect_ratio", False) and not getattr(layer, "pad_to_aspect_ratio", False)
    )
    return Found(named("Upsample", arranged(called.given, order)[1:], mode="bilinear"), order)


def _in_training(called: Called) -> Found:
    """Nothing at inference; in training something that we do not know."""
    must(called.sizes == called.given and not called.original.weights)
    return Found(ours.Auxiliary(called.unknown(f"{called.kind} in training")))


def _stochastic_depth(called: Called) -> Found:
    """Nothing at inference; in training each value is divided by a constant and multiplied by 0 or 1."""
    return Found(ours.Auxiliary(_constants("divide", "multiply")))


def _layer_scale(called: Called) -> Found:
    return Found(Applied(ours.Elementwise("multiply"), weights(called.original.gamma)))


def _time_distributed(called: Called) -> Found:
    """The layer inside, once for each step."""
    steps, sizes = called.sizes[0], called.sizes[1:]
    inside = Called(called.keras, called.original.layer, (sizes,), called.given[1:], _inner(called.order))
    found = layer_of(inside)
    taken = found.taken or inside.order
    given = found.output_order(inside.order, len(called.given) - 1)
    layer = found.layer.rebuilt(lambda leaf, _: Each(leaf, steps), None)
    return Found(layer, outer(taken), outer(given))


def _inner(order: Order) -> Order:
    """The order of the axes behind the first; Keras's own where the first is not in front."""
    return tuple(place - 1 for place in order[1:]) if order[0] == 0 else as_in_keras(len(order) - 1)


def _plain(kind: Callable[[], Layer]) -> Build:
    """A layer without settings."""
    return lambda _: Found(kind())


_WITH_ACTIVATION = frozenset({
    "Dense", "EinsumDense", "Conv1D", "Conv2D", "Conv3D", "DepthwiseConv1D", "DepthwiseConv2D",
    "SeparableConv1D", "SeparableConv2D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose",
    "Activation",
})  # fmt: skip
_LAYERS: dict[str, Build] = {
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D"), _conv),
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D"), _depthwise),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"), _separable),
    **dict.fromkeys(("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"), _transposed),
    **dict.fromkeys(("MaxPooling1D", "MaxPooling2D", "MaxPooling3D"), _pool("MaxPool")),
    **dict.fromkeys(
        ("AveragePooling1D", "AveragePooling2D", "AveragePooling3D"),
        _pool("AvgPool", count_include_pad=False),
    ),
    **dict.fromkeys(
        ("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D"), _global_average
    ),
    **dict.fromkeys(("GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D"), _global_max),
    **dict.fromkeys(
        ("AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D", "AdaptiveAveragePooling3D"),
        _adaptive("AdaptiveAvgPool"),
    ),
    **dict.fromkeys(
        ("AdaptiveMaxPooling1D", "AdaptiveMaxPooling2D", "AdaptiveMaxPooling3D"), _adaptive("AdaptiveMaxPool")
    ),
    "Dense": _dense,
    "EinsumDense": _einsum_dense,
    **dict.fromkeys(("Embedding", "ReversibleEmbedding"), _embedding),
    "BatchNormalization": _batch_norm,
    "LayerNormalization": _layer_norm,
    "RMSNormalization": _rms_norm,
    "GroupNormalization": _group_norm,
    "UnitNormalization": _unit_norm,
    "SpectralNormalization": _spectral,
    "Normalization": _normalization,
    "Rescaling": _rescaling,
    "Masking": _masking,
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN"), _recurrent),
    "RNN": _rnn_of_cell,
    "Bidirectional": _bidirectional,
    "TimeDistributed": _time_distributed,
    "Activation": _plain(ours.Identity),  # what it is follows, as for every layer with an activation
    "ReLU": _relu,
    "LeakyReLU": lambda called: Found(ours.LeakyReLU(called.original.negative_slope)),
    "ELU": lambda called: Found(named("ELU", float(called.original.alpha))),
    "PReLU": _prelu,
    "Softmax": _softmax,
    "Add": _add,
    "Multiply": _multiply,
    "Subtract": _subtract,
    "Average": _average,
    **dict.fromkeys(("Maximum", "Minimum"), _extreme),
    "Concatenate": _concatenate,
    "Dot": _dot,
    "CustomScaleLayer": _scaled_sum,
    "LayerScale": _layer_scale,
    "StochasticDepth": _stochastic_depth,
    "Flatten": lambda called: Found(ours.Flatten(), None, as_in_keras(1)),
    "Identity": _plain(ours.Identity),
    **dict.fromkeys(("Reshape", "Permute", "RepeatVector"), _moved),
    **dict.fromkeys(
        (f"{kind}{axes}D" for kind in ("ZeroPadding", "Cropping", "UpSampling") for axes in (1, 2, 3)),
        _around,
    ),
    "CenterCrop": _around,
    "Resizing": _resized,
    **dict.fromkeys(
        ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"),
        lambda called: Found(ours.Dropout(called.original.rate)),
    ),
    **dict.fromkeys(
        (
            "GaussianNoise", "GaussianDropout", "AlphaDropout", "ActivityRegularization", "RandomBrightness",
            "RandomContrast", "RandomFlip", "RandomHue", "RandomRotation", "RandomSaturation", "RandomShear",
            "RandomTranslation", "RandomZoom",
        ),
        _in_training,
    ),
    **ATTENTION,
}  # fmt: skip
