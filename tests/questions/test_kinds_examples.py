"""Each kind by example: questions small enough to be worked out by hand."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from layercost.expression import Definition
from layercost.message import Message
from layercost.questions import Posed, QuestionError, read_question

HEAD: dict[str, Any] = {"id": "q", "level": 1, "skills": ["parameters"]}
WORDS = {"en": "`{layer}` on {input}"}
CONV = {"layer": "Conv2d(3, maps, kernel_size=5)", "input": [3, 32, 32], "draw": {"maps": [6]}}

STEPS: dict[str, Any] = {
    **HEAD,
    **CONV,
    "kind": "steps",
    "wording": WORDS,
    "step": [
        {"id": "height", "read": "output_height", "wording": {"en": "the height"}},
        {"id": "length", "read": "dot_length", "wording": {"en": "the length"}, "given": True},
        {"id": "dots", "read": "dot_count", "wording": {"en": "the dots"}, "follows": "maps*height*height"},
        {"id": "macs", "read": "macs", "wording": {"en": "the MACs"}, "follows": "length*dots"},
    ],
}
CONVENTION: dict[str, Any] = {
    **HEAD,
    **CONV,
    "kind": "convention",
    "wording": {"en": "{layer} costs {count} on {input}"},
    "among": ["macs", "textbook", "torchinfo", "fvcore"],
}
MISTAKE: dict[str, Any] = {
    **HEAD,
    **CONV,
    "kind": "mistake",
    "wording": WORDS,
    "lines": ["output_height", "dot_length", "dot_count", "macs"],
    "mistakes": ["kernel-not-squared"],
    "credit": {"carried-on": 0.5, "kernel-not-squared": 0.25},
}
INVERSE: dict[str, Any] = {
    **HEAD,
    "kind": "inverse",
    "wording": {"en": "{layer} has {count}"},
    "layer": "Conv2d(4, 6, kernel_size=kernel, stride=1, padding=1)",
    "input": [4, 32, 32],
    "draw": {"kernel": [4]},
    "unknown": "kernel",
    "quantity": "parameters",
}
ORDER: dict[str, Any] = {
    **HEAD,
    "kind": "order",
    "wording": {"en": "Order them."},
    "quantity": "parameters",
    "draw": {"maps": [8]},
    "candidate": [
        {"id": "big", "layer": "Linear(100, 50)", "input": [100], "wording": {"en": "{layer}"}},
        {"id": "mid", "layer": "Conv2d(3, maps, 3)", "input": [3, 9, 9], "wording": {"en": "{layer}"}},
        {"id": "small", "layer": "BatchNorm2d(maps)", "input": ["maps", 9, 9], "wording": {"en": "{layer}"}},
    ],
}
ESTIMATE: dict[str, Any] = {
    **HEAD,
    "kind": "estimate",
    "wording": {"en": "How many MACs has {layer} on {input}?"},
    "layer": "Conv2d(64, 128, kernel_size=3, padding=1)",
    "input": [64, 56, 56],
    "draw": {},
    "quantity": "macs",
    "factor": 1.5,
    "seconds": 60,
}
TABLE: dict[str, Any] = {
    **HEAD,
    "kind": "table",
    "wording": {"en": "Complete it."},
    "layers": {"fc1": "Linear(_, hidden)", "fc2": "Linear(_, 10)"},
    "input": [100],
    "draw": {"hidden": [50]},
    "columns": ["output", "parameters"],
    "blank": ["fc1/output", "fc1/parameters", "fc2/parameters", "total/parameters"],
}
DESIGN: dict[str, Any] = {
    **HEAD,
    "kind": "design",
    "wording": {"en": "Choose."},
    "layer": "Conv2d(8, maps, kernel_size=kernel)",
    "input": [8, 32, 32],
    "draw": {"budget": [3000]},
    "choose": {
        "kernel": {"among": [1, 3, 5], "wording": {"en": "the kernel"}},
        "maps": {"among": [8, 16, 32, 64], "wording": {"en": "the channels"}},
    },
    "limit": [
        {"read": "parameters", "at_most": "budget"},
        {"read": "receptive_field", "at_least": 3},
        {"read": "output_channels", "at_least": 16},
    ],
}
MISSING: dict[str, Any] = {
    **HEAD,
    "kind": "missing",
    "wording": {"en": "How many parameters, from {inputs} to 10?"},
    "layer": "Linear(inputs, 10, bias=bias)",
    "input": ["inputs"],
    "quantity": "parameters",
    "draw": {"inputs": [20]},
    "missing": {"id": "bias", "name": "bias", "values": [True, False], "wording": {"en": "biases or none"}},
    "other": [
        {"id": "inputs", "name": "inputs", "given": True, "wording": {"en": "what arrives"}},
        {"id": "batch", "name": "batch", "values": [1, 8], "wording": {"en": "the batch"}},
    ],
}
AUDIT: dict[str, Any] = {
    **HEAD,
    "kind": "audit",
    "wording": {"en": "{layer} is said to cost {count} on {input}"},
    "layer": "Linear(300, 100)",
    "input": [300],
    "published": "30.0",
    "scale": 1000,
    "option": [
        {"id": "macs", "quantity": "macs", "wording": {"en": "MACs"}},
        {"id": "flops", "quantity": "flops", "wording": {"en": "FLOPs"}},
        {
            "id": "parameters",
            "quantity": "flops",
            "misconception": "counted-parameters",
            "wording": {"en": "parameters"},
        },
    ],
    "credit": {"counted-parameters": 0.5},
}
FIGURE: dict[str, Any] = {
    **HEAD,
    "kind": "figure",
    "wording": {"en": "{peak} TFLOP/s and 200 GB/s: where is the ridge?"},
    "figure": "ridge",
    "given": {"peak": "peak", "bandwidth": 200},
    "draw": {"peak": [10]},
    "decimals": 1,
    "credit": {"macs-for-flops": 0.5},
}
EXAMPLES = {
    data["kind"]: data
    for data in (STEPS, CONVENTION, MISTAKE, INVERSE, ORDER, ESTIMATE, TABLE, DESIGN, MISSING, AUDIT, FIGURE)
}  # fmt: skip


def drawn(data: dict[str, Any], seed: int = 0, **changes: Any) -> Posed:
    return read_question(copy.deepcopy(data) | changes).draw(seed)


def ids(posed: Posed, answers: dict[str, object]) -> dict[str, str]:
    return {name: one.id for name, one in posed.mark(answers).items()}


# ---- steps --------------------------------------------------------------------------------------


def test_steps_are_read_off_the_layer():
    """28 = 32 - 5 + 1, 75 = 3·5·5, 4,704 = 6·28·28, 352,800 = 75·4,704."""
    posed = drawn(STEPS)
    assert posed.answers() == {"height": "28", "dots": "4704", "macs": "352800"}
    assert "2. the length: 75" in posed.told()
    assert "3. the dots: …" in posed.told()


def test_an_error_is_carried_forward_and_not_counted_again():
    """30 for 28: then 6·30·30 = 5,400 dots and 75·5,400 = 405,000 MACs follow rightly."""
    posed = drawn(STEPS)
    answers: dict[str, object] = {"height": "30", "dots": "5400", "macs": "405000"}
    marks = posed.mark(answers)
    assert ids(posed, answers) == {
        "height": "right-magnitude",
        "dots": "carried-forward",
        "macs": "carried-forward",
    }
    assert [float(one.credit) for one in marks.values()] == [0, 1, 1]
    assert "from your own results (the height)" in str(marks["dots"].message)


def test_a_right_answer_after_a_wrong_one_is_right():
    assert ids(drawn(STEPS), {"height": 30, "dots": 4704, "macs": 352800})["dots"] == "right"


def test_what_would_make_a_step_trivial_or_is_far_off_is_not_carried():
    posed = drawn(STEPS)
    for height, reason in (
        (0, "trivial or impossible"),
        (1, "trivial"),
        (-3, "trivial"),
        (100, "more than 3 times"),
    ):
        marks = posed.mark({"height": height, "dots": 6 * height * height, "macs": 352800})
        assert marks["dots"].id != "carried-forward"
        assert "is not carried on" in str(marks["dots"].message)
        assert reason in str(marks["dots"].message)


def test_a_step_that_is_left_empty_carries_nothing():
    assert ids(drawn(STEPS), {"dots": 5400, "macs": 405000}) == {
        "height": "malformed", "dots": "right-magnitude", "macs": "carried-forward",
    }  # fmt: skip


def test_a_misconception_in_a_step_has_its_name():
    assert drawn(STEPS).diagnose(32, "height").id == "input-size"
    assert drawn(STEPS).diagnose(28 * 28, "dots").id == "one-filter"


# ---- convention ---------------------------------------------------------------------------------


def test_options_with_the_same_number_are_never_offered_as_wrong():
    """352,800 MACs, 705,600 FLOPs; torchinfo counts a bias, fvcore gives the MACs."""
    for seed in range(20):
        posed = drawn(CONVENTION, seed)
        offered = {option.id for option in posed.fields[0].options}
        right = posed.answers()["who"]
        assert not {"macs", "fvcore"} <= offered or right in ("textbook", "torchinfo")
        assert {wrong.answer for wrong in posed.wrong()} == offered - {right}
    number = {"textbook": "705,600", "macs": "352,800", "fvcore": "352,800", "torchinfo": "357,504"}
    assert number[right] in posed.told()


def test_another_convention_is_told_with_its_own_number():
    posed = next(
        one for one in (drawn(CONVENTION, seed) for seed in range(20)) if one.answers()["who"] == "macs"
    )
    found = posed.diagnose("textbook")
    assert found.id == "other-convention"
    assert "textbook gives 705,600" in str(found.message)


# ---- mistake ------------------------------------------------------------------------------------


def test_the_mistake_is_in_the_first_line_that_is_wrong_by_itself():
    posed = drawn(MISTAKE)
    assert "2. the length of one dot product: `C_in·k = 3·5 = 15`" in posed.told()
    assert posed.answers() == {"line": "2", "number": "352800"}
    assert posed.diagnose("1", "line").id == "right-line"
    assert (posed.diagnose(4, "line").id, float(posed.diagnose("line 4", "line").credit)) == (
        "carried-on",
        0.5,
    )
    published = posed.diagnose(70560, "number")
    assert (published.id, float(published.credit)) == ("kernel-not-squared", 0.25)
    assert "as it was published" in str(published.message)


def test_a_networks_lines_are_its_layers_and_only_one_is_wrong():
    data = {key: value for key, value in MISTAKE.items() if key not in ("layer", "lines", "mistakes")}
    layers = {"conv": "Conv2d(3, maps, 5)", "flatten": "Flatten()", "fc": "Linear(_, 10)"}
    posed = drawn(data, layers=layers, quantity="parameters", mistakes=["forgot-bias"])
    right = {"conv": 6 * 75 + 6, "fc": 4704 * 10 + 10}
    assert posed.answers()["number"] == str(sum(right.values()))
    line = int(posed.answers()["line"])
    assert ("1. conv: `C_out·C_in·k·k = " in posed.told()) is (line == 1)
    assert ("2. fc: `d_out·d_in = " in posed.told()) is (line == 2)


# ---- inverse ------------------------------------------------------------------------------------


def test_any_size_that_gives_the_count_is_right():
    """4 padded to 34 cells: (34 - k) // s + 1 = 11 for more than one stride's neighbour of 3."""
    posed = drawn(
        INVERSE,
        layer="Conv2d(4, 6, kernel_size=10, stride=stride, padding=1)",
        draw={"stride": [9]},
        unknown="stride",
        quantity="output_size",
        without=["rounded-up", "padding-once", "forgot-padding"],
    )
    assert "gives" not in posed.told()
    assert [posed.diagnose(stride).id for stride in (9, 10, 11, 12)] == ["right"] * 4
    assert posed.diagnose(13).id != "right"


