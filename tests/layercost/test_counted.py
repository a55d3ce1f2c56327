"""One protocol for everything that counts: what fails, what is left out, and what nobody knows is said."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

import layercost as lc
from layercost import CounterError, dialects
from layercost.command import main
from layercost.counters import counter_named, names
from layercost.dialects import DIALECTS, read
from layercost.facts import Held, Kind
from layercost.frozen import frozen
from layercost.models import Applied, Unknown
from layercost.table import FORMATS

ALEXNET = lc.networks.alexnet()
STRANGE = lc.Sequential({
    "fc": lc.Linear(4, 4), "strange": Unknown("aten::strange", ((4,),), (4,)), "act": lc.ReLU(),
})  # fmt: skip


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = main(arguments)
    return status, capsys.readouterr().out


def records(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


# ---- a counter that fails ------------------------------------------------------------------------


def test_a_table_whose_counter_fails_shows_the_layers_and_says_why() -> None:
    """onnx-tool stops at AlexNet: its layers are there, its column is empty, nothing is called complete."""
    table = lc.table(ALEXNET, convention="onnx-tool")
    assert len(table.rows) > 10
    assert (table.total.flops, table.complete, table.counted.headline) == (None, False, None)
    assert "LocalResponseNorm" in str(table.failure)
    assert "onnx-tool gives no number" in str(table.remark)
    assert {row.flops for row in table.rows} == {None}
    assert table.total.macs == lc.count(ALEXNET, lc.MACS, (3, 227, 227)).total


@pytest.mark.parametrize("form", FORMATS)
def test_a_failure_is_said_in_every_format_and_no_total_of_0_is_invented(form: str) -> None:
    written = lc.table(ALEXNET, convention="onnx-tool").render(form)
    assert "Complete" not in written
    if form == "json":
        data = json.loads(written)
        assert (data["total"]["flops"], data["complete"]) == (None, False)
        assert "LocalResponseNorm" in data["failure"]
    elif form == "csv":
        assert records(written)[-1]["flops"] == ""
    else:
        assert "onnx-tool gives no number" in written


@pytest.mark.parametrize("option", ["--as", "--convention"])
def test_the_command_ends_with_1_where_a_tool_stops(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, text = printed(capsys, "show", f"alexnet:{ALEXNET.version}", option, "onnx-tool")
    assert (status, "onnx-tool stops at a LocalResponseNorm" in text) == (1, True)


def test_a_count_of_a_tool_that_stops_is_refused_with_its_reason() -> None:
    with pytest.raises(CounterError, match="onnx-tool stops at a plain RNN"):
        lc.count(lc.RNN(8, 4), lc.FLOPS, (5, 8), "onnx-tool")


def test_a_comparison_shows_a_failure_in_place_of_a_number() -> None:
    compared = lc.compare(ALEXNET)
    row = next(row for row in compared.rows if row.counter.startswith("onnx-tool"))
    assert (row.number, row.cells[2]) == (None, "-")
    assert "LocalResponseNorm" in str(row.reason)
    by_counter = {record["counter"]: record for record in records(compared.csv())}
    assert by_counter[row.counter]["number"] == ""
    assert "LocalResponseNorm" in by_counter[row.counter]["failure"]


# ---- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", names())
def test_count_and_table_take_every_name_and_agree(name: str) -> None:
    """The headline is the total of the one and the last line of the other."""
    net, quantity = lc.networks.lenet5(), counter_quantity(name)
    counted, table = lc.count(net, quantity, (1, 32, 32), name), lc.table(net, convention=name)
    assert counted.total == table.counted.headline
    assert (counted.unit, counted.convention) == (table.convention.unit, name)
    assert counted.expression.value == counted.total
    assert counted.complete == table.complete


def counter_quantity(name: str) -> lc.Quantity:
    counter = counter_named(name)
    return counter.quantity if isinstance(counter, dialects.Dialect) else lc.FLOPS


def test_a_tool_gives_its_own_numbers_and_says_which_it_does_not_give() -> None:
    """fvcore has one number; torchmeter has MACs and parameters too; Keras's has no operations."""
    linear, shape = lc.Linear(300, 100), (300,)
    assert lc.count(linear, lc.FLOPS, shape, convention="fvcore").total == 30_000
    assert lc.count(linear, lc.MACS, shape, "torchmeter").total == 30_000
    assert lc.count(linear, lc.PARAMETERS, shape, "torchmeter").total == 30_100
    with pytest.raises(CounterError, match=r"fvcore gives no parameters; it gives FLOPS \(total, in "):
        lc.count(linear, lc.PARAMETERS, shape, "fvcore")
    with pytest.raises(CounterError, match=r"keras gives no FLOPs; it gives PARAMETERS \(count_params"):
        lc.count(linear, lc.FLOPS, shape, "keras")


