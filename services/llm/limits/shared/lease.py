"""One account in one process: what it holds of it, what it asks of the ledger, and what it does while that is away.

All methods are called under the gate's lock and are functions of the time they are given (seconds of a monotonic
clock); `keeper.py` carries requests and answers.
"""

import math
from collections.abc import Callable, Iterable
from enum import Enum
from typing import TypedDict

from services.llm.limits.meter import Meter
from services.llm.limits.rate_limiter import RateLimiter
from services.llm.limits.shared.blocks import Block, Blocks, Row
from services.llm.limits.shared.fallback import Shares
from services.llm.limits.shared.knowledge import Knowledge
from services.llm.limits.shared.ledger import GATHER_S, AccountAnswer, Asked
from services.llm.limits.shared.wants import BLOCK_S, LASTS_S, STALE_S, limits_of, rates_of, want
from services.llm.limits.windows import MINUTE_S, Entry, SlidingWindow

# Reads the entries of the last minute, by call, and of the last day, by hour, that the tables know of all processes.
Entries = tuple[Iterable[Entry], Iterable[Entry]]
Past = Callable[[], Entries]
# Who waits asks again so soon, although nothing should be free yet: others give back what they do not use.
_ASK_AGAIN_S, _SOONEST_S = 0.25, 0.005
# What was used is told so soon; what others learned is asked so often, until the account was idle for so long.
_TELL_S, _LOOK_S, _IDLE_S = 1.0, 0.8, 120.0
# Whether an hour or a day that was spent has room after all: others held it, and gave it back.
_LONG_LOOK_S = 5.0
# A refusal holds the others up for so much longer than it is renewed.
_HOLD_MORE_S = 1.0
# What was heard longer ago says nothing of what is free.
_FRESH_S = 5.0


class _Whole(TypedDict):
    """All that one process knows of its own use: rows of the minute, and (window, seconds ago, calls, tokens)."""

    whole: bool
    entries: list[Row]
    long: list[tuple[int, float, int, int]]


class _State(Enum):
    NEW = "new"
    JOINED = "joined"
    AWAY = "away"
    RETURNING = "returning"  # all was told, and what is used now would not be


