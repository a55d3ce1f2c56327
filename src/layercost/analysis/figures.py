"""Figures of speed that are asked for: each a formula of named numbers, with the beliefs that distort it.

A figure is a dataclass whose fields are what a question gives; `value` is exact, `worked` says how it comes
about. A belief gives the figure as the believer sees it: with other numbers, or as a class that overrides a
method, as the beliefs about layers do. Rates are in TFLOP/s (2 a multiply-accumulate), bandwidths in GB/s.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import Any, ClassVar, NamedTuple, TypeVar

from layercost.expression import Expression, Number, Symbol, ceil_div, exact_div, expression
from layercost.intensity import map_intensity
from layercost.message import Message, Words
from layercost.misconception import MISCONCEPTIONS
from layercost.shape import ShapeError
from layercost.view import number

TERA, GIGA = 10**12, 10**9
THOUSANDS = {"MB": 2, "GB": 3}  # how often a unit of bytes is divided by a thousand
_EXACT = 10**12  # how finely a root that is not whole is kept


class Worked(NamedTuple):
    """A line of how a figure comes about: words, and a formula with its numbers where there is one."""

    words: Message
    formula: Expression | None = None
    unit: str = ""


@dataclass(frozen=True)
class Figure:
    """A figure of named numbers."""

    unit: ClassVar[str] = ""  # what it is given in; a plain number has none
    whole: ClassVar[bool] = False  # whether it is a whole number, of which no neighbour is right

    @property
    def value(self) -> Fraction:
        """The figure, exactly."""
        raise NotImplementedError

    def worked(self) -> Iterator[Worked]:
        """How it comes about, line by line."""
        raise NotImplementedError

    @property
    def hint(self) -> Message:
        """Where to begin."""
        raise NotImplementedError


FIGURES: dict[str, type[Figure]] = {}
Kind = TypeVar("Kind", bound=type[Figure])


def figure(name: str) -> Callable[[Kind], Kind]:
    """Make a figure known, by the name that a question asks for it with."""

    def known(kind: Kind) -> Kind:
        FIGURES[name] = kind
        return kind

    return known


def taken(kind: type[Figure]) -> list[str]:
    """The numbers that a figure takes."""
    return [each.name for each in fields(kind)]


def rooted(square: Fraction) -> Fraction:
    """The root, exactly where it is whole over whole, else to twelve digits."""
    return Fraction(
        math.isqrt(square.numerator * square.denominator * _EXACT**2), square.denominator * _EXACT
    )


def divided(whole: int, parts: int, wanted: Message) -> int:
    """How large each of some equal parts is; raises ShapeError with what was wanted where they are not."""
    if whole % parts:
        raise ShapeError(
            Message("expected {wanted}, but {whole} / {parts} is not whole", wanted=wanted,
                    whole=number(whole), parts=number(parts))
        )  # fmt: skip
    return whole // parts


def written(amount: Fraction) -> str:
    """An amount as a line of a solution has it: whole where it is large, else with four digits at least."""
    if amount.denominator == 1 or amount >= 10_000:
        return number(round(amount))
    return f"{float(amount):,.1f}" if amount >= 1000 else f"{float(amount):,.4g}"


# ---- the figures ---------------------------------------------------------------------------------


@figure("ridge")
@dataclass(frozen=True)
class Ridge(Figure):
    """The FLOPs a byte at which computing and reading take as long as each other."""

    peak: int
    bandwidth: int
    times: int = 1

    unit = "FLOPs a byte"
    hint = Message("How many operations can be done while one byte arrives?")

    @property
    def value(self) -> Fraction:
        return Fraction(self.peak * TERA * self.times, self.bandwidth * GIGA)

    def worked(self) -> Iterator[Worked]:
        yield Worked(
            Message("FLOP/s over bytes a second: {peak} / {bandwidth} = {value}.",
                    peak=number(self.peak * TERA), bandwidth=number(self.bandwidth * GIGA),
                    value=written(self.value))
        )  # fmt: skip


@figure("even-tokens")
@dataclass(frozen=True)
class EvenTokens(Ridge):
    """How many tokens pass a matrix at once before multiplying takes as long as reading it."""

    weight_bits: int = 16

    unit = "tokens"
    hint = Message("A weight is read once, and does two FLOPs for each token: how many until the ridge?")

    @property
    def value(self) -> Fraction:
        return Ridge(self.peak, self.bandwidth, self.times).value * Fraction(self.weight_bits, 8) / 2

    def worked(self) -> Iterator[Worked]:
        ridge = Ridge(self.peak, self.bandwidth)
        yield from ridge.worked()
        yield Worked(
            Message("A weight of {bytes} bytes does 2 FLOPs a token: {ridge} · {bytes} / 2 = {value}.",
                    bytes=written(Fraction(self.weight_bits, 8)), ridge=written(ridge.value),
                    value=written(self.value))
        )  # fmt: skip


@figure("map-intensity")
@dataclass(frozen=True)
class MapIntensity(Figure):
    """The FLOPs a byte of a linear map on some tokens: its matrix once, tokens in and out."""

    tokens: int
    inputs: int
    outputs: int
    weight_bits: int = 16
    value_bits: int = 16
    flops_a_mac: int = 2

    unit = "FLOPs a byte"
    hint = Message("Count the FLOPs, then the bytes: the matrix, what goes in, and what comes out.")

    @property
    def value(self) -> Fraction:
        sizes = (self.tokens, self.inputs, self.outputs)
        exact = map_intensity(*sizes, weight_bits=self.weight_bits, value_bits=self.value_bits)
        return exact * Fraction(self.flops_a_mac, 2)

    def worked(self) -> Iterator[Worked]:
        n, i, o = Symbol("T", self.tokens), Symbol("d_in", self.inputs), Symbol("d_out", self.outputs)
        flops = expression(2 * n * i * o)
        moved = expression(_bytes(i * o, self.weight_bits) + _bytes(n * (i + o), self.value_bits))
        yield Worked(Message("the FLOPs"), flops, "FLOPs")
        yield Worked(Message("the matrix, the tokens and the results"), moved, "bytes")
        yield Worked(
            Message("One over the other: {flops} / {bytes} = {value}.", flops=number(int(flops)),
                    bytes=number(int(moved)), value=written(self.value))
        )  # fmt: skip


def _bytes(count: Number, bits: int) -> Number:
    if bits == 8:
        return count
    return count * (bits // 8) if bits % 8 == 0 else ceil_div(count * bits, 8)


@figure("cache-intensity")
@dataclass(frozen=True)
class CacheIntensity(Figure):
    """The FLOPs a byte of cache that a step does with it: each value serves a group of query heads."""

    heads: int
    kv_heads: int
    value_bits: int = 16
    texts: int = 1
    times: int = 1

    unit = "FLOPs a byte"
    hint = Message("How many queries is one cached value multiplied with, and how many bytes has it?")

    @property
    def value(self) -> Fraction:
        return Fraction(2 * self.heads * 8 * self.times, self.kv_heads * self.value_bits)

    def worked(self) -> Iterator[Worked]:
        yield Worked(
            Message("A value of {bytes} bytes meets {queries} queries, with 2 FLOPs each: "
                    "2 · {queries} / {bytes} = {value}. Other texts bring caches of their own.",
                    bytes=written(Fraction(self.value_bits, 8)),
                    queries=written(Fraction(self.heads, self.kv_heads)), value=written(self.value))
        )  # fmt: skip


@dataclass(frozen=True)
class Step(Figure):
    """What bounds one pass of a language model: `new` tokens of each text, `seen` before in the cache."""

    matrices: int
    peak: int
    bandwidth: int
    weight_bits: int = 16
    texts: int = 1
    new: int = 1
    seen: int = 0
    token_bytes: int = 0
    devices: int = 1

    hint = Message("Work out both times, that of all FLOPs and that of all bytes: the longer one holds.")

    @property
    def flops(self) -> Expression:
        """Two for each weight of the matrices and each token that passes."""
        tokens: Number = self._texts
        if self.new > 1:
            tokens = tokens * Symbol("T", self.new)
        return expression(2 * tokens * Symbol("P", self.matrices))

    @property
    def read(self) -> Expression:
        """The matrices once, and the cache of each text."""
        held = _bytes(Symbol("P", self.matrices), self.weight_bits)
        if not self.cached:
            return expression(held)
        return expression(held + self._texts * Symbol("S", self.seen) * Symbol("c", self.token_bytes))

    @property
    def _texts(self) -> Number:
        return Symbol("N", self.texts)

    @property
    def cached(self) -> bool:
        """Whether there is anything in the cache."""
        return bool(self.seen and self.token_bytes)

    @property
    def computing(self) -> Fraction:
        """The seconds of all FLOPs."""
        return Fraction(int(self.flops), self.peak * TERA * self.devices)

    @property
    def reading(self) -> Fraction:
        """The seconds of all bytes."""
        return Fraction(int(self.read), self.bandwidth * GIGA * self.devices)

    @property
    def seconds(self) -> Fraction:
        """The longer of the two."""
        return max(self.computing, self.reading)

    @property
    def by_computing(self) -> str:
        """The FLOPs over those of a second, in figures."""
        return f"{number(int(self.flops))} / {number(self.peak * TERA * self.devices)}"

    @property
    def by_reading(self) -> str:
        """The bytes over those of a second, in figures."""
        return f"{number(int(self.read))} / {number(self.bandwidth * GIGA * self.devices)}"

    @property
    def by(self) -> str:
        """What the longer of the two comes from, in figures."""
        return self.by_computing if self.computing >= self.reading else self.by_reading

    def worked(self) -> Iterator[Worked]:
        yield Worked(Message("the FLOPs"), self.flops, "FLOPs")
        yield Worked(Message("the bytes that are read"), self.read, "bytes")
        for text, seconds, by in (
            (
                Message("Computing takes {by} s = {milliseconds} ms, with all devices at their peak."),
                self.computing, self.by_computing,
            ),
            (
                Message("Reading takes {by} s = {milliseconds} ms, with all devices at their bandwidth."),
                self.reading, self.by_reading,
            ),
        ):  # fmt: skip
            yield Worked(text.filled(by=by, milliseconds=written(1000 * seconds)))


@figure("step-milliseconds")
@dataclass(frozen=True)
class Milliseconds(Step):
    """The least milliseconds of the pass."""

    unit = "milliseconds"

    @property
    def value(self) -> Fraction:
        return 1000 * self.seconds

    def worked(self) -> Iterator[Worked]:
        yield from super().worked()
        yield Worked(Message("The longer of both is {value} ms.", value=written(self.value)))


@figure("tokens-a-second")
@dataclass(frozen=True)
class Rate(Step):
    """The most tokens a second of all texts together."""

    unit = "tokens a second"

    @property
    def value(self) -> Fraction:
        return self.texts * self.new / self.seconds

    def worked(self) -> Iterator[Worked]:
        yield from super().worked()
        yield Worked(
            Message("Tokens over the longer of both, {tokens} at a time: {value} a second.",
                    tokens=number(self.texts * self.new), value=written(self.value))
        )  # fmt: skip


@figure("rate-of-a-mixture")
@dataclass(frozen=True)
class RateOfAMixture(Rate):
    """The same of a mixture of experts, which holds more weights than a token passes."""

    held: int = 0


# ---- beliefs -------------------------------------------------------------------------------------


class Belief(NamedTuple):
    """A belief about a figure; `see` gives it as a believer sees it, or None where that changes nothing."""

    id: str
    says: Message | None
    see: Callable[[Any], Figure | None]

    @property
    def message(self) -> Words:
        """What is said to a believer: a sentence of its own, or the one that the belief has elsewhere."""
        for one in BELIEFS:
            if one.id == self.id and one.says is not None:
                return one.says
        return MISCONCEPTIONS[self.id].message


BELIEFS: list[Belief] = []


def believed(
    name: str, *of: type[Figure], says: Message | None = None, where: Callable[[Any], bool] | None = None
) -> Callable[[Any], Any]:
    """Declare a belief about figures: a function of one, or a class to see it as, `where` it can be held.

    One that is held about something else, too, has the sentence that it has there.
    """

    def declared(change: Any) -> Any:
        def see(asked: Any) -> Figure | None:
            if not isinstance(asked, of) or (where is not None and not where(asked)):
                return None
            seen: Figure = _seen_as(change, asked) if isinstance(change, type) else change(asked)
            return None if seen == asked else seen

        BELIEFS.append(Belief(name, says, see))
        return change

    return declared


def worth(change: Callable[[Any], Fraction]) -> type[Figure]:
    """A figure that somebody works out in another way."""

    class Seen(Figure):
        @property
        def value(self) -> Fraction:
            return change(self)

    return Seen


def _seen_as(change: type, asked: Figure) -> Figure:
    """The same numbers, with the methods of a class in front of the figure's own."""
    kind: Any = type(asked)
    twin: Figure = type(kind.__name__, (change, kind), {})(**vars(asked))
    return twin


