"""Every dialect against what its tool was measured to print, number by number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from layercost import UnknownNameError
from layercost.dialects import DIALECTS, EXCEPTIONS, Coverage, coverage, keras
from layercost.dialects.coverage import subject_layer
from layercost.dialects.dialect import MEASURED

READINGS = Path(__file__).with_name("readings.json")
DATA = json.loads(READINGS.read_text(encoding="utf-8"))
NAMED = [
    "torch.FlopCounterMode", "fvcore", "thop", "ultralytics-thop", "ptflops(pytorch)", "ptflops(aten)",
    "torchinfo", "calflops", "deepspeed", "torchprofile", "torch-flops", "torchscan", "torchmeter",
    "onnx-tool", "keras+tf.profiler",
]  # fmt: skip


@pytest.mark.parametrize(
    ("dialect", "subject"),
    [
        pytest.param(dialect, subject, id=f"{dialect}-{subject}")
        for dialect, subjects in DATA["readings"].items()
        for subject in subjects
    ],
)
def test_a_reading_is_the_measured_one_or_its_difference_has_a_reason(
    dialect: str, subject: str, covered: Coverage
) -> None:
    """Each number under the tool's own name is the one that the tool printed, unless a reason says why."""
    wrong = [number for number in covered.of(dialect, subject) if not number.agrees and not number.reason]
    assert not wrong


def test_at_most_two_percent_of_all_numbers_are_exceptions(
    covered: Coverage, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of all numbers of all subjects, at most 2 % differ from the measured ones."""
    with capsys.disabled():
        exceptions, numbers = len(covered.exceptions), len(covered.numbers)
        print(f"\ndialects: {exceptions} exceptions of {numbers:,} numbers = {covered.share:.2%}")
    assert len(covered.numbers) > 2500
    assert covered.share <= 0.02


@pytest.mark.parametrize("dialect", NAMED)
def test_each_named_tool_is_measured_on_the_subjects_that_we_have(dialect: str) -> None:
    """No tool is left out: each has a dialect, and readings of more than 20 subjects."""
    assert dialect in DIALECTS
    assert len(DATA["readings"][dialect]) > 20


def test_every_exception_is_of_a_reading_that_differs(covered: Coverage) -> None:
    """A reason stands only where there is a difference: what was mended leaves the list."""
    differing = {(number.dialect, number.subject) for number in covered.exceptions}
    assert set(EXCEPTIONS) == differing


def test_a_wrong_number_would_be_seen(measured: dict[str, Any]) -> None:
    """A measured number that is not ours shows as an exception, and so does one that we add or lack."""
    subjects = {"a": {"layer": "Linear(300, 100)", "input": [300], "what": "one layer"}}
    readings = {"fvcore": {"a": {"total": 30001, "unsupported_ops": {"aten::odd": 1}}}}
    found = coverage({"subjects": subjects, "readings": readings})
    assert {number.name for number in found.exceptions} == {
        "total",
        "unsupported_ops.aten::odd",
        "by_operator.linear",
    }


def test_a_tool_that_nobody_reads_is_refused() -> None:
    """Readings of a tool without a dialect are an error that names the nearest."""
    with pytest.raises(UnknownNameError, match="no dialect is called 'fvcor'; did you mean 'fvcore'"):
        coverage({"subjects": {}, "readings": {"fvcor": {}}})


BY_ARITHMETIC = {"MatMul"}  # held by the test of products of two inputs


@pytest.mark.parametrize("dialect", [name for name in DATA["readings"] if "keras" not in name])
def test_a_type_is_called_measured_where_the_tool_was_run_on_it(dialect: str) -> None:
    """Of every type that is free without a rule there is a reading; the rest is not measured."""
    seen = {
        type(leaf).__name__
        for subject in DATA["readings"][dialect]
        for _, leaf in subject_layer(DATA["subjects"][subject])[0].leaves()
    }
    assert {kind.__name__ for kind in MEASURED} <= seen | BY_ARITHMETIC


def test_a_type_is_free_for_keras_where_it_was_run_on_it() -> None:
    """Types without a rule of TensorFlow's profiler were in a model that it read."""
    subjects = DATA["readings"]["keras+tf.profiler"]
    leaves = [
        leaf for subject in subjects for _, leaf in subject_layer(DATA["subjects"][subject])[0].leaves()
    ]
    assert {kind.__name__ for kind in keras.FREE} <= {type(leaf).__name__ for leaf in leaves}
