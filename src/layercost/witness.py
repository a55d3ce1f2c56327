"""Each layer as plain loops on numbers that count what is done with them.

The witness knows no formula and no rule for output sizes. It slides windows while they fit, makes a weight
when a loop first asks for it, and notes every multiplication, addition and comparison as it happens.
So what a formula claims can be held against what a layer does.

>>> from layercost import Conv2d, Linear
>>> print(run(Linear(300, 100), (300,)))
output (100,), 30,100 parameters, 30,000 multiplications, 30,000 additions, 30,000 macs
>>> seen = run(Conv2d(3, 6, kernel_size=5), (3, 32, 32))
>>> seen.output_shape, seen.parameters, seen.macs
((6, 28, 28), 456, 352800)
"""

# ruff: noqa: ARG001 - each layer's loops are given the layer, the input and the run, needed or not

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, NamedTuple, TypeAlias

from layercost.shape import ShapeError, checked_sizes, whole

# ---- numbers that count ------------------------------------------------------------------------


class Tally(NamedTuple):
    """How often each thing was done; a call of a whole function (ReLU, sigmoid, tanh) is one thing."""

    multiplications: int = 0
    additions: int = 0
    subtractions: int = 0
    divisions: int = 0
    comparisons: int = 0
    exponentials: int = 0
    relus: int = 0
    sigmoids: int = 0
    tanhs: int = 0
    macs: int = 0  # the multiplications whose products a dot product adds up

    def __sub__(self, earlier: Tally) -> Tally:
        return Tally(*(now - then for now, then in zip(self, earlier, strict=True)))


class Number:
    """A number that notes in `log` what is done with it."""

    __slots__ = ("log", "value")

    def __init__(self, value: float, log: dict[str, int]) -> None:
        self.value, self.log = value, log

    def noting(self, what: str, value: float) -> Number:
        """A new number; `what` was done to get it."""
        self.log[what] += 1
        return Number(value, self.log)

    def __mul__(self, other: Number) -> Number:
        return self.noting("multiplications", self.value * other.value)

    def __add__(self, other: Number) -> Number:
        return self.noting("additions", self.value + other.value)

    def __sub__(self, other: Number) -> Number:
        return self.noting("subtractions", self.value - other.value)

    def __truediv__(self, other: Number) -> Number:
        return self.noting("divisions", self.value / other.value)

    def __gt__(self, other: Number) -> bool:
        self.log["comparisons"] += 1
        return self.value > other.value


Tensor: TypeAlias = Any  # a Number, or a list of tensors of one shape, as image[channel][row][column]
Place: TypeAlias = tuple[int, ...]


class Values:
    """Values that a layer keeps, each made when it is first asked for, as ``weight[3, 0, 2, 1]``."""

    def __init__(self, log: dict[str, int], *, trained: bool) -> None:
        self.log, self.trained = log, trained
        self.known: dict[Place, Number] = {}

    def __getitem__(self, place: Place) -> Number:
        if place not in self.known:
            self.known[place] = Number(_some(len(self.known)) / 8, self.log)
        return self.known[place]


def _some(position: int) -> float:
    """Some value from -5/8 to 5/8, the same in every run."""
    return (7 * position % 11 - 5) / 8


# ---- what a run reports ------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Witness:
    """What a layer was seen to do on the whole batch; shapes are without the batch.

    `parameters` and `buffers` are the distinct values that were used, trained and fixed; `output` holds plain
    numbers, one nested list a sample; `parts` has a witness of each call inside a network, by its path.
    """

    output_shape: tuple[int, ...]
    output: list[Any]
    parameters: int
    buffers: int
    tally: Tally
    parts: dict[str, Witness] = field(default_factory=dict)

    @property
    def macs(self) -> int:
        """The multiplications of dot products."""
        return self.tally.macs

    @property
    def multiplications(self) -> int:
        """All multiplications."""
        return self.tally.multiplications

    @property
    def additions(self) -> int:
        """All additions: of products, of biases, in sums."""
        return self.tally.additions

    @property
    def comparisons(self) -> int:
        """All comparisons of two values."""
        return self.tally.comparisons

    def __str__(self) -> str:
        held = {"parameters": self.parameters, "buffers": self.buffers}
        seen = (f"{often:,} {what}" for what, often in (held | self.tally._asdict()).items() if often)
        return ", ".join([f"output {self.output_shape}", *seen])


