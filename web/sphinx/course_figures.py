"""Sphinx extension: static figures, computed when the book is built.

``picture`` draws what a function of this module makes of a page's layers, as ``{picture} answers(layer)``.
A function gives a `Picture`: markup with class names and no colours, a sentence for those who do not see
it, and a table with the same values. The body of the directive is the caption. To add a figure, write its
function under `@figure`; its looks belong into ``web/style/course.css``. Words inside SVG shrink with it on a
phone: a figure with many words is HTML.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from course_coverage import answers_of_tools
from course_measured import Roofline
from course_text import names_of, tried, usual_shape, value_of
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import layercost as lc
from layercost.analysis.accelerators import Accelerator
from layercost.explorers import roof, rules
from layercost.explorers.markup import drawing
from layercost.message import Message
from layercost.message import spoken as _
from layercost.view import escaped, html_cells, html_table, number, tag

WIDTH = 680  # of a drawing, in its own units


@dataclass(frozen=True)
class Picture:
    """What is drawn, and the table that says the same; the first column of its `rows` is words."""

    drawn: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]

    def html(self, caption: str) -> str:
        """The figure with its caption and its table twin."""
        table = html_table("", map(escaped, self.heads), [html_cells(row, 1) for row in self.rows])
        twin = tag("details", tag("summary", _("The same as a table")), table, class_="lc-twin")
        return tag("figure", self.drawn, tag("figcaption", caption), twin, class_="lc-figure lc-still")


FIGURES: dict[str, Callable[..., Picture]] = {}


def figure(draw: Callable[..., Picture]) -> Callable[..., Picture]:
    """A function whose pictures pages may ask for."""
    FIGURES[draw.__name__] = draw
    return draw


# ---- what tools answer -------------------------------------------------------------------------------


@figure
def answers(layer: lc.Layer, shape: Any = None) -> Picture:
    """Each number that a counting tool prints for a layer, as a bar, with the tools that print it."""
    of_tools: dict[int, list[str]] = {}
    for answer, tools in answers_of_tools(layer, shape or usual_shape(layer)).items():
        of_tools.setdefault(answer.number, []).extend(f"{tool} ({answer.name})" for tool in tools)
    says = _(
        "{tools} counting tools print {numbers} different numbers, from {low:,} to {high:,}.",
        tools=sum(map(len, of_tools.values())), numbers=len(of_tools), low=min(of_tools), high=max(of_tools),
    )  # fmt: skip
    bars = [_answer(amount, amount / max(of_tools), ", ".join(tools)) for amount, tools in of_tools.items()]
    rows = [(", ".join(tools), number(amount)) for amount, tools in of_tools.items()]
    drawn = tag("div", *bars, class_="lc-answers", role="img", aria_label=says)
    return Picture(drawn, (_("printed by"), _("number")), rows)


def _answer(amount: int, part: float, who: str) -> str:
    bar = tag("span", class_="lc-answer-bar", style=f"--lc-part: {part:.4f}")
    return tag("div", bar, tag("b", number(amount)), " ", escaped(who), class_="lc-answer")


# ---- weights to scale --------------------------------------------------------------------------------

_FAMILIES = {lc.Linear: "lc-weights-dense", lc.Conv2d: "lc-weights-conv"}


@figure
def weights_to_scale(net: lc.Layer, beside: lc.Linear | None = None) -> Picture:
    """Every weight matrix of a network at one scale: as wide as its inputs, as high as its outputs.

    `beside` is drawn too, to compare.
    """
    matrices = [(path, leaf, *_sides(leaf)) for path, leaf in net.leaves() if type(leaf) in _FAMILIES]
    if beside is not None:
        matrices.append((repr(beside), beside, *_sides(beside)))
    unit = max(width for *_rest, width, _height in matrices) / WIDTH  # weights along one unit of the drawing
    parts, shelf = [], _Shelf()
    for path, leaf, width, height in sorted(matrices, key=lambda one: -one[2] * one[3]):
        wide, high = max(width / unit, 1), max(height / unit, 1)
        x, y = shelf.put(wide, high)
        kind = "lc-weights-beside" if leaf is beside else _FAMILIES[type(leaf)]
        label = tag("title", f"{escaped(path)}: {height:,} × {width:,}")
        parts.append(tag("rect", label, class_=kind, x=x, y=y, width=wide, height=high))
    rows = [
        (path, f"{height:,} × {width:,}", number(height * width)) for path, _leaf, width, height in matrices
    ]
    largest = max(matrices, key=lambda one: one[2] * one[3])
    says = _(
        "The weight matrices of {name} at one scale. The largest, {path}, is {height:,} by {width:,}.",
        name=getattr(net, "name", "the network"), path=largest[0], height=largest[3], width=largest[2],
    )  # fmt: skip
    svg = drawing("lc-to-scale", WIDTH, shelf.bottom, says, *parts)
    return Picture(svg, (_("layer"), _("outputs × inputs of each"), _("weights")), rows)


def _sides(layer: Any) -> tuple[int, int]:
    """Of the matrix of a layer: the inputs of one output, and the outputs."""
    if isinstance(layer, lc.Linear):
        return layer.in_features, layer.out_features
    weights = next(int(held.size) for held in layer.parameters() if not held.is_bias)
    return weights // layer.out_channels, layer.out_channels


class _Shelf:
    """Places for rectangles, from left to right and then below, each row as high as its first."""

    def __init__(self, gap: float = 6) -> None:
        self.gap, self.x, self.y, self.height = gap, 0.0, 0.0, 0.0

    def put(self, width: float, height: float) -> tuple[float, float]:
        """Where a rectangle goes."""
        if self.x and self.x + width > WIDTH:
            self.x, self.y, self.height = 0.0, self.y + self.height + self.gap, 0.0
        x, self.x = self.x, self.x + width + self.gap
        self.height = max(self.height, height)
        return x, self.y

    @property
    def bottom(self) -> float:
        """Where the lowest row ends."""
        return self.y + self.height


# ---- where parameters sit and work is done -----------------------------------------------------------


@figure
def parameters_and_work(net: lc.Layer) -> Picture:
    """Two bars of one length: whose the parameters are, and whose the multiply-accumulates."""
    table = lc.table(net)
    layers = [row for row in table.rows if row.parameters or row.macs]
    convolutions = [row for row in layers if isinstance(row.module, lc.Conv2d)]
    says = _(
        "The convolutions hold {held:.0f} % of the parameters and do {done:.0f} % of the work in MACs.",
        held=100 * sum(row.parameters for row in convolutions) / table.total.parameters,
        done=100 * sum(row.macs for row in convolutions) / table.total.macs,
    )  # fmt: skip
    bars = (
        _shares(_("parameters"), [(row.name, row.module, row.parameters) for row in layers]),
        _shares(_("MACs"), [(row.name, row.module, row.macs) for row in layers]),
    )
    rows = [(row.name, number(row.parameters), number(row.macs)) for row in layers]
    drawn = tag("div", *bars, class_="lc-shares", role="img", aria_label=says)
    return Picture(drawn, (_("layer"), _("parameters"), _("MACs")), rows)


_NAMED_FROM = 0.12  # of the bar: a smaller piece has no room for its name


def _shares(name: str, shares: list[tuple[str, lc.Layer, int]]) -> str:
    """One bar of 100 %, a piece for each layer, named where there is room."""
    total = sum(amount for *_rest, amount in shares)
    pieces = [_piece(path, layer, amount / total) for path, layer, amount in shares]
    bar = tag("div", *pieces, class_="lc-shares-bar")
    return tag("div", tag("b", f"{number(total)} {escaped(name)}"), bar)


def _piece(path: str, layer: lc.Layer, part: float) -> str:
    kind = "lc-shares-conv" if isinstance(layer, lc.Conv2d) else "lc-shares-dense"
    said = f"{escaped(path)}<br>{100 * part:.0f} %" if part >= _NAMED_FROM else ""
    return tag("span", tag("i", said), class_=kind, style=f"--lc-part: {part:.4f}")


# ---- weights, and how often each is used ---------------------------------------------------------------

_USES_WIDTH, _USES_HEIGHT = 380, 262
_USES_LEFT, _USES_RIGHT, _USES_TOP, _USES_BOTTOM = 58, 366, 26, 216
_ACROSS, _UP = (3, 9), (0, 5)  # powers of ten along the axes
_ALONG = {8: Message("100 million MACs"), 10: Message("10 billion MACs")}  # slanted lines, by their power


@figure
def uses(net: lc.Layer, *named: str) -> Picture:
    """Every layer with weights as a point: how many weights, and how often each is used for one input.

    Along a slanted line their product, the multiply-accumulates, is the same. `named` points have names.
    """
    layers = [
        (row.name, row.module, _weights(row.module), row.macs // _weights(row.module))
        for row in lc.table(net).rows
        if type(row.module) in _FAMILIES
    ]
    most, least = max(layers, key=lambda one: one[3]), min(layers, key=lambda one: one[3])
    says = _(
        "Weights and uses of {layers} layers. {most} has {few:,} weights, each used {often:,} times; "
        "{least} has {many:,}, each used {once:,} times.",
        layers=len(layers), most=most[0], few=most[2], often=most[3], least=least[0], many=least[2],
        once=least[3],
    )  # fmt: skip
    points = [_point(one, one[0] in named) for one in layers]
    drawn = drawing("lc-uses", _USES_WIDTH, _USES_HEIGHT, says, *_uses_axes(), *points)
    heads = (_("layer"), _("weights"), _("uses of each"), _("MACs"))
    rows = [(path, number(held), number(often), number(held * often)) for path, _l, held, often in layers]
    return Picture(drawn, heads, rows)


def _weights(layer: lc.Layer) -> int:
    return sum(int(held.size) for held in layer.parameters() if not held.is_bias)


def _uses_at(held: float, often: float) -> tuple[float, float]:
    """Where a point stands, by the powers of ten of its weights and its uses."""
    x = _USES_LEFT + (_USES_RIGHT - _USES_LEFT) * (held - _ACROSS[0]) / (_ACROSS[1] - _ACROSS[0])
    return x, _USES_BOTTOM - (_USES_BOTTOM - _USES_TOP) * (often - _UP[0]) / (_UP[1] - _UP[0])


def _point(layer: tuple[str, lc.Layer, int, int], named: bool) -> str:
    path, module, held, often = layer
    x, y = _uses_at(math.log10(held), math.log10(often))
    title = tag("title", f"{escaped(path)}: {held:,} × {often:,}")
    drawn = tag("circle", title, class_=_FAMILIES[type(module)], cx=x, cy=y, r=5.5)
    return drawn + tag("text", escaped(path), x=x + 8, y=y - 7) if named else drawn


def _uses_axes() -> Iterator[str]:
    """Lines of ten times as much, two lines of equal products, and the names of both axes."""
    (first, last), (low, high) = _ACROSS, _UP
    for power in range(first, last + 1):
        yield _rule(_uses_at(power, low), _uses_at(power, high), "lc-uses-rule")
    for power in range(low, high + 1):
        yield _rule(_uses_at(first, power), _uses_at(last, power), "lc-uses-rule")
        x, y = _uses_at(first, power)
        yield tag("text", number(10**power), x=x - 6, y=y + 4, text_anchor="end")
    for power, words in _ALONG.items():
        yield from _equal_products(power, str(words))
    powers = {3: _("1,000"), 5: _("100,000"), 7: _("10 million"), 9: _("1 billion")}
    for power, words in powers.items():
        x, y = _uses_at(power, low)
        yield tag("text", words, x=x, y=y + 17, text_anchor="end" if power == last else "middle")
    yield tag("text", _("uses of each weight"), class_="lc-uses-axis", x=2, y=12)
    middle = (_USES_LEFT + _USES_RIGHT) / 2
    yield tag("text", _("weights"), class_="lc-uses-axis", x=middle, y=_USES_HEIGHT - 8, text_anchor="middle")


def _equal_products(power: int, said: str) -> Iterator[str]:
    """A slanted line, with its product in words on the side where no layer stands."""
    start, end = max(_ACROSS[0], power - _UP[1]), min(_ACROSS[1], power - _UP[0])
    yield _rule(_uses_at(start, power - start), _uses_at(end, power - end), "lc-uses-equal")
    (x1, y1), (x2, y2) = _uses_at(0, 0), _uses_at(1, -1)
    slant = math.degrees(math.atan2(y2 - y1, x2 - x1))
    at = start + (end - start) * (0.82 if power == max(_ALONG) else 0.5)
    x, y = _uses_at(at, power - at)
    dy = -7 if power == max(_ALONG) else 17
    yield tag("text", said, class_="lc-uses-said", x=x, y=y, dy=dy, text_anchor="middle",
              transform=f"rotate({slant:.1f} {x:.1f} {y:.1f})")  # fmt: skip


def _rule(start: tuple[float, float], end: tuple[float, float], kind: str) -> str:
    return tag("line", class_=kind, x1=start[0], y1=start[1], x2=end[0], y2=end[1])


# ---- the rules of output sizes -------------------------------------------------------------------------


@figure
def rules_side_by_side(cells: int, window: int, stride: int, padding: int) -> Picture:
    """One row of cells under five rules: where their windows stand, and how many there are."""
    axis = rules.Axis(cells, window, stride, padding)
    stands = [axis.stands[name] for name in rules.FIVE]
    heads = (_("rule"), _("size"), _("padding before"), _("padding after"), _("cells never read"))
    told = [
        (
            stand.name,
            number(stand.size),
            *map(number, (stand.said.before, stand.said.after, len(stand.unread))),
        )
        for stand in stands
    ]
    return Picture(rules.rules_picture(axis), heads, told)


# ---- what is counted in one window -------------------------------------------------------------------

_CELL = 34  # of the small windows, in their own units


@figure
def counted_in_a_window(pool: lc.Layer, shape: Any) -> Picture:
    """Each number that a tool prints for a pooling layer, by what it counts in one window of the layer."""
    windows = lc.count(pool, lc.ACTIVATIONS, shape).total
    of_tools: dict[int, list[str]] = {}
    for answer, tools in answers_of_tools(pool, shape).items():
        of_tools.setdefault(answer.number, []).extend(tools)
    k = _window_side(pool)
    panels = [_counted(k, amount, windows, tools) for amount, tools in of_tools.items()]
    says = _(
        "One window of {k} by {k} cells, {count} times. What the tools count in it: {each}.",
        k=k, count=len(of_tools), each=", ".join(_in_a_window(k, amount, windows) for amount in of_tools),
    )  # fmt: skip
    rows = [
        (_in_a_window(k, amount, windows), number(amount), ", ".join(tools))
        for amount, tools in of_tools.items()
    ]
    drawn = tag("div", *panels, class_="lc-counted", role="img", aria_label=says)
    return Picture(drawn, (_("counted in each window"), _("in all"), _("printed by")), rows)


def _window_side(pool: Any) -> int:
    size = pool.kernel_size
    return int(size[0] if isinstance(size, tuple) else size)


def _in_a_window(k: int, amount: int, windows: int) -> str:
    """What a number counts in one window, in words."""
    known = {
        0: _("nothing, for nothing is multiplied"),
        k - 1: _("{n} comparison, as if the window were a row of {k} cells", n=k - 1, k=k),
        k * k - 1: _("{n} comparisons", n=k * k - 1),
        k * k: _("{n} cells that are read", n=k * k),
        2 * k * k: _("{n} cells, each counted twice", n=k * k),
    }
    each, rest = divmod(amount, windows)
    return _("a price of its own") if rest else known.get(each, number(each))


def _counted(k: int, amount: int, windows: int, tools: list[str]) -> str:
    each = amount // windows
    svg = tag(
        "svg", *_window_drawn(k, each), viewBox=f"-2 -2 {k * _CELL + 4} {k * _CELL + 4}", aria_hidden="true"
    )
    return tag(
        "div", svg, tag("b", number(amount)), tag("span", escaped(_in_a_window(k, amount, windows))),
        tag("i", escaped(", ".join(tools))), class_="lc-counted-one",
    )  # fmt: skip


def _window_drawn(k: int, each: int) -> list[str]:
    """The cells of a window, those that are counted filled; a line with a dot for each comparison."""
    filled = each >= k * k
    name = "lc-counted-cell lc-counted-full" if filled else "lc-counted-cell"
    cells = [(row, column) for row in range(k) for column in range(k)]
    drawn = [
        tag("rect", class_=name, x=column * _CELL, y=row * _CELL, width=_CELL, height=_CELL)
        for row, column in cells
    ]
    if each == 2 * k * k:
        drawn += [
            tag("rect", class_="lc-counted-again", x=column * _CELL + 6, y=row * _CELL + 6,
                width=_CELL - 12, height=_CELL - 12)
            for row, column in cells
        ]  # fmt: skip
    path = [cells[0], *cells[1 : 1 + each]] if 0 < each < k * k else []
    middles = [((column + 0.5) * _CELL, (row + 0.5) * _CELL) for row, column in path]
    for (x1, y1), (x2, y2) in itertools.pairwise(middles):
        drawn.append(tag("line", class_="lc-counted-step", x1=x1, y1=y1, x2=x2, y2=y2))
        drawn.append(tag("circle", class_="lc-counted-dot", cx=(x1 + x2) / 2, cy=(y1 + y2) / 2, r=6))
    return drawn


# ---- what a normalization stores for one channel -----------------------------------------------------


@figure
def one_channel(net: lc.Layer) -> Picture:
    """A network with normalizations, counted in three ways: by what is counted of one channel."""
    norms = [leaf for _path, leaf in net.leaves() if isinstance(leaf, lc.BatchNorm2d)]
    channels = sum(norm.num_features for norm in norms)
    rest = lc.count(net, lc.PARAMETERS).total - 2 * channels
    ways = [
        (_("PyTorch: what training changes"), ("γ", "β"), ("μ", "σ²")),
        (_("Keras: all that is stored, and a bias before each"), ("b", "γ", "β", "μ", "σ²"), ()),
        (_("folded, for inference"), ("b",), ()),
    ]
    rows = [
        (name, " ".join(counted), f"{number(rest)} + {len(counted)} · {number(channels)}",
         number(rest + len(counted) * channels))
        for name, counted, _stored in ways
    ]  # fmt: skip
    panels = [
        _channel_counted(name, counted, stored, rest + len(counted) * channels)
        for name, counted, stored in ways
    ]
    says = _(
        "Of each of the {channels} channels that are normalized, {a}, {b} or {c} values are counted. "
        "The totals are {totals}.", channels=number(channels), a=len(ways[0][1]), b=len(ways[1][1]),
        c=len(ways[2][1]), totals=", ".join(row[-1] for row in rows),
    )  # fmt: skip
    drawn = tag("div", *panels, class_="lc-channels", role="img", aria_label=says)
    heads = (_("who counts"), _("of each channel"), _("everything else, and that"), _("in all"))
    return Picture(drawn, heads, rows)


def _channel_counted(name: str, counted: tuple[str, ...], stored: tuple[str, ...], total: int) -> str:
    """Boxes for the values of a channel: filled where they are counted, dashed where only stored."""
    boxes = [tag("span", letter, class_="lc-channel-value") for letter in counted]
    boxes += [tag("span", letter, class_="lc-channel-value lc-channel-stored") for letter in stored]
    return tag(
        "div", tag("span", *boxes, class_="lc-channel-values"), tag("b", number(total)),
        tag("span", escaped(name), class_="lc-channel-who"), class_="lc-channel-one",
    )  # fmt: skip


# ---- networks of blocks, to one scale -----------------------------------------------------------------


@figure
def networks_in_blocks(nets: Mapping[int, lc.Layer]) -> Picture:
    """Residual networks by their depth, each a bar as long as its MACs, cut into its blocks."""
    blocks = {depth: _blocks(net) for depth, net in nets.items()}
    totals = {depth: sum(each.values()) for depth, each in blocks.items()}
    longest = max(totals.values())
    bars = [_in_blocks(depth, blocks[depth], longest) for depth in nets]
    says = _("Bars of {names}: {totals} MACs.", names=", ".join(f"ResNet-{depth}" for depth in nets),
             totals=", ".join(map(number, totals.values())))  # fmt: skip
    rows = [
        (
            f"ResNet-{depth}",
            number(depth),
            number(len([name for name in each if name])),
            number(totals[depth]),
        )
        for depth, each in blocks.items()
    ]
    drawn = tag("div", *bars, class_="lc-networks", role="img", aria_label=says)
    return Picture(drawn, (_("network"), _("layers"), _("blocks"), _("MACs")), rows)


def _blocks(net: lc.Layer) -> dict[str, int]:
    """The MACs of each block by its path; what stands around them has none."""
    found: dict[str, int] = {}
    for row in lc.table(net).rows:
        stage, _dot, rest = row.name.partition(".")
        path = f"{stage}.{rest.partition('.')[0]}" if stage.startswith("layer") else ""
        found[path] = found.get(path, 0) + row.macs
    return found


def _in_blocks(depth: int, blocks: Mapping[str, int], longest: int) -> str:
    pieces = [
        tag("span", class_=f"lc-networks-{path.partition('.')[0] or 'around'}",
            style=f"--lc-part: {amount / longest:.5f}")
        for path, amount in blocks.items()
    ]  # fmt: skip
    bar = tag("div", *pieces, class_="lc-networks-bar")
    name = tag("span", tag("b", f"ResNet-{depth}"), f" {number(sum(blocks.values()))} {escaped(_('MACs'))}")
    return tag("div", name, bar)


# ---- two networks in their parts ----------------------------------------------------------------------


@figure
def in_parts(net: lc.Model, without: lc.Layer) -> Picture:
    """GoogLeNet and the same without its reductions: two bars on one scale, a piece for each module."""
    tables = [lc.table(one, input=net.input_shape) for one in (net, without)]
    names = (_("MACs with its reductions"), _("MACs without them"))
    longest = max(table.total.macs for table in tables)
    parts = [_in_modules(table) for table in tables]
    bars = [_modules(name, pieces, longest) for name, pieces in zip(names, parts, strict=True)]
    says = _("{name} takes {macs:,} MACs, without its reductions {more:,}.",
             name="GoogLeNet", macs=tables[0].total.macs, more=tables[1].total.macs)  # fmt: skip
    rows = [(path, number(amount), number(parts[1][path])) for path, amount in parts[0].items() if amount]
    drawn = tag("div", *bars, class_="lc-networks", role="img", aria_label=says)
    return Picture(drawn, (_("part"), _("MACs"), _("MACs without the reductions")), rows)


def _in_modules(table: lc.Table) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in table.rows:
        path = row.name.partition(".")[0]
        found[path] = found.get(path, 0) + row.macs
    return found


def _modules(name: str, pieces: Mapping[str, int], longest: int) -> str:
    spans = [
        tag("span", class_="lc-networks-layer2" if path.startswith("inception") else "lc-networks-around",
            style=f"--lc-part: {amount / longest:.5f}")
        for path, amount in pieces.items() if amount
    ]  # fmt: skip
    said = tag("span", tag("b", number(sum(pieces.values()))), f" {escaped(name)}")
    return tag("div", said, tag("div", *spans, class_="lc-networks-bar"))


# ---- the directive -----------------------------------------------------------------------------------


class PictureDirective(SphinxDirective):
    """A figure of this module; the body is its caption."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        names_of(self).update(FIGURES)
        picture = tried(self, lambda: value_of(self, self.arguments[0]))
        if picture is None:
            return []
        caption = nodes.container(classes=["lc-caption"])
        self.state.nested_parse(self.content, self.content_offset, caption)
        before, after = picture.html("\0").split("\0")
        return [nodes.raw("", before, format="html"), caption, nodes.raw("", after, format="html")]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("picture", PictureDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


# ---- rooflines ---------------------------------------------------------------------------------------


@figure
def roofline(device: Accelerator, passes: Mapping[str, float]) -> Picture:
    """The roof of a device, and passes of a model under it, by their FLOPs a byte."""
    peak, bandwidth = device.rate(), device.bandwidth
    marks = [
        roof.Mark(name, intensity, min(peak, intensity * bandwidth)) for name, intensity in passes.items()
    ]
    says = _("The roofline of {device}: {marks}.", device=device.title, marks=", ".join(passes))
    rows = [
        (name, f"{intensity:,.1f}", f"{min(peak, intensity * bandwidth) / 1e12:,.1f}")
        for name, intensity in passes.items()
    ]
    drawn = roof.marked_roofline(peak, bandwidth, marks, says)
    return Picture(drawn, (_("pass"), _("FLOPs a byte"), _("TFLOP/s at the most")), rows)


@figure
def measured(found: Roofline) -> Picture:
    """A measured roofline: what was reached with 1, 2, 4 and more tokens, under what the limits allow."""
    marks = [roof.Mark(number(one.tokens), one.intensity, one.rate) for one in found.points]
    says = _("A measured roofline: {points} products under a roof of two limits.", points=len(found.points))
    rows = [
        (number(one.tokens), f"{one.intensity:,.1f}", f"{one.rate / 1e9:,.0f}", f"{one.of_the_bound} %")
        for one in found.points
    ]
    drawn = roof.marked_roofline(found.peak, found.bandwidth, marks, says)
    return Picture(drawn, (_("tokens"), _("FLOPs a byte"), _("GFLOP/s"), _("of the bound")), rows)
