"""How quickly networks are counted, beside the fastest counters that run on torch's meta device.

`python benchmarks/counting.py` prints a Markdown section; `--write` puts it into benchmarks/RESULTS.md.
It needs torch (pip install torch), and measures those of its peers that are installed: torch's own
FlopCounterMode, ultralytics-thop, deepspeed. On the meta device they do no arithmetic and hold no weights.

Every repetition counts a network that was built for it alone, so that nothing is left from the one before.
All tools take turns, repetition by repetition, so that a busy moment of the machine meets them alike.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib.metadata
import io
import json
import logging
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src"), str(ROOT / "web")]

import layercost as lc  # noqa: E402
from benchmarks.report import load, processor, table, today, write_section  # noqa: E402
from layercost.configured import configured_table  # noqa: E402
from layercost.layers import parted  # noqa: E402
from layercost.models.known import model_named  # noqa: E402

NETWORKS = {"VGG-16": "vgg16:torchvision", "ResNet-50": "resnet50", "ResNet-152": "resnet152"}
MODELS = ("gpt2", "llama-3-8b", "deepseek-v3")
MODEL_TOKENS = 128
LENGTHS = (25_000, 50_000, 100_000)
STARTS = 15


@dataclass
class Tool:
    """A counter: how it builds a network, how it counts one, and the times that this took."""

    name: str
    version: str
    build: Callable[[str], Any]
    count: Callable[[Any], int]
    is_exact: bool  # its number is twice the MACs, and no more
    counting: dict[str, list[float]] = field(default_factory=dict)
    both: dict[str, list[float]] = field(default_factory=dict)

    def repeat(self, network: str) -> int:
        """Build and count once; keep both times in milliseconds."""
        gc.collect()
        began = time.perf_counter()
        model = self.build(network)
        built = time.perf_counter()
        counted = self.count(model)
        ended = time.perf_counter()
        self.counting.setdefault(network, []).append(1000 * (ended - built))
        self.both.setdefault(network, []).append(1000 * (ended - began))
        return counted


def ours() -> Tool:
    """layercost's whole table: every row with its shapes, parameters, MACs, FLOPs, bytes, and the totals."""

    def build(network: str) -> lc.Layer:
        return lc.network_named(NETWORKS[network])

    def count(network: lc.Layer) -> int:
        return 2 * lc.table(network).total.macs

    return Tool("layercost (the whole table)", lc.__version__, build, count, is_exact=True)


def peers() -> tuple[list[Tool], list[str]]:
    """The other counters that are installed, and the names of those that are not."""
    found, missing = [], []
    for make in (flop_counter_mode, ultralytics_thop, deepspeed):
        try:
            found.append(make())
        except ImportError as error:
            missing.append(f"{make.__name__} ({error})")
    return found, missing


def on_meta(network: str) -> Any:
    """The network as a torch module in evaluation mode, on the meta device."""
    import torch

    from benchmarks.torch_models import VGG, ResNet

    kind, depth = network.split("-")
    with torch.device("meta"):
        return {"VGG": VGG, "ResNet": ResNet}[kind](int(depth)).eval()


def image() -> Any:
    import torch

    return torch.empty(1, 3, 224, 224, device="meta")


def flop_counter_mode() -> Tool:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    def count(model: Any) -> int:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            model(image())
        return int(counter.get_total_flops())

    return Tool("torch FlopCounterMode", torch.__version__, on_meta, count, is_exact=True)


def ultralytics_thop() -> Tool:
    import thop
    import torch

    def count(model: Any) -> int:
        with torch.no_grad():
            return int(thop.profile(model, inputs=(image(),), verbose=False)[0])

    version = importlib.metadata.version("ultralytics-thop")
    return Tool("ultralytics-thop", version, on_meta, count, is_exact=False)


