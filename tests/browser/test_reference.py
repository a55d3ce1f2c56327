"""The reference names everything that the library promises."""

from __future__ import annotations

from pathlib import Path

import pytest

import layercost as lc

PROMISED = [*(name for name in lc.__all__ if name != "networks"), *lc.networks.NETWORKS]


@pytest.mark.chromium
def test_the_reference_has_an_entry_for_every_public_name(site: Path) -> None:
    """A name that `layercost.__all__` lists, or a network, cannot be left out of the page."""
    page = (site / "chapters" / "reference.html").read_text(encoding="utf-8")
    missing = [name for name in PROMISED if f"{name}<" not in page and f"{name}(" not in page]
    assert not missing


@pytest.mark.chromium
def test_the_reference_shows_what_the_command_prints(site: Path) -> None:
    """The help of the command is in the page as it is printed."""
    page = (site / "chapters" / "reference.html").read_text(encoding="utf-8")
    assert "usage: layercost" in page
    assert "usage: layercost show" in page
