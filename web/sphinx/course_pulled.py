"""Sphinx extension: numbers in sentences that the reader pulls, and all that follows them without Python.

A group is a directive; what stands inside follows the numbers that are pulled inside:

    :::{pulled}
    :let: layer = lc.Linear(d_in, d_out, bias=bias)

    A layer that takes {pull}`d_in=300 | max=4096` values to {pull}`d_out=100 | max=4096`, with
    {switch}`bias | a bias | no bias`, holds {live}`parameters(layer)` parameters.
    It costs {live}`flops(layer)`.
    In float32 they fill {live}`mib(parameter_bytes(layer))` MiB.

    ```{derivation} parameters(layer)
    :live:
    ```

    ```{figure-of} area d_in d_out
    {live}`d_in * d_out` weights; the strip is the bias.
    ```

    {preset}`Make it tiny | d_in=4, d_out=3`
    :::

- ``pull``: a name with its number, then ``min``, ``max``, ``step``, ``label`` (for those who hear it).
  A name that is a letter of formulas (d_in, C_out, k, H) has the colour of its dimension.
- ``switch``: a name, the words for yes, the words for no; it begins with yes.
- ``live``: an expression of the pulled names and of counts of layers built from them, joined by + - * //;
  ``ratio(a, b, digits)``, ``percent(a, b, digits)``, ``mib(bytes, digits)`` have a decimal point.
- ``figure-of``: ``area`` draws a rectangle to scale, with one strip for the bias (``:strip:`` says how wide);
  ``bars`` draws rows ``name as label | unit | what it counts | multiply: expression; bias: expression``,
  each held against what the tool of that name prints for the ``:layer:`` (on a ``:shape:``), with the
  library's verdict on it.

Each formula is asked of the library once, in letters, and compiled (`layercost.compiled`). The build then
asks the library again, with plain numbers, at the ends of the ranges and at random places between: where
the two part, the page does not build.
"""

from __future__ import annotations

import inspect
import json
import random
import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product, repeat
from typing import Any, ClassVar, NamedTuple

from course_text import Asked, Derivation, names_of, raw, tried, usual_shape
from docutils import nodes
from docutils.parsers.rst import directives
from following import OWN, derivation, following_count, pinned_count, under_each
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective, SphinxRole

import layercost as lc
from layercost import compiled, counters, dialects
from layercost.expression import (
    Expression,
    Symbol,
    definitions,
    dimension,
    expression,
    substituted,
    symbols,
    tree,
)
from layercost.layer import LayerError
from layercost.message import Message, spoken
from layercost.shape import ShapeError, several
from layercost.view import escaped, number, tag

PLACES_BETWEEN = 12  # random places of the ranges at which a formula is asked of the library again
ROLES = re.compile(r"\{(pull|switch)\}`([^`]+)`")
REFUSALS = (LayerError, ShapeError)


