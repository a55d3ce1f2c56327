"""The explorer of GPT-2 shows what layercost counts of the whole model, in all its sizes."""

from __future__ import annotations

import re

import pytest

import layercost as lc
from layercost.explorers import explorer as explorer_named
from layercost.explorers.block_bars import _BOTTOM, _LEVEL
from layercost.explorers.gpt2 import VERSIONS, VOCABULARY, Decoder
from tests.explorers.reading import copied_lines, move, numbers, tree, with_class

RELEASED = {"small": 124_439_808, "medium": 354_823_168, "large": 774_030_080, "XL": 1_557_611_200}
SETTINGS = [
    pytest.param({}, id="as printed"),
    pytest.param({"tied": False, "tokens": 1}, id="a head of its own"),
    pytest.param({"version": "medium", "tokens": 300}, id="medium"),
    pytest.param({"version": "XL", "tied": False, "positions": 2048, "tokens": 2000}, id="XL, longer"),
    pytest.param({"version": "large", "positions": 16_384, "tokens": 16_384}, id="large, at its longest"),
]


def model(version: str = "small", *, tied: bool = True, positions: int = 1024, **_more: object) -> lc.Model:
    """The whole model, with all of its blocks."""
    sizes = VERSIONS[version]
    return lc.from_config({
        "model_type": "gpt2", "vocab_size": VOCABULARY, "n_positions": positions, "n_embd": sizes.width,
        "n_layer": sizes.depth, "n_head": sizes.heads, "tie_word_embeddings": tied,
    })  # fmt: skip


def shown(moved: dict[str, object]) -> Decoder:
    """What the explorer has built after these moves; the longest table of positions comes first."""
    explorer = explorer_named("gpt2")
    move(explorer, **dict(sorted(moved.items())))
    return explorer._good


@pytest.mark.parametrize("moved", SETTINGS)
def test_its_totals_are_those_of_the_whole_model(moved: dict[str, object]) -> None:
    """One block, taken as often as there are blocks, is the model."""
    built, whole = shown(moved), model(**moved)
    text = (built.tokens,)
    assert built.parameters == lc.count(whole, lc.PARAMETERS, text).total
    assert built.macs == lc.count(whole, lc.MACS, text).total
    for convention in ("textbook", "two-a-mac", "causal-half", "everything", "lookup-as-product"):
        assert built.cost(convention) == lc.count(whole, lc.FLOPS, text, convention).total
    total = built.table().total
    assert (total.parameters, total.macs) == (built.parameters, built.macs)


@pytest.mark.parametrize(("version", "released"), RELEASED.items())
def test_the_four_sizes_are_the_released_models(version: str, released: int) -> None:
    """As their authors corrected the table of the paper."""
    assert shown({"version": version}).parameters == released


@pytest.mark.parametrize("moved", SETTINGS)
def test_its_formulas_come_to_what_is_counted(moved: dict[str, object]) -> None:
    """The line of the parameters, and that of the MACs, against the layers."""
    explorer = explorer_named("gpt2")
    move(explorer, **dict(sorted(moved.items())))
    built = explorer._good
    lines = copied_lines(explorer)
    for unit, total in (("parameters", built.parameters), ("MACs", built.macs)):
        (line,) = [one for one in lines if one.endswith(f" {unit}")]
        assert line.endswith(f" = {total:,} {unit}")
        assert "·d^2" in line


@pytest.mark.parametrize("moved", SETTINGS)
def test_its_parts_are_those_of_the_table_by_type(moved: dict[str, object]) -> None:
    """Parameters and MACs by type, as another part of the library sorts them."""
    from layercost.by_type import macs_by_type, parameters_by_type

    built, whole = shown(moved), model(**moved)
    held, done = parameters_by_type(whole), macs_by_type(whole, (built.tokens,))
    maps = [f"attention.{name}" for name in "qkvo"]
    types = {
        "token table": ["embedding.token"], "positions": ["embedding.position"], "maps": maps,
        "pairs": ["attention.scores", "attention.context"], "feed-forward": ["mlp.up", "mlp.down"],
        "norms": ["norm"], "head": ["head"],
    }  # fmt: skip
    assert built.amounts == {
        part: tuple(sum(found.get(name, 0) for name in names) for found in (held, done))
        for part, names in types.items()
    }


