"""The explorer of the fully connected layer: one dot product a row, a row for each output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from layercost.convention import Quantity
from layercost.counters import count
from layercost.explorers import parts
from layercost.explorers.controls import Place, Size, Tick, Travel
from layercost.explorers.explorer import Explorer
from layercost.explorers.markup import box, drawing
from layercost.explorers.matrix import Product, matrix_picture
from layercost.explorers.subject import Subject
from layercost.layers import Linear
from layercost.message import Message
from layercost.message import spoken as _
from layercost.view import number, tag

_OUTLINE_WIDTH, _OUTLINE_HEIGHT = 128, 84


class LinearExplorer(Explorer):
    """A fully connected layer with its sizes, bias and batch to be moved."""

    name = "linear"
    axes = ("in_features",)
    controls = (
        Size("in_features", Message("input features"), 300, 0, 65_536, letter="d_in", main=True),
        Size("out_features", Message("output features"), 100, 0, 65_536, letter="d_out", main=True),
        Tick("bias", Message("with a bias"), True, main=True),
        Travel("step", Message("products taken"), 5, 0, 301, letter="d_in", main=True),
        Size("batch", Message("batch"), 1, 0, 1024, letter="N"),
        Place("row", Message("output"), 1, 1, 100, letter="d_out"),
    )

    def build(self, settings: Mapping[str, Any]) -> Subject:
        layer = Linear(settings["in_features"], settings["out_features"], bias=settings["bias"])
        return Subject(layer, (layer.in_features,), _words(layer, settings["batch"]), settings["batch"])

    def follow(self, built: Subject) -> None:
        layer = _layer(built)
        self.bound("row", layer.out_features)
        self.bound("step", layer.in_features + layer.bias)

    def picture(self, built: Subject, settings: Mapping[str, Any]) -> str:
        product = _product(built, settings)
        note = (
            ""
            if product.few
            else _("Not every square is drawn. Up to 6 inputs and 6 outputs you see each connection too.")
        )
        return tag("figure", matrix_picture(product, "row"), tag("figcaption", note))

    def odometer(self, built: Subject, settings: Mapping[str, Any]) -> parts.Odometer:
        product = _product(built, settings)
        scope = _("Output {row}: {taken} of {all} products",
                  row=number(product.row), taken=number(min(product.step, product.in_features)),
                  all=number(product.in_features))  # fmt: skip
        summary = _(
            "{outputs} outputs alike: {multiplications} multiplications and {additions} additions.",
            outputs=number(product.out_features * built.batch),
            multiplications=number(built.count(Quantity.MULTIPLICATIONS).total),
            additions=number(built.count(Quantity.ADDITIONS).total),
        )
        return parts.Odometer(scope, _wheels(product), summary)

    def outline(self, built: Subject, before: Subject) -> str:
        return _outline(_layer(built), _layer(before))

    def rows(self, built: Subject, settings: Mapping[str, Any]) -> list[tuple[str, int | str, str]]:
        layer = _layer(built)
        held = {part.name: int(part.size) for part in layer.parameters()}
        return [
            (_("input features d_in"), layer.in_features, ""),
            (_("output features d_out"), layer.out_features, ""),
            (_("weights"), held["weight"], ""),
            (_("biases"), held.get("bias", 0), ""),
        ]


def _layer(built: Subject) -> Linear:
    assert isinstance(built.layer, Linear)
    return built.layer


def _words(layer: Linear, batch: int) -> str:
    said = (
        _("{n} inputs to {m} outputs with a bias", n=number(layer.in_features), m=number(layer.out_features))
        if layer.bias
        else _("{n} inputs to {m} outputs without a bias",
               n=number(layer.in_features), m=number(layer.out_features))
    )  # fmt: skip
    return _("{layer}, batch {batch}", layer=said, batch=number(batch)) if batch > 1 else said


def _product(built: Subject, settings: Mapping[str, Any]) -> Product:
    layer = _layer(built)
    return Product(layer.in_features, layer.out_features, layer.bias, settings["row"], settings["step"])


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
