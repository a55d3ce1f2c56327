"""Sphinx extension: the place of the page where a reader's own model is counted.

    ```{own-model}
    ```

The page opens with the first example counted, which is what stands there without scripts and on paper. The
examples come with the page: layers as text, a configuration, and a small ONNX file that is made here.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from course_practice import WANTS_PYTHON
from course_text import tried
from docutils import nodes
from following import OWN
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from layercost.convention import CONVENTIONS, DTYPE_BITS
from layercost.message import spoken as _
from layercost.models.known import KNOWN
from layercost.own_model import look
from layercost.view import escaped, tag

LAYERS = """\
1x32x32
conv1 = Conv2d(1, 6, kernel_size=5)
tanh1 = Tanh()
pool1 = AvgPool2d(2)
conv2 = Conv2d(6, 16, kernel_size=5)
tanh2 = Tanh()
pool2 = AvgPool2d(2)
flat  = Flatten()
fc1   = Linear(16*5*5, 120)
tanh3 = Tanh()
fc2   = Linear(120, 84)
tanh4 = Tanh()
fc3   = Linear(84, 10)
"""
CONFIGURATION = "llama-3-8b"


# ---- a small ONNX file -----------------------------------------------------------------------------
# Sources: ONNX, onnx/onnx.proto (numbers of fields); Protocol Buffers documentation, "Encoding".

FLOAT, EXTERNAL, INTS, INT = 1, 1, 7, 2  # of TensorProto and AttributeProto
OPSET, IR = 17, 8


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def _message(*fields: tuple[int, int | str | bytes]) -> bytes:
    """A message of fields, each a number and its content: a number, or what has a length."""
    found = b""
    for number, content in fields:
        if isinstance(content, int):
            found += _varint(number << 3) + _varint(content)
        else:
            written = content.encode() if isinstance(content, str) else content
            found += _varint(number << 3 | 2) + _varint(len(written)) + written
    return found


def _node(kind: str, inputs: str, output: str, **attributes: int | tuple[int, ...]) -> bytes:
    found = [(1, name) for name in inputs.split()] + [(2, output), (3, output), (4, kind)]
    for name, value in attributes.items():
        whole = isinstance(value, int)
        values = [(3, value)] if isinstance(value, int) else [(8, one) for one in value]
        found.append((5, _message((1, name), *values, (20, INT if whole else INTS))))
    return _message(*found)


def _value(name: str, *sizes: int | str) -> bytes:
    """What an input or an output is declared as; a size may be open, and has a name then."""
    shape = [(1, _message((1, size) if isinstance(size, int) else (2, size))) for size in sizes]
    tensor = _message((1, FLOAT), (2, _message(*shape)))
    return _message((1, name), (2, _message((1, tensor))))


def _weight(name: str, *sizes: int) -> bytes:
    """A weight whose numbers are outside of the file, where nobody looks for them."""
    return _message(*[(1, size) for size in sizes], (2, FLOAT), (8, name), (14, EXTERNAL))


def small_onnx() -> bytes:
    """A network for small pictures, without its weights: three convolutions and a classifier."""
    nodes_of_graph = (
        _node("Conv", "image w1 b1", "conv1", kernel_shape=(3, 3), pads=(1, 1, 1, 1)),
        _node("Relu", "conv1", "relu1"),
        _node("Conv", "relu1 w2 b2", "conv2", kernel_shape=(3, 3), pads=(1, 1, 1, 1), strides=(2, 2)),
        _node("Relu", "conv2", "relu2"),
        _node("Conv", "relu2 w3 b3", "conv3", kernel_shape=(3, 3), pads=(1, 1, 1, 1), group=32),
        _node("Add", "conv3 relu2", "shortcut"),
        _node("GlobalAveragePool", "shortcut", "pool"),
        _node("Flatten", "pool", "flat", axis=1),
        _node("Gemm", "flat w4 b4", "scores", transB=1),
    )
    weights = (
        _weight("w1", 16, 3, 3, 3), _weight("b1", 16), _weight("w2", 32, 16, 3, 3), _weight("b2", 32),
        _weight("w3", 32, 1, 3, 3), _weight("b3", 32), _weight("w4", 10, 32), _weight("b4", 10),
    )  # fmt: skip
    graph = _message(
        *[(1, node) for node in nodes_of_graph], (2, "small"), *[(5, weight) for weight in weights],
        (11, _value("image", "batch", 3, 32, 32)), (12, _value("scores", "batch", 10)),
    )  # fmt: skip
    return _message((1, IR), (7, graph), (8, _message((2, OPSET))))


# ---- what is written -------------------------------------------------------------------------------


def examples() -> list[dict[str, str]]:
    """What the page offers to try: its words, and a text or a file's content."""
    config = json.dumps(KNOWN[CONFIGURATION].config, indent=2)
    content = base64.b64encode(small_onnx()).decode()
    return [
        {"words": _("layers as text"), "text": LAYERS},
        {"words": _("an ONNX file"), "file": "small.onnx", "content": content},
        {"words": _("a config.json: {model}", model=KNOWN[CONFIGURATION].title), "text": config},
    ]


def page() -> str:
    """The place for the page script with its data, and the first example counted for whoever has none."""
    first = look({"id": "printed", "kind": "text", "text": LAYERS}, {"convention": OWN})
    data = {
        "examples": examples(), "conventions": list(CONVENTIONS), "dtypes": list(DTYPE_BITS),
        "title": first["title"],
    }  # fmt: skip
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    needs = _("Models are counted in this page, by its scripts; this browser runs none. An example, counted:")
    printed = tag("pre", escaped(LAYERS), class_="lc-own-example")
    result = tag("div", first["html"], class_="lc-own-result")
    return (
        tag("div", tag("noscript", tag("p", needs), class_="noprint"), printed, result, class_="lc-own-model")
        + f'<script type="application/json" class="lc-own-data">{body}</script>'
    )


class OwnModel(SphinxDirective):
    """The place where a reader's own model is counted."""

    def run(self) -> list[nodes.Node]:
        found = tried(self, page)
        if found is None:
            return []
        self.env.metadata[self.env.docname][WANTS_PYTHON] = "own_model"
        return [nodes.raw("", found, format="html")]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("own-model", OwnModel)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
