"""How much of a device's peak was used, and how long a training takes at such a part of it.

Of a model's operations (forward and backward) it is called MFU; of all that ran, recomputation too, HFU.
Source: Chowdhery et al. 2022 (PaLM), section 4.1 and appendix B.
"""

from __future__ import annotations

DAY = 86_400  # seconds
HOUR = 3_600


def utilisation(flops: float, seconds: float, peak: float, devices: int = 1) -> float:
    """The operations done, as a part of those that `devices` could have done in the time.

    >>> round(utilisation(100 * 874_944_921_600, 0.755, 312e12), 4)
    0.3714
    """
    return flops / (seconds * peak * devices)


def seconds_at(flops: float, peak: float, devices: int = 1, used: float = 1.0) -> float:
    """How long the operations take at a part of the peak.

    >>> round(seconds_at(6 * 124_439_808 * 300e9, 312e12, 8, 0.3) / DAY, 2)
    3.46
    """
    return flops / (peak * devices * used)


def petaflop_days(flops: float) -> float:
    """Operations in days of a machine that does 10^15 a second: 8.64e19 each.

    >>> round(petaflop_days(3.14e23))
    3634
    """
    return flops / (1e15 * DAY)
