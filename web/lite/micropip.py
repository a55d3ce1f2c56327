"""Stands in for micropip, which the kernel wants to be there, and which nothing here uses."""

from piplite import install

__all__ = ["install"]
