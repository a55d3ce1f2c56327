"""A running course: the folder that holds submissions, gradebook, feedback and secrets.

It lies outside the repository, because it holds what students must not see. nbgrader finds its own
folders in it (source, release, submitted, autograded, feedback, gradebook.db); ours are specifications,
records and the secret.
"""

from __future__ import annotations

import os
import secrets
import stat
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

from grader.box import Limits, Sandbox
from grader.engines import open_sandbox
from grader.protocol import Specification
from grader.release import Release, files_beside, read_release
from grader.settings import SETTINGS, Settings, SettingsError, read_settings
from grader.versions import read_version

CONFIGURATION = "nbgrader_config.py"
ROSTER, MARKED_BY_HAND = "roster.csv", "marked_by_hand.csv"  # who is in it; who marked what
SPECIFICATION = "specification.toml"
SECRET = "secret"  # noqa: S105  (the name of the file, not the secret)
FOLDERS = ("source", "release", "submitted", "autograded", "feedback", "specifications", "records")
REPOSITORY = Path(__file__).resolve().parent.parent
SECRET_BYTES = 32


DECISIONS = """\
# What is decided about this course. Every line has a default; take the # away from what you want to change.

[sandbox]
# engine = "bubblewrap"     # in what students' code runs; or "podman"

[gradebook]
# database = ""             # an address as SQLAlchemy writes it; empty: SQLite, in this folder

[time]
# patience_seconds = 4.0    # who needs longer runs alone, when all others are marked
# slow_minutes = 15.0       # for all of these together; who is left is tried by the next `grader autograde`

[late]
# policy = "nbgrader"       # its plugin, as nbgrader_config.py says; or "none", "zero", "per-day"
# per_day = 0.1             # the share of the score for each day that has begun
# at_most = 1.0             # the largest share
# grace_minutes = 0.0       # how late is not late

[exchange]
# folder = ""               # where nbgrader hands files out and takes them in; empty: nbgrader's own place

[weights]                   # what each assignment weighs in the total of several
# fully_connected_and_lenet = 30
"""


class CourseError(Exception):
    """Something about the course folder that the teacher can mend; the message says how."""


@dataclass(frozen=True)
class Assignment:
    """One assignment as it was released: the notebook, what earns points in it, and what lies beside it."""

    specification: Specification
    release: Release
    files: tuple[Path, ...]
    secret: bytes
    settings: Settings
    version: int = 1
    older: tuple[Assignment, ...] = ()

    def made_from(self, version: int | None) -> Assignment:
        """The assignment as it was in a version: this one, or an older one that some still hand in."""
        return next((one for one in (self, *self.older) if one.version == version), self)

    @property
    def name(self) -> str:
        return self.specification.name

    @property
    def notebook(self) -> str:
        return self.specification.notebook

    def sandbox(self, limits: Limits, *, trusted: bool = False) -> Sandbox:
        """A sandbox that shows what was released; `trusted` submissions run without protection."""
        return open_sandbox(self.settings.sandbox.engine, limits, self.files, trusted=trusted)


