"""A text as it is read: its characters made alike, each with its place in what was typed."""

from __future__ import annotations

from dataclasses import dataclass

from layercost.message import Words
from layercost.questions.grammar import CHARACTERS, MAX_CHARACTERS, ROWS, SHOWN

LONGEST_LOOKED_AT = 10 * MAX_CHARACTERS


class Stopped(Exception):
    """Reading stops: why, as the name of a sentence, at which character, and what the sentence repeats."""

    def __init__(self, why: str, at: int, **values: Words) -> None:
        super().__init__(why, at)
        self.why, self.at, self.values = why, at, values


@dataclass(frozen=True)
class Typed:
    """What was typed, without spaces around it; `places` has one more entry, for the end."""

    text: str
    places: tuple[int, ...]
    is_cut: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing was typed but spaces."""
        return not self.text and not self.is_cut

    @property
    def is_too_long(self) -> bool:
        """Whether nobody would write so much for a number."""
        return self.is_cut or len(self.text) > MAX_CHARACTERS

    def stopped(self, why: str, at: int, **values: Words) -> Stopped:
        """Why reading stops here, with what stands here and with all of the text."""
        return Stopped(why, at, text=quoted(self.text), rest=quoted(self.text[at:]), **values)


def typed(raw: str) -> Typed:
    """The text as it is read."""
    found = [(_read(character), place) for place, character in enumerate(raw[:LONGEST_LOOKED_AT])]
    kept = [(character, place) for character, place in found if character]
    while kept and kept[0][0] == " ":
        kept.pop(0)
    while kept and kept[-1][0] == " ":
        kept.pop()
    end = kept[-1][1] + 1 if kept else len(found)
    places = (*(place for _, place in kept), end)
    return Typed("".join(character for character, _ in kept), places, len(raw) > LONGEST_LOOKED_AT)


def _read(character: str) -> str:
    """The character that is read for this one; a mark for those that cannot be shown."""
    for first, last, reads in ROWS:
        if first <= character <= last:
            character = chr(ord(reads) + ord(character) - ord(first))
    read = CHARACTERS.get(character, character)
    return "\ufffd" if (read and read < " ") or "\x7f" <= read <= "\x9f" else read


def quoted(text: str) -> str:
    """A piece of what was typed, as a sentence repeats it."""
    return f"“{text[:SHOWN]}…”" if len(text) > SHOWN else f"“{text}”"
