"""The table of a model from its configuration, with all that belongs beside it.

Types of parameters, what is kept of each token, active parameters, and which values the file did not have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, Unpack

from layercost.active import IN_WORDS, Active, active_parameters, has_experts
from layercost.by_type import macs_of_calls, parameters_by_type
from layercost.caches import Cache, cache_of_calls
from layercost.convention import Convention
from layercost.counters import Named
from layercost.counting import Counter, usual_input
from layercost.expression import Number
from layercost.facts import Kind, Operation, Role
from layercost.layer import Layer
from layercost.layers.attention import Attention, LatentAttention
from layercost.layers.embedding import Embedding
from layercost.layers.positions import LearnedPositions
from layercost.message import Joined, Message, Words, clauses, listing, sentence
from layercost.models.families.fields import Default, written
from layercost.models.from_config import ConfiguredModel
from layercost.models.leaves import AtPlace, LastPosition
from layercost.repeated import Entry, folded
from layercost.setting import Given, Setting, setting_of
from layercost.shape import ShapeError, checked_sizes
from layercost.table import Table, table
from layercost.totals import IN_WORDS as PARAMETERS_IN_WORDS
from layercost.totals import parameter_totals
from layercost.view import number

Sizes: TypeAlias = tuple[Number, ...]
USUAL_CONVENTION = "two-a-mac"  # as papers on language models count


@dataclass(frozen=True, eq=False)
class ConfiguredTable(Table):
    """The table of a model from its configuration: blocks that are alike share their rows where people read.

    Its data has every row, and beside the table what `data` of a `ConfiguredModel` needs.
    """

    model: ConfiguredModel | None = None
    types: Mapping[str, int] | None = None
    macs_of_types: Mapping[str, int] | None = None
    cache: Cache | None = None
    inputs: tuple[tuple[int, ...], ...] = ()

    @property
    def about(self) -> ConfiguredModel:
        """The model."""
        if self.model is None:
            raise TypeError("a ConfiguredTable is made by configured_table")
        return self.model

    def row_cells(self) -> list[list[str]]:
        every = enumerate(zip(self.rows, self.counted.amounts, strict=True))
        entries = (Entry(row, amount, place in self.counted.unknown) for place, (row, amount) in every)
        return [self._cells(row, amount, unknown) for row, amount, unknown in folded(entries)]

    def notes(self) -> list[Message]:
        """Below the table: types, cache, active parameters, what the file did not say, conventions."""
        return [*super().notes(), *self._more()]

    def _more(self) -> Iterator[Message]:
        totals = parameter_totals(self.about).items()
        yield Message(
            "Parameters: {each}.",
            each=clauses(
                Message("{count:,} {meaning}", count=count, meaning=PARAMETERS_IN_WORDS[meaning])
                for meaning, count in totals
            ),
        )
        yield _listed(Message("Parameters by type"), self.types or {})
        if self.cache is not None and self.cache.layers:
            yield from _cache_in_words(self.cache)
        for meaning, count in self.active.items():
            yield Message("Active parameters, {meaning}: {count:,}.", meaning=IN_WORDS[meaning], count=count)
        yield Joined(sentence(words) for words in conventions(self.about, self.convention).values())
        yield from said_of(self.about)

    @property
    def active(self) -> dict[Active, int]:
        """Active parameters in each meaning, of a model with experts."""
        if not has_experts(self.about):
            return {}
        return {meaning: active_parameters(self.about, meaning) for meaning in Active}

    def data(self) -> dict[str, Any]:
        """The table as plain data, with types, cache, active parameters, defaults and conventions."""
        model, cache = self.about, self.cache
        active = {meaning.value: count for meaning, count in self.active.items()}
        return {
            **super().data(),
            "model_type": model.model_type,
            "architecture": model.architecture,
            "inputs": [list(map(int, shape)) for shape in self.inputs],
            "cached": int(self.setting.cached),
            "parameters": {meaning.value: count for meaning, count in parameter_totals(model).items()},
            "parameters_by_type": dict(self.types or {}),
            "macs_by_type": dict(self.macs_of_types or {}),
            "kv_cache": None if cache is None else {"tokens": _tokens(self), **cache.data()},
            **({"active_parameters": active} if active else {}),
            "conventions": {name: str(words) for name, words in conventions(model, self.convention).items()},
            "defaults": [default.data() for default in model.defaults],
            "notes": [str(note) for note in model.notes],
        }


def said_of(model: Layer) -> Iterator[Message]:
    """What a model tells of its configuration: which part is counted, and what the file did not have.

    Of a model that has none it is nothing.
    """
    if not isinstance(model, ConfiguredModel):
        return
    yield from (Joined([note]) for note in model.notes)
    if model.defaults:
        taken = clauses(_by_source(model.defaults))
        yield Message("Not in the file, and taken from elsewhere: {taken}.", taken=taken)


def _by_source(defaults: Iterable[Default]) -> Iterator[Message]:
    """What was taken from each place."""
    found: dict[str, list[str]] = {}
    for default in defaults:
        found.setdefault(str(default.source), []).append(f"{default.field} = {written(default.value)}")
    for source, taken in found.items():
        yield Message("{source}: {taken}", source=source, taken=listing(taken))


def _tokens(shown: ConfiguredTable) -> int:
    """How many tokens of each sample have been read, by the first layer that keeps something of each."""
    keeps = (call for call in shown.counted.calls if len(call.inputs) == 1 and call.kept(shown.setting))
    first = next((call.input_shape for call in keeps), None)
    return 0 if first is None else int(shown.setting.cached) + int(first[0])


def _listed(what: Words, counts: Mapping[str, int]) -> Message:
    each = listing(f"{name} {number(count)}" for name, count in counts.items())
    return Message("{what}: {each}.", what=what, each=each)


def _cache_in_words(cache: Cache) -> Iterator[Message]:
    size = cache.setting.bytes
    if cache.per_token:
        yield Message(
            "Cache: each token more leaves {values:,} values, {bytes:,} bytes in {dtype}.",
            values=cache.per_token, bytes=size(cache.per_token), dtype=cache.setting.dtype,
        )  # fmt: skip
    if cache.per_source_token:
        yield Message(
            "Cache: each token of the text that is read first leaves {values:,} values, {bytes:,} bytes.",
            values=cache.per_source_token, bytes=size(cache.per_source_token),
        )  # fmt: skip
    if cache.state:
        yield Message(
            "Cache: a state of {values:,} values, {bytes:,} bytes, however long the text.",
            values=cache.state, bytes=size(cache.state),
        )  # fmt: skip
    yield Message(
        "Cache after these tokens: {values:,} values, {bytes:,} bytes.",
        values=cache.values, bytes=size(cache.values),
    )  # fmt: skip
    if (said := windows_in_words(cache, size)) is not None:
        yield said


def windows_in_words(cache: Cache, size: Callable[[int], int]) -> Message | None:
    """Which layers a window keeps from growing, and the bytes, by `size`, of all without it; or nothing."""
    cut = [layer for layer in cache.layers if layer.values < layer.unwindowed]
    if not cut:
        return None
    return Message(
        "{some} of {every} layers that keep something keep no more than a window, {windows} tokens; without "
        "windows all of it would be {bytes:,} bytes.",
        some=len(cut), every=len(cache.layers), bytes=size(cache.unwindowed),
        windows=listing(number(window) for window in sorted({int(layer.window or 0) for layer in cut})),
    )  # fmt: skip


def conventions(model: ConfiguredModel, counter: Counter) -> dict[str, Message]:
    """What the numbers mean beside the convention of operations, by what it is about."""
    leaves = list(model.leaves())
    kinds = {type(leaf) for _, leaf in leaves}
    said = {"parameters": Message("Each parameter counts once, however many layers use it")}
    if Attention in kinds or LatentAttention in kinds:
        said["attention"] = _of_attention(counter)
    if any(isinstance(leaf, LatentAttention) and not leaf.absorbed for _, leaf in leaves):
        said["latent"] = Message(
            "Keys and values are made again from the short vectors of all tokens at each step; with "
            "absorbed, as serving systems have it, queries would meet those vectors themselves"
        )
    if Embedding in kinds:
        said["embedding"] = _of_lookups(counter)
    if LastPosition in kinds:
        said["logits"] = Message("The head works on the last position alone")
    elif "head" in {path.rpartition(".")[2] for path, _ in leaves} and AtPlace not in kinds:
        said["logits"] = Message("The head works on every position")
    return said


def _of_attention(counter: Counter) -> Message:
    if not _prices(counter, Kind.MASKED, Role.PRODUCT):
        return Message("Attention counts over the full square of tokens, masked or not")
    return Message(
        "{unit} of attention leave out the pairs of tokens that a mask hides; MACs count the full square",
        unit=counter.unit,
    )


def _of_lookups(counter: Counter) -> Message:
    if not _prices(counter, Kind.LOOKUP, Role.WEIGHTS):
        return Message("A token is looked up, which computes nothing")
    return Message(
        "{unit} count a token that is looked up as a product with its whole table; MACs count nothing for it",
        unit=counter.unit,
    )


def _prices(counter: Counter, kind: Kind, role: Role) -> bool:
    """Whether a convention has a price for what is noted beside the products; tools have none."""
    return isinstance(counter, Convention) and counter.price(Operation(kind, role, 1, 1)) is not None


def _check_places(model: ConfiguredModel, shapes: tuple[Sizes, ...], setting: Setting) -> None:
    """Raise ShapeError where the tokens in the cache leave no place in a table of positions."""
    tokens = int(setting.cached) + int(shapes[-1][0])
    places = [leaf.num_positions for _, leaf in model.leaves() if isinstance(leaf, LearnedPositions)]
    if setting.cached and places and tokens > places[-1]:
        raise ShapeError(
            Message("{model} has {most:,} positions, but {tokens:,} tokens are in the cache and new together",
                    model=model.name, most=places[-1], tokens=tokens)
        )  # fmt: skip


def configured_table(
    model: ConfiguredModel,
    input: Iterable[object] | None = None,
    convention: Named = USUAL_CONVENTION,
    **setting: Unpack[Given],
) -> ConfiguredTable:
    """The table of a model from its configuration, on an input that is its usual one unless given.

    >>> from layercost.models.from_config import from_config
    >>> configured_table(from_config({"model_type": "gpt2"}), (128,)).cache.per_token
    18432
    """
    plain = setting_of(setting)
    shapes = tuple([checked_sizes(shape) for shape in usual_input(model, input, Message("a table"))])
    _check_places(model, shapes, plain)
    shown = table(model, input, convention, setting=plain)
    calls = shown.counted.calls
    return ConfiguredTable(
        **{name: getattr(shown, name) for name in Table.__dataclass_fields__},
        model=model,
        types=parameters_by_type(model),
        macs_of_types=macs_of_calls(calls, plain),
        cache=cache_of_calls(calls, plain),
        inputs=tuple([tuple(map(int, shape)) for shape in shapes]),
    )
