"""What training costs, as questions ask for it: each measure of `Cost` with its formula and its believers.

The formulas are those of `layercost.analysis`; here stands which of a task's settings they take, in which
unit an answer is given, and what people believe instead.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from layercost.analysis.activations import korthikanti
from layercost.analysis.formats import Format
from layercost.analysis.shortcuts import by_size
from layercost.analysis.sizes import widths
from layercost.analysis.states import OPTIMIZERS, optimizer_named, states, trained_and_frozen
from layercost.analysis.training import RECOMPUTE, training_step
from layercost.expression import Expression, Number, Symbol, add, ceil_div, exact_div, expression, times
from layercost.layer import LayerError
from layercost.layers import Linear
from layercost.message import Joined, Message, Words
from layercost.misconception import (
    AS_USUAL,
    COSTS_IN_BYTES,
    COSTS_IN_FLOPS,
    Cost,
    Task,
    Training,
    Unit,
    declare,
)
from layercost.shape import Shape, several, shape_wanted

TERA = 10**12
SECONDS = {"hours": 3600, "days": 86_400}
IN_ONE = {
    "hours": Message("FLOPs that are done in an hour"), "days": Message("FLOPs that are done in a day")
}  # fmt: skip

# ---- formulas ------------------------------------------------------------------------------------


def _letter(name: str, number: int) -> Number:
    """A letter; a plain 0 where there is nothing of it, so that it is not written."""
    return Symbol(name, number) if number else 0


def _of_step(task: Task) -> Expression:
    """The products of a step: forward, gradients of weights and of values, and forward again."""
    how = task.training
    if task.input_shape is None:
        raise shape_wanted(Message("a step of training"))
    step = training_step(
        task.layer, several(task.input_shape), task.convention, recompute=how.recompute, batch=task.batch
    )
    parts = [part for call in step.calls for part in call.parts]
    values = step.forward if how.all_inputs else sum(part.inputs for part in parts)
    passes = (
        ("f", how.forward, step.forward),
        ("g_w", how.weights, sum(part.weights for part in parts)),
        ("g_x", how.inputs, values),
        ("r", how.again, step.recomputed),
    )
    return _summed(times(often, _letter(name, cost)) for name, often, cost in passes if often)


def _of_size(task: Task) -> Expression:
    """2 N D for each pass: 6 N D, 4 N D beside frozen maps, 8 N D with recomputation."""
    how = task.training
    again = how.again if how.recompute == "full" else 0
    passes = how.forward + how.inputs + again + (0 if how.frozen_maps else how.weights)
    shape = task.input_shape
    tokens = int(shape[0]) if isinstance(shape, Shape) and len(shape) == 2 else 1
    return by_size(_held(task), Symbol("D", task.batch * tokens), passes)


def _given(task: Task) -> Expression:
    """Operations that somebody else has counted, for each of a batch."""
    each = Symbol("c", task.training.flops)
    return expression(each if task.batch == 1 else Symbol("b", task.batch) * each)


def _held(task: Task) -> int:
    """The values that are trained."""
    return trained_and_frozen(task.layer)[0]


def _of_states(task: Task) -> Expression:
    """Weights, gradients and the optimizer's states on one device, beside what is frozen, in 16 bits."""
    how = task.training
    optimizer = optimizer_named(how.optimizer)
    optimizer = optimizer._replace(**dict.fromkeys(how.left_out, 0))  # type: ignore[arg-type]
    trained, beside = trained_and_frozen(task.layer)
    kept = states(trained, optimizer, stage=how.stage, devices=how.devices)
    frozen = times(2, _letter("N_f", beside + how.frozen)) if beside + how.frozen else 0
    if beside + how.frozen and how.stage == 3 and how.devices > 1:
        frozen = ceil_div(frozen, Symbol("n", how.devices))
    if not how.stage or how.devices == 1:
        whole = times(optimizer.bytes, _letter("N", trained)) if trained else 0
        return expression(add(frozen, whole))
    return expression(add(frozen, kept.formula))


