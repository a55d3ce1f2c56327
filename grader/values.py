"""What crosses the border between the student's process and ours: questions, answers, and nothing else.

Values travel as tagged JSON. Only exact builtin types have a tag, so a subclass whose `==` always says yes
is no value, and a value that arrives is rebuilt from scratch on our side. Never pickle: unpickling runs code.
This module needs nothing but the standard library, because the untrusted side uses it too, inside its box.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

MAX_DEPTH = 6  # containers inside containers
MAX_ITEMS = 2_000  # of all containers in one value together
MAX_TEXT = 10_000  # characters in one string
MAX_INTEGER_BITS = 4_096  # 1234 digits; beyond it, turning text into an integer costs real time

Tree = Any  # plain JSON: what json.loads gives
FailureKind = Literal["missing", "error", "timeout", "died", "not-a-value", "too-large", "not-run"]
FAILURE_KINDS: tuple[FailureKind, ...] = (
    "missing",
    "error",
    "timeout",
    "died",
    "not-a-value",
    "too-large",
    "not-run",
)


@dataclass(frozen=True)
class Get:
    """Asks for the value of a variable, such as `answer_3`."""

    name: str


@dataclass(frozen=True)
class Call:
    """Asks for the result of calling one of the student's functions on inputs chosen on our side."""

    name: str
    args: Sequence[object] = ()
    kwargs: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Value:
    """A value that came back: None, bool, int, float, str, or list, tuple, dict of these.

    A numpy scalar arrives as the exact Python number, a small numpy array as nested lists;
    `numpy` then says which type it had, such as "int64".
    """

    value: object
    numpy: str = ""


@dataclass(frozen=True)
class Failure:
    """Why no value came back. `text` may be shown to the student: it never repeats a hidden input.

    - missing: there is no such name
    - error: the cell or the call raised an exception
    - timeout: it did not end in time
    - died: it ended the process
    - not-a-value: an object that is neither number nor text nor a container of these
    - too-large: a value beyond the limits of this module
    - not-run: not asked, because the same function had already ended or blocked its process
    """

    kind: FailureKind
    text: Any  # a plain text, or a message of layercost's, which the box does not have


Probe = Get | Call
Answer = Value | Failure


class NotAValue(ValueError):
    """An object of a type that does not cross the border."""


class TooLarge(ValueError):
    """A value of a good type that is too long, too deep or has too many digits."""


class _Budget:
    """Counts items and depth while a value is walked, and refuses what exceeds them."""

    def __init__(self) -> None:
        self.items = 0

    def spend(self, items: int, depth: int) -> None:
        self.items += items
        if self.items > MAX_ITEMS:
            raise TooLarge(f"more than {MAX_ITEMS} items")
        if depth > MAX_DEPTH:
            raise TooLarge(f"nested more than {MAX_DEPTH} deep")


def encode(value: object) -> Tree:
    """Turns a value into tagged JSON; raises NotAValue or TooLarge."""
    return _encode(value, 0, _Budget())


def _encode(value: object, depth: int, budget: _Budget) -> Tree:
    kind = type(value)  # the exact type: a subclass may lie about everything else
    if value is None or kind is bool:
        return value
    if kind in _SCALAR_ENCODERS:
        return _SCALAR_ENCODERS[kind](value)
    if kind is list or kind is tuple or kind is dict:
        return _encode_container(value, depth, budget)
    if _is_numpy(kind):
        return _encode_numpy(value, depth, budget)
    raise NotAValue(f"an object of type {kind.__name__[:40]}")


def _encode_integer(value: Any) -> Tree:
    if value.bit_length() > MAX_INTEGER_BITS:
        raise TooLarge(f"an integer of {value.bit_length()} bits")
    return {"int": str(value)}


def _encode_float(value: Any) -> Tree:
    return {"float": value.hex() if math.isfinite(value) else repr(value)}


def _encode_text(value: Any) -> Tree:
    if len(value) > MAX_TEXT:
        raise TooLarge(f"a text of {len(value)} characters")
    return {"text": valid_text(value)}