def _having(**numbers: int) -> Callable[[Any], Any]:
    return lambda asked: replace(asked, **numbers)


def _only_a_ridge(asked: Figure) -> bool:
    return type(asked) is Ridge


believed(
    "ridge-upside-down", Ridge, where=_only_a_ridge,
    says=Message("You divided the bandwidth by the peak: asked for are operations for a byte."),
)(lambda asked: replace(asked, peak=asked.bandwidth, bandwidth=asked.peak * 10**6))  # fmt: skip
believed(
    "sparse-rate-for-dense", Ridge, where=_only_a_ridge,
    says=Message("You took the rate that is printed for sparse matrices: for dense ones it is half of it."),
)(_having(times=2))  # fmt: skip
believed("macs-for-flops", Ridge, where=_only_a_ridge)(
    lambda asked: replace(asked, bandwidth=2 * asked.bandwidth)
)
believed(
    "ridge-for-tokens", EvenTokens, where=lambda asked: asked.weight_bits != 16,
    says=Message("You gave the ridge point: tokens are as many only where a weight takes two bytes."),
)(_having(weight_bits=16))  # fmt: skip
believed(
    "one-flop-a-weight", EvenTokens,
    says=Message("You took one FLOP a weight and token: a multiplication and its addition are two."),
)(_having(times=2))  # fmt: skip
believed("bits-for-bytes", EvenTokens)(lambda asked: replace(asked, weight_bits=8 * asked.weight_bits))

