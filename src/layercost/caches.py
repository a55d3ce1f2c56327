"""What a model keeps of the tokens that it has read, layer by layer: keys, values, latents, states.

Most layers keep as much for each token more. A window keeps no more than its length, attention to another
text keeps as much for each token of that, and a state stays as it is however long the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import reduce
from typing import Any, NamedTuple, Unpack

from layercost.expression import Expression, Number, Symbol, add, ceil_div, expression, times
from layercost.layer import Call, Layer
from layercost.setting import INFERENCE, Given, Setting, setting_of
from layercost.shape import Shape, several


class Kept(NamedTuple):
    """What one layer keeps: its place, values for each token more, and in all after the tokens so far.

    `per_source_token` are the values for each token of the text that another part has read; `state` those
    that do not grow. `window` is how many tokens are kept at most; `unwindowed` are the values that all
    tokens would leave without it. These and `values` are for the whole batch, the others for one sample.
    """

    name: str
    what: tuple[str, ...]
    per_token: int
    per_source_token: int
    state: int
    window: int | None
    values: int
    unwindowed: int


class Cache(NamedTuple):
    """What a whole model keeps, after the tokens of an input in a setting."""

    layers: tuple[Kept, ...]
    setting: Setting

    @property
    def per_token(self) -> int:
        """The values that one token more leaves, as long as no window is full."""
        return sum([layer.per_token for layer in self.layers])

    @property
    def per_source_token(self) -> int:
        """The values that each token of the text that an encoder has read leaves."""
        return sum([layer.per_source_token for layer in self.layers])

    @property
    def state(self) -> int:
        """The values that do not grow with the text."""
        return sum([layer.state for layer in self.layers])

    @property
    def values(self) -> int:
        """All values, of the whole batch."""
        return sum([layer.values for layer in self.layers])

    @property
    def unwindowed(self) -> int:
        """All values, of the whole batch, if no window cut what is kept."""
        return sum([layer.unwindowed for layer in self.layers])

    def data(self) -> dict[str, Any]:
        """The same as plain data, in values and in bytes."""
        size = self.setting.bytes
        return {
            "dtype": self.setting.dtype,
            "values_per_token": self.per_token,
            "bytes_per_token": size(self.per_token),
            "values_per_source_token": self.per_source_token,
            "bytes_per_source_token": size(self.per_source_token),
            "state_values": self.state,
            "state_bytes": size(self.state),
            "values": self.values,
            "bytes": size(self.values),
            "bytes_without_windows": size(self.unwindowed),
            "by_layer": [self._layer(layer) for layer in self.layers],
        }

    def _layer(self, layer: Kept) -> dict[str, Any]:
        size = self.setting.bytes
        return {
            "name": layer.name,
            "keeps": list(layer.what),
            "values_per_token": layer.per_token,
            "bytes_per_token": size(layer.per_token),
            **({"values_per_source_token": layer.per_source_token} if layer.per_source_token else {}),
            **({"state_values": layer.state} if layer.state else {}),
            "window": layer.window,
            "values": layer.values,
            "bytes": size(layer.values),
        }


def kv_cache(layer: Layer, *input_shapes: Iterable[object], **setting: Unpack[Given]) -> Cache:
    """What a model keeps of an input, layer by layer; ``cached=`` tokens have been read before.

    >>> from layercost import Attention
    >>> kv_cache(Attention(4096, 32, 8, bias=False, causal=True), (1024, 4096)).per_token
    2048
    """
    shapes = several(input_shapes[0]) if len(input_shapes) == 1 else input_shapes
    return cache_of_calls(layer.calls(*shapes), setting_of(setting))


def cache_of_calls(calls: Iterable[Call], setting: Setting) -> Cache:
    """The same of calls that have been followed already."""
    found = [_kept(call, setting) for call in calls]
    return Cache(tuple([one for one in found if one is not None]), setting)


def _kept(call: Call, setting: Setting) -> Kept | None:
    """What a call keeps, or None where it keeps nothing."""
    held = call.kept(setting)
    if not held:
        return None
    grows = [_growth(call, place) for place in range(len(call.inputs))]
    own, source = (grows[0], 0) if len(grows) == 1 else (0, grows[-1])
    state = _size(call, call.inputs, INFERENCE) if not own and not source else 0
    window, values = getattr(call.layer, "window", None), sum([int(one.size) for one in held])
    tokens = int(setting.cached) + int(call.inputs[0][0])
    return Kept(
        call.path,
        tuple([one.name for one in held]),
        own,
        source,
        state,
        window,
        values,
        values if window is None else int(setting.batch) * own * tokens,
    )


def _growth(call: Call, place: int) -> int:
    """How much more is kept of two tokens than of one, in the input of that place."""
    of = [tuple([_of_length(one, length) if at == place else one for at, one in enumerate(call.inputs)])
          for length in (1, 2)]  # fmt: skip
    one, two = (_size(call, shapes, INFERENCE) for shapes in of)
    return one if getattr(call.layer, "window", None) == 1 else two - one


def _of_length(shape: Shape, length: int) -> Shape:
    return type(shape)((length, *shape[1:]))


def _size(call: Call, shapes: tuple[Shape, ...], setting: Setting) -> int:
    return sum([int(one.size) for one in call._replace(inputs=shapes).kept(setting)])


# ---- in letters ----------------------------------------------------------------------------------


class Alike(NamedTuple):
    """Layers that keep the same of the same input: one call of them, and how many there are."""

    call: Call
    layers: int


def alike(calls: Iterable[Call]) -> tuple[Alike, ...]:
    """The calls that keep anything, those that keep the same together, in their order."""
    found: dict[object, list[Call]] = {}
    for call in calls:
        if call.kept(INFERENCE):
            found.setdefault((type(call.layer), call.layer, call.inputs), []).append(call)
    return tuple([Alike(every[0], len(every)) for every in found.values()])


def at_length(groups: Iterable[Alike], tokens: int) -> tuple[Alike, ...]:
    """The same layers on a text of that many tokens."""
    return tuple([Alike(_on(one.call, tokens), one.layers) for one in groups])


def _on(call: Call, tokens: int) -> Call:
    return call._replace(inputs=tuple([_of_length(each, tokens) for each in call.inputs]))


def cache_in_letters(
    groups: Iterable[Alike], setting: Setting = INFERENCE, *, in_bytes: bool = True
) -> Expression:
    """What layers keep, as one writes it down: n layers that are alike, and keys and values as 2.

    Those that see a window are n_w layers. In bytes each value takes b of them, where these are whole.

    >>> from layercost import Attention, Sequential
    >>> from layercost.expression import TEXT, equation
    >>> same = Attention(4096, 32, 8, bias=False, causal=True)
    >>> model = Sequential(*[same] * 32)
    >>> equation(cache_in_letters(alike(model.calls((1024, 4096))), Setting(dtype="bfloat16")), TEXT)
    '2·n·T·g·k·b = 2·32·1,024·8·128·2 = 134,217,728'
    """
    terms = list(_terms(groups, setting))
    total = expression(reduce(add, terms) if terms else 0)
    return _as_bytes(total, setting) if in_bytes else total


def _terms(groups: Iterable[Alike], setting: Setting) -> Iterator[Number]:
    """What each group keeps: so many layers, times so many things of one size."""
    letters = set[str]()
    for call, layers in groups:
        name = _new(letters, "n_w" if getattr(call.layer, "window", None) else "n")
        for things, size in _sizes(call, setting):
            kept = times(Symbol(name, layers), size) if layers > 1 else size
            yield times(things, kept) if things > 1 else kept


def _new(letters: set[str], letter: str) -> str:
    """A letter that no group has yet: n, then n_2."""
    base, _, subscript = letter.partition("_")
    name, place = letter, 2
    while name in letters:
        name, place = f"{base}_{subscript}{place}", place + 1
    letters.add(name)
    return name


def _sizes(call: Call, setting: Setting) -> Iterator[tuple[int, Expression]]:
    """The sizes that a call keeps in letters, with how many things have each: keys and values, 2."""
    lettered = setting
    if int(setting.batch) != 1:
        lettered = replace(lettered, batch=Symbol("N", int(setting.batch)))
    if int(setting.cached):
        lettered = replace(lettered, cached=Symbol("T_c", int(setting.cached)))
    twin, shapes, _output = call.layer.symbolic(*call.inputs)
    sizes = [expression(held.size) for held in twin.kept(*shapes, setting=lettered)]
    return ((sizes.count(size), size) for size in dict.fromkeys(sizes))


def _as_bytes(values: Expression, setting: Setting) -> Expression:
    """Values in a number format; half bytes are rounded up in the end."""
    whole, rest = divmod(setting.bits, 8)
    if rest:
        return expression(ceil_div(times(values, setting.bits), 8))
    return expression(times(values, Symbol("b", whole)))
