"""The sandboxes by their names, as `course.toml` names them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from grader.box import Limits, Sandbox, SandboxUnavailable
from grader.bubblewrap import Bubblewrap
from grader.podman import Podman
from grader.unprotected import Unprotected

ENGINES: dict[str, Callable[[Limits, Iterable[Path]], Sandbox]] = {"bubblewrap": Bubblewrap, "podman": Podman}


def open_sandbox(engine: str, limits: Limits, files: Iterable[Path], *, trusted: bool = False) -> Sandbox:
    """A sandbox that shows these files; `trusted` submissions run without any. Raises SandboxUnavailable."""
    if trusted:
        return Unprotected(limits, files)
    if engine not in ENGINES:
        known = ", ".join(sorted(ENGINES))
        raise SandboxUnavailable(f"there is no sandbox {engine!r}; course.toml may name one of: {known}")
    return ENGINES[engine](limits, files)
