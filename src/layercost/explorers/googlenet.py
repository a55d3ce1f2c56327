"""The explorer of GoogLeNet's modules: four branches to scale, with their reductions and without."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from itertools import chain, product
from typing import Any

from layercost.convention import Quantity
from layercost.explorers import parts, telling
from layercost.explorers.answers import as_known
from layercost.explorers.controls import Choice, Size, Tick, sizes_of
from layercost.explorers.explorer import Explorer
from layercost.explorers.markup import box, drawing, line, words
from layercost.explorers.pieces import Piece, bar
from layercost.explorers.polynomial import Polynomial, added, interpolated
from layercost.explorers.subject import Subject
from layercost.layers import Conv2d
from layercost.message import Message
from layercost.message import spoken as _
from layercost.networks.googlenet import TABLE_1, Inception, Style, inception
from layercost.table import Row
from layercost.view import escaped, number, tag

BRANCHES = ("branch1", "branch2", "branch3", "branch4")
_SIDES = {"3": 28, "4": 14, "5": 7}  # of the maps, by the first figure of a module's name


def _entering() -> dict[str, int]:
    """The channels that enter each module of the network."""
    entering, channels = {}, 192
    for name, row in TABLE_1.items():
        entering[name], channels = channels, row.out
    return entering


ENTERING = _entering()


def widths_of(module: str) -> dict[str, int]:
    """What the sliders show of a module of the network."""
    return {**TABLE_1[module]._asdict(), "in_channels": ENTERING[module], "size": _SIDES[module[0]]}


@dataclass(frozen=True, eq=False)
class Module(Subject):
    """A module of four branches, with the same one the other way: with reductions or without."""

    row: Inception = field(default=TABLE_1["3a"])
    style: Style = field(default=Style(batch_norm=False, far=5))
    reduced: bool = True

    @cached_property
    def other(self) -> Subject:
        """The same module with its reductions if this has none, and without if it has them."""
        layer = inception(self.shape[0], self.row, self.style, not self.reduced)
        return Subject(layer, self.shape, self.words)

    @cached_property
    def out_channels(self) -> int:
        """The channels after the concatenation."""
        return int(self.layer.output_shape(self.shape)[0])

    def convolutions(self, branch: str) -> list[Row]:
        """The rows of a branch that convolve, in their order."""
        return convolutions(self, branch)


def convolutions(subject: Subject, branch: str) -> list[Row]:
    """The rows of a branch that convolve, in their order."""
    rows = subject.table().rows
    return [row for row in rows if row.name.startswith(branch) and isinstance(row.module, Conv2d)]


class GoogLeNetExplorer(Explorer):
    """A module of the network is chosen, and its widths are moved; the reductions can be taken out."""

    name = "googlenet"
    wide = True
    alone = Explorer.headlined
    controls = (
        Choice("module", Message("module"), "3a", tuple(TABLE_1), main=True),
        Tick("reduced", Message("reductions"), True, main=True),
        Size("three_reduce", Message("before the 3×3"), 96, 1, 512, letter="C_in", main=True),
        Size("five_reduce", Message("before the 5×5"), 16, 1, 512, letter="C_in", main=True),
        Size("one", Message("channels of the 1×1 branch"), 64, 1, 512, letter="C_out"),
        Size("three", Message("channels of the 3×3 branch"), 128, 1, 512, letter="C_out"),
        Size("five", Message("channels of the 5×5 branch"), 32, 1, 512, letter="C_out"),
        Size("pool", Message("channels of the pooling branch"), 32, 1, 512, letter="C_out"),
        Size("in_channels", Message("channels that enter"), 192, 1, 1024, letter="C_in"),
        Size("size", Message("height and width"), 28, 1, 56, letter="H"),
        Choice("far", Message("kernel of the third branch"), 5,
               ((Message("5×5, as in the paper"), 5), (Message("3×3, as in torchvision"), 3))),
    )  # fmt: skip
    _begun = "3a"  # the module whose widths the sliders were set to

    def build(self, settings: Mapping[str, Any]) -> Module:
        if settings["module"] != self._begun:
            self._begin(settings["module"])
            settings = self.settings
        return self._module(settings)

    def _module(self, settings: Mapping[str, Any]) -> Module:
        """The module of the sliders, whichever it was begun from."""
        row = Inception(*(settings[width] for width in Inception._fields))
        style = Style(batch_norm=False, far=settings["far"])
        channels, size, reduced = (settings[name] for name in ("in_channels", "size", "reduced"))
        layer = inception(channels, row, style, reduced)
        words = _title(row, channels, size, style, reduced)
        return Module(layer, (channels, size, size), words, row=row, style=style, reduced=reduced)

    def _begin(self, module: str) -> None:
        """Set the sliders to the widths of a module of the network."""
        self._begun = module
        with self._quietly():
            for width, value in widths_of(module).items():
                self.control(width).value = value
        self._cut.update(
            widths_of(module)
        )  # a page that moves one of them meanwhile is told which one stands

    def told(self) -> dict[str, Any]:
        sizes = sizes_of(self.controls)
        built = cache(lambda *moved: self._module({**self._printed, **dict(moved)}))
        lines = (
            telling.totals(
                partial(_follows, built, {"reduced": reduced, "far": far}, sizes), sizes,
                {"reduced": reduced, "far": as_known(self._declared["far"], far)}, alone=True,
            )
            for reduced, far in product((True, False), self._declared["far"].samples())
        )  # fmt: skip
        found = telling.told([quantity.value for quantity in self.headlined], chain.from_iterable(lines))
        return {**found, "begins": {"module": {name: widths_of(name) for name in TABLE_1}}}

    def amounts(self, built: Module) -> list[tuple[str, int]]:
        return [*super().amounts(built), (_("channels out"), built.out_channels)]

    def picture(self, built: Module, settings: Mapping[str, Any]) -> str:
        return parts.heading(built.words) + tag("figure", _module(built)) + _compared(built)


_MOVES = {  # how the work of each branch follows the controls
    "branch1": {"one": 1},
    "branch2": {"three_reduce": 1, "three": 1},
    "branch3": {"five_reduce": 1, "five": 1},
    "branch4": {"pool": 1},
}


def _follows(
    built: Callable[..., Module],
    form: Mapping[str, Any],
    sizes: Mapping[str, Size],
    quantity: Quantity,
    convention: str,
) -> Polynomial:
    """A total of the module, branch by branch: each follows few of the controls."""

    def of(branch: str) -> Polynomial:
        def total(at: Mapping[str, int]) -> int:
            rows = built(*form.items(), *at.items()).table(convention).rows
            amounts = (getattr(row, quantity.value) for row in rows if row.name.startswith(branch))
            return sum(amount or 0 for amount in amounts)

        return interpolated(total, sizes, {**_MOVES[branch], "in_channels": 1, "size": 2})

    return added([of(branch) for branch in BRANCHES])


def _title(row: Inception, channels: int, size: int, style: Style, reduced: bool) -> str:
    """The module's name where the network has it, and whether its reductions are there."""
    known = next(
        (name for name, there in TABLE_1.items()
         if (there, ENTERING[name], _SIDES[name[0]]) == (row, channels, size)), "",
    )  # fmt: skip
    named = _("Module {name}", name=known) if known else _("A module of your own")
    if style.far != 5:
        named = _("{module}, 3×3 for 5×5", module=named)
    return named if reduced else _("{module}, without its reductions", module=named)


