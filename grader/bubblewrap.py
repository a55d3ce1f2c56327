"""Boxes made with bubblewrap, on Linux.

Everything in the sandbox is read-only but a small /tmp in memory. There is no network, no other process, no
other user, none of our environment variables, and no package of the grader's own environment.
"""

from __future__ import annotations

import itertools
import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from grader.box import Limits, SandboxUnavailable
from grader.furniture import DEVICES, ENVIRONMENT, PYTHON
from grader.warm import WarmSandbox

INSTALL_HINT = (
    "install bubblewrap (Debian and Ubuntu: apt install bubblewrap) on a Linux machine "
    "that allows user namespaces"
)

# When the grader runs as root, each sandbox runs as a user of its own, from a range that nothing else uses
# (systemd's table of user ids leaves 0x70000000 to 0x7fffffff free); `nobody` where that range is not mapped.
FIRST_USER, USERS, NOBODY = 0x7000_0000, 1 << 20, 65534


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

    def launch(self, plan: str, errors: int) -> tuple[subprocess.Popen[bytes], socket.socket]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            return self._launch(plan, errors, theirs.fileno()), ours

    def _launch(self, plan: str, errors: int, line: int) -> subprocess.Popen[bytes]:
        user = next(self.users)
        return subprocess.Popen(
            [self.program, *self.arguments(), "--", PYTHON, "-I", "-S", "-B", "/box/grader/nursery.py", plan],
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

    def arguments(self) -> list[str]:
        """What bwrap is told about the sandbox; the order matters, a later mount covers an earlier.

        The process inside is process 1 of it. Its capability to mount is for a box alone; boxes drop it.
        """
        places = self.furniture
        environment = (word for name, value in ENVIRONMENT.items() for word in ("--setenv", name, value))
        return [
            *("--unshare-all", "--unshare-user", "--as-pid-1", "--new-session"),
            *("--cap-drop", "ALL", "--cap-add", "CAP_SYS_ADMIN"),
            *(() if self.filter else ("--disable-userns",)),
            *("--uid", "1000", "--gid", "1000", "--hostname", "box", "--proc", "/proc"),
            *("--dir", "/tmp", "--dir", "/dev/shm", "--dir", "/box/files"),
            *(word for name in DEVICES for word in ("--dev-bind", f"/dev/{name}", f"/dev/{name}")),
            *(word for source, target in places.binds for word in ("--ro-bind", str(source), target)),
            *(word for path, place in places.links for word in ("--symlink", path, place)),
            *(word for path in places.covers for word in ("--tmpfs", path, "--remount-ro", path)),
            *("--remount-ro", "/", "--chdir", "/box/files", "--clearenv", *environment),
        ]


def unprivileged_users() -> Iterator[int | None]:
    """The user ids that sandboxes take in turn: our own when we are nobody special, otherwise not root's."""
    if os.getuid() != 0:
        return itertools.repeat(None)
    lines = [line.split() for line in Path("/proc/self/uid_map").read_text().splitlines()]
    mapped = any(
        int(first) <= FIRST_USER and int(first) + int(count) >= FIRST_USER + USERS
        for first, _, count in lines
    )
    if not mapped:
        return itertools.repeat(NOBODY)
    start = secrets.randbelow(USERS)  # another grader may run at the same time
    return (FIRST_USER + (start + number) % USERS for number in itertools.count())
