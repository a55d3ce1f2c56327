"""A reader's own model in the page: read where it lies, counted as the library counts, and sent to nobody."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

import layercost as lc
from layercost.analysis import largest_context
from layercost.caches import kv_cache
from layercost.configured import configured_table
from layercost.models.known import KNOWN, model_named
from tests.browser.conftest import ONLY_ITSELF, Visit, serving
from tests.browser.pages import serious
from tests.browser.test_every_page import NARROW
from tests.own_model.broken import BROKEN, VARINT

pytestmark = pytest.mark.chromium

PAGE = "practice/own_model.html"
LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
FILES = ("light_squeezenet", "light_resnet50", "light_shufflenet")
CONFIGURATIONS = ("gpt2", "bert-base", "llama-3-8b", "mixtral-8x7b", "deepseek-v3")
HUGE = 2_000_000_000  # bytes of one tensor


class Own:
    """The page as a reader meets it, with what they do there."""

    def __init__(self, visitor: Visit, query: str = "") -> None:
        self.visitor = visitor
        self.page = visitor.open(PAGE + query)
        self.page.wait_for_selector(".lc-own-choosing")
        self.sent: list[str] = []
        visitor.context.on("request", self._note)

    def _note(self, request: Any) -> None:
        if request.method != "GET" or request.post_data:
            self.sent.append(f"{request.method} {request.url}")

    def _forget_what_is_said(self) -> None:
        """What is waited for next is no sentence about the model before."""
        self.page.evaluate(
            """document.querySelectorAll('.lc-own-status > span, .lc-own-problem')
                .forEach(place => { place.textContent = ''; })"""
        )

    def choose(self, path: Path) -> None:
        self._forget_what_is_said()
        self.page.locator(".lc-own-model input[type=file]").set_input_files(str(path))

    def paste(self, text: str) -> None:
        self._forget_what_is_said()
        self.page.locator("#lc-own-text").fill(text)
        self.page.get_by_role("button", name="Count it").click()

    def wait_for(self, title: str) -> None:
        self.page.locator(".lc-own-status", has_text=f"{title} is counted").wait_for()

    def wait_for_tools(self) -> None:
        self.page.locator(".lc-own-model section:not([aria-busy]) .lc-own-readings table").wait_for()

    def wait_for_number(self, number: int, place: str = ".lc-own-figures dd") -> None:
        """Wait until it is one of the figures, and no part of another."""
        whole = re.compile(rf"^{number:,}$")
        self.page.locator(place).filter(has_text=whole).first.wait_for()

    @property
    def figures(self) -> list[str]:
        return [*self.page.locator(".lc-own-figures dd").all_inner_texts()]

    @property
    def problem(self) -> str:
        place = self.page.locator(".lc-own-problem:visible", has_text=re.compile(r"\S"))
        place.wait_for()
        return str(place.inner_text())


@pytest.fixture(scope="module")
def server(site: Path) -> Iterator[Any]:
    with serving(site, (), {"Content-Security-Policy": ONLY_ITSELF}) as running:
        yield running


@pytest.fixture(scope="module")
def own(browser: Any, server: Any) -> Iterator[Own]:
    """One page for all: whatever a model does to it, it goes on."""
    visitor = Visit(browser, server.address)
    yield Own(visitor)
    visitor.context.close()


# ---- what is read ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_a_real_onnx_file_has_the_totals_of_the_library_and_the_readings_of_tools(
    own: Own, name: str
) -> None:
    own.choose(LIGHT / f"{name}.onnx")
    own.wait_for(name)
    table = lc.table(lc.from_onnx(LIGHT / f"{name}.onnx"))
    total = table.total
    assert own.figures[:2] == [f"{total.parameters:,}", f"{total.parameter_bytes:,}"]
    assert own.figures[3].removeprefix("at least ") == f"{total.flops:,}"
    own.wait_for_tools()
    assert "fvcore" in own.page.locator(".lc-own-readings").inner_text()


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_configuration_file_has_the_parameters_of_the_library(own: Own, name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.json"
    path.write_text(json.dumps(dict(KNOWN[name].config)), encoding="utf-8")
    own.choose(path)
    own.wait_for(name)
    assert own.figures[0] == f"{lc.count(model_named(name), lc.PARAMETERS).total:,}"


def test_a_step_of_decoding_its_batch_and_its_format_are_set_beside_the_table(own: Own) -> None:
    own.paste("gpt2")
    own.wait_for("gpt2")
    for label, value in {"Tokens": "1", "Cached tokens": "1023", "Batch": "3"}.items():
        own.page.get_by_label(label, exact=True).fill(value)
    own.page.get_by_label("Number format").select_option("float32")
    cache = kv_cache(model_named("gpt2"), (1,), cached=1023, batch=3, dtype="float32")
    own.wait_for_number(cache.setting.bytes(cache.values), ".lc-own-result td")
    own.page.get_by_label("Convention").select_option("macs")
    own.page.locator(".lc-own-figures", has_text="MACs · macs").wait_for()
    own.page.get_by_label("Convention").select_option("textbook")
    own.page.get_by_label("Batch", exact=True).fill("none")
    assert "Batch takes a whole number" in own.problem
    own.page.get_by_label("Batch", exact=True).fill("")
    own.page.locator(".lc-own-problem").wait_for(state="hidden")


def test_a_field_with_a_value_that_is_refused_stays_to_be_mended(own: Own) -> None:
    own.paste("gpt2-medium")
    own.wait_for("gpt2-medium")
    tokens = own.page.get_by_label("Tokens", exact=True)
    tokens.fill("2000")
    assert "has 1024 positions" in own.problem
    assert own.page.evaluate("document.activeElement.id") == "lc-own-tokens"
    assert own.page.get_by_label("Cached tokens").is_visible()
    tokens.fill("3")
    own.page.locator(".lc-own-problem").wait_for(state="hidden")
    own.wait_for_number(configured_table(model_named("gpt2-medium"), (3,)).total.macs)


def test_what_is_saved_is_the_table_that_is_shown(own: Own) -> None:
    """A model that was refused since has changed the fields, and not the table."""
    own.paste("gpt2-large")
    own.wait_for("gpt2-large")
    own.page.get_by_label("Tokens", exact=True).fill("5")
    table = configured_table(model_named("gpt2-large"), (5,))
    own.wait_for_number(table.total.macs)
    own.paste("gpt2-larger")
    own.page.locator(".lc-own-problem:visible", has_text="no model is called 'gpt2-larger'").wait_for()
    with own.page.expect_download() as download:
        own.page.get_by_role("button", name="Save as CSV").click()
    assert f",{table.total.macs}," in Path(download.value.path()).read_text(encoding="utf-8")


def test_what_fits_into_a_memory_is_said_below_the_table(own: Own) -> None:
    own.paste("llama-3-8b")
    own.wait_for("llama-3-8b")
    own.page.get_by_label("Memory").fill("24GB")
    longest = largest_context(model_named("llama-3-8b"), 24 * 10**9)
    own.page.locator(".lc-own-result td", has_text=f"up to {longest.tokens:,} tokens each").wait_for()


def test_the_examples_are_counted_at_a_click(own: Own) -> None:
    for words, title in {
        "an ONNX file": "small",
        "a config.json": "llama",
        "layers as text": "Sequential",
    }.items():
        own.page.get_by_role("button", name=words).click()
        own.wait_for(title)


# ---- what is not -----------------------------------------------------------------------------------


def test_what_is_broken_is_said_and_nothing_is_lost(own: Own, tmp_path: Path) -> None:
    """More than ten files, each refused in words while the last good table and the text stay."""
    own.paste("1x8x8\nConv2d(1, 7, 3)")
    own.wait_for_number(7 * 9 + 7)
    for place, (name, content, said) in enumerate(case.values for case in BROKEN):
        path = tmp_path / str(place) / str(name)
        path.parent.mkdir()
        path.write_bytes(bytes(content))
        own.choose(path)
        own.page.locator(".lc-own-problem:visible", has_text=str(said) or "still that of").wait_for()
        assert "The table below is still that of Conv2d" in own.problem, name
    assert f"{7 * 9 + 7:,}" in own.figures
    assert own.page.locator("#lc-own-text").input_value() == "1x8x8\nConv2d(1, 7, 3)"
    assert own.page.locator("html[data-lc-python=live]").count() == 1
    own.paste("1x8x8\nConv2d(1, 8, 3)")
    own.wait_for_number(8 * 9 + 8)
    assert own.page.locator(".lc-own-problem:visible").count() == 0


def test_a_file_that_is_gone_by_now_is_asked_for_again(own: Own, tmp_path: Path) -> None:
    path = tmp_path / "gone.onnx"
    path.write_bytes((LIGHT / "light_squeezenet.onnx").read_bytes())
    own.choose(path)
    own.wait_for("gone")
    path.unlink()
    own.page.get_by_label("Input").fill("3x256x256")
    own.page.locator(".lc-own-problem:visible", has_text="gone.onnx cannot be read any more").wait_for()
    assert "choose it again" in own.problem


def test_a_text_at_which_python_breaks_down_is_refused_and_python_starts_anew(own: Own) -> None:
    own.paste("2\nLinear(2, 3)")
    own.wait_for_number(9)
    own.paste(f"3\nLinear(3, {'1+' * 20_000}1)")
    assert "The table below is still that of Linear" in own.problem
    own.paste("2\nLinear(2, 5)")
    own.wait_for_number(15)


def hostile() -> bytes:
    name = "<img src=x onerror=document.title='hit'>"
    graph = helper.make_graph(
        [
            helper.make_node("Relu", ["x"], ["y"], name=name),
            helper.make_node("Hardmax", ["y"], ["z"], name="=1+1"),
        ],
        name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 3, 8, 8))],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)],
    )  # fmt: skip
    content: bytes = helper.make_model(graph).SerializeToString()
    return content


def test_names_of_a_file_are_text_in_the_page_and_in_what_is_saved(own: Own, tmp_path: Path) -> None:
    path = tmp_path / "<b onclick=x>.onnx"
    path.write_bytes(hostile())
    own.choose(path)
    own.page.locator(".lc-own-result", has_text="<img src=x").wait_for()
    own.wait_for_tools()
    assert own.page.locator(".lc-own-model :is(img, b[onclick], script)").count() == 0
    assert own.page.title() != "hit"
    saved = {}
    for form in ("CSV", "Markdown"):
        with own.page.expect_download() as download:
            own.page.get_by_role("button", name=f"Save as {form}").click()
        saved[form] = Path(download.value.path()).read_text(encoding="utf-8")
    names = [row[0] for row in csv.reader(io.StringIO(saved["CSV"]))]
    assert "'=1+1" in names
    assert "<img" not in saved["Markdown"]


def huge(path: Path) -> None:
    """A file of 2 GB that is a hole where its one weight stands."""
    inner = b"\x08" + VARINT(HUGE // 4) + b"\x10\x01\x42\x01w\x4a" + VARINT(HUGE)
    tensor = b"\x2a" + VARINT(len(inner) + HUGE) + inner
    plain = onnx.load_from_string(hostile()).graph.SerializeToString()
    with path.open("wb") as file:
        file.write(b"\x08\x08\x3a" + VARINT(len(tensor) + HUGE + len(plain)) + tensor)
        file.seek(HUGE, io.SEEK_CUR)
        file.write(plain + b"\x42\x02\x10\x12")


DROP = """input => {
    const dropped = new DataTransfer();
    dropped.items.add(input.files[0]);
    document.querySelector('.lc-own-drop').dispatchEvent(
        new DragEvent('drop', {dataTransfer: dropped, bubbles: true, cancelable: true}));
}"""


def resident() -> int:
    """The bytes that the processes of this test's browser have in memory, and no other's on this machine."""
    parents, held = {}, {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        except OSError:  # it has ended meanwhile
            continue
        process = int(lines["Pid"])
        parents[process] = int(lines["PPid"])
        if lines["Name"].strip().startswith(("chrom", "headless")):
            held[process] = int(lines.get("VmRSS", "0 kB").split()[0]) * 1024

    def is_ours(process: int) -> bool:
        return process == os.getpid() or (process in parents and is_ours(parents[process]))

    return sum(size for process, size in held.items() if is_ours(process))


def test_a_file_of_two_gigabytes_is_dropped_and_read_by_slices(own: Own, tmp_path: Path) -> None:
    path = tmp_path / "huge.onnx"
    huge(path)
    before = resident()
    own.page.evaluate(
        "document.body.append(Object.assign(document.createElement('input'), {type: 'file', id: 'by'}))"
    )
    own.page.locator("#by").set_input_files(str(path))
    own.page.locator("#by").evaluate(DROP)
    own.wait_for("huge")
    assert resident() - before < 300_000_000
    said = own.page.locator(".lc-own-read").inner_text()
    assert said.startswith("Read: ")
    assert "kB of the file's 2 GB" in said
    own.page.evaluate("document.getElementById('by').remove()")


def test_python_can_be_stopped_at_a_model_and_starts_anew(own: Own, tmp_path: Path) -> None:
    """What takes too long is stopped by the reader, or by the page: Python is another one then."""
    own.paste("2\nLinear(2, 3)")
    own.wait_for_number(9)
    path = tmp_path / "long.onnx"
    nodes = [helper.make_node("Hardmax", [f"v{at}" if at else "x"], [f"v{at + 1}"]) for at in range(90_000)]
    graph = helper.make_graph(
        nodes, "long", [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 8))],
        [helper.make_tensor_value_info("v90000", TensorProto.FLOAT, None)],
    )  # fmt: skip
    path.write_bytes(helper.make_model(graph).SerializeToString())
    own.choose(path)
    own.page.get_by_role("button", name="Stop").click()
    assert "You stopped it. The table below is still that of Linear" in own.problem
    own.paste("2\nLinear(2, 5)")
    own.wait_for_number(15)


def test_no_request_left_the_site_and_nothing_was_sent(own: Own) -> None:
    """After all of the above: only files of this site were asked for, with nothing in the asking."""
    assert own.visitor.foreign == []
    assert own.sent == []
    assert not [url for url in own.visitor.requests if "#" in url or "/model-" in url or "light_" in url]
    assert not [line for line in own.visitor.errors if "Failed to load" in line]


# ---- links, keyboard, screens, paper -----------------------------------------------------------------


def test_a_link_brings_back_a_pasted_model_with_its_settings(browser: Any, server: Any, own: Own) -> None:
    own.paste("3x8x8\nfirst = Conv2d(3, 11, 3)")
    own.wait_for_number(11 * 27 + 11)
    own.page.get_by_label("Batch", exact=True).fill("5")
    own.wait_for_number(5 * 11 * 36 * 4)
    address = own.page.evaluate("location.hash")
    assert address.startswith("#model-")
    visitor = Visit(browser, server.address, viewport=NARROW, color_scheme="dark")
    other = Own(visitor, address)
    other.wait_for("Sequential")
    assert other.page.locator("#lc-own-text").input_value() == "3x8x8\nfirst = Conv2d(3, 11, 3)"
    assert f"{5 * 11 * 36 * 4:,}" in other.figures
    assert not [url for url in visitor.requests if "#" in url]
    other.wait_for_tools()
    assert other.page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    assert serious(other.page) == []
    other.page.goto(f"{server.address}{PAGE}#model-%%%")
    assert "cut off or changed" in other.problem
    visitor.context.close()


# The dialog of the system stays away, and it is said that it was asked for.
OPENS = """() => document.querySelector('.lc-own-model input[type=file]').addEventListener('click', event => {
    event.preventDefault();
    window.lcOpened = true;
}, {once: true})"""


def test_everything_is_reached_by_the_keyboard(own: Own) -> None:
    own.page.locator("#lc-own-text").fill("4\nLinear(4, 4)")
    own.page.locator("#lc-own-text").press("Control+Enter")
    own.wait_for_number(20)
    own.page.locator("#lc-own-text").focus()
    own.page.keyboard.press("Shift+Tab")
    assert own.page.evaluate("document.activeElement.textContent") == "Choose a file"
    own.page.evaluate(OPENS)
    own.page.keyboard.press("Enter")
    own.page.wait_for_function("window.lcOpened")
    own.choose(LIGHT / "light_squeezenet.onnx")
    own.wait_for("light_squeezenet")


def test_paper_has_the_table_and_no_controls(own: Own) -> None:
    own.page.emulate_media(media="print")
    assert own.page.locator(".lc-own-result table").first.is_visible()
    for part in (".lc-own-choosing", ".lc-own-controls", ".lc-own-exports", ".lc-toolbar"):
        assert not own.page.locator(f".lc-own-model {part}").is_visible(), part
    own.page.emulate_media(media="screen")


def test_without_scripts_an_example_is_counted(visit: Callable[..., Any]) -> None:
    page = visit(java_script_enabled=False).open(PAGE)
    assert page.locator(".lc-own-figures dd").first.inner_text() == "61,706"
    assert page.locator(".lc-own-example").is_visible()


def test_where_python_cannot_start_it_is_said_once(visit: Callable[..., Any]) -> None:
    """The example stays, and nothing is started again and again."""
    visitor = visit(missing=("runtime.xz",))
    page = Own(visitor)
    page.paste("2\nLinear(2, 3)")
    visitor.wait_for("failed")
    page.page.wait_for_timeout(500)
    assert len([url for url in visitor.requests if url.endswith("runtime.xz")]) == 1
    assert page.page.locator(".lc-badge[data-state=failed]").is_visible()
    assert page.figures[0] == "61,706"


def test_where_data_are_saved_python_waits_for_its_button(visit: Callable[..., Any]) -> None:
    visitor = visit(connection={"saveData": True})
    page = Own(visitor)
    page.paste("2\nLinear(2, 3)")
    page.page.locator(".lc-own-status", has_text="press Start Python").wait_for()
    assert not [url for url in visitor.requests if "snapshot" in url]
    page.page.get_by_role("button", name="Start Python").click()
    page.wait_for_number(9)
