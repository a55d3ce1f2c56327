"""Keras's parameter counts, and TensorFlow's profiler of floating-point operations.

The model is read as the Keras layers of the same names: one bias vector in an LSTM, two in a GRU that resets
after, a slope for each value in a PReLU, and moving averages among the parameters of batch normalization.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from math import prod

from layercost.convention import Quantity
from layercost.dialects.dialect import Dialect, Native, by_type, register
from layercost.dialects.visit import Run, Visit
from layercost.layer import Layer
from layercost.layers import (
    GELU,
    GRU,
    LSTM,
    RNN,
    AdaptiveAvgPool2d,
    Add,
    AvgPool2d,
    Conv3d,
    ConvTranspose2d,
    Dropout,
    Embedding,
    Flatten,
    Identity,
    Linear,
    MaxPool2d,
    PReLU,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from layercost.layers.convolution import Convolution
from layercost.layers.normalization import BatchNorm
from layercost.layers.recurrent import Recurrent
from layercost.message import Message

_BYTES = 4  # of a float32

# ---- parameters --------------------------------------------------------------------------------


def _trained(visit: Visit) -> int:
    """The values that Keras's layer trains."""
    layer = visit.call.layer  # of weights that two layers share, the second holds what is left
    if isinstance(layer, Recurrent):
        return _recurrent_values(layer)
    if isinstance(layer, PReLU):
        return prod(visit.input)
    return sum(int(held.size) for held in layer.parameters())


def _recurrent_values(layer: Recurrent) -> int:
    """Weights of the cells, and one bias vector; two where a GRU resets after."""
    weights = sum(int(held.size) for held in layer.parameters() if held.name.startswith("weight"))
    vectors = 2 if isinstance(layer, GRU) and layer.reset_after else 1
    cells = len(tuple(layer.cells()))
    return weights + (vectors * cells * layer.gates * layer.hidden_size if layer.bias else 0)


def _readable(values: int) -> str:
    """A size as Keras writes it: units of 1024 that it calls KB and MB."""
    size, units = float(values * _BYTES), ["B", "KB", "MB", "GB", "TB"]
    while size >= 1024 and len(units) > 1:
        size, units = size / 1024, units[1:]
    return f"{values:,} ({size:.2f} {units[0]})"


def _parameters(run: Run) -> Native:
    trained = sum(map(_trained, run.called))
    kept = sum(int(held.size) for visit in run.called for held in visit.call.layer.buffers())
    return {
        "count_params": trained + kept,
        "trainable": trained,
        "non_trainable": kept,
        "summary_total_line": _readable(trained + kept),
    }


KERAS = register(
    Dialect(
        name="keras",
        version="3.15.1",
        source="keras/src/layers/layer.py, utils/summary_utils.py",
        says=Message(
            "parameters, the moving mean and variance of batch normalization among them (4 a channel), "
            "and bytes in units of 1024 that it calls KB and MB"
        ),
        unit="parameters",
        price=_trained,
        native=_parameters,
        main=("count_params",),
        knows=None,  # one rule for all: the values that a layer holds
        quantity=Quantity.PARAMETERS,
        aliases=("count_params", "keras.count_params"),
    )
)

# ---- operations --------------------------------------------------------------------------------

Operations = dict[str, int]
Graph = Callable[[Visit], Operations]


def _with_bias(name: str) -> Graph:
    return lambda visit: {name: 2 * visit.macs, "BiasAdd": visit.bias_adds}


def _convolution(visit: Visit) -> Operations:
    """A depthwise convolution has an operator of its own; a grouped one is not counted on the CPU."""
    layer = visit.layer
    assert isinstance(layer, Convolution)
    name, products = "Conv2D", 2 * visit.macs
    if 1 < layer.groups == layer.in_channels:
        name = "DepthwiseConv2dNative"
    elif layer.groups > 1 or isinstance(layer, Conv3d):  # no statistics are registered for it
        products = 0
    return {name: products, "BiasAdd": visit.bias_adds}


def _pool(name: str) -> Graph:
    def operations(visit: Visit) -> Operations:
        return {name: prod(visit.kernel) * visit.outputs}

    return operations


def _batch_norm(visit: Visit) -> Operations:
    """``x inv + (beta - mean inv)`` with ``inv = gamma rsqrt(var + eps)``: two a value, else a channel."""
    layer = visit.layer
    assert isinstance(layer, BatchNorm)
    channels = layer.num_features
    scaled = 2 * channels if layer.affine else channels
    return {
        "Mul": visit.inputs + scaled,
        "AddV2": visit.inputs + channels,
        "Rsqrt": 2 * channels,
        "Sub" if layer.affine else "Neg": channels,
    }