def _of_blocks(task: Task) -> Expression:
    """What blocks of GPT keep for the backward pass, by the formula of Korthikanti et al. 2022."""
    how, found, shape = task.training, widths(task.layer), task.input_shape
    if found is None or not isinstance(shape, Shape):
        raise LayerError(Message("the formula for activations is for blocks with attention, all alike"))
    one = korthikanti(
        int(shape[0]), task.batch, found.width, how.heads or found.heads, recompute=how.recompute
    )
    return one if found.layers == 1 else expression(Symbol("B", found.layers) * one)


def _of_weights(task: Task) -> Expression:
    """Weights of some bits, with what the groups share, rounded up to whole bytes."""
    how = task.training
    stored = Format(
        "", how.bits, how.group, how.scale_bits, how.zero_bits, how.scale_group, how.constant_bits
    )
    return stored.derived(_held(task))


def _summed(numbers: Iterable[Number]) -> Expression:
    total: Number = 0
    for one in numbers:
        total = add(total, one)
    return expression(total)


# ---- in words ------------------------------------------------------------------------------------


class Measured(NamedTuple):
    """A measure of `Cost`: its formula, its unit, and how people call it."""

    formula: Callable[[Task], Expression]
    unit: str
    words: Words
    hint: Message


COSTS: dict[Cost, Measured] = {
    Cost.STEP_FLOPS: Measured(
        _of_step, "FLOPs", Message("FLOPs of a step of training"),
        Message("Count the products of the forward pass. Then: who wants which gradient?"),
    ),
    Cost.SIZE_FLOPS: Measured(
        _of_size, "FLOPs", Message("FLOPs of training, from the number of parameters"),
        Message("Two FLOPs for each parameter and token, in each pass. Which passes run?"),
    ),
    Cost.GIVEN_FLOPS: Measured(
        _given, "FLOPs", Message("FLOPs that are given"),
        Message("How many operations were done, and how many could have been done in that time?"),
    ),
    Cost.STATE_BYTES: Measured(
        _of_states, "bytes", Message("bytes of weights, gradients and the optimizer's states"),
        Message("What is kept for each parameter that is trained? Then: which of it does each device keep?"),
    ),
    Cost.KEPT_BYTES: Measured(
        _of_blocks, "bytes", Message("bytes of activations of a block"),
        Message("Which part grows with the length, and which with its square?"),
    ),
    Cost.STORED_BYTES: Measured(
        _of_weights, "bytes", Message("bytes of quantised weights"),
        Message("The bits of the weights first, then those that each group of them shares."),
    ),
}  # fmt: skip

_PASSES = Message(
    "Counted are products of matrices, 2 FLOPs a multiply-accumulate: in the backward pass one for the "
    "gradient of the weights and one for that of the input, as far as somebody wants them."
)
_SIZE = Message(
    "Two FLOPs for each parameter and token in the forward pass, and as many for each gradient; pairs of "
    "tokens are left out."
)
_KEPT = Message(
    "By the formula of Korthikanti et al. 2022 for blocks of GPT, in 16 bits with dropout: s·b·d·(34 + "
    "5·h·s/d) bytes each."
)
_SHARED = {
    1: Message("The states of the optimizer are shared out (ZeRO, stage 1)."),
    2: Message("States and gradients are shared out (ZeRO, stage 2)."),
    3: Message("States, gradients and weights are shared out (ZeRO, stage 3)."),
}


def counted(task: Task) -> Words:
    """What an answer counts, in sentences: the settings that the formula takes, and what it leaves out."""
    how = task.training
    match task.measure:
        case Cost.STEP_FLOPS:
            return Joined([_PASSES, *_again(how)])
        case Cost.SIZE_FLOPS:
            return Joined([_SIZE, *_again(how)])
        case Cost.STATE_BYTES:
            says = Message("{optimizer}.", optimizer=OPTIMIZERS[how.optimizer].says)
            return Joined([says, *([_SHARED[how.stage]] if how.stage else [])])
        case Cost.KEPT_BYTES:
            return _KEPT
    return ""


