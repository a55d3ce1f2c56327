"""What holds of every explorer, whatever it shows."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from layercost.explorers import lenet_explorer, linear_explorer
from layercost.explorers.explorer import Explorer
from layercost.explorers.lenet import STAGES
from layercost.expression import dimension
from layercost.message import speaking
from layercost.networks.lenet import VERSIONS
from tests.explorers.reading import move, panes, tree, widgets, with_class

LINEAR_STATES = {
    "as printed": {},
    "one weight": {"in_features": 1, "out_features": 1, "step": 2},
    "few": {"in_features": 6, "out_features": 3, "row": 2, "step": 4},
    "largest": {"in_features": 1024, "out_features": 1024, "row": 700, "step": 512},
    "no bias, a batch": {"bias": False, "batch": 64, "step": 300, "convention": "everything"},
    "impossible": {"in_features": 0, "batch": 0},
}
LENET_STATES = {
    f"{version}, {layer}": {"version": version, "layer": layer, "size": size, "convention": convention}
    for (version, size, convention) in zip(
        VERSIONS, (28, 40, 32), ("textbook", "macs", "everything"), strict=True
    )
    for layer in STAGES
}


def _linear(values: dict[str, object]) -> Callable[[], Explorer]:
    def made() -> Explorer:
        explorer = linear_explorer()
        move(explorer, **values)
        return explorer

    return made


def _lenet(values: dict[str, object]) -> Callable[[], Explorer]:
    def made() -> Explorer:
        explorer = lenet_explorer()
        move(explorer, **values)
        explorer.control("position").value = explorer.control("position").max
        return explorer

    return made


STATES = [
    *(pytest.param(_linear(values), id=f"linear, {name}") for name, values in LINEAR_STATES.items()),
    *(pytest.param(_lenet(values), id=f"lenet, {name}") for name, values in LENET_STATES.items()),
]
FRESH = [pytest.param(linear_explorer, id="linear"), pytest.param(lenet_explorer, id="lenet")]


@pytest.mark.parametrize("make", STATES)
def test_its_html_is_well_formed(make: Callable[[], Explorer]) -> None:
    """Every tag is closed and every attribute quoted, in every pane."""
    for html in panes(make()).values():
        tree(html)


@pytest.mark.parametrize("make", STATES)
def test_it_emits_class_names_and_never_colours(make: Callable[[], Explorer]) -> None:
    """How it looks is said in the style sheet alone."""
    for html in panes(make()).values():
        assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(|<style", html)
        for element in tree(html).iter():
            assert not {"style", "fill", "stroke", "color", "onclick"} & set(element.attrib)


@pytest.mark.parametrize("make", STATES)
def test_every_picture_says_in_words_what_it_shows(make: Callable[[], Explorer]) -> None:
    """An SVG has a role and a label, or is hidden from those who listen."""
    for html in panes(make()).values():
        for picture in tree(html).iter("svg"):
            assert picture.get("aria-hidden") == "true" or (
                picture.get("role") == "img" and picture.get("aria-label")
            )


@pytest.mark.parametrize("make", STATES)
def test_a_symbol_carries_the_class_of_its_dimension(make: Callable[[], Explorer]) -> None:
    """Formula and picture agree on the colour of a letter; a bias stands apart."""
    for html in panes(make()).values():
        for element in tree(html).iter():
            if symbol := element.get("data-sym"):
                classes = element.get("class", "").split()
                assert f"lc-d-{dimension(symbol)}" in classes or "lc-bias" in classes


@pytest.mark.parametrize("make", STATES)
def test_what_can_be_touched_asks_for_a_value_that_its_control_takes(make: Callable[[], Explorer]) -> None:
    """A touch on the picture never leads to an impossible control."""
    explorer = make()
    wanted = {
        element.get("data-set", "") for html in panes(explorer).values() for element in tree(html).iter()
    }
    for assignment in sorted(wanted - {""}, reverse=True):  # another layer, which moves bounds, comes last
        field, _, value = assignment.partition("=")
        control = explorer.control(field)
        control.value = int(value) if isinstance(control.value, int) else value
        assert str(control.value) == value


@pytest.mark.parametrize("make", STATES)
def test_its_html_stays_small(make: Callable[[], Explorer]) -> None:
    """A large layer is drawn in part, so that a move stays quick."""
    assert sum(map(len, panes(make()).values())) < 40_000


@pytest.mark.parametrize("make", FRESH)
def test_every_control_has_a_name(make: Callable[[], Explorer]) -> None:
    """Each control that carries state is labelled in words and found by its field."""
    explorer = make()
    for field, control in explorer._controls.items():
        assert control.description.strip()
        assert f"lc-name-{field}" in control._dom_classes
    fields = [
        name for widget in widgets(explorer) for name in widget._dom_classes if name.startswith("lc-name-")
    ]
    assert len(fields) == len(set(fields)) == len(explorer.settings)


@pytest.mark.parametrize("make", FRESH)
def test_it_uses_only_widgets_that_the_page_can_show(make: Callable[[], Explorer]) -> None:
    """Boxes, controls and HTML of ipywidgets' own two modules."""
    for widget in widgets(make()):
        assert widget._model_module in {"@jupyter-widgets/base", "@jupyter-widgets/controls"}
        assert type(widget).__name__ != "Output"


