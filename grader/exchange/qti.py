"""Questions as items of QTI 2.1, in a content package: what learning platforms and test players exchange.

A number is compared as a decimal number, because several players hold integers in 32 bits, and MACs are more.
Every known wrong answer earns its share and shows its explanation as modal feedback.
Format: IMS Question and Test Interoperability 2.1, *Assessment Test, Section, and Item Information Model*.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

from grader.exchange import html
from grader.exchange.chosen import Drawn, Report, expected, plain, wrong_in
from grader.exchange.moodle import spellings
from layercost.convention import unit_in_words
from layercost.message import Words
from layercost.questions.kind import Field

QTI = "http://www.imsglobal.org/xsd/imsqti_v2p1"
SCHEMA = f"{QTI} http://www.imsglobal.org/xsd/qti/qtiv2p1/imsqti_v2p1p2.xsd"
PACKAGE = "http://www.imsglobal.org/xsd/imscp_v1p1"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
BASES = {"number": "float", "shape": "string", "choice": "identifier", "order": "identifier"}
DATED = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say: the same questions make the same file
SOLUTION = "SOLUTION"
ElementTree.register_namespace("m", "http://www.w3.org/1998/Math/MathML")


@dataclass(frozen=True)
class Outcome:
    """What one answer, right or wrong, earns and shows."""

    id: str
    answer: str
    credit: Fraction
    said: Words


def write_package(path: Path, every: Iterable[Drawn], report: Report) -> None:
    """Writes a zip with one item a question, and the manifest that lists them."""
    items = {f"items/{drawn.id}.xml": _written(item(drawn)) for drawn in every}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in {"imsmanifest.xml": _written(manifest(items)), **items}.items():
            package.writestr(zipfile.ZipInfo(name, DATED), content, zipfile.ZIP_DEFLATED)
    report.written += len(items)


def _written(root: Element) -> bytes:
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def manifest(items: Iterable[str]) -> Element:
    """The list of all items, as a content package has it."""
    root = Element("manifest", {"xmlns": PACKAGE, "identifier": "every-flop-counts"})
    metadata = SubElement(root, "metadata")
    SubElement(metadata, "schema").text = "QTIv2.1 Package"
    SubElement(metadata, "schemaversion").text = "1.0.0"
    SubElement(root, "organizations")
    resources = SubElement(root, "resources")
    for name in items:
        attributes = {"identifier": _resource(name), "type": "imsqti_item_xmlv2p1", "href": name}
        SubElement(SubElement(resources, "resource", attributes), "file", href=name)
    return root


def _resource(name: str) -> str:
    return f"item-{Path(name).stem}"


def item(drawn: Drawn) -> Element:
    """One question."""
    named = {
        "identifier": f"item-{drawn.id}",
        "title": drawn.id,
        "adaptive": "false",
        "timeDependent": "false",
    }
    spaces = {"xmlns": QTI, "xmlns:xsi": INSTANCE, "xsi:schemaLocation": SCHEMA}
    root = Element("assessmentItem", {**spaces, **named})
    fields = {f"RESPONSE_{place}": field for place, field in enumerate(drawn.posed.fields, start=1)}
    outcomes = {name: list(_outcomes(drawn, field)) for name, field in fields.items()}
    for name, field in fields.items():
        _declare_response(root, name, field, drawn.posed.answers()[field.id])
    _declare_outcomes(root, fields)
    _body(root, drawn, fields)
    processing = SubElement(root, "responseProcessing")
    for name, field in fields.items():
        _process(processing, drawn, name, field, outcomes[name], len(fields))
    _set(processing, SOLUTION, "identifier", "shown")
    for name in fields:
        _feedback(root, feedback_of(name), outcomes[name])
    _show(root, SOLUTION, "shown", html.right(drawn.posed) + html.solution(drawn.posed))
    return root


def feedback_of(response: str) -> str:
    """The outcome that says which feedback an answer shows."""
    return response.replace("RESPONSE", "FEEDBACK")


def _outcomes(drawn: Drawn, field: Field) -> Iterator[Outcome]:
    """The right answer first, then the wrong ones that are known."""
    typed = drawn.posed.answers()[field.id]
    right = expected(drawn.posed, field).number if field.form == "number" else typed
    yield Outcome("right", right, Fraction(1), drawn.posed.diagnose(typed, field.id).message)
    for place, one in enumerate(wrong_in(drawn.posed, field), start=1):
        yield Outcome(f"wrong-{place}", one.answer, one.diagnosis.credit, one.diagnosis.message)


# ---- declarations -------------------------------------------------------------------------------


def _declare_response(root: Element, name: str, field: Field, right: str) -> None:
    cardinality = "ordered" if field.form == "order" else "single"
    attributes = {"identifier": name, "cardinality": cardinality, "baseType": BASES[field.form]}
    correct = SubElement(SubElement(root, "responseDeclaration", attributes), "correctResponse")
    for value in _values(field, right):
        SubElement(correct, "value").text = value


def _values(field: Field, answer: str) -> list[str]:
    """An answer as QTI holds it: options by identifiers that any option can have."""
    if not field.options:
        return [answer]
    places = {option.id: f"option-{place}" for place, option in enumerate(field.options, start=1)}
    return [places[name.strip()] for name in answer.split(",")]


def _declare_outcomes(root: Element, fields: Iterable[str]) -> None:
    for name, value in (("SCORE", "0"), ("MAXSCORE", "1")):
        attributes = {"identifier": name, "cardinality": "single", "baseType": "float"}
        default = SubElement(SubElement(root, "outcomeDeclaration", attributes), "defaultValue")
        SubElement(default, "value").text = value
    for name in (*map(feedback_of, fields), SOLUTION):
        attributes = {"identifier": name, "cardinality": "single", "baseType": "identifier"}
        SubElement(root, "outcomeDeclaration", attributes)


# ---- what is shown ------------------------------------------------------------------------------


def _body(root: Element, drawn: Drawn, fields: dict[str, Field]) -> None:
    body = SubElement(root, "itemBody")
    body.extend(_nodes(html.paragraphs(drawn.posed.told())))
    for name, field in fields.items():
        if field.options:
            _interaction(body, name, field)
        else:
            _entry(body, name, field)


def _entry(body: Element, name: str, field: Field) -> None:
    (line,) = _nodes(f"<p>{html.inline(field.words)}</p>")
    entry = SubElement(line, "textEntryInteraction", responseIdentifier=name, expectedLength="15")
    entry.tail = f" {unit_in_words(field.unit)}" if field.unit else ""
    body.append(line)


def _interaction(body: Element, name: str, field: Field) -> None:
    kind = "orderInteraction" if field.form == "order" else "choiceInteraction"
    attributes = {"responseIdentifier": name, "shuffle": "true"}
    if field.form == "choice":
        attributes["maxChoices"] = "1"
    interaction = SubElement(body, kind, attributes)
    if field.words:
        _fill(SubElement(interaction, "prompt"), field.words)
    for place, option in enumerate(field.options, start=1):
        _fill(SubElement(interaction, "simpleChoice", identifier=f"option-{place}"), option.words)


def _fill(parent: Element, words: Words) -> None:
    """Words with their code, as the content of an element."""
    (made,) = _nodes(f"<p>{html.inline(words)}</p>")
    parent.text = made.text
    parent.extend(made)


def _nodes(text: str) -> list[Element]:
    """Our HTML as elements of QTI, which takes its names over."""
    return list(ElementTree.fromstring(f"<div>{text}</div>"))  # noqa: S314 - it is ours, just written


def _feedback(root: Element, outcome: str, outcomes: Iterable[Outcome]) -> None:
    for one in outcomes:
        _show(root, outcome, one.id, f"<p>{html.inline(one.said)}</p>")


def _show(root: Element, outcome: str, name: str, text: str) -> None:
    attributes = {"outcomeIdentifier": outcome, "identifier": name, "showHide": "show"}
    SubElement(root, "modalFeedback", attributes).extend(_nodes(text))


# ---- what an answer earns -----------------------------------------------------------------------


def _process(
    parent: Element, drawn: Drawn, name: str, field: Field, outcomes: Iterable[Outcome], fields: int
) -> None:
    condition = SubElement(parent, "responseCondition")
    near = expected(drawn.posed, field).tolerance if field.form == "number" else Fraction(0)
    for place, one in enumerate(outcomes):
        case = SubElement(condition, "responseElseIf" if place else "responseIf")
        case.append(_is(name, field, one.answer, near))
        _earn(case, one.credit / fields)
        _set(case, feedback_of(name), "identifier", one.id)


def _is(name: str, field: Field, answer: str, near: Fraction) -> Element:
    """The condition that a response is this answer."""
    if field.form == "number":
        mode = {"toleranceMode": "absolute", "tolerance": f"{plain(near)} {plain(near)}"} if near else {}
        same = Element("equal", mode or {"toleranceMode": "exact"})
        return _with(same, _variable(name), _value("float", answer))
    if field.form == "shape":
        any_of = Element("or")
        for spelling in spellings(answer):
            match = SubElement(any_of, "stringMatch", caseSensitive="false")
            _with(match, _variable(name), _value("string", spelling))
        return any_of
    values = [_value("identifier", value) for value in _values(field, answer)]
    expected = _with(Element("ordered"), *values) if field.form == "order" else values[0]
    return _with(Element("match"), _variable(name), expected)


def _earn(case: Element, credit: Fraction) -> None:
    rule = SubElement(case, "setOutcomeValue", identifier="SCORE")
    _with(SubElement(rule, "sum"), _variable("SCORE"), _value("float", plain(credit)))


def _set(parent: Element, outcome: str, base: str, value: str) -> None:
    _with(SubElement(parent, "setOutcomeValue", identifier=outcome), _value(base, value))


def _with(parent: Element, *children: Element) -> Element:
    parent.extend(children)
    return parent


def _variable(name: str) -> Element:
    return Element("variable", identifier=name)


def _value(base: str, text: str) -> Element:
    made = Element("baseValue", baseType=base)
    made.text = text
    return made
