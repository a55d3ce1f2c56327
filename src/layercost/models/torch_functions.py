"""PyTorch's functions and operators: what each becomes in the tree, by its plain name.

A handler gets a call and gives a layer with the values that it reads; None, or an error, where the call has
settings that none of our layers has: it then is an `Unknown` of that name.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, TypeAlias

from layercost import layers as ours
from layercost.layer import Layer
from layercost.models.leaves import Rearranged
from layercost.models.torch_call import FunctionCall, Made, Value

Handler: TypeAlias = Callable[[FunctionCall], Made | None]

# What they give depends on nothing but shapes.
LIKE_CONSTANTS = frozenset({
    "zeros_like", "ones_like", "empty_like", "full_like", "rand_like", "randn_like", "dropout_mask",
})  # fmt: skip


# ---- values that only move ------------------------------------------------------------------------


def _moved(call: FunctionCall) -> Made:
    """Values in another order or shape; what stays as it is, is no step."""
    first = call.first
    if call.outs[0] is call.tensors[0] and call.name not in ("setitem",):
        return Made(ours.Identity(), [], first)
    kept = call.given == first.sizes and call.once == first.once
    if kept and call.name in _SAME_ORDER:
        return Made(ours.Identity(), [first])
    flat = call.given == (prod(first.sizes),) and not first.once
    if flat and call.name in _IN_ONE_ROW and len(first.sizes) > 1:
        return Made(ours.Flatten(), [first])
    return Made(Rearranged(call.name, (first.sizes,), call.given), [first])


_IN_ONE_ROW = frozenset({"view", "reshape", "flatten", "squeeze", "unsafe_view"})
_SAME_ORDER = frozenset({
    "view", "reshape", "flatten", "squeeze", "unsqueeze", "contiguous", "clone", "to", "float", "detach",
    "type_as", "unsafe_view", "alias", "unflatten", "expand", "lift_fresh", "data", "type", "half", "double",
    "bfloat16", "to_copy", "copy", "expand_as", "requires_grad", "positive", "alias_copy",
})  # fmt: skip
_MOVING = _SAME_ORDER | frozenset({
    "permute", "transpose", "t", "T", "mT", "H", "mH", "getitem", "chunk", "split", "unbind", "select",
    "narrow", "slice", "swapaxes", "movedim", "pad", "roll", "flip", "index_select", "gather", "repeat",
    "repeat_interleave", "tile", "view_as", "reshape_as", "tensor_split", "split_with_sizes", "unfold",
    "im2col", "constant_pad_nd", "reflection_pad2d", "replication_pad2d", "diagonal",
    "tril", "triu", "index", "take_along_dim", "rot90", "swapdims", "moveaxis", "ravel", "squeeze_copy",
    "broadcast_to", "as_strided", "channel_shuffle", "pixel_shuffle", "pixel_unshuffle", "hsplit", "vsplit",
    "unsafe_split", "unsafe_chunk", "atleast_2d", "view_as_complex", "view_as_real", "real", "imag", "conj",
    "take", "flatten_copy", "diag_embed", "meshgrid", "broadcast_tensors", "native_channel_shuffle",
    "block_diag", "pin_memory", "cpu", "cuda", "int", "long", "bool",
    "one_hot", "lift", "movedim_copy",
})  # fmt: skip


def _written_into(call: FunctionCall) -> Made:
    """``x[...] = y``, and what writes values of one tensor among those of another."""
    values = [call.value(one) for one in call.tensors if call.reading.matters(one)]
    return Made(Rearranged(call.name, tuple(value.sizes for value in values), call.given), values)


def _added_into(source: int, name: str) -> Handler:
    """Values that are added where they go: one addition for each that arrives."""

    def handler(call: FunctionCall) -> Made:
        into = [] if source == 0 else [call.first]
        added = call.step("added", ours.Elementwise("add"), call.value(call.get(source, name)))
        values = [*into, added]
        return Made(Rearranged(call.name, tuple(value.sizes for value in values), call.given), values)

    return handler


def _concatenated(call: FunctionCall) -> Made | None:
    """Tensors one after the other; along the batch, or an axis that holds it too, it is a mere move."""
    values, dim = call.operands, call.get(1, "dim", call.get(1, "axis", 0))
    values = [value for value in values if prod(value.sizes)]
    batched = [value for value in values if not value.once]
    if call.name == "stack" or (batched and len(batched) < len(values)) or not values:
        return Made(Rearranged(call.name, tuple(value.sizes for value in values), call.given), values)
    place = values[0].axis(dim)
    if place is None or (values[0].folded and dim == values[0].batch_axis):
        return Made(Rearranged(call.name, tuple(value.sizes for value in values), call.given), values)
    return Made(ours.Concatenate(len(values), values[0].shape.axes[place]), values)


# ---- element by element -----------------------------------------------------------------------------


def _elementwise(operation: str) -> Handler:
    """One operation an element: of two values, or of one and a constant."""

    def handler(call: FunctionCall) -> Made:
        values = call.operands
        if len(values) == 2 and operation in ("add", "multiply"):
            return Made(ours.Add() if operation == "add" else ours.Multiply(), values)
        return Made(ours.Elementwise(operation, max(1, len(values))), values)

    return handler


def _activation(name: str, *settings: tuple[int, str, Any]) -> Handler:
    """A layer of one value, with the settings that the function takes by place or name."""

    def handler(call: FunctionCall) -> Made:
        kind: type[Layer] = getattr(ours, name)
        given = {key: call.get(place, key, usual) for place, key, usual in settings}
        return Made(kind(**given), [call.first])

    return handler


def _clamp(call: FunctionCall) -> Made:
    """A comparison with each bound; from 0 to 6 it is a ReLU6."""
    usual = (-1.0, 1.0) if call.name == "hardtanh" else (None, None)
    low = call.get(1, "min", call.get(1, "min_val", usual[0]))
    high = call.get(2, "max", call.get(2, "max_val", usual[1]))
    plain = all(isinstance(bound, (int, float)) for bound in (low, high))
    if plain and (low, high) == (0, 6):
        return Made(ours.ReLU6(), [call.first])
    if plain and call.name == "hardtanh":
        return Made(ours.Hardtanh(low, high), [call.first])
    value = call.first
    if low is not None and high is not None:
        value = call.step("low", ours.Elementwise("compare"), value)
    return Made(ours.Elementwise("compare"), [value])


def _reciprocal_root(call: FunctionCall) -> Made:
    """``1 / sqrt(x)``: a square root and a division."""
    root = call.step("root", ours.Elementwise("square root"), call.first)
    return Made(ours.Elementwise("divide"), [root])


def _along(name: str) -> Handler:
    """A layer along one axis of a sample."""

    def handler(call: FunctionCall) -> Made | None:
        dim = call.get(1, "dim", -1 if name == "GLU" else None)
        place = call.first.axis(dim) if isinstance(dim, int) else None
        if place is None:  # not told, or over the batch
            return None
        return Made(getattr(ours, name)(place - len(call.first.shape)), [call.first])

    return handler


# ---- products ---------------------------------------------------------------------------------------


def _matmul(call: FunctionCall) -> Made | None:
    """The product of two values; a weight that the model holds is a value like any other."""
    first, second = (call.value(one) for one in call.tensors[:2])
    if len(second.sizes) == 1:  # a matrix, or a row, and a vector
        column = Rearranged("column", (second.sizes,), (*second.sizes, 1))
        column_value = call.step("column", column, second)
        product = call.step("product", ours.MatMul(), first, column_value)
        return Made(Rearranged("row", (product.sizes,), call.given), [product])
    return Made(ours.MatMul(), [first, second])


def _product_and_sum(call: FunctionCall) -> Made:
    """``input + a @ b``: addmm, baddbmm, addbmm."""
    added, first, second = (call.value(one) for one in call.tensors[:3])
    product = call.step("product", ours.MatMul(), first, second)
    return Made(ours.Add(), [added, product])


def _linear(call: FunctionCall) -> Made:
    x, weight, bias = (call.get(place, name) for place, name in enumerate(("input", "weight", "bias")))
    layer = ours.Linear(int(weight.shape[1]), int(weight.shape[0]), bias=bias is not None)
    return call.weighted(layer, x, weight, bias)


_CONVOLUTIONS: dict[str, type[Layer]] = {"conv1d": ours.Conv1d, "conv2d": ours.Conv2d, "conv3d": ours.Conv3d}


def _settings(call: FunctionCall, *names: str) -> list[Any]:
    """Arguments from the fourth on, which torch takes as one number or as one for each axis."""
    usual = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "output_padding": 0}
    found = (call.get(place, name, usual[name]) for place, name in enumerate(names, start=3))
    return [tuple(one) if isinstance(one, (list, tuple)) else one for one in found]


def _one_for_all(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) and len(value) == 1 else value


def _convolution(call: FunctionCall) -> Made:
    x, weight, bias = (call.get(place, name) for place, name in enumerate(("input", "weight", "bias")))
    stride, padding, dilation, groups = map(
        _one_for_all, _settings(call, "stride", "padding", "dilation", "groups")
    )
    outputs, channels, *kernel = map(int, weight.shape)
    layer = _CONVOLUTIONS[call.name](  # type: ignore[call-arg]
        channels * groups, outputs, tuple(kernel), stride, padding, dilation, groups, bias is not None
    )
    return call.weighted(layer, x, weight, bias)


def _transposed(call: FunctionCall) -> Made:
    x, weight, bias = (call.get(place, name) for place, name in enumerate(("input", "weight", "bias")))
    stride, padding, more, groups, dilation = map(
        _one_for_all, _settings(call, "stride", "padding", "output_padding", "groups", "dilation")
    )
    channels, outputs, *kernel = map(int, weight.shape)
    kind = getattr(ours, f"ConvTranspose{call.name[-2:]}")
    layer = kind(
        channels, outputs * groups, tuple(kernel), stride, padding, more, groups, bias is not None, dilation
    )
    return call.weighted(layer, x, weight, bias)


def _attention(call: FunctionCall) -> Made | None:
    """``softmax(q k^T / sqrt(d)) v``: its two products, its scaling and its softmax, each a step."""
    query, key, value = (call.value(call.get(p, name)) for p, name in enumerate(("query", "key", "value")))
    mask = call.get(3, "attn_mask")
    if call.kwargs.get("enable_gqa"):
        key, value = (_repeated_heads(call, query, one) for one in (key, value))
    scores = call.step("scores", ours.MatMul(transpose=True), query, key)
    scores = call.step("scale", ours.Elementwise("multiply"), scores)
    if mask is not None and mask.numel() > 1:
        scores = call.step("mask", ours.Add(), scores, call.value(mask))
    weights = call.step("softmax", ours.Softmax(-1), scores)
    return Made(ours.MatMul(), [weights, value])


def _repeated_heads(call: FunctionCall, query: Value, one: Value) -> Value:
    """Keys or values of fewer heads than the queries have, each repeated for its group."""
    sizes = (*one.sizes[:-3], query.sizes[-3], *one.sizes[-2:])
    if sizes == one.sizes:
        return one
    return call.step("repeat_heads", Rearranged("repeat_heads", (one.sizes,), sizes), one)


# ---- normalizations ---------------------------------------------------------------------------------


def _layer_norm(call: FunctionCall) -> Made:
    weight, bias = call.get(2, "weight"), call.get(3, "bias")
    sizes = call.get(1, "normalized_shape")
    sizes = (sizes,) if isinstance(sizes, int) else tuple(map(int, sizes))
    layer = ours.LayerNorm(sizes, elementwise_affine=weight is not None, bias=bias is not None)
    return call.weighted(layer, call.get(0, "input"), weight, bias)


def _group_norm(call: FunctionCall) -> Made:
    x, groups = call.get(0, "input"), call.get(1, "num_groups")
    weight, bias = call.get(2, "weight"), call.get(3, "bias")
    shifted = weight is None or bias is not None
    layer = ours.GroupNorm(groups, int(x.shape[1]), affine=weight is not None, bias=shifted)
    return call.weighted(layer, x, weight, bias)


def _batch_norm(call: FunctionCall) -> Made | None:
    x, mean, var = call.get(0, "input"), call.get(1, "running_mean"), call.get(2, "running_var")
    weight, bias = call.get(3, "weight"), call.get(4, "bias")
    axes = x.dim() - 2
    kind = {0: "BatchNorm1d", 1: "BatchNorm1d", 2: "BatchNorm2d", 3: "BatchNorm3d"}[axes]
    shifted, kept = weight is None or bias is not None, mean is not None and not call.get(5, "training")
    layer = getattr(ours, kind)(
        int(x.shape[1]), affine=weight is not None, track_running_stats=kept, bias=shifted
    )
    return call.weighted(layer, x, weight, bias, mean, var)


def _rms_norm(call: FunctionCall) -> Made:
    weight = call.get(2, "weight")
    sizes = tuple(map(int, call.get(1, "normalized_shape")))
    layer = ours.RMSNorm(sizes, elementwise_affine=weight is not None)
    return call.weighted(layer, call.get(0, "input"), weight)


def _instance_norm(call: FunctionCall) -> Made:
    x, weight, bias = call.get(0, "input"), call.get(3, "weight"), call.get(4, "bias")
    kind = getattr(ours, f"InstanceNorm{x.dim() - 2}d")
    layer = kind(int(x.shape[1]), affine=weight is not None, bias=weight is None or bias is not None)
    return call.weighted(layer, x, weight, bias)


def _embedding(call: FunctionCall) -> Made:
    weight = call.get(1, "weight")
    x = call.get(0, "input")
    if call.name == "embedding" and x.dtype.is_floating_point:  # torch's own operator has them the other way
        x, weight = weight, x
    layer = ours.Embedding(int(weight.shape[0]), int(weight.shape[1]))
    return call.weighted(layer, x, weight)


# ---- pools and reductions ---------------------------------------------------------------------------


def _max_pool(call: FunctionCall) -> Made | None:
    kernel, stride = call.get(1, "kernel_size"), call.get(2, "stride")
    padding, dilation = call.get(3, "padding", 0), call.get(4, "dilation", 1)
    settings = [tuple(one) if isinstance(one, list) else one for one in (kernel, stride or None, padding)]
    kind = getattr(ours, f"MaxPool{_axes_of(call)}d")
    layer = kind(*settings, dilation=dilation, ceil_mode=call.get(5, "ceil_mode", False))
    return Made(layer, [call.first])


def _avg_pool(call: FunctionCall) -> Made | None:
    kernel, stride, padding = call.get(1, "kernel_size"), call.get(2, "stride"), call.get(3, "padding", 0)
    settings = [tuple(one) if isinstance(one, list) else one for one in (kernel, stride or None, padding)]
    if call.get(6, "divisor_override") is not None:
        return None
    kind = getattr(ours, f"AvgPool{_axes_of(call)}d")
    layer = kind(
        *settings,
        ceil_mode=call.get(4, "ceil_mode", False),
        count_include_pad=call.get(5, "count_include_pad", True),
    )
    return Made(layer, [call.first])


def _adaptive(name: str) -> Handler:
    def handler(call: FunctionCall) -> Made:
        size = call.get(1, "output_size")
        layer = getattr(ours, name)(tuple(size) if isinstance(size, list) else size)
        return Made(layer, [call.first])

    return handler


def _axes_of(call: FunctionCall) -> int:
    """1, 2 or 3, as the function's name says."""
    return next(int(sign) for sign in call.name if sign.isdigit())


