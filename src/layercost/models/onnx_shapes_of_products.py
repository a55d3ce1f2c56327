"""The sizes of what ONNX's operators give that multiply or slide a window, and of onnxruntime's own.

Source: ONNX, docs/Operators.md; onnxruntime, docs/ContribOperators.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from layercost.models.onnx_call import Call, Given, Rule, Untold, broadcast
from layercost.models.onnx_file import Sizes

# ---- windows -----------------------------------------------------------------------------------------


def _windows(call: Call, kernel: Sequence[int]) -> Sizes:
    """How many windows of a kernel fit along each axis of the input."""
    cells = call.sizes()[2:]
    if len(kernel) != len(cells):
        raise Untold(f"a window of {len(kernel)} axes slides over {len(cells)}")
    ones = (1,) * len(cells)
    strides, dilations = call.get("strides", ones), call.get("dilations", ones)
    pads, rule = call.get("pads", (0,) * 2 * len(cells)), call.get("auto_pad", b"NOTSET")
    if (
        not len(strides) == len(dilations) == len(pads) / 2 == len(cells)
        or min((*strides, *dilations), default=1) < 1
    ):
        raise Untold(f"strides, dilations and pads are not those of {len(cells)} axes")
    return tuple(
        _count(size, (k - 1) * d + 1, stride, (pads[axis], pads[axis + len(cells)]), rule,
               ceil=bool(call.get("ceil_mode", 0)))
        for axis, (size, k, d, stride) in enumerate(zip(cells, kernel, dilations, strides, strict=True))
    )  # fmt: skip


def _count(size: int, wide: int, stride: int, pads: tuple[int, int], rule: bytes, *, ceil: bool) -> int:
    if rule in (b"SAME_UPPER", b"SAME_LOWER"):
        return -(-size // stride)
    before, after = (0, 0) if rule == b"VALID" else pads
    free = size + before + after - wide
    if free < 0:
        raise Untold(f"a window over {wide} cells does not fit into {size + before + after}")
    if not ceil:
        return free // stride + 1
    count = -(-free // stride) + 1
    return count - 1 if (count - 1) * stride >= size + before else count  # no window begins behind the input


def _convolution(weight: int) -> Rule:
    def rule(call: Call) -> Sizes:
        outputs, _, *kernel = _at_least(call, weight, 3)
        return (*call.sizes()[:1], outputs, *_windows(call, kernel))

    return rule


def _at_least(call: Call, place: int, rank: int) -> Sizes:
    sizes = call.sizes(place)
    if len(sizes) < rank:
        raise Untold(f"{call.node.input[place]} should have {rank} axes or more, and has {len(sizes)}")
    return sizes


def _transposed(call: Call) -> Sizes:
    """ConvTranspose: the cells of which a convolution would make the input's, or those that are asked for."""
    batch, _, *cells = _at_least(call, 0, 3)
    _, outputs, *kernel = _at_least(call, 1, 3)
    ones, none = (1,) * len(cells), (0,) * len(cells)
    asked = call.get("output_shape", None)
    if asked is not None:
        given = tuple(asked[-len(cells) :])
    else:
        same = call.get("auto_pad", b"NOTSET") in (b"SAME_UPPER", b"SAME_LOWER")
        pads = (0,) * 2 * len(cells) if call.get("auto_pad", b"") == b"VALID" else call.get("pads", none * 2)
        if len(pads) != 2 * len(cells):
            raise Untold(f"{len(pads)} pads are not those of {len(cells)} axes")
        rows = zip(
            cells, kernel, call.get("strides", ones), call.get("dilations", ones),
            call.get("output_padding", none), pads, pads[len(cells) :], strict=False,
        )  # fmt: skip
        given = tuple(
            size * stride if same else (size - 1) * stride + (k - 1) * d + 1 + more - before - after
            for size, k, stride, d, more, before, after in rows
        )
    if len(given) != len(cells):
        raise Untold(f"its settings are not those of {len(cells)} axes")
    return (batch, outputs * call.get("group", 1), *given)


def _pooled(call: Call) -> Given:
    """Pools; a MaxPool says beside the values where they stood."""
    sizes = (*_at_least(call, 0, 3)[:2], *_windows(call, call.get("kernel_shape", ())))
    return [sizes] * len(call.node.output)


def _global(call: Call) -> Sizes:
    sizes = _at_least(call, 0, 2)
    return (*sizes[:2], *(1,) * (len(sizes) - 2))


def _unpooled(call: Call) -> Sizes:
    """MaxUnpool."""
    if call.has(2):
        return tuple(map(int, call.numbers(2)))
    sizes, kernel = call.sizes(), call.get("kernel_shape", ())
    count = len(kernel)
    strides, pads = call.get("strides", (1,) * count), call.get("pads", (0,) * 2 * count)
    rows = zip(sizes[2:], kernel, strides, pads, pads[count:], strict=False)
    return (
        *sizes[:2],
        *((size - 1) * stride + k - before - after for size, k, stride, before, after in rows),
    )


