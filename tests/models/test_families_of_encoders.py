"""Families of encoders, of encoders beside decoders, of images, sound and states: their classes and fields.

What whole models of them hold and what a counter reads of them is in `test_configured_models`.
"""

from __future__ import annotations

from typing import Any

import pytest

import layercost as lc
from layercost.by_type import macs_by_type, parameters_by_type, trained_parameters
from layercost.models.from_config import ConfiguredModel, from_config
from layercost.models.tree import ModelError

# ---- classes of a family -------------------------------------------------------------------------

BERT = {
    "model_type": "bert", "vocab_size": 50, "hidden_size": 8, "intermediate_size": 16,
    "num_hidden_layers": 2, "num_attention_heads": 2, "max_position_embeddings": 10,
}  # fmt: skip
BODY = (50 + 10 + 2) * 8 + 2 * 8 + 2 * (4 * (8 * 8 + 8) + 2 * 8 * 16 + 16 + 8 + 2 * 2 * 8)
POOLER = 8 * 8 + 8
MASKED = 8 * 8 + 8 + 2 * 8 + 50


def total(config: dict[str, Any], name: str, **more: object) -> int:
    return lc.count(from_config({**config, **more, "architectures": [name]}), lc.PARAMETERS).total


@pytest.mark.parametrize(
    ("name", "behind"),
    [
        ("BertModel", POOLER),
        ("BertForMaskedLM", MASKED),
        ("BertLMHeadModel", MASKED),
        ("BertForPreTraining", MASKED + POOLER + 2 * 8 + 2),
        ("BertForNextSentencePrediction", POOLER + 2 * 8 + 2),
        ("BertForSequenceClassification", POOLER + 2 * 8 + 2),
        ("BertForMultipleChoice", POOLER + 8 + 1),
        ("BertForTokenClassification", 2 * 8 + 2),
        ("BertForQuestionAnswering", 2 * 8 + 2),
    ],
)
def test_each_class_of_bert_has_its_head(name: str, behind: int) -> None:
    assert total(BERT, name) == BODY + behind


@pytest.mark.parametrize("name", ["BertForMaskedLM", "BertForPreTraining"])
def test_a_head_that_shares_no_table_holds_one_of_its_own_and_a_second_bias(name: str) -> None:
    """Read of transformers 5.24.0: ``predictions.bias`` beside ``predictions.decoder.bias``, and not used."""
    apart = total(BERT, name, tie_word_embeddings=False)
    assert apart - total(BERT, name) == 50 * 8 + 50
    model = from_config({**BERT, "architectures": [name], "tie_word_embeddings": False})
    assert any("second bias of 50 values, which nothing reads" in str(note) for note in model.notes)
    tied = from_config({**BERT, "architectures": [name]})
    assert macs_by_type(model, (6,)) == macs_by_type(tied, (6,))


def test_heads_whose_class_has_one_bias_hold_one() -> None:
    """Read of transformers 5.24.0: 50 x 4 in ELECTRA, 50 x 8 in DistilBERT."""
    for config, name, more in (
        ({**BERT, "model_type": "electra", "embedding_size": 4}, "ElectraForMaskedLM", 50 * 4),
        ({**BERT, "model_type": "distilbert", "hidden_dim": 16}, "DistilBertForMaskedLM", 50 * 8),
    ):
        assert total(config, name, tie_word_embeddings=False) - total(config, name) == more


def test_labels_are_counted_by_their_names() -> None:
    names = {str(place): f"label {place}" for place in range(7)}
    name = "BertForTokenClassification"
    assert total(BERT, name, id2label=names) == total(BERT, name, num_labels=7) == BODY + 7 * 8 + 7
    with pytest.raises(ModelError, match="num_labels: 5 is not counted here: id2label names 7 classes"):
        total(BERT, name, id2label=names, num_labels=5)


def test_labels_that_are_named_are_not_missing() -> None:
    """BART's files have ``_num_labels`` beside the names."""
    config = {**BERT, "architectures": ["BertForTokenClassification"], "_num_labels": 3}
    assert any("was num_labels meant" in str(note) for note in from_config(config).notes)
    named = from_config({**config, "id2label": {"0": "a", "1": "b", "2": "c"}})
    assert not any("num_labels" in str(note) for note in named.notes)


def test_a_class_that_nobody_counts_is_refused_with_the_nearest_ones() -> None:
    with pytest.raises(ModelError, match="architectures: no class that is counted here is called 'BertFor"):
        total(BERT, "BertForMaskedML")


