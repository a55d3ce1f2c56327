"""Each layer as plain loops on numbers that count what is done with them.

The witness knows no formula and no rule for output sizes. It slides windows while they fit, makes a weight
when a loop first asks for it, and notes every multiplication, addition and comparison as it happens.
So what a formula claims can be held against what a layer does. Its loops stand in one module a topic, as the
layers do.

>>> from layercost import Conv2d, Linear
>>> print(run(Linear(300, 100), (300,)))
output (100,), 30,100 parameters, 30,000 multiplications, 30,000 additions, 30,000 macs
>>> seen = run(Conv2d(3, 6, kernel_size=5), (3, 32, 32))
>>> seen.output_shape, seen.parameters, seen.macs
((6, 28, 28), 456, 352800)
"""

from layercost.witness import (
    activation,
    adapters,
    attention,
    convolution,
    embedding,
    feed_forward,
    joins,
    linear,
    normalization,
    patches,
    pooling,
    positions,
    quantized,
    recurrent,
    reshaping,
    state_space,
    transposed,
)
from layercost.witness.follow import run
from layercost.witness.numbers import Number, Tally
from layercost.witness.recording import LOOPS, Run, Witness, written

__all__ = [
    "LOOPS",
    "Number",
    "Run",
    "Tally",
    "Witness",
    "activation",
    "adapters",
    "attention",
    "convolution",
    "embedding",
    "feed_forward",
    "joins",
    "linear",
    "normalization",
    "patches",
    "pooling",
    "positions",
    "quantized",
    "recurrent",
    "reshaping",
    "run",
    "state_space",
    "transposed",
    "written",
]  # fmt: skip
