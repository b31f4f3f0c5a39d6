"""The embedded model as a child process: started at first use, stopped when idle.

Owns the process, its port and its key. It is restarted when it died, and stops with
its parent: the child ends when its standard input closes. One thread watches for
idleness while a child runs.
"""

import json
import logging
import os
import secrets
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from services.llm.embedded.weights import WeightStore
from utils.clock import Clock, SystemClock
from utils.errors import ModelUnavailableError
from utils.installation import COMMAND, missing

log = logging.getLogger(__name__)
SLOTS = 4
CONTEXT_TOKENS = 2048
# A model that cannot load needs a person to act, not another try.
_MEND_S = 60.0
_CHILD = Path(__file__).with_name("child.py")


@dataclass(frozen=True, slots=True)
class Session:
    """Where the model answers."""

    base_url: str
    api_key: str


class EmbeddedModel:
    """Runs at most one child. Thread-safe."""

    def __init__(self, weights: WeightStore, idle_s: float, clock: Clock | None = None) -> None:
        self._weights = weights
        self._idle_s = idle_s
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._changed = threading.Condition(threading.Lock())
        self._child: subprocess.Popen[str] | None = None
        self._session: Session | None = None
        self._users = 0
        self._last_used = 0.0
        self._closed = False

    @property
    def is_running(self) -> bool:
        """True while a child is alive."""
        child = self._child
        return child is not None and child.poll() is None

    @property
    def pid(self) -> int | None:
        """The child's process id, or None."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    def acquire(self) -> Session:
        """Start the model if it does not run; keep it until `release`.

        Raises:
            ModelUnavailableError: it cannot be loaded.
            ConfigurationError: the weights are not available.
        """
        with self._lock:
            if self._closed:
                raise ModelUnavailableError("local: the service is stopping", provider="local")
            if not self.is_running:
                self._start()
            session = self._session
            if session is None:
                raise ModelUnavailableError("local: the embedded model did not start", provider="local")
            with self._changed:
                self._users += 1
        return session

    def release(self) -> None:
        """Let the model idle once no call uses it."""
        with self._changed:
            self._users -= 1
            self._last_used = self._clock.monotonic()
            self._changed.notify_all()

    def stop(self) -> None:
        """End the child for good; later `acquire` calls fail."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        with self._lock:
            self._end_child()

    def stop_if_idle(self) -> float:
        """End the child when it has been idle long enough; return the seconds until the next look."""
        with self._changed:
            busy = self._users > 0
            left_s = self._last_used + self._idle_s - self._clock.monotonic()
        if busy or left_s > 0:
            return self._idle_s if busy else left_s
        with self._lock:
            if self._users:
                return self._idle_s
            if self.is_running:
                log.info("embedded model unloaded", extra={"idle_s": self._idle_s})
                self._end_child()
        return 0.0

    def _start(self) -> None:
        self._end_child()
        if lack := missing("xllamacpp"):
            raise ModelUnavailableError(f"local: {lack}", provider="local", retry_after_s=_MEND_S)
        model = self._weights.ensure()
        key = secrets.token_urlsafe(24)
        order = {
            "model": str(model),
            "key": key,
            "slots": SLOTS,
            "context": CONTEXT_TOKENS,
            "threads": max(1, min(8, os.cpu_count() or 1)),
        }
        child = subprocess.Popen(  # noqa: S603  # our own interpreter and file
            [sys.executable, str(_CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "GOMP_SPINCOUNT": "1000"},
            # A Ctrl-C at the terminal is for the service; it stops the child in its own time.
            start_new_session=True,
        )
        self._child = child
        answer = self._ask(child, order)
        if "address" not in answer:
            self._end_child()
            raise ModelUnavailableError(
                f"local: {answer.get('error', 'the embedded model died while loading')}; run `{COMMAND} doctor`",
                provider="local",
                retry_after_s=_MEND_S,
            )
        self._session = Session(f"{answer['address']}/v1", key)
        with self._changed:
            self._last_used = self._clock.monotonic()
        threading.Thread(target=self._watch, args=(child,), name="embedded model idle watch", daemon=True).start()
        log.info("embedded model loaded", extra={"model": model.name, "pid": child.pid})

    @staticmethod
    def _ask(child: "subprocess.Popen[str]", order: dict[str, object]) -> dict[str, str]:
        if child.stdin is None or child.stdout is None:
            return {}
        try:
            child.stdin.write(json.dumps(order) + "\n")
            child.stdin.flush()
            line = child.stdout.readline()
            answer = json.loads(line) if line else {}
        except (OSError, ValueError):
            return {}
        return answer if isinstance(answer, dict) else {}

    def _watch(self, child: "subprocess.Popen[str]") -> None:
        while child.poll() is None and not self._closed:
            pause_s = self.stop_if_idle()
            if pause_s <= 0:
                return
            with self._changed:
                self._changed.wait(min(pause_s, 60.0))

    def _end_child(self) -> None:
        child, self._child, self._session = self._child, None, None
        if child is None:
            return
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                stream.close()
        try:
            child.wait(timeout=3)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
