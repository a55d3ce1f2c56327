"""From right to unknown: the first explanation that fits is given, and nothing is read into an answer."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as some

from layercost.convention import CONVENTIONS
from layercost.misconception import MISCONCEPTIONS, Task
from layercost.questions import Item, Variant, explain, read_question, templates
from layercost.questions.explain import beliefs
from layercost.questions.task import MEASURES
from layercost.shape import shape_of
from tests.layercost.drawing import RECIPES, layer_and_shape

from .data import LINEAR, SHIPPED, changed

FLOPS = changed(ask=[{"quantity": "flops", "credit": {"macs-for-flops": 0.5, "right-magnitude": 0.1}}])


def drawn(data: dict[str, object], seed: int = 0) -> Variant:
    return read_question(data).draw(seed)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_right_answer_is_always_right(name: str):
    for seed in range(40):
        variant = read_question(SHIPPED[name]).draw(seed)
        for ask, item in variant.items.items():
            found = variant.diagnose(float(item.answer) if item.decimals else int(item.answer), ask)
            assert (found.id, found.credit) == ("right", 1)


@pytest.mark.parametrize("name", SHIPPED)
def test_each_misconception_of_a_drawn_question_gets_its_own_name(name: str):
    """What vetting promises: no wrong answer is taken for right or for another misconception."""
    for seed in range(10):
        for item in read_question(SHIPPED[name]).draw(seed).items.values():
            for held, (answer,) in beliefs([item]).items():
                found = explain([item], [answer])
                assert (found.id, found.message) == (held, MISCONCEPTIONS[held].message)
                assert found.credit == item.credit.get(held, 0) < 1


def test_text_and_value_are_diagnosed_alike():
    variant = drawn(LINEAR)
    without_bias = int(variant.answer) - variant.numbers["outputs"]
    assert variant.diagnose(without_bias) == variant.diagnose(f"{without_bias:,} parameters")
    assert variant.diagnose(without_bias).credit == Fraction(1, 2)


def test_what_is_malformed_is_neither_right_nor_wrong():
    found = drawn(LINEAR).diagnose("a lot")
    assert found.id == "malformed"
    assert "write a whole number of parameters" in str(found.message)


def test_memory_may_be_rounded_or_cut_off_after_the_decimals_that_are_asked_for():
    variant = drawn(SHIPPED["fully_connected_and_lenet/lenet"])
    exact = variant.item("kib").answer
    thousandths = exact * 1000
    for close in (exact, Fraction(int(thousandths), 1000), Fraction(round(thousandths), 1000)):
        assert variant.diagnose(float(close), "kib").id == "right"
    assert variant.diagnose(float(exact) + 0.01, "kib").id == "nearly"
    assert variant.diagnose(float(exact) * 1.02, "kib").id == "right-magnitude"


def test_another_convention_is_named_where_the_question_states_its_own():
    """The question counts everything: who leaves the activations out, as textbooks do, is told so by name."""
    data = changed(
        layer=None, layers={"linear": "Linear(inputs, outputs)", "tanh": "Tanh()"}, convention="everything",
        ask=[{"quantity": "flops"}],
    )  # fmt: skip
    variant = drawn(data)
    activations = 8 * variant.numbers["outputs"]
    found = variant.diagnose(int(variant.answer) - activations)
    assert found.id == "other-convention"
    assert "right by the convention textbook" in str(found.message)
    assert "Convention everything" in str(found.message)


def test_near_misses_get_the_order_of_magnitude_and_others_are_unknown():
    variant = drawn(FLOPS)
    for off, name in ((Fraction(1007, 1000), "nearly"), (Fraction(103, 100), "right-magnitude")):
        found = variant.diagnose(round(variant.answer * off))
        assert (found.id, found.credit) == (name, Fraction(1, 10))
    for nonsense in (0, -5, int(variant.answer) * 4500 + 77, 10**35):
        found = variant.diagnose(nonsense)
        assert (found.id, found.credit) == ("unknown", 0)
        assert str(found.message).startswith("This is not right, and fits no mistake that we know")


def test_an_unknown_number_is_told_by_how_much_it_is_off_at_least():
    variant = drawn(FLOPS)
    right = int(variant.answer)
    said = {
        right * 4500 + 77: "It is at least 100 times too large.",
        right * 23 + 77: "It is at least 10 times too large.",
        right // 13: "It is at least 10 times too small.",
        -5: "What is asked for is more than nothing.",
        0: "What is asked for is more than nothing.",
    }
    for number, words in said.items():
        assert str(variant.diagnose(number).message).endswith(words)


@pytest.mark.parametrize(
    ("times", "name", "words"),
    [
        pytest.param(Fraction(10), "wrong-power-of-ten", "10 times too large", id="ten times"),
        pytest.param(Fraction(102, 10), "wrong-power-of-ten", "10 times too large", id="rounded, ten times"),
        pytest.param(Fraction(1, 1000), "wrong-power-of-ten", "1,000 times too small", id="a thousandth"),
        pytest.param(Fraction(1, 10**6), "wrong-power-of-ten", "Look at the prefixes", id="millions"),
        pytest.param(Fraction(602, 100), "wrong-factor", "6 times too large", id="six times"),
        pytest.param(Fraction(1, 5), "wrong-factor", "5 times too small", id="a fifth"),
        pytest.param(Fraction(5, 2), "right-magnitude", "look for what is too much", id="too large"),
        pytest.param(Fraction(2, 5), "right-magnitude", "look for what is missing", id="too small"),
    ],
)
def test_a_number_that_is_off_by_a_power_of_ten_or_a_factor_is_told_so(
    times: Fraction, name: str, words: str
):
    """Only where nothing else explains it; and otherwise, on which side it is."""
    question = templates()["resnet50-macs"].posed({"numbers": {"version": "v1.5"}})
    found = question.diagnose(str(round(int(question.answers()["answer"]) * times)))
    assert found.id == name
    assert words in str(found.message)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        pytest.param("124000000", "rounded", id="rounded down, or cut off"),
        pytest.param("124.4M", "rounded", id="with a suffix"),
        pytest.param("124439000", "rounded", id="cut off where rounding goes up"),
        pytest.param("124440000", "rounded", id="rounded up"),
        pytest.param("100000000", "rounded", id="one digit, rounded"),
        pytest.param("163M", "tied-head-counted-twice", id="a belief, rounded"),
        pytest.param("85.06e6", "both-tables-left-out", id="another belief, rounded"),
        pytest.param("119000000", "right-magnitude", id="what rounds to nothing that is known"),
        pytest.param("85M", "both-tables-left-out", id="two digits that are near one belief alone"),
        pytest.param("125M", "nearly", id="near the right one"),
        pytest.param("86M", "right-magnitude", id="near several beliefs"),
        pytest.param("200000000", "right-magnitude", id="one digit says nothing of a belief"),
    ],
)
def test_a_large_number_that_is_rounded_is_told_so_or_whose_it_is(given: str, name: str):
    """What is published is rounded nearly always."""
    numbers = {"width": 768, "blocks": 12, "heads": 12, "words": 50257, "places": 1024, "tokens": 64}
    found = templates()["gpt2-parameters"].posed({"numbers": numbers}).diagnose(given)
    assert found.id == name
    assert ("more of its digits are asked for" in str(found.message)) is (name == "rounded")
    told = str(found.message).startswith(("Rounded, ", "Roughly, "))
    assert told is (name not in ("rounded", "nearly", "right-magnitude"))


def test_who_rounds_earns_no_less_than_who_is_near():
    data = changed(ask=[{"quantity": "flops", "credit": {"rounded": 0.5, "right-magnitude": 0.1}}],
                   draw={"inputs": [345], "outputs": [678]})  # fmt: skip
    right = 2 * 345 * 678 + 678
    assert drawn(data).diagnose(right // 1000 * 1000).credit == Fraction(1, 2)
    assert drawn({**data, "ask": FLOPS["ask"]}).diagnose(right // 1000 * 1000).credit == Fraction(1, 10)


def test_a_formula_that_nobody_can_read_is_left_out_of_a_sentence():
    """Of GoogLeNet's parameters, twice as many: the sum of sixty terms says nothing."""
    posed = templates()["googlenet-parameters"].draw(0)
    right = int(posed.answers()["answer"])
    assert str(posed.diagnose(str(2 * right)).message) == f"{2 * right:,}: all of it is multiplied by 2."


