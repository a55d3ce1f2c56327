"""ONNX files turned into our tree. The shapes of weights are read, never the weights themselves.

Extra: ``onnx``. Data that a file keeps outside of itself need not exist.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from math import prod
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from layercost import layers as ours
from layercost.facts import Held
from layercost.layer import Layer, LayerError
from layercost.models.leaves import Rearranged, Unknown
from layercost.layers.model import Model
from layercost.models.tree import ModelError, Step, Steps, model, needed, shape_after
from layercost.shape import (
    ONNX_SAME_LOWER,
    ONNX_SAME_UPPER,
    ONNX_VALID,
    Shape,
    ShapeError,
    checked_sizes,
    shape_of,
)

BATCH = 7919  # a size that nothing else has, so that the batch's axis is known by it


def from_onnx(path: str | PathLike[str], input_shape: Iterable[object] | None = None) -> Model:
    """The tree of the model in an ONNX file, for an input of `input_shape` without the batch.

    Without `input_shape` it is the file's own. What is not known becomes `Unknown`, named as its operator.
    Raises ModelError that names the file where it is missing, broken, or leaves its input open.
    """
    onnx = needed("onnx", "from_onnx", '"layercost[onnx]"')
    file = Path(fspath(path))
    return _Reading(onnx, file, _loaded(onnx, file), input_shape).model()


def _loaded(onnx: Any, file: Path) -> Any:
    if not file.is_file():
        raise ModelError(f"{file}: there is no such file")
    try:
        proto = onnx.load(str(file), load_external_data=False)
    except Exception as error:  # what protobuf raises on other bytes depends on its version
        raise ModelError(f"{file} is not an ONNX file, or a broken one ({type(error).__name__})") from None
    if not proto.graph.node:
        raise ModelError(f"{file} is not an ONNX file, or one without any operator")
    return proto


# ---- operators -----------------------------------------------------------------------------------


class _Operator:
    """One node of the file: its attributes, its weights' shapes, and the shape that it reads."""

    def __init__(
        self, node: Any, attributes: dict[str, Any], weights: list[tuple[int, ...]], shape: Shape
    ) -> None:
        self.node, self.attributes, self.weights, self.shape = node, attributes, weights, shape

    def get(self, name: str, usual: Any) -> Any:
        """An attribute, or what it is where the file does not say."""
        found = self.attributes.get(name, usual)
        return float(f"{found:.7g}") if isinstance(found, float) else found  # as it was before float32

    @property
    def axes(self) -> int:
        """The axes over which a window slides."""
        return len(self.shape) - 1

    def placing(self) -> dict[str, Any]:
        """Padding, or the rule that finds it."""
        rule = self.get("auto_pad", b"NOTSET").decode()
        named = {"SAME_UPPER": ONNX_SAME_UPPER, "SAME_LOWER": ONNX_SAME_LOWER, "VALID": ONNX_VALID}
        if rule in named:
            return {"rule": named[rule]}
        pads = self.get("pads", [0] * 2 * self.axes)
        sides = tuple(zip(pads[: self.axes], pads[self.axes :], strict=True))
        even = all(before == after for before, after in sides)
        return {"padding": tuple(before for before, _ in sides) if even else sides}

    def window(self) -> dict[str, Any]:
        """Stride and dilation of a convolution."""
        ones = [1] * self.axes
        return {"stride": tuple(self.get("strides", ones)), "dilation": tuple(self.get("dilations", ones))}


class _NotOurs(Exception):
    """An operator with settings that none of our layers has."""


def _must(holds: bool) -> None:
    if not holds:
        raise _NotOurs


def _conv(op: _Operator) -> Layer:
    _must(bool(op.weights) and op.axes in (1, 2, 3))
    kind = (ours.Conv1d, ours.Conv2d, ours.Conv3d)[op.axes - 1]
    out_channels, channels, *kernel = op.weights[0]
    groups = op.get("group", 1)
    return kind(
        channels * groups, out_channels, tuple(kernel), groups=groups, bias=len(op.weights) > 1,
        **op.window(), **op.placing(),
    )  # fmt: skip


