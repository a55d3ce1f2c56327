"""On which line of a TOML file a thing stands, for messages: Python's reader does not say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

_HEADER = re.compile(r"\s*\[{1,2}\s*([A-Za-z0-9_.\"' -]+?)\s*\]{1,2}\s*(#.*)?")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\"'-]+)\s*=")
_QUOTED = re.compile(r"'([^'\n]+)'|`([^`\n]+)`|“([^”\n]+)”")
_OWNER = re.compile(r"(question|cell) '[^'\n]*'[^:\n]*: ")  # its own name says nothing of what is wrong
_COMMENT = re.compile(r"#[^\"']*$")
_MULTILINE = ('"""', "'''")


@dataclass(frozen=True)
class Lines:
    """The lines of a file."""

    text: str

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def _starts(self) -> list[tuple[int, str]]:
        """The lines on which tables begin, with their names."""
        return [(at, found[1].strip()) for at, line in self._outside() if (found := _HEADER.fullmatch(line))]

    def _outside(self) -> Iterator[tuple[int, str]]:
        """The lines that do not begin within a text of several lines."""
        inside = ""
        for at, line in enumerate(self.lines):
            if not inside:
                yield at, line
            for mark in _MULTILINE:
                if inside in ("", mark) and line.count(mark) % 2:
                    inside = "" if inside else mark

    def block(self, table: str, number: int) -> range:
        """The lines of the `number`-th table of an array, such as ``[[cell]]``, with the tables inside it."""
        heads = [at for at, name in self._starts if name == table]
        if number >= len(heads):
            return range(len(self.lines))
        later = (at for at, name in self._starts if at > heads[number])
        end = next((at for at in later if not self._name_at(at).startswith(f"{table}.")), len(self.lines))
        return range(heads[number], end)

    def _name_at(self, at: int) -> str:
        return dict(self._starts)[at]

    @property
    def head(self) -> range:
        """The lines before the first table."""
        return range(self._starts[0][0] if self._starts else len(self.lines))

    def locate(self, message: str, block: range) -> int:
        """The line, counted from 1, that a message about a block means: the one with a word that it quotes.

        Where it quotes none that stands there, the line of a key that it names; else the first line.
        """
        if " is missing" in message:
            return block.start + 1
        message = _OWNER.sub("", message)
        lines = [(at + 1, _COMMENT.sub("", self.lines[at])) for at in block]
        keys = [(at, _KEY.match(line)) for at, line in lines]
        named = [(at, re.split(r"[.\"']+", key[1])) for at, key in keys if key]
        for quoted in _QUOTED.finditer(message):
            word = next(filter(None, quoted.groups()))
            whole = re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])")
            found = [at for at, parts in named if word in parts] + [
                at for at, line in lines if whole.search(line)
            ]
            if found:
                return found[0]
        said = [at for at, parts in named if re.search(rf"\b{re.escape(parts[0])}\b", message)]
        return said[0] if said else block.start + 1