class Lease:
    """What this process holds of one account. Not thread-safe: the gate holds the lock."""

    def __init__(
        self,
        name: str,
        limiter: RateLimiter,
        process: str,
        now: float,
        wake: Callable[[], None],
        is_in_tables: bool = False,
    ) -> None:
        """Lease for *limiter*.

        Args:
            name: The account.
            limiter: Whose logs, pace and limits they are; what it holds by now others know too.
            process: The name of this process, which no other has.
            now: The time.
            wake: Wakes the keeper.
            is_in_tables: Whether tables know what all processes used of it in the last hour and day.
        """
        self.name = name
        self.own_share = 1.0
        # How many processes lived within the last minute, this one among them: the keeper says.
        self.sharers_lately = 0
        self._limiter, self._process, self._wake = limiter, process, wake
        self._is_in_tables = is_in_tables
        self._windows = (limiter.minute, limiter.hour, limiter.day)
        self._scale = limiter.minute.span_s / MINUTE_S  # tests have shorter minutes
        self._before = [set(window.entries()) for window in self._windows]
        self._blocks, self._shares = Blocks(), Shares(self._windows)
        self._state, self._was_away = _State.NEW, False
        self._epoch, self._turn, self._version = "", 0, 0
        self._known = Knowledge.of(limiter)
        self._used: list[tuple[int, int]] | None = None
        self._need = self._asked_need = self._long_need = 0
        self._asked: Asked = {}
        self._is_urgent = self._holds = False
        self._is_new = True  # has not been told yet what all used
        self._asked_at = self._heard_at = self._lost_at = -math.inf
        self._gathers_until = -math.inf
        self._need_until = self._retry_at = self._ready_at = self._held_until = self._long_until = -math.inf
        self._used_at = now

    # --- a call: see `RateLimiter` -------------------------------------------------------

    def shut_s(self, now: float) -> float:
        """Return for how long another process's refusal holds calls up."""
        return max(0.0, self._held_until - now)

    def wait_s(self, tokens: int, now: float) -> float:
        """Return the seconds until a call of *tokens* fits a block; asks for one where it does not."""
        if self._state is _State.AWAY:
            return 0.0  # the shares of the windows say how much
        wait_s = self._blocks.wait_s(tokens, now)
        if not math.isinf(wait_s):
            return wait_s
        self._need_until = max(self._ready_at, now) + STALE_S
        if not self._need:
            self._need = tokens
            self._wake()
        return max(_ASK_AGAIN_S, self._ready_at - now)

    def long_wait_s(self, now: float) -> float:
        """Return the seconds until the hour or the day of all has room, as the ledger said."""
        return max(0.0, self._long_until - now)

    def take(self, entry: Entry, now: float) -> None:
        """Use a call that fits."""
        self._used_at = now
        self._blocks.take(entry, now)

    def sent(self, entry: Entry, now: float) -> None:
        """The call leaves now."""
        self._blocks.sent(entry, now)

    def settle(self, entry: Entry, calls: int, tokens: int) -> None:
        """Count *calls* and *tokens* for *entry* instead of what it was taken for."""
        self._blocks.settle(entry, calls, tokens)

    def end(self, entry: Entry) -> None:
        """The call is over; it changes no more."""
        self._blocks.end(entry)

    def tell(self) -> None:
        """Tell the others soon what was learned."""
        self._is_urgent = True
        self._wake()

    # --- what the keeper carries ---------------------------------------------------------

    def due_s(self, now: float) -> float:
        """Return the seconds until the ledger should be asked; inf when the account is idle."""
        if self._state is _State.AWAY or self._is_urgent:
            return 0.0
        due = math.inf
        if self._need and now > self._need_until:
            self._need = 0  # who needed it is gone
        if self._need:
            due = self._retry_at
        if self._blocks.is_changed:
            due = min(due, self._asked_at + _TELL_S * min(1.0, self._scale))
        if self._long_until > now:
            due = min(due, self._asked_at + _LONG_LOOK_S)
        if now - self._used_at < _IDLE_S or self._need or self._held_until > now:
            due = min(due, self._asked_at + _LOOK_S)
        return max(0.0, min(due, self._blocks.next_end()) - now)

    def request(self, processes: int, now: float) -> Asked:
        """Return what the ledger should be asked, of *processes* that live."""
        self._asked_at, self._is_urgent = now, False
        asked: dict[str, object] = {
            "process": self._process,
            "epoch": self._epoch,
            "turn": self._turn,
            "version": self._version,
            "gather_s": max(GATHER_S, self._gathers_until - now),  # a ledger that is new again knows no better
            "was_away": self._was_away,
            "sharers": self.sharers_lately if self._epoch else 0,  # one that is new has nothing to tell
            "windows": limits_of(self._windows),
            "rates": rates_of(self._limiter),
        }
        if self._state is _State.JOINED:
            asked["entries"] = self._blocks.rows(now)
        else:
            asked |= self._whole(now, lambda entry: entry.granted_at >= self._lost_at)
            self._state = _State.RETURNING if self._state is _State.AWAY else self._state
        self._asked = self._with_news(asked, processes, now)
        return self._asked

    def introduce(self, answer: AccountAnswer, past: Entries | None, processes: int, now: float) -> Asked:
        """Return what a ledger that began anew should be told, beside what it was asked already.

        Args:
            answer: What it said.
            past: What the tables know, when this process found it first; None when another did, or there are none.
            processes: How many live.
            now: The time.
        """
        is_first = not self._epoch
        if not is_first:
            self._share(processes, now)
        self._epoch, self._turn, self._asked_at = answer["epoch"], answer["turn"], now
        # What was used until the last answer is in the tables, but for calls that were under way.
        since, under_way = self._heard_at if self._is_in_tables else -math.inf, set(self._blocks.under_way())
        whole = self._whole(now, lambda entry: entry.granted_at >= since or entry in under_way)
        minute, day = past or ((), ())
        long = [(i, max(0.0, now - row.at), row.calls, row.tokens) for row in day for i in (2, 3)]
        before = [
            (f"{self._process}:before#{number}", row.calls, row.tokens, 0, 0, "", "", max(0.0, now - row.at))
            for number, row in enumerate(minute if is_first else ())  # else they tell it themselves
        ]
        self._asked = {
            **self._asked,
            "epoch": self._epoch,
            "turn": self._turn,
            "version": 0,
            "was_away": self._was_away or not is_first,
            "whole": True,
            "entries": [*whole["entries"], *before],
            "long": [*whole["long"], *long],
        }
        return self._asked

    def last_request(self, processes: int, now: float) -> Asked:
        """Return what the ledger should hear before this process ends: what is held and not used goes back."""
        self._blocks.close(now)
        self._need = 0
        return self.request(processes, now)

    def answered(self, answer: AccountAnswer, processes: int, now: float) -> bool:
        """Take over what the ledger answered to the last request; say whether a waiting caller may go on by it."""
        was_open = self._state is _State.JOINED and not self._shares.are_kept and self._held_until <= now
        long_before = self._long_until
        # One that is new has but the word of the tables for what others used, by the clocks of their machines.
        is_strict = self._is_new and answer.get("misses", False)
        if answer["gather_s"] > 0.0 and (is_strict or not self._shares.are_kept):
            # By what was known before: the ledger knows only of those who told it.
            self._share(processes, now, takes_spare=not is_strict)
        self._turn, self._heard_at, self._gathers_until = answer["turn"], now, now + answer["gather_s"]
        self._state, self._was_away = _State.JOINED, False
        self._count(answer, processes, now)
        if "learned" in answer:
            Knowledge.read(answer["learned"]).teach(self._limiter)
            self._known = Knowledge.of(self._limiter)
        self._version = answer["version"]
        held_s = answer.get("hold_s", 0.0)
        self._held_until = now + held_s if held_s > 0.0 else -math.inf
        if held_s > 0.0:  # it finds out when the vendor takes calls again
            for meter in self._meters:
                meter.yield_to_others(now)
        self._granted(answer, now)
        if answer["gather_s"] <= 0.0 and (self._shares.are_kept or any(self._before)):
            self._shares.end()
            self._forget_before()  # the ledger has it
        self._is_new = self._is_new and answer["gather_s"] > 0.0
        is_same = was_open == (not self._shares.are_kept and self._held_until <= now)
        return "grant" in answer or "learned" in answer or not is_same or self._long_until != long_before

    def lost(self, processes: int, now: float) -> None:
        """Go on without the ledger, with this process's share."""
        if self._state in (_State.NEW, _State.JOINED):
            self._lost_at = now
            self._share(processes, now)
            self._need, self._held_until, self._long_until = 0, -math.inf, -math.inf
        self._blocks.drop()
        self._state, self._was_away = _State.AWAY, True

    def keep(self, now: float) -> None:
        """Move the shares with the time."""
        self._shares.keep(now)

    # --- inside --------------------------------------------------------------------------

    @property
    def _meters(self) -> tuple[Meter, Meter]:
        return self._limiter.calls, self._limiter.tokens

    def _with_news(self, asked: dict[str, object], processes: int, now: float) -> dict[str, object]:
        hold_s = max(meter.held_s(now) for meter in self._meters)
        if hold_s > 0.0 or self._holds:
            asked["hold_s"] = hold_s + _HOLD_MORE_S if hold_s > 0.0 else 0.0
            self._holds = hold_s > 0.0
        known = Knowledge.of(self._limiter)
        if known.is_news(self._known):
            asked["learned"], self._known = known.text(), known
        if self._need:
            asked["want"] = want(self._limiter, self._need, processes, self._scale)
            self._asked_need, self._need = self._need, 0
        return asked

    def _whole(self, now: float, is_new: Callable[[Entry], bool]) -> _Whole:
        """Return the last minute of this process, and what *is_new* to the ledger in the hour and the day."""
        own = [
            [entry for entry in window.entries() if entry.calls == 1 and entry not in before]
            for window, before in zip(self._windows, self._before, strict=True)
        ]
        width_s = self._windows[0].span_s / 60
        rows = self._blocks.whole(self._process, own[0], width_s, now)
        long = [
            (i, max(0.0, now - entry.at) if entry.sent else 0.0, 1, entry.tokens)
            for i, entries in ((2, own[1]), (3, own[2]))
            for entry in entries
            if is_new(entry)
        ]
        return {"whole": True, "entries": rows, "long": long}

    def _count(self, answer: AccountAnswer, processes: int, now: float) -> None:
        """Take over how much all processes use, and how much of it is this one's."""
        self._used = answer["used"]
        longer = zip(self._windows[1:], self._used[1:], strict=True)
        if all(window.has_room(of_all, self._long_need) for window, of_all in longer):
            self._long_until = -math.inf
        calls, tokens = self._used[0]
        minute = self._limiter.minute
        minute.expire(now)
        shares = [own / of_all for own, of_all in ((minute.calls, calls), (minute.tokens, tokens)) if of_all > 0]
        self.own_share = min(1.0, max([0.5 / processes, *shares])) if shares else 1.0

    def _granted(self, answer: AccountAnswer, now: float) -> None:
        """Hold the block that was granted, or wait for one."""
        if "want" not in self._asked:
            return
        self._long_until, self._long_need = now + answer.get("long_s", 0.0), self._asked_need
        if "grant" in answer:
            name, calls, tokens, hour, day = answer["grant"]
            # From when it was asked for: the ledger's own time is later.
            starts = self._asked_at + answer["starts_s"]
            ends = starts + LASTS_S * self._scale
            self._blocks.add(Block(name, calls, tokens, max(starts, now), ends, (hour, day), (calls, tokens)))
            self._retry_at = self._ready_at = -math.inf
            return
        wait_s = answer["wait_s"]
        # The pace is known to the moment; a minute may have room before its time.
        # Asked again without a word of the callers, until they should have looked themselves.
        self._need, self._need_until = self._need or self._asked_need, now + wait_s + STALE_S
        most_s = (2.0 if answer["why"] == "pace" else 1.0) * _ASK_AGAIN_S * self._scale
        self._ready_at, self._retry_at = now + wait_s, now + min(max(_SOONEST_S, wait_s), most_s)
        if answer["why"] == "pace":
            for meter in self._meters:
                meter.bound()

    def _share(self, processes: int, now: float, takes_spare: bool = True) -> None:
        """Keep to this process's share, by what is known of the others; without one of what nobody had used, if so."""
        growth, used = (0.0, 0.0), self._used
        if used is None:  # what it holds is what all used, as the tables tell; none of it is its own
            used = [self._entered(window, now) for window in self._windows]
            self._forget_before()
        else:
            # What they may have been granted since the last answer: the pace, the burst, and a block under way each.
            age_s = now - self._heard_at + BLOCK_S * self._scale
            block = (1, self._limiter.minute.tokens / max(1, self._limiter.minute.calls))
            grown = [
                burst + rate * age_s + processes * units if rate and age_s < _FRESH_S else math.inf
                for (rate, burst), units in zip((meter.paced for meter in self._meters), block, strict=True)
            ]
            growth = (grown[0], grown[1])
        self._shares.begin(used, growth if takes_spare else (math.inf, math.inf), processes, now)

    @staticmethod
    def _entered(window: SlidingWindow, now: float) -> tuple[int, int]:
        window.expire(now)
        return window.calls, window.tokens

    def _forget_before(self) -> None:
        """Let others count what was used before this process began."""
        for window, entries in zip(self._windows, self._before, strict=True):
            for entry in entries:
                window.remove(entry)
            entries.clear()
