"""Tools that replace PyTorch's functions while the model runs: ptflops, calflops and deepspeed's profiler.

They see a module and the function that it calls, but not an operator: ``x + y`` and ``x += y`` are free where
``torch.add(x, y)`` is counted. ptflops hooks modules too, and counts twice what is both.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from layercost.convention import Quantity
from layercost.dialects.dialect import (
    Dialect,
    Native,
    Price,
    PriceList,
    if_affine,
    known,
    macs,
    macs_and_bias,
    per_input,
    per_output,
    register,
)
from layercost.dialects.tracing import FLOP_COUNTER_PRICES, biases_of_products
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
    Elementwise,
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
    SiLU,
    Softmax,
)
from layercost.layers.convolution import Convolution
from layercost.layers.model import Spelling
from layercost.layers.normalization import BatchNorm
from layercost.layers.recurrent import Recurrent
from layercost.layers.sliding import padding_per_axis, per_axis
from layercost.message import Message
from layercost.shape import each_side

_POOLS: tuple[type[Layer], ...] = (MaxPool2d, AvgPool2d, AdaptiveAvgPool2d)


def _no_operator(visit: Visit) -> bool:
    """Modules and functions are replaced, and operators are not: ``x + y`` is not seen."""
    return visit.spelling not in (Spelling.OPERATOR, Spelling.IN_PLACE_OPERATOR)


def _combined_by_function(visit: Visit) -> int:
    """``torch.add`` and ``torch.mul`` are replaced, their operators are not."""
    assert isinstance(visit.layer, (Add, Multiply))
    times = visit.layer.branches - 1
    return times * visit.outputs if visit.spelling is Spelling.FUNCTION else 0


def _product_by_function(visit: Visit) -> int:
    """``torch.matmul`` is replaced, ``@`` is not."""
    return visit.macs if visit.spelling is Spelling.FUNCTION else 0


def _clipped_by_function(visit: Visit) -> int:
    """``F.relu6`` is replaced; PyTorch's module calls ``F.hardtanh``, which is not."""
    return 0 if visit.is_module else visit.inputs


def _response_norm(visit: Visit) -> int:
    """PyTorch's own code: two multiplications, an addition, and an average pooling of padded channels."""
    layer = visit.layer
    assert isinstance(layer, LocalResponseNorm)
    padded = visit.batch * (visit.input[0] + layer.size - 1) * prod(visit.input[1:])
    return 3 * visit.inputs + padded


# ---- recurrent layers: all three share the hook ------------------------------------------------

_ELEMENTWISE: dict[type[Layer], int] = {RNN: 1, GRU: 7, LSTM: 10}  # of a state's size, additions of gates too


def _recurrent(weights: Callable[[int, int], int]) -> Price:
    """Steps times what `weights` makes of each matrix, element-wise work, biases; projections are free."""

    def price(visit: Visit) -> int:
        layer = visit.layer
        assert isinstance(layer, Recurrent)
        gates, state = layer.gates * layer.hidden_size, int(layer.state_size)
        step, inputs = 0, layer.input_size
        for _ in range(layer.num_layers):
            step += weights(gates, inputs) + weights(gates, state)
            step += _ELEMENTWISE[type(layer)] * layer.hidden_size + (2 * gates if layer.bias else 0)
            inputs = layer.directions * state
        return visit.batch * visit.input[0] * layer.directions * step

    return price


# ---- ptflops, backend pytorch ------------------------------------------------------------------

_HOOKS = PriceList(
    {
        Linear: macs_and_bias,
        Convolution: macs_and_bias,
        ConvTranspose2d: macs_and_bias,
        BatchNorm: if_affine(2, 1),
        GroupNorm: if_affine(2, 1),
        LayerNorm: per_input(),  # the hook asks for `affine`, which a LayerNorm calls elementwise_affine
        **dict.fromkeys((ReLU, PReLU, LeakyReLU, ReLU6, GELU), per_output()),
        **dict.fromkeys(_POOLS, per_input()),
        **dict.fromkeys((LSTM, GRU, RNN), _recurrent(lambda rows, columns: rows * columns)),
    },
    sees=lambda visit: visit.is_module,
)
_REPLACED = PriceList(
    {
        **dict.fromkeys((ReLU, PReLU, GELU, SiLU, Softmax), per_input()),
        **dict.fromkeys(_POOLS, per_input()),
        ReLU6: _clipped_by_function,
        LocalResponseNorm: _response_norm,
        Add: _combined_by_function,
        Multiply: _combined_by_function,
        MatMul: _product_by_function,
    }
)


