"""Counts as plain data: the page computes what Python counts, for all numbers of the same form."""

from __future__ import annotations

import functools
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

import layercost as lc
from layercost import compiled
from layercost.expression import (
    HTML,
    Constant,
    Expression,
    Symbol,
    ceil_div,
    definitions,
    equation,
    exact_div,
    expression,
    maximum,
    minimum,
    substituted,
    symbols,
    tree,
)  # fmt: skip
from layercost.layer import LAYERS
from layercost.shape import checked_sizes, several
from tests.layercost.drawing import RECIPES, Drawn, layer_and_shape

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
FORMS, SETTINGS = 20, 50  # a thousand random settings of each layer
ASKED = (
    (lc.PARAMETERS, "textbook"),
    (lc.ACTIVATIONS, "textbook"),
    (lc.FLOPS, "textbook"),
    (lc.FLOPS, "macs"),
    (lc.FLOPS, "everything"),
)
LEAVES = sorted(name for name in LAYERS if LAYERS[name].is_leaf)


# ---- the page's arithmetic -------------------------------------------------------------------------------


@functools.cache
def node() -> str:
    """The node that builds the site: the machine's own, or the one that the environment brings."""
    sys.path.insert(0, str(ROOT / "web"))
    try:
        from site_builder.node import find_node
    finally:
        sys.path.remove(str(ROOT / "web"))
    return find_node()


