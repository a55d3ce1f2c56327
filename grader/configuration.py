"""nbgrader's configuration of a course, which leads nbgrader's own buttons and commands to ours.

nbgrader's Autograde would run students' code beside its tests, without a sandbox, and write its own marks over
ours. A configuration that fails to load is passed over by nbgrader with a warning, so this one imports nothing of
ours: it starts `python -m grader` in a process of its own, and where that does not work nothing is marked at all.
"""

from __future__ import annotations

import sys
from pathlib import Path

TEMPLATE = '''\
"""Made by `grader new`. nbgrader's Autograde and Generate Feedback are led to `grader` below: leave that in."""

import subprocess

from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.converters.base import NbGraderException

COURSE = {root!r}
PYTHON = {python!r}  # the environment that grader is installed in

c = get_config()
c.CourseDirectory.root = COURSE
c.CourseDirectory.course_id = {name!r}


def lead_to_grader(word):
    """Makes a converter of nbgrader run `grader WORD` for the same assignment and students."""

    def start(self):
        typed = "grader " + word + " " + self.coursedir.assignment_id
        students = self.coursedir.student_id or "*"
        command = [PYTHON, "-m", "grader", word, "--course", COURSE, "--student=" + students]
        self.log.warning("This course is marked by grader, not by nbgrader; running: %s", typed)
        try:
            done = subprocess.run(
                [*command, "--", self.coursedir.assignment_id], capture_output=True, text=True, check=False
            )
        except OSError as error:
            raise NbGraderException("Nothing was done. In %s type: %s (%s)" % (COURSE, typed, error))
        for line in (done.stdout + done.stderr).splitlines():
            self.log.info("%s", line)
        if done.returncode != 0:
            message = "grader did not finish. To see why, in %s type: %s" % (COURSE, typed)
            self.log.error(message)
            raise NbGraderException(message)

    return start


Autograde.start = lead_to_grader("autograde")
GenerateFeedback.start = lead_to_grader("feedback")
'''


def configuration(root: Path) -> str:
    """The text of a course's nbgrader_config.py."""
    return TEMPLATE.format(root=str(root), python=sys.executable, name=root.name)
