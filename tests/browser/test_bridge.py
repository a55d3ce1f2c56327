"""The bridge that stands in for Jupyter in the worker, tried in plain Python."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from layercost.explorers import explorer
from layercost.explorers.explorer import EXPLORERS

WORKER = Path(__file__).resolve().parents[2] / "web" / "worker"

# Runs cells, then gives messages to the first cell's widget; prints the answers to all of it.
TALK = """
import json, sys
sys.path.insert(0, sys.argv[1])
import course_bridge
cells, messages = json.loads(sys.argv[2])
answers = [json.loads(course_bridge.start(json.dumps(cells)))]
root = answers[0]["roots"][0]
for message in messages:
    if message is None:
        told = course_bridge.finish()
    elif "practise" in message:
        before, modules = len(course_bridge._manager.comms), set(sys.modules)
        moves = sum(iter(course_bridge.practise, False))
        left = len(course_bridge._manager.comms) - before
        told = course_bridge._answer(moves=moves, left=left, imported=sorted(set(sys.modules) - modules))
    elif "ask" in message:
        told = course_bridge.ask(*message["ask"], json.dumps(message["arguments"]))
    else:
        told = course_bridge.receive(root, json.dumps(message))
    answers.append(json.loads(told))
print(json.dumps(answers))
"""

DOUBLING = """
import ipywidgets
slider, text = ipywidgets.IntSlider(3), ipywidgets.HTML("6")
slider.observe(lambda change: setattr(text, "value", str(2 * change["new"])), "value")
slider
"""
REFUSING = """
import ipywidgets
def refuse(change):
    raise ValueError("13 brings bad luck")
slider = ipywidgets.IntSlider(3)
slider.observe(refuse, "value")
slider
"""
BUTTON = """
import ipywidgets
button = ipywidgets.Button(description="Step")
button.on_click(lambda button: 1 / 0)
button
"""


HURRIED = """
import ipywidgets
class Hurried(ipywidgets.IntSlider):
    in_sight_first = False
    def finish(self):
        self.description = f"{12 // self.value} a dozen"
Hurried(3)
"""


UNLUCKY = """
import ipywidgets
class Unlucky(ipywidgets.IntSlider):
    in_sight_first = False
    settings = {"value": 3}
    def control(self, name):
        raise ValueError("nobody sees this")
def refuse(change):
    raise ValueError("13 brings bad luck")
