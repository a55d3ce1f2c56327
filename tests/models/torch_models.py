"""Small models in PyTorch, each with something that a reader of models must get right."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as functional
from torch import nn


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        changes = stride > 1 or inputs != outputs
        self.downsample = (
            nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
            if changes
            else None
        )

    def forward(self, x: Any) -> Any:
        identity = x
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 7, 2, 3, bias=False)
        self.layer1 = nn.Sequential(Block(8, 8, 1), Block(8, 16, 2))
        self.fc = nn.Linear(16, 10)

    def forward(self, x: Any) -> Any:
        x = self.layer1(functional.max_pool2d(functional.relu(self.conv1(x)), 3, 2, 1))
        return self.fc(torch.flatten(functional.adaptive_avg_pool2d(x, (1, 1)), 1))


class Inception(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.branch1 = nn.Conv2d(3, 2, 1)
        self.branch2 = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1))
        self.pool = nn.MaxPool2d(3, 1, 1)

    def forward(self, x: Any) -> Any:
        return torch.cat([self.branch1(x), self.branch2(x), self.pool(x)], 1).mean([2, 3])


class Dense(nn.Module):
    """Each value is read by all that come later."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, 1), nn.Conv2d(7, 4, 1)

    def forward(self, x: Any) -> Any:
        a = self.a(x)
        return torch.cat([x, a, self.b(torch.cat([x, a], 1))], 1)


