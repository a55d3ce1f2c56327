"""The site as a zip, as somebody unpacks and serves it who has nothing but Python."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import ROOT, Visit

sys.path.insert(0, str(ROOT / "web"))

from site_builder import archive, step
from site_builder.checking import pages_of, problems


@pytest.fixture(scope="module")
def unpacked(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip, written and unpacked."""
    archive.archive().run()
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(archive.ARCHIVE) as opened:
        opened.extractall(folder)
    (inside,) = folder.iterdir()
    return inside


@pytest.fixture(scope="module")
def address(unpacked: Path) -> Iterator[str]:
    """The address of the unpacked folder, by `python -m http.server` in its parent: below a path."""
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]
    with subprocess.Popen(
        command, cwd=unpacked.parent, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        port = server.stdout.readline().partition(" port ")[2].partition(" ")[0]
        yield f"http://127.0.0.1:{port}/{unpacked.name}/"
        server.terminate()


def test_the_zip_unpacks_into_one_folder_that_holds_the_whole_site(unpacked: Path, site: Path) -> None:
    assert unpacked.name == "every-flop-counts"
    assert sorted(pages_of(unpacked)) == sorted(pages_of(site))
    assert problems(unpacked, iter(["index"])) == []


def test_equal_sites_give_equal_zips(unpacked: Path) -> None:
    """No date of this day, no user of this machine."""
    with zipfile.ZipFile(archive.ARCHIVE) as opened:
        entries = opened.infolist()
    assert {entry.date_time for entry in entries} == {step.WHEN_ALL_ARE_COPIED}
    assert {entry.external_attr >> 16 for entry in entries} == {0o644}


@pytest.mark.chromium
def test_every_page_of_the_unpacked_zip_opens_by_a_plain_server_and_asks_it_alone(
    browser: Any, address: str, unpacked: Path
) -> None:
    """An explorer, too, becomes live: Python's own server names types that the page can do with."""
    for name in pages_of(unpacked):
        visitor = Visit(browser, address)
        page = visitor.open(name)
        page.wait_for_load_state("networkidle")
        if name == "chapters/fully_connected.html":
            page.get_by_role("button", name="Start Python").first.click()
            visitor.wait_for("live")
        assert visitor.foreign == [], name
        assert visitor.errors == [], name
        visitor.context.close()
