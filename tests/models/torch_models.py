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
    """Values that are read in no order of forks that meet again."""

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
        self.norm = nn.InstanceNorm1d(4, affine=True)
        self.scale = nn.Parameter(torch.ones(4))
        self.spare = nn.Linear(4, 7)

    def forward(self, x: Any) -> Any:
        return self.norm(self.fc(x)) * self.scale


class Deciding(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        return self.fc(x) if x.shape[-1] > 2 else x


class Own(nn.Linear):
    def forward(self, x: Any) -> Any:
        return super().forward(x) + 1
