"""A layer on the values of a file, where these stand in another arrangement than the layer's own."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from layercost.expression import Number, times
from layercost.facts import Held, Operation
from layercost.frozen import frozen
from layercost.layer import Layer
from layercost.models.leaves import Sizes, _Seen
from layercost.setting import Setting
from layercost.shape import Shape, seen_shape


@frozen
class Folded(_Seen):
    """Values of shapes `taken` to `given`: `layer` runs `times` times a sample, on shapes `inner`.

    So a convolution runs on each of the windows that stand in one axis with the batch.
    """

    layer: Layer
    inner: tuple[Sizes, ...]
    times: int = 1

    def parameters(self) -> tuple[Held, ...]:
        return self.layer.parameters()

    def buffers(self) -> tuple[Held, ...]:
        return self.layer.buffers()

    def operations(self, *shapes: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        inner, given = self._inside()
        return self.layer.operations(*inner, output=given, setting=self._each(setting))

    def written(self, output: Shape, setting: Setting) -> Number:
        return self.layer.written(self._inside()[1], self._each(setting))

    def _inside(self) -> tuple[tuple[Shape, ...], Shape]:
        return self.layer.fitted(*(seen_shape(sizes, self.what) for sizes in self.inner))

    def _each(self, setting: Setting) -> Setting:
        return replace(setting, batch=times(setting.batch, self.times))

    def __repr__(self) -> str:
        return repr(self.layer) if self.times == 1 else f"{self.times} × {self.layer!r}"


def folded(
    what: str, layer: Layer, taken: tuple[Sizes, ...], given: Sizes, inner: tuple[Sizes, ...], times: int
) -> Folded | None:
    """The layer on shapes `inner`, where these give as many values as `given` has; else None."""
    output = layer.output_shape(*(seen_shape(sizes, what) for sizes in inner))
    fits = times * prod(map(int, output)) == prod(given)
    return Folded(what, taken, given, layer, inner, times) if fits else None