believed("macs-for-flops", MapIntensity)(_having(flops_a_mac=1))
believed("one-byte-a-value", MapIntensity, where=lambda asked: asked.weight_bits != 8)(
    _having(weight_bits=8, value_bits=8)
)
believed("bits-for-bytes", MapIntensity)(
    lambda asked: replace(asked, weight_bits=8 * asked.weight_bits, value_bits=8 * asked.value_bits)
)
believed(
    "tokens-move-nothing", MapIntensity,
    says=Message("You counted the matrix alone: the tokens are read and the results written, too."),
)(_having(value_bits=0))  # fmt: skip


@believed(
    "weights-read-for-each-token", MapIntensity, where=lambda asked: asked.tokens > 1,
    says=Message("You read the matrix again for each token: it is read once, and serves all of them."),
)  # fmt: skip
class _ReadForEachToken(MapIntensity):
    @property
    def value(self) -> Fraction:
        one: MapIntensity = replace(_plain(MapIntensity, self), tokens=1)
        return one.value


def _plain(kind: type[Figure], seen: Figure) -> Any:
    """The figure behind what a believer sees."""
    return kind(**vars(seen))


believed("grouped-heads-ignored", CacheIntensity)(lambda asked: replace(asked, kv_heads=asked.heads))
believed("one-head-of-keys", CacheIntensity)(_having(kv_heads=1))
believed("macs-for-flops", CacheIntensity)(lambda asked: replace(asked, value_bits=2 * asked.value_bits))
believed("bits-for-bytes", CacheIntensity)(lambda asked: replace(asked, value_bits=8 * asked.value_bits))
believed(
    "batch-raises-the-cache", CacheIntensity,
    says=Message("You multiplied by the texts: each brings a cache of its own, and its bytes grow alike."),
)(lambda asked: replace(asked, times=asked.texts))  # fmt: skip


