"""A record keeps what was said as data: it is spoken when it is read, in the language of the reader."""

from __future__ import annotations

import json
from pathlib import Path

from grader.job import CellResult
from grader.protocol import Mark
from grader.record import Record, read_record, write_record
from grader.values import Call, Failure
from layercost.message import Joined, Message, Sentence, speaking

MISSING = Message("There is no `{name}` in your notebook.", name="f")
GERMAN = {MISSING.key: "In Ihrem Notebook gibt es kein `{name}`."}
RECORD = Record(
    student="ada",
    assignment="hw1",
    reason=MISSING,
    remarks=(MISSING, Joined([MISSING, Sentence(Message("not measured"))])),
    cells=(CellResult("1", Failure("error", "ValueError in line 1: {x}")), CellResult("2")),
    asked={"q1": ((Call("f", (3,)), Failure("missing", MISSING)),)},
    marks={"q1": Mark(0.0, 1.0, "no-answer", MISSING)},
    version=3,
)


def test_a_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    write_record(tmp_path / "ada.json", RECORD)
    assert read_record(tmp_path / "ada.json") == RECORD


def test_a_record_holds_keys_and_values_and_no_sentence(tmp_path: Path) -> None:
    write_record(tmp_path / "ada.json", RECORD)
    written = (tmp_path / "ada.json").read_text(encoding="utf-8")
    assert json.loads(written)["marks"]["q1"]["message"] == {"key": MISSING.key, "values": {"name": "f"}}
    assert str(MISSING) not in written


def test_a_record_is_spoken_in_the_language_of_its_reader(tmp_path: Path) -> None:
    """It was written in English."""
    write_record(tmp_path / "ada.json", RECORD)
    record = read_record(tmp_path / "ada.json")
    assert record is not None
    with speaking(GERMAN):
        assert str(record.marks["q1"].message) == "In Ihrem Notebook gibt es kein `f`."


def test_a_record_from_before_that_holds_plain_sentences_is_read(tmp_path: Path) -> None:
    """Braces in what a student printed are no places of values."""
    path = tmp_path / "ada.json"
    write_record(path, RECORD)
    tree = json.loads(path.read_text(encoding="utf-8"))
    tree["marks"]["q1"]["message"] = "Right {so far}."
    tree["remarks"], tree["reason"] = ["The cell `q1` is there 2 times."], ""
    path.write_text(json.dumps(tree), encoding="utf-8")
    record = read_record(path)
    assert record is not None
    assert (str(record.marks["q1"].message), record.reason) == ("Right {so far}.", "")
    assert [*record.remarks] == ["The cell `q1` is there 2 times."]


def test_words_that_are_neither_a_text_nor_a_message_make_no_record(tmp_path: Path) -> None:
    path = tmp_path / "ada.json"
    write_record(path, RECORD)
    tree = json.loads(path.read_text(encoding="utf-8"))
    tree["marks"]["q1"]["message"] = 3
    path.write_text(json.dumps(tree), encoding="utf-8")
    assert read_record(path) is None
