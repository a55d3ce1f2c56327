"""Layers of named parts: an attention's queries and keys, an expert's matrices, told apart in tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, ClassVar, TypeAlias

from layercost.expression import Number, times
from layercost.facts import Held, Kind, Operation, Role
from layercost.frozen import frozen
from layercost.layer import LAYERS, Layer
from layercost.setting import INFERENCE

Holds: TypeAlias = Mapping[str, tuple[Held, ...]]  # what each part keeps
Does: TypeAlias = Mapping[str, tuple[Operation, ...]]  # what each part performs
Maps: TypeAlias = dict[str, tuple[Number, Number, bool]]  # inputs, outputs, and whether there is a bias
Sources: TypeAlias = Mapping[str, tuple[str, ...]]
FIRST, SECOND = "0", "1"  # what comes in, where the sources of a part are named


@frozen
class Parted(Layer):
    """A layer that says part by part what it holds and does; together that is its parameters and operations.

    `kind` is what tables of types put before the name of a part, as ``attention.q``.
    """

    kind = ""

    def holds(self) -> Holds:
        """What each part keeps, by the part's name."""
        return {}

    def does(self, *shapes: Any, **call: Any) -> Does:
        """What each part performs; called as ``does(*shapes, output=..., setting=...)``."""
        return {}

    def maps(self) -> Maps:
        """The linear maps among the parts: what an adapter can be put beside."""
        return {}

    def sources(self) -> Sources:
        """What each part that multiplies reads: other parts, or what comes in (`FIRST`, `SECOND`).

        A product of two inputs reads two. A part that is not named reads all that stands before it.
        """
        return {}

    def parameters(self) -> tuple[Held, ...]:
        return _held(self)

    def operations(self, *shapes: Any, **call: Any) -> tuple[Operation, ...]:
        return _done(self, shapes, tuple(call.items()))

    def only(self, part: str, *input_shapes: Iterable[object]) -> Layer | None:
        """Some parts alone, as ``scores+context``; None unless it has all of them on these shapes.

        Who believes that there is no such part sees it do nothing.
        """
        shapes, output = self.fitted(*input_shapes)
        plain = self._as(LAYERS.get(type(self).__name__, type(self)))
        known = {*plain.holds(), *plain.does(*shapes, output=output, setting=INFERENCE)}
        wanted = frozenset(part.split("+"))
        if not wanted <= known:
            return None
        kind: Any = type(self)
        some: Layer = self._as(_some_of(wanted, kind))
        return some

    def _as(self, kind: type) -> Any:
        """The same fields in an object of another class."""
        twin: Any = object.__new__(kind)
        twin.__dict__.update(self.__dict__)
        return twin


_REMEMBERED = 1024  # a model has dozens of blocks of one size: what is alike is worked out once


@lru_cache(_REMEMBERED)
def _held(layer: Parted) -> tuple[Held, ...]:
    return tuple(
        [one._replace(name=f"{part}.{one.name}") for part, held in layer.holds().items() for one in held]
    )


@lru_cache(_REMEMBERED)
def _done(layer: Parted, shapes: tuple[Any, ...], call: tuple[tuple[str, Any], ...]) -> tuple[Operation, ...]:
    return tuple([one for part in layer.does(*shapes, **dict(call)).values() for one in part])


class _Some(Parted):
    """In front of a class of layers: those parts alone that are `wanted`."""

    wanted: ClassVar[frozenset[str]] = frozenset()

    def holds(self) -> Holds:
        return {name: held for name, held in super().holds().items() if name in self.wanted}

    def does(self, *shapes: Any, **call: Any) -> Does:
        return {name: done for name, done in super().does(*shapes, **call).items() if name in self.wanted}


@lru_cache
def _some_of(wanted: frozenset[str], kind: type[Parted]) -> type[Parted]:
    return type(kind.__name__, (_Some, kind), {"wanted": wanted})


def matrix(inputs: Number, outputs: Number, bias: bool) -> tuple[Held, ...]:
    """What a linear map keeps."""
    weight = Held("weight", times(outputs, inputs))
    return (weight, Held("bias", outputs)) if bias else (weight,)


def products(rows: Number, inputs: Number, outputs: Number, bias: bool) -> tuple[Operation, ...]:
    """What a linear map does to `rows` rows: a dot product for each output, and its bias."""
    amount = times(rows, outputs)
    dots = Operation(Kind.DOT, Role.WEIGHTS, amount, inputs)
    return (dots, Operation(Kind.ADD, Role.BIAS, amount)) if bias else (dots,)
