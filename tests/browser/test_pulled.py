"""Numbers that are pulled, and what follows them: what the build promises, and what the page does."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import layercost as lc
from layercost import compiled
from layercost.view import escaped

WEB = Path(__file__).resolve().parents[2] / "web"
sys.path[:0] = [str(WEB), str(WEB / "sphinx")]

import course_pulled  # noqa: E402
from site_builder.browsing import serving  # noqa: E402

from tests.browser.conftest import ONLY_ITSELF, Visit, kept, wait_until  # noqa: E402

MODULE = WEB / "src" / "live" / "compiled.mjs"
NO_EVAL = ONLY_ITSELF.replace(" 'unsafe-eval'", "")  # as a school's server may forbid it
CHAPTER = "chapters/fully_connected.html"
SENTENCE = "{pull}`d_in=300 | max=4096` {pull}`d_out=100 | max=4096` {switch}`bias | a bias | no bias`"


def group(text: str, let: str = "") -> course_pulled.Group:
    return course_pulled.Group.read(text, let, {"lc": lc})


# ---- what the build promises ------------------------------------------------------------------------------


def test_a_sum_over_two_layers_is_one_formula_of_what_is_pulled() -> None:
    two = group(
        "{pull}`d_in=300` {pull}`hidden=100` {pull}`classes=10`",
        "first = lc.Linear(d_in, hidden); second = lc.Linear(hidden, classes)",
    )
    program = two.number("macs(first) + macs(second)", {})
    assert program["tree"] == ["+", ["*", "d_in", "hidden"], ["*", "hidden", "classes"]]
    assert program["text"] == "31,000"


def test_a_convolution_is_followed_through_its_output_size() -> None:
    conv = group(
        "{pull}`C_out=6` {pull}`k=5 | max=7` {pull}`H=32 | min=16`",
        "layer = lc.Conv2d(3, C_out, kernel_size=k, padding=1)",
    )
    program = conv.number("flops(layer, (3, H, H))", {})
    assert [name for name, _ in program["definitions"]] == ["H_out", "W_out"]
    assert program["text"] == f"{lc.count(lc.Conv2d(3, 6, 5, padding=1), lc.FLOPS, (3, 32, 32)).total:,}"


def test_the_build_refuses_a_range_in_which_the_formula_has_another_form() -> None:
    """One group goes without saying, so that the formula knows nothing of two."""
    grouped = group("{pull}`g=1 | max=2`", "layer = lc.Conv2d(4, 8, kernel_size=3, groups=g)")
    with pytest.raises(ValueError, match="another form"):
        grouped.number("parameters(layer)", {})


def test_a_setting_that_is_impossible_is_impossible_in_the_page_too() -> None:
    narrow = group("{pull}`k=3 | max=9`", "layer = lc.Conv2d(1, 1, kernel_size=k)")
    assert narrow.number("flops(layer, (1, 5, 5))", {})["definitions"]


def test_a_bar_that_bears_a_tools_name_is_held_against_the_tool() -> None:
    asked = group(SENTENCE, "layer = lc.Linear(d_in, d_out, bias=bias)")
    figure = course_pulled.FigureOf.__new__(course_pulled.FigureOf)
    figure.options = {"layer": "layer"}
    right = course_pulled.Bar.read("fvcore | FLOPs | multiply-adds | multiply: macs(layer)")
    assert figure._judged(asked, right) == dict.fromkeys(("1", "0"), ("misnamed", "misnamed"))
    wrong = course_pulled.Bar.read("torchinfo | mult-adds | multiply-adds | multiply: macs(layer)")
    with pytest.raises(ValueError, match=r"torchinfo prints 30100 .* but the bar says 30000"):
        figure._judged(asked, wrong)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("d_in=5000 | max=4096", "outside of its own range", id="start"),
        pytest.param("d_in=5 | maximum=4096", "but got maximum", id="option"),
    ],
)
def test_a_pull_that_cannot_be_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        course_pulled.Pull.read(text)


def test_a_preset_sets_switches_too_and_only_what_can_be_set() -> None:
    asked = group(SENTENCE)
    assert course_pulled.preset(asked, "d_in=4, d_out=3, bias=no") == {"d_in": 4, "d_out": 3, "bias": False}
    with pytest.raises(ValueError, match="expected yes or no, but got 1"):
        course_pulled.preset(asked, "bias=1")
    with pytest.raises(ValueError, match="d_in cannot be pulled to 5000"):
        course_pulled.preset(asked, "d_in=5000")


def test_a_decimal_is_rounded_exactly() -> None:
    assert course_pulled.written(*course_pulled.mib(120_400, 2)) == f"{120_400 / 2**20:,.2f}"
    assert course_pulled.written(*course_pulled.percent(1, 3, 2)) == "33.33"
    assert course_pulled.written(*course_pulled.ratio(1, 20, 1)) == "0.1"


# ---- the lines of an explorer ------------------------------------------------------------------------------


@pytest.mark.chromium
def test_an_explorers_lines_are_filled_as_python_writes_them_and_in_well_under_a_millisecond(
    browser: Any,
) -> None:
    """Every form of a fully connected layer: with a bias and without, one sample and more."""
    shown, module = lc.Linear(300, 100), MODULE.read_bytes()
    lines = [
        each
        for batch in (1, 8)
        for each in compiled.lines(
            shown,
            (300,),
            [lc.PARAMETERS, lc.FLOPS],
            list(lc.CONVENTIONS),
            {"batch": batch},
            bias=[True, False],
        )
    ]
    page = browser.new_page()
    start = [lc.count(shown, quantity, (300,)) for quantity in (lc.PARAMETERS, lc.FLOPS)]
    rows = (
        f'<p data-quantity="{each.quantity.value}">{each.html()}<b class="lc-copy"></b></p>' for each in start
    )
    page.set_content(f"<div data-compiled='{escaped(json.dumps(lines))}'>{''.join(rows)}</div>")
    numbers, asked = random.Random(3), []  # noqa: S311 - any numbers will do
    for _ in range(200):
        sizes = {"in_features": numbers.randint(1, 10**9), "out_features": numbers.randint(1, 10**9)}
        asked.append({
            **sizes, "bias": numbers.random() < 0.5, "batch": numbers.choice([1, 2, 64]),
            "convention": numbers.choice(list(lc.CONVENTIONS)),
        })  # fmt: skip
    answer = page.evaluate(FILL, [f"data:text/javascript;base64,{b64encode(module).decode()}", asked])
    page.close()
    for setting, shown_lines in zip(asked, answer["lines"], strict=True):
        layer = lc.Linear(setting["in_features"], setting["out_features"], bias=setting["bias"])
        assert shown_lines == [
            lc.count(
                layer, quantity, (layer.in_features,), setting["convention"], batch=setting["batch"]
            ).html()
            for quantity in (lc.PARAMETERS, lc.FLOPS)
        ]
    assert answer["each"] < 1, f"{answer['each']} ms for two lines"


FILL = """async ([module, asked]) => {
    const { fillPane } = await import(module);
    const root = document.querySelector('[data-compiled]');
    const html = () => [...root.querySelectorAll('.lc-formula')].map(line => line.outerHTML);
    const [lines, times] = [[], []];
    for (const setting of asked) {
        const started = performance.now();
        if (!fillPane(root, setting, [setting.in_features])) throw new Error(JSON.stringify(setting));
        times.push(performance.now() - started);
        lines.push(html());
    }
    return { lines, each: Math.min(...times) }; // what else the machine does adds to the others
}"""


# ---- what the page does -----------------------------------------------------------------------------------


BOOK = """
# Pulled

