"""How many parameters, MACs, FLOPs and bytes a neural network has, and why.

>>> import layercost as lc
>>> conv = lc.Conv2d(3, 6, kernel_size=5)
>>> conv.output_shape((3, 32, 32))
(6, 28, 28)
>>> lc.count(conv, lc.PARAMETERS, (3, 32, 32)).text()
'C_out·C_in·k·k + C_out = 6·3·5·5 + 6 = 456'
>>> lc.table(lc.networks.lenet5()).total.macs
416520
"""

from layercost import networks
from layercost.convention import CONVENTIONS, Convention, Quantity, UnknownNameError
from layercost.expression import Expression, Symbol
from layercost.layer import LAYERS, Layer, LayerError, layer_from_text
from layercost.layers import (
    GELU,
    AdaptiveAvgPool2d,
    Auxiliary,
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    ConnectedConv2d,
    Conv2d,
    Dropout,
    EuclideanRBF,
    Flatten,
    GroupNorm,
    Identity,
    LayerNorm,
    LeakyReLU,
    Linear,
    LocalResponseNorm,
    MaxPool2d,
    Parallel,
    PReLU,
    ReLU,
    ReLU6,
    ScaledTanh,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    Subsampling2d,
    Tanh,
    ZeroPaddedShortcut,
)  # fmt: skip
from layercost.networks import network_named
from layercost.shape import CEIL, FLOOR, ShapeError
from layercost.table import Count, Table, count, table

__version__ = "0.1.0"

PARAMETERS, BUFFERS, STORED_VALUES = Quantity.PARAMETERS, Quantity.BUFFERS, Quantity.STORED_VALUES
PARAMETER_BYTES = Quantity.PARAMETER_BYTES
MACS, FLOPS = Quantity.MACS, Quantity.FLOPS
MULTIPLICATIONS, ADDITIONS = Quantity.MULTIPLICATIONS, Quantity.ADDITIONS
COMPARISONS = Quantity.COMPARISONS
ACTIVATIONS, ACTIVATION_BYTES = Quantity.ACTIVATIONS, Quantity.ACTIVATION_BYTES

__all__ = [
    "ACTIVATIONS", "ACTIVATION_BYTES", "ADDITIONS", "BUFFERS", "CEIL", "COMPARISONS", "CONVENTIONS",
    "FLOOR", "FLOPS", "GELU", "LAYERS", "MACS", "MULTIPLICATIONS", "PARAMETERS", "PARAMETER_BYTES",
    "STORED_VALUES", "AdaptiveAvgPool2d", "Auxiliary", "AvgPool2d", "BatchNorm1d", "BatchNorm2d",
    "ConnectedConv2d", "Conv2d", "Convention", "Count", "Dropout", "EuclideanRBF", "Expression", "Flatten",
    "GroupNorm", "Identity", "Layer", "LayerError", "LayerNorm", "LeakyReLU", "Linear", "LocalResponseNorm",
    "MaxPool2d", "PReLU", "Parallel", "Quantity", "ReLU", "ReLU6", "ScaledTanh", "Sequential", "ShapeError",
    "SiLU", "Sigmoid", "Softmax", "Subsampling2d", "Symbol", "Table", "Tanh", "UnknownNameError",
    "ZeroPaddedShortcut", "count", "layer_from_text", "network_named", "networks", "table",
]  # fmt: skip
