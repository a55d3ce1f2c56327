"""Serve the built site on this machine: `python web/serve.py [--port 8000] [--open]`."""

from __future__ import annotations

import argparse
import sys
import webbrowser

from site_builder.places import SITE
from site_builder.server import make_server


def main() -> int:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="8000, or a free one if it is taken")
    parser.add_argument("--open", action="store_true", help="open the site in the browser")
    arguments = parser.parse_args()
    if not (SITE / "index.html").exists():
        print(f"There is no site in {SITE}; build it first: python web/build.py", file=sys.stderr)
        return 1
    with make_server(SITE, arguments.port) as server:
        print(f"The course is at {server.address} (stop with Ctrl+C)", flush=True)
        if arguments.open:
            webbrowser.open(server.address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("\nStopped.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
