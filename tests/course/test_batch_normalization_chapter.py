"""What the chapter on batch normalization says in words holds of the networks that it names."""

from __future__ import annotations

import json
from pathlib import Path

import course_figures
import pytest

import layercost as lc
from tests.course.pages import names_of

NAMES = names_of("batch_normalization")
READINGS = Path(__file__).resolve().parents[1] / "dialects" / "readings.json"


def test_keras_prints_the_number_that_the_chapter_works_out():
    """A bias for each normalized channel, and the recorded values, on top of what PyTorch counts."""
    text = READINGS.read_text(encoding="utf-8")
    (reading,) = _found(json.loads(text), "keras_resnet50")
    assert reading["count_params"] == NAMES["keras_total"] == 25_557_032 + 3 * 26_560
    assert reading["non_trainable"] == 2 * NAMES["channels"]


def _found(data: object, key: str) -> list[dict[str, int]]:
    if not isinstance(data, dict):
        return []
    here = [data[key]] if key in data and "count_params" in data[key] else []
    return here + [one for value in data.values() for one in _found(value, key)]


def test_the_first_figure_adds_up_to_what_the_library_counts():
    net = NAMES["net"]
    picture = course_figures.one_channel(net)
    totals = [int(row[-1].replace(",", "")) for row in picture.rows]
    assert totals[0] == lc.count(net, lc.PARAMETERS).total
    assert totals[1] == NAMES["keras_total"]
    assert totals[2] == lc.count(lc.fold(net), lc.PARAMETERS).total
    assert picture.drawn.count("lc-channel-stored") == 2


def test_every_normalization_of_resnet_50_folds():
    assert not [leaf for _path, leaf in NAMES["folded_net"].leaves() if isinstance(leaf, lc.BatchNorm2d)]
    assert lc.count(NAMES["folded_net"], lc.BUFFERS).total == 0


def test_by_the_textbook_folding_costs_more_and_by_everything_less():
    def both(name: str) -> list[int]:
        nets = (NAMES["net"], NAMES["folded_net"])
        return [lc.count(net, lc.FLOPS, (3, 224, 224), convention=name).total for net in nets]

    before, after = both("textbook")
    assert after > before
    before, after = both("everything")
    values = sum(
        lc.count(call.layer, lc.ACTIVATIONS, call.input_shape).total
        for call in NAMES["net"].calls(NAMES["net"].input_shape)
        if isinstance(call.layer, lc.BatchNorm2d)
    )
    assert before - after == 3 * values


@pytest.mark.parametrize("batch", [1, 8, 32])
def test_training_takes_about_seven_operations_a_value(batch: int):
    length = batch * 56 * 56
    per_channel = 2 * (length - 1) + 2 + 5 * length + 2  # means, values, epsilon and root
    recorded = 1 + 2 * 3  # the variance over n - 1, and both statistics moved a step
    assert NAMES["in_training"](batch) == 64 * (per_channel + recorded)
