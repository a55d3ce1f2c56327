"""The explorer of a Transformer block shows what layercost counts, of the blocks of models that are known."""

from __future__ import annotations

import re

import pytest

import layercost as lc
from layercost.explorers import explorer as explorer_named
from layercost.explorers.block_curves import _BOTTOM, _LEFT, _RIGHT, _TOP, ARRANGEMENTS, Costs
from layercost.explorers.transformer_block import HOW_MANY, MODELS, Block
from layercost.layers.graph import Graph
from layercost.models.known import model_named
from tests.explorers.reading import copied_lines, move, numbers, tree, with_class, words

KNOWN = {
    "GPT-2-small": "gpt2", "GPT-3-175B": "gpt-3", "BERT-base": "bert-base", "GPT-NeoX-20B": "gpt-neox-20b",
    "LLaMA-7B": "llama-7b", "Llama-3-8B": "llama-3-8b", "Falcon-7B": "falcon-7b", "Gemma-2B": "gemma-2b",
    "Gemma-2-9B": "gemma-2-9b",
}  # fmt: skip
SETTINGS = [
    pytest.param({}, id="as printed"),
    pytest.param({"feed": "gated", "bias": False, "norm": "RMSNorm", "tokens": 300}, id="gated"),
    pytest.param({"feed": "gated", "joined": "parallel", "num_kv_heads": 4, "tokens": 1}, id="parallel"),
    pytest.param({"joined": "four norms", "embed_dim": 1000, "head_dim": 32, "tokens": 9000}, id="four"),
    pytest.param({"joined": "parallel, two norms", "hidden_dim": 1, "num_kv_heads": 1}, id="two, narrow"),
    pytest.param({"joined": "post-norm", "bias": False, "num_heads": 128, "head_dim": 512}, id="wide heads"),
]


def shown(moved: dict[str, object]) -> Block:
    """What the explorer has built after these moves."""
    explorer = explorer_named("transformer_block")
    move(explorer, **moved)
    built: Block = explorer._good
    return built


def block_of(name: str) -> Graph:
    """The first block of a model that is known by name."""
    stacks = [
        layer for layer in dict(model_named(name).children).values() if isinstance(layer, lc.Sequential)
    ]
    blocks = [block for stack in stacks for _name, block in stack.children if isinstance(block, Graph)]
    return blocks[0]


@pytest.mark.parametrize("title", MODELS)
def test_a_model_to_begin_with_is_the_block_of_that_model(title: str) -> None:
    """Parameters and MACs, and the layers in their order."""
    built, real = shown({"model": title}), block_of(KNOWN[title])
    text = (built.tokens, built.sizes.embed_dim)
    assert built.parameters == lc.count(real, lc.PARAMETERS, text).total
    assert built.macs == lc.count(real, lc.MACS, text).total
    assert isinstance(built.layer, Graph)
    assert [(node.name, type(node.layer), node.inputs) for node in built.layer.nodes] == [
        (node.name, type(node.layer), node.inputs) for node in real.nodes
    ]
    assert title in built.words


@pytest.mark.parametrize("moved", SETTINGS)
def test_its_formulas_come_to_what_is_counted(moved: dict[str, object]) -> None:
    """The line of the parameters, and that of the MACs, against the layers."""
    explorer = explorer_named("transformer_block")
    move(explorer, **moved)
    built = explorer._good
    lines = copied_lines(explorer)
    for unit, total in (("parameters", built.parameters), ("MACs", built.macs)):
        (line,) = [one for one in lines if one.endswith(f" {unit}")]
        assert line.endswith(f" = {total:,} {unit}")
        assert "2·d·h·k + 2·d·g·k" in line


@pytest.mark.parametrize("moved", SETTINGS)
@pytest.mark.parametrize("convention", ["two-a-mac", "causal-half"])
def test_pairs_overtake_after_the_length_that_it_says(moved: dict[str, object], convention: str) -> None:
    """There the products cost no more than the maps, and with one token more they do."""
    built = shown(moved)
    costs, attention = built.costs(convention), built.call("attention").layer
    even = costs.even

    def products(tokens: int) -> int:
        text = (tokens, built.sizes.embed_dim)
        maps = 2 * tokens * lc.count(attention, lc.WEIGHTS).total
        return lc.count(attention, lc.FLOPS, text, convention).total - maps

    assert products(even) <= 2 * costs.maps * even
    assert products(even + 1) > 2 * costs.maps * (even + 1)
    explorer = explorer_named("transformer_block", convention=convention)
    move(explorer, **moved)
    (line,) = [one for one in copied_lines(explorer, "total") if "pairs" in one]
    assert line.endswith(f" = {even:,} tokens, then pairs cost more")