def test_a_wrong_size_is_told_what_it_would_give():
    """6·4·4·4 + 6 = 390; with 5 it is 6·4·25 + 6 = 606, and who forgets the channels finds 8."""
    posed = drawn(INVERSE)
    assert "Conv2d(4, 6, kernel_size=kernel, stride=1, padding=1) has 390" in posed.told()
    assert posed.answers() == {"kernel": "4"}
    assert "With kernel = 5 it is 606 parameters, not 390 parameters." in str(posed.diagnose(5).message)
    assert posed.diagnose(8).id == "forgot-input-channels"
    assert posed.diagnose(0).id == "no-layer"
    assert posed.diagnose(10**30).id == "no-layer"


EVEN: dict[str, Any] = {
    **HEAD,
    "kind": "inverse",
    "wording": {"en": "When do the products of {layer} cost as much as its maps?"},
    "layer": "Attention(width, 3, bias=False)",
    "input": ["tokens", "width"],
    "draw": {"width": [12], "tokens": {"from": 2, "to": 40}},
    "unknown": "tokens",
    "quantity": "macs",
    "part": "scores+context",
    "as_much_as": "q+k+v+o",
}


def test_a_size_makes_one_part_cost_as_much_as_another():
    """2 · 12 · T · T against 4 · 144 · T: T is 24, whatever was drawn for it."""
    posed = drawn(EVEN)
    assert posed.answers() == {"tokens": "24"}
    assert posed.told().startswith("When do the products of Attention(12, 3, bias=False) cost")
    found = posed.diagnose(12)
    assert "With tokens = 12 it is 3,456 MACs against 6,912 MACs." in str(found.message)
    assert "whole-for-part" not in {one.diagnosis.id for one in posed.wrong()}
    totals = [line.formula.value for line in posed.solution() if not isinstance(line.formula, Definition)]
    assert totals == [2 * 12 * 24 * 24, 4 * 144 * 24]


