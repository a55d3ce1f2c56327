"""The numbers of an assignment: drawn and vetted when it is built, and read again when it is marked.

Drawing takes far longer than marking, since every draw is vetted: right and wrong answers must differ. So
it is done once, and what was drawn is kept beside the specification in the course folder, where only
the teacher reads it: the rows of numbers that students have as their own, and sets of hidden inputs for
functions, from which each student's is picked by the secret.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any, Protocol, TypeAlias, TypeVar

from grader.papers.progress import Progress, silent
from grader.processes import in_order
from layercost.questions import Posed, Question, QuestionError, Template, Variant

ROWS = 1000  # of numbers of one's own, a question
SETS = 200  # of hidden inputs, a question
KEPT = 512  # variants of each kind that are held in memory, with the answers that were counted for them
FILE = ".draws.json"  # hidden, so that it is never taken for a file of the text
FORMAT = 1

Numbers: TypeAlias = Mapping[str, int | bool | str]
State: TypeAlias = Mapping[str, Any]  # what `Posed.state` gives


class Draws(Protocol):
    """Where the numbers of a question come from."""

    def own(self, question: Template, row: int) -> Posed:
        """The question with the numbers of a row."""

    def cases(self, question: Question, count: int, key: bytes) -> tuple[Variant, ...]:
        """The question with hidden inputs, as many as `count`, that nobody knows without the key."""

    def answers(self, question: Question, ask: str) -> Sequence[Fraction]:
        """What is right in each row, where that is known."""


@dataclass(frozen=True)
class FreshDraws:
    """Draws and vets whenever it is asked, as for a specification that was not built yet."""

    salt: str

    def own(self, question: Template, row: int) -> Posed:
        """The numbers that the public salt gives a row."""
        return question.draw(f"{self.salt}/{row % rows_of(question)}")

    def cases(self, question: Question, count: int, key: bytes) -> tuple[Variant, ...]:
        """The inputs that the key itself draws, kept between asking and marking."""
        return _fresh_cases(_Itself(question), count, key)

    def answers(self, question: Question, ask: str) -> Sequence[Fraction]:
        """Not known: nobody else's numbers were drawn."""
        return ()


class _Itself:
    """A dictionary's key for this very question, which holds what cannot be hashed."""

    __slots__ = ("question",)

    def __init__(self, question: Any) -> None:
        self.question = question

    def __hash__(self) -> int:
        return id(self.question)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and self.question is other.question


@lru_cache(maxsize=256)
def _fresh_cases(itself: _Itself, count: int, key: bytes) -> tuple[Variant, ...]:
    variants: tuple[Variant, ...] = itself.question.draw_cases(key, count)
    return variants


@dataclass(frozen=True)
class Origin:
    """From what a question's numbers were drawn: its ranges, and all else that says which draws will do."""

    ranges: str
    vetting: str

    @classmethod
    def of(cls, question: Template, salt: str = "") -> Origin:
        """What the numbers of a question come from; `salt` for those that are a student's own."""
        ranges = f"{salt}: {dict(getattr(question, 'names', {}))}"
        return cls(ranges, hashlib.sha256(_vetting(question).encode()).hexdigest())


def _vetting(question: Template) -> str:
    """All of a question but what it earns and how it is worded; of other kinds than numbers, all of it."""
    if not isinstance(question, Question):
        return repr(question)
    asks = tuple((ask.id, ask.measure, ask.part, ask.unit, ask.dtype, ask.decimals) for ask in question.asks)
    told_apart = tuple((ask.follows, sorted(ask.credit)) for ask in question.asks)
    subject: tuple[object, ...] = (question.layers, question.network, question.input, question.batch)
    if question.cached or question.repeat:
        subject += (question.cached, question.repeat)
    if question.training:
        subject += (question.training,)
    return repr((subject, question.convention.name, question.without, asks, told_apart))


