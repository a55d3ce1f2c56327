"""A node of an ONNX file as an operator: its settings, what it reads, and what it becomes in the tree.

A handler gets an operator and gives a layer with the values that it reads, and the places of its weights
among the operator's inputs; it raises `NotOurs` where none of our layers has its settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial, reduce
from math import prod
from typing import Any, NamedTuple, Protocol, TypeAlias

from layercost import layers as ours
from layercost.layer import Layer
from layercost.layers.graph import as_samples
from layercost.layers.joins import broadcast
from layercost.models.leaves import Rearranged
from layercost.models.onnx_file import Node, Sizes
from layercost.shape import ONNX_SAME_LOWER, ONNX_SAME_UPPER, ONNX_VALID, Shape, seen_shape

MOST_WAYS = 1 << 12  # in which windows of one operator differ: on each axis as many as cells of a kernel


class NotOurs(Exception):
    """An operator with settings that none of our layers has."""


def must(holds: bool) -> None:
    """Raise NotOurs unless this holds."""
    if not holds:
        raise NotOurs


def must_be_few(kernel: Iterable[int], places: Iterable[int]) -> None:
    """Raise NotOurs for windows that differ in more ways than can be counted, each by its own cells."""
    must(prod(map(min, kernel, places)) <= MOST_WAYS)


class Value(NamedTuple):
    """A value in the tree: the step that gives it, a sample's sizes, and the file's sizes for a batch of one.

    What happens `once` does not depend on the input. `batch` is the axis of the file's that a sample lacks.
    `given` is the sample's shape where a layer gives it, with the names of its axes.
    """

    key: str
    sizes: Sizes
    full: Sizes
    once: bool = False
    batch: int | None = None
    given: Shape | None = None

    @property
    def shape(self) -> Shape:
        """The sample's sizes with their axes: those of the layer that gives it, or a guess."""
        return seen_shape(self.sizes, "from_onnx") if self.given is None else self.given

    def axis(self, axis: int) -> int | None:
        """An axis of the file's as one of a sample's, counted from the last; None for the batch's own."""
        place = axis % len(self.full)
        if place == self.batch:
            return None
        rank = len(self.full) - (self.batch is not None)
        return place - (self.batch is not None and place > self.batch) - rank


class Made(NamedTuple):
    """What an operator becomes: a layer, the values that it reads, and where its weights stand.

    `weights` and `buffers` are places among the operator's inputs. Where the layer does not take the values
    as they stand in the tree, or `rearranged` says that it never does, it runs `times` times on shapes
    `inner`.
    """

    layer: Layer
    values: list[Value]
    weights: tuple[int, ...] = ()
    buffers: tuple[int, ...] = ()
    inner: tuple[Sizes, ...] | None = None
    times: int = 1
    rearranged: bool = False


class Noting(Protocol):
    """What an operator asks of the reading that it belongs to."""

    def value(self, name: str) -> Value: ...
    @property
    def takes_one(self) -> bool: ...
    def is_value(self, name: str) -> bool: ...
    def is_weight(self, name: str) -> bool: ...
    def is_code(self, name: str) -> bool: ...
    def full(self, name: str) -> Sizes: ...
    def sample(self, name: str) -> Sizes: ...
    def varies(self, name: str) -> bool: ...
    def numbers(self, name: str) -> tuple[Any, ...] | None: ...
    @property
    def opset(self) -> int: ...
    def note(
        self, node: Node, made: Made, full: Sizes, sample: tuple[Sizes, int | None] | None, label: str
    ) -> Value: ...
    def note_step(self, node: Node, label: str, layer: Layer, values: list[Value], full: Sizes) -> Value: ...


