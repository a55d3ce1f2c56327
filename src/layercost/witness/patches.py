"""Images as tokens, as loops: patches, cells that are merged, windows of cells that attend."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from layercost.witness.attention import Row, in_pieces, mapped, scaled_down, shared_out
from layercost.witness.normalization import centred
from layercost.witness.numbers import Number, Tensor, as_image, dot, expect, flat, shape
from layercost.witness.recording import Run, loops


@loops("ToTokens")
def to_tokens(layer: Any, tensor: Tensor, this: Run) -> Tensor:  # noqa: ARG001
    """The channels of each cell, one cell after the other."""
    return [list(cell) for cell in zip(*map(flat, tensor), strict=True)]


@loops("PatchEmbedding")
def patch_embedding(layer: Any, image: Tensor, this: Run) -> Tensor:
    """One dot product for each feature of each whole patch; class tokens in front; positions added."""
    expect("input channels", layer.in_channels, len(image))
    tall, wide = layer.patch_size
    _, height, width = shape(image)
    corners = [
        (top, left) for top in range(0, height - tall + 1, tall) for left in range(0, width - wide + 1, wide)
    ]
    if not corners:
        raise ValueError(f"a patch of {tall} by {wide} fits nowhere on {height} by {width} cells")
    tokens = [_patch(layer, image, corner, this) for corner in corners]
    first = this.trained(layer, "class.weight")
    tokens = [[first[n, f] for f in range(layer.embed_dim)] for n in range(layer.class_tokens)] + tokens
    if layer.image_size is None:
        return tokens
    expect("cells along the image", layer.image_size[0], height)
    expect("cells along the image", layer.image_size[1], width)
    rows = this.trained(layer, "position.weight")
    return [[x + rows[t, f] for f, x in enumerate(token)] for t, token in enumerate(tokens)]


def _patch(layer: Any, image: Tensor, corner: tuple[int, int], this: Run) -> Row:
    weight, bias = this.trained(layer, "patch.weight"), this.trained(layer, "patch.bias")
    (top, left), (tall, wide) = corner, layer.patch_size
    places = [(c, i, j) for c in range(layer.in_channels) for i in range(tall) for j in range(wide)]
    sums = [
        dot((weight[f, c, i, j], image[c][top + i][left + j]) for c, i, j in places)
        for f in range(layer.embed_dim)
    ]
    return [x.plus_bias(bias[f,]) for f, x in enumerate(sums)] if layer.bias else sums


@loops("PatchMerging")
def patch_merging(layer: Any, image: Tensor, this: Run) -> Tensor:
    """The channels of two by two cells in one row, column by column; normalized, and mapped."""
    expect("input channels", layer.in_channels, len(image))
    _, height, width = shape(image)
    zero = this.number(0)
    weight, bias = this.trained(layer, "norm.weight"), this.trained(layer, "norm.bias")

    def merged(top: int, left: int) -> Row:
        around = [(top, left), (top + 1, left), (top, left + 1), (top + 1, left + 1)]
        row = [_cell(plane, place, zero) for place in around for plane in image]
        row = [weight[p,] * x for p, x in enumerate(centred(row, 1e-5, this))]
        row = [x + bias[p,] for p, x in enumerate(row)]
        outputs = 2 * layer.in_channels if layer.out_channels is None else layer.out_channels
        return mapped(layer, "patch_merging", row, outputs, bias=False, this=this)

    tops, lefts = range(0, height, 2), range(0, width, 2)
    return as_image([merged(top, left) for top in tops for left in lefts], len(tops), len(lefts))


def _cell(plane: Tensor, place: tuple[int, int], zero: Number) -> Number:
    row, column = place
    inside = row < len(plane) and column < len(plane[0])
    number: Number = plane[row][column] if inside else zero
    return number


# ---- windows -------------------------------------------------------------------------------------


class _Canvas(NamedTuple):
    """An image completed to whole windows, which stand `shift` cells further, around its border."""

    height: int
    width: int
    shift: int

    def place(self, row: int, column: int) -> tuple[int, int]:
        """Where in the image a cell of the moved canvas comes from."""
        return (row + self.shift) % self.height, (column + self.shift) % self.width

    def beyond(self, row: int, column: int) -> tuple[bool, bool]:
        """Whether it came around the border, from above and from the left."""
        return row + self.shift >= self.height, column + self.shift >= self.width


def _canvas(layer: Any, height: int, width: int) -> _Canvas:
    window = layer.window_size
    moves = layer.shifted and min(height, width) > window
    while height % window:
        height += 1
    while width % window:
        width += 1
    return _Canvas(height, width, window // 2 if moves else 0)


@loops("WindowAttention")
def window_attention(layer: Any, image: Tensor, this: Run) -> Tensor:
    """Window after window: each cell asks all cells of its own."""
    expect("input channels", layer.embed_dim, len(image))
    _, height, width = shape(image)
    canvas, window, zero = _canvas(layer, height, width), layer.window_size, this.number(0)
    found: dict[tuple[int, int], Row] = {}
    for top in range(0, canvas.height, window):
        for left in range(0, canvas.width, window):
            cells = [(top + i, left + j) for i in range(window) for j in range(window)]
            rows = [[_cell(plane, canvas.place(*cell), zero) for plane in image] for cell in cells]
            mixed = _inside_window(layer, rows, cells, canvas, this)
            found.update({canvas.place(*cell): row for cell, row in zip(cells, mixed, strict=True)})
    return as_image([found[i, j] for i in range(height) for j in range(width)], height, width)


def _inside_window(
    layer: Any, rows: list[Row], cells: list[tuple[int, int]], canvas: _Canvas, this: Run
) -> list[Row]:
    size, width = layer.embed_dim // layer.num_heads, layer.embed_dim
    queries, keys, values = (
        [in_pieces(mapped(layer, name, row, width, layer.bias, this), size) for row in rows] for name in "qkv"
    )
    outputs = []
    for cell, asked in zip(cells, queries, strict=True):
        hidden = [canvas.beyond(*cell) != canvas.beyond(*other) for other in cells]
        context: Row = []
        for head, query in enumerate(asked):
            scores = scaled_down([dot(zip(query, key[head], strict=True)) for key in keys], size, this)
            scores = _with_distances(layer, head, cell, cells, scores, this)
            if canvas.shift:
                mask = (this.number(-math.inf if hides else 0) for hides in hidden)
                scores = [score + one for score, one in zip(scores, mask, strict=True)]
            this.log["masked_macs"] += 2 * sum(hidden) * size
            columns = zip(*(value[head] for value in values), strict=True)
            share = shared_out(scores)
            context += [dot(zip(share, column, strict=True)) for column in columns]
        bias = layer.bias if layer.out_bias is None else layer.out_bias
        outputs.append(mapped(layer, "o", context, width, bias, this))
    return outputs


def _with_distances(
    layer: Any, head: int, cell: tuple[int, int], cells: list[tuple[int, int]], scores: Row, this: Run
) -> Row:
    """To each score the value of how far apart the two cells are."""
    table, reach = this.trained(layer, "relative_bias.weight"), layer.window_size - 1
    far = [(cell[0] - row + reach, cell[1] - column + reach) for row, column in cells]
    places = [down * (2 * reach + 1) + along for down, along in far]
    return [score + table[place, head] for score, place in zip(scores, places, strict=True)]
