"""From a task to its number: what is right, and what somebody with a misconception answers instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from layercost.active import IN_WORDS, Active, active_in_letters, active_parameters
from layercost.convention import CONVENTIONS, MACS_ONLY, Convention, Quantity, convention_named, unknown
from layercost.counters import count
from layercost.counting import Count, Term, summed
from layercost.expression import Expression, Symbol, expression, product
from layercost.layer import Call, Layer, LayerError
from layercost.layers import Sequential
from layercost.layers.composite import Composite
from layercost.layers.receptive import receptive_field
from layercost.message import Joined, Message, Words
from layercost.misconception import (
    MISCONCEPTIONS,
    PRICED,
    Arriving,
    Cost,
    Itself,
    Measure,
    Misconception,
    Size,
    Task,
    Training,
    Unit,
)
from layercost.questions import costs
from layercost.questions.totals import calls_of, total
from layercost.setting import Setting
from layercost.shape import FLOOR, Shape, ShapeError, extent, several, shape_of, shape_wanted

if TYPE_CHECKING:
    from layercost.dialects import Dialect

_MEANINGS: dict[Measure, Active] = {
    Size.ACTIVE: Active.ALL,
    Size.ACTIVE_WITHOUT_INPUT: Active.WITHOUT_INPUT,
    Size.ACTIVE_WITHOUT_TABLES: Active.WITHOUT_TABLES,
}
MEASURES: dict[str, Measure] = {measure.value: measure for measure in (*Quantity, *Size, *Cost)}


class WrongAnswer(NamedTuple):
    """A number that a declared misconception gives, its stable id, and the sentence that explains it."""

    answer: int
    id: str
    message: Message


class Stated(NamedTuple):
    """What a question says besides its wording: the unit's name, and a sentence on the convention."""

    unit: str
    convention: Words


def diagnoses(
    layer: Layer,
    quantity: Measure | str,
    input_shape: Iterable[object] | None = None,
    convention: str | Convention = "textbook",
    *,
    batch: int = 1,
    cached: int = 0,
    dtype: str = "float32",
) -> list[WrongAnswer]:
    """The distinct wrong answers to one count of a layer, in the order in which the beliefs are declared.

    Takes what `layercost.count` takes; `quantity` may also be ``"output_size"``, the side of the output map.
    The right answer is never among them. Raises ShapeError and ValueError as `count` does.

    >>> from layercost import Linear
    >>> [(wrong.answer, wrong.id) for wrong in diagnoses(Linear(300, 100), "parameters")][:2]
    [(30000, 'forgot-bias'), (30001, 'one-bias')]
    """
    shape = None if input_shape is None else _arriving(input_shape)
    task = Task(
        layer, measure_named(quantity), shape, convention_named(convention), dtype=dtype, batch=batch,
        cached=cached,
    )  # fmt: skip
    return diagnoses_of(task)


def diagnoses_of(task: Task) -> list[WrongAnswer]:
    """The distinct wrong answers to a task, in the order in which the beliefs are declared."""
    taken, found = {number(task)}, []
    for misconception in MISCONCEPTIONS.values():
        wrong = believed(task, misconception)
        if wrong is not None and (answer := number(wrong)) not in taken:
            taken.add(answer)
            found.append(WrongAnswer(int(answer), misconception.id, misconception.message))
    return found


def _arriving(input_shape: Iterable[object]) -> Arriving:
    """One shape as such, several as a tuple of shapes."""
    shapes = tuple(map(shape_of, several(input_shape)))
    return shapes[0] if len(shapes) == 1 else shapes


def measure_named(name: Measure | str) -> Measure:
    """What can be asked, by its name; raises ValueError with the nearest names."""
    if not isinstance(name, str):
        return name
    if name not in MEASURES:
        raise ValueError(unknown(Message("quantity"), name, MEASURES))
    return MEASURES[name]


def number(task: Task) -> Fraction:
    """The exact answer, in the task's unit; raises ShapeError where the layer does not fit its input."""
    return _number(_key(task), task.input_shape)


def derivation(task: Task) -> Expression:
    """How the number comes about, before it is put into a unit."""
    return _derivation(_key(task), task.input_shape)


def worked(task: Task, most: int) -> tuple[tuple[Term, ...], Expression]:
    """The number in steps: what each layer of a network adds, then how the whole comes about.

    Where the layers are more than `most`, each block is a step; where it is no sum over layers, or the blocks
    are too many as well, there are none.
    """
    whole = derivation(task)
    if not isinstance(task.measure, Quantity):
        return (), whole
    counted = _count(task, *_asked(task))
    if len(counted.terms) <= most:
        return counted.terms, whole
    if len(counted.blocks) > most:
        return (), whole
    of_blocks = expression(summed(int(block.formula) for block in counted.blocks))
    return counted.blocks, of_blocks if of_blocks.value == whole.value else whole  # which is in bytes


