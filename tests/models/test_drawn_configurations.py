"""Random small configurations, counted here and built and read there: transformers, and PyTorch's counter."""

from __future__ import annotations

import warnings
from random import Random
from typing import Any

import pytest

import layercost as lc
from layercost.by_type import macs_by_type, trained_parameters
from layercost.layers.adapters import ALL_LINEAR
from layercost.models.from_config import from_config
from tests.architectures import zoo
from tests.conftest import NIGHTLY
from tests.models.drawn_configurations import DRAWN, Drawn
from tests.models.test_drawn_decoders import adapters

SEEDS = range(20 if NIGHTLY else 2)
BATCH = 2


@pytest.mark.others
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", DRAWN)
def test_a_drawn_configuration_is_counted_as_the_library_builds_and_runs_it(name: str, seed: int) -> None:
    """Parameters, those that are trained, and twice the multiply-accumulates of a batch of two."""
    drawn = DRAWN[name](Random(f"{name} {seed}"))  # noqa: S311 - nothing secret
    size = drawn.shapes[-1][1:] if drawn.config["model_type"] == "swin" else None
    model = from_config({**drawn.config, "architectures": [name]}, size=size)
    macs = sum(macs_by_type(model, *drawn.shapes, batch=BATCH).values())
    counted = (lc.count(model, lc.PARAMETERS).total, trained_parameters(model), 2 * macs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert counted == read(name, drawn)


@pytest.mark.others
@pytest.mark.parametrize(
    "name", ["BertForMaskedLM", "ModernBertModel", "ModernBertForMaskedLM", "MarianMTModel"]
)
def test_adapters_of_all_linear_maps_stand_beside_the_modules_of_the_library(name: str) -> None:
    """An encoder whose maps are three matrices and one whose are one; two sides with attention across."""
    drawn = DRAWN[name](Random(name))  # noqa: S311 - nothing secret
    adapted = lc.with_lora(from_config({**drawn.config, "architectures": [name]}), 1, [ALL_LINEAR])
    assert lc.count(adapted, lc.PARAMETERS).total == adapters(built(name, drawn.config))


def read(name: str, drawn: Drawn) -> tuple[int, int, int]:
    """What the library's model holds, what of it is trained, and what torch's counter says of a pass."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    model = built(name, drawn.config)
    values = list(model.parameters())
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(**{key: given(sizes) for key, sizes in drawn.inputs.items()})
    trained = sum(one.numel() for one in values if one.requires_grad)
    return sum(one.numel() for one in values), trained, counter.get_total_flops()


def built(name: str, config: dict[str, Any]) -> Any:
    """The model of a class by its configuration, without weights."""
    zoo.torchvision()
    zoo.packages()
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    kind = getattr(transformers, name)
    fields = {key: value for key, value in config.items() if key != "model_type"}
    with torch.device("meta"):
        model = kind._from_config(kind.config_class(**fields), attn_implementation="eager")
    return model.eval()


def given(sizes: tuple[int, ...]) -> Any:
    """A batch of tokens where there is one size, else of numbers."""
    import torch

    dtype = torch.long if len(sizes) == 1 else torch.float32
    return torch.zeros(BATCH, *sizes, dtype=dtype, device="meta")
