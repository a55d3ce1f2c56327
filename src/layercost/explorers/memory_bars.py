"""The picture of models in a memory: a bar for each, weights first and cache behind, the memory as a line.

All bars have one scale, and so have the cells of their caches: each stands for as many tokens in all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from layercost.explorers.loads import BILLION, MODELS, Load, in_gigabytes
from layercost.explorers.markup import box, drawing, line, words
from layercost.message import spoken as _
from layercost.view import escaped, number, plain, tag

WIDTH = 372
_TOP, _PITCH, _BAR = 20, 36, 14
_MEMORY, _END = 300, 366  # where the memory ends, and where a bar that is longer is cut
_CELL, _DRAWN = 5, 1.6  # how wide a cell is at least, and from what width on cells are drawn


def memory_picture(loads: Sequence[Load], looked: Load) -> str:
    """A row for each model, which a stroke crosses where the memory ends."""
    scale = _MEMORY / looked.memory
    tokens = _tokens_a_cell(looked, scale)
    height = _TOP + _PITCH * len(loads) + 20
    rows = [_row(load, place, scale, tokens, chosen=load == looked) for place, load in enumerate(loads)]
    memory = f"{number(looked.memory // BILLION)} GB"
    said = words(_MEMORY, _TOP - 8, memory, "lc-measure", text_anchor="middle")
    cell = _("a cell is {tokens} tokens of each text", tokens=number(tokens))
    below = words(0, height - 4, escaped(cell), "lc-measure lc-quiet")
    return drawing("lc-memory", WIDTH, height, _in_words(looked), *rows, said, below)


def _in_words(looked: Load) -> str:
    return _(
        "Bars of six models in a memory of {memory} GB, weights first and the cache behind. {model}: weights "
        "{weights}, cache {cache}.",
        memory=number(looked.memory // BILLION), model=MODELS[looked.name].title,
        weights=in_gigabytes(looked.weights), cache=in_gigabytes(looked.cache),
    )  # fmt: skip


def _tokens_a_cell(load: Load, scale: float) -> int:
    """A power of two, so that a cell of the model that is looked at can be seen."""
    each, tokens = max(load.per_token * load.batch, 1) * scale, 1
    while each * tokens < _CELL and tokens < 1 << 20:
        tokens *= 2
    return tokens


def _row(load: Load, place: int, scale: float, tokens: int, *, chosen: bool) -> str:
    top = _TOP + _PITCH * place
    bar = top + 17
    weights, cache = load.weights * scale, load.cache * scale
    shown = max(min(weights + cache, _END) - min(weights, _END), 0)
    parts = [
        box(0, top, WIDTH, _PITCH - 2, "lc-memory-touch"),
        *_named(load, top + 12),
        box(0, bar, min(weights, _END), _BAR, "lc-memory-weights"),
        box(min(weights, _END), bar, shown, _BAR, "lc-memory-cache lc-d-t"),
        _cells(load, weights, weights + cache, scale, tokens, bar),
        _cut(bar) if weights + cache > _END else "",
        line(_MEMORY, bar, _MEMORY, bar + _BAR, "lc-memory-end"),
    ]
    kind = "lc-memory-row" + (" lc-chosen" if chosen else "")
    return tag("g", *parts, class_=kind, data_set=f"model={load.name}")


def _named(load: Load, y: float) -> Iterator[str]:
    titled = MODELS[load.name]
    keeps = tag("tspan", escaped(f" {titled.keeps}"), class_="lc-quiet")
    yield words(0, y, escaped(titled.title) + keeps, "lc-measure lc-memory-name")
    taken = f"{in_gigabytes(load.weights)} + {in_gigabytes(load.cache)}"
    yield words(WIDTH, y, taken, "lc-measure", text_anchor="end")


def _cells(load: Load, start: float, end: float, scale: float, tokens: int, y: float) -> str:
    """Strokes in the cache, one each so many tokens; none where they would touch, or windows are full."""
    each = load.per_token * load.batch * tokens * scale
    if each < _DRAWN:
        return ""
    places = (start + each * cell for cell in range(1, int((min(end, _END) - start) / each) + 1))
    steps = "".join(f"M{plain(round(x, 1))} {plain(y)}v{_BAR}" for x in places)
    return tag("path", class_="lc-memory-cells", d=steps) if steps else ""


def _cut(y: float) -> str:
    """The torn end of a bar that goes on."""
    return tag("path", class_="lc-memory-cut", d=f"M{_END} {plain(y - 1)}l4 4-4 4 4 4-4 5")


# ---- layer by layer --------------------------------------------------------------------------------

_TALL = 70


def layers_picture(load: Load) -> str:
    """What each layer keeps of one text, as columns to scale."""
    each = load.layer_by_layer()
    most, pitch = max(*each, 1), WIDTH / len(each)
    columns = [
        box(pitch * place, _TALL - _TALL * size / most, pitch * 0.82, _TALL * size / most,
            "lc-memory-cache lc-d-t")
        for place, size in enumerate(each)
    ]  # fmt: skip
    says = _("{layers} layers; the fullest keeps {bytes} bytes of a text.",
             layers=number(len(each)), bytes=number(most))  # fmt: skip
    said = words(0, _TALL + 16, escaped(says), "lc-measure lc-quiet")
    return drawing("lc-memory-layers", WIDTH, _TALL + 22, says, *columns, said)
