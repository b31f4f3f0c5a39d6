"""Runs: started by a request, worked on in a thread of their own, read by whoever has their number.

The connection that asked may break: the work goes on, and a reader who names the last number it saw gets the rest
exactly once. What a process that was killed left behind ends in an error at the next start.
"""

import logging
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

import orjson

from models.assistant.run_store import Ending, KeptEvent, KeptRun, RunState, RunStore
from models.contract.answers.runs import RunFacts
from models.domain import CallUsage
from services.llm_service import LLMService
from services.streams.calls import RunCalls, RunLedger, tokens_of
from services.streams.run import DONE, PING, PING_S, Numbered, Run, encode, failure, written
from services.streams.run_log import RunLog
from utils.errors import AppError, CancelledError, NotFoundError, UnavailableError
from utils.seats import Seats

log = logging.getLogger(__name__)
# What a run does; returns its answer.
Work = Callable[[Run], Mapping[str, object]]
# How often the events of a run are read that another process works on.
_LOOK_S = 0.25
_INTERRUPTED = "the service ended while this was under way; ask again"
# What may have come to its end all the same.
_IN_DOUBT = {"push": "the service ended while this was under way; look at the repository before you push again"}


class Reading:
    """One reader's place at a run; `close` gives its seat back, once."""

    def __init__(self, run_id: str, events: Iterator[list[Numbered]], seats: Seats | None) -> None:
        """Read *events* of a run, in one of *seats* if it is under way."""
        self.run_id = run_id
        self._events = events
        self._seats = seats
        self._lock = threading.Lock()

    def events(self) -> Iterator[list[Numbered]]:
        """Yield events, several at a time; none after a silence."""
        try:
            yield from self._events
        finally:
            self.close()

    def messages(self, last: bytes = DONE) -> Iterator[bytes]:
        """Yield server-sent events, a comment after each silence, and *last* at the end."""
        for some in self.events():
            yield b"".join(encode(number, data) for number, data in some) or PING
        yield last

    def close(self) -> None:
        """Leave."""
        with self._lock:
            seats, self._seats = self._seats, None
        if seats is not None:
            seats.give_back()


