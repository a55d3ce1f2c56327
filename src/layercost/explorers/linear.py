"""The explorer of the fully connected layer: one dot product a row, a row for each output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ipywidgets import VBox

from layercost.convention import CONVENTIONS, Quantity, pricing
from layercost.counters import count
from layercost.counting import Count
from layercost.explorers import parts
from layercost.explorers.explorer import (
    Explorer,
    convention_switch,
    slider,
    tick_box,
    travel,
)  # fmt: skip
from layercost.explorers.markup import box, drawing
from layercost.explorers.matrix import Product, matrix_picture
from layercost.layers import Linear
from layercost.message import spoken as _
from layercost.view import number, tag

_LARGEST, _LARGEST_BATCH = 1024, 64
_OUTLINE_WIDTH, _OUTLINE_HEIGHT = 128, 84


@dataclass(frozen=True, slots=True)
class Built:
    """A layer and the batch that it runs on."""

    layer: Linear
    batch: int

    def count(self, quantity: Quantity, convention: str = "textbook") -> Count:
        """One quantity of the layer for the whole batch."""
        return count(self.layer, quantity, (self.layer.in_features,), convention, batch=self.batch)


class LinearExplorer(Explorer):
    """A fully connected layer with its sizes, bias and batch to be moved."""

    name = "linear"
    panes = ("controls", "picture", "message", "ghost", "line", "twin")
    shaping = frozenset({"in_features", "out_features", "bias", "batch"})

    def __init__(self, in_features: int = 300, out_features: int = 100) -> None:
        step = slider("step", _("products taken"), 5, 0, in_features + 1, "lc-follows", "lc-d-cin")
        controls = {
            "in_features": slider("in_features", _("input features"), in_features, 0, _LARGEST, "lc-d-cin"),
            "out_features": slider(
                "out_features", _("output features"), out_features, 0, _LARGEST, "lc-d-cout"
            ),
            "bias": tick_box("bias", _("with a bias"), True, "lc-d-const"),
            "batch": slider("batch", _("batch"), 1, 0, _LARGEST_BATCH, "lc-d-const"),
            "convention": convention_switch(),
            "row": slider("row", _("output"), 1, 1, out_features, "lc-follows", "lc-begins", "lc-d-cout"),
            "step": step,
        }
        super().__init__(controls, VBox([*controls.values(), travel(step)]))

    def build(self, settings: Mapping[str, Any]) -> Built:
        layer = Linear(settings["in_features"], settings["out_features"], bias=settings["bias"])
        layer.facts((layer.in_features,), batch=settings["batch"])  # refuses a batch of 0
        return Built(layer, settings["batch"])

    def follow(self, built: Built) -> None:
        self.bound("row", built.layer.out_features)
        self.bound("step", built.layer.in_features + built.layer.bias)

    def describe(self, built: Built) -> str:
        layer, batch = built.layer, built.batch
        bias = _("with a bias") if layer.bias else _("without a bias")
        sizes = _("{n} inputs to {m} outputs", n=number(layer.in_features), m=number(layer.out_features))
        return f"{sizes} {bias}" + (_(", batch {batch}", batch=batch) if batch > 1 else "")

    def draw(self, built: Built, before: Built | None, settings: Mapping[str, Any]) -> None:
        layer, convention = built.layer, settings["convention"]
        product = Product(
            layer.in_features, layer.out_features, layer.bias, settings["row"], settings["step"]
        )
        self.show("picture", (built, product), _picture, built, product)
        self.show("line", (built, convention), _lines, built, convention)
        self.show("ghost", (built, before), self._ghost, built, before)
        self.show("twin", (built, product, convention), _twin, built, product, convention)

    def _ghost(self, built: Built, before: Built | None) -> str:
        if before is None:
            return ""
        amounts = [
            (_("MACs"), built.count(Quantity.MACS).total, before.count(Quantity.MACS).total),
            (
                _("parameters"),
                built.count(Quantity.PARAMETERS).total,
                before.count(Quantity.PARAMETERS).total,
            ),
        ]
        change = _("since {before}; now {now}", before=self.describe(before), now=self.describe(built))
        return parts.ghost(_outline(built.layer, before.layer), amounts, change)


# ---- the panes ----------------------------------------------------------------------------------


def _picture(built: Built, product: Product) -> str:
    note = (
        ""
        if product.few
        else _("Not every square is drawn. Up to 6 inputs and 6 outputs you see each connection too.")
    )
    return tag("figure", matrix_picture(product, "row"), tag("figcaption", note)) + _odometer(built, product)


def _wheels(product: Product) -> list[parts.Wheel]:
    """Multiplications, additions of products, and the addition of the bias, for one output."""
    whole, taken = product.in_features, min(product.step, product.in_features)
    wheels = [
        parts.Wheel(_("multiplications"), _in_one_output(Quantity.MULTIPLICATIONS, taken),
                      _in_one_output(Quantity.MULTIPLICATIONS, whole)),
        parts.Wheel(_("additions of products"), _in_one_output(Quantity.ADDITIONS, taken),
                      _in_one_output(Quantity.ADDITIONS, whole)),
    ]  # fmt: skip
    if product.bias:
        wheels.append(parts.Wheel(_("addition of the bias"), int(product.finished), 1))
    return wheels


def _in_one_output(quantity: Quantity, length: int) -> int:
    """What a dot product of this length takes; nothing before its first product."""
    return count(Linear(length, 1, bias=False), quantity, (length,)).total if length else 0


def _odometer(built: Built, product: Product) -> str:
    scope = _("Output {row}: {taken} of {all} products",
              row=number(product.row), taken=number(min(product.step, product.in_features)),
              all=number(product.in_features))  # fmt: skip
    outputs = product.out_features * built.batch
    summary = _(
        "{outputs} outputs alike: {multiplications} multiplications and {additions} additions.",
        outputs=number(outputs),
        multiplications=number(built.count(Quantity.MULTIPLICATIONS).total),
        additions=number(built.count(Quantity.ADDITIONS).total),
    )
    return parts.odometer(scope, _wheels(product), summary)


def _lines(built: Built, convention: str) -> str:
    size = built.count(Quantity.PARAMETER_BYTES)
    facts = [built.layer.facts((built.layer.in_features,), batch=built.batch)]

    def not_counted(quantity: Quantity) -> str:
        return parts.left_out(facts, pricing(quantity, CONVENTIONS[convention]))

    return "".join([
        parts.substitution(_("parameters"), built.count(Quantity.PARAMETERS)),
        parts.substitution(_("bytes"), size, parts.in_float32(size.total)),
        parts.substitution(_("MACs"), built.count(Quantity.MACS), not_counted(Quantity.MACS)),
        parts.substitution(_("FLOPs"), built.count(Quantity.FLOPS, convention), not_counted(Quantity.FLOPS)),
    ])  # fmt: skip


def _outline(now: Linear, then: Linear) -> str:
    """W to scale, with the W of the last setting as an outline around or inside it."""
    widest, tallest = max(now.in_features, then.in_features), max(now.out_features, then.out_features)
    scale = min(_OUTLINE_WIDTH / widest, _OUTLINE_HEIGHT / tallest)
    says = _(
        "The weights to scale: {now}, and before as an outline: {then}.", now=_size(now), then=_size(then)
    )
    return drawing(
        "lc-scale", _OUTLINE_WIDTH + 4, tallest * scale + 4, says,
        box(2, 2, now.in_features * scale, now.out_features * scale, "lc-weights-now"),
        box(2, 2, then.in_features * scale, then.out_features * scale, "lc-ghost-outline"),
    )  # fmt: skip


def _size(layer: Linear) -> str:
    return _("{rows} by {columns}", rows=number(layer.out_features), columns=number(layer.in_features))


_IN_THE_TABLE = (
    Quantity.PARAMETERS,
    Quantity.PARAMETER_BYTES,
    Quantity.MACS,
    Quantity.MULTIPLICATIONS,
    Quantity.ADDITIONS,
)


def _row_of(counted: Count) -> tuple[str, int, str]:
    return counted.quantity.value.replace("_", " "), counted.total, counted.unit


def _twin(built: Built, product: Product, convention: str) -> str:
    layer = built.layer
    flops = built.count(Quantity.FLOPS, convention)
    held = {part.name: int(part.size) for part in layer.parameters()}
    values = [
        (_("input features d_in"), layer.in_features, ""),
        (_("output features d_out"), layer.out_features, ""),
        (_("weights"), held["weight"], ""),
        (_("biases"), held.get("bias", 0), ""),
        *(_row_of(built.count(quantity)) for quantity in _IN_THE_TABLE),
        (_("FLOPs"), flops.total, f"{flops.unit} · {convention}"),
    ]  # fmt: skip
    counted = [(wheel.name, wheel.done, wheel.end) for wheel in _wheels(product)]
    return parts.twin(
        _("The picture as a table"),
        parts.plain_table(
            _("The layer, batch {batch}", batch=built.batch), [_("what"), _("value"), _("unit")], values
        ),
        parts.plain_table(
            _("Output {row}", row=number(product.row)), [_("operation"), _("so far"), _("in all")], counted
        ),
    )


def linear_explorer(in_features: int = 300, out_features: int = 100) -> LinearExplorer:
    """The explorer of a fully connected layer, beginning with these sizes."""
    return LinearExplorer(in_features, out_features)
