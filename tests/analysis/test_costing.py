"""The commands train, memory and roofline: what they print in each format, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from layercost.command import main
from layercost.costing import COMMANDS
from tests.analysis.models import rows


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 0
    return capsys.readouterr().out


def data(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said(capsys, *arguments, "--format", "json"))
    return found


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 2
    return capsys.readouterr().err


def test_a_step_of_training_in_figures(capsys: pytest.CaptureFixture[str]) -> None:
    found = data(capsys, "train", "gpt2", "--tokens", "1024")
    assert found["operations"]["forward"] == 291_648_307_200
    assert found["operations"]["total"] == 874_944_921_600
    assert found["memory"]["optimizer_states"] == 12 * 124_439_808
    assert {one["name"] for one in found["shortcuts"]} >= {"6ND (all)", "PaLM", "Megatron"}


def test_a_step_of_training_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "train", "gpt2", "--tokens", "1024", "--recompute", "full", "--batch", "2")
    assert "One step of training of gpt2: 2 x 1,024 tokens" in text
    assert "each block keeps its input alone" in text
    assert "-12.62 % of forward and backward; every parameter, a tied table once" in text
    assert "Adam in mixed precision" in text


def test_a_step_of_adapters(capsys: pytest.CaptureFixture[str]) -> None:
    found = data(
        capsys, "train", "llama-2-7b", "--tokens", "128", "--lora", "8", "--targets", "q_proj,v_proj"
    )
    assert found["operations"]["total"] == 3_398_778_748_928
    assert (found["memory"]["trained"], found["memory"]["frozen"]) == (4_194_304, 6_738_415_616)
    assert [one["name"] for one in found["shortcuts"]] == ["4ND", "6ND (all)"]


def test_a_step_of_adapters_with_a_layer_that_is_trained_whole(capsys: pytest.CaptureFixture[str]) -> None:
    """As in vocabularies that are made longer: table and head are trained, and their old values go."""
    options = ["train", "llama-2-7b", "--tokens", "8", "--lora", "8"]
    found = data(capsys, *options, "--whole", "embed_tokens,lm_head")["memory"]
    assert found["trained"] == 4_194_304 + 2 * 32_000 * 4096
    assert found["trained"] + found["frozen"] == 4_194_304 + 6_738_415_616


def test_names_of_maps_may_have_spaces_between_them(capsys: pytest.CaptureFixture[str]) -> None:
    plain, spaced = (
        data(capsys, "train", "gpt2", "--tokens", "8", "--lora", "8", "--targets", targets)["memory"]
        for targets in ("q,v", "q, v ")
    )
    assert plain == spaced


def test_other_conventions_have_no_shortcuts(capsys: pytest.CaptureFixture[str]) -> None:
    found = data(capsys, "train", "gpt2", "--tokens", "64", "--convention", "macs")
    assert (found["operations"]["unit"], found["shortcuts"]) == ("MACs", [])


def test_what_fits_into_a_memory(capsys: pytest.CaptureFixture[str]) -> None:
    found = data(capsys, "memory", "llama-3-8b", "--in", "80GB", "--tokens", "8192")
    assert (found["weights"], found["cache_a_token"]) == (2 * 8_030_261_248, 131_072)
    assert [(room["batch"], room["tokens"]) for room in found["fits"]] == [(1, 487_819), (59, 8192)]


@pytest.mark.parametrize(("model", "needed"), [("gpt2", 248_879_616), ("bert-base", 218_964_480)])
def test_weights_that_do_not_fit_are_said_to(
    capsys: pytest.CaptureFixture[str], model: str, needed: int
) -> None:
    """Whether its cache grows or not, and with no word of what would fit beside them."""
    text = said(capsys, "memory", model, "--in", "100MB")
    assert f"the weights alone need so much, {needed - 10**8:,} bytes" in text
    assert "left" not in text
    assert "Any number" not in text
    found = data(capsys, "memory", model, "--in", "100MB")
    assert (found["fits"], found["lacking"]) == ([], needed - 10**8)
    assert data(capsys, "memory", model, "--in", "80GB")["lacking"] == 0


def test_weights_in_another_format(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "memory", "llama-2-7b", "--weights", "nf4-double")
    assert "6,476,005,376 values at 4.127 bits" in text


def test_the_least_time_of_a_prefill_and_of_a_step(capsys: pytest.CaptureFixture[str]) -> None:
    found = data(capsys, "roofline", "llama-3-70b", "--on", "h100-sxm", "--devices", "8", "--tokens", "1")
    assert (found["prefill"]["cached"], found["decode"]["cached"]) == (0, 1)
    assert round(1000 * found["decode"]["floor_seconds"], 2) == 5.19
    assert found["decode"]["limit"] == "memory"


@pytest.mark.parametrize("form", ["bfloat16", "int4-g128"])
def test_the_format_of_the_cache_changes_the_cache_alone(
    capsys: pytest.CaptureFixture[str], form: str
) -> None:
    usual, halved = (
        data(capsys, "roofline", "gpt2", "--tokens", "64", "--weights", form, "--cache", dtype)["decode"]
        for dtype in ("bfloat16", "int8")
    )
    for name in ("weights", "activations"):
        assert usual["bytes"][name] == halved["bytes"][name]
    assert usual["bytes"]["cache_read"] == 2 * halved["bytes"]["cache_read"]


def test_every_pass_reads_the_weights_that_a_memory_holds(capsys: pytest.CaptureFixture[str]) -> None:
    """All but the rows of two tables that no token asks for."""
    options = ("gpt2", "--tokens", "64", "--weights", "int4-g128", "--cache", "int8")
    held = data(capsys, "memory", *options)["weights"]
    read = data(capsys, "roofline", *options)["prefill"]["bytes"]["weights"]
    assert held - read == 2 * 768 * (1024 - 64) - 2 * 768 * 64  # the head reads the table that is tied


def test_the_last_position_alone_may_have_scores(capsys: pytest.CaptureFixture[str]) -> None:
    every, last = (
        data(capsys, "roofline", "gpt2", "--tokens", "64", "--logits", which)["prefill"]["flops"]
        for which in ("all", "last")
    )
    assert every - last == 2 * 63 * 768 * 50257


def test_a_report_says_where_attention_works_on_latents(capsys: pytest.CaptureFixture[str]) -> None:
    assert "works on the latents" in said(capsys, "roofline", "deepseek-v2-lite", "--tokens", "1000")
    assert "works on the latents" not in said(capsys, "roofline", "gpt2", "--tokens", "1000")


def test_every_device_is_listed_with_its_source(capsys: pytest.CaptureFixture[str]) -> None:
    found = data(capsys, "roofline")["accelerators"]
    assert len(found) >= 12
    assert all(one["source"] and one["ridge"] for one in found)


def test_what_keeps_nothing_has_no_step_more(capsys: pytest.CaptureFixture[str]) -> None:
    found = data(capsys, "roofline", "resnet50")
    assert "decode" not in found
    assert "keeps nothing for a next token" in said(capsys, "roofline", "resnet50")


def test_what_reads_an_image_last_is_no_decoder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """CLIP's text looks back, and yet nothing is written on from it."""
    file = tmp_path / "config.json"
    row = next(row for row in rows("training.json") if row["name"] == "clip-b32")
    file.write_text(json.dumps(row["config"]), encoding="utf-8")
    assert "decode" not in data(capsys, "roofline", str(file))


