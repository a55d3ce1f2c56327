"""The explorer of attention shows what layercost counts, and draws what a mask leaves."""

from __future__ import annotations

import re
from itertools import product

import pytest

import layercost as lc
from layercost.explorers import explorer as explorer_named
from layercost.explorers.scores import GROUPS, HEIGHT, WIDTH
from tests.explorers.reading import copied_lines, move, numbers, panes, tree, wheels, with_class, words

SETTINGS = [
    pytest.param({}, lc.Attention(768, 12, 4, 64, bias=False, causal=True), 160, id="as printed"),
    pytest.param(
        {"num_kv_heads": 12, "bias": True, "tokens": 1024},
        lc.Attention(768, 12, 12, 64, causal=True), 1024, id="GPT-2 small's",
    ),
    pytest.param(
        {"embed_dim": 4096, "num_heads": 32, "num_kv_heads": 8, "head_dim": 128, "tokens": 8192},
        lc.Attention(4096, 32, 8, 128, bias=False, causal=True), 8192, id="Llama 3 8B's",
    ),
    pytest.param(
        {"mask": "full", "num_kv_heads": 1},
        lc.Attention(768, 12, 1, 64, bias=False), 160, id="multi-query, nothing hidden",
    ),
    pytest.param(
        {"mask": "window", "window": 32},
        lc.Attention(768, 12, 4, 64, bias=False, causal=True, window=32), 160, id="a window",
    ),
]  # fmt: skip


def total(layer: lc.Layer, quantity: lc.Quantity, tokens: int, convention: str = "textbook") -> int:
    """A count of an attention on a text."""
    return lc.count(layer, quantity, (tokens, layer.embed_dim), convention).total  # type: ignore[attr-defined]


@pytest.mark.parametrize(("moved", "layer", "tokens"), SETTINGS)
def test_its_totals_are_those_of_the_layer(
    moved: dict[str, object], layer: lc.Attention, tokens: int
) -> None:
    """Parameters and FLOPs, as `count` has them, under the convention that is chosen."""
    explorer = explorer_named("attention")
    move(explorer, **moved)
    for convention in ("textbook", "causal-half"):
        move(explorer, convention=convention)
        (said,) = with_class(explorer.pane("total"), "lc-said")
        counts = [total(layer, what, tokens, convention) for what in (lc.PARAMETERS, lc.FLOPS)]
        assert said.text == f"{counts[0]:,} parameters; {counts[1]:,} FLOPs by {convention}"


@pytest.mark.parametrize(("moved", "layer", "tokens"), SETTINGS)
def test_maps_and_products_are_all_of_the_macs_and_the_masked_pairs_a_part_of_them(
    moved: dict[str, object], layer: lc.Attention, tokens: int
) -> None:
    """What the convention causal-half leaves out is what stands there as hidden."""
    explorer = explorer_named("attention")
    move(explorer, **moved)
    (said,) = with_class(explorer.pane("picture"), "lc-saying")
    found = re.findall(r"\d[\d,]*\d", words(said))
    maps, products = (int(one.replace(",", "")) for one in found)
    assert maps + products == total(layer, lc.MACS, tokens)
    full, half = (total(layer, lc.FLOPS, tokens, name) for name in ("two-a-mac", "causal-half"))
    assert full - half == 2 * explorer._good.hidden
    assert f"{explorer._good.hidden:,}" in words(tree(explorer.pane("twin")))


def sees(mask: str, window: int, query: int, key: int) -> bool:
    """Whether a token sees another one."""
    return mask == "full" or (key <= query and (mask == "causal" or query - key < window))


@pytest.mark.parametrize("mask", ["full", "causal", "window"])
@pytest.mark.parametrize("query", [1, 3, 5, 9])
def test_the_wheels_count_the_pairs_one_by_one(mask: str, query: int) -> None:
    """Nine tokens with a window of four: each pair is looked at."""
    explorer = explorer_named("attention", tokens=9, window=4, query=1, mask=mask)
    move(explorer, query=query)
    pairs = list(product(range(1, 10), repeat=2))
    seen = [one for one in pairs if sees(mask, 4, *one)]
    expected = {"pairs seen": (sum(one <= query for one, _ in seen), len(seen))}
    assert wheels(explorer) == expected


def boxes(explorer: object, kind: str) -> list[dict[str, float]]:
    """The rectangles of a kind."""
    found = with_class(explorer.pane("picture"), kind)  # type: ignore[attr-defined]
    sides = ("x", "y", "width", "height")
    return [{name: float(box.get(name, 0)) for name in sides} for box in found if box.tag == "rect"]


def test_a_window_slides_along_with_the_token_that_asks() -> None:
    """As wide as the window, and one key further on with each token."""
    explorer = explorer_named("attention", tokens=100, window=20, mask="window", query=50)
    _query, before = boxes(explorer, "lc-asks")
    move(explorer, query=51)
    _query, after = boxes(explorer, "lc-asks")
    frame = boxes(explorer, "lc-frame")[0]
    cell = frame["width"] / 100
    assert before["width"] == after["width"] == pytest.approx(20 * cell, rel=0.02)
    assert after["x"] - before["x"] == pytest.approx(cell, rel=0.1)


