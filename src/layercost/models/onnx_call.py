"""One node of an ONNX file, with the sizes of its inputs and the numbers of those that are constants."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from layercost.models.onnx_file import Node, Sizes
from layercost.models.onnx_numbers import Numbers


class Untold(Exception):
    """A node whose sizes do not follow from what is known; the text says why."""


class Call:
    """A node as a rule of shapes sees it; what is not known raises Untold."""

    def __init__(
        self,
        node: Node,
        opset: int,
        sizes_of: Callable[[str], Sizes | None],
        numbers_of: Callable[[str], Numbers | None],
    ) -> None:
        self.node, self.opset = node, opset
        self._sizes_of, self._numbers_of = sizes_of, numbers_of

    def get(self, name: str, usual: Any) -> Any:
        """An attribute, or what it is where the file does not say."""
        return self.node.attributes.get(name, usual)

    def has(self, place: int) -> bool:
        """Whether there is an input at that place."""
        return place < len(self.node.input) and bool(self.node.input[place])

    def sizes(self, place: int = 0) -> Sizes:
        """The sizes of an input."""
        if not self.has(place):
            raise Untold(f"it has no input {place}")
        found = self._sizes_of(self.node.input[place])
        if found is None:
            raise Untold(f"the sizes of {self.node.input[place]} are not known")
        return found

    def all_sizes(self) -> list[Sizes]:
        """The sizes of all inputs."""
        return [self.sizes(place) for place, name in enumerate(self.node.input) if name]

    def known(self, place: int) -> Numbers | None:
        """The numbers of an input, where it is a small constant."""
        return self._numbers_of(self.node.input[place]) if self.has(place) else None

    def numbers(self, place: int) -> tuple[Any, ...]:
        """The numbers of an input that has to be a small constant."""
        found = self.known(place)
        if found is None:
            what = self.node.input[place] if self.has(place) else f"its input {place}"
            raise Untold(f"the numbers of {what} are no constants that are known")
        return found.values

    def number(self, place: int) -> int:
        """The only number of such an input."""
        found = self.numbers(place)
        if len(found) != 1:
            raise Untold(f"{self.node.input[place]} should be a single number, and has {len(found)}")
        return int(found[0])

    def setting(self, name: str, place: int) -> tuple[int, ...] | None:
        """Whole numbers that stand in an attribute in old files, and in an input in new ones."""
        found = self.get(name, None)
        if found is None and self.has(place):
            found = self.numbers(place)
        if found is None:
            return None
        return tuple(map(int, found if isinstance(found, tuple) else (found,)))

    def axes(self, axes: Iterable[int], rank: int) -> list[int]:
        """Axes counted from the first."""
        return [self.axis(axis, rank) for axis in axes]

    def axis(self, axis: int, rank: int) -> int:
        """An axis counted from the first."""
        if not -rank <= axis < rank:
            raise Untold(f"it names axis {axis} of {rank}")
        return axis % rank


Given: TypeAlias = "Sizes | list[Sizes | None]"
Rule: TypeAlias = Callable[[Call], Given]
"""The sizes of what a node gives: of its first output, or a list with those of all."""


def broadcast(shapes: Iterable[Sizes]) -> Sizes:
    """The sizes of values that are spread over each other, by numpy's rule."""
    found: Sizes = ()
    for sizes in shapes:
        rank = max(len(found), len(sizes))
        first, second = ((1,) * (rank - len(one)) + one for one in (found, sizes))
        if any(1 not in (a, b) and a != b for a, b in zip(first, second, strict=True)):
            raise Untold(f"{shown_sizes(found)} and {shown_sizes(sizes)} cannot be spread over each other")
        found = tuple(b if a == 1 else a for a, b in zip(first, second, strict=True))
    return found


def shown_sizes(sizes: Sizes) -> str:
    """Sizes as a message shows them."""
    return " x ".join(map(str, sizes)) or "one number"
