"""A question in somebody's own words: which layer or network, which count of it, on what input.

Words decide, in any order: *How many parameters has Conv2d(3, 64, 7, stride=2, bias=False)?* A network is
named (``resnet50``), a layer written as PyTorch writes it, an input given as ``3x224x224``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from layercost.convention import CONVENTIONS, DTYPE_BITS, Quantity
from layercost.layer import LAYERS, Layer, layer_from_text
from layercost.message import listing
from layercost.misconception import OF_COSTS, UNITS, Measure, Size, Task
from layercost.networks import NETWORKS, network_named
from layercost.questions.draw import QuestionError
from layercost.questions.item import Item
from layercost.shape import Shape, shape_of

# The first that is found decides; so "bytes of the parameters" asks for bytes.
_MEASURES: tuple[tuple[str, Measure], ...] = (
    (r"receptive", Size.RECEPTIVE_FIELD),
    (r"output[ -](?:size|height|width|side)|how (?:large|high|wide)", Size.OUTPUT_SIZE),
    (r"output[ -]channels", Size.OUTPUT_CHANNELS),
    (r"\bactive\b", Size.ACTIVE),
    (r"bytes|memory|[KM]i?B\b|kB\b", Quantity.PARAMETER_BYTES),
    (r"\bMACs?\b|multiply[- ]acc|mult(?:iply)?[- ]?adds?|MAdds?", Quantity.MACS),
    (r"\bFLOPs?\b|\boperations\b", Quantity.FLOPS),
    (r"\bweights\b", Quantity.WEIGHTS),
    (r"\bbiases\b", Quantity.BIASES),
    (r"\bbuffers\b|running statistics", Quantity.BUFFERS),
    (r"\bactivations?\b|output values", Quantity.ACTIVATIONS),
    (r"param", Quantity.PARAMETERS),
)
_HELD = (
    Quantity.PARAMETERS, Quantity.WEIGHTS, Quantity.BIASES, Quantity.BUFFERS, Quantity.PARAMETER_BYTES,
    Size.ACTIVE,
)  # fmt: skip
_INPUT = re.compile(r"(?<![\w.(])\d+(?:\s*[x×]\s*\d+)+(?![\w)])|\(\s*\d+(?:\s*,\s*\d+)+\s*\)")
_ALONE = re.compile(r"\b(?:on|for|from)\s+(\d+)\s+(?:values|features|inputs)")
_NEEDS_AN_INPUT = "it depends on the input: say which, as '... on 3x224x224'"


def asked(text: str) -> Item:
    """What a question in words asks for, ready to be answered and diagnosed.

    Raises QuestionError where it names no layer or no count, and where an input is needed and missing;
    LayerError and ShapeError where there is no such layer, or the input does not fit it.

    >>> item = asked("How many parameters has Conv2d(3, 64, 7, stride=2, bias=False)?")
    >>> int(item.answer)
    9408
    """
    code, rest = _code_in(text)
    layer, usual = _built(code, rest)
    measure = _measure_in(rest)
    shape = _shape_in(rest) or usual
    if shape is None and measure not in _HELD:
        raise QuestionError(f"The {measure.value.replace('_', ' ')} cannot be counted yet: {_NEEDS_AN_INPUT}")
    unit = _word_in(rest, [name for name in UNITS if name and name not in OF_COSTS])
    task = Task(
        layer, measure, shape,
        CONVENTIONS[_word_in(rest, CONVENTIONS) or "textbook"],
        dtype=_word_in(rest, DTYPE_BITS) or "float32",
        unit=UNITS[unit if measure is Quantity.PARAMETER_BYTES else ""],
        batch=_batch_in(rest),
    )  # fmt: skip
    return Item("answer", task, decimals=3 if task.unit.name else None)


def _code_in(text: str) -> tuple[str, str]:
    """The first call of a layer or network in a text, ``Linear(300, 100)``, and the text without it."""
    for found in re.finditer(r"\b([A-Za-z]\w*)\s*\(", text):
        if found[1] in LAYERS or found[1] in NETWORKS:
            end = _closing(text, found.end() - 1)
            return text[found.start() : end], f"{text[: found.start()]} {text[end:]}"
    return "", text


def _closing(text: str, opening: int) -> int:
    """The place behind the bracket that closes the one at `opening`."""
    depth = 0
    for place in range(opening, len(text)):
        depth += (text[place] in "([{") - (text[place] in ")]}")
        if not depth:
            return place + 1
    raise QuestionError(
        f"The bracket that is opened in {text[opening - 12 : opening + 12]!r} is never closed"
    )


def _built(code: str, rest: str) -> tuple[Layer, Shape | None]:
    """The layer or network that is asked about, and the usual shape of its input, if it has one."""
    name = code.partition("(")[0].strip()
    if name in LAYERS:
        return layer_from_text(code), None
    words = re.findall(r"\w[\w.:-]*\w", rest)
    named = name or next((word for word in words if word.partition(":")[0] in NETWORKS), "")
    if not named:
        raise QuestionError(
            "There is no layer in the question: write one as PyTorch does, as Linear(300, 100), or name a "
            f"network: {', '.join(NETWORKS)}"
        )
    network = network_named(named)
    shape = network.input_shape
    return network, shape_of(shape)


def _measure_in(text: str) -> Measure:
    for pattern, measure in _MEASURES:
        if re.search(pattern, text, re.IGNORECASE if pattern[0] != "b" else 0):
            return measure
    known = listing(measure.value for _pattern, measure in _MEASURES)
    raise QuestionError(f"What is to be counted? The question names none of: {known}")


def _shape_in(text: str) -> Shape | None:
    written = _INPUT.search(text) or _ALONE.search(text)
    return None if written is None else shape_of(tuple(map(int, re.findall(r"\d+", written[0]))))


def _batch_in(text: str) -> int:
    found = re.search(r"\bbatch(?: of| size)?\s*=?\s*(\d+)", text)
    return int(found[1]) if found else 1


def _word_in(text: str, known: Iterable[str]) -> str:
    """The one of some names that stands in a text as a word of its own."""
    return next((name for name in known if re.search(rf"\b{re.escape(name)}\b", text)), "")
