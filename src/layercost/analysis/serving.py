"""Figures of a model that is run for others: who fits, what an answer takes, what a million tokens cost.

Rates are in TFLOP/s (2 FLOPs a multiply-accumulate), bandwidths in GB/s, and a GB has 10⁹ bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar

from layercost.analysis.figures import (
    GIGA,
    TERA,
    Figure,
    Step,
    Worked,
    believed,
    divided,
    figure,
    worth,
    written,
)
from layercost.analysis.shortcuts import by_size
from layercost.expression import Expression, Number, Symbol, ceil_div, expression, times
from layercost.message import Message
from layercost.view import number

MEGA, HOUR = 10**6, 3600


@dataclass(frozen=True)
class _BesideTheWeights(Figure):
    """How many of something fit into a card with their cache, beside weights of 16 bits."""

    gigabytes: int
    parameters: int
    layers: int
    heads: int
    kv_heads: int
    size: int
    weight: int = 2
    halves: int = 2

    whole: ClassVar[bool] = True

    @property
    def many(self) -> Number:
        """How many tokens leave something in the cache for each of what is asked for."""
        raise NotImplementedError

    @property
    def named(self) -> Message:
        """What one of them leaves there."""
        raise NotImplementedError

    @property
    def left(self) -> int:
        """The bytes beside the weights."""
        return self.gigabytes * GIGA - self.weight * self.parameters

    @property
    def each(self) -> Expression:
        """The bytes of one: keys and values, of 2 bytes each."""
        layers, groups, size = Symbol("B", self.layers), Symbol("g", self.kv_heads), Symbol("d_h", self.size)
        return expression(times(2 * self.halves, layers * groups * size * self.many))

    @property
    def exact(self) -> Fraction:
        """How many fit, with a part of one."""
        return Fraction(self.left, int(self.each))

    @property
    def value(self) -> Fraction:
        return Fraction(math.floor(self.exact))

    def worked(self) -> Iterator[Worked]:
        yield Worked(
            Message("Beside the weights: {card} - 2 · {parameters} = {left} bytes.",
                    card=number(self.gigabytes * GIGA), parameters=number(self.parameters),
                    left=number(self.left))
        )  # fmt: skip
        yield Worked(self.named, self.each, "bytes")
        yield Worked(
            Message("{left} / {each} = {exact}, rounded down: {value}.", left=number(self.left),
                    each=number(int(self.each)), exact=f"{float(self.exact):,.2f}", value=written(self.value))
        )  # fmt: skip


@figure("texts-that-fit")
@dataclass(frozen=True)
class TextsThatFit(_BesideTheWeights):
    """How many texts of some length fit."""

    tokens: int = 1

    unit = "texts"
    hint = Message("What is left beside the weights? How many bytes does one text leave in the cache?")
    named: ClassVar[Message] = Message("the cache of one text")

    @property
    def many(self) -> Number:
        return Symbol("T", self.tokens)


@figure("context-that-fits")
@dataclass(frozen=True)
class ContextThatFits(_BesideTheWeights):
    """How many tokens of each text fit."""

    texts: int = 1

    unit = "tokens"
    hint = Message("What is left beside the weights? How many bytes does one token of each text leave there?")
    named: ClassVar[Message] = Message("the cache of one token of each text")

    @property
    def many(self) -> Number:
        return Symbol("n", self.texts)


@figure("blocks-of-the-cache")
@dataclass(frozen=True)
class BlocksOfTheCache(Figure):
    """How many blocks a paged cache takes for texts of the same length; no block serves two texts."""

    texts: int
    tokens: int
    block: int

    whole = True
    unit = "blocks"
    hint = Message("How many blocks does one text take? The last one need not be full.")

    @property
    def value(self) -> Fraction:
        return Fraction(self.texts * math.ceil(Fraction(self.tokens, self.block)))

    def worked(self) -> Iterator[Worked]:
        n, t, b = Symbol("n", self.texts), Symbol("T", self.tokens), Symbol("b", self.block)
        yield Worked(Message("the blocks of one text"), expression(ceil_div(t, b)), "")
        yield Worked(Message("the blocks of all texts"), expression(n * ceil_div(t, b)), "")


@dataclass(frozen=True)
class _Ring(Figure):
    """What a device of a ring sends where something is added up over all devices, and handed out to all.

    It is added up in one round and handed out in another, with (n - 1) / n of it in each.
    """

    devices: int

    prefix: ClassVar[int] = MEGA  # the bytes of one of its unit

    @property
    def summed(self) -> Expression:
        """The bytes that are added up."""
        raise NotImplementedError

    @property
    def round(self) -> Fraction:
        """The bytes that a device sends in one of both rounds."""
        return Fraction(int(self.summed) * (self.devices - 1), self.devices)

    @property
    def value(self) -> Fraction:
        return 2 * self.round / self.prefix

    def worked(self) -> Iterator[Worked]:
        yield Worked(Message("the bytes that are added up"), self.summed, "bytes")
        yield Worked(
            Message("Each device sends 2 · ({devices} - 1) / {devices} of that: {value} {unit}.",
                    devices=number(self.devices), value=written(self.value), unit=self.unit)
        )  # fmt: skip


@figure("sent-between-devices")
@dataclass(frozen=True)
class SentBetweenDevices(_Ring):
    """MB that a device of a ring sends in a forward pass whose matrices are cut over all devices.

    Attention and the feed-forward layer of each block end in a sum over the devices.
    """

    layers: int
    width: int
    tokens: int
    sums: int = 2

    unit = "MB"
    hint = Message("How many sums over the devices has a block, and how large is what is added up?")

    @property
    def summed(self) -> Expression:
        layers, tokens, width = (
            Symbol("B", self.layers), Symbol("T", self.tokens), Symbol("d", self.width)
        )  # fmt: skip
        return expression(times(2 * self.sums, layers * tokens * width))


@figure("gradients-sent")
@dataclass(frozen=True)
class GradientsSent(_Ring):
    """GB of gradients in 16 bits that a device of a ring sends in a step, where each has the whole model."""

    parameters: int

    prefix = GIGA
    unit = "GB"
    hint = Message("How large are the gradients of one device? How often does it send a part of them?")

    @property
    def summed(self) -> Expression:
        return expression(times(2, Symbol("N", self.parameters)))


@figure("price-of-a-million")
@dataclass(frozen=True)
class PriceOfAMillion(Figure):
    """Dollars for a million tokens, where each text gets so many a second and a device's hour has a price."""

    cents: int
    devices: int
    texts: int
    rate: int
    hour: int = HOUR

    unit = "dollars"
    hint = Message("How many tokens do all texts together get in an hour, and what does that hour cost?")

    @property
    def tokens(self) -> int:
        """The tokens of an hour, of all texts."""
        return self.texts * self.rate * self.hour

    @property
    def value(self) -> Fraction:
        return Fraction(self.devices * self.cents * MEGA, 100 * self.tokens)

    def worked(self) -> Iterator[Worked]:
        n, rate = Symbol("n", self.texts), Symbol("r", self.rate)
        yield Worked(Message("the tokens of an hour"), expression(times(self.hour, n * rate)), "tokens")
        dollars = Fraction(self.devices * self.cents, 100)
        yield Worked(
            Message("The hour costs {dollars} dollars: {dollars} · {million} / {tokens} = {value}.",
                    dollars=written(dollars), million=number(MEGA), tokens=number(self.tokens),
                    value=written(self.value))
        )  # fmt: skip


