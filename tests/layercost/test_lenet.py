"""LeNet-5 in three versions, with the arithmetic beside each number."""

from __future__ import annotations

import pytest

import layercost as lc
from layercost.networks.lenet import C3_CONNECTIONS, CONNECTIONS


def column(
    name: str, version: str = "max-pooling", convention: str | lc.Convention = "textbook"
) -> dict[str, int]:
    """One column of the table, by layer, without what is zero."""
    table = lc.table(lc.networks.lenet5(version), convention=convention)
    return {row.name: getattr(row, name) for row in table.rows if getattr(row, name)}


def total(
    name: str, version: str = "max-pooling", convention: str | lc.Convention = "textbook"
) -> int | float:
    return getattr(lc.table(lc.networks.lenet5(version), convention=convention).total, name)  # type: ignore[no-any-return]


def test_the_courses_version_has_61706_parameters() -> None:
    """Document 004's table."""
    assert column("parameters") == {
        "conv1": 5 * 5 * 1 * 6 + 6,  # 156
        "conv2": 5 * 5 * 6 * 16 + 16,  # 2,416
        "fc1": 400 * 120 + 120,  # 48,120
        "fc2": 120 * 84 + 84,  # 10,164
        "fc3": 84 * 10 + 10,  # 850
    }
    assert list(column("parameters").values()) == [156, 2416, 48120, 10164, 850]
    assert total("parameters") == 61706


def test_both_versions_of_the_courses_have_the_same_parameters_and_macs() -> None:
    """C5 as a 5x5 convolution on a 5x5 map is the fully connected layer 400 to 120."""
    for name in ("parameters", "macs", "flops"):
        first, second = column(name), column(name, "average-pooling")
        assert list(first.values()) == list(second.values())
    assert column("parameters", "average-pooling")["c5"] == 48120


def test_its_parameters_take_241_kibibytes() -> None:
    assert total("parameter_bytes") == 61706 * 4 == 246824
    assert total("parameter_kib") == 246824 / 1024 == 241.0390625


def test_its_shapes_are_those_of_the_paper() -> None:
    table = lc.table(lc.networks.lenet5())
    shapes = {row.name: tuple(row.output) for row in table.rows if not row.name.startswith("relu")}
    assert table.rows[0].input == (1, 32, 32)
    assert shapes == {
        "conv1": (6, 28, 28), "pool1": (6, 14, 14), "conv2": (16, 10, 10), "pool2": (16, 5, 5),
        "flatten": (400,), "fc1": (120,), "fc2": (84,), "fc3": (10,),
    }  # fmt: skip


def test_it_takes_416520_macs() -> None:
    assert column("macs") == {
        "conv1": 25 * 28 * 28 * 6,  # 117,600
        "conv2": 150 * 10 * 10 * 16,  # 240,000
        "fc1": 400 * 120,  # 48,000
        "fc2": 120 * 84,  # 10,080
        "fc3": 84 * 10,  # 840
    }
    assert total("macs") == 117600 + 240000 + 48000 + 10080 + 840 == 416520


def test_it_takes_833040_textbook_flops() -> None:
    """Each layer has a bias, so each dot product of length n costs 2n: twice the MACs."""
    assert total("flops") == 2 * 416520 == 833040
    assert column("flops")["conv1"] == (25 + 24 + 1) * 28 * 28 * 6 == 235200


def test_everything_counted_takes_845852_flops() -> None:
    assert column("flops", convention="everything") == {
        "conv1": 2 * 25 * 28 * 28 * 6, "relu1": 28 * 28 * 6, "pool1": 4 * 14 * 14 * 6,
        "conv2": 2 * 150 * 10 * 10 * 16, "relu2": 10 * 10 * 16, "pool2": 4 * 5 * 5 * 16,
        "fc1": 2 * 400 * 120, "relu3": 120,
        "fc2": 2 * 120 * 84, "relu4": 84,
        "fc3": 2 * 84 * 10,
    }  # fmt: skip
    activations, pools = 4704 + 1600 + 120 + 84, 4704 + 1600
    assert total("flops", convention="everything") == 833040 + activations + pools == 845852
    assert lc.table(lc.networks.lenet5(), convention="everything").complete


def test_average_pooling_and_softmax_counted_take_845881_flops() -> None:
    """A mean of 4 cells is 3 additions and a division, as dear as a maximum of 4; softmax 3n - 1 more."""
    found = column("flops", "average-pooling", "everything")
    assert found["s2"] == (3 + 1) * 14 * 14 * 6
    assert found["softmax"] == 10 + 9 + 10
    assert total("flops", "average-pooling", "everything") == 845852 + 29


def test_the_1998_network_has_60000_trained_parameters() -> None:
    """Its 60 kernels of C3 read 3, 4 or 6 maps; its output codes are fixed."""
    assert column("parameters", "1998") == {
        "c1": 25 * 6 + 6,  # 156
        "s2": 2 * 6,  # 12: a coefficient and a bias a map
        "c3": 25 * (6 * 3 + 9 * 4 + 1 * 6) + 16,  # 1,516
        "s4": 2 * 16,  # 32
        "c5": 25 * 16 * 120 + 120,  # 48,120
        "f6": 120 * 84 + 84,  # 10,164
    }
    assert total("parameters", "1998") == 156 + 12 + 1516 + 32 + 48120 + 10164 == 60000
    net = lc.networks.lenet5("1998")
    assert lc.count(net, lc.BUFFERS).total == 84 * 10
    assert lc.count(net, lc.STORED_VALUES).total == 60840


