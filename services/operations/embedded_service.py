"""The embedded model as administrators see it: whether its file is here, and how far its fetching is.

A fetch goes on in a thread of its own; one that was broken off goes on where it was, also after a restart.
"""

import logging
import threading
from pathlib import Path
from typing import Protocol

from models.contract.answers.management import EmbeddedModelState
from services.llm.embedded.weights import Progress
from services.streams.broker import EventBroker
from utils.errors import AppError, CancelledError, UnavailableError

log = logging.getLogger(__name__)
PROVIDER = "local"


class Weights(Protocol):
    """The file of the model."""

    @property
    def model_name(self) -> str:
        """The name that samples carry."""

    @property
    def size_bytes(self) -> int | None:
        """How large the file is; None where that is not known before."""

    @property
    def licence(self) -> str:
        """Under which the model may be used; "" where that is not known."""

    def is_present(self) -> bool:
        """Whether `ensure` would fetch nothing."""

    def ensure(self, progress: Progress | None = None) -> Path:
        """Return the verified file, fetching it first if need be."""


class EmbeddedService:
    """Fetches the file of the embedded model, once at a time. Thread-safe."""

    def __init__(self, weights: Weights, events: EventBroker) -> None:
        """Tell *events* of every step."""
        self._weights = weights
        self.events = events
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._doing: tuple[str, int, int] | None = None
        self._error = ""

    def state(self) -> EmbeddedModelState:
        """Return whether the file is here, and how far its fetching is."""
        with self._lock:
            doing, error = self._doing, self._error
        is_present = doing is None and self._weights.is_present()
        what, done, total = doing or ("", 0, 0)
        size = self._weights.size_bytes
        return {
            "provider": PROVIDER,
            "model": self._weights.model_name,
            "licence": self._weights.licence,
            "size_bytes": size,
            "stage": "fetching" if doing else "ready" if is_present else "failed" if error else "absent",
            "doing": what,
            "done_bytes": done,
            "total_bytes": total or size,
            "error": "" if is_present else error,
        }

    def fetch(self) -> EmbeddedModelState:
        """Begin to fetch the file, unless it is here or being fetched; return the state then.

        Raises:
            UnavailableError: the service is stopping.
        """
        with self._lock:
            if self._stopping.is_set():
                raise UnavailableError("the service is stopping; try again in a moment")
            is_due = self._doing is None and not self._weights.is_present()
            if is_due:
                self._doing, self._error = ("asking for the file", 0, 0), ""
                self._thread = threading.Thread(target=self._fetch, name="model fetch", daemon=True)
                self._thread.start()
        if is_due:
            self._tell()
        return self.state()

    def tell(self) -> None:
        """Have a fetch end at its next part, and the streams; returns at once."""
        self._stopping.set()
        self.events.close()

    def stop(self, timeout_s: float) -> None:
        """Wait for a fetch; what it had is kept."""
        self.tell()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _fetch(self) -> None:
        error = ""
        try:
            self._weights.ensure(self._progress)
            log.info("embedded model fetched", extra={"model": self._weights.model_name})
        except CancelledError:
            log.info("fetch of the embedded model broken off")
        except AppError as fault:
            error = str(fault)
            log.warning("embedded model not fetched", extra={"reason": error})
        except Exception as fault:  # top of a thread: what went wrong is told, not lost
            error = f"the model could not be fetched ({type(fault).__name__}); the log has more"
            log.exception("embedded model not fetched")
        with self._lock:
            self._doing, self._error = None, error
        self._tell()

    def _progress(self, what: str, done: int, total: int) -> None:
        if self._stopping.is_set():
            raise CancelledError("the service is stopping")
        with self._lock:
            self._doing = (what, done, total)
        self._tell()

    def _tell(self) -> None:
        self.events.publish(self.state, 0)
