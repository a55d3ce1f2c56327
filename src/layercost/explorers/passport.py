"""The passport of a network: what it holds, what it does, how many bytes and how long, each in its units.

The arithmetic of the time is what the machine does, whatever it is called: MACs are doubled before they are
divided by FLOP/s. Beside it stands the time that moving the bytes takes; the longer of both decides.
Source: Williams, Waterman, Patterson 2009 (Roofline).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property, lru_cache, partial
from itertools import chain
from math import log10
from typing import Any

from layercost.convention import CONVENTIONS, Quantity, bytes_of, memory
from layercost.explorers import parts, telling
from layercost.explorers.answers import as_known
from layercost.explorers.controls import Choice, Control, ConventionSwitch, Size
from layercost.explorers.explorer import Explorer
from layercost.explorers.markup import drawing, line, words
from layercost.explorers.polynomial import Polynomial, interpolated
from layercost.explorers.subject import Subject
from layercost.expression import Symbol, expression, times
from layercost.intensity import Intensity, arithmetic_intensity
from layercost.layers.model import Model
from layercost.message import Message
from layercost.message import spoken as _
from layercost.networks import network_named
from layercost.view import escaped, number, tag

NAMES = {
    "lenet5": Message("LeNet-5"),
    "alexnet": Message("AlexNet"),
    "vgg16": Message("VGG-16"),
    "googlenet": Message("GoogLeNet"),
    "resnet50": Message("ResNet-50"),
    "mobilenet_v2": Message("MobileNetV2"),
}
FORMATS = ("float32", "float16", "int8")
GIGA = 10**9
_GIVES_FLOPS = "two-a-mac"  # what a count of MACs is turned into before it is divided by FLOP/s


# ---- numbers in words ---------------------------------------------------------------------------


def shortened(amount: int | Fraction) -> str:
    """A number in three digits, as papers print it: ``30.9 G``."""
    for letter, size in (("T", 10**12), ("G", 10**9), ("M", 10**6), ("K", 10**3)):
        if amount >= size:
            return f"{_three_digits(amount / Fraction(size))} {letter}"
    return _three_digits(Fraction(amount))


FLOPS_A_SECOND = (
    (10**15, Message("{amount} PFLOP/s")),
    (10**12, Message("{amount} TFLOP/s")),
    (10**9, Message("{amount} GFLOP/s")),
)
BYTES_A_SECOND = (
    (10**15, Message("{amount} PB/s")),
    (10**12, Message("{amount} TB/s")),
    (10**9, Message("{amount} GB/s")),
)
_PARTS_OF_A_SECOND = (
    (1, Message("{amount} s")),
    (1000, Message("{amount} ms")),
    (10**6, Message("{amount} µs")),
    (10**9, Message("{amount} ns")),
)


def rate(amount: int, units: Sequence[tuple[int, Message]]) -> str:
    """A speed in as few digits as it has, in the largest unit that fits: ``10 TFLOP/s``."""
    size, said = next((one for one in units if amount >= one[0]), units[-1])
    return _in(said, f"{amount / size:g}")


def lasting(seconds: Fraction) -> str:
    """A time in three digits: ``3.09 ms``."""
    part, said = next((one for one in _PARTS_OF_A_SECOND if seconds * one[0] >= 1), _PARTS_OF_A_SECOND[-1])
    return _in(said, _three_digits(seconds * part))


def _in(unit: Message, amount: str) -> str:
    return str(unit.filled(amount=amount))


def _three_digits(amount: Fraction) -> str:
    places = 2 if amount < 10 else 1 if amount < 100 else 0
    whole, rest = divmod(round(amount * 10**places), 10**places)
    return f"{number(whole)}.{rest:0{places}d}" if places else number(whole)


# ---- what a network is ----------------------------------------------------------------------------


def _shape(net: Model) -> tuple[int, ...]:
    """The image that a network reads."""
    return tuple(int(size) for size in net.input_shape if isinstance(size, int))


@lru_cache(maxsize=64)
def _subject(name: str, batch: int) -> Subject:
    net = network_named(name)
    return Subject(net, _shape(net), name, batch)


@lru_cache(maxsize=256)
def _moves(name: str, batch: int, dtype: str) -> Intensity:
    net = _subject(name, batch).layer
    return arithmetic_intensity(net, _subject(name, batch).shape, _GIVES_FLOPS, batch=batch, dtype=dtype)


@dataclass(frozen=True)
class Passport:
    """A network for a batch, its number format, and a machine: FLOP/s in G, memory in GB a second."""

    network: str
    batch: int
    dtype: str
    speed: int
    bandwidth: int

    @property
    def subject(self) -> Subject:
        """The network on its input."""
        return _subject(self.network, self.batch)

    @cached_property
    def parameters(self) -> int:
        """The values that training sets."""
        return int(self.subject.table().total.parameters)

    @property
    def bytes(self) -> int:
        """The bytes of the parameters."""
        return bytes_of(self.parameters, self.dtype)

    def work(self, convention: str) -> int:
        """The operations by a convention, in its unit."""
        return int(self.subject.table(convention).total.flops or 0)

    @property
    def macs(self) -> int:
        """The multiply-accumulates."""
        return self.work("macs")

    @property
    def moves(self) -> Intensity:
        """The bytes that a run moves."""
        return _moves(self.network, self.batch, self.dtype)

    def computes(self, convention: str) -> Fraction:
        """The seconds that the arithmetic takes at least."""
        return Fraction(self.work(_in_flops(convention)), self.speed * GIGA)

    @property
    def transfers(self) -> Fraction:
        """The seconds that moving the bytes takes at least."""
        return Fraction(self.moves.bytes, self.bandwidth * GIGA)

    def takes(self, convention: str) -> Fraction:
        """The longer of both: arithmetic and transfer can go on at the same time."""
        return max(self.computes(convention), self.transfers)

    @property
    def in_flops(self) -> str:
        """The speed of the machine, as ``10 TFLOP/s``."""
        return rate(self.speed * GIGA, FLOPS_A_SECOND)

    @property
    def in_bytes(self) -> str:
        """The speed of its memory, as ``1 TB/s``."""
        return rate(self.bandwidth * GIGA, BYTES_A_SECOND)

    @property
    def words(self) -> str:
        """The network, batch, format and machine in a few words."""
        return _("{network} in {dtype}, batch {batch}, at {speed} and {bandwidth}",
                 network=str(NAMES[self.network]), dtype=self.dtype, batch=number(self.batch),
                 speed=self.in_flops, bandwidth=self.in_bytes)  # fmt: skip


def _in_flops(convention: str) -> str:
    """The convention of the arithmetic: a machine's speed is in FLOP/s, so MACs are doubled."""
    return _GIVES_FLOPS if CONVENTIONS[convention].unit == "MACs" else convention


