"""Tables and counts in every format, read back by what reads such a format."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest

import layercost as lc
from layercost.convention import DTYPE_BITS, Convention, Price, bytes_of
from layercost.expression import NOTATIONS, TEXT, equation
from layercost.facts import Held, Kind, Role
from layercost.table import COLUMNS, FORMATS, HEADS, Table

NET = lc.networks.lenet5()
NUMBERS = ("parameters", "parameter_bytes", "macs", "flops", "activation_bytes")


def tables() -> list[Any]:
    """One table for each convention, and odd ones."""
    named = [pytest.param(lc.table(NET, convention=name), id=name) for name in lc.CONVENTIONS]
    odd = lc.Sequential({"<b>&_$|{}": lc.Linear(3, 4), "#%~^\\": lc.ReLU()})
    empty = lc.table(lc.Sequential(), (3,))
    return [*named, pytest.param(lc.table(odd, (3,)), id="odd names"), pytest.param(empty, id="no layers")]


def numbers_of(table: Table) -> list[list[int]]:
    rows = [[getattr(row, name) for name in NUMBERS] for row in table.rows]
    return [*rows, [getattr(table.total, name) for name in NUMBERS]]


def plain(cells: list[str]) -> list[int]:
    return [int(cell.replace(",", "").strip("*")) for cell in cells]


@pytest.mark.parametrize("table", tables())
def test_json_holds_what_is_promised(table: Table) -> None:
    """Rows, total, convention, version, what is not counted, and whether the total is complete."""
    data = json.loads(table.json())
    assert [list(row) for row in data["rows"]] == [list(COLUMNS)] * len(table.rows)
    assert [[row[name] for name in NUMBERS] for row in data["rows"]] == numbers_of(table)[:-1]
    assert {name: data["total"][name] for name in NUMBERS} == dict(
        zip(NUMBERS, numbers_of(table)[-1], strict=True)
    )
    assert (data["convention"], data["version"]) == (table.convention.name, table.version)
    assert data["complete"] == (data["not_counted"] == [])


def test_json_of_lenet5_has_its_golden_numbers() -> None:
    data = json.loads(lc.table(NET).json())
    assert data["total"] == {
        "parameters": 61706, "parameter_bytes": 246824, "parameter_kib": 241.0390625, "macs": 416520,
        "flops": 833040, "activation_bytes": 58408,
    }  # fmt: skip
    assert data["rows"][0] == {
        "name": "conv1", "layer": "Conv2d(1, 6, kernel_size=5)", "input": [1, 32, 32], "output": [6, 28, 28],
        "parameters": 156, "parameter_bytes": 624, "macs": 117600, "flops": 235200, "activation_bytes": 18816,
    }  # fmt: skip
    assert data["not_counted"][0] == {
        "path": "relu1", "layer": "ReLU", "operations": "4,704 × ReLU (activation)",
    }  # fmt: skip


@pytest.mark.parametrize("table", tables())
def test_csv_reads_back(table: Table) -> None:
    head, *rows, total = csv.reader(io.StringIO(table.csv()))
    assert head == [*COLUMNS, "convention", "at_least"]
    assert [plain(row[4:9]) for row in [*rows, total]] == numbers_of(table)
    assert [row[0] for row in rows] == [row.name for row in table.rows]
    assert {tuple(row[-2:]) for row in [*rows, total]} == {(table.convention.name, "false")}


@pytest.mark.parametrize("table", tables())
def test_html_is_well_formed_and_holds_the_numbers(table: Table) -> None:
    page = ElementTree.fromstring(f"<div>{table.html()}</div>")  # noqa: S314 - our own output
    rows = [[cell.text or "" for cell in row.findall("td")] for row in page.iter("tr") if row.findall("td")]
    assert [plain(row[4:]) for row in rows] == numbers_of(table)
    assert [row[0] for row in rows] == [*(row.name for row in table.rows), "total"]
    assert page.findtext(".//caption") == str(table.caption)
    assert [head.get("scope") for head in page.iter("th")] == ["col"] * len(HEADS)
    assert page.findtext(".//th/span[@class='lc-unit']") == table.convention.name


def test_html_shows_the_columns_that_are_asked_for() -> None:
    page = ElementTree.fromstring(f"<div>{lc.table(NET).html(columns=['macs', 'name'])}</div>")  # noqa: S314 - ours
    assert [head.text for head in page.iter("th")] == ["name", "MACs"]
    assert [cell.text for cell in page.findall(".//tfoot//td")] == ["total", "416,520"]
    with pytest.raises(lc.UnknownNameError, match="no column is called 'mac'; did you mean 'macs'"):
        lc.table(NET).html(columns=["mac"])


@pytest.mark.parametrize("table", tables())
def test_markdown_has_a_cell_for_each_column(table: Table) -> None:
    lines = [line for line in table.markdown().splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert {len(row) for row in cells} == {len(HEADS)}
    assert [plain(row[4:]) for row in cells[2:]] == numbers_of(table)


@pytest.mark.parametrize("table", tables())
def test_latex_has_a_cell_for_each_column_and_escapes_its_signs(table: Table) -> None:
    lines = [line for line in table.latex().splitlines() if line.endswith(r" \\")]
    cells = [re.split(r"(?<!\\)&", line.removesuffix(r" \\")) for line in lines]
    assert {len(row) for row in cells} == {len(HEADS)}
    assert [plain(row[4:]) for row in cells[1:]] == numbers_of(table)
    body = "\n".join(lines).replace(r"$\times$", "")
    assert re.findall(r"(?<!\\)[_%#$]", body) == []
    assert body.count("{") == body.count("}")


@pytest.mark.parametrize("table", tables())
def test_text_is_aligned_and_says_what_it_counts(table: Table) -> None:
    text = table.text()
    assert text.startswith(f"{table.title}")
    assert str(table.convention.counts) in text
    assert str(table.remark) in text
    head = next(line for line in text.splitlines() if line.startswith("name"))
    lines = text.splitlines()
    body = lines[lines.index(head) + 1 :]
    total = next(line for line in body if line.startswith("total"))
    assert len(total) == len(head)
    assert plain(total.split()[1:]) == numbers_of(table)[-1]


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_rendered_by_its_name(form: str) -> None:
    assert lc.table(NET).render(form) == FORMATS[form](lc.table(NET))


def test_an_unknown_format_gets_the_nearest_names() -> None:
    with pytest.raises(lc.UnknownNameError, match="no format is called 'jsn'; did you mean 'json'"):
        lc.table(NET).render("jsn")


@pytest.mark.parametrize("version", lc.networks.NETWORKS["lenet5"].versions)
def test_every_derivation_of_a_network_renders(version: str) -> None:
    """Each layer's count of each quantity, in each notation; what is XML is well-formed."""
    for _, layer, shape, *_ in lc.networks.lenet5(version).calls((1, 32, 32)):
        for quantity in lc.Quantity:
            counted = lc.count(layer, quantity, shape, "everything")
            assert counted.text().endswith(f"{counted.total:,}")
            assert counted.latex().endswith(f"{counted.total:,}".replace(",", "{,}"))
            for notation in NOTATIONS:
                rendered = [getattr(counted, notation)(), *counted.where(notation)]
                for line in rendered if notation in ("html", "mathml") else ():
                    ElementTree.fromstring(line)  # noqa: S314 - our own output


