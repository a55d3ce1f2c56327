"""The page reads every text as Python does: the same verdict, the same exact value, the same sentence."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from layercost.misconception import MISCONCEPTIONS
from layercost.questions import Malformed, explain, read_question
from layercost.questions.explain import MAGNITUDE
from layercost.questions.exported import rules
from layercost.questions.grammar import CHARACTERS, IDEOGRAPHS, ROWS, SCALES, UNITS
from layercost.questions.reading import ParsedShape, read_number, read_quantity, read_shape
from layercost.questions.rounding import NEARLY
from tests.conftest import ROOT
from tests.layercost.test_compiled import node
from tests.questions.data import LINEAR
from tests.questions.test_reading import READ, REFUSED
from tests.questions.tricky import SHAPES, TRICKY

HERE = Path(__file__).parent
GENERATED = 5000
UNITS_ASKED = (
    *("", "parameters", "FLOPs", "MACs", "bytes", "kB", "KiB", "%", "percent", "biases", "images"),
    *("tokens a second", "FLOPs a byte"),
)

# ---- texts ---------------------------------------------------------------------------------------------


def written(chance: random.Random) -> str:
    """A number as people write one, by a rule that is drawn."""
    number = chance.choice((chance.randrange(100), chance.randrange(10**6), chance.randrange(10**25)))
    grouped = f"{number:,}".replace(",", chance.choice((",", " ", "_", "'", "’", "\u202f", "，")))
    behind = "".join(chance.choices("0123456789", k=chance.randrange(4)))
    forms = (
        str(number), grouped, f"{grouped}.{behind}", f"{chance.random():.6g}e{chance.randrange(-9, 30)}",
        f"{chance.randrange(1, 999) / 100}×10{chance.choice(('⁴', '^6', '**3', '¹²'))}",
        f"{number}{chance.choice(('', ' '))}{chance.choice(tuple(SCALES))}",
        f"{number}{chance.choice(tuple(IDEOGRAPHS))}",
        "".join(chr(ord(chance.choice(ROWS[1:])[0]) + int(digit)) for digit in str(number)),
    )  # fmt: skip
    return chance.choice(forms)


def calculated(chance: random.Random, depth: int = 2) -> str:
    """A calculation of a few numbers."""
    if not depth or chance.random() < 0.3:
        return written(chance)
    sign = chance.choice(("+", "-", "*", "×", "·", "x", "/", "÷", " + ", " * ", "−", " x "))
    inside = f"{calculated(chance, depth - 1)}{sign}{calculated(chance, depth - 1)}"
    power = f"^{chance.randrange(-3, 12)}" if chance.random() < 0.2 else ""
    return chance.choice((inside, f"({inside}){power}"))


def answered(chance: random.Random) -> str:
    """A calculation with what may stand around it."""
    unit = chance.choice(
        [spelling for every in UNITS.values() for spelling in every] + ["GMACs", "images", "%"]
    )
    before, behind = (
        chance.choice(("", "", "~", "ca. ", " -")),
        chance.choice(("", "", f" {unit}", unit, ".")),
    )
    return before + calculated(chance) + behind


PIECES = (
    *"0123456789.,_'+-*/^()x%eEkMGTB ~\u00a0²⁻",
    "**",
    "10^",
    "MACs",
    "kB",
    "万",
    "parameters",
    *CHARACTERS,
)


def mutated(chance: random.Random) -> str:
    """A text that somebody mistyped: some of its characters are gone, doubled or others."""
    characters = list(answered(chance))
    for _ in range(chance.randrange(1, 4)):
        place = chance.randrange(len(characters) + 1)
        characters[place : place + chance.randrange(2)] = chance.choices(PIECES, k=chance.randrange(3))
    return "".join(characters)


def garbage(chance: random.Random) -> str:
    """Any characters, those that numbers are made of more often than others."""
    anything = [
        chr(chance.choice((chance.randrange(0xD800), chance.randrange(0xE000, 0x11000)))) for _ in range(4)
    ]
    return "".join(chance.choices((*PIECES, *anything), k=chance.randrange(1, 30)))


def texts() -> Iterator[tuple[str, str, bool]]:
    """The tricky ones for every unit, and thousands of others."""
    tested = [raw for raw in (*READ.values(), *(raw for raw, _ in REFUSED.values())) if isinstance(raw, str)]
    for text in (*TRICKY, *tested):
        for unit in ("", "parameters", "MACs", "KiB", "%"):
            yield text, unit, True
    chance = random.Random(20)  # noqa: S311 - the same texts at each run
    for place in range(GENERATED):
        made = (written, answered, mutated, garbage)[place % 4](chance)
        yield made, chance.choice(UNITS_ASKED), chance.random() < 0.5


def shapes() -> Iterator[str]:
    """Shapes as people write them, and what is none."""
    yield from SHAPES
    chance = random.Random(21)  # noqa: S311 - the same shapes at each run
    for _ in range(1000):
        sign = chance.choice(("x", " x ", "×", ",", ", ", " ", "*"))
        sizes = [str(chance.randrange(300)) for _ in range(chance.randrange(1, 6))]
        made = list(chance.choice(("{}", "({})", "[{}]")).format(sign.join(sizes)))
        if chance.random() < 0.5:
            place = chance.randrange(len(made))
            made[place : place + chance.randrange(2)] = chance.choices(PIECES, k=chance.randrange(2))
        yield "".join(made)


# ---- both readers --------------------------------------------------------------------------------------


def told(found: Any) -> dict[str, Any]:
    """What was found, as the page tells it."""
    if isinstance(found, Malformed):
        return {"problem": str(found.message), "position": found.position, "isEmpty": found.is_empty}
    if isinstance(found, ParsedShape):
        return {"sizes": list(found.sizes)}
    value = f"{found.value.numerator}/{found.value.denominator}"
    return {"value": value, "unit": found.unit, "isApproximate": found.approximate}


def run_by_page(script: str, module: str, **asked: Any) -> Any:
    """What a page script makes of what is asked, in one process, with the rules that the build gives it."""
    done = subprocess.run(
        [node(), str(HERE / script), (ROOT / "web" / "src" / module).as_uri()],
        input=json.dumps({"rules": rules(), **asked}), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def read_by_page() -> dict[str, list[dict[str, Any]]]:
    """What web/src/reading.mjs makes of all texts."""
    found: dict[str, list[dict[str, Any]]] = run_by_page(
        "read_texts.mjs", "reading.mjs", texts=list(texts()), shapes=list(shapes())
    )
    return found


def different(asked: Any, in_python: list[dict[str, Any]], on_page: list[dict[str, Any]]) -> list[Any]:
    """The first texts of which the two say different things, with both."""
    found = zip(asked, in_python, on_page, strict=True)
    return [(text, ours, theirs) for text, ours, theirs in found if ours != theirs][:5]


def test_numbers_are_read_alike(read_by_page: dict[str, list[dict[str, Any]]]) -> None:
    asked = list(texts())
    ours = [told(read_number(text, unit, whole=whole)) for text, unit, whole in asked]
    assert different(asked, ours, read_by_page["numbers"]) == []
    assert sum("value" in one for one in ours) > len(ours) / 4
    assert sum("problem" in one for one in ours) > len(ours) / 4


def test_numbers_with_any_unit_are_read_alike(read_by_page: dict[str, list[dict[str, Any]]]) -> None:
    asked = list(texts())
    ours = [told(read_quantity(text, unit, whole=whole)) for text, unit, whole in asked]
    assert different(asked, ours, read_by_page["quantities"]) == []


def test_shapes_are_read_alike(read_by_page: dict[str, list[dict[str, Any]]]) -> None:
    asked = list(shapes())
    ours = [told(read_shape(text)) for text in asked]
    assert different(asked, ours, read_by_page["shapes"]) == []
    assert sum("sizes" in one for one in ours) > len(ours) / 4


def test_every_sentence_is_told_to_somebody(read_by_page: dict[str, list[dict[str, Any]]]) -> None:
    """A sentence that no text earns is dead, or these texts are too tame."""
    heard = {one["problem"] for each in read_by_page.values() for one in each if "problem" in one}
    beginnings = {name: key.partition("{")[0] for name, key in rules()["sentences"].items()}
    untold = [name for name, begins in beginnings.items() if not any(one.startswith(begins) for one in heard)]
    assert untold == []


# ---- verdicts ------------------------------------------------------------------------------------------


def judged(*asked: tuple[str, int]) -> list[dict[str, str]]:
    """What the page says to each text where this is the answer."""
    found: list[dict[str, str]] = run_by_page(
        "judge_texts.mjs", "text/verdict.mjs", asked=[(text, str(answer)) for text, answer in asked]
    )
    return found


def test_a_step_is_right_or_wrong_to_the_last_digit_at_any_size() -> None:
    """One more than 2^53 is no number that a browser's floating point tells from its neighbours."""
    answer = 2**53 + 1
    right, wrong, huge = judged((f"{answer:,}", answer), (f"{answer - 1}", answer), ("10^40 + 1", 10**40 + 1))
    assert right == {"verdict": "right", "words": "Right: 9,007,199,254,740,993."}
    assert wrong["verdict"] == "wrong"
    assert huge["verdict"] == "right"


