"""The explorer of output sizes: one row of cells, and five rules that do not agree about its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from layercost.explorers import parts, telling
from layercost.explorers.controls import Choice, Size
from layercost.explorers.explorer import Explorer
from layercost.explorers.rules import (
    FIVE,
    FURTHER,
    LETTERS,
    NAMES,
    Axis,
    Stand,
    answers,
    rules_picture,
    sizes_told,
)
from layercost.message import Message
from layercost.message import spoken as _
from layercost.view import escaped, number, tag


class OutputSizeExplorer(Explorer):
    """One axis under a window, by the rules of PyTorch, Caffe and TensorFlow, and of ONNX under *more*."""

    name = "output_size"
    counted = False
    controls = (
        Size("size", Message("cells"), 8, 1, 24, letter="H", main=True),
        Size("kernel", Message("window"), 3, 1, 11, letter="k", main=True),
        Size("stride", Message("stride"), 2, 1, 8, letter="s", main=True),
        Size("padding", Message("padding"), 1, 0, 5, letter="p", main=True),
        Size("dilation", Message("dilation"), 1, 1, 4, letter="d"),
        Choice("rule", Message("rule to look at"), "floor", tuple(NAMES), looks=True),
    )

    def build(self, settings: Mapping[str, Any]) -> Axis:
        fields = ("size", "kernel", "stride", "padding", "dilation")
        return Axis(*(settings[field] for field in fields))

    def picture(self, built: Axis, settings: Mapping[str, Any]) -> str:
        stand = built.stands[settings["rule"]]
        said = " ".join(stand.sentences())
        shown = rules_picture(built, FIVE, settings["rule"])
        sentence = tag("p", escaped(said), class_="lc-rule-said", role="status")
        return tag("figure", shown) + sentence + _line(stand)

    def detail(self, built: Axis, settings: Mapping[str, Any]) -> str:
        heading = parts.heading(_("Caffe's convolution, and ONNX"))
        return heading + tag("figure", rules_picture(built, FURTHER, settings["rule"]))

    def describe(self, built: Axis) -> str:
        said = _("{n} cells, window {k}, stride {s}, padding {p}",
                 n=number(built.size), k=number(built.kernel), s=number(built.stride),
                 p=number(built.padding))  # fmt: skip
        return said if built.dilation == 1 else _("{axis}, dilation {d}", axis=said, d=number(built.dilation))

    def amounts(self, built: Axis) -> list[tuple[str, int]]:
        return [(built.stands[name].name, built.stands[name].size or 0) for name in ("floor", "ceil")]

    def headlines(self, built: Axis, settings: Mapping[str, Any]) -> Iterator[str]:
        found = [number(size) for size in answers(built)]
        yield tag("p", escaped(_how_many(found)), class_="lc-answers-said lc-own")

    def told(self) -> dict[str, Any]:
        line = telling.held(
            "sizes", LETTERS, rules=sizes_told(), alike=escaped(_ALIKE.filled(size="{size}")),
            text=escaped(_SEVERAL.filled(n="{n}", sizes="{sizes}")),
        )  # fmt: skip
        return telling.told(["sizes"], [line], heard=False)

    def lines(self, built: Axis, settings: Mapping[str, Any]) -> Iterable[str]:
        return map(_line, built.stands.values())

    def tables(self, built: Axis, settings: Mapping[str, Any]) -> Iterable[str]:
        heads = [
            _("rule"), _("size"), _("padding before"), _("padding after"), _("hangs over the end by"),
            _("cells never read"),
        ]  # fmt: skip
        rows = [_row(built.stands[name]) for name in NAMES]
        yield parts.plain_table(self.describe(built), heads, rows)


_ALIKE = Message("The five rules agree: {size}.")
_SEVERAL = Message("The five rules give {n} answers: {sizes}.")


def _how_many(sizes: Sequence[str]) -> str:
    if len(sizes) == 1:
        return str(_ALIKE.filled(size=sizes[0]))
    return str(_SEVERAL.filled(n=number(len(sizes)), sizes=", ".join(sizes)))


def _line(stand: Stand) -> str:
    if stand.formula is None:
        return ""
    return parts.derivation(stand.name, stand.formula, "")


def _row(stand: Stand) -> tuple[str | int, ...]:
    if stand.size is None:
        return (stand.name, _("refuses"), "", "", "", "")
    said = stand.said
    return (stand.name, stand.size, said.before, said.after, stand.beyond, len(stand.unread))
