"""The registry of families: how the fields of a configuration become layers, by ``model_type``.

To add a family, write a module beside this one and import it in ``families/__init__.py``::

    @family("gpt2", config="GPT2Config", model="GPT2LMHeadModel")
    def gpt2(fields: Fields, asked: Asked) -> Built:
        width = fields.size("n_embd", "hidden_size", default=768)
        ...
        return Built({"embedding": ..., "layers": ..., "norm": ..., "head": ...}, text_input(...))

Read every field that changes a count through `Fields`: it notes each default and refuses what cannot be.
Refuse by name (`Fields.only`, `Fields.refuse`) what would change a count and is not supported; leave alone
what changes none. `blocks` has what families share: blocks of layers, heads, tied heads, copies. The paths of
the layers are the model's table, and `layercost.by_type` reads types of parameters off them, so call an
embedding ``embedding.token``, a head ``head``, and give blocks numbers, as ``layers.0``. A family of several
classes asks `heads.architecture` which one the file names; `beside` puts a decoder beside an encoder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from layercost.layer import Layer
from layercost.models.families.fields import Fields

Sizes: TypeAlias = tuple[int, ...]
Modules: TypeAlias = Mapping[str, tuple[str, ...]]
# All maps of a block, where the first three are one matrix in the model's code.
FUSED: Modules = {"all-linear": ("q+k+v", "o", "up", "down")}
LOGITS = ("all", "last")
USUAL_TOKENS = 1024


class Asked(NamedTuple):
    """What is asked of a model beside its configuration: `logits` of every position, or of the last."""

    logits: str = "all"
    size: tuple[int, int] | None = None  # of an image, height and width; None: the configuration's own


class Built(NamedTuple):
    """The layers of a model in their order, and the usual shape of its input (of several, one each).

    `architecture` is the class that was counted, where the family has several.
    """

    layers: dict[str, Layer]
    input_shape: Sizes | tuple[Sizes, ...]
    architecture: str = ""


class Family(NamedTuple):
    """A kind of model: its ``model_type``, the class of its configuration and of the model, its builder.

    `modules` are names in the model's code that mean other parts here than in most families.
    """

    model_type: str
    config: str
    model: str
    build: Callable[[Fields, Asked], Built]
    modules: Modules = {}


FAMILIES: dict[str, Family] = {}

Builder: TypeAlias = Callable[[Fields, Asked], Built]


def family(
    model_type: str, *, config: str, model: str, modules: Modules | None = None
) -> Callable[[Builder], Builder]:
    """Register a builder for a ``model_type``; one builder may be registered for several."""

    def registered(build: Builder) -> Builder:
        FAMILIES[model_type] = Family(model_type, config, model, build, modules or {})
        return build

    return registered


def text_input(positions: int | None = None) -> Sizes:
    """The usual input of a language model: 1,024 tokens, or as many as it has positions for."""
    return (USUAL_TOKENS if positions is None else min(USUAL_TOKENS, positions),)
