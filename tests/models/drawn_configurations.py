"""Small random configurations of families, and the models that transformers makes of them without weights.

Each draw gives the fields of a ``config.json``, the shapes of the inputs as we write them, and the inputs by
the names that the library has for them.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from tests.models import drawn_decoders

Sizes = tuple[int, ...]


class Drawn(NamedTuple):
    """A configuration; what goes in, as we write it; and the same by the library's names."""

    config: dict[str, Any]
    shapes: tuple[Sizes, ...]
    inputs: dict[str, Sizes]  # without the batch; of tokens one size


Draw = Callable[[Random], Drawn]


def _text(tokens: int, name: str = "input_ids") -> tuple[tuple[Sizes, ...], dict[str, Sizes]]:
    return ((tokens,),), {name: (tokens,)}


def _encoder(random: Random, model_type: str, **more: Any) -> dict[str, Any]:
    heads = random.choice([1, 2, 4])
    return {
        "model_type": model_type, "vocab_size": random.randint(20, 60),
        "hidden_size": heads * random.choice([4, 8]), "intermediate_size": random.randint(5, 40),
        "num_hidden_layers": random.randint(1, 4), "num_attention_heads": heads,
        "max_position_embeddings": random.randint(20, 40), "type_vocab_size": random.choice([1, 2, 3]),
        "pad_token_id": 1, **more,
    }  # fmt: skip


def encoder(model_type: str, labels: bool = True) -> Draw:
    """BERT, RoBERTa and what is like them; questions are answered by two labels."""

    def draw(random: Random) -> Drawn:
        config = _encoder(random, model_type)
        if labels:
            config["num_labels"] = random.randint(2, 5)
        if model_type == "mpnet":
            del config["type_vocab_size"]
            config["relative_attention_num_buckets"] = random.choice([4, 32])
        if model_type in ("albert", "electra"):
            config["embedding_size"] = random.choice([config["hidden_size"], random.randint(3, 9)])
        if model_type == "albert":
            config["num_hidden_groups"] = random.randint(1, config["num_hidden_layers"])
            config["inner_group_num"] = random.randint(1, 2)
        return Drawn(config, *_text(random.randint(3, 15)))

    return draw


def modernbert(random: Random, labels: int = 3) -> Drawn:
    flags = ("norm_bias", "attention_bias", "mlp_bias", "decoder_bias", "classifier_bias")
    config = _encoder(random, "modernbert", local_attention=random.choice([2, 4]), num_labels=labels)
    config |= {name: random.choice([True, False]) for name in flags if random.random() < 0.5}
    del config["type_vocab_size"]
    return Drawn(config, *_text(random.randint(3, 15)))


def distilbert(random: Random) -> Drawn:
    like = _encoder(random, "distilbert")
    names = {"dim": "hidden_size", "hidden_dim": "intermediate_size", "n_layers": "num_hidden_layers",
             "n_heads": "num_attention_heads"}  # fmt: skip
    config = {ours: like[theirs] for ours, theirs in names.items()}
    kept = ("model_type", "vocab_size", "max_position_embeddings")
    config |= {name: like[name] for name in kept} | {"sinusoidal_pos_embds": random.choice([True, False])}
    return Drawn(config, *_text(random.randint(3, 15)))


def _two_texts(random: Random, config: dict[str, Any]) -> Drawn:
    source, tokens = random.randint(3, 12), random.randint(1, 9)
    inputs = {"input_ids": (source,), "decoder_input_ids": (tokens,)}
    return Drawn(config, ((source,), (tokens,)), inputs)


def t5(random: Random) -> Drawn:
    names = ("d_model", "d_kv", "d_ff", "num_heads")
    config = {
        "model_type": "t5", "vocab_size": random.randint(20, 60), "num_layers": random.randint(1, 3),
        "num_decoder_layers": random.randint(1, 3), **{name: random.randint(2, 12) for name in names},
        "relative_attention_num_buckets": random.choice([8, 32]),
        "feed_forward_proj": random.choice(["relu", "gated-gelu", "gated-silu", "gelu"]),
    }  # fmt: skip
    return _two_texts(random, config)


