"""The protocol that every layer satisfies, and the registry of layers by name.

A layer is a frozen dataclass whose arguments have PyTorch's names and order.
Its formulas read its own fields: on the layer itself they count with plain integers;
on its symbolic twin (`Layer.derive`), whose fields are symbols, the same lines give the derivation.
"""

from __future__ import annotations

import ast
import inspect
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, replace
from itertools import chain, count
from math import inf
from typing import Any, ClassVar, NamedTuple, Self, TypeAlias, TypeVar, Unpack, cast

from layercost.arithmetic import Unworkable, is_arithmetic, worked_out, written
from layercost.convention import unknown
from layercost.elsewhere import unknown_layer
from layercost.expression import Number, Symbol, add, times
from layercost.facts import Facts, Held, Operation
from layercost.frozen import Frozen, frozen
from layercost.message import Message, Words, both, clauses, message_of
from layercost.setting import INFERENCE, Given, Setting, setting_of
from layercost.shape import (
    OUTPUT_SIZE_RULES,
    OutputSizeRule,
    Shape,
    ShapeError,
    fit,
    shape_of,
    shown,
    values,
    whole,
)

Shapes: TypeAlias = tuple[Shape, ...]
_LONGEST_NAME = 100  # letters of a layer as it is written; AvgPool2d with all that it can be told has 85


class LayerError(ValueError):
    """A layer that cannot exist, or a text that does not name one."""


class Call(NamedTuple):
    """One call of a leaf layer inside a network: where, what, on which shapes, with which result."""

    path: str
    layer: Layer
    inputs: Shapes  # one shape; of a join, one for each value that it reads
    output_shape: Shape
    only_in_training: bool = False  # at inference the layer is held and not run
    once: bool = False  # it reads nothing that depends on the input: one result for the whole batch
    only_at_first: bool = False  # it reads the prompt alone: where tokens are cached, it does not run

    @property
    def input_shape(self) -> Shape:
        """The shape that is read; of a join its first value's, of what reads nothing its result's."""
        return self.inputs[0] if self.inputs else self.output_shape

    @property
    def read(self) -> Number:
        """How many values one sample of all inputs together has."""
        total: Number = 0
        for shape in self.inputs:
            total = add(total, values(shape))
        return total

    def facts(self, setting: Setting = INFERENCE) -> Facts:
        """What this call holds, does and writes, in plain integers; a call that does not run only holds."""
        does, written = self.work(setting)
        return Facts(self.layer.parameters(), self.layer.buffers(), does, written, self.kept(setting))

    def runs(self, setting: Setting) -> bool:
        """Whether it runs: what serves training does not at inference, nor what read the prompt later on."""
        if self.only_in_training and not setting.training:
            return False
        return not (self.only_at_first and int(setting.cached))

    def kept(self, setting: Setting) -> tuple[Held, ...]:
        """The values that all tokens so far leave for the next, after this call; in training, none."""
        if setting.training or not self.inputs:
            return ()
        return self.layer.kept(*self.inputs, setting=setting)

    def work(self, setting: Setting = INFERENCE) -> tuple[tuple[Operation, ...], Number]:
        """What this call does, and how many values it writes: nothing where it does not run."""
        _, layer, inputs, output, _, once, _ = self
        if not self.runs(setting):
            return (), 0
        if once:
            setting = setting.alone
        if layer.reads_several:
            return layer.operations(*inputs, output=output, setting=setting), layer.written(output, setting)
        return layer.operations(inputs[0], output, setting), layer.written(output, setting)


