"""torchmeter: hooks on modules; a convolution's groups and a Linear's batch are overlooked."""

from __future__ import annotations

from math import prod

from layercost.convention import Quantity
from layercost.dialects.dialect import Dialect, Price, PriceList, known, per_input, register
from layercost.dialects.visit import Run, Visit
from layercost.layers import (
    AvgPool2d,
    LeakyReLU,
    Linear,
    MaxPool2d,
    PReLU,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Tanh,
)
from layercost.layers.convolution import Convolution
from layercost.layers.normalization import BatchNorm
from layercost.message import Message


def _length_without_groups(visit: Visit) -> int:
    layer = visit.layer
    assert isinstance(layer, Convolution)
    return layer.in_channels * prod(visit.kernel)


def _convolution(visit: Visit) -> int:
    return visit.outputs * (2 * _length_without_groups(visit) - 1 + visit.has_bias)


def _linear(visit: Visit) -> int:
    """One sample of one position, whatever goes in."""
    assert isinstance(visit.layer, Linear)
    return visit.layer.out_features * (2 * visit.layer.in_features - 1 + visit.has_bias)


def _linear_macs(visit: Visit) -> int:
    assert isinstance(visit.layer, Linear)
    return visit.layer.out_features * visit.layer.in_features


def _pool(price: int, more: int = 0) -> Price:
    """So many for each cell of a window but one, and `more` for each output."""

    def priced(visit: Visit) -> int:
        return visit.outputs * (price * (prod(visit.kernel) - 1) + more)

    return priced


FLOPS = PriceList(
    {
        Convolution: _convolution,
        Linear: _linear,
        BatchNorm: per_input(4),
        **dict.fromkeys((Sigmoid, PReLU, LeakyReLU), per_input(4)),
        Tanh: per_input(9),
        ReLU: per_input(),
        ReLU6: per_input(),
        SiLU: per_input(5),
        MaxPool2d: _pool(1),
        AvgPool2d: _pool(2, more=1),
    },
    sees=lambda visit: visit.is_module,
)
MACS = PriceList(
    {
        Convolution: lambda visit: visit.outputs * _length_without_groups(visit),
        Linear: _linear_macs,
        BatchNorm: per_input(2),
        **dict.fromkeys((Sigmoid, PReLU, LeakyReLU), per_input(2)),
        Tanh: per_input(5),
        ReLU: per_input(),
        ReLU6: per_input(),
        SiLU: per_input(3),
        MaxPool2d: _pool(1),
        AvgPool2d: _pool(1),
    },
    sees=lambda visit: visit.is_module,
)


def _torchmeter(run: Run) -> dict[str, int]:
    return {
        "Flops": sum(map(FLOPS, run.visits)),
        "Macs": sum(map(MACS, run.visits)),
        "params": run.parameters,
    }


TORCHMETER = register(
    Dialect(
        name="torchmeter",
        version="0.1.0",
        source="torchmeter/statistic.py",
        says=Message(
            "2n - 1 for a dot product and 1 for its bias, prices for normalization, activations and "
            "pools; a grouped convolution counts as an ungrouped one, a Linear as one sample, and "
            "adaptive pools 0"
        ),
        unit="FLOPs",
        price=FLOPS,
        native=_torchmeter,
        main=("Flops",),
        knows=known(FLOPS.prices),
        sees=lambda visit: visit.is_module,
        gives={Quantity.MACS: ("Macs",), Quantity.PARAMETERS: ("params",)},
        per_mac=2,
        keeps_mode=True,
    )
)
