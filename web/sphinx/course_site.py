"""Sphinx extension: pages that are whole without Python, ready for the page script, free of other hosts.

- An executed cell that shows an explorer becomes `<div class="lc-live">`: its source in an attribute (for the
  worker), its printed form as plain HTML (for readers before, without or beside scripts, and on paper).
- Every page loads the course's script and style; only pages with explorers load the widgets' style.
- What the theme's extensions load from elsewhere is dropped.
- The assets that web/build.py made are put among the site's static files.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from docutils import nodes
from following import OWN
from printed_explorer import printed
from sphinx.application import Sphinx
from sphinx.util import logging

from layercost.convention import CONVENTIONS

WEB = Path(__file__).resolve().parents[1]
sys.path.append(str(WEB))

from site_builder.catalogue import page_words  # noqa: E402 - it lies beside this folder

logger = logging.getLogger(__name__)
ASSETS = WEB.parent / "_build" / "web" / "course"
STYLES = WEB / "style"
EXPLORER_STYLES = STYLES / "explorers"  # what a single explorer's picture needs, in a file of its name
PATTERNS = (WEB / "style" / "patterns.svg").read_text(encoding="utf-8")
VIEW = re.compile(r'^<script type="application/vnd\.jupyter\.widget-view\+json">(.*)</script>$', re.S)
THEBE = re.compile(
    r'\s*<script type="text/x-thebe-config">.*?</script>\s*(<script>kernelName = .*?</script>)?', re.S
)
NO_LIST = '<div role="list" class="citation-list"'  # docutils': a list whose children are no items of one
EXPLORER_TAG = "explorer"
FEATURE_STYLES = {"practice": "practice.css", "exam": "practice.css", "own_model": "own_model.css"}
CHUNK = re.compile(r'from"\./(chunk-[^"]+)"')


# --- explorer cells ---------------------------------------------------------------------------------


def _take_widget_state(app: Sphinx) -> dict[str, Any] | None:
    """Take away the widgets' state that MyST-NB would write into the page, with a script from a CDN."""
    files = getattr(app.env, "nb_metadata", {}).get(app.env.docname, {}).get("js_files", {})
    state = files.pop("ipywidgets_state", None)
    for key in [key for key in files if key.startswith("ipywidgets_")]:
        files.pop(key)
    return json.loads(state[1]["body"]) if state else None


def _cell_of(node: nodes.Node) -> nodes.Element | None:
    """The code cell in whose output a node stands."""
    while node is not None and not _is_part(node, "cell_code"):
        node = node.parent
    return node


def _is_part(node: nodes.Node, name: str) -> bool:
    """Whether a node is the part of a notebook that MyST-NB calls so."""
    return isinstance(node, nodes.container) and node.get("nb_element") == name


def _take_source(cell: nodes.Element) -> str | None:
    """The cell's source; a cell that is tagged as an explorer keeps it out of the reader's sight."""
    for part in list(cell.children):
        if _is_part(part, "cell_code_source"):
            source = part.astext()
            if f"tag_{EXPLORER_TAG}" in cell["classes"]:
                cell.remove(part)
            return source
    return None


def _explorer_html(model_id: str, source: str, states: dict[str, Any]) -> str:
    attributes = f'data-model-id="{html.escape(model_id)}" data-source="{html.escape(source)}"'
    content = f'<div class="lc-static">{printed(model_id, states)}</div>'
    return f'<div class="lc-live" {attributes}>\n{content}\n</div>'


def place_explorers(app: Sphinx, doctree: nodes.document) -> None:
    """Turn each widget that a cell shows into an explorer that is readable now and can be made live."""
    state = _take_widget_state(app)
    if state is None:
        return
    found = 0
    for raw in list(doctree.findall(nodes.raw)):
        view = VIEW.match(raw.astext())
        cell = _cell_of(raw) if view else None
        if view is None or cell is None:
            continue
        source = _take_source(cell)
        if source is None:
            logger.warning(
                "the cell of this explorer has no source in the page, so it cannot become live; "
                "tag it `%s` instead of removing its input",
                EXPLORER_TAG,
                location=cell,
            )
            continue
        model_id = json.loads(view[1])["model_id"]
        raw.replace_self(nodes.raw("", _explorer_html(model_id, source, state["state"]), format="html"))
        found += 1
    if found:
        body = json.dumps(state).replace("</", "<\\/")
        element = f'<script type="application/json" class="lc-widget-state">{body}</script>'
        doctree += nodes.raw("", PATTERNS + element, format="html")
        app.env.metadata[app.env.docname]["course_explorers"] = found


