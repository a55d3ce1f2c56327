"""The explorer of batch normalization: one channel of a small batch, normalized, and the same folded away."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

from layercost.convention import Quantity
from layercost.counters import count
from layercost.explorers import telling
from layercost.explorers.answers import as_known
from layercost.explorers.controls import Choice, Size, sizes_of
from layercost.explorers.explorer import Explorer
from layercost.explorers.markup import box, drawing, line, words
from layercost.explorers.polynomial import Polynomial, interpolated
from layercost.explorers.subject import Subject
from layercost.layers import BatchNorm1d, Linear, Sequential, fold
from layercost.message import Message
from layercost.message import spoken as _
from layercost.setting import Setting
from layercost.view import escaped, html_cell, html_table, number, tag

INFERENCE, TRAINING = "inference", "training"
WEIGHTS = (2, -1, 1, -2, 1, 2)  # of the channel that is drawn; as many of them as there are inputs
PRICES = "everything"  # a normalization has no dot products: other conventions leave it out


def sample(place: int, feature: int) -> int:
    """What goes in at a place of the batch, but for the one value that the reader moves."""
    return (3 * place + 2 * feature + place * feature) % 5 - 2


# ---- what is built -------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Normalized(Subject):
    """A fully connected layer and its normalization, with the numbers of one channel on a small batch."""

    moved: int = 0
    bias: int = 0
    gamma: int = 1
    beta: int = 0
    kept_mean: int = 0
    kept_variance: int = 1

    @cached_property
    def norm(self) -> BatchNorm1d:
        """The normalization."""
        assert isinstance(self.layer, Sequential)
        _name, norm = self.layer.children[-1]
        assert isinstance(norm, BatchNorm1d)
        return norm

    @cached_property
    def weights(self) -> tuple[int, ...]:
        """The weights of the channel that is drawn."""
        return WEIGHTS[: self.shape[0]]

    @cached_property
    def inputs(self) -> list[list[int]]:
        """The batch; the last sample begins with the value that the reader moves."""
        features = range(self.shape[0])
        batch = [[sample(place, feature) for feature in features] for place in range(self.batch)]
        batch[-1][0] = self.moved
        return batch

    @cached_property
    def before(self) -> list[int]:
        """What the layer gives, which is what the normalization takes."""
        return [_weighed(self.weights, values) + self.bias for values in self.inputs]

    @cached_property
    def mean(self) -> float:
        """The mean that is subtracted: in training that of the batch, at inference the one that was kept."""
        return sum(self.before) / self.batch if self.training else self.kept_mean

    @cached_property
    def variance(self) -> float:
        """The variance likewise; that of the batch is divided by as many as there are."""
        if not self.training:
            return self.kept_variance
        return sum((value - self.mean) ** 2 for value in self.before) / self.batch

    @cached_property
    def after(self) -> list[float]:
        """What the normalization gives, by its own formula."""
        deviation = math.sqrt(self.variance + self.norm.eps)
        return [self.gamma * ((value - self.mean) / deviation) + self.beta for value in self.before]

    # ---- folded, by the statistics that were kept

    @cached_property
    def scale(self) -> float:
        """What each weight of the channel is multiplied by."""
        return self.gamma / math.sqrt(self.kept_variance + self.norm.eps)

    @cached_property
    def folded_weights(self) -> tuple[float, ...]:
        """The weights of the one layer that is left."""
        return tuple(self.scale * weight for weight in self.weights)

    @cached_property
    def folded_bias(self) -> float:
        """Its bias."""
        return self.scale * (self.bias - self.kept_mean) + self.beta

    @cached_property
    def folded(self) -> list[float]:
        """What it gives."""
        return [_weighed(self.folded_weights, values) + self.folded_bias for values in self.inputs]

    @property
    def apart(self) -> float:
        """The largest difference between the two ways."""
        return max(abs(one - other) for one, other in zip(self.after, self.folded, strict=True))


def _weighed(weights: Any, values: Any) -> Any:
    return sum(weight * value for weight, value in zip(weights, values, strict=True))


# ---- the explorer --------------------------------------------------------------------------------------


class BatchNormalizationExplorer(Explorer):
    """One channel whose numbers move; two layers in training and at inference, and the one they become."""

    name = "batch_normalization"
    controls = (
        Choice(
            "mode", Message("runs"), INFERENCE,
            ((Message("at inference"), INFERENCE), (Message("in training"), TRAINING)),
            main=True, buttons=True,
        ),
        Size("moved", Message("one input x"), 2, -4, 4, letter="d_in", main=True),
        Size("bias", Message("bias b"), 3, -8, 8, main=True),
        Size("gamma", Message("scale γ"), 2, -4, 4, main=True),
        Size("beta", Message("shift β"), 1, -8, 8),
        Size("kept_mean", Message("kept mean μ"), 3, -8, 8),
        Size("kept_variance", Message("kept variance σ²"), 9, 1, 25),
        Choice("eps", Message("ε"), "1e-5", ("1e-5", "1e-3")),
        Size("in_features", Message("inputs of the layer"), 3, 1, 6, letter="d_in"),
        Size("channels", Message("channels"), 2, 1, 1024, letter="C"),
        Size("batch", Message("batch"), 6, 1, 12, letter="N"),
    )  # fmt: skip

    def build(self, settings: Mapping[str, Any]) -> Normalized:
        inputs, channels = settings["in_features"], settings["channels"]
        pair = Sequential(Linear(inputs, channels), BatchNorm1d(channels, eps=float(settings["eps"])))
        numbers = {name: settings[name] for name in ("moved", "bias", "gamma", "beta")}
        kept = {name: settings[name] for name in ("kept_mean", "kept_variance")}
        training = settings["mode"] == TRAINING
        built = Normalized(
            pair, (inputs,), _words(settings, training), settings["batch"], training, **numbers, **kept
        )
        _possible = built.facts  # a batch of one has no statistics to train with
        return built

    def picture(self, built: Normalized, settings: Mapping[str, Any]) -> str:
        before = self._before if isinstance(self._before, Normalized) else None
        return tag("figure", _lines(built, before), tag("figcaption", _said(built))) + _stored(built)

    def headlines(self, built: Normalized, settings: Mapping[str, Any]) -> Iterator[str]:
        yield _counts(built)

    def told(self) -> dict[str, Any]:
        modes = {mode: as_known(self._declared["mode"], mode) for mode in (INFERENCE, TRAINING)}
        forms = _forms(lambda at: self.build({**self._printed, **at}), sizes_of(self.controls), modes)
        return telling.told(["counts"], forms)

    def amounts(self, built: Normalized) -> list[tuple[str, int]]:
        return [(_("operations"), built.count(Quantity.FLOPS, PRICES).total)]

    def rows(self, built: Normalized, settings: Mapping[str, Any]) -> list[tuple[str, int | str, str]]:
        given = zip(built.before, built.after, built.folded, strict=True)
        samples = [
            (_("sample {n}: y, z, z folded", n=place), f"{y}, {_short(z)}, {_short(folded)}", "")
            for place, (y, z, folded) in enumerate(given, start=1)
        ]
        weights = [
            (_("weight {n}, folded", n=place), _short(value), "")
            for place, value in enumerate(built.folded_weights, start=1)
        ]
        return [
            (_("mean that is subtracted"), _short(built.mean), ""),
            (_("variance"), _short(built.variance), ""),
            *weights,
            (_("bias, folded"), _short(built.folded_bias), ""),
            *samples,
        ]


def _words(settings: Mapping[str, Any], training: bool) -> str:
    said = {name: settings[name] for name in ("bias", "gamma", "beta", "moved", "kept_mean", "kept_variance")}
    when = _("in training") if training else _("at inference")
    return _("{when}: b {bias}, γ {gamma}, β {beta}, last input {moved}, μ {kept_mean}, σ² {kept_variance}",
             when=when, **said)  # fmt: skip


def _short(value: float) -> str:
    """Three decimals, none where there are none."""
    said = f"{value:.3f}".rstrip("0").rstrip(".")
    return ("0" if said in ("-0", "") else said).replace("-", "−")


# ---- the picture: what goes through, on lines to scale --------------------------------------------------

WIDTH, HEIGHT = 400, 190
_LEFT, _RIGHT, _REACH = 14, 386, 20  # the lines go from -20 to 20
_ROWS = (46, 106, 166)
_SIZE, _RING = 5, 8


def _lines(built: Normalized, before: Normalized | None) -> str:
    """Three number lines: what the layer gives, what the normalization makes of it, the same folded."""
    says = _(
        "{n} values of one channel on a number line: before the normalization, after it, and as the folded "
        "layer gives them. {said}", n=built.batch, said=_said(built),
    )  # fmt: skip
    names = (_("y = W x + b"), _("z, normalized"), _("z, folded"))
    content = [part for row, name in zip(_ROWS, names, strict=True) for part in _axis(row, name)]
    content += [*_statistics(built), *_ways(built)]
    if before is not None and before.batch == built.batch:
        content += [_dot(value, _ROWS[1], "lc-dot-before", _RING) for value in before.after]
    content += _dots(built.before, _ROWS[0], "lc-d-cin")
    content += _dots(built.after, _ROWS[1], "lc-d-cout")
    content += _dots(built.folded, _ROWS[2], "lc-d-cout")
    return drawing("lc-normalized", WIDTH, HEIGHT, says, *content)


def _dots(values: Sequence[float], row: int, dimension: str) -> list[str]:
    """A dot for each value; that of the sample which the reader moves has a rim."""
    names = [f"lc-dot {dimension}"] * (len(values) - 1) + [f"lc-dot lc-dot-moved {dimension}"]
    return [_dot(value, row, name) for value, name in zip(values, names, strict=True)]


def _x(value: float) -> float:
    middle = (_LEFT + _RIGHT) / 2
    inside = max(-_REACH, min(_REACH, value))
    return round(middle + inside * (_RIGHT - _LEFT) / (2 * _REACH), 1)


def _axis(row: int, name: str) -> Iterator[str]:
    yield words(0, row - 12, escaped(name), "lc-line-name")
    yield line(_LEFT - 8, row, _RIGHT + 8, row, "lc-axis-line")
    for value in range(-_REACH, _REACH + 1, 5):
        yield line(_x(value), row - 3, _x(value), row + 3, "lc-axis-line")
    if row == _ROWS[-1]:
        for value in range(-_REACH, _REACH + 1, 10):
            yield words(_x(value), row + 22, _short(value), "lc-axis-number", text_anchor="middle")


def _statistics(built: Normalized) -> Iterator[str]:
    """The mean on the first line, and a band of one deviation on both sides."""
    row, deviation = _ROWS[0], math.sqrt(built.variance)
    left, right = _x(built.mean - deviation), _x(built.mean + deviation)
    yield box(left, row - 12, round(right - left, 1), 24, "lc-deviation")
    yield line(_x(built.mean), row - 16, _x(built.mean), row + 16, "lc-mean")
    yield words(_x(built.mean), row - 22, f"μ = {_short(built.mean)}", "lc-axis-number", text_anchor="middle")


def _ways(built: Normalized) -> Iterator[str]:
    """From each value to what becomes of it, and from there to what the folded layer gives."""
    for y, z, folded in zip(built.before, built.after, built.folded, strict=True):
        yield line(_x(y), _ROWS[0], _x(z), _ROWS[1], "lc-to")
        same = " lc-same" if abs(z - folded) < 1e-9 else ""
        yield line(_x(z), _ROWS[1], _x(folded), _ROWS[2], f"lc-tie{same}")


def _dot(value: float, row: int, name: str, size: float = _SIZE) -> str:
    """A value on its line; one that lies beyond the line's end is an arrowhead there."""
    x = _x(value)
    if abs(value) <= _REACH:
        return tag("circle", class_=name, cx=x, cy=row, r=size)
    way = math.copysign(7, value)
    return tag("path", class_=f"{name} lc-beyond", d=f"M{x} {row - 6}L{x + way} {row}L{x} {row + 6}z")


