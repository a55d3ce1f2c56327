"""What a student writes is read as it was meant, and what cannot be read is not called wrong."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from layercost.questions import Malformed, Parsed
from layercost.questions.reading import ParsedShape, read_number, read_quantity, read_shape

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
    "curly apostrophes": "30’100",
    "narrow spaces": "30\u2009100",
    "a full-width comma": "30，100",
    "digits of formulas": "𝟑𝟎𝟏𝟎𝟎",
    "a calculation": "300*100+100",
    "a calculation with signs as in print": "300 × 100 + 100",
    "brackets and an x": "(300 + 1) x 100",
    "a quotient": "60200 ÷ 2",
    "a power": "3.01 * 10**4",
    "a power in superscript": "3.01×10⁴",
    "a power behind an x": "3.01x10^4",
    "thousands": "30.1k",
    "thousands in words": "30.1 thousand",
    "ten thousands": "3.01万",
    "a sign of being near": "~30100",
    "an abbreviation of being near": "ca. 30.1k",
    "a full stop of another script": "30100。",
    "a full stop": "(300 + 1) * 100.",
    "the unit": "30100 parameters",
    "the unit in capitals": "30,100 PARAMETERS",
}
COUNT = "write a whole number of parameters, such as 30100 or 30,100"
ZEROS = "Thousands do not begin with 0, and decimals stand behind a point, which is not so at"
SHAPE = "write a shape, such as 6 x 28 x 28"
GROUPS = "Thousands stand in groups of three digits, and decimals behind a point, which is not so at"
REFUSED = {
    "an exponent alone": ("E0", f"“E0” is not read as a number; {COUNT}."),
    "nothing": (None, "There is no answer here yet."),
    "blanks": ("  ", "There is no answer here yet."),
    "a truth value": (True, f"True is no number; {COUNT}."),
    "not a number": (float("nan"), f"This is nan and not a number; {COUNT}."),
    "infinity": (float("inf"), f"This is inf and not a number; {COUNT}."),
    "a list": ([30100], f"This is a list and not a number; {COUNT}."),
    "an object": (object(), f"This is something else and not a number; {COUNT}."),
    "a fraction of a parameter": (30100.5, f"What is counted here comes in whole numbers; {COUNT}."),
    "a point between thousands": ("30.100", f"What is counted here comes in whole numbers; {COUNT}."),
    "commas out of place": ("30,1000", f"{GROUPS} “,1000”; {COUNT}."),
    "Indian groups": ("1,00,000", f"{GROUPS} “,00,000”; {COUNT}."),
    "Chinese groups": ("3,0100", f"{GROUPS} “,0100”; {COUNT}."),
    "a decimal comma": ("30,1", f"{GROUPS} “,1”; {COUNT}."),
    "one comma too few": ("1234,567", f"Before the first “,” stand one to three digits, not 4; {COUNT}."),
    "what most likely has a decimal comma": (
        "0,125",
        f"{ZEROS} “,125”; {COUNT}.",
    ),
    "two signs for thousands": (
        "1,234 567",
        f"One sign parts all thousands, but another stands at “ 567”; {COUNT}.",
    ),
    "parted decimals": ("1.234,5", f"Digits behind the decimal point are not parted, as at “,5”; {COUNT}."),
    "words": ("many", f"“many” is not read as a number; {COUNT}."),
    "not a number, in words": ("NaN", f"“NaN” is not read as a number; {COUNT}."),
    "infinity, in words": ("-inf", f"“-inf” is not read as a number; {COUNT}."),
    "a sign alone": ("-", f"“-” is not read as a number; {COUNT}."),
    "two points": ("3.010.0", f"A number has one decimal point, but another stands at “.0”; {COUNT}."),
    "a calculation that ends early": ("300 *", f"A number is missing at the end of “300 *”; {COUNT}."),
    "a calculation with words": ("300 * outputs", f"A number is missing before “outputs”; {COUNT}."),
    "a bracket too few": ("(300 + 1", f"A bracket is opened at “(300 + 1” and not closed; {COUNT}."),
    "a bracket too many": ("300)", f"A bracket is closed at “)” that was never opened; {COUNT}."),
    "another base": ("0x10", f"Only the number is read, not “x10”; {COUNT}."),
    "an implied product": ("2(3)", f"Only the number is read, not “(3)”; {COUNT}."),
    "a division by zero": ("3/(2-2)", f"Nothing can be divided by zero, as at “(2-2)”; {COUNT}."),
    "a root": ("2^0.5", f"Only whole powers are read, unlike the one at “0.5”; {COUNT}."),
    "a percentage": ("50%", f"A percentage is not asked for here, so “%” is not read; {COUNT}."),
    "a unit within": (
        "5 MACs + 2 MACs",
        f"A unit stands once, behind everything else, and not at “MACs + 2 MACs”; {COUNT}.",
    ),
    "too many brackets": ("(" * 99, f"This is nested too deep to be read; {COUNT}."),
    "another unit": ("30100 FLOPs", f"The answer is asked for in parameters, not in FLOPs; {COUNT}."),
    "too many digits to be meant": ("9" * 300, f"This is too long for a number; {COUNT}."),
    "a power that fills the memory": ("1e999999999", f"This number is too large to be an answer; {COUNT}."),
    "a tower of powers": ("9**9**9", f"This number is too large to be an answer; {COUNT}."),
}


def value_of(raw: object, unit: str = "") -> Fraction:
    """What is read; it must be a number."""
    found = read_number(raw, unit, whole=False)
    assert isinstance(found, Parsed), str(found.message)
    return found.value


@pytest.mark.parametrize("raw", READ.values(), ids=READ)
def test_these_are_all_30100(raw: object):
    assert value_of(raw, "parameters") == 30100


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
    assert value_of(raw, "KiB") == Fraction(61706 * 4, 1024)


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
        assert value_of(text) == number


LIKE_NUMBERS = some.text(alphabet="0123456789.,_' +-*/^()x%eEkMGTBi~×÷⁴⁻万", max_size=250)


@settings(max_examples=10_000)
@given(some.text(max_size=250) | LIKE_NUMBERS, some.sampled_from(["KiB", "", "parameters", "%"]))
def test_no_text_breaks_the_reading(text: str, unit: str):
    """Whatever is typed gives a number or a sentence, and the place in it at which reading stopped."""
    for found in (read_number(text, unit, whole=True), read_quantity(text, unit), read_shape(text)):
        if isinstance(found, Malformed):
            assert str(found.message).endswith(".")
            assert found.position is None or 0 <= found.position <= len(text)


# ---- calculations, suffixes, units -----------------------------------------------------------------------


@given(some.lists(some.tuples(some.sampled_from("+-*/"), some.integers(1, 999)), min_size=1, max_size=12))
def test_calculations_are_worked_out_exactly(parts: list[tuple[str, int]]):
    """As Python works out fractions."""
    text = "7" + "".join(f" {sign} {number}" for sign, number in parts)
    wanted = "Fraction(7)" + "".join(f" {sign} Fraction({number})" for sign, number in parts)
    assert value_of(text) == eval(wanted, {"Fraction": Fraction})  # noqa: S307 - made from digits and signs


WORKED_OUT = {
    "-2^2": -4,
    "(-2)^2": 4,
    "2^3^2": 512,
    "2^-3": Fraction(1, 8),
    "3 - -2": 5,
    "10⁻³": Fraction(1, 1000),
    "2^20": 2**20,
    "2**20": 2**20,
    "5*5*6*16+16": 2416,
    "1/3": Fraction(1, 3),
    "2^10 k": 1024 * 1000,
    "2Ki": 2048,
    "1.2 million": 1_200_000,
    "3B": 3 * 10**9,
    "1.5亿": 150_000_000,
    ".5": Fraction(1, 2),
    "4.09e9": 4_090_000_000,
}


@pytest.mark.parametrize(("text", "value"), WORKED_OUT.items(), ids=WORKED_OUT)
def test_a_text_is_worked_out_as_people_mean_it(text: str, value: Fraction | int):
    assert value_of(text) == value


@pytest.mark.parametrize(
    ("text", "asked", "value", "unit"),
    [
        pytest.param("4.09 GMACs", "MACs", 4_090_000_000, "MACs", id="a prefix of a count is worked out"),
        pytest.param("4.09 GB", "GB", Fraction("4.09"), "GB", id="one of bytes is not"),
        pytest.param("30 B", "bytes", 30, "bytes", id="B are bytes where bytes are asked for"),
        pytest.param("30 B", "FLOPs", 30 * 10**9, "", id="and a billion elsewhere"),
        pytest.param("1+2 kFLOPs", "FLOPs", 3000, "FLOPs", id="a unit is one of the whole answer"),
        pytest.param("30 images", "images", 30, "images", id="any unit that is asked for"),
        pytest.param("50 %", "%", 50, "%", id="a percentage"),
        pytest.param("50%", "percent", 50, "percent", id="a percentage asked for in words"),
    ],
)
def test_units_behind_a_number_are_told(text: str, asked: str, value: Fraction | int, unit: str):
    assert read_number(text, asked, whole=False) == Parsed(Fraction(value), unit)


def test_a_quantity_may_have_any_unit_that_is_known():
    assert read_quantity("246.824 kB", "KiB") == Parsed(Fraction("246.824"), "kB")
    assert read_quantity("about 3 params.") == Parsed(Fraction(3), "parameters", approximate=True)


@pytest.mark.parametrize(
    ("text", "position"),
    [("30 100 apples", 7), ("  3 * y", 6), ("３０，１０", 2), ("\u200b1.2.3", 4), ("2^0.5", 2), ("5 kB", 2)],
    ids=["a word", "no number", "a group", "a point", "a power", "another unit"],
)
def test_the_place_at_which_reading_stopped_is_one_in_what_was_typed(text: str, position: int):
    found = read_number(text, "parameters", whole=True)
    assert isinstance(found, Malformed)
    assert found.position == position


HOSTILE = (
    *("9**9**9", "9^999^999", "2^1000" * 28, "(" * 10_000, "-" * 10_000, "9" * 10_000, "1e" + "9" * 190),
    *("*".join(["9^999"] * 33), "/".join(["7^999"] * 33), "(((((1/3)^999)^999)^999)^999)", "10^100000"),
    *(
        "^".join(["2"] * 100),
        "+" * 199 + "1",
        " " * 10_000_000,
        "1 " * 5_000_000,
        "⁹" * 199,
        "9" + "⁹" * 199,
    ),
)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:12])
def test_hostile_texts_are_refused_at_once(text: str):
    began = time.process_time()
    assert isinstance(read_number(text, "", whole=True), Malformed)
    assert isinstance(read_shape(text), Malformed)
    assert time.process_time() - began < 10, "of hundredths of a second, even on a slow machine"


# ---- shapes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        *(
            "6x28x28",
            "6 × 28 × 28",
            "(6, 28, 28)",
            "[6,28,28]",
            "6,28,28",
            "6*28*28",
            "6 28 28",
            "６×２８×２８",
        ),
        *("6 X 28 X 28.", "( 6, 28, 28, )", (6, 28, 28), [6, 28, 28]),
    ],
    ids=repr,
)
def test_these_are_all_the_same_shape(raw: object):
    assert read_shape(raw) == ParsedShape((6, 28, 28))


@pytest.mark.parametrize(("raw", "sizes"), [("5", (5,)), (5, (5,)), ("(5,)", (5,)), ("30,100", (30, 100))])
def test_a_number_is_a_shape_of_one_axis_and_a_comma_parts_axes(raw: object, sizes: tuple[int, ...]):
    assert read_shape(raw) == ParsedShape(sizes)


NO_SHAPES: dict[str, tuple[object, str]] = {
    "nothing": (None, "There is no answer here yet."),
    "blanks": (" ", "There is no answer here yet."),
    "two signs": ("28x28,6", f"One sign parts all sizes of a shape, but another stands at “,6”; {SHAPE}."),
    "half a pair of brackets": (
        "(6, 28",
        f"The brackets around a shape are a pair, unlike “(6, 28”; {SHAPE}.",
    ),
    "a size of nothing": ("0x3", f"Each size of a shape is a whole number from 1 on, unlike “0x3”; {SHAPE}."),
    "a negative size": ([6, -1], f"Each size of a shape is a whole number from 1 on, unlike “-1”; {SHAPE}."),
    "half a size": ([6, 2.5], f"Each size of a shape is a whole number from 1 on, unlike “2.5”; {SHAPE}."),
    "a truth value": (True, f"Each size of a shape is a whole number from 1 on, unlike “True”; {SHAPE}."),
    "a list of lists": ([[6]], f"Each size of a shape is a whole number from 1 on, unlike “list”; {SHAPE}."),
    "a size too few": ("28xx6", f"A size of the shape is missing before “x6”; {SHAPE}."),
    "words": ("square", f"“square” is not read as a shape; {SHAPE}."),
    "an empty list": ([], f"“()” is not read as a shape; {SHAPE}."),
    "too many axes": ([1] * 9, f"A shape has at most 8 sizes; {SHAPE}."),
}


@pytest.mark.parametrize(("raw", "message"), NO_SHAPES.values(), ids=NO_SHAPES)
def test_what_is_no_shape_is_told_what_is_expected(raw: object, message: str):
    found = read_shape(raw)
    assert isinstance(found, Malformed)
    assert str(found.message) == message
    assert found.is_empty == (raw is None or raw == " ")
