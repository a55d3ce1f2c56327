"""The lines that a page fills in by itself, within a frame and without Python, one for each form of a layer.

A form is what decides how a formula looks (a bias or none, padding or none, one sample or a batch); within it
only numbers change. A network has one form for each combination of its choices, and its totals are numbers,
or formulas of the sizes that can be moved (`layercost.explorers.fitted`). Layers whose formulas branch on
sizes are left to Python. So are groups other than one: that they divide the channels is in no formula.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from itertools import product
from math import prod
from typing import Any, NamedTuple

from layercost.compiled import GOES_WITHOUT_SAYING, holds_for_its_form, lines, program
from layercost.convention import CONVENTIONS, Quantity, unit_in_words
from layercost.explorers import parts
from layercost.explorers.controls import Choice, Control, Size, Tick, sizes_of
from layercost.explorers.fitted import programs
from layercost.explorers.polynomial import Unfitted
from layercost.explorers.subject import Subject, is_long
from layercost.expression import Constant
from layercost.layer import LayerError
from layercost.shape import ShapeError

SAID = (Quantity.PARAMETERS, Quantity.FLOPS)  # what the live region says, as `parts.totals` does
MOST_FORMS = 50  # more would make a page's data large
_BATCH, _GROUPS = "batch", "groups"

Build = Callable[[Mapping[str, Any]], Subject]


class Headlines(NamedTuple):
    """What is always in sight: the controls of the input's sizes, the quantities, which of them alone."""

    axes: tuple[str, ...]
    quantities: tuple[Quantity, ...]
    alone: tuple[Quantity, ...] = ()


def answers(
    build: Build, controls: Mapping[str, Control], settings: Mapping[str, Any], headlines: Headlines
) -> dict[str, Any] | None:
    """The headlines in each form that the controls can ask for, as `layercost.compiled` has them.

    ``lines`` also has what is `SAID`. None where the page cannot know.
    """
    subject = build(settings)
    choices = _choices(subject, controls, headlines.axes)
    if choices is None or prod(map(len, choices.values())) > MOST_FORMS:
        return None
    sizes = sizes_of(controls.values()) if subject.is_network else {}
    found: list[dict[str, Any]] = []
    for values in product(*choices.values()):
        form = dict(zip(choices, values, strict=True))
        known = {name: as_known(controls[name], value) for name, value in form.items()}
        try:
            found += _lines(build, {**settings, **form}, known, headlines, sizes)
        except Unfitted:
            return None
    told = [quantity.value for quantity in headlines.quantities]
    return {
        "axes": headlines.axes,
        "headlines": told,
        "said": [quantity.value for quantity in SAID],
        "lines": [_needed(line, told) for line in found],
    }


def _needed(line: dict[str, Any], headlines: list[str]) -> dict[str, Any]:
    """The line without what the page never reads: how it looks matters only where it is in sight."""
    unread = {"total", "where", "holds"} | (set() if line["quantity"] in headlines else {"html", "copied"})
    return {name: value for name, value in line.items() if name not in unread}


# ---- forms ---------------------------------------------------------------------------------------------


def _choices(
    subject: Subject, controls: Mapping[str, Control], axes: tuple[str, ...]
) -> dict[str, tuple[Any, ...]] | None:
    """The values that make another form, of each control that does; None where only Python knows."""
    building = {name: control for name, control in controls.items() if not control.looks}
    finite = {name: one.samples() for name, one in building.items() if isinstance(one, Choice | Tick)}
    if subject.is_network:
        return finite if {*finite, *sizes_of(controls.values())} == set(building) else None
    if not axes or not holds_for_its_form(subject.layer):
        return None
    own = {each.name for each in fields(subject.layer)}
    for name, control in building.items():
        if name in own and name in GOES_WITHOUT_SAYING and isinstance(control, Size):
            silent = GOES_WITHOUT_SAYING[name]
            finite[name] = (silent,) if name == _GROUPS else (silent, *_another(control, silent))
        elif name in own and name not in subject.layer.letters and isinstance(control, Size):
            finite[name] = tuple(range(control.low, control.high + 1))
        elif name == _BATCH:
            finite[name] = (1, 2)
    return finite


