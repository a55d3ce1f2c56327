"""What is asked and answered in public about blocks: the right number, and the name of the wrong one."""

from __future__ import annotations

from tests.questions.published_answers import Asked, published

WIDE = {"width": 4096, "heads": 32, "kv_heads": 32}
LLAMA_2 = {**WIDE, "inner": 11_008, "blocks": 32, "words": 32_000, "tokens": 64}
LLAMA_3 = {**LLAMA_2, "kv_heads": 8, "inner": 14_336, "words": 128_256}
ASKED = [
    # Asked in many interviews: 4 d² + 8 d², no biases, no norms.
    Asked(
        "12 d²",
        "block-of-matrices",
        {"width": 4096, "heads": 32, "inner": 16_384},
        12 * 4096**2,
        {
            4 * 4096**2: "feed-forward-left-out",
            8 * 4096**2: "attention-left-out",
            5 * 4096**2: "feed-forward-one-square",
            11 * 4096**2: "output-map-forgotten",
        },
    ),
    # One block of GPT-2 small: 12 d² + 13 d.
    Asked(
        "a block of GPT-2",
        "gpt2-block-parameters",
        {"width": 768, "heads": 12, "inner": 3072, "tokens": 64},
        7_087_872,
        {7_077_888: "matrices-alone", 7_084_800: "norms-left-out", 7_086_336: "norm-shifts-forgotten"},
    ),
    # Llama 2 7B: one table, two matrices for three, 12 d² for a gated model, its name.
    Asked(
        "Llama 2 7B",
        "llama-parameters",
        LLAMA_2,
        6_738_415_616,
        {
            6_607_343_616: "token-table-left-out",
            5_295_575_040: "gate-forgotten",
            6_442_450_944: "twelve-squares",
            7_000_000_000: "rounded",
        },
    ),
    # Llama 3 8B: as wide keys as queries, one table, no table.
    Asked(
        "Llama 3 8B",
        "llama-parameters",
        LLAMA_3,
        8_030_261_248,
        {
            8_835_567_616: "grouped-heads-ignored",
            7_504_924_672: "token-table-left-out",
            6_979_588_096: "vocabulary-left-out",
        },
    ),
    # How to Scale Your Model, question 1, with two norms a block: 16 B where there are 17.4, for its widths
    # are rounded; without output maps it would be 16.4, and more cannot be told.
    Asked(
        "64 layers",
        "llama-parameters",
        {**LLAMA_2, "inner": 16_384, "blocks": 64},
        64 * 16 * 4096**2 + 2 * 32_000 * 4096 + 129 * 4096,
        {16_000_000_000: "output-map-forgotten"},
    ),
    # A notebook's code takes three matrices four times as wide where it derived 12 d².
    Asked(
        "16 d²",
        "gated-block-parameters",
        {**WIDE, "inner": 11_008, "tokens": 64},
        202_383_360,
        {16 * 4096**2 + 2 * 4096: "four-times-the-width", 12 * 4096**2: "twelve-squares"},
    ),
    # GPT-J: one norm for both halves.
    Asked(
        "GPT-J",
        "parallel-block-parameters",
        {"width": 4096, "heads": 16, "inner": 16_384, "tokens": 64},
        201_355_264,
        {201_355_264 + 2 * 4096: "norm-for-each-half"},
    ),
    # T = 6 d; 2 d is that of the attention's own maps.
    Asked(
        "6 d",
        "block-even-length",
        {"width": 4096, "heads": 32, "inner": 16_384, "tokens": 100},
        24_576,
        {8192: "feed-forward-left-out", 49_152: "one-attention-product"},
    ),
    # T = 8 d, as How to Scale Your Model has it for a gated block with F = 4 D.
    Asked(
        "8 d",
        "gated-block-even-length",
        {**WIDE, "inner": 16_384, "tokens": 100},
        32_768,
        {8192: "feed-forward-left-out", 65_536: "one-attention-product"},
    ),
    Asked(
        "Llama 3 8B, even",
        "gated-block-even-length",
        {**WIDE, "kv_heads": 8, "inner": 14_336, "tokens": 100},
        26_624,
        {29_696: "grouped-heads-ignored", 19_456: "gate-forgotten", 5120: "feed-forward-left-out"},
    ),
]


@published(ASKED)
def test_a_published_answer_is_right_or_has_a_name(asked: Asked) -> None:
    assert asked.found == asked.expected
