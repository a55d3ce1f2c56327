"""The service worker, which keeps the site on a reader's device and knows its files by their hash."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from .browser_python import FOLDER
from .node import run_node
from .places import BUILD, SITE, WEB
from .step import Step, files_in

SCRIPT = SITE / "service-worker.js"  # at the root, since it may only answer for what lies below it
SOURCES = WEB / "src" / "offline"
LIST = BUILD / "web" / "site-files.json"
HASH_LENGTH = 24
READ_BY_NOBODY = (".map", ".txt", ".inv", ".buildinfo", ".ts")
# The bank, the scheduler and the readers of files, which explorers never ask for.
OF_PYTHON = {"packages.zip": "questions"}
BESIDE = ("lite", "print", "notebooks")  # large, and wanted by few: kept by those who have loaded them


def _group(name: str, needed: frozenset[str]) -> str:
    """Which files are kept together: what pages show, Python, or what it needs for questions beside.

    What is needed `seldom` is kept when it was loaded.
    """
    path = Path(name)
    folder = path.parent.name
    if folder.startswith("python-"):
        return "python" if path.name in needed else OF_PYTHON.get(path.name, "seldom")
    if "locales" in path.parts or path.parts[0] in BESIDE:
        return "seldom"
    return "pages"


def _listed(site: Path) -> list[Path]:
    """The files of the site that a page may ask for."""
    return [
        path
        for path in files_in(site)
        if path != SCRIPT
        and path.suffix not in READ_BY_NOBODY
        and "_sources" not in path.parts
        and not path.name.startswith(".")
        and path.name != "manifest.json"
    ]


def site_files(site: Path, needed: frozenset[str]) -> dict[str, object]:
    """``{build, files: {path: [hash, bytes, group]}}`` for all files that the site serves."""
    files: dict[str, tuple[str, int, str]] = {}
    for path in _listed(site):
        name, content = path.relative_to(site).as_posix(), path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()[:HASH_LENGTH]
        files[name] = (digest, len(content), _group(name, needed))
    build = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:HASH_LENGTH]
    return {"build": build, "files": files}


def _write() -> None:
    manifest = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    LIST.write_text(json.dumps(site_files(SITE, frozenset(manifest["needed"]))), encoding="utf-8")
    run_node("bundle_one.mjs", str(SOURCES / "service_worker.mjs"), str(SCRIPT), "SITE_FILES", str(LIST))


def service_worker() -> Step:
    """service-worker.js at the site's root; made anew whenever any file of the site changed."""
    return Step(
        name="service worker",
        inputs=(
            Path(__file__),
            SOURCES,
            WEB / "bundle_one.mjs",
            *(path for path in SITE.iterdir() if path != SCRIPT),
        ),
        outputs=(SCRIPT,),
        work=_write,
    )