@pytest.mark.parametrize("name", DIALECTS)
def test_what_a_tool_is_said_to_give_is_in_its_reading(name: str) -> None:
    reading = read(lc.Linear(300, 100), (300,), name)
    for quantity in reading.tool.ways:
        assert reading.count(quantity).total == reading.gives(quantity)


def test_the_column_of_a_counter_is_named_by_its_unit() -> None:
    """Keras counts parameters: no column calls them FLOPs."""
    table = lc.table(lc.networks.lenet5(), convention="keras")
    assert "parameters (keras)" in table.heads
    assert not any("FLOPs" in head for head in table.heads)
    assert table.total.flops is None
    assert table.counted.headline == 61_706
    assert json.loads(table.json())["total"]["keras_parameters"] == 61_706
    assert "61,706" in table.total_cells()[COLUMN]
    assert lc.table(lc.networks.lenet5(), convention="macs").heads[COLUMN] == "MACs (macs)"


COLUMN = 7


# ---- at least ------------------------------------------------------------------------------------


@pytest.mark.parametrize("convention", lc.CONVENTIONS)
def test_a_total_with_something_unknown_is_at_least_its_number(convention: str) -> None:
    """Linear: 16 MACs; the layer in the middle may do anything."""
    table = lc.table(STRANGE, (4,), convention)
    assert table.at_least
    assert not table.complete
    assert "Unknown('aten::strange') (strange)" in str(table.remark)
    cells = table.total_cells()
    assert cells[6] == "at least 16"
    assert cells[COLUMN].startswith("at least ")
    assert cells[4] == "20"  # parameters are all known
    for quantity in (lc.FLOPS, lc.MACS):
        counted = lc.count(STRANGE, quantity, (4,), convention)
        assert (counted.at_least, counted.complete) == (True, False)
        assert str(counted).startswith("at least ")
    assert not lc.count(STRANGE, lc.PARAMETERS, (4,)).at_least


@pytest.mark.parametrize("form", FORMATS)
def test_at_least_is_said_in_every_format(form: str) -> None:
    written = lc.table(STRANGE, (4,)).render(form)
    if form == "json":
        data = json.loads(written)
        assert data["at_least"] is True
        assert [row.get("at_least", False) for row in data["rows"]] == [False, True, False]
    elif form == "csv":
        assert [record["at_least"] for record in records(written)] == ["false", "true", "false", "true"]
    else:
        assert "at least 16" in written
        assert "aten::strange" in written


def test_what_is_left_out_by_choice_is_not_at_least() -> None:
    """Textbook leaves out ReLU and says so: its number is exactly what it counts."""
    table = lc.table(lc.networks.lenet5())
    assert (table.at_least, table.complete) == (False, False)
    assert "at least" not in table.text()
    assert str(table.remark) == "Not counted under textbook: the operations of ReLU, MaxPool2d."


def test_of_a_layer_whose_products_are_counted_only_the_bias_is_left_out() -> None:
    """MACs are those of Conv2d and Linear: to say that their operations are not counted would be wrong."""
    remark = lc.table(lc.networks.lenet5(), convention="macs").remark
    assert str(remark) == (
        "Not counted under macs: the operations of ReLU, MaxPool2d and the biases of Conv2d, Linear."
    )
    alone = lc.table(lc.Linear(3, 2), (3,), convention="macs").remark
    assert str(alone) == "Not counted under macs: the biases of Linear."


def test_many_unknown_parts_are_named_up_to_some_and_then_counted() -> None:
    net = lc.Sequential(*(Unknown(f"op{place}", ((4,),), (4,)) for place in range(40)))
    remark = str(lc.table(net, (4,)).remark)
    assert "Unknown('op0') (0)" in remark
    assert "and 34 more" in remark


def test_intensity_and_difference_say_at_least_too() -> None:
    assert lc.arithmetic_intensity(STRANGE, (4,)).at_least
    found = lc.difference(lc.Sequential(lc.Linear(4, 4)), STRANGE, (4,))
    assert "at least 16" in found.text()
    assert json.loads(found.json())["second"]["at_least"] is True
    assert found.grid().totals[-1][3] == "at least 0"
    back = lc.difference(STRANGE, lc.Sequential(lc.Linear(4, 4)), (4,))
    assert back.grid().totals[-1][3] == "at most 0"
    assert [row[3:5] for row in back.grid().rows if row[0] == "strange"] == [["-", "-"]]


# ---- what nobody has measured on a tool ----------------------------------------------------------


