"""What holds of every explorer in the built site: found in the pages, moved as a reader moves it."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from layercost.command import main
from layercost.explorers import EXPLORERS, explorer
from layercost.explorers.controls import Choice, Control, Size, Sketch, Tick, Travel
from layercost.explorers.explorer import Explorer
from layercost.explorers.subject import Subject
from tests.conftest import NIGHTLY
from tests.explorers.reading import tree, with_class, words

pytestmark = pytest.mark.chromium

SETTINGS = 20 if NIGHTLY else 3
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 760}
SAVING = {"saveData": True}  # there, nothing starts Python but its button
IN_SIGHT = ["lc-sub", "lc-own", "lc-said"]
LEFT_TO_PYTHON = {("convolution", "groups")}  # that they divide the channels is in no formula
SCREENS = {"desktop": DESKTOP, "phone": PHONE}
TALLEST = {"desktop": 700, "phone": 760}


class Shown:
    """An explorer on its page."""

    def __init__(self, visitor: Any, site: Path, name: str) -> None:
        pages = sorted(
            path for path in site.rglob("*.html") if f"lc-explorer-{name}" in path.read_text("utf-8")
        )
        assert pages, f"no page shows the explorer {name}"
        self.visitor, self.name = visitor, name
        self.page = visitor.open(pages[0].relative_to(site).as_posix())
        visitor.wait_for("drawn")
        self.root = self.page.locator(f".lc-live:has(.lc-explorer-{name})").first
        self.start = self.root.evaluate("root => root.dataset.source")

    def native(self) -> Explorer:
        """The same explorer in this process, as its cell makes it."""
        namespace: dict[str, Any] = {}
        *lines, last = self.start.strip().splitlines()
        exec("\n".join(lines), namespace)  # noqa: S102 - the cell of our own page
        return eval(last, namespace)  # type: ignore[no-any-return]  # noqa: S307

    def unfold(self) -> None:
        """Open what stands under *More*."""
        toggle = self.root.locator(".lc-more-toggle")
        if toggle.get_attribute("aria-expanded") == "false":
            toggle.click()

    def move(self, control: Control, value: Any) -> None:
        """Set a control as a reader does: type, tick, choose."""
        place = self.root.locator(f".lc-name-{control.field}")
        if isinstance(control, Size):
            typed = place.locator(".lc-typed")
            typed.fill(str(value))
            typed.press("Enter")
        elif isinstance(control, Tick):
            place.locator("input").set_checked(value)
        elif isinstance(control, Sketch):
            self.root.locator(f'[data-set="{control.field}={value}"]').click()
        elif place.locator("select").count():
            place.locator("select").select_option(label=_label(control, value))
        else:
            place.get_by_role("button", name=_label(control, value), exact=True).click()

    def settle(self, pane: str, said: str) -> None:
        """Wait until a pane says what it should."""
        self.page.wait_for_function(
            """([root, pane, said]) => {
                const shown = root.querySelector(`.lc-${pane}`).cloneNode(true);
                shown.querySelectorAll('.lc-copy-button').forEach((button) => button.remove());
                return shown.textContent.replace(/\\s+/g, ' ').trim() === said;
            }""",
            arg=[self.root.element_handle(), pane, said],
        )

    def settle_in_sight(self, native: Explorer) -> None:
        """Wait until the lines in sight, and what is heard, are those of the explorer in this process."""
        places = [place for name in IN_SIGHT for place in with_class(native.pane("total"), name)]
        self.page.wait_for_function(
            """([root, names, said]) => {
                const places = names.flatMap((name) => [...root.querySelectorAll(`.lc-total .${name}`)]);
                const shown = places.map((place) => {
                    const copy = place.cloneNode(true);
                    copy.querySelectorAll('.lc-copy-button').forEach((button) => button.remove());
                    return copy.textContent.replace(/\\s+/g, ' ').trim();
                });
                return JSON.stringify(shown) === JSON.stringify(said);
            }""",
            arg=[self.root.element_handle(), IN_SIGHT, [*map(words, places)]],
        )

    def heights(self, states: list[dict[str, str]]) -> list[float]:
        """How high it is with the panes of each state in place of its own."""
        return [height for first in range(0, len(states), 20) for height in self.root.evaluate(
            """(root, states) => states.map((panes) => {
                for (const [pane, html] of Object.entries(panes)) {
                    const place = root.querySelector(`.lc-${pane} .widget-html-content`);
                    if (place) place.innerHTML = html;
                }
                return root.getBoundingClientRect().height;
            })""",
            states[first:first + 20],
        )]  # fmt: skip


def _label(control: Control, value: Any) -> str:
    return control.label(value) if isinstance(control, Choice) else str(value)


@pytest.fixture
def shown(visit: Callable[..., Any], site: Path) -> Callable[..., Shown]:
    """`shown(name, **settings)` opens the page of an explorer."""
    return lambda name, **settings: Shown(visit(**settings), site, name)


def _walk(name: str, native: Explorer) -> Iterator[tuple[Control, Any]]:
    """Random moves of an explorer's controls, the same in every run; what travels is left where it is."""
    rng = random.Random(name)  # noqa: S311 - a test's choice
    controls = [one for one in native._declared.values() if not isinstance(one, Travel)]
    for _ in range(SETTINGS):
        for control in rng.sample(controls, k=min(2, len(controls))):
            yield control, _drawn(rng, control, native)
        yield controls[0], native.control(controls[0].field).value  # nothing new: the setting is looked at