# ---- the explorer -----------------------------------------------------------------------------------


class PassportExplorer(Explorer):
    """One network of several; convention, number format and machine can be changed."""

    name = "passport"
    controls = (
        Choice("network", Message("network"), "vgg16",
               [(said, name) for name, said in NAMES.items()], main=True),
        ConventionSwitch(main=True),
        Choice("dtype", Message("number format"), "float32", FORMATS, buttons=True, main=True),
        Size("speed", Message("machine, GFLOP/s"), 10_000, 1, 1_000_000, main=True),
        Size("bandwidth", Message("its memory, GB/s"), 1000, 1, 10_000),
        Size("batch", Message("batch"), 1, 1, 1024, letter="N"),
    )  # fmt: skip

    @classmethod
    def _all_controls(cls) -> Sequence[Control]:
        return cls.controls  # the convention stands beside the picture here

    def build(self, settings: Mapping[str, Any]) -> Passport:
        return Passport(*(settings[field] for field in ("network", "batch", "dtype", "speed", "bandwidth")))

    def subject(self, built: Passport) -> Subject:
        return built.subject

    def describe(self, built: Passport) -> str:
        return built.words

    def amounts(self, built: Passport) -> list[tuple[str, int]]:
        return [
            (_("bytes of parameters"), built.bytes),
            (_("MACs"), built.macs),
            (_("parameters"), built.parameters),
        ]

    def told(self) -> dict[str, Any]:
        named = {name: as_known(self._declared["network"], name) for name in NAMES}
        batch = self._declared["batch"]
        assert isinstance(batch, Size)
        found = telling.told([_LONGER], chain.from_iterable(_told(*one, batch) for one in named.items()))
        return {**found, "longer": {_LONGER: [_ARITHMETIC, _MEMORY]}, "units": _units_told()}

    def picture(self, built: Passport, settings: Mapping[str, Any]) -> str:
        convention = settings["convention"]
        return (
            tag("dl", *_entries(built, convention), class_="lc-passport")
            + line_up(built, convention)
            + _race(built, convention)
        )

    def headlines(self, built: Passport, settings: Mapping[str, Any]) -> Iterator[str]:
        convention = settings["convention"]
        if built.transfers > built.computes(convention):
            yield self._transfer(built)
        else:
            yield self._arithmetic(built, convention)

    def _arithmetic(self, built: Passport, convention: str) -> str:
        work = built.macs if CONVENTIONS[convention].unit == "MACs" else built.work(convention)
        said = arithmetic(convention, number(work), built.in_flops, lasting(built.computes(convention)))
        return parts.said_line(_("arithmetic"), said)

    def _transfer(self, built: Passport) -> str:
        said = transfer(number(built.moves.bytes), built.in_bytes, lasting(built.transfers))
        return parts.said_line(_("memory"), said)

    def lines(self, built: Passport, settings: Mapping[str, Any]) -> Iterator[str]:
        yield self._arithmetic(built, settings["convention"])
        yield self._transfer(built)
        size, in_units = bytes_of(1, built.dtype), memory(built.bytes)
        held = Symbol("P", built.parameters)
        yield parts.derivation(_("bytes"), expression(times(held, size)), _("bytes"))
        yield parts.said_line(
            _("units"), f"{number(built.bytes)} {_('bytes')} = {in_units.decimal} = {in_units.binary}"
        )
        doubled = expression(times(2, Symbol("M", built.macs)))
        yield parts.derivation(_("a MAC as two"), doubled, "FLOPs", _GIVES_FLOPS)
        work = built.work(_in_flops(settings["convention"]))
        yield parts.said_line(
            _("intensity"),
            _("{flops} FLOPs ÷ {bytes} bytes moved = {ratio} FLOPs a byte; the machine can do {balance}",
              flops=number(work), bytes=number(built.moves.bytes), ratio=f"{work / built.moves.bytes:,.2f}",
              balance=f"{built.speed / built.bandwidth:,.2f}"),
        )  # fmt: skip

    def rows(self, built: Passport, settings: Mapping[str, Any]) -> list[tuple[str, int | str, str]]:
        convention, in_units = settings["convention"], memory(built.bytes)
        unit = f"{CONVENTIONS[convention].unit} · {convention}"
        return [
            (_("parameters"), built.parameters, ""),
            (_("MACs"), built.macs, "MACs"),
            (_("work"), built.work(convention), unit),
            (_("parameters in {dtype}", dtype=built.dtype), built.bytes, _("bytes")),
            (_("in powers of 1,000"), *_apart(in_units.decimal)),
            (_("in powers of 1,024"), *_apart(in_units.binary)),
            (_("bytes moved"), built.moves.bytes, _("bytes")),
            (_("time of the arithmetic"), *_apart(lasting(built.computes(convention)))),
            (_("time of the transfer"), *_apart(lasting(built.transfers))),
        ]

    def tables(self, built: Passport, settings: Mapping[str, Any]) -> Iterator[str]:
        heads = [_("what"), _("value"), _("unit")]
        yield parts.plain_table(escaped(self.describe(built)), heads, self.rows(built, settings))


