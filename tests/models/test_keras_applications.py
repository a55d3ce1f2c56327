"""Every architecture of ``keras.applications``: parameters and MACs beside Keras's own weights and shapes.

One small variant of each family by default, all of them where CI or LAYERCOST_ALL_MODELS is set. They are
built on PyTorch's meta device: shapes without values.
"""

from __future__ import annotations

import os
from math import prod
from typing import Any

import pytest

import layercost as lc
from layercost.models import Unknown

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

SMALL = (
    "ConvNeXtTiny", "DenseNet121", "EfficientNetB0", "EfficientNetV2B0", "InceptionResNetV2", "InceptionV3",
    "MobileNet", "MobileNetV2", "MobileNetV3Small", "ResNet50", "ResNet50V2", "VGG16", "Xception",
)  # fmt: skip
OTHERS = (
    "ConvNeXtBase", "ConvNeXtLarge", "ConvNeXtSmall", "ConvNeXtXLarge", "DenseNet169", "DenseNet201",
    "EfficientNetB1", "EfficientNetB2", "EfficientNetB3", "EfficientNetB4", "EfficientNetB5",
    "EfficientNetB6", "EfficientNetB7", "EfficientNetV2B1", "EfficientNetV2B2", "EfficientNetV2B3",
    "EfficientNetV2L",
    "EfficientNetV2M", "EfficientNetV2S", "MobileNetV3Large", "NASNetLarge", "NASNetMobile", "ResNet101",
    "ResNet101V2", "ResNet152", "ResNet152V2", "VGG19",
)  # fmt: skip
ALL_OF_THEM = bool(os.environ.get("CI") or os.environ.get("LAYERCOST_ALL_MODELS"))
NOT_ON_PYTORCH = {"NASNetMobile"}  # Keras itself refuses to build it with this backend


@pytest.fixture(scope="module")
def keras() -> Any:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    return keras


def built(keras: Any, name: str, **settings: Any) -> Any:
    with keras.device("meta"):
        return getattr(keras.applications, name)(weights=None, **settings)


def sizes(*weights: Any) -> int:
    return sum(prod(one.shape) for one in weights)


KERNELS = {
    "Conv2D": ("kernel",),
    "DepthwiseConv2D": ("kernel",),
    "SeparableConv2D": ("depthwise_kernel", "pointwise_kernel"),
    "Dense": ("kernel",),
}


def macs_of(functional: Any) -> int:
    """What Keras's own weights and shapes say: each weight of a kernel meets each position of the output."""
    total = 0
    for node in (node for nodes in functional._nodes_by_depth.values() for node in nodes):
        layer, kind = node.operation, type(node.operation).__name__
        if hasattr(layer, "_nodes_by_depth") or hasattr(layer, "_functional"):
            total += macs_of(getattr(layer, "_functional", layer))
        elif kind in KERNELS:
            positions = prod(node.outputs[0].shape[1:-1])
            total += sizes(*(getattr(layer, name) for name in KERNELS[kind])) * positions
        else:
            assert not hasattr(layer, "kernel"), f"the reference does not know {kind}"
    return total


@pytest.mark.parametrize("name", (*SMALL, *OTHERS) if ALL_OF_THEM else SMALL)
def test_parameters_and_macs_are_those_of_kerass_own_weights_and_shapes(name: str, keras: Any) -> None:
    if name in NOT_ON_PYTORCH:
        with pytest.raises(ValueError, match="not available with the torch backend"):
            built(keras, name)
        return
    settings = {"input_shape": (224, 224, 3)} if name.startswith("MobileNetV3") else {}
    found = built(keras, name, **settings)
    tree = lc.from_keras(found)
    assert lc.count(tree, lc.PARAMETERS).total == sizes(*found.trainable_weights)
    assert lc.count(tree, lc.BUFFERS).total == sizes(*found.non_trainable_weights)
    assert lc.count(tree, lc.STORED_VALUES).total == found.count_params()
    assert lc.table(tree).total.macs == macs_of(found)
    assert tree.output_shape(tree.input_shape) == (1000,)
    assert not [call.path for call in tree.calls(tree.input_shape) if isinstance(call.layer, Unknown)]


def test_no_architecture_is_left_out(keras: Any) -> None:
    found = {name for name in dir(keras.applications) if name[0].isupper()}
    assert found <= {*SMALL, *OTHERS}


@pytest.mark.parametrize("name", ["EfficientNetB0", "MobileNetV2", "ResNet50V2"])
def test_an_open_model_on_given_sizes_costs_what_a_model_of_these_sizes_costs(name: str, keras: Any) -> None:
    tree = lc.from_keras(built(keras, name, include_top=False), input_shape=(96, 128, 3))
    closed = lc.from_keras(built(keras, name, include_top=False, input_shape=(96, 128, 3)))
    assert tree.input_shape == closed.input_shape == (3, 96, 128)
    assert lc.table(tree).total == lc.table(closed).total
