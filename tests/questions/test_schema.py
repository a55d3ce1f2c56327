"""A badly written question is refused when it is read, with words that help its author."""

from __future__ import annotations

from typing import Any

import pytest

import layercost as lc
from layercost.expression import TEXT, equation
from layercost.layer import LayerError
from layercost.questions import QuestionError, read_question
from layercost.questions.template import check_network, filled_network

from .data import LINEAR, SHIPPED, changed

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "a slip in a key that is needed": (
        {**{key: value for key, value in changed().items() if key != "skills"}, "skils": ["parameters"]},
        "'skills' is missing; did you mean it by 'skils'",
    ),
    "no wording": (changed(wording=None), "question 'linear-parameters': 'wording' is missing"),
    "no English": (
        changed(wording={"zh": "?"}),
        "wording is a table of texts by language, with `en` among them",
    ),
    "an unknown key": (changed(levle=1), "no key is called 'levle'; did you mean 'level'"),
    "layer and layers": (changed(layers={"fc": "ReLU()"}), "give one of `layer`, `layers` by name"),
    "a name in the wording": (changed(wording={"en": "{inptus}"}), "no drawn name is called 'inptus'"),
    "a name in the layer": (changed(layer="Linear(inputs, d)"), "no drawn name is called 'd'"),
    "a name in the input": (
        changed(input=["d_in"]),
        "no drawn name is called 'd_in'.* It is used in `input`",
    ),
    "what arrives, elsewhere": (
        changed(layer="Linear(inputs, _)"),
        "_ stands for what arrives, so only as the first argument",
    ),
    "a range that is empty": (
        changed(draw={"inputs": {"from": 5, "to": 2}, "outputs": [1]}),
        "'inputs' goes from 5 to 2",
    ),
    "a range that is no range": (
        changed(draw={"inputs": 5, "outputs": [1]}),
        "'inputs' is drawn from a list of values or from {from = 16, to = 512}, but got 5",
    ),
    "a step of zero": (
        changed(draw={"inputs": {"from": 1, "to": 9, "step": 0}, "outputs": [1]}),
        "inputs.step must be a whole number of at least 1, but got 0",
    ),
    "a misconception that nobody has": (
        changed(credit={"forgot-baise": 0.5}),
        "no misconception is called 'forgot-baise'; did you mean 'forgot-bias'",
    ),
    "full credit for a mistake": (
        changed(credit={"forgot-bias": 1}),
        "credit is a share from 0 to less than 1, but 'forgot-bias' has 1",
    ),
    "an exclusion that nobody has": (changed(without=["bias"]), "no misconception is called 'bias'"),
    "a quantity that nobody has": (changed(ask=[{"quantity": "flop"}]), "no quantity is called 'flop'"),
    "a unit that nobody has": (
        changed(ask=[{"quantity": "parameter_bytes", "unit": "Kib"}]),
        "no unit is called 'Kib'; did you mean 'KiB'",
    ),
    "a size in bytes": (
        changed(ask=[{"quantity": "output_size", "unit": "KiB"}]),
        "'output_size' is a plain number without a unit, but got 'KiB'",
    ),
    "nothing asked": (changed(ask=[]), "there must be at least one"),
    "two things of one name": (
        changed(ask=[{"quantity": "flops"}, {"quantity": "macs"}]),
        "each .*question.ask.* needs an id of its own",
    ),
    "a convention that nobody has": (changed(convention="text"), "no convention is called 'text'"),
}


