"""Cells that need a function of the student's: where that is wrong, the model's function steps in.

A ``[[cell]]`` says ``needs``, which cells try the functions that it is made from, and ``deduction``, what a
right function in the place of a wrong one costs. The cells of such a submission run once more with the
model's functions in place, and the better of both marks counts. The model's functions are taken from the
solution when an assignment is built, and kept beside the specification, where only the teacher reads them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from grader.cells import Cell, FunctionCell
from grader.protocol import Mark, Model
from grader.score import marked
from layercost.message import Joined, Message, Words, listing

FILE = ".models.json"  # hidden, so that it is never taken for a file of the text
STOOD_IN = "model-stood-in"


@dataclass(frozen=True)
class Needs:
    """What one cell needs: the cells that try its functions, and the share that a model's one costs."""

    cells: tuple[str, ...]
    deduction: float


def read_needs(tables: Iterable[Mapping[str, Any]]) -> dict[str, Needs]:
    """What the cells of a specification.toml need, by their grade_id."""
    return {
        one["grade_id"]: Needs(tuple(one["needs"]), float(one["deduction"]))
        for one in tables
        if "needs" in one
    }


def misplaced(data: Mapping[str, Any], cells: Sequence[Cell]) -> Iterator[str]:
    """What is wrong with what a cell needs, in words."""
    name = str(data.get("grade_id"))
    where = f"cell {name!r}"
    if ("needs" in data) != ("deduction" in data):
        there, missing = ("needs", "deduction") if "needs" in data else ("deduction", "needs")
        yield f"{where}: {there!r} stands here without {missing!r}; give both or neither"
    if data.get("needs") == []:
        yield f"{where}: 'needs' is empty; name a cell with `call` in it, or leave it and `deduction` out"
    known = {cell.grade_id: at for at, cell in enumerate(cells)}
    for other in data.get("needs", ()):
        if other == name:
            yield f"{where}: it stands among its own `needs`"
        elif other not in known:
            names = ", ".join(cell.grade_id for cell in cells if isinstance(cell, FunctionCell))
            yield f"{where}: it needs {other!r}, and no cell has this grade_id; those with `call` are {names}"
        elif not isinstance(cells[known[other]], FunctionCell):
            yield f"{where}: it needs {other!r}, which tries no function; only a cell with `call` does"
        elif known[other] > known[name]:
            yield f"{where}: it needs {other!r}, which stands behind it; a cell needs what stands before it"


def all_needed(name: str, needs: Mapping[str, Needs]) -> tuple[str, ...]:
    """What a cell needs, with what that needs in turn, the innermost first."""
    found: dict[str, None] = {}
    for other in needs[name].cells if name in needs else ():
        found |= dict.fromkeys((*all_needed(other, needs), other))
    return tuple(found)


# ---- marking ------------------------------------------------------------------------------------


def better(first: Mark, second: Mark, deduction: float, functions: Iterable[str]) -> Mark:
    """The greater of a mark and of what the right functions in place of wrong ones made of it.

    Of the second run nothing is told but its points: a student's code could read the model's function there.
    """
    most = first.max_points
    kept = less_deduction(second.points, most, deduction)
    if kept <= first.points:
        return first
    said = Message(
        "This answer needs what is not right yet: {functions}. With the right function in its place your "
        "answer earns {share} % of its points, of which {percent} % are taken off.",
        functions=listing([f"`{name}`" for name in functions]),
        share=f"{100 * second.points / most:.3g}",  # holds where another version has other points
        percent=f"{100 * deduction:g}",
    )
    return Mark(kept, most, STOOD_IN, _with_the_rest(said, first, second))


def less_deduction(points: float, most: float, deduction: float) -> float:
    """What is left of points that were earned with the model's function."""
    share = Fraction(str(points)) / Fraction(str(most)) * (1 - Fraction(str(deduction)))
    return marked(most, share, STOOD_IN, "").points


def _with_the_rest(said: Words, first: Mark, second: Mark) -> Words:
    """What was found without the model's function, where something is wrong with it in place as well."""
    return said if second.points >= second.max_points else Joined([said, first.message])


# ---- the model's functions ----------------------------------------------------------------------


def key_of(models: Sequence[Model]) -> str:
    """Tells answers that were given with these models in place from others."""
    said = [[one.name, one.source] for one in models]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]


def models_to_text(models: Mapping[str, Model]) -> str:
    """As JSON."""
    return json.dumps({grade_id: vars(one) for grade_id, one in models.items()}, indent=1)


def read_models(folder: Path) -> dict[str, Model]:
    """The models that a build left beside the specification; raises OSError and ValueError."""
    try:
        tree = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return {
            grade_id: Model(one["grade_id"], one["name"], one["source"]) for grade_id, one in tree.items()
        }
    except FileNotFoundError:
        return {}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not what `grader build` writes ({type(error).__name__}: {error})") from error
