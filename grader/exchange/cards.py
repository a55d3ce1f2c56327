"""Cards for Anki: the question in front, the answer with its derivation and the usual mistakes behind.

A card's identity follows from the question's id and the number of the draw. So a deck that is imported again
brings new words to old cards, and leaves what somebody has learned as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path

import genanki

from grader.exchange import html
from grader.exchange.chosen import Drawn, Report, wrong_in
from layercost.questions.skills import SKILLS

DECK, MODEL = (
    1_730_215_401,
    1_730_215_402,
)  # chosen once, never to be changed: Anki knows deck and cards by them
SEED = "cards"  # the numbers on a card are the same for everybody
MOST_WRONG = 6
STYLE = """.card { font-family: system-ui, sans-serif; font-size: 18px; line-height: 1.45; text-align: left; }
.card p { overflow-x: auto; }
.card table { border-collapse: collapse; font-size: 15px; }
.card td { padding: 4px 12px 4px 0; vertical-align: top; border-top: 1px solid #8888; }
.mistakes { opacity: 0.8; margin-top: 1.5em; }"""


def model() -> genanki.Model:
    """How a card looks."""
    template = {"name": "Question", "qfmt": "{{Question}}", "afmt": "{{Question}}<hr id=answer>{{Answer}}"}
    fields = [{"name": "Question"}, {"name": "Answer"}, {"name": "Id"}]
    return genanki.Model(MODEL, "Every FLOP Counts", fields=fields, templates=[template], css=STYLE)


def write_deck(path: Path, every: Iterable[Drawn], report: Report) -> None:
    """Writes a deck with a card for each question."""
    deck, shape = genanki.Deck(DECK, "Every FLOP Counts"), model()
    for drawn in every:
        deck.add_note(_note(drawn, shape))
        report.written += 1
    genanki.Package(deck).write_to_file(str(path))


def _note(drawn: Drawn, shape: genanki.Model) -> genanki.Note:
    tags = [*drawn.template.skills, f"level-{drawn.template.level}", f"kind-{drawn.template.kind}"]
    assert set(drawn.template.skills) <= set(SKILLS)  # no tag has a space in it
    fields = [html.asked(drawn.posed), answer(drawn), escape(drawn.id)]
    return genanki.Note(shape, fields, guid=genanki.guid_for("every-flop-counts", drawn.id), tags=tags)


def answer(drawn: Drawn) -> str:
    """The back of a card."""
    posed = drawn.posed
    wrong = [
        f"<p>{html.inline(field.words)}</p>{html.wrongs(field, known[:MOST_WRONG])}"
        for field in posed.fields
        if (known := wrong_in(posed, field))
    ]
    mistakes = (
        f'<div class="mistakes"><p>What the usual mistakes give</p>{"".join(wrong)}</div>' if wrong else ""
    )
    return f"{html.right(posed)}{html.solution(posed)}{mistakes}".replace("<p></p>", "")
