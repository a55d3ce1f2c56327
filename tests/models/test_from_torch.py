"""PyTorch's models turned into our tree: names, dataflow, what is not known, what is refused."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import layercost as lc
from layercost import forward
from layercost.models import Graph, ModelError, Rearranged, Unknown, Unused
from layercost.networks import NETWORKS

torch_needed = pytest.mark.torch


def made(name: str, *arguments: Any) -> Any:
    """One of the models of torch_models.py, which is imported only where PyTorch is."""
    from tests.models import torch_models

    return getattr(torch_models, name)(*arguments)


def parameters_of(module: Any) -> int:
    return sum(one.numel() for one in module.parameters())


def same_values(module: Any, tree: Any, shape: tuple[int, ...]) -> None:
    """Torch's outputs and numpy's from the same state_dict are the same."""
    import torch

    for name, buffer in module.named_buffers():
        if name.endswith("running_var"):
            buffer.data += torch.rand_like(buffer)
    module = module.double().eval()
    state = {name: array.numpy() for name, array in module.state_dict().items()}
    values = np.random.default_rng(3).standard_normal((2, *shape))
    expected = module(torch.from_numpy(values)).detach().numpy()
    np.testing.assert_allclose(forward.run(tree, values, state), expected, rtol=1e-6, atol=1e-9)


@torch_needed
@pytest.mark.parametrize(
    ("name", "shape"), [("Residual", (3, 32, 32)), ("Inception", (3, 8, 8)), ("Dense", (3, 6, 6))]
)
def test_a_model_read_from_torch_counts_and_computes_what_the_model_does(
    name: str, shape: tuple[int, ...]
) -> None:
    """Its weights go over by the names that they have in the model."""
    module = made(name)
    tree = lc.from_torch(module, shape)
    assert lc.count(tree, lc.PARAMETERS).total == parameters_of(module)
    assert lc.table(tree).rows
    same_values(module, tree, shape)


@torch_needed
def test_a_model_read_from_torch_is_folded_with_its_own_weights() -> None:
    module = made("Residual").double().eval()
    tree = lc.from_torch(module, (3, 32, 32))
    state = {name: array.numpy() for name, array in module.state_dict().items()}
    values = np.random.default_rng(5).standard_normal((1, 3, 32, 32))
    folded = forward.fold_weights(tree, state)
    assert not any("running" in name for name in folded)
    np.testing.assert_allclose(
        forward.run(lc.fold(tree), values, folded), forward.run(tree, values, state), rtol=1e-6
    )


@torch_needed
def test_residual_blocks_become_branches_that_are_added() -> None:
    tree = lc.from_torch(made("Residual"), (3, 32, 32))
    rows = {row.name: row.module for row in lc.table(tree).rows}
    assert rows["layer1.1.add.downsample.0"] == lc.Conv2d(8, 16, 1, stride=2, bias=False)
    assert {row.name for row in lc.table(tree).rows if row.name.startswith("layer1.0")} == {
        "layer1.0.add.branch1.conv1", "layer1.0.add.branch1.bn1", "layer1.0.add.branch1.relu",
        "layer1.0.add.branch1.conv2", "layer1.0.add.branch1.bn2", "layer1.0.add.identity",
        "layer1.0.add.add", "layer1.0.relu",
    }  # fmt: skip
    assert rows["layer1.0.relu"] is rows["layer1.0.add.branch1.relu"]


@torch_needed
def test_containers_stay_containers_and_modules_keep_their_names() -> None:
    from torch import nn

    shared = nn.Linear(4, 4)
    inner = nn.Sequential(shared, nn.ReLU(), shared)
    net = nn.Sequential()
    net.add_module("inner", inner)
    net.add_module("drop", nn.Dropout(0.2))
    tree = lc.from_torch(net, (4,))
    assert [name for name, _ in tree.children] == ["inner", "drop"]
    assert [row.name for row in lc.table(tree).rows] == ["inner.0", "inner.1", "inner.0_1", "drop"]
    assert lc.count(tree, lc.PARAMETERS).total == 20
    assert lc.table(tree).total.macs == 32


@torch_needed
def test_models_on_the_meta_device_are_read_and_nothing_is_changed() -> None:
    import torch
    from torch import nn

    with torch.device("meta"):
        net = nn.Sequential(nn.Conv2d(3, 64, 3), nn.Flatten(), nn.Linear(64 * 222 * 222, 4096))
    tree = lc.from_torch(net, (3, 224, 224))
    assert lc.count(tree, lc.PARAMETERS).total == parameters_of(net)
    trained = nn.Sequential(nn.Linear(2, 2)).train()
    before = trained[0].weight.clone()
    lc.from_torch(trained, (2,))
    assert trained.training
    assert torch.equal(trained[0].weight, before)


@torch_needed
def test_tokens_recurrent_layers_and_their_last_step_are_read() -> None:
    module = made("Words")
    tree = lc.from_torch(module, (7,))
    kinds = [type(row.module) for row in lc.table(tree).rows]
    assert kinds == [lc.Embedding, lc.LSTM, Rearranged, lc.Linear, lc.Softmax]
    assert lc.count(tree, lc.PARAMETERS).total == parameters_of(module)


@torch_needed
def test_what_is_not_known_is_named_holds_its_parameters_and_makes_the_count_incomplete() -> None:
    module = made("Strange")
    tree = lc.from_torch(module, (4, 4))
    named = {row.name: row.module for row in lc.table(tree).rows}
    assert isinstance(named["norm"], Unknown)
    assert repr(named["norm"]) == "Unknown('InstanceNorm1d')"
    assert isinstance(named["unused"], Unused)
    assert lc.count(tree, lc.PARAMETERS).total == parameters_of(module)
    for convention in lc.CONVENTIONS:
        counted = lc.count(tree, lc.FLOPS, (4, 4), convention)
        assert not counted.complete
        assert {"norm", "mul"} <= {missing.path for missing in counted.not_counted}


@torch_needed
def test_a_module_of_the_users_own_that_inherits_from_linear_is_not_taken_for_one() -> None:
    tree = lc.from_torch(made("Own", 4, 4), (4,))
    assert [type(row.module) for row in lc.table(tree).rows] != [lc.Linear]
    assert not lc.count(tree, lc.FLOPS, (4,)).complete


@torch_needed
def test_values_read_here_and_there_become_a_graph_in_which_each_call_counts_once() -> None:
    tree = lc.from_torch(made("Dense"), (3, 6, 6))
    assert any(isinstance(child, Graph) for _, child in tree.children)
    assert lc.table(tree).total.macs == 36 * (3 * 4 + 7 * 4)


@torch_needed
def test_what_torch_cannot_follow_is_refused_with_what_to_try() -> None:
    from torch import nn

    kind = type(made("Deciding"))
    with pytest.raises(ModelError, match=r"torch.fx cannot follow Deciding: .*opaque=\(...\)"):
        lc.from_torch(kind(), (4,))
    tree = lc.from_torch(nn.Sequential(kind(), nn.ReLU()), (4,), opaque=(kind,))
    assert [repr(row.module) for row in lc.table(tree).rows] == ["Unknown('Deciding')", "ReLU()"]
    assert lc.count(tree, lc.PARAMETERS).total == 20


@torch_needed
def test_a_model_whose_batch_stands_elsewhere_is_refused() -> None:
    with pytest.raises(ModelError, match=r"the batch is no axis of its own; .*batch_first=True"):
        lc.from_torch(made("StepsFirst"), (7, 4))


@torch_needed
@pytest.mark.parametrize(
    ("name", "version"),
    [(one.name, version) for one in NETWORKS.values() for version in one.versions if version != "1998"],
)
def test_every_network_written_in_torch_and_read_back_counts_the_same(name: str, version: str) -> None:
    """All totals, with every operation counted: parameters, MACs, FLOPs, bytes."""
    import torch

    from tests.live.modules import module_of

    network = lc.network_named(name, version)
    with torch.device("meta"):
        module = module_of(network)
    tree = lc.from_torch(module, network.input_shape)
    expected, found = (lc.table(one, convention="everything") for one in (network, tree))
    assert found.total == expected.total
    assert found.complete == expected.complete


@torch_needed
def test_an_input_that_does_not_fit_is_refused() -> None:
    from torch import nn

    with pytest.raises(lc.ShapeError, match=r"Sequential does not run on inputs of shape \(5,\): .*"):
        lc.from_torch(nn.Sequential(nn.Linear(4, 4)), (5,))
    with pytest.raises(ModelError, match=r"takes a torch.nn.Module, but got str"):
        lc.from_torch("resnet50", (3, 224, 224))


@torch_needed
def test_another_input_shape_is_refused_where_something_is_not_known() -> None:
    tree = lc.from_torch(made("Strange"), (4, 4))
    with pytest.raises(
        lc.ShapeError, match=r"InstanceNorm1d was seen on shape \(4, 4\).*read the model again"
    ):
        lc.table(tree, (5, 4))


def test_without_torch_the_message_says_how_to_get_it() -> None:
    program = (
        "import sys; sys.modules['torch'] = None\n"
        "import layercost as lc\n"
        "try: lc.from_torch(None, (3,))\n"
        "except ValueError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "install it with: python -m pip install torch" in done.stdout
