"""What a run keeps and reports; and the loops, by the name of their layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, TypeAlias, TypeVar

from layercost.witness.numbers import Number, Tally, Tensor, each, flat, shape

Place: TypeAlias = tuple[int, ...]


class Values:
    """Values that a layer keeps, each made when it is first asked for, as ``weight[3, 0, 2, 1]``."""

    def __init__(self, log: dict[str, int], *, trained: bool) -> None:
        self.log, self.trained = log, trained
        self.known: dict[Place, Number] = {}

    def __getitem__(self, place: Place) -> Number:
        if place not in self.known:
            self.known[place] = Number(some(len(self.known)) / 8, self.log)
        return self.known[place]

    def __setitem__(self, place: Place, number: Number) -> None:
        self.known[place] = number


def some(position: int) -> float:
    """Some value from -5/8 to 5/8, the same in every run."""
    return (7 * position % 11 - 5) / 8


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
    def kept(self) -> int:
        """The values that are left for the next tokens."""
        return self.tally.kept

    @property
    def additions(self) -> int:
        """All additions: of products, of biases, in sums."""
        return self.tally.additions

    @property
    def comparisons(self) -> int:
        """All comparisons of two values."""
        return self.tally.comparisons

    def __str__(self) -> str:
        noted = self.tally._asdict()
        noted.pop("accumulations")  # they are among the additions
        held = {"parameters": self.parameters, "buffers": self.buffers}
        seen = (f"{often:,} {what.replace('_', ' ')}" for what, often in (held | noted).items() if often)
        return ", ".join([f"output {self.output_shape}", *seen])


class Run:
    """One run: what was noted so far, and the values that each layer keeps from call to call.

    `cached` tokens of each sample have been read before: what loops make of them is at hand.
    """

    def __init__(self, *, training: bool = False, cached: int = 0) -> None:
        self.training, self.cached = training, cached
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

    def earlier(self, width: int) -> list[list[Number]]:
        """What a layer read when the cached tokens were new: some values of each."""
        return [[self.number(some(t + 3 * d)) for d in range(width)] for t in range(self.cached)]

    @contextmanager
    def at_hand(self) -> Iterator[None]:
        """What is done here was done before, or is not done at all, and is not noted; what is kept stays."""
        noted = dict(self.log)
        yield
        self.log.update(noted | {"kept": self.log["kept"]})

    def leave(self, *tensors: Tensor) -> None:
        """Note values as left for the next tokens; in training there are none that would read them."""
        if not self.training:
            self.log["kept"] += sum(len(flat(tensor)) for tensor in tensors)

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
            output_shape=shape(samples[0]),
            output=[each(lambda number: number.value, sample) for sample in samples],
            parameters=sum(len(values.known) for values in kept if values.trained),
            buffers=sum(len(values.known) for values in kept if not values.trained),
            tally=tally,
            parts={} if layer is not None else self.parts,
        )


def held(seen: Witness) -> Witness:
    """The witness of a layer that is held and not run: its values are there, and nothing is done."""
    return replace(seen, output=[], tally=Tally(kept=seen.tally.kept))


OfSample: TypeAlias = Callable[[Any, Tensor, Run], Tensor]
OfBatch: TypeAlias = Callable[[Any, list[Tensor], Run], list[Tensor]]
S = TypeVar("S", bound=OfSample)
B = TypeVar("B", bound=OfBatch)

LOOPS: dict[str, OfBatch] = {}


def loops(*names: str) -> Callable[[S], S]:
    """What layers of these names do with one sample."""

    def known(of_sample: S) -> S:
        @wraps(of_sample)
        def of_batch(layer: Any, samples: list[Tensor], this: Run) -> list[Tensor]:
            return [of_sample(layer, one, this) for one in samples]

        LOOPS.update(dict.fromkeys(names, of_batch))
        return of_sample

    return known


def batch_loops(*names: str) -> Callable[[B], B]:
    """What layers of these names do with all samples together."""

    def known(of_batch: B) -> B:
        LOOPS.update(dict.fromkeys(names, of_batch))
        return of_batch

    return known


def written(name: str) -> str:
    """The loops of the layers of that name, as their code stands here; raises KeyError where there are none.

    >>> print(written("Linear").splitlines()[-1].strip())
    return output
    """
    import inspect

    lines = inspect.getsource(inspect.unwrap(LOOPS[name])).splitlines()
    return "\n".join(line for line in lines if not line.startswith("@"))
