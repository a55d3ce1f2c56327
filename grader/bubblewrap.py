"""Boxes made with bubblewrap, on Linux.

Everything in the sandbox is read-only but a small /tmp in memory. There is no network, no other process, no
other user, none of our environment variables, and no package of the grader's own environment.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from grader.box import Limits, SandboxUnavailable
from grader.furniture import DEVICES, ENVIRONMENT
from grader.users import unprivileged_users
from grader.warm import WarmSandbox, in_the_sandbox

INSTALL_HINT = (
    "install bubblewrap (Debian and Ubuntu: apt install bubblewrap) on a Linux machine "
    "that allows user namespaces"
)


class Bubblewrap(WarmSandbox):
    """Starts sandboxes under `bwrap`; `files` are shown in the box's working folder, read-only."""

    name = "bubblewrap"

    def __init__(self, limits: Limits | None = None, files: Iterable[Path] = ()) -> None:
        found = shutil.which("bwrap")
        if found is None:
            raise SandboxUnavailable(f"bubblewrap is not here; {INSTALL_HINT}")
        super().__init__(limits, files)
        self.program = found
        self.users = unprivileged_users()

    def launch(self, plan: str, errors: int, *, alone: bool) -> tuple[subprocess.Popen[bytes], socket.socket]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            return self._launch(self.arguments(alone=alone), plan, errors, theirs.fileno()), ours

    def _launch(self, arguments: Sequence[str], plan: str, errors: int, line: int) -> subprocess.Popen[bytes]:
        user = next(self.users)
        return subprocess.Popen(
            [self.program, *arguments, "--", *in_the_sandbox(plan)],
            stdin=line,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env={},
            cwd="/",
            start_new_session=True,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )

    def arguments(self, *, alone: bool) -> list[str]:
        """What bwrap is told about the sandbox; the order matters, a later mount covers an earlier.

        The process inside is process 1 of it. One that bears boxes needs /proc for it, and no rights; a box
        alone has no /proc, and the right to mount its own /tmp, which it gives up.
        """
        places = self.furniture
        environment = (word for name, value in ENVIRONMENT.items() for word in ("--setenv", name, value))
        return [
            *("--unshare-all", "--unshare-user", "--as-pid-1", "--new-session"),
            *("--cap-drop", "ALL", *(("--cap-add", "CAP_SYS_ADMIN") if alone else ())),
            *(() if self.filter else ("--disable-userns",)),
            *("--uid", "1000", "--gid", "1000", "--hostname", "box", "--dir" if alone else "--proc", "/proc"),
            *("--dir", "/tmp", "--dir", "/dev/shm", "--dir", "/box/files"),
            *(word for name in DEVICES for word in ("--dev-bind", f"/dev/{name}", f"/dev/{name}")),
            *(word for source, target in places.binds for word in ("--ro-bind", str(source), target)),
            *(word for path, place in places.links for word in ("--symlink", path, place)),
            *(word for path in places.covers for word in ("--tmpfs", path, "--remount-ro", path)),
            *("--remount-ro", "/", "--chdir", "/box/files", "--clearenv", *environment),
        ]
