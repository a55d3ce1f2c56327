"""What training and running keep in memory: formulas, what torch was measured to keep, and what fits."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

import layercost as lc
from layercost.analysis.activations import activations, eager_block, korthikanti
from layercost.analysis.formats import FORMATS, format_named
from layercost.analysis.memory import (
    Cache,
    frozen_weights,
    largest_batch,
    largest_context,
    memory_bytes,
    tokens_that_fit,
    training_memory,
)
from layercost.analysis.states import OPTIMIZERS, states, trained_and_frozen
from layercost.analysis.weights import weights
from layercost.expression import TEXT, equation
from layercost.models.known import model_named
from layercost.networks import network_named
from tests.analysis.models import known, named

# ---- activations ---------------------------------------------------------------------------------


def block_of_gpt(row: dict[str, Any]) -> lc.Layer:
    config = {
        "model_type": "gpt2", "vocab_size": 1000, "n_layer": 2, "n_embd": row["width"],
        "n_head": row["heads"], "n_positions": row["tokens"],
    }  # fmt: skip
    return lc.from_config(config)


@pytest.mark.parametrize("row", named("activations.json"))
def test_the_formula_for_eager_mode_is_what_torch_keeps(row: dict[str, Any]) -> None:
    sizes = row["tokens"], row["batch"], row["width"], row["heads"]
    assert eager_block(*sizes, dropout=row["dropout"]).value == row["kept"]
    assert korthikanti(*sizes).value == row["formula"]


@pytest.mark.parametrize("row", named("activations.json"))
def test_tensor_by_tensor_a_block_keeps_what_torch_keeps(row: dict[str, Any]) -> None:
    """The same bytes from the layers of the model, each value once however many layers read it."""
    kept = activations(block_of_gpt(row), (row["tokens"],), batch=row["batch"], dropout=row["dropout"])
    assert kept.by_block["layers.0"] == kept.by_block["layers.1"] == row["kept"]


def test_korthikantis_formula_by_kind_of_recomputation_and_device() -> None:
    s, b, d, h = 2048, 1, 12288, 96
    row, square = s * b * d, h * s * s * b
    assert korthikanti(s, b, d, h).value == 34 * row + 5 * square
    assert korthikanti(s, b, d, h, recompute="selective").value == 34 * row
    assert korthikanti(s, b, d, h, recompute="full").value == 2 * row
    assert korthikanti(s, b, d, h, tensor=8).value == (34 * row + 5 * square) // 8
    assert korthikanti(s, b, d, h, tensor=8, sequence=False).value == 10 * row + (24 * row + 5 * square) // 8


def test_the_formula_is_written_with_its_letters() -> None:
    assert equation(korthikanti(128, 1, 768, 12), TEXT).startswith("34·s·b·d + 5·h·s·s·b = 34·128·1·768")


def test_a_fused_attention_keeps_no_square() -> None:
    model = known("gpt2")
    short, long = (activations(model, (n,), attention="fused").bytes for n in (256, 512))
    assert long == 2 * short
    eager = activations(model, (512,)).bytes
    assert eager - long == 12 * 12 * (2 * 512 * 512 - 4 * 512)  # scores in 16 bits, statistics in 32


def test_full_recomputation_keeps_the_input_of_each_block() -> None:
    model = known("gpt2")
    kept = activations(model, (128,), batch=2, recompute="full")
    blocks = {block: size for block, size in kept.by_block.items() if block}
    assert blocks == {f"layers.{place}": 2 * 2 * 128 * 768 for place in range(12)}
    assert kept.peak == kept.bytes + activations(model, (128,), batch=2).by_block["layers.0"]


def test_selective_recomputation_leaves_the_square_out() -> None:
    model = known("gpt2")
    every, some = (activations(model, (128,), recompute=name, dropout=True) for name in ("none", "selective"))
    assert every.bytes - some.bytes == 12 * 6 * 12 * 128 * 128


def test_a_value_that_two_halves_of_a_block_read_is_kept_once() -> None:
    """Pythia's halves have a norm each, and read the same input."""
    kept = activations(known("pythia-160m"), (128,))
    inputs = [one for one in kept.tensors if one.block == "layers.0" and one.what == "input of a norm"]
    assert [one.bytes for one in inputs] == [2 * 128 * 768]


