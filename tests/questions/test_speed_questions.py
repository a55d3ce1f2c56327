"""What is asked and answered in public about speed: the right number, and the name of the wrong one."""

from __future__ import annotations

from typing import Any

import pytest

from layercost.analysis.figures import BELIEFS, FIGURES
from layercost.misconception import MISCONCEPTIONS
from layercost.questions import QuestionError, read_question, templates
from tests.questions.published_answers import Asked, published
from tests.questions.test_kinds_examples import EXAMPLES

RATE, STEP, CACHE = "decode-tokens-a-second", "decode-step-on-several-devices", "intensity-of-the-cache"
LLAMA_2_7B = 6_738_415_616 - 32_000 * 4096  # without the table that is looked up in
LLAMA_3_70B = 70_553_706_496 - 128_256 * 8192
ASKED = [
    # Tokens a second of Llama 2 7B at 2.039 TB/s, one text that has hardly begun.
    Asked(
        "Llama 2 7B on an A100",
        RATE,
        {"matrices": LLAMA_2_7B, "peak": 312, "bandwidth": 2039},
        "154.3",
        {"23610.1": "computing-alone", "308.6": "one-byte-a-value", "19.3": "bits-for-bytes"},
    ),
    # A decode step of Llama 3 70B on eight devices of 3.35 TB/s.
    Asked(
        "Llama 3 70B on eight H100",
        STEP,
        {"matrices": LLAMA_3_70B, "devices": 8, "peak": 989, "bandwidth": 3350},
        "5.187",
        {"41.495": "one-device", "0.018": "computing-alone"},
    ),
    # How to scale your model, Transformers, question 4: 64 heads of queries on 8 of keys and values.
    Asked(
        "64 heads on 8",
        CACHE,
        {"heads": 64, "kv_heads": 8, "texts": 5},
        "8",
        {
            "1": "grouped-heads-ignored",
            "64": "one-head-of-keys",
            "4": "macs-for-flops",
            "40": "batch-raises-the-cache",
        },
    ),
    # From which batch is a product in bfloat16 bound by computing on an H100? Data sheets say twice the rate.
    Asked(
        "an H100 in bfloat16",
        "tokens-until-computing-is-the-limit-in-bfloat16",
        {"peak": 989, "bandwidth": 3350},
        "295.2",
        {"590.4": "one-flop-a-weight"},
    ),
    Asked(
        "the ridge of an H100",
        "ridge-of-a-device",
        {"peak": 989, "bandwidth": 3350},
        "295.2",
        {"590.4": "sparse-rate-for-dense", "147.6": "macs-for-flops", "295223.9": "wrong-power-of-ten"},
    ),
    # kipply: 208 tokens with the bandwidth rounded to 1.5 TB/s.
    Asked(
        "an A100, rounded",
        "tokens-until-computing-is-the-limit-in-bfloat16",
        {"peak": 312, "bandwidth": 1500},
        "208",
        {},
    ),
    # One token, a map of any size: one FLOP a byte, not two.
    Asked(
        "a step is one FLOP a byte",
        "intensity-of-a-map",
        {"tokens": 1, "inputs": 8192, "outputs": 8192},
        "1.00",
        {"2": "one-byte-a-value", "0.5": "macs-for-flops"},
    ),
    # An interviewer: 0.7 · 2 + 0.3 · 1 = 1.7, "about 1.4".
    Asked(
        "70 % of the time twice as fast",
        "speed-up-of-a-part",
        {"percent": 70, "times": 2},
        "1.54",
        {
            "1.7": "speeds-averaged",
            "1.4": "rest-takes-no-time",
            "2": "all-of-it-faster",
            "0.65": "time-for-speed",
        },
    ),
    # A Cortex-M4: one FLOP a cycle, 32 bits a cycle.
    Asked(
        "a controller of 168 MHz",
        "ridge-of-a-controller",
        {"megahertz": 168, "flops": 1, "bits": 32},
        "0.250",
        {"0.031": "bits-for-bytes", "4": "ridge-upside-down", "42000000": "clock-counted-once"},
    ),
    # Llama 2 70B on eight devices, one token: 160 sums of 16,384 bytes, 7/4 of them sent by each device.
    Asked(
        "all-reduces of 70B",
        "bytes-sent-between-devices",
        {"blocks": 80, "width": 8192, "devices": 8, "tokens": 1},
        "4.59",
        {"2.29": "one-sum-a-block", "5.24": "own-part-sent-too", "18.35": "sent-to-each-of-the-others"},
    ),
    # 16 dollars an hour for 32 · 50 tokens a second.
    Asked(
        "a million tokens",
        "price-of-a-million-tokens",
        {"cents": 200, "devices": 8, "texts": 32, "rate": 50},
        "2.778",
        {"0.347": "one-device-paid", "88.889": "one-texts-rate", "10000": "hour-for-a-second"},
    ),
    # 7 billion weights on an A100: 89.7 ms, and 199 steps of 6.87 ms.
    Asked(
        "an answer of 200 tokens",
        "time-of-an-answer",
        {"matrices": 7 * 10**9, "prompt": 2000, "answer": 200, "peak": 312, "bandwidth": 2039},
        "1456.1",
        {
            "1463.0": "first-token-twice",
            "1366.4": "prompt-takes-no-time",
            "15098.6": "prompt-token-by-token",
            "98.7": "answer-in-one-pass",
        },
    ),
    # Leviathan et al. 2022, equation 1: (1 - 0.8⁶) / (1 - 0.8).
    Asked(
        "five guesses",
        "tokens-of-a-checked-guess",
        {"guesses": 5, "percent": 80},
        "3.689",
        {
            "2.689": "own-token-of-the-pass-forgotten",
            "5": "guesses-apart",
            "6": "all-guesses-accepted",
        },
    ),
    # 32 squares of 8,192 by 8,192.
    Asked(
        "scores of 8,192 tokens",
        "memory-of-the-scores",
        {"texts": 1, "heads": 32, "tokens": 8192},
        "4.295",
        {
            "0.134": "scores-of-one-head",
            "2.148": "hidden-pairs-left-out",
            "8.590": "four-bytes-a-value",
        },
    ),
    # Llama 3 8B without its input table, 8,192 tokens: 15.0 and 4.3 · 10⁹.
    Asked(
        "a token of Llama 3 8B",
        "flops-of-a-written-token",
        {
            "matrices": 8_030_261_248 - 128_256 * 4096,
            "blocks": 32,
            "heads": 32,
            "kv_heads": 8,
            "size": 128,
            "seen": 8192,
        },
        "19.305",
        {
            "9.652": "macs-for-flops",
            "15.010": "pairs-forgotten",
            "16.084": "shared-heads-multiply-less",
            "17.157": "one-product-of-attention",
            "49.325": "gradients-not-asked-for",
        },
    ),
    # 2 · 7 · 2.048 · 10¹².
    Asked(
        "7B reads 2,048 tokens",
        "flops-of-a-prefill",
        {"parameters": 7 * 10**9, "texts": 1, "tokens": 2048},
        "28.672",
        {"86.016": "gradients-not-asked-for", "14.336": "macs-for-flops", "0.014": "one-token-of-each-text"},
    ),
    # The same at the peak of an H100.
    Asked(
        "its time",
        "prefill-milliseconds",
        {"matrices": 7 * 10**9, "texts": 1, "tokens": 2048, "peak": 989, "bandwidth": 3350},
        "28.99",
        {"86.97": "gradients-not-asked-for", "14.50": "macs-for-flops", "4.18": "reading-alone"},
    ),
]


