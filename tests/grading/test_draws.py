"""The numbers of an assignment, which several processes draw: as one would, in the same order."""

from __future__ import annotations

import multiprocessing
import os
import signal
from typing import Any

import pytest

from grader import draws, processes
from layercost.questions import Question, read_question

TESTING = os.getpid()
QUESTION: dict[str, Any] = {
    "id": "linear",
    "level": 1,
    "skills": ["fully-connected"],
    "wording": {"en": "How many parameters does `{layer}` have?"},
    "layer": "Linear(inputs, outputs)",
    "input": ["inputs"],
    "draw": {"inputs": {"from": 2, "to": 900}, "outputs": {"from": 2, "to": 900}},
    "ask": [{"quantity": "parameters"}],
}


def question(**changed: Any) -> Question:
    read = read_question({**QUESTION, **changed})
    assert isinstance(read, Question)
    return read


def drawn(asked: Question, workers: int) -> str:
    drawing = draws.Drawing("salt", b"secret", draws.StoredDraws({}, {}), workers=workers)
    return draws.to_text(drawing.all([asked], [(asked, 2)]))


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_several_processes_draw_what_one_draws(start: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "context", lambda: multiprocessing.get_context(start))
    monkeypatch.setattr(draws, "ROWS", 3 * processes.FEWEST)
    monkeypatch.setattr(draws, "SETS", 3 * processes.FEWEST)
    assert drawn(question(), workers=3) == drawn(question(), workers=1)


@pytest.mark.parametrize("workers", [1, 3])
def test_what_cannot_be_drawn_says_so_whoever_tries(workers: int) -> None:
    """A single input: who forgets to multiply by it is right."""
    with pytest.raises(ValueError, match="no draw of 300 tells right from wrong"):
        drawn(question(draw={"inputs": [1], "outputs": [1]}), workers)


def test_few_pieces_of_work_start_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "context", None)
    assert list(processes.in_order(abs, processes.FEWEST, 8)) == list(range(processes.FEWEST))


def unlucky(number: int) -> int:
    """Ends the process that it runs in, unless that is the one of the test."""
    if number == 40 and os.getpid() != TESTING:
        os.kill(os.getpid(), signal.SIGKILL)
    return -number


def test_a_process_that_is_ended_from_outside_costs_nothing_but_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where memory is short."""
    monkeypatch.setattr(processes, "context", lambda: multiprocessing.get_context("fork"))
    count = 3 * processes.FEWEST
    assert list(processes.in_order(unlucky, count, 3)) == [-number for number in range(count)]
