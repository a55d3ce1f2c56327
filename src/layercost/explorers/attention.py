"""The explorer of attention: heads that share keys and values, the square of scores, and a mask on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from layercost.convention import MACS_ONLY, Quantity
from layercost.explorers import parts
from layercost.explorers.answers import answers, total_alone
from layercost.explorers.controls import Choice, Size, Tick, Travel
from layercost.explorers.explorer import Explorer
from layercost.explorers.markup import box, drawing
from layercost.explorers.refusal import SHARED_HEADS
from layercost.explorers.scores import Scores, scores_picture
from layercost.explorers.subject import IN_LINES, Subject
from layercost.facts import Kind
from layercost.layers import Attention
from layercost.message import Message
from layercost.message import spoken as _
from layercost.view import number, tag

FULL, CAUSAL, WINDOW = "full", "causal", "window"
_MASKS = ((Message("full square"), FULL), (Message("causal"), CAUSAL), (Message("a window"), WINDOW))
_PRODUCTS = ("scores", "context")
_OUTLINE = 60


@dataclass(frozen=True, eq=False)
class Attended(Subject):
    """A self-attention on a text, with what each of its tokens sees."""

    @property
    def attention(self) -> Attention:
        """The layer."""
        assert isinstance(self.layer, Attention)
        return self.layer

    @property
    def tokens(self) -> int:
        """How many tokens there are."""
        return self.shape[0]

    def seen(self, query: int) -> tuple[int, int]:
        """The first and the last key that a token sees; tokens count from 1."""
        if not self.attention.causal:
            return 1, self.tokens
        window = self.attention.window
        return (1 if window is None else max(1, query - window + 1)), query

    def seen_until(self, query: int) -> int:
        """The pairs of a query and a key that the tokens up to this one see, in one head."""
        if not self.attention.causal:
            return query * self.tokens
        looked = self.attention.looked(query, self.setting)
        hidden = 0 if looked.hidden is None else int(looked.hidden)
        return int(looked.queries) * int(looked.keys) - hidden

    @cached_property
    def work(self) -> dict[str, int]:
        """The MACs of each part."""
        (shape,), output = self.layer.fitted(self.shape)
        does = self.attention.does(shape, output, self.setting)
        return {part: int(MACS_ONLY.total(done)) for part, done in does.items()}

    @cached_property
    def products(self) -> int:
        """The MACs of the two products."""
        return sum(self.work[part] for part in _PRODUCTS)

    @property
    def maps(self) -> int:
        """The MACs of the four maps."""
        return self.macs - self.products

    @cached_property
    def hidden(self) -> int:
        """The MACs of pairs that the mask hides."""
        done = self.facts[0].operations
        return sum(int(one.amount) * int(one.length) for one in done if one.kind is Kind.MASKED)


class AttentionExplorer(Explorer):
    """Self-attention with its tokens, heads, key/value heads, head size and mask to be moved."""

    name = "attention"
    refusals = (SHARED_HEADS,)
    axes = ("tokens", "embed_dim")
    alone = (Quantity.FLOPS,)
    controls = (
        Size("tokens", Message("tokens"), 160, 1, 131_072, letter="T", main=True),
        Size("num_heads", Message("query heads"), 12, 1, 128, letter="h", main=True),
        Size("num_kv_heads", Message("key/value heads"), 4, 1, 128, letter="g", main=True),
        Travel("query", Message("token that asks"), 100, 1, 160, letter="T", main=True),
        Choice("mask", Message("what a token sees"), CAUSAL, _MASKS, buttons=True),
        Size("window", Message("tokens in the window"), 48, 1, 131_072, letter="w"),
        Size("head_dim", Message("head size"), 64, 1, 512, letter="k"),
        Size("embed_dim", Message("width of a token"), 768, 2, 16_384, letter="d"),
        Tick("bias", Message("with biases"), False),
    )

    def build(self, settings: Mapping[str, Any]) -> Attended:
        mask = settings["mask"]
        self.possible(settings)
        layer = Attention(
            settings["embed_dim"], settings["num_heads"], settings["num_kv_heads"], settings["head_dim"],
            bias=settings["bias"], causal=mask != FULL,
            window=settings["window"] if mask == WINDOW else None,
        )  # fmt: skip
        return Attended(layer, (settings["tokens"], layer.embed_dim), _words(layer, settings["tokens"]))

    def follow(self, built: Attended) -> None:
        self.bound("query", built.tokens)

    def picture(self, built: Attended, settings: Mapping[str, Any]) -> str:
        layer, query = built.attention, settings["query"]
        first, last = built.seen(query)
        drawn = scores_picture(
            Scores(built.tokens, layer.num_heads, int(layer.kv_heads), int(layer.key_size), layer.causal,
                   layer.window, query, first, last, built.maps, built.products, built.hidden)
        )  # fmt: skip
        masks = parts.pills("mask", [(value, str(words)) for words, value in _MASKS], settings["mask"])
        said = tag("p", _costs(built), class_="lc-saying")
        return tag("div", masks, class_="lc-pill-rows") + tag("figure", drawn) + said

    def odometer(self, built: Attended, settings: Mapping[str, Any]) -> parts.Odometer:
        query, tokens = settings["query"], built.tokens
        seen, whole = built.seen_until(query), built.seen_until(tokens)
        first, last = built.seen(query)
        scope = _(
            "Token {query} of {tokens} sees keys {first} to {last}",
            query=number(query), tokens=number(tokens), first=number(first), last=number(last),
        )  # fmt: skip
        return parts.Odometer(scope, [parts.Wheel(_("pairs seen"), seen, whole)])

    def amounts(self, built: Attended) -> list[tuple[str, int]]:
        kept = built.count(Quantity.KV_CACHE).total
        return [*super().amounts(built), (_("cache"), kept)]

    def outline(self, built: Attended, before: Attended) -> str:
        return _outline(built.tokens, before.tokens)

    def headlines(self, built: Attended, settings: Mapping[str, Any]) -> Iterator[str]:
        """The formula of parameters where it has no biases; with them it would be too long to be taken in."""
        parameters, *others = super().headlines(built, settings)
        yield built.total_line(Quantity.PARAMETERS) if built.attention.bias else parameters
        yield from others

    def lines(self, built: Attended, settings: Mapping[str, Any]) -> Iterable[str]:
        """Those of every layer, and what is kept for the next token."""
        convention = settings["convention"]
        quantities = (*IN_LINES, Quantity.KV_CACHE) if built.attention.causal else IN_LINES
        yield from (built.line(quantity, convention) for quantity in quantities)
        yield from map(parts.definition, built.definitions(convention))

    def rows(self, built: Attended, settings: Mapping[str, Any]) -> list[tuple[str, int | str, str]]:
        layer, together = built.attention, built.maps + built.products
        kept = built.count(Quantity.KV_CACHE).total
        return [
            (_("tokens T"), built.tokens, ""),
            (_("query heads h"), layer.num_heads, ""),
            (_("key/value heads g"), int(layer.kv_heads), ""),
            (_("head size k"), int(layer.key_size), ""),
            *((_("MACs of {part}", part=part), built.work[part], "MACs") for part in ("q", "k", "v", "o")),
            (_("MACs of the four maps"), built.maps, "MACs"),
            (_("share of the four maps"), f"{100 * built.maps / together:.1f} %", ""),
            (_("MACs of the scores"), built.work["scores"], "MACs"),
            (_("MACs of the context"), built.work["context"], "MACs"),
            (_("MACs of the two products"), built.products, "MACs"),
            (_("share of the two products"), f"{100 * built.products / together:.1f} %", ""),
            (_("of which hidden by the mask"), built.hidden, "MACs"),
            (_("values kept for the next token"), kept, ""),
        ]

    def told(self) -> dict[str, Any] | None:
        """As for every layer; a single key/value head has no letter in formulas."""
        forms = [self._with(kv_heads) for kv_heads in (1, self._printed["num_kv_heads"])]
        return {**forms[0], "lines": [line for form in forms for line in _settled(form["lines"])]}

    def _with(self, kv_heads: int) -> dict[str, Any]:
        settings = {**self._printed, "num_kv_heads": kv_heads}
        found = answers(self.build, self._declared, settings, self._headlines)
        assert found is not None
        return found


def _settled(lines: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The lines, which hold without a window too, and of a long one the total alone."""
    for line in lines:
        when = {name: value for name, value in line["when"].items() if value is not None}
        long = line["quantity"] == Quantity.PARAMETERS.value and when["bias"]
        yield {**line, "when": when, **(total_alone(0, line) if long else {})}


