"""Opens the gradebook, which is nbgrader's own; nobody else opens it.

`open_gradebook` gives nbgrader's object, which takes two seconds to import. `open_engine` gives SQLAlchemy's
engine alone, for `grader.tables`, and asks nbgrader only where there is no gradebook yet.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.course import Course, CourseError

if TYPE_CHECKING:
    from nbgrader import api
    from sqlalchemy import Connection, Engine

BUSY_SECONDS = 30


@contextmanager
def environment_on_path() -> Iterator[None]:
    """nbgrader starts `alembic` by name when it makes a gradebook; it lies beside our interpreter."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{before}"
    try:
        yield
    finally:
        os.environ["PATH"] = before


def open_gradebook(course: Course) -> api.Gradebook:
    """nbgrader's gradebook of this course; other processes may read it while we write; raises CourseError."""
    from nbgrader import api

    with environment_on_path(), _errors_told(course):
        gradebook = api.Gradebook(course.database, course.root.name)
    gradebook.db.remove()
    gradebook.engine.dispose()
    _prepare(gradebook.engine)
    return gradebook


def open_engine(course: Course) -> Engine:
    """The gradebook's engine, its tables made where there are none; raises CourseError."""
    from sqlalchemy import create_engine, inspect

    from grader.tables import ours

    with _errors_told(course):
        engine = create_engine(course.database)
        _prepare(engine)
        if not inspect(engine).has_table("submitted_notebook"):
            open_gradebook(course).close()
        ours.create_all(engine)
    return engine


@contextmanager
def _errors_told(course: Course) -> Iterator[None]:
    """What goes wrong while a gradebook is opened, as a CourseError that says what to do."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

    try:
        make_url(course.database)
    except (ArgumentError, ValueError) as error:  # neither is repeated: a password may stand there
        raise CourseError(
            "course.toml: gradebook.database is no address of a database; expected something like "
            "postgresql+psycopg://NAME:PASSWORD@HOST/DATABASE, or no such line for a file in the course"
        ) from error
    try:
        yield
    except (DBAPIError, ImportError, NoSuchModuleError) as error:
        from grader.trouble import database_advice

        reason = str(getattr(error, "orig", None) or error).strip()
        told = "; ".join(filter(None, [reason, database_advice(reason)]))
        raise CourseError(f"The gradebook {shown(course.database)} cannot be opened: {told}") from error


@contextmanager
def transaction(course: Course) -> Iterator[Connection]:
    """A connection for the block, all of whose changes are kept, or none where it ends by an error."""
    engine = open_engine(course)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def shown(address: str) -> str:
    """A database's address as it may be printed: without the password."""
    from sqlalchemy import make_url

    return make_url(address).render_as_string(hide_password=True)


def _prepare(engine: Engine) -> None:
    """Write-ahead log, patience with other writers, and a transaction from the first statement on."""
    from sqlalchemy import event

    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _: object) -> None:
        connection.isolation_level = None  # the begin below is ours
        connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
        connection.execute("PRAGMA journal_mode=WAL")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
