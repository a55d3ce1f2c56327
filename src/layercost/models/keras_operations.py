"""What the operations of ``keras.ops`` in functional models are among ours; they hold no weights."""

# ruff: noqa: ARG001 - what makes a layer is given the call, needed or not

from __future__ import annotations

from collections.abc import Callable

from layercost import layers as ours
from layercost.models.keras_call import (
    Called,
    Drawing,
    Found,
    as_in_keras,
    must,
    named,
)
from layercost.models.keras_layers import PLAIN_ACTIVATIONS, softmax_at
from layercost.models.leaves import Rearranged

Build = Callable[[Called], Found]


def operation_of(called: Called) -> Found:
    """What an operation of Keras's is among ours; raises NotOurs."""
    build = _OPERATIONS.get(called.kind)
    must(build is not None and type(called.original).__module__.startswith("keras.src.ops."))
    assert build is not None
    return build(called)


def _elementwise(operation: str, reads: int = 1) -> Build:
    """One operation an element; an operand that is no value of the model is a constant of its code."""

    def build(called: Called) -> Found:
        must(len(called.taken) <= reads and len({len(sizes) for sizes in called.taken}) == 1)
        if operation in ("add", "multiply") and len(called.taken) == 2:
            return Found(ours.Add(2) if operation == "add" else ours.Multiply(2))
        return Found(named("Elementwise", operation, len(called.taken)))

    return build


def _square(called: Called) -> Found:
    """``x x``, a multiplication an element."""
    return Found(ours.Elementwise("multiply"))


def _activation(name: str) -> Build:
    def build(called: Called) -> Found:
        return Found(PLAIN_ACTIVATIONS[name]())

    return build


def _gelu(called: Called) -> Found:
    return Found(ours.GELU("tanh" if called.original.approximate else "none"))


def _leaky_relu(called: Called) -> Found:
    return Found(ours.LeakyReLU(called.original.negative_slope))


def _softmax(name: str) -> Build:
    def build(called: Called) -> Found:
        must(isinstance(called.original.axis, int))
        return Found(softmax_at(called.place(called.original.axis), called.order, name))

    return build


def _reduce(operation: str) -> Build:
    def build(called: Called) -> Found:
        layer, order = called.original, called.order
        must(layer.axis is not None and getattr(layer, "initial", None) is None)
        places = [order.index(called.place(axis)) for axis in layer.axis]
        dims = tuple(sorted(place - len(order) for place in places))
        kept = tuple(place for at, place in enumerate(order) if at not in places)
        left = sorted(kept)
        given = order if layer.keepdims else tuple(left.index(place) for place in kept)
        return Found(named("Reduce", operation, dims, keepdim=bool(layer.keepdims)), order, given)

    return build


def _moved(called: Called) -> Found:
    """Values in another shape, some of them, or copies of them: nothing is computed."""
    taken, given = as_in_keras(len(called.sizes)), as_in_keras(len(called.given))
    must(len(called.taken) == 1)
    if called.kind in ("Reshape", "Ravel") and len(called.given) == 1:
        return Found(ours.Flatten(), taken, given)
    return Found(Rearranged(called.kind, (called.sizes,), called.given), taken, given)


def _joined(called: Called) -> Found:
    """Values side by side, on an axis that is there or on a new one."""
    must(len({len(sizes) for sizes in called.taken}) == 1)
    if called.kind == "Concatenate":
        axis = called.axes[called.order.index(called.place(called.original.axis))]
        return Found(ours.Concatenate(len(called.taken), axis))
    taken = as_in_keras(len(called.sizes))
    return Found(Rearranged(called.kind, called.taken, called.given), taken, as_in_keras(len(called.given)))


def _same(called: Called) -> Found:
    """The same values: another number format, or no gradient."""
    must(len(called.taken) == 1)
    return Found(ours.Identity())


def _matmul(called: Called) -> Found:
    must(len(called.taken) == 2 and min(map(len, called.taken)) > 1)
    return Found(ours.MatMul(), as_in_keras(len(called.sizes)), as_in_keras(len(called.given)))


