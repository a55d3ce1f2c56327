"""How the configurations of model hubs become layers, a module for each group of like families."""

from layercost.models.families import deepseek, experts, falcon, gpt, llama, neox, opt
from layercost.models.families.family import FAMILIES, Asked, Built, Family

__all__ = [
    "FAMILIES", "Asked", "Built", "Family", "deepseek", "experts", "falcon", "gpt", "llama", "neox", "opt",
]  # fmt: skip
