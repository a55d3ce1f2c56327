"""Devices: how many operations a second at most, in which number format, and how many bytes a second.

Rates are for dense matrices: makers like to print twice as many, for matrices of which half is 0. A rate is
that of the format in which values are multiplied. Each figure is its maker's, from the document named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from layercost.convention import UnknownNameError
from layercost.message import Message

GB, GIB, TERA = 10**9, 2**30, 10**12


@dataclass(frozen=True)
class Accelerator:
    """A device: the most operations a second by number format (2 a multiply-accumulate), and its memory.

    `bandwidth` is in bytes a second, `memory` in bytes.
    """

    name: str
    title: str
    peak: Mapping[str, float]
    bandwidth: float
    memory: int
    source: str

    def rate(self, dtype: str = "bfloat16") -> float:
        """The most operations a second in a number format; raises UnknownNameError for one it lacks."""
        if dtype not in self.peak:
            raise UnknownNameError(Message("number format of {device}", device=self.title), dtype, self.peak)
        return self.peak[dtype]

    def ridge(self, dtype: str = "bfloat16") -> float:
        """The operations a byte at which both limits are reached at once: below it, memory is the limit."""
        return self.rate(dtype) / self.bandwidth


_A100 = "NVIDIA A100 Tensor Core GPU datasheet, 2021"
_CLOUD = "Google Cloud documentation, Cloud TPU system architecture"
ACCELERATORS: dict[str, Accelerator] = {
    one.name: one
    for one in (
        Accelerator(
            "a100-40gb", "NVIDIA A100 40 GB SXM",
            {"bfloat16": 312e12, "float16": 312e12, "tf32": 156e12, "float32": 19.5e12, "int8": 624e12},
            1.555e12, 40 * GB, _A100,
        ),
        Accelerator(
            "a100-80gb", "NVIDIA A100 80 GB SXM",
            {"bfloat16": 312e12, "float16": 312e12, "tf32": 156e12, "float32": 19.5e12, "int8": 624e12},
            2.039e12, 80 * GB, _A100,
        ),
        Accelerator(
            "h100-sxm", "NVIDIA H100 SXM",
            {"bfloat16": 989.4e12, "float16": 989.4e12, "tf32": 494.7e12, "float8": 1978.9e12,
             "int8": 1978.9e12},
            3.35e12, 80 * GB,
            "NVIDIA H100 Tensor Core GPU Architecture, whitepaper, table 2 (rates); H100 datasheet (memory)",
        ),
        Accelerator(
            "h200", "NVIDIA H200 SXM",
            {"bfloat16": 989.4e12, "float16": 989.4e12, "tf32": 494.7e12, "float8": 1978.9e12,
             "int8": 1978.9e12},
            4.8e12, 141 * GB, "NVIDIA H200 Tensor Core GPU datasheet, whose rates are those of H100 SXM",
        ),
        Accelerator(
            "b200", "NVIDIA B200 (DGX B200)", {"bfloat16": 2.25e15, "float16": 2.25e15, "float8": 4.5e15},
            8e12, 180 * GB,
            "NVIDIA DGX B200 datasheet, an eighth of it: 1,440 GB at 64 TB/s, rates halved to dense",
        ),
        Accelerator(
            "l4", "NVIDIA L4", {"bfloat16": 121e12, "float16": 121e12, "float8": 242.5e12, "int8": 242.5e12},
            300e9, 24 * GB, "NVIDIA L4 Tensor Core GPU datasheet, rates halved to dense",
        ),
        Accelerator(
            "t4", "NVIDIA T4", {"float16": 65e12, "int8": 130e12, "int4": 260e12, "float32": 8.1e12},
            320e9, 16 * GB, "NVIDIA T4 Tensor Core GPU datasheet (320+ GB/s); it has no bfloat16",
        ),
        Accelerator(
            "rtx-4090", "NVIDIA GeForce RTX 4090",
            {"bfloat16": 165.2e12, "float16": 165.2e12, "float32": 82.6e12},
            1.008e12, 24 * GB,
            "NVIDIA Ada GPU Architecture, whitepaper, appendix A: sums in 32 bits",
        ),
        Accelerator(
            "tpu-v4", "Google TPU v4", {"bfloat16": 275e12, "int8": 275e12}, 1.2e12, 32 * GIB,
            "Jouppi et al. 2023, TPU v4, table 4; " + _CLOUD,
        ),
        Accelerator(
            "tpu-v5e", "Google TPU v5e", {"bfloat16": 197e12, "int8": 393e12}, 819e9, 16 * GB, _CLOUD,
        ),
        Accelerator(
            "tpu-v5p", "Google TPU v5p", {"bfloat16": 459e12, "int8": 918e12}, 2.765e12, 95 * GB, _CLOUD,
        ),
        Accelerator(
            "mi300x", "AMD Instinct MI300X",
            {"bfloat16": 1307.4e12, "float16": 1307.4e12, "float8": 2614.9e12, "int8": 2614.9e12},
            5.3e12, 192 * GB, "AMD Instinct MI300X accelerator datasheet",
        ),
    )
}  # fmt: skip


def accelerator_named(name: str | Accelerator) -> Accelerator:
    """A device by its name; raises UnknownNameError with the nearest."""
    if isinstance(name, Accelerator):
        return name
    plain = name.casefold().replace(" ", "-").replace("_", "-")
    if plain not in ACCELERATORS:
        raise UnknownNameError(Message("accelerator"), name, ACCELERATORS)
    return ACCELERATORS[plain]


def of_your_own(flops: float, bandwidth: float, memory: int = 0, dtype: str = "bfloat16") -> Accelerator:
    """A device that is not in the table: its rate and its bandwidth, as measured or as told."""
    return Accelerator("your-own", "a device of your own", {dtype: flops}, bandwidth, memory, "as given")
