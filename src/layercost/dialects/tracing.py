"""Tools that look at operators while the model runs or is traced: they see modules and functions alike.

torch.utils.flop_counter.FlopCounterMode, fvcore and torchprofile.
"""

from __future__ import annotations

from collections import Counter
from math import prod

from layercost.convention import Quantity
from layercost.dialects.dialect import (
    Dialect,
    Native,
    Price,
    PriceList,
    free,
    if_affine,
    known,
    macs,
    per_input,
    per_output,
    register,
    sum_by,
)
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

# ---- torch's FlopCounterMode -------------------------------------------------------------------


def _two_a_mac(visit: Visit) -> int:
    return 2 * visit.macs


def _lstm_on_the_cpu(visit: Visit) -> int:
    """On the CPU an LSTM is one fused operator that is not registered, unless it projects its state."""
    assert isinstance(visit.layer, LSTM)
    return 2 * visit.macs if visit.layer.projects else 0


FLOP_COUNTER_PRICES = PriceList(
    {
        Linear: _two_a_mac,
        Convolution: _two_a_mac,
        ConvTranspose2d: _two_a_mac,
        LSTM: _lstm_on_the_cpu,
        GRU: _two_a_mac,
        RNN: _two_a_mac,
        MatMul: _two_a_mac,
    },
    sees=lambda visit: not visit.is_fused,  # on the CPU attention is one operator that is not registered
)


def _by_aten_operator(visit: Visit) -> Counter[str]:
    """What a call adds under torch's operators: a product with a bias is an addmm, one without an mm."""
    total = FLOP_COUNTER_PRICES(visit)
    if isinstance(visit.layer, (Convolution, ConvTranspose2d)):
        return Counter({"aten.convolution": total})
    if isinstance(visit.layer, MatMul):
        return Counter({"aten.bmm": total})
    if not visit.has_bias:
        return Counter({"aten.mm": total})
    apart = 2 * products_without_bias(visit) if total else 0
    return Counter({"aten.addmm": total - apart, "aten.mm": apart})


def products_without_bias(visit: Visit) -> int:
    """The multiply-accumulates of a recurrent layer whose bias is added afterwards, or never.

    Projections have none; and where the batch comes first, the first layer's input is not contiguous, so that
    the product with it is a matmul and an addition.
    """
    layer = visit.layer
    if not isinstance(layer, Recurrent):
        return 0
    steps = visit.batch * visit.input[0] * layer.directions
    projections = layer.num_layers * layer.hidden_size * getattr(layer, "proj_size", 0)
    return steps * (projections + _strided_rows(visit, layer) * layer.input_size)


def _strided_rows(visit: Visit, layer: Recurrent) -> int:
    """The outputs of the product with a first input that is not contiguous."""
    strided = layer.batch_first and visit.batch > 1 and visit.input[0] > 1
    return layer.gates * layer.hidden_size if strided else 0


def biases_of_products(visit: Visit) -> int:
    """The additions of biases that happen inside a product."""
    layer = visit.layer
    if not isinstance(layer, Recurrent):
        return visit.bias_adds
    if not layer.bias:
        return 0
    steps = visit.batch * visit.input[0] * layer.directions
    every = 2 * layer.gates * layer.hidden_size * layer.num_layers
    return steps * (every - _strided_rows(visit, layer))


def _flop_counter(run: Run) -> Native:
    by_operator: Counter[str] = Counter()
    for visit in run.visits:
        by_operator.update(_by_aten_operator(visit))
    named = {name: total for name, total in by_operator.items() if total}
    return {"get_total_flops (no_grad)": sum(named.values()), "by_op": named}


