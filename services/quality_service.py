"""The quality report of the data set: made once for each of its states, in the background when it is large."""

import logging
import threading
from typing import Any

from models.sample_store import SampleStore
from services.quality_report import Measures, build_report
from utils.errors import UnavailableError

log = logging.getLogger(__name__)
# About ten seconds of CPU; a larger data set is reported on in the background.
_AT_ONCE = 2_000
_AGAIN_S = 15.0


class QualityService:
    """Thread-safe. Owns the thread that makes the report of a large data set."""

    def __init__(self, store: SampleStore, measures: Measures) -> None:
        self._store = store
        self._measures = measures
        self._lock = threading.Lock()
        self._making = threading.Lock()
        self._fault = ""
        self._kept: tuple[object, dict[str, Any]] | None = None
        self._thread: threading.Thread | None = None

    def report(self, renew: bool = False) -> dict[str, Any]:
        """Return the report on the data set as it is, and whether it `is_current`.

        Raises:
            UnavailableError: the first report on a large data set is being made.
        """
        state = self._store.version()
        with self._lock:
            kept = self._kept
        if kept is not None and kept[0] == state and not renew:
            return {**kept[1], "is_current": True}
        if len(self._store.snapshot()) <= _AT_ONCE:
            with self._making:  # many callers wait for one report
                kept = self._kept
                return {**(kept[1] if kept and kept[0] == state and not renew else self._make()), "is_current": True}
        if self._fault:
            fault, self._fault = self._fault, ""
            raise UnavailableError(f"report: could not be made ({fault}); ask again", _AGAIN_S)
        self._begin()
        if kept is not None:
            return {**kept[1], "is_current": False}
        raise UnavailableError("report: is being made; ask again in a while", _AGAIN_S)

    def _begin(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._make_aside, name="quality report", daemon=True)
                self._thread.start()

    def _make_aside(self) -> None:
        try:
            self._make()
        except Exception as error:  # top of a thread: who asks next is told
            log.exception("quality report failed")
            self._fault = str(error)[:200]

    def _make(self) -> dict[str, Any]:
        snapshot = self._store.snapshot()
        made = build_report(snapshot.pieces(), self._measures)
        with self._lock:
            self._kept = (snapshot.state, made)
        return made
