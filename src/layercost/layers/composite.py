"""Layers made of layers, one after the other or side by side: a network is a tree of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from typing import NoReturn, Unpack, cast

from layercost.facts import Facts
from layercost.frozen import frozen
from layercost.layer import Call, Layer, LayerError, keep, register
from layercost.layers.joins import Add, Concatenate, Join, Multiply
from layercost.message import Message, both
from layercost.misconception import uncounted
from layercost.setting import Given, setting_of
from layercost.shape import Shape, ShapeError, shape_of, shown

UNNAMED = "~"  # a child whose name begins with it has no name of its own in paths: a graph inside of a model


def inside(path: str, name: str) -> str:
    """The path of what is called `name` at `path`."""
    if name.startswith(UNNAMED):
        return path
    return f"{path}.{name}" if path else name


DEEPEST = 100  # models have ten; each takes a few frames of Python's stack, which ends at 1,000


@frozen
class Composite(Layer):
    """What layers made of layers share: they count what these do and have no formula of their own."""

    is_leaf = False

    def keep_depth(self, layers: Iterable[Layer]) -> None:
        """Note how deep these layers, which stand inside, are nested; raises LayerError for too deep."""
        depth = 1 + max((layer.depth for layer in layers), default=0)
        if depth > DEEPEST:
            raise LayerError(
                Message(
                    "{layer}: layers may be nested {most} deep, one inside the other, but got one "
                    "more; put those that follow each other into one Sequential",
                    layer=type(self).__name__,
                    most=DEEPEST,
                )
            )
        keep(self, depth=depth)

    def output_shape(self, *input_shapes: Iterable[object]) -> Shape:
        return self.follow(input_shapes, "", [])

    def facts(self, *input_shapes: Iterable[object], **setting: Unpack[Given]) -> Facts:
        plain = setting_of(setting)
        each = [(call.layer, call.facts(plain)) for call in self.calls(*input_shapes)]
        once = {id(layer): facts for layer, facts in each}.values()
        return Facts(
            tuple(held for facts in once for held in facts.parameters),
            tuple(held for facts in once for held in facts.buffers),
            tuple(operation for _, facts in each for operation in facts.operations),
            sum(int(facts.written) for _, facts in each),
            tuple(kept for _, facts in each for kept in facts.kept),
        )

    def only(self, part: str, *input_shapes: Iterable[object]) -> Layer | None:
        """Some of what stands inside, alone: layers by their paths and parts of theirs, joined by +.

        As ``attention.scores+attention.context`` or ``attention.q+feed``; all else is left out of counts.
        None for the path of one layer, which is no part but that layer, and where nothing has such a name.
        """
        if "+" not in part and any(f"{path}.".startswith(f"{part}.") for path, _ in self.leaves()):
            return None
        calls = {call.path: call for call in self.calls(*input_shapes)}
        wanted = part.split("+")
        kept = {id(call.layer): call.layer for name in wanted for call in _within(calls, name)}
        some = _parts_of([name for name in wanted if not _within(calls, name)], calls)
        if some is None:
            return None
        kept |= some
        shape = shape_of(input_shapes[0]) if len(input_shapes) == 1 else None
        return self.rebuilt(lambda leaf, _shape: kept.get(id(leaf)) or uncounted(leaf), shape)

    def symbolic(self, *input_shapes: Iterable[object]) -> NoReturn:
        """Refused: a network has no formula of its own; its layers have."""
        raise LayerError(
            Message(
                "{layer} has no formula of its own, its layers have: derive them one by one, as "
                "call.layer.derive(*call.inputs) for each call of .calls(shape)",
                layer=type(self).__name__,
            )
        )


def _within(calls: Mapping[str, Call], path: str) -> list[Call]:
    """The calls of the layer at a path, and of those inside of it."""
    return [call for name, call in calls.items() if f"{name}.".startswith(f"{path}.")]


def _parts_of(names: Iterable[str], calls: Mapping[str, Call]) -> dict[int, Layer] | None:
    """Layers with those parts alone that paths name, by the layers' ids; None where one is unknown."""
    wanted: dict[str, list[str]] = {}
    for name in names:
        path, _, part = name.rpartition(".")
        wanted.setdefault(path, []).append(part)
    some = dict[int, Layer]()
    for path, parts in wanted.items():
        call = calls.get(path)
        layer = None if call is None else call.layer.only("+".join(parts), *call.inputs)
        if call is None or layer is None:
            return None
        some[id(call.layer)] = layer
    return some