@dataclass(frozen=True)
class Course:
    """The paths of a course."""

    root: Path

    @property
    def submitted(self) -> Path:
        return self.root / "submitted"

    @property
    def database(self) -> str:
        """The gradebook's address, as nbgrader and SQLAlchemy write it."""
        return self.settings.gradebook.database or f"sqlite:///{self.root / 'gradebook.db'}"

    @cached_property
    def settings(self) -> Settings:
        """What the teacher decided in course.toml; raises CourseError where it cannot be read."""
        try:
            return read_settings(self.root / SETTINGS)
        except SettingsError as error:
            raise CourseError(str(error)) from error

    def source(self, assignment: str) -> Path:
        return self.root / "source" / assignment

    def release(self, assignment: str) -> Path:
        return self.root / "release" / assignment

    def specification(self, assignment: str) -> Path:
        return self.root / "specifications" / assignment / SPECIFICATION

    def versions(self, assignment: str) -> Path:
        """Where the versions are kept that a newer one has replaced: a folder for each, by its number."""
        return self.root / "versions" / assignment

    def record(self, student: str, assignment: str) -> Path:
        return self.root / "records" / assignment / f"{student}.json"

    def autograded(self, student: str, assignment: str, notebook: str) -> Path:
        return self.root / "autograded" / student / assignment / f"{notebook}.ipynb"

    def feedback(self, student: str, assignment: str, notebook: str) -> Path:
        return self.root / "feedback" / student / assignment / f"{notebook}.html"

    def students(self, assignment: str, patterns: tuple[str, ...] = ("*",)) -> list[str]:
        """Who submitted this assignment, of those whom a pattern names."""
        folders = self.submitted.iterdir() if self.submitted.is_dir() else iter(())
        names = sorted(folder.name for folder in folders if os.path.lexists(folder / assignment))
        return [name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)]

    def secret(self) -> bytes:
        """What hidden inputs are drawn from; refused where others could read it."""
        path = self.root / SECRET
        if not path.is_file():
            raise CourseError(
                f"The secret {path} is missing. Put the old one back: without it hidden inputs change, "
                "and every submission has to be run again. `grader new` makes one for a new course."
            )
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise CourseError(f"Others can read the secret; type: chmod 600 {path}")
        try:
            secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
        except ValueError:
            secret = b""
        if len(secret) != SECRET_BYTES:
            raise CourseError(
                f"The secret {path} is damaged: expected {2 * SECRET_BYTES} hexadecimal digits. Put the copy "
                "back that you kept: with another one hidden inputs change."
            )
        return secret

    def assignment(self, name: str) -> Assignment:
        """Opens an assignment that `grader build` released; raises CourseError."""
        path = self.specification(name)
        if not path.is_file():
            raise CourseError(f"There is no assignment {name!r} here.{self._known()}")
        secret = self.secret()
        older = sorted(self.versions(name).glob("*/specifications"), key=lambda one: int(one.parent.name))
        versions = tuple(self._open(one, one.parent / "release", secret) for one in reversed(older))
        return replace(self.opened(name, secret), older=versions)

    def opened(self, name: str, secret: bytes) -> Assignment:
        """The newest version of an assignment."""
        return self._open(self.specification(name).parent, self.release(name), secret)

    def _open(self, specifications: Path, release: Path, secret: bytes) -> Assignment:
        """One version: its specification with its numbers, its notebook, and what lies beside that."""
        specification = load_specification(specifications / SPECIFICATION)
        notebook = release / f"{specification.notebook}.ipynb"
        if not notebook.is_file():
            raise CourseError(f"{notebook} is missing; release the assignment again with `grader build`.")
        version = read_version(specifications)
        return Assignment(
            specification,
            _released(notebook),
            tuple(files_beside(release)),
            secret,
            self.settings,
            version.number if version else 1,
        )

    def _known(self) -> str:
        names = sorted(path.parent.name for path in self.root.glob(f"specifications/*/{SPECIFICATION}"))
        known = ", ".join(names)
        return f" There are: {known}." if names else " Release one with `grader build FOLDER`."


def load_specification(path: Path) -> Specification:
    """What earns points, read from a specification.toml; raises CourseError."""
    from grader.cells import SpecificationError  # the questions need the reference library; the help does not
    from grader.specification import load

    try:
        return load(path)
    except SpecificationError as error:
        raise CourseError(str(error)) from error


def _released(notebook: Path) -> Release:
    """The released notebook; raises CourseError where something else lies in its place."""
    try:
        release = read_release(notebook)
        if not release.marked:
            raise ValueError("no cell in it earns points")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise CourseError(
            f"{notebook} is damaged ({error}); release the assignment again with `grader build`."
        ) from error
    return release


def check_manuscript(folder: Path) -> None:
    """What can be said of an assignment's two files before anything runs; raises CourseError."""
    from grader.cells import SpecificationError
    from grader.manuscript import check_folder

    try:
        check_folder(folder)
    except SpecificationError as error:
        raise CourseError(str(error)) from error


def find_course(folder: Path) -> Course:
    """The course in this folder; raises CourseError."""
    root = folder.resolve()
    if not (root / CONFIGURATION).is_file() or not (root / "specifications").is_dir():
        raise CourseError(
            f"{root} is no course folder: expected {CONFIGURATION} in it. "
            "Go to the folder that `grader new` made, or name it with --course DIR."
        )
    return Course(root)


def make_course(folder: Path) -> Course:
    """Makes an empty course: folders, a fresh secret, and nbgrader's configuration; raises CourseError."""
    from grader.configuration import configuration

    root = folder.resolve()
    if root == REPOSITORY or (REPOSITORY in root.parents and (REPOSITORY / "pyproject.toml").is_file()):
        raise CourseError(
            f"{root} lies in the repository; a course holds submissions and secrets. Name a folder outside."
        )
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise CourseError(f"{root} exists and is not empty; name a new folder.")
    root.mkdir(parents=True, exist_ok=True)
    root.chmod(0o700)  # submissions and marks are nobody else's business
    for name in FOLDERS:
        (root / name).mkdir()
    _write_secret(root / SECRET)
    (root / CONFIGURATION).write_text(configuration(root), encoding="utf-8")
    (root / SETTINGS).write_text(DECISIONS, encoding="utf-8")
    return Course(root)


def _write_secret(path: Path) -> None:
    """Made with its mode, so that there is no moment in which others can read it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(SECRET_BYTES) + "\n")