# --- what is pulled ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pull:
    """A number that the reader pulls: its name, its start, and its range."""

    name: str
    start: int
    low: int
    high: int
    step: int
    label: str

    @classmethod
    def read(cls, text: str) -> Pull:
        """``d_in=300 | min=1 | max=4096 | step=1 | label=inputs``."""
        first, *options = [part.strip() for part in text.split("|")]
        name, start = (part.strip() for part in first.split("="))
        told = dict(option.split("=", 1) for option in options)
        if unknown := told.keys() - {"min", "max", "step", "label"}:
            raise ValueError(f"pull knows min, max, step and label, but got {', '.join(sorted(unknown))}")
        low, step = int(told.get("min", 1)), int(told.get("step", 1))
        pull = cls(name, int(start), low, int(told.get("max", 4096)), step, told.get("label", name))
        if not pull.takes(pull.start):
            raise ValueError(f"{name} starts at {start}, outside of its own range")
        return pull

    def takes(self, value: int) -> bool:
        """Whether the reader can pull to `value`."""
        return self.low <= value <= self.high and (value - self.low) % self.step == 0

    def anywhere(self, numbers: random.Random) -> int:
        """A random number of the range."""
        return self.low + self.step * numbers.randint(0, (self.high - self.low) // self.step)

    @property
    def ends(self) -> tuple[int, int]:
        """The least and the greatest number."""
        return self.low, self.low + (self.high - self.low) // self.step * self.step


class Switch(NamedTuple):
    """A choice between yes and no: its name, and the words for both."""

    name: str
    yes: str
    no: str

    @classmethod
    def read(cls, text: str) -> Switch:
        """``bias | a bias | no bias``."""
        name, yes, no = (part.strip() for part in text.split("|"))
        return cls(name, yes, no)


# --- layers and counts of what is pulled --------------------------------------------------------------


class Sized(NamedTuple):
    """A layer, and the formulas that its fields stand for where a pulled number enters."""

    layer: lc.Layer
    sizes: Mapping[str, Any]


def _plain(value: Any) -> Any:
    if isinstance(value, Expression):
        return value.value
    return tuple(map(_plain, value)) if isinstance(value, tuple) else value


def _enters(value: Any) -> bool:
    """Whether a pulled number enters into a value."""
    return isinstance(value, Expression) or (isinstance(value, tuple) and any(map(_enters, value)))


class _Library:
    """`layercost`, whose layers take pulled numbers."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(lc, name)
        if not (isinstance(found, type) and issubclass(found, lc.Layer)):
            return found

        def built(*arguments: Any, **keywords: Any) -> Any:
            told = inspect.signature(found).bind(*arguments, **keywords).arguments
            layer = found(*map(_plain, arguments), **{key: _plain(value) for key, value in keywords.items()})
            sizes = {key: value for key, value in told.items() if _enters(value)}
            return Sized(layer, sizes) if sizes else layer

        return built


class Followed(NamedTuple):
    """A count, and what each letter of its formula stands for."""

    asked: Asked
    meanings: Mapping[str, Expression]

    @property
    def value(self) -> Expression | int:
        """The count as a formula of the pulled numbers; a plain number where none enters."""
        if not self.meanings:
            return self.asked.total
        if not self.asked.layer.is_leaf:
            raise ValueError("a network has no formula of its own; add up the counts of its layers")
        return substituted(self.asked.count.expression, self.meanings)


def _asker(quantity: lc.Quantity, own: str, answer: Callable[[Followed], Any]) -> Callable[..., Any]:
    """The function of the pages that asks for a quantity, under the convention `own` where none is named."""

    def ask(layer: Any, shape: Any = None, convention: str | None = None, batch: Any = 1) -> Any:
        sized = layer if isinstance(layer, Sized) else Sized(layer, {})
        usual = sized.sizes.get("in_features")
        given = shape or ((usual,) if usual is not None else usual_shape(sized.layer))
        pinned = convention is not None
        asked = Asked(sized.layer, quantity, _plain(given), convention or own, _plain(batch), pinned)
        return answer(Followed(asked, _meanings(sized, given, batch)))

    return ask


def _meanings(sized: Sized, shape: Any, batch: Any) -> dict[str, Expression]:
    """What the letters of a layer's formulas stand for, where a pulled number enters."""
    if not (sized.sizes or _enters(shape) or _enters(batch)):
        return {}
    pairs = list(_axes(sized.layer, shape)) if shape is not None else []
    twin = sized.layer.lettered()
    pairs += [(getattr(twin, name), meaning) for name, meaning in sized.sizes.items()]
    found = {"N": batch} if _enters(batch) else {}
    for letters, meaning in pairs:
        found.update(_named(letters, meaning))
    return {name: meaning for name, meaning in found.items() if isinstance(meaning, Expression)}


def _axes(layer: lc.Layer, shape: Any) -> Iterator[tuple[Any, Any]]:
    """The letters of the axes that go in, with the sizes that were asked for."""
    _, shapes, _ = layer.symbolic(*several(_plain(shape)))
    for letters, sizes in zip(shapes, several(shape), strict=True):
        yield tuple(letters), tuple(sizes)


def _named(letters: Any, meaning: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(letters, Symbol):
        yield letters.name, meaning
    elif isinstance(letters, tuple):
        each = meaning if isinstance(meaning, tuple) else (meaning,) * len(letters)
        for letter, part in zip(letters, each, strict=True):
            yield from _named(letter, part)


class Decimal(NamedTuple):
    """A number with a decimal point: a whole one that counts its last digit."""

    counted: Any
    digits: int


def ratio(left: Any, right: Any, digits: int = 1) -> Decimal:
    """``left / right``, rounded to so many digits; halves are rounded up."""
    return Decimal((2 * left * 10**digits + right) // (2 * right), digits)


def percent(part: Any, whole: Any, digits: int = 1) -> Decimal:
    """A part in a hundred of the whole."""
    return ratio(100 * part, whole, digits)


def mib(size: Any, digits: int = 1) -> Decimal:
    """Bytes in MiB of 1,048,576 bytes."""
    return ratio(size, 2**20, digits)


def written(value: int, digits: int) -> str:
    """A whole number, or one that counts its last digit, with its digits in groups of three."""
    if not digits:
        return number(value)
    whole, rest = divmod(abs(value), 10**digits)
    return f"{'-' if value < 0 else ''}{whole:,}.{rest:0{digits}}"


# --- the group ----------------------------------------------------------------------------------------


@dataclass
class Group:
    """The numbers that are pulled together, and what follows them."""

    pulls: dict[str, Pull]
    switches: dict[str, Switch]
    let: str
    names: Mapping[str, Any]  # those of the page
    followers: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def read(cls, text: str, let: str, names: Mapping[str, Any]) -> Group:
        """The group of a directive's body."""
        found = ROLES.findall(text)
        pulls = [Pull.read(body) for role, body in found if role == "pull"]
        switches = [Switch.read(body) for role, body in found if role == "switch"]
        return cls(
            {pull.name: pull for pull in pulls}, {switch.name: switch for switch in switches}, let, names
        )

    @property
    def forms(self) -> list[dict[str, bool]]:
        """Every combination of the switches, the first as the page is built."""
        every = product((True, False), repeat=len(self.switches))
        return [dict(zip(self.switches, values, strict=True)) for values in every]

    @property
    def start(self) -> dict[str, int]:
        """The numbers as the page is built."""
        return {name: pull.start for name, pull in self.pulls.items()}

    @property
    def places(self) -> Iterator[dict[str, int]]:
        """Numbers at which formulas are held against the library: the start, the ends, and some between."""
        start = self.start
        yield start
        for end in (0, 1):
            yield {name: pull.ends[end] for name, pull in self.pulls.items()}
            yield from ({**start, name: pull.ends[end]} for name, pull in self.pulls.items())
        numbers = random.Random(len(self.pulls))  # noqa: S311 - any numbers will do
        for _ in range(PLACES_BETWEEN):
            yield {name: pull.anywhere(numbers) for name, pull in self.pulls.items()}

    def evaluate(
        self, text: str, form: Mapping[str, bool], at: Mapping[str, int] | None = None, own: str = OWN
    ) -> Any:
        """An expression: in letters, or, `at` some place, in plain numbers."""
        bound = at or {name: Symbol(name, pull.start) for name, pull in self.pulls.items()}
        return self._evaluate(text, {**bound, **form}, own, lambda followed: followed.value)

    def followed(self, text: str, form: Mapping[str, bool], own: str = OWN) -> Any:
        """The one count that an expression asks for, `Followed`; of several, something else."""
        bound = {name: Symbol(name, pull.start) for name, pull in self.pulls.items()}
        return self._evaluate(text, {**bound, **form}, own, lambda followed: followed)

    def evaluate_alone(self, text: str) -> Followed | None:
        """The count that an expression is; None where it is more than one count."""
        try:
            found = self.followed(text, self.forms[0])
        except TypeError:  # counts that are added up are no single one
            return None
        return found if isinstance(found, Followed) else None

    def _evaluate(
        self, text: str, bound: Mapping[str, Any], own: str, answer: Callable[[Followed], Any]
    ) -> Any:
        askers = {quantity.value: _asker(quantity, own, answer) for quantity in lc.Quantity}
        names = {
            **self.names, "lc": _Library(), "ratio": ratio, "percent": percent, "mib": mib, **askers, **bound,
        }  # fmt: skip
        exec(self.let.replace(";", "\n").replace("\n ", "\n"), names)  # noqa: S102 - our own pages, run in the build
        return eval(text, names)  # noqa: S307

    # ---- what follows

    def follow(self, make: Callable[[Mapping[str, bool]], dict[str, Any]]) -> tuple[int, dict[str, Any]]:
        """Note what follows, in each form; its number in the group, and how the page is built with it."""
        programs = [make(form) for form in self.forms]
        self.followers.append({form_key(form): each for form, each in zip(self.forms, programs, strict=True)})
        return len(self.followers) - 1, programs[0]

    def number(self, text: str, form: Mapping[str, bool], own: str = OWN) -> dict[str, Any]:
        """A number as the page computes it, held against the library."""
        formula, digits = _parts(self.evaluate(text, form, own=own))
        self.hold(formula, lambda at: _parts(self.evaluate(text, form, at, own))[0].value)
        return {**compiled.program(formula), "digits": digits, "text": written(formula.value, digits)}

    def line(self, text: str, form: Mapping[str, bool], taught: bool, own: str = OWN) -> dict[str, Any]:
        """A formula as the page fills it in: its letters are formulas of what is pulled."""
        asked, meanings = self.followed(text, form, own)
        formula = asked.count.taught if taught else None
        formula = asked.count.expression if formula is None else formula
        self.hold(substituted(formula, meanings), lambda at: int(self.evaluate(text, form, at, own)))
        letters = {
            each.name: tree(expression(meanings.get(each.name, each.number))) for each in symbols(formula)
        }
        return {
            **compiled.program(formula),
            "letters": letters,
            "copied": compiled.copied(formula),
            "html": derivation(asked.count, taught),
        }

    def hold(self, formula: Expression, ask: Callable[[Mapping[str, int]], int]) -> None:
        """Ask the library at many places; raises ValueError where the formula says something else."""
        for at in self.places:
            expected = _or_none(lambda at=at: ask(at))
            given = _or_none(lambda at=at: _checked(substituted(formula, at)))
            if given != expected:
                raise ValueError(
                    f"at {dict(at)} the page would say {given}, and the library says {expected}: the formula "
                    "has another form there; start from numbers of that form, or narrow the range"
                )

    def data(self) -> str:
        """All that the page needs, as JSON."""
        pulls = {
            each.name: {"start": each.start, "min": each.low, "max": each.high, "step": each.step}
            for each in self.pulls.values()
        }
        told = {"pulls": pulls, "switches": list(self.switches), "followers": self.followers}
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).replace("</", r"<\/")


def form_key(form: Mapping[str, bool]) -> str:
    """A combination of switches as the page names it, as ``10``."""
    return "".join(str(int(value)) for value in form.values())


def _parts(value: Any) -> tuple[Expression, int]:
    """A formula, and how many of its digits stand behind the point."""
    counted, digits = value if isinstance(value, Decimal) else (value, 0)
    if isinstance(counted, bool) or not isinstance(counted, (int, Expression)):
        raise TypeError(f"expected a whole number or a count, but got {value!r}")
    return expression(counted), digits


def _or_none(compute: Callable[[], int]) -> int | None:
    """A number, or None for a setting that is impossible."""
    try:
        return compute()
    except REFUSALS:
        return None


def _checked(formula: Expression) -> int:
    """As the page computes: a size of nothing, and what remains of an exact quotient, are refused."""
    if any(each.value < 1 for each in definitions(formula)):
        raise ShapeError("no window fits")
    try:
        return formula.value
    except ValueError as error:
        raise ShapeError(str(error)) from None


def _group(env: Any) -> Group:
    group = env.temp_data.get("course_pulled")
    if group is None:
        raise ValueError("this stands inside of a {pulled} group")
    return group


class Pulled(SphinxDirective):
    """A group of numbers that are pulled together; the body is ordinary text."""

    has_content = True
    option_spec: ClassVar = {"let": directives.unchanged, "class": directives.class_option}

    def run(self) -> list[nodes.Node]:
        text, let = "\n".join(self.content), self.options.get("let", "")
        group = tried(self, lambda: Group.read(text, let, names_of(self)))
        if group is None:
            return []
        block = nodes.container(classes=["lc-pulled", *self.options.get("class", [])])
        self.env.temp_data["course_pulled"] = group
        self.state.nested_parse(self.content, self.content_offset, block)
        self.env.temp_data["course_pulled"] = None
        data = f'<script type="application/json" class="lc-pulled-data">{group.data()}</script>'
        block += nodes.raw("", data, format="html")
        return [block]


# --- roles ------------------------------------------------------------------------------------------------


class _HtmlRole(SphinxRole):
    """A role that is a piece of HTML."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        return raw(self, self.html), []

    def html(self) -> str:
        """What stands in the page."""
        raise NotImplementedError


class PullRole(_HtmlRole):
    """``{pull}`d_in=300 | max=4096` ``: a number that the reader pulls."""

    def html(self) -> str:
        pull = _group(self.env).pulls[Pull.read(self.text).name]
        return tag(
            "span", number(pull.start), class_=f"lc-pull lc-d-{dimension(pull.name)}",
            data_pull=pull.name, data_label=pull.label,
        )  # fmt: skip


class SwitchRole(_HtmlRole):
    """``{switch}`bias | a bias | no bias` ``: yes or no, in words."""

    def html(self) -> str:
        switch = _group(self.env).switches[Switch.read(self.text).name]
        return tag(
            "span", escaped(switch.yes), class_="lc-switch",
            data_switch=switch.name, data_yes=switch.yes, data_no=switch.no,
        )  # fmt: skip


class LiveRole(_HtmlRole):
    """``{live}`macs(layer)` ``: a number that follows what is pulled; FLOPs follow the convention, too."""

    def html(self) -> str:
        group = _group(self.env)
        found = group.evaluate_alone(self.text)
        if found is not None and found.asked.follows:
            places = {name: self._followed(group, name)[0] for name in lc.CONVENTIONS}
            return following_count(
                lambda name: found.asked.under(name).count, data_follows=json.dumps(places)
            )
        place, program = self._followed(group)
        if found is not None and found.asked.quantity is lc.FLOPS:
            return pinned_count(found.asked.count, data_follows=place)
        return tag("span", program["text"], class_="lc-number lc-follows", data_follows=place)

    def _followed(self, group: Group, own: str = OWN) -> tuple[int, dict[str, Any]]:
        return group.follow(lambda form: group.number(self.text, form, own))


def preset(group: Group, settings: str) -> dict[str, int | bool]:
    """What ``d_in=4, bias=no`` sets; raises ValueError for what the group cannot be set to."""
    told = dict(each.strip().split("=") for each in settings.split(","))
    return {name: _settled(group, name, value) for name, value in told.items()}


def _settled(group: Group, name: str, value: str) -> int | bool:
    if name in group.switches:
        if value not in ("yes", "no"):
            raise ValueError(f"{name} is a switch: expected yes or no, but got {value}")
        return value == "yes"
    if not group.pulls[name].takes(int(value)):
        raise ValueError(f"{name} cannot be pulled to {value}")
    return int(value)


class PresetRole(_HtmlRole):
    """``{preset}`Make it tiny | d_in=4, d_out=3, bias=yes` ``: a button that sets numbers and switches.

    Only scripts show it.
    """

    def html(self) -> str:
        words, settings = (part.strip() for part in self.text.split("|"))
        given = preset(_group(self.env), settings)
        return tag(
            "button", escaped(words), type="button", class_="lc-preset", data_set=json.dumps(given), hidden=""
        )


# --- formulas and figures ---------------------------------------------------------------------------------


class LiveDerivation(Derivation):
    """A derivation; with ``:live:`` its numbers follow what is pulled."""

    option_spec: ClassVar = {**Derivation.option_spec, "live": directives.flag}

    def run(self) -> list[nodes.Node]:
        if "live" not in self.options:
            return super().run()
        return raw(self, self._live)

    def _live(self) -> str:
        group = _group(self.env)
        asked, _ = group.followed(self.arguments[0], group.forms[0])
        if "taught" in self.options and asked.count.taught is None:
            raise ValueError(f"{asked.layer!r} declares no taught form of {asked.quantity.value}")
        if asked.follows:
            return under_each(lambda name: self._line(group, name))
        return self._line(group)

    def _line(self, group: Group, own: str = OWN) -> str:
        text, taught = self.arguments[0], "taught" in self.options
        place, program = group.follow(lambda form: group.line(text, form, taught, own))
        return tag("div", program["html"], class_="lc-follows lc-follows-line", data_follows=place)


class FigureOf(SphinxDirective):
    """A figure that follows what is pulled; the body of an area is its caption."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar = {
        "strip": directives.unchanged, "layer": directives.unchanged, "shape": directives.unchanged,
    }  # fmt: skip

    def run(self) -> list[nodes.Node]:
        kind, *expressions = self.arguments[0].split()
        if kind == "bars":
            return raw(self, self._bars)
        return self._area(expressions)

    # ---- a rectangle to scale

    def _area(self, expressions: Sequence[str]) -> list[nodes.Node]:
        opening = tried(self, lambda: self._rectangle(*expressions)) or "<figure>"
        caption = nodes.container(classes=["lc-figure-caption"])
        self.state.nested_parse(self.content, self.content_offset, caption)
        closing = nodes.raw("", "</figure>", format="html")
        return [nodes.raw("", opening, format="html"), caption, closing]

    def _rectangle(self, across: str, down: str) -> str:
        group, strip = _group(self.env), self.options.get("strip", "0")
        made = [self._measure(group, text) for text in (across, down, strip)]
        (a, wide), (b, high), (s, thick) = made
        variables = zip(("across", "down", "strip"), (wide, high, thick), strict=True)
        style = "".join(f"--lc-{name}:{value};--lc-{name}-first:{value};" for name, value in variables)
        sides = (
            tag("span", tag("b", number(wide), data_follows=a, class_="lc-follows"), f" {_html_name(across)}",
                class_=f"lc-area-across lc-d-{dimension(across)}"),
            tag("span", tag("b", number(high), data_follows=b, class_="lc-follows"), f" {_html_name(down)}",
                class_=f"lc-area-down lc-d-{dimension(down)}"),
        )  # fmt: skip
        box = tag(
            "div", tag("div", class_="lc-area-first"), tag("div", class_="lc-area-weights"),
            tag("div", class_="lc-area-strip"), class_="lc-area-box", aria_hidden="true",
        )  # fmt: skip
        measures = f'data-across="{a}" data-down="{b}" data-strip="{s}"'
        return f'<figure class="lc-area" {measures} style="{style}">{sides[0]}{sides[1]}{box}'

    @staticmethod
    def _measure(group: Group, text: str) -> tuple[int, int]:
        place, program = group.follow(lambda form: group.number(text, form))
        return place, int(program["text"].replace(",", ""))

    # ---- bars of blocks

    def _bars(self) -> str:
        group = _group(self.env)
        rows = [Bar.read(line) for line in self.content if line.strip()]
        measured = [[(block, *self._measure(group, text)) for block, text in row.blocks] for row in rows]
        judged = [self._judged(group, row) if "layer" in self.options else {} for row in rows]
        most = max(sum(value for _, _, value in blocks) for blocks in measured)
        drawn = map(_bar, rows, measured, judged, repeat(most))
        kinds = {block for row in rows for block, _ in row.blocks}
        return tag("div", tag("ul", *drawn), _key(kinds), class_="lc-bars")

    def _judged(self, group: Group, row: Bar) -> dict[str, Told]:
        """The verdict on a tool in each form; its bar must be as long as what it prints, at every place."""
        if row.name not in counters.names():
            raise ValueError(f"{row.name} is no tool; known are {', '.join(counters.tools())}")
        return {form_key(form): self._held(group, row, form) for form in group.forms}

    def _held(self, group: Group, row: Bar, form: Mapping[str, bool]) -> Told:
        blocks = " + ".join(f"({text})" for _, text in row.blocks)
        verdicts = set[Told]()
        for at in group.places:
            layer, shape = group.evaluate(f"{self.options['layer']}, {self.options.get('shape')}", form, at)
            reading = dialects.read(layer, shape or usual_shape(layer), row.name)
            verdicts.add(Told.of(dialects.verdict(reading)))
            drawn = group.evaluate(blocks, form, at)
            if drawn != reading.main:
                raise ValueError(
                    f"{row.name} prints {reading.main} at {dict(at)} {form}, but the bar says {drawn}"
                )
        if len(verdicts) > 1:
            several_said = ", ".join(sorted(said for _, said in verdicts))
            raise ValueError(f"the verdict on {row.name} changes over the range: {several_said}")
        return verdicts.pop()


BLOCKS = {
    "multiply": Message("multiplications"),
    "add": Message("additions of products"),
    "bias": Message("biases"),
    "pool": Message("pooling"),
}


class Bar(NamedTuple):
    """One bar: whose number it is, in which unit, what it counts, and its blocks."""

    name: str
    label: str
    unit: str
    counts: str
    blocks: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, line: str) -> Bar:
        """``torchinfo as torchinfo | mult-adds | ... | multiply: macs(layer); bias: biases(layer)``."""
        who, unit, counts, blocks = (part.strip() for part in line.split("|"))
        name, _, label = who.partition(" as ")
        pairs = tuple(
            (kind.strip(), text.strip()) for kind, text in (b.split(":", 1) for b in blocks.split(";"))
        )
        if unknown := [kind for kind, _ in pairs if kind not in BLOCKS]:
            raise ValueError(f"a bar is made of {', '.join(BLOCKS)}, but got {unknown[0]}")
        return cls(name, label or name, unit, counts, pairs)


