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

import importlib
from typing import TYPE_CHECKING, Any

from layercost import networks
from layercost.convention import CONVENTIONS, Convention, Memory, Quantity, UnknownNameError, memory
from layercost.counters import count
from layercost.counting import Count, Counted, CounterError
from layercost.difference import Difference, difference
from layercost.expression import Expression, Symbol
from layercost.intensity import Intensity, arithmetic_intensity
from layercost.layer import LAYERS, Layer, LayerError, layer_from_text
from layercost.layers import (
    CELU,
    ELU,
    GELU,
    GLU,
    GRU,
    LSTM,
    RNN,
    SELU,
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveAvgPool3d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AdaptiveMaxPool3d,
    Add,
    AtFirst,
    Attention,
    Auxiliary,
    AvgPool1d,
    AvgPool2d,
    AvgPool3d,
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    Concatenate,
    ConnectedConv2d,
    Conv1d,
    Conv2d,
    Conv3d,
    ConvTranspose1d,
    ConvTranspose2d,
    ConvTranspose3d,
    CrossAttention,
    Dropout,
    EachCell,
    Elementwise,
    Embedding,
    EuclideanRBF,
    FeedForward,
    Flatten,
    Graph,
    GroupNorm,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    Identity,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
    LatentAttention,
    LayerNorm,
    LeakyReLU,
    LearnedPositions,
    Linear,
    LocalResponseNorm,
    LogSigmoid,
    LogSoftmax,
    LoRA,
    MambaBlock,
    MatMul,
    MaxPool1d,
    MaxPool2d,
    MaxPool3d,
    Mish,
    MixtureOfExperts,
    Model,
    Multiply,
    Parallel,
    PatchEmbedding,
    PatchMerging,
    PixelShuffle,
    PixelUnshuffle,
    PReLU,
    QuantizedLinear,
    ReceptiveField,
    Reduce,
    ReLU,
    ReLU6,
    RMSNorm,
    ScaledTanh,
    Segments,
    Sequential,
    Sigmoid,
    SiLU,
    SinusoidalPositions,
    Softmax,
    Softplus,
    Softsign,
    Subsampling2d,
    Tanh,
    ToTokens,
    Upsample,
    WindowAttention,
    ZeroPad2d,
    ZeroPaddedShortcut,
    fold,
    receptive_field,
    with_lora,
)  # fmt: skip
from layercost.networks import network_named
from layercost.setting import Setting
from layercost.shape import (
    CAFFE_CONVOLUTION,
    CAFFE_POOLING,
    CEIL,
    FLOOR,
    KERAS_TRANSPOSED_SAME,
    KERAS_TRANSPOSED_VALID,
    ONNX_CEIL,
    ONNX_NOTSET,
    ONNX_SAME_LOWER,
    ONNX_SAME_UPPER,
    ONNX_TRANSPOSED_SAME,
    ONNX_VALID,
    OUTPUT_SIZE_RULES,
    TF_SAME,
    TF_VALID,
    TRANSPOSED,
    TRANSPOSED_SIZE_RULES,
    Features,
    Image,
    Sequence,
    ShapeError,
    Signal,
    Tokens,
    Volume,
    adaptive_windows,
    compare_output_sizes,
    compare_transposed_sizes,
)  # fmt: skip
from layercost.table import Table, table

if TYPE_CHECKING:
    from layercost.active import active_parameters
    from layercost.by_type import macs_by_type, parameters_by_type
    from layercost.caches import kv_cache
    from layercost.comparison import Comparison, compare
    from layercost.identification import Identification, identify
    from layercost.models.from_config import from_config
    from layercost.models.from_keras import from_keras
    from layercost.models.from_onnx import from_onnx
    from layercost.models.from_torch import from_torch
    from layercost.models.known import model_named
    from layercost.totals import parameter_totals

_WHEN_ASKED = {  # a browser, which starts often, needs none of it
    "Comparison": "layercost.comparison",
    "Identification": "layercost.identification",
    "active_parameters": "layercost.active",
    "compare": "layercost.comparison",
    "identify": "layercost.identification",
    "from_config": "layercost.models.from_config",
    "from_keras": "layercost.models.from_keras",
    "from_onnx": "layercost.models.from_onnx",
    "from_torch": "layercost.models.from_torch",
    "kv_cache": "layercost.caches",
    "macs_by_type": "layercost.by_type",
    "model_named": "layercost.models.known",
    "parameter_totals": "layercost.totals",
    "parameters_by_type": "layercost.by_type",
}

__version__ = "0.1.0"