def deepspeed() -> Tool:
    import torch

    with contextlib.redirect_stdout(io.StringIO()):
        from deepspeed.profiling.flops_profiler import FlopsProfiler

    logging.disable(logging.INFO)

    def count(model: Any) -> int:
        profiler = FlopsProfiler(model)
        profiler.start_profile()
        with torch.no_grad():
            model(image())
        counted = profiler.get_total_flops()
        profiler.end_profile()
        return int(counted)

    return Tool("deepspeed", importlib.metadata.version("deepspeed"), on_meta, count, is_exact=False)


def reader() -> Tool:
    """What it costs to read a torch module that nobody told us of, and to count it."""
    import torch

    def count(model: Any) -> int:
        return 2 * lc.table(lc.from_torch(model, (3, 224, 224)), convention="macs").total.macs

    name = f"from_torch and the whole table, torch {torch.__version__}"
    return Tool(name, "", on_meta, count, is_exact=True)


def race(tools: list[Tool], repetitions: int) -> None:
    """All tools in turn, `repetitions` times over; stop where one that is exact counts otherwise than we."""
    gc.freeze()  # what the tools loaded is no garbage, and need not be looked through again and again
    for network, name in NETWORKS.items():
        expected = 2 * lc.table(lc.network_named(name)).total.macs
        for _ in range(repetitions):
            for tool in tools:
                counted = tool.repeat(network)
                if tool.is_exact and counted != expected:
                    raise SystemExit(f"{tool.name} counts {counted:,} for {network}, and we {expected:,}")


def race_lines(tools: list[Tool], title: str, times: str) -> list[str]:
    """One table in milliseconds; the last row sets the least time of the fastest other against the first."""
    rows, least = [], []
    for tool in tools:
        each = [getattr(tool, times)[network] for network in NETWORKS]
        least.append([min(one) for one in each])
        cells = [f"{min(one):.2f} ({statistics.median(one):.2f})" for one in each]
        rows.append([f"{tool.name} {tool.version}".strip(), *cells])
    if len(tools) > 1:
        own, *others = least
        factors = [min(each) / ours for ours, *each in zip(own, *others, strict=True)]
        factors_said = (f"**{one:.0f}**" if one >= 10 else f"**{one:.2f}**" for one in factors)
        rows.append(["so many times as long takes the fastest other", *factors_said])
    return [f"{title}, milliseconds: least (median)", "", *table(["", *NETWORKS], rows), ""]


# ---- models from their configuration -------------------------------------------------------------


def model_times(name: str, tokens: int) -> list[float]:
    """Milliseconds to build a model, to make its table, and that with types and cache."""
    parted._held.cache_clear()  # noqa: SLF001 - so that nothing is left from the model before
    parted._done.cache_clear()  # noqa: SLF001
    gc.collect()
    marks = [time.perf_counter()]
    model = model_named(name)
    marks.append(time.perf_counter())
    lc.table(model, (tokens,))
    marks.append(time.perf_counter())
    configured_table(model, (tokens,))
    marks.append(time.perf_counter())
    return [1000 * (after - before) for before, after in pairwise(marks)]


def model_lines(repetitions: int) -> list[str]:
    """Language models, each built for every repetition."""
    rows = []
    for name in MODELS:
        every = zip(*(model_times(name, MODEL_TOKENS) for _ in range(repetitions)), strict=True)
        cells = [f"{min(each):.2f} ({statistics.median(each):.2f})" for each in map(list, every)]
        rows.append([name, *cells])
    heads = ["", "building", "the whole table", "the table, types, cache layer by layer"]
    said = f"Models from their configuration, {MODEL_TOKENS} tokens, milliseconds: least (median)"
    return [said, "", *table(heads, rows), ""]


# ---- starting, memory, and many layers -----------------------------------------------------------

START = (
    "import time; began = time.perf_counter(); import layercost; print(1000 * (time.perf_counter() - began))"
)
MEMORY = """\
import sys
if sys.argv[1:]:
    import layercost
    layercost.table(layercost.networks.resnet152())
with open("/proc/self/status") as status:  # getrusage would tell the most that our parent took as well
    print(next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024)
"""


