"""Parameters and multiply-accumulates by type: all queries of a model together, all norms, all experts.

The types are named as the parts of attention and feed-forward are: ``attention.q``, ``mlp.up``, ``experts``,
``norm``; what stands outside of blocks has the name of its place: ``embedding.token``, ``head``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Unpack

from layercost.convention import MACS_ONLY
from layercost.facts import Held
from layercost.layer import Call, Layer, Shapes
from layercost.layers.normalization import (
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    GroupNorm,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
    LayerNorm,
    RMSNorm,
)
from layercost.layers.parted import Parted
from layercost.setting import Given, Setting, setting_of
from layercost.shape import Shape, several

NORM = "norm"
PLACES = (
    "embedding.token", "embedding.position", "embedding.segment", "embedding.class", "embedding.patch",
    "embedding.projection", "head", "head.transform", "pooler", "patch_merging", "projection", "conv",
    "logit_scale", "similarity",
)  # fmt: skip
OTHER_NAMES = {
    "head_transform": "head.transform",
    "projection_out": "embedding.projection",
}  # one type in two places
_NORMS = (
    BatchNorm1d, BatchNorm2d, BatchNorm3d, GroupNorm, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d,
    LayerNorm, RMSNorm,
)  # fmt: skip


def parameters_by_type(layer: Layer) -> dict[str, int]:
    """The parameters of a model by type, each value once.

    >>> from layercost import FeedForward
    >>> parameters_by_type(FeedForward(4, 16, bias=False))
    {'mlp.down': 64, 'mlp.up': 64}
    """
    total: dict[str, int] = defaultdict(int)
    seen = set[int]()
    for path, leaf in layer.leaves():
        if id(leaf) not in seen:
            seen.add(id(leaf))
            for name, held in _held(path, leaf):
                total[name] += sum([int(one.size) for one in held])
    return _found(total)


def trained_parameters(layer: Layer) -> int:
    """The values of a model that training changes: its parameters without those that are stored and frozen.

    >>> from layercost import SinusoidalPositions
    >>> trained_parameters(SinusoidalPositions(1500, 384))
    0
    """
    once = {id(leaf): leaf for _, leaf in layer.leaves()}.values()
    return sum(int(held.size) for leaf in once for held in leaf.parameters() if held.trained)


def macs_by_type(layer: Layer, *input_shapes: Iterable[object], **setting: Unpack[Given]) -> dict[str, int]:
    """The multiply-accumulates of a model on an input by type, for the whole batch.

    Products of two values that are no weights are types too: ``attention.scores`` and ``attention.context``.
    """
    shapes = several(input_shapes[0]) if len(input_shapes) == 1 else input_shapes
    return macs_of_calls(layer.calls(*shapes), setting_of(setting))


def macs_of_calls(calls: Iterable[Call], setting: Setting) -> dict[str, int]:
    """The same of calls that have been followed already."""
    total: dict[str, int] = defaultdict(int)
    for call in calls:
        for name, macs in _macs(call, setting):
            total[name] += macs
    return _found(total)


def _found(total: Mapping[str, int]) -> dict[str, int]:
    """The types that there are, by name."""
    return {name: total[name] for name in sorted(total) if total[name]}


def _held(path: str, leaf: Layer) -> Iterator[tuple[str, tuple[Held, ...]]]:
    """What a layer holds, by type."""
    if isinstance(leaf, Parted):
        for part, held in leaf.holds().items():
            yield _of_part(leaf.kind, part), held
    else:
        yield type_of(path, leaf), leaf.parameters()


def _macs(call: Call, setting: Setting) -> Iterable[tuple[str, int]]:
    """What a call multiplies and adds, by type; nothing where it does not run."""
    layer = call.layer
    if not isinstance(layer, Parted):
        return [(type_of(call.path, layer), int(MACS_ONLY.total(call.work(setting)[0])))]
    if not call.runs(setting):
        return []
    return _macs_of_parts(layer, call.inputs, call.output_shape, setting.alone if call.once else setting)


@lru_cache(1024)  # a model has dozens of blocks of one size
def _macs_of_parts(
    layer: Parted, inputs: Shapes, output: Shape, setting: Setting
) -> tuple[tuple[str, int], ...]:
    done = layer.does(*inputs, output=output, setting=setting)
    return tuple([(_of_part(layer.kind, part), int(MACS_ONLY.total(each))) for part, each in done.items()])


def _of_part(kind: str, part: str) -> str:
    if part == NORM or not kind:
        return part
    return f"{kind}.{part}"


def type_of(path: str, layer: Layer) -> str:
    """The type of a layer without parts: a norm, one of `PLACES` by its path, or else its kind of layer."""
    works = layer.at_work
    if isinstance(works, _NORMS):
        return NORM
    return _place(path) or type(works).__name__


@cache
def _place(path: str) -> str | None:
    """The longest end of a path that is the name of a place."""
    names = path.split(".")
    for start in range(len(names)):
        end = ".".join(names[start:])
        if end in PLACES:
            return end
        if end in OTHER_NAMES:
            return OTHER_NAMES[end]
    return None
