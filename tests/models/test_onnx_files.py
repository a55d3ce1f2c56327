"""Whole ONNX files: what they hold and multiply equals a plain count over their nodes, or is named.

The files are those that onnx itself ships, and models of many kinds as PyTorch's exporter writes them.
"""

from __future__ import annotations

import importlib
from math import prod
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx.backend.test.case.node import collect_testcases

import layercost as lc
from layercost.models import ModelError, Stored, Unknown, Unplaced, Unused, onnx_file
from layercost.models.onnx_functions import in_order
from layercost.models.onnx_values import Run
from tests.models import onnx_reference as reference

SHIPPED = Path(onnx.__file__).parent / "backend" / "test" / "data"
OWN = sorted(path for path in SHIPPED.glob("*/*/model.onnx") if "sequence" not in str(path))
LIGHT = sorted((SHIPPED / "light").glob("*.onnx"))


def leaves_of(tree: lc.Layer) -> list[lc.Layer]:
    """Every leaf layer, each once."""
    return list({id(layer): layer for _, layer in tree.leaves()}.values())


def values_held(tree: lc.Layer) -> int:
    """Parameters and buffers together."""
    return sum(int(held.size) for leaf in leaves_of(tree) for held in (*leaf.parameters(), *leaf.buffers()))


def sizes_in_full(path: Path) -> dict[str, tuple[int, ...]]:
    """The sizes that a file declares for its inputs, one in place of an open batch."""
    graph = onnx.load(str(path), load_external_data=False).graph
    held = {one.name for one in graph.initializer}
    inputs = [one for one in graph.input if one.name not in held]
    return {one.name: tuple(dim.dim_value or 1 for dim in one.type.tensor_type.shape.dim) for one in inputs}


def samples(tree: lc.layers.Model, sizes: dict[str, tuple[int, ...]]) -> int:
    """How many samples the file's own batch is; one, where the batch was read as a part of the sample."""
    first = next(iter(sizes.values()))
    given = tree.input_shape if len(sizes) == 1 else tree.input_shape[0]
    return first[0] if len(given) < len(first) else 1  # type: ignore[arg-type]


# ---- what onnx ships -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.parent.name)
def test_what_a_file_of_onnx_itself_holds_and_multiplies_is_counted(path: Path) -> None:
    sizes = sizes_in_full(path)
    tree = lc.from_onnx(path)
    total = lc.table(tree).total
    initial = sum(reference.held(path).values())
    assert values_held(tree) == initial or not initial
    assert total.macs * samples(tree, sizes) == reference.macs(path, sizes)


@pytest.mark.parametrize(
    "path", sorted(SHIPPED.glob("simple/test_sequence*/model.onnx")), ids=lambda p: p.parent.name
)
def test_a_sequence_of_tensors_is_refused_by_name(path: Path) -> None:
    given = {"X": (6,)} if path.parent.name.endswith("8") else None  # its sizes are open
    with pytest.raises(ModelError, match=r"Sequence.*a sequence of tensors"):
        lc.from_onnx(path, given)


@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.stem)
def test_a_network_whose_weights_an_operator_fills_holds_them_all_the_same(path: Path) -> None:
    tree = lc.from_onnx(path)
    assert lc.table(tree).total.macs == reference.macs(path, sizes_in_full(path))
    assert not any(isinstance(leaf, (Unknown, Unplaced)) for leaf in leaves_of(tree))


def test_resnet50_in_a_file_has_the_macs_and_parameters_of_the_published_one() -> None:
    (path,) = (path for path in LIGHT if "resnet50" in path.stem)
    read, published = (lc.table(net).total for net in (lc.from_onnx(path), lc.networks.resnet50()))
    assert (read.macs, read.parameters) == (published.macs, published.parameters)


# ---- single operators ----------------------------------------------------------------------------


def agree(case: Any, path: Path) -> bool:
    """Whether a single operator has the values and products that it should; true where it is not known."""
    path.write_bytes(case.model.SerializeToString())
    try:
        tree = lc.from_onnx(path)
    except ModelError:
        return True
    macs = lc.table(tree).total.macs
    if any(isinstance(leaf, Unknown) for leaf in leaves_of(tree)):
        return True
    given, (first, *_) = case.data_sets[0]
    names = [one.name for one in case.model.graph.input]
    sizes = {name: getattr(value, "shape", ()) for name, value in zip(names, given, strict=True)}
    shapes = tree.input_shape if len(sizes) > 1 else (tree.input_shape,)
    values = prod(map(int, tree.output_shape(*shapes))) * samples(tree, sizes)
    if prod(getattr(first, "shape", (0,))) not in (0, values):  # none, or a sequence
        return False
    counted = case.model.graph.node[0].op_type in reference.COUNTED
    return not counted or macs * samples(tree, sizes) == reference.macs(path, sizes)


