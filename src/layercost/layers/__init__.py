"""The layers, one module a topic. Importing this package registers them all."""

from layercost.layers.activation import ReLU, ScaledTanh, Sigmoid, Softmax, Tanh
from layercost.layers.composite import Flatten, Sequential
from layercost.layers.convolution import ConnectedConv2d, Conv2d
from layercost.layers.linear import EuclideanRBF, Linear
from layercost.layers.pooling import AvgPool2d, MaxPool2d, Subsampling2d

__all__ = [
    "AvgPool2d",
    "ConnectedConv2d",
    "Conv2d",
    "EuclideanRBF",
    "Flatten",
    "Linear",
    "MaxPool2d",
    "ReLU",
    "ScaledTanh",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Subsampling2d",
    "Tanh",
]
