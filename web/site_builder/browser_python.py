"""Python for the page's worker: Pyodide from npm, the packages that explorers import, a memory snapshot.

The packages are taken from the environment that builds the book, whose versions and hashes
requirements.txt pins: so the page's worker runs the very ipywidgets that drew the page's snapshot.
"""

from __future__ import annotations

import base64
import hashlib
import json
import lzma
import shutil
import tomllib
import zipfile
from importlib.metadata import Distribution, PackageNotFoundError, PackagePath, distribution
from pathlib import Path

from .node import run_node
from .places import ASSETS, LIBRARY, NODE_MODULES, WEB
from .step import WHEN_ALL_ARE_COPIED, BuildError, Step, files_in

PYODIDE = NODE_MODULES / "pyodide"
PACKED = ASSETS.parent / "pyodide-packed"  # what of it is the same for every version of the library
FOLDER = ASSETS / "python"
LOCK = "pyodide-lock.json"
DRAFT = ASSETS.parent / "python-in-the-making"  # takes the folder's place when it is complete
# Pure Python; all that the bridge, the explorers and the questions import.
PACKAGES = ("comm", "ipywidgets", "traitlets", "fsrs", "typing_extensions")
NEVER_IMPORTED = ("fsrs/optimizer.py",)  # learns from thousands of reviews, with torch
BANK = LIBRARY / "questions" / "bank"
# Imported into the memory snapshot: the explorers, and what they import when they first need it.
PRELOADED = (
    *("layercost.explorers", "layercost.comparison", "layercost.identification", "layercost.questions"),
    *("csv", "difflib", "html", "_ast_unparse"),
)
# What a start from the snapshot downloads; the rest of the folder waits for the day on which that fails.
NEEDED = ("worker.mjs", "runtime.xz", "script.xz", "snapshot.xz")
# Pointers and lengths are words of four bytes, which LZMA packs better when it knows (lp, and lc + lp <= 4).
WORDS = {"lc": 2, "lp": 2, "pb": 2}
PROGRAM = {"lc": 3, "lp": 0, "pb": 2}


def installed(name: str) -> Distribution:
    try:
        return distribution(name)
    except PackageNotFoundError:
        raise BuildError(
            f"The package {name} is not installed in this environment; "
            "install this project with its extra `book`"
        ) from None


def checked_content(name: str, path: PackagePath) -> bytes:
    """The bytes of an installed file; an error if they are not those that its wheel brought."""
    content = Path(str(path.locate())).read_bytes()
    if path.hash is not None:
        found = base64.urlsafe_b64encode(hashlib.new(path.hash.mode, content).digest()).decode().rstrip("=")
        if found != path.hash.value:
            raise BuildError(f"{path} of the installed package {name} was changed; install {name} again")
    return content


def _modules_of(name: str) -> dict[str, bytes]:
    """The Python files of an installed package, without its tests, by their path on sys.path."""
    found: dict[str, bytes] = {}
    for path in installed(name).files or []:
        parts = path.parts
        if path.as_posix() in NEVER_IMPORTED:
            continue
        if path.suffix == ".py" and ".." not in parts and "tests" not in parts:
            found[path.as_posix()] = checked_content(name, path)
    return found


def _all_modules() -> dict[str, bytes]:
    """Everything that goes into packages.zip: the bridge, our library, and the packages."""
    modules = {"course_bridge.py": (WEB / "worker" / "course_bridge.py").read_bytes()}
    for path in files_in(LIBRARY):
        name = path.relative_to(LIBRARY.parent)
        if path.suffix != ".toml":
            modules[name.as_posix()] = path.read_bytes()
        elif path.parent != BANK:  # the browser's Python reads JSON alone
            as_json = json.dumps(tomllib.loads(path.read_text(encoding="utf-8")), ensure_ascii=False)
            modules[name.with_suffix(".json").as_posix()] = as_json.encode()
    modules[(BANK / "whole.json").relative_to(LIBRARY.parent).as_posix()] = _bank()
    for name in PACKAGES:
        modules |= _modules_of(name)
    return modules


