"""A run under way: its work tells events, any number of readers follow them.

An event is shown once it is on the disk, so that no reader ever saw a number that is given again after a crash. Where
the disk refuses, the run is cut off and its readers are told at once.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import orjson

from models.assistant.run_store import RunState
from services.llm.adapters.base import Piece
from services.streams.broker import message
from utils.cancellation import CancelToken
from utils.errors import AppError, CancelledError, UnavailableError
from utils.side.followed import Told

EventType: TypeAlias = Literal["status", "thought", "token", "citation", "done", "error"]
# Browsers and proxies close what is silent for long.
PING_S = 10.0
PING = b": ping\n\n"
DONE = b"data: [DONE]\n\n"
# An event with its number.
Numbered: TypeAlias = tuple[int, str]
_LINE_ENDS = {ord(char): f"\\u{ord(char):04x}" for char in "\x85\u2028\u2029"}


@dataclass(eq=False)
class Run:
    """One run. Its work calls `tell` and `heard`; the log calls `kept` and `broke`; anybody else reads.

    Attributes:
        append: Numbers an event and has it kept (`services.streams.run_log.RunLog.append`).
        cancel: Ends its work.
        state: What became of it; running until its last event was told.
        result: Its answer, once it is done.
        error: Why there is no answer.
        cut_off_by: What ended its work, other than its caller.
    """

    id: str
    kind: str
    append: Callable[["Run", str], None]
    cancel: CancelToken = field(default_factory=CancelToken)
    state: RunState = RunState.RUNNING
    result: dict[str, object] | None = None
    error: AppError | None = None
    cut_off_by: AppError | None = None
    events: list[str] = field(default_factory=list)
    shown: int = 0
    _is_broken: bool = False
    _words: bool = False
    _told: list[str] = field(default_factory=list)
    _news: threading.Condition = field(default_factory=threading.Condition)

    # --- its work --------------------------------------------------------------------------

    def tell(self, kind: EventType, /, **fields: object) -> None:
        """Tell an event."""
        self.append(self, written(kind, fields))

    def heard(self, kind: Piece, text: str) -> None:
        """Tell a piece of an answer as it is written; CancelledError once nobody wants more of it."""
        if self.cancel.is_cancelled:
            raise CancelledError("the run was cancelled", in_flight=True)
        self._words = True
        if kind == "token":
            self._told.append(text)
        self.tell(kind, content=text)

    def teller(self) -> Told:
        """Return what tells how far its work came, an event for each hundredth of a step.

        It raises CancelledError once the run is cancelled.
        """
        shown: dict[str, int] = {}

        def told(step: str, done: int, total: int) -> None:
            if self.cancel.is_cancelled:
                raise CancelledError("cancelled")
            part = 100 * done // total if total else done
            if shown.get(step) != part:
                shown[step] = part
                self.tell("status", status=step, done=done, total=total)

        return told

    def has_words(self) -> bool:
        """Whether a part of an answer was told, so that no other model may go on with it."""
        return self._words

    def begin_anew(self) -> None:
        """What was told is put aside: the next answer begins at its beginning, whoever writes it."""
        self._words = False
        self._told = []

    def settle(self, text: str) -> None:
        """Make the pieces that were told the answer *text*.

        They differ where thoughts had no beginning that could be seen: those were told as words of the answer.
        """
        if self._told and "".join(self._told) != text:
            self.begin_anew()
            self.tell("status", status="refused", reason="thoughts stood in it that nothing marked as such")
            self.heard("token", text)

    # --- its log ---------------------------------------------------------------------------

    def kept(self, upto: int) -> None:
        """Show events up to number *upto*: they are on the disk."""
        with self._news:
            self.shown = max(self.shown, upto)
            self._news.notify_all()

    def broke(self, error: AppError) -> None:
        """Cut the run off: its events cannot be kept. What is told from now on is shown all the same."""
        self.cut_off_by = error
        self.cancel.cancel()
        with self._news:
            self._is_broken = True
            self._news.notify_all()

    def stop(self) -> None:
        """Cut it off: the service ends."""
        self.cut_off_by = UnavailableError("the service is stopping; ask again in a moment")
        self.cancel.cancel()

    # --- its readers -----------------------------------------------------------------------

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until it has ended and its end is shown; say whether it has."""
        with self._news:
            return self._news.wait_for(self._is_over, timeout_s)

    def wait_until_kept(self) -> None:
        """Wait until it has ended and all of it is on the disk."""
        with self._news:
            self._news.wait_for(lambda: self.state is not RunState.RUNNING and self.shown == len(self.events))

    def follow(self, after: int = 0, silence_s: float = PING_S) -> Iterator[list[Numbered]]:
        """Yield its events behind number *after*, several at a time where several came; none after a silence.

        A reader that leaves changes nothing.
        """
        while True:
            upto, is_over, news = self._behind(after, silence_s)
            if news or not is_over:
                yield [(after + place, data) for place, data in enumerate(news, 1)]
            if is_over:
                return
            after = max(after, upto)

    def _behind(self, after: int, timeout_s: float) -> tuple[int, bool, list[str]]:
        """Wait for events behind *after*; return the number of the last, whether it is over, and them."""
        with self._news:
            self._news.wait_for(lambda: self._visible() > after or self._is_over(), timeout_s)
            upto = self._visible()
            return upto, self._is_over(), self.events[after:upto]

    def _visible(self) -> int:
        return len(self.events) if self._is_broken else self.shown

    def _is_over(self) -> bool:
        return self.state is not RunState.RUNNING and self._visible() == len(self.events)


def written(kind: EventType, fields: Mapping[str, object]) -> str:
    """Return an event as JSON without what some clients take for the end of a line."""
    text = orjson.dumps({"type": kind, **fields}).decode()
    return text.translate(_LINE_ENDS)


def encode(number: int, data: str) -> bytes:
    """Return one event as it is sent."""
    return message(data.encode(), number)


def failure(error: AppError) -> Mapping[str, object]:
    """Return what the error event of a run tells."""
    facts = error.facts
    return {
        "error": str(error),
        "code": facts["code"],
        "retryable": facts["retryable"],
        "category": facts["category"],
    }