def test_a_cache_that_does_not_grow_is_said_to(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Any number of tokens fits" in said(capsys, "memory", "resnet50", "--in", "8GB")


def test_a_text_is_no_longer_than_a_model_has_positions(capsys: pytest.CaptureFixture[str]) -> None:
    assert data(capsys, "roofline", "bert-base")["prefill"]["tokens"] == 512
    assert data(capsys, "memory", "whisper-tiny")["tokens"] == 448
    assert data(capsys, "roofline", "gpt2")["decode"]["cached"] == 1023
    assert "up to the 512 that this model has positions for" in said(
        capsys, "memory", "bert-base", "--in", "10GB"
    )


def test_an_image_has_no_cache(capsys: pytest.CaptureFixture[str]) -> None:
    assert data(capsys, "memory", "resnet50")["cache"] == 0


def test_markdown_has_a_table_a_section(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "roofline", "gpt2", "--format", "md")
    assert text.startswith("# gpt2 on 1 x NVIDIA A100 80 GB SXM, 1 at once")
    assert text.count("| --- | ---: | --- |") == 2


def test_a_file_is_read_as_a_name_is(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"model_type": "gpt2"}), encoding="utf-8")
    by_name = data(capsys, "memory", "gpt2")["weights"]
    assert data(capsys, "memory", str(file))["weights"] == by_name
    for command in sorted(COMMANDS):  # and so is its folder
        assert data(capsys, command, str(tmp_path))["model"] == tmp_path.name
    assert data(capsys, "memory", str(tmp_path))["weights"] == by_name


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_a_report_says_what_its_file_did_not(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str
) -> None:
    """A field that is misspelt is then among those that were taken from elsewhere."""
    file = tmp_path / "config.json"
    misspelt = {"model_type": "llama", "num_kv_heads": 4, "quantization_config": {"bits": 4}}
    file.write_text(json.dumps(misspelt), encoding="utf-8")
    text = said(capsys, command, str(file))
    shown = said(capsys, "show", str(file))
    for words in ("Not in the file, and taken from elsewhere", "num_key_value_heads = 32", "are quantised"):
        assert words in text
        assert words in " ".join(shown.split())
    assert "num_key_value_heads" in {one["field"] for one in data(capsys, command, str(file))["defaults"]}


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_a_report_says_that_the_text_part_alone_is_counted(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str
) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"model_type": "gemma3", "text_config": {}}), encoding="utf-8")
    assert "Counted is the text part of a gemma3 model alone" in said(capsys, command, str(file))


