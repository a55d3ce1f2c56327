"""What each key of a specification.toml holds: for the checks before it is read, and for the reference.

Its entries say nothing of how a value is used; that is in the classes that read it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class Form(NamedTuple):
    """What a value must be: in words, with an example, and as a test."""

    words: str
    fits: Callable[[object], bool]


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_list_of(kind: type) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and all(isinstance(one, kind) for one in value)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_size(value: object) -> bool:
    return isinstance(value, str) or _is_whole(value)


def _is_above(value: object, least: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > least


def _is_share(value: object) -> bool:
    return value == 0 or (_is_above(value, 0) and not _is_above(value, 1))


def _is_sizes(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_size, value))


GOOD_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")  # a folder everywhere, and a word of a command
TEXT = Form('a text, such as "conv1"', _is_text)
FILE = Form(
    "a name for a folder and a file: letters, digits, _ and -",
    lambda value: isinstance(value, str) and bool(GOOD_NAME.fullmatch(value)),
)
NAME = Form(
    'a name of Python, such as "lenet_kib"', lambda value: isinstance(value, str) and value.isidentifier()
)
NAMES = Form('a list of names, such as ["size", "kernel_size"]', _is_list_of(str))
TABLE = Form("a table of names and values", lambda value: isinstance(value, Mapping))
TABLES = Form(
    "one table or more, each under a header in double brackets",
    lambda value: _is_list_of(dict)(value) and bool(value),
)
WHOLE = Form("a whole number of 1 or more", lambda value: _is_whole(value) and _is_above(value, 0))
DECIMALS = Form(
    "a whole number from 0 to 9",
    lambda value: _is_whole(value) and _is_above(value, -1) and value in range(10),
)
POINTS = Form("a number above 0", lambda value: _is_above(value, 0))
SHARE = Form("a share from 0 to 1", _is_share)
DEDUCTION = Form(
    "a share from 0, and less than 1", lambda value: value == 0 or (_is_share(value) and value != 1)
)
SIZES = Form('a list of sizes, numbers or drawn names, such as [3, "size", "size"]', _is_sizes)
SIZE = Form("a whole number or a drawn name", _is_size)


class Key(NamedTuple):
    """What a key holds and says, and whether it must be there."""

    form: Form
    means: str
    needed: bool = False


TOP = {
    "name": Key(FILE, "the assignment's name: a folder's, and that of nbgrader", needed=True),
    "notebook": Key(FILE, "the notebook's name, without .ipynb", needed=True),
    "identity": Key(NAME, "the variable that the id cell assigns; left out where there is no id cell"),
    "salt": Key(TEXT, "public: with a student's id it picks the student's numbers", needed=True),
    "question": Key(TABLES, "the questions", needed=True),
    "cell": Key(TABLES, "the cells that earn points", needed=True),
}
QUESTION = {
    "id": Key(TEXT, "its name, which cells refer to", needed=True),
    "kind": Key(TEXT, "what is asked for; compute, a number, where nothing is said"),
    "level": Key(WHOLE, "1 easy, 2 middle, 3 hard", needed=True),
    "skills": Key(NAMES, "what it trains", needed=True),
    "wording": Key(TABLE, "the question by language, with {name} for drawn names, {layer} and {input}"),
    "draw": Key(TABLE, "the names that are drawn, each with its rule"),
    "layer": Key(TEXT, "one layer, in which drawn names stand for their numbers"),
    "layers": Key(TABLE, "the layers of a network by name; _ stands for what arrives"),
    "network": Key(TEXT, "one of the library's networks, such as vgg16(size=size)"),
    "input": Key(SIZES, "the shape that arrives: features, or channels and sides"),
    "batch": Key(SIZE, "how many inputs there are"),
    "cached": Key(SIZE, "how many tokens of each have been read before"),
    "repeat": Key(TABLE, "how many layers like it stand one after the other, by the name of a layer"),
    "training": Key(
        TABLE, "how it is trained or stored: optimizer, stage, devices, recompute, frozen, bits ..."
    ),
    "convention": Key(TEXT, "by which operations are counted"),
    "without": Key(NAMES, "misconceptions that are not looked for"),
    "credit": Key(TABLE, "the share of the points that a wrong answer of a known kind earns"),
    "ask": Key(TABLES, "what is asked"),
}
ASK = {
    "id": Key(TEXT, "its name, where a question asks for several things"),
    "quantity": Key(TEXT, "what is counted", needed=True),
    "part": Key(TEXT, "the layer of the network that it is about; the whole where nothing is said"),
    "unit": Key(TEXT, "the unit of the answer; one, where nothing is said"),
    "dtype": Key(TEXT, "how values are stored, for bytes"),
    "decimals": Key(DECIMALS, "how many are asked for; whole numbers where nothing is said"),
    "wording": Key(TABLE, "what is asked, by language"),
    "credit": Key(TABLE, "as in the question, for this alone"),
    "follows": Key(TEXT, "how it comes from earlier answers, as conv1 + conv2"),
}
CELL = {
    "grade_id": Key(TEXT, "of the cell of the notebook that has the points", needed=True),
    "points": Key(POINTS, "as the notebook says as well", needed=True),
    "title": Key(TEXT, "what people call it; the heading above it where nothing is said"),
    "question": Key(TEXT, "the id of the question that it asks"),
    "call": Key(NAME, "the function that is called on hidden inputs"),
    "arguments": Key(NAMES, "drawn names, in the order of the call"),
    "keywords": Key(NAMES, "drawn names that are given by name"),
    "defaults": Key(TABLE, "values at which a keyword is left out of the call"),
    "cases": Key(WHOLE, "how many hidden inputs; 6 where nothing is said"),
    "get": Key(NAME, "the variable that holds a number, or a dictionary of numbers"),
    "asks": Key(NAMES, "which of the question's asks; all where nothing is said"),
    "carried": Key(TABLE, "what follows from the student's other numbers: {from = [...], credit = 1.0}"),
    "classic": Key(TABLE, "a published network's number for each drawn name, to know its answers"),
    "fill": Key(NAME, "the variable that holds what stands in the blanks"),
    "needs": Key(
        NAMES,
        "earlier cells with `call`, by grade_id: where a function of theirs is wrong, the model's stands in",
    ),
    "deduction": Key(
        DEDUCTION, "with needs: the share that is taken off what the answer earns with the model's function"
    ),
    "rubric": Key(TABLES, "lines with points and a text, for the person who marks"),
}
RUBRIC = {
    "points": Key(POINTS, "of this line", needed=True),
    "text": Key(TEXT, "for what they are given", needed=True),
}
CARRIED = {
    "from": Key(NAMES, "the asks that it is the sum of", needed=True),
    "credit": Key(SHARE, "what it earns where those are wrong", needed=True),
}


def misfits(owner: str, data: Mapping[str, Any], keys: Mapping[str, Key]) -> list[str]:
    """What is missing, and what holds something else than it should; unknown keys are passed over."""
    where = f"{owner}: " if owner else ""
    missing = [
        f"{where}{name!r} is missing: {key.means}"
        for name, key in keys.items()
        if key.needed and name not in data
    ]
    wrong = [
        f"{where}{name!r} must be {keys[name].form.words}, but got {value!r}"
        for name, value in data.items()
        if name in keys and not keys[name].form.fits(value)
    ]
    return missing + wrong
