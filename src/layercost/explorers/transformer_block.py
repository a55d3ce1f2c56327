"""The explorer of a Transformer block: what stands in it, how, and where pairs of tokens overtake the rest.

The block is that of the families of models: its layers in a graph, in one of their arrangements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product
from typing import Any, NamedTuple

from layercost.compiled import program
from layercost.convention import CAUSAL_HALF, CONVENTIONS, EVERYTHING, Quantity
from layercost.counters import count
from layercost.explorers import parts, telling
from layercost.explorers.answers import total_alone
from layercost.explorers.block_curves import LONGEST, Costs, Drawn, block_picture
from layercost.explorers.controls import Choice, Size, Tick
from layercost.explorers.explorer import Explorer
from layercost.explorers.polynomial import interpolated, tree_of
from layercost.explorers.refusal import SHARED_HEADS
from layercost.explorers.stack import lines_in_letters, part_in_detail
from layercost.explorers.subject import Subject
from layercost.expression import Expression, Symbol, Tree, define, definitions, expression
from layercost.layer import Call, Layer
from layercost.layers import Attention, FeedForward, LayerNorm, RMSNorm
from layercost.layers.graph import Graph
from layercost.message import Message
from layercost.message import spoken as _
from layercost.models.families.blocks import (
    norm_around,
    post_norm,
    pre_norm,
    side_by_side,
    side_by_side_each,
)
from layercost.shape import shape_of
from layercost.view import escaped, number, tag


class Sizes(NamedTuple):
    """What the controls show of a model's block."""

    embed_dim: int
    hidden_dim: int
    num_heads: int
    num_kv_heads: int
    head_dim: int
    feed: str
    norm: str
    joined: str
    bias: bool


PLAIN, GATED = "plain", "gated"
LAYER, RMS = "LayerNorm", "RMSNorm"
PRE, POST, FOUR, PARALLEL, EACH = "pre-norm", "post-norm", "four norms", "parallel", "parallel, two norms"

# The first blocks of models that are known by name, as layercost.models.known has their configurations.
MODELS = {
    "GPT-2-small": Sizes(768, 3072, 12, 12, 64, PLAIN, LAYER, PRE, True),
    "GPT-3-175B": Sizes(12_288, 49_152, 96, 96, 128, PLAIN, LAYER, PRE, True),
    "BERT-base": Sizes(768, 3072, 12, 12, 64, PLAIN, LAYER, POST, True),
    "GPT-NeoX-20B": Sizes(6144, 24_576, 64, 64, 96, PLAIN, LAYER, EACH, True),
    "LLaMA-7B": Sizes(4096, 11_008, 32, 32, 128, GATED, RMS, PRE, False),
    "Llama-3-8B": Sizes(4096, 14_336, 32, 8, 128, GATED, RMS, PRE, False),
    "Falcon-7B": Sizes(4544, 18_176, 71, 1, 64, PLAIN, LAYER, PARALLEL, False),
    "Gemma-2B": Sizes(2048, 16_384, 8, 1, 256, GATED, RMS, PRE, False),
    "Gemma-2-9B": Sizes(3584, 14_336, 16, 8, 256, GATED, RMS, FOUR, False),
}
_NORMS: dict[str, type[LayerNorm | RMSNorm]] = {LAYER: LayerNorm, RMS: RMSNorm}
_JOINED: dict[str, Callable[[Layer, Layer, Layer], Graph]] = {
    PRE: pre_norm, POST: post_norm, FOUR: norm_around, PARALLEL: side_by_side, EACH: side_by_side_each,
}  # fmt: skip
HOW_MANY = {PRE: 2, POST: 2, FOUR: 4, PARALLEL: 1, EACH: 2}  # norms in a block
FEEDS_SAID = {PLAIN: Message("plain"), GATED: Message("gated")}
JOINED_SAID = {
    PRE: Message("pre-norm"), POST: Message("post-norm"), FOUR: Message("four norms"),
    PARALLEL: Message("parallel"), EACH: Message("parallel, two norms"),
}  # fmt: skip
PARTS = {
    "attention": Message("attention"), "feed-forward": Message("feed-forward"), "norm": Message("norm"),
}  # fmt: skip
_TABLED = {
    "maps": Message("maps of attention"), "pairs": Message("pairs of tokens"),
    "feed-forward": Message("feed-forward"), "norm": Message("norms"), "additions": Message("additions"),
}  # fmt: skip
_KINDS: dict[str, tuple[type[Layer], ...]] = {
    "attention": (Attention,), "feed-forward": (FeedForward,), "norm": (LayerNorm, RMSNorm),
}  # fmt: skip
_FIELDS = {
    "tokens": "T", "embed_dim": "d", "hidden_dim": "f", "num_heads": "h", "num_kv_heads": "g",
    "head_dim": "k",
}  # fmt: skip
_EVEN, _UNTIL = "even", Message("tokens, then pairs cost more")


