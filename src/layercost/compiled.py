"""Counts as plain data, which a page computes anew for other numbers without Python.

What a count looks like is decided by the *form* of its layer: its plain fields (bias or not, the rounding
rule), the fields whose letter goes without saying (one group, one sample), and whether a kernel is square.
Within one form the formula stays and only the numbers of its letters change. A `Line` is the formula of one
form, with the line of HTML that shows it; the page replaces the numbers in that line.

>>> from layercost import PARAMETERS, Linear
>>> for each in lines(Linear(300, 100), (300,), [PARAMETERS], bias=[True, False]):
...     print(each["when"]["bias"], each["tree"], each["letters"])
True ['+', ['*', 'd_out', 'd_in'], 'd_out'] {'d_out': 100, 'd_in': 300}
False ['*', 'd_out', 'd_in'] {'d_out': 100, 'd_in': 300}
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from itertools import product
from typing import Any

from layercost.convention import Quantity
from layercost.counters import count
from layercost.counting import Count
from layercost.expression import (
    HTML,
    TEXT,
    Constant,
    Expression,
    Number,
    Symbol,
    defining,
    definitions,
    render,
    symbols,
    tree,
)
from layercost.layer import Layer
from layercost.setting import Given, setting_of
from layercost.shape import OutputSizeRule, checked_sizes, several
from layercost.view import Substitution

GOES_WITHOUT_SAYING = {
    "dilation": 1, "groups": 1, "proj_size": 0,
    "top_k": 1, "shared_dim": 0, "buckets": 0, "qk_rope_head_dim": 0,
}  # fmt: skip
_ROUNDING_UP = {"ceil", "caffe-pooling"}  # whether the last window is dropped depends on the sizes
_BRANCHES = (
    "Adaptive", "AvgPool", "MaxPool", "Subsampling", "ConvTranspose", "ConnectedConv2d", "LocalResponseNorm",
    "Upsample", "WindowAttention",
)  # fmt: skip


def lines(
    layer: Layer,
    input_shape: Iterable[object],
    quantities: Iterable[Quantity],
    conventions: Sequence[str] = ("textbook",),
    setting: Given | None = None,
    **choices: Iterable[object],
) -> list[dict[str, Any]]:
    """One line for each quantity, convention and combination of `choices`, as data for a page.

    `choices` are fields with the values that a reader can give them, as ``bias=[True, False]``, one for each
    form. `setting` is as in ``count``: where the reader moves the batch, ask with 1 and with another.

    Each line has ``quantity``, ``convention`` where one enters, ``when`` and ``unless`` (the settings for
    which it holds), ``fields`` (a layer's field to its letter, or to one for each axis), ``axes`` (the
    letters of the input's shape), ``letters`` (with their numbers), ``definitions`` (name and tree, inner
    ones first), ``tree``, ``total``, ``unit``, ``html`` (letters = numbers = total), ``copied`` (the same as
    plain text, with ``{d_in}`` for a number and ``{=}`` for the total) and ``where`` (a line of HTML for each
    definition). Where ``holds`` is False the formula branches on sizes, and is that of its letters alone.

    On a page: the list goes as JSON into the attribute ``data-compiled`` of the element that holds the lines,
    and each line's element gets ``data-quantity``; `fillPane` of web/src/live/compiled.mjs does the rest.
    """
    every = [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]
    return [
        each
        for choice in every
        for each in _lines_of(replace(layer, **choice), input_shape, quantities, conventions, setting or {})
    ]


def _lines_of(
    layer: Layer, shape: Iterable[object], quantities: Iterable[Quantity], conventions: Sequence[str],
    setting: Given,
) -> Iterator[dict[str, Any]]:  # fmt: skip
    told = _in_setting(form(layer, shape), setting)
    for quantity in tuple(quantities):
        for convention in conventions if quantity is Quantity.FLOPS else conventions[:1]:
            counted = count(layer, quantity, shape, convention, **setting)
            by = {"convention": convention} if quantity is Quantity.FLOPS else {}
            yield {"quantity": quantity.value, **by, **told, **line(counted)}


def _in_setting(told: dict[str, Any], given: Given) -> dict[str, Any]:
    """A form in a setting: the batch is a letter where it is not 1, and goes without saying where it is.

    So are tokens in the cache, where they are spoken of.
    """
    setting = setting_of(given)
    told = {**told, "when": {**told["when"], "training": setting.training}}
    told = _spoken_of(told, "batch", setting.batch, 1, "N")
    return _spoken_of(told, "cached", setting.cached, 0, "T_c") if "cached" in given else told


def _spoken_of(told: dict[str, Any], name: str, size: Number, silent: int, letter: str) -> dict[str, Any]:
    """A form with one more size, which has a letter unless it goes without saying."""
    if size == silent:
        return {**told, "when": {**told["when"], name: silent}}
    unless, letters = {**told["unless"], name: silent}, {**told["fields"], name: letter}
    return {**told, "unless": unless, "fields": letters}


def line(counted: Count) -> dict[str, Any]:
    """One count as data for a page: how it is computed from its letters, and the lines that show it."""
    formula = counted.expression
    by = counted.convention if counted.quantity is Quantity.FLOPS else ""
    return {
        **derivation(formula, counted.unit, by),
        "total": str(counted.total),
        "where": [defining(each, HTML) for each in definitions(formula)],
    }


def derivation(formula: Expression, unit: str, by: str = "") -> dict[str, Any]:
    """Any formula in a unit: how it is computed from its letters, and the line that shows it."""
    return {
        **program(formula),
        "unit": unit,
        "html": Substitution(formula, unit, by).line,
        "copied": copied(formula),
    }


def program(formula: Expression) -> dict[str, Any]:
    """How a page computes a formula: its letters with their numbers, its definitions in order, its tree."""
    return {
        "letters": {letter.name: letter.number for letter in symbols(formula)},
        "definitions": [[each.name, tree(each.meaning)] for each in definitions(formula)],
        "tree": tree(formula),
    }


def copied(formula: Expression) -> str:
    """Letters = numbers = total as plain text, with a place for each number that a page replaces."""
    letters, numbers = render(formula, TEXT), render(formula, _PLACES, numbers=True)
    if isinstance(formula, (Symbol, Constant)):
        return letters if isinstance(formula, Constant) else f"{letters} = {{=}}"
    return " = ".join(dict.fromkeys([letters, numbers, "{=}"]))


_PLACES = replace(
    TEXT, number=lambda number, letter: f"{{{letter}}}" if letter else TEXT.number(number, None)
)


# ---- forms -------------------------------------------------------------------------------------


def form(layer: Layer, input_shape: Iterable[object]) -> dict[str, Any]:
    """What decides how the formulas of a layer look: for which settings they hold, and their letters."""
    twin, shapes, _ = layer.symbolic(*map(checked_sizes, several(input_shape)))
    when, unless, letters = dict[str, object](), dict[str, object](), dict[str, object]()
    for each in fields(layer):
        name, value, lettered = each.name, getattr(layer, each.name), getattr(twin, each.name)
        silent = GOES_WITHOUT_SAYING.get(name)
        if not _has_letters(lettered) or (silent is not None and _said(value) == silent):
            when[name] = _said(value) if name in layer.letters else _plain(value)
            continue
        letters[name] = _letter(lettered)
        if silent is not None:
            unless[name] = silent
    axes = [[_letter(size) for size in shape] for shape in shapes]
    told = {"when": when, "unless": unless, "fields": letters, "axes": axes[0] if len(axes) == 1 else axes}
    return {**told, "holds": holds_for_its_form(layer)}


def holds_for_its_form(layer: Layer) -> bool:
    """Whether the formulas of a layer branch on nothing but its form: pooling clips windows, joins repeat."""
    if layer.reads_several or type(layer).__name__.startswith(_BRANCHES):
        return False
    return getattr(getattr(layer, "size_rule", None), "name", "") not in _ROUNDING_UP


def _has_letters(value: object) -> bool:
    return isinstance(value, Symbol) or (isinstance(value, tuple) and any(map(_has_letters, value)))


def _said(value: object) -> object:
    """A size as people say it: one for all axes as that one."""
    said = _plain(value)
    return said[0] if isinstance(said, list) and all(each == said[0] for each in said) else said


def _plain(value: object) -> object:
    """A plain field as JSON has it: a rule by its name."""
    if isinstance(value, OutputSizeRule):
        return value.name
    if isinstance(value, tuple):
        return [_said(each) for each in value]
    return value if isinstance(value, (bool, int, float, str, type(None))) else repr(value)


def _letter(value: object) -> object:
    if isinstance(value, tuple):
        names = [_letter(each) for each in value]
        return names[0] if all(name == names[0] for name in names) else names
    return value.name if isinstance(value, Symbol) else value
