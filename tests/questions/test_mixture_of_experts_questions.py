"""What is asked and answered in public about models with experts: the right number, and the wrong's name."""

from __future__ import annotations

from layercost.convention import TWO_A_WEIGHT, convention_named
from layercost.questions import read_question, templates
from tests.questions.published_answers import Asked, published

MIXTRAL = {
    "width": 4096, "inner": 14336, "layers": 32, "heads": 32, "kv_heads": 8, "experts": 8, "chosen": 2,
    "words": 32000,
}  # fmt: skip
OSS = {
    "width": 2880,
    "inner": 2880,
    "layers": 24,
    "experts": 32,
    "chosen": 4,
    "words": 201_088,
    "tokens": 64,
}
ASKED = [
    # Mixtral 8x7B: its name, eight models of the same sizes, and no router.
    Asked(
        "Mixtral 8x7B",
        "mixture-model-parameters",
        {**MIXTRAL, "tokens": 64},
        "46702792704",
        {
            "56000000000": "name-multiplied",
            "57933856768": "whole-model-repeated",
            "46701744128": "router-forgotten",
            "12879925248": "chosen-experts-held",
        },
    ),
    # Its 12.9 billion, and the two other meanings.
    Asked(
        "Mixtral 8x7B, active",
        "mixture-model-active",
        {name: size for name, size in {**MIXTRAL, "tokens": 64}.items() if "heads" not in name},
        "12879925248",
        {
            "12748853248": "input-table-not-counted",
            "12617781248": "head-not-counted",
            "46702792704": "all-experts-active",
            "14483464192": "whole-models-active",
        },
    ),
    # gpt-oss-20b by its card: the head counts, the table of the input does not.
    Asked(
        "gpt-oss-20b, active",
        "experts-active-without-the-table",
        OSS,
        "3608307264",
        {
            "4187440704": "input-table-counted",
            "3029173824": "head-not-counted",
            "2614344648": "total-divided",
        },
    ),
    # One token of Mixtral 8x7B through all matrices.
    Asked(
        "Mixtral 8x7B, a token",
        "mixture-token-flops",
        {**MIXTRAL, "tokens": 1},
        "25497174016",
        {
            "93405585408": "two-for-each-parameter",
            "25759850496": "two-for-each-active-parameter",
            "25495076864": "router-forgotten",
        },
    ),
    # Whether experts enlarge the cache: 32 layers of 8 heads of 128, two bytes. (With 8 experts and 2 of
    # them chosen the wrong numbers would be those of bits and of float32.)
    Asked(
        "64 experts, the cache",
        "cache-of-a-mixture",
        {
            "width": 4096,
            "inner": 1408,
            "layers": 32,
            "heads": 32,
            "kv_heads": 8,
            "size": 128,
            "experts": 64,
            "chosen": 6,
        },
        "131072",
        {"786432": "cache-for-each-chosen-expert", "8388608": "cache-for-each-expert"},
    ),
    # GShard: two experts for each token, and room for a quarter more than an even spread.
    Asked(
        "64 experts",
        "capacity-of-an-expert",
        {"tokens": 4096, "experts": 64, "chosen": 2, "percent": 125},
        "160",
        {"80": "one-place-for-each-token", "128": "no-room-to-spare", "10240": "room-for-all-tokens"},
    ),
    # Mixtral 8x7B on two H100: 12.75 of 46.57 billion weights are read for a token.
    Asked(
        "Mixtral's rate",
        "rate-of-a-mixture",
        {"matrices": 12_748_853_248, "held": 46_571_720_704, "peak": 1980, "bandwidth": 6700},
        "262.8",
        {"71.9": "all-experts-read", "525.5": "one-byte-a-value", "131.4": "four-bytes-a-value"},
    ),
]


@published(ASKED)
def test_a_published_answer_is_right_or_has_a_name(asked: Asked) -> None:
    assert asked.found == asked.expected


def test_what_a_token_costs_is_asked_by_a_shortcut_that_says_what_it_leaves_out() -> None:
    """It is found by its name, though no page lists it among the conventions."""
    assert convention_named("two-a-weight") is TWO_A_WEIGHT
    posed = templates()["mixture-token-flops"].draw("seed")
    assert "none of the products of two values" in posed.told()


def test_active_parameters_of_layers_that_are_set_up_again_are_those_of_each() -> None:
    """Each of the three routes tokens to two of its own six experts."""
    data = {
        "id": "x", "level": 1, "skills": ["parameters"], "wording": {"en": "How many?"},
        "layers": {"one": "MixtureOfExperts(width, 6, 4, 2)"}, "repeat": {"one": 3},
        "input": [4, "width"], "draw": {"width": [8]}, "ask": [{"quantity": "active_parameters"}],
    }  # fmt: skip
    once = {key: value for key, value in data.items() if key != "repeat"}
    three, one = (read_question(each).variant({"width": 8}).answer for each in (data, once))
    assert three == 3 * one