# ---- the branches, to scale --------------------------------------------------------------------------

_WIDTH, _LINE, _FIRST = 400, 46, 38


def _module(built: Module) -> str:
    """The channels that enter, those of each branch, and the concatenation, on one scale."""
    outs = [_out(built, branch) for branch in BRANCHES]
    inner = [int(row.output[0]) for branch in BRANCHES for row in built.convolutions(branch)]
    unit = (_WIDTH - 2) / max(built.shape[0], built.out_channels, *inner)
    content = [*_entered(built, unit)]
    begun = 0
    foot = _FIRST + _LINE * len(BRANCHES) + 6
    for place, (branch, channels) in enumerate(zip(BRANCHES, outs, strict=True)):
        content += _branch(built, branch, _FIRST + _LINE * place, begun, channels, unit)
        x, width = 1 + begun * unit, channels * unit
        content.append(line(x, _FIRST + _LINE * place + 37, x, foot, "lc-guide"))
        content.append(box(x, foot, width, 18, f"lc-branch lc-branch-{place + 1}"))
        begun += channels
    content.append(line(1 + begun * unit, _FIRST + _LINE * 3 + 37, 1 + begun * unit, foot, "lc-guide"))
    joined = " + ".join(map(number, outs))
    said = _("concatenated: {joined} = {total} channels", joined=joined, total=number(begun))
    content.append(words(1, foot + 34, escaped(said), "lc-joined"))
    says = f"{built.words}. {_('{given} channels enter', given=number(built.shape[0]))}; {said}"
    return drawing("lc-module", _WIDTH, foot + 40, says, *content)


