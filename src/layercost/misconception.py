"""Misconceptions: wrong beliefs, each a small change of what is asked, with an id and one kind sentence.

A belief about a layer is declared beside the formula that it distorts, in the layer's own module:
as other values of the layer's fields, or as a class that overrides one of its methods.
So beliefs compose, and the wrong answer comes from the same lines as the right one.
Here stand the beliefs that belong to no single layer: about biases, prices and units.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields, replace
from enum import Enum
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any, TypeAlias, TypeVar, cast

from layercost.convention import DTYPE_BITS, TEXTBOOK, TWO_A_MAC, Convention, Price, Quantity
from layercost.facts import Held, Kind, Operation
from layercost.layer import Layer, LayerError
from layercost.message import Message
from layercost.shape import Shape, ShapeError, several, shape_of


class Size(Enum):
    """What can be asked besides quantities: the output's last axis, its channels, the receptive field.

    And the parameters that take part in one token, in the three meanings of `layercost.active`.
    """

    OUTPUT_SIZE = "output_size"
    OUTPUT_CHANNELS = "output_channels"
    RECEPTIVE_FIELD = "receptive_field"
    ACTIVE = "active_parameters"
    ACTIVE_WITHOUT_INPUT = "active_parameters_without_input_table"
    ACTIVE_WITHOUT_TABLES = "active_parameters_without_tables"


class Cost(Enum):
    """What can be asked of training and of stored weights: operations, and bytes on one device."""

    STEP_FLOPS = "training_flops"
    SIZE_FLOPS = "training_flops_by_size"
    GIVEN_FLOPS = "given_flops"
    STATE_BYTES = "training_bytes"
    KEPT_BYTES = "kept_bytes"
    STORED_BYTES = "stored_bytes"


Measure: TypeAlias = Quantity | Size | Cost
Arriving: TypeAlias = Shape | tuple[Shape, ...] | None  # one shape, or one for each value that a join reads

STORED = frozenset(
    {
        Quantity.PARAMETERS,
        Quantity.PARAMETER_BYTES,
        Quantity.WEIGHTS,
        Quantity.BIASES,
        Quantity.STORED_VALUES,
    }
)
PRICED = frozenset({Quantity.FLOPS, Quantity.MACS})
WORKED = frozenset({Quantity.MULTIPLICATIONS, Quantity.ADDITIONS})
WRITTEN = frozenset({Quantity.ACTIVATIONS, Quantity.ACTIVATION_BYTES})
CACHED = frozenset({Quantity.KV_CACHE, Quantity.KV_CACHE_BYTES})
IN_BYTES = frozenset({Quantity.PARAMETER_BYTES, Quantity.ACTIVATION_BYTES, Quantity.KV_CACHE_BYTES})
COSTS_IN_FLOPS = frozenset({Cost.STEP_FLOPS, Cost.SIZE_FLOPS, Cost.GIVEN_FLOPS})
COSTS_IN_BYTES = frozenset({Cost.STATE_BYTES, Cost.KEPT_BYTES, Cost.STORED_BYTES})
SIZED = PRICED | WRITTEN | {Size.OUTPUT_SIZE}
ACTIVE = frozenset({Size.ACTIVE, Size.ACTIVE_WITHOUT_INPUT, Size.ACTIVE_WITHOUT_TABLES})


@dataclass(frozen=True)
class Unit:
    """The unit of an answer: `size` of what is counted, as 1,024 bytes are a KiB; without a name, one."""

    name: str
    size: int | Fraction = 1


ONE = Unit("")
OF_COSTS = (
    "hours",
    "days",
    "percent",
    "times",
    "bits a weight",
)  # how large they are depends on what is asked
UNITS = {"": ONE} | {
    f"{prefix}{kind}": Unit(f"{prefix}{kind}", base**power)
    for power, prefixes in enumerate(("kK", "MM", "GG"), start=1)
    for prefix, kind, base in zip(prefixes, ("B", "iB"), (1000, 1024), strict=True)
} | {name: Unit(name) for name in OF_COSTS}  # fmt: skip


@dataclass(frozen=True)
class Training:
    """How something is trained or stored, for what `Cost` asks; the words are those of `layercost.analysis`.

    `frozen` values are held beside those that are trained; with `frozen_maps` all of what is trained stands
    beside maps that stay as they are. `flops` are given. `devices` of so many `teraflops` run at so many
    `percent` of that, or for so many `milliseconds`. A weight has `bits`, and each `group` a scale and a zero
    point.
    `adapters` are the values that are trained of a model that stays as it is.
    `forward`, `weights`, `inputs` and `again` say how often each pass is counted: 1, but for who believes
    otherwise. So do `all_inputs`, for who has each map's input need a gradient, `heads`, for who takes
    another number, and `left_out`, for parts of a device's memory.
    """

    optimizer: str = "adam-mixed"
    stage: int = 0
    devices: int = 1
    recompute: str = "none"
    frozen: int = 0
    frozen_maps: bool = False
    adapters: int = 0
    flops: int = 0
    teraflops: int = 0
    percent: int = 100
    milliseconds: int = 0
    bits: int = 16
    group: int = 0
    scale_bits: int = 0
    zero_bits: int = 0
    scale_group: int = 0
    constant_bits: int = 0
    forward: int = 1
    weights: int = 1
    inputs: int = 1
    again: int = 1
    all_inputs: bool = False
    heads: int = 0
    left_out: tuple[str, ...] = ()


AS_USUAL = Training()
BELIEVED = (
    "forward",
    "weights",
    "inputs",
    "again",
    "all_inputs",
    "heads",
    "left_out",
)  # what no question says


class Itself:
    """A dictionary's key for this very layer object: to hash all of a network would take longer."""

    __slots__ = ("layer",)

    def __init__(self, layer: Layer) -> None:
        self.layer = layer

    def __hash__(self) -> int:
        return id(self.layer)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Itself) and self.layer is other.layer


