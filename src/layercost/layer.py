"""The protocol that every layer satisfies, and the registry of layers by name.

A layer is a frozen dataclass whose arguments have PyTorch's names and order.
Its formulas read its own fields: on the layer itself they count with plain integers;
on its symbolic twin (`Layer.derive`), whose fields are symbols, the same lines give the derivation.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from typing import Any, ClassVar, NamedTuple, Self, TypeVar

from layercost.convention import unknown
from layercost.expression import Number, Symbol, times
from layercost.facts import Facts, Held, Operation
from layercost.shape import Shape, ShapeError, fit, shape_of, values, whole


class LayerError(ValueError):
    """A layer that cannot exist, or a text that does not name one."""


class Call(NamedTuple):
    """One call of a leaf layer inside a network: where, what, on which shape, with which result."""

    path: str
    layer: Layer
    input_shape: Shape
    output_shape: Shape

    def facts(self, batch: int = 1, training: bool = False) -> Facts:
        """What this call holds, does and writes, in plain integers."""
        return self.layer.called(self.input_shape, self.output_shape, batch, training)


@dataclass(frozen=True, repr=False)
class Layer:
    """A layer: shapes without the batch in and out, counts for the whole batch."""

    takes: ClassVar[type[Shape] | None] = None  # None: any shape
    letters: ClassVar[Mapping[str, str]] = {}  # field: its letter in formulas
    axis_letters: ClassVar[Mapping[str, str]] = {}  # axis of the input: its letter, where it has one of its own

    # ---- what a layer declares; each runs on plain integers and on expressions

    def parameters(self) -> tuple[Held, ...]:
        """The values that training changes."""
        return ()

    def buffers(self) -> tuple[Held, ...]:
        """The values that are stored and not trained."""
        return ()

    def transform(self, shape: Shape) -> Shape:
        """The output's shape, for an input that fits."""
        return shape

    def operations(self, shape: Shape, output: Shape, batch: Number, training: bool) -> tuple[Operation, ...]:
        """What one call performs on a batch."""
        return ()

    def written(self, output: Shape, batch: Number) -> Number:
        """The new values that one call writes."""
        return times(batch, values(output))

    def taught(self, shape: Shape, output: Shape) -> Mapping[str, Number]:
        """Other forms in which a formula is taught, by quantity, for one sample under `textbook`."""
        return {}

    def check(self, shape: Shape) -> None:
        """Raise ShapeError where `shape` has the right axes and yet does not fit."""

    # ---- what everybody asks a layer

    def output_shape(self, input_shape: Iterable[object]) -> Shape:
        """The output's shape, without the batch; raises ShapeError where the input does not fit."""
        return self._fitted(input_shape)[1]

    def facts(self, input_shape: Iterable[object], batch: int = 1, training: bool = False) -> Facts:
        """What one call holds, does and writes, in plain integers; raises ShapeError."""
        shape, output = self._fitted(input_shape)
        return self.called(shape, output, whole("facts", "batch", batch), training)

    def derive(self, input_shape: Iterable[object], batch: int = 1, training: bool = False) -> Facts:
        """The same facts as expressions that remember their letters."""
        twin, shape, output = self.symbolic(input_shape)
        return twin.called(shape, output, batch if batch == 1 else Symbol("N", batch), training)

    def symbolic(self, input_shape: Iterable[object]) -> tuple[Self, Shape, Shape]:
        """This layer, its input and its output with letters in place of numbers."""
        shape, _ = self._fitted(input_shape)
        twin = self.lettered()
        names = (self.axis_letters.get(axis, letter) for axis, letter in zip(shape.axes, shape.letters, strict=True))
        lettered = type(shape)(Symbol(name, int(size)) for name, size in zip(names, shape, strict=True))
        return twin, lettered, twin.transform(lettered)

    def lettered(self) -> Self:
        """This layer with letters in place of the numbers of its fields."""
        twin = object.__new__(type(self))
        for field in fields(self):
            object.__setattr__(twin, field.name, _lettered(getattr(self, field.name), self.letters.get(field.name)))
        return twin

    def calls(self, input_shape: Iterable[object], path: str = "") -> Iterator[Call]:
        """Every call of a leaf layer, in the order in which they run."""
        shape, output = self._fitted(input_shape)
        yield Call(path, self, shape, output)

    def leaves(self, path: str = "") -> Iterator[tuple[str, Layer]]:
        """Every leaf layer with its path, whether it runs or not, each place once."""
        yield path, self

    def _fitted(self, input_shape: Iterable[object]) -> tuple[Shape, Shape]:
        name = type(self).__name__
        shape = shape_of(input_shape, name) if self.takes is None else fit(name, input_shape, self.takes)
        self.check(shape)
        try:
            return shape, self.transform(shape)
        except ShapeError as error:
            raise ShapeError(f"{self!r} on {shape}: {error.message}", error.path) from None

    def called(self, shape: Shape, output: Shape, batch: Number = 1, training: bool = False) -> Facts:
        """The facts of one call whose shapes are already known to fit."""
        return Facts(
            self.parameters(),
            self.buffers(),
            self.operations(shape, output, batch, training),
            self.written(output, batch),
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self._arguments())})"

    def _arguments(self) -> Iterator[str]:
        for position, field in enumerate(fields(self)):
            value = getattr(self, field.name)
            if field.default is MISSING:
                yield _written(value) if position < 2 else f"{field.name}={_written(value)}"
            elif value != self._default(field):
                yield f"{field.name}={_written(value)}"

    def _default(self, field: Field[Any]) -> object:
        """The value that a field has when it is not given, in the form in which the layer keeps it."""
        value = getattr(self, field.name)
        return (field.default,) * len(value) if isinstance(value, tuple) else field.default