def test_a_block_of_gpt_is_even_at_six_widths_and_at_twelve_under_the_mask() -> None:
    """T = 6 d over the full square; 12 d - 1 where only pairs that are seen are counted."""
    for title in ("GPT-2-small", "GPT-3-175B", "BERT-base", "GPT-NeoX-20B"):
        built = shown({"model": title})
        width = built.sizes.embed_dim
        assert built.costs("textbook").even == 6 * width
        assert built.costs("causal-half").even == 12 * width - 1
    assert shown({"model": "Llama-3-8B"}).costs("textbook").even == 26_624
    assert shown({"model": "Gemma-2B"}).costs("textbook").even == 26_880
    assert shown({"model": "Falcon-7B"}).costs("textbook").even == 22_784


def test_the_curves_cross_half_way_up_at_that_length() -> None:
    """Both dots meet there; at a third of it the pairs have a quarter."""
    costs = Costs(12 * 64 * 64, 64)
    assert (costs.even, costs.share(costs.even), costs.share(costs.even / 3)) == (6 * 64, 0.5, 0.25)
    explorer = explorer_named("transformer_block")
    move(explorer, tokens=4608)
    (crossing,) = with_class(explorer.pane("picture"), "lc-crossing")
    dots = with_class(explorer.pane("picture"), "lc-now")
    assert (
        {float(dot.get("cy", "")) for dot in dots}
        == {(_TOP + _BOTTOM) / 2}
        == {float(crossing.get("cy", ""))}
    )
    assert {dot.get("cx") for dot in dots} == {crossing.get("cx")}


def test_the_curves_show_the_shares_of_the_counted_macs() -> None:
    """The dot of the pairs stands as high as their share."""
    explorer = explorer_named("transformer_block", model="Llama-3-8B")
    move(explorer, tokens=131_072)
    built = explorer._good
    call = built.call("attention").layer
    pairs = built.macs - built.costs("macs").maps * built.tokens
    assert pairs == 2 * 4096 * 131_072**2
    assert call.num_heads == 32
    (dot,) = with_class(explorer.pane("picture"), "lc-of-pairs")
    assert float(dot.get("cy", "")) == pytest.approx(
        _BOTTOM - (_BOTTOM - _TOP) * pairs / built.macs, abs=0.06
    )
    assert f"pairs of tokens {100 * pairs / built.macs:.1f} %" in explorer.pane("picture")


@pytest.mark.parametrize("joined", ARRANGEMENTS)
def test_each_arrangement_has_as_many_norms_drawn_as_counted(joined: str) -> None:
    """One to four, each a box; attention and feed-forward are to scale."""
    explorer = explorer_named("transformer_block")
    move(explorer, joined=joined)
    picture, built = explorer.pane("picture"), explorer._good
    norms = [call for call in built.calls if isinstance(call.layer, lc.LayerNorm)]
    assert len(with_class(picture, "lc-norm-box")) == len(norms) == HOW_MANY[joined]
    attention, feed = (float(one.get("width", "")) for one in with_class(picture, "lc-layer-box"))
    assert feed / attention == pytest.approx(2, abs=0.01)
    assert built.parameters == 7_087_872 + (HOW_MANY[joined] - 2) * 2 * 768
    assert built.macs == shown({}).macs


def test_nothing_stands_outside_of_the_picture() -> None:
    """Whatever is moved, boxes and dots stay in the frame, and the length beside the crossing too."""
    for moved in ({"tokens": 1}, {"tokens": 1_048_576}, {"model": "GPT-3-175B"}, {"hidden_dim": 65_536}):
        explorer = explorer_named("transformer_block")
        move(explorer, **moved)
        picture = explorer.pane("picture")
        for dot in (*with_class(picture, "lc-now"), *with_class(picture, "lc-crossing")):
            assert _LEFT <= float(dot.get("cx", "")) <= _RIGHT
        for box in (*with_class(picture, "lc-layer-box"), *with_class(picture, "lc-norm-box")):
            assert float(box.get("x", "")) + float(box.get("width", "")) <= 372


