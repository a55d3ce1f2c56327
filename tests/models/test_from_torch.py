"""PyTorch's models turned into our tree: names, dataflow, what is not known, what is refused."""

from __future__ import annotations

import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest

import layercost as lc
from layercost import forward
from layercost.models import Graph, ModelError, Rearranged, Unknown, Unplaced, Unused
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
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("settings", [{}, {"batch_first": True}, {"bidirectional": True, "num_layers": 2}])
def test_a_recurrent_module_is_not_run_step_by_step_and_gives_what_torch_gives(
    kind: str, settings: dict[str, Any]
) -> None:
    import torch

    from layercost.models.from_torch import _steps

    module, values = getattr(torch.nn, kind)(4, 5, **settings), torch.zeros(2, 7, 4)
    run, told = module(values), _steps(torch, module)(values.to("meta"))

    def sizes(given: Any) -> list[tuple[int, ...]]:
        return [tuple(one.shape) for one in (given[0], *(given[1] if kind == "LSTM" else given[1:]))]

    assert sizes(run) == sizes(told)


@torch_needed
def test_what_is_not_known_is_named_holds_its_parameters_and_makes_the_count_incomplete() -> None:
    module = made("Strange")
    tree = lc.from_torch(module, (4, 4))
    named = {row.name: row.module for row in lc.table(tree).rows}
    assert repr(named["odd.trilinear"]) == "Unknown('trilinear')"
    assert isinstance(named["unused"], Unused)
    assert lc.count(tree, lc.PARAMETERS).total == parameters_of(module)
    for convention in lc.CONVENTIONS:
        counted = lc.count(tree, lc.FLOPS, (4, 4), convention)
        assert not counted.complete
        assert "odd.trilinear" in {missing.path for missing in counted.not_counted}


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
def test_a_model_that_decides_by_shapes_is_followed_the_way_that_it_goes() -> None:
    from torch import nn

    kind = type(made("Deciding"))
    assert lc.table(lc.from_torch(kind(), (4,))).total.macs == 16
    tree = lc.from_torch(nn.Sequential(kind(), nn.ReLU()), (4,), opaque=(kind,))
    assert [repr(row.module) for row in lc.table(tree).rows] == ["Unknown('Deciding')", "ReLU()"]
    assert lc.count(tree, lc.PARAMETERS).total == 20


@torch_needed
def test_what_decides_by_values_is_refused_with_the_place_and_what_is_known() -> None:
    with pytest.raises(ModelError, match=r"Asking cannot be followed on shapes alone, after .*21 parameters"):
        lc.from_torch(made("Asking"), (4,))


@torch_needed
@pytest.mark.parametrize(("name", "shape"), [("StepsFirst", (7, 4)), ("MixesSamples", (4,))])
def test_a_model_whose_samples_do_not_stay_apart_is_refused(name: str, shape: tuple[int, ...]) -> None:
    said = rf"of {name} puts the samples of a batch together, .*batch_first=True"
    with pytest.raises(ModelError, match=said):
        lc.from_torch(made(name), shape)


# ---- nothing is lost: everything that runs is counted, and everything that is held


def flops_of(module: Any, *shapes: tuple[int, ...], tokens: bool = False) -> int:
    """What torch's own FlopCounterMode counts for one sample."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    kind = torch.long if tokens else torch.float32
    module = module.to("meta").eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(*(torch.empty((1, *shape), dtype=kind, device="meta") for shape in shapes))
    return int(counter.get_total_flops())


def exact(module: Any, *shapes: tuple[int, ...], tokens: bool = False) -> Any:
    """The tree of a module whose parameters and MACs are torch's, and of which nothing is unknown."""
    tree = lc.from_torch(module, shapes if len(shapes) > 1 else shapes[0])
    counted = lc.count(tree, lc.MACS, shapes if len(shapes) > 1 else shapes[0])
    assert lc.count(tree, lc.PARAMETERS).total == parameters_of(module)
    assert 2 * counted.total == flops_of(module, *shapes, tokens=tokens)
    assert not [leaf for _, leaf in tree.leaves() if isinstance(leaf, (Unknown, Unplaced))]
    return tree


