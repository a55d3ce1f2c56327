"""What the second audit lab says, worked out apart from the declarations that it reads."""

from __future__ import annotations

import re

import pytest

from tests.course.pages import names_of, text_of

PAGE = names_of("audit_lab_two")
COUNTED, OTHER = PAGE["counted"], PAGE["other"]


def test_the_ten_claims_stand_on_the_page_in_the_order_of_the_picture() -> None:
    headings = re.findall(r"^### (\d+)\. ", text_of("audit_lab_two"), re.M)
    assert [int(one) for one in headings] == list(range(1, 11))
    assert len(PAGE["published"]) == len(PAGE["ten"]) == len(set(PAGE["ten"])) == 10


def test_six_are_reproduced_three_are_mistakes_and_one_is_open() -> None:
    verdicts = [PAGE["said"][name].verdict for name in PAGE["ten"]]
    assert (len(PAGE["reproduced"]), verdicts.count("wrong"), verdicts.count("unclear")) == (6, 3, 1)


@pytest.mark.parametrize(
    ("computed", "worked_out"),
    [
        pytest.param(COUNTED("mixtral-8x22b-wrong-card"), 140_630_071_296, id="Mixtral 8x22B"),
        pytest.param(COUNTED("mixtral-8x22b-wrong-card", 1), 39_161_468_928, id="Mixtral 8x22B, active"),
        pytest.param(OTHER("gpt-oss") - 201_088 * 2880, 5_132_849_472, id="gpt-oss-120b, one table less"),
        pytest.param(PAGE["surplus"], 610 * 4096, id="GPT-J, 7 · 86 + 8 vectors"),
        pytest.param(OTHER("hub-qwen3-0.6b") + 151_936 * 1024, 751_632_384, id="Qwen3-0.6B, table twice"),
        pytest.param(COUNTED("wall-roberta"), 355_412_057, id="RoBERTa large"),
        pytest.param(COUNTED("kaplan-n"), 2 * 12 * 1025 * 768, id="(n + 1) / 2 pairs of 4 d"),
        pytest.param(OTHER("kaplan-n"), 4 * 12 * 1024 * 768, id="n pairs of 4 d"),
        pytest.param(COUNTED("blog-adamw-8"), 16 * 7 * 10**9, id="16 bytes in 32 bits"),
        pytest.param(COUNTED("vllm-800kb"), 2 * 40 * 5120 * 2, id="OPT-13B, a token"),
        pytest.param(COUNTED("flash-66"), 6 * 2 * 64 * 16 * 1024**2 * 64, id="six products"),
    ],
)
def test_a_count_of_the_lab_is_that_of_its_formula(computed: int, worked_out: int) -> None:
    assert computed == worked_out


def test_the_surplus_of_gpt_j_fits_two_explanations_of_which_one_is_excluded() -> None:
    """50,400 rows in the table of the code and in that of the library."""
    assert PAGE["p"].configuration("gpt-j-6b")["vocab_size"] == 50_400


def test_no_batch_gives_what_the_figure_on_attention_prints() -> None:
    """66.6 lies between a batch of 5, 64.4, and one of 6, 77.3."""
    five, six = (6 * PAGE["product"] * batch / 64 / 1e9 for batch in (5, 6))
    assert (round(five, 1), round(six, 1)) == (64.4, 77.3)
    assert five < 66.6 < six
    assert round(75.2 / 66.6, 2) == 1.13


def test_a_time_multiplied_by_a_rate_is_several_times_the_work() -> None:
    assert COUNTED("attention-paper-flops") / OTHER("attention-paper-flops") > 4
