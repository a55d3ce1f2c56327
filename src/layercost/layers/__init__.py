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
from layercost.layers.composite import Add, Auxiliary, Concatenate, Parallel, Sequential
from layercost.layers.convolution import ConnectedConv2d, Conv2d
from layercost.layers.linear import EuclideanRBF, Linear
from layercost.layers.normalization import BatchNorm1d, BatchNorm2d, GroupNorm, LayerNorm, LocalResponseNorm
from layercost.layers.pooling import AdaptiveAvgPool2d, AvgPool2d, MaxPool2d, Subsampling2d
from layercost.layers.reshaping import Flatten, Identity, ZeroPaddedShortcut

__all__ = [
    "GELU", "AdaptiveAvgPool2d", "Add", "Auxiliary", "AvgPool2d", "BatchNorm1d", "BatchNorm2d", "Concatenate",
    "ConnectedConv2d", "Conv2d", "Dropout", "EuclideanRBF", "Flatten", "GroupNorm", "Identity", "LayerNorm",
    "LeakyReLU", "Linear", "LocalResponseNorm", "MaxPool2d", "PReLU", "Parallel", "ReLU", "ReLU6",
    "ScaledTanh", "Sequential", "SiLU", "Sigmoid", "Softmax", "Subsampling2d", "Tanh", "ZeroPaddedShortcut",
]  # fmt: skip
