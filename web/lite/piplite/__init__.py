"""Stands in for piplite in the reader's browser: everything is there already, and nothing is fetched."""

from piplite.piplite import install

__all__ = ["install"]