ROBERTA = {**BERT, "model_type": "roberta", "max_position_embeddings": 12, "type_vocab_size": 1}


def test_places_are_counted_from_behind_the_padding() -> None:
    """12 rows, 2 of them before the first place: 10 tokens at the most."""
    model = from_config({**ROBERTA, "architectures": ["RobertaModel"]})
    assert parameters_by_type(model)["embedding.position"] == 12 * 8
    assert model.input_shape == (10,)
    model.output_shape((10,))
    with pytest.raises(lc.ShapeError, match="LearnedPositions has 10 positions but got 11 tokens"):
        model.output_shape((11,))


def test_xlm_roberta_is_roberta_with_its_own_names() -> None:
    other = {**ROBERTA, "model_type": "xlm-roberta"}
    assert total(other, "XLMRobertaForMaskedLM") == total(ROBERTA, "RobertaForMaskedLM")


ALBERT = {**BERT, "model_type": "albert", "embedding_size": 4}


def test_layers_of_one_group_share_their_weights_and_run_each() -> None:
    one, two = (from_config({**ALBERT, "num_hidden_groups": groups}) for groups in (1, 2))
    assert parameters_by_type(two)["mlp.up"] == 2 * parameters_by_type(one)["mlp.up"]
    assert macs_by_type(two, (6,))["mlp.up"] == macs_by_type(one, (6,))["mlp.up"] == 2 * 6 * 8 * 16
    with pytest.raises(ModelError, match="num_hidden_groups: expected at most 2 groups"):
        from_config({**ALBERT, "num_hidden_groups": 3})


def test_electra_tells_replaced_tokens_or_gives_them() -> None:
    electra = {**ALBERT, "model_type": "electra"}
    bare = total(electra, "ElectraModel")
    assert total(electra, "ElectraForPreTraining") == bare + 8 * 8 + 8 + 8 + 1
    assert total(electra, "ElectraForMaskedLM") == bare + 8 * 4 + 4 + 2 * 4 + 50


# ---- T5 ------------------------------------------------------------------------------------------

T5 = {
    "model_type": "t5", "vocab_size": 50, "d_model": 8, "d_ff": 16, "d_kv": 4, "num_heads": 2,
    "num_layers": 2,
}  # fmt: skip


def test_t5_reads_its_feed_forward_in_either_spelling() -> None:
    written = from_config({**T5, "feed_forward_proj": "gated-gelu"})
    parts = from_config({**T5, "is_gated_act": True, "dense_act_fn": "gelu_new"})
    assert parameters_by_type(written) == parameters_by_type(parts)
    assert "mlp.gate" in parameters_by_type(written)
    assert "mlp.gate" not in parameters_by_type(from_config(T5))
    with pytest.raises(ModelError, match="is_gated_act: true is not counted here"):
        from_config({**T5, "feed_forward_proj": "relu", "is_gated_act": True})


@pytest.mark.parametrize("said", [{"tie_word_embeddings": False}, {"scale_decoder_outputs": False}])
def test_t5_of_version_1_1_has_a_head_of_its_own_as_it_was_released(said: dict[str, bool]) -> None:
    own, tied = from_config({**T5, **said}), from_config(T5)
    assert parameters_by_type(own)["head"] == 50 * 8
    assert "head" not in parameters_by_type(tied)
    assert macs_by_type(own, (5,), (3,)) == macs_by_type(tied, (5,), (3,))


def test_older_files_of_t5_have_another_name_for_its_class() -> None:
    assert total(T5, "T5WithLMHeadModel") == total(T5, "T5ForConditionalGeneration") == total(T5, "T5Model")


def test_mt5_is_t5_of_version_1_1_with_its_own_names_and_sizes() -> None:
    """google/mt5-small holds 300,176,768 values: its head is not tied, as its file says."""
    small = {
        "model_type": "mt5", "architectures": ["MT5ForConditionalGeneration"], "vocab_size": 250112,
        "d_model": 512, "d_ff": 1024, "d_kv": 64, "num_heads": 6, "num_layers": 8, "num_decoder_layers": 8,
        "feed_forward_proj": "gated-gelu", "relative_attention_num_buckets": 32, "tie_word_embeddings": False,
    }  # fmt: skip
    assert lc.count(from_config(small), lc.PARAMETERS).total == 300_176_768
    sizes = {name: small[name] for name in ("vocab_size", "d_model", "d_ff", "num_heads", "num_layers")}
    lacking = from_config({"model_type": "mt5", **sizes, "tie_word_embeddings": False})
    assert parameters_by_type(lacking) == parameters_by_type(from_config(small))
    assert from_config({"model_type": "mt5"}).architecture == "MT5ForConditionalGeneration"


