"""The explorer of residual networks: a block is chosen, and the whole network grows of it, to scale."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from itertools import chain, product
from typing import Any

from layercost.convention import CONVENTIONS, Quantity
from layercost.counting import left_out_in_words
from layercost.explorers import parts, telling
from layercost.explorers.answers import as_known
from layercost.explorers.controls import Choice, Size, sizes_of
from layercost.explorers.explorer import Explorer
from layercost.explorers.markup import drawing, line, words
from layercost.explorers.pieces import Mark, Piece, bar
from layercost.explorers.polynomial import Polynomial, interpolated
from layercost.explorers.subject import Subject
from layercost.layers import BatchNorm2d, Conv2d
from layercost.message import Message
from layercost.message import spoken as _
from layercost.networks.resnet import Plan, Style, planned
from layercost.table import Row, Total
from layercost.view import escaped, number, tag

BLOCKS = {
    "2-2-2-2": (2, 2, 2, 2),
    "3-4-6-3": (3, 4, 6, 3),
    "3-4-23-3": (3, 4, 23, 3),
    "3-8-36-3": (3, 8, 36, 3),
}
PUBLISHED = {
    ("2-2-2-2", False): 18, ("3-4-6-3", False): 34,
    ("3-4-6-3", True): 50, ("3-4-23-3", True): 101, ("3-8-36-3", True): 152,
}  # fmt: skip
AROUND = ("stem", "classifier")  # what stands before the blocks, and what comes after
AROUND_SAID = {"stem": Message("stem"), "classifier": Message("classifier")}
STAGES = ("1", "2", "3", "4")
PLACES = {  # of a block that is looked at: the stage, and whether it is its first
    f"stage {stage}, {which}": (int(stage), which == "first block")
    for stage in STAGES
    for which in ("first block", "later blocks")
}
PLACES_SAID = {
    place: Message("stage {stage}, first block", stage=stage)
    if first
    else Message("stage {stage}, later blocks", stage=stage)
    for place, (stage, first) in PLACES.items()
}
STRIDES = {"3×3 (v1.5)": "v1.5", "1×1 (v1)": "v1"}  # where a bottleneck's stride sits, and the version


@dataclass(frozen=True, eq=False)
class Residual(Subject):
    """A residual network with what each of its blocks holds and does."""

    plan: Plan = field(default_factory=lambda: Plan((2, 2, 2, 2), bottleneck=False))

    @cached_property
    def _key(self) -> tuple[object, ...]:
        return (self.plan,)

    @cached_property
    def parameters(self) -> int:
        return self.total().parameters

    @cached_property
    def macs(self) -> int:
        return self.total().macs

    def cost(self, convention: str) -> int:
        return self.total(convention).flops or 0

    def total(self, convention: str = "textbook") -> Total:
        """The sums of the whole network, from its table, which is there already."""
        return self.table(convention).total

    @cached_property
    def rows_of(self) -> dict[str, list[Row]]:
        """The rows of each block by its stage and number, as layer1.0; and `AROUND` them."""
        return self.rows_by("textbook")

    def rows_by(self, convention: str) -> dict[str, list[Row]]:
        """The same with what a convention counts."""
        found: dict[str, list[Row]] = {}
        for row in self.table(convention).rows:
            inside = row.name.startswith("layer")
            part = ".".join(row.name.split(".")[:2]) if inside else AROUND[len(found) > 1]
            found.setdefault(part, []).append(row)
        return found

    def block(self, place: str) -> list[Row]:
        """The rows of the block at one of `PLACES`."""
        stage, first = PLACES[place]
        return self.rows_of[f"layer{stage}.{0 if first else 1}"]


@lru_cache(maxsize=32)
def _residual(plan: Plan, named: str) -> Residual:
    return Residual(planned(plan), (3, 224, 224), named, plan=plan)


class ResNetExplorer(Explorer):
    """Blocks, their kind, their waist and their stride are chosen; one block is looked at."""

    name = "resnet"
    wide = True
    controls = (
        Choice("blocks", Message("blocks a stage"), "3-4-6-3", tuple(BLOCKS), main=True),
        Choice(
            "block",
            Message("kind of block"),
            "basic",
            ((Message("basic"), "basic"), (Message("bottleneck"), "bottleneck")),
            main=True,
            buttons=True,
        ),
        Choice("stride", Message("stride in its"), "3×3 (v1.5)", tuple(STRIDES), main=True),
        Size("inner", Message("channels inside"), 64, 8, 256, letter="C_out", main=True),
        Choice(
            "looked",
            Message("block to look at"),
            "stage 2, later blocks",
            tuple((said, place) for place, said in PLACES_SAID.items()),
            looks=True,
        ),
        Choice(
            "shortcut",
            Message("a shortcut that changes size"),
            "projection",
            ((Message("projection"), "projection"), (Message("zeros"), "zeros")),
        ),
    )

    def build(self, settings: Mapping[str, Any]) -> Residual:
        plan = plan_of(settings)
        return _residual(plan, title(plan))

    def amounts(self, built: Residual) -> list[tuple[str, int]]:
        return [*super().amounts(built), (_("layers"), built.plan.depth)]

    def picture(self, built: Residual, settings: Mapping[str, Any]) -> str:
        return _network(built, settings["looked"]) + _block(built, settings["looked"])

    def detail(self, built: Residual, settings: Mapping[str, Any]) -> str:
        rows = built.block(settings["looked"])
        normed = sum(row.parameters for row in rows if isinstance(row.module, BatchNorm2d))
        held = _("{normed} parameters of batch normalization among {all}", normed=number(normed),
                 all=number(amount(rows, "parameters")))  # fmt: skip
        heading = parts.heading(str(PLACES_SAID[settings["looked"]]), f" {escaped(held)}")
        return heading + "".join(_lines_of(rows))

    def headlines(self, built: Residual, settings: Mapping[str, Any]) -> Iterator[str]:
        yield parts.amount_line(_("parameters"), built.parameters, _("parameters"))
        yield _cost(built, settings["convention"])

    def told(self) -> dict[str, Any]:
        choices = {one.field: one for one in self.controls if isinstance(one, Choice) and not one.looks}
        (inner,) = sizes_of(self.controls).items()
        forms = (
            dict(zip(choices, values, strict=True))
            for values in product(*(one.samples() for one in choices.values()))
        )
        lines = (
            telling.totals(
                partial(_follows, form, inner), [inner[0]],
                {name: as_known(choices[name], value) for name, value in form.items()}, alone=True,
            )
            for form in forms
        )  # fmt: skip
        return telling.told([quantity.value for quantity in self.headlined], chain.from_iterable(lines))

    def lines(self, built: Residual, settings: Mapping[str, Any]) -> Iterable[str]:
        yield parts.heading(built.words)
        yield parts.amount_line(_("parameters"), built.parameters, _("parameters"))
        yield parts.amount_line(_("bytes"), built.total().parameter_bytes, _("bytes"))
        yield parts.amount_line(_("MACs"), built.macs, _("MACs"))
        missing = left_out_in_words(built.table(settings["convention"]).not_counted)
        yield _cost(built, settings["convention"], str(missing))

    def tables(self, built: Residual, settings: Mapping[str, Any]) -> Iterable[str]:
        heads = [_("part"), _("parameters"), _("MACs")]
        yield parts.plain_table(built.words, heads, [
            (escaped(one.name), held.amount, one.amount)
            for one, held in zip(_pieces(built, "macs", ""), _pieces(built, "parameters", ""), strict=True)
        ])  # fmt: skip
        rows = [
            (row.name.partition(".block.")[2], row.parameters, row.macs)
            for row in built.block(settings["looked"])
            if row.parameters
        ]
        yield parts.plain_table(str(PLACES_SAID[settings["looked"]]), heads, rows)


def _cost(built: Residual, convention: str, *notes: str) -> str:
    unit = str(CONVENTIONS[convention].unit)
    return parts.amount_line(unit, built.cost(convention), unit, convention, *notes)


def plan_of(settings: Mapping[str, Any]) -> Plan:
    """The network that the controls ask for."""
    style = Style(
        stride_in_3x3=STRIDES[settings["stride"]] == "v1.5", zero_padded=settings["shortcut"] == "zeros"
    )
    return Plan(BLOCKS[settings["blocks"]], settings["block"] == "bottleneck", style, settings["inner"])


def title(plan: Plan) -> str:
    """What the network is called, where somebody has published it."""
    of = {"depth": plan.depth, "version": "v1.5" if plan.style.stride_in_3x3 else "v1"}
    published = (_written(plan), plan.bottleneck) in PUBLISHED
    if plan.inner == 128 and plan.bottleneck and plan.depth in (50, 101) and not plan.style.zero_padded:
        return _("Wide ResNet-{depth}-2 ({version})", **of)
    if not published or plan.inner != 64:
        return _("{depth} layers with weights, in none of the papers", **of)
    if plan.style.zero_padded:
        return _("ResNet-{depth}, option A", **of)
    return _("ResNet-{depth} ({version})", **of) if plan.bottleneck else _("ResNet-{depth}", **of)


def _follows(
    form: Mapping[str, Any], inner: tuple[str, Size], quantity: Quantity, convention: str
) -> Polynomial:
    """How a total of the chosen network follows the channels inside, which weights and MACs square."""
    name, size = inner

    def total(at: Mapping[str, int]) -> int:
        plan = plan_of({**form, **at})
        rows = _short(plan.bottleneck, plan.style, plan.inner).rows_by(convention)
        return _summed(rows, plan.blocks, quantity.value)

    return interpolated(total, {name: size}, {name: 2})


def _written(plan: Plan) -> str:
    return "-".join(map(str, plan.blocks))


# ---- the whole network -------------------------------------------------------------------------------


@lru_cache(maxsize=8)
def published(style: Style) -> dict[int, dict[str, int]]:
    """Parameters and MACs of the five networks of the paper, by their depth."""
    return {
        depth: {
            quantity: _summed(_short(bottleneck, style).rows_of, BLOCKS[blocks], quantity)
            for quantity in ("macs", "parameters")
        }
        for (blocks, bottleneck), depth in PUBLISHED.items()
    }


@lru_cache(maxsize=64)
def _short(bottleneck: bool, style: Style, inner: int = 64) -> Residual:
    """The network with two blocks in each stage: further blocks of a stage are alike, so it tells of all."""
    return _residual(Plan(BLOCKS["2-2-2-2"], bottleneck, style, inner), "")


def _summed(short: Mapping[str, list[Row]], blocks: Sequence[int], quantity: str) -> int:
    """A quantity of a network with so many blocks a stage, from the rows of a short one."""
    times = {f"layer{stage}.1": count - 1 for stage, count in zip(STAGES, blocks, strict=True)}
    return sum(amount(rows, quantity) * times.get(part, 1) for part, rows in short.items())


def amount(rows: Iterable[Row], quantity: str) -> int:
    """The sum of one column."""
    return sum(getattr(row, quantity) for row in rows)


def _network(built: Residual, looked: str) -> str:
    plan = built.plan
    said = _("{blocks} blocks: {stages}", blocks=sum(plan.blocks), stages=" + ".join(map(str, plan.blocks)))
    heading = parts.heading(built.words, f" {tag('span', escaped(said))}")
    names = {"macs": _("MACs"), "parameters": _("parameters")}
    bars = [_bar(built, name, quantity, looked) for quantity, name in names.items()]
    return tag("div", heading, *bars, class_="lc-residual")


def _bar(built: Residual, name: str, quantity: str, looked: str) -> str:
    others = {depth: each[quantity] for depth, each in published(built.plan.style).items()}
    pieces = _pieces(built, quantity, looked)
    total = sum(piece.amount for piece in pieces)
    marks = [Mark(str(depth), other, other == total) for depth, other in others.items()]
    return bar(name, pieces, round(1.03 * max(total, *others.values())), marks)


def _pieces(built: Residual, quantity: str, looked: str) -> list[Piece]:
    """What stands before the blocks, each block, and what comes after."""
    pieces: list[Piece] = []
    for part, rows in built.rows_of.items():
        summed = amount(rows, quantity)
        if part.startswith("layer"):
            stage, block = part[5], part[7:]
            place = f"stage {stage}, {'first block' if block == '0' else 'later blocks'}"
            look = f"lc-sum-part lc-of-stage-{stage}" + (" lc-looked" if place == looked else "")
            name = _("stage {stage}, block {block}", stage=stage, block=int(block) + 1)
            pieces.append(Piece(name, summed, look, f"looked={PLACES_SAID[place]}"))
        else:
            pieces.append(Piece(str(AROUND_SAID[part]), summed, "lc-sum-part lc-around"))
    return pieces


# ---- one block ---------------------------------------------------------------------------------------

_WIDTH, _HEIGHT = 400, 186
_LEFT, _RIGHT, _JOIN = 58, 346, 366
_MIDDLE, _ROOM, _TOP = 86, 32, 24  # the main path, half of its height, and the shortcut


def _block(built: Residual, looked: str) -> str:
    rows = built.block(looked)
    main = [row for row in rows if isinstance(row.module, Conv2d) and ".main." in row.name]
    aside = [row for row in rows if isinstance(row.module, Conv2d) and ".downsample." in row.name]
    caption = _("{parameters} parameters · {macs} MACs", parameters=number(amount(rows, "parameters")),
                macs=number(amount(rows, "macs")))  # fmt: skip
    heading = parts.heading(str(PLACES_SAID[looked]), f" {tag('span', escaped(caption))}")
    says = _("{place}: {layers}; the shortcut is {shortcut}", place=PLACES_SAID[looked],
             layers=", ".join(map(_said, main)), shortcut=_shortcut_said(aside, rows))  # fmt: skip
    picture = drawing(
        "lc-residual-block", _WIDTH, _HEIGHT, says, *_shortcut(aside, rows), *_main(main), *_joined()
    )
    return tag("div", heading, tag("figure", picture), class_="lc-one-block")


def _said(row: Row) -> str:
    layer: Any = row.module
    k = layer.kernel_size[0]
    stride = _(", stride {s}", s=layer.stride[0]) if layer.stride[0] > 1 else ""
    return _("{k}×{k}, {given} to {gives} channels{stride}", k=k, given=layer.in_channels,
             gives=layer.out_channels, stride=stride)  # fmt: skip


def _main(rows: list[Row]) -> Iterator[str]:
    """The convolutions as bands, as high as their channels."""
    widths = [int(rows[0].inputs[0][0]), *(int(row.output[0]) for row in rows)]
    scale, step = _ROOM / max(widths), (_RIGHT - _LEFT) / len(rows)
    for position, row in enumerate(rows):
        layer: Any = row.module
        x, far = _LEFT + position * step + 4, _LEFT + (position + 1) * step - 4
        near_by, far_by = widths[position] * scale, widths[position + 1] * scale
        look = "lc-band lc-d-k" if layer.kernel_size[0] > 1 else "lc-band lc-d-cout"
        yield _band(x, near_by, far, far_by, _MIDDLE, look)
        stride = _(", stride {s}", s=layer.stride[0]) if layer.stride[0] > 1 else ""
        middle = (x + far) / 2
        yield words(middle, 142, f"{layer.kernel_size[0]}×{layer.kernel_size[1]}{escaped(stride)}",
                    "lc-kernel-of", text_anchor="middle")  # fmt: skip
        yield words(middle, 161, number(row.parameters), text_anchor="middle")
        yield words(middle, 179, number(row.macs), text_anchor="middle")
    for position, width in enumerate(widths):
        x = _LEFT + position * step
        half = max(width * scale, 2)
        yield words(x, _MIDDLE - half - 5, number(width), "lc-measure lc-d-cout", text_anchor="middle")
    yield words(0, 161, escaped(_("weights")), "lc-quiet")
    yield words(0, 179, escaped(_("MACs")), "lc-quiet")
    for x, shape in ((24, rows[0].inputs[0]), (_JOIN + 18, rows[-1].output)):
        yield words(x, _MIDDLE + 26, f"{shape[1]}×{shape[2]}", "lc-side", text_anchor="middle")


def _band(x: float, near: float, far_x: float, far: float, y: float, look: str) -> str:
    near, far = max(near, 1), max(far, 1)
    path = f"M{x:.1f} {y - near:.1f}L{far_x:.1f} {y - far:.1f}V{y + far:.1f}L{x:.1f} {y + near:.1f}z"
    return tag("path", class_=look, d=path)


def _shortcut(aside: list[Row], rows: list[Row]) -> Iterator[str]:
    """What goes round, along the top, with what it costs."""
    yield tag("path", class_="lc-around-line", d=f"M40 {_MIDDLE}V{_TOP}H{_JOIN}V{_MIDDLE - 9}")
    if aside:
        row = aside[0]
        widths = int(row.inputs[0][0]), int(row.output[0])
        near, far = (7 * width / max(widths) for width in widths)
        yield _band(170, near, 240, far, _TOP, "lc-band lc-d-cout")
    yield words(_WIDTH / 2, 13, escaped(_shortcut_said(aside, rows)), "lc-aside", text_anchor="middle")


def _shortcut_said(aside: list[Row], rows: list[Row]) -> str:
    if aside:
        layer: Any = aside[0].module
        return _("1×1, stride {s}: {weights} weights, {macs} MACs", s=layer.stride[0],
                 weights=number(aside[0].parameters), macs=number(aside[0].macs))  # fmt: skip
    if any(type(row.module).__name__ == "ZeroPaddedShortcut" for row in rows):
        return _("every second cell, and zeros for the new channels: nothing to count")
    return _("the input itself: no weights, no MACs")


def _joined() -> Iterator[str]:
    yield line(4, _MIDDLE, _LEFT - 2, _MIDDLE, "lc-flow")
    yield line(_RIGHT, _MIDDLE, _WIDTH - 4, _MIDDLE, "lc-flow")
    yield tag("circle", class_="lc-plus", cx=_JOIN, cy=_MIDDLE, r=9)
    yield words(_JOIN, _MIDDLE + 5, "+", "lc-sign", text_anchor="middle")


def _lines_of(rows: list[Row]) -> Iterator[str]:
    """Letters = numbers = total of each convolution of a block."""
    for row in rows:
        if isinstance(row.module, Conv2d):
            shape = tuple(int(size) for size in row.inputs[0])
            one = Subject(row.module, shape, row.name)
            yield parts.heading(row.name)
            yield one.line(Quantity.PARAMETERS)
            yield one.line(Quantity.MACS)
