"""The words of the explorers, so that they can be said in another language."""

from __future__ import annotations

CATALOGUE: dict[str, str] = {}  # English text: its translation; filled by whoever translates the book


def _(text: str, **values: object) -> str:
    """`text` in the reader's language, with ``{name}`` replaced by each of `values`."""
    translated = CATALOGUE.get(text, text)
    return translated.format(**values) if values else translated
