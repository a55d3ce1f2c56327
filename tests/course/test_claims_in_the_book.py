"""Every claim of the source documents is declared once, shown once, and has a verdict that holds."""

from __future__ import annotations

import re

import pytest
from course_claims import VERDICTS, Claim, agree, claims_of, plain, register, written

from tests.course.pages import CHAPTERS, chapters, names_of, text_of

DECLARED = [claim for chapter in register()["chapters"] for claim in claims_of(chapter).values()]
COUNTED = [claim for claim in DECLARED if claim.value is not None and claim.claimed is not None]


def placed(chapter: str) -> list[str]:
    """The ids of the claims that a chapter shows, in their order."""
    return re.findall(r"^`{3,}\{claim\} *(\S*)", text_of(chapter), re.M)


def test_the_register_lists_the_78_claims_of_the_documents_once_each():
    listed = [name for names in register()["chapters"].values() for name in names]
    assert len(listed) == len(set(listed)) == 78


@pytest.mark.parametrize("chapter", register()["chapters"])
def test_a_chapter_declares_the_claims_that_the_register_gives_it(chapter: str):
    assert list(claims_of(chapter)) == register()["chapters"][chapter]


def test_every_file_of_claims_belongs_to_a_chapter_of_the_register():
    files = {path.stem for path in (CHAPTERS / "claims").glob("*.toml")}
    assert files == {"register", *register()["chapters"]}


@pytest.mark.parametrize("chapter", register()["chapters"])
def test_a_chapter_shows_each_of_its_claims_once(chapter: str):
    assert chapter in chapters()
    assert sorted(placed(chapter)) == sorted(register()["chapters"][chapter])


def test_no_other_page_shows_a_claim():
    others = set(chapters()) - set(register()["chapters"])
    assert {chapter: placed(chapter) for chapter in others if placed(chapter)} == {}


@pytest.mark.parametrize("claim", DECLARED, ids=lambda claim: claim.id)
def test_a_claim_says_who_makes_it_and_what_we_think(claim: Claim):
    assert claim.verdict in VERDICTS
    assert claim.source
    assert set(claim.source) <= set(register()["documents"])
    assert claim.says.endswith(".")


def body_of(claim: Claim) -> str:
    """What the chapter writes under the claim."""
    block = rf"^(`{{3,}})\{{claim\}} *{re.escape(claim.id)}\n(.*?)^\1$"
    found = re.search(block, text_of(claim.chapter), re.M | re.S)
    return found[2].strip() if found else ""


@pytest.mark.parametrize("claim", DECLARED, ids=lambda claim: claim.id)
def test_the_reason_of_a_verdict_stands_in_the_chapter_or_in_the_declaration(claim: Claim):
    """Where the chapter gives one, another in the declaration would be read by nobody."""
    assert bool(body_of(claim)) != bool(claim.reason.strip())


def numbers(claim: Claim, *names: str) -> list[object]:
    known = names_of(claim.chapter)
    return [plain(claim.number(getattr(claim, name), known)) for name in names]


@pytest.mark.parametrize("claim", COUNTED, ids=lambda claim: claim.id)
def test_what_is_claimed_is_what_we_count_unless_it_is_wrong(claim: Claim):
    claimed, counted = numbers(claim, "claimed", "value")
    assert agree(claimed, counted) == (claim.verdict != "wrong")


@pytest.mark.parametrize(
    "claim", [claim for claim in DECLARED if claim.otherwise is not None], ids=lambda claim: claim.id
)
def test_a_claim_that_holds_by_one_reading_fails_by_the_other(claim: Claim):
    claimed, otherwise = numbers(claim, "claimed", "otherwise")
    assert claim.verdict in ("convention", "unclear")
    assert not agree(claimed, otherwise)


def test_every_claim_is_counted():
    """Where a document gives no number, what it says still comes to one: `example` says which."""
    assert {claim.id for claim in DECLARED if claim not in COUNTED} == set()


def test_what_is_counted_is_computed():
    """A value that is typed would agree with what is claimed whatever the library does."""
    assert [claim.id for claim in DECLARED if not re.search(r"[a-z]", str(claim.value))] == []


def test_a_number_is_written_as_the_course_writes_it():
    assert written(1605632) == '<span class="lc-number">1,605,632</span>'
    assert written(246824 / 1024) == '<span class="lc-number">241.0391</span>'
    assert re.sub("<.*?>", "", written([(6, 28, 28), (120,)], shape=True)) == "6 × 28 × 28, 120"


@pytest.mark.parametrize(
    ("claimed", "counted", "same"),
    [
        pytest.param(241.039, 246824 / 1024, True, id="as far as the decimals go"),
        pytest.param(241.039, 246824 / 1000, False, id="another unit"),
        pytest.param([6, 28, 28], (6, 28, 28), True, id="shapes"),
        pytest.param([6, 28], (6, 28, 28), False, id="an axis is missing"),
        pytest.param(30100, 30100, True, id="whole numbers"),
    ],
)
def test_values_agree_as_far_as_they_are_stated(claimed: object, counted: object, same: bool):
    assert agree(claimed, counted) == same
