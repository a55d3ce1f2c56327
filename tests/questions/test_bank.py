"""The bank: many questions, all different, each of which can tell right from wrong whatever is drawn."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from functools import cache

import pytest

from layercost.expression import TEXT, equation
from layercost.questions import MALFORMED, RIGHT, SKILLS, Malformed, Question, Variant, templates
from layercost.questions.bank import CHECKED_DRAWS
from layercost.questions.kind import LEVELS
from tests.conftest import NIGHTLY

COUNTED: dict[str, Question] = {
    name: template for name, template in templates().items() if isinstance(template, Question)
}
SEEDS = CHECKED_DRAWS if NIGHTLY else 6
SEEDS_OF_WRONG_ANSWERS = CHECKED_DRAWS if NIGHTLY else 3

# Questions of which fewer than three wrong answers are known, and why these are enough.
FEW = {
    "softmax-additions": "a single sum: one too many",
    "relu-activations": "as many values as arrive: one map",
    "embedding-activations": "one vector, or the whole table",
    "batch-norm-activations": "as many values as arrive: one map, or parameters",
    "small-network-with-normalization": "its buffers: half of them, or scale and shift as well",
    "adaptive-pooling-side": "the size is given: it is kept, or taken for the window",
    "global-max-pooling-comparisons": "one map, or one comparison too many",
    "global-average-pooling-additions": "one map, or one addition too many",
    "global-average-pooling-activations": "one map, or the given size taken for the window",
    "adaptive-pooling-additions": "one map, or one addition too many",
    "patch-merging-activations": "half the values that arrive: all channels, or parameters",
    "window-attention-activations": "as many values as arrive: one window, or parameters",
    "sinusoidal-positions-worked-out": "nothing is stored: the table is, or not",
    "learned-positions-activations": "as many values as arrive: one token, or parameters",
}


@cache
def drawn(name: str, seed: int) -> Variant:
    """The question of a seed, drawn once for all tests."""
    return COUNTED[name].draw(seed)


def different(name: str, seeds: int) -> Iterator[Variant]:
    """The questions of the first seeds, each set of numbers once."""
    found = (drawn(name, seed) for seed in range(seeds))
    return iter({json.dumps(one.state(), sort_keys=True): one for one in found}.values())


each = pytest.mark.parametrize("name", COUNTED)


def test_there_are_many_questions_that_ask_for_a_count():
    assert len(COUNTED) >= 230


def test_no_two_questions_ask_the_same_of_the_same():
    subjects = Counter(subject for template in COUNTED.values() for subject in template.subjects)
    assert [subject for subject, times in subjects.items() if times > 1] == []


@pytest.mark.parametrize("level", LEVELS)
def test_each_level_has_its_share(level: int):
    levels = Counter(template.level for template in COUNTED.values())
    assert levels[level] >= len(COUNTED) / 4


@pytest.mark.parametrize("skill", SKILLS)
def test_each_skill_is_trained_by_several_questions(skill: str):
    assert sum(skill in template.skills for template in COUNTED.values()) >= 3


@each
def test_whatever_is_drawn_the_right_answer_is_right(name: str):
    for posed in different(name, SEEDS):
        for field, answer in posed.answers().items():
            assert not isinstance(posed.parse(answer, field), Malformed), posed.state()
            assert posed.diagnose(answer, field).id == RIGHT, posed.state()


@each
def test_every_known_mistake_is_understood_as_itself(name: str):
    for posed in different(name, SEEDS_OF_WRONG_ANSWERS):
        for wrong in posed.wrong():
            assert wrong.diagnosis.id != RIGHT
            assert posed.diagnose(wrong.answer, wrong.field).id == wrong.diagnosis.id, posed.state()


@each
def test_three_mistakes_are_known_or_it_is_said_why_not(name: str):
    posed = drawn(name, 0)
    known = Counter(wrong.field for wrong in posed.wrong())
    fewest = min(known[field.id] for field in posed.fields)
    assert (fewest < 3) == (name in FEW), known


def test_of_most_questions_three_mistakes_are_known():
    assert len(FEW) <= len(COUNTED) / 5


@each
def test_a_question_is_worded_in_full_and_has_a_solution(name: str):
    posed = drawn(name, 0)
    said = [posed.told(), *(str(field.words) for field in posed.fields)]
    for text in said:
        assert "{" not in text.split("`")[::2][0], text
        assert not text.endswith(" ."), text
    assert said[0].strip()
    assert posed.solution()


def test_a_solution_says_how_each_term_of_a_sum_over_layers_comes_about():
    """GPT-2's parameters: tables, norms, attentions and feed-forward layers, those that are alike once."""
    lines = drawn("gpt2-parameters", 3).solution()
    *parts, total = lines
    assert [str(line.words).split()[0] for line in parts] == [
        "Embedding", "LearnedPositions", "LayerNorm", "Attention", "FeedForward",
    ]  # fmt: skip
    assert "and 4 alike, each:" in str(parts[-1].words)
    assert total.formula.value == int(drawn("gpt2-parameters", 3).answers()["answer"])
    assert all(f"{part.formula.value:,}" in equation(total.formula, TEXT) for part in parts)


def test_a_solution_tells_a_network_of_many_layers_by_its_blocks():
    """Nobody reads GoogLeNet's 48 layers that differ: it has 3 convolutions, 9 blocks, a last layer."""
    *parts, total = drawn("googlenet-parameters", 3).solution()
    names = [str(line.words).removesuffix(":").split()[-1] for line in parts]
    assert names[2:5] == ["conv3.conv", "inception3a", "inception3b"]
    assert (len(names), names[-1]) == (13, "fc")
    assert equation(total.formula, TEXT).startswith(" + ".join(f"{part.formula.value:,}" for part in parts))
    assert total.formula.value == int(drawn("googlenet-parameters", 3).answers()["answer"])


def test_what_two_answers_of_a_solution_have_in_common_is_told_once():
    """AlexNet's memory in decimal and in binary units: its layers once."""
    lines = [str(line.words) for line in drawn("alexnet-memory", 0).solution()]
    assert lines.count("Conv2d conv1:") == 1
    assert len([line for line in lines if line.startswith("In M")]) == 2


@each
def test_numbers_come_from_earlier_ones_as_the_question_says(name: str):
    """What is said to follow from other answers does so, whatever is drawn."""
    for posed in different(name, 3):
        answers = {item.id: item.answer for item in posed.items.values()}
        for ask in posed.question.asks:
            if ask.follows:
                follows = eval(ask.follows, {"__builtins__": {}}, dict(answers))  # noqa: S307 (the bank's own)
                assert follows == answers[ask.id], posed.state()


@pytest.mark.parametrize("name", list(templates()))
def test_any_number_gets_a_verdict(name: str):
    """Pairs of beliefs and small changes of the derivation are tried for what no belief gives."""
    posed = templates()[name].draw("any number")
    for field in posed.fields:
        if field.form == "number":
            for typed in ("123457", "7", "0"):
                assert posed.diagnose(typed, field.id).id != MALFORMED
