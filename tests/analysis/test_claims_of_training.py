"""What others print about training, memory, rooflines, adapters and formats: each claim with its verdict.

A claim is right where its own inputs and its own convention give it; the test says by how much it is not.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

import layercost as lc
from layercost.analysis.accelerators import accelerator_named
from layercost.analysis.activations import korthikanti
from layercost.analysis.formats import FORMATS
from layercost.analysis.memory import Cache
from layercost.analysis.states import OPTIMIZERS, states
from layercost.analysis.training import training_step
from layercost.analysis.utilisation import DAY, HOUR, petaflop_days, seconds_at, utilisation
from layercost.analysis.weights import weights
from layercost.by_type import macs_by_type
from tests.analysis.models import known

TOLERANCE = 0.005  # what rounding to three places hides


def near(value: float, claimed: float, tolerance: float = TOLERANCE) -> bool:
    return abs(value - claimed) <= tolerance * abs(claimed)


def gpt(width: int, layers: int, heads: int, vocabulary: int = 50257, positions: int = 2048) -> lc.Layer:
    """A model of GPT's blocks."""
    return lc.from_config({
        "model_type": "gpt2", "n_embd": width, "n_layer": layers, "n_head": heads,
        "vocab_size": vocabulary, "n_positions": positions,
    })  # fmt: skip


GPT3 = (12288, 96, 96)


# ---- operations of training ----------------------------------------------------------------------


