"""A model that was read, as HTML: its totals, its table, what is kept of tokens, what tools print.

Names in a file are anybody's: all that is shown is escaped, and cut where it is too long to be a name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from layercost.analysis.memory import Room, is_text, largest_batch, largest_context, memory_bytes
from layercost.caches import Cache, cache_of_calls
from layercost.comparison import Comparison
from layercost.configured import ConfiguredTable
from layercost.convention import memory, unit_in_words
from layercost.message import Message, message_of
from layercost.message import spoken as _
from layercost.own_model.reading import Settings
from layercost.shape import ShapeError
from layercost.table import Table
from layercost.view import escaped, headed, html_cell, html_cells, html_table, number, short, tag

ROWS = 200  # of a table that are shown until the reader asks for all
MOST_ROWS = 5_000  # that a page can show at all
LONGEST_CELL = 90
CACHE_ROWS = 200
_WORDS = 4  # columns of a table's row before its numbers
_MIB = 1 << 20


def page_of(found: Table, settings: Settings, opened: BinaryIO | None) -> str:
    """All that is shown of a model."""
    parts = [_heading(found), *_of_reading(opened), _figures(found), _rows(found, settings), _notes(found)]
    cache = getattr(found, "cache", None) or cache_of_calls(found.counted.calls, found.setting)
    if cache.layers:
        parts.append(_memory(found, cache, settings.get("memory", "")))
    return "".join(parts)


def _heading(found: Table) -> str:
    return tag("h3", escaped(short(found.title, LONGEST_CELL)), class_="lc-own-title")


def _of_reading(opened: BinaryIO | None) -> Iterator[str]:
    """How little of a file was read: structure and shapes, and no weights."""
    size, read = getattr(opened, "size", 0), getattr(opened, "bytes_read", 0)
    if size > _MIB and read:
        said = Message("Read: {read} of the file's {size}. Weights stay where they are.",
                       read=memory(read).decimal, size=memory(size).decimal)  # fmt: skip
        yield tag("p", escaped(said), class_="lc-own-read")


def _figures(found: Table) -> str:
    """The totals, each with what it counts."""
    total, counted, by = found.total, found.counted, found.convention.name
    unit = _("{unit} · {convention}", unit=unit_in_words(found.convention.unit), convention=by)
    shown = (
        (_("parameters"), number(total.parameters)),
        (_("bytes in {dtype}", dtype=found.setting.dtype), number(total.parameter_bytes)),
        (_("MACs"), number(total.macs, bool(counted.unknown))),
        (unit, number(counted.headline, counted.at_least)),
        (_("bytes of activations"), number(total.activation_bytes)),
    )
    each = (tag("div", tag("dt", escaped(name)), tag("dd", escaped(value))) for name, value in shown)
    return tag("dl", *each, class_="lc-own-figures")


# Columns of a row's cells: its name and layer share a cell, and so do the shapes in and out.
_NUMBERS = (4, 6, 7, 5, 8)  # parameters, MACs, the convention's own, and both kinds of bytes


def _rows(found: Table, settings: Settings) -> str:
    """The table, of which the first rows are shown, until the reader asks for all."""
    every = found.row_cells()
    most = MOST_ROWS if settings.get("rows") == "all" else ROWS
    heads = [escaped(_("layer")), escaped(_("shapes")), *(headed(found.heads[at]) for at in _NUMBERS)]
    total = html_cells([_("total"), "", *_numbers(found.total_cells())], 2)
    body = html_table("", heads, map(_row, every[:most]), [total])
    said = [tag("p", escaped(short(str(found.caption), 400)), class_="lc-remark")]
    if len(every) > most:
        words = Message("The first {most:,} of {count:,} rows are shown; totals and files have all of them.",
                        most=most, count=len(every))  # fmt: skip
        more = tag("button", escaped(_("Show more rows")), type="button", data_own="rows")
        said.append(tag("p", escaped(words), " ", more if most < MOST_ROWS else "", class_="lc-own-more"))
    return "".join([body, *said])


def _row(cells: list[str]) -> str:
    name, layer, reads, gives = (escaped(short(cell, LONGEST_CELL)) for cell in cells[:_WORDS])
    return "".join([
        tag("td", tag("b", name), " ", tag("span", layer), class_="lc-own-layer"),
        tag("td", tag("span", reads), " ", tag("span", f"→ {gives}"), class_="lc-own-shapes"),
        *(tag("td", escaped(cell), class_="lc-n") for cell in _numbers(cells)),
    ])  # fmt: skip


def _numbers(cells: list[str]) -> list[str]:
    return [cells[at] for at in _NUMBERS]


def _notes(found: Table) -> str:
    """What stands below the table; of the cache there is a table of its own."""
    every = (note for note in found.notes() if not note.key.startswith("Cache"))
    said = (short(str(note), 2_000) for note in every)
    return "".join(tag("p", escaped(note), class_="lc-remark") for note in said if note)


# ---- cache and memory --------------------------------------------------------------------------------


def _memory(found: Table, cache: Cache, room: str) -> str:
    """What lies in memory while a text is continued: weights, what is kept of its tokens, and what fits."""
    setting, size = found.setting, found.setting.bytes
    rows = [
        (_("weights"), size(found.total.parameters), _("{count:,} values in {dtype}",
         count=found.total.parameters, dtype=setting.dtype)),
        *_growing(cache),
        (_("cache"), size(cache.values), _("{count:,} values: batch {batch:,}, {cached:,} tokens from before",
         count=cache.values, batch=int(setting.batch), cached=int(setting.cached))),
        (_("weights and cache"), size(found.total.parameters) + size(cache.values), ""),
        *_fitting(found, room),
    ]  # fmt: skip
    cells = (
        "".join([tag("td", escaped(name)), tag("td", f"{count:,}", class_="lc-n"),
                 tag("td", escaped(memory(count).decimal), class_="lc-n"), tag("td", escaped(what))])
        for name, count, what in rows
    )  # fmt: skip
    heads = [escaped(_("what")), escaped(_("bytes")), "", escaped(_("of what"))]
    note = Message("Activations, and what a runtime needs for itself, come on top.")
    return "".join([
        tag("h3", escaped(_("Cache and memory"))), html_table("", heads, cells),
        tag("p", escaped(note), class_="lc-remark"), _by_layer(cache),
    ])  # fmt: skip


def _fitting(found: Table, typed: str) -> Iterator[tuple[str, int, str]]:
    """The longest text for this batch, and the largest batch for this length, that fit into a memory."""
    if not typed or not isinstance(found, ConfiguredTable) or not is_text(found.inputs[-1]):
        return
    room = memory_bytes(typed)
    dtype, batch = found.setting.dtype, int(found.setting.batch)
    given: dict[str, Any] = {"format": dtype, "dtype": dtype, "input_shape": found.inputs}
    fits = _("fits into {size}", size=memory(room).decimal)
    most = largest_batch(found.about, room, int(found.setting.cached) + found.inputs[-1][0], **given)
    if most.left < 0:
        yield fits, most.weights, _("nothing: the weights alone take {more:,} bytes more", more=-most.left)
        return
    try:
        longest = largest_context(found.about, room, batch=batch, **given)
    except ShapeError as error:  # what it keeps does not grow, so that no text is the longest
        yield fits, most.weights, str(message_of(error))
    else:
        yield fits, longest.bytes, _("batch {batch:,}, up to {tokens:,} tokens each", **_sizes(longest))
    yield fits, most.bytes, _("batch up to {batch:,}, {tokens:,} tokens each", **_sizes(most))


def _sizes(room: Room) -> dict[str, int]:
    return {"batch": room.batch, "tokens": room.tokens}


def _growing(cache: Cache) -> Iterator[tuple[str, int, str]]:
    size = cache.setting.bytes
    for name, values in (
        (_("each token more"), cache.per_token),
        (_("each token of the encoder"), cache.per_source_token),
        (_("state, however long the text"), cache.state),
    ):
        if values:
            yield name, size(values), _("{count:,} values of one text", count=values)


def _by_layer(cache: Cache) -> str:
    """The cache layer by layer, folded."""
    size = cache.setting.bytes
    rows = (
        html_cells([
            short(one.name, LONGEST_CELL), ", ".join(one.what),
            "" if one.window is None else f"{one.window:,}",
            f"{one.per_token or one.per_source_token:,}", f"{one.values:,}", f"{size(one.values):,}",
        ], 2)
        for one in cache.layers[:CACHE_ROWS]
    )  # fmt: skip
    heads = (_("layer"), _("keeps"), _("window"), _("values a token"), _("values"), _("bytes"))
    body = html_table("", map(escaped, heads), rows)
    summary = tag("summary", escaped(_("Cache by layer ({count:,})", count=len(cache.layers))))
    return tag("details", summary, body, class_="lc-own-fold")


# ---- tools -------------------------------------------------------------------------------------------


def readings_of(compared: Comparison) -> str:
    """What every tool counts, and below each number what it is made of."""
    heads = (_("counted by"), _("its name for it"), _("number"), _("parameters"))
    rows = []
    for one in [row for row in compared.rows if row.is_tool]:
        tool, name, *numbers = (short(cell, LONGEST_CELL) for cell in one.cells)
        counts = zip(numbers, heads[2:], strict=True)
        rows.append("".join([
            tag("td", tag("b", escaped(tool))), tag("td", escaped(name)),
            *(html_cell(count, "lc-n", head) for count, head in counts),
        ]))  # fmt: skip
        rows.append(tag("td", escaped(short(str(one.reason), 600)), class_="lc-prose", colspan=len(heads)))
    note = Message(
        "A tool's number is worked out from what was measured on that tool. Where nobody knows how much a "
        "layer adds, the tool is not measured on that layer, and its number says at least."
    )
    caption = Message("{title}, batch {batch}", title=short(compared.title), batch=compared.batch)
    body = html_table(caption, map(escaped, heads), rows)
    return body + tag("p", escaped(note), class_="lc-remark")
