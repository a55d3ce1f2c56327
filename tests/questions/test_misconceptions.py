"""Each misconception gives the answer that it should, and is recognised by it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import layercost as lc
from layercost.expression import TEXT, render
from layercost.layers.parted import Parted
from layercost.misconception import MISCONCEPTIONS, UNITS, Size, Task, declare
from layercost.questions import Diagnosis, diagnoses, explain
from layercost.questions.item import Item
from layercost.questions.task import believed, derivation, number
from layercost.shape import shape_of
from tests.layercost.drawing import RECIPES, layer_and_shape

from .hand_worked import HAND_WORKED

LINEAR = lc.Linear(300, 100)
BARE = lc.Linear(300, 100, bias=False)
CONV = lc.Conv2d(3, 6, kernel_size=5, stride=2, padding=2)  # (3, 31, 33) to (6, 16, 17)
WIDE = lc.Conv2d(3, 6, kernel_size=5, stride=3, padding=1)  # (3, 32, 32): floor(29 / 3) + 1 = 10
TIGHT = lc.Conv2d(3, 6, kernel_size=33, padding=1)
GROUPED = lc.Conv2d(4, 6, kernel_size=3, groups=2)  # (4, 8, 8) to (6, 6, 6)
DILATED = lc.Conv2d(3, 6, kernel_size=3, dilation=2)  # spans 5 cells: (3, 32, 32) to (6, 28, 28)
THREE, PADDED, MEAN = lc.MaxPool2d(3, 2), lc.MaxPool2d(3, 2, padding=1), lc.AvgPool2d(3, 2)
LENET = lc.networks.lenet5()


def linear(quantity: lc.Quantity, layer: lc.Layer = LINEAR) -> Task:
    return Task(layer, quantity, shape_of((300,)))


def conv(quantity: str, part: lc.Layer = WIDE) -> Task:
    return Task(part, lc.questions.task.measure_named(quantity), shape_of((3, 32, 32)))


def grouped(quantity: lc.Quantity) -> Task:
    return Task(GROUPED, quantity, shape_of((4, 8, 8)))


def lenet(part: str, quantity: lc.Quantity = lc.PARAMETERS) -> Task:
    return Task(LENET, quantity, shape_of((1, 32, 32)), part=part)


def pool(quantity: lc.Quantity, layer: lc.Layer, convention: str = "everything") -> Task:
    return Task(layer, quantity, shape_of((6, 9, 9)), lc.CONVENTIONS[convention])


def norm(quantity: lc.Quantity) -> Task:
    return Task(lc.BatchNorm2d(6), quantity, shape_of((6, 9, 9)), lc.CONVENTIONS["everything"])


def memory(unit: str = "KiB") -> Task:
    return Task(LENET, lc.PARAMETER_BYTES, shape_of((1, 32, 32)), unit=UNITS[unit])


def lstm(quantity: lc.Quantity, bias_vectors: int = 2) -> Task:
    """Two steps of 3 values each, 5 units."""
    return Task(lc.LSTM(3, 5, bias_vectors=bias_vectors), quantity, shape_of((2, 3)))


def recurrent(layer: lc.Layer) -> Task:
    """The parameters, on two steps of 3 values each."""
    return Task(layer, lc.PARAMETERS, shape_of((2, 3)))


def priced(layer: lc.Layer) -> Task:
    """An activation of 5 rows of 12 values, with everything counted."""
    return Task(layer, lc.FLOPS, shape_of((5, 12)), convention=lc.CONVENTIONS["everything"])


def reach() -> Task:
    """Windows of 5, 2 and 7 cells (3 with gaps of 3), strides 2, 2 and 1: 1 + 4 + 1·2 + 6·4 = 31."""
    layers = lc.Conv2d(1, 1, 5, stride=2), lc.MaxPool2d(2), lc.Conv2d(1, 1, 3, dilation=3)
    return Task(lc.Sequential(*layers), Size.RECEPTIVE_FIELD, shape_of((1, 64, 64)))


@dataclass(frozen=True)
class Case:
    """A misconception, a task, and what it gives there, worked out by hand."""

    id: str
    task: Task
    answer: int | Fraction

    def __str__(self) -> str:
        part = f".{self.task.part}" if self.task.part else ""
        return f"{self.id}: {self.task.measure.value} of {type(self.task.layer).__name__}{part}"


CASES = [
    Case("biases-among-weights", linear(lc.WEIGHTS), 300 * 100 + 100),
    Case("one-bias", linear(lc.BIASES), 1),
    Case("bias-not-asked-for", linear(lc.BIASES, BARE), 100),
    Case("forgot-bias", linear(lc.PARAMETERS), 300 * 100),
    Case("forgot-bias", linear(lc.FLOPS), (2 * 300 - 1) * 100),
    Case("forgot-bias", lenet("conv2"), 16 * 6 * 25),
    Case("forgot-bias", lenet(""), 61470),
    Case("bias-not-asked-for", linear(lc.PARAMETERS, BARE), 300 * 100 + 100),
    Case("bias-not-asked-for", linear(lc.FLOPS, BARE), 2 * 300 * 100),
    Case("one-bias", linear(lc.PARAMETERS), 300 * 100 + 1),
    Case("one-bias", lenet("conv1"), 6 * 25 + 1),
    Case("bias-per-input", linear(lc.PARAMETERS), 300 * 100 + 300),
    Case("sizes-added", linear(lc.PARAMETERS), 300 + 100 + 100),
    Case("sizes-added", linear(lc.MACS), 300 + 100),
    Case("one-output", linear(lc.PARAMETERS), 300 + 1),
    Case("one-output", linear(lc.FLOPS), 2 * 300),
    Case("macs-for-flops", linear(lc.FLOPS), 300 * 100),
    Case("macs-for-flops", lenet("", lc.FLOPS), 416520),
    Case("flops-for-macs", linear(lc.MACS), 2 * 300 * 100),
    Case("one-addition-too-many", linear(lc.FLOPS), (300 + 300 + 1) * 100),
    Case("forgot-batch", Task(LINEAR, lc.MACS, shape_of((300,)), batch=32), 300 * 100),
    Case("counted-parameters", linear(lc.MACS), 300 * 100 + 100),
    Case("kernel-not-squared", conv("parameters"), 6 * (3 * 5 + 1)),
    Case("kernel-not-squared", conv("macs"), 6 * 3 * 5 * 10 * 10),
    Case("forgot-input-channels", conv("parameters"), 6 * (5 * 5 + 1)),
    Case("one-filter", conv("parameters"), 3 * 5 * 5 + 1),
    Case("one-filter", conv("macs"), 3 * 5 * 5 * 10 * 10),
    Case("bias-per-input-channel", conv("parameters"), 6 * 3 * 5 * 5 + 3),
    Case("one-position", conv("macs"), 6 * 3 * 5 * 5),
    Case("forgot-groups", grouped(lc.PARAMETERS), 6 * (4 * 3 * 3 + 1)),
    Case("forgot-groups", grouped(lc.MACS), 6 * 4 * 3 * 3 * 6 * 6),
    Case("groups-divide-kernels", grouped(lc.PARAMETERS), 3 * 2 * 3 * 3 + 6),
    Case("groups-divide-kernels", grouped(lc.MACS), 3 * 2 * 3 * 3 * 6 * 6),
    Case("gaps-of-dilation", conv("parameters", DILATED), 6 * (3 * 5 * 5 + 1)),
    Case("gaps-of-dilation", conv("macs", DILATED), 6 * 3 * 5 * 5 * 28 * 28),
    Case("input-size", conv("output_size"), 32),
    Case("input-size", conv("macs"), 6 * 3 * 5 * 5 * 32 * 32),
    Case("input-size", lenet("fc1"), (16 * 16 * 16 // 4 + 1) * 120),  # 32, 16, 16, 8
    Case("rounded-up", conv("output_size"), 11),
    Case("rounded-up", conv("macs"), 6 * 3 * 5 * 5 * 11 * 11),
    Case("forgot-padding", conv("output_size", CONV), (32 - 5) // 2 + 1),
    Case("padding-once", conv("output_size", CONV), (32 + 2 - 5) // 2 + 1),
    Case("forgot-stride", conv("output_size"), 32 + 2 - 5 + 1),
    Case("forgot-first-position", conv("output_size"), (32 + 2 - 5) // 3),
    Case("forgot-first-position", lenet("fc1"), (16 * 4 * 4 + 1) * 120),  # 27, 13, 8, 4
    Case("pooling-keeps-size", lenet("fc1"), (16 * 24 * 24 + 1) * 120),  # 28, 28, 24, 24
    Case("first-cell-compared", pool(lc.COMPARISONS, THREE), 3 * 3 * 6 * 4 * 4),  # (9 - 3) // 2 + 1 = 4
    Case("first-cell-compared", pool(lc.ADDITIONS, MEAN), 3 * 3 * 6 * 4 * 4),
    Case("pooled-one-channel", pool(lc.COMPARISONS, THREE), (3 * 3 - 1) * 4 * 4),
    Case("pooled-one-channel", pool(lc.FLOPS, MEAN), (3 * 3 - 1 + 1) * 4 * 4),
    Case("window-not-squared", pool(lc.COMPARISONS, THREE), (3 - 1) * 6 * 4 * 4),
    Case("pooling-forgot-stride", pool(lc.COMPARISONS, THREE), (3 * 3 - 1) * 6 * 7 * 7),
    Case("padding-compared", pool(lc.COMPARISONS, PADDED), (3 * 3 - 1) * 6 * 5 * 5),  # (9 + 2 - 3) // 2 + 1
    Case("forgot-division", pool(lc.FLOPS, MEAN), (3 * 3 - 1) * 6 * 4 * 4),
    Case("statistics-trained", norm(lc.PARAMETERS), 4 * 6),
    Case("one-statistic", norm(lc.BUFFERS), 6),
    Case("one-statistic", norm(lc.STORED_VALUES), 3 * 6),
    Case("scaled-and-shifted-only", norm(lc.FLOPS), 2 * 6 * 9 * 9),
    Case("normalized-one-channel", norm(lc.FLOPS), 4 * 9 * 9),
    Case("flattened-one-map", lenet("fc1"), (5 * 5 + 1) * 120),
    Case("flattened-one-side", lenet("fc1"), (16 * 5 + 1) * 120),
    Case("one-gate", lstm(lc.PARAMETERS), 3 * 5 + 5 * 5 + 2 * 5),
    Case("one-gate", lstm(lc.MACS), 2 * 5 * (3 + 5)),
    Case("taken-for-free", priced(lc.Tanh()), 0),
    Case("one-for-each-value", priced(lc.Tanh()), 60),
    Case("one-for-each-value", priced(lc.SiLU()), 60),
    Case("sigmoid-without-sign", priced(lc.Sigmoid()), 3 * 60),
    Case("tanh-as-written", priced(lc.Tanh()), 9 * 60),
    Case("exponentials-alone", priced(lc.Softmax()), 60),
    Case("softmax-without-sum", priced(lc.Softmax()), 2 * 60),
    Case("forgot-candidate", lstm(lc.PARAMETERS), 3 * ((3 + 5) * 5 + 2 * 5)),
    Case("forgot-candidate", lstm(lc.MACS), 2 * 3 * 5 * (3 + 5)),
    Case("fourth-gate", recurrent(lc.GRU(3, 5)), 4 * ((3 + 5) * 5 + 2 * 5)),
    Case("one-direction", recurrent(lc.LSTM(3, 5, bidirectional=True)), 4 * ((3 + 5) * 5 + 2 * 5)),
    Case("one-layer", recurrent(lc.GRU(3, 5, num_layers=2)), 3 * ((3 + 5) * 5 + 2 * 5)),
    Case("forgot-state", lstm(lc.PARAMETERS), 4 * (3 * 5 + 2 * 5)),
    Case("forgot-state", lstm(lc.MACS), 2 * 4 * 5 * 3),
    Case("one-bias-vector", lstm(lc.PARAMETERS), 4 * (3 * 5 + 5 * 5 + 5)),
    Case("two-bias-vectors", lstm(lc.PARAMETERS, 1), 4 * (3 * 5 + 5 * 5 + 2 * 5)),
    Case("one-step", lstm(lc.MACS), 4 * 5 * (3 + 5)),
    Case("strides-do-not-reach", reach(), 1 + 4 + 1 + 6),
    Case("dilation-does-not-reach", reach(), 1 + 4 + 1 * 2 + 2 * 4),
    Case("pooling-does-not-reach", reach(), 1 + 4 + 6 * 4),
    Case("strides-of-pooling-do-not-reach", reach(), 1 + 4 + 1 * 2 + 6 * 2),
    Case("one-byte-a-value", memory(), Fraction(61706, 1024)),
    Case("eight-bytes-a-value", memory(), Fraction(61706 * 8, 1024)),
    Case("thousand-for-1024", memory(), Fraction(61706 * 4, 1000)),
    Case("bytes-for-kib", memory(), 61706 * 4),
]


CASES += [Case(*row) for row in HAND_WORKED]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_misconception_gives_the_answer_worked_out_by_hand(case: Case):
    seen = believed(case.task, MISCONCEPTIONS[case.id])
    assert seen is not None
    assert number(seen) == case.answer


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_misconception_is_recognised_by_its_answer(case: Case):
    """Who answers so is told the misconception's name and its sentence, and gets its credit.

    Two beliefs that agree on this layer are told apart by vetting, not here.
    """
    wrong = Fraction(case.answer)
    first = next(
        one for one in MISCONCEPTIONS.values()
        if (seen := believed(case.task, one)) is not None and number(seen) == wrong
    )  # fmt: skip
    item = Item("it", case.task, credit={first.id: Fraction(1, 2)})
    assert explain([item], [wrong]) == Diagnosis(first.id, first.message, Fraction(1, 2))


def test_a_receptive_field_is_the_sum_that_one_writes_down():
    task = reach()
    assert number(task) == 31
    assert derivation(task).value == 31
    assert render(derivation(task), TEXT, numbers=True) == "1 + (5 - 1) + (2 - 1)·2 + (7 - 1)·2·2"


def test_every_misconception_has_a_case():
    assert {case.id for case in CASES} == set(MISCONCEPTIONS)


@pytest.mark.parametrize("misconception", MISCONCEPTIONS.values(), ids=lambda one: one.id)
def test_a_sentence_is_one_kind_sentence(misconception):
    """It speaks to the student, blames nobody, and says what is so instead."""
    assert str(misconception.message)[0].isupper()
    assert str(misconception.message).endswith(".")
    assert str(misconception.message).count(". ") == 0
    assert ":" in str(misconception.message)
    assert not {"wrong", "mistake", "careless", "!"} & set(str(misconception.message).lower().split())
    assert len(str(misconception.message)) < 160


def test_an_id_names_one_belief_for_good():
    with pytest.raises(ValueError, match="two misconceptions are called 'forgot-bias'"):
        declare("forgot-bias", "", lambda task: None, ())


@pytest.mark.parametrize(
    ("name", "task"),
    [
        pytest.param("forgot-bias", linear(lc.PARAMETERS, BARE), id="no bias to forget"),
        pytest.param("bias-not-asked-for", linear(lc.PARAMETERS), id="a bias that is asked for"),
        pytest.param("rounded-up", lenet("conv1", lc.FLOPS), id="a stride of 1 never rounds"),
        pytest.param("forgot-padding", lenet("conv1", lc.FLOPS), id="no padding to forget"),
        pytest.param("kernel-not-squared", lenet("fc1"), id="a kernel is no matter of a linear layer"),
        pytest.param("padding-compared", pool(lc.COMPARISONS, THREE), id="no padding to compare"),
        pytest.param("forgot-division", pool(lc.FLOPS, THREE), id="a maximum divides nothing"),
        pytest.param("pooling-keeps-size", lenet("fc2"), id="fc2 does not see the maps"),
        pytest.param("input-size", conv("parameters"), id="parameters do not know the size"),
        pytest.param("macs-for-flops", linear(lc.PARAMETERS), id="parameters have no price"),
        pytest.param("forgot-padding", conv("output_size", TIGHT), id="without padding nothing would fit"),
    ],
)  # fmt: skip
def test_a_belief_that_has_no_part_in_the_answer_is_not_held_against_it(name: str, task: Task):
    assert believed(task, MISCONCEPTIONS[name]) is None


def test_a_belief_that_gives_the_right_number_by_luck_is_seen():
    """With one input channel, to forget the channels changes no number, but it is a belief all the same."""
    task = Task(lc.Conv2d(1, 6, kernel_size=5), lc.PARAMETERS, shape_of((1, 32, 32)))
    seen = believed(task, MISCONCEPTIONS["forgot-input-channels"])
    assert seen is not None
    assert number(seen) == number(task)


def test_a_wrong_answer_has_a_derivation_too():
    """The believer's formula renders like the right one, so that the two can be shown side by side."""
    seen = believed(conv("parameters"), MISCONCEPTIONS["kernel-not-squared"])
    assert seen is not None
    assert str(lc.count(seen.layer, lc.PARAMETERS).text()) == "C_out·C_in·k + C_out = 6·3·5 + 6 = 96"
    assert derivation(seen).value == 96


