"""Where two networks part: what only one has, what changed, what that costs."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

import layercost as lc
from layercost.command import main
from layercost.difference import COUNTS, Difference, Place
from layercost.models.known import KNOWN
from layercost.networks import NETWORKS
from layercost.table import FORMATS


def between(first: str, second: str, **options: str) -> Difference:
    return lc.difference(lc.network_named(first), lc.network_named(second), **options)  # type: ignore[arg-type]


def names(difference: Difference, kind: str) -> list[str]:
    return [part.name for part in difference.parts if part.kind == kind]


def changed(difference: Difference) -> dict[str, list[str]]:
    return {part.name: [str(change) for change in part.changes] for part in difference.parts}


def pairs() -> list[tuple[str, str]]:
    """Every pair of versions of a network, and some that have little in common."""
    versions = [
        (f"{entry.name}:{first}", f"{entry.name}:{second}")
        for entry in NETWORKS.values()
        for first in entry.versions
        for second in entry.versions
        if first < second and entry.name != "resnet152"
    ]
    return [
        *versions,
        ("lenet5", "alexnet"),
        ("vgg16", "vgg19"),
        ("resnet18", "mobilenet_v2"),
        ("vgg11", "googlenet"),
    ]


def test_v1_5_strides_in_the_3x3_where_v1_strides_in_the_1x1() -> None:
    """Both convolutions of three blocks change, and what stands between them sees larger maps."""
    found = between("resnet50:v1", "resnet50:v1.5")
    strides = {
        name: changes[0] for name, changes in changed(found).items() if changes[0].startswith("stride")
    }
    assert strides == {
        f"layer{stage}.0.block.main.{conv}": change
        for stage in (2, 3, 4)
        for conv, change in (("conv1", "stride 2 → 1"), ("conv2", "stride 1 → 2"))
    }
    assert found.more("macs") == 231_211_008
    assert found.more("parameters") == 0
    assert {part.kind for part in found.parts} == {"changed"}


def test_two_gpus_group_three_convolutions_and_normalize_first() -> None:
    found = between("alexnet:ungrouped", "alexnet:two-gpu")
    assert names(found, "changed") == ["conv2", "conv4", "conv5"]
    assert names(found, "moved") == ["norm1", "norm2"]
    assert all(changed(found)[name] == ["groups 1 → 2"] for name in ("conv2", "conv4", "conv5"))
    assert found.more("parameters") == 60_965_224 - 62_378_344


def test_batch_normalization_is_only_in_the_second() -> None:
    """Though every later layer has another number in its name."""
    found = between("vgg16:torchvision", "vgg16:batch-norm")
    assert [type(part.second.module) for part in found.parts if part.second] == [lc.BatchNorm2d] * 13
    assert {part.kind for part in found.parts} == {"only in the second"}
    assert len(found.pairs) == 40 + 13


def test_auxiliary_classifiers_are_only_in_the_second_and_cost_nothing_but_memory() -> None:
    found = between("googlenet:torchvision", "googlenet:torchvision-aux")
    assert {part.name.split(".")[0] for part in found.parts} == {"aux1", "aux2"}
    assert [found.more(count) for count in COUNTS] == [6_379_984, 0, 0, 0]
    assert all("(held, not run)" in str(part.words) for part in found.parts)


def test_a_deeper_network_has_more_of_the_same_blocks() -> None:
    found = between("resnet101", "resnet152")
    assert {part.kind for part in found.parts} == {"only in the second"}
    assert len(found.pairs) == 561


def test_other_names_are_no_difference() -> None:
    """The paper's VGG-16 and torchvision's differ in one layer, which does nothing."""
    found = between("vgg16:paper", "vgg16:torchvision")
    assert [(part.kind, part.name) for part in found.parts] == [("only in the second", "avgpool")]


def test_a_network_does_not_differ_from_itself() -> None:
    found = between("resnet18:v1", "resnet18:v1.5")
    assert found.same
    assert found.parts == ()
    assert str(found.remark) == "No layer differs: all 74 are the same."
    assert "74 are the same" in found.text()


def test_layers_without_a_network_are_compared_too() -> None:
    wide, narrow = (
        lc.Sequential(lc.Linear(300, 100)),
        lc.Sequential(lc.Linear(300, 10, bias=False), lc.ReLU()),
    )
    found = lc.difference(wide, narrow, (300,))
    assert changed(found) == {
        "0": ["out_features 100 → 10", "bias True → False", "output 100 → 10"], "1": [],
    }  # fmt: skip
    assert found.more("parameters") == 3_000 - 30_100


@pytest.mark.parametrize(("first", "second"), pairs(), ids=lambda name: name)
def test_the_parts_add_up_to_the_difference_of_the_totals(first: str, second: str) -> None:
    """Nothing that differs is left out, and no row is lost or shown twice."""
    found = between(first, second, convention="everything")
    for count in COUNTS:
        assert sum(part.more(count) for part in found.parts) == found.more(count)
    assert [row for row, _ in found.pairs if row] == list(found.first.rows)
    assert [row for _, row in found.pairs if row] == list(found.second.rows)


@pytest.mark.parametrize(("first", "second"), pairs(), ids=lambda name: name)
def test_the_other_way_round_is_the_opposite(first: str, second: str) -> None:
    there, back = between(first, second), between(second, first)
    assert [there.more(count) for count in COUNTS] == [-back.more(count) for count in COUNTS]


def test_both_run_on_the_input_that_is_asked_for() -> None:
    """Or, when none is, each on its own."""
    usual = between("alexnet:two-gpu", "alexnet:torchvision")
    at_448 = lc.difference(lc.networks.vgg11("torchvision"), lc.networks.vgg13("torchvision"), (3, 448, 448))
    assert [table.rows[0].input for table in (usual.first, usual.second)] == [(3, 227, 227), (3, 224, 224)]
    assert at_448.first.rows[0].input == at_448.second.rows[0].input == (3, 448, 448)


# ---- what it looks like ----------------------------------------------------------------------------


def test_every_format_tells_the_same() -> None:
    found = between("alexnet", "alexnet:two-gpu")
    for form in ("text", "md", "html"):
        shown = found.render(form)
        for words in ("conv2", "groups 1 → 2", "-307,200", "-1,413,120", "62,378,344", str(found.remark)):
            assert words in shown


def test_json_reads_back() -> None:
    data = json.loads(between("resnet50:v1", "resnet50:v1.5").json())
    assert data["more"] == {
        "parameters": 0, "macs": 231_211_008, "flops": 461_895_168, "activation_bytes": 6_322_176,
    }  # fmt: skip
    assert (data["first"]["version"], data["second"]["version"], data["same"]) == ("v1", "v1.5", False)
    first = data["parts"][0]
    assert first["kind"] == "changed"
    assert first["changes"][0] == {"name": "stride", "first": "2", "second": "1"}
    assert first["more"]["macs"] == 77_070_336
    assert first["first"]["name"] == first["second"]["name"] == "layer2.0.block.main.conv1"


def test_html_is_well_formed() -> None:
    odd = [lc.Sequential({"<b>&": lc.Linear(3, out)}) for out in (4, 5)]
    root = ElementTree.fromstring(f"<x>{lc.difference(*odd, (3,)).html()}</x>")  # noqa: S314 - it is our own
    assert len(root.findall(".//tbody/tr")) == 1
    assert len(root.findall(".//tfoot/tr")) == 3
    assert root.findtext(".//tbody/tr/td") == "<b>&"


def test_an_unknown_format_or_count_is_refused_with_the_nearest() -> None:
    found = between("lenet5", "lenet5:1998")
    with pytest.raises(lc.UnknownNameError, match="no format is called 'txt'"):
        found.render("txt")
    with pytest.raises(lc.UnknownNameError, match="no count is called 'mac'; did you mean 'macs'"):
        found.more("mac")


def test_long_fields_are_cut() -> None:
    """A list of connections does not fill the page."""
    first, second = (lc.ConnectedConv2d(3, ((0,),) * n + ((1, 2),), 1) for n in (30, 31))
    found = lc.difference(first, second, (3, 2, 2))
    assert all(len(str(change)) < 120 for part in found.parts for change in part.changes)
    assert isinstance(found.parts[0], Place)


# ---- the command -----------------------------------------------------------------------------------


def test_the_command_shows_the_difference(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["difference", "resnet50:v1", "resnet50:v1.5"]) == 0
    shown = capsys.readouterr().out
    assert "+231,211,008" in shown
    assert "12 changed; the other 175 are the same." in shown


@pytest.mark.parametrize("form", FORMATS)
def test_the_command_knows_every_format(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["difference", "lenet5", "lenet5:1998", "--format", form]) == 0
    assert capsys.readouterr().out.strip() == between("lenet5", "lenet5:1998").render(form).strip()


def test_the_command_shows_a_version_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    main(["show", "resnet50:v1", "--format", "json"])
    named = capsys.readouterr().out
    main(["show", "resnet50", "--version", "v1", "--format", "json"])
    assert capsys.readouterr().out == named
    assert json.loads(named)["total"]["macs"] == 3_857_973_248


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "resnet50:v3"], "no version of resnet50 is called 'v3'; did you mean 'v1'"),
        (["show", "resnet:v1"], "no network is called 'resnet'; did you mean 'resnet18'"),
        (["show", "resnet50:v1", "--version", "v1.5"], "two versions are asked for: resnet50:v1 and v1.5"),
        (["difference", "resnet50:v1"], "the following arguments are required: OTHER"),
        (["difference", "lenet5", "lenet6"], "no network is called 'lenet6'; did you mean 'lenet5'"),
        (["difference", "lenet5", "vgg16", "--input", "1x32x32"], "conv1_1: Conv2d expects 3 input channels"),
        (["difference", "lenet5", "vgg16", "--format", "xml"], "no format is called 'xml'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_input_gets_one_message(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("layercost: ")
    assert message in error
    assert error.count("\n") == 1


def test_the_command_lists_all_networks_with_their_versions(capsys: pytest.CaptureFixture[str]) -> None:
    main(["networks", "--format", "json"])
    listed = {entry["name"]: list(entry["versions"]) for entry in json.loads(capsys.readouterr().out)}
    configured = {name: ["as configured"] for name in KNOWN}
    assert listed == {name: list(entry.versions) for name, entry in NETWORKS.items()} | configured
    main(["networks"])
    shown = capsys.readouterr().out
    assert all(f"{name}: " in shown for name in NETWORKS)
