"""Legal Training Platform: a client of the service, and the command `ltp` that runs it.

    import ltp

    with ltp.Client("http://127.0.0.1:5001") as client:
        started = client.batches.start(count=20, topic="Tort Law - Nuisance")
        batch = client.wait_for_batch(started["batch_id"])
        client.dataset.export(to="train.jsonl", format="messages")

Importing this loads nothing else; a name is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from ltp.asynchronous import AsyncClient
    from ltp.client import Client
    from ltp.errors import LtpError, RefusedError, RunFailedError, TooLateError, UnreachableError

__all__ = [
    "AsyncClient",
    "Client",
    "LtpError",
    "RefusedError",
    "RunFailedError",
    "TooLateError",
    "UnreachableError",
    "__version__",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'ltp' has no attribute {name!r}")
    module = {"AsyncClient": "asynchronous", "Client": "client"}.get(name, "errors")
    return getattr(import_module(f"ltp.{module}"), name)
