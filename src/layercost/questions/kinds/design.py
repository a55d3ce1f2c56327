"""Design a layer under a budget: find sizes with which it keeps to all limits.

`choose` are the sizes that are sought, each with the numbers among which a design is sure to be found; any
sizes that keep to the limits are right, also others. A limit is a measure, as ``receptive_field``, or one of
the readings of `steps`, with ``at_most``, ``at_least`` or ``exactly``: a number or a drawn name.
`mistakes` are the misconceptions that a design which breaks a budget is taken for; by default there are none.

    kind = "design"
    wording.en = "Find a kernel and a number of output channels that keep to the limits."
    layer = "Conv2d(16, maps, kernel_size=kernel)"
    input = [16, 32, 32]
    draw.budget = { from = 8000, to = 20000, step = 1000 }
    draw.field = [3, 5]
    choose.kernel = { among = [1, 3, 5, 7], wording.en = "the kernel" }
    choose.maps = { among = { from = 8, to = 64, step = 8 }, wording.en = "the output channels" }
    limit = [
        { read = "parameters", at_most = "budget" },
        { read = "receptive_field", at_least = "field" },
        { read = "output_channels", at_least = 16 },
    ]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any, ClassVar, NamedTuple

from layercost.convention import unknown
from layercost.layer import LayerError
from layercost.message import Joined, Message, Words, clauses, listing
from layercost.misconception import MISCONCEPTIONS, Size, Task
from layercost.questions.draw import Drawn, QuestionError, choice_from, known_keys
from layercost.questions.explain import Diagnosis
from layercost.questions.kind import Field, Line, Wrong, derived, kind
from layercost.questions.kinds.compute import Question
from layercost.questions.kinds.readings import Reading, check_reading
from layercost.questions.kinds.shared import (
    RIGHT_ANSWER,
    SUBJECT,
    DrawnTemplate,
    Kept,
    amount,
    inner,
    known_misconceptions,
    needs_text,
    opening,
    right,
    tables,
    values_of,
    whole_answer,
    worded,
    written,
)
from layercost.shape import ShapeError

OVER, BELOW, OFF, NO_LAYER = "over-budget", "below-target", "off-target", "no-layer"
BOUNDS = ("at_most", "at_least", "exactly")
MOST_DESIGNS = 400
LARGEST = 100_000  # no size of a layer that is designed is larger


class Limit(NamedTuple):
    """What is bounded, how, and by which number or drawn name."""

    read: str
    bound: str
    by: int | str


class Sought(NamedTuple):
    """A size that is sought: the numbers among which a design is sure to be found, and its words."""

    among: tuple[int, ...]
    wording: Mapping[str, str]


class Bounded(NamedTuple):
    """A limit with its number, and what a design comes to."""

    limit: Limit
    bound: int
    value: int
    unit: str
    words: Words

    @property
    def holds(self) -> bool:
        """Whether the design keeps to it."""
        if self.limit.bound == "at_most":
            return self.value <= self.bound
        return self.value >= self.bound if self.limit.bound == "at_least" else self.value == self.bound

    @property
    def fills(self) -> bool:
        """Whether the design uses nine tenths of a budget or more."""
        return self.limit.bound == "at_most" and 10 * self.value >= 9 * self.bound

    @property
    def outcome(self) -> str:
        """The id of what is wrong where it does not hold."""
        return {"at_most": OVER, "at_least": BELOW}.get(self.limit.bound, OFF)

    @property
    def said(self) -> Message:
        """The limit."""
        texts = {
            "at_most": Message("{what}: at most {bound}"),
            "at_least": Message("{what}: at least {bound}"),
            "exactly": Message("{what}: exactly {bound}"),
        }
        return texts[self.limit.bound].filled(what=self.words, bound=amount(self.bound))

    @property
    def found(self) -> Message:
        """The limit, and what the design comes to."""
        return Message("{limit}, here {value}", limit=self.said, value=amount(self.value, self.unit))


@dataclass(frozen=True)
class Design(DrawnTemplate):
    """A layer to be designed."""

    kind: ClassVar[str] = "design"
    subject: Question
    sought: Mapping[str, Sought]
    limits: tuple[Limit, ...]
    mistakes: tuple[str, ...]

    def pose(self, numbers: Mapping[str, Drawn], pick: int) -> Kept:
        """The question with these numbers."""
        return Designed(self, numbers, pick)

    @property
    def subjects(self) -> tuple[tuple[str, str, str], ...]:
        """The layer as it is written, and what bounds it."""
        bounds = ", ".join(f"{one.read} {one.bound}" for one in self.limits)
        return ((written(self.subject), bounds, self.kind),)


@dataclass(frozen=True)
class Designed(Kept):
    """The question with its numbers."""

    drawn: Design

    def kept(self, sizes: Mapping[str, int]) -> list[Bounded]:
        """What a design comes to, limit by limit; raises QuestionError where it is no layer."""
        try:
            task = self._task(sizes)
            return [self._of(limit, task, "") for limit in self.drawn.limits]
        except (LayerError, ShapeError) as error:
            raise QuestionError(str(error)) from None

    def _task(self, sizes: Mapping[str, int]) -> Task:
        variant = self.drawn.subject.variant({**self.numbers, **sizes})
        convention = self.drawn.subject.convention
        return Task(variant.layer, Size.OUTPUT_SIZE, variant.input_shape, convention, batch=variant.batch)

    def _of(self, limit: Limit, task: Task, misconception: str) -> Bounded:
        bound = limit.by if isinstance(limit.by, int) else int(self.numbers[limit.by])
        reading = Reading(limit.read, task)
        value = reading.believed_value(misconception) if misconception else reading.value
        return Bounded(limit, bound, value, reading.unit, reading.words)

    def _designs(self, fixed: Mapping[str, int]) -> Iterator[dict[str, int]]:
        """All designs among those that are sure to hold one, some sizes being fixed."""
        among = [(fixed[name],) if name in fixed else one.among for name, one in self.drawn.sought.items()]
        return (dict(zip(self.drawn.sought, sizes, strict=True)) for sizes in product(*among))

    def _holds(self, sizes: Mapping[str, int]) -> bool:
        try:
            task = self._task(sizes)
            return all(self._of(limit, task, "").holds for limit in self.drawn.limits)
        except (QuestionError, LayerError, ShapeError):
            return False

    @cached_property
    def right(self) -> list[dict[str, int]]:
        """The designs that keep to all limits, among those that are tried."""
        return [sizes for sizes in self._designs({}) if self._holds(sizes)]

    @property
    def example(self) -> dict[str, int]:
        """A design that keeps to all limits; raises QuestionError where none does."""
        if not self.right:
            raise QuestionError("no design keeps to the limits")
        return self.right[len(self.right) // 2]

    def clashes(self) -> list[str]:
        """Limits that no design keeps to, or most."""
        tried = sum(1 for _ in self._designs({}))
        if not self.right:
            return ["no design keeps to the limits"]
        return ["most designs keep to the limits"] if 2 * len(self.right) > tried else []

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """A number for each size that is sought."""
        return tuple(
            Field(name, "number", worded(one.wording, self.known()))
            for name, one in self.drawn.sought.items()
        )

    def besides(self) -> Sequence[Words]:
        """The limits, and how each is counted."""
        limits = [one.said for one in self.kept(self.example)]
        task = self._task(self.example)
        conventions = dict.fromkeys(Reading(limit.read, task).convention for limit in self.drawn.limits)
        return (Message("Limits: {limits}.", limits=clauses(limits)), *conventions)

    def known(self) -> dict[str, object]:
        """What is drawn."""
        return dict(self.numbers)

    # ---- what answers show

    def diagnose(self, raw: object, field: str = "") -> Diagnosis:
        """Whether there is a design with this size; `mark` judges all sizes together."""
        name = self.field(field).id
        size = whole_answer(raw)
        if isinstance(size, Diagnosis):
            return size
        if len(self.drawn.sought) > 1 and self._usable(name, size):
            return right(Message("There is a design with it."))
        return self._judged({**self.example, name: size})

    def _usable(self, name: str, size: int) -> bool:
        """Whether some design with this size keeps to all limits."""
        if size in self.drawn.sought[name].among:
            return any(sizes[name] == size for sizes in self.right)
        return size <= LARGEST and any(self._holds(sizes) for sizes in self._designs({name: size}))

    def mark(self, answers: Mapping[str, object]) -> dict[str, Diagnosis]:
        """All sizes together: a design is right or not as a whole."""
        read = {field.id: whole_answer(answers.get(field.id)) for field in self.fields}
        sizes = {name: one for name, one in read.items() if not isinstance(one, Diagnosis)}
        if len(sizes) < len(read):
            return super().mark(answers)
        return dict.fromkeys(read, self._judged(sizes))

    def _judged(self, sizes: Mapping[str, int]) -> Diagnosis:
        design = listing(f"{name} = {amount(size)}" for name, size in sizes.items())
        try:
            if not all(0 <= size <= LARGEST for size in sizes.values()):
                raise QuestionError("no such size")
            kept = self.kept(sizes)
        except QuestionError:
            return self.judged(NO_LAYER, Message("With {design} there is no such layer.", design=design))
        broken = [one for one in kept if not one.holds]
        if not broken:
            return RIGHT_ANSWER
        said = Message("With {design}: {found}.", design=design, found=clauses(one.found for one in broken))
        name = self._believer(sizes)
        if name:
            return self.judged(name, Joined([said, MISCONCEPTIONS[name].message]))
        return self.judged(broken[0].outcome, said)

    def _believer(self, sizes: Mapping[str, int]) -> str:
        """The only one of the `mistakes` by which a design would keep to all limits, and just fill a budget.

        Much is within the budget of somebody who counts too little: that alone shows no belief.
        """
        task = self._task(sizes)
        found = [name for name in self.drawn.mistakes if self._fills(task, name)]
        return found[0] if len(found) == 1 else ""

    def _fills(self, task: Task, misconception: str) -> bool:
        """Whether a believer's design keeps to all limits and uses up a budget."""
        try:
            kept = []
            for limit in self.drawn.limits:
                kept.append(self._of(limit, task, misconception))
                if not kept[-1].holds:
                    return False
        except (LayerError, ShapeError):
            return False  # with this belief there is no such layer
        return any(one.fills for one in kept)

    def answers(self) -> dict[str, str]:
        """One design of many."""
        return {name: str(size) for name, size in self.example.items()}

    def wrong(self) -> list[Wrong]:
        """Of each size the smallest and the largest with which there is no design."""
        found = []
        for name, one in self.drawn.sought.items():
            usable = {sizes[name] for sizes in self.right}
            wrong = [size for size in one.among if size not in usable]
            extremes = dict.fromkeys([*wrong[:1], *wrong[-1:]])
            found += [Wrong(name, str(size), self.diagnose(size, name)) for size in extremes]
        return found

    def hint(self) -> Words:
        """Where to begin."""
        return Message(
            "Take the smallest sizes that keep to the lower limits, then see how far the budget goes."
        )

    def solution(self) -> list[Line]:
        """A design, what it comes to, and how many others there are."""
        design = listing(f"{name} = {amount(size)}" for name, size in self.example.items())
        task = self._task(self.example)
        lines, said = [Line(Message("For example {design}.", design=design))], set[str]()
        for one in self.kept(self.example):
            lines.append(Line(one.found))
            if one.limit.read not in said:
                said.add(one.limit.read)
                plain = Reading(one.limit.read, task)
                lines += derived([(plain.words, plain.formula, plain.unit)])
        tried = sum(1 for _ in self._designs({}))
        rest = Message(
            "Of {tried} designs that were tried, {right} keep to all limits.",
            tried=amount(tried),
            right=amount(len(self.right)),
        )
        return [*lines, Line(rest)]


