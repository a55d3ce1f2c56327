"""A wrong number that no misconception gives is told as the nearest expression that gives it, or not."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import layercost as lc
from layercost.expression import HTML, LATEX, TEXT, Expression, render, walk
from layercost.misconception import UNITS, Task
from layercost.questions.explain import beliefs
from layercost.questions.item import Item
from layercost.questions.neighbours import VISITS, Neighbours, neighbours
from layercost.questions.reexpression import Reexpressed, further_letters, reexpress, reexpress_answer
from layercost.questions.slip import Kind
from layercost.questions.task import derivation, measure_named
from layercost.shape import shape_of
from tests.layercost.drawing import RECIPES, layer_and_shape
from tests.questions.slipping import Question, Slipped, as_tree, questions, same_for_all_numbers, slipped

MANY = 2000


def right(layer: lc.Layer, quantity: str, shape: tuple[int, ...], batch: int = 1) -> Expression:
    """The right derivation of one count."""
    return derivation(Task(layer, measure_named(quantity), shape_of(shape), batch=batch))


LINEAR = right(lc.Linear(300, 100), "parameters", (300,))
CONV = right(lc.Conv2d(27, 64, 5, padding=2), "parameters", (27, 112, 112))
MACS = right(lc.Conv2d(48, 96, 5, stride=2, padding=2), "macs", (48, 112, 100))
FLOPS = right(lc.Linear(300, 100), "flops", (300,), batch=32)
SIZE = right(lc.Conv2d(3, 6, 5, stride=2, padding=1), "output_size", (3, 228, 229))
LENET = derivation(Task(lc.networks.lenet5(), lc.PARAMETERS, shape_of((1, 32, 32))))


def explained(formula: Expression, answer: int, further: Mapping[str, int] | None = None) -> Reexpressed:
    found = reexpress(formula, answer, further)
    assert found is not None
    return found


# ---- many slips, and many random numbers ---------------------------------------------------------


class Tried(NamedTuple):
    """A slip with its explanation, and what a random number of the right answer's size gets."""

    slip: Slipped
    found: Reexpressed | None
    by_chance: Reexpressed | None


@pytest.fixture(scope="module")
def tried() -> list[Tried]:
    """Random questions with one slip or two that no misconception names."""
    random, found = Random(2718), []  # noqa: S311 - any numbers will do
    for question in questions(random):
        slip = slipped(random, question, random.choice([1, 2]))
        if slip is not None and slip.answer not in known(question):
            found.append(_tried(random, slip))
        if len(found) == MANY:
            break
    return found


def known(question: Question) -> set[Fraction]:
    """The right answer, and what misconceptions answer."""
    item = Item("it", question.task)
    return {item.answer, *(answer for (answer,) in beliefs([item]).values())}


def _tried(random: Random, slip: Slipped) -> Tried:
    right, further = slip.question.right, slip.question.further
    size = right.value * math.exp(random.uniform(-math.log(10), math.log(10)))
    number = random.randint(max(1, int(size / 2)), max(2, int(2 * size)))
    return Tried(slip, reexpress(right, slip.answer, further), reexpress(right, number, further))


def test_most_slips_are_explained_by_what_was_done(tried: list[Tried]) -> None:
    """The expression agrees with the slip for other numbers of the letters too."""
    agreeing = [
        one for one in tried
        if one.found is not None
        and same_for_all_numbers(one.slip.question, as_tree(one.found.expression), one.slip.wrong)
    ]  # fmt: skip
    assert len(agreeing) >= 0.70 * MANY


def test_random_numbers_are_hardly_ever_explained(tried: list[Tried]) -> None:
    """Numbers up to ten times smaller or larger than the right answers."""
    assert sum(one.by_chance is not None for one in tried) < 0.02 * MANY


def test_an_explanation_gives_the_answer_which_is_not_the_right_one(tried: list[Tried]) -> None:
    for one in tried:
        if one.found is not None:
            assert one.found.expression.value == one.slip.answer != one.slip.question.right.value
            assert 1 <= len(one.found.slips) <= 2
            assert all(slip.key for slip in one.found.slips)


def test_an_explanation_is_the_same_each_time(tried: list[Tried]) -> None:
    for one in tried[:50]:
        neighbours.cache_clear()
        assert reexpress(one.slip.question.right, one.slip.answer, one.slip.question.further) == one.found


