"""JupyterLite with the chapters as notebooks, and released assignments, served by the site itself.

Pyodide comes from npm, as for the pages. The Python packages are those of the environment that builds the
book, whose versions and hashes requirements.txt pins, packed as wheels again; the kernel's own come with its
extension. Nothing is fetched when a notebook starts: `piplite`, which would fetch, is replaced by one that
does not.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .assignments import Released, files_of, left_behind, write_assignments
from .browser_python import PYODIDE, checked_content, installed
from .places import BUILD, LIBRARY, SITE, WEB
from .step import WHEN_ALL_ARE_COPIED, BuildError, Step, files_in

OUTPUT = SITE / "lite"
DRAFT = BUILD / "web" / "lite-in-the-making"
CONTENTS = "contents-beside-the-chapters"  # in the draft
NOTEBOOKS = SITE / "notebooks"
STAND_INS = WEB / "lite"
EXTENSIONS = Path(sys.prefix) / "share" / "jupyter" / "labextensions"
KERNEL = EXTENSIONS / "@jupyterlite" / "pyodide-kernel-extension"
WIDGETS = EXTENSIONS / "@jupyter-widgets" / "jupyterlab-manager"
IMPORTED = ("ipython", "ipywidgets")  # with all that they require; pure Python, all of it
NOT_IMPORTED = {
    "jupyterlab-widgets",
    "widgetsnbextension",
}  # front ends of ipywidgets, in JupyterLite already
BROWSER = {"sys_platform": "emscripten", "os_name": "posix", "platform_system": "Emscripten", "extra": "",
           "python_version": "3.14", "python_full_version": "3.14.0"}  # fmt: skip
KERNEL_WHEELS = ("ipykernel", "pyodide_kernel", "widgetsnbextension-4")
LEFT_OUT = {"tests", "test", "__pycache__", "stubs", "django-stubs"}  # stubs are for other packages' code
COMPILED = {".so", ".pyd", ".dylib"}  # for another machine than the browser; each is only a faster way
APPS = ("notebooks", "tree")  # one notebook, and the list of all
LOADED_BEFORE = STAND_INS / "before_jupyterlite.mjs"
STARTS = re.compile(r"await import\(\s*'\.\./config-utils\.js")  # what starts a page of JupyterLite
KERNEL_PLUGIN = "@jupyterlite/pyodide-kernel-extension:kernel"


# ---- packages ------------------------------------------------------------------------------------------


def required(*names: str) -> list[str]:
    """The packages with those that they require in the browser, directly or not."""
    found: dict[str, None] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found or name in NOT_IMPORTED:
            continue
        found[name] = None
        wishes = map(Requirement, installed(name).requires or [])
        waiting += [
            canonicalize_name(one.name)
            for one in wishes
            if one.marker is None or one.marker.evaluate(BROWSER)
        ]
    return sorted(found)


# ---- wheels ------------------------------------------------------------------------------------------


def _files_of(name: str) -> dict[str, bytes]:
    """What the wheel of an installed package brought, checked, by its path in the wheel."""
    return {
        path.as_posix(): checked_content(name, path)
        for path in installed(name).files or []
        if path.hash is not None and path.suffix not in COMPILED and not {"..", *LEFT_OUT} & set(path.parts)
    }


def _files_under(root: Path, below: Path) -> dict[str, bytes]:
    return {path.relative_to(below).as_posix(): path.read_bytes() for path in files_in(root)}


def _metadata(name: str, version: str) -> dict[str, bytes]:
    folder = f"{name}-{version}.dist-info"
    wheel = "Wheel-Version: 1.0\nGenerator: web/build.py\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    return {f"{folder}/METADATA": about.encode(), f"{folder}/WHEEL": wheel.encode()}


def _library() -> tuple[str, dict[str, bytes]]:
    version = installed("layercost").version
    return version, _files_under(LIBRARY, LIBRARY.parent) | _metadata("layercost", version)


def _stand_in(name: str) -> tuple[str, dict[str, bytes]]:
    root = STAND_INS / name if (STAND_INS / name).is_dir() else STAND_INS / f"{name}.py"
    return "0", _files_under(root, STAND_INS) | _metadata(name, "0")


def write_wheel(folder: Path, name: str, version: str, files: dict[str, bytes]) -> str:
    """Write the files as a wheel, equal bytes for equal contents; give its name."""
    wheel = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(folder / wheel, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path, content in sorted(files.items()):
            entry = zipfile.ZipInfo(path, date_time=WHEN_ALL_ARE_COPIED)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return wheel


def _wheels(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Write every wheel; give name, version and file of each."""
    made: dict[str, tuple[str, dict[str, bytes]]] = {
        "layercost": _library(), "micropip": _stand_in("micropip"), "piplite": _stand_in("piplite"),
    }  # fmt: skip
    made |= {name: (installed(name).version, _files_of(name)) for name in required(*IMPORTED)}
    for name, (version, files) in made.items():
        yield name, version, write_wheel(folder, name, version, files)
    for start in KERNEL_WHEELS:
        (wheel,) = (KERNEL / "static" / "pypi").glob(f"{start}*.whl")
        shutil.copy2(wheel, folder / wheel.name)
        name, version = wheel.name.split("-")[:2]
        yield name.replace("_", "-"), version, wheel.name


