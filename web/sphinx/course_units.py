"""Sphinx extension: the figures of the first and the last chapter, on units and on published numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from course_figures import Picture, figure
from sphinx.application import Sphinx

import layercost as lc
from layercost.convention import memory
from layercost.explorers.markup import box, drawing, words
from layercost.explorers.passport import FLOPS_A_SECOND, lasting, rate, shortened
from layercost.message import spoken as _
from layercost.view import escaped, number, tag

# ---- what one network is called -----------------------------------------------------------------------


@figure
def said_of(net: lc.Model) -> Picture:
    """What people say of one network, in the words in which they say it; the twin says what each is."""
    size = _of(net, lc.PARAMETER_BYTES)
    parameters, macs = _of(net, lc.PARAMETERS), _of(net, lc.MACS)
    quotes = [
        (f"{shortened(parameters)}", _("parameters, in millions")),
        (f"{shortened(size).removesuffix(' M')} MB", _("bytes in float32, in units of 1,000,000")),
        (f"{shortened(Fraction(size * 10**6, 2**20)).removesuffix(' M')} MB",
         _("the same bytes, in units of 1,048,576, whose name is MiB")),
        (f"{shortened(size // 2).removesuffix(' M')} MB", _("bytes in float16, in units of 1,000,000")),
        (f"{_two_digits(macs)} GFLOPs", _("multiply-accumulates, called FLOPs")),
        (f"{_two_digits(2 * macs)} GFLOPs", _("each multiply-accumulate as two FLOPs")),
    ]  # fmt: skip
    says = _("{count} descriptions of one network: {all}.", count=len(quotes),
             all="; ".join(said for said, _meaning in quotes))  # fmt: skip
    cards = [tag("span", escaped(said), class_="lc-quote") for said, _meaning in quotes]
    drawn = tag("div", *cards, class_="lc-quotes", role="img", aria_label=says)
    return Picture(drawn, (_("what it is"), _("as it is said")), [(what, said) for said, what in quotes])


def _of(net: lc.Model, quantity: lc.Quantity) -> int:
    return lc.count(net, quantity, net.input_shape).total


def _two_digits(amount: int) -> str:
    return f"{amount / 10**9:.1f}"


# ---- one dot product ----------------------------------------------------------------------------------

_STEP, _SIDE, _LEFT = 60, 38, 74


@figure
def dot_product(inputs: Sequence[int], weights: Sequence[int], bias: int) -> Picture:
    """Inputs times weights, added up, and a bias: each multiplication and each addition to be seen."""
    products = [x * w for x, w in zip(inputs, weights, strict=True)]
    total = sum(products) + bias
    says = _(
        "Inputs {inputs} times weights {weights} are the products {products}; "
        "added up, with the bias {bias}, they are {total}.",
        inputs=list(inputs), weights=list(weights), products=products, bias=bias, total=total,
    )  # fmt: skip
    rows = [(f"{x} × {w}", number(product)) for x, w, product in zip(inputs, weights, products, strict=True)]
    sums = [(" + ".join(map(str, products)), number(sum(products))),
            (f"{sum(products)} + {bias} ({_('bias')})", number(total))]  # fmt: skip
    drawn = drawing("lc-dot-product", 372, 202, says, *_dots(inputs, weights, products, bias, total))
    return Picture(drawn, (_("calculation"), _("gives")), [*rows, *sums])


def _dots(
    inputs: Sequence[int], weights: Sequence[int], products: Sequence[int], bias: int, total: int
) -> Iterator[str]:
    names = (_("inputs"), _("weights"), _("products"))
    kinds = ("lc-open lc-d-cin", "lc-open lc-d-k", "lc-open lc-d-const")
    for row, (name, kind, values) in enumerate(zip(names, kinds, (inputs, weights, products), strict=True)):
        y = 8 + row * 72
        yield words(_LEFT - 14, y + 25, name, "lc-dot-name", text_anchor="end")
        for column, value in enumerate(values):
            x = _LEFT + column * _STEP
            yield box(x, y, _SIDE, _SIDE, kind)
            yield words(x + _SIDE / 2, y + 26, str(value), "lc-dot-value", text_anchor="middle")
            if row < 2:
                yield words(x + _SIDE / 2, y + 62, "×=="[row], "lc-dot-sign", text_anchor="middle")
            elif column:
                yield words(x - 11, y + 26, "+", "lc-dot-sign", text_anchor="middle")
    x, y = _LEFT + len(inputs) * _STEP, 152
    yield words(x - 11, y + 26, "+", "lc-dot-sign", text_anchor="middle")
    yield box(x, y, _SIDE, _SIDE, "lc-bias lc-d-const")
    yield words(x + _SIDE / 2, y + 26, str(bias), "lc-dot-value", text_anchor="middle")
    yield words(x + _SIDE / 2, y - 8, _("bias"), "lc-dot-name", text_anchor="middle")
    yield words(x + _SIDE + 14, y + 26, "=", "lc-dot-sign", text_anchor="middle")
    yield words(x + _SIDE + 34, y + 27, str(total), "lc-dot-total", text_anchor="middle")


# ---- which number leads to which ------------------------------------------------------------------------


@figure
def ways_between(net: lc.Model, speed: int) -> Picture:
    """Two lanes: what a network holds and what it does; each arrow says what is multiplied or divided."""
    held, size, macs = (_of(net, quantity) for quantity in (lc.PARAMETERS, lc.PARAMETER_BYTES, lc.MACS))
    flops = lc.count(net, lc.FLOPS, net.input_shape, "two-a-mac").total
    decimal, binary = (_rounded(said) for said in memory(size)[1:])
    took = lasting(Fraction(flops, speed))
    machine = rate(speed, FLOPS_A_SECOND)
    lanes = [
        (_("What it holds"), number(held), _("parameters"),
         [(f"× {size // held}", "float32", number(size), _("bytes")),
          ("÷ 1,000,000", "", *decimal), (_("or ÷ 1,048,576"), "", *binary)]),
        (_("What it does"), number(macs), "MACs",
         [(f"× {flops // macs}", _("a product and a sum"), number(flops), "FLOPs"),
          (f"÷ {machine}", _("the speed of a machine"), *took.split(" "))]),
    ]  # fmt: skip
    says = _(
        "{parameters} parameters are {bytes} bytes, {decimal} or {binary}. "
        "{macs} MACs are {flops} FLOPs and take {time} at {rate}.",
        parameters=number(held), bytes=number(size), decimal=" ".join(decimal), binary=" ".join(binary),
        macs=number(macs), flops=number(flops), time=took, rate=machine,
    )  # fmt: skip
    drawn = tag("div", *(_lane(*lane) for lane in lanes), class_="lc-lanes", role="img", aria_label=says)
    rows = [row for _title, *first, ways in lanes for row in _rows(*first, ways)]
    return Picture(drawn, (_("what is done"), _("number")), rows)


def _rows(amount: str, unit: str, ways: Sequence[tuple[str, str, str, str]]) -> Iterator[tuple[str, str]]:
    yield "", f"{amount} {unit}"
    for by, why, then, its_unit in ways:
        yield f"{by} {why}".strip(), f"{then} {its_unit}"


def _lane(title: str, amount: str, unit: str, ways: Sequence[tuple[str, str, str, str]]) -> str:
    stops = [_stop(amount, unit)]
    for by, why, then, its_unit in ways:
        note = tag("small", escaped(why)) if why else ""
        stops.append(tag("span", tag("b", escaped(by)), note, class_="lc-way"))
        stops.append(_stop(then, its_unit))
    return tag("div", tag("p", escaped(title)), tag("div", *stops, class_="lc-stops"), class_="lc-lane-of")


def _stop(amount: str, unit: str) -> str:
    return tag("span", tag("b", amount), escaped(unit), class_="lc-stop")


def _rounded(size: str) -> tuple[str, str]:
    amount, _space, unit = size.partition(" ")
    return f"{float(amount.replace(',', '')):.1f}", unit


# ---- published numbers beside what one counts ------------------------------------------------------------

_LEAST, _MOST, _STRETCHED = 0.25, 2.0, 100  # ratios at the ends of the line; how much it is stretched at 1


@figure
def beside_the_count(published: Sequence[tuple[str, str, float, Any]]) -> Picture:
    """Published numbers as multiples of what one would count first, on a line that is stretched around 1.

    Each is (whose, as printed, its value, a count or a number).
    """
    ratios = [value / float(getattr(count, "total", count)) for _whose, _said, value, count in published]
    rows = [
        (whose, said, number(round(float(getattr(count, "total", count)))), f"{ratio:.3f}")
        for (whose, said, _value, count), ratio in zip(published, ratios, strict=True)
    ]
    says = _("{count} published numbers, from {low:.2f} to {high:.2f} times what one would count first.",
             count=len(rows), low=min(ratios), high=max(ratios))  # fmt: skip
    ends = (min(_LEAST, *ratios), max(_MOST, *ratios))
    drawn = [
        _beside(whose, said, _along(ratio, ends))
        for (whose, said, *_rest), ratio in zip(rows, ratios, strict=True)
    ]
    axis = tag("p", *_ticks(ends), class_="lc-beside-axis")
    picture = tag(
        "div",
        *drawn,
        axis,
        class_="lc-beside",
        role="img",
        aria_label=says,
        style=f"--lc-one: {_along(1, ends):.4f}",
    )
    return Picture(picture, (_("whose"), _("as printed"), _("a first count"), _("ratio")), rows)


_APART = 0.06  # of the line, between two numbers under it
_TICKS = (
    ("0.1", 0.1),
    ("8", 8.0),
    ("¼", 0.25),
    ("½", 0.5),
    ("0.9", 0.9),
    ("0.99", 0.99),
    ("1", 1.0),
    ("1.01", 1.01),
    ("2", 2.0),
)


def _far(ratio: float) -> float:
    """How far a ratio is from 1: nearly in proportion beside it, logarithmic further out."""
    return math.asinh(_STRETCHED * math.log2(ratio))


def _along(ratio: float, ends: tuple[float, float]) -> float:
    """The place of a ratio on the line between both ends, from 0 to 1."""
    least, most = map(_far, ends)
    return (_far(ratio) - least) / (most - least)


def _ticks(ends: tuple[float, float]) -> Iterator[str]:
    """The ratios that are written under the line; those that would touch another are left out."""
    taken: list[float] = []
    for text, ratio in _TICKS:
        place = _along(ratio, ends)
        if ends[0] <= ratio <= ends[1] and all(abs(place - other) > _APART for other in taken):
            taken.append(place)
            yield tag("span", text, style=f"--lc-part: {place:.4f}")


def _beside(whose: str, said: str, place: float) -> str:
    name = tag("span", escaped(whose), " ", tag("b", escaped(said)), class_="lc-beside-name")
    dot = tag("i", style=f"--lc-part: {place:.4f}")
    return tag("div", name, tag("span", dot, class_="lc-beside-line"), class_="lc-beside-row")


def setup(_app: Sphinx) -> dict[str, Any]:
    """The figures are registered when this module is read."""
    return {"parallel_read_safe": True, "parallel_write_safe": True}