class Operator:
    """One node of the file: its attributes, and its inputs as the reading knows them."""

    def __init__(self, reading: Noting, node: Node) -> None:
        self.reading, self.node, self.kind = reading, node, node.op_type
        self.attributes = {name: value for name, value in node.attributes.items() if value is not None}

    def get(self, name: str, usual: Any) -> Any:
        """An attribute, or what it is where the file does not say."""
        found = self.attributes.get(name, usual)
        return float(f"{found:.7g}") if isinstance(found, float) else found  # as it was before float32

    def has(self, place: int) -> bool:
        """Whether there is an input at that place."""
        return len(self.node.input) > place and bool(self.node.input[place])

    def full(self, place: int = 0) -> Sizes:
        """The sizes of an input for a batch of one, as the file has them."""
        must(self.has(place))
        return self.reading.full(self.node.input[place])

    def value(self, place: int = 0) -> Value:
        """An input as a value of the tree."""
        must(self.has(place))
        return self.reading.value(self.node.input[place])

    @property
    def values(self) -> list[Value]:
        """All inputs that are values of the tree, and no settings or single numbers."""
        settings = SETTINGS.get(self.kind, ())
        names = [name for place, name in enumerate(self.node.input) if name and place not in settings]
        return [self.reading.value(name) for name in names if self.reading.is_value(name)]

    def is_weight(self, place: int) -> bool:
        """Whether an input is one of the file's weights."""
        return self.has(place) and self.reading.is_weight(self.node.input[place])

    @property
    def single_numbers(self) -> tuple[int, ...]:
        """The places of inputs that are constants of the model's code."""
        names = enumerate(self.node.input)
        return tuple(place for place, name in names if name and not self.reading.is_value(name))

    def numbers(self, place: int) -> list[Any]:
        """The numbers of a constant input."""
        must(self.has(place))
        found = self.reading.numbers(self.node.input[place])
        if found is None:
            raise NotOurs
        return list(found)

    @property
    def given(self) -> Sizes:
        """The sizes of the first output for a batch of one, as the file has them."""
        return self.reading.full(next(name for name in self.node.output if name))

    @property
    def given_sample(self) -> Sizes:
        """A sample's sizes of the first output; all of them where it does not depend on the input."""
        name = next(name for name in self.node.output if name)
        values = [name for name in self.node.input if self.reading.is_value(name)]
        once = all(map(self.reading.is_weight, values)) and not self.reading.varies(name)
        return self.given if once else self.reading.sample(name)

    @property
    def opset(self) -> int:
        """The version of the operators that the file speaks."""
        return self.reading.opset

    def step(self, label: str, layer: Layer, values: list[Value], full: Sizes | None = None) -> Value:
        """A step of its own inside of this operator, which gives `full`, or the sizes of its first value."""
        return self.reading.note_step(
            self.node, label, layer, values, values[0].full if full is None else full
        )

    def step_of(self, label: str, made: Made, full: Sizes | None = None) -> Value:
        """The same for what another handler made: it gives `full`, or what the operator gives."""
        full = self.given if full is None else full
        return self.reading.note(self.node, made, full, None, label)

    def turned(self, label: str, value: Value, full: Sizes) -> Value:
        """A step in which a value comes into another shape."""
        given = full[1:] if value.batch == 0 else full
        return self.step(label, Rearranged(self.kind, (value.sizes,), given), [value], full)

    # ---- windows

    @property
    def axes(self) -> int:
        """The axes over which a window slides."""
        return len(self.full()) - 2

    def placing(self) -> dict[str, Any]:
        """Padding, or the rule that finds it."""
        rule = self.get("auto_pad", b"NOTSET").decode()
        named = {"SAME_UPPER": ONNX_SAME_UPPER, "SAME_LOWER": ONNX_SAME_LOWER, "VALID": ONNX_VALID}
        if rule in named:
            return {"rule": named[rule]}
        pads = self.get("pads", [0] * 2 * self.axes)
        sides = tuple(zip(pads[: self.axes], pads[self.axes :], strict=True))
        even = all(before == after for before, after in sides)
        return {"padding": tuple(before for before, _ in sides) if even else sides}

    def window(self) -> dict[str, Any]:
        """Stride and dilation of a window."""
        ones = [1] * self.axes
        return {"stride": tuple(self.get("strides", ones)), "dilation": tuple(self.get("dilations", ones))}

    def on_maps(
        self, layer: Layer, weights: tuple[int, ...] = (), buffers: tuple[int, ...] = (), place: int = 0
    ) -> Made:
        """A layer that takes a sample of channels and cells; the first axis of the file counts samples."""
        value = self.value(place)
        batch, *sample = value.full
        return Made(layer, [value], weights, buffers, (tuple(sample),), batch)


def arrived(values: list[Value], *, once: bool) -> tuple[Sizes, ...]:
    """The sizes that values have where they arrive at one layer."""
    shapes = as_samples([(value.shape, value.once) for value in values], once)
    return tuple(tuple(map(int, shape)) for shape in shapes)


Handler: TypeAlias = Callable[[Operator], Made]


def of(name: str, axes: int | None = None) -> Any:
    """A layer's class by its name, perhaps with its number of axes; raises NotOurs where there is none."""
    must(axes is None or axes in (1, 2, 3))
    found = getattr(ours, name if axes is None else f"{name}{axes}d", None)
    must(found is not None)
    return found


def places(op: Operator, *places: int) -> tuple[int, ...]:
    """Those of these places at which an operator has an input."""
    return tuple(place for place in places if op.has(place))


def _paired(op: Operator, operation: str, first: Value, second: Value) -> Value:
    """One operation an element, of two values."""
    shape = broadcast(seen_shape(first.full, op.kind), seen_shape(second.full, op.kind))
    return op.step("pair", ours.Elementwise(operation, 2), [first, second], tuple(map(int, shape)))


_OF_MANY = ("Sum", "Max", "Min", "Mean")


def together(op: Operator, operation: str, values: list[Value]) -> Made:
    """One operation an element: of several values, or of one and a constant of the code.

    Each further constant is an operation more.
    """
    constants = sum(map(bool, op.node.input)) - len(values) if op.kind in _OF_MANY else 0
    must(bool(values))
    first, *others = values
    for _ in range(constants - (not others)):
        first = op.step("constant", ours.Elementwise(operation), [first])
    values = [first, *others]
    if len(values) > 1 and operation in ("add", "multiply"):
        layer: Layer = ours.Add(len(values)) if operation == "add" else ours.Multiply(len(values))
        return Made(layer, values, inner=tuple(value.full for value in values))
    if len(values) > 2:
        values = [reduce(partial(_paired, op, operation), values[:-1]), values[-1]]
    inner = tuple(value.full for value in values) if len(values) > 1 else (op.given,)
    return Made(ours.Elementwise(operation, len(values)), values, buffers=op.single_numbers, inner=inner)


SETTINGS: dict[str, tuple[int, ...]] = {
    "Resize": (1, 2, 3), "Upsample": (1,), "Pad": (1, 2, 3), "Clip": (1, 2), "Dropout": (1, 2),
    "OneHot": (1, 2), "Reshape": (1,), "Slice": (1, 2, 3, 4), "Expand": (1,), "Tile": (1,), "TopK": (1,),
    "CumSum": (1,), "Range": (0, 1, 2), "NonMaxSuppression": (2, 3, 4), "Squeeze": (1,), "Unsqueeze": (1,),
    "Split": (1,), "Trilu": (1,), "ReduceSum": (1,), "ReduceMean": (1,), "ReduceMax": (1,),
}  # fmt: skip
"""The places of inputs that say how an operator works: their numbers are no values of the network."""