def _written(value: object) -> str:
    if isinstance(value, tuple) and value and all(isinstance(v, int) for v in value) and len(set(value)) == 1:
        return repr(value[0])
    return repr(value)


def _lettered(value: Any, letter: str | None) -> Any:
    """A field with its letter; a pair of equal sizes shares one (k), others get one an axis (k_h, k_w)."""
    if letter is None or isinstance(value, bool) or value is None:
        return value
    if isinstance(value, tuple):
        suffixes = {1: ("",), 2: ("h", "w"), 3: ("d", "h", "w")}[len(value)]
        if len(set(value)) == 1:
            return tuple(_lettered(size, letter) for size in value)
        return tuple(_lettered(size, f"{letter}_{suffix}") for size, suffix in zip(value, suffixes, strict=True))
    return value if letter in _UNSPOKEN and value == 1 else Symbol(letter, value)


_UNSPOKEN = {"d", "g"}  # a dilation or a number of groups that is 1 is not written in a formula


# ---- fields ------------------------------------------------------------------------------------


def keep(layer: Layer, **values: object) -> None:
    """Set fields of a frozen layer while it is being built."""
    for name, value in values.items():
        object.__setattr__(layer, name, value)


def keep_whole(layer: Layer, at_least: int, *names: str) -> None:
    """Check that fields are whole numbers of at least `at_least`; raises LayerError naming the field."""
    for name in names:
        try:
            keep(layer, **{name: whole(type(layer).__name__, name, getattr(layer, name), at_least)})
        except ShapeError as error:
            raise LayerError(str(error)) from None


def keep_sizes(layer: Layer, axes: int, at_least: int, *names: str) -> None:
    """Check fields that are one size, or one for each of `axes`; they are kept as tuples."""
    for name in names:
        value = getattr(layer, name)
        sizes = tuple(value) if isinstance(value, (tuple, list)) else (value,) * axes
        owner = type(layer).__name__
        if len(sizes) != axes:
            raise LayerError(
                f"{owner}: {name} must be one whole number or {axes} of them, one for each axis, but got {value!r}"
            )
        try:
            keep(layer, **{name: tuple(whole(owner, name, size, at_least) for size in sizes)})
        except ShapeError as error:
            raise LayerError(str(error)) from None


def keep_flags(layer: Layer, *names: str) -> None:
    """Check that fields are True or False."""
    for name in names:
        value = getattr(layer, name)
        if not isinstance(value, bool):
            raise LayerError(f"{type(layer).__name__}: {name} must be True or False, but got {value!r}")


# ---- registry and text -------------------------------------------------------------------------

LAYERS: dict[str, type[Layer]] = {}
L = TypeVar("L", bound=type[Layer])


def register(layer: L) -> L:
    """Make a layer known under its name: to `layer_from_text`, the command, and the contract tests."""
    LAYERS[layer.__name__] = layer
    return layer


def layer_from_text(text: str) -> Layer:
    """The layer that a text such as ``Conv2d(3, 6, kernel_size=5)`` names.

    Only names of registered layers and literal values are read; nothing is evaluated as code.
    Raises LayerError that says what was expected and what arrived.
    """
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise LayerError(f"expected a layer such as Conv2d(3, 6, kernel_size=5), but could not read {text!r}") from None
    value = _value(node, text)
    if not isinstance(value, Layer):
        raise LayerError(f"expected a layer such as Conv2d(3, 6, kernel_size=5), but got {text!r}")
    return value


def _value(node: ast.expr, text: str) -> object:
    if isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)):
        return _called(node, text)
    if isinstance(node, ast.Name) and node.id in LAYERS:
        raise LayerError(f"{node.id} needs its arguments: write {node.id}(...)")
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError):
        raise LayerError(
            f"expected numbers, True, False, None, texts or layers as arguments, but got {ast.unparse(node)!r}"
        ) from None


def _called(node: ast.Call, text: str) -> Layer:
    name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func).rpartition(".")[2]
    if name not in LAYERS:
        raise LayerError(unknown("layer", name, LAYERS))
    if any(isinstance(argument, ast.Starred) for argument in node.args) or any(k.arg is None for k in node.keywords):
        raise LayerError(f"{name}: write its arguments one by one; * and ** are not read")
    arguments = [_value(argument, text) for argument in node.args]
    keywords = {str(k.arg): _value(k.value, text) for k in node.keywords}
    known = [field.name for field in fields(LAYERS[name])]
    for keyword in keywords:
        if keyword not in known:
            raise LayerError(f"{name}: {unknown('argument', keyword, known)}")
    try:
        return LAYERS[name](*arguments, **keywords)
    except TypeError:
        raise LayerError(f"{name} takes ({', '.join(known)}), but got {ast.unparse(node)}") from None
