"""The lines that a page fills in by itself, within a frame and without Python, one for each form of a layer.

A form is what decides how a formula looks (a bias or none, padding or none, one sample or a batch); within it
only numbers change. Networks, and layers whose formulas branch on sizes, are left to Python. So are groups
other than one: that they divide the channels is in no formula.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from itertools import product
from typing import Any

from layercost.compiled import GOES_WITHOUT_SAYING, holds_for_its_form, lines
from layercost.convention import CONVENTIONS, Quantity
from layercost.explorers.controls import Control, Size, Tick
from layercost.explorers.subject import Subject
from layercost.layer import LayerError
from layercost.shape import ShapeError

SAID = (Quantity.PARAMETERS, Quantity.FLOPS)  # what the live region says, as `parts.totals` does
_BATCH, _GROUPS = "batch", "groups"


def answers(
    subject: Subject, controls: Iterable[Control], axes: tuple[str, ...], headlines: Sequence[Quantity]
) -> dict[str, Any] | None:
    """The headlines of a layer in each form that its controls can ask for, as `layercost.compiled` has them.

    `axes` are the controls that are the sizes of the input. ``lines`` also has what is `SAID`.
    None where the page cannot know.
    """
    declared = {one.field: one for one in controls}
    if subject.is_network or not axes or not holds_for_its_form(subject.layer):
        return None
    wanted = tuple(dict.fromkeys((*headlines, *SAID)))
    found = (line for form in _forms(subject, declared) for line in _lines(subject, form, declared, wanted))
    told = {
        "headlines": [quantity.value for quantity in headlines],
        "said": [quantity.value for quantity in SAID],
    }
    return {"axes": axes, **told, "lines": [_needed(line, told["headlines"]) for line in found]}


def _needed(line: dict[str, Any], headlines: Sequence[str]) -> dict[str, Any]:
    """The line without what the page never reads: how it looks matters only where it is in sight."""
    unread = {"total", "where", "holds"} | (set() if line["quantity"] in headlines else {"html", "copied"})
    return {name: value for name, value in line.items() if name not in unread}


def _forms(subject: Subject, declared: dict[str, Control]) -> Iterator[dict[str, Any]]:
    """Each combination of values that changes how the formulas look."""
    own = {each.name for each in fields(subject.layer)}
    choices: dict[str, tuple[Any, ...]] = {}
    for name, control in declared.items():
        if name in own and isinstance(control, Tick):
            choices[name] = control.samples()
        elif name in own and name in GOES_WITHOUT_SAYING and isinstance(control, Size):
            silent = GOES_WITHOUT_SAYING[name]
            choices[name] = (silent,) if name == _GROUPS else (silent, *_another(control, silent))
        elif name == _BATCH:
            choices[name] = (1, 2)
    for values in product(*choices.values()):
        yield dict(zip(choices, values, strict=True))


def _another(control: Size, silent: int) -> tuple[int, ...]:
    """A value at which the field is written: a small one, so that the layer is possible."""
    return (silent + 1,) if control.high > silent else ()


def _lines(
    subject: Subject, choice: dict[str, Any], declared: dict[str, Control], wanted: tuple[Quantity, ...]
) -> Iterator[dict[str, Any]]:
    batch = choice.get(_BATCH, 1)
    changed = {name: value for name, value in choice.items() if name != _BATCH}
    try:
        layer = replace(subject.layer, **changed)
        made = lines(layer, subject.shape, wanted, tuple(CONVENTIONS), {"batch": batch})
    except (LayerError, ShapeError):
        return
    for line in made:
        if line["holds"]:
            yield _of_a_batch(line, batch) if _BATCH in declared else line


def _of_a_batch(line: dict[str, Any], batch: int) -> dict[str, Any]:
    """The line with the batches for which it holds: one sample, or several by their letter."""
    if batch == 1:
        return {**line, "when": {**line["when"], _BATCH: 1}}
    return {**line, "unless": {**line["unless"], _BATCH: 1}, "fields": {**line["fields"], _BATCH: "N"}}
