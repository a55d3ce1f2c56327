"""Frozen dataclasses that are quick to define: there are many, and a browser defines them all at its start.

`dataclasses.dataclass` writes and compiles six functions for each class, which takes half a millisecond.
Here only `__init__` is, and only where a class has fields of its own; what else a frozen dataclass does is
the same for all and stands in `Frozen`. `fields`, `replace` and type checkers see a dataclass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from functools import cache
from typing import Any, ClassVar, NoReturn, TypeVar, dataclass_transform, overload

T = TypeVar("T", bound="type[Frozen]")


class Frozen:
    """An object that cannot change once it is made, and equals any of the same class with equal fields."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return _compared(self) == _compared(other) if type(self) is type(other) else NotImplemented

    def __hash__(self) -> int:
        return hash(_compared(self))


def _compared(one: Any) -> tuple[object, ...]:
    """The values of the fields that make two of a kind equal."""
    kind: type = type(one)
    return tuple([getattr(one, name) for name in _names_compared(kind)])


@cache
def _names_compared(cls: type) -> tuple[str, ...]:
    return tuple(each.name for each in fields(cls) if each.compare)


@overload
def frozen(cls: T, /) -> T: ...
@overload
def frozen(*, init: bool) -> Callable[[T], T]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: Any = None, /, *, init: bool = True) -> Any:
    """Make a class below `Frozen` a frozen dataclass; without `init` it has, or inherits, one of its own.

    Its `__post_init__`, if it has one, is called once the fields are set. Fields have plain defaults only.
    """
    return (lambda later: _made(later, init)) if cls is None else _made(cls, init)


def _made(cls: T, init: bool) -> T:
    dataclass(init=False, repr=False, eq=False)(cls)
    given = cls.__dict__
    has_fields = any(each.name in given.get("__annotations__", ()) for each in fields(cls))
    if init and (has_fields or "__post_init__" in given):
        setattr(cls, "__init__", _init(cls))  # noqa: B010 - a type checker has it from dataclass_transform
    return cls


def _init(cls: type[Frozen]) -> Any:
    """An `__init__` that takes the fields in their order, those that are keyword-only last."""
    own = [each for each in fields(cls) if each.init]
    plain = [_parameter(each) for each in own if not each.kw_only]
    keyword = [_parameter(each) for each in own if each.kw_only]
    parameters = ", ".join(["self", *plain, *(["*", *keyword] if keyword else [])])
    lines = [
        f"_set(self, {each.name!r}, {each.name})" for each in own
    ]  # after a write through __dict__ each read would be slower
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    body = "\n    ".join(lines)
    return _compiled(f"def __init__({parameters}):\n    {body}", cls, own)


def _parameter(each: Field[Any]) -> str:
    return each.name if each.default is MISSING else f"{each.name}=default_{each.name}"


def _compiled(source: str, cls: type[Frozen], own: list[Field[Any]]) -> Any:
    names: dict[str, Any] = {"_set": object.__setattr__} | {
        f"default_{each.name}": each.default for each in own
    }
    exec(source, names)  # noqa: S102 - the text is ours: names of fields
    init = names["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    init.__annotations__ = _annotations(own)
    return init


def _annotations(own: list[Field[Any]]) -> Mapping[str, Any]:
    return {**{each.name: each.type for each in own}, "return": None}