def test_a_question_at_which_size_both_are_as_much_tells_no_count_and_needs_such_a_size():
    with pytest.raises(QuestionError, match=r"tells no count and not \{tokens\}"):
        drawn(EVEN, wording={"en": "{layer} and {count}"})
    with pytest.raises(QuestionError, match="no draw of 300"):
        drawn(EVEN, draw={"width": [12], "tokens": {"from": 2, "to": 5}})


# ---- order --------------------------------------------------------------------------------------


def test_the_first_pair_that_is_the_wrong_way_round_is_named_with_both_numbers():
    """5,050, 224 and 16 parameters."""
    posed = drawn(ORDER)
    assert posed.answers() == {"order": "small, mid, big"}
    found = posed.diagnose("small, big, mid")
    assert found.id == "wrong-order"
    assert "big has 5,050 parameters and mid has 224 parameters" in str(found.message)
    assert posed.diagnose(["big", "mid", "small"]).id == "reversed"
    for raw in ("small, mid", "small, mid, mid", "small, mid, big, other"):
        assert posed.diagnose(raw).id == "malformed"


def test_an_order_is_taken_only_for_a_belief_that_the_question_names():
    """Who adds 100 and 50 for the fully connected layer has 200 there, fewer than 224."""
    found = drawn(ORDER, mistakes=["sizes-added"]).diagnose("small, big, mid")
    assert found.id == "sizes-added"
    assert "these two are the wrong way round. You added" in str(found.message)


