"""A reader's file or text as a model: an ONNX file, a configuration, layers, or a name that is known here."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from typing import Any, BinaryIO, NamedTuple, TypeAlias

from layercost.convention import UnknownNameError
from layercost.layer import Layer
from layercost.message import Message
from layercost.models.families.family import LOGITS
from layercost.models.from_config import (
    UTF_16,
    ConfiguredModel,
    check_size,
    decoded,
    fields_of,
    from_config,
)
from layercost.models.from_onnx import from_onnx
from layercost.models.known import KNOWN, model_named
from layercost.models.tree import ModelError
from layercost.networks import NETWORKS, network_named
from layercost.options import image_size, sizes
from layercost.pasted import pasted
from layercost.shape import ShapeError
from layercost.view import short

Source: TypeAlias = Mapping[str, Any]
Settings: TypeAlias = Mapping[str, str]


class Read(NamedTuple):
    """A model that was read, and what it reads itself: the shape of its input, where it says one."""

    model: Layer
    input: Any
    kind: str


_kept: dict[tuple[str, ...], Read] = {}  # the last model, which most questions are about again


def read(source: Source, settings: Settings, opened: BinaryIO | None) -> Read:
    """The model of a source under these settings; what was read last is not read again."""
    asked = (source["id"], *(settings.get(name, "") for name in ("input", "size", "logits")))
    if asked not in _kept:
        found = _of_text(source["text"], settings) if opened is None else _of_file(source, settings, opened)
        _kept.clear()
        _kept[asked] = found
    return _kept[asked]


def _of_file(source: Source, settings: Settings, opened: BinaryIO) -> Read:
    """A file is what it begins with; where that says nothing, what its name says."""
    name = str(source["name"])
    size = opened.seek(0, 2)
    if size == 0:
        raise ModelError(Message("{file} is empty", file=short(name)))
    opened.seek(0)
    head = opened.read(256)
    if name.lower().endswith(".json") or head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{"):
        return _configured(_text_of(opened, size, name), name, settings)
    if not name.lower().endswith(".onnx") and (head.startswith(UTF_16) or not _NOBODY_TYPES.search(head)):
        return _of_text(_text_of(opened, size, name), settings)
    return _of_onnx(opened, settings)


_NOBODY_TYPES = re.compile(rb"[\x00-\x08\x0e-\x1f]")  # every ONNX file begins with one of these


def _text_of(opened: BinaryIO, size: int, name: str) -> str:
    check_size(size, short(name))
    opened.seek(0)
    return decoded(opened.read(size), short(name))


def _of_onnx(opened: BinaryIO, settings: Settings) -> Read:
    model = from_onnx(opened, _given(settings.get("input", "")))
    return Read(model, model.input_shape, "onnx")


def _given(text: str) -> Any:
    """The sizes of inputs: 3x224x224 of the one, NAME=1x128 or 128 + 2x64 of several, with spaces between."""
    parts = text.replace("--input", " ").split()
    if not parts:
        return None
    if "+" in parts:
        return tuple([sizes(one, INPUT) for one in " ".join(parts).split(" + ")])
    if not any("=" in part for part in parts):
        return sizes("".join(parts), INPUT)
    named = {}
    for part in parts:
        name, _equals, shape = part.rpartition("=")
        named[name] = sizes(shape.rstrip(",;"), INPUT) if shape else ()
    return named


INPUT = Message("Input")


def _of_text(text: str, settings: Settings) -> Read:
    """A configuration, the name of a model, or layers."""
    text = text.removeprefix("\ufeff")
    stripped = _PRINTED_CONFIGURATION.sub("", text.strip())
    if stripped.startswith(("{", "[{")):
        return _configured(stripped, "", settings)
    if stripped in KNOWN:
        return _as_configured(model_named(stripped, **_asked(settings)))
    if stripped.partition(":")[0] in NETWORKS:
        net = network_named(stripped)
        return Read(net, _given(settings.get("input", "")) or net.input_shape, "text")
    if _NAME.fullmatch(stripped):
        raise UnknownNameError(Message("model"), stripped, (*KNOWN, *NETWORKS))
    found = pasted(text)
    shape = _given(settings.get("input", "")) or found.input
    if shape is None:
        raise ShapeError(
            Message("what do the layers read? Write the shape of the input on a line before them, as "
                    "3x32x32, without the batch")
        )  # fmt: skip
    return Read(found.layer, shape, "text")


_NAME = re.compile(r"[^\W\d][^\s()=]*")
_PRINTED_CONFIGURATION = re.compile(r"^\w+ (?=\{)")  # LlamaConfig {, as transformers prints one


def _configured(text: str, name: str, settings: Settings) -> Read:
    fields = fields_of(text, short(name) or Message("the configuration"))
    plain = name.rpartition(".")[0]
    called = None if plain in ("", "config") else plain
    return _as_configured(from_config(fields, name=called, **_asked(settings)))


def _asked(settings: Settings) -> dict[str, Any]:
    """What a configuration is built for."""
    size = settings.get("size", "")
    return {
        "logits": settings.get("logits") or LOGITS[0],
        "size": image_size(size, Message("Size")) if size else None,
    }


def _as_configured(model: ConfiguredModel) -> Read:
    return Read(model, model.input_shape, "configuration")