def _reduced(operation: str) -> Handler:
    """A sum, mean or maximum over axes of each sample."""

    def handler(call: FunctionCall) -> Made | None:
        first, dims = call.first, call.get(1, "dim", call.get(1, "axis"))
        if len(call.tensors) == 2 and operation == "max":  # torch.max(x, y)
            return Made(ours.Elementwise("compare", 2), call.operands)
        axes = _sample_axes(first, dims)
        if axes is None:
            return None
        keepdim = bool(call.get(2, "keepdim", False))
        layer = ours.Reduce(operation, axes, keepdim=keepdim)
        return Made(layer, [first])

    return handler


def _sample_axes(value: Value, dims: Any) -> tuple[int, ...] | None:
    """Axes of a tensor as axes of a sample, counted from the last; None where the batch is among them."""
    if dims is None or dims == ():
        return tuple(range(-len(value.shape), 0)) if value.once else None
    places = [value.axis(dim) for dim in (dims if isinstance(dims, (list, tuple)) else (dims,))]
    if any(place is None for place in places):
        return None
    return tuple(sorted(int(place) - len(value.shape) for place in places if place is not None))


def _spread_out(call: FunctionCall) -> Made | None:
    """A variance: the mean, what is off it, squared, and the mean of that; the standard deviation's root."""
    first, dims = call.first, call.get(1, "dim", call.get(1, "axis"))
    axes = _sample_axes(first, dims)
    if axes is None:
        return None
    reduce = ours.Reduce
    mean = call.step("mean", reduce("mean", axes, keepdim=True), first)
    off = call.step("difference", ours.Elementwise("subtract", 2), first, mean)
    square = call.step("square", ours.Multiply(), off, off)
    keepdim = call.kwargs.get("keepdim", call.get(3, "keepdim", False))
    variance = reduce("mean", axes, keepdim=bool(keepdim))
    if call.name in ("var", "var_mean"):
        return Made(variance, [square])
    return Made(ours.Elementwise("square root"), [call.step("variance", variance, square)])


