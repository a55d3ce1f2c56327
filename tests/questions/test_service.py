"""What a page asks of the questions: plain data in, plain data out."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from layercost.questions import SKILLS, QuestionError, templates
from layercost.questions.service import FUNCTIONS, known, mark, pose, twin


def through_json(name: str, *arguments: Any) -> Any:
    """Call a function as a page does: arguments and result travel as JSON."""
    return json.loads(json.dumps(FUNCTIONS[name](*json.loads(json.dumps(arguments)))))


def answers(posed: dict[str, Any]) -> dict[str, str]:
    """The right answers to a question."""
    found: dict[str, str] = through_json("solve", posed["state"])["answers"]
    return found


@pytest.fixture(params=["linear-parameters"])
def posed(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A question of the bank with numbers."""
    found: dict[str, Any] = through_json("pose", request.param, "seed")
    return found


@pytest.mark.parametrize("name", list(templates()))
def test_every_question_of_the_bank_travels_as_json_and_is_marked_right(name: str) -> None:
    question = through_json("pose", name, "a page")
    marked = through_json("mark", question["state"], answers(question))
    assert marked["share"] == 1
    assert all(one["right"] for one in marked["fields"])
    assert not marked["malformed"]
    assert through_json("hint", question["state"])
    assert through_json("solve", question["state"])["lines"]


def test_the_catalogue_lists_the_bank_with_skills_that_have_words() -> None:
    listed = through_json("catalogue")
    assert [one["id"] for one in listed] == list(templates())
    words = {one["id"]: one["words"] for one in through_json("skills")}
    assert set(words) == set(SKILLS)
    assert all(words[skill] for one in listed for skill in one["skills"])


def test_a_known_mistake_is_told_by_its_sentence(posed: dict[str, Any]) -> None:
    drawn = posed["state"]["drawn"]["numbers"]
    without_bias = str(drawn["in_features"] * drawn["out_features"])
    marked = through_json("mark", posed["state"], {"answer": without_bias})
    assert marked["fields"][0]["id"] == "forgot-bias"
    assert marked["fields"][0]["message"].startswith(through_json("misconceptions")["forgot-bias"])
    assert marked["share"] == 0


def test_what_cannot_be_read_is_not_wrong(posed: dict[str, Any]) -> None:
    assert through_json("mark", posed["state"], {"answer": "three apples"})["malformed"]
    assert through_json("mark", posed["state"], {})["malformed"]


def test_a_twin_has_other_numbers(posed: dict[str, Any]) -> None:
    other = through_json("twin", posed["state"], "seed")
    assert other["id"] == posed["id"]
    assert other["told"] != posed["told"]


def test_a_factor_makes_near_numbers_right_and_says_the_exact_one(posed: dict[str, Any]) -> None:
    exact = int(answers(posed)["answer"])
    near, far = {"answer": str(int(exact * 1.2))}, {"answer": str(int(exact * 1.3))}
    assert mark(posed["state"], near)["share"] == 0
    marked = mark(posed["state"], near, 1.25)
    assert marked["share"] == 1
    assert f"{exact:,}" in marked["fields"][0]["message"]
    assert mark(posed["state"], far, 1.25)["share"] == 0
    assert mark(posed["state"], {"answer": str(int(exact / 1.2))}, 1.25)["share"] == 1
    assert mark(posed["state"], {"answer": str(-exact)}, 1.25)["share"] == 0


def test_an_unknown_question_is_refused_by_name() -> None:
    with pytest.raises(QuestionError, match="linear-parameter"):
        pose("linear-paramters", "1")


def test_the_twin_of_an_unknown_question_is_refused() -> None:
    with pytest.raises(QuestionError, match="question"):
        twin({"id": "nothing", "drawn": {}}, "1")


def test_a_page_knows_of_a_question_what_it_can_judge_without_python() -> None:
    question = json.loads(json.dumps(known("linear-parameters", "seed")))
    marked = mark(question["state"], {"answer": question["known"]["wrong"][0]["answer"]})
    expected = {name: question["known"]["wrong"][0][name] for name in marked["fields"][0]}
    assert marked["fields"] == [expected]
    assert question["known"]["answers"] == answers(question)


# ---- repetition --------------------------------------------------------------------------------


def test_what_was_known_comes_back_later_each_time_and_sooner_after_a_mistake() -> None:
    first = through_json("review", None, 1, "2026-11-26")
    assert first["due"] == "2026-11-28"
    second = through_json("review", first, 1, first["due"])
    third = through_json("review", second, 1, second["due"])
    waits = [first["due"] > "2026-11-26", second["due"] > "2026-12-05", third["due"] > "2027-01-01"]
    assert all(waits)
    forgotten = through_json("review", third, 0, third["due"])
    assert forgotten["due"] < "2027-03-01"


def test_the_second_attempt_of_a_day_changes_nothing() -> None:
    """Repeats on the same day would make an interval grow that nobody has waited for."""
    first = through_json("review", None, 0, "2026-11-26")
    assert through_json("review", first, 1, "2026-11-26") == first


def test_neither_the_library_nor_the_service_imports_the_scheduler_before_a_review() -> None:
    code = "import sys, layercost.questions.service; print('fsrs' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_step_of_the_text_gets_the_verdict_that_practice_gives() -> None:
    """The layer travels as it is written in code; a number without a name is re-expressed."""
    asked = {"layer": "Linear(300, 100)", "quantity": "parameters", "shape": [300], "convention": "textbook"}
    judged = [
        through_json("judge", {**asked, "batch": 1}, text) for text in ("30,100", "30000", "90300", "many")
    ]
    assert [one["id"] for one in judged] == ["right", "forgot-bias", "re-expressed", "malformed"]
    assert "Your number leaves out d_out = 100." in judged[1]["message"]
    assert judged[2]["message"].startswith("90,300 is d_in·d_in + d_in = 300·300 + 300")
    side = {"layer": "MaxPool2d(3, stride=2)", "quantity": "output_size", "shape": [8, 55, 55]}
    assert through_json("judge", {**side, "convention": "textbook", "batch": 1}, "27")["right"]


def test_later_parts_are_marked_against_ones_own_earlier_numbers() -> None:
    """As on paper: an error is paid for once, on the page too."""
    question = through_json("pose", "lenet-row-by-row", "a page")
    right = answers(question)
    first = str(int(right["conv1"]) + 1)
    total = str(int(right["total"]) + 1)
    marked = through_json("mark", question["state"], {**right, "conv1": first, "total": total})
    found = {one["field"]: one for one in marked["fields"]}
    assert not found["conv1"]["right"]
    assert found["total"]["id"] == "carried-forward"
    assert found["total"]["right"]