@frozen
class Layer(Frozen):
    """A layer: shapes without the batch in and out, counts for the whole batch.

    A layer reads one value, and a join several: the methods that take ``*shapes`` get one shape for each.
    """

    takes: ClassVar[type[Shape] | tuple[type[Shape], ...] | None] = None  # None: any shape
    letters: ClassVar[Mapping[str, str]] = {}  # field: its letter in formulas
    axis_letters: ClassVar[Mapping[str, str]] = {}  # axis of the input: its letter, where it has its own
    is_leaf: ClassVar[bool] = True  # False: it is made of layers and has no formula of its own
    reads_several: ClassVar[bool] = False  # a join: its methods take one shape for each value that it reads
    depth: ClassVar[int] = 0  # how deep layers are nested inside this one
    keeps_places: ClassVar[bool] = False  # True: a value depends on those at its own place alone
    uncounted: ClassVar[tuple[str, ...]] = ("device", "dtype")  # PyTorch's arguments that change no count

    # ---- what a layer declares; each runs on plain integers and on expressions

    def parameters(self) -> tuple[Held, ...]:
        """The values that training changes, and those among them that it leaves as they are (`HeldFast`)."""
        return ()

    def buffers(self) -> tuple[Held, ...]:
        """The values that are stored and not trained."""
        return ()

    def transform(self, *shapes: Any, **_: Any) -> Shape:
        """The output's shape, for inputs that fit."""
        return cast(Shape, shapes[0])

    def operations(self, *shapes: Any, **call: Any) -> tuple[Operation, ...]:
        """What one call performs on a batch; called as ``operations(*shapes, output=..., setting=...)``."""
        return ()

    def written(self, output: Shape, setting: Setting) -> Number:
        """The new values that one call writes."""
        return times(setting.batch, values(output))

    def kept(self, *shapes: Any, **call: Any) -> tuple[Held, ...]:
        """The values that all tokens so far leave for the next; called as ``kept(*shapes, setting=...)``."""
        return ()

    def taught(self, shape: Shape, output: Shape) -> Mapping[str, Number]:
        """Other forms in which a formula is taught, by quantity, for one sample under `textbook`."""
        return {}

    def check(self, *shapes: Any, **_: Any) -> None:
        """Raise ShapeError for a shape that has the right axes and the wrong sizes."""

    # ---- what everybody asks a layer

    def output_shape(self, *input_shapes: Iterable[object]) -> Shape:
        """The output's shape, without the batch; raises ShapeError where the input does not fit."""
        return self.fitted(*input_shapes)[1]

    def facts(self, *input_shapes: Iterable[object], **setting: Unpack[Given]) -> Facts:
        """What one call on `input_shapes`, without the batch, holds, does and writes; raises ShapeError."""
        shapes, output = self.fitted(*input_shapes)
        return self.called(shapes, output, setting_of(setting))

    def derive(self, *input_shapes: Iterable[object], **setting: Unpack[Given]) -> Facts:
        """The same facts as expressions that remember their letters."""
        twin, shapes, output = self.symbolic(*input_shapes)
        plain = setting_of(setting)
        if plain.batch != 1:
            plain = replace(plain, batch=Symbol("N", int(plain.batch)))
        if plain.cached:
            plain = replace(plain, cached=Symbol("T_c", int(plain.cached)))
        return twin.called(shapes, output, plain)

    def symbolic(self, *input_shapes: Iterable[object]) -> tuple[Self, Shapes, Shape]:
        """This layer, its inputs and its output with letters in place of numbers."""
        shapes, _ = self.fitted(*input_shapes)
        twin = self.lettered()
        known = dict(_lettered_numbers(tuple([getattr(twin, each.name) for each in fields(self)])))
        lettered = self._lettered_shapes(shapes, known)
        return twin, lettered, twin.transform(*lettered)

    def _lettered_shapes(self, shapes: Shapes, known: dict[str, int]) -> Shapes:
        """The inputs in letters, of which those of the fields are `known`."""
        return tuple([self._lettered_shape(shape, known) for shape in shapes])

    def _lettered_shape(self, shape: Shape, known: dict[str, int]) -> Shape:
        """A shape in letters; an axis of another size than the `known` one of its letter has its own."""
        sizes = []
        for axis, letter, size in zip(shape.axes, shape.letters, map(int, shape), strict=True):
            usual = self.axis_letters.get(axis, letter)
            names = chain([usual], (f"{usual}_{place}" for place in count(2)))
            name = next(name for name in names if known.setdefault(name, size) == size)
            sizes.append(Symbol(name, size))
        return type(shape)(sizes)

    def lettered(self) -> Self:
        """This layer with letters in place of the numbers of its fields."""
        twin = object.__new__(type(self))
        for field in fields(self):
            unspoken = field.name in _UNSPOKEN
            lettered = _lettered(getattr(self, field.name), self.letters.get(field.name), unspoken)
            object.__setattr__(twin, field.name, lettered)
        return twin

    def calls(self, *input_shapes: Iterable[object], path: str = "") -> Iterator[Call]:
        """Every call of a leaf layer, in the order in which they run; raises ShapeError."""
        found: list[Call] = []
        self.follow(input_shapes, path, found)
        return iter(found)

    def follow(self, input_shapes: tuple[Iterable[object], ...], path: str, calls: list[Call]) -> Shape:
        """Append every call of a leaf layer to `calls`; the output's shape. Raises ShapeError."""
        if len(input_shapes) == 1 and type(input_shapes[0]) is self.takes:  # as nearly always in a network
            (shape,) = shapes = cast(Shapes, input_shapes)
            self.check(shape)
            try:
                output = self.transform(shape)
            except ShapeError:
                output = self.fitted(shape)[1]  # which says where and what
        else:
            shapes, output = self.fitted(*input_shapes)
        calls.append(Call(path, self, shapes, output))
        return output

    def leaves(self, path: str = "") -> Iterator[tuple[str, Layer]]:
        """Every leaf layer with its path, whether it runs or not, each place once."""
        yield path, self

    def rebuilt(self, change: Callable[[Layer, Shape | None], Layer], input_shape: Shape | None) -> Layer:
        """This layer with each leaf replaced by ``change(leaf, input shape)``, in the order of running."""
        return change(self, input_shape)

    def only(self, part: str, *input_shapes: Iterable[object]) -> Layer | None:
        """What does one part of this layer's work alone; None where it has no part of that name."""
        return None

    def fitted(self, *input_shapes: Iterable[object]) -> tuple[Shapes, Shape]:
        """The input shapes, their axes named as this layer names them, and the output's shape.

        Raises ShapeError.
        """
        shapes = self._taken(input_shapes)
        self.check(*shapes)
        try:
            return shapes, self.transform(*shapes)
        except ShapeError as error:
            arrived = both(map(str, shapes))
            raise ShapeError(
                Message(
                    "{layer} on {arrived}: {message}",
                    layer=self._named(),
                    arrived=arrived,
                    message=error.message,
                ),
                error.path,
            ) from None

    def _named(self) -> str:
        """The layer as it is written, or its kind alone where that would bury what is said of it."""
        written = repr(self)
        return written if len(written) <= _LONGEST_NAME else type(self).__name__

    def _taken(self, input_shapes: tuple[Iterable[object], ...]) -> Shapes:
        """The one shape that a layer reads; a join takes several."""
        name, takes = type(self).__name__, self.takes
        if len(input_shapes) != 1:
            raise ShapeError(
                Message("{name} reads one value, but got {count} shapes", name=name, count=len(input_shapes))
            )
        (shape,) = input_shapes
        if takes is None:
            return cast(Shapes, input_shapes) if isinstance(shape, Shape) else (shape_of(shape, name),)
        return (fit(name, shape, *takes) if isinstance(takes, tuple) else fit(name, shape, takes),)

    def called(self, shapes: Shapes, output: Shape, setting: Setting = INFERENCE) -> Facts:
        """The facts of one call whose shapes are already known to fit."""
        return Facts(
            self.parameters(),
            self.buffers(),
            self.operations(*shapes, output=output, setting=setting),
            self.written(output, setting),
            () if setting.training else self.kept(*shapes, setting=setting),
        )

    @property
    def at_work(self) -> Layer:
        """The layer that works: this one, or the one inside where its weights come from elsewhere."""
        return self

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self._arguments())})"

    def _arguments(self) -> Iterator[str]:
        for position, field in enumerate(fields(self)):
            value = getattr(self, field.name)
            if field.default is MISSING:
                yield self._written(value) if position < 2 else f"{field.name}={self._written(value)}"
            elif value != self._default(field):
                yield f"{field.name}={self._written(value)}"

    @staticmethod
    def _written(value: object) -> str:
        """A field as it is written: one size for all axes as that size, a rule by its name."""
        if isinstance(value, OutputSizeRule):
            return repr(value.name)
        if isinstance(value, tuple) and len(set(value)) == 1 and isinstance(value[0], int):
            return repr(value[0])
        return repr(value)

    def _default(self, field: Field[Any]) -> object:
        """The value that a field has when it is not given, in the form in which the layer keeps it."""
        value = getattr(self, field.name)
        return (field.default,) * len(value) if isinstance(value, tuple) else field.default


