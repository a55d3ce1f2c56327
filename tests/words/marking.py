"""A language of marks: what stands between the places of values is in ⟦ ⟧, and English shows outside."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import chain
from string import Formatter

from site_builder.catalogue import names, template

import layercost as lc
from layercost.analysis.accelerators import ACCELERATORS
from layercost.counters import names as counter_names
from layercost.explorers import rules
from layercost.explorers.loads import MODELS
from layercost.explorers.roofline import DEVICES
from layercost.explorers.routing import TITLES
from layercost.explorers.transformer_block import MODELS as BLOCKS
from layercost.message import speaking
from layercost.networks.network import NETWORKS, NetworkEntry


def _parts(entry: NetworkEntry) -> set[str]:
    """The names of the parts of a network, which are code: layers, blocks and stages."""
    paths = (path for path, _ in entry.build().leaves())
    return {part for path in paths for part in path.split(".") if part and not part.isdigit()}


# What is the same in every language, and why.
SAME_EVERYWHERE: dict[str, Iterable[str]] = {
    "units, as the tools and the documents write them": (
        "FLOPs", "MACs", "kB", "MB", "GB", "TB", "PB", "KiB", "MiB", "GiB", "TiB", "PiB", "mult-adds",
    ),
    "names of conventions and tools": counter_names(),
    "names of layers, which are code": lc.layers.__all__,
    "names of networks, their versions and their layers": (
        *NETWORKS,
        *(version for entry in NETWORKS.values() for version in entry.versions),
        *(part for entry in NETWORKS.values() for part in _parts(entry)),
        "VGG-16",
    ),
    "names of models": {
        word
        for title in (*(one.title for one in MODELS.values()), *BLOCKS, *TITLES.values())
        for word in re.findall("[A-Za-z]\\w*", title)
    },
    "names of devices": {
        word
        for title in (*DEVICES.values(), *(one.title for one in ACCELERATORS.values()))
        for word in re.findall("[A-Za-z]\\w*", title)
    },
    "output-size rules, as frameworks call them": {word for words in rules.NAMES.values() for word in words},
    "functions, as formulas write them": ("tanh", "sigmoid"),
    "number formats, which are code": lc.convention.DTYPE_BITS,
    "arguments, which are code": ("batch", "groups"),
    "joins, as rows of tables call them": ("concatenate",),
    "the letters of formulas": ("in", "out", "max", "min"),
    "frameworks": ("PyTorch", "Keras", "ONNX", "TensorFlow", "Caffe", "Flax", "torch", "nn"),
}  # fmt: skip


def marked(text: str) -> str:
    """A text with what stands between the places of its values in marks."""
    if not names(text):
        return f"⟦{text}⟧"
    return "".join(_marked(*part) for part in Formatter().parse(text))


def _marked(literal: str, name: str | None, specification: str | None, conversion: str | None) -> str:
    said = literal.replace("{", "{{").replace("}", "}}")
    place = (
        f"{{{name}{f'!{conversion}' if conversion else ''}{f':{specification}' if specification else ''}}}"
    )
    return (f"⟦{said}⟧" if said else "") + ("" if name is None else place)


@cache
def catalogue() -> dict[str, str]:
    """Every text that is said, in the language of marks."""
    return {str(entry.id): marked(str(entry.id)) for entry in template() if entry.id}


@contextmanager
def speaking_marks() -> Iterator[None]:
    """Within this block messages are spoken in the language of marks."""
    with speaking(catalogue()):
        yield


_CODE = re.compile(r"`[^`]*`|“[^”]*”|'[^']*'|\"[^\"]*\"|[\w.]+\([^⟦⟧]*?\)|\w+=\S+|\w+[_.]\w[\w.]*")
_WORD = re.compile(r"(?<![\w])[A-Za-zÀ-ɏ]\w+")


def left_in_english(said: str, *allowed: str) -> set[str]:
    """The words in what was said that stand outside of the marks, beside what is code and `allowed` names."""
    assert not re.search(r"\{\w+[^{}]*\}", re.sub(r"⟦[^⟦⟧]*⟧", "", said)), said
    rest = re.sub(r"⟦[^⟦⟧]*⟧", " ", said)
    for known in (_names(allowed, of_several_words=True), _CODE, _names(allowed, of_several_words=False)):
        rest = known.sub(" ", rest)
    return set(_WORD.findall(rest))


@cache
def _names(allowed: tuple[str, ...], *, of_several_words: bool) -> re.Pattern[str]:
    """Any of the names that are the same everywhere, the longest first: words, or such as onnx-tool(a)."""
    every = sorted({*chain(*SAME_EVERYWHERE.values()), *allowed}, key=len, reverse=True)
    asked = [name for name in every if bool(re.search(r"\W", name)) is of_several_words]
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, asked))})(?!\w)")


def texts_of(markup: str) -> str:
    """What a reader reads or hears of a piece of HTML: texts and labels, without tags and styles."""
    heard = re.findall(r'(?:aria-label|title|alt|placeholder)="([^"]*)"', markup)
    without = re.sub(r"<(style|script|code|math)\b.*?</\1>", " ", markup, flags=re.S)
    return html.unescape(" | ".join([re.sub(r"<[^>]*>", " ", without), *heard]))
