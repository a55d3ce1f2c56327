"""Models as people write them in PyTorch, each with one trait that a reader of ONNX files must get right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

Sizes: TypeAlias = tuple[int, ...]


class Exported(NamedTuple):
    """A model, the sizes of its inputs without the batch, and whether these are tokens."""

    make: Callable[[], nn.Module]
    inputs: dict[str, Sizes]
    tokens: bool = False


class SqueezeExcitation(nn.Module):
    """Gates that scale the channels of a map."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, stride=2, padding=1, bias=False)
        self.down, self.up = nn.Conv2d(16, 4, 1), nn.Conv2d(4, 16, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.silu(self.conv(x))
        gate = functional.relu(self.down(functional.adaptive_avg_pool2d(x, 1)))
        return x * torch.sigmoid(self.up(gate))


class ChannelShuffle(nn.Module):
    """Groups whose channels change places: five axes in between."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(12, 12, 1, groups=3), nn.Conv2d(12, 12, 3, padding=1, groups=12)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        n, c, h, w = x.shape
        x = x.view(n, 3, c // 3, h, w).transpose(1, 2).reshape(n, c, h, w)
        left, right = self.second(x).chunk(2, dim=1)
        return torch.cat((left, functional.hardswish(right)), 1)


class Attention(nn.Module):
    """Heads by hand, as in most code."""

    def __init__(self, width: int, heads: int, causal: bool = False) -> None:
        super().__init__()
        self.heads, self.causal = heads, causal
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        n, steps, width = x.shape
        qkv = self.qkv(x).reshape(n, steps, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
        scores = q @ k.transpose(-2, -1) * (width // self.heads) ** -0.5
        if self.causal:
            mask = torch.full((steps, steps), float("-inf")).triu(1)
            scores = scores + mask
        return self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(n, steps, width))


class Block(nn.Module):
    """A transformer's block."""

    def __init__(self, width: int, heads: int, causal: bool = False) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads, causal)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class VisionTransformer(nn.Module):
    """A class token that is repeated for the batch, and positions that are added."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 24, 8, stride=8)
        self.token, self.positions = nn.Parameter(torch.zeros(1, 1, 24)), nn.Parameter(torch.zeros(1, 17, 24))
        self.blocks = nn.Sequential(Block(24, 3), Block(24, 3))
        self.head = nn.Linear(24, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat((self.token.expand(x.shape[0], -1, -1), x), dim=1) + self.positions
        return self.head(self.blocks(x)[:, 0])


class TiedLanguageModel(nn.Module):
    """A GPT whose last layer is its embedding, the other way round."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.positions = nn.Embedding(50, 16), nn.Embedding(12, 16)
        self.block, self.norm = Block(16, 2, causal=True), nn.LayerNorm(16)
        self.head = nn.Linear(16, 50, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, ids: Tensor) -> Tensor:
        x = self.tokens(ids) + self.positions(torch.arange(ids.shape[1]))
        return self.head(self.norm(self.block(x)))


class Windows(nn.Module):
    """Attention within windows, which stand in one axis with the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.norm = nn.Conv2d(3, 12, 2, stride=2), nn.LayerNorm(12)
        self.attention = Attention(12, 3)
        self.bias = nn.Parameter(torch.zeros(1, 16, 12))

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x).permute(0, 2, 3, 1)
        n, h, w, c = x.shape
        x = self.norm(x).roll((-2, -2), (1, 2))
        windows = x.view(n, h // 4, 4, w // 4, 4, c).transpose(2, 3).reshape(-1, 16, c)
        windows = self.attention(windows + self.bias)
        x = windows.view(n, h // 4, w // 4, 4, 4, c).transpose(2, 3).reshape(n, h, w, c)
        return x.mean((1, 2))


class Recurrent(nn.Module):
    """Two layers in both directions, of which the last step is read."""

    def __init__(self, kind: type[nn.RNNBase]) -> None:
        super().__init__()
        self.steps = kind(5, 7, num_layers=2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(14, 3)

    def forward(self, x: Tensor) -> Tensor:
        out, _ = self.steps(x)
        return self.head(out[:, -1])


class LastState(nn.Module):
    """The state that an LSTM ends with, and not its outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.steps, self.head = nn.LSTM(5, 7, batch_first=True), nn.Linear(7, 3)

    def forward(self, x: Tensor) -> Tensor:
        _, (hidden, _) = self.steps(x)
        return self.head(hidden[-1])


