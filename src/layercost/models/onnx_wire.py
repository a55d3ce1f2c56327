"""The wire format of protocol buffers, read piece by piece from a file that is never held as a whole.

A message is a row of fields: a tag (the field's number, and how its content is written), then the content. A
window of 64 KiB is in memory; what nobody asks for is stepped over, however long it is, and what does not
fit the format is refused with the place where it stands. Numbers of fields, lengths of names and what is
kept are bounded, so that no file costs more than a few seconds and some hundred megabytes.

Source: Protocol Buffers documentation, "Encoding".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from os import SEEK_END, SEEK_SET
from typing import BinaryIO, NamedTuple

from layercost.models.tree import ModelError

VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES = 0, 1, 2, 5
_WRITTEN = {VARINT: "a number", EIGHT_BYTES: "8 bytes", LENGTH: "a length with bytes", FOUR_BYTES: "4 bytes"}

WINDOW = 1 << 16
LONGEST_VARINT = 10  # bytes of seven bits that 64 bits need
LONGEST_TEXT = 10_000  # bytes of a name
MOST_FIELDS = 10_000_000  # of all messages that are read: some ten seconds
MOST_KEPT = 1 << 28  # bytes of names and numbers that are kept, with what Python needs for each
_FOR_EACH = 64  # bytes that Python needs for a small object


class Broken(ModelError):
    """A file that does not keep to its format."""

    def within(self, place: str) -> Broken:
        """The same, with where it stands."""
        return Broken(f"{place}: {self}")


class Fields(NamedTuple):
    """What a kind of message is called, and which of its fields are read: names, and how each is written.

    A field of several numbers may be written one by one, or packed as bytes.
    """

    what: str
    known: Mapping[int, tuple[str, tuple[int, ...]]]


class Field(NamedTuple):
    """A field that is read: its name, how it is written, and where its content begins and ends.

    Of a number that stands in the field itself, `start` is that number.
    """

    name: str
    written: int
    start: int
    end: int


class Source:
    """A binary file that is read by places."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, SEEK_END)
        self._window, self._base = b"", 0
        self._fields = self._kept = 0
        self._texts: dict[bytes, str] = {}

    # ---- bytes

    def piece(self, start: int, end: int) -> bytes:
        """The bytes of a span."""
        if self._base <= start and end <= self._base + len(self._window):
            return self._window[start - self._base : end - self._base]
        self._file.seek(start, SEEK_SET)
        found = self._file.read(end - start)
        if len(found) < end - start:
            raise Broken(f"{end - start:,} bytes were expected at byte {start:,}, and {len(found):,} came")
        return found

    def _load(self, at: int) -> None:
        self._file.seek(at, SEEK_SET)
        self._window, self._base = self._file.read(WINDOW), at

    def keep(self, size: int) -> None:
        """Note that so many bytes are kept; raises ModelError where these are too many in all."""
        self._kept += size + _FOR_EACH
        if self._kept > MOST_KEPT:
            raise ModelError(
                f"its names and numbers alone take more than {MOST_KEPT >> 20} MiB, without any weights; "
                "no model needs that many"
            )

    # ---- numbers and texts

    def varint(self, at: int, end: int) -> tuple[int, int]:
        """A number of 64 bits at a place, and the place behind it; raises Broken where it does not end."""
        begin = at - self._base
        if not 0 <= begin <= len(self._window) - LONGEST_VARINT:
            self._load(at)
            begin = 0
        window = self._window
        result = shift = 0
        for index in range(begin, min(begin + LONGEST_VARINT, begin + end - at, len(window))):
            byte = window[index]
            result |= (byte & 0x7F) << shift
            if byte < 0x80:
                return result & 0xFFFFFFFFFFFFFFFF, self._base + index + 1
            shift += 7
        if shift == 7 * LONGEST_VARINT:
            raise Broken(f"the number at byte {at:,} does not end after {LONGEST_VARINT} bytes")
        raise Broken(f"the number at byte {at:,} does not end before byte {end:,}, where its message does")

    def text(self, field: Field) -> str:
        """A name; bytes that are no UTF-8 are written as escapes, so that names stay apart."""
        size = field.end - field.start
        if size > LONGEST_TEXT:
            raise Broken(
                f"its {field.name} at byte {field.start:,} has {size:,} bytes; "
                f"a name has {LONGEST_TEXT:,} at most"
            )
        found = self.piece(field.start, field.end)
        if found not in self._texts:
            self.keep(size)
            self._texts[found] = found.decode("utf-8", "backslashreplace")
        return self._texts[found]

    def integers(self, field: Field) -> Iterator[int]:
        """The signed numbers of a field, which stand one by one or packed."""
        if field.written == VARINT:
            yield signed(field.start)
            return
        at = field.start
        while at < field.end:
            value, at = self.varint(at, field.end)
            yield signed(value)

    def floats(self, field: Field) -> tuple[float, ...]:
        """The numbers of 4 or 8 bytes of a field, which stand one by one or packed."""
        size, letter = (8, "d") if field.name.startswith("double") else (4, "f")
        count, rest = divmod(field.end - field.start, size)
        if rest:
            raise Broken(f"its {field.name} at byte {field.start:,} have {rest} bytes too many")
        return struct.unpack(f"<{count}{letter}", self.piece(field.start, field.end))

    # ---- messages

    def fields(self, fields: Fields, start: int, end: int) -> Iterator[Field]:
        """The fields of a message that are read, in the order of the file; the others are stepped over."""
        at, known = start, fields.known
        while at < end:
            place = at
            tag, at = self.varint(at, end)
            written = tag & 7
            if written == VARINT:
                begin, at = self.varint(at, end)
                stop = at
            else:
                begin, stop = self._span(written, at, end, place)
                at = stop
            self._count()
            name, ways = known.get(tag >> 3, ("", ()))
            if not name:
                if not 0 < tag >> 3 < 1 << 29:
                    raise Broken(f"{fields.what} has no field {tag >> 3:,}, as byte {place:,} says")
                continue
            if written not in ways:
                raise Broken(
                    f"its {name} at byte {place:,} should be {_WRITTEN[ways[0]]}, "
                    f"and is written as {_WRITTEN[written]}"
                )
            yield Field(name, written, begin, stop)

    def _count(self) -> None:
        self._fields += 1
        if self._fields > MOST_FIELDS:
            raise ModelError(f"it has more than {MOST_FIELDS:,} fields; no model needs that many")

    def _span(self, written: int, at: int, end: int, place: int) -> tuple[int, int]:
        """Where the content of a field begins and ends."""
        if written == LENGTH:
            size, at = self.varint(at, end)
        elif written in (EIGHT_BYTES, FOUR_BYTES):
            size = 8 if written == EIGHT_BYTES else 4
        else:
            raise Broken(f"byte {place:,} begins a field of kind {written}, which ONNX files do not have")
        if size > end - at:
            raise Broken(
                f"what begins at byte {place:,} should be {size:,} bytes long, "
                f"and {end - at:,} are left before byte {end:,}"
            )
        return at, at + size


def signed(value: int) -> int:
    """A number of 64 bits, of which the first is its sign."""
    return value - (1 << 64) if value >> 63 else value
