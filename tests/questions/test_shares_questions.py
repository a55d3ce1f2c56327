"""Asked in public about shares and the scale of scores: the right number, and the name of the wrong one."""

from __future__ import annotations

import pytest

from layercost.questions import templates
from layercost.shape import ShapeError
from tests.questions.published_answers import Asked, published

ASKED = [
    # Gemma 2B: 524,288,000 of 2,506,172,416; with the table twice, and by its name.
    Asked(
        "Gemma 2B",
        "share-of-the-table",
        {"rows": 256_000, "width": 2048, "parameters": 2_506_172_416},
        "20.92",
        {"34.60": "tied-head-counted-twice", "26.45": "share-of-the-rest", "26.21": "size-in-the-name"},
    ),
    # 4 d² of 12 d²; half, a gated layer's quarter, and a fifth.
    Asked(
        "a block of GPT",
        "share-of-attention",
        {"width": 4096, "inner": 16_384},
        "33.33",
        {
            "50": "equal-halves",
            "66.67": "share-of-the-other-half",
            "25": "gate-not-asked-for",
            "20": "feed-forward-twice",
        },
    ),
    # A notebook says that maps do 99 % of the work, whatever the text.
    Asked(
        "4,096 tokens",
        "share-of-the-maps",
        {"width": 4096, "tokens": 4096},
        "85.71",
        {"100": "pairs-forgotten", "92.31": "pairs-halved", "99": "pairs-next-to-nothing"},
    ),
    # GPT-2 small: heads of 64 values.
    Asked(
        "GPT-2's scores",
        "scale-of-the-scores",
        {"width": 768, "heads": 12},
        "0.1250",
        {"0.0361": "scaled-by-the-width", "0.0156": "root-forgotten", "8": "scale-upside-down"},
    ),
]


@published(ASKED)
def test_a_published_answer_is_right_or_has_a_name(asked: Asked) -> None:
    assert asked.found == asked.expected


@pytest.mark.parametrize(
    ("name", "numbers", "says"),
    [
        ("scale-of-the-scores", {"width": 512, "heads": 12}, "heads that divide the width, but 512 / 12 is"),
        (
            "tokens-of-a-picture",
            {"side": 112, "patch": 15},
            "patches that fill the side, but 112 / 15 is not",
        ),
    ],
)
def test_what_cannot_be_parted_evenly_is_never_asked(name: str, numbers: dict[str, int], says: str) -> None:
    """A head of 42 2/3 values is none."""
    with pytest.raises(ShapeError, match=says):
        templates()[name].posed({"numbers": numbers, "pick": 0}).answers()
    for seed in range(30):
        drawn = templates()[name].draw(seed).state()["numbers"]
        assert drawn[next(iter(numbers))] % drawn[list(numbers)[-1]] == 0


@pytest.mark.parametrize("name", [row[1] for row in ASKED])
def test_a_share_is_worked_out_in_lines(name: str) -> None:
    """The last line ends in the answer."""
    posed = templates()[name].draw(0)
    assert len(posed.told()) > 40
    assert posed.diagnose(next(iter(posed.answers().values()))).id == "right"
