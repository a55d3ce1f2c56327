"""A batch through a layer, or through a tree of layers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from layercost.shape import ShapeError, checked_sizes, several, whole
from layercost.witness.joins import added, alike, appended, axis_of, multiplied
from layercost.witness.numbers import Tensor, as_image, flat, shape
from layercost.witness.recording import LOOPS, OfBatch, Run, Witness, held, some


def run(
    layer: object,
    input_shape: Iterable[object],
    batch: int = 1,
    *,
    training: bool = False,
    cached: int = 0,
) -> Witness:
    """Run `layer` on a batch of inputs of `input_shape` (without the batch); report what it was seen to do.

    What reads several values takes one shape for each. `cached` tokens of each sample have been read before.

    Raises ShapeError where the loops find that something does not fit, TypeError for a layer without loops.
    """
    this = Run(training=training, cached=whole("run", "cached", cached, 0))
    shapes = [list(map(int, checked_sizes(s))) for s in several(input_shape)]
    inputs = [[_input(sizes, this) for sizes in shapes] for _ in range(whole("run", "batch", batch))]
    samples = inputs if len(shapes) > 1 or _reads_several(layer) else [parts[0] for parts in inputs]
    outputs = _follow(layer, samples, this, "")
    return this.report(outputs, this.tally)


def _reads_several(layer: Any) -> bool:
    """Whether a sample is a list of values: so for a join, and for what begins with one."""
    names = {kind.__name__ for kind in type(layer).__mro__}
    if "Sequential" in names:
        return bool(layer.children) and _reads_several(layer.children[0][1])
    return "Join" in names or ("Graph" in names and len(layer.inputs) > 1)


def _input(sizes: list[int], this: Run, first: int = 0) -> Tensor:
    """An input of some values."""
    if not sizes:
        return this.number(some(first))
    return [_input(sizes[1:], this, 3 * first + position) for position in range(sizes[0])]


def _follow(layer: Any, samples: list[Tensor], this: Run, path: str) -> list[Tensor]:
    """All samples through a layer, or through the layers of a network."""
    names = {kind.__name__ for kind in type(layer).__mro__}
    for name, way in {
        "Sequential": _one_after_the_other,
        "Parallel": _side_by_side,
        "Auxiliary": _past,
        "AtFirst": _at_first,
        "EachCell": _each_cell,
        "Graph": _through_graph,
    }.items():
        if name in names:
            return way(layer, samples, this, path)
    done, before = _loops_of(layer), this.tally
    try:
        outputs = done(layer, samples, this)
    except ValueError as error:
        raise ShapeError(f"{layer!r} does not run on {_sizes(layer, samples[0])}: {error}", path) from None
    if path:
        this.parts[path] = this.report(outputs, this.tally - before, layer)
    return outputs


def _sizes(layer: Any, sample: Tensor) -> str:
    """The sizes of what a layer reads, as an error shows them."""
    return " and ".join(str(shape(part)) for part in (sample if _reads_several(layer) else [sample]))


def _inside(path: str, name: str) -> str:
    if name.startswith("~"):  # a graph inside of a model, which has no name of its own
        return path
    return f"{path}.{name}" if path else name


def _one_after_the_other(layer: Any, samples: list[Tensor], this: Run, path: str) -> list[Tensor]:
    for name, child in layer.children:
        samples = _follow(child, samples, this, _inside(path, name))
    return samples


def _side_by_side(layer: Any, samples: list[Tensor], this: Run, path: str) -> list[Tensor]:
    branches = [_follow(child, samples, this, _inside(path, name)) for name, child in layer.children]
    before, path = this.tally, _inside(path, layer.join)
    try:
        outputs = [_joined(layer, list(parts)) for parts in zip(*branches, strict=True)]
    except ValueError as error:
        raise ShapeError(f"the branches do not fit together: {error}", path) from None
    this.parts[path] = this.report(outputs, this.tally - before, layer)
    return outputs


def _joined(layer: Any, parts: list[Tensor]) -> Tensor:
    """The outputs of all branches for one sample, added, multiplied or written one after the other."""
    if layer.join == "concatenate":
        return appended(parts, axis_of(layer.axis, len(shape(parts[0])), _has_channels(layer)))
    return alike(added if layer.join == "add" else multiplied, parts)


def _has_channels(layer: Any) -> bool:
    """Whether two axes mean channels and cells, not steps and features: so they do for layers named ...1d."""
    below = [child for _, child in getattr(layer, "children", ())]
    return type(layer).__name__.endswith("1d") or any(map(_has_channels, below))


def _through_graph(layer: Any, samples: list[Tensor], this: Run, path: str) -> list[Tensor]:
    """Each node reads values that are there; what happens once is done for one sample and seen by all."""
    each_input = zip(*samples, strict=True) if len(layer.inputs) > 1 else [samples]
    found = dict(zip(layer.inputs, map(list, each_input), strict=True))
    for name, inner, inputs, once in layer.nodes:
        parts = [list(sample) for sample in zip(*(found[key] for key in inputs), strict=True)]
        read = parts if _reads_several(inner) else [part[0] for part in parts]
        outputs = _follow(inner, read[:1] if once else read, this, _inside(path, name))
        found[name] = outputs * len(samples) if once else outputs
    output: list[Tensor] = found[layer.output]
    return output


def _past(layer: Any, samples: list[Tensor], this: Run, path: str) -> list[Tensor]:
    """The side branch reads the samples; at inference it is only held, and nothing that it does is noted."""
    if this.training:
        _follow(layer.layer, samples, this, path)
    else:
        _held(layer.layer, samples, this, path)
    return samples


def _at_first(layer: Any, samples: list[Tensor], this: Run, path: str) -> list[Tensor]:
    """What reads the prompt alone ran when it was read: where tokens are cached, it is only held."""
    return (_held if this.cached else _follow)(layer.layer, samples, this, path)


def _each_cell(layer: Any, samples: list[Tensor], this: Run, path: str) -> list[Tensor]:
    """The cells as tokens, row after row, and what comes of them as cells again."""
    _, height, width = shape(samples[0])
    tokens = [[list(cell) for cell in zip(*map(flat, image), strict=True)] for image in samples]
    return [as_image(output, height, width) for output in _follow(layer.layer, tokens, this, path)]


def _held(layer: Any, samples: list[Tensor], this: Run, path: str) -> list[Tensor]:
    """What a layer gives, as if it were at hand; nothing that it does is noted."""
    parts, this.parts = this.parts, {}
    with this.at_hand():
        outputs = _follow(layer, samples, this, path)
    inner, this.parts = this.parts, parts
    this.parts.update({name: held(seen) for name, seen in inner.items()})
    return outputs


def _loops_of(layer: object) -> OfBatch:
    """The loops for a layer, found by the name of its class alone."""
    for kind in type(layer).__mro__:
        if kind.__name__ in LOOPS:
            return LOOPS[kind.__name__]
    raise TypeError(f"expected a layer that has loops ({', '.join(sorted(LOOPS))}), but got {layer!r}")