@dataclass(frozen=True)
class Task:
    """What is asked: a measure of a layer, or of one `part` of a network, under a convention, in a unit.

    A `part` is a path as in tables (``conv1``); empty means the whole. `cached` tokens have been read before.
    """

    layer: Layer
    measure: Measure
    input_shape: Arriving = None
    convention: Convention = TEXTBOOK
    part: str = ""
    dtype: str = "float32"
    unit: Unit = ONE
    batch: int = 1
    cached: int = 0
    training: Training = AS_USUAL


@dataclass(frozen=True)
class Misconception:
    """A belief about layers `of` a class and some `measures` of them.

    `distort` gives the task as a believer sees it, or None where the belief changes nothing.
    """

    id: str
    message: Message
    distort: Callable[[Task], Task | None]
    of: type[Layer]
    measures: frozenset[Measure]


MISCONCEPTIONS: dict[str, Misconception] = {}


def declare(
    name: str,
    message: Message,
    distort: Callable[[Task], Task | None],
    measures: Collection[Measure],
    of: type[Layer] = Layer,
) -> None:
    """Make a belief about tasks that ask for one of `measures` known; its id must be new."""
    if name in MISCONCEPTIONS:
        raise ValueError(f"two misconceptions are called {name!r}; an id names one belief for good")
    asked = frozenset(measures)

    def asked_for(task: Task) -> Task | None:
        return distort(task) if task.measure in asked else None

    MISCONCEPTIONS[name] = Misconception(name, message, asked_for, of, asked)


# ---- beliefs about layers ----------------------------------------------------------------------

Change: TypeAlias = Callable[[Layer], Layer]
Belief = TypeVar(
    "Belief", bound=Callable[..., Layer]
)  # a function of a layer, or a class that derives from one


def belief(
    name: str,
    message: Message,
    of: type[Layer],
    measures: Collection[Measure],
    where: Callable[[Layer], bool] | None = None,
) -> Callable[[Belief], Belief]:
    """Declare a belief about the layers `of` a class, for the `measures` that it distorts.

    What is decorated gives the layer as the believer sees it: a function from layer to layer (`having` makes
    one), or a class that overrides methods of `of` and calls `super()`. `where` picks the layers of which it
    can be held. What distorts MACs and FLOPs distorts multiplications and additions alike.
    """
    distorts = frozenset(measures) | (WORKED if set(measures) >= PRICED else frozenset())

    def declared(change: Belief) -> Belief:
        seen = partial(seen_as, change) if isinstance(change, type) else cast(Change, change)

        def held(leaf: Layer) -> bool:
            return isinstance(leaf, of) and (where is None or where(leaf))

        def believed(leaf: Layer) -> Layer:
            return seen(leaf) if held(leaf) else leaf

        def distort(task: Task) -> Task | None:
            if not any(map(held, leaves_of(task.layer))):
                return None  # to rebuild all of a network would take longer
            return distorted(task, believed)

        declare(name, message, distort, distorts, of)
        return change

    return declared


