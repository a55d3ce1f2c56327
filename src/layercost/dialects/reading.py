"""A reading: a layer or network as one tool would print it, with what the number really is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Unpack

from layercost.convention import Quantity, quantity_in_words, unit_in_words
from layercost.counting import Count, Counted, CounterError, summed, usual_input
from layercost.dialects.dialect import Dialect, Native, Unreadable, dialect_named, number_at
from layercost.dialects.visit import Context, Run, Visit, context_of
from layercost.expression import Constant, Expression, expression
from layercost.layer import Layer
from layercost.layers.model import Spelling
from layercost.message import Joined, Message, Words, both, clauses, message_of, sentence, spoken
from layercost.setting import Given, setting_of
from layercost.view import Grid, Rendered, number


class Extra(NamedTuple):
    """What the layers of one type add to a number, beside the multiply-accumulates that they perform."""

    kind: str
    calls: int
    extra: int
    what: Words = ""  # what the extra is, in words

    @property
    def words(self) -> Message:
        """Signed, as ``+ 22,227,968 BatchNorm2d (2 a value)``, or ``− 100 in Linear``."""
        return _signed(self.extra, self.what or self.kind)


def _signed(extra: int, what: Words) -> Message:
    return Message("{sign} {amount:,} {what}", sign="+" if extra > 0 else "−", amount=abs(extra), what=what)


@dataclass(frozen=True)
class Reading(Rendered):
    """What one tool prints for the model `title`: `native` under its own names, and what that amounts to.

    `counted` is the result that conventions give too; its headline is `main`, the number that people quote.
    `parts` say what makes it differ from plain multiply-accumulates, of which there are `macs` in the layers
    that were measured on the tool. Where it stops with an error of its own, `failure` says which, and
    `native` is empty.
    """

    title: str
    tool: Dialect
    native: Native
    counted: Counted
    macs: int
    parts: tuple[Extra, ...]

    @property
    def dialect(self) -> str:
        """The tool's name."""
        return self.tool.name

    @property
    def version(self) -> str:
        """The tool's version."""
        return self.tool.version

    @property
    def main(self) -> int | None:
        """The number that people quote; None where the tool stops."""
        return self.counted.headline

    @property
    def main_name(self) -> str:
        """The tool's name for it."""
        return ".".join(self.tool.main)

    @property
    def failure(self) -> Words | None:
        """Why the tool stops."""
        return self.counted.failure

    @property
    def says(self) -> Message:
        """What the number really is."""
        return self.tool.says

    @property
    def per_mac(self) -> int:
        """What the tool takes for one multiply-accumulate; 0 where it counts no operations."""
        return self.tool.per_mac if self.tool.counts_operations else 0

    @property
    def not_counted(self) -> tuple[str, ...]:
        """The types of layers that do something and add nothing."""
        return self.counted.kinds_not_counted

    @property
    def not_measured(self) -> tuple[str, ...]:
        """The types of layers that nobody has measured on the tool; the number is at least `main` then."""
        return () if self.failure else tuple(dict.fromkeys(one.what for one in self.counted.unmeasured))

    @property
    def remainder(self) -> int:
        """What is left of the number when `per_mac` times the multiply-accumulates and `parts` are taken off.

        Not 0 where a tool divides (ptflops by the batch).
        """
        made_of = self.per_mac * self.macs + sum(part.extra for part in self.parts)
        return 0 if self.main is None else self.main - made_of

    @property
    def reason(self) -> Words:
        """The number as multiply-accumulates and what was put to them, in one line."""
        if self.failure is not None:
            return self.failure
        if not self.per_mac:
            return self.says
        return clauses([Joined(self._terms()), self.counted.reason])

    def _terms(self) -> Iterator[Words]:
        times = f"{self.per_mac} × " if self.per_mac > 1 else ""
        yield f"{times}{self.macs:,} MACs"
        yield from (part.words for part in self.parts)
        if self.remainder:
            yield _signed(self.remainder, Message("by dividing by the batch"))

    def gives(self, quantity: Quantity) -> int | None:
        """The number of a quantity among those that the tool prints; None where it prints none."""
        way = self.tool.ways.get(quantity)
        return None if way is None or self.failure is not None else number_at(self.native, way)

    def count(self, quantity: Quantity) -> Count:
        """The tool's number of a quantity; raises CounterError where it gives none, or stops."""
        total = self.gives(quantity)
        if total is None:
            raise CounterError(self.failure or self._gives_in_words(quantity))
        main = quantity is self.tool.quantity
        operations = quantity in (Quantity.FLOPS, Quantity.MACS)
        return Count(
            total=total,
            quantity=quantity,
            unit=self.tool.unit if main else _UNITS[quantity],
            convention=self.tool.name,
            counts=self.says if main else self._called(quantity),
            source=self.tool.source,
            not_counted=self.counted.not_counted if operations else (),
            unmeasured=self.counted.unmeasured if operations else (),
            derive=lambda: self._derivation(total),
            teach=lambda: None,
        )

    def _called(self, quantity: Quantity) -> Message:
        way = ".".join(self.tool.ways[quantity])
        return Message("what {tool} calls {name}", tool=self.tool.name, name=way)

    def _gives_in_words(self, quantity: Quantity) -> Message:
        return Message(
            "{tool} gives no {quantity}; it gives {given} ({name}, in {unit})",
            tool=self.tool.name,
            quantity=quantity_in_words(quantity),
            given=both(each.name for each in self.tool.ways),
            name=self.main_name,
            unit=unit_in_words(self.tool.unit),
        )

    def _derivation(self, total: int) -> Expression:
        """The sum of what the calls add where it is the number, and else the number alone."""
        amounts = [amount for amount in self.counted.amounts if amount]
        return expression(summed(amounts)) if sum(amounts) == total else Constant(total)

    def data(self) -> dict[str, Any]:
        """The reading as plain data: ``reading`` holds the tool's own names."""
        return {
            "reading": self.native,
            "dialect": self.dialect,
            "version": self.version,
            "source": self.tool.source,
            "of": self.title,
            "main": {"name": self.main_name, "value": self.main, "unit": self.tool.unit},
            "says": str(self.says),
            "reason": str(self.reason),
            "at_least": self.counted.at_least,
            "complete": self.counted.complete,
            "not_counted": list(self.not_counted),
            "not_measured": list(self.not_measured),
            "failure": None if self.failure is None else str(self.failure),
        }

    @property
    def caption(self) -> Message:
        """Whose reading it is, and of what."""
        return Message(
            "{title} as {tool} {version} prints it",
            title=self.title, tool=self.dialect, version=self.version,
        )  # fmt: skip

    def text(self) -> str:
        """What the tool would print, by its names, and one line on what it is."""
        if self.failure is not None:
            nothing = spoken("{caption}: nothing.", caption=self.caption)
            return "\n".join([nothing, "", spoken("{failure}.", failure=self.failure)])
        said = [str(self._really), str(self.reason)]
        return "\n".join([str(self.caption), "", *_lines(self.native), "", *said])

    @property
    def _really(self) -> Message:
        return Message("That is {what}.", what=self.says)

    def grid(self) -> Grid:
        """The tool's names and their values, and one line on what the number is."""
        rows = [(name, _value(value)) for name, value in flat(self.native)]
        remark: Words = Joined([self._really, sentence(self.reason)])
        if self.failure is not None:
            rows, remark = [(self.main_name, number(None))], Message("{failure}.", failure=self.failure)
        heads = (Message("name"), Message("value"))
        return Grid.of(Message("{caption}.", caption=self.caption), heads, rows, 1, remark=remark)

    def records(self) -> Iterator[Sequence[object]]:
        """A line for each of the tool's names; one that has no number where the tool stops."""
        yield "dialect", "version", "name", "value", "at_least", "failure"
        for name, value in flat(self.native) if self.failure is None else [(self.main_name, None)]:
            main = name == self.main_name and self.counted.at_least
            yield self.dialect, self.version, name, value, main, self.failure

    def __str__(self) -> str:
        return self.text()


