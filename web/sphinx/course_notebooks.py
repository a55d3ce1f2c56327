"""Sphinx extension: each chapter as a notebook beside its page, and the links to it and to assignments.

A page that is a notebook in its source (it has the jupytext header) is written to ``notebooks/NAME.ipynb`` as
well. Its page gets a line with *Download*, and with *Open as a notebook* where the site has JupyterLite.
Where that holds a teacher's assignments, the opening page lists them.
"""

from __future__ import annotations

import json
import os
import posixpath
import re
from collections.abc import Iterator
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

import nbformat
from course_sharing import site_url
from notebook_text import Block, Code, blocks_of
from site_builder.assignments import KERNEL
from sphinx.application import Sphinx

from layercost.message import spoken as _
from layercost.view import tag

FOLDER = "notebooks"
STYLES = Path(__file__).resolve().parents[1] / "style"
PATTERNS = (STYLES / "patterns.svg").read_text(encoding="utf-8")  # drawings are filled with them
OFFERS = "COURSE_OFFERS"  # what web/build.py adds to the pages: notebooks, print
ASSIGNMENTS = "COURSE_ASSIGNMENTS"  # the assignments that JupyterLite holds: titles and addresses, as JSON
CHAPTERS = '<section id="chapters">'  # of the opening page
# In a notebook the labels of controls are cut to one width; here they are words of any length.
WHOLE_LABELS = (
    ".lc-explorer .widget-inline-hbox > .widget-label{width: auto !important; max-width: none !important;}"
)
RULE = re.compile(r"([^{}]+)\{((?:[^{}]|\{[^{}]*\})*)\}", re.S)


def offers() -> set[str]:
    """What stands beside the pages, by name."""
    return set(os.environ.get(OFFERS, "").split())


def assignments() -> list[tuple[str, str]]:
    """Titles and addresses of the assignments that JupyterLite holds."""
    return [(title, address) for title, address in json.loads(os.environ.get(ASSIGNMENTS) or "[]")]


def is_notebook(app: Sphinx, name: str) -> bool:
    """Whether a page is executed, and so a notebook; the opening page is a door and none."""
    return "kernelspec" in app.env.metadata.get(name, {}) and name != app.config.root_doc


def notebook_of(name: str) -> str:
    """The address of a page's notebook, from the site's root."""
    return f"{FOLDER}/{posixpath.basename(name)}.ipynb"


# ---- the notebook ------------------------------------------------------------------------------------


def link_of(app: Sphinx, page: str, href: str) -> str:
    """Where a link of a page leads from its notebook: to a notebook beside it, or to the published page."""
    if re.match(r"[a-z]+:", href):
        return href
    path, _hash, anchor = href.partition("#")
    if not path:
        return ""
    name = posixpath.normpath(posixpath.join(posixpath.dirname(page), path)).removesuffix(".html")
    if is_notebook(app, name):
        return posixpath.basename(notebook_of(name))
    return f"{site_url()}{name}.html{f'#{anchor}' if anchor else ''}" if site_url() else ""


def style_of_explorers() -> str:
    """The rules that explorers need, for a notebook: nothing that would change the notebook around them."""
    kept = [WHOLE_LABELS]
    for sheet in ("course.css", "explorers.css"):
        text = re.sub(r"/\*.*?\*/", "", (STYLES / sheet).read_text(encoding="utf-8"), flags=re.S)
        for selector, body in RULE.findall(text):
            name = " ".join(selector.split())
            if name.startswith(":root") or (".lc-" in name and not name.startswith("@")):
                kept.append(f"{name}{{{' '.join(body.split())}}}")
    shown = ".jp-OutputArea-output:has(.lc-explorer)"
    return (
        "\n".join(kept)
        .replace(".lc-live", shown)
        .replace('html[data-theme="dark"]', '[data-jp-theme-light="false"]')
    )


def style_cell() -> Any:
    """A cell, folded away, that gives explorers their look; CSS stands in no library."""
    source = (
        "# How the explorers look. Run this cell once; there is nothing to learn in it.\n"
        "from IPython.display import HTML\n\n"
        f'HTML("""<style>\n{style_of_explorers()}\n</style>\n{PATTERNS}""")'
    )
    return nbformat.v4.new_code_cell(source, metadata={"jupyter": {"source_hidden": True}})


def introduction(app: Sphinx, title: str) -> str:
    """What this notebook is, and what it needs."""
    course = app.config.html_title
    named = f"[{course}]({site_url()})" if site_url() else course
    return (
        f"> *{title}*, a chapter of {named}, as a notebook. Its code and its pictures need the library "
        "`layercost` with ipywidgets: inside the course's own site both are there, elsewhere install them "
        'from the course\'s repository with `pip install ".[explorers]"`. '
        "Where the page has a field to answer in, this notebook has a line, with the hints folded under it."
    )


