"""The inputs of an ONNX file: which sizes each has, and which of its axes is the batch.

Sizes are given without the batch, as everywhere, or in full, as the file has them; the number of sizes tells
which. A single sample is read: a batch that is given must be 1, or the one that the file itself fixes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

from layercost.models.onnx_file import Dims, Graph, Sizes, ValueInfo
from layercost.models.tree import ModelError
from layercost.shape import checked_sizes

Given: TypeAlias = "Iterable[object] | Mapping[str, Iterable[object]] | None"


class Input(NamedTuple):
    """An input: its sizes in the file for a batch of one, and the axis of the batch, if it has one."""

    name: str
    full: Sizes
    batch: int | None

    @property
    def sizes(self) -> Sizes:
        """A sample's sizes."""
        return self.full if self.batch is None else (*self.full[: self.batch], *self.full[self.batch + 1 :])

    def of(self, batch: int) -> Sizes:
        """The sizes for so many samples."""
        if self.batch is None:
            return self.full
        return (*self.full[: self.batch], batch, *self.full[self.batch + 1 :])


class Declared(NamedTuple):
    """An input as the file declares it: None for sizes of which it says nothing."""

    name: str
    dims: Dims | None


def declared(graph: Graph) -> list[Declared]:
    """The inputs that are no initializers; raises ModelError for one that is no tensor."""
    held = {one.name for one in graph.initializer}
    return [_declared(one) for one in graph.input if one.name not in held]


def _declared(value: ValueInfo) -> Declared:
    if not value.name:
        raise ModelError("one of its inputs has no name")
    if not value.is_tensor:
        raise ModelError(f"its input {value.name} is no tensor, and only tensors are counted")
    if value.dims is None:
        return Declared(value.name, None)
    dims = (size if isinstance(size, str) or size > 0 else "" for size in value.dims)
    return Declared(value.name, tuple(dims))


def inputs_of(found: list[Declared], given: Given) -> list[Input]:
    """Each input with its sizes; raises ModelError where these are open, or do not fit what is given."""
    if not found:
        raise ModelError("it has no input")
    batch = _batch(found)
    sizes = _by_name(found, given, batch)
    inputs = [_input(one, sizes.get(one.name), batch) for one in found]
    if len(inputs) == 1 and not inputs[0].sizes:
        raise ModelError(f"its only input {inputs[0].name} is a single number, and a layer takes more")
    return inputs


MOST_LISTED = 12
_LENGTHS = ("seq", "time", "len", "frame", "step", "height", "width", "sample", "token")


def _batch(found: list[Declared]) -> int | str | None:
    """What the file calls the batch, or how large it is: the first axis, unless a name says otherwise.

    None where no input has one: an input of one axis alone, or of a first axis that is called a length.
    """
    first = next((one.dims[0] for one in found if one.dims and len(one.dims) > 1), None)
    if first is None:
        return None
    names = [size for one in found for size in one.dims or () if isinstance(size, str)]
    called = next((name for name in names if "batch" in name.lower()), None)
    if called is not None:
        return called
    is_length = isinstance(first, str) and any(word in first.lower() for word in _LENGTHS)
    return None if is_length else first


def _by_name(found: list[Declared], given: Given, batch: int | str | None) -> dict[str, Sizes]:
    """What is given, by the name of its input."""
    names = [one.name for one in found]
    if given is None:
        return {}
    if isinstance(given, Mapping):
        unknown = [name for name in given if name not in names]
        if unknown:
            raise ModelError(f"no input is called {unknown[0]!r}; the inputs are {_listed(names)}")
        return {name: _plain(sizes) for name, sizes in given.items()}
    undecided = names if len(names) == 1 else [one.name for one in found if _is_open(one, batch)]
    given = tuple(given)
    if len(undecided) == 1 and not any(isinstance(one, (tuple, list)) for one in given):
        return {undecided[0]: _plain(given)}
    if len(given) == len(names) and all(isinstance(one, (tuple, list)) for one in given):
        return {name: _plain(sizes) for name, sizes in zip(names, given, strict=True)}  # type: ignore[arg-type]
    raise ModelError(
        f"it has {len(names)} inputs ({_listed(names)}); give the sizes of each, "
        f"as {{{names[0]!r}: (3, 224, 224), ...}} or --input {names[0]}=3x224x224"
    )


