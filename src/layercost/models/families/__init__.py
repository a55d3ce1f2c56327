"""How the configurations of model hubs become layers, a module for each group of like families."""

from layercost.models.families import (
    bart,
    bert,
    clip,
    deepseek,
    experts,
    falcon,
    gpt,
    llama,
    mamba,
    modernbert,
    neox,
    opt,
    t5,
    vision,
    whisper,
)
from layercost.models.families.family import FAMILIES, Asked, Built, Family

__all__ = [
    "FAMILIES", "Asked", "Built", "Family", "bart", "bert", "clip", "deepseek", "experts", "falcon", "gpt",
    "llama", "mamba", "modernbert", "neox", "opt", "t5", "vision", "whisper",
]  # fmt: skip
