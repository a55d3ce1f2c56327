"""What a box costs: CPU and wall-clock time for one with 10 cells and 15 calls.

    python benchmarks/boxes.py [--boxes 200] [--engine bubblewrap] [--alone]

CPU time is that of everything that ran, boxes included: it is read from a control group where this user may
make one, else from the time that children of ours used, which leaves out what a sandbox buried itself.
`--alone` measures what is done where a sandbox cannot fork its boxes.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from contextlib import ExitStack

from usage import account

from grader.box import Box, Limits, Sandbox
from grader.engines import open_sandbox
from grader.warm import WarmSandbox

CELLS = [f"import math\ndef f{n}(x, y=1):\n    return x * {n} + y\nanswer_{n} = f{n}(3)" for n in range(10)]
CALLS = [(f"f{n % 10}", n) for n in range(15)]


def work(box: Box) -> None:
    """What a submission of usual size asks of its box."""
    for source in CELLS:
        assert box.ask({"operation": "run", "source": source})["ok"]
    for name, number in CALLS:
        arguments = [{"int": str(number)}]
        reply = box.ask({"operation": "call", "name": name, "arguments": arguments, "keywords": {}})
        assert reply["ok"]


def measure(sandbox: Sandbox, boxes: int, cpu: Callable[[], float]) -> None:
    with sandbox.open("warm") as box:
        work(box)
    used, started = cpu(), time.perf_counter()
    opened = 0.0
    for number in range(boxes):
        before = time.perf_counter()
        with sandbox.open(f"student {number}") as box:
            opened += time.perf_counter() - before
            work(box)
    wall, spent = time.perf_counter() - started, cpu() - used
    print(f"{sandbox.describe()}; {boxes} boxes")
    print(f"a box: {1000 * spent / boxes:.1f} ms of CPU, {1000 * wall / boxes:.1f} ms on the clock, ", end="")
    print(f"{1000 * opened / boxes:.1f} of them until it answers")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--boxes", type=int, default=200)
    parser.add_argument("--engine", default="bubblewrap")
    parser.add_argument("--alone", action="store_true")
    options = parser.parse_args()
    with account() as counted, ExitStack() as stack:
        if counted is not None:
            counted.take(os.getpid())
        cpu = counted.seconds if counted is not None else lambda: sum(os.times()[:4])
        sandbox = stack.enter_context(open_sandbox(options.engine, Limits(), []))
        if options.alone and isinstance(sandbox, WarmSandbox):
            sandbox.reason = "asked for"
        measure(sandbox, options.boxes, cpu)


if __name__ == "__main__":
    main()
