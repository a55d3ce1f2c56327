"""Each question of the prose knows why an answer is wrong, and never gives the answer away."""

from __future__ import annotations

import re
from typing import Any

import course_text
import pytest
from course_calculation import Calculated, Part, evaluated, total_of
from course_drills import DRAWN, asked_of, drawn, filled, question_of, ranges
from course_mistakes import wrong_answers
from course_printed import numbers_in
from course_questions import asking, step_node, unit_named
from course_working import first_line, solution

import layercost as lc
from tests.course.pages import chapters, names_of, text_of

NAMES = course_text.namespace() | {
    "layer": lc.Linear(300, 100),
    "bare": lc.Linear(300, 100, bias=False),
    "second": lc.Linear(100, 10),
    "conv": lc.Conv2d(3, 6, 5, stride=2, padding=1),
}


def value_of(expression: str) -> Part:
    value: Part = evaluated(expression, dict(NAMES))
    return value


def wrong(expression: str) -> dict[int, str]:
    """The wrong numbers that are known, with their sentences."""
    return {one.answer: str(one.message) for one in wrong_answers(value_of(expression))}


def steps_of(chapter: str) -> list[Any]:
    """Each step of a chapter: its text, and what it asks for."""
    names = names_of(chapter)
    found = re.findall(r"\{step\}`([^`]+)`", text_of(chapter))
    return [pytest.param(asking(text), evaluated(asking(text).expression, names), id=text) for text in found]


def drills_of(chapter: str) -> list[Any]:
    """Each drill of a chapter, drawn."""
    found = re.findall(r"^ *`{3,}\{drill\}\n(.*?)^ *`{3,}$", text_of(chapter), re.M | re.S)
    options = [dict(re.findall(r"^ *:(\w+): (.*)$", body, re.M)) for body in found]
    return [pytest.param(question_of(one), id=one["id"]) for one in options]


STEPS = [one for chapter in chapters() for one in steps_of(chapter)]
DRILLS = [one for chapter in chapters() for one in drills_of(chapter)]


def text_in(html: str) -> str:
    return re.sub("<.*?>", "", html)


# ---- every question of the book -----------------------------------------------------------------------


@pytest.mark.parametrize(("asked", "value"), STEPS)
def test_a_step_knows_three_ways_to_be_wrong(asked: Any, value: Part):
    """Distinct, none of them right, and none with a word on what the question does not have."""
    found = wrong_answers(value)
    assert len(found) >= 3
    assert len({one.answer for one in found} | {total_of(value)}) == len(found) + 1
    assert all(str(one.message).endswith(".") for one in found)


@pytest.mark.parametrize(("asked", "value"), STEPS)
def test_a_step_has_a_ladder_whose_last_rung_alone_tells_the_number(asked: Any, value: Part):
    rungs = [text_in(said) for _name, said in step_node(value, asked)["rungs"]]
    answer = f"{total_of(value):,}"
    assert len(rungs) >= 2
    assert re.search(rf"(^|= ){re.escape(answer)}(?![\d,]\d)", rungs[-1])
    assert not [rung for rung in rungs[:-1] if rung.endswith(f"= {answer}")]


@pytest.mark.parametrize("chapter", chapters())
def test_the_ids_of_a_page_are_its_own(chapter: str):
    ids = [one.values[0].id for one in steps_of(chapter)]
    assert "" not in ids
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("question", DRILLS)
def test_a_drill_has_variants_that_tell_right_from_wrong(question: Any):
    values = [asked_of(variant) for _place, variant in drawn(question)]
    assert len(values) >= 8
    assert all(len(wrong_answers(value)) >= 3 for value in values)


def test_no_more_is_drawn_than_is_needed(monkeypatch: pytest.MonkeyPatch):
    """Vetting a draw is what takes time when a page is built."""
    question = question_of(
        {"id": "a", "layer": "Linear(inputs, 9)", "input": "inputs", "draw": "inputs=16..512", "ask": "macs"}
    )
    asked: list[str] = []
    draw = type(question).draw_for_practice
    monkeypatch.setattr(
        type(question), "draw_for_practice", lambda own, seed: asked.append(seed) or draw(own, seed)
    )
    kept = list(drawn(question))
    assert len(kept) == DRAWN
    assert len(asked) == kept[-1][0]