@pytest.mark.parametrize(("tokens", "size"), [(160, 64), (16, 64), (4096, 128)])
def test_the_square_and_what_it_is_made_of_are_to_scale(tokens: int, size: int) -> None:
    """Queries are as high as the square and as wide as a head, keys the other way round."""
    explorer = explorer_named("attention", tokens=tokens, head_dim=size)
    square = boxes(explorer, "lc-frame")[0]
    queries, keys = boxes(explorer, "lc-d-k")
    assert queries["height"] == keys["width"] == square["width"] == square["height"]
    assert queries["width"] == keys["height"]
    if queries["width"] > 1.5:
        assert square["width"] / queries["width"] == pytest.approx(tokens / size, rel=0.02)
    assert square["x"] + square["width"] < WIDTH
    assert square["y"] + square["height"] < HEIGHT


@pytest.mark.parametrize("kv_heads", [1, 2, 4, 12])
def test_a_head_of_queries_has_the_colour_of_the_keys_that_it_reads(kv_heads: int) -> None:
    """Each colour stands once above for each head of queries, and once below for each that serves."""
    explorer = explorer_named("attention", num_kv_heads=kv_heads)
    paths = [path for path in with_class(explorer.pane("picture"), "lc-cell") if path.tag == "path"]
    shown = list(zip(paths[::2], paths[1::2], strict=True))
    assert len(shown) == min(kv_heads, len(GROUPS))
    heads = [(above.get("d", "").count("M"), below.get("d", "").count("M")) for above, below in shown]
    assert (sum(one for one, _ in heads), sum(one for _, one in heads)) == (12, kv_heads)
    assert all(one * kv_heads == other * 12 for one, other in heads)
    assert all(above.get("class") == below.get("class") for above, below in shown)


def test_fewer_key_value_heads_save_parameters_and_cache_and_no_product() -> None:
    """The ghost says it, and the products stay."""
    explorer = explorer_named("attention", num_kv_heads=12)
    before = explorer._good.products
    move(explorer, num_kv_heads=1)
    assert explorer._good.products == before
    ratios = words(with_class(explorer.pane("ghost"), "lc-ratios")[0])
    assert ratios.endswith("×0.0833 cache")
    assert "×0.542 parameters" in ratios


def test_twice_the_heads_of_half_the_size_cost_the_same() -> None:
    """What heads do not change: only additions are fewer, by one for each dot product of the scores."""
    explorer = explorer_named("attention")
    before = explorer._good
    move(explorer, num_heads=24, num_kv_heads=8, head_dim=32)
    after = explorer._good
    assert (after.macs, after.parameters) == (before.macs, before.parameters)
    assert after.count(lc.KV_CACHE).total == before.count(lc.KV_CACHE).total
    assert before.cost("textbook") - after.cost("textbook") == 12 * 160 * 160


def test_with_one_key_value_head_the_products_stay_and_their_bar_is_no_shorter() -> None:
    """The bars are drawn to the taller one, that of the maps before."""
    explorer = explorer_named("attention")
    before, shares = explorer._good, numbers(explorer.pane("picture"))
    move(explorer, num_kv_heads=1)
    after = explorer._good
    assert (after.products, after.maps < before.maps) == (before.products, True)
    assert after.products / after.maps > before.products / before.maps
    assert numbers(explorer.pane("picture")) != shares


@pytest.mark.parametrize(
    ("moved", "reason"),
    [
        pytest.param(
            {"num_kv_heads": 5},
            "5 key/value heads cannot share 12 query heads evenly; take a number that divides 12.",
            id="heads that cannot be shared out",
        ),
        pytest.param(
            {"num_heads": 13},
            "4 key/value heads cannot share 13 query heads evenly; take a number that divides 13.",
            id="query heads that cannot be shared out",
        ),
    ],
)
def test_an_impossible_setting_is_said_and_the_last_good_state_stays(
    moved: dict[str, int], reason: str
) -> None:
    """The explorer says why, and still shows what was."""
    explorer = explorer_named("attention")
    good = panes(explorer)
    move(explorer, **moved)
    said = words(tree(explorer.pane("message")))
    assert "This cannot be built." in said
    assert reason in said
    assert {pane: html for pane, html in panes(explorer).items() if pane != "message"} == good


def test_what_a_mask_hides_is_not_listed_as_left_out() -> None:
    """It is a share of the dot products that are counted, and no operation beside them."""
    explorer = explorer_named("attention")
    assert "softmax" in explorer.pane("line")
    assert "masked" not in explorer.pane("line")


def test_the_lines_hold_what_is_kept_for_the_next_token() -> None:
    """Keys and values of all tokens; without a mask there is no next token."""
    explorer = explorer_named("attention")
    assert copied_lines(explorer)[-2] == "T·g·k + T·g·k = 160·4·64 + 160·4·64 = 81,920 values"
    move(explorer, mask="full")
    assert not any("values" in line for line in copied_lines(explorer))


def test_the_table_twin_holds_the_numbers_of_the_picture() -> None:
    """Whoever reads the table misses nothing."""
    explorer = explorer_named("attention")
    shown = numbers(" ".join(tree(explorer.pane("twin")).itertext()))
    picture = numbers(" ".join(tree(explorer.pane("picture")).itertext()))
    assert picture <= shown
