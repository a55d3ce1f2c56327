"""Files that are no models, each with its name and what is said of it: broken, cut off, hostile, others."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"


def VARINT(value: int) -> bytes:  # noqa: N802 - named as the format's documentation does
    """A number as protocol buffers write it."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def made(nodes: list[Any]) -> bytes:
    """An ONNX file of these nodes, which read x."""
    graph = helper.make_graph(
        nodes, "broken",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 3, 8, 8))],
        [helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, None)],
    )  # fmt: skip
    content: bytes = helper.make_model(graph).SerializeToString()
    return content


def million_nodes() -> bytes:
    """A million operators, each of a few bytes."""
    node = helper.make_node("Relu", ["x"], ["y"]).SerializeToString()
    graph = (b"\x0a" + VARINT(len(node)) + node) * 1_000_000
    return b"\x3a" + VARINT(len(graph)) + graph


def nested(depth: int) -> bytes:
    """Graphs within graphs, each the branch of the one around it."""
    inner = b""
    for _ in range(depth):
        branch = b"\x0a\x06branch" + b"\x32" + VARINT(len(inner)) + inner + b"\xa0\x01\x05"
        node = b"\x22\x02If" + b"\x2a" + VARINT(len(branch)) + branch
        inner = b"\x0a" + VARINT(len(node)) + node
    return b"\x3a" + VARINT(len(inner)) + inner


def png() -> bytes:
    """A picture of one point."""
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0\0")),
        (b"IEND", b""),
    ]
    every = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(every)


CYCLE = made([helper.make_node("Add", ["x", "b"], ["a"]), helper.make_node("Relu", ["a"], ["b"])])
WHOLE = (LIGHT / "light_squeezenet.onnx").read_bytes()
BOMB = b'{"model_type": "gpt2", "a": ' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}"
MANY = json.dumps({"model_type": "llama", "vocab_size": 9, "hidden_size": 64, "intermediate_size": 9,
                   "num_attention_heads": 4, "num_hidden_layers": 10**9}).encode()  # fmt: skip

BROKEN = [
    pytest.param("empty.onnx", b"", "is empty", id="empty"),
    pytest.param("cut.onnx", WHOLE[: len(WHOLE) // 2], "broken one", id="cut off"),
    pytest.param("picture.onnx", png(), "not an ONNX file", id="a picture"),
    pytest.param("archive.onnx", b"PK\x03\x04" + bytes(100), "it is a ZIP archive", id="a ZIP archive"),
    pytest.param("lengths.onnx", b"\x3a" + VARINT(1 << 40) + b"\x0a\x02", "should be", id="wrong lengths"),
    pytest.param("nodes.onnx", million_nodes(), "more than 100,000 operators", id="a million nodes"),
    pytest.param("deep.onnx", nested(500), "too deep", id="graphs within graphs"),
    pytest.param("cycle.onnx", CYCLE, "", id="a cycle"),
    pytest.param("config.json", b"\xff{}", "no such text", id="not UTF-8"),
    pytest.param("config.json", png(), "no such text", id="a picture as JSON"),
    pytest.param("config.json", BOMB, "nested too deep", id="a JSON bomb"),
    pytest.param("config.json", b'{"model_type": "gpt2", ', "expected JSON", id="half a configuration"),
    pytest.param("config.json", b'{"vocab": {"a": 1}}', "model_type is missing", id="another JSON"),
    pytest.param("config.json", MANY, "num_hidden_layers", id="a thousand million layers"),
    pytest.param("config.json", b" " * (5 << 20), "at most", id="a large file"),
    pytest.param("layers.txt", b"3\nLinear(3, 4", "never closed", id="half a layer"),
]
