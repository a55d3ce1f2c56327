"""The skills that questions train: a closed set, each with its words and the chapter that teaches it."""

from __future__ import annotations

from typing import NamedTuple

from layercost.message import Message


class Skill(NamedTuple):
    """What somebody can do, and the page of the course that teaches it."""

    words: Message
    page: str


SKILLS: dict[str, Skill] = {
    # what is asked
    "parameters": Skill(Message("count parameters"), "fully_connected"),
    "macs": Skill(Message("count multiply-accumulates"), "units_and_conventions"),
    "flops": Skill(Message("count FLOPs under a stated convention"), "units_and_conventions"),
    "bytes": Skill(Message("turn values into bytes, MB and MiB"), "units_and_conventions"),
    "activations": Skill(Message("count the values that a layer writes"), "output_size"),
    "output-size": Skill(Message("predict output sizes"), "output_size"),
    "receptive-field": Skill(Message("find receptive fields"), "resnet"),
    "conventions": Skill(Message("tell conventions and tools apart"), "audit_lab"),
    "estimation": Skill(Message("estimate without a calculator"), "units_and_conventions"),
    "comparing": Skill(Message("compare costs without computing them"), "vgg"),
    "design": Skill(Message("choose sizes under a budget"), "googlenet"),
    "auditing": Skill(Message("find the mistake in a published number"), "audit_lab"),
    "stating": Skill(Message("see what a question leaves open"), "units_and_conventions"),
    # of what
    "fully-connected": Skill(Message("fully connected layers"), "fully_connected"),
    "convolution": Skill(Message("convolutions"), "convolution"),
    "grouped-convolution": Skill(Message("grouped and depthwise convolutions"), "convolution"),
    "transposed-convolution": Skill(Message("transposed convolutions"), "convolution"),
    "pooling": Skill(Message("pooling"), "pooling"),
    "normalization": Skill(Message("normalization"), "batch_normalization"),
    "recurrent": Skill(Message("LSTM and GRU"), "lstm"),
    "attention": Skill(Message("attention"), "attention"),
    "transformer-block": Skill(Message("Transformer blocks"), "transformer_block"),
    "gpt2": Skill(Message("GPT-2"), "gpt2"),
    "encoders": Skill(Message("encoders of images and texts"), "vision_and_encoders"),
    "kv-cache": Skill(Message("what is kept of tokens"), "kv_cache"),
    "experts": Skill(Message("mixtures of experts"), "mixture_of_experts"),
    "training": Skill(Message("what training computes and keeps"), "training"),
    "speed": Skill(Message("what a step computes and reads"), "roofline"),
    "language-models": Skill(Message("language models of today"), "audit_lab_two"),
    "activation-functions": Skill(Message("activation functions"), "activations"),
    "lenet": Skill(Message("LeNet-5"), "lenet"),
    "alexnet": Skill(Message("AlexNet"), "alexnet"),
    "vgg": Skill(Message("VGG"), "vgg"),
    "googlenet": Skill(Message("GoogLeNet"), "googlenet"),
    "resnet": Skill(Message("ResNet"), "resnet"),
    "networks": Skill(Message("networks layer by layer"), "lenet"),
}