class Words(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(10, 4)
        self.lstm = nn.LSTM(4, 5, batch_first=True)
        self.fc = nn.Linear(5, 2)

    def forward(self, x: Any) -> Any:
        out, _ = self.lstm(self.embedding(x))
        return functional.softmax(self.fc(out[:, -1]), dim=1)


class StepsFirst(nn.Module):
    """Steps before the batch, so that the last step is taken off the first axis."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.fc = nn.LSTM(4, 5), nn.Linear(5, 2)

    def forward(self, x: Any) -> Any:
        return self.fc(self.lstm(x)[0][-1])


class Strange(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.odd = nn.Bilinear(4, 4, 4)
        self.scale = nn.Parameter(torch.ones(4))
        self.spare = nn.Linear(4, 7)

    def forward(self, x: Any) -> Any:
        x = self.fc(x)
        return self.odd(x, x) * self.scale


class Deciding(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        return self.fc(x) if x.shape[-1] > 2 else x


class Own(nn.Linear):
    def forward(self, x: Any) -> Any:
        return super().forward(x) + 1


class Halves(nn.Module):
    """One half of the channels goes on, the other is added: 244 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.c, self.d = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(4, 4, 1)

    def forward(self, x: Any) -> Any:
        a, b = self.c(x).chunk(2, 1)
        return self.d(a) + b


class Several(nn.Module):
    """A convolution, then something of torch's that gives several values, then another convolution."""

    def __init__(self, several: Any, take: Any) -> None:
        super().__init__()
        self.first, self.several, self.take = nn.Conv2d(3, 6, 1), several, take
        self.last = nn.LazyConv2d(2, 1)

    def forward(self, x: Any) -> Any:
        return self.last(self.take(self.several(self.first(x))))


class Pair(nn.Module):
    """A module of the user's own that gives a tuple and a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(6, 4, 1)

    def forward(self, x: Any) -> Any:
        return self.conv(x), {"more": x}


class Aside(nn.Module):
    """A branch that is computed and not returned."""

    def __init__(self) -> None:
        super().__init__()
        self.main, self.aside = nn.Linear(4, 6), nn.Linear(4, 100)

    def forward(self, x: Any) -> Any:
        self.aside(x)
        return self.main(x)


class Attention(nn.Module):
    """Attention as people write it."""

    def __init__(self, way: str = "by hand") -> None:
        super().__init__()
        self.qkv, self.proj, self.way = nn.Linear(8, 24), nn.Linear(8, 8), way

    def forward(self, x: Any) -> Any:
        b, n, c = x.shape
        if self.way == "chunk":
            q, k, v = (part.reshape(b, n, 2, 4).transpose(1, 2) for part in self.qkv(x).chunk(3, -1))
        else:
            q, k, v = self.qkv(x).reshape(b, n, 3, 2, 4).permute(2, 0, 3, 1, 4).unbind(0)
        if self.way == "torch":
            out = functional.scaled_dot_product_attention(q, k, v)
        elif self.way == "einsum":
            scores = torch.einsum("bhid,bhjd->bhij", q, k).softmax(-1)
            out = torch.einsum("bhij,bhjd->bhid", scores, v)
        else:
            out = ((q * 4**-0.5) @ k.transpose(-2, -1)).softmax(dim=-1) @ v
        return self.proj(out.transpose(1, 2).reshape(b, n, c))


class SqueezeExcitation(nn.Module):
    """Gates of (C, 1, 1) that scale a map."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.down, self.up = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 2, 1), nn.Conv2d(2, 8, 1)

    def forward(self, x: Any) -> Any:
        x = self.conv(x)
        gate = self.up(functional.relu(self.down(functional.adaptive_avg_pool2d(x, 1))))
        return x * gate.sigmoid()


class Tied(nn.Module):
    """An embedding whose table is the last layer's weight too."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.norm, self.head = nn.Embedding(10, 4), nn.LayerNorm(4), nn.Linear(4, 10)
        self.head.weight = self.embedding.weight

    def forward(self, x: Any) -> Any:
        return self.head(self.norm(self.embedding(x)))


class Functional(nn.Module):
    """Weights that no module holds: functions read them."""

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.zeros(6, 3, 3, 3)), nn.Parameter(torch.zeros(6))
        self.scale, self.matrix = nn.Parameter(torch.ones(6, 1, 1)), nn.Parameter(torch.zeros(6, 5))
        self.position = nn.Parameter(torch.zeros(1, 6, 6))
        self.mean: torch.Tensor
        self.register_buffer("mean", torch.zeros(6))
        self.register_buffer("var", torch.ones(6))

    def forward(self, x: Any) -> Any:
        x = functional.conv2d(x, self.weight, self.bias, padding=1) * self.scale
        x = functional.batch_norm(x, self.mean, self.var).mean(2) + self.position
        return x.transpose(1, 2) @ self.matrix


class Windows(nn.Module):
    """Windows of an image, in one axis with the batch, through convolutions and attention."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        b, c, h, w = x.shape
        x = x.reshape(b, c, h // 4, 4, w // 4, 4).permute(0, 2, 4, 1, 3, 5).reshape(-1, c, 4, 4)
        x = self.fc(self.conv(x).flatten(2).transpose(1, 2))
        return (x @ x.transpose(1, 2)).reshape(b, -1)


class MixesSamples(nn.Module):
    """Samples of a batch that see each other."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        return self.fc(x) @ x.transpose(0, 1)


class Asking(nn.Module):
    """It decides by the value of a weight."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.gate = nn.Sequential(nn.Linear(4, 4)), nn.Parameter(torch.zeros(()))

    def forward(self, x: Any) -> Any:
        x = self.body(x)
        return x if self.gate > 0 else -x


class TwoInputs(nn.Module):
    """It reads an image and a vector."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 4, 3), nn.Linear(5, 4)

    def forward(self, x: Any, y: Any) -> Any:
        return self.conv(x).mean((2, 3)) + self.fc(y)


class TwoWays(nn.Module):
    """One convolution on the whole image, and on each of its four quarters."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)

    def forward(self, x: Any) -> Any:
        quarters = x.unfold(2, 4, 4).unfold(3, 4, 4).permute(0, 2, 3, 1, 4, 5).reshape(-1, 3, 4, 4)
        return self.conv(x).flatten(1) + self.conv(quarters).reshape(len(x), -1)