def cells(blocks: list[Block]) -> Iterator[Any]:
    """Cells of a notebook: text up to a heading or a piece of code is one cell."""
    waiting: list[str] = []
    for block in blocks:
        if waiting and (isinstance(block, Code) or re.match("##? ", block)):
            yield nbformat.v4.new_markdown_cell("\n\n".join(waiting))
            waiting = []
        if isinstance(block, Code):
            yield nbformat.v4.new_code_cell(block.source)
        else:
            waiting.append(block)
    if waiting:
        yield nbformat.v4.new_markdown_cell("\n\n".join(waiting))


def notebook(app: Sphinx, name: str, body: str) -> Any:
    """The notebook of a page."""
    blocks = blocks_of(body, lambda href: link_of(app, name, href))
    title = app.env.titles[name].astext()
    made = list(cells([blocks[0], introduction(app, title), *blocks[1:]]))
    if "course_explorers" in app.env.metadata[name]:
        made.insert(1, style_cell())
    for place, cell in enumerate(made):  # ids that do not change from build to build
        cell["id"] = sha256(f"{name} {place}".encode()).hexdigest()[:8]
    written = nbformat.v4.new_notebook(cells=made)
    written.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}, "title": title}
    return written


# ---- the page ----------------------------------------------------------------------------------------


def offer(name: str, pathto: Any) -> str:
    """The line under a chapter's title: open it as a notebook, or take it along."""
    address = pathto(notebook_of(name), 1)
    links = [tag("a", _("Download as a notebook"), href=address, download="")]
    if "notebooks" in offers():
        lite = f"{pathto('lite/notebooks/index.html', 1)}?path={posixpath.basename(notebook_of(name))}"
        links.insert(0, tag("a", _("Open as a notebook"), href=lite))
    return tag("p", " · ".join(links), class_="lc-notebook noprint")


def offer_prints(app: Sphinx, pagename: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    """On the opening page, lead to the whole book as a PDF and as an EPUB where the site has them."""
    if pagename != app.config.root_doc or "print" not in offers() or not context.get("body"):
        return
    book = context["pathto"]("print/every-flop-counts", 1)
    links = [
        tag("a", _("The whole course as a PDF"), href=f"{book}.pdf"),
        tag("a", _("as an EPUB"), href=f"{book}.epub", download=""),
    ]
    context["body"] += tag("p", " · ".join(links), class_="lc-notebook noprint")


def list_of_assignments(pathto: Any) -> str:
    """A section that leads to each assignment, and says how one hands it in; nothing where there are none."""
    entries = [
        tag("li", tag("a", escape(title), href=pathto(address, 1))) for title, address in assignments()
    ]
    if not entries:
        return ""
    how = _(
        "Each opens as a notebook and runs in your browser, with cells that check what you have so far. "
        "What you do stays in this browser: when you are done, choose File and Download, and hand in the "
        "file that you get."
    )
    return tag("section", tag("h2", _("Assignments")), tag("p", how), tag("ul", *entries), id="assignments")


def offer_assignments(
    app: Sphinx, pagename: str, _template: str, context: dict[str, Any], _doctree: Any
) -> None:
    """On the opening page, list the assignments above the chapters."""
    if pagename == app.config.root_doc and context.get("body"):
        before, chapters, after = context["body"].partition(CHAPTERS)
        context["body"] = f"{before}{list_of_assignments(context['pathto'])}{chapters}{after}"


def write_notebook(app: Sphinx, pagename: str, _template: str, context: dict[str, Any], doctree: Any) -> None:
    """Write the page's notebook, and put the links to it under the title."""
    if doctree is None or app.builder.name != "html" or not is_notebook(app, pagename):
        return
    target = Path(app.outdir) / notebook_of(pagename)
    target.parent.mkdir(exist_ok=True)
    text = json.dumps(notebook(app, pagename, context["body"]), indent=1, ensure_ascii=False)
    target.write_text(text + "\n", encoding="utf-8")
    line = offer(pagename, context["pathto"])
    context["body"] = context["body"].replace("</h1>", f"</h1>\n{line}", 1)


def drop_old_notebooks(app: Sphinx, failed: Exception | None) -> None:
    """Take away the notebooks whose chapter is gone."""
    if failed or app.builder.name != "html":
        return
    wanted = {posixpath.basename(notebook_of(name)) for name in app.env.found_docs if is_notebook(app, name)}
    for path in (Path(app.outdir) / FOLDER).glob("*.ipynb"):
        if path.name not in wanted:
            path.unlink()


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    # Not for anyone to set: configuration values whose change makes Sphinx write the pages anew.
    app.add_config_value("course_offers", " ".join(sorted(offers())), "html")
    app.add_config_value("course_assignments", os.environ.get(ASSIGNMENTS, ""), "html")
    app.connect("html-page-context", write_notebook, priority=870)
    app.connect("html-page-context", offer_prints, priority=870)
    app.connect("html-page-context", offer_assignments, priority=870)
    app.connect("build-finished", drop_old_notebooks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
