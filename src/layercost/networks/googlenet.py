"""GoogLeNet: modules of four branches whose channels are concatenated.

Szegedy et al.: Going deeper with convolutions. arXiv:1409.4842, table 1, figure 3 and section 5.
"""

from __future__ import annotations

from typing import NamedTuple

from layercost.layer import Layer
from layercost.layers import (
    AdaptiveAvgPool2d,
    Auxiliary,
    AvgPool2d,
    BatchNorm2d,
    Conv2d,
    Dropout,
    Flatten,
    Linear,
    LocalResponseNorm,
    MaxPool2d,
    Parallel,
    ReLU,
    Sequential,
)
from layercost.layers.model import Model, Spelling
from layercost.message import Message
from layercost.networks.network import check_version, network

VERSIONS = {
    "paper": Message("the paper's main branch: convolutions with bias, 5x5 branches; 6,998,552 parameters"),
    "paper-aux": Message(
        "the paper with its two auxiliary classifiers, which run in training only; 13,378,280 parameters"
    ),
    "torchvision": Message(
        "torchvision: batch normalization, 3x3 for 5x5, no auxiliary classifiers; 6,624,904 parameters"
    ),
    "torchvision-aux": Message(
        "torchvision with its auxiliary classifiers, at inference held and not run; 13,004,888 parameters"
    ),
}

_SPELLING = {"ReLU": Spelling.FUNCTION, "Flatten": Spelling.FUNCTION}  # in torchvision's code


class Inception(NamedTuple):
    """A row of table 1: the channels of the four branches, and of the 1x1 convolutions before them."""

    one: int
    three_reduce: int
    three: int
    five_reduce: int
    five: int
    pool: int

    @property
    def out(self) -> int:
        """The channels of the concatenation."""
        return self.one + self.three + self.five + self.pool


TABLE_1 = {
    "3a": Inception(64, 96, 128, 16, 32, 32),
    "3b": Inception(128, 128, 192, 32, 96, 64),
    "4a": Inception(192, 96, 208, 16, 48, 64),
    "4b": Inception(160, 112, 224, 24, 64, 64),
    "4c": Inception(128, 128, 256, 24, 64, 64),
    "4d": Inception(112, 144, 288, 32, 64, 64),
    "4e": Inception(256, 160, 320, 32, 128, 128),
    "5a": Inception(256, 160, 320, 32, 128, 128),
    "5b": Inception(384, 192, 384, 48, 128, 128),
}
_AUXILIARY_AFTER = {"4a": "aux1", "4d": "aux2"}


class Style(NamedTuple):
    """How a version writes a convolution, and how far its third branch looks."""

    batch_norm: bool
    far: int  # the kernel of the branch that the paper calls 5x5


_STYLES = {"paper": Style(False, 5), "torchvision": Style(True, 3)}


@network("GoogLeNet, Szegedy et al. 2014", VERSIONS, default="paper")
def googlenet(version: str = "paper") -> Model:
    """GoogLeNet for ``(3, 224, 224)`` images of 1,000 kinds, with or without its auxiliary classifiers.

    Raises UnknownNameError for another version than those of `VERSIONS`.
    """
    check_version("googlenet", version)
    family, _, auxiliary = version.partition("-")
    layers = _layers(_STYLES[family], bool(auxiliary))
    return Model(
        layers, name="googlenet", version=version, source=VERSIONS[version], input_shape=(3, 224, 224),
        spelling=_SPELLING if version.startswith("torchvision") else None,
    )  # fmt: skip


def _layers(style: Style, auxiliary: bool) -> dict[str, Layer]:
    layers = _stem(style)
    channels = 192
    for name, row in TABLE_1.items():
        layers[f"inception{name}"] = inception(channels, row, style)
        channels = row.out
        if auxiliary and name in _AUXILIARY_AFTER:
            layers[_AUXILIARY_AFTER[name]] = _auxiliary(style, channels)
        if name == "3b":
            layers["maxpool3"] = MaxPool2d(3, stride=2, ceil_mode=True)
        if name == "4e":  # the paper pools over 3x3, torchvision over 2x2; both leave 7x7
            layers["maxpool4"] = MaxPool2d(2 if style.batch_norm else 3, stride=2, ceil_mode=True)
    pool = AdaptiveAvgPool2d(1) if style.batch_norm else AvgPool2d(7, stride=1)
    drop = Dropout(0.2 if style.batch_norm else 0.4)
    return layers | {"avgpool": pool, "flatten": Flatten(), "dropout": drop, "fc": Linear(channels, 1000)}


def _stem(style: Style) -> dict[str, Layer]:
    def norm(number: int) -> dict[str, Layer]:
        lrn: dict[str, Layer] = {f"norm{number}": LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=2.0)}
        return {} if style.batch_norm else lrn

    return {
        "conv1": _conv(style, 3, 64, 7, 2), "maxpool1": MaxPool2d(3, stride=2, ceil_mode=True), **norm(1),
        "conv2": _conv(style, 64, 64, 1), "conv3": _conv(style, 64, 192, 3), **norm(2),
        "maxpool2": MaxPool2d(3, stride=2, ceil_mode=True),
    }  # fmt: skip


def inception(
    in_channels: int, row: Inception, style: Style = _STYLES["paper"], reduced: bool = True
) -> Layer:
    """A module: four branches side by side, their channels concatenated.

    Without its reductions the 3x3 and the 5x5 read every channel, and the pooling hands all of them on: the
    paper's figure 2a.
    """

    def branch(reduce: int, out_channels: int, kernel_size: int) -> Layer:
        if not reduced:
            return _conv(style, in_channels, out_channels, kernel_size)
        return Sequential(
            _conv(style, in_channels, reduce, 1), _conv(style, reduce, out_channels, kernel_size)
        )

    pool = MaxPool2d(3, stride=1, padding=1, ceil_mode=True)
    branches: dict[str, Layer] = {
        "branch1": _conv(style, in_channels, row.one, 1),
        "branch2": branch(row.three_reduce, row.three, 3),
        "branch3": branch(row.five_reduce, row.five, style.far),
        "branch4": Sequential(pool, _conv(style, in_channels, row.pool, 1)) if reduced else pool,
    }
    return Parallel(branches, join="concatenate")


def _auxiliary(style: Style, in_channels: int) -> Layer:
    """A classifier on the side: it helps the gradients in training and is dropped at inference."""
    pool = AdaptiveAvgPool2d(4) if style.batch_norm else AvgPool2d(5, stride=3)
    head: dict[str, Layer] = {
        "pool": pool, "conv": _conv(style, in_channels, 128, 1), "flatten": Flatten(),
        "fc1": Linear(2048, 1024), "relu": ReLU(), "dropout": Dropout(0.7), "fc2": Linear(1024, 1000),
    }  # fmt: skip
    return Auxiliary(Sequential(head))


def _conv(style: Style, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1) -> Layer:
    """A convolution that keeps the size (at stride 1), and what follows each."""
    bias, padding = not style.batch_norm, kernel_size // 2
    conv = Conv2d(in_channels, out_channels, kernel_size, stride, padding, bias=bias)
    norm: dict[str, Layer] = {"bn": BatchNorm2d(out_channels, eps=0.001)} if style.batch_norm else {}
    return Sequential({"conv": conv, **norm, "relu": ReLU()})
