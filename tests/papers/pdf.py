"""The text of a PDF that typst made, read without any tool: glyphs by the maps in the file."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

_OBJECT = re.compile(rb"(\d+) 0 obj(.*?)endobj", re.DOTALL)
_PAIR = re.compile(rb"<([0-9A-F]+)> <([0-9A-F]+)>")
_SHOWN = re.compile(
    rb"/(f\d+) [\d.]+ Tf|(\()|<([0-9A-F]+)>", re.DOTALL
)  # a font, or text in one of two forms
_ESCAPED = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_NAMED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def text_of(document: bytes) -> str:
    """All that is written, without spaces: a line's end is none, and so would part words."""
    objects = {int(found[1]): found[2] for found in _OBJECT.finditer(document)}
    return "".join(text for body in objects.values() for text in _page(body, objects))


def pages_of(document: bytes) -> int:
    """How many pages there are."""
    return len(re.findall(rb"/Type/Page[^s]", document))


def _page(body: bytes, objects: dict[int, bytes]) -> Iterator[str]:
    if not re.search(rb"/Type/Page[^s]", body):
        return
    contents = _number(rb"/Contents (\d+)", body)
    resources = objects.get(_number(rb"/Resources (\d+)", body), body)
    named = re.findall(rb"/(f\d+) (\d+) 0 R", resources)
    maps = {name.decode(): _letters(objects[int(number)], objects) for name, number in named}
    letters: dict[int, str] = {}
    for font, codes in _written(_stream(objects[contents])):
        if font:
            letters = maps[font.decode()]
        pairs = zip(codes[::2], codes[1::2], strict=True)
        yield "".join(letters.get(high << 8 | low, "?") for high, low in pairs).replace(" ", "")


def _written(stream: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Fonts and the codes of glyphs, in the order in which they are drawn."""
    at = 0
    while found := _SHOWN.search(stream, at):
        font, opened, hexadecimal = found.groups()
        at = found.end()
        if opened:
            end = _closing(stream, at)
            yield b"", _ESCAPED.sub(_unescaped, stream[at:end])
            at = end + 1
        else:
            yield font or b"", bytes.fromhex((hexadecimal or b"").decode())


def _closing(stream: bytes, at: int) -> int:
    """Where a string ends: parentheses in it are in pairs, or escaped."""
    depth = 1
    while depth:
        sign = stream[at : at + 1]
        depth += (sign == b"(") - (sign == b")")
        at += 2 if sign == b"\\" else 1
    return at - 1


def _unescaped(found: re.Match[bytes]) -> bytes:
    sign = found[1]
    return bytes([int(sign, 8)]) if sign.isdigit() else _NAMED.get(sign, sign)


def _letters(font: bytes, objects: dict[int, bytes]) -> dict[int, str]:
    pairs = _PAIR.findall(_stream(objects[_number(rb"/ToUnicode (\d+)", font)]))
    return {int(code, 16): bytes.fromhex(letter.decode()).decode("utf-16-be") for code, letter in pairs}


def _number(pattern: bytes, body: bytes) -> int:
    found = re.search(pattern, body)
    return int(found[1]) if found else -1


def _stream(body: bytes) -> bytes:
    return zlib.decompress(body.split(b"stream\n", 1)[1].rsplit(b"\nendstream", 1)[0])
