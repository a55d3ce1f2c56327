"""What is said of a text that cannot be read: one kind sentence each, the same in Python and on a page."""

from __future__ import annotations

from collections.abc import Mapping

from layercost.convention import unit_in_words
from layercost.message import Message

SENTENCES: Mapping[str, Message] = {
    "empty": Message("There is no answer here yet."),
    "too-long": Message("This is too long for a number; {expected}."),
    "no-number": Message("{text} is not read as a number; {expected}."),
    "ends-early": Message("A number is missing at the end of {text}; {expected}."),
    "no-operand": Message("A number is missing before {rest}; {expected}."),
    "left-over": Message("Only the number is read, not {rest}; {expected}."),
    "group": Message("Thousands stand in groups of three digits, and decimals behind a point, "
                     "which is not so at {rest}; {expected}."),
    "first-group": Message("Before the first {sign} stand one to three digits, not {digits}; {expected}."),
    "leading-zero": Message("Thousands do not begin with 0, and decimals stand behind a point, "
                            "which is not so at {rest}; {expected}."),
    "mixed": Message("One sign parts all thousands, but another stands at {rest}; {expected}."),
    "points": Message("A number has one decimal point, but another stands at {rest}; {expected}."),
    "after-point": Message("Digits behind the decimal point are not parted, as at {rest}; {expected}."),
    "not-closed": Message("A bracket is opened at {rest} and not closed; {expected}."),
    "not-opened": Message("A bracket is closed at {rest} that was never opened; {expected}."),
    "too-deep": Message("This is nested too deep to be read; {expected}."),
    "too-large": Message("This number is too large to be an answer; {expected}."),
    "power": Message("Only whole powers are read, unlike the one at {rest}; {expected}."),
    "zero": Message("Nothing can be divided by zero, as at {rest}; {expected}."),
    "percent": Message("A percentage is not asked for here, so {rest} is not read; {expected}."),
    "unit-inside": Message("A unit stands once, behind everything else, and not at {rest}; {expected}."),
    "other-unit": Message("The answer is asked for in {unit}, not in {other}; {expected}."),
    "whole": Message("What is counted here comes in whole numbers; {expected}."),
    "no-shape": Message("{text} is not read as a shape; {expected}."),
    "no-size": Message("A size of the shape is missing before {rest}; {expected}."),
    "size": Message("Each size of a shape is a whole number from 1 on, unlike {rest}; {expected}."),
    "mixed-shape": Message("One sign parts all sizes of a shape, but another stands at {rest}; {expected}."),
    "axes": Message("A shape has at most {most} sizes; {expected}."),
    "not-closed-shape": Message("The brackets around a shape are a pair, unlike {text}; {expected}."),
}  # fmt: skip

EXPECTED: Mapping[str, Message] = {
    "whole-of-unit": Message("write a whole number of {unit}, such as 30100 or 30,100"),
    "whole": Message("write a whole number, such as 30100 or 30,100"),
    "of-unit": Message("write a number of {unit}, such as 241.04"),
    "number": Message("write a number, such as 241.04"),
    "shape": Message("write a shape, such as 6 x 28 x 28"),
}


def said(why: str, **values: object) -> Message:
    """The sentence of this name with those of the values that it repeats."""
    sentence = SENTENCES[why]
    return sentence.filled(**{name: value for name, value in values.items() if f"{{{name}}}" in sentence.key})


def expected_number(unit: str, whole: bool) -> Message:
    """What is to be written, as the end of a sentence."""
    kind = {(True, True): "whole-of-unit", (True, False): "whole", (False, True): "of-unit"}
    words = EXPECTED[kind.get((whole, bool(unit)), "number")]
    return words.filled(unit=unit_in_words(unit)) if unit else words
