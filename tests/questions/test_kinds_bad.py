"""A badly written question of any kind is refused with words that say what was expected."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from layercost.questions import QuestionError, read_question

from .test_kinds_examples import EXAMPLES


def changed(kind: str, **changes: Any) -> dict[str, Any]:
    data = copy.deepcopy(EXAMPLES[kind]) | changes
    return {key: value for key, value in data.items() if value is not None}


STEP = {"id": "s", "read": "macs", "wording": {"en": "s"}}
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "steps: an unknown reading": (
        changed("steps", step=[{**STEP, "read": "mac"}] * 2),
        "no quantity is called 'mac'",
    ),
    "steps: one step": (changed("steps", step=[STEP]), "`step` is a list of 2 to 8 tables"),
    "steps: no id": (changed("steps", step=[{**STEP, "id": "a-b"}, STEP]), "needs an `id` of its own"),
    "steps: all given": (
        changed("steps", step=[{**STEP, "given": True}, {**STEP, "id": "t", "given": True}]),
        "every step is given",
    ),
    "steps: a later step": (
        changed("steps", step=[{**STEP, "follows": "t"}, {**STEP, "id": "t"}]),
        "no earlier step is called 't'",
    ),
    "steps: no arithmetic": (
        changed("steps", step=[{**STEP, "follows": "("}, STEP]),
        "`follows` is arithmetic",
    ),
    "convention: no count": (changed("convention", wording={"en": "Who?"}), "tells the number as {count}"),
    "convention: nobody": (
        changed("convention", among=["macs", "fvcoer", "thop"]),
        "'fvcoer'; did you mean 'fvcore'",
    ),
    "convention: too few": (changed("convention", among=["macs"]), "`among` is a list of 3"),
    "mistake: nobody's": (changed("mistake", mistakes=["forgot"]), "no misconception is called 'forgot'"),
    "mistake: few lines": (changed("mistake", lines=["macs"]), "three readings of the layer or more"),
    "mistake: no count": (
        changed("mistake", lines=["macs", "dot_count", "output_height"]),
        "the last line is a quantity",
    ),
    "mistake: a network": (
        changed("mistake", layer=None, layers={"fc": "Linear(_, 2)"}),
        "the lines of a network are its layers",
    ),
    "mistake: number": (changed("mistake", number="yes"), "`number` is true or false, but got 'yes'"),
    "inverse: not drawn": (changed("inverse", unknown="side"), "no drawn name is called 'side'"),
    "inverse: told": (
        changed("inverse", wording={"en": "{kernel} {count}"}),
        "tells {count} and not {kernel}",
    ),
    "inverse: a text": (changed("inverse", draw={"kernel": ["3"]}), "'kernel' is a whole number"),
    "inverse: what just fits": (changed("inverse", most="yes"), "`most` is true or false, true where"),
    "inverse: few sizes": (changed("inverse", most=True, range=[1, 8]), "more than 16 sizes are tried"),
    "inverse: a range": (changed("inverse", range=[5, 6]), "`range` holds what 'kernel' is drawn from"),
    "order: two": (changed("order", candidate=EXAMPLES["order"]["candidate"][:2]), "a list of 3 to 5 tables"),
    "order: a factor": (changed("order", factor=1), "`factor` is more than 1"),
    "order: twice": (
        changed("order", candidate=[EXAMPLES["order"]["candidate"][0]] * 3),
        "needs an id of its own",
    ),
    "order: nobody's": (changed("order", mistakes=["sizes"]), "no misconception is called 'sizes'"),
    "estimate: a factor of two": (changed("estimate", factor=2), "a factor of 2 tells them not apart"),
    "estimate: no time": (changed("estimate", seconds=0), "`seconds` is a whole number from 5 to 600"),
    "estimate: a factor": (changed("estimate", factor=True), "`factor` is more than 1"),
    "audit: no count": (changed("audit", wording={"en": "Who?"}), "tells the figure as {count}"),
    "audit: two options": (
        changed("audit", option=EXAMPLES["audit"]["option"][:2]),
        "`option` is a list of 3 to 8 tables",
    ),
    "audit: twice": (
        changed("audit", option=[EXAMPLES["audit"]["option"][0]] * 3),
        "each option needs an `id` of its own",
    ),
    "audit: a figure": (changed("audit", published="thirty"), "`published` is the figure as it was printed"),
    "audit: a scale": (changed("audit", scale=0), "`scale` is a whole number"),
    "audit: nobody's": (
        changed("audit", option=[{**EXAMPLES["audit"]["option"][0], "misconception": "forgot"}] * 3),
        "no misconception is called 'forgot'",
    ),
    "table: a column": (changed("table", columns=["param"]), "no column is called 'param'; did you mean"),
    "table: a cell": (changed("table", blank=["fc1"]), "a blank cell is a layer and one of"),
    "table: a total of shapes": (
        changed("table", blank=["total/output"]),
        "a blank cell is a layer and one of",
    ),
    "table: nothing": (changed("table", blank=[]), "`blank` is a list of cells"),
    "design: two bounds": (
        changed("design", limit=[{"read": "macs", "at_most": 1, "at_least": 1}]),
        "a limit has one of",
    ),
    "design: a measure": (
        changed("design", limit=[{"read": "mac", "at_most": 1}]),
        "no quantity is called 'mac'",
    ),
    "design: by nothing": (
        changed("design", limit=[{"read": "macs", "at_most": "b"}]),
        "no drawn name is called 'b'",
    ),
    "design: too many": (
        changed("design", choose={"kernel": {"among": {"from": 1, "to": 900}, "wording": {"en": "k"}}}),
        "900 designs are too many",
    ),
    "design: drawn": (
        changed("design", choose={"budget": {"among": [1], "wording": {"en": "k"}}}),
        "'budget' is sought",
    ),
    "missing: one value": (
        changed("missing", missing={**EXAMPLES["missing"]["missing"], "values": [True]}),
        "two different `values`",
    ),
    "missing: given": (changed("missing", missing={**EXAMPLES["missing"]["other"][0]}), "needs two `values`"),
    "missing: not told": (
        changed("missing", wording={"en": "How many?"}),
        "is given, so the wording tells {inputs}",
    ),
    "missing: a convention": (
        changed(
            "missing",
            missing={"id": "c", "name": "convention", "values": ["mac", "textbook"], "wording": {"en": "c"}},
        ),
        "no convention is called 'mac'|is a unit",
    ),
}


@pytest.mark.parametrize(("data", "message"), BAD.values(), ids=BAD)
def test_a_badly_written_question_says_what_was_expected(data: dict[str, Any], message: str):
    with pytest.raises(QuestionError, match=message):
        read_question(data)


@pytest.mark.parametrize("kind", EXAMPLES)
def test_what_every_kind_needs_and_what_none_reads(kind: str):
    with pytest.raises(QuestionError, match="'wording' is missing"):
        read_question(changed(kind, wording=None))
    with pytest.raises(QuestionError, match="wording is a table of texts by language"):
        read_question(changed(kind, wording={"zh": "?"}))
    with pytest.raises(QuestionError, match="no key is called 'levle'"):
        read_question(changed(kind, levle=1))
    with pytest.raises(QuestionError, match="no diagnosis is called 'forgot-baise'"):
        read_question(changed(kind, credit={"forgot-baise": 0.5}))
    with pytest.raises(QuestionError, match="credit is a share from 0 to less than 1"):
        read_question(changed(kind, credit={"forgot-bias": 1}))


NEVER: dict[str, tuple[dict[str, Any], str]] = {
    "steps: a formula that is not so": (
        changed("steps", step=[*EXAMPLES["steps"]["step"][:3], {**STEP, "follows": "dots"}]),
        "'s' does not come from",
    ),
    "steps: a belief that is right": (
        changed("steps", layer="Conv2d(3, maps, kernel_size=1)"),
        "'input-size' gives the right number",
    ),
    "convention: too few that differ": (
        changed("convention", among=["macs", "fvcore", "thop"]),
        "fewer than 3",
    ),
    "mistake: none that shows": (
        changed("mistake", mistakes=["forgot-groups"]),
        "none of the misconceptions",
    ),
    "order: too near": (changed("order", factor=50), "nearer than a factor of 50"),
    "table: no such layer": (
        changed("table", blank=["fc3/parameters"]),
        "no layer of the network is called 'fc3'",
    ),
    "design: impossible": (changed("design", draw={"budget": [10]}), "no design keeps to the limits"),
    "design: trivial": (
        changed("design", limit=[{"read": "macs", "at_least": 1}]),
        "most designs keep to the limits",
    ),
    "missing: nothing": (
        changed("missing", quantity="weights"),
        "'bias' changes nothing, so nothing is missing",
    ),
    "missing: two things": (
        changed("missing", quantity="flops"),
        "'batch' changes the number, too",
    ),
    "inverse: no layer": (changed("inverse", input=[4, 1, 1]), "no draw of 300"),
}


@pytest.mark.parametrize(("data", "message"), NEVER.values(), ids=NEVER)
def test_what_can_never_be_drawn_says_why(data: dict[str, Any], message: str):
    with pytest.raises(QuestionError, match=message):
        read_question(data).draw(0)
