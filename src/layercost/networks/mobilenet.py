"""MobileNets: a convolution split into one that looks at each channel alone and one that mixes channels.

Howard et al.: MobileNets. arXiv:1704.04861, table 1.
Sandler et al.: MobileNetV2: Inverted residuals and linear bottlenecks. arXiv:1801.04381, table 2.
"""

from __future__ import annotations

from layercost.layer import Layer
from layercost.layers import (
    AdaptiveAvgPool2d,
    BatchNorm2d,
    Conv2d,
    Dropout,
    Flatten,
    Identity,
    Linear,
    Parallel,
    ReLU,
    ReLU6,
    Sequential,
)
from layercost.layers.model import Model, Spelling
from layercost.message import Message
from layercost.networks.network import check_version, network

V1_VERSIONS = {
    "paper": Message(
        "the paper at width 1.0: batch normalization after each convolution; 4,231,976 parameters"
    )
}
V2_VERSIONS = {"torchvision": Message("torchvision, the paper's layers at width 1.0; 3,504,872 parameters")}

_V2_SPELLING = {  # in torchvision's code
    "ReLU6": Spelling.IN_PLACE_MODULE,
    "AdaptiveAvgPool2d": Spelling.FUNCTION,
    "Flatten": Spelling.FUNCTION,
}

# Table 1 of v1: output channels and stride of the thirteen separable convolutions
_SEPARABLE = (
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (1024, 2),
    (1024, 1),
)

# Table 2 of v2: expansion, output channels, repeats, stride of the first
_INVERTED = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


@network("MobileNet, Howard et al. 2017", V1_VERSIONS, default="paper")
def mobilenet_v1(version: str = "paper") -> Model:
    """MobileNet of width 1.0 for ``(3, 224, 224)`` images of 1,000 kinds.

    Table 1 prints stride 2 for the last depthwise convolution and 7x7 for its input and output: stride 1 is
    what keeps 7x7. Raises UnknownNameError for another version than those of `V1_VERSIONS`.
    """
    check_version("mobilenet_v1", version)
    layers: dict[str, Layer] = {"conv1": Sequential(_conv(3, 32, 3, 2) | {"relu": ReLU()})}
    channels = 32
    for number, (out_channels, stride) in enumerate(_SEPARABLE, start=1):
        depthwise = _conv(channels, channels, 3, stride, groups=channels)
        layers[f"depthwise{number}"] = Sequential(depthwise | {"relu": ReLU()})
        layers[f"pointwise{number}"] = Sequential(_conv(channels, out_channels, 1) | {"relu": ReLU()})
        channels = out_channels
    layers |= {"avgpool": AdaptiveAvgPool2d(1), "flatten": Flatten(), "fc": Linear(channels, 1000)}
    source = V1_VERSIONS[version]
    return Model(layers, name="mobilenet_v1", version=version, source=source, input_shape=(3, 224, 224))


@network("MobileNetV2, Sandler et al. 2018", V2_VERSIONS, default="torchvision")
def mobilenet_v2(version: str = "torchvision") -> Model:
    """MobileNetV2 of width 1.0 for ``(3, 224, 224)`` images of 1,000 kinds.

    Raises UnknownNameError for another version than those of `V2_VERSIONS`.
    """
    check_version("mobilenet_v2", version)
    features: list[Layer] = [_with_relu6(3, 32, 3, 2)]
    channels = 32
    for expansion, out_channels, repeats, stride in _INVERTED:
        for block in range(repeats):
            first = stride if block == 0 else 1
            features.append(_inverted_residual(channels, out_channels, first, expansion))
            channels = out_channels
    features.append(_with_relu6(channels, 1280, 1))
    layers: dict[str, Layer] = {
        "features": Sequential(*features), "avgpool": AdaptiveAvgPool2d(1), "flatten": Flatten(),
        "classifier": Sequential(Dropout(0.2), Linear(1280, 1000)),
    }  # fmt: skip
    source = V2_VERSIONS[version]
    return Model(
        layers, name="mobilenet_v2", version=version, source=source, input_shape=(3, 224, 224),
        spelling=_V2_SPELLING, starts_at_zero=("Conv2d", "Linear"),
    )  # fmt: skip


def _inverted_residual(in_channels: int, out_channels: int, stride: int, expansion: int) -> Layer:
    """Wide in the middle, narrow at both ends; added to its input where the two have one shape."""
    hidden = in_channels * expansion
    layers: list[Layer] = [
        *([_with_relu6(in_channels, hidden, 1)] if expansion > 1 else []),
        _with_relu6(hidden, hidden, 3, stride, groups=hidden),
        *_conv(hidden, out_channels, 1).values(),
    ]
    conv = Sequential(*layers)
    if stride == 1 and in_channels == out_channels:
        return Parallel({"conv": conv, "identity": Identity()}, join="add")
    return Sequential({"conv": conv})


def _with_relu6(
    in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, groups: int = 1
) -> Layer:
    conv = _conv(in_channels, out_channels, kernel_size, stride, groups)
    return Sequential(*conv.values(), ReLU6())


def _conv(
    in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, groups: int = 1
) -> dict[str, Layer]:
    """A convolution without bias, and batch normalization."""
    padding = kernel_size // 2
    conv = Conv2d(in_channels, out_channels, kernel_size, stride, padding, groups=groups, bias=False)
    return {"conv": conv, "bn": BatchNorm2d(out_channels)}
