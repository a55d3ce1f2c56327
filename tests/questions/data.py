"""Questions as data, for tests: the smallest one, and those of an assignment that the project ships."""

from __future__ import annotations

import copy
import tomllib
from typing import Any

from tests.conftest import ROOT

LINEAR: dict[str, Any] = {
    "id": "linear-parameters",
    "level": 1,
    "skills": ["fully-connected"],
    "wording": {"en": "How many parameters has {layer}?", "zh": "{layer} 有多少个参数？"},
    "draw": {"inputs": {"from": 2, "to": 512}, "outputs": {"from": 2, "to": 512}},
    "layer": "Linear(inputs, outputs)",
    "input": ["inputs"],
    "credit": {"forgot-bias": 0.5, "sizes-added": 0.25},
    "ask": [{"quantity": "parameters"}],
}
SPECIFICATIONS = sorted((ROOT / "exercises").glob("*/specification.toml"))
# The questions of one assignment, of which many are drawn; `test_assignments` takes a few draws of all.
SHIPPED: dict[str, dict[str, Any]] = {
    f"{path.parent.name}/{one['id']}": one
    for path in SPECIFICATIONS
    if path.parent.name == "fully_connected_and_lenet"
    for one in tomllib.loads(path.read_text(encoding="utf-8"))["question"]
}


def changed(**changes: Any) -> dict[str, Any]:
    """LINEAR with some entries replaced; an entry that is None is left out."""
    data = copy.deepcopy(LINEAR) | changes
    return {key: value for key, value in data.items() if value is not None}
