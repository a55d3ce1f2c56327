"""The schema of questions, one for the bank and for assignments: from TOML or JSON to a `Question`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from layercost.convention import convention_named, unknown
from layercost.message import Message
from layercost.misconception import MISCONCEPTIONS, UNITS, Size
from layercost.questions.draw import QuestionError, choice_from, known_keys
from layercost.questions.explain import OUTCOMES
from layercost.questions.question import Ask, Question
from layercost.questions.task import measure_named
from layercost.questions.template import check_layer, check_wording

_NEEDED = ("id", "level", "skills", "wording", "draw", "input", "ask")
_QUESTION_KEYS = (*_NEEDED, "layer", "layers", "convention", "without", "credit", "batch")
_ASK_KEYS = ("id", "quantity", "part", "unit", "dtype", "decimals", "wording", "credit")


def read_question(data: Mapping[str, Any]) -> Question:
    """Reads one question; raises QuestionError that names it and says what was expected."""
    owner = f"question {data.get('id', '(without id)')!r}"
    known_keys(owner, data, _QUESTION_KEYS)
    for key in _NEEDED:
        if key not in data:
            raise QuestionError(f"{owner}: {key!r} is missing")
    if ("layer" in data) == ("layers" in data):
        raise QuestionError(f"{owner}: give either `layer`, or `layers` by name for a network")
    names = {name: choice_from(owner, name, choice) for name, choice in data["draw"].items()}
    layers = dict(data.get("layers", {"": data.get("layer", "")}))
    for text in layers.values():
        check_layer(owner, text, names)
    batch = data.get("batch", 1)
    for place, size in (*(("input", size) for size in data["input"]), ("batch", batch)):
        if isinstance(size, str) and size not in names:
            raise QuestionError(
                f"{owner}: {unknown(Message('drawn name'), size, names)} It is used in `{place}`."
            )
    credit = _credit(owner, data.get("credit", {}))
    return Question(
        id=data["id"],
        level=data["level"],
        skills=tuple(data["skills"]),
        wording=check_wording(owner, data["wording"], names, needed=True),
        names=names,
        layers=layers,
        input=tuple(data["input"]),
        convention=convention_named(data.get("convention", "textbook")),
        without=_known_misconceptions(owner, data.get("without", [])),
        asks=_asks(owner, data["ask"], credit, names),
        batch=batch,
    )


def _asks(
    owner: str, data: Sequence[Mapping[str, Any]], credit: Mapping[str, Fraction], names: Mapping[str, object]
) -> tuple[Ask, ...]:
    asks = tuple(_ask(owner, one, credit, names) for one in data)
    if not asks or len({ask.id for ask in asks}) < len(asks):
        raise QuestionError(
            f"{owner}: each [[question.ask]] needs an id of its own, and there must be at least one"
        )
    return asks


def _ask(
    owner: str, data: Mapping[str, Any], credit: Mapping[str, Fraction], names: Mapping[str, object]
) -> Ask:
    known_keys(owner, data, _ASK_KEYS)
    unit = data.get("unit", "")
    if unit not in UNITS:
        raise QuestionError(f"{owner}: {unknown(Message('unit'), unit, UNITS)}")
    measure = measure_named(data.get("quantity", ""))
    if unit and measure is Size.OUTPUT_SIZE:
        raise QuestionError(f"{owner}: an output size has no unit, but got {unit!r}")
    return Ask(
        id=data.get("id", "answer"),
        measure=measure,
        part=data.get("part", ""),
        unit=unit,
        dtype=data.get("dtype", "float32"),
        decimals=data.get("decimals"),
        wording=check_wording(owner, data.get("wording", {}), names, needed=False),
        credit={**credit, **_credit(owner, data.get("credit", {}))},
    )


def _credit(owner: str, data: Mapping[str, Any]) -> dict[str, Fraction]:
    """The share of the points that each diagnosis earns: from 0 to less than 1."""
    for name, share in data.items():
        if name not in MISCONCEPTIONS and name not in OUTCOMES:
            raise QuestionError(
                f"{owner}: {unknown(Message('misconception'), name, (*MISCONCEPTIONS, *OUTCOMES))}"
            )
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share < 1:
            raise QuestionError(
                f"{owner}: credit is a share from 0 to less than 1, but {name!r} has {share!r}"
            )
    return {name: Fraction(str(share)) for name, share in data.items()}


def _known_misconceptions(owner: str, names: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        if name not in MISCONCEPTIONS:
            raise QuestionError(f"{owner}: {unknown(Message('misconception'), name, MISCONCEPTIONS)}")
    return tuple(names)
