"""What others print about models of images and encoders of texts: each claim with its verdict.

A claim is right where its own way of counting gives it, rounded as it is printed.
"""

from __future__ import annotations

from typing import Any

import pytest

import layercost as lc

MILLION, THOUSAND_MILLION = 10**6, 10**9


def parameters(config: dict[str, Any]) -> int:
    return lc.count(lc.from_config(config), lc.PARAMETERS).total


def macs(config: dict[str, Any], *shape: int) -> int:
    model = lc.from_config(config)
    return lc.count(model, lc.MACS, shape or model.input_shape).total


def off(printed: float, count: int) -> float:
    """By how many percent a printed figure is too high."""
    return round(100 * (printed / count - 1), 2)


def sized(kind: str, width: int, blocks: int, heads: int, **more: Any) -> dict[str, Any]:
    """A model whose feed-forward layers are four times as wide."""
    return {
        "model_type": kind, "hidden_size": width, "intermediate_size": 4 * width, "num_hidden_layers": blocks,
        "num_attention_heads": heads, **more,
    }  # fmt: skip


PICTURE = {"image_size": 224, "num_channels": 3, "architectures": ["ViTForImageClassification"]}
TEXT = {"vocab_size": 30522, "max_position_embeddings": 512, "type_vocab_size": 2}
VIT = {
    "B/16": sized("vit", 768, 12, 12, patch_size=16, **PICTURE),
    "L/16": sized("vit", 1024, 24, 16, patch_size=16, **PICTURE),
    "H/14": sized("vit", 1280, 32, 16, patch_size=14, **PICTURE),
}
BERT = {"base": sized("bert", 768, 12, 12, **TEXT), "large": sized("bert", 1024, 24, 16, **TEXT)}
ROBERTA = {"vocab_size": 50265, "max_position_embeddings": 514, "type_vocab_size": 1}
ROBERTA_LARGE = sized("roberta", 1024, 24, 16, **ROBERTA)
ALBERT_XXLARGE = sized(
    "albert", 4096, 12, 64, **{**TEXT, "vocab_size": 30000}, embedding_size=128,
)  # fmt: skip


def swin(width: int, third: int, heads: int) -> dict[str, Any]:
    """A Swin at 224, windows of 7 by 7."""
    return {
        "model_type": "swin", "embed_dim": width, "depths": [2, 2, third, 2], "patch_size": 4,
        "num_heads": [heads, 2 * heads, 4 * heads, 8 * heads], "window_size": 7, "image_size": 224,
        "mlp_ratio": 4.0, "num_channels": 3,
    }  # fmt: skip


def t5(width: int, layers: int, heads: int, inner: int, size: int = 64) -> dict[str, Any]:
    return {
        "model_type": "t5", "vocab_size": 32128, "d_model": width, "num_layers": layers, "num_heads": heads,
        "d_ff": inner, "d_kv": size, "relative_attention_num_buckets": 32,
    }  # fmt: skip


def whisper(width: int, layers: int, heads: int, **more: Any) -> dict[str, Any]:
    return {
        "model_type": "whisper", "vocab_size": 51865, "d_model": width, "encoder_layers": layers,
        "decoder_layers": layers, "encoder_attention_heads": heads, "decoder_attention_heads": heads,
        "encoder_ffn_dim": 4 * width, "decoder_ffn_dim": 4 * width, "num_mel_bins": 80,
        "max_source_positions": 1500, "max_target_positions": 448, **more,
    }  # fmt: skip


# ---- images --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "printed", "count", "percent"),
    [("B/16", 86, 86_567_656, -0.66), ("L/16", 307, 304_326_632, 0.88), ("H/14", 632, 632_045_800, -0.01)],
)
def test_the_paper_on_vit_rounds_its_sizes(size: str, printed: int, count: int, percent: float) -> None:
    """Dosovitskiy et al. 2020, table 1; 307M is 1 % high, and the model without its head has 303.3M."""
    assert parameters(VIT[size]) == count
    assert off(printed * MILLION, count) == percent


@pytest.mark.parametrize(("size", "printed", "count"), [
    ("B/16", "17.56", 17_563_828_224), ("L/16", "61.55", 61_554_712_576),
])  # fmt: skip
def test_torchvision_calls_macs_flops(size: str, printed: str, count: int) -> None:
    """The documentation of vit_b_16 and vit_l_16: right, if a GFLOP is a thousand million MACs."""
    assert macs(VIT[size]) == count
    assert f"{count / THOUSAND_MILLION:.2f}" == printed


@pytest.mark.parametrize(
    ("config", "printed", "count", "millions", "held"),
    [
        pytest.param(swin(96, 6, 3), "4.5", 4_490_566_656, 28, 28_288_354, id="T"),
        pytest.param(swin(96, 18, 3), "8.7", 8_740_875_264, 50, 49_606_258, id="S"),
        pytest.param(swin(128, 18, 4), "15.4", 15_430_946_816, 88, 87_768_224, id="B"),
        pytest.param(swin(192, 18, 6), "34.5", 34_475_759_616, 197, 196_532_476, id="L"),
    ],
)
def test_swin_prints_macs_as_flops(
    config: dict[str, Any], printed: str, count: int, millions: int, held: int
) -> None:
    """The README of microsoft/Swin-Transformer: half of the FLOPs at two for each MAC."""
    assert (macs(config), parameters(config)) == (count, held)
    assert f"{count / THOUSAND_MILLION:.1f}" == printed
    assert round(held / MILLION) == millions