OURS = [
    pytest.param(lc.EuclideanRBF(4, 2), (4,), id="EuclideanRBF"),
    pytest.param(lc.Subsampling2d(2, channels=1), (1, 4, 4), id="Subsampling2d"),
    pytest.param(lc.ScaledTanh(), (4,), id="ScaledTanh"),
    pytest.param(Unknown("aten::strange", ((4,),), (4,)), (4,), id="Unknown"),
]


@pytest.mark.parametrize("name", [name for name, tool in DIALECTS.items() if tool.knows is not None])
@pytest.mark.parametrize(("layer", "shape"), OURS)
def test_a_tool_is_not_said_to_count_0_where_nobody_has_measured_it(
    layer: lc.Layer, shape: tuple[int, ...], name: str
) -> None:
    """The type is named, the number is at least what is known, and the table has a dash."""
    reading = read(layer, shape, name)
    assert len(reading.not_measured) == 1
    assert type(layer).__name__ in reading.not_measured[0]
    assert reading.counted.at_least
    table = lc.table(layer, shape, name)
    assert table.rows[0].flops is None
    assert table.row_cells()[0][COLUMN] == "-"
    assert table.total_cells()[COLUMN] == "at least 0"
    assert type(layer).__name__ in str(table.remark)
    assert lc.count(layer, lc.FLOPS, shape, name).at_least


@pytest.mark.parametrize("name", [name for name, tool in DIALECTS.items() if tool.counts_operations])
def test_no_tool_is_said_to_know_what_we_do_not_know(name: str) -> None:
    """Modules may stand inside of it, whatever it looks like from outside."""
    table = lc.table(STRANGE, (4,), name)
    assert table.at_least
    assert not table.complete
    assert "Unknown('aten::strange')" in str(table.remark)


def test_a_tool_that_counts_what_is_held_counts_a_shared_layer_once() -> None:
    shared = lc.Linear(4, 4)
    table = lc.table(lc.Sequential(shared, shared), (4,), "keras")
    assert table.counted.amounts == (20, 0)
    assert table.counted.headline == 20
    assert table.total.macs == 2 * 16


def test_a_head_that_a_tool_does_not_run_is_in_its_table_and_adds_nothing() -> None:
    """GoogLeNet's auxiliary classifiers hold parameters, and at inference compute nothing."""
    net = lc.networks.googlenet("torchvision-aux")
    table, ours = lc.table(net, convention="fvcore"), lc.table(net)
    assert table.total.parameters == ours.total.parameters
    assert {row.flops for row in table.rows if row.held_only} == {0}


def test_the_derivation_of_what_is_not_known_says_at_least(capsys: pytest.CaptureFixture[str]) -> None:
    """No line of the command ends in a plain 0 that a tool never printed."""
    arguments = ["layer", "ScaledTanh()", "--input", "3", "--convention", "fvcore", "--format"]
    for form, words in {"text": "flops: at least 0", "md": r"\text{at least } 0", "html": "at least"}.items():
        assert words in printed(capsys, *arguments, form)[1]
    data = json.loads(printed(capsys, *arguments, "json")[1])
    assert data["derivations"]["flops"]["at_least"] is True


def test_identify_says_at_least_of_a_tool_that_was_not_measured_on_a_part() -> None:
    """fvcore adds 16 for the Linear, and something or nothing for the other layer."""
    net = lc.Sequential(lc.Linear(4, 4), lc.ScaledTanh())
    words = [str(match.words) for match in lc.identify(16, [net], (4,)).matches]
    assert "fvcore: total = at least 16" in words


def test_a_tool_that_hooks_modules_is_known_not_to_see_a_function() -> None:
    """A zero-padded shortcut is slices and a pad: thop does not meet them, of fvcore nobody knows."""
    shortcut = lc.ZeroPaddedShortcut(4, 8, stride=2)
    assert read(shortcut, (4, 8, 8), "thop", bare=False).not_measured == ()
    assert read(shortcut, (4, 8, 8), "fvcore", bare=False).not_measured == ("ZeroPaddedShortcut",)


@frozen
class Sharper(lc.ReLU):
    """A type that is made from one that tools know, and that no tool was measured on."""


@pytest.mark.parametrize("name", [name for name, tool in DIALECTS.items() if tool.knows is not None])
def test_a_new_type_is_not_measured_by_construction(name: str) -> None:
    """Even where its parent is known: nobody has seen what the tool makes of it."""
    assert read(Sharper(), (4,), name).not_measured == ("Sharper",)


@pytest.mark.parametrize("name", ["thop", "fvcore", "onnx-tool", "torch.FlopCounterMode", "tf.profiler"])
def test_a_tool_prices_a_layer_whose_weights_come_from_elsewhere(name: str) -> None:
    """The tool sees the Linear that runs, wherever its weights are held."""
    tied = Applied(lc.Linear(30, 10), (Held("bias", 10),))
    plain = read(lc.Sequential(lc.Linear(30, 10)), (30,), name)
    assert read(lc.Sequential(tied), (30,), name).main == plain.main
    assert plain.main
    tied_up = Applied(lc.ReLU())
    assert lc.count(tied_up, lc.FLOPS, (4,)).not_counted[0].layer == "ReLU"


