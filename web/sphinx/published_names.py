"""What the declarations of published numbers may ask for: models, and counts of them.

Models are known by name in the library, or described in ``chapters/published/models.toml`` by what differs
from one that is.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import layercost as lc
from layercost.analysis.accelerators import accelerator_named
from layercost.analysis.activations import korthikanti
from layercost.analysis.formats import FORMATS, format_named
from layercost.analysis.states import OPTIMIZERS, states
from layercost.analysis.training import training_step
from layercost.analysis.utilisation import DAY, HOUR, petaflop_days, seconds_at, utilisation
from layercost.analysis.weights import weights
from layercost.by_type import parameters_by_type, trained_parameters
from layercost.models.known import KNOWN
from layercost.totals import Parameters, parameter_totals

MODELS = Path(__file__).resolve().parents[2] / "chapters" / "published" / "models.toml"
PHOTO = (3, 224, 224)


@cache
def described() -> Mapping[str, dict[str, Any]]:
    """The models that are not known by name: what differs from one that is."""
    return tomllib.loads(MODELS.read_text(encoding="utf-8"))


def configuration(name: str) -> dict[str, Any]:
    """All fields of a model's configuration."""
    if name not in described():
        return dict(KNOWN[name].config)
    own = dict(described()[name])
    base = own.pop("like", None)
    return {**(configuration(base) if base else {}), **own}


@cache
def model(name: str) -> lc.Layer:
    """A model by its name."""
    return lc.from_config(configuration(name))


@cache
def types(name: str) -> Mapping[str, int]:
    """Its parameters by type."""
    return parameters_by_type(model(name))


def total(name: str) -> int:
    """Its parameters, each once."""
    return sum(types(name).values())


def trained(name: str) -> int:
    """Its parameters without what is stored and frozen."""
    return trained_parameters(model(name))


def twice(name: str) -> int:
    """Its parameters, with the matrix of a tied head again."""
    return parameter_totals(model(name))[Parameters.TIED_TWICE]


def without_input(name: str) -> int:
    """Its parameters without the table of tokens."""
    return parameter_totals(model(name))[Parameters.WITHOUT_INPUT]


def body(name: str) -> int:
    """Its parameters without tables and head."""
    return parameter_totals(model(name))[Parameters.WITHOUT_TABLES]


def table(name: str) -> int:
    """The parameters of its table of tokens."""
    return types(name)["embedding.token"]


def head(name: str) -> int:
    """The parameters of a head that is not tied."""
    return types(name).get("head", 0)


def some(name: str, *starts: str) -> int:
    """Its parameters of the types that start so."""
    return sum(held for kind, held in types(name).items() if kind.startswith(starts))


def active(name: str, meaning: str = "with-tables") -> int:
    """The parameters that a token passes."""
    return lc.active_parameters(model(name), meaning)


def held(*layers: lc.Layer) -> int:
    """The parameters of layers, together."""
    return sum(lc.count(layer, lc.PARAMETERS).total for layer in layers)


def macs(name: str, *shapes: tuple[int, ...], **setting: Any) -> int:
    """The multiply-accumulates of a model, over the full square."""
    return sum(lc.macs_by_type(model(name), shapes, **setting).values())


def macs_of(name: str, kind: str, *shapes: tuple[int, ...], **setting: Any) -> int:
    """The multiply-accumulates of one type of its parts."""
    found = lc.macs_by_type(model(name), shapes, **setting)
    return sum(each for part, each in found.items() if part.startswith(kind))


def flops(name: str, *shapes: tuple[int, ...]) -> int:
    """Two for each multiply-accumulate."""
    return 2 * macs(name, *shapes)


def headless(name: str, *shapes: tuple[int, ...]) -> int:
    """The same without the head."""
    return flops(name, *shapes) - 2 * macs_of(name, "head", *shapes)


@cache
def step(name: str, tokens: int) -> int:
    """The operations of a step of training on one text, forward and backward."""
    return training_step(model(name), (tokens,)).model


