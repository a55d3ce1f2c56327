"""An explorer as plain HTML, drawn from its widgets' saved state: what is read before or without scripts.

Boxes and HTML widgets get the same structure and classes as ipywidgets gives them, so that the page does not
move when the live view takes their place; a control is printed as its label and its value.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

from layercost.message import spoken as _

State = dict[str, Any]
States = dict[str, Any]
REFERENCE = "IPY_MODEL_"


def printed(model_id: str, states: States) -> str:
    """The HTML of the widget tree under `model_id`; nothing for widgets that are only seen when live."""
    entry = states[model_id]
    draw = _DRAWN.get(entry["model_name"])
    return draw(entry["state"], states) if draw else ""


def _classes(own: str, state: State) -> str:
    return html.escape(" ".join([own, *state.get("_dom_classes", [])]))


def _box(kind: str) -> Callable[[State, States], str]:
    def draw(state: State, states: States) -> str:
        children = [child.removeprefix(REFERENCE) for child in state.get("children", [])]
        inside = "\n".join(printed(child, states) for child in children)
        if "lc-more" in state.get("_dom_classes", []):
            more = html.escape(_("More: formulas, controls, table"))
            return f'<details class="lc-more"><summary>{more}</summary>{inside}</details>'
        return f'<div class="{_classes(f"widget-container widget-box {kind}", state)}">{inside}</div>'

    return draw


def _html(state: State, _states: States) -> str:
    """The widget's own HTML, as its author wrote it; data for scripts is left to the widget's state."""
    if "lc-compiled" in state.get("_dom_classes", []):
        return ""
    content = f'<div class="widget-html-content">{state.get("value", "")}</div>'
    return f'<div class="{_classes("widget-inline-hbox widget-html", state)}">{content}</div>'


def _label(state: State, _states: States) -> str:
    return f'<div class="{_classes("widget-label", state)}">{html.escape(state.get("value", ""))}</div>'


def _control(value: Callable[[State], str]) -> Callable[[State, States], str]:
    """A control as one line: its label and its value."""

    def draw(state: State, _states: States) -> str:
        label = f'<span class="widget-label">{html.escape(state.get("description", ""))}</span>'
        readout = f'<span class="widget-readout">{html.escape(value(state))}</span>'
        classes = _classes("widget-inline-hbox lc-printed-control", state)
        return f'<div class="{classes}">{label} {readout}</div>'

    return draw


def _number(state: State) -> str:
    return str(state.get("value", 0))


def _choice(state: State) -> str:
    index = state.get("index")
    labels = state.get("_options_labels", [])
    return str(labels[index]) if index is not None and index < len(labels) else "none"


def _yes_or_no(state: State) -> str:
    return "yes" if state.get("value") else "no"


def _text(state: State) -> str:
    return str(state.get("value", ""))


def _drawing_or_text(state: State, states: States) -> str:
    """A drawing stands in the picture already; any other text is printed."""
    return "" if "lc-sketch" in state.get("_dom_classes", []) else _control(_text)(state, states)


_NUMBERS = ("IntSlider", "FloatSlider", "FloatLogSlider")
_NUMBERS_TYPED = ("IntText", "BoundedIntText", "FloatText", "BoundedFloatText")
_CHOICES = ("Dropdown", "ToggleButtons", "RadioButtons", "Select", "SelectionSlider")

_DRAWN: dict[str, Callable[[State, States], str]] = {
    "VBoxModel": _box("widget-vbox"),
    "HBoxModel": _box("widget-hbox"),
    "BoxModel": _box("widget-box"),
    "GridBoxModel": _box("widget-gridbox"),
    "HTMLModel": _html,
    "HTMLMathModel": _html,
    "LabelModel": _label,
    "CheckboxModel": _control(_yes_or_no),
    "ToggleButtonModel": _control(_yes_or_no),
    "TextModel": _drawing_or_text,
    **{f"{name}Model": _control(_number) for name in (*_NUMBERS, *_NUMBERS_TYPED)},
    **{f"{name}Model": _control(_choice) for name in _CHOICES},
}
