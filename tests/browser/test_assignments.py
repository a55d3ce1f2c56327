"""A course's released assignments in JupyterLite: from the site to a mark, and nothing that is secret."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from site_builder import assignments, notebooks, step
from site_builder.browsing import serving

from grader import draws
from grader.box import Limits
from grader.build import build
from grader.command import main
from grader.course import Course, make_course
from grader.results import read_results
from grader.starter import write_starter
from tests.browser.conftest import ROOT, Visit

sys.path.insert(0, str(ROOT / "web" / "sphinx"))

import course_notebooks

NAME = "counting"
STUDENT = "ada"
ROWS = 20  # of numbers: a divisor of the thousand that there are, which take long
HEAD = "def linear_parameters(in_features, out_features, bias=True):\n"
WRONG = f"{HEAD}    return in_features * out_features"
RIGHT = f"{HEAD}    return (in_features + bias) * out_features"
NUMBER = (
    'own = mine["convolution"]\n'
    'convolution_parameters = (own["channels"] * own["kernel_size"] ** 2 + 1) * own["maps"]'
)
WORKERS = """async () => (await navigator.serviceWorker.getRegistrations())
    .map(({ scope }) => new URL(scope).pathname).sort()"""
# Stands for the site's pages, with a service worker at the root.
PAGE = """<script>
navigator.serviceWorker.register('service-worker.js').then(() => navigator.serviceWorker.ready)
    .then(() => { document.documentElement.id = 'kept' })
</script>"""
WORKER = "self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course that has released the assignment with which teachers begin."""
    place = tmp_path_factory.mktemp("class")
    write_starter(place / NAME)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(draws, "ROWS", ROWS)
        patch.setattr(draws, "SETS", 2)
        made = make_course(place / "course")
        build(made, place / NAME, Limits(step_seconds=5.0, total_seconds=60.0))
    return made


@pytest.fixture
def release(course: Course, tmp_path: Path) -> Path:
    """A copy of what was released, to do harm to."""
    shutil.copytree(course.root / "release", tmp_path / "release")
    return tmp_path / "release"


pytestmark = pytest.mark.bubblewrap


# ---- what is a release -------------------------------------------------------------------------------


def test_a_release_is_its_notebooks_and_the_files_beside_them(release: Path) -> None:
    """What hides is a tool's own."""
    (release / NAME / ".ipynb_checkpoints").mkdir()
    (release / ".DS_Store").touch()
    (found,) = assignments.released_in(release)
    assert (found.title, found.version, found.place) == ("Counting", 1, f"assignments/{NAME}")
    assert [path.name for path in found.files] == [f"{NAME}.ipynb", "variants.json"]
    assert found.address == f"lite/notebooks/index.html?path=assignments/{NAME}/{NAME}.ipynb"


def linked_file(release: Path) -> None:
    (release / NAME / "picture.png").symlink_to(release.parent / "course" / "secret")


def linked_folder(release: Path) -> None:
    (release / "other").symlink_to(release / NAME)


def folder_inside(release: Path) -> None:
    (release / NAME / "solutions").mkdir()


def loose_file(release: Path) -> None:
    (release / "marks.csv").touch()


def no_notebook(release: Path) -> None:
    (release / NAME / f"{NAME}.ipynb").unlink()


def two_notebooks(release: Path) -> None:
    shutil.copy(release / NAME / f"{NAME}.ipynb", release / NAME / "solution.ipynb")


def no_json(release: Path) -> None:
    (release / NAME / f"{NAME}.ipynb").write_text("{")


def nothing(release: Path) -> None:
    shutil.rmtree(release / NAME)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (linked_file, r"expected files in .*; picture\.png is a link\. Take it away"),
        (linked_folder, r"expected the folder `release` .*other is a link\. Take it away"),
        (folder_inside, r"expected files in .*; solutions is a folder\. Take it away"),
        (loose_file, r"a folder in it for each assignment; .*marks\.csv is no folder and no"),
        (no_notebook, r"expected one notebook in .*; there are 0\. Release the assignment again"),
        (two_notebooks, r"expected one notebook in .*; there are 2\. Release the assignment again"),
        (no_json, r"expected a notebook; .* cannot be read as one .*Release the assignment again"),
        (nothing, r"expected the folder `release` .* is empty\. `grader build` releases an assignment"),
    ],
)
def test_what_does_not_belong_into_a_release_is_named(
    release: Path, harm: Callable[[Path], None], said: str
) -> None:
    """What was expected, what arrived and what to try; no link is followed, and nothing is passed over."""
    harm(release)
    with pytest.raises(step.BuildError, match=said):
        assignments.released_in(release)