:::{pulled}
:let: layer = lc.Linear(d_in, d_out, bias=bias)

Here {pull}`d_in=300 | max=4096 | label=inputs` inputs,
{pull}`d_out=100 | max=4096 | label=outputs` outputs and
{switch}`bias | a bias | no bias` make {live}`parameters(layer)` parameters.

```{derivation} parameters(layer)
:live:
```

```{figure-of} area d_in d_out
:strip: biases(layer) // d_out

The weights, to scale.
```

They cost {live}`flops(layer)`, or {live}`flops(layer, convention="macs")`.

```{derivation} flops(layer)
:live:
```
:::

:::{pulled}
:let: conv = lc.Conv2d(3, 6, kernel_size=k)

A kernel of {pull}`k=3 | max=9` on an image of {pull}`H=8 | min=5 | max=32` writes
{live}`activations(conv, (3, H, H))` values.
:::
"""
CONFIGURATION = """
import sys
sys.path.insert(0, {sphinx!r})
extensions = ["myst_parser", "course_pulled"]
myst_enable_extensions = ["colon_fence"]
html_theme = "basic"
html_static_path = [{assets!r}]
html_css_files = ["course.css"]
html_js_files = [("course.mjs", {{"type": "module"}})]
"""
META = '<meta name="lc-convention" content="textbook" data-names="{names}">'


@pytest.fixture(scope="session")
def book(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of its own, built strictly with the course's script and style."""
    source = tmp_path_factory.mktemp("pulled")
    told = CONFIGURATION.format(sphinx=str(WEB / "sphinx"), assets=str(site / "_static" / "course"))
    (source / "conf.py").write_text(told, encoding="utf-8")
    (source / "index.md").write_text(BOOK, encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", str(source), str(source / "html")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    page = source / "html" / "index.html"
    head = META.format(names=" ".join(lc.CONVENTIONS))
    page.write_text(page.read_text(encoding="utf-8").replace("<head>", f"<head>{head}"), encoding="utf-8")
    return source / "html"


@pytest.fixture
def visitor(browser: Any, book: Path) -> Iterator[Callable[..., Visit]]:
    """`visitor(**settings)` has opened that page, its pulled numbers at work."""
    with ExitStack() as stack:

        def make(**settings: Any) -> Visit:
            server = stack.enter_context(serving(book, (), {"Content-Security-Policy": NO_EVAL}))
            made = Visit(browser, server.address, **settings)
            stack.callback(made.context.close)
            made.open("index.html").wait_for_selector(".lc-pulled[data-live]")
            return made

        yield make


@pytest.fixture
def page(visitor: Callable[..., Visit]) -> Any:
    """The page of the book."""
    return visitor().page


def handle(page: Any, name: str) -> Any:
    return page.locator(f".lc-pull[data-pull={name}]").first


def group_of(page: Any, text: str) -> Any:
    """The group that says `text`."""
    return page.locator(".lc-pulled", has_text=text)


def line(page: Any) -> str:
    """The first formula, as it is read."""
    return " ".join(page.locator(".lc-line").first.inner_text().split())


@pytest.mark.chromium
def test_keys_move_a_number_and_all_that_follows(page: Any) -> None:
    number = handle(page, "d_in")
    number.focus()
    for key in ("ArrowUp", "PageUp", "ArrowLeft"):
        page.keyboard.press(key)
    group_of(page, "31,100 parameters").wait_for()
    assert number.get_attribute("aria-valuenow") == "310"
    assert "100·310 + 100 = 31,100" in line(page)
    assert "100·310" in page.locator(".lc-copy").first.get_attribute("data-copy")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    assert number.inner_text() == "1"


@pytest.mark.chromium
def test_a_number_is_typed_and_one_beyond_its_range_is_refused_in_words(page: Any) -> None:
    number = handle(page, "d_in")
    number.focus()
    page.keyboard.press("Enter")
    page.keyboard.type("512")
    page.keyboard.press("Enter")
    group_of(page, "51,300 parameters").wait_for()
    page.keyboard.type("99999")
    page.keyboard.press("Enter")
    assert number.inner_text() == "512"
    says = page.locator(".lc-pulled-says").first
    says.wait_for()
    assert says.inner_text() == "It takes a whole number from 1 to 4,096, not 99,999."
    page.keyboard.type("7")
    page.keyboard.press("Escape")
    assert number.inner_text() == "512"
    page.keyboard.press("ArrowUp")
    says.wait_for(state="hidden")


@pytest.mark.chromium
def test_a_drag_is_answered_without_python_without_a_download_and_without_eval(
    visitor: Callable[..., Visit],
) -> None:
    visit = visitor()
    page, number = visit.page, handle(visit.page, "d_out")
    box = number.bounding_box()
    asked = len(visit.requests)
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 95, box["y"] + 5, steps=6)
    page.mouse.up()
    d_out = int(number.inner_text())
    assert d_out > 150
    group_of(page, f"{301 * d_out:,} parameters").wait_for()
    down = page.locator(".lc-area").evaluate("area => area.style.getPropertyValue('--lc-down')")
    assert (int(down), len(visit.requests), visit.workers, visit.foreign) == (d_out, asked, [], [])


