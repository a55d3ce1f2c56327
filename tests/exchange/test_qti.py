"""What a player of QTI computes from an item is what the question itself says of an answer."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
import zipfile
from fractions import Fraction
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest

from grader.command import main
from grader.exchange import qti
from grader.exchange.chosen import Drawn, chosen, wrong_in
from grader.papers.blueprint import read
from layercost.questions.kind import Posed
from tests.papers.exams import EXAM, SKILL, EveryForm

Value = str | float | tuple[str, ...] | None


class Player:
    """A player of items, as the specification describes one: only what our items use."""

    def __init__(self, item: Element, responses: dict[str, Value]) -> None:
        """Processes the responses to an item."""
        self.item = item
        self.held: dict[str, Value] = dict(responses)
        for declared in item.findall("{*}outcomeDeclaration"):
            value = declared.findtext("{*}defaultValue/{*}value")
            name = declared.attrib["identifier"]
            self.held[name] = float(value) if value and declared.get("baseType") == "float" else value
        for rule in item.findall("{*}responseProcessing/*"):
            self.follow(rule)

    @property
    def score(self) -> Value:
        return self.held["SCORE"]

    @property
    def shown(self) -> str:
        """What the feedback says."""
        said = (
            "".join(one.itertext())
            for one in self.item.findall("{*}modalFeedback")
            if self.held[one.attrib["outcomeIdentifier"]] == one.attrib["identifier"]
        )
        return " ".join(" ".join(said).split())

    def follow(self, rule: Element) -> None:
        match name(rule):
            case "setOutcomeValue":
                self.held[rule.attrib["identifier"]] = self.worth(rule[0])
            case "responseCondition":
                taken = next((case for case in rule if self.worth(case[0])), ())
                for each in list(taken)[1:]:
                    self.follow(each)
            case other:
                raise AssertionError(other)

    def worth(self, of: Element) -> Value:
        parts = [self.worth(part) for part in of]
        match name(of):
            case "variable":
                return self.held[of.attrib["identifier"]]
            case "baseValue":
                return float(of.text or "") if of.get("baseType") == "float" else of.text
            case "sum":
                return sum(part for part in parts if isinstance(part, float))
            case "ordered":
                return tuple(str(part) for part in parts)
            case "or":
                return float(any(parts))
            case "match":
                return float(parts[0] == parts[1])
            case "stringMatch":
                return float(str(parts[0]).casefold() == str(parts[1]).casefold())
            case "equal":
                near = float(of.get("tolerance", "0 0").split()[0])
                first, second = parts
                assert isinstance(second, float)
                return float(isinstance(first, float) and abs(first - second) <= near)
            case other:
                raise AssertionError(other)


def name(of: Element) -> str:
    """The name of an element without its namespace."""
    return of.tag.rpartition("}")[2]


def item_of(posed: Posed) -> Element:
    """The item of a question, written and read again."""
    return ElementTree.fromstring(ElementTree.tostring(qti.item(Drawn(posed, 1))))  # noqa: S314 - our own output


def given(posed: Posed, answers: dict[str, str]) -> dict[str, Value]:
    """Answers as a player holds them."""
    held: dict[str, Value] = {}
    for place, field in enumerate(posed.fields, start=1):
        answer = answers.get(field.id)
        ids = {option.id: f"option-{number}" for number, option in enumerate(field.options, start=1)}
        value: Value = answer
        if answer is not None and field.form == "number":
            value = float(answer)
        elif answer is not None and field.form == "choice":
            value = ids[answer]
        elif answer is not None and field.form == "order":
            value = tuple(ids[one.strip()] for one in answer.split(","))
        held[f"RESPONSE_{place}"] = value
    return held


def own(question: str) -> Posed:
    """A question of the tests' exam."""
    return read("exam.toml", EXAM).own[question].draw("1")


POSED = [own("own-linear"), own("own-size"), own("own-network"), EveryForm().draw("1")]


@pytest.mark.parametrize("posed", POSED, ids=lambda posed: posed.template.id)
def test_right_answers_earn_everything(posed: Posed) -> None:
    player = Player(item_of(posed), given(posed, posed.answers()))
    assert player.score == pytest.approx(1)


@pytest.mark.parametrize("posed", POSED, ids=lambda posed: posed.template.id)
def test_no_answer_earns_nothing_and_shows_the_solution(posed: Posed) -> None:
    player = Player(item_of(posed), given(posed, {}))
    assert player.score == 0
    assert player.shown


@pytest.mark.parametrize("posed", POSED, ids=lambda posed: posed.template.id)
def test_known_wrong_answers_earn_their_share_and_are_explained(posed: Posed) -> None:
    item = item_of(posed)
    for field in posed.fields:
        for wrong in wrong_in(posed, field):
            player = Player(item, given(posed, {field.id: wrong.answer}))
            assert player.score == pytest.approx(float(wrong.diagnosis.credit / len(posed.fields)))
            assert " ".join(str(wrong.diagnosis.message).replace("`", "").split()) in player.shown


def test_an_answer_within_the_tolerance_is_right() -> None:
    posed = own("own-network")
    answers = posed.answers()
    for step in range(-3, 4):
        near = str(float(Fraction(answers["memory"]) + Fraction(step, 2000)))
        player = Player(item_of(posed), given(posed, {**answers, "memory": near}))
        assert player.score == pytest.approx(float((1 + posed.diagnose(near, "memory").credit) / 2))


def test_a_package_lists_all_its_items(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "questions.zip"
    main(["questions", "--to", "qti", "--out", str(out), "--draws", "1", "--skills", SKILL])
    with zipfile.ZipFile(out) as package:
        manifest = ElementTree.fromstring(package.read("imsmanifest.xml"))  # noqa: S314 - our own output
        listed = [one.attrib["href"] for one in manifest.iterfind(".//{*}resource")]
        assert sorted(["imsmanifest.xml", *listed]) == sorted(package.namelist())
        items = [ElementTree.fromstring(package.read(name)) for name in listed]  # noqa: S314 - our own output
    names = [item.attrib["identifier"] for item in items]
    left = capsys.readouterr().err.count("left out:")
    assert len(set(names)) == len(names) == len(chosen([SKILL])) - left


def test_the_same_questions_make_the_same_file(tmp_path: Path) -> None:
    for file in ("a.zip", "b.zip"):
        main(["questions", "--to", "qti", "--out", str(tmp_path / file), "--draws", "1", "--skills", SKILL])
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_another_seed_gives_other_numbers(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        words = [
            "questions",
            "--to",
            "qti",
            "--out",
            str(tmp_path / seed),
            "--draws",
            "1",
            "--skills",
            SKILL,
            "--seed",
            seed,
        ]
        main(words)
    assert (tmp_path / "1").read_bytes() != (tmp_path / "2").read_bytes()
