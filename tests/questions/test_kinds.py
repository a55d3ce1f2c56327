"""What every kind of question promises, tried on all templates of the bank that are not mere counts."""

from __future__ import annotations

import json
from functools import cache

import pytest

from layercost.questions import KINDS, MALFORMED, RIGHT, Posed, Template, templates
from layercost.questions.bank import CHECKED_DRAWS
from tests.conftest import NIGHTLY

TEMPLATES = {name: one for name, one in templates().items() if one.kind != "compute"}
SEEDS = range(CHECKED_DRAWS if NIGHTLY else 25)
NO_ANSWER = {"number": "many apples", "shape": "a cube", "choice": "none of them", "order": "the first one"}

each_template = pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)


def drawn(template: Template) -> list[Posed]:
    return _drawn(template.id)


@cache
def _drawn(name: str) -> list[Posed]:
    return [TEMPLATES[name].draw(seed) for seed in SEEDS]


def test_every_kind_has_three_templates_or_more_on_several_levels():
    for kind in set(KINDS) - {"compute"}:
        levels = [template.level for template in TEMPLATES.values() if template.kind == kind]
        assert len(levels) >= 3, kind
        assert len(set(levels)) > 1, kind


def test_no_two_templates_have_the_same_subject():
    subjects = [subject for template in TEMPLATES.values() for subject in template.subjects]
    assert len(subjects) == len(set(subjects))


@each_template
def test_right_answers_are_right_and_wrong_ones_have_the_name_that_is_told(template: Template):
    for posed in drawn(template):
        answers = posed.answers()
        assert list(answers) == [field.id for field in posed.fields]
        assert {one.id for one in posed.mark(answers).values()} == {RIGHT}
        assert posed.share(answers) == 1
        for name, answer in answers.items():
            assert posed.diagnose(answer, name).id == RIGHT
        for wrong in posed.wrong():
            found = posed.diagnose(wrong.answer, wrong.field)
            assert (found.id, str(found.message)) == (wrong.diagnosis.id, str(wrong.diagnosis.message))
            assert found.credit == wrong.diagnosis.credit
            assert found.id not in (RIGHT, MALFORMED)
            assert 0 <= found.credit < 1


@each_template
def test_a_wrong_answer_is_listed_once(template: Template):
    for posed in drawn(template)[:20]:
        listed = [(wrong.field, wrong.answer) for wrong in posed.wrong()]
        assert len(listed) == len(set(listed))
        assert not set(listed) & set(posed.answers().items())


@each_template
def test_what_is_malformed_is_neither_right_nor_wrong(template: Template):
    posed = template.draw(0)
    for field in posed.fields:
        for raw in (None, "", "   ", NO_ANSWER[field.form], True, ["x", 3], 3.5j):
            found = posed.diagnose(raw, field.id)
            assert (found.id, found.credit) == (MALFORMED, 0), raw
            assert str(found.message).endswith((".", "30,100"))
    assert {one.id for one in posed.mark({}).values()} == {MALFORMED}


@each_template
def test_a_question_is_the_same_when_it_is_drawn_again_or_restored(template: Template):
    for posed in drawn(template)[:20]:
        state = json.loads(json.dumps(posed.state()))
        restored = template.posed(state)
        assert restored.state() == posed.state()
        assert restored.told() == posed.told()
        assert restored.fields == posed.fields
        assert restored.answers() == posed.answers()
    assert template.draw("somebody").state() == template.draw("somebody").state()


@each_template
def test_a_state_that_cannot_be_is_refused(template: Template):
    state = template.draw(0).state()
    for wrong in ({}, {**state, "numbers": {"x": 1}}, {**state, "pick": -1}, {**state, "pick": True}):
        with pytest.raises(ValueError, match=template.id):
            template.posed(wrong)


@each_template
def test_the_question_is_told_with_its_numbers_and_its_solution_has_formulas(template: Template):
    for posed in drawn(template)[:20]:
        told = posed.told()
        assert "{" not in told
        assert told == posed.told("fr")
        assert str(posed.hint())
        lines = posed.solution()
        assert lines
        assert all(str(line.words) for line in lines)
        for field in posed.fields:
            assert "{" not in str(field.words)
            if field.form in ("choice", "order"):
                assert len(field.options) >= 3
                assert len({option.id for option in field.options}) == len(field.options)


@each_template
def test_draws_differ(template: Template):
    assert len({posed.told() for posed in drawn(template)[:30]}) > 4


@each_template
def test_a_field_that_is_not_there_is_refused_with_those_that_are(template: Template):
    posed = template.draw(0)
    with pytest.raises(ValueError, match="no field is called"):
        posed.diagnose(1, "nothing")
