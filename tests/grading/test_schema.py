"""The reference of a specification.toml is made from the code that reads it."""

from __future__ import annotations

import re

import pytest

from grader.cells import KINDS
from grader.command import main
from grader.keys import ASK, CELL, QUESTION
from grader.schema import schema
from layercost.misconception import MISCONCEPTIONS
from layercost.questions import KINDS as QUESTION_KINDS
from layercost.questions import QuestionError
from layercost.questions.kinds import compute, shared


def test_every_key_that_is_read_is_explained() -> None:
    """A key that a kind of cell or a question reads has its form and its meaning."""
    for kind in KINDS.values():
        assert set(kind.keys) <= set(CELL)
    assert set(compute._QUESTION_KEYS) | {"kind"} == set(QUESTION)
    assert set(compute._ASK_KEYS) == set(ASK)


@pytest.mark.parametrize("name", [name for name in QUESTION_KINDS if name != "compute"])
def test_every_key_that_a_kind_of_question_reads_stands_in_its_section(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or in that of a question that asks for numbers, where it means the same."""
    read = set[str]()
    monkeypatch.setattr(shared, "known_keys", lambda owner, data, known: read.update(known))
    with pytest.raises(QuestionError):
        QUESTION_KINDS[name]("a question", {})
    _, _, section = schema().partition(f"\n## `[[question]]` of the kind `{name}`\n")
    words = set(re.findall(r"\w+", section.partition("\n## ")[0]))
    assert read > {"id", "wording"}
    assert read - words <= {*QUESTION, *ASK}
    assert f'kind = "{name}"' in section


def test_the_reference_names_every_kind_and_every_misconception(capsys: pytest.CaptureFixture[str]) -> None:
    """As Markdown, without a course."""
    assert main(["schema"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("# What a specification.toml holds\n")
    for key, kind in KINDS.items():
        assert f"### A cell with `{key}`\n\n{(kind.__doc__ or '').splitlines()[0]}" in said
    for name in MISCONCEPTIONS:
        assert f"| `{name}` | " in said