def having(**fields: object) -> Change:
    """The belief that a layer has these values in its fields.

    >>> from layercost import Linear
    >>> having(bias=False)(Linear(300, 100))
    Linear(300, 100, bias=False)
    """
    return lambda layer: replace(layer, **fields)


def seen_as(how: type, layer: Layer) -> Layer:
    """The same layer, with the methods of the class `how` in front of its own."""
    kind: type = type(layer)
    twin: Layer = object.__new__(_seen_class(how, kind))
    twin.__dict__.update(layer.__dict__)
    return twin


@lru_cache
def _seen_class(how: type, kind: type) -> type:
    return type(kind.__name__, (how, kind), {})


class Uncounted(Layer):
    """A layer that gives what it gives, and is left out of every count."""

    def parameters(self) -> tuple[Held, ...]:
        return ()

    def operations(self, *shapes: Shape, **call: Any) -> tuple[Operation, ...]:
        return ()


def uncounted(layer: Layer) -> Layer:
    """The layer as one that is left out; one that is left out already stays so."""
    return layer if isinstance(layer, Uncounted) else seen_as(Uncounted, layer)


def leaves_of(layer: Layer) -> tuple[Layer, ...]:
    """Every leaf layer, each object once: many beliefs ask for the same ones."""
    return _leaves(Itself(layer))


@lru_cache(maxsize=1024)
def _leaves(key: Itself) -> tuple[Layer, ...]:
    return tuple({id(leaf): leaf for _, leaf in key.layer.leaves()}.values())


def distorted(task: Task, change: Change) -> Task | None:
    """The task with every leaf changed; layers that come after take the sizes that now arrive."""
    try:
        layer = fitted(task.layer, task.input_shape, change)
    except (LayerError, ShapeError):
        return None  # nobody can hold this belief here: no such layer exists
    return None if layer == task.layer else replace(task, layer=layer)


def fitted(layer: Layer, input_shape: Arriving, change: Change = lambda leaf: leaf) -> Layer:
    """`layer` with each leaf changed, and made to take what arrives (as PyTorch's lazy layers do).

    Raises ShapeError where that cannot be.
    """
    return _fitted(Itself(layer), input_shape, change)


@lru_cache(maxsize=1024)
def _fitted(key: Itself, input_shape: Arriving, change: Change) -> Layer:
    known: dict[int, Layer] = {}  # a layer that is called twice stays one layer

    def take(leaf: Layer, shape: Shape | None) -> Layer:
        if id(leaf) not in known:
            known[id(leaf)] = _taken(Itself(leaf), shape, change)
        return known[id(leaf)]

    shapes = () if input_shape is None else several(input_shape)
    return key.layer.rebuilt(take, shape_of(shapes[0]) if len(shapes) == 1 else None)


@lru_cache(maxsize=8192, typed=True)
def _taken(key: Itself, shape: Shape | None, change: Change) -> Layer:
    """A leaf as it is changed where a shape arrives: the same object for all networks that it stands in.

    Shapes of other axes may be equal, so their class is part of the key.
    """
    return change(key.layer if shape is None else taking(key.layer, shape))


def taking(leaf: Layer, shape: Shape) -> Layer:
    """`leaf` with the field that stands for an axis of its input set to the size that arrives there."""
    arriving = {leaf.axis_letters.get(axis, letter): size for axis, letter, size in zip(
        shape.axes, shape.letters, shape, strict=True
    )}  # fmt: skip
    known = {field.name: leaf.letters.get(field.name, "") for field in fields(leaf)}
    changed = {
        name: int(arriving[letter])
        for name, letter in known.items()
        if letter in arriving and getattr(leaf, name) != arriving[letter]
    }
    return replace(leaf, **changed) if changed else leaf


# ---- beliefs about biases: of every layer that has a field of this name -------------------------