def _said(built: Normalized) -> str:
    if built.training:
        return _("In training μ and σ² are those of this batch. Folded by the kept ones, the values differ "
                 "by up to {apart}.", apart=_short(built.apart))  # fmt: skip
    if not built.apart:
        return _("At inference μ and σ² are kept numbers. Folded, the values are exactly the same.")
    return _("At inference μ and σ² are kept numbers. Folded, the values are the same to {n} decimals.",
             n=math.floor(-math.log10(built.apart)))  # fmt: skip


# ---- what is stored ------------------------------------------------------------------------------------


def _stored(built: Normalized) -> str:
    """What the channel stores in two layers, and what is left of it: each number in a box."""
    weights = list(_numbered(built.weights))
    two = [
        *weights, ("b", built.bias, "lc-d-const"),
        ("γ", built.gamma, "lc-d-cout"), ("β", built.beta, "lc-d-cout"),
        ("μ", built.kept_mean, "lc-kept-number"), ("σ²", built.kept_variance, "lc-kept-number"),
    ]  # fmt: skip
    one = [
        *_numbered(built.folded_weights),
        ("b", built.folded_bias, "lc-d-const"),
    ]  # fmt: skip
    return tag("div", _channel(_("two layers"), two), _channel(_("folded"), one), class_="lc-channel-rows")


