"""Where to begin with what one question asks: the first thing to count, never the answer."""

from __future__ import annotations

from dataclasses import replace

from layercost.convention import TEXTBOOK, Quantity
from layercost.layers.transposed import TransposedConvolution
from layercost.message import Message
from layercost.misconception import ACTIVE, Measure, Size, Task
from layercost.questions.costs import COSTS
from layercost.questions.task import number

HINTS: dict[Measure, Message] = {
    Quantity.PARAMETERS: Message(
        "Count what training changes: the weights first, then the biases, if there are any."
    ),
    Quantity.WEIGHTS: Message("Count the weights alone, without the biases."),
    Quantity.BIASES: Message("Count the biases alone."),
    Quantity.BUFFERS: Message("Count what is stored and not trained."),
    Quantity.STORED_VALUES: Message("Count what is trained and what is only stored."),
    Quantity.PARAMETER_BYTES: Message("Count the parameters first, then the bytes that one of them takes."),
    Quantity.MACS: Message("How long is one dot product, and how many of them are there?"),
    Quantity.FLOPS: Message(
        "Take one dot product first: its multiplications, its additions. Then: how many are there?"
    ),
    Quantity.MULTIPLICATIONS: Message("How long is one dot product, and how many of them are there?"),
    Quantity.ADDITIONS: Message("How many values are added up at a time, and how often?"),
    Quantity.COMPARISONS: Message("How many values are compared at a time, and how often?"),
    Quantity.ACTIVATIONS: Message("Find the shape of the output first."),
    Quantity.ACTIVATION_BYTES: Message(
        "Find the shape of the output first, then the bytes that one value takes."
    ),
    Quantity.KV_CACHE: Message("What does one token leave in one layer? Then: how many tokens and layers?"),
    Quantity.KV_CACHE_BYTES: Message(
        "What does one token leave in one layer? Then the layers, the tokens of all texts, and the bytes."
    ),
    Size.OUTPUT_SIZE: Message("How many steps does the window take? The place where it starts is one more."),
    Size.OUTPUT_CHANNELS: Message("How many maps does each filter give, or each branch?"),
    **dict.fromkeys(
        ACTIVE, Message("Count all parameters first: which of them does a token not meet, and how many?")
    ),
    Size.RECEPTIVE_FIELD: Message(
        "Go from the first layer to the last: how many cells does each window add, and how far apart are "
        "they in the input?"
    ),
    **{cost: measured.hint for cost, measured in COSTS.items()},
}
_EACH_VALUE = Message(
    "Take one value of the output first: which operations does it take? Then: how many values are there?"
)
_SPREAD = Message(
    "How far apart do the kernels of the first and the last cell begin, and where does the last one end?"
)


def hint_for(task: Task) -> Message | None:
    """Where to begin with a task; None for what has no hint of its own."""
    if task.measure is Size.OUTPUT_SIZE and isinstance(task.layer, TransposedConvolution):
        return _SPREAD
    if task.measure is Quantity.FLOPS and not number(replace(task, convention=TEXTBOOK)):
        return _EACH_VALUE  # there is no dot product in it
    return HINTS.get(task.measure)
