"""Random small layers with an input that fits them: one recipe for each registered layer.

A layer that is registered and has no recipe here fails the contract tests by name.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

from hypothesis import strategies as st

import layercost as lc

Drawn: TypeAlias = tuple[lc.Layer, tuple[Any, ...]]  # with one shape, or one for each value that it reads
Draw: TypeAlias = Callable[[st.SearchStrategy[Any]], Any]


def small(low: int, high: int) -> st.SearchStrategy[int]:
    return st.integers(low, high)


def sizes(low: int, high: int) -> st.SearchStrategy[int | tuple[int, int]]:
    """One size for both axes, or one for each."""
    return small(low, high) | st.tuples(small(low, high), small(low, high))


def pair(size: int | tuple[int, int]) -> tuple[int, int]:
    return size if isinstance(size, tuple) else (size, size)


any_shape = st.one_of(
    st.tuples(small(1, 6)),
    st.tuples(small(1, 4), small(1, 5)),
    st.tuples(small(1, 3), small(1, 4), small(1, 4)),
    st.tuples(small(1, 2), small(1, 2), small(1, 3), small(1, 3)),
)


def room_for(draw: Draw, kernel: Any, padding: Any = 0, dilation: Any = 1) -> tuple[int, int]:
    """A height and a width in which the window fits at least once, some way from the edge or not."""
    settings = zip(pair(kernel), pair(padding), pair(dilation), strict=True)
    least = (max(1, d * (k - 1) + 1 - 2 * p) for k, p, d in settings)
    height, width = (low + draw(small(0, 4)) for low in least)
    return height, width


def _window(draw: Draw, most_padding: Callable[[Any], Any]) -> dict[str, Any]:
    kernel = draw(sizes(1, 3))
    return {
        "kernel_size": kernel,
        "stride": draw(sizes(1, 3)),
        "padding": most_padding(kernel),
    }


def _pool_padding(draw: Draw) -> Callable[[Any], tuple[int, int]]:
    """At most half of the kernel, as PyTorch wants it."""

    def padding(kernel: Any) -> tuple[int, int]:
        height, width = (draw(small(0, k // 2)) for k in pair(kernel))
        return height, width

    return padding


RULES = st.sampled_from([None, *lc.OUTPUT_SIZE_RULES, *lc.OUTPUT_SIZE_RULES.values()])


def placing(draw: Draw, most_padding: int = 2) -> tuple[Any, tuple[int, int]]:
    """One padding, one for each axis or a pair for each; and the same as pairs' smaller halves."""
    side = small(0, most_padding)
    padding = draw(side | st.tuples(side, side) | st.tuples(st.tuples(side, side), st.tuples(side, side)))
    rows, columns = pair(padding)
    return padding, (_least(rows), _least(columns))


def _least(padding: Any) -> int:
    return min(padding) if isinstance(padding, tuple) else int(padding)


def conv2d(draw: Draw) -> Drawn:
    """Any padding; by name too; and sometimes another framework's rule."""
    groups, kernel, dilation = draw(small(1, 3)), draw(sizes(1, 3)), draw(sizes(1, 2))
    channels, stride = groups * draw(small(1, 2)), draw(sizes(1, 3))
    rule = draw(RULES)
    hangs = "ceil" in str(rule) or "caffe-pooling" in str(rule)  # needs less padding than the window spans
    padding, least = placing(draw, min(pair(kernel)) - 1 if hangs else 2)
    if draw(small(0, 4)) == 0:
        padding, least, stride, rule = draw(st.sampled_from(["same", "valid"])), (0, 0), 1, None
    elif rule is not None and lc.OUTPUT_SIZE_RULES[getattr(rule, "name", rule)].finds_padding:
        padding, least = 0, (0, 0)
    layer = lc.Conv2d(
        channels,
        groups * draw(small(1, 3)),
        kernel,
        stride,
        padding,
        dilation,
        groups,
        draw(st.booleans()),
        rule=rule,
    )
    return layer, (channels, *room_for(draw, kernel, least, dilation))