@pytest.mark.parametrize("make", FRESH)
def test_its_root_says_which_explorer_it_is(make: Callable[[], Explorer]) -> None:
    """The page finds an explorer by its classes, and each pane by its own."""
    explorer = make()
    assert {"lc-explorer", f"lc-explorer-{explorer.name}"} <= set(explorer._dom_classes)
    placed = [name for child in explorer.children for name in child._dom_classes]
    assert placed == [f"lc-{pane}" for pane in explorer.panes]


@pytest.mark.parametrize("make", FRESH)
def test_a_control_set_to_the_value_that_it_has_sends_nothing(make: Callable[[], Explorer]) -> None:
    """Nothing is drawn again that has not changed."""
    explorer = make()
    before = panes(explorer)
    changed = _watch(explorer)
    move(explorer, **explorer.settings)
    assert (changed, panes(explorer)) == ([], before)


def test_a_step_of_the_odometer_draws_only_what_shows_it() -> None:
    """Formulas, ghost and message do not depend on how far a dot product has come."""
    explorer = linear_explorer()
    changed = _watch(explorer)
    explorer.control("step").value = 17
    assert changed == ["picture", "twin"]


def test_a_move_of_the_window_draws_only_the_picture() -> None:
    """Network, formulas, bars and table stay as they are."""
    explorer = lenet_explorer()
    changed = _watch(explorer)
    explorer.control("position").value = 18
    assert changed == ["picture"]


def _watch(explorer: Explorer) -> list[str]:
    """The panes whose HTML changes from now on, in order."""
    changed: list[str] = []
    for pane, widget in explorer._html.items():
        widget.observe(lambda _change, pane=pane: changed.append(pane), names="value")
    return changed


@pytest.mark.parametrize("make", FRESH)
def test_its_twin_opens_as_a_table(make: Callable[[], Explorer]) -> None:
    """What the picture shows is there as a table with heads."""
    html = make().pane("twin")
    assert with_class(html, "lc-twin")[0].tag == "details"
    assert list(tree(html).iter("summary"))
    assert with_class(html, "lc-scroll")
    assert list(tree(html).iter("th"))


def test_its_words_can_be_translated() -> None:
    """A catalogue of texts is all that a translation needs."""
    with speaking({"input features": "Eingänge", "also written": "auch geschrieben"}):
        explorer = linear_explorer()
    assert explorer.control("in_features").description == "Eingänge"
    assert "auch geschrieben" in explorer.pane("line")


def test_a_value_that_crosses_a_cut_on_its_way_is_confirmed() -> None:
    """The page sends a step while Python cuts it to a new bound: both end with what was asked for."""
    explorer = linear_explorer()
    step = explorer.control("step")
    step.value = 301
    explorer.control("in_features").value = 8  # Python tells the page: the step is 9 at most
    told: list[str] = []
    step.send_state = told.append
    step.set_state({"value": 4})  # sent by the page before it heard that
    assert (step.value, told) == (4, ["value"])
    step.set_state({"value": 5})
    assert told == ["value"]  # once is enough
