"""What every explorer does: read its controls, build the layer, show what changed, keep the last good state.

An explorer is a VBox of controls and HTML widgets, with class names by which the page places and finds them:
``lc-name-<field>`` on each control that carries state, ``lc-<pane>`` on each piece of HTML.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from ipywidgets import HTML, Button, Checkbox, Dropdown, HBox, IntSlider, ToggleButtons, VBox

from layercost.convention import CONVENTIONS
from layercost.explorers import parts
from layercost.layer import LayerError
from layercost.message import spoken as _
from layercost.shape import ShapeError


class Explorer(VBox):  # type: ignore[misc]  # ipywidgets brings no types
    """A layer or network that answers each move of its controls.

    A subclass declares its `panes` in the order in which they stand, the fields that `shape` what is built,
    and implements `build`, `follow`, `draw`, `sizes` and `describe`.
    """

    name: ClassVar[str]
    panes: ClassVar[tuple[str, ...]]
    shaping: ClassVar[frozenset[str]]  # the fields whose moves are compared with the setting before

    def __init__(self, controls: Mapping[str, Any], arranged: VBox) -> None:
        self._controls = dict(controls)
        self._html = {pane: HTML() for pane in self.panes if pane != "controls"}
        self._shown: dict[str, Hashable] = {}
        self._following = False
        self._moving = ""  # the field that the reader is moving, from its first move on
        self._before: Any = None  # what was built before that move: the ghost
        self._good: Any = None
        self._cut: set[str] = set()  # the fields whose value Python itself has cut down to a new bound
        for pane, widget in (*self._html.items(), ("controls", arranged)):
            widget.add_class(f"lc-{pane}")
        super().__init__([self._html.get(pane, arranged) for pane in self.panes])
        self.add_class("lc-explorer")
        self.add_class(f"lc-explorer-{self.name}")
        for field, control in self._controls.items():
            control.observe(self._moved_by(field), names="value")
        self._answer()

    # ---- what a subclass says

    def build(self, settings: Mapping[str, Any]) -> Hashable:
        """What the settings ask for; raises LayerError or ShapeError where it is impossible."""
        raise NotImplementedError

    def follow(self, built: Any) -> None:
        """Fit the bounds of controls to what was built."""

    def draw(self, built: Any, before: Any, settings: Mapping[str, Any]) -> None:
        """Call `show` for every pane but the message; `before` is what was built before the present move."""
        raise NotImplementedError

    def describe(self, built: Any) -> str:
        """What was built, in a few words."""
        raise NotImplementedError

    # ---- what it inherits

    @property
    def settings(self) -> dict[str, Any]:
        """Each field with the value of its control."""
        return {field: control.value for field, control in self._controls.items()}

    def control(self, field: str) -> Any:
        """The control of a field, to be set or read by a program."""
        return self._controls[field]

    def pane(self, name: str) -> str:
        """The HTML that a pane shows."""
        return str(self._html[name].value)

    def show(self, pane: str, key: Hashable, html: Callable[..., str], *arguments: Any) -> None:
        """Let a pane show ``html(*arguments)``, which is asked for only if `key` has changed since."""
        if pane not in self._shown or self._shown[pane] != key:
            self._shown[pane] = key
            self._html[pane].value = html(*arguments)

    def _moved_by(self, field: str) -> Callable[[object], None]:
        def moved(_change: object) -> None:
            if not self._following:
                self._confirm(field)
                self._notice(field)
                self._answer()

        return moved

    def bound(self, field: str, high: int) -> None:
        """Let the slider of a field end at `high`; its value comes along if it stood beyond."""
        control = self.control(field)
        if control.max == high:
            return
        value, control.max = control.value, high
        if control.value != value:
            self._cut.add(field)

    def _confirm(self, field: str) -> None:
        """Send the page its value again: a new bound that was on its way may have replaced it there."""
        if field in self._cut:
            self._cut.discard(field)
            self.control(field).send_state("value")

    def _notice(self, field: str) -> None:
        """The ghost is what stood before the reader began to move this control, not one small step before."""
        if field in self.shaping and field != self._moving:
            self._before = self._good
        self._moving = field

    def _answer(self) -> None:
        try:
            built = self.build(self.settings)
        except (LayerError, ShapeError) as error:
            shown = _("Still shown: {what}.", what=self.describe(self._good))
            self._html["message"].value = parts.failure(str(error), shown)
            return
        with self._quietly():
            self.follow(built)
        self._good = built
        self._html["message"].value = ""
        self.draw(built, self._before, self.settings)

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        self._following = True
        try:
            yield
        finally:
            self._following = False


# ---- controls -----------------------------------------------------------------------------------


def slider(field: str, description: str, value: int, low: int, high: int, *classes: str) -> IntSlider:
    """A whole number that can be dragged, stepped with the arrow keys, and typed."""
    control = IntSlider(value=value, min=low, max=high, description=description, tooltip=description)
    return named(control, field, *classes)


def tick_box(field: str, description: str, value: bool, *classes: str) -> Checkbox:
    """Yes or no."""
    return named(
        Checkbox(value=value, description=description, tooltip=description, indent=False), field, *classes
    )


def choice(field: str, description: str, options: Any, value: Any, *classes: str) -> Dropdown:
    """One of several."""
    control = Dropdown(options=options, value=value, description=description, tooltip=description)
    return named(control, field, *classes)


def convention_switch() -> ToggleButtons:
    """Which convention prices the operations: one of the named ones."""
    tooltips = [convention.counts for convention in CONVENTIONS.values()]
    control = ToggleButtons(
        options=list(CONVENTIONS), value="textbook", description=_("convention"), tooltips=tooltips
    )
    return named(control, "convention")


def travel(slider: IntSlider) -> HBox:
    """Buttons that move a slider: back to its start, one step on, to its end."""

    def button(text: str, tooltip: str, place: Callable[[], int]) -> Button:
        def go(_button: object) -> None:
            slider.value = place()

        made = Button(description=text, tooltip=tooltip)
        made.on_click(go)
        return made

    buttons = HBox([
        button(_("Start"), _("go back to the start"), lambda: int(slider.min)),
        button(_("Step"), _("go one step on"), lambda: min(slider.value + 1, slider.max)),
        button(_("End"), _("jump to the end"), lambda: int(slider.max)),
    ])  # fmt: skip
    buttons.add_class("lc-travel")
    return buttons


def named(control: Any, field: str, *classes: str) -> Any:
    """`control` with the class by which the page knows its field, and others."""
    for name in (f"lc-name-{field}", *classes):
        control.add_class(name)
    return control
