"""What holds of every explorer, whatever it shows."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping

import pytest

from layercost.explorers import EXPLORERS, explorer
from layercost.explorers.controls import Choice, Travel
from layercost.explorers.explorer import Explorer
from layercost.expression import dimension
from layercost.message import speaking
from tests.explorers.reading import move, panes, tree, widgets, with_class


def _states() -> Iterator[pytest.ParameterSet]:
    """Each explorer as printed, with each control at the ends of what it may be, and all at their ends."""
    for name, kind in EXPLORERS.items():
        declared = {one.field: one for one in kind._all_controls()}
        yield pytest.param(name, {}, id=f"{name}, as printed")
        for field, control in declared.items():
            for value in control.samples():
                yield pytest.param(name, {field: value}, id=f"{name}, {field} {value}")
        for end, which in (("first", 0), ("last", -1)):
            values = {field: control.samples()[which] for field, control in declared.items()}
            yield pytest.param(name, values, id=f"{name}, each at its {end}")


STATES = list(_states())
NAMES = list(EXPLORERS)


def made(name: str, values: Mapping[str, object], *, in_sight_first: bool = False) -> Explorer:
    """The explorer with its controls moved one after the other, and everything that travels at its end."""
    made = explorer(name)
    made.in_sight_first = in_sight_first
    move(made, **values)
    for one in made._declared.values():
        if isinstance(one, Travel) and one.field not in values:
            made.control(one.field).value = made.control(one.field).max
    return made


_DRAWN: dict[str, dict[str, str]] = {}


def drawn(name: str, values: Mapping[str, object]) -> dict[str, str]:
    """The HTML of that explorer's panes, drawn once for all tests that only read it."""
    state = f"{name} {values}"
    if state not in _DRAWN:
        _DRAWN[state] = panes(made(name, values))
    return _DRAWN[state]


@pytest.mark.parametrize(("name", "values"), STATES)
def test_its_html_is_well_formed(name: str, values: Mapping[str, object]) -> None:
    """Every tag is closed and every attribute quoted, in every pane."""
    for html in drawn(name, values).values():
        tree(html)