def arithmetic(convention: str, work: str, speed: str, took: str) -> str:
    """The time of the arithmetic as markup; MACs are doubled before a reader's eyes."""
    exact = f"2 × {work} MACs" if CONVENTIONS[convention].unit == "MACs" else f"{work} FLOPs"
    return f"{exact} ÷ {speed} = {tag('b', took)}"


def transfer(size: str, speed: str, took: str) -> str:
    """The time of moving the bytes, likewise."""
    return f"{size} {_('bytes')} ÷ {speed} = {tag('b', took)}"


# ---- what a page says without Python ----------------------------------------------------------------------

_LONGER, _ARITHMETIC, _MEMORY = "longer", "arithmetic", "memory"  # names of lines


def _units_told() -> dict[str, list[list[Any]]]:
    """The units of the machine's two speeds and of time, the largest first, as the page writes them."""
    units = {"speed": FLOPS_A_SECOND, "bandwidth": BYTES_A_SECOND, "time": _PARTS_OF_A_SECOND}
    return {name: [[size, str(said)] for size, said in each] for name, each in units.items()}


def _told(name: str, said: str, batch: Size) -> Iterator[dict[str, Any]]:
    """Of one network the two times, and what is heard; all of them follow the batch."""
    when = {"network": said}

    @cache
    def total(quantity: Quantity, convention: str) -> Polynomial:
        return _by_batch(batch, lambda many: _subject(name, many).count(quantity, convention).total)

    for convention in CONVENTIONS:
        printed = "macs" if CONVENTIONS[convention].unit == "MACs" else convention
        text = arithmetic(convention, "{0}", "{speed}", "{took}")
        shown, work = (total(Quantity.FLOPS, one) for one in (printed, _in_flops(convention)))
        yield _time(
            _ARITHMETIC, "speed", when, text, shown, work, convention=convention, name=_("arithmetic")
        )
    for dtype in FORMATS:
        moved = _by_batch(batch, partial(_bytes, name, dtype))
        text = transfer("{0}", "{speed}", "{took}")
        yield _time(_MEMORY, "bandwidth", {**when, "dtype": dtype}, text, moved, moved, name=_("memory"))
    yield from telling.totals(total, ["batch"], when)


