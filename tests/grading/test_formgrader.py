"""A teacher's round in nbgrader's own pages: marks by hand, feedback generated, released and fetched."""

from __future__ import annotations

import getpass
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook

from grader.course import Course

from .conftest import RIGHT, Submissions, copy_of_course, no_thread_left
from .server import PATIENCE, TOKEN, Server, nbgrader

pytestmark = [pytest.mark.bubblewrap, pytest.mark.chromium]

ME = getpass.getuser()  # whom nbgrader takes for the student
WITHOUT_BIAS = RIGHT | {"q2": "def conv_params(cin, cout, k, bias=True): return cout*cin*k*k"}


@pytest.fixture(scope="module")
def course(
    built_course: Path, tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]
) -> Course:
    """A student fetched the assignment from the exchange and handed it in; two files came another way."""
    course = copy_of_course(built_course, tmp_path_factory.mktemp("formgrader") / "course")
    exchange = tmp_path_factory.mktemp("exchange")
    exchange.chmod(0o777)
    (course.root / "course.toml").write_text(f'[exchange]\nfolder = "{exchange}"\n')
    submissions = Submissions(course)
    submissions.add("ada", RIGHT)
    submissions.add("emmy", WITHOUT_BIAS)
    teacher(course, environment, "release_assignment", "counting")
    desk = student_desk(course)
    student(course, environment, "fetch_assignment", "counting")
    (desk / "counting" / "convolution.ipynb").write_text(json.dumps(submissions.notebook(WITHOUT_BIAS)))
    student(course, environment, "submit", "counting")
    teacher(course, environment, "collect", "counting")
    run("autograde", course, environment)
    return course


def student_desk(course: Course) -> Path:
    desk = course.root.parent / "desk"
    desk.mkdir(exist_ok=True)
    settings = (course.root / "course.toml").read_text()
    exchange = re.findall(r'"(.*)"', settings)[0]
    (desk / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.Exchange.root = {exchange!r}\n"
        f"c.CourseDirectory.course_id = {course.root.name!r}\nc.Exchange.cache = {str(desk / 'cache')!r}\n"
    )
    return desk


def teacher(course: Course, environment: dict[str, str], *words: str) -> str:
    done = nbgrader(course.root, environment, *words)
    assert done.returncode == 0, done.stderr
    return done.stderr


def student(course: Course, environment: dict[str, str], *words: str) -> str:
    done = nbgrader(student_desk(course), environment, *words)
    assert done.returncode == 0, done.stderr
    return done.stderr


def run(command: str, course: Course, environment: dict[str, str], *words: str) -> None:
    """A command of the grader in a process of its own, away from the threads of the browser."""
    typed = [sys.executable, "-m", "grader", command, "counting", *words]
    done = subprocess.run(
        typed, cwd=course.root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def page(
    course: Course, environment: dict[str, str], chromium: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """The formgrader of this course in a browser."""
    from playwright.sync_api import sync_playwright

    server = Server(course, environment, tmp_path_factory.mktemp("log") / "server.txt")
    try:
        server.wait()
        with no_thread_left(), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_page(
                base_url=server.address,
                viewport={"width": 1280, "height": 1000},
                extra_http_headers={"Authorization": f"token {TOKEN}"},
            )
            page.set_default_timeout(PATIENCE * 1000)
            yield page
            browser.close()
    finally:
        server.close()


def open_submission(page: Any, who: str) -> None:
    """The page on which this student's notebook is marked."""
    rows = page.request.get("/formgrader/api/submitted_notebooks/counting/convolution").json()
    identity = next(row["id"] for row in rows if row["student"] == who)
    page.goto(f"/formgrader/submissions/{identity}/")
    page.wait_for_function("() => formgrader.grades?.loaded && formgrader.comments?.loaded")


def grade(course: Course, who: str, cell: str) -> Any:
    with Gradebook(course.database) as gradebook:
        found = gradebook.find_grade(cell, "convolution", "counting", who)
        return found.manual_score, found.auto_score, found.needs_manual_grade


def test_the_marker_sees_the_rubric_beside_the_answer(page: Any) -> None:
    open_submission(page, ME)
    text = page.inner_text("#notebook-container")
    places = [text.index(part) for part in ("What earns points", "2: Says that the kernel", RIGHT["q4"])]
    assert places == sorted(places)
    assert "forgot-bias" in page.get_attribute("#q2-comment", "placeholder")


def test_a_mark_and_a_comment_given_here_survive_marking_again(
    page: Any, course: Course, environment: dict[str, str]
) -> None:
    open_submission(page, ME)
    page.fill("#q4", "4")
    page.fill("#q4-comment", "Say what `moved` means.")
    page.press("#q4-comment", "Escape")
    page.locator("#q4").focus()
    page.wait_for_function("() => $.active === 0")  # all that the page sent is answered
    assert grade(course, ME, "q4") == (4.0, None, False)
    run("autograde", course, environment, "--run-again", "--student", ME)
    assert grade(course, ME, "q4") == (4.0, None, False)
    open_submission(page, ME)
    assert page.input_value("#q4") == "4"
    assert page.input_value("#q4-comment") == "Say what `moved` means."


def press(page: Any, who: str, button: str) -> None:
    """One of the buttons in a student's row, and the window that says how it went."""
    page.goto("/formgrader/manage_submissions/counting")
    row = page.locator("tr", has=page.locator(f".student-id[data-order={who}]"))
    row.locator(f".{button} a").click()
    window = page.locator(".modal-title")
    window.wait_for()
    said = window.inner_text()
    assert said.startswith("Success"), page.inner_text(".modal-body")


def test_the_buttons_hand_feedback_back_and_the_student_finds_it(
    page: Any, course: Course, environment: dict[str, str]
) -> None:
    """Also for those whose file came another way: their page is written, and the button does not stumble."""
    for who in (ME, "ada"):
        press(page, who, "generate-feedback")
        press(page, who, "release-feedback")
    student(course, environment, "fetch_feedback", "counting")
    (fetched,) = (student_desk(course) / "counting" / "feedback").rglob("convolution.html")
    text = fetched.read_text()
    assert "Say what `moved` means." in text
    assert "Says that the kernel is moved." in text
    assert 'data-diagnosis="forgot-bias"' in text
    assert re.search(r"4\s*/\s*5", text)


def test_nbgraders_command_releases_the_whole_class(course: Course, environment: dict[str, str]) -> None:
    """`nbgrader release_feedback` needs a time and a secret beside each page; it finds both."""
    run("feedback", course, environment)
    said = teacher(course, environment, "release_feedback", "counting")
    assert len(re.findall("Feedback released to", said)) == 3