# ---- estimate -----------------------------------------------------------------------------------


def test_an_estimate_is_right_within_the_factor_and_no_further():
    """64·9·128·56·56 = 231,211,008 MACs; two thirds of it are 154 million."""
    posed = drawn(ESTIMATE)
    for near in ("200e6", 231211008, "155 000 000", "346e6"):
        assert posed.diagnose(near).id == "right", near
    assert posed.diagnose("154e6").id == "too-small"
    assert posed.diagnose("347e6").id == "too-large"


def test_who_takes_flops_for_macs_is_told_so_even_by_an_estimate():
    assert drawn(ESTIMATE).diagnose(2 * 231211008).id == "flops-for-macs"
    assert drawn(ESTIMATE).diagnose("450e6").id == "flops-for-macs"
    assert drawn(ESTIMATE).diagnose("2.3e5").id == "off-by-thousands"


def test_the_napkin_stays_within_the_factor():
    lines = [str(line.words) for line in drawn(ESTIMATE).solution()]
    assert "64·(3·3)·128·(56·56) ≈ 60·9·100·3,000 = 162,000,000" in lines
    assert any("64·128 = 2^13 ≈ 8·1,000, as 2^10 ≈ 1,000." in line for line in lines)


# ---- table --------------------------------------------------------------------------------------


