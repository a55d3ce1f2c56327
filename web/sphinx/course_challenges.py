"""Sphinx extension: challenges, which an explorer of the page meets when its reader finds a setting.

    ```{challenge} fc-half
    :explorer: linear
    :start: in_features=300, out_features=100
    :goal: macs == start.macs and parameters <= start.parameters / 2
    :answer: out_features=50, batch=2

    Keep the work and halve the layer.

    ---

    Why the answer is one, folded.
    ```

The goal compares what the explorer counts (`parameters`, `macs`, `flops` by the textbook) with numbers, and
with what it counts at the start. The build counts both, refuses a challenge that is met at its start or that
its answer does not meet, and writes the goal into the page as data; web/src/text/challenge.mjs watches the
explorer, says how far it is, and gives a link that carries the setting.
"""

from __future__ import annotations

import ast
import json
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any, ClassVar

from course_text import tried
from docutils import nodes
from docutils.parsers.rst import directives
from folded import Folding
from sphinx.application import Sphinx

from layercost.explorers import Explorer, explorer
from layercost.message import Message
from layercost.message import spoken as _
from layercost.view import escaped, number, tag

AMOUNTS = ("parameters", "macs", "flops")
NAMES = {"parameters": Message("parameters"), "macs": Message("MACs"), "flops": Message("FLOPs by textbook")}

Totals = Mapping[str, int]

_SIGNS: dict[type[ast.cmpop], str] = {ast.Eq: "==", ast.LtE: "<=", ast.GtE: ">="}
_MEETS: dict[str, Callable[[int, int], bool]] = {"==": operator.eq, "<=": operator.le, ">=": operator.ge}


@dataclass(frozen=True)
class Goal:
    """One amount that has to be, exactly, at most or at least, a value."""

    amount: str
    sign: str
    value: int

    def is_met(self, totals: Totals) -> bool:
        """Whether an explorer with these totals meets it."""
        return _MEETS[self.sign](totals[self.amount], self.value)

    @property
    def words(self) -> str:
        """What is asked for."""
        said = {"what": NAMES[self.amount], "value": number(self.value)}
        match self.sign:
            case "<=":
                return _("{what}: at most {value}", **said)
            case ">=":
                return _("{what}: at least {value}", **said)
        return _("{what}: exactly {value}", **said)


def goals_of(text: str, start: Totals) -> list[Goal]:
    """The comparisons of a goal, joined by `and`: an amount at the left, a number at the right.

    >>> goals_of("macs == start.macs and parameters <= start.parameters / 2", {"macs": 8, "parameters": 9})
    [Goal(amount='macs', sign='==', value=8), Goal(amount='parameters', sign='<=', value=4)]
    """
    tree = ast.parse(text, mode="eval").body
    parts = tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]
    return [_goal(part, start) for part in parts]


def _goal(part: ast.expr, start: Totals) -> Goal:
    match part:
        case ast.Compare(left=ast.Name(id=amount), ops=[compared], comparators=[value]) if (
            amount in AMOUNTS and type(compared) in _SIGNS
        ):
            sign = _SIGNS[type(compared)]
            return Goal(amount, sign, _whole(ast.unparse(value), sign, start))
    raise ValueError(
        f"a goal compares {', '.join(AMOUNTS)} by ==, <= or >= with a number, but got {ast.unparse(part)!r}"
    )


