"""Where windows stand: they slide while they fit, as each framework lets them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from layercost.witness.numbers import Number, Tensor, shape


class Axis(NamedTuple):
    """One axis, and how a window moves along it."""

    size: int
    kernel: int
    stride: int
    before: int  # cells of padding
    after: int
    dilation: int

    @property
    def span(self) -> int:
        """The cells from the window's first to its last."""
        return self.dilation * (self.kernel - 1) + 1


def starts(axis: Axis, rule: str) -> list[int]:
    """Where the window stands along an axis; raises ValueError where it stands nowhere."""
    if "same" in rule:
        found = _same(axis, lower="lower" in rule)
    elif rule in ("ceil", "onnx-ceil", "caffe-pooling"):
        # without padding, Caffe keeps even a window that starts past the last cell
        found = _hanging(axis, past_the_end=rule == "caffe-pooling" and axis.before == axis.after == 0)
    else:
        found = _while_it_ends_before(axis, axis.size + axis.after)
    if not found:
        raise ValueError(
            f"a window of {axis.span} cells fits nowhere on {axis.size} cells and {axis.before} on each side"
        )
    return found


def _hanging(axis: Axis, *, past_the_end: bool) -> list[int]:
    """It may hang over the end by less than a stride, if it starts on a cell or before."""
    found = _while_it_ends_before(axis, axis.size + axis.after + axis.stride - 1)
    return [start for start in found if start < axis.size or past_the_end]


def _while_it_ends_before(axis: Axis, end: int) -> list[int]:
    found, start = [], -axis.before
    while start + axis.span <= end:
        found.append(start)
        start += axis.stride
    return found


def _same(axis: Axis, *, lower: bool) -> list[int]:
    """One window for every stride-th cell; what they need beyond the axis is put on both sides."""
    windows = len(range(0, axis.size, axis.stride))
    needed = 0
    while axis.size + needed < (windows - 1) * axis.stride + axis.span:
        needed += 1
    before = needed - needed // 2 if lower else needed // 2
    return [index * axis.stride - before for index in range(windows)]


class Slide(NamedTuple):
    """The starts of a layer's windows along each axis, and the steps between their cells."""

    starts: list[list[int]]
    kernel: tuple[int, ...]
    dilation: tuple[int, ...]
    after: tuple[int, ...]

    def cells(self, start: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
        """The cells under the window that stands there: their place in the kernel and in the input."""
        for place in itertools.product(*map(range, self.kernel)):
            steps = zip(start, place, self.dilation, strict=True)
            yield place, tuple(first + step * dilation for first, step, dilation in steps)

    def over(self) -> Iterator[tuple[int, ...]]:
        """Where the window stands, one place after the other."""
        return itertools.product(*self.starts)

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many places there are along each axis."""
        return tuple(map(len, self.starts))


def sliding(layer: Any, tensor: Tensor) -> Slide:
    """How the layer's window slides over the axes after the channels."""
    sizes = shape(tensor)[1:]
    many = len(sizes)
    kernel, once, none = tuple(layer.kernel_size), (1,) * many, (0,) * many
    stride, dilation = tuple(getattr(layer, "stride", once)), tuple(getattr(layer, "dilation", once))
    padding, rule = getattr(layer, "padding", none), _rule_of(layer)
    if isinstance(padding, str):
        rule, padding = f"{rule}-{padding}", none
    sides = [side if isinstance(side, tuple) else (side, side) for side in padding]
    axes = [
        Axis(size, k, s, before, after, d)
        for size, k, s, (before, after), d in zip(sizes, kernel, stride, sides, dilation, strict=True)
    ]
    found = [starts(axis, rule) for axis in axes]
    after = tuple(_after(axis, last, rule) for axis, (*_, last) in zip(axes, found, strict=True))
    return Slide(found, kernel, dilation, after)


def _after(axis: Axis, last: int, rule: str) -> int:
    """The cells of padding at the end: those that were asked for, or that the last window needs."""
    return max(0, last + axis.span - axis.size) if "same" in rule else axis.after


def _rule_of(layer: Any) -> str:
    """The name of the rule by which windows are placed; PyTorch's where none is given."""
    if getattr(layer, "rule", None) is not None:
        return str(layer.rule.name)
    return "ceil" if getattr(layer, "ceil_mode", False) else "floor"


def value_at(tensor: Tensor, place: tuple[int, ...]) -> Number | None:
    """The number at that place, or None beyond the border."""
    found: Any = tensor
    for index in place:
        if not 0 <= index < len(found):
            return None
        found = found[index]
    return cast(Number, found)
