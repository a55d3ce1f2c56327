"""A PostgreSQL server of one's own, for tests and for measuring."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, create_engine, text

NOBODY = 65534


@dataclass(frozen=True)
class Server:
    """Where it is to be reached, and which process it is; none of a server that somebody else runs."""

    address: URL
    process: int | None = None

    @contextmanager
    def database(self, name: str) -> Iterator[str]:
        """The address of a new database there, for the block."""
        engine = create_engine(self.address, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            yield self.address.set(database=name).render_as_string(hide_password=False)
        finally:
            with engine.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
            engine.dispose()


@contextmanager
def own_server(programs: Path, settings: str = "") -> Iterator[Server]:
    """Starts one without a network, which is gone after the block; `settings` as the server's own options."""
    user = NOBODY if os.getuid() == 0 else None  # it refuses to run as root
    with tempfile.TemporaryDirectory(prefix="grader-pg-") as place:  # short: it holds the name of a socket
        os.chown(place, -1 if user is None else user, -1)
        data = Path(place, "data")

        def run(*words: str | Path) -> None:
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL, user=user, cwd=place)

        run(programs / "initdb", "-D", data, "-U", "grader", "-A", "trust", "-N")
        options = f"-c listen_addresses='' -c unix_socket_directories='{place}' {settings}"
        control = [programs / "pg_ctl", "-D", data, "-l", f"{place}/log", "-w", "-t", "600"]
        run(*control, "-o", options, "start")
        try:
            process = int((data / "postmaster.pid").read_text().splitlines()[0])
            address = URL.create("postgresql+psycopg", "grader", database="postgres", query={"host": place})
            yield Server(address, process)
        finally:
            run(*control, "-m", "immediate", "stop")