def test_the_length_beside_the_crossing_stands_clear_of_the_stroke_of_the_text() -> None:
    """Whatever the text is, the stroke runs through no number."""
    explorer = explorer_named("transformer_block")
    for tokens in (16, 600, 2000, 4608, 9000, 30_000, 200_000):
        move(explorer, tokens=tokens)
        picture = explorer.pane("picture")
        (said,) = with_class(picture, "lc-measure")
        (stroke,) = with_class(picture, "lc-now-mark")
        at, x = float(said.get("x", "")), float(stroke.get("x1", ""))
        begin, end = (at, at + 60) if said.get("text-anchor") == "start" else (at - 60, at)
        assert not begin < x < end, tokens


def test_the_ghost_is_the_curve_of_the_setting_before() -> None:
    """None where only the length was moved, for the curves stay."""
    explorer = explorer_named("transformer_block")
    move(explorer, tokens=2000)
    assert not with_class(explorer.pane("picture"), "lc-curve-before")
    move(explorer, feed="gated")
    assert len(with_class(explorer.pane("picture"), "lc-curve-before")) == 1


def test_the_twin_has_the_numbers_of_the_picture() -> None:
    """Shares, weights, the text, and where the curves cross."""
    explorer = explorer_named("transformer_block", model="Llama-3-8B")
    picture = numbers(" ".join(tree(explorer.pane("picture")).itertext()))
    cells = numbers(" ".join(tree(explorer.pane("twin")).itertext()))
    axis = {0.0, 50.0, 100.0, 1000.0, 10_000.0, 100_000.0}
    assert picture - cells <= axis


@pytest.mark.parametrize("moved", SETTINGS)
def test_the_parts_of_the_twin_are_the_whole_block(moved: dict[str, object]) -> None:
    """Parameters and MACs, part by part, against the table of the layers."""
    built = shown(moved)
    total = built.table().total
    held, done = zip(*built.amounts.values(), strict=True)
    assert (sum(held), sum(done)) == (total.parameters, total.macs)
    assert built.amounts["pairs"][1] == 2 * built.sizes.num_heads * built.sizes.head_dim * built.tokens**2


def test_heads_that_cannot_be_shared_are_refused_in_the_words_of_the_controls() -> None:
    """What was shown stays."""
    explorer = explorer_named("transformer_block")
    move(explorer, num_kv_heads=5)
    said = re.sub("<.*?>", "", explorer.pane("message"))
    assert "5 key/value heads cannot share 12 query heads evenly; take a number that divides 12." in said
    assert explorer._good.sizes.num_kv_heads == 12


@pytest.mark.parametrize("part", ["attention", "feed-forward", "norm"])
def test_the_part_that_is_looked_at_is_derived(part: str) -> None:
    """Its layer, and its lines."""
    explorer = explorer_named("transformer_block", part=part)
    heading = words(with_class(explorer.pane("detail"), "lc-heading")[0])
    assert heading.startswith(part)
    assert ("× 2" in heading) == (part == "norm")


@pytest.mark.parametrize(
    ("moved", "marks"),
    [
        pytest.param({}, 1, id="on the axis"),
        pytest.param({"num_heads": 1, "num_kv_heads": 1, "head_dim": 1}, 0, id="beyond its end"),
        pytest.param({"embed_dim": 2, "hidden_dim": 1, "head_dim": 512}, 0, id="before its beginning"),
    ],
)
def test_a_crossing_is_marked_where_the_axis_reaches_it(moved: dict[str, object], marks: int) -> None:
    """A mark at the end of the axis would stand where the curves do not cross."""
    explorer = explorer_named("transformer_block")
    move(explorer, **moved)
    assert len(with_class(explorer.pane("picture"), "lc-crossing")) == marks
    assert f"{explorer._good.costs('textbook').even:,}" in explorer.pane("picture")
