"""Words are data: a message keeps its text and values apart, and is spoken where it is read."""

from __future__ import annotations

import json

import pytest

from layercost.message import (
    Joined,
    Message,
    Sentence,
    can_say,
    catalogue,
    clauses,
    from_data,
    listing,
    message_of,
    speaking,
    spoken,
    to_data,
)

GERMAN = {
    "{layer} takes {size:,} values": "{layer} nimmt {size:,} Werte",
    "a layer": "eine Schicht",
    "One.": "Eins.",
}
SAID = Message("{layer} takes {size:,} values", layer=Message("a layer"), size=25088)


def test_a_message_is_english_until_somebody_speaks_otherwise() -> None:
    assert str(SAID) == "a layer takes 25,088 values"
    assert f"{SAID}." == "a layer takes 25,088 values."


def test_a_catalogue_translates_a_message_and_those_among_its_values() -> None:
    with speaking(GERMAN):
        assert str(SAID) == "eine Schicht nimmt 25,088 Werte"
    assert str(SAID) == "a layer takes 25,088 values"


def test_an_error_that_carries_a_message_is_spoken_when_it_is_read() -> None:
    error = ValueError(SAID)
    with speaking(GERMAN):
        assert str(error) == "eine Schicht nimmt 25,088 Werte"


def test_joined_messages_leave_out_what_is_empty_and_translate_each() -> None:
    joined = Joined([Message("One."), "", Message("Two.")])
    with speaking(GERMAN):
        assert str(joined) == "Eins. Two."
    assert str(Joined([])) == ""


def test_a_text_without_values_may_hold_braces() -> None:
    assert spoken("{layer} is not filled in") == "{layer} is not filled in"


def test_a_missing_value_is_an_error_of_ours_and_not_a_hole_in_a_sentence() -> None:
    with pytest.raises(KeyError):
        spoken("{layer} takes {size}", layer="Linear")


def test_equal_messages_say_the_same_with_the_same_values() -> None:
    assert Message("{n} left", n=1) == Message("{n} left", n=1)
    assert Message("{n} left", n=1) != Message("{n} left", n=2)
    assert len({Message("{n} left", n=1), Message("{n} left", n=1)}) == 1


def test_a_message_and_those_among_its_values_survive_json() -> None:
    said = Sentence(Joined([SAID, Message("One.")]))
    assert from_data(json.loads(json.dumps(to_data(said)))) == said
    with speaking(GERMAN):
        assert str(from_data(to_data(said))) == "Eine Schicht nimmt 25,088 Werte Eins.."
    assert from_data(to_data("plain {text}")) == "plain {text}"


@pytest.mark.parametrize("data", [None, 3, {}, {"key": 3}, {"key": "{n}"}, {"key": "{n}", "values": [3]}])
def test_what_is_neither_a_text_nor_a_message_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match="neither a text nor a message"):
        from_data(data)


def test_a_list_is_written_as_the_language_writes_it() -> None:
    parts = [Message("One."), "Two"]
    assert (str(listing(parts)), str(clauses(parts))) == ("One., Two", "One.; Two")
    with speaking({", ": "、"}):
        assert str(listing(parts)) == "One.、Two"
    assert listing([]) == clauses(["", ""]) == ""
    assert listing(["alone"]) == listing(["", "alone"]) == "alone"


def test_what_an_error_tells_can_be_a_part_of_another_message() -> None:
    assert message_of(ValueError(SAID)) is SAID
    assert message_of(ValueError("plain")) == "plain"
    assert message_of(SAID) is SAID


def test_a_catalogue_says_whether_it_has_all_of_a_message() -> None:
    assert can_say(Joined([SAID, "plain"]), GERMAN)
    assert not can_say(Joined([SAID, Message("Two.")]), GERMAN)


def test_there_is_no_catalogue_of_english_and_of_what_is_no_language() -> None:
    assert catalogue("en") == catalogue("../en") == catalogue("xx") == {}