def test_a_term_that_occurs_often_is_written_once():
    """Of BERT's parameters, twice as many: twelve blocks are alike."""
    numbers = {"words": 30522, "places": 512, "width": 768, "inner": 3072, "blocks": 12, "tokens": 64}
    posed = templates()["bert-table-by-rows"].posed({"numbers": numbers})
    found = posed.diagnose(str(2 * int(posed.answers()["total"])), "total")
    assert str(found.message) == (
        "218,964,480 is (23,440,896 + 26·1,536 + 393,216 + 12·2,362,368 + 12·4,722,432 + 590,592)·2: "
        "all of it is multiplied by 2."
    )


def test_a_number_that_is_off_by_no_such_factor_is_not_told_so():
    question = templates()["resnet50-macs"].posed({"numbers": {"version": "v1.5"}})
    right = int(question.answers()["answer"])
    assert question.diagnose(str(59 * right)).id == "unknown"
    assert question.diagnose(str(right * 5 // 2)).id == "right-magnitude"


@pytest.mark.parametrize("name", ["relu-flops", "softmax-additions", "max-pooling-activations"])
def test_nobody_who_answers_nothing_is_said_to_have_counted_something(name: str):
    """Without parameters and dot products, 0 is no count of them."""
    found = templates()[name].draw(1).diagnose("0")
    assert "You counted" not in str(found.message)


def test_who_takes_an_activation_for_free_is_told_that_it_is_priced():
    assert templates()["relu-flops"].draw(1).diagnose("0").id == "taken-for-free"


def test_a_number_that_no_belief_gives_is_re_expressed_in_the_questions_own_letters():
    """Its key is the same for other numbers, and what is close keeps the credit of what is close."""
    one, other = (drawn(FLOPS, seed) for seed in (1, 2))
    keys = set()
    for variant in (one, other):
        inputs, outputs = (int(variant.numbers[name]) for name in ("inputs", "outputs"))
        found = variant.diagnose((2 * inputs - 1) * 1000 + outputs)
        assert found.id == "re-expressed"
        assert "1,000 stands where d_out" in str(found.message)
        keys.add(found.key)
    assert len(keys) == 1
    near = one.diagnose(int(one.answer) + 1)
    assert (near.id, near.credit) == ("re-expressed", Fraction(1, 10))


def test_a_unit_that_was_written_is_read():
    """Other units of bytes are converted; digits with another unit are told from a wrong number."""
    lenet = read_question(SHIPPED["fully_connected_and_lenet/lenet"]).draw(1)
    exact = lenet.item("kib").answer * 1024
    assert lenet.diagnose(f"{exact} bytes", "kib").id == "right"
    assert lenet.diagnose(f"{float(exact / 1000)} kB", "kib").id == "right"
    assert lenet.diagnose(f"{lenet.answers()['kib']} KiB", "kib").id == "right"
    assert lenet.diagnose(f"{lenet.answers()['kib']} MiB", "kib").id == "wrong-unit"
    assert drawn(FLOPS).diagnose(f"{drawn(FLOPS).answer} MACs").id == "wrong-unit"
    assert drawn(FLOPS).diagnose("12 MACs").id == "malformed"


# ---- functions ----------------------------------------------------------------------------------


def cases(name: str = "linear-parameters"):
    question = read_question(SHIPPED[f"fully_connected_and_lenet/{name}"])
    return [variant.item() for variant in question.draw_cases("a student", 6)]


def test_a_function_is_right_only_where_all_its_answers_are():
    items = cases()
    assert explain(items, [item.answer for item in items]).id == "right"


def test_a_misconception_must_explain_every_answer_of_a_function():
    """One answer that it does not explain, and it is not named."""
    items = cases()
    answers = list(beliefs(items)["forgot-bias"])
    assert explain(items, answers).id == "forgot-bias"
    changed_case = next(place for place, item in enumerate(items) if answers[place] != item.answer)
    answers[changed_case] += 1
    assert explain(items, answers).id == "right-on-some"


def test_a_function_that_is_right_now_and_then_earns_its_share():
    items = cases()
    answers = [items[0].answer, items[1].answer, *(Fraction(1) for _ in items[2:])]
    found = explain(items, answers)
    assert found.id == "right-on-some"
    assert found.credit == Fraction(4, 10) * Fraction(2, 6)
    assert str(found.message) == "Right for 2 of the 6 inputs that it was tried on, and not for the others."


def test_no_message_about_a_function_repeats_an_input_or_an_answer():
    """Hidden inputs stay hidden: messages hold no number but how many inputs there were."""
    items = cases("conv2d-output-size")
    for answers in [*beliefs(items).values(), tuple(Fraction(1) for _ in items)]:
        message = str(explain(items, answers).message)
        assert not set(map(str, answers)) & set(message.split()) - {"1", "6"}


def test_two_beliefs_are_found_in_a_function_even_where_each_case_shows_only_one():
    """Forgetting a bias shows where there is one, the swapped size everywhere: together they explain all."""
    items = cases("conv2d-parameters")
    one, other = MISCONCEPTIONS["forgot-bias"], MISCONCEPTIONS["kernel-not-squared"]
    from layercost.questions.explain import _answers

    answers = _answers(items, (one, other))
    assert answers is not None
    assert explain(items, answers).id == "forgot-bias+kernel-not-squared"


# ---- any layer -----------------------------------------------------------------------------------


@settings(
    max_examples=150, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(
    some.sampled_from(sorted(RECIPES)).flatmap(layer_and_shape),
    some.sampled_from(list(MEASURES.values())),
    some.sampled_from(list(CONVENTIONS.values())),
)
def test_any_number_gets_a_verdict_on_any_layer(made, measure, convention):
    """No two beliefs stumble over each other, and no derivation is asked for that there is not."""
    layer, shape = made
    several = bool(shape) and isinstance(shape[0], tuple)
    arriving = tuple(map(shape_of, shape)) if several else shape_of(shape)
    item = Item("it", Task(layer, measure, arriving, convention))
    assume(_is_asked(item))
    for number in (123457, 7, 0):
        explain([item], [Fraction(number)])


def _is_asked(item: Item) -> bool:
    """Whether there is an answer: not every layer has a receptive field, or an output with channels."""
    try:
        return item.answer >= 0
    except (ValueError, TypeError, IndexError):
        return False