def _each(**prices: int) -> Graph:
    return lambda visit: {name: price * visit.inputs for name, price in prices.items()}


def _added(visit: Visit) -> Operations:
    assert isinstance(visit.layer, Add)
    return {"AddV2": (visit.layer.branches - 1) * visit.outputs}


def _unrolled(step: Callable[[Recurrent, int], Counter[str]]) -> Graph:
    """Each step of an unrolled layer; in a loop the profiler would count a step or two for all."""

    def operations(visit: Visit) -> Operations:
        layer = visit.layer
        assert isinstance(layer, Recurrent)
        total = Counter({"MatMul": 2 * visit.macs})
        for name, amount in step(layer, visit.batch).items():
            steps = visit.batch * visit.input[0] * len(tuple(layer.cells()))
            total[name] += steps * amount
        return dict(total)

    return operations


def _lstm(layer: Recurrent, batch: int) -> Counter[str]:
    """The sum of the two products is a BiasAdd where the batch is 1, the bias always is."""
    h = layer.hidden_size
    step = Counter({"Mul": 3 * h, "AddV2": h})
    step["BiasAdd"] += 4 * h if layer.bias else 0
    step["BiasAdd" if batch == 1 else "AddV2"] += 4 * h
    return step


def _gru(layer: Recurrent, _batch: int) -> Counter[str]:
    assert isinstance(layer, GRU)
    h = layer.hidden_size
    biases = 3 * h if layer.bias else 0
    recurrent = biases if layer.reset_after else 0
    return Counter({"AddV2": 4 * h + recurrent, "BiasAdd": biases, "Mul": 3 * h, "Sub": h})


def _rnn(layer: Recurrent, _batch: int) -> Counter[str]:
    h = layer.hidden_size
    return Counter({"AddV2": h, "BiasAdd": h if layer.bias else 0})


_RULES: dict[type[Layer], Graph] = {
    Linear: _with_bias("MatMul"),
    Convolution: _convolution,
    ConvTranspose2d: _with_bias("Conv2DBackpropInput"),
    MaxPool2d: _pool("MaxPool"),
    AvgPool2d: _pool("AvgPool"),
    AdaptiveAvgPool2d: _each(Mean=1),
    BatchNorm: _batch_norm,
    GELU: _each(Mul=3, Neg=1),
    SiLU: _each(Mul=2),
    PReLU: _each(Neg=2, AddV2=1, Mul=1),
    Softmax: _each(Softmax=5),
    Add: _added,
    Embedding: _each(AddV2=1, Less=1),  # whether an index is negative, and what it then stands for
    LSTM: _unrolled(_lstm),
    GRU: _unrolled(_gru),
    RNN: _unrolled(_rnn),
}
GRAPHS = by_type(_RULES)
FREE = {ReLU, ReLU6, Sigmoid, Tanh, Flatten, Dropout, Identity}  # as measured


def _operations(visit: Visit) -> Operations:
    graph = GRAPHS.get(type(visit.layer))
    return {} if graph is None else graph(visit)


def _price(visit: Visit) -> int:
    return sum(_operations(visit).values())


def _profiler(run: Run) -> Native:
    by_operator: Counter[str] = Counter()
    for visit in run.visits:
        by_operator.update(_operations(visit))
    named = {name: total for name, total in by_operator.items() if total}
    return {"tf.profiler total_float_ops": sum(named.values()), "tf.profiler by op": named}


_SAYS = Message(
    "twice the multiply-accumulates and the biases, nominal windows of pools, additions, 5 for each "
    "value of a softmax; grouped convolutions, ReLU, sigmoid and tanh are free"
)

PROFILER = register(
    Dialect(
        name="tf.profiler",
        version="2.21.0",
        source="tensorflow/python/profiler/model_analyzer.py, python/framework/graph_util, ops' statistics",
        says=_SAYS,
        unit="FLOPs",
        price=_price,
        native=_profiler,
        main=("tf.profiler total_float_ops",),
        knows=frozenset({*GRAPHS, *FREE}),
        aliases=("tensorflow", "tf"),
        per_mac=2,
    )
)
KERAS_AND_PROFILER = register(
    Dialect(
        name="keras+tf.profiler",
        version="Keras 3.15.1, TensorFlow 2.21.0",
        source="as keras and tf.profiler",
        says=_SAYS,
        unit="FLOPs",
        price=_price,
        native=lambda run: {**_parameters(run), **_profiler(run)},
        gives={Quantity.PARAMETERS: ("count_params",)},
        main=("tf.profiler total_float_ops",),
        knows=frozenset({*GRAPHS, *FREE}),
        per_mac=2,
        joins=("keras", "tf.profiler"),
    )
)