# ---- where wrong numbers come from --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "answer", "words"),
    [
        pytest.param("macs(layer, batch=32)", 30000, "each input of the batch", id="the batch"),
        pytest.param("macs(layer, batch=32)", 32 * 60000, "You counted FLOPs", id="FLOPs, with the batch"),
        pytest.param("parameters(layer, batch=32)", 963200, "is stored once", id="no matter of the batch"),
        pytest.param("weights(layer)", 30100, "counted the biases too", id="weights of a layer with biases"),
        pytest.param("parameters(lc.MaxPool2d(2), (16, 10, 10))", 4, "learns nothing", id="nothing at all"),
        pytest.param("macs(lc.MaxPool2d(2), (16, 10, 10))", 1600, "convention everything", id="no products"),
        pytest.param("parameter_bytes(layer)", 8 * 120400, "a byte is 8 of them", id="bits"),
        pytest.param("parameters(layer) + parameters(second)", 30100, "parameters of Linear(100, 10)",
                     id="a part left out"),
        pytest.param("parameters(layer) + parameters(second)", 31010, "In the parameters of Linear(300, 100)",
                     id="a mistake in one part"),
        pytest.param("parameters(layer) + parameters(second)", 31000, "In each part: The biases are missing",
                     id="the same mistake in both parts"),
        pytest.param("7690 // 10 - 1", 769, "left out what is to be taken away: 1.", id="a step left out"),
        pytest.param("32 * 32 * 3", 1024, "left out a factor: 3.", id="a factor left out"),
        pytest.param("32 * 32 * 3", 67, "these are multiplied", id="added, not multiplied"),
        pytest.param("output_size(conv, (3, 32, 32))", 14, "left out the padding", id="a size"),
        pytest.param("4 * parameters(layer)", 4, "a factor: the parameters of Linear(300, 100).",
                     id="a count left out"),
        pytest.param("4 * given(parameters(layer))", 2 * 30100, "two bytes for each value",
                     id="float16 for float32"),
        pytest.param("2 * given(parameters(layer))", 4 * 30100, "four bytes for each value",
                     id="float32 for float16"),
        pytest.param("4 * given(parameters(layer))", 32 * 30100, "a byte is 8 of them",
                     id="bits of what is given"),
        pytest.param("given(parameter_bytes(layer)) // 4", 2 * 30100, "two bytes for each value",
                     id="values of float16 for those of float32"),
        pytest.param("given(parameter_bytes(layer)) // 1000", 117, "took 1,024", id="KiB for kB, cut off"),
        pytest.param("given(parameter_bytes(layer)) // 1000", 118, "took 1,024", id="KiB for kB, rounded"),
        pytest.param("given(parameter_bytes(layer)) // 2 // 1000", 59, "took 1,024",
                     id="KiB for kB of half of it"),
    ],
)  # fmt: skip
def test_a_wrong_number_is_traced_to_what_led_to_it(expression: str, answer: int, words: str):
    assert words in wrong(expression)[answer]


def test_a_missing_bias_is_spoken_of_in_the_same_words_for_every_layer_and_measure():
    """Who counts the bytes of a fully connected layer is told nothing of normalizations."""
    assert "normalization" not in wrong("parameter_bytes(layer)")[4 * 30000]


def test_a_solution_that_leaves_out_what_stands_behind_the_point_says_so():
    assert "behind the point is left out" in solution(value_of("given(parameter_bytes(layer)) // 1000"))
    assert "left out" not in solution(value_of("given(parameter_bytes(layer)) // 4"))


@pytest.mark.parametrize(
    "expression",
    [
        "parameters(bare)", "flops(bare)", "macs(bare)", "parameter_bytes(bare)",
        "parameters(lc.MaxPool2d(2), (16, 10, 10))", "macs(bare, batch=4)",
    ],
)  # fmt: skip
def test_no_word_of_biases_where_there_are_none(expression: str):
    """But for whoever counted some."""
    said = {name for answer, name in wrong(expression).items() if "bias" in name}
    assert said <= {
        "You counted biases where the layer has none: with bias=False none is stored and none is added."
    }


def test_every_mistake_in_a_part_is_the_calculation_with_that_mistake():
    first, second = wrong("parameters(layer)"), wrong("parameters(second)")
    both = wrong("parameters(layer) + parameters(second)")
    assert {one + 1010 for one in first} <= set(both)
    assert {one + 30100 for one in second} <= set(both)


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        pytest.param("4 * parameters(layer)", 4 * 120400, id="four times the bytes are not the bytes"),
        pytest.param("weights(layer) // 2", 60200, id="half of the bytes are not the bytes"),
        pytest.param("6 * output_size(conv, (3, 32, 32))", 6 * 32, id="six times a side is no side"),
    ],
)
def test_a_count_mistaken_on_the_way_is_not_said_to_be_the_number(expression: str, answer: int):
    sentences = wrong(expression)
    assert sentences[answer].startswith("You took ")
    assert not [said for said in sentences.values() if "That is" in said]


def test_what_was_left_out_of_each_part_is_not_said_of_all_alike():
    """2 · 64 + 3 · 256 without the 2 and the 3: no one factor is missing."""
    assert 64 + 256 not in wrong("2 * 64 + 3 * 256")


