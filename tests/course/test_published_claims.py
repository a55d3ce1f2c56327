"""What others published about Transformers: each claim with its verdict, held against what we count.

The claims are declared in ``chapters/published``, from where the pages have them as well:
those of papers, model cards and tools, and answers to questions of interviews.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from course_published import figures_table, shown
from published import COARSE, TOPICS, VERDICTS, Claim, claims, printed, value_of
from published_names import appendix_f, configuration, described, held, kept, model, relative_gpt, total

from layercost.misconception import MISCONCEPTIONS
from layercost.models.known import KNOWN
from tests.course.pages import ROOT

DECLARED = {**claims(), **claims("answers")}
ALL = [(claim, each) for claim in DECLARED.values() for each in (*claim.figures, *claim.otherwise)]


def of_verdict(*names: str) -> pytest.MarkDecorator:
    """The claims with one of these verdicts."""
    chosen = [pytest.param(claim, id=name) for name, claim in DECLARED.items() if claim.verdict in names]
    return pytest.mark.parametrize("claim", chosen)


EACH = of_verdict(*VERDICTS)


# ---- verdicts ------------------------------------------------------------------------------------


def test_there_are_89_claims_and_each_has_a_verdict_and_a_subject() -> None:
    assert len(claims()) == 89
    assert {claim.verdict for claim in claims().values()} == set(VERDICTS)
    assert {claim.topic for claim in claims().values()} == set(TOPICS)
    assert len(DECLARED) == 89 + len(claims("answers"))


@of_verdict("right")
def test_a_right_claim_is_what_we_count(claim: Claim) -> None:
    """Rounded or cut at the last digit that was printed."""
    assert claim.agrees


@of_verdict("convention")
def test_a_claim_under_a_convention_is_what_one_way_of_counting_gives_and_another_does_not(
    claim: Claim,
) -> None:
    assert claim.agrees
    assert claim.otherwise
    assert all(map(claim.excludes, claim.otherwise))


@of_verdict("rounded")
def test_a_roughly_right_claim_is_near(claim: Claim) -> None:
    assert all(abs(figure.printed.differs(figure.counted)) < COARSE for figure in claim.figures)


@of_verdict("wrong", "unclear")
def test_a_wrong_claim_is_not_what_we_count(claim: Claim) -> None:
    assert not claim.agrees


@of_verdict("wrong", "unclear", "convention")
def test_a_claim_that_is_not_simply_right_has_its_reason(claim: Claim) -> None:
    assert claim.why


@of_verdict("wrong", "unclear")
def test_what_is_right_in_place_of_a_wrong_claim_is_derived(claim: Claim) -> None:
    """In letters, or by a count, whose line ends in a number of the claim or in a part of it."""
    assert claim.letters or claim.derive
    if claim.derive:
        assert "=" in value_of(claim.derive).text()


def test_what_was_copied_from_the_row_above_is_named() -> None:
    """1,500M and 3,400 GFLOPs are GPT-2 XL's, which the table rounds."""
    claim = claims()["wall-roberta"]
    assert claim.figures[1].printed.differs(claim.otherwise[0].counted) < COARSE


# ---- declarations --------------------------------------------------------------------------------

# Inputs of the claim itself, multiplied or divided: no layer has a part in them.
ARITHMETIC = {
    "1.4e12 / 70e9", "1024 * 8192", "1024 * 4096", "44 * 2048**2", "56 / 0.002", "2 * 4 * 80 * 8",
    "12 * HOUR * 8 * 9.5e12", "3.5 * DAY * 8 * 9.5e12",
}  # fmt: skip


def test_what_we_count_is_computed() -> None:
    """A number that is typed would agree whatever the library does."""
    typed = {each.expression for _, each in ALL if not re.search(r"[a-z]{2}", each.expression)}
    assert typed == ARITHMETIC


