"""PyTorch's own modules, one to one: which layer of ours each is, and what of it is settled by its input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from layercost import layers as ours
from layercost.layer import Layer

# Arguments that none of ours has, with the only value that changes nothing.
_OTHERWISE = {"padding_mode": "zeros", "divisor_override": None, "return_indices": False}

_WINDOW = ("kernel_size", "stride", "padding")
_CONVOLUTION = ("in_channels", "out_channels", *_WINDOW, "dilation", "groups")
_NORM = ("num_features", "eps", "momentum", "affine", "track_running_stats")
_RECURRENT = ("input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional")


def _same_names(kind: str, *names: str) -> Callable[[Any], Layer]:
    """A layer whose fields have the names of the module's attributes."""
    return lambda module: getattr(ours, kind)(**{name: getattr(module, name) for name in names})


def _with_bias(kind: str, *names: str) -> Callable[[Any], Layer]:
    """The same, where the module has a bias or has None in its place."""
    return lambda module: getattr(ours, kind)(
        **{name: getattr(module, name) for name in names}, bias=module.bias is not None
    )


def _plain(kind: str) -> Callable[[Any], Layer]:
    """A layer without settings: whether torch computes it in place changes no count."""
    return lambda _: getattr(ours, kind)()


def _layer_norm(module: Any) -> Layer:
    affine = module.elementwise_affine
    return ours.LayerNorm(
        tuple(module.normalized_shape), module.eps, affine, affine and module.bias is not None
    )


MODULES: dict[str, Callable[[Any], Layer]] = {
    "Linear": _with_bias("Linear", "in_features", "out_features"),
    **{kind: _with_bias(kind, *_CONVOLUTION) for kind in ("Conv1d", "Conv2d", "Conv3d")},
    "ConvTranspose2d": _with_bias("ConvTranspose2d", *_CONVOLUTION, "output_padding"),
    "MaxPool2d": _same_names("MaxPool2d", *_WINDOW, "dilation", "ceil_mode"),
    "AvgPool2d": _same_names("AvgPool2d", *_WINDOW, "ceil_mode", "count_include_pad"),
    "AdaptiveAvgPool2d": _same_names("AdaptiveAvgPool2d", "output_size"),
    **{kind: _same_names(kind, *_NORM) for kind in ("BatchNorm1d", "BatchNorm2d")},
    "LayerNorm": _layer_norm,
    "GroupNorm": _same_names("GroupNorm", "num_groups", "num_channels", "eps", "affine"),
    "LocalResponseNorm": _same_names("LocalResponseNorm", "size", "alpha", "beta", "k"),
    "LSTM": _same_names("LSTM", *_RECURRENT, "proj_size"),
    "GRU": _same_names("GRU", *_RECURRENT),
    "RNN": _same_names("RNN", *_RECURRENT, "nonlinearity"),
    "Embedding": _same_names("Embedding", "num_embeddings", "embedding_dim"),
    **{kind: _plain(kind) for kind in ("ReLU", "ReLU6", "Sigmoid", "Tanh", "SiLU", "Identity")},
    "GELU": _same_names("GELU", "approximate"),
    "LeakyReLU": _same_names("LeakyReLU", "negative_slope"),
    "PReLU": _same_names("PReLU", "num_parameters"),
    **dict.fromkeys(("Dropout", "Dropout1d", "Dropout2d", "Dropout3d"), _same_names("Dropout", "p")),
}

# What a module of PyTorch's does is a function of what arrives: the function's name and its arguments.
AS_FUNCTIONS: dict[str, Callable[[Any], tuple[str, dict[str, Any]]]] = {
    "Softmax": lambda module: ("softmax", {"dim": module.dim}),
    "Flatten": lambda module: ("flatten", {}),
    "Unflatten": lambda module: ("unflatten", {}),
}

def _channels(axes: tuple[int, ...], name: str) -> Callable[[Any, Any], bool]:
    return lambda module, x: x.dim() in axes and x.shape[1] == getattr(module, name)


# Modules that give what has the shape of their input, and whether an input fits them.
KEEPS_SHAPE: dict[str, Callable[[Any, Any], bool]] = {
    "BatchNorm1d": _channels((2, 3), "num_features"),
    "BatchNorm2d": _channels((4,), "num_features"),
    "BatchNorm3d": _channels((5,), "num_features"),
    "GroupNorm": lambda module, x: x.dim() > 1 and x.shape[1] == module.num_channels,
    "LayerNorm": lambda module, x: tuple(x.shape[-len(module.normalized_shape) :]) == module.normalized_shape,
    **dict.fromkeys(
        ("ReLU", "ReLU6", "Sigmoid", "Tanh", "SiLU", "GELU", "LeakyReLU", "Hardswish", "Hardsigmoid", "Mish",
         "ELU", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "Identity"),
        lambda module, x: x.is_floating_point(),
    ),
}  # fmt: skip


def known_kind(torch: Any, module: Any) -> str | None:
    """The name under which a module is known here, if it runs as PyTorch's own of that name does."""
    if hasattr(module, "parametrizations"):  # its weights are computed: torch.nn.utils.parametrize
        return None
    for kind in type(module).__mro__:
        name = kind.__name__
        if (name in MODULES or name in AS_FUNCTIONS) and kind is getattr(torch.nn, name, None):
            same = type(module).forward is kind.forward
            plain = all(getattr(module, field, usual) == usual for field, usual in _OTHERWISE.items())
            return name if same and plain else None
    return None