@pytest.mark.chromium
def test_a_switch_brings_the_formula_of_the_other_form(page: Any) -> None:
    page.get_by_role("switch", name="a bias").press("Enter")
    group_of(page, "no bias make 30,000 parameters").wait_for()
    assert " + " not in line(page)


@pytest.mark.chromium
def test_flops_follow_the_convention_too_and_pinned_ones_only_what_is_pulled(
    page: Any,
) -> None:
    handle(page, "d_in").press("ArrowUp")
    first, pinned = page.locator(".lc-count").all()
    first.locator(".lc-number", has_text="60,200").wait_for()
    assert pinned.inner_text().startswith("30,100")
    page.evaluate("document.dispatchEvent(new CustomEvent('lc-convention-wished', {detail: {name: 'macs'}}))")
    first.locator(".lc-number", has_text="30,100").wait_for()
    handle(page, "d_in").press("PageUp")
    first.locator(".lc-number", has_text="31,100").wait_for()
    assert "macs" in first.inner_text()
    assert "301" not in page.locator(".lc-under:visible .lc-line").inner_text()


@pytest.mark.chromium
def test_where_no_window_fits_the_last_numbers_stay_and_it_is_said(page: Any) -> None:
    size, kernel = handle(page, "H"), handle(page, "k")
    size.press("Home")
    group_of(page, "writes 54 values").wait_for()
    kernel.press("End")
    said = page.locator(".lc-pulled-says:visible")
    said.wait_for()
    assert "writes 54 values" in " ".join(page.locator(".lc-pulled").nth(1).inner_text().split())
    size.press("PageUp")
    said.wait_for(state="hidden")


