"""What is asked and answered in public about attention: the right number, and the name of the wrong one."""

from __future__ import annotations

from tests.questions.published_answers import Asked, published

LLAMA = {"width": 4096, "heads": 32, "kv_heads": 8}
ASKED = [
    # Llama 3 8B, one layer: 2 · 4,096² + 2 · 4,096 · 1,024; most answers take the width for all four maps.
    Asked(
        "Llama 3 8B, a layer",
        "grouped-attention-parameters",
        LLAMA,
        41_943_040,
        {
            4 * 4096**2: "grouped-heads-ignored",
            2 * 4096**2 + 2 * 4096 * 128: "one-head-of-keys",
            4096**2 + 2 * 4096 * 1024: "output-map-forgotten",
        },
    ),
    # The same, on 1,024 tokens: every head of queries does its own products.
    Asked(
        "Llama 3 8B, the products",
        "grouped-attention-product-macs",
        {**LLAMA, "size": 128, "tokens": 1024},
        2 * 4096 * 1024**2,
        {
            2 * 1024 * 1024**2: "sharing-lowers-products",
            4096 * 1024**2: "one-attention-product",
            2 * 128 * 1024**2: "one-head",
        },
    ),
    # What it keeps: 2 · 8 · 128 values a token, and not two rows of the model's width.
    Asked(
        "Llama 3 8B, what is kept",
        "attention-kept-values",
        {**LLAMA, "tokens": 1024},
        2 * 1024 * 1024,
        {2 * 4096 * 1024: "grouped-heads-ignored", 1024 * 1024: "keys-or-values-alone"},
    ),
    # 2,048 tokens at width 4,096, both products, full square; an answer had the scores alone.
    Asked(
        "width 4,096",
        "attention-product-macs",
        {"width": 4096, "heads": 32, "tokens": 2048},
        2 * 2048**2 * 4096,
        {2048**2 * 4096: "one-attention-product", 2 * 2048**2 * 128: "one-head"},
    ),
    # One layer of GPT-2 small on 1,024 tokens: 12 · 1,024² exponentials.
    Asked(
        "GPT-2, exponentials",
        "attention-exponentials",
        {"heads": 12, "size": 64, "tokens": 1024},
        12 * 1024**2,
        {1024**2: "one-head", 12 * 1024**2 * 64: "exponential-for-each-product"},
    ),
    # Where the products cost as much as the maps: T = 2 d, and with one product counted 4 d.
    Asked(
        "2 d",
        "attention-even-length",
        {"width": 4096, "heads": 32, "tokens": 100},
        8192,
        {
            16_384: "one-attention-product",
            4096: "queries-and-keys-alone",
            24_576: "feed-forward-not-asked-for",
        },
    ),
    # With keys and values a quarter as wide: T = d (1 + 1/4).
    Asked(
        "1.25 d",
        "grouped-attention-even-length",
        {**LLAMA, "tokens": 100},
        5120,
        {8192: "grouped-heads-ignored"},
    ),
]


@published(ASKED)
def test_a_published_answer_is_right_or_has_a_name(asked: Asked) -> None:
    assert asked.found == asked.expected
