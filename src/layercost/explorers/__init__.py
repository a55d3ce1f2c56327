"""Faces for layers and networks: controls, picture, derivation and table that answer every move.

They need ipywidgets; they are alive in a notebook and in the course's pages, where Python runs in the
browser.
"""

from layercost.explorers.lenet import lenet_explorer
from layercost.explorers.linear import linear_explorer

__all__ = ["lenet_explorer", "linear_explorer"]