@figure("answer-milliseconds")
@dataclass(frozen=True)
class AnswerMilliseconds(Figure):
    """The least milliseconds until an answer to a prompt is written, one text on one device.

    The pass over the prompt gives the first token. Counted are 2 FLOPs for each weight and token, and the
    weights' 2 bytes once a pass.
    """

    matrices: int
    prompt: int
    answer: int
    peak: int
    bandwidth: int

    unit = "milliseconds"
    hint = Message("One pass reads the prompt and gives the first token: how many steps are left?")

    def passing(self, tokens: int) -> Step:
        """A pass of so many tokens."""
        return Step(self.matrices, self.peak, self.bandwidth, new=tokens)

    @property
    def first(self) -> Fraction:
        """The milliseconds until the first token."""
        return 1000 * self.passing(self.prompt).seconds

    @property
    def step(self) -> Fraction:
        """Those of each token more."""
        return 1000 * self.passing(1).seconds

    @property
    def value(self) -> Fraction:
        return self.first + (self.answer - 1) * self.step

    def worked(self) -> Iterator[Worked]:
        yield Worked(Message("FLOPs of the pass over the prompt"), self.passing(self.prompt).flops, "FLOPs")
        yield Worked(
            Message("It takes {by} s = {first} ms, and gives the first token.",
                    by=self.passing(self.prompt).by, first=written(self.first))
        )  # fmt: skip
        yield Worked(Message("bytes that each step reads"), self.passing(1).read, "bytes")
        yield Worked(
            Message("Each step takes {by} s = {step} ms, and {steps} more are needed: "
                    "{first} + {steps} · {step} = {value}.", by=self.passing(1).by,
                    steps=number(self.answer - 1), step=written(self.step), first=written(self.first),
                    value=written(self.value))
        )  # fmt: skip


