"""The tables of the page *Conventions*, as the book's extension writes them."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

import layercost as lc
from layercost.dialects import DIALECTS, Coverage

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def page() -> ModuleType:
    """The book's extension."""
    path = ROOT / "web" / "sphinx" / "course_coverage.py"
    sys.path.append(str(path.parent))  # it imports other extensions of the book
    spec = importlib.util.spec_from_file_location("course_coverage", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["course_coverage"] = module
    spec.loader.exec_module(module)
    return module


def written(page: ModuleType, name: str, *arguments: str) -> str:
    """What a directive writes, without a build around it."""
    directive = getattr(page, name).__new__(getattr(page, name))
    directive.arguments = list(arguments)
    text: str = directive.written()
    return text


def test_the_coverage_table_has_every_subject_every_tool_and_the_totals(
    page: ModuleType, covered: Coverage
) -> None:
    """Subjects by tools, and a total and a share for each tool."""
    table = written(page, "CoverageTable")
    assert table.count("<tr") == 1 + len(covered.subjects) + 2
    for tool in covered.dialects:
        numbers = covered.of(tool)
        agreed = sum(number.agrees for number in numbers)
        assert f"{agreed}/{len(numbers)}" in table


def test_each_exception_stands_on_the_page_with_its_reason(page: ModuleType, covered: Coverage) -> None:
    """No exception is without a reason, and the share stands above."""
    table = written(page, "CoverageExceptions")
    assert f"{len(covered.exceptions)} of {len(covered.numbers):,} numbers" in table
    assert "nobody knows yet" not in table


def test_the_page_names_every_convention_and_every_tool(page: ModuleType) -> None:
    """Each with what it counts."""
    conventions, tools = written(page, "NamedConventions"), written(page, "Tools")
    assert all(name in conventions for name in lc.CONVENTIONS)
    assert all(f"<td>{name} " in tools for name in DIALECTS)


def test_a_matrix_holds_the_number_of_each_tool(page: ModuleType) -> None:
    """ResNet-50 as fvcore and as thop counts it."""
    matrix = written(page, "Compare", "resnet50")
    assert "4,111,512,576" in matrix
    assert "4,133,742,592" in matrix


def test_the_page_says_how_every_architecture_came_out(page: ModuleType) -> None:
    """The counts by package, all that are not exact with their reasons, and the list of all."""
    every = page.outcomes()
    counts, all_of_them = written(page, "Architectures"), written(page, "EveryArchitecture")
    others = [one for one in every if one["how"] != "exact"]
    assert f">{len(every) - len(others)}</td>" in counts
    assert all(f"<td>{one['architecture'].replace(':', ' ')}</td>" in counts for one in others)
    assert all(f"<td>{one['architecture']}</td>" in all_of_them for one in every)


def test_the_page_says_where_a_tool_prints_something_else_on_a_model(page: ModuleType) -> None:
    run = json.loads(page.TOOLS_RUN.read_text(encoding="utf-8"))
    every, apart = len(run["models"]) * len(run["tools"]), run["explained"]
    table = written(page, "ToolsOnArchitectures")
    assert f"{every - len(apart)} of {every} readings agree" in table
    assert table.count("<tr") == 1 + len(apart)


def test_the_page_says_how_far_configurations_are_reproduced(page: ModuleType) -> None:
    """Every family, all numbers of all models, and each reason with the models that it is of."""
    table, apart = written(page, "Configurations"), written(page, "ConfigurationsApart")
    families = {number.model_type for number in page.configured()}
    assert table.count("<tr") == 1 + len(families) + 1
    assert all(f"<td>{family}</td>" in table for family in families)
    assert ">105/105</td>" in table
    assert ">404/404 *</td>" in table
    assert "mixtral-8x7b" in apart
    assert apart.count("<tr") == 1 + 4


def test_the_page_stands_in_the_book() -> None:
    """The table of contents and the settings know the page and its extension."""
    assert "chapters/conventions" in (ROOT / "_toc.yml").read_text(encoding="utf-8")
    assert "course_coverage" in (ROOT / "_config.yml").read_text(encoding="utf-8")