def test_the_1998_network_has_340908_connections() -> None:
    """The paper gives them by layer: an input and its bias are one connection each."""
    assert column("flops", "1998", CONNECTIONS) == {
        "c1": (25 + 1) * 28 * 28 * 6, "s2": (4 + 1) * 14 * 14 * 6, "c3": (25 * 60 + 16) * 10 * 10,
        "s4": (4 + 1) * 5 * 5 * 16, "c5": 48120, "f6": 10164, "output": 84 * 10,
    }  # fmt: skip
    assert list(column("flops", "1998", CONNECTIONS).values()) == [
        122304,
        5880,
        151600,
        2000,
        48120,
        10164,
        840,
    ]
    assert total("flops", "1998", CONNECTIONS) == 340908


def test_everything_counted_in_the_1998_network() -> None:
    """The squashing function is two multiplications and a tanh (8) a unit; a code is a squared distance."""
    squash = 2 + 8
    assert column("flops", "1998", "everything") == {
        "c1": 2 * 25 * 28 * 28 * 6, "tanh1": squash * 4704,
        "s2": (3 + 1 + 1) * 1176, "tanh2": squash * 1176,
        "c3": 2 * 25 * 60 * 10 * 10, "tanh3": squash * 1600,
        "s4": (3 + 1 + 1) * 400, "tanh4": squash * 400,
        "c5": 2 * 400 * 120, "tanh5": squash * 120,
        "f6": 2 * 120 * 84, "tanh6": squash * 84,
        "output": (84 + 84 + 83) * 10,
    }  # fmt: skip


def test_the_connection_table_is_that_of_the_paper() -> None:
    """Table I: six maps read 3 neighbours, six read 4, three read 4 others, the last all six."""
    assert [len(inputs) for inputs in C3_CONNECTIONS] == [3] * 6 + [4] * 9 + [6]
    assert [sum(m in inputs for inputs in C3_CONNECTIONS) for m in range(6)] == [10] * 6
    assert len(set(C3_CONNECTIONS)) == 16


def test_what_textbook_leaves_out_is_listed() -> None:
    table = lc.table(lc.networks.lenet5())
    assert not table.complete
    assert [missing.path for missing in table.not_counted] == [
        "relu1", "pool1", "relu2", "pool2", "relu3", "relu4",
    ]  # fmt: skip
    assert str(table.not_counted[1].operations) == "1,176 × maximum over 4 (pooling)"
    assert str(table.remark) == "Not counted under textbook: the operations of ReLU, MaxPool2d."


def test_a_network_derives_as_the_sum_of_its_layers() -> None:
    counted = lc.count(lc.networks.lenet5(), lc.PARAMETERS)
    assert counted.text() == "156 + 2,416 + 48,120 + 10,164 + 850 = 61,706"
    assert lc.count(lc.networks.lenet5(), lc.PARAMETER_BYTES).text() == (
        "(156 + 2,416 + 48,120 + 10,164 + 850)·4 = 246,824"
    )


def test_a_batch_multiplies_operations_and_activations_and_no_parameter() -> None:
    one, eight = (lc.table(lc.networks.lenet5(), batch=batch).total for batch in (1, 8))
    assert (eight.macs, eight.flops, eight.activation_bytes) == (
        8 * 416520,
        8 * 833040,
        8 * one.activation_bytes,
    )
    assert eight.parameters == one.parameters


def test_activation_bytes_are_the_values_that_layers_write() -> None:
    """Each layer's output at 4 bytes a value; Flatten writes nothing."""
    written = 2 * 4704 + 1176 + 2 * 1600 + 400 + 2 * 120 + 2 * 84 + 10
    assert total("activation_bytes") == 4 * written == 58408


@pytest.mark.parametrize(("size", "features"), [(32, 400), (28, 256), (64, 2704)])
def test_it_grows_with_its_images(size: int, features: int) -> None:
    """28x28: 16 maps of 4x4 are left; 64x64: of 13x13."""
    net = lc.networks.lenet5(size=size)
    assert lc.table(net).rows[6].output == (features,)
    assert net.input_shape == (1, size, size)


@pytest.mark.parametrize("name", lc.networks.NETWORKS)
def test_every_network_builds_each_of_its_versions(name: str) -> None:
    """Versions say what they are, the default is one of them, and each has its usual input and its source."""
    entry = lc.networks.NETWORKS[name]
    assert entry.default in entry.versions
    assert lc.network_named(name).version == entry.default
    for version, what in entry.versions.items():
        net = lc.network_named(name, version)
        table = lc.table(net)
        assert (net.name, net.version, bool(net.source), bool(what)) == (name, version, True, True)
        assert table.total.parameters == lc.count(net, lc.PARAMETERS).total > 0
        assert table.version == version


def test_an_unknown_network_or_version_gets_the_nearest_names() -> None:
    with pytest.raises(lc.UnknownNameError, match="no network is called 'lenet'; did you mean 'lenet5'"):
        lc.network_named("lenet")
    with pytest.raises(lc.UnknownNameError, match=r"no network is called 'Zebra'; there are: .*lenet5"):
        lc.network_named("Zebra")
    with pytest.raises(
        lc.UnknownNameError, match="no version of lenet5 is called 'max'; did you mean 'max-pooling'"
    ):
        lc.networks.lenet5("max")
