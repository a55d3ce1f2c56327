"""What the page for a reader's own model asks of Python: counted as elsewhere, and shown escaped."""

from __future__ import annotations

import csv
import io
import json
import time
from pathlib import Path
from typing import Any, BinaryIO

import onnx
import pytest
from onnx import TensorProto, helper

import layercost as lc
from layercost.analysis import largest_batch, largest_context
from layercost.models.known import model_named
from layercost.own_model import export, look, readings
from layercost.own_model.showing import ROWS
from tests.own_model.broken import BROKEN, VARINT

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
GPT2 = {"model_type": "gpt2"}
HOSTILE = "<img src=x onerror=alert(1)>&\"'|`[x](javascript:y)\u202e\x1b"


def of_text(text: str, **settings: str) -> dict[str, Any]:
    return look({"id": text[:40] + str(len(text)), "kind": "text", "text": text}, settings)


def of_file(name: str, opened: BinaryIO | bytes, **settings: str) -> dict[str, Any]:
    content = io.BytesIO(opened) if isinstance(opened, bytes) else opened
    return look({"id": f"{name} {id(content)}", "kind": "file", "name": name}, settings, content)


# ---- what is read ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["light_squeezenet", "light_resnet50", "light_shufflenet"])
def test_an_onnx_file_has_the_table_that_the_library_makes(name: str) -> None:
    path = LIGHT / f"{name}.onnx"
    with path.open("rb") as opened:
        found = of_file(path.name, opened, convention="two-a-mac")
    total = lc.table(lc.from_onnx(path), convention="two-a-mac").total
    assert f"<dd>{total.parameters:,}</dd>" in found["html"]
    assert f"<dd>{total.flops:,}</dd>" in found["html"]
    assert found["takes"] == {"batch": "1", "dtype": "float32", "input": "3x224x224"}


def test_a_configuration_has_cache_and_memory_and_says_what_it_did_not() -> None:
    found = of_text(json.dumps(GPT2), tokens="1", cached="1023", batch="2", dtype="float16")
    assert found["kind"] == "configuration"
    assert found["takes"]["tokens"] == "1024"
    per_token = 2 * 12 * 768
    assert f"{2 * per_token:,}" in found["html"]  # bytes of each token more
    assert f"{2 * 1024 * per_token * 2:,}" in found["html"]  # two texts of 1,024 tokens
    assert f"{124_439_808 * 2:,}" in found["html"]
    assert "Not in the file, and taken from elsewhere" in found["html"]


def test_a_file_that_is_called_otherwise_is_read_by_what_it_begins_with() -> None:
    assert of_file("model.txt", json.dumps(GPT2).encode())["kind"] == "configuration"
    assert of_file("layers.py", b"3\nLinear(3, 4)\n")["kind"] == "text"
    assert of_file("network", (LIGHT / "light_squeezenet.onnx").read_bytes())["kind"] == "onnx"


def test_a_renamed_file_is_what_it_begins_with() -> None:
    assert of_file("model.onnx", json.dumps(GPT2).encode())["kind"] == "configuration"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_texts_are_read_as_windows_writes_them(encoding: str) -> None:
    layers = "3x8x8\r\n\tconv = Conv2d(3, 4, 3),  # 卷积\r\n"
    assert "<dd>112</dd>" in of_file("layers.txt", layers.encode(encoding))["html"]
    assert of_file("config.json", json.dumps(GPT2).encode(encoding))["kind"] == "configuration"
    assert of_text(f"\ufeff{layers}")["kind"] == "text"


def test_a_configuration_is_read_as_transformers_prints_it() -> None:
    assert of_text(f"GPT2Config {json.dumps(GPT2, indent=2)}\n")["kind"] == "configuration"


@pytest.mark.parametrize(
    ("text", "near"),
    [("GPT2", "gpt2"), ("ResNet-50", "resnet50"), ("meta-llama/Meta-Llama-3-8B", "llama-3-8b")],
)
def test_of_a_name_that_nobody_has_the_nearest_are_said(text: str, near: str) -> None:
    said = of_text(text)["problem"]
    assert said.startswith("no model is called")
    assert near in said


@pytest.mark.parametrize("text", ["gpt2", "deepseek-v3", "resnet50", "resnet50:v1", "3\nLinear(3, 4)"])
def test_names_and_layers_are_read(text: str) -> None:
    assert "problem" not in of_text(text)


def test_an_image_model_takes_a_size_and_a_model_of_two_texts_two_lengths() -> None:
    assert of_text('{"model_type": "vit"}')["takes"]["size"] == "224x224"
    assert of_text('{"model_type": "t5"}')["takes"].keys() >= {"tokens", "source", "cached"}
    swin = '{"model_type": "swin"}'
    assert of_text(swin, size="448x448")["html"] != of_text(swin)["html"]


