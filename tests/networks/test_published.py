"""What papers, documentation and tools' pages print of these networks, and what each figure is."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

import pytest

import layercost as lc
from layercost.convention import Convention, Price, Quantity
from layercost.facts import Kind, Role
from layercost.table import Row

with Path(__file__).with_name("published.toml").open("rb") as file:
    SOURCES: list[dict[str, Any]] = tomllib.load(file)["source"]
FIGURES = [figure | {"source": source["name"]} for source in SOURCES for figure in source["figures"]]
NAMES = [f"{place}: {figure['source']}, {figure['of']}" for place, figure in enumerate(FIGURES)]

MACS_AND_BIASES = Convention(
    name="MACs and biases",
    unit="MACs",
    counts="n for a dot product of length n, 1 for a bias",
    source="ptflops 0.7.5, aten backend",
    prices={Kind.DOT: Price(1), (Kind.ADD, Role.BIAS): Price(0, 1)},
)


@cache
def rows_of(network: str) -> tuple[Row, ...]:
    name, _, version = network.partition(":")
    return lc.table(lc.network_named(name, version), convention=MACS_AND_BIASES).rows


def written(row: Row) -> int:
    return row.activation_bytes // 4


def weights(row: Row) -> int:
    return sum(int(held.size) for held in row.module.parameters() if held.name == "weight")


def stored(row: Row) -> int:
    return sum(int(held.size) for held in (*row.module.parameters(), *row.module.buffers()))


def neurons(row: Row) -> int:
    """The outputs of layers that have weights."""
    return written(row) if row.parameters else 0


def older_thop(row: Row) -> int:
    """Convolutions with their bias; n multiplications and n - 1 additions (and no bias) in fully connected
    layers; 4 an element of batch normalization."""
    extra = {"Linear": row.macs - 2 * written(row), "BatchNorm2d": 4 * written(row)}
    return row.flops + extra.get(type(row.module).__name__, 0)


def ptflops(row: Row, *functions: type[lc.Layer]) -> int:
    """2 a value for batch normalization, 1 for ReLU and pooling; these twice where they are modules.

    It counts the module and, once more, the function that the module calls. A ReLU6 calls another function.
    """
    times = {"BatchNorm2d": 2, "ReLU": 2, "ReLU6": 1, "MaxPool2d": 2, "AdaptiveAvgPool2d": 2}
    count = 1 if isinstance(row.module, functions) else times.get(type(row.module).__name__, 0)
    return (row.flops or 0) + count * prod(map(int, row.inputs[0]))


QUANTITIES: dict[str, Callable[[Row], int]] = {
    "parameters": lambda row: row.parameters,
    "macs": lambda row: row.macs,
    "macs and biases": lambda row: row.flops,
    "weights": weights,
    "stored values": stored,
    "stored bytes": lambda row: 4 * stored(row),
    "neurons": neurons,
    "thop's older rules": older_thop,
    "ptflops's modules": ptflops,
    "ptflops's modules, ReLU as a function": lambda row: ptflops(row, lc.ReLU),
    "ptflops's modules, pooling as a function": lambda row: ptflops(row, lc.AdaptiveAvgPool2d),
}


def counted(figure: dict[str, Any]) -> int:
    """Our own count of what the figure says it is."""
    kinds, begins = figure.get("kinds"), tuple(figure.get("rows", [""]))
    chosen = [row for row in rows_of(figure["of"]) if row.name.startswith(begins)]
    return sum(
        QUANTITIES[figure["quantity"]](row)
        for row in chosen
        if kinds is None or type(row.module).__name__ in kinds
    )


def verdict_on(printed: str, exact: int, unit: float) -> str:
    """Whether what is printed is `exact` in `unit`, rounded or cut to as many digits."""
    value, step = Decimal(exact) / Decimal(str(unit)), Decimal(printed)
    if step == value.quantize(step, ROUND_HALF_UP):
        return "rounded"
    return "truncated" if step == value.quantize(step, ROUND_DOWN) else "neither"


@pytest.mark.parametrize("figure", FIGURES, ids=NAMES)
def test_a_published_figure_is_what_its_verdict_says(figure: dict[str, Any]) -> None:
    assert counted(figure) == figure["exact"]
    assert verdict_on(figure["printed"], figure["exact"], figure["unit"]) == figure["verdict"]


def test_a_figure_that_does_not_follow_says_what_is_known() -> None:
    """Or another figure of the same source does follow."""
    follow = {(f["source"], f["printed"]) for f in FIGURES if f["verdict"] != "neither"}
    silent = [(f["source"], f["printed"]) for f in FIGURES if f["verdict"] == "neither" and "note" not in f]
    assert set(silent) <= follow


def test_googlenets_table_1_holds_ten_of_twelve_rows_of_multiply_adds() -> None:
    """Its first row and 5a are slips; 3 rows of weights follow from the listed channels."""
    table_1 = [f for f in FIGURES if f["source"] == "Szegedy et al. 2014, table 1"]
    verdicts = {
        quantity: [f["verdict"] for f in table_1 if f["quantity"] == quantity]
        for quantity in ("macs", "weights")
    }
    assert (len(verdicts["macs"]), verdicts["macs"].count("neither")) == (12, 2)
    assert (len(verdicts["weights"]), verdicts["weights"].count("neither")) == (12, 9)


def test_googlenets_first_row_is_a_kernel_that_lost_a_side() -> None:
    """2.7K is 2,688 = 2 x 7 x 3 x 64, and 34M is 112 x 112 times that, which is 33.7M."""
    assert verdict_on("2.7", 2 * 7 * 3 * 64, 1000) == "rounded"
    assert verdict_on("34", 112 * 112 * 2 * 7 * 3 * 64, 1e6) == "rounded"


@pytest.mark.parametrize("quantity", [Quantity.PARAMETERS, Quantity.MACS])
def test_the_verdict_tells_rounded_from_truncated(quantity: Quantity) -> None:
    net = lc.networks.resnet50("v1")
    exact = lc.count(net, quantity, net.input_shape).total
    for digits in range(1, 7):
        unit = 10 ** (len(str(exact)) - digits)
        up, down = str((exact + unit // 2) // unit), str(exact // unit)
        assert verdict_on(up, exact, unit) == "rounded"
        assert verdict_on(down, exact, unit) == ("rounded" if up == down else "truncated")
        assert verdict_on(str(int(up) + 1), exact, unit) == "neither"