def test_a_step_that_cannot_be_read_is_told_what_python_says() -> None:
    (said,) = judged(("300 * outputs", 30100))
    found = read_number("300 * outputs", "", whole=True)
    assert isinstance(found, Malformed)
    assert said == {"verdict": "unclear", "words": str(found.message)}


def test_the_page_and_python_mean_the_same_by_an_order_of_magnitude(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Except for what is twice or half of it, of which the page says just that.

    No slips are searched for, nor whole factors.
    """
    explaining = sys.modules["layercost.questions.explain"]
    monkeypatch.setattr(explaining, "reexpress_answer", lambda *_asked: None)
    monkeypatch.setattr("layercost.questions.distance._factor", lambda *_asked: None)
    item = read_question(LINEAR).draw(seed=1).item()
    answer = int(item.answer)
    given = [answer * part // 12 for part in range(1, 60) if part not in (6, 12, 24)]
    given += [
        3 * answer,
        3 * answer - 1,
        -(-answer // 3),
        answer // 3,
        answer + 1,
        answer - 1,
        answer * 101 // 100,
        -(-answer * 99 // 100),
        answer * 101 // 100 + 1,
        answer * 99 // 100,
    ]
    assert len(set(given)) > 50
    in_python = [explain([replace(item, without=tuple(MISCONCEPTIONS))], [Fraction(one)]) for one in given]
    on_page = judged(*((str(one), answer) for one in given))
    close = ["the right order of magnitude" in one["words"] for one in on_page]
    assert close == [one.id == MAGNITUDE for one in in_python]
    assert 0 < sum(close) < len(close)
    near = ["within one percent" in one["words"] for one in on_page]
    assert near == [one.id == NEARLY for one in in_python]
    assert sum(near) == 4


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        pytest.param("10^6", "the digits are right", id="a power of ten"),
        pytest.param("10^-2", "the digits are right", id="and a negative one"),
        pytest.param("2", "exactly twice", id="twice"),
        pytest.param("1/2", "exactly half", id="half"),
        pytest.param("123", "at least 100 times too large", id="far too large"),
        pytest.param("11", "at least 10 times too large", id="too large"),
        pytest.param("3", "at least 3 times too large", id="another order of magnitude"),
        pytest.param("1/4", "at least 3 times too small", id="too small"),
        pytest.param("1/125", "at least 100 times too small", id="far too small"),
        pytest.param("0", "there is something to count", id="nothing"),
        pytest.param("-1", "never negative", id="negative"),
    ],
)
def test_another_wrong_number_gets_what_can_be_said_of_it(factor: str, words: str) -> None:
    (said,) = judged((f"30000 * ({factor})", 30000))
    assert said["verdict"] == "wrong"
    assert words in said["words"]
