"""nbgrader in a course of ours: its command, and a Jupyter server with its formgrader."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from grader.course import Course

TOKEN = "for-this-test"  # noqa: S105 - the server lives as long as the test
PATIENCE = 300.0


def nbgrader(folder: Path, environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


class Server:
    """A Jupyter server with nbgrader's formgrader, in a course."""

    def __init__(self, course: Course, environment: dict[str, str], log: Path) -> None:
        self.log = log.open("w")
        options = {"ip": "127.0.0.1", "port": 0, "root_dir": course.root, "open_browser": False}
        words = [f"--ServerApp.{name}={value}" for name, value in options.items()]
        words.append(f"--IdentityProvider.token={TOKEN}")
        extensions = "--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", "--allow-root", extensions, *words],
            cwd=course.root,
            env={**environment, "JUPYTER_RUNTIME_DIR": str(log.parent)},
            stdout=self.log,
            stderr=self.log,
        )
        self.told = log.parent / f"jpserver-{self.process.pid}.json"
        self.address = ""

    def wait(self) -> None:
        """Waits until it answers, at a port that was free and which only the server knows."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.address = f"http://127.0.0.1:{json.loads(self.told.read_text())['port']}"
                self.read("/formgrader/api/assignments")
                return
            except (OSError, ValueError):
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
