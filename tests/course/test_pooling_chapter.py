"""What the pooling chapter says in words holds of the layers that it names."""

from __future__ import annotations

from collections import Counter

import course_figures
import pytest

import layercost as lc
from layercost import dialects
from tests.course.pages import names_of

IMAGE = (128, 112, 112)
NAMES = names_of("pooling")


def test_every_number_of_the_first_figure_is_explained_by_what_is_counted_in_a_window():
    picture = course_figures.counted_in_a_window(lc.MaxPool2d(2), IMAGE)
    windows = 128 * 56 * 56
    assert [row[1] for row in picture.rows] == [f"{each * windows:,}" for each in (0, 1, 3, 4, 8)]
    assert not any("its own" in row[0] for row in picture.rows)
    assert picture.drawn.count("lc-counted-dot") == 1 + 3
    assert sum(len(row[2].split(", ")) for row in picture.rows) == NAMES["asked"]


@pytest.mark.parametrize("tool", ["tf.profiler", "calflops", "deepspeed"])
def test_tools_that_agree_on_windows_side_by_side_part_where_they_overlap(tool: str):
    assert dialects.read(lc.MaxPool2d(2), IMAGE, tool).main == 112 * 112 * 128
    overlapping = dialects.read(lc.MaxPool2d(3, 2), IMAGE, tool).main
    assert overlapping == (9 * 55 * 55 * 128 if tool == "tf.profiler" else 112 * 112 * 128)


def test_the_windows_of_resnets_pooling_have_4_6_or_9_cells():
    along = [len(range(max(2 * i - 1, 0), min(2 * i + 2, 112))) for i in range(56)]
    cells = Counter(a * b for a in along for b in along)
    assert cells == {4: 1, 6: 2 * 55, 9: 55 * 55}
    counted = lc.count(NAMES["stem"], lc.COMPARISONS, NAMES["stem_image"]).total
    assert counted == 64 * sum((size - 1) * many for size, many in cells.items())


def test_rows_first_and_then_columns_give_the_same_map_with_fewer_comparisons():
    in_two = NAMES["in_two"]
    assert in_two.output_shape(IMAGE) == lc.MaxPool2d(3, 2).output_shape(IMAGE)
    assert lc.count(in_two, lc.COMPARISONS, IMAGE).total == 128 * (112 * 55 * 2 + 55 * 55 * 2)
    side_by_side = lc.Sequential(lc.MaxPool2d((1, 2)), lc.MaxPool2d((2, 1)))
    plain = lc.count(lc.MaxPool2d(2), lc.COMPARISONS, IMAGE).total
    assert lc.count(side_by_side, lc.COMPARISONS, IMAGE).total == plain


def test_torchmeter_prices_a_mean_as_a_convolution_of_each_channel_alone():
    printed = dialects.read(NAMES["mean"], IMAGE, "torchmeter").main
    assert printed == lc.count(NAMES["as_convolution"], lc.FLOPS, IMAGE).total == 7 * 128 * 56 * 56
