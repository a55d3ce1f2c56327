"""The explorer of GoogLeNet's modules shows what layercost computes, and what plain loops do."""

from __future__ import annotations

from typing import Any

import pytest

import layercost as lc
from layercost import witness
from layercost.explorers import explorer as explorer_named
from layercost.explorers.googlenet import BRANCHES, ENTERING, widths_of
from layercost.networks.googlenet import TABLE_1, Inception, inception
from tests.explorers.reading import copied_lines, move, numbers, tree, with_class, words

WITH_BIASES = {"3a": 163_696, "4a": 376_176, "5b": 1_444_080}


def shown(**settings: object) -> Any:
    made = explorer_named("googlenet")
    move(made, **settings)
    return made


def bars(made: Any) -> list[int]:
    """The totals of the two bars: with the reductions, and without."""
    heads = with_class(made.pane("picture"), "lc-bar-of")
    return [int(next(iter(numbers(words(head).partition(" MACs")[0])))) for head in heads]


@pytest.mark.parametrize("module", list(TABLE_1))
def test_a_module_of_the_network_has_the_networks_rows(module: str) -> None:
    """Its widths, its name, its parameters and its MACs are those of the whole network's table."""
    made = shown(module=module)
    rows = [
        row for row in lc.table(lc.networks.googlenet()).rows if row.name.startswith(f"inception{module}.")
    ]
    held, macs = sum(row.parameters for row in rows), sum(row.macs for row in rows)
    assert words(with_class(made.pane("picture"), "lc-heading")[0]) == f"Module {module}"
    assert copied_lines(made, "total")[0] == f"{held:,} parameters"
    assert bars(made)[0] == macs
    assert held == WITH_BIASES.get(module, held)
    assert {field: made.control(field).value for field in widths_of(module)} == widths_of(module)


def test_what_enters_a_module_is_what_the_one_before_gives() -> None:
    """192 channels after the stem, and then the sums of table 1."""
    rows = {row.name: row for row in lc.table(lc.networks.googlenet()).rows}
    for module, channels in ENTERING.items():
        assert rows[f"inception{module}.branch1.conv"].inputs[0][0] == channels


def test_module_3a_costs_two_and_a_third_times_as_much_without_its_reductions() -> None:
    """128,049,152 MACs against 28·28·(192·64 + 192·9·128 + 192·25·32) = 303,464,448."""
    made = explorer_named("googlenet")
    direct = 28 * 28 * (192 * 64 + 192 * 9 * 128 + 192 * 25 * 32)
    assert bars(made) == [128_049_152, direct]
    assert words(with_class(made.pane("picture"), "lc-factor")[0]).startswith("×2.37")
    move(made, reduced=False)
    assert bars(made) == [128_049_152, direct]


@pytest.mark.parametrize(("reduced", "channels"), [(True, (64, 128, 32, 32)), (False, (64, 128, 32, 192))])
def test_each_branch_is_drawn_at_its_place_in_the_concatenation(
    reduced: bool, channels: tuple[int, ...]
) -> None:
    """Its bar is as long as its channels, and begins where those before it end; pooling keeps all."""
    made = shown(reduced=reduced)
    svg = with_class(made.pane("picture"), "lc-module")[0]
    drawn = {
        branch: [one for one in svg.iter("rect") if f"lc-branch-{place}" in one.get("class", "")]
        for place, branch in enumerate(BRANCHES, 1)
    }
    unit = 398 / max(192, sum(channels))
    begun = 1.0
    for (branch, rectangles), width in zip(drawn.items(), channels, strict=True):
        for one in rectangles:
            assert float(one.get("x", "")) == pytest.approx(begun, abs=0.01), branch
            assert float(one.get("width", "")) == pytest.approx(width * unit, abs=0.01), branch
        assert len(rectangles) == 2
        begun += width * unit
    joined = words(with_class(made.pane("picture"), "lc-joined")[0])
    assert joined == f"concatenated: {' + '.join(map(str, channels))} = {sum(channels)} channels"


def test_the_detour_pays_up_to_154_channels() -> None:
    """192·r + 25·32·r is below 25·192·32 as long as r is at most 154."""
    made = explorer_named("googlenet")
    without = bars(made)[1]
    lost = {}
    for between in (154, 155):
        move(made, five_reduce=between, three_reduce=96)
        branch = made._good.convolutions("branch3")
        lost[between] = sum(row.macs for row in branch) - 28 * 28 * 192 * 25 * 32
    assert lost[154] < 0 < lost[155]
    assert bars(made)[1] == without


def test_its_macs_are_the_multiplications_of_plain_loops() -> None:
    """A small module, run one number at a time, with its reductions and without."""
    row = Inception(2, 2, 3, 1, 2, 2)
    for reduced in (True, False):
        run = witness.run(inception(3, row, reduced=reduced), (3, 4, 4))
        made = shown(**row._asdict(), in_channels=3, size=4)
        assert bars(made)[0 if reduced else 1] == run.tally.multiplications


def test_a_module_of_your_own_has_no_name_of_the_networks() -> None:
    """One width moved, and it is yours; the module's name comes back with its widths."""
    made = shown(five_reduce=17)
    assert words(with_class(made.pane("picture"), "lc-heading")[0]) == "A module of your own"
    move(made, five_reduce=16)
    assert words(with_class(made.pane("picture"), "lc-heading")[0]) == "Module 3a"
    move(made, far=3)
    assert words(with_class(made.pane("picture"), "lc-heading")[0]) == "Module 3a, 3×3 for 5×5"


def test_its_picture_says_each_branch_in_words() -> None:
    """The kernels, the channels and the MACs of each branch, for those who hear it and those who see it."""
    made = explorer_named("googlenet")
    said = [words(one) for one in tree(made.pane("picture")).iter("text")]
    assert "1×1 → 16, 5×5 → 32: 12,443,648 MACs" in said
    assert "pooling, 1×1 → 32: 4,816,896 MACs" in said