# What a verdict alone would not notice: counts worked out elsewhere, of what is asked in the declarations.
_IN_8_BITS = 6 * 37e9 * 14.8e12 / (2.79e6 * 3600 * 1978.9e12)
WORKED_OUT = {
    "first_transformer(512, 8)": 63_045_632, "first_transformer(1024, 16)": 214_171_648,
    "some('gpt-neox-20b', 'norm')": 4 * 44 * 6144 + 2 * 6144,
    "total('swin-small')": 49_606_258, "total('t5-base')": 222_903_552, "total('t5-11b')": 11_307_321_344,
    "total('whisper-base')": 72_593_920, "total('whisper-large')": 1_543_304_960,
    "total('electra-large')": 334_092_288,
    "adapted('roberta-base', 8)": 2 * 12 * 8 * 2 * 768, "adapted('roberta-large', 8)": 2 * 24 * 8 * 2 * 1024,
    "adapted('gpt-3', 4)": 2 * 96 * 4 * 2 * 12_288,
    "macs('vit-b16', PHOTO)": 17_563_828_224, "macs('vit-l16', PHOTO)": 61_554_712_576,
    "macs('swin-tiny', PHOTO)": 4_490_566_656, "macs('swin-small', PHOTO)": 8_740_875_264,
    "macs('swin-base', PHOTO)": 15_430_946_816, "macs('swin-large', PHOTO)": 34_475_759_616,
    "flops('roberta-large', (512,))": 388_787_863_552,
    "flops('albert-xxlarge', (512,))": 2_526_011_195_392,
    "step('gpt-3', 2048) * 300e9 / 2048": 3.229120290816e23,
    "step_of('gpt2', 'head')": 6 * 768 * 50_257,
    "step_of('gpt2', 'head') + step_of('gpt2', 'embedding.token')": 6 * 768 * 50_257,
    "six('bert-large', 250e9)": 6 * 335_141_888 * 250e9,
    "utilisation(6 * 37e9 * 14.8e12, 2.79e6 * HOUR, accelerator('h100-sxm').rate('float8'))": _IN_8_BITS,
    "kept('llama-2-7b', 4096)": 2**31,
    "int(states(7 * 10**9, 'adam-fp32').states)": 8 * 7 * 10**9, "states(13 * 10**9).bytes": 208 * 10**9,
    "int(format_named('int4').bytes_of(70 * 10**9))": 35 * 10**9,
    "int(FORMATS['q4_0'].bytes_of(70 * 10**9))": 39_375_000_000,
    "accelerator('a100-40gb').ridge()": 312e12 / 1.555e12,
    "accelerator('a100-80gb').ridge()": 312e12 / 2.039e12,
}  # fmt: skip


@pytest.mark.parametrize("expression", WORKED_OUT)
def test_a_count_of_the_declarations_is_what_was_worked_out_elsewhere(expression: str) -> None:
    assert expression in {each.expression for _, each in ALL}
    assert value_of(expression) == pytest.approx(WORKED_OUT[expression], rel=1e-8)


@pytest.mark.parametrize(
    ("sizes", "blocks", "whole"),
    [((640, 10, 10), 1.022, 1.582), ((1024, 20, 16), 1.099, 1.317), ((1280, 24, 10), 1.082, 1.232),
     ((1792, 26, 14), 1.044, 1.145), ((2048, 28, 16), 1.033, 1.116), ((3584, 40, 28), 0.994, 1.028)],
)  # fmt: skip
def test_chinchillas_ratios_leave_out_what_its_appendix_counts(
    sizes: tuple[int, int, int], blocks: float, whole: float
) -> None:
    """Hoffmann et al. 2022, appendix F: 12 d² + 2 d T of 13 n d² + V d, then the tables and softmax too."""
    width, layers, heads = sizes
    tokens, words = 2048, 32_000
    held = 13 * layers * width**2 + words * width
    assert relative_gpt(*sizes) == held
    done = 6 * layers * (12 * width**2 + 2 * width * tokens)
    beside = 3 * (4 * words * width + 3 * layers * heads * tokens)
    assert appendix_f(*sizes) == pytest.approx(done / (6 * held)) == pytest.approx(blocks, abs=5e-4)
    assert appendix_f(*sizes, whole=True) == pytest.approx((done + beside) / (6 * held))
    assert appendix_f(*sizes, whole=True) == pytest.approx(whole, abs=5e-4)


@EACH
def test_a_claim_says_whose_it_is_and_what_it_says(claim: Claim) -> None:
    assert claim.says.endswith(".")
    assert not claim.why or claim.why.endswith(".")
    assert not claim.source.endswith(".")
    assert claim.figures
    assert not claim.belief or claim.belief in MISCONCEPTIONS


def test_papers_are_cited_by_a_name_that_the_bibliography_has() -> None:
    cited = {name for claim in claims().values() for name in re.findall(r"\{cite\}`(\w+)`", claim.source)}
    held_there = re.findall(r"^@\w+\{(\w+),", (ROOT / "chapters" / "references.bib").read_text(), re.M)
    assert cited <= set(held_there)


