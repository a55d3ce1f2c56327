"""What every explorer does, so that one declares its controls and draws its picture, and nothing else.

A subclass has a `name`, its `controls`, `build` (from settings to what is shown) and `picture`. It inherits
the total lines, the ghost of the setting before, the odometer, the table twin, the message where a setting is
impossible, its place in the registry and its state in the page's address.

    class PoolingExplorer(Explorer):
        name = "pooling"
        controls = (Size("kernel_size", Message("window"), 2, 1, 8, letter="k", main=True),)

        def build(self, settings): return Subject(MaxPool2d(settings["kernel_size"]), (1, 8, 8), words=...)
        def picture(self, built, settings): return drawing(...)

On a page a class name says what each piece is: ``lc-name-<field>`` a control that carries state,
``lc-<pane>`` a piece of HTML. The panes picture, controls, message, total and ghost fit one screen; detail,
further controls, lines and twin stand under *more*. A page that sets `in_sight_first` has these drawn later,
by `finish`, so that a move is answered by what the reader sees.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from ipywidgets import HTML, VBox

from layercost.convention import Quantity
from layercost.explorers import parts
from layercost.explorers.answers import Headlines, answers
from layercost.explorers.controls import Control, ConventionSwitch, Travel
from layercost.explorers.refusal import Refusal
from layercost.explorers.subject import Subject
from layercost.layer import LayerError
from layercost.message import spoken as _
from layercost.shape import ShapeError
from layercost.view import escaped, tag

EXPLORERS: dict[str, type[Explorer]] = {}

_IN_A_BROWSER = sys.platform == "emscripten"  # there a page has what is compiled from the book, or needs none
_CONVENTION = ConventionSwitch()
_COMPILED: dict[str, dict[str, Any] | None] = {}  # by an explorer's name, for it takes a while
_IN_THE_TABLE = (
    Quantity.PARAMETERS,
    Quantity.PARAMETER_BYTES,
    Quantity.MACS,
    Quantity.MULTIPLICATIONS,
    Quantity.ADDITIONS,
)


class Explorer(VBox):  # type: ignore[misc]  # ipywidgets brings no types
    """A layer or network that answers each move of its controls; keywords begin with other values."""

    name: ClassVar[str]
    controls: ClassVar[tuple[Control, ...]]
    counted: ClassVar[bool] = True  # whether there is a convention to choose
    wide: ClassVar[bool] = False  # whether the picture needs the width of the page, controls under it
    axes: ClassVar[tuple[str, ...]] = ()  # the controls that are the sizes of the input, one for each axis
    headlined: ClassVar[tuple[Quantity, ...]] = (Quantity.PARAMETERS, Quantity.FLOPS)  # always in sight
    alone: ClassVar[tuple[Quantity, ...]] = ()  # those that stand there without how they come about
    refusals: ClassVar[tuple[Refusal, ...]] = ()  # settings that a page refuses by itself, see `possible`
    panes: ClassVar[tuple[str, ...]] = ("picture", "message", "total", "ghost", "detail", "line", "twin")
    in_sight_first = False  # whether what stands under *more* waits for `finish`

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if "name" in vars(cls):
            EXPLORERS[cls.name] = cls

    def __init__(self, **start: Any) -> None:
        self._declared = {one.field: one for one in self._all_controls()}
        self._refuse_unknown(start)
        self._controls = {
            field: one.widget(start.get(field, one.value)) for field, one in self._declared.items()
        }
        self._html = {pane: HTML() for pane in (*self.panes, "compiled")}
        for pane, widget in self._html.items():
            widget.add_class(f"lc-{pane}")
        self._shown: dict[str, Any] = {}
        self._tabled: tuple[Any, list[str]] = ((), [])
        self._following = False
        self._moving = ""  # the field that the reader is moving, from its first move on
        self._before: Any = None  # what was built before that move: the ghost
        self._good: Any = None
        self._drawn: Mapping[str, Any] = {}  # the settings for which that was drawn
        self._cut: set[str] = set()  # the fields whose value Python itself has moved, as down to a new bound
        super().__init__(self._arranged())
        self.add_class("lc-explorer")
        self.add_class(f"lc-explorer-{self.name}")
        if self.wide:
            self.add_class("lc-explorer-wide")
        for field, control in self._controls.items():
            control.observe(self._moved_by(field), names="value")
        self._answer()
        if not _IN_A_BROWSER:
            self._html["compiled"].value = parts.for_the_page(self._compiled())

    # ---- what a subclass says

    def build(self, settings: Mapping[str, Any]) -> Any:
        """What the settings ask for, a `Subject` where nothing else is said.

        Raises LayerError or ShapeError where it is impossible.
        """
        raise NotImplementedError

    def picture(self, built: Any, settings: Mapping[str, Any]) -> str:
        """The figure, as HTML and SVG with class names."""
        raise NotImplementedError

    # ---- what a subclass may say

    def subject(self, built: Any) -> Subject:
        """What is counted of what was built."""
        return built  # type: ignore[no-any-return]

    def follow(self, built: Any) -> None:
        """Fit the bounds of controls to what was built, with `bound`."""

    def odometer(self, built: Any, settings: Mapping[str, Any]) -> parts.Odometer | None:
        """What has been counted so far, under the picture; None where nothing moves on."""

    def detail(self, built: Any, settings: Mapping[str, Any]) -> str:
        """More of the picture, under *more*."""
        return ""

    def describe(self, built: Any) -> str:
        """What was built, in a few words."""
        return self.subject(built).words

    def amounts(self, built: Any) -> list[tuple[str, int]]:
        """What the ghost compares."""
        subject = self.subject(built)
        return [(_("MACs"), subject.macs), (_("parameters"), subject.parameters)]

    def outline(self, built: Any, before: Any) -> str:
        """A small picture of the setting before as an outline around or inside of this one."""
        return ""

    def headlines(self, built: Any, settings: Mapping[str, Any]) -> Iterator[str]:
        """The lines that are always in sight, those of `headlined`."""
        subject, convention = self.subject(built), settings["convention"]
        for quantity in self.headlined:
            if quantity in self.alone:
                yield subject.total_line(quantity, convention)
            else:
                yield subject.line(quantity, convention, brief=True)

    def lines(self, built: Any, settings: Mapping[str, Any]) -> Iterable[str]:
        """Every line, under *more*."""
        return self.subject(built).lines(settings["convention"])

    def told(self) -> dict[str, Any] | None:
        """The headlines as data with which a page computes them itself; None where only Python can."""
        if not self.counted:
            return None
        return answers(
            lambda settings: self.subject(self.build(settings)),
            self._declared,
            self._printed,
            self._headlines,
        )

    def rows(self, built: Any, settings: Mapping[str, Any]) -> list[tuple[str, int | str, str]]:
        """What the picture shows besides counts: what, value, unit, for the table twin; no travel in it."""
        return []

    def tables(self, built: Any, settings: Mapping[str, Any]) -> Iterable[str]:
        """The tables of the twin: of a network layer by layer, of a layer its values."""
        subject, convention = self.subject(built), settings["convention"]
        rows = self.rows(built, settings)
        heads = [_("what"), _("value"), _("unit")]
        if subject.is_network:
            yield subject.table(convention).html()
            if rows:
                yield parts.plain_table(_("The picture"), heads, rows)
            return
        counts = [*map(subject.count, _IN_THE_TABLE), subject.count(Quantity.FLOPS, convention)]
        yield parts.plain_table(self.describe(built), heads, [*rows, *map(parts.row_of, counts)])

    # ---- what it inherits

    @property
    def _printed(self) -> dict[str, Any]:
        """The settings that a page is printed with where nothing else is asked for."""
        return {one.field: one.value for one in self._declared.values()}

    @property
    def _headlines(self) -> Headlines:
        return Headlines(self.axes, self.headlined, self.alone)

    def _compiled(self) -> dict[str, Any] | None:
        """What is told to a page, found once in a process."""
        if self.name not in _COMPILED:
            told, refused = self.told(), [one.told() for one in self.refusals]
            _COMPILED[self.name] = {**told, "refused": refused} if told and refused else told
        return _COMPILED[self.name]

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

    def finish(self) -> None:
        """Draw what stands under *more*, for what is shown."""
        built, settings = self._good, self._drawn
        every, standing = tuple(settings.values()), self._standing(settings)
        self._show("detail", (built, *standing), lambda: self.detail(built, settings))
        counted = (built, settings.get("convention"))
        self._show("line", counted, lambda: "".join(self.lines(built, settings)))
        if self._tabled[0] != (built, *standing):
            self._tabled = (built, *standing), list(self.tables(built, settings))
        self._show("twin", every, lambda: self._twin(built, settings))

    def possible(self, settings: Mapping[str, Any]) -> None:
        """Raise LayerError where one of `refusals` holds."""
        for one in self.refusals:
            one.check(settings)

    def bound(self, field: str, high: int) -> None:
        """Let the control of a field end at `high`; its value comes along if it stood beyond."""
        control = self.control(field)
        if control.max == high:
            return
        value, control.max = control.value, high
        if control.value != value:
            self._cut.add(field)

    @classmethod
    def _all_controls(cls) -> Sequence[Control]:
        return (*cls.controls, _CONVENTION) if cls.counted else cls.controls

    def _refuse_unknown(self, start: Mapping[str, Any]) -> None:
        for field in start:
            if field not in self._declared:
                known = ", ".join(self._declared)
                raise ValueError(_("the explorer {name} has no control {field!r}; it has {known}",
                                   name=self.name, field=field, known=known))  # fmt: skip

    def _arranged(self) -> list[Any]:
        html = self._html
        more = VBox([html["detail"], self._controls_box("settings", main=False), html["line"], html["twin"]])
        more.add_class("lc-more")
        main = self._controls_box("controls", main=True)
        return [html["picture"], main, html["message"], html["total"], html["ghost"], more, html["compiled"]]

    def _controls_box(self, name: str, *, main: bool) -> VBox:
        shown = (one for one in self._declared.values() if one.main is main)
        box = VBox([one.arranged(self._controls[one.field]) for one in shown])
        box.add_class(f"lc-{name}")
        return box

    def _show(self, pane: str, key: Any, html: Callable[[], str]) -> None:
        """Let a pane show what `html` gives, which is asked for only if `key` has changed since."""
        if pane not in self._shown or self._shown[pane] != key:
            self._shown[pane] = key
            self._html[pane].value = html()

    def _moved_by(self, field: str) -> Callable[[object], None]:
        def moved(_change: object) -> None:
            if not self._following:
                self._confirm(field)
                self._notice(field)
                self._answer()

        return moved

    def _confirm(self, field: str) -> None:
        """Send the page its value again: what Python moved it to was on its way, and may have replaced it."""
        if field in self._cut:
            self._cut.discard(field)
            self.control(field).send_state("value")

    def _notice(self, field: str) -> None:
        """The ghost is what stood before the reader began to move this control, not one small step before."""
        if not self._declared[field].looks and field != self._moving:
            self._before = self._good
        self._moving = field

    def _answer(self) -> None:
        try:
            built = self.build(self.settings)
        except (LayerError, ShapeError) as error:
            if self._good is None:
                raise
            shown = _("Still shown: {what}.", what=self.describe(self._good))
            self._html["message"].value = parts.failure(str(error), shown)
            return
        if built == self._good:
            built = self._good  # with all that it has counted already
        with self._quietly():
            self.follow(built)
        self._good = built
        self._html["message"].value = ""
        self._draw(built, self.settings)

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        self._following = True
        try:
            yield
        finally:
            self._following = False

    def _draw(self, built: Any, settings: Mapping[str, Any]) -> None:
        self._drawn = settings
        counted = (built, settings.get("convention"))
        self._show("picture", tuple(settings.values()), lambda: self._figure(built, settings))
        self._show("total", counted, lambda: self._total(built, settings))
        self._show("ghost", (built, self._before), lambda: self._ghost(built))
        if not self.in_sight_first:
            self.finish()

    def _standing(self, settings: Mapping[str, Any]) -> tuple[Any, ...]:
        """The settings but for those that travel."""
        return tuple(value for field, value in settings.items() if not self._travels(field))

    def _travels(self, field: str) -> bool:
        return isinstance(self._declared[field], Travel)

    def _figure(self, built: Any, settings: Mapping[str, Any]) -> str:
        odometer = self.odometer(built, settings)
        return self.picture(built, settings) + (odometer.html if odometer else "")

    def _total(self, built: Any, settings: Mapping[str, Any]) -> str:
        return "".join(self.headlines(built, settings)) + self._said(built, settings)

    def _said(self, built: Any, settings: Mapping[str, Any]) -> str:
        """The totals in words, for those who hear the page, and as data for a challenge of the page.

        It is a live region, which says only what changed. FLOPs as data are those of the textbook.
        """
        if not self.counted:
            return ""
        subject, convention = self.subject(built), settings["convention"]
        said = parts.totals(subject.parameters, subject.cost(convention), convention)
        counted = {
            "data_parameters": subject.parameters,
            "data_macs": subject.macs,
            "data_flops": subject.cost(_CONVENTION.value),
        }
        return tag("p", escaped(said), class_="lc-said", role="status", **counted)

    def _ghost(self, built: Any) -> str:
        if self._before is None or self._before == built:
            return ""
        now, then = self.amounts(built), self.amounts(self._before)
        pairs = [(what, new, old) for (what, new), (_what, old) in zip(now, then, strict=True)]
        said = _("since {before}", before=self.describe(self._before))
        return parts.ghost(self.outline(built, self._before), pairs, said)

    def _twin(self, built: Any, settings: Mapping[str, Any]) -> str:
        odometer = self.odometer(built, settings)
        so_far = [odometer.table] if odometer else []
        return parts.twin(_("The picture as a table"), *self._tabled[1], *so_far)


def explorer(name: str, **start: Any) -> Explorer:
    """The explorer of that name, its controls at their usual values but for those given.

    Raises ValueError for a name that is not in `EXPLORERS`, a control that it has not, a value out of range.
    """
    if name not in EXPLORERS:
        raise ValueError(_("there is no explorer {name!r}; there are {known}",
                           name=name, known=", ".join(sorted(EXPLORERS))))  # fmt: skip
    return EXPLORERS[name](**start)