@dataclass(frozen=True, eq=False)
class StoredDraws:
    """What was drawn when the assignment was built; the variants of a row or a set are built once.

    `rows` are by question; `sets` and `origins` are by pool (the question and how many inputs make a set),
    and of rows by question too. `right` holds what is right in each row, by question and what is asked.
    """

    rows: Mapping[str, Sequence[State]]
    sets: Mapping[str, Sequence[Sequence[Numbers]]]
    origins: Mapping[str, Origin] = field(default_factory=dict)
    right: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    _own: Any = field(init=False, repr=False)
    _cases: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_own", lru_cache(maxsize=KEPT)(self._own_of))
        object.__setattr__(self, "_cases", lru_cache(maxsize=KEPT)(self._cases_of))

    def __reduce__(self) -> tuple[Any, ...]:
        """What another process needs; it builds its own variants."""
        return StoredDraws, (self.rows, self.sets, self.origins, self.right)

    def own(self, question: Template, row: int) -> Posed:
        """The question with the numbers of a row."""
        posed: Posed = self._own(_Itself(question), row % len(self.rows[question.id]))
        return posed

    def cases(self, question: Question, count: int, key: bytes) -> tuple[Variant, ...]:
        """The set of inputs that the key picks."""
        sets = self.sets.get(pool(question, count), ())
        if not sets:  # more inputs are asked for than when it was built
            return _fresh_cases(_Itself(question), count, key)
        variants: tuple[Variant, ...] = self._cases(
            _Itself(question), count, int.from_bytes(key, "big") % len(sets)
        )
        return variants

    def answers(self, question: Question, ask: str) -> Sequence[Fraction]:
        """What is right in each row."""
        return [Fraction(one) for one in self.right.get(question.id, {}).get(ask, ())]

    def _own_of(self, itself: _Itself, row: int) -> Posed:
        question: Template = itself.question
        return question.posed(self.rows[question.id][row])

    def _cases_of(self, itself: _Itself, count: int, at: int) -> tuple[Variant, ...]:
        question: Question = itself.question
        return tuple(map(question.variant, self.sets[pool(question, count)][at]))


def rows_of(question: Template) -> int:
    """How many rows a question has: one where it draws no numbers, and is the same for everybody."""
    return ROWS if getattr(question, "names", True) else 1


def pool(question: Question, count: int) -> str:
    """The name under which the sets of hidden inputs of a question are kept."""
    return f"{question.id}/{count}"


# ---- drawing ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Drawing:
    """Draws all numbers of an assignment, and keeps of `earlier` ones what is as good as new.

    `in_use` says that students work on the rows: these stay as they are while their ranges do.
    """

    salt: str
    secret: bytes
    earlier: StoredDraws
    in_use: bool = False
    progress: Progress = silent
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)

    def all(self, own: Iterable[Template], hidden: Iterable[tuple[Question, int]]) -> StoredDraws:
        """Rows for each question about a student's own numbers, and sets for each that has hidden inputs."""
        own, pools = list(own), {pool(*each): each for each in hidden}
        rows = {question.id: self._rows(question) for question in own}
        sets = {name: self._sets(name, *each) for name, each in pools.items()}
        origins = {question.id: Origin.of(question, self.salt) for question in own}
        origins |= {name: Origin.of(question) for name, (question, _) in pools.items()}
        right = {question.id: _right(question, rows[question.id]) for question in own}
        return StoredDraws(rows, sets, origins, right)

    def _rows(self, question: Template) -> list[State]:
        kept, now = self.earlier.rows.get(question.id, ()), Origin.of(question, self.salt)
        if kept and self._same(question.id, now):
            return list(kept)
        if kept and self.in_use and self._same(question.id, now, whatever_vetting=True):
            return self._vetted_again(question, kept)
        draw = partial(_row, FreshDraws(self.salt), question)
        return self._each(f"numbers of {question.id}", draw, rows_of(question))

    def _each(self, what: str, work: Callable[[int], Made], count: int) -> list[Made]:
        """What a piece of work gives for each number, with a word of how far it has come."""
        with self.progress(what, count) as advance:
            return [_advanced(advance, made) for made in in_order(work, count, self.workers)]

    def _vetted_again(self, question: Template, kept: Sequence[State]) -> list[State]:
        """The rows that students work on, if the question as it is now tells right from wrong on each."""
        check = partial(_clashes, question, kept)
        for row, clashes in enumerate(self._each(f"numbers in use of {question.id}", check, len(kept))):
            if clashes:
                raise QuestionError(
                    f"question {question.id!r}: with the numbers of row {row} {clashes[0]}, and students "
                    "work on them; take the credit away, or draw new ones with --new-version"
                )
        return list(kept)

    def _sets(self, name: str, question: Question, count: int) -> list[list[Numbers]]:
        kept = [list(each) for each in self.earlier.sets.get(name, ())]
        if kept and self._same(name, Origin.of(question)):
            return kept
        if not self._same(name, Origin.of(question), whatever_vetting=True):
            kept = []
        draw = partial(_set, question, count, self.secret, kept)
        return self._each(f"hidden inputs of {question.id}", draw, SETS)

    def _same(self, name: str, now: Origin, *, whatever_vetting: bool = False) -> bool:
        then = self.earlier.origins.get(name)
        return then is not None and (then == now or (whatever_vetting and then.ranges == now.ranges))


