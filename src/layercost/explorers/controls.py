"""The controls that an explorer declares: what each is called and may be, and the widget that it becomes.

A page finds a control by its class ``lc-name-<field>``; it draws a `Size` on a logarithmic line, and moves
a `Travel` by buttons. A notebook shows ipywidgets' own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from dataclasses import field as declared
from typing import Any

from ipywidgets import HTML, Button, Checkbox, Dropdown, HBox, IntSlider, Text, ToggleButtons, VBox

from layercost.convention import CONVENTIONS
from layercost.expression import dimension
from layercost.message import Message
from layercost.message import spoken as _
from layercost.view import number, tag


@dataclass(frozen=True)
class Control:
    """One thing that a reader can set.

    `letter` is the formula's letter that it stands for, which gives it its colour. A `main` control stands
    beside the picture, the others under *more*. One that `looks` changes nothing that is built.
    """

    field: str
    words: Message
    value: Any
    letter: str = declared(default="", kw_only=True)
    main: bool = declared(default=False, kw_only=True)
    looks: bool = declared(default=False, kw_only=True)

    def widget(self, value: Any) -> Any:
        """The ipywidgets control, at a value; raises ValueError if it cannot have that one."""
        raise NotImplementedError

    def arranged(self, widget: Any) -> Any:
        """The control with what stands around it."""
        return widget

    def samples(self) -> tuple[Any, ...]:
        """Values at the ends of what it may be, for tests."""
        raise NotImplementedError

    def _named(self, widget: Any, *classes: str) -> Any:
        letter = (f"lc-d-{dimension(self.letter)}",) if self.letter else ()
        for name in (f"lc-name-{self.field}", *letter, *classes):
            widget.add_class(name)
        return widget

    def _refuse(self, value: Any, expected: str) -> None:
        raise ValueError(_("{field} takes {expected}, but got {value!r}",
                           field=self.field, expected=expected, value=value))  # fmt: skip


@dataclass(frozen=True)
class Size(Control):
    """A whole number from `low` to `high` that can be dragged, stepped with the arrow keys, and typed."""

    low: int
    high: int

    def widget(self, value: Any) -> Any:
        if not isinstance(value, int) or not self.low <= value <= self.high:
            self._refuse(value, _("a whole number from {low} to {high}",
                                  low=number(self.low), high=number(self.high)))  # fmt: skip
        said = str(self.words)
        slider = IntSlider(value=value, min=self.low, max=self.high, description=said, tooltip=said)
        return self._named(slider, *self._kinds())

    def _kinds(self) -> tuple[str, ...]:
        return ("lc-size",)

    def samples(self) -> tuple[Any, ...]:
        return (self.low, self.high)


@dataclass(frozen=True)
class Travel(Size):
    """How far something has come, from `low` on; its end follows what is built, by `Explorer.bound`."""

    looks: bool = declared(default=True, kw_only=True)

    def _kinds(self) -> tuple[str, ...]:
        return ("lc-follows",)

    def arranged(self, widget: Any) -> Any:
        buttons = HBox([
            _mover(widget, "start", _("Start"), _("go back to the start")),
            _mover(widget, "step", _("Step"), _("go one step on")),
            _mover(widget, "end", _("End"), _("jump to the end")),
        ])  # fmt: skip
        buttons.add_class("lc-travel")
        buttons.add_class(f"lc-moves-{self.field}")
        return VBox([widget, buttons])


def _mover(slider: IntSlider, place: str, text: str, tooltip: str) -> Button:
    def go(_button: object) -> None:
        slider.value = {"start": slider.min, "step": min(slider.value + 1, slider.max), "end": slider.max}[
            place
        ]

    made = Button(description=text, tooltip=tooltip)
    made.on_click(go)
    made.add_class(f"lc-go-{place}")
    return made


@dataclass(frozen=True)
class Place(Size):
    """One of the places 1 to an end that follows what is built, as an output that is looked at."""

    looks: bool = declared(default=True, kw_only=True)

    def _kinds(self) -> tuple[str, ...]:
        return ("lc-follows",)


def sizes_of(controls: Iterable[Control]) -> dict[str, Size]:
    """The controls that move a size of what is built, by their fields."""
    return {one.field: one for one in controls if isinstance(one, Size) and not one.looks}


@dataclass(frozen=True)
class Tick(Control):
    """Yes or no."""

    def widget(self, value: Any) -> Any:
        if not isinstance(value, bool):
            self._refuse(value, _("True or False"))
        said = str(self.words)
        return self._named(Checkbox(value=value, description=said, tooltip=said, indent=False))

    def samples(self) -> tuple[Any, ...]:
        return (False, True)


@dataclass(frozen=True)
class Choice(Control):
    """One of several; a few (`buttons`) stand side by side. An option is a value, or (words, value)."""

    options: Sequence[Any]
    buttons: bool = declared(default=False, kw_only=True)

    def widget(self, value: Any) -> Any:
        if value not in self.samples():
            self._refuse(value, _("one of {options}", options=", ".join(map(str, self.samples()))))
        options = [(self.label(one), one) for one in self.samples()]
        kind = ToggleButtons if self.buttons else Dropdown
        said = str(self.words)
        return self._named(kind(options=options, value=value, description=said, tooltip=said))

    def label(self, value: Any) -> str:
        """What an option is called, by which a page knows it."""
        return next(str(words) for words, one in map(_option, self.options) if one == value)

    def samples(self) -> tuple[Any, ...]:
        return tuple(value for _words, value in map(_option, self.options))


def _option(one: Any) -> tuple[Any, Any]:
    """The words and the value of an option."""
    return one if isinstance(one, tuple) else (one, one)


@dataclass(frozen=True)
class Sketch(Control):
    """A drawing, as text that says which cells are inked; `examples` stand beside it, and an empty field.

    A page draws a field in which the mouse, a finger or keys ink cells (web/src/explorers/sketch.mjs).
    """

    examples: Sequence[str]

    def widget(self, value: Any) -> Any:
        if not isinstance(value, str):
            self._refuse(value, _("a drawing as text"))
        said = str(self.words)
        return self._named(Text(value=value, description=said, tooltip=said), "lc-sketch")

    def arranged(self, widget: Any) -> Any:
        offered = [
            tag("button", str(place), type="button", data_set=f"{self.field}={drawing}",
                aria_label=_("draw example {place}", place=place))
            for place, drawing in enumerate(self.examples)
        ]  # fmt: skip
        clear = tag(
            "button", _("Clear"), type="button", class_="lc-clear", data_set=f"{self.field}={self.empty}"
        )
        beside = HTML(value=tag("div", *offered, clear, class_="lc-sketches"))
        return VBox([widget, beside])

    @property
    def empty(self) -> str:
        """The drawing without ink."""
        return "0" * len(self.value)

    def samples(self) -> tuple[Any, ...]:
        return (*self.examples, self.empty)


_CONVENTION = Message("convention")


@dataclass(frozen=True)
class ConventionSwitch(Control):
    """Which named convention prices the operations; a page keeps all of its switches together."""

    field: str = "convention"
    words: Message = _CONVENTION
    value: str = "textbook"
    looks: bool = declared(default=True, kw_only=True)

    def widget(self, value: Any) -> Any:
        if value not in CONVENTIONS:
            self._refuse(value, _("one of {options}", options=", ".join(CONVENTIONS)))
        tooltips = [str(convention.counts) for convention in CONVENTIONS.values()]
        options = list(CONVENTIONS)
        said = str(self.words)
        switch = ToggleButtons(options=options, value=value, description=said, tooltips=tooltips)
        return self._named(switch)

    def samples(self) -> tuple[Any, ...]:
        return tuple(CONVENTIONS)