slider = Unlucky(3)
slider.observe(refuse, "value")
slider
"""


def talk(cells: list[str], *messages: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Run cells in a fresh bridge, send messages to the first widget (None: finish), give all answers."""
    command = [sys.executable, "-c", TALK, str(WORKER), json.dumps([cells, messages])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def widgets_of(name: str) -> list[Any]:
    """The controls of an explorer."""
    shown = explorer(name)
    return [shown.control(field) for field in shown.settings]


def move_to(value: int) -> dict[str, Any]:
    """What the page sends when a slider was moved."""
    return {"method": "update", "state": {"value": value}, "buffer_paths": []}


def test_all_that_a_move_changes_comes_back_in_one_answer() -> None:
    """The page changes once for each move, and is not told again what it said itself."""
    _, answer = talk([DOUBLING], move_to(21))
    assert answer["error"] is None
    assert [message["data"]["state"] for message in answer["messages"]] == [{"value": "42"}]


def test_an_exception_in_an_explorer_reaches_the_page() -> None:
    """The reader is told; nothing is swallowed into a log."""
    _, answer = talk([REFUSING], move_to(13))
    assert answer["error"].strip().endswith("ValueError: 13 brings bad luck")


def test_an_explorer_answers_again_after_an_exception() -> None:
    """One error does not stop the conversation, and is told once."""
    _, first, second = talk([REFUSING], move_to(13), {"method": "request_state"})
    assert first["error"]
    assert second["error"] is None
    assert second["messages"]


def test_an_exception_in_a_button_reaches_the_page() -> None:
    """Callbacks of buttons, whose exceptions ipywidgets hands to the shell, are told too."""
    _, answer = talk([BUTTON], {"method": "custom", "content": {"event": "click"}})
    assert "ZeroDivisionError" in answer["error"]


def test_a_broken_cell_does_not_take_the_others_with_it() -> None:
    """The other explorers of the page become live."""
    (answer,) = talk(["1 / 0", DOUBLING])
    assert answer["roots"][0] is None
    assert answer["roots"][1]
    assert "ZeroDivisionError" in answer["error"]


def test_cells_do_not_see_each_others_names() -> None:
    """An explorer's cell must stand alone, since it may be the only one that runs."""
    (answer,) = talk(["here = 1\nhere", "here"])
    assert "NameError" in answer["error"]


def test_a_widget_that_draws_what_is_in_sight_first_finishes_when_told_to() -> None:
    """Not with the move; and a widget that knows nothing of it is left alone."""
    _, moved, finished = talk([HURRIED, DOUBLING], move_to(4), None)
    assert moved["messages"] == []
    assert [message["data"]["state"] for message in finished["messages"]] == [{"description": "3 a dozen"}]


def test_what_goes_wrong_while_the_rest_is_drawn_reaches_the_page() -> None:
    _, _, finished = talk([HURRIED], move_to(0), None)
    assert finished["error"].strip().endswith("ZeroDivisionError: integer division or modulo by zero")


def test_moves_that_nobody_sees_leave_nothing() -> None:
    """No widget, no message; nor is anything imported that a page would have to fetch for it."""
    cells = [f"from layercost.explorers import explorer\nexplorer({name!r})" for name in EXPLORERS]
    with_sliders = [name for name in EXPLORERS if any(hasattr(one, "max") for one in widgets_of(name))]
    _, practised = talk(cells, {"practise": True})
    assert practised["error"] is None
    assert practised["messages"] == []
    assert practised["left"] == 0
    assert practised["imported"] == []
    assert practised["moves"] == 24 * len(with_sliders)


def test_what_fails_while_nobody_sees_it_is_not_told() -> None:
    """It is told when a reader meets it."""
    _, practised, moved = talk([UNLUCKY], {"practise": True}, move_to(13))
    assert practised["error"] is None
    assert moved["error"].strip().endswith("ValueError: 13 brings bad luck")


def test_the_page_can_ask_the_questions_service() -> None:
    asked = {"ask": ["questions", "pose"], "arguments": ["linear-parameters", "seed"]}
    _, answer = talk([DOUBLING], asked)
    assert answer["error"] is None
    assert answer["result"]["id"] == "linear-parameters"


def test_what_goes_wrong_in_the_service_reaches_the_page() -> None:
    _, answer = talk([DOUBLING], {"ask": ["questions", "pose"], "arguments": ["no-such-question", "seed"]})
    assert answer["result"] is None
    assert "no-such-question" in answer["error"]


def test_the_page_can_have_a_model_counted() -> None:
    source = {"id": "1", "kind": "text", "text": "3\nLinear(3, 4)"}
    _, answer = talk([DOUBLING], {"ask": ["own_model", "look"], "arguments": [source, {}]})
    assert answer["error"] is None
    assert "<dd>16</dd>" in answer["result"]["html"]


READ = """
import io, json, os, sys
sys.path.insert(0, sys.argv[1])
import course_bridge
content, asked = bytes(range(100)), []
class Slice:
    def __init__(self, start, end):
        asked.append([start, end])
        self.to_bytes = lambda: memoryview(content)[start:end]
file = course_bridge.PageFile("model.onnx", len(content), Slice)
read = [file.seek(-10, os.SEEK_END), list(file.read(4)), list(file.read()), list(file.read(5))]
file.seek(50); file.seek(1, os.SEEK_CUR)
print(json.dumps([*read, list(file.read(2)), file.bytes_read, asked, file.seekable()]))
"""


def test_a_file_of_the_page_is_read_by_places_and_in_slices() -> None:
    done = subprocess.run(
        [sys.executable, "-c", READ, str(WORKER)], capture_output=True, text=True, check=True, timeout=60
    )
    place, first, rest, nothing, again, size, asked, seekable = json.loads(done.stdout)
    assert (place, first, rest, nothing) == (90, [90, 91, 92, 93], [94, 95, 96, 97, 98, 99], [])
    assert again == [51, 52]
    assert (size, asked, seekable) == (12, [[90, 94], [94, 100], [51, 53]], True)


GONE = """
import sys
sys.path.insert(0, sys.argv[1])
import course_bridge
def gone(start, end):
    raise RuntimeError("NotReadableError")
try:
    course_bridge.PageFile("model.onnx", 9, gone).read()
except OSError as error:
    print(error)
"""


def test_a_file_that_the_browser_does_not_give_any_more_is_an_oserror() -> None:
    done = subprocess.run(
        [sys.executable, "-c", GONE, str(WORKER)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "NotReadableError"
