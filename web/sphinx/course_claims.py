"""Sphinx extension: claims of the source documents, declared once, settled in the chapter that treats them.

``chapters/claims/CHAPTER.toml`` says of each claim who makes it, what it says in our words, and our verdict;
where it states a number, also that number and how ours is computed. The chapter places it by its id:

    ```{claim} fc-params-bias
    The reason, if there is one to give.
    ```

The tests hold the verdicts against the numbers, so what the page says and what is tested is one declaration.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from course_calculation import Arithmetic, evaluated
from course_text import Asked, names_of, tried
from docutils import nodes
from docutils.statemachine import StringList
from following import pinned_count
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import layercost as lc
from layercost.convention import unit_in_words
from layercost.message import Message
from layercost.message import spoken as _
from layercost.view import escaped, number, tag

CLAIMS = Path(__file__).resolve().parents[2] / "chapters" / "claims"
REGISTER = "register.toml"

VERDICTS = {
    "right": ("✓", Message("right")),
    "wrong": ("✗", Message("wrong")),
    "convention": ("≈", Message("right under a convention")),
    "unclear": ("?", Message("unclear")),
}


# ---- what is declared --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Claim:
    """What documents say, and our verdict; numbers are expressions in the names of the page, or values.

    `claimed` is what they state, `value` what we count, `otherwise` what it is by the other reading of a
    claim that is right under a convention. `example` says for what the numbers are, `shape` that they are
    shapes.
    """

    id: str
    source: tuple[str, ...]
    says: str
    verdict: str
    claimed: Any = None
    value: Any = None
    otherwise: Any = None
    let: str = ""
    example: str = ""
    reason: str = ""
    shape: bool = False
    chapter: str = field(default="", compare=False)

    def number(self, expression: Any, names: Mapping[str, Any]) -> Any:
        """What an expression comes to by the page's names and the claim's own; a value is itself."""
        if not isinstance(expression, str):
            return expression
        own = dict(names)
        exec(self.let, own)  # noqa: S102 - our own declarations, run in the build
        return evaluated(expression, own)


@cache
def register() -> Mapping[str, Mapping[str, Any]]:
    """The documents by number, and the ids of all claims by chapter."""
    return tomllib.loads((CLAIMS / REGISTER).read_text(encoding="utf-8"))


def claims_of(chapter: str) -> dict[str, Claim]:
    """The claims that a chapter settles, by id; none where it settles none."""
    path = CLAIMS / f"{chapter}.toml"
    if not path.exists():
        return {}
    declared = tomllib.loads(path.read_text(encoding="utf-8"))["claim"]
    made = [Claim(**{**data, "source": tuple(data["source"]), "chapter": chapter}) for data in declared]
    return {claim.id: claim for claim in made}


# ---- whether a number bears a verdict out ------------------------------------------------------------


def plain(value: Any) -> Any:
    """A value without how it came about: whole numbers, fractions, words, and lists of them."""
    if isinstance(value, Arithmetic):
        return value.total
    if isinstance(value, str | float):
        return value
    return [plain(part) for part in value] if isinstance(value, Iterable) else int(value)


def agree(claimed: Any, computed: Any) -> bool:
    """Whether two values are the same, as far as the claimed one has decimals."""
    claimed, computed = plain(claimed), plain(computed)
    if isinstance(claimed, list) and isinstance(computed, list):
        return len(claimed) == len(computed) and all(map(agree, claimed, computed))
    if isinstance(claimed, float) and isinstance(computed, float | int):
        return round(computed, len(str(claimed).partition(".")[2])) == claimed
    return bool(claimed == computed)


# ---- how it is written -------------------------------------------------------------------------------


def written(value: Any, shape: bool = False) -> str:
    """A number of a claim as HTML: a count with its unit, a list, a shape."""
    if isinstance(value, Asked):
        # Pinned: the verdict is on this convention, whatever the reader looks at.
        return pinned_count(value.count) if value.quantity is lc.FLOPS else _with_unit(value)
    if isinstance(value, str):
        return escaped(value)
    simple = plain(value)
    if isinstance(simple, list):
        inner = shape and all(isinstance(part, int) for part in simple)
        return (" × " if inner else ", ").join(written(part, shape) for part in simple)
    shown = f"{simple:,.4f}".rstrip("0").rstrip(".") if isinstance(simple, float) else number(simple)
    return tag("span", shown, class_="lc-number")


def _with_unit(asked: Asked) -> str:
    return (
        f"{tag('span', number(asked.total), class_='lc-number')} {escaped(unit_in_words(asked.count.unit))}"
    )


def documents(numbers: Iterable[str]) -> str:
    """Whose claim it is: a label for each document, with what the document is about."""
    titles, every = register()["documents"], list(numbers)
    labels = ", ".join(tag("span", one, class_="lc-document", title=titles[one]) for one in every)
    return (
        _("document {numbers}", numbers=labels)
        if len(every) == 1
        else _("documents {numbers}", numbers=labels)
    )


class ClaimDirective(SphinxDirective):
    """What a source says, our verdict in a word and a sign, what it states and what we count, the reason."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        chapter = self.env.docname.rpartition("/")[2]
        self.env.note_dependency(str(CLAIMS / f"{chapter}.toml"))
        claim = tried(self, lambda: claims_of(chapter)[self.arguments[0]])
        return [self._card(claim)] if claim else []

    def _card(self, claim: Claim) -> nodes.container:
        card = nodes.container(classes=["lc-claim", f"lc-claim-{claim.verdict}"], ids=[f"claim-{claim.id}"])
        said = nodes.container(classes=["lc-claimed"])
        self._parse([claim.says], said)
        sign, word = VERDICTS[claim.verdict]
        mark = tag("span", sign, aria_hidden="true")
        badge = tag("p", f"{mark} {word} · {documents(claim.source)}", class_="lc-verdict")
        card += [said, nodes.raw("", badge, format="html")]
        if claim.value is not None:
            card += self._numbers(claim)
        if self.content:
            self.state.nested_parse(self.content, self.content_offset, card)
        else:
            self._parse(claim.reason.strip().splitlines(), card)
        return card

    def _parse(self, lines: list[str], into: nodes.Element) -> None:
        self.state.nested_parse(StringList(lines, self.arguments[0]), self.content_offset, into)

    def _numbers(self, claim: Claim) -> list[nodes.Node]:
        names = names_of(self)
        rows = {_("by the claim"): claim.claimed, _("counted"): claim.value}
        shown = {
            name: tried(self, lambda value=value: written(claim.number(value, names), claim.shape))
            for name, value in rows.items()
            if value is not None
        }
        terms = [tag("div", tag("dt", name), tag("dd", value or "")) for name, value in shown.items()]
        example = nodes.container(classes=["lc-example"])
        self._parse([claim.example] if claim.example else [], example)
        table = nodes.raw("", tag("dl", *terms, class_="lc-settled"), format="html")
        return [table, *([example] if claim.example else [])]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("claim", ClaimDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
