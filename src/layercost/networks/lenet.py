"""LeNet-5: the two networks that go by this name in courses, and the one of 1998.

LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document recognition.
Proceedings of the IEEE 86 (11), 1998, section II.B, figure 2 and table I.
"""

from __future__ import annotations

from layercost.convention import Convention, Price
from layercost.facts import Kind, Role
from layercost.layer import Layer
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
    Softmax,
    Subsampling2d,
)  # fmt: skip
from layercost.layers.model import Model
from layercost.message import Message
from layercost.networks.network import check_version, network

VERSIONS = {
    "max-pooling": Message("document 004: max pooling, three fully connected layers; 61,706 parameters"),
    "average-pooling": Message(
        "document 003: average pooling, C5 as a convolution, softmax at the end; 61,706 parameters"
    ),
    "1998": Message(
        "the paper: sparse C3, trained subsampling, fixed output codes; 60,000 trained parameters"
    ),
}

# Table I of the paper: the maps of S2 that each of C3's 16 maps reads.
C3_CONNECTIONS = (
    *(tuple(sorted((first + step) % 6 for step in range(3))) for first in range(6)),
    *(tuple(sorted((first + step) % 6 for step in range(4))) for first in range(6)),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)  # fmt: skip

CONNECTIONS = Convention(
    name="connections",
    unit="connections",
    counts=Message(
        "every input that a unit reads, and its bias as one more: n + 1 for a dot product with bias"
    ),
    source=Message("LeCun et al. 1998, section II.B: the connections given for each layer, 340,908 in all"),
    prices={
        Kind.DOT: Price(1),
        Kind.SUM: Price(1),
        (Kind.ADD, Role.BIAS): Price(0, 1),
        (Kind.ADD, Role.POOLING): Price(0, 1),
    },
)


@network("LeNet-5, LeCun et al. 1998", VERSIONS, default="max-pooling")
def lenet5(version: str = "max-pooling", *, in_channels: int = 1, size: int = 32, classes: int = 10) -> Model:
    """LeNet-5 for ``(in_channels, size, size)`` images of `classes` kinds, in one of `VERSIONS`.

    With its defaults it is the network of its sources; with others, the first layer after Flatten follows.
    Document 004's table lists no activations; they are placed where document 003 and the paper have them
    (they hold no parameters). Raises UnknownNameError for another version, and ShapeError for an image that
    is too small, naming the layer.
    """
    check_version("lenet5", version)
    shape = (in_channels, size, size)
    features, head = {
        "max-pooling": (_max_pooling, _three_connected),
        "average-pooling": (_average_pooling, _two_connected),
        "1998": (_original, _fixed_codes),
    }[version]
    convolutions = features(in_channels)
    (values,) = Sequential(convolutions).output_shape(shape)
    layers = convolutions | head(int(values), classes)
    return Model(layers, name="lenet5", version=version, source=VERSIONS[version], input_shape=shape)


def _max_pooling(in_channels: int) -> dict[str, Layer]:
    return {
        "conv1": Conv2d(in_channels, 6, kernel_size=5), "relu1": ReLU(), "pool1": MaxPool2d(2),
        "conv2": Conv2d(6, 16, kernel_size=5), "relu2": ReLU(), "pool2": MaxPool2d(2),
        "flatten": Flatten(),
    }  # fmt: skip


def _three_connected(values: int, classes: int) -> dict[str, Layer]:
    return {
        "fc1": Linear(values, 120), "relu3": ReLU(),
        "fc2": Linear(120, 84), "relu4": ReLU(),
        "fc3": Linear(84, classes),
    }  # fmt: skip


def _average_pooling(in_channels: int) -> dict[str, Layer]:
    return {
        "c1": Conv2d(in_channels, 6, kernel_size=5), "relu1": ReLU(), "s2": AvgPool2d(2),
        "c3": Conv2d(6, 16, kernel_size=5), "relu2": ReLU(), "s4": AvgPool2d(2),
        "c5": Conv2d(16, 120, kernel_size=5), "relu3": ReLU(),
        "flatten": Flatten(),
    }  # fmt: skip


def _two_connected(values: int, classes: int) -> dict[str, Layer]:
    return {
        "f6": Linear(values, 84), "relu4": ReLU(),
        "f7": Linear(84, classes), "softmax": Softmax(),
    }  # fmt: skip


def _original(in_channels: int) -> dict[str, Layer]:
    return {
        "c1": Conv2d(in_channels, 6, kernel_size=5), "tanh1": ScaledTanh(),
        "s2": Subsampling2d(2, channels=6), "tanh2": ScaledTanh(),
        "c3": ConnectedConv2d(6, C3_CONNECTIONS, 5), "tanh3": ScaledTanh(),
        "s4": Subsampling2d(2, channels=16), "tanh4": ScaledTanh(),
        "c5": Conv2d(16, 120, kernel_size=5), "tanh5": ScaledTanh(),
        "flatten": Flatten(),
    }  # fmt: skip


def _fixed_codes(values: int, classes: int) -> dict[str, Layer]:
    return {
        "f6": Linear(values, 84), "tanh6": ScaledTanh(),
        "output": EuclideanRBF(84, classes),
    }  # fmt: skip
