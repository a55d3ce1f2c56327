"""What ``layercost show`` does with models from their configuration: by file, or by name."""

from __future__ import annotations

import argparse
from typing import Any

from layercost.caches import kv_cache
from layercost.configured import USUAL_CONVENTION, ConfiguredTable, configured_table
from layercost.models.families.family import LOGITS
from layercost.models.from_config import ConfiguredModel
from layercost.models.known import configured_model
from layercost.models.leaves import LastPosition
from layercost.options import check_text, count_of, image_size

OPTIONS = ("tokens", "decoder_tokens", "cached", "logits", "size")


def add_options(command: argparse.ArgumentParser) -> None:
    """The options that only models from their configuration have."""
    what = "of a config.json: new tokens of each sample; beside an encoder, with --cached, the decoder's"
    command.add_argument("--tokens", type=count_of("tokens"), metavar="N", help=what)
    what = "of a model with a decoder beside an encoder: new tokens of the decoder"
    command.add_argument("--decoder-tokens", type=count_of("decoder-tokens"), metavar="N", help=what)
    what = "tokens that were read before and are in the cache; with --tokens 1 a step of decoding"
    command.add_argument("--cached", type=count_of("cached", 0), metavar="N", help=what)
    what = "positions on which the head works: all (default) or last"
    command.add_argument("--logits", choices=LOGITS, help=what)
    command.add_argument("--size", type=image_size, metavar="HxW", help="of an image, as 224x224")


def check_alone(options: argparse.Namespace) -> None:
    """Raise ValueError for an option that only models from their configuration have."""
    for name in OPTIONS:
        if getattr(options, name) is not None:
            raise ValueError(
                f"--{name.replace('_', '-')} is for models from their configuration, as config.json or gpt2; "
                f"{options.network} takes --input"
            )


def model_of(options: argparse.Namespace) -> ConfiguredModel:
    """The model of a file, or of a name; raises ModelError for a file that cannot be read."""
    if options.version is not None:
        raise ValueError(f"--version is for the networks by name; {options.network} has none")
    model = configured_model(options.network, logits=options.logits or "all", size=options.size)
    _check_used(model, options)
    return model


def _check_used(model: ConfiguredModel, options: argparse.Namespace) -> None:
    """Raise ValueError for an option of the model that changes nothing in it."""
    several: list[tuple[object, ...]] = [one for one in model.input_shape if isinstance(one, tuple)]
    each = several or [model.input_shape]
    if options.size is not None and all(len(shape) != 3 for shape in each):
        raise ValueError(f"--size is for models that read images; {model.name} reads none")
    if options.logits == "last" and not any(isinstance(leaf, LastPosition) for _, leaf in model.leaves()):
        raise ValueError(
            f"--logits last is for a head that gives scores of tokens; {model.name} ({model.architecture}) "
            "has none"
        )


def input_of(model: ConfiguredModel, options: argparse.Namespace) -> Any:
    """The input as it is asked for: its shape, or how many tokens; raises ValueError for both."""
    if isinstance(options.input, dict):
        raise ValueError("--input NAME=SHAPE is for ONNX files; here --tokens 128 or --input 128")
    asked = (options.tokens, options.decoder_tokens)
    if options.input is not None:
        if asked != (None, None):
            raise ValueError("give --input or --tokens, not both")
        return options.input
    shapes = model.input_shape
    if isinstance(shapes[0], tuple):
        read, written = options.tokens, options.decoder_tokens
        if written is None and (options.cached or len(shapes[0]) != 1):  # the encoder has read its input
            read, written = None, read
        first = _replaced(model, shapes[0], read, "tokens")
        return (first, *shapes[1:-1], _replaced(model, shapes[-1], written, "decoder-tokens"))
    if options.decoder_tokens is not None:
        raise ValueError(f"--decoder-tokens is for a decoder beside an encoder; {model.name} takes --tokens")
    return _replaced(model, shapes, options.tokens, "tokens")


def _replaced(model: ConfiguredModel, shape: Any, count: int | None, name: str) -> Any:
    """The shape of a text, with as many tokens as were asked for."""
    if count is None:
        return shape
    check_text(name, model.name, shape, "; give --input")
    return (count,)


def table_of(model: ConfiguredModel, options: argparse.Namespace) -> ConfiguredTable:
    """The table that is asked for, in the number format of the file unless told another.

    Raises ValueError for tokens in the cache of a model that keeps nothing.
    """
    if options.cached and not kv_cache(model, options.input).layers:
        raise ValueError(
            f"--cached is for models that keep something of tokens read before; {model.name} keeps nothing"
        )
    return configured_table(
        model,
        options.input,
        options.convention or USUAL_CONVENTION,
        batch=options.batch,
        dtype=options.dtype or model.dtype,
        cached=options.cached or 0,
    )
