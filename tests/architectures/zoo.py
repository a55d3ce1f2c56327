"""Models of torchvision, timm and transformers that nobody here wrote, built without weights.

``python -m tests.architectures.zoo`` reads them all and writes ``outcomes.json``: what torch says of each,
what we say, and how it went. Names on the command line read these alone and print them.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
COMPARED = ROOT / ".nox" / "compared"  # packages that only these tests need
OUTCOMES = Path(__file__).with_name("outcomes.json")

EXACT, AT_LEAST, REFUSED = "exact", "at least", "refused"


class Architecture(NamedTuple):
    """A model by the name of its package and its own: how it is built, and on which input."""

    package: str
    name: str

    def __str__(self) -> str:
        return f"{self.package}:{self.name}"


class Outcome(NamedTuple):
    """What torch and we say of an architecture, in parameters and multiply-accumulates of one sample.

    `how` is exact, at least, refused, or what is wrong; `why` names what is missing, or the refusal.
    """

    architecture: str
    input: tuple[int, ...]
    parameters: int | None
    macs: int | None
    our_parameters: int | None
    our_macs: int | None
    how: str
    why: str = ""


def packages() -> None:
    """Make the packages of these tests importable, behind all others."""
    if COMPARED.is_dir() and str(COMPARED) not in sys.path:
        sys.path.append(str(COMPARED))


@cache
def torchvision() -> ModuleType:
    """The package; its wheel registers operators that a plain build of torch lacks."""
    import torch

    register = torch.library.register_fake

    def register_fake(name: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(name, str) and name.startswith("torchvision::"):
            return lambda function: function
        return register(name, *args, **kwargs)

    packages()
    torch.library.register_fake = register_fake  # type: ignore[assignment]
    try:
        import torchvision as found
    finally:
        torch.library.register_fake = register  # type: ignore[assignment]
    return found


def architectures() -> list[Architecture]:
    """The architectures in `outcomes.json`, in its order."""
    names = [one["architecture"] for one in json.loads(OUTCOMES.read_text(encoding="utf-8"))]
    return [Architecture(*name.split(":", 1)) for name in names]


def chosen() -> Iterator[Architecture]:
    """One or two of each family of timm, all of torchvision, and some of transformers."""
    vision = torchvision()
    import timm

    for name in vision.models.list_models():
        if not name.startswith("quantized_"):
            yield Architecture("torchvision", name)
    for module in timm.list_modules():
        names = timm.list_models(module=module)
        yield from (Architecture("timm", names[place]) for place in _places(len(names)))
    yield from (Architecture("transformers", name) for name in TRANSFORMERS)


def _places(names: int) -> tuple[int, ...]:
    return (0, names // 2) if names > 6 else (0,)[:names]


# ---- building ------------------------------------------------------------------------------------

_SMALL = {
    "vocab_size": 1000, "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "intermediate_size": 128,
}  # fmt: skip
_IMAGES = {key: value for key, value in _SMALL.items() if key != "vocab_size"}

# Class, configuration, its settings, input.
TRANSFORMERS: dict[str, tuple[str, str, dict[str, Any], tuple[int, ...]]] = {
    "bert": ("BertModel", "BertConfig", _SMALL, (16,)),
    "bert-mlm": ("BertForMaskedLM", "BertConfig", _SMALL, (16,)),
    "gpt2": (
        "GPT2LMHeadModel", "GPT2Config",
        {"vocab_size": 1000, "n_embd": 64, "n_layer": 2, "n_head": 4, "bos_token_id": 0, "eos_token_id": 0},
        (16,),
    ),
    "vit": (
        "ViTForImageClassification", "ViTConfig", {**_IMAGES, "image_size": 32, "patch_size": 8}, (3, 32, 32),
    ),
    "resnet": (
        "ResNetForImageClassification", "ResNetConfig",
        {"embedding_size": 8, "hidden_sizes": [8, 16, 32, 64], "depths": [1, 1, 1, 1]}, (3, 64, 64),
    ),
    "distilbert": (
        "DistilBertModel", "DistilBertConfig",
        {"vocab_size": 1000, "dim": 64, "n_layers": 2, "n_heads": 4, "hidden_dim": 128}, (16,),
    ),
    "albert": ("AlbertModel", "AlbertConfig", {**_SMALL, "embedding_size": 32}, (16,)),
    "llama": ("LlamaForCausalLM", "LlamaConfig", {**_SMALL, "num_key_value_heads": 2}, (16,)),
}  # fmt: skip

_IMAGE = (3, 224, 224)
_CLIP = (3, 16, 224, 224)
_INPUTS = {
    "inception_v3": (3, 299, 299),
    **dict.fromkeys(("mvit_v1_b", "mvit_v2_s", "r3d_18", "mc3_18", "r2plus1d_18", "s3d"), _CLIP),
    **dict.fromkeys(("swin3d_t", "swin3d_s", "swin3d_b"), _CLIP),
}


def built(architecture: Architecture) -> tuple[Any, tuple[int, ...]]:
    """The model, on the meta device where it builds there, and its usual input without the batch."""
    import torch

    torchvision()
    try:
        with torch.device("meta"):
            model, size = _BUILDERS[architecture.package](architecture.name)
    except Exception:
        return with_weights(architecture)
    return model.eval(), size


def with_weights(architecture: Architecture) -> tuple[Any, tuple[int, ...]]:
    """The model with numbers for weights, which tools that run it need, and its input."""
    torchvision()
    model, size = _BUILDERS[architecture.package](architecture.name)
    return model.eval(), size


def _torchvision(name: str) -> tuple[Any, tuple[int, ...]]:
    settings: dict[str, Any] = {"weights": None}
    if name in ("googlenet", "inception_v3"):
        settings["init_weights"] = False
    if "backbone" in _signature(name):
        settings["weights_backbone"] = None
    return torchvision().models.get_model(name, **settings), _INPUTS.get(name, _IMAGE)


def _signature(name: str) -> str:
    import inspect

    return str(inspect.signature(torchvision().models.get_model_builder(name)))


def _timm(name: str) -> tuple[Any, tuple[int, ...]]:
    import timm

    model = timm.create_model(name, pretrained=False)
    return model, tuple(model.pretrained_cfg["input_size"])


def _transformers(name: str) -> tuple[Any, tuple[int, ...]]:
    packages()
    import transformers

    model, configuration, settings, size = TRANSFORMERS[name]
    return getattr(transformers, model)(getattr(transformers, configuration)(**settings)), size


_BUILDERS = {"torchvision": _torchvision, "timm": _timm, "transformers": _transformers}


# ---- what torch says, and what we say ------------------------------------------------------------


def torchs(model: Any, size: tuple[int, ...]) -> tuple[int, int]:
    """Parameters, and half of what torch's FlopCounterMode counts for one sample on the meta device."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from layercost.models.from_torch import on_meta

    module = on_meta(torch, model)
    parameters = sum(one.numel() for one in module.parameters())
    kind = torch.long if len(size) == 1 else torch.float32
    values = torch.empty((1, *size), dtype=kind, device="meta")
    for mode in (torch.no_grad, torch.enable_grad):  # some models stop its module tracker without gradients
        try:
            with FlopCounterMode(display=False) as counter, mode():
                module(values)
        except AssertionError:
            continue
        return parameters, counter.get_total_flops() // 2
    raise AssertionError("FlopCounterMode reads it neither with gradients nor without")