# --- what a page loads ------------------------------------------------------------------------------


def _is_foreign(file: Any) -> bool:
    """Whether a script or style comes from another host, or belongs to thebe (which would load one)."""
    name = str(getattr(file, "filename", file) or "")
    body = str((getattr(file, "attributes", None) or {}).get("body") or "")
    return name.startswith(("http:", "https:", "//")) or "thebe" in name or "THEBE_JS_URL" in body


def _python_meta() -> str:
    """Where the worker finds Python and how large its files are, for the page script."""
    manifest = json.loads((ASSETS / "python" / "manifest.json").read_text(encoding="utf-8"))
    needed = {name: manifest["sizes"][name] for name in manifest["needed"]}
    told = {"folder": f"python-{manifest['version']}", "sizes": needed}
    return f'<meta name="lc-python" content="{html.escape(json.dumps(told))}">'


def _convention_meta() -> str:
    """The convention that the text is written for, and those that a reader can choose."""
    return f'<meta name="lc-convention" content="{OWN}" data-names="{" ".join(CONVENTIONS)}">'


def _words(app: Sphinx) -> str:
    """What the page's scripts say, where the book is written in another language than English."""
    words = page_words(app.config.language or "en")
    if not words:
        return ""
    body = json.dumps(words, ensure_ascii=False).replace("</", "<\\/")
    return f'<script type="application/json" id="lc-words">{body}</script>'


def _loaded_with(script: Path) -> set[str]:
    """A chunk and all chunks that it imports, by name."""
    found, waiting = set[str](), [script.name]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += CHUNK.findall((ASSETS / name).read_text(encoding="utf-8"))
    return found


def _preload(pathto: Callable[..., str], feature: str) -> str:
    """Let the browser fetch the chunks of a page's feature early, and yet after all that the text needs."""
    chunks = sorted({name for path in ASSETS.glob(f"chunk-{feature}-*.mjs") for name in _loaded_with(path)})
    links = [pathto(f"_static/course/{name}", 1) for name in chunks]
    return "".join(f'<link rel="modulepreload" fetchpriority="low" href="{link}">' for link in links)


def _run_after_the_text(script: Any) -> Any:
    """A script that waits until the page is read; the options are needed at once, by inline ones."""
    name = str(getattr(script, "filename", None) or "")
    if not name or "documentation_options" in name:
        return script
    return type(script)(name, priority=script.priority, **{**script.attributes, "defer": "defer"})


def dress_page(app: Sphinx, pagename: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    """Give a page the course's script and style, and take away whatever would leave the site."""
    has_explorers = "course_explorers" in app.env.metadata.get(pagename, {})
    app.add_js_file("course/course.mjs", type="module", priority=900)
    context["metatags"] = context.get("metatags", "") + _convention_meta() + _words(app)
    if has_explorers:
        app.add_css_file("course/widgets.css", priority=850)
        app.add_css_file("course/explorers.css", priority=910)  # after course.css, whose properties it uses
        context["metatags"] += _python_meta() + _preload(context["pathto"], "page")
    elif feature := app.env.metadata.get(pagename, {}).get("course_python"):
        app.add_css_file(f"course/{FEATURE_STYLES[feature]}", priority=910)
        context["metatags"] += _python_meta() + _preload(context["pathto"], feature)
    app.add_css_file("course/course.css", priority=900)
    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context.get(kind, []) if not _is_foreign(file)]
    if pagename != "search":  # its own scripts, which do not wait, need the others
        context["script_files"] = [_run_after_the_text(script) for script in context["script_files"]]
    if context.get("body"):
        context["body"] = THEBE.sub("\n", context["body"]).replace(NO_LIST, '<div class="citation-list"')


# --- assets -----------------------------------------------------------------------------------------


