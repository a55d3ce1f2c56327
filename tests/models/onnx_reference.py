"""What an ONNX file holds and multiplies, counted in the plainest way: over its nodes, by shapes.

Nothing of the library is used here. Shapes come from onnx's own inference over the whole file, for a batch of
one and no open sizes; where it leaves the shape of a product open, the file is run on zeros.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod
from pathlib import Path
from typing import Any, TypeAlias

import onnx
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

Sizes: TypeAlias = tuple[int, ...]
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
COUNTED = (
    "Conv",
    "ConvInteger",
    "QLinearConv",
    "ConvTranspose",
    "MatMul",
    "Gemm",
    "MatMulInteger",
    "Einsum",
    *GATES,
)
FLOATS = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE)


def held(path: Path) -> dict[str, int]:
    """Every float initializer with how many values it has; those of a Resize or a Clip are settings."""
    graph = onnx.load(str(path), load_external_data=False).graph
    settings = {name for node in graph.node if node.op_type in ("Resize", "Clip") for name in node.input[1:]}
    return {
        one.name: prod(one.dims)
        for one in graph.initializer
        if one.data_type in FLOATS and one.name not in settings
    }


def macs(path: Path, inputs: Mapping[str, Sizes]) -> int:
    """The multiply-accumulates of convolutions, matrix products and recurrent layers, for a batch of one."""
    proto = onnx.load(str(path), load_external_data=False)
    if proto.functions:
        proto = onnx.inliner.inline_local_functions(proto)
    shapes = shapes_of(proto, inputs)
    return sum(_products(node, shapes) for node in proto.graph.node)


def _products(node: Any, shapes: Mapping[str, Sizes]) -> int:
    kind = node.op_type
    if kind in ("Conv", "ConvInteger"):
        return prod(shapes[node.output[0]]) * prod(shapes[node.input[1]][1:])
    if kind == "QLinearConv":
        return prod(shapes[node.output[0]]) * prod(shapes[node.input[3]][1:])
    if kind == "ConvTranspose":
        return prod(shapes[node.input[0]]) * prod(shapes[node.input[1]][1:])
    if kind in ("MatMul", "Gemm", "MatMulInteger"):
        turned = any(one.name == "transA" and one.i for one in node.attribute)
        return prod(shapes[node.output[0]]) * shapes[node.input[0]][-2 if turned else -1]
    if kind in GATES:
        steps = shapes[node.input[0]][0] * shapes[node.input[0]][1]
        return steps * (prod(shapes[node.input[1]]) + prod(shapes[node.input[2]]))
    if kind == "Einsum":
        return _einsum(node, shapes)
    assert kind not in ("Attention", "QLinearMatMul", "Loop", "Scan", "If"), f"{kind} is not counted here"
    return 0


def _einsum(node: Any, shapes: Mapping[str, Sizes]) -> int:
    """A multiply-accumulate for each combination of all indices."""
    equation = next(one.s.decode() for one in node.attribute if one.name == "equation").replace(" ", "")
    sizes: dict[str, int] = {}
    for indices, name in zip(equation.split("->")[0].split(","), node.input, strict=True):
        sizes.update(zip(indices, shapes[name], strict=True))
    return prod(sizes.values())


def shapes_of(proto: Any, inputs: Mapping[str, Sizes]) -> dict[str, Sizes]:
    """The shape of every value."""
    del proto.graph.value_info[:]
    for one in proto.graph.input:
        if one.name in inputs:
            kind = one.type.tensor_type.elem_type
            one.CopyFrom(onnx.helper.make_tensor_value_info(one.name, kind, inputs[one.name]))
    for one in proto.graph.output:
        one.type.tensor_type.ClearField("shape")
    inferred = onnx.shape_inference.infer_shapes(proto, data_prop=True).graph
    shapes = {one.name: tuple(one.dims) for one in inferred.initializer}
    for one in (*inferred.value_info, *inferred.output, *inferred.input):
        dims = one.type.tensor_type.shape.dim
        if one.type.tensor_type.HasField("shape") and all(dim.HasField("dim_value") for dim in dims):
            shapes.setdefault(one.name, tuple(dim.dim_value for dim in dims))
    products = [node for node in proto.graph.node if node.op_type in ("Conv", "MatMul", "Gemm", *GATES)]
    if any(name not in shapes for node in products for name in (*node.input[:2], node.output[0]) if name):
        return _shapes_of_a_run(proto, inputs)
    return shapes


def _shapes_of_a_run(proto: Any, inputs: Mapping[str, Sizes]) -> dict[str, Sizes]:
    """The shape of every value, from a run on zeros."""
    import numpy

    names = [name for node in proto.graph.node for name in node.output if name]
    del proto.graph.output[:]
    proto.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    kinds = {one.name: one.type.tensor_type.elem_type for one in proto.graph.input}
    zeros = {
        name: numpy.zeros(sizes, onnx.helper.tensor_dtype_to_np_dtype(kinds[name]))
        for name, sizes in inputs.items()
    }
    found: Iterable[Any] = ReferenceEvaluator(proto).run(None, zeros)
    shapes = {one.name: numpy_helper.to_array(one).shape for one in proto.graph.initializer}
    shapes.update(inputs)
    shapes.update({name: tuple(value.shape) for name, value in zip(names, found, strict=True)})
    return shapes
