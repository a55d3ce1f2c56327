"""AlexNet: the network of 2012, the one that courses draw, and torchvision's.

Krizhevsky, Sutskever, Hinton: ImageNet classification with deep convolutional neural networks. NeurIPS 2012,
figure 2 and section 3. torchvision's is Krizhevsky: One weird trick for parallelizing convolutional neural
networks. arXiv:1404.5997, with one tower in place of two.
"""

from __future__ import annotations

from layercost.layer import Layer
from layercost.layers import (
    AdaptiveAvgPool2d,
    Conv2d,
    Dropout,
    Flatten,
    Linear,
    LocalResponseNorm,
    MaxPool2d,
    ReLU,
    Sequential,
)
from layercost.layers.model import Model
from layercost.message import Message
from layercost.networks.network import FEED_FORWARD, check_version, network

VERSIONS = {
    "ungrouped": Message(
        "document 004: both halves merged, pooling before normalization; 62,378,344 parameters"
    ),
    "two-gpu": Message(
        "the paper: conv2, conv4 and conv5 in two groups, normalization before pooling; 60,965,224 parameters"
    ),
    "torchvision": Message(
        "torchvision: one tower of fewer channels, no normalization; 61,100,840 parameters"
    ),
}

# What a version has unless told: the size of its image, the padding of conv1, the groups.
_USUAL = {"ungrouped": (227, 0, 1), "two-gpu": (227, 0, 2), "torchvision": (224, 2, 1)}


@network("AlexNet, Krizhevsky et al. 2012", VERSIONS, default="ungrouped")
def alexnet(
    version: str = "ungrouped",
    *,
    size: int | None = None,
    padding: int | None = None,
    groups: int | None = None,
) -> Model:
    """AlexNet for ``(3, 227, 227)`` images of 1,000 kinds; torchvision's takes ``(3, 224, 224)``.

    The paper prints 224 for the input, from which its own sizes do not follow; 227 gives them.
    `size` of the image, `padding` of the first convolution and `groups` of conv2, conv4 and conv5 are those
    of the version unless told. The first fully connected layer follows the image, but in torchvision's, whose
    last pooling always gives 6 x 6.
    Raises UnknownNameError for another version than those of `VERSIONS`, ShapeError for an image that is too
    small, LayerError for groups that do not divide the channels.
    """
    check_version("alexnet", version)
    usual_size, usual_padding, usual_groups = _USUAL[version]
    size = usual_size if size is None else size
    padding = usual_padding if padding is None else padding
    groups = usual_groups if groups is None else groups
    shape, published = (3, size, size), version == "torchvision"
    if published:
        layers = _torchvision(padding, groups)
    else:
        layers = _original(padding, groups, normalized_first=version == "two-gpu")
        (values,) = Sequential(layers).output_shape(shape)
        layers |= _head(int(values))
    return Model(
        layers, name="alexnet", version=version, source=VERSIONS[version], input_shape=shape,
        spelling=FEED_FORWARD if published else None,
    )  # fmt: skip


def _original(padding: int, groups: int, *, normalized_first: bool) -> dict[str, Layer]:
    return {
        "conv1": Conv2d(3, 96, 11, stride=4, padding=padding), "relu1": ReLU(), **_stage(1, normalized_first),
        "conv2": Conv2d(96, 256, 5, padding=2, groups=groups), "relu2": ReLU(), **_stage(2, normalized_first),
        "conv3": Conv2d(256, 384, 3, padding=1), "relu3": ReLU(),
        "conv4": Conv2d(384, 384, 3, padding=1, groups=groups), "relu4": ReLU(),
        "conv5": Conv2d(384, 256, 3, padding=1, groups=groups), "relu5": ReLU(),
        "pool5": MaxPool2d(3, stride=2), "flatten": Flatten(),
    }  # fmt: skip


def _head(values: int) -> dict[str, Layer]:
    return {
        "fc6": Linear(values, 4096), "relu6": ReLU(), "drop6": Dropout(),
        "fc7": Linear(4096, 4096), "relu7": ReLU(), "drop7": Dropout(),
        "fc8": Linear(4096, 1000),
    }  # fmt: skip


def _stage(number: int, normalized_first: bool) -> dict[str, Layer]:
    """Pooling and normalization after conv1 and conv2, in the order of the source."""
    pool: dict[str, Layer] = {f"pool{number}": MaxPool2d(3, stride=2)}
    norm: dict[str, Layer] = {f"norm{number}": LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=2.0)}
    return norm | pool if normalized_first else pool | norm


def _torchvision(padding: int, groups: int) -> dict[str, Layer]:
    return {
        "features": Sequential(
            Conv2d(3, 64, 11, stride=4, padding=padding), ReLU(), MaxPool2d(3, stride=2),
            Conv2d(64, 192, 5, padding=2, groups=groups), ReLU(), MaxPool2d(3, stride=2),
            Conv2d(192, 384, 3, padding=1), ReLU(),
            Conv2d(384, 256, 3, padding=1, groups=groups), ReLU(),
            Conv2d(256, 256, 3, padding=1, groups=groups), ReLU(), MaxPool2d(3, stride=2),
        ),
        "avgpool": AdaptiveAvgPool2d(6), "flatten": Flatten(),
        "classifier": Sequential(
            Dropout(), Linear(9216, 4096), ReLU(),
            Dropout(), Linear(4096, 4096), ReLU(),
            Linear(4096, 1000),
        ),
    }  # fmt: skip