def _drawn(rng: random.Random, control: Control, native: Explorer) -> Any:
    if isinstance(control, Size):
        low, high = native.control(control.field).min, native.control(control.field).max
        return min(high, max(low, round(low + (high - low) ** rng.random()))) if high > low else low
    return rng.choice(control.samples())


def _said(pane: str) -> str:
    return " ".join("".join(tree(pane).itertext()).split())


@pytest.mark.parametrize("name", EXPLORERS)
def test_random_settings_show_what_the_library_and_the_command_say(
    shown: Callable[..., Shown], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The lines in sight equal those of the same moves in this process, and their totals the command's.

    Five settings, and by night twenty.
    """
    here = shown(name)
    native = here.native()
    here.unfold()
    for control, value in _walk(name, native):
        native.control(control.field).value = value
        here.move(control, value)
        here.settle("message", _said(native.pane("message")))
        here.settle("total", _said(native.pane("total")))
        here.settle("twin", _said(native.pane("twin")))  # Python has had the move, and bounds have followed
    here.settle("line", _said(native.pane("line")))
    assert here.visitor.errors == []
    assert here.visitor.foreign == []
    if native.counted:
        _agree_with_the_command(native, capsys)


def _agree_with_the_command(native: Explorer, capsys: pytest.CaptureFixture[str]) -> None:
    subject, convention = native.subject(native._good), native._drawn["convention"]
    if subject.is_network or subject.training:
        total = subject.table(convention).total
        expected = (total.parameters, total.flops)
    else:
        expected = _by_the_command(subject, convention, capsys)
    (said,) = with_class(native.pane("total"), "lc-said")
    numbers = [int(found.replace(",", "")) for found in re.findall(r"\d[\d,]*", words(said))[:2]]
    assert tuple(numbers) == expected


def _by_the_command(subject: Subject, convention: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, int]:
    shape = "x".join(map(str, subject.shape))
    asked = ["layer", repr(subject.layer), "--input", shape, "--batch", str(subject.batch)]
    assert main([*asked, "--convention", convention, "--format", "json"]) == 0
    total = json.loads(capsys.readouterr().out)["total"]
    return total["parameters"], total["flops"]


@pytest.mark.parametrize("name", EXPLORERS)
def test_the_lines_in_sight_answer_without_python(shown: Callable[..., Shown], name: str) -> None:
    """With data saver on nothing is fetched; after a move of each control they say what Python would say."""
    here = shown(name, connection=SAVING)
    native = here.native()
    here.unfold()
    for control, value in _possible_moves(name, native):
        here.move(control, value)
        here.settle_in_sight(native)
        assert here.root.get_attribute("data-unanswered") is None
    assert here.visitor.workers == []
    assert here.visitor.errors == []


def _possible_moves(name: str, native: Explorer) -> Iterator[tuple[Control, Any]]:
    """A random move of each control that changes what is counted, made here too; none is impossible."""
    rng = random.Random(name)  # noqa: S311 - a test's choice
    for field, control in native._declared.items():
        if (isinstance(control, Size) and control.looks) or (name, field) in LEFT_TO_PYTHON:
            continue
        place, value = native.control(field), _drawn(rng, control, native)
        before, place.value = place.value, value
        if native.pane("message"):
            place.value = before
        else:
            yield control, value


def test_a_width_moved_after_its_module_was_chosen_stays_when_python_comes(
    shown: Callable[..., Shown],
) -> None:
    """A choice of a module moves all widths, on the page and in Python; what is moved then is kept."""
    here = shown("googlenet")
    native = here.native()
    for field, value in (("module", "5b"), ("three_reduce", 100)):
        native.control(field).value = value
        here.move(native._declared[field], value)
        here.settle_in_sight(native)
    here.visitor.wait_for("live")
    here.settle("twin", _said(native.pane("twin")))
    here.settle_in_sight(native)
    assert here.root.locator(".lc-name-three_reduce .lc-typed").input_value() == "100"


@pytest.mark.parametrize("name", EXPLORERS)
def test_it_answers_to_keys_and_to_the_mouse(shown: Callable[..., Shown], name: str) -> None:
    """A key on its first control, or a click, changes what it shows, and Python joins in."""
    here = shown(name)
    native = here.native()
    main_controls = [one for one in native._declared.values() if one.main]
    here.root.locator(".lc-controls :is(input, select, button)").first.focus()
    here.page.keyboard.press("ArrowRight")
    here.page.keyboard.press("ArrowDown")
    here.page.keyboard.press("Space")
    here.page.wait_for_selector("html[data-lc-python=live]", state="attached")
    slider = here.root.locator(".lc-controls .lc-range")
    if slider.count():
        before = here.root.locator(".lc-explorer").inner_text()
        box = slider.first.bounding_box()
        # Playwright waits until it stands still: Python may not have answered the keys yet.
        slider.first.click(position={"x": 0.8 * box["width"], "y": box["height"] / 2})
        here.page.wait_for_function(
            "([root, before]) => root.querySelector('.lc-explorer').innerText !== before",
            arg=[here.root.element_handle(), before],
        )
    assert main_controls
    assert here.visitor.errors == []


@pytest.mark.parametrize("name", EXPLORERS)
def test_it_fits_one_screen(shown: Callable[..., Shown], name: str) -> None:
    """Picture, main controls and totals are seen together, as it stands in the page and after any move.

    Also with the ghost, with a message, with the longest numbers, and with as many rows as there can be.
    The settings are drawn in this process and their panes put into the page, which is quick: some hundred
    settings take no longer than one move in the page.
    """
    here = shown(name, viewport=DESKTOP)
    assert here.root.bounding_box()["height"] <= TALLEST["desktop"]
    states = list(_far_states(name, here.native()))
    here.root.locator(".lc-start").click()
    here.visitor.wait_for("live")
    for kind, viewport in SCREENS.items():
        here.page.set_viewport_size(viewport)
        here.page.wait_for_function("width => innerWidth === width", arg=viewport["width"])
        height, settings = max(zip(here.heights([panes for panes, _ in states]), range(len(states)),
                                   strict=True))  # fmt: skip
        assert height <= TALLEST[kind], f"{kind}: {states[settings][1]}"


# Settings of which each was taller than a screen once, with what makes it so.
FAR: dict[str, list[dict[str, Any]]] = {
    "attention": [
        {"tokens": 131_072, "num_heads": 128, "num_kv_heads": 128, "head_dim": 512, "embed_dim": 16_384},
        {
            "mask": "window",
            "tokens": 131_071,
            "num_heads": 96,
            "embed_dim": 12_288,
            "bias": True,
            "query": 99_999,
        },
    ],
    "convolution": [{"in_channels": 8, "out_channels": 8, "kernel_size": 5, "groups": 2, "dilation": 3}],
    "kv_cache": [{"model": "gemma-3-27b", "context": 1_048_576, "batch": 1024, "memory": 1536}],
    "roofline": [{"model": "llama-3-70b", "device": "your-own", "texts": 4096, "seen": 1_048_576}],
    "gpt2": [{"version": "XL", "tied": False, "positions": 16_384, "tokens": 16_384}],
    "transformer_block": [
        {"tokens": 1_048_576, "embed_dim": 16_384, "hidden_dim": 65_536, "num_heads": 128, "head_dim": 512},
        {"joined": "parallel, two norms", "feed": "gated", "num_kv_heads": 5},
    ],
    "lenet": [
        {"version": "1998", "size": 256, "in_channels": 16, "layer": "fc3 (output)"},
        {"version": "average-pooling", "size": 256, "classes": 73, "layer": "fc2 (F6)", "position": 84},
    ],
    "linear": [{"in_features": 65_536, "out_features": 7176, "batch": 10, "step": 65_537, "row": 7176}],
    "lstm": [
        {"input_size": 1013, "hidden_size": 4096, "num_layers": 3, "bidirectional": True, "bias_vectors": 2},
        {"input_size": 497, "hidden_size": 4096, "steps": 1000, "step": 10, "convention": "two-a-mac"},
    ],
    "mixture_of_experts": [
        {"model": "qwen1.5-moe-a2.7b", "tokens": 256, "meaning": "without-tables"},
        {"model": "deepseek-v3", "tokens": 200, "meaning": "without-tables", "draw": 100},
    ],
    "passport": [{"network": "vgg16", "speed": 152_552, "bandwidth": 8076, "batch": 1024}],
    "pooling": [
        {"kind": "mean", "size": 224, "channels": 1024, "kernel_size": 7, "padding": 3, "stride": 1},
        {"kind": "mean", "size": 224, "channels": 1024, "kernel_size": 5, "stride": 1, "position": 631},
    ],
    "tool_matrix": [
        {"kind": "lstm", "inputs": 526, "outputs": 719, "side": 512, "batch": 6},
        {"kind": "normalization", "inputs": 4096, "side": 512, "batch": 113, "convention": "everything"},
        {"kind": "convolution", "inputs": 20, "outputs": 1038, "side": 1, "batch": 256},
    ],
    "training": [
        {
            "model": "llama-2-70b",
            "trained": "lora",
            "stage": 3,
            "recompute": "full",
            "tokens": 27_620,
            "batch": 1024,
            "devices": 55,
            "optimizer": "adam-fp32",
            "attention": "fused",
        },
    ],
    "vgg": [{"version": "E", "size": 512, "hidden": 8192}, {"hidden": 8192, "size": 32}],
}
IN_SIGHT = ("picture", "message", "total", "ghost")
MOVES = 400 if NIGHTLY else 40


def _far_states(name: str, native: Explorer) -> Iterator[tuple[dict[str, str], dict[str, Any]]]:
    """The panes in sight and the settings: the start, each control at its ends, `FAR`, and random moves."""
    start = native.settings
    yield {pane: native.pane(pane) for pane in IN_SIGHT}, start
    ends = [{field: end} for field, control in native._declared.items() for end in _ends(control, native)]
    for settings in (*ends, *FAR.get(name, ())):
        for field, value in (start | settings).items():
            native.control(field).value = value
        for field, value in settings.items():  # again: a bound may have grown since
            native.control(field).value = value
        yield {pane: native.pane(pane) for pane in IN_SIGHT}, native.settings
    rng = random.Random(name)  # noqa: S311 - a test's choice
    for _ in range(MOVES):
        control = rng.choice(list(native._declared.values()))
        far = rng.random() < 0.6
        value = rng.choice(_ends(control, native)) if far else _drawn(rng, control, native)
        native.control(control.field).value = value
        yield {pane: native.pane(pane) for pane in IN_SIGHT}, native.settings


def _ends(control: Control, native: Explorer) -> tuple[Any, ...]:
    if isinstance(control, Size):
        return native.control(control.field).min, native.control(control.field).max
    return control.samples()


@pytest.mark.parametrize("name", EXPLORERS)
def test_it_begins_as_the_library_does(name: str) -> None:
    """What the registry finds can be shown without a word more."""
    assert explorer(name).pane("picture")


@pytest.mark.parametrize("name", ["vgg", "lstm", "linear"])
def test_more_opens_on_a_phone_after_a_move(shown: Callable[..., Shown], name: str) -> None:
    """The ghost stands beside it, and not over it."""
    here = shown(name, viewport=PHONE)
    here.root.locator(".lc-controls .lc-range").first.press("ArrowRight")
    here.root.locator(".lc-ratios").wait_for()
    here.root.locator(".lc-more-toggle").click()
    here.root.locator(".lc-more .lc-line").wait_for()


# Where bars keep room beside them for their words (lc-pair-bars), these are meant to stand there.
OUTSIDE = """root => [...root.querySelectorAll('svg:not(.lc-pair-bars) text')]
  .filter(words => words.textContent.trim() && words.checkVisibility())
  .filter(words => {
    const [own, all] = [words, words.ownerSVGElement].map(part => part.getBoundingClientRect());
    return own.left < all.left - 3 || own.right > all.right + 3
      || own.top < all.top - 4 || own.bottom > all.bottom + 4;
  }).map(words => words.textContent)"""


@pytest.mark.parametrize("name", EXPLORERS)
def test_before_python_it_fits_a_phone_with_all_its_words(shown: Callable[..., Shown], name: str) -> None:
    """Letters are larger there beside what is drawn; those under *More* stay within their drawing, too."""
    here = shown(name, connection=SAVING, viewport=PHONE, has_touch=True, is_mobile=True)
    assert here.root.bounding_box()["height"] <= TALLEST["phone"]
    here.unfold()
    assert here.root.evaluate(OUTSIDE) == []