def step_of(name: str, path: str) -> int:
    """The operations of one layer in a step of training on one token."""
    calls = training_step(model(name), (1,)).calls
    return sum(call.forward + call.backward for call in calls if call.path == path)


def six(name: str, tokens: float) -> float:
    """6 N D, whatever the parts of N do."""
    return 6 * total(name) * tokens


def kept(name: str, tokens: int = 1, dtype: str = "bfloat16", batch: int = 1, training: bool = False) -> int:
    """The bytes of a model's cache after so many tokens of each text."""
    setting = lc.Setting(batch, dtype=dtype, training=training)
    return lc.count(model(name), lc.KV_CACHE_BYTES, (tokens,), setting=setting).total


def kept_by(attention: lc.Layer, width: int, dtype: str = "bfloat16") -> int:
    """The bytes that one attention keeps of one token."""
    return lc.count(attention, lc.KV_CACHE_BYTES, (1, width), setting=lc.Setting(dtype=dtype)).total


def latent() -> lc.Layer:
    """The attention of DeepSeek-V2."""
    return lc.LatentAttention(5120, 128, 512, 128, 64, 128, 1536)


def adapted(name: str, rank: int) -> int:
    """The parameters of adapters of a rank on q and v."""
    return lc.count(lc.with_lora(model(name), rank, ["q", "v"]), lc.PARAMETERS).total


def heads_of_mlm(name: str) -> int:
    """The head of BERT's masked words without its matrix, and the head that says what follows what."""
    wide, words = (configuration(name)[field] for field in ("hidden_size", "vocab_size"))
    return held(lc.Linear(wide, wide), lc.LayerNorm(wide), lc.Linear(wide, 2)) + int(words)


def pairs(name: str, tokens: int, convention: str = "two-a-mac") -> int:
    """The operations of scores and context on a text."""
    shape, full = (tokens,), "two-a-mac"
    square = 2 * sum(macs_of(name, f"attention.{part}", shape) for part in ("scores", "context"))
    every, here = (lc.count(model(name), lc.FLOPS, shape, each).total for each in (full, convention))
    return square - every + here


