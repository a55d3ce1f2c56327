"""No protection at all: the runner as an ordinary process. Only for files that the teacher wrote."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from grader.box import Limits, PipeBox, ProcessLife, Sandbox
from grader.furniture import ENVIRONMENT, GRADER, interpreter, numpy_folders
from grader.stage import Stage


class Unprotected(Sandbox):
    """Starts runner.py as a child of ours, in a folder with copies of the files."""

    name = "none"

    def __init__(self, limits: Limits | None = None, files: Iterable[Path] = ()) -> None:
        super().__init__(limits or Limits())
        self.stage = Stage()
        (self.stage.folder / "grader").mkdir()
        for name in ("runner.py", "values.py"):
            shutil.copy2(GRADER / name, self.stage.folder / "grader" / name)
        self.work = self.stage.folder / "work"
        self.work.mkdir()
        for path in files:
            shutil.copy2(path, self.work / path.name)
        packages = self.stage.folder / "packages"
        packages.mkdir()
        for folder in numpy_folders():
            (packages / folder.name).symlink_to(folder)

    def open(self, student: str) -> PipeBox:
        theirs, requests = os.pipe()
        replies, answers = os.pipe()
        try:
            life = ProcessLife(self._start(theirs, answers))
        finally:
            os.close(theirs)
            os.close(answers)
        return PipeBox(self.limits, student, requests, replies, life)

    def _start(self, requests: int, replies: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [str(interpreter()), "-I", "-S", "-B", str(self.stage.folder / "grader" / "runner.py")],
            stdin=requests,
            stdout=replies,
            stderr=subprocess.DEVNULL,
            env={**ENVIRONMENT, "LD_LIBRARY_PATH": ""},
            cwd=self.work,
            start_new_session=True,
        )

    def describe(self) -> str:
        return "no sandbox, with all rights that you have"

    def close(self) -> None:
        self.stage.close()
