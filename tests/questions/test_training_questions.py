"""What is asked and answered in public about training: the right number, and the name of the wrong one."""

from __future__ import annotations

import pytest

import layercost as lc
from layercost.analysis.states import states
from layercost.expression import TEXT, equation
from layercost.misconception import Cost, Task, Training
from layercost.questions import QuestionError, templates
from layercost.questions.kinds.compute import read
from layercost.questions.task import number
from layercost.shape import shape_of
from tests.questions.published_answers import Asked, published

SEVEN = {"parameters": 6_738_415_616}
A100, TRILLION = {"teraflops": 312}, 1000
ASKED = [
    # Llama 2 7B on two trillion tokens, by Kaplan's rule.
    Asked(
        "Llama 2 7B",
        "training-by-six-n-d",
        {**SEVEN, "billions": 2 * TRILLION},
        "80860987392000000000000",
        {
            "2.6953662464e22": "forward-pass-alone",
            "5.3907324928e22": "backward-pass-alone",
            "4.0430493696e22": "macs-for-flops",
            "1.07814649856e23": "recomputation-not-asked-for",
        },
    ),
    # GPT-3's table D.1: 3.14e23 FLOPs, 3.64e3 petaflop/s-days.
    Asked(
        "GPT-3",
        "training-in-petaflop-days",
        {"parameters": 174_600_000_000, "billions": 300},
        "3637.5",
        {"87300": "hours-for-days", "3637500": "one-prefix-apart"},
    ),
    # nanoGPT: GPT-2 small on 300 billion tokens, eight A100 at 30 %.
    Asked(
        "GPT-2 on eight A100",
        "training-days-on-devices",
        {"parameters": 124_439_808, "billions": 300, "devices": 8, "percent": 30, **A100},
        "3.46",
        {
            "27.70": "one-device-works",
            "27.7": "one-device-works",
            "1.04": "full-peak-reached",
            "3.5": "rounded",
        },
    ),
    # nanoGPT: 100 texts of 1,024 tokens in 0.755 s.
    Asked(
        "nanoGPT's MFU",
        "utilisation-of-a-device",
        {"flops": 874_944_921_600, "texts": 100, "milliseconds": 755, **A100},
        "37.14",
        {"18.57": "macs-for-flops", "12.38": "forward-for-all-three"},
    ),
    # An interviewer: 100 of 312 TFLOP/s.
    Asked(
        "a third of the peak",
        "utilisation-of-a-device",
        {"flops": 100 * 10**12, "texts": 1, "milliseconds": 1000, **A100},
        "32.05",
        {},
    ),
    Asked(
        "recomputation",
        "factor-of-recomputation",
        SEVEN,
        "1.333",
        {"2": "everything-recomputed", "1.5": "backward-as-forward", "1": "recomputation-is-free"},
    ),
    Asked(
        "LoRA's FLOPs",
        "step-beside-adapters",
        {**SEVEN, "adapters": 4_194_304},
        "66.7",
        {
            "0.06": "share-of-parameters-taken",
            "33.3": "forward-pass-alone",
            "100": "gradients-of-frozen-weights",
        },
    ),
    Asked(
        "weights of Llama 3 70B",
        "weights-in-sixteen-bits",
        {"parameters": 70_553_706_496},
        "141.1",
        {
            "70.6": "one-byte-a-value",
            "282.2": "four-bytes-a-value",
            "1128.9": "bits-for-bytes",
            "131.4": "1024-for-thousand",
        },
    ),
    # A key said 12 GB of a model with 7 billion parameters: those of Llama 2 take 12.55 GiB.
    Asked(
        "a 7B model in 16 bits",
        "weights-in-sixteen-bits",
        {"parameters": 6_738_415_616},
        "13.5",
        {"12": "1024-for-thousand", "12.55": "1024-for-thousand"},
    ),
    # A blog: 8 bytes a parameter with AdamW; a course: 10; flash cards: roughly 80 GB, for 84.
    Asked(
        "a 7B model",
        "memory-of-adam",
        {"parameters": 7 * 10**9},
        "112",
        {
            "56": "moments-alone",
            "84": "master-copy-forgotten",
            "14": "weights-alone",
            "70": "master-copy-forgotten+gradients-forgotten",
            "80": "master-copy-forgotten",
        },
    ),
    Asked("a 6.5B model", "memory-of-adam", {"parameters": 6_500_000_000}, "104", {"52": "moments-alone"}),
    Asked(
        "18 bytes",
        "memory-with-gradients-in-32-bits",
        {"parameters": 10**9},
        "18",
        {"20": "gradients-kept-twice"},
    ),
    # Rajbhandari et al. 2019, figure 1.
    Asked(
        "ZeRO's figure, stage 1",
        "memory-with-states-shared-out",
        {"parameters": 7_500_000_000, "devices": 64, "stage": 1},
        "31.4",
        {"1.9": "everything-shared-out", "16.6": "gradients-shared-too", "120": "nothing-shared-out"},
    ),
    Asked(
        "ZeRO's figure, stage 3",
        "memory-with-states-shared-out",
        {"parameters": 7_500_000_000, "devices": 64, "stage": 3},
        "1.9",
        {"120": "nothing-shared-out"},
    ),
    Asked(
        "a course, stage 2",
        "memory-with-states-shared-out",
        {"parameters": 7 * 10**9, "devices": 8, "stage": 2},
        "26.2",
        {"38.5": "states-alone-shared", "14": "everything-shared-out"},
    ),
    # Korthikanti et al. 2022: one layer of GPT-3.
    Asked(
        "a layer of GPT-3",
        "activations-of-a-block",
        {"width": 12_288, "heads": 96, "tokens": 2048, "texts": 1},
        "2868903936",
        {
            "855638016": "square-left-out",
            "50331648": "input-of-a-block-alone",
            "876609536": "scores-of-one-head",
        },
    ),
    Asked(
        "LoRA's memory",
        "memory-beside-adapters",
        {"frozen": 6_738_415_616, "adapters": 4_194_304},
        "13.54",
        {
            "107.88": "frozen-weights-have-states",
            "107.81": "whole-model-trained",
            "80.91": "master-copy-forgotten+frozen-weights-have-states",
            "0.07": "frozen-weights-forgotten",
        },
    ),
    # An interviewer says 12 bytes a parameter for gradients and states: 8 and 4 and 2.
    Asked(
        "70B, gradients and states",
        "memory-beside-the-weights",
        {"parameters": 70 * 10**9},
        "980",
        {
            "840": "gradients-forgotten",
            "700": "master-copy-forgotten",
            "560": "moments-alone",
            "1120": "weights-counted-too",
        },
    ),
    # Four models of 7 billion: two with 16 bytes a parameter, and two with 2.
    Asked(
        "PPO",
        "memory-of-four-models",
        {"parameters": 7 * 10**9},
        "252",
        {
            "448": "frozen-weights-have-states",
            "154": "critic-not-trained",
            "112": "one-model-alone",
            "224": "frozen-weights-forgotten",
            "56": "weights-alone",
        },
    ),
    # A blog: "about 500 GPU-hours" for 7B and a trillion tokens at 10¹⁵ FLOPs a second; they are days.
    Asked(
        "7B on a trillion tokens",
        "training-hours-of-devices",
        {"parameters": 7 * 10**9, "billions": TRILLION, "teraflops": 1000, "percent": 100},
        "11666.7",
        {"486.1": "days-for-hours", "500": "days-for-hours", "3888.9": "forward-pass-alone"},
    ),
    # DeepSeek-V3: 6 · 37 billion · 14.8 trillion FLOPs in 2.79 million hours of devices.
    Asked(
        "DeepSeek-V3's devices",
        "utilisation-of-a-device",
        {
            "flops": 6 * 37 * 14_800 * 10**18,
            "texts": 1,
            "milliseconds": 2_790_000 * 3_600_000,
            "teraflops": 1513,
        },
        "21.62",
        {},
    ),
    # 4 bits in groups of 128, with a scale of 16 and a zero point of 4 bits: 4.15625 bits a weight.
    Asked(
        "Llama 2 7B in int4",
        "bytes-in-groups-of-four-bits",
        {"weights": 6_476_005_376, "bits": 4, "group": 128},
        "3364487168",
        {
            "3238002688": "scales-forgotten",
            "3339190272": "zero-points-forgotten",
            "26915897344": "bits-for-bytes",
            "25904021504": "bits-for-bytes+scales-forgotten",
        },
    ),
    # Dettmers et al. 2023, section 3.
    Asked(
        "NF4",
        "bits-of-a-quantised-weight",
        {"weights": 6_476_005_376, "group": 64, "blocks": 256},
        "4.1270",
        {"4.5": "scales-not-quantised", "4": "scales-forgotten", "4.125": "constants-forgotten"},
    ),
    # Training without mixed precision takes 16 bytes, too: 4 + 4 + 8.
    Asked(
        "a 7B model in 32 bits",
        "memory-of-adam-in-32-bits",
        {"parameters": 7 * 10**9},
        "112",
        {"28": "weights-alone", "56": "moments-alone", "84": "gradients-forgotten"},
    ),
    # Dettmers et al. 2021: two moments of a byte each, 10 bytes a parameter with a master copy.
    Asked(
        "Adam in 8 bits",
        "memory-of-adam-in-eight-bits",
        {"parameters": 7 * 10**9},
        "70",
        {"112": "moments-in-32-bits", "42": "master-copy-forgotten", "14": "weights-alone"},
    ),
    # GPT-3 with full recomputation: 2 s b h bytes for each of 96 blocks.
    Asked(
        "GPT-3, recomputed",
        "activations-recomputed",
        {"blocks": 96, "width": 12_288, "heads": 96, "tokens": 2048, "texts": 1},
        "4.83",
        {"275.41": "everything-kept", "82.14": "square-left-out"},
    ),
    # 6 · 70 billion · 1.4 trillion FLOPs in 30 days of an H100 at 40 %: 5.88e23 / 1.025e21.
    Asked(
        "70B in a month",
        "devices-for-a-run",
        {"parameters": 70 * 10**9, "billions": 1400, "days": 30, "teraflops": 989, "percent": 40},
        "573.4",
        {
            "191.1": "forward-pass-alone",
            "229.4": "full-peak-reached",
            "91.7": "share-multiplied",
            "13762.4": "hours-for-the-days",
            "573": "rounded",
            "191": "forward-pass-alone",
            "6e2": "rounded",
            "7e2": "right-magnitude",
        },
    ),
    # 29,491 hours of an H100 at 40 %, two dollars each.
    Asked(
        "7B for 59,000 dollars",
        "price-of-training",
        {
            "parameters": 7 * 10**9,
            "billions": TRILLION,
            "devices": 64,
            "teraflops": 989,
            "percent": 40,
            "cents": 200,
        },
        "59.0",
        {
            "23.6": "full-peak-reached",
            "19.7": "forward-pass-alone",
            "3774.9": "devices-paid-again",
            "0.922": "one-device-paid",
            "58982": "wrong-power-of-ten",
        },
    ),
    # 24,000 tokens a second on eight A100: 6 · 7 · 24 · 10¹² of 2,496 · 10¹².
    Asked(
        "MFU from tokens a second",
        "utilisation-from-tokens",
        {"parameters": 7 * 10**9, "tokens": 24_000, "devices": 8, **A100},
        "40.38",
        {
            "13.46": "forward-pass-alone",
            "20.19": "macs-for-flops",
            "53.85": "recomputation-not-asked-for",
            "323.08": "one-device-works",
        },
    ),
    # Hoffmann et al. 2022: 5.76e23 FLOPs, a model of 70 billion parameters and 1.4 trillion tokens.
    Asked(
        "Chinchilla",
        "size-for-flops",
        {"zettaflops": 576},
        "69.28",
        {
            "120": "forward-pass-alone",
            "97.98": "macs-for-flops",
            "1385.64": "tokens-for-parameters",
            "309.84": "as-many-tokens-as-parameters",
            "169.71": "six-forgotten",
            "69": "rounded",
        },
    ),
    # nanoGPT: 12 texts of 1,024 tokens, 5 passes, 8 devices; it makes 600,000 steps of 300 billion tokens.
    Asked(
        "nanoGPT's steps",
        "steps-with-accumulation",
        {"billions": 300, "devices": 8, "texts": 12, "tokens": 1024, "passes": 5},
        "610351.6",
        {
            "3051757.8": "step-after-each-pass",
            "4882812.5": "one-device-works",
            "625000000": "texts-for-tokens",
        },
    ),
    # Narayanan et al. 2021 divide by the work alone, (p - 1) / m; of all time it is (p - 1) / (m + p - 1).
    Asked(
        "a pipeline of eight",
        "pipeline-waiting",
        {"stages": 8, "batches": 32},
        "17.95",
        {
            "21.88": "waiting-over-working",
            "87.5": "one-batch-in-the-pipeline",
            "20": "stage-waits-for-itself",
        },
    ),
    # Rank 16 beside all seven maps of each block of Llama 2 7B: 39,976,960 values.
    Asked(
        "QLoRA of Llama 2 7B",
        "memory-of-adapters-on-four-bits",
        {**SEVEN, "adapters": 39_976_960, "group": 64},
        "4.22",
        {
            "4.01": "scales-forgotten",
            "14.12": "sixteen-bits-kept",
            "3.66": "weights-alone",
            "0.64": "frozen-weights-forgotten",
            "108.45": "frozen-weights-have-states",
        },
    ),
    # 16 bytes for each of 70 billion: 1,120 GB.
    Asked(
        "70B on cards of 80 GB",
        "cards-that-train",
        {"parameters": 70 * 10**9, "gigabytes": 80},
        "14",
        {
            "2": "weights-alone",
            "7": "moments-alone",
            "11": "master-copy-forgotten",
            "13": "gradients-forgotten",
        },
    ),
    Asked(
        "65B on cards of 80 GB",
        "cards-that-train",
        {"parameters": 66 * 10**9, "gigabytes": 80},
        "14",
        {"13": "rest-needs-no-card"},
    ),
    # Hu et al. 2021, rank 8 beside queries and values of Llama 2 7B.
    Asked(
        "LoRA in all layers",
        "lora-of-a-model",
        {"blocks": 32, "width": 4096, "narrow": 4096, "rank": 8},
        "4194304",
        {
            "2097152": "one-adapter-matrix",
            "131072": "one-layer-adapted",
            "4096": "rank-squared",
            "1073741824": "map-trained-without-adapter",
        },
    ),
    # Llama 3 8B has eight heads of values of 128: 3,407,872, and not 4,194,304.
    Asked(
        "LoRA beside grouped heads",
        "lora-of-a-model",
        {"blocks": 32, "width": 4096, "narrow": 1024, "rank": 8},
        "3407872",
        {"4194304": "maps-all-square"},
    ),
    # The same rank beside all four maps of attention: 8,388,608.
    Asked(
        "LoRA beside four maps",
        "lora-beside-four-maps",
        {"blocks": 32, "width": 4096, "rank": 8},
        "8388608",
        {
            "4194304": "one-adapter-matrix",
            "262144": "re-expressed",
            "2147483648": "map-trained-without-adapter",
        },
    ),
    Asked(
        "LoRA beside feed-forward layers",
        "lora-beside-feed-forward-layers",
        {"blocks": 12, "width": 768, "inner": 3072, "rank": 8},
        str(12 * 2 * 8 * (768 + 3072)),
        {str(12 * 8 * (768 + 3072)): "one-adapter-matrix"},
    ),
    # Houlsby et al. 2019 insert two a block of BERT; of size 64 in BERT base they are 2 % of it.
    Asked(
        "adapters between layers",
        "adapters-between-layers",
        {"blocks": 12, "width": 768, "narrow": 64},
        str(24 * (2 * 768 * 64 + 64 + 768)),
        {str(24 * 2 * 768 * 64): "forgot-bias", str(12 * (2 * 768 * 64 + 64 + 768)): "re-expressed"},
    ),
    # Lester et al. 2021, section 1: five tokens before T5 XXL, 20,480 parameters a task.
    Asked(
        "a trained prompt",
        "prompt-that-is-trained",
        {"rows": 5, "width": 4096, "tokens": 8},
        "20480",
        {"4101": "embedding-sizes-added"},
    ),
    Asked(
        "LoRA's share",
        "lora-share-of-a-model",
        {**SEVEN, "blocks": 32, "width": 4096, "narrow": 4096, "rank": 8},
        "0.0622",
        {"0.0311": "one-adapter-matrix", "0.0019": "one-layer-adapted"},
    ),
    # 14 GB of gradients, 7/4 of them sent by each of eight devices.
    Asked(
        "gradients of 7B",
        "gradients-sent-in-a-ring",
        {"parameters": 7 * 10**9, "devices": 8},
        "24.50",
        {"28": "own-part-sent-too", "98": "sent-to-each-of-the-others", "12.25": "added-up-and-kept"},
    ),
    Asked(
        "70B in four bits",
        "gigabytes-in-few-bits",
        {"parameters": 70 * 10**9, "bits": 4},
        "35",
        {"140": "sixteen-bits-kept", "280": "bits-for-bytes", "32.6": "1024-for-thousand"},
    ),
    # Eight texts of 2,048 tokens, 32,000 scores of 4 bytes each.
    Asked(
        "logits of Llama 2",
        "memory-of-the-logits",
        {"texts": 8, "tokens": 2048, "width": 4096, "words": 32_000},
        "2.097",
        {"1.049": "two-bytes-a-value", "0.268": "features-kept", "0.262": "re-expressed"},
    ),
]


