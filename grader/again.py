"""Runs a submission once more with the model's functions in place of wrong ones, where that can gain points.

The model's function is put behind the answer cell that it stands in for, so that what the student defined
there stays, and again behind each later cell of the student's, which may define the name once more. It lives
among names of its own: a helper of the model's replaces none of the student's.

The student's code may read the model's function there. So it happens in a box of its own when all has been
asked in the first, and nothing comes of it but the marks of the cells that are asked once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from grader.job import CellResult, CodeCell, Job, Outcome, broken
from grader.protocol import Model, SecondRun
from grader.record import Asked, Record
from grader.values import Answer

LEAST_SECONDS = 0.01  # what a second run gets where the first took all the time there is
Run = Callable[[Job], Outcome]


@dataclass(frozen=True)
class Again:
    """What second runs gave: for the record by the models that stood in, and for scoring by `grade_id`."""

    asked: Mapping[str, Asked] = field(default_factory=dict)
    ran: bool = False

    @property
    def answers(self) -> dict[str, tuple[Answer, ...]]:
        return {
            grade_id: tuple(answer for _, answer in pairs)
            for asked in self.asked.values()
            for grade_id, pairs in asked.items()
        }

    @property
    def broke(self) -> bool:
        """Whether one that ran now ended its process or took too long."""
        return self.ran and broken((), (answer for every in self.answers.values() for answer in every))


NEVER_AGAIN = Again()


def run_again(
    wanted: Sequence[SecondRun],
    first: Job,
    cells: Sequence[CellResult],
    earlier: Record | None,
    run: Run,
    *,
    alone: bool,
) -> Again:
    """Answers to what is wanted: those on record, and those of second runs where there are none.

    `first` is the submission's job with the time that is left, for each where it is `alone` and else for all
    of them, and `cells` what came of its cells.
    """
    asked: dict[str, Asked] = {}
    left, ran = first.seconds, False
    for one in wanted:
        known = earlier.answers_again(one.key, one.probes) if earlier is not None else None
        if known is None:
            outcome = run(replace(second_job(one, first, cells), seconds=left))
            known, ran = outcome.answers, True
            left = left if alone else time_left(left, outcome.seconds)
        asked[one.key] = {
            grade_id: tuple(zip(probes, known[grade_id], strict=True))
            for grade_id, probes in one.probes.items()
        }
    return Again(asked, ran)


def time_left(seconds: float | None, taken: float) -> float | None:
    """What is left of the time for a submission; None where it has all that a sandbox gives."""
    return None if seconds is None else max(seconds - taken, LEAST_SECONDS)


def second_job(wanted: SecondRun, first: Job, cells: Sequence[CellResult]) -> Job:
    """The same cells with the model's functions in place.

    Where the cell of such a function ended or blocked its process, the model's is there instead of it.
    """
    broke = {number for number, result in enumerate(cells) if broken([result], ())}
    pairs = ((cell, number in broke) for number, cell in enumerate(first.cells))
    code = _with_models(pairs, wanted.models, first.answered_in)
    return replace(first, cells=tuple(code), probes=wanted.probes)


def _with_models(
    cells: Iterable[tuple[CodeCell, bool]], models: Sequence[Model], answered_in: Mapping[str, str]
) -> Iterator[CodeCell]:
    behind: list[Model] = []  # those whose answer cell has passed
    for cell, broke in cells:
        new = [one for one in models if answered_in.get(one.grade_id) == cell.grade_id]
        if not (new and broke):
            yield cell
        behind += new
        if new or any(one.name in cell.source for one in behind):
            yield CodeCell("", "\n".join(map(standing_in, behind)))


def standing_in(model: Model) -> str:
    """Code after which a name means the model's function."""
    run = f"exec({model.source!r}, names) or names[{model.name!r}]"
    return f"{model.name} = (lambda names: {run})(dict(globals()))"
