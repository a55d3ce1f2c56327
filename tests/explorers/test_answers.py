"""What a page answers at once, by itself: the lines in sight and the sentence for those who hear it."""

from __future__ import annotations

import gzip
import json
import random
import re
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from layercost.explorers import EXPLORERS, Explorer
from layercost.explorers import explorer as explorer_named
from layercost.explorers import subject as subjects
from layercost.explorers.controls import Choice, Size
from tests.explorers.reading import copied_lines, move, with_class, words
from tests.layercost.test_compiled import node

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
MOVES: dict[str, list[dict[str, Any]]] = {
    "linear": [
        {}, {"in_features": 8, "out_features": 3}, {"bias": False, "batch": 16}, {"convention": "macs"},
        {"convention": "everything", "batch": 2},
    ],
    "convolution": [
        {}, {"kernel_size": 5, "padding": 2}, {"padding": 0, "stride": 2}, {"bias": False, "dilation": 2},
        {"in_channels": 3, "out_channels": 8, "size": 8}, {"convention": "everything"},
        {"convention": "macs", "kernel_size": 1, "bias": False},
    ],
    "lstm": [
        {}, {"input_size": 8, "hidden_size": 300}, {"steps": 7, "convention": "macs"}, {"cell": "GRU"},
        {"cell": "GRU", "bias_vectors": 2, "hidden_size": 5}, {"num_layers": 3, "bidirectional": True},
        {"num_layers": 2, "input_size": 3}, {"bidirectional": True, "bias_vectors": 2},
    ],
    "alexnet": [
        {}, {"version": "torchvision"}, {"groups": "2", "convention": "macs"},
        {"version": "two-gpu", "groups": "1"},
    ],
    "lenet": [
        {}, {"size": 45, "classes": 100}, {"version": "1998", "in_channels": 3},
        {"size": 256, "convention": "macs"}, {"version": "1998", "convention": "everything", "size": 101},
    ],
    "vgg": [
        {}, {"size": 33, "version": "A"}, {"hidden": 100, "convention": "macs"}, {"pooled": True},
        {"version": "E", "convention": "everything", "size": 64, "hidden": 8191},
    ],
    "batch_normalization": [
        {}, {"mode": "training"}, {"batch": 1}, {"in_features": 6, "channels": 1024, "batch": 12},
        {"mode": "training", "convention": "everything", "batch": 2}, {"gamma": -4, "moved": 0},
    ],
    "resnet": [
        {}, {"block": "bottleneck", "inner": 128, "convention": "macs"}, {"blocks": "3-8-36-3", "inner": 8},
        {"shortcut": "zeros", "convention": "everything"},
        {"stride": "1×1 (v1)", "block": "bottleneck", "convention": "two-a-mac", "blocks": "2-2-2-2"},
    ],
    "googlenet": [
        {}, {"reduced": False, "convention": "macs"}, {"three_reduce": 1, "five": 512, "size": 56},
        {"far": 3, "in_channels": 1024, "pool": 7}, {"module": "5b", "convention": "everything"},
        {"module": "4a", "one": 3, "reduced": False},
    ],
    "output_size": [
        {}, {"size": 2, "kernel": 2, "stride": 3}, {"padding": 5, "kernel": 1}, {"kernel": 11, "size": 3},
        {"size": 24, "stride": 8, "dilation": 4}, {"kernel": 2, "padding": 0, "stride": 8},
    ],
    "tool_matrix": [
        {}, {"kind": "linear", "batch": 2}, {"kind": "depthwise", "inputs": 1, "kernel": 4},
        {"kind": "depthwise", "outputs": 3, "batch": 8}, {"kind": "pooling", "convention": "everything"},
        {"kind": "normalization", "bias": False}, {"kind": "relu"}, {"kind": "lstm", "side": 512},
        {"kernel": 11, "side": 1, "inputs": 1, "outputs": 1}, {"inputs": 4096, "outputs": 4096},
    ],
    "passport": [
        {}, {"network": "lenet5", "speed": 1},
        {"network": "mobilenet_v2", "batch": 1024, "convention": "macs"},
        {"bandwidth": 1, "dtype": "int8"}, {"speed": 999_999, "bandwidth": 10_000}, {"speed": 1_000_000},
        {"network": "googlenet", "convention": "everything", "dtype": "float16", "batch": 7, "speed": 1234},
    ],
    "pooling": [
        {}, {"kind": "mean"}, {"padding": 1, "kernel_size": 3}, {"ceil_mode": True, "size": 9},
        {"size": 224, "channels": 1024}, {"kernel_size": 7, "stride": 1, "padding": 3, "size": 224},
        {"ceil_mode": True, "kernel_size": 1, "stride": 3, "size": 2},
        {"convention": "everything", "size": 7},
        {"kind": "mean", "convention": "everything", "ceil_mode": True, "padding": 1, "stride": 3},
    ],
    "attention": [
        {}, {"tokens": 8192, "convention": "causal-half"}, {"num_kv_heads": 1, "mask": "full"},
        {"mask": "window", "window": 32, "convention": "causal-half"}, {"mask": "window", "tokens": 12},
        {"num_heads": 128, "num_kv_heads": 128, "head_dim": 512, "embed_dim": 16_384, "tokens": 131_072},
        {"bias": True, "convention": "everything", "num_kv_heads": 12}, {"tokens": 1},
    ],
    "kv_cache": [
        {}, {"batch": 1}, {"model": "llama-2-7b", "context": 131_072},
        {"model": "falcon-7b", "dtype": "int8"},
        {"model": "gemma-3-27b", "context": 500}, {"model": "gemma-3-27b", "batch": 1, "dtype": "float32"},
        {"model": "deepseek-v2-lite", "context": 1_048_576, "batch": 1024}, {"model": "mamba-1.4b"},
        {"model": "mamba-1.4b", "context": 1, "batch": 1, "memory": 1}, {"stored": "int4", "memory": 24},
    ],
    "mixture_of_experts": [
        {}, {"model": "mixtral-8x7b", "tokens": 1}, {"tokens": 256, "stored": "int4"},
        {"model": "gpt-oss-20b", "meaning": "without-input-table"},
        {"model": "gpt-oss-120b", "meaning": "without-tables", "draw": 100},
        {"model": "qwen1.5-moe-a2.7b"}, {"model": "olmoe-1b-7b", "meaning": "without-tables"},
    ],
    "roofline": [
        {}, {"texts": 4096, "seen": 1_048_576}, {"model": "llama-2-7b", "stored": "int8"},
        {"model": "falcon-7b", "stored": "int4", "texts": 7, "seen": 333}, {"device": "your-own", "peak": 1},
        {"model": "llama-3-70b", "stored": "int4", "device": "l4", "seen": 1},
        {"model": "llama-3.2-3b", "texts": 2, "bandwidth": 20_000},
    ],
    "claims": [
        {}, {"active": True, "table": False}, {"claim": "gpt2 torchinfo", "head": "again"},
        {"claim": "qwen2.5", "table": False, "head": "none"}, {"claim": "deepseek active", "active": True},
    ],
    "gpt2": [
        {}, {"tied": False, "tokens": 1}, {"version": "XL", "positions": 16_384, "tokens": 16_384},
        {"version": "medium", "convention": "causal-half"}, {"positions": 2048, "convention": "everything"},
        {"version": "large", "tied": False, "tokens": 77, "convention": "lookup-as-product"},
    ],
    "transformer_block": [
        {}, {"tokens": 1, "feed": "gated"}, {"model": "Llama-3-8B", "tokens": 131_072},
        {"model": "Falcon-7B", "convention": "causal-half"}, {"norm": "RMSNorm", "joined": "four norms"},
        {"joined": "parallel", "convention": "everything", "bias": False}, {"num_kv_heads": 1},
        {"model": "Gemma-2-9B", "convention": "everything", "hidden_dim": 65_536, "tokens": 1_048_576},
        {"feed": "gated", "convention": "causal-half", "num_heads": 128, "num_kv_heads": 4},
    ],
    "vision": [
        {}, {"patch": 32}, {"version": "L", "image": 1024, "patch": 4}, {"image": 64, "patch": 64},
        {"version": "Ti", "image": 230, "patch": 7, "convention": "everything"},
        {"version": "S", "image": 333, "patch": 10, "convention": "two-a-mac"},
    ],
    "training": [
        {}, {"trained": "lora"}, {"trained": "qlora", "stage": 3, "devices": 3}, {"stage": 1, "devices": 1},
        {"model": "llama-2-70b", "stage": 2, "devices": 4096}, {"model": "gpt2", "optimizer": "adam-8bit"},
        {"optimizer": "adam-fp32", "stage": 3}, {"recompute": "full", "tokens": 131_072},
    ],
    "lenet_reads": [{}, {"convention": "macs"}, {"convention": "everything"}],
    "activations": [
        {}, {"network": "LeNet-5", "price": 0}, {"price": 100, "matters": 3},
        {"network": "a step of LSTM(128, 64)", "price": 7}, {"network": "one depthwise 3×3"},
    ],
}  # fmt: skip
REFUSED = {
    "attention": [{"num_kv_heads": 5}, {"num_kv_heads": 24}],
    "gpt2": [{"tokens": 1025}, {"positions": 1}],
    "transformer_block": [{"num_kv_heads": 5}, {"num_heads": 6}],
    "vision": [{"image": 40, "patch": 64}],
}
LEFT_TO_PYTHON = {
    "attention": [{"tokens": 0}],
    "lenet": [{"size": 4}],
    "pooling": [{"padding": 2}, {"kernel_size": 7, "size": 3}],
    "tool_matrix": [{"kind": "pooling", "side": 1}],
    "batch_normalization": [{"mode": "training", "batch": 1}],
    "lstm": [{"input_size": 0}, {"steps": 0}],
    "linear": [{"in_features": 0}],
    "training": [{"model": "gpt2", "tokens": 1025}],
    "convolution": [{"groups": 2}, {"groups": 3}, {"kernel_size": 5, "padding": 0, "size": 2}],
}
RANDOM = 40
LEFT_AT_TIMES = {"convolution": "more groups than one, which no formula holds against the channels"}
ANSWERED = [pytest.param(name, values, id=f"{name}, {values}") for name in MOVES for values in MOVES[name]]


