"""Estimates that are asked for around a model: a part made faster, a cache's traffic, what training holds.

They stand beside the figures of speed and of shares, and are asked for and marked in the same way. Memory is
in GB of 10⁹ bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from layercost.analysis.figures import GIGA, Figure, Worked, believed, figure, worth, written
from layercost.analysis.states import OPTIMIZERS
from layercost.expression import Expression, Symbol, expression, times
from layercost.message import Message
from layercost.view import number

ADAM = OPTIMIZERS["adam-mixed"]


@figure("speed-up")
@dataclass(frozen=True)
class SpeedUp(Figure):
    """How many times as fast all of it is, when a part of its time, in percent, runs `times` as fast.

    It is Amdahl's law.
    """

    percent: int
    times: int

    hint = Message("Of a second, how long does the part take now, and how long the rest?")

    @property
    def left(self) -> Fraction:
        """The part of the time that remains."""
        return Fraction(100 - self.percent, 100) + Fraction(self.percent, 100 * self.times)

    @property
    def value(self) -> Fraction:
        return 1 / self.left

    def worked(self) -> Iterator[Worked]:
        yield Worked(
            Message("Of 100 seconds the part took {part}, and takes {part} / {times} = {now} now.",
                    part=number(self.percent), times=number(self.times),
                    now=written(Fraction(self.percent, self.times)))
        )  # fmt: skip
        yield Worked(
            Message("With the {rest} of the rest it is {left}: 100 / {left} = {value}.",
                    rest=number(100 - self.percent), left=written(100 * self.left),
                    value=written(self.value))
        )  # fmt: skip


@figure("cache-traffic")
@dataclass(frozen=True)
class CacheTraffic(Figure):
    """Bytes that are read from a cache for each that is written, while a text is written one by one."""

    tokens: int

    hint = Message("What does the first step read, and what the last one? Add them up.")

    @property
    def value(self) -> Fraction:
        return Fraction(self.tokens - 1, 2)

    def worked(self) -> Iterator[Worked]:
        read = self.tokens * (self.tokens - 1) // 2
        yield Worked(
            Message("Step n reads what n - 1 tokens left: 0 + … + {last} = {tokens} · {last} / 2 = {read}.",
                    last=number(self.tokens - 1), tokens=number(self.tokens), read=number(read))
        )  # fmt: skip
        yield Worked(
            Message("Each step writes what one token leaves, {tokens} in all: {read} / {tokens} = {value}.",
                    tokens=number(self.tokens), read=number(read), value=written(self.value))
        )  # fmt: skip


@figure("clock-ridge")
@dataclass(frozen=True)
class ClockRidge(Figure):
    """The ridge of a processor by its clock: FLOPs of a cycle over the bytes that its bus brings in one."""

    megahertz: int
    flops: int
    bus_bits: int
    cycles: int = 1

    unit = "FLOPs a byte"
    hint = Message("Both happen at the same clock: how many FLOPs, and how many bytes, in one cycle?")

    @property
    def value(self) -> Fraction:
        return Fraction(8 * self.flops * self.cycles, self.bus_bits)

    def worked(self) -> Iterator[Worked]:
        yield Worked(
            Message("In a cycle: {flops} FLOPs, and {bits} / 8 = {bytes} bytes; {flops} / {bytes} = {value}.",
                    flops=number(self.flops), bits=number(self.bus_bits),
                    bytes=written(Fraction(self.bus_bits, 8)), value=written(self.value))
        )  # fmt: skip


@figure("even-rank")
@dataclass(frozen=True)
class EvenRank(Figure):
    """The rank at which a low-rank adapter has as many parameters as the map beside which it stands."""

    inputs: int
    outputs: int
    matrices: int = 2

    hint = Message(
        "Write the parameters of the adapter with the rank as a letter; set them equal to the map's."
    )

    @property
    def each(self) -> int:
        """The parameters for each 1 of the rank."""
        return self.inputs + self.outputs

    @property
    def value(self) -> Fraction:
        return Fraction(self.inputs * self.outputs, self.each)

    def worked(self) -> Iterator[Worked]:
        whole = expression(Symbol("d_in", self.inputs) * Symbol("d_out", self.outputs))
        yield Worked(Message("the map"), whole, "parameters")
        yield Worked(
            Message("The adapter has r · ({inputs} + {outputs}): {map} / {each} = {value}.",
                    inputs=number(self.inputs), outputs=number(self.outputs), map=number(int(whole)),
                    each=number(self.each), value=written(self.value))
        )  # fmt: skip


@dataclass(frozen=True)
class _Held(Figure):
    """GB of parameters of which each has some bytes, in one or several models."""

    parameters: int

    unit = "GB"

    @property
    def value(self) -> Fraction:
        return Fraction(int(self.held), GIGA)

    @property
    def held(self) -> Expression:
        """The bytes of all."""
        return expression(times(self.each, Symbol("N", self.parameters)))

    @property
    def each(self) -> int:
        """The bytes for each of the parameters, over all models."""
        raise NotImplementedError

    def worked(self) -> Iterator[Worked]:
        """The bytes of all, and how many GB that is."""
        yield Worked(Message("bytes of all parameters"), self.held, "bytes")
        yield Worked(
            Message("In GB of 10⁹ bytes: {bytes} / {giga} = {value}.", bytes=number(int(self.held)),
                    giga=number(GIGA), value=written(self.value))
        )  # fmt: skip


@dataclass(frozen=True)
class HeldByAdam(_Held):
    """What Adam in mixed precision keeps: weights, gradients, a master copy, two moments."""

    weight: int = ADAM.weight
    gradient: int = ADAM.gradient
    master: int = ADAM.master
    moments: int = ADAM.moments

    @property
    def each(self) -> int:
        return self.weight + self.gradient + self.master + self.moments


@figure("states-beside-weights")
@dataclass(frozen=True)
class StatesBesideWeights(HeldByAdam):
    """The same without the weights."""

    weight: int = 0

    hint = Message("How many bytes has a gradient, how many the master copy, and how many the two moments?")

    def worked(self) -> Iterator[Worked]:
        yield Worked(
            Message("For each parameter {gradient} bytes of gradient, {master} of master copy, {moments} of "
                    "moments: {each}.", gradient=self.gradient, master=self.master, moments=self.moments,
                    each=self.each)
        )  # fmt: skip
        yield from super().worked()


@figure("models-of-ppo")
@dataclass(frozen=True)
class ModelsOfPpo(_Held):
    """What the four models of PPO hold, all of the same size: two are trained, and two only run forward."""

    trained: int = 2
    frozen: int = 2

    hint = Message("Which of the four are trained, and which only run forward? What does each keep?")

    @property
    def each(self) -> int:
        return self.trained * ADAM.bytes + self.frozen * ADAM.weight

    def worked(self) -> Iterator[Worked]:
        yield Worked(
            Message("Policy and critic are trained, with {all} bytes a parameter; reference and reward model "
                    "are weights alone, with {weight}: 2 · {all} + 2 · {weight} = {each}.",
                    all=ADAM.bytes, weight=ADAM.weight, each=self.each)
        )  # fmt: skip
        yield from super().worked()


# ---- what people believe -------------------------------------------------------------------------


believed(
    "speeds-averaged", SpeedUp,
    says=Message("You took a mean of the speeds, weighted by the time: times are added, not speeds."),
)(worth(lambda asked: Fraction(100 + asked.percent * (asked.times - 1), 100)))  # fmt: skip
believed(
    "rest-takes-no-time", SpeedUp,
    says=Message("You multiplied the part by its speed, and left out the rest: it takes as long as before."),
)(worth(lambda asked: Fraction(asked.percent * asked.times, 100)))  # fmt: skip
believed(
    "all-of-it-faster", SpeedUp,
    says=Message("You made all of it faster: the rest takes as long as before."),
)(lambda asked: replace(asked, percent=100))  # fmt: skip
believed(
    "time-for-speed", SpeedUp,
    says=Message("You gave the part of the time that is left: asked for is how many times as fast it is."),
)(worth(lambda asked: asked.left))  # fmt: skip

believed(
    "first-step-reads", CacheTraffic,
    says=Message("You took half of the tokens: the first step finds nothing, so that it is (L - 1) / 2."),
)(lambda asked: replace(asked, tokens=asked.tokens + 1))  # fmt: skip
believed(
    "own-token-read", CacheTraffic,
    says=Message("You let each step read its own token, too: that one is not in the cache yet."),
)(lambda asked: replace(asked, tokens=asked.tokens + 2))  # fmt: skip
believed(
    "last-step-for-all", CacheTraffic,
    says=Message("You took what the last step reads for every step: the first one reads nothing."),
)(lambda asked: replace(asked, tokens=2 * asked.tokens - 1))  # fmt: skip
believed(
    "cache-read-once", CacheTraffic,
    says=Message("You let each token be read once: every later step reads it again."),
)(lambda asked: replace(asked, tokens=3))  # fmt: skip

believed("bits-for-bytes", ClockRidge)(lambda asked: replace(asked, bus_bits=8 * asked.bus_bits))
believed("ridge-upside-down", ClockRidge, where=lambda asked: 8 * asked.flops != asked.bus_bits)(
    lambda asked: replace(asked, flops=asked.bus_bits, bus_bits=64 * asked.flops)
)
believed(
    "clock-counted-once", ClockRidge,
    says=Message("You multiplied the FLOPs alone by the clock: the bus brings its bytes at each cycle, too."),
)(lambda asked: replace(asked, cycles=asked.megahertz * 10**6))  # fmt: skip


@believed("one-adapter-matrix", EvenRank)
class _OneMatrix(EvenRank):
    @property
    def each(self) -> int:
        return self.inputs


@believed(
    "rank-of-the-map", EvenRank, where=lambda asked: asked.inputs < asked.outputs,
    says=Message("You gave the largest rank that a map can have: the adapter is as large long before."),
)  # fmt: skip
class _LargestRank(EvenRank):
    @property
    def value(self) -> Fraction:
        return Fraction(min(self.inputs, self.outputs))


believed("master-copy-forgotten", HeldByAdam)(lambda asked: replace(asked, master=0))
believed("gradients-forgotten", HeldByAdam)(lambda asked: replace(asked, gradient=0))
believed(
    "weights-counted-too", StatesBesideWeights,
    says=Message("You counted the weights, too: asked for is what lies beside them."),
)(lambda asked: replace(asked, weight=ADAM.weight))  # fmt: skip
believed("moments-alone", HeldByAdam)(lambda asked: replace(asked, weight=0, gradient=0, master=0))

believed(
    "critic-not-trained", ModelsOfPpo,
    says=Message("You trained the policy alone: the critic learns, too."),
)(lambda asked: replace(asked, trained=1, frozen=3))  # fmt: skip
believed(
    "one-model-alone", ModelsOfPpo,
    says=Message("You counted the policy alone: a critic, a reference and a reward model lie beside it."),
)(lambda asked: replace(asked, trained=1, frozen=0))  # fmt: skip
believed("frozen-weights-forgotten", ModelsOfPpo)(lambda asked: replace(asked, frozen=0))
believed("frozen-weights-have-states", ModelsOfPpo)(lambda asked: replace(asked, trained=4, frozen=0))
believed("weights-alone", ModelsOfPpo)(lambda asked: replace(asked, trained=0, frozen=4))