@figure("tokens-of-a-check")
@dataclass(frozen=True)
class TokensOfACheck(Figure):
    """The tokens that one pass yields on the mean, where a small model has guessed some.

    Each guess is accepted with the same chance where those before it are; the pass adds one of its own.
    """

    guesses: int
    percent: int
    own: int = 1

    unit = "tokens"
    hint = Message("With which chance are the first two guesses both accepted? Add up the chances.")

    @property
    def accepted(self) -> Fraction:
        """The guesses that are accepted on the mean."""
        one = Fraction(self.percent, 100)
        return sum((one**place for place in range(1, self.guesses + 1)), Fraction(0))

    @property
    def value(self) -> Fraction:
        return self.accepted + self.own

    def worked(self) -> Iterator[Worked]:
        yield Worked(
            Message("Accepted are p + p² + … + p^{guesses} with p = {chance}: {accepted}.",
                    guesses=self.guesses, chance=written(Fraction(self.percent, 100)),
                    accepted=written(self.accepted))
        )  # fmt: skip
        yield Worked(
            Message("The pass adds one token of its own: {value}.", value=written(self.value))
        )  # fmt: skip


@figure("bytes-of-scores")
@dataclass(frozen=True)
class BytesOfScores(Figure):
    """GB of the scores of one attention, each head's square of each text written out."""

    texts: int
    heads: int
    tokens: int
    value_bits: int = 16

    unit = "GB"
    hint = Message("How many scores has one head for one text?")

    @property
    def scores(self) -> Expression:
        """All of them."""
        t = Symbol("T", self.tokens)
        return expression(Symbol("n", self.texts) * Symbol("h", self.heads) * t * t)

    @property
    def value(self) -> Fraction:
        return Fraction(int(self.scores) * self.value_bits, 8 * GIGA)

    def worked(self) -> Iterator[Worked]:
        yield Worked(Message("the scores"), self.scores, "")
        yield Worked(
            Message("Of {bytes} bytes each, in GB of 10⁹ bytes: {value}.", bytes=self.value_bits // 8,
                    value=written(self.value))
        )  # fmt: skip


@figure("tokens-of-an-image")
@dataclass(frozen=True)
class TokensOfAnImage(Figure):
    """The tokens of a square image that is cut into square patches, with a class token before them."""

    side: int
    patch: int
    first: int = 1

    whole = True
    unit = "tokens"
    hint = Message("How many patches stand in a row, and how many rows are there?")

    def __post_init__(self) -> None:
        divided(self.side, self.patch, Message("patches that fill the side"))

    @property
    def row(self) -> int:
        """The patches of a row."""
        return self.side // self.patch

    @property
    def value(self) -> Fraction:
        return Fraction(self.row**2 + self.first)

    def worked(self) -> Iterator[Worked]:
        n = Symbol("n", self.row)
        yield Worked(
            Message("In a row stand {side} / {patch} = {row} patches.", side=number(self.side),
                    patch=number(self.patch), row=number(self.row))
        )  # fmt: skip
        yield Worked(Message("the patches and the class token"), expression(n * n + 1), "tokens")


