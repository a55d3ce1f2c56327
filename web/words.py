"""Find everything that is said, and bring the translations up to date: `python web/words.py`."""

from __future__ import annotations

from site_builder.catalogue import main

if __name__ == "__main__":
    main()
