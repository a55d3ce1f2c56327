"""How long is waited for a process: not in moments in which the machine let neither it nor us run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from grader.box import BoxTimeout, Limits, Sandbox
from grader.bubblewrap import Bubblewrap
from grader.examination import Examination
from grader.patience import GLANCE, LONGEST, Patience, awake


class Clock:
    """The machine's clock, which goes on by itself where the machine stands still."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("grader.patience.time", clock)
    return clock


def waiting(clock: Clock, *glances: float, found: bool = False) -> Callable[[float], bool]:
    """What is asked takes these times, and then it has found something; or takes all the time it is given."""
    times = list(glances)

    def ask(seconds: float) -> bool:
        clock.now += times.pop(0) if times else seconds
        return found and not times

    return ask


def test_who_waits_for_nothing_waits_as_long_as_was_said(clock: Clock) -> None:
    patience = Patience(2.5)
    with pytest.raises(TimeoutError):
        patience.wait(waiting(clock))
    assert clock.now == pytest.approx(102.5)


def test_a_machine_that_is_kept_busy_gives_nobody_more_time(clock: Clock) -> None:
    """A program that starts others for all processors cannot make its own seconds longer so."""
    with pytest.raises(TimeoutError):
        Patience(2.5).wait(waiting(clock, *[0.9 * LONGEST] * 3))
    assert clock.now == pytest.approx(100.0 + 3 * 0.9 * LONGEST)


def test_a_standstill_counts_for_a_second_and_what_came_meanwhile_is_found(clock: Clock) -> None:
    patience, began = Patience(5.0), awake()
    assert patience.wait(waiting(clock, GLANCE, 10.0, GLANCE, found=True))
    assert patience.left == pytest.approx(5.0 - 2 * GLANCE - LONGEST)
    assert awake() - began == pytest.approx(2 * GLANCE + LONGEST)


def test_what_is_found_late_is_found(clock: Clock) -> None:
    """A reply that lies there is read, however long nobody came to look."""
    assert Patience(0.05).wait(waiting(clock, 60.0, found=True))


def test_whoever_sends_a_little_again_and_again_is_not_waited_for_for_ever(clock: Clock) -> None:
    patience = Patience(1.0)
    for _ in range(100):
        assert patience.wait(waiting(clock, 0.01, found=True))
    assert patience.left == pytest.approx(0.0)


@pytest.fixture
def stops(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whenever we wait, the machine stands still for a hundred seconds first, while its clock goes on."""
    look, wait, stood = time.monotonic, Patience.wait, 0.0

    def standing(self: Patience, ask: Callable[[float], Any]) -> Any:
        def glance(seconds: float) -> Any:
            nonlocal stood
            stood += 100.0
            return ask(seconds)

        return wait(self, glance)

    monkeypatch.setattr(Patience, "wait", standing)
    monkeypatch.setattr(time, "monotonic", lambda: look() + stood)


@pytest.fixture(scope="module")
def boxes() -> Iterator[Sandbox]:
    with Bubblewrap(Limits(step_seconds=90.0, total_seconds=95.0)) as sandbox:
        yield sandbox


@pytest.mark.bubblewrap
def test_a_box_is_given_its_time_where_the_machine_stands_still(boxes: Sandbox, stops: None) -> None:
    """Seconds of a step, and seconds of the whole; a program that takes longer is stopped all the same."""
    with Examination(boxes, "ada") as examination:
        assert examination.run("import time\ntime.sleep(0.3)\n6 * 7").output == "42\n"
        assert examination.run("8 * 9").output == "72\n"
    with boxes.open("ada") as box, pytest.raises(BoxTimeout):
        box.ask({"operation": "run", "source": "while True: pass"}, seconds=0.5)