@dataclass(frozen=True, eq=False, kw_only=True)
class Block(Subject):
    """A block on a text, with what decides the curves."""

    sizes: Sizes

    @cached_property
    def _key(self) -> tuple[object, ...]:
        return self.sizes, self.shape

    @property
    def tokens(self) -> int:
        """How many tokens there are."""
        return self.shape[0]

    def call(self, part: str) -> Call:
        """The call in which one of `PARTS` stands; of norms the first."""
        return next(call for call in self.calls if isinstance(call.layer, _KINDS[part]))

    @cached_property
    def weights(self) -> tuple[int, int]:
        """The weights of attention and of the feed-forward."""
        attention, feed = (
            count(self.call(part).layer, Quantity.WEIGHTS).total for part in ("attention", "feed-forward")
        )
        return attention, feed

    @cached_property
    def amounts(self) -> dict[str, tuple[int, int]]:
        """Parameters and MACs of each of `_TABLED`."""
        held = dict.fromkeys(PARTS, 0)
        for call in self.calls:
            for part, kinds in _KINDS.items():
                held[part] += count(call.layer, Quantity.PARAMETERS).total * isinstance(call.layer, kinds)
        attention, feed = (weights * self.tokens for weights in self.weights)
        pairs = self.macs - attention - feed
        return {
            "maps": (held["attention"], attention), "pairs": (0, pairs),
            "feed-forward": (held["feed-forward"], feed), "norm": (held["norm"], 0), "additions": (0, 0),
        }  # fmt: skip

    def costs(self, convention: str) -> Costs:
        """What decides where the curves cross."""
        pair = self.sizes.num_heads * self.sizes.head_dim
        return Costs(sum(self.weights), pair, convention == CAUSAL_HALF.name)


