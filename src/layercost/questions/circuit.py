"""A derivation as a circuit of numbers, which tells at once what a change at any node does to the whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from layercost.expression import Difference, Expression, Product, Sum
from layercost.questions.edits import LINEAR, Edit, Effect, Path, edited


class State(NamedTuple):
    """The number of each node, and by how much the whole changes for each one that the node changes."""

    values: list[int]
    weights: list[int]


class Circuit:
    """The nodes of a derivation, children before parents; what is not linear in its parts is one node.

    The whole is linear in each node. So a node that becomes `n` makes the whole
    ``values[-1] + weights[node] * (n - values[node])``.
    """

    def __init__(self, formula: Expression) -> None:
        self.nodes: list[Expression] = []
        self.paths: list[Path] = []
        self.children: list[tuple[int, ...]] = []
        self._add(formula, ())
        self.at = {path: node for node, path in enumerate(self.paths)}
        self.leaves = [node for node, children in enumerate(self.children) if not children]

    def __len__(self) -> int:
        return len(self.nodes)

    def _add(self, formula: Expression, path: Path) -> int:
        parts = formula.children if isinstance(formula, LINEAR) else ()
        children = tuple(self._add(part, (*path, place)) for place, part in enumerate(parts))
        self.nodes.append(formula)
        self.paths.append(path)
        self.children.append(children)
        return len(self.nodes) - 1

    def overrides(self, edit: Edit) -> dict[int, int]:
        """The new numbers of the leaves that an edit of letters changes."""
        changes = dict.fromkeys(edit.letters, edit.change)
        found = {}
        for leaf in self.leaves:
            formula = self.nodes[leaf]
            changed = edited(formula, {}, changes)
            if changed is not formula:
                found[leaf] = 1 if changed is None else changed.value
        return found

    def values(self, overrides: Mapping[int, int], edit: Edit | None = None) -> list[int] | None:
        """The number of each node; None where the edit's division leaves a remainder."""
        values: list[int] = []
        changed = None if edit is None else self.at[edit.path]
        for node, formula in enumerate(self.nodes):
            value = overrides.get(node)
            if value is None:
                value = self._value(formula, self.children[node], values)
            if node == changed and edit is not None:
                result = edit.result(value)
                if result is None:
                    return None
                value = result
            values.append(value)
        return values

    def _value(self, formula: Expression, children: tuple[int, ...], values: list[int]) -> int:
        if not children:
            return formula.value
        if isinstance(formula, Sum):
            return sum([values[child] for child in children])
        if isinstance(formula, Difference):
            return values[children[0]] - values[children[1]]
        product = 1
        for child in children:
            product *= values[child]
        return product

    def state(self, overrides: Mapping[int, int], edit: Edit | None = None) -> State | None:
        """The numbers and the weights, with leaves overridden and one node edited.

        What was overridden, or lies in what was replaced or divided, gets no weight: it cannot change again.
        """
        values = self.values(overrides, edit)
        if values is None:
            return None
        weights = [0] * len(values)
        weights[-1] = 1
        changed = -1 if edit is None else self.at[edit.path]
        for node in range(len(values) - 1, -1, -1):
            weight = weights[node]
            if node == changed and edit is not None:
                weight = self._weight_below(edit, weight)
                if not self.children[node]:
                    weights[node] = 0
            if weight:
                self._pass_down(node, weight, values, weights)
        for leaf in overrides:
            weights[leaf] = 0
        return State(values, weights)

    def _weight_below(self, edit: Edit, weight: int) -> int:
        if edit.effect is Effect.TIMES:
            return weight * edit.amount
        return weight if edit.effect is Effect.PLUS else 0

    def _pass_down(self, node: int, weight: int, values: list[int], weights: list[int]) -> None:
        children, formula = self.children[node], self.nodes[node]
        if isinstance(formula, Product):
            for child in children:
                others = weight
                for other in children:
                    if other != child:
                        others *= values[other]
                weights[child] = others
        elif isinstance(formula, Difference):
            weights[children[0]], weights[children[1]] = weight, -weight
        else:
            for child in children:
                weights[child] = weight
