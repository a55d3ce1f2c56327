"""Keras models turned into our tree; weights are not read, and our shapes have the channels first.

Extra: ``keras``. Any backend does; building a model needs no TensorFlow. Sequential and functional models say
what reads what; a model with a ``call`` of its own does not, and is refused.
"""

# ruff: noqa: ARG001 - what makes a layer is given Keras's and the shape that it reads, needed or not

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from layercost import layers as ours
from layercost.facts import Held
from layercost.layer import Layer, LayerError
from layercost.models.leaves import Rearranged, Unknown
from layercost.layers.model import Model
from layercost.models.tree import ModelError, Step, Steps, model, needed, shape_after
from layercost.shape import TF_SAME, Shape, ShapeError, shape_of

Sizes = tuple[int, ...]


def from_keras(keras_model: Any) -> Model:
    """The tree of a built ``keras.Sequential`` or functional ``keras.Model``, at inference.

    What is not known becomes `Unknown`. Raises ModelError for a model that is not built, leaves its input
    open, has several inputs or outputs, or has a ``call`` of its own.
    """
    keras = needed("keras", "from_keras", '"layercost[keras]"')
    if not isinstance(keras_model, keras.Model):
        raise ModelError(f"from_keras takes a keras.Model, but got {type(keras_model).__name__}")
    return _Reading(keras, keras_model).model()


class _NotOurs(Exception):
    """A layer with settings that none of ours has."""


def _must(holds: bool) -> None:
    if not holds:
        raise _NotOurs


# ---- layers --------------------------------------------------------------------------------------


def _placing(layer: Any) -> dict[str, Any]:
    """Padding as Keras names it."""
    _must(layer.padding in ("same", "valid"))
    return {"rule": TF_SAME} if layer.padding == "same" else {}


def _conv(kind: type[Layer]) -> Callable[[Any, Shape], Layer]:
    def build(layer: Any, shape: Shape) -> Layer:
        channels = int(shape[0])
        return kind(  # type: ignore[call-arg]
            channels, layer.filters, tuple(layer.kernel_size), stride=tuple(layer.strides),
            dilation=tuple(layer.dilation_rate), groups=layer.groups, bias=layer.use_bias, **_placing(layer),
        )  # fmt: skip

    return build


def _depthwise(layer: Any, shape: Shape, *, bias: bool | None = None) -> Layer:
    channels = int(shape[0])
    return ours.Conv2d(
        channels, channels * layer.depth_multiplier, tuple(layer.kernel_size), stride=tuple(layer.strides),
        dilation=tuple(layer.dilation_rate), groups=channels, bias=layer.use_bias if bias is None else bias,
        **_placing(layer),
    )  # fmt: skip


def _separable(layer: Any, shape: Shape) -> Layer:
    inner = int(shape[0]) * layer.depth_multiplier
    point = ours.Conv2d(inner, layer.filters, 1, bias=layer.use_bias)
    return ours.Sequential({"depthwise": _depthwise(layer, shape, bias=False), "pointwise": point})


