"""Models that a user has, turned into our tree: from PyTorch, from ONNX, from Keras. No weights are needed.

What is known becomes the layer that it is, under the name that it had; what is not known becomes an `Unknown`
that says what it is, holds its parameters, and makes every count of operations incomplete.
"""

from layercost.layers import Graph, Model
from layercost.models.leaves import Applied, Each, Rearranged, Stored, Unknown, Unplaced, Unused
from layercost.models.tree import ModelError

__all__ = [
    "Applied", "Each", "Graph", "Model", "ModelError", "Rearranged", "Stored", "Unknown", "Unplaced",
    "Unused",
]  # fmt: skip
