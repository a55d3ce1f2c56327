"""ONNX files turned into our tree. The shapes of weights are read, never the weights themselves.

What a file holds is held here too, each tensor once: its initializers of floats (and of the whole numbers of
at most 8 bits that quantised operators take as weights) are parameters. Mean and variance of a
BatchNormalization, scales of a quantisation, states to begin with and single numbers are buffers. Sizes,
indices, limits and what else says how an operator works are neither. A Constant among the nodes belongs to
the code, unless it is the weight of an operator that has weights, or the file has no initializers at all.

What follows from sizes and constants of the code alone is not counted: it can be worked out before the
model runs. What is computed from weights is counted once, whatever the batch.

Extra: ``onnx``. Data that a file keeps outside of itself need not exist.
"""

from __future__ import annotations

import importlib
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from layercost.layers.model import Model
from layercost.models.onnx_inputs import Given, Input, declared, inputs_of
from layercost.models.onnx_reading import SEVERAL, Reading, batch_axis, run
from layercost.models.tree import ModelError, needed


def from_onnx(path: str | PathLike[str], input_shape: Given = None) -> Model:
    """The tree of the model in an ONNX file, for an input of `input_shape` without the batch.

    Of several inputs, `input_shape` has the shapes by name, ``{"ids": (128,), "mask": (128,)}``. A shape of
    as many sizes as the file's is taken as it stands there, ``(1, 3, 224, 224)``. Without `input_shape` it is
    the file's own; a batch that is fixed there counts as a batch, where the model works for one sample too.
    What is not known becomes `Unknown`, named as its operator, and what stands in no layer `Unplaced`.
    Raises ModelError that names the file where it is missing, broken, or leaves its input open, and the
    operator of which nobody can tell the shape that it gives.
    """
    onnx = needed("onnx", "from_onnx", '"layercost[onnx]"')
    file = Path(fspath(path))
    proto = _loaded(onnx, file)
    try:
        return _read(onnx, file, proto, input_shape).model()
    except ModelError as error:
        raise ModelError(f"{file}: {error}") from None


def _read(onnx: Any, file: Path, proto: Any, given: Given) -> Reading:
    """The file as it is read for one sample; for all of its own batch, where that leaves less unknown."""
    found = inputs_of(declared(proto.graph), given)
    whole = _whole(proto.graph, found)
    if whole == found:
        return Reading(onnx, file, proto, found)
    if not _works(onnx, proto, found, whole):
        return Reading(onnx, file, proto, whole)
    alone = Reading(onnx, file, proto, found)
    if not alone.unknown:
        return alone
    together = Reading(onnx, file, proto, whole)
    return alone if alone.unknown <= together.unknown else together


def _loaded(onnx: Any, file: Path) -> Any:
    """The file without functions of its own: their nodes stand where they are called."""
    if not file.is_file():
        raise ModelError(f"{file}: there is no such file")
    try:
        proto = onnx.load(str(file), load_external_data=False)
    except Exception as error:  # what protobuf raises on other bytes depends on its version
        raise ModelError(f"{file} is not an ONNX file, or a broken one ({type(error).__name__})") from None
    if not proto.graph.node:
        raise ModelError(f"{file} is not an ONNX file, or one without any operator")
    return importlib.import_module("onnx.inliner").inline_local_functions(proto) if proto.functions else proto


# ---- a batch that the file fixes ------------------------------------------------------------------


def _whole(graph: Any, found: list[Input]) -> list[Input]:
    """The inputs with the batch that the file fixes, as if it were a part of the one sample."""
    fixed = {one.name: one.dims for one in declared(graph)}
    whole = []
    for one in found:
        dims = fixed[one.name]
        size = dims[one.batch] if dims and one.batch is not None else 1
        many = isinstance(size, int) and size > 1
        whole.append(one._replace(full=one.of(int(size)), batch=None) if many else one)
    return whole


def _works(onnx: Any, proto: Any, found: list[Input], whole: list[Input]) -> bool:
    """Whether the file takes one sample as well: all shapes follow, and no sizes in it name the batch."""
    if any(len(one.full) < 2 for one in found):
        return False
    alone, together = run(onnx, proto, found), run(onnx, proto, whole)
    if set(together.shapes) != set(alone.shapes) or alone.reasons:
        return False
    if any(batch_axis(alone.shapes[name], sizes) is SEVERAL for name, sizes in together.shapes.items()):
        return False
    outputs = [one.name for one in proto.graph.output if one.name in alone.shapes]
    if any(batch_axis(alone.shapes[name], together.shapes[name]) is None for name in outputs):
        return False  # it mixes the samples of a batch
    batch = max(own.full[one.batch] for one, own in zip(found, whole, strict=True) if one.batch is not None)
    targets = [node.input[1] for node in proto.graph.node if node.op_type in ("Reshape", "Expand")]
    named = [alone.array(name).reshape(-1).tolist() for name in targets if alone.is_known(name)]
    return not any(sizes and sizes[0] > 0 and sizes[0] % batch == 0 for sizes in named)
