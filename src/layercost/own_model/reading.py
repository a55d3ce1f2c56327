"""A reader's file or text as a model: an ONNX file, a configuration, layers, or a name that is known here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO, NamedTuple, TypeAlias

from layercost.layer import Layer
from layercost.message import Message
from layercost.models.families.family import LOGITS
from layercost.models.from_config import LARGEST_FILE, ConfiguredModel, fields_of, from_config
from layercost.models.from_onnx import from_onnx
from layercost.models.known import KNOWN, model_named
from layercost.models.tree import ModelError
from layercost.networks import NETWORKS, network_named
from layercost.options import sizes
from layercost.pasted import LONGEST, pasted
from layercost.shape import ShapeError, shown
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
    """A file is what its name says; of another name, what it begins with."""
    name = str(source["name"])
    size = opened.seek(0, 2)
    if size == 0:
        raise ModelError(Message("{file} is empty", file=short(name)))
    if name.lower().endswith(".json"):
        return _configured(_text_of(opened, size, name), name, settings)
    opened.seek(0)
    head = opened.read(256).removeprefix(b"\xef\xbb\xbf").lstrip()
    if not name.lower().endswith(".onnx"):
        if head.startswith(b"{"):
            return _configured(_text_of(opened, size, name), name, settings)
        if size <= LONGEST and b"\0" not in head and (text := _decoded(opened)) is not None:
            return _of_text(text, settings)
    return _of_onnx(opened, settings)


def _text_of(opened: BinaryIO, size: int, name: str) -> str:
    if size > LARGEST_FILE:
        raise ModelError(
            Message("{file}: expected a configuration of at most {most:,} bytes, but it has {size:,}; "
                    "weights and vocabularies are files of their own",
                    file=short(name), most=LARGEST_FILE, size=size)
        )  # fmt: skip
    text = _decoded(opened)
    if text is None:
        raise ModelError(
            Message("{file}: expected JSON in UTF-8, but the file is no such text", file=short(name))
        )
    return text


def _decoded(opened: BinaryIO) -> str | None:
    opened.seek(0)
    try:
        return opened.read(LARGEST_FILE + 1).decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


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
    stripped = text.strip().removeprefix("\ufeff")
    if stripped.startswith(("{", "[")):
        return _configured(stripped, "", settings)
    if stripped in KNOWN:
        return _as_configured(model_named(stripped, **_asked(settings)))
    if stripped.partition(":")[0] in NETWORKS:
        net = network_named(stripped)
        return Read(net, _given(settings.get("input", "")) or net.input_shape, "text")
    found = pasted(text)
    shape = _given(settings.get("input", "")) or found.input
    if shape is None:
        raise ShapeError(
            Message("what do the layers read? Write the shape of the input on a line before them, as "
                    "3x32x32, without the batch")
        )  # fmt: skip
    return Read(found.layer, shape, "text")


def _configured(text: str, name: str, settings: Settings) -> Read:
    fields = fields_of(text, short(name) or Message("the configuration"))
    plain = name.rpartition(".")[0]
    called = None if plain in ("", "config") else plain
    return _as_configured(from_config(fields, name=called, **_asked(settings)))


def _asked(settings: Settings) -> dict[str, Any]:
    """What a configuration is built for."""
    logits = settings.get("logits") or LOGITS[0]
    size = settings.get("size", "")
    found = sizes(size, Message("Size")) if size else None
    if found is not None and len(found) not in (1, 2):
        raise ShapeError(Message("Size takes height and width, as 224x224, but got {text}", text=shown(size)))
    return {"logits": logits, "size": None if found is None else (found[0], found[-1])}


def _as_configured(model: ConfiguredModel) -> Read:
    return Read(model, model.input_shape, "configuration")
