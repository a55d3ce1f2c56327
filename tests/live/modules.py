"""Our layers as torch modules: by name and arguments where torch has them, by hand where it has not."""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import Any

import torch
from torch import nn

import layercost as lc


class Branches(nn.Module):
    """``Parallel``: the outputs of all branches, added or concatenated along the channels."""

    def __init__(self, branches: dict[str, nn.Module], join: str) -> None:
        super().__init__()
        self.branches, self.join = nn.ModuleDict(branches), join

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first, *others = (branch(x) for branch in self.branches.values())
        if self.join == "concatenate":
            return torch.cat([first, *others], 1)
        for other in others:
            first = first + other
        return first


class OnTheSide(nn.Module):
    """``Auxiliary``: a head that holds its parameters, runs in training, and changes nothing."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.head = head

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.training:
            self.head(x)
        return x


class ZeroPadded(nn.Module):
    """``ZeroPaddedShortcut``: every so manyth cell, and channels of zeros behind."""

    def __init__(self, layer: lc.ZeroPaddedShortcut) -> None:
        super().__init__()
        self.stride, self.more = layer.stride, layer.out_channels - layer.in_channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.more))


class Steps(nn.Module):
    """A recurrent layer's outputs without its states."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        steps, _ = self.layer(x)
        return steps


def module_of(layer: lc.Layer, known: dict[int, nn.Module] | None = None) -> nn.Module:
    """The torch module of a layer or network; a layer that stands in two places becomes one module."""
    known = {} if known is None else known
    if id(layer) not in known:
        known[id(layer)] = _made(layer, known)
    return known[id(layer)]


def _made(layer: lc.Layer, known: dict[int, nn.Module]) -> nn.Module:
    match layer:
        case lc.Sequential(children=children):
            return nn.Sequential(*(module_of(child, known) for _, child in children))
        case lc.Parallel(children=children, join=join):
            return Branches({name: module_of(child, known) for name, child in children}, join)
        case lc.Auxiliary(layer=head):
            return OnTheSide(module_of(head, known))
        case lc.ZeroPaddedShortcut():
            return ZeroPadded(layer)
        case lc.LSTM() | lc.GRU() | lc.RNN():
            return Steps(_by_name(layer, batch_first=True))
    return _by_name(layer)


def _by_name(layer: lc.Layer, **others: Any) -> nn.Module:
    kind = getattr(nn, type(layer).__name__)
    given = {each.name: getattr(layer, each.name) for each in fields(layer)}
    if not isinstance(layer, (lc.LSTM, lc.GRU, lc.RNN)):
        taken = inspect.signature(kind).parameters
        given = {name: value for name, value in given.items() if name in taken}
    else:
        for ours_alone in ("bias_vectors", "return_sequences", "reset_after"):
            given.pop(ours_alone, None)
    return kind(**given | others)  # type: ignore[no-any-return]
