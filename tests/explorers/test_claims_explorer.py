"""The explorer of published sizes counts what the library counts, and knows when that is what was printed."""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path

import pytest

import layercost as lc
from layercost.explorers import explorer as explorer_named
from layercost.explorers.claims import CLAIMS, HEADS, Audited, held_by, verdict
from layercost.totals import Parameters, parameter_totals
from tests.explorers.reading import move

WAYS = [*product((False, True), (True, False), HEADS)]

# How each printed number comes about: experts of a token alone, the table, the head.
FOUND = {
    "gpt-oss": (False, True, "own"), "gpt-oss active": (True, False, "own"),
    "mixtral": (False, True, "own"), "mixtral active": (True, True, "own"),
    "deepseek active": (True, False, "own"), "qwen3 active": (True, True, "own"),
    "qwen2.5": (False, False, "none"), "llama 3.2": (False, True, "own"),
    "gpt2 torchinfo": (False, True, "again"),
}  # fmt: skip


@pytest.mark.parametrize("claim", FOUND)
def test_one_way_of_counting_gives_the_printed_number(claim: str) -> None:
    audited = Audited(claim, *FOUND[claim])
    assert CLAIMS[claim].is_given_by(audited.total)
    assert "this is what was printed" in verdict(audited)


def test_the_size_in_the_paper_on_gpt_2_is_none() -> None:
    """117 million: neither with the table nor without it, once or twice."""
    assert set(CLAIMS) - set(FOUND) == {"gpt2"}
    assert not any(CLAIMS["gpt2"].is_given_by(Audited("gpt2", *way).total) for way in WAYS)


@pytest.mark.parametrize("name", sorted({one.model for one in CLAIMS.values()}))
def test_its_pieces_are_the_model(name: str) -> None:
    held, model = held_by(name), lc.model_named(name)
    assert sum(held.pieces.values()) == parameter_totals(model)[Parameters.UNIQUE]
    assert held.tied == (parameter_totals(model)[Parameters.TIED_TWICE] > sum(held.pieces.values()))


@pytest.mark.parametrize("claim", ["gpt-oss active", "deepseek active", "mixtral active"])
def test_active_parameters_are_those_of_the_library(claim: str) -> None:
    """In its three meanings."""
    model = lc.model_named(CLAIMS[claim].model)
    found = [Audited(claim, True, *way).total for way in ((True, "own"), (False, "own"), (False, "none"))]
    meanings = ("with-tables", "without-input-table", "without-tables")
    assert found == [lc.active_parameters(model, meaning) for meaning in meanings]


@pytest.mark.parametrize("way", WAYS)
def test_what_is_shown_is_what_is_counted(way: tuple[bool, bool, str]) -> None:
    explorer = explorer_named("claims")
    move(explorer, claim="gpt-oss active", active=way[0], table=way[1], head=way[2])
    built = explorer._good
    assert built == Audited("gpt-oss active", *way)
    assert built.formula().value == built.total
    assert f"{built.total:,}" in explorer._html["picture"].value


def test_the_printed_numbers_are_those_of_the_declared_claims() -> None:
    """Each is declared with its source among the published claims, or told in the chapter on GPT-2."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "web" / "sphinx"))
    from published import claims

    declared = {figure.printed.value for claim in claims().values() for figure in claim.figures}
    told = {"gpt2 torchinfo"}
    assert {name for name, one in CLAIMS.items() if one.value not in declared} == told
