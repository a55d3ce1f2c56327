"""What each belief about sizes, stacks and whole networks answers, worked out by hand on small layers."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import layercost as lc
from layercost.misconception import UNITS, Cost, Measure, Size, Task, Training, Unit
from layercost.shape import shape_of

C, HALF = lc.KV_CACHE, lc.CONVENTIONS["causal-half"]
P, W, A, M, F = lc.PARAMETERS, lc.WEIGHTS, lc.ACTIVATIONS, lc.MACS, lc.FLOPS
SIDE, SEEN = Size.OUTPUT_SIZE, Size.RECEPTIVE_FIELD


def of(layer: lc.Layer, measure: Measure, *shape: int, **more: Any) -> Task:
    """A task on an input of this shape."""
    return Task(layer, measure, shape_of(shape), **more)


def across(layer: lc.Layer, measure: Measure, *shapes: tuple[int, ...], **more: Any) -> Task:
    """A task on several inputs."""
    return Task(layer, measure, tuple(map(shape_of, shapes)), **more)


def everything(layer: lc.Layer, measure: Measure, *shape: int) -> Task:
    """The same, every operation counted."""
    return of(layer, measure, *shape, convention=lc.CONVENTIONS["everything"])


def stored(dtype: str, unit: str = "") -> Task:
    """3 x 5 weights and 5 biases, 20 values, in a number format."""
    return of(lc.Linear(3, 5), lc.PARAMETER_BYTES, 3, dtype=dtype, unit=UNITS[unit])


LINEAR, ROWS = lc.Linear(3, 5), (7, 3)
ADAPTER = lc.LoRA(3, 5, rank=2)
SMALL = lc.QuantizedLinear(6, 5, group_size=4, zero_point=True)
CODES, TABLE = lc.EuclideanRBF(3, 5), lc.ConnectedConv2d(3, ((0, 1), (1, 2), (0, 1, 2), (0,)), 5)
CONV, STRIDED = lc.Conv2d(3, 6, 5), lc.Conv2d(3, 6, 5, stride=2)
GROUPED, DILATED = lc.Conv2d(4, 6, 3, groups=2), lc.Conv2d(3, 6, 3, dilation=3)
SAME, VALID = (lc.Conv2d(3, 6, 5, stride=2, rule=f"tensorflow-{rule}") for rule in ("same", "valid"))
BN, UP = lc.BatchNorm2d(6), lc.ConvTranspose2d(4, 6, 3, stride=2)
CROPPED = lc.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1)
POOL, PADDED = lc.MaxPool2d(3, 2), lc.MaxPool2d(5, 3, padding=2)
CEIL, ADAPTIVE = lc.MaxPool2d(3, 2, ceil_mode=True), lc.AdaptiveAvgPool2d(2)
POOL_SAME, POOL_VALID = (lc.MaxPool2d(5, 3, rule=f"tensorflow-{rule}") for rule in ("same", "valid"))
TRAINED = lc.Subsampling2d(2, channels=6)
NET = lc.Sequential(
    {"conv": lc.Conv2d(1, 2, 3), "bn": lc.BatchNorm2d(2), "flatten": lc.Flatten(), "fc": lc.Linear(32, 5)}
)  # 20, 4 and 165 parameters
TWO = lc.Sequential(lc.Conv2d(1, 1, 5, stride=2), lc.Conv2d(1, 1, 3))  # sees 5 + 2 * 2 = 9 cells
LSTM, BOTH = lc.LSTM(3, 5), lc.LSTM(3, 5, bidirectional=True)
DEEP = lc.LSTM(3, 5, num_layers=2, bidirectional=True)
SHORT = lc.LSTM(3, 5, proj_size=2)  # 4 * 5 * (3 + 2) + 2 * 5 weights, 40 biases
LAST = lc.LSTM(3, 5, return_sequences=False)

PLAIN, WITH_BIASES = lc.Attention(6, 3, bias=False), lc.Attention(6, 3)  # 4 · 36 weights, heads of 2
SOME = lc.Attention(6, 3, bias=False, q_bias=True, k_bias=True, v_bias=True)  # 162 parameters
NORMED, NORMED_TOGETHER = (lc.Attention(6, 3, bias=False, qk_norm=norm) for norm in ("head", "all"))
SUNK, TABLED = (
    lc.Attention(6, 3, bias=False, sinks=True),
    lc.Attention(6, 3, bias=False, positions="relative", buckets=5),
)
GQA = lc.Attention(8, 4, 2, bias=False, causal=True)  # 64 + 32 + 32 + 64 weights, heads of 2
WINDOWED = lc.Attention(8, 4, 2, bias=False, causal=True, window=3)
OWN_SIZE = lc.Attention(8, 2, head_dim=6, bias=False, causal=True)  # 4 · 8 · 12 weights
CROSS = lc.CrossAttention(6, 3, bias=False, kv_dim=4)  # 36 + 24 + 24 + 36 weights, heads of 2
MLA, ABSORBED = (lc.LatentAttention(8, 2, 3, 4, 2, 5, absorbed=absorbed) for absorbed in (False, True))
SHORT_QUERIES = lc.LatentAttention(8, 2, 3, 4, 2, 5, q_lora_rank=3)
# of MLA, queries 96, down 8 · 5, up 3 · 2 · 9, output 80, norm 3
STACK = lc.Sequential(GQA, GQA, GQA)  # each keeps 2 · 4 values a token
LOCAL = lc.Sequential(WINDOWED, GQA, WINDOWED)  # the outer two of three tokens at most
KEEPING = lc.MambaBlock(6, state_size=5, conv_kernel=3)  # 12 channels, each with 5 + 3 values
FF, GATED_FF = lc.FeedForward(6, 10), lc.FeedForward(6, 10, gated=True, bias=False)  # 136 and 180
GPT = lc.from_config(
    {
        "model_type": "gpt2",
        "vocab_size": 11,
        "n_positions": 5,
        "n_embd": 4,
        "n_layer": 3,
        "n_head": 2,
    }
)  # tables of 44 and 20, 3 blocks of 12 · 16 + 13 · 4 = 244, a norm of 8; MACs of 4 tokens: 3 · 896 + 176
LLAMA = lc.from_config(
    {
        "model_type": "llama",
        "vocab_size": 11,
        "hidden_size": 4,
        "intermediate_size": 6,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
    }
)  # two tables of 44, 2 blocks of 48 + 72 + 8, a norm of 4
T5 = lc.from_config(
    {
        "model_type": "t5",
        "vocab_size": 11,
        "d_model": 4,
        "d_kv": 3,
        "num_heads": 2,
        "d_ff": 6,
        "num_layers": 2,
        "num_decoder_layers": 2,
        "relative_attention_num_buckets": 5,
    }
)  # a table of 44, two of 10; 2 blocks of 96 + 48 + 8, 2 of 192 + 48 + 12, two norms of 4
GPTJ = lc.from_config(
    {
        "model_type": "gptj",
        "vocab_size": 11,
        "n_embd": 4,
        "n_inner": 6,
        "n_layer": 2,
        "n_head": 2,
        "rotary_dim": 2,
    }
)  # a table of 44, 2 blocks of 64 + 58 + 8, a norm of 8, a head of 55
EXPERTS = lc.MixtureOfExperts(6, 10, 8, 2)  # a router of 48, 8 experts of 180
SHARING = lc.MixtureOfExperts(6, 10, 8, 2, shared_dim=5, shared_gate=True)  # 90 and 6 more

MIXED = lc.from_config(
    {
        "model_type": "mixtral",
        "vocab_size": 11,
        "hidden_size": 8,
        "intermediate_size": 6,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "num_local_experts": 4,
        "num_experts_per_tok": 2,
    }
)  # tables of 88 each, 2 blocks of 192 + 16 + 32 + 4 · 144 = 816, a norm of 8: 1,816; 888 with one expert

PLACES, SPARE = lc.LearnedPositions(10, 6), lc.LearnedPositions(10, 6, 2)
STORED_WAVES, WAVES = lc.SinusoidalPositions(10, 6), lc.SinusoidalPositions(10, 6, stored=False)
PATCHES = lc.PatchEmbedding(3, 4, 5, image_size=8)  # 4 patches of 48: 245, 1 class token, 5 positions
TAUGHT = lc.PatchEmbedding(3, 4, 5, class_tokens=2, image_size=8)  # 2 tokens before them, 6 positions
MERGING = lc.PatchMerging(3)  # (3, 4, 6) to (6, 2, 3): a norm of 24 and 12 * 6 weights
WINDOWS = lc.WindowAttention(6, 3, 2)  # 4 maps of 42 and a table of 9 * 3; (6, 4, 4) has 4 windows of 4
MOVED = lc.WindowAttention(6, 3, 2, shifted=True)
MAMBA = lc.MambaBlock(4, state_size=3, conv_kernel=2)  # 64, 24, 56, 16, 24, 8 and 32: 224


def encoder(family: str, **more: int) -> lc.Layer:
    """11 tokens, 5 places and 2 segments; 3 blocks of width 4 that hold 154 each; a pooler of 20."""
    return lc.from_config({
        "model_type": family, "vocab_size": 11, "hidden_size": 4, "intermediate_size": 6,
        "num_hidden_layers": 3, "num_attention_heads": 2, "max_position_embeddings": 5,
        "type_vocab_size": 2, **more,
    })  # fmt: skip


BERT, ALBERT = encoder("bert"), encoder("albert", embedding_size=2)
WIDENED = lc.Sequential(lc.Embedding(7, 2), lc.Linear(2, 5))
DISTANT = lc.Sequential(*[
    lc.Attention(4, 2, bias=False, causal=causal, positions="relative", buckets=buckets)
    for causal in (False, True) for buckets in (3, 0)
])  # fmt: skip
# each 64 weights; in the first and the third a table of 3 * 2

HAND_WORKED: list[tuple[str, Task, int | Fraction]] = [
    ("weights-among-biases", of(LINEAR, lc.Quantity.BIASES, 3), 20),
    ("both-kinds", of(LINEAR, lc.Quantity.MULTIPLICATIONS, 3), 2 * 15),
    ("doubled-twice", of(LINEAR, F, 3), 4 * 15),
    ("parameters-for-activations", of(LINEAR, A, *ROWS), 20),
    ("two-bytes-a-value", stored("float32"), 40),
    ("four-bytes-a-value", stored("float16"), 80),
    ("bits-for-bytes", stored("float32"), 20 * 32),
    ("1024-for-thousand", stored("float32", "kB"), Fraction(80, 1024)),
    ("one-prefix-too-small", stored("float32", "MB"), Fraction(80, 1000)),
    ("one-place", of(LINEAR, M, *ROWS), 15),
    ("one-row-written", of(LINEAR, A, *ROWS), 5),
    ("features-kept", of(LINEAR, A, *ROWS), 21),
    ("weights-for-each-row", of(LINEAR, P, *ROWS), 7 * 20),
    ("codes-trained", of(CODES, P, 3), 15),
    ("codes-as-connected", of(CODES, P, 3), 20),
    ("kernel-sides-added", of(CONV, P, 3, 9, 9), 6 * (3 * (5 + 5) + 1)),
    ("operations-for-weights", of(CONV, W, 3, 9, 9), 2 * 6 * 3 * 25),
    ("no-weight-sharing", of(CONV, P, 3, 9, 9), 5 * 5 * 6 * (75 + 1)),
    ("no-weight-sharing", of(CONV, W, 3, 9, 9), 5 * 5 * 6 * 75),
    ("kernel-of-one-group", of(GROUPED, P, 4, 8, 8), (6 * 2 * 9 + 6) // 2),
    ("forgot-dilation", of(DILATED, SIDE, 3, 20, 20), 18),
    ("dilation-times-kernel", of(DILATED, SIDE, 3, 20, 20), 20 - 9 + 1),
    ("kept-input-channels", of(CONV, Size.OUTPUT_CHANNELS, 3, 9, 9), 3),
    ("maps-for-each-channel", of(CONV, Size.OUTPUT_CHANNELS, 3, 9, 9), 18),
    ("one-map-written", of(CONV, A, 3, 9, 9), 25),
    ("kernel-off-both-sides", of(CONV, SIDE, 3, 9, 9), 1),
    ("same-divides-by-kernel", of(SAME, SIDE, 3, 21, 21), 5),
    ("same-rounded-down", of(SAME, SIDE, 3, 21, 21), 10),
    ("valid-for-same", of(SAME, SIDE, 3, 21, 21), 9),
    ("same-for-valid", of(VALID, SIDE, 3, 21, 21), 11),
    ("every-map-connected", of(TABLE, P, 3, 9, 9), 4 * (3 * 25 + 1)),
    ("one-input-a-map", of(TABLE, P, 3, 9, 9), 4 * (25 + 1)),
    ("connected-maps-without-bias", of(TABLE, P, 3, 9, 9), 8 * 25),
    ("bias-for-each-kernel", of(TABLE, P, 3, 9, 9), 8 * (25 + 1)),
    ("statistics-forgotten", of(BN, lc.Quantity.STORED_VALUES, 6, 9, 9), 12),
    ("all-stored-for-buffers", of(BN, lc.Quantity.BUFFERS, 6, 9, 9), 24),
    ("normalized-at-each-value", of(BN, P, 6, 9, 9), 2 * 6 * 81),
    ("normalized-at-each-value", of(lc.RMSNorm(6), P, 9, 6), 54),
    ("two-a-group", of(lc.GroupNorm(2, 6), P, 6, 9, 9), 4),
    ("sample-statistics-stored", of(lc.GroupNorm(2, 6), P, 6, 9, 9), 24),
    ("one-scale-for-all", of(lc.LayerNorm(6), P, 9, 6), 2),
    ("root-mean-square-shifted", of(lc.RMSNorm(6), P, 9, 6), 12),
    ("normalized-one-value", everything(BN, F, 6, 9, 9), 6 * 81),
    ("normalized-map-written", of(BN, A, 6, 9, 9), 81),
    ("transposed-as-convolution", of(UP, SIDE, 4, 7, 7), (7 - 3) // 2 + 1),
    ("transposed-stride-only", of(UP, SIDE, 4, 7, 7), 14),
    ("transposed-padding-once", of(CROPPED, SIDE, 4, 7, 7), 6 * 2 - 1 + 3 + 1),
    ("transposed-padding-added", of(CROPPED, SIDE, 4, 7, 7), 6 * 2 + 2 + 3 + 1),
    ("forgot-output-padding", of(CROPPED, SIDE, 4, 7, 7), 6 * 2 - 2 + 3),
    ("transposed-bias-per-input", of(UP, P, 4, 7, 7), 4 * 6 * 9 + 4),
    ("transposed-forgot-input-channels", of(UP, P, 4, 7, 7), 6 * 9 + 6),
    ("transposed-kernel-not-squared", of(UP, P, 4, 7, 7), 4 * 6 * 3 + 6),
    ("stride-multiplies-weights", of(UP, P, 4, 7, 7), 4 * 6 * 9 * 4 + 6),
    ("transposed-counted-at-output", of(UP, M, 4, 7, 7), 4 * 6 * 9 * 15 * 15),
    ("transposed-one-cell", of(UP, M, 4, 7, 7), 4 * 6 * 9),
    ("transposed-one-map-written", of(UP, A, 4, 7, 7), 15 * 15),
    ("transposed-step-too-many", of(UP, SIDE, 4, 7, 7), 7 * 2 + 3),
    ("transposed-kernel-forgotten", of(UP, SIDE, 4, 7, 7), 6 * 2 + 1),
    ("connected-layers-alone", of(NET, P, 1, 6, 6), 4 + 165),
    ("convolutions-alone", of(NET, P, 1, 6, 6), 20 + 4),
    ("without-normalization", of(NET, P, 1, 6, 6), 20 + 165),
    ("idle-bias-left-out", of(NET, P, 1, 6, 6), 18 + 4 + 165),
    ("forgot-first-layer", of(NET, P, 1, 6, 6), 4 + 165),
    ("forgot-last-layer", of(NET, P, 1, 6, 6), 20 + 4),
    ("whole-for-part", of(NET, P, 1, 6, 6, part="fc"), 20 + 4 + 165),
    ("activated-one-map", everything(lc.Sigmoid(), F, 6, 9, 9), 4 * 81),
    ("compared-and-chosen", everything(lc.ReLU(), F, 6, 9, 9), 2 * 6 * 81),
    ("exponentials-twice", of(lc.Softmax(), lc.Quantity.EXPONENTIALS, 5, 12), 120),
    ("softmax-of-one-row", of(lc.Softmax(), lc.Quantity.EXPONENTIALS, 5, 12), 12),
    ("one-exponential-a-row", of(lc.Softmax(), lc.Quantity.EXPONENTIALS, 5, 12), 5),
    ("sum-of-n-additions", of(lc.Softmax(), lc.Quantity.ADDITIONS, 12), 12),
    ("one-slope", of(lc.PReLU(6), P, 6, 9, 9), 1),
    ("slope-and-bias", of(lc.PReLU(6), P, 6, 9, 9), 12),
    ("slope-for-each-value", of(lc.PReLU(6), P, 6, 9, 9), 6 * 81),
    ("embedding-sizes-added", of(lc.Embedding(50, 6), P, 4), 56),
    ("embedding-bias", of(lc.Embedding(50, 6), P, 4), 50 * 6 + 6),
    ("one-for-each-token", of(lc.Embedding(50, 6), P, 4), 50),
    ("looked-up-by-product", of(lc.Embedding(50, 6), M, 4), 4 * 50 * 6),
    ("one-operation-a-value", of(lc.Embedding(50, 6), M, 4), 4 * 6),
    ("one-operation-a-value", of(lc.Embedding(50, 6), F, 4), 4 * 6),
    ("one-vector-written", of(lc.Embedding(50, 6), A, 4), 6),
    ("whole-table-written", of(lc.Embedding(50, 6), A, 4), 300),
    ("grouped-heads-ignored", of(GQA, P, 5, 8), 4 * 64),
    ("grouped-heads-ignored", of(GQA, C, 5, 8), 5 * 2 * 8),
    ("one-head-of-keys", of(GQA, C, 5, 8), 5 * 2 * 2),
    ("heads-divide-the-width", of(OWN_SIZE, P, 5, 8), 4 * 64),
    ("whole-width-for-each-head", of(PLAIN, P, 4, 6), 4 * 6 * 18),
    ("one-head", of(PLAIN, P, 4, 6), 4 * 6 * 2),
    ("one-head", of(PLAIN, lc.EXPONENTIALS, 4, 6), 4 * 4),
    ("queries-and-keys-alone", of(PLAIN, M, 4, 6), 2 * 4 * 36 + 2 * 4 * 4 * 6),
    ("feed-forward-not-asked-for", of(PLAIN, M, 4, 6), 4 * 12 * 36 + 2 * 4 * 4 * 6),
    ("exponential-for-each-product", of(PLAIN, lc.EXPONENTIALS, 4, 6), 3 * 4 * 4 * 2),
    ("exponential-for-each-row", of(PLAIN, lc.EXPONENTIALS, 4, 6), 3 * 4),
    ("output-map-forgotten", of(PLAIN, P, 4, 6), 3 * 36),
    ("output-map-forgotten", of(PLAIN, M, 4, 6), 4 * 3 * 36 + 2 * 4 * 4 * 6),
    ("keys-and-values-one-map", of(GQA, P, 5, 8), 64 + 32 + 64),
    ("biases-of-some-maps-forgotten", of(SOME, P, 4, 6), 144),
    ("bias-on-every-map", of(SOME, P, 4, 6), 144 + 4 * 6),
    ("output-bias-forgotten", of(WITH_BIASES, P, 4, 6), 144 + 3 * 6),
    ("norms-of-queries-and-keys-forgotten", of(NORMED, P, 4, 6), 144),
    ("norm-for-each-head", of(NORMED, P, 4, 6), 144 + 2 * 6),
    ("norm-of-one-head", of(NORMED_TOGETHER, P, 4, 6), 144 + 2 * 2),
    ("sinks-forgotten", of(SUNK, P, 4, 6), 144),
    ("relative-table-forgotten", of(TABLED, P, 4, 6), 144),
    ("vector-for-each-bucket", of(TABLED, P, 4, 6), 144 + 5 * 6),
    ("one-attention-product", of(PLAIN, M, 4, 6), 4 * 144 + 4 * 4 * 6),
    ("pairs-forgotten", of(PLAIN, M, 4, 6), 4 * 144),
    ("pairs-alone", of(PLAIN, M, 4, 6), 2 * 4 * 4 * 6),
    ("sharing-lowers-products", of(GQA, M, 5, 8), 5 * 192 + 2 * 5 * 5 * 4),
    ("one-query", of(PLAIN, M, 4, 6), 4 * 144 + 2 * 4 * 6),
    ("hidden-pairs-left-out", of(GQA, M, 5, 8), 5 * 192 + 2 * 15 * 8),
    ("hidden-pairs-counted", of(GQA, F, 5, 8, convention=HALF), 2 * (5 * 192 + 2 * 25 * 8)),
    ("diagonal-halved", of(GQA, F, 5, 8, convention=HALF), 2 * (5 * 192 + 2 * 13 * 8)),
    ("window-ignored", of(WINDOWED, C, 5, 8), 5 * 2 * 4),
    ("window-lowers-the-square", of(WINDOWED, M, 5, 8), 5 * 192 + 2 * 5 * 3 * 8),
    ("window-full-from-the-start", of(WINDOWED, F, 5, 8, convention=HALF), 2 * (5 * 192 + 2 * 5 * 3 * 8)),
    ("one-query", of(WINDOWED, F, 5, 8, convention=HALF), 2 * (5 * 192 + 2 * 5 * 8)),
    ("cached-tokens-forgotten", of(GQA, M, 1, 8, cached=9), 192 + 2 * 8),
    ("cached-tokens-run-again", of(GQA, M, 1, 8, cached=9), 10 * 192 + 2 * 100 * 8),
    ("one-token-not-met", of(GQA, M, 1, 8, cached=9), 192 + 2 * 9 * 8),
    ("one-sample-cached", of(GQA, C, 5, 8, batch=3), 5 * 2 * 4),
    ("keys-or-values-alone", of(GQA, C, 5, 8), 5 * 4),
    ("queries-cached", of(GQA, C, 5, 8), 5 * (2 * 4 + 8)),
    ("width-cached", of(OWN_SIZE, C, 5, 8), 5 * 2 * 8),
    ("one-token-cached", of(GQA, C, 5, 8), 2 * 4),
    ("scores-written", of(PLAIN, A, 4, 6), 3 * 4 * 4),
    ("maps-written", of(GQA, A, 5, 8), 5 * (8 + 4 + 4)),
    ("rows-of-all-heads-written", of(PLAIN, A, 4, 6), 3 * 4 * 6),
    ("one-token-written", of(PLAIN, A, 4, 6), 6),
    ("source-as-wide", across(CROSS, P, (2, 6), (5, 4)), 4 * 36),
    ("cross-attention-forgotten", across(T5, P, (2,), (5,)), 44 + 20 + 2 * 152 + 2 * 156 + 8),
    ("cross-keys-at-each-step", across(CROSS, M, (2, 6), (5, 4), cached=9), 2 * 72 + 5 * 48 + 2 * 2 * 5 * 6),
    ("cross-keys-of-new-tokens", across(CROSS, M, (2, 6), (5, 4), cached=9), 2 * 72 + 2 * 48 + 2 * 2 * 5 * 6),
    ("text-asks-itself", across(CROSS, M, (2, 6), (5, 4)), 2 * 72 + 2 * 48 + 2 * 2 * 2 * 6),
    ("text-asks-itself", across(CROSS, C, (2, 6), (5, 4)), 2 * 2 * 6),
    ("latents-ignored", of(MLA, P, 5, 8), 64 + 64 + 80 + 80),
    ("shared-key-forgotten", of(MLA, P, 5, 8), 96 + 8 * 3 + 54 + 80 + 3),
    ("shared-key-forgotten", of(MLA, C, 5, 8), 5 * 3),
    ("shared-key-for-each-head", of(MLA, P, 5, 8), 96 + 8 * 7 + 54 + 80 + 3),
    ("shared-key-for-each-head", of(MLA, C, 5, 8), 5 * (3 + 2 * 2)),
    ("query-latent-ignored", of(SHORT_QUERIES, P, 5, 8), 96 + 40 + 54 + 80 + 3),
    ("norms-of-latents-forgotten", of(MLA, P, 5, 8), 96 + 40 + 54 + 80),
    ("values-not-made", of(MLA, P, 5, 8), 96 + 40 + 3 * 2 * 4 + 80 + 3),
    ("new-latents-alone", of(MLA, M, 1, 8, cached=4), 96 + 40 + 54 + 80 + 2 * 5 * (6 + 5)),
    ("latents-not-expanded", of(MLA, M, 1, 8, cached=4), 96 + 40 + 80 + 2 * 5 * (6 + 5)),
    ("maps-absorbed", of(MLA, M, 1, 8, cached=4), 96 + 40 + 2 * 3 * (4 + 5) + 80 + 2 * 5 * (5 + 3)),
    ("maps-not-absorbed", of(ABSORBED, M, 1, 8, cached=4), 96 + 40 + 5 * 54 + 80 + 2 * 5 * (6 + 5)),
    ("expanded-heads-cached", of(MLA, C, 5, 8), 5 * 2 * (6 + 5)),
    ("latents-kept-twice", of(MLA, C, 5, 8), 5 * 2 * 5),
    ("values-of-heads-written", of(MLA, A, 5, 8), 5 * 2 * 5),
    ("latents-written", of(MLA, A, 5, 8), 5 * 5),
    ("tied-head-counted-twice", of(GPT, P, 4), 44 + 20 + 3 * 244 + 8 + 44),
    ("tied-head-works-nothing", of(GPT, M, 4), 3 * (4 * 192 + 2 * 4 * 4 * 4)),
    ("token-table-left-out", of(GPT, P, 4), 20 + 3 * 244 + 8),
    ("both-tables-left-out", of(GPT, P, 4), 3 * 244 + 8),
    ("positions-need-no-table", of(GPT, P, 4), 44 + 3 * 244 + 8),
    ("positions-in-each-block", of(GPT, P, 4), 44 + 3 * 20 + 3 * 244 + 8),
    ("norm-at-the-end-forgotten", of(GPT, P, 4), 44 + 20 + 3 * 244),
    ("norms-left-out", of(GPT, P, 4), 44 + 20 + 3 * (244 - 16)),
    ("matrices-alone", of(GPT, P, 4), 44 + 20 + 3 * 12 * 16),
    ("masks-counted", of(GPT, P, 4), 44 + 20 + 3 * 244 + 8 + 3 * 25),
    ("one-block-counted", of(GPT, P, 4), 44 + 20 + 244 + 8),
    ("one-block-counted", of(GPT, M, 4), 4 * 192 + 2 * 4 * 4 * 4 + 4 * 44),
    ("feed-forward-left-out", of(GPT, P, 4), 44 + 20 + 3 * (244 - 148) + 8),
    ("feed-forward-left-out", of(GPT, M, 4), 3 * (4 * 64 + 2 * 4 * 4 * 4) + 4 * 44),
    ("attention-left-out", of(GPT, P, 4), 44 + 20 + 3 * (244 - 80) + 8),
    ("attention-left-out", of(GPT, M, 4), 3 * 4 * 128 + 4 * 44),
    ("feed-forward-one-square", of(FF, P, 4, 6), 36 + 3 + 6),
    ("norm-shifts-forgotten", of(GPT, P, 4), 44 + 20 + 3 * (244 - 8) + 4),
    ("norm-for-each-half", of(GPTJ, P, 4), 44 + 2 * (130 + 8) + 8 + 55),
    ("twelve-squares", of(LLAMA, P, 4), 2 * 12 * 16),
    ("vocabulary-left-out", of(LLAMA, P, 4), 2 * 128 + 4),
    ("root-mean-square-centred", everything(lc.RMSNorm(6), F, 5, 6), 5 * (6 * 6 + 2)),
    ("gate-forgotten", of(GATED_FF, P, 4, 6), 2 * 60),
    ("gate-not-asked-for", of(FF, P, 4, 6), 136 + 70),
    ("map-down-forgotten", of(FF, P, 4, 6), 70),
    ("width-not-multiplied", of(FF, P, 4, 6), 2 * (36 + 6)),
    ("four-times-the-width", of(FF, P, 4, 6), 2 * 6 * 24 + 24 + 6),
    ("outer-bias-forgotten", of(FF, P, 4, 6), 60 + 10 + 60),
    ("one-token", of(FF, M, 4, 6), 120),
    ("inner-width-written", of(FF, A, 4, 6), 4 * 10),
    ("every-map-written", of(FF, A, 4, 6), 4 * (10 + 6)),
    ("one-expert-held", of(EXPERTS, P, 4, 6), 48 + 180),
    ("chosen-experts-held", of(EXPERTS, P, 4, 6), 48 + 2 * 180),
    ("router-forgotten", of(EXPERTS, P, 4, 6), 8 * 180),
    ("shared-expert-forgotten", of(SHARING, P, 4, 6), 48 + 8 * 180),
    ("shared-gate-forgotten", of(SHARING, P, 4, 6), 48 + 8 * 180 + 90),
    ("all-experts-run", of(EXPERTS, M, 4, 6), 4 * (48 + 8 * 180)),
    ("one-expert-run", of(EXPERTS, M, 4, 6), 4 * (48 + 180)),
    ("whole-model-repeated", of(MIXED, P, 4), 4 * 888),
    ("name-multiplied", of(lc.model_named("mixtral-8x7b"), P, 4), 56 * 10**9),
    ("whole-models-active", of(MIXED, Size.ACTIVE, 4), 2 * 888),
    ("all-experts-active", of(MIXED, Size.ACTIVE, 4), 1816),
    ("all-experts-active", of(EXPERTS, Size.ACTIVE, 4, 6), 48 + 8 * 180),
    ("total-divided", of(MIXED, Size.ACTIVE, 4), 1816 // 2),
    ("one-expert-active", of(MIXED, Size.ACTIVE, 4), 1816 - 2 * 3 * 144),
    ("input-table-counted", of(MIXED, Size.ACTIVE_WITHOUT_INPUT, 4), 1240),
    ("input-table-not-counted", of(MIXED, Size.ACTIVE, 4), 1240 - 88),
    ("head-not-counted", of(MIXED, Size.ACTIVE, 4), 1240 - 2 * 88),
    ("head-counted", of(MIXED, Size.ACTIVE_WITHOUT_TABLES, 4), 1240 - 88),
    ("cache-for-each-expert", of(MIXED, C, 3), 4 * 2 * 3 * 2 * 4),
    ("cache-for-each-chosen-expert", of(MIXED, C, 3), 2 * 2 * 3 * 2 * 4),
    ("two-for-each-parameter", of(MIXED, F, 1), 2 * 1816),
    ("two-for-each-active-parameter", of(MIXED, F, 1), 2 * 1240),
    ("rows-of-chosen-experts-written", of(EXPERTS, A, 4, 6), 2 * 24),
    ("rows-of-all-experts-written", of(EXPERTS, A, 4, 6), 8 * 24),
    ("scores-of-experts-written", of(EXPERTS, A, 4, 6), 4 * 8),
    ("positions-added-to-width", of(PLACES, P, 4, 6), 10 + 6),
    ("one-value-a-position", of(PLACES, P, 4, 6), 10),
    ("one-row-of-positions", of(PLACES, P, 4, 6), 6),
    ("positions-need-no-table", of(PLACES, P, 4, 6), 0),
    ("positions-with-bias", of(PLACES, P, 4, 6), 60 + 6),
    ("spare-rows-forgotten", of(SPARE, P, 4, 6), 60),
    ("sines-are-never-stored", of(STORED_WAVES, P, 4, 6), 0),
    ("sines-are-always-stored", of(WAVES, P, 4, 6), 60),
    ("one-segment", of(lc.Segments(2, 6), P, 4, 6), 6),
    ("position-by-product", of(PLACES, M, 4, 6), 4 * 6 * 10),
    ("position-as-weight", of(PLACES, M, 4, 6), 4 * 6),
    ("whole-position-table-added", of(PLACES, M, 4, 6), 60),
    ("position-square", of(PLACES, M, 4, 6), 4 * 4 * 6),
    ("one-token-positioned", of(PLACES, A, 4, 6), 6),
    ("patch-of-one-channel", of(PATCHES, P, 3, 8, 8), 16 * 5 + 5 + 6 * 5),
    ("patch-side-once", of(PATCHES, P, 3, 8, 8), 3 * 4 * 5 + 5 + 6 * 5),
    ("class-token-forgotten", of(PATCHES, P, 3, 8, 8), 245 + 4 * 5),
    ("second-token-forgotten", of(TAUGHT, P, 3, 8, 8), 245 + 5 + 5 * 5),
    ("places-of-another-size", of(PATCHES, P, 3, 8, 8), 245 + 5 + (56 * 56 + 1) * 5),
    ("patches-of-one-row", of(PATCHES, P, 3, 8, 8), 245 + 5 + 3 * 5),
    ("pooler-forgotten", of(BERT, P, 4), 18 * 4 + 8 + 3 * 154),
    ("segments-forgotten", of(BERT, P, 4), 16 * 4 + 8 + 3 * 154 + 20),
    ("shared-layers-multiplied", of(ALBERT, P, 4), 18 * 2 + 4 + 12 + 3 * 154 + 20),
    ("shared-layers-work-once", of(ALBERT, M, 4), 4 * 8 + 4 * 112 + 2 * 4 * 4 * 4 + 16),
    ("table-as-wide-as-the-model", of(WIDENED, P, 4), 7 * 5),
    ("table-in-each-layer", of(DISTANT, P, 5, 4), 4 * 64 + 4 * 6),
    ("one-table-of-distances", of(DISTANT, P, 5, 4), 4 * 64 + 6),
    ("patch-positions-forgotten", of(PATCHES, P, 3, 8, 8), 245 + 5),
    ("weights-for-each-patch", of(PATCHES, P, 3, 8, 8), 4 * 245 + 6 * 5),
    ("one-patch", of(PATCHES, M, 3, 8, 8), 48 * 5),
    ("class-token-multiplied", of(PATCHES, M, 3, 8, 8), 5 * 48 * 5),
    ("patch-at-every-cell", of(PATCHES, M, 3, 8, 8), 5 * 5 * 48 * 5),
    ("merging-with-bias", of(MERGING, P, 3, 4, 6), 24 + 72 + 6),
    ("merging-without-norm", of(MERGING, P, 3, 4, 6), 72),
    ("one-cell-merged", of(MERGING, P, 3, 4, 6), 2 * 3 + 3 * 6),
    ("merged-to-all-channels", of(MERGING, P, 3, 4, 6), 24 + 12 * 12),
    ("merged-at-every-cell", of(MERGING, M, 3, 4, 6), 24 * 72),
    ("merged-once", of(MERGING, M, 3, 4, 6), 72),
    ("window-looks-at-all", of(WINDOWS, M, 6, 4, 4), 16 * 144 + 2 * 16 * 16 * 6),
    ("one-window", of(WINDOWS, M, 6, 4, 4), 4 * 144 + 2 * 4 * 4 * 6),
    ("window-products-forgotten", of(WINDOWS, M, 6, 4, 4), 16 * 144),
    ("part-of-a-window-forgotten", of(WINDOWS, M, 6, 3, 4), 8 * 144 + 2 * 2 * 4 * 4 * 6),
    ("window-output-forgotten", of(WINDOWS, P, 6, 4, 4), 3 * 42 + 27),
    ("window-table-forgotten", of(WINDOWS, P, 6, 4, 4), 4 * 42),
    ("table-of-pairs", of(WINDOWS, P, 6, 4, 4), 4 * 42 + 16 * 3),
    ("table-for-all-heads", of(WINDOWS, P, 6, 4, 4), 4 * 42 + 9),
    ("weights-for-each-head", of(WINDOWS, P, 6, 4, 4), 3 * 4 * 42 + 27),
    ("one-window-written", of(WINDOWS, A, 6, 4, 4), 6 * 4),
    (
        "windows-never-move",
        everything(MOVED, F, 6, 4, 4),
        4 * 96 * (11 + 1) + 192 * (3 + 1 + 1) + 48 * 11 + 96 * 7,
    ),
    ("mamba-without-gate", of(MAMBA, P, 5, 4), 224 - 32),
    ("mamba-not-expanded", of(MAMBA, P, 5, 4), 32 + 12 + 28 + 8 + 12 + 4 + 16),
    ("state-of-one-channel", of(MAMBA, P, 5, 4), 224 - 24 + 3),
    ("mamba-convolution-connected", of(MAMBA, P, 5, 4), 224 + 7 * 16),
    ("one-matrix-for-x", of(MAMBA, P, 5, 4), 224 - 8 * 3),
    ("steps-of-full-rank", of(MAMBA, P, 5, 4), 224 + 8 * 7 + 8 * 7),
    ("padded-places-forgotten", of(MAMBA, M, 5, 4), 5 * (64 + 16 + 56 + 8 + 24 + 32)),
    ("state-read-for-nothing", of(MAMBA, M, 5, 4), 5 * (64 + 56 + 8 + 32) + 6 * 16),
    ("tokens-look-back", of(MAMBA, M, 5, 4), 5 * (64 + 56 + 8 + 24 + 32) + 6 * 16 + 2 * 5 * 5 * 4),
    ("channels-written", of(MAMBA, A, 5, 4), 5 * 8),
    ("grey-as-colour", of(lc.Sequential(lc.Flatten(), lc.Linear(16, 5)), P, 1, 4, 4), (48 + 1) * 5),
    ("pooling-rounded-up", of(POOL, SIDE, 6, 10, 10), 5),
    ("pooling-rounded-down", of(CEIL, SIDE, 6, 10, 10), 4),
    ("windows-side-by-side", of(POOL, SIDE, 6, 10, 10), 3),
    ("pooling-forgot-first-window", of(POOL, SIDE, 6, 10, 10), 3),
    ("pooling-forgot-padding", of(PADDED, SIDE, 6, 20, 20), 6),
    ("pooling-padding-once", of(PADDED, SIDE, 6, 20, 20), (20 + 2 - 5) // 3 + 1),
    ("pooling-valid-for-same", of(POOL_SAME, SIDE, 6, 20, 20), 6),
    ("pooling-same-rounded-down", of(POOL_SAME, SIDE, 6, 20, 20), 6),
    ("pooling-same-for-valid", of(POOL_VALID, SIDE, 6, 20, 20), 7),
    ("pooled-one-map-written", of(POOL, A, 6, 10, 10), 16),
    ("one-side-pooled", of(POOL, A, 6, 10, 10), 6 * 10 * 4),
    ("adaptive-size-as-window", of(ADAPTIVE, SIDE, 6, 10, 10), 5),
    ("adaptive-keeps-size", of(ADAPTIVE, SIDE, 6, 10, 10), 10),
    ("pooling-has-weights", of(POOL, P, 6, 10, 10), 9),
    ("two-for-each-cell", everything(lc.AvgPool2d(2), F, 6, 10, 10), 6 * 25 * 4 * 2),
    ("subsampling-has-none", of(TRAINED, P, 6, 10, 10), 0),
    ("subsampling-window-of-weights", of(TRAINED, P, 6, 10, 10), 6 * 4 + 6),
    ("subsampling-shared", of(TRAINED, P, 6, 10, 10), 2),
    ("own-stride-too", of(TWO, SEEN, 1, 64, 64), 1 + 4 * 2 + 2 * 2),
    ("start-forgotten", of(TWO, SEEN, 1, 64, 64), 8),
    ("kernels-added", of(TWO, SEEN, 1, 64, 64), 5 + 3 * 2),
    ("last-window-alone", of(TWO, SEEN, 1, 64, 64), 3),
    ("one-step-written", of(LSTM, A, 4, 3), 5),
    ("every-step-written", of(LAST, A, 4, 3), 20),
    ("one-direction-written", of(BOTH, A, 4, 3), 20),
    ("inputs-given-back", of(LSTM, A, 4, 3), 12),
    ("gates-written", of(LSTM, A, 4, 3), 4 * 20),
    ("forgot-recurrent-weights", of(lc.GRU(3, 5), P, 4, 3), 3 * (3 * 5 + 2 * 5)),
    ("one-gate-of-three", of(lc.GRU(3, 5), P, 4, 3), 3 * 5 + 5 * 5 + 2 * 5),
    ("gates-of-an-lstm", of(lc.RNN(3, 5), P, 4, 3), 4 * (3 * 5 + 5 * 5 + 2 * 5)),
    ("state-matrix-once", of(LSTM, P, 4, 3), 4 * (3 * 5 + 2 * 5) + 25),
    ("one-bias-a-gate", of(LSTM, P, 4, 3), 4 * (3 * 5 + 25) + 8),
    ("bias-for-inputs", of(lc.RNN(3, 5), P, 4, 3), 3 * 5 + 25 + 3 + 5),
    ("layers-all-alike", of(DEEP, P, 4, 3), 4 * 4 * (3 * 5 + 25 + 10)),
    ("one-direction-read", of(DEEP, P, 4, 3), 2 * 4 * (3 * 5 + 25 + 10) + 2 * 4 * (25 + 25 + 10)),
    ("both-states-read", of(BOTH, P, 4, 3), 2 * 4 * (3 * 5 + 50 + 10)),
    ("forgot-projection", of(SHORT, P, 4, 3), 4 * (3 * 5 + 25 + 10)),
    ("projection-without-matrix", of(SHORT, P, 4, 3), 4 * (3 * 5 + 10 + 10)),
    ("unprojected-state-read", of(SHORT, P, 4, 3), 4 * (3 * 5 + 25 + 10) + 10),
    ("state-squared-once", everything(lc.LSTM(3, 5, bias_vectors=1), F, 1, 3), 8 * 15 + 25 + 20 * 5),
    ("gates-alone", everything(lc.LSTM(3, 5, bias_vectors=1), F, 1, 3), 8 * 5 * (3 + 5)),
    ("forgot-scales", of(SMALL, lc.STORED_VALUES, 6), 6 * 5 + 5),
    ("scale-for-each-weight", of(SMALL, lc.STORED_VALUES, 6), 3 * 6 * 5 + 5),
    ("one-scale-a-row", of(SMALL, lc.STORED_VALUES, 6), 6 * 5 + 2 * 5 + 5),
    ("multiplied-as-they-are", everything(SMALL, F, 6), 5 * (2 * 6 - 1) + 5),
    ("rank-times-both", of(ADAPTER, P, 3), 2 * 3 * 5),
    ("one-adapter-matrix", of(ADAPTER, P, 3), 2 * 3),
    ("one-adapter-matrix", of(ADAPTER, M, 3), 3 * 5 + 2 * 3),
    ("rank-squared", of(ADAPTER, P, 3), 2 * 2),
    ("map-trained-without-adapter", of(ADAPTER, P, 3), 3 * 5 + 5),
    ("base-trained", of(ADAPTER, P, 3), 3 * 5 + 5 + 2 * (3 + 5)),
    ("adapter-in-place-of-map", of(ADAPTER, M, 3), 2 * (3 + 5)),
    ("one-layer-cached", of(STACK, C, 7, 8), 7 * 2 * 4),
    ("windows-everywhere", of(LOCAL, C, 7, 8), 3 * 3 * 2 * 4),
    ("windowed-layers-left-out", of(LOCAL, C, 7, 8), 7 * 2 * 4),
    ("full-layers-left-out", of(LOCAL, C, 7, 8), 2 * 3 * 2 * 4),
    ("state-for-each-token", of(KEEPING, C, 7, 6), 7 * 12 * (5 + 3)),
    ("convolved-inputs-forgotten", of(KEEPING, C, 7, 6), 12 * 5),
    ("state-of-the-width", of(KEEPING, C, 7, 6), 6 * (5 + 3)),
    ("cached-state-of-one-channel", of(KEEPING, C, 7, 6), 5 + 3),
]

# ---- training ----------------------------------------------------------------------------------------

TEN = lc.Linear(10, 1, bias=False)  # ten parameters
STEP = lc.Sequential(lc.Linear(3, 5, bias=False), lc.Linear(5, 2, bias=False))  # 15 and 10 weights
BLOCKS = lc.Sequential(*[lc.Attention(8, 2)] * 3)


def trained(
    measure: Cost, *shape: int, unit: str = "", layer: lc.Layer = TEN, batch: int = 1, **how: Any
) -> Task:
    """Ten parameters in training, or another layer."""
    two, size = lc.CONVENTIONS["two-a-mac"], UNITS.get(unit, Unit(unit))
    return of(
        layer, measure, *(shape or (10,)), convention=two, unit=size, batch=batch, training=Training(**how)
    )


def step(**how: Any) -> Task:
    """50 FLOPs forward, 50 for the weights, 20 for the values between both maps."""
    return trained(Cost.STEP_FLOPS, 3, layer=STEP, **how)


def rule(**how: Any) -> Task:
    """Ten parameters, seven tokens: 140 FLOPs in each pass."""
    return trained(Cost.SIZE_FLOPS, 7, 10, **how)


def states(**how: Any) -> Task:
    """Ten parameters of 16 bytes."""
    return trained(Cost.STATE_BYTES, **how)


def kept(**how: Any) -> Task:
    """Three blocks of width 8 with 2 heads, and 4 texts of 7 tokens."""
    return trained(Cost.KEPT_BYTES, 7, 8, layer=BLOCKS, batch=4, **how)


def packed(**how: Any) -> Task:
    """Ten weights of 4 bits, in groups of 5 with a scale of 16 and a zero point of 4 bits."""
    usual = {"bits": 4, "group": 5, "scale_bits": 16, "zero_bits": 4}
    return trained(Cost.STORED_BYTES, **{**usual, **how})


DAYS = {"unit": "days", "teraflops": 1, "devices": 4, "percent": 50}
DAY, SQUARE = 86_400 * 10**12, 5 * 2 * 7 * 7 * 4
PAGE = 34 * 7 * 4 * 8
HAND_WORKED += [
    ("macs-for-flops", rule(), 210),
    ("forward-pass-alone", step(), 50),
    ("forward-pass-alone", rule(), 140),
    ("backward-pass-alone", step(), 50 + 20),
    ("backward-as-forward", step(), 50 + 20),
    ("backward-as-forward", rule(recompute="full"), 3 * 140),
    ("gradient-of-the-data", step(), 3 * 50),
    ("recomputation-is-free", rule(recompute="full"), 3 * 140),
    ("everything-recomputed", rule(recompute="full"), 6 * 140),
    ("recomputation-not-asked-for", rule(), 4 * 140),
    ("gradients-of-frozen-weights", rule(frozen_maps=True), 3 * 140),
    ("share-of-parameters-taken", rule(frozen_maps=True, adapters=2, unit="percent"), 20),
    ("forward-for-all-three", trained(Cost.GIVEN_FLOPS, unit="percent", flops=6 * 10**11, teraflops=1,
     milliseconds=1000), 20),
    ("one-device-works", rule(**DAYS), Fraction(3 * 140 * 2, DAY)),
    ("full-peak-reached", rule(**DAYS), Fraction(3 * 140, 4 * DAY)),
    ("hours-for-days", rule(**DAYS), Fraction(24 * 3 * 140, 2 * DAY)),
    ("days-for-hours", rule(**{**DAYS, "unit": "hours"}), Fraction(3 * 140, 2 * DAY)),
    ("one-prefix-apart", rule(**DAYS), Fraction(1000 * 3 * 140, 2 * DAY)),
    ("nothing-shared-out", states(stage=1, devices=4), 160),
    ("states-alone-shared", states(stage=2, devices=4), 40 + 30),
    ("gradients-shared-too", states(stage=1, devices=4), 20 + 5 + 30),
    ("everything-shared-out", states(stage=1, devices=4), 40),
    ("master-copy-forgotten", states(), 120),
    ("gradients-forgotten", states(), 140),
    ("moments-forgotten", states(), 80),
    ("moments-alone", states(), 80),
    ("gradients-kept-twice", states(), 200),
    ("moments-in-32-bits", states(optimizer="adam-8bit"), 160),
    ("weights-alone", states(), 20),
    ("frozen-weights-forgotten", states(frozen=100), 160),
    ("frozen-weights-have-states", states(frozen=100), 160 + 1600),
    ("whole-model-trained", states(frozen=100), 1600),
    ("square-left-out", kept(), 3 * PAGE),
    ("input-of-a-block-alone", kept(), 3 * 2 * 7 * 4 * 8),
    ("everything-kept", kept(recompute="selective"), 3 * (PAGE + SQUARE)),
    ("scores-of-one-head", kept(), 3 * (PAGE + SQUARE // 2)),
    ("one-text-kept", kept(), 3 * (PAGE + SQUARE) // 4),
    ("scales-forgotten", packed(), 5),
    ("zero-points-forgotten", packed(), 5 + 4),
    ("constants-forgotten", packed(scale_bits=8, zero_bits=0, scale_group=2, constant_bits=32), 5 + 2),
    ("scales-not-quantised", packed(scale_bits=8, zero_bits=0, scale_group=2, constant_bits=32), 5 + 8),
    ("sixteen-bits-kept", packed(), 20),
]  # fmt: skip
