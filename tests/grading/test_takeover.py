"""nbgrader's own commands and pages in a course of ours: they show our marks, and cannot undo them."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook

from grader.command import main
from grader.course import Course

from .conftest import RIGHT, Submissions, copy_of_course, use_counting

pytestmark = pytest.mark.bubblewrap

TOKEN = "for-this-test"  # noqa: S105 - the server lives as long as the test
PATIENCE = 120.0


@pytest.fixture(scope="module")
def marked_course(built_course: Path, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course in which three students are marked, one of whom submitted no notebook."""
    course = copy_of_course(built_course, tmp_path_factory.mktemp("takeover") / "course")
    submissions = Submissions(course)
    submissions.add("ada", RIGHT)
    submissions.add("emmy", RIGHT | {"q2": "def conv_params(cin, cout, k, bias=True): return cout*cin*k*k"})
    submissions.path("grace").write_text("I am no notebook.")
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_counting(monkeypatch)
        assert main(["autograde", "counting", "--course", str(course.root)]) == 0
    return course


def totals(course: Course) -> dict[str, float]:
    with Gradebook(course.database) as gradebook:
        return {each.student.id: each.score for each in gradebook.assignment_submissions("counting")}


def nbgrader(course: Course, environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *words],
        cwd=course.root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


OURS = {"ada": 12.0, "emmy": 10.0, "grace": 0.0}


@pytest.mark.parametrize("words", [("--force",), ("--student", "emmy", "--force")])
def test_nbgraders_autograde_marks_as_we_do(
    marked_course: Course, environment: dict[str, str], words: tuple[str, ...]
) -> None:
    """`nbgrader autograde` runs `grader autograde`: the partial credit stays, and the log says who marks."""
    done = nbgrader(marked_course, environment, "autograde", "counting", *words)
    assert done.returncode == 0, done.stderr
    assert "grader autograde counting" in done.stderr
    assert totals(marked_course) == OURS


def test_nbgraders_autograde_refuses_where_grader_is_not(
    marked_course: Course, environment: dict[str, str], tmp_path: Path
) -> None:
    """Where `grader` cannot run, nothing is marked at all, and the message gives the command to type."""
    course = copy_of_course(marked_course.root, tmp_path / "course")
    configuration = course.root / "nbgrader_config.py"
    configuration.write_text(configuration.read_text().replace(repr(sys.executable), "'no-such-python'"))
    done = nbgrader(course, environment, "autograde", "counting", "--force")
    assert done.returncode != 0
    assert f"In {course.root} type: grader autograde counting" in done.stderr
    assert totals(course) == OURS


def test_nbgraders_feedback_is_ours(marked_course: Course, environment: dict[str, str]) -> None:
    """`nbgrader generate_feedback` writes our page, whose policy lets no script run."""
    done = nbgrader(marked_course, environment, "generate_feedback", "counting", "--force")
    assert done.returncode == 0, done.stderr
    page = marked_course.feedback("emmy", "counting", "convolution").read_text()
    assert "Content-Security-Policy" in page
    assert "forgot-bias" in page


def test_nbgraders_generate_assignment_checks_the_solution(
    marked_course: Course, environment: dict[str, str]
) -> None:
    """`nbgrader generate_assignment` runs `grader build`, which keeps prefilled cells and the marks."""
    done = nbgrader(marked_course, environment, "generate_assignment", "counting", "--force")
    assert done.returncode == 0, done.stderr
    release = (marked_course.release("counting") / "convolution.ipynb").read_text()
    assert "JUPYTERHUB_USER" in release
    assert "cout * (cin * k * k + bool(bias))" not in release
    assert totals(marked_course) == OURS


class Server:
    """A Jupyter server with nbgrader's formgrader, in a course."""

    def __init__(self, course: Course, environment: dict[str, str], log: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        self.log = log.open("w")
        options = {"ip": "127.0.0.1", "port": port, "root_dir": course.root, "open_browser": False}
        words = [f"--ServerApp.{name}={value}" for name, value in options.items()]
        words.append(f"--IdentityProvider.token={TOKEN}")
        extensions = "--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", "--allow-root", extensions, *words],
            cwd=course.root,
            env=environment,
            stdout=self.log,
            stderr=self.log,
        )

    def wait(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.read("/formgrader/api/assignments")
                return
            except (urllib.error.URLError, ConnectionError):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def read(self, path: str, data: bytes | None = None) -> str:
        request = urllib.request.Request(  # noqa: S310 - the address is our own server's
            self.address + path, data=data, headers={"Authorization": f"token {TOKEN}"}
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - likewise
            return answer.read().decode()

    def json(self, path: str, data: bytes | None = None) -> Any:
        return json.loads(self.read(path, data))

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.log.close()


@pytest.fixture(scope="module")
def server(
    marked_course: Course, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("log") / "server.txt"
    server = Server(marked_course, environment, log)
    try:
        server.wait()
        yield server
    finally:
        server.close()


def test_the_formgrader_opens_on_our_marks(server: Server) -> None:
    """Its list shows our totals; its page of a submission shows our comment, and asks for the manual mark."""
    rows = {row["student"]: row for row in server.json("/formgrader/api/submissions/counting")}
    assert {student: row["score"] for student, row in rows.items()} == OURS
    assert rows["ada"]["needs_manual_grade"]
    submitted = {
        row["student"]: row for row in server.json("/formgrader/api/submitted_notebooks/counting/convolution")
    }
    identity = submitted["emmy"]["id"]
    comments = server.json(f"/formgrader/api/comments?submission_id={identity}")
    assert any("forgot-bias" in (each["auto_comment"] or "") for each in comments)
    page = server.read(f"/formgrader/submissions/{identity}/")
    assert "conv_params" in page
    unreadable = server.read(f"/formgrader/submissions/{submitted['grace']['id']}/")
    assert "is not JSON, so it is no notebook" in unreadable
    assert server.read("/formgrader/gradebook/counting/convolution/")


def test_the_formgraders_button_marks_as_we_do(server: Server, marked_course: Course) -> None:
    """The Autograde button runs `grader autograde` for this student, and leaves our marks."""
    answer = server.json("/formgrader/api/submission/counting/emmy/autograde", data=b"")
    assert answer["success"], answer
    assert "grader autograde counting" in answer["log"]
    assert totals(marked_course) == OURS
