"""Finds plug-ins: every module of a package that ends with ``SPEC``."""

import importlib
import pkgutil
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


def find_specs(package: ModuleType, kind: type[T]) -> list[T]:
    """Import each module of *package* and return its ``SPEC``, ordered by module name.

    Raises:
        TypeError: a module has no ``SPEC``, or one of another kind.
    """
    specs: list[T] = []
    for module_info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{package.__name__}.{module_info.name}")
        spec = getattr(module, "SPEC", None)
        if not isinstance(spec, kind):
            raise TypeError(f"{module.__name__}: got SPEC of type {type(spec).__name__}, want {kind.__name__}")
        specs.append(spec)
    return specs
