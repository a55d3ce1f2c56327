"""Figures of a whole run of training: devices, days and dollars, what is reached, what waits, what fits.

FLOPs of training are 6 N D: two for each parameter and token in the forward pass, four for the gradients.
Memory is in GB of 10⁹ bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar

from layercost.analysis.estimates import ADAM, HeldByAdam
from layercost.analysis.figures import GIGA, TERA, Figure, Worked, believed, figure, rooted, worth, written
from layercost.analysis.formats import Format
from layercost.analysis.shortcuts import by_size
from layercost.expression import Expression, Symbol, expression, times
from layercost.message import Message
from layercost.view import number

HOUR, HOURS = 3600, 24


@dataclass(frozen=True)
class _Run(Figure):
    """A model that reads so many billion tokens, on devices that reach some percent of their peak."""

    parameters: int
    billions: int
    teraflops: int
    percent: int
    passes: int = 3

    @property
    def flops(self) -> Expression:
        """Two FLOPs for each parameter, each token and each of three passes."""
        return by_size(self.parameters, Symbol("D", self.billions * GIGA), self.passes)

    @property
    def hours(self) -> Fraction:
        """The hours of one device that did all of it alone."""
        return Fraction(100 * int(self.flops), self.percent * self.teraflops * TERA * HOUR)

    def worked(self) -> Iterator[Worked]:
        yield Worked(Message("the FLOPs"), self.flops, "FLOPs")
        reached = Fraction(self.teraflops * TERA * self.percent, 100)
        yield Worked(
            Message("A device does {reached} FLOPs a second: {flops} / {reached} / {seconds} = {hours} "
                    "hours.",
                    reached=written(reached), flops=number(int(self.flops)), seconds=number(HOUR),
                    hours=written(self.hours))
        )  # fmt: skip


@figure("devices-for-days")
@dataclass(frozen=True)
class DevicesForDays(_Run):
    """How many devices do a run in so many days."""

    days: int = 1
    hours_a_day: int = HOURS

    unit = "devices"
    hint = Message("How many hours would one device take? How many hours are there?")

    @property
    def value(self) -> Fraction:
        return self.hours / (self.days * self.hours_a_day)

    def worked(self) -> Iterator[Worked]:
        yield from super().worked()
        given = self.days * self.hours_a_day
        yield Worked(
            Message("{days} days are {given} hours: {hours} / {given} = {value}.", days=number(self.days),
                    given=number(given), hours=written(self.hours), value=written(self.value))
        )  # fmt: skip


@figure("price-of-a-run")
@dataclass(frozen=True)
class PriceOfARun(_Run):
    """What a run costs, in thousands of dollars, where an hour of a device costs so many cents."""

    devices: int = 1
    cents: int = 100

    hint = Message("How many hours of a device are it, whether one works or many?")

    @property
    def cost(self) -> Fraction:
        """All hours of all devices."""
        return self.hours * self.cents / 100_000

    @property
    def value(self) -> Fraction:
        return self.cost

    def worked(self) -> Iterator[Worked]:
        yield from super().worked()
        yield Worked(
            Message("They are as many on {devices} devices, and cost {hours} · {dollars} dollars: {value} "
                    "thousand.", devices=number(self.devices), hours=written(self.hours),
                    dollars=written(Fraction(self.cents, 100)), value=written(self.value))
        )  # fmt: skip


@figure("utilisation-by-tokens")
@dataclass(frozen=True)
class UtilisationByTokens(Figure):
    """The part of the peak, in percent, that training reaches which reads so many tokens a second."""

    parameters: int
    tokens: int
    devices: int
    teraflops: int
    passes: int = 3
    flops_a_mac: int = 2

    unit = "percent"
    hint = Message("How many FLOPs does a token take, forward and backward?")

    @property
    def flops(self) -> Expression:
        """The FLOPs of a second."""
        tokens = Symbol("D", self.tokens)
        return by_size(self.parameters, tokens, self.passes, self.flops_a_mac)

    @property
    def value(self) -> Fraction:
        return Fraction(100 * int(self.flops), self.devices * self.teraflops * TERA)

    def worked(self) -> Iterator[Worked]:
        yield Worked(Message("the FLOPs of a second"), self.flops, "FLOPs")
        yield Worked(
            Message("All devices could do {peak}: 100 · {flops} / {peak} = {value}.",
                    peak=number(self.devices * self.teraflops * TERA), flops=number(int(self.flops)),
                    value=written(self.value))
        )  # fmt: skip


@figure("size-for-a-budget")
@dataclass(frozen=True)
class SizeForABudget(Figure):
    """The billions of parameters for 10²¹ FLOPs times `zettaflops`, with so many tokens for each of them."""

    zettaflops: int
    tokens: int = 20
    passes: int = 3
    flops_a_mac: int = 2

    hint = Message("Write the FLOPs with the parameters as the only letter: how often does it stand there?")

    @property
    def each(self) -> int:
        """What stands before the square of the parameters."""
        return self.flops_a_mac * self.passes * self.tokens

    @property
    def size(self) -> Fraction:
        """The billions of parameters."""
        return rooted(Fraction(1000 * self.zettaflops, self.each))

    @property
    def value(self) -> Fraction:
        return self.size

    def worked(self) -> Iterator[Worked]:
        yield Worked(
            Message("With D = {tokens} · N the FLOPs are 6 · N · D = {each} · N².", tokens=self.tokens,
                    each=self.each)
        )  # fmt: skip
        yield Worked(
            Message("N² = {zettaflops} · 10²¹ / {each}, so that N = {value} · 10⁹.",
                    zettaflops=number(self.zettaflops), each=self.each, value=written(self.value))
        )  # fmt: skip


@figure("steps-of-a-run")
@dataclass(frozen=True)
class StepsOfARun(Figure):
    """How often the weights are changed while so many billion tokens are read."""

    billions: int
    devices: int
    texts: int
    tokens: int
    passes: int

    unit = "steps"
    hint = Message("How many tokens are read before the weights are changed once?")

    @property
    def batch(self) -> int:
        """The tokens of a step."""
        return self.devices * self.texts * self.tokens * self.passes

    @property
    def value(self) -> Fraction:
        return Fraction(self.billions * GIGA, self.batch)

    def worked(self) -> Iterator[Worked]:
        n, b = Symbol("n", self.devices), Symbol("b", self.texts)
        t, a = Symbol("T", self.tokens), Symbol("a", self.passes)
        yield Worked(Message("the tokens of a step"), expression(n * b * t * a), "tokens")
        yield Worked(
            Message("Of all tokens: {all} / {batch} = {value}.", all=number(self.billions * GIGA),
                    batch=number(self.batch), value=written(self.value))
        )  # fmt: skip


@figure("pipeline-wait")
@dataclass(frozen=True)
class PipelineWait(Figure):
    """The part of the time, in percent, in which a stage of a pipeline waits: (p - 1) / (m + p - 1)."""

    stages: int
    batches: int

    unit = "percent"
    hint = Message("Draw it: when does the last stage begin, and when has the first one ended?")

    @property
    def value(self) -> Fraction:
        return Fraction(100 * (self.stages - 1), self.batches + self.stages - 1)

    def worked(self) -> Iterator[Worked]:
        wait, all_of_it = self.stages - 1, self.batches + self.stages - 1
        yield Worked(
            Message("The last stage has done the last part after {batches} + {stages} - 1 = {all} steps.",
                    batches=number(self.batches), stages=number(self.stages), all=number(all_of_it))
        )  # fmt: skip
        yield Worked(
            Message("Each stage works in {batches} of them, and waits in {wait}: 100 · {wait} / {all} = "
                    "{value}.", batches=number(self.batches), wait=number(wait), all=number(all_of_it),
                    value=written(self.value))
        )  # fmt: skip


@figure("adapters-on-few-bits")
@dataclass(frozen=True)
class AdaptersOnFewBits(Figure):
    """GB of a model in few bits, with a scale for each group, and of adapters that are trained beside it."""

    parameters: int
    adapters: int
    bits: int = 4
    group: int = 64
    scale_bits: int = 16
    trained: int = ADAM.bytes

    unit = "GB"
    hint = Message("How many bits has a frozen weight with its part of a scale? How many bytes an adapter's?")

    @property
    def each(self) -> Fraction:
        """The bits of a frozen weight, with its part of the scale."""
        return Format("frozen", self.bits, self.group, self.scale_bits).bits_a_weight

    @property
    def frozen(self) -> Fraction:
        """The bytes of what stays as it is."""
        return self.parameters * self.each / 8

    @property
    def value(self) -> Fraction:
        return (self.frozen + self.adapters * self.trained) / GIGA

    def worked(self) -> Iterator[Worked]:
        yield Worked(
            Message("A frozen weight has {bits} + {scale} / {group} = {each} bits: {parameters} · {each} / 8 "
                    "= {frozen} bytes.", bits=self.bits, scale=self.scale_bits, group=self.group,
                    each=written(self.each), parameters=number(self.parameters), frozen=written(self.frozen))
        )  # fmt: skip
        adapters = expression(times(self.trained, Symbol("N_a", self.adapters)))
        yield Worked(Message("the adapters, their gradients and states"), adapters, "bytes")
        yield Worked(
            Message("Together, in GB of 10⁹ bytes: {value}.", value=written(self.value))
        )  # fmt: skip


@dataclass(frozen=True)
class _TrainedBeside(Figure):
    """What alone is trained in every layer of a model whose keys and values are `narrow` wide."""

    layers: int
    width: int
    narrow: int

    unit: ClassVar[str] = "parameters"
    whole: ClassVar[bool] = True

    @property
    def trained(self) -> Expression:
        """The parameters of all layers."""
        raise NotImplementedError

    @property
    def value(self) -> Fraction:
        return Fraction(int(self.trained))


@figure("adapters-of-a-model")
@dataclass(frozen=True)
class AdaptersOfAModel(_TrainedBeside):
    """Parameters of low-rank adapters beside the maps of queries and of values, in every layer."""

    rank: int
    up: int = 1  # whether the matrices up are counted, from the rank to what a map gives

    hint = Message(
        "An adapter has two matrices. How large are both beside the queries' map, and the values'?"
    )

    @property
    def trained(self) -> Expression:
        """The values of all adapters."""
        layers, rank = Symbol("B", self.layers), Symbol("r", self.rank)
        d, v = Symbol("d", self.width), Symbol("d_v", self.narrow)
        each = d + d + (d + v) if self.up else d + d
        return expression(layers * rank * each)

    @property
    def parts(self) -> Fraction:
        """Of how many parameters it is told what they are one of."""
        return Fraction(1)

    @property
    def value(self) -> Fraction:
        return int(self.trained) / self.parts

    def worked(self) -> Iterator[Worked]:
        yield Worked(Message("two matrices for each map, in all layers"), self.trained, "parameters")


@figure("share-of-adapters")
@dataclass(frozen=True)
class ShareOfAdapters(AdaptersOfAModel):
    """The percent that they are of the model beside which they stand."""

    parameters: int = 1

    unit: ClassVar[str] = "percent"
    whole: ClassVar[bool] = False

    @property
    def parts(self) -> Fraction:
        return Fraction(self.parameters, 100)

    def worked(self) -> Iterator[Worked]:
        yield from super().worked()
        yield Worked(
            Message("Of the model: 100 · {trained} / {all} = {value}.", trained=number(int(self.trained)),
                    all=number(self.parameters), value=written(self.value))
        )  # fmt: skip


@figure("prefixes-of-a-model")
@dataclass(frozen=True)
class PrefixesOfAModel(_TrainedBeside):
    """Trained keys and values that every layer sees before those of the text (prefix tuning).

    Source: Li and Liang 2021, without the network that makes them during training.
    """

    rows: int
    sides: int = 2  # keys and values

    hint = Message("What does one token of the prefix have in one layer?")

    @property
    def trained(self) -> Expression:
        """The values of all prefixes."""
        layers, rows = Symbol("B", self.layers), Symbol("p", self.rows)
        return expression(times(self.sides, layers * rows * Symbol("d_kv", self.narrow)))

    def worked(self) -> Iterator[Worked]:
        yield Worked(Message("a key and a value for each row, in all layers"), self.trained, "parameters")


@figure("scales-of-a-model")
@dataclass(frozen=True)
class ScalesOfAModel(_TrainedBeside):
    """One trained factor for each value of the keys, the values and the inside of the feed-forward layer.

    Source: Liu et al. 2022, (IA)³.
    """

    inner: int
    keys: int = 1
    values: int = 1
    wide: int = 1  # whether the feed-forward layer's are counted

    hint = Message("How long is each of the three vectors? What it multiplies says so.")

    @property
    def trained(self) -> Expression:
        """All factors."""
        narrow, inner = Symbol("d_kv", self.narrow), Symbol("f", self.inner)
        each = times(self.keys + self.values, narrow) + times(self.wide, inner)
        return expression(Symbol("B", self.layers) * expression(each))

    def worked(self) -> Iterator[Worked]:
        yield Worked(Message("three vectors of factors in each layer"), self.trained, "parameters")


@figure("cards-for-training")
@dataclass(frozen=True)
class CardsForTraining(HeldByAdam):
    """How many cards hold weights, gradients and states of Adam, which are shared out over all of them."""

    gigabytes: int = 1

    unit: ClassVar[str] = "cards"
    whole: ClassVar[bool] = True
    hint = Message("How many bytes does a parameter take while it is trained?")

    @property
    def exact(self) -> Fraction:
        """How many cards are full, with a part of one."""
        return Fraction(int(self.held), self.gigabytes * GIGA)

    @property
    def value(self) -> Fraction:
        return Fraction(math.ceil(self.exact))

    def worked(self) -> Iterator[Worked]:
        yield Worked(Message("bytes of all parameters"), self.held, "bytes")
        yield Worked(
            Message("{bytes} / {card} = {exact}, rounded up: {value}.", bytes=number(int(self.held)),
                    card=number(self.gigabytes * GIGA), exact=written(self.exact), value=written(self.value))
        )  # fmt: skip


# ---- what people believe -------------------------------------------------------------------------


believed("forward-pass-alone", _Run, UtilisationByTokens, SizeForABudget)(
    lambda asked: replace(asked, passes=1)
)
believed("full-peak-reached", _Run)(lambda asked: replace(asked, percent=100))


@believed(
    "share-multiplied", _Run,
    says=Message("You multiplied by the part that is reached: where less is reached, all takes longer."),
)  # fmt: skip
class _ShareMultiplied(_Run):
    @property
    def hours(self) -> Fraction:
        return super().hours * Fraction(self.percent, 100) ** 2


believed(
    "hours-for-the-days", DevicesForDays,
    says=Message("You took the days for hours: each of them has 24, and the devices work in all of them."),
)(lambda asked: replace(asked, hours_a_day=1))  # fmt: skip
believed(
    "devices-paid-again", PriceOfARun,
    says=Message("You multiplied by the devices: the hours are shared among them, and there are no more."),
)(worth(lambda asked: asked.cost * asked.devices))  # fmt: skip
believed(
    "one-device-paid", PriceOfARun,
    says=Message("You paid for one of the devices: each hour of each of them has its price."),
)(worth(lambda asked: asked.cost / asked.devices))  # fmt: skip
believed("recomputation-not-asked-for", UtilisationByTokens)(lambda asked: replace(asked, passes=4))
believed("one-device-works", UtilisationByTokens, StepsOfARun)(lambda asked: replace(asked, devices=1))
believed("macs-for-flops", UtilisationByTokens, SizeForABudget)(lambda asked: replace(asked, flops_a_mac=1))
believed(
    "six-forgotten", SizeForABudget,
    says=Message("You left out the six FLOPs: parameters times tokens are taken six times."),
)(worth(lambda asked: rooted(Fraction(1000 * asked.zettaflops, asked.tokens))))  # fmt: skip
believed(
    "tokens-for-parameters", SizeForABudget,
    says=Message("You gave the tokens: asked for are the parameters, and each of them has several tokens."),
)(worth(lambda asked: asked.size * asked.tokens))  # fmt: skip
believed(
    "as-many-tokens-as-parameters", SizeForABudget,
    says=Message("You took one token for each parameter: the rule gives it many more."),
)(lambda asked: replace(asked, tokens=1))  # fmt: skip
believed(
    "step-after-each-pass", StepsOfARun,
    says=Message("You changed the weights after each pass: gradients of several are added up first."),
)(lambda asked: replace(asked, passes=1))  # fmt: skip
believed(
    "texts-for-tokens", StepsOfARun,
    says=Message("You counted texts: the tokens are given, and each text has many of them."),
)(lambda asked: replace(asked, tokens=1))  # fmt: skip
believed(
    "waiting-over-working", PipelineWait,
    says=Message("You divided by the time of the work: asked for is a part of all the time."),
)(worth(lambda asked: Fraction(100 * (asked.stages - 1), asked.batches)))  # fmt: skip
believed(
    "one-batch-in-the-pipeline", PipelineWait,
    says=Message("You let one part run alone: while it is in a later stage, others are in the earlier ones."),
)(lambda asked: replace(asked, batches=1))  # fmt: skip
believed(
    "stage-waits-for-itself", PipelineWait,
    says=Message("You let a stage wait for itself, too: it waits for the others, one step each."),
)(lambda asked: replace(asked, stages=asked.stages + 1))  # fmt: skip
believed("scales-forgotten", AdaptersOnFewBits)(lambda asked: replace(asked, scale_bits=0))
believed("sixteen-bits-kept", AdaptersOnFewBits)(lambda asked: replace(asked, bits=16, scale_bits=0))
believed("weights-alone", AdaptersOnFewBits)(lambda asked: replace(asked, trained=ADAM.weight))
believed("frozen-weights-have-states", AdaptersOnFewBits)(
    lambda asked: replace(asked, bits=8 * ADAM.bytes, scale_bits=0)
)
believed("frozen-weights-forgotten", AdaptersOnFewBits)(lambda asked: replace(asked, bits=0, scale_bits=0))
believed("weights-alone", CardsForTraining)(lambda asked: replace(asked, gradient=0, master=0, moments=0))
believed(
    "rest-needs-no-card", CardsForTraining,
    says=Message("You rounded down: what is left over needs a card, too."),
)(worth(lambda asked: Fraction(math.floor(asked.exact))))  # fmt: skip
believed("one-adapter-matrix", AdaptersOfAModel)(lambda asked: replace(asked, up=0))
believed("rank-squared", AdaptersOfAModel)(
    worth(lambda asked: Fraction(2 * asked.layers * asked.rank**2) / asked.parts)
)
believed("map-trained-without-adapter", AdaptersOfAModel)(
    worth(lambda asked: Fraction(asked.layers * asked.width * (asked.width + asked.narrow)) / asked.parts)
)
believed(
    "one-side-of-the-prefix", PrefixesOfAModel,
    says=Message("You counted the keys or the values: a token of the prefix has both in each layer."),
)(lambda asked: replace(asked, sides=1))  # fmt: skip
believed(
    "prefix-as-wide-as-the-model", PrefixesOfAModel, ScalesOfAModel,
    where=lambda asked: asked.narrow != asked.width,
    says=Message("You took the model's width: keys and values are as wide as their heads together."),
)(lambda asked: replace(asked, narrow=asked.width))  # fmt: skip
believed(
    "feed-forward-scales-forgotten", ScalesOfAModel,
    says=Message("You left out the feed-forward layer: its inner values have a factor each, too."),
)(lambda asked: replace(asked, wide=0))  # fmt: skip
believed(
    "keys-or-values-scaled", ScalesOfAModel,
    says=Message("You counted keys or values alone: both have a factor for each of their values."),
)(lambda asked: replace(asked, values=0))  # fmt: skip
believed(
    "one-layer-adapted", _TrainedBeside,
    says=Message("You counted one layer: in each of the others as much is trained again."),
)(lambda asked: replace(asked, layers=1))  # fmt: skip
believed(
    "maps-all-square", AdaptersOfAModel, where=lambda asked: asked.narrow != asked.width,
    says=Message("You took both maps for square: the map of the values gives fewer values than it reads."),
)(lambda asked: replace(asked, narrow=asked.width))  # fmt: skip
