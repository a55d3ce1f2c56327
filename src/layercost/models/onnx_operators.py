"""ONNX's operators by name: norms, pools, functions of each element, and values that only move."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, isclose, prod

from layercost import layers as ours
from layercost.layer import Layer
from layercost.models.leaves import Rearranged
from layercost.models.onnx_file import Sizes
from layercost.models.onnx_operator import (
    Handler,
    Made,
    NotOurs,
    Operator,
    Value,
    arrived,
    must,
    must_be_few,
    of,
    places,
    together,
)
from layercost.models.onnx_products import PRODUCTS, PRODUCTS_OF_MICROSOFT

# ---- normalizations ----------------------------------------------------------------------------------


def _batch_norm(op: Operator) -> Made:
    must(not op.get("training_mode", 0))
    layer = of("BatchNorm", max(op.axes, 1))(op.full()[1], eps=op.get("epsilon", 1e-5))
    return op.on_maps(layer, (1, 2), (3, 4))


def _layer_norm(op: Operator) -> Made:
    sizes = op.full()[op.get("axis", -1) % len(op.full()) :]
    layer = ours.LayerNorm(sizes, op.get("epsilon", 1e-5), bias=op.has(2))
    return Made(layer, [op.value()], places(op, 1, 2), inner=(op.full(),))


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
    return Made(layer, [total], (2,) if root else places(op, 2, 3), inner=(op.full(),))


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


def _kernel(op: Operator) -> Sizes:
    """The window of a pooling layer."""
    kernel = tuple(op.get("kernel_shape", ()))
    must_be_few(kernel, op.given[2:])
    return kernel


def _max_pool(op: Operator) -> Made:
    layer = of("MaxPool", op.axes)(
        _kernel(op), ceil_mode=bool(op.get("ceil_mode", 0)),
        **op.window(), **op.placing(),
    )  # fmt: skip
    return op.on_maps(layer)


def _avg_pool(op: Operator) -> Made:
    window = op.window()
    must(set(window.pop("dilation")) == {1})
    layer = of("AvgPool", op.axes)(
        _kernel(op), ceil_mode=bool(op.get("ceil_mode", 0)),
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
    found = [value.axis(axis) for axis in axes]
    must(None not in found or op.reading.takes_one)  # it mixes the samples of a batch
    inner = tuple(sorted(place for place in found if place is not None))
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


# ---- element by element ------------------------------------------------------------------------------


def _elementwise(operation: str) -> Handler:
    return lambda op: together(op, operation, op.values)


def _average(op: Operator) -> Made:
    """Mean: the sum of several values, over their number."""
    made = together(op, "add", op.values)
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
        found = op.reading.numbers(op.node.input[place]) if op.has(place) else None
        limits.append(float(found[0]) if found else inf if op.has(place) else None)
    return limits


def _clip(op: Operator) -> Made:
    """A comparison with each limit; from 0 to 6 it is a ReLU6."""
    limits = _limits(op)
    if limits == [0.0, 6.0]:
        return Made(ours.ReLU6(), [op.value()], inner=(op.full(),))
    bounds = [limit for limit in limits if limit is not None]
    if not bounds:
        return Made(ours.Identity(), [op.value()])
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


def _quantized_by_scale(op: Operator) -> Made:
    """A division and a rounding each, and an addition where zero has a place of its own."""
    value = op.step("scale", ours.Elementwise("divide"), [op.value()])
    if op.has(2):
        value = op.step("zero", ours.Elementwise("add"), [value])
    return Made(ours.Elementwise("round"), [value], buffers=places(op, 1, 2), inner=(op.full(),))


def _dequantized(op: Operator) -> Made:
    """A multiplication each, and before it a subtraction where zero has a place of its own."""
    value = op.value()
    if op.has(2):
        value = op.step("zero", ours.Elementwise("subtract"), [value])
    return Made(ours.Elementwise("multiply"), [value], buffers=places(op, 1, 2), inner=(op.full(),))


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


def _scattered(op: Operator) -> Made:
    """Values written among others; what adds, multiplies or compares them there is not known."""
    must(op.get("reduction", b"none") == b"none")
    return _moved(op)


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
    return Made(ours.Concatenate(len(values), values[0].shape.axes[place]), values)  # type: ignore[index]


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
    "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or", "Xor", "Not", "Sign", "IsNaN",
    "IsInf", "ThresholdedRelu",
)  # fmt: skip
_FIRST_ONLY = (
    "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Slice", "Split", "Expand", "Tile", "Pad",
    "DepthToSpace", "SpaceToDepth", "Trilu", "CastLike", "CenterCropPad", "ReverseSequence", "OneHot",
)  # fmt: skip
_OF_SEVERAL = ("GatherND", "GatherElements", "Where")

OPERATORS: dict[str, Handler] = {
    **PRODUCTS,
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
    **{kind: _elementwise("add") for kind in ("Add", "Sum")},
    "Sub": _elementwise("subtract"),
    "Mul": _elementwise("multiply"),
    **{kind: _elementwise("divide") for kind in ("Div", "Reciprocal", "Mod")},
    "QuantizeLinear": _quantized_by_scale,
    "DequantizeLinear": _dequantized,
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
    **dict.fromkeys(("ScatterND", "ScatterElements", "Scatter"), _scattered),
}
OF_MICROSOFT: dict[str, Handler] = {**OPERATORS, **PRODUCTS_OF_MICROSOFT}
