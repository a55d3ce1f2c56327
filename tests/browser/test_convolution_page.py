"""The moving kernel in a real browser: its arrow keys, its cells; and that claims on a page can be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytestmark = pytest.mark.chromium

PAGE, PLACE = "chapters/convolution.html", 13  # where the kernel stands as printed, of 6 by 6 places
SHOWN = ".lc-explorer-convolution .lc-scope"


@pytest.fixture
def page(visit: Callable[..., Any]) -> Iterator[Any]:
    """The chapter with its explorer drawn."""
    reader = visit()
    page = reader.open(PAGE)
    reader.wait_for("drawn")
    yield page
    assert reader.errors == []


def wait_for_place(page: Any, place: int) -> None:
    page.wait_for_function(
        "([where, said]) => document.querySelector(where).textContent.startsWith(said)",
        arg=[SHOWN, f"Place {place} of 36"],
    )


def test_the_arrow_keys_move_the_kernel_by_a_cell_and_by_a_row(page: Any) -> None:
    """Right and left by one place, down and up by as many as a row has; not beyond the first place."""
    page.locator(".lc-walk").first.focus()
    for key, place in {"ArrowRight": PLACE + 1, "ArrowDown": PLACE + 7, "ArrowLeft": PLACE + 6}.items():
        page.keyboard.press(key)
        wait_for_place(page, place)
    for _row in range(5):
        page.keyboard.press("ArrowUp")
    wait_for_place(page, (PLACE + 6) % 6)
    assert page.evaluate("document.activeElement.className") == "lc-walk"


def test_a_touch_on_a_cell_of_the_output_takes_the_kernel_there(page: Any) -> None:
    """Each cell of the output is a place of the kernel."""
    page.locator('.lc-explorer-convolution [data-set="position=36"]').click()
    wait_for_place(page, 36)


def test_a_claim_can_be_read_on_a_page_with_an_explorer(page: Any) -> None:
    """What an explorer says to those who hear the page is hidden from sight; what a claim says is not."""
    page.locator("details:has(.lc-claim) > summary").click()
    said = page.locator("#claim-conv-flops-input-map .lc-claimed")
    assert said.bounding_box()["height"] > 10
    assert "previous layer" in said.inner_text()