def _regions(call: Call) -> Sizes:
    """RoiAlign and MaxRoiPool: a map for each region."""
    wanted = call.get("pooled_shape", None)
    cells = (call.get("output_height", 1), call.get("output_width", 1)) if wanted is None else tuple(wanted)
    return (call.sizes(1)[0], call.sizes()[1], *cells)


def _image_of_columns(call: Call) -> Sizes:
    """Col2Im."""
    batch, rows, *_ = call.sizes()
    block = 1
    for size in call.numbers(2):
        block *= int(size)
    if block < 1 or rows % block:
        raise Untold(f"{rows} rows are not made of blocks of {block}")
    return (batch, rows // block, *map(int, call.numbers(1)))


# ---- products ----------------------------------------------------------------------------------------


def _product(second: int) -> Rule:
    def rule(call: Call) -> Sizes:
        return multiplied(call.sizes(), call.sizes(second))

    return rule


def multiplied(first: Sizes, second: Sizes) -> Sizes:
    """The sizes of a product of matrices, or of stacks of them, by numpy's rule."""
    if not first or not second:
        raise Untold("a single number has no rows to multiply")
    left = first if len(first) > 1 else (1, *first)
    right = second if len(second) > 1 else (*second, 1)
    if left[-1] != right[-2]:
        raise Untold(f"rows of {left[-1]} cannot be multiplied with columns of {right[-2]}")
    stack = broadcast((left[:-2], right[:-2]))
    return (*stack, *left[-2:-1][: len(first) - 1], *right[-1:][: len(second) - 1])


def _gemm(call: Call) -> Sizes:
    first, second = call.sizes(), call.sizes(1)
    if len(first) != 2 or len(second) != 2:
        raise Untold("it multiplies what are no matrices")
    rows = first[::-1] if call.get("transA", 0) else first
    columns = second[::-1] if call.get("transB", 0) else second
    return multiplied(rows, columns)


def _einsum(call: Call) -> Sizes:
    """Each index has a size; those that an ellipsis stands for are spread over each other."""
    equation = call.get("equation", b"").decode().replace(" ", "")
    written, arrow, output = equation.partition("->")
    terms, shapes = written.split(","), call.all_sizes()
    if len(terms) != len(shapes):
        raise Untold(f"{equation} speaks of {len(terms)} inputs, and it reads {len(shapes)}")
    size, spread = dict[str, int](), list[Sizes]()
    for term, sizes in zip(terms, shapes, strict=True):
        before, dots, after = term.partition("...")
        more = len(sizes) - len(before) - len(after)
        if more < 0 or (more and not dots):
            raise Untold(f"{term} does not name the axes of a value that has {len(sizes)}")
        spread.append(sizes[len(before) : len(before) + more])
        named = (*sizes[: len(before)], *sizes[len(before) + more :])
        for index, one in zip(before + after, named, strict=True):
            size[index] = max(one, size.get(index, 1))
    if not arrow:
        letters = written.replace(",", "").replace("...", "")
        output = "..." + "".join(sorted(index for index in set(letters) if letters.count(index) == 1))
    if set(output) - set(size) - {"."}:
        raise Untold(f"{equation} gives indices that it does not read")
    before, dots, after = output.partition("...")
    middle = broadcast(spread) if dots else ()
    return (*(size[index] for index in before), *middle, *(size[index] for index in after))


def _determinant(call: Call) -> Sizes:
    return call.sizes()[:-2]


# ---- attention ---------------------------------------------------------------------------------------


def _attention(call: Call) -> Given:
    """The result, keys and values with those of before in front, and the scores."""
    query, key, value = (_heads(call, place, "q" if not place else "kv") for place in range(3))
    before = (call.sizes(4), call.sizes(5)) if call.has(4) and call.has(5) else None
    past = before[0][2] if before else 0
    steps, length = query[2], past + key[2]
    features = value[3]
    whole = len(call.sizes()) == 4
    given = (*query[:3], features) if whole else (query[0], steps, query[1] * features)
    keys, values = (*key[:2], length, key[3]), (*value[:2], length, value[3])
    return [given, keys, values, (query[0], query[1], steps, length)]


def _heads(call: Call, place: int, whose: str) -> Sizes:
    """Queries, keys or values as (batch, heads, steps, size)."""
    sizes = call.sizes(place)
    if len(sizes) == 4:
        return sizes
    heads = call.get(f"{whose}_num_heads", 0)
    if len(sizes) != 3 or heads < 1 or sizes[2] % heads:
        raise Untold(f"{sizes[-1] if sizes else 0} features are not made of {heads} heads")
    return (sizes[0], heads, sizes[1], sizes[2] // heads)


def _linear_attention(call: Call) -> Given:
    """The result, and the state that stands for all keys and values so far."""
    query, key, value = (_heads(call, place, "q" if not place else "kv") for place in range(3))
    return [(query[0], query[2], query[1] * value[3]), (*key[:2], key[3], value[3])]


# ---- recurrent ---------------------------------------------------------------------------------------


def _recurrent(call: Call) -> Given:
    """All steps, and the last state of each kind."""
    first, second, _ = _of_rank(call, 3)
    steps, batch = (second, first) if call.get("layout", 0) else (first, second)
    directions = 2 if call.get("direction", b"forward") == b"bidirectional" else 1
    hidden = call.get("hidden_size", 0) or _at_least(call, 2, 3)[2]
    if call.get("layout", 0):
        state: Sizes = (batch, directions, hidden)
        return [(batch, steps, directions, hidden), state, state]
    state = (directions, batch, hidden)
    return [(steps, *state), state, state]


def _of_rank(call: Call, rank: int) -> Sizes:
    sizes = call.sizes()
    if len(sizes) != rank:
        raise Untold(f"it should read {rank} axes, and reads {len(sizes)}")
    return sizes


def _causal_convolution(call: Call) -> Given:
    """CausalConvWithState: as long as the input, and the last cells that the next call begins with."""
    sizes = call.sizes()
    return [sizes, (*sizes[:2], _at_least(call, 1, 3)[2] - 1)]


# ---- signals -----------------------------------------------------------------------------------------


def _fourier(call: Call) -> Sizes:
    """DFT: pairs of real and imaginary parts."""
    sizes = list(call.sizes())
    axis = call.number(2) if call.has(2) else call.get("axis", -2 if call.opset >= 20 else 1)
    place = call.axis(axis, len(sizes))
    if call.has(1):
        sizes[place] = call.number(1)
    if call.get("onesided", 0):
        if call.get("inverse", 0):
            return (
                (*sizes[:-1], 1)
                if call.has(1)
                else (*sizes[:place], 2 * (sizes[place] - 1), *sizes[place + 1 : -1], 1)
            )
        sizes[place] = sizes[place] // 2 + 1
    return (*sizes[:-1], 2)


def _frames(call: Call) -> Sizes:
    """STFT: frames of a signal, each as frequencies in pairs."""
    batch, length, *_ = call.sizes()
    step = call.number(1)
    width = call.number(3) if call.has(3) else call.sizes(2)[0]
    if step < 1 or length < width:
        raise Untold(f"frames of {width} in steps of {step} do not fit into {length}")
    found = width // 2 + 1 if call.get("onesided", 1) else width
    return (batch, (length - width) // step + 1, found, 2)


PRODUCTS: Mapping[str, Rule] = {
    "Conv": _convolution(1),
    "ConvInteger": _convolution(1),
    "DeformConv": _convolution(1),
    "QLinearConv": _convolution(3),
    "ConvTranspose": _transposed,
    "MaxPool": _pooled,
    "AveragePool": _pooled,
    "LpPool": _pooled,
    "GlobalAveragePool": _global,
    "GlobalMaxPool": _global,
    "GlobalLpPool": _global,
    "MaxUnpool": _unpooled,
    "MaxRoiPool": _regions,
    "RoiAlign": _regions,
    "Col2Im": _image_of_columns,
    "MatMul": _product(1),
    "MatMulInteger": _product(1),
    "QLinearMatMul": _product(3),
    "Gemm": _gemm,
    "Einsum": _einsum,
    "Det": _determinant,
    "Attention": _attention,
    "LinearAttention": _linear_attention,
    "CausalConvWithState": _causal_convolution,
    **dict.fromkeys(("LSTM", "GRU", "RNN"), _recurrent),
    "DFT": _fourier,
    "STFT": _frames,
}


# ---- onnxruntime's own ---------------------------------------------------------------------------------


def _first(call: Call) -> Sizes:
    return call.sizes()


def _fused_matmul(call: Call) -> Sizes:
    first, second = call.sizes(), call.sizes(1)
    if call.get("transA", 0) and len(first) > 1:
        first = (*first[:-2], first[-1], first[-2])
    if call.get("transB", 0) and len(second) > 1:
        second = (*second[:-2], second[-1], second[-2])
    return multiplied(first, second)


def _packed_attention(call: Call) -> Sizes:
    """Attention whose one weight gives queries, keys and values."""
    return (*call.sizes()[:-1], call.sizes(1)[-1] // 3)


def _quantized_lstm(call: Call) -> Given:
    steps, batch, _ = _of_rank(call, 3)
    directions, _, columns = _at_least(call, 1, 3)
    state = (directions, batch, columns // 4)
    return [(steps, *state), state, state]


_LIKE_THE_FIRST = (
    "FastGelu", "QuickGelu", "BiasGelu", "Gelu", "BiasSplitGelu", "SkipLayerNormalization",
    "SkipSimplifiedLayerNormalization", "SimplifiedLayerNormalization", "RotaryEmbedding", "GroupNorm",
    "QLinearSigmoid", "QLinearLeakyRelu", "LayerNormalization", "MultiHeadAttention",
)  # fmt: skip

OF_MICROSOFT: Mapping[str, Rule] = {
    **dict.fromkeys(_LIKE_THE_FIRST, _first),
    **dict.fromkeys(("FusedMatMul", "TransposeMatMul"), _fused_matmul),
    "Attention": _packed_attention,
    "DynamicQuantizeLSTM": _quantized_lstm,
}
"""The sizes that operators give which onnxruntime adds to the standard's own."""
