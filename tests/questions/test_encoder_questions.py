"""What is asked and answered in public about encoders: the right number, and the name of the wrong one."""

from __future__ import annotations

from typing import Any

from layercost.questions import templates
from tests.questions.published_answers import Asked, published

VIT = {"side": 224, "patch": 16, "width": 768, "heads": 12, "inner": 3072, "blocks": 12, "classes": 1000}
BERT = {"words": 30522, "places": 512, "width": 768, "inner": 3072, "blocks": 12, "tokens": 64}
ALBERT = {"width": 768, "inner": 3072, "blocks": 12, "tokens": 128}
ASKED = [
    # ViT-B/16: 86.6M by every way of counting; without the class token and its place 1,536 fewer.
    Asked(
        "ViT-B/16",
        "vit-parameters",
        VIT,
        "86567656",
        {
            str(86_567_656 - 2 * 768): "class-token-forgotten",
            str(86_567_656 - 197 * 768): "patch-positions-forgotten",
            str(86_567_656 - 11 * 7_087_872): "one-block-counted",
        },
    ),
    # The same on one picture, as PyTorch's documentation has it; 16.85 where the pairs are missing.
    Asked(
        "ViT-B/16, the work",
        "vit-macs",
        VIT,
        "17563828224",
        {
            "16848500736": "pairs-forgotten",
            "35127656448": "other-convention",
            "17471649792": "class-token-forgotten",
        },
    ),
    # Trained further at 384: (24² + 1) · 768.
    Asked(
        "ViT-B/16 at 384",
        "vit-places-at-another-size",
        {"side": 384, "patch": 16, "width": 768},
        "443136",
        {
            "442368": "class-token-forgotten",
            "151296": "places-of-another-size",
            "19200": "patches-of-one-row",
        },
    ),
    # DeiT-B distilled has 87,338,192.
    Asked(
        "DeiT-B",
        "deit-parameters",
        {"side": 224, "width": 768, "inner": 3072, "blocks": 12, "classes": 1000},
        "87338192",
        {str(87_338_192 - 2 * 768): "second-token-forgotten"},
        "total",
    ),
    # BERT base with its pooler; without it 108.9M, as ELECTRA base has.
    Asked(
        "BERT base",
        "bert-table-by-rows",
        BERT,
        "109482240",
        {
            "108891648": "pooler-forgotten",
            str(109_482_240 - 30_522 * 768): "token-table-left-out",
            str(109_482_240 - 1536): "segments-forgotten",
        },
        "total",
    ),
    # ALBERT base: one layer of 7,087,872 is held, and 12 run.
    Asked(
        "ALBERT base, held",
        "albert-shared-layers",
        ALBERT,
        "7087872",
        {"85054464": "shared-layers-multiplied"},
        "held",
    ),
    Asked(
        "ALBERT base, at work",
        "albert-shared-layers",
        ALBERT,
        str(12 * (12 * 768**2 * 128 + 2 * 768 * 128**2)),
        {str(12 * 768**2 * 128 + 2 * 768 * 128**2): "shared-layers-work-once"},
        "work",
    ),
    # Its table: 30,000 · 128 and a map to 768.
    Asked(
        "ALBERT base, its table",
        "factorised-embedding-parameters",
        {"words": 30000, "narrow": 128, "width": 768, "tokens": 64},
        "3939072",
        {"23040000": "table-as-wide-as-the-model", "3938304": "forgot-bias"},
    ),
    # T5 small: 32 buckets, 8 heads, a table in the first layer of each stack.
    Asked(
        "T5 small",
        "relative-tables-of-an-encoder-decoder",
        {"heads": 8, "buckets": 32, "width": 512, "tokens": 64},
        "512",
        {"3072": "table-in-each-layer", "256": "one-table-of-distances", "32768": "vector-for-each-bucket"},
    ),
    # T5 small decodes a token against 128 places: nothing is made of them again.
    Asked(
        "T5 small, a step",
        "cross-attention-keys-in-a-step",
        {"width": 512, "places": 128, "before": 5},
        "0",
        {str(2 * 128 * 512**2): "cross-keys-at-each-step", str(2 * 512**2): "cross-keys-of-new-tokens"},
    ),
    # ViT-B/16 reads 14 · 14 patches and its class token; CLIP's ViT-L/14 at 336 pixels reads 577.
    Asked(
        "ViT-B/16's tokens",
        "tokens-of-a-picture",
        {"side": 224, "patch": 16},
        "197",
        {"196": "class-token-forgotten", "15": "patches-of-one-row", "589": "channels-as-patches"},
    ),
    Asked("ViT-L/14 at 336", "tokens-of-a-picture", {"side": 336, "patch": 14}, "577"),
    # T5 small: 60,506,624 parameters, one table for both stacks and the head.
    Asked(
        "T5 small, all of it",
        "encoder-decoder-parameters",
        {"words": 32_128, "width": 512, "heads": 8, "inner": 2048, "blocks": 6, "tokens": 8},
        "60506624",
        {
            str(60_506_624 + 32_128 * 512): "tied-head-counted-twice",
            str(60_506_624 - 6 * 4 * 512**2): "cross-attention-forgotten",
        },
    ),
]


@published(ASKED)
def test_a_published_answer_is_right_or_has_a_name(asked: Asked) -> None:
    assert asked.found == asked.expected


def read_as(audit: str, numbers: dict[str, Any]) -> dict[str, str]:
    """What an audit tells with these numbers, by the reading that is right."""
    template = templates()[audit]
    posed = [template.posed({"question": audit, "numbers": numbers, "pick": pick}) for pick in range(60)]
    return {one.answers()["reading"]: one.told() for one in posed}


def test_the_figures_of_vit_are_read_as_what_they_took() -> None:
    """17.56 and 16.85 thousand million, and two for each MAC."""
    numbers = {"width": 768, "inner": 3072, "blocks": 12, "side": 224}
    told = read_as("audit-vit-macs", numbers)
    for reading, figure in (
        ("macs", "17,563,828,224"),
        ("fused", "16,848,500,736"),
        ("flops", "35,127,656,448"),
    ):
        assert figure in told[reading]


def test_somebody_who_counted_bert_twice_is_told_so() -> None:
    """A forum: 220M for BERT base, which has 109.5M."""
    numbers = {"words": 30522, "width": 768, "inner": 3072, "blocks": 12, "tokens": 64}
    told = read_as("audit-bert-parameters", numbers)
    assert "218,964,480" in told["twice"]
    assert "109,482,240" in told["once"]