def _out(built: Module, branch: str) -> int:
    rows = built.convolutions(branch)
    return int(rows[-1].output[0]) if rows else built.shape[0]


def _entered(built: Module, unit: float) -> Iterator[str]:
    channels, height, width = built.shape
    said = _(
        "{channels} channels of {h}×{w} enter every branch", channels=number(channels), h=height, w=width
    )
    yield words(1, 13, escaped(said))
    yield box(1, 19, channels * unit, 12, "lc-entered lc-d-cin")


def _branch(built: Module, branch: str, y: float, begun: int, channels: int, unit: float) -> Iterator[str]:
    """A line of words, the channels between two convolutions, and those that come out at their place."""
    rows = built.convolutions(branch)
    yield words(1, y + 13, escaped(_in_words(branch, rows)))
    if len(rows) == 2:
        yield box(1, y + 18, int(rows[0].output[0]) * unit, 6, "lc-between")
    number_of = BRANCHES.index(branch) + 1
    yield box(1 + begun * unit, y + 27, channels * unit, 10, f"lc-branch lc-branch-{number_of}")


def _in_words(branch: str, rows: list[Row]) -> str:
    macs = number(sum(row.macs for row in rows))
    kernels = [f"{row.module.kernel_size[0]}×{row.module.kernel_size[1]} → {int(row.output[0])}"  # type: ignore[attr-defined]
               for row in rows]  # fmt: skip
    if branch == "branch4":
        kernels.insert(0, _("pooling"))
    path = ", ".join(kernels)
    return _("{path}: {macs} MACs", path=path, macs=macs)


# ---- with and without --------------------------------------------------------------------------------


def _compared(built: Module) -> str:
    """Two bars on one scale: the MACs with the reductions and without."""
    ways = {True: built, False: built.other} if built.reduced else {False: built, True: built.other}
    end = max(built.macs, built.other.macs)
    names = {True: _("MACs with the reductions"), False: _("MACs without them")}
    bars = "".join(bar(names[way], _pieces(ways[way]), end) for way in (True, False))
    factor = parts.ratio(ways[False].macs, ways[True].macs)
    said = tag("p", tag("b", factor), " ", escaped(_("without the reductions")), class_="lc-factor")
    return tag("div", bars, said, class_="lc-compared")


def _pieces(subject: Subject) -> list[Piece]:
    return [
        Piece(branch, sum(row.macs for row in convolutions(subject, branch)), f"lc-branch lc-branch-{place}")
        for place, branch in enumerate(BRANCHES, 1)
    ]
