"""Random small decoders, counted here and built and run there: transformers, and PyTorch's counter."""

from __future__ import annotations

import warnings
from random import Random
from typing import Any

import pytest

import layercost as lc
from layercost.by_type import macs_by_type
from layercost.layers.adapters import ALL_LINEAR
from layercost.models.from_config import from_config
from tests.architectures import zoo
from tests.conftest import NIGHTLY
from tests.models.drawn_decoders import DRAWN

SEEDS = range(20 if NIGHTLY else 2)
BATCH = 2


@pytest.mark.others
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", DRAWN)
def test_a_drawn_decoder_is_counted_as_the_library_builds_and_runs_it(name: str, seed: int) -> None:
    """Parameters, and twice the multiply-accumulates of a batch of two."""
    random = Random(f"{name} {seed}")  # noqa: S311 - nothing secret
    config, tokens = DRAWN[name](random), random.randint(3, 12)
    model = from_config(config)
    macs = sum(macs_by_type(model, (tokens,), batch=BATCH).values())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert (lc.count(model, lc.PARAMETERS).total, 2 * macs) == read(config, tokens)


def drawn(name: str) -> dict[str, Any]:
    """The first configuration of a family that is drawn."""
    return DRAWN[name](Random(f"{name} 0"))  # noqa: S311 - nothing secret


def has_experts(config: dict[str, Any]) -> bool:
    """Whether experts, which the library keeps as one tensor, are in a configuration."""
    return "num_experts_per_tok" in config.get("text_config", config)


@pytest.mark.others
@pytest.mark.parametrize("name", [name for name in DRAWN if not has_experts(drawn(name))])
def test_adapters_of_all_linear_maps_stand_beside_the_modules_of_the_library(name: str) -> None:
    """What is one matrix in the library's code has one adapter; peft takes every module but the last."""
    adapted = lc.with_lora(from_config(drawn(name)), 1, [ALL_LINEAR])
    assert lc.count(adapted, lc.PARAMETERS).total == adapters(built(drawn(name)), "model.visual.")


def adapters(model: Any, outside: str = "-") -> int:
    """What adapters of rank 1 would train beside the linear modules of a model of the library."""
    import torch
    from transformers.pytorch_utils import Conv1D

    last = model.get_output_embeddings()
    beside = [
        module
        for name, module in model.named_modules()
        if isinstance(module, (torch.nn.Linear, Conv1D))
        and module is not last
        and not name.startswith(outside)
    ]
    return sum(sum(module.weight.shape) for module in beside)


def read(config: dict[str, Any], tokens: int) -> tuple[int, int]:
    """What the library's model holds to read text, and what torch's counter says of a pass."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    model = built(config)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(BATCH, tokens, dtype=torch.long))
    text = (one for name, one in model.named_parameters() if not name.startswith("model.visual."))
    return sum(one.numel() for one in text), counter.get_total_flops()


def built(config: dict[str, Any]) -> Any:
    """The language model of a configuration; experts run as products that the counter knows."""
    zoo.torchvision()
    zoo.packages()
    import transformers

    transformers.logging.set_verbosity_error()
    fields = {key: value for key, value in config.items() if key != "model_type"}
    kind = transformers.AutoConfig.for_model(config["model_type"], **fields)
    auto = transformers.AutoModelForImageTextToText if "vision_config" in config else None
    model = (auto or transformers.AutoModelForCausalLM).from_config(kind, attn_implementation="eager")
    if has_experts(config):
        model.set_experts_implementation("batched_mm")
    return model.eval()
