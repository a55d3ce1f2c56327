"""The page of every wrong answer: each misconception has an example that the bank's own questions give."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "web" / "sphinx"))

from course_wrong_answers import by_layer, example_in_words, examples, figure_in_words, of_figures

from layercost.analysis.figures import BELIEFS
from layercost.misconception import MISCONCEPTIONS


def test_every_misconception_is_met_by_a_question_of_the_bank():
    found, met = examples()
    assert [name for name in MISCONCEPTIONS if name not in found] == []
    assert all(met[name] >= 1 for name in MISCONCEPTIONS)


def test_each_stands_once_under_the_layers_of_which_it_can_be_held():
    listed = [one.id for held in by_layer().values() for one in held]
    assert sorted(listed) == sorted(MISCONCEPTIONS)
    assert all(one.of is kind for kind, held in by_layer().items() for one in held)


def test_an_example_says_the_wrong_and_the_right_number():
    found, _met = examples()
    example = found["forgot-bias"]
    said = [str(words) for words in example_in_words(example)]
    right, wrong = (
        int(typed) for typed in (example.posed.answers()[example.wrong.field], example.wrong.answer)
    )
    assert f"{wrong:,} instead of {right:,}" in said[0]
    assert said[1].startswith("Your number leaves out")


def test_beliefs_about_figures_stand_there_too():
    """Each under its name, in its own words or in those that it has among the beliefs about layers."""
    listed = {(one.id, one.message) for one in of_figures()}
    about_layers = {(one.id, str(one.message)) for one in MISCONCEPTIONS.values()}
    assert {(one.id, str(one.message)) for one in BELIEFS} <= listed | about_layers
    assert not listed & about_layers


def test_an_example_of_a_figure_is_diagnosed_as_it_says():
    for one in of_figures():
        assert one.posed.diagnose(one.wrong.answer).id == one.id
        assert "instead of" in str(figure_in_words(one))
