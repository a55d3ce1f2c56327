"""ONNX's operators that multiply: convolutions, matrix products, attention, recurrent layers."""

from __future__ import annotations

from math import prod
from typing import Any

from layercost import layers as ours
from layercost.layer import Layer
from layercost.models.leaves import Rearranged
from layercost.models.onnx_file import Sizes
from layercost.models.onnx_operator import (
    Handler,
    Made,
    Operator,
    Value,
    arrived,
    must,
    must_be_few,
    of,
    places,
    together,
)

# ---- products with weights -------------------------------------------------------------------------


def _convolution(op: Operator, weight: int = 1, bias: int = 2) -> Layer:
    outputs, channels, *kernel = op.full(weight)
    groups = op.get("group", 1)
    layer: Layer = of("Conv", op.axes)(
        channels * groups, outputs, tuple(kernel), groups=groups, bias=op.has(bias),
        **op.window(), **op.placing(),
    )  # fmt: skip
    return layer


def _conv(op: Operator) -> Made:
    return op.on_maps(_convolution(op), places(op, 1, 2))


def _conv_integer(op: Operator) -> Made:
    return op.on_maps(_convolution(op, 1, 9), (1,), places(op, 2, 3))


def _qlinear_conv(op: Operator) -> Made:
    return op.on_maps(_convolution(op, 3, 8), places(op, 3, 8), (1, 2, 4, 5, 6, 7))


def _conv_transpose(op: Operator) -> Made:
    groups, window = op.get("group", 1), op.window()
    channels, outputs, *kernel = op.full(1)
    must_be_few(kernel, op.full()[2:])
    padding, more = _transposed_padding(op, window, kernel)
    layer = of("ConvTranspose", op.axes)(
        channels, outputs * groups, tuple(kernel), groups=groups, bias=op.has(2),
        output_padding=more, padding=padding, **window,
    )  # fmt: skip
    return op.on_maps(layer, places(op, 1, 2))