@pytest.mark.parametrize("name", lc.networks.NETWORKS)
@pytest.mark.parametrize("quantity", [lc.PARAMETERS, lc.FLOPS, lc.ACTIVATIONS], ids=lambda one: one.value)
def test_the_terms_of_a_network_add_up(name: str, quantity: lc.Quantity) -> None:
    """Layers that are alike are told once, with how many they are; a layer that is used twice holds once."""
    net = lc.networks.NETWORKS[name].build()
    counted = lc.count(net, quantity, net.input_shape, "everything")
    assert sum(term.often * int(term.formula) for term in counted.terms) == counted.total
    told = [(term.layer, equation(term.formula, TEXT)) for term in counted.terms]
    assert len(told) == len(set(told))
    assert {term.path for term in counted.terms} <= {path for path, _ in net.leaves()}
    assert sum(int(block.formula) for block in counted.blocks) == counted.total
    parts = dict.fromkeys(path.partition(".")[0] for path, _ in net.leaves())
    named = [block.path.partition(".")[0] for block in counted.blocks]
    assert named == [part for part in parts if part in named]  # each once, in the order of the network


def test_what_is_no_sum_over_layers_has_no_terms() -> None:
    assert lc.count(lc.Linear(300, 100), lc.FLOPS, (300,)).terms == ()
    heads = lc.Sequential(lc.Attention(8, 4), lc.Attention(8, 2))
    assert lc.count(heads, lc.Quantity.KV_CACHE, (5, 8)).terms == ()


