"""Polars and NumPy, loaded at their first use: together some 40 MiB and a fifth of a second that no start needs.

A module that takes them from here has `from __future__ import annotations`, since an annotation that is
evaluated is a use; so is a constant of a module.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

__all__ = ["NDArray", "np", "pl"]


class _Later(ModuleType):
    """A module that is loaded when something of it is asked for. Thread-safe, as imports are."""

    def __getattr__(self, name: str) -> object:
        found: object = getattr(import_module(self.__name__), name)
        setattr(self, name, found)  # the next time it is an attribute like any other
        return found


if not TYPE_CHECKING:
    np, pl = _Later("numpy"), _Later("polars")
    NDArray = None  # stands in annotations only
