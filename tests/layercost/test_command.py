"""The command layercost, as it is typed."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

import layercost as lc
from layercost.command import COMMANDS, EXAMPLES, LAYER_FORMATS, main
from layercost.models.known import KNOWN
from layercost.options import sizes
from layercost.table import FORMATS

CONV = ["layer", "Conv2d(3, 6, kernel_size=5)", "--input", "3x32x32"]
PYTHON_COMMAND = [sys.executable, "-m", "layercost"]


def said(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    assert main(arguments) == status
    printed = capsys.readouterr()
    assert printed.err == ""
    return printed.out


# ---- what it says --------------------------------------------------------------------------------


def test_show_gives_the_golden_numbers_of_lenet5(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(said(capsys, "show", "lenet5", "--format", "json"))
    assert [row["parameters"] for row in data["rows"] if row["parameters"]] == [156, 2416, 48120, 10164, 850]
    total = data["total"]
    assert (total["parameters"], total["parameter_kib"]) == (61706, 241.0390625)
    assert (total["macs"], total["flops"]) == (416520, 833040)
    assert (data["convention"], data["version"], data["complete"]) == ("textbook", "max-pooling", False)
    assert {missing["layer"] for missing in data["not_counted"]} == {"ReLU", "MaxPool2d"}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("convention", lc.CONVENTIONS)
def test_show_prints_the_table_in_every_format(
    capsys: pytest.CaptureFixture[str], form: str, convention: str
) -> None:
    printed = said(capsys, "show", "lenet5", "--format", form, "--convention", convention)
    assert printed.rstrip("\n") == lc.table(lc.networks.lenet5(), convention=convention).render(form).rstrip(
        "\n"
    )


def test_show_takes_a_version_an_input_a_batch_and_a_number_format(
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = ["--version", "average-pooling", "--input", "1x32x32", "--batch", "8", "--dtype", "int8"]
    data = json.loads(said(capsys, "show", "lenet5", *options, "--format=json"))
    assert (data["version"], data["batch"], data["dtype"]) == ("average-pooling", 8, "int8")
    assert (data["total"]["macs"], data["total"]["parameter_bytes"]) == (8 * 416520, 61706)


def test_layer_shows_letters_numbers_and_total(capsys: pytest.CaptureFixture[str]) -> None:
    printed = said(capsys, *CONV)
    assert "parameters: C_out·C_in·k·k + C_out = 6·3·5·5 + 6 = 456\n" in printed
    assert "macs: C_in·k·k·C_out·H_out·W_out = 3·5·5·6·28·28 = 352,800\n" in printed
    assert "= (2·3·5·5 - 1)·6·28·28 + 6·28·28 = 705,600\n" in printed
    assert "    where H_out = ⌊(H + 2·p - k)/s⌋ + 1 = ⌊(32 + 2·0 - 5)/1⌋ + 1 = 28\n" in printed


def test_layer_json_has_the_table_and_the_derivations(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(said(capsys, *CONV, "--format", "json"))
    assert data["rows"][0]["output"] == [6, 28, 28]
    assert {name: derived["total"] for name, derived in data["derivations"].items()} == {
        "parameters": 456, "macs": 352800, "flops": 705600,
    }  # fmt: skip
    assert data["derivations"]["parameters"]["text"] == ["C_out·C_in·k·k + C_out = 6·3·5·5 + 6 = 456"]
    assert data["derivations"]["parameters"]["latex"][0].endswith("= 456")


@pytest.mark.parametrize("form", LAYER_FORMATS)
def test_layer_speaks_every_format_that_show_speaks(capsys: pytest.CaptureFixture[str], form: str) -> None:
    assert LAYER_FORMATS.keys() == FORMATS.keys()
    printed = said(capsys, *CONV, "--format", form)
    if form == "json":
        assert json.loads(printed)["total"]["parameters"] == 456
    elif form == "csv":
        assert next(csv.DictReader(io.StringIO(printed)))["parameters"] == "456"
    elif form == "html":
        page = ElementTree.fromstring(f"<div>{printed}</div>")  # noqa: S314 - our own output
        assert [term.text for term in page.iter("dt")] == ["parameters", "macs", "flops"]
    else:
        assert "456" in printed


def test_layer_takes_a_network_of_layers(capsys: pytest.CaptureFixture[str]) -> None:
    printed = said(capsys, "layer", "Sequential(Linear(3, 4), ReLU(), Linear(4, 2))", "--input", "3")
    assert "parameters: 16 + 10 = 26" in printed


@pytest.mark.parametrize("text", ["3x32x32", "3,32,32", "3×32×32", "(3, 32, 32)", "3X32X32"])
def test_an_input_is_typed_in_any_usual_way(text: str) -> None:
    assert sizes(text) == (3, 32, 32)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3*32*32", (3072,)),
        ("3x2*16x2**5", (3, 32, 32)),
        ("(3, 64 // 2, 33 - 1)", (3, 32, 32)),
        ("3x(30+2)x32", (3, 32, 32)),
        ("(300,)", (300,)),
        ("03x032x32", (3, 32, 32)),
    ],
)
def test_sizes_may_be_worked_out(text: str, expected: tuple[int, ...]) -> None:
    assert sizes(text) == expected


def test_a_layer_its_input_and_its_batch_may_be_worked_out(capsys: pytest.CaptureFixture[str]) -> None:
    plain = said(capsys, "layer", "Linear(3072, 10)", "--input", "3072", "--batch", "64")
    assert said(capsys, "layer", "Linear(3*32*32, 10)", "--input", "3*32*32", "--batch", "2**6") == plain


def test_conventions_are_listed_with_their_prices(capsys: pytest.CaptureFixture[str]) -> None:
    printed = said(capsys, "conventions")
    for convention in lc.CONVENTIONS.values():
        assert f"{convention.name} (in {convention.unit})" in printed
        assert str(convention.source) in printed
    assert "    dot product: 2n - 1\n    addition (bias): 1\n" in printed
    data = json.loads(said(capsys, "conventions", "--format", "json"))
    assert [entry["name"] for entry in data] == list(lc.CONVENTIONS)
    assert data[0]["prices"] == {"dot product": "2n - 1", "addition (bias)": "1"}


def test_networks_are_listed_with_their_versions_and_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    printed = said(capsys, "networks")
    data = json.loads(said(capsys, "networks", "--format", "json"))
    assert [entry["name"] for entry in data] == [*lc.networks.NETWORKS, *KNOWN]
    for entry in data:
        assert f"{entry['name']}: {entry['title']}" in printed
        assert f"  {entry['default']} (default): {entry['versions'][entry['default']]}" in printed


def test_help_has_examples_and_every_example_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Help is true: what it shows can be typed; whoever is asked for an answer here gives none."""
    import io
    import shlex

    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert EXAMPLES in said(capsys, "--help")
    examples = [shlex.split(line)[1:] for line in EXAMPLES.splitlines()[1:]]
    assert {example[0] for example in examples} == set(COMMANDS)
    for example in examples:
        assert said(capsys, *example, status=1 if "--answer" in example else 0)
    for name in COMMANDS:
        assert f"  layercost {name}" in said(capsys, name, "--help")


