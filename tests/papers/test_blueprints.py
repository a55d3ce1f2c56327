"""A blueprint says what an exam holds; one that cannot be used is refused with file, place and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.papers.blueprint import BlueprintError, load, places, read
from grader.papers.exam import exam_of
from grader.papers.sheet import draw
from grader.roster import Student
from tests.conftest import ROOT
from tests.papers.exams import EXAM, HEAD, NAMED, OWN


def chosen(section: str, seed: int = 1) -> list[str]:
    """The ids of what a section chooses."""
    blueprint = read("exam.toml", HEAD + section + OWN)
    return [place.template.id for place in places(blueprint, seed)]


def test_named_questions_come_in_the_order_in_which_they_are_named() -> None:
    assert chosen(NAMED) == ["own-linear", "own-size", "own-network"]


def test_the_same_seed_chooses_the_same_questions() -> None:
    section = '[[section]]\ntitle = "Two"\npoints = 1\ncount = 2\nlevels = [2]\nkinds = ["compute"]\n'
    assert chosen(section, 5) == chosen(section, 5)


def test_each_skill_has_its_turn() -> None:
    section = '[[section]]\ntitle = "Two"\npoints = 1\ncount = 2\nskills = ["lenet", "output-size"]\n'
    blueprint = read("exam.toml", HEAD + section + OWN)
    first, second = places(blueprint, 1)
    assert "lenet" in first.template.skills
    assert "output-size" in second.template.skills


def test_no_two_questions_ask_the_same_of_the_same_layer() -> None:
    twin = OWN.replace('id = "own-linear"', 'id = "own-twin"').split("[[question]]")[1]
    section = '[[section]]\ntitle = "A"\npoints = 1\nquestions = ["own-linear", "own-network"]\n'
    more = '[[section]]\ntitle = "B"\npoints = 1\ncount = 90\nskills = ["fully-connected"]\n'
    blueprint = read("exam.toml", f"{HEAD}{section}{more}[[question]]{twin}{OWN}")
    with pytest.raises(BlueprintError, match="asks for 90 questions for fully-connected"):
        places(blueprint, 1)


def section_with(line: str) -> str:
    """A blueprint whose section has another line."""
    return f'{HEAD}[[section]]\ntitle = "A"\npoints = 1\n{line}\n{OWN}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("title = ", "Invalid value", id="not TOML"),
        pytest.param("", "the blueprint: 'title' is missing", id="empty"),
        pytest.param(HEAD, "the blueprint: 'section' is missing", id="no section"),
        pytest.param(
            f"section = 3\n{HEAD}", "expected [[section]] tables, but got 3", id="section as number"
        ),
        pytest.param(
            f"section = []\n{HEAD}", "expected at least one [[section]]", id="section as empty list"
        ),
        pytest.param(
            EXAM.replace("45", '"long"'), "`minutes` is a whole number from 1 to 1440", id="minutes"
        ),
        pytest.param(EXAM.replace("minutes", "minuets"), "did you mean 'minutes'?", id="key"),
        pytest.param(section_with(""), "section 1: expected `questions`, a list of ids", id="neither"),
        pytest.param(section_with("count = 0"), "section 1: `count` is a whole number from 1", id="count"),
        pytest.param(
            section_with('questions = ["own-liner"]'), "did you mean 'own-linear'", id="no such question"
        ),
        pytest.param(
            section_with('questions = ["own-size", "own-size"]'), "'own-size' is asked twice", id="twice"
        ),
        pytest.param(section_with('count = 1\nskills = ["cooking"]'), "no entry of `skills`", id="skill"),
        pytest.param(section_with("count = 1\nlevels = [7]"), "no entry of `levels` is called", id="level"),
        pytest.param(
            section_with('count = 1\nkinds = "all"'), "`kinds` is a list, but got 'all'", id="kinds"
        ),
        pytest.param(section_with("count = 1\nspace = 99"), "`space` is a number from 0 to 25", id="space"),
        pytest.param(
            EXAM.replace("points = 3", "points = -1"), "`points` is a number from 0 to 1000", id="points"
        ),
        pytest.param(
            EXAM.replace("points = 3", "points = 0"), "`points` of a question are more than 0", id="nothing"
        ),
        pytest.param(EXAM.replace("{layer}", "{lawyer}"), "question 'own-linear'", id="own question"),
        pytest.param(
            EXAM.replace('"own-size"\nlevel', '"own-linear"\nlevel'), "has this id already", id="id"
        ),
        pytest.param(EXAM.replace("input = [8]", "input = 8"), "not well formed", id="own question's input"),
    ],
)
def test_what_cannot_be_used_is_refused_with_file_place_and_reason(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "exam.toml"
    path.write_text(text)
    with pytest.raises(BlueprintError) as refused:
        load(path)
    assert str(refused.value).startswith(str(path))
    assert said in str(refused.value)


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(BlueprintError, match="No such file"):
        load(tmp_path / "none.toml")
    (tmp_path / "exam.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BlueprintError, match="expected UTF-8"):
        load(tmp_path / "exam.toml")


SHIPPED = sorted((ROOT / "exercises" / "exams").glob("*.toml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
@pytest.mark.parametrize("seed", range(3))
def test_shipped_blueprints_can_be_drawn(path: Path, seed: int) -> None:
    blueprint = load(path)
    every = places(blueprint, seed)
    assert len(every) == sum(section.count for section in blueprint.sections)
    for number in range(3):
        sheet = draw(blueprint, every, Student(f"s{number}", ""), str(seed))
        assert sheet.points == sum(section.points * section.count for section in blueprint.sections)
        assert all(one.posed.share(one.posed.answers()) == 1 for one in sheet.asked)


def test_too_few_questions_are_said_with_the_section() -> None:
    with pytest.raises(BlueprintError, match=r"section 1 \('A'\): asks for 200 questions"):
        chosen('[[section]]\ntitle = "A"\npoints = 1\ncount = 200\nskills = ["lenet"]\nlevels = [2]\n')


def test_a_file_is_named_once(tmp_path: Path) -> None:
    path = tmp_path / "exam.toml"
    path.write_text('title = "An exam"\nminuts = 5\n', encoding="utf-8")
    with pytest.raises(BlueprintError) as refused:
        exam_of(path, "seed", "a4")
    assert str(refused.value).count("exam.toml") == 1