def _conv_transpose(op: _Operator) -> Layer:
    placing, groups = op.placing(), op.get("group", 1)
    _must(bool(op.weights) and op.axes == 2 and "output_shape" not in op.attributes and "rule" not in placing)
    _must(not any(isinstance(side, tuple) for side in placing["padding"]))
    channels, outputs, *kernel = op.weights[0]
    more = tuple(op.get("output_padding", [0, 0]))
    return ours.ConvTranspose2d(
        channels, outputs * groups, tuple(kernel), groups=groups, bias=len(op.weights) > 1,
        output_padding=more, **op.window(), **placing,
    )  # fmt: skip


def _gemm(op: _Operator) -> Layer:
    _must(bool(op.weights) and op.get("alpha", 1.0) == op.get("beta", 1.0) == 1.0 and not op.get("transA", 0))
    sizes = op.weights[0] if op.get("transB", 0) else op.weights[0][::-1]
    return ours.Linear(sizes[1], sizes[0], bias=len(op.weights) > 1)


def _matmul(op: _Operator) -> Layer:
    _must(len(op.weights) == 1 and len(op.weights[0]) == 2 and op.weights[0][0] == op.shape[-1])
    return ours.Linear(op.weights[0][0], op.weights[0][1], bias=False)


def _batch_norm(op: _Operator) -> Layer:
    _must(not op.get("training_mode", 0))
    kind = ours.BatchNorm2d if op.axes == 2 else ours.BatchNorm1d
    return kind(op.weights[0][0], eps=op.get("epsilon", 1e-5))


def _max_pool(op: _Operator) -> Layer:
    _must(op.axes == 2 and len([name for name in op.node.output if name]) == 1)
    return ours.MaxPool2d(
        tuple(op.get("kernel_shape", ())),
        ceil_mode=bool(op.get("ceil_mode", 0)),
        **op.window(),
        **op.placing(),
    )


def _avg_pool(op: _Operator) -> Layer:
    window = op.window()
    _must(op.axes == 2 and set(window.pop("dilation")) == {1})
    include = bool(op.get("count_include_pad", 0))
    return ours.AvgPool2d(
        tuple(op.get("kernel_shape", ())), ceil_mode=bool(op.get("ceil_mode", 0)), count_include_pad=include,
        **window, **op.placing(),
    )  # fmt: skip


def _global_avg_pool(op: _Operator) -> Layer:
    _must(op.axes == 2)
    return ours.AdaptiveAvgPool2d(1)


def _layer_norm(op: _Operator) -> Layer:
    return ours.LayerNorm(op.weights[0], op.get("epsilon", 1e-5), bias=len(op.weights) > 1)


def _group_norm(op: _Operator) -> Layer:
    return ours.GroupNorm(op.get("num_groups", 0), int(op.shape[0]), op.get("epsilon", 1e-5))


def _lrn(op: _Operator) -> Layer:
    return ours.LocalResponseNorm(
        op.get("size", 0), op.get("alpha", 1e-4), op.get("beta", 0.75), op.get("bias", 1.0)
    )


def _recurrent(op: _Operator) -> dict[str, Any]:
    """What LSTM, GRU and RNN share: `weights` are W, R and perhaps B, each with its directions first."""
    _must(len(op.weights) in (2, 3) and op.get("direction", b"forward") != b"reverse")
    _must("clip" not in op.attributes and not any(op.node.input[7:]))  # the last one looks inside the cell
    outputs = [bool(name) for name in op.node.output]
    return {
        "input_size": op.weights[0][2],
        "hidden_size": op.weights[1][2],
        "bias": len(op.weights) == 3,
        "bidirectional": op.weights[0][0] == 2,
        "return_sequences": outputs[0],
    }


def _lstm(op: _Operator) -> Layer:
    _must("activations" not in op.attributes and not op.get("input_forget", 0))
    return ours.LSTM(**_recurrent(op))


