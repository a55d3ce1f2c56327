"""Faces for layers and networks: controls, picture, derivation and table that answer every move.

They need ipywidgets; they are alive in a notebook and in the course's pages, where Python runs in the
browser. Each stands in a module of its own, which is found by being here: ``explorer("linear")`` shows it.
"""

from importlib import import_module
from pkgutil import iter_modules

from layercost.explorers.explorer import EXPLORERS, Explorer, explorer
from layercost.explorers.subject import Subject

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["EXPLORERS", "Explorer", "Subject", "explorer"]
