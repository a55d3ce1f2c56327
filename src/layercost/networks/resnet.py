"""Residual networks: blocks whose input is added to their output.

He, Zhang, Ren, Sun: Deep residual learning for image recognition. arXiv:1512.03385, table 1 and section 3.3.
"""

from __future__ import annotations

from typing import NamedTuple

from layercost.layer import Layer, LayerError
from layercost.layers import (
    AdaptiveAvgPool2d,
    BatchNorm2d,
    Conv2d,
    Flatten,
    Identity,
    Linear,
    MaxPool2d,
    Parallel,
    ReLU,
    Sequential,
    ZeroPaddedShortcut,
)
from layercost.layers.model import Model, Spelling
from layercost.message import Message
from layercost.networks.network import check_version, network
from layercost.shape import shown

_OPTION_A = Message(
    "the paper's option A: where the size changes, shortcuts take every second cell and append zeros"
)
BOTTLENECK_VERSIONS = {
    "v1.5": Message("torchvision: the stride stands in a block's 3x3 convolution; projection shortcuts"),
    "v1": Message(
        "the paper: the stride stands in a block's first 1x1 convolution; projection shortcuts (option B)"
    ),
    "option-a": Message("{where}; stride in the 1x1", where=_OPTION_A),
    "keras": Message("Keras: the stride in the 1x1 as in the paper, and each convolution keeps a bias"),
}
BASIC_VERSIONS = {
    "v1.5": Message(
        "torchvision: the same as v1, for these blocks have no 1x1 convolution on their main path"
    ),
    "v1": Message("the paper: projection shortcuts (option B)"),
    "option-a": _OPTION_A,
}


class Style(NamedTuple):
    """What versions differ in: where a bottleneck's stride stands, its shortcuts, its biases."""

    stride_in_3x3: bool = False
    zero_padded: bool = False
    bias: bool = False


_STYLES = {
    "v1.5": Style(stride_in_3x3=True), "v1": Style(), "option-a": Style(zero_padded=True),
    "keras": Style(bias=True),
}  # fmt: skip
_SPELLING = {  # in torchvision's code
    "Add": Spelling.IN_PLACE_OPERATOR,
    "ReLU": Spelling.IN_PLACE_MODULE,
    "Flatten": Spelling.FUNCTION,
}
_BASIC = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
_BOTTLENECK = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}


@network("ResNet-18, He et al. 2015", BASIC_VERSIONS, default="v1.5")
def resnet18(version: str = "v1.5") -> Model:
    """ResNet-18 for ``(3, 224, 224)`` images of 1,000 kinds; v1 and v1.5 are the same.

    Raises UnknownNameError for another version than those of `BASIC_VERSIONS`.
    """
    return _resnet(18, version)


@network("ResNet-34, He et al. 2015", BASIC_VERSIONS, default="v1.5")
def resnet34(version: str = "v1.5") -> Model:
    """ResNet-34 for ``(3, 224, 224)`` images of 1,000 kinds; v1 and v1.5 are the same.

    Raises UnknownNameError for another version than those of `BASIC_VERSIONS`.
    """
    return _resnet(34, version)


@network("ResNet-50, He et al. 2015", BOTTLENECK_VERSIONS, default="v1.5")
def resnet50(version: str = "v1.5") -> Model:
    """ResNet-50 for ``(3, 224, 224)`` images of 1,000 kinds.

    Raises UnknownNameError for another version than those of `BOTTLENECK_VERSIONS`.
    """
    return _resnet(50, version)


@network("ResNet-101, He et al. 2015", BOTTLENECK_VERSIONS, default="v1.5")
def resnet101(version: str = "v1.5") -> Model:
    """ResNet-101 for ``(3, 224, 224)`` images of 1,000 kinds.

    Raises UnknownNameError for another version than those of `BOTTLENECK_VERSIONS`.
    """
    return _resnet(101, version)


@network("ResNet-152, He et al. 2015", BOTTLENECK_VERSIONS, default="v1.5")
def resnet152(version: str = "v1.5") -> Model:
    """ResNet-152 for ``(3, 224, 224)`` images of 1,000 kinds.

    Raises UnknownNameError for another version than those of `BOTTLENECK_VERSIONS`.
    """
    return _resnet(152, version)


def _resnet(depth: int, version: str) -> Model:
    name = f"resnet{depth}"
    check_version(name, version)
    bottleneck = depth in _BOTTLENECK
    blocks = (_BOTTLENECK if bottleneck else _BASIC)[depth]
    layers = _layers(Plan(blocks, bottleneck, _STYLES[version]))
    source = (BOTTLENECK_VERSIONS if bottleneck else BASIC_VERSIONS)[version]
    return _model(layers, name, version, source)


_STAGES = 4


