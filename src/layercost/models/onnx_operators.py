"""ONNX's operators: what each becomes in the tree.

A handler gets an operator and gives a layer with the values that it reads, and the places of its weights
among the operator's inputs; it raises `NotOurs` where none of our layers has its settings.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, isclose, prod
from typing import Any, NamedTuple, Protocol, TypeAlias

from layercost import layers as ours
from layercost.layer import Layer
from layercost.layers.graph import as_samples
from layercost.layers.joins import broadcast
from layercost.models.leaves import Rearranged
from layercost.models.onnx_values import Sizes
from layercost.shape import ONNX_SAME_LOWER, ONNX_SAME_UPPER, ONNX_VALID, seen_shape


class NotOurs(Exception):
    """An operator with settings that none of our layers has."""


def must(holds: bool) -> None:
    """Raise NotOurs unless this holds."""
    if not holds:
        raise NotOurs


class Value(NamedTuple):
    """A value in the tree: the step that gives it, a sample's sizes, and the file's sizes for a batch of one.

    What happens `once` does not depend on the input. `batch` is the axis of the file's that a sample lacks.
    """

    key: str
    sizes: Sizes
    full: Sizes
    once: bool = False
    batch: int | None = None

    def axis(self, axis: int) -> int | None:
        """An axis of the file's as one of a sample's, counted from the last; None for the batch's own."""
        place = axis % len(self.full)
        if place == self.batch:
            return None
        rank = len(self.full) - (self.batch is not None)
        return place - (self.batch is not None and place > self.batch) - rank


class Made(NamedTuple):
    """What an operator becomes: a layer, the values that it reads, and where its weights stand.

    `weights` and `buffers` are places among the operator's inputs. Where the layer does not take the values
    as they stand in the tree, or `rearranged` says that it never does, it runs `times` times on shapes
    `inner`.
    """

    layer: Layer
    values: list[Value]
    weights: tuple[int, ...] = ()
    buffers: tuple[int, ...] = ()
    inner: tuple[Sizes, ...] | None = None
    times: int = 1
    rearranged: bool = False


class Noting(Protocol):
    """What an operator asks of the reading that it belongs to."""

    def value(self, name: str) -> Value: ...
    def is_value(self, name: str) -> bool: ...
    def is_weight(self, name: str) -> bool: ...
    def is_code(self, name: str) -> bool: ...
    def full(self, name: str) -> Sizes: ...
    def sample(self, name: str) -> Sizes: ...
    def varies(self, name: str) -> bool: ...
    def array(self, name: str) -> Any: ...
    def opset(self, domain: str) -> int: ...
    def note(
        self, node: Any, made: Made, full: Sizes, sample: tuple[Sizes, int | None] | None, label: str
    ) -> Value: ...
    def note_step(self, node: Any, label: str, layer: Layer, values: list[Value], full: Sizes) -> Value: ...


