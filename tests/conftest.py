"""What all tests share: which programs of the system they need, and what happens where these are missing."""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
COMPARED = ROOT / ".nox" / "compared"  # packages that only some tests need, behind all others on the path
NIGHTLY = bool(os.environ.get("LAYERCOST_NIGHTLY"))  # every case of which others run a sample: nox -s nightly
CHROMIUMS = (
    "chromium-headless-shell", "chromium", "chromium-browser",
    "google-chrome", "google-chrome-stable", "chrome",
)  # fmt: skip

# What fails, fails everywhere and every time; a busy machine is no failure.
settings.register_profile(
    "steady", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")


@functools.cache
def works(*command: str) -> bool:
    """Say whether a command can be run here, by running it."""
    try:
        return subprocess.run(command, capture_output=True, timeout=600, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


@functools.cache
def chromium_path() -> str | None:
    """Give the path of a Chromium that starts, or None."""
    found = (shutil.which(name) for name in CHROMIUMS)
    return next((path for path in found if path and works(path, "--version")), None)


@functools.cache
def bubblewrap_works() -> bool:
    """Say whether a sandbox can be made here: being installed is not enough, the kernel must allow it."""
    return works("bwrap", "--ro-bind", "/", "/", "--unshare-all", "true")


@functools.cache
def podman_works() -> bool:
    """Say whether podman is here with the runtime that we name, and may start a container."""
    return works("podman", "--version") and works("runc", "--version") and container_starts()


def postgresql_programs() -> Path | None:
    """Give the folder with PostgreSQL's programs, which Debian keeps off PATH; None where there is none."""
    found = shutil.which("pg_ctl")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((folder for folder in reversed(folders) if (folder / "initdb").exists()), None)


@functools.cache
def container_starts() -> bool:
    """Say whether this machine lets podman start a container, with nothing of ours in it."""
    limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"]
    manager = [] if os.getuid() == 0 else ["--cgroup-manager=cgroupfs"]
    with tempfile.TemporaryDirectory() as root:
        Path(root, "usr").mkdir()
        for name in ("lib", "lib32", "lib64"):
            if Path("/", name).is_symlink():
                Path(root, name).symlink_to(f"usr/{name}")
        place = ["--network=none", "--volume=/usr:/usr:ro", "--rootfs", root]
        return works("podman", *manager, "--runtime=runc", "run", "--rm", *limits, *place, "/usr/bin/true")


def interruptible() -> None:
    """Let Ctrl-C reach a program that was started by one to which it does not, as by `nohup` or `&`."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def is_a_checkout() -> bool:
    """Say whether this is a git checkout, and not an unpacked archive."""
    return (ROOT / ".git").exists() and works("git", "--version")


@functools.cache
def torch_works() -> bool:
    """Say whether PyTorch is in this environment; it is looked for only when a test asks for it."""
    return works(sys.executable, "-c", "import torch")


def others_are_here() -> bool:
    """Say whether other people's models and tools are there, beside PyTorch (noxfile.py puts them there)."""
    return (COMPARED / "made-from").exists() and torch_works()


NEEDS = {
    "others": (
        others_are_here,
        "timm, torchvision and transformers are not there; with them: CI=true python3 noxfile.py tests",
    ),
    "torch": (torch_works, "PyTorch is not in this environment; add it with: python -m pip install torch"),
    "checkout": (is_a_checkout, "this is no git checkout, so nothing says which files are the project's"),
    "chromium": (chromium_path, "no Chromium on PATH starts; on Debian: apt install chromium"),
    "bubblewrap": (
        bubblewrap_works,
        "no bubblewrap sandbox starts; on Debian: apt install bubblewrap",
    ),
    "podman": (
        podman_works,
        "podman starts no container by runc; on Debian: apt install podman runc uidmap",
    ),
    "postgresql": (postgresql_programs, "PostgreSQL is not here; on Debian: apt install postgresql"),
}


FIXTURES = {"built_course": "bubblewrap"}  # a released assignment was solved in the sandbox first


def needs_of(item: pytest.Item) -> set[str]:
    """What a test needs: its markers say it, or the fixtures that it asks for, directly or not."""
    marked = {marker.name for marker in item.iter_markers()}
    return marked | {FIXTURES[name] for name in getattr(item, "fixturenames", ()) if name in FIXTURES}


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what cannot run on this machine, with the reason; under CI, where nothing may be skipped, fail."""
    for need in sorted(needs_of(item) & NEEDS.keys()):
        is_there, reason = NEEDS[need]
        if not is_there():
            if os.environ.get("CI"):
                pytest.fail(f"{reason} (CI may not skip this)", pytrace=False)
            pytest.skip(reason)
    if "torch" in needs_of(item):
        import torch

        torch.manual_seed(0)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium, for tests marked ``chromium``."""
    path = chromium_path()
    assert path, NEEDS["chromium"][1]
    return path