def _lettered(value: Any, letter: str | None, unspoken: bool) -> Any:
    """A field with its letter; a pair of equal sizes shares one (k), others get one an axis (k_h, k_w)."""
    if letter is None or value is None or isinstance(value, (bool, str)):
        return value
    if not isinstance(value, tuple):
        return _one_lettered(value, letter, unspoken)
    suffixes = {1: ("",), 2: ("_h", "_w"), 3: ("_d", "_h", "_w")}[len(value)]
    shared = len(set(value)) == 1
    pairs = zip(value, suffixes, strict=True)
    return tuple(
        _one_lettered(size, letter if shared else letter + suffix, unspoken) for size, suffix in pairs
    )


def _one_lettered(value: Any, letter: str, unspoken: bool) -> Any:
    """One size with its letter, or what stands before and after (p_1, p_2)."""
    if isinstance(value, tuple):
        base, _, subscript = letter.partition("_")
        return tuple(Symbol(f"{base}_{subscript}{place}", size) for place, size in enumerate(value, start=1))
    return value if unspoken and value == 1 else Symbol(letter, value)


def _lettered_numbers(value: Any) -> Iterator[tuple[str, int]]:
    """The letters of fields with their numbers."""
    if isinstance(value, Symbol):
        yield value.name, value.number
    elif isinstance(value, tuple):
        yield from chain.from_iterable(map(_lettered_numbers, value))


