"""The explorer of published sizes: a printed number, and what one may count until the count is that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product
from typing import Any, NamedTuple

from layercost.by_type import parameters_by_type
from layercost.explorers import parts, telling
from layercost.explorers.answers import as_known
from layercost.explorers.controls import Choice, Tick
from layercost.explorers.explorer import Explorer
from layercost.explorers.markup import box, drawing, line, words
from layercost.expression import Expression, Symbol, add, expression
from layercost.layers.feed_forward import MixtureOfExperts
from layercost.message import Message, Words
from layercost.message import spoken as _
from layercost.models.known import model_named
from layercost.view import escaped, number, tag

MILLION = 10**6


class Printed(NamedTuple):
    """A number that somebody printed: of which model, in units of `scale`, as it was printed and in words."""

    short: Words
    title: Words
    model: str
    number: str
    scale: int

    @property
    def value(self) -> int:
        """The number without its unit."""
        return round(float(self.number) * self.scale)

    @property
    def last(self) -> int:
        """How much one in its last digit is."""
        return int(self.scale // 10 ** len(self.number.partition(".")[2]))

    def is_given_by(self, counted: int) -> bool:
        """Whether a count is this number, rounded or cut at its last digit."""
        return abs(counted - self.value) <= self.last / 2 or 0 <= counted - self.value < self.last


BILLION = 1000 * MILLION
CLAIMS: dict[str, Printed] = {
    "gpt-oss": Printed("116.83B", Message("gpt-oss-120b: 116.83B"), "gpt-oss-120b", "116.83", BILLION),
    "gpt-oss active": Printed(
        "5.13B", Message("gpt-oss-120b, active: 5.13B"), "gpt-oss-120b", "5.13", BILLION
    ),
    "mixtral": Printed("46.7B", Message("Mixtral 8x7B: 46.7B"), "mixtral-8x7b", "46.7", BILLION),
    "mixtral active": Printed(
        "12.9B", Message("Mixtral 8x7B, active: 12.9B"), "mixtral-8x7b", "12.9", BILLION
    ),
    "deepseek active": Printed("37B", Message("DeepSeek-V3, active: 37B"), "deepseek-v3", "37", BILLION),
    "qwen3 active": Printed("3.3B", Message("Qwen3-30B-A3B, active: 3.3B"), "qwen3-30b-a3b", "3.3", BILLION),
    "qwen2.5": Printed("6.53B", Message("Qwen2.5 7B, non-embedding: 6.53B"), "qwen2.5-7b", "6.53", BILLION),
    "llama 3.2": Printed("3.21B", Message("Llama 3.2 3B: 3.21B"), "llama-3.2-3b", "3.21", BILLION),
    "gpt2": Printed("117M", Message("GPT-2 small, its paper: 117M"), "gpt2", "117", MILLION),
    "gpt2 torchinfo": Printed("163M", Message("GPT-2 small, torchinfo: 163M"), "gpt2", "163", MILLION),
}
PIECES: dict[str, tuple[str, Words, str]] = {  # the letter, the words, and the colour of a dimension
    "table": ("V", Message("table of the input"), "cin"),
    "head": ("U", Message("head"), "t"),
    "attention": ("A", Message("attention"), "w"),
    "feed-forward": ("M", Message("feed-forward"), "cout"),
    "experts": ("E", Message("experts"), "k"),
    "rest": ("R", Message("norms, routers, positions"), "const"),
}
HEADS = {
    "own": Message("as held"),
    "again": Message("again"),
    "none": Message("left out"),
}
_OF = {"embedding.token": "table", "head": "head", "experts": "experts"}
WIDTH, _TOP, _PITCH, _BAR = 372, 4, 29, 11
_ROOM = 366  # of the longest bar


class Held(NamedTuple):
    """What a model holds by piece, the experts that a token leaves out, and whether its head is tied."""

    pieces: Mapping[str, int]
    idle: int
    tied: bool


@lru_cache(maxsize=16)
def held_by(name: str) -> Held:
    """The pieces of a model that is known by name."""
    model, found = model_named(name), dict.fromkeys(PIECES, 0)
    for kind, amount in parameters_by_type(model).items():
        found[_piece(kind)] += amount
    idle = sum(int(leaf.idle()) for _path, leaf in model.leaves() if isinstance(leaf, MixtureOfExperts))
    return Held(found, idle, tied=not found["head"])


def _piece(kind: str) -> str:
    first = kind.partition(".")[0]
    return _OF.get(kind) or {"attention": "attention", "mlp": "feed-forward"}.get(first, "rest")


@dataclass(frozen=True)
class Audited:
    """A printed number, and what is counted for it."""

    claim: str
    active: bool
    table: bool
    head: str

    @property
    def printed(self) -> Printed:
        """What was printed."""
        return CLAIMS[self.claim]

    @cached_property
    def held(self) -> Held:
        """What the model holds."""
        return held_by(self.printed.model)

    @cached_property
    def counted(self) -> dict[str, int]:
        """What is counted of each piece."""
        found = dict(self.held.pieces)
        if not self.table:
            found["table"] = 0
        if self.head == "none":
            found["head"] = 0
        elif self.head == "again" and self.held.tied:
            found["head"] = self.held.pieces["table"]
        if self.active:
            found["experts"] -= self.held.idle
        return found

    @property
    def total(self) -> int:
        """All that is counted."""
        return sum(self.counted.values())

    def formula(self) -> Expression:
        """The sum of the pieces that are counted."""
        pieces = [Symbol(PIECES[name][0], amount) for name, amount in self.counted.items() if amount]
        total: Any = 0
        for piece in pieces:
            total = add(total, piece)
        return expression(total)


class ClaimsExplorer(Explorer):
    """Ten printed sizes of language models, and what one may count: experts, the table, the head."""

    name = "claims"
    counted = False
    controls = (
        Choice("claim", Message("printed"), "gpt-oss active",
               tuple((one.short, name) for name, one in CLAIMS.items()), main=True),
        Tick("active", Message("experts of one token alone"), False, main=True),
        Tick("table", Message("the table of the input"), True, main=True),
        Choice("head", Message("head"), "own", tuple((said, name) for name, said in HEADS.items()),
               main=True),
    )  # fmt: skip

    def build(self, settings: Mapping[str, Any]) -> Audited:
        return Audited(*(settings[name] for name in ("claim", "active", "table", "head")))

    def picture(self, built: Audited, settings: Mapping[str, Any]) -> str:
        said = tag("p", escaped(verdict(built)), class_="lc-saying", role="status")
        return parts.heading(str(built.printed.title)) + tag("figure", _bars(built)) + said

    def describe(self, built: Audited) -> str:
        return str(built.printed.title)

    def amounts(self, built: Audited) -> list[tuple[str, int]]:
        return [(_("parameters"), built.total)]

    def headlines(self, built: Audited, settings: Mapping[str, Any]) -> Iterator[str]:
        yield parts.derivation(_("parameters"), built.formula(), "parameters")

    def lines(self, built: Audited, settings: Mapping[str, Any]) -> Iterable[str]:
        yield parts.derivation(_("parameters"), built.formula(), "parameters")
        yield parts.amount_line(_("printed"), built.printed.value, _("parameters"))

    def told(self) -> dict[str, Any]:
        return telling.told(["parameters"], list(self._told()), heard=False)

    def _told(self) -> Iterator[dict[str, Any]]:
        names = ("claim", "active", "table", "head")
        for values in product(CLAIMS, (False, True), (True, False), HEADS):
            when = {
                name: as_known(self._declared[name], value) for name, value in zip(names, values, strict=True)
            }
            yield telling.derived("parameters", Audited(*values).formula(), "parameters", {}, when)

    def tables(self, built: Audited, settings: Mapping[str, Any]) -> Iterable[str]:
        rows = [
            (escaped(str(said)), built.held.pieces[name], built.counted[name])
            for name, (_letter, said, _kind) in PIECES.items()
        ]
        total = (_("all"), sum(built.held.pieces.values()), built.total)
        heads = [_("piece"), _("held"), _("counted")]
        yield parts.plain_table(str(built.printed.title), heads, [*rows, total])


def verdict(built: Audited) -> str:
    """Whether the count is the printed number, and how far it is from it."""
    counted, printed = built.total, built.printed
    if printed.is_given_by(counted):
        return _("{counted}: this is what was printed.", counted=number(counted))
    ratio = counted / printed.value - 1
    said = {"counted": number(counted), "part": f"{abs(100 * ratio):,.1f}"}
    if ratio > 0:
        return _("{counted}: {part} % more than was printed.", **said)
    return _("{counted}: {part} % less than was printed.", **said)


def _bars(built: Audited) -> str:
    """A bar for each piece, those left out as outlines, and one of all, which a stroke crosses."""
    pieces, counted = built.held.pieces, built.counted
    longest = max(built.total, built.printed.value, *pieces.values(), 1)
    scale = _ROOM / longest
    shown = [name for name in PIECES if pieces[name] or counted[name]]
    rows = [_row(place, name, pieces[name], counted[name], scale) for place, name in enumerate(shown)]
    y = _TOP + _PITCH * len(shown)
    mark = built.printed.value * scale
    total = [
        words(0, y + 11, escaped(_("all that is counted")), "lc-measure lc-claims-all"),
        words(WIDTH, y + 11, number(built.total), "lc-measure lc-claims-all", text_anchor="end"),
        box(0, y + 15, max(built.total * scale, 1), _BAR, "lc-claims-total"),
        line(mark, y + 13, mark, y + 17 + _BAR, "lc-claims-printed"),
        words(min(max(mark, 30), WIDTH - 30), y + 44, escaped(_("printed")), "lc-measure lc-quiet",
              text_anchor="middle"),
    ]  # fmt: skip
    says = _("{title}; counted: {counted}.", title=built.printed.title, counted=number(built.total))
    return drawing("lc-claims", WIDTH, y + 48, says, *rows, *total)


def _row(place: int, name: str, held: int, counted: int, scale: float) -> str:
    y = _TOP + _PITCH * place
    _letter, said, kind = PIECES[name]
    return "".join([
        words(0, y + 11, escaped(str(said)), "lc-measure"),
        words(WIDTH, y + 11, number(counted), "lc-measure", text_anchor="end"),
        box(0, y + 15, max(held * scale, 1), _BAR, "lc-claims-left"),
        box(0, y + 15, counted * scale, _BAR, f"lc-cell lc-d-{kind}") if counted else "",
    ])  # fmt: skip
