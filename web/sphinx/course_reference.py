"""Sphinx extension: the reference of `layercost`, written from its own docstrings when the book is built.

- ``public-face`` lists what `layercost.__all__` promises, by kinds, in the code's own words.
- ``command-help`` shows what a command prints for ``--help``.

Docstrings are Markdown: backticks are code, lines that begin with ``>>>`` are examples.
"""

from __future__ import annotations

import enum
import inspect
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import layercost as lc

# Each kind of public name: its heading, and what belongs to it. The first that fits takes it.
KINDS: tuple[tuple[str, Callable[[Any], bool]], ...] = (
    ("Networks", lambda value: value in [known.build for known in lc.networks.NETWORKS.values()]),
    ("Counting", inspect.isfunction),
    ("Layers", lambda value: value in lc.LAYERS.values()),
    ("Shapes", lambda value: inspect.isclass(value) and issubclass(value, tuple) and hasattr(value, "axes")),
    ("Errors", lambda value: inspect.isclass(value) and issubclass(value, Exception)),
    ("What the functions give, and what layers are made of", inspect.isclass),
    ("Quantities", lambda value: isinstance(value, enum.Enum)),
    ("Rules and tables of names", lambda _: True),
)


def kind_of(value: object) -> str:
    """The heading under which a public name stands."""
    return next(heading for heading, belongs in KINDS if belongs(value))


def public_names() -> dict[str, dict[str, Any]]:
    """The public names of layercost with what they stand for, by heading."""
    found: dict[str, dict[str, Any]] = {heading: {} for heading, _ in KINDS}
    promised = {name: getattr(lc, name) for name in lc.__all__ if name != "networks"}
    promised |= {f"networks.{name}": known.build for name, known in lc.networks.NETWORKS.items()}
    for name in sorted(promised, key=str.casefold):
        found[kind_of(promised[name])][name] = promised[name]
    return {heading: names for heading, names in found.items() if names}


def entry(name: str, value: Any) -> Iterator[str]:
    """The lines of one public name: its signature, then its docstring or what it holds."""
    yield f"`{name}{signature(value)}`"
    text = described(value)
    lines = text.splitlines() or [""]
    yield f": {lines[0]}"
    yield from (f"  {line}".rstrip() for line in (*fenced(lines[1:]), *versions_of(value)))
    yield ""


def signature(value: Any) -> str:
    """The arguments of a function or layer, without their types; nothing for anything else."""
    if not inspect.isfunction(value) and not (inspect.isclass(value) and issubclass(value, lc.Layer)):
        return ""
    with suppress(TypeError, ValueError):
        parameters = inspect.signature(value).parameters.values()
        plain = [p.replace(annotation=inspect.Parameter.empty) for p in parameters]
        return str(inspect.Signature(plain))
    return ""


def described(value: Any) -> str:
    """What a public name is: its docstring, or for a value its words about itself."""
    if isinstance(value, enum.Enum):
        return f"counts {value.value.replace('_', ' ')}"
    if isinstance(value, dict):
        return f"By name: {', '.join(f'`{key}`' for key in value)}."
    if hasattr(value, "source") and not inspect.isclass(value):
        return str(value.source)
    return inspect.getdoc(value) or ""


def versions_of(value: Any) -> Iterator[str]:
    """The versions of a network as a list."""
    for known in lc.networks.NETWORKS.values():
        if known.build is value:
            yield ""
            yield from (f"- `{version}`: {what}" for version, what in known.versions.items())


def fenced(lines: list[str]) -> Iterator[str]:
    """The lines of a docstring with its examples in fences."""
    inside = False
    for line in lines:
        if line.startswith(">>>") and not inside:
            yield "```python"
            inside = True
        elif inside and not line.strip():
            yield "```"
            inside = False
        yield line
    if inside:
        yield "```"


class PublicFace(SphinxDirective):
    """The public names of layercost, each with its signature and its docstring."""

    def run(self) -> list[nodes.Node]:
        """A section for each kind of name."""
        sections: list[nodes.Node] = []
        for heading, names in public_names().items():
            section = nodes.section(ids=[nodes.make_id(heading)])
            section += nodes.title(text=heading)
            lines = [line for name, value in names.items() for line in entry(name, value)]
            self.state.nested_parse(StringList(lines, source="layercost"), 0, section)
            sections.append(section)
        return sections


class CommandHelp(SphinxDirective):
    """What the command prints for --help, or for one of its commands."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        """A literal block."""
        command = [sys.executable, "-m", "layercost", *self.arguments, "--help"]
        environment = os.environ | {"COLUMNS": "88", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
        printed = subprocess.run(command, capture_output=True, encoding="utf-8", env=environment, check=True)
        return [nodes.literal_block(text=printed.stdout, language="text")]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("public-face", PublicFace)
    app.add_directive("command-help", CommandHelp)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