class Decoder(nn.Module):
    """A U: maps that shrink, grow again by transposed convolutions, and meet what was before."""

    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2 = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 16, 3, stride=2, padding=1)
        self.up = nn.ConvTranspose2d(16, 8, 4, stride=2, padding=1)
        self.last = nn.ConvTranspose2d(16, 2, 3, stride=2, padding=1, output_padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        first = functional.relu(self.down1(x))
        second = functional.leaky_relu(self.down2(first), 0.2)
        both = torch.cat((first, self.up(second)), 1)
        return functional.interpolate(self.last(both), scale_factor=2.0, mode="nearest").tanh()


class Shared(nn.Module):
    """A layer that runs twice, and a weight that another operation uses."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.scale = nn.Linear(6, 6), nn.Parameter(torch.full((6,), 0.1))

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer(functional.relu(self.layer(x))) * self.scale
        return functional.linear(x, self.layer.weight.t())


class Siamese(nn.Module):
    """Two inputs, one tower, and the product of what it gives for each."""

    def __init__(self) -> None:
        super().__init__()
        self.tower = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        first, second = self.tower(a), self.tower(b)
        return (functional.normalize(first, dim=1) * functional.normalize(second, dim=1)).sum(1)


class CrossAttention(nn.Module):
    """PyTorch's own attention, of queries on other keys."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(16, 4, batch_first=True)

    def forward(self, queries: Tensor, keys: Tensor) -> Tensor:
        out, _ = self.attention(queries, keys, keys, need_weights=False)
        return out


class Normalized(nn.Module):
    """A weight that is computed from others before it is used, and norms of groups and instances."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.utils.parametrizations.weight_norm(nn.Conv2d(4, 8, 3, padding=1))
        self.group, self.instance = nn.GroupNorm(4, 8), nn.InstanceNorm2d(8, affine=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.instance(functional.elu(self.group(self.conv(x))))


class ConvNext(nn.Module):
    """A depthwise convolution, a norm over channels that stand last, and a scale for each."""

    def __init__(self) -> None:
        super().__init__()
        self.depthwise, self.norm = nn.Conv2d(12, 12, 7, padding=3, groups=12), nn.LayerNorm(12)
        self.wide, self.narrow = nn.Linear(12, 48), nn.Linear(48, 12)
        self.scale = nn.Parameter(torch.full((12,), 1e-6))

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.depthwise(x).permute(0, 2, 3, 1))
        y = self.scale * self.narrow(functional.gelu(self.wide(y)))
        return x + y.permute(0, 3, 1, 2)


class Frames(nn.Module):
    """A convolution on each frame of a film, and an LSTM over the frames."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 8, 3, stride=2), nn.BatchNorm2d(8)
        self.steps, self.head = nn.LSTM(8, 6, batch_first=True), nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Tensor:
        n, frames = x.shape[:2]
        maps = functional.relu(self.norm(self.conv(x.flatten(0, 1)))).mean((2, 3))
        out, _ = self.steps(maps.view(n, frames, -1))
        return self.head(out.mean(1))


class Signals(nn.Module):
    """One axis: convolutions, pools, a gated unit."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv1d(2, 8, 5, stride=2), nn.BatchNorm1d(8)
        self.last = nn.Conv1d(4, 3, 3, dilation=2, padding=2)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.glu(functional.max_pool1d(self.norm(self.conv(x)), 2), dim=1)
        return functional.adaptive_avg_pool1d(functional.avg_pool1d(self.last(x), 3), 1).flatten(1)


class Volumes(nn.Module):
    """Three axes, there and back."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv3d(1, 4, 3, padding=1), nn.BatchNorm3d(4)
        self.up = nn.ConvTranspose3d(4, 2, 2, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.up(functional.max_pool3d(functional.relu(self.norm(self.conv(x))), 2))


class Rotary(nn.Module):
    """Positions as rotations, a norm by the root of the mean square, a gated unit: as in Llama."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.norm = nn.Embedding(40, 16), nn.Parameter(torch.full((16,), 0.5))
        self.q, self.k, self.v = (nn.Linear(16, size, bias=False) for size in (16, 8, 8))
        self.gate, self.up = nn.Linear(16, 32), nn.Linear(16, 32)
        self.down, self.head = nn.Linear(32, 16), nn.Linear(16, 40, bias=False)
        angles = torch.outer(torch.arange(6.0), 10000.0 ** (-torch.arange(0, 4, 2) / 4.0))
        self.register_buffer("cos", angles.cos().repeat(1, 2))
        self.register_buffer("sin", angles.sin().repeat(1, 2))

    def turned(self, x: Tensor) -> Tensor:
        left, right = x.chunk(2, -1)
        return x * self.cos + torch.cat((-right, left), -1) * self.sin

    def repeated(self, x: Tensor) -> Tensor:
        n, heads, steps, size = x.shape
        return x[:, :, None].expand(n, heads, 2, steps, size).reshape(n, 2 * heads, steps, size)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.tokens(ids)
        n, steps, _ = x.shape
        y = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.norm
        q, k, v = (
            layer(y).view(n, steps, heads, 4).transpose(1, 2)
            for layer, heads in ((self.q, 4), (self.k, 2), (self.v, 2))
        )
        q, k, v = self.turned(q), self.repeated(self.turned(k)), self.repeated(v)
        out = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + out.transpose(1, 2).reshape(n, steps, 16)
        return self.head(x + self.down(functional.silu(self.gate(x)) * self.up(x)))


class Bilinear(nn.Module):
    """Products of activations written with einsum, and one with a weight of three axes."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2, 6, 4))

    def forward(self, x: Tensor) -> Tensor:
        scores = torch.einsum("nic,njc->nij", x, x)
        return torch.einsum("nij,njc->nic", scores, x).unsqueeze(1) @ self.weight


class Inception(nn.Module):
    """Branches that are concatenated, a pool among them, and two outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.three = nn.Conv2d(4, 6, 1), nn.Conv2d(4, 5, 3, padding=1)
        self.auxiliary, self.head = nn.Linear(4, 2), nn.Linear(15, 3)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        pooled = functional.max_pool2d(x, 3, stride=1, padding=1)
        y = torch.cat((self.one(x), self.three(x), pooled), 1)
        return self.head(y.amax((2, 3))), self.auxiliary(x.mean((2, 3)))


ZOO: dict[str, Exported] = {
    "squeeze-excitation": Exported(SqueezeExcitation, {"x": (3, 16, 16)}),
    "channel shuffle": Exported(ChannelShuffle, {"x": (12, 8, 8)}),
    "vision transformer": Exported(VisionTransformer, {"x": (3, 32, 32)}),
    "tied language model": Exported(TiedLanguageModel, {"ids": (12,)}, tokens=True),
    "windows": Exported(Windows, {"x": (3, 16, 16)}),
    "LSTM": Exported(lambda: Recurrent(nn.LSTM), {"x": (9, 5)}),
    "GRU": Exported(lambda: Recurrent(nn.GRU), {"x": (9, 5)}),
    "last state": Exported(LastState, {"x": (9, 5)}),
    "decoder": Exported(Decoder, {"x": (3, 16, 16)}),
    "shared": Exported(Shared, {"x": (6,)}),
    "siamese": Exported(Siamese, {"a": (8,), "b": (8,)}),
    "cross attention": Exported(CrossAttention, {"queries": (5, 16), "keys": (7, 16)}),
    "normalized": Exported(Normalized, {"x": (4, 8, 8)}),
    "ConvNeXt": Exported(ConvNext, {"x": (12, 9, 9)}),
    "frames": Exported(Frames, {"x": (4, 3, 9, 9)}),
    "signals": Exported(Signals, {"x": (2, 64)}),
    "volumes": Exported(Volumes, {"x": (1, 6, 6, 6)}),
    "rotary": Exported(Rotary, {"ids": (6,)}, tokens=True),
    "bilinear": Exported(Bilinear, {"x": (5, 6)}),
    "Inception": Exported(Inception, {"x": (4, 8, 8)}),
}


def export(name: str, path: Any, batch: int | None) -> None:
    """Write a model's ONNX file, for a fixed batch or an open one."""
    exported = ZOO[name]
    module = exported.make().eval()
    kind = torch.int64 if exported.tokens else torch.float32
    inputs = tuple(torch.zeros((batch or 2, *sizes), dtype=kind) for sizes in exported.inputs.values())
    axes = {input_name: {0: "batch"} for input_name in exported.inputs} if batch is None else None
    torch.onnx.export(
        module, inputs, str(path), dynamo=False, input_names=list(exported.inputs), dynamic_axes=axes,
        opset_version=17,
    )  # fmt: skip


def flops(name: str) -> int:
    """What PyTorch's own counter sees of a model on one sample: two for each multiply-accumulate."""
    exported = ZOO[name]
    kind = torch.int64 if exported.tokens else torch.float32
    inputs = [torch.zeros((1, *sizes), dtype=kind) for sizes in exported.inputs.values()]
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        exported.make().eval()(*inputs)
    return int(counter.get_total_flops())
