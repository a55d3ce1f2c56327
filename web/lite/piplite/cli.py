"""What the magic %pip asks for: the code to run in its place."""

from __future__ import annotations


async def get_transformed_code(_arguments: list[str]) -> str:
    """Code that says that nothing is installed."""
    return "import piplite; await piplite.install()"