def _gru(op: _Operator) -> Layer:
    _must("activations" not in op.attributes)
    return ours.GRU(**_recurrent(op), reset_after=bool(op.get("linear_before_reset", 0)))


def _rnn(op: _Operator) -> Layer:
    used = {name.decode().lower() for name in op.get("activations", [b"Tanh"])}
    _must(len(used) == 1 and used <= {"tanh", "relu"})
    return ours.RNN(**_recurrent(op), nonlinearity=used.pop())


def _gelu(op: _Operator) -> Layer:
    return ours.GELU(op.get("approximate", b"none").decode())


def _plain(kind: type[Layer]) -> Callable[[_Operator], Layer]:
    """A layer without settings."""
    return lambda _: kind()


_OPERATORS: dict[str, Callable[[_Operator], Layer]] = {
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "BatchNormalization": _batch_norm,
    "LayerNormalization": _layer_norm,
    "GroupNormalization": _group_norm,
    "LRN": _lrn,
    "MaxPool": _max_pool,
    "AveragePool": _avg_pool,
    "GlobalAveragePool": _global_avg_pool,
    "LSTM": _lstm,
    "GRU": _gru,
    "RNN": _rnn,
    "Gelu": _gelu,
    "Relu": _plain(ours.ReLU),
    "Sigmoid": _plain(ours.Sigmoid),
    "Tanh": _plain(ours.Tanh),
    "Identity": _plain(ours.Identity),
    "Cast": _plain(ours.Identity),
    "Dropout": _plain(ours.Dropout),
    "LeakyRelu": lambda op: ours.LeakyReLU(op.get("alpha", 0.01)),
    "PRelu": lambda op: ours.PReLU(prod(op.weights[0])),
}
_RECURRENT = ("LSTM", "GRU", "RNN")
_MOVING = frozenset({
    "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Slice", "Gather", "Split", "Expand",
})  # fmt: skip
_OF_SHAPES = frozenset({"Shape", "Size"})  # they give sizes and no values of the network


