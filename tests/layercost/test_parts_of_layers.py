"""Some parts of a layer alone: what they hold and do, and what is asked about them."""

from __future__ import annotations

import pytest

import layercost as lc
from layercost.misconception import Task
from layercost.questions import diagnoses, read_question
from layercost.questions.task import derivation, number
from layercost.shape import shape_of

ATTENTION = lc.Attention(12, 3, 1, causal=True)
TEXT = (5, 12)


@pytest.mark.parametrize("parts", ["q", "k+v", "scores+context", "q+k+v+o"])
def test_parts_do_their_share_and_together_all_of_it(parts: str) -> None:
    """What is wanted and what is left are the whole, in parameters and in MACs."""
    wanted = set(parts.split("+"))
    every = {"q", "k", "v", "scores", "softmax", "context", "o"}
    alone, rest = ATTENTION.only(parts, TEXT), ATTENTION.only("+".join(every - wanted), TEXT)
    assert alone is not None
    assert rest is not None
    for quantity in (lc.PARAMETERS, lc.MACS, lc.FLOPS):
        shares = [lc.count(one, quantity, TEXT).total for one in (alone, rest)]
        assert sum(shares) == lc.count(ATTENTION, quantity, TEXT).total


def test_the_products_alone_are_derived_in_letters() -> None:
    """2 h k T² in the layer's own letters."""
    alone = ATTENTION.only("scores+context", TEXT)
    assert alone is not None
    assert lc.count(alone, lc.MACS, TEXT).text() == "k·h·T·S + S·h·T·k = 4·3·5·5 + 5·3·5·4 = 600"


@pytest.mark.parametrize("layer", [ATTENTION, lc.Linear(12, 3)])
def test_a_layer_has_no_part_that_it_does_not_name(layer: lc.Layer) -> None:
    """Neither a wrong name, nor any of a layer that is one piece."""
    assert layer.only("weights of the heart", TEXT) is None


def asked(part: str) -> Task:
    """The MACs of a part."""
    return Task(ATTENTION, lc.MACS, shape_of(TEXT), part=part)


def test_a_task_may_ask_for_parts() -> None:
    """The maps: 2 · 144 and 2 · 48 weights for each of five tokens."""
    assert number(asked("q+k+v+o")) == 5 * (2 * 12 * 12 + 2 * 12 * 4)
    assert derivation(asked("scores+context")).value == number(asked("scores+context")) == 2 * 12 * 25


def test_nobody_takes_parameters_for_the_work_of_a_part_that_has_none() -> None:
    """The whole layer has some, its products have not."""
    question = {
        "id": "products", "level": 1, "skills": ["macs", "attention"], "wording": {"en": "MACs?"},
        "draw": {"tokens": [5, 7]}, "layer": "Attention(12, 3)", "input": ["tokens", 12],
        "ask": [{"quantity": "macs", "part": "scores+context"}],
    }  # fmt: skip
    wrong = {one.diagnosis.id for one in read_question(question).draw(1).wrong()}
    assert "whole-for-part" in wrong
    assert "counted-parameters" not in wrong
    assert "counted-parameters" in {one.id for one in diagnoses(ATTENTION, "macs", TEXT)}


def test_a_question_may_be_about_a_layer_with_two_inputs() -> None:
    """Three tokens look at seven places: 2 · 12 · 3 · 7 for the products, the maps over 3 and 7 rows."""
    question = read_question({
        "id": "cross", "level": 1, "skills": ["macs", "attention"], "wording": {"en": "MACs of {layer}?"},
        "draw": {"tokens": [3], "places": [7]}, "layer": "CrossAttention(12, 3, kv_dim=8)",
        "input": [["tokens", 12], ["places", 8]], "ask": [{"quantity": "macs"}],
    })  # fmt: skip
    posed = question.draw(1)
    assert posed.answers() == {"answer": str(2 * 144 * 3 + 2 * 96 * 7 + 2 * 12 * 3 * 7)}
    assert posed.told().startswith("MACs of CrossAttention(12, 3, kv_dim=8)?")


# ---- of networks ---------------------------------------------------------------------------------------

BLOCK = lc.Sequential({
    "attention": ATTENTION, "feed": lc.FeedForward(12, 20, gated=True, bias=False), "norm": lc.RMSNorm(12),
})  # fmt: skip
PRODUCTS = "attention.scores+attention.context"
REST = "attention.q+attention.k+attention.v+attention.o+attention.softmax"


@pytest.mark.parametrize("quantity", [lc.PARAMETERS, lc.MACS, lc.FLOPS])
def test_some_of_a_network_and_the_rest_are_the_whole(quantity: lc.Quantity) -> None:
    """Layers by their paths, and parts of theirs."""
    total = 0
    for part in (f"{PRODUCTS}+feed.gate", f"{REST}+feed.up+feed.down+feed.activation+norm"):
        some = BLOCK.only(part, TEXT)
        assert some is not None
        total += lc.count(some, quantity, TEXT).total
    assert total == lc.count(BLOCK, quantity, TEXT).total


def test_parts_of_a_block_of_a_model_are_those_of_that_block_alone() -> None:
    """The queries of the second block and the feed-forward layer of the first."""
    model = lc.from_config({
        "model_type": "llama", "vocab_size": 11, "hidden_size": 12, "intermediate_size": 20,
        "num_hidden_layers": 2, "num_attention_heads": 3, "num_key_value_heads": 1,
    })  # fmt: skip
    some = model.only("layers.1.attention.q+layers.0.mlp", (5,))
    assert some is not None
    assert lc.count(some, lc.PARAMETERS, (5,)).total == 12 * 12 + 3 * 12 * 20
    assert lc.count(some, lc.MACS, (5,)).total == 5 * (12 * 12 + 3 * 12 * 20)


@pytest.mark.parametrize("part", ["attention", "attention.heart", "feed+heart", "heart.q"])
def test_one_layer_is_no_part_of_a_network_and_neither_is_what_is_not_there(part: str) -> None:
    """A layer by its path is asked for as itself."""
    assert BLOCK.only(part, TEXT) is None


def test_an_equal_length_is_sought_across_layers() -> None:
    """The products of a block against all of its maps: T = M / (2 h k)."""
    question = read_question({
        "id": "even", "kind": "inverse", "level": 2, "skills": ["macs"],
        "wording": {"en": "For how many tokens?"},
        "layers": {"attention": "Attention(width, 4, bias=False)",
                   "feed": "FeedForward(width, 4*width, bias=False)"},
        "input": ["tokens", "width"], "draw": {"width": [64, 96], "tokens": {"from": 10, "to": 1000}},
        "unknown": "tokens", "quantity": "macs", "part": PRODUCTS,
        "as_much_as": "attention.q+attention.k+attention.v+attention.o+feed",
    })  # fmt: skip
    posed = question.draw(1)
    assert posed.answers() == {"tokens": str(6 * posed.state()["numbers"]["width"])}
