"""Sphinx extension: what every convention and every counting tool says, computed when the book is built.

- ``named-conventions`` lists the conventions of `layercost`, and what each counts.
- ``tools`` lists the dialects: a sentence on what a tool's number really is, its version, where it stands.
- ``compare`` sets a network's numbers side by side, with what each is made of.
- ``coverage`` shows, number by number, how far the dialects agree with what the tools were measured to print;
  ``coverage-exceptions`` lists where they do not, and why.
- ``architectures`` says how reading other people's models came out, package by package, and names each that
  is not exact; ``every-architecture`` lists them all; ``tools-on-architectures`` says where a tool that was
  run on some of them prints something else than we say, and why.
- ``configurations`` shows how far models from their configuration agree with what a library builds and a
  counter reads, family by family; ``configurations-apart`` says which numbers have a reason, and which.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from course_text import usual_shape, value_of
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import layercost as lc
from layercost import dialects
from layercost.reproduced import Compared, compared
from layercost.view import html_cell, html_table, number

TESTS = Path(__file__).resolve().parents[2] / "tests"
READINGS = TESTS / "dialects" / "readings.json"
OUTCOMES = TESTS / "architectures" / "outcomes.json"
CONFIGURATIONS = TESTS / "models" / "configurations.json"
TOOLS_RUN = TESTS / "architectures" / "tools.json"


@cache
def covered() -> dialects.Coverage:
    """Every measured number beside ours."""
    return dialects.coverage(json.loads(READINGS.read_text(encoding="utf-8")))


class _Written(SphinxDirective):
    """A directive that writes HTML of its own and depends on the measured readings."""

    def run(self) -> list[nodes.Node]:
        for measured in (READINGS, CONFIGURATIONS):
            self.env.note_dependency(str(measured))
        return [nodes.raw("", self.written(), format="html")]

    def written(self) -> str:
        """The HTML in its place."""
        raise NotImplementedError


def _row(words: Iterable[str], prose: str) -> str:
    return "".join(html_cell(word) for word in words) + html_cell(prose, "lc-prose")


class NamedConventions(_Written):
    """The conventions: name, unit, what it counts, and LeNet-5 under it."""

    def written(self) -> str:
        net = lc.networks.lenet5()
        rows = []
        for convention in lc.CONVENTIONS.values():
            number = f"{lc.table(net, convention=convention).total.flops:,} {convention.unit}"
            rows.append(_row((convention.name, number), f"{convention.counts}. Source: {convention.source}"))
        return html_table("The named conventions", ("name", "LeNet-5", "what it counts"), rows, ())


class Tools(_Written):
    """The dialects, each with its sentence; with a layer of the page, what each prints for it, and a verdict.

    The layer is an expression, and its input may follow: ``layer, (20, 300)``.
    """

    optional_arguments = 1
    final_argument_whitespace = True

    def written(self) -> str:
        if self.arguments:
            asked = value_of(self, self.arguments[0])
            layer, shape = asked if isinstance(asked, tuple) else (asked, usual_shape(asked))
            return printed_by_tools(layer, shape)
        rows = [
            _row((f"{tool.name} {tool.version}", tool.unit), f"{tool.says}. In {tool.source}")
            for tool in dialects.DIALECTS.values()
        ]
        return html_table("Counting tools", ("tool", "unit", "what its number really is"), rows, ())


class _Printed(NamedTuple):
    """What some tools print alike."""

    number: int
    name: str
    made_of: str
    verdict: str


def answers_of_tools(layer: lc.Layer, shape: Any) -> dict[_Printed, list[str]]:
    """Each answer with the tools that give it, the smallest first; who gives no operations is left out."""
    found: dict[_Printed, list[str]] = {}
    for tool in dialects.DIALECTS.values():
        reading = dialects.read(layer, shape, tool)
        if reading.main is None or not tool.counts_operations or tool.joins:
            continue
        made_of = str(reading.reason).partition(";")[0]
        words = str(dialects.verdict(reading).words)
        answer = _Printed(reading.main, dialects.called(tool), made_of, words)
        found.setdefault(answer, []).append(tool.name)
    return dict(sorted(found.items()))


def printed_by_tools(layer: lc.Layer, shape: Any) -> str:
    """One row an answer: the number, its name, who prints it, what it is made of, and the verdict."""
    rows = [
        html_cell(number(answer.number), "lc-n") + html_cell(answer.name)
        + html_cell(", ".join(tools), "lc-prose", "printed by")
        + html_cell(answer.made_of, "lc-short", "made of") + html_cell(answer.verdict, "lc-short", "verdict")
        for answer, tools in answers_of_tools(layer, shape).items()
    ]  # fmt: skip
    return html_table("", ("number", "called", "printed by", "made of", "verdict"), rows)


class Compare(_Written):
    """A network's numbers side by side: ``resnet50`` or ``resnet50:v1``."""

    required_arguments = 1

    def written(self) -> str:
        return lc.compare(lc.network_named(self.arguments[0])).html()