class _Reading:
    """One file as it is read: the shapes of its weights and values, and the layers found so far."""

    def __init__(self, onnx: Any, file: Path, proto: Any, input_shape: Iterable[object] | None) -> None:
        self.onnx, self.file, self.graph = onnx, file, proto.graph
        self.weights = {one.name: tuple(one.dims) for one in self.graph.initializer}
        self.counted: set[str] = set()
        inputs = [one for one in self.graph.input if one.name not in self.weights]
        if len(inputs) != 1:
            names = ", ".join(one.name for one in inputs)
            raise ModelError(f"{file}: expected a model with one input, but this has {len(inputs)}: {names}")
        self.input = inputs[0]
        self.sizes = self._sizes(input_shape)
        self.batch = next(iter(self.input.type.tensor_type.shape.dim)).dim_value  # 0 where it is open
        self.seen = self._seen_shapes(proto)
        self.values = {self.input.name: ""}
        self.shapes: dict[str, Shape] = {"": shape_of(self.sizes, "from_onnx")}
        self.nodes: Steps = {}
        self.kept: dict[tuple[str, ...], Layer] = {}
        self.readers = Counter(name for node in self.graph.node for name in node.input)

    def model(self) -> Model:
        for node in self.graph.node:
            self._read(node)
        outputs = [one.name for one in self.graph.output if one.name in self.values]
        if len(outputs) != 1:
            raise ModelError(
                f"{self.file}: expected a model with one output, but this has {len(self.graph.output)}"
            )
        return model(
            self.nodes, self.values[outputs[0]], name=self.file.stem, source=str(self.file), input_shape=self.sizes
        )

    # ---- shapes

    def _sizes(self, given: Iterable[object] | None) -> tuple[int, ...]:
        if given is not None:
            return tuple(int(size) for size in checked_sizes(given))
        dims = list(self.input.type.tensor_type.shape.dim)[1:]
        if not dims or not all(dim.dim_value > 0 for dim in dims):
            names = ", ".join(str(dim.dim_value or dim.dim_param or "?") for dim in dims)
            raise ModelError(
                f"{self.file}: its input {self.input.name} leaves its sizes open ({names}); "
                "give them without the batch, as (3, 224, 224) or --input 3x224x224"
            )
        return tuple(dim.dim_value for dim in dims)

    def _seen_shapes(self, proto: Any) -> dict[str, tuple[int, ...]]:
        """The shape of every value with a batch of `BATCH`, as far as onnx can tell."""
        copy = self.onnx.ModelProto()
        copy.CopyFrom(proto)
        del copy.graph.value_info[:]
        value = next(one for one in copy.graph.input if one.name == self.input.name)
        kind = value.type.tensor_type.elem_type
        value.CopyFrom(self.onnx.helper.make_tensor_value_info(value.name, kind, [BATCH, *self.sizes]))
        for output in copy.graph.output:
            output.type.tensor_type.ClearField("shape")
        try:
            inferred = self.onnx.shape_inference.infer_shapes(copy, data_prop=True)
        except Exception as error:  # onnx raises its own kinds, and protobuf's
            raise ModelError(f"{self.file}: onnx cannot infer its shapes: {error}") from None
        known = {}
        for one in (*inferred.graph.value_info, *inferred.graph.output):
            dims = one.type.tensor_type.shape.dim
            if one.type.tensor_type.HasField("shape") and all(dim.HasField("dim_value") for dim in dims):
                known[one.name] = tuple(dim.dim_value for dim in dims)
        return known

    def _given(self, name: str) -> tuple[int, ...] | None:
        """The shape of a value without the batch, or None where onnx cannot tell."""
        sizes = self.seen.get(name)
        if sizes is None:
            return None
        with_batch = [at for at, size in enumerate(sizes) if size % BATCH == 0]
        if len(with_batch) == 1:
            (at,) = with_batch
            inner = (
                (sizes[at] // BATCH,) if sizes[at] > BATCH else ()
            )  # heads, or steps, are in one axis with it
            if sizes[0] == 1 and at > 0 and inner:  # a Reshape that names a batch of one
                return (*sizes[1:at], *inner, *sizes[at + 1 :])
            return (*sizes[:at], *inner, *sizes[at + 1 :])
        if sizes and sizes[0] == self.batch:  # a Reshape that names the file's own batch
            return sizes[1:]
        return None

    # ---- one node after the other

    def _read(self, node: Any) -> None:
        inputs = tuple(self.values[name] for name in node.input if name in self.values)
        if not inputs or node.op_type in _OF_SHAPES:  # sizes and constants
            self._keep_constant(node)
            return
        if self._is_bias_of_matmul(node, inputs) or self._is_silu(node, inputs):
            return
        layer = self._checked(node, self._layer(node, inputs), inputs)
        key = node.output[0] or next(name for name in node.output if name)
        self.nodes[key] = Step(self._name(node), layer, inputs)
        for name in filter(None, node.output):
            self.values[name] = key

    def _keep_constant(self, node: Any) -> None:
        """A constant's shape: those of initializers and of Constant alike."""
        for attribute in node.attribute:
            if node.op_type == "Constant" and attribute.name == "value":
                self.weights[node.output[0]] = tuple(attribute.t.dims)
        if node.op_type in ("Identity", "Cast", "DequantizeLinear") and node.input[0] in self.weights:
            self.weights[node.output[0]] = self.weights[node.input[0]]

    def _is_bias_of_matmul(self, node: Any, inputs: tuple[str, ...]) -> bool:
        """Whether an Add is the bias of the MatMul before it; then the two are one Linear."""
        before = self.nodes.get(inputs[0])
        constants = [name for name in node.input if name in self.weights]
        if node.op_type != "Add" or before is None or len(inputs) != 1 or len(constants) != 1:
            return False
        linear = before.layer
        if not isinstance(linear, ours.Linear) or linear.bias or self.readers[inputs[0]] != 1:
            return False
        if self.weights[constants[0]] != (linear.out_features,):
            return False
        self.counted.add(constants[0])
        whole = ours.Linear(linear.in_features, linear.out_features)
        self.nodes[inputs[0]] = before._replace(layer=whole)
        self.values[node.output[0]] = inputs[0]
        return True

    def _is_silu(self, node: Any, inputs: tuple[str, ...]) -> bool:
        """Whether a Mul is of a value and its own Sigmoid; then the two are one SiLU."""
        if node.op_type != "Mul" or len(inputs) != 2:
            return False
        for value, gate in (inputs, inputs[::-1]):
            before = self.nodes.get(gate)
            is_gate = before is not None and isinstance(before.layer, ours.Sigmoid)
            if before is not None and is_gate and before.inputs == (value,) and self.readers[gate] == 1:
                self.nodes[gate] = before._replace(layer=ours.SiLU())
                self.values[node.output[0]] = gate
                return True
        return False

    def _layer(self, node: Any, inputs: tuple[str, ...]) -> Layer:
        attributes = {one.name: self.onnx.helper.get_attribute_value(one) for one in node.attribute}
        names = node.input[:4] if node.op_type in _RECURRENT else node.input  # then come states to begin with
        weights = [self.weights[name] for name in names if name in self.weights]
        shape = self.shapes[inputs[0]]
        op = _Operator(node, attributes, weights, shape)
        try:
            if node.op_type == "Gather" and node.input[0] in self.weights:
                return ours.Embedding(*weights[0])
            if node.op_type in ("Add", "Sum", "Concat") and not weights:
                return self._join(op, inputs)
            if node.op_type in _MOVING:
                return self._moved(node, inputs)
            return self._shared(node, self._single(op, inputs))
        except (_NotOurs, LayerError, ShapeError, TypeError, IndexError):
            return self._unknown(node, inputs)

    def _shared(self, node: Any, layer: Layer) -> Layer:
        """Where two operators read the same weights, they are one layer that is called twice."""
        names = tuple(name for name in node.input if name in self.weights)
        first = self.kept.setdefault((node.op_type, *names), layer)
        return first if names and first == layer else layer

    def _single(self, op: _Operator, inputs: tuple[str, ...]) -> Layer:
        """An operator that reads one value."""
        kind = op.node.op_type
        _must(len(inputs) == 1)
        if kind == "Softmax":
            return self._softmax(op)
        if kind == "Clip":
            _must(self._limits(op) == (0.0, 6.0))
            return ours.ReLU6()
        if kind == "ReduceMean":
            return self._mean(op)
        _must(kind in _OPERATORS)
        return _OPERATORS[kind](op)

    def _join(self, op: _Operator, inputs: tuple[str, ...]) -> Layer:
        _must(len(inputs) == len(op.node.input))
        if op.node.op_type != "Concat":
            _must(len({self.shapes[key] for key in inputs}) == 1)
            return ours.Add(len(inputs))
        axis = op.get("axis", 1)
        place = (self._from_the_end(op, axis) if axis > 0 else axis) + len(op.shape)
        _must(axis != 0 and place >= 0)
        return ours.Concatenate(len(inputs), op.shape.axes[place])

    def _softmax(self, op: _Operator) -> Layer:
        axis = op.get("axis", -1)
        _must(axis != 0)
        return ours.Softmax(axis if axis < 0 else self._from_the_end(op, axis))

    def _from_the_end(self, op: _Operator, axis: int) -> int:
        """An axis of the file's, which counts the batch, counted from the last."""
        seen = self.seen.get(op.node.input[0])
        return axis - (len(op.shape) + 1 if seen is None else len(seen))

    def _limits(self, op: _Operator) -> tuple[float, ...]:
        """The limits of a Clip: attributes in old files, small constants in new ones."""
        if "min" in op.attributes:
            return (op.attributes["min"], op.attributes["max"])
        return tuple(self._number(name) for name in op.node.input[1:3])

    def _number(self, name: str) -> float:
        return float(self._array(name).reshape(-1)[0])

    def _array(self, name: str) -> Any:
        """A small constant; raises _NotOurs where it is none, or lies outside of the file."""
        nodes = self.graph.node
        found = {node.output[0]: one.t for node in nodes for one in node.attribute if one.name == "value"}
        found.update({one.name: one for one in self.graph.initializer})
        return self._read_array(found.get(name))

    def _read_array(self, found: Any) -> Any:
        _must(found is not None and found.data_location != self.onnx.TensorProto.EXTERNAL)
        return self.onnx.numpy_helper.to_array(found)

    def _mean(self, op: _Operator) -> Layer:
        given = op.get("axes", None)
        axes = given if given is not None else self._array(op.node.input[1]).tolist()
        _must(op.axes == 2 and {axis % 4 for axis in axes} == {2, 3})
        pool: Layer = ours.AdaptiveAvgPool2d(1)
        return pool if op.get("keepdims", 1) else ours.Sequential({"pool": pool, "flatten": ours.Flatten()})

    def _moved(self, node: Any, inputs: tuple[str, ...]) -> Layer:
        before, given = tuple(map(int, self.shapes[inputs[0]])), self._given(node.output[0])
        _must(given is not None and len(inputs) == 1)
        assert given is not None
        if given == before and node.op_type not in ("Slice", "Gather"):
            return ours.Identity()
        if given == (prod(before),) and node.op_type in ("Reshape", "Flatten", "Squeeze"):
            return ours.Flatten()
        return Rearranged(node.op_type, (before,), given)

    def _unknown(self, node: Any, inputs: tuple[str, ...]) -> Layer:
        """An operator that we do not know, with its weights; raises ModelError where its shape is open."""
        given = self._given(node.output[0])
        if given is None:
            raise ModelError(
                f"{self.file}: {node.op_type} {node.name} is not known, and onnx cannot tell the shape of "
                f"its output {node.output[0]}; the file's shapes may be open or depend on values"
            )
        floats = [name for name in node.input if name in self.weights and name not in self.counted]
        initial = {one.name for one in self.graph.initializer if one.data_type in (1, 10, 11, 16)}
        held = tuple(Held(name, prod(self.weights[name])) for name in floats if name in initial)
        self.counted.update(floats)
        taken = tuple(tuple(map(int, self.shapes[one])) for one in inputs)
        return Unknown(node.op_type, taken, given, held)

    def _checked(self, node: Any, layer: Layer, inputs: tuple[str, ...]) -> Layer:
        """The layer, if it gives the shape that onnx infers."""
        key = node.output[0] or next(name for name in node.output if name)
        given, recurrent = self._given(key), isinstance(layer, (ours.LSTM, ours.GRU, ours.RNN))
        try:
            shape = shape_after(layer, [(self.shapes[one], False) for one in inputs])
        except (ShapeError, LayerError, AttributeError):
            shape = None
        differs = given is not None and not recurrent and shape is not None and tuple(shape) != given
        if shape is None or differs:
            layer = self._unknown(node, inputs)
            shape = shape_of(layer.given, "from_onnx")  # type: ignore[attr-defined]
        self.shapes[key] = shape
        return layer

    def _name(self, node: Any) -> tuple[str, ...]:
        """The path of a node: of its weight, where that is named in PyTorch's way; else its own."""
        for name in node.input:
            if name in self.weights and name.endswith(".weight"):
                return tuple(name.split(".")[:-1])
        parts, before = list[str](), ""
        for part in filter(None, node.name.split("/")):
            parts.append(part.removeprefix(f"{before}.").replace(".", "_"))
            before = part
        named = tuple(filter(None, parts)) or (node.op_type.lower(),)
        has_weights = any(name in self.weights for name in node.input)
        return named[:-1] if has_weights and len(named) > 1 else named
