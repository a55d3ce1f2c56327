"""Spoken in a language of marks, nothing that a kind of question says is left in English."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator

import pytest

from layercost.message import Words
from layercost.questions import Posed, Template, templates
from tests.conftest import ROOT

from .test_kinds import NO_ANSWER, TEMPLATES

sys.path.insert(0, str(ROOT / "web"))  # the catalogues' builder lies with the site's

from tests.words.marking import left_in_english, speaking_marks

BANK = ROOT / "src" / "layercost" / "questions" / "bank"
DATA = {
    one["id"]: one
    for file in BANK.glob("*.toml")
    for one in tomllib.loads(file.read_text(encoding="utf-8"))["question"]
}


def authored(data: object) -> Iterator[str]:
    """The texts of a question's author but the question itself, and the names that the author gave."""
    match data:
        case {"en": str(text)}:
            yield text
        case {"en": [*texts]}:
            yield from texts
        case dict():
            for key, value in data.items():
                yield key
                yield from [value] if key in ("id", "name", "unknown") else authored(value)
        case list():
            for value in data:
                yield from authored(value)


def own_words(posed: Posed) -> set[str]:
    """What stands in a question's messages as its author wrote it."""
    plain = {key: value for key, value in DATA[posed.template.id].items() if key not in ("wording", "id")}
    fields = [
        words for field in posed.fields for words in (field.words, *(one.words for one in field.options))
    ]
    return {*authored(plain), *(words for words in fields if isinstance(words, str) and words)}


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
    posed = template.draw(3)
    allowed = own_words(posed) | set(NO_ANSWER.values())
    with speaking_marks():
        left = {str(words): left_in_english(str(words), *allowed) for words in said(posed)}
    assert {words: found for words, found in left.items() if found} == {}


def test_the_chooser_of_the_practice_page_has_words_for_each_kind():
    """Nobody is asked to choose between `figure` and `audit`, which are names in our files."""
    chooser = (ROOT / "web" / "src" / "practice" / "bank.mjs").read_text(encoding="utf-8")
    kinds = {template.kind for template in templates().values()}
    assert [kind for kind in sorted(kinds) if f"  {kind}: () => say(" not in chooser] == []