def told(shown: Explorer) -> str:
    """The data that a page begins with."""
    (data,) = with_class(shown.pane("compiled"), "lc-compiled-data")
    return data.text or ""


def places(shown: Explorer) -> list[Any]:
    """What a page fills: lines, and what an explorer says in its own way."""
    return [*with_class(shown.pane("total"), "lc-sub"), *with_class(shown.pane("total"), "lc-own")]


def answered(shown: Explorer, *moves: dict[str, Any]) -> list[Any]:
    """What the page makes of moves from the settings that were printed."""
    script, module = HERE / "answer_moves.mjs", ROOT / "web" / "src" / "explorers" / "answer.mjs"
    asked = {
        "data": told(shown),
        "rows": len(places(shown)),
        "moves": [
            _as_known(shown, {**shown.settings, **_begun(shown, values), **values}) for values in moves
        ],
    }
    done = subprocess.run(
        [node(), str(script), module.as_uri()],
        input=json.dumps(asked), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def _begun(shown: Explorer, values: dict[str, Any]) -> dict[str, Any]:
    """What the page itself sets other controls to, where a choice begins them anew; of a choice its place."""
    begins, controls = json.loads(told(shown)).get("begins", {}), shown._declared
    return {
        name: controls[name].samples()[value] if isinstance(controls[name], Choice) else value
        for field, by_choice in begins.items() if field in values
        for name, value in by_choice[values[field]].items()
    }  # fmt: skip


def _as_known(shown: Explorer, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings as a page reads them off its controls: an option by its words."""
    controls = shown._declared
    return {
        name: controls[name].label(value) if isinstance(controls[name], Choice) else value
        for name, value in settings.items()
    }


def expected(shown: Explorer) -> dict[str, Any]:
    """What Python shows, as `answered` reads it off the page."""
    total = shown.pane("total")
    lines = copied_lines(shown, "total")
    return {
        "lines": lines,
        "totals": [line.rpartition("= ")[2].split()[0] for line in lines],
        "said": "".join(map(words, with_class(total, "lc-said"))),
        "own": [_inside(place) for place in with_class(total, "lc-own")],
    }


def _inside(place: ElementTree.Element) -> str:
    """The HTML inside of an element."""
    inner = (ElementTree.tostring(child, encoding="unicode", short_empty_elements=False) for child in place)
    return (place.text or "") + "".join(inner)


@pytest.mark.parametrize(("name", "values"), ANSWERED)
def test_a_page_answers_a_move_as_python_does(name: str, values: dict[str, Any]) -> None:
    """The lines in sight, as their copy buttons give them, and the sentence that is heard."""
    (page,) = answered(explorer_named(name), values)
    shown = explorer_named(name)
    move(shown, **values)
    assert page == expected(shown)


@pytest.mark.parametrize("name", MOVES)
def test_a_page_answers_as_python_does_at_random_settings(name: str) -> None:
    """What it cannot know, and what cannot be built, it leaves alone; the rest is Python's, to the letter."""
    shown, rng = explorer_named(name), random.Random(name)  # noqa: S311 - a test's choice
    drawn = [_drawn(shown, rng) for _ in range(RANDOM)]
    for settings, page in zip(drawn, answered(shown, *drawn), strict=True):
        move(shown, **settings)
        if page is not None or name not in LEFT_AT_TIMES:
            assert page == (refused(shown) if shown.pane("message") else expected(shown)), settings


def refused(shown: Explorer) -> dict[str, str] | None:
    """What Python says where nothing can be built, as a page says it: without what is shown instead."""
    if not shown.refusals:
        return None
    return {"refused": re.sub('(?<=<span class="lc-kept">).*?(?=</span>)', "", shown.pane("message"))}


@pytest.mark.parametrize("name", REFUSED)
def test_a_page_refuses_what_cannot_be_built_in_the_words_of_python(name: str) -> None:
    """At once: the first move up of GPT-2's text is one of these, and waited for Python."""
    for moved, page in zip(REFUSED[name], answered(explorer_named(name), *REFUSED[name]), strict=True):
        shown = explorer_named(name)
        for field, value in moved.items():
            move(shown, **{field: value})
        assert "This cannot be built." in shown.pane("message")
        assert page == refused(shown)


def test_every_explorer_that_refuses_by_itself_is_asked_to() -> None:
    assert set(REFUSED) == {name for name, one in EXPLORERS.items() if one.refusals}


def _drawn(shown: Explorer, rng: random.Random) -> dict[str, Any]:
    """A value of each control that builds or prices, small ones as often as large ones."""
    return {
        name: one.low - 1 + round((one.high - one.low + 1) ** rng.random())
        if isinstance(one, Size)
        else rng.choice(one.samples())
        for name, one in shown._declared.items()
        if not (one.looks and isinstance(one, Size))
    }


@pytest.mark.parametrize("name", LEFT_TO_PYTHON)
def test_what_a_page_cannot_know_is_left_to_python(name: str) -> None:
    """Groups must divide the channels, and where no window fits nothing can be built."""
    moves = LEFT_TO_PYTHON[name]
    assert answered(explorer_named(name), *moves) == [None] * len(moves)


@pytest.mark.parametrize("name", MOVES)
def test_the_data_for_the_page_is_small(name: str) -> None:
    """It travels with every page of the explorer, packed."""
    assert len(gzip.compress(told(explorer_named(name)).encode())) < 4_000


def test_a_page_answers_for_every_explorer() -> None:
    assert set(MOVES) == set(EXPLORERS)


@pytest.mark.parametrize("name", EXPLORERS)
def test_lines_in_sight_are_those_that_the_explorer_says(name: str) -> None:
    """One line for each of its headlines, where a page computes them."""
    shown = explorer_named(name)
    if shown.pane("compiled"):
        data = json.loads(told(shown))
        assert len(data["headlines"]) == len(places(shown))


def test_each_quantity_is_counted_once_a_move(monkeypatch: pytest.MonkeyPatch) -> None:
    """Totals, lines, ghost and table ask the same subject."""
    asked: list[Any] = []
    monkeypatch.setattr(
        subjects,
        "count",
        lambda *args, count=subjects.count, **given: asked.append(args[1:]) or count(*args, **given),
    )
    shown = explorer_named("linear")
    asked.clear()
    shown.control("in_features").value = 7
    assert asked
    assert len(asked) == len(set(asked))