def _words(layer: Attention, tokens: int) -> str:
    said = {
        "heads": number(layer.num_heads), "kv_heads": number(int(layer.kv_heads)),
        "size": number(int(layer.key_size)), "tokens": number(tokens), "window": number(layer.window or 0),
    }  # fmt: skip
    if layer.window is not None:
        return _("{heads} over {kv_heads} heads of {size}, {tokens} tokens, a window of {window}", **said)
    if layer.causal:
        return _("{heads} over {kv_heads} heads of {size}, {tokens} tokens, causal", **said)
    return _("{heads} over {kv_heads} heads of {size}, {tokens} tokens, full square", **said)


def _costs(built: Attended) -> str:
    """What the maps and the products cost."""
    return _("MACs: maps {maps}, products {products}",
             maps=number(built.maps), products=number(built.products))  # fmt: skip


def _outline(now: int, then: int) -> str:
    """The square of scores to scale, with that of the last setting as an outline."""
    scale = _OUTLINE / max(now, then)
    says = _("The square of scores to scale: {now} tokens, and before as an outline: {then}.",
             now=number(now), then=number(then))  # fmt: skip
    return drawing(
        "lc-scale", _OUTLINE + 4, _OUTLINE + 4, says,
        box(2, 2, now * scale, now * scale, "lc-weights-now"),
        box(2, 2, then * scale, then * scale, "lc-ghost-outline"),
    )  # fmt: skip