FLOP_COUNTER = register(
    Dialect(
        name="torch.FlopCounterMode",
        version="2.13.0 (CPU)",
        source="torch/utils/flop_counter.py",
        says=Message(
            "twice the multiply-accumulates of convolutions and matrix products; biases and all else are "
            "free, and an LSTM is free on the CPU"
        ),
        unit="FLOPs",
        price=FLOP_COUNTER_PRICES,
        native=_flop_counter,
        main=("get_total_flops (no_grad)",),
        fused_is_free=True,
        knows=known(FLOP_COUNTER_PRICES.prices),
        aliases=("flopcounter", "flop-counter", "torch", "FlopCounterMode"),
        per_mac=2,
        keeps_mode=True,
    )
)


# ---- fvcore ------------------------------------------------------------------------------------


def padding_is_named(visit: Visit) -> bool:
    """Whether a convolution's padding is 'same' or 'valid': then it is traced under another name."""
    return isinstance(getattr(visit.layer, "padding", 0), str)


def _convolution_unless_named(visit: Visit) -> int:
    return 0 if padding_is_named(visit) else visit.macs


def _batch_norm(visit: Visit) -> int:
    """2 a value at inference and 5 in training, 1 and 4 without trained scales."""
    price = if_affine(5, 4) if visit.context.setting.training else if_affine(2, 1)
    return price(visit)


FVCORE_PRICES = PriceList(
    {
        Linear: macs,
        Convolution: _convolution_unless_named,
        ConvTranspose2d: macs,
        BatchNorm: _batch_norm,
        LayerNorm: if_affine(5, 4),
        GroupNorm: if_affine(5, 4),
        AdaptiveAvgPool2d: per_input(),
        MatMul: macs,
    },
    sees=lambda visit: not visit.is_fused,  # aten::scaled_dot_product_attention has no handle
)
_FVCORE_NAMES: dict[type[Layer], str] = {
    Linear: "linear",
    Convolution: "conv",
    ConvTranspose2d: "conv",
    BatchNorm: "batch_norm",
    LayerNorm: "layer_norm",
    GroupNorm: "group_norm",
    AdaptiveAvgPool2d: "adaptive_avg_pool2d",
    MatMul: "matmul",
}
_TRACED_NAMES: dict[type[Layer], str] = {
    MaxPool2d: "max_pool2d",
    AvgPool2d: "avg_pool2d",
    Sigmoid: "sigmoid",
    Tanh: "tanh",
    GELU: "gelu",
    SiLU: "silu",
    LeakyReLU: "leaky_relu",
    PReLU: "prelu",
    ReLU6: "hardtanh",
    Softmax: "softmax",
    LSTM: "lstm",
    GRU: "gru",
    Embedding: "embedding",
    Add: "add",
    Multiply: "mul",
}
_MAY_BE_IN_PLACE = (SiLU, LeakyReLU, ReLU6, Add, Multiply)
_RESPONSE_NORM = {
    "aten::mul": 2, "aten::pad": 1, "aten::avg_pool3d": 1, "aten::add": 1, "aten::pow": 1, "aten::div": 1,
}  # fmt: skip


def _name(layer: Layer, names: dict[type[Layer], str]) -> str:
    return next((names[parent] for parent in type(layer).__mro__ if parent in names), "")


def _unsupported(visit: Visit) -> dict[str, int]:
    """The operators of a call that fvcore has no rule for, by the names of the trace."""
    layer = visit.layer
    if isinstance(layer, Convolution) and padding_is_named(visit):
        return {"aten::_convolution_mode": 1}
    if isinstance(layer, LocalResponseNorm):
        return _RESPONSE_NORM
    if isinstance(layer, RNN):
        return {f"aten::rnn_{layer.nonlinearity}": 1}
    if isinstance(layer, ReLU6) and not visit.is_module:
        return {"aten::relu6": 1}
    name = _name(layer, _TRACED_NAMES)
    ending = "_" if visit.spelling.in_place and isinstance(layer, _MAY_BE_IN_PLACE) else ""
    times = layer.branches - 1 if isinstance(layer, (Add, Multiply)) else 1
    return {f"aten::{name}{ending}": times} if name and times else {}


