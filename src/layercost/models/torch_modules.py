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


def _norm(kind: str, *names: str) -> Callable[[Any], Layer]:
    """A normalization that may have scales without shifts."""
    return lambda module: getattr(ours, kind)(
        **{name: getattr(module, name) for name in names}, bias=not module.affine or module.bias is not None
    )


def _rms_norm(module: Any) -> Layer:
    return ours.RMSNorm(tuple(module.normalized_shape), module.eps, module.elementwise_affine)


_OF_AXES = ("1d", "2d", "3d")

MODULES: dict[str, Callable[[Any], Layer]] = {
    "Linear": _with_bias("Linear", "in_features", "out_features"),
    **{f"Conv{n}": _with_bias(f"Conv{n}", *_CONVOLUTION) for n in _OF_AXES},
    **{
        f"ConvTranspose{n}": _with_bias(f"ConvTranspose{n}", *_CONVOLUTION, "output_padding")
        for n in _OF_AXES
    },
    **{f"MaxPool{n}": _same_names(f"MaxPool{n}", *_WINDOW, "dilation", "ceil_mode") for n in _OF_AXES},
    **{
        f"AvgPool{n}": _same_names(f"AvgPool{n}", *_WINDOW, "ceil_mode", "count_include_pad")
        for n in _OF_AXES
    },
    **{f"AdaptiveAvgPool{n}": _same_names(f"AdaptiveAvgPool{n}", "output_size") for n in _OF_AXES},
    **{f"AdaptiveMaxPool{n}": _same_names(f"AdaptiveMaxPool{n}", "output_size") for n in _OF_AXES},
    **{f"{kind}{n}": _norm(f"{kind}{n}", *_NORM) for kind in ("BatchNorm", "InstanceNorm") for n in _OF_AXES},
    "LayerNorm": _layer_norm,
    "RMSNorm": _rms_norm,
    "GroupNorm": _norm("GroupNorm", "num_groups", "num_channels", "eps", "affine"),
    "LocalResponseNorm": _same_names("LocalResponseNorm", "size", "alpha", "beta", "k"),
    "LSTM": _same_names("LSTM", *_RECURRENT, "proj_size"),
    "GRU": _same_names("GRU", *_RECURRENT),
    "RNN": _same_names("RNN", *_RECURRENT, "nonlinearity"),
    "Embedding": _same_names("Embedding", "num_embeddings", "embedding_dim"),
    **{
        kind: _plain(kind)
        for kind in (
            "ReLU", "ReLU6", "Sigmoid", "Tanh", "SiLU", "Identity", "Hardswish", "Hardsigmoid", "Mish",
            "SELU", "Softsign", "LogSigmoid",
        )
    },
    "GELU": _same_names("GELU", "approximate"),
    "LeakyReLU": _same_names("LeakyReLU", "negative_slope"),
    "ELU": _same_names("ELU", "alpha"),
    "CELU": _same_names("CELU", "alpha"),
    "Softplus": _same_names("Softplus", "beta", "threshold"),
    "Hardtanh": _same_names("Hardtanh", "min_val", "max_val"),
    "PReLU": _same_names("PReLU", "num_parameters"),
    "PixelShuffle": _same_names("PixelShuffle", "upscale_factor"),
    "PixelUnshuffle": _same_names("PixelUnshuffle", "downscale_factor"),
    **dict.fromkeys(("Dropout", "Dropout1d", "Dropout2d", "Dropout3d"), _same_names("Dropout", "p")),
}  # fmt: skip

# What a module of PyTorch's does is a function of what arrives: the function's name and its arguments.
AS_FUNCTIONS: dict[str, Callable[[Any], tuple[str, dict[str, Any]]]] = {
    "Softmax": lambda module: ("softmax", {"dim": module.dim}),
    "LogSoftmax": lambda module: ("log_softmax", {"dim": module.dim}),
    "GLU": lambda module: ("glu", {"dim": module.dim}),
    "Upsample": lambda module: ("interpolate", {"mode": module.mode, "align_corners": module.align_corners}),
    "ZeroPad2d": lambda _: ("pad", {}),
    "Flatten": lambda _: ("flatten", {}),
    "Unflatten": lambda _: ("unflatten", {}),
}


def _channels(axes: tuple[int, ...], name: str) -> Callable[[Any, Any], bool]:
    return lambda module, x: x.dim() in axes and x.shape[1] == getattr(module, name)


RECURRENT = ("LSTM", "GRU", "RNN")


# Modules that give what has the shape of their input, and whether an input fits them.
KEEPS_SHAPE: dict[str, Callable[[Any, Any], bool]] = {
    "BatchNorm1d": _channels((2, 3), "num_features"),
    "BatchNorm2d": _channels((4,), "num_features"),
    "BatchNorm3d": _channels((5,), "num_features"),
    "GroupNorm": lambda module, x: x.dim() > 1 and x.shape[1] == module.num_channels,
    "LayerNorm": lambda module, x: tuple(x.shape[-len(module.normalized_shape) :]) == module.normalized_shape,
    **dict.fromkeys(
        ("ReLU", "ReLU6", "Sigmoid", "Tanh", "SiLU", "GELU", "LeakyReLU", "Hardswish", "Hardsigmoid", "Mish",
         "ELU", "CELU", "SELU", "Softplus", "Softsign", "Hardtanh", "LogSigmoid", "Dropout",
         "Dropout1d", "Dropout2d", "Dropout3d", "Identity"),
        lambda _, x: x.is_floating_point(),
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
