"""Fields of a file that nobody reads, and whose names are near to one that the file does not have.

Most fields of a configuration change no count, so one that is not read is no mistake. One that is nearly the
name of a field that was asked for and is missing may well be: then a default stands in its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from layercost.message import Message
from layercost.models.families.fields import Fields

NEAR = 0.9  # of 1: a letter more or less in a long name
_WORDS = {"kv": "key_value", "n": "num", "attn": "attention", "emb": "embedding", "embd": "embedding",
          "pos": "position", "vocabulary": "vocab"}  # fmt: skip


class Meant(NamedTuple):
    """A field that nobody has read, and the one that may have been meant."""

    field: str
    near: str


def note_unread(fields: Fields) -> None:
    """Note each field of the file that may have been meant for one that it does not have."""
    for part in (fields, *fields.parts):
        for field, near in _meant(part):
            fields.note(
                Message("The file's {field} is not read; was {near} meant, which the file does not have?",
                        field=part.place(field), near=part.place(near))
            )  # fmt: skip


def _meant(fields: Fields) -> Iterator[Meant]:
    missing = {_plain(name): name for name in fields.missing()}
    for field, value in fields.values.items():
        if missing and isinstance(field, str) and value is not None and field not in fields.asked:
            near = _nearest(_plain(field), missing)
            if near is not None:
                yield Meant(field, near)


def _nearest(plain: str, missing: dict[str, str]) -> str | None:
    import difflib  # slow to import, and needed only here

    found = difflib.get_close_matches(plain[:100], missing, n=1, cutoff=NEAR)
    return missing[found[0]] if found else None


def _plain(name: str) -> str:
    """A name without the ways in which files differ: abbreviations, plurals, a line before it."""
    words = name.casefold().strip("_").split("_")
    return "_".join(_WORDS.get(word, word).removesuffix("s") for word in words)
