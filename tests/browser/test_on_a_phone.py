"""A reader with a telephone: what stands on 360 pixels is read whole, and touched with a finger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

PHONE = {
    "viewport": {"width": 360, "height": 760},
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}
FIRST_PAGES = ("index.html", "chapters/units_and_conventions.html", "chapters/fully_connected.html")
PUBLISHED = "chapters/published_keys.html"

SCROLLS = """selector => [...document.querySelectorAll(selector)]
  .filter(box => box.checkVisibility() && box.scrollWidth > box.clientWidth + 1)
  .map(box => `${box.textContent.trim().slice(0, 60)}: ${box.scrollWidth} in ${box.clientWidth}`)"""

UNFOLD = "document.querySelectorAll('details').forEach(part => { part.open = true; })"

SMALL = """() => [...document.querySelectorAll(
    '.bd-article :is(.lc-chip, summary, button, select, [role=slider], [role=switch], .lc-sym)')]
  .filter(part => part.checkVisibility())
  .filter(part => part.getBoundingClientRect().height < 24)
  .map(part => `${part.className || part.tagName} ${part.getBoundingClientRect().height}`)"""


@pytest.fixture
def phone(visit: Callable[..., Any]) -> Callable[[str], Any]:
    """`phone(path)` opens a page on a telephone and waits for its explorers, where it has some."""

    def open_page(path: str) -> Any:
        visitor = visit(**PHONE)
        page = visitor.open(path)
        if page.locator(".lc-live").count():
            page.wait_for_selector("html[data-lc-python]", state="attached")
        return page

    return open_page


@pytest.mark.parametrize("path", [*FIRST_PAGES, PUBLISHED])
def test_tables_of_words_and_formulas_are_read_without_scrolling_sideways(
    phone: Callable[[str], Any], path: str
) -> None:
    page = phone(path)
    page.evaluate(UNFOLD)
    assert not page.evaluate(SCROLLS, ".bd-article :is(.lc-scroll, .lc-math)")


def test_a_solution_is_read_without_scrolling_sideways(phone: Callable[[str], Any]) -> None:
    """However long its numbers are, and though it stands three rungs deep."""
    page = phone("chapters/training.html")
    page.evaluate(UNFOLD)
    assert page.locator(".lc-rung:visible").count()
    assert not page.evaluate(SCROLLS, ".lc-rung")


def test_a_stacked_row_says_what_each_of_its_parts_is(phone: Callable[[str], Any]) -> None:
    page = phone("chapters/fully_connected.html")
    heads = page.locator(".lc-stacked:has([data-head])").first.evaluate(
        """table => [...table.querySelector('tbody tr').querySelectorAll('[data-head]')]
             .map(cell => getComputedStyle(cell, '::before').content)"""
    )
    assert [head.strip('"') for head in heads] == ["printed by: ", "made of: ", "verdict: "]


@pytest.mark.parametrize("path", [*FIRST_PAGES, "chapters/attention.html"])
def test_what_a_finger_touches_is_24_pixels_high(phone: Callable[[str], Any], path: str) -> None:
    assert not phone(path).evaluate(SMALL)


@pytest.mark.parametrize("chapter", ["units_and_conventions", "fully_connected", "convolution", "lstm"])
def test_a_slider_is_long_enough_for_a_finger(phone: Callable[[str], Any], chapter: str) -> None:
    sliders = phone(f"chapters/{chapter}.html").locator(".lc-range:visible")
    lengths = sliders.evaluate_all("sliders => sliders.map(one => one.getBoundingClientRect().width)")
    assert lengths
    assert min(lengths) >= 80


def test_a_slider_keeps_its_length_while_its_number_grows(phone: Callable[[str], Any]) -> None:
    """Else the value under a finger that rests would go on changing."""
    page = phone("chapters/fully_connected.html")
    control = page.locator(".lc-explorer-linear .lc-name-in_features")
    slider, field = control.locator(".lc-range"), control.locator(".lc-typed")
    lengths = []
    for value in ("1", "300", "65536"):
        field.fill(value)
        field.press("Enter")
        lengths.append(slider.bounding_box()["width"])
    assert len(set(lengths)) == 1


def swipe(page: Any, start: tuple[float, float], along: float, up: float) -> None:
    """A finger lands, moves in some steps as fingers do, and is lifted."""
    touch = page.context.new_cdp_session(page)
    x, y = start
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 11):
        place = {"x": x + along * step / 10, "y": y - up * step / 10}
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [place]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


@pytest.mark.parametrize(
    ("along", "up", "moves", "scrolls"),
    [
        pytest.param(4, 240, False, True, id="a page that is scrolled"),
        pytest.param(100, 240, False, True, id="a page that is scrolled aslant, as a thumb does"),
        pytest.param(30, 0, True, False, id="a line that is dragged"),
        pytest.param(0, 0, True, False, id="a tap"),
    ],
)
def test_a_finger_that_scrolls_over_a_slider_leaves_it(
    phone: Callable[[str], Any], along: float, up: float, moves: bool, scrolls: bool
) -> None:
    """A line jumps to where a finger lands: not before it is clear that the line is meant."""
    page = phone("chapters/fully_connected.html")
    control = page.locator(".lc-explorer-linear .lc-name-in_features")
    slider, field = control.locator(".lc-range"), control.locator(".lc-typed")
    slider.evaluate("slider => slider.scrollIntoView({ block: 'center' })")
    box, before, rests = slider.bounding_box(), page.evaluate("scrollY"), slider.input_value()
    swipe(page, (box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2), along * -1, up)
    if scrolls:
        page.wait_for_function("before => scrollY > before + 100", arg=before)
    if moves:
        typed = ".lc-explorer-linear .lc-name-in_features .lc-typed"
        page.wait_for_function("typed => document.querySelector(typed).value !== '300'", arg=typed)
    page.wait_for_timeout(300)
    assert (field.input_value() != "300") is moves
    assert (slider.input_value() != rests) is moves


def test_a_field_that_is_left_empty_takes_back_its_number(phone: Callable[[str], Any]) -> None:
    page = phone("chapters/fully_connected.html")
    control = page.locator(".lc-explorer-linear .lc-name-in_features")
    field = control.locator(".lc-typed")
    field.fill("")
    field.press("Enter")
    assert field.input_value() == "300"
    assert control.locator(".lc-problem").inner_text() == ""


def test_a_guess_below_a_hundredth_is_not_said_to_be_0(phone: Callable[[str], Any]) -> None:
    page = phone("chapters/fully_connected.html")
    guess = page.locator(".lc-guess").first
    guess.locator("input").fill("0.0001")
    guess.locator(".lc-commit").tap()
    assert guess.locator(".lc-verdict-words").inner_text().startswith("You said 0.0001; ")


def test_a_guess_of_sixty_digits_stays_within_its_card(phone: Callable[[str], Any]) -> None:
    page = phone("chapters/fully_connected.html")
    guess = page.locator(".lc-guess").first
    guess.locator("input").fill("7" * 60)
    guess.locator(".lc-commit").tap()
    guess.locator(".lc-verdict-words").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_nothing_lies_over_the_text_when_one_scrolls_back(phone: Callable[[str], Any]) -> None:
    page = phone("chapters/fully_connected.html")
    shown = "getComputedStyle(document.getElementById('pst-back-to-top')).display"
    assert page.evaluate(shown) == "none"


@pytest.mark.parametrize("near", [400, 350, 368])
def test_guess_and_truth_are_read_on_their_line_however_near_they_are(
    phone: Callable[[str], Any], near: int
) -> None:
    """Letters keep their size, labels stay inside, and no stem runs through the label of the other mark."""
    page = phone("chapters/units_and_conventions.html")
    guess = page.locator(".lc-guess").first
    guess.locator("input").fill(str(near))
    guess.locator(".lc-commit").tap()
    seen = guess.locator("svg.lc-log-line").evaluate(
        """line => {
          const box = part => part.getBoundingClientRect();
          const [own, all] = [box(line), [...line.querySelectorAll('text')].map(box)];
          const stem = box(line.querySelector('.lc-mark-guess line')).x;
          const label = box(line.querySelector('.lc-mark-truth text'));
          return {
            least: Math.min(...all.map(text => text.height)),
            outside: all.filter(text => text.left < own.left - 8 || text.right > own.right + 8).length,
            crossed: label.left + 1 < stem && stem < label.right - 1,
          };
        }"""
    )
    assert seen["least"] > 12
    assert not seen["outside"]
    assert not seen["crossed"]


def test_a_number_that_cannot_be_is_read_whole_and_refused_where_the_finger_is(
    phone: Callable[[str], Any],
) -> None:
    page = phone("index.html")
    page.wait_for_selector(".lc-pulled[data-live]")
    number = page.locator(".lc-pull").first
    number.tap()
    field = number.locator("input")
    field.press("Control+a")
    page.keyboard.type("99999999999")
    assert field.evaluate("field => field.scrollWidth <= field.clientWidth")
    page.keyboard.press("Enter")
    says = page.locator(".lc-pulled-says")
    says.filter(has_text="not 99,999,999,999.").wait_for()
    assert 0 < says.bounding_box()["y"] - number.bounding_box()["y"] < 200


def test_what_is_ticked_is_large_enough_for_a_finger_and_nothing_else_looks_like_it(
    phone: Callable[[str], Any],
) -> None:
    page = phone("chapters/fully_connected.html")
    boxes = page.locator(".lc-live input[type=checkbox]").evaluate_all(
        "boxes => boxes.map(box => Math.min(box.offsetWidth, box.offsetHeight))"
    )
    assert boxes
    assert min(boxes) >= 24
    before = page.locator(".lc-name-batch .widget-label").evaluate_all(
        "labels => labels.map(label => getComputedStyle(label, '::before').content)"
    )
    assert set(before) == {"none"}


def test_a_touch_on_a_number_that_is_pulled_opens_a_field_that_stays(phone: Callable[[str], Any]) -> None:
    """The field is wider than the number, so it may open on another line than the finger is on."""
    page = phone("index.html")
    page.wait_for_selector(".lc-pulled[data-live]")
    number = page.locator(".lc-pull").first
    number.tap()
    page.wait_for_timeout(200)
    number.locator("input").fill("512")
    page.keyboard.press("Enter")
    assert number.inner_text() == "512"


def test_a_number_keeps_its_unit_on_its_line(phone: Callable[[str], Any]) -> None:
    page = phone("chapters/units_and_conventions.html")
    broken = page.evaluate(
        """() => [...document.querySelectorAll('.bd-article p:not(.lc-live p)')].map(part => part.textContent)
             .flatMap(text => text.match(/\\d (%|[kMGT]i?B\\b|[GT]?FLOPs?\\b|[mµn]s\\b)/g) ?? [])"""
    )
    assert not broken


@pytest.mark.parametrize(
    ("button", "opens", "says"),
    [
        pytest.param(
            ".primary-toggle", "#pst-primary-sidebar-modal", "Fully connected layers", id="chapters"
        ),
        pytest.param(
            ".secondary-toggle", "#pst-secondary-sidebar-modal", "One operation, or two?", id="contents"
        ),
    ],
)
def test_a_touch_opens_the_menu(phone: Callable[[str], Any], button: str, opens: str, says: str) -> None:
    page = phone("chapters/units_and_conventions.html")
    page.wait_for_load_state("load")
    page.locator(f"{button}:visible").tap()
    page.locator(opens).get_by_text(says).wait_for()
    page.keyboard.press("Escape")
    page.locator(opens).wait_for(state="hidden")
    assert not page.locator(".tooltip:visible").count()


def test_the_bar_of_the_convention_lies_below_what_a_chip_says(phone: Callable[[str], Any]) -> None:
    page = phone("index.html")
    page.locator(".lc-chip").first.tap()
    page.locator(".lc-popover label", has_text="everything").tap()
    bar = page.locator(".lc-convention-bar")
    bar.wait_for()
    on_top = """() => {
      const [bar, box] = ['.lc-convention-bar', '.lc-popover'].map(name => document.querySelector(name));
      const [low, high] = [bar, box].map(part => Number(getComputedStyle(part).zIndex));
      return low < high;
    }"""
    assert page.evaluate(on_top)


def test_three_wheels_of_the_odometer_do_not_cover_each_other(phone: Callable[[str], Any]) -> None:
    page = phone("chapters/pooling.html?pooling.kind=the+mean")
    page.wait_for_selector("html[data-lc-python=live]", state="attached")
    page.wait_for_function("document.querySelectorAll('.lc-explorer-pooling .lc-wheel').length === 3")
    covered = page.locator(".lc-explorer-pooling .lc-wheel").evaluate_all(
        """wheels => {
          const boxes = wheels.map(wheel => [...wheel.children].map(part => part.getBoundingClientRect()));
          const meet = (one, two) => one.left < two.right - 1 && two.left < one.right - 1
            && one.top < two.bottom - 1 && two.top < one.bottom - 1;
          return boxes.flatMap((parts, at) => boxes.slice(at + 1).flat()
            .filter(other => parts.some(part => meet(part, other)))).length;
        }"""
    )
    assert not covered