def test_a_head_of_its_own_is_the_token_table_once_more() -> None:
    """What torchinfo prints for the tied model."""
    built = shown({"tied": False})
    assert built.parameters == 163_037_184 == RELEASED["small"] + VOCABULARY * 768
    assert built.macs == shown({}).macs


@pytest.mark.parametrize("version", VERSIONS)
def test_pairs_overtake_where_the_two_lines_cross(version: str) -> None:
    """At six times the width all pairs of a block cost as much as all its maps; the marks stand level."""
    even = 6 * VERSIONS[version].width
    explorer = explorer_named("gpt2")
    move(explorer, version=version, positions=16_384, tokens=even)
    amounts = explorer._good.amounts
    assert amounts["pairs"][1] == amounts["maps"][1] + amounts["feed-forward"][1]
    heights = [float(one.get("cy", "0")) for one in with_class(explorer.pane("picture"), "lc-now")]
    assert heights == [_LEVEL, _LEVEL]
    move(explorer, tokens=even // 2)
    heights = [float(one.get("cy", "0")) for one in with_class(explorer.pane("picture"), "lc-now")]
    assert heights == [_LEVEL, (_LEVEL + _BOTTOM) / 2]


def test_bars_are_as_long_as_their_shares_and_say_their_amounts() -> None:
    """Fourteen bars, the two of each part one above the other."""
    explorer = explorer_named("gpt2")
    built = explorer._good
    for place, total in enumerate((built.parameters, built.macs)):
        kind = ("lc-bar-parameters", "lc-bar-macs")[place]
        found = with_class(explorer.pane("picture"), kind)
        bars = [bar for bar in found if "lc-key-of" not in bar.get("class", "")]
        for bar, amounts in zip(bars, built.amounts.values(), strict=True):
            least = 0.5 if amounts[place] else 0
            assert float(bar.get("width", "")) == pytest.approx(
                max(190 * amounts[place] / total, least), abs=0.01
            )
    said = [one.text for one in with_class(explorer.pane("picture"), "lc-part-value")]
    assert said[:14] == [f"{amount:,}" for both in built.amounts.values() for amount in both]


def test_a_text_longer_than_the_table_of_positions_is_refused_in_words() -> None:
    """What was shown stays, and it is said why."""
    explorer = explorer_named("gpt2")
    move(explorer, tokens=1025)
    said = re.sub("<.*?>", "", explorer.pane("message"))
    assert (
        "The model has 1,024 positions, and the text 1,025 tokens: each token needs a position of its own."
    ) in said
    assert "embedding" not in said
    assert explorer._good.tokens == 1024


def test_the_ghost_stands_around_the_bars() -> None:
    """After a move each bar has the outline of the setting before."""
    explorer = explorer_named("gpt2")
    assert not with_class(explorer.pane("picture"), "lc-ghost-outline")
    move(explorer, version="medium")
    assert len(with_class(explorer.pane("picture"), "lc-ghost-outline")) == 14


def test_amounts_stand_right_of_the_bar_and_of_its_ghost() -> None:
    """So that no outline runs through a number."""
    explorer = explorer_named("gpt2")
    move(explorer, version="XL", tied=False)
    picture = explorer.pane("picture")
    said = [float(one.get("x", "")) for one in with_class(picture, "lc-part-value")][:14]
    for kind in ("lc-share", "lc-ghost-outline"):
        bars = [one for one in with_class(picture, kind) if "lc-key-of" not in one.get("class", "")]
        ends: dict[float, float] = {
            float(one.get("y", "")): float(one.get("x", "")) + float(one.get("width", "")) for one in bars
        }
        assert len(ends) == 14
        assert all(end < x for (_y, end), x in zip(sorted(ends.items()), said, strict=True))


def test_the_twin_has_the_numbers_of_the_picture() -> None:
    """Each part with its parameters and its MACs, and both totals."""
    explorer = explorer_named("gpt2")
    built = explorer._good
    cells = numbers(explorer.pane("twin"))
    for both in (*built.amounts.values(), (built.parameters, built.macs)):
        assert set(both) <= set(cells)
    assert 6 * 768 in cells


@pytest.mark.parametrize("part", ["token table", "pairs", "norms", "head"])
def test_the_part_that_is_looked_at_is_derived(part: str) -> None:
    """Its layer, and its lines."""
    explorer = explorer_named("gpt2", part=part)
    assert part in explorer.pane("detail")
    assert list(tree(explorer.pane("detail")).iter())