class Operator:
    """One node of the file: its attributes, and its inputs as the reading knows them."""

    def __init__(self, reading: Noting, node: Any, attributes: dict[str, Any]) -> None:
        self.reading, self.node, self.attributes, self.kind = reading, node, attributes, node.op_type

    def get(self, name: str, usual: Any) -> Any:
        """An attribute, or what it is where the file does not say."""
        found = self.attributes.get(name, usual)
        return float(f"{found:.7g}") if isinstance(found, float) else found  # as it was before float32

    def has(self, place: int) -> bool:
        """Whether there is an input at that place."""
        return len(self.node.input) > place and bool(self.node.input[place])

    def full(self, place: int = 0) -> Sizes:
        """The sizes of an input for a batch of one, as the file has them."""
        must(self.has(place))
        return self.reading.full(self.node.input[place])

    def value(self, place: int = 0) -> Value:
        """An input as a value of the tree."""
        must(self.has(place))
        return self.reading.value(self.node.input[place])

    @property
    def values(self) -> list[Value]:
        """All inputs that are values of the tree, and no settings or single numbers."""
        settings = SETTINGS.get(self.kind, ())
        names = [name for place, name in enumerate(self.node.input) if name and place not in settings]
        return [self.reading.value(name) for name in names if self.reading.is_value(name)]

    def is_weight(self, place: int) -> bool:
        """Whether an input is one of the file's weights."""
        return self.has(place) and self.reading.is_weight(self.node.input[place])

    @property
    def single_numbers(self) -> tuple[int, ...]:
        """The places of inputs that are constants of the model's code."""
        names = enumerate(self.node.input)
        return tuple(place for place, name in names if name and not self.reading.is_value(name))

    def numbers(self, place: int) -> list[Any]:
        """The numbers of a constant input."""
        must(self.has(place))
        found = self.reading.array(self.node.input[place])
        must(found is not None)
        return list(found.reshape(-1).tolist())

    @property
    def given(self) -> Sizes:
        """The sizes of the first output for a batch of one, as the file has them."""
        return self.reading.full(next(name for name in self.node.output if name))

    @property
    def given_sample(self) -> Sizes:
        """A sample's sizes of the first output; all of them where it does not depend on the input."""
        name = next(name for name in self.node.output if name)
        values = [name for name in self.node.input if self.reading.is_value(name)]
        once = all(map(self.reading.is_weight, values)) and not self.reading.varies(name)
        return self.given if once else self.reading.sample(name)

    @property
    def opset(self) -> int:
        """The version of the operators that the file speaks."""
        return self.reading.opset("")

    def step(self, label: str, layer: Layer, values: list[Value], full: Sizes | None = None) -> Value:
        """A step of its own inside of this operator, which gives `full`, or the sizes of its first value."""
        return self.reading.note_step(
            self.node, label, layer, values, values[0].full if full is None else full
        )

    def step_of(self, label: str, made: Made, full: Sizes | None = None) -> Value:
        """The same for what another handler made: it gives `full`, or what the operator gives."""
        full = self.given if full is None else full
        return self.reading.note(self.node, made, full, None, label)

    def turned(self, label: str, value: Value, full: Sizes) -> Value:
        """A step in which a value comes into another shape."""
        given = full[1:] if value.batch == 0 else full
        return self.step(label, Rearranged(self.kind, (value.sizes,), given), [value], full)

    # ---- windows

    @property
    def axes(self) -> int:
        """The axes over which a window slides."""
        return len(self.full()) - 2

    def placing(self) -> dict[str, Any]:
        """Padding, or the rule that finds it."""
        rule = self.get("auto_pad", b"NOTSET").decode()
        named = {"SAME_UPPER": ONNX_SAME_UPPER, "SAME_LOWER": ONNX_SAME_LOWER, "VALID": ONNX_VALID}
        if rule in named:
            return {"rule": named[rule]}
        pads = self.get("pads", [0] * 2 * self.axes)
        sides = tuple(zip(pads[: self.axes], pads[self.axes :], strict=True))
        even = all(before == after for before, after in sides)
        return {"padding": tuple(before for before, _ in sides) if even else sides}

    def window(self) -> dict[str, Any]:
        """Stride and dilation of a window."""
        ones = [1] * self.axes
        return {"stride": tuple(self.get("strides", ones)), "dilation": tuple(self.get("dilations", ones))}

    def on_maps(
        self, layer: Layer, weights: tuple[int, ...] = (), buffers: tuple[int, ...] = (), place: int = 0
    ) -> Made:
        """A layer that takes a sample of channels and cells; the first axis of the file counts samples."""
        value = self.value(place)
        batch, *sample = value.full
        return Made(layer, [value], weights, buffers, (tuple(sample),), batch)


def arrived(values: list[Value], *, once: bool) -> tuple[Sizes, ...]:
    """The sizes that values have where they arrive at one layer."""
    shapes = as_samples([(seen_shape(value.sizes, "from_onnx"), value.once) for value in values], once)
    return tuple(tuple(map(int, shape)) for shape in shapes)


Handler: TypeAlias = Callable[[Operator], Made]


def of(name: str, axes: int | None = None) -> Any:
    """A layer's class by its name, perhaps with its number of axes; raises NotOurs where there is none."""
    must(axes is None or axes in (1, 2, 3))
    found = getattr(ours, name if axes is None else f"{name}{axes}d", None)
    must(found is not None)
    return found


# ---- products with weights -------------------------------------------------------------------------


def _places(op: Operator, *places: int) -> tuple[int, ...]:
    return tuple(place for place in places if op.has(place))


def _convolution(op: Operator, weight: int = 1, bias: int = 2) -> Layer:
    outputs, channels, *kernel = op.full(weight)
    groups = op.get("group", 1)
    layer: Layer = of("Conv", op.axes)(
        channels * groups, outputs, tuple(kernel), groups=groups, bias=op.has(bias),
        **op.window(), **op.placing(),
    )  # fmt: skip
    return layer


def _conv(op: Operator) -> Made:
    return op.on_maps(_convolution(op), _places(op, 1, 2))


def _conv_integer(op: Operator) -> Made:
    return op.on_maps(_convolution(op, 1, 9), (1,), _places(op, 2, 3))


def _qlinear_conv(op: Operator) -> Made:
    return op.on_maps(_convolution(op, 3, 8), _places(op, 3, 8), (1, 2, 4, 5, 6, 7))


def _conv_transpose(op: Operator) -> Made:
    groups, window = op.get("group", 1), op.window()
    channels, outputs, *kernel = op.full(1)
    more = op.get("output_padding", [0] * op.axes)
    padding = _transposed_padding(op, window, kernel, more)
    layer = of("ConvTranspose", op.axes)(
        channels, outputs * groups, tuple(kernel), groups=groups, bias=op.has(2),
        output_padding=tuple(more), padding=padding, **window,
    )  # fmt: skip
    return op.on_maps(layer, _places(op, 1, 2))