def _norm(call: FunctionCall) -> Made | None:
    """The root of the sum of squares over axes of each sample."""
    name = "p" if call.name == "norm" else "ord"
    if call.get(1, name, 2) not in (2, 2.0, "fro", None):
        return None
    dims = call.get(2, "dim")
    axes = _sample_axes(call.first, dims)
    if axes is None:
        return None
    square = call.step("square", ours.Multiply(), call.first, call.first)
    total = ours.Reduce("sum", axes, keepdim=bool(call.get(3, "keepdim", False)))
    return Made(ours.Elementwise("square root"), [call.step("sum", total, square)])


def _normalized(call: FunctionCall) -> Made | None:
    """``F.normalize``: each row over its length."""
    if call.get(1, "p", 2.0) != 2:
        return None
    axes = _sample_axes(call.first, call.get(2, "dim", 1))
    if axes is None:
        return None
    first = call.first
    square = call.step("square", ours.Multiply(), first, first)
    total = call.step("sum", ours.Reduce("sum", axes, keepdim=True), square)
    length = call.step("root", ours.Elementwise("square root"), total)
    return Made(ours.Elementwise("divide", 2), [first, length])


def _weight_norm(call: FunctionCall) -> Made:
    """``g v / |v|``: a direction and its length, which torch.nn.utils.weight_norm trains apart."""
    direction, length = (call.value(one) for one in call.tensors[:2])
    kept = call.get(2, "dim", 0) % len(direction.shape)
    axes = tuple(place - len(direction.shape) for place in range(len(direction.shape)) if place != kept)
    square = call.step("square", ours.Multiply(), direction, direction)
    total = call.step("sum", ours.Reduce("sum", axes, keepdim=True), square) if axes else square
    root = call.step("root", ours.Elementwise("square root"), total)
    unit = call.step("unit", ours.Elementwise("divide", 2), direction, root)
    return Made(ours.Multiply(), [unit, length])