def _numbered(weights: Sequence[float]) -> Iterator[tuple[str, float, str]]:
    """Each weight with its letter and number."""
    for place, weight in enumerate(weights, start=1):
        yield f"w{tag('sub', str(place))}", weight, "lc-d-cin"


def _channel(name: str, held: Sequence[tuple[str, float, str]]) -> str:
    boxes = (
        tag("span", tag("i", letter), f" {_short(value)}", class_=f"lc-held {kind}")
        for letter, value, kind in held
    )
    return tag("p", tag("b", escaped(name)), *boxes, class_="lc-channel-row")


# ---- what it costs -------------------------------------------------------------------------------------


WAYS = {
    "training": Message("in training"),
    "inference": Message("at inference"),
    "folded": Message("folded"),
}
_COLUMNS = 3  # of numbers: trained values, all stored values, operations for the batch


def counts(built: Normalized) -> dict[str, tuple[int, int, int]]:
    """Each of `WAYS` with its trained values, all stored values, and operations for the batch."""
    alone, found = fold(built.layer), {}
    for way in _possible(built.batch):
        layer = alone if way == "folded" else built.layer
        setting = Setting(batch=built.batch, training=way == "training")
        found[way] = (
            count(layer, Quantity.PARAMETERS, built.shape).total,
            count(layer, Quantity.STORED_VALUES, built.shape).total,
            count(layer, Quantity.FLOPS, built.shape, PRICES, setting=setting).total,
        )
    return found