@published(ASKED)
def test_a_published_answer_is_right_or_has_a_name(asked: Asked) -> None:
    assert asked.found == asked.expected


def test_every_figure_is_asked_for_and_every_belief_is_met() -> None:
    """A belief that no question meets would be dead."""
    asked = [one for one in templates().values() if one.kind == "figure"]
    assert {one.figure for one in asked} == set(FIGURES)  # type: ignore[attr-defined]
    met = {wrong.diagnosis.id for one in asked for seed in range(5) for wrong in one.draw(seed).wrong()}
    assert met == {belief.id for belief in BELIEFS}


@pytest.mark.parametrize("belief", BELIEFS, ids=[f"{place} {one.id}" for place, one in enumerate(BELIEFS)])
def test_a_sentence_is_one_kind_sentence(belief: Any) -> None:
    """It speaks to the student, blames nobody, and says what is so instead; ids say one thing everywhere."""
    said = str(belief.message)
    assert said[0].isupper()
    assert said.endswith(".")
    assert ". " not in said
    assert ":" in said
    assert len(said) < 160
    if belief.id in MISCONCEPTIONS:
        assert said == str(MISCONCEPTIONS[belief.id].message)


def test_the_limit_that_does_not_hold_is_no_answer() -> None:
    """A step is bound by memory and a prefill by computing, in each draw."""
    for name, belief in ((RATE, "computing-alone"), ("prefill-milliseconds", "reading-alone")):
        for seed in range(10):
            wrong = {one.diagnosis.id for one in templates()[name].draw(seed).wrong()}
            assert belief in wrong