@published(ASKED)
def test_a_published_answer_is_right_or_has_a_name(asked: Asked) -> None:
    assert asked.found == asked.expected


def test_a_page_that_counts_the_moments_alone_is_found_out() -> None:
    """56 GB for 7 billion parameters, as a blog has it."""
    audit = templates()["audit-memory-of-training"]
    told = {
        posed.answers()["reading"]: posed.told()
        for pick in range(60)
        for posed in [audit.posed({"question": audit.id, "numbers": {"parameters": 7 * 10**9}, "pick": pick})]
    }
    assert "56 GB" in told["moments"]
    assert "112 GB" in told["mixed"]


def test_what_training_asks_for_is_told_with_the_question() -> None:
    """The optimizer and the stage decide the number, so they are said."""
    numbers = {"parameters": 7 * 10**9, "devices": 8, "stage": 2}
    posed = templates()["memory-with-states-shared-out"].posed({"numbers": numbers})
    assert "Adam in mixed precision" in posed.told()
    assert "ZeRO, stage 2" in posed.told()


@pytest.mark.parametrize(
    ("name", "numbers", "line"),
    [
        pytest.param(
            "training-days-on-devices",
            {"parameters": 1_235_814_400, "billions": 340, "devices": 8, "teraflops": 312, "percent": 30},
            "FLOPs that are done in a day (86,400·8·F·u)/100 = (86,400·8·312,000,000,000,000·30)/100 "
            "= 64,696,320,000,000,000,000",
            id="days",
        ),
        pytest.param(
            "utilisation-of-a-device",
            {"flops": 1_142_000_000_000, "texts": 64, "milliseconds": 1185, "teraflops": 275},
            "FLOPs that could be done in that time (F·t)/1,000 = (275,000,000,000,000·1,185)/1,000 "
            "= 325,875,000,000,000",
            id="percent of a peak",
        ),
        pytest.param(
            "factor-of-recomputation",
            {"parameters": 6_738_415_616},
            "compared with 6·N·D = 6·6,738,415,616·1 = 40,430,493,696",
            id="times",
        ),
        pytest.param(
            "bits-of-a-quantised-weight",
            {"weights": 2_868_903_936, "group": 32, "blocks": 256},
            "each byte has 8 bits, and the weights are N = 2,868,903,936",
            id="bits a weight",
        ),
    ],
)
def test_what_an_amount_is_held_against_stands_in_the_solution(
    name: str, numbers: dict[str, int], line: str
) -> None:
    """Days do not fall from the sky: what is done in one of them stands before them."""
    *_, before, last = templates()[name].posed({"numbers": numbers}).solution()
    assert before.formula is not None
    assert f"{before.words} {equation(before.formula, TEXT)}" == line
    assert last.formula is None