def test_the_products_of_two_inputs_are_priced_as_measured() -> None:
    """torch.matmul of (64, 128) and (128, 32): 262,144 multiply-accumulates, which thop does not see."""
    product, shapes, macs = lc.MatMul(), ((64, 128), (128, 32)), 64 * 128 * 32
    function = {"spelling": "function"}
    expected = {
        "torch.FlopCounterMode": 2 * macs, "fvcore": macs, "thop": 0, "ultralytics-thop": macs,
        "ptflops(pytorch)": macs, "ptflops(aten)": macs, "torchinfo": 0, "calflops": 2 * macs,
        "deepspeed": 2 * macs, "torchprofile": macs, "torch-flops": 64 * 32 * (2 * 128 - 1), "torchscan": 0,
        "torchmeter": 0, "onnx-tool": macs, "onnx-tool(unfused)": macs,
    }  # fmt: skip
    found = {name: read(product, shapes, name, bare=False, **function) for name in expected}
    assert {name: reading.main for name, reading in found.items()} == expected
    assert not any(reading.not_measured for reading in found.values())
    assert read(product, shapes, "calflops", bare=False, spelling="operator").main == 0


def test_no_price_is_there_for_an_unknown_operation() -> None:
    """So that what we do not know is never part of a sum in silence."""
    for convention in lc.CONVENTIONS.values():
        assert Kind.UNKNOWN not in {key if isinstance(key, Kind) else key[0] for key in convention.prices}


# ---- formats -------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["compare", "lenet5"], id="compare"),
        pytest.param(["show", "lenet5", "--as", "fvcore"], id="reading"),
        pytest.param(["show", "lenet5", "--convention", "fvcore"], id="table by a tool"),
        pytest.param(["difference", "lenet5", "lenet5:1998"], id="difference"),
        pytest.param(["identify", "416520", "lenet5"], id="identify"),
        pytest.param(["layer", "Linear(3, 4)", "--input", "3", "--convention", "keras"], id="layer"),
    ],
)
def test_every_result_is_written_in_every_format(
    arguments: list[str], form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, text = printed(capsys, *arguments, "--format", form)
    assert status == 0
    assert text.strip()
    if form == "json":
        json.loads(text)
    elif form == "csv":
        assert {len(row) for row in csv.reader(io.StringIO(text.strip()))} == {
            len(text.split("\n")[0].split(","))
        }


def test_csv_ends_with_its_last_line(capsys: pytest.CaptureFixture[str]) -> None:
    """No empty line follows, which a reader of CSV would take for a row."""
    for arguments in (["show", "lenet5"], ["compare", "lenet5"]):
        _, text = printed(capsys, *arguments, "--format", "csv")
        assert text.endswith("\n")
        assert not text.endswith("\n\n")


def test_a_reading_that_failed_says_so_once_and_nothing_of_a_number() -> None:
    text = read(lc.RNN(8, 4), (5, 8), "onnx-tool").text()
    assert text.count("onnx-tool stops at a plain RNN") == 1
    assert "That is" not in text


def test_a_reading_as_csv_has_a_line_for_each_of_the_tools_names() -> None:
    rows = records(read(lc.networks.lenet5(), dialect="fvcore").csv())
    assert {"name": "by_operator.conv", "value": "357600"}.items() <= rows[1].items()
    (failed,) = records(read(lc.RNN(8, 4), (5, 8), "onnx-tool").csv())
    assert (failed["value"], failed["failure"][:9]) == ("", "onnx-tool")


def test_every_import_inside_layercost_is_seen_by_the_linter() -> None:
    """What is imported by name, and so unseen, is another package, or a promised name of our own."""
    import layercost

    (root,) = map(Path, layercost.__path__)
    named = {
        (path.relative_to(root).as_posix(), name)
        for path in sorted(root.rglob("*.py"))
        for name in re.findall(r"(?:import_module|__import__)\(([^)]*)\)", path.read_text(encoding="utf-8"))
    }
    ours = {(path, name) for path, name in named if not re.match(r'"(torch|onnx|keras)\.', name)}
    assert ours == {
        ("__init__.py", '"layercost.dialects"'),
        ("__init__.py", "_WHEN_ASKED[name]"),
        ("explorers/__init__.py", 'f"{__name__}.{_module.name}"'),  # its own modules: each is an explorer
        ("models/tree.py", "name"),  # torch, onnx, keras
    }
