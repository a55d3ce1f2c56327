"""Layers made of layers, and layers that only reshape: a network is a tree of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from layercost.expression import Number
from layercost.facts import Facts
from layercost.layer import Call, Layer, LayerError, register
from layercost.shape import Features, Shape, ShapeError, shape_of, values


@register
@dataclass(frozen=True, repr=False)
class Flatten(Layer):
    """Any shape to ``(F,)``: the same values in one row. A view: it writes nothing. As torch.nn.Flatten."""

    def transform(self, shape: Shape) -> Shape:
        return Features((values(shape),))

    def written(self, output: Shape, batch: Number) -> Number:
        return 0


@register
@dataclass(frozen=True, repr=False, init=False)
class Sequential(Layer):
    """Layers one after the other; shapes in and out are those of the first and the last.

    Takes layers, or one dictionary of named layers. The same layer object in two places is one layer called
    twice: its parameters count once, its operations each time. As torch.nn.Sequential.
    """

    children: tuple[tuple[str, Layer], ...]

    def __init__(self, *layers: Layer | dict[str, Layer]) -> None:
        if len(layers) == 1 and isinstance(layers[0], dict):
            children = tuple(layers[0].items())
        else:
            children = tuple((str(position), layer) for position, layer in enumerate(layers))  # type: ignore[misc]
        for name, layer in children:
            if not isinstance(layer, Layer):
                raise LayerError(f"Sequential: expected a layer at {name!r}, but got {layer!r}")
            if not name or "." in name:
                raise LayerError(f"Sequential: a name must not be empty or hold a dot, but got {name!r}")
        object.__setattr__(self, "children", children)

    def output_shape(self, input_shape: Iterable[object]) -> Shape:
        shape = shape_of(input_shape, "Sequential")
        for name, layer in self.children:
            try:
                shape = layer.output_shape(shape)
            except ShapeError as error:
                raise error.within(name) from None
        return shape

    def calls(self, input_shape: Iterable[object], path: str = "") -> Iterator[Call]:
        shape = shape_of(input_shape, "Sequential")
        for name, layer in self.children:
            try:
                for call in layer.calls(shape, f"{path}.{name}" if path else name):
                    yield call
                    shape = call.output_shape
            except ShapeError as error:
                raise error.within(name) from None

    def leaves(self, path: str = "") -> Iterator[tuple[str, Layer]]:
        for name, layer in self.children:
            yield from layer.leaves(f"{path}.{name}" if path else name)

    def facts(self, input_shape: Iterable[object], batch: int = 1, training: bool = False) -> Facts:
        calls = tuple(self.calls(input_shape))
        each = [call.facts(batch, training) for call in calls]
        once = {id(call.layer): facts for call, facts in zip(calls, each, strict=True)}.values()
        return Facts(
            tuple(held for facts in once for held in facts.parameters),
            tuple(held for facts in once for held in facts.buffers),
            tuple(operation for facts in each for operation in facts.operations),
            sum(int(facts.written) for facts in each),
        )

    def _arguments(self) -> Iterator[str]:
        numbered = all(name == str(position) for position, (name, _) in enumerate(self.children))
        layers = [repr(layer) if numbered else f"{name!r}: {layer!r}" for name, layer in self.children]
        yield ", ".join(layers) if numbered else f"{{{', '.join(layers)}}}"