def test_the_head_may_work_on_the_last_position_alone() -> None:
    whole, last = (of_text("gpt2", logits=logits)["html"] for logits in ("all", "last"))
    assert whole != last


def open_sizes() -> bytes:
    graph = helper.make_graph(
        [helper.make_node("Relu", ["pixels"], ["y"])], "open",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["batch", 3, "height", "width"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )  # fmt: skip
    content: bytes = helper.make_model(graph).SerializeToString()
    return content


@pytest.mark.parametrize("given", ["3x64x48", "pixels=3x64x48", "1x3x64x48", "--input pixels=3x64x48"])
def test_a_size_that_a_file_leaves_open_is_asked_for_and_taken(given: str) -> None:
    asked = of_file("open.onnx", open_sizes())
    assert "leaves its sizes open" in asked["problem"]
    assert "pixels=3x224x224" in asked["problem"]
    assert "--input" not in asked["problem"]
    assert asked["takes"] == {"input": ""}
    assert "3×64×48" in of_file("open.onnx", open_sizes(), input=given)["html"]


def two_inputs() -> bytes:
    graph = helper.make_graph(
        [helper.make_node("Concat", ["a", "b"], ["y"], axis=1)], "two",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", f"n_{name}"]) for name in "ab"],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )  # fmt: skip
    content: bytes = helper.make_model(graph).SerializeToString()
    return content


@pytest.mark.parametrize("given", ["a=3 b=5", "a=1x3, b=1x5", "3 + 5"])
def test_several_inputs_are_given_by_name_or_in_their_order(given: str) -> None:
    assert "its input a leaves its sizes open" in of_file("two.onnx", two_inputs())["problem"]
    found = of_file("two.onnx", two_inputs(), input=given)
    assert "<span>→ 8</span>" in found["html"]
    assert found["takes"]["input"] == "3 + 5"


# ---- settings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"batch": "0"}, "Batch takes a whole number of at least 1, but got '0'"),
        ({"tokens": "many"}, "Tokens takes a whole number"),
        ({"cached": "-1"}, "Cached tokens takes a whole number of at least 0"),
        ({"dtype": "float12"}, "no number format is called 'float12'"),
        ({"convention": "mine"}, "no convention is called 'mine'"),
        ({"memory": "80 ZB"}, "a size of memory is written as 80GB or 24GiB"),
        ({"memory": "80gbit"}, "no unit of memory is called"),
        ({"size": "224x"}, "Size takes height and width, as 224x224, but got '224x'"),
        ({"tokens": "2000"}, "1024 positions"),
        ({"batch": "9" * 5_000}, "Batch takes a whole number"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_its_name(settings: dict[str, str], said: str) -> None:
    assert said in of_text("gpt2", **settings)["problem"]


def test_what_fits_into_a_memory_is_what_the_library_says_of_it() -> None:
    assert "fits into" not in of_text("gpt2")["html"]
    found = of_text("llama-3-8b", memory="24GB", tokens="1", cached="4095", batch="2")["html"]
    model = model_named("llama-3-8b")
    longest = largest_context(model, 24 * 10**9, batch=2)
    most = largest_batch(model, 24 * 10**9, 4096)
    for room, words in (
        (longest, f"batch 2, up to {longest.tokens:,} tokens each"),
        (most, f"batch up to {most.batch:,}, 4,096 tokens each"),
    ):
        assert words in found
        assert f">{room.bytes:,}<" in found


@pytest.mark.parametrize(
    ("text", "memory", "said"),
    [
        ("llama-3-8b", "8GB", f"the weights alone take {2 * 8_030_261_248 - 8 * 10**9:,} bytes more"),
        ("mamba-1.4b", "8GB", "any number of tokens fits"),
        ("bart-base", "8GB", "up to 1,024 tokens each"),
    ],
)
def test_nothing_fits_or_everything_does(text: str, memory: str, said: str) -> None:
    assert said in of_text(text, memory=memory)["html"]


def test_of_a_model_that_continues_no_text_nothing_is_said_to_fit() -> None:
    assert "memory" not in of_text("clip-b32")["takes"]
    assert "fits into" not in of_text("clip-b32", memory="8GB")["html"]


# ---- tools and files --------------------------------------------------------------------------------


def test_tools_are_read_and_what_nobody_measured_is_said() -> None:
    found = readings({"id": "a", "kind": "text", "text": "deepseek-v3"}, {"tokens": "16"})
    assert "fvcore" in found["html"]
    assert "not measured" in found["html"]
    assert "nobody knows how much is added by RMSNorm" in found["html"]


def hostile_onnx() -> bytes:
    nodes = [
        helper.make_node("Relu", ["x"], ["y"], name=HOSTILE),
        helper.make_node("Relu", ["y"], ["z"], name="=1+1"),
    ]
    graph = helper.make_graph(
        nodes, HOSTILE,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 3, 8, 8))],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)],
    )  # fmt: skip
    content: bytes = helper.make_model(graph).SerializeToString()
    return content