def submitted(course: Course) -> Path:
    """A folder of the form of a release, with what a student handed in."""
    folder = course.submitted / STUDENT / NAME
    folder.mkdir(parents=True)
    text = (course.release(NAME) / f"{NAME}.ipynb").read_text()
    (folder / f"{NAME}.ipynb").write_text(text.replace("raise NotImplementedError()", "return 1"))
    return folder.parent


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        (lambda course: course.root, r"is a whole course, .* Try --release .*/course/release\."),
        (lambda course: course.root / "source", r"'student-id' is not\. Sources hold solutions"),
        (submitted, r"'linear-parameters' is not\. Sources hold solutions, and submissions are"),
        (lambda course: course.root / "gradebook.db", r"is no folder\. Try --release COURSE/release"),
        (lambda course: course.root / "records", r"is empty"),
    ],
    ids=["course", "source", "submitted", "gradebook", "records"],
)
def test_a_folder_that_is_not_a_release_is_refused(
    course: Course, tmp_path: Path, folder: Callable[[Course], Path], said: str
) -> None:
    """Solutions, students' work and marks stay where they are."""
    copy = Course(tmp_path / "course")
    shutil.copytree(course.root, copy.root)
    with pytest.raises(step.BuildError, match=said):
        assignments.released_in(folder(copy))


def test_each_version_has_a_folder_of_its_own(release: Path) -> None:
    """A notebook that a browser kept never finds another version's numbers beside it."""
    notebook = release / NAME / f"{NAME}.ipynb"
    notebook.write_text(notebook.read_text().replace("version-1", "version-3"))
    (found,) = assignments.released_in(release)
    assert found.place == f"assignments/{NAME}-version-3"


def test_a_changed_release_is_built_anew(release: Path) -> None:
    """Another number in another course's variants.json is enough; so is none at all."""

    def inputs() -> str:
        wanted = notebooks.jupyterlite(assignments.released_in(release))
        return step.fingerprint(wanted.inputs, *wanted.words)

    before = inputs()
    assert before == inputs()
    (release / NAME / "variants.json").write_text("{}")
    without = notebooks.jupyterlite()
    assert len({before, inputs(), step.fingerprint(without.inputs, *without.words)}) == 3


# ---- on the opening page -----------------------------------------------------------------------------


