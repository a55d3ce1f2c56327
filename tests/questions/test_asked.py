"""Questions in somebody's own words, and practice in a terminal."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

import layercost as lc
from layercost.asking import Practice, chosen, practise, skills_there_are, verdict
from layercost.command import main
from layercost.expression import Expression
from layercost.questions import QuestionError, templates
from layercost.questions.asked import asked
from layercost.questions.parting import parting
from layercost.questions.skills import SKILLS

VGG = lc.networks.vgg16()

QUESTIONS = {
    "How many parameters has Conv2d(3,64,7,stride=2,bias=False)?": 64 * 3 * 7 * 7,
    "How many weights are in Linear(300, 100)?": 30_000,
    "MACs of vgg16": lc.count(VGG, lc.MACS, (3, 224, 224)).total,
    "mult-adds of vgg16 for a batch of 8": 8 * lc.count(VGG, lc.MACS, (3, 224, 224)).total,
    "FLOPs of Linear(300, 100) on 300 values": 2 * 300 * 100,
    "FLOPs, convention everything, of ReLU() on 6x28x28?": 6 * 28 * 28,
    "How many bytes do the parameters of Linear(300, 100) take as float16?": 30_100 * 2,
    "What is the output size of MaxPool2d(3, 2) on (64, 112, 112)?": 55,
    "Output channels of Conv2d(3, 6, 5) for 3 x 32 x 32": 6,
    "receptive field of Sequential(Conv2d(1, 6, 5), MaxPool2d(2)) on 1×32×32": 6,
    "How many parameters has resnet50:v1?": lc.count(lc.networks.resnet50("v1"), lc.PARAMETERS).total,
}


@pytest.mark.parametrize(("question", "answer"), QUESTIONS.items())
def test_a_question_in_words_is_understood(question: str, answer: int):
    assert asked(question).answer == answer


@pytest.mark.parametrize(
    ("question", "error"),
    [
        ("How many parameters?", "There is no layer in the question: write one as PyTorch does"),
        ("Linear(300, 100)?", "What is to be counted?"),
        ("MACs of Conv2d(3, 64, 3)?", "The macs cannot be counted yet: it depends on the input"),
        ("Parameters of Linear(3, 4", "is never closed"),
        ("Parameters of Linear(3, 4, 5, 6)", "Linear"),
        ("MACs of Conv2d(3, 6, 5) on 1x32x32", "channels"),
    ],
)
def test_what_is_not_understood_says_what_was_expected(question: str, error: str):
    with pytest.raises(ValueError, match=error):
        print(asked(question).answer)  # a shape is checked when something is counted


def test_the_verdict_names_the_belief_and_where_the_paths_part():
    said, right = verdict("How many parameters has Conv2d(3,64,7,stride=2,bias=False)?", "9,472")
    assert not right
    assert "You counted biases where the layer has none" in said
    assert "Your number adds C_out = 64." in said
    assert "[bias-not-asked-for]" in said


def test_what_a_tool_prints_is_told_with_its_name():
    said, _ = verdict("FLOPs of Conv2d(3, 64, 7, stride=2, padding=3) on 3x224x224", "118816768")
    assert said.startswith("This is what onnx-tool prints.")


def test_a_right_answer_is_derived():
    said, right = verdict("How many parameters has Linear(300, 100)?", "30100")
    assert right
    assert "d_out·d_in + d_out = 100·300 + 100 = 30,100 parameters" in said


def test_the_command_exits_with_0_for_right_and_1_for_wrong(capsys: pytest.CaptureFixture[str]):
    question = ["ask", "--text", "How many parameters has Linear(300, 100)?", "--answer"]
    assert main([*question, "30100"]) == 0
    assert main([*question, "30000"]) == 1
    assert "[forgot-bias]" in capsys.readouterr().out
    assert main([*question, "many"]) == 2
    assert "a whole number of parameters" in capsys.readouterr().err
    assert main(["ask", "--answer", "5"]) == 2
    assert "--answer belongs to a question" in capsys.readouterr().err


def test_without_an_answer_there_is_nothing_to_judge(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """It may also be typed when it is asked for."""
    question = ["ask", "--text", "How many parameters has Linear(300, 100)?"]
    monkeypatch.setattr("sys.stdin", io.StringIO("30,100\n"))
    assert main(question) == 0
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    capsys.readouterr()
    assert main(question) == 2
    assert "give it as --answer" in capsys.readouterr().err


def test_skills_are_listed_with_their_questions(capsys: pytest.CaptureFixture[str]):
    assert main(["ask"]) == 0
    assert capsys.readouterr().out.startswith(skills_there_are())
    assert all(name in skills_there_are() for name in SKILLS)


@pytest.mark.parametrize(
    ("skills", "level", "error"),
    [
        (["convolutions"], None, "did you mean 'convolution'"),
        (["lenet", "recurrent"], 2, "no question trains"),
    ],
)
def test_practice_of_what_there_is_not_is_refused(skills: list[str], level: int | None, error: str):
    with pytest.raises(QuestionError, match=error):
        chosen(skills, level)


# ---- a round -------------------------------------------------------------------------------------


def round_of(*typed: str) -> tuple[list[str], str]:
    """What is said in a round of one question about a fully connected layer, and the summary."""
    said: list[str] = []
    answers: Iterator[str] = iter(typed)

    def ask(_prompt: str) -> str:
        for answer in answers:
            return answer
        raise EOFError

    among = [templates()["linear-parameters"]]
    return said, Practice(among, "seed", ask, said.append).run(1)


POSED = templates()["linear-parameters"].draw("seed/1")


def test_a_right_answer_ends_a_question():
    said, summary = round_of(POSED.answers()["answer"])
    assert POSED.told() in said
    assert "Right." in said
    assert summary.startswith("1 of 1 answered right, 1 of them at the first attempt.")
    assert "--seed seed" in summary


def test_a_size_is_worked_out_once_in_a_solution():
    said: list[str] = []
    answers = iter(["solution"])
    among = [templates()["convolution-output-memory"]]
    Practice(among, "seed", lambda _prompt: next(answers), said.append).run(1)
    begin = [line.split("=")[0].strip() for line in said if line.startswith(("where", "    where"))]
    assert begin == ["where H_out", "where W_out"]


def test_a_wrong_one_says_why_and_may_be_mended():
    wrong = next(one for one in POSED.wrong() if one.diagnosis.id == "forgot-bias")
    said, summary = round_of("many", wrong.answer, POSED.answers()["answer"])
    assert str(wrong.diagnosis.message) in said
    assert summary.startswith("1 of 1 answered right, 0 of them at the first attempt.")


def test_hints_and_solutions_come_on_request():
    said, summary = round_of("hint", "solution")
    assert str(POSED.hint()) in said
    assert any(line.endswith("parameters") and "d_out·d_in + d_out" in line for line in said)
    assert summary.startswith("0 of 1 answered right")


def test_a_round_may_be_left():
    _said, summary = round_of("quit")
    assert summary.startswith("0 of 1 answered right")


def test_the_same_seed_poses_the_same_questions():
    rounds = []
    for _ in range(2):
        said: list[str] = []
        practise(["parameters"], None, 3, "again", lambda _prompt: "skip", said.append)
        rounds.append(said)
    assert rounds[0] == rounds[1]


# ---- where derivations part ----------------------------------------------------------------------


def formula(layer: lc.Layer, shape: tuple[int, ...], quantity: lc.Quantity = lc.PARAMETERS) -> Expression:
    return lc.count(layer, quantity, shape).expression


def test_derivations_part_at_a_term():
    right, wrong = (formula(lc.Linear(300, 100, bias=bias), (300,)) for bias in (True, False))
    assert str(parting(right, wrong)) == "Your number leaves out d_out = 100."
    assert str(parting(wrong, right)) == "Your number adds d_out = 100."


def test_derivations_part_at_the_size_of_the_output():
    layers = (lc.Conv2d(3, 6, 5, padding=padding) for padding in (2, 0))
    right, wrong = (formula(layer, (3, 32, 32), lc.MACS) for layer in layers)
    said = str(parting(right, wrong))
    assert said.startswith("In place of H_out = ")
    assert "32 + 2·2 - 5" in said
    assert "32 + 2·0 - 5" in said


def test_of_derivations_that_differ_all_over_nothing_is_said():
    net, other = lc.networks.vgg16(), lc.networks.resnet18()
    assert parting(formula(net, (3, 224, 224)), formula(other, (3, 224, 224))) == ""
