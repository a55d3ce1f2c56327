"""Layers made of layers, one after the other or side by side: a network is a tree of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from typing import NoReturn, TypeAlias

from layercost.expression import Number, times
from layercost.facts import Facts, Kind, Operation, Role
from layercost.frozen import frozen
from layercost.layer import Call, Layer, LayerError, keep, register
from layercost.shape import Shape, ShapeError, shape_of, shown, values, whole


@frozen
class _Composite(Layer):
    """What layers made of layers share: they count what these do and have no formula of their own."""

    is_leaf = False

    def output_shape(self, input_shape: Iterable[object]) -> Shape:
        return self.follow(input_shape, "", [])

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


@frozen(init=False)
class _Named(_Composite):
    """Layers under names: those of one dictionary, or numbers."""

    children: tuple[tuple[str, Layer], ...]

    def __init__(self, *layers: Layer | dict[str, Layer]) -> None:
        first = layers[0] if len(layers) == 1 else None
        pairs: Iterable[tuple[object, object]] = enumerate(layers)
        if isinstance(first, dict):
            pairs = first.items()
        keep(self, children=tuple(self._child(name, layer) for name, layer in pairs))

    def _child(self, name: object, layer: object) -> tuple[str, Layer]:
        """A child under its name; raises LayerError for what cannot be one."""
        if not isinstance(layer, Layer):
            raise LayerError(f"{type(self).__name__}: expected a layer at {name!r}, but got {shown(layer)}")
        written = str(name)
        if not written or "." in written:
            raise LayerError(
                f"{type(self).__name__}: a name must not be empty or hold a dot, but got {name!r}"
            )
        return written, layer

    def leaves(self, path: str = "") -> Iterator[tuple[str, Layer]]:
        for name, layer in self.children:
            yield from layer.leaves(f"{path}.{name}" if path else name)

    def _arguments(self) -> Iterator[str]:
        numbered = all(name == str(position) for position, (name, _) in enumerate(self.children))
        layers = [repr(layer) if numbered else f"{name!r}: {layer!r}" for name, layer in self.children]
        if layers or numbered:
            yield ", ".join(layers) if numbered else f"{{{', '.join(layers)}}}"


@register
@frozen(init=False)
class Sequential(_Named):
    """Layers one after the other; shapes in and out are those of the first and the last.

    Takes layers, or one dictionary of named layers. The same layer object in two places is one layer called
    twice: its parameters count once, its operations each time. As torch.nn.Sequential.

    >>> from layercost import Flatten
    >>> Sequential(Flatten(), Flatten()).output_shape((3, 2, 2))
    (12,)
    """

    def follow(self, input_shape: Iterable[object], path: str, calls: list[Call]) -> Shape:
        shape = shape_of(input_shape, "Sequential")
        prefix = f"{path}." if path else ""
        for name, layer in self.children:
            try:
                shape = layer.follow(shape, prefix + name, calls)
            except ShapeError as error:
                raise error.within(name) from None
        return shape

    def rebuilt(self, change: Callable[[Layer, Shape | None], Layer], input_shape: Shape | None) -> Layer:
        shape, layers = input_shape, {}
        for name, layer in self.children:
            layers[name] = layer.rebuilt(change, shape)
            try:
                shape = None if shape is None else layers[name].output_shape(shape)
            except ShapeError as error:
                raise error.within(name) from None
        return Sequential(layers)


Outputs: TypeAlias = dict[str, Shape]  # what each branch gave


@frozen
class Add(Layer):
    """The end of ``Parallel(..., join="add")``: a sum of branches, ``branches - 1`` additions an element."""

    branches: int

    def joined(self, outputs: Outputs) -> Shape:
        """The shape of the sum; raises ShapeError where the branches differ."""
        first, *others = outputs.values()
        if any(other != first for other in others):
            raise ShapeError(f"branches that are added must give one shape, but {_gave(outputs)}")
        return first

    def operations(self, shape: Shape, output: Shape, batch: Number, training: bool) -> tuple[Operation, ...]:
        amount = times(self.branches - 1, times(batch, values(output)))
        return (Operation(Kind.ADD, Role.ELEMENTWISE, amount),) if self.branches > 1 else ()


@frozen
class Concatenate(Layer):
    """The end of ``Parallel(..., join="concatenate")``: branches written one after the other along `axis`.

    It copies and computes nothing. Without `axis`: along the channels C, else along the features F.
    """

    branches: int
    axis: str | None = None

    def joined(self, outputs: Outputs) -> Shape:
        """The shape of all branches together; raises ShapeError where they differ along another axis."""
        first, *others = outputs.values()
        axis = self.axis or ("C" if "C" in first.axes else first.axes[-1])
        if axis not in first.axes:
            raise ShapeError(f"cannot concatenate along {axis}: the axes are ({', '.join(first.axes)})")
        at = first.axes.index(axis)
        if any(_without(at, other) != _without(at, first) for other in others):
            raise ShapeError(
                f"branches that are concatenated along {axis} must agree along the others, "
                f"but {_gave(outputs)}"
            )
        length = sum(int(output[at]) for output in outputs.values())
        return type(first)((*first[:at], length, *first[at + 1 :]))


def _without(at: int, shape: Shape) -> tuple[Number, ...]:
    """The sizes along the other axes."""
    return (*shape[:at], *shape[at + 1 :])


def _gave(outputs: Outputs) -> str:
    return " and ".join(f"{name} gave {output}" for name, output in outputs.items())


JOINS = ("add", "concatenate")


@register
@frozen(init=False)
class Parallel(_Named):
    """Any shape to that of its branches together: they read one input, and are added or concatenated.

    Takes layers, or one dictionary of named layers. `join` is "add" (outputs of one shape, added) or
    "concatenate" (along `axis`: the channels C, or the features F where there are none, unless told).
    The join is a call of its own: ``block.add`` costs ``branches - 1`` additions an element,
    ``block.concatenate`` computes nothing and writes its output. Source: document 004, GoogLeNet and ResNet.

    >>> from layercost import Identity
    >>> Parallel(Identity(), Identity(), join="concatenate").output_shape((3, 8, 8))
    (6, 8, 8)
    """

    join: str
    axis: str | None
    end: Add | Concatenate = field(compare=False)

    def __init__(self, *layers: Layer | dict[str, Layer], join: str, axis: str | None = None) -> None:
        super().__init__(*layers)
        if join not in JOINS:
            raise LayerError(f"Parallel: join must be 'add' or 'concatenate', but got {shown(join)}")
        if axis is not None and (join == "add" or not isinstance(axis, str)):
            raise LayerError(
                f"Parallel: axis names what is concatenated along, as axis='C', but got axis={shown(axis)} "
                f"with join={join!r}"
            )
        if not self.children or join in dict(self.children):
            raise LayerError(
                f"Parallel: expected one branch or more, and none of the name {join!r}, which is the join's"
            )
        branches = len(self.children)
        end = Add(branches) if join == "add" else Concatenate(branches, axis)
        keep(self, join=join, axis=axis, end=end)

    def follow(self, input_shape: Iterable[object], path: str, calls: list[Call]) -> Shape:
        shape = shape_of(input_shape, "Parallel")
        prefix = f"{path}." if path else ""
        outputs = {}
        for name, layer in self.children:
            try:
                outputs[name] = layer.follow(shape, prefix + name, calls)
            except ShapeError as error:
                raise error.within(name) from None
        joined = self.end.joined(outputs)
        calls.append(Call(prefix + self.join, self.end, joined, joined))
        return joined

    def leaves(self, path: str = "") -> Iterator[tuple[str, Layer]]:
        yield from super().leaves(path)
        yield (f"{path}.{self.join}" if path else self.join), self.end

    def rebuilt(self, change: Callable[[Layer, Shape | None], Layer], input_shape: Shape | None) -> Layer:
        layers = {name: layer.rebuilt(change, input_shape) for name, layer in self.children}
        return Parallel(layers, join=self.join, axis=self.axis)

    def _arguments(self) -> Iterator[str]:
        yield from super()._arguments()
        yield f"join={self.join!r}"
        if self.axis is not None:
            yield f"axis={self.axis!r}"


@register
@frozen
class Auxiliary(_Composite):
    """Any shape to the same shape, past a head on the side that runs in training only.

    At inference the head's parameters are held and nothing of it is run; tables mark its rows.
    Source: Szegedy et al. 2014, section 5: GoogLeNet's two auxiliary classifiers.
    """

    layer: Layer

    def __post_init__(self) -> None:
        if not isinstance(self.layer, Layer):
            raise LayerError(f"Auxiliary: layer must be a layer, but got {shown(self.layer)}")

    def follow(self, input_shape: Iterable[object], path: str, calls: list[Call]) -> Shape:
        shape, found = shape_of(input_shape, "Auxiliary"), list[Call]()
        self.layer.follow(shape, path, found)
        calls.extend(call._replace(only_in_training=True) for call in found)
        return shape

    def leaves(self, path: str = "") -> Iterator[tuple[str, Layer]]:
        yield from self.layer.leaves(path)

    def rebuilt(self, change: Callable[[Layer, Shape | None], Layer], input_shape: Shape | None) -> Layer:
        return Auxiliary(self.layer.rebuilt(change, input_shape))