_UNSPOKEN = {"dilation", "groups"}  # where they are 1, they are not written in a formula


# ---- fields ------------------------------------------------------------------------------------


def keep(layer: Layer, **values: object) -> None:
    """Set fields of a frozen layer while it is being built."""
    for name, value in values.items():
        object.__setattr__(layer, name, value)


def keep_whole(layer: Layer, at_least: int, *names: str) -> None:
    """Check that fields are whole numbers of at least `at_least`; raises LayerError naming the field."""
    for name in names:
        keep(layer, **{name: _whole(layer, name, getattr(layer, name), at_least)})


def keep_divided(layer: Layer, groups: str, *names: str) -> None:
    """Check that a number of groups divides each of these numbers of channels."""
    parts = getattr(layer, groups)
    for name in names:
        if getattr(layer, name) % parts:
            raise LayerError(
                Message(
                    "{layer}: {groups} must divide {name}, but {parts} groups do not divide {channels} "
                    "channels",
                    layer=type(layer).__name__,
                    groups=groups,
                    name=name,
                    parts=parts,
                    channels=getattr(layer, name),
                )
            )


AXIS = Message("axis")


def keep_sizes(
    layer: Layer, axes: int, at_least: int, *names: str, or_none: bool = False, each: Message = AXIS
) -> None:
    """Check fields that are one size, or one for each of `axes`; they are kept as tuples.

    With `or_none`, each of several sizes may also be None.
    """

    def checked(size: object) -> int | None:
        return None if or_none and size is None else _whole(layer, name, size, at_least)

    for name in names:
        value = getattr(layer, name)
        if not isinstance(value, (tuple, list)):
            keep(layer, **{name: (_whole(layer, name, value, at_least),) * axes})
            continue
        if len(value) != axes:
            raise LayerError(
                Message(
                    "{layer}: {name} must be one whole number or {axes} of them, one for each {each}, "
                    "but got {value}",
                    layer=type(layer).__name__,
                    name=name,
                    axes=axes,
                    each=each,
                    value=shown(value),
                )
            )
        keep(layer, **{name: tuple([checked(size) for size in value])})


def keep_padding(layer: Layer, axes: int) -> None:
    """Check `padding`: one size, one for each of `axes`, or a pair (before, after) for each."""
    value = layer.padding  # type: ignore[attr-defined]
    pairs = isinstance(value, (tuple, list)) and any(isinstance(side, (tuple, list)) for side in value)
    if not pairs:
        return keep_sizes(layer, axes, 0, "padding")
    if len(value) != axes or not all(isinstance(side, (tuple, list)) and len(side) == 2 for side in value):
        raise LayerError(
            Message(
                "{layer}: padding must be one whole number, {axes} of them, or {axes} pairs (before, "
                "after), one for each axis, but got {value}",
                layer=type(layer).__name__,
                axes=axes,
                value=shown(value),
            )
        )
    keep(layer, padding=tuple(tuple(_whole(layer, "padding", size, 0) for size in side) for side in value))
    return None