def _einsum(called: Called) -> Found:
    must(len(called.taken) == 2)
    equation = called.original.subscripts.replace(" ", "")
    left, _, result = equation.partition("->")
    first, _, second = left.partition(",")
    must(bool(first and second and result) and first[0] == second[0] == result[0])
    draw = Drawing(first=called.taken[0], second=called.taken[1])
    product = draw.einsum("product", f"{first[1:]},{second[1:]}->{result[1:]}", "first", "second")
    must(draw.sizes(product) == called.given)
    return Found(draw.graph(product), as_in_keras(len(called.sizes)), as_in_keras(len(called.given)))


def _attention(called: Called) -> Found:
    """``dot_product_attention``: queries (T, N, D), keys and values (S, N, D); a mask is constant."""
    given = called.keywords
    must(len(called.taken) == 3 and called.taken[1] == called.taken[2])
    must(given.get("mask") is None and given.get("bias") is None and called.taken[0][1] == called.taken[1][1])
    draw = Drawing(**dict(zip(("query", "key", "value"), called.taken, strict=True)))
    scaled = draw.add("scale", ours.Elementwise("multiply"), "query")
    scores = draw.einsum("scores", "qnd,knd->nqk", scaled, "key")
    if called.original.is_causal:
        scores = draw.add("mask", ours.Elementwise("add"), scores)
    scores = draw.add("softmax", ours.Softmax(-1), scores)
    return Found(draw.graph(draw.einsum("context", "nqk,knd->qnd", scores, "value")), as_in_keras(3))


_OPERATIONS: dict[str, Build] = {
    "Add": _elementwise("add", 2),
    "Subtract": _elementwise("subtract", 2),
    "Multiply": _elementwise("multiply", 2),
    **dict.fromkeys(("Divide", "TrueDivide"), _elementwise("divide", 2)),
    "Power": _elementwise("power", 2),
    "Exp": _elementwise("exponential"),
    "Sqrt": _elementwise("square root"),
    "Square": _square,
    "Reciprocal": _elementwise("divide"),
    "Negative": _elementwise("negate"),
    **dict.fromkeys(("Absolute", "Abs"), _elementwise("absolute")),
    "Log": _elementwise("logarithm"),
    "Sin": _elementwise("sine"),
    **dict.fromkeys(
        ("Maximum", "Minimum", "Equal", "NotEqual", "Greater", "GreaterEqual", "Less", "LessEqual"),
        _elementwise("compare", 2),
    ),
    **{
        kind: _activation(name)
        for kind, name in {
            "Relu": "relu", "Relu6": "relu6", "Sigmoid": "sigmoid", "Tanh": "tanh", "Silu": "silu",
            "HardSilu": "hard_silu", "HardSigmoid": "hard_sigmoid", "Softplus": "softplus", "Selu": "selu",
            "Softsign": "softsign", "LogSigmoid": "log_sigmoid",
        }.items()
    },
    "Gelu": _gelu,
    "LeakyRelu": _leaky_relu,
    "Softmax": _softmax("Softmax"),
    "LogSoftmax": _softmax("LogSoftmax"),
    "Mean": _reduce("mean"),
    "Sum": _reduce("sum"),
    **dict.fromkeys(("Max", "Amax", "Any"), _reduce("max")),  # any of truth values is their maximum
    "Matmul": _matmul,
    "Einsum": _einsum,
    "DotProductAttention": _attention,
    **dict.fromkeys(
        (
            "Reshape", "Ravel", "Transpose", "Swapaxes", "Moveaxis", "ExpandDims", "Squeeze", "GetItem",
            "Split", "Repeat", "Tile", "BroadcastTo", "Flip", "Roll", "Pad", "Slice", "Unstack",
            "DepthToSpace", "SpaceToDepth",
        ),
        _moved,
    ),
    **dict.fromkeys(("Concatenate", "Stack"), _joined),
    **dict.fromkeys(("Cast", "StopGradient", "Copy"), _same),
}  # fmt: skip
