"""How long the course takes to build: from nothing, after one edited paragraph, and with nothing changed.

`python benchmarks/building.py` prints a Markdown table; with `--write` it goes into benchmarks/RESULTS.md.
A copy of the repository is built in a temporary folder, so that this one keeps what it has built. The node
packages are there already where `web/node_modules` is: fetching them is the network's time.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import report

ROOT = Path(__file__).resolve().parents[1]
EDITED = ("chapters/pooling.md", "chapters/fully_connected.md", "index.md")
HEADS = ["what", "seconds"]


def copy_of_the_repository(target: Path) -> None:
    """Put all that git tracks here, as it is now, into a folder, and the node packages that are there."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    packages = ROOT / "web" / "node_modules"
    if packages.exists():
        shutil.copytree(packages, target / "web" / "node_modules", symlinks=True)


def build(course: Path, *asked: str) -> float:
    """Build the course in a folder; the seconds that it took."""
    environment = {**os.environ, "PYTHONPATH": str(course / "src")}
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "web/build.py", *asked], cwd=course, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"the build failed:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - began


def edit_a_paragraph(page: Path) -> None:
    """Put a word at the end of the page's last plain paragraph."""
    lines = page.read_text(encoding="utf-8").rstrip("\n").split("\n")
    place = max(index for index, line in enumerate(lines) if line[:1].isalpha() and line.endswith("."))
    lines[place] += " Indeed."
    page.write_text("\n".join(lines) + "\n", encoding="utf-8")


def measure() -> list[list[str]]:
    """The rows of the table."""
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder)
        copy_of_the_repository(course)
        cold = build(course)
        edited = []
        for name in EDITED:
            edit_a_paragraph(course / name)
            edited.append(build(course))
        unchanged = build(course)
        everything = build(course, "--all")
    return [
        ["the site, from nothing", f"{cold:.0f}"],
        [f"after one edited paragraph (median of {len(EDITED)} pages)", f"{statistics.median(edited):.1f}"],
        ["with nothing changed", f"{unchanged:.1f}"],
        ["after that: notebooks in the browser, PDF, EPUB, zip", f"{everything:.0f}"],
    ]


def main() -> int:
    """Measure, print, and write if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/RESULTS.md")
    asked = parser.parse_args()
    load = f"load average before {report.load()}"
    rows = measure()
    how = f"`python benchmarks/building.py`, {report.today()}, {report.processor()}, {load}."
    text = "\n".join(["## Building the course", "", how, "", *report.table(HEADS, rows)])
    print(text)
    if asked.write:
        report.write_section("building", text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
