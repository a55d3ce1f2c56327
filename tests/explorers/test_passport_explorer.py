"""The passport of a network shows what layercost counts, in units that fit."""

from __future__ import annotations

from fractions import Fraction

import pytest

import layercost as lc
from layercost.explorers import explorer
from layercost.explorers.explorer import Explorer
from layercost.explorers.passport import (
    BYTES_A_SECOND,
    FLOPS_A_SECOND,
    FORMATS,
    NAMES,
    lasting,
    place,
    rate,
    shortened,
)
from layercost.intensity import arithmetic_intensity
from tests.explorers.reading import move, numbers, with_class, words


def entries(shown: Explorer) -> dict[str, str]:
    """What each line of the passport says."""
    found = with_class(shown.pane("picture"), "lc-entry")
    return {words(line[0]): words(line) for line in found}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("convention", lc.CONVENTIONS)
def test_parameters_and_work_are_those_of_the_network(name: str, convention: str) -> None:
    """Whatever the convention, the same parameters; and the operations that `count` gives."""
    shown = explorer("passport", network=name, convention=convention)
    net = lc.network_named(name)
    work = lc.count(net, lc.FLOPS, net.input_shape, convention)
    assert f"{lc.count(net, lc.PARAMETERS).total:,} parameters" in entries(shown)["holds"]
    assert f"{work.total:,} {work.unit}" in entries(shown)["does"]
    assert convention in entries(shown)["does"]


@pytest.mark.parametrize(("dtype", "size"), list(zip(FORMATS, (4, 2, 1), strict=True)))
def test_it_weighs_as_many_bytes_as_its_format_takes(dtype: str, size: int) -> None:
    """VGG-16: 138,357,544 parameters of four, two or one byte."""
    says = entries(explorer("passport", dtype=dtype))["weighs"]
    held = 138_357_544 * size
    assert f"{held:,} bytes" in says
    assert {round(held / 10**6), round(held / 2**20)} <= {round(one) for one in numbers(says)}
    assert dtype in says


def test_a_mac_is_taken_as_two_before_it_is_divided_by_a_speed() -> None:
    """The name of the work changes and the time does not: 30.9 GFLOPs or 15.5 GMACs at 10 TFLOP/s."""
    shown = explorer("passport")
    before = entries(shown)["takes"]
    move(shown, convention="macs")
    assert entries(shown)["takes"] == before
    assert "3.09 ms" in before
    (arithmetic,) = with_class(shown.pane("total"), "lc-sub-line")
    assert words(arithmetic) == "2 × 15,470,264,320 MACs ÷ 10 TFLOP/s = 3.09 ms"


def test_the_longer_of_arithmetic_and_memory_decides() -> None:
    """LeNet-5 waits for its memory: 367,696 bytes at 1 TB/s take 368 ns, its FLOPs 83.3 ns at 10 TFLOP/s."""
    shown = explorer("passport", network="lenet5")
    net = lc.networks.lenet5()
    moved = arithmetic_intensity(net, net.input_shape).bytes
    assert moved == 367_696
    assert "368 ns" in entries(shown)["takes"]
    assert "memory decides" in entries(shown)["takes"]
    move(shown, speed=1_000_000)
    assert "368 ns" in entries(shown)["takes"]
    move(shown, speed=100)
    assert "arithmetic decides" in entries(shown)["takes"]
    assert "8.33 µs" in entries(shown)["takes"]


@pytest.mark.parametrize(("convention", "work"), [("everything", 845_852), ("macs", 833_040)])
def test_the_intensity_divides_the_operations_that_the_arithmetic_counts(convention: str, work: int) -> None:
    """LeNet-5 moves 367,696 bytes: one network has one number of FLOPs on a screen, and its ratio."""
    shown = explorer("passport", network="lenet5", convention=convention)
    lines = map(words, with_class(shown.pane("line"), "lc-sub-line"))
    (line,) = (one for one in lines if "bytes moved" in one)
    assert line.startswith(f"{work:,} FLOPs ÷ 367,696 bytes moved = {work / 367_696:.2f} FLOPs a byte")


def test_the_bars_of_time_are_to_scale() -> None:
    """The shorter one is as long as its share of the longer."""
    shown = explorer("passport")
    longer, shorter = (
        float(bar.get("width", "").rstrip("%")) for bar in with_class(shown.pane("picture"), "lc-lane-bar")
    )
    net = lc.networks.vgg16()
    moved = arithmetic_intensity(net, net.input_shape).bytes / 10**12
    assert longer == 100
    assert shorter == pytest.approx(100 * moved / (30_940_528_640 / 10**13), abs=0.01)


def test_a_batch_reads_the_weights_once() -> None:
    """Twice the images, twice the work, and less than twice the bytes."""
    shown = explorer("passport", network="alexnet")
    one = shown._good
    move(shown, batch=2)
    two = shown._good
    assert two.macs == 2 * one.macs
    assert one.moves.bytes < two.moves.bytes < 2 * one.moves.bytes
    assert two.parameters == one.parameters


def test_the_marks_stand_where_their_numbers_are_on_a_logarithmic_line() -> None:
    """Parameters, bytes, MACs and FLOPs; a factor of two is the same way everywhere."""
    shown = explorer("passport")
    marks = [float(mark.get("cx", "")) for mark in with_class(shown.pane("picture"), "lc-mark")]
    wanted = [place(amount) for amount in (138_357_544, 553_430_176, 15_470_264_320, 30_940_528_640)]
    assert marks == pytest.approx(wanted, abs=0.01)
    assert place(2000) - place(1000) == pytest.approx(place(2 * 10**9) - place(10**9))


def test_its_table_has_what_its_picture_shows() -> None:
    """Every number of the passport stands in the twin."""
    shown = explorer("passport", network="resnet50", dtype="float16", convention="everything")
    table = numbers(" ".join(with_class(shown.pane("twin"), "lc-twin")[0].itertext()))
    exact = {next(iter(numbers(words(number)))) for number in with_class(shown.pane("picture"), "lc-num")}
    assert exact <= table


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        pytest.param(shortened(30_940_528_640), "30.9 G", id="billions"),
        pytest.param(shortened(61_706), "61.7 K", id="thousands"),
        pytest.param(shortened(999), "999", id="less than a thousand"),
        pytest.param(lasting(Fraction(1, 3)), "333 ms", id="milliseconds"),
        pytest.param(lasting(Fraction(1, 10**10)), "0.10 ns", id="less than a nanosecond"),
        pytest.param(lasting(Fraction(5, 2)), "2.50 s", id="seconds"),
        pytest.param(rate(10**13, FLOPS_A_SECOND), "10 TFLOP/s", id="a speed"),
        pytest.param(rate(10**9, BYTES_A_SECOND), "1 GB/s", id="a bandwidth"),
    ],
)
def test_numbers_are_shortened_as_papers_print_them(said: str, wanted: str) -> None:
    """Three digits and a letter."""
    assert said == wanted


def test_factors_of_ten_are_equally_far_apart() -> None:
    """The line is logarithmic from one end to the other."""
    steps = [place(10 ** (n + 1)) - place(10**n) for n in range(2, 15)]
    assert max(steps) - min(steps) < 1e-9
