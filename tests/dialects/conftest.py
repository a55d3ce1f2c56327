"""The measured readings, read once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from layercost.dialects import Coverage, coverage


@pytest.fixture(scope="session")
def measured() -> dict[str, Any]:
    """What the tools were measured to print."""
    text = Path(__file__).with_name("readings.json").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text)
    return data


@pytest.fixture(scope="session")
def covered(measured: dict[str, Any]) -> Coverage:
    """Every measured number beside ours."""
    return coverage(measured)