class RunService:
    """All runs. Thread-safe."""

    def __init__(self, store: RunStore, ledger: RunLedger, llm: LLMService, seats: Seats, most: int) -> None:
        """Keep runs in *store*, *most* under way at once; each reader of one takes one of *seats*."""
        self._store = store
        self._ledger = ledger
        self._llm = llm
        self._seats = seats
        self._most = most
        self._log = RunLog(store)
        self._live: dict[str, Run] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._pause = threading.Event()

    @property
    def under_way(self) -> Mapping[str, Run]:
        """The runs that have no end yet, or whose end is not on the disk."""
        return dict(self._live)

    # --- runs ------------------------------------------------------------------------------

    def start(self, kind: str, request: Mapping[str, object], work: Work, key: str | None = None) -> str:
        """Begin a run; return its id, or that of the run that was begun with *key* before.

        Args:
            kind: What it is: chat, query, generate, push.
            request: What was asked, for whoever looks at it later.
            work: What it does, in a thread of its own; what it returns is the run's answer.
            key: The caller's own name for it, so that a request which is sent again does not run again.

        Raises:
            UnavailableError: too many are under way, or the service is stopping.
            ConflictError: *key* was used for another request.
        """
        run = Run("run_" + secrets.token_hex(12), kind, self._log.append)
        with self._lock:
            if self._closed:
                raise UnavailableError("the service is stopping; ask again in a moment")
            if len(self._live) >= self._most:
                raise UnavailableError(f"{self._most} runs are under way, which is the limit; try again later", 5.0)
            self._live[run.id] = run
        try:
            known = self._store.begin(run.id, kind, dict(request), key)
        except BaseException:
            self._forget(run)
            raise
        if known != run.id:
            self._forget(run)
            return known
        threading.Thread(target=self._work, args=(run, work), name=f"run {kind}", daemon=True).start()
        return run.id

    def calls(self, run: Run) -> RunCalls:
        """Return what counts the calls of *run* and tells its words."""
        return RunCalls(run, self._ledger, self._store, self._llm.spend)

    def outcome(self, run_id: str) -> dict[str, object]:
        """Wait for a run; return its answer.

        Raises:
            AppError: why there is none.
            NotFoundError: there is no such run.
        """
        run = self._live.get(run_id)
        if run is not None:
            run.wait()
            if run.error is not None:
                raise run.error
            return dict(run.result or {})
        self.wait(run_id)
        kept = self._find(run_id)
        if kept.result is None:
            raise UnavailableError(f"run {run_id}: ended without an answer ({self._fault(kept)}); ask again")
        return kept.result

    def wait(self, run_id: str) -> None:
        """Wait until a run has ended, however that was, and its end is kept."""
        run = self._live.get(run_id)
        if run is not None:
            run.wait()
        elif not self._store.is_alone:
            for _ in self._followed(run_id, self._find(run_id).events):
                continue

    def read(self, run_id: str, after: int = 0) -> Reading:
        """Follow a run from behind event number *after* on.

        Raises:
            NotFoundError: there is no such run.
            UnavailableError: all seats are taken.
        """
        run = self._live.get(run_id)
        if run is None:
            if self._find(run_id).state is RunState.RUNNING and not self._store.is_alone:
                self._seats.take()
                return Reading(run_id, self._followed(run_id, after), self._seats)
            kept = [(event.number, event.data) for event in self._store.events(run_id, after)]
            return Reading(run_id, iter([kept] if kept else []), None)
        self._seats.take()
        return Reading(run_id, run.follow(after), self._seats)

    def told(self, run_id: str) -> list[dict[str, object]]:
        """Return the events of a run so far; NotFoundError if there is none."""
        self._find(run_id)
        return [orjson.loads(event.data) for event in self._store.events(run_id)]

    def cancel(self, run_id: str) -> RunFacts:
        """End a run; one that has ended stays as it is. Its events tell when it has."""
        run = self._live.get(run_id)
        if run is not None:
            run.cancel.cancel()
        elif not self._store.is_alone and self._find(run_id).state is RunState.RUNNING:
            self._store.ask_to_cancel(run_id)
        return self.facts(run_id)

    def cancel_asked(self) -> None:
        """End the runs of this process that another was asked to end; for one of several."""
        for run_id in self._store.to_cancel():
            run = self._live.get(run_id)
            if run is not None:
                run.cancel.cancel()

    def under_way_anywhere(self, kind: str) -> Iterator[tuple[str, Mapping[str, object]]]:
        """Yield id and request of the runs of a kind that have no end yet, wherever they are worked on."""
        for run_id, run in self.under_way.items():
            if run.kind == kind:
                yield run_id, self.facts(run_id)["request"]
        if not self._store.is_alone:
            yield from ((kept.id, kept.request) for kept in self._store.running(kind))

    def facts(self, run_id: str) -> RunFacts:
        """Tell what became of a run; NotFoundError if there is none."""
        return self._facts_of(self._find(run_id))

    def recent(self, kind: str, count: int) -> list[RunFacts]:
        """Tell of the last *count* runs of a kind, newest first."""
        return [self._facts_of(kept) for kept in self._store.recent(kind, count)]

    def _facts_of(self, kept: KeptRun) -> RunFacts:
        return {
            "run_id": kept.id,
            "kind": kept.kind,
            "state": kept.state.value,
            "request": kept.request,
            "result": kept.result,
            "error": self._fault(kept),
            "events": kept.events,
            "started_at": kept.started_at,
            "ended_at": kept.ended_at,
        }

    # --- the life of the service -----------------------------------------------------------

    def begin(self) -> None:
        """End what an earlier process left behind, count what it had paid for, and take runs."""
        for left in self._store.left_behind():
            self._recover(left)
        self._log.start()

    def take_over(self, member: str) -> None:
        """End the runs of a process that is gone; for one of several."""
        for left in self._store.left_behind(member):
            self._recover(left)

    def prune(self, keep_days: float) -> None:
        """Forget runs that began more than *keep_days* days ago, some at a time; 0 keeps all."""
        if keep_days:
            self._store.prune(timedelta(days=keep_days))

    def close(self, timeout_s: float) -> None:
        """Cut off what is under way, and keep what it told."""
        with self._lock:
            self._closed = True
            self._pause.set()
            live = list(self._live.values())
        for run in live:
            run.stop()
        for run in live:
            run.wait(timeout_s)
        self._log.close(timeout_s)

    # --- inside ----------------------------------------------------------------------------

    def _followed(self, run_id: str, after: int) -> Iterator[list[Numbered]]:
        """Yield the events of a run that another process works on, as `Run.follow` does."""
        silent_s = 0.0
        while True:
            is_over = self._find(run_id).state is not RunState.RUNNING  # before the events are read: then all are there
            news = [(event.number, event.data) for event in self._store.events(run_id, after)]
            if news:
                after, silent_s = news[-1][0], 0.0
                yield news
            if is_over:
                return
            if silent_s >= PING_S:
                silent_s = 0.0
                yield []
            if self._pause.wait(_LOOK_S):
                return
            silent_s += _LOOK_S

    def _work(self, run: Run, work: Work) -> None:
        try:
            run.tell("status", status="started", run_id=run.id)
            run.result = dict(work(run))
        except AppError as error:
            self._fail(run, error)
        except Exception:  # top of a thread
            log.exception("run failed", extra={"run": run.id})
            self._fail(run, _FailedError("the service failed; its log has the details"))
        else:
            self._log.end(run, RunState.DONE, written("done", run.result))
        run.wait_until_kept()  # from then on it is read from the disk
        self._forget(run)

    def _fail(self, run: Run, error: AppError) -> None:
        run.result = None
        run.error = _why(run, error)
        was_cancelled = isinstance(run.error, CancelledError)
        state = RunState.CANCELLED if was_cancelled else RunState.ERROR
        self._log.end(run, state, written("error", failure(run.error)))

    def _recover(self, left: KeptRun) -> None:
        events = self._store.events(left.id)
        tokens = tokens_of(event.data for event in events)
        if left.call is not None and left.target is not None and tokens:
            usage = self._usage(left.target, left.prompt_tokens, tokens)
            if self._ledger.settle_lost(left.call, usage):
                self._llm.spend(usage)
        told = written("error", failure(UnavailableError(_IN_DOUBT.get(left.kind, _INTERRUPTED))))
        last = KeptEvent(left.id, len(events) + 1, told)
        self._store.add([last], [Ending(left.id, RunState.ERROR)])
        log.info("run was interrupted", extra={"run": left.id, "kind": left.kind, "tokens": tokens})

    def _usage(self, target: str, prompt_tokens: int, tokens: int) -> CallUsage:
        provider, _, name = target.partition("/")
        model = next((row for row in self._llm.roster.models_of(provider) if row.id == name), None)
        cost_usd = None if model is None else model.cost_usd(prompt_tokens, tokens)
        return CallUsage(provider, name, prompt_tokens, tokens, cost_usd, failed=True)

    def _find(self, run_id: str) -> KeptRun:
        kept = self._store.find(run_id)
        if kept is None:
            raise NotFoundError(f"run {run_id[:80]!r}: is not known; runs are forgotten some time after their end")
        return kept

    def _fault(self, kept: KeptRun) -> str | None:
        if kept.state in (RunState.RUNNING, RunState.DONE):
            return None
        last = self._store.events(kept.id, kept.events - 1)
        return str(orjson.loads(last[-1].data).get("error", "")) if last else None

    def _forget(self, run: Run) -> None:
        with self._lock:
            self._live.pop(run.id, None)


class _FailedError(AppError):
    """A fault of ours."""

    code = "internal_error"


def _why(run: Run, error: AppError) -> AppError:
    """Return why *run* ended: a call that was cut off says less than what cut it off."""
    if isinstance(error, CancelledError):
        return run.cut_off_by or CancelledError("cancelled, as was asked for")
    return error
