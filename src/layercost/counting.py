"""What was counted: one result of everything that counts, conventions and counting tools alike.

A result is *complete* where everything that happens is counted. A counter that leaves something out by
choice (`textbook` leaves out ReLU) is not complete, and its number is yet exactly what it counts. A result is
*at least* its number where nobody knows what a part adds: an operation that we do not know, or a type of
layer that nobody has measured on the tool. What is at least its number is never complete.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Protocol

from layercost.caches import alike, cache_in_letters
from layercost.convention import (
    Convention,
    Quantity,
    UnknownNameError,
    pricing,
    quantity_in_words,
    unit_in_words,
)
from layercost.expression import (
    HTML,
    LATEX,
    MATHML,
    NOTATIONS,
    TEXT,
    Constant,
    Definition,
    Expression,
    Notation,
    Number,
    add,
    ceil_div,
    defining,
    definitions,
    equation,
    expression,
    times,
)  # fmt: skip
from layercost.facts import IN_OTHERS, Facts, Held, Kind, Operation, Role
from layercost.layer import Call, Layer
from layercost.message import Joined, Message, Words, clauses, listing, sentence, spoken
from layercost.setting import Setting
from layercost.shape import several, shape_wanted
from layercost.view import COMPLETE, listed, not_counted, not_known, number, short

MANY = 12  # terms of a sum from which on equal ones are written once


class CounterError(ValueError):
    """A number that was asked of a counter that does not give it; the text says what it gives, or why."""


class Counter(Protocol):
    """Who counts: a convention, or a tool in a version."""

    @property
    def name(self) -> str:
        """How it is called."""

    @property
    def unit(self) -> str:
        """What its number is a number of."""

    @property
    def counts(self) -> Words:
        """What it counts, in words."""

    @property
    def source(self) -> Words:
        """On whose word."""


@dataclass(frozen=True)
class NotCounted:
    """Operations that a counter leaves out, or of which nobody knows what they cost: where, and what."""

    path: str
    layer: str
    left_out: tuple[Operation, ...]

    @property
    def only_bias(self) -> bool:
        """Whether no more is left out than that a bias is added."""
        return {one.role for one in self.left_out} == {Role.BIAS}

    @property
    def operations(self) -> Words:
        """The operations in words."""
        return listing(one.in_words for one in self.left_out) or Message("not measured")

    def data(self) -> dict[str, str]:
        """The same as plain data, as JSON has it."""
        return {"path": self.path, "layer": self.layer, "operations": str(self.operations)}


def left_out_in_words(missing: Iterable[NotCounted], under: str = "") -> Words:
    """What is not counted, in words; the addition of a bias is told apart from a layer's other operations."""
    every = [(one.only_bias, one.layer or Message("this layer")) for one in missing]
    whole, biases = ([layer for only, layer in every if only is bias] for bias in (False, True))
    return not_counted(whole, under, biases)


class Unmeasured(NamedTuple):
    """A part of which nobody knows what it adds: where it stands, and what it is."""

    path: str
    what: str


def unmeasured(call: Call, operations: Iterable[Operation]) -> Unmeasured:
    """A call whose amount is not known: by its type, or, where we do not know the layer, as it is written."""
    what = short(repr(call.layer), 40) if is_unknown(operations) else kind_of(call.layer)
    return Unmeasured(call.path, what)


def kind_of(layer: Layer) -> str:
    """The name of a layer's type; of one whose weights come from elsewhere, that of the layer that runs."""
    runs = getattr(layer, "layer", layer)
    return type(runs).__name__ if runs is layer else kind_of(runs)


def parts_not_known(parts: Iterable[Unmeasured]) -> Words:
    """The parts of which nobody knows what they add, in words, each kind with its places."""
    places: dict[str, list[str]] = {}
    for path, what in parts:
        places.setdefault(what, []).append(path)
    return not_known(
        Message("{what} ({places})", what=what, places=listed(paths)) if any(paths) else what
        for what, paths in places.items()
    )


Work = tuple[tuple[Operation, ...], Number]  # what a call does, and how many values it writes


