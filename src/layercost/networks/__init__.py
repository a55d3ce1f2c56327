"""Networks worked through, each with its source and its versions."""

from layercost.networks.lenet import lenet5
from layercost.networks.network import NETWORKS, Network, NetworkEntry, network_named

__all__ = ["NETWORKS", "Network", "NetworkEntry", "lenet5", "network_named"]