@pytest.mark.parametrize(
    ("text", "value", "last"),
    [
        pytest.param("117M", 117e6, 1e6, id="millions"),
        pytest.param("3.14e23", 3.14e23, 1e21, id="a power"),
        pytest.param("46.2 %", 0.462, 0.001, id="a share"),
        pytest.param("60.8 GiB", 60.8 * 2**30, 2**30 / 10, id="binary"),
        pytest.param("1,065,314,304", 1_065_314_304, 1, id="all digits"),
    ],
)
def test_a_printed_number_is_read_with_its_unit_and_its_last_digit(
    text: str, value: float, last: float
) -> None:
    number = printed(text)
    assert (number.value, number.last) == (pytest.approx(value), pytest.approx(last))


@pytest.mark.parametrize(
    ("text", "counted", "same"),
    [
        pytest.param("6.7B", 6_738_415_616, True, id="rounded"),
        pytest.param("1.23B", 1_235_814_400, True, id="cut"),
        pytest.param("7.3B", 7_241_732_096, False, id="rounded up too far"),
        pytest.param("under 80 GB", 65e9, True, id="fits"),
        pytest.param("under 16 GB", 65e9, False, id="does not fit"),
        pytest.param("30100", 30101, False, id="a whole number"),
    ],
)
def test_a_printed_number_agrees_as_far_as_it_was_printed(text: str, counted: float, same: bool) -> None:
    assert printed(text).agrees(counted) == same


@pytest.mark.parametrize("text", ["", "many", "3 parsecs", "1.2.3"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no number with a unit"):
        printed(text)


def test_the_page_shows_every_claim_once() -> None:
    page = (ROOT / "chapters" / "published_keys.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```\{published\} (\w+) (.*)$", page, re.M)
    for name in ("claims", "answers"):
        verdicts = [verdict for file, words in shown if file == name for verdict in words.split()]
        assert len(set(verdicts)) == len(verdicts)
        assert {claim.verdict for claim in claims(name).values()} <= set(verdicts)


@pytest.mark.parametrize(
    ("counted", "unit", "text"),
    [
        pytest.param(327_680, "MB", "0.33 MB", id="bytes"),
        pytest.param(0.4623, "%", "46.23 %", id="a share"),
        pytest.param(3.229120290816e23, "", "3.229 × 10²³", id="a power"),
        pytest.param(124_439_808, "M", "124,439,808", id="every digit"),
        pytest.param(0.0625, "", "0.0625", id="small"),
        pytest.param(11_666.7, "", "11,667", id="large and not whole"),
        pytest.param(8.0, "", "8", id="whole after all"),
    ],
)
def test_a_count_is_shown_in_the_unit_of_what_was_printed(counted: float, unit: str, text: str) -> None:
    assert shown(counted, unit) == text


def test_a_ratio_of_a_thousand_is_written_out() -> None:
    """52 billion parameters with three noughts too many."""
    assert '<td class="lc-n" data-head="ratio">1,000</td>' in figures_table(claims()["kip-104e12"])


# ---- models --------------------------------------------------------------------------------------

MEASURED = json.loads((Path(__file__).parents[1] / "models" / "configurations.json").read_text("utf-8"))


def test_models_that_were_measured_hold_what_was_measured() -> None:
    """Names differ by a hyphen or two."""
    totals = {one["id"].replace("-", ""): one["totals"][0] for one in MEASURED["models"]}
    ours = {name.replace("-", ""): held(model(name)) for name in described()}
    both = totals.keys() & ours.keys()
    assert len(both) > 20
    assert {name: ours[name] for name in both} == {name: totals[name] for name in both}


def test_a_cache_with_grouped_heads_is_less_than_a_third_of_the_weights() -> None:
    """Llama 3 70B on 128 thousand tokens, as the page says of it."""
    assert kept("llama-3-70b", 131_072) < 2 * total("llama-3-70b") / 3


def test_each_described_model_is_used_and_none_is_known_by_name() -> None:
    used = " ".join(each.expression for _, each in ALL)
    starts = {one.get("like") for one in described().values()}
    assert [name for name in described() if f"'{name}'" not in used and name not in starts] == []
    assert not {held(model(name)) for name in described()} & {held(model(name)) for name in KNOWN}
    assert configuration("gpt2-xl")["vocab_size"] == KNOWN["gpt2"].config["vocab_size"]


def test_an_expression_names_what_there_is() -> None:
    with pytest.raises(KeyError):
        value_of("total('gpt-5')")