def is_unknown(operations: Iterable[Operation]) -> bool:
    """Whether there is an operation of which we do not know what it is."""
    return any(operation[0] is Kind.UNKNOWN for operation in operations)


@dataclass(frozen=True)
class Counted:
    """What one counter makes of a model: its calls, what each adds, and the number that it gives in all.

    `amounts` has a plain integer for each call in the counter's unit, None where nobody knows; `headline` is
    the number in all, None where the counter failed, and `failure` then says why. A tool's headline may be
    another number than the sum (one divides by the batch). `quantity` is what the number is of: PARAMETERS,
    or FLOPS, which stands for operations at the counter's own prices. `unmeasured` are the calls of which
    nobody knows what they add, `not_counted` is all that is left out, those among it.
    """

    counter: Counter
    quantity: Quantity
    setting: Setting
    calls: tuple[Call, ...]
    works: tuple[Work, ...] = field(repr=False)
    amounts: tuple[int | None, ...]
    headline: int | None
    failure: Words | None = None

    @property
    def name(self) -> str:
        """Who counts."""
        return self.counter.name

    @property
    def by_tool(self) -> bool:
        """Whether a tool counts: it prices calls of layers, where a convention prices operations."""
        return not isinstance(self.counter, Convention)

    @property
    def counts_operations(self) -> bool:
        """Whether the number is one of operations, and not of what layers hold."""
        return self.quantity is Quantity.FLOPS

    @cached_property
    def unknown(self) -> frozenset[int]:
        """The places of the calls that do something that we do not know."""
        return frozenset(place for place, (does, _) in enumerate(self.works) if is_unknown(does))

    @cached_property
    def unmeasured(self) -> tuple[Unmeasured, ...]:
        """The calls of which nobody knows what they add."""
        every = zip(self.calls, self.works, self.known, strict=True)
        return tuple(unmeasured(call, does) for call, (does, _), known in every if not known)

    @cached_property
    def known(self) -> tuple[bool, ...]:
        """For each call, whether it is known what it adds; where the counter failed, nothing is."""
        hidden = self.unknown if self.counts_operations else frozenset()
        return tuple(amount is not None and place not in hidden for place, amount in enumerate(self.amounts))

    @cached_property
    def not_counted(self) -> tuple[NotCounted, ...]:
        """What the counter leaves out, call by call; of a tool, the calls that add nothing."""
        return tuple(self._left_out())

    def _left_out(self) -> Iterator[NotCounted]:
        if not self.counts_operations or self.failure is not None:
            return
        every = zip(self.calls, self.works, self.amounts, self.known, strict=True)
        for call, (operations, _), amount, known in every:
            missing = _missing(self.counter, operations, amount)
            if missing or not known:
                yield NotCounted(call.path, kind_of(call.layer), tuple(missing))

    @property
    def at_least(self) -> bool:
        """Whether there is more than the headline, and nobody knows how much."""
        return self.headline is not None and bool(self.unmeasured)

    @property
    def complete(self) -> bool:
        """Whether everything that happens is counted."""
        return self.failure is None and not self.not_counted and not self.unmeasured

    @property
    def remark(self) -> Message:
        """Whether the number is complete, and if not, what is left out, what is not known, or what failed."""
        if self.failure is not None:
            return Message("{name} gives no number: {failure}.", name=self.name, failure=self.failure)
        if not self.counts_operations:
            unit = unit_in_words(self.counter.unit)
            return Message("{name} counts {unit}, and no operations.", name=self.name, unit=unit)
        if self.complete and self.by_tool:
            return Message("Every layer that computes adds to {name}'s number.", name=self.name)
        if self.complete:
            return COMPLETE
        said = (parts_not_known(self.unmeasured), left_out_in_words(self._by_choice, self.name))
        return Joined(map(sentence, said))

    @property
    def kinds_not_counted(self) -> tuple[str, ...]:
        """The types of layers that the counter leaves out, in whole or in part, by choice."""
        return tuple(dict.fromkeys(one.layer for one in self._by_choice))

    @property
    def _by_choice(self) -> list[NotCounted]:
        if not self.counts_operations:
            return []
        every = zip(self.calls, self.works, self.amounts, self.known, strict=True)
        return [
            NotCounted(call.path, kind_of(call.layer), tuple(missing))
            for call, (does, _), amount, known in every
            if known and (missing := _missing(self.counter, does, amount))
        ]

    @property
    def reason(self) -> Words:
        """The remark as the end of a sentence: what is not known, and what is not counted."""
        unknown = not_known(one.what for one in self.unmeasured)
        return clauses([unknown, left_out_in_words(self._by_choice)])


