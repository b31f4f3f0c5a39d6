"""Waiting for batches and runs: what their messages mean, and when it has lasted long enough."""

import time
from collections.abc import Mapping
from typing import cast

from ltp.errors import RunFailedError, TooLateError
from ltp.types import Batch, RunFacts, StreamMessage

_FINAL = ("completed", "stopped", "failed")


class Deadline:
    """How long *what* is waited for; None is as long as it takes."""

    def __init__(self, what: str, timeout_s: float | None) -> None:
        self._what, self._timeout_s = what, timeout_s
        self._begun = time.monotonic()

    def check(self) -> None:
        """Raise `TooLateError` when it has passed."""
        if self._timeout_s is not None and time.monotonic() - self._begun >= self._timeout_s:
            raise TooLateError(f"{self._what}: has not ended within {self._timeout_s:g} s; it goes on")


def has_ended(batch: Batch) -> bool:
    """Say whether nothing will change of *batch* any more."""
    return batch["status"] in _FINAL


def batch_in(message: StreamMessage, batch_id: str) -> Batch | None:
    """Return the batch as *message* tells it; None where it tells of others."""
    if message["type"] == "all_batches":
        return message["batches"].get(batch_id)
    return message["batch"] if message["type"] == "batch_update" and message["batch_id"] == batch_id else None


def ended_batch(batch: Batch) -> Batch:
    """Return *batch*, which has ended; RunFailedError where it failed."""
    if batch["status"] == "failed":
        reason = str(batch.get("reason") or "it failed")
        raise RunFailedError(f"batch {batch['batch_id']}: {reason}", cast("Mapping[str, object]", batch))
    return batch


def ended_run(run: RunFacts) -> RunFacts:
    """Return *run*, which is over; RunFailedError where it is not done."""
    if run["state"] != "done":
        reason = run["error"] or run["state"]
        raise RunFailedError(f"run {run['run_id']}: {reason}", cast("Mapping[str, object]", run))
    return run
