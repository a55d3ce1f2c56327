"""A function for a bounded process that takes its time, or too much, for some texts."""

from __future__ import annotations

import time


def shout(text: str) -> str:
    """A function that takes its time for some texts."""
    if text == "slow":
        time.sleep(60)
    if text == "large":
        return "x" * 400_001
    if text == "greedy":
        return str(len(bytearray(2 << 30)))
    return text.upper()