class CoverageTable(_Written):
    """Subjects by dialects: how many numbers of each reading are reproduced."""

    def written(self) -> str:
        found = covered()
        heads = ("measured on", *found.dialects)
        rows = [_subject(found, subject) for subject in found.subjects]
        caption = (
            "Numbers reproduced, of the numbers that each tool printed. "
            "An empty cell was not measured; * marks an exception, which is explained below."
        )
        return html_table(caption, map(html.escape, heads), rows, (_totals(found), _shares(found)))


def _subject(found: dialects.Coverage, subject: str) -> str:
    shares = (_share(found.of(tool, subject)) for tool in found.dialects)
    return html_cell(found.subjects[subject]) + "".join(html_cell(share, "lc-n") for share in shares)


def _share(numbers: Sequence[Any]) -> str:
    agreed = sum(number.agrees for number in numbers)
    return f"{agreed}/{len(numbers)}{'' if agreed == len(numbers) else ' *'}" if numbers else ""


def _totals(found: dialects.Coverage) -> str:
    """The reproduced numbers of each tool."""
    shares = (_share(found.of(tool)) for tool in found.dialects)
    return html_cell("numbers reproduced") + "".join(html_cell(share, "lc-n") for share in shares)


def _shares(found: dialects.Coverage) -> str:
    """The share of each tool's numbers that is reproduced."""

    def share(tool: str) -> str:
        numbers = found.of(tool)
        return f"{100 * sum(number.agrees for number in numbers) / len(numbers):.1f} %"

    return html_cell("share") + "".join(html_cell(share(tool), "lc-n") for tool in found.dialects)


class CoverageExceptions(_Written):
    """What is not reproduced: both numbers, and the reason."""

    def written(self) -> str:
        found = covered()
        rows = [_exception(found, number) for number in found.exceptions]
        heads = ("tool", "measured on", "number", "the tool", "we", "why")
        total = f"{len(found.exceptions)} of {len(found.numbers):,} numbers, {100 * found.share:.2f} %"
        return html_table(f"Exceptions: {total}", heads, rows, ())


def _exception(found: dialects.Coverage, one: Any) -> str:
    values = (_shown(one.measured), _shown(one.ours))
    words = (one.dialect, found.subjects[one.subject], one.name, *values)
    return _row(words, one.reason or "nobody knows yet")


def _shown(value: object) -> str:
    return number(value) if value is None or isinstance(value, int) else str(value)


@cache
def outcomes() -> list[dict[str, Any]]:
    """How reading each architecture came out; the tests hold every row against PyTorch."""
    return list(json.loads(OUTCOMES.read_text(encoding="utf-8")))


class _OfOutcomes(_Written):
    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(OUTCOMES))
        return [nodes.raw("", self.written(), format="html")]


_HOW = ("exact", "at least", "refused", "not compared")


class Architectures(_OfOutcomes):
    """By package, how many came out exact; then those that did not, each with its reason."""

    def written(self) -> str:
        every = outcomes()
        of_package: dict[str, list[dict[str, Any]]] = {}
        for one in every:
            of_package.setdefault(one["architecture"].partition(":")[0], []).append(one)
        rows = [_package(name, models) for name, models in of_package.items()]
        caption = "Models read by from_torch, held against PyTorch's parameters and FlopCounterMode"
        counts = html_table(caption, ("package", *_HOW, "models"), rows, (_package("all", every),))
        others = [
            _row((one["architecture"].replace(":", " "),), f"{one['how']}: {one['why']}")
            for one in every
            if one["how"] != "exact"
        ]
        return counts + html_table("Those that are not exact", ("model", "how, and why"), others, ())


