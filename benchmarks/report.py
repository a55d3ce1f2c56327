"""What every benchmark says of the machine, and how its section gets into RESULTS.md."""

from __future__ import annotations

import datetime
import os
import platform
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "RESULTS.md"


def processor() -> str:
    """The processor's model and how many of its cores there are; nothing that names the machine."""
    information = Path("/proc/cpuinfo")
    models = [platform.processor() or platform.machine()]
    if information.exists():
        lines = information.read_text(encoding="utf-8").splitlines()
        models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")] or models
    return f"{models[0]}, {os.cpu_count()} cores"


def load() -> str:
    """How busy the machine was in the last minute."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def today() -> str:
    return datetime.datetime.now(tz=datetime.UTC).date().isoformat()


def table(heads: list[str], rows: list[list[str]]) -> list[str]:
    """The lines of a Markdown table whose first column is words."""
    align = ["---", *["---:"] * (len(heads) - 1)]
    return [f"| {' | '.join(row)} |" for row in (heads, align, *rows)]


def write_section(name: str, text: str) -> None:
    """Put `text` into RESULTS.md between ``<!-- name:begin -->`` and ``<!-- name:end -->``."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    old = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else "# Measured\n"
    section = f"{begin}\n{text}\n{end}"
    if begin in old:
        before, _, rest = old.partition(begin)
        new = before + section + rest.partition(end)[2]
    else:
        new = f"{old.rstrip()}\n\n{section}\n"
    RESULTS.write_text(new, encoding="utf-8")
