"""What an ONNX file's values are before anything is counted: their shapes, and small constants' numbers.

Shapes are followed node by node, as onnx infers them; what follows from shapes and constants alone (the
sizes of a Reshape, say) is computed, so that an inference that needs it is not left in the dark.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from math import prod
from typing import Any, TypeAlias

Sizes: TypeAlias = tuple[int, ...]

FLOATS = frozenset(
    {1, 10, 11, 16, 17, 18, 19, 20, 23, 24}
)  # float32, float16, float64, bfloat16, smaller ones
BYTES = frozenset({2, 3, 21, 22, 25, 26})  # whole numbers of at most 8 bits: weights of a quantised model
MOST_VALUES = 1 << 16  # of a constant that is computed with; of a larger one the shape is enough
_CHANCE = frozenset({
    "RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Multinomial", "Bernoulli",
})  # fmt: skip
_LIKE_THE_FIRST = frozenset({
    "FastGelu", "QuickGelu", "BiasGelu", "Gelu", "BiasSplitGelu", "SkipLayerNormalization",
    "SkipSimplifiedLayerNormalization", "SimplifiedLayerNormalization", "RotaryEmbedding", "GroupNorm",
    "QLinearSigmoid", "QLinearLeakyRelu", "LayerNormalization", "MultiHeadAttention",
})  # fmt: skip


class Run:
    """One pass over the nodes for inputs of known sizes: `shapes` and element `kinds` by name.

    A value whose shape cannot be told is missing from `shapes`; `reasons` has what onnx said of its node.
    """

    def __init__(self, onnx: Any, proto: Any, inputs: Mapping[str, Sizes], kinds: Mapping[str, int]) -> None:
        self.onnx, self.proto = onnx, proto
        self.shapes: dict[str, Sizes] = dict(inputs)
        self.kinds: dict[str, int] = dict(kinds)
        self.reasons: dict[str, str] = {}
        self._tensors: dict[str, Any] = {}
        self._arrays: dict[str, Any] = {}
        self._opsets = {one.domain: one.version for one in proto.opset_import}
        self._declared = {one.name: one for one in (*proto.graph.value_info, *proto.graph.output)}
        self.read(proto.graph)

    def read(self, graph: Any) -> None:
        """All initializers and nodes of a graph, or of a branch."""
        for tensor in graph.initializer:
            self._hold(tensor.name, tensor)
        for node in graph.node:
            self._follow(node)

    def array(self, name: str) -> Any:
        """The numbers of a small constant; None of anything else."""
        if name not in self._arrays and name in self._tensors:
            self._arrays[name] = self.onnx.numpy_helper.to_array(self._tensors.pop(name))
        return self._arrays.get(name)

    def is_known(self, name: str) -> bool:
        """Whether the numbers of a value are known."""
        return name in self._arrays or name in self._tensors

    def branch(self, node: Any) -> Any:
        """The branch of an If that is taken, where its condition is a constant; else None."""
        condition = self.array(node.input[0])
        if node.op_type != "If" or condition is None:
            return None
        wanted = "then_branch" if condition.reshape(-1)[0] else "else_branch"
        return next(one.g for one in node.attribute if one.name == wanted)

    # ---- one node

    def _follow(self, node: Any) -> None:
        branch = self.branch(node) if node.op_type == "If" else None
        if branch is not None:
            self._take(branch, node)
        elif node.op_type == "If":
            self._agree(node)
        elif node.op_type == "Constant":
            self._hold(node.output[0], constant(self.onnx, node))
        elif node.op_type == "Shape" and node.input[0] in self.shapes:
            self._keep_sizes(node)
        else:
            self._infer(node)
            self._compute(node)

    def _take(self, branch: Any, node: Any) -> None:
        """The branch that is taken, and its values as the node's own."""
        self.read(branch)
        for inner, outer in zip((one.name for one in branch.output), node.output, strict=True):
            if inner in self.shapes:
                self.shapes[outer], self.kinds[outer] = self.shapes[inner], self.kinds[inner]
            if self.is_known(inner):
                self._arrays[outer] = self.array(inner)

    def _agree(self, node: Any) -> None:
        """The shapes that both branches of an If give, where these are the same."""
        given = []
        for branch in (one.g for one in node.attribute):
            self.read(branch)
            given.append([(self.shapes.get(one.name), self.kinds.get(one.name, 1)) for one in branch.output])
        for name, first, second in zip(node.output, *given, strict=True):
            if first == second and first[0] is not None:
                self.shapes[name], self.kinds[name] = first[0], first[1]
            else:
                self.reasons[name] = "its branches differ, and its condition depends on the input"

    def _hold(self, name: str, tensor: Any) -> None:
        if tensor is None:
            return
        self.shapes[name], self.kinds[name] = tuple(tensor.dims), tensor.data_type
        outside = tensor.data_location == self.onnx.TensorProto.EXTERNAL
        if prod(tensor.dims) <= MOST_VALUES and not outside and tensor.data_type != 8:
            self._tensors[name] = tensor

    def _keep_sizes(self, node: Any) -> None:
        """What Shape gives, from `start` to `end`."""
        limits = {one.name: one.i for one in node.attribute}
        sizes = self.shapes[node.input[0]][limits.get("start") : limits.get("end")]
        self._hold(node.output[0], self.onnx.helper.make_tensor("", 7, [len(sizes)], sizes))

    def _infer(self, node: Any) -> None:
        """The shapes that onnx infers for what a node gives."""
        try:
            found = self._schema_says(node)
        except Exception as error:  # onnx raises kinds of its own, and protobuf's
            self.reasons[node.output[0]] = " ".join(str(error).split())
            found = {}
        for name in filter(None, node.output):
            kind, sizes = _plain(found.get(name))
            if found.get(name) is not None and found[name].HasField("sequence_type"):
                self.reasons[name] = "a sequence of tensors, of which nothing is counted"
            self.kinds[name] = kind or self.kinds.get(next(iter(node.input), ""), 1)
            if sizes is None:
                sizes = self._otherwise(node, name)
            if sizes is not None and self._is_possible(node, sizes):
                self.shapes[name] = sizes

    def _is_possible(self, node: Any, sizes: Sizes) -> bool:
        """Whether a Reshape keeps as many values as there are: a file may name a batch of its own."""
        before = self.shapes.get(node.input[0]) if node.op_type == "Reshape" else None
        if before is None or prod(before) == prod(sizes):
            return True
        self.reasons[node.output[0]] = (
            f"it reshapes {before} to {sizes}, as the file was made for another batch"
        )
        return False

    def _schema_says(self, node: Any) -> Mapping[str, Any]:
        domain = "" if node.domain == "ai.onnx" else node.domain
        schema = self.onnx.defs.get_schema(node.op_type, self._opsets.get(domain, 1), domain)
        names = [name for name in node.input if name]
        kinds = {name: self._type(name) for name in names}
        known = {name: self._as_tensor(name) for name in names if self.is_known(name)}
        infer = self.onnx.shape_inference.infer_node_outputs
        found: Mapping[str, Any] = infer(
            schema, node, kinds, known,
            opset_imports=list(self.proto.opset_import), ir_version=self.proto.ir_version,
        )  # fmt: skip
        return found

    def _type(self, name: str) -> Any:
        return self.onnx.helper.make_tensor_type_proto(self.kinds.get(name, 1), self.shapes.get(name))

    def _as_tensor(self, name: str) -> Any:
        if name in self._tensors:
            return self._tensors[name]
        return self.onnx.numpy_helper.from_array(self._arrays[name], name)

    def _otherwise(self, node: Any, name: str) -> Sizes | None:
        """A shape that onnx does not infer: of operators without a schema, or one that is declared."""
        first = self.shapes.get(node.input[0]) if node.input else None
        if first is not None and node.domain == "com.microsoft":
            sizes = self._of_microsoft(node, name, first)
            if sizes is not None:
                return sizes
        declared = self._declared.get(name)
        return None if declared is None else _plain(declared.type)[1]

    def _of_microsoft(self, node: Any, name: str, first: Sizes) -> Sizes | None:
        """The shapes of operators that onnxruntime adds to the standard's own."""
        if node.op_type == "DynamicQuantizeLSTM" and node.input[1] in self.shapes:
            steps, batch, _ = first
            directions, _, columns = self.shapes[node.input[1]]
            state = (directions, batch, columns // 4)
            return (steps, *state) if name == node.output[0] else state
        if name != node.output[0]:
            return None
        if node.op_type in _LIKE_THE_FIRST:
            return first
        if node.op_type in ("FusedMatMul", "TransposeMatMul"):
            second = self.shapes.get(node.input[1])
            turned = any(one.name == "transB" and one.i for one in node.attribute)
            if second is not None and len(second) > 1:
                return (*first[:-1], second[-2] if turned else second[-1])
        if node.op_type == "Attention" and node.input[1] in self.shapes:
            return (*first[:-1], self.shapes[node.input[1]][-1] // 3)
        return None

    def _compute(self, node: Any) -> None:
        """What a node gives, where all that it reads is known and small."""
        names = [name for name in node.input if name]
        if (
            node.op_type in _CHANCE
            or node.domain not in ("", "ai.onnx")
            or not all(map(self.is_known, names))
        ):
            return
        if any(one.type in (5, 10) for one in node.attribute) or self._is_large(node):
            return
        for name, array in self._outcome(node, names):
            if hasattr(array, "shape") and array.size <= MOST_VALUES:
                self._arrays[name], self.shapes[name] = array, tuple(map(int, array.shape))
                self.kinds[name] = self.onnx.helper.np_dtype_to_tensor_dtype(array.dtype)

    def _is_large(self, node: Any) -> bool:
        return any(prod(self.shapes.get(name, ())) > MOST_VALUES for name in node.output)

    def _outcome(self, node: Any, names: list[str]) -> Iterable[tuple[str, Any]]:
        """The values that onnx's own evaluator gives; none where it cannot."""
        helper = self.onnx.helper
        values = [helper.make_tensor_value_info(name, self.kinds[name], self.shapes[name]) for name in names]
        outputs = [self.onnx.ValueInfoProto(name=name) for name in node.output if name]
        graph = helper.make_graph([node], "constant", values, outputs)
        model = helper.make_model(graph, opset_imports=list(self.proto.opset_import))
        evaluator = importlib.import_module("onnx.reference").ReferenceEvaluator
        try:
            found = evaluator(model).run(None, {name: self.array(name) for name in names})
        except Exception:  # an operator that the evaluator lacks; then its shape has to be enough
            return ()
        return zip((one.name for one in outputs), found, strict=True)


def constant(onnx: Any, node: Any) -> Any:
    """What a Constant gives, as a tensor; None for texts and sparse ones."""
    helper, (attribute,) = onnx.helper, node.attribute
    match attribute.name:
        case "value":
            return attribute.t
        case "value_float":
            return helper.make_tensor("", 1, [], [attribute.f])
        case "value_floats":
            return helper.make_tensor("", 1, [len(attribute.floats)], attribute.floats)
        case "value_int":
            return helper.make_tensor("", 7, [], [attribute.i])
        case "value_ints":
            return helper.make_tensor("", 7, [len(attribute.ints)], attribute.ints)
    return None


def _plain(kind: Any) -> tuple[int, Sizes | None]:
    """The element kind and the sizes of a type; None for sizes that are not all known."""
    if kind is None or not kind.HasField("tensor_type"):
        return 0, None
    tensor = kind.tensor_type
    if not tensor.HasField("shape") or not all(dim.HasField("dim_value") for dim in tensor.shape.dim):
        return tensor.elem_type, None
    return tensor.elem_type, tuple(dim.dim_value for dim in tensor.shape.dim)