def computed_by_page(asked: list[tuple[dict[str, Any], dict[str, str]]]) -> dict[str, Any]:
    """What web/src/live/compiled.mjs makes of each program with its values, in one process for all."""
    script, module = HERE / "compute_trees.mjs", ROOT / "web" / "src" / "live" / "compiled.mjs"
    done = subprocess.run(
        [node(), str(script), module.as_uri()],
        input=json.dumps(asked), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def in_python(formula: Expression, values: dict[str, int]) -> str | None:
    """The total with these values; None where a quotient is not exact, or no window fits."""
    with_them = substituted(formula, values)
    try:
        if any(each.value < 1 for each in definitions(with_them)):
            return None
        return str(with_them.value)
    except (ValueError, ZeroDivisionError):
        return None


def some(name: str, many: int) -> list[Drawn]:
    """Random layers of that name, the same at each run."""
    found: list[Drawn] = []

    @settings(
        max_examples=many, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(layer_and_shape(name))
    def draw(drawn: Drawn) -> None:
        found.append(drawn)

    draw()
    return found


def formulas(layer: lc.Layer, shape: Any) -> Iterator[Expression]:
    """The formulas of a layer for all that is asked."""
    for quantity, convention in ASKED:
        yield lc.count(layer, quantity, shape, convention).expression


def settings_of(formula: Expression, numbers: random.Random, many: int) -> Iterator[dict[str, int]]:
    """The formula's own numbers, and random ones: small, as in a course, and up to nine digits."""
    letters = [letter.name for letter in symbols(formula)]
    yield {letter.name: letter.number for letter in symbols(formula)}
    for _ in range(many - 1):
        most = numbers.choice([6, 300, 10**9])
        yield {letter: numbers.randint(1, most) for letter in letters}


def test_the_page_computes_what_python_counts_on_a_thousand_settings_of_each_layer() -> None:
    """Exactly, beyond 2^53 too; where Python refuses a setting, the page does."""
    numbers, asked, expected = random.Random(4), [], []  # noqa: S311 - nothing secret
    for name in LEAVES:
        for layer, shape in some(name, FORMS):
            for formula in formulas(layer, shape):
                program = compiled.program(formula)
                for values in settings_of(formula, numbers, SETTINGS // len(ASKED)):
                    asked.append((program, {letter: str(number) for letter, number in values.items()}))
                    expected.append(in_python(formula, values))
    answer = computed_by_page(asked)
    different = [(*ask, a, b) for ask, a, b in zip(asked, answer["totals"], expected, strict=True) if a != b]
    assert different == []
    assert len(asked) >= 1000 * len(LEAVES) * 0.9  # a layer with few different settings is drawn less often
    assert sum(total is not None and int(total) > 2**53 for total in expected) > 1000
    assert answer["each"] < 0.1  # milliseconds a number: a line stays far below one


def test_quotients_and_bounds_of_the_page_are_those_of_python_for_negative_numbers_too() -> None:
    numbers, asked, expected = random.Random(5), [], []  # noqa: S311 - nothing secret
    for _ in range(2000):
        a, b = numbers.randint(-50, 50), numbers.choice([n for n in range(-7, 8) if n])
        left, right = Symbol("a", a), Symbol("b", b)
        each = (
            left // right, ceil_div(left, right), exact_div(left, right), maximum(left, right, 3),
            minimum(left, right, 3), left**2 - right, left - (right - 3), Constant(2**60 + 1) * left,
        )  # fmt: skip
        for formula in map(expression, each):
            asked.append((compiled.program(formula), {}))
            expected.append(in_python(formula, {}))
    assert computed_by_page(asked)["totals"] == expected
    assert None in expected


def test_the_page_groups_digits_as_python_does() -> None:
    totals = [7, 999, 1000, 123456, 1234567, 10**20, -1234]
    answer = computed_by_page([({"letters": {}, "tree": ["whole", str(total)]}, {}) for total in totals])
    assert answer["grouped"] == [f"{total:,}" for total in totals]


# ---- forms ------------------------------------------------------------------------------------------------


def own_letters(layer: lc.Layer, shape: Any) -> dict[str, int]:
    """Every letter of a layer and its input with its number."""
    twin, shapes, _ = layer.symbolic(*map(checked_sizes, several(shape)))
    parts: list[Any] = [*(part for shape in shapes for part in shape)]
    parts += [getattr(twin, each.name) for each in fields(layer)]  # a field's letter before an axis's
    found = dict[str, int]()
    while parts:
        match parts.pop(0):
            case Symbol(name=name, number=number):
                found[name] = number
            case tuple() as several_parts:
                parts += several_parts
    return found


@pytest.mark.parametrize("name", LEAVES)
def test_a_formula_holds_for_every_setting_of_its_form(name: str) -> None:
    known: dict[str, list[Expression]] = {}
    for layer, shape in some(name, 60):
        if not compiled.holds_for_its_form(layer):
            continue
        form = json.dumps(compiled.form(layer, shape))
        first = known.setdefault(form, list(formulas(layer, shape)))
        totals = [lc.count(layer, quantity, shape, convention).total for quantity, convention in ASKED]
        letters = own_letters(layer, shape)
        assert [substituted(formula, letters).value for formula in first] == totals


def test_a_line_says_for_which_settings_it_holds() -> None:
    conv = lc.Conv2d(3, 6, kernel_size=5)
    (line, *_) = compiled.lines(conv, (3, 32, 32), [lc.FLOPS])
    assert (line["when"]["groups"], line["when"]["bias"], line["fields"]["kernel_size"]) == (1, True, "k")
    assert (line["axes"], line["definitions"][0][0]) == (["C_in", "H", "W"], "H_out")
    grouped = compiled.form(lc.Conv2d(4, 6, kernel_size=(5, 3), groups=2), (4, 32, 32))
    assert grouped["unless"] == {"groups": 1}
    assert grouped["fields"]["kernel_size"] == ["k_h", "k_w"]


def test_there_is_a_line_for_each_convention_and_choice() -> None:
    found = compiled.lines(
        lc.Linear(3, 2), (3,), [lc.PARAMETERS, lc.FLOPS], conventions=list(lc.CONVENTIONS), bias=[True, False]
    )
    assert len(found) == 2 * (1 + len(lc.CONVENTIONS))
    assert {line.get("convention") for line in found} == {None, *lc.CONVENTIONS}
    assert all(line["total"] in line["html"] for line in found)


def test_a_batch_is_a_letter_from_two_samples_on() -> None:
    (alone,) = compiled.lines(lc.Linear(3, 2), (3,), [lc.MACS])
    (many,) = compiled.lines(lc.Linear(3, 2), (3,), [lc.MACS], setting={"batch": 8})
    assert (alone["when"]["batch"], many["unless"], many["fields"]["batch"]) == (1, {"batch": 1}, "N")
    assert many["letters"] == {"d_in": 3, "N": 8, "d_out": 2}


def test_tokens_in_the_cache_are_a_letter_where_there_are_some() -> None:
    attention, shape = lc.Attention(8, 2, causal=True), (1, 8)
    (first,) = compiled.lines(attention, shape, [lc.KV_CACHE], setting={"cached": 0})
    (later,) = compiled.lines(attention, shape, [lc.KV_CACHE], setting={"cached": 9})
    assert (first["when"]["cached"], later["unless"], later["fields"]["cached"]) == (0, {"cached": 0}, "T_c")
    assert later["copied"].startswith("(T_c + T)·d + (T_c + T)·d = ({T_c} + {T})·{d}")


def test_what_is_copied_has_a_place_for_each_number() -> None:
    count = lc.count(lc.Linear(300, 100), lc.PARAMETERS, (300,))
    assert compiled.copied(count.expression) == "d_out·d_in + d_out = {d_out}·{d_in} + {d_out} = {=}"
    assert compiled.copied(Symbol("C_out", 6)) == "C_out = {=}"


def test_pooling_that_clips_its_windows_is_said_to_branch_on_its_sizes() -> None:
    (line,) = compiled.lines(lc.MaxPool2d(2, ceil_mode=True), (3, 5, 5), [lc.ACTIVATIONS])
    assert line["holds"] is False


# ---- trees ------------------------------------------------------------------------------------------------


def test_a_tree_reads_definitions_by_name_and_carries_large_numbers_as_text() -> None:
    count = lc.count(lc.Conv2d(3, 6, kernel_size=5), lc.ACTIVATIONS, (3, 32, 32))
    assert tree(count.expression) == ["*", "C_out", "H_out", "W_out"]
    assert tree(Constant(2**53)) == ["whole", "9007199254740992"]


def test_a_formula_that_is_one_letter_gives_its_number_once() -> None:
    assert equation(Symbol("C_out", 6), HTML).count(">6<") == 1


def test_every_layer_has_a_recipe_here() -> None:
    assert set(LEAVES) <= set(RECIPES)


def test_a_letter_of_a_field_and_one_of_the_input_share_a_name_only_where_they_share_a_number() -> None:
    """Four channels, the last axis three long: the two were both called C, and read C·C = 4·3."""
    count = lc.count(lc.GroupNorm(2, 4), lc.ACTIVATIONS, (4, 3))
    assert len({letter.name for letter in symbols(count.expression)}) == 2
    assert (
        substituted(
            count.expression, {letter.name: letter.number for letter in symbols(count.expression)}
        ).value
        == 12
    )


def test_a_page_adds_up_the_terms_of_a_sum() -> None:
    """Its letter goes from 0 up to the number of its terms; outside of it there is no such letter."""
    term = ["*", "i", "k"]
    asked = [
        ({"letters": {"k": 3, "n": 4}, "tree": ["sum", "i", "n", term]}, {"n": "5"}),
        ({"letters": {"k": 3}, "tree": ["sum", "i", 0, term]}, {}),
        ({"letters": {"k": 3}, "tree": ["+", ["sum", "i", 2, "k"], "i"]}, {}),
    ]
    assert computed_by_page(asked)["totals"] == ["30", "0", None]