def mt5(random: Random) -> Drawn:
    drawn = t5(random)
    return drawn._replace(config={**drawn.config, "model_type": "mt5"})


def t5_encoder(random: Random) -> Drawn:
    config, (source, _), inputs = t5(random)
    return Drawn(config, (source,), {"input_ids": inputs["input_ids"]})


def _two_sides(random: Random) -> dict[str, Any]:
    found: dict[str, Any] = {"d_model": 8, "vocab_size": random.randint(20, 60)}
    for side in ("encoder", "decoder"):
        found |= {
            f"{side}_layers": random.randint(1, 3), f"{side}_ffn_dim": random.randint(3, 20),
            f"{side}_attention_heads": random.choice([1, 2, 4]),
        }  # fmt: skip
    return found


def bart(model_type: str) -> Draw:
    """BART and its relatives."""

    def draw(random: Random) -> Drawn:
        config = {**_two_sides(random), "max_position_embeddings": random.randint(15, 30)}
        if model_type == "marian":
            config |= {"pad_token_id": 1, "decoder_start_token_id": 1}
        return _two_texts(random, {"model_type": model_type, **config})

    return draw


def whisper(random: Random) -> Drawn:
    heard, bands, tokens = random.randint(5, 15), random.randint(3, 9), random.randint(1, 9)
    config = {
        "model_type": "whisper", **_two_sides(random), "max_source_positions": heard, "num_mel_bins": bands,
        "max_target_positions": random.randint(9, 20), "pad_token_id": 0,
    }  # fmt: skip
    sound = (bands, 2 * heard)
    return Drawn(config, (sound, (tokens,)), {"input_features": sound, "decoder_input_ids": (tokens,)})


def _image(*sides: int) -> tuple[tuple[Sizes, ...], dict[str, Sizes]]:
    return ((3, *sides),), {"pixel_values": (3, *sides)}


def _patches(random: Random) -> dict[str, Any]:
    patch = random.randint(2, 5)
    return {
        "hidden_size": 8, "intermediate_size": random.randint(3, 20), "patch_size": patch,
        "num_hidden_layers": random.randint(1, 3), "num_attention_heads": random.choice([1, 2]),
        "image_size": random.randint(patch, 20),
    }  # fmt: skip


def patches(model_type: str) -> Draw:
    """ViT and DeiT, on images that the patches need not divide."""

    def draw(random: Random) -> Drawn:
        config = {"model_type": model_type, **_patches(random), "qkv_bias": random.choice([True, False])}
        return Drawn({**config, "num_labels": random.randint(3, 7)}, *_image(*[config["image_size"]] * 2))

    return draw


def swin(random: Random) -> Drawn:
    """Images of any sides, as long as the last stage has more than a window."""
    stages, window, patch = random.randint(1, 3), random.randint(2, 4), random.choice([2, 4])
    config = {
        "model_type": "swin", "embed_dim": 4, "window_size": window, "patch_size": patch,
        "depths": [random.randint(1, 3) for _ in range(stages)],
        "num_heads": [random.choice([1, 2, 4]) for _ in range(stages)], "image_size": 64,
        "mlp_ratio": random.choice([2, 4.0, 1.5]), "qkv_bias": random.choice([True, False]), "num_labels": 5,
    }  # fmt: skip
    least = patch * window * 2 ** (stages - 1)
    return Drawn(config, *_image(random.randint(least, least + 60), random.randint(least, least + 60)))


def clip(random: Random) -> Drawn:
    text = _encoder(random, "clip_text_model", eos_token_id=2)
    image, tokens = {"model_type": "clip_vision_model", **_patches(random)}, random.randint(3, 9)
    config = {"model_type": "clip", "projection_dim": random.randint(3, 9), "text_config": text,
              "vision_config": image}  # fmt: skip
    pixels = (3, image["image_size"], image["image_size"])
    return Drawn(config, ((tokens,), pixels), {"input_ids": (tokens,), "pixel_values": pixels})


