"""How far the dialects agree with what the tools were measured to print: every number, one by one.

The measured readings are data (``tests/dialects/readings.json``); a subject there is a layer's expression or
a network, with everything about it that some tool looks at. What is not reproduced has its reason in
`EXCEPTIONS`, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from layercost.convention import UnknownNameError
from layercost.dialects.dialect import DIALECTS
from layercost.dialects.reading import Reading, flat, read
from layercost.layer import Layer, layer_from_text
from layercost.layers import Parallel, Sequential
from layercost.message import Message
from layercost.networks import network_named

# (dialect, subject): why our reading differs from the tool's.
EXCEPTIONS: Mapping[tuple[str, str], str] = {
    ("fvcore", "iadd_64x56"): "the measured module first clones its input, which our tree does not do",
    ("keras+tf.profiler", "lstm_128_64_T10_rolled"): (
        "we read an unrolled layer: of a loop the profiler counts its body once, and what Keras ran before "
        "it to learn the output's shape, whatever the number of steps"
    ),
}


class Compared(NamedTuple):
    """One number of one reading: measured, and ours (None where one of the two does not have it)."""

    dialect: str
    subject: str
    name: str
    measured: object
    ours: object

    @property
    def agrees(self) -> bool:
        """Whether ours is the measured one."""
        return self.measured == self.ours

    @property
    def reason(self) -> str | None:
        """Why they differ; None where nobody has said why."""
        return EXCEPTIONS.get((self.dialect, self.subject))


@dataclass(frozen=True)
class Coverage:
    """Every number of every measured reading, beside ours."""

    numbers: tuple[Compared, ...]
    subjects: Mapping[str, str]

    @property
    def exceptions(self) -> tuple[Compared, ...]:
        """The numbers that are not reproduced."""
        return tuple(number for number in self.numbers if not number.agrees)

    @property
    def share(self) -> float:
        """Exceptions over all numbers."""
        return len(self.exceptions) / len(self.numbers)

    def of(self, dialect: str, subject: str | None = None) -> tuple[Compared, ...]:
        """The numbers of a dialect, or of one of its subjects."""
        return tuple(n for n in self.numbers if n.dialect == dialect and subject in (None, n.subject))

    @property
    def dialects(self) -> tuple[str, ...]:
        """The dialects that were measured, in the order of the data."""
        return tuple(dict.fromkeys(number.dialect for number in self.numbers))


def coverage(data: Mapping[str, Any]) -> Coverage:
    """The measured readings in `data` beside ours; raises UnknownNameError for a tool that has no dialect."""
    found = tuple(number for dialect in data["readings"] for number in _numbers(data, dialect))
    return Coverage(found, {name: subject["what"] for name, subject in data["subjects"].items()})


def _numbers(data: Mapping[str, Any], dialect: str) -> Iterator[Compared]:
    if dialect not in DIALECTS:
        raise UnknownNameError(Message("dialect"), dialect, DIALECTS)
    for subject, measured in data["readings"][dialect].items():
        reading = read_subject(data["subjects"][subject], dialect)
        ours = {"error": True} if reading.failure else reading.native
        there = {"error": True} if "error" in measured else measured
        pairs = dict(flat(there)), dict(flat(ours))
        for name in dict.fromkeys([*pairs[0], *pairs[1]]):
            yield Compared(dialect, subject, name, pairs[0].get(name), pairs[1].get(name))


# ---- subjects ----------------------------------------------------------------------------------


def read_subject(subject: Mapping[str, Any], dialect: str) -> Reading:
    """Our reading of a subject of the data."""
    layer, shape = subject_layer(subject)
    known = ("batch", "spelling", "held_by_parent")
    return read(layer, shape, dialect, **{name: subject[name] for name in known if name in subject})


def subject_layer(subject: Mapping[str, Any]) -> tuple[Layer, Iterable[object]]:
    """The layer or network that a subject describes, and its input without the batch."""
    if "layer" in subject:
        layer = layer_from_text(subject["layer"])
        return (Sequential(layer, layer) if subject.get("twice") else layer), tuple(subject["input"])
    network = network_named(subject["network"], subject.get("version"))
    layer = _changed(network, subject)
    return layer, network.input_shape


def _changed(network: Layer, subject: Mapping[str, Any]) -> Layer:
    """A network with types of layers left out, and others appended, as the subject tells."""
    without = set(subject.get("without", ()))
    appended = [layer_from_text(text) for text in subject.get("append", ())]
    if not (without or appended):
        return network
    kept = _kept(network, without)
    assert isinstance(kept, Sequential)
    return Sequential(dict(kept.children) | {f"appended{n}": more for n, more in enumerate(appended)})


def _kept(layer: Layer, without: set[str]) -> Layer:
    """The tree without layers of these types; an auxiliary head stays as it is."""
    if not isinstance(layer, (Sequential, Parallel)):
        return layer
    children = {
        name: _kept(child, without) for name, child in layer.children if type(child).__name__ not in without
    }
    return Parallel(children, join=layer.join) if isinstance(layer, Parallel) else Sequential(children)
