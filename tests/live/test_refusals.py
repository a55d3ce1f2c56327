"""What PyTorch refuses we refuse, and what it runs we run: random settings, run by torch on small tensors.

torch is asked on the CPU and without oneDNN: that and the meta device let an output without cells pass, which
torch's own kernels refuse.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import pytest

import layercost as lc

if TYPE_CHECKING:
    from torch import nn

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore:TF32 acceleration"),  # of switching oneDNN off
]
POOLS = [f"{kind}Pool{axes}d" for kind in ("Max", "Avg") for axes in (1, 2, 3)]


def runs(action: Callable[[], object], *refusals: type[Exception]) -> bool:
    """Whether something comes out; other errors than `refusals` come through."""
    try:
        action()
    except refusals:
        return False
    return True


def ours_runs(build: Callable[[], lc.Layer], shape: tuple[int, ...]) -> bool:
    return runs(lambda: build().output_shape(shape), lc.LayerError, lc.ShapeError)


def torch_runs(build: Callable[[], nn.Module], shape: tuple[int, ...]) -> bool:
    import torch

    with torch.backends.mkldnn.flags(enabled=False):
        return runs(lambda: build()(torch.zeros((2, *shape))), RuntimeError, TypeError, ValueError)


def agree(cases: Iterable[tuple[str, tuple[Any, ...], dict[str, Any], tuple[int, ...]]]) -> Counter[bool]:
    """How often both run, and how often both refuse; fails where they differ."""
    import torch

    verdicts: Counter[bool] = Counter()
    for name, arguments, named, shape in cases:
        ours = ours_runs(lambda: getattr(lc, name)(*arguments, **named), shape)  # noqa: B023 - called at once
        theirs = torch_runs(lambda: getattr(torch.nn, name)(*arguments, **named), shape)  # noqa: B023
        assert ours == theirs, (
            f"{name}{arguments} {named} on {shape}: torch {'runs' if theirs else 'refuses'} it"
        )
        verdicts[ours] += 1
    return verdicts


def test_a_transposed_convolution_runs_where_torchs_runs() -> None:
    """300 draws: padding crops away everything, or output_padding is too wide, in a good part of them."""
    chance = random.Random(300)  # noqa: S311 - the same draws each time

    def cases() -> Iterable[tuple[str, tuple[Any, ...], dict[str, Any], tuple[int, ...]]]:
        for _ in range(300):
            axes = chance.randint(1, 3)
            kernel, stride, dilation, size = (
                tuple(chance.randint(1, 4) for _ in range(axes)) for _ in range(4)
            )
            padding, more = (tuple(chance.randint(0, high) for _ in range(axes)) for high in (3, 2))
            named = {"padding": padding, "output_padding": more, "dilation": dilation}
            yield f"ConvTranspose{axes}d", (2, 2, kernel, stride), named, (2, *size)

    verdicts = agree(cases())
    assert min(verdicts[True], verdicts[False]) > 50


@pytest.mark.parametrize("name", POOLS)
def test_a_pooling_takes_the_padding_that_torchs_takes(name: str) -> None:
    """At most half of the kernel along each axis, whatever the dilation."""
    chance, axes = random.Random(name), int(name[-2])  # noqa: S311 - the same draws each time

    def cases() -> Iterable[tuple[str, tuple[Any, ...], dict[str, Any], tuple[int, ...]]]:
        for _ in range(60):
            kernel = tuple(chance.randint(1, 5) for _ in range(axes))
            padding = tuple(chance.randint(0, k // 2 + (chance.random() < 0.4 / axes)) for k in kernel)
            named = {"dilation": chance.randint(1, 3)} if name.startswith("Max") else {}
            yield name, (kernel, chance.randint(1, 2), padding), named, (2, *(14 for _ in range(axes)))

    verdicts = agree(cases())
    assert min(verdicts[True], verdicts[False]) > 5


@pytest.mark.parametrize("kind", ["Avg", "Max"])
def test_an_adaptive_pooling_takes_the_sizes_that_torchs_takes(kind: str) -> None:
    """None in a tuple keeps the size of an axis; None alone, or for a signal, is no size."""
    sizes: list[Any] = [None, 3, (3,), (None,), (None, 3), (None, None), (2, 3), (1, None, 2), (1, 2, 3)]
    shapes = {1: (2, 5), 2: (2, 5, 4), 3: (2, 5, 4, 3)}
    agree((f"Adaptive{kind}Pool{axes}d", (size,), {}, shapes[axes]) for axes in shapes for size in sizes)


def test_upsampling_runs_where_torchs_runs() -> None:
    modes = ["nearest", "nearest-exact", "linear", "bilinear", "trilinear"]
    given: list[dict[str, Any]] = [
        {"size": 3}, {"size": (2, 3)}, {"scale_factor": 2}, {"scale_factor": 0.1}, {"scale_factor": (2, 0.5)},
        {}, {"size": 3, "scale_factor": 2}, {"size": (3,)},
    ]  # fmt: skip
    shapes = [(2, 5), (2, 5, 4), (2, 5, 4, 3)]
    agree(
        ("Upsample", (), {**one, "mode": mode}, shape) for one in given for mode in modes for shape in shapes
    )