@torch_needed
def test_both_halves_of_a_chunk_are_followed() -> None:
    module = made("Halves")
    assert parameters_of(module) == 244
    exact(module, (3, 5, 5))


def _first(given: Any) -> Any:
    return given[0]


def _second(given: Any) -> Any:
    return given[1]


@torch_needed
@pytest.mark.parametrize(
    ("several", "take"),
    [
        pytest.param(lambda x: x.chunk(3, 1), _second, id="chunk"),
        pytest.param(lambda x: x.split([1, 5], 1), _second, id="split"),
        pytest.param(lambda x: x.unflatten(1, (2, 3)).unbind(1), _second, id="unbind"),
        pytest.param(lambda x: x.max(1, keepdim=True), _first, id="max over an axis"),
        pytest.param(lambda x: x.topk(3, 1), _first, id="topk"),
        pytest.param(lambda x: x.sort(1), _first, id="sort"),
        pytest.param(
            lambda x: __import__("torch").nn.functional.max_pool2d(x, 2, return_indices=True),
            _first,
            id="pooling with indices",
        ),
        pytest.param(None, _first, id="a module that gives a tuple"),
    ],
)
def test_what_stands_above_something_that_gives_several_values_is_counted(several: Any, take: Any) -> None:
    import torch

    module = made("Several", several if several is not None else made("Pair"), take)
    with torch.no_grad():
        module(torch.zeros(1, 3, 6, 6))  # the last convolution learns how many channels arrive
    tree = lc.from_torch(module, (3, 6, 6))
    assert lc.count(tree, lc.PARAMETERS).total == parameters_of(module)
    assert 2 * lc.table(tree).total.macs == flops_of(module, (3, 6, 6))


@torch_needed
def test_a_branch_that_is_not_returned_runs_and_is_counted() -> None:
    tree = exact(made("Aside"), (4,))
    assert lc.count(tree, lc.PARAMETERS).total == 530
    assert {row.name.rpartition(".")[2] for row in lc.table(tree).rows} == {"main", "aside"}


@torch_needed
@pytest.mark.parametrize("way", ["by hand", "chunk", "torch", "einsum"])
def test_the_products_of_attention_are_counted_however_they_are_written(way: str) -> None:
    tree = exact(made("Attention", way), (5, 8))
    products = [row for row in lc.table(tree).rows if isinstance(row.module, lc.MatMul)]
    assert sum(row.macs for row in products) == 2 * 2 * 5 * 5 * 4  # scores and values, of two heads


@torch_needed
def test_torchs_own_attention_modules_are_followed_inside() -> None:
    from torch import nn

    class Self(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, x: Any) -> Any:
            return self.attention(x, x, x)[0]

    exact(Self(), (5, 8))
    exact(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), (5, 8))
    exact(nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2), (5, 8))


@torch_needed
def test_gates_that_scale_a_map_are_branches_that_are_multiplied() -> None:
    tree = exact(made("SqueezeExcitation"), (3, 6, 6))
    assert any(isinstance(child, lc.Parallel) and child.join == "multiply" for _, child in tree.children)
    same_values(made("SqueezeExcitation"), tree, (3, 6, 6))


@torch_needed
def test_a_weight_that_two_layers_share_counts_once() -> None:
    module = made("Tied")
    tree = exact(module, (3,), tokens=True)
    assert lc.count(tree, lc.PARAMETERS).total == 10 * 4 + 2 * 4 + 10


@torch_needed
def test_weights_that_functions_read_are_held_and_what_is_done_with_them_is_counted() -> None:
    tree = exact(made("Functional"), (3, 6, 6))
    assert lc.count(tree, lc.BUFFERS).total == 12
    rows = {row.name: row for row in lc.table(tree, batch=4).rows}
    assert sum(row.parameters for row in rows.values()) == parameters_of(made("Functional"))