# ---- encoders of texts ---------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "printed", "count", "percent"), [
    ("base", 110, 109_482_240, 0.47), ("large", 340, 335_141_888, 1.45),
])  # fmt: skip
def test_the_paper_on_bert_rounds_upwards(size: str, printed: int, count: int, percent: float) -> None:
    """Devlin et al. 2018, section 3; 340M is above every way of counting the large model."""
    assert parameters(BERT[size]) == count
    assert off(printed * MILLION, count) == percent


@pytest.mark.parametrize(("size", "stored"), [("base", 110_106_428), ("large", 336_226_108)])
def test_the_stored_files_of_bert_hold_both_heads_of_the_training(size: str, stored: int) -> None:
    """Right under a convention: the encoder, the pooler, hidden words (tied) and the next sentence."""
    assert parameters({**BERT[size], "architectures": ["BertForPreTraining"]}) == stored


def test_large_bert_with_its_head_of_hidden_words_is_no_340_million_either() -> None:
    assert parameters({**BERT["large"], "architectures": ["BertForMaskedLM"]}) == 335_174_458


def test_the_table_of_gpt_3_has_the_size_of_roberta_under_the_name_of_bert() -> None:
    """Brown et al. 2020, table D.1: BERT-Large with 355M and 5.33e20 FLOPs."""
    assert parameters(ROBERTA_LARGE) == 355_412_057
    assert off(355 * MILLION, parameters(BERT["large"])) == 5.93
    assert f"{6 * 355 * MILLION * 250e9:.4}" == "5.325e+20"


@pytest.mark.parametrize(
    ("config", "printed", "count", "percent"),
    [
        pytest.param(
            sized("electra", 256, 12, 4, embedding_size=128, **TEXT), 14, 13_483_008, 3.83, id="small"
        ),
        pytest.param(
            sized("electra", 768, 12, 12, embedding_size=768, **TEXT), 110, 108_891_648, 1.02, id="base"
        ),
        pytest.param(
            sized("electra", 1024, 24, 16, embedding_size=1024, **TEXT), 335, 334_092_288, 0.27, id="large"
        ),
    ],
)
def test_electra_rounds_its_sizes(config: dict[str, Any], printed: int, count: int, percent: float) -> None:
    """The README of google-research/electra."""
    assert parameters(config) == count
    assert off(printed * MILLION, count) == percent


def test_a_table_of_models_repeats_the_row_of_gpt_2_for_roberta() -> None:
    """ai_and_memory_wall: 1,500M parameters and 3,400 GFLOPs for RoBERTa large on 512 tokens."""
    count = 2 * macs(ROBERTA_LARGE, 512)
    assert count == 388_787_863_552
    assert off(1500 * MILLION, 355_412_057) == 322.05
    assert off(3400e9, count) == 774.51


def test_the_same_table_is_right_about_the_work_of_albert() -> None:
    """2,500 GFLOPs for ALBERT xxlarge on 512 tokens, rounded; twelve layers work on the weights of one."""
    count = 2 * macs(ALBERT_XXLARGE, 512)
    assert count == 2_526_011_195_392
    assert off(2500e9, count) == -1.03
    assert parameters(ALBERT_XXLARGE) == 222_595_584
    assert round(count / 512 / 222_595_584, 1) == 22.2


@pytest.mark.parametrize(("config", "count"), [
    (sized("roberta", 768, 12, 12, **ROBERTA), 294_912), (ROBERTA_LARGE, 786_432),
])  # fmt: skip
def test_adapters_of_roberta_are_as_small_as_printed(config: dict[str, Any], count: int) -> None:
    """Hu et al. 2021, table 2: 0.3M and 0.8M at rank 8 on queries and values."""
    adapted = lc.with_lora(lc.from_config(config), 8, ["q", "v"])
    assert lc.count(adapted, lc.PARAMETERS).total == count


# ---- encoder and decoder -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "printed", "count", "percent"),
    [
        pytest.param(t5(512, 6, 8, 2048), 60, 60_506_624, -0.84, id="small"),
        pytest.param(t5(768, 12, 12, 3072), 220, 222_903_552, -1.30, id="base"),
        pytest.param(t5(1024, 24, 16, 4096), 770, 737_668_096, 4.38, id="large"),
        pytest.param(t5(1024, 24, 32, 16384, 128), 2800, 2_851_598_336, -1.81, id="3B"),
        pytest.param(t5(1024, 24, 128, 65536, 128), 11000, 11_307_321_344, -2.72, id="11B"),
    ],
)
def test_t5_rounds_its_sizes(config: dict[str, Any], printed: int, count: int, percent: float) -> None:
    """Raffel et al. 2019, section 3.7; the large one is printed 4.4 % too high."""
    assert parameters(config) == count
    assert off(printed * MILLION, count) == percent


V3 = {"vocab_size": 51866, "num_mel_bins": 128}
WHISPERS = [
    pytest.param(whisper(384, 4, 6), 39, 37_760_640, 3.28, id="tiny"),
    pytest.param(whisper(512, 6, 8), 74, 72_593_920, 1.94, id="base"),
    pytest.param(whisper(768, 12, 12), 244, 241_734_912, 0.94, id="small"),
    pytest.param(whisper(1024, 24, 16), 769, 763_857_920, 0.67, id="medium"),
    pytest.param(whisper(1280, 32, 20), 1550, 1_543_304_960, 0.43, id="large"),
    pytest.param(whisper(1280, 32, 20, decoder_layers=4, **V3), 809, 808_878_080, 0.02, id="turbo"),
]


@pytest.mark.parametrize(("config", "printed", "count", "percent"), WHISPERS)
def test_whisper_prints_more_than_its_models_hold(
    config: dict[str, Any], printed: int, count: int, percent: float
) -> None:
    """The README of openai/whisper: the smaller, the further off; without the fixed sines still further."""
    assert parameters(config) == count
    assert off(printed * MILLION, count) == percent
