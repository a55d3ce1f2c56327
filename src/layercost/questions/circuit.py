"""A derivation as a circuit of numbers, which tells at once what a change of any node does to the whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from layercost.expression import Definition, Difference, Expression, Product, Sum, Symbol
from layercost.questions.editing import Edit, Effect, Path, edited
from layercost.questions.edits import LINEAR, shown_in


class State(NamedTuple):
    """The number of each node, and by how much the whole changes for each one that the node changes."""

    values: list[int]
    weights: list[int]

    @property
    def whole(self) -> int:
        """The number of the whole."""
        return self.values[-1]


class Circuit:
    """The nodes of a derivation, children before parents; what is not linear in its parts is one node.

    The whole is linear in each node: one that becomes ``n`` makes the whole
    ``whole + weights[node] * (n - values[node])``.
    """

    def __init__(self, formula: Expression) -> None:
        self.nodes: list[Expression] = []
        self.paths: list[Path] = []
        self.children: list[tuple[int, ...]] = []
        self._add(formula, ())
        self.at = {path: node for node, path in enumerate(self.paths)}
        self.holding: dict[str, list[int]] = {}  # the leaves in which a letter is shown
        self.numbers: dict[int, int] = {}  # of the leaves
        for node, children in enumerate(self.children):
            if not children:
                self._add_leaf(node)

    def __len__(self) -> int:
        return len(self.nodes)

    def _add(self, formula: Expression, path: Path) -> int:
        parts = formula.children if isinstance(formula, LINEAR) else ()
        children = tuple([self._add(part, (*path, place)) for place, part in enumerate(parts)])
        self.nodes.append(formula)
        self.paths.append(path)
        self.children.append(children)
        return len(self.nodes) - 1

    def _add_leaf(self, leaf: int) -> None:
        self.numbers[leaf] = self.nodes[leaf].value
        for name in {one.name for one in shown_in(self.nodes[leaf]) if isinstance(one, Symbol | Definition)}:
            self.holding.setdefault(name, []).append(leaf)

    def overrides(self, edit: Edit) -> dict[int, int]:
        """The new numbers of the leaves that an edit of letters changes.

        Raises ValueError or ZeroDivisionError where one has none.
        """
        found = {}
        for name in edit.letters:
            value = edit.amount if len(edit.letters) == 1 else None
            for leaf in self.holding.get(name, ()):
                if value is None or self.name(leaf) != name:
                    changed = edited(self.nodes[leaf], {}, dict.fromkeys(edit.letters, edit.change))
                    found[leaf] = 1 if changed is None else changed.value
                    value = found[leaf] if self.name(leaf) == name else value
                else:
                    found[leaf] = value
        return found

    def name(self, node: int) -> str:
        """The letter that a node is, if it is one."""
        formula = self.nodes[node]
        return formula.name if isinstance(formula, Symbol | Definition) else ""

    def state(self, overrides: Mapping[int, int], edit: Edit | None = None) -> State | None:
        """The numbers and the weights, with leaves overridden and one node edited.

        What was overridden, or lies in what was replaced or divided, gets no weight: it cannot change again.
        None where the edit's division leaves a remainder.
        """
        values = self._values(overrides, edit)
        return None if values is None else State(values, self._weights(values, overrides, edit))

    def _values(self, overrides: Mapping[int, int], edit: Edit | None) -> list[int] | None:
        values: list[int] = []
        numbers = {**self.numbers, **overrides}
        changed = -1 if edit is None else self.at[edit.path]
        for node, children in enumerate(self.children):
            value = self._value(node, children, values) if children else numbers[node]
            if node == changed and edit is not None:
                result = edit.result(value)
                if result is None:
                    return None
                value = result
            values.append(value)
        return values

    def _value(self, node: int, children: tuple[int, ...], values: list[int]) -> int:
        formula = self.nodes[node]
        if isinstance(formula, Product):
            product = 1
            for child in children:
                product *= values[child]
            return product
        if isinstance(formula, Sum):
            return sum([values[child] for child in children])
        return values[children[0]] - values[children[1]]

    def _weights(self, values: list[int], overrides: Mapping[int, int], edit: Edit | None) -> list[int]:
        weights = [0] * len(values)
        weights[-1] = 1
        changed = -1 if edit is None else self.at[edit.path]
        for node in range(len(values) - 1, -1, -1):
            weight = weights[node]
            if node == changed and edit is not None:
                weight = _below(edit, weight)
                if not self.children[node]:
                    weights[node] = 0
            if weight and self.children[node]:
                self._pass_down(node, weight, values, weights)
        for leaf in overrides:
            weights[leaf] = 0
        return weights

    def _pass_down(self, node: int, weight: int, values: list[int], weights: list[int]) -> None:
        children, formula = self.children[node], self.nodes[node]
        if isinstance(formula, Product):
            before = weight
            for child in children:
                weights[child] = before
                before *= values[child]
            after = 1
            for child in reversed(children):
                weights[child] *= after
                after *= values[child]
        elif isinstance(formula, Difference):
            weights[children[0]], weights[children[1]] = weight, -weight
        else:
            for child in children:
                weights[child] = weight

    def linear_letters(self) -> dict[str, tuple[int, ...]]:
        """The letters that are shown more than once, but in no product twice, each with its leaves."""
        return {
            name: tuple(leaves)
            for name, leaves in self.holding.items()
            if len(leaves) > 1 and self._is_linear(name, leaves)
        }

    def _is_linear(self, name: str, leaves: list[int]) -> bool:
        if any(self.name(leaf) != name for leaf in leaves):
            return False  # it is a part of what is not linear
        paths = [self.paths[leaf] for leaf in leaves]
        return not any(
            isinstance(self.nodes[self.at[_common(one, other)]], Product)
            for at, one in enumerate(paths)
            for other in paths[:at]
        )


def _below(edit: Edit, weight: int) -> int:
    """The weight of what lies in an edited node."""
    if edit.effect is Effect.TIMES:
        return weight * edit.amount
    return weight if edit.effect is Effect.PLUS else 0


def _common(one: Path, other: Path) -> Path:
    """The node that holds both."""
    shared = 0
    while one[shared] == other[shared]:
        shared += 1
    return one[:shared]
