"""Spoken in a language of marks, nothing that a kind of question says is left in English."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from layercost.message import Words
from layercost.questions import Posed, Template
from tests.conftest import ROOT

from .test_kinds import NO_ANSWER, TEMPLATES

sys.path.insert(0, str(ROOT / "web"))  # the catalogues' builder lies with the site's

from tests.words.marking import left_in_english, speaking_marks  # noqa: E402

BANK = ROOT / "src" / "layercost" / "questions" / "bank"
WORD = re.compile(r"[A-Za-zÀ-ɏ][\w-]*")


def own_words(folder: Path = BANK) -> set[str]:
    """What authors wrote: a question's own texts and names are in the language of the author."""
    files = folder.glob("kinds_*.toml")
    return {word for file in files for word in WORD.findall(file.read_text(encoding="utf-8"))}


def said(posed: Posed) -> Iterator[Words]:
    """Everything that is said beside the question's own text."""
    yield posed.hint()
    yield from (line.words for line in posed.solution())
    yield from posed.besides()  # type: ignore[attr-defined]
    for field in posed.fields:
        yield from (field.words, *(option.words for option in field.options))
        yield posed.diagnose(NO_ANSWER[field.form], field.id).message
        yield posed.diagnose("17", field.id).message
    yield from (one.message for one in posed.mark(posed.answers()).values())
    yield from (wrong.diagnosis.message for wrong in posed.wrong())
    for answer in (0, 1, 17, 10**9):
        yield from (one.message for one in posed.mark(dict.fromkeys(posed.answers(), answer)).values())


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_all_that_a_kind_says_is_translated(template: Template):
    allowed = own_words() | {"many", "apples", "a", "cube", "one"}
    with speaking_marks():
        left = {str(words): left_in_english(str(words), *allowed) for words in said(template.draw(3))}
    assert {words: found for words, found in left.items() if found} == {}
