"""The calls of a run: noted before they leave, their words told as they come, counted however they end.

A stream that breaks off was paid for up to there. What of it arrived is counted, by the length of its words: no
vendor states the usage of an answer that never ended.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol

import orjson

from models.assistant.run_store import RunStore
from models.domain import CallUsage
from services.llm.adapters.base import Piece
from services.llm.caller import Terms
from services.llm.limits.gate import Permit
from services.llm.single_calls import CallLog
from services.streams.run import Run
from utils.errors import StorageError

log = logging.getLogger(__name__)
_CHARS_PER_TOKEN = 4


class RunLedger(CallLog, Protocol):
    """Keeps calls (`models.batches.call_ledger.CallLedger`)."""

    def settle_lost(self, call: int, usage: CallUsage) -> bool:
        """Count *usage* for a call that an earlier process had under way; False where it is counted already."""


class RunCalls:
    """The calls of one run, one after the other."""

    def __init__(self, run: Run, ledger: CallLog, store: RunStore, spend: Callable[[CallUsage], None]) -> None:
        self._run = run
        self._ledger = ledger
        self._store = store
        self._spend = spend
        self._open: int | None = None
        self._permit: Permit | None = None
        self._chars = 0

    def on(self, terms: Terms) -> Terms:
        """Return *terms* on which every call is noted here, and its words are told."""
        return replace(terms, sending=self.sending, cut_off=self.cut_off, listener=self.heard)

    def sending(self, permit: Permit) -> None:
        """Note the call, and tell who is called; StorageError when that cannot be kept, and then nothing is sent."""
        target = permit.target
        self._open = self._ledger.open_call(target.name)
        self._permit, self._chars = permit, 0
        self._store.calling(self._run.id, self._open, target.name, permit.need.prompt_tokens)
        self._run.tell("status", status="calling", provider=target.provider.id, model=target.model.id)

    def heard(self, kind: Piece, text: str) -> None:
        """Tell a piece of the answer; CancelledError once nobody wants more of it."""
        self._run.heard(kind, text)
        self._chars += len(text)

    def used(self, usage: CallUsage) -> None:
        """Count the call that was noted."""
        if self._open is None:
            return
        call, self._open = self._open, None
        if usage.failed and not usage.tokens and (part := self._part()) is not None:
            usage = replace(part, rate_limited=usage.rate_limited)
        self._ledger.used(usage, call)

    def cut_off(self, left: bool) -> None:
        """Record that the call did not finish: what arrived of it is counted, else it is in doubt."""
        if self._open is None:
            return
        call, self._open = self._open, None
        part = self._part()
        try:
            if part is None:
                self._ledger.lose_call(call, left)
            else:
                self._ledger.used(part, call)
        except StorageError as error:
            # Its note stays, so that it is counted at the next start.
            log.warning("lost call not recorded", extra={"reason": str(error)})

    def _part(self) -> CallUsage | None:
        """Return the usage of what arrived of a call that broke off, spent from the day's budget; None for nothing."""
        if self._permit is None or not self._chars:
            return None
        model, prompt_tokens = self._permit.target.model, self._permit.need.prompt_tokens
        tokens = _tokens(self._chars)
        cost_usd = model.cost_usd(prompt_tokens, tokens)
        part = CallUsage(model.provider, model.id, prompt_tokens, tokens, cost_usd, failed=True)
        self._spend(part)
        return part


def tokens_of(events: Iterable[str]) -> int:
    """Return about how many tokens the last call of a run has sent, by its *events*."""
    chars = 0
    for data in events:
        event = orjson.loads(data)
        if event["type"] == "status" and event.get("status") == "calling":
            chars = 0
        elif event["type"] in ("token", "thought"):
            chars += len(event["content"])
    return _tokens(chars)


def _tokens(chars: int) -> int:
    return -(-chars // _CHARS_PER_TOKEN)
