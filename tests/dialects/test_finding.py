"""`compare` and `identify`, in Python and as commands."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import layercost as lc
from layercost import ShapeError, compare, identify
from layercost.command import main
from layercost.dialects import DIALECTS
from layercost.dialects.typed import asked


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What the command prints, for input that is right."""
    assert main(list(arguments)) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def test_compare_has_every_convention_and_every_dialect_with_a_reason() -> None:
    """No counter is missing, and each says what its number is made of."""
    rows = compare(lc.networks.resnet50()).rows
    single = [dialect for dialect in DIALECTS.values() if not dialect.joins]
    assert len(rows) == len(single) + len(lc.CONVENTIONS)
    assert all(row.reason for row in rows)
    numbers = {row.counter.split()[0]: row.number for row in rows if row.is_tool}
    assert numbers["fvcore"] == 4_111_512_576
    assert numbers["thop"] == 4_133_742_592


@pytest.mark.parametrize("form", ["text", "md", "html"])
def test_compare_writes_the_same_numbers_in_each_format(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Text, Markdown and HTML hold each tool's number."""
    printed = said(capsys, "compare", "lenet5", "--format", form)
    for row in compare(lc.networks.lenet5()).rows:
        assert f"{row.number:,}" in printed
        assert row.name in printed


def test_compare_as_json_reads_back(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON holds whole numbers."""
    data = json.loads(said(capsys, "compare", "resnet50", "--batch", "2", "--format", "json"))
    row = next(row for row in data["rows"] if row["counter"].startswith("fvcore"))
    assert row["number"] == 2 * 4_111_512_576


def test_show_as_a_tool_prints_its_own_names(capsys: pytest.CaptureFixture[str]) -> None:
    """fvcore's reading of torchvision's VGG-16, and one line on what it really is."""
    data = json.loads(said(capsys, "show", "vgg16", "--as", "fvcore", "--format", "json"))
    assert data["reading"]["total"] == 15_470_289_408
    assert data["reading"]["unsupported_ops"] == {"aten::max_pool2d": 5}
    text = said(capsys, "show", "vgg16", "--as", "fvcore")
    assert "total: 15,470,289,408" in text
    assert "That is called flops, but multiply-accumulates" in text


def test_show_as_a_tool_takes_the_version_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """The paper's VGG-16 has no adaptive pooling."""
    for arguments in (["vgg16", "--version", "paper"], ["vgg16:paper"]):
        data = json.loads(said(capsys, "show", *arguments, "--as", "fvcore", "--format", "json"))
        assert data["reading"]["total"] == 15_470_264_320


def test_a_layer_as_a_tool_prints_its_own_names(capsys: pytest.CaptureFixture[str]) -> None:
    """torchscan's values with their status, of a written layer."""
    data = json.loads(
        said(capsys, "layer", "GELU()", "--input", "64x56x56", "--as", "torchscan", "--format", "json")
    )
    assert data["reading"]["macs"] == {"known_value": 0, "status": "partial"}


def test_a_layer_is_spelled_as_told(capsys: pytest.CaptureFixture[str]) -> None:
    """F.relu is nothing to torch-flops."""
    options = ["--input", "64x56x56", "--as", "torch-flops", "--format", "json"]
    numbers = [
        json.loads(said(capsys, "layer", "ReLU()", *options, *more))["reading"]["print_total_flops"]
        for more in ([], ["--spelled", "function"])
    ]
    assert numbers == [200_704, 0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "vgg16", "--as", "fvcor"], "no dialect is called 'fvcor'; did you mean 'fvcore'"),
        (["show", "vgg16", "--as", "thop", "--format", "xml"], "no format is called 'xml'"),
        (["show", "vgg16", "--as", "textbook"], "textbook is a convention and prints nothing"),
        (["identify", "many", "vgg16"], "expected a number, as 15483821032, 15.48G, 528MiB or 4.1e9"),
        (["compare", "resnet5"], "no network is called 'resnet5'"),
        (["compare", "Linear(3, 2)"], "input's shape"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message says what was expected, and nothing is printed."""
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.out == ""


def test_identify_finds_the_tools_that_print_a_number(capsys: pytest.CaptureFixture[str]) -> None:
    """VGG-16's MACs with biases are ptflops's and torchinfo's, of three versions alike."""
    data = json.loads(said(capsys, "identify", "15483821032", "vgg16", "--format", "json"))
    assert data["found"]
    assert {match["counter"] for match in data["matches"]} >= {"ptflops(aten)", "torchinfo"}
    assert all(match["number"] == 15_483_821_032 for match in data["matches"] if not match["how"])


@pytest.mark.parametrize(
    ("number", "counter", "how"),
    [
        pytest.param("528MiB", "our count", "in bytes of float32", id="bytes in units of 1024"),
        pytest.param("138M", "our count", "1000^2", id="millions"),
        pytest.param("30.94G", "torch.FlopCounterMode", "1000^3", id="rounded billions"),
        pytest.param("30940528640", "convention macs", "doubled", id="two a multiply-accumulate"),
        pytest.param("15346630656", "convention macs", "", id="convolutions only"),
        pytest.param("14714688", "our count", "", id="without the classifier"),
        pytest.param("15.47", "fvcore", "1000^3", id="a number without its unit"),
    ],
)
def test_identify_knows_units_factors_and_parts(number: str, counter: str, how: str) -> None:
    """K, M, G of 1000 and 1024, doubled, bytes, and parts of the model."""
    found = identify(number, [lc.networks.vgg16()])
    assert any(match.source.counter == counter and how in str(match.how) for match in found.matches)


def test_identify_names_the_version() -> None:
    """ResNet-50 with the stride in the 1x1 convolutions has fewer MACs: the number tells which."""
    versions = [lc.networks.resnet50(version) for version in ("v1.5", "v1")]
    found = identify(lc.table(versions[1]).total.macs, versions)
    assert found.matches[0].source.versions == ("v1",)


def test_identify_gives_the_nearest_with_their_ratio_where_nothing_fits() -> None:
    """A number that nobody prints: the nearest, and how far they are."""
    found = identify(12_345_678_901, [lc.networks.vgg16()])
    assert not found.matches
    assert len(found.nearest) == 5
    ratios = [ratio for _, ratio in found.nearest]
    assert all(0.5 < ratio < 2 for ratio in ratios)
    assert "arises nowhere" in found.text()
    assert "times that" in found.text()


def test_identify_works_on_a_layer() -> None:
    """A layer in place of a network, with its input."""
    found = identify("30100", [lc.Linear(300, 100)], (300,))
    assert {match.source.counter for match in found.matches} >= {"torchinfo", "our count"}


@pytest.mark.parametrize("text", ["", "twelve", "1.2.3", "-5", "1e999", "9" * 50])
def test_what_is_not_a_number_is_refused(text: str) -> None:
    """The message says how a number is typed."""
    with pytest.raises(ShapeError, match="expected a number"):
        identify(text, [lc.Linear(3, 2)], (3,))


# ---- numbers as people type them ------------------------------------------------------------------


def first(number: str, name: str) -> tuple[str, int]:
    """The counter and the number of the plainest match among a network's versions."""
    entry = lc.networks.NETWORKS[name]
    models = [lc.network_named(name, version) for version in entry.versions]
    source = identify(number, models).matches[0].source
    return source.counter, source.number


@pytest.mark.parametrize(
    ("typed", "network", "expected"),
    [
        pytest.param("300M", "mobilenet_v2", ("convention macs", 300_774_272), id="zeros that are rounding"),
        pytest.param("300 M", "mobilenet_v2", ("convention macs", 300_774_272), id="a space"),
        pytest.param("0.3G", "mobilenet_v2", ("convention macs", 300_774_272), id="one digit"),
        pytest.param("300 MFLOPs", "mobilenet_v2", ("convention macs", 300_774_272), id="MACs called FLOPs"),
        pytest.param("300 mult-adds", "mobilenet_v2", ("convention macs", 300_774_272), id="no unit"),
        pytest.param("4.1G", "resnet50", ("convention macs", 4_089_184_256), id="giga"),
        pytest.param("4.1 GMACs", "resnet50", ("convention macs", 4_089_184_256), id="GMACs"),
        pytest.param("4100000000", "resnet50", ("convention macs", 4_089_184_256), id="written out"),
        pytest.param("138M", "vgg16", ("our count", 138_357_544), id="millions"),
        pytest.param("138 million", "vgg16", ("our count", 138_357_544), id="millions in words"),
        pytest.param("138.4m params", "vgg16", ("our count", 138_357_544), id="a small m, and what of"),
        pytest.param("25.6M", "resnet50", ("our count", 25_557_032), id="the usual version first"),
        pytest.param("25.55M", "resnet50", ("our count", 25_557_032), id="cut short"),
        pytest.param("3.86 billion", "resnet50", ("convention macs", 3_857_973_248), id="an older version"),
        pytest.param("11.69M", "resnet18", ("our count", 11_689_512), id="four digits"),
        pytest.param("1.8e9", "resnet18", ("convention macs", 1_814_073_344), id="an exponent"),
        pytest.param("1.8×10^9", "resnet18", ("convention macs", 1_814_073_344), id="a power of ten"),
        pytest.param("1,8G", "resnet18", ("convention macs", 1_814_073_344), id="a decimal comma"),
        pytest.param("~1.8G", "resnet18", ("convention macs", 1_814_073_344), id="about"),
        pytest.param("3.81 Gi", "resnet50", ("convention macs", 4_089_184_256), id="a binary giga"),
        pytest.param("528 MB", "vgg16", ("torchinfo", 553_430_176), id="bytes in units of 1024"),
        pytest.param("553430176B", "vgg16", ("torchinfo", 553_430_176), id="bytes"),
    ],
)  # fmt: skip
def test_identify_reads_a_number_as_people_type_it(
    typed: str, network: str, expected: tuple[str, int]
) -> None:
    """The plainest match is what is meant."""
    assert first(typed, network) == expected


def test_identify_puts_what_is_exact_first_and_current_tools_before_others() -> None:
    """VGG-16's parameters are counted by all: ours, then tools that are alive, then the others."""
    found = identify("138357544", [lc.networks.vgg16()]).matches
    counters = [match.source.counter for match in found if not match.how]
    assert counters[0] == "our count"
    assert counters.index("ultralytics-thop") < counters.index("thop")
    hows = [bool(match.how) for match in found]
    assert hows == sorted(hows)


def test_bytes_are_not_taken_for_operations() -> None:
    """Whoever types MB asks after bytes, and who types params after parameters."""
    for typed, words in (("528 MB", "byte"), ("138M params", "param")):
        found = identify(typed, [lc.networks.vgg16()]).matches
        assert found
        assert all(
            words in f"{match.source.what} {match.how}" or match.source.counter == "keras" for match in found
        )


def test_what_comes_nearest_counts_the_same() -> None:
    """Nobody who asks after 500 MB is helped by a number of operations."""
    found = identify("500 MB", [lc.networks.vgg16()])
    assert not found.matches
    assert found.nearest
    assert all("bytes" in str(source.what) for source, _ in found.nearest)


def test_identify_shows_ten_matches_and_says_how_many_more(capsys: pytest.CaptureFixture[str]) -> None:
    """--all shows them all; JSON has them always."""
    few = said(capsys, "identify", "4.1G", "resnet50").splitlines()
    every = said(capsys, "identify", "4.1G", "resnet50", "--all").splitlines()
    data = json.loads(said(capsys, "identify", "4.1G", "resnet50", "--format", "json"))
    assert len(few) == 1 + 10 + 1
    assert few[-1] == f"and {len(every) - 11} more, less plain; --all shows them"
    assert every[:11] == few[:11]
    assert len(data["matches"]) == len(every) - 1


def test_the_command_takes_a_number_of_two_words(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody puts 138 million into quotes."""
    printed = said(capsys, "identify", "138", "million", "vgg16")
    assert printed.startswith("138 million of vgg16 is\n  our count: parameters = 138,357,544")


@pytest.mark.parametrize("text", ["1,23,4", "1,5.2", "4.1 apples", "4.1Gx", "12e", "5 % of it"])
def test_a_number_that_can_be_read_in_no_way_is_refused(text: str) -> None:
    """Rather than read in part."""
    with pytest.raises(ShapeError, match="or one in words, as 138 million"):
        identify(text, [lc.Linear(3, 2)], (3,))


@settings(max_examples=500)
@given(st.text(alphabet="0123456789.,'_ eExX*^~kKmMgGtTbBiIllnoas-", max_size=20))
def test_whatever_is_typed_has_meanings_or_is_refused_in_words(text: str) -> None:
    """Each meaning is a range of numbers, and the plainest comes first."""
    try:
        meanings = asked(text)
    except ShapeError:
        return
    assert meanings
    assert all(meaning.high >= 0 and meaning.low <= meaning.high for meaning in meanings)
    assert [meaning.rank for meaning in meanings] == sorted(meaning.rank for meaning in meanings)


@settings(max_examples=300)
@given(st.integers(1, 10**13), st.integers(1, 6))
def test_a_number_that_is_rounded_and_written_in_units_is_found_again(number: int, digits: int) -> None:
    """Whatever is printed of a number to some digits, in millions or 1024s, stands for the number."""
    for power, letter in ((1, "K"), (2, "M"), (3, "G"), (4, "T")):
        for unit, written in ((1000**power, letter), (1024**power, f"{letter}i")):
            typed = f"{number / unit:.{digits}f}{written}"
            assert any(m.low <= number <= m.high for m in asked(typed)), typed