def _whole(expression: str, sign: str, start: Totals) -> int:
    """The number at the right; half of an odd number is rounded to the side that asks for no less."""
    value = eval(expression, {"start": SimpleNamespace(**start)})  # noqa: S307 - our own pages
    if sign == "<=":
        return int(value // 1)
    if sign == ">=":
        return int(-(-value // 1))
    if value != int(value):
        raise ValueError(f"{expression} is {value}, which no count can be")
    return int(value)


def totals_of(shown: Explorer, settings: Mapping[str, Any]) -> dict[str, int]:
    """What an explorer counts in a setting; raises LayerError or ShapeError where it is impossible."""
    subject = shown.subject(shown.build({**shown.settings, **settings}))
    counted = subject.parameters, subject.macs, subject.cost("textbook")
    return dict(zip(AMOUNTS, counted, strict=True))


def settings_of(text: str) -> dict[str, Any]:
    """Reads ``batch=2, bias=False, version=1998`` as the fields and values of an explorer."""
    pairs = (part.partition("=") for part in text.split(",") if part.strip())
    return {field.strip(): _value(value.strip()) for field, _sign, value in pairs}


def _value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text


@dataclass(frozen=True)
class Asked:
    """A challenge as its directive declares it."""

    name: str
    start: Mapping[str, Any]
    goal: str
    answer: Mapping[str, Any]

    @cached_property
    def shown(self) -> Explorer:
        """The explorer at the start."""
        return explorer(self.name, **self.start)

    @cached_property
    def goals(self) -> list[Goal]:
        """What has to be met."""
        return goals_of(self.goal, totals_of(self.shown, {}))

    def meets(self, settings: Mapping[str, Any]) -> bool:
        """Whether a setting, from the start on, meets all of it."""
        totals = totals_of(self.shown, settings)
        return all(goal.is_met(totals) for goal in self.goals)

    def check(self) -> None:
        """Refuse what is met already, and what its answer does not meet."""
        if self.meets({}):
            raise ValueError("the challenge is met at its start")
        if not self.meets(self.answer):
            raise ValueError(f"the answer {dict(self.answer)} does not meet {self.goal!r}")

    @property
    def begins(self) -> dict[str, str]:
        """Every setting of the start, as an address says it, but for the convention and what travels."""
        settings = self.shown.settings
        return {one.field: _spelled(settings[one.field]) for one in self.shown.controls if not one.looks}


def _spelled(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# ---- as it stands in the page ------------------------------------------------------------------------


def opening(name: str, asked: Asked) -> str:
    """The block up to its words."""
    return (
        f'<section class="lc-quest" id="challenge-{escaped(name)}" data-explorer="{escaped(asked.name)}" '
        f'data-start="{escaped(json.dumps(asked.begins))}" aria-label="{escaped(_("Challenge"))}">'
        f'<p class="lc-quest-title">{escaped(_("Challenge"))}</p>'
    )


def goals_html(goals: list[Goal]) -> str:
    """What has to be met, each with a place for what the explorer counts, and a live region."""
    items = (
        tag("li", tag("span", escaped(goal.words)), tag("output", aria_live="off"),
            data_amount=goal.amount, data_sign=goal.sign, data_value=goal.value)
        for goal in goals
    )  # fmt: skip
    begin = tag("button", _("Set the explorer to the start"), type="button", class_="lc-quest-begin")
    link = tag("button", _("Copy a link to your answer"), type="button", class_="lc-quest-link", hidden="")
    said = tag("p", class_="lc-quest-said", role="status")
    return tag("ul", *items, class_="lc-quest-goals") + tag("p", begin, link) + said


class ChallengeDirective(Folding):
    """The words of a challenge; after a line ``---``, folded, why its answer is one."""

    required_arguments = 1
    option_spec: ClassVar = dict.fromkeys(
        ("explorer", "start", "goal", "answer"), directives.unchanged_required
    )

    def run(self) -> list[nodes.Node]:
        goals = tried(self, self._goals)
        if goals is None:
            return []
        return [
            nodes.raw("", opening(self.arguments[0], self._asked), format="html"),
            self.block(0, self.split, "lc-prompt"),
            nodes.raw("", goals_html(goals), format="html"),
            *self.fold(_("One answer"), "lc-answer"),
            nodes.raw("", "</section>", format="html"),
        ]

    def _goals(self) -> list[Goal]:
        self._asked = asked_in(self.options)
        self._asked.check()
        return self._asked.goals


def asked_in(options: Mapping[str, str]) -> Asked:
    """The challenge that these options of a directive declare."""
    start, answer = (settings_of(options.get(name, "")) for name in ("start", "answer"))
    return Asked(options["explorer"], start, options["goal"], answer)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("challenge", ChallengeDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
