"""Random small decoders, counted here and built and run there: transformers, and PyTorch's counter."""

from __future__ import annotations

import warnings
from random import Random
from typing import Any

import pytest

import layercost as lc
from layercost.by_type import macs_by_type
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
    if "num_experts_per_tok" in config.get("text_config", config):
        model.set_experts_implementation("batched_mm")
    return model.eval()
