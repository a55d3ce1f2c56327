"""What a reader has set for a model: counts, the number format, the input; and what can be set of it."""

from __future__ import annotations

from typing import Any

from layercost.caches import cache_of_calls
from layercost.configured import configured_table
from layercost.convention import CONVENTIONS, DTYPE_BITS, UnknownNameError
from layercost.layer import Layer
from layercost.message import Message
from layercost.models.families.family import LOGITS
from layercost.models.from_config import ConfiguredModel
from layercost.models.leaves import LastPosition
from layercost.options import counted
from layercost.own_model.reading import Read, Settings, Source
from layercost.setting import Setting
from layercost.shape import several
from layercost.table import Table, table

COUNTS = {
    "batch": Message("Batch"), "tokens": Message("Tokens"), "source": Message("Tokens read first"),
    "cached": Message("Cached tokens"),
}  # fmt: skip


def _count(settings: Settings, name: str, usual: int, at_least: int = 1) -> int:
    """A whole number of a control; raises ShapeError by the control's name."""
    text = settings.get(name, "").strip()
    return counted(text, COUNTS[name], at_least) if text else usual


def _texts(read: Read) -> dict[str, tuple[int, int]]:
    """Which inputs of a model from its configuration are texts: the place of each, and its usual length."""
    shapes: list[tuple[Any, ...]] = [tuple(shape) for shape in several(read.input)]
    found = dict[str, tuple[int, int]]()
    if len(shapes[-1]) == 1:
        found["tokens"] = (len(shapes) - 1, shapes[-1][0])
    if len(shapes) > 1 and len(shapes[0]) == 1:
        found["source"] = (0, shapes[0][0])
    return found


def input_of(read: Read, settings: Settings) -> Any:
    """The input that is counted for: of a model from its configuration as many tokens as are set."""
    if read.kind != "configuration":
        return read.input
    shapes = [tuple(shape) for shape in several(read.input)]
    for name, (place, usual) in _texts(read).items():
        shapes[place] = (_count(settings, name, usual),)
    return shapes[0] if len(shapes) == 1 else tuple(shapes)


def _own_dtype(read: Read) -> str:
    return read.model.dtype if isinstance(read.model, ConfiguredModel) else "float32"


def setting_of(read: Read, settings: Settings) -> dict[str, Any]:
    """Batch, number format and cached tokens, as `layercost.table` takes them.

    Raises UnknownNameError for a number format that there is not, and ShapeError for a count that is none.
    """
    dtype = settings.get("dtype") or _own_dtype(read)
    if dtype not in DTYPE_BITS:
        raise UnknownNameError(Message("number format"), dtype, DTYPE_BITS)
    cached = _count(settings, "cached", 0, 0) if _keeps(read) else 0
    return {"batch": _count(settings, "batch", 1), "dtype": dtype, "cached": cached}


def _keeps(read: Read) -> bool:
    """Whether a model from its configuration keeps something of each token."""
    if read.kind != "configuration" or "tokens" not in _texts(read):
        return False
    return bool(cache_of_calls(read.model.calls(*several(read.input)), Setting()).layers)


def _convention(settings: Settings) -> str:
    return settings.get("convention") or next(iter(CONVENTIONS))


def table_of(read: Read, settings: Settings) -> Table:
    """The table of what was read, on the input, in the convention and in the setting of the controls."""
    given, convention = input_of(read, settings), _convention(settings)
    setting = setting_of(read, settings)
    if isinstance(read.model, ConfiguredModel):
        return configured_table(read.model, given, convention, **setting)
    return table(read.model, given, convention, **setting)


# ---- which controls there are ------------------------------------------------------------------------


def takes(read: Read) -> dict[str, str]:
    """The controls that change something, each with what stands in it while the reader has set nothing."""
    found: dict[str, str] = {"batch": "1", "dtype": _own_dtype(read)}
    if read.kind != "configuration":
        return {**found, "input": _written(read.input)}
    found |= {name: str(usual) for name, (_place, usual) in _texts(read).items()}
    if _keeps(read):
        found |= {"cached": "0", "memory": ""}
        if _has_head(read.model):
            found |= {"logits": LOGITS[0]}
    shapes = [shape for shape in several(read.input) if len(tuple(shape)) == 3]
    if shapes:
        found |= {"size": "x".join(map(str, tuple(shapes[0])[1:]))}
    return found


def _has_head(model: Layer) -> bool:
    """Whether the model gives scores of tokens, so that positions can be chosen."""
    leaves = list(model.leaves())
    return any(path.rpartition(".")[2] == "head" or isinstance(leaf, LastPosition) for path, leaf in leaves)


def _written(shape: Any) -> str:
    return " + ".join("x".join(map(str, one)) for one in several(shape))


def takes_of_nothing(source: Source) -> dict[str, str]:
    """What can be set of a source that could not be read: an ONNX file may want the sizes of its input."""
    name = str(source.get("name", "")).lower()
    return {"input": ""} if source["kind"] == "file" and not name.endswith(".json") else {}
