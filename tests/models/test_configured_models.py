"""Models from their configuration, against what a library builds and what a counter reads of it.

`configurations.json` has 105 configurations with their parameters, caches and readings, measured on models of
the named library versions, and the source of each configuration.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import layercost as lc
from layercost.active import Active, active_parameters
from layercost.by_type import macs_by_type, parameters_by_type
from layercost.caches import kv_cache
from layercost.models.families import FAMILIES
from layercost.models.from_config import ConfiguredModel, from_config
from layercost.totals import parameter_totals

FACTS: dict[str, Any] = json.loads(Path(__file__).with_name("configurations.json").read_text("utf-8"))
MODELS: dict[str, dict[str, Any]] = {facts["id"]: facts for facts in FACTS["models"]}
READINGS = [
    pytest.param(facts["id"], place, id=f"{facts['id']}-{place}")
    for facts in FACTS["models"]
    for place in range(len(facts["readings"]))
]
WITH_CACHE = [name for name, facts in MODELS.items() if "per_token" in facts.get("cache", {})]
WITH_EXPERTS = [name for name, facts in MODELS.items() if "active" in facts]
DISPATCHED = [name for name, facts in MODELS.items() if "dispatched" in facts]
ENCODER_TOKENS = 128  # of each reading of a step
BUILT: dict[str, ConfiguredModel] = {}

# Caches of the library that hold something else than keys and values once: Falcon 40B copies them to all
# heads before, and a windowed layer of these holds one token less after a prompt (the next one fills it).
OTHER_CACHES = {"falcon-40b", "gemma3-1b", "gpt-oss-120b"}


def model(name: str) -> ConfiguredModel:
    """The model of a configuration, of the class that was measured."""
    if name not in BUILT:
        facts = MODELS[name]
        BUILT[name] = from_config({**facts["config"], "architectures": [facts["class"]]})
    return BUILT[name]


def asked(built: ConfiguredModel, reading: dict[str, Any]) -> tuple[tuple[Any, ...], lc.Setting]:
    """The inputs and the setting of a reading."""
    setting = lc.Setting(batch=reading["batch"], cached=reading.get("cached", 0))
    shapes = built.input_shape
    tokens = (1 if reading["mode"] == "decode_step" else reading.get("sequence"),)
    if not isinstance(shapes[0], tuple):
        return (tokens if tokens[0] else shapes,), setting
    if len(shapes[-1]) != 1:  # a text and an image
        return shapes, setting
    source = (reading.get("sequence", ENCODER_TOKENS),) if len(shapes[0]) == 1 else shapes[0]
    return (source, (reading.get("decoder_sequence", 1),)), setting


@pytest.mark.parametrize("name", MODELS)
def test_parameters_are_those_of_the_library_in_total_and_by_type(name: str) -> None:
    assert lc.count(model(name), lc.PARAMETERS).total == MODELS[name]["totals"][0]
    assert parameters_by_type(model(name)) == MODELS[name]["by_type"]


@pytest.mark.parametrize(("name", "place"), READINGS)
def test_a_reading_of_the_counter_is_twice_our_macs(name: str, place: int) -> None:
    """But for experts that run in an operation which the counter does not know: it reads all else."""
    reading = MODELS[name]["readings"][place]
    shapes, setting = asked(model(name), reading)
    macs = macs_by_type(model(name), *shapes, setting=setting)
    unread = macs["experts"] if reading.get("experts") else 0
    assert 2 * (sum(macs.values()) - unread) == reading["flop_counter"]
    if "macs" in reading:
        assert macs == reading["macs"]


@pytest.mark.parametrize("name", DISPATCHED)
def test_fused_attention_hides_its_two_products_from_the_counter(name: str) -> None:
    """On a processor it is one operation of which the counter knows nothing; all else is read."""
    reading = MODELS[name]["readings"][0]
    shapes, setting = asked(model(name), reading)
    macs = macs_by_type(model(name), *shapes, setting=setting)
    products = sum(count for kind, count in macs.items() if kind.endswith((".scores", ".context")))
    hidden = 0 if name.startswith("deepseek-v2") else products  # its heads of two sizes are not fused
    assert 2 * (sum(macs.values()) - hidden) == MODELS[name]["dispatched"]


@pytest.mark.parametrize("name", WITH_CACHE)
def test_the_cache_is_that_of_the_definition(name: str) -> None:
    facts = MODELS[name]["cache"]
    shapes, _ = asked(model(name), {"mode": "decode_step", "batch": 1})
    cache = kv_cache(model(name), *shapes)
    assert cache.per_token == facts["per_token"]
    assert cache.per_source_token == facts.get("per_source_token", 0)
    if "window_layers" in facts:
        windows = [layer.window for layer in cache.layers if layer.window is not None]
        assert windows == [facts["window"]] * facts["window_layers"]


@pytest.mark.parametrize("name", [name for name in WITH_CACHE if "after" in MODELS[name]["cache"]])
def test_the_cache_after_a_prompt_is_the_librarys(name: str) -> None:
    facts = MODELS[name]["cache"]
    shapes = (facts["after"],)
    source = model(name).input_shape[0]
    several = ((ENCODER_TOKENS,) if len(source) == 1 else source, shapes) if isinstance(source, tuple) else ()
    cache = kv_cache(model(name), *(several or (shapes,)))
    own = sum(layer.values for layer in cache.layers if not layer.per_source_token)
    assert (own == facts["elements"]) is (name not in OTHER_CACHES)


@pytest.mark.parametrize("name", WITH_EXPERTS)
def test_active_parameters_are_those_of_each_meaning(name: str) -> None:
    assert [active_parameters(model(name), meaning) for meaning in Active] == MODELS[name]["active"]


@pytest.mark.parametrize("name", MODELS)
def test_parameters_are_those_of_each_meaning(name: str) -> None:
    assert [*parameter_totals(model(name)).values()] == MODELS[name]["totals"]


@pytest.mark.parametrize("name", FACTS["class_defaults"])
def test_a_class_without_any_field_is_counted_as_it_is(name: str) -> None:
    types = [each.model_type for each in FAMILIES.values() if each.model == name]
    built = from_config({"model_type": (types or [None])[0], "architectures": [name]})
    assert lc.count(built, lc.PARAMETERS).total == FACTS["class_defaults"][name]
    assert built.defaults