@torch_needed
def test_computed_weights_are_held_as_the_model_holds_them() -> None:
    """torch.nn.utils.parametrize: 4 and 108 values, of which the 108 weights are made, and 4 biases."""
    from torch import nn
    from torch.nn.utils import parametrizations

    module = nn.Sequential(parametrizations.weight_norm(nn.Conv2d(3, 4, 3)), nn.ReLU())
    assert parameters_of(module) == 116
    exact(module, (3, 5, 5))


@torch_needed
def test_weights_that_a_hook_computes_are_held_as_the_model_holds_them() -> None:
    """torch.nn.utils.weight_norm, as it was before parametrizations: 4 lengths, 108 values, 4 biases."""
    from torch import nn

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        module = nn.Sequential(nn.utils.weight_norm(nn.Conv2d(3, 4, 3)), nn.ReLU())
    tree = lc.from_torch(module, (3, 5, 5))
    assert lc.count(tree, lc.PARAMETERS).total == parameters_of(module) == 116
    assert lc.count(tree, lc.MACS, (3, 5, 5)).total == 4 * 9 * 27


@torch_needed
def test_a_module_that_cannot_be_copied_is_refused_by_name() -> None:
    import threading

    from torch import nn

    module = nn.Sequential(nn.Linear(2, 2))
    module.lock = threading.Lock()
    with pytest.raises(ModelError, match=r"Sequential cannot be copied, .*lock"):
        lc.from_torch(module, (2,))