def keep_rule(layer: Layer) -> None:
    """Check `rule`: None, an output-size rule, or the name of one."""
    value = layer.rule  # type: ignore[attr-defined]
    if isinstance(value, str) and value in OUTPUT_SIZE_RULES:
        keep(layer, rule=OUTPUT_SIZE_RULES[value])
    elif value is not None and not isinstance(value, OutputSizeRule):
        raise LayerError(
            Message(
                "{layer}: {unknown}",
                layer=type(layer).__name__,
                unknown=unknown(Message("output-size rule"), value, OUTPUT_SIZE_RULES),
            )
        )


def keep_real(layer: Layer, name: str, at_least: float, at_most: float = inf) -> None:
    """Check that a field is a finite number from `at_least` to `at_most`; raises LayerError naming it."""
    value = getattr(layer, name)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not at_least <= value <= at_most or value in (inf, -inf):
        raise LayerError(_no_number(type(layer).__name__, name, shown(value), at_least, at_most))


def _no_number(layer: str, name: str, value: Words, at_least: float, at_most: float) -> Message:
    said: dict[str, Any] = {"layer": layer, "name": name, "value": value, "least": at_least, "most": at_most}
    if at_least == -inf:
        return Message("{layer}: {name} must be a number that is finite, but got {value}", **said)
    if at_most == inf:
        return Message("{layer}: {name} must be a number of at least {least}, but got {value}", **said)
    return Message("{layer}: {name} must be a number from {least} to {most}, but got {value}", **said)


def keep_flags(layer: Layer, *names: str) -> None:
    """Check that fields are True or False."""
    for name in names:
        value = getattr(layer, name)
        if not isinstance(value, bool):
            raise LayerError(
                Message(
                    "{layer}: {name} must be True or False, but got {value}",
                    layer=type(layer).__name__,
                    name=name,
                    value=shown(value),
                )
            )


def _whole(layer: Layer, name: str, value: object, at_least: int) -> int:
    try:
        return whole(type(layer).__name__, name, value, at_least)
    except ShapeError as error:
        raise LayerError(message_of(error)) from None


# ---- registry and text -------------------------------------------------------------------------

LAYERS: dict[str, type[Layer]] = {}
L = TypeVar("L", bound=type[Layer])


def register(layer: L) -> L:
    """Make a layer known under its name: to `layer_from_text`, the command, and the contract tests."""
    LAYERS[layer.__name__] = layer
    return layer


_LONGEST_TEXT = 100_000  # characters; a written layer has a hundred


def layer_from_text(text: str) -> Layer:
    """The layer that a text such as ``Conv2d(3, 6, kernel_size=5)`` names.

    Names of registered layers, literal values and arithmetic on whole numbers (+ - * // **) are read;
    nothing is run as code. What PyTorch prints can be read too: arguments that change no count, as
    ``inplace``, are left out. Raises LayerError that says what was expected and what arrived.

    >>> layer_from_text("nn.Linear(3*32*32, 10)")
    Linear(3072, 10)
    """
    value = _value(_parsed(text))
    if not isinstance(value, Layer):
        raise LayerError(
            Message("expected a layer such as Conv2d(3, 6, kernel_size=5), but got {text}", text=shown(text))
        )
    return value