def _missing(counter: Counter, operations: tuple[Operation, ...], amount: int | None) -> list[Operation]:
    """The operations that a convention has no price for; of a tool, all of a call that adds nothing."""
    if isinstance(counter, Convention):
        return list(counter.left_out(operations))
    if amount != 0:
        return []
    return [one for one in operations if int(one.amount) and one.kind not in IN_OTHERS]


def usual_input(
    layer: Layer, input_shape: Iterable[object] | None, who: Message
) -> tuple[Iterable[object], ...]:
    """The shapes that go in: those given, or the model's own; raises ShapeError where there are none."""
    shape = input_shape if input_shape is not None else getattr(layer, "input_shape", None)
    if shape is None:
        raise shape_wanted(who)
    return several(shape)


def counted_by(
    convention: Convention, layer: Layer, shapes: tuple[Iterable[object], ...], setting: Setting
) -> Counted:
    """The operations of a layer or network at a convention's prices; raises ShapeError."""
    calls = tuple(layer.calls(*shapes))
    works = tuple([call.work(setting) for call in calls])
    amounts = tuple([int(convention.total(operations)) for operations, _ in works])
    return Counted(convention, Quantity.FLOPS, setting, calls, works, amounts, sum(amounts))


# ---- one quantity, with its derivation ---------------------------------------------------------------


class _Amount(NamedTuple):
    """What a quantity that has no price adds up, in which unit, and in words."""

    of: Callable[[Facts], Number]
    unit: str
    counts: Message
    is_held: bool  # held by a layer, whether it runs or not; needs no input


def _sizes(held: Iterable[Held]) -> Number:
    total: Number = 0
    for one in held:
        total = add(total, one.size)
    return total


_AMOUNTS = {
    Quantity.PARAMETERS: _Amount(
        lambda facts: _sizes(facts.parameters),
        "parameters",
        Message("values that training changes, each once, however often its layer is called"),
        is_held=True,
    ),
    Quantity.WEIGHTS: _Amount(
        lambda facts: _sizes(held for held in facts.parameters if not held.is_bias),
        "weights",
        Message("parameters that are no biases; the scales of a normalization are among them"),
        is_held=True,
    ),
    Quantity.BIASES: _Amount(
        lambda facts: _sizes(held for held in facts.parameters if held.is_bias),
        "biases",
        Message("parameters that are added, by their names; the shifts of a normalization are among them"),
        is_held=True,
    ),
    Quantity.BUFFERS: _Amount(
        lambda facts: _sizes(facts.buffers),
        "values",
        Message("values that are stored and not trained"),
        is_held=True,
    ),
    Quantity.STORED_VALUES: _Amount(
        lambda facts: _sizes((*facts.parameters, *facts.buffers)),
        "values",
        Message("parameters and buffers"),
        is_held=True,
    ),
    Quantity.ACTIVATIONS: _Amount(
        lambda facts: facts.written,
        "values",
        Message("the values that each layer writes, the input left out; Flatten is a view and writes none"),
        is_held=False,
    ),
    Quantity.KV_CACHE: _Amount(
        lambda facts: _sizes(facts.kept),
        "values",
        Message("the values that all tokens so far leave for the next: keys, values, latents, states"),
        is_held=False,
    ),
}
_IN_BYTES = {
    Quantity.PARAMETER_BYTES: Quantity.PARAMETERS,
    Quantity.ACTIVATION_BYTES: Quantity.ACTIVATIONS,
    Quantity.KV_CACHE_BYTES: Quantity.KV_CACHE,
}
_WHAT_IT_IS = Message("the definition of the quantity; no convention enters")


class Term(NamedTuple):
    """What layers that are alike add to a total: the path of the first, their type, how many, what each adds.

    Of a block, told as one term, the type is empty. Of a count in bytes the formulas are those of the values.
    """

    path: str
    layer: str
    often: int
    formula: Expression