def test_a_long_layer_is_named_by_its_type() -> None:
    table = lc.table(lc.networks.lenet5("1998"))
    assert [row.layer for row in table.rows if row.name == "c3"] == ["ConnectedConv2d"]
    assert lc.table(lc.Sequential(lc.ReLU()), (3,)).title == "Sequential"


def test_a_count_says_what_it_is() -> None:
    counted = lc.count(lc.Linear(300, 100), lc.FLOPS, (300,))
    assert str(counted) == "60,000 FLOPs (textbook)"
    assert counted.source == lc.CONVENTIONS["textbook"].source
    assert "2n - 1 without" in str(counted.counts)
    parameters = lc.count(lc.Linear(300, 100), lc.PARAMETERS)
    assert (parameters.unit, parameters.complete) == ("parameters", True)
    assert lc.count(lc.Linear(300, 100), lc.PARAMETER_BYTES).unit == "bytes"


def test_a_total_says_whether_it_is_complete() -> None:
    sigmoid = lc.Sigmoid()
    assert not lc.count(sigmoid, lc.FLOPS, (3,)).complete
    assert lc.count(sigmoid, lc.FLOPS, (3,), "everything").complete
    (missing,) = lc.count(sigmoid, lc.FLOPS, (3,)).not_counted
    assert (missing.layer, str(missing.operations)) == ("Sigmoid", "3 × sigmoid (activation)")


# ---- weights and biases --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "weights", "biases"),
    [
        pytest.param(lc.Linear(300, 100), 300 * 100, 100, id="Linear"),
        pytest.param(lc.Conv2d(3, 6, 5, bias=False), 6 * 3 * 5 * 5, 0, id="a convolution without bias"),
        pytest.param(lc.LSTM(3, 4), 4 * 4 * (3 + 4), 2 * 4 * 4, id="LSTM: two vectors of biases"),
        pytest.param(lc.BatchNorm2d(6), 6, 6, id="scales are weights, shifts are biases"),
        pytest.param(lc.Embedding(10, 4), 40, 0, id="Embedding"),
        pytest.param(lc.EuclideanRBF(84, 10), 0, 0, id="codes that are not trained"),
    ],
)
def test_weights_and_biases_are_counted_apart(layer: lc.Layer, weights: int, biases: int) -> None:
    assert lc.count(layer, lc.WEIGHTS).total == weights
    assert lc.count(layer, lc.BIASES).total == biases


@pytest.mark.parametrize("name", lc.networks.NETWORKS)
def test_weights_and_biases_are_all_parameters(name: str) -> None:
    net = lc.network_named(name)
    parts = [lc.count(net, quantity) for quantity in (lc.WEIGHTS, lc.BIASES)]
    assert sum(part.total for part in parts) == lc.count(net, lc.PARAMETERS).total
    assert [part.expression.value for part in parts] == [part.total for part in parts]
    assert [part.unit for part in parts] == ["weights", "biases"]


def test_weights_and_biases_are_derived_in_letters() -> None:
    conv = lc.Conv2d(3, 6, 5)
    assert lc.count(conv, lc.WEIGHTS).text() == "C_out·C_in·k·k = 6·3·5·5 = 450"
    assert lc.count(conv, lc.BIASES, (3, 32, 32)).text() == "C_out = 6"
    assert "shifts of a normalization" in str(lc.count(conv, lc.BIASES).counts)


@pytest.mark.parametrize(
    ("name", "is_bias"),
    [
        ("bias", True), ("bias_hh_l1", True), ("attention.in_proj_bias", True), ("norm/beta", True),
        ("weight", False), ("bias.weight", False), ("gamma", False), ("relative_position_bias_table", False),
    ],
)  # fmt: skip
def test_a_bias_is_known_by_the_last_part_of_its_name(name: str, is_bias: bool) -> None:
    assert Held(name, 3).is_bias == is_bias


# ---- conventions and number formats --------------------------------------------------------------


@pytest.mark.parametrize("name", lc.CONVENTIONS)
def test_a_convention_says_what_it_counts_and_on_whose_word(name: str) -> None:
    convention = lc.CONVENTIONS[name]
    assert convention.name == name
    assert all((convention.unit, convention.counts, convention.source, convention.prices))