_UNITS = {Quantity.PARAMETERS: "parameters", Quantity.MACS: "MACs", Quantity.FLOPS: "FLOPs"}


def flat(native: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every number of a reading under the whole way to it, as ``by_operator.conv``."""
    for name, value in native.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _value(value: object) -> str:
    return number(value) if isinstance(value, int) else str(value)


def _lines(native: Mapping[str, Any], indent: str = "") -> Iterable[str]:
    """The names of a reading and their values, aligned by indentation."""
    for name, value in native.items():
        if isinstance(value, Mapping):
            yield f"{indent}{name}:" + ("" if value else f" {spoken('none')}")
            yield from _lines(value, indent + "  ")
        else:
            yield f"{indent}{name}: {_value(value)}"


def read(
    layer: Layer,
    input_shape: Iterable[object] | None = None,
    dialect: str | Dialect = "fvcore",
    *,
    spelling: Mapping[str, str | Spelling] | str | None = None,
    held_by_parent: int = 0,
    bare: bool | None = None,
    **setting: Unpack[Given],
) -> Reading:
    """What the tool `dialect` prints for `layer` on `input_shape`, without the batch.

    `spelling` says how calls are written ("module", "function", "operator", "in-place operator", ...), for
    all or by type; a network of ours is spelled as its published code is. `held_by_parent` parameters belong
    to the module around. A lone layer is handed to the tool itself (`bare`), unless the tool cannot read one.
    Raises UnknownNameError for a dialect or spelling, ShapeError for an input that does not fit.

    >>> from layercost import Linear
    >>> read(Linear(300, 100), (300,), "fvcore").native["total"]
    30000
    """
    chosen = dialect_named(dialect)
    context = context_of(layer, setting_of(setting), spelling, held_by_parent, bare)
    run = _run(chosen, layer, usual_input(layer, input_shape, Message("a reading")), context)
    failure: Words | None = None
    native: Native = {}
    parts: tuple[Extra, ...] = ()
    try:
        native = chosen.native(run)
        parts = _parts(chosen, run) if chosen.counts_operations else ()
    except Unreadable as error:
        failure = message_of(error)
    return Reading(
        title=_title(layer),
        tool=chosen,
        native=native,
        counted=_counted(chosen, run, native, failure),
        macs=sum(visit.macs for visit in filter(chosen.measured, run.visits)),
        parts=parts,
    )


def printed(layer: Layer, input_shape: Iterable[object] | None, dialect: Dialect) -> int | None:
    """The `main` number of a reading, and nothing else of it; None where the tool stops.

    >>> from layercost import Linear
    >>> from layercost.dialects import dialect_named
    >>> printed(Linear(300, 100), (300,), dialect_named("fvcore"))
    30000
    """
    context = context_of(layer, setting_of({}), None, 0, None)
    run = _run(dialect, layer, usual_input(layer, input_shape, Message("a reading")), context)
    try:
        return dialect.quoted(dialect.native(run))
    except Unreadable:
        return None


def _counted(dialect: Dialect, run: Run, native: Native, failure: Words | None) -> Counted:
    """What each call adds, and the number in all; a call that the tool does not meet adds nothing."""
    adding = run.visits if dialect.counts_operations else run.called  # what is held counts once
    works = {id(visit.call): visit.work for visit in run.visits}
    amounts = {id(visit.call): _amount(dialect, visit, failure) for visit in adding}
    idle = 0 if failure is None else None
    return Counted(
        counter=dialect,
        quantity=dialect.quantity,
        setting=run.context.setting,
        calls=run.calls,
        works=tuple([works.get(id(call), ((), 0)) for call in run.calls]),
        amounts=tuple([amounts.get(id(call), idle) for call in run.calls]),
        headline=None if failure is not None else dialect.quoted(native),
        failure=failure,
    )


def _amount(dialect: Dialect, visit: Visit, failure: Words | None) -> int | None:
    """What a call adds to the number; None where nobody has measured that, or the tool stops."""
    return dialect.price(visit) if failure is None and dialect.measured(visit) else None


def _title(layer: Layer) -> str:
    name, version = getattr(layer, "name", None), getattr(layer, "version", None)
    if name is None:
        return repr(layer) if layer.is_leaf else type(layer).__name__
    return f"{name} ({version})"


def _run(dialect: Dialect, layer: Layer, shape: tuple[Iterable[object], ...], context: Context) -> Run:
    """The tree as the tool walks it, in the mode and the surroundings that the tool sees it in."""
    bare = context.bare and not dialect.needs_parent(layer)
    setting = replace(context.setting, training=context.setting.training and dialect.keeps_mode)
    return Run(dialect.rewrites(layer), shape, replace(context, bare=bare, setting=setting))


def _parts(dialect: Dialect, run: Run) -> tuple[Extra, ...]:
    """By type of layer, what its price adds to `per_mac` times its multiply-accumulates."""
    of_kind: dict[str, list[Visit]] = {}
    for visit in filter(dialect.measured, run.visits):
        of_kind.setdefault(visit.kind, []).append(visit)
    parts = (_part(dialect, kind, visits) for kind, visits in of_kind.items())
    return tuple(part for part in parts if part.extra)


def _part(dialect: Dialect, kind: str, visits: list[Visit]) -> Extra:
    extra = sum(dialect.price(visit) - dialect.per_mac * visit.macs for visit in visits)
    return Extra(kind, len(visits), extra, _what(kind, extra, visits))


def _what(kind: str, extra: int, visits: list[Visit]) -> Words:
    """Biases where it is they, a price a value where there is a whole one, else where it is counted."""
    biases, values = sum(visit.bias_adds for visit in visits), sum(visit.inputs for visit in visits)
    if extra and extra == biases:
        return Message("biases of {kind}", kind=kind)
    if extra > 0 and extra % values == 0 and not any(visit.macs for visit in visits):
        return Message("{kind} ({price} a value)", kind=kind, price=extra // values)
    return Message("in {kind}", kind=kind)
