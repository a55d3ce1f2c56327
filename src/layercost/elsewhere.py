"""What layers are called elsewhere: Keras's Dense, ONNX's Gemm, PyTorch's layers that are not here.

Names alone, for messages; `from_torch`, `from_keras` and `from_onnx` read the layers themselves.
"""

from __future__ import annotations

from collections.abc import Iterable

from layercost.convention import unknown
from layercost.shape import shown

_LINEAR = "Linear(in_features, out_features)"
_CONV = "Conv2d(in_channels, out_channels, kernel_size)"
_POOL_ALL = "AdaptiveAvgPool2d(1)"

# What is here under another name: where it comes from, and how it is written here.
OURS: dict[str, tuple[str, str]] = {
    "Dense": ("Keras and Flax", _LINEAR),
    "Gemm": ("ONNX", _LINEAR),
    "FullyConnected": ("older frameworks", _LINEAR),
    "InnerProduct": ("Caffe", _LINEAR),
    "Conv1D": ("Keras", "Conv1d(in_channels, out_channels, kernel_size)"),
    "Conv2D": ("Keras", _CONV),
    "Conv3D": ("Keras", "Conv3d(in_channels, out_channels, kernel_size)"),
    "Conv": ("ONNX and Flax", f"{_CONV}, or Conv1d, or Conv3d"),
    "Convolution": ("Caffe", _CONV),
    "DepthwiseConv2D": ("Keras", "Conv2d(channels, channels, kernel_size, groups=channels)"),
    "SeparableConv2D": (
        "Keras",
        "Sequential(Conv2d(channels, channels, kernel_size, groups=channels), Conv2d(channels, filters, 1))",
    ),
    "Conv2DTranspose": ("Keras", "ConvTranspose2d(in_channels, out_channels, kernel_size)"),
    "ConvTranspose": ("ONNX and Flax", "ConvTranspose2d(in_channels, out_channels, kernel_size)"),
    "MaxPooling2D": ("Keras", "MaxPool2d(kernel_size)"),
    "MaxPool": ("ONNX", "MaxPool2d(kernel_size)"),
    "MaxPooling1D": ("Keras", "MaxPool1d(kernel_size)"),
    "AveragePooling2D": ("Keras", "AvgPool2d(kernel_size)"),
    "AveragePool": ("ONNX", "AvgPool2d(kernel_size)"),
    "GlobalAveragePooling2D": ("Keras", _POOL_ALL),
    "GlobalMaxPooling2D": ("Keras", "AdaptiveMaxPool2d(1)"),
    "GlobalMaxPool": ("ONNX", "AdaptiveMaxPool2d(1)"),
    "InstanceNormalization": ("ONNX", "InstanceNorm2d(num_features, affine=True)"),
    "UpSampling2D": ("Keras", "Upsample(scale_factor=2)"),
    "GlobalAveragePool": ("ONNX", _POOL_ALL),
    "BatchNormalization": ("Keras and ONNX", "BatchNorm2d(num_features), or BatchNorm1d"),
    "BatchNorm": ("Flax", "BatchNorm2d(num_features), or BatchNorm1d"),
    "SyncBatchNorm": ("PyTorch", "BatchNorm2d(num_features)"),
    "LayerNormalization": ("Keras and ONNX", "LayerNorm(normalized_shape)"),
    "GroupNormalization": ("Keras and ONNX", "GroupNorm(num_groups, num_channels)"),
    "LRN": ("ONNX and Caffe", "LocalResponseNorm(size)"),
    "SimpleRNN": ("Keras", "RNN(input_size, hidden_size)"),
    "Bidirectional": ("Keras", "LSTM(input_size, hidden_size, bidirectional=True), or GRU, or RNN"),
    "Embed": ("Flax", "Embedding(num_embeddings, embedding_dim)"),
    "Relu": ("ONNX", "ReLU()"),
    "LeakyRelu": ("ONNX", "LeakyReLU()"),
    "Gelu": ("ONNX", "GELU()"),
    "Swish": ("TensorFlow", "SiLU()"),
    "Activation": ("Keras", "ReLU(), Sigmoid(), Tanh() and others, each a layer"),
    "Dropout2d": ("PyTorch", "Dropout(p)"),
    "SpatialDropout2D": ("Keras", "Dropout(p)"),
    "Concat": ("ONNX and Caffe", "Concatenate(branches)"),
    "Sum": ("ONNX", "Add(branches)"),
    "Mul": ("ONNX", "Multiply(branches)"),
    "ZeroPadding2D": ("Keras", "ZeroPad2d(padding), or the argument padding of the layer that follows"),
    "ModuleList": ("PyTorch", "Sequential(...)"),
    "LazyLinear": ("PyTorch", f"{_LINEAR} with the features that arrive"),
    "LazyConv2d": ("PyTorch", f"{_CONV} with the channels that arrive"),
    "LazyBatchNorm2d": ("PyTorch", "BatchNorm2d(num_features) with the channels that arrive"),
}

NOT_DESCRIBED: dict[str, tuple[str, ...]] = {
    "PyTorch": (
        "Bilinear", "EmbeddingBag", "Fold", "GRUCell", "LSTMCell", "MultiheadAttention", "RNNCell",
        "ReflectionPad2d", "Transformer", "TransformerDecoder", "TransformerDecoderLayer",
        "TransformerEncoder", "TransformerEncoderLayer", "Unfold",
    ),
    "Keras": ("Attention", "MultiHeadAttention", "Reshape", "SeparableConv1D", "TimeDistributed"),
    "ONNX": ("Attention", "Resize", "Reshape", "Transpose"),
    "Flax": ("MultiHeadDotProductAttention",),
}  # fmt: skip

_READERS = {"PyTorch": "from_torch", "Keras": "from_keras", "ONNX": "from_onnx"}


def unknown_layer(name: str, known: Iterable[str]) -> str:
    """The message for a layer that is not here: its name here, or what to do, or the nearest names."""
    if name in OURS:
        where, ours = OURS[name]
        return f"no layer is called {name!r}; it is a name of {where}, and here it is {ours}"
    owners = [where for where, names in NOT_DESCRIBED.items() if name in names]
    return _not_described(name, owners) if owners else unknown("layer", name, known)


def _not_described(name: str, owners: list[str]) -> str:
    readers = [f"layercost.{_READERS[where]}" for where in owners if where in _READERS]
    model = f"build a model with it and let {' or '.join(readers)} read that" if readers else ""
    by_hand = "write it as a Sequential or a Parallel of the layers that it is made of"
    ways = f"{model}, or {by_hand}" if model else by_hand
    whose = " and ".join(owners)
    return f"no layer is called {shown(name)}; it is a layer of {whose} that has no name here: {ways}"
