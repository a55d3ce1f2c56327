"""The formulas that people use for the operations of training, each with its error on a model."""

from __future__ import annotations

from typing import NamedTuple

from layercost.analysis.sizes import WAYS, Widths, counted, vocabulary, widths
from layercost.analysis.training import Step
from layercost.expression import TEXT, Expression, Number, Symbol, add, equation, expression, times
from layercost.layer import Layer
from layercost.layers.adapters import Fixed, LoRA
from layercost.message import Message, Words


class Shortcut(NamedTuple):
    """A formula with its letters worked out for a model, and what was counted in its place.

    `counts` says what it leaves out or assumes; `exact` is the counter's number of what it stands for.
    """

    name: str
    of: Words
    counts: Words
    source: str
    formula: Expression
    exact: int

    @property
    def flops(self) -> int:
        """What the formula gives."""
        return self.formula.value

    @property
    def error(self) -> float:
        """By how much the formula differs from what was counted, as a part of it."""
        return (self.flops - self.exact) / self.exact if self.exact else 0.0

    def text(self) -> str:
        """The formula: letters = numbers = value."""
        return equation(self.formula, TEXT)

    def data(self) -> dict[str, object]:
        """The same as plain data, as JSON has it."""
        return {
            "name": self.name, "of": str(self.of), "counts": str(self.counts), "source": self.source,
            "formula": self.text(), "flops": self.flops, "exact": self.exact, "error": self.error,
        }  # fmt: skip


MODEL, FORWARD = Message("forward and backward"), Message("forward")
RECOMPUTED = Message("forward, backward, and each block forward again")
_KAPLAN = "Kaplan et al. 2020, section 2.1"
_PALM = "Chowdhery et al. 2022, appendix B"
_MEGATRON = "Narayanan et al. 2021, section 5.1; Korthikanti et al. 2022, appendix A"


USUAL = ("all", "non-embedding", "active")


def shortcuts(model: Layer, step: Step, ways: tuple[str, ...] = USUAL) -> list[Shortcut]:
    """What the current shortcuts say of `step`, a step of `model` that counts 2 for a multiply-accumulate.

    6 N D for each way of counting N; PaLM's formula, which adds attention; and Megatron's, for blocks of GPT.
    """
    sizes, tokens = counted(model), Symbol("D", step.tokens)
    if is_frozen(model):
        return [_four(sizes["all"], tokens, step), _six(WAYS["all"], "all", sizes["all"], tokens, step)]
    found = [_six(WAYS[way], way, sizes[way], tokens, step) for way in ways if _differs(way, sizes)]
    found.append(_forward(sizes["all"], tokens, step))
    known = widths(model)
    return [*found, *_with_attention(model, step, known, sizes["all"])] if known else found


def by_size(size: int, tokens: Number, passes: int = 3, flops_a_mac: int = 2) -> Expression:
    """The rule for parameters and tokens: 6 N D, or for fewer passes than forward and two gradients less."""
    return expression(times(flops_a_mac * passes, Symbol("N", size) * tokens))


def _differs(way: str, sizes: dict[str, int]) -> bool:
    return way == "all" or sizes[way] != sizes["all"]


def is_frozen(model: Layer) -> bool:
    """Whether there are weights that training leaves as they are."""
    return any(isinstance(leaf, (Fixed, LoRA)) for _, leaf in model.leaves())


def _four(size: int, tokens: Symbol, step: Step) -> Shortcut:
    counts = Message("every parameter of the frozen model; gradients of values alone, and no adapters")
    return Shortcut("4ND", MODEL, counts, _KAPLAN, by_size(size, tokens, 2), step.model)


def _six(counts: Words, way: str, size: int, tokens: Symbol, step: Step) -> Shortcut:
    return Shortcut(f"6ND ({way})", MODEL, counts, _KAPLAN, by_size(size, tokens), step.model)


def _forward(size: int, tokens: Symbol, step: Step) -> Shortcut:
    return Shortcut("2ND", FORWARD, WAYS["all"], _KAPLAN, by_size(size, tokens, 1), step.forward)


def _with_attention(model: Layer, step: Step, known: Widths, size: int) -> list[Shortcut]:
    tokens, length = Symbol("D", step.tokens), Symbol("T", step.length)
    layers, width = Symbol("L", known.layers), Symbol("d", known.width)
    heads = Symbol("h", known.heads) * Symbol("k", known.head_size)
    each = 6 * Symbol("N", size) + 12 * layers * heads * length
    palm = Shortcut(
        "PaLM", MODEL, Message("every parameter as a product, and attention over the full square"), _PALM,
        tokens * each, step.model,
    )  # fmt: skip
    head = Symbol("V", vocabulary(model))
    forms: list[tuple[str, Words, int, int]] = [
        ("Megatron", MODEL, 3, step.model),
        ("Megatron, recomputed", RECOMPUTED, 4, step.model + step.blocks),
    ]
    counts = Message("blocks of GPT, four maps of the width and two four times as wide; norms and biases not")
    return [
        palm,
        *(
            Shortcut(
                name, of, counts, _MEGATRON, megatron(passes, tokens, layers, width, length, head), exact
            )
            for name, of, passes, exact in forms
        ),
    ]


def megatron(
    passes: int, tokens: Number, layers: Number, width: Number, length: Number, vocabulary: Number
) -> Expression:
    """``24 passes D L d^2 (1 + T / 6d)`` for blocks that run forward `passes` times in effect, and the head.

    Written out, so that it stays whole: ``passes D L (24 d^2 + 4 T d) + 6 D V d``; 72 B s L d^2 (...) for 3
    passes, 96 for 4.
    """
    block = add(times(24, times(width, width)), times(4, times(length, width)))
    blocks = times(passes, times(tokens, times(layers, block)))
    return expression(add(blocks, times(6, times(tokens, times(vocabulary, width)))))