def test_gpt3_is_six_n_d_without_attention() -> None:
    """Brown et al. 2020, table D.1: 174,600M parameters, 300e9 tokens, 3.14e23 FLOPs, 3.64e3 PF-days."""
    six = 6 * 174_600_000_000 * 300 * 10**9
    assert near(six, 3.14e23)
    assert near(petaflop_days(six), 3.64e3)
    model = gpt(*GPT3)
    assert lc.count(model, lc.PARAMETERS).total == 174_604_259_328
    one = training_step(model, (2048,))
    whole = one.model * (300 * 10**9 // 2048) + one.model * (300 * 10**9 % 2048) / 2048
    assert near(whole, 3.229120290816e23, 1e-9)
    assert near(whole / six, 1.0275, 1e-4)  # attention over the full square, and what the head adds


def test_the_days_of_gpt2_are_six_n_d_too() -> None:
    """nanoGPT, transformer_sizing.ipynb: 3.46 days on 8 A100 at 30 %; 874,944,921,600 FLOPs a sequence."""
    days = seconds_at(6 * 124_439_808 * 300e9, accelerator_named("a100-40gb").rate(), 8, 0.3) / DAY
    assert near(days, 3.46)
    one = training_step(known("gpt2"), (1024,))
    assert (one.forward, one.model) == (291_648_307_200, 874_944_921_600)


def test_the_transformers_cost_is_time_and_no_count() -> None:
    """Vaswani et al. 2017, table 2: 12 hours and 3.5 days on 8 devices at an assumed 9.5 TFLOP/s."""
    assert near(12 * HOUR * 8 * 9.5e12, 3.3e18, 0.01)
    assert near(3.5 * DAY * 8 * 9.5e12, 2.3e19, 0.01)


def test_kaplans_attention_is_the_causal_half() -> None:
    """Kaplan et al. 2020, table 1: 2 L n d a token for both products, where the full square takes 4 L n d."""
    model, tokens = known("gpt2"), 1024
    full, half = (training_step(model, (tokens,), name).forward for name in ("two-a-mac", "causal-half"))
    square = 4 * 12 * tokens * tokens * 768
    assert full - half == 4 * 12 * 768 * (tokens * (tokens - 1) // 2)
    assert near((square - (full - half)) / tokens, 2 * 12 * tokens * 768, 0.001)


def test_palms_utilisation_counts_the_full_square() -> None:
    """Chowdhery et al. 2022: 46.2 %, and 45.7 % without attention, at 238.3K tokens a second."""
    n, layers, heads, size, tokens = 540.35e9, 118, 48, 256, 2048
    peak, rate = accelerator_named("tpu-v4").rate(), 238.3e3
    with_attention = rate * (6 * n + 12 * layers * heads * size * tokens)
    assert round(100 * utilisation(with_attention, 1, peak, 6144), 1) == 46.2
    assert round(100 * utilisation(rate * 6 * n, 1, peak, 6144), 1) == 45.7


def test_a_table_of_vocabulary_costs_once_as_a_product_in_training() -> None:
    """How to Scale Your Model: 12 B T D V for both tables; the one that is looked up multiplies nothing."""
    tokens, wide = 64, 50257 * 768
    step = training_step(known("gpt2"), (tokens,))
    head = next(call for call in step.calls if call.path == "head")
    table = next(call for call in step.calls if call.path == "embedding.token")
    assert (head.forward + head.backward, table.forward + table.backward) == (6 * tokens * wide, 0)


def test_a_calculator_forgets_two_thirds_of_the_head() -> None:
    """EleutherAI's cookbook adds 2 d V a token for the head whatever the pass; in training it is 6 d V."""
    step = training_step(known("gpt2"), (8,))
    head = next(call for call in step.calls if call.path == "head")
    assert head.forward + head.backward == 3 * 2 * 8 * 768 * 50257


def test_attention_over_matrices_for_a_gated_block() -> None:
    """How to Scale Your Model: T / 8 D for F = 4 D, gated, over the full square; the causal half is half."""
    width, tokens = 512, 256
    layers = (lc.Attention(width, 8, bias=False), lc.FeedForward(width, 4 * width, gated=True, bias=False))
    macs = macs_by_type(lc.Sequential(*layers), (tokens, width))
    products = macs["attention.scores"] + macs["attention.context"]
    assert Fraction(products, sum(macs.values()) - products) == Fraction(tokens, 8 * width)


# Width, layers, N, and FLOPs over 6 N D: as printed, of blocks alone, of all that the appendix lists.
APPENDIX_F = [
    (640, 10, 73_728_000, 1.03, 1.022, 1.582), (1024, 20, 305_397_760, 1.10, 1.099, 1.317),
    (1280, 24, 552_140_800, 1.08, 1.082, 1.232), (1792, 26, 1_142_751_232, 1.04, 1.044, 1.145),
    (2048, 28, 1_592_262_656, 1.03, 1.033, 1.116), (3584, 40, 6_794_117_120, 0.99, 0.994, 1.028),
]  # fmt: skip


@pytest.mark.parametrize(("width", "layers", "parameters", "printed", "blocks", "everything"), APPENDIX_F)
def test_chinchillas_ratios_leave_out_what_its_appendix_counts(
    width: int, layers: int, parameters: int, printed: float, blocks: float, everything: float
) -> None:
    """Hoffmann et al. 2022, table A4: the embedding as a product, logits and softmax are in the list only.

    N has one projection of relative positions a layer and a table of 32,000 rows; texts of 2,048 tokens.
    """
    rows, tokens, heads = 32_000, 2048, {640: 10, 1024: 16, 1280: 10, 1792: 14, 2048: 16, 3584: 28}[width]
    assert parameters == 13 * layers * width**2 + rows * width
    block = lc.Sequential(lc.Attention(width, heads), lc.FeedForward(width, 4 * width))
    model = lc.Sequential(lc.Embedding(rows, width), block, lc.Linear(width, rows, bias=False))
    flops = [lc.count(part, lc.FLOPS, shape, "lookup-as-product").total
             for part, shape in ((block, (tokens, width)), (model, (tokens,)))]  # fmt: skip
    six = 6 * parameters * tokens
    assert near(3 * layers * flops[0] / six, blocks, 0.001)
    assert near(3 * layers * flops[0] / six, printed, 0.01)
    softmax = 3 * heads * tokens**2 * layers
    assert near(3 * (layers * flops[0] + flops[1] - flops[0] + softmax) / six, everything, 0.001)


def test_bert_large_trained_as_another_model() -> None:
    """Brown et al. 2020, table D.1: 355M parameters are RoBERTa-large's; with BERT's own 5.03e20 FLOPs."""
    assert near(6 * 335_141_888 * 250e9, 5.027e20, 0.001)
    assert near(355 / 335.141888 - 1, 0.0593, 0.01)


@pytest.mark.parametrize(("name", "factor"), [
    ("gpt-3", 6.165), ("llama-3.1-405b", 6.094), ("gemma-2b", 6.361), ("llama-2-7b", 6.361),
])  # fmt: skip
def test_six_is_the_factor_of_large_models_and_short_texts(name: str, factor: float) -> None:
    """C = 6 N D: forward and backward over N D at 2,048 tokens, full square."""
    model = lc.model_named(name)
    one = training_step(model, (2048,))
    assert round(one.model / one.tokens / lc.count(model, lc.PARAMETERS).total, 3) == factor


def test_chinchilla_read_twenty_tokens_a_parameter() -> None:
    assert 1.4e12 / 70e9 == 20


def test_a_batch_of_1024_texts_of_8192_tokens_is_eight_million_tokens() -> None:
    """How to Scale Your Model says 4M: that is for texts of 4,096 tokens."""
    assert near(1024 * 8192, 8.39e6)
    assert near(1024 * 4096, 4.19e6)


@pytest.mark.parametrize(("parameters", "tokens", "hours", "used"), [
    pytest.param(6_738_415_616, 1e12, 82_432, 0.437, id="LLaMA 7B"),
    pytest.param(13_015_864_320, 1e12, 135_168, 0.514, id="LLaMA 13B"),
    pytest.param(32_528_943_616, 1.4e12, 530_432, 0.459, id="LLaMA 33B"),
    pytest.param(65_285_660_672, 1.4e12, 1_022_362, 0.478, id="LLaMA 65B"),
    pytest.param(6_738_415_616, 2e12, 184_320, 0.391, id="Llama 2 7B"),
    pytest.param(13_015_864_320, 2e12, 368_640, 0.377, id="Llama 2 13B"),
    pytest.param(68_976_648_192, 2e12, 1_720_320, 0.428, id="Llama 2 70B"),
])  # fmt: skip
def test_hours_on_a100_imply_a_utilisation(parameters: int, tokens: float, hours: int, used: float) -> None:
    """Touvron et al. 2023, table 15; Llama 2's model card: 6 N D over hours x 312e12."""
    peak = accelerator_named("a100-80gb").rate()
    assert round(utilisation(6 * parameters * tokens, hours * HOUR, peak), 3) == used


@pytest.mark.parametrize(("parameters", "tokens", "hours", "used"), [
    pytest.param(8_030_261_248, 15e12, 1.3e6, 0.156, id="Llama 3 8B"),
    pytest.param(70_553_706_496, 15e12, 6.4e6, 0.279, id="Llama 3 70B"),
    pytest.param(405_853_388_800, 15.6e12, 30.84e6, 0.346, id="Llama 3.1 405B"),
    pytest.param(36_625_603_584, 14.8e12, 2.664e6, 0.343, id="DeepSeek-V3, H800"),
])  # fmt: skip
def test_hours_on_h100_imply_a_utilisation(parameters: int, tokens: float, hours: float, used: float) -> None:
    """The model cards of Llama 3 and 3.1, and DeepSeek-V3's: over the peak of 16 bits."""
    peak = accelerator_named("h100-sxm").rate()
    assert round(utilisation(6 * parameters * tokens, hours * HOUR, peak), 3) == used


def test_the_utilisation_of_deepseek_v3_depends_on_the_card() -> None:
    """How to Scale Your Model: 21.7 % of the PCIe card's 1.513e15 in 8 bits; 16.5 % of the SXM card's."""
    flops, seconds = 6 * 37e9 * 14.8e12, 2.79e6 * HOUR
    assert round(100 * utilisation(flops, seconds, 1.513e15), 1) == 21.6
    assert round(100 * utilisation(flops, seconds, accelerator_named("h100-sxm").rate("float8")), 1) == 16.5


def test_flash_attentions_figure_is_of_another_batch() -> None:
    """Dao et al. 2022, figure 2: 66.6 GFLOPs, 75.2 recomputed; the stated shape takes 12 times that."""
    product = 2 * 64 * 16 * 1024 * 1024 * 64
    assert round(6 * product / 1e9, 1) == 824.6
    assert round(7 * product / 1e9, 1) == 962.1
    assert 12 < 6 * product / 66.6e9 < 12.5
    attention = lc.Sequential(lc.Embedding(7, 1024), lc.Attention(1024, 16))
    step = training_step(attention, (1024,), recompute="fused-attention", batch=64)
    products = [part for part in step.calls[1].parts if part.part in ("scores", "context")]
    assert sum(part.forward + part.backward for part in products) + step.recomputed == 7 * product


# ---- memory --------------------------------------------------------------------------------------


def test_sixteen_bytes_a_parameter() -> None:
    """Rajbhandari et al. 2019, section 3.1: 1.5B parameters need 24 GB."""
    assert states(1_500_000_000).bytes == 24 * 10**9


def test_korthikantis_examples() -> None:
    """Korthikanti et al. 2022, section 4: 5 a s / h is 80 and 64; 70 % and 65 % saved; 2.7 and 1.6 % more."""
    for width, heads, factor, saved, extra in ((12288, 96, 80, 0.7018, 2.78), (20480, 128, 64, 0.6531, 1.67)):
        every, some = (
            korthikanti(2048, 1, width, heads, recompute=name).value for name in ("none", "selective")
        )
        assert Fraction(every - some, 2048 * width) == factor
        assert round((every - some) / every, 4) == saved
        assert round(100 * 2048 / (6 * width), 2) == extra


def test_adamw_takes_more_than_its_moments() -> None:
    """A blog trains 7B parameters in 56 GB at 8 bytes each: those are the moments alone; 112 GB in all."""
    kept = states(7 * 10**9, "adam-fp32")
    assert (int(kept.states), kept.bytes) == (56 * 10**9, 112 * 10**9)
    assert states(7 * 10**9, "adam-mixed").bytes == 112 * 10**9


def test_weights_and_optimizer_of_13b_parameters_are_more_than_100_gb() -> None:
    """How to Scale Your Model: around 100 GB; with two moments in 32 bits 130, with gradients and all 208."""
    adam = OPTIMIZERS["adam-mixed"]
    assert 13 * (adam.weight + adam.moments) == 130
    assert 13 * adam.bytes == 208


def test_sharing_out_over_eight_devices() -> None:
    """A course: 38.5, 26.25 and 14 GB a device for 7B parameters, stages 1 to 3."""
    found = [states(7 * 10**9, stage=stage, devices=8).bytes / 1e9 for stage in (1, 2, 3)]
    assert found == [38.5, 26.25, 14.0]


def test_values_kept_a_layer() -> None:
    """How to Scale Your Model: 20 values of the width a layer are 84 TB for 4M tokens, one value 4.2 TB."""
    tokens, layers, width = 4 * 10**6, 64, 8192
    assert near(20 * 2 * tokens * layers * width, 84e12)
    assert near(2 * tokens * layers * width, 4.2e12)


def test_104_gigabytes_are_no_104_terabytes() -> None:
    """kipply writes 52e12 x 2 = 104e12 bytes, about 104 GB: the exponents are a thousand too large."""
    assert 2 * 52 * 10**9 == 104 * 10**9


# ---- rooflines -----------------------------------------------------------------------------------


def test_an_a100_is_bound_by_memory_up_to_200_tokens() -> None:
    """kipply: 208, with a bandwidth of 1.5e12; 201 with the 40 GB card's own, 153 with the 80 GB card's."""
    assert 312e12 / 1.5e12 == 208
    assert [round(accelerator_named(name).ridge()) for name in ("a100-40gb", "a100-80gb")] == [201, 153]


def test_a_written_factor_of_two_is_dropped() -> None:
    """kipply: 2 x 4 x 80 x 8 us are 5,120 us, not 2,560."""
    assert 2 * 4 * 80 * 8 == 5120


# ---- adapters and formats ------------------------------------------------------------------------


def test_the_adapters_of_gpt3() -> None:
    """Hu et al. 2021: 4.7M for rank 1 on q and v, 37.7M for rank 8; 10,000 times fewer holds for rank 4."""
    model = gpt(*GPT3)
    found = {rank: lc.count(lc.with_lora(model, rank, ["q", "v"]), lc.PARAMETERS).total for rank in (1, 4, 8)}
    assert found == {1: 4_718_592, 4: 18_874_368, 8: 37_748_736}
    assert [174_604_259_328 // found[rank] for rank in (1, 4)] == [37_003, 9_250]


def test_int4_weights_of_70b_parameters_take_no_45_gb() -> None:
    """How to Scale Your Model: 45 GB, 2.81 chips of 16 GB; 35 GB alone, 39.4 GB in groups of 32."""
    count = 70 * 10**9
    assert count // 2 == 35 * 10**9
    assert FORMATS["q4_0"].bytes_of(count) == 39_375_000_000
    assert round(45 / 35 - 1, 4) == 0.2857


@pytest.mark.parametrize(("layers", "experts", "total", "gibibytes"), [
    pytest.param(36, 128, 65_190_340_224, 60.77, id="gpt-oss-120b"),
    pytest.param(24, 32, 13_751_518_848, 12.82, id="gpt-oss-20b"),
])  # fmt: skip
def test_experts_in_mxfp4_fit_a_device(layers: int, experts: int, total: int, gibibytes: float) -> None:
    """gpt-oss's README and card: 80 GB and 16 GB; 60.8 and 12.8 GiB. Biases are priced as weights there."""
    held = weights(gpt_oss(layers, experts), "mxfp4", which="experts-with-biases")
    assert held.bytes == total
    matrices = weights(gpt_oss(layers, experts), "mxfp4", which="experts")
    assert round(matrices.bytes / 2**30, 2) == gibibytes
    assert 0.0005 < matrices.bytes / total - 1 < 0.0012


def gpt_oss(layers: int, experts: int) -> lc.Layer:
    config: dict[str, Any] = {
        "model_type": "gpt_oss", "vocab_size": 201088, "hidden_size": 2880, "intermediate_size": 2880,
        "num_hidden_layers": layers, "num_attention_heads": 64, "num_key_value_heads": 8, "head_dim": 64,
        "sliding_window": 128, "num_local_experts": experts, "num_experts_per_tok": 4,
        "layer_types": ["sliding_attention", "full_attention"] * (layers // 2),
        "tie_word_embeddings": False, "attention_bias": True,
    }  # fmt: skip
    return lc.from_config(config)


def test_the_cache_of_llama_2_7b_is_two_gibibytes_at_4096_tokens() -> None:
    assert Cache(known("llama2-7b")).bytes(4096) == 2**31
