"""torchinfo: every parameter times the positions of the output that it is taken to serve."""

from __future__ import annotations

from math import prod

from layercost.convention import Quantity
from layercost.dialects.dialect import Dialect, Native, register
from layercost.dialects.visit import Run, Visit
from layercost.layers import ConvTranspose2d
from layercost.layers.convolution import Convolution
from layercost.layers.recurrent import Recurrent
from layercost.message import Message

_BYTES = 4  # of a float32


def _mult_adds(visit: Visit) -> int:
    """Weights and biases times positions (convolutions), steps (recurrent), or the first axis (others)."""
    if not visit.has_module or visit.is_unknown:
        return 0
    if isinstance(visit.layer, Recurrent):
        return visit.parameters * visit.batch * visit.input[0]
    if isinstance(visit.layer, (Convolution, ConvTranspose2d)):
        return visit.parameters * visit.batch * prod(visit.output[1:])
    return visit.parameters * visit.leading


def _values_written(visit: Visit) -> int:
    """The output of a module that holds parameters, for every call."""
    if not visit.has_module or not visit.parameters:
        return 0
    if isinstance(visit.layer, Recurrent):  # all steps, whether the last alone is used or not
        return visit.batch * visit.input[0] * visit.layer.directions * int(visit.layer.state_size)
    return visit.outputs


def _torchinfo(run: Run) -> Native:
    held = sum(visit.parameters for visit in run.called if visit.has_module)
    written = sum(map(_values_written, run.visits))
    if not run.has_modules:  # the module around has no module inside: it is the only row
        held, written = run.parameters, run.visits[-1].outputs if run.parameters and run.visits else 0
    return {
        "total_mult_adds": sum(map(_mult_adds, run.visits)),
        "total_params": run.parameters,
        "total_param_bytes": _BYTES * held,
        "total_output_bytes": 2 * _BYTES * written,
    }


TORCHINFO = register(
    Dialect(
        name="torchinfo",
        version="1.8.0",
        source="torchinfo/layer_info.py, model_statistics.py",
        says=Message(
            "called mult-adds: each weight and bias once for every output position of a convolution, "
            "once a step of a recurrent layer, and otherwise once a sample, whatever the number of "
            "positions"
        ),
        unit="mult-adds",
        price=_mult_adds,
        native=_torchinfo,
        main=("total_mult_adds",),
        knows=None,  # one rule for all: parameters times positions
        sees=lambda visit: visit.has_module,
        gives={Quantity.MACS: ("total_mult_adds",), Quantity.PARAMETERS: ("total_params",)},
    )
)