@pytest.mark.parametrize(("name", "values"), STATES)
def test_it_emits_class_names_and_never_colours(name: str, values: Mapping[str, object]) -> None:
    """How it looks is said in the style sheet alone."""
    for html in drawn(name, values).values():
        assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(|<style", html)
        for element in tree(html).iter():
            assert not {"style", "fill", "stroke", "color", "onclick"} & set(element.attrib)


@pytest.mark.parametrize(("name", "values"), STATES)
def test_every_picture_says_in_words_what_it_shows(name: str, values: Mapping[str, object]) -> None:
    """An SVG has a role and a label, or is hidden from those who listen."""
    for html in drawn(name, values).values():
        for picture in tree(html).iter("svg"):
            assert picture.get("aria-hidden") == "true" or (
                picture.get("role") == "img" and picture.get("aria-label")
            )


@pytest.mark.parametrize(("name", "values"), STATES)
def test_a_symbol_carries_the_class_of_its_dimension(name: str, values: Mapping[str, object]) -> None:
    """Formula and picture agree on the colour of a letter; a bias stands apart."""
    for html in drawn(name, values).values():
        for element in tree(html).iter():
            if symbol := element.get("data-sym"):
                classes = element.get("class", "").split()
                assert f"lc-d-{dimension(symbol)}" in classes or "lc-bias" in classes


@pytest.mark.parametrize(("name", "values"), STATES)
def test_what_can_be_touched_asks_for_a_value_that_its_control_takes(
    name: str, values: Mapping[str, object]
) -> None:
    """A touch on the picture never leads to an impossible control."""
    html = drawn(name, values).values()
    wanted = {element.get("data-set", "") for pane in html for element in tree(pane).iter()} - {""}
    shown = made(name, values) if wanted else explorer(name)
    for assignment in sorted(wanted, reverse=True):  # another layer, which moves bounds, comes last
        field, _, value = assignment.partition("=")
        control = shown.control(field)
        control.value = int(value) if isinstance(control.value, int) else value
        assert str(control.value) == value


@pytest.mark.parametrize(("name", "values"), STATES)
def test_its_html_stays_small(name: str, values: Mapping[str, object]) -> None:
    """A large layer is drawn in part, so that a move stays quick."""
    assert sum(map(len, drawn(name, values).values())) < 40_000


@pytest.mark.parametrize("name", NAMES)
def test_every_control_has_a_name(name: str) -> None:
    """Each control that carries state is labelled in words and found by its field."""
    shown = explorer(name)
    for field, control in shown._controls.items():
        assert control.description.strip()
        assert f"lc-name-{field}" in control._dom_classes
    fields = [
        name for widget in widgets(shown) for name in widget._dom_classes if name.startswith("lc-name-")
    ]
    assert len(fields) == len(set(fields)) == len(shown.settings)


@pytest.mark.parametrize("name", NAMES)
def test_it_fits_one_screen(name: str) -> None:
    """Beside the picture stand a few controls; the others wait under *more*."""
    main = [one for one in explorer(name)._declared.values() if one.main]
    assert 1 <= len(main) <= 4


@pytest.mark.parametrize("name", NAMES)
def test_it_says_its_totals_to_those_who_hear_the_page(name: str) -> None:
    """Where there is something to count, a live region holds parameters and cost with their convention."""
    shown = explorer(name)
    if shown.counted:
        (said,) = with_class(shown.pane("total"), "lc-said")
        assert said.get("role") == "status"
        assert re.fullmatch(r"[\d,]+ parameters; [\d,]+ FLOPs by textbook", said.text or "")


@pytest.mark.parametrize("name", NAMES)
def test_it_begins_where_it_is_told_to(name: str) -> None:
    """A chapter may begin with other values; one that a control cannot take is refused by its name."""
    declared = [one for one in EXPLORERS[name].controls if not isinstance(one, Travel)]
    for one in declared:
        with pytest.raises(ValueError, match=one.field):
            explorer(name, **{one.field: object()})
    with pytest.raises(ValueError, match="has no control 'colour'"):
        explorer(name, colour="red")


def test_an_unknown_explorer_is_answered_with_those_that_there_are() -> None:
    """A slip in a chapter says what could have been meant."""
    with pytest.raises(ValueError, match=r"there is no explorer 'linear2'; there are .*linear"):
        explorer("linear2")


@pytest.mark.parametrize("name", NAMES)
def test_it_uses_only_widgets_that_the_page_can_show(name: str) -> None:
    """Boxes, controls and HTML of ipywidgets' own two modules."""
    for widget in widgets(explorer(name)):
        assert widget._model_module in {"@jupyter-widgets/base", "@jupyter-widgets/controls"}
        assert type(widget).__name__ != "Output"


@pytest.mark.parametrize("name", NAMES)
def test_its_root_says_which_explorer_it_is(name: str) -> None:
    """The page finds an explorer by its classes, and each pane by its own."""
    shown = explorer(name)
    assert {"lc-explorer", f"lc-explorer-{shown.name}"} <= set(shown._dom_classes)
    placed = [name for widget in widgets(shown) for name in widget._dom_classes]
    assert set(placed) >= {f"lc-{pane}" for pane in (*shown.panes, "controls", "more", "settings")}


@pytest.mark.parametrize("name", NAMES)
def test_a_control_set_to_the_value_that_it_has_sends_nothing(name: str) -> None:
    """Nothing is drawn again that has not changed."""
    shown = explorer(name)
    before = panes(shown)
    changed = _watch(shown)
    move(shown, **shown.settings)
    assert (changed, panes(shown)) == ([], before)


@pytest.mark.parametrize("name", NAMES)
def test_a_step_on_the_way_draws_only_what_shows_it(name: str) -> None:
    """Formulas, ghost, message and details do not depend on how far something has come."""
    shown = explorer(name)
    for one in shown._declared.values():
        if isinstance(one, Travel):
            changed = _watch(shown)
            shown.control(one.field).value = shown.control(one.field).value + 1
            assert set(changed) <= {"picture", "twin"}
            assert "picture" in changed


def _watch(explorer: Explorer) -> list[str]:
    """The panes whose HTML changes from now on, in order."""
    changed: list[str] = []
    for pane, widget in explorer._html.items():
        widget.observe(lambda _change, pane=pane: changed.append(pane), names="value")
    return changed


@pytest.mark.parametrize("name", NAMES)
def test_its_twin_opens_as_a_table(name: str) -> None:
    """What the picture shows is there as a table with heads."""
    html = explorer(name).pane("twin")
    assert with_class(html, "lc-twin")[0].tag == "details"
    assert list(tree(html).iter("summary"))
    assert with_class(html, "lc-scroll")
    assert list(tree(html).iter("th"))


def test_its_words_can_be_translated() -> None:
    """A catalogue of texts is all that a translation needs."""
    with speaking({"input features": "Eingänge", "also written": "auch geschrieben"}):
        shown = explorer("linear")
    assert shown.control("in_features").description == "Eingänge"
    assert "auch geschrieben" in shown.pane("line")


class Foreign(dict[str, str]):
    """A language that marks every text but names, so that one can see which have gone through it."""

    def get(self, key: str, default: object = None) -> str:  # type: ignore[override]
        worded = re.search("[a-z]", re.sub(r"\{.*?\}|ReLU", "", key))
        return f"¤{key}" if worded else key


def _forget() -> None:
    """Clear the caches of all explorers."""
    for module in [module for name, module in sys.modules.items() if name.startswith("layercost.explorers.")]:
        for one in vars(module).values():
            if hasattr(one, "cache_clear"):
                one.cache_clear()


def _through_all_choices(name: str) -> list[dict[str, str]]:
    """What an explorer shows with each option of its choices, one after the other."""
    shown, seen = explorer(name), []
    for one in shown._declared.values():
        if isinstance(one, Choice):
            for value in one.samples():
                shown.control(one.field).value = value
                seen.append(panes(shown))
    return [*seen, panes(shown)]


@pytest.mark.parametrize("name", NAMES)
def test_what_was_said_in_one_language_is_not_kept_for_another(name: str) -> None:
    """Caches hold numbers and messages, and no spoken words."""
    _forget()
    with speaking(Foreign()):
        foreign = _through_all_choices(name)
    _forget()
    _through_all_choices(name)
    with speaking(Foreign()):
        assert _through_all_choices(name) == foreign


@pytest.mark.parametrize("name", NAMES)
def test_an_option_that_is_no_name_of_the_code_can_be_translated(name: str) -> None:
    """Versions and layers are called as in the code; what reads as words goes through the language."""
    with speaking(Foreign()):
        shown = explorer(name)
    for control in shown._controls.values():
        for label in getattr(control, "_options_labels", ()):
            assert label.startswith("¤") or re.fullmatch(r"[\w.×-]+( \([\w.]+\))?", label)


def test_a_value_that_crosses_a_cut_on_its_way_is_confirmed() -> None:
    """The page sends a step while Python cuts it to a new bound: both end with what was asked for."""
    shown = explorer("linear")
    step = shown.control("step")
    step.value = 301
    shown.control("in_features").value = 8  # Python tells the page: the step is 9 at most
    told: list[str] = []
    step.send_state = told.append
    step.set_state({"value": 4})  # sent by the page before it heard that
    assert (step.value, told) == (4, ["value"])
    step.set_state({"value": 5})
    assert told == ["value"]  # once is enough


@pytest.mark.parametrize(("name", "values"), STATES)
def test_what_stands_under_more_can_be_drawn_later(name: str, values: Mapping[str, object]) -> None:
    """A move draws what is in sight and leaves the rest as it was; `finish` makes both whole."""
    hurried, printed = made(name, values, in_sight_first=True), explorer(name)
    for pane in {"detail", "line", "twin"} & set(printed.panes):
        assert hurried.pane(pane) == printed.pane(pane)
    hurried.finish()
    assert panes(hurried) == drawn(name, values)


@pytest.mark.parametrize("name", EXPLORERS)
def test_the_moves_that_a_page_practises_are_possible(name: str) -> None:
    """One step down of the first slider that has one (see course_bridge.py): a refusal draws nothing."""
    shown = explorer(name)
    sliders = (shown.control(field) for field in shown.settings)
    slider = next((one for one in sliders if hasattr(one, "max") and one.value > one.min), None)
    if slider is not None:
        slider.value -= 1
        assert not shown.pane("message")