def as_known(control: Control, value: Any) -> Any:
    """A value as the page knows it: an option by its words."""
    return control.label(value) if isinstance(control, Choice) else value


def _another(control: Size, silent: int) -> tuple[int, ...]:
    """A value at which the field is written: a small one, so that the layer is possible."""
    return (silent + 1,) if control.high > silent else ()


def _lines(
    build: Build,
    settings: Mapping[str, Any],
    form: dict[str, Any],
    headlines: Headlines,
    sizes: Mapping[str, Size],
) -> Iterator[dict[str, Any]]:
    wanted = tuple(dict.fromkeys((*headlines.quantities, *SAID)))
    try:
        subject = build(settings)
        if subject.is_network:
            yield from _of_a_network(build, settings, form, wanted, sizes)
            return
        made = lines(subject.layer, subject.shape, wanted, tuple(CONVENTIONS), {"batch": subject.batch})
    except (LayerError, ShapeError):
        return
    chosen = {name: value for name, value in form.items() if name != _BATCH}
    for line in filter(lambda line: line["holds"], made):
        settled = {**line, "when": {**line["when"], **_plainly(line, chosen)}}
        yield _as_shown(
            _of_a_batch(settled, subject.batch) if _BATCH in form else settled, subject, headlines
        )


def _plainly(line: dict[str, Any], chosen: dict[str, Any]) -> dict[str, Any]:
    """What was chosen, but for what the line has letters for."""
    return {name: value for name, value in chosen.items() if name not in line["fields"]}


def _as_shown(line: dict[str, Any], subject: Subject, headlines: Headlines) -> dict[str, Any]:
    """The line as it stands in sight: a long one, and one that is to stand alone, as its total."""
    quantity = Quantity(line["quantity"])
    counted = subject.count(quantity, line.get("convention", "textbook"))
    alone = quantity in headlines.alone or is_long(counted)
    return {**line, **total_alone(counted.total, line)} if alone else line


def total_alone(amount: int, line: Mapping[str, Any]) -> dict[str, Any]:
    """How a total alone looks, and what of it is copied."""
    by = line.get("convention", "")
    return {"html": parts.amount_html(amount, str(unit_in_words(line["unit"])), by), "copied": "{=}"}


def _of_a_batch(line: dict[str, Any], batch: int) -> dict[str, Any]:
    """The line with the batches for which it holds: one sample, or several by their letter."""
    if batch == 1:
        return {**line, "when": {**line["when"], _BATCH: 1}}
    return {**line, "unless": {**line["unless"], _BATCH: 1}, "fields": {**line["fields"], _BATCH: "N"}}


def _of_a_network(
    build: Build,
    settings: Mapping[str, Any],
    form: dict[str, Any],
    wanted: tuple[Quantity, ...],
    sizes: Mapping[str, Size],
) -> Iterator[dict[str, Any]]:
    """Its totals: numbers where all that can be moved is in the form, else formulas of the sizes."""
    subject = build(settings)
    asked = [
        (quantity, convention)
        for quantity in wanted
        for convention in (CONVENTIONS if quantity is Quantity.FLOPS else ("textbook",))
    ]
    made = programs(build, settings, sizes, asked) if sizes else {}
    for quantity, convention in asked:
        counted = subject.count(quantity, convention)
        by = {"convention": convention} if quantity is Quantity.FLOPS else {}
        computed = made.get((quantity, convention)) or program(Constant(counted.total))
        line = {"quantity": quantity.value, **by, "unit": counted.unit, "when": form, "unless": {},
                "fields": {name: name for name in sizes}, "axes": [], **computed}  # fmt: skip
        yield {**line, **total_alone(counted.total, line)}
