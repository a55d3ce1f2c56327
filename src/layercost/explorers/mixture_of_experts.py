"""The explorer of experts: which of a layer's experts a batch lights, what is active, and what is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from layercost.active import IN_WORDS, Active
from layercost.explorers import parts, telling
from layercost.explorers.controls import Choice, Size
from layercost.explorers.expert_squares import expected_picture, experts_picture, lit_in_words
from layercost.explorers.explorer import Explorer
from layercost.explorers.loads import in_gigabytes
from layercost.explorers.routing import MOST_TOKENS, TITLES, Routed
from layercost.expression import Expression, Symbol
from layercost.message import Message
from layercost.message import spoken as _
from layercost.view import escaped, number, tag

STORED = ("bfloat16", "int8", "int4")
MEANINGS = {
    Active.ALL: Message("all tables"),
    Active.WITHOUT_INPUT: Message("no input table"),
    Active.WITHOUT_TABLES: Message("no tables"),
}
_TOTAL, _ACTIVE, _UNIT = "parameters", "active", "parameters"
_IN_ALL, _ARE_ACTIVE = Message("parameters in all"), Message("active parameters")


class MixtureOfExpertsExplorer(Explorer):
    """One layer of a model with experts, and a batch of tokens that choose among them by chance."""

    name = "mixture_of_experts"
    counted = False
    controls = (
        Choice("model", Message("model"), "deepseek-v3",
               tuple((title, name) for name, title in TITLES.items()), main=True),
        Size("tokens", Message("tokens at once"), 16, 1, MOST_TOKENS, letter="T", main=True),
        Size("draw", Message("draw"), 1, 1, 100, main=True),
        Choice("meaning", Message("active, with"), Active.ALL.value,
               tuple((said, meaning.value) for meaning, said in MEANINGS.items()), main=True, buttons=True),
        Choice("stored", Message("format of the weights"), "bfloat16", STORED, buttons=True),
    )  # fmt: skip

    def build(self, settings: Mapping[str, Any]) -> Routed:
        meaning = Active(settings["meaning"])
        return Routed(settings["model"], settings["tokens"], settings["draw"], meaning, settings["stored"])

    def picture(self, built: Routed, settings: Mapping[str, Any]) -> str:
        said = tag("p", escaped(_lit(built)), class_="lc-saying")
        return tag("figure", experts_picture(built)) + said

    def detail(self, built: Routed, settings: Mapping[str, Any]) -> str:
        heading = parts.heading(_("How many experts are expected to be at work"))
        return heading + tag("figure", expected_picture(built))

    def describe(self, built: Routed) -> str:
        if built.tokens == 1:
            return _("{model}, one token, weights in {format}", model=built.title, format=built.stored)
        return _("{model}, {tokens} tokens, weights in {format}",
                 model=built.title, tokens=number(built.tokens), format=built.stored)  # fmt: skip

    def amounts(self, built: Routed) -> list[tuple[str, int]]:
        return [(_("active parameters"), built.active), (_("bytes read"), built.read)]

    def headlines(self, built: Routed, settings: Mapping[str, Any]) -> Iterator[str]:
        yield parts.derivation(_("all"), built.total_in_letters(), str(_IN_ALL))
        yield parts.derivation(_("active"), built.active_in_letters(), str(_ARE_ACTIVE))

    def lines(self, built: Routed, settings: Mapping[str, Any]) -> Iterable[str]:
        yield parts.derivation(_("an expert"), _expert_in_letters(built), _UNIT)
        for meaning, said in IN_WORDS.items():
            one = replace(built, meaning=meaning)
            yield parts.derivation(_("active"), one.active_in_letters(), _UNIT, "", escaped(str(said)))
        held, read = sum(built.in_bytes), built.read
        yield parts.amount_line(_("held"), held, _("bytes"), "", escaped(in_gigabytes(held)))
        yield parts.amount_line(_("read"), read, _("bytes"), "", escaped(in_gigabytes(read)))

    def told(self) -> dict[str, Any]:
        """All and active parameters of each model, in each meaning."""
        return telling.told([_TOTAL, _ACTIVE], list(self._told()), heard=False)

    def _told(self) -> Iterator[dict[str, Any]]:
        model, meaning = (self._declared[name] for name in ("model", "meaning"))
        assert isinstance(model, Choice)
        assert isinstance(meaning, Choice)
        for name in TITLES:
            when = {"model": model.label(name)}
            for one in Active:
                routed = Routed(name, 1, 1, one, "bfloat16")
                both = {**when, "meaning": meaning.label(one.value)}
                yield telling.derived(_ACTIVE, routed.active_in_letters(), str(_ARE_ACTIVE), {}, both)
            yield telling.derived(_TOTAL, routed.total_in_letters(), str(_IN_ALL), {}, when)

    def tables(self, built: Routed, settings: Mapping[str, Any]) -> Iterable[str]:
        of = built.of
        rest, lit, idle = built.in_bytes
        yield parts.plain_table(
            self.describe(built), [_("what"), _("value"), _("unit")],
            [
                (_("layers with experts"), of.layers, _("layers")),
                (_("experts in a layer"), of.experts, _("experts")),
                (_("chosen for a token"), of.chosen, _("experts")),
                (_("at work"), built.lit, _("experts")),
                (_("expected to be at work"), f"{built.expected:,.1f}", _("experts")),
                (_("an expert"), of.expert, _("parameters")),
                (_("all"), of.total, _("parameters")),
                *_meanings(built),
                (_("held"), rest + lit + idle, _("bytes")),
                (_("held, in GB"), in_gigabytes(rest + lit + idle), ""),
                (_("read"), built.read, _("bytes")),
                (_("read, in GB"), in_gigabytes(built.read), ""),
            ],
        )  # fmt: skip
        rows = [(number(tokens), experts) for tokens, experts in sorted(_by_load(built).items())]
        yield parts.plain_table(_("How many tokens an expert serves"), [_("tokens"), _("experts")], rows)
        served = [(number(one + 1), built.loads[one]) for one in sorted(built.last)]
        caption = _("The experts of the last token, counted from one")
        yield parts.plain_table(caption, [_("expert"), _("tokens")], served)


def _meanings(built: Routed) -> Iterator[tuple[str, int, str]]:
    for meaning, said in MEANINGS.items():
        what = _("active, {tables}", tables=str(said))
        yield what, replace(built, meaning=meaning).active, _("parameters")


def _by_load(built: Routed) -> dict[int, int]:
    """How many experts serve so many tokens."""
    found = {0: built.of.experts - built.lit} if built.lit < built.of.experts else {}
    for tokens in built.loads.values():
        found[tokens] = found.get(tokens, 0) + 1
    return found


def _expert_in_letters(built: Routed) -> Expression:
    """The parameters of one expert."""
    mixture = built.of.mixture
    d, f = Symbol("d", int(mixture.embed_dim)), Symbol("f", int(mixture.hidden_dim))
    matrices = 3 * d * f
    return matrices + 2 * f + d if mixture.bias else matrices


def _lit(built: Routed) -> str:
    """How many experts are at work, and whether there is one that is not chosen."""
    found = lit_in_words(built)
    if built.of.mixture.shared_dim:
        return f"{found} {_('A shared expert serves every token besides.')}"
    return found