def _parsed(text: str) -> ast.expr:
    if len(text) > _LONGEST_TEXT:
        raise LayerError(
            Message(
                "a layer is written in up to {most:,} characters, but got {count:,}",
                most=_LONGEST_TEXT,
                count=len(text),
            )
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the parser warns of odd literals that are refused below
            return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        deep = isinstance(error, (RecursionError, MemoryError)) or "too many nested" in str(error)
        raise LayerError(
            clauses(
                [
                    Message(
                        "expected a layer such as Conv2d(3, 6, kernel_size=5), but could not read {text}",
                        text=shown(text),
                    ),
                    Message("its brackets are nested too deep") if deep else "",
                ]
            )
        ) from None


def _value(node: ast.expr) -> object:
    match node:
        case ast.Call(func=ast.Name() | ast.Attribute()):
            return _called(node)
        case ast.Name(id=name) if name in LAYERS:
            raise LayerError(Message("{name} needs its arguments: write {name}(...)", name=name))
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return tuple(_value(part) for part in parts)
        case ast.Dict(keys=keys, values=parts) if None not in keys:
            return {_key(cast(ast.expr, key)): _value(part) for key, part in zip(keys, parts, strict=True)}
    return _literal(node)


def _key(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(name)):
            return name
    raise LayerError(Message("expected a text as the name of a layer, but got {node}", node=written(node)))


def _literal(node: ast.expr) -> object:
    try:
        return worked_out(node) if is_arithmetic(node) else ast.literal_eval(node)
    except Unworkable as error:
        raise LayerError(message_of(error)) from None
    except (ValueError, TypeError, RecursionError, MemoryError):
        raise LayerError(
            Message(
                "expected numbers, True, False, None, texts or layers as arguments, but got {node}",
                node=written(node),
            )
        ) from None


def _called(node: ast.Call) -> Layer:
    name = _name_of(node.func)
    if name not in LAYERS:
        raise LayerError(unknown_layer(name, LAYERS))
    starred = any(isinstance(argument, ast.Starred) for argument in node.args)
    if starred or any(keyword.arg is None for keyword in node.keywords):
        raise LayerError(Message("{name}: write its arguments one by one; * and ** are not read", name=name))
    arguments = [_value(argument) for argument in node.args]
    keywords = {str(keyword.arg): _value(keyword.value) for keyword in node.keywords}
    return _built(name, arguments, keywords, node)


def _name_of(function: ast.expr) -> str:
    """``Conv2d`` of ``Conv2d(...)`` and of ``nn.Conv2d(...)`` or ``torch.nn.Conv2d(...)``."""
    match function:
        case ast.Name(id=name) | ast.Attribute(value=ast.Name() | ast.Attribute(value=ast.Name()), attr=name):
            return name
    raise LayerError(
        Message(
            "expected a layer such as Conv2d(3, 6, kernel_size=5), but got {function}",
            function=written(function),
        )
    )


_SIGNATURES: dict[type[Layer], inspect.Signature] = {}


def _signature(layer: type[Layer]) -> inspect.Signature:
    """What a layer is made from, read once: it takes as long as all else that a text needs."""
    if layer not in _SIGNATURES:
        _SIGNATURES[layer] = inspect.signature(layer)
    return _SIGNATURES[layer]


def _built(name: str, arguments: list[object], keywords: dict[str, object], node: ast.Call) -> Layer:
    signature = _signature(LAYERS[name])
    by_name = [p.name for p in signature.parameters.values() if p.kind is not p.VAR_POSITIONAL]
    keywords = {key: value for key, value in keywords.items() if key not in LAYERS[name].uncounted}
    for keyword in keywords:
        if keyword not in by_name:
            raise LayerError(
                Message(
                    "{name}: {unknown}", name=name, unknown=unknown(Message("argument"), keyword, by_name)
                )
            )
    try:
        bound = signature.bind(*arguments, **keywords)
    except TypeError:
        error = _misfit(signature, len(arguments), keywords)
        raise LayerError(
            Message(
                "{name}{signature}: {error}, in {node}",
                name=name,
                signature=_written_signature(signature),
                error=error,
                node=written(node),
            )
        ) from None
    return LAYERS[name](*bound.args, **bound.kwargs)


def _misfit(signature: inspect.Signature, arguments: int, keywords: Mapping[str, object]) -> Message:
    """Why arguments, of which each keyword is known, do not fit a signature."""
    in_order = [p.name for p in signature.parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    given = in_order[:arguments]
    for name in given:
        if name in keywords:
            return Message("multiple values for argument {name!r}", name=name)
    for p in signature.parameters.values():
        needed = p.default is p.empty and p.kind is not p.VAR_POSITIONAL
        if needed and p.name not in given and p.name not in keywords:
            return Message("missing a required argument: {name!r}", name=p.name)
    return Message("too many positional arguments")


def _written_signature(signature: inspect.Signature) -> str:
    """The arguments by name and default, without their types."""
    plain = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
    return str(inspect.Signature(plain))
