"""Everything that is said is found in the source, and a translation reaches Python and the page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from site_builder import catalogue

from layercost import message
from layercost.message import Message, speaking
from layercost.questions.exported import said_of_answers
from tests.conftest import ROOT

# Where a key is no literal text, and why nothing is missing from the catalogues.
NOT_LITERAL = {
    "src/layercost/message.py": "what was kept as data is made a message again; `spoken` is the way there",
    "src/layercost/facts.py": "names of operations and roles, which the template takes from the enums",
    "src/layercost/view.py": "NOT_COUNTED, the key of a message that stands beside it",
    "src/layercost/explorers/parts.py": "NOT_COUNTED too",
    "web/sphinx/course_pulled.py": "verdicts on tools, which the template takes from their enum",
}
CHINESE = r"""
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\n"

#: src/layercost/layer.py:1
msgid "{name} reads one value, but got {count} shapes"
msgstr "{name} 只读一个值，但得到了 {count} 个形状"

#: web/src/text/guess.mjs:1
msgid "You said {guess}."
msgstr "您猜的是 {guess}。"

#: src/layercost/counting.py:1
msgid "not measured"
msgstr ""
"""


@pytest.fixture
def chinese(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A translation of two texts of three, in a place of its own."""
    monkeypatch.setattr(catalogue, "TRANSLATIONS", tmp_path)
    path = tmp_path / "zh.po"
    path.write_text(CHINESE, encoding="utf-8")
    yield path
    message.catalogue.cache_clear()


def test_every_key_in_the_source_is_a_literal_text() -> None:
    """A key that is put together cannot be found, so it would never be translated."""
    made_up = {key.path.relative_to(ROOT).as_posix() for key in catalogue.said() if key.text is None}
    assert made_up == set(NOT_LITERAL)


def test_keys_are_found_in_python_in_templates_and_in_scripts() -> None:
    found = {path for entry in catalogue.template() for path, _ in entry.locations}
    for place in ("src/layercost/shape.py", "grader/feedback.html.j2", "web/src/text/guess.mjs"):
        assert place in found


def test_nested_keys_are_all_found(tmp_path: Path) -> None:
    path = tmp_path / "said.py"
    path.write_text('Message("{a} of " "two", a=Message("one"))\n_(f"{x}")\nother("no key")\n', "utf-8")
    assert [key.text for key in catalogue.python_keys(path)] == ["{a} of two", None, "one"]


def test_every_text_can_be_filled_in() -> None:
    """The places of values are well formed in each English text."""
    for entry in catalogue.template():
        if entry.id:
            catalogue.literals(str(entry.id))


def test_a_finished_translation_is_spoken_by_python(chinese: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = json.loads(catalogue.compiled(chinese))
    assert len(known) == 2
    with speaking(known):
        said = Message("{name} reads one value, but got {count} shapes", name="ReLU", count=2)
        assert str(said) == "ReLU 只读一个值，但得到了 2 个形状"
        assert str(Message("not measured")) == "not measured"


def test_a_page_gets_the_words_of_its_scripts_alone(chinese: Path) -> None:
    assert catalogue.page_words("zh") == {"You said {guess}.": "您猜的是 {guess}。"}
    assert catalogue.page_words("en") == catalogue.page_words("fr") == {}


def test_a_page_gets_the_sentences_that_python_says_of_answers_too(chinese: Path) -> None:
    """Page scripts take these from Python, so that no script has them as texts."""
    for english in said_of_answers():
        place = "#: src/layercost/questions/sentences.py:1"
        entry = f'\n{place}\nmsgid "{english}"\nmsgstr "{english}"\n'
        chinese.write_text(chinese.read_text(encoding="utf-8") + entry, encoding="utf-8")
    assert said_of_answers() < set(catalogue.page_words("zh"))


def test_a_translation_that_names_other_values_is_refused(chinese: Path) -> None:
    chinese.write_text(CHINESE.replace("得到了 {count}", "得到了 {amount}"), encoding="utf-8")
    with pytest.raises(ValueError, match="does not name the same values"):
        catalogue.translation(chinese)


def test_a_translation_is_brought_up_to_date(chinese: Path) -> None:
    """What it has stays; what is new is there without a translation; what nobody says any more goes."""
    catalogue.update(chinese, catalogue.template())
    kept = catalogue.translation(chinese)
    assert "{name} reads one value, but got {count} shapes" in kept
    assert 'msgid "There is no answer here yet."\nmsgstr ""' in chinese.read_text(encoding="utf-8")


def test_what_python_speaks_is_compiled_from_each_translation() -> None:
    """`nox -s words` writes the one from the other; there may be none yet."""
    for path in catalogue.TRANSLATIONS.glob("*.po"):
        spoken = catalogue.SPOKEN / f"{path.stem}.json"
        assert spoken.read_text(encoding="utf-8") == catalogue.compiled(path)
