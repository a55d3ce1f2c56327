"""The steps that build the site, and the server: what can be tested without a browser."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import pytest
from site_builder import book, browser_python, lock, node, step
from site_builder.browsing import serving
from site_builder.places import ASSETS, WEB
from site_builder.server import HOST, make_server

sys.path.insert(0, str(WEB / "sphinx"))

from printed_explorer import printed

# ---- steps -------------------------------------------------------------------------------------------


@pytest.fixture
def counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[step.Step, list[str], Path]:
    """A step that copies its input, the list of its runs, and that input."""
    monkeypatch.setattr(step, "STAMPS", tmp_path / "stamps")
    source, target, runs = tmp_path / "source.txt", tmp_path / "target.txt", list[str]()
    source.write_text("one", encoding="utf-8")

    def work() -> None:
        runs.append(source.read_text(encoding="utf-8"))
        target.write_text(runs[-1], encoding="utf-8")

    return step.Step("copying", (source,), (target,), work), runs, source


def test_a_step_whose_inputs_have_not_changed_is_skipped(counted: Any) -> None:
    """Contents decide, not times."""
    copying, runs, source = counted
    assert copying.run()
    source.touch()
    assert not copying.run()
    assert runs == ["one"]


def test_a_step_runs_again_when_an_input_changes(counted: Any) -> None:
    """One changed byte is enough."""
    copying, runs, source = counted
    copying.run()
    source.write_text("two", encoding="utf-8")
    assert copying.run()
    assert runs == ["one", "two"]


def test_a_step_runs_again_when_its_output_is_gone(counted: Any) -> None:
    """A deleted folder is made again."""
    copying, runs, _ = counted
    copying.run()
    copying.outputs[0].unlink()
    assert copying.run()
    assert runs == ["one", "one"]


def test_a_step_that_failed_runs_again(counted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only finished work counts as done."""
    copying, runs, source = counted
    copying.run()
    source.write_text("two", encoding="utf-8")

    def fail() -> None:
        raise step.BuildError("no")

    broken = step.Step(copying.name, copying.inputs, copying.outputs, fail)
    with pytest.raises(step.BuildError):
        broken.run()
    source.write_text("one", encoding="utf-8")
    assert copying.run()
    assert runs == ["one", "one"]


# ---- node, packages ----------------------------------------------------------------------------------


def test_without_node_the_message_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """No stack trace, but what to install."""
    monkeypatch.setattr(node.shutil, "which", lambda name: None)
    monkeypatch.setattr(node, "_node_of_wheel", lambda: None)
    with pytest.raises(step.BuildError, match=r"install Node\.js 18 or newer, or install the extra `book`"):
        node.find_node()


def test_the_lock_of_npm_names_no_registry_and_hashes_every_package() -> None:
    """Wherever npm fetches from, it gets the same bytes."""
    lock = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert not [name for name, entry in packages.items() if "resolved" in entry]
    assert not [name for name, entry in packages.items() if "integrity" not in entry]


def test_every_npm_package_is_pinned_exactly() -> None:
    """Pyodide above all: the snapshot uses options that it does not promise to keep."""
    wanted = json.loads((WEB / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    assert not [name for name, version in wanted.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)]
    assert wanted["pyodide"] == "314.0.6"


def test_a_changed_installed_package_is_not_packed(tmp_path: Path) -> None:
    """What goes to the reader is what the wheel brought, byte for byte."""
    path = next(file for file in browser_python.installed("comm").files or [] if file.name == "base_comm.py")
    assert browser_python.checked_content("comm", path)
    changed = tmp_path / "base_comm.py"
    changed.write_text("import os\n", encoding="utf-8")
    path.dist = type("Elsewhere", (), {"locate_file": lambda self, file: changed})()
    with pytest.raises(step.BuildError, match="was changed; install comm again"):
        browser_python.checked_content("comm", path)


def test_a_package_that_is_not_installed_is_named() -> None:
    """The message says which, and what to install."""
    with pytest.raises(step.BuildError, match="The package no-such-thing is not installed"):
        browser_python.installed("no-such-thing")


# ---- the built site ----------------------------------------------------------------------------------


def test_the_packages_for_the_browser_hold_the_library_and_no_tests(site: Path) -> None:
    """What the worker imports is there; what only developers need is not sent to readers."""
    with zipfile.ZipFile(ASSETS / "python" / "packages.zip") as archive:
        names = archive.namelist()
    for wanted in ("course_bridge.py", "layercost/__init__.py", "layercost/explorers/__init__.py",
                   "ipywidgets/__init__.py", "traitlets/__init__.py", "comm/__init__.py",
                   "fsrs/__init__.py", "layercost/questions/bank/whole.json"):  # fmt: skip
        assert wanted in names
    assert not [
        name for name in names if "/tests/" in name or name.startswith(("grader", "numpy", "IPython"))
    ]
    assert "fsrs/optimizer.py" not in names


def test_the_manifest_says_the_sizes_of_the_files_that_are_served(site: Path) -> None:
    """The badge's megabytes come from here."""
    manifest = json.loads((ASSETS / "python" / "manifest.json").read_text(encoding="utf-8"))
    served = site / "_static" / "course" / f"python-{manifest['version']}"
    for name, size in manifest["sizes"].items():
        assert (served / name).stat().st_size == size


def test_an_explorer_carries_its_source_and_hides_it(site: Path) -> None:
    """The worker finds the cell's source in the page; the reader does not."""
    text = (site / "chapters" / "fully_connected.html").read_text(encoding="utf-8")
    source = re.search(r'<div class="lc-live"[^>]* data-source="([^"]*)"', text)
    assert source is not None
    assert "layercost.explorers" in source[1]
    assert "tag_explorer" in text
    assert "widget-view+json" not in text


def test_building_again_does_nothing(site: Path) -> None:
    """A second build finds every step done."""
    command = [sys.executable, "web/build.py"]
    done = subprocess.run(command, cwd=WEB.parent, capture_output=True, text=True, check=True)
    assert done.stdout.count("up to date") == 8


def test_a_book_with_warnings_is_read_anew_the_next_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Sphinx warns only of pages that it reads: a failed build must not be mended by repeating it."""
    parsed = tmp_path / ".doctrees"
    parsed.mkdir()
    monkeypatch.setattr(book, "CACHES", (parsed,))
    monkeypatch.setattr(book, "STAMPS", tmp_path)
    monkeypatch.setattr(book, "JUPYTER_BOOK", "raise SystemExit(1)")
    (tmp_path / "library-of-the-book").write_text(
        book.fingerprint((book.LIBRARY, WEB / "sphinx", WEB.parent / "_config.yml")), encoding="utf-8"
    )
    with pytest.raises(step.BuildError, match="the strict build accepts none"):
        book._build()
    assert not parsed.exists()


def test_a_second_build_waits_for_the_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two builds never write into one another's files."""
    monkeypatch.setattr(lock, "BUILD", tmp_path)
    order: list[str] = []

    def second() -> None:
        with lock.only_one_build():
            order.append("second")

    thread = threading.Thread(target=second)
    with lock.only_one_build():
        thread.start()
        thread.join(timeout=0.5)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


# ---- the server --------------------------------------------------------------------------------------


def fetch(address: str, **headers: str) -> Any:
    return urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=60)  # noqa: S310