class TransformerBlockExplorer(Explorer):
    """A block of which all can be moved: its sizes, its gate, its norms and how they stand, the text."""

    name = "transformer_block"
    refusals = (SHARED_HEADS,)
    alone = (Quantity.PARAMETERS, Quantity.FLOPS)
    controls = (
        Choice("model", Message("begin with"), "GPT-2-small", tuple(MODELS), main=True),
        Size("tokens", Message("tokens"), 1024, 1, LONGEST, letter="T", main=True),
        Size("embed_dim", Message("width"), 768, 2, 16_384, letter="d", main=True),
        Size("hidden_dim", Message("inner width"), 3072, 1, 65_536, letter="f", main=True),
        Size("num_heads", Message("query heads"), 12, 1, 128, letter="h"),
        Size("num_kv_heads", Message("key/value heads"), 12, 1, 128, letter="g"),
        Size("head_dim", Message("head size"), 64, 1, 512, letter="k"),
        Choice("feed", Message("feed-forward layer"), PLAIN,
               tuple((said, value) for value, said in FEEDS_SAID.items()), buttons=True),
        Choice("norm", Message("norm"), LAYER, (LAYER, RMS), buttons=True),
        Choice("joined", Message("arrangement"), PRE,
               tuple((said, value) for value, said in JOINED_SAID.items()), buttons=True),
        Tick("bias", Message("with biases"), True),
        Choice("part", Message("part to look at"), "feed-forward",
               tuple((said, part) for part, said in PARTS.items()), looks=True),
    )  # fmt: skip
    _begun = "GPT-2-small"  # the model whose block the controls were set to

    def build(self, settings: Mapping[str, Any]) -> Block:
        if settings["model"] != self._begun:
            self._begin(settings["model"])
            settings = self.settings
        sizes = Sizes(**{field: settings[field] for field in Sizes._fields})
        self.possible(settings)
        said = {"tokens": number(settings["tokens"]), "model": _named(sizes)}
        words = (
            _("the block of {model}, {tokens} tokens", **said)
            if said["model"]
            else _("a block of your own, {tokens} tokens", **said)
        )
        return Block(_graph(sizes), (settings["tokens"], sizes.embed_dim), words, sizes=sizes)

    def _begin(self, model: str) -> None:
        """Set the controls to the block of a model."""
        self._begun = model
        with self._quietly():
            for field, value in MODELS[model]._asdict().items():
                self.control(field).value = value
        self._cut.update(Sizes._fields)  # a page that moves one of them meanwhile is told which one stands

    def picture(self, built: Block, settings: Mapping[str, Any]) -> str:
        sizes, convention = built.sizes, settings["convention"]
        feeds = parts.pills("feed", [(one, str(said)) for one, said in FEEDS_SAID.items()], sizes.feed)
        arranged = parts.pills(
            "joined", [(one, str(said)) for one, said in JOINED_SAID.items()], sizes.joined
        )
        before = self._before.costs(convention) if isinstance(self._before, Block) else None
        costs = built.costs(convention)
        drawn = block_picture(
            Drawn(sizes.joined, str(JOINED_SAID[sizes.joined]), sizes.norm, built.weights, settings["part"],
                  built.tokens, costs, None if before == costs else before)
        )  # fmt: skip
        return tag("div", feeds, arranged, class_="lc-pill-rows") + tag("figure", drawn)

    def detail(self, built: Block, settings: Mapping[str, Any]) -> str:
        part = settings["part"]
        often = HOW_MANY[built.sizes.joined] if part == "norm" else 1
        return part_in_detail(PARTS[part], built.call(part), often, settings["convention"])

    def headlines(self, built: Block, settings: Mapping[str, Any]) -> Iterator[str]:
        yield from super().headlines(built, settings)
        yield _even_line(built, settings["convention"])

    def lines(self, built: Block, settings: Mapping[str, Any]) -> Iterable[str]:
        convention = settings["convention"]
        both = held_in_letters(built.sizes), done_in_letters(built)
        yield from lines_in_letters(built, *both, convention, built.table(convention).not_counted)
        yield _even_line(built, convention)
        yield from map(parts.definition, definitions(even_in_letters(built.sizes, halved=False)))

    def tables(self, built: Block, settings: Mapping[str, Any]) -> Iterable[str]:
        heads = [_("part"), _("parameters"), _("MACs")]
        amounts = [(escaped(str(_TABLED[part])), *both) for part, both in built.amounts.items()]
        yield parts.plain_table(built.words, heads, [*amounts, (_("total"), built.parameters, built.macs)])
        yield parts.plain_table(
            _("The picture"), [_("what"), _("value"), _("unit")], self.rows(built, settings)
        )

    def rows(self, built: Block, settings: Mapping[str, Any]) -> list[tuple[str, int | str, str]]:
        costs = built.costs(settings["convention"])
        shares = [100 * weights / costs.maps for weights in built.weights]
        pairs = 100 * costs.share(built.tokens)
        return [
            (_("weights of attention"), built.weights[0], _("parameters")),
            (_("share of attention"), f"{shares[0]:.0f} %", ""),
            (_("weights of the feed-forward layer"), built.weights[1], _("parameters")),
            (_("share of the feed-forward layer"), f"{shares[1]:.0f} %", ""),
            (_("tokens"), built.tokens, _("tokens")),
            (_("MACs of linear maps, share"), f"{100 - pairs:.1f} %", ""),
            (_("MACs of pairs of tokens, share"), f"{pairs:.1f} %", ""),
            (_("pairs overtake after"), costs.even, _("tokens")),
        ]

    # ---- what the page computes by itself

    def told(self) -> dict[str, Any]:
        headlines = [*(quantity.value for quantity in self.headlined), _EVEN]
        found = telling.told(headlines, list(self._told()))
        begins = {
            name: {field: self._as_begun(field, value) for field, value in sizes._asdict().items()}
            for name, sizes in MODELS.items()
        }
        return {**found, "begins": {"model": begins}}

    def _as_begun(self, field: str, value: Any) -> Any:
        """A value as the page writes it into a control: of a choice, the place of its option."""
        control = self._declared[field]
        return control.samples().index(value) if isinstance(control, Choice) else value

    def _told(self) -> Iterator[dict[str, Any]]:
        printed = MODELS["Llama-3-8B"]  # whose sizes all differ, so that each has its letter
        for feed in FEEDS_SAID:
            sizes = printed._replace(feed=feed)
            for halved in (True, False):
                when = {"feed": self._option("feed", feed)}
                when |= {"convention": CAUSAL_HALF.name} if halved else {}
                formula = even_in_letters(sizes, halved=halved)
                yield telling.derived(_EVEN, formula, str(_UNTIL), _FIELDS, when)
            for bias in (True, False):
                yield from self._of_form(sizes._replace(bias=bias))

    def _of_form(self, sizes: Sizes) -> Iterator[dict[str, Any]]:
        """Totals of a block with a gate or none, with biases or none, in all arrangements."""
        form = {"feed": self._option("feed", sizes.feed), "bias": sizes.bias}
        for norm, joined in product(_NORMS, _JOINED):
            own = sizes._replace(norm=norm, joined=joined)
            when = {**form, "norm": norm, "joined": self._option("joined", joined)}
            yield _total(Quantity.PARAMETERS, when, program(held_in_letters(own)), "parameters")
            everything = _does(own, EVERYTHING.name)
            yield _total(Quantity.FLOPS, when, everything, EVERYTHING.unit, EVERYTHING.name)
        for name, convention in CONVENTIONS.items():
            if name != EVERYTHING.name:  # no other prices norms and additions
                yield _total(Quantity.FLOPS, form, _does(sizes, name), convention.unit, name)

    def _option(self, field: str, value: str) -> str:
        control = self._declared[field]
        assert isinstance(control, Choice)
        return control.label(value)


