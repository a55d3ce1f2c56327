"""Boxes made in a container of podman's, by root or by an ordinary user.

There is no image: the container's root is an empty folder of ours, on which the same read-only files are
mounted as in the other sandbox. One container stays, and the process inside bears the boxes, which see
nothing of what podman puts into a container. The container ends with the process inside, and we end that by
a descriptor of it, which no client has to pass on.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterable
from pathlib import Path

from grader.box import Limits, SandboxUnavailable
from grader.furniture import ENVIRONMENT, Furniture
from grader.stage import open_to_all
from grader.users import unprivileged_users
from grader.warm import WarmSandbox, in_the_sandbox

INSTALL_HINT = "install podman (Debian and Ubuntu: apt install podman runc uidmap) on a Linux machine"
ORDINARY_USER = 1000  # inside; outside, one of those that /etc/subuid gives to whoever runs podman


class Podman(WarmSandbox):
    """Starts one container; `files` are shown in the box's working folder, read-only."""

    name = "podman"
    can_be_alone = False  # podman's /proc shows where the container lies on disk
    line = 3
    hidden = ("/proc", "/sys", "/run", "/dev/pts", "/dev/mqueue")

    def __init__(self, limits: Limits | None = None, files: Iterable[Path] = ()) -> None:
        missing = [name for name in ("podman", "runc") if shutil.which(name) is None]
        if missing:
            raise SandboxUnavailable(f"{' and '.join(missing)}: not here; {INSTALL_HINT}")
        super().__init__(limits, files)
        self.users = unprivileged_users()
        self.root = self.stage.folder / "root"
        prepare(self.root, self.furniture)
        self.empty = self.stage.folder / "empty"
        self.empty.mkdir()
        self.empty.chmod(0o755)

    def launch(self, plan: str, errors: int, *, alone: bool) -> tuple[subprocess.Popen[bytes], socket.socket]:
        assert not alone
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            return self._launch(plan, errors, theirs.fileno()), ours

    def _launch(self, plan: str, errors: int, line: int) -> subprocess.Popen[bytes]:
        """podman hands descriptors on from 3; a shell puts ours there."""
        moved = ["sh", "-c", 'exec "$@" 3<&0 </dev/null', "sh"]
        return subprocess.Popen(
            [*moved, "podman", *self.arguments(), str(self.root), *in_the_sandbox(plan)],
            stdin=line,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            cwd="/",
            start_new_session=True,
        )

    def arguments(self) -> list[str]:
        """What podman is told about the container.

        Its filter on system calls is left out because it refuses what bears boxes; each box has a stricter
        one. Groups of controls are left to the grader, which makes one for each box.
        """
        user = next(self.users) or ORDINARY_USER
        places = self.furniture
        rootless = [] if os.getuid() == 0 else ["--cgroup-manager=cgroupfs"]
        return [
            *(
                "run",
                "--rm",
                "--runtime=runc",
                *rootless,
                "--rootfs",
                "--read-only",
                "--read-only-tmpfs=false",
            ),
            *("--network=none", "--no-hosts", "--hostname=box", "--log-driver=none", "--systemd=false"),
            *("--ulimit=nofile=1024:1024", "--ulimit=nproc=1000:1000", "--ulimit=core=1:1"),
            *("--cap-drop=all", "--security-opt=seccomp=unconfined", "--security-opt=label=disable"),
            *(f"--user={user}:{user}", "--preserve-fds=1", "--workdir=/box/files", "--unsetenv-all"),
            *(f"--env={name}={value}" for name, value in ENVIRONMENT.items()),
            *(f"--volume={source}:{target}:ro" for source, target in places.binds),
            *(f"--volume={self.empty}:{path}:ro" for path in places.covers),
        ]


def prepare(root: Path, places: Furniture) -> None:
    """Makes the folder that is the container's root: links, and the places on which something is mounted."""
    for name in ("proc", "sys", "run", "dev", "tmp", "etc", "box/files", "usr"):
        (root / name).mkdir(parents=True)
    for path, place in places.links:
        (root / place.lstrip("/")).symlink_to(path)
    open_to_all(root)
