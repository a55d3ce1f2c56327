"""Parameters and multiply-accumulates by type: all queries of a model together, all norms, all experts.

The types are named as the parts of attention and feed-forward are: ``attention.q``, ``mlp.up``, ``experts``,
``norm``; what stands outside of blocks has the name of its place: ``embedding.token``, ``head``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Unpack

from layercost.convention import MACS_ONLY
from layercost.counting import kind_of
from layercost.facts import Held, Operation
from layercost.layer import Call, Layer
from layercost.layers.parted import Parted
from layercost.setting import Given, setting_of
from layercost.shape import several

NORM = "norm"
_PLACES = (
    "embedding.token", "embedding.position", "embedding.segment", "embedding.class", "embedding.patch",
    "embedding.projection", "head", "head.transform", "pooler", "patch_merging", "projection", "conv",
    "logit_scale", "similarity",
)  # fmt: skip
_OTHER_NAMES = {"embedding_projection_out": "embedding.projection"}


def parameters_by_type(layer: Layer) -> dict[str, int]:
    """The trained values of a model by type, each once; together they are all of its parameters.

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
    return _sorted(total)


def macs_by_type(
    layer: Layer, shapes: Iterable[object], **setting: Unpack[Given]
) -> dict[str, int]:
    """The multiply-accumulates of a model on an input by type, for the whole batch.

    Products without a weight are types of their own: ``attention.scores`` and ``attention.context``.
    """
    plain = setting_of(setting)
    total: dict[str, int] = defaultdict(int)
    for call in layer.calls(*several(shapes)):
        if call.runs(plain):
            for name, operations in _done(call, plain):
                total[name] += int(MACS_ONLY.total(operations))
    return _sorted(total)