def test_the_opening_page_leads_to_each_assignment(release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its title, which is a teacher's text and no HTML."""
    (found,) = assignments.released_in(release)
    named = dataclasses.replace(found, title="Count <b> & co.")
    monkeypatch.setenv(course_notebooks.ASSIGNMENTS, assignments.as_text([named]))
    section = course_notebooks.list_of_assignments(lambda path, _: f"./{path}")
    assert f'<a href="./{found.address}">Count &lt;b&gt; &amp; co.</a>' in section
    assert "<h2>Assignments</h2>" in section


def test_without_assignments_the_opening_page_says_nothing_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(course_notebooks.ASSIGNMENTS, assignments.as_text([]))
    assert course_notebooks.list_of_assignments(lambda path, _: path) == ""


def test_the_list_stands_above_the_chapters(site: Path) -> None:
    """The place that it looks for is there, and a plain build has no list."""
    page = (site / "index.html").read_text(encoding="utf-8")
    assert page.count(course_notebooks.CHAPTERS) == 1
    assert 'id="assignments"' not in page


def test_a_folder_that_is_no_release_stops_the_build_with_one_line(course: Course) -> None:
    command = [sys.executable, "web/build.py", "--release", str(course.root / "source")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("The site could not be built. --release: expected a notebook as `grader")
    assert done.stderr.count("\n") == 1


# ---- in the browser ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served(site: Path, course: Course, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site that has nothing but JupyterLite with the assignment, and a service worker at its root."""
    folder = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(notebooks, "OUTPUT", folder / "lite")
        patch.setattr(notebooks, "DRAFT", folder.with_name("draft-of-lite"))
        notebooks._build(assignments.released_in(course.root / "release"))
    (folder / "index.html").write_text(PAGE)
    (folder / "service-worker.js").write_text(WORKER)
    return folder


def test_jupyterlite_serves_what_was_released_and_nothing_else_of_the_course(
    served: Path, course: Course
) -> None:
    folder = served / "lite" / "files" / "assignments"
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert names == {f"{NAME}/{NAME}.ipynb", f"{NAME}/variants.json"}
    ours, theirs = (
        json.loads((root / NAME / f"{NAME}.ipynb").read_text(encoding="utf-8"))
        for root in (course.root / "release", folder)
    )
    assert theirs["cells"] == ours["cells"]
    assert theirs["metadata"]["kernelspec"]["name"] == "python"


class Sheet:
    """A notebook in JupyterLite, as a student works in it."""

    def __init__(self, visitor: Visit) -> None:
        self.page = visitor.page
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for()
        self.page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").first.wait_for()

    def cell(self, text: str) -> Any:
        """The code cell that holds this text."""
        return self.page.locator(".jp-CodeCell", has=self.page.locator(".cm-content", has_text=text)).first

    def write(self, old: str, new: str) -> None:
        """Write into the cell that holds the old text, in its place."""
        self.cell(old).locator(".cm-content").click()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(new)

    def run(self) -> None:
        """Run all cells."""
        self.page.get_by_role("menuitem", name="Run", exact=True).first.click()
        self.page.get_by_text("Run All Cells", exact=True).click()

    def download(self, folder: Path) -> Path:
        """The file that the browser keeps."""
        self.page.get_by_role("menuitem", name="File", exact=True).first.click()
        with self.page.expect_download() as waiting:
            self.page.get_by_text("Download", exact=True).click()
        target = folder / waiting.value.suggested_filename
        waiting.value.save_as(target)
        return target


def own_numbers(course: Course) -> dict[str, int]:
    """What the setup cell should print: the row of variants.json that belongs to the student."""
    variants = json.loads((course.release(NAME) / "variants.json").read_text(encoding="utf-8"))
    salt = variants["salt"]
    digest = sha256(f"{salt}/{STUDENT}".encode()).hexdigest()
    rows = variants["convolution"]
    return {name: value for name, value in rows[int(digest, 16) % len(rows)].items() if name != "told"}


@pytest.mark.chromium
def test_an_assignment_is_checked_in_jupyterlite_and_what_is_downloaded_earns_its_points(
    browser: Any, served: Path, course: Course, tmp_path: Path
) -> None:
    """Own numbers, a wrong answer's sentence, a right one, the download, the marks; from this site alone."""
    with serving(served) as server:
        visitor = Visit(browser, server.address, keeps=True, viewport={"width": 1200, "height": 2400})
        visitor.page.set_default_timeout(120_000)
        visitor.open("index.html").wait_for_selector("#kept", state="attached")
        (released,) = assignments.released_in(course.root / "release")
        visitor.open(released.address)
        sheet = Sheet(visitor)
        sheet.write("JUPYTERHUB_USER", f'student_id = "{STUDENT}"')
        sheet.write("def linear_parameters", WRONG)
        sheet.write("convolution_parameters = None", NUMBER)
        sheet.run()
        for name, value in own_numbers(course).items():
            line = f'mine["convolution"]["{name}"] = {value}'
            sheet.cell("variants.pop").locator(".jp-OutputArea-output", has_text=line).wait_for()
        check = sheet.cell("one weight and one bias")
        check.locator(".jp-OutputArea-output", has_text="AssertionError: one weight and one bias").wait_for()

        sheet.write("def linear_parameters", RIGHT)
        sheet.run()
        check.locator(".jp-OutputArea-output").wait_for(state="detached")
        last = sheet.cell("isinstance(convolution_parameters")
        last.locator(".jp-InputPrompt", has_text=re.compile(r"\[\d+\]")).wait_for()  # not [*]: it has run
        assert check.locator(".jp-OutputArea-output").count() == 0
        downloads = tmp_path / f"{NAME}-{STUDENT}"
        handed_in = sheet.download(downloads)
        assert visitor.page.evaluate(WORKERS) == ["/", "/lite/"], "the site's own is still there"
        assert visitor.foreign == []
        visitor.context.close()
    assert handed_in.name == f"{NAME}.ipynb"
    earned = {"check-linear-parameters": 2, "check-convolution": 1, "explanation": 0}  # nothing was written
    assert points(course, tmp_path) == earned


def points(course: Course, clones: Path) -> dict[str, float]:
    """What a downloaded notebook earns, question by question."""
    roster = clones / "students.csv"
    roster.write_text(f"id,name\n{STUDENT},Ada Lovelace\n")
    for words in (["roster", str(roster)], ["collect", NAME, str(clones)], ["autograde", NAME]):
        assert main([*words, "--course", str(course.root)]) == 0
    (result,) = read_results(course, course.assignment(NAME))
    assert result.student == STUDENT
    return {one.grade_id: one.points for one in result.questions}