def _mirror(source: Path, target: Path) -> None:
    """Make `target` a copy of `source`; files that are the same already stay untouched."""
    wanted = {path.relative_to(source) for path in source.rglob("*") if path.is_file()}
    for path in list(target.rglob("*")):
        if path.is_file() and path.relative_to(target) not in wanted:
            path.unlink()
    for name in wanted:
        _copy_if_other(source / name, target / name)


def _copy_if_other(source: Path, target: Path) -> None:
    if target.exists() and target.stat().st_mtime_ns == source.stat().st_mtime_ns:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


def copy_assets(app: Sphinx) -> None:
    """Put all assets among the static files; Python goes into a folder that is named by its version."""
    if app.builder.format != "html":
        return
    if not (ASSETS / "python" / "manifest.json").exists():
        raise RuntimeError("The page's assets are missing: build the site with `python web/build.py`")
    target = Path(app.outdir) / "_static" / "course"
    python = json.loads((ASSETS / "python" / "manifest.json").read_text(encoding="utf-8"))
    named = {"python": f"python-{python['version']}"}
    folders = {named.get(part.name, part.name): part for part in ASSETS.iterdir() if part.is_dir()}
    for folder in target.glob("*"):
        if folder.is_dir() and folder.name not in folders:
            shutil.rmtree(folder)
    for name, part in folders.items():
        _mirror(part, target / name)
    files = [path for path in (*ASSETS.iterdir(), *STYLES.glob("*.css")) if path.is_file()]
    for path in files:
        _copy_if_other(path, target / path.name)
    pictures = sorted(EXPLORER_STYLES.glob("*.css"))
    together = [STYLES / "explorers.css", *pictures]
    text = "\n".join(path.read_text(encoding="utf-8") for path in together)
    (target / "explorers.css").write_text(text, encoding="utf-8")
    for stale in {path.name for path in target.iterdir() if path.is_file()} - {path.name for path in files}:
        (target / stale).unlink()


FONT_AWESOME = re.compile(r"\.(?:fa[bsrltd]?|svg-inline--fa)(?:$|[-.:,\s>+~\[])|--fa-")
RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")


def without_font_awesome(style: str) -> str:
    """The theme's style sheet without its icon fonts: course.css draws the few icons that pages show."""

    def kept(rule: re.Match[str]) -> str:
        if "Font Awesome" in rule[2] or "FontAwesome" in rule[2]:
            return "" if rule[1].strip() == "@font-face" or FONT_AWESOME.search(rule[1]) else rule[0]
        selectors = [one for one in rule[1].split(",") if not FONT_AWESOME.search(one)]
        return f"{','.join(selectors)}{{{rule[2]}}}" if selectors else ""

    return RULE.sub(kept, style)


def drop_font_awesome(app: Sphinx, error: Exception | None) -> None:
    """Take the icon fonts and their script out of the built site."""
    static = Path(app.outdir) / "_static"
    style = static / "styles" / "pydata-sphinx-theme.css"
    if error or app.builder.format != "html" or not style.exists():
        return
    style.write_text(without_font_awesome(style.read_text(encoding="utf-8")), encoding="utf-8")
    shutil.rmtree(static / "vendor" / "fontawesome", ignore_errors=True)
    for name in ("fontawesome.js", "fontawesome.js.map", "fontawesome.js.LICENSE.txt"):
        (static / "scripts" / name).unlink(missing_ok=True)


def _assets_hash() -> str:
    """Changes when a page must be written anew because what it loads has changed."""
    digest = sha256()
    for path in sorted(path for path in STYLES.rglob("*") if path.is_file()):
        digest.update(path.read_bytes())
    for path in sorted(ASSETS.rglob("*.*")):
        if path.is_file():
            digest.update(f"{path.name} {path.stat().st_size}".encode())
    manifest = ASSETS / "python" / "manifest.json"
    if manifest.exists():
        digest.update(manifest.read_bytes())
    for path in ASSETS.glob("*.mjs"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    # Not for anyone to set: a configuration value whose change makes Sphinx write the pages anew.
    app.add_config_value("course_assets", _assets_hash(), "html")
    app.connect("builder-inited", copy_assets)
    app.connect("build-finished", drop_font_awesome)
    app.connect("doctree-read", place_explorers)
    app.connect("html-page-context", dress_page, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
