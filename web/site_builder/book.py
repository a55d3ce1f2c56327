"""The book: built strictly, read anew as a whole when the library that computes its numbers changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from .places import ASSETS, BUILD, LIBRARY, REPOSITORY, SITE, STAMPS, WEB
from .step import BuildError, Step, fingerprint

SOURCES = tuple(
    REPOSITORY / name for name in ("_config.yml", "_toc.yml", "index.md", "chapters", "practice", "teaching")
)
JUPYTER_BOOK = "from jupyter_book.cli.main import main; main()"  # this environment's
OFFERS = "COURSE_OFFERS"  # what stands beside the pages, for the extensions that link to it
ASSIGNMENTS = "COURSE_ASSIGNMENTS"  # which assignments stand there, as JSON: [[title, address], ...]
CACHES = (BUILD / ".jupyter_cache", BUILD / ".doctrees")


def _forget() -> None:
    for cache in CACHES:
        shutil.rmtree(cache, ignore_errors=True)


def _forget_what_old_code_computed() -> None:
    """Drop executed cells and parsed pages when the code behind them is no longer the same."""
    stamp = STAMPS / "library-of-the-book"
    wanted = fingerprint((LIBRARY, WEB / "sphinx", WEB / "typeset.mjs", REPOSITORY / "_config.yml"))
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        _forget()
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(wanted, encoding="utf-8")


def _build() -> None:
    _forget_what_old_code_computed()
    command = [sys.executable, "-c", JUPYTER_BOOK, "build", ".", "--path-output", ".", "-W", "--keep-going"]
    path = os.pathsep.join(
        filter(None, [str(WEB), os.environ.get("PYTHONPATH")])
    )  # extensions read pages back
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    if done.returncode:
        sys.stdout.write(done.stdout)  # Jupyter Book says much, of use only where something is wrong
        _forget()  # or the pages with warnings would count as read, and pass the next time
        raise BuildError("The book has warnings or failing cells (above); the strict build accepts none")


def book() -> Step:
    """Jupyter Book into _build/html; any warning or failing cell is an error."""
    return Step(
        name="book",
        inputs=(
            *SOURCES,
            LIBRARY,
            ASSETS,
            WEB / "sphinx",
            WEB / "typeset.mjs",
            WEB / "style",
            WEB / "images",
        ),
        outputs=(SITE / "index.html",),
        work=_build,
        words=(os.environ.get("SITE_URL", ""), os.environ.get(OFFERS, ""), os.environ.get(ASSIGNMENTS, "")),
    )
