"""What an exam holds, read from TOML: its sections, how many questions of which kind, and their points.

A section either names questions, or says how many to choose and from which skills, levels and kinds. A
blueprint may bring questions of its own, in the schema of the bank: those are in no public practice.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from grader.course import CourseError
from layercost.convention import unknown
from layercost.message import Message
from layercost.questions import QuestionError, known_keys, read_question
from layercost.questions.bank import templates
from layercost.questions.draw import Seed, chance
from layercost.questions.kind import KINDS, LEVELS, Template
from layercost.questions.skills import SKILLS

_KEYS = ("title", "minutes", "instructions", "partial", "section", "question")
_SECTION_KEYS = ("title", "note", "points", "space", "questions", "count", "skills", "levels", "kinds")
_CHOOSING = ("count", "skills", "levels", "kinds")
SPACE, MOST_SPACE = 3.0, 25.0  # centimetres for a worked answer
MOST_QUESTIONS = 200


@dataclass(frozen=True)
class Section:
    """Questions that stand together: named ones, or `count` that are chosen."""

    title: str
    note: str
    points: Fraction
    space: float
    named: tuple[str, ...]
    count: int
    skills: tuple[str, ...]
    levels: tuple[int, ...]
    kinds: tuple[str, ...]

    def takes(self, template: Template) -> bool:
        """Whether a question may be chosen here."""
        return (
            template.level in self.levels
            and template.kind in self.kinds
            and (not self.skills or not set(self.skills).isdisjoint(template.skills))
        )


@dataclass(frozen=True)
class Blueprint:
    """An exam before anything is drawn; `own` are the questions that it brings itself.

    `partial` is the share of the points that a known wrong answer earns in a question that gives no share.
    """

    title: str
    minutes: int
    instructions: str
    partial: Fraction
    sections: tuple[Section, ...]
    own: Mapping[str, Template]

    @property
    def pool(self) -> dict[str, Template]:
        """All questions that can be asked: its own first, then those of the bank."""
        return {**self.own, **templates()}


@dataclass(frozen=True)
class Place:
    """One question of an exam: the same for all students, before their numbers are drawn."""

    number: int
    section: Section
    template: Template


class BlueprintError(CourseError):
    """A blueprint that cannot be used; the message names the file, the place, and what was expected."""


def load(path: Path) -> Blueprint:
    """Reads a blueprint; raises BlueprintError."""
    return read(str(path), text_of(path))


def text_of(path: Path) -> str:
    """A blueprint's text; raises BlueprintError."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise BlueprintError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise BlueprintError(f"{path}: expected UTF-8") from None


def read(name: str, text: str) -> Blueprint:
    """Reads a blueprint's text; raises BlueprintError, which begins with the file's name."""
    try:
        return _blueprint(tomllib.loads(text))
    except (ValueError, RecursionError) as error:  # not TOML, or not what was expected
        raise BlueprintError(f"{name}: {error}") from None
    except (TypeError, KeyError, AttributeError) as error:  # a table where a text was expected, and the like
        raise BlueprintError(f"{name}: a question of its own is not well formed: {error}") from None


def places(blueprint: Blueprint, seed: Seed) -> tuple[Place, ...]:
    """The questions of an exam in order, the same for the same seed; raises BlueprintError for too few.

    No question is asked twice, and none that asks the same of the same layer.
    """
    pool = blueprint.pool
    taken = [pool[name] for section in blueprint.sections for name in section.named]
    chosen: list[tuple[Section, Template]] = []
    for number, section in enumerate(blueprint.sections, start=1):
        found = [pool[name] for name in section.named] or _chosen(section, number, pool.values(), taken, seed)
        taken += found
        chosen += [(section, template) for template in found]
    return tuple(Place(number, *each) for number, each in enumerate(chosen, start=1))


def _chosen(
    section: Section, number: int, pool: Iterable[Template], taken: Sequence[Template], seed: Seed
) -> list[Template]:
    """Each skill in its turn, so that none of those named is left out where there are enough questions."""
    asked = {template.id for template in taken}
    about = {subject for template in taken for subject in template.subjects}
    rest = [template for template in pool if section.takes(template) and template.id not in asked]
    rest.sort(key=lambda template: chance(seed, f"choose/{number}/{template.id}", 2**64))
    found: list[Template] = []
    while len(found) < section.count:
        rest = [template for template in rest if about.isdisjoint(template.subjects)]
        if not rest:
            raise BlueprintError(_too_few(section, number, len(found)))
        template = _next(section, len(found), rest)
        rest.remove(template)
        about |= set(template.subjects)
        found.append(template)
    return found


def _next(section: Section, place: int, rest: Sequence[Template]) -> Template:
    """The first question that trains the skill whose turn it is; any where none is left of that skill."""
    if not section.skills:
        return rest[0]
    skill = section.skills[place % len(section.skills)]
    return next((template for template in rest if skill in template.skills), rest[0])


def _too_few(section: Section, number: int, found: int) -> str:
    skills = f" for {', '.join(section.skills)}" if section.skills else ""
    levels = ", ".join(map(str, section.levels))
    return (
        f"section {number} ({section.title!r}): asks for {section.count} questions{skills} of level {levels} "
        f"and kind {', '.join(section.kinds)}, but there are {found} that no other place asks already"
    )