def _transposed(layer: Any, shape: Shape) -> Layer:
    """Keras's output sizes, n s or n s + max(k - s, 0), by padding and output_padding."""
    _must(layer.output_padding is None and layer.padding in ("same", "valid"))
    spans = [d * (k - 1) + 1 for k, d in zip(layer.kernel_size, layer.dilation_rate, strict=True)]
    over = [span - s for span, s in zip(spans, layer.strides, strict=True)]
    padding = [max(0, -(-more // 2)) if layer.padding == "same" else 0 for more in over]
    wanted = [more if layer.padding == "same" else min(more, 0) for more in over]
    extra = [2 * p - more for p, more in zip(padding, wanted, strict=True)]
    return ours.ConvTranspose2d(
        int(shape[0]), layer.filters, tuple(layer.kernel_size), tuple(layer.strides), tuple(padding),
        tuple(extra), bias=layer.use_bias, dilation=tuple(layer.dilation_rate),
    )  # fmt: skip


def _max_pool(layer: Any, shape: Shape) -> Layer:
    return ours.MaxPool2d(tuple(layer.pool_size), tuple(layer.strides), **_placing(layer))


def _avg_pool(layer: Any, shape: Shape) -> Layer:
    return ours.AvgPool2d(
        tuple(layer.pool_size), tuple(layer.strides), count_include_pad=False, **_placing(layer)
    )


def _global_avg_pool(layer: Any, shape: Shape) -> Layer:
    pool = ours.AdaptiveAvgPool2d(1)
    return pool if layer.keepdims else ours.Sequential({"pool": pool, "flatten": ours.Flatten()})


def _dense(layer: Any, shape: Shape) -> Layer:
    _must(len(shape) < 3)
    return ours.Linear(int(shape[-1]), layer.units, bias=layer.use_bias)


def _batch_norm(layer: Any, shape: Shape) -> Layer:
    _must(layer.scale == layer.center)
    kind = ours.BatchNorm2d if len(shape) == 3 else ours.BatchNorm1d
    return kind(int(shape[0]), layer.epsilon, round(1 - layer.momentum, 9), affine=layer.scale)


def _layer_norm(layer: Any, shape: Shape) -> Layer:
    _must(len(shape) < 3 and layer.axis in (-1, len(shape), [-1], [len(shape)]) and layer.scale)
    return ours.LayerNorm(int(shape[-1]), layer.epsilon, bias=layer.center)


def _group_norm(layer: Any, shape: Shape) -> Layer:
    _must(layer.scale and layer.center)
    return ours.GroupNorm(layer.groups, int(shape[0]), layer.epsilon)


def _recurrent(layer: Any, shape: Shape) -> Layer:
    kind = type(layer).__name__
    _must(layer.activation.__name__ in (("tanh", "relu") if kind == "SimpleRNN" else ("tanh",)))
    settings: dict[str, Any] = {"bias": layer.use_bias, "return_sequences": layer.return_sequences}
    _must(not layer.go_backwards and not layer.return_state)
    if kind == "SimpleRNN":
        nonlinearity = layer.activation.__name__
        return ours.RNN(int(shape[-1]), layer.units, bias_vectors=1, nonlinearity=nonlinearity, **settings)
    _must(layer.recurrent_activation.__name__ == "sigmoid")
    if kind == "LSTM":
        return ours.LSTM(int(shape[-1]), layer.units, bias_vectors=1, **settings)
    after = bool(layer.reset_after)
    return ours.GRU(int(shape[-1]), layer.units, bias_vectors=1 + after, reset_after=after, **settings)


def _bidirectional(layer: Any, shape: Shape) -> Layer:
    from dataclasses import replace

    _must(layer.merge_mode == "concat" and type(layer.forward_layer).__name__ in ("LSTM", "GRU", "SimpleRNN"))
    return replace(_recurrent(layer.forward_layer, shape), bidirectional=True)  # type: ignore[call-arg]


def _relu(layer: Any, shape: Shape) -> Layer:
    _must(not layer.threshold)
    if layer.max_value is None:
        return ours.LeakyReLU(layer.negative_slope) if layer.negative_slope else ours.ReLU()
    _must(layer.max_value == 6 and not layer.negative_slope)
    return ours.ReLU6()


def _prelu(layer: Any, shape: Shape) -> Layer:
    return ours.PReLU(prod(layer.alpha.shape))


def _softmax(layer: Any, shape: Shape) -> Layer:
    _must(layer.axis in (-1, [-1]))
    return _ACTIVATIONS["softmax"](shape)


def _plain(kind: type[Layer]) -> Callable[..., Layer]:
    """A layer without settings."""
    return lambda *_: kind()


_ACTIVATIONS: dict[str, Callable[[Shape], Layer]] = {
    "relu": _plain(ours.ReLU),
    "relu6": _plain(ours.ReLU6),
    "sigmoid": _plain(ours.Sigmoid),
    "tanh": _plain(ours.Tanh),
    "silu": _plain(ours.SiLU),
    "gelu": _plain(ours.GELU),
    "leaky_relu": lambda _: ours.LeakyReLU(0.2),
    "softmax": lambda shape: ours.Softmax(
        -3 if len(shape) == 3 else -1
    ),  # over the channels, or the features
}
_LAYERS: dict[str, Callable[[Any, Shape], Layer]] = {
    "Dense": _dense,
    "Conv1D": _conv(ours.Conv1d),
    "Conv2D": _conv(ours.Conv2d),
    "Conv3D": _conv(ours.Conv3d),
    "DepthwiseConv2D": _depthwise,
    "SeparableConv2D": _separable,
    "Conv2DTranspose": _transposed,
    "MaxPooling2D": _max_pool,
    "AveragePooling2D": _avg_pool,
    "GlobalAveragePooling2D": _global_avg_pool,
    "BatchNormalization": _batch_norm,
    "LayerNormalization": _layer_norm,
    "GroupNormalization": _group_norm,
    "LSTM": _recurrent,
    "GRU": _recurrent,
    "SimpleRNN": _recurrent,
    "Bidirectional": _bidirectional,
    "Embedding": lambda layer, _: ours.Embedding(layer.input_dim, layer.output_dim),
    "ReLU": _relu,
    "LeakyReLU": lambda layer, _: ours.LeakyReLU(layer.negative_slope),
    "PReLU": _prelu,
    "Softmax": _softmax,
    "Activation": _plain(ours.Identity),  # what it is follows, as for every layer with an activation
    "Flatten": _plain(ours.Flatten),
    "Identity": _plain(ours.Identity),
    **dict.fromkeys(
        ("Dropout", "SpatialDropout1D", "SpatialDropout2D"), lambda layer, _: ours.Dropout(layer.rate)
    ),
}
_WITH_ACTIVATION = frozenset({
    "Dense", "Conv1D", "Conv2D", "Conv3D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose",
    "Activation",
})  # fmt: skip
_STEPS_OF_CHANNELS = frozenset(
    {"Conv1D", "BatchNormalization", "GroupNormalization"}
)  # take (L, C), ours (C, L)
_MOVING = frozenset({
    "Reshape", "Permute", "RepeatVector", "ZeroPadding1D", "ZeroPadding2D", "Cropping1D", "Cropping2D",
    "UpSampling1D", "UpSampling2D",
})  # fmt: skip


class _Reading:
    """One model as it is read: the value of each of its tensors, and the layers found so far."""

    def __init__(self, keras: Any, keras_model: Any) -> None:
        self.keras, self.original = keras, keras_model
        self.nodes: Steps = {}
        self.values: dict[int, str] = {}  # a tensor of Keras's: the value of ours
        self.shapes: dict[str, Shape] = {}
        self.layers: dict[int, Layer] = {}
        self.channels_first = _channels_first(keras_model)

    def model(self) -> Model:
        functional = self._functional(self.original)
        (given,), (output,) = functional.inputs, functional.outputs
        sizes = self._sizes(given)
        self.values[id(given)], self.shapes[""] = "", shape_of(sizes, "from_keras")
        self._read_all(functional, ())
        name = str(self.original.name)
        return model(
            self.nodes, self.values[id(output)], name=name, source=f"keras.Model {name}", input_shape=sizes
        )

    def _functional(self, found: Any) -> Any:
        """The functional model behind a model, of one input and one output."""
        name = f"the Keras model {found.name}"
        if isinstance(found, self.keras.Sequential):
            if not found.built:
                raise ModelError(
                    f"{name} is not built; begin it with keras.Input(shape), or call model.build"
                )
            found = found._functional  # noqa: SLF001 - where Keras keeps what a Sequential is made of
        if not isinstance(found, self.keras.src.models.functional.Functional):
            raise ModelError(
                f"{name} has a call() of its own, which does not say what reads what; "
                "write it as a functional model"
            )
        if len(found.inputs) != 1 or len(found.outputs) != 1:
            raise ModelError(
                f"{name} has {len(found.inputs)} inputs and {len(found.outputs)} outputs; "
                "expected one of each"
            )
        return found

    # ---- shapes

    def _sizes(self, tensor: Any) -> Sizes:
        """A tensor's shape without the batch, with the channels first."""
        sizes = tuple(tensor.shape[1:])
        if any(size is None for size in sizes):
            raise ModelError(
                f"the Keras model {self.original.name} leaves sizes of {tensor.name} open: {sizes}; "
                "build it on an input of known shape, as keras.Input((224, 224, 3))"
            )
        moves = len(sizes) in (3, 4) and not self.channels_first
        return (int(sizes[-1]), *map(int, sizes[:-1])) if moves else tuple(map(int, sizes))

    # ---- one call after the other

    def _read_all(self, functional: Any, path: tuple[str, ...]) -> None:
        by_depth = functional._nodes_by_depth  # noqa: SLF001 - the order in which Keras itself runs them
        for depth in sorted(by_depth, reverse=True):
            for node in by_depth[depth]:
                if not node.is_input:
                    self._read(node, path)

    def _read(self, node: Any, path: tuple[str, ...]) -> None:
        layer = node.operation
        inputs = tuple(self.values[id(one)] for one in node.input_tensors)
        name = (*path, str(layer.name).replace(".", "_"))
        if isinstance(layer, self.keras.Model):
            self._read_inner(layer, node, inputs, name)
            return
        output = node.outputs[0]
        sizes = self._sizes(output)
        found, shape = self._checked(layer, inputs, sizes)
        key = f"{len(self.nodes)} {layer.name}"
        self.nodes[key] = Step(name, found, inputs)
        self.shapes[key] = shape
        for one in node.outputs:
            self.values[id(one)] = key

    def _read_inner(self, inner: Any, node: Any, inputs: tuple[str, ...], name: tuple[str, ...]) -> None:
        """A model that is called as a layer: its calls, on what it is called with."""
        functional = self._functional(inner)
        self.values[id(functional.inputs[0])] = inputs[0]
        self._read_all(functional, name)
        self.values[id(node.outputs[0])] = self.values[id(functional.outputs[0])]

    def _checked(self, layer: Any, inputs: tuple[str, ...], sizes: Sizes) -> tuple[Layer, Shape]:
        """Our layer, if it gives the shape that Keras has; else an unknown one."""
        shapes = [self.shapes[key] for key in inputs]
        try:
            found = self._once(layer, lambda: self._layer(layer, shapes, sizes))
            shape = shape_after(found, [(one, False) for one in shapes])
        except (_NotOurs, LayerError, ShapeError, TypeError, AttributeError):
            shape = None
        if shape is None or tuple(shape) != sizes:
            found = self.layers[id(layer)] = _unknown(layer, shapes, sizes)
            shape = shape_of(sizes, "from_keras")
        return found, shape

    def _once(self, layer: Any, build: Callable[[], Layer]) -> Layer:
        """A layer that is called twice is one layer."""
        if id(layer) not in self.layers:
            self.layers[id(layer)] = build()
        return self.layers[id(layer)]

    def _layer(self, layer: Any, shapes: list[Shape], sizes: Sizes) -> Layer:
        kind = type(layer).__name__
        _must(type(layer) is getattr(self.keras.layers, kind, None))
        if kind == "Add":
            return ours.Add(len(shapes))
        if kind == "Concatenate":
            return ours.Concatenate(len(shapes), shapes[0].axes[self._place(layer.axis, shapes[0])])
        _must(len(shapes) == 1)
        if kind in _MOVING:
            return _moved(kind, shapes[0], sizes)
        _must(kind in _LAYERS)
        if kind in _STEPS_OF_CHANNELS and len(shapes[0]) == 2 and not self.channels_first:
            found = _turned(lambda shape: _LAYERS[kind](layer, shape), shapes[0])
        else:
            found = _LAYERS[kind](layer, shapes[0])
        return self._activated(layer, found, shapes[0])

    def _place(self, axis: int, shape: Shape) -> int:
        """The place in our shape of an axis of Keras's, which counts the batch."""
        place = axis - 1 if axis > 0 else axis + len(shape)
        _must(axis != 0 and place >= 0)
        if len(shape) in (3, 4) and not self.channels_first:
            return (place + 1) % len(shape)
        return place

    def _activated(self, layer: Any, found: Layer, shape: Shape) -> Layer:
        """A layer and the activation that stands in it."""
        kind = type(layer).__name__
        name = layer.activation.__name__ if kind in _WITH_ACTIVATION else "linear"
        if name == "linear":
            return found
        _must(name in _ACTIVATIONS)
        activation = _ACTIVATIONS[name](found.output_shape(shape))
        return activation if kind == "Activation" else ours.Sequential({"layer": found, name: activation})


def _turned(build: Callable[[Shape], Layer], shape: Shape) -> Layer:
    """A layer of ours that has channels before steps, between two turns."""
    steps, channels = map(int, shape)
    first = Rearranged("Permute", ((steps, channels),), (channels, steps))
    layer = build(shape_of((channels, steps), "from_keras"))
    turned = tuple(map(int, layer.output_shape((channels, steps))))
    last = Rearranged("Permute", (turned,), turned[::-1])
    return ours.Sequential({"channels_first": first, "layer": layer, "channels_last": last})


def _moved(kind: str, before: Shape, sizes: Sizes) -> Layer:
    if kind == "Reshape" and sizes == (prod(map(int, before)),):
        return ours.Flatten()
    return Rearranged(kind, (tuple(map(int, before)),), sizes)


def _unknown(layer: Any, shapes: list[Shape], sizes: Sizes) -> Unknown:
    """A layer that we do not know, with all that it holds."""
    held, stored = (
        tuple(Held(one.name, prod(one.shape)) for one in weights)
        for weights in (getattr(layer, "trainable_weights", ()), getattr(layer, "non_trainable_weights", ()))
    )
    taken = tuple(tuple(map(int, shape)) for shape in shapes)
    return Unknown(type(layer).__name__, taken, sizes, held, stored)


def _channels_first(keras_model: Any) -> bool:
    """Whether images have their channels first; raises ModelError where it is this way and that."""
    layers = keras_model._flatten_layers()  # noqa: SLF001 - all layers, those of inner models too
    found = {getattr(layer, "data_format", None) for layer in layers} - {None}
    if len(found) > 1:
        raise ModelError(f"the Keras model {keras_model.name} mixes channels_first and channels_last")
    return found == {"channels_first"}
