"""``layercost show`` of a configuration file and of models by name."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

import layercost as lc
from layercost.command import main
from layercost.configured import configured_table
from layercost.models.known import KNOWN
from layercost.view import FORMATS

GEMMA = {
    "model_type": "gemma3_text", "vocab_size": 262144, "hidden_size": 1152, "intermediate_size": 6912,
    "num_hidden_layers": 26, "num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 256,
    "sliding_window": 512, "torch_dtype": "bfloat16",
}  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A file as model hubs publish them."""
    path = tmp_path / "gpt-oss-20b" / "config.json"
    path.parent.mkdir()
    path.write_text(json.dumps(GEMMA), encoding="utf-8")
    return str(path)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["show", *arguments]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    return printed.out


def data(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said(capsys, *arguments, "--format", "json"))
    return found


def test_a_file_is_shown_with_types_cache_and_totals(capsys: pytest.CaptureFixture[str], file: str) -> None:
    shown = data(capsys, file, "--batch", "1", "--tokens", "128")
    assert (shown["title"], shown["model_type"]) == ("gpt-oss-20b", "gemma3_text")
    assert shown["total"]["parameters"] == sum(shown["parameters_by_type"].values()) == 999_885_952
    assert shown["total"]["macs"] == sum(shown["macs_by_type"].values())
    assert shown["total"]["flops"] == 2 * shown["total"]["macs"]
    assert shown["convention"] == "two-a-mac"
    assert shown["conventions"]["parameters"] == "Each parameter counts once, however many layers use it"


def test_the_cache_is_shown_layer_by_layer_in_values_and_bytes(
    capsys: pytest.CaptureFixture[str], file: str
) -> None:
    cache = data(capsys, file, "--tokens", "1", "--cached", "1023")["kv_cache"]
    assert (cache["values_per_token"], cache["bytes_per_token"]) == (26 * 2 * 256, 26 * 2 * 256 * 2)
    windows = [layer["window"] for layer in cache["by_layer"]]
    assert [windows.count(512), windows.count(None)] == [22, 4]
    assert (cache["tokens"], cache["values"]) == (1024, 2 * 256 * (22 * 512 + 4 * 1024))
    assert cache["bytes"] == 2 * cache["values"]


