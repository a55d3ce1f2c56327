"""A layer on the values of a file, where these stand in another arrangement than the layer's own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import prod

from layercost.expression import Number, times
from layercost.facts import Held, Operation
from layercost.frozen import frozen
from layercost.layer import Layer, Shapes
from layercost.models.leaves import Applied, Seen, Sizes
from layercost.setting import Setting
from layercost.shape import Shape, checked_sizes, seen_shape


@frozen
class Folded(Seen):
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


@frozen
class Joined(Applied):
    """A layer of several values that holds `held` and `stored`, as the scales of a quantised product.

    The first `works_on` values are those that the layer reads.
    """

    works_on: int = 2

    def _taken(self, input_shapes: tuple[Iterable[object], ...]) -> Shapes:
        shapes, _ = self.layer.fitted(*input_shapes[: self.works_on])
        beside = (seen_shape(checked_sizes(sizes), "from_onnx") for sizes in input_shapes[self.works_on :])  # type: ignore[arg-type]
        return (*shapes, *beside)

    def transform(self, *shapes: Shape) -> Shape:
        return self.layer.transform(*shapes[: self.works_on])

    def operations(self, *shapes: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return self.layer.operations(*shapes[: self.works_on], output=output, setting=setting)


def folded(
    what: str, layer: Layer, taken: tuple[Sizes, ...], given: Sizes, inner: tuple[Sizes, ...], times: int
) -> Folded | None:
    """The layer on shapes `inner`, where these give as many values as `given` has; else None."""
    output = layer.output_shape(*(seen_shape(sizes, what) for sizes in inner))
    fits = times * prod(map(int, output)) == prod(given)
    return Folded(what, taken, given, layer, inner, times) if fits else None