def convolution(layer: type[lc.Layer], axes: int) -> Callable[[Draw], Drawn]:
    """A convolution over one axis or three."""

    def recipe(draw: Draw) -> Drawn:
        groups, bias = draw(small(1, 2)), draw(st.booleans())
        channels = groups * draw(small(1, 2))
        per_axis = st.tuples(*[small(1, 2)] * axes)
        kernel, stride, dilation = (
            draw(small(1, 3)),
            draw(small(1, 2) | per_axis),
            draw(small(1, 2) | per_axis),
        )
        padding = draw(small(0, 1) | st.sampled_from(["valid", ((0, 1),) * axes]))
        span = 2 * (kernel - 1) + 1
        room = tuple(span + draw(small(0, 2)) for _ in range(axes))
        out_channels = groups * draw(small(1, 2))
        return layer(channels, out_channels, kernel, stride, padding, dilation, groups, bias), (
            channels,
            *room,
        )  # type: ignore[call-arg]

    return recipe


def conv_transpose(layer: type[lc.Layer], axes: int) -> Callable[[Draw], Drawn]:
    def recipe(draw: Draw) -> Drawn:
        def sizes_of(high: int) -> tuple[int, ...]:
            return tuple(draw(small(1, high)) for _ in range(axes))

        most = 3 if axes < 3 else 2
        groups, bias = draw(small(1, 2)), draw(st.booleans())
        kernel, stride, dilation, size = (sizes_of(most) for _ in range(4))
        channels, out_channels = groups * draw(small(1, 2)), groups * draw(small(1, 2))
        more = tuple(draw(small(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True))
        along = zip(size, stride, dilation, kernel, more, strict=True)
        canvas = ((n - 1) * s + d * (k - 1) + 1 + m for n, s, d, k, m in along)
        padding = tuple(draw(small(0, min(2, (cells - 1) // 2))) for cells in canvas)
        made = layer(channels, out_channels, kernel, stride, padding, more, groups, bias, dilation)  # type: ignore[call-arg]
        return made, (channels, *size)

    return recipe


def embedding(draw: Draw) -> Drawn:
    return lc.Embedding(draw(small(1, 6)), draw(small(1, 4))), (draw(small(1, 5)),)


def recurrent(layer: type[lc.Layer], **own: st.SearchStrategy[Any]) -> Callable[[Draw], Drawn]:
    def recipe(draw: Draw) -> Drawn:
        inputs, hidden = draw(small(1, 4)), draw(small(2, 4))
        settings = {
            "num_layers": draw(small(1, 3)),
            "bias": draw(st.booleans()),
            "dropout": draw(st.sampled_from([0.0, 0.5])),
            "bidirectional": draw(st.booleans()),
            "bias_vectors": draw(small(1, 2)),
            "return_sequences": draw(st.booleans()),
        }
        chosen = {name: draw(strategy) for name, strategy in own.items()}
        return layer(inputs, hidden, **settings, **chosen), (draw(small(1, 3)), inputs)  # type: ignore[call-arg]

    return recipe


def connected_conv2d(draw: Draw) -> Drawn:
    channels, kernel = draw(small(1, 4)), draw(sizes(1, 3))
    inputs = st.lists(small(0, channels - 1), min_size=1, unique=True).map(tuple)
    connections = tuple(draw(st.lists(inputs, min_size=1, max_size=4)))
    return lc.ConnectedConv2d(channels, connections, kernel), (channels, *room_for(draw, kernel))


def quantized_linear(draw: Draw) -> Drawn:
    leading = draw(st.sampled_from([(), (2,), (2, 3)]))
    sizes = (draw(small(1, 6)), draw(small(1, 4)))
    groups = {"group_size": draw(small(1, 4)), "zero_point": draw(st.booleans())}
    layer = lc.QuantizedLinear(*sizes, bits=draw(small(2, 8)), **groups, bias=draw(st.booleans()))
    return layer, (*leading, layer.in_features)


def lora(draw: Draw) -> Drawn:
    leading = draw(st.sampled_from([(), (2,), (2, 3)]))
    sizes = (draw(small(1, 6)), draw(small(1, 6)))
    layer = lc.LoRA(*sizes, rank=draw(small(1, 3)), bias=draw(st.booleans()))
    return layer, (*leading, layer.in_features)


def linear(draw: Draw) -> Drawn:
    leading = draw(st.sampled_from([(), (2,), (2, 3)]))
    layer = lc.Linear(draw(small(1, 8)), draw(small(1, 8)), bias=draw(st.booleans()))
    return layer, (*leading, layer.in_features)


def euclidean_rbf(draw: Draw) -> Drawn:
    layer = lc.EuclideanRBF(draw(small(1, 8)), draw(small(1, 8)))
    return layer, (layer.in_features,)


def _pool_settings(draw: Draw, dilation: Any) -> tuple[dict[str, Any], Any]:
    """A window of PyTorch's, or one of another framework's rules, with the padding that each allows."""
    settings = _window(draw, _pool_padding(draw))
    rule = draw(st.none() | RULES)
    if rule is None:
        return {**settings, "ceil_mode": draw(st.booleans())}, settings["padding"]
    finds = lc.OUTPUT_SIZE_RULES[getattr(rule, "name", rule)].finds_padding
    spans = (d * (k - 1) for k, d in zip(pair(settings["kernel_size"]), pair(dilation), strict=True))
    sides = [st.tuples(small(0, span), small(0, span)) for span in spans]
    padding = 0 if finds else draw(st.tuples(*sides))
    least = (0, 0) if finds else tuple(map(_least, padding))
    return {**settings, "padding": padding, "rule": rule}, least


def max_pool2d(draw: Draw) -> Drawn:
    dilation = draw(sizes(1, 2))
    settings, least = _pool_settings(draw, dilation)
    layer = lc.MaxPool2d(**settings, dilation=dilation)
    return layer, (draw(small(1, 3)), *room_for(draw, settings["kernel_size"], least, dilation))


def avg_pool2d(draw: Draw) -> Drawn:
    settings, least = _pool_settings(draw, 1)
    layer = lc.AvgPool2d(**settings, count_include_pad=draw(st.booleans()))
    return layer, (draw(small(1, 3)), *room_for(draw, settings["kernel_size"], least))


def subsampling2d(draw: Draw) -> Drawn:
    window, channels = _window(draw, _pool_padding(draw)), draw(small(1, 3))
    layer = lc.Subsampling2d(**window, channels=channels)
    return layer, (channels, *room_for(draw, window["kernel_size"], window["padding"]))


def softmax(draw: Draw) -> Drawn:
    shape = draw(any_shape)
    return lc.Softmax(dim=-draw(small(1, len(shape)))), shape


def of_any_shape(layer: type[lc.Layer]) -> Callable[[Draw], Drawn]:
    return lambda draw: (layer(), draw(any_shape))


def adaptive(layer: type[lc.Layer], axes: int) -> Callable[[Draw], Drawn]:
    """Some axes keep their size, but not of a signal: there PyTorch wants a number."""

    def recipe(draw: Draw) -> Drawn:
        size = small(1, 4) if axes == 1 else st.none() | small(1, 4)
        made = layer(draw(st.tuples(*[size] * axes) | small(1, 3)))  # type: ignore[call-arg]
        return made, (draw(small(1, 2)), *(draw(small(1, 6 if axes < 3 else 3)) for _ in range(axes)))

    return recipe


def pool(layer: type[lc.Layer], axes: int) -> Callable[[Draw], Drawn]:
    """A pooling over one axis or three, by PyTorch's rules."""

    def recipe(draw: Draw) -> Drawn:
        kernel = tuple(draw(small(1, 3)) for _ in range(axes))
        stride, padding = draw(st.none() | small(1, 2)), tuple(draw(small(0, k // 2)) for k in kernel)
        own = {"dilation": draw(small(1, 2))} if "Max" in layer.__name__ else {}
        more = {} if own else {"count_include_pad": draw(st.booleans())}
        spans = (own.get("dilation", 1) * (k - 1) + 1 - 2 * p for k, p in zip(kernel, padding, strict=True))
        sizes = [max(1, span) + draw(small(0, 2)) for span in spans]
        ceil = draw(st.booleans())
        made = layer(kernel, stride, padding, ceil_mode=ceil, **own, **more)  # type: ignore[call-arg]
        return made, (draw(small(1, 2)), *sizes)

    return recipe


def reduce_axes(draw: Draw) -> Drawn:
    shape = draw(any_shape)
    dims = draw(st.lists(small(-len(shape), -1), min_size=1, unique=True))
    given = dims[0] if len(dims) == 1 and draw(st.booleans()) else tuple(dims)
    return lc.Reduce(draw(st.sampled_from(["sum", "mean", "max"])), given, draw(st.booleans())), shape


def zero_pad2d(draw: Draw) -> Drawn:
    side = small(0, 2)
    return lc.ZeroPad2d(draw(side | st.tuples(side, side, side, side))), draw(_images)


def pixel_shuffle(draw: Draw) -> Drawn:
    r, channels = draw(small(1, 3)), draw(small(1, 2))
    return lc.PixelShuffle(r), (channels * r * r, draw(small(1, 3)), draw(small(1, 3)))


def pixel_unshuffle(draw: Draw) -> Drawn:
    r = draw(small(1, 3))
    return lc.PixelUnshuffle(r), (draw(small(1, 2)), r * draw(small(1, 3)), r * draw(small(1, 3)))


def upsample(draw: Draw) -> Drawn:
    axes = draw(small(1, 3))
    mode = draw(st.sampled_from(["nearest", "nearest-exact", ("linear", "bilinear", "trilinear")[axes - 1]]))
    sizes, shape = (
        tuple(draw(small(1, 4)) for _ in range(axes)),
        tuple(draw(small(2, 4)) for _ in range(axes)),
    )
    factor = st.sampled_from([1, 2, 1.5, 0.75])
    given: dict[str, Any] = draw(
        st.sampled_from([
            {"size": sizes}, {"size": 3}, {"scale_factor": draw(factor)},
            {"scale_factor": tuple(draw(factor) for _ in range(axes))},
        ])
    )  # fmt: skip
    corners = None if "nearest" in mode else draw(st.none() | st.booleans())
    return lc.Upsample(**given, mode=mode, align_corners=corners), (draw(small(1, 2)), *shape)


def zero_padded_shortcut(draw: Draw) -> Drawn:
    channels = draw(small(1, 3))
    layer = lc.ZeroPaddedShortcut(channels, channels + draw(small(0, 3)), draw(small(1, 3)))
    return layer, (channels, draw(small(1, 6)), draw(small(1, 6)))


def prelu(draw: Draw) -> Drawn:
    shape = draw(any_shape)
    return lc.PReLU(draw(st.sampled_from([1, shape[0], math.prod(shape)]))), shape


def gelu(draw: Draw) -> Drawn:
    return lc.GELU(draw(st.sampled_from(["none", "tanh"]))), draw(any_shape)


def with_number(layer: type[lc.Layer], name: str, numbers: list[float]) -> Callable[[Draw], Drawn]:
    """An activation of one setting."""
    chosen = st.sampled_from(numbers)
    return lambda draw: (layer(**{name: draw(chosen)}), draw(any_shape))


def hardtanh(draw: Draw) -> Drawn:
    low = draw(st.sampled_from([-1.0, 0.0, -0.25]))
    return lc.Hardtanh(low, low + draw(st.sampled_from([0.0, 0.5, 6.0]))), draw(any_shape)


def softplus(draw: Draw) -> Drawn:
    beta, threshold = draw(st.sampled_from([1.0, 0.5, 4])), draw(st.sampled_from([20.0, 0.5, -1]))
    return lc.Softplus(beta, threshold), draw(any_shape)


def glu(draw: Draw) -> Drawn:
    shape = list(draw(any_shape))
    dim = -draw(small(1, len(shape)))
    shape[dim] *= 2
    return lc.GLU(dim), tuple(shape)


def log_softmax(draw: Draw) -> Drawn:
    shape = draw(any_shape)
    return lc.LogSoftmax(dim=-draw(small(1, len(shape)))), shape


def leaky_relu(draw: Draw) -> Drawn:
    return lc.LeakyReLU(draw(st.sampled_from([0.01, 0.2, 1]))), draw(any_shape)


def dropout(draw: Draw) -> Drawn:
    return lc.Dropout(draw(st.sampled_from([0.0, 0.2, 0.5, 1]))), draw(any_shape)


def batch_norm(layer: type[lc.Layer], shapes: st.SearchStrategy[Any]) -> Callable[[Draw], Drawn]:
    def recipe(draw: Draw) -> Drawn:
        shape = draw(shapes)
        settings = {
            "eps": draw(st.sampled_from([1e-5, 1e-3])),
            "momentum": draw(st.sampled_from([0.1, None])),
            "affine": draw(st.booleans()),
            "track_running_stats": math.prod(shape[1:]) < 2 or draw(st.booleans()),  # one value has no spread
            "bias": draw(st.booleans()),
        }
        return layer(shape[0], **settings), shape

    return recipe


def layer_norm(draw: Draw) -> Drawn:
    shape = draw(any_shape)
    sizes = shape[-draw(small(1, len(shape))) :]
    layer = lc.LayerNorm(
        sizes[0] if len(sizes) == 1 and draw(st.booleans()) else sizes,
        elementwise_affine=draw(st.booleans()),
        bias=draw(st.booleans()),
    )
    return layer, shape


def rms_norm(draw: Draw) -> Drawn:
    shape = draw(any_shape)
    sizes = shape[-draw(small(1, len(shape))) :]
    eps = draw(st.sampled_from([None, 1e-5]))
    return lc.RMSNorm(sizes, eps, elementwise_affine=draw(st.booleans())), shape


def group_norm(draw: Draw) -> Drawn:
    groups, each = draw(small(1, 3)), draw(small(1, 3))
    rest = draw(st.sampled_from([(), (3,), (2, 3), (1, 2, 2)]))
    affine, bias = draw(st.booleans()), draw(st.booleans())
    return lc.GroupNorm(groups, groups * each, affine=affine, bias=bias), (groups * each, *rest)


def local_response_norm(draw: Draw) -> Drawn:
    layer = lc.LocalResponseNorm(draw(small(1, 6)), alpha=0.5, beta=0.75, k=draw(st.sampled_from([1.0, 2.0])))
    return layer, (draw(small(1, 7)), draw(small(1, 3)), draw(small(1, 3)))


def parallel(draw: Draw) -> Drawn:
    """Branches of one shape that are added, or of different channels that are concatenated."""
    shape = channels, *_ = (draw(small(1, 3)), draw(small(1, 4)), draw(small(1, 4)))
    conv = lc.Conv2d(channels, channels, 3, padding=1, bias=draw(st.booleans()))
    branches = {
        "main": lc.Sequential(conv, lc.BatchNorm2d(channels), lc.ReLU()),
        "shortcut": draw(st.sampled_from([lc.Identity(), lc.Dropout(0.5), conv])),
    }
    if draw(st.booleans()):
        return lc.Parallel(branches, join=draw(st.sampled_from(["add", "multiply"]))), shape
    wide = lc.Conv2d(channels, channels + 2, 1)
    axis = draw(st.sampled_from([None, "C"]))
    return lc.Parallel({**branches, "wide": wide}, join="concatenate", axis=axis), shape


def auxiliary(draw: Draw) -> Drawn:
    inner, shape = sequential(draw)
    return draw(st.sampled_from([lc.Auxiliary(inner), lc.Sequential(lc.Auxiliary(inner), inner)])), shape


def sequential(draw: Draw) -> Drawn:
    """A convolution, perhaps a pooling, and one Linear object that is called twice."""
    conv, shape = conv2d(draw)
    pool = draw(st.sampled_from([(), (lc.MaxPool2d(2, ceil_mode=True),), (lc.AvgPool2d(1, 2), lc.ReLU())]))
    front = lc.Sequential(conv, lc.ReLU(), lc.Sequential(*pool, lc.Flatten()))
    (features,) = front.output_shape(shape)
    square = lc.Linear(3, 3, bias=draw(st.booleans()))
    head = {"front": front, "fit": lc.Linear(int(features), 3), "first": square, "again": square}
    return lc.Sequential({**head, "softmax": lc.Softmax()}), shape


def joins(layer: type[lc.Layer]) -> Callable[[Draw], Drawn]:
    """Two values or three of one shape, some with axes of 1 that repeat, or with fewer axes."""

    def recipe(draw: Draw) -> Drawn:
        shape, several = draw(any_shape), draw(small(2, 3))
        shapes = [shape, *(_thinner(draw, shape) for _ in range(several - 1))]
        return layer(several), tuple(draw(st.permutations(shapes)))  # type: ignore[call-arg]

    return recipe


def _thinner(draw: Draw, shape: tuple[int, ...]) -> tuple[int, ...]:
    thin = tuple(draw(st.sampled_from([1, size])) for size in shape)
    return thin[draw(small(0, len(shape) - 1)) :]


def concatenate(draw: Draw) -> Drawn:
    shape, axis = draw(any_shape), draw(st.booleans())
    at = 0 if len(shape) > 2 else len(shape) - 1
    name = (("F",), ("T", "F"), ("C", "H", "W"), ("C", "D", "H", "W"))[len(shape) - 1][at]
    shapes = (shape, (*shape[:at], draw(small(1, 3)), *shape[at + 1 :]))
    return lc.Concatenate(2, name if axis else None), shapes


def _heads(draw: Draw) -> dict[str, Any]:
    """Heads of all kinds: grouped, of sizes of their own, with biases here and there."""
    heads = draw(st.sampled_from([1, 2, 4]))
    flag = st.none() | st.booleans()
    return {
        "embed_dim": heads * draw(st.sampled_from([1, 2])),
        "num_heads": heads,
        "num_kv_heads": draw(st.none() | st.sampled_from([g for g in (1, 2, 4) if heads % g == 0])),
        "head_dim": draw(st.none() | small(1, 4)),
        "v_head_dim": draw(st.none() | small(1, 3)),
        "bias": draw(st.booleans()),
        **{f"{of}_bias": draw(flag) for of in ("q", "k", "v", "out")},
    }


def attention(draw: Draw) -> Drawn:
    given, causal = _heads(draw), draw(st.booleans())
    size = given["head_dim"] or given["embed_dim"] // given["num_heads"]
    positions = draw(st.sampled_from([None, "alibi", "relative", *["rotary"] * 3]))
    if positions == "rotary" and size % 2:
        given["head_dim"] = size = size + 1
    layer = lc.Attention(
        **given,
        causal=causal,
        window=draw(st.none() | small(1, 4)) if causal else None,
        sinks=draw(st.booleans()),
        qk_norm=draw(st.sampled_from([None, "head", "all", "layer"])),
        positions=positions,
        rotary_dim=draw(st.none() | st.sampled_from([2, size])) if positions == "rotary" else None,
        buckets=draw(small(0, 3)) if positions == "relative" else 0,
    )
    return layer, (draw(small(1, 4)), layer.embed_dim)


def cross_attention(draw: Draw) -> Drawn:
    layer = lc.CrossAttention(**_heads(draw), kv_dim=draw(st.none() | small(1, 5)))
    width = layer.embed_dim if layer.kv_dim is None else layer.kv_dim
    return layer, ((draw(small(1, 3)), layer.embed_dim), (draw(small(1, 4)), width))


def latent_attention(draw: Draw) -> Drawn:
    sizes = [draw(small(1, 3)) for _ in range(5)]
    layer = lc.LatentAttention(
        *sizes[:4],
        qk_rope_head_dim=draw(st.sampled_from([0, 2, 4])),
        v_head_dim=sizes[4],
        q_lora_rank=draw(st.none() | small(1, 3)),
        bias=draw(st.booleans()),
        absorbed=draw(st.booleans()),
    )
    return layer, (draw(small(1, 4)), layer.embed_dim)


ACTIVATIONS = st.sampled_from(["GELU", "ReLU", "SiLU", "Tanh", "Sigmoid", "Identity"])


def feed_forward(draw: Draw) -> Drawn:
    flag = st.booleans()
    layer = lc.FeedForward(draw(small(1, 4)), draw(small(1, 5)), draw(flag), draw(flag), draw(ACTIVATIONS))
    return layer, (draw(small(1, 4)), layer.embed_dim)


def mixture_of_experts(draw: Draw) -> Drawn:
    experts, shared = draw(small(1, 4)), draw(st.sampled_from([0, 1, 3]))
    layer = lc.MixtureOfExperts(
        draw(small(1, 3)),
        draw(small(1, 3)),
        experts,
        draw(small(1, experts)),
        gated=draw(st.booleans()),
        shared_dim=shared,
        shared_gate=shared > 0 and draw(st.booleans()),
        bias=draw(st.booleans()),
        activation=draw(ACTIVATIONS),
        router=draw(st.sampled_from(["softmax", "chosen", "sigmoid"])),
    )
    return layer, (draw(small(1, 4)), layer.embed_dim)


def at_first(draw: Draw) -> Drawn:
    """An encoder of attention and a feed-forward, or one that looks back, with a head behind it."""
    attended, shape = attention(draw)
    encoder = lc.Sequential(attended, lc.FeedForward(shape[1], 2))
    return draw(st.sampled_from([lc.AtFirst(encoder), lc.Sequential(lc.AtFirst(encoder), lc.ReLU())])), shape


def matmul(draw: Draw) -> Drawn:
    n, k, m = draw(small(1, 3)), draw(small(1, 4)), draw(small(1, 3))
    transpose, stack = draw(st.booleans()), draw(st.sampled_from([(), (2,), (1,)]))
    other = draw(st.sampled_from([(), stack, (1,)])) if stack else ()
    if draw(small(0, 3)) == 0:  # a row of one value
        return lc.MatMul(transpose), ((k,), (*stack, *((m, k) if transpose else (k, m))))
    return lc.MatMul(transpose), ((*stack, n, k), (*other, *((m, k) if transpose else (k, m))))


OF_TWO = ("add", "subtract", "multiply", "divide", "compare", "maximum", "minimum")


def elementwise(draw: Draw) -> Drawn:
    """Of one value all that is defined for any number; of two, what is no layer of its own."""
    of_one = "exponential sine cosine absolute negate round sigmoid tanh relu"
    alone = draw(st.sampled_from([*of_one.split(), "error function", *OF_TWO, "power"]))
    if draw(st.booleans()):
        return lc.Elementwise(alone), draw(any_shape)
    _, shapes = joins(lc.Add)(draw)
    return lc.Elementwise(draw(st.sampled_from(OF_TWO)), 2), shapes[:2]


def learned_positions(draw: Draw) -> Drawn:
    positions, width = draw(small(1, 5)), draw(small(1, 4))
    layer = lc.LearnedPositions(positions, width, draw(small(0, 2)))
    return layer, (draw(small(1, positions)), width)


def sinusoidal_positions(draw: Draw) -> Drawn:
    positions, width = draw(small(1, 5)), draw(small(1, 5))
    return lc.SinusoidalPositions(positions, width, draw(st.booleans())), (draw(small(1, positions)), width)


def segments(draw: Draw) -> Drawn:
    width = draw(small(1, 4))
    return lc.Segments(draw(small(1, 3)), width), (draw(small(1, 4)), width)


def to_tokens(draw: Draw) -> Drawn:
    return lc.ToTokens(), draw(_signals | _images)


def each_cell(draw: Draw) -> Drawn:
    """A normalization of the channels, a map of them, or both."""
    channels, height, width = draw(_images)
    mapped = lc.Linear(channels, draw(small(1, 3)), bias=draw(st.booleans()))
    norm = lc.LayerNorm(channels)
    inside = draw(st.sampled_from([(norm,), (mapped,), (norm, mapped)]))
    return lc.EachCell(lc.Sequential(*inside)), (channels, height, width)


def patch_embedding(draw: Draw) -> Drawn:
    """Patches of one side or of two; images that they do not divide; with positions and without."""
    channels, patch = draw(small(1, 3)), draw(sizes(1, 3))
    image = tuple(side * draw(small(1, 2)) + draw(small(0, side - 1)) for side in pair(patch))
    layer = lc.PatchEmbedding(
        channels,
        patch,
        draw(small(1, 4)),
        draw(st.booleans()),
        draw(small(0, 2)),
        draw(st.none() | st.just(image)),
    )
    return layer, (channels, *image)


def patch_merging(draw: Draw) -> Drawn:
    channels = draw(small(1, 3))
    shape = (channels, draw(small(1, 5)), draw(small(1, 5)))
    return lc.PatchMerging(channels, draw(st.none() | small(1, 4))), shape


def window_attention(draw: Draw) -> Drawn:
    """Images of whole windows and of parts of them, smaller than a window, moved and not."""
    heads = draw(small(1, 2))
    layer = lc.WindowAttention(
        heads * draw(small(1, 2)),
        heads,
        draw(small(1, 3)),
        draw(st.booleans()),
        draw(st.booleans()),
        draw(st.none() | st.booleans()),
    )
    return layer, (layer.embed_dim, draw(small(1, 5)), draw(small(1, 5)))


def mamba_block(draw: Draw) -> Drawn:
    layer = lc.MambaBlock(
        draw(small(1, 3)),
        draw(small(1, 2)),
        draw(small(1, 3)),
        draw(small(1, 4)),
        draw(st.none() | small(1, 2)),
        draw(st.booleans()),
        draw(st.booleans()),
        draw(ACTIVATIONS),
    )
    return layer, (draw(small(1, 4)), layer.embed_dim)


_vectors = st.tuples(small(1, 5)) | st.tuples(small(1, 4), small(1, 4))
_signals = st.tuples(small(1, 4), small(2, 5))
_volumes = st.tuples(small(1, 2), small(1, 2), small(1, 3), small(2, 3))
_wide_images = st.tuples(small(1, 4), small(1, 3), small(2, 3))  # two values a channel or more
_images = st.tuples(small(1, 4), small(1, 3), small(1, 3))

RECIPES: dict[str, Callable[[Draw], Drawn]] = {
    **{f"AdaptiveAvgPool{n}d": adaptive(getattr(lc, f"AdaptiveAvgPool{n}d"), n) for n in (1, 2, 3)},
    **{f"AdaptiveMaxPool{n}d": adaptive(getattr(lc, f"AdaptiveMaxPool{n}d"), n) for n in (1, 2, 3)},
    "Add": joins(lc.Add),
    "AtFirst": at_first,
    "Attention": attention,
    "Auxiliary": auxiliary,
    "AvgPool1d": pool(lc.AvgPool1d, 1),
    "AvgPool2d": avg_pool2d,
    "AvgPool3d": pool(lc.AvgPool3d, 3),
    "BatchNorm1d": batch_norm(lc.BatchNorm1d, _vectors),
    "BatchNorm2d": batch_norm(lc.BatchNorm2d, _images),
    "BatchNorm3d": batch_norm(lc.BatchNorm3d, _volumes),
    "CELU": with_number(lc.CELU, "alpha", [1.0, 0.5, 2]),
    "Concatenate": concatenate,
    "ConnectedConv2d": connected_conv2d,
    "Conv1d": convolution(lc.Conv1d, 1),
    "Conv2d": conv2d,
    "Conv3d": convolution(lc.Conv3d, 3),
    **{f"ConvTranspose{n}d": conv_transpose(getattr(lc, f"ConvTranspose{n}d"), n) for n in (1, 2, 3)},
    "CrossAttention": cross_attention,
    "Dropout": dropout,
    "ELU": with_number(lc.ELU, "alpha", [1.0, 0.5, 0]),
    "EachCell": each_cell,
    "Elementwise": elementwise,
    "Embedding": embedding,
    "EuclideanRBF": euclidean_rbf,
    "FeedForward": feed_forward,
    "Flatten": of_any_shape(lc.Flatten),
    "GELU": gelu,
    "GLU": glu,
    "GRU": recurrent(lc.GRU, reset_after=st.booleans()),
    "GroupNorm": group_norm,
    "Hardsigmoid": of_any_shape(lc.Hardsigmoid),
    "Hardswish": of_any_shape(lc.Hardswish),
    "Hardtanh": hardtanh,
    "Identity": of_any_shape(lc.Identity),
    "InstanceNorm1d": batch_norm(lc.InstanceNorm1d, _signals),
    "InstanceNorm2d": batch_norm(lc.InstanceNorm2d, _wide_images),
    "InstanceNorm3d": batch_norm(lc.InstanceNorm3d, _volumes),
    "LSTM": recurrent(lc.LSTM, proj_size=small(0, 1)),
    "LatentAttention": latent_attention,
    "LayerNorm": layer_norm,
    "LeakyReLU": leaky_relu,
    "LearnedPositions": learned_positions,
    "Linear": linear,
    "LoRA": lora,
    "QuantizedLinear": quantized_linear,
    "LocalResponseNorm": local_response_norm,
    "LogSigmoid": of_any_shape(lc.LogSigmoid),
    "LogSoftmax": log_softmax,
    "MambaBlock": mamba_block,
    "MatMul": matmul,
    "MaxPool1d": pool(lc.MaxPool1d, 1),
    "MaxPool2d": max_pool2d,
    "MaxPool3d": pool(lc.MaxPool3d, 3),
    "Mish": of_any_shape(lc.Mish),
    "MixtureOfExperts": mixture_of_experts,
    "Multiply": joins(lc.Multiply),
    "PReLU": prelu,
    "Parallel": parallel,
    "PatchEmbedding": patch_embedding,
    "PatchMerging": patch_merging,
    "PixelShuffle": pixel_shuffle,
    "PixelUnshuffle": pixel_unshuffle,
    "RMSNorm": rms_norm,
    "RNN": recurrent(lc.RNN, nonlinearity=st.sampled_from(["tanh", "relu"])),
    "ReLU": of_any_shape(lc.ReLU),
    "ReLU6": of_any_shape(lc.ReLU6),
    "Reduce": reduce_axes,
    "SELU": of_any_shape(lc.SELU),
    "ScaledTanh": of_any_shape(lc.ScaledTanh),
    "Segments": segments,
    "Sequential": sequential,
    "SiLU": of_any_shape(lc.SiLU),
    "Sigmoid": of_any_shape(lc.Sigmoid),
    "SinusoidalPositions": sinusoidal_positions,
    "Softmax": softmax,
    "Softplus": softplus,
    "Softsign": of_any_shape(lc.Softsign),
    "Subsampling2d": subsampling2d,
    "Tanh": of_any_shape(lc.Tanh),
    "ToTokens": to_tokens,
    "Upsample": upsample,
    "WindowAttention": window_attention,
    "ZeroPad2d": zero_pad2d,
    "ZeroPaddedShortcut": zero_padded_shortcut,
}


def layer_and_shape(name: str) -> st.SearchStrategy[Drawn]:
    """A random layer of that name, with an input shape that fits it."""
    if name not in RECIPES:
        raise LookupError(f"{name} is registered but has no recipe in tests/layercost/drawing.py")
    return st.composite(RECIPES[name])()
