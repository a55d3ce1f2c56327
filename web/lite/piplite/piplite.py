"""What the kernel sets and asks for; installing says that it is not done here."""

from __future__ import annotations

from typing import Any

NOTHING_IS_INSTALLED = (
    "In this notebook nothing is installed: it runs inside of the page, with the standard library, "
    "ipywidgets and layercost. Download the notebook to run it with other packages."
)


async def install(*_requirements: Any, **_options: Any) -> None:
    """Tell the reader that there is nothing to install from."""
    print(NOTHING_IS_INSTALLED)