@figure("gigaflops-of-a-token")
@dataclass(frozen=True)
class GigaflopsOfAToken(Figure):
    """10⁹ FLOPs of a decode step: 2 for each weight, and two products with all keys and values so far."""

    matrices: int
    layers: int
    heads: int
    kv_heads: int
    size: int
    seen: int
    flops_a_mac: int = 2
    products: int = 2
    of_weights: int = 1

    hint = Message("Two for each weight. Then: with how many keys does each head of queries meet?")

    @property
    def maps(self) -> Expression:
        """Two for each weight."""
        return expression(times(self.flops_a_mac * self.of_weights, Symbol("P", self.matrices)))

    @property
    def pairs(self) -> Number:
        """Scores and context, of all heads of queries."""
        layers, heads = Symbol("B", self.layers), Symbol("h", self.heads)
        size, seen = Symbol("d_h", self.size), Symbol("S", self.seen)
        return times(self.flops_a_mac * self.products, layers * heads * size * seen)

    @property
    def value(self) -> Fraction:
        return Fraction(int(self.maps) + int(expression(self.pairs)), GIGA)

    def worked(self) -> Iterator[Worked]:
        yield Worked(Message("the FLOPs of the weights"), self.maps, "FLOPs")
        yield Worked(Message("the FLOPs of scores and context"), expression(self.pairs), "FLOPs")
        yield Worked(Message("Together: {value} · 10⁹ FLOPs.", value=written(self.value)))


@figure("teraflops-of-a-text")
@dataclass(frozen=True)
class TeraflopsOfAText(Figure):
    """10¹² FLOPs that a model takes to read texts: 2 for each weight and token, pairs left out."""

    parameters: int
    texts: int
    tokens: int
    passes: int = 1
    flops_a_mac: int = 2

    hint = Message("A weight multiplies each token once, and its product is added: how many FLOPs are that?")

    @property
    def value(self) -> Fraction:
        return Fraction(int(self.flops), TERA)

    @property
    def flops(self) -> Expression:
        """All of them."""
        tokens = Symbol("n", self.texts) * Symbol("T", self.tokens)
        return by_size(self.parameters, tokens, self.passes, self.flops_a_mac)

    def worked(self) -> Iterator[Worked]:
        yield Worked(Message("two for each weight and token"), self.flops, "FLOPs")
        yield Worked(Message("It is {value} · 10¹² FLOPs.", value=written(self.value)))


@figure("room-of-an-expert")
@dataclass(frozen=True)
class RoomOfAnExpert(Figure):
    """The tokens for which an expert has room, in percent of what an even spread gives it."""

    tokens: int
    experts: int
    chosen: int
    percent: int

    unit = "tokens"
    hint = Message("How many places are taken by all tokens? How many has an expert if they spread evenly?")

    @property
    def value(self) -> Fraction:
        return Fraction(self.tokens * self.chosen * self.percent, 100 * self.experts)

    def worked(self) -> Iterator[Worked]:
        even = Fraction(self.tokens * self.chosen, self.experts)
        yield Worked(
            Message("Spread evenly: {tokens} · {chosen} / {experts} = {even}.", tokens=number(self.tokens),
                    chosen=self.chosen, experts=self.experts, even=written(even))
        )  # fmt: skip
        yield Worked(
            Message("Of that {percent} percent: {value}.", percent=self.percent, value=written(self.value))
        )  # fmt: skip


# ---- what people believe -------------------------------------------------------------------------


