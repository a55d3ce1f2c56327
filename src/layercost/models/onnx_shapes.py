"""The sizes of what ONNX's operators give, by their names: elements, reductions, and values that only move.

Source: ONNX, docs/Operators.md and docs/Changelog.md, for operators of every version.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import zip_longest
from math import prod

from layercost.models.onnx_call import Call, Given, Rule, Untold, broadcast, shown_sizes
from layercost.models.onnx_file import Sizes
from layercost.models.onnx_numbers import cut, nonzero
from layercost.models.onnx_shapes_of_products import PRODUCTS

# ---- as the inputs -----------------------------------------------------------------------------------


def _first(call: Call) -> Sizes:
    return call.sizes()


def _both(call: Call) -> Given:
    """Two outputs like the first input."""
    return [call.sizes(), call.sizes()]


def _spread(call: Call) -> Sizes:
    """All inputs over each other; in old files the others over the first."""
    return call.sizes() if call.opset < 7 else broadcast(call.all_sizes())


def _quantized(call: Call) -> Given:
    """DynamicQuantizeLinear: the values, their scale and their zero."""
    return [call.sizes(), (), ()]


def _layer_norm(call: Call) -> Given:
    """The values, and one mean and one deviation for all that is normalized together."""
    sizes = call.sizes()
    axis = call.axis(call.get("axis", -1), len(sizes))
    single = (*sizes[:axis], *(1,) * (len(sizes) - axis))
    return [sizes, single, single]


def _batch_norm(call: Call) -> Given:
    channels = call.sizes()[1:2] or call.sizes(1)
    return [call.sizes(), *[channels] * (len(call.node.output) - 1)]


# ---- over axes ---------------------------------------------------------------------------------------


def _reduced(call: Call) -> Sizes:
    sizes = call.sizes()
    axes = call.setting("axes", 1)
    if not axes:
        axes = () if call.get("noop_with_empty_axes", 0) else tuple(range(len(sizes)))
    return _without(call, sizes, axes)


def _extreme(call: Call) -> Sizes:
    """ArgMax and ArgMin."""
    return _without(call, call.sizes(), (call.get("axis", 0),))


def _without(call: Call, sizes: Sizes, axes: tuple[int, ...]) -> Sizes:
    """The sizes with 1 along some axes, or without these."""
    gone = set(call.axes(axes, len(sizes)))
    if call.get("keepdims", 1):
        return tuple(1 if axis in gone else size for axis, size in enumerate(sizes))
    return tuple(size for axis, size in enumerate(sizes) if axis not in gone)


def _largest(call: Call) -> Given:
    """TopK: values and where they stood."""
    sizes = call.sizes()
    count = call.get("k", None)
    count = call.number(1) if count is None else count
    axis = call.axis(call.get("axis", -1), len(sizes))
    given = (*sizes[:axis], count, *sizes[axis + 1 :])
    return [given, given]


def _ngrams(call: Call) -> Sizes:
    """TfIdfVectorizer: how often each row of words was seen."""
    return (*call.sizes()[:-1], max(call.get("ngram_indexes", ()), default=-1) + 1)


def _loss(call: Call) -> Given:
    """A loss for each target, or one for all; the logarithms of a SoftmaxCrossEntropyLoss beside it."""
    scores = call.sizes()
    given = call.sizes(1) if call.get("reduction", b"mean") == b"none" else ()
    return [given, scores]


# ---- in another shape --------------------------------------------------------------------------------


def _reshaped(call: Call) -> Sizes:
    before, wanted = call.sizes(), call.setting("shape", 1) or ()
    copied = call.get("allowzero", 0) == 0
    if copied and any(not size and axis >= len(before) for axis, size in enumerate(wanted)):
        raise Untold(f"it keeps a size that {shown_sizes(before)} does not have")
    sizes = [before[axis] if copied and not size else size for axis, size in enumerate(wanted)]
    if sizes.count(-1) > 1 or min(sizes, default=0) < -1:
        raise Untold(f"no value can have the shape {shown_sizes(tuple(sizes))}")
    if -1 in sizes:
        others = prod(size for size in sizes if size != -1)
        whole, rest = divmod(prod(before), others) if others else (0, 0)
        if rest:
            raise Untold(f"{shown_sizes(before)} values do not fill {shown_sizes(tuple(sizes))}")
        sizes[sizes.index(-1)] = whole
    if prod(sizes) != prod(before):
        raise Untold(f"it reshapes {before} to {tuple(sizes)}, as the file was made for another batch")
    return tuple(sizes)


def _flat(call: Call) -> Sizes:
    sizes, axis = call.sizes(), call.get("axis", 1)
    if not -len(sizes) <= axis <= len(sizes):
        raise Untold(f"it names axis {axis} of {len(sizes)}")
    axis = axis + len(sizes) if axis < 0 else axis
    return prod(sizes[:axis]), prod(sizes[axis:])


def _squeezed(call: Call) -> Sizes:
    sizes, axes = call.sizes(), call.setting("axes", 1)
    if axes is None:
        return tuple(size for size in sizes if size != 1)
    gone = set(call.axes(axes, len(sizes)))
    if any(sizes[axis] != 1 for axis in gone):
        raise Untold(f"it leaves out axes of {shown_sizes(sizes)} that are not 1")
    return tuple(size for axis, size in enumerate(sizes) if axis not in gone)


def _unsqueezed(call: Call) -> Sizes:
    sizes, axes = call.sizes(), call.setting("axes", 1) or ()
    rank = len(sizes) + len(axes)
    new, rest = set(call.axes(axes, rank)), iter(sizes)
    if len(new) < len(axes):
        raise Untold("it adds an axis twice")
    return tuple(1 if axis in new else next(rest) for axis in range(rank))


def _transposed(call: Call) -> Sizes:
    sizes = call.sizes()
    order = call.get("perm", None) or tuple(range(len(sizes)))[::-1]
    if sorted(call.axes(order, len(sizes))) != list(range(len(sizes))):
        raise Untold(f"its axes {order} are not those of {shown_sizes(sizes)}")
    return tuple(sizes[axis] for axis in order)


def _expanded(call: Call) -> Sizes:
    return broadcast((call.sizes(), tuple(map(int, call.numbers(1)))))


def _tiled(call: Call) -> Sizes:
    sizes, times = call.sizes(), tuple(map(int, call.numbers(1)))
    if call.opset < 6:
        axis = call.axis(call.number(2), len(sizes))
        return (*sizes[:axis], sizes[axis] * times[0], *sizes[axis + 1 :])
    if len(times) != len(sizes):
        raise Untold(f"it repeats {shown_sizes(sizes)} along {len(times)} axes")
    return tuple(size * count for size, count in zip(sizes, times, strict=True))


def _padded(call: Call) -> Sizes:
    sizes = call.sizes()
    pads = call.setting("paddings", 1) if call.opset < 2 else call.setting("pads", 1)
    axes = [int(axis) for axis in call.numbers(3)] if call.has(3) else list(range(len(sizes)))
    pads = pads or ()
    if len(pads) != 2 * len(axes):
        raise Untold(f"it pads {len(axes)} axes by {len(pads)} numbers")
    given = list(sizes)
    for axis, before, after in zip(call.axes(axes, len(sizes)), pads, pads[len(axes) :], strict=False):
        given[axis] += before + after
    return tuple(given)


def _to_depth(call: Call) -> Sizes:
    batch, channels, *cells = _of_axes(call, 4)
    block = call.get("blocksize", 0)
    if block < 1 or any(size % block for size in cells):
        raise Untold(f"{shown_sizes(tuple(cells))} cells are not made of blocks of {block}")
    return (batch, channels * block**2, *(size // block for size in cells))


def _to_space(call: Call) -> Sizes:
    batch, channels, *cells = _of_axes(call, 4)
    block = call.get("blocksize", 0)
    if block < 1 or channels % block**2:
        raise Untold(f"{channels} channels are not made of blocks of {block}")
    return (batch, channels // block**2, *(size * block for size in cells))


def _of_axes(call: Call, rank: int) -> Sizes:
    sizes = call.sizes()
    if len(sizes) != rank:
        raise Untold(f"it should read {rank} axes, and {shown_sizes(sizes)} has {len(sizes)}")
    return sizes


def _cropped(call: Call) -> Sizes:
    """CenterCropPad."""
    sizes, wanted = list(call.sizes()), call.numbers(1)
    axes = call.axes(call.get("axes", None) or range(len(sizes)), len(sizes))
    for axis, size in zip_longest(axes, wanted):
        if axis is None or size is None:
            raise Untold(f"it gives {len(wanted)} sizes to {len(axes)} axes")
        sizes[axis] = int(size)
    return tuple(sizes)


# ---- parts, and several in one -------------------------------------------------------------------------


def _cut(call: Call) -> Sizes:
    """Slice, whose settings are attributes in old files."""
    starts, ends, axes, steps = (
        call.setting(name, place) for place, name in enumerate(("starts", "ends", "axes", "steps"), 1)
    )
    return tuple(len(places) for places in cut(call.sizes(), starts or (), ends or (), axes, steps))


def _split(call: Call) -> Given:
    sizes, count = call.sizes(), len(call.node.output)
    axis = call.axis(call.get("axis", 0), len(sizes))
    parts = call.setting("split", 1)
    if parts is None:
        each = -(-sizes[axis] // count)
        parts = (*[each] * (count - 1), sizes[axis] - each * (count - 1))
    if len(parts) != count or sum(parts) != sizes[axis] or min(parts) < 0:
        raise Untold(f"{count} parts of {sum(parts)} in all do not make {sizes[axis]}")
    return [(*sizes[:axis], part, *sizes[axis + 1 :]) for part in parts]


def _concatenated(call: Call) -> Sizes:
    first, *others = call.all_sizes()
    axis = call.axis(call.get("axis", 1), len(first))
    for sizes in others:
        if len(sizes) != len(first) or any(
            one != other for place, (one, other) in enumerate(zip(first, sizes, strict=True)) if place != axis
        ):
            raise Untold(f"{shown_sizes(first)} and {shown_sizes(sizes)} differ along other axes than {axis}")
    return (*first[:axis], first[axis] + sum(sizes[axis] for sizes in others), *first[axis + 1 :])


def _gathered(call: Call) -> Sizes:
    sizes = call.sizes()
    axis = call.axis(call.get("axis", 0), len(sizes))
    return (*sizes[:axis], *call.sizes(1), *sizes[axis + 1 :])


def _as_indices(call: Call) -> Sizes:
    """GatherElements."""
    return call.sizes(1)


def _gathered_nd(call: Call) -> Sizes:
    sizes, indices, batched = call.sizes(), call.sizes(1), call.get("batch_dims", 0)
    if not indices or not 0 <= batched <= len(sizes) - indices[-1]:
        raise Untold(f"{shown_sizes(indices)} are no places in {shown_sizes(sizes)}")
    return (*indices[:-1], *sizes[batched + indices[-1] :])


def _compressed(call: Call) -> Sizes:
    sizes, axis = call.sizes(), call.get("axis", None)
    kept = sum(map(bool, call.numbers(1)))
    if axis is None:
        return (kept,)
    place = call.axis(axis, len(sizes))
    return (*sizes[:place], kept, *sizes[place + 1 :])


def _unique(call: Call) -> Given:
    if call.get("axis", None) is not None and len(call.sizes()) > 1:
        raise Untold("how many rows are unique depends on their numbers")
    found = call.numbers(0)
    single = (len(set(found)),)
    return [single, single, (len(found),), single]


def _not_zero(call: Call) -> Sizes:
    found = call.known(0)
    if found is None:
        raise Untold("how many are not zero depends on numbers that are not known")
    return len(found.sizes), len(nonzero(found))


def _one_hot(call: Call) -> Sizes:
    sizes, depth = call.sizes(), call.number(1)
    axis = call.axis(call.get("axis", -1), len(sizes) + 1)
    return (*sizes[:axis], depth, *sizes[axis:])


# ---- sizes that numbers say ----------------------------------------------------------------------------


def _as_numbers(call: Call) -> Sizes:
    """ConstantOfShape."""
    return tuple(map(int, call.numbers(0)))


def _range(call: Call) -> Sizes:
    start, limit, step = (call.numbers(place)[0] for place in range(3))
    if not step:
        raise Untold("it counts in steps of 0")
    return (max(0, math.ceil((limit - start) / step)),)


def _shape(call: Call) -> Sizes:
    return (len(call.sizes()[call.get("start", 0) : call.get("end", None)]),)


def _single(_: Call) -> Sizes:
    return ()


def _drawn(call: Call) -> Sizes:
    """RandomNormal and RandomUniform."""
    return tuple(call.get("shape", ()))


def _sampled(call: Call) -> Sizes:
    """Multinomial."""
    return (*call.sizes()[:1], call.get("sample_size", 1))


def _window(call: Call) -> Sizes:
    """The windows of a signal by name: as many numbers as are asked for."""
    return (call.number(0),)


def _mel(call: Call) -> Sizes:
    """MelWeightMatrix: how much of each frequency stands in each band."""
    return call.number(1) // 2 + 1, call.number(0)


def _resized(call: Call) -> Sizes:
    """Resize and Upsample: the sizes that are wanted, or the input's times its scales."""
    sizes = call.sizes()
    old = call.opset < 11
    chosen = call.axes(call.get("axes", None) or range(len(sizes)), len(sizes))
    if not old and call.has(3):
        return _to_sizes(call, sizes, chosen, [int(size) for size in call.numbers(3)])
    scales = call.get("scales", None) or call.numbers(1 if old else 2)
    if len(scales) != len(chosen):
        raise Untold(f"it scales {len(chosen)} axes by {len(scales)} numbers")
    given = list(sizes)
    for axis, scale in zip(chosen, scales, strict=True):
        given[axis] = math.floor(sizes[axis] * scale)
    return tuple(given)