def _is_open(found: Declared, batch: int | str | None) -> bool:
    """Whether a size other than the batch is open."""
    if found.dims is None:
        return True
    axis = _batch_axis(found.dims, batch)
    return any(isinstance(size, str) for place, size in enumerate(found.dims) if place != axis)


def _plain(sizes: Iterable[object]) -> Sizes:
    return tuple(int(size) for size in checked_sizes(sizes))


def _input(found: Declared, given: Sizes | None, batch: int | str | None) -> Input:
    name, dims = found
    if dims is None:
        if given is None:
            raise ModelError(f"its input {name} leaves its sizes open; {_how(name, dims)}")
        return Input(name, (1, *given), 0)
    axis = _batch_axis(dims, batch)
    if given is None:
        return Input(name, _own(found, axis), axis)
    if len(given) == len(dims):
        return Input(name, _in_full(found, given, axis), axis)
    if axis is not None and len(given) == len(dims) - 1:
        return Input(name, (*given[:axis], 1, *given[axis:]), axis)
    raise ModelError(
        f"its input {name} has {len(dims)} sizes ({_shown(dims)}), "
        f"and {len(given)} were given; {_how(name, dims, axis)}"
    )


def _batch_axis(dims: Dims, batch: int | str | None) -> int | None:
    """The axis of the batch: the one that is called as the first input's first, or the first that is open."""
    if batch is None or not dims:
        return None
    if isinstance(batch, str) and batch and batch in dims:
        return dims.index(batch)
    if dims[0] == batch or (len(dims) > 1 and isinstance(dims[0], str)):
        return 0
    opened = [axis for axis, size in enumerate(dims) if isinstance(size, str)]
    return opened[0] if isinstance(batch, str) and len(opened) == 1 and len(dims) > 1 else None


def _own(found: Declared, axis: int | None) -> Sizes:
    """The file's own sizes."""
    name, dims = found
    assert dims is not None
    rest = [size for place, size in enumerate(dims) if place != axis]
    if not all(isinstance(size, int) for size in rest):
        names = ", ".join(str(size) or "?" for size in rest)
        raise ModelError(f"its input {name} leaves its sizes open ({names}); {_how(name, dims, axis)}")
    return tuple(1 if place == axis else int(size) for place, size in enumerate(dims))


def _in_full(found: Declared, given: Sizes, axis: int | None) -> Sizes:
    """Sizes as the file has them, for a batch of one."""
    name, dims = found
    assert dims is not None
    if axis is None:
        return given
    if given[axis] not in (1, dims[axis]):
        raise ModelError(
            f"its input {name} was given for a batch of {given[axis]}; give the sizes of one sample, "
            "and the batch as batch=... or --batch"
        )
    return (*given[:axis], 1, *given[axis + 1 :])


def _how(name: str, dims: Dims | None, axis: int | None = 0) -> str:
    """How sizes are given, for an input like this one."""
    usual = 128 if dims is None or len(dims) < 4 else 224
    full = [size if isinstance(size, int) else usual for size in dims or (1, 3, usual, usual)]
    if axis is not None:
        full[axis] = 1
    in_full = "x".join(map(str, full))
    if axis is None or len(full) == 1:
        return f"give them as the file has them, as --input {name}={in_full}"
    sample = [size for place, size in enumerate(full) if place != axis]
    written = f"({', '.join(map(str, sample))}{',' if len(sample) == 1 else ''})"
    return (
        f"give them without the batch, as {written} or --input {name}={'x'.join(map(str, sample))}, "
        f"or as the file has them, as --input {name}={in_full}"
    )


def _listed(names: list[str]) -> str:
    """Names for a person, the first of many."""
    more = len(names) - MOST_LISTED
    return ", ".join(names[:MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


def _shown(dims: Dims) -> str:
    return ", ".join(str(size) or "?" for size in dims)