def test_the_version_is_that_of_the_library(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "--version") == f"layercost {lc.__version__}\n"


# ---- what cannot be ------------------------------------------------------------------------------

REFUSED = {
    "nothing": ([], "the following arguments are required: COMMAND; see layercost --help"),
    "an unknown command": (["shwo"], "no command is called 'shwo'; did you mean 'show'?"),
    "an unknown option": (
        ["show", "lenet5", "--frmat", "json"],
        "unrecognized arguments: --frmat json; see layercost",
    ),
    "a shortened option": (["show", "lenet5", "--form", "json"], "unrecognized arguments: --form json"),
    "no network": (["show"], "the following arguments are required: NAME; see layercost show --help"),
    "an unknown network": (["show", "lenet6"], "no network is called 'lenet6'; did you mean 'lenet5'"),
    "an unknown version": (
        ["show", "lenet5", "--version", "1989"],
        "no version of lenet5 is called '1989'; did you mean '1998'?",
    ),
    "an unknown convention": (
        ["show", "lenet5", "--convention", "textbok"],
        "no convention is called 'textbok'; did you mean 'textbook'?",
    ),
    "a unit in place of a convention": (
        ["show", "lenet5", "--convention", "FLOPs"],
        "a convention says which operations count, and how much each; for FLOPs choose one of 'textbook'",
    ),
    "a layer of another framework": (
        ["layer", "Dense(10)", "--input", "300"],
        "no layer is called 'Dense'; it is a name of Keras and Flax, and here it is Linear(in_features",
    ),
    "an unknown format": (
        ["show", "lenet5", "--format", "jsn"],
        "no format is called 'jsn'; did you mean 'json'?",
    ),
    "a format only tables have": (
        ["networks", "--format", "csv"],
        "no format is called 'csv'; there are: text, json",
    ),
    "an unknown number format": (
        ["show", "lenet5", "--dtype", "float23"],
        "no number format is called 'float23'; did you mean 'float32'",
    ),
    "an input of words": (
        ["show", "lenet5", "--input", "large"],
        "--input takes sizes without the batch, as 3x32x32 or 300 (3*32*32 is worked out), but got 'large'",
    ),
    "an input with a hole": (
        [*CONV[:3], "3xx32"],
        "--input takes sizes without the batch, as 3x32x32 or 300",
    ),
    "an empty input": (
        [*CONV[:3], ""],
        "--input takes sizes without the batch, as 3x32x32 or 300 (3*32*32 is worked out), but got ''",
    ),
    "a negative input": ([*CONV[:3], "3x-32x32"], "--input takes sizes without the batch"),
    "an input of zero": (
        [*CONV[:3], "3x0x32"],
        "axis 1 of the shape must be a whole number of at least 1, but got 0",
    ),
    "a huge input": (
        [*CONV[:3], f"3x{'9' * 5000}x3"],
        "a number of 5000 digits is more than any machine holds",
    ),
    "a batch of none": (
        ["show", "lenet5", "--batch", "0"],
        "--batch takes a whole number of at least 1, but got '0'",
    ),
    "a batch of words": (
        ["show", "lenet5", "--batch", "x"],
        "--batch takes a whole number of at least 1, but got 'x'",
    ),
    "words for a number of tokens": (
        ["show", "gpt2", "--tokens", "x"],
        "--tokens takes a whole number of at least 1, but got 'x'",
    ),
    "words for a number of questions": (
        ["ask", "fully-connected", "--count", "x"],
        "--count takes a whole number of at least 1, but got 'x'",
    ),
    "a negative batch": (
        ["show", "lenet5", "--batch=-3"],
        "--batch takes a whole number of at least 1, but got '-3'",
    ),
    "an image that is too small": (
        ["show", "lenet5", "--input", "1x8x8"],
        "conv2: Conv2d(6, 16, kernel_size=5) on (6, 2, 2): along H, a kernel of 5 is larger",
    ),
    "an image of another size": (
        ["show", "lenet5", "--input", "1x28x28"],
        "fc1: Linear expects 400 input features but got shape (256,)",
    ),
    "an image in colour": (
        ["show", "lenet5", "--input", "3x32x32"],
        "conv1: Conv2d expects 1 input channels but got 3 in shape (3, 32, 32)",
    ),
    "no input for a layer": (
        CONV[:2],
        "the following arguments are required: --input; see layercost layer --help",
    ),
    "a layer in half": (["layer", "Conv2d(3", "--input", "3"], "could not read 'Conv2d(3'"),
    "an unknown layer": (
        ["layer", "Conv2D(3, 6, 5)", "--input", "3"],
        "no layer is called 'Conv2D'; it is a name of Keras",
    ),
    "an impossible layer": (
        ["layer", "Conv2d(3, 6, kernel_size=-5)", "--input", "3x32x32"],
        "Conv2d: kernel_size must be a whole number of at least 1, but got -5",
    ),
    "code instead of a layer": (
        ["layer", "__import__('os').system('true')", "--input", "3"],
        "expected a layer such as Conv2d(3, 6, kernel_size=5), but got",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), REFUSED.values(), ids=REFUSED)
