"""torch-flops: symbolic tracing, 2n - 1 for a dot product, and a table of modules, functions and methods."""

from __future__ import annotations

from math import prod

from layercost.dialects.dialect import (
    Dialect,
    Native,
    Price,
    PriceList,
    Unreadable,
    dot_length,
    exact_dots,
    known,
    per_input,
    per_output,
    register,
)
from layercost.dialects.visit import Run, Visit
from layercost.layer import Layer
from layercost.layers import (
    GELU,
    AdaptiveAvgPool2d,
    Add,
    AvgPool2d,
    GroupNorm,
    LayerNorm,
    LeakyReLU,
    Linear,
    MatMul,
    MaxPool2d,
    Multiply,
    ReLU,
)
from layercost.layers.convolution import Convolution
from layercost.layers.normalization import BatchNorm
from layercost.message import Message


def kernel_as_written(visit: Visit) -> int:
    """A pooling kernel's cells as the tool takes them: a kernel that is one number counts as that number.

    A layer of ours does not remember whether a square kernel was written as one number; it is taken so.
    """
    return visit.kernel[0] if len(set(visit.kernel)) == 1 else prod(visit.kernel)


def ratio_window(visit: Visit) -> tuple[int, ...]:
    """The window of an adaptive pooling as the tool guesses it from the sizes."""
    pairs = zip(visit.input[1:], visit.output[1:], strict=True)
    return tuple(size // out if size % out == 0 else size % out + 1 for size, out in pairs)


def _convolution(visit: Visit) -> int:
    """A bare convolution is traced into a function, whose bias is overlooked."""
    if visit.bare or not visit.is_module:
        return visit.outputs * (2 * dot_length(visit) - 1)
    return exact_dots(visit)


def _module_only(price: Price) -> Price:
    """As a module it is known; the function that it calls is not."""
    return lambda visit: 0 if visit.bare or not visit.is_module else price(visit)


def _norm(visit: Visit) -> int:
    if not isinstance(visit.layer, LayerNorm) and not visit.parameters:
        raise Unreadable(
            Message(
                "torch-flops asks a normalization without trained scales for elementwise_affine, and stops"
            )
        )
    return 4 * visit.inputs


def _combined(visit: Visit) -> int:
    assert isinstance(visit.layer, (Add, Multiply))
    return (visit.layer.branches - 1) * visit.outputs


PRICES = PriceList(
    {
        Linear: exact_dots,
        Convolution: _convolution,
        BatchNorm: _module_only(_norm),
        LayerNorm: _module_only(_norm),
        GroupNorm: _module_only(_norm),
        MaxPool2d: _module_only(lambda visit: (kernel_as_written(visit) - 1) * visit.outputs),
        AvgPool2d: _module_only(lambda visit: kernel_as_written(visit) * visit.outputs),
        AdaptiveAvgPool2d: _module_only(lambda visit: prod(ratio_window(visit)) * visit.outputs),
        ReLU: _module_only(per_input()),
        GELU: _module_only(per_output()),
        LeakyReLU: per_output(4),
        Add: _combined,
        Multiply: _combined,
        MatMul: lambda visit: 2 * visit.macs - visit.outputs,
    }
)


def _torch_flops(run: Run) -> Native:
    return {"print_total_flops": sum(map(PRICES, run.visits))}


def _fails_bare(layer: Layer) -> bool:
    """Whether the tool stops at a bare layer of this type: it then stood inside a module."""
    return not layer.parameters() or not isinstance(layer, (Linear, Convolution, GroupNorm, LayerNorm))


TORCH_FLOPS = register(
    Dialect(
        name="torch-flops",
        version="0.4.1",
        source="torch_flops/flops_ops.py, flops_engine.py",
        says=Message(
            "2n - 1 for a dot product and 1 for its bias, 4 for each value of a normalization, "
            "additions; a square pooling kernel counts as its side, and modules outside its table count "
            "0 in silence"
        ),
        unit="FLOPs",
        price=PRICES,
        native=_torch_flops,
        main=("print_total_flops",),
        knows=known(PRICES.prices),
        aliases=("torch_flops", "torchflops"),
        per_mac=2,
        needs_parent=_fails_bare,
    )
)
