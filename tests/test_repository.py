"""The promises of the repository as a whole: its lock, its wheel, its commands, what it does not contain."""

from __future__ import annotations

import ast
import doctest
import importlib.metadata
import inspect
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import FunctionType, ModuleType

import pytest
import yaml
from hypothesis import HealthCheck, settings
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import layercost
from layercost.questions import read_question
from layercost.questions.exported import said_of_answers
from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
VERSION = layercost.__version__
LOCK = (ROOT / "requirements.txt").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^python3 .*$", "\n".join(re.findall(r"^```sh\n(.*?)^```", README, re.M | re.S)), re.M)


def output_of(*command: str | Path, cwd: Path = ROOT) -> str:
    """What a command prints; it must succeed."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


# ---- the lock


def locked_versions() -> dict[str, list[Version]]:
    """The lock's versions by name; two where they differ between Pythons."""
    versions: dict[str, list[Version]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", LOCK, re.M):
        versions.setdefault(canonicalize_name(name), []).append(Version(version))
    return versions


def wanted() -> list[Requirement]:
    """Whatever pyproject.toml asks for, in any extra and to build, but for the project itself."""
    extras = PROJECT["project"]["optional-dependencies"].values()
    texts = [*PROJECT["build-system"]["requires"], *(text for extra in extras for text in extra)]
    return [wish for wish in map(Requirement, sorted(set(texts))) if wish.name != "layercost"]


@pytest.mark.parametrize("wish", wanted(), ids=str)
def test_the_lock_holds_what_pyproject_asks_for(wish: Requirement):
    versions = locked_versions().get(canonicalize_name(wish.name), [])
    assert versions, f"{wish} is not in requirements.txt: run `nox -s lock`"
    assert all(version in wish.specifier for version in versions)


def test_each_locked_package_has_a_hash():
    entries = re.split(r"^(?=[\w.-]+==)", LOCK, flags=re.M)[1:]
    assert len(entries) == sum(map(len, locked_versions().values()))
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_locks_hold_no_addresses_of_packages():
    assert re.findall(r"\w+://\S+|^-.*", LOCK, re.M) == []
    packages = json.loads((ROOT / "web" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert [name for name, package in packages.items() if "resolved" in package] == []


def test_the_core_depends_on_nothing():
    assert PROJECT["project"]["dependencies"] == []


# ---- what is tracked


def tracked_files() -> Iterator[Path]:
    """The files that git tracks and that stand in the work tree."""
    names = output_of("git", "-c", "safe.directory=*", "ls-files", "-z").split("\0")
    return (ROOT / name for name in names if name and (ROOT / name).is_file())


@pytest.mark.checkout
def test_no_notebook_is_committed():
    """Text is the source; a notebook is generated from it."""
    assert [path for path in tracked_files() if path.suffix == ".ipynb"] == []


# Written so that the pattern does not match this line.
FOREIGN = re.compile(
    r"\b(py[p]i\.org|python[h]osted\.org|npm[j]s\.(org|com)|deb\.[d]ebian)|(?<![\w.])/(wor[k]|roo[t]|op[t])/"
)


@pytest.mark.checkout
def test_no_file_names_a_registry_host_or_a_path_of_one_machine():
    found = []
    for path in tracked_files():
        if b"\0" not in (data := path.read_bytes()):
            lines = enumerate(data.decode().splitlines(), start=1)
            found += [f"{path.relative_to(ROOT)}:{n}: {line}" for n, line in lines if FOREIGN.search(line)]
    assert found == []


# ---- the library's public face


def test_the_core_imports_only_the_standard_library():
    """Not even by chance: everything is imported in a fresh interpreter, and what it loaded is looked at."""
    program = """
import importlib, pathlib, sys
before = set(sys.modules)
import layercost
(root,) = layercost.__path__
for path in pathlib.Path(root).parent.rglob("layercost/**/*.py"):
    name = ".".join(path.relative_to(pathlib.Path(root).parent).with_suffix("").parts)
    if not name.startswith(("layercost.explorers", "layercost.forward", "layercost.__main__")):
        importlib.import_module(name.removesuffix(".__init__"))
loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted(loaded - sys.stdlib_module_names - {"layercost"}))
"""
    assert output_of(sys.executable, "-c", program).split() == []


def public_objects() -> Iterator[tuple[str, object]]:
    """What layercost promises, by name: modules, classes with their methods, functions."""
    for name in layercost.__all__:
        thing = getattr(layercost, name)
        if isinstance(thing, ModuleType | FunctionType | type):
            yield name, thing
        if isinstance(thing, type):
            for member, value in vars(thing).items():
                if not member.startswith("_") and isinstance(value, FunctionType | property | classmethod):
                    yield f"{name}.{member}", getattr(thing, member)


@pytest.mark.parametrize(("name", "thing"), [pytest.param(*pair, id=pair[0]) for pair in public_objects()])
def test_whatever_is_public_says_what_it_is(name: str, thing: object):
    """A dataclass without a docstring gets its signature for one: that does not count."""
    said = inspect.getdoc(thing) or ""
    assert said
    assert not said.startswith(f"{name}(")


def imports_of(path: Path) -> set[str]:
    """What a file imports, wherever in it: ``json``, ``grader.values``."""
    imported = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported |= {f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names}
    return imported


def test_the_import_contract_lists_every_module_of_layercost():
    """A module that stands in no layer may import anything: the linter refuses it, and so do we."""
    contract = next(each for each in PROJECT["tool"]["importlinter"]["contracts"] if each["type"] == "layers")
    listed = {name for layer in contract["layers"] for name in re.findall(r"\w+", layer)}
    assert contract["exhaustive"]
    assert listed == {path.stem for path in (ROOT / "src/layercost").glob("[!_]*.py")} | {
        path.parent.name for path in (ROOT / "src/layercost").glob("*/__init__.py")
    } | {"__main__"}


@pytest.mark.parametrize("module", ["runner", "values"])
def test_the_untrusted_side_imports_only_the_standard_library(module: str):
    """These two share a process with the student's code: nothing else of ours may be there to be found."""
    imported = imports_of(ROOT / "grader" / f"{module}.py") - {"grader.values"}
    assert {name.partition(".")[0] for name in imported} - sys.stdlib_module_names == set()


def test_the_witness_borrows_no_formula():
    """With the layers it shares an error and the checks of what is given, and nothing that counts."""
    modules = (ROOT / "src/layercost/witness").glob("*.py")
    imported = {name for module in modules for name in imports_of(module) if name.startswith("layercost")}
    borrowed = {name for name in imported if not name.startswith("layercost.witness")}
    shared = ("ShapeError", "whole", "checked_sizes", "several")
    assert borrowed <= {f"layercost.shape.{name}" for name in shared}


# ---- one grammar of numbers

# Where else a script looks at digits, and why that reads no number that a person typed.
DIGITS_ELSEWHERE = {
    "text/pulled.mjs": r"/^\d$/",  # a key that opens the field
    "practice/card.mjs": "parseFloat(",  # lengths of the style sheet
    "practice/told.mjs": r"/^(?:-|\d+\.) /",  # an item of a list in a question's words
    "live/compiled.mjs": r"/\B(?=(\d{3})+$)/g",  # commas are put in
}
LOOKS_AT_DIGITS = re.compile(r"/[^/\n]*(?:\\d|\[0-9)[^/\n]*/[gimsuy]*|parseFloat\(|isNaN\(")


def test_numbers_are_read_by_one_grammar_alone():
    """Its rules are tables of Python; a pattern for digits in a page script would be a second one."""
    scripts = sorted((ROOT / "web/src").rglob("*.mjs"))
    found = {
        (path.relative_to(ROOT / "web/src").as_posix(), pattern)
        for path in scripts
        for pattern in LOOKS_AT_DIGITS.findall(path.read_text(encoding="utf-8"))
    }
    assert found == set(DIGITS_ELSEWHERE.items())


def test_no_answer_is_read_by_a_pattern_for_digits():
    """`asked` looks for sizes in the sentence of a question, which is no answer."""
    modules = sorted((ROOT / "src/layercost/questions").glob("*.py"))
    assert [path.stem for path in modules if r"\d" in path.read_text(encoding="utf-8")] == ["asked"]


def test_no_sentence_of_the_grammar_is_typed_twice():
    """The page takes sentences and tables from Python when it is built."""
    sentences = [key for key in said_of_answers() if len(key) > 40]
    scripts = [path.read_text(encoding="utf-8") for path in (ROOT / "web/src").rglob("*.mjs")]
    assert len(sentences) > 20
    assert [key for key in sentences if any(key in script for script in scripts)] == []


# ---- the wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel, built from the work tree without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    output_of(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


def test_the_wheel_holds_the_library_the_grader_and_the_licences_alone(wheel: Path):
    names = zipfile.ZipFile(wheel).namelist()
    information = f"layercost-{VERSION}.dist-info"
    assert {name.partition("/")[0] for name in names} == {"layercost", "grader", information}
    assert [name for name in names if "test" in name.casefold() or "__pycache__" in name] == []
    assert {f"{information}/licenses/LICENSE", f"{information}/licenses/LICENSE-text"} <= set(names)
    assert {"layercost/py.typed", "grader/py.typed"} <= set(names)


def test_the_wheel_alone_counts_in_an_empty_environment(wheel: Path, tmp_path: Path):
    environment = tmp_path / "environment"
    uv = [sys.executable, "-m", "uv", "--offline", "--no-cache", "--quiet"]
    output_of(*uv, "venv", "--python", sys.executable, environment)
    output_of(*uv, "pip", "install", "--python", environment, wheel)
    command = environment / ("Scripts" if os.name == "nt" else "bin") / "layercost"
    assert "lenet5" in output_of(command, "networks", cwd=tmp_path)


# ---- one version, told once


def test_the_version_is_the_same_wherever_it_is_said():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^version: (.*)$", citation, re.M) == [VERSION]
    assert re.findall(r"^## (\S+)", changes, re.M)[0] == VERSION
    assert importlib.metadata.version("layercost") == VERSION


# ---- what runs elsewhere

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_by_its_commit_with_the_version_beside_it(path: Path):
    """A tag can be moved to other code; a commit cannot."""
    used = re.findall(r"uses: (.*)", path.read_text(encoding="utf-8"))
    assert [
        use for use in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)
    ] == []


def test_only_the_job_that_deploys_may_write_to_the_pages():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "pages.yml").read_text(encoding="utf-8"))
    assert workflow["permissions"] == {}
    assert {name: job["permissions"] for name, job in workflow["jobs"].items()} == {
        "build": {"contents": "read"},
        "deploy": {"pages": "write", "id-token": "write"},
    }
    assert all("run" not in step for step in workflow["jobs"]["deploy"]["steps"])