def test_who_asks_for_activations_and_no_length_has_left_something_open() -> None:
    """An interviewer gave a batch of 4 and no length; the batch alone decides nothing."""
    numbers = {"width": 4096, "heads": 32, "texts": 4}
    posed = templates()["missing-length-of-texts"].posed({"numbers": numbers, "pick": 0})
    assert posed.answers() == {"datum": "tokens"}
    assert posed.diagnose("texts").id == "is-given"


def test_stage_three_shares_frozen_weights_too() -> None:
    """A quarter of 200 and of 160 bytes on each of four devices, as the analysis has it."""
    how = Training(stage=3, devices=4, frozen=100)
    ten = Task(lc.Linear(10, 1, bias=False), Cost.STATE_BYTES, shape_of((10,)), training=how)
    assert number(ten) == states(10, stage=3, devices=4, frozen=200).bytes == 50 + 40


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"stage": [1, 2]}, r"`training.stage` is a whole number or a drawn name, but got \[1, 2\]"),
        ({"devices": "device"}, "no drawn name is called 'device'; did you mean 'devices'"),
        ({"stages": 1}, "no setting of training is called 'stages'; did you mean 'stage'"),
        ({"optimizer": 16}, "`training.optimizer` is a word or a drawn name, but got 16"),
        ({"frozen_maps": 1}, "`training.frozen_maps` is true or false or a drawn name, but got 1"),
    ],
    ids=[
        "a list",
        "a slip of a drawn name",
        "a slip of a setting",
        "a number for a word",
        "a number for yes",
    ],
)
def test_what_is_amiss_with_how_something_is_trained_is_said(given: dict[str, object], said: str) -> None:
    """Somebody who writes a question of their own reads what is taken there."""
    asked = {
        "id": "own", "level": 1, "skills": ["training"], "wording": {"en": "How many bytes?"},
        "layer": "Linear(10, 1, bias=False)", "input": [10], "draw": {"devices": [2, 4]},
        "ask": [{"quantity": "training_bytes"}], "training": given,
    }  # fmt: skip
    with pytest.raises(QuestionError, match=said):
        read("question 'own'", asked)