Key: TypeAlias = tuple[Itself, Measure, Convention, str, str, Unit, int, int, Training]


def _key(task: Task) -> Key:
    how = (task.convention, task.part, task.dtype, task.unit, task.batch, task.cached, task.training)
    return (Itself(task.layer), task.measure, *how)


def _task(key: Key, input_shape: Arriving) -> Task:
    itself, measure, convention, part, dtype, unit, batch, cached, training = key
    return Task(itself.layer, measure, input_shape, convention, part, dtype, unit, batch, cached, training)


@lru_cache(maxsize=4096)
def _number(key: Key, input_shape: Arriving) -> Fraction:
    task = _task(key, input_shape)
    layer, shape = _asked(task)
    if task.measure in _MEANINGS:
        return Fraction(active_parameters(layer, _MEANINGS[task.measure]), task.unit.size)
    if isinstance(task.measure, Size):
        return Fraction(_size(task))
    if isinstance(task.measure, Cost):
        return costs.amount(task)
    return Fraction(total(layer, task.measure, shape, task.convention, setting_of(task)), task.unit.size)


def setting_of(task: Task) -> Setting:
    """How the layer of a task is run."""
    return Setting(task.batch, dtype=task.dtype, cached=task.cached)


@lru_cache(maxsize=4096)
def _derivation(key: Key, input_shape: Arriving) -> Expression:
    task = _task(key, input_shape)
    layer, shape = _asked(task)
    if isinstance(task.measure, Cost):
        return costs.formula(task)
    if isinstance(task.measure, Quantity):
        return _count(task, layer, shape).expression
    if task.measure in _MEANINGS:
        return active_in_letters(layer, _MEANINGS[task.measure])
    if task.measure is Size.RECEPTIVE_FIELD:
        sum_of_windows = reach_of(task.layer, task.input_shape, task.part)
        return expression(_size(task)) if sum_of_windows is None else sum_of_windows
    if isinstance(layer, Composite):  # the formula is that of the layers inside, one after the other
        return expression(_size(task))
    _output(layer, shape)
    assert shape is not None
    place = 0 if task.measure is Size.OUTPUT_CHANNELS else -1
    return expression(layer.symbolic(shape)[2][place])


def _size(task: Task) -> int:
    layer, shape = _asked(task)
    if task.measure is Size.RECEPTIVE_FIELD:
        if task.input_shape is None:
            raise shape_wanted(Message("a receptive field"))
        return int(receptive_field(task.layer, several(task.input_shape)[0], upto=task.part or None).size[-1])
    return int(_output(layer, shape)[0 if task.measure is Size.OUTPUT_CHANNELS else -1])


def reach_of(layer: Layer, shape: Arriving, part: str = "") -> Expression | None:
    """A receptive field as the sum that one writes down, window after window; None where it is no such sum.

    Each window adds its extent less one, times the strides before it.
    """
    if not isinstance(layer, Sequential) or shape is None:
        return None
    total, steps, place = expression(1), list[Expression](), 0
    for call in layer.calls(*several(shape)):
        window = getattr(call.layer, "window", None)
        if window is not None:
            place += 1
            sizes, strides, _padding, dilations = (each[-1] for each in window)
            reach = Symbol(f"k_{place}", int(extent(sizes, dilations)))
            total += product((reach - 1, *steps))
            steps.append(Symbol(f"s_{place}", int(strides)))
        elif not call.layer.keeps_places:
            return None
        if call.path == part:
            break
    found = expression(total)
    return found if place else None


def believed(task: Task, misconception: Misconception) -> Task | None:
    """The task as the believer sees it, or None where the belief has no part in the answer.

    It has a part where the derivation differs, even if the number happens to be the same.
    """
    try:
        seen = misconception.distort(task)
        if seen is None or (_rules(seen) == _rules(task) and _asked(seen) == _asked(task)):
            return None
        differs = number(seen) != number(task) or derivation(seen) != derivation(task)
        return seen if differs or _rules(seen)[:2] != _rules(task)[:2] else None
    except (LayerError, ShapeError):
        return None  # with this belief there is no answer at all


def answered(task: Task, misconception: Misconception) -> Fraction:
    """What the believer answers: the number of `believed`, or the right one where it has no part in it."""
    try:
        seen = misconception.distort(task)
        return number(task) if seen is None else number(seen)
    except (LayerError, ShapeError):
        return number(task)


def other_conventions(task: Task) -> list[tuple[Convention, Task]]:
    """The same question under each other named convention; none for what no convention prices."""
    if task.measure not in PRICED:
        return []
    own = MACS_ONLY.name if task.measure is Quantity.MACS else task.convention.name
    others = (convention for name, convention in CONVENTIONS.items() if name != own)
    return [(other, replace(task, measure=Quantity.FLOPS, convention=other)) for other in others]