def test_a_table_shows_its_given_cells_and_marks_a_total_against_own_cells():
    """100·50 + 50 = 5,050 and 50·10 + 10 = 510."""
    posed = drawn(TABLE)
    assert "| fc2 | `Linear(50, 10)` | 10 | ? |" in posed.told()
    assert posed.answers()["total/parameters"] == "5560"
    own: dict[str, object] = {
        "fc1/output": "(50,)", "fc1/parameters": 5150, "fc2/parameters": "510", "total/parameters": 5660,
    }  # fmt: skip
    marks = ids(posed, own)
    assert marks["fc1/parameters"] not in ("right", "carried-forward")
    assert {marks["fc1/output"], marks["fc2/parameters"]} == {"right"}
    assert marks["total/parameters"] == "carried-forward"
    trivial = ids(posed, {**own, "fc1/parameters": 1, "total/parameters": 511})
    assert trivial["total/parameters"] != "carried-forward"


def test_a_table_in_which_nothing_slides_says_nothing_of_how_sizes_are_rounded():
    """An LSTM has more than one axis, and no window."""
    layers = {"lstm": "LSTM(8, hidden)", "fc": "Linear(_, 3)"}
    posed = drawn(TABLE, layers=layers, input=[5, 8], blank=["lstm/output"])
    assert "Sizes follow" not in posed.told()


# ---- design -------------------------------------------------------------------------------------


def test_any_design_that_keeps_to_the_limits_is_right():
    """32·8·9 + 32 = 2,336 and 13·8·25 + 13 < 3,000, but 13 channels are too few."""
    posed = drawn(DESIGN)
    for kernel, maps in ((3, 16), (3, 32), (3, 41), (4, 20)):
        assert set(ids(posed, {"kernel": kernel, "maps": maps}).values()) == {"right"}


def test_what_a_design_breaks_is_said_with_its_number():
    posed = drawn(DESIGN)
    broken = posed.mark({"kernel": 5, "maps": 32})["maps"]
    assert broken.id == "over-budget"
    assert "parameters: at most 3,000, here 6,432 parameters" in str(broken.message)
    assert posed.mark({"kernel": 1, "maps": 32})["kernel"].id == "below-target"
    assert posed.mark({"kernel": 40, "maps": 32})["kernel"].id == "no-layer"
    assert posed.mark({"kernel": "x", "maps": 32})["kernel"].id == "malformed"


def test_a_design_is_taken_for_a_belief_only_where_it_just_fills_the_budget_and_the_question_names_it():
    """With k for k·k a kernel of 5 and 64 channels have 8·5·64 + 64 = 2,624 parameters of 2,900."""
    named = drawn(DESIGN, draw={"budget": [2900]}, mistakes=["kernel-not-squared"])
    assert named.mark({"kernel": 5, "maps": 64})["kernel"].id == "kernel-not-squared"
    assert named.mark({"kernel": 5, "maps": 32})["kernel"].id == "over-budget"
    assert (
        drawn(DESIGN, draw={"budget": [2900]}).mark({"kernel": 5, "maps": 64})["kernel"].id == "over-budget"
    )


# ---- missing ------------------------------------------------------------------------------------


def test_what_is_missing_is_proven_by_two_numbers():
    posed = drawn(MISSING)
    found = posed.diagnose("bias")
    assert found.id == "right"
    assert "210 parameters" in str(found.message)
    assert "200 parameters" in str(found.message)
    assert posed.diagnose("inputs").id == "is-given"
    assert posed.diagnose("The batch").id == "changes-nothing"


def test_a_solution_defines_each_letter_before_it_is_used():
    lines = drawn(STEPS).solution()
    assert isinstance(lines[0].formula, Definition)
    assert lines[0].formula.name == "H_out"