class Plan(NamedTuple):
    """What makes a residual network: blocks in each of the four stages, their kind, style and inner width.

    `inner` are the channels inside of the blocks of the first stage; each stage doubles them. Their usual
    number is 64; with 128 in bottlenecks it is a Wide ResNet (Zagoruyko and Komodakis 2016).
    """

    blocks: tuple[int, ...]
    bottleneck: bool
    style: Style = _STYLES["v1.5"]
    inner: int = 64

    @property
    def depth(self) -> int:
        """The layers with weights as the paper counts them: projections are left out."""
        return 2 + sum(self.blocks) * (3 if self.bottleneck else 2)

    def out_channels(self, stage: int) -> int:
        """The channels that a stage gives, the first being 0: each gives twice as many as the one before."""
        return (256 if self.bottleneck else 64) << stage


def planned(plan: Plan) -> Model:
    """A residual network for ``(3, 224, 224)`` images of 1,000 kinds that may be none of the published ones.

    Raises LayerError for a plan of other than four stages, for a stage without blocks, or without channels.
    """
    if len(plan.blocks) != _STAGES or min(plan.blocks) < 1:
        raise LayerError(
            Message(
                "a residual network has {stages} stages of one block or more, but got {blocks}",
                stages=_STAGES,
                blocks=shown(plan.blocks),
            )
        )
    return _model(
        _layers(plan), f"resnet{plan.depth}", "planned", Message("blocks as planned, otherwise the paper's")
    )


def _model(layers: dict[str, Layer], name: str, version: str, source: Message) -> Model:
    return Model(
        layers, name=name, version=version, source=source, input_shape=(3, 224, 224), spelling=_SPELLING
    )


def _layers(plan: Plan) -> dict[str, Layer]:
    return {
        "conv1": _conv(plan.style, 3, 64, 7, 2), "bn1": BatchNorm2d(64), "relu": ReLU(),
        "maxpool": MaxPool2d(3, stride=2, padding=1),
        **_stages(plan),
        "avgpool": AdaptiveAvgPool2d(1), "flatten": Flatten(),
        "fc": Linear(plan.out_channels(_STAGES - 1), 1000),
    }  # fmt: skip


def _stages(plan: Plan) -> dict[str, Layer]:
    """The four stages; the first block of each but the first halves the image."""
    build = _bottleneck if plan.bottleneck else _basic
    stages: dict[str, Layer] = {}
    in_channels = 64
    for stage, blocks in enumerate(plan.blocks):
        inner, out_channels = plan.inner * 2**stage, plan.out_channels(stage)
        layers = []
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            layers.append(build(plan.style, in_channels, inner, out_channels, stride))
            in_channels = out_channels
        stages[f"layer{stage + 1}"] = Sequential(*layers)
    return stages


def _basic(style: Style, in_channels: int, inner: int, out_channels: int, stride: int) -> Layer:
    relu = ReLU()
    main: dict[str, Layer] = {
        "conv1": _conv(style, in_channels, inner, 3, stride), "bn1": BatchNorm2d(inner), "relu1": relu,
        "conv2": _conv(style, inner, out_channels, 3), "bn2": BatchNorm2d(out_channels),
    }  # fmt: skip
    return _joined(main, _shortcut(style, in_channels, out_channels, stride), relu)


def _bottleneck(style: Style, in_channels: int, inner: int, out_channels: int, stride: int) -> Layer:
    first, middle = (1, stride) if style.stride_in_3x3 else (stride, 1)
    relu = ReLU()
    main: dict[str, Layer] = {
        "conv1": _conv(style, in_channels, inner, 1, first), "bn1": BatchNorm2d(inner), "relu1": relu,
        "conv2": _conv(style, inner, inner, 3, middle), "bn2": BatchNorm2d(inner), "relu2": relu,
        "conv3": _conv(style, inner, out_channels, 1), "bn3": BatchNorm2d(out_channels),
    }  # fmt: skip
    return _joined(main, _shortcut(style, in_channels, out_channels, stride), relu)


def _joined(main: dict[str, Layer], shortcut: Layer, relu: ReLU) -> Layer:
    """A block. Its ReLUs are one layer, called two or three times, as in torchvision."""
    block = Parallel({"main": Sequential(main), "downsample": shortcut}, join="add")
    return Sequential({"block": block, "relu": relu})


def _shortcut(style: Style, in_channels: int, out_channels: int, stride: int) -> Layer:
    if stride == 1 and in_channels == out_channels:
        return Identity()
    if style.zero_padded:
        return ZeroPaddedShortcut(in_channels, out_channels, stride)
    return Sequential(_conv(style, in_channels, out_channels, 1, stride), BatchNorm2d(out_channels))


def _conv(style: Style, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1) -> Conv2d:
    """A convolution without bias, because batch normalization follows; Keras keeps the bias."""
    return Conv2d(in_channels, out_channels, kernel_size, stride, padding=kernel_size // 2, bias=style.bias)
