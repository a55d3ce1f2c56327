"""Each layer computed with numpy, whole batches at once: what the witness does in loops, at a usable speed.

Convolutions are products of matrices over all windows (im2col). Weights have the names and shapes of
PyTorch's ``state_dict``: the path of a layer inside its network, and the weight's own name. So arrays of a
trained model can be passed in; where none are, they are drawn from a seed.

>>> import numpy
>>> from layercost import Conv2d, MaxPool2d, Sequential
>>> net = Sequential({"conv": Conv2d(1, 2, kernel_size=3), "pool": MaxPool2d(2)})
>>> weights = draw_weights(net)
>>> {name: array.shape for name, array in weights.items()}
{'conv.weight': (2, 1, 3, 3), 'conv.bias': (2,)}
>>> run(net, numpy.ones((5, 1, 8, 8)), weights).shape
(5, 2, 3, 3)
"""

from layercost.forward import (
    activation,
    adapters,
    attention,
    convolution,
    feed_forward,
    joins,
    linear,
    normalization,
    patches,
    pooling,
    positions,
    quantized,
    recurrent,
    reshaping,
    state_space,
    transposed,
)
from layercost.forward.folding import fold_weights
from layercost.forward.follow import run
from layercost.forward.joins import JOINED
from layercost.forward.weights import COMPUTED, WeightError, draw_weights

__all__ = [
    "COMPUTED",
    "JOINED",
    "WeightError",
    "activation",
    "adapters",
    "attention",
    "convolution",
    "draw_weights",
    "feed_forward",
    "fold_weights",
    "joins",
    "linear",
    "normalization",
    "patches",
    "pooling",
    "positions",
    "quantized",
    "recurrent",
    "reshaping",
    "run",
    "state_space",
    "transposed",
]  # fmt: skip