@pytest.mark.parametrize(
    ("typed", "says"),
    [("-1", "more than nothing"), ("0", "more than nothing"), ("1e15", "too large"), ("0.7", "too small")],
)
def test_what_no_belief_gives_is_told_by_its_size(typed: str, says: str) -> None:
    posed = templates()[RATE].draw(1)
    found = posed.diagnose(typed)
    assert found.id == "unknown"
    assert says in str(found.message)


FIVE_DEVICES = {"matrices": 40_500_000_000, "devices": 5, "peak": 1307, "bandwidth": 5300}
FOUR_MODELS = {"parameters": 1_235_814_400}
TEXTS = {
    "gigabytes": 80, "parameters": 13_015_864_320, "blocks": 32, "heads": 32, "kv_heads": 8, "size": 96,
    "tokens": 8000,
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "numbers", "typed", "verdict"),
    [
        pytest.param(STEP, FIVE_DEVICES, "3", "rounded", id="3.057, or 3.069 with both times added"),
        pytest.param(STEP, FIVE_DEVICES, "3.09", "right-magnitude", id="as near to the right one"),
        pytest.param("memory-of-four-models", FOUR_MODELS, "40", "right-magnitude", id="44.5, or 39.5"),
        pytest.param("memory-of-four-models", FOUR_MODELS, "39.7", "frozen-weights-forgotten", id="39.5"),
        pytest.param("texts-beside-the-weights", TEXTS, "70", "right-magnitude", id="68, or 69 rounded up"),
        pytest.param("texts-beside-the-weights", TEXTS, "138", "keys-or-values-alone", id="137"),
    ],
)
def test_what_stands_for_the_right_number_too_is_nobodys(
    name: str, numbers: dict[str, int], typed: str, verdict: str
) -> None:
    """Who gives the right number's first digit has held no belief."""
    posed = templates()[name].posed({"numbers": numbers, "pick": 0})
    assert posed.diagnose(typed).id == verdict


def test_a_solution_shows_what_a_time_comes_from() -> None:
    """81 GFLOPs over 5 · 1,307 TFLOP/s, 81 GB over 5 · 5,300 GB/s."""
    said = " ".join(
        str(line.words) for line in templates()[STEP].posed({"numbers": FIVE_DEVICES, "pick": 0}).solution()
    )
    assert "Computing takes 81,000,000,000 / 6,535,000,000,000,000 s = 0.01239 ms" in said
    assert "Reading takes 81,000,000,000 / 26,500,000,000,000 s = 3.057 ms" in said


@pytest.mark.parametrize("name", [one.id for one in templates().values() if one.kind == "figure"])
def test_the_last_line_of_a_solution_is_right(name: str) -> None:
    """What stands there can be typed: it is as exact as it is asked for."""
    for seed in range(5):
        posed = templates()[name].draw(seed)
        *_, last = posed.solution()
        if last.formula is None:
            ends = str(last.words).replace(",", "").split()
            verdicts = [posed.diagnose(one.rstrip(".")).id for one in ends]
            assert "right" in verdicts, (last.words, posed.answers())
        else:
            assert posed.diagnose(str(int(last.formula))).id == "right"


