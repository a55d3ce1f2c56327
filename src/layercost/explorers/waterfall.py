"""The picture of a device's memory in training: each part begins where the one before it ends.

All bars have one scale; a stroke on each says where the memory of the device ends.
"""

from __future__ import annotations

from collections.abc import Iterator

from layercost.explorers.loads import BILLION
from layercost.explorers.markup import box, drawing, line, words
from layercost.explorers.training_loads import MODELS, PARTS, OnDevice, in_words
from layercost.message import Words
from layercost.message import spoken as _
from layercost.view import escaped, number

WIDTH = 372
_TOP, _PITCH, _BAR = 20, 31, 12
_MEMORY = 300  # where the memory ends, as long as everything fits beside it
# The colour and pattern of each part; frozen weights have an outline alone.
KINDS = {
    "frozen": "lc-fall-frozen", "weights": "lc-d-cout", "gradients": "lc-d-k", "states": "lc-d-t",
    "activations": "lc-d-h", "again": "lc-d-h lc-fall-again",
}  # fmt: skip


def waterfall(built: OnDevice) -> str:
    """A row for each part, and one for all of them."""
    scale = min(_MEMORY / built.memory, WIDTH / built.total)
    rows = [(PARTS[part], size, KINDS[part]) for part, size in built.parts.items()]
    end = built.memory * scale
    drawn, start = list[str](), 0.0
    for place, (said, size, kind) in enumerate(rows):
        drawn += _row(said, size, kind, start, size * scale, end, place)
        start += size * scale
    drawn += _row(_("together"), built.total, "lc-fall-all", 0, start, end, len(rows))
    memory = _("{memory} GB", memory=number(built.memory // BILLION))
    anchor = "middle" if end > 40 else "start"
    said = words(max(end, 0), _TOP - 8, memory, "lc-measure", text_anchor=anchor)
    height = _TOP + _PITCH * (len(rows) + 1)
    return drawing("lc-fall", WIDTH, height, _says(built), *drawn, said)


def _row(
    said: Words, size: int, kind: str, start: float, long: float, end: float, place: int
) -> Iterator[str]:
    top = _TOP + _PITCH * place
    bar = top + 15
    name = "lc-measure lc-fall-name" if kind == "lc-fall-all" else "lc-measure"
    yield words(0, top + 11, escaped(str(said)), name)
    yield words(WIDTH, top + 11, in_words(size), "lc-measure", text_anchor="end")
    yield box(round(start, 2), bar, round(max(long, 0.6), 2), _BAR, f"lc-fall-part {kind}")
    yield line(round(end, 2), bar - 1, round(end, 2), bar + _BAR + 1, "lc-fall-end")


def _says(built: OnDevice) -> str:
    parts = ", ".join(f"{PARTS[part]} {in_words(size)}" for part, size in built.parts.items())
    return _(
        "{model} in training, on one device of {memory} GB: {parts}; together {total}.",
        model=MODELS[built.name], memory=number(built.memory // BILLION), parts=parts,
        total=in_words(built.total),
    )  # fmt: skip
