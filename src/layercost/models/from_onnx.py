"""ONNX files turned into our tree. The shapes of weights are read, never the weights themselves.

What a file holds is held here too, each tensor once: its initializers of floats (and of the whole numbers of
at most 8 bits that quantised operators take as weights) are parameters. Mean and variance of a
BatchNormalization, scales of a quantisation, states to begin with and single numbers are buffers. Sizes,
indices, limits and what else says how an operator works are neither. A Constant among the nodes belongs to
the code, unless it is the weight of an operator that has weights, or the file has no initializers at all.

What follows from sizes and constants of the code alone is not counted: it can be worked out before the
model runs. What is computed from weights is counted once, whatever the batch.

Nothing but Python is needed. Weights are stepped over where they stand, so that a file of any size takes as
much memory as its graph; data that a file keeps outside of itself need not exist.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike, fspath
from pathlib import Path
from typing import BinaryIO, NamedTuple

from layercost.layers.model import Model
from layercost.models import onnx_file
from layercost.models.onnx_file import Graph
from layercost.models.onnx_functions import in_order
from layercost.models.onnx_inputs import Given, Input, declared, inputs_of
from layercost.models.onnx_reading import SEVERAL, Reading, batch_axis, run
from layercost.models.onnx_values import STANDARD
from layercost.models.onnx_wire import Broken
from layercost.models.tree import ModelError


def from_onnx(file: str | PathLike[str] | bytes | BinaryIO, input_shape: Given = None) -> Model:
    """The tree of the model in an ONNX file, for an input of `input_shape` without the batch.

    The file is a path, the bytes themselves, or a binary file that can be read at any place.

    Of several inputs, `input_shape` has the shapes by name, ``{"ids": (128,), "mask": (128,)}``. A shape of
    as many sizes as the file's is taken as it stands there, ``(1, 3, 224, 224)``. Without `input_shape` it is
    the file's own; a batch that is fixed there counts as a batch, where the model works for one sample too.
    What is not known becomes `Unknown`, named as its operator, and what stands in no layer `Unplaced`.
    Raises ModelError that names the file where it is missing, broken, or leaves its input open, and the
    operator of which nobody can tell the shape that it gives.
    """
    name, source = _called(file)
    try:
        with _opened(file) as opened:
            parsed = _parsed(opened)
            return _read(parsed, input_shape).model(name, source)
    except Broken as error:
        raise ModelError(f"{source} is not an ONNX file, or a broken one: {error}") from None
    except ModelError as error:
        raise ModelError(f"{source}: {error}") from None


class _Parsed(NamedTuple):
    """A file's graph without functions, and the version of the standard's operators that it speaks."""

    graph: Graph
    opset: int


def _parsed(opened: BinaryIO) -> _Parsed:
    proto = onnx_file.read(opened)
    if not proto.graph.node:
        raise Broken("it has no operator")
    versions = [version for domain, version in proto.opsets.items() if domain in STANDARD]
    return _Parsed(in_order(proto), versions[0] if versions else 1)


def _read(parsed: _Parsed, given: Given) -> Reading:
    """The file as it is read for one sample; for all of its own batch, where that leaves less unknown."""
    found = inputs_of(declared(parsed.graph), given)
    whole = _whole(parsed.graph, found)
    if whole == found:
        return Reading(*parsed, found)
    if not _works(parsed, found, whole):
        return Reading(*parsed, whole)
    alone = Reading(*parsed, found)
    if not alone.unknown:
        return alone
    together = Reading(*parsed, whole)
    return alone if alone.unknown <= together.unknown else together


# ---- the file ------------------------------------------------------------------------------------

_ELSE = {
    b"version https://git-lfs": "it is a pointer of Git LFS, and the file itself is fetched by: git lfs pull",
    b"PK\x03\x04": "it is a ZIP archive, as PyTorch writes; export the model with torch.onnx.export",
    b"\x89HDF": "it is an HDF5 file, as Keras writes; from_keras takes the model itself",
    b"GGUF": "it is a GGUF file",
    b"\x80\x02": "it is a pickle, as PyTorch wrote; export the model with torch.onnx.export",
    b"<!": "it is a page of HTML, perhaps of the site that it should have come from",
}
"""What other files begin with that are taken for ONNX files."""


def _called(file: str | PathLike[str] | bytes | BinaryIO) -> tuple[str, str]:
    """The name of the model, and what messages call the file."""
    if isinstance(file, bytes):
        return "model", "the file"
    if isinstance(file, (str, PathLike)):
        return Path(fspath(file)).stem, str(Path(fspath(file)))
    named = getattr(file, "name", None)
    return (Path(named).stem, named) if isinstance(named, str) else ("model", "the file")


@contextmanager
def _opened(file: str | PathLike[str] | bytes | BinaryIO) -> Iterator[BinaryIO]:
    """The file, open at any place; one that was open before stays open."""
    if isinstance(file, bytes):
        yield _checked(io.BytesIO(file))
    elif isinstance(file, (str, PathLike)):
        try:
            if not Path(file).is_file():
                raise ModelError("there is no such file")
            with Path(file).open("rb", buffering=0) as opened:
                yield _checked(opened)
        except OSError as error:
            raise ModelError(f"it cannot be read ({error.strerror})") from None
    elif hasattr(file, "seekable") and file.seekable():
        yield _checked(file)
    else:
        raise ModelError("from_onnx takes a path, bytes, or a binary file that can be read at any place")


def _checked(opened: BinaryIO) -> BinaryIO:
    """The file, unless it begins as others do."""
    opened.seek(0)
    head = opened.read(32)
    for begins, what in _ELSE.items():
        if head.startswith(begins):
            raise Broken(what)
    return opened


# ---- a batch that the file fixes ------------------------------------------------------------------


def _whole(graph: Graph, found: list[Input]) -> list[Input]:
    """The inputs with the batch that the file fixes, as if it were a part of the one sample."""
    fixed = {one.name: one.dims for one in declared(graph)}
    whole = []
    for one in found:
        dims = fixed[one.name]
        size = dims[one.batch] if dims and one.batch is not None else 1
        many = isinstance(size, int) and size > 1
        whole.append(one._replace(full=one.of(int(size)), batch=None) if many else one)
    return whole


def _works(parsed: _Parsed, found: list[Input], whole: list[Input]) -> bool:
    """Whether the file takes one sample as well: all shapes follow, and no sizes in it name the batch."""
    if any(len(one.full) < 2 for one in found):
        return False
    graph = parsed.graph
    alone, together = run(*parsed, found), run(*parsed, whole)
    if set(together.shapes) != set(alone.shapes) or alone.reasons:
        return False
    if any(batch_axis(alone.shapes[name], sizes) is SEVERAL for name, sizes in together.shapes.items()):
        return False
    outputs = [one.name for one in graph.output if one.name in alone.shapes]
    if any(batch_axis(alone.shapes[name], together.shapes[name]) is None for name in outputs):
        return False  # it mixes the samples of a batch
    batch = max(own.full[one.batch] for one, own in zip(found, whole, strict=True) if one.batch is not None)
    targets = [
        name for node in graph.node if node.op_type in ("Reshape", "Expand") for name in node.input[1:]
    ]
    named = [alone.numbers(name) for name in targets]
    return not any(sizes and sizes[0] > 0 and sizes[0] % batch == 0 for sizes in named)
