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
    AvgPool2d,
    ConnectedConv2d,
    Conv2d,
    EuclideanRBF,
    Flatten,
    Linear,
    MaxPool2d,
    ReLU,
    ScaledTanh,
    Sequential,
    Sigmoid,
    Softmax,
    Subsampling2d,
    Tanh,
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
    "ACTIVATIONS", "ACTIVATION_BYTES", "ADDITIONS", "BUFFERS", "CEIL", "COMPARISONS", "CONVENTIONS", "FLOOR",
    "FLOPS", "LAYERS", "MACS", "MULTIPLICATIONS", "PARAMETERS", "PARAMETER_BYTES", "STORED_VALUES",
    "AvgPool2d", "ConnectedConv2d", "Conv2d", "Convention", "Count", "EuclideanRBF", "Expression", "Flatten",
    "Layer", "LayerError", "Linear", "MaxPool2d", "Quantity", "ReLU", "ScaledTanh", "Sequential",
    "ShapeError", "Sigmoid", "Softmax", "Subsampling2d", "Symbol", "Table", "Tanh", "UnknownNameError",
    "count", "layer_from_text", "network_named", "networks", "table",
]  # fmt: skip
