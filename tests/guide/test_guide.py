"""The teacher's guide, run from an empty folder: every command that it shows, in the order of its pages."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.course import Course
from grader.upkeep.rehearsal import notebooks

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("first_class", "hand_out", "daily", "own", "year")  # in the order in which one reads them
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.M | re.S)
STUDENTS = {"ada": "Ada Lovelace", "emmy": "Emmy Noether", "sofia": "Sofia Kovalevskaya"}

pytestmark = pytest.mark.bubblewrap


def commands(page: str) -> Iterator[str]:
    """The commands of a page's console blocks."""
    text = (ROOT / "teaching" / f"{page}.md").read_text(encoding="utf-8")
    for block in CONSOLE.findall(text):
        for line in block.splitlines():
            assert line.startswith("$ "), f"{page}: what a console shows is not tested: {line!r}"
            yield line.removeprefix("$ ")


class Terminal:
    """A teacher's terminal in a home of its own; it keeps the folder from one command to the next."""

    def __init__(self, home: Path) -> None:
        self.home = self.folder = home
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        python = f"{ROOT / 'src'}{os.pathsep}{ROOT}"
        self.environment = {**os.environ, "HOME": str(home), "PATH": path, "PYTHONPATH": python}
        self.environment.pop("COLUMNS", None)

    def type(self, command: str) -> str:
        """Runs a command, which must succeed, and gives what it said."""
        where = self.home / ".folder"
        done = subprocess.run(
            ["bash", "-c", f"{command}\nstatus=$?; pwd > {where}; exit $status"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=3600,
        )
        assert done.returncode == 0, f"$ {command}\n{done.stdout}{done.stderr}"
        self.folder = Path(where.read_text().strip())
        return done.stdout


def download(home: Path) -> None:
    """What a teacher downloads: the zips of two systems, and clones of repositories."""
    course = Course(home / "fall")
    handed_in = dict(zip(STUDENTS, notebooks(course, "fully_connected", list(STUDENTS)), strict=True))
    (home / "Downloads").mkdir()
    with zipfile.ZipFile(home / "Downloads" / "moodle.zip", "w") as archive:
        for number, (student, notebook) in enumerate(handed_in.items(), start=101):
            folder = f"{STUDENTS[student]}_{number}_assignsubmission_file_"
            archive.writestr(f"{folder}/fully_connected.ipynb", json.dumps(notebook))
    with zipfile.ZipFile(home / "Downloads" / "canvas.zip", "w") as archive:
        for number, (student, notebook) in enumerate(handed_in.items(), start=101):
            first, last = STUDENTS[student].lower().split()
            archive.writestr(f"{last}{first}_{number}_{number + 900}_lenet.ipynb", json.dumps(notebook))
    for student, notebook in handed_in.items():
        clone = home / "clones" / f"fully_connected-{student}"
        clone.mkdir(parents=True)
        (clone / "fully_connected.ipynb").write_text(json.dumps(notebook))


def test_the_guide_runs_from_top_to_bottom(tmp_path: Path) -> None:
    """A made-up class, then a real one, then a year: no command fails, and the marks are right."""
    (tmp_path / "every-flop-counts").symlink_to(ROOT)
    terminal = Terminal(tmp_path)
    for page in PAGES:
        if page == "hand_out":
            download(tmp_path)
        for command in commands(page):
            terminal.type(command)
    course = Course(tmp_path / "fall")
    assert {path.name for path in course.submitted.iterdir()} == {"ada", "emmy"}  # sofia is forgotten
    table = (course.root / "term.csv").read_text().splitlines()
    assert [line.partition(",")[0] for line in table[1:]] == ["ada", "emmy", "maryam"]
    shutil.rmtree(tmp_path / "fall")


def test_every_page_of_the_guide_is_in_the_book() -> None:
    """And every page that holds commands is tried."""
    contents = (ROOT / "_toc.yml").read_text()
    pages = {path.stem for path in (ROOT / "teaching").glob("*.md")}
    assert {page for page in pages if f"teaching/{page}\n" in contents} == pages
    with_commands = {page for page in pages if CONSOLE.search((ROOT / "teaching" / f"{page}.md").read_text())}
    assert with_commands == set(PAGES)
