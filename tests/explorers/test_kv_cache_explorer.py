"""The explorer of the cache shows what layercost counts, in bars of one scale."""

from __future__ import annotations

import pytest

import layercost as lc
from layercost.analysis.memory import largest_context
from layercost.caches import kv_cache
from layercost.explorers import explorer as explorer_named
from layercost.explorers.loads import MODELS, Keeper, Load, keeper
from layercost.models.known import model_named
from tests.explorers.reading import copied_lines, move, numbers, panes, tree, with_class, words

each = pytest.mark.parametrize("name", MODELS)
SCALE = 300 / 80e9


@each
@pytest.mark.parametrize("tokens", [1, 700, 1024, 30_000])
def test_a_model_keeps_what_its_layers_keep(name: str, tokens: int) -> None:
    """A few products give what the whole model, layer by layer, has in its cache; so does the formula."""
    counted = kv_cache(model_named(name), (tokens,), batch=3)
    load = Load(name, tokens, 3, "bfloat16", "bfloat16", 80 * 10**9)
    assert keeper(name).values(tokens) * 3 == counted.values
    assert load.cache == int(load.formula()) == 2 * counted.values
    assert sum(load.layer_by_layer()) * 3 == load.cache


@each
def test_its_weights_are_those_of_the_model(name: str) -> None:
    """Two bytes a parameter in bfloat16, half of one in int4."""
    model = model_named(name)
    held = lc.count(model, lc.PARAMETERS, (1,)).total
    for stored, size in (("bfloat16", 2 * held), ("int4", -(-held // 2))):
        assert Load(name, 1, 1, "bfloat16", stored, 10**9).weights == size


@each
@pytest.mark.parametrize("batch", [1, 8])
def test_one_token_more_than_fits_does_not(name: str, batch: int) -> None:
    """With the longest texts the memory is full, but for less than a token of each."""
    load = Load(name, 1, batch, "bfloat16", "bfloat16", 80 * 10**9)
    fits = load.fits
    if name == "mamba-1.4b":
        assert fits is None
        return
    assert fits is not None
    full, over = (
        Load(name, tokens, batch, "bfloat16", "bfloat16", load.memory) for tokens in (fits, fits + 1)
    )
    assert full.weights + full.cache <= load.memory < over.weights + over.cache


@pytest.mark.parametrize("name", [name for name in MODELS if name != "mamba-1.4b"])
@pytest.mark.parametrize("batch", [1, 8])
def test_the_longest_text_is_the_one_that_the_analysis_finds(name: str, batch: int) -> None:
    """Which searches layer by layer, and knows no text longer than a model has positions for."""
    room = largest_context(model_named(name), 80 * 10**9, batch=batch)
    assert Load(name, 1, batch, "bfloat16", "bfloat16", 80 * 10**9).fits == room.tokens


def test_weights_that_are_larger_than_the_memory_are_said_so() -> None:
    """54 GB do not go into 24."""
    explorer = explorer_named("kv_cache", model="gemma-3-27b", memory=24)
    (said,) = with_class(explorer.pane("picture"), "lc-saying")
    assert words(said) == "Gemma-3-27B does not fit: its weights alone take 54.02 GB of 24 GB."


def bars(explorer: object, kind: str) -> list[tuple[float, float]]:
    """Where the bars of a kind begin, and how wide they are, in the order of the models."""
    found = with_class(explorer.pane("picture"), kind)  # type: ignore[attr-defined]
    return [(float(box.get("x", 0)), float(box.get("width", 0))) for box in found]


def test_all_bars_have_one_scale_and_the_memory_ends_where_it_says() -> None:
    """80 GB are 300 units, for weights and for caches."""
    explorer = explorer_named("kv_cache", context=2048, batch=4)
    weights, caches = bars(explorer, "lc-memory-weights"), bars(explorer, "lc-memory-cache")
    for name, (_x, wide), (start, long) in zip(MODELS, weights, caches, strict=True):
        load = Load(name, 2048, 4, "bfloat16", "bfloat16", 80 * 10**9)
        assert wide == start == pytest.approx(load.weights * SCALE, abs=0.01)
        assert long == pytest.approx(load.cache * SCALE, abs=0.01)
    ends = with_class(explorer.pane("picture"), "lc-memory-end")
    assert [(end.get("x1"), end.get("x2")) for end in ends] == [("300", "300")] * len(MODELS)


def test_the_end_of_the_memory_is_drawn_on_the_bars_and_through_no_label() -> None:
    """Each stroke is as tall as its bar."""
    picture = explorer_named("kv_cache").pane("picture")
    for end, bar in zip(
        with_class(picture, "lc-memory-end"), with_class(picture, "lc-memory-weights"), strict=True
    ):
        top, tall = float(bar.get("y", "")), float(bar.get("height", ""))
        assert (float(end.get("y1", "")), float(end.get("y2", ""))) == (top, top + tall)


def test_a_cell_is_as_many_tokens_in_every_bar() -> None:
    """A cell of Llama 2 7B, whose heads share nothing, is four times as wide as one of Llama 3 8B."""
    explorer = explorer_named("kv_cache", context=65_536, batch=4)
    steps = [
        [float(one.split()[0]) for one in path.get("d", "").split("M")[1:]]
        for path in with_class(explorer.pane("picture"), "lc-memory-cells")
    ]
    wide, narrow = steps[0][1] - steps[0][0], steps[1][-1] - steps[1][-2]
    assert wide / narrow == pytest.approx(4, rel=0.05)


def test_a_state_stays_when_the_text_grows_and_a_window_stops() -> None:
    """Sixteen times the tokens: eight for the heads, less for the windows, none for the state."""

    def grown(name: str) -> float:
        model: Keeper = keeper(name)
        return model.values(16_384) / model.values(1024)

    assert grown("llama-3-8b") == 16
    assert grown("gemma-3-27b") == pytest.approx((52 + 160) / 62)
    assert grown("mamba-1.4b") == 1


def test_the_line_says_layers_texts_tokens_heads_and_bytes() -> None:
    """Layers, texts, tokens, heads, their size, bytes."""
    explorer = explorer_named("kv_cache")
    assert copied_lines(explorer, "total") == ["2·n·N·T·g·k·b = 2·32·8·16,384·8·128·2 = 17,179,869,184 bytes"]
    assert copied_lines(explorer)[1] == "2·n·T·g·k·b = 2·32·1·8·128·2 = 131,072 bytes"
    move(explorer, batch=1, dtype="int8")
    assert copied_lines(explorer, "total") == ["2·n·T·g·k·b = 2·32·16,384·8·128·1 = 1,073,741,824 bytes"]


def test_layers_with_a_window_are_shorter_columns() -> None:
    """Ten of 62 layers of Gemma 3 keep all of 16,384 tokens, the others a sixteenth."""
    explorer = explorer_named("kv_cache", model="gemma-3-27b")
    tall = [float(box.get("height", 0)) for box in with_class(explorer.pane("detail"), "lc-memory-cache")]
    assert (len(tall), tall.count(max(tall))) == (62, 10)
    assert min(tall) / max(tall) == pytest.approx(1 / 16, rel=0.01)


def test_the_table_twin_holds_the_numbers_of_the_picture() -> None:
    """Whoever reads the table misses nothing but how many tokens a cell is."""
    explorer = explorer_named("kv_cache")
    shown = numbers(" ".join(tree(explorer.pane("twin")).itertext()))
    picture = numbers(" ".join(tree(explorer.pane("picture")).itertext()))
    assert picture - shown <= {2048}


def test_another_format_halves_the_cache_and_the_ghost_says_it() -> None:
    """Eight bits in place of sixteen."""
    explorer = explorer_named("kv_cache")
    move(explorer, dtype="int8")
    assert words(with_class(explorer.pane("ghost"), "lc-ratios")[0]).startswith("×0.5 bytes of the cache")


def test_a_bar_that_is_longer_than_the_memory_is_torn_off() -> None:
    """Llama 2 7B keeps 69 GB of eight texts of 16,384 tokens, which do not fit beside its weights."""
    explorer = explorer_named("kv_cache")
    assert not with_class(explorer.pane("picture"), "lc-memory-cut")
    move(explorer, context=32_768)
    assert len(with_class(explorer.pane("picture"), "lc-memory-cut")) == 1


def test_one_text_is_told_as_one() -> None:
    """Where it is described, as the setting before and above the table."""
    explorer = explorer_named("kv_cache", batch=1)
    move(explorer, dtype="int8")
    assert "Llama-3-8B, one text of 16,384 tokens" in explorer.pane("ghost")
    assert "One text of 16,384 tokens in 80 GB" in explorer.pane("twin")
    assert "1 texts" not in "".join(panes(explorer).values())
