"""Opens the gradebook: nbgrader's own, with nbgrader's own models; nobody else opens it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbgrader import api
from sqlalchemy import Engine, event

from grader.course import Course

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
    """nbgrader's gradebook of this course; other processes may read it while we write."""
    with environment_on_path():
        gradebook = api.Gradebook(course.database, course.root.name)
    gradebook.db.remove()
    gradebook.engine.dispose()
    _prepare(gradebook.engine)
    return gradebook


def _prepare(engine: Engine) -> None:
    """Write-ahead log, patience with other writers, and a transaction from the first statement on."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _: object) -> None:
        connection.isolation_level = None  # the begin below is ours
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