def _interpolated(call: FunctionCall) -> Made | None:
    """Nearest cells are copied; between cells, values are weighed."""
    mode, axes = call.get(3, "mode", "nearest"), call.tensors[0].dim() - 2
    if call.kwargs.get("antialias"):
        return None
    return Made(ours.Upsample(size=tuple(call.given[-axes:]), mode=mode), [call.first])


_COMPARING = (
    "gt", "ge", "lt", "le", "eq", "ne", "logical_not", "logical_and", "logical_or", "bitwise_and",
    "bitwise_or", "bitwise_not", "isnan", "isinf", "and", "or", "invert", "sign",
)  # fmt: skip


# ---- by name ----------------------------------------------------------------------------------------

FUNCTIONS: dict[str, Handler] = {
    **dict.fromkeys(_MOVING, _moved),
    **dict.fromkeys(
        ("setitem", "index_put", "scatter", "masked_fill", "where", "masked_scatter",
         "index_copy", "masked_fill_copy", "select_scatter", "slice_scatter", "fill", "zero",
         "copy_from"),
        _written_into,
    ),
    **dict.fromkeys(("fold", "col2im"), _added_into(0, "input")),
    "scatter_add": _added_into(3, "src"),
    "index_add": _added_into(3, "source"),
    **dict.fromkeys(("cat", "concat", "concatenate", "stack", "hstack", "vstack"), _concatenated),
    **dict.fromkeys(("add", "radd", "iadd"), _elementwise("add")),
    **dict.fromkeys(("sub", "rsub", "subtract"), _elementwise("subtract")),
    **dict.fromkeys(("mul", "multiply", "rmul"), _elementwise("multiply")),
    **dict.fromkeys(
        ("div", "truediv", "divide", "true_divide", "reciprocal", "rdiv", "rtruediv", "floor_divide",
         "remainder", "fmod"),
        _elementwise("divide"),
    ),
    **dict.fromkeys(("pow", "rpow"), _elementwise("power")),
    **dict.fromkeys(("exp", "expm1", "exp2"), _elementwise("exponential")),
    "sqrt": _elementwise("square root"),
    "rsqrt": _reciprocal_root,
    **dict.fromkeys(("maximum", "fmax", "clamp_min"), _elementwise("maximum")),
    **dict.fromkeys(("minimum", "fmin", "clamp_max"), _elementwise("minimum")),
    "threshold": _elementwise("compare"),
    **dict.fromkeys(_COMPARING, _elementwise("compare")),
    **dict.fromkeys(("floor", "ceil", "round", "trunc"), _elementwise("round")),
    **dict.fromkeys(("sin", "arcsin"), _elementwise("sine")),
    "cos": _elementwise("cosine"),
    **dict.fromkeys(("log", "log2", "log10", "log1p"), _elementwise("logarithm")),
    "abs": _elementwise("absolute"),
    "neg": _elementwise("negate"),
    "erf": _elementwise("error function"),
    **dict.fromkeys(("square",), _elementwise("power")),
    **dict.fromkeys(("clamp", "clip", "hardtanh"), _clamp),
    "relu": _activation("ReLU"),
    "relu6": _activation("ReLU6"),
    "sigmoid": _activation("Sigmoid"),
    "tanh": _activation("Tanh"),
    "silu": _activation("SiLU"),
    "gelu": _activation("GELU", (1, "approximate", "none")),
    "leaky_relu": _activation("LeakyReLU", (1, "negative_slope", 0.01)),
    "hardswish": _activation("Hardswish"),
    "hardsigmoid": _activation("Hardsigmoid"),
    "mish": _activation("Mish"),
    "elu": _activation("ELU", (1, "alpha", 1.0)),
    "celu": _activation("CELU", (1, "alpha", 1.0)),
    "selu": _activation("SELU"),
    "softplus": _activation("Softplus", (1, "beta", 1.0), (2, "threshold", 20.0)),
    "softsign": _activation("Softsign"),
    "logsigmoid": _activation("LogSigmoid"),
    "log_sigmoid": _activation("LogSigmoid"),
    **dict.fromkeys(("dropout", "dropout1d", "dropout2d", "dropout3d", "feature_dropout", "alpha_dropout"),
                    lambda call: Made(ours.Dropout(call.get(1, "p", 0.5)), [call.first])),
    **dict.fromkeys(("softmax", "safe_softmax"), _along("Softmax")),
    "log_softmax": _along("LogSoftmax"),
    "glu": _along("GLU"),
    **dict.fromkeys(("matmul", "bmm", "mm", "mv", "dot", "vdot"), _matmul),
    **dict.fromkeys(("addmm", "baddbmm"), _product_and_sum),
    "linear": _linear,
    **dict.fromkeys(_CONVOLUTIONS, _convolution),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), _transposed),
    "scaled_dot_product_attention": _attention,
    **dict.fromkeys(("layer_norm", "native_layer_norm"), _layer_norm),
    "group_norm": _group_norm,
    "batch_norm": _batch_norm,
    "instance_norm": _instance_norm,
    "rms_norm": _rms_norm,
    "embedding": _embedding,
    **dict.fromkeys(("max_pool1d", "max_pool2d", "max_pool3d"), _max_pool),
    **dict.fromkeys(("avg_pool1d", "avg_pool2d", "avg_pool3d"), _avg_pool),
    **{f"adaptive_avg_pool{n}d": _adaptive(f"AdaptiveAvgPool{n}d") for n in (1, 2, 3)},
    **{f"adaptive_max_pool{n}d": _adaptive(f"AdaptiveMaxPool{n}d") for n in (1, 2, 3)},
    "mean": _reduced("mean"),
    "sum": _reduced("sum"),
    **dict.fromkeys(("amax", "amin", "max", "min", "argmax", "argmin"), _reduced("max")),
    **dict.fromkeys(("var", "std", "var_mean", "std_mean"), _spread_out),
    **dict.fromkeys(("norm", "vector_norm", "linalg_vector_norm"), _norm),
    "normalize": _normalized,
    "interpolate": _interpolated,
    **dict.fromkeys(("weight_norm", "weight_norm_interface"), _weight_norm),
}  # fmt: skip