@dataclass(frozen=True, eq=False)
class _Question:
    """What is asked for: a quantity of a layer or network, on an input, under a convention."""

    layer: Layer
    quantity: Quantity
    convention: Convention
    input_shapes: tuple[Iterable[object], ...] | None
    setting: Setting

    @property
    def amount(self) -> _Amount | None:
        """What is added up, or None for operations, which have a price."""
        return _AMOUNTS.get(_IN_BYTES.get(self.quantity, self.quantity))

    @property
    def prices(self) -> Convention:
        """The prices of the operations that are counted."""
        return pricing(self.quantity, self.convention)

    @property
    def in_bytes(self) -> bool:
        """Whether the values are counted in bytes."""
        return self.quantity in _IN_BYTES

    def pick(self, facts: Facts) -> Number:
        """What one call's facts add to the count, on plain integers and on expressions."""
        return self.prices.total(facts.operations) if self.amount is None else self.amount.of(facts)

    @cached_property
    def parts(self) -> tuple[tuple[Call | None, Facts], ...]:
        """The facts that are added up: of each layer that holds values, or of each call."""
        if self.amount is not None and self.amount.is_held:
            return tuple((None, _held_by(leaf)) for leaf in _once(self.layer))
        if self.input_shapes is None:
            raise shape_wanted(Message("counting {quantity}", quantity=quantity_in_words(self.quantity)))
        calls = self.layer.calls(*self.input_shapes)
        return tuple((call, call.facts(self.setting)) for call in calls)

    def total(self) -> int:
        """The count."""
        values = sum(int(self.pick(facts)) for _, facts in self.parts)
        return self.setting.bytes(values) if self.in_bytes else values

    @cached_property
    def left_out(self) -> tuple[NotCounted, ...]:
        """What the prices leave out; a quantity without prices leaves out nothing."""
        return () if self.amount is not None else tuple(_left_out(self.parts, self.prices))

    def unmeasured(self) -> tuple[Unmeasured, ...]:
        """The calls that do something that we do not know; of what is held or written everything is known."""
        if self.amount is not None or not self.left_out:
            return ()
        pairs = ((call, facts) for call, facts in self.parts if is_unknown(facts.operations))
        return tuple(unmeasured(call, facts.operations) for call, facts in pairs if call is not None)

    def derivation(self) -> Expression:
        """One layer: its formula. A network: the sum of its layers' numbers; of a cache, layers together."""
        if not self.layer.is_leaf and self.amount is _AMOUNTS[Quantity.KV_CACHE]:
            calls = [call for call, _facts in self.parts if call is not None]
            return cache_in_letters(alike(calls), self.setting, in_bytes=self.in_bytes)
        formula = expression(self._formula() if self.layer.is_leaf else self._sum())
        return _in_bytes(formula, self.setting) if self.in_bytes else formula

    def _formula(self) -> Number:
        if self.input_shapes is None:
            return self.pick(_held_by(self.layer.lettered()))
        return self.pick(self.layer.derive(*self.input_shapes, setting=self.setting))

    def _sum(self) -> Number:
        return summed(int(self.pick(facts)) for _, facts in self.parts)

    def terms(self) -> Iterator[Term]:
        """The layers of a network that add something, those with the same formula together."""
        for found in self._together(lambda _path, leaf, formula: (kind_of(leaf), equation(formula, TEXT))):
            path, leaf, formula = found[0]
            yield Term(path, kind_of(leaf), len(found), formula)

    def blocks(self) -> Iterator[Term]:
        """The direct parts of a network that add something: a layer with its formula, a block with a sum."""
        for found in self._together(lambda path, _leaf, _formula: path.partition(".")[0]):
            path, leaf, formula = found[0]
            if len(found) == 1:
                yield Term(path, kind_of(leaf), 1, formula)
            else:
                numbers = (int(one) for _, _, one in found)
                yield Term(path.partition(".")[0], "", 1, expression(summed(numbers)))

    def _together(
        self, key: Callable[[str, Layer, Expression], object]
    ) -> Iterable[list[tuple[str, Layer, Expression]]]:
        """The layers of a network that add something, those with the same key together."""
        if self.layer.is_leaf or self.amount is _AMOUNTS[Quantity.KV_CACHE]:
            return ()
        together: dict[object, list[tuple[str, Layer, Expression]]] = {}
        for found in self._lettered():
            if int(found[2]):
                together.setdefault(key(*found), []).append(found)
        return together.values()

    def _lettered(self) -> Iterator[tuple[str, Layer, Expression]]:
        if self.amount is not None and self.amount.is_held:
            paths = {id(leaf): path for path, leaf in reversed([*self.layer.leaves()])}
            for leaf in _once(self.layer):
                yield paths[id(leaf)], leaf, expression(self.pick(_held_by(leaf.lettered())))
            return
        for call, facts in self.parts:
            if call is not None and int(self.pick(facts)):
                setting = self.setting.alone if call.once else self.setting
                lettered = call.layer.derive(*call.inputs, setting=setting)
                yield call.path, call.layer, expression(self.pick(lettered))

    def taught(self) -> Expression | None:
        """The form in which courses write the formula, where the layer declares one for this question."""
        priced_otherwise = self.quantity is Quantity.FLOPS and self.convention.name != "textbook"
        if self.input_shapes is None or self.setting.batch != 1 or priced_otherwise or not self.layer.is_leaf:
            return None
        twin, shapes, output = self.layer.symbolic(*self.input_shapes)
        form = twin.taught(shapes[0], output).get(self.quantity.value)
        return None if form is None else expression(form)