def test_frozen_maps_keep_no_input() -> None:
    """With adapters on q and v alone, what o and down read is not kept; what they multiply is."""
    model = known("llama2-7b")
    some = lc.with_lora(model, 8, ["q", "v"])
    rows, d, f = 2 * 128, 4096, 11008
    every, less = (activations(one, (128,)) for one in (model, some))
    of = [one.by_block["layers.1"] for one in (every, less)]
    read = rows * (d + f + d)  # by o, by down, and by gate and up
    assert of[0] - of[1] == read - 2 * rows * 8  # the adapters keep what lies between their matrices


# ---- optimizers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("optimizer", "size"), [
    ("adam-mixed", 16), ("adam-mixed-fp32-gradients", 18), ("adam-mixed-both-gradients", 20),
    ("adam-fp32", 16), ("adam-8bit", 10), ("adam-no-master", 12),
    ("adam-8bit-no-master", 6), ("adam-bf16", 8), ("sgd", 8), ("sgd-momentum", 12),
    ("sgd-momentum-mixed", 12),
])  # fmt: skip
def test_the_bytes_of_a_parameter(optimizer: str, size: int) -> None:
    assert OPTIMIZERS[optimizer].bytes == size
    assert states(1000, optimizer).bytes == 1000 * size


@pytest.mark.parametrize(("stage", "each"), [
    (0, Fraction(16)), (1, 4 + Fraction(12, 64)), (2, 2 + Fraction(14, 64)), (3, Fraction(16, 64)),
])  # fmt: skip
def test_zero_shares_out_states_gradients_and_weights(stage: int, each: Fraction) -> None:
    """Rajbhandari et al. 2019, figure 1: 120, 31.4, 16.6 and 1.9 GB."""
    assert states(7_500_000_000, stage=stage, devices=64).bytes == 7_500_000_000 * each


def test_one_device_shares_nothing_out() -> None:
    assert states(1000, stage=3, devices=1).bytes == 16_000


def test_adapters_beside_frozen_weights() -> None:
    """Llama 2 7B with rank 8 on q and v: weights of 2 bytes, and 16 for each of the adapters' values."""
    model = lc.with_lora(known("llama2-7b"), 8, ["q", "v"])
    held = training_memory(model, (128,))
    assert held.states.bytes == 2 * 6_738_415_616 + 16 * 4_194_304
    assert held.bytes == held.states.bytes + held.activations.bytes


def test_frozen_weights_may_be_quantised() -> None:
    model = lc.with_lora(known("llama2-7b"), 8, ["q", "v"])
    held = training_memory(model, (128,), frozen="nf4-double")
    assert int(held.states.frozen) == weights(known("llama2-7b"), "nf4-double").bytes


@pytest.mark.parametrize(("model", "count"), [
    (network_named("resnet50"), 53_120),  # the running mean and variance of each norm
    (model_named("whisper-tiny"), 576_000),  # 1,500 x 384 sines and cosines
    (lc.with_lora(model_named("gpt2"), 8, ["c_attn"]), 124_439_808),
    (model_named("gpt2"), 0),
], ids=["resnet50", "whisper-tiny", "adapters", "gpt2"])  # fmt: skip
def test_frozen_weights_are_the_values_that_are_not_trained(model: lc.Layer, count: int) -> None:
    held = frozen_weights(model, "bfloat16")
    assert trained_and_frozen(model)[1] == held.quantised + held.others == count
    assert training_memory(model).states.frozen == 2 * count


