"""A model as pasted text: layers one a line, as code or as PyTorch prints them, below the shape of the input.

Nothing is run as code. A line may give its layer a name, as ``conv1 = Conv2d(3, 6, 5)``,
``self.conv1 = nn.Conv2d(3, 6, 5)`` or ``(conv1): Conv2d(3, 6, kernel_size=(5, 5))``; what stands behind a #
is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from layercost.layer import Layer, LayerError, layer_from_text
from layercost.layers.composite import Sequential
from layercost.message import Message, Words, message_of
from layercost.options import sizes
from layercost.shape import shown

LONGEST = 100_000  # characters
MOST_LAYERS = 2_000
DEEPEST = 20  # modules within modules, as PyTorch prints them

_SHAPE = re.compile(
    r"(?:input(?:_shape|_size)?\s*[:=]?\s*)?(?:torch\.Size)?[(\[\s]*(\d[\d\s*x×,]*?),?[\s)\]]*", re.IGNORECASE
)
_LONGEST_SHAPE = 200  # characters
# What is pasted instead of layers, each with what to do about it.
_NO_LAYERS = {
    re.compile(r"Layer \(type|Output Shape|Param #"): Message(
        "a summary has no strides and no padding; paste the layers as code, or what print(model) writes, or "
        "export the model with torch.onnx.export"
    ),
    re.compile(r"^[ \t]*(?:import|from|class|def|return|with|for)\b", re.MULTILINE): Message(
        "a program is not run here; paste its layers alone, one a line, in the order in which they work, or "
        "export the model with torch.onnx.export"
    ),
}
_NAMED = re.compile(r"(?:\(([\w-]+)\)\s*:|(?:self\.)?(\w+)\s*=(?!=))\s*(.+)", re.DOTALL)
_PRINTED = re.compile(r"(\w+)\(\s*(\([\w-]+\)\s*:.*)\)", re.DOTALL)  # a module with its children below it
_FLATTEN = "Flatten(start_dim=1, end_dim=-1)"  # as PyTorch prints one that flattens all but the batch
_DEEP = re.compile(r"(?:[-+~([{]\s*){50}")  # what no layer needs, and a browser's Python breaks down at
_OPEN, _CLOSED = "([{", ")]}"


class Pasted(NamedTuple):
    """The model of a text, and the shape of its input, where the text says it."""

    layer: Layer
    input: tuple[int, ...] | None


class _Statement(NamedTuple):
    """Lines that belong together, without comments, and the number of the first."""

    line: int
    text: str


def pasted(text: str) -> Pasted:
    """The model in a text; raises LayerError or ShapeError that names the line.

    >>> pasted("1x28x28\\nFlatten()\\nLinear(784, 10)").input
    (1, 28, 28)
    """
    if len(text) > LONGEST:
        raise LayerError(
            Message("a pasted model has {most:,} characters at most, but got {count:,}",
                    most=LONGEST, count=len(text))
        )  # fmt: skip
    _check_layers(text)
    statements = list(_statements(text.splitlines()))
    shape = None
    first = statements[0].text if statements else ""
    if len(first) <= _LONGEST_SHAPE and (found := _SHAPE.fullmatch(first)):
        shape = sizes(found[1].strip(), Message("the first line"))
        statements = statements[1:]
    if not statements:
        raise LayerError(
            Message("expected layers, one a line, as Conv2d(3, 6, kernel_size=5), but there is none")
        )
    return Pasted(_whole(statements), shape)


def _check_layers(text: str) -> None:
    """Raise LayerError for a text that is often pasted and has no layers."""
    for signs, problem in _NO_LAYERS.items():
        if found := signs.search(text):
            raise _at(text.count("\n", 0, found.end()) + 1, problem)


def _whole(statements: list[_Statement]) -> Layer:
    """One layer as it stands; several, one after the other."""
    if len(statements) == 1 and not _NAMED.fullmatch(statements[0].text):
        return _read(statements[0], statements[0].text, 0)
    return _chain(statements, 0)


# ---- lines ---------------------------------------------------------------------------------------


def _statements(lines: Iterable[str], first: int = 1) -> Iterator[_Statement]:
    """Lines that belong together: up to where all brackets are closed."""
    begin, parts, depth = first, list[str](), 0
    for number, line in enumerate(lines, first):
        written = line.partition("#")[0].strip()
        if not parts:
            if not written.strip(",;"):
                continue
            begin = number
        parts.append(written)
        depth += _depth(written)
        if depth < 0:
            raise _at(number, Message("a bracket is closed that was never opened"))
        if depth == 0:
            yield _Statement(begin, "\n".join(parts).strip().rstrip(",;"))
            parts = []
    if parts:
        raise _at(begin, Message("a bracket is opened here and never closed"))


def _depth(text: str) -> int:
    return sum([(sign in _OPEN) - (sign in _CLOSED) for sign in text])


def _at(line: int, problem: Words) -> LayerError:
    return LayerError(Message("line {line}: {problem}", line=line, problem=problem))


# ---- layers --------------------------------------------------------------------------------------


def _chain(statements: Iterable[_Statement], depth: int) -> Sequential:
    """Layers one after the other, under their names; those without one are numbered, as PyTorch does."""
    found: dict[str, Layer] = {}
    for place, one in enumerate(statements):
        if place >= MOST_LAYERS:
            raise _at(one.line, Message("a pasted model has {most:,} layers at most", most=MOST_LAYERS))
        named = _NAMED.fullmatch(one.text)
        name, written = (named[1] or named[2], named[3]) if named else (str(place), one.text)
        if name in found:
            name = _free(name, found)
        found[name] = _read(one, written, depth)
    return Sequential(found)


def _free(name: str, taken: Iterable[str]) -> str:
    number = 1
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


def _read(one: _Statement, written: str, depth: int) -> Layer:
    """The layer of a statement, or the chain that PyTorch prints of a module."""
    if printed := _PRINTED.fullmatch(written):
        return _printed(one, printed[1], printed[2], depth)
    if _DEEP.search(written):
        raise _at(one.line, Message("its brackets or signs are nested too deep"))
    try:
        return layer_from_text(written.replace(_FLATTEN, "Flatten()"))
    except LayerError as error:
        raise _at(one.line, message_of(error)) from None


def _printed(one: _Statement, kind: str, children: str, depth: int) -> Layer:
    """A module of other modules: that they run one after the other is known of a Sequential.

    The model itself is read so too; where its forward pass does more, shapes do not fit, or layers are
    missing that the reader has to add.
    """
    if depth > 0 and kind != "Sequential":
        raise _at(
            one.line,
            Message("what the forward pass of {kind} does is not in its text; write its layers one a line, "
                    "or export the model with torch.onnx.export", kind=shown(kind)),
        )  # fmt: skip
    if depth >= DEEPEST:
        raise _at(one.line, Message("modules are nested too deep"))
    return _chain(_statements(children.strip().splitlines(), one.line + 1), depth + 1)
