"""The parts that explorers are put together from."""

from __future__ import annotations

from fractions import Fraction

import pytest

import layercost as lc
from layercost.explorers import parts
from layercost.view import number, tag
from tests.explorers.reading import tree, with_class, words


@pytest.mark.parametrize(
    ("new", "old", "said"),
    [
        pytest.param(400, 100, "×4.0", id="four times"),
        pytest.param(100, 100, "×1.0", id="the same"),
        pytest.param(50, 100, "×0.5", id="half"),
        pytest.param(1, 3, "×0.333", id="a third"),
        pytest.param(30200, 30100, "×1.003", id="a small difference is not hidden"),
        pytest.param(100001, 100000, "×1.00001", id="a tiny difference is not hidden"),
        pytest.param(2345678, 1000, "×2,346", id="thousands are grouped"),
        pytest.param(1000, 2345678, "÷2,346", id="a small part is said as a divisor"),
        pytest.param(0, 0, "×1.0", id="nothing stays nothing"),
        pytest.param(5, 0, "from 0 to 5", id="no ratio to nothing"),
        pytest.param(0, 5, "×0.0", id="nothing is left"),
    ],
)
def test_a_ratio_never_hides_a_difference(new: int, old: int, said: str) -> None:
    """Three digits, and more where they would read as 1."""
    assert parts.ratio(new, old) == said


def test_a_substitution_line_shows_what_its_copy_button_gives() -> None:
    """Letters = numbers = total; the copied text is that of the count."""
    counted = lc.count(lc.Conv2d(3, 6, 5), lc.PARAMETERS, (3, 32, 32))
    line = parts.substitution("parameters", counted)
    (place,) = with_class(line, "lc-copy")
    assert place.get("data-copy") == "C_out·C_in·k·k + C_out = 6·3·5·5 + 6 = 456 parameters"
    assert counted.html() in line
    assert "also written (Cin·k·k + 1)·Cout = (3·5·5 + 1)·6 = 456" in words(tree(line))


def test_operations_that_are_left_out_are_added_up_by_kind() -> None:
    """Two layers of ReLU make one entry with the sum."""
    network = lc.Sequential(lc.ReLU(), lc.MaxPool2d(2), lc.ReLU())
    facts = [call.facts() for call in network.calls((2, 4, 4))]
    said = parts.left_out(facts, lc.CONVENTIONS["textbook"])
    assert said == "not counted: 40 × ReLU (activation), 8 × maximum (pooling)"  # 32 + 8
    assert parts.left_out(facts, lc.CONVENTIONS["everything"]) == ""


def test_wheels_refuse_half_an_operation() -> None:
    """Positions share the operations of a layer evenly, or something is wrong."""
    facts = lc.Linear(3, 2).facts((3,))
    with pytest.raises(ValueError, match="expected a whole number of operations at each position"):
        parts.wheels(facts, 6, 6, Fraction(1, 4))


def test_a_failure_is_said_as_text_and_not_as_markup() -> None:
    """What an error quotes cannot become a tag."""
    said = parts.failure("got '<b>'", "Still shown: a & b.")
    assert "got '<b>'." in words(tree(said))
    assert "a & b" in words(tree(said))


def test_attributes_are_escaped() -> None:
    """A quote in an attribute does not end it."""
    assert tree(tag("p", title="a \"b\" <c> 'd' & e"))[0].get("title") == "a \"b\" <c> 'd' & e"


def test_whole_numbers_are_grouped_in_one_way() -> None:
    """As everywhere in the course."""
    assert number(102764544) == "102,764,544"


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (1000, "in float32, 4 bytes each"),
        (246_824, "in float32, 4 bytes each: 241.0 KiB (1,024 bytes)"),
        (16_793_600, "in float32, 4 bytes each: 16.0 MiB (1,024² bytes)"),
        (17_180_721_152, "in float32, 4 bytes each: 16.0 GiB (1,024³ bytes)"),
    ],
)
def test_bytes_are_told_in_a_unit_of_which_there_is_one(size: int, said: str) -> None:
    """Nobody reads 16,778,048.0 KiB."""
    assert parts.in_float32(size) == said
