"""Parameters, buffers, shapes and FLOPs as torch itself has them, layer by layer and network by network.

On torch's meta device nothing is computed and nothing is held. FlopCounterMode counts two for each
multiply-accumulate of convolutions, matrix products and recurrent layers, and nothing else.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

import layercost as lc
from layercost.layers.pooling import MaxPool
from layercost.networks import NETWORKS

if TYPE_CHECKING:
    import torch
    from torch import nn

pytestmark = pytest.mark.torch

Made: TypeAlias = tuple[lc.Layer, tuple[int, ...]]
EACH = 20  # random layers of each kind
EVERY = [
    (entry.name, version) for entry in NETWORKS.values() for version in entry.versions if version != "1998"
]


def windows(chance: random.Random, most_padding: Callable[[int], int]) -> dict[str, Any]:
    """A kernel, a stride and a padding, square or not."""
    kernel = tuple(chance.randint(1, 5) for _ in range(chance.choice((1, 2))))
    kernel = kernel if len(kernel) == 2 else kernel * 2
    return {
        "kernel_size": kernel if kernel[0] != kernel[1] else kernel[0],
        "stride": chance.randint(1, 3),
        "padding": tuple(chance.randint(0, most_padding(size)) for size in kernel),
    }


def image(chance: random.Random, channels: int) -> tuple[int, int, int]:
    return channels, chance.randint(12, 40), chance.randint(12, 40)


def conv2d(chance: random.Random) -> Made:
    groups = chance.choice((1, 1, 2, 4))
    channels, out_channels = groups * chance.randint(1, 16), groups * chance.randint(1, 16)
    settings = windows(chance, lambda size: 3) | {"dilation": chance.randint(1, 2), "groups": groups}
    return lc.Conv2d(channels, out_channels, **settings, bias=chance.random() < 0.5), image(chance, channels)


def conv1d(chance: random.Random) -> Made:
    channels = chance.randint(1, 16)
    layer = lc.Conv1d(
        channels, chance.randint(1, 16), chance.randint(1, 5), chance.randint(1, 3), chance.randint(0, 2)
    )
    return layer, (channels, chance.randint(8, 60))


def conv3d(chance: random.Random) -> Made:
    channels = chance.randint(1, 8)
    layer = lc.Conv3d(
        channels, chance.randint(1, 8), chance.randint(1, 3), chance.randint(1, 2), chance.randint(0, 1)
    )
    return layer, (channels, *(chance.randint(6, 14) for _ in range(3)))


def conv_transpose(kind: type[lc.Layer], axes: int) -> Callable[[random.Random], Made]:
    def made(chance: random.Random) -> Made:
        channels, stride = chance.randint(1, 16), chance.randint(1, 3)
        more = {"padding": chance.randint(0, 1), "output_padding": chance.randint(0, stride - 1)}
        layer = kind(channels, chance.randint(1, 16), chance.randint(2, 5), stride, **more)  # type: ignore[call-arg]
        return layer, (channels, *(chance.randint(4, 20 if axes < 3 else 8) for _ in range(axes)))

    return made


def linear(chance: random.Random) -> Made:
    features = chance.randint(1, 400)
    leading = chance.choice(((), (chance.randint(1, 20),)))
    return lc.Linear(features, chance.randint(1, 400), bias=chance.random() < 0.7), (*leading, features)


def pooling(kind: type[lc.Layer], axes: int = 2) -> Callable[[random.Random], Made]:
    def made(chance: random.Random) -> Made:
        kernel = tuple(chance.randint(1, 5) for _ in range(axes))
        settings: dict[str, Any] = {
            "stride": chance.choice((None, chance.randint(1, 3))),
            "padding": tuple(chance.randint(0, size // 2) for size in kernel),
            "ceil_mode": chance.random() < 0.5,
        }
        if issubclass(kind, MaxPool):
            settings["dilation"] = chance.randint(1, 2)
        sizes = (chance.randint(12, 40 if axes < 3 else 16) for _ in range(axes))
        return kind(kernel, **settings), (chance.randint(1, 8), *sizes)  # type: ignore[call-arg]

    return made


def adaptive(kind: type[lc.Layer], axes: int = 2) -> Callable[[random.Random], Made]:
    def made(chance: random.Random) -> Made:
        size = [chance.randint(1, 9) for _ in range(axes)]
        if axes > 1 and chance.random() < 0.5:
            size[-1] = None  # type: ignore[call-overload]
        sizes = (chance.randint(3, 30) for _ in range(axes))
        return kind(tuple(size)), (chance.randint(1, 8), *sizes)  # type: ignore[call-arg]

    return made


def spatial_norm(kind: type[lc.Layer], axes: int) -> Callable[[random.Random], Made]:
    def made(chance: random.Random) -> Made:
        channels = chance.randint(1, 32)
        settings = {"affine": chance.random() < 0.5, "track_running_stats": chance.random() < 0.5}
        sizes = (chance.randint(2, 12) for _ in range(axes))
        return kind(channels, **settings), (channels, *sizes)  # type: ignore[call-arg]

    return made


def rms_norm(chance: random.Random) -> Made:
    steps, features = chance.randint(1, 20), chance.randint(1, 64)
    size = chance.choice((features, (steps, features)))
    return lc.RMSNorm(size, elementwise_affine=chance.random() < 0.7), (steps, features)


def upsample(chance: random.Random) -> Made:
    axes = chance.randint(1, 3)
    mode = chance.choice(("nearest", "nearest-exact", ("linear", "bilinear", "trilinear")[axes - 1]))
    given: dict[str, Any] = {"scale_factor": chance.choice((2, 3, 1.5, 0.7, 2.3))}
    if chance.random() < 0.3:
        given = {"size": tuple(chance.randint(1, 20) for _ in range(axes))}
    sizes = (chance.randint(2, 12) for _ in range(axes))
    return lc.Upsample(**given, mode=mode), (chance.randint(1, 8), *sizes)


def moved(chance: random.Random) -> Made:
    """Cells moved into channels, or out of them; zeros around."""
    r, channels, height, width = (chance.randint(1, 4) for _ in range(4))
    sides = tuple(chance.randint(0, 3) for _ in range(4))
    return chance.choice(
        [
            (lc.PixelShuffle(r), (channels * r * r, height, width)),
            (lc.PixelUnshuffle(r), (channels, height * r, width * r)),
            (lc.ZeroPad2d(sides), (channels, height, width)),
        ]
    )


def batch_norm2d(chance: random.Random) -> Made:
    channels = chance.randint(1, 64)
    settings = {"affine": chance.random() < 0.7, "track_running_stats": chance.random() < 0.7}
    return lc.BatchNorm2d(channels, **settings), image(chance, channels)


def batch_norm1d(chance: random.Random) -> Made:
    channels = chance.randint(1, 64)
    return lc.BatchNorm1d(channels), (channels, chance.randint(2, 30))


def layer_norm(chance: random.Random) -> Made:
    steps, features = chance.randint(1, 20), chance.randint(1, 64)
    size = chance.choice((features, (steps, features)))
    return lc.LayerNorm(size, elementwise_affine=chance.random() < 0.7, bias=chance.random() < 0.7), (
        steps,
        features,
    )


def group_norm(chance: random.Random) -> Made:
    groups, each = chance.randint(1, 6), chance.randint(1, 6)
    return lc.GroupNorm(groups, groups * each, affine=chance.random() < 0.7), image(chance, groups * each)


def response_norm(chance: random.Random) -> Made:
    return lc.LocalResponseNorm(chance.randint(1, 7)), image(chance, chance.randint(1, 12))


def recurrent(kind: type[lc.LSTM] | type[lc.GRU] | type[lc.RNN]) -> Callable[[random.Random], Made]:
    def made(chance: random.Random) -> Made:
        inputs, hidden = chance.randint(1, 40), chance.randint(2, 40)
        settings: dict[str, Any] = {
            "num_layers": chance.randint(1, 3),
            "bias": chance.random() < 0.7,
            "bidirectional": chance.random() < 0.5,
        }
        if kind is lc.LSTM and chance.random() < 0.3:
            settings["proj_size"] = chance.randint(1, hidden - 1)
        return kind(inputs, hidden, **settings), (chance.randint(1, 12), inputs)

    return made


def prelu(chance: random.Random) -> Made:
    channels = chance.randint(1, 20)
    return lc.PReLU(chance.choice((1, channels))), image(chance, channels)


def activation(chance: random.Random) -> Made:
    kinds = (
        lc.ReLU,
        lc.ReLU6,
        lc.LeakyReLU,
        lc.GELU,
        lc.SiLU,
        lc.Sigmoid,
        lc.Tanh,
        lc.Identity,
        lc.Dropout,
        lc.Flatten,
        lc.Hardswish,
        lc.Hardsigmoid,
        lc.Hardtanh,
        lc.ELU,
        lc.CELU,
        lc.SELU,
        lc.Mish,
        lc.Softplus,
        lc.Softsign,
        lc.LogSigmoid,
        lc.LogSoftmax,
    )
    return chance.choice(kinds)(), image(chance, chance.randint(1, 20))


def softmax(chance: random.Random) -> Made:
    return lc.Softmax(dim=-1), (chance.randint(1, 20), chance.randint(1, 40))


def small_network(chance: random.Random) -> Made:
    """Branches, a layer that is called twice, and a head that only trains."""
    channels = chance.randint(1, 8)
    again = lc.Conv2d(channels, channels, 3, padding=1, bias=chance.random() < 0.5)
    block = lc.Parallel(
        {"main": lc.Sequential(again, lc.BatchNorm2d(channels), lc.ReLU(), again), "side": lc.Identity()},
        join="add",
    )
    both = lc.Parallel({"a": lc.Conv2d(channels, 4, 1), "b": lc.MaxPool2d(3, 1, 1)}, join="concatenate")
    head = lc.Auxiliary(lc.Sequential(lc.AdaptiveAvgPool2d(1), lc.Flatten(), lc.Linear(channels, 5)))
    grown = lc.ZeroPaddedShortcut(channels + 4, channels + 6, 2)
    return lc.Sequential(block, head, both, grown), image(chance, channels)


POOLS = [f"{kind}Pool{axes}d" for kind in ("Max", "Avg") for axes in (1, 2, 3)]
ADAPTIVE = [f"Adaptive{name}" for name in POOLS]
NORMS = ["BatchNorm3d", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"]

KINDS: dict[str, Callable[[random.Random], Made]] = {
    "Conv1d": conv1d, "Conv2d": conv2d, "Conv3d": conv3d,
    **{f"ConvTranspose{n}d": conv_transpose(getattr(lc, f"ConvTranspose{n}d"), n) for n in (1, 2, 3)},
    "Linear": linear,
    **{name: pooling(getattr(lc, name), int(name[-2])) for name in POOLS},
    **{name: adaptive(getattr(lc, name), int(name[-2])) for name in ADAPTIVE},
    **{name: spatial_norm(getattr(lc, name), int(name[-2])) for name in NORMS},
    "RMSNorm": rms_norm, "Upsample": upsample, "moved": moved,
    "BatchNorm1d": batch_norm1d, "BatchNorm2d": batch_norm2d, "LayerNorm": layer_norm,
    "GroupNorm": group_norm,
    "LocalResponseNorm": response_norm, "LSTM": recurrent(lc.LSTM), "GRU": recurrent(lc.GRU),
    "RNN": recurrent(lc.RNN), "PReLU": prelu, "activations": activation, "Softmax": softmax,
    "more convolutions": conv2d, "more poolings": pooling(lc.MaxPool2d), "more of Linear": linear,
    "more of BatchNorm2d": batch_norm2d, "more of LSTM": recurrent(lc.LSTM), "networks": small_network,
}  # fmt: skip


def torchs(module: nn.Module, shape: tuple[int, ...], *, dtype: torch.dtype | None = None) -> dict[str, Any]:
    """What torch has: parameters, buffers without the counter of steps, output shape, and its count."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    module = module.eval()
    given = torch.zeros((1, *shape), device="meta", dtype=dtype)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        output = module(given)
    return {
        "parameters": sum(each.numel() for each in module.parameters()),
        "buffers": sum(
            each.numel() for name, each in module.named_buffers() if "num_batches_tracked" not in name
        ),
        "output": tuple(output.shape[1:]),
        "flops": counter.get_total_flops(),
    }


