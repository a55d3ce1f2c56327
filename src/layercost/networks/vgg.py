"""VGG: 3x3 convolutions and pooling, from 11 to 19 layers with weights.

Simonyan, Zisserman: Very deep convolutional networks for large-scale image recognition. arXiv:1409.1556,
tables 1 and 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict, Unpack

from layercost.layer import Layer
from layercost.layers import (
    AdaptiveAvgPool2d,
    BatchNorm2d,
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
    "paper": Message("the paper: convolutions with bias, no normalization"),
    "torchvision": Message(
        "torchvision: the paper's layers, with an adaptive pooling to 7x7, idle at 224x224"
    ),
    "batch-norm": Message(
        "torchvision's vgg..._bn: batch normalization after each convolution, whose bias stays"
    ),
}
VERSIONS_11 = VERSIONS | {
    "lrn": Message("the paper's A-LRN: local response normalization after the first convolution")
}
VERSIONS_16 = VERSIONS | {"1x1": Message("the paper's C: the last convolution of stages 3 to 5 is 1x1")}


class Asked(TypedDict, total=False):
    """What may be told of a VGG besides its version; what is not told is as in the paper.

    `size` of the image (224), outputs of the two `hidden` fully connected layers (4,096), and whether
    `global_pooling` (the mean of each map) stands in their place, with one fully connected layer after it.
    """

    size: int
    hidden: int
    global_pooling: bool


_CHANNELS = (64, 128, 256, 512, 512)
_CONVOLUTIONS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}


@network("VGG-11 (A), Simonyan and Zisserman 2014", VERSIONS_11, default="paper")
def vgg11(version: str = "paper", **asked: Unpack[Asked]) -> Model:
    """VGG-11 for ``(3, 224, 224)`` images of 1,000 kinds; 132,863,336 parameters without batch normalization.

    `Asked` says what else may be told.
    Raises UnknownNameError for another version than those of `VERSIONS_11`.
    """
    return _vgg(11, version, VERSIONS_11, **asked)


@network("VGG-13 (B), Simonyan and Zisserman 2014", VERSIONS, default="paper")
def vgg13(version: str = "paper", **asked: Unpack[Asked]) -> Model:
    """VGG-13 for ``(3, 224, 224)`` images of 1,000 kinds; 133,047,848 parameters without batch normalization.

    `Asked` says what else may be told.
    Raises UnknownNameError for another version than those of `VERSIONS`.
    """
    return _vgg(13, version, VERSIONS, **asked)


@network("VGG-16 (D), Simonyan and Zisserman 2014", VERSIONS_16, default="paper")
def vgg16(version: str = "paper", **asked: Unpack[Asked]) -> Model:
    """VGG-16 for ``(3, 224, 224)`` images of 1,000 kinds; 138,357,544 parameters without batch normalization.

    `Asked` says what else may be told.
    Raises UnknownNameError for another version than those of `VERSIONS_16`.
    """
    return _vgg(16, version, VERSIONS_16, **asked)


@network("VGG-19 (E), Simonyan and Zisserman 2014", VERSIONS, default="paper")
def vgg19(version: str = "paper", **asked: Unpack[Asked]) -> Model:
    """VGG-19 for ``(3, 224, 224)`` images of 1,000 kinds; 143,667,240 parameters without batch normalization.

    `Asked` says what else may be told.
    Raises UnknownNameError for another version than those of `VERSIONS`.
    """
    return _vgg(19, version, VERSIONS, **asked)


def _vgg(
    depth: int,
    version: str,
    versions: Mapping[str, Message],
    *,
    size: int = 224,
    hidden: int = 4096,
    global_pooling: bool = False,
) -> Model:
    name = f"vgg{depth}"
    check_version(name, version)
    features, published = _features(depth, version), version in ("torchvision", "batch-norm")
    side = 7 if published else Sequential(features).output_shape((3, size, size))[-1]
    head = _mean_head() if global_pooling else _head(int(side), hidden)
    layers = _torchvision(features, head) if published else features | head
    return Model(
        layers, name=name, version=version, source=versions[version], input_shape=(3, size, size),
        spelling=FEED_FORWARD if published else None,
        starts_at_zero=("Conv2d", "Linear") if published else (),
    )  # fmt: skip


def _features(depth: int, version: str) -> dict[str, Layer]:
    layers: dict[str, Layer] = {}
    in_channels = 3
    for stage, (channels, repeats) in enumerate(zip(_CHANNELS, _CONVOLUTIONS[depth], strict=True), start=1):
        for place in range(1, repeats + 1):
            kernel_size = 1 if version == "1x1" and place == 3 else 3
            layers[f"conv{stage}_{place}"] = Conv2d(
                in_channels, channels, kernel_size, padding=kernel_size // 2
            )
            if version == "lrn" and stage == 1:
                layers["norm1_1"] = LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=2.0)
            if version == "batch-norm":
                layers[f"bn{stage}_{place}"] = BatchNorm2d(channels)
            layers[f"relu{stage}_{place}"] = ReLU()
            in_channels = channels
        layers[f"pool{stage}"] = MaxPool2d(2)
    return layers


def _mean_head() -> dict[str, Layer]:
    """The mean of each map, and a single fully connected layer."""
    return {"gap": AdaptiveAvgPool2d(1), "flatten": Flatten(), "fc8": Linear(_CHANNELS[-1], 1000)}


def _head(side: int, hidden: int) -> dict[str, Layer]:
    """Three fully connected layers, which read maps of `side` times `side`."""
    return {
        "flatten": Flatten(),
        "fc6": Linear(_CHANNELS[-1] * side**2, hidden), "relu6": ReLU(), "drop6": Dropout(),
        "fc7": Linear(hidden, hidden), "relu7": ReLU(), "drop7": Dropout(),
        "fc8": Linear(hidden, 1000),
    }  # fmt: skip


def _torchvision(features: dict[str, Layer], head: dict[str, Layer]) -> dict[str, Layer]:
    """The same layers under the names that torchvision gives them."""
    pooling = head.get("gap", AdaptiveAvgPool2d(7))
    classifier = [layer for name, layer in head.items() if name not in ("gap", "flatten")]
    return {
        "features": Sequential(*features.values()), "avgpool": pooling, "flatten": head["flatten"],
        "classifier": Sequential(*classifier),
    }  # fmt: skip