def summed(amounts: Iterable[int]) -> Number:
    """The amounts as one sum that remembers its terms; what adds nothing is not written.

    In a long sum, amounts that occur several times are written once, with how often.

    >>> expression(summed([7] + [3, 4] * 12)).value
    91
    """
    terms = [(amount, 1) for amount in filter(None, amounts)]
    if len(terms) >= MANY:
        terms = list(collections.Counter(amount for amount, _ in terms).items())
    total: Number = 0
    for amount, often in terms:
        total = add(total, times(often, Constant(amount)))
    return total


def _held_by(layer: Layer) -> Facts:
    return Facts(layer.parameters(), layer.buffers(), (), 0)


def _once(layer: Layer) -> Iterable[Layer]:
    """The leaf layers, each object once: a layer used twice holds its values once."""
    return {id(leaf): leaf for _, leaf in layer.leaves()}.values()


def _in_bytes(values: Expression, setting: Setting) -> Expression:
    each, part = divmod(setting.bits, 8)
    return values * each if not part else expression(ceil_div(values * part, 8))


def _left_out(parts: Iterable[tuple[Call | None, Facts]], prices: Convention) -> Iterator[NotCounted]:
    for call, facts in parts:
        operations = tuple(prices.left_out(facts.operations))
        if call is not None and operations:
            yield NotCounted(call.path, kind_of(call.layer), operations)