def _transposed_padding(op: Operator, window: dict[str, Any], kernel: list[int]) -> tuple[Sizes, Sizes]:
    """The cells that are cropped on each side, and those that are added at the end.

    Where the sides differ, a cell is cropped from both and added again: which ones they are costs nothing.
    """
    sizes, given = op.full()[2:], op.given[2:]
    padding, more = list[int](), op.get("output_padding", [0] * op.axes)
    for place, (n, out, k, s, d) in enumerate(
        zip(sizes, given, kernel, window["stride"], window["dilation"], strict=True)
    ):
        cropped = (n - 1) * s + d * (k - 1) + 1 + more[place] - out
        must(cropped >= 0)
        more = [*more[:place], more[place] + cropped % 2, *more[place + 1 :]]
        padding.append(-(-cropped // 2))
    return tuple(padding), tuple(more)


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
    return _product(op, 0, 1, places(op, 2, 3))


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
        return Made(ours.Linear(sizes[0], sizes[1], bias=bias), [op.value()], places(op, 1, 2), inner=(left,))
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
    return together(op, "add", values)


def _scaled(op: Operator, made: Made, factor: float) -> Made:
    """What an operator gives, times a number of the code."""
    if factor == 1.0:
        return made
    return Made(ours.Elementwise("multiply"), [op.step_of("product", made)], inner=(op.given,))


def _indices(op: Operator) -> tuple[str, str, str]:
    """The indices of two inputs and of the output; those that an ellipsis stands for are capital letters."""
    equation = op.get("equation", b"").decode().replace(" ", "")
    must(equation.count(",") == 1)
    inputs, arrow, output = equation.partition("->")
    if not arrow:  # every index that stands there once, in the order of the alphabet
        output = "".join(one for one in sorted(inputs) if one.isalpha() and inputs.count(one) == 1)
        output = f"{'...' * ('...' in inputs)}{output}"
    first, second = inputs.split(",")
    spare = [len(op.full(place)) - len(one) + 3 for place, one in enumerate((first, second)) if "..." in one]
    letters = "ABCDEFGHIJKL"[: max(spare, default=0)]
    must(all(count == len(letters) for count in spare) and not set(letters) & set(equation))
    written = [one.replace("...", letters) for one in (first, second, output)]
    return written[0], written[1], written[2]


def _einsum(op: Operator) -> Made:
    """Two values whose common indices are multiplied and summed: a stack of matrix products."""
    first, second, output = _indices(op)
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
    """ONNX's own Attention; keys and values of before are put in front of the new ones."""
    must(not op.get("softcap", 0.0) and op.has(4) == op.has(5) and not op.has(6))
    heads, of_keys = op.get("q_num_heads", 0), op.get("kv_num_heads", 0)
    query, key, value = (
        _heads(op, label, op.value(place), count)
        for place, (label, count) in enumerate((("queries", heads), ("keys", of_keys), ("values", of_keys)))
    )
    if op.has(4):
        key, value = _after(op, "keys", op.value(4), key), _after(op, "values", op.value(5), value)
    return _attended(op, query, key, value, _optional(op, 3))


def _after(op: Operator, label: str, before: Value, new: Value) -> Value:
    """``(batch, heads, steps, size)`` behind those of earlier steps."""
    full = (*new.full[:2], before.full[2] + new.full[2], new.full[3])
    given = full[1:] if new.batch == 0 else full
    moves = Rearranged(op.kind, arrived([before, new], once=before.once and new.once), given)
    return op.step(f"all_{label}", moves, [before, new], full)


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
    linear = Made(ours.Linear(inputs, outputs, bias=op.has(2)), [op.value()], places(op, 1, 2))
    packed = op.step_of("qkv", linear, (batch, steps, outputs))
    heads = op.get("num_heads", 0)
    must(bool(heads) and outputs % (3 * heads) == 0)
    sizes = (batch, heads, steps, outputs // 3 // heads)
    query, key, value = (op.turned(label, packed, sizes) for label in ("queries", "keys", "values"))
    return _attended(op, query, key, value, _optional(op, 5))


# ---- recurrent ---------------------------------------------------------------------------------------


def _recurrent(op: Operator) -> dict[str, Any]:
    """What LSTM, GRU and RNN share: W, R and perhaps B, each with its directions first."""
    must(op.has(1) and op.has(2) and not op.has(7) and not op.get("clip", 0.0))  # 7 looks into the cell
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
    if op.get("layout", 0):
        steps, batch = batch, steps
    return Made(layer, [op.value()], places(op, 1, 2, 3), places(op, 5, 6), ((steps, features),), batch)


def _is_usual(op: Operator, *names: str) -> bool:
    """Whether the functions inside of each cell are the usual ones."""
    given = [name.decode().lower() for name in op.get("activations", [])]
    return not given or given == [*names] * (len(given) // len(names))


def _lstm(op: Operator) -> Made:
    must(_is_usual(op, "sigmoid", "tanh", "tanh") and not op.get("input_forget", 0))
    return _on_steps(op, ours.LSTM(**_recurrent(op)))


def _quantized_lstm(op: Operator) -> Made:
    """onnxruntime's, whose weights of whole numbers stand the other way round, with their scales."""
    must(not op.has(7) and not op.get("clip", 0.0) and not op.get("input_forget", 0))
    must(_is_usual(op, "sigmoid", "tanh", "tanh"))
    directions, inputs, columns = op.full(1)
    layer = ours.LSTM(
        inputs, columns // 4, bias=op.has(3), bidirectional=directions == 2,
        return_sequences=bool(op.node.output[0]),
    )  # fmt: skip
    return _on_steps(op, layer)._replace(buffers=places(op, 5, 6, 8, 9, 10, 11))


def _gru(op: Operator) -> Made:
    must(_is_usual(op, "sigmoid", "tanh"))
    return _on_steps(op, ours.GRU(**_recurrent(op), reset_after=bool(op.get("linear_before_reset", 0))))


def _rnn(op: Operator) -> Made:
    used = {name.decode().lower() for name in op.get("activations", [b"Tanh"])}
    must(len(used) == 1 and used <= {"tanh", "relu"})
    return _on_steps(op, ours.RNN(**_recurrent(op), nonlinearity=used.pop()))


PRODUCTS: dict[str, Handler] = {
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
    "Attention": _standard_attention,
    "MultiHeadAttention": _multi_head,
    "LSTM": _lstm,
    "GRU": _gru,
    "RNN": _rnn,
}
PRODUCTS_OF_MICROSOFT: dict[str, Handler] = {
    **PRODUCTS,
    "Attention": _packed_attention,
    "DynamicQuantizeLSTM": _quantized_lstm,
}
