"""Writes the events of all runs down: one thread, all that came since the last commit in the next one."""

import logging
import threading

from models.assistant.run_store import Ending, KeptEvent, RunState, RunStore
from services.streams.run import Run
from utils.errors import StorageError

log = logging.getLogger(__name__)
# Words of many streams share a commit and a message; nobody reads them faster than this. In seconds: at least, and
# for each run that spoke, since each wakes the threads of its readers.
_PACE_S, _PACE_OF_A_RUN_S = 0.02, 0.0004
# After the disk refused.
_PAUSE_S = 1.0


class RunLog:
    """The events of runs on their way to the disk. Thread-safe."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._is_due = threading.Event()
        self._stopping = threading.Event()
        self._events: list[KeptEvent] = []
        self._endings: list[Ending] = []
        self._runs: dict[Run, int] = {}
        self._thread = threading.Thread(target=self._loop, name="run log", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self, timeout_s: float) -> None:
        """Keep what waits, and end the thread."""
        self._stopping.set()
        self._is_due.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def append(self, run: Run, data: str) -> None:
        """Number *data* as the next event of *run*; readers get it once it is kept."""
        with self._lock:
            self._append(run, data)
        self._is_due.set()

    def end(self, run: Run, state: RunState, data: str) -> None:
        """Append the last event of *run*, with how it ended and its result."""
        with self._lock:
            self._append(run, data)
            self._endings.append(Ending(run.id, state, run.result))
            run.state = state
        self._is_due.set()

    def _append(self, run: Run, data: str) -> None:
        if run.state is not RunState.RUNNING:
            return  # a call that was given up may still speak
        run.events.append(data)
        self._runs[run] = len(run.events)
        self._events.append(KeptEvent(run.id, len(run.events), data))

    def _loop(self) -> None:
        while True:
            self._is_due.wait()
            self._is_due.clear()
            is_last = self._stopping.is_set()
            pause_s = self._flush()
            if is_last:
                return
            self._stopping.wait(pause_s)

    def _flush(self) -> float:
        """Keep what came; return how long to wait then. Where the disk refused, it is tried again."""
        with self._lock:
            events, self._events = self._events, []
            endings, self._endings = self._endings, []
            runs, self._runs = self._runs, {}
        if not events:
            return 0.0
        try:
            self._store.add(events, endings)
        except StorageError as error:
            log.warning("events of runs not kept", extra={"reason": str(error), "runs": len(runs)})
            with self._lock:
                self._events[:0] = events
                self._endings[:0] = endings
                self._runs = {**runs, **self._runs}
            self._is_due.set()
            for run in runs:
                run.broke(error)
            return _PAUSE_S
        for run, upto in runs.items():
            run.kept(upto)
        return max(_PACE_S, _PACE_OF_A_RUN_S * len(runs))