def _has_bias(layer: Layer) -> bool:
    return getattr(layer, "bias", None) is True


def _has_none(layer: Layer) -> bool:
    return getattr(layer, "bias", None) is False


belief(
    "forgot-bias",
    Message(
        "The biases are missing: each output feature or channel has one, which is stored beside the weights "
        "and added once to each value."
    ),
    Layer, STORED | {Quantity.FLOPS, Quantity.ADDITIONS}, _has_bias,
)(having(bias=False))  # fmt: skip


belief(
    "bias-not-asked-for",
    Message(
        "You counted biases where the layer has none: with bias=False none is stored and none is added."
    ),
    Layer, STORED | {Quantity.FLOPS, Quantity.ADDITIONS}, _has_none,
)(having(bias=True))  # fmt: skip


@belief(
    "one-bias",
    Message(
        "You counted one bias for the whole layer: each output feature or output channel has a bias of "
        "its own."
    ),
    Layer, STORED, _has_bias,
)  # fmt: skip
class _OneBias(Layer):
    def parameters(self) -> tuple[Held, ...]:
        return tuple(Held("bias", 1) if held.name == "bias" else held for held in super().parameters())


# ---- beliefs about prices ----------------------------------------------------------------------

_TWO_EACH = replace(TEXTBOOK, prices={**TEXTBOOK.prices, Kind.DOT: Price(2)})
_FOUR_EACH = replace(TWO_A_MAC, prices={Kind.DOT: Price(4)})


def _by(task: Task, *conventions: Convention) -> bool:
    """Whether the task asks under one of these conventions."""
    return task.convention.name in [convention.name for convention in conventions]


def _macs_for_flops(task: Task) -> Task | None:
    if isinstance(task.measure, Cost):
        return None if task.unit.name == "times" else replace(task, unit=_times(task.unit, 2))
    return replace(task, measure=Quantity.MACS) if _by(task, TEXTBOOK, TWO_A_MAC) else None


def _times(unit: Unit, factor: int | Fraction) -> Unit:
    """A unit so many times as large."""
    return Unit(unit.name, Fraction(unit.size) * factor)


def _one_addition_too_many(task: Task) -> Task | None:
    return replace(task, convention=_TWO_EACH) if _by(task, TEXTBOOK) else None


def _doubled_twice(task: Task) -> Task | None:
    return replace(task, convention=_FOUR_EACH) if _by(task, TEXTBOOK, TWO_A_MAC) else None


def _counted_parameters(task: Task) -> Task | None:
    return replace(task, measure=Quantity.PARAMETERS) if _trains(task) else None


def _trains(task: Task) -> bool:
    """Whether there are parameters at all; who answers 0 where there are none did not count them."""
    if task.part and task.input_shape is not None:
        part = task.layer.only(task.part, *several(task.input_shape))
        if part is not None:
            return any(leaf.parameters() for _path, leaf in part.leaves())
    leaves = list(task.layer.leaves())
    asked = [leaf for path, leaf in leaves if f"{path}.".startswith(f"{task.part}.")]
    return any(leaf.parameters() for leaf in asked or (leaf for _path, leaf in leaves))


def _both_kinds(task: Task) -> Task | None:
    """Only dot products have multiplications besides additions, and these need weights."""
    return replace(task, measure=Quantity.FLOPS, convention=TEXTBOOK) if _trains(task) else None