def test_what_the_page_states_is_not_miscounted():
    """A reader who takes half of the bytes in place of a quarter took a value for two bytes, not eight."""
    given = "given(parameter_bytes(layer)) // 4"
    assert total_of(value_of(given)) == total_of(value_of("parameter_bytes(layer) // 4"))
    assert set(wrong(given)) == {120400, 4 * 120400, 120396, 120400 // 2, 120400 // 8}
    assert "two bytes for each value" in wrong(given)[120400 // 2]
    assert first_line(value_of(given)) == "the bytes of the parameters of Linear(300, 100) ÷ 4"


# ---- calculations -------------------------------------------------------------------------------------


def test_a_calculation_is_a_number_that_knows_its_parts():
    value = value_of("2 * (parameters(layer) + parameters(second)) // 10 - 1")
    assert isinstance(value, Calculated)
    assert total_of(value) == 2 * (30100 + 1010) // 10 - 1
    assert text_in(solution(value)) == "2 · (30,100 + 1,010) ÷ 10 − 1 = 6,221"


def test_a_sum_begins_with_nothing():
    assert evaluated("sum([parameters(layer), parameters(second)])", dict(NAMES)) == value_of(
        "parameters(layer) + parameters(second)"
    )


def test_the_first_line_names_the_parts_and_not_their_numbers():
    line = first_line(value_of("parameters(layer) + parameters(second)"))
    assert line == "the parameters of Linear(300, 100) + the parameters of Linear(100, 10)"
    assert text_in(first_line(value_of("parameters(layer)"))).endswith(" = 100·300 + 100")
    assert "30,100" not in first_line(value_of("parameters(layer)"))


# ---- what authors write -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "parameters(layer) | id=fc-1 | hint=One weight; for each pair. | shown",
        "parameters(layer) ; id=fc-1 ; hint=One weight; for each pair. ; shown",
    ],
)
def test_a_step_is_read_with_bars_or_in_a_table_with_semicolons(text: str):
    asked = asking(text)
    assert (asked.expression, asked.id, asked.shown) == ("parameters(layer)", "fc-1", True)
    assert asked.hint == "One weight; for each pair."


def test_a_bar_in_an_expression_is_left_alone():
    assert asking("len({1} | {2}) | id=union").expression == "len({1} | {2})"


def test_ranges_are_read_as_they_are_written():
    assert ranges("inputs=16..512, outputs=8..64/8, kernel=3|5, bias=True|False") == {
        "inputs": {"from": 16, "to": 512, "step": 1},
        "outputs": {"from": 8, "to": 64, "step": 8},
        "kernel": [3, 5],
        "bias": [True, False],
    }


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        pytest.param("30,100 and 2261.", {30100, 2261}, id="grouped or not"),
        pytest.param("0.1 % of 1.5 or 1,234.5", set(), id="decimals are no whole numbers"),
        pytest.param("784·128 = 100,352", {784, 128, 100352}, id="a formula"),
    ],
)
def test_the_numbers_of_a_page_are_found(text: str, numbers: set[int]):
    assert numbers_in(text) == numbers


@pytest.mark.parametrize(
    ("words", "unit"),
    [
        ("GPT-2 XL is 1,600 wide, with 25 heads. At how many tokens do both cost the same?", "tokens"),
        ("Two moments of 4 bytes for each of 3 billion parameters. How many GB are left out?", "GB"),
        ("How many bytes a second does the bus bring?", "bytes a second"),
        ("How many kernels", "kernels"),
        ("MACs of the four maps", "MACs"),
        ("All MACs", "MACs"),
        ("fc8 takes 4,096 values to 1,000. Its weights, without the biases", "weights"),
        ("Width 6,144, 8 experts of 16,384. Parameters that are idle for a token", "parameters"),
        ("A report of 600 M FLOPs. How many MACs are that, in millions?", ""),
        ("LayerNorms of GPT-2 medium", ""),
        ("The layer", ""),
        ("How many of them", ""),
        ("", ""),
    ],
)
def test_a_question_names_the_unit_that_may_stand_behind_its_answer(words: str, unit: str):
    """Whoever is asked for tokens may write 3,200 tokens."""
    assert unit_named(words) == unit


def test_numbers_that_a_drill_draws_have_their_thousands_in_groups():
    """As in the text around them; in code they have none."""
    known = {"parameters": 3_552_000_000, "width": 64, "bias": True, "layer": "`Linear(1024, 64)`"}
    line = "{layer}: {parameters} parameters, {width} wide, {bias}, {other}"
    assert filled(line, known) == "`Linear(1024, 64)`: 3,552,000,000 parameters, 64 wide, True, {other}"
