"""A reading: a layer or network as one tool would print it, with what the number really is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Unpack

from layercost.dialects.dialect import Dialect, Native, Unreadable, dialect_named
from layercost.dialects.visit import Context, Run, Visit, context_of
from layercost.layer import Call, Layer
from layercost.layers.model import Spelling
from layercost.setting import Given, setting_of
from layercost.shape import ShapeError


class Part(NamedTuple):
    """What the layers of one type add to a number, beside the multiply-accumulates that they perform."""

    kind: str
    calls: int
    extra: int
    what: str = ""  # what the extra is, in words

    @property
    def words(self) -> str:
        """Signed, as ``+ 22,227,968 BatchNorm2d (2 a value)``."""
        return f"{'+' if self.extra > 0 else '−'} {abs(self.extra):,} {self.what or self.kind}"


@dataclass(frozen=True)
class Reading:
    """What one tool prints: `native` under its own names, `main` the number that people quote.

    `says` is what that number really is, `parts` what makes it differ from plain multiply-accumulates,
    `not_counted` the types of layers whose operations it leaves out. Where the tool stops with an error of
    its own, `failure` says which, and `native` is empty.
    """

    dialect: str
    version: str
    source: str
    title: str
    native: Native
    main: int | None
    main_name: str
    unit: str
    says: str
    per_mac: int
    macs: int
    parts: tuple[Part, ...]
    not_counted: tuple[str, ...]
    failure: str | None = None
    calls: tuple[tuple[Call, int], ...] = field(default=(), repr=False)  # what each call adds to `main`

    @property
    def remainder(self) -> int:
        """What is left of the number when `per_mac` times the multiply-accumulates and `parts` are taken off.

        Not 0 where a tool divides (ptflops by the batch).
        """
        made_of = self.per_mac * self.macs + sum(part.extra for part in self.parts)
        return 0 if self.main is None else self.main - made_of

    @property
    def reason(self) -> str:
        """The number as multiply-accumulates and what was put to them, in one line."""
        if self.failure is not None:
            return self.failure
        if not self.per_mac:
            return self.says
        times = f"{self.per_mac} × " if self.per_mac > 1 else ""
        terms = [f"{times}{self.macs:,} MACs"]
        terms += [part.words for part in self.parts]
        if self.remainder:
            terms.append(
                f"{'+' if self.remainder > 0 else '−'} {abs(self.remainder):,} by dividing by the batch"
            )
        left = f"; not counted: {', '.join(self.not_counted)}" if self.not_counted else ""
        return " ".join(terms) + left

    @property
    def data(self) -> dict[str, Any]:
        """The reading as JSON's types: ``reading`` holds the tool's own names."""
        return {
            "reading": self.native,
            "dialect": self.dialect,
            "version": self.version,
            "source": self.source,
            "of": self.title,
            "main": {"name": self.main_name, "value": self.main, "unit": self.unit},
            "says": self.says,
            "reason": self.reason,
            "not_counted": list(self.not_counted),
            "failure": self.failure,
        }

    def text(self) -> str:
        """What the tool would print, by its names, and one line on what it is."""
        head = f"{self.title} as {self.dialect} {self.version} prints it"
        lines = [self.failure] if self.failure else list(_lines(self.native))
        return "\n".join([head, "", *lines, "", f"That is {self.says}.", self.reason])

    def __str__(self) -> str:
        return self.text()


def _lines(native: Mapping[str, Any], indent: str = "") -> Iterable[str]:
    """The names of a reading and their values, aligned by indentation."""
    for name, value in native.items():
        if isinstance(value, Mapping):
            yield f"{indent}{name}:" + ("" if value else " none")
            yield from _lines(value, indent + "  ")
        else:
            yield f"{indent}{name}: {value:,}" if isinstance(value, int) else f"{indent}{name}: {value}"


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
    shape = input_shape if input_shape is not None else getattr(layer, "input_shape", None)
    if shape is None:
        raise ShapeError("a reading needs the input's shape without the batch; pass it, as (3, 32, 32)")
    run = _run(chosen, layer, tuple(shape), context)
    failure: str | None = None
    native: Native = {}
    parts: tuple[Part, ...] = ()
    try:
        native = chosen.native(run)
        parts = _parts(chosen, run) if chosen.counts_operations else ()
    except Unreadable as error:
        failure = str(error)
    return Reading(
        dialect=chosen.name,
        version=chosen.version,
        source=chosen.source,
        title=_title(layer),
        native=native,
        main=None if failure else chosen.quoted(native),
        main_name=".".join(chosen.main),
        unit=chosen.unit,
        says=chosen.says,
        per_mac=chosen.per_mac if chosen.counts_operations else 0,
        macs=sum(visit.macs for visit in run.visits),
        parts=parts,
        not_counted=() if failure or not chosen.counts_operations else _left_out(chosen, run),
        failure=failure,
        calls=() if failure else tuple((visit.call, chosen.price(visit)) for visit in run.visits),
    )


def _title(layer: Layer) -> str:
    name, version = getattr(layer, "name", None), getattr(layer, "version", None)
    if name is None:
        return repr(layer) if layer.is_leaf else type(layer).__name__
    return f"{name} ({version})"


def _run(dialect: Dialect, layer: Layer, shape: tuple[object, ...], context: Context) -> Run:
    """The tree as the tool walks it, in the mode and the surroundings that the tool sees it in."""
    bare = context.bare and not dialect.needs_parent(layer)
    setting = replace(context.setting, training=context.setting.training and dialect.keeps_mode)
    return Run(dialect.rewrites(layer), shape, replace(context, bare=bare, setting=setting))


def _parts(dialect: Dialect, run: Run) -> tuple[Part, ...]:
    """By type of layer, what its price adds to `per_mac` times its multiply-accumulates."""
    of_kind: dict[str, list[Visit]] = {}
    for visit in run.visits:
        of_kind.setdefault(visit.kind, []).append(visit)
    parts = (_part(dialect, kind, visits) for kind, visits in of_kind.items())
    return tuple(part for part in parts if part.extra)


def _part(dialect: Dialect, kind: str, visits: list[Visit]) -> Part:
    extra = sum(dialect.price(visit) - dialect.per_mac * visit.macs for visit in visits)
    return Part(kind, len(visits), extra, _what(kind, extra, visits))


def _what(kind: str, extra: int, visits: list[Visit]) -> str:
    """Biases where it is they, a price a value where there is a whole one, else the type alone."""
    biases, values = sum(visit.bias_adds for visit in visits), sum(visit.inputs for visit in visits)
    if extra and extra == biases:
        return f"biases of {kind}"
    if extra > 0 and extra % values == 0 and not any(visit.macs for visit in visits):
        return f"{kind} ({extra // values} a value)"
    return kind


def _left_out(dialect: Dialect, run: Run) -> tuple[str, ...]:
    """The types of layers that do something and add nothing."""
    idle = (v for v in run.visits if _does_something(v) and not dialect.price(v))
    return tuple(dict.fromkeys(visit.kind for visit in idle))


def _does_something(visit: Visit) -> bool:
    return any(int(operation.amount) for operation in visit.operations)
