"""What torch keeps of a block for its backward pass, storage by storage, beside what we say it keeps.

Blocks with plain and gated feed-forward, with fewer heads of keys than of queries, trained as a whole or by
adapters alone; on torch's meta device, in 16 bits, without dropout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import layercost as lc
from layercost.analysis.activations import activations
from layercost.layers.graph import Node

if TYPE_CHECKING:
    import torch
    from torch import nn

pytestmark = pytest.mark.torch

BATCH, TOKENS, RANK = 2, 32, 4
# Width, query heads, key heads, size of a head, feed-forward width, gated or not.
SIZES = [
    pytest.param((64, 4, 4, 16, 256, False), id="plain"),
    pytest.param((64, 4, 2, 16, 172, True), id="gated, grouped"),
    pytest.param((64, 8, 1, 8, 100, True), id="gated, one key"),
    pytest.param((64, 4, 2, 32, 96, False), id="wide heads"),
]
ADAPTED = [(), ("q", "v"), ("o", "down"), ("up",), ("q", "k", "v", "o", "up", "down")]


def block_of_ours(width: int, heads: int, groups: int, size: int, inner: int, gated: bool) -> lc.Layer:
    function = "SiLU" if gated else "GELU"
    nodes = (
        Node("norm_1", lc.LayerNorm(width), ("",)),
        Node("attention", lc.Attention(width, heads, groups, size, bias=False), ("norm_1",)),
        Node("sum_1", lc.Add(2), ("", "attention")),
        Node("norm_2", lc.LayerNorm(width), ("sum_1",)),
        Node("mlp", lc.FeedForward(width, inner, gated, bias=False, activation=function), ("norm_2",)),
        Node("sum_2", lc.Add(2), ("sum_1", "mlp")),
    )
    return lc.Graph(nodes, "sum_2")


def kept_by_us(sizes: tuple[Any, ...], adapted: tuple[str, ...], attention: str = "eager") -> int:
    """The second block of two: gradients come back to its input."""
    blocks = lc.Sequential(block_of_ours(*sizes), block_of_ours(*sizes))
    model: lc.Layer = lc.Sequential({"embedding": lc.Embedding(10, sizes[0]), "layers": blocks})
    if adapted:
        model = lc.with_lora(model, RANK, adapted)
    return activations(model, (TOKENS,), batch=BATCH, attention=attention).by_block["layers.1"]


def modules_of_torch(sizes: tuple[Any, ...], adapted: tuple[str, ...]) -> nn.ModuleDict:
    """The norms and maps of a block; with adapters, all else is frozen."""
    from torch import nn

    width, heads, groups, size, inner, gated = sizes
    ends = {
        "q": (width, heads * size), "k": (width, groups * size), "v": (width, groups * size),
        "o": (heads * size, width), "up": (width, inner), "down": (inner, width),
        **({"gate": (width, inner)} if gated else {}),
    }  # fmt: skip
    found = nn.ModuleDict({name: nn.Linear(*pair, bias=False) for name, pair in ends.items()})
    found.update({"norm_1": nn.LayerNorm(width), "norm_2": nn.LayerNorm(width)})
    if adapted:
        found.requires_grad_(False)
    for name in adapted:
        inputs, outputs = ends[name]
        found[f"{name}_down"] = nn.Linear(inputs, RANK, bias=False)
        found[f"{name}_up"] = nn.Linear(RANK, outputs, bias=False)
    return found


def mapped(modules: nn.ModuleDict, name: str, values: torch.Tensor) -> Any:
    """A map, and what its adapter adds."""
    result = modules[name](values)
    if f"{name}_up" in modules:
        result = result + modules[f"{name}_up"](modules[f"{name}_down"](values)) * 2.0
    return result


def through_torch(modules: nn.ModuleDict, sizes: tuple[Any, ...], values: torch.Tensor) -> Any:
    values = values + attended(modules, sizes, modules["norm_1"](values))
    return values + fed(modules, sizes[-1], modules["norm_2"](values))


def attended(modules: nn.ModuleDict, sizes: tuple[Any, ...], values: torch.Tensor) -> Any:
    from torch.nn import functional

    _, heads, groups, size, _, _ = sizes

    def split(name: str, count: int) -> torch.Tensor:
        one = mapped(modules, name, values).unflatten(-1, (count, size)).transpose(1, 2)
        if count == heads:
            return one
        return one[:, :, None].expand(-1, -1, heads // count, -1, -1).reshape(BATCH, heads, TOKENS, size)

    queries, keys, found = split("q", heads), split("k", groups), split("v", groups)
    if values.device.type == "cpu":
        fused = functional.scaled_dot_product_attention(queries, keys, found)
        return mapped(modules, "o", fused.transpose(1, 2).flatten(2))
    scores = (queries @ keys.transpose(2, 3) * size**-0.5).softmax(-1)
    return mapped(modules, "o", (scores @ found).transpose(1, 2).flatten(2))


def fed(modules: nn.ModuleDict, gated: bool, values: torch.Tensor) -> Any:
    from torch.nn.functional import gelu, silu

    up = mapped(modules, "up", values)
    return mapped(modules, "down", silu(mapped(modules, "gate", values)) * up if gated else gelu(up))


def kept_by_torch(sizes: tuple[Any, ...], adapted: tuple[str, ...], device: str = "meta") -> int:
    """The bytes of all storages that are saved, each once, weights left out; on a CPU attention is fused."""
    import torch

    modules = modules_of_torch(sizes, adapted).to(device).bfloat16()
    weights = {one.untyped_storage()._cdata for one in modules.parameters()}
    saved: dict[int, int] = {}

    def keep(value: torch.Tensor) -> torch.Tensor:
        storage = value.untyped_storage()
        if storage._cdata not in weights:
            saved[storage._cdata] = storage.nbytes()
        return value

    shape = (BATCH, TOKENS, sizes[0])
    values = torch.empty(shape, dtype=torch.bfloat16, device=device, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
        result = through_torch(modules, sizes, values)
    assert result.shape == shape
    return sum(saved.values())


@pytest.mark.parametrize("adapted", ADAPTED, ids="+".join)
@pytest.mark.parametrize("sizes", SIZES)
def test_a_block_keeps_what_torch_keeps(sizes: tuple[Any, ...], adapted: tuple[str, ...]) -> None:
    assert kept_by_us(sizes, adapted) == kept_by_torch(sizes, adapted)


def test_a_fused_attention_keeps_its_result_and_a_number_a_row() -> None:
    """On a CPU the statistics of norms have 16 bits, two for each of two norms; elsewhere 32."""
    sizes, narrower = (64, 4, 4, 16, 256, False), 2 * 2 * BATCH * TOKENS * (4 - 2)
    assert kept_by_us(sizes, (), "fused") - narrower == kept_by_torch(sizes, (), "cpu")