@pytest.fixture
def small_site(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text("<p>" + "a lot of text " * 1000, encoding="utf-8")
    (tmp_path / "page.mjs").write_text("export {};", encoding="utf-8")
    (tmp_path / "code.wasm").write_bytes(b"\0asm")
    (tmp_path / "snapshot.bin").write_bytes(gzip.compress(b"memory"))
    return tmp_path


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("page.mjs", "text/javascript"),
        ("code.wasm", "application/wasm"),
        ("snapshot.bin", "application/octet-stream"),
        ("", "text/html"),
    ],
)
def test_files_have_the_types_that_browsers_insist_on(small_site: Path, name: str, kind: str) -> None:
    """Modules and WebAssembly are refused by browsers under another type."""
    with serving(small_site) as server, fetch(server.address + name) as answer:
        assert answer.headers.get_content_type() == kind


def test_text_is_packed_for_browsers_that_take_it(small_site: Path) -> None:
    """The same text arrives, in fewer bytes."""
    with serving(small_site) as server:
        with fetch(server.address, **{"Accept-Encoding": "gzip"}) as answer:
            packed = answer.read()
            assert answer.headers["Content-Encoding"] == "gzip"
        with fetch(server.address) as answer:
            plain = answer.read()
            assert answer.headers["Content-Encoding"] is None
    assert gzip.decompress(packed) == plain
    assert len(packed) < len(plain) / 10


def test_what_is_packed_already_is_sent_as_it_is(small_site: Path) -> None:
    """The worker unpacks the snapshot itself; a server that names an encoding would make it fail."""
    takes_gzip = {"Accept-Encoding": "gzip"}
    with serving(small_site) as server, fetch(server.address + "snapshot.bin", **takes_gzip) as answer:
        assert answer.headers["Content-Encoding"] is None
        assert gzip.decompress(answer.read()) == b"memory"


def test_a_missing_file_is_not_found(small_site: Path) -> None:
    """A plain 404, which the page script turns into words."""
    with serving(small_site) as server, pytest.raises(urllib.error.HTTPError) as caught:
        fetch(server.address + "nothing.html")
    assert caught.value.code == 404
    caught.value.close()


def test_a_taken_port_gives_way_to_a_free_one(small_site: Path) -> None:
    """Two courses can be served beside each other without a word about ports."""
    with make_server(small_site, 0) as first:
        taken = first.server_address[1]
        with make_server(small_site, taken) as second:
            assert second.server_address[1] != taken
            assert second.server_address[0] == HOST


# ---- the printed explorer ----------------------------------------------------------------------------


def test_a_widget_tree_prints_with_its_values_and_escaped_labels() -> None:
    """Controls print as label and value, HTML as its author wrote it, boxes as boxes."""
    states = {
        "root": {"model_name": "VBoxModel", "state": {
            "children": ["IPY_MODEL_slider", "IPY_MODEL_choice", "IPY_MODEL_html", "IPY_MODEL_button"],
            "_dom_classes": ["lc-explorer"]}},
        "slider": {"model_name": "IntSliderModel", "state": {"description": "a < b", "value": 300}},
        "choice": {"model_name": "DropdownModel", "state": {
            "description": "type", "index": 1, "_options_labels": ["int8", "float32"]}},
        "html": {"model_name": "HTMLModel", "state": {"value": "<b>30,100</b>", "_dom_classes": ["lc-line"]}},
        "button": {"model_name": "ButtonModel", "state": {"description": "Step"}},
    }  # fmt: skip
    text = printed("root", states)
    assert "a &lt; b" in text
    assert ">300<" in text
    assert ">float32<" in text
    assert "<b>30,100</b>" in text
    assert 'class="widget-container widget-box widget-vbox lc-explorer"' in text
    assert "Step" not in text