# ---- what the README and the other guides say


def test_two_commands_do_everything():
    assert COMMANDS == ["python3 noxfile.py course", "python3 noxfile.py tests"]


def test_continuous_integration_runs_the_command_that_the_readme_gives():
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-1] == COMMANDS[1]


def test_the_examples_in_the_readme_are_true():
    outcome = doctest.testfile(str(ROOT / "README.md"), module_relative=False, encoding="utf-8")
    assert outcome.attempted > 0
    assert outcome.failed == 0


def test_the_layer_that_contributing_adds_counts_as_it_says():
    """In an interpreter of its own, since the layer registers itself."""
    program = """
import doctest, pathlib, re
text = pathlib.Path("CONTRIBUTING.md").read_text(encoding="utf-8")
names = {}
exec(re.search(r"^```python\\n(?!>>>)(.*?)^```", text, re.M | re.S)[1], names)
print(doctest.testfile("CONTRIBUTING.md", module_relative=False, globs=names, encoding="utf-8"))
"""
    assert output_of(sys.executable, "-c", program) == "TestResults(failed=0, attempted=3)\n"


ADDED = """
import pathlib, re
from tests.layercost import drawing

text = pathlib.Path("CONTRIBUTING.md").read_text(encoding="utf-8")
names = {}
for block in re.findall(r"^```python\\n(?!>>>)(.*?)^```", text, re.M | re.S):
    exec(block, names)
drawing.RECIPES["LayerScale"] = names["drawn_layer_scale"]
"""
CONTRACTS = [
    "tests/layercost/test_formulas_against_witnesses.py",
    "tests/layercost/test_layers.py",
    "tests/forward/test_against_the_witness.py",
    "tests/questions/test_misconceptions.py",
    "tests/explorers/test_every_explorer.py",
]


