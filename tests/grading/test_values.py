"""The border: what crosses it arrives unchanged, everything else is refused on both sides."""

from __future__ import annotations

import json
import math

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as some

from grader.job import answer_from_tree, answer_to_tree
from grader.values import (
    MAX_DEPTH,
    MAX_INTEGER_BITS,
    MAX_ITEMS,
    Call,
    Failure,
    Get,
    NotAValue,
    TooLarge,
    Value,
    decode,
    encode,
    probe_from_tree,
    probe_to_tree,
)

texts = some.text(some.characters(exclude_categories=["Cs"]), max_size=50)
scalars = some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | texts
plain_values = some.recursive(
    scalars,
    lambda inner: (
        some.lists(inner, max_size=4)
        | some.tuples(inner, inner)
        | some.dictionaries(texts, inner, max_size=4)
    ),
    max_leaves=20,
)


def depth(value: object) -> int:
    items = value.values() if isinstance(value, dict) else value
    return 1 + max(map(depth, items), default=0) if isinstance(value, dict | list | tuple) else 0


@given(plain_values.filter(lambda value: depth(value) <= MAX_DEPTH))
def test_a_value_arrives_as_it_was_sent(value: object) -> None:
    """Through JSON and back: equal, and of the same types."""
    arrived = decode(json.loads(json.dumps(encode(value)))).value
    assert arrived == value
    assert repr(arrived) == repr(value)


def test_nan_and_infinities_cross() -> None:
    """JSON has no word for them, the tags do."""
    assert math.isnan(decode(encode(math.nan)).value)  # type: ignore[arg-type]
    assert decode(encode([math.inf, -math.inf])).value == [math.inf, -math.inf]


@pytest.mark.parametrize(
    ("value", "plain", "name"),
    [
        (numpy.int64(456), 456, "int64"),
        (numpy.uint8(255), 255, "uint8"),
        (numpy.float32(0.5), 0.5, "float32"),
        (numpy.bool_(True), True, "bool"),
        (numpy.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]], "int64"),
    ],
)
def test_numpy_arrives_as_exact_numbers(value: object, plain: object, name: str) -> None:
    """A numpy scalar becomes the Python number, a small array nested lists; the type is told."""
    assert decode(encode(value)) == Value(plain, numpy=name)


class Liar(int):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


@pytest.mark.parametrize(
    "value",
    [
        Liar(1),
        object(),
        len,
        {1, 2},
        b"bytes",
        1j,
        [Liar(1)],
        numpy.array(["text"]),
        numpy.complex128(1),
        Liar,
    ],
    ids=str,
)
def test_what_is_no_value_is_not_sent(value: object) -> None:
    """A subclass may lie about comparisons; only exact builtin types and numpy's numbers are values."""
    with pytest.raises(NotAValue):
        encode(value)


def nested(levels: int) -> list[object]:
    value: list[object] = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        1 << MAX_INTEGER_BITS,
        "x" * 10_001,
        [0] * (MAX_ITEMS + 1),
        [[0] * 50] * 50,
        nested(10),
        numpy.zeros(5000),
    ],
    ids=["integer", "text", "list", "lists of lists", "nesting", "array"],
)
def test_what_is_too_large_is_not_sent(value: object) -> None:
    """Digits, characters, items and nesting have limits."""
    with pytest.raises(TooLarge):
        encode(value)


@pytest.mark.parametrize(
    "tree",
    [
        1,
        1.5,
        "text",
        [],
        {},
        {"int": 5},
        {"int": "5x"},
        {"int": " 5"},
        {"int": "1_000"},
        {"int": "\u0665"},
        {"int": ""},
        {"float": "one"},
        {"float": "0x1p99999"},
        {"text": 5},
        {"list": {"int": "1"}},
        {"set": []},
        {"int": "1", "float": "nan"},
        {"dict": [[{"int": "1"}]]},
        {"dict": [[{"list": []}, None]]},
        {"numpy": 5, "value": None},
        {"numpy": "x" * 100, "value": None},
    ],
    ids=str,
)
def test_what_is_malformed_is_not_believed(tree: object) -> None:
    """Whatever a hostile process writes, it is a value or it is refused."""
    with pytest.raises(NotAValue):
        decode(tree)


def test_limits_hold_on_our_side_too() -> None:
    """The other side's limits are the student's to remove; ours are not."""
    tree: object = None
    for _ in range(MAX_DEPTH + 5):
        tree = {"list": [tree]}
    for hostile in (tree, {"int": "9" * 5000}, {"text": "x" * 10_001}, {"list": [None] * (MAX_ITEMS + 1)}):
        with pytest.raises(TooLarge):
            decode(hostile)


@pytest.mark.parametrize("answer", [Value(5), Value([1], numpy="int64"), Failure("timeout", "too slow")])
def test_an_answer_is_read_back_from_a_record(answer: Value | Failure) -> None:
    """Records are JSON."""
    assert answer_from_tree(json.loads(json.dumps(answer_to_tree(answer)))) == answer


@pytest.mark.parametrize("probe", [Get("x"), Call("f", (1, True, "a"), {"k": [1, 2]})])
def test_a_question_is_read_back_from_a_record(probe: Get | Call) -> None:
    """Records are JSON."""
    assert probe_from_tree(json.loads(json.dumps(probe_to_tree(probe)))) == probe
