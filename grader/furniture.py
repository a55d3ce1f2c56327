"""What a box shows: the Python interpreter with its standard library, numpy, the system's shared libraries,
the files that were released with the assignment, and a few files of ours. No package of the grader's own
environment is there: the reference library is not hidden, it is absent.
"""

from __future__ import annotations

import importlib.util
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.stage import SharedCopies, Stage, shared_copies

GRADER = Path(__file__).parent
PROGRAMS = ("nursery.py", "confine.py", "runner.py", "values.py")
PYTHON = "/box/python/bin/python"
DEVICES = ("null", "zero", "full", "random", "urandom")  # no terminal: boxes could talk by it
ENVIRONMENT = {
    "HOME": "/tmp",  # noqa: S108 - the box's own
    "LANG": "C.UTF-8",
    "LD_LIBRARY_PATH": "/box/python/lib",
    "OMP_NUM_THREADS": "1",  # a thread is a process to the limit on processes
    "OPENBLAS_NUM_THREADS": "1",
    "PATH": "/usr/bin",
}


@dataclass(frozen=True)
class Furniture:
    """What lies where in a box: read-only files and folders, links, and folders that show nothing."""

    binds: Sequence[tuple[Path, str]]
    links: Sequence[tuple[str, str]]  # what a link says, and where it lies
    covers: Sequence[str]


def furniture(stage: Stage, files: Iterable[Path]) -> Furniture:
    """All that a box needs, with these files in its working folder."""
    copies = shared_copies()
    binds, links, covers = system_libraries()
    library = copies.reachable(standard_library())
    inside = f"/box/python/{sys.platlibdir}/{library.name}"
    packages = [name for name in ("site-packages", "dist-packages") if (library / name).is_dir()]
    return Furniture(
        [
            *binds,
            *python(copies, library, inside),
            *((copies.reachable(GRADER / name), f"/box/grader/{name}") for name in PROGRAMS),
            *((copies.reachable(path), f"/box/packages/{path.name}") for path in numpy_folders()),
            *((stage.copy(path), f"/box/files/{path.name}") for path in files),
        ],
        links,
        [*covers, *(f"{inside}/{name}" for name in packages)],
    )


def python(copies: SharedCopies, library: Path, inside: str) -> list[tuple[Path, str]]:
    """The interpreter and its standard library, with libpython where it needs one."""
    binds = [(copies.reachable(interpreter()), PYTHON), (library, inside)]
    shared = shared_python_library()
    if shared is not None:
        binds.append((copies.reachable(shared), f"/box/python/lib/{shared.name}"))
    return binds


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


def system_libraries() -> tuple[list[tuple[Path, str]], list[tuple[str, str]], list[str]]:
    """The system's shared libraries, without the Python packages among them."""
    binds: list[tuple[Path, str]] = []
    links: list[tuple[str, str]] = []
    for name in ("lib", "lib64", "lib32"):
        for folder in (Path("/usr", name), Path("/", name)):
            if folder.is_symlink():
                links.append((str(folder.readlink()), str(folder)))
            elif folder.is_dir():
                binds.append((folder, str(folder)))
    cache = Path("/etc/ld.so.cache")
    if cache.exists():
        binds.append((cache, str(cache)))
    return (
        binds,
        links,
        [str(path) for folder, _ in binds if folder.is_dir() for path in python_folders(folder)],
    )


def python_folders(folder: Path) -> list[Path]:
    """What the system installed for its own Python."""
    found = [*folder.glob("python*"), *folder.glob("*/python*")]
    return sorted(path for path in found if path.is_dir() and not path.is_symlink())