def valid_text(text: str) -> str:
    """The same text with question marks for lone surrogates, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


_SCALAR_ENCODERS: dict[type, Callable[[Any], Tree]] = {
    int: _encode_integer,
    float: _encode_float,
    str: _encode_text,
}


def _encode_container(value: Any, depth: int, budget: _Budget) -> Tree:
    budget.spend(len(value), depth + 1)
    if type(value) is dict:
        pairs = [
            [_encode(key, depth + 1, budget), _encode(item, depth + 1, budget)] for key, item in value.items()
        ]
        return {"dict": pairs}
    return {type(value).__name__: [_encode(item, depth + 1, budget) for item in value]}


def _is_numpy(kind: type) -> bool:
    return kind.__module__ == "numpy" and hasattr(kind, "dtype") and hasattr(kind, "tolist")


def _encode_numpy(value: Any, depth: int, budget: _Budget) -> Tree:
    if value.size > MAX_ITEMS:
        raise TooLarge(f"an array of {value.size} numbers")
    if value.dtype.kind not in "biuf":
        raise NotAValue(f"a numpy object of type {value.dtype}")
    plain = value.tolist()  # exact Python numbers, except long double, which tolist leaves as it is
    return {"numpy": str(value.dtype), "value": _encode(plain, depth + 1, budget)}


def decode(tree: Tree) -> Value:
    """Rebuilds a value from tagged JSON that an untrusted process sent; raises NotAValue or TooLarge."""
    if type(tree) is dict and set(tree) == {"numpy", "value"}:
        name = tree["numpy"]
        if type(name) is not str or len(name) > 20:
            raise NotAValue("a numpy type without a name")
        return Value(_decode(tree["value"], 1, _Budget()), numpy=name)
    return Value(_decode(tree, 0, _Budget()))


def _decode(tree: Tree, depth: int, budget: _Budget) -> object:
    if tree is None or tree is True or tree is False:
        return tree
    if type(tree) is not dict or not tree:
        raise NotAValue("an untagged value")
    if set(tree) == {"numpy", "value"}:
        return _decode(tree["value"], depth + 1, budget)
    if len(tree) != 1:
        raise NotAValue("a value with more than one tag")
    ((tag, content),) = tree.items()
    if tag in _SCALAR_DECODERS:
        if type(content) is not str:
            raise NotAValue(f"{tag} that is no text")
        return _SCALAR_DECODERS[tag](content)
    return _decode_container(tag, content, depth, budget)


def _decode_integer(content: str) -> int:
    if len(content) > MAX_INTEGER_BITS // 3:
        raise TooLarge(f"an integer of {len(content)} digits")
    digits = content.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()):
        raise NotAValue("an integer that is not digits")
    return int(content)


def _decode_float(content: str) -> float:
    if len(content) > 40:
        raise NotAValue("a float that is too long")
    try:
        return float(content) if content in ("nan", "inf", "-inf") else float.fromhex(content)
    except (ValueError, OverflowError) as error:
        raise NotAValue("a float that is not hexadecimal") from error


def _decode_text(content: str) -> str:
    if len(content) > MAX_TEXT:
        raise TooLarge(f"a text of {len(content)} characters")
    return valid_text(content)


_SCALAR_DECODERS: dict[str, Callable[[str], object]] = {
    "int": _decode_integer,
    "float": _decode_float,
    "text": _decode_text,
}


def _decode_container(tag: str, content: Tree, depth: int, budget: _Budget) -> object:
    if tag not in ("list", "tuple", "dict") or type(content) is not list:
        raise NotAValue("an unknown tag")
    budget.spend(len(content), depth + 1)
    if tag == "dict":
        return dict(_decode_pair(pair, depth, budget) for pair in content)
    items = [_decode(item, depth + 1, budget) for item in content]
    return items if tag == "list" else tuple(items)


def _decode_pair(pair: Tree, depth: int, budget: _Budget) -> tuple[object, object]:
    if type(pair) is not list or len(pair) != 2:
        raise NotAValue("a dictionary entry that is no pair")
    key = _decode(pair[0], depth + 1, budget)
    try:
        hash(key)
    except TypeError as error:
        raise NotAValue("a dictionary key that cannot be one") from error
    return key, _decode(pair[1], depth + 1, budget)


def probe_to_tree(probe: Probe) -> Tree:
    """A question as plain JSON, as it is sent into the box and written into the record."""
    if isinstance(probe, Get):
        return {"operation": "get", "name": probe.name}
    return {
        "operation": "call",
        "name": probe.name,
        "arguments": [encode(argument) for argument in probe.args],
        "keywords": {name: encode(argument) for name, argument in probe.kwargs.items()},
    }


def probe_from_tree(tree: Tree) -> Probe:
    """Reads a question from a record; raises NotAValue for anything that `probe_to_tree` did not write."""
    if tree["operation"] == "get":
        return Get(tree["name"])
    if tree["operation"] != "call":
        raise NotAValue("a question that is neither get nor call")
    arguments = tuple(decode(argument).value for argument in tree["arguments"])
    keywords = {name: decode(argument).value for name, argument in tree["keywords"].items()}
    return Call(tree["name"], arguments, keywords)