@lru_cache(maxsize=64)
def _graph(sizes: Sizes) -> Graph:
    """The block of these sizes."""
    attention, feed, norm = _layers(sizes)
    return _JOINED[sizes.joined](norm, attention, feed)


def _layers(sizes: Sizes) -> tuple[Attention, FeedForward, LayerNorm | RMSNorm]:
    attention = Attention(
        sizes.embed_dim, sizes.num_heads, sizes.num_kv_heads, sizes.head_dim, bias=sizes.bias, causal=True
    )
    gated = sizes.feed == GATED
    feed = FeedForward(
        sizes.embed_dim, sizes.hidden_dim, gated, sizes.bias, activation="SiLU" if gated else "GELU"
    )
    return attention, feed, _NORMS[sizes.norm](sizes.embed_dim)


def _named(sizes: Sizes) -> str:
    """The model whose block has these sizes; nothing for a block of nobody's."""
    return next((name for name, known in MODELS.items() if known == sizes), "")


# ---- in letters ----------------------------------------------------------------------------------------


def _letters(sizes: Sizes) -> tuple[Symbol, Symbol, Symbol, Symbol, Symbol]:
    d, f = Symbol("d", sizes.embed_dim), Symbol("f", sizes.hidden_dim)
    h, g = Symbol("h", sizes.num_heads), Symbol("g", sizes.num_kv_heads)
    return d, f, h, g, Symbol("k", sizes.head_dim)