def child(code: str, *arguments: str) -> float:
    """What a Python of its own prints, that has seen nothing before."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "PYTHONDONTWRITEBYTECODE": ""}  # as usual
    command = [sys.executable, "-S", "-c", code, *arguments]
    return float(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


def start_lines() -> list[str]:
    starts = [child(START) for _ in range(STARTS)]
    said = (
        f"`import layercost`: median {statistics.median(starts):.0f} ms, least {min(starts):.0f} ms, "
        f"of {STARTS} fresh Pythons."
    )
    lines = [said]
    if Path("/proc/self/status").exists():
        used, bare = child(MEMORY, "count"), child(MEMORY)
        lines.append(
            f"Peak memory after the table of ResNet-152: {used:.1f} MiB; a bare Python takes {bare:.1f}."
        )
    return [*lines, ""]


def length_lines() -> list[str]:
    """A Sequential of many layers: the time for each must not grow with their number."""
    rows = []
    for length in LENGTHS:
        net = lc.Sequential(*(lc.Linear(64, 64) if place % 2 else lc.ReLU() for place in range(length)))
        began = time.perf_counter()
        lc.table(net, (64,))
        took = time.perf_counter() - began
        rows.append([f"{length:,} layers", f"{1000 * took:,.0f}", f"{1e6 * took / length:.1f}"])
    return table(["a Sequential of", "whole table, ms", "µs a layer"], rows)


def browser_lines() -> list[str]:
    """The same in Pyodide, under Node: what a page would have without the snapshot that it starts from."""
    from site_builder.node import BuildError, find_node

    pyodide = ROOT / "web" / "node_modules" / "pyodide"
    try:
        node = find_node()
        script = str(ROOT / "benchmarks" / "counting_in_browser.mjs")
        command = [node, script, str(pyodide), str(ROOT / "src")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (BuildError, subprocess.CalledProcessError):
        return ["In Pyodide: not measured; `python web/build.py` brings it."]
    found = json.loads(done.stdout)
    said = (
        f"In Pyodide (Python {found['python']}, under Node, no snapshot, no bytecode): `import layercost` "
        f"{found['import']:.0f} ms, the table of ResNet-50 {found['table']:.1f} ms (least of 20)."
    )
    return [said]


# ---- the report ----------------------------------------------------------------------------------


def section(repetitions: int) -> str:
    """Measure everything; the section of RESULTS.md."""
    starting = start_lines()
    others, missing = peers()
    tools = [ours(), *others]
    race(tools, repetitions)
    reading = [reader(), flop_counter_mode()] if others else []
    race(reading, repetitions)
    how = (
        f"`python benchmarks/counting.py`, {today()}, {processor()}, Python {platform.python_version()}; "
        f"load average at the end {load()}. {repetitions} repetitions, the tools taking turns, each on a "
        "network built for it alone, in evaluation mode, on one image of 3x224x224; "
        "the others on torch's meta device."
    )
    lines = [
        "## Counting", "", how, "",
        *race_lines(tools, "Counting alone, the network being built", "counting"),
        *race_lines(tools, "Building the network and counting it", "both"),
        *(race_lines(reading, "Reading somebody else's model, and counting", "counting") if reading else []),
        *([f"Not measured, because not installed: {'; '.join(missing)}.", ""] if missing else []),
        *model_lines(repetitions), *starting, *browser_lines(), "", *length_lines(),
    ]  # fmt: skip
    return "\n".join(lines)


def main() -> int:
    """Measure, print, and write if asked."""
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("--write", action="store_true", help="put the section into benchmarks/RESULTS.md")
    parser.add_argument(
        "--repetitions", type=int, default=25, metavar="N", help="of each count (default: 25)"
    )
    arguments = parser.parse_args()
    text = section(arguments.repetitions)
    print(text)
    if arguments.write:
        write_section("counting", text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
