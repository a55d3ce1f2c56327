"""The page script (bundled by esbuild), MathJax and the fonts: what every page may load."""

from __future__ import annotations

import shutil

from .node import run_node
from .places import ASSETS, NODE_MODULES, WEB
from .step import Step, copy_files

MATHJAX = NODE_MODULES / "mathjax" / "es5"
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
    run_node("bundle.mjs", str(ASSETS))


def page_script() -> Step:
    """web/src bundled to course.mjs and its chunks; the widgets' chunk loads only beside explorers."""
    return Step(
        name="page script",
        inputs=(WEB / "src", WEB / "bundle.mjs", WEB / "package-lock.json"),
        outputs=(ASSETS / "course.mjs", ASSETS / "widgets.css"),
        work=_bundle,
    )


def _copy_vendor() -> None:
    for folder in ("mathjax", "fonts"):
        shutil.rmtree(ASSETS / folder, ignore_errors=True)
    copy_files(MATHJAX, ("tex-chtml.js", "output/chtml/fonts/woff-v2"), ASSETS / "mathjax")
    for name in FONT_FILES:
        copy_files(FONTS / name.rpartition("/")[0], (name.rpartition("/")[2],), ASSETS / "fonts")
        family = name.partition("/")[0]
        licence = ASSETS / "fonts" / f"{family}-LICENSE.txt"
        shutil.copy2(FONTS / family / "LICENSE", licence)


def mathjax_and_fonts() -> Step:
    """Formulas and letters, served by the site itself."""
    return Step(
        name="MathJax and fonts",
        inputs=(WEB / "package-lock.json",),
        outputs=(ASSETS / "mathjax" / "tex-chtml.js", ASSETS / "fonts"),
        work=_copy_vendor,
        words=FONT_FILES,
    )