def test_a_convention_of_ones_own_prices_a_kind_in_one_role_first() -> None:
    own = Convention(
        "mine", "FLOPs", "biases double", "me", {Kind.ADD: Price(0, 1), (Kind.ADD, Role.BIAS): Price(0, 2)}
    )
    assert lc.count(lc.Linear(3, 4), lc.FLOPS, (3,), own).total == 2 * 4
    assert lc.count(lc.Subsampling2d(2, channels=1), lc.FLOPS, (1, 2, 2), own).total == 1
    assert lc.table(lc.Linear(3, 4), (3,), own).total.flops == 8


@pytest.mark.parametrize(
    ("price", "written"),
    [(Price(2, -1), "2n - 1"), (Price(1), "n"), (Price(0, 4), "4"), (Price(1, 1), "n + 1"), (Price(3), "3n")],
)
def test_a_price_is_written_as_it_is_said(price: Price, written: str) -> None:
    assert str(price) == written


@pytest.mark.parametrize("ask", [lc.count, lc.table], ids=["count", "table"])
def test_an_unknown_convention_gets_the_nearest_names(ask: Callable[..., object]) -> None:
    arguments = (lc.Linear(3, 4), lc.FLOPS, (3,)) if ask is lc.count else (lc.Linear(3, 4), (3,))
    with pytest.raises(
        lc.UnknownNameError, match="no convention is called 'textbok'; did you mean 'textbook'"
    ):
        ask(*arguments, convention="textbok")
    with pytest.raises(
        lc.UnknownNameError,
        match="no convention is called 7; there are: textbook, macs, two-a-mac, causal-half",
    ):
        ask(*arguments, convention=7)


@pytest.mark.parametrize(
    ("name", "choose"),
    [
        ("FLOPs", "for FLOPs choose one of 'textbook', 'two-a-mac', 'causal-half', "),
        ("flop", "for FLOPs choose one of"),
        ("GFLOPS", "for FLOPs choose one of"),
        ("MACs", "for MACs choose 'macs'"),
        ("mac", "for MACs choose 'macs'"),
        ("mult-adds", "for MACs choose 'macs'"),
    ],
)
@pytest.mark.parametrize("ask", [lc.count, lc.table], ids=["count", "table"])
def test_a_unit_in_place_of_a_convention_is_told_what_a_convention_is(
    ask: Callable[..., object], name: str, choose: str
) -> None:
    arguments = (lc.Linear(3, 4), lc.FLOPS, (3,)) if ask is lc.count else (lc.Linear(3, 4), (3,))
    said = f"no convention is called '{name}': a convention says which operations count, .*{choose}"
    with pytest.raises(lc.UnknownNameError, match=said):
        ask(*arguments, convention=name)


def test_an_unknown_number_format_gets_the_nearest_names() -> None:
    with pytest.raises(
        lc.UnknownNameError, match="no number format is called 'float31'; did you mean 'float32'"
    ):
        lc.table(NET, dtype="float31")


@pytest.mark.parametrize(("dtype", "bits"), DTYPE_BITS.items())
def test_bytes_follow_the_number_format(dtype: str, bits: int) -> None:
    table = lc.table(NET, dtype=dtype)
    assert table.total.parameter_bytes == 61706 * bits // 8
    assert lc.count(NET, lc.PARAMETER_BYTES, dtype=dtype).expression.value == 61706 * bits // 8


def test_half_bytes_are_rounded_up_to_whole_ones() -> None:
    assert [bytes_of(count, "int4") for count in (0, 1, 2, 3)] == [0, 1, 1, 2]


def test_a_table_of_a_single_layer_is_a_row_of_its_own() -> None:
    table = lc.table(lc.Conv2d(3, 6, kernel_size=5), input=(3, 32, 32))
    assert [row.name for row in table.rows] == ["Conv2d"]
    assert (table.title, table.version) == ("Conv2d(3, 6, kernel_size=5)", None)


def test_giant_sizes_are_counted_exactly() -> None:
    side = 10**9
    counted = lc.count(lc.Linear(side, side), lc.FLOPS, (side,))
    assert counted.total == 2 * side * side
    total = lc.table(lc.Linear(10**18, 10**18), (10**18,)).total
    assert total.parameters == 10**36 + 10**18
    assert str(total.parameter_bytes) in lc.table(lc.Linear(10**18, 10**18), (10**18,)).json()
