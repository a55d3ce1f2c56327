"""When a question comes back: spaced repetition by the package `fsrs`, in whole days.

A card is the plain data of one question's memory, with the days on which it was reviewed last and is due.
Only the day's first attempt is a review: what is repeated on the same day had no time to be forgotten.
`fsrs` is imported when a first card is reviewed; nothing else needs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fsrs import Scheduler

AGAIN, HARD, GOOD = 1, 2, 3  # fsrs's ratings; nobody is asked whether it was easy


def rating_of(share: float) -> int:
    """What an attempt that earned this share of the points says of the memory.

    >>> [rating_of(share) for share in (1, 0.5, 0)]
    [3, 2, 1]
    """
    if share >= 1:
        return GOOD
    return HARD if share >= 0.5 else AGAIN


def review(card: Mapping[str, Any] | None, share: float, day: str) -> dict[str, Any]:
    """The card after an attempt that earned `share` of the points on a day such as ``2026-11-26``.

    The day's second attempt changes nothing. Raises ValueError for a day that cannot be read.
    """
    on = date.fromisoformat(day)
    if card is not None and card["reviewed"] >= day:
        return dict(card)
    from fsrs import Card, Rating  # the browser fetches it when a first card is reviewed

    known = Card(card_id=0) if card is None else Card.from_dict(card["memory"])
    noon = datetime.combine(on, time(12), UTC)
    after, _log = _scheduler().review_card(known, Rating(rating_of(share)), noon)
    return {"memory": after.to_dict(), "reviewed": day, "due": after.due.date().isoformat()}


@cache
def _scheduler() -> Scheduler:
    """Without steps of minutes, which the day's first attempt never takes, and without chance."""
    from fsrs import Scheduler

    return Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False)
