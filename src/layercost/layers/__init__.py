"""The layers, one module a topic. Importing this package registers them all."""

from layercost.layers.activation import (
    GELU,
    Dropout,
    LeakyReLU,
    PReLU,
    ReLU,
    ReLU6,
    ScaledTanh,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from layercost.layers.composite import Auxiliary, Parallel, Sequential
from layercost.layers.convolution import ConnectedConv2d, Conv1d, Conv2d, Conv3d
from layercost.layers.embedding import Embedding
from layercost.layers.folding import fold
from layercost.layers.graph import Graph
from layercost.layers.joins import Add, Concatenate, Elementwise, MatMul, Multiply
from layercost.layers.linear import EuclideanRBF, Linear
from layercost.layers.model import Model, Spelling
from layercost.layers.normalization import BatchNorm1d, BatchNorm2d, GroupNorm, LayerNorm, LocalResponseNorm
from layercost.layers.pooling import AdaptiveAvgPool2d, AvgPool2d, MaxPool2d, Subsampling2d
from layercost.layers.receptive import ReceptiveField, receptive_field
from layercost.layers.recurrent import GRU, LSTM, RNN
from layercost.layers.reshaping import Flatten, Identity, ZeroPaddedShortcut
from layercost.layers.transposed import ConvTranspose2d

__all__ = [
    "GELU",
    "GRU",
    "LSTM",
    "RNN",
    "AdaptiveAvgPool2d",
    "Add",
    "Auxiliary",
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Concatenate",
    "ConnectedConv2d",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose2d",
    "Dropout",
    "Elementwise",
    "Embedding",
    "EuclideanRBF",
    "Flatten",
    "Graph",
    "GroupNorm",
    "Identity",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LocalResponseNorm",
    "MatMul",
    "MaxPool2d",
    "Model",
    "Multiply",
    "PReLU",
    "Parallel",
    "ReLU",
    "ReLU6",
    "ReceptiveField",
    "ScaledTanh",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Spelling",
    "Subsampling2d",
    "Tanh",
    "ZeroPaddedShortcut",
    "fold",
    "receptive_field",
]  # fmt: skip
