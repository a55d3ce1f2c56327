"""The explorer of training shows what layercost counts, as bars that follow one another."""

from __future__ import annotations

from itertools import pairwise

import pytest

import layercost as lc
from layercost.analysis.accelerators import accelerator_named
from layercost.analysis.memory import training_memory
from layercost.explorers import explorer as explorer_named
from layercost.explorers.training_loads import FOUR_BITS, MODELS, OnDevice, depth
from layercost.models.known import model_named
from tests.explorers.reading import copied_lines, move, numbers, tree, with_class, words

HOW = [
    ("none", "eager"), ("selective", "eager"), ("full", "eager"), ("none", "fused"), ("full", "fused"),
]  # fmt: skip


def built(name: str = "llama-2-7b", **how: object) -> OnDevice:
    """A model in training on one device, as the explorer builds it."""
    usual = {
        "trained": "all", "optimizer": "adam-mixed", "stage": 0, "devices": 1, "recompute": "none",
        "attention": "eager", "tokens": 1024, "batch": 1, "memory": 80 * 10**9,
    }  # fmt: skip
    return OnDevice(name, **{**usual, **how})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("trained", ["all", "lora", "qlora"])
@pytest.mark.parametrize(("recompute", "attention"), HOW)
def test_a_few_products_give_what_the_whole_model_keeps(
    name: str, trained: str, recompute: str, attention: str
) -> None:
    """Blocks are alike but for the first, and a text leaves a polynomial of its length."""
    model = model_named(name)
    if trained != "all":
        model = lc.with_lora(model, 8, ["q", "v"])
    frozen = FOUR_BITS if trained == "qlora" else "bfloat16"
    counted = training_memory(
        model, (77,), stage=2, devices=5, recompute=recompute, attention=attention, frozen=frozen, batch=3
    )
    mine = built(name, trained=trained, stage=2, devices=5, recompute=recompute, attention=attention,
                 tokens=77, batch=3)  # fmt: skip
    assert mine.total == counted.bytes
    assert mine.activations == counted.activations.bytes
    assert mine.states == counted.states


@pytest.mark.parametrize("trained", ["all", "lora", "qlora"])
@pytest.mark.parametrize("stage", range(4))
@pytest.mark.parametrize("devices", [1, 7, 64])
def test_the_formula_is_what_lies_there_without_activations(trained: str, stage: int, devices: int) -> None:
    """However it is shared out."""
    one = built(trained=trained, stage=stage, devices=devices)
    assert int(one.formula()) == one.states.bytes


def test_its_models_have_the_blocks_that_their_configurations_say() -> None:
    """Twelve, 32, 32 and 80."""
    assert [depth(name) for name in MODELS] == [12, 32, 32, 80]


def bars(explorer: object) -> list[tuple[float, float]]:
    """Where each bar begins, and how long it is."""
    found = with_class(explorer.pane("picture"), "lc-fall-part")  # type: ignore[attr-defined]
    return [(float(box.get("x", 0)), float(box.get("width", 0))) for box in found]


@pytest.mark.parametrize("moves", [{}, {"trained": "qlora"}, {"recompute": "full", "stage": 1}])
def test_each_bar_begins_where_the_one_before_it_ends(moves: dict[str, object]) -> None:
    """The last one is all of them."""
    explorer = explorer_named("training")
    move(explorer, **moves)
    *parts, (start, whole) = bars(explorer)
    assert start == 0
    for (first, long), (second, _long) in pairwise(parts):
        assert first + long == pytest.approx(second, abs=0.7)  # the smallest are drawn wide enough to be seen
    assert sum(parts[-1]) == pytest.approx(whole, abs=0.7)