def test_the_table_of_distances_stands_in_the_first_layer_of_each_side() -> None:
    encoder = from_config({**T5, "architectures": ["T5EncoderModel"]})
    assert parameters_by_type(encoder)["attention.relative_bias"] == 32 * 2
    assert parameters_by_type(from_config(T5))["attention.relative_bias"] == 2 * 32 * 2
    assert lc.count(encoder, lc.KV_CACHE, (5,)).total == 0


# ---- images, sound and states --------------------------------------------------------------------

VIT = {
    "model_type": "vit", "hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1,
    "num_attention_heads": 2, "image_size": 32, "patch_size": 8, "num_labels": 5,
}  # fmt: skip


def test_a_distillation_token_has_a_row_a_position_and_a_head() -> None:
    """DeiT: one token more than ViT's 17."""
    vit = parameters_by_type(from_config(VIT))
    deit = parameters_by_type(from_config({**VIT, "model_type": "deit"}))
    assert (vit["embedding.position"], deit["embedding.position"]) == (17 * 8, 18 * 8)
    assert (vit["embedding.class"], deit["embedding.class"]) == (8, 2 * 8)
    assert (vit["head"], deit["head"]) == (5 * 8 + 5, 2 * (5 * 8 + 5))


def test_images_of_other_sizes_are_refused_where_there_are_positions_and_taken_where_there_are_none() -> None:
    with pytest.raises(ModelError, match="image_size: the positions are those of an image of 32x32"):
        from_config(VIT, size=(64, 64))
    swin = {
        "model_type": "swin", "embed_dim": 8, "depths": [1, 2], "num_heads": [2, 2], "window_size": 3,
        "patch_size": 2,
    }  # fmt: skip
    model = from_config(swin, size=(31, 17))
    assert model.input_shape == (3, 31, 17)
    assert lc.count(model, lc.MACS, model.input_shape).total > 0


def test_an_image_size_may_be_a_height_and_a_width() -> None:
    model = from_config({**VIT, "image_size": [32, 16], "patch_size": [8, 4]})
    assert model.input_shape == (3, 32, 16)
    assert parameters_by_type(model)["embedding.position"] == (4 * 4 + 1) * 8
    with pytest.raises(ModelError, match="image_size: expected a whole number of at least 1, or two of them"):
        from_config({**VIT, "image_size": [32, 16, 8]})


def test_classes_that_a_file_leaves_out_are_those_of_imagenet_and_are_listed() -> None:
    config = {name: value for name, value in VIT.items() if name != "num_labels"}
    model = from_config(config)
    assert parameters_by_type(model)["head"] == 1000 * 8 + 1000
    assert {default.field: default.value for default in model.defaults}["num_labels"] == 1000


def test_an_encoder_that_is_called_a_decoder_is_refused() -> None:
    with pytest.raises(ModelError, match="is_decoder: true is not counted here: an encoder that looks"):
        from_config({"model_type": "t5", "architectures": ["T5EncoderModel"], "is_decoder": True})


ENDLESS = {
    "num_decoder_layers": {"model_type": "t5", "num_decoder_layers": 10**9},
    "inner_group_num": {"model_type": "albert", "inner_group_num": 10**9},
    "depths": {"model_type": "swin", "embed_dim": 96, "depths": [2, 10**9, 2, 2]},
}  # fmt: skip


@pytest.mark.parametrize("field", ENDLESS)
def test_layers_without_end_are_refused_before_they_are_made(field: str) -> None:
    with pytest.raises(ModelError, match=f"{field}: expected at most 10,000 layers"):
        from_config(ENDLESS[field])


def test_classes_that_the_library_left_out_are_its_own_two() -> None:
    config = {name: value for name, value in VIT.items() if name != "num_labels"}
    assert parameters_by_type(from_config({**config, "transformers_version": "5.24.0"}))["head"] == 2 * 8 + 2


def test_a_window_of_swin_counts_the_zeros_that_complete_the_image() -> None:
    """5 x 5 cells in windows of 3: 2 x 2 windows, so 36 cells are mapped."""
    swin = {
        "model_type": "swin", "embed_dim": 4, "depths": [1], "num_heads": [1], "window_size": 3,
        "patch_size": 2, "image_size": 10,
    }  # fmt: skip
    macs = macs_by_type(from_config(swin), (3, 10, 10))
    assert macs["attention.q"] == 36 * 4 * 4
    assert macs["attention.scores"] == 4 * 9 * 9 * 4
    assert macs["mlp.up"] == 25 * 4 * 16
    assert macs["embedding.patch"] == 25 * 3 * 2 * 2 * 4


