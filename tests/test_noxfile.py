"""The file that starts everything, as the Pythons see it that it meets on other people's machines."""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.conftest import ROOT

SOURCE = (ROOT / "noxfile.py").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def noxfile() -> ModuleType:
    """The noxfile, imported as nox imports it."""
    specification = importlib.util.spec_from_file_location("noxfile", ROOT / "noxfile.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def sessions() -> list[str]:
    """The names of the sessions, read without running anything."""
    functions = [node for node in ast.parse(SOURCE).body if isinstance(node, ast.FunctionDef)]
    named = re.findall(r'^@nox\.session\(name="(\w+)"\)', SOURCE, re.M)
    return [*named, *(function.name for function in functions if function.decorator_list)]


def test_an_old_python_can_read_the_file_far_enough_to_say_that_it_is_old():
    ast.parse(SOURCE, feature_version=(3, 7))


def test_the_bootstrap_half_imports_only_the_standard_library():
    """``import nox`` stands below the line that starts the bootstrap."""
    first_half = SOURCE[: SOURCE.index('if __name__ == "__main__":')]
    imported = re.findall(r"^(?:import|from) (\w+)", first_half, re.M)
    assert set(imported) <= set(sys.stdlib_module_names)


def test_the_usage_lists_sessions_that_exist(noxfile: ModuleType):
    listed = re.findall(r"^  (\w+)  ", noxfile.USAGE, re.M)
    assert listed[:2] == ["course", "tests"]
    assert set(listed) <= set(sessions())


def test_without_a_session_the_usage_is_printed():
    printed = subprocess.run(
        [sys.executable, ROOT / "noxfile.py"], capture_output=True, text=True, check=False
    )
    assert printed.returncode == 2
    assert "python3 noxfile.py SESSION" in printed.stdout


def test_a_python_too_old_with_no_newer_one_says_what_is_needed(
    noxfile: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    monkeypatch.setenv("PATH", str(tmp_path))
    said = noxfile.bootstrap(["course"])
    assert said.startswith("This is Python 3.9.18; the course needs Python 3.11 or newer")
    assert "noxfile.py course" in said


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for a newer Python is a shell script")
def test_a_python_too_old_hands_over_to_a_newer_one_on_the_path(
    noxfile: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    """Of the two on the path, the newer by name does not start: the older one is taken."""
    for name, body in {
        "python3.14": "exit 127",
        "python3.12": 'case "$1" in -c) ;; *) echo "$@";; esac',
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert noxfile.bootstrap(["tests", "--", "-x"]) == 0
    said = capfd.readouterr().out
    assert "going on with" in said
    assert said.splitlines()[-1] == f"{noxfile.__file__} tests -- -x"


def ways_to_bootstrap(
    noxfile: ModuleType, monkeypatch: pytest.MonkeyPatch, modules: set[str], uv: bool
) -> list[str]:
    """Let make_bootstrap choose where these modules are there; give the commands that it ran and gave."""
    ran: list[list[str]] = []
    monkeypatch.setattr(noxfile, "has", modules.__contains__)
    monkeypatch.setattr(noxfile, "run", ran.append)
    monkeypatch.setattr(noxfile.shutil, "which", lambda _: "/usr/bin/uv" if uv else None)
    install = noxfile.make_bootstrap(Path("new") / "python")
    return [" ".join(command) for command in [*ran, install]]


@pytest.mark.parametrize(
    ("modules", "uv", "made", "installs"),
    [
        pytest.param(
            {"venv", "ensurepip", "pip"}, False, "-m venv --clear", "new/python -m pip", id="a whole Python"
        ),
        pytest.param(
            {"venv", "pip"}, False, "--without-pip", "pip --python new/python", id="Debian without venv"
        ),
        pytest.param({"venv", "virtualenv"}, False, "-m virtualenv", "new/python -m pip", id="virtualenv"),
        pytest.param({"venv"}, True, "uv venv", "uv pip install", id="uv alone"),
    ],
)
def test_the_environment_for_nox_is_made_in_the_way_that_the_machine_allows(
    noxfile: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    modules: set[str],
    uv: bool,
    made: str,
    installs: str,
):
    make, install = ways_to_bootstrap(noxfile, monkeypatch, modules, uv)
    assert made in make
    assert installs in install.replace("\\", "/")


def test_a_machine_that_allows_no_way_is_told_which_package_to_install(
    noxfile: ModuleType, monkeypatch: pytest.MonkeyPatch
):
    with pytest.raises(SystemExit, match="sudo apt install python3-venv"):
        ways_to_bootstrap(noxfile, monkeypatch, {"venv"}, uv=False)


def test_a_failed_download_is_explained_and_not_a_traceback(
    noxfile: ModuleType, monkeypatch: pytest.MonkeyPatch
):
    def fail() -> None:
        raise subprocess.CalledProcessError(1, ["pip"])

    monkeypatch.setattr(noxfile, "environment_with_nox", fail)
    said = noxfile.bootstrap(["course"])
    assert "the network" in said
    assert "HTTPS_PROXY" in said


def test_an_environment_is_made_again_only_when_what_it_was_made_from_changes(
    noxfile: ModuleType, tmp_path: Path
):
    noxfile.interpreter_of(tmp_path).parent.mkdir()
    assert not noxfile.is_current(tmp_path, "lock")
    noxfile.mark_current(tmp_path, "lock")
    assert not noxfile.is_current(tmp_path, "lock"), "its interpreter is gone"
    noxfile.interpreter_of(tmp_path).touch()
    assert noxfile.is_current(tmp_path, "lock")
    assert not noxfile.is_current(tmp_path, "another lock")


def test_nox_is_installed_in_the_version_of_the_lock(noxfile: ModuleType):
    assert noxfile.pinned("nox") == f"nox=={importlib.metadata.version('nox')}"