def test_the_tokens_of_a_cache_beside_an_encoder_are_those_of_the_decoder(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "t5.json"
    file.write_text(json.dumps({"model_type": "t5"}), encoding="utf-8")
    given = ("--tokens", "128", "--decoder-tokens", "1", "--cached", "127")
    cache = data(capsys, str(file), *given)["kv_cache"]
    assert (cache["tokens"], cache["values"]) == (128, 6 * 2 * 512 * (128 + 128))


def test_a_step_of_decoding_reads_what_is_cached(capsys: pytest.CaptureFixture[str], file: str) -> None:
    macs = data(capsys, file, "--tokens", "1", "--cached", "1023")["macs_by_type"]
    assert macs["attention.scores"] == 4 * 256 * (22 * 512 + 4 * 1024)
    assert macs["mlp.up"] == 26 * 1152 * 6912


def test_each_default_stands_with_its_source(capsys: pytest.CaptureFixture[str], file: str) -> None:
    listed = {each["field"]: each for each in data(capsys, file)["defaults"]}
    assert listed["sliding_window_pattern"]["value"] == 6
    assert listed["sliding_window_pattern"]["source"] == "Gemma3TextConfig of transformers 5.24.0"
    assert "dtype" not in listed


def test_blocks_that_are_alike_share_their_rows_where_people_read(
    capsys: pytest.CaptureFixture[str], file: str
) -> None:
    lines = said(capsys, file, "--tokens", "128").splitlines()
    names = [line.split("  ")[0] for line in lines]
    assert "layers.0-4,6-10,…,24-25.attention ×22" in names
    assert "layers.5,11,17,23.attention ×4" not in names  # of more than three ranges the middle is left out
    assert "layers.5,11,…,23.attention ×4" in names
    rows = list(csv.DictReader(io.StringIO(said(capsys, file, "--tokens", "128", "--format", "csv"))))
    assert len(rows) == 26 * 8 + 4  # the embedding, the last norm, the head, the total


@pytest.mark.parametrize("form", FORMATS)
def test_a_configuration_is_written_in_every_format(
    capsys: pytest.CaptureFixture[str], file: str, form: str
) -> None:
    assert "999" in said(capsys, file, "--tokens", "16", "--format", form)


def test_experts_are_shown_with_active_parameters_in_each_meaning(
    capsys: pytest.CaptureFixture[str],
) -> None:
    active = data(capsys, "mixtral-8x7b", "--tokens", "8")["active_parameters"]
    assert active == {
        "with-tables": 12_879_925_248, "without-input-table": 12_748_853_248,
        "without-tables": 12_617_781_248,
    }  # fmt: skip


def test_the_head_works_on_the_last_position_where_told(capsys: pytest.CaptureFixture[str]) -> None:
    every, last = (data(capsys, "gpt2", "--tokens", "8", "--logits", which) for which in ("all", "last"))
    assert every["macs_by_type"]["head"] == 8 * last["macs_by_type"]["head"]
    assert last["conventions"]["logits"] == "The head works on the last position alone"


@pytest.mark.parametrize(
    ("convention", "about", "sentence"),
    [
        ("two-a-mac", "attention", "Attention counts over the full square of tokens, masked or not"),
        ("causal-half", "attention", "FLOPs of attention leave out the pairs of tokens that a mask hides"),
        ("causal-half", "embedding", "A token is looked up, which computes nothing"),
        ("lookup-as-product", "embedding", "FLOPs count a token that is looked up as a product"),
    ],
)
def test_what_is_said_of_a_convention_is_what_it_counts(
    capsys: pytest.CaptureFixture[str], convention: str, about: str, sentence: str
) -> None:
    asked = ("gpt2", "--tokens", "8", "--convention", convention)
    assert data(capsys, *asked)["conventions"][about].startswith(sentence)
    assert sentence in " ".join(said(capsys, *asked).split())


def test_latent_attention_says_what_it_makes_again_at_each_step() -> None:
    shown = configured_table(lc.from_config({"model_type": "deepseek_v2"}), (4,)).data()["conventions"]
    assert "made again from the short vectors of all tokens at each step" in shown["latent"]
    assert "absorbed" in shown["latent"]
    assert "latent" not in configured_table(lc.from_config(GEMMA), (4,)).data()["conventions"]


def test_beside_an_encoder_a_step_is_one_of_the_decoder(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    small = tmp_path / "config.json"
    small.write_text('{"model_type": "t5"}', encoding="utf-8")
    first = data(capsys, str(small), "--tokens", "64", "--decoder-tokens", "8")
    step = data(capsys, str(small), "--tokens", "1", "--cached", "7")
    assert (first["inputs"], step["inputs"]) == ([[64], [8]], [[512], [1]])
    assert (first["kv_cache"]["tokens"], step["kv_cache"]["tokens"]) == (8, 8)
    assert step["macs_by_type"]["mlp.up"] == 6 * 512 * 2048  # six layers of the decoder alone


def test_the_number_format_is_the_files_unless_told(capsys: pytest.CaptureFixture[str], file: str) -> None:
    assert data(capsys, file)["dtype"] == "bfloat16"
    assert data(capsys, file, "--dtype", "int8")["kv_cache"]["bytes_per_token"] == 26 * 2 * 256


def test_models_by_name_are_completed_and_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["networks"]) == 0
    printed = capsys.readouterr().out
    assert all(f"{name}: {known.title}" in printed for name, known in KNOWN.items())
    assert len(KNOWN) >= 30


def test_models_by_name_stand_wherever_a_network_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert data(capsys, "gpt2")["parameters"] == {
        "unique": 124_439_808, "tied-twice": 163_037_184, "without-input-table": 85_842_432,
        "without-tables-and-head": 85_056_000,
    }  # fmt: skip
    assert main(["difference", "gpt2", "gpt2-medium"]) == 0
    assert main(["compare", "pythia-160m", "--input", "8"]) == 0
    assert main(["identify", "124439808", "gpt2"]) == 0
    assert "124,439,808" in capsys.readouterr().out


def test_windows_that_cut_the_cache_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    """gpt-oss-20b: 12 of 24 layers see 128 tokens; 8 heads of 64, keys and values, 2 bytes."""
    shown = data(capsys, "gpt-oss-20b", "--tokens", "1", "--cached", "1023")["kv_cache"]
    each, windowed, full = 2 * 8 * 64 * 2, 12, 12
    assert shown["bytes"] == each * (windowed * 128 + full * 1024)
    assert shown["bytes_without_windows"] == each * (windowed + full) * 1024
    assert main(["show", "gpt-oss-20b", "--tokens", "1", "--cached", "1023"]) == 0
    assert "12 of 24 layers that keep something keep no more than a window, 128" in capsys.readouterr().out


REFUSED = {
    "no file": (["none.json"], "none.json: cannot be read"),
    "no model": (["lama-3"], "did you mean 'llama-3-8b'"),
    "no model of these tokens": (["lama-3", "--tokens", "3"], "did you mean 'llama-3-8b'"),
    "tokens of an image": (["lenet5", "--tokens", "3"], "--tokens is for models from their configuration"),
    "both": (["gpt2", "--tokens", "3", "--input", "3"], "give --input or --tokens, not both"),
    "no decoder": (["gpt2", "--decoder-tokens", "3"], "gpt2 takes --tokens"),
    "part of a token": (["gpt2", "--cached", "1.5"], "--cached takes a whole number of at least 0"),
    "no size": (["gpt2", "--size", "large"], "--size takes height and width"),
    "a version": (["gpt2", "--version", "1"], "--version is for the networks by name"),
    "too many tokens": (["gpt2", "--tokens", "2000"], "1024 positions but got 2000 tokens"),
    "a full cache": (["gpt2", "--tokens", "1", "--cached", "1024"], "gpt2 has 1,024 positions"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_shown_says_why(capsys: pytest.CaptureFixture[str], name: str) -> None:
    arguments, message = REFUSED[name]
    assert main(["show", *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("name", ["weights.bin", "folder"])
def test_a_file_of_another_kind_and_an_empty_folder_are_told_from_a_name(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    (tmp_path / "weights.bin").touch()
    (tmp_path / "folder").mkdir()
    assert main(["show", str(tmp_path / name)]) == 2
    assert f"{name}: expected a file that is called .onnx or .json, or a folder" in capsys.readouterr().err


@pytest.mark.parametrize(("ending", "message"), [("", "no network is called"), (".json", "cannot be read"),
                                                 (".onnx", "cannot be read")])  # fmt: skip
def test_a_name_that_is_too_long_for_a_file_is_refused(
    capsys: pytest.CaptureFixture[str], ending: str, message: str
) -> None:
    assert main(["show", f"{'a' * 300}{ending}"]) == 2
    assert message in capsys.readouterr().err


USELESS = {
    "the size of a text": ("llama", ["--size", "3x3"], "--size is for models that read images"),
    "the head of an image": ("vit", ["--logits", "last"], "--logits last is for a head that gives scores"),
    "the cache of an image": ("vit", ["--cached", "10"], "--cached is for models that keep something"),
    "the cache of an encoder": (
        "bert", ["--tokens", "1", "--cached", "10"], "tokens read before; config keeps nothing"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", USELESS)
def test_an_option_that_does_nothing_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    family, arguments, message = USELESS[name]
    monkeypatch.chdir(tmp_path)
    Path("config.json").write_text(json.dumps({"model_type": family}), encoding="utf-8")
    assert main(["show", "config.json", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_model_that_is_counted_alone_has_the_same_totals(file: str) -> None:
    assert (
        lc.count(lc.from_config(file), lc.MACS, (128,)).total
        == lc.table(lc.from_config(file), (128,)).total.macs
    )