def ours(layer: lc.Layer, shape: tuple[int, ...]) -> dict[str, Any]:
    return {
        "parameters": lc.count(layer, lc.PARAMETERS).total,
        "buffers": lc.count(layer, lc.BUFFERS).total,
        "output": tuple(map(int, layer.output_shape(shape))),
        "flops": 2 * lc.count(layer, lc.MACS, shape).total,
    }


def compared(layer: lc.Layer, shape: tuple[int, ...]) -> None:
    import torch

    from tests.live.modules import module_of

    with torch.device("meta"):
        module = module_of(layer)
    assert ours(layer, shape) == torchs(module, shape), f"{layer} on {shape}"


def test_there_are_500_random_layers_at_the_least() -> None:
    assert EACH * len(KINDS) >= 500


@pytest.mark.parametrize("kind", KINDS)
def test_random_layers_are_as_torch_has_them(kind: str) -> None:
    chance = random.Random(kind)  # noqa: S311 - the same layers each time
    for _ in range(EACH):
        compared(*KINDS[kind](chance))


def test_an_embedding_is_as_torch_has_it() -> None:
    """It reads whole numbers."""
    import torch

    with torch.device("meta"):
        module = torch.nn.Embedding(1000, 64)
    assert torchs(module, (12,), dtype=torch.long) == ours(lc.Embedding(1000, 64), (12,))


@pytest.mark.parametrize(("name", "version"), EVERY)
def test_every_network_is_as_torch_has_it(name: str, version: str) -> None:
    network = lc.network_named(name, version)
    compared(network, network.input_shape)


PLAIN = ("vgg11", "vgg13", "vgg16", "vgg19", "resnet50", "resnet101", "resnet152")


@pytest.mark.parametrize("name", PLAIN)
def test_networks_written_in_plain_torch_are_ours(name: str) -> None:
    """The modules that the benchmark counts were not made from our layers."""
    import torch

    from benchmarks.torch_models import VGG, ResNet

    with torch.device("meta"):
        module = VGG(int(name[3:])) if name.startswith("vgg") else ResNet(int(name[6:]))
    network = lc.network_named(name)
    assert torchs(module, network.input_shape) == ours(network, network.input_shape)
