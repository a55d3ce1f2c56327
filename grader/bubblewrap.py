"""Boxes made with bubblewrap, on Linux.

In the box there is: the Python interpreter with its standard library, numpy, the system's shared
libraries, the files that were released with the assignment, and two files of ours. Everything is
read-only but a small /tmp in memory. There is no network, no other process, no other user, none of our
environment variables, and no package of the grader's own environment: the reference library is not
hidden, it is not there.
"""

from __future__ import annotations

import atexit
import functools
import glob
import importlib.util
import itertools
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

from grader.box import Limits, PipeBox, Sandbox, SandboxUnavailable
from grader.seccomp import filter_program

GRADER = Path(__file__).parent
INSTALL_HINT = (
    "install bubblewrap (Debian and Ubuntu: apt install bubblewrap) on a Linux machine "
    "that allows user namespaces"
)
ENVIRONMENT = {
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "LD_LIBRARY_PATH": "/box/python/lib",
    "OMP_NUM_THREADS": "1",  # a thread is a process to the limit on processes
    "OPENBLAS_NUM_THREADS": "1",
    "PATH": "/usr/bin",
}
NOT_NEEDED = (
    "site-packages",
    "dist-packages",
    "test",
    "idlelib",
    "tkinter",
    "turtledemo",
    "ensurepip",
    "lib2to3",
)

# When the grader runs as root, each box runs as a user of its own, from a range that nothing else uses
# (systemd's table of user ids leaves 0x70000000 to 0x7fffffff free); `nobody` where that range is not mapped.
FIRST_USER, USERS, NOBODY = 0x7000_0000, 1 << 20, 65534


def standard_library() -> Path:
    return Path(sysconfig.get_path("stdlib"))


def interpreter() -> Path:
    """The base interpreter itself, not the virtual environment's link to it."""
    return Path(getattr(sys, "_base_executable", sys.executable) or sys.executable).resolve()


def shared_python_library() -> Path | None:
    """libpython, where the interpreter was built to need one."""
    folder, name = sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("INSTSONAME")
    path = Path(folder) / name if folder and name and ".so" in name else None
    return path if path is not None and path.exists() else None


def numpy_folders() -> list[Path]:
    """numpy and the shared libraries that its wheel brings."""
    found = importlib.util.find_spec("numpy")
    if found is None or not found.submodule_search_locations:
        return []
    numpy = Path(next(iter(found.submodule_search_locations)))
    return [folder for folder in (numpy, numpy.with_name("numpy.libs")) if folder.is_dir()]


def readable_by_anyone(path: Path) -> bool:
    """Whether an unprivileged user can reach this file or folder."""
    if not path.stat().st_mode & 0o004:
        return False
    return all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents)


