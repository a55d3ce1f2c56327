"""What the chapter on experts says, and what is published of such models, worked out apart from it."""

from __future__ import annotations

import published_names
import pytest

import layercost as lc
from layercost.active import Active, active_parameters, expected_experts, read_parameters
from layercost.by_type import parameters_by_type
from layercost.models.known import model_named
from tests.course.pages import names_of

NAMES = names_of("mixture_of_experts")
ALL, INPUT, TABLES = Active

# What is published in billions: all, active, and in which meaning the authors are right.
PUBLISHED: list[tuple[str, str, tuple[int, int, int, int], str, str, Active]] = [
    ("Mixtral 8x7B", "mixtral-8x7b",
     (46_702_792_704, 12_879_925_248, 12_748_853_248, 12_617_781_248), "46.7", "12.9", ALL),
    ("OLMoE", "olmoe-1b-7b", (6_919_161_856, 1_282_017_280, 1_178_994_688, 1_075_972_096), "6.9", "1.3", ALL),
    ("Qwen1.5-MoE", "qwen1.5-moe-a2.7b",
     (14_315_784_192, 2_689_173_504, 2_378_008_576, 2_066_843_648), "14.3", "2.7", ALL),
    ("Qwen3-235B-A22B", "qwen3-235b",
     (235_093_634_560, 22_190_763_520, 21_568_433_664, 20_946_103_808), "235", "22", ALL),
    ("gpt-oss-20b", "gpt-oss-20b",
     (20_914_757_184, 4_187_440_704, 3_608_307_264, 3_029_173_824), "20.91", "3.61", INPUT),
    ("gpt-oss-120b", "gpt-oss-120b",
     (116_829_156_672, 5_711_982_912, 5_132_849_472, 4_553_716_032), "116.83", "5.13", INPUT),
    ("DeepSeek-V2", "deepseek-v2",
     (235_741_434_880, 21_375_800_320, 20_851_512_320, 20_327_224_320), "236", "21", ALL),
    ("DeepSeek-V3", "deepseek-v3",
     (671_026_404_352, 37_552_282_624, 36_625_603_584, 35_698_924_544), "671", "37", INPUT),
]  # fmt: skip


def rounded(count: int, said: str) -> str:
    """Billions with as many digits as somebody gives."""
    return f"{count / 10**9:.{len(said.partition('.')[2])}f}"


@pytest.mark.parametrize(
    ("name", "counts", "all_said", "active_said", "meaning"),
    [row[1:] for row in PUBLISHED],
    ids=[row[0] for row in PUBLISHED],
)
def test_what_authors_give_is_right_in_one_meaning_of_active(
    name: str, counts: tuple[int, ...], all_said: str, active_said: str, meaning: Active
) -> None:
    """All, and active in three meanings; the one that they mean rounds to what they say."""
    model = published_names.model(name)
    each = {one: active_parameters(model, one) for one in Active}
    assert (sum(parameters_by_type(model).values()), *each.values()) == counts
    assert rounded(counts[0], all_said) == all_said
    assert rounded(each[meaning], active_said) == active_said


def test_qwen3_30b_cuts_its_active_parameters_where_others_round() -> None:
    """30.5 and 3.3 on its card: 3.353 billion with both tables."""
    assert NAMES["held"]("qwen3-30b-a3b") == 30_532_122_624
    assert NAMES["billions"](NAMES["active"]("qwen3-30b-a3b"), 3) == "3.353"


def test_deepseek_v3_with_the_table_counted_would_round_to_38() -> None:
    """So its 37 leaves the table of the input out."""
    assert rounded(NAMES["active"]("deepseek-v3"), "38") == "38"


