"""Counting stays cheap: told by the calls of functions that it takes, which no busy machine changes."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType

import layercost as lc


def calls_of(work: Callable[[], object]) -> int:
    """How many Python functions `work` calls; not those that others have called when rubbish is collected."""
    count = 0

    def watch(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    gc.disable()
    sys.setprofile(watch)
    try:
        work()
    finally:
        sys.setprofile(before)
        gc.enable()
    return count


def many(length: int) -> lc.Sequential:
    return lc.Sequential(*(lc.Linear(64, 64) if place % 2 else lc.ReLU() for place in range(length)))


def test_a_sequential_takes_as_much_for_each_layer_however_many_there_are() -> None:
    """Twice the layers, twice the calls; no path, name or shape is looked through again."""
    short, long = (calls_of(partial(lc.table, many(length), (64,))) for length in (500, 1000))
    assert short < long <= 2 * short
    built = [calls_of(partial(many, length)) for length in (500, 1000)]
    assert built[1] <= 2 * built[0]


def test_a_deep_nesting_takes_as_much_for_each_layer() -> None:
    nets = []
    for depth in (20, 40):
        net: lc.Layer = lc.Sequential(lc.Linear(8, 8))
        for _ in range(depth):
            net = lc.Sequential(lc.ReLU(), net)
        nets.append(net)
    short, long = (calls_of(partial(lc.table, net, (8,))) for net in nets)
    assert long <= 2 * short


def test_a_table_takes_few_calls_a_layer() -> None:
    """What keeps ResNet-50 at a millisecond: no expression is built for a number."""
    net = lc.networks.resnet50()
    rows = len(lc.table(net).rows)
    assert calls_of(lambda: lc.table(net)) / rows < 45


def test_nothing_is_kept_from_one_count_to_the_next() -> None:
    """A network built anew takes as many calls as the one before."""
    first, second = (calls_of(partial(lc.table, lc.networks.resnet18())) for _ in range(2))
    assert first == second


def test_it_does_not_matter_when_rubbish_is_collected() -> None:
    """Hypothesis, for one, looks at the clock then, in every test after its first."""

    def note(phase: str, told: dict[str, int]) -> None:
        return

    gc.callbacks.append(note)
    try:
        assert calls_of(partial(list, map(list, [()] * 10_000))) == 0
    finally:
        gc.callbacks.remove(note)