PAIRS = [
    pytest.param("forgot-bias", "kernel-not-squared", conv("parameters"), 6 * 3 * 5, id="bias and kernel"),
    pytest.param("macs-for-flops", "rounded-up", conv("flops"), 6 * 75 * 11 * 11, id="MACs and rounding"),
    pytest.param("rounded-up", "forgot-padding", conv("output_size"), 9 + 1, id="rounding and padding"),
    pytest.param("padding-once", "forgot-first-position", conv("output_size", CONV), 29 // 2, id="two sizes"),
    pytest.param("forgot-bias", "thousand-for-1024", memory(), Fraction(61470 * 4, 1000), id="bias and KiB"),
    pytest.param("forgot-bias", "flattened-one-side", lenet("fc1"), 16 * 5 * 120, id="bias and flatten"),
]


@pytest.mark.parametrize(("first", "second", "task", "answer"), PAIRS)
def test_two_misconceptions_together_compose(first: str, second: str, task: Task, answer: int | Fraction):
    seen = believed(task, MISCONCEPTIONS[first])
    assert seen is not None
    both = believed(seen, MISCONCEPTIONS[second])
    assert both is not None
    assert number(both) == answer


def test_a_pair_is_named_with_both_sentences_and_the_product_of_their_credits():
    half, third = Fraction(1, 2), Fraction(1, 3)
    item = Item("it", conv("parameters"), credit={"forgot-bias": half, "kernel-not-squared": third})
    found = explain([item], [Fraction(6 * 3 * 5)])
    assert found.id == "forgot-bias+kernel-not-squared"
    assert str(MISCONCEPTIONS["forgot-bias"].message) in str(found.message)
    assert str(MISCONCEPTIONS["kernel-not-squared"].message) in str(found.message)
    assert found.credit == half * third


OF_PARTS = {str(task.layer): task for _, task, _ in HAND_WORKED if isinstance(task.layer, Parted)}


@pytest.mark.parametrize("task", OF_PARTS.values(), ids=OF_PARTS)
def test_any_two_beliefs_about_a_layer_of_parts_are_held_together(task: Task):
    """Whoever leaves out a part that another belief changes still has an answer."""
    held = [one for one in MISCONCEPTIONS.values() if isinstance(task.layer, one.of)]
    for measure in (lc.PARAMETERS, lc.MACS, lc.FLOPS, lc.KV_CACHE, lc.ACTIVATIONS):
        asked = replace(task, measure=measure, cached=3)
        for first, second in permutations(held, 2):
            number(believed(believed(asked, first) or asked, second) or asked)


@pytest.mark.parametrize(
    ("layer", "quantity", "shape"),
    [
        (LINEAR, lc.PARAMETERS, None),
        (LINEAR, lc.FLOPS, (300,)),
        (BARE, lc.FLOPS, (300,)),
        (CONV, lc.FLOPS, (3, 31, 33)),
        (CONV, "output_size", (3, 32, 32)),
        (LENET, lc.PARAMETERS, (1, 32, 32)),
    ],
)
def test_wrong_answers_of_a_layer_are_distinct_and_never_right(layer, quantity, shape):
    found = diagnoses(layer, quantity, shape)
    answers = [wrong.answer for wrong in found]
    right = number(Task(layer, lc.questions.task.measure_named(quantity), shape and shape_of(shape)))
    assert len(found) > 2
    assert len(set(answers)) == len(answers)
    assert right not in answers
    assert all(
        type(wrong.answer) is int and MISCONCEPTIONS[wrong.id].message == wrong.message for wrong in found
    )


def test_a_quantity_that_nobody_has_gets_the_nearest_name():
    with pytest.raises(ValueError, match="no quantity is called 'output size'; did you mean 'output_size'"):
        diagnoses(LINEAR, "output size", (300,))


def test_pairs_of_beliefs_never_break_an_explanation():
    """Whatever two beliefs are held of LeNet-5, the explanation is a diagnosis and no error."""
    for first, second in combinations(MISCONCEPTIONS.values(), 2):
        task = lenet("")
        for held in (first, second):
            task = believed(task, held) or task
        assert str(explain([Item("it", lenet(""))], [number(task)]).message)


@pytest.mark.parametrize("name", RECIPES)
@given(data=some.data())
@settings(max_examples=15)
def test_every_layer_has_wrong_answers_without_an_error(name: str, data: some.DataObject):
    """Whatever the layer and its settings: distinct wrong answers, never the right one, and no exception."""
    layer, shape = data.draw(layer_and_shape(name))
    for quantity in (lc.PARAMETERS, lc.FLOPS, lc.MACS):
        answers = [wrong.answer for wrong in diagnoses(layer, quantity, shape)]
        assert len(set(answers)) == len(answers)
        assert lc.count(layer, quantity, shape).total not in answers