def mamba(random: Random) -> Drawn:
    """Texts of a kernel at least: of a shorter one the library's cache makes as long a one."""
    kernel = random.randint(1, 5)
    config = {
        "model_type": "mamba", "vocab_size": 30, "hidden_size": random.randint(3, 40),
        "num_hidden_layers": random.randint(1, 3), "state_size": random.randint(1, 6), "conv_kernel": kernel,
        "expand": random.randint(1, 3), "use_bias": random.choice([True, False]),
        "use_conv_bias": random.choice([True, False]), "time_step_rank": random.choice(["auto", 3]),
    }  # fmt: skip
    return Drawn(config, *_text(random.randint(kernel, 9)))


def of_labels(draw: Callable[[Random], dict[str, Any]]) -> Draw:
    """A decoder that gives scores of labels."""
    return lambda random: Drawn(draw(random) | {"num_labels": random.randint(3, 6)}, *_text(7))


def _classes(prefix: str, draw: Draw, *heads: str) -> dict[str, Draw]:
    return {f"{prefix}{head}": draw for head in heads}


_OF_ALL = ("Model", "ForMaskedLM", "ForSequenceClassification", "ForTokenClassification")
DRAWN: dict[str, Draw] = {
    **_classes("Bert", encoder("bert"), *_OF_ALL, "LMHeadModel", "ForPreTraining"),
    **_classes("Bert", encoder("bert", labels=False), "ForQuestionAnswering", "ForNextSentencePrediction"),
    **_classes("Roberta", encoder("roberta"), *_OF_ALL, "ForCausalLM"),
    **_classes("XLMRoberta", encoder("xlm-roberta"), *_OF_ALL),
    **_classes("ModernBert", modernbert, *_OF_ALL),
    "ModernBertForQuestionAnswering": lambda random: modernbert(random, labels=2),
    **_classes("MPNet", encoder("mpnet"), *_OF_ALL),
    **_classes("DistilBert", distilbert, *_OF_ALL),
    **_classes("Albert", encoder("albert"), *_OF_ALL, "ForPreTraining"),
    **_classes("Electra", encoder("electra"), *_OF_ALL, "ForPreTraining", "ForCausalLM"),
    **_classes("Qwen3", of_labels(drawn_decoders.qwen3), *_OF_ALL[2:], "ForQuestionAnswering"),
    **_classes("OPT", of_labels(drawn_decoders.opt), "ForSequenceClassification", "ForQuestionAnswering"),
    **_classes("T5", t5, "ForConditionalGeneration", "Model"),
    "T5EncoderModel": t5_encoder,
    "T5ForTokenClassification": t5_encoder,
    **_classes("T5", t5, "ForQuestionAnswering"),
    "MT5ForConditionalGeneration": mt5,
    **_classes("Bart", bart("bart"), "ForConditionalGeneration", "Model", "ForQuestionAnswering"),
    **_classes("MBart", bart("mbart"), "ForConditionalGeneration", "Model", "ForQuestionAnswering"),
    **_classes("M2M100", bart("m2m_100"), "ForConditionalGeneration", "Model"),
    **_classes("Pegasus", bart("pegasus"), "ForConditionalGeneration", "Model"),
    **_classes("Marian", bart("marian"), "MTModel", "Model"),
    **_classes("Whisper", whisper, "ForConditionalGeneration", "Model"),
    **_classes("ViT", patches("vit"), "ForImageClassification", "Model"),
    **_classes(
        "DeiT", patches("deit"), "ForImageClassification", "ForImageClassificationWithTeacher", "Model"
    ),
    **_classes("Swin", swin, "ForImageClassification", "Model"),
    "CLIPModel": clip,
    **_classes("Mamba", mamba, "ForCausalLM", "Model"),
}
