"""Sphinx extension: every wrong answer that the course knows, generated from the declared misconceptions.

``{wrong-answers}`` lists them by the layers of which they can be held, those about figures last: id,
sentence, an example from the bank with the place where its derivation leaves the right one, and how many
questions of the bank meet it.
``{bank-checked}`` says how many questions there are, and how many beliefs they can name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import starmap
from typing import Any, NamedTuple

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from layercost.convention import quantity_in_words, unit_in_words
from layercost.layer import Layer
from layercost.layers.activation import OfEach
from layercost.message import Message, Words, listing
from layercost.message import spoken as _
from layercost.misconception import MISCONCEPTIONS, Cost, Measure, Misconception, Size
from layercost.questions import Item, Variant, Wrong, templates
from layercost.questions.bank import CHECKED_DRAWS
from layercost.questions.costs import COSTS
from layercost.questions.kinds.figure import Sized
from layercost.questions.kinds.shared import Kept
from layercost.view import number

SIZES = {
    Size.OUTPUT_SIZE: Message("output size"),
    Size.OUTPUT_CHANNELS: Message("output channels"),
    Size.RECEPTIVE_FIELD: Message("receptive field"),
    Size.ACTIVE: Message("active parameters"),
    Size.ACTIVE_WITHOUT_INPUT: Message("active parameters without the input's table"),
    Size.ACTIVE_WITHOUT_TABLES: Message("active parameters without table and head"),
}
CALLED = {Layer: Message("Any layer"), OfEach: Message("Functions of each value")}  # bases of several layers
_LONGEST = 70  # letters of a layer as it is written in code


class Example(NamedTuple):
    """A question with its numbers, and the wrong answer that a belief gives to it."""

    posed: Variant
    wrong: Wrong


@cache
def examples() -> tuple[Mapping[str, Example], Counter[str]]:
    """For each misconception the first question of the bank that meets it, and how many do."""
    found: dict[str, Example] = {}
    met: Counter[str] = Counter()
    for template in sorted(templates().values(), key=lambda one: one.level):
        posed = template.draw("example")
        if isinstance(posed, Variant):
            ids = {wrong.diagnosis.id: wrong for wrong in reversed(posed.wrong())}
            met.update(list(ids))
            for name, wrong in ids.items():
                found.setdefault(name, Example(posed, wrong))
    return found, met


def by_layer() -> dict[type[Layer], list[Misconception]]:
    """The misconceptions by the class of layers of which they can be held; those of all layers come first."""
    found: dict[type[Layer], list[Misconception]] = {Layer: []}
    for one in MISCONCEPTIONS.values():
        found.setdefault(one.of, []).append(one)
    return found


class Held(NamedTuple):
    """A belief about figures: its sentence, the first question that meets it, and how many do."""

    id: str
    message: str
    posed: Kept
    wrong: Wrong
    met: int


@cache
def of_figures() -> tuple[Held, ...]:
    """The beliefs about figures that the misconceptions about layers do not say in the same words."""
    found: dict[tuple[str, str], tuple[Kept, Wrong]] = {}
    met: Counter[tuple[str, str]] = Counter()
    for template in sorted(templates().values(), key=lambda one: one.level):
        if isinstance(template, Sized):
            posed = template.draw("example")
            for wrong in posed.wrong():
                said = wrong.diagnosis.id, str(wrong.diagnosis.message)
                met[said] += 1
                found.setdefault(said, (posed, wrong))
    known = {(one.id, str(one.message)) for one in MISCONCEPTIONS.values()}
    return tuple(Held(*said, *found[said], met[said]) for said in sorted(found) if said not in known)


def figure_in_words(held: Held) -> Words:
    """What was asked, the wrong and the right answer."""
    return Message(
        "For example {wrong} instead of {right}, where this is asked: {question}",
        wrong=_shown(held.wrong.answer), right=_shown(held.posed.answers()[held.wrong.field]),
        question=held.posed.told(),
    )  # fmt: skip


def called(measure: Measure) -> Words:
    """What is asked for, as people call it."""
    if isinstance(measure, Cost):
        return COSTS[measure].words
    return SIZES[measure] if isinstance(measure, Size) else quantity_in_words(measure)


def asked_for(item: Item) -> Words:
    """What an item asks for: its measure, of what."""
    measure = item.task.measure
    what = called(measure)
    layer = str(item.task.layer)
    if item.task.part:
        return Message("{what} of its layer {part}", what=what, part=item.task.part)
    if len(layer) > _LONGEST:
        return Message("{what} of a network", what=what)
    return Message("{what} of {layer}", what=what, layer=layer)


def _shown(typed: str) -> str:
    whole, point, rest = typed.partition(".")
    return f"{number(int(whole))}{point}{rest}"


def example_in_words(example: Example) -> list[Words]:
    """What was asked, the wrong and the right answer, and where the derivations part."""
    item = example.posed.item(example.wrong.field)
    answers = Message(
        "For example {asked}: {wrong} instead of {right} {unit}.",
        asked=asked_for(item), wrong=_shown(example.wrong.answer),
        right=_shown(example.posed.answers()[example.wrong.field]), unit=unit_in_words(item.stated.unit),
    )  # fmt: skip
    parting = example.wrong.diagnosis.parting
    return [answers, *([parting] if parting else [])]


class WrongAnswers(SphinxDirective):
    """All misconceptions, in a section for each kind of layer."""

    def run(self) -> list[nodes.Node]:
        sections = [
            self._section(str(CALLED.get(kind, kind.__name__)), map(self._entry, held))
            for kind, held in by_layer().items()
        ]
        figures = starmap(self._entry_of_figures, enumerate(of_figures(), 1))
        return [*sections, self._section(_("Figures of speed, and shares"), figures)]

    def _section(self, title: str, entries: Iterable[nodes.definition_list_item]) -> nodes.section:
        section = nodes.section("", nodes.title("", title), ids=[nodes.make_id(f"wrong-about-{title}")])
        section += nodes.definition_list("", *entries, classes=["lc-wrong-answers"])
        return section

    def _entry_of_figures(self, place: int, held: Held) -> nodes.definition_list_item:
        term = nodes.term("", "", nodes.literal("", held.id), ids=[f"wrong-figure-{place}"])
        said = nodes.definition("", nodes.paragraph("", held.message))
        said += nodes.paragraph("", str(figure_in_words(held)), classes=["lc-example"])
        told = _("Questions that meet it: {count}.", count=number(held.met))
        said += nodes.paragraph("", told, classes=["lc-met"])
        return nodes.definition_list_item("", term, said)

    def _entry(self, held: Misconception) -> nodes.definition_list_item:
        found, met = examples()
        term = nodes.term("", "", nodes.literal("", held.id), ids=[f"wrong-{held.id}"])
        said = nodes.definition("", nodes.paragraph("", str(held.message)))
        if held.id in found:
            words = " ".join(str(each) for each in example_in_words(found[held.id]))
            said += nodes.paragraph("", words, classes=["lc-example"])
        measures = listing(called(each) for each in sorted(held.measures, key=lambda each: each.value))
        told = _("Changes: {measures}. Questions that meet it: {count}.",
                 measures=measures, count=number(met[held.id]))  # fmt: skip
        said += nodes.paragraph("", told, classes=["lc-met"])
        return nodes.definition_list_item("", term, said)


class BankChecked(SphinxDirective):
    """How many questions there are, of how many kinds, and how many beliefs they can tell apart."""

    def run(self) -> list[nodes.Node]:
        every = templates().values()
        told = _(
            "The bank holds {questions} questions of {kinds} kinds, and {beliefs} wrong beliefs have a name. "
            "Each question is tried with {draws} draws of its numbers: the right answer is found right, and "
            "every known wrong one is called by its name.",
            questions=number(len(every)), kinds=number(len({one.kind for one in every})),
            beliefs=number(len(MISCONCEPTIONS) + len(of_figures())), draws=number(CHECKED_DRAWS),
        )  # fmt: skip
        return [nodes.paragraph("", told)]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("wrong-answers", WrongAnswers)
    app.add_directive("bank-checked", BankChecked)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
