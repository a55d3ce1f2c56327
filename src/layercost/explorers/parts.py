"""The parts that explorers are put together from, each of them HTML text; one implementation each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from json import JSONEncoder

from layercost.convention import (
    CONVENTIONS,
    Convention,
    Quantity,
    bytes_of,
    in_largest_unit,
    quantity_in_words,
    unit_in_words,
    unit_with_its_size,
)
from layercost.counting import Count
from layercost.expression import HTML, TEXT, Definition, Expression, defining, equation
from layercost.facts import Facts, Kind, Operation, Role
from layercost.message import Message
from layercost.message import spoken as _
from layercost.view import NOT_COUNTED, Substitution, escaped, html_table, number, tag

_JSON = JSONEncoder(ensure_ascii=False, separators=(",", ":"))

# ---- substitution line --------------------------------------------------------------------------


def substitution(what: str, count: Count, *notes: str, brief: bool = False) -> str:
    """A count as one line, with the form in which courses write it unless it is to be `brief`, and notes."""
    by = count.convention if count.quantity is Quantity.FLOPS else ""
    written = () if brief else _also_written(count)
    return derivation(what, count.expression, count.unit, by, *written, *notes)


def derivation(what: str, formula: Expression, unit: str, by: str = "", *notes: str) -> str:
    """Letters = numbers = total, with its unit and convention, a place for a copy button, and notes."""
    shown = Substitution(formula, unit, by)
    return _line(what, shown.line, f"{shown.copied} {unit_in_words(unit)}", notes)


def total_line(what: str, count: Count) -> str:
    """A total alone, where its derivation is too long to be read at a glance."""
    by = count.convention if count.quantity is Quantity.FLOPS else ""
    return amount_line(what, count.total, str(unit_in_words(count.unit)), by)


def amount_line(what: str, amount: int, unit: str, by: str = "", *notes: str) -> str:
    """A number alone, with its unit in words, its convention, and notes."""
    return _line(what, amount_html(amount, unit, by), f"{number(amount)} {unit}", notes)


def amount_html(amount: int, unit: str, by: str = "") -> str:
    """The number of such a line, where a page finds it to write another, and its unit."""
    total = tag("span", tag("span", number(amount), class_="lc-num"), class_="lc-formula")
    said = escaped(f"{unit} · {by}" if by else unit)
    return f"{total} {tag('span', said, class_='lc-unit')}"


def said_line(what: str, said: str) -> str:
    """A calculation that is no count, as a line that looks alike; `said` is markup, and copied as text."""
    return _line(what, tag("span", said, class_="lc-formula"), re.sub("<.*?>", "", said))


def _line(what: str, line: str, copied: str, notes: Iterable[str] = ()) -> str:
    return tag(
        "div",
        tag("span", escaped(what), class_="lc-sub-name"),
        tag("span", line, class_="lc-sub-line"),
        tag("span", class_="lc-copy", data_copy=copied),
        *(tag("span", note, class_="lc-sub-note") for note in notes if note),
        class_="lc-sub",
    )


def _also_written(count: Count) -> Iterator[str]:
    if count.taught is not None and count.taught != count.expression:
        yield f"{_('also written')} {equation(count.taught, HTML)}"


def left_out(facts: Iterable[Facts], prices: Convention) -> str:
    """The operations that these prices leave out, each kind with its number; nothing if there are none."""
    amounts: Counter[tuple[Kind, Role]] = Counter()
    for operation in prices.left_out(operation for each in facts for operation in each.operations):
        amounts[operation.kind, operation.role] += int(operation.amount)
    operations = ", ".join(Operation(*which, amount).describe() for which, amount in amounts.items())
    return _(NOT_COUNTED, operations=operations) if operations else ""


def definition(letter: Definition) -> str:
    """What a letter of the formula stands for: letter = letters = numbers = value."""
    return tag(
        "div",
        tag("span", _("where"), class_="lc-sub-name"),
        tag("span", defining(letter, HTML), class_="lc-sub-line"),
        tag("span", class_="lc-copy", data_copy=defining(letter, TEXT)),
        class_="lc-sub lc-sub-where",
    )


def in_float32(size: int) -> str:
    """The number format, and from one KiB on the bytes in the largest binary unit of which there is one."""
    if size < 1024:
        return _("in float32, {bytes} bytes each", bytes=bytes_of(1))
    many, unit = in_largest_unit(size)
    return _("in float32, {bytes} bytes each: {many} {unit}",
             bytes=bytes_of(1), many=f"{many:,.1f}", unit=unit_with_its_size(unit))  # fmt: skip


# ---- heading ------------------------------------------------------------------------------------


def heading(said: str, more: str = "") -> str:
    """What the following is about; `more` is markup, and stands out less."""
    return tag("p", tag("b", escaped(said)), more, class_="lc-heading")


# ---- pills --------------------------------------------------------------------------------------


def pills(field: str, options: Iterable[tuple[object, str]], chosen: object) -> str:
    """The values of a control as buttons beside each other above the picture: (value, words)."""
    buttons = (
        tag("button", escaped(said), type="button", data_set=f"{field}={value}",
            class_="lc-pill" + (" lc-chosen" if value == chosen else ""),
            aria_pressed="true" if value == chosen else "false")
        for value, said in options
    )  # fmt: skip
    return tag("span", *buttons, class_="lc-pills")


# ---- ghost --------------------------------------------------------------------------------------


def ratio(new: int, old: int) -> str:
    """How many times as large, as ``×4.0``: three digits, more where they would make a whole number."""
    if old == 0:
        return "×1.0" if new == 0 else _("from 0 to {new}", new=number(new))
    exact = Fraction(new, old)
    if exact.denominator == 1:
        return f"×{number(exact.numerator)}.0"
    if exact > 1000 or 0 < exact < Fraction(1, 1000):
        return f"×{float(exact):,.0f}" if exact > 1 else f"÷{float(1 / exact):,.0f}"
    return f"×{_honest(float(exact))}"


def _honest(value: float) -> str:
    """`value` with as few digits as do not make it a whole number, three at the least."""
    digits = next(
        digits for digits in range(3, 17) if digits == 16 or not float(f"{value:.{digits}g}").is_integer()
    )
    return f"{value:.{digits}g}"


def ghost(outline: str, amounts: Sequence[tuple[str, int, int]], before: str) -> str:
    """The last setting as an outline and in words, and the ratio of each amount: (what it is, now, then)."""
    factors = " · ".join(
        tag("b", ratio(now, then), class_="lc-ratio") + f" {escaped(what)}" for what, now, then in amounts
    )
    said = tag("p", factors, class_="lc-ratios") + tag("p", escaped(before), class_="lc-change")
    return tag("div", outline, tag("div", said), class_="lc-since")


# ---- failure boundary ---------------------------------------------------------------------------


def failure(reason: str, shown: str) -> str:
    """Why a setting is impossible, and what is shown instead."""
    return tag(
        "p",
        tag("b", _("This cannot be built.")),
        " ",
        escaped(reason if reason.endswith(".") else f"{reason}."),
        " ",
        tag("span", escaped(shown), class_="lc-kept"),
        class_="lc-failure",
        role="status",
    )


# ---- odometer -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wheel:
    """One wheel of an odometer: what it counts, how far it is, where it ends."""

    name: str
    done: int
    end: int


@dataclass(frozen=True, slots=True)
class Odometer:
    """What has been counted so far in `scope`; `summary` says in words what it will amount to."""

    scope: str
    wheels: Sequence[Wheel]
    summary: str = ""

    @property
    def html(self) -> str:
        """The wheels under the picture."""
        return tag(
            "div",
            tag("p", escaped(self.scope), class_="lc-scope"),
            tag("p", *map(_wheel, self.wheels), class_="lc-wheels"),
            tag("p", self.summary, class_="lc-summary") if self.summary else "",
            class_="lc-odometer",
        )

    @property
    def table(self) -> str:
        """The same as a table."""
        heads = [_("operation"), _("so far"), _("in all")]
        return plain_table(self.scope, heads, [(one.name, one.done, one.end) for one in self.wheels])


def _wheel(wheel: Wheel) -> str:
    return tag(
        "span",
        tag("b", number(wheel.done), class_="lc-digits"),
        " ",
        tag("span", _("of {end}", end=number(wheel.end)), class_="lc-end"),
        " ",
        tag("span", escaped(wheel.name), class_="lc-wheel-name"),
        class_="lc-wheel" + (" lc-complete" if wheel.done == wheel.end else ""),
    )


_COUNTED_APART = {
    Kind.MAXIMUM: Message("maxima"),
    Kind.SUBTRACT: Message("subtractions"),
    Kind.DIVIDE: Message("divisions"),
}


def wheels(facts: Facts, multiplications: int, additions: int, part: Fraction) -> list[Wheel]:
    """The wheels for what a layer does when `part` of it is done; those that stay at 0 are left out."""
    ends = {Message("multiplications"): multiplications, Message("additions"): additions}
    for operation in facts.operations:
        if operation.kind in _COUNTED_APART:
            name = _COUNTED_APART[operation.kind]
            ends[name] = ends.get(name, 0) + int(operation.amount)
    return [Wheel(str(name), _exactly(end * part), end) for name, end in ends.items() if end]


def _exactly(amount: Fraction) -> int:
    if amount.denominator != 1:
        raise ValueError(f"expected a whole number of operations at each position, but got {amount}")
    return amount.numerator


# ---- paired bars --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pair:
    """One layer of the paired bars; `choice` is what a touch on it asks for, as ``layer=conv1 (C1)``."""

    name: str
    amounts: tuple[int, int]
    choice: str
    chosen: bool


def paired_bars(title: str, names: tuple[str, str], totals: tuple[int, int], pairs: Iterable[Pair]) -> str:
    """Two amounts of each layer as bars on one axis, the share of the total, values at their ends."""
    keys = "".join(
        tag("span", tag("svg", _bar(kind, 100, 0), class_="lc-key-bar", aria_hidden="true"),
            f" {escaped(name)}", class_="lc-key")
        for kind, name in zip(_BAR_KINDS, names, strict=True)
    )  # fmt: skip
    rows = "".join(_pair(pair, names, totals) for pair in pairs)
    ends = tag("p", tag("span", "0 %"), tag("span", "100 %"), class_="lc-axis", aria_hidden="true")
    return tag(
        "figure",
        tag("figcaption", tag("b", escaped(title)), " ", tag("span", keys, class_="lc-keys")),
        tag("ul", rows, class_="lc-pairs"),
        ends,
        class_="lc-paired",
    )


_BAR_KINDS = ("lc-bar-parameters", "lc-bar-macs")
_BAR_HEIGHT = 14


def _pair(pair: Pair, names: tuple[str, str], totals: tuple[int, int]) -> str:
    bars, said = [], []
    for position, (kind, name, amount, total) in enumerate(
        zip(_BAR_KINDS, names, pair.amounts, totals, strict=True)
    ):
        share = 100 * amount / total if total else 0.0
        value = f"{number(amount)} ({share:.1f} %)" if amount else "0"
        y = position * _BAR_HEIGHT
        bars.append(_bar(kind, share, y))
        bars.append(tag("text", value, class_="lc-bar-value", x=f"{share:.2f}%", dx="6", y=y + 10))
        said.append(f"{name}: {value}")
    picture = tag(
        "svg", *bars, class_="lc-pair-bars", role="img", aria_label=f"{pair.name}. {'; '.join(said)}",
    )  # fmt: skip
    return tag(
        "li", tag("span", escaped(pair.name), class_="lc-pair-name"), picture,
        class_="lc-pair" + (" lc-chosen" if pair.chosen else ""), data_set=pair.choice,
    )  # fmt: skip


def _bar(kind: str, share: float, y: int) -> str:
    return tag(
        "rect", class_=f"lc-share {kind}", x="0", y=y + 1, width=f"{share:.2f}%", height=_BAR_HEIGHT - 3
    )


# ---- totals in words ------------------------------------------------------------------------------


def totals(parameters: int, cost: int, convention: str) -> str:
    """Parameters and cost as one sentence, to be heard."""
    return _("{parameters} parameters; {cost} {unit} by {convention}",
             parameters=number(parameters), cost=number(cost),
             unit=unit_in_words(CONVENTIONS[convention].unit), convention=convention)  # fmt: skip


# ---- what a page computes by itself ---------------------------------------------------------------


def for_the_page(data: object) -> str:
    """Data for the page's script, which nobody sees; nothing for None."""
    return "" if data is None else tag("script", _JSON.encode(data).replace("<", "\\u003c"),
                                       type="application/json", class_="lc-compiled-data")  # fmt: skip


# ---- table twin ---------------------------------------------------------------------------------


def twin(summary: str, *tables: str) -> str:
    """The same values as tables, behind a line that opens them."""
    return tag("details", tag("summary", escaped(summary)), *tables, class_="lc-twin")


def plain_table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str | int]]) -> str:
    """A table whose first column names its rows; whole numbers stand at the right. Texts are markup."""
    cells = (tag("th", str(first), scope="row") + "".join(map(_cell, rest)) for first, *rest in rows)
    return html_table(caption, heads, cells)


def row_of(counted: Count) -> tuple[str, int, str]:
    """A count as a row of such a table: what, value, unit."""
    by = counted.quantity is Quantity.FLOPS
    unit = str(unit_in_words(counted.unit))
    said = f"{unit} · {counted.convention}" if by else unit
    return str(quantity_in_words(counted.quantity)), counted.total, said


def _cell(value: str | int) -> str:
    if isinstance(value, int):
        return tag("td", number(value), class_="lc-n")
    return tag("td", value)
