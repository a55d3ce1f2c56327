"""What reading gives: a number or a shape that was understood, or the sentence that says why not."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from layercost.message import Message


@dataclass(frozen=True)
class Parsed:
    """A number that was understood, exactly as it was written.

    `unit` is the unit behind the number, "" if there was none. A prefix on a unit of counting is worked
    out (4.09 GMACs: 4,090,000,000 and ``MACs``); of bytes nothing is converted (4.09 GB: 4.09 and ``GB``).
    `approximate` says that a sign such as ~ stood before it.
    """

    value: Fraction
    unit: str = ""
    approximate: bool = False


@dataclass(frozen=True)
class ParsedShape:
    """A shape that was understood: its sizes in the order in which they were written."""

    sizes: tuple[int, ...]


@dataclass(frozen=True)
class Malformed:
    """Something that is no number or shape of the kind asked for; the message is one sentence.

    `position` is the place of the character at which reading stopped, in the text as it was typed; None
    where no character is to blame.
    """

    message: Message
    is_empty: bool = False
    position: int | None = None