def printed_by_tools(task: Task) -> Iterator[tuple[Dialect, int]]:
    """What each counting tool prints for a count of parameters or operations; none for anything else."""
    from layercost import dialects  # only a number that is not understood yet asks for them

    if task.measure not in PRICED | {Quantity.PARAMETERS}:
        return
    layer, shape = _asked(task)
    if shape is None or len(several(shape)) != 1:
        return
    for tool in dialects.DIALECTS.values():
        with suppress(ShapeError, LayerError):
            reading = dialects.read(layer, several(shape)[0], tool, setting=setting_of(task))
            printed = reading.gives(task.measure) if task.measure is Quantity.PARAMETERS else reading.main
            if printed is not None and (tool.counts_operations or task.measure is Quantity.PARAMETERS):
                yield tool, printed


def stated(task: Task) -> Stated:
    """The unit and the convention of an answer, as a question states them."""
    if task.measure in _MEANINGS:
        return Stated(
            "parameters",
            Message(
                "Counted: the parameters that take part in one token, without the experts that it does not "
                "pass; {tables}.",
                tables=IN_WORDS[_MEANINGS[task.measure]],
            ),
        )
    if isinstance(task.measure, Size):
        return Stated("", _said_of_size(task))
    if isinstance(task.measure, Cost):
        return Stated(task.unit.name or costs.unit_of(task.measure), costs.counted(task))
    counted = _count(task, *_asked(task))
    name = MACS_ONLY.name if task.measure is Quantity.MACS else task.convention.name
    if task.measure in PRICED:
        said = Message("Convention {name}: {counts}.", name=name, counts=counted.counts)
    else:
        said = Message("Counted: {counts}.", counts=counted.counts)
    return Stated(task.unit.name or counted.unit, said)


def _said_of_size(task: Task) -> Words:
    """The rules by which the layers of the task round, or along what a receptive field is measured."""
    if task.measure is Size.RECEPTIVE_FIELD:
        return Message("Along one axis, in cells of the input, padding included.")
    if task.measure is not Size.OUTPUT_SIZE:
        return ""
    rules = (getattr(leaf, "size_rule", None) for _, leaf in task.layer.leaves())
    sources = dict.fromkeys(rule.source for rule in rules if rule is not None) or (FLOOR.source,)
    return Joined([Message("Sizes follow {source}.", source=source) for source in sources])


def _rules(task: Task) -> tuple[object, ...]:
    how = (task.convention, task.batch, task.cached, task.training)
    return (task.unit, task.dtype, task.measure, *how)


def _count(task: Task, layer: Layer, shape: Arriving) -> Count:
    assert isinstance(task.measure, Quantity)
    return count(layer, task.measure, shape, task.convention, setting=setting_of(task))


def _output(layer: Layer, shape: Arriving) -> Shape:
    if shape is None:
        raise shape_wanted(Message("an output's size"))
    return layer.output_shape(*several(shape))


def _asked(task: Task) -> tuple[Layer, Arriving]:
    """The layer that the question is about, with its input."""
    if not task.part:
        return task.layer, task.input_shape
    if task.input_shape is not None:
        part = task.layer.only(task.part, *several(task.input_shape))
        if part is not None:
            return part, task.input_shape
    calls = _by_path(Itself(task.layer), task.input_shape)
    if task.part in calls:
        call = calls[task.part]
        return call.layer, call.inputs if len(call.inputs) > 1 else call.input_shape
    inside = [call for path, call in calls.items() if path.startswith(f"{task.part}.")]
    module = _module(task.layer, task.part)
    if module is None and (some := _of_each(task.part, calls.values())) is not None:
        return some, task.input_shape
    if module is None or not inside:
        raise ValueError(unknown(Message("layer of the network"), task.part, calls))
    return module, inside[0].input_shape


def _of_each(part: str, calls: Iterable[Call]) -> Layer | None:
    """A part of the work of those layers of a stack that have it, one after the other; None if none has."""
    found = [call.layer.only(part, *call.inputs) for call in calls]
    layers = [layer for layer in found if layer is not None]
    return Sequential(*layers) if layers else None


def _module(network: Layer, path: str) -> Layer | None:
    """The layer made of layers that stands at a path of a network, as ``inception3a``."""
    found: Layer | None = network
    for name in path.split("."):
        found = dict(getattr(found, "children", ())).get(name)
    return found


@lru_cache(maxsize=1024)
def _by_path(key: Itself, shape: Arriving) -> dict[str, Call]:
    return {call.path: call for call in calls_of(key.layer, shape)}
