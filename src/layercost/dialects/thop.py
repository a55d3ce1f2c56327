"""thop and its successor ultralytics-thop: hooks on modules, a rule for each type of module."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from layercost.convention import Quantity
from layercost.dialects.dialect import (
    Dialect,
    Native,
    PriceList,
    free,
    if_affine,
    known,
    macs,
    per_input,
    per_output,
    register,
)
from layercost.dialects.visit import Run, Visit
from layercost.layers import (
    GRU,
    LSTM,
    RNN,
    AdaptiveAvgPool2d,
    AvgPool2d,
    ConvTranspose2d,
    Dropout,
    Embedding,
    GroupNorm,
    LayerNorm,
    LeakyReLU,
    Linear,
    MatMul,
    MaxPool2d,
    PReLU,
    ReLU,
    ReLU6,
    Softmax,
)
from layercost.layers.convolution import Convolution
from layercost.layers.normalization import BatchNorm
from layercost.layers.recurrent import Recurrent
from layercost.layers.sliding import padding_per_axis, per_axis
from layercost.message import Message
from layercost.shape import adaptive_windows, each_side


def _by_output(visit: Visit) -> int:
    """A transposed convolution taken for a convolution: outputs times the inputs of a kernel."""
    layer = visit.layer
    assert isinstance(layer, ConvTranspose2d)
    return visit.outputs * (layer.in_channels // layer.groups) * prod(visit.kernel)


def _softmax(visit: Visit) -> int:
    """n exponentials, n - 1 additions and n divisions a row."""
    assert isinstance(visit.layer, Softmax)
    length = visit.input[visit.layer.dim]
    return visit.inputs // length * (3 * length - 1)


def _ratio_and_one(visit: Visit) -> int:
    """Inputs for each output as a float ratio, and one division, cut to a whole number at the end."""
    ratio = 1.0
    for size, out in zip(visit.input[1:], visit.output[1:], strict=True):
        ratio *= size / out
    return int((ratio + 1) * visit.outputs)


# ---- recurrent layers: the tool's own count of a step, from thop/rnn_hooks.py ------------------


def _gate(inputs: int, state: int, h: int, bias: bool) -> int:
    """Products of one gate, one addition of the two, and two biases."""
    return (inputs + state) * h + h + (2 * h if bias else 0)


def _lstm_step(inputs: int, layer: Recurrent, projected: int) -> int:
    h = layer.hidden_size
    return 4 * _gate(inputs, projected or h, h, layer.bias) + 3 * h + h + h * projected


def _gru_step(inputs: int, layer: Recurrent, _projected: int) -> int:
    return 3 * _gate(inputs, layer.hidden_size, layer.hidden_size, layer.bias) + 4 * layer.hidden_size


def _rnn_step(inputs: int, layer: Recurrent, _projected: int) -> int:
    return _gate(inputs, layer.hidden_size, layer.hidden_size, layer.bias)


def _recurrent(step: Callable[[int, Recurrent, int], int], sees_projection: bool) -> Callable[[Visit], int]:
    def price(visit: Visit) -> int:
        layer = visit.layer
        assert isinstance(layer, Recurrent)
        projected = getattr(layer, "proj_size", 0) if sees_projection else 0
        later = (projected or layer.hidden_size) * layer.directions
        inputs = [layer.input_size] + [later] * (layer.num_layers - 1)
        steps = visit.batch * visit.input[0] * layer.directions
        return steps * sum(step(size, layer, projected) for size in inputs)

    return price


# ---- thop --------------------------------------------------------------------------------------

THOP_PRICES = PriceList(
    {
        Linear: macs,
        Convolution: macs,
        ConvTranspose2d: _by_output,
        BatchNorm: if_affine(4, 2),
        LayerNorm: if_affine(4, 2),
        PReLU: per_input(),
        Softmax: _softmax,
        AvgPool2d: per_output(),
        AdaptiveAvgPool2d: _ratio_and_one,
        ReLU: free,
        ReLU6: free,
        LeakyReLU: free,
        MaxPool2d: free,
        Dropout: free,
        LSTM: _recurrent(_lstm_step, sees_projection=False),
        GRU: _recurrent(_gru_step, sees_projection=False),
        RNN: _recurrent(_rnn_step, sees_projection=False),
    },
    sees=lambda visit: visit.is_module,
)


def _thop(run: Run) -> Native:
    """It adds the parameters of child modules that have a rule and run; a bare layer has no child."""
    known = (v for v in run.called if v.is_module and THOP_PRICES.knows(type(v.layer)))
    parameters = 0 if run.context.bare else sum(visit.parameters for visit in known)
    return {
        "macs (return value 1)": sum(map(THOP_PRICES, run.visits)),
        "params (return value 2)": parameters,
    }


_GIVES = {Quantity.MACS: ("macs (return value 1)",), Quantity.PARAMETERS: ("params (return value 2)",)}

THOP = register(
    Dialect(
        name="thop",
        version="0.1.1.post2209072238",
        source="thop/profile.py, vision/basic_hooks.py, rnn_hooks.py",
        says=Message(
            "multiply-accumulates without biases, 4 for each value of a normalization, a little for "
            "average pools; functions, embeddings and GroupNorm count 0, and so do their parameters"
        ),
        unit="MACs",
        price=THOP_PRICES,
        native=_thop,
        main=("macs (return value 1)",),
        knows=known(THOP_PRICES.prices),
        sees=lambda visit: visit.is_module,
        gives=_GIVES,
        needs_parent=lambda _: True,
    )
)


# ---- ultralytics-thop --------------------------------------------------------------------------


def _exact_windows(visit: Visit) -> int:
    """Every cell that a window adds, padded ones too where they are counted, and one division an output."""
    layer = visit.layer
    assert isinstance(layer, AvgPool2d)
    kernel, stride = (map(int, per_axis(sizes)) for sizes in (layer.kernel_size, layer.stride))
    padding = (int(each_side(sides)[0]) for sides in padding_per_axis(layer.padding))
    cells = visit.batch * visit.input[0]
    for n, out, k, s, p in zip(visit.input[1:], visit.output[1:], kernel, stride, padding, strict=True):
        low, high = (-p, n + p) if layer.count_include_pad else (0, n)
        cells *= sum(max(min(i * s - p + k, high) - max(i * s - p, low), 0) for i in range(out))
    return cells + visit.outputs


def _exact_adaptive_windows(visit: Visit) -> int:
    """Every cell of every window, and one division an output."""
    cells = visit.batch * visit.input[0]
    for size, out in zip(visit.input[1:], visit.output[1:], strict=True):
        cells *= sum(stop - start for start, stop in adaptive_windows(size, out))
    return cells + visit.outputs


def _sees(visit: Visit) -> bool:
    return visit.is_module or isinstance(visit.layer, (Linear, MatMul))


ULTRALYTICS_PRICES = PriceList(
    {
        **THOP_PRICES.prices,
        ConvTranspose2d: macs,
        GroupNorm: if_affine(4, 2),
        AvgPool2d: _exact_windows,
        AdaptiveAvgPool2d: _exact_adaptive_windows,
        Embedding: free,
        MatMul: macs,
        LSTM: _recurrent(_lstm_step, sees_projection=True),
    },
    sees=_sees,
)

ULTRALYTICS = register(
    Dialect(
        name="ultralytics-thop",
        version="2.2.3",
        source="thop/profile.py, vision/basic_hooks.py, rnn_hooks.py",
        says=Message(
            "as thop, with exact pooling windows, transposed convolutions by their input, matrix "
            "products written as functions, and every parameter"
        ),
        unit="MACs",
        price=ULTRALYTICS_PRICES,
        native=lambda run: {
            "macs (return value 1)": sum(map(ULTRALYTICS_PRICES, run.visits)),
            "params (return value 2)": run.parameters,
        },
        main=("macs (return value 1)",),
        knows=known(ULTRALYTICS_PRICES.prices),
        sees=_sees,
        gives=_GIVES,
        aliases=("ultralytics", "ultralytics_thop"),
    )
)
