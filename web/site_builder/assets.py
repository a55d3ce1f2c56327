"""The page script (bundled by esbuild) and the fonts: what every page may load."""

from __future__ import annotations

import json
import shutil

from layercost.questions.exported import rules

from .node import run_node
from .places import ASSETS, NODE_MODULES, NUMBER_RULES, WEB
from .step import Step, copy_files

FONTS = NODE_MODULES / "@fontsource-variable"
FONT_FILES = (
    "source-serif-4/files/source-serif-4-latin-wght-normal.woff2",
    "source-serif-4/files/source-serif-4-latin-wght-italic.woff2",
    "source-sans-3/files/source-sans-3-latin-wght-normal.woff2",
    "source-sans-3/files/source-sans-3-latin-wght-italic.woff2",
)


def _bundle() -> None:
    for stale in [*ASSETS.glob("*.mjs"), *ASSETS.glob("chunk-*"), ASSETS / "widgets.css"]:
        stale.unlink(missing_ok=True)
    NUMBER_RULES.parent.mkdir(parents=True, exist_ok=True)
    NUMBER_RULES.write_text(number_rules(), encoding="utf-8")
    run_node("bundle.mjs", str(ASSETS), str(NUMBER_RULES))


def number_rules() -> str:
    """How typed numbers are read, as JSON: what Python reads by."""
    return json.dumps(rules())


def page_script() -> Step:
    """web/src bundled to course.mjs and its chunks; the widgets' chunk loads only beside explorers."""
    return Step(
        name="page script",
        inputs=(WEB / "src", WEB / "bundle.mjs", WEB / "package-lock.json"),
        outputs=(ASSETS / "course.mjs", ASSETS / "widgets.css"),
        work=_bundle,
        words=(number_rules(),),
    )


def _copy_vendor() -> None:
    for folder in ("mathjax", "fonts"):  # formulas are typeset in the build; older builds left MathJax here
        shutil.rmtree(ASSETS / folder, ignore_errors=True)
    for name in FONT_FILES:
        copy_files(FONTS / name.rpartition("/")[0], (name.rpartition("/")[2],), ASSETS / "fonts")
        family = name.partition("/")[0]
        licence = ASSETS / "fonts" / f"{family}-LICENSE.txt"
        shutil.copy2(FONTS / family / "LICENSE", licence)


def fonts() -> Step:
    """Letters, served by the site itself."""
    return Step(
        name="fonts",
        inputs=(WEB / "package-lock.json",),
        outputs=(ASSETS / "fonts",),
        work=_copy_vendor,
        words=FONT_FILES,
    )