class Told(NamedTuple):
    """The verdict on a tool in a word or a few: its sign, and what is said beside the bar."""

    judged: str
    said: str

    @classmethod
    def of(cls, verdict: dialects.Verdict) -> Told:
        """Two numbers for one layer may both be right: then the page says of one that its MACs are two."""
        said = spoken("right where a MAC is two") if verdict.doubled else spoken(verdict.judged.value)
        return cls(verdict.judged.value.replace(" ", "-"), said)


def _bar(row: Bar, blocks: Sequence[tuple[str, int, int]], judged: Mapping[str, Told], most: int) -> str:
    drawn = (
        tag("i", class_=f"lc-block lc-block-{kind}", style=f"--lc-part:{value / most:.6f}", data_block=place)
        for kind, place, value in blocks
    )
    total = sum(value for _, _, value in blocks)
    return tag(
        "li",
        tag("span", tag("b", escaped(row.label)), f" “{escaped(row.unit)}”", class_="lc-bar-who"),
        tag("span", tag("span", *drawn, class_="lc-blocks", aria_hidden="true"),
            tag("b", number(total), class_="lc-number lc-bar-total"), class_="lc-bar-line"),
        tag("span", escaped(row.counts), class_="lc-bar-counts"),
        _verdict(judged),
        class_="lc-bar-row",
    )  # fmt: skip


def _verdict(judged: Mapping[str, Told]) -> str:
    """The verdict as the page is built, and that of every form."""
    if not judged:
        return ""
    sign, said = next(iter(judged.values()))
    return tag("span", said, class_="lc-bar-verdict", data_judged=sign, data_verdicts=json.dumps(judged))


def _key(kinds: Container[str]) -> str:
    items = (
        tag("span", tag("i", class_=f"lc-block lc-block-{kind}"), f" {words}")
        for kind, words in BLOCKS.items()
        if kind in kinds
    )
    return tag("p", *items, class_="lc-bars-key")


def _html_name(name: str) -> str:
    base, _, subscript = name.partition("_")
    return f"<i>{escaped(base)}</i>" + (f"<sub>{escaped(subscript)}</sub>" if subscript else "")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the roles and directives; `course_text` has registered a derivation that stands still."""
    app.setup_extension("course_text")
    app.add_directive("pulled", Pulled)
    app.add_directive("figure-of", FigureOf)
    app.add_directive("derivation", LiveDerivation, override=True)
    for name, role in {
        "pull": PullRole(),
        "switch": SwitchRole(),
        "live": LiveRole(),
        "preset": PresetRole(),
    }.items():
        app.add_role(name, role)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