def outcome(architecture: Architecture) -> Outcome:
    """Read one architecture, and say how it went."""
    import layercost as lc
    from layercost.models import ModelError, Unknown, Unplaced

    model, size = built(architecture)
    try:
        parameters, macs = torchs(model, size)
    except Exception:
        parameters, macs = sum(one.numel() for one in model.parameters()), None  # type: ignore[assignment]
    measured = (str(architecture), size, parameters, macs)
    try:
        tree = lc.from_torch(model, size)
    except (ModelError, lc.ShapeError) as error:
        return Outcome(*measured, None, None, REFUSED, str(error).partition(";")[0])
    counted = lc.count(tree, lc.MACS, size)
    ours = lc.count(tree, lc.PARAMETERS).total, counted.total
    missing = Counter(
        getattr(leaf, "what", type(leaf).__name__)
        for _, leaf in tree.leaves()
        if isinstance(leaf, (Unknown, Unplaced))
    )
    if missing:
        how = AT_LEAST if ours[0] == parameters and (macs is None or ours[1] <= macs) else "wrong"
        return Outcome(*measured, *ours, how, ", ".join(f"{many} × {what}" for what, many in missing.items()))
    if macs is None:
        return Outcome(*measured, *ours, "not compared", "FlopCounterMode does not run it")
    return Outcome(*measured, *ours, EXACT if ours == (parameters, macs) else "wrong")


def main(names: list[str]) -> None:
    """Read the named architectures, or all of them; write what came out."""
    found = []
    every = [Architecture(*name.split(":", 1)) for name in names] or list(chosen())
    for place, one in enumerate(every, start=1):
        try:
            found.append(outcome(one))
        except Exception as error:
            print(f"{place}/{len(every)} {one}: does not build: {type(error).__name__}: {error}"[:200])
            continue
        print(f"{place}/{len(every)} {one}: {found[-1].how} {found[-1].why}"[:200], flush=True)
    print(dict(Counter(one.how for one in found)))
    if not names:
        rows = [json.dumps(one._asdict(), ensure_ascii=False) for one in found]
        OUTCOMES.write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
