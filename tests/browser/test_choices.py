"""The choices of the audit lab in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.chromium

LAB = "chapters/audit_lab.html"


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_choice_is_answered_in_its_own_words(visit: Callable[..., Any], scripts: bool) -> None:
    """Only the chosen one speaks, and the verdict stays folded."""
    page = visit(java_script_enabled=scripts).open(LAB)
    question = page.locator("#audit-vgg-gflops")
    said = question.locator(".lc-suspect-said")
    assert [one.is_visible() for one in said.all()] == [False, False, False]
    question.get_by_label("FLOPs as most courses count them").check()
    assert [one.is_visible() for one in said.all()] == [True, False, False]
    assert "twice as many" in said.first.inner_text()
    question.get_by_label("Multiply-accumulates, called FLOPs").check()
    assert [one.is_visible() for one in said.all()] == [False, True, False]
    assert not question.locator(".lc-audited").is_visible()