def _bytes(name: str, dtype: str, batch: int) -> int:
    return _moves(name, batch, dtype).bytes


def _by_batch(batch: Size, count: Callable[[int], int]) -> Polynomial:
    return interpolated(lambda at: count(at["batch"]), {"batch": batch}, {"batch": 1})


def _time(
    quantity: str, field: str, when: Mapping[str, Any], text: str, shown: Polynomial, work: Polynomial,
    **more: Any,
) -> dict[str, Any]:  # fmt: skip
    """How long the work takes at the speed in a field, in G a second."""
    rate = {"field": field, "times": GIGA}
    return telling.held(
        quantity, {"batch": "batch", field: field}, when, **telling.follows(work), text=text,
        numbers=[telling.follows(shown)], rate=rate, **more,
    )  # fmt: skip


def _apart(said: str) -> tuple[str, str]:
    """A number and its unit."""
    amount, _space, unit = said.partition(" ")
    return amount, unit


# ---- the entries ------------------------------------------------------------------------------------


def _entries(built: Passport, convention: str) -> Iterator[str]:
    in_units, work = memory(built.bytes), built.work(convention)
    unit = str(CONVENTIONS[convention].unit)
    yield _entry(_("holds"), number(built.parameters), _("parameters"), shortened(built.parameters),
                 _("fixed"), "")  # fmt: skip
    yield _entry(_("does"), number(work), unit, shortened(work), convention, "lc-by-convention")
    two = f"{_rounded(in_units.decimal)} = {_rounded(in_units.binary)}"
    yield _entry(_("weighs"), number(built.bytes), _("bytes"), two, built.dtype, "lc-by-format")
    yield _entry(_("takes"), lasting(built.takes(convention)), _("at least"), _deciding(built, convention),
                 built.in_flops, "lc-by-machine")  # fmt: skip


def _entry(name: str, exact: str, unit: str, short: str, stamp: str, by: str) -> str:
    """What it is, the exact number, how it is quoted, and the stamp of whatever decides it."""
    return tag(
        "div",
        tag("dt", escaped(name)),
        tag("dd", tag("b", exact, class_="lc-num"), f" {escaped(unit)}", class_="lc-exact"),
        tag("dd", escaped(short), class_="lc-short"),
        tag("dd", tag("span", escaped(stamp), class_=f"lc-stamp {by}".strip())),
        class_="lc-entry",
    )