def test_names_of_a_file_are_escaped_wherever_they_are_shown() -> None:
    name = f"{HOSTILE}.onnx"
    found = of_file(name, hostile_onnx())
    for html in (found["html"], of_file(f"{HOSTILE}.json", b"{")["problem"]):
        assert "\u202e" not in html
        assert "\x1b" not in html
    assert "<img" not in found["html"]
    assert "&lt;img" in found["html"]


def test_csv_has_no_formula_and_markdown_no_markup() -> None:
    source = {"id": "hostile", "kind": "file", "name": "hostile.onnx"}
    table = export(source, {}, "csv", io.BytesIO(hostile_onnx()))
    names = [row[0] for row in csv.reader(io.StringIO(table["text"]))]
    assert "'=1+1" in names
    assert not any(name.startswith(("=", "+", "-", "@")) for name in names)
    text = export(source, {}, "md", io.BytesIO(hostile_onnx()))["text"]
    assert "<img" not in text
    assert "](" not in text
    assert len({line.count("|") for line in text.splitlines() if line.startswith("|")}) == 1


def test_what_is_saved_has_a_name_that_every_system_takes() -> None:
    found = export(
        {"id": "n", "kind": "file", "name": "../../a b\n.onnx"}, {}, "csv", io.BytesIO(hostile_onnx())
    )
    assert found["name"].removesuffix(".csv").replace("_", "").isalnum()


def test_of_a_long_table_the_first_rows_are_shown_until_all_are_asked_for() -> None:
    text = "8\n" + "ReLU()\n" * (ROWS + 50)
    first, whole = of_text(text), of_text(text, rows="all")
    assert first["html"].count("<tr>") < whole["html"].count("<tr>")
    assert f"first {ROWS} of {ROWS + 50} rows" in first["html"]


# ---- broken and hostile ----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "content", "said"), BROKEN)
def test_a_broken_file_is_refused_in_words_and_in_bounded_time(name: str, content: bytes, said: str) -> None:
    begin = time.process_time()
    found = of_file(name, content)
    assert said in found["problem"]
    assert len(found["problem"]) <= 1_000
    assert time.process_time() - begin < 60


def test_a_file_that_is_another_one_by_now_is_asked_for_again() -> None:
    class Gone(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError("NotReadableError")

    assert "choose it again" in of_file("gone.onnx", Gone(b"gone"))["problem"]


class Sparse(io.RawIOBase):
    """A file whose end is far away: it begins as given, and holds zeros up to what it ends with."""

    def __init__(self, size: int, head: bytes, tail: bytes) -> None:
        self.size, self.head, self.tail = size, head, tail
        self.place = self.bytes_read = 0

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self.place = offset + {0: 0, 1: self.place, 2: self.size}[whence]
        return self.place

    def read(self, size: int = -1) -> bytes:
        assert 0 <= size <= 1 << 20, "the file is held as a whole"
        end, tail = min(self.size, self.place + size), self.size - len(self.tail)
        found = bytearray(end - self.place)
        for begin, part in ((0, self.head), (tail, self.tail)):
            for at, byte in enumerate(part, begin):
                if self.place <= at < end:
                    found[at - self.place] = byte
        self.place = end
        self.bytes_read += len(found)
        return bytes(found)


def test_a_file_of_two_gigabytes_is_read_by_slices() -> None:
    """One tensor of 2 GB between the nodes and the inputs: a few slices are read, and no more."""
    weight = 2_000_000_000
    sizes = b"\x08" + VARINT(weight // 4)
    inner = sizes + b"\x10\x01" + b"\x42\x01w" + b"\x4a" + VARINT(weight)  # dims, float, its name, raw_data
    tensor = b"\x2a" + VARINT(len(inner) + weight) + inner
    plain = onnx.load_from_string(hostile_onnx()).graph.SerializeToString()
    graph = VARINT(len(tensor) + weight + len(plain))
    head, tail = b"\x08\x08\x3a" + graph + tensor, plain + b"\x42\x02\x10\x11"
    opened = Sparse(len(head) + weight + len(tail), head, tail)
    found = of_file("large.onnx", opened)
    assert "problem" not in found
    assert "Read: " in found["html"]
    assert opened.bytes_read < 1 << 20
