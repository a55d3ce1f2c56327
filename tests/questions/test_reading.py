"""What a student writes is read as it was meant, and what cannot be read is not called wrong."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as some

from layercost.questions import Malformed, Parsed
from layercost.questions.reading import read_number

READ = {
    "an integer": 30100,
    "an integral float": 30100.0,
    "plain text": "30100",
    "spaces around": "  30100\n",
    "commas": "30,100",
    "spaces": "30 100",
    "narrow no-break spaces": "30\u202f100",
    "underscores": "30_100",
    "apostrophes": "30'100",
    "a power of ten": "3.01e4",
    "a capital power": "3.01E+4",
    "a point with nothing behind it": "30100.",
    "zeros behind the point": "30,100.00",
    "a plus": "+30100",
    "full-width digits": "３０１００",
    "the unit": "30100 parameters",
    "the unit in capitals": "30,100 PARAMETERS",
}
COUNT = "write a whole number of parameters, such as 30100 or 30,100"
REFUSED = {
    "an exponent alone": (
        "E0",
        "'E0' is not read as a number; write a whole number of parameters, such as 30100 or 30,100.",
    ),
    "nothing": (None, "There is no answer here yet."),
    "blanks": ("  ", "There is no answer here yet."),
    "a truth value": (True, f"True is no number; {COUNT}."),
    "not a number": (float("nan"), f"This is nan and not a number; {COUNT}."),
    "infinity": (float("inf"), f"This is inf and not a number; {COUNT}."),
    "a list": ([30100], f"This is a list and not a number; {COUNT}."),
    "an object": (object(), f"This is something else and not a number; {COUNT}."),
    "a fraction of a parameter": (30100.5, f"What is counted here comes in whole numbers; {COUNT}."),
    "a point between thousands": ("30.100", f"What is counted here comes in whole numbers; {COUNT}."),
    "commas out of place": ("30,1000", f"'30,1000' is not read as a number; {COUNT}."),
    "one comma too few": ("1234,567", f"'1234,567' is not read as a number; {COUNT}."),
    "words": ("many", f"'many' is not read as a number; {COUNT}."),
    "a sign alone": ("-", f"'-' is not read as a number; {COUNT}."),
    "two points": ("1.2.3", f"'1.2.3' is not read as a number; {COUNT}."),
    "a calculation": ("300*100+100", f"This is a calculation; work it out and {COUNT}."),
    "an abbreviation": ("30.1k", f"Only the number is read, not 'k'; {COUNT}."),
    "another unit": ("30100 FLOPs", f"The answer is asked for in parameters, not in FLOPs; {COUNT}."),
    "too many digits to be meant": ("9" * 100, f"This is too long for a number; {COUNT}."),
    "a power that fills the memory": ("1e999999999", f"This number is too large to be an answer; {COUNT}."),
}


@pytest.mark.parametrize("raw", READ.values(), ids=READ)
def test_these_are_all_30100(raw: object):
    assert read_number(raw, "parameters", whole=True) == Parsed(Fraction(30100))


@pytest.mark.parametrize(("raw", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_whole_number_is_told_what_is_expected(raw: object, message: str):
    found = read_number(raw, "parameters", whole=True)
    assert isinstance(found, Malformed)
    assert str(found.message) == message


def test_only_what_is_empty_counts_as_not_answered():
    empty = [raw for raw, _ in REFUSED.values() if read_number(raw, "parameters", whole=True).is_empty]
    assert empty == [None, "  "]


@pytest.mark.parametrize("raw", [241.0390625, "241.0390625", "241.0390625 KiB", "241.0390625kib"], ids=repr)
def test_memory_is_read_with_decimals_and_its_unit(raw: object):
    assert read_number(raw, "KiB", whole=False) == Parsed(Fraction(61706 * 4, 1024))


@pytest.mark.parametrize("unit", ["kB", "bytes", "MiB"])
def test_a_unit_that_was_not_asked_for_is_named(unit: str):
    found = read_number(f"246.824 {unit}", "KiB", whole=False)
    assert isinstance(found, Malformed)
    assert str(found.message) == (
        f"The answer is asked for in KiB, not in {unit}; write a number of KiB, such as 241.04."
    )


@given(some.integers(min_value=-(10**30), max_value=10**30))
def test_every_integer_is_read_however_it_is_grouped(number: int):
    for text in (str(number), f"{number:,}", f"{number:_}", f"{number:,}".replace(",", " ")):
        assert read_number(text, "", whole=True) == Parsed(Fraction(number))


@given(some.text(max_size=100))
def test_no_text_breaks_the_reading(text: str):
    """Whatever is typed gives a number or a sentence."""
    found = read_number(text, "KiB", whole=False)
    assert isinstance(found, Parsed) or str(found.message).endswith(".")