def _to_sizes(call: Call, sizes: Sizes, chosen: list[int], wanted: list[int]) -> Sizes:
    if len(wanted) != len(chosen) or not all(sizes[axis] for axis in chosen):
        raise Untold(f"it gives {len(wanted)} sizes to {len(chosen)} axes")
    policy = call.get("keep_aspect_ratio_policy", b"stretch")
    given = list(sizes)
    if policy == b"stretch":
        for axis, size in zip(chosen, wanted, strict=True):
            given[axis] = size
        return tuple(given)
    among = min if policy == b"not_larger" else max
    scale = among(size / sizes[axis] for axis, size in zip(chosen, wanted, strict=True))
    for axis in chosen:
        given[axis] = math.floor(scale * sizes[axis] + 0.5)
    return tuple(given)


def _grid(call: Call) -> Sizes:
    """AffineGrid: where each cell is looked up."""
    batch, _, *cells = map(int, call.numbers(1))
    return (batch, *cells, len(cells))


def _looked_up(call: Call) -> Sizes:
    """GridSample."""
    return (*call.sizes()[:2], *call.sizes(1)[1:-1])


def _sequence(_: Call) -> Given:
    raise Untold("a sequence of tensors, of which nothing is counted")


_LIKE_THE_FIRST = (
    "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Cos", "Cosh", "Elu", "Erf", "Exp",
    "Floor", "HardSigmoid", "HardSwish", "Identity", "IsInf", "IsNaN", "LeakyRelu", "Log", "Mish", "Neg",
    "Not", "Reciprocal", "Relu", "Round", "Selu", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign",
    "Sqrt", "Tan", "Tanh", "ThresholdedRelu", "Celu", "Gelu", "Swish", "Shrink", "Clip", "Cast", "CastLike",
    "BitwiseNot", "Softmax", "LogSoftmax", "Hardmax", "LRN", "LpNormalization", "MeanVarianceNormalization",
    "InstanceNormalization", "GroupNormalization", "RMSNormalization", "CumSum", "CumProd", "Trilu",
    "ReverseSequence", "ScatterND", "ScatterElements", "Scatter", "QuantizeLinear", "DequantizeLinear",
    "Bernoulli", "RandomNormalLike", "RandomUniformLike", "EyeLike", "RotaryEmbedding", "TensorScatter",
    "PRelu", "SwiGLU", "BitCast", "RegexFullMatch",
)  # fmt: skip
_SPREAD = (
    "Add", "Sub", "Mul", "Div", "Pow", "Mod", "And", "Or", "Xor", "Equal", "Greater", "GreaterOrEqual",
    "Less", "LessOrEqual", "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Max", "Min", "Mean", "Sum",
    "Where", "StringConcat",
)  # fmt: skip
_REDUCED = (
    "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin",
    "ReduceProd", "ReduceSum", "ReduceSumSquare",
)  # fmt: skip
_SEQUENCES = (
    "SequenceConstruct", "SequenceEmpty", "SequenceErase", "SequenceInsert", "SequenceMap", "SplitToSequence",
    "SequenceAt", "ConcatFromSequence", "Optional", "OptionalGetElement",
)  # fmt: skip