def test_an_unknown_optimizer_is_refused_with_the_nearest() -> None:
    with pytest.raises(lc.UnknownNameError, match="no optimizer is called 'adam'; did you mean 'adam-mixed'"):
        states(10, "adam")


# ---- formats -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "bits"), [
    ("int4-g128", 4.125), ("int4-g128-zero", 4.15625), ("nf4", 4.5), ("nf4-double", 4.126953125),
    ("mxfp4", 4.25), ("mxfp8", 8.25), ("q4_0", 4.5), ("q4_1", 5.0), ("q5_0", 5.5), ("q8_0", 8.5),
    ("q5_1", 6.0), ("q2_K", 84 * 8 / 256), ("q3_K", 110 * 8 / 256), ("q4_K", 144 * 8 / 256),
    ("q5_K", 176 * 8 / 256), ("q6_K", 210 * 8 / 256), ("float8", 8.0), ("int4-g64-bias", 4.5),
    ("bfloat16", 16.0), ("int8", 8.0),
])  # fmt: skip
def test_the_bits_of_a_weight(name: str, bits: float) -> None:
    """b + (s + z) / G, and a constant for so many scales."""
    assert float(format_named(name).bits_a_weight) == bits


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_the_bytes_of_whole_groups_are_the_bits_of_a_weight(name: str) -> None:
    count = 64 * 256 * 128
    assert FORMATS[name].bytes_of(count) == count * FORMATS[name].bits_a_weight / 8
    assert FORMATS[name].derived(count).value == FORMATS[name].bytes_of(count)


def test_a_last_group_that_is_not_full_has_a_scale_all_the_same() -> None:
    assert FORMATS["q4_0"].bytes_of(33) == (33 * 4 + 2 * 16 + 7) // 8


def test_blocks_in_four_bits_with_tables_norms_and_head_in_sixteen() -> None:
    held = weights(known("llama2-7b"), "int4-g128-zero")
    assert held.quantised == 6_476_005_376
    assert held.bytes == 3_364_487_168 + 2 * (6_738_415_616 - 6_476_005_376)


def test_all_matrices_in_few_bits_and_vectors_as_they_were() -> None:
    """Qwen3 14B in 4 bits as mlx-lm writes it: total_size 8,307,783,680 in the index of its file."""
    model = lc.from_config({
        "model_type": "qwen3", "vocab_size": 151936, "hidden_size": 5120, "intermediate_size": 17408,
        "num_hidden_layers": 40, "num_attention_heads": 40, "num_key_value_heads": 8, "head_dim": 128,
        "tie_word_embeddings": False,
    })  # fmt: skip
    assert weights(model, "int4-g64-bias", "matrices").bytes == 8_307_783_680


def test_a_layer_that_is_quantised_itself_says_what_it_takes() -> None:
    small = lc.QuantizedLinear(4096, 4096, bias=False)
    held = weights(lc.Sequential(small, lc.ReLU(), lc.Linear(4096, 10, bias=False)))
    assert held.bytes == int(small.stored_bytes()) + 2 * 4096 * 10


def test_a_format_without_groups_is_for_everything() -> None:
    assert weights(known("llama2-7b"), "float16").bytes == 2 * 6_738_415_616


# ---- what fits -----------------------------------------------------------------------------------


def test_the_cache_is_the_one_that_is_counted() -> None:
    model = known("llama3-8b")
    assert (
        Cache(model).bytes(100, 3)
        == lc.count(model, lc.KV_CACHE_BYTES, (100,), batch=3, dtype="bfloat16").total
    )


def test_no_text_is_longer_than_there_are_positions() -> None:
    room = largest_context(known("gpt2"), 80 * 10**9)
    assert (room.tokens, room.cache) == (1024, 1024 * 2 * 2 * 12 * 768)


