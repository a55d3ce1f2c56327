"""What is asked and answered in public about caches: the right number, and the name of the wrong one."""

from __future__ import annotations

from layercost.questions import templates
from tests.questions.published_answers import Asked, published

TOKEN, BATCH, EIGHT = "cache-of-one-token", "cache-of-a-batch", "cache-in-eight-bits"
ASKED = [
    # Bytes of one token in Llama 2 7B, as NVIDIA and vLLM give them.
    # A notebook: (L - 1) / 2, "about 500".
    Asked(
        "reads for each write",
        "cache-read-for-each-byte-written",
        {"tokens": 1000},
        "499.5",
        {
            "500": "first-step-reads",
            "500.5": "own-token-read",
            "999": "last-step-for-all",
            "1": "cache-read-once",
        },
    ),
    Asked(
        "Llama 2 7B",
        TOKEN,
        {"blocks": 32, "heads": 32, "kv_heads": 32, "size": 128},
        "524288",
        {"262144": "keys-or-values-alone", "16384": "one-layer-cached", "4194304": "bits-for-bytes"},
    ),
    # Llama 2 70B, of which a story takes the width: eight times as much, as bits for bytes are.
    Asked(
        "Llama 2 70B",
        TOKEN,
        {"blocks": 80, "heads": 64, "kv_heads": 8, "size": 128},
        "327680",
        {"655360": "four-bytes-a-value", "40960": "one-head-of-keys"},
    ),
    # 32 texts of 8,192 tokens in Llama 3 8B, in GiB.
    Asked(
        "Llama 3 8B, a batch",
        BATCH,
        {"blocks": 32, "heads": 32, "kv_heads": 8, "size": 128, "sequences": 32, "tokens": 8192},
        "32",
        {
            "128": "grouped-heads-ignored",
            "1": "one-sample-cached",
            "16": "keys-or-values-alone",
            "34.360": "thousand-for-1024",
        },
    ),
    # How to scale your model, question 1: int8, every head with keys and values of its own.
    Asked(
        "64 layers in int8",
        EIGHT,
        {"blocks": 64, "heads": 32, "kv_heads": 32, "size": 128, "sequences": 1, "tokens": 1},
        "524288",
        {"1048576": "two-bytes-a-value", "262144": "keys-or-values-alone"},
    ),
    # DeepSeek-V3 keeps 512 + 64 values a layer; a parser of model files expands them.
    Asked(
        "DeepSeek-V3",
        "cache-of-latents",
        {"blocks": 61, "heads": 128, "latent": 512, "rotary": 64, "plain": 128},
        "70272",
        {"4997120": "expanded-heads-cached", "62464": "shared-key-forgotten", "140544": "latents-kept-twice"},
    ),
    # Gemma 3 27B at 131,072 tokens.
    Asked(
        "Gemma 3 27B",
        "cache-with-windows",
        {
            "full": 10,
            "windowed": 52,
            "window": 1024,
            "heads": 32,
            "kv_heads": 16,
            "size": 128,
            "tokens": 131_072,
        },
        "11173625856",
        {
            "66571993088": "window-ignored",
            "520093696": "windows-everywhere",
            "10737418240": "windowed-layers-left-out",
            "436207616": "full-layers-left-out",
        },
    ),
    # One attention of DeepSeek-V3: keys and values of all 1,024 tokens are made from the latents again.
    Asked(
        "DeepSeek-V3, a step",
        "decode-step-of-latents",
        {"heads": 128, "latent": 512, "rotary": 64, "plain": 128, "read": 1023},
        str(1024 * 512 * 32_768),
        {str(512 * 32_768): "new-latents-alone", str(1024 * 512 * 16_384): "values-not-made"},
    ),
    # Llama 3 8B on 80 GB: 63.9 GB beside the weights, and 1.07 GB for each text of 8,192 tokens.
    Asked(
        "who fits into 80 GB",
        "texts-beside-the-weights",
        {
            "gigabytes": 80,
            "parameters": 8_030_261_248,
            "blocks": 32,
            "heads": 32,
            "kv_heads": 8,
            "size": 128,
            "tokens": 8192,
        },
        "59",
        {
            "74": "weights-not-in-memory",
            "119": "keys-or-values-alone",
            "14": "grouped-heads-ignored",
            "60": "rounded-up-what-fits",
        },
    ),
    # Kwon et al. 2023: blocks of 16 tokens; 1,000 tokens take 63 of them.
    Asked(
        "blocks of 16",
        "blocks-of-a-paged-cache",
        {"texts": 100, "tokens": 1000, "block": 16},
        "6300",
        {
            "6250": "blocks-shared-by-texts",
            "6200": "part-of-a-block-forgotten",
            "63": "blocks-of-one-text",
        },
    ),
    # Llama 3 8B for one user on 24 GB: 7.94 GB beside the weights, 131,072 bytes for each token.
    Asked(
        "a context on 24 GB",
        "context-beside-the-weights",
        {
            "gigabytes": 24,
            "parameters": 8_030_261_248,
            "blocks": 32,
            "heads": 32,
            "kv_heads": 8,
            "size": 128,
            "texts": 1,
        },
        str(7_939_477_504 // 131_072),
        {
            "183105": "weights-not-in-memory",
            "15143": "grouped-heads-ignored",
            "121146": "keys-or-values-alone",
            "60574": "rounded-up-what-fits",
            "60600": "rounded",
        },
    ),
]


@published(ASKED)
def test_a_published_answer_is_right_or_has_a_name(asked: Asked) -> None:
    assert asked.found == asked.expected


def test_a_figure_of_a_calculator_is_read_as_what_it_took() -> None:
    """Twice the width in each of 80 layers, two bytes each: 2.6 MB a token, as a story has it."""
    numbers = {"width": 8192, "heads": 64, "kv_heads": 8, "blocks": 80}
    audit = templates()["audit-cache-of-one-token"]
    told = {
        posed.answers()["reading"]: posed.told()
        for pick in range(60)
        for posed in [audit.posed({"question": audit.id, "numbers": numbers, "pick": pick})]
    }
    assert "2,621,440 bytes" in told["width"]
    assert "327,680 bytes" in told["grouped"]