@pytest.mark.filterwarnings("ignore")  # onnx divides by zero while it makes some of these
def test_every_single_operator_of_onnx_has_its_values_and_products_or_is_named(tmp_path: Path) -> None:
    cases = [case for case in collect_testcases(None) if case.model is not None]
    assert len(cases) > 1000
    assert [case.name for case in cases if not agree(case, tmp_path / "model.onnx")] == []


# ---- what PyTorch writes -------------------------------------------------------------------------

KINDS = (
    "squeeze-excitation", "channel shuffle", "vision transformer", "tied language model", "windows", "LSTM",
    "GRU", "last state", "decoder", "shared", "siamese", "cross attention", "normalized", "ConvNeXt",
    "frames", "signals", "volumes", "rotary", "bilinear", "Inception",
)  # fmt: skip
BATCHES = (None, 1, 2)  # open, or fixed


@pytest.fixture(scope="module")
def zoo() -> Any:
    """The models of onnx_zoo.py, which is imported only where PyTorch is."""
    return importlib.import_module("tests.models.onnx_zoo")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("onnx")


def exported(zoo: Any, folder: Path, name: str, batch: int | None) -> Path:
    path = folder / f"{name}-{batch}.onnx"
    if not path.exists():
        zoo.export(name, path, batch)
    return path


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")  # the exporter warns of its own successor
@pytest.mark.parametrize("batch", BATCHES, ids=("any batch", "batch 1", "batch 2"))
@pytest.mark.parametrize("name", KINDS)
def test_every_value_and_every_product_of_a_model_that_pytorch_writes_is_counted(
    name: str, batch: int | None, zoo: Any, folder: Path
) -> None:
    path = exported(zoo, folder, name, batch)
    tree = lc.from_onnx(path)
    assert values_held(tree) == sum(reference.held(path).values())
    sizes = {key: (batch or 1, *inner) for key, inner in zoo.ZOO[name].inputs.items()}
    assert lc.table(tree).total.macs * samples(tree, sizes) == reference.macs(path, sizes)
    assert not any(isinstance(leaf, (Unknown, Unplaced, Unused)) for leaf in leaves_of(tree))


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", KINDS)
def test_every_value_of_a_model_that_pytorch_writes_has_the_sizes_that_onnx_infers(
    name: str, zoo: Any, folder: Path
) -> None:
    path = exported(zoo, folder, name, None)
    inputs = {key: (2, *inner) for key, inner in zoo.ZOO[name].inputs.items()}
    inferred = reference.shapes_of(onnx.load(str(path)), inputs)
    with path.open("rb") as file:
        run = Run(in_order(onnx_file.read(file)), 17, inputs)
        assert {key: run.shapes.get(key) for key in inferred} == inferred


@pytest.mark.torch
def test_the_models_of_the_zoo_are_all_here(zoo: Any) -> None:
    assert set(zoo.ZOO) == set(KINDS)


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", KINDS)
def test_a_larger_batch_multiplies_what_depends_on_the_input(name: str, zoo: Any, folder: Path) -> None:
    """Three samples multiply three times as much as one."""
    tree = lc.from_onnx(exported(zoo, folder, name, None))
    sizes = {key: (3, *inner) for key, inner in zoo.ZOO[name].inputs.items()}
    counted = reference.macs(exported(zoo, folder, name, None), sizes)
    assert lc.table(tree, batch=3).total.macs == counted


UNSEEN = {
    "LSTM",
    "last state",
    "frames",
    "cross attention",
    "rotary",
}  # one call each on a CPU, which it skips


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [name for name in KINDS if name not in UNSEEN])
def test_a_file_multiplies_what_pytorch_counts_for_the_module(name: str, zoo: Any, folder: Path) -> None:
    tree = lc.from_onnx(exported(zoo, folder, name, None))
    assert 2 * lc.table(tree).total.macs == zoo.flops(name)


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")
def test_a_parameter_that_is_added_is_stored_and_named(zoo: Any, folder: Path) -> None:
    tree = lc.from_onnx(exported(zoo, folder, "vision transformer", None))
    stored = {leaf.what: leaf.given for leaf in leaves_of(tree) if isinstance(leaf, Stored)}
    assert stored["positions"] == (1, 17, 24)
    assert prod(stored["token"]) == 24