def _rounded(size: str) -> str:
    amount, unit = _apart(size)
    return f"{_three_digits(Fraction(amount.replace(',', '')))} {unit}"


def _deciding(built: Passport, convention: str) -> str:
    if built.transfers > built.computes(convention):
        return _("memory decides")
    return _("arithmetic decides")


# ---- all numbers on one line -------------------------------------------------------------------------

WIDTH, HEIGHT = 372, 84
_LEFT, _RIGHT, _AXIS = 12, 360, 38
_LOW, _HIGH = 2, 15  # powers of ten at the ends


def place(amount: int) -> float:
    """Where an amount stands on the logarithmic line."""
    exponent = min(max(log10(amount), _LOW), _HIGH)
    return _LEFT + (_RIGHT - _LEFT) * (exponent - _LOW) / (_HIGH - _LOW)


def line_up(built: Passport, convention: str) -> str:
    """What one network is called, on one line: parameters and bytes above it, MACs and work under it."""
    unit, work = str(CONVENTIONS[convention].unit), built.work(convention)
    above = [(_("parameters"), built.parameters), (_("bytes"), built.bytes)]
    below = [("MACs", built.macs), (unit, work)]
    says = _(
        "On a line where each step is ten times as much: {parameters} parameters, {bytes} bytes, "
        "{macs} MACs, {work} {unit}.",
        parameters=number(built.parameters), bytes=number(built.bytes), macs=number(built.macs),
        work=number(work), unit=unit,
    )  # fmt: skip
    content = [
        *_scale(),
        *_marks(above, _AXIS - 8, "lc-mark-held"),
        *_marks(below, _AXIS + 8, "lc-mark-done"),
    ]
    return drawing("lc-line-up", WIDTH, HEIGHT, says, *content)


def _scale() -> Iterator[str]:
    yield line(_LEFT, _AXIS, _RIGHT, _AXIS, "lc-scale-line")
    for exponent, name in ((6, _("million")), (9, _("billion")), (12, _("trillion"))):
        x = place(10**exponent)
        yield line(x, _AXIS - 4, x, _AXIS + 4, "lc-scale-line")
        yield words(x, HEIGHT - 2, name, "lc-scale-name", text_anchor="middle")


def _marks(pair: Iterable[tuple[str, int]], y: float, kind: str) -> Iterator[str]:
    """Two points; the left one's name stands at its left, the right one's at its right."""
    first, second = pair
    (name, amount), (other, more) = first, second
    x, x2 = place(amount), place(more)
    up = y < _AXIS
    text = y - 6 if up else y + 14
    yield line(x, y, x2, y, f"lc-mark-way {kind}")
    yield tag("circle", class_=f"lc-mark {kind}", cx=x, cy=y, r=4)
    yield tag("circle", class_=f"lc-mark lc-mark-open {kind}", cx=x2, cy=y, r=4)
    if amount == more and name == other:
        yield words(x, text, escaped(name), "lc-mark-name", text_anchor="middle")
        return
    yield words(x - 3, text, escaped(name), "lc-mark-name", text_anchor="end")
    yield words(x2 + 3, text, escaped(other), "lc-mark-name")


# ---- arithmetic against memory -------------------------------------------------------------------------


def _race(built: Passport, convention: str) -> str:
    """Two bars to one scale: how long the arithmetic takes, and how long the memory."""
    both = ((_("arithmetic"), built.computes(convention)), (_("memory"), built.transfers))
    longest = max(seconds for _name, seconds in both)
    bars = [_lane(name, seconds, longest) for name, seconds in both]
    return tag("ul", *bars, class_="lc-race")


def _lane(name: str, seconds: Fraction, longest: Fraction) -> str:
    share, said = float(100 * seconds / longest), lasting(seconds)
    decides = " lc-decides" if seconds == longest else ""
    drawn = tag("rect", class_=f"lc-lane-bar{decides}", width=f"{share:.2f}%", height=12)
    bar = tag("svg", drawn, class_="lc-lane-bars", role="img", aria_label=f"{name}: {said}")
    return tag("li", tag("span", escaped(name)), bar, tag("b", said), class_="lc-lane")