@pytest.mark.parametrize("name", ["llama3-8b", "gemma2-2b", "deepseek-v2-lite"])
def test_one_token_more_than_the_longest_text_does_not_fit(name: str) -> None:
    """Windows and latents too, whose caches are no straight lines."""
    model, memory = known(name), 40 * 10**9
    room = largest_context(model, memory, batch=2)
    cache = Cache(model)
    assert room.weights + cache.bytes(room.tokens, 2) <= memory
    assert room.weights + cache.bytes(room.tokens + 1, 2) > memory


def test_the_longest_text_of_a_plain_cache_by_division() -> None:
    room = largest_context(known("llama3-8b"), 80 * 10**9)
    assert room.tokens == (80 * 10**9 - 2 * 8_030_261_248) // (2 * 2 * 32 * 8 * 128)


def test_the_search_finds_what_division_gives() -> None:
    model, memory = known("llama3-8b"), 40 * 10**9
    formula = tokens_that_fit(memory, 2 * 8_030_261_248, Cache(model).bytes(1), batch=3)
    assert formula.value == largest_context(model, memory, batch=3).tokens
    assert equation(formula, TEXT).startswith("⌊(M - W)/(B·c)⌋")


def test_one_text_more_than_the_largest_batch_does_not_fit() -> None:
    model, memory = known("llama3-8b"), 80 * 10**9
    room = largest_batch(model, memory, 8192)
    assert room.bytes <= memory < room.bytes + Cache(model).bytes(8192)


def test_weights_that_do_not_fit_leave_room_for_nothing() -> None:
    assert largest_context(known("llama2-7b"), 8 * 10**9).tokens == 0
    assert largest_batch(known("llama2-7b"), 8 * 10**9, 100).batch == 0


def test_a_batch_of_texts_without_positions_is_refused() -> None:
    with pytest.raises(lc.ShapeError, match="448 positions, but got 1,000 tokens"):
        largest_batch(model_named("whisper-tiny"), 8 * 10**9, 1000)


def test_a_cache_that_does_not_grow_has_no_longest_text() -> None:
    with pytest.raises(lc.ShapeError, match="any number of tokens fits"):
        largest_context(known("bert-base"), 8 * 10**9)


@pytest.mark.parametrize(("text", "size"), [
    ("80GB", 80 * 10**9), ("24 GiB", 24 * 2**30), ("40e9", 40 * 10**9), ("1.5tb", 1_500_000_000_000),
    ("512MiB", 512 * 2**20),
])  # fmt: skip
def test_sizes_of_memory_are_read_in_both_kinds_of_unit(text: str, size: int) -> None:
    assert memory_bytes(text) == size


@pytest.mark.parametrize("text", ["80 apples", "GB", "1e400GB", ""])
def test_what_is_no_size_of_memory_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"unit of memory|a size of memory is written as 80GB"):
        memory_bytes(text)


# ---- a cache in few bits -------------------------------------------------------------------------

QWEN_32B = {
    "model_type": "qwen2", "vocab_size": 152064, "hidden_size": 5120, "intermediate_size": 27648,
    "num_hidden_layers": 64, "num_attention_heads": 40, "num_key_value_heads": 8,
}  # fmt: skip


@pytest.mark.parametrize(
    ("dtype", "mebibytes"), [("q8_0", 4352), ("q4_0", 2304), ("bfloat16", 8192), ("float8", 4096)]
)
def test_a_cache_may_be_in_groups_with_scales(dtype: str, mebibytes: int) -> None:
    """llama.cpp of Qwen2.5 32B with 32,768 cells: *KV self size = 4352.00 MiB* in q8_0 (its issue 11200)."""
    model = lc.from_config(QWEN_32B)
    assert Cache(model, dtype=dtype).bytes(32_768) == mebibytes * 2**20
    room = largest_context(model, 8 * 10**10, dtype=dtype)
    assert room.cache == Cache(model, dtype=dtype).bytes(room.tokens)


def test_an_unknown_format_of_a_cache_is_refused() -> None:
    with pytest.raises(lc.UnknownNameError, match="no format of a cache is called 'fp9'"):
        Cache(lc.from_config(QWEN_32B), dtype="fp9")
