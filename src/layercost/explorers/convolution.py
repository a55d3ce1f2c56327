"""The explorer of the convolution: a kernel moves over an image, and each place is one dot product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from layercost.convention import Quantity
from layercost.explorers import parts
from layercost.explorers.controls import Place, Size, Tick, Travel
from layercost.explorers.explorer import Explorer
from layercost.explorers.kernel import Moving, bias_of, kernel_picture
from layercost.explorers.subject import Subject
from layercost.layers import Conv2d
from layercost.message import Message
from layercost.message import spoken as _
from layercost.view import escaped, number, tag


class ConvolutionExplorer(Explorer):
    """A convolution over a small image of whole numbers, place by place."""

    name = "convolution"
    axes = ("in_channels", "size", "size")
    headlined = (Quantity.PARAMETERS, Quantity.MACS)
    controls = (
        Size("kernel_size", Message("kernel"), 3, 1, 5, letter="k", main=True),
        Size("stride", Message("stride"), 1, 1, 4, letter="s", main=True),
        Size("padding", Message("padding"), 1, 0, 2, letter="p", main=True),
        Travel("position", Message("place"), 13, 1, 36, letter="k", main=True),
        Size("in_channels", Message("input channels"), 4, 1, 8, letter="C_in"),
        Size("out_channels", Message("output channels"), 4, 1, 8, letter="C_out"),
        Size("groups", Message("groups"), 1, 1, 8, letter="g"),
        Size("dilation", Message("dilation"), 1, 1, 3, letter="d"),
        Size("size", Message("image height and width"), 6, 1, 8, letter="H"),
        Place("kernel", Message("kernel to look at"), 1, 1, 4, letter="C_out"),
        Place("slice", Message("slice to look at"), 1, 1, 4, letter="C_in"),
        Tick("bias", Message("with a bias"), True),
    )

    def build(self, settings: Mapping[str, Any]) -> Subject:
        layer = Conv2d(
            settings["in_channels"], settings["out_channels"], settings["kernel_size"],
            stride=settings["stride"], padding=settings["padding"], dilation=settings["dilation"],
            groups=settings["groups"], bias=settings["bias"],
        )  # fmt: skip
        return Subject(layer, (layer.in_channels, settings["size"], settings["size"]), _words(layer))

    def follow(self, built: Subject) -> None:
        layer = _layer(built)
        self.bound("position", _moving(built, 1, 1, 1).places)
        self.bound("kernel", layer.out_channels)
        self.bound("slice", layer.in_channels // layer.groups)

    def picture(self, built: Subject, settings: Mapping[str, Any]) -> str:
        moving = _at(built, settings)
        walk = tag(
            "div", kernel_picture(moving), class_="lc-walk", tabindex="0", role="group",
            aria_label=_("The moving kernel; the arrow keys move it"),
            data_walk="position", data_row=moving.side,
        )  # fmt: skip
        return tag("figure", walk) + tag("p", _sum(moving), class_="lc-slices")

    def odometer(self, built: Subject, settings: Mapping[str, Any]) -> parts.Odometer:
        moving = _at(built, settings)
        ends = [built.count(quantity).total for quantity in (Quantity.MULTIPLICATIONS, Quantity.ADDITIONS)]
        wheels = parts.wheels(built.facts[0], ends[0], ends[1], Fraction(moving.position, moving.places))
        done, end = moving.on_padding
        if end:
            wheels.append(parts.Wheel(_("with padding"), done, end))
        return Odometer(_scope(moving), wheels, moving=moving)

    def rows(self, built: Subject, settings: Mapping[str, Any]) -> list[tuple[str, int | str, str]]:
        moving = _at(built, settings)
        channels, height, width = (int(size) for size in built.layer.output_shape(built.shape))
        return [
            (_("channels that a kernel reads"), moving.parts, ""),
            (_("output channels"), channels, ""),
            (_("output height"), height, ""),
            (_("output width"), width, ""),
            (_("places"), moving.places, ""),
            (_("multiplications of one kernel at one place"), moving.seen.tally.multiplications, ""),
            (_("multiplications with a 0 of the padding"), moving.on_padding[1], ""),
        ]


@dataclass(frozen=True)
class Odometer(parts.Odometer):
    """The odometer, whose table has the numbers of the place as well."""

    moving: Moving | None = None

    @property
    def table(self) -> str:
        """What was counted so far, and each product of the slice looked at."""
        assert self.moving is not None
        heads = [_("row and column of the slice"), _("image"), _("weight"), _("product")]
        rows = [
            (f"{i}, {j}", _("0 (padding)") if cell.pixel is None else cell.pixel, str(cell.weight),
             str(cell.product))
            for i, line in enumerate(self.moving.cells(self.moving.part), start=1)
            for j, cell in enumerate(line, start=1)
        ]  # fmt: skip
        caption = _("Slice {part} of kernel {kernel} at this place",
                    part=self.moving.part, kernel=self.moving.kernel)  # fmt: skip
        return super().table + parts.plain_table(caption, heads, rows)


def _layer(built: Subject) -> Conv2d:
    assert isinstance(built.layer, Conv2d)
    return built.layer


def _moving(built: Subject, kernel: int, part: int, position: int) -> Moving:
    return _known(_layer(built), built.shape[1], kernel, part, position)


@lru_cache(maxsize=8)
def _known(layer: Conv2d, size: int, kernel: int, part: int, position: int) -> Moving:
    """The same place is asked for by the picture, the odometer and the table: worked out once."""
    return Moving(layer, size, kernel, part, position)


def _at(built: Subject, settings: Mapping[str, Any]) -> Moving:
    return _moving(built, settings["kernel"], settings["slice"], settings["position"])


def _words(layer: Conv2d) -> str:
    values = {
        "n": number(layer.in_channels), "m": number(layer.out_channels), "k": layer.window.kernel[0],
        "s": layer.window.stride[0], "p": layer.window.padding[0], "d": layer.window.dilation[0],
        "g": layer.groups,
    }  # fmt: skip
    said = _("{n} to {m} channels, kernel {k}, stride {s}, padding {p}", **values)
    if layer.groups > 1:
        said = _("{layer}, {g} groups", layer=said, **values)
    return _("{layer}, dilation {d}", layer=said, **values) if values["d"] != 1 else said


def _sum(moving: Moving) -> str:
    """The value of the output as the sum over the slices of the kernel and the bias."""
    terms = [
        tag("span", _signed(value), class_="lc-term lc-d-cin" + (" lc-on" if part == moving.part else ""),
            data_set=f"slice={part}")
        for part, value in enumerate(moving.sums, start=1)
    ]  # fmt: skip
    if moving.layer.bias:
        bias = tag("span", _signed(bias_of(moving.kernel - 1)), class_="lc-term lc-d-const")
        terms.append(f"{bias} {_('(bias)')}")
    result = tag("b", _signed(moving.seen.value), class_="lc-d-cout")
    said = _("Kernel {kernel}:", kernel=number(moving.kernel))
    return f"{escaped(said)} {' + '.join(terms)} = {result}"


def _signed(value: int) -> str:
    return number(value) if value >= 0 else f"(−{number(-value)})"


def _scope(moving: Moving) -> str:
    return _("Place {position} of {places}: {m} multiplications a kernel",
             position=number(moving.position), places=number(moving.places),
             m=number(moving.seen.tally.multiplications))  # fmt: skip
