"""A roofline, measured: how fast a linear map is on few tokens and on many, beside what bounds it.

    python benchmarks/roofline.py                       # this CPU, with numpy
    python benchmarks/roofline.py --on h100-sxm         # this GPU, with torch, against that device

On a CPU the two limits are the most that was seen of each: the peak of two large products, the bandwidth of
a copy, a sum and a product with a single token. On a GPU they are its maker's. Matrices take turns, so that
each is read from memory; the least of several times counts. The bound is
``max(FLOPs / peak, bytes / bandwidth)``, with the matrix, the tokens and the results moved once.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from benchmarks.report import load, processor, table, today, write_section  # noqa: E402
from layercost.analysis.accelerators import Accelerator, accelerator_named, of_your_own  # noqa: E402
from layercost.intensity import map_intensity  # noqa: E402

ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
TURNS = 4  # so many matrices take turns


class Machine(NamedTuple):
    """What multiplies: its name, the device with both limits, and how long one product takes at the least."""

    title: str
    name: str
    device: Accelerator
    dtype: str
    bits: int
    width: int
    seconds: Callable[[int], float]
    note: str


class Point(NamedTuple):
    """One measured product of so many rows with a square matrix."""

    rows: int
    flops: int
    intensity: float
    seconds: float
    bound: float


def measured(machine: Machine) -> list[Point]:
    """Each number of rows, with its time and the bound."""
    return [_point(machine, rows) for rows in ROWS]


def _point(machine: Machine, rows: int) -> Point:
    width, device = machine.width, machine.device
    flops = 2 * rows * width * width
    intensity = float(map_intensity(rows, width, width, weight_bits=machine.bits, value_bits=machine.bits))
    bound = max(flops / device.rate(machine.dtype), flops / intensity / device.bandwidth)
    return Point(rows, flops, intensity, machine.seconds(rows), bound)


def section(machine: Machine, points: list[Point], command: str) -> str:
    """The lines of a section of RESULTS.md."""
    device = machine.device
    heads = ["tokens", "FLOPs a byte", "µs", "bound, µs", "of the bound", "GFLOP/s", "limit"]
    rows = [
        [
            f"{point.rows:,}", f"{point.intensity:.1f}", f"{1e6 * point.seconds:,.1f}",
            f"{1e6 * point.bound:,.1f}", f"{point.bound / point.seconds:.0%}",
            f"{point.flops / point.seconds / 1e9:,.0f}",
            "memory" if point.intensity < device.ridge(machine.dtype) else "computing",
        ]
        for point in points
    ]  # fmt: skip
    limits = (
        f"{device.rate(machine.dtype) / 1e9:,.0f} GFLOP/s and {device.bandwidth / 1e9:,.1f} GB/s, ridge at "
        f"{device.ridge(machine.dtype):.1f} FLOPs a byte ({machine.note})"
    )
    said = (
        f"`{command}`, {today()}, {machine.name}; tokens times a matrix of {machine.width:,} x "
        f"{machine.width:,} in {machine.dtype}; {limits}; {TURNS} matrices take turns, the least time counts."
    )
    return "\n".join([f"## A roofline on {machine.title}", "", said, "", *table(heads, rows)])


# ---- a CPU with numpy ----------------------------------------------------------------------------


def on_cpu(width: int = 4096) -> Machine:
    """This machine's processor; both limits are measured."""
    import numpy

    random = numpy.random.default_rng(0)
    matrices = [random.random((width, width), dtype=numpy.float32) for _ in range(TURNS)]

    def seconds(rows: int) -> float:
        values = random.random((rows, width), dtype=numpy.float32)
        into = numpy.empty((rows, width), dtype=numpy.float32)
        return least(lambda turn: numpy.matmul(values, matrices[turn % TURNS], out=into))

    held, most = matrices[0].nbytes, max(ROWS)
    large = max(2 * 2048**3 / _square(numpy, 2048), 2 * most * width**2 / seconds(most))
    moved = max(
        2 * TURNS * held / _copied(numpy, matrices), TURNS * held / _read(numpy, matrices), held / seconds(1)
    )
    name = f"{processor()}, load average before {load()}, numpy {numpy.__version__}"
    device = of_your_own(large, moved, dtype="float32")
    note = "both measured: the most of two large products, and of a copy, a sum and a single token"
    return Machine("a CPU", name, device, "float32", 32, width, seconds, note)


def _square(numpy: Any, size: int) -> float:
    one = numpy.ones((size, size), dtype=numpy.float32)
    into = numpy.empty_like(one)
    return least(lambda _: numpy.matmul(one, one, out=into))


def _copied(numpy: Any, matrices: list[Any]) -> float:
    """The time to read all matrices and to write them elsewhere."""
    into = [numpy.empty_like(matrix) for matrix in matrices]

    def copy(_: int) -> None:
        for to, matrix in zip(into, matrices, strict=True):
            numpy.copyto(to, matrix)

    return least(copy, times=5)


def _read(numpy: Any, matrices: list[Any]) -> float:
    """The time to add up all matrices, with a thread for each core."""
    cores = os.cpu_count() or 1
    parts = [part for matrix in matrices for part in numpy.array_split(matrix, cores)]
    with ThreadPoolExecutor(cores) as pool:
        return least(lambda _: list(pool.map(numpy.sum, parts)), times=5)


def least(call: Callable[[int], object], times: int = 9) -> float:
    """The least seconds of several calls, after one that warms up."""
    call(0)
    found = []
    for turn in range(1, times + 1):
        start = time.perf_counter()
        call(turn)
        found.append(time.perf_counter() - start)
    return min(found)


# ---- a GPU with torch ----------------------------------------------------------------------------


def on_gpu(name: str, width: int = 8192) -> Machine:
    """This machine's GPU; the limits are those that its maker prints."""
    import torch

    matrices = [torch.randn(width, width, dtype=torch.bfloat16, device="cuda") for _ in range(TURNS)]

    def seconds(rows: int) -> float:
        values = torch.randn(rows, width, dtype=torch.bfloat16, device="cuda")
        return _timed(torch, lambda turn: values @ matrices[turn % TURNS])

    card, device = torch.cuda.get_device_name(), accelerator_named(name)
    return Machine(
        f"one {card}",
        f"{card}, torch {torch.__version__}",
        device,
        "bfloat16",
        16,
        width,
        seconds,
        f"as printed: {device.source}",
    )


def _timed(torch: Any, call: Callable[[int], object], times: int = 40) -> float:
    """The least of several times by the GPU's own clock, after some calls that warm up."""
    for turn in range(TURNS):
        call(turn)
    marks = [torch.cuda.Event(enable_timing=True) for _ in range(times + 1)]
    marks[0].record()
    for turn in range(times):
        call(turn)
        marks[turn + 1].record()
    torch.cuda.synchronize()
    return float(min(marks[turn].elapsed_time(marks[turn + 1]) for turn in range(times))) / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--on", metavar="DEVICE", help="a GPU of this machine, by its name in the table")
    parser.add_argument("--write", action="store_true", help="into RESULTS.md")
    options = parser.parse_args()
    machine = on_gpu(options.on) if options.on else on_cpu()
    command = f"python benchmarks/roofline.py{f' --on {options.on}' if options.on else ''}"
    text = section(machine, measured(machine), command)
    print(text)
    if options.write:
        write_section(f"roofline, {options.on or 'cpu'}", text)


if __name__ == "__main__":
    main()