def _ptflops_pytorch_total(run: Run) -> int:
    """Hooks are averaged over the input's first axis, taken for the batch; functions are not averaged."""
    hooked = sum(map(_HOOKS, run.visits)) + sum(map(_ATTENTION, run.visits))
    apart = (visit for visit in run.visits if visit.spelling is not Spelling.FUSED_MODULE)
    return int(hooked / run.leading + sum(map(_REPLACED, apart)))


_PTFLOPS_GIVES = {Quantity.MACS: ("macs (return value 1)",), Quantity.PARAMETERS: ("params",)}

# Of nn.MultiheadAttention the hook knows the projections, the queries' scaling, both products, the softmax.
_ATTENTION = PriceList(
    {
        Linear: macs_and_bias,
        MatMul: macs,
        Add: per_output(),  # the biases of the projections
        Softmax: per_input(),
        Elementwise: lambda visit: visit.outputs // 2,  # torch scales the keys too, by the root of the root
    },
    sees=lambda visit: visit.spelling is Spelling.FUSED_MODULE,
)


def _ptflops_pytorch(visit: Visit) -> int:
    if visit.spelling is Spelling.FUSED_MODULE:
        return _ATTENTION(visit)
    return _HOOKS(visit) + _REPLACED(visit)


PTFLOPS_PYTORCH = register(
    Dialect(
        name="ptflops(pytorch)",
        version="0.7.5",
        source="ptflops/pytorch_ops.py, pytorch_engine.py",
        says=Message(
            "multiply-accumulates and biases a sample, and one for each value of activations, pools and "
            "softmax, twice where a module calls a function that is counted too"
        ),
        unit="MACs",
        price=_ptflops_pytorch,
        native=lambda run: {
            "macs (return value 1)": _ptflops_pytorch_total(run),
            "params": run.parameters,
        },
        main=("macs (return value 1)",),
        knows=known(_HOOKS.prices, _REPLACED.prices),
        sees=_no_operator,
        gives=_PTFLOPS_GIVES,
        aliases=("ptflops-pytorch", "ptflops_pytorch"),
    )
)


# ---- ptflops, backend aten ---------------------------------------------------------------------


def _products_and_biases(visit: Visit) -> int:
    """As torch's FlopCounterMode, one a multiply-accumulate; a bias is added where a product is."""
    total = FLOP_COUNTER_PRICES(visit) // 2
    return total + biases_of_products(visit) if total else 0


PTFLOPS_ATEN = register(
    Dialect(
        name="ptflops(aten)",
        version="0.7.5",
        source="ptflops/aten_ops.py, aten_engine.py",
        says=Message(
            "multiply-accumulates of convolutions and matrix products, and their biases; all else is "
            "free, and an LSTM is free on the CPU"
        ),
        unit="MACs",
        price=_products_and_biases,
        native=lambda run: {
            "macs (return value 1)": sum(map(_products_and_biases, run.visits)),
            "params": run.parameters,
        },
        fused_is_free=True,
        main=("macs (return value 1)",),
        knows=known(FLOP_COUNTER_PRICES.prices),
        gives=_PTFLOPS_GIVES,
        aliases=("ptflops", "ptflops-aten", "ptflops_aten"),
    )
)


# ---- calflops and deepspeed --------------------------------------------------------------------


def _nominal_outputs(visit: Visit) -> int:
    """The outputs that the tool computes itself: for padding='same' half on each side, rounded down."""
    layer = visit.layer
    assert isinstance(layer, Convolution)
    if not any(visit.uneven_padding):
        return visit.outputs
    pairs = zip(visit.output[1:], visit.uneven_padding, strict=True)
    sizes = (size - missing for size, missing in pairs)
    return visit.batch * layer.out_channels * prod(sizes)


def _convolution(visit: Visit) -> int:
    outputs = _nominal_outputs(visit)
    return 2 * _convolution_macs(visit) + (outputs if visit.has_bias else 0)


def _convolution_macs(visit: Visit) -> int:
    return visit.macs // visit.outputs * _nominal_outputs(visit)


