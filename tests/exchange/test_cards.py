"""Cards keep their identity from one export to the next, and hold nothing that runs."""

from __future__ import annotations

import re
import sqlite3
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import pytest

from grader.command import main
from grader.exchange.cards import write_deck
from grader.exchange.chosen import Drawn, Report, chosen, draws
from grader.exchange.html import mathml
from layercost.expression import Symbol
from tests.papers.exams import SKILL, EveryForm, Undrawable


def notes(path: Path) -> dict[str, list[str]]:
    """The fields of each note, by its identity in Anki."""
    with zipfile.ZipFile(path) as package:
        database = path.with_suffix(".anki2")
        database.write_bytes(package.read("collection.anki2"))
    connection = sqlite3.connect(database)
    found = connection.execute("select guid, flds from notes").fetchall()
    connection.close()
    return {guid: fields.split("\x1f") for guid, fields in found}


def deck(path: Path, count: int) -> dict[str, list[str]]:
    """A deck of the test's question."""
    report = Report()
    write_deck(path, draws([EveryForm()], "cards", count, report), report)
    return notes(path)


def test_a_deck_that_is_written_again_has_the_same_identities(tmp_path: Path) -> None:
    first, second = deck(tmp_path / "a.apkg", 3), deck(tmp_path / "b.apkg", 3)
    assert set(first) == set(second)
    assert len(first) == 3


def test_more_draws_add_cards_and_change_none(tmp_path: Path) -> None:
    few, many = deck(tmp_path / "a.apkg", 2), deck(tmp_path / "b.apkg", 4)
    assert set(few) < set(many)
    assert all(many[guid] == fields for guid, fields in few.items())


def test_a_card_asks_in_front_and_answers_behind(tmp_path: Path) -> None:
    for front, back, name in deck(tmp_path / "a.apkg", 2).values():
        posed = EveryForm().draw(f"cards/{name.rpartition('-')[2]}")
        assert "&lt;b&gt;think&lt;/b&gt;" in front
        assert f"<code>x &lt; {posed.state()['number']}</code>" in front
        assert f"<b>{posed.answers()['shape']}</b>" in back
        assert "You stopped half way" in back


def test_cards_of_the_bank_are_well_formed_and_run_nothing(tmp_path: Path) -> None:
    out = tmp_path / "deck.apkg"
    main(["cards", "--out", str(out), "--draws", "1", "--skills", SKILL])
    found = notes(out)
    assert len(found) >= len(chosen([SKILL])) * 0.95
    for front, back, _name in found.values():
        for text in (front, back):
            ElementTree.fromstring(f"<div>{text}</div>")  # noqa: S314 - our own output
            assert not re.search(r"<script|<img|\son\w+=|javascript:|data-sym", text)


def test_a_formula_is_mathml_that_needs_no_style(tmp_path: Path) -> None:
    out = tmp_path / "deck.apkg"
    assert main(["cards", "--out", str(out), "--draws", "1", "--skills", SKILL]) in (0, 1)
    backs = "".join(back for _front, back, _name in notes(out).values())
    assert '<math xmlns="http://www.w3.org/1998/Math/MathML">' in backs
    assert "lc-" not in backs


def test_a_long_formula_can_break_at_its_signs_of_equality() -> None:
    k = Symbol("k", 5)
    steps = ElementTree.fromstring(f"<p>{mathml(3 * k * k + 1)}</p>")  # noqa: S314 - our own output
    assert ["".join(step.itertext()) for step in steps] == ["3·k·k+1", "=3·5·5+1", "=76"]


def test_what_cannot_be_drawn_is_named(tmp_path: Path) -> None:
    report = Report()
    write_deck(tmp_path / "a.apkg", draws([Undrawable(), EveryForm()], "cards", 1, report), report)
    assert report.written == 1
    assert "undrawable" in report.left_out[0]


def test_a_draw_that_repeats_an_earlier_one_is_left_away() -> None:
    report = Report()
    few = list(draws([EveryForm()], "cards", 200, report))
    states = [drawn.posed.state()["number"] for drawn in few]
    assert len(set(states)) == len(states) < 200
    assert isinstance(few[0], Drawn)


def test_an_unknown_skill_is_refused_with_the_nearest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cards", "--skills", "convolutoin", "--out", str(tmp_path / "x")]) == 2
    assert "did you mean 'convolution'" in capsys.readouterr().err
