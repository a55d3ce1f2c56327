"""How a layer is run, as one value: batch, training or inference, number format, tokens in the cache."""

from __future__ import annotations

from functools import cached_property
from typing import TypedDict

from layercost.convention import bits_of
from layercost.expression import Expression, Number
from layercost.frozen import Frozen, frozen
from layercost.message import Message
from layercost.shape import ShapeError, shown, whole


@frozen
class Setting(Frozen):
    """`batch` samples at once, in `training` or at inference, each value in the number format `dtype`.

    `cached` tokens of each sample have been read before, and what they left is at hand: a step of decoding
    has them and one new token. In a derivation batch and cached tokens are letters. Raises ShapeError for a
    batch that is no positive whole number or cached tokens that are none of at least 0, UnknownNameError for
    a number format that nobody knows.
    """

    batch: Number = 1
    training: bool = False
    dtype: str = "float32"
    cached: Number = 0

    def __post_init__(self) -> None:
        if type(self.batch) is not int or self.batch < 1:
            _check(self, "batch", at_least=1)
        if type(self.cached) is not int or self.cached < 0:
            _check(self, "cached", at_least=0)
        if not isinstance(self.training, bool):
            raise ShapeError(
                Message(
                    "setting: training must be True or False, but got {training}",
                    training=shown(self.training),
                )
            )
        bits_of(self.dtype)

    @cached_property
    def alone(self) -> Setting:
        """The same for a single sample: what does not depend on the input runs once for the whole batch."""
        return Setting(1, self.training, self.dtype, self.cached)

    @property
    def bits(self) -> int:
        """The bits of one value."""
        return bits_of(self.dtype)

    def bytes(self, count: int) -> int:
        """The bytes that `count` values take, rounded up to whole ones."""
        return -(-count * self.bits // 8)


def _check(setting: Setting, name: str, at_least: int) -> None:
    """A whole number of any kind (numpy's too), or a letter that stands for one."""
    value = getattr(setting, name)
    if not isinstance(value, Expression):
        object.__setattr__(setting, name, whole(Message("setting"), name, value, at_least))


INFERENCE = Setting()


class Given(TypedDict, total=False):
    """A setting as people type it, one word at a time: ``count(net, FLOPS, batch=8, training=True)``."""

    batch: int
    training: bool
    dtype: str
    cached: int
    setting: Setting


def setting_of(given: Given) -> Setting:
    """The setting from setting=, or from batch=, training=, dtype=, cached=; raises TypeError for both."""
    if not given:
        return INFERENCE
    if "setting" in given:
        if len(given) > 1:
            raise TypeError(
                Message("give setting=Setting(...) or its words batch, training, dtype and cached, not both")
            )
        return given["setting"]
    unknown = [name for name in given if name not in Given.__annotations__]
    if unknown:
        raise TypeError(
            Message(
                "no argument is called {unknown!r}; a setting has batch, training, dtype and cached, "
                "as batch=8",
                unknown=unknown[0],
            )
        )
    return Setting(
        given.get("batch", 1),
        given.get("training", False),
        given.get("dtype", "float32"),
        given.get("cached", 0),
    )