@dataclass(frozen=True)
class Count:
    """A total with what was counted, by which counter, and how it came about.

    `total` is a plain integer in `unit`; `convention` is the name of the convention or tool, `counts` says in
    words what it counts, `source` on whose word. `unmeasured` are the parts of which nobody knows what they
    add: the total is then `at_least` that much.
    """

    total: int
    quantity: Quantity
    unit: str
    convention: str
    counts: Words
    source: Words
    not_counted: tuple[NotCounted, ...]
    unmeasured: tuple[Unmeasured, ...]
    derive: Callable[[], Expression] = field(repr=False, compare=False)
    teach: Callable[[], Expression | None] = field(repr=False, compare=False)
    part: Callable[[], Iterable[Term]] = field(default=tuple, repr=False, compare=False)
    block: Callable[[], Iterable[Term]] = field(default=tuple, repr=False, compare=False)

    @property
    def complete(self) -> bool:
        """Whether everything that happens is counted."""
        return not self.not_counted and not self.unmeasured

    @property
    def at_least(self) -> bool:
        """Whether there is more than `total`, and nobody knows how much."""
        return bool(self.unmeasured)

    @cached_property
    def expression(self) -> Expression:
        """The formula as the layer names its terms; its value is `total`."""
        return self.derive()

    @cached_property
    def taught(self) -> Expression | None:
        """The form in which courses write the formula, where the layer declares one."""
        return self.teach()

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        """Of a network under a convention: each layer's formula, those that are alike together; else nothing.

        The terms, each as often as it is there, add up to `total`; of a count in bytes, to its values.
        """
        return tuple(self.part())

    @cached_property
    def blocks(self) -> tuple[Term, ...]:
        """As `terms`, with each block of the network as one term: the sum of what its layers add."""
        return tuple(self.block())

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """The letters of the formula that stand for formulas of their own, as H_out."""
        return definitions(self.expression)

    def where(self, notation: str = "text") -> tuple[str, ...]:
        """Each of `definitions` as letter = formula = numbers = value, in one of `NOTATIONS`.

        Raises UnknownNameError for another notation.
        """
        if notation not in NOTATIONS:
            raise UnknownNameError(Message("notation"), notation, NOTATIONS)
        return tuple(defining(definition, NOTATIONS[notation]) for definition in self.definitions)

    def text(self) -> str:
        """Letters = numbers = total, as plain text; "at least" before it where there is more."""
        return self.rendered(TEXT)

    def latex(self) -> str:
        """Letters = numbers = total, as LaTeX without dollar signs."""
        return self.rendered(LATEX)

    def html(self) -> str:
        """Letters = numbers = total, as HTML whose symbols carry the class of their dimension."""
        return self.rendered(HTML)

    def mathml(self) -> str:
        """Letters = numbers = total, as MathML whose symbols carry the class of their dimension."""
        return self.rendered(MATHML)

    def rendered(self, notation: Notation) -> str:
        """Letters = numbers = total in a notation, "at least" before it where there is more."""
        line = equation(self.expression, notation)
        if not self.at_least:
            return line
        if notation is LATEX:
            return rf"\text{{{spoken('at least')} }} {line}"
        return spoken("at least {amount}", amount=line)

    def __str__(self) -> str:
        total, unit = number(self.total, self.at_least), unit_in_words(self.unit)
        return spoken("{total} {unit} ({convention})", total=total, unit=unit, convention=self.convention)


def count_by(
    convention: Convention, layer: Layer, quantity: Quantity, shapes: tuple[Iterable[object], ...] | None,
    setting: Setting,
) -> Count:  # fmt: skip
    """One quantity of a layer or network under a convention; raises ShapeError."""
    question = _Question(layer, quantity, convention, shapes, setting)
    total, amount = question.total(), question.amount
    if shapes is not None and amount is not None and amount.is_held:
        layer.output_shape(*shapes)  # nothing else has looked whether it fits
    return Count(
        total=total,
        quantity=quantity,
        unit=question.prices.unit if amount is None else "bytes" if question.in_bytes else amount.unit,
        convention=convention.name,
        counts=question.prices.counts if amount is None else amount.counts,
        source=question.prices.source if amount is None else _WHAT_IT_IS,
        not_counted=question.left_out,
        unmeasured=question.unmeasured(),
        derive=question.derivation,
        teach=question.taught,
        part=question.terms,
        block=question.blocks,
    )


def total_by(
    convention: Convention, layer: Layer, quantity: Quantity, shapes: tuple[Iterable[object], ...] | None,
    setting: Setting,
) -> int:  # fmt: skip
    """The total of `count_by` alone, for who asks a thousand times; raises ShapeError as it does.

    >>> from layercost.convention import TEXTBOOK
    >>> from layercost.layers import Linear
    >>> total_by(TEXTBOOK, Linear(300, 100), Quantity.FLOPS, ((300,),), Setting())
    60000
    """
    question = _Question(layer, quantity, convention, shapes, setting)
    total, amount = question.total(), question.amount
    if shapes is not None and amount is not None and amount.is_held:
        layer.output_shape(*shapes)  # nothing else has looked whether it fits
    return total


def call_total_by(convention: Convention, call: Call, quantity: Quantity, setting: Setting) -> int:
    """What one call of a network adds to a quantity that is not held."""
    return int(_Question(call.layer, quantity, convention, None, setting).pick(call.facts(setting)))
