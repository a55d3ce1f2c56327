"""Numbers from a seed: the same everywhere, and only where they tell right from wrong."""

from __future__ import annotations

import json
from itertools import combinations

import pytest

from layercost.questions import Question, QuestionError, read_question
from layercost.questions.draw import chance
from layercost.questions.explain import beliefs
from layercost.questions.item import Item

from .data import LINEAR, SHIPPED, changed

# Seed to numbers, for ever: the notebook that a student has and the grader must show the same ones.
GOLDEN = {
    0: {"inputs": 102, "outputs": 218},
    1: {"inputs": 7, "outputs": 227},
    "ada": {"inputs": 301, "outputs": 256},
    b"\x00\xff": {"inputs": 107, "outputs": 304},
}
GOLDEN_LENET = {
    "fully-connected-and-lenet/0": {
        "channels": 2,
        "size": 44,
        "maps1": 10,
        "maps2": 24,
        "hidden1": 130,
        "hidden2": 69,
        "classes": 20,
    },
    "fully-connected-and-lenet/999": {
        "channels": 4,
        "size": 36,
        "maps1": 6,
        "maps2": 24,
        "hidden1": 150,
        "hidden2": 80,
        "classes": 20,
    },
}


@pytest.mark.parametrize("seed", GOLDEN, ids=repr)
def test_a_seed_gives_the_same_numbers_on_every_python(seed: int | str | bytes):
    """No `random`, no hash of Python's own: SHA-256 alone decides."""
    assert read_question(LINEAR).draw(seed).numbers == GOLDEN[seed]


@pytest.mark.parametrize("seed", GOLDEN_LENET)
def test_a_students_network_is_the_same_on_every_python(seed: str):
    question = read_question(SHIPPED["fully_connected_and_lenet/lenet"])
    assert question.draw(seed).numbers == GOLDEN_LENET[seed]


def test_a_number_and_its_text_are_the_same_seed():
    question = read_question(LINEAR)
    assert question.draw(7).numbers == question.draw("7").numbers


def test_an_added_name_leaves_the_others_as_they_were():
    """Each name is drawn by itself, so that a question can grow without changing what students have."""
    wider = read_question(changed(draw={"unused": [1, 2], **LINEAR["draw"]})).draw(3).numbers
    assert {name: wider[name] for name in LINEAR["draw"]} == read_question(LINEAR).draw(3).numbers


def test_every_number_of_a_range_can_be_drawn():
    draws = {chance(seed, "a label", 5) for seed in range(200)}
    assert draws == {0, 1, 2, 3, 4}


def answers_apart(items: list[Item]) -> bool:
    """Whether no two of right and the misconceptions give what could be the same answer."""
    answers = [tuple(item.answer for item in items), *beliefs(items).values()]
    return all(
        any(abs(a - b) > 2 * item.tolerance for a, b, item in zip(one, other, items, strict=True))
        for one, other in combinations(answers, 2)
    )


@pytest.mark.parametrize("name", SHIPPED)
def test_a_thousand_draws_tell_right_from_wrong(name: str):
    """In no draw does a misconception give the right number, or two misconceptions the same one."""
    question = read_question(SHIPPED[name])
    for seed in range(SAMPLE[name]):
        assert all(answers_apart([item]) for item in question.draw(seed).items.values()), seed


@pytest.mark.parametrize("name", [name for name, data in SHIPPED.items() if len(data["ask"]) == 1])
def test_cases_of_a_function_show_every_misconception_that_earns_credit(name: str):
    """A function is tried on inputs that tell all of its question's misconceptions apart."""
    question = read_question(SHIPPED[name])
    for seed in range(100):
        items = [variant.item() for variant in question.draw_cases(seed, 6)]
        assert answers_apart(items), seed
        credited = set(items[0].credit) - {"right-on-some"}
        assert credited <= set(beliefs(items)), seed


def test_a_draw_that_does_not_discriminate_is_drawn_again():
    """With a kernel of 1, k and k times k are the same: 1 is never drawn, though it is in the list."""
    question = convolution([1, 3])
    assert {question.draw(seed).numbers["k"] for seed in range(50)} == {3}


def test_a_question_that_never_discriminates_says_which_pair_cannot_be_told_apart():
    with pytest.raises(
        QuestionError, match=r"no draw of 300 tells right from wrong; .*'right' and 'kernel-not-squared'"
    ):
        convolution([1]).draw(0)


def test_a_misconception_that_is_excluded_does_not_stop_a_draw():
    assert convolution([1], without=["kernel-not-squared"]).draw(0).numbers == {"k": 1}


def convolution(kernels: list[int], **more: object) -> Question:
    data = {
        "draw": {"k": kernels},
        "layer": "Conv2d(7, 9, kernel_size=k)",
        "input": [7, 20, 20],
        "credit": {},
    }
    return read_question(changed(**data, **more))


def test_a_question_survives_json():
    """The bank is compiled to JSON, which has no other types than TOML's."""
    for data in SHIPPED.values():
        assert read_question(json.loads(json.dumps(data))) == read_question(data)


SAMPLE = {name: 150 if len(data["ask"]) > 1 else 1000 for name, data in SHIPPED.items()}
