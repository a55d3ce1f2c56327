"""Sphinx extension: the claims of the source documents that are not simply right, from all chapters.

``{contradictions}`` shows the cards of the chapters, with a link to each: a ruling is written once.
Which claims there are is declared in ``chapters/claims/CHAPTER.toml``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from course_claims import CLAIMS, REGISTER, VERDICTS, Claim, claims_of
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

from layercost.message import spoken as _
from layercost.view import html_cells, html_table, number, tag

FOLDER = CLAIMS.parent.name
NOT_SIMPLY_RIGHT = [verdict for verdict in VERDICTS if verdict != "right"]


def declared() -> dict[str, list[Claim]]:
    """The claims of each chapter, by the chapter's name."""
    names = sorted(path.stem for path in CLAIMS.glob("*.toml") if path.name != REGISTER)
    return {name: list(claims_of(name).values()) for name in names}


class contradictions(nodes.General, nodes.Element):  # noqa: N801 - docutils names its nodes so
    """Stands where the cards will be, once every chapter is read."""


class Contradictions(SphinxDirective):
    """The place of the cards; the page is read anew when a claim or a chapter has changed."""

    def run(self) -> list[nodes.Node]:
        for path in (*CLAIMS.glob("*.toml"), *(CLAIMS.parent).glob("*.md")):
            self.env.note_dependency(str(path))
        return [contradictions()]


class GatherContradictions(SphinxPostTransform):
    """Puts copies of the chapters' cards in their place, before references are resolved."""

    default_priority = 5

    def run(self, **_options: Any) -> None:
        for place in list(self.document.findall(contradictions)):
            place.replace_self(list(self._gathered()))

    def _gathered(self) -> Iterator[nodes.Node]:
        every = declared()
        cards = {chapter: self._cards(chapter) for chapter in self._chapters(every)}
        found = [
            (chapter, claim, cards[chapter].get(claim.id) if chapter in cards else None)
            for chapter in (*cards, *(set(every) - set(cards)))
            for claim in every[chapter]
            if claim.verdict in NOT_SIMPLY_RIGHT
        ]
        placed = [(chapter, claim, card) for chapter, claim, card in found if card is not None]
        yield nodes.raw("", summary([claim.verdict for _chapter, claim, _card in placed]), format="html")
        for chapter in cards:
            of_it = [card for its, _claim, card in placed if its == chapter]
            if of_it:
                yield self._section(chapter, of_it)
        if missing := len(found) - len(placed):
            text = _("{count} more belong to chapters that are not written yet.", count=number(missing))
            yield nodes.paragraph("", text)

    def _chapters(self, every: Mapping[str, Any]) -> Iterator[str]:
        """The chapters that settle claims, in the order of the book."""
        listed = self.env.toctree_includes.get(self.config.root_doc, [])
        names = (name.removeprefix(f"{FOLDER}/") for name in listed)
        return (name for name in names if name in every)

    def _cards(self, chapter: str) -> dict[str, nodes.Element]:
        tree = self.env.get_doctree(f"{FOLDER}/{chapter}")
        return {
            anchor.removeprefix("claim-"): card
            for card in tree.findall(nodes.container)
            if "lc-claim" in card["classes"]
            for anchor in card["ids"]
        }

    def _section(self, chapter: str, cards: list[nodes.Element]) -> nodes.section:
        title = self.env.titles[f"{FOLDER}/{chapter}"].astext()
        section = nodes.section("", nodes.title("", title), ids=[f"claims-{chapter.replace('_', '-')}"])
        for card in cards:
            section += self._with_link(card.deepcopy(), chapter, title)
        return section

    def _with_link(self, card: nodes.Element, chapter: str, title: str) -> nodes.Element:
        here, there = self.env.docname, f"{FOLDER}/{chapter}"
        address = f"{self.app.builder.get_relative_uri(here, there)}#{card['ids'][0]}"
        link = nodes.reference("", _("in {chapter}", chapter=title), refuri=address, internal=True)
        card += nodes.paragraph("", "", link, classes=["lc-in-chapter"])
        return card


def summary(verdicts: list[str]) -> str:
    """How many claims got which verdict, as a table."""
    counted = Counter(verdicts)
    rows = [html_cells([str(VERDICTS[name][1]), number(counted[name])], 1) for name in NOT_SIMPLY_RIGHT]
    total = html_cells([_("all"), number(len(verdicts))], 1)
    return html_table("", [_("verdict"), _("claims")], rows, [total]) if verdicts else tag("p")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_node(contradictions)
    app.add_directive("contradictions", Contradictions)
    app.add_post_transform(GatherContradictions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
