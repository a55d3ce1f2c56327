"""Practice in a terminal: a question, an answer, what it shows, until it is right or one goes on.

Also the verdict on an answer to a question in one's own words, which need not be in the bank.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from layercost.convention import unit_in_words, unknown
from layercost.expression import TEXT, Definition, defining, definitions, equation
from layercost.message import Message
from layercost.questions import Diagnosis, Field, Line, Posed, QuestionError, Template, templates
from layercost.questions.asked import asked
from layercost.questions.draw import chance
from layercost.questions.explain import MALFORMED, RIGHT
from layercost.questions.explain import verdict as explained
from layercost.questions.skills import SKILLS
from layercost.questions.task import derivation
from layercost.view import number

Ask = Callable[[str], str]  # as `input`: gives what was typed, raises EOFError at the end
Say = Callable[[str], None]


# ---- one answer to a question in one's own words -------------------------------------------------


def verdict(question: str, answer: str) -> tuple[str, bool]:
    """What an answer to a question in words shows, in lines, and whether it is right.

    Raises ValueError where the question is not understood, or the answer is no number.
    """
    item = asked(question)
    found = explained(item, answer)
    if found.id == MALFORMED:
        raise QuestionError(str(found.message))
    lines = [*_said(found), str(item.stated.convention)]
    if found.id == RIGHT:
        lines += _derived(Line("", derivation(item.task), item.stated.unit))
    return "\n".join(filter(None, lines)), found.id == RIGHT


def _said(found: Diagnosis) -> list[str]:
    """A diagnosis as lines, the last with its id, by which it can be looked up."""
    known = "" if found.id == RIGHT else f"[{found.id}]"
    return [line for line in (str(found.message), str(found.parting), known) if line]


def _derived(*lines: Line) -> Iterator[str]:
    """Lines of a solution: words, letters = numbers = total, and below the formulas of sizes, each once."""
    told: set[str] = set()
    for line in lines:
        if line.formula is None:
            yield str(line.words)
            continue
        unit = f" {unit_in_words(line.unit)}" if line.unit else ""
        words = f"{line.words} " if str(line.words) else ""
        formula = line.formula
        said = defining(formula, TEXT) if isinstance(formula, Definition) else equation(formula, TEXT)
        told.add(said)
        yield f"{words}{said}{unit}"
        where = [each for each in map(_defined, definitions(formula)) if each not in told]
        told.update(where)
        yield from (f"    where {each}" for each in where)


def _defined(each: Definition) -> str:
    return defining(each, TEXT)


# ---- practice -------------------------------------------------------------------------------------


def skills_there_are() -> str:
    """Each skill with the number of questions that train it."""
    trained = [skill for one in templates().values() for skill in one.skills]
    width = max(map(len, SKILLS))
    lines = [f"{name:<{width}}  {trained.count(name):>4}  {skill.words}" for name, skill in SKILLS.items()]
    return "\n".join(lines)


def chosen(skills: Sequence[str], level: int | None) -> list[Template]:
    """The questions that train all of the skills; raises QuestionError where there are none."""
    for skill in skills:
        if skill not in SKILLS:
            raise QuestionError(str(unknown(Message("skill"), skill, SKILLS)))
    found = [
        one for one in templates().values()
        if set(skills) <= set(one.skills) and level in (None, one.level)
    ]  # fmt: skip
    if not found:
        at = "" if level is None else f" at level {level}"
        raise QuestionError(f"no question trains {' and '.join(skills) or 'anything'}{at}")
    return found


@dataclass
class Practice:
    """A round of questions; `ask` and `say` are `input` and `print`, or stand in for them."""

    among: Sequence[Template]
    seed: str
    ask: Ask
    say: Say
    right: int = 0
    first: int = 0
    posed: int = 0

    def run(self, count: int) -> str:
        """Ask `count` questions, no template twice before all were asked; gives the summary."""
        try:
            for place, template in enumerate(self._mixed(count), start=1):
                self.say(f"{place} of {count}  (level {template.level}: {', '.join(template.skills)})")
                self._answer(template.draw(f"{self.seed}/{place}"))
        except (EOFError, KeyboardInterrupt):
            self.say("")
        return (
            f"{self.right} of {self.posed} answered right, {self.first} of them at the first attempt. "
            f"The same numbers again: --seed {self.seed}"
        )

    def _mixed(self, count: int) -> Iterator[Template]:
        """The templates in an order of the seed: topics follow each other at random, which practises best."""
        left: list[Template] = []
        for place in range(count):
            left = left or list(self.among)
            yield left.pop(chance(self.seed, f"order/{place}", len(left)))

    def _answer(self, posed: Posed) -> None:
        self.say(posed.told())
        self.posed += 1
        given: dict[str, object] = {}  # what was answered so far: a design is judged as a whole
        once = [self._field(posed, field, given) for field in posed.fields]
        self.right += all(tries > 0 for tries in once)
        self.first += all(tries == 1 for tries in once)
        self.say("")

    def _field(self, posed: Posed, field: Field, given: dict[str, object]) -> int:
        """Ask for one field until it is right or given up; gives the number of attempts, 0 if given up."""
        for line in _asked_in(field):
            self.say(line)
        tries = 0
        while True:
            typed = self.ask("> ").strip()
            match typed.casefold():
                case "hint" | "?":
                    self.say(str(posed.hint()))
                case "skip" | "solution" | "":
                    if typed:
                        self._solve(posed, field)
                        return 0
                    self.say("Type an answer, or: hint, solution, skip, quit.")
                case "quit" | "exit":
                    raise EOFError
                case _:
                    given[field.id] = typed
                    found = posed.mark(given)[field.id]
                    tries += found.id != "malformed"
                    for line in _said(found):
                        self.say(line)
                    if found.id == RIGHT:
                        return tries

    def _solve(self, posed: Posed, field: Field) -> None:
        self.say(f"The answer: {_grouped(posed.answers()[field.id])}")
        for each in _derived(*posed.solution()):
            self.say(each)


def _grouped(typed: str) -> str:
    return number(int(typed)) if typed.isdigit() else typed


def _asked_in(field: Field) -> Iterable[str]:
    """What a field asks for by itself, and what there is to choose from."""
    if str(field.words):
        yield str(field.words)
    for option in field.options:
        yield f"  {option.id}: {option.words}"


def practise(
    skills: Sequence[str], level: int | None, count: int, seed: str | None, ask: Ask, say: Say
) -> str:
    """A round of practice in some skills, or in all; without a seed other numbers each time."""
    among = chosen(skills, level)
    say("Answer with a number; or type: hint, solution, skip, quit.\n")
    return Practice(among, seed or secrets.token_hex(3), ask, say).run(count)


__all__ = ["practise", "skills_there_are", "verdict"]
