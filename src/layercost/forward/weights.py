"""The arrays that layers keep: their names and shapes, where they come from, and who computes with them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import prod, sqrt
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from layercost.convention import unknown
from layercost.layer import Layer
from layercost.message import Message

Array: TypeAlias = NDArray[Any]
Sizes: TypeAlias = tuple[int, ...]
Shapes: TypeAlias = Callable[[Any], Mapping[str, Sizes]]  # of a layer: the shape of each array that it keeps


class WeightError(ValueError):
    """An array that a layer needs is missing, or has another shape than the layer's."""


@dataclass(frozen=True)
class Call:
    """What one call of a layer may use: its arrays by name, and whether it trains."""

    arrays: Mapping[str, Array]
    training: bool
    random: np.random.Generator

    def __getitem__(self, name: str) -> Array:
        return self.arrays[name]

    def __contains__(self, name: str) -> bool:
        return name in self.arrays

    def dropped(self, values: Array, p: float) -> Array:
        """`values`, in training with each set to 0 at chance `p` and the others scaled up."""
        if not self.training or p == 0:
            return values
        kept = self.random.random(values.shape) >= p
        return values * kept / (1 - p) if p < 1 else values * 0


# (layer, values with the batch first, or of a join a tuple of them, its call)
Compute: TypeAlias = Callable[[Any, Any, Call], Array]


class Computed(NamedTuple):
    """How a layer is computed, and the arrays that it keeps."""

    compute: Compute
    shapes: Shapes


COMPUTED: dict[str, Computed] = {}


def _nothing(_: Any) -> Mapping[str, Sizes]:
    return {}


def computes(*names: str, keeps: Shapes = _nothing) -> Callable[[Compute], Compute]:
    """Make a function known as what layers of these names compute, with the shapes of what they keep."""

    def known(compute: Compute) -> Compute:
        COMPUTED.update(dict.fromkeys(names, Computed(compute, keeps)))
        return compute

    return known


def computed(layer: Layer) -> Computed:
    """How `layer` is computed, found by the name of its class; raises TypeError where nobody computes it."""
    for kind in type(layer).__mro__:
        if kind.__name__ in COMPUTED:
            return COMPUTED[kind.__name__]
    raise TypeError(
        f"expected a layer that can be computed ({', '.join(sorted(COMPUTED))}), but got {layer!r}"
    )


def named(path: str, name: str) -> str:
    """The name of an array of the layer at `path`, as in a state_dict."""
    return f"{path}.{name}" if path else name


def leaves_that_keep(layer: Layer) -> Iterator[tuple[str, Layer]]:
    """Every leaf that keeps anything, with its path."""
    for path, leaf in layer.leaves():
        if leaf.parameters() or leaf.buffers():
            yield path, leaf


def draw_weights(layer: Layer, seed: int = 0) -> dict[str, Array]:
    """Arrays for all that `layer` keeps, by name, in float64: the same for the same seed, on every machine.

    Weights spread by one over the root of the inputs that they are summed over, as PyTorch's do; variances
    and scales of normalizations are around 1. A layer in two places has its arrays under both names.
    """
    found: dict[int, dict[str, Array]] = {}
    drawn: dict[str, Array] = {}
    for path, leaf in leaves_that_keep(layer):
        if id(leaf) not in found:
            shapes = computed(leaf).shapes(leaf)
            found[id(leaf)] = {name: _drawn(named(path, name), size, seed) for name, size in shapes.items()}
        drawn.update({named(path, name): array for name, array in found[id(leaf)].items()})
    return drawn


def _drawn(name: str, size: Sizes, seed: int) -> Array:
    """Uniform numbers; the name takes part, so that a network's arrays do not depend on their order."""
    random = np.random.default_rng([seed, zlib.crc32(name.encode())]).random(size)
    if name.endswith("running_var") or (name.endswith("weight") and len(size) == 1):
        return random + 0.5
    fan_in = prod(size[1:]) if len(size) > 1 else 1
    return (2 * random - 1) / sqrt(fan_in)


def arrays_of(leaf: Layer, paths: tuple[str, ...], weights: Mapping[str, Array]) -> dict[str, Array]:
    """What `leaf` keeps, out of `weights`, under the first of its paths that is there.

    Raises WeightError where an array is missing or has another shape.
    """
    found = {}
    for name, size in computed(leaf).shapes(leaf).items():
        candidates = [named(path, name) for path in paths]
        key = next((candidate for candidate in candidates if candidate in weights), None)
        if key is None:
            near = unknown(Message("array"), candidates[0], weights) if weights else "no arrays were passed"
            raise WeightError(f"{leaf!r} needs {candidates[0]!r} of shape {size}; {near}")
        found[name] = _fitting(leaf, key, size, weights[key])
    return found


def _fitting(leaf: Layer, key: str, size: Sizes, given: Array) -> Array:
    array = np.asarray(given)
    if array.shape != size:
        raise WeightError(f"{leaf!r} expects {key!r} of shape {size}, but got shape {array.shape}")
    return array