def _maps(sizes: Sizes) -> Expression:
    """The weights of all maps."""
    d, f, h, g, k = _letters(sizes)
    return 2 * d * h * k + 2 * d * g * k + (3 if sizes.feed == GATED else 2) * d * f


def held_in_letters(sizes: Sizes) -> Expression:
    """The parameters: maps, their biases, norms."""
    d, f, h, g, k = _letters(sizes)
    norms = HOW_MANY[sizes.joined] * (2 if sizes.norm == LAYER else 1)
    scales = norms * d if norms > 1 else d
    if not sizes.bias:
        return _maps(sizes) + scales
    up = 2 * f if sizes.feed == GATED else f
    return _maps(sizes) + h * k + 2 * g * k + up + 2 * d + scales


def done_in_letters(built: Block) -> Expression:
    """The MACs: each token passes all maps, and meets every other one twice."""
    _d, _f, h, _g, k = _letters(built.sizes)
    tokens = Symbol("T", built.tokens)
    return _maps(built.sizes) * tokens + 2 * h * k * tokens**2


def even_in_letters(sizes: Sizes, *, halved: bool) -> Expression:
    """The longest text whose pairs cost no more than its maps."""
    _d, _f, h, _g, k = _letters(sizes)
    weights = expression(define("M", _maps(sizes)))
    return weights // (h * k) - 1 if halved else weights // (2 * h * k)


def _even_line(built: Block, convention: str) -> str:
    formula = even_in_letters(built.sizes, halved=convention == CAUSAL_HALF.name)
    return parts.derivation(_("even at"), formula, str(_UNTIL))


# ---- totals as a page computes them --------------------------------------------------------------------


def _total(
    quantity: Quantity, when: Mapping[str, Any], computed: Mapping[str, Any], unit: str, by: str = ""
) -> dict[str, Any]:
    """A total alone, which is in sight and heard."""
    more = {"unit": unit, **computed, **({"convention": by} if by else {})}
    line = telling.held(quantity.value, _FIELDS, when, **more)
    return {**line, **total_alone(0, line)}


def _does(sizes: Sizes, convention: str) -> dict[str, Any]:
    """How a page computes the operations of a block: of its layers, one after the other."""
    attention, feed, norm = _layers(sizes)
    text = shape_of((3, sizes.embed_dim))
    of_attention, of_feed = (
        program(count(layer, Quantity.FLOPS, text, convention).expression) for layer in (attention, feed)
    )
    beside = _beside(norm, HOW_MANY[sizes.joined], convention)
    total: Tree = ["+", of_attention["tree"], of_feed["tree"], *([beside] if beside else [])]
    letters = {**of_attention["letters"], **of_feed["letters"]}
    return {"letters": letters, "definitions": of_attention["definitions"], "tree": total}


def _beside(norm: LayerNorm | RMSNorm, norms: int, convention: str) -> Tree:
    """What norms and additions take, in tokens and width."""
    small = {"T": Size("T", Message("tokens"), 1, 1, 9), "d": Size("d", Message("width"), 2, 2, 99)}

    def total(at: Mapping[str, int]) -> int:
        text = (at["T"], at["d"])
        priced = CONVENTIONS[convention]
        once = count(type(norm)(at["d"]), Quantity.FLOPS, text, priced).total
        added = 2 * at["T"] * at["d"] if convention == EVERYTHING.name else 0
        return norms * once + added

    return tree_of(interpolated(total, small, {"T": 1, "d": 1}))
