"""Controls whose numbers do not go together: Python refuses them, and a page by itself, in the same words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from layercost.explorers import parts
from layercost.expression import Symbol, expression, tree
from layercost.layer import LayerError
from layercost.message import Message
from layercost.view import number


@dataclass(frozen=True)
class Refusal:
    """What cannot be built: where `left`, which is given the numbers of `fields`, is negative.

    `words` say why, with the number of each control by its field.
    """

    fields: tuple[str, ...]
    left: Callable[..., Any]
    words: Message

    def check(self, settings: Mapping[str, Any]) -> None:
        """Raise LayerError where these settings cannot be built."""
        numbers = {field: settings[field] for field in self.fields}
        if self.left(*numbers.values()) < 0:
            raise LayerError(self.words.filled(**{field: number(each) for field, each in numbers.items()}))

    def told(self) -> dict[str, Any]:
        """The same as data for a page (web/src/explorers/telling.mjs)."""
        left = expression(self.left(*(Symbol(field, 1) for field in self.fields)))
        said = str(self.words.filled(**{field: f"{{{field}}}" for field in self.fields}))
        return {"fields": self.fields, "needs": [tree(left)], "html": parts.failure(said, "")}


SHARED_HEADS = Refusal(
    ("num_heads", "num_kv_heads"),
    lambda heads, kv_heads: heads // kv_heads * kv_heads - heads,
    Message(
        "{num_kv_heads} key/value heads cannot share {num_heads} query heads evenly; take a number that "
        "divides {num_heads}."
    ),
)