class Run:
    """One run: what was noted so far, and the values that each layer keeps from call to call."""

    def __init__(self) -> None:
        self.log = dict.fromkeys(Tally._fields, 0)
        self.kept: dict[tuple[int, str], Values] = {}
        self.parts: dict[str, Witness] = {}

    @property
    def tally(self) -> Tally:
        """What was noted so far."""
        return Tally(**self.log)

    def number(self, value: float) -> Number:
        """A number that no layer keeps: an input, padding, a constant of a formula."""
        return Number(value, self.log)

    def trained(self, layer: object, name: str) -> Values:
        """The values under `name` that training changes."""
        return self.kept.setdefault((id(layer), name), Values(self.log, trained=True))

    def fixed(self, layer: object, name: str) -> Values:
        """The values under `name` that are stored and never trained."""
        return self.kept.setdefault((id(layer), name), Values(self.log, trained=False))

    def report(self, samples: list[Tensor], tally: Tally, layer: object = None) -> Witness:
        """The witness for one layer, or for all that ran."""
        kept = [values for (owner, _), values in self.kept.items() if layer is None or owner == id(layer)]
        return Witness(
            output_shape=_shape(samples[0]),
            output=[_each(lambda number: number.value, sample) for sample in samples],
            parameters=sum(len(values.known) for values in kept if values.trained),
            buffers=sum(len(values.known) for values in kept if not values.trained),
            tally=tally,
            parts={} if layer is not None else self.parts,
        )


def run(layer: object, input_shape: Iterable[object], batch: int = 1) -> Witness:
    """Run `layer` on a batch of inputs of `input_shape` (without the batch); report what it was seen to do.

    Raises ShapeError where the loops find that something does not fit, TypeError for a layer without loops.
    """
    this, shape = Run(), [int(size) for size in checked_sizes(input_shape)]
    samples = [_input(shape, this) for _ in range(whole("run", "batch", batch))]
    outputs = _follow(layer, samples, this, "")
    return this.report(outputs, this.tally)


def _follow(layer: Any, samples: list[Tensor], this: Run, path: str) -> list[Tensor]:
    """All samples through a layer, or through the layers of a network one after the other."""
    if hasattr(layer, "children"):
        for name, child in layer.children:
            samples = _follow(child, samples, this, f"{path}.{name}" if path else name)
        return samples
    loops, before = _loops_of(layer), this.tally
    try:
        outputs = [loops(layer, sample, this) for sample in samples]
    except ValueError as error:
        raise ShapeError(f"{layer!r} does not run on {_shape(samples[0])}: {error}", path) from None
    if path:
        this.parts[path] = this.report(outputs, this.tally - before, layer)
    return outputs


def _input(shape: list[int], this: Run, first: int = 0) -> Tensor:
    """An input of some values."""
    if not shape:
        return this.number(_some(first))
    return [_input(shape[1:], this, 3 * first + position) for position in range(shape[0])]


# ---- tensors as nested lists -------------------------------------------------------------------


def _shape(tensor: Tensor) -> tuple[int, ...]:
    return (len(tensor), *_shape(tensor[0])) if isinstance(tensor, list) else ()


def _each(function: Callable[[Number], Any], tensor: Tensor) -> Any:
    """A function of each number alone."""
    if isinstance(tensor, list):
        return [_each(function, part) for part in tensor]
    return function(tensor)


def _flat(tensor: Tensor) -> list[Number]:
    """All numbers in one row."""
    return [number for part in tensor for number in _flat(part)] if isinstance(tensor, list) else [tensor]


def _expect(what: str, expected: int, arrived: int) -> None:
    if expected != arrived:
        raise ValueError(f"expected {expected} {what}, but {arrived} arrived")


def _sum(numbers: Iterable[Number]) -> Number:
    """Each number after the first is added: n - 1 additions for n numbers."""
    return reduce(lambda total, number: total + number, numbers)


def _dot(pairs: Iterable[tuple[Number, Number]]) -> Number:
    """Each weight times its input, and the products added up."""
    products = []
    for weight, value in pairs:
        products.append(weight * value)
        value.log["macs"] += 1
    return _sum(products)


def _largest(numbers: list[Number]) -> Number:
    """Each number after the first is compared with the largest so far."""
    largest = numbers[0]
    for number in numbers[1:]:
        if number > largest:
            largest = number
    return largest


