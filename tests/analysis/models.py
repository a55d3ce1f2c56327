"""Models whose training was measured elsewhere, and what was measured."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import layercost as lc

HERE = Path(__file__).parent


def rows(file: str) -> list[dict[str, Any]]:
    """What was measured, one row a model."""
    found: list[dict[str, Any]] = json.loads((HERE / file).read_text(encoding="utf-8"))["rows"]
    return found


def named(file: str, measured: str = "name", but: tuple[str, ...] = ()) -> list[Any]:
    """The rows in which this was measured as parameters of a test, each under its name."""
    wanted = [row for row in rows(file) if row[measured] is not None and row["name"] not in but]
    return [pytest.param(row, id=row["name"]) for row in wanted]


@cache
def _built(config: str) -> lc.Layer:
    return lc.from_config(json.loads(config))


def built(row: dict[str, Any]) -> lc.Layer:
    """The model of a row."""
    return _built(json.dumps(row["config"]))


def shape(row: dict[str, Any]) -> Any:
    """The input of a row: one shape, or one for each value."""
    sizes = row["input"]
    return tuple(map(tuple, sizes)) if isinstance(sizes[0], list) else tuple(sizes)


@cache
def known(name: str) -> lc.Layer:
    """A model of the measured ones by its name."""
    every = {row["name"]: row for row in rows("training.json")}
    return built(every[name])