def _bank() -> bytes:
    """All questions in one file: the browser's Python reads JSON alone, and no folders in an archive."""
    tables = (tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(BANK.glob("*.toml")))
    questions = [question for table in tables for question in table["question"]]
    return json.dumps(questions, ensure_ascii=False).encode()


def _write_packages() -> None:
    with zipfile.ZipFile(DRAFT / "packages.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in sorted(_all_modules().items()):
            entry = zipfile.ZipInfo(name, date_time=WHEN_ALL_ARE_COPIED)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)


def _pack(content: bytes, path: Path, preset: int, shape: dict[str, int]) -> None:
    """Write a file as xz, which the worker unpacks: a quarter smaller than gzip's best."""
    filters = [{"id": lzma.FILTER_LZMA2, "preset": preset, "dict_size": 1 << 25, **shape}]
    path.write_bytes(lzma.compress(content, check=lzma.CHECK_CRC32, filters=filters))


def _pack_pyodide() -> None:
    """Pyodide's own files: module and script packed, the lock without the packages that we do not serve."""
    shutil.rmtree(PACKED, ignore_errors=True)
    PACKED.mkdir(parents=True)
    for name, packed in (("pyodide.asm.wasm", "runtime.xz"), ("pyodide.asm.mjs", "script.xz")):
        _pack((PYODIDE / name).read_bytes(), PACKED / packed, 9 | lzma.PRESET_EXTREME, PROGRAM)
    shutil.copy2(PYODIDE / "python_stdlib.zip", PACKED / "python_stdlib.zip")
    lock = json.loads((PYODIDE / LOCK).read_text(encoding="utf-8"))
    slim = {"info": lock["info"], "packages": {}}
    (PACKED / LOCK).write_text(json.dumps(slim), encoding="utf-8")


def _write_snapshot() -> None:
    """Python's memory with all imports done, packed."""
    run_node("worker/make_snapshot.mjs", str(PYODIDE), str(DRAFT), *PRELOADED)
    raw = DRAFT / "snapshot.raw"
    _pack(raw.read_bytes(), DRAFT / "snapshot.xz", 9, WORDS)
    raw.unlink()


def _write_worker() -> None:
    """The worker in one file, Pyodide's loader, its lock and the unpacker in it."""
    lock = DRAFT / LOCK
    run_node("bundle_one.mjs", "worker/worker.mjs", str(DRAFT / "worker.mjs"), "PYODIDE_LOCK", str(lock))
    lock.unlink()


def _make() -> None:
    shutil.rmtree(DRAFT, ignore_errors=True)
    shutil.copytree(PACKED, DRAFT)
    _write_packages()
    _write_snapshot()
    _write_worker()
    _write_manifest()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    DRAFT.rename(FOLDER)


def _write_manifest() -> None:
    """Name every file with its size: the page says how much it will download, and how far it is."""
    sizes = {path.name: path.stat().st_size for path in sorted(DRAFT.iterdir())}
    digest = hashlib.sha256()
    for name in sizes:
        digest.update((DRAFT / name).read_bytes())
    manifest = {"version": digest.hexdigest()[:12], "sizes": sizes, "needed": NEEDED}
    (DRAFT / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def packed_pyodide() -> Step:
    """Python itself, packed once for each version of Pyodide: the best packing takes its time."""
    return Step(
        name="Pyodide",
        inputs=(WEB / "package-lock.json",),
        outputs=(PACKED / "runtime.xz", PACKED / "script.xz", PACKED / LOCK),
        work=_pack_pyodide,
        words=(str(PROGRAM),),
    )


def browser_python() -> Step:
    """The folder `python` of the site, from which the worker starts."""
    return Step(
        name="Python for the browser",
        inputs=(LIBRARY, WEB / "worker", WEB / "bundle_one.mjs", WEB / "package-lock.json"),
        outputs=(FOLDER / "manifest.json", FOLDER / "snapshot.xz"),
        work=_make,
        words=(*(f"{name} {installed(name).version}" for name in PACKAGES), *PRELOADED),
    )