def _transposed_padding(op: Operator, window: dict[str, Any], kernel: list[int], more: list[int]) -> Sizes:
    """The cells that are cropped on each side; raises NotOurs where the sides differ."""
    sizes, given = op.full()[2:], op.given[2:]
    padding = []
    for n, out, k, s, d, extra in zip(
        sizes, given, kernel, window["stride"], window["dilation"], more, strict=True
    ):
        cropped = (n - 1) * s + d * (k - 1) + 1 + extra - out
        must(cropped >= 0 and cropped % 2 == 0)
        padding.append(cropped // 2)
    return tuple(padding)


def _product(op: Operator, first: int = 0, second: int = 1, buffers: tuple[int, ...] = ()) -> Made:
    """The product of two inputs; with a matrix of weights on the right it is a Linear."""
    left, right, turned = op.full(first), op.full(second), bool(op.get("transB", 0))
    must(bool(left) and bool(right) and not op.get("transA", 0))
    if op.is_weight(second) and len(right) == 2 and not op.is_weight(first):
        inputs, outputs = right[::-1] if turned else right
        layer = ours.Linear(inputs, outputs, bias=False)
        return Made(layer, [op.value(first)], (second,), buffers, inner=(left,))
    rows = left if len(left) > 1 else (1, *left)
    columns = right if len(right) > 1 else (*right, 1)
    values = [op.value(first), op.value(second)]
    return Made(ours.MatMul(turned), values, buffers=buffers, inner=(rows, columns))


def _qlinear_matmul(op: Operator) -> Made:
    return _product(op, 0, 3, (1, 2, 4, 5, 6, 7))


def _matmul_integer(op: Operator) -> Made:
    return _product(op, 0, 1, _places(op, 2, 3))


def _fused_matmul(op: Operator) -> Made:
    return _scaled(op, _product(op), op.get("alpha", 1.0))


def _gemm(op: Operator) -> Made:
    """``alpha a b + beta c``: a Linear where b is a matrix of weights and c has a value for each output."""
    left, right = op.full(), op.full(1)
    if op.get("transA", 0):
        left = left[::-1]
    sizes = right[::-1] if op.get("transB", 0) else right
    bias = op.has(2) and prod(op.full(2)) == sizes[1] and op.is_weight(2) and op.get("beta", 1.0) == 1.0
    plain = not op.get("transA", 0) and op.is_weight(1) and not op.is_weight(0)
    if plain and op.get("alpha", 1.0) == 1.0 and (bias or not op.has(2)):
        return Made(
            ours.Linear(sizes[0], sizes[1], bias=bias), [op.value()], _places(op, 1, 2), inner=(left,)
        )
    if plain:
        made = Made(ours.Linear(sizes[0], sizes[1], bias=False), [op.value()], (1,), inner=(left,))
    else:
        made = Made(ours.MatMul(), [op.value(), op.value(1)], inner=(left, sizes))
    made = _scaled(op, made, op.get("alpha", 1.0))
    if not op.has(2):
        return made
    product = op.step_of("scaled" if op.get("alpha", 1.0) != 1.0 else "product", made)
    added = op.value(2) if op.reading.is_value(op.node.input[2]) else None
    if added is not None and op.get("beta", 1.0) != 1.0:
        added = op.step("scale_of_bias", ours.Elementwise("multiply"), [added])
    values = [product] if added is None else [product, added]
    return _together(op, "add", values)


def _scaled(op: Operator, made: Made, factor: float) -> Made:
    """What an operator gives, times a number of the code."""
    if factor == 1.0:
        return made
    return Made(ours.Elementwise("multiply"), [op.step_of("product", made)], inner=(op.given,))


def _einsum(op: Operator) -> Made:
    """Two values whose common indices are multiplied and summed: a stack of matrix products."""
    equation = op.get("equation", b"").decode().replace(" ", "")
    must(equation.count(",") == 1 and "." not in equation and "->" in equation)
    inputs, output = equation.split("->")
    first, second = inputs.split(",")
    must(all(len(set(part)) == len(part) for part in (first, second, output)))
    size = {**dict(zip(first, op.full(), strict=True)), **dict(zip(second, op.full(1), strict=True))}
    both, summed = set(first) & set(second), (set(first) | set(second)) - set(output)
    must(summed <= both)
    stacks, terms, rows, columns = (
        prod(size[index] for index in indices)
        for indices in (both - summed, summed, set(first) - both, set(second) - both)
    )
    values = [op.value(), op.value(1)]
    if not summed:
        return Made(ours.Multiply(), values, inner=((stacks, rows, 1), (stacks, 1, columns)))
    return Made(ours.MatMul(), values, inner=((stacks, rows, terms), (stacks, terms, columns)))


# ---- attention ---------------------------------------------------------------------------------------


def _heads(op: Operator, label: str, value: Value, heads: int) -> Value:
    """``(batch, steps, heads * size)`` to ``(batch, heads, steps, size)``."""
    if len(value.full) == 4:
        return value
    must(len(value.full) == 3 and bool(heads) and value.full[2] % heads == 0)
    batch, steps, features = value.full
    return op.turned(label, value, (batch, heads, steps, features // heads))


def _attended(op: Operator, query: Value, key: Value, value: Value, mask: Value | None) -> Made:
    """``softmax(q k^T / sqrt(d)) v``: two products, a scaling and a softmax; then the heads side by side."""
    if key.full[1] != query.full[1]:  # fewer keys than queries: each is repeated for its group
        sizes = (key.full[0], query.full[1], *key.full[2:])
        key = op.turned("repeated_keys", key, sizes)
        value = op.turned("repeated_values", value, (*sizes[:-1], value.full[-1]))
    sizes = (*query.full[:-1], key.full[-2])
    scores = op.step("scores", ours.MatMul(transpose=True), [query, key], sizes)
    scores = op.step("scale", ours.Elementwise("multiply"), [scores])
    if mask is not None:
        scores = op.step("mask", ours.Add(), [scores, mask], sizes)
    scores = op.step("softmax", ours.Softmax(-1), [scores])
    given = (*sizes[:-1], value.full[-1])
    if op.given == given:
        return Made(ours.MatMul(), [scores, value], inner=(sizes, value.full))
    out = op.step("product", ours.MatMul(), [scores, value], given)
    return Made(Rearranged(op.kind, (out.sizes,), op.given_sample), [out])


def _optional(op: Operator, place: int) -> Value | None:
    return op.value(place) if op.has(place) and op.reading.is_value(op.node.input[place]) else None


def _standard_attention(op: Operator) -> Made:
    """ONNX's own Attention, without a cache."""
    must(not op.has(4) and not op.has(5) and not op.get("softcap", 0.0))
    must(len([name for name in op.node.output if name]) == 1)
    heads, of_keys = op.get("q_num_heads", 0), op.get("kv_num_heads", 0)
    query, key, value = (
        _heads(op, label, op.value(place), count)
        for place, (label, count) in enumerate((("queries", heads), ("keys", of_keys), ("values", of_keys)))
    )
    return _attended(op, query, key, value, _optional(op, 3))


def _multi_head(op: Operator) -> Made:
    """onnxruntime's MultiHeadAttention of queries, keys and values that stand apart."""
    must(op.has(1) and op.has(2) and not op.has(3) and not op.has(6) and not op.has(7))
    must(len([name for name in op.node.output if name]) == 1)
    heads = op.get("num_heads", 0)
    labels = ("queries", "keys", "values")
    query, key, value = (_heads(op, label, op.value(place), heads) for place, label in enumerate(labels))
    return _attended(op, query, key, value, _optional(op, 5))


def _packed_attention(op: Operator) -> Made:
    """onnxruntime's Attention: one product with weights gives queries, keys and values."""
    must(not op.has(4) and "qkv_hidden_sizes" not in op.attributes and len(op.full()) == 3)
    must(len([name for name in op.node.output if name]) == 1 and op.is_weight(1))
    batch, steps, _ = op.full()
    inputs, outputs = op.full(1)
    linear = Made(ours.Linear(inputs, outputs, bias=op.has(2)), [op.value()], _places(op, 1, 2))
    packed = op.step_of("qkv", linear, (batch, steps, outputs))
    heads = op.get("num_heads", 0)
    must(bool(heads) and outputs % (3 * heads) == 0)
    sizes = (batch, heads, steps, outputs // 3 // heads)
    query, key, value = (op.turned(label, packed, sizes) for label in ("queries", "keys", "values"))
    return _attended(op, query, key, value, _optional(op, 5))


# ---- normalizations ----------------------------------------------------------------------------------


def _batch_norm(op: Operator) -> Made:
    must(not op.get("training_mode", 0))
    layer = of("BatchNorm", max(op.axes, 1))(op.full()[1], eps=op.get("epsilon", 1e-5))
    return op.on_maps(layer, (1, 2), (3, 4))


def _layer_norm(op: Operator) -> Made:
    sizes = op.full()[op.get("axis", -1) % len(op.full()) :]
    layer = ours.LayerNorm(sizes, op.get("epsilon", 1e-5), bias=op.has(2))
    return Made(layer, [op.value()], _places(op, 1, 2), inner=(op.full(),))


def _rms_norm(op: Operator) -> Made:
    sizes = op.full()[op.get("axis", -1) % len(op.full()) :]
    return Made(of("RMSNorm")(sizes), [op.value()], (1,), inner=(op.full(),))


def _skip_layer_norm(op: Operator) -> Made:
    """onnxruntime's sum of two values, and perhaps a bias, with the normalization behind it."""
    must(len([name for name in op.node.output if name]) == 1)
    root = op.kind == "SkipSimplifiedLayerNormalization"
    bias = 3 if root else 4
    values = [op.value(), op.value(1), *([op.value(bias)] if op.has(bias) else [])]
    total = op.step("add", ours.Add(len(values)), values)
    sizes = op.full()[-1:]
    layer = of("RMSNorm")(sizes) if root else ours.LayerNorm(sizes, op.get("epsilon", 1e-5), bias=op.has(3))
    return Made(layer, [total], (2,) if root else _places(op, 2, 3), inner=(op.full(),))


def _group_norm(op: Operator) -> Made:
    layer = ours.GroupNorm(op.get("num_groups", 0), op.full()[1], op.get("epsilon", 1e-5))
    return op.on_maps(layer, (1, 2))


def _instance_norm(op: Operator) -> Made:
    """Ones and zeros that the exporter wrote, as it does for a GroupNorm, are no weights."""
    plain = all(op.reading.is_code(op.node.input[place]) for place in (1, 2))
    plain = plain and set(op.numbers(1)) == {1.0} and set(op.numbers(2)) == {0.0}
    layer = of("InstanceNorm", op.axes)(op.full()[1], affine=not plain)
    return op.on_maps(layer, () if plain else (1, 2))


def _lrn(op: Operator) -> Made:
    settings = (op.get("size", 0), op.get("alpha", 1e-4), op.get("beta", 0.75), op.get("bias", 1.0))
    return op.on_maps(ours.LocalResponseNorm(*settings))


# ---- pools and reductions ----------------------------------------------------------------------------


def _max_pool(op: Operator) -> Made:
    layer = of("MaxPool", op.axes)(
        tuple(op.get("kernel_shape", ())), ceil_mode=bool(op.get("ceil_mode", 0)),
        **op.window(), **op.placing(),
    )  # fmt: skip
    return op.on_maps(layer)


def _avg_pool(op: Operator) -> Made:
    window = op.window()
    must(set(window.pop("dilation")) == {1})
    layer = of("AvgPool", op.axes)(
        tuple(op.get("kernel_shape", ())), ceil_mode=bool(op.get("ceil_mode", 0)),
        count_include_pad=bool(op.get("count_include_pad", 0)), **window, **op.placing(),
    )  # fmt: skip
    return op.on_maps(layer)


def _global_avg_pool(op: Operator) -> Made:
    return op.on_maps(of("AdaptiveAvgPool", op.axes)(1))


def _global_max_pool(op: Operator) -> Made:
    return op.on_maps(of("AdaptiveMaxPool", op.axes)(1))


def _axes_of(op: Operator) -> list[int]:
    """The axes that a reduction goes over: an attribute in old files, a constant in new ones; else all."""
    rank = len(op.full())
    axes = op.get("axes", None)
    if axes is None and op.has(1):
        axes = op.numbers(1)
    if not axes:
        axes = [] if op.get("noop_with_empty_axes", 0) else range(rank)
    return [int(axis) % rank for axis in axes]


def _reduced(
    op: Operator, operation: str, axes: list[int], *, keep: bool, value: Value | None = None
) -> Made:
    value = op.value() if value is None else value
    places = [value.axis(axis) for axis in axes]
    inner = tuple(sorted(place for place in places if place is not None))
    if not inner:
        return Made(Rearranged(op.kind, (value.sizes,), op.given_sample), [value])
    layer = of("Reduce")(operation, inner, keepdim=keep)
    return Made(layer, [value], inner=(value.full,) if value.batch in (None, 0) else None)


def _reduce(operation: str, *, first: Layer | None = None, last: Layer | None = None) -> Handler:
    """A reduction, perhaps with an operation on each value before it and one behind it."""

    def handler(op: Operator) -> Made:
        keep, axes = bool(op.get("keepdims", 1)), _axes_of(op)
        value = op.value()
        if first is not None:
            value = op.step("each", first, [value] * (2 if isinstance(first, ours.Multiply) else 1))
        made = _reduced(op, operation, axes, keep=keep, value=value)
        return made if last is None else Made(last, [op.step_of("total", made)], inner=(op.given,))

    return handler


def _mean(op: Operator) -> Made:
    """A mean over all cells of a map is the pool that it is."""
    value, axes = op.value(), _axes_of(op)
    if len(value.sizes) != 3 or value.batch != 0 or sorted(axes) != [2, 3]:
        return _reduced(op, "mean", axes, keep=bool(op.get("keepdims", 1)))
    pool: Layer = ours.AdaptiveAvgPool2d(1)
    layer = pool if op.get("keepdims", 1) else ours.Sequential({"pool": pool, "flatten": ours.Flatten()})
    return Made(layer, [value])


def _arg_max(op: Operator) -> Made:
    """As many comparisons as the maximum itself."""
    return _reduced(op, "max", [op.get("axis", 0) % len(op.full())], keep=bool(op.get("keepdims", 1)))


# ---- recurrent ---------------------------------------------------------------------------------------


def _recurrent(op: Operator) -> dict[str, Any]:
    """What LSTM, GRU and RNN share: W, R and perhaps B, each with its directions first."""
    must(op.has(1) and op.has(2) and op.get("direction", b"forward") != b"reverse" and not op.has(7))
    must("clip" not in op.attributes and not op.get("layout", 0))
    return {
        "input_size": op.full(1)[2],
        "hidden_size": op.full(2)[2],
        "bias": op.has(3),
        "bidirectional": op.full(1)[0] == 2,
        "return_sequences": bool(op.node.output[0]),
    }


def _on_steps(op: Operator, layer: Layer) -> Made:
    """The layer on ``(steps, features)``; states to begin with that are stored are buffers."""
    steps, batch, features = op.full()
    return Made(layer, [op.value()], _places(op, 1, 2, 3), _places(op, 5, 6), ((steps, features),), batch)


def _lstm(op: Operator) -> Made:
    must("activations" not in op.attributes and not op.get("input_forget", 0))
    return _on_steps(op, ours.LSTM(**_recurrent(op)))


def _gru(op: Operator) -> Made:
    must("activations" not in op.attributes)
    return _on_steps(op, ours.GRU(**_recurrent(op), reset_after=bool(op.get("linear_before_reset", 0))))


def _rnn(op: Operator) -> Made:
    used = {name.decode().lower() for name in op.get("activations", [b"Tanh"])}
    must(len(used) == 1 and used <= {"tanh", "relu"})
    return _on_steps(op, ours.RNN(**_recurrent(op), nonlinearity=used.pop()))


# ---- element by element ------------------------------------------------------------------------------


def _together(op: Operator, operation: str, values: list[Value]) -> Made:
    """One operation an element: of several values, or of one and constants of the code."""
    if len(values) > 1 and operation in ("add", "multiply"):
        layer: Layer = ours.Add(len(values)) if operation == "add" else ours.Multiply(len(values))
        return Made(layer, values, inner=tuple(value.full for value in values))
    while len(values) > 2:
        first, second, *rest = values
        shape = broadcast(seen_shape(first.full, op.kind), seen_shape(second.full, op.kind))
        values = [
            op.step("pair", ours.Elementwise(operation, 2), [first, second], tuple(map(int, shape))),
            *rest,
        ]
    inner = tuple(value.full for value in values) if len(values) > 1 else (op.given,)
    return Made(ours.Elementwise(operation, len(values)), values, buffers=op.single_numbers, inner=inner)


def _elementwise(operation: str) -> Handler:
    return lambda op: _together(op, operation, op.values)


def _average(op: Operator) -> Made:
    """Mean: the sum of several values, over their number."""
    made = _together(op, "add", op.values)
    return Made(ours.Elementwise("divide"), [op.step_of("sum", made)], inner=(op.given,))


def _each(build: Callable[[Operator], Layer]) -> Handler:
    """A layer on one value, which keeps its shape."""
    return lambda op: Made(build(op), [op.value()], buffers=op.single_numbers, inner=(op.full(),))


def _named(name: str) -> Handler:
    """A layer without settings."""
    return _each(lambda _: of(name)())


def _prelu(op: Operator) -> Made:
    return Made(ours.PReLU(prod(op.full(1))), [op.value()], (1,), inner=(op.full()[1:],), times=op.full()[0])


def _limits(op: Operator) -> list[float | None]:
    """The limits of a Clip: attributes in old files, small constants in new ones."""
    if op.opset < 11:
        return [op.attributes.get("min"), op.attributes.get("max")]
    limits = []
    for place in (1, 2):
        found = op.reading.array(op.node.input[place]) if op.has(place) else None
        limits.append(float(found.reshape(-1)[0]) if found is not None else inf if op.has(place) else None)
    return limits


def _clip(op: Operator) -> Made:
    """A comparison with each limit; from 0 to 6 it is a ReLU6."""
    limits = _limits(op)
    if limits == [0.0, 6.0]:
        return Made(ours.ReLU6(), [op.value()], inner=(op.full(),))
    bounds = [limit for limit in limits if limit is not None]
    must(bool(bounds))
    value = op.value()
    for _ in bounds[1:]:
        value = op.step("low", ours.Elementwise("compare"), [value])
    return Made(ours.Elementwise("compare"), [value], inner=(op.full(),))


def _hard_sigmoid(op: Operator) -> Made:
    """PyTorch's where its slope is a sixth; else a product, a sum and two comparisons."""
    if isclose(op.get("alpha", 0.2), 1 / 6, rel_tol=1e-4) and op.get("beta", 0.5) == 0.5:
        return Made(of("Hardsigmoid")(), [op.value()], inner=(op.full(),))
    value = op.value()
    for label, operation in (("slope", "multiply"), ("offset", "add"), ("low", "compare")):
        value = op.step(label, ours.Elementwise(operation), [value])
    return Made(ours.Elementwise("compare"), [value], inner=(op.full(),))


def _along_axis(op: Operator, kind: type[Layer]) -> Made:
    """A softmax along one axis; before opset 13, over all axes from that one on."""
    new = op.opset >= 13
    full, value = op.full(), op.value()
    axis = op.get("axis", -1 if new else 1) % len(full)
    place = value.axis(axis)
    if new or prod(full[axis + 1 :]) == 1:
        if place is None:  # it would mix samples
            raise NotOurs
        inner = (full,) if value.batch in (None, 0) else None
        return Made(kind(place), [value], inner=inner)  # type: ignore[call-arg]
    inner = ((prod(full[axis:]),),)
    last = kind(-1)  # type: ignore[call-arg]
    return Made(last, [value], inner=inner, times=prod(full[:axis]), rearranged=True)


def _gelu(op: Operator) -> Made:
    layer = ours.GELU(op.get("approximate", b"none").decode())
    return Made(layer, [op.value()], inner=(op.full(),))


def _quick_gelu(op: Operator) -> Made:
    """``x sigmoid(1.702 x)``."""
    value = op.value()
    slope = op.step("slope", ours.Elementwise("multiply"), [value])
    gate = op.step("gate", ours.Sigmoid(), [slope])
    return Made(ours.Multiply(), [value, gate], inner=(op.full(), op.full()))


def _selu(op: Operator) -> Made:
    """PyTorch's where its numbers are the usual ones; else an ELU, times a number of the code."""
    if isclose(op.get("alpha", 1.67326), 1.67326, rel_tol=1e-4) and isclose(
        op.get("gamma", 1.0507), 1.0507, rel_tol=1e-4
    ):
        return Made(ours.SELU(), [op.value()], inner=(op.full(),))
    value = op.step("elu", of("ELU")(op.get("alpha", 1.67326)), [op.value()])
    return Made(ours.Elementwise("multiply"), [value], inner=(op.full(),))


def _quantized(op: Operator) -> Made:
    """onnxruntime's and ONNX's dynamic quantisation: largest and smallest value, and a division for each."""
    value = op.value()
    axes = tuple(range(-len(value.sizes), 0))
    for label in ("largest", "smallest"):
        op.step(label, of("Reduce")("max", axes, keepdim=False), [value], ())
    return Made(ours.Elementwise("divide"), [value], inner=(op.full(),))


def _fast_gelu(op: Operator) -> Made:
    """onnxruntime's, with the bias that it may add first."""
    value = op.value()
    if op.has(1):
        value = op.step("bias", ours.Add(), [value, op.value(1)])
    return Made(ours.GELU("none" if op.kind == "BiasGelu" else "tanh"), [value], inner=(op.full(),))


# ---- values that only move ---------------------------------------------------------------------------

_IN_ONE_ROW = frozenset({"Reshape", "Flatten", "Squeeze"})
_OTHERS = frozenset(
    {"Slice", "Gather", "GatherND", "GatherElements", "Where", "ScatterND", "ScatterElements"}
)


def _moved(op: Operator) -> Made:
    """Values in another order or shape."""
    return moved(op.kind, op.values, op.given_sample)


def moved(kind: str, values: list[Value], given: Sizes) -> Made:
    """The values of shapes as they stand, in shape `given`."""
    must(bool(values))
    taken = arrived(values, once=all(value.once for value in values))
    if taken == (given,) and kind not in _OTHERS:
        return Made(ours.Identity(), values)
    if taken == ((prod(given),),) and not given:
        return Made(Rearranged(kind, taken, given), values)
    if len(values) == 1 and given == (prod(taken[0]),) and kind in _IN_ONE_ROW and len(taken[0]) > 1:
        return Made(ours.Flatten(), values)
    return Made(Rearranged(kind, taken, given), values)


def _gather(op: Operator) -> Made:
    """Rows of a table of weights, one for each token; or values of one axis."""
    table, axis = op.full(), op.get("axis", 0)
    if op.is_weight(0) and len(table) == 2 and axis in (0, -2) and not op.is_weight(1):
        must(op.reading.is_value(op.node.input[1]))
        tokens = op.value(1)
        return Made(ours.Embedding(*table), [tokens], (0,), inner=((prod(tokens.full),),))
    return _moved(op)


def _concat(op: Operator) -> Made:
    """One after the other along an axis; along the batch it is a mere move."""
    values = op.values
    whole = len([name for name in op.node.input if name]) == len(values) > 0
    place = values[0].axis(op.get("axis", 1)) if values else None
    plain = whole and place is not None and not any(value.once for value in values)
    if not plain or len({(len(value.sizes), value.batch) for value in values}) > 1:
        return _moved(op)
    shape = seen_shape(values[0].sizes, "from_onnx")
    return Made(ours.Concatenate(len(values), shape.axes[place]), values)  # type: ignore[index]


def _resized(op: Operator) -> Made:
    """Nearest cells are copied; between cells, values are weighed."""
    mode = op.get("mode", b"nearest").decode()
    value = op.value()
    if mode == "nearest":
        return moved(op.kind, [value], op.given_sample)
    must(mode == "linear" and op.axes in (1, 2, 3) and op.full()[:2] == op.given[:2])
    name = ("linear", "bilinear", "trilinear")[op.axes - 1]
    return op.on_maps(ours.Upsample(size=op.given[2:], mode=name))


def _first_only(op: Operator) -> Made:
    """The first input in another shape; the others are settings."""
    return moved(op.kind, [op.value()], op.given_sample)


_COMPARED = (
    "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or", "Xor", "Not", "Sign", "IsNaN", "IsInf", "ThresholdedRelu",
)  # fmt: skip
_FIRST_ONLY = (
    "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Slice", "Split", "Expand", "Tile", "Pad",
    "DepthToSpace", "SpaceToDepth", "Trilu", "CastLike", "CenterCropPad", "ReverseSequence", "OneHot",
)  # fmt: skip
_OF_SEVERAL = ("GatherND", "GatherElements", "ScatterND", "ScatterElements", "Scatter", "Where")

OPERATORS: dict[str, Handler] = {
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "ConvInteger": _conv_integer,
    "QLinearConv": _qlinear_conv,
    "Gemm": _gemm,
    "MatMul": _product,
    "MatMulInteger": _matmul_integer,
    "QLinearMatMul": _qlinear_matmul,
    "FusedMatMul": _fused_matmul,
    "Einsum": _einsum,
    "MultiHeadAttention": _multi_head,
    "BatchNormalization": _batch_norm,
    "LayerNormalization": _layer_norm,
    "RMSNormalization": _rms_norm,
    "SimplifiedLayerNormalization": _rms_norm,
    "SkipLayerNormalization": _skip_layer_norm,
    "SkipSimplifiedLayerNormalization": _skip_layer_norm,
    "GroupNormalization": _group_norm,
    "InstanceNormalization": _instance_norm,
    "LRN": _lrn,
    "MaxPool": _max_pool,
    "AveragePool": _avg_pool,
    "GlobalAveragePool": _global_avg_pool,
    "GlobalMaxPool": _global_max_pool,
    "ReduceMean": _mean,
    "ReduceSum": _reduce("sum"),
    "ReduceMax": _reduce("max"),
    "ReduceMin": _reduce("max"),
    "ReduceSumSquare": _reduce("sum", first=ours.Multiply()),
    "ReduceL1": _reduce("sum", first=ours.Elementwise("absolute")),
    "ReduceLogSum": _reduce("sum", last=ours.Elementwise("logarithm")),
    "ReduceLogSumExp": _reduce(
        "sum", first=ours.Elementwise("exponential"), last=ours.Elementwise("logarithm")
    ),
    "ReduceL2": _reduce("sum", first=ours.Multiply(), last=ours.Elementwise("square root")),
    "ArgMax": _arg_max,
    "ArgMin": _arg_max,
    "LSTM": _lstm,
    "GRU": _gru,
    "RNN": _rnn,
    **{kind: _elementwise("add") for kind in ("Add", "Sum")},
    "Sub": _elementwise("subtract"),
    "Mul": _elementwise("multiply"),
    **{kind: _elementwise("divide") for kind in ("Div", "Reciprocal", "Mod", "QuantizeLinear")},
    "DequantizeLinear": _elementwise("multiply"),
    "Pow": _elementwise("power"),
    "Exp": _elementwise("exponential"),
    "Log": _elementwise("logarithm"),
    "Sin": _elementwise("sine"),
    "Cos": _elementwise("cosine"),
    "Erf": _elementwise("error function"),
    "Abs": _elementwise("absolute"),
    "Neg": _elementwise("negate"),
    "Max": _elementwise("maximum"),
    "Min": _elementwise("minimum"),
    **{kind: _elementwise("round") for kind in ("Floor", "Ceil", "Round")},
    "Sqrt": _elementwise("square root"),
    **{kind: _elementwise("compare") for kind in _COMPARED},
    "Mean": _average,
    "Clip": _clip,
    "Gelu": _gelu,
    "FastGelu": _fast_gelu,
    "BiasGelu": _fast_gelu,
    "QuickGelu": _quick_gelu,
    "LogSoftmax": lambda op: _along_axis(op, ours.LogSoftmax),
    "DynamicQuantizeLinear": _quantized,
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": _named("Hardswish"),
    "Mish": _named("Mish"),
    "Swish": _named("SiLU"),
    "Softmax": lambda op: _along_axis(op, ours.Softmax),
    "Softplus": _named("Softplus"),
    "Softsign": _named("Softsign"),
    "Celu": _each(lambda op: ours.CELU(op.get("alpha", 1.0))),
    "Elu": _each(lambda op: of("ELU")(op.get("alpha", 1.0))),
    "Selu": _selu,
    "Relu": _named("ReLU"),
    "Sigmoid": _named("Sigmoid"),
    "Tanh": _named("Tanh"),
    "LeakyRelu": _each(lambda op: ours.LeakyReLU(op.get("alpha", 0.01))),
    "PRelu": _prelu,
    "Identity": _named("Identity"),
    "Cast": _named("Identity"),
    "Dropout": _each(lambda _: ours.Dropout()),
    "Gather": _gather,
    "Concat": _concat,
    "Resize": _resized,
    "Upsample": _resized,
    **dict.fromkeys(_FIRST_ONLY, _first_only),
    **dict.fromkeys(_OF_SEVERAL, _moved),
}
OF_MICROSOFT: dict[str, Handler] = {**OPERATORS, "Attention": _packed_attention}
OPERATORS["Attention"] = _standard_attention

SETTINGS: dict[str, tuple[int, ...]] = {
    "Resize": (1, 2, 3), "Upsample": (1,), "Pad": (1, 2, 3), "Clip": (1, 2), "Dropout": (1, 2),
    "OneHot": (1, 2), "Reshape": (1,), "Slice": (1, 2, 3, 4), "Expand": (1,), "Tile": (1,), "TopK": (1,),
    "CumSum": (1,), "Range": (0, 1, 2), "NonMaxSuppression": (2, 3, 4), "Squeeze": (1,), "Unsqueeze": (1,),
    "Split": (1,), "Trilu": (1,), "ReduceSum": (1,), "ReduceMean": (1,), "ReduceMax": (1,),
}  # fmt: skip
"""The places of inputs that say how an operator works: their numbers are no values of the network."""