# ---- reading from TOML or JSON -------------------------------------------------------------------


@kind("design")
def read(owner: str, data: Mapping[str, Any]) -> Design:
    """Reads a question that asks for a design."""
    keys = (*SUBJECT, "convention", "choose", "limit", "mistakes")
    kept = opening(owner, data, keys, ("choose", "limit"), (), (OVER, BELOW, OFF, NO_LAYER))
    sought = _sought(owner, data["choose"], kept["names"])
    limits = tuple(_limit(owner, one, kept["names"]) for one in tables(owner, data, "limit", 1, 5))
    draw = {**data.get("draw", {}), **{name: list(one.among) for name, one in sought.items()}}
    subject = inner(owner, data, [{"quantity": "output_size"}], draw=draw)
    mistakes = known_misconceptions(owner, data.get("mistakes", []))
    return Design(**kept, subject=subject, sought=sought, limits=limits, mistakes=mistakes)


def _sought(owner: str, data: object, names: Mapping[str, object]) -> dict[str, Sought]:
    if not isinstance(data, Mapping) or not data:
        raise QuestionError(f"{owner}: `choose` is a table of the sizes that are sought, but got {data!r}")
    found, designs = {}, 1
    for name, one in data.items():
        if name in names:
            raise QuestionError(f"{owner}: {name!r} is sought, so it is not drawn")
        if not isinstance(one, Mapping) or "among" not in one:
            raise QuestionError(f"{owner}: choose.{name} needs `among`, the numbers that are tried")
        known_keys(owner, one, ("among", "wording"))
        among = values_of(owner, name, choice_from(owner, name, one["among"]))
        found[name] = Sought(among, needs_text(owner, one.get("wording"), names))
        designs *= len(among)
    if designs > MOST_DESIGNS:
        raise QuestionError(
            f"{owner}: {designs} designs are too many to try; choose among {MOST_DESIGNS} at most"
        )
    return found


def _limit(owner: str, data: Mapping[str, Any], names: Mapping[str, object]) -> Limit:
    known_keys(owner, data, ("read", *BOUNDS))
    bounds = [bound for bound in BOUNDS if bound in data]
    if len(bounds) != 1:
        raise QuestionError(f"{owner}: a limit has one of {', '.join(BOUNDS)}, but got {dict(data)!r}")
    by = data[bounds[0]]
    if isinstance(by, str) and by not in names:
        raise QuestionError(f"{owner}: {unknown(Message('drawn name'), by, names)} It bounds a limit.")
    if not isinstance(by, str) and (isinstance(by, bool) or not isinstance(by, int)):
        raise QuestionError(f"{owner}: a limit is a whole number or a drawn name, but got {by!r}")
    return Limit(check_reading(owner, data.get("read")), bounds[0], by)