class Stage:
    """A temporary folder with what a box mounts and an unprivileged user could not reach where it lies."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="grader-stage-"))
        self.folder.chmod(0o755)
        self.numbers = itertools.count()

        self.copies: dict[Path, Path] = {}

    def reachable(self, path: Path) -> Path:
        """The path itself when we are an ordinary user or anyone may read it, a copy of it otherwise."""
        if os.getuid() != 0 or readable_by_anyone(path):
            return path
        if path not in self.copies:
            self.copies[path] = self.copy(path)
        return self.copies[path]

    def copy(self, path: Path) -> Path:
        target = self.folder / str(next(self.numbers)) / path.name
        target.parent.mkdir(mode=0o755)
        if path.is_dir():
            shutil.copytree(path, target, ignore=shutil.ignore_patterns(*NOT_NEEDED))
        else:
            shutil.copy2(path, target)
        self._open_to_all(target)
        return target

    def _open_to_all(self, target: Path) -> None:
        """Copies keep the modes of what they copy, and a private file would stay private."""
        for folder, _, names in os.walk(target):
            Path(folder).chmod(0o755)
            for name in names:
                path = Path(folder, name)
                if not path.is_symlink():
                    path.chmod(path.stat().st_mode | 0o444)
        if target.is_file():
            target.chmod(target.stat().st_mode | 0o444)

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


@functools.cache
def _interpreter_stage() -> Stage:
    """What all sandboxes of this process share, copied once; removed when the process ends."""
    stage = Stage()
    atexit.register(stage.close)
    return stage


class Bubblewrap(Sandbox):
    """Starts boxes under `bwrap`; `files` are shown in the box's working folder, read-only."""

    name = "bubblewrap"

    def __init__(self, limits: Limits | None = None, files: Iterable[Path] = ()) -> None:
        super().__init__(limits or Limits())
        found = shutil.which("bwrap")
        if found is None:
            raise SandboxUnavailable(f"bubblewrap is not here; {INSTALL_HINT}")
        self.program = found
        self.stage = Stage()
        self.mounts = self._mounts(list(files))
        self.users = itertools.cycle(unprivileged_users())
        self.filters = self._filters()

    def _filters(self) -> list[Path]:
        """The list of refused system calls as a file, where there is one for this machine."""
        program = filter_program()
        if program is None:
            return []
        path = self.stage.folder / "seccomp"
        path.write_bytes(program)
        return [path]

    def _mounts(self, files: Sequence[Path]) -> list[str]:
        """What is in the box, as bwrap's arguments; the order matters, a later mount covers an earlier."""
        shared_stage = _interpreter_stage()
        library = shared_stage.reachable(standard_library())
        inside = f"/box/python/{sys.platlibdir}/{library.name}"
        binds = [
            (shared_stage.reachable(interpreter()), "/box/python/bin/python"),
            (library, inside),
            (shared_stage.reachable(GRADER / "runner.py"), "/box/grader/runner.py"),
            (shared_stage.reachable(GRADER / "values.py"), "/box/grader/values.py"),
            *((shared_stage.reachable(path), f"/box/packages/{path.name}") for path in numpy_folders()),
            *((self.stage.copy(path), f"/box/files/{path.name}") for path in files),
        ]
        shared = shared_python_library()
        if shared is not None:
            binds.append((shared_stage.reachable(shared), f"/box/python/lib/{shared.name}"))
        mounts = [word for source, target in binds for word in ("--ro-bind", str(source), target)]
        hidden = [name for name in ("site-packages", "dist-packages") if (library / name).is_dir()]
        return [*system_mounts(), *mounts, *(word for name in hidden for word in cover(f"{inside}/{name}"))]

    def open(self, student: str) -> PipeBox:
        return PipeBox(self.limits, self.start(student))

    def start(self, student: str, errors: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        with ExitStack() as opened:
            filters = [opened.enter_context(path.open("rb")).fileno() for path in self.filters]
            return self._start(student, errors, filters)

    def _start(self, student: str, errors: int, filters: Sequence[int]) -> subprocess.Popen[bytes]:
        user = next(self.users)
        seccomp = [word for descriptor in filters for word in ("--seccomp", str(descriptor))]
        python = ["/box/python/bin/python", "-I", "-S", "-B", "/box/grader/runner.py"]
        return subprocess.Popen(
            [self.program, *seccomp, *self.arguments(student), "--", *python],
            pass_fds=filters,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={},  # bwrap is process 1 of the box, and its environment can be read there
            cwd="/",
            bufsize=0,
            start_new_session=True,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )

    def complaint(self) -> str:
        """What bwrap says when it is given nothing to do."""
        process = self.start("probe", errors=subprocess.PIPE)
        try:
            _, errors = process.communicate(timeout=self.limits.start_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            _, errors = process.communicate()
        return errors.decode(errors="replace").strip()[-300:]

    def arguments(self, student: str) -> list[str]:
        """What bwrap is told about the box; the order matters."""
        environment = {**ENVIRONMENT, "JUPYTERHUB_USER": student}
        small = str(1 << 20)
        return [
            *("--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"),
            *("--cap-drop", "ALL", "--uid", "1000", "--gid", "1000", "--hostname", "box"),
            *("--dev", "/dev", "--size", small, "--tmpfs", "/dev/shm", "--remount-ro", "/dev"),
            *("--proc", "/proc", "--size", str(self.limits.temporary_bytes), "--tmpfs", "/tmp"),
            *self.mounts,
            *("--dir", "/box/files", "--remount-ro", "/", "--chdir", "/box/files", "--clearenv"),
            *(word for name, value in environment.items() for word in ("--setenv", name, value)),
        ]

    def close(self) -> None:
        self.stage.close()


def cover(path: str) -> tuple[str, ...]:
    """Hides a folder under an empty one."""
    return ("--tmpfs", path, "--remount-ro", path)


def system_mounts() -> list[str]:
    """The system's shared libraries, without the Python packages among them."""
    arguments: list[str] = []
    for folder in ("/usr/lib", "/usr/lib64", "/usr/lib32"):
        if os.path.isdir(folder):
            arguments += ["--ro-bind", folder, folder]
    for path in sorted(glob.glob("/usr/lib*/python*") + glob.glob("/usr/lib/*/python*")):
        if os.path.isdir(path) and not os.path.islink(path):
            arguments += cover(path)
    for name in ("lib", "lib64", "lib32"):
        if os.path.islink(f"/{name}"):
            arguments += ["--symlink", f"usr/{name}", f"/{name}"]
        elif os.path.isdir(f"/{name}"):
            arguments += ["--ro-bind", f"/{name}", f"/{name}"]
    if os.path.exists("/etc/ld.so.cache"):
        arguments += ["--ro-bind", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    return arguments


def unprivileged_users() -> Iterable[int | None]:
    """The user ids that boxes take in turn: our own when we are nobody special, otherwise not root's."""
    if os.getuid() != 0:
        return [None]
    lines = [line.split() for line in Path("/proc/self/uid_map").read_text().splitlines()]
    mapped = any(
        int(first) <= FIRST_USER and int(first) + int(count) >= FIRST_USER + USERS
        for first, _, count in lines
    )
    return range(FIRST_USER, FIRST_USER + USERS) if mapped else [NOBODY]


class Unprotected(Sandbox):
    """No protection at all: the runner as an ordinary process. Only for files that the teacher wrote."""

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
        return PipeBox(self.limits, self.start(student))

    def start(self, student: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [str(interpreter()), "-I", "-S", "-B", str(self.stage.folder / "grader" / "runner.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**ENVIRONMENT, "LD_LIBRARY_PATH": "", "JUPYTERHUB_USER": student},
            cwd=self.work,
            bufsize=0,
            start_new_session=True,
        )

    def close(self) -> None:
        self.stage.close()