Made = TypeVar("Made")


def _advanced(advance: Callable[[], None], made: Made) -> Made:
    advance()
    return made


def _right(question: Template, rows: Sequence[State]) -> dict[str, list[str]]:
    """What is right in each row, by what is asked; nothing for questions of other kinds than numbers."""
    if not isinstance(question, Question):
        return {}
    variants = [question.posed(row) for row in rows]
    return {ask.id: [str(variant.item(ask.id).answer) for variant in variants] for ask in question.asks}


def _row(fresh: FreshDraws, question: Template, row: int) -> State:
    return fresh.own(question, row).state()


def _set(
    question: Question, count: int, secret: bytes, kept: Sequence[list[Numbers]], at: int
) -> list[Numbers]:
    """The earlier set where it still tells right from wrong, so that nothing is asked anew."""
    if at < len(kept) and not question.clashes(tuple(map(question.variant, kept[at]))):
        return kept[at]
    return draw_set(question, count, secret, at)


def _clashes(question: Template, kept: Sequence[State], row: int) -> list[str]:
    posed = question.posed(kept[row])
    clashes: list[str] = getattr(posed, "clashes", list)()
    return clashes


def draw_set(question: Question, count: int, secret: bytes, at: int) -> list[Numbers]:
    """A set of hidden inputs, vetted as a whole; nobody without the secret can know it."""
    key = hmac.new(secret, f"{pool(question, count)}/{at}".encode(), hashlib.sha256).digest()
    return [dict(one.numbers) for one in question.draw_cases(key, count)]


# ---- as a file ----------------------------------------------------------------------------------


def to_text(draws: StoredDraws) -> str:
    """As JSON; the names of a question's numbers are said once."""
    tree = {
        "format": FORMAT,
        "rows": {name: _rows_to_tree(rows) for name, rows in draws.rows.items()},
        "sets": {name: _table(sets[0], sets) for name, sets in draws.sets.items()},
        "origins": {name: asdict(origin) for name, origin in draws.origins.items()},
        "right": draws.right,
    }
    return json.dumps(tree, separators=(",", ":"))


def _rows_to_tree(rows: Sequence[State]) -> dict[str, object]:
    numbers = [row["numbers"] for row in rows]
    rest = [{key: value for key, value in row.items() if key not in ("numbers", "question")} for row in rows]
    return _table(numbers, [numbers]) | ({"rest": rest} if any(rest) else {})


def _table(some: Sequence[Numbers], sets: Iterable[Sequence[Numbers]]) -> dict[str, object]:
    return {"names": list(some[0]), "sets": [[list(one.values()) for one in each] for each in sets]}


def from_text(text: str) -> StoredDraws:
    """Reads what `to_text` wrote; raises ValueError for anything else."""
    try:
        tree = json.loads(text)
        if tree["format"] != FORMAT:
            raise ValueError(f"format {tree['format']!r}")
        rows = {name: _rows_from_tree(name, one) for name, one in tree["rows"].items()}
        sets = {name: _numbers(one) for name, one in tree["sets"].items()}
        origins = {name: Origin(**one) for name, one in tree["origins"].items()}
        right = dict(tree["right"])
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"not what `grader build` writes ({type(error).__name__}: {error})") from error
    return StoredDraws(rows, sets, origins, right)


def _rows_from_tree(name: str, table: Mapping[str, Any]) -> list[State]:
    (numbers,) = _numbers(table)
    rest = table.get("rest") or [{}] * len(numbers)
    pairs = zip(numbers, rest, strict=True)
    return [{"question": name, "numbers": one, **others} for one, others in pairs]


def _numbers(table: Mapping[str, Any]) -> list[list[Numbers]]:
    return [[dict(zip(table["names"], row, strict=True)) for row in each] for each in table["sets"]]