@pytest.mark.chromium
def test_a_finger_drags_sideways_and_a_touch_opens_a_field(visitor: Callable[..., Visit]) -> None:
    page = visitor(viewport={"width": 360, "height": 740}, has_touch=True).page
    assert handle(page, "d_in").evaluate("number => getComputedStyle(number).touchAction") == "pan-y"
    handle(page, "d_in").tap()
    assert page.locator(".lc-pull input").get_attribute("inputmode") == "numeric"


@pytest.mark.chromium
def test_an_answer_takes_a_quarter_of_a_frame_at_most(page: Any) -> None:
    """The browser lays it out in the rest. The least time counts: to the others, what else runs adds."""
    least = page.evaluate(
        """async () => {
            const number = document.querySelector('.lc-pull');
            const frame = window.requestAnimationFrame;
            const times = [];
            window.requestAnimationFrame = (act) => frame((time) => {
                const begun = performance.now();
                act(time);
                times.push(performance.now() - begun);
            });
            for (let at = 0; at < 61; at += 1) {
                number.dispatchEvent(new KeyboardEvent('keydown', { key: at % 2 ? 'PageUp' : 'ArrowUp' }));
                await new Promise((done) => frame(done));
            }
            return times.length === 61 ? Math.min(...times) : Infinity;
        }"""
    )
    assert least < 4


# ---- the opening page --------------------------------------------------------------------------------------

TOOLS = {
    "fvcore": "fvcore",
    "torchinfo": "torchinfo",
    "torch-flops": "torch-flops",
    "PyTorch": "torch.FlopCounterMode",
    "TensorFlow": "tf.profiler",
}


def printed(d_in: int, d_out: int, bias: bool) -> dict[str, int]:
    """What each tool prints for a fully connected layer."""
    layer = lc.Linear(d_in, d_out, bias=bias)
    return {name: lc.count(layer, lc.FLOPS, (d_in,), convention=tool).total for name, tool in TOOLS.items()}