def test_a_question_is_told_in_a_language_that_has_all_of_it(monkeypatch: pytest.MonkeyPatch):
    """The wording alone is not enough: conventions, heads of tables and lines are told, too."""
    posed = drawn(TABLE, wording={"en": "Complete it.", "zh": "请补全。"})
    assert posed.told("zh") == posed.told()
    words = (*posed.besides(), *posed.also_told())  # type: ignore[attr-defined]
    known = {key: f"{key} (zh)" for one in words for key in keys_of(one)}
    monkeypatch.setattr("layercost.questions.kinds.shared.catalogue", lambda _: known)
    assert "请补全。" in posed.told("zh")
    assert "| name (zh) | layer (zh) | output (zh) |" in posed.told("zh")


def keys_of(words: object) -> set[str]:
    if not isinstance(words, Message):
        return set()
    return {words.key}.union(*(keys_of(one) for one in words.values.values()))


# ---- audit --------------------------------------------------------------------------------------


def test_a_published_figure_is_the_option_that_gives_it_as_it_was_printed():
    """30.0 thousand is 30,000 MACs; 60,000 FLOPs and 30,100 parameters are not."""
    posed = drawn(AUDIT)
    assert posed.told() == "Linear(300, 100) is said to cost 30.0 on (300,)"
    assert posed.answers() == {"reading": "macs"}
    assert {wrong.answer for wrong in posed.wrong()} == {"flops", "parameters"}


def test_another_reading_is_told_with_what_it_comes_to_and_earns_its_share():
    posed = drawn(AUDIT)
    flops, parameters = posed.diagnose("flops"), posed.diagnose("parameters")
    assert flops.id == "other-convention"
    assert "that is 60,000 FLOPs" in str(flops.message)
    assert (parameters.id, float(parameters.credit)) == ("counted-parameters", 0.5)
    assert "that is 30,100" in str(parameters.message)


def test_a_figure_that_no_option_or_more_than_one_gives_is_refused():
    """30,100 parameters are 30 thousand as well, where no decimal is printed."""
    with pytest.raises(QuestionError, match=r"no option gives the published 31\.0"):
        drawn(AUDIT, published="31.0")
    with pytest.raises(QuestionError, match="no option gives the published 31;"):
        drawn(AUDIT, published="31")  # 30.1 is neither rounded nor cut off to 31
    with pytest.raises(QuestionError, match="'macs' and 'parameters' both give the figure"):
        drawn(AUDIT, published="30")


def test_a_figure_is_rounded_or_cut_off_and_no_other_number_is_near_enough():
    """59.4 thousand MACs are 59 thousand either way; 59.5 are rounded up, and 60.9 are cut off."""

    def with_inputs(*inputs: int) -> Posed:
        subjects = [{"id": str(one), "layer": f"Linear({one}, 100)", "input": [one]} for one in inputs]
        options = [{**one, "quantity": "macs", "wording": {"en": "MACs"}} for one in subjects]
        return drawn(AUDIT, published="60", option=options)

    with pytest.raises(QuestionError, match="no option gives the published 60"):
        with_inputs(100, 594, 610)
    for inputs in (595, 600, 609):
        assert with_inputs(594, inputs, 610).answers() == {"reading": str(inputs)}


def test_without_a_published_figure_each_option_may_be_the_one():
    data = {key: value for key, value in AUDIT.items() if key != "published"}
    found = {drawn(data, seed).answers()["reading"] for seed in range(20)}
    assert found == {"macs", "flops", "parameters"}


# ---- a figure of speed --------------------------------------------------------------------------


def test_a_figure_is_right_to_its_decimals_and_its_beliefs_are_known():
    """10 TFLOP/s over 200 GB/s: 50 FLOPs a byte."""
    posed = drawn(FIGURE)
    assert posed.answers() == {"answer": "50"}
    assert [posed.diagnose(given).id for given in ("50", "50.1", "49.9")] == ["right"] * 3
    assert [posed.diagnose(given).id for given in ("50.2", "51.2")] == ["nearly", "right-magnitude"]
    found = posed.diagnose("25")
    assert (found.id, found.credit) == ("macs-for-flops", 0.5)
    assert [posed.diagnose(given).id for given in ("100", "0.02")] == [
        "sparse-rate-for-dense", "ridge-upside-down",
    ]  # fmt: skip
    assert [posed.diagnose(given).id for given in ("50000", "0.5")] == ["wrong-power-of-ten"] * 2
    assert posed.told().endswith("Give it in FLOPs a byte, to one decimal.")