@pytest.mark.parametrize(("data", "message"), BAD.values(), ids=BAD)
def test_a_badly_written_question_says_what_was_expected(data: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        read_question(data)


def test_what_cannot_be_read_as_a_layer_is_refused():
    with pytest.raises(LayerError, match="expected a layer such as Linear"):
        read_question(changed(layer="Linear(inputs,"))


@pytest.mark.parametrize("text", ["__import__('os').system('true')", "open('x')", "[Linear(1, 1)][0]"])
def test_a_layers_text_is_never_run(text: str):
    """Only registered layers and literal values are read."""
    with pytest.raises((LayerError, QuestionError)):
        read_question(changed(layer=text)).draw(0)


def test_numbers_that_make_no_layer_are_told_with_the_question_and_the_numbers():
    question = read_question(changed(layer="Conv2d(3, 6, kernel_size=outputs)", input=[3, 4, 4]))
    with pytest.raises(QuestionError, match=r"'linear-parameters' with .*'outputs': 9.*kernel"):
        question.variant({"inputs": 1, "outputs": 9}).item()


def test_numbers_that_make_no_layer_are_drawn_again():
    """A kernel of 9 is larger than the image; one of 3 over 3 channels hides which factor was forgotten."""
    data = changed(layer="Conv2d(3, 5, kernel_size=outputs)", input=[3, 4, 4], draw={"outputs": [2, 3, 9]})
    question = read_question(data | {"credit": {}})
    assert {question.draw(seed).numbers["outputs"] for seed in range(30)} == {2}


def test_what_arrives_is_filled_in_layer_by_layer():
    numbers = {
        "channels": 2, "size": 44, "maps1": 10, "maps2": 24, "hidden1": 130, "hidden2": 69, "classes": 20,
    }  # fmt: skip
    variant = read_question(SHIPPED["fully_connected_and_lenet/lenet"]).variant(numbers)
    layers = dict(variant.layer.leaves())
    assert repr(layers["conv1"]) == "Conv2d(2, 10, kernel_size=5)"
    assert repr(layers["conv2"]) == "Conv2d(10, 24, kernel_size=5)"
    assert repr(layers["fc1"]) == f"Linear({24 * 8 * 8}, 130)"  # 44, 40, 20, 16, 8: 24 maps of 8 by 8


# ---- wording ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHIPPED)
def test_wording_states_its_numbers_and_its_convention(name: str):
    """No count without its convention, no question without its numbers."""
    variant = read_question(SHIPPED[name]).draw(5)
    for ask, item in variant.items.items():
        said = variant.wording(ask)
        assert item.stated.convention
        assert said.endswith(str(item.stated.convention)) or (
            item.decimals is not None and said.endswith("Give it in KiB (1,024 bytes), to 3 decimals.")
        )
        assert "{" not in said
        assert str(variant.layer) in said or str(variant.numbers.get("maps1")) in said


def test_flops_are_asked_by_a_named_convention():
    said = read_question(SHIPPED["fully_connected_and_lenet/linear-flops"]).draw(0).wording()
    assert "Convention textbook: dot products with their bias: 2n" in said


def test_an_output_size_states_whose_rule_it_follows():
    said = read_question(SHIPPED["fully_connected_and_lenet/conv2d-output-size"]).draw(0).wording()
    assert "Sizes follow PyTorch" in said


def test_a_question_is_all_in_one_language():
    """Its own text is there in Chinese, what is said beside it is not: then all of it is English."""
    variant = read_question(LINEAR).draw(0)
    assert variant.wording(language="zh") == variant.wording() == variant.wording(language="fr")


def test_a_question_speaks_a_language_that_has_all_of_it(monkeypatch: pytest.MonkeyPatch):
    variant = read_question(LINEAR).draw(0)
    counted = variant.item().stated.convention
    chinese = {counted.key: "计数：{counts}。", counted.values["counts"].key: "训练所改变的值"}
    monkeypatch.setattr("layercost.questions.kinds.compute.catalogue", {"zh": chinese}.__getitem__)
    assert variant.wording(language="zh") == f"{variant.layer} 有多少个参数？ 计数：训练所改变的值。"


def test_asking_for_what_is_not_asked_names_what_is():
    variant = read_question(SHIPPED["fully_connected_and_lenet/lenet"]).draw(0)
    with pytest.raises(QuestionError, match="no thing asked is called 'fc9'; did you mean"):
        variant.item("fc9")


STACK: dict[str, Any] = {
    **{key: value for key, value in changed().items() if key != "layer"},
    "layers": {"block": "Attention(8, 4, heads, bias=False, causal=True)"},
    "repeat": {"block": "blocks"},
    "input": [5, 8],
    "cached": 9,
    "draw": {"heads": [2], "blocks": [3]},
    "ask": [{"quantity": "kv_cache_bytes", "dtype": "bfloat16"}],
    "wording": {"en": "{blocks} layers"},
}


def test_layers_that_are_alike_are_written_once_and_tokens_may_have_been_read_before():
    """Three layers keep 2 · 2 · 2 values of 14 tokens each, in two bytes."""
    variant = read_question(STACK).variant({"heads": 2, "blocks": 3})
    assert variant.answer == 3 * 2 * 2 * 2 * 14 * 2
    line = variant.solution()[-1]
    assert equation(line.formula, TEXT) == "2·n·(T_c + T)·g·k·b = 2·3·(9 + 5)·2·2·2 = 672"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({**STACK, "repeat": {"blocks_": 3}}, "no layer is called 'blocks_'"),
        ({**STACK, "repeat": 3}, "`repeat` is a table of numbers by the names of `layers`, but got 3"),
        ({**STACK, "repeat": {"block": "many"}}, "no drawn name is called 'many'.* It is used in `repeat`"),
        ({**STACK, "cached": "read"}, "no drawn name is called 'read'.* It is used in `cached`"),
    ],
)
def test_a_badly_written_stack_is_refused_with_words_that_help(data: dict[str, Any], said: str):
    with pytest.raises(QuestionError, match=said):
        read_question(data)


def test_each_of_the_layers_that_are_set_up_again_holds_weights_of_its_own():
    """Also where the layer is made of several."""
    layers = {"block": "Sequential(Linear(8, heads), Linear(heads, 8, bias=False))"}
    stack = {**STACK, "layers": layers, "input": [8], "ask": [{"quantity": "parameters"}]}
    del stack["cached"]
    assert read_question(stack).variant({"heads": 2, "blocks": 3}).answer == 3 * (9 * 2 + 2 * 8)


def test_a_question_may_name_a_family_of_models_with_the_fields_of_a_configuration():
    model = filled_network(
        "gpt2(vocab_size=11, n_positions=5, n_embd=width, n_layer=3, n_head=2)", {"width": 4}
    )
    assert lc.count(model, lc.PARAMETERS, (4,)).total == 11 * 4 + 5 * 4 + 3 * 244 + 8


def test_a_network_that_nobody_has_is_refused_by_its_name():
    with pytest.raises(QuestionError, match="gpt22"):
        check_network("question 'it'", "gpt22(n_embd=8)", {})
