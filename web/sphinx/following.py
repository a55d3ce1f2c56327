"""What follows the convention that a reader has chosen, and what stays.

The text of a page is written for one convention, `OWN`. A count, a derivation or a table that follows is
written under every named convention, and the page shows one of them. What is asked for with an explicit
convention is pinned: its sentence depends on it, so it stays, and its chip explains and does not switch.

A sentence holds under every convention only if it says nothing that is true of one of them. `falsehoods` is
the rule: beside a count that follows stand no words of `DEPENDENT`, and no unit is written by hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator

import layercost as lc
from layercost.convention import unit_in_words
from layercost.counting import left_out_in_words
from layercost.dialects import DIALECTS
from layercost.message import Joined, Message, sentence
from layercost.view import COMPLETE, Substitution, number, tag

OWN = "textbook"

Under = Callable[[str], lc.Count]  # the name of a convention -> the count under it


# ---- what is shown under every convention ------------------------------------------------------------


def under_each(written: Callable[[str], str]) -> str:
    """`written` under each convention, that of the text in sight; once where all are the same."""
    forms = {name: written(name) for name in lc.CONVENTIONS}
    if len(set(forms.values())) == 1:
        return forms[OWN]
    return "".join(
        tag("div", form, class_="lc-under", data_under=name, hidden=None if name == OWN else "")
        for name, form in forms.items()
    )


def following_count(under: Under, **more: object) -> str:
    """A number with the chip of its convention, and its value under each; `more` are attributes."""
    counts = {name: under(name) for name in lc.CONVENTIONS}

    def data(value: Callable[[lc.Count], str]) -> str:
        return json.dumps({name: value(count) for name, count in counts.items()}, ensure_ascii=False)

    return tag(
        "span",
        *_number_and_chip(counts[OWN]),
        class_="lc-count",
        data_convention=OWN,
        data_values=data(amount),
        data_units=data(lambda count: str(unit_in_words(count.unit))),
        data_notes=data(note),
        **more,
    )


def pinned_count(count: lc.Count, **more: object) -> str:
    """A number that stays under its convention, with a chip that explains; `more` are attributes."""
    return tag(
        "span",
        *_number_and_chip(count),
        class_="lc-count lc-count-pinned",
        data_convention=count.convention,
        data_note=note(count),
        **more,
    )


def _number_and_chip(count: lc.Count) -> tuple[str, ...]:
    unit = tag("span", str(unit_in_words(count.unit)), class_="lc-chip-unit")
    by = tag("span", count.convention, class_="lc-chip-by")
    chip = tag("button", f"{unit} · {by}", type="button", class_="lc-chip")
    return tag("span", amount(count), class_="lc-number"), "&nbsp;", chip


def amount(count: lc.Count) -> str:
    """The total as it is written."""
    return number(count.total, count.at_least)


def note(count: lc.Count) -> str:
    """What a count counts, and what it leaves out."""
    missing = sentence(left_out_in_words(count.not_counted)) or COMPLETE
    return str(Joined([Message("Counts {counts}.", counts=count.counts), missing]))


def derivation(count: lc.Count, taught: bool = False) -> str:
    """Letters = numbers = total, with a line for each letter that stands for a formula."""
    formula = count.taught if taught else None
    formula = count.expression if formula is None else formula
    shown = Substitution(formula, count.unit, count.convention if count.quantity is lc.FLOPS else "")
    return as_line(shown.line, shown.copied, count.where("html"))


def as_line(line: str, copied: str, where: Iterable[str] = ()) -> str:
    """Letters = numbers = total with its copy button, and the lines that say what letters stand for."""
    return tag(
        "div",
        tag("div", line, class_="lc-line"),
        *(tag("div", f"where {line}", class_="lc-where") for line in where),
        tag("div", class_="lc-copy", data_copy=copied),
        class_="lc-derivation lc-substitution",
    )


# ---- what a sentence beside it must not say ----------------------------------------------------------

DEPENDENT = re.compile(
    r"\b(?:twice|doubled?|half|halves|ratio|percent|multiplications?|additions?|multiply-accumulates?|"
    r"two (?:for|operations|a)|one (?:for|less|more) (?:each|every)|weights?|bias(?:es)?|"
    rf"{'|'.join(map(re.escape, (*lc.CONVENTIONS, *DIALECTS)))})\b|[=%]"
)
UNITS = re.compile(r"\b(?:FLOPs|MACs|mult-adds|operations)\b")
COUNT = "\N{OBJECT REPLACEMENT CHARACTER}"  # stands for a count that follows


def falsehoods(said: str, convention: str) -> Iterator[str]:
    """What makes a sentence with a count that follows (`COUNT`) false under a convention."""
    for found in DEPENDENT.finditer(said):
        yield f"{found[0]!r} is not true of every convention"
    for found in UNITS.finditer(said):
        if found[0] != lc.CONVENTIONS[convention].unit:
            yield f"{found[0]!r} is written by hand, and wrong under {convention}"
