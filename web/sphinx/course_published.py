"""Sphinx extension: what others have published about Transformers, as cards.

    ```{published} answers wrong
    ```

The first word names the file in ``chapters/published``, the others the verdicts that are shown. With the
option ``folded`` the cards of each subject are folded under its name, and ``summary`` counts the verdicts.
`published` reads the declarations and counts; the tests hold each verdict against the count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from following import derivation
from published import PUBLISHED, SCALES, TOPICS, VERDICTS, Claim, Figure, Otherwise, claims, value_of
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from layercost.message import spoken as _
from layercost.view import escaped, html_cell, html_cells, html_table, number, tag

MISTAKES, FOLDER = "wrong_answers", PUBLISHED.parent.name
_SMALL = 1000  # below it, a number that is not whole is shown with its decimals


def shown(counted: Any, unit: str = "") -> str:
    """A count in the unit in which a number was printed."""
    if unit == "%":
        return f"{100 * counted:.2f} %"
    if "B" in unit and unit != "B":
        return f"{counted / SCALES[unit]:,.2f} {unit}"
    if isinstance(counted, int):
        return number(counted)
    if abs(counted) >= 1e15:
        digits, power = f"{counted:.3e}".split("e+")
        return f"{digits} × 10{power.translate(_RAISED)}"
    places = 4 if abs(counted) < 1 else 2 if abs(counted) < _SMALL else 0
    return f"{counted:,.{places}f}".rstrip("0").rstrip(".") if places else f"{counted:,.0f}"


_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def _ratio(figure: Figure) -> str:
    if not figure.counted:
        return "–"
    ratio = figure.printed.value / figure.counted
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.3g}"


def figures_table(claim: Claim) -> str:
    """What was printed beside what is counted, and the ratio of both; other ways of counting below."""
    rows = [_row(figure) for figure in claim.figures]
    rows += [_other(other, claim.figures[0]) for other in claim.otherwise]
    return html_table("", [_("of"), *_numbers()], rows)


def _numbers() -> list[str]:
    """The heads of the numbers, which stand beside each where the page is narrow."""
    return [_("printed"), _("counted"), _("ratio")]


def _cells(of: str, *numbers: str) -> str:
    beside = zip(numbers, _numbers(), strict=True)
    cells = [html_cell(number, "lc-n", head if number else None) for number, head in beside]
    return html_cell(of, "lc-prose") + "".join(cells)


def _row(figure: Figure) -> str:
    counted = shown(figure.counted, figure.printed.unit)
    return _cells(figure.of, figure.printed.text, counted, _ratio(figure))


def _other(other: Otherwise, first: Figure) -> str:
    unit = other.unit or first.printed.unit
    same = isinstance(other.counted, int) or unit == "%"
    counted = shown(other.counted, unit if same else "")
    return _cells(_("otherwise: {how}", how=other.how), "", counted, "")


class Published(SphinxDirective):
    """The cards of a file that have one of the verdicts, by their subject."""

    required_arguments = 1
    optional_arguments = len(VERDICTS)
    option_spec: ClassVar = {"folded": directives.flag}

    def run(self) -> list[nodes.Node]:
        name, *verdicts = self.arguments
        self.env.note_dependency(str(PUBLISHED / f"{name}.toml"))
        chosen = [claim for claim in claims(name).values() if claim.verdict in verdicts]
        if "folded" not in self.options:
            return [self._card(claim) for claim in chosen]
        return [node for topic in TOPICS for node in self._folded(topic, chosen)]

    def _folded(self, topic: str, chosen: Iterable[Claim]) -> Iterator[nodes.Node]:
        cards = [self._card(claim) for claim in chosen if claim.topic == topic]
        if cards:
            title = _("{topic}: {count}", topic=TOPICS[topic], count=number(len(cards)))
            opening = f'<details class="lc-reveal"><summary>{escaped(title)}</summary>'
            yield nodes.raw("", opening, format="html")
            yield from cards
            yield nodes.raw("", "</details>", format="html")

    def _card(self, claim: Claim) -> nodes.container:
        card = nodes.container(
            classes=["lc-claim", f"lc-claim-{claim.verdict}", "lc-published"], ids=[f"published-{claim.id}"]
        )
        sign, word = VERDICTS[claim.verdict]
        badge = tag("p", f"{tag('span', sign, aria_hidden='true')} {escaped(word)}", class_="lc-verdict")
        card += nodes.raw("", badge, format="html")
        self._parse(claim.says, card, "lc-asked")
        self._parse(_("From {source}.", source=claim.source), card, "lc-source")
        card += nodes.raw("", figures_table(claim), format="html")
        if claim.derive:
            card += nodes.raw("", derivation(value_of(claim.derive), taught=False), format="html")
        if claim.letters:
            card += nodes.paragraph(
                "", _("In letters: {formula}", formula=claim.letters), classes=["lc-letters"]
            )
        if claim.why:
            self._parse(claim.why, card, "lc-why")
        if claim.belief:
            card += self._named(claim.belief)
        if claim.chapter:
            self._parse(
                _("At length in {chapter}.", chapter=f"[]({claim.chapter}.md)"), card, "lc-in-chapter"
            )
        return card

    def _parse(self, text: str, into: nodes.Element, name: str) -> None:
        part = nodes.container(classes=[name])
        self.state.nested_parse(StringList([text], self.arguments[0]), self.content_offset, part)
        into += part

    def _named(self, belief: str) -> nodes.paragraph:
        """The name of a mistake, with the way to what is said about it."""
        builder = self.env.app.builder
        address = builder.get_relative_uri(self.env.docname, f"{FOLDER}/{MISTAKES}")
        link = nodes.reference("", belief, refuri=f"{address}#wrong-{belief}", internal=True)
        return nodes.paragraph("", _("The mistake has a name: "), link, classes=["lc-in-chapter"])


class PublishedSummary(SphinxDirective):
    """How many claims of each file got which verdict."""

    required_arguments = 1
    optional_arguments = 3

    def run(self) -> list[nodes.Node]:
        counts = [Counter(claim.verdict for claim in claims(name).values()) for name in self.arguments]
        heads = [_("verdict"), *(_HEADS[name] for name in self.arguments)]
        rows = [
            html_cells([str(word), *(number(count[verdict]) for count in counts)], 1)
            for verdict, (_sign, word) in VERDICTS.items()
        ]
        total = html_cells([_("all"), *(number(count.total()) for count in counts)], 1)
        return [nodes.raw("", html_table("", heads, rows, [total]), format="html")]


_HEADS = {"claims": "papers, cards, tools", "answers": "answers in interviews"}


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("published", Published)
    app.add_directive("published-summary", PublishedSummary)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