@pytest.mark.parametrize(
    ("name", "unit", "others"),
    [
        ("share-of-the-table", "%", ["GB"]),
        ("share-of-the-table", "percent", []),
        ("prefill-milliseconds", "ms", ["%", "days"]),
        (RATE, "tokens a second", ["ms"]),
        (RATE, "tokens/s", ["tokens/", "tokens"]),
        (RATE, "tokens per second", []),
        ("ridge-of-a-device", "FLOPs a byte", ["FLOPs"]),
        ("ridge-of-a-device", "FLOP/byte", ["FLOP/s"]),
        ("scale-of-the-scores", "", ["%"]),
        ("memory-of-the-scores", "GB", ["%"]),
        ("texts-beside-the-weights", "texts", ["tokens"]),
        ("price-of-a-million-tokens", "dollars", ["GB"]),
    ],
)
def test_the_unit_that_is_asked_for_may_stand_behind_a_figure(
    name: str, unit: str, others: list[str]
) -> None:
    """And no other one; the field says which."""
    posed = templates()[name].draw(1)
    right = posed.answers()["answer"]
    assert posed.diagnose(f"{right} {unit}").id == "right"
    assert [posed.diagnose(f"{right} {other}").id for other in others] == ["malformed"] * len(others)
    assert (posed.fields[0].unit or "Give it to 4 decimals") in posed.told()


def test_a_part_of_one_is_told_to_be_wanted_in_percent() -> None:
    numbers = {"rows": 256_000, "width": 2048, "parameters": 2_506_172_416}
    posed = templates()["share-of-the-table"].posed({"numbers": numbers, "pick": 0})
    for typed, says in (
        ("0.2092", "asked for in percent"),
        ("0.21", "in percent"),
        ("2092", "100 times too large"),
    ):
        found = posed.diagnose(typed)
        assert found.id == "wrong-power-of-ten"
        assert says in str(found.message)


@pytest.mark.parametrize(
    ("typed", "verdict"),
    [
        ("15.099 GB", "right"),
        ("14.062 GiB", "right"),
        ("15099494400 bytes", "right"),
        ("15099.5 MB", "right"),
        ("15.099 GiB", "wrong-unit"),
        ("14.062", "1024-for-thousand"),
        ("14.062 GB", "1024-for-thousand"),
        ("13 GiB", "malformed"),
    ],
)
def test_bytes_of_another_size_are_converted(typed: str, verdict: str) -> None:
    """As in questions about layers: 15.099 GB are 14.062 GiB."""
    numbers = {"texts": 6, "heads": 12, "tokens": 10_240}
    posed = templates()["memory-of-the-scores"].posed({"numbers": numbers, "pick": 0})
    assert posed.diagnose(typed).id == verdict


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"figure": "rigde"}, "no figure is called 'rigde'; did you mean 'ridge'"),
        ({"given": 3}, "`given` is a table of numbers and drawn names"),
        ({"given": {"peak": "peak"}}, "takes `bandwidth`, which is not in `given`"),
        ({"given": {"peak": "peak", "bandwidth": "wide"}}, "'wide'.* It is given for `bandwidth`"),
        ({"given": {"peak": "peak", "bandwidth": True}}, "a whole number or a drawn name for 'bandwidth'"),
        ({"given": {"peak": "peak", "bandwidth": 5, "devices": 2}}, "no number of the figure is called"),
        ({"decimals": -1}, "`decimals` is a whole number from 0 to 9"),
        (
            {"figure": "tokens-of-an-image", "given": {"side": 224, "patch": "peak"}, "decimals": 1},
            "this figure is a whole number: `decimals` is 0, but got 1",
        ),
        ({"without": ["sparse"]}, "no misconception is called 'sparse'"),
    ],
)  # fmt: skip
def test_a_badly_written_figure_is_refused_with_words_that_help(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(QuestionError, match=says):
        read_question({**EXAMPLES["figure"], **changes})
