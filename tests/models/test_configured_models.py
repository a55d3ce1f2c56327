"""Models from their configuration, against what a library builds and what a counter reads of it.

`configurations.json` has 105 configurations with their parameters, caches and readings, measured on models of
the named library versions, and the source of each configuration.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import layercost as lc
from layercost.models.families import FAMILIES
from layercost.models.from_config import from_config
from layercost.reproduced import OTHER_CACHES, Compared, compared, macs_of, model_of

FACTS: dict[str, Any] = json.loads(Path(__file__).with_name("configurations.json").read_text("utf-8"))
MODELS: dict[str, dict[str, Any]] = {facts["id"]: facts for facts in FACTS["models"]}
WITH_WINDOWS = [name for name, facts in MODELS.items() if "window_layers" in facts.get("cache", {})]


@cache
def numbers(name: str) -> tuple[Compared, ...]:
    """Every number that was measured of a model, beside ours."""
    return tuple(compared(MODELS[name]))


@pytest.mark.parametrize("what", ["parameters", "types", "active parameters", "reading", "cache"])
@pytest.mark.parametrize("name", MODELS)
def test_each_number_is_the_measured_one(name: str, what: str) -> None:
    """Parameters in four meanings and by type, active ones in three, twice the MACs, caches."""
    for number in numbers(name):
        if number.what == what:
            assert number.ours == number.measured


def test_everything_that_was_measured_is_compared() -> None:
    """105 models; 390 readings and 14 with fused attention; what differs by a reason is counted here."""
    every = [number for name in MODELS for number in numbers(name)]
    assert len(MODELS) == 105
    assert sum(number.what == "reading" for number in every) == 404
    apart = [number.what for number in every if number.reason is not None]
    assert (apart.count("reading"), apart.count("cache")) == (6 + 13, len(OTHER_CACHES))


@pytest.mark.parametrize("name", MODELS)
def test_multiply_accumulates_are_the_measured_ones_type_by_type(name: str) -> None:
    for reading in MODELS[name]["readings"]:
        if "macs" in reading:
            assert macs_of(model_of(MODELS[name]), reading) == reading["macs"]


@pytest.mark.parametrize("name", OTHER_CACHES)
def test_a_cache_that_has_a_reason_is_another_than_ours(name: str) -> None:
    held = lc.kv_cache(model_of(MODELS[name]), (MODELS[name]["cache"]["after"],))
    assert held.values != MODELS[name]["cache"]["elements"]


@pytest.mark.parametrize("name", WITH_WINDOWS)
def test_as_many_layers_have_a_window(name: str) -> None:
    facts = MODELS[name]["cache"]
    windows = [layer.window for layer in lc.kv_cache(model_of(MODELS[name]), (1,)).layers if layer.window]
    assert windows == [facts["window"]] * facts["window_layers"]


@pytest.mark.parametrize("name", FACTS["class_defaults"])
def test_a_class_without_any_field_is_counted_as_it_is(name: str) -> None:
    types = [each.model_type for each in FAMILIES.values() if each.model == name]
    built = from_config({"model_type": (types or [None])[0], "architectures": [name]})
    assert lc.count(built, lc.PARAMETERS).total == FACTS["class_defaults"][name]
    assert built.defaults
