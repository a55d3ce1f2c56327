"""A class made by `frozen` is a frozen dataclass to whoever asks."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, is_dataclass, replace

import pytest

import layercost as lc
from layercost.frozen import Frozen, frozen


@dataclass(frozen=True)
class Theirs:
    width: int
    name: str = "none"
    depth: int = field(default=3, kw_only=True)


@frozen
class Ours(Frozen):
    width: int
    name: str = "none"
    depth: int = field(default=3, kw_only=True)


@frozen
class Deeper(Ours):
    end: str = field(default="", compare=False, kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "end", f"{self.width} wide")


@frozen
class Same(Deeper):
    """No field of its own."""


@pytest.mark.parametrize("made", [Theirs, Ours])
def test_it_behaves_as_dataclasses_do(made: type) -> None:
    one = made(4, depth=2)
    assert [each.name for each in fields(one)] == ["width", "name", "depth"]
    assert (one.width, one.name, one.depth) == (4, "none", 2)
    assert one == made(4, "none", depth=2) != made(5, depth=2)
    assert one != (4, "none", 2)
    assert hash(one) == hash(made(4, depth=2))
    assert replace(one, width=7) == made(7, depth=2)
    assert copy.deepcopy(one) == pickle.loads(pickle.dumps(one)) == one  # noqa: S301 - it is our own
    assert is_dataclass(one)


@pytest.mark.parametrize("made", [Theirs, Ours])
def test_it_refuses_what_dataclasses_refuse(made: type) -> None:
    one = made(4)
    for change in (
        lambda: setattr(one, "width", 5),
        lambda: setattr(one, "new", 5),
        lambda: delattr(one, "width"),
    ):
        with pytest.raises(FrozenInstanceError):
            change()
    for arguments in ((), (1, "a", 3)):
        with pytest.raises(TypeError):
            made(*arguments)
    with pytest.raises(TypeError, match="unexpected keyword argument 'wide'"):
        made(wide=3)


def test_it_has_the_signature_that_dataclasses_write() -> None:
    assert inspect.signature(Ours) == inspect.signature(Theirs)


def test_a_subclass_adds_fields_and_runs_its_post_init() -> None:
    assert Deeper(4).end == "4 wide"
    assert Deeper(4) == replace(Deeper(4))
    assert Deeper(4) != Ours(4)
    assert [each.name for each in fields(Deeper)] == ["width", "name", "depth", "end"]


def test_a_subclass_without_fields_is_made_as_the_one_above_it() -> None:
    assert Same(4).end == "4 wide"
    assert "__init__" not in vars(Same)
    assert Same(4) != Deeper(4)


def test_every_layer_is_one() -> None:
    assert all(issubclass(layer, Frozen) and is_dataclass(layer) for layer in lc.LAYERS.values())
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'bias'"):
        lc.Linear(3, 4).bias = False  # type: ignore[misc]
