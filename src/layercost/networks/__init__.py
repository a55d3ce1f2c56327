"""Networks worked through, each with its source and its versions."""

from layercost.networks.alexnet import alexnet
from layercost.networks.googlenet import googlenet
from layercost.networks.lenet import lenet5
from layercost.networks.mobilenet import mobilenet_v1, mobilenet_v2
from layercost.networks.network import NETWORKS, NetworkEntry, network_named
from layercost.networks.resnet import resnet18, resnet34, resnet50, resnet101, resnet152
from layercost.networks.vgg import vgg11, vgg13, vgg16, vgg19

__all__ = [
    "NETWORKS", "NetworkEntry", "alexnet", "googlenet", "lenet5", "mobilenet_v1", "mobilenet_v2",
    "network_named", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "vgg11", "vgg13", "vgg16",
    "vgg19",
]  # fmt: skip