def _package(name: str, of_it: list[dict[str, Any]]) -> str:
    counts = (sum(one["how"] == how for one in of_it) for how in _HOW)
    return html_cell(name) + "".join(html_cell(str(count), "lc-n") for count in (*counts, len(of_it)))


class EveryArchitecture(_OfOutcomes):
    """All models: input, parameters, multiply-accumulates of one sample, and how it came out."""

    def written(self) -> str:
        rows = [
            html_cell(one["architecture"]) + html_cell("×".join(map(str, one["input"])))
            + html_cell(_shown(one["our_parameters"]), "lc-n") + html_cell(_shown(one["our_macs"]), "lc-n")
            + html_cell(one["how"])
            for one in outcomes()
        ]  # fmt: skip
        heads = ("model", "input", "parameters", "MACs", "how")
        return html_table("Every model that was read, by our own count", heads, rows, ())


class ToolsOnArchitectures(_Written):
    """Where a tool's numbers for a model are not those that we say, with the reason."""

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(TOOLS_RUN))
        return [nodes.raw("", self.written(), format="html")]

    def written(self) -> str:
        run = json.loads(TOOLS_RUN.read_text(encoding="utf-8"))
        every, apart = len(run["models"]) * len(run["tools"]), run["explained"]
        caption = (
            f"{every - len(apart)} of {every} readings agree number by number: {', '.join(run['tools'])}, "
            f"each on {len(run['models'])} models. The others:"
        )
        rows = [_row((one["model"], one["tool"]), one["why"]) for one in apart]
        return html_table(caption, ("model", "tool", "why it differs"), rows, ())


# ---- models from their configuration -------------------------------------------------------------


@cache
def configured() -> tuple[Compared, ...]:
    """Every number that was measured of models from their configuration, beside ours."""
    facts = json.loads(CONFIGURATIONS.read_text(encoding="utf-8"))["models"]
    return tuple(number for one in facts for number in compared(one))


MEASURED = {
    "parameters": "parameters", "types": "by type", "active parameters": "active",
    "reading": "FlopCounterMode", "cache": "caches",
}  # fmt: skip


class Configurations(_Written):
    """Families by what was measured: how many numbers are ours."""

    def written(self) -> str:
        families = dict.fromkeys(number.model_type for number in configured())
        rows = [_family(family) for family in families]
        caption = (
            "Numbers reproduced, of the numbers measured. An empty cell was not measured; * marks numbers "
            "that have a reason, which is given below."
        )
        total = html_cell("all") + _of_models(configured())
        return html_table(caption, ("model_type", "models", *MEASURED.values()), rows, (total,))


def _family(family: str) -> str:
    return html_cell(family) + _of_models([one for one in configured() if one.model_type == family])


def _of_models(numbers: Sequence[Compared]) -> str:
    """How many models there are, and how many numbers of each kind are ours."""
    cells = [str(len({one.model for one in numbers}))]
    for what in MEASURED:
        these = [one for one in numbers if one.what == what]
        agreed = sum(one.agrees for one in these)
        starred = " *" if any(one.reason is not None for one in these) else ""
        cells.append(f"{agreed}/{len(these)}{starred}" if these else "")
    return "".join(html_cell(cell, "lc-n") for cell in cells)


class ConfigurationsApart(_Written):
    """The numbers that have a reason, by the reason."""

    def written(self) -> str:
        found: dict[str, list[Compared]] = {}
        for one in configured():
            if one.reason is not None:
                found.setdefault(str(one.reason), []).append(one)
        rows = []
        for reason, numbers in found.items():
            models = ", ".join(dict.fromkeys(one.model for one in numbers))
            rows.append(_row((MEASURED[numbers[0].what], str(len(numbers))), f"{reason}. In {models}"))
        return html_table("", ("measured", "numbers", "reason"), rows, ())


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    for name, directive in {
        "named-conventions": NamedConventions, "tools": Tools, "compare": Compare,
        "coverage": CoverageTable, "coverage-exceptions": CoverageExceptions, "architectures": Architectures,
        "every-architecture": EveryArchitecture, "tools-on-architectures": ToolsOnArchitectures,
        "configurations": Configurations, "configurations-apart": ConfigurationsApart,
    }.items():  # fmt: skip
        app.add_directive(name, directive)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