# ---- reading ------------------------------------------------------------------------------------


def _blueprint(data: Mapping[str, Any]) -> Blueprint:
    known_keys("the blueprint", data, _KEYS)
    for key in ("title", "minutes", "section"):
        if key not in data:
            raise QuestionError(f"the blueprint: {key!r} is missing")
    own = _own(_tables("the blueprint", "question", data.get("question", [])))
    sections = _tables("the blueprint", "section", data["section"])
    blueprint = Blueprint(
        title=_text("the blueprint", "title", data["title"]),
        minutes=_whole("the blueprint", "minutes", data["minutes"], 1, 24 * 60),
        instructions=_text("the blueprint", "instructions", data.get("instructions", "")),
        partial=Fraction(str(_amount("the blueprint", "partial", data.get("partial", 0), 0, 0.99))),
        sections=tuple(_section(number, one) for number, one in enumerate(sections, start=1)),
        own=own,
    )
    _check_names(blueprint)
    return blueprint


def _own(data: Sequence[Mapping[str, Any]]) -> dict[str, Template]:
    found: dict[str, Template] = {}
    for one in data:
        template = read_question(one)
        if template.id in found or template.id in templates():
            raise QuestionError(f"question {template.id!r}: the bank or this blueprint has this id already")
        found[template.id] = template
    return found


def _section(number: int, data: Mapping[str, Any]) -> Section:
    owner = f"section {number}"
    known_keys(owner, data, _SECTION_KEYS)
    for key in ("title", "points"):
        if key not in data:
            raise QuestionError(f"{owner}: {key!r} is missing")
    choosing = [key for key in _CHOOSING if key in data]
    if ("questions" in data) == ("count" in data) or ("questions" in data and choosing):
        raise QuestionError(
            f"{owner}: expected `questions`, a list of ids, or else `count` with `skills`, `levels`, `kinds`"
        )
    named = _listed(owner, "questions", data.get("questions", []), None)
    if "questions" in data and not named:
        raise QuestionError(f"{owner}: `questions` is empty; name at least one question of the bank")
    return Section(
        title=_text(owner, "title", data["title"]),
        note=_text(owner, "note", data.get("note", "")),
        points=_points(owner, data["points"]),
        space=float(_amount(owner, "space", data.get("space", SPACE), 0, MOST_SPACE)),
        named=named,
        count=len(named) or _whole(owner, "count", data["count"], 1, MOST_QUESTIONS),
        skills=_listed(owner, "skills", data.get("skills", []), SKILLS),
        levels=_listed(owner, "levels", data.get("levels", []), LEVELS) or LEVELS,
        kinds=_listed(owner, "kinds", data.get("kinds", []), KINDS) or tuple(KINDS),
    )


def _check_names(blueprint: Blueprint) -> None:
    pool, seen = blueprint.pool, set()
    for number, name in _named(blueprint):
        if name not in pool:
            raise QuestionError(f"section {number}: {unknown(Message('question'), name, pool)}")
        if name in seen:
            raise QuestionError(f"section {number}: question {name!r} is asked twice")
        seen.add(name)


def _named(blueprint: Blueprint) -> Iterator[tuple[int, str]]:
    for number, section in enumerate(blueprint.sections, start=1):
        yield from ((number, name) for name in section.named)


def _tables(owner: str, key: str, data: object) -> list[Mapping[str, Any]]:
    if not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
        raise QuestionError(f"{owner}: expected [[{key}]] tables, but got {data!r:.80}")
    if key == "section" and not data:
        raise QuestionError(f"{owner}: expected at least one [[section]]")
    return data


def _text(owner: str, key: str, data: object) -> str:
    if not isinstance(data, str):
        raise QuestionError(f"{owner}: `{key}` is a text, but got {data!r:.80}")
    return data.strip()


def _whole(owner: str, key: str, data: object, least: int, most: int) -> int:
    if isinstance(data, bool) or not isinstance(data, int) or not least <= data <= most:
        raise QuestionError(
            f"{owner}: `{key}` is a whole number from {least} to {most}, but got {data!r:.80}"
        )
    return data


def _amount(owner: str, key: str, data: object, least: float, most: float) -> int | float:
    if isinstance(data, bool) or not isinstance(data, int | float) or not least <= data <= most:
        raise QuestionError(f"{owner}: `{key}` is a number from {least:g} to {most:g}, but got {data!r:.80}")
    return data


def _points(owner: str, data: object) -> Fraction:
    points = Fraction(str(_amount(owner, "points", data, 0, 1000)))
    if not points:
        raise QuestionError(f"{owner}: `points` of a question are more than 0")
    return points


def _listed(owner: str, key: str, data: object, known: Iterable[Any] | None) -> tuple[Any, ...]:
    """A list of texts (levels: numbers), each one of the known ones where there are such."""
    if not isinstance(data, list) or any(isinstance(one, bool | list | dict | float) for one in data):
        raise QuestionError(f"{owner}: `{key}` is a list, but got {data!r:.80}")
    among = None if known is None else list(known)
    for one in data:
        if among is not None and one not in among:
            said = unknown(Message("entry of `{key}`", key=key), str(one), list(map(str, among)))
            raise QuestionError(f"{owner}: {said}")
    return tuple(data)