PARAMETERS, WEIGHTS, BIASES = Quantity.PARAMETERS, Quantity.WEIGHTS, Quantity.BIASES
BUFFERS, STORED_VALUES = Quantity.BUFFERS, Quantity.STORED_VALUES
PARAMETER_BYTES = Quantity.PARAMETER_BYTES
MACS, FLOPS = Quantity.MACS, Quantity.FLOPS
MULTIPLICATIONS, ADDITIONS = Quantity.MULTIPLICATIONS, Quantity.ADDITIONS
COMPARISONS, EXPONENTIALS = Quantity.COMPARISONS, Quantity.EXPONENTIALS
ACTIVATIONS, ACTIVATION_BYTES = Quantity.ACTIVATIONS, Quantity.ACTIVATION_BYTES
KV_CACHE, KV_CACHE_BYTES = Quantity.KV_CACHE, Quantity.KV_CACHE_BYTES

__all__ = [
    "ACTIVATIONS", "ACTIVATION_BYTES", "ADDITIONS", "BIASES", "BUFFERS", "CAFFE_CONVOLUTION", "CAFFE_POOLING",
    "CEIL", "CELU", "COMPARISONS", "CONVENTIONS", "ELU", "EXPONENTIALS", "FLOOR", "FLOPS", "GELU", "GLU",
    "GRU", "KERAS_TRANSPOSED_SAME", "KERAS_TRANSPOSED_VALID", "KV_CACHE", "KV_CACHE_BYTES", "LAYERS", "LSTM",
    "MACS", "MULTIPLICATIONS", "ONNX_CEIL", "ONNX_NOTSET", "ONNX_SAME_LOWER", "ONNX_SAME_UPPER",
    "ONNX_TRANSPOSED_SAME", "ONNX_VALID", "OUTPUT_SIZE_RULES", "PARAMETERS", "PARAMETER_BYTES", "RNN", "SELU",
    "STORED_VALUES", "TF_SAME", "TF_VALID", "TRANSPOSED", "TRANSPOSED_SIZE_RULES", "WEIGHTS",
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d", "Add", "AtFirst", "Attention", "Auxiliary", "AvgPool1d", "AvgPool2d", "AvgPool3d",
    "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "Comparison", "Concatenate", "ConnectedConv2d", "Conv1d",
    "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d", "Convention", "Count",
    "Counted", "CounterError", "CrossAttention", "Difference", "Dropout", "EachCell", "Elementwise",
    "Embedding", "EuclideanRBF", "Expression", "Features", "FeedForward", "Flatten", "Graph", "GroupNorm",
    "Hardsigmoid", "Hardswish", "Hardtanh", "Identification", "Identity", "Image", "InstanceNorm1d",
    "InstanceNorm2d", "InstanceNorm3d", "Intensity", "LatentAttention", "Layer", "LayerError", "LayerNorm",
    "LeakyReLU", "LearnedPositions", "Linear", "LoRA", "LocalResponseNorm", "LogSigmoid", "LogSoftmax",
    "MambaBlock", "MatMul", "MaxPool1d", "MaxPool2d", "MaxPool3d", "Memory", "Mish", "MixtureOfExperts",
    "Model", "Multiply", "PReLU", "Parallel", "PatchEmbedding", "PatchMerging", "PixelShuffle",
    "PixelUnshuffle", "Quantity", "QuantizedLinear", "RMSNorm", "ReLU", "ReLU6", "ReceptiveField", "Reduce",
    "ScaledTanh", "Segments", "Sequence", "Sequential", "Setting", "ShapeError", "SiLU", "Sigmoid", "Signal",
    "SinusoidalPositions", "Softmax", "Softplus", "Softsign", "Subsampling2d", "Symbol", "Table", "Tanh",
    "ToTokens", "Tokens", "UnknownNameError", "Upsample", "Volume", "WindowAttention", "ZeroPad2d",
    "ZeroPaddedShortcut", "active_parameters", "adaptive_windows", "arithmetic_intensity", "compare",
    "compare_output_sizes", "compare_transposed_sizes", "count", "difference", "fold", "from_config",
    "from_keras", "from_onnx", "from_torch", "identify", "kv_cache", "layer_from_text", "macs_by_type",
    "memory", "model_named", "network_named", "networks", "parameter_totals", "parameters_by_type",
    "receptive_field", "table", "with_lora",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """What is imported when it is first asked for."""
    if name == "dialects":
        return importlib.import_module("layercost.dialects")
    if name not in _WHEN_ASKED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_WHEN_ASKED[name]), name)