def test_a_search_looks_at_a_bounded_number_of_expressions(tried: list[Tried]) -> None:
    """Edits grow with the formula and the letters; the first of two are cut off where they are many."""
    for one in tried[:50]:
        near = Neighbours(one.slip.question.right, one.slip.question.further)
        letters = len(near.pool.own) + len(near.pool.further)
        nodes = sum(1 for _ in walk(near.right))
        assert len(near.edits) <= nodes * (5 * letters + 40)
        assert len(near.firsts) * len(near.circuit) <= VISITS + len(near.circuit)


# ---- what is explained, and how ------------------------------------------------------------------

SENTENCES = {
    "a letter for another": (
        LINEAR, 300 * 300 + 300, {},
        "90,300 is d_in·d_in + d_in = 300·300 + 300: d_in (300) stands wherever d_out (100) belongs.",
        "d_out->d_in@all",
    ),
    "a sign": (
        LINEAR, 100 * 300 - 100, {},
        "29,900 is d_out·d_in - d_out = 100·300 - 100: d_out (100) is subtracted, not added.",
        "+->-d_out",
    ),
    "one too few": (
        LINEAR, 30_099, {},
        "30,099 is d_out·d_in + d_out - 1 = 100·300 + 100 - 1: one is subtracted at the end.",
        "-1",
    ),
    "two slips": (
        CONV, 27 * 5 * 5 * 1000, {},
        ("675,000 is 1,000·C_in·k·k = 1,000·27·5·5: the term C_out (64) is missing and 1,000 stands where "
        "C_out (64) belongs."),
        "-C_out;C_out->1000",
    ),
    "a bias for each cell of the kernel": (
        CONV, 64 * 27 * 25 + 64 * 25, {},
        "44,800 is C_out·C_in·k·k + C_out·k·k = 64·27·5·5 + 64·5·5: there is a further factor k·k (5·5).",
        "*k·k",
    ),
    "weights for each position": (
        CONV, 64 * 27 * 25 * 112 * 110 + 64, {"H": 112, "W": 110},
        ("532,224,064 is C_out·C_in·k·k·H·W + C_out = 64·27·5·5·112·110 + 64: there is a further factor H·W "
        "(112·110)."),
        "*H·W",
    ),
    "a size rounded up": (
        MACS, 48 * 25 * 96 * 56 * 51, {},
        ("329,011,200 is C_in·k·k·C_out·H_out·W_out = 48·5·5·96·56·51 with W_out = "
         "⌈(W + 2·p - k)/s⌉ + 1 = ⌈(100 + 2·2 - 5)/2⌉ + 1 = 51: in W_out, the quotient is rounded up."),
        "W_out:ceil",
    ),
    "a size alone": (
        SIZE, 113, {},
        "113 is ⌊(W - k)/s⌋ + 1 = ⌊(229 - 5)/2⌋ + 1: in W_out, the term 2·p (2·1) is missing.",
        "W_out:-2·p",
    ),
    "a unit": (
        MACS, 322_560, {},
        ("322,560 is (C_in·k·k·C_out·H_out·W_out)/1,000 = (48·5·5·96·56·50)/1,000: all of it is "
        "divided by 1,000."),
        "*1/1000",
    ),
    "a layer of a network": (
        LENET, 156 + 2416 + 10164 + 850, {},
        "13,586 is 156 + 2,416 + 10,164 + 850: the term 48,120 is missing.",
        "-#3",
    ),
    "an expression of its own": (
        CONV, 27 * 27 * 112 * 112, {"H": 112},
        ("9,144,576 is C_in·C_in·H·H = 27·27·112·112: it is without C_out (64), k (5) and it has H (112) "
        "besides."),
        "=C_in·C_in·H·H",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("formula", "answer", "further", "sentence", "key"), SENTENCES.values(), ids=SENTENCES
)
def test_a_sentence_tells_the_expression_and_what_differs(
    formula: Expression, answer: int, further: dict[str, int], sentence: str, key: str
) -> None:
    found = explained(formula, answer, further)
    assert (str(found.message), found.key) == (sentence, key)


def test_an_expression_is_rendered_like_every_other() -> None:
    found = explained(CONV, 27 * 5 * 5 * 1000).expression
    assert render(found, TEXT) == "1,000·C_in·k·k"
    assert render(found, LATEX) == r"1{,}000 \cdot C_{\mathrm{in}} \cdot k \cdot k"
    assert 'data-sym="C_in"' in render(found, HTML)


@pytest.mark.parametrize(
    ("slip", "key"),
    [
        pytest.param(lambda m, n, k: n * m * k + n, "/k", id="a dropped factor"),
        pytest.param(lambda m, n, k: n * m * k * k * 1000 + n, "*1000", id="a further factor"),
        pytest.param(lambda m, n, k: n * (m * k * k + k * k), "*k·k", id="a bias for each cell"),
        pytest.param(lambda m, n, k: 2 * (n * m * k * k - n), "*2;+->-C_out", id="two slips"),
    ],
)
def test_students_with_other_numbers_and_the_same_slip_get_the_same_key(
    slip: Callable[[int, int, int], int], key: str
) -> None:
    keys = set()
    for maps, filters, kernel in ((27, 64, 5), (48, 100, 7), (130, 201, 3), (61, 500, 11)):
        layer = lc.Conv2d(maps, filters, kernel)
        formula = right(layer, "parameters", (maps, 32, 32))
        found = reexpress(formula, slip(maps, filters, kernel))
        keys.add(found and found.key)
    assert key in keys
    assert len(keys) == 1


def test_two_sizes_that_go_wrong_alike_are_one_slip() -> None:
    layer = lc.Conv2d(48, 96, 5, stride=3, padding=2)
    formula = right(layer, "macs", (48, 112, 101))  # (112 + 4 - 5) / 3 = 37, (101 + 4 - 5) / 3 = 33.3
    found = explained(formula, 48 * 25 * 96 * ((112 + 4 + 5) // 3 + 1) * ((101 + 4 + 5) // 3 + 1))
    assert [slip.within for slip in found.slips] == [("H_out", "W_out")]
    assert found.slips[0].kind is Kind.ADDED


def test_an_answer_is_read_in_the_unit_of_its_task() -> None:
    """241.04 KiB are right to two decimals; who leaves out the third layer has 53.07."""
    task = Task(lc.networks.lenet5(), lc.PARAMETER_BYTES, shape_of((1, 32, 32)), unit=UNITS["KiB"])
    found = reexpress_answer(task, Fraction("53.07"), Fraction("0.01"))
    assert found is not None
    assert (found.key, found.expression.value) == ("-#3", (61706 - 48120) * 4)
    assert reexpress_answer(task, Fraction("241.04"), Fraction("0.01")) is None


def test_the_letters_of_a_question_are_its_sides_its_batch_and_its_settings() -> None:
    layer = lc.Conv2d(27, 64, 5, stride=2, padding=2)
    task = Task(layer, lc.PARAMETERS, shape_of((27, 112, 110)), batch=8)
    further = further_letters(task)
    assert {"H": 112, "W": 110, "N": 8, "s": 2, "p": 2}.items() <= further.items()
    found = reexpress_answer(task, 64 * 27 * 25 * 8 + 64)
    assert found is not None
    assert found.key == "*N"


# ---- what is not explained -----------------------------------------------------------------------


@pytest.mark.parametrize("answer", [30_100, 0, -30_000, Fraction(1, 3)], ids=str)
def test_the_right_answer_and_what_no_count_can_be_are_not_explained(answer: Fraction | int) -> None:
    assert reexpress(LINEAR, answer) is None


def test_a_whole_answer_may_come_as_a_fraction() -> None:
    assert reexpress(LINEAR, Fraction(29_900)) == reexpress(LINEAR, 29_900)


def test_small_numbers_are_not_explained() -> None:
    """Some expression gives each of them."""
    formula = right(lc.Conv2d(3, 4, 3), "parameters", (3, 32, 32))  # 112
    assert [answer for answer in range(1, 60) if reexpress(formula, answer)] == []


def test_a_formula_of_nothing_has_no_neighbours() -> None:
    assert reexpress(right(lc.MaxPool2d(2), "parameters", (3, 8, 8)), 100) is None


@pytest.mark.parametrize("name", RECIPES)
@settings(max_examples=4)
@given(data=some.data())
def test_any_number_can_be_given_to_any_count_of_any_layer(name: str, data: some.DataObject) -> None:
    layer, shapes = data.draw(layer_and_shape(name))
    shape = shapes if isinstance(shapes[0], tuple) else shape_of(shapes)
    quantity = data.draw(some.sampled_from([lc.FLOPS, lc.PARAMETERS]))
    task = Task(layer, quantity, shape, lc.CONVENTIONS["everything"], batch=data.draw(some.integers(1, 3)))
    size = derivation(task).value
    for number in (1, size + 1, 2 * size, 1000 * size, data.draw(some.integers(1, 10**9))):
        found = reexpress_answer(task, number)
        assert found is None or found.expression.value == number != size
