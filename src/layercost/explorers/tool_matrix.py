"""One layer in the dialect of every counting tool: what each prints, what that is made of, and a verdict.

Tools that print the same number stand in one row. A bar is made of blocks: the multiplications, their
additions where a tool counts them, what it adds besides; what it leaves out is a dashed outline. All bars
have one scale.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, product
from typing import Any, NamedTuple

from layercost.compiled import program
from layercost.convention import CONVENTIONS, Quantity
from layercost.counters import reading_of, tool_named, tools
from layercost.dialects.reading import Reading
from layercost.dialects.verdict import Judged, called, verdict
from layercost.explorers import parts, telling
from layercost.explorers.answers import as_known
from layercost.explorers.controls import Choice, Size, Tick
from layercost.explorers.explorer import Explorer
from layercost.explorers.subject import Subject
from layercost.expression import Symbol, Tree, tree
from layercost.layer import Layer
from layercost.layers import LSTM, BatchNorm2d, Conv2d, Linear, MaxPool2d, ReLU
from layercost.message import Message
from layercost.message import spoken as _
from layercost.view import escaped, number, tag

KINDS = {
    "linear": Message("fully connected"),
    "convolution": Message("convolution"),
    "depthwise": Message("depthwise convolution"),
    "pooling": Message("max pooling, 2 × 2"),
    "normalization": Message("batch normalization"),
    "relu": Message("ReLU"),
    "lstm": Message("LSTM"),
}
WITH_BIAS = ("linear", "convolution", "depthwise", "lstm")
SIGNS = {
    Judged.RIGHT: "✓", Judged.MISNAMED: "≈", Judged.OWN_PRICES: "≈", Judged.TOO_LARGE: "✗",
    Judged.TOO_SMALL: "✗", Judged.UNKNOWN: "?", Judged.NOTHING: "?",
}  # fmt: skip


# ---- what the tools say ---------------------------------------------------------------------------


class Block(NamedTuple):
    """A part of a number: "multiply", "add", "more", or "missing", which is not in it."""

    kind: str
    amount: int


class Opinion(NamedTuple):
    """A verdict with the tools whose number it is: sign, words, names."""

    sign: str
    words: Message
    tools: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """A number that tools print, what it is made of, and what is to be said of it, tool by tool."""

    number: int
    blocks: tuple[Block, ...]
    opinions: tuple[Opinion, ...]

    @property
    def made_of(self) -> str:
        """The blocks in words."""
        said = [f"{number(one.amount)} {_BLOCKS[one.kind]}" for one in self.blocks if one.amount]
        return ", ".join(said) or _("nothing")


_BLOCKS = {
    "multiply": Message("products"),
    "add": Message("sums"),
    "more": Message("added besides"),
    "missing": Message("left out"),
}


def blocks_of(reading: Reading) -> tuple[Block, ...]:
    """What a reading is made of; all but what is missing add up to its number."""
    total, macs = reading.main or 0, reading.macs
    all_of_them = reading.per_mac * macs
    more = max(0, sum(max(part.extra, 0) for part in reading.parts) + max(reading.remainder, 0))
    more = min(more, total)
    products = total - more
    multiply = min(macs, products)
    return (
        Block("multiply", multiply), Block("add", products - multiply), Block("more", more),
        Block("missing", all_of_them - products),
    )  # fmt: skip


@lru_cache(maxsize=128)
def answers(subject: Subject) -> tuple[tuple[Answer, ...], tuple[str, ...]]:
    """Every number that is printed for a layer, the smallest first; and the tools that stop with an error."""
    readings, stopped = [], []
    for name in tools():
        tool = tool_named(name)
        if tool.joins or not tool.counts_operations:
            continue
        reading = reading_of(subject.layer, (subject.shape,), tool, subject.setting)
        if reading.main is None:
            stopped.append(name)
        else:
            readings.append(reading)
    by_number: dict[int, list[Reading]] = {}
    for reading in sorted(readings, key=lambda one: one.main or 0):
        by_number.setdefault(reading.main or 0, []).append(reading)
    found = [Answer(total, blocks_of(alike[0]), _opinions(alike)) for total, alike in by_number.items()]
    return tuple(found), tuple(stopped)


def _opinions(readings: list[Reading]) -> tuple[Opinion, ...]:
    of: dict[tuple[str, Message], list[str]] = {}
    for reading in readings:
        judged = verdict(reading)
        said = judged.words
        if judged.judged is Judged.OWN_PRICES:
            said = Message("a price of its own, as {name}", name=called(reading.tool))
        of.setdefault((SIGNS[judged.judged], said), []).append(reading.dialect)
    return tuple(Opinion(*which, tuple(names)) for which, names in of.items())


_LONGEST = 56  # letters of the line in sight; of a longer one the total is shown
_POOLED = 2
FEW_OPINIONS, LONG_NUMBER = 8, 10**7  # beyond these the rows are set more closely


# ---- the explorer -----------------------------------------------------------------------------------


class ToolMatrixExplorer(Explorer):
    """A layer of several kinds with its sizes, and what every counting tool prints for it."""

    name = "tool_matrix"
    wide = True
    controls = (
        Choice("kind", Message("layer"), "convolution", [(said, kind) for kind, said in KINDS.items()],
               main=True),
        Size("inputs", Message("inputs"), 3, 1, 4096, letter="C_in", main=True),
        Size("outputs", Message("outputs"), 64, 1, 4096, letter="C_out", main=True),
        Tick("bias", Message("with a bias"), True, main=True),
        Size("side", Message("height and width, or steps"), 32, 1, 512, letter="H"),
        Size("kernel", Message("kernel"), 3, 1, 11, letter="k"),
        Size("batch", Message("batch"), 1, 1, 256, letter="N"),
    )  # fmt: skip

    def build(self, settings: Mapping[str, Any]) -> Subject:
        layer, shape = _layer(settings), _shape(settings)
        words = repr(layer)
        if settings["batch"] > 1:
            words = _("{layer}, batch {batch}", layer=words, batch=number(settings["batch"]))
        return Subject(layer, shape, words, settings["batch"])

    def amounts(self, built: Subject) -> list[tuple[str, int]]:
        numbers = [answer.number for answer in answers(built)[0]]
        return [(_("largest number"), max(numbers)), (_("MACs"), built.macs)]

    def headlines(self, built: Subject, settings: Mapping[str, Any]) -> Iterator[str]:
        yield built.line_or_total(Quantity.MACS, most=_LONGEST)  # what every bar is made of

    def told(self) -> dict[str, Any]:
        kind = self._declared["kind"]
        forms = (
            _told(self.build({**self._printed, **form}), form, as_known(kind, form["kind"]))
            for form in _forms()
        )
        return telling.told([Quantity.MACS.value], chain.from_iterable(forms))

    def picture(self, built: Subject, settings: Mapping[str, Any]) -> str:
        found, stopped = answers(built)
        counted = built.count(Quantity.FLOPS, settings["convention"])
        most = max(1, counted.total, *(sum(one.amount for one in answer.blocks) for answer in found))
        rows = [_row(answer, most) for answer in found]
        opinions = sum(len(answer.opinions) for answer in found)
        crowded = " lc-crowded" if opinions > FEW_OPINIONS or most >= LONG_NUMBER else ""
        says = tag("p", _sentence(built, found), " ", _key(found), class_="lc-matrix-says")
        left = (
            tag("p", escaped(_("Stops with an error: {tools}.", tools=", ".join(stopped)))) if stopped else ""
        )
        return says + _ours(counted.total, settings["convention"], most) + tag(
            "ol", *rows, class_=f"lc-tool-rows{crowded}"
        ) + left  # fmt: skip

    def tables(self, built: Subject, settings: Mapping[str, Any]) -> Iterator[str]:
        found, stopped = answers(built)
        heads = [_("tools"), _("number"), _("made of"), _("verdict")]
        rows = [
            (", ".join(opinion.tools), answer.number, escaped(answer.made_of), escaped(str(opinion.words)))
            for answer in found for opinion in answer.opinions
        ] + [(name, "", "", escaped(_("stops with an error"))) for name in stopped]  # fmt: skip
        yield parts.plain_table(escaped(built.words), heads, rows)


def _layer(settings: Mapping[str, Any]) -> Layer:
    given, gives, kernel, bias = (settings[name] for name in ("inputs", "outputs", "kernel", "bias"))
    match settings["kind"]:
        case "linear":
            return Linear(given, gives, bias=bias)
        case "convolution":
            return Conv2d(given, gives, kernel, padding=_padding(kernel), bias=bias)
        case "depthwise":
            return Conv2d(given, given, kernel, padding=_padding(kernel), groups=given, bias=bias)
        case "pooling":
            return MaxPool2d(_POOLED)
        case "normalization":
            return BatchNorm2d(given)
        case "relu":
            return ReLU()
        case _:
            return LSTM(given, gives, bias=bias)


def _shape(settings: Mapping[str, Any]) -> tuple[int, ...]:
    given, side = settings["inputs"], settings["side"]
    if settings["kind"] == "linear":
        return (given,)
    return (side, given) if settings["kind"] == "lstm" else (given, side, side)


def _padding(kernel: Any) -> Any:
    """What keeps the sides of the maps, for an odd kernel."""
    return kernel // 2


# ---- what a page says without Python --------------------------------------------------------------------

_LETTERS = {
    "C_in": "inputs", "C": "inputs", "d_in": "inputs", "d_x": "inputs", "g": "inputs", "C_out": "outputs",
    "d_out": "outputs", "d_h": "outputs", "k": "kernel", "H": "side", "W": "side", "T": "side", "N": "batch",
}  # fmt: skip
_ASKED = ((Quantity.MACS, "textbook"), (Quantity.PARAMETERS, "textbook"),
          *((Quantity.FLOPS, convention) for convention in CONVENTIONS))  # fmt: skip


def _forms() -> Iterator[dict[str, Any]]:
    """Each kind, with a bias and without, for one sample and for several."""
    for kind in KINDS:
        inputs = (1, 2) if kind == "depthwise" else (2,)
        bias = (True, False) if kind in WITH_BIAS else (True,)
        for biased, batch, given in product(bias, (1, 2), inputs):
            yield {"kind": kind, "bias": biased, "batch": batch, "inputs": given}


def _follows(kind: str) -> dict[str, Tree]:
    """How each letter of a kind of layer comes from the controls."""
    if kind == "depthwise":
        return {**_LETTERS, "C_out": "inputs", "p": _PADDED}
    if kind == "pooling":
        return {letter: control for letter, control in _LETTERS.items() if letter != "k"}
    return {**_LETTERS, "p": _PADDED}


_PADDED = tree(_padding(Symbol("kernel", 3)))


def _told(built: Subject, form: Mapping[str, Any], said: str) -> Iterator[dict[str, Any]]:
    """What stands in sight of a form, and what is heard; no size of the output may be none."""
    silent = ("batch", "inputs") if form["kind"] == "depthwise" else ("batch",)  # one group, one sample
    biased = {"bias": form["bias"]} if form["kind"] in WITH_BIAS else {}
    when = {"kind": said, **biased, **{name: 1 for name in silent if form[name] == 1}}
    several = {name: 1 for name in silent if form[name] > 1}
    possible = program(built.count(Quantity.FLOPS, "everything").expression)
    for quantity, convention in _ASKED:
        counted = built.count(quantity, convention)
        line = telling.of(counted, quantity, most=_LONGEST, seen=quantity is Quantity.MACS)
        letters = {**possible["letters"], **line["letters"]}
        follows = {letter: of for letter, of in _follows(form["kind"]).items() if letter in letters}
        kept = {letter: number for letter, number in letters.items() if letter not in follows}
        needed = {"letters": kept, "definitions": possible["definitions"], "needs": []}
        yield telling.held(quantity.value, {}, when, several, **{**line, **needed}, follows=follows)


# ---- rows ---------------------------------------------------------------------------------------------


def _sentence(built: Subject, found: tuple[Answer, ...]) -> str:
    """The layer, what goes in, and how far the tools part."""
    of_tools = sum(len(opinion.tools) for answer in found for opinion in answer.opinions)
    said = _("{tools} tools, {numbers} numbers", tools=of_tools, numbers=len(found))
    low, high = found[0].number, found[-1].number
    factor = f", {parts.ratio(high, low)}" if low and high != low else ""
    shape = " × ".join(map(number, built.shape))
    layer = tag("code", escaped(repr(built.layer)))
    where = tag("span", _("{layer} on {shape}:", layer=layer, shape=shape), " ", class_="lc-matrix-layer")
    return tag("span", where, tag("b", escaped(f"{said}{factor}")))


def _key(found: tuple[Answer, ...]) -> str:
    used = {one.kind for answer in found for one in answer.blocks if one.amount}
    keys = (
        tag("span", tag("svg", _block(kind, 0, 100), class_="lc-key-bar", aria_hidden="true"),
            f" {escaped(str(words))}", class_="lc-key")
        for kind, words in _BLOCKS.items() if kind in used
    )  # fmt: skip
    return tag("span", *keys, class_="lc-keys")


def _ours(total: int, convention: str, most: int) -> str:
    """The number by the convention that is chosen, to compare."""
    unit = str(CONVENTIONS[convention].unit)
    bar = _svg(_block("ours", 0, 100 * total / most), f"{number(total)} {unit}")
    who = tag("span", escaped(f"{unit} · {convention}"), class_="lc-tool-names")
    return tag("p", tag("b", number(total), class_="lc-tool-number"), bar, who, class_="lc-ours")


def _row(answer: Answer, most: int) -> str:
    said = [
        tag("span", tag("b", ", ".join(map(escaped, one.tools))), " ",
            tag("i", one.sign, class_=f"lc-judged-{_SIGN_NAMES[one.sign]}", aria_hidden="true"),
            tag("span", f" {escaped(str(one.words))}", class_="lc-judged-words"), class_="lc-tool-names")
        for one in answer.opinions
    ]  # fmt: skip
    return tag(
        "li", tag("b", number(answer.number), class_="lc-tool-number"), _bar(answer, most), *said,
        class_="lc-tool",
    )  # fmt: skip


_SIGN_NAMES = {"✓": "right", "≈": "own", "✗": "wrong", "?": "unknown"}


def _bar(answer: Answer, most: int) -> str:
    drawn, x = [], 0.0
    for one in answer.blocks:
        if one.amount:
            drawn.append(_block(one.kind, x, 100 * one.amount / most))
            x += 100 * one.amount / most
    return _svg("".join(drawn), answer.made_of)


def _svg(drawn: str, says: str) -> str:
    return tag("svg", drawn, class_="lc-tool-bar", role="img", aria_label=says)


def _block(kind: str, start: float, share: float) -> str:
    return tag(
        "rect", class_=f"lc-part lc-part-{kind}", x=f"{start:.2f}%", y=1, width=f"{share:.2f}%", height=12
    )
