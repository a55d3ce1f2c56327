"""onnx-tool: a price table for the operators of an exported ONNX graph.

The export is in evaluation mode and folds batch normalization into the layer before; the second dialect is
the export that keeps it. Nodes that cost nothing (Flatten, Constant, Identity, ...) are left out of `by_op`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from math import prod

from layercost.convention import Quantity
from layercost.dialects.dialect import Dialect, Native, Unreadable, by_type, known, register
from layercost.dialects.visit import Run, Visit, torch_parameters
from layercost.layer import Layer
from layercost.layers import (
    GELU,
    GRU,
    LSTM,
    RNN,
    AdaptiveAvgPool2d,
    Add,
    AvgPool2d,
    ConvTranspose2d,
    Embedding,
    GroupNorm,
    LayerNorm,
    LeakyReLU,
    Linear,
    LocalResponseNorm,
    MatMul,
    MaxPool2d,
    Multiply,
    PReLU,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
    fold,
)
from layercost.layers.convolution import Convolution
from layercost.layers.normalization import BatchNorm
from layercost.layers.recurrent import Recurrent
from layercost.message import Message

# The table: onnx_tool/node.py
ADD = MULTIPLY = COMPARE = 1
DIVIDE, SQUARE_ROOT, EXPONENTIAL = 4, 24, 32
TANH = EXPONENTIAL + 2 * ADD + DIVIDE
_BATCH_NORM = ADD + SQUARE_ROOT + DIVIDE + ADD + MULTIPLY
_INSTANCE_NORM = ADD + MULTIPLY + ADD + DIVIDE
_LAYER_NORM, _LAYER_NORM_ROW = 3 * MULTIPLY + 4 * ADD, ADD + SQUARE_ROOT + DIVIDE

Nodes = dict[str, int]
Exported = Callable[[Visit], Nodes]


def _each(**prices: int) -> Exported:
    """Nodes that cost so many for each value of the input."""
    return lambda visit: {name: price * visit.inputs for name, price in prices.items()}


def _linear(visit: Visit) -> Nodes:
    """A Gemm; where there are positions or no bias, a MatMul, and an Add."""
    if visit.has_bias and len(visit.input) == 1:
        return {"Gemm": visit.macs + visit.bias_adds}
    return {"MatMul": visit.macs, "Add": visit.bias_adds}


def _convolution(visit: Visit) -> Nodes:
    return {"Conv": visit.macs + visit.bias_adds}


def _transposed(visit: Visit) -> Nodes:
    """Outputs times the weight's axes after its first, which in a transposed convolution are outputs too."""
    layer = visit.layer
    assert isinstance(layer, ConvTranspose2d)
    kernel = layer.out_channels // layer.groups * prod(visit.kernel)
    return {"ConvTranspose": visit.outputs * kernel + visit.bias_adds}


def _pool(name: str) -> Exported:
    """Every cell of the nominal window, for each output."""
    return lambda visit: {name: prod(visit.kernel) * visit.outputs}


