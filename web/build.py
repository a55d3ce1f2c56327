"""Build the course's site into _build/html: `python web/build.py`, in an environment with the extra `book`.

Each step is skipped while its inputs have not changed; `--force` does all again.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from site_builder.archive import archive
from site_builder.assets import fonts, page_script
from site_builder.assignments import Released, as_text, released_in
from site_builder.book import ASSIGNMENTS, OFFERS, book
from site_builder.browser_python import browser_python, packed_pyodide
from site_builder.checking import check
from site_builder.lock import only_one_build
from site_builder.node import node_packages
from site_builder.notebooks import jupyterlite
from site_builder.offline import service_worker
from site_builder.places import SITE
from site_builder.printing import printed_book
from site_builder.step import BuildError, Step

BOOK = (node_packages, page_script, fonts, packed_pyodide, browser_python, book)
# What pages offer where it was asked for: its step, and its folder in the site.
BESIDE = {"notebooks": (jupyterlite, "lite"), "print": (printed_book, "print")}


def steps(
    wanted: argparse.Namespace, offered: set[str], released: tuple[Released, ...]
) -> list[Callable[[], Step]]:
    """What makes the pages, and what was asked for beside them, in their order; a last look; the zip."""
    beside: list[Callable[[], Step]] = [step for name, (step, _folder) in BESIDE.items() if name in offered]
    beside = [partial(step, released) if step is jupyterlite else step for step in beside]
    return [*BOOK, *beside, service_worker, check, *([archive] if wanted.zip or wanted.all else [])]


def forget_what_is_not_offered(offered: set[str]) -> None:
    """Take away what an earlier build made and no page of this one leads to."""
    for name, (_step, folder) in BESIDE.items():
        if name not in offered:
            shutil.rmtree(SITE / folder, ignore_errors=True)


def build(wanted: argparse.Namespace) -> None:
    """Run every step in order; each later one reads what the earlier ones left."""
    released = released_in(wanted.release.expanduser().absolute()) if wanted.release else ()
    offered = {name for name in BESIDE if wanted.all or getattr(wanted, name)}
    offered |= {"notebooks"} if released else set()
    os.environ[OFFERS] = " ".join(sorted(offered))  # for the book: its pages lead to what they offer
    os.environ[ASSIGNMENTS] = as_text(released)
    with only_one_build():
        forget_what_is_not_offered(offered)
        for make_step in steps(wanted, offered, released):
            make_step().run(force=wanted.force)


def main() -> int:
    """Build, and say where the site lies, or what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--force", action="store_true", help="do every step again, up to date or not")
    parser.add_argument("--notebooks", action="store_true", help="also JupyterLite with the chapters in it")
    parser.add_argument(
        "--release",
        type=Path,
        metavar="FOLDER",
        help="also JupyterLite, with the assignments that a course has released into this folder",
    )
    parser.add_argument("--print", action="store_true", help="also the book as one PDF and as an EPUB")
    parser.add_argument("--zip", action="store_true", help="also write the site as one zip")
    parser.add_argument("--all", action="store_true", help="everything that a published site has")
    arguments = parser.parse_args()
    print("Building the course:", flush=True)
    try:
        build(arguments)
    except BuildError as error:
        print(f"The site could not be built. {error}", file=sys.stderr)
        return 1
    print(f"The site is in {SITE}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