def test_bad_input_gets_one_clear_message_and_status_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("layercost: ")
    assert message in printed.err
    assert printed.err.count("\n") == 1
    assert len(printed.err) < 400


# ---- as a process --------------------------------------------------------------------------------


def test_python_m_layercost_is_the_command() -> None:
    done = subprocess.run(
        [*PYTHON_COMMAND, *CONV], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    assert "= 456" in done.stdout
    refused = subprocess.run([*PYTHON_COMMAND, "show", "lenet6"], capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "Traceback" not in refused.stderr


@pytest.mark.skipif(os.name == "nt", reason="a pipe that closes is another thing on Windows")
@pytest.mark.parametrize("arguments", [["show", "lenet5"], ["--help"], ["conventions"]], ids=" ".join)
def test_a_reader_that_stops_reading_ends_it_quietly(arguments: list[str]) -> None:
    """As with head: the pipe is closed before the first line is written."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        done = subprocess.run(
            [*PYTHON_COMMAND, *arguments], stdout=closed, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
def test_a_closed_stdout_ends_it_quietly() -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", '"$0" -m layercost show lenet5 >&-', sys.executable],
        stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_a_terminal_that_lacks_our_signs_gets_utf_8() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run([*PYTHON_COMMAND, *CONV], capture_output=True, env=environment, check=True)
    assert "⌊(32 + 2·0 - 5)/1⌋" in done.stdout.decode("utf-8")


def test_the_command_leaves_no_trace(tmp_path: Path) -> None:
    subprocess.run([*PYTHON_COMMAND, "show", "lenet5"], capture_output=True, cwd=tmp_path, check=True)
    assert list(tmp_path.iterdir()) == []
