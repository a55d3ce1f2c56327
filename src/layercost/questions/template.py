"""Texts with names in place of numbers: layers such as ``Linear(_, out_features)``, and wordings."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from layercost.convention import unknown
from layercost.layer import LAYERS, Layer, LayerError, layer_from_text
from layercost.message import Message
from layercost.networks import NETWORKS, network_named
from layercost.questions.draw import Drawn, QuestionError
from layercost.view import number

ARRIVING = "_"  # as a layer's first argument: whatever number of features or channels arrives
_REFERENCE = re.compile(r"\{(\w+)\}")


class _Filled(ast.NodeTransformer):
    """Puts numbers in place of names; the names of layers and fields are left alone."""

    def __init__(self, numbers: Mapping[str, Drawn]) -> None:
        self.numbers = numbers

    def visit_Call(self, node: ast.Call) -> ast.Call:
        arguments = [
            ast.Constant(1) if _arrives(argument) else self.visit(argument) for argument in node.args
        ]
        keywords = [ast.keyword(keyword.arg, self.visit(keyword.value)) for keyword in node.keywords]
        return ast.Call(node.func, arguments, keywords)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(self.numbers[node.id]) if node.id in self.numbers else node


def _arrives(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == ARRIVING


def filled_layer(text: str, numbers: Mapping[str, Drawn]) -> Layer:
    """The layer that `text` names, with the numbers in place of drawn names; nothing is run as code."""
    return layer_from_text(ast.unparse(_Filled(numbers).visit(_tree(text))))


def filled_network(text: str, numbers: Mapping[str, Drawn]) -> Layer:
    """The network that a text such as ``vgg16(size=size)`` names, with numbers in place of drawn names.

    A family of models is named in the same way, with the fields of its configuration:
    ``gpt2(n_embd=width, n_layer=depth, ...)``.
    Raises LayerError for what is no such text, and what `network_named` and `from_config` raise.
    """
    name, given = _network_call(text)
    arguments: dict[str, Any] = {key: _settled(text, value, numbers) for key, value in given.items()}
    if name in NETWORKS:
        return network_named(name, **arguments)
    from layercost.models.from_config import from_config  # all families, which few questions ask for

    return from_config({"model_type": name, **arguments})


def _is_known(name: str) -> bool:
    """Whether somebody has a network or a family of models of that name."""
    if name in NETWORKS:
        return True
    from layercost.models.families import FAMILIES

    return name in FAMILIES


def check_network(owner: str, text: str, names: Mapping[str, object]) -> None:
    """Raise QuestionError for a network that nobody has and for names that are not drawn."""
    try:
        name, given = _network_call(text)
    except LayerError as error:
        raise QuestionError(f"{owner}: {error}") from None
    if not _is_known(name):
        raise QuestionError(f"{owner}: {unknown(Message('network'), name, NETWORKS)}")
    for value in given.values():
        if isinstance(value, ast.Name) and value.id not in names:
            raise QuestionError(
                f"{owner}: {unknown(Message('drawn name'), value.id, names)} It is used in {text!r}."
            )


def _network_call(text: str) -> tuple[str, dict[str, ast.expr]]:
    """The name of a network and its arguments."""
    tree = _tree(text)
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name) or tree.args:
        raise LayerError(Message("expected a network such as vgg16(size=size), but got {text!r}", text=text))
    return tree.func.id, {str(keyword.arg): keyword.value for keyword in tree.keywords}


def _settled(text: str, value: ast.expr, numbers: Mapping[str, Drawn]) -> Drawn:
    if isinstance(value, ast.Name):
        return numbers[value.id]
    if isinstance(value, ast.Constant) and isinstance(value.value, int | str):
        return value.value
    raise LayerError(Message("expected numbers, texts and drawn names in {text!r}", text=text))


def shown_layer(text: str, numbers: Mapping[str, Drawn]) -> str:
    """The layer as it is written, with numbers in place of those names that are known.

    >>> shown_layer("Linear(inputs, outputs)", {"inputs": 300})
    'Linear(300, outputs)'
    """
    return ast.unparse(_Known(numbers).visit(_tree(text)))


class _Known(_Filled):
    """The same, with what arrives left as it is written."""

    def visit_Call(self, node: ast.Call) -> ast.Call:
        keywords = [ast.keyword(keyword.arg, self.visit(keyword.value)) for keyword in node.keywords]
        return ast.Call(node.func, [self.visit(argument) for argument in node.args], keywords)


def _tree(text: str) -> ast.expr:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise LayerError(
            Message(
                "expected a layer such as Linear(_, out_features), but could not read {text!r}", text=text
            )
        ) from None


def check_layer(owner: str, text: str, names: Mapping[str, object]) -> None:
    """Raise QuestionError for names that are not drawn, and for ``_`` where nothing arrives."""
    tree = _tree(text)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    functions = {id(call.func) for call in calls}
    arriving = {id(call.args[0]) for call in calls if call.args and _takes_what_arrives(call)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Name) or id(node) in functions:
            continue
        if node.id == ARRIVING and id(node) not in arriving:
            raise QuestionError(
                f"{owner}: _ stands for what arrives, so only as the first argument, in {text!r}"
            )
        if node.id != ARRIVING and node.id not in names:
            raise QuestionError(
                f"{owner}: {unknown(Message('drawn name'), node.id, names)} It is used in {text!r}."
            )


def _takes_what_arrives(call: ast.Call) -> bool:
    kind = LAYERS.get(call.func.id) if isinstance(call.func, ast.Name) else None
    if kind is None or not fields(kind):
        return False
    return kind.letters.get(fields(kind)[0].name, "") in kind.axis_letters.values()


def filled(text: str, known: Mapping[str, object]) -> str:
    """The text with ``{name}`` replaced by what is known under that name."""
    return _REFERENCE.sub(lambda found: _said(known[found[1]]), text)


def _said(value: object) -> str:
    """A value as it stands in a sentence: numbers with their digits in groups."""
    return number(value) if isinstance(value, int) and not isinstance(value, bool) else str(value)


def check_wording(owner: str, texts: object, names: Mapping[str, object], *, needed: bool) -> dict[str, str]:
    """Texts by language; raises QuestionError for a name that is not drawn, and where English is `needed`."""
    if not isinstance(texts, Mapping) or (needed and "en" not in texts):
        raise QuestionError(f"{owner}: wording is a table of texts by language, with `en` among them")
    known = (*names, "layer", "input")
    for text in texts.values():
        for name in _REFERENCE.findall(text):
            if name not in known:
                raise QuestionError(f"{owner}: {unknown(Message('drawn name'), name, known)}")
    return dict(texts)