def _again(how: Training) -> list[Words]:
    if how.recompute == "none":
        return []
    return [Message("Recomputed: {says}.", says=RECOMPUTE[how.recompute])]


def unit_of(measure: Cost) -> str:
    """The unit of a count that is asked for in no other."""
    return COSTS[measure].unit


# ---- numbers -------------------------------------------------------------------------------------


def formula(task: Task) -> Expression:
    """How the number comes about, before it is put into a unit."""
    assert isinstance(task.measure, Cost)
    return COSTS[task.measure].formula(task)


def amount(task: Task) -> Fraction:
    """The exact answer, in the task's unit."""
    return Fraction(formula(task).value) / _unit_size(task)


def _unit_size(task: Task) -> Fraction:
    """How much of what is counted is one of the unit; of a day, what machines could have done in it."""
    own, found = Fraction(task.unit.size), measured_by(task)
    if found is None:
        return own
    _, formula_of_it = found
    return own * formula_of_it.value / {"percent": 100, "bits a weight": 8}.get(task.unit.name, 1)


def measured_by(task: Task) -> tuple[Message, Expression] | None:
    """What the amount is held against where a unit is more than a prefix: in words, and as a formula."""
    how, span = task.training, task.unit.name
    if span in SECONDS or (span == "percent" and how.milliseconds):
        rate = times(how.devices, Symbol("F", how.teraflops * TERA))
        if span == "percent":
            done = exact_div(rate * Symbol("t", how.milliseconds), 1000)
            return Message("FLOPs that could be done in that time"), expression(done)
        done = times(SECONDS[span], rate)
        used = done if how.percent == 100 else exact_div(done * Symbol("u", how.percent), 100)
        return IN_ONE[span], expression(used)
    if span in ("percent", "times"):
        usual = AS_USUAL if how.recompute == "none" else replace(how, recompute="none")
        return Message("compared with"), formula(replace(task, training=usual))
    if span == "bits a weight":
        return Message("each byte has 8 bits, and the weights are"), Symbol("N", _held(task))
    return None


# ---- what people believe -------------------------------------------------------------------------


def _training(name: str, message: Message, measures: Collection[Cost], **changes: object) -> None:
    """A belief about training: other values of some settings; nobody leaves every pass out."""

    def distort(task: Task) -> Task | None:
        how = replace(task.training, **changes)  # type: ignore[arg-type]
        return replace(task, training=how) if how.forward or how.weights or how.inputs else None

    declare(name, message, distort, measures)


def _believed(
    name: str, message: Message, measures: Collection[Cost], distort: Callable[[Task], Task | None]
) -> None:
    """A belief about some measures; what it changes stands last, where it is often a function made here."""
    declare(name, message, distort, measures)


_COUNTED = frozenset({Cost.STEP_FLOPS, Cost.SIZE_FLOPS})
_training(
    "forward-pass-alone",
    Message("You counted the forward pass alone: the gradients take products of their own."),
    _COUNTED, weights=0, inputs=0, again=0,
)  # fmt: skip
_training(
    "backward-pass-alone",
    Message("You counted the gradients alone: the forward pass runs, too."),
    _COUNTED, forward=0, again=0,
)  # fmt: skip
_training(
    "backward-as-forward",
    Message(
        "You counted one product for each map in the backward pass: there are two, for the weights and for "
        "the input."
    ),
    _COUNTED, weights=0,
)  # fmt: skip


def _recomputing(change: Callable[[Training], Training]) -> Callable[[Task], Task | None]:
    def distort(task: Task) -> Task | None:
        how = task.training
        return None if how.recompute == "none" else replace(task, training=change(how))

    return distort


_believed(
    "recomputation-is-free",
    Message("You left the recomputation out: what is not kept runs forward a second time."),
    _COUNTED, _recomputing(lambda how: replace(how, recompute="none")),
)  # fmt: skip


def _all_twice(task: Task) -> Task | None:
    if task.training.recompute == "none":
        return None
    half = Unit(task.unit.name, Fraction(task.unit.size) / 2)
    return replace(task, unit=half, training=replace(task.training, recompute="none"))