def _entry(folder: Path, name: str, version: str, wheel: str) -> dict[str, object]:
    """A package as Pyodide's lock describes it."""
    return {
        "name": name, "version": version, "file_name": wheel, "install_dir": "site",
        "sha256": hashlib.sha256((folder / wheel).read_bytes()).hexdigest(),
        "package_type": "package", "imports": [], "depends": [], "unvendored_tests": False,
    }  # fmt: skip


# ---- Pyodide and JupyterLite -------------------------------------------------------------------------


def _write_pyodide(folder: Path) -> list[str]:
    """Pyodide with the packages that notebooks need; gives their names."""
    folder.mkdir(parents=True)
    for name in ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip"):
        shutil.copy2(PYODIDE / name, folder / name)
    packages = {name: _entry(folder, name, version, wheel) for name, version, wheel in _wheels(folder)}
    lock = json.loads((PYODIDE / "pyodide-lock.json").read_text(encoding="utf-8"))
    slim = {"info": lock["info"], "packages": packages}
    (folder / "pyodide-lock.json").write_text(json.dumps(slim, indent=1), encoding="utf-8")
    return sorted(packages)


def _write_settings(packages: list[str]) -> None:
    kernel = {"disablePyPIFallback": True, "loadPyodideOptions": {"packages": packages}}
    lite = {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": {
            "appName": "Every FLOP Counts",
            "appUrl": "./tree",
            "disabledExtensions": ["jupyterlab-jupytext", "@jupyter/nbgrader"],
            "litePluginSettings": {KERNEL_PLUGIN: kernel},
        },
    }
    (DRAFT / "jupyter-lite.json").write_text(json.dumps(lite, indent=1), encoding="utf-8")
    build = {
        "LiteBuildConfig": {
            "apps": list(APPS),
            "contents": [str(folder) for folder in (NOTEBOOKS, DRAFT / CONTENTS) if folder.is_dir()],
            "ignore_sys_prefix": ["federated_extensions"],
            "federated_extensions": [str(KERNEL), str(WIDGETS)],
            "no_sourcemaps": True,
            "no_unused_shared_packages": True,
            "output_dir": str(OUTPUT),
        }
    }
    (DRAFT / "jupyter_lite_config.json").write_text(json.dumps(build, indent=1), encoding="utf-8")


def _load_before(page: Path) -> None:
    """Let this page load what has to hold before JupyterLite starts on it."""
    text = page.read_text(encoding="utf-8")
    first = f"await import('../{LOADED_BEFORE.name}');"
    changed, places = STARTS.subn(lambda start: f"{first}\n        {start[0]}", text)
    if places != 1:
        raise BuildError(f"{page} does not start as JupyterLite's pages do; look at STARTS in {__file__}")
    page.write_text(changed, encoding="utf-8")


def _build(released: Sequence[Released] = ()) -> None:
    for folder in (DRAFT, OUTPUT):
        shutil.rmtree(folder, ignore_errors=True)
    write_assignments(released, DRAFT / CONTENTS)
    _write_settings(_write_pyodide(DRAFT / "static" / "pyodide"))
    command = [sys.executable, "-m", "jupyterlite_core", "build"]
    done = subprocess.run(
        command, cwd=DRAFT, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    )
    if done.returncode or not (OUTPUT / "notebooks" / "index.html").exists():
        raise BuildError(f"JupyterLite could not be built:\n{done.stdout[-4000:]}")
    shutil.copy2(LOADED_BEFORE, OUTPUT / LOADED_BEFORE.name)
    for name in APPS:
        _load_before(OUTPUT / name / "index.html")
    missing = list(left_behind(released, OUTPUT / "files"))
    if missing:
        raise BuildError(f"JupyterLite takes no file of this name: {missing[0]}; name the assignment anew")
    shutil.rmtree(DRAFT)
    size = sum(path.stat().st_size for path in files_in(OUTPUT))
    print(f"  JupyterLite: {size / 10**6:.1f} MB", flush=True)


def jupyterlite(released: Sequence[Released] = ()) -> Step:
    """JupyterLite with a notebook for each chapter, which `book` has written, and released assignments."""
    code = (Path(__file__), Path(__file__).with_name("assignments.py"))
    versions = (f"{name} {installed(name).version}" for name in (*required(*IMPORTED), "jupyterlite-core"))
    return Step(
        name="JupyterLite",
        inputs=(NOTEBOOKS, LIBRARY, STAND_INS, WEB / "package-lock.json", *code, *files_of(released)),
        outputs=(OUTPUT / "notebooks" / "index.html",),
        work=partial(_build, released),
        words=(*versions, *(one.place for one in released)),
    )
