"""The layers, one module a topic. Importing this package registers them all."""

# ruff: noqa: F401, I001 - the first six declare beliefs, the more general ones about networks last
import layercost.layers.attention_beliefs
import layercost.layers.feed_forward_beliefs
import layercost.layers.expert_beliefs
import layercost.layers.language_beliefs
import layercost.layers.block_beliefs
import layercost.layers.forgetting
import layercost.layers.stack_beliefs
from layercost.layers.activation import (
    CELU,
    ELU,
    GELU,
    GLU,
    SELU,
    Dropout,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    Mish,
    PReLU,
    ReLU,
    ReLU6,
    ScaledTanh,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Tanh,
)
from layercost.layers.adapters import LoRA, with_lora
from layercost.layers.attention import Attention, CrossAttention, LatentAttention
from layercost.layers.composite import AtFirst, Auxiliary, Parallel, Sequential
from layercost.layers.convolution import ConnectedConv2d, Conv1d, Conv2d, Conv3d
from layercost.layers.embedding import Embedding
from layercost.layers.feed_forward import FeedForward, MixtureOfExperts
from layercost.layers.folding import fold
from layercost.layers.graph import Graph
from layercost.layers.joins import Add, Concatenate, Elementwise, MatMul, Multiply
from layercost.layers.linear import EuclideanRBF, Linear
from layercost.layers.model import Model, Spelling
from layercost.layers.normalization import (
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    GroupNorm,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
    LayerNorm,
    LocalResponseNorm,
    RMSNorm,
)
from layercost.layers.patches import EachCell, PatchEmbedding, PatchMerging, ToTokens
from layercost.layers.pooling import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveAvgPool3d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AdaptiveMaxPool3d,
    AvgPool1d,
    AvgPool2d,
    AvgPool3d,
    MaxPool1d,
    MaxPool2d,
    MaxPool3d,
    Reduce,
    Subsampling2d,
)
from layercost.layers.positions import LearnedPositions, Segments, SinusoidalPositions
from layercost.layers.quantized import QuantizedLinear
from layercost.layers.receptive import ReceptiveField, receptive_field
from layercost.layers.recurrent import GRU, LSTM, RNN
from layercost.layers.reshaping import (
    Flatten,
    Identity,
    PixelShuffle,
    PixelUnshuffle,
    Upsample,
    ZeroPad2d,
    ZeroPaddedShortcut,
)
from layercost.layers.state_space import MambaBlock
from layercost.layers.transposed import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from layercost.layers.windows import WindowAttention

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "GRU",
    "LSTM",
    "RNN",
    "SELU",
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "Add",
    "AtFirst",
    "Attention",
    "Auxiliary",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "Concatenate",
    "ConnectedConv2d",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "CrossAttention",
    "Dropout",
    "EachCell",
    "Elementwise",
    "Embedding",
    "EuclideanRBF",
    "FeedForward",
    "Flatten",
    "Graph",
    "GroupNorm",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "Identity",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LatentAttention",
    "LayerNorm",
    "LeakyReLU",
    "LearnedPositions",
    "Linear",
    "LoRA",
    "LocalResponseNorm",
    "LogSigmoid",
    "LogSoftmax",
    "MambaBlock",
    "MatMul",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "Mish",
    "MixtureOfExperts",
    "Model",
    "Multiply",
    "PReLU",
    "Parallel",
    "PatchEmbedding",
    "PatchMerging",
    "PixelShuffle",
    "PixelUnshuffle",
    "QuantizedLinear",
    "RMSNorm",
    "ReLU",
    "ReLU6",
    "ReceptiveField",
    "Reduce",
    "ScaledTanh",
    "Segments",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SinusoidalPositions",
    "Softmax",
    "Softplus",
    "Softsign",
    "Spelling",
    "Subsampling2d",
    "Tanh",
    "ToTokens",
    "Upsample",
    "WindowAttention",
    "ZeroPad2d",
    "ZeroPaddedShortcut",
    "fold",
    "receptive_field",
    "with_lora",
]  # fmt: skip