def _adaptive(visit: Visit) -> Nodes:
    if all(size == 1 for size in visit.output[1:]):
        return {"GlobalAveragePool": ADD * visit.inputs + DIVIDE * visit.outputs}
    sizes = list(zip(visit.input[1:], visit.output[1:], strict=True))
    if any(size % out for size, out in sizes):
        raise Unreadable(
            Message("an adaptive pooling whose windows differ in size cannot be exported to ONNX")
        )
    return {"AveragePool": visit.outputs * prod(size // out for size, out in sizes)}


def _group_norm(visit: Visit) -> Nodes:
    """An instance normalization of groups, scaled and shifted, by ones and zeros where nothing is trained."""
    scaled = {"Mul": visit.inputs, "Add": visit.inputs}
    return {"InstanceNormalization": _INSTANCE_NORM * visit.inputs, **scaled}


def _layer_norm(visit: Visit) -> Nodes:
    assert isinstance(visit.layer, LayerNorm)
    rows = visit.inputs // visit.layer.sizes[0]  # the tool reduces the first of the axes alone
    return {"LayerNormalization": _LAYER_NORM * visit.inputs + _LAYER_NORM_ROW * rows}


def _response_norm(_visit: Visit) -> Nodes:
    raise Unreadable(Message("onnx-tool stops at a LocalResponseNorm: its exported code holds an If"))


def _gelu(visit: Visit) -> Nodes:
    """Div, Erf (free), Add and Mul; by a tanh, the nodes of its formula."""
    assert isinstance(visit.layer, GELU)
    if visit.layer.approximate == "tanh":
        return _each(Tanh=2 * TANH, Add=2 * ADD, Mul=6 * MULTIPLY)(visit)
    return _each(Div=DIVIDE, Add=ADD, Mul=2 * MULTIPLY)(visit)


def _combined(visit: Visit) -> Nodes:
    layer = visit.layer
    assert isinstance(layer, (Add, Multiply))
    return {"Add" if isinstance(layer, Add) else "Mul": (layer.branches - 1) * visit.outputs}


def _recurrent(name: str, each: int) -> Exported:
    """Products and biases of every direction, and `each` a value of the state: of one direction only."""

    def nodes(visit: Visit) -> Nodes:
        layer = visit.layer
        assert isinstance(layer, Recurrent)
        if getattr(layer, "proj_size", 0):
            raise Unreadable(Message("torch.onnx does not export an LSTM that projects its state"))
        steps = visit.batch * visit.input[0]
        return {name: steps * (visit.parameters + each * layer.hidden_size * layer.num_layers)}

    return nodes


def _rnn(_visit: Visit) -> Nodes:
    raise Unreadable(Message("onnx-tool stops at a plain RNN: its node has no value_infer"))


_RULES: dict[type[Layer], Exported] = {
    Linear: _linear,
    Convolution: _convolution,
    ConvTranspose2d: _transposed,
    MaxPool2d: _pool("MaxPool"),
    AvgPool2d: _pool("AveragePool"),
    AdaptiveAvgPool2d: _adaptive,
    BatchNorm: _each(BatchNormalization=_BATCH_NORM),
    LayerNorm: _layer_norm,
    GroupNorm: _group_norm,
    LocalResponseNorm: _response_norm,
    ReLU: _each(Relu=COMPARE),
    ReLU6: _each(Clip=2 * COMPARE),
    LeakyReLU: _each(LeakyRelu=MULTIPLY + COMPARE),
    PReLU: _each(PRelu=COMPARE + MULTIPLY),
    Sigmoid: _each(Sigmoid=EXPONENTIAL),
    Tanh: _each(Tanh=2 * TANH),
    SiLU: _each(Sigmoid=EXPONENTIAL, Mul=MULTIPLY),
    GELU: _gelu,
    Softmax: _each(Softmax=EXPONENTIAL + DIVIDE),
    Add: _combined,
    Multiply: _combined,
    LSTM: _recurrent("LSTM", 4 * ADD + 3 * EXPONENTIAL + 2 * TANH + ADD + 3 * MULTIPLY),
    GRU: _recurrent("GRU", 3 * ADD + 2 * EXPONENTIAL + TANH + 2 * ADD + 3 * MULTIPLY),
    RNN: _rnn,
    Embedding: lambda _: {},
    MatMul: lambda visit: {"MatMul": visit.macs},
}
EXPORTED = by_type(_RULES)


def _nodes(visit: Visit) -> Nodes:
    exported = EXPORTED.get(type(visit.layer))
    return {} if exported is None else exported(visit)


def _price(visit: Visit) -> int:
    return sum(_nodes(visit).values())


# ---- parameters: what the file holds -----------------------------------------------------------


def _stored(run: Run) -> int:
    """The values of the file: equal ones are stored once, as the zeros and ones of fresh normalizations.

    Biases count as equal where the network's code sets them to zero, and where a folded normalization does.
    """
    total, constants = 0, set[tuple[str, int]]()
    for visit in run.called:
        layer = visit.layer
        if isinstance(layer, BatchNorm):
            constants |= {("one", layer.num_features), ("zero", layer.num_features)}
        elif isinstance(layer, (LayerNorm, GroupNorm)):
            names = ("one", "zero")
            constants |= {
                (name, int(held.size)) for name, held in zip(names, layer.parameters(), strict=False)
            }
        else:
            total += torch_parameters(layer)
            bias = dict(layer.parameters()).get("bias")
            if bias is not None and _is_zero(run, layer):
                total -= int(bias)
                constants.add(("zero", int(bias)))
    return total + sum(size for _, size in constants)


def _is_zero(run: Run, layer: Layer) -> bool:
    return type(layer).__name__ in run.context.starts_at_zero or getattr(layer, "is_folded", False)


def _folded(layer: Layer) -> Layer:
    """The tree as the exporter leaves it: it folds into convolutions alone; these are marked as folded."""
    folded = fold(layer, into=Convolution)
    before = {id(leaf) for _, leaf in layer.leaves()}
    for _, leaf in folded.leaves():
        if id(leaf) not in before:
            object.__setattr__(leaf, "is_folded", True)
    return folded


def _onnx_tool(run: Run) -> Native:
    by_operator: Counter[str] = Counter()
    for visit in run.visits:
        by_operator.update(_nodes(visit))
    named = {name: total for name, total in by_operator.items() if total}
    return {"graph.macs": sum(named.values()), "graph.params": _stored(run), "by_op": named}


ONNX_TOOL = register(
    Dialect(
        name="onnx-tool",
        version="1.0.1",
        source="onnx_tool/node.py",
        says=Message(
            "multiply-accumulates and biases of the exported graph, with batch normalization folded in, "
            "and a table for all else: an exponential 32, a quotient 4, a tanh 76"
        ),
        unit="MACs",
        price=_price,
        native=_onnx_tool,
        main=("graph.macs",),
        knows=known(EXPORTED),
        gives={Quantity.MACS: ("graph.macs",), Quantity.PARAMETERS: ("graph.params",)},
        aliases=("onnx_tool", "onnxtool", "onnx"),
        rewrites=_folded,
    )
)
ONNX_TOOL_UNFUSED = register(
    replace(
        ONNX_TOOL,
        name="onnx-tool(unfused)",
        says=Message("as onnx-tool, of an export that keeps batch normalization: 31 for each of its values"),
        aliases=("onnx-tool-unfused",),
        rewrites=lambda layer: layer,
    )
)