@pytest.mark.parametrize(("moves", "memory"), [({}, 80), ({"device": "rtx-4090", "trained": "qlora"}, 24)])
def test_the_memory_ends_where_its_bytes_are(moves: dict[str, object], memory: int) -> None:
    """To the scale of the bars, whether it is left or right of their end."""
    explorer = explorer_named("training")
    move(explorer, **moves)
    settings = explorer.settings
    mine = explorer.build(settings)
    (end,) = {line.get("x1") for line in with_class(explorer.pane("picture"), "lc-fall-end")}
    _start, whole = bars(explorer)[-1]
    assert float(end or 0) / whole == pytest.approx(memory * 10**9 / mine.total, rel=0.01)
    assert float(end or 0) <= 372


def test_the_line_says_what_is_shared_out() -> None:
    """Sixteen bytes; four and twelve shared; all of them shared, and the frozen weights with them."""
    explorer = explorer_named("training")
    (line,) = copied_lines(explorer, "total")
    assert line.startswith("2·N + 2·N + 12·N = 2·6,738,415,616 + ")
    assert line.endswith(" = 107,814,649,856 bytes")
    move(explorer, stage=1)
    assert copied_lines(explorer, "total")[0].startswith("2·N + 2·N + ⌈(12·N)/n⌉ = ")
    move(explorer, trained="lora", stage=3)
    assert copied_lines(explorer, "total")[0].startswith("⌈B_f/n⌉ + ⌈(2·N)/n⌉ + ")


def test_who_does_not_fit_is_told_what_is_lacking() -> None:
    """115 GB into 80."""
    explorer = explorer_named("training")
    (said,) = with_class(explorer.pane("picture"), "lc-saying")
    assert words(said) == (
        "Llama-2-7B: 115 GB do not fit into the 80 GB of one device; 35.01 GB are lacking."
    )
    move(explorer, device="h200")
    (said,) = with_class(explorer.pane("picture"), "lc-saying")
    assert "115 GB fit into the 141 GB of one device" in words(said)


def test_a_text_longer_than_gpt2_has_positions_is_refused_in_words() -> None:
    """And what was shown before stays."""
    explorer = explorer_named("training", model="gpt2")
    move(explorer, tokens=1025)
    assert "GPT-2 has 1,024 positions, but got 1,025 tokens a text" in explorer.pane("message")
    assert "1 × 1,024 tokens" in explorer.pane("message")


def test_the_table_twin_holds_the_numbers_of_the_picture() -> None:
    """Whoever reads the table misses nothing."""
    explorer = explorer_named("training")
    shown = numbers(" ".join(tree(explorer.pane("twin")).itertext()))
    picture = numbers(" ".join(tree(explorer.pane("picture")).itertext()))
    assert picture - shown <= {2, 7}  # of the model's name


# ---- what the chapter's "Try it" says ----------------------------------------------------------------


def test_states_are_the_largest_part_and_everything_fits_from_141_gb_on() -> None:
    """Question 1."""
    one = built(devices=8)
    assert one.parts["states"] > one.parts["weights"] + one.parts["gradients"]
    fitting = [name for name in ("a100-80gb", "h100-sxm", "h200", "b200", "mi300x")
               if one.total <= accelerator_named(name).memory]  # fmt: skip
    assert fitting == ["h200", "b200", "mi300x"]


def test_states_shrink_first_and_activations_never() -> None:
    """Question 2."""
    none, first, *others = (built(devices=8, stage=stage) for stage in range(4))
    assert [none.parts[part] > first.parts[part] for part in ("weights", "gradients", "states")] == [
        False, False, True,
    ]  # fmt: skip
    assert {none.activations} == {one.activations for one in (first, *others)}


def test_selective_recomputation_makes_a_long_text_fit() -> None:
    """Question 3: 8,192 tokens, stage 3 on 8 devices."""
    every, some = (built(devices=8, stage=3, tokens=8192, recompute=how) for how in ("none", "selective"))
    assert every.left < 0 < some.left


def test_adapters_leave_weights_and_most_of_the_activations() -> None:
    """Question 5."""
    full, lora, small = (built(trained=how) for how in ("all", "lora", "qlora"))
    assert lora.parts["gradients"] + lora.parts["states"] < full.parts["states"] / 1000
    assert small.parts["frozen"] < lora.parts["frozen"] / 3
    assert lora.activations > full.activations / 2