@believed(
    "computing-alone", Step, where=lambda asked: asked.reading > asked.computing,
    says=Message("You divided the FLOPs by the peak: here the bytes take longer, and the multipliers wait."),
)  # fmt: skip
class _ComputingAlone(Step):
    @property
    def seconds(self) -> Fraction:
        return self.computing


@believed(
    "reading-alone", Step, where=lambda asked: asked.computing > asked.reading,
    says=Message("You divided the bytes by the bandwidth: here the FLOPs take longer than the bytes."),
)  # fmt: skip
class _ReadingAlone(Step):
    @property
    def seconds(self) -> Fraction:
        return self.reading


@believed(
    "limits-added", Step,
    says=Message("You added both times: bytes arrive while others are computed with, so the longer holds."),
)  # fmt: skip
class _LimitsAdded(Step):
    @property
    def seconds(self) -> Fraction:
        return self.computing + self.reading


believed("one-byte-a-value", Step, where=lambda asked: asked.weight_bits != 8)(_having(weight_bits=8))
believed("two-bytes-a-value", Step, where=lambda asked: asked.weight_bits != 16)(_having(weight_bits=16))
believed("four-bytes-a-value", Step, where=lambda asked: asked.weight_bits != 32)(_having(weight_bits=32))
believed(
    "one-device", Step, where=lambda asked: asked.devices > 1,
    says=Message("You took one device: all of them compute and read at once, each its share."),
)(_having(devices=1))  # fmt: skip
believed("bits-for-bytes", Step)(lambda asked: replace(asked, weight_bits=8 * asked.weight_bits))
believed(
    "cache-not-read", Step, where=lambda asked: asked.cached,
    says=Message("You read the weights alone: each text's keys and values are read in the step, too."),
)(_having(seen=0))  # fmt: skip


