"""The explorer of GPT-2: its table of layers as bars, its head tied or not, and where attention overtakes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from itertools import product
from typing import Any, NamedTuple

from layercost.convention import Quantity
from layercost.explorers import parts, telling
from layercost.explorers.answers import as_known
from layercost.explorers.block_bars import Shown, bars_and_curves
from layercost.explorers.controls import Choice, Size, Tick
from layercost.explorers.polynomial import Polynomial, interpolated
from layercost.explorers.refusal import Refusal
from layercost.explorers.stack import PAIRS, Stack, StackExplorer
from layercost.explorers.subject import Subject
from layercost.expression import Expression, Symbol
from layercost.layers.model import Model
from layercost.message import Message
from layercost.message import spoken as _
from layercost.models.from_config import from_config
from layercost.view import escaped, number, tag

VOCABULARY = 50_257
MOST_TOKENS = 16_384


class Sizes(NamedTuple):
    """A published size: blocks, width, heads, and the millions of parameters that the paper prints."""

    depth: int
    width: int
    heads: int
    printed: int


# Radford et al. 2019, table 2; the heads are those of the released models.
VERSIONS = {
    "small": Sizes(12, 768, 12, 117),
    "medium": Sizes(24, 1024, 16, 345),
    "large": Sizes(36, 1280, 20, 762),
    "XL": Sizes(48, 1600, 25, 1542),
}
VERSIONS_SAID = {
    "small": Message("small"), "medium": Message("medium"), "large": Message("large"), "XL": Message("XL"),
}  # fmt: skip
PUBLISHED_POSITIONS = 1024
PARTS = {
    "token table": Message("token table"),
    "positions": Message("positions"),
    "maps": Message("maps"),
    "pairs": Message("pairs"),
    "feed-forward": Message("feed-forward"),
    "norms": Message("norms"),
    "head": Message("head"),
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Decoder(Stack):
    """A GPT-2 on a text."""

    version: str
    places = {
        "token": ("token table",), "position": ("positions",), "attention": ("maps", PAIRS),
        "mlp": ("feed-forward",), "attention_norm": ("norms",), "mlp_norm": ("norms",), "norm": ("norms",),
        "head": ("head",),
    }  # fmt: skip

    @cached_property
    def _key(self) -> tuple[object, ...]:
        return self.version, self.tied, self.positions, self.tokens

    @property
    def tokens(self) -> int:
        """How many tokens there are."""
        return self.shape[0]

    @cached_property
    def sizes(self) -> Sizes:
        """The published sizes."""
        return VERSIONS[self.version]

    @cached_property
    def positions(self) -> int:
        """How many places have a row of their own."""
        layer: Any = self.call("positions").layer
        return int(layer.num_positions)

    @cached_property
    def tied(self) -> bool:
        """Whether the head uses the table of the tokens again."""
        return not self.call("head").layer.parameters()

    @property
    def held_in_letters(self) -> Expression:
        """Blocks, tables, the norm at the end and, where it has weights of its own, the head."""
        d, blocks = Symbol("d", self.sizes.width), Symbol("B", self.depth)
        vocabulary, positions = Symbol("V", VOCABULARY), Symbol("P", self.positions)
        tied = blocks * (12 * d**2 + 13 * d) + (vocabulary + positions) * d + 2 * d
        return tied if self.tied else tied + vocabulary * d

    @property
    def done_in_letters(self) -> Expression:
        """Blocks, with their maps and their pairs, and the head."""
        d, blocks, tokens = Symbol("d", self.sizes.width), Symbol("B", self.depth), Symbol("T", self.tokens)
        return blocks * (12 * d**2 * tokens + 2 * d * tokens**2) + Symbol("V", VOCABULARY) * d * tokens


@lru_cache(maxsize=64)
def _model(version: str, positions: int, blocks: int, *, tied: bool) -> Model:
    sizes = VERSIONS[version]
    return from_config({
        "model_type": "gpt2", "vocab_size": VOCABULARY, "n_positions": positions, "n_embd": sizes.width,
        "n_layer": blocks, "n_head": sizes.heads, "tie_word_embeddings": tied,
    })  # fmt: skip


class GPT2Explorer(StackExplorer):
    """GPT-2 in its four sizes; its head, its text and its table of positions can be changed."""

    name = "gpt2"
    parts_said = PARTS
    refusals = (
        Refusal(
            ("positions", "tokens"),
            lambda positions, tokens: positions - tokens,
            Message(
                "The model has {positions} positions, and the text {tokens} tokens: each token needs a "
                "position of its own."
            ),
        ),
    )
    controls = (
        Choice("version", Message("size"), "small",
               tuple((said, version) for version, said in VERSIONS_SAID.items()), main=True, buttons=True),
        Tick("tied", Message("the head shares the token table"), True, main=True),
        Size("tokens", Message("tokens"), 1024, 1, MOST_TOKENS, letter="T", main=True),
        Size("positions", Message("positions"), PUBLISHED_POSITIONS, 1, MOST_TOKENS, letter="P",
             main=True),
        Choice("part", Message("part to look at"), "feed-forward",
               tuple((said, part) for part, said in PARTS.items()), looks=True),
    )  # fmt: skip

    def build(self, settings: Mapping[str, Any]) -> Decoder:
        version, tied, positions = (settings[name] for name in ("version", "tied", "positions"))
        self.possible(settings)
        said = {"version": VERSIONS_SAID[version], "tokens": number(settings["tokens"])}
        named = (
            _("GPT-2 {version}, {tokens} tokens", **said)
            if tied
            else _("GPT-2 {version} with a head of its own, {tokens} tokens", **said)
        )
        depth, text = VERSIONS[version].depth, (settings["tokens"],)
        whole, one = (_model(version, positions, blocks, tied=tied) for blocks in (depth, 1))
        return Decoder(whole, text, named, one=Subject(one, text, named), depth=depth, version=version)

    def picture(self, built: Decoder, settings: Mapping[str, Any]) -> str:
        before = self._before if isinstance(self._before, Decoder) else None
        said = tag(
            "p", tag("b", number(built.parameters)), f" {escaped(verdict(built))}", class_="lc-heading"
        )
        then = None if before is None else before.amounts
        shown = Shown(
            [(str(said), f"part={said}", part == settings["part"], *built.amounts[part])
             for part, said in PARTS.items()],
            None if then is None else [then[part] for part in PARTS],
            built.sizes.width, built.tokens, built.positions, MOST_TOKENS,
        )  # fmt: skip
        return said + tag("figure", bars_and_curves(shown))

    def tables(self, built: Decoder, settings: Mapping[str, Any]) -> Iterable[str]:
        heads = [_("part"), _("parameters"), _("MACs")]
        amounts = [(escaped(str(PARTS[part])), *both) for part, both in built.amounts.items()]
        yield parts.plain_table(built.words, heads, [*amounts, (_("total"), built.parameters, built.macs)])
        width, tokens = built.sizes.width, built.tokens
        yield parts.plain_table(
            _("One token in one block"), [_("what"), _("value"), _("unit")],
            [
                (_("maps and feed-forward"), 12 * width**2, "MACs"),
                (_("scores and context"), 2 * width * tokens, "MACs"),
                (_("both even"), 6 * width, _("tokens")),
                (_("positions with a row"), built.positions, _("tokens")),
            ],
        )  # fmt: skip

    def told(self) -> dict[str, Any]:
        return telling.told(
            [quantity.value for quantity in self.headlined],
            [line for form in self._forms() for line in self._lines_of(form)],
        )

    def _forms(self) -> Iterator[dict[str, Any]]:
        for version, tied in product(VERSIONS, (True, False)):
            yield {"version": version, "tied": tied}

    def _lines_of(self, form: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The lines of one size, tied or not."""
        declared = {one.field: one for one in self.controls}
        when = {name: as_known(declared[name], value) for name, value in form.items()}
        printed = self.build({**self._printed, **form})
        held = printed.held_in_letters
        yield telling.derived("parameters", held, "parameters", {"positions": "P"}, when)
        for line in telling.totals(partial(self._follows, form), ("tokens",), when, alone=True):
            if line["quantity"] == Quantity.FLOPS.value:
                yield line

    def _follows(self, form: Mapping[str, Any], quantity: Quantity, convention: str) -> Polynomial:
        """How a total follows the length of the text."""
        if quantity is Quantity.PARAMETERS:
            return {}  # its line has letters of its own
        tokens = next(one for one in self.controls if one.field == "tokens")
        assert isinstance(tokens, Size)

        def total(at: Mapping[str, int]) -> int:
            return self.build({**self._printed, **form, "positions": MOST_TOKENS, **at}).cost(convention)

        return interpolated(total, {"tokens": tokens}, {"tokens": 2})


def verdict(built: Decoder) -> str:
    """What the total of the parameters is, where somebody has published it."""
    said = {"version": VERSIONS_SAID[built.version], "printed": built.sizes.printed}
    if built.positions != PUBLISHED_POSITIONS:
        return _("parameters, with a table of positions that nobody published")
    if built.tied:
        return _("parameters: GPT-2 {version} as released, {printed}M in the paper", **said)
    return _("parameters: the token table counted twice, as torchinfo does", **said)
