"""Everything that counts, by its name: conventions and tools, with one face for all who ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypeAlias, Unpack

from layercost.convention import CONVENTIONS, Convention, Quantity, UnknownNameError
from layercost.counting import Count, Counted, CounterError, count_by, counted_by
from layercost.layer import Layer
from layercost.layers.model import Spelling
from layercost.message import Message, Words
from layercost.setting import Given, Setting, setting_of
from layercost.shape import checked_sizes, several

if TYPE_CHECKING:
    from layercost.dialects import Dialect, Reading

Named: TypeAlias = "str | Convention | Dialect"  # whoever counts, or the name or alias of one


def names() -> tuple[str, ...]:
    """The names of all conventions and tools."""
    from layercost.dialects import DIALECTS  # a browser, which starts often, needs it seldom

    return (*CONVENTIONS, *DIALECTS)


def tools() -> tuple[str, ...]:
    """The names of all tools."""
    return names()[len(CONVENTIONS) :]


def counter_named(name: Named) -> Convention | Dialect:
    """The convention or dialect of that name or alias; raises UnknownNameError with the nearest names."""
    if isinstance(name, Convention):
        return name
    if isinstance(name, str) and name in CONVENTIONS:
        return CONVENTIONS[name]
    from layercost.dialects import dialect_named

    try:
        return dialect_named(name)
    except UnknownNameError:
        raise UnknownNameError(Message("convention"), name, names()) from None


def tool_named(name: str) -> Dialect:
    """The dialect of that name or alias; raises UnknownNameError, and CounterError for a convention."""
    from layercost.dialects import dialect_named

    if name in CONVENTIONS:
        raise CounterError(
            Message("{name} is a convention and prints nothing; tools do, as fvcore", name=name)
        )
    return dialect_named(name)


_CONVENTION, OUR_COUNT = "convention ", "our count"


def convention_counter(name: str) -> str:
    """How data call a convention beside tools: ``convention macs``."""
    return _CONVENTION + name


def counter_in_words(counter: str) -> Words:
    """Who counts, as people read it: a tool is called by its name in every language."""
    if counter == OUR_COUNT:
        return Message("our count")
    name = counter.removeprefix(_CONVENTION)
    return counter if name == counter else Message("convention {name}", name=name)


def reading_of(
    layer: Layer,
    shapes: tuple[Iterable[object], ...] | None,
    dialect: Dialect,
    setting: Setting,
    spelling: Mapping[str, str | Spelling] | str | None = None,
) -> Reading:
    """What a tool prints for `layer` on `shapes`; raises ShapeError."""
    from layercost.dialects import read

    shape = None if shapes is None else shapes[0] if len(shapes) == 1 else shapes
    return read(layer, shape, dialect, setting=setting, spelling=spelling)


def counted(
    layer: Layer, shapes: tuple[Iterable[object], ...], counter: Convention | Dialect, setting: Setting
) -> tuple[Counted, Reading | None]:
    """What a counter makes of `layer` on `shapes`, and, of a tool, what it prints; raises ShapeError."""
    if isinstance(counter, Convention):
        return counted_by(counter, layer, shapes, setting), None
    reading = reading_of(layer, shapes, counter, setting)
    return reading.counted, reading


def count(
    layer: Layer,
    quantity: Quantity,
    input_shape: Iterable[object] | None = None,
    convention: Named = "textbook",
    **setting: Unpack[Given],
) -> Count:
    """Count one quantity of a layer or network, for the whole batch.

    `input_shape` is without the batch, as (3, 32, 32), or one shape for each value that the layer reads; what
    a layer holds can be counted without it. A setting is batch=, training= and dtype=, or setting=.
    `convention` may be the name of a tool: FLOPS then is the number that people quote from it.
    Raises ShapeError for an input that does not fit, UnknownNameError for a convention or number format,
    CounterError for a quantity that the tool does not give, or a model at which it stops.

    >>> from layercost import FLOPS, Linear
    >>> count(Linear(300, 100), FLOPS, (300,)).total
    60000
    >>> count(Linear(300, 100), FLOPS, (300,), convention="fvcore").total
    30000
    """
    counter, plain = counter_named(convention), setting_of(setting)
    if not isinstance(counter, Convention):
        given = None if input_shape is None else several(input_shape)
        return reading_of(layer, given, counter, plain).count(quantity)
    shapes = None if input_shape is None else tuple(map(checked_sizes, several(input_shape)))
    return count_by(counter, layer, quantity, shapes, plain)
