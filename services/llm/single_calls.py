"""Records calls that belong to no batch: each is noted before it is sent, and counted or in doubt afterwards."""

import logging
from dataclasses import replace
from typing import Protocol

from models.domain import CallUsage
from services.llm.caller import Terms
from services.llm.limits.gate import Permit
from utils.errors import StorageError

log = logging.getLogger(__name__)


class CallLog(Protocol):
    """Keeps calls of no batch (`models.batches.call_ledger.CallLedger`); each method returns once it is on the disk."""

    def open_call(self, target: str) -> int:
        """Note that a call is sent to *target* ("provider/model"); return its number."""

    def used(self, usage: CallUsage, call: int) -> None:
        """Count the outcome of a call."""

    def lose_call(self, call: int, sent: bool) -> None:
        """Record that a call did not finish; it is in doubt if it was *sent*."""


class SingleCalls:
    """The calls of one request, one after the other."""

    def __init__(self, calls: CallLog) -> None:
        self._calls = calls
        self._open: int | None = None
        self._was_sent = False

    @property
    def was_sent(self) -> bool:
        """True once a request has left, whatever became of it."""
        return self._was_sent

    def on(self, terms: Terms) -> Terms:
        """Return *terms* on which every call is noted here."""
        return replace(terms, sending=self.sending, cut_off=self.cut_off)

    def sending(self, permit: Permit) -> None:
        """Note the call; StorageError when that cannot be kept, and then nothing is sent."""
        self._open = self._calls.open_call(permit.target.name)
        self._was_sent = True

    def used(self, usage: CallUsage) -> None:
        """Count the call that was noted."""
        if self._open is not None:
            call, self._open = self._open, None
            self._calls.used(usage, call)

    def cut_off(self, left: bool) -> None:
        """Record that the call did not finish; it may have been billed."""
        if self._open is None:
            return
        call, self._open = self._open, None
        try:
            self._calls.lose_call(call, left)
        except StorageError as error:
            # Its note stays, so that it is in doubt at the next start.
            log.warning("lost call not recorded", extra={"reason": str(error)})