# ---- windows -----------------------------------------------------------------------------------


def _starts(size: int, span: int, stride: int, padding: int, hanging: bool = False) -> list[int]:
    """Where a window of `span` cells stands along an axis: it slides on by `stride` while it fits.

    A hanging one may reach over the end by less than a stride, if it starts on a cell or before.
    """
    over = stride - 1 if hanging else 0
    starts, start = [], -padding
    while start + span <= size + padding + over and (start < size or not hanging):
        starts.append(start)
        start += stride
    if not starts:
        raise ValueError(f"a window of {span} cells fits nowhere on {size} cells and {padding} on each side")
    return starts


def _slide(layer: Any, image: Tensor, hanging: bool = False) -> tuple[list[int], list[int]]:
    """The rows and the columns at which the layer's window stands."""
    rows, columns = (
        _starts(size, dilation * (kernel - 1) + 1, stride, padding, hanging)
        for size, kernel, stride, padding, dilation in zip(
            _shape(image)[1:],
            layer.kernel_size,
            getattr(layer, "stride", (1, 1)),
            getattr(layer, "padding", (0, 0)),
            getattr(layer, "dilation", (1, 1)),
            strict=True,
        )
    )
    return rows, columns


def _under(layer: Any, top: int, left: int) -> Iterator[tuple[int, int, int, int]]:
    """The cells under a window: their place in the kernel, and their row and column in the image."""
    (height, width), (down, across) = layer.kernel_size, getattr(layer, "dilation", (1, 1))
    for i in range(height):
        for j in range(width):
            yield i, j, top + i * down, left + j * across


def _is_real(plane: Tensor, row: int, column: int) -> bool:
    return 0 <= row < len(plane) and 0 <= column < len(plane[0])


# ---- the layers --------------------------------------------------------------------------------