believed(
    "weights-not-in-memory", _BesideTheWeights,
    says=Message("You gave the whole memory to the cache: the weights lie there, too."),
)(lambda asked: replace(asked, weight=0))  # fmt: skip
believed("keys-or-values-alone", _BesideTheWeights)(lambda asked: replace(asked, halves=1))
believed("one-layer-cached", _BesideTheWeights)(lambda asked: replace(asked, layers=1))
believed("grouped-heads-ignored", _BesideTheWeights)(lambda asked: replace(asked, kv_heads=asked.heads))
believed("one-byte-a-value", _BesideTheWeights)(lambda asked: replace(asked, weight=1, halves=1))
believed(
    "rounded-up-what-fits", _BesideTheWeights,
    says=Message("You rounded up: for one more there is no room."),
)(worth(lambda asked: Fraction(math.ceil(asked.exact))))  # fmt: skip
believed("one-sample-cached", ContextThatFits, where=lambda asked: asked.texts > 1)(
    lambda asked: replace(asked, texts=1)
)
believed(
    "blocks-shared-by-texts", BlocksOfTheCache,
    says=Message("You filled blocks with tokens of several texts: each text has blocks of its own."),
)(worth(lambda asked: Fraction(math.ceil(Fraction(asked.texts * asked.tokens, asked.block)))))  # fmt: skip
believed(
    "part-of-a-block-forgotten", BlocksOfTheCache,
    says=Message("You left out the block that is not full: a text's last tokens take a whole one."),
)(lambda asked: replace(asked, tokens=asked.tokens // asked.block * asked.block))  # fmt: skip
believed(
    "blocks-of-one-text", BlocksOfTheCache,
    says=Message("You counted one text: each of the others has blocks of its own."),
)(lambda asked: replace(asked, texts=1))  # fmt: skip
believed(
    "one-sum-a-block", SentBetweenDevices,
    says=Message("You took one sum for each block: attention ends in one, and the feed-forward layer, too."),
)(lambda asked: replace(asked, sums=1))  # fmt: skip
believed(
    "own-part-sent-too", _Ring,
    says=Message("You sent all of it twice: each device keeps its own part, and sends the others'."),
)(worth(lambda asked: Fraction(2 * int(asked.summed), asked.prefix)))  # fmt: skip
believed(
    "sent-to-each-of-the-others", _Ring,
    says=Message("You sent all of it to each of the others: in a ring it is sent less than twice."),
)(worth(lambda asked: Fraction(int(asked.summed) * (asked.devices - 1), asked.prefix)))  # fmt: skip
believed(
    "added-up-and-kept", GradientsSent,
    says=Message("You counted the round that adds up: what is added is handed out to all in another one."),
)(worth(lambda asked: asked.round / asked.prefix))  # fmt: skip
believed("one-device-paid", PriceOfAMillion)(lambda asked: replace(asked, devices=1))
believed("one-texts-rate", PriceOfAMillion)(lambda asked: replace(asked, texts=1))
believed(
    "hour-for-a-second", PriceOfAMillion,
    says=Message("You took the price of an hour for that of a second: an hour has 3,600 of them."),
)(lambda asked: replace(asked, hour=1))  # fmt: skip
believed(
    "first-token-twice", AnswerMilliseconds,
    says=Message("You let the first token take a step of its own: the pass over the prompt gives it."),
)(lambda asked: replace(asked, answer=asked.answer + 1))  # fmt: skip
believed(
    "prompt-takes-no-time", AnswerMilliseconds,
    says=Message("You left the prompt out: it passes the model before the first token is there."),
)(worth(lambda asked: (asked.answer - 1) * asked.step))  # fmt: skip
believed(
    "prompt-token-by-token", AnswerMilliseconds,
    says=Message("You read the prompt token by token: all of it passes the model at once."),
)(worth(lambda asked: (asked.prompt + asked.answer - 1) * asked.step))  # fmt: skip
believed(
    "answer-in-one-pass", AnswerMilliseconds,
    says=Message("You let the answer pass the model at once: each token of it waits for the one before."),
)(worth(lambda asked: 1000 * asked.passing(asked.prompt + asked.answer).seconds))  # fmt: skip
believed(
    "own-token-of-the-pass-forgotten", TokensOfACheck,
    says=Message("You counted the accepted guesses alone: the pass adds one token of its own."),
)(lambda asked: replace(asked, own=0))  # fmt: skip
believed(
    "guesses-apart", TokensOfACheck,
    says=Message("You took each guess by itself: what follows one that is refused is thrown away."),
)(worth(lambda asked: asked.own + Fraction(asked.guesses * asked.percent, 100)))  # fmt: skip
believed(
    "all-guesses-accepted", TokensOfACheck,
    says=Message("You let every guess be accepted: some are refused, and what follows them, too."),
)(lambda asked: replace(asked, percent=100))  # fmt: skip
believed("scores-of-one-head", BytesOfScores)(lambda asked: replace(asked, heads=1))
believed("one-text-kept", BytesOfScores)(lambda asked: replace(asked, texts=1))
believed("four-bytes-a-value", BytesOfScores)(lambda asked: replace(asked, value_bits=32))


@believed("hidden-pairs-left-out", BytesOfScores)
class _VisiblePairs(BytesOfScores):
    @property
    def value(self) -> Fraction:
        return super().value * (self.tokens + 1) / (2 * self.tokens)


believed(
    "one-score-a-token", BytesOfScores,
    says=Message("You took one score for each token: it has one with every token of its text."),
)(worth(lambda asked: Fraction(int(asked.scores) * asked.value_bits, 8 * GIGA * asked.tokens)))  # fmt: skip
believed("class-token-forgotten", TokensOfAnImage)(lambda asked: replace(asked, first=0))
believed("patches-of-one-row", TokensOfAnImage)(worth(lambda asked: Fraction(asked.row + asked.first)))
believed(
    "channels-as-patches", TokensOfAnImage,
    says=Message("You made a token of each channel: a patch holds all three, and is one token."),
)(worth(lambda asked: Fraction(3 * asked.row**2 + asked.first)))  # fmt: skip
believed("macs-for-flops", GigaflopsOfAToken)(lambda asked: replace(asked, flops_a_mac=1))
believed("pairs-forgotten", GigaflopsOfAToken)(lambda asked: replace(asked, seen=0))
believed(
    "shared-heads-multiply-less", GigaflopsOfAToken,
    says=Message("You counted the heads of keys and values: every head of queries multiplies with them."),
)(lambda asked: replace(asked, heads=asked.kv_heads))  # fmt: skip
believed(
    "one-product-of-attention", GigaflopsOfAToken,
    says=Message("You counted one product of attention: there are two, for the scores and for the context."),
)(lambda asked: replace(asked, products=1))  # fmt: skip
believed(
    "gradients-not-asked-for", GigaflopsOfAToken,
    says=Message("You took six FLOPs for each weight, as in training: two of them are the forward pass."),
)(lambda asked: replace(asked, of_weights=3))  # fmt: skip
believed("gradients-not-asked-for", TeraflopsOfAText)(lambda asked: replace(asked, passes=3))
believed("macs-for-flops", TeraflopsOfAText)(lambda asked: replace(asked, flops_a_mac=1))
believed(
    "one-text-read", TeraflopsOfAText, where=lambda asked: asked.texts > 1,
    says=Message("You counted one text: each of the others passes all weights, too."),
)(lambda asked: replace(asked, texts=1))  # fmt: skip
believed(
    "one-token-of-each-text", TeraflopsOfAText,
    says=Message("You counted one token of each text: every token of it passes all weights."),
)(lambda asked: replace(asked, tokens=1))  # fmt: skip


@believed("gradients-not-asked-for", Step, where=lambda asked: asked.computing > asked.reading)
class _Trained(Step):
    @property
    def flops(self) -> Expression:
        return expression(times(3, super().flops))


believed(
    "one-place-for-each-token", RoomOfAnExpert,
    says=Message("You gave each token one place: it is sent to several experts, and takes one in each."),
)(lambda asked: replace(asked, chosen=1))  # fmt: skip
believed(
    "no-room-to-spare", RoomOfAnExpert,
    says=Message("You left out the room to spare: tokens do not spread evenly, and some is given for that."),
)(lambda asked: replace(asked, percent=100))  # fmt: skip
believed(
    "room-for-all-tokens", RoomOfAnExpert,
    says=Message("You gave each expert room for all tokens: they are spread over the experts."),
)(lambda asked: replace(asked, experts=1))  # fmt: skip
