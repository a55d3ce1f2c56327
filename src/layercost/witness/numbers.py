"""Numbers that count what is done with them, and tensors of such numbers as nested lists."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any, NamedTuple, TypeAlias


class Tally(NamedTuple):
    """How often each thing was done; a call of a whole function (ReLU, sigmoid, tanh, ...) is one thing."""

    multiplications: int = 0
    additions: int = 0
    subtractions: int = 0
    divisions: int = 0
    comparisons: int = 0
    exponentials: int = 0
    square_roots: int = 0
    powers: int = 0
    relus: int = 0
    sigmoids: int = 0
    tanhs: int = 0
    gelus: int = 0
    logarithms: int = 0
    sines: int = 0
    cosines: int = 0
    absolutes: int = 0
    negations: int = 0
    roundings: int = 0
    error_functions: int = 0
    macs: int = 0  # of the multiplications: those of dot products
    accumulations: int = 0  # of the additions: those inside dot products, and those of biases
    masked_macs: int = 0  # of the macs: those of pairs that a mask hides
    lookup_macs: int = 0  # never done: what products with zeros and a one would take in place of lookups
    kept: int = 0  # values that are left for the next tokens

    @property
    def things(self) -> int:
        """Everything that was done, each once."""
        noted = self.macs + self.accumulations + self.masked_macs + self.lookup_macs + self.kept
        return sum(self) - noted

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

    def plus_bias(self, bias: Number) -> Number:
        """The sum with a bias."""
        self.log["accumulations"] += 1
        return self + bias

    def exponential(self) -> Number:
        """e to the power of this number."""
        return self.noting("exponentials", math.exp(self.value))

    def square_root(self) -> Number:
        """The square root of this number."""
        return self.noting("square_roots", math.sqrt(self.value))

    def logarithm(self) -> Number:
        """The natural logarithm of this number."""
        return self.noting("logarithms", math.log(self.value))

    def absolute(self) -> Number:
        """This number without its sign."""
        return self.noting("absolutes", abs(self.value))

    def relu(self) -> Number:
        """This number, or 0 if it is negative."""
        return self.noting("relus", max(self.value, 0.0))

    def sigmoid(self) -> Number:
        """The logistic function of this number."""
        return self.noting("sigmoids", 1 / (1 + math.exp(-self.value)))

    def tanh(self) -> Number:
        """The hyperbolic tangent of this number."""
        return self.noting("tanhs", math.tanh(self.value))


Tensor: TypeAlias = Any  # a Number, or a list of tensors of one shape, as image[channel][row][column]


def shape(tensor: Tensor) -> tuple[int, ...]:
    """The sizes along the axes."""
    return (len(tensor), *shape(tensor[0])) if isinstance(tensor, list) else ()


def each(function: Callable[[Number], Any], tensor: Tensor) -> Any:
    """A function of each number alone."""
    if isinstance(tensor, list):
        return [each(function, part) for part in tensor]
    return function(tensor)


def flat(tensor: Tensor) -> list[Number]:
    """All numbers in one row."""
    return [number for part in tensor for number in flat(part)] if isinstance(tensor, list) else [tensor]


def shaped(numbers: Iterable[Number], sizes: tuple[int, ...]) -> Tensor:
    """Numbers in one row, as a tensor of these sizes: the inverse of `flat`."""
    row = iter(numbers)

    def build(axis: int) -> Tensor:
        return next(row) if axis == len(sizes) else [build(axis + 1) for _ in range(sizes[axis])]

    return build(0)


def as_image(tokens: Tensor, height: int, width: int) -> Tensor:
    """Tokens, row after row, as the cells of an image: ``image[feature][row][column]``."""
    return [
        [[tokens[i * width + j][c] for j in range(width)] for i in range(height)]
        for c in range(len(tokens[0]))
    ]


def expect(what: str, expected: int, arrived: int) -> None:
    """Raise ValueError where something else arrived than what was expected."""
    if expected != arrived:
        raise ValueError(f"expected {expected} {what}, but {arrived} arrived")


def total(numbers: Iterable[Number]) -> Number:
    """Each number after the first is added: n - 1 additions for n numbers."""
    return reduce(lambda so_far, number: so_far + number, numbers)


def dot(pairs: Iterable[tuple[Number, Number]]) -> Number:
    """Each weight times its input, and the products added up."""
    products = []
    for weight, value in pairs:
        products.append(weight * value)
        value.log["macs"] += 1
    products[0].log["accumulations"] += len(products) - 1
    return total(products)


def largest(numbers: list[Number]) -> Number:
    """Each number after the first is compared with the largest so far."""
    so_far = numbers[0]
    for number in numbers[1:]:
        if number > so_far:
            so_far = number
    return so_far
