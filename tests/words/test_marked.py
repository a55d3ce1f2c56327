"""Spoken in a language of marks, nothing that a person is told is left in English."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from types import SimpleNamespace

import pytest

import layercost as lc
from grader.feedback import feedback_page
from grader.results import QuestionResult, Result
from grader.score import by_hand, not_answered
from grader.values import Failure
from layercost.convention import CONVENTIONS
from layercost.dialects import DIALECTS, read
from layercost.dialects.reading import flat
from layercost.explorers import EXPLORERS, explorer
from layercost.expression import Definition, Symbol
from layercost.identification import identify
from layercost.message import Message
from layercost.misconception import MISCONCEPTIONS
from layercost.networks.network import NETWORKS
from layercost.questions import Parsed, explain, read_question
from layercost.questions.explain import beliefs
from layercost.questions.reading import Malformed, read_number, read_shape
from layercost.questions.reexpression import Reexpressed
from layercost.questions.slip import EVERYWHERE, OF_THE_WHOLE, Kind, Slip
from layercost.shape import OUTPUT_SIZE_RULES, TRANSPOSED_SIZE_RULES
from tests.explorers.reading import panes
from tests.layercost.test_layers import MALFORMED as MALFORMED_TEXTS
from tests.layercost.test_shape import MISFITS
from tests.questions.data import SHIPPED
from tests.questions.test_reading import NO_SHAPES, REFUSED
from tests.words.marking import left_in_english, speaking_marks, texts_of


def outside(said: object, *allowed: str) -> set[str]:
    """The English words outside of marks in a message, as it is spoken there."""
    with speaking_marks():
        return left_in_english(str(said), *allowed)


# ---- questions ---------------------------------------------------------------------------------------


def verdicts(name: str) -> Iterator[object]:
    """What answers of all kinds are told."""
    items = list(read_question(SHIPPED[name]).draw(3).items.values())
    for item in items:
        right = item.answer
        answers = [answer for (answer,) in beliefs([item]).values()]
        for answer in (right, *answers, right + 7, right * 1000 + 1, Fraction(-5)):
            yield explain([item], [answer]).message
        yield item.stated.convention


@pytest.mark.parametrize("name", SHIPPED)
def test_verdicts_are_translated(name: str) -> None:
    assert [said for said in verdicts(name) if outside(said)] == []


def test_verdicts_on_functions_are_translated() -> None:
    question = read_question(SHIPPED["fully_connected_and_lenet/linear-parameters"])
    items = [variant.item() for variant in question.draw_cases("a student", 6)]
    some = [items[0].answer, *(Fraction(1) for _ in items[1:])]
    assert outside(explain(items, some).message) == set()


@pytest.mark.parametrize(("raw", "_"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("unit", ["parameters", "KiB", ""])
def test_malformed_answers_are_translated(raw: object, _: str, unit: str) -> None:
    for whole in (True, False):
        found = read_number(raw, unit, whole=whole)
        assert isinstance(found, Parsed) or outside(found.message, "nan", "inf", "True") == set()


@pytest.mark.parametrize(("raw", "_"), NO_SHAPES.values(), ids=NO_SHAPES)
def test_malformed_shapes_are_translated(raw: object, _: str) -> None:
    found = read_shape(raw)
    assert isinstance(found, Malformed)
    assert outside(found.message) == set()


@pytest.mark.parametrize("misconception", MISCONCEPTIONS.values(), ids=lambda one: one.id)
def test_misconceptions_are_translated(misconception: lc.misconception.Misconception) -> None:
    assert outside(misconception.message) == set()


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.value)
def test_reexpressions_are_translated(kind: Kind) -> None:
    """Each slip, anywhere and everywhere, within a definition and in the sentence around it."""
    size = Definition("W_out", Symbol("W", 30) - Symbol("k", 5) + 1)
    kernel = Symbol("k", 5)
    slips = [Slip(kind, size, kernel), Slip(kind, size, kernel, within=("W_out",))]
    if kind in OF_THE_WHOLE:
        slips.append(Slip(kind, None, kernel))
    for slip in slips:
        for formula in (size, size * Symbol("C", 3)):
            assert outside(Reexpressed(formula, (slip, slip)).message) == set()
    if kind in EVERYWHERE:
        assert outside(Slip(kind, size, kernel, everywhere=True).message) == set()


def test_a_feedback_page_is_translated() -> None:
    """What the grader found, and everything around it; what the student wrote and printed stays."""
    found = [
        QuestionResult("q1-test", 0.5, 1, "forgot-bias", MISCONCEPTIONS["forgot-bias"].message),
        QuestionResult(
            "q2-test", 0, 1, "manual", by_hand(1).message, "schön", waits=True, rubric=((1.0, "warum"),)
        ),
        QuestionResult(
            "q3-test", 0, 1, "no-answer", not_answered(Failure("error", "NotImplementedError")).message
        ),
    ]
    remark = Message("The locked cell `{name}` was changed; the original was used.", name="setup")
    settings = {"nbgrader": {"grade_id": "q1", "solution": True}}
    cell = {"cell_type": "code", "metadata": settings, "source": "1 + 1", "outputs": [{"text": "2"}]}
    answered_in = {question.grade_id: question.grade_id.removesuffix("-test") for question in found}
    release = SimpleNamespace(answered_in=answered_in, cells=())
    with speaking_marks():
        page = feedback_page("hw1", Result("ada", tuple(found), (remark,), 0.25), {"cells": [cell]}, release)
    ids = {question.diagnosis for question in found}
    assert (
        left_in_english(texts_of(page), "hw1", "ada", "schön", "setup", "warum", *answered_in.values(), *ids)
        == set()
    )


# ---- counting ----------------------------------------------------------------------------------------


def test_conventions_tools_and_rules_are_translated() -> None:
    rules = (*OUTPUT_SIZE_RULES.values(), *TRANSPOSED_SIZE_RULES.values())
    said = [words for one in CONVENTIONS.values() for words in (one.counts, one.source)]
    said += [*(dialect.says for dialect in DIALECTS.values()), *(rule.source for rule in rules)]
    assert [words for words in said if outside(words)] == []


NET = lc.Sequential({"conv1": lc.Conv2d(3, 6, 5), "relu1": lc.ReLU(), "pool1": lc.MaxPool2d(2)})
SHOWN: dict[str, Callable[[], str]] = {
    "a table": lambda: lc.table(NET, (3, 32, 32)).text(),
    "a table as HTML": lambda: texts_of(lc.table(NET, (3, 32, 32)).html()),
    "a table by a tool": lambda: lc.table(NET, (3, 32, 32), "fvcore").text(),
    "a table with a failure": lambda: lc.table(lc.RNN(8, 4), (5, 8), "onnx-tool").text(),
    "a count": lambda: str(lc.count(NET, lc.FLOPS, (3, 32, 32))),
    "a reading": lambda: str(read(NET, (3, 32, 32), "fvcore").reason),
    "a comparison": lambda: lc.compare(NET, (3, 32, 32)).text(),
    "an identification": lambda: identify("30100", [lc.Linear(300, 100)], (300,)).text(),
    "a number that arises nowhere": lambda: identify("31", [lc.Linear(300, 100)], (300,)).text(),
    "a difference": lambda: lc.difference(NET, lc.Sequential(lc.Linear(32, 10)), (3, 32, 32)).text(),
}


@pytest.mark.parametrize("shown", SHOWN.values(), ids=SHOWN)
def test_tables_and_comparisons_are_translated(shown: Callable[[], str]) -> None:
    with speaking_marks():
        said = shown()
    names = {"conv1", "relu1", "pool1", *_words_of_tools()}
    assert left_in_english(said, *names) == set()


def _words_of_tools() -> set[str]:
    """The tools' own names for their numbers, which nobody translates."""
    import re

    readings = [read(NET, (3, 32, 32), name) for name in DIALECTS]
    text = " ".join(f"{one.main_name} {one.version} {list(one.native)}" for one in readings)
    text += " ".join(name for one in readings for name, _ in flat(one.native))
    return set(re.findall(r"[A-Za-z]\w*", text))


@pytest.mark.parametrize("name", NETWORKS)
def test_versions_of_networks_are_translated(name: str) -> None:
    entry = NETWORKS[name]
    assert [said for said in entry.versions.values() if outside(said)] == []


# ---- failures ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("action", "_"), MISFITS.values(), ids=MISFITS)
def test_failures_of_shapes_are_translated(action: Callable[[], object], _: str) -> None:
    with pytest.raises(lc.ShapeError) as caught:
        action()
    assert outside(caught.value, "fc1") == set()


@pytest.mark.parametrize(("text", "_"), MALFORMED_TEXTS.values(), ids=MALFORMED_TEXTS)
def test_failures_of_layers_are_translated(text: str, _: str) -> None:
    with pytest.raises((lc.LayerError, lc.ShapeError)) as caught:
        lc.layer_from_text(text)
    assert outside(caught.value) == set()


# ---- explorers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXPLORERS)
def test_explorers_are_translated(name: str) -> None:
    with speaking_marks():
        shown = explorer(name)
        assert {pane: left_in_english(texts_of(html)) for pane, html in panes(shown).items()} == {
            pane: set() for pane in panes(shown)
        }