RULES: Mapping[str, Rule] = {
    **PRODUCTS,
    **dict.fromkeys(_LIKE_THE_FIRST, _first),
    **dict.fromkeys(_SPREAD, _spread),
    **dict.fromkeys(_REDUCED, _reduced),
    **dict.fromkeys(_SEQUENCES, _sequence),
    **dict.fromkeys(("ArgMax", "ArgMin"), _extreme),
    **dict.fromkeys(("RandomNormal", "RandomUniform"), _drawn),
    **dict.fromkeys(("BlackmanWindow", "HammingWindow", "HannWindow"), _window),
    **dict.fromkeys(("Size", "SequenceLength", "OptionalHasElement"), _single),
    **dict.fromkeys(("Resize", "Upsample"), _resized),
    **dict.fromkeys(("NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"), _loss),
    "Dropout": _both,
    "DynamicQuantizeLinear": _quantized,
    "LayerNormalization": _layer_norm,
    "BatchNormalization": _batch_norm,
    "TopK": _largest,
    "TfIdfVectorizer": _ngrams,
    "Reshape": _reshaped,
    "Flatten": _flat,
    "Squeeze": _squeezed,
    "Unsqueeze": _unsqueezed,
    "Transpose": _transposed,
    "Expand": _expanded,
    "Tile": _tiled,
    "Pad": _padded,
    "SpaceToDepth": _to_depth,
    "DepthToSpace": _to_space,
    "CenterCropPad": _cropped,
    "Slice": _cut,
    "Split": _split,
    "Concat": _concatenated,
    "Gather": _gathered,
    "GatherElements": _as_indices,
    "GatherND": _gathered_nd,
    "Compress": _compressed,
    "Unique": _unique,
    "NonZero": _not_zero,
    "OneHot": _one_hot,
    "ConstantOfShape": _as_numbers,
    "Range": _range,
    "Shape": _shape,
    "Multinomial": _sampled,
    "MelWeightMatrix": _mel,
    "AffineGrid": _grid,
    "GridSample": _looked_up,
}
"""The sizes that the standard's operators give; one that is not here has those that the file declares."""