def test_clip_compares_each_text_with_each_image_of_the_batch() -> None:
    clip = from_config({"model_type": "clip"})
    for batch in (1, 3):
        macs = macs_by_type(clip, (77,), (3, 224, 224), batch=batch)
        assert macs["similarity"] == batch * batch * 512


def test_either_half_of_clip_may_stand_alone() -> None:
    """Both together hold one value more, the scale of their products."""
    both = parameters_by_type(from_config({"model_type": "clip"}))
    halves = [
        parameters_by_type(from_config({"model_type": f"clip_{half}_model", "architectures": [name]}))
        for half, name in (
            ("text", "CLIPTextModelWithProjection"), ("vision", "CLIPVisionModelWithProjection"),
        )
    ]  # fmt: skip
    assert sum(both.values()) - sum(sum(half.values()) for half in halves) == 1
    bare = parameters_by_type(from_config({"model_type": "clip_text_model"}))
    assert halves[0]["projection"] == 512 * 512
    assert "projection" not in bare


def test_the_stored_waves_of_whisper_are_parameters_that_nobody_trains() -> None:
    """1,500 places of 384 features."""
    whisper = from_config({"model_type": "whisper"})
    parameters = lc.count(whisper, lc.PARAMETERS).total
    assert parameters - trained_parameters(whisper) == 1500 * 384


def test_a_state_is_as_large_however_long_the_text() -> None:
    """Of each of 2 layers 16 channels with 3 states and the last 4 inputs of the convolution."""
    mamba = {"model_type": "mamba", "vocab_size": 50, "hidden_size": 8, "num_hidden_layers": 2}
    model = from_config({**mamba, "state_size": 3})
    for tokens, cached in ((1, 0), (100, 0), (1, 10_000)):
        assert lc.count(model, lc.KV_CACHE, (tokens,), cached=cached).total == 2 * 16 * (3 + 4)


def test_a_step_of_a_decoder_runs_no_encoder_and_makes_no_keys_across() -> None:
    """One token more is kept for each layer, two rows of 8; what was taken from the encoder stays."""
    model = from_config(T5)
    first, step = macs_by_type(model, (6,), (3,)), macs_by_type(model, (6,), (1,), cached=3)
    assert "cross_attention.k" in first
    assert "cross_attention.k" not in step
    assert step["cross_attention.scores"] == 2 * 6 * 8
    assert step["mlp.up"] == 2 * 8 * 16
    kept = [lc.count(model, lc.KV_CACHE, ((6,), (tokens,))).total for tokens in (3, 4)]
    assert kept[0] == 2 * 2 * (6 + 3) * 8
    assert kept[1] - kept[0] == 2 * 2 * 8
    assert lc.count(model, lc.KV_CACHE, ((6,), (1,)), cached=3).total == kept[1]


@pytest.mark.parametrize(("rank", "value"), [("auto", 1), (3, 3)])
def test_the_rank_of_mambas_steps_is_a_number_or_follows_from_the_width(rank: object, value: int) -> None:
    mamba = {"model_type": "mamba", "vocab_size": 50, "hidden_size": 8, "num_hidden_layers": 1}
    model = from_config({**mamba, "time_step_rank": rank, "state_size": 2})
    assert parameters_by_type(model)["ssm.x_proj"] == 16 * (value + 2 * 2)


def test_mamba_refuses_an_inner_width_that_its_class_would_not_read() -> None:
    mamba = {"model_type": "mamba", "vocab_size": 50, "hidden_size": 8, "num_hidden_layers": 1}
    with pytest.raises(ModelError, match="intermediate_size: 24 is not counted here: this class makes it"):
        from_config({**mamba, "intermediate_size": 24})


def test_a_model_of_two_inputs_says_both() -> None:
    for model_type, shapes in {
        "t5": ((512,), (512,)), "bart": ((1024,), (1024,)), "whisper": ((80, 3000), (448,)),
        "clip": ((77,), (3, 224, 224)),
    }.items():  # fmt: skip
        model = from_config({"model_type": model_type})
        assert isinstance(model, ConfiguredModel)
        assert model.input_shape == shapes
        assert lc.table(model, convention="macs").total.macs > 0
