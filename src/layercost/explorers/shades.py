"""Maps of values as pictures: shades of ink on nothing, packed as PNG, sharp when they are enlarged.

The style sheet turns the ink over where the page is dark.
"""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Sequence
from functools import lru_cache
from math import ceil, sqrt
from struct import pack
from typing import NamedTuple

SHADES = 15  # from nothing to full ink
_PALETTE = bytes((SHADES + 1) * 3)  # black: what differs is how much of the page shines through
_SHINES = bytes(255 * shade // SHADES for shade in range(SHADES + 1))


class Stack(NamedTuple):
    """`maps` maps of `height` by `width`, side by side in rows with a cell between them."""

    maps: int
    height: int
    width: int

    @property
    def across(self) -> int:
        """Maps in a row: a square of maps, or a little wider."""
        return ceil(sqrt(self.maps))

    @property
    def down(self) -> int:
        """Rows of maps."""
        return -(-self.maps // self.across)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of all, in cells."""
        return self.across * (self.width + 1) - 1, self.down * (self.height + 1) - 1

    def corner(self, place: int) -> tuple[int, int]:
        """Column and row of the first cell of a map."""
        row, column = divmod(place, self.across)
        return column * (self.width + 1), row * (self.height + 1)


def stack_of(shape: tuple[int, ...]) -> Stack:
    """How maps stand; values in a row fill one map, as near to a square as they go."""
    if len(shape) == 3:
        return Stack(*shape)
    (values,) = shape
    height = next(rows for rows in range(int(sqrt(values)), 0, -1) if values % rows == 0)
    return Stack(1, height, values // height)


def shaded(values: Sequence[int]) -> bytes:
    """A shade for each value: the largest is full ink, and what is not above zero is nothing."""
    most = max(1, *values)
    return bytes((SHADES * value + most - 1) // most if value > 0 else 0 for value in values)


@lru_cache(maxsize=64)
def picture_of(shades: bytes, stack: Stack, known: int) -> str:
    """The address of a picture of the maps, of which each has its first `known` cells."""
    size, width = stack.height * stack.width, stack.width
    across, down = stack.size
    rows = [bytearray(across) for _row in range(down)]
    full, begun = divmod(known, width)
    for place in range(stack.maps):
        left, top = stack.corner(place)
        cells = shades[place * size : (place + 1) * size]
        for row in range(full):
            rows[top + row][left : left + width] = cells[row * width : (row + 1) * width]
        if begun:
            rows[top + full][left : left + begun] = cells[full * width : full * width + begun]
    return "data:image/png;base64," + b64encode(_png(across, down, rows)).decode("ascii")


def _png(width: int, height: int, rows: Sequence[bytearray]) -> bytes:
    """A picture of one byte for each cell: its shade."""
    header = pack(">2I5B", width, height, 8, 3, 0, 0, 0)
    cells = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    parts = ((b"IHDR", header), (b"PLTE", _PALETTE), (b"tRNS", _SHINES), (b"IDAT", cells), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