def _fvcore(run: Run) -> Native:
    unsupported: Counter[str] = Counter()
    for visit in run.visits:
        unsupported.update(_unsupported(visit))
    by_operator = sum_by(run.visits, lambda visit: _name(visit.layer, _FVCORE_NAMES), FVCORE_PRICES)
    total = sum(by_operator.values())
    return {"total": total, "by_operator": by_operator, "unsupported_ops": dict(unsupported)}


FVCORE = register(
    Dialect(
        name="fvcore",
        version="0.1.5.post20221221",
        source="fvcore/nn/flop_count.py, jit_handles.py",
        says=Message(
            "called flops, but multiply-accumulates: one each, and a few for each value of "
            "normalizations and adaptive average pools; LSTM, GRU and padding='same' count 0"
        ),
        unit="multiply-accumulates, called flops",
        price=FVCORE_PRICES,
        native=_fvcore,
        main=("total",),
        fused_is_free=True,
        knows=known(FVCORE_PRICES.prices, _TRACED_NAMES, [LocalResponseNorm, RNN]),
        keeps_mode=True,
    )
)


# ---- torchprofile ------------------------------------------------------------------------------


def _by_output_and_weights(visit: Visit) -> int:
    """Outputs times the cells of a kernel: right for convolutions, too many for transposed ones.

    What the weight's axes mean is guessed from its first size. Source: torchprofile/handlers.py.
    """
    layer = visit.layer
    if padding_is_named(visit):
        return 0
    if not isinstance(layer, ConvTranspose2d):
        return visit.macs
    area = prod(visit.kernel)
    if layer.in_channels == layer.out_channels:
        return visit.outputs * area * (layer.out_channels // layer.groups)
    return visit.outputs * area * layer.in_channels


def _lstm_by_state_size(visit: Visit) -> int:
    """Products of an LSTM whose hidden size is taken from the state: too few where it is projected."""
    layer = visit.layer
    assert isinstance(layer, LSTM)
    h, total, inputs = int(layer.state_size), 0, layer.input_size
    for _ in range(layer.num_layers):
        total += 4 * h * (inputs + h)
        inputs = h * layer.directions
    return visit.batch * visit.input[0] * layer.directions * total


def _multiplied(visit: Visit) -> int:
    assert isinstance(visit.layer, Multiply)
    return (visit.layer.branches - 1) * visit.outputs


def _unless_in_place(price: Price) -> Price:
    """In place, an operator's name ends in ``_``, and the tool's list has only the name without."""
    return lambda visit: 0 if visit.spelling.in_place else price(visit)


TORCHPROFILE_PRICES = PriceList(
    {
        Linear: macs,
        Convolution: _by_output_and_weights,
        ConvTranspose2d: _by_output_and_weights,
        BatchNorm: if_affine(1, 0),
        LayerNorm: if_affine(1, 0),
        GroupNorm: if_affine(1, 0),
        AvgPool2d: per_output(),
        AdaptiveAvgPool2d: per_output(),
        LeakyReLU: _unless_in_place(per_output()),
        LocalResponseNorm: per_output(3),  # two multiplications and an average pooling, in the trace
        LSTM: _lstm_by_state_size,
        MaxPool2d: free,
        MatMul: macs,
        Multiply: _multiplied,
    }
)

TORCHPROFILE = register(
    Dialect(
        name="torchprofile",
        version="0.1.0",
        source="torchprofile/handlers.py",
        says=Message(
            "multiply-accumulates without biases, one for each value of normalizations and average "
            "pools; GRU, RNN and padding='same' count 0, transposed convolutions too much"
        ),
        unit="MACs",
        price=TORCHPROFILE_PRICES,
        native=lambda run: {"profile_macs": sum(map(TORCHPROFILE_PRICES, run.visits))},
        main=("profile_macs",),
        knows=known(TORCHPROFILE_PRICES.prices),
        gives={Quantity.MACS: ("profile_macs",)},
        keeps_mode=True,
    )
)