declare(
    "forgot-batch",
    Message("You counted one input: each input of the batch takes the same operations again."),
    lambda task: replace(task, batch=1),
    PRICED | COSTS_IN_FLOPS,
)
declare(
    "biases-among-weights",
    Message("You counted the biases too: the question asks for the weights alone."),
    _counted_parameters,
    {Quantity.WEIGHTS},
)
declare(
    "weights-among-biases",
    Message("You counted the weights too: the question asks for the biases alone."),
    _counted_parameters,
    {Quantity.BIASES},
)
declare(
    "both-kinds",
    Message("You counted multiplications and additions together: the question asks for one of them."),
    _both_kinds,
    WORKED,
)
declare(
    "macs-for-flops",
    Message(
        "You counted multiply-accumulates: in FLOPs the multiplication and the addition are two operations."
    ),
    _macs_for_flops,
    {Quantity.FLOPS} | COSTS_IN_FLOPS,
)
declare(
    "flops-for-macs",
    Message("You counted FLOPs: one MAC is a multiplication together with its addition."),
    lambda task: replace(task, measure=Quantity.FLOPS, convention=TEXTBOOK),
    {Quantity.MACS},
)
declare(
    "one-addition-too-many",
    Message("You counted n additions for a dot product of length n: adding up n products takes n - 1."),
    _one_addition_too_many,
    {Quantity.FLOPS},
)
declare(
    "doubled-twice",
    Message(
        "You doubled twice: a multiply-accumulate is two operations, and its addition is one of them already."
    ),
    _doubled_twice,
    {Quantity.FLOPS},
)
declare(
    "parameters-for-activations",
    Message("You counted parameters: the question asks for the values that are written."),
    _counted_parameters,
    {Quantity.ACTIVATIONS},
)
declare(
    "counted-parameters",
    Message(
        "You counted what the layer stores: parameters are values, and the question is about operations."
    ),
    _counted_parameters,
    PRICED,
)
declare(
    "taken-for-free",
    Message("You took the layer to be free: the convention that is asked for prices what it does."),
    lambda task: None if _trains(task) else replace(task, measure=Quantity.PARAMETERS),  # which are none
    {Quantity.FLOPS},
)


# ---- beliefs about bytes -----------------------------------------------------------------------


def _stored_as(dtype: str) -> Callable[[Task], Task | None]:
    def distort(task: Task) -> Task | None:
        believed, right = DTYPE_BITS[dtype], DTYPE_BITS[task.dtype]
        halved = task.measure is Quantity.KV_CACHE_BYTES and 2 * believed == right  # as keys or values alone
        return None if believed == right or halved else replace(task, dtype=dtype)

    return distort


def _doubles(task: Task) -> Task | None:
    return replace(task, dtype="float64") if task.dtype == "float32" else None


def _bits(task: Task) -> Task:
    return replace(task, unit=_times(task.unit, Fraction(1, 8)))


def _in_unit(given: Mapping[str, str]) -> Callable[[Task], Task | None]:
    """The belief that the unit which is asked for is another one."""
    return lambda task: replace(task, unit=UNITS[given[task.unit.name]]) if task.unit.name in given else None


declare(
    "one-byte-a-value",
    Message("You counted one byte for each value: divide the format's bits by 8; 32 bits are 4 bytes."),
    _stored_as("int8"),
    IN_BYTES,
)
declare(
    "two-bytes-a-value",
    Message("You counted two bytes for each value, as float16 takes: another number format is asked for."),
    _stored_as("float16"),
    IN_BYTES,
)
declare(
    "four-bytes-a-value",
    Message("You counted four bytes for each value, as float32 takes: another number format is asked for."),
    _stored_as("float32"),
    IN_BYTES,
)
declare(
    "eight-bytes-a-value",
    Message("You counted eight bytes for each value, as float64 takes: another number format is asked for."),
    _doubles,
    IN_BYTES,
)
declare(
    "bits-for-bytes", Message("You counted bits: a byte is 8 of them."), _bits,
    IN_BYTES | {Cost.STORED_BYTES},
)  # fmt: skip
declare(
    "thousand-for-1024",
    Message("You took 1,000 where it is 1,024: a KiB is 1,024 bytes, and a MiB is 1,024 KiB."),
    _in_unit({"KiB": "kB", "MiB": "MB", "GiB": "GB"}),
    IN_BYTES | COSTS_IN_BYTES,
)
declare(
    "1024-for-thousand",
    Message("You took 1,024 where it is 1,000: a kB is 1,000 bytes, and a MB is 1,000 kB."),
    _in_unit({"kB": "KiB", "MB": "MiB", "GB": "GiB"}),
    IN_BYTES | COSTS_IN_BYTES,
)
declare("bytes-for-kib", Message("You gave bytes: a KiB is 1,024 of them."), _in_unit({"KiB": ""}), IN_BYTES)
declare(
    "one-prefix-too-small",
    Message("You divided once: a MB is 1,000 times 1,000 bytes, and a MiB 1,024 times 1,024."),
    _in_unit({"MB": "kB", "MiB": "KiB"}),
    IN_BYTES,
)