def test_an_image_has_no_tokens_to_choose(capsys: pytest.CaptureFixture[str]) -> None:
    found = data(capsys, "train", "resnet50:v1.5")
    assert found["operations"]["tokens"] == 1


@pytest.mark.parametrize(("arguments", "words"), [
    (("train", "gpt2", "--tokens", "0"), "--tokens takes a whole number of at least 1, but got '0'"),
    (("train", "gpt2", "--optimizer", "adam"), "no optimizer is called 'adam'; did you mean"),
    (("train", "gpt2", "--lora", "4", "--targets", "gate"), "no linear map is called 'gate'"),
    (("memory", "gpt2", "--in", "80 apples"), "a size of memory is written as 80GB or 24GiB"),
    (("memory", "gpt2", "--weights", "int3"), "no format of weights is called 'int3'"),
    (("roofline", "gpt2", "--on", "h100"), "did you mean 'h100-sxm'"),
    (("roofline", "gpt2", "--on", "t4", "--rate", "bfloat16"), "no number format of NVIDIA T4"),
    (("memory", "whisper-tiny", "--tokens", "1000"), "has 448 positions, but got 1,000 tokens"),
    (("memory", "bert-base", "--tokens", "600", "--in", "10GB"), "has 512 positions, but got 600 tokens"),
    (("roofline", "gpt2", "--tokens", "1025"), "has 1,024 positions, but got 1,025 tokens"),
    (("train", "gpt2", "--lora", "4", "--targets", " , "), "--targets takes names, as q,v, but got"),
    (("memory", "gpt2", "--weights", "fp8"), "did you mean 'float8'"),
    (("train", "gpt2", "--targets", "q"), "--targets is for adapters; give --lora RANK as well"),
    (("train", "gpt2", "--whole", "wte"), "--whole is for adapters; give --lora RANK as well"),
    (("train", "resnet50", "--tokens", "5"), "--tokens is for text, but resnet50 reads 3x224x224 there"),
    (("train", "vit-b16", "--tokens", "12"), "--tokens is for text, but vit-b16 reads 3x224x224 there"),
    (("memory", "resnet50", "--tokens", "4"), "--tokens is for text, but resnet50 reads 3x224x224 there"),
    (("roofline", "clip-b32", "--tokens", "4"), "--tokens is for text, but clip-b32 reads 3x224x224 there"),
    (("train",), "required: MODEL"),
    (("train", "gpt-9"), "gpt-9"),
])  # fmt: skip
def test_bad_input_gets_one_line(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    error = refused(capsys, *arguments)
    assert words in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_shows_examples(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert f"layercost {name}" in said(capsys, name, "--help")


@pytest.mark.parametrize("command", ["train", "memory", "roofline"])
def test_a_model_that_nobody_knows_is_refused_with_the_nearest(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert "did you mean 'llama-3.2-3b' or 'llama-2-7b'" in refused(
        capsys, command, "llama-2-13b", "--tokens", "8"
    )


def test_a_window_that_cuts_the_cache_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Mistral 7B at 32,768 tokens: 4 GiB in tools that keep all of them, and half a GiB with its window."""
    found = data(capsys, "memory", "mistral-7b", "--tokens", "32768")
    assert (found["cache"], found["cache_without_windows"]) == (2**29, 2**32)
    text = said(capsys, "memory", "mistral-7b", "--tokens", "32768", "--cache", "q8_0")
    assert "32 of 32 layers that keep something keep no more than a window, 4,096 tokens; " in text
    assert f"without windows all of it would be {2**32 * 17 // 32:,} bytes." in text
    assert "windows" not in said(capsys, "memory", "mistral-7b", "--tokens", "4096")
