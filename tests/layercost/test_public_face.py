"""What is promised is documented, its examples run, and the core needs nothing but Python."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

import layercost as lc

NEEDS_EXTRAS = ("layercost.explorers", "layercost.forward", "layercost.dialects", "layercost.__main__")
CORE = [
    module.name
    for module in pkgutil.walk_packages(lc.__path__, "layercost.")
    if not module.name.startswith(NEEDS_EXTRAS)
]


@pytest.mark.parametrize("name", ["layercost", *CORE])
def test_the_examples_in_docstrings_run(name: str) -> None:
    """Every example may use what layercost promises, as a reader does who has imported it."""
    promised = {promise: getattr(lc, promise) for promise in lc.__all__}
    tried = doctest.testmod(importlib.import_module(name), extraglobs=promised)
    assert tried.failed == 0


def test_there_are_examples_to_run() -> None:
    finder = doctest.DocTestFinder()
    found = [test for name in ["layercost", *CORE] for test in finder.find(importlib.import_module(name))]
    assert sum(len(test.examples) for test in found) >= 10


@pytest.mark.parametrize("name", ["layercost", *CORE])
def test_every_module_class_and_function_without_underscore_says_what_it_is(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__
    for member, thing in vars(module).items():
        is_ours = getattr(thing, "__module__", None) == name
        if is_ours and not member.startswith("_") and (inspect.isclass(thing) or inspect.isfunction(thing)):
            said = inspect.getdoc(thing) or ""
            assert said, f"{name}.{member}"
            assert not said.startswith(f"{member}("), f"{name}.{member} has the docstring of its dataclass"


def test_what_is_promised_is_there() -> None:
    assert sorted(set(lc.__all__)) == sorted(lc.__all__)
    for name in lc.__all__:
        assert hasattr(lc, name)


@pytest.mark.parametrize(
    "function", [lc.count, lc.table, lc.Layer.output_shape, lc.Layer.facts], ids=lambda f: f.__name__
)
def test_what_takes_a_shape_says_that_the_batch_is_left_out(function: object) -> None:
    assert "without the batch" in (inspect.getdoc(function) or "")


def in_a_fresh_python(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout


def test_the_core_imports_no_numpy_and_no_notebook_package() -> None:
    modules = ["layercost", *CORE]
    unwanted = ("numpy", "IPython", "ipywidgets", "traitlets", "sympy", "torch", "nbgrader")
    program = f"""
import importlib, sys
for name in {modules!r}:
    importlib.import_module(name)
print(*[name for name in {unwanted!r} if name in sys.modules])
"""
    assert in_a_fresh_python(program).split() == []


def test_importing_layercost_loads_nothing_that_only_some_need() -> None:
    """Formats, near misses and the command wait until they are asked for."""
    program = "import sys; before = set(sys.modules); import layercost; print(*set(sys.modules) - before)"
    assert {"csv", "json", "difflib", "argparse"} & set(in_a_fresh_python(program).split()) == set()


def test_a_network_of_many_layers_is_counted_in_linear_time() -> None:
    """Ten times the layers take ten times the calls of functions: steps are counted, not seconds."""

    def steps(layers: int) -> int:
        net, calls = lc.Sequential(*(lc.Linear(8, 8) for _ in range(layers))), 0

        def note(frame: object, event: str, argument: object) -> None:
            nonlocal calls
            calls += event == "call"

        sys.setprofile(note)
        try:
            table = lc.table(net, (8,))
        finally:
            sys.setprofile(None)
        assert table.total.parameters == layers * 72
        return calls

    assert steps(1000) < 11 * steps(100)