@torch_needed
def test_products_with_a_vector_are_counted() -> None:
    import torch
    from torch import nn

    class Vector(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.v = nn.Parameter(torch.zeros(4))

        def forward(self, x: Any) -> Any:
            return (x @ self.v) * self.v.dot(self.v)

    tree = lc.from_torch(Vector(), (5, 4))
    assert lc.table(tree).total.macs == 5 * 4 + 4
    assert lc.count(tree, lc.PARAMETERS).total == 4
    assert not [leaf for _, leaf in tree.leaves() if isinstance(leaf, Unknown)]


def _of(compute: Any) -> Any:
    from torch import nn

    class Computing(nn.Module):
        def forward(self, x: Any) -> Any:
            return compute(x)

    return Computing()


def _fold(x: Any) -> Any:
    """Four windows of 2x2 cells on a map of 3x3, of 5 channels: 80 values are added to 45."""
    return __import__("torch").nn.functional.fold(x.reshape(len(x), 5 * 4, 4), (3, 3), 2)


def _scattered(x: Any) -> Any:
    torch = __import__("torch")
    index = torch.zeros(x.shape, dtype=torch.long, device=x.device)
    return torch.zeros_like(x).scatter_add(1, index, x)


@torch_needed
@pytest.mark.parametrize(
    ("compute", "quantity", "amount"),
    [
        pytest.param(lambda x: x.argmax(1), lc.COMPARISONS, 16 * (5 - 1), id="argmax"),
        pytest.param(_fold, lc.ADDITIONS, 5 * 16, id="windows added where they overlap"),
        pytest.param(_scattered, lc.ADDITIONS, 5 * 16, id="values added to those of an index"),
    ],
)
def test_what_chooses_or_adds_while_it_moves_is_counted(compute: Any, quantity: Any, amount: int) -> None:
    """Not a silent zero: these look like moving values about, and compute."""
    tree = lc.from_torch(_of(compute), (5, 4, 4))
    counted = lc.count(tree, quantity, (5, 4, 4))
    assert (counted.total, counted.at_least) == (amount, False)


@torch_needed
def test_sorting_takes_so_many_comparisons_that_nobody_knows() -> None:
    assert lc.count(lc.from_torch(_of(lambda x: x.sort(1)[0]), (5, 4, 4)), lc.COMPARISONS, (5, 4, 4)).at_least


@torch_needed
def test_a_normalization_called_for_training_takes_the_batchs_own_statistics() -> None:
    import torch

    def called(training: bool) -> Any:
        mean, var = torch.zeros(5, device="meta"), torch.ones(5, device="meta")
        tree = lc.from_torch(
            _of(lambda x: torch.nn.functional.batch_norm(x, mean, var, training=training)), (5, 4, 4)
        )
        return next(row.module.at_work for row in lc.table(tree).rows if "batch_norm" in row.name)

    assert called(False).track_running_stats
    assert not called(True).track_running_stats


@torch_needed
def test_a_class_that_shares_a_name_with_torchs_is_not_taken_for_it() -> None:
    from torch import nn

    class LSTM(nn.Module):
        def forward(self, x: Any) -> Any:
            return x.flip(1)

    tree = lc.from_torch(nn.Sequential(LSTM(), nn.Linear(4, 2)), (3, 4), opaque=(LSTM,))
    assert [repr(row.module) for row in lc.table(tree).rows] == ["Unknown('LSTM')", "Linear(4, 2)"]


@torch_needed
def test_windows_that_share_an_axis_with_the_batch_are_counted_each() -> None:
    exact(made("Windows"), (3, 8, 8))


@torch_needed
def test_a_layer_that_runs_on_the_whole_and_on_windows_counts_its_parameters_once() -> None:
    exact(made("TwoWays"), (3, 8, 8))


@torch_needed
def test_a_model_of_two_inputs_takes_two_shapes() -> None:
    tree = exact(made("TwoInputs"), (3, 6, 6), (5,))
    assert tree.input_shape == ((3, 6, 6), (5,))
    assert lc.table(tree).total.macs == lc.table(tree, ((3, 6, 6), (5,))).total.macs


@torch_needed
def test_a_reader_that_loses_a_tensor_says_which_and_its_count_is_not_complete(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A rule that is wrong on purpose: every Linear without its bias."""
    from torch import nn

    from layercost.models import torch_modules

    monkeypatch.setitem(
        torch_modules.MODULES, "Linear", lambda m: lc.Linear(m.in_features, m.out_features, bias=False)
    )
    tree = lc.from_torch(nn.Sequential(nn.Linear(3, 4)), (3,))
    assert lc.count(tree, lc.PARAMETERS).total == 16
    assert [missing.layer for missing in lc.count(tree, lc.MACS, (3,)).not_counted] == ["Unknown"]


@torch_needed
def test_what_is_computed_where_nobody_looks_makes_a_count_incomplete() -> None:
    """A compiled function gives a tensor that no function gave; parameters it may have used have no place."""
    import torch
    from torch import nn

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        double = torch.jit.trace(lambda x: x @ torch.ones(4, 4), torch.ones(1, 4), check_trace=False)

    class Compiled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = nn.Linear(4, 4), nn.Linear(4, 2)
            self.spare = nn.Parameter(torch.zeros(3))

        def forward(self, x: Any) -> Any:
            return self.last(double(self.first(x)))

    tree = lc.from_torch(Compiled(), (4,))
    assert lc.count(tree, lc.PARAMETERS).total == parameters_of(Compiled())
    unplaced = [leaf for _, leaf in tree.leaves() if isinstance(leaf, Unplaced)]
    assert [repr(leaf) for leaf in unplaced] == ["Unplaced(spare)"]
    assert not lc.count(tree, lc.MACS, (4,)).complete


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

    with pytest.raises(lc.ShapeError, match=r"Sequential does not run on inputs of shape \(5,\) in 0: .*"):
        lc.from_torch(nn.Sequential(nn.Linear(4, 4)), (5,))
    with pytest.raises(ModelError, match=r"takes a torch.nn.Module, but got str"):
        lc.from_torch("resnet50", (3, 224, 224))


@torch_needed
def test_another_input_shape_is_refused_where_something_is_not_known() -> None:
    tree = lc.from_torch(made("Strange"), (4, 4))
    with pytest.raises(
        lc.ShapeError, match=r"odd.trilinear: trilinear was seen on shape \(4, 4\) .*read the model again"
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