@believed("one-sample-cached", Step, where=lambda asked: asked.cached and asked.texts > 1)
class _OneCache(Step):
    @property
    def read(self) -> Expression:
        one: Step = replace(_plain(Step, self), texts=1)
        return one.read


@believed(
    "weights-read-for-each-text", Step, where=lambda asked: asked.texts > 1,
    says=Message("You read the weights for each text again: a step reads them once, and all texts use them."),
)  # fmt: skip
class _ReadForEachText(Step):
    @property
    def read(self) -> Expression:
        return expression(super().read + (self.texts - 1) * _bytes(self.matrices, self.weight_bits))


@believed(
    "one-texts-rate", Rate, where=lambda asked: asked.texts > 1,
    says=Message("You gave the tokens of one text: a step writes one for each of them, and all count."),
)  # fmt: skip
class _OfOneText(Rate):
    @property
    def value(self) -> Fraction:
        return super().value / self.texts


believed(
    "all-experts-read", RateOfAMixture,
    says=Message("You read all experts: a step of one text reads those alone that its token passes."),
)(lambda asked: replace(asked, matrices=asked.held))  # fmt: skip


@believed("macs-for-flops", Step, where=lambda asked: asked.computing > 2 * asked.reading)
class _MultiplicationsAlone(Step):
    @property
    def flops(self) -> Expression:
        return expression(exact_div(super().flops, 2))


@believed("1024-for-thousand", Figure, where=lambda asked: asked.unit in THOUSANDS)
class _InBinary(Figure):
    @property
    def value(self) -> Fraction:
        return super().value * Fraction(1000, 1024) ** THOUSANDS[self.unit]
