"""nbgrader's configuration of a course, which leads nbgrader's own buttons and commands to ours.

nbgrader's Autograde would run students' code beside its tests, without a sandbox, and write its own marks
over ours. A configuration that fails to load is passed over by nbgrader with a warning, so this one
imports nothing of ours: it starts `python -m grader` in a process of its own, and where that does not
work nothing is marked at all.
"""

from __future__ import annotations

import sys
from pathlib import Path

TEMPLATE = '''\
"""Made by `grader new`. It leads nbgrader's own buttons and commands to `grader`: leave that in."""

import subprocess
import tomllib
from pathlib import Path

from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.converters.base import NbGraderException

COURSE = str(Path(__file__).resolve().parent)  # wherever this lies: a copy of the course is one of its own
PYTHON = {python!r}  # the environment that grader is installed in

c = get_config()
c.CourseDirectory.root = COURSE
c.CourseDirectory.course_id = {name!r}

settings = Path(COURSE, "course.toml")
decided = tomllib.loads(settings.read_text(encoding="utf-8")) if settings.exists() else {{}}
c.CourseDirectory.db_url = decided.get("gradebook", {{}}).get("database") or (
    "sqlite:///" + str(Path(COURSE, "gradebook.db"))
)
exchange = decided.get("exchange", {{}}).get("folder")
if exchange:
    c.Exchange.root = exchange


def lead_to_grader(word, of_students):
    """Makes a converter of nbgrader run `grader WORD` for the same assignment, and the same students."""

    def start(self):
        assignment = self.coursedir.assignment_id
        what = assignment if of_students else "specifications/" + assignment
        students = ["--student=" + (self.coursedir.student_id or "*")] if of_students else []
        typed = "grader " + word + " " + what
        self.log.warning("This course is run by grader, not by nbgrader alone; running: %s", typed)
        command = [PYTHON, "-m", "grader", word, "--course", COURSE, *students, "--", what]
        try:
            done = subprocess.run(command, cwd=COURSE, capture_output=True, text=True, check=False)
            said, failed = done.stdout + done.stderr, done.returncode != 0
        except OSError as error:
            said, failed = str(error), True
        for line in said.splitlines():
            self.log.log(30 if failed else 20, "%s", line)
        if failed:
            message = "grader did not finish, and nbgrader did nothing. In %s type: %s" % (COURSE, typed)
            self.log.error(message)
            raise NbGraderException(message)

    return start


Autograde.start = lead_to_grader("autograde", of_students=True)
GenerateFeedback.start = lead_to_grader("feedback", of_students=True)
GenerateAssignment.start = lead_to_grader("build", of_students=False)
'''


def configuration(root: Path) -> str:
    """The text of a course's nbgrader_config.py."""
    return TEMPLATE.format(python=sys.executable, name=root.name)