def pairs_over_maps(width: int, tokens: int, convention: str = "two-a-mac", gated: bool = True) -> float:
    """The operations of scores and context over those of all maps of a block with an inner width of 4 d."""
    feed = lc.FeedForward(width, 4 * width, gated=gated, bias=False)
    layers = lc.Sequential(lc.Attention(width, width // 128, bias=False, causal=True), feed)
    whole = lc.count(layers, lc.FLOPS, (tokens, width), convention).total
    maps = 2 * tokens * held(layers)
    return (whole - maps) / maps


def pair_product(tokens: int, heads: int, size: int, batch: int) -> int:
    """The operations of one product of all queries with all keys."""
    attention = lc.Attention(heads * size, heads)
    found = lc.macs_by_type(attention, (tokens, heads * size), batch=batch)
    return 2 * found["attention.scores"]


def step_longer(name: str, tokens: int) -> float:
    """The operations of training for each parameter and token, with as many positions as tokens."""
    longer = lc.from_config({**configuration(name), "n_positions": tokens})
    return training_step(longer, (tokens,)).model / tokens / held(longer)


def scores_kept(tokens: int, width: int, heads: int) -> int:
    """The bytes that a block keeps of its scores."""
    every, some = (korthikanti(tokens, 1, width, heads, recompute=name) for name in ("none", "selective"))
    return every.value - some.value


def _one_block_more(name: str) -> lc.Layer:
    config = configuration(name)
    return lc.from_config({**config, "num_hidden_layers": config["num_hidden_layers"] + 1})


def mtp_block() -> int:
    """The block of DeepSeek-V3's module for a second token."""
    return held(_one_block_more("deepseek-v3")) - total("deepseek-v3")


def mtp_projection() -> int:
    """The map from two states to one, and three norms."""
    return held(lc.Linear(2 * 7168, 7168, bias=False), *[lc.RMSNorm(7168)] * 3)


def mtp_active() -> int:
    """What a token passes of the module, with both tables, which it shares."""
    more = lc.active_parameters(_one_block_more("deepseek-v3")) - active("deepseek-v3")
    return more + table("deepseek-v3") + head("deepseek-v3")


def block(width: int, heads: int, inner: int | None = None, bias: bool = False) -> tuple[lc.Layer, lc.Layer]:
    """Attention and a plain feed-forward layer."""
    return (
        lc.Attention(width, heads, bias=bias),
        lc.FeedForward(width, inner or 4 * width, bias=bias),
    )


def relative_gpt(width: int, layers: int, heads: int, words: int = 32_000) -> int:
    """Blocks without biases and norms, a projection of relative positions in each, and one table."""
    each = held(*block(width, heads), lc.Linear(width, width, bias=False))
    return layers * each + held(lc.Embedding(words, width))


def appendix_f(width: int, layers: int, heads: int, tokens: int = 2048, whole: bool = False) -> float:
    """Three forward passes of blocks over 6 N D; with all that the appendix lists where `whole`."""
    words, parts = 32_000, lc.Sequential(*block(width, heads))
    done = layers * lc.count(parts, lc.FLOPS, (tokens, width), "two-a-mac").total
    if whole:
        ends = lc.Sequential(lc.Embedding(words, width), lc.Linear(width, words, bias=False))
        done += lc.count(ends, lc.FLOPS, (tokens,), "lookup-as-product").total
        done += layers * 3 * heads * tokens**2
    return 3 * done / (6 * relative_gpt(width, layers, heads, words) * tokens)


def palm(width: int, layers: int, heads: int) -> int:
    """PaLM without norms: one head of keys and values, a gated feed-forward layer of 4 d, one table."""
    attention = lc.Attention(width, heads, 1, 256, bias=False)
    each = held(attention, lc.FeedForward(width, 4 * width, gated=True, bias=False))
    return layers * each + held(lc.Embedding(256_000, width))


def perceptron(hidden: int) -> int:
    """The multiply-accumulates of a network of 784, twice as many hidden, and 10 features."""
    layers = lc.Sequential(lc.Linear(784, hidden), lc.Linear(hidden, hidden), lc.Linear(hidden, 10))
    return lc.count(layers, lc.MACS, (784,)).total


def first_transformer(width: int, heads: int) -> int:
    """The Transformer of 2017: 6 + 6 blocks with biases in the feed-forward layers alone, one table."""
    own, other = lc.Attention(width, heads, bias=False), lc.CrossAttention(width, heads, bias=False)
    feed, norm = lc.FeedForward(width, 4 * width), lc.LayerNorm(width)
    encoder = held(own, feed, norm, norm)
    decoder = held(own, other, feed, norm, norm, norm)
    return 6 * (encoder + decoder) + held(lc.Embedding(37_000, width))


def first_transformer_flops(width: int, heads: int, tokens: int) -> int:
    """Its operations on a text and a translation of so many tokens, without the head."""
    text = (tokens, width)
    own = lc.Sequential(*block(width, heads))
    other = lc.CrossAttention(width, heads, bias=False)
    once = lc.count(own, lc.FLOPS, text, "two-a-mac").total
    return 6 * (2 * once + lc.count(other, lc.FLOPS, (text, text), "two-a-mac").total)


@cache
def names() -> Mapping[str, Any]:
    """Everything that a declaration may name."""
    here = {
        name: found for name, found in globals().items()
        if callable(found) and getattr(found, "__module__", "") == __name__
    }  # fmt: skip
    return {
        **here, "lc": lc, "math": math, "PHOTO": PHOTO, "FORMATS": FORMATS, "format_named": format_named,
        "OPTIMIZERS": OPTIMIZERS,
        "DAY": DAY, "HOUR": HOUR, "accelerator": accelerator_named, "korthikanti": korthikanti,
        "states": states, "utilisation": utilisation, "petaflop_days": petaflop_days,
        "seconds_at": seconds_at, "weights": weights, "training_step": training_step,
    }  # fmt: skip