def bars(page: Any) -> dict[str, int]:
    """What each tool says in the picture."""
    return page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll('.lc-bar-row')].map(row => [
            row.querySelector('b').textContent,
            Number(row.querySelector('.lc-bar-total').textContent.replaceAll(',', ''))]))"""
    )


@pytest.mark.chromium
def test_the_bars_of_the_opening_page_are_what_the_tools_print(visit: Callable[..., Any]) -> None:
    page = visit().open("index.html")
    page.wait_for_selector(".lc-pulled[data-live]")
    assert bars(page) == printed(300, 100, True)
    page.get_by_role("button", name="The giant in VGG-16").click()
    page.wait_for_function("document.querySelector('.lc-bar-total').textContent === '102,760,448'")
    assert bars(page) == printed(25088, 4096, True)
    page.get_by_role("switch", name="a bias").click()
    page.wait_for_function("document.querySelectorAll('.lc-bar-total')[1].textContent === '102,760,448'")
    assert bars(page) == printed(25088, 4096, False)
    verdicts = page.locator(".lc-bar-verdict").all_inner_texts()
    assert verdicts == ["misnamed", "right", "right", *["right where a MAC is two"] * 2]


LENGTHS = """() => [...document.querySelectorAll('.lc-bar-row')].map(row => [
    row.querySelector('.lc-bar-total').textContent,
    Math.round([...row.querySelectorAll('.lc-block:not([data-nothing])')].at(-1).getBoundingClientRect().right)])"""


@pytest.mark.chromium
def test_bars_of_the_same_number_are_of_the_same_length(visit: Callable[..., Any]) -> None:
    """A block that is thinner than a line is drawn as a line, and makes its bar no longer."""
    page = visit(viewport={"width": 390, "height": 844}).open("index.html")
    page.wait_for_selector(".lc-pulled[data-live]")
    ends = page.evaluate(LENGTHS)
    assert ends[2] == ends[3]
    assert ends[3][0] == "60,000"


@pytest.mark.chromium
def test_the_giant_has_its_biases_whatever_was_switched_before(visit: Callable[..., Any]) -> None:
    page = visit().open("index.html")
    page.wait_for_selector(".lc-pulled[data-live]")
    page.get_by_role("switch", name="a bias").click()
    page.get_by_role("button", name="The giant in VGG-16").click()
    page.wait_for_function("document.querySelectorAll('.lc-bar-total')[1].textContent === '102,764,544'")
    switch = page.locator(".lc-switch")
    assert (switch.inner_text(), switch.get_attribute("aria-checked")) == ("a bias", "true")
    assert bars(page) == printed(25088, 4096, True)


@pytest.mark.chromium
def test_without_scripts_the_numbers_stand_as_they_were_built(visit: Callable[..., Any]) -> None:
    page = visit(java_script_enabled=False).open("index.html")
    assert "300 inputs, 100 outputs and a bias" in page.locator(".lc-opening").inner_text()
    assert page.locator(".lc-preset:visible").count() == 0
    assert bars_as_text(page) == [f"{total:,}" for total in printed(300, 100, True).values()]


def bars_as_text(page: Any) -> list[str]:
    """The totals of the picture, read without scripts."""
    return [total.inner_text() for total in page.locator(".lc-bar-total").all()]


@pytest.mark.chromium
def test_the_opening_page_leads_back_to_where_the_reader_left_off(visit: Callable[..., Any]) -> None:
    visitor = visit()
    page = visitor.open(CHAPTER)
    page.wait_for_selector("html[data-lc-python=drawn]", state="attached")
    heading = page.locator("section[id] > h2").nth(3)
    section = heading.evaluate("heading => heading.parentElement.id")
    heading.evaluate("heading => heading.scrollIntoView()")
    wait_until(lambda: kept(page).get(f"reading:{CHAPTER}") == {"section": section})
    visitor.open("index.html")
    link = page.locator(".lc-left-off a")
    link.wait_for()
    assert link.get_attribute("href").endswith(f"{CHAPTER}#{section}")