_believed(
    "everything-recomputed",
    Message("You doubled everything: only the forward pass runs again, and the gradients once."),
    _COUNTED, _all_twice,
)  # fmt: skip


def _for_nothing(task: Task) -> Task | None:
    if task.training.recompute != "none":
        return None
    return replace(task, training=replace(task.training, recompute="full"))


_believed(
    "recomputation-not-asked-for",
    Message("You counted a second forward pass: here everything is kept, and nothing is recomputed."),
    _COUNTED, _for_nothing,
)  # fmt: skip


def _thawed(task: Task) -> Task | None:
    if not task.training.frozen_maps:
        return None
    return replace(task, training=replace(task.training, frozen_maps=False))


_believed(
    "gradients-of-frozen-weights",
    Message(
        "You counted gradients of the frozen weights: only those of the values are needed, on the way to "
        "the adapters."
    ),
    {Cost.SIZE_FLOPS}, _thawed,
)  # fmt: skip


def _share_of_parameters(task: Task) -> Task | None:
    how = task.training
    if not how.adapters or task.unit.name != "percent":
        return None
    share = Fraction(100 * how.adapters, _held(task))
    return replace(task, unit=Unit("", formula(task).value / share))


_believed(
    "share-of-parameters-taken",
    Message(
        "You took the share of the parameters that are trained: the whole model runs forward, and gradients "
        "lead back through all of it."
    ),
    {Cost.SIZE_FLOPS}, _share_of_parameters,
)  # fmt: skip


def _first_too(task: Task) -> Task:
    return replace(task, training=replace(task.training, all_inputs=True))


_believed(
    "gradient-of-the-data",
    Message(
        "You counted a gradient of the input of the first map: it is data, and nothing before it is trained."
    ),
    {Cost.STEP_FLOPS}, _first_too,
)  # fmt: skip


def _mfu_of(factor: Fraction) -> Callable[[Task], Task]:
    def distort(task: Task) -> Task:
        return replace(task, unit=Unit(task.unit.name, Fraction(task.unit.size) * factor))

    return distort


_believed(
    "forward-for-all-three",
    Message("You took the forward pass alone, a third of what was done: both gradients belong to it."),
    {Cost.GIVEN_FLOPS}, _mfu_of(Fraction(3)),
)  # fmt: skip


# ---- machines


def _on_machines(change: Callable[[Training], Training]) -> Callable[[Task], Task | None]:
    def distort(task: Task) -> Task | None:
        return replace(task, training=change(task.training)) if task.training.teraflops else None

    return distort


_believed(
    "one-device-works",
    Message("You let one device do all of it: the others work at the same time."),
    COSTS_IN_FLOPS, _on_machines(lambda how: replace(how, devices=1)),
)  # fmt: skip
_believed(
    "full-peak-reached",
    Message("You took the peak for what is reached: a part of it is."),
    COSTS_IN_FLOPS, _on_machines(lambda how: replace(how, percent=100)),
)  # fmt: skip


def _spanning(span: str, factor: Fraction) -> Callable[[Task], Task | None]:
    """Who gives so many of a span of time for one of what was asked for."""

    def distort(task: Task) -> Task | None:
        if task.unit.name != span:
            return None
        return replace(task, unit=Unit(span, Fraction(task.unit.size) / factor))

    return distort


_believed(
    "hours-for-days", Message("You gave hours: a day has 24 of them."),
    COSTS_IN_FLOPS, _spanning("days", Fraction(24)),
)  # fmt: skip
_believed(
    "days-for-hours", Message("You gave days: each of them has 24 hours."),
    COSTS_IN_FLOPS, _spanning("hours", Fraction(1, 24)),
)  # fmt: skip


_believed(
    "one-prefix-apart",
    Message("You are off by a thousand: giga is 10⁹, tera 10¹², peta 10¹⁵."),
    COSTS_IN_FLOPS, _spanning("days", Fraction(1000)),
)  # fmt: skip


# ---- bytes of weights, gradients and states


