"""The reference of a specification.toml, as Markdown, from the code that reads it: `grader schema`."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping

from grader.cells import KINDS as CELL_KINDS
from grader.keys import ASK, CARRIED, CELL, QUESTION, RUBRIC, TOP, Key
from layercost.convention import CONVENTIONS, DTYPE_BITS
from layercost.layer import LAYERS
from layercost.misconception import MISCONCEPTIONS, UNITS
from layercost.networks import NETWORKS
from layercost.questions import KINDS as QUESTION_KINDS
from layercost.questions import SKILLS
from layercost.questions.explain import OUTCOMES
from layercost.questions.task import MEASURES

COMPUTE = "compute"
FURTHER = (
    f"It begins as a question of the kind `{COMPUTE}`, has no `ask`, and has keys of its own; `quantity`, "
    "`part`, `unit` and `dtype` mean what they mean in `[[question.ask]]`."
)
OF_A_CELL = ("grade_id", "points", "title")
DRAWN = {
    "draw.size = { from = 28, to = 60, step = 4 }": "a whole number from 28 to 60, in steps of 4",
    "draw.bias = [true, false]": "one of these values: numbers, true or false, or texts",
}


def schema() -> str:
    """The whole reference."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# What a specification.toml holds"
    yield from _table("The file", TOP)
    yield from _table("`[[question]]` of the kind `compute`", QUESTION)
    yield from _table("`[[question.ask]]`", ASK)
    for name in QUESTION_KINDS:
        yield from _kind(name) if name != COMPUTE else ()
    yield from ("", "## Draw rules", "", "| rule | draws |", "|---|---|")
    yield from (f"| `{rule}` | {says} |" for rule, says in DRAWN.items())
    yield from (
        "",
        "## Cells",
        "",
        "Each `[[cell]]` has one of these keys, which says of what kind it is.",
    )
    for key, kind in CELL_KINDS.items():
        known = {name: CELL[name] for name in dict.fromkeys((*kind.keys, *OF_A_CELL))}
        yield from _table(f"A cell with `{key}`", known, inspect.cleandoc(kind.__doc__ or ""), level=3)
    yield from _table("A line of a rubric", RUBRIC, level=3)
    yield from _table("`carried.NAME`", CARRIED, level=3)
    yield from _names("Quantities", MEASURES)
    yield from _names("Units", [one for one in UNITS if one])
    yield from _names("dtypes", DTYPE_BITS)
    yield from _names("Conventions", CONVENTIONS)
    yield from _names("Layers", LAYERS)
    yield from _names("Networks", NETWORKS)
    yield from _names("Kinds of question", QUESTION_KINDS)
    yield from _names("Skills", SKILLS)
    yield from _names("Outcomes that may earn credit, besides misconceptions", OUTCOMES)
    yield from ("", "## Misconceptions", "", "| id | what the student is told |", "|---|---|")
    yield from (f"| `{name}` | {_cell(str(one.message))} |" for name, one in MISCONCEPTIONS.items())


def _kind(name: str) -> Iterator[str]:
    """A kind of question in the words of its own module, with its example."""
    yield from ("", f"## `[[question]]` of the kind `{name}`", "", FURTHER, "")
    yield inspect.cleandoc(inspect.getmodule(QUESTION_KINDS[name]).__doc__ or "")


def _table(title: str, keys: Mapping[str, Key], says: str = "", *, level: int = 2) -> Iterator[str]:
    yield from ("", f"{'#' * level} {title}", "")
    if says:
        yield from (says, "")
    yield from ("| key | must be there | holds | says |", "|---|---|---|---|")
    for name, key in keys.items():
        yield f"| `{name}` | {'yes' if key.needed else ''} | {_cell(key.form.words)} | {_cell(key.means)} |"


def _names(title: str, names: Iterable[str]) -> Iterator[str]:
    yield from ("", f"## {title}", "", ", ".join(f"`{name}`" for name in names))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
