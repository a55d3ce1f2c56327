"""What layers are called elsewhere: Keras's Dense, ONNX's Gemm, PyTorch's layers that are not here.

Names alone, for messages; `from_torch`, `from_keras` and `from_onnx` read the layers themselves.
"""

from __future__ import annotations

from collections.abc import Iterable

from layercost.convention import unknown
from layercost.message import Message, Words, both, either
from layercost.shape import shown

_LINEAR = "Linear(in_features, out_features)"
_CONV = "Conv2d(in_channels, out_channels, kernel_size)"
_POOL_ALL = "AdaptiveAvgPool2d(1)"
_ATTENTION = Message(
    "{layer}, or {others}",
    layer="Attention(embed_dim, num_heads)", others="CrossAttention(embed_dim, num_heads)",
)  # fmt: skip

# What is here under another name: where it comes from, and how it is written here.
OURS: dict[str, tuple[Words, Words]] = {
    "Dense": ("Keras and Flax", _LINEAR),
    "Gemm": ("ONNX", _LINEAR),
    "FullyConnected": (Message("older frameworks"), _LINEAR),
    "InnerProduct": ("Caffe", _LINEAR),
    "Conv1D": ("Keras", "Conv1d(in_channels, out_channels, kernel_size)"),
    "Conv2D": ("Keras", _CONV),
    "Conv3D": ("Keras", "Conv3d(in_channels, out_channels, kernel_size)"),
    "Conv": (
        "ONNX and Flax",
        Message("{layer}, or {others}", layer=_CONV, others=either(["Conv1d", "Conv3d"])),
    ),
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
    "BatchNormalization": (
        "Keras and ONNX",
        Message("{layer}, or {others}", layer="BatchNorm2d(num_features)", others="BatchNorm1d"),
    ),
    "BatchNorm": (
        "Flax",
        Message("{layer}, or {others}", layer="BatchNorm2d(num_features)", others="BatchNorm1d"),
    ),
    "SyncBatchNorm": ("PyTorch", "BatchNorm2d(num_features)"),
    "LayerNormalization": ("Keras and ONNX", "LayerNorm(normalized_shape)"),
    "GroupNormalization": ("Keras and ONNX", "GroupNorm(num_groups, num_channels)"),
    "LRN": ("ONNX and Caffe", "LocalResponseNorm(size)"),
    "SimpleRNN": ("Keras", "RNN(input_size, hidden_size)"),
    "Bidirectional": (
        "Keras",
        Message(
            "{layer}, or {others}",
            layer="LSTM(input_size, hidden_size, bidirectional=True)",
            others=either(["GRU", "RNN"]),
        ),
    ),
    "MultiheadAttention": ("PyTorch", _ATTENTION),
    "MultiHeadAttention": ("Keras", _ATTENTION),
    "MultiHeadDotProductAttention": ("Flax", _ATTENTION),
    "PatchEmbed": ("timm", "PatchEmbedding(in_channels, patch_size, embed_dim)"),
    "ShiftedWindowAttention": ("torchvision", "WindowAttention(embed_dim, num_heads, window_size)"),
    "PositionEmbedding": ("KerasHub", "LearnedPositions(num_positions, embed_dim)"),
    "SinePositionEncoding": ("KerasHub", "SinusoidalPositions(num_positions, embed_dim)"),
    "Mamba": ("mamba-ssm", "MambaBlock(embed_dim)"),
    "Embed": ("Flax", "Embedding(num_embeddings, embedding_dim)"),
    "Relu": ("ONNX", "ReLU()"),
    "LeakyRelu": ("ONNX", "LeakyReLU()"),
    "Gelu": ("ONNX", "GELU()"),
    "Swish": ("TensorFlow", "SiLU()"),
    "Activation": ("Keras", Message("ReLU(), Sigmoid(), Tanh() and others, each a layer")),
    "Dropout2d": ("PyTorch", "Dropout(p)"),
    "SpatialDropout2D": ("Keras", "Dropout(p)"),
    "Concat": ("ONNX and Caffe", "Concatenate(branches)"),
    "Sum": ("ONNX", "Add(branches)"),
    "Mul": ("ONNX", "Multiply(branches)"),
    "ZeroPadding2D": (
        "Keras",
        Message("ZeroPad2d(padding), or the argument padding of the layer that follows"),
    ),
    "ModuleList": ("PyTorch", "Sequential(...)"),
    "LazyLinear": ("PyTorch", Message("{layer} with the features that arrive", layer=_LINEAR)),
    "LazyConv2d": ("PyTorch", Message("{layer} with the channels that arrive", layer=_CONV)),
    "LazyBatchNorm2d": (
        "PyTorch",
        Message("{layer} with the channels that arrive", layer="BatchNorm2d(num_features)"),
    ),
}

NOT_DESCRIBED: dict[str, tuple[str, ...]] = {
    "PyTorch": (
        "Bilinear", "EmbeddingBag", "Fold", "GRUCell", "LSTMCell", "RNNCell",
        "ReflectionPad2d", "Transformer", "TransformerDecoder", "TransformerDecoderLayer",
        "TransformerEncoder", "TransformerEncoderLayer", "Unfold",
    ),
    "Keras": ("Reshape", "SeparableConv1D", "TimeDistributed"),
    "ONNX": ("Resize", "Reshape", "Transpose"),
    "Flax": ("ConvLocal",),
}  # fmt: skip

_READERS = {"PyTorch": "from_torch", "Keras": "from_keras", "ONNX": "from_onnx"}


def unknown_layer(name: str, known: Iterable[str]) -> Message:
    """The message for a layer that is not here: its name here, or what to do, or the nearest names."""
    if name in OURS:
        where, ours = OURS[name]
        return Message(
            "no layer is called {name!r}; it is a name of {where}, and here it is {ours}",
            name=name, where=where if isinstance(where, Message) else both(where.split(" and ")), ours=ours,
        )  # fmt: skip
    owners = [where for where, names in NOT_DESCRIBED.items() if name in names]
    return _not_described(name, owners) if owners else unknown(Message("layer"), name, known)


def _not_described(name: str, owners: list[str]) -> Message:
    readers = [f"layercost.{_READERS[where]}" for where in owners if where in _READERS]
    said = {"name": shown(name), "owners": both(owners)}
    if not readers:
        return Message(
            "no layer is called {name}; it is a layer of {owners} that has no name here: write it as a "
            "Sequential or a Parallel of the layers that it is made of",
            **said,
        )
    return Message(
        "no layer is called {name}; it is a layer of {owners} that has no name here: build a model with it "
        "and let {readers} read that, or write it as a Sequential or a Parallel of the layers that it is "
        "made of",
        readers=either(readers),
        **said,
    )
