"""Build the course's site into _build/html: `python web/build.py`, in an environment with the extra `book`.

Each step is skipped while its inputs have not changed; `--force` does all again.
"""

from __future__ import annotations

import argparse
import sys

from site_builder.assets import fonts, page_script
from site_builder.book import book
from site_builder.browser_python import browser_python, packed_pyodide
from site_builder.lock import only_one_build
from site_builder.node import node_packages
from site_builder.offline import service_worker
from site_builder.places import SITE
from site_builder.step import BuildError

STEPS = (node_packages, page_script, fonts, packed_pyodide, browser_python, book, service_worker)


def build(force: bool = False) -> None:
    """Run every step in order; each later one reads what the earlier ones left."""
    with only_one_build():
        for make_step in STEPS:
            make_step().run(force=force)


def main() -> int:
    """Build, and say where the site lies, or what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--force", action="store_true", help="do every step again, up to date or not")
    arguments = parser.parse_args()
    print("Building the course:", flush=True)
    try:
        build(force=arguments.force)
    except BuildError as error:
        print(f"The site could not be built. {error}", file=sys.stderr)
        return 1
    print(f"The site is in {SITE}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
