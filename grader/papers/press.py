"""Sets papers: data and a template in, a PDF out.

The template sees an empty folder and no network: there is nothing that a hostile name could read.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from typing import Any, Literal

from typst import Compiler, Fonts

TEMPLATES = ("paper", "key")


@contextmanager
def nowhere() -> Iterator[str]:
    """An empty folder: all of the file system that a template sees."""
    with tempfile.TemporaryDirectory(prefix="papers-") as folder:
        yield folder


class Press:
    """Sets one template after another; it keeps what typst has learned, so that the next paper is quick."""

    def __init__(self, folder: str) -> None:
        """Sets up typst, which sees nothing but this empty folder."""
        self._compiler = Compiler(
            root=folder, font_paths=Fonts(), package_path=folder, package_cache_path=folder
        )
        self._templates = {name: template(name).encode() for name in TEMPLATES}

    def pdf(self, name: str, data: Mapping[str, Any]) -> bytes:
        """The document as a PDF; the same data gives the same bytes."""
        (document,) = self._set(name, data, "pdf")
        return document

    def pages(self, name: str, data: Mapping[str, Any], ppi: float = 72) -> list[bytes]:
        """Each page as a PNG."""
        return self._set(name, data, "png", ppi)

    def _set(
        self, name: str, data: Mapping[str, Any], form: Literal["pdf", "png"], ppi: float | None = None
    ) -> list[bytes]:
        made = self._compiler.compile(
            input=self._templates[name],
            format=form,
            ppi=ppi,
            sys_inputs={"data": json.dumps(data)},
            timestamp=0,
        )
        return made if isinstance(made, list) else [made or b""]


def template(name: str) -> str:
    """A template with what all of them share."""
    folder = files(__package__)
    return "\n".join((folder / f"{part}.typ").read_text(encoding="utf-8") for part in ("common", name))
