"""What a model costs to train, to keep in memory and to run: figures, each with its convention.

>>> from layercost.analysis import training_step
>>> from layercost.models.known import model_named
>>> training_step(model_named("gpt2"), (1024,)).total
874944921600
"""

from layercost.analysis.accelerators import ACCELERATORS, Accelerator, accelerator_named
from layercost.analysis.activations import eager_block, korthikanti
from layercost.analysis.formats import FORMATS, Format, format_named
from layercost.analysis.memory import Cache, largest_batch, largest_context, training_memory
from layercost.analysis.roofline import Bound, Pass, one_pass
from layercost.analysis.shortcuts import Shortcut, megatron
from layercost.analysis.states import OPTIMIZERS, Optimizer
from layercost.analysis.training import RECOMPUTE, Step, training_step
from layercost.analysis.utilisation import petaflop_days, seconds_at

__all__ = [
    "ACCELERATORS", "FORMATS", "OPTIMIZERS", "RECOMPUTE", "Accelerator", "Bound", "Cache", "Format",
    "Optimizer", "Pass", "Shortcut", "Step", "accelerator_named", "eager_block", "format_named",
    "korthikanti", "largest_batch", "largest_context", "megatron", "one_pass", "petaflop_days", "seconds_at",
    "training_memory", "training_step",
]  # fmt: skip