@frozen(init=False)
class _Named(Composite):
    """Layers under names: the names of a dictionary, or without one 0, 1, 2, ... in their order."""

    children: tuple[tuple[str, Layer], ...]

    def __init__(self, *layers: Layer | dict[str, Layer]) -> None:
        first = layers[0] if len(layers) == 1 else None
        pairs: Iterable[tuple[object, object]] = enumerate(layers)
        if isinstance(first, dict):
            pairs = first.items()
        keep(self, children=tuple(self._child(name, layer) for name, layer in pairs))
        self.keep_depth([layer for _, layer in self.children])

    def _child(self, name: object, layer: object) -> tuple[str, Layer]:
        """A child under its name; raises LayerError for what cannot be one."""
        if not isinstance(layer, Layer):
            raise LayerError(
                Message(
                    "{layer}: expected a layer at {name!r}, but got {value}",
                    layer=type(self).__name__,
                    name=name,
                    value=shown(layer),
                )
            )
        written = str(name)
        if not written or "." in written:
            raise LayerError(
                Message(
                    "{layer}: a name must not be empty or hold a dot, but got {name!r}",
                    layer=type(self).__name__,
                    name=name,
                )
            )
        return written, layer

    def leaves(self, path: str = "") -> Iterator[tuple[str, Layer]]:
        for name, layer in self.children:
            yield from layer.leaves(inside(path, name))

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

    def follow(self, input_shapes: tuple[Iterable[object], ...], path: str, calls: list[Call]) -> Shape:
        shapes = input_shapes if self.children else (_one(self, input_shapes),)
        prefix = f"{path}." if path else ""
        for name, layer in self.children:
            try:
                place = path if name[0] == UNNAMED else prefix + name
                shapes = (layer.follow(shapes, place, calls),)
            except ShapeError as error:
                raise error.within(name) from None
        return cast(Shape, shapes[0])

    def rebuilt(self, change: Callable[[Layer, Shape | None], Layer], input_shape: Shape | None) -> Layer:
        shape, layers = input_shape, {}
        for name, layer in self.children:
            layers[name] = layer.rebuilt(change, shape)
            try:
                shape = None if shape is None else layers[name].output_shape(shape)
            except ShapeError as error:
                raise error.within(name) from None
        return Sequential(layers)


def _one(layer: Layer, input_shapes: tuple[Iterable[object], ...]) -> Shape:
    """The one shape that arrives; raises ShapeError where several do."""
    if len(input_shapes) != 1:
        raise ShapeError(
            Message(
                "{layer} reads one value, but got {count} shapes",
                layer=type(layer).__name__,
                count=len(input_shapes),
            )
        )
    return shape_of(input_shapes[0], type(layer).__name__)


JOINS = ("add", "concatenate", "multiply")


