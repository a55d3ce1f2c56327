"""The explorer of LSTM and GRU: the gates as matrices, and the steps that all use the same ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from layercost.convention import Quantity
from layercost.explorers import parts
from layercost.explorers.controls import Choice, Place, Size, Tick, Travel
from layercost.explorers.explorer import Explorer
from layercost.explorers.gates import GATES, Lane, Unrolled, cell_picture
from layercost.explorers.subject import IN_LINES, Subject
from layercost.facts import Role
from layercost.layers import GRU, LSTM
from layercost.message import Message
from layercost.message import spoken as _
from layercost.view import escaped, number, tag


@dataclass(frozen=True, eq=False)
class Sequence(Subject):
    """An LSTM or GRU on a sequence."""

    @property
    def recurrent(self) -> LSTM | GRU:
        """The layer."""
        assert isinstance(self.layer, LSTM | GRU)
        return self.layer

    @property
    def steps(self) -> int:
        """How many steps the sequence has."""
        return self.shape[0]

    @property
    def kind(self) -> str:
        """LSTM or GRU."""
        return type(self.layer).__name__

    @cached_property
    def lanes(self) -> tuple[Lane, ...]:
        """Every direction of every layer."""
        ways = self.recurrent.directions
        cells = enumerate(self.recurrent.cells())
        return tuple(Lane(place // ways + 1, bool(place % ways), int(cell.inputs)) for place, cell in cells)

    @cached_property
    def performed(self) -> dict[Role, int]:
        """How many operations there are of each role; a dot product counts as long as it is."""
        amounts: dict[Role, int] = {}
        for each in self.facts[0].operations:
            amounts[each.role] = amounts.get(each.role, 0) + int(each.amount) * int(each.length)
        return amounts

    def of_one_gate(self, lane: int) -> dict[str, int]:
        """The parameters of one gate of a lane: on the input, on the state, biases."""
        suffix = list(self.recurrent.cells())[lane - 1].suffix
        held = {each.name: int(each.size) // self.recurrent.gates for each in self.recurrent.parameters()}
        biases = (held.get(f"bias_{vector}{suffix}", 0) for vector in ("ih", "hh"))
        return {
            "input": held[f"weight_ih{suffix}"],
            "state": held[f"weight_hh{suffix}"],
            "bias": sum(biases),
        }


class LSTMExplorer(Explorer):
    """An LSTM or GRU with its sizes, steps, bias vectors, layers and directions."""

    name = "lstm"
    axes = ("steps", "input_size")
    alone = (Quantity.FLOPS,)
    controls = (
        Size("input_size", Message("input features"), 128, 0, 4096, letter="d_x", main=True),
        Size("hidden_size", Message("hidden units"), 64, 0, 4096, letter="d_h", main=True),
        Size("steps", Message("time steps"), 10, 0, 1000, letter="T", main=True),
        Travel("step", Message("steps done"), 3, 0, 10, letter="T", main=True),
        Choice("cell", Message("cell"), "LSTM", ("LSTM", "GRU"), buttons=True),
        Choice("bias_vectors", Message("bias vectors of a gate"), 1, (1, 2), buttons=True),
        Size("num_layers", Message("layers"), 1, 1, 3),
        Tick("bidirectional", Message("in both directions"), False),
        Place("gate", Message("gate to look at"), 1, 1, 4, letter="d_h"),
        Place("lane", Message("layer and direction to look at"), 1, 1, 6),
    )  # fmt: skip

    def build(self, settings: Mapping[str, Any]) -> Sequence:
        biases = settings["bias_vectors"]
        sizes = {
            field: settings[field] for field in ("input_size", "hidden_size", "num_layers", "bidirectional")
        }
        layer = (
            LSTM(**sizes, bias_vectors=biases)
            if settings["cell"] == "LSTM"
            else GRU(**sizes, bias_vectors=biases, reset_after=biases == 2)
        )
        return Sequence(layer, (settings["steps"], layer.input_size), _words(layer, settings["steps"]))

    def follow(self, built: Sequence) -> None:
        self.bound("step", built.steps)
        self.bound("gate", built.recurrent.gates)
        self.bound("lane", len(built.lanes))

    def picture(self, built: Sequence, settings: Mapping[str, Any]) -> str:
        lane, gate = settings["lane"], settings["gate"]
        layer = built.recurrent
        drawn = cell_picture(
            Unrolled(built.kind, layer.hidden_size, layer.bias_vectors, built.lanes, built.steps,
                     settings["step"], lane, gate)
        )  # fmt: skip
        said = tag("p", _gate_in_numbers(built, lane, gate), class_="lc-saying")
        return _choices(settings) + tag("figure", drawn) + said

    def odometer(self, built: Sequence, settings: Mapping[str, Any]) -> parts.Odometer:
        step = settings["step"]
        names = {
            Role.WEIGHTS: _("MACs"),
            Role.ACTIVATION: _("σ and tanh"),
            Role.ELEMENTWISE: _("× and +"),
        }
        wheels = [
            parts.Wheel(name, built.performed[role] // built.steps * step, built.performed[role])
            for role, name in names.items()
        ]
        scope = _(
            "Step {step} of {steps}: the same {parameters} parameters",
            step=number(step), steps=number(built.steps), parameters=number(built.parameters),
        )  # fmt: skip
        return parts.Odometer(scope, wheels)

    def rows(self, built: Sequence, settings: Mapping[str, Any]) -> list[tuple[str, int | str, str]]:
        one = built.of_one_gate(settings["lane"])
        name = GATES[built.kind][settings["gate"] - 1]
        return [
            (_("time steps T"), built.steps, ""),
            (_("inputs of a step"), built.lanes[settings["lane"] - 1].inputs, ""),
            (_("hidden units d_h"), built.recurrent.hidden_size, ""),
            (_("gates"), built.recurrent.gates, ""),
            (_("gate {name}: weights on the input", name=name), one["input"], ""),
            (_("gate {name}: weights on the state", name=name), one["state"], ""),
            (_("gate {name}: biases", name=name), one["bias"], ""),
            (_("gate {name}: parameters", name=name), sum(one.values()), ""),
        ]

    def lines(self, built: Sequence, settings: Mapping[str, Any]) -> Iterable[str]:
        if len(built.lanes) < 3:
            return super().lines(built, settings)
        return (built.total_line(quantity, settings["convention"]) for quantity in IN_LINES)


def _words(layer: LSTM | GRU, steps: int) -> str:
    cells = layer.num_layers * layer.directions
    said = {
        "kind": type(layer).__name__, "inputs": number(layer.input_size), "hidden": number(layer.hidden_size),
        "steps": number(steps), "biases": layer.bias_vectors, "cells": cells,
    }  # fmt: skip
    if cells == 1:
        return _("{kind}({inputs}, {hidden}), {steps} steps, bias vectors: {biases}", **said)
    return _("{cells} cells of {kind}({inputs}, {hidden}), {steps} steps, bias vectors: {biases}", **said)


def _choices(settings: Mapping[str, Any]) -> str:
    """The layer and its bias vectors, to be touched above the picture."""
    kinds = [(kind, kind) for kind in GATES]
    biases = [(1, _("one bias vector")), (2, _("two"))]
    rows = (
        parts.pills(field, options, settings[field])
        for field, options in (("cell", kinds), ("bias_vectors", biases))
    )
    return tag("div", *rows, class_="lc-pill-rows")


def _gate_in_numbers(built: Sequence, lane: int, gate: int) -> str:
    """What the gate that is looked at holds, part by part in the colours of the picture."""
    one, hidden = built.of_one_gate(lane), number(built.recurrent.hidden_size)
    name = tag("b", escaped(str(GATES[built.kind][gate - 1])))
    inputs = number(built.lanes[lane - 1].inputs)
    on_input = tag("span", f"{hidden}·{inputs}", class_="lc-num lc-d-cin")
    on_state = tag("span", f"{hidden}·{hidden}", class_="lc-num lc-d-cout")
    vectors = built.recurrent.bias_vectors
    bias = tag("span", hidden if vectors == 1 else f"{vectors}·{hidden}", class_="lc-num lc-d-const")
    return _("{name}: {parts} = {total} parameters", name=name, parts=f"{on_input} + {on_state} + {bias}",
             total=number(sum(one.values())))  # fmt: skip
