"""torchscan: hooks on modules, and a status that says whether a number is complete."""

from __future__ import annotations

from math import prod

from layercost.convention import Quantity
from layercost.dialects.dialect import (
    Dialect,
    Native,
    PriceList,
    dot_length,
    exact_dots,
    free,
    known,
    per_input,
    register,
)
from layercost.dialects.torch_flops import kernel_as_written, ratio_window
from layercost.dialects.tracing import FLOP_COUNTER_PRICES
from layercost.dialects.visit import Run, Visit
from layercost.layers import (
    AdaptiveAvgPool2d,
    AvgPool2d,
    Concatenate,
    ConvTranspose2d,
    Dropout,
    Flatten,
    Identity,
    LayerNorm,
    LeakyReLU,
    Linear,
    MaxPool2d,
    ReLU,
    ReLU6,
    Sigmoid,
    Tanh,
)
from layercost.layers.convolution import Convolution
from layercost.layers.normalization import BatchNorm
from layercost.message import Message


def _transposed_length(visit: Visit) -> int:
    """The products of one output of a transposed convolution taken for a convolution."""
    layer = visit.layer
    assert isinstance(layer, ConvTranspose2d)
    return layer.in_channels // layer.groups * prod(visit.kernel)


def _transposed(visit: Visit) -> int:
    """Outputs times 2n - 1 and the bias, and 8 an axis for the padding's arithmetic."""
    return 2 * 8 + visit.outputs * (2 * _transposed_length(visit) - 1 + visit.has_bias)


def _norm(visit: Visit) -> int:
    """4 a value with trained scales, 2 without, and 2 a channel; in training the statistics too."""
    layer = visit.layer
    assert isinstance(layer, BatchNorm)
    return layer.num_features * 2 + visit.inputs * (4 if layer.affine else 2)


def _layer_norm(visit: Visit) -> int:
    layer = visit.layer
    assert isinstance(layer, LayerNorm)
    rows = visit.inputs // prod(layer.sizes)
    scales = len(layer.parameters())
    return 6 * visit.inputs + 2 * rows + scales * visit.inputs


def _max_pool(visit: Visit) -> int:
    return visit.outputs * (kernel_as_written(visit) - 1)


def _average_pool(visit: Visit) -> int:
    return visit.outputs * (kernel_as_written(visit) - 1 + 2)


def _adaptive_pool(visit: Visit) -> int:
    return visit.outputs * (prod(ratio_window(visit)) - 1 + 2)


def _dropout(visit: Visit) -> int:
    """One a value, at inference too."""
    assert isinstance(visit.layer, Dropout)
    return visit.inputs if visit.layer.p > 0 else 0


def _hooked(visit: Visit) -> bool:
    return visit.is_module


FLOPS = PriceList(
    {
        Linear: exact_dots,
        Convolution: exact_dots,
        ConvTranspose2d: _transposed,
        BatchNorm: _norm,
        LayerNorm: _layer_norm,
        MaxPool2d: _max_pool,
        AvgPool2d: _average_pool,
        AdaptiveAvgPool2d: _adaptive_pool,
        ReLU: per_input(),
        LeakyReLU: per_input(4),
        ReLU6: per_input(2),
        Tanh: per_input(6),
        Sigmoid: per_input(4),
        Dropout: _dropout,
        Identity: free,
        Flatten: free,
    },
    sees=_hooked,
)
MACS = PriceList(
    {
        Linear: lambda visit: visit.outputs * dot_length(visit),
        Convolution: lambda visit: visit.outputs * dot_length(visit),
        ConvTranspose2d: lambda visit: 2 * 4 + visit.outputs * _transposed_length(visit),
        BatchNorm: lambda visit: visit.inputs * (2 if visit.parameters else 1),
        MaxPool2d: _max_pool,
        AvgPool2d: _average_pool,
        AdaptiveAvgPool2d: _adaptive_pool,
        **dict.fromkeys((ReLU, LeakyReLU, ReLU6, Tanh, Sigmoid, Dropout, Identity, Flatten), free),
    },
    sees=_hooked,
)
_NO_UNCOUNTED_OPERATOR = (Linear, Convolution, ConvTranspose2d, Flatten, Dropout, Identity, Concatenate)


def _hooks(run: Run, prices: PriceList) -> Native:
    """A sum over modules: partial where one has no rule, or where there is no module to hook."""
    hooked = [visit for visit in run.visits if visit.is_module]
    complete = bool(hooked) and all(prices.knows(type(visit.layer)) for visit in hooked)
    return _known(sum(map(prices, hooked)), complete)


def _meets_an_uncounted_operator(visit: Visit) -> bool:
    """Whether an operator runs that has no formula: padding too, where 'same' is more on one side."""
    if any(visit.uneven_padding):
        return True
    return not isinstance(visit.layer, _NO_UNCOUNTED_OPERATOR)


def _known(value: int, complete: bool) -> Native:
    return {"known_value": value, "status": "complete" if complete else "partial"}


def _torchscan(run: Run) -> Native:
    counted = not any(map(_meets_an_uncounted_operator, run.visits))
    return {
        "macs": _hooks(run, MACS),
        "module_flops": _hooks(run, FLOPS),
        "operator_flops": _known(sum(map(FLOP_COUNTER_PRICES, run.visits)), counted),
        "parameters": _known(run.parameters, True),
    }


TORCHSCAN = register(
    Dialect(
        name="torchscan",
        version="0.2.0",
        source="torchscan/modules/flops.py, macs.py, torchscan/flops.py",
        says=Message(
            "2n - 1 for a dot product and 1 for its bias, a price for each value of most other modules "
            "(a square pooling kernel counts as its side), and a word on whether the sum is complete"
        ),
        unit="FLOPs",
        price=FLOPS,
        native=_torchscan,
        main=("module_flops", "known_value"),
        knows=known(FLOPS.prices),
        sees=_hooked,
        gives={Quantity.MACS: ("macs", "known_value"), Quantity.PARAMETERS: ("parameters", "known_value")},
        aliases=("torch-scan",),
        per_mac=2,
    )
)
