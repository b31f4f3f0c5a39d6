"""How this copy came here, a clone or the package `legal-training-platform`, and what brings a part that is missing.

Imports nothing of ours: `hatch_build.py` reads the extras from here when the package is built.
"""

from importlib.util import find_spec
from pathlib import Path

PACKAGE = "legal-training-platform"
# In the package all of the service lies under ltp/_service, where nobody's own `models` or `utils` can be hidden by it.
IS_PACKAGE = Path(__file__).resolve().parents[1].name == "_service"
COMMAND = "ltp" if IS_PACKAGE else "python3 cli.py"
START = "ltp serve" if IS_PACKAGE else "make run"
# What a program needs that only talks to a service.
CLIENT = ("httpx",)
# Extras out of requirements.txt, which the service starts without; the rest of that file is the extra `service`.
PARTS = {"local": ("xllamacpp",), "grounding": ("onnxruntime", "onnx", "tokenizers")}
# Extras that have a file of their own.
FILES = {
    "postgres": "requirements-scale.txt",
    "pgqueuer": "requirements-pgqueuer.txt",
    "tracing": "requirements-tracing.txt",
    "audio": "requirements-audio.txt",
}


def how_to_install(extra: str, is_package: bool = IS_PACKAGE) -> str:
    """Return the command that brings the packages of *extra*."""
    if is_package:
        return f"pip install '{PACKAGE}[{extra}]'"
    return f"pip install -r {FILES[extra]}" if extra in FILES else "make install"


def missing(*modules: str) -> str:
    """Say which of the top-level *modules* is not installed, and what brings it; empty where all are there."""
    lacking = next((module for module in modules if find_spec(module) is None), None)
    return f"{lacking} is missing; run `{how_to_install(extra_of(lacking))}`" if lacking else ""


def extra_of(module: str) -> str:
    """Return the extra that brings the top-level *module*."""
    return next((extra for extra, names in PARTS.items() if module in names), "service")