def _linear(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    if isinstance(tensor[0], list):
        return [_linear(layer, part, this) for part in tensor]
    _expect("input features", layer.in_features, len(tensor))
    weight, bias = this.trained(layer, "weight"), this.trained(layer, "bias")
    output = []
    for o in range(layer.out_features):
        total = _dot((weight[o, i], tensor[i]) for i in range(layer.in_features))
        output.append(total + bias[o,] if layer.bias else total)
    return output


def _conv2d(layer: Any, image: Tensor, this: Run) -> Tensor:
    _expect("input channels", layer.in_channels, len(image))
    weight, bias, zero = this.trained(layer, "weight"), this.trained(layer, "bias"), this.number(0)
    inputs, outputs = layer.in_channels // layer.groups, layer.out_channels // layer.groups
    rows, columns = _slide(layer, image)

    def unit(o: int, top: int, left: int) -> Number:
        group = image[o // outputs * inputs :][:inputs]
        total = _dot(
            (weight[o, c, i, j], plane[row][column] if _is_real(plane, row, column) else zero)
            for c, plane in enumerate(group)
            for i, j, row, column in _under(layer, top, left)
        )
        return total + bias[o,] if layer.bias else total

    return [[[unit(o, top, left) for left in columns] for top in rows] for o in range(layer.out_channels)]


def _connected_conv2d(layer: Any, image: Tensor, this: Run) -> Tensor:
    _expect("input channels", layer.in_channels, len(image))
    weight, bias = this.trained(layer, "weight"), this.trained(layer, "bias")
    rows, columns = _slide(layer, image)

    def unit(o: int, top: int, left: int) -> Number:
        total = _dot(
            (weight[o, c, i, j], image[c][row][column])
            for c in layer.connections[o]
            for i, j, row, column in _under(layer, top, left)
        )
        return total + bias[o,]

    maps = range(len(layer.connections))
    return [[[unit(o, top, left) for left in columns] for top in rows] for o in maps]


def _pooled(layer: Any, image: Tensor, of_window: Callable[[int, list[Number], int, int], Number]) -> Tensor:
    """Each channel alone: a function of the real cells under each window; padding is no cell."""
    rows, columns = _slide(layer, image, getattr(layer, "ceil_mode", False))
    output = []
    for channel, plane in enumerate(image):

        def cells(top: int, left: int, plane: Tensor = plane) -> list[Number]:
            places = _under(layer, top, left)
            return [plane[row][column] for _, _, row, column in places if _is_real(plane, row, column)]

        windows = [[(cells(top, left), top, left) for left in columns] for top in rows]
        output.append([[of_window(channel, *window) for window in line] for line in windows])
    return output


def _max_pool2d(layer: Any, image: Tensor, this: Run) -> Tensor:
    nothing = this.number(-math.inf)  # the largest of no cells
    return _pooled(layer, image, lambda _, cells, *__: _largest(cells) if cells else nothing)


def _avg_pool2d(layer: Any, image: Tensor, this: Run) -> Tensor:
    def mean(_: int, cells: list[Number], top: int, left: int) -> Number:
        divisor = _padded_cells(layer, image[0], top, left) if layer.count_include_pad else len(cells)
        return _sum(cells) / this.number(divisor)

    return _pooled(layer, image, mean)


def _padded_cells(layer: Any, plane: Tensor, top: int, left: int) -> int:
    """The cells under a window, those of the padding included, those beyond it not."""
    down, across = layer.padding
    places = [(row, column) for _, _, row, column in _under(layer, top, left)]
    return sum(row < len(plane) + down and column < len(plane[0]) + across for row, column in places)


def _subsampling2d(layer: Any, image: Tensor, this: Run) -> Tensor:
    _expect("input channels", layer.channels, len(image))
    coefficient, bias = this.trained(layer, "coefficient"), this.trained(layer, "bias")
    return _pooled(layer, image, lambda c, cells, *_: _sum(cells) * coefficient[c,] + bias[c,])


def _euclidean_rbf(layer: Any, row: Tensor, this: Run) -> Tensor:
    _expect("input features", layer.in_features, len(row))
    codes, output = this.fixed(layer, "codes"), []
    for o in range(layer.out_features):
        differences = [row[i] - codes[o, i] for i in range(layer.in_features)]
        output.append(_sum(difference * difference for difference in differences))
    return output


def _flatten(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    return _flat(tensor)


def _relu(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    return _each(lambda x: x.noting("relus", max(x.value, 0.0)), tensor)


def _sigmoid(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    return _each(lambda x: x.noting("sigmoids", 1 / (1 + math.exp(-x.value))), tensor)


def _tanh_of(x: Number) -> Number:
    return x.noting("tanhs", math.tanh(x.value))


def _tanh(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    return _each(_tanh_of, tensor)


def _scaled_tanh(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    amplitude, slope = this.number(1.7159), this.number(2 / 3)
    return _each(lambda x: amplitude * _tanh_of(slope * x), tensor)


def _softmax(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    axes = len(_shape(tensor))
    if axes < -layer.dim:
        raise ValueError(f"expected {-layer.dim} axes or more, but {axes} arrived")
    if axes > -layer.dim:
        return [_softmax(layer, part, this) for part in tensor]
    return _softmax_down(tensor)


def _softmax_down(tensor: Tensor) -> Tensor:
    """Softmax along the first axis."""
    if isinstance(tensor[0], list):
        columns = [_softmax_down(list(column)) for column in zip(*tensor, strict=True)]
        return [list(row) for row in zip(*columns, strict=True)]
    powers = [x.noting("exponentials", math.exp(x.value)) for x in tensor]
    total = _sum(powers)
    return [power / total for power in powers]


LOOPS: dict[str, Callable[[Any, Tensor, Run], Tensor]] = {
    "AvgPool2d": _avg_pool2d,
    "ConnectedConv2d": _connected_conv2d,
    "Conv2d": _conv2d,
    "EuclideanRBF": _euclidean_rbf,
    "Flatten": _flatten,
    "Linear": _linear,
    "MaxPool2d": _max_pool2d,
    "ReLU": _relu,
    "ScaledTanh": _scaled_tanh,
    "Sigmoid": _sigmoid,
    "Softmax": _softmax,
    "Subsampling2d": _subsampling2d,
    "Tanh": _tanh,
}


def _loops_of(layer: object) -> Callable[[Any, Tensor, Run], Tensor]:
    """The loops for a layer, found by the name of its class alone."""
    for kind in type(layer).__mro__:
        if kind.__name__ in LOOPS:
            return LOOPS[kind.__name__]
    raise TypeError(f"expected a layer that has loops ({', '.join(LOOPS)}), but got {layer!r}")
