"""What a teacher decides about a course, in its `course.toml`: every line has a default, and none is needed.

A section is a class, a line is a field of it; whatever does not fit is named with the file, what was expected
and what stands there.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

SETTINGS = "course.toml"


class SettingsError(ValueError):
    """A course.toml that cannot be used; the message says where and what was expected."""


def between(least: float, most: float, *, default: float) -> float:
    """A line that holds a number from `least` to `most`."""
    made: float = field(default=default, metadata={"range": (least, most)})
    return made


@dataclass(frozen=True)
class SandboxSettings:
    """In what students' code runs."""

    engine: str = "bubblewrap"


@dataclass(frozen=True)
class GradebookSettings:
    """Where marks are kept: an address as SQLAlchemy writes it; empty for SQLite in the course folder."""

    database: str = ""


@dataclass(frozen=True)
class TimeSettings:
    """How long submissions may keep the class waiting.

    Who needs more than `patience_seconds` waits until all others are marked, and then runs alone; all who
    wait so have `slow_minutes` together, and whoever is left is tried by the next `grader autograde`.
    """

    patience_seconds: float = between(0.1, 86_400, default=4.0)
    slow_minutes: float = between(0.1, 86_400, default=15.0)


@dataclass(frozen=True)
class LateSettings:
    """What a late submission loses: what nbgrader's plugin says, nothing, all, or a share for each day."""

    policy: str = "nbgrader"
    per_day: float = between(0, 1, default=0.1)
    at_most: float = between(0, 1, default=1.0)
    grace_minutes: float = between(0, 1_000_000, default=0.0)


@dataclass(frozen=True)
class ExchangeSettings:
    """Where nbgrader's exchange hands files out and takes them in; empty for nbgrader's own place."""

    folder: str = ""


@dataclass(frozen=True)
class Settings:
    """All sections of a course.toml."""

    sandbox: SandboxSettings = field(default_factory=SandboxSettings)
    gradebook: GradebookSettings = field(default_factory=GradebookSettings)
    time: TimeSettings = field(default_factory=TimeSettings)
    late: LateSettings = field(default_factory=LateSettings)
    exchange: ExchangeSettings = field(default_factory=ExchangeSettings)
    weights: Mapping[str, float] = field(default_factory=dict)  # of assignments, by their names


def read_settings(path: Path) -> Settings:
    """Reads a course.toml, all defaults where there is none; raises SettingsError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}") from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: {error}") from error
    return _settings(path, data)


def _settings(path: Path, data: Mapping[str, Any]) -> Settings:
    kinds = {one.name: type(getattr(Settings(), one.name)) for one in fields(Settings)}
    _known(path, "section", data, list(kinds))
    for name, section in data.items():
        if not isinstance(section, dict):
            raise SettingsError(f"{path}: {name} is a section; write [{name}] in a line of its own")
    return Settings(**{name: _read(path, name, kinds[name], section) for name, section in data.items()})


def _read(path: Path, name: str, kind: type, section: Mapping[str, Any]) -> Any:
    """A section whose lines are known, or one whose lines are the names of assignments."""
    return _weights(path, section) if kind is dict else _section(path, name, kind, section)


def _weights(path: Path, section: Mapping[str, Any]) -> dict[str, float]:
    for name, weight in section.items():
        if type(weight) not in (int, float) or not 0 < weight < 1e6:
            raise SettingsError(f"{path}: weights.{name} must be a number above 0, but is {weight!r}")
    return {name: float(weight) for name, weight in section.items()}


def _section(path: Path, section: str, kind: type, data: Mapping[str, Any]) -> Any:
    lines = {one.name: one for one in fields(kind)}
    _known(path, f"line of [{section}]", data, list(lines))
    return kind(**{name: _value(path, f"{section}.{name}", lines[name], data[name]) for name in data})


def _value(path: Path, name: str, line: Field[Any], value: Any) -> object:
    """A value of the kind that its default has; a whole number will do where any number is expected."""
    kind: Any = type(line.default)
    if type(value) is not kind and not (kind is float and type(value) is int):
        words = {str: "a text in quotes", int: "a whole number", float: "a number", bool: "true or false"}
        raise SettingsError(f"{path}: {name} must be {words[kind]}, but is {value!r}")
    if "range" in line.metadata:
        least, most = line.metadata["range"]
        if not least <= value <= most:
            raise SettingsError(f"{path}: {name} must be a number from {least} to {most}, but is {value!r}")
    return float(value) if kind is float else value


def _known(path: Path, what: str, given: Mapping[str, Any], known: list[str]) -> None:
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, 1)
            meant = f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(known)}"
            raise SettingsError(f"{path}: there is no {what} {name!r}{meant}")
