"""The explorer of ViT: a picture as a grid of patches, what it costs in four parts, and how shares move."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import Any, NamedTuple

from layercost.convention import Quantity
from layercost.explorers import parts, telling
from layercost.explorers.answers import as_known
from layercost.explorers.controls import Choice, Size
from layercost.explorers.patch_picture import Seen, patches_and_shares
from layercost.explorers.polynomial import Polynomial, interpolated
from layercost.explorers.refusal import Refusal
from layercost.explorers.stack import PAIRS, Stack, StackExplorer
from layercost.explorers.subject import Subject
from layercost.expression import Expression, Symbol, define, tree
from layercost.layers.model import Model
from layercost.message import Message
from layercost.message import spoken as _
from layercost.models.from_config import from_config
from layercost.view import escaped, number, tag

CHANNELS, CLASSES = 3, 1000
MOST_PIXELS, MOST_PATCH = 1024, 64
LEAST_PIXELS, LEAST_PATCH = 16, 4


class Sizes(NamedTuple):
    """A published size: blocks, width, heads."""

    depth: int
    width: int
    heads: int


# Touvron et al. 2020, table 1 (Ti, S, B); Dosovitskiy et al. 2020, table 1 (B, L).
VERSIONS = {
    "Ti": Sizes(12, 192, 3),
    "S": Sizes(12, 384, 6),
    "B": Sizes(12, 768, 12),
    "L": Sizes(24, 1024, 16),
}
PARTS = {
    "patches": Message("patches"),
    "maps": Message("maps"),
    "pairs": Message("pairs"),
    "head": Message("head"),
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Viewed(Stack):
    """A ViT on a picture."""

    version: str
    patch: int
    places = {"embedding": ("patches",), "attention": ("maps", PAIRS), "mlp": ("maps",), "head": ("head",)}

    @cached_property
    def _key(self) -> tuple[object, ...]:
        return self.version, self.patch, self.shape

    @property
    def sizes(self) -> Sizes:
        """The published sizes."""
        return VERSIONS[self.version]

    @property
    def side(self) -> int:
        """The pixels in a row of the picture."""
        return self.shape[1]

    @property
    def across(self) -> int:
        """The patches in a row."""
        return self.side // self.patch

    @property
    def tokens(self) -> int:
        """The patches, and the class token."""
        return self.across**2 + 1

    @cached_property
    def work(self) -> dict[str, int]:
        """The MACs of each of `PARTS`."""
        return {part: done for part, (_held, done) in self.amounts.items()}

    @property
    def tokens_in_letters(self) -> Expression:
        """Whole patches in a row, squared, and the class token."""
        across = Symbol("n", self.side) // Symbol("p", self.patch)
        return across**2 + 1

    @property
    def _letters(self) -> tuple[Expression, Expression, Expression, Expression]:
        width, depth = Symbol("d", self.sizes.width), Symbol("B", self.depth)
        tokens = define("T", self.tokens_in_letters)
        assert isinstance(tokens, Expression)
        return width, depth, tokens, Symbol("p", self.patch)

    @property
    def held_in_letters(self) -> Expression:
        """Blocks, map of the patches, places with what is as wide, head."""
        d, blocks, tokens, p = self._letters
        return blocks * (12 * d**2 + 13 * d) + CHANNELS * p**2 * d + (tokens + 4) * d + CLASSES * (d + 1)

    @property
    def done_in_letters(self) -> Expression:
        """Blocks with their maps and their pairs, patches, head."""
        d, blocks, tokens, p = self._letters
        return (
            blocks * (12 * d**2 * tokens + 2 * d * tokens**2)
            + CHANNELS * p**2 * d * (tokens - 1)
            + CLASSES * d
        )


@lru_cache(maxsize=64)
def _model(version: str, side: int, patch: int, blocks: int) -> Model:
    sizes = VERSIONS[version]
    return from_config({
        "model_type": "vit", "hidden_size": sizes.width, "intermediate_size": 4 * sizes.width,
        "num_hidden_layers": blocks, "num_attention_heads": sizes.heads, "image_size": side,
        "patch_size": patch, "num_channels": CHANNELS, "num_labels": CLASSES,
    })  # fmt: skip


class VisionExplorer(StackExplorer):
    """ViT in four sizes; the side of the picture and that of a patch can be changed."""

    name = "vision"
    parts_said = PARTS
    refusals = (
        Refusal(
            ("image", "patch"),
            lambda image, patch: image - patch,
            Message(
                "A patch of {patch} by {patch} pixels does not fit into a picture of {image} by {image}."
            ),
        ),
    )
    controls = (
        Choice("version", Message("size"), "B", tuple(VERSIONS), main=True, buttons=True),
        Size("image", Message("side of the picture"), 224, LEAST_PIXELS, MOST_PIXELS, letter="n", main=True),
        Size("patch", Message("side of a patch"), 16, LEAST_PATCH, MOST_PATCH, letter="p", main=True),
        Choice("part", Message("part to look at"), "maps",
               tuple((said, part) for part, said in PARTS.items()), looks=True),
    )  # fmt: skip

    def build(self, settings: Mapping[str, Any]) -> Viewed:
        version, side, patch = (settings[name] for name in ("version", "image", "patch"))
        self.possible(settings)
        said = _("ViT-{version}/{patch} on {side} by {side} pixels", version=version, patch=number(patch),
                 side=number(side))  # fmt: skip
        depth, image = VERSIONS[version].depth, (CHANNELS, side, side)
        whole, one = (_model(version, side, patch, blocks) for blocks in (depth, 1))
        alone = Subject(one, image, said)
        return Viewed(whole, image, said, one=alone, depth=depth, version=version, patch=patch)

    def picture(self, built: Viewed, settings: Mapping[str, Any]) -> str:
        before = self._before if isinstance(self._before, Viewed) else None
        seen = Seen(
            [(str(said), f"part={part}", part == settings["part"], built.work[part])
             for part, said in PARTS.items()],
            None if before is None else [before.work[part] for part in PARTS],
            built.side, built.patch, built.sizes.width, built.depth,
        )  # fmt: skip
        heading = tag(
            "p", tag("b", escaped(built.words)), f" {escaped(_what_fits(built))}", class_="lc-heading"
        )
        return heading + tag("figure", patches_and_shares(seen))

    def lines(self, built: Viewed, settings: Mapping[str, Any]) -> Iterable[str]:
        yield parts.derivation(_("tokens"), built.tokens_in_letters, str(Message("tokens")))
        yield from super().lines(built, settings)

    def tables(self, built: Viewed, settings: Mapping[str, Any]) -> Iterable[str]:
        heads, values = [_("what"), _("value"), _("unit")], built.sizes.width
        rest = built.side - built.across * built.patch
        yield parts.plain_table(
            built.words, heads,
            [
                (_("side of the picture"), built.side, _("pixels")),
                (_("patches in a row"), built.across, ""),
                (_("pixels of a row that no patch reads"), rest, _("pixels")),
                (_("tokens with the class token"), built.tokens, ""),
                (_("pairs and maps are even at"), 6 * values, _("tokens")),
            ],
        )  # fmt: skip
        amounts = [(escaped(str(PARTS[part])), each) for part, each in built.work.items()]
        yield parts.plain_table(_("The work"), [_("part"), _("MACs")], [*amounts, (_("total"), built.macs)])

    def told(self) -> dict[str, Any]:
        lines = [line for version in VERSIONS for line in self._lines_of(version)]
        return telling.told([quantity.value for quantity in self.headlined], lines)

    def _lines_of(self, version: str) -> Iterator[dict[str, Any]]:
        """The lines of one size, for every picture in which a patch fits."""
        when = {"version": as_known(self._declared["version"], version)}
        printed = self.build({**self._printed, "version": version})
        fields = {"image": "n", "patch": "p"}
        side, patch = Symbol("n", 1), Symbol("p", 1)
        yield telling.derived("parameters", printed.held_in_letters, "parameters", fields, when)
        across = [["across", tree(side // patch)]]
        for line in telling.totals(partial(self._follows, version), ("across", "p"), when, alone=True):
            if line["quantity"] == Quantity.FLOPS.value:
                yield {**line, "fields": fields, "definitions": across}

    def _follows(self, version: str, quantity: Quantity, convention: str) -> Polynomial:
        """How a total follows the patches in a row and the side of a patch."""
        if quantity is Quantity.PARAMETERS:
            return {}  # its line has letters of its own

        def total(at: Mapping[str, int]) -> int:
            side = at["across"] * at["p"]
            return self.build({"version": version, "image": side, "patch": at["p"]}).cost(convention)

        row = Message("patches in a row")
        sizes = {"across": Size("across", row, 1, 1, 32), "p": Size("p", row, 1, LEAST_PATCH, MOST_PATCH)}
        return interpolated(total, sizes, {"across": 4, "p": 2})


def _what_fits(built: Viewed) -> str:
    """The tokens, and what of the picture is not read."""
    rest = built.side - built.across * built.patch
    said = {"across": number(built.across), "tokens": number(built.tokens), "rest": number(rest)}
    if rest:
        return _("{across} × {across} patches and a class token: {tokens} tokens; {rest} pixels of each row "
                 "are not read", **said)  # fmt: skip
    return _("{across} × {across} patches and a class token: {tokens} tokens", **said)
