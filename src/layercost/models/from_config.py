"""Models from the configuration file that model hubs publish, ``config.json``: sizes, and no weights.

The file's ``model_type`` says which family it is; `layercost.models.families` has how each is built.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from layercost.convention import DTYPE_BITS, unknown
from layercost.frozen import frozen
from layercost.layer import Layer, keep
from layercost.layers.model import Model
from layercost.message import Message, Words
from layercost.models.families import FAMILIES, Asked, Family
from layercost.models.families.family import LOGITS, Modules
from layercost.models.families.fields import Default, Derived, Fields, written
from layercost.models.families.unread import note_unread
from layercost.models.tree import ModelError
from layercost.shape import shown

CONFIGURED = "as configured"  # the one version of a model from its configuration
NAME = "config.json"
LARGEST_FILE = 4 * 1024 * 1024  # bytes; labels of 22,000 classes make one
GIVEN = Message("the configuration")


@frozen(init=False)
class ConfiguredModel(Model):
    """A model from its configuration, which knows what the file did not say.

    `defaults` are the values that were taken from elsewhere, each with its source; `notes` say what the table
    does not show. `model_type` and `architecture` are the family and the class that was counted; `dtype` is
    the number format of its weights; `modules` are names in its code that mean other parts than elsewhere.
    """

    model_type: str
    architecture: str
    dtype: str
    modules: Modules = field(compare=False)
    defaults: tuple[Default, ...] = field(compare=False)
    notes: tuple[Words, ...] = field(compare=False)

    def __init__(
        self,
        layers: dict[str, Layer],
        *,
        name: str,
        source: Words,
        input_shape: tuple[int, ...] | tuple[tuple[int, ...], ...],
        model_type: str,
        architecture: str,
        dtype: str,
        modules: Modules | None = None,
        defaults: Iterable[Default] = (),
        notes: Iterable[Words] = (),
    ) -> None:
        super().__init__(layers, name=name, version=CONFIGURED, source=source, input_shape=input_shape)
        keep(
            self, model_type=model_type, architecture=architecture, dtype=dtype, modules=modules or {},
            defaults=tuple(defaults), notes=tuple(notes),
        )  # fmt: skip


def from_config(
    source: str | PathLike[str] | Mapping[str, Any],
    *,
    logits: str = "all",
    size: tuple[int, int] | None = None,
    name: str | None = None,
) -> ConfiguredModel:
    """The model of a configuration: the path of a ``config.json`` or of its folder, its text, or its fields.

    `logits`: the head works on "all" positions, as libraries do unless told otherwise, or on the "last", as a
    text is continued. `size` of an image is height and width, where it is not the file's own. Whatever the
    file leaves out is taken from the class that reads it elsewhere, and listed in ``.defaults``. Of a model
    that reads text and images, of a family that is not known here, the text part is counted and said so.
    Raises ModelError that names the file and the field for what is missing, contradictory or not supported.

    >>> model = from_config({"model_type": "gpt2"})
    >>> sum(held.size for _, leaf in model.leaves() for held in leaf.parameters())
    124439808
    """
    if logits not in LOGITS:
        raise ModelError(unknown(Message("choice of logits"), logits, LOGITS))
    values, file = _fields(source)
    found, fields = _family(values, file)
    fields.only({}, "pruned_heads", why=Message("layers whose heads differ are not known here"))
    try:
        built = found.build(fields, Asked(logits, size))
    except ModelError:
        raise
    except ValueError as error:  # of a layer: what the reader of the family has let through
        raise _error(file, error.args[0]) from None
    note_unread(fields)
    return ConfiguredModel(
        built.layers,
        name=name or _name(source, found),
        source=file,
        input_shape=built.input_shape,
        model_type=found.model_type,
        architecture=built.architecture or _counted_class(fields, found),
        dtype=_dtype(fields, values),
        modules=found.modules,
        defaults=fields.defaults,
        notes=fields.notes,
    )


def _name(source: object, found: Family) -> str:
    """What the model is called: its file, or the folder of a file that is called config."""
    if isinstance(source, Mapping) or _is_text(source):
        return found.model_type
    file = Path(fspath(source))  # type: ignore[call-overload]
    if file.is_dir():
        return file.resolve().name
    return file.parent.name if file.stem == "config" and file.parent.name else file.stem


# ---- which family it is --------------------------------------------------------------------------

FAMILY = Message("family")
_QWEN_VL = ("qwen2_vl", "qwen2_5_vl")  # as published: the fields of the text part stand flat in the whole


def _family(values: Mapping[str, Any], file: Words) -> tuple[Family, Fields]:
    """The family of a configuration and its fields; raises ModelError for one that nobody here knows."""
    if values.get("model_type") is None:
        raise _error(
            file,
            Message('model_type is missing; expected the name of a family, as "llama"; is this the '
                    "configuration of a model?"),
        )  # fmt: skip
    named = values["model_type"]
    if isinstance(named, str) and named in FAMILIES:
        found = FAMILIES[named]
        return found, Fields(values, file=str(file), of=found.config)
    part, own = values.get("text_config"), FAMILIES.get(f"{named}_text")
    if own is not None and part is None and named in _QWEN_VL:
        return own, _flat_text_part(values, file, str(named), own)
    inner = (part.get("model_type") or (own and own.model_type)) if isinstance(part, Mapping) else None
    if isinstance(inner, str) and inner in FAMILIES:
        return _text_part(values, file, str(named), FAMILIES[inner])
    if inner is not None:
        raise _error(
            file, Message("text_config.model_type: {problem}", problem=unknown(FAMILY, inner, FAMILIES))
        )
    raise _error(file, Message("model_type: {problem}", problem=unknown(FAMILY, named, FAMILIES)))


def _text_part(values: Mapping[str, Any], file: Words, named: str, found: Family) -> tuple[Family, Fields]:
    """The part of a model that reads text; what reads images beside it is not counted.

    Whether the head is tied, the whole says; of Qwen2-VL and Qwen2.5-VL either may say that it is.
    """
    whole = Fields(values, file=str(file), of=found.config)
    says_tied = named in _QWEN_VL and values["text_config"].get("tie_word_embeddings") is True
    part = whole.part("text_config", of=found.config, inherits=() if says_tied else ("tie_word_embeddings",))
    part.note(
        Message("Counted is the text part of a {named} model alone (text_config, {inner}); its other parts, "
                "as those that read images, are not.", named=named, inner=found.model_type)
    )  # fmt: skip
    return found, part


def _flat_text_part(values: Mapping[str, Any], file: Words, named: str, found: Family) -> Fields:
    """The same of a file in which the fields of that part stand beside those of the whole."""
    fields = Fields(values, file=str(file), of=found.config)
    fields.note(
        Message("Counted is the text part of a {named} model alone; its other parts, as those that read "
                "images, are not.", named=named)
    )  # fmt: skip
    return fields


def _counted_class(fields: Fields, found: Family) -> str:
    """The class that was counted, of a family whose classes differ by their head alone.

    A class of another name than the family's is noted: it may not be what the family is.
    """
    named = fields.named_class()
    task, stem = fields.task(), found.config.removesuffix("Config")
    counted = f"{stem}For{task}" if task else found.model if fields.has_head() else f"{stem}Model"
    if named is not None and _stem(named) != _stem(counted):
        fields.note(
            Message("The file names the class {name}, but its model_type is {family}: counted is {counted}.",
                    name=named, family=found.model_type, counted=counted)
        )  # fmt: skip
    return counted


def _stem(name: str) -> str:
    """The name of a family in that of a class, as llama in LlamaForCausalLM and gemma3 in Gemma3TextModel."""
    return re.sub(r"(Text)?(For[A-Z].*|LMHead.*|Model)$", "", name).casefold()


# ---- the number format ---------------------------------------------------------------------------

USUAL_DTYPE = "bfloat16"
_DTYPE_NAMES = ("dtype", "torch_dtype")
_SHORT = {
    "double": "float64", "fp64": "float64", "f64": "float64",
    "float": "float32", "fp32": "float32", "f32": "float32",
    "half": "float16", "fp16": "float16", "f16": "float16",
    "bf16": "bfloat16",
}  # fmt: skip


def _dtype(fields: Fields, values: Mapping[str, Any]) -> str:
    """The number format of weights that the file names, its part first; else the usual one, which is said."""
    parts = [fields]
    if fields.values is not values:
        parts.append(Fields(values, file=fields.file, of=fields.of))
    if any(part.values.get("quantization_config") is not None for part in parts):
        fields.note(
            Message("The file says that weights are quantised; bytes here are of the number format named "
                    "with them.")
        )  # fmt: skip
    for part in parts:
        for name, dtype in _named_dtypes(part).items():
            return dtype if dtype in DTYPE_BITS else _not_known(fields, name, part.values[name])
    fields.took("dtype", Derived(USUAL_DTYPE, Message("the usual format of published weights")))
    return USUAL_DTYPE


def _not_known(fields: Fields, name: str, got: object) -> str:
    """The usual number format instead of one that is not known here, which is noted."""
    fields.note(
        Message("The file's {field} is {got}, a number format that is not known here; bytes are of "
                "{usual} instead.", field=name, got=written(got), usual=USUAL_DTYPE)
    )  # fmt: skip
    return USUAL_DTYPE


def _named_dtypes(part: Fields) -> dict[str, str]:
    """The format under each name that `part` has for it, spelled as here; "auto" and null say nothing."""
    found: dict[str, str] = {}
    for name in _DTYPE_NAMES:
        value = part.values.get(name)
        if value is None or value == "auto":
            continue
        text = str(value)
        if not isinstance(value, str) and not text.startswith("torch."):  # the object of that library passes
            part.expected(name, Message('the name of a number format, as "bfloat16"'), value)
        plain = text.removeprefix("torch.")
        found[name] = _SHORT.get(plain, plain)
    if len(set(found.values())) > 1:
        part.contradicts(*_DTYPE_NAMES)
    return found


# ---- the file ------------------------------------------------------------------------------------


def _fields(source: str | PathLike[str] | Mapping[str, Any]) -> tuple[Mapping[str, Any], Words]:
    """The fields of a configuration, and how errors call it."""
    if isinstance(source, Mapping):
        return source, GIVEN
    if not isinstance(source, (str, PathLike)):
        raise ModelError(
            Message(
                "from_config takes the path of a config.json or its fields as a dictionary, but got {got}",
                got=shown(source),
            )
        )
    if _is_text(source):
        return fields_of(str(source), GIVEN), GIVEN
    file = fspath(source)
    if _is_folder(Path(file)):
        file = str(Path(file) / NAME)
    return fields_of(_text(Path(file), file), file), file


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # its name is too long
        return False


def _text(path: Path, file: Words) -> str:
    try:
        check_size(path.stat().st_size, file)
        return decoded(path.read_bytes(), file)
    except OSError as error:
        raise _error(file, Message("cannot be read: {error}", error=error.strerror or error)) from None
    except ValueError as error:  # a path with a null in it; an error of ours passes
        if isinstance(error, ModelError):
            raise
        raise _error(file, Message("is no path: {error}", error=error)) from None


def decoded(content: bytes, file: Words) -> str:
    """The text of a file in UTF-8, or in UTF-16 as Windows writes it; raises ModelError for another."""
    try:
        return content.decode("utf-16" if content.startswith(UTF_16) else "utf-8-sig")
    except UnicodeDecodeError:
        raise _error(file, Message("expected text in UTF-8, but the file is no such text")) from None


UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def _is_text(source: object) -> bool:
    """Whether this is the text of a file, and no path."""
    return isinstance(source, str) and source.lstrip()[:1] in ("{", "[")


def check_size(size: int, file: Words) -> None:
    """Raise ModelError for what is too large to be a configuration."""
    if size > LARGEST_FILE:
        raise _error(
            file,
            Message("expected a configuration of at most {most:,} bytes, but it has {size:,}; weights and "
                    "vocabularies are files of their own", most=LARGEST_FILE, size=size),
        )  # fmt: skip


def fields_of(text: str, file: Words) -> Mapping[str, Any]:
    """The fields in the text of a configuration, which errors call `file`; raises ModelError."""
    check_size(len(text), file)
    _check_depth(text, file)
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except _Twice as error:
        raise _error(
            file,
            Message("{field}: it stands there twice, with two values; leave one of them out",
                    field=error.args[0]),
        ) from None  # fmt: skip
    except ValueError as error:
        raise _error(file, Message("expected JSON: {error}", error=error)) from None
    if not isinstance(found, dict):
        raise _error(
            file,
            Message('expected an object with model_type and its other fields, but got {got}',
                    got=written(found)),
        )  # fmt: skip
    return found


DEEPEST = 100  # objects within objects; a browser's Python breaks down at some thousand
_WITHIN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|([\[{])|([\]}])')


def _check_depth(text: str, file: Words) -> None:
    """Raise ModelError for what is nested too deep to be a configuration, before anybody reads it."""
    depth = 0
    for found in _WITHIN.finditer(text):
        depth += (found[1] is not None) - (found[2] is not None)
        if depth > DEEPEST:
            raise _error(file, Message("it is nested too deep to be a configuration"))


class _Twice(Exception):
    """A field that stands twice in an object, with two values."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found and found[key] != value and not _both_nan(found[key], value):
            raise _Twice(key)
        found[key] = value
    return found


def _both_nan(*values: object) -> bool:
    return all(isinstance(value, float) and math.isnan(value) for value in values)


def _error(file: Words, problem: Words) -> ModelError:
    return ModelError(Message("{file}: {problem}", file=file, problem=problem))
