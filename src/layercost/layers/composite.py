"""Layers made of layers, and layers that only reshape: a network is a tree of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NoReturn

from layercost.expression import Number
from layercost.facts import Facts
from layercost.layer import Call, Layer, LayerError, register
from layercost.misconception import PRICED, STORED, belief
from layercost.shape import Features, Shape, ShapeError, shape_of, shown, values, whole


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

    >>> Sequential(Flatten(), Flatten()).output_shape((3, 2, 2))
    (12,)
    """

    children: tuple[tuple[str, Layer], ...]

    is_leaf = False

    def __init__(self, *layers: Layer | dict[str, Layer]) -> None:
        first = layers[0] if len(layers) == 1 else None
        pairs: Iterable[tuple[object, object]] = enumerate(layers)
        if isinstance(first, dict):
            pairs = first.items()
        object.__setattr__(self, "children", tuple(_child(name, layer) for name, layer in pairs))

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
        prefix = f"{path}." if path else ""
        for name, layer in self.children:
            try:
                for call in layer.calls(shape, prefix + name):
                    yield call
                    shape = call.output_shape
            except ShapeError as error:
                raise error.within(name) from None

    def leaves(self, path: str = "") -> Iterator[tuple[str, Layer]]:
        for name, layer in self.children:
            yield from layer.leaves(f"{path}.{name}" if path else name)

    def rebuilt(self, change: Callable[[Layer, Shape | None], Layer], input_shape: Shape | None) -> Layer:
        shape, layers = input_shape, {}
        for name, layer in self.children:
            layers[name] = layer.rebuilt(change, shape)
            try:
                shape = None if shape is None else layers[name].output_shape(shape)
            except ShapeError as error:
                raise error.within(name) from None
        return Sequential(layers)

    def facts(self, input_shape: Iterable[object], batch: int = 1, training: bool = False) -> Facts:
        plain = whole("facts", "batch", batch)
        each = [(call.layer, call.facts(plain, training)) for call in self.calls(input_shape)]
        once = {id(layer): facts for layer, facts in each}.values()
        return Facts(
            tuple(held for facts in once for held in facts.parameters),
            tuple(held for facts in once for held in facts.buffers),
            tuple(operation for _, facts in each for operation in facts.operations),
            sum(int(facts.written) for _, facts in each),
        )

    def symbolic(self, input_shape: Iterable[object]) -> NoReturn:
        """Refused: a network has no formula of its own; its layers have."""
        raise LayerError(
            f"{type(self).__name__} has no formula of its own, its layers have: "
            "derive them one by one, as call.layer.derive(call.input_shape) for each call of .calls(shape)"
        )

    def _arguments(self) -> Iterator[str]:
        numbered = all(name == str(position) for position, (name, _) in enumerate(self.children))
        layers = [repr(layer) if numbered else f"{name!r}: {layer!r}" for name, layer in self.children]
        yield ", ".join(layers) if numbered else f"{{{', '.join(layers)}}}"


def _child(name: object, layer: object) -> tuple[str, Layer]:
    """A child under its name; raises LayerError for what cannot be one."""
    if not isinstance(layer, Layer):
        raise LayerError(f"Sequential: expected a layer at {name!r}, but got {shown(layer)}")
    written = str(name)
    if not written or "." in written:
        raise LayerError(f"Sequential: a name must not be empty or hold a dot, but got {name!r}")
    return written, layer


# ---- What people believe instead ---------------------------------------------------------------


@belief(
    "flattened-one-map",
    "You flattened a single map: the values of all channels stand in the row.",
    Flatten, STORED | PRICED,
)  # fmt: skip
class _FlattenedOneMap(Flatten):
    def transform(self, shape: Shape) -> Shape:
        return Features((values(shape) // shape[0],)) if len(shape) > 2 else super().transform(shape)


@belief(
    "flattened-one-side",
    "You flattened one side of the map: height and width are both multiplied with the channels.",
    Flatten, STORED | PRICED,
)  # fmt: skip
class _FlattenedOneSide(Flatten):
    def transform(self, shape: Shape) -> Shape:
        return Features((values(shape) // shape[-1],)) if len(shape) > 2 else super().transform(shape)