def test_an_answer_for_interviews_reaches_47_billion_by_numbers_that_do_not() -> None:
    """An expert of two matrices of 16,384 has 134 million; 32 layers of eight have 34 billion, not 47."""
    assert round(2 * 4096 * 16_384 / 1e6) == 134
    assert round(32 * 1.07) == 34
    assert NAMES["MIXTRAL"]["experts"] == 32 * 8 * 3 * 4096 * 14_336 == 45_097_156_608
    assert 8 * NAMES["DENSE"] == 57_933_856_768


def test_the_module_that_guesses_further_makes_685_of_671() -> None:
    """11.5 billion are its layer; with the map of two tokens 11.61; both tables again: 684.49."""
    layer, module = NAMES["mtp_layer"], NAMES["mtp_module"]
    model = parameters_by_type(model_named("deepseek-v3"))
    table, head = model["embedding.token"], model["head"]
    assert (layer, module) == (11_507_286_016, 11_610_067_968)
    assert NAMES["held"]("deepseek-v3") + module + table + head == 684_489_830_400
    idle = 248 * 3 * 7168 * 2048
    without_norms = layer - idle - 2 * 7168 - 1536 - 512
    assert without_norms + table + head == 2_438_660_096  # activated, the map left out: 2.4


@pytest.mark.parametrize(("name", "mlp", "attention"), [
    ("gpt-oss-120b", 114_714_874_368, 955_805_184), ("gpt-oss-20b", 19_119_145_728, 637_203_456),
])  # fmt: skip
def test_the_parts_of_gpt_oss_are_those_of_its_card(name: str, mlp: int, attention: int) -> None:
    """114.71 and 19.12 billion in experts and routers, 0.96 and 0.64 in attention, 1.16 in tables."""
    types = parameters_by_type(model_named(name))
    assert types["experts"] + types["router"] == mlp
    assert sum(held for part, held in types.items() if part.startswith("attention.")) == attention
    assert types["embedding.token"] + types["head"] == 1_158_266_880


def test_the_layers_of_the_chapter_are_those_of_the_models() -> None:
    """Each layer alone holds what it holds in its model."""
    for name, layer, layers in (
        ("mixtral-8x7b", "mixtral", 32), ("deepseek-v3", "deepseek", 58), ("gpt-oss-120b", "oss", 36),
        ("qwen1.5-moe-a2.7b", "qwen", 24), ("olmoe-1b-7b", "olmoe", 16), ("mixtral-8x22b", "big", 56),
        ("deepseek-v2-lite", "lite", 26),
    ):  # fmt: skip
        types = parameters_by_type(model_named(name))
        held = sum(n for part, n in types.items() if part.partition(".")[0] in _OF_MIXTURES)
        assert layers * lc.count(NAMES[layer], lc.PARAMETERS).total == held, name


_OF_MIXTURES = ("router", "experts", "shared_expert")


def test_a_counter_reads_mixtral_with_or_without_its_experts() -> None:
    """What FlopCounterMode printed on 128 tokens: batched products, and one grouped operation."""
    assert 2 * sum(NAMES["short"].values()) == 3_272_228_208_640
    assert 2 * NAMES["seen"] == 386_010_185_728


def test_a_batch_reads_more_than_its_tokens_are_active() -> None:
    """DeepSeek-V3 in bfloat16: 73 GB for a token, 553 for sixteen; half of its experts from 22 tokens on."""
    model = model_named("deepseek-v3")
    assert [round(2e-9 * read_parameters(model, tokens)) for tokens in (1, 16)] == [73, 553]
    assert NAMES["guess_half"] == 22
    assert expected_experts(256, 8, 21) < 128 <= expected_experts(256, 8, 22)


def test_experts_leave_the_cache_as_it_is() -> None:
    """A block with experts keeps what its attention keeps, however many there are."""
    attention = lc.Attention(4096, 32, 8, bias=False, causal=True)
    for experts in (8, 64):
        block = lc.Sequential(attention, lc.MixtureOfExperts(4096, 1024, experts, 2))
        assert lc.count(block, lc.KV_CACHE, (10, 4096)).total == 10 * 2 * 8 * 128