def test_what_contributing_adds_meets_the_contracts_of_all_of_its_kind(tmp_path: Path):
    """Its layer and its explorer are a plugin, run before the tests of all of their kind are collected."""
    (tmp_path / "contributing_added.py").write_text(ADDED, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "contributing_added", "-p", "no:cacheprovider",
         "-k", "LayerScale or classifier", *CONTRACTS],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT), str(ROOT / "src")])},
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    passed = re.search(r"(\d+) passed", run.stdout)
    assert passed, run.stdout
    assert int(passed[1]) >= 40


def test_the_question_that_contributing_adds_is_drawn_and_explains_its_mistakes():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    block = re.search(r"^```toml\n(.*?)^```", text, re.M | re.S)
    assert block
    (data,) = tomllib.loads(block[1])["question"]
    variant = read_question(data).draw(seed=1)
    right = layercost.count(variant.layer, layercost.PARAMETERS, variant.input_shape).total
    assert variant.diagnose(right).id == "right"
    assert variant.diagnose(right - variant.numbers["filters"]).id == "forgot-bias"
    assert variant.diagnose(right - variant.numbers["filters"]).credit == Fraction(1, 2)


@pytest.mark.parametrize("guide", ["README.md", "CONTRIBUTING.md"])
def test_the_guides_point_at_files_that_exist(guide: str):
    targets = re.findall(r"\]\((?!\w+:|#)([^)#]+)", (ROOT / guide).read_text(encoding="utf-8"))
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


# ---- the tests


def test_what_is_drawn_for_a_test_is_the_same_every_time_and_may_take_its_time():
    """Else a busy machine fails a property by the clock, and a day's luck fails another day's change."""
    asked = settings()
    assert (asked.derandomize, asked.deadline) == (True, None)
    assert HealthCheck.too_slow in asked.suppress_health_check