def _sharing(change: Callable[[Training], Training | None]) -> Callable[[Task], Task | None]:
    def distort(task: Task) -> Task | None:
        how = change(task.training) if task.training.stage else None
        return None if how is None else replace(task, training=how)

    return distort


def _stage(stage: int) -> Callable[[Training], Training | None]:
    return lambda how: None if how.stage == stage else replace(how, stage=stage)


_believed(
    "nothing-shared-out",
    Message("You let each device keep everything: a part of it is shared out."),
    {Cost.STATE_BYTES}, _sharing(_stage(0)),
)  # fmt: skip
for _number, _name, _says in (
    (1, "states-alone-shared", Message("You shared out the states of the optimizer alone: that is stage 1.")),
    (2, "gradients-shared-too", Message("You shared out states and gradients: that is stage 2.")),
    (3, "everything-shared-out", Message("You shared out weights, gradients and states: that is stage 3.")),
):
    _believed(_name, _says, {Cost.STATE_BYTES}, _sharing(_stage(_number)))


def _without(*parts: str) -> Callable[[Task], Task | None]:
    def distort(task: Task) -> Task | None:
        optimizer = OPTIMIZERS[task.training.optimizer]
        if not any(getattr(optimizer, part) for part in parts) or not _held(task):
            return None
        left_out = (*task.training.left_out, *parts)
        if {"weight", "gradient", "moments"} <= set(left_out):
            return None  # nothing is left but a copy
        return replace(task, training=replace(task.training, left_out=left_out))

    return distort


_believed(
    "master-copy-forgotten",
    Message("You left out the master copy: the optimizer changes weights that are kept in 32 bits."),
    {Cost.STATE_BYTES}, _without("master"),
)  # fmt: skip
_believed(
    "gradients-forgotten",
    Message("You left out the gradients: each trained parameter has one until it is changed."),
    {Cost.STATE_BYTES}, _without("gradient"),
)  # fmt: skip
_believed(
    "moments-forgotten",
    Message("You left out the moments: Adam keeps two for each parameter."),
    {Cost.STATE_BYTES}, _without("moments"),
)  # fmt: skip
_believed(
    "moments-alone",
    Message("You counted the moments alone: weights, gradients and any master copy lie beside them."),
    {Cost.STATE_BYTES}, _without("weight", "gradient", "master"),
)  # fmt: skip
_believed(
    "weights-alone",
    Message("You counted the weights alone: gradients and the optimizer's states lie beside them."),
    {Cost.STATE_BYTES}, _without("gradient", "master", "moments"),
)  # fmt: skip


BOTH_GRADIENTS = "adam-mixed-both-gradients"


def _both_gradients(task: Task) -> Task | None:
    how = task.training
    if not how.optimizer.startswith("adam-mixed") or how.optimizer == BOTH_GRADIENTS or not _held(task):
        return None
    return replace(task, training=replace(how, optimizer=BOTH_GRADIENTS))


_believed(
    "gradients-kept-twice",
    Message("You kept the gradients twice, in 16 bits and in 32: some programs do, and here they are once."),
    {Cost.STATE_BYTES}, _both_gradients,
)  # fmt: skip


def _wide_moments(task: Task) -> Task | None:
    how = task.training
    if how.optimizer != "adam-8bit":
        return None
    return replace(task, training=replace(how, optimizer="adam-mixed"))


_believed(
    "moments-in-32-bits",
    Message("You kept the moments in 32 bits: here each of them has 8."),
    {Cost.STATE_BYTES}, _wide_moments,
)  # fmt: skip


def _frozen(change: Callable[[Task], Task | None]) -> Callable[[Task], Task | None]:
    def distort(task: Task) -> Task | None:
        return change(task) if task.training.frozen else None

    return distort


_believed(
    "frozen-weights-forgotten",
    Message("You left out the frozen weights: they are not trained, and lie in the memory all the same."),
    {Cost.STATE_BYTES}, _frozen(lambda task: replace(task, training=replace(task.training, frozen=0))),
)  # fmt: skip


