"""Sizes and small constants of ONNX files: what is inferred and computed is what onnx infers and computes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy
import onnx
import pytest
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases

from layercost.models import onnx_file
from layercost.models.onnx_functions import in_order
from layercost.models.onnx_numbers import EVALUATORS
from layercost.models.onnx_values import Run

SHIPPED = Path(onnx.__file__).parent / "backend" / "test" / "data"


def run_of(model: Any, inputs: dict[str, tuple[int, ...]]) -> Run:
    """The values of a model as they are followed here."""
    proto = onnx_file.read(io.BytesIO(model.SerializeToString()))
    return Run(in_order(proto), proto.opsets.get("", 1), inputs)


# ---- every operator, with the values that onnx itself expects -------------------------------------


@cache
def cases() -> list[Any]:
    """The models of single operators that onnx has, with what they give for which inputs."""
    return [case for case in collect_testcases(None) if case.model is not None]


def plain(case: Any) -> bool:
    """Whether a case is of dense tensors, whose inputs can be known, and gives the same each time."""
    given, expected = case.data_sets[0]
    graph, tensors = case.model.graph, (*given, *expected)
    return (
        all(isinstance(one, (numpy.ndarray, numpy.generic)) and one.dtype.kind in "fiub" for one in tensors)
        and len(expected) == len(graph.output)
        and not graph.sparse_initializer
        and not {node.op_type for node in graph.node} & {"Bernoulli", "RandomUniformLike", "RandomNormalLike"}
    )


def with_known_inputs(case: Any) -> Any:
    """The model with its inputs as initializers."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    given, _ = case.data_sets[0]
    names = [one.name for one in model.graph.input]
    del model.graph.input[:]
    for name, value in zip(names, given, strict=True):
        model.graph.initializer.append(numpy_helper.from_array(numpy.asarray(value), name))
    for one in model.graph.output:
        one.type.tensor_type.ClearField("shape")
    return model


def results(case: Any) -> Iterator[tuple[str, Any, Run]]:
    """Each output by name, what onnx expects of it, and what is known here."""
    run = run_of(with_known_inputs(case), {})
    _, expected = case.data_sets[0]
    for output, value in zip(case.model.graph.output, expected, strict=True):
        yield output.name, value, run


def open_operators(graph: Any, run: Run) -> set[str]:
    """The operators of which it is not known what they give, though it is known what they read."""
    return {
        node.op_type
        for node in graph.node
        if any(name not in run.shapes for name in node.output if name)
        and all(name in run.shapes for name in node.input if name)
    }


@pytest.mark.filterwarnings("ignore")  # onnx divides by zero while it makes some of these
def test_the_sizes_that_every_operator_gives_are_those_that_onnx_expects() -> None:
    wrong, told, open_ = [], 0, set()
    for case in filter(plain, cases()):
        for name, value, run in results(case):
            found = run.shapes.get(name)
            told += found is not None
            if found is None:
                open_.update(open_operators(case.model.graph, run))
            elif found != value.shape:
                wrong.append((case.name, name, found, value.shape))
    assert wrong == []
    assert told > 1000
    assert open_ <= OPEN


OPEN = {
    "Loop", "Scan", "NonMaxSuppression", "ImageDecoder", "OptionalGetElement", "Unique", "FlexAttention",
    "Adam", "Adagrad", "Momentum", "TreeEnsemble", "ArrayFeatureExtractor", "Binarizer",
}  # fmt: skip
"""Operators whose sizes are taken from what the file declares, or are not known."""


@pytest.mark.filterwarnings("ignore")
def test_the_numbers_that_are_computed_are_those_that_onnx_expects() -> None:
    wrong, computed = [], set()
    for case in filter(plain, cases()):
        for name, value, run in results(case):
            numbers = run.numbers(name)
            if numbers is None:
                continue
            computed.update(node.op_type for node in case.model.graph.node)
            rows = numpy.array(numbers).astype(value.dtype).reshape(value.shape)
            if not numpy.allclose(rows, value, rtol=1e-4, atol=1e-5, equal_nan=True):
                wrong.append(case.name)
    assert wrong == []
    assert set(EVALUATORS) - computed == set()


# ---- whole files ---------------------------------------------------------------------------------


def inferred_by_onnx(model: Any) -> dict[str, tuple[int, ...]]:
    """The sizes of every value of which onnx's own inference knows them."""
    graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    found = {}
    for one in (*graph.value_info, *graph.output):
        dims = one.type.tensor_type.shape.dim
        if one.type.tensor_type.HasField("shape") and all(dim.HasField("dim_value") for dim in dims):
            found[one.name] = tuple(dim.dim_value for dim in dims)
    return found


@pytest.mark.parametrize("path", sorted((SHIPPED / "light").glob("*.onnx")), ids=lambda path: path.stem)
def test_every_value_of_a_network_has_the_sizes_that_onnx_infers(path: Path) -> None:
    model = onnx.load(str(path), load_external_data=False)
    held = {one.name for one in model.graph.initializer}
    inputs = {
        one.name: tuple(dim.dim_value for dim in one.type.tensor_type.shape.dim)
        for one in model.graph.input
        if one.name not in held
    }
    del model.graph.value_info[:]
    run = run_of(model, inputs)
    inferred = inferred_by_onnx(model)
    assert len(inferred) >= len(model.graph.node) - 5
    assert {name: run.shapes.get(name) for name in inferred} == inferred
    assert run.reasons == {}
