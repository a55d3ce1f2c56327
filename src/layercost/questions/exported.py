"""What the page reads answers by: the rules and the sentences that Python goes by too, as plain data."""

from __future__ import annotations

from typing import Any

from layercost.convention import UNITS_IN_WORDS
from layercost.questions import grammar
from layercost.questions.sentences import EXPECTED, SENTENCES


def rules() -> dict[str, Any]:
    """Every table of the grammar by its name in small letters, and the English sentences, fit for JSON."""
    tables = {
        name.lower(): value for name, value in vars(grammar).items() if name.isupper() and name[0] != "_"
    }
    said = {name: message.key for name, message in SENTENCES.items()}
    expected = {name: message.key for name, message in EXPECTED.items()}
    return {**tables, "sentences": said, "expected": expected}


def said_of_answers() -> set[str]:
    """The English texts that the page takes from here, so that its catalogue holds them."""
    every = (*SENTENCES.values(), *EXPECTED.values(), *UNITS_IN_WORDS.values())
    return {words if isinstance(words, str) else words.key for words in every}