def _profiled(extra: dict[type[Layer], Price]) -> PriceList:
    """The price list of flops that the two share."""
    flat = (ReLU, PReLU, LeakyReLU, SiLU, GELU, Softmax, *_POOLS)
    return PriceList(
        {
            Linear: lambda visit: 2 * visit.macs,
            Convolution: _convolution,
            BatchNorm: if_affine(2, 1),
            LayerNorm: if_affine(5, 4),
            GroupNorm: if_affine(5, 4),
            **dict.fromkeys(flat, per_input()),
            LocalResponseNorm: _response_norm,
            Add: _combined_by_function,
            Multiply: _combined_by_function,
            **dict.fromkeys((LSTM, GRU, RNN), _recurrent(lambda rows, columns: 2 * rows * columns - rows)),
            ReLU6: _clipped_by_function,
            **extra,
        }
    )


def _profiled_macs(transposed: Price, product: Price) -> PriceList:
    known_products = {Linear: macs, Convolution: _convolution_macs, ConvTranspose2d: transposed}
    return PriceList({**known_products, MatMul: product})


def _transposed_macs_by_groups_twice(visit: Visit) -> int:
    """Input values times a kernel's outputs, divided by the groups once more than right."""
    assert isinstance(visit.layer, ConvTranspose2d)
    layer = visit.layer
    area = prod(visit.kernel)
    filters = layer.out_channels // layer.groups // layer.groups
    return visit.inputs * area * filters


def _transposed_as_a_convolution(visit: Visit) -> int:
    """Calflops adds the bias to as many outputs as a plain convolution of these settings would have."""
    layer = visit.layer
    assert isinstance(layer, ConvTranspose2d)
    settings = (layer.kernel_size, layer.stride, layer.dilation)
    sides = (int(each_side(padding)[0]) for padding in padding_per_axis(layer.padding))
    sizes = zip(visit.input[1:], *(map(int, per_axis(each)) for each in settings), sides, strict=True)
    outputs = prod((n + 2 * p - (d * (k - 1) + 1)) // s + 1 for n, k, s, d, p in sizes)
    # the tool takes the weight's second axis for the output's channels: those of one group
    channels = layer.out_channels // layer.groups
    bias = visit.batch * channels * outputs if layer.bias else 0
    return 2 * _transposed_macs_by_groups_twice(visit) + bias


CALFLOPS_FLOPS = _profiled(
    {ConvTranspose2d: _transposed_as_a_convolution, MatMul: lambda visit: 2 * _product_by_function(visit)}
)
CALFLOPS_MACS = _profiled_macs(_transposed_macs_by_groups_twice, _product_by_function)
DEEPSPEED_FLOPS = _profiled(
    {
        ConvTranspose2d: lambda visit: 2 * visit.macs + visit.bias_adds,
        MatMul: lambda visit: 2 * visit.macs,
    }
)
DEEPSPEED_MACS = _profiled_macs(macs, macs)
_GIVES = {Quantity.MACS: ("macs",), Quantity.PARAMETERS: ("params",)}


def _two_numbers(flops: PriceList, mac_prices: PriceList, run: Run, parameters: int) -> Native:
    return {
        "flops": sum(map(flops, run.visits)),
        "macs": sum(map(mac_prices, run.visits)),
        "params": parameters,
    }


# calflops asks the model for its first parameter and stops where there is none: what was measured without
# parameters was given one.
CALFLOPS = register(
    Dialect(
        name="calflops",
        version="0.3.2",
        source="calflops/pytorch_ops.py",
        says=Message(
            "twice the multiply-accumulates, biases of convolutions (of Linear never), and a few for "
            "each value of normalizations, activations and pools; operators are free"
        ),
        unit="FLOPs",
        price=CALFLOPS_FLOPS,
        native=lambda run: _two_numbers(CALFLOPS_FLOPS, CALFLOPS_MACS, run, max(run.parameters, 1)),
        main=("flops",),
        knows=known(CALFLOPS_FLOPS.prices),
        sees=_no_operator,
        gives=_GIVES,
        per_mac=2,
        needs_parent=lambda layer: not layer.parameters(),
    )
)

DEEPSPEED = register(
    Dialect(
        name="deepspeed",
        version="0.19.8",
        source="deepspeed/profiling/flops_profiler/profiler.py",
        says=Message(
            "twice the multiply-accumulates, biases of convolutions (of Linear never), and a few for "
            "each value of normalizations, activations and pools; operators are free, recurrent layers "
            "have no MACs"
        ),
        unit="FLOPs",
        price=DEEPSPEED_FLOPS,
        native=lambda run: _two_numbers(DEEPSPEED_FLOPS, DEEPSPEED_MACS, run, run.parameters),
        main=("flops",),
        knows=known(DEEPSPEED_FLOPS.prices),
        sees=_no_operator,
        gives=_GIVES,
        per_mac=2,
    )
)