def _trained_too(task: Task) -> Task:
    """Whoever gives frozen weights what trained ones have."""
    optimizer = OPTIMIZERS[task.training.optimizer]
    each = optimizer.bytes - sum(getattr(optimizer, part) for part in task.training.left_out)
    return replace(task, training=replace(task.training, frozen=task.training.frozen * each // 2))


_believed(
    "frozen-weights-have-states",
    Message("You gave the frozen weights gradients and states: only what is trained has them."),
    {Cost.STATE_BYTES}, _frozen(_trained_too),
)  # fmt: skip


def _all_trained(task: Task) -> Task:
    """Whoever trains the whole model, and has no adapters."""
    whole = Linear(task.training.frozen, 1, bias=False)
    return replace(task, layer=whole, training=replace(task.training, frozen=0))


_believed(
    "whole-model-trained",
    Message("You trained the whole model, and no adapters: its weights stay as they are, 2 bytes each."),
    {Cost.STATE_BYTES}, _frozen(_all_trained),
)  # fmt: skip


# ---- activations


def _kept_otherwise(recompute: str) -> Callable[[Task], Task | None]:
    def distort(task: Task) -> Task | None:
        if task.training.recompute == recompute:
            return None
        return replace(task, training=replace(task.training, recompute=recompute))

    return distort


_believed(
    "square-left-out",
    Message("You left out what grows with the square of the length: scores, their softmax and its mask."),
    {Cost.KEPT_BYTES}, _kept_otherwise("selective"),
)  # fmt: skip
_believed(
    "input-of-a-block-alone",
    Message("You kept the input of each block alone: so does full recomputation, and here more is kept."),
    {Cost.KEPT_BYTES}, _kept_otherwise("full"),
)  # fmt: skip
_believed(
    "everything-kept",
    Message("You kept everything: a part of it is computed again, and need not be kept."),
    {Cost.KEPT_BYTES}, _kept_otherwise("none"),
)  # fmt: skip
_training(
    "scores-of-one-head",
    Message("You counted the scores of one head: each head has a square of its own."),
    {Cost.KEPT_BYTES}, heads=1,
)  # fmt: skip
declare(
    "one-text-kept",
    Message("You counted one text: each of the batch leaves its own activations."),
    lambda task: replace(task, batch=1) if task.batch > 1 else None,
    {Cost.KEPT_BYTES},
)


# ---- quantised weights


def _groups(**changes: int) -> Callable[[Task], Task | None]:
    def distort(task: Task) -> Task | None:
        how = replace(task.training, **changes)  # type: ignore[arg-type]
        return None if how == task.training else replace(task, training=how)

    return distort


_believed(
    "scales-forgotten",
    Message("You counted the weights' own bits alone: each group has a scale beside them."),
    {Cost.STORED_BYTES}, _groups(group=0, scale_group=0),
)  # fmt: skip
_believed(
    "zero-points-forgotten",
    Message("You left out the zero points: each group has one beside its scale."),
    {Cost.STORED_BYTES}, _groups(zero_bits=0),
)  # fmt: skip
_believed(
    "constants-forgotten",
    Message("You left out the second level: the scales are quantised, and share a constant in their turn."),
    {Cost.STORED_BYTES}, _groups(scale_group=0),
)  # fmt: skip


def _quantised_once(task: Task) -> Task | None:
    """Scales in the format of their constants, as they are without a second level."""
    how = task.training
    if not how.scale_group:
        return None
    return replace(task, training=replace(how, scale_bits=how.constant_bits, scale_group=0))


_believed(
    "scales-not-quantised",
    Message("You took the scales in their full width: they are quantised, too."),
    {Cost.STORED_BYTES}, _quantised_once,
)  # fmt: skip
_believed(
    "sixteen-bits-kept",
    Message("You counted 16 bits a weight: they are quantised."),
    {Cost.STORED_BYTES},
    lambda task: None if task.training.bits == 16 else replace(task, training=replace(
        task.training, bits=16, group=0, scale_group=0
    )),
)  # fmt: skip

assert frozenset(COSTS) == COSTS_IN_FLOPS | COSTS_IN_BYTES
