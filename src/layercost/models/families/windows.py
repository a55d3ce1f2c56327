"""Which layers look back over a window alone: by a list, by numbers, or by the rule of the class."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from layercost.message import Message, either
from layercost.models.families.fields import Fields, written

FULL, SLIDING = "full_attention", "sliding_attention"
Windows: TypeAlias = list[int | None]  # for each layer how many tokens it sees, None for all
Rule: TypeAlias = Callable[[int], bool]  # whether the layer of that number has a window


def none(_: int) -> bool:
    """No layer has a window."""
    return False


def all_of_them(_: int) -> bool:
    """Every layer has a window."""
    return True


def every(count: int) -> Rule:
    """All layers but each `count`-th have a window."""
    return lambda place: bool((place + 1) % count)


def windows(fields: Fields, depth: int, window: int | None, rule: Rule) -> Windows:
    """The window of each layer: ``layer_types`` where the file has it, else the rule of its class.

    The file has a name for each layer, or how many layers there are of each name; these stand as the rule has
    them where its numbers are the same.
    """
    types = fields.values.get("layer_types")
    if isinstance(types, Mapping):
        slides = _numbered(fields, depth, types, rule)
    elif types is not None:
        slides = _listed(fields, depth, types)
    else:
        slides = [rule(place) for place in range(depth)]
        if window is not None:
            fields.took("layer_types", _counted(slides))
    if window is None and any(slides) and types is not None:
        fields.note(
            Message("Layers of sliding attention have no window in this file, and look at all tokens.")
        )
    return [window if slide else None for slide in slides]


def _counted(slides: Iterable[bool]) -> dict[str, int]:
    found = list(slides)
    return {SLIDING: sum(found), FULL: len(found) - sum(found)}


def _listed(fields: Fields, depth: int, types: object) -> list[bool]:
    if not isinstance(types, (list, tuple)):
        fields.expected("layer_types", Message("a name for each layer"), types)
    if len(types) != depth:
        fields.refuse(
            "layer_types",
            Message("expected a name for each of {depth} layers, but got {count}",
                    depth=depth, count=len(types)),
            Message("num_hidden_layers and layer_types must agree"),
        )  # fmt: skip
    return [_slides(fields, name) for name in types]


def _slides(fields: Fields, name: object) -> bool:
    if name not in (FULL, SLIDING):
        fields.refuse(
            "layer_types",
            Message("layers of {got} are not counted here", got=written(name)),
            Message("expected {known}", known=either([written(FULL), written(SLIDING)])),
        )
    return name == SLIDING


def _numbered(fields: Fields, depth: int, types: Mapping[object, object], rule: Rule) -> list[bool]:
    total = 0
    for name, count in types.items():
        _slides(fields, name)
        if type(count) is not int or count < 0:
            fields.expected("layer_types", Message("how many layers there are of each name"), types)
        total += count
    if total != depth:
        fields.refuse(
            "layer_types",
            Message("{total} layers in all contradict num_hidden_layers, {depth}", total=total, depth=depth),
        )
    slides = [rule(place) for place in range(depth)]
    windowed = int(types.get(SLIDING, 0))  # type: ignore[call-overload]
    return slides if sum(slides) == windowed else [place < windowed for place in range(depth)]


def switched_window(fields: Fields, *, default: int | None) -> int | None:
    """``sliding_window`` where ``use_sliding_window`` is true, else none."""
    if not fields.flag("use_sliding_window", default=False):
        return None
    return fields.whole_or_none("sliding_window", default=default)


def late_rule(fields: Fields, window: int | None, *, default: int) -> Rule:
    """Qwen's rule: layers from ``max_window_layers`` on have a window."""
    if window is None:
        return none
    first = fields.whole("max_window_layers", default=default, least=0)
    return lambda place: place >= first


def pattern(fields: Fields, *, default: int) -> Rule:
    """All layers but each ``sliding_window_pattern``-th have a window."""
    listed = fields.values.get("layer_types") is not None
    return every(default if listed else fields.whole("sliding_window_pattern", default=default))
