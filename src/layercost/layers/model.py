"""A whole model: a tree of layers that knows its name, its source, and how its code spells it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from enum import Enum

from layercost.frozen import frozen
from layercost.layer import Layer, keep
from layercost.layers.composite import Sequential
from layercost.message import Words


class Spelling(Enum):
    """How a call is written in a model's code; tools that count look at some of these and not at others."""

    MODULE = "module"  # self.relu = nn.ReLU()
    IN_PLACE_MODULE = "in-place module"  # nn.ReLU(inplace=True)
    FUNCTION = "function"  # F.relu(x), torch.add(x, y)
    OPERATOR = "operator"  # x + y
    IN_PLACE_OPERATOR = "in-place operator"  # x += y
    OWN_MODULE = "module of its own"  # a function, in a module of the model's own that holds its weights
    FUSED = "fused"  # inside F.scaled_dot_product_attention, which runs as one operator
    FUSED_MODULE = "fused module"  # inside nn.MultiheadAttention, which runs as one operator at inference

    @property
    def is_module(self) -> bool:
        """Whether a hook on modules sees the call."""
        return self in (Spelling.MODULE, Spelling.IN_PLACE_MODULE)

    @property
    def has_module(self) -> bool:
        """Whether the call is all that a module does, of PyTorch's own or of the model's."""
        return self.is_module or self is Spelling.OWN_MODULE

    @property
    def in_place(self) -> bool:
        """Whether the call overwrites its input, as PyTorch's names that end in ``_`` do."""
        return self in (Spelling.IN_PLACE_MODULE, Spelling.IN_PLACE_OPERATOR)


@frozen(init=False)
class Model(Sequential):
    """A `Sequential` with its identity: name, version, source, and the usual shape of its input.

    A published network and a model that was read from a file are both one of these; of several inputs,
    `input_shape` has one shape each. `spelling` says how the model's code writes its calls: by the path of a
    call, or by the name of a type of layers, the path first. `places` says for the path of a layer how the
    model calls it, so that arrays of the model fit. `starts_at_zero` names the types of layers whose biases
    the published code starts at zero.
    """

    name: str
    version: str
    source: Words
    input_shape: tuple[int, ...] | tuple[tuple[int, ...], ...]
    spelling: Mapping[str, Spelling] = field(compare=False)
    places: Mapping[str, str] = field(compare=False)
    starts_at_zero: tuple[str, ...] = field(compare=False)

    def __init__(
        self,
        layers: dict[str, Layer],
        *,
        name: str,
        version: str,
        source: Words,
        input_shape: tuple[int, ...] | tuple[tuple[int, ...], ...],
        spelling: Mapping[str, Spelling] | None = None,
        places: Mapping[str, str] | None = None,
        starts_at_zero: Iterable[str] = (),
    ) -> None:
        super().__init__(layers)
        keep(
            self,
            name=name,
            version=version,
            source=source,
            input_shape=input_shape,
            spelling=dict(spelling or {}),
            places=dict(places or {}),
            starts_at_zero=tuple(starts_at_zero),
        )

    def __repr__(self) -> str:
        return f"<{self.name}, version {self.version}>"