def _possible(batch: int) -> list[str]:
    """The ways that a batch can go: one value a channel has no statistics to train with."""
    return [way for way in WAYS if batch > 1 or way != "training"]


def _counts(built: Normalized) -> str:
    amounts = {way: [*map(number, each)] for way, each in counts(built).items()}
    return tag("div", _table(amounts, TRAINING if built.training else INFERENCE), class_="lc-own")


def _table(amounts: Mapping[str, Sequence[str]], chosen: str) -> str:
    heads = ("", _("trained"), _("stored"), _("FLOPs · {prices}", prices=PRICES))
    rows = []
    for way, each in amounts.items():
        said = escaped(str(WAYS[way]))
        head = tag("th", tag("b", said) if way == chosen else said, scope="row")
        rows.append(head + "".join(html_cell(amount, "lc-n") for amount in each))
    return html_table("", heads, rows)


# ---- what a page says without Python ---------------------------------------------------------------------

_DEGREES = {"in_features": 1, "channels": 1, "batch": 1}  # how the numbers follow these controls
_ONE = {"batch": 1}

Build = Callable[[Mapping[str, Any]], Normalized]


def _forms(build: Build, sizes: Mapping[str, Size], modes: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The table in each of its forms: in which mode, and for one sample or several; and what is heard."""
    several = {**sizes, "batch": replace(sizes["batch"], low=2)}
    found = _numbers(build, several)
    for mode, said in modes.items():
        when, unless = {"mode": said}, _ONE if mode == TRAINING else {}
        if mode != TRAINING:
            yield _form(found, _possible(1), mode, {**when, **_ONE}, {})
        yield _form(found, _possible(2), mode, when, _ONE)

        def total(quantity: Quantity, convention: str, mode: str = mode) -> Polynomial:
            def of(at: Mapping[str, int]) -> int:
                return build({**at, "mode": mode}).count(quantity, convention).total

            return interpolated(of, several, _DEGREES)

        yield from telling.totals(total, _DEGREES, when, unless)


def _numbers(build: Build, sizes: Mapping[str, Size]) -> dict[str, list[dict[str, Any]]]:
    """The numbers of the table, row by row."""
    counted = cache(lambda *values: counts(build(dict(zip(_DEGREES, values, strict=True)))))

    def follows(way: str, place: int) -> Polynomial:
        return interpolated(lambda at: counted(*map(at.__getitem__, _DEGREES))[way][place], sizes, _DEGREES)

    return {way: [telling.follows(follows(way, place)) for place in range(_COLUMNS)] for way in WAYS}


def _form(
    numbers: Mapping[str, list[dict[str, Any]]], ways: Sequence[str], mode: str, when: Mapping[str, Any],
    unless: Mapping[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """The table with a place for each of its numbers."""
    places = {way: [f"{{{row * _COLUMNS + place}}}" for place in range(_COLUMNS)]
              for row, way in enumerate(ways)}  # fmt: skip
    told = [number for way in ways for number in numbers[way]]
    fields = {name: name for name in _DEGREES}
    return telling.held("counts", fields, when, unless, text=_table(places, mode), numbers=told)