@register
@frozen(init=False)
class Parallel(_Named):
    """Any shape to that of its branches together: they read one input, and a join reads what they give.

    Takes layers, or one dictionary of named layers. `join` is "add" (`Add`), "multiply" (`Multiply`, as the
    gates of a squeeze-excitation) or "concatenate" (`Concatenate`, along `axis`: the channels C, or the
    features F where there are none, unless told). The join is a call of its own: ``block.add`` costs
    ``branches - 1`` additions an element, ``block.concatenate`` computes nothing and writes its output.
    Source: document 004, GoogLeNet and ResNet.

    >>> from layercost import Identity
    >>> Parallel(Identity(), Identity(), join="concatenate").output_shape((3, 8, 8))
    (6, 8, 8)
    """

    join: str
    axis: str | None
    end: Join = field(compare=False)

    def __init__(self, *layers: Layer | dict[str, Layer], join: str, axis: str | None = None) -> None:
        super().__init__(*layers)
        if join not in JOINS:
            raise LayerError(
                Message(
                    "Parallel: join must be 'add', 'concatenate' or 'multiply', but got {join}",
                    join=shown(join),
                )
            )
        if axis is not None and (join != "concatenate" or not isinstance(axis, str)):
            raise LayerError(
                Message(
                    "Parallel: axis names what is concatenated along, as axis='C', but got axis={axis} "
                    "with join={join!r}",
                    axis=shown(axis),
                    join=join,
                )
            )
        if not self.children or join in dict(self.children):
            raise LayerError(
                Message(
                    "Parallel: expected one branch or more, and none of the name {join!r}, which is the "
                    "join's",
                    join=join,
                )
            )
        branches = len(self.children)
        ends: dict[str, Callable[[], Join]] = {
            "add": lambda: Add(branches),
            "concatenate": lambda: Concatenate(branches, axis),
            "multiply": lambda: Multiply(branches),
        }
        end = ends[join]()
        keep(self, join=join, axis=axis, end=end)

    def follow(self, input_shapes: tuple[Iterable[object], ...], path: str, calls: list[Call]) -> Shape:
        shape = (_one(self, input_shapes),)
        prefix = f"{path}." if path else ""
        outputs = {}
        for name, layer in self.children:
            try:
                outputs[name] = layer.follow(shape, prefix + name, calls)
            except ShapeError as error:
                raise error.within(name) from None
        try:
            return self.end.follow(tuple(outputs.values()), prefix + self.join, calls)
        except ShapeError:
            must = self._must(next(iter(outputs.values())))
            gave = both(
                Message("{name} gave {shape}", name=name, shape=output) for name, output in outputs.items()
            )
            raise ShapeError(Message("{must}, but {gave}", must=must, gave=gave)) from None

    def _must(self, first: Shape) -> Message:
        """What branches must do to fit together; raises ShapeError where there is no axis of that name."""
        if isinstance(self.end, Concatenate):
            axis = first.axes[self.end.place(first)]
            return Message(
                "branches that are concatenated along {axis} must agree along the others", axis=axis
            )
        if self.join == "add":
            return Message("branches that are added must give one shape, or sizes of 1")
        return Message("branches that are multiplied must give one shape, or sizes of 1")

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
class Auxiliary(Composite):
    """Any shape to the same shape: the value itself goes on, and a side branch reads it, in training only.

    At inference the branch holds its parameters and does not run; tables mark its rows.
    Source: Szegedy et al. 2014, section 5: GoogLeNet's two auxiliary classifiers.
    """

    layer: Layer

    def __post_init__(self) -> None:
        if not isinstance(self.layer, Layer):
            raise LayerError(
                Message("Auxiliary: layer must be a layer, but got {layer}", layer=shown(self.layer))
            )
        self.keep_depth([self.layer])

    def follow(self, input_shapes: tuple[Iterable[object], ...], path: str, calls: list[Call]) -> Shape:
        shape, found = _one(self, input_shapes), list[Call]()
        self.layer.follow((shape,), path, found)
        calls.extend(call._replace(only_in_training=True) for call in found)
        return shape

    def leaves(self, path: str = "") -> Iterator[tuple[str, Layer]]:
        yield from self.layer.leaves(path)

    def rebuilt(self, change: Callable[[Layer, Shape | None], Layer], input_shape: Shape | None) -> Layer:
        return Auxiliary(self.layer.rebuilt(change, input_shape))


@register
@frozen
class AtFirst(Composite):
    """Any shape to what its layer gives: a layer that reads the prompt, and does not run once it is read.

    An encoder: its layers run in the first pass alone; where tokens are cached (``cached=16``), they hold
    their parameters, and what the decoder needs of them is in its cache. Tables mark their rows.
    Source: Vaswani et al. 2017, section 3.1.
    """

    layer: Layer

    def __post_init__(self) -> None:
        if not isinstance(self.layer, Layer):
            raise LayerError(
                Message("AtFirst: layer must be a layer, but got {layer}", layer=shown(self.layer))
            )
        self.keep_depth([self.layer])

    def follow(self, input_shapes: tuple[Iterable[object], ...], path: str, calls: list[Call]) -> Shape:
        found = list[Call]()
        output = self.layer.follow(input_shapes, path, found)
        calls.extend(call._replace(only_at_first=True) for call in found)
        return output

    def leaves(self, path: str = "") -> Iterator[tuple[str, Layer]]:
        yield from self.layer.leaves(path)

    def rebuilt(self, change: Callable[[Layer, Shape | None], Layer], input_shape: Shape | None) -> Layer:
        return AtFirst(self.layer.rebuilt(change, input_shape))
