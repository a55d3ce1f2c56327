"""The lines that a page fills in by itself, within a frame and without Python, one for each form of a layer.

A form is what decides how a formula looks (a bias or none, padding or none, one sample or a batch); within it
only numbers change. Networks, and layers whose formulas branch on sizes, are left to Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from itertools import product
from typing import Any

from layercost.compiled import GOES_WITHOUT_SAYING, holds_for_its_form, lines
from layercost.convention import CONVENTIONS, Quantity
from layercost.explorers.controls import Control, Size, Tick
from layercost.explorers.subject import Subject
from layercost.layer import LayerError
from layercost.shape import ShapeError

HEADLINES = (Quantity.PARAMETERS, Quantity.FLOPS)
_BATCH = "batch"


def answers(subject: Subject, controls: Iterable[Control], axes: tuple[str, ...]) -> dict[str, Any] | None:
    """The headlines of a layer in each form that its controls can ask for, as `layercost.compiled` has them.

    `axes` are the controls that are the sizes of the input. None where the page cannot know.
    """
    declared = {one.field: one for one in controls}
    if subject.is_network or not axes or not holds_for_its_form(subject.layer):
        return None
    found = [line for choice in _forms(subject, declared) for line in _lines(subject, choice, declared)]
    return {"axes": axes, "quantities": [quantity.value for quantity in HEADLINES], "lines": found}


def _forms(subject: Subject, declared: dict[str, Control]) -> Iterator[dict[str, Any]]:
    """Each combination of values that changes how the formulas look."""
    own = {each.name for each in fields(subject.layer)}
    choices: dict[str, tuple[Any, ...]] = {}
    for name, control in declared.items():
        if name in own and isinstance(control, Tick):
            choices[name] = control.samples()
        elif name in own and name in GOES_WITHOUT_SAYING and isinstance(control, Size):
            choices[name] = (GOES_WITHOUT_SAYING[name], *_another(control, GOES_WITHOUT_SAYING[name]))
        elif name == _BATCH:
            choices[name] = (1, 2)
    for values in product(*choices.values()):
        yield dict(zip(choices, values, strict=True))


def _another(control: Size, silent: int) -> tuple[int, ...]:
    """A value at which the field is written: a small one, so that the layer is possible."""
    return (silent + 1,) if control.high > silent else ()


def _lines(
    subject: Subject, choice: dict[str, Any], declared: dict[str, Control]
) -> Iterator[dict[str, Any]]:
    batch = choice.get(_BATCH, 1)
    changed = {name: value for name, value in choice.items() if name != _BATCH}
    try:
        layer = replace(subject.layer, **changed)
        made = lines(layer, subject.shape, HEADLINES, tuple(CONVENTIONS), {"batch": batch})
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
