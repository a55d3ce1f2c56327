"""The explorer of ViT shows what layercost counts of the whole model, for every picture and patch."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

import layercost as lc
from layercost.by_type import macs_by_type
from layercost.explorers import explorer as explorer_named
from layercost.explorers.patch_picture import _BOTTOM, _TOP, Seen, _across, _levels
from layercost.explorers.vision import VERSIONS, Viewed
from tests.explorers.reading import copied_lines, move, numbers, with_class

PUBLISHED = {"Ti": 5_717_416, "S": 22_050_664, "B": 86_567_656, "L": 304_326_632}
SETTINGS = [
    pytest.param({}, id="as printed"),
    pytest.param({"patch": 32}, id="large patches"),
    pytest.param({"version": "Ti", "image": 230, "patch": 7}, id="what is left over"),
    pytest.param({"version": "L", "image": 384}, id="L at 384"),
    pytest.param({"version": "S", "image": 64, "patch": 64}, id="one patch"),
]


def model(version: str = "B", image: int = 224, patch: int = 16) -> lc.Model:
    """The whole model, with all of its blocks."""
    sizes = VERSIONS[version]
    return lc.from_config({
        "model_type": "vit", "hidden_size": sizes.width, "intermediate_size": 4 * sizes.width,
        "num_hidden_layers": sizes.depth, "num_attention_heads": sizes.heads, "image_size": image,
        "patch_size": patch, "num_channels": 3, "num_labels": 1000,
    })  # fmt: skip


def shown(moved: dict[str, object]) -> Viewed:
    """What the explorer has built after these moves."""
    explorer = explorer_named("vision")
    move(explorer, **moved)
    built = explorer._good
    assert isinstance(built, Viewed)
    return built


@pytest.mark.parametrize("moved", SETTINGS)
def test_its_totals_are_those_of_the_whole_model(moved: dict[str, object]) -> None:
    """One block, taken as often as there are blocks, is the model."""
    built, whole = shown(moved), model(**moved)  # type: ignore[arg-type]
    shape = whole.input_shape
    assert built.parameters == lc.count(whole, lc.PARAMETERS, shape).total
    assert built.macs == lc.count(whole, lc.MACS, shape).total
    for convention in lc.CONVENTIONS:
        assert built.cost(convention) == lc.count(whole, lc.FLOPS, shape, convention).total


@pytest.mark.parametrize(("version", "count"), PUBLISHED.items())
def test_the_four_sizes_are_the_published_models(version: str, count: int) -> None:
    """At 224 with patches of 16."""
    assert shown({"version": version}).parameters == count


@pytest.mark.parametrize("moved", SETTINGS)
def test_its_formulas_come_to_what_is_counted(moved: dict[str, object]) -> None:
    """The lines of the tokens, the parameters and the MACs."""
    explorer = explorer_named("vision")
    move(explorer, **moved)
    built = explorer._good
    lines = copied_lines(explorer)
    for unit, total in (("parameters", built.parameters), ("MACs", built.macs), ("tokens", built.tokens)):
        (line,) = [one for one in lines if one.endswith(f" {unit}")]
        assert line.endswith(f" = {total:,} {unit}")


@pytest.mark.parametrize("moved", SETTINGS)
def test_its_parts_are_those_of_the_table_by_type(moved: dict[str, object]) -> None:
    """MACs by type, as another part of the library sorts them."""
    built, whole = shown(moved), model(**moved)  # type: ignore[arg-type]
    by = macs_by_type(whole, whole.input_shape)
    pairs = by["attention.scores"] + by["attention.context"]
    maps = sum(by[f"attention.{name}"] for name in "qkvo") + by["mlp.up"] + by["mlp.down"]
    assert built.work == {
        "patches": by["embedding.patch"], "maps": maps, "pairs": pairs, "head": by["head"],
    }  # fmt: skip


def test_pixels_that_no_patch_reads_cost_nothing_and_are_hatched() -> None:
    """230 by 230 is read as 224 by 224, and the heading says what is left."""
    explorer = explorer_named("vision")
    assert not with_class(explorer.pane("picture"), "lc-not-read")
    before = explorer._good
    move(explorer, image=230)
    assert (explorer._good.parameters, explorer._good.macs) == (before.parameters, before.macs)
    assert len(with_class(explorer.pane("picture"), "lc-not-read")) == 1
    assert "6 pixels of each row are not read" in explorer.pane("picture")


def test_a_patch_larger_than_the_picture_is_refused_in_words() -> None:
    """What was shown stays."""
    explorer = explorer_named("vision")
    move(explorer, image=40)
    move(explorer, patch=41)
    said = re.sub("<.*?>", "", explorer.pane("message"))
    assert "A patch of 41 by 41 pixels does not fit into a picture of 40 by 40." in said
    assert explorer._good.patch == 16


def test_lines_of_the_grid_stand_apart_and_what_a_square_is_is_said() -> None:
    """256 patches in a row would be a grey field."""
    explorer = explorer_named("vision")
    move(explorer, patch=4, image=1024)
    picture = explorer.pane("picture")
    (rules,) = with_class(picture, "lc-rules")
    places = [float(at) for at in re.findall(r"M0 ([\d.]+)h", rules.get("d", ""))]
    assert all(after - at >= 3 for at, after in pairwise(places))
    assert "a square is 8 × 8 patches" in picture
    (rules,) = with_class(explorer_named("vision").pane("picture"), "lc-rules")
    assert len(re.findall(r"M0 [\d.]+h", rules.get("d", ""))) == 13


@pytest.mark.parametrize("version", VERSIONS)
def test_maps_and_pairs_are_even_at_the_mark(version: str) -> None:
    """At six times the width both areas are equally high."""
    sizes = VERSIONS[version]
    seen = Seen([], None, 224, 16, sizes.width, sizes.depth)
    maps, both = _levels(seen, seen.even)
    assert _BOTTOM - maps == pytest.approx(maps - both)
    assert _TOP <= both <= _BOTTOM
    explorer = explorer_named("vision", version=version)
    (mark,) = with_class(explorer.pane("picture"), "lc-even-mark")
    assert float(mark.get("x1", "")) == pytest.approx(_across(6 * sizes.width), abs=0.01)
    (mark,) = with_class(explorer.pane("picture"), "lc-now-mark")
    assert float(mark.get("x1", "")) == pytest.approx(_across(197), abs=0.01)


def test_bars_are_as_long_as_their_shares_and_the_ghost_stands_around_them() -> None:
    """Four bars; after a move each has the outline of the setting before."""
    explorer = explorer_named("vision")
    assert not with_class(explorer.pane("picture"), "lc-ghost-outline")
    before = explorer._good
    move(explorer, patch=8)
    for built, kind in ((explorer._good, "lc-share"), (before, "lc-ghost-outline")):
        bars = with_class(explorer.pane("picture"), kind)
        for bar, amount in zip(bars, built.work.values(), strict=True):
            assert float(bar.get("width", "")) == pytest.approx(max(206 * amount / built.macs, 0.5), abs=0.5)
    said = [one.text for one in with_class(explorer.pane("picture"), "lc-part-value")]
    assert said == [f"{amount:,}" for amount in explorer._good.work.values()]


def test_the_twin_has_the_numbers_of_the_picture() -> None:
    """Side, patches in a row, tokens, the mark, and the four parts with their total."""
    explorer = explorer_named("vision", image=230)
    built = explorer._good
    cells = set(numbers(explorer.pane("twin")))
    assert {230, 14, 6, 197, 6 * 768, built.macs, *built.work.values()} <= cells


@pytest.mark.parametrize("part", ["patches", "maps", "pairs", "head"])
def test_the_part_that_is_looked_at_is_derived(part: str) -> None:
    """Its layer, and its lines."""
    explorer = explorer_named("vision", part=part)
    assert part in explorer.pane("detail")


@pytest.mark.parametrize(("patch", "side"), [(8, 544), (16, 1024)])
def test_try_it_is_answered_by_what_the_explorer_shows(patch: int, side: int) -> None:
    """Patches of 8: from 544 pixels on pairs cost more. At 1,024 with patches of 16: in Ti and S alone."""
    if patch == 8:
        before, after = (shown({"patch": 8, "image": at}).work for at in (side - 1, side))
        assert before["pairs"] < before["maps"]
        assert after["pairs"] > after["maps"]
        return
    every = {version: shown({"version": version, "image": side}) for version in VERSIONS}
    assert [name for name, built in every.items() if 2 * built.work["pairs"] > built.macs] == ["Ti", "S"]
