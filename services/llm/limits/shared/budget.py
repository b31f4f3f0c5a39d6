"""The day's budget of the service, kept together by all processes.

Each sets aside in the ledger what a few of its calls may take, and reserves calls from that; what was spent, and what
is not used, is told soon. Without the ledger each goes on with its share of what nobody had spent or set aside, so the
budget is never exceeded. Not thread-safe: the gate holds the lock.
"""

import math
from collections.abc import Callable

from services.llm.limits.budget import DailyBudget, Room
from services.llm.limits.shared.ledger import GATHER_S, Asked, BudgetAnswer
from utils.clock import Clock

# Tokens and US dollars.
Pair = tuple[float, float]
# Reads what all processes spent today.
Spent = Callable[[], Pair]
_CALLS = 8
_TELL_S, _LOOK_S = 0.25, 1.0
# What the ledger refused is asked again after so long.
_REFUSED_S = 1.0
_NOTHING: Pair = (0.0, 0.0)


class SharedBudget(DailyBudget):
    """A day's budget that holds in sum. What `tokens` and `cost_usd` say is of all processes, as last known."""

    def __init__(self, name: str, clock: Clock, process: str, past: Spent | None, wake: Callable[[], None]) -> None:
        """Share the budget *name*.

        Args:
            name: How the user calls it, for the message.
            clock: Says which day it is (UTC).
            process: The name of this process, which no other has.
            past: Reads what all processes spent today, for a ledger that knows nothing; None where nobody knows.
            wake: Has the ledger asked.
        """
        super().__init__(name, clock)
        self.past = past
        self._process, self._wake = process, wake
        self._epoch = ""
        self._free: Pair = _NOTHING  # set aside, and not reserved
        self._parked: Pair | None = None  # free, while it is asked whether the ledger is there again
        self._own: Pair = _NOTHING  # spent since the ledger began
        self._own_heard: Pair = _NOTHING
        self._asked: tuple[Pair, Pair] = (_NOTHING, _NOTHING)  # spent and held, as told last
        self._need: Pair | None = None
        self._asked_need: Pair | None = None
        self._refused: tuple[Pair, Room] | None = None
        self._set_aside, self._growth = _NOTHING, _NOTHING  # by all, and how much more between two answers
        self._processes = 1
        self._is_away = self._was_away = self._is_used = self._is_changed = False
        self._asked_at = self._refused_at = -math.inf

    # --- a call --------------------------------------------------------------------------

    def room(self, tokens: int, cost_usd: float | None) -> Room:
        """Say whether a call fits into what is set aside; WAIT while the ledger is asked for more."""
        self._turn()
        if self.max_cost_usd is not None and cost_usd is None:
            return Room.NO
        wanted = (float(tokens), cost_usd or 0.0)
        if self._fits(wanted, self._free):
            return Room.YES
        if self._is_away:
            held = (self._reserved_tokens + self._free[0], self._reserved_usd + self._free[1])
            return Room.WAIT if self._reserved_tokens > 0 and self._fits(wanted, held) else Room.NO
        if self._refused is not None and self._clock.monotonic() - self._refused_at < _REFUSED_S:
            refused, room = self._refused
            if wanted[0] >= refused[0] and wanted[1] >= refused[1]:
                return room
        if self._need is None:
            self._need = wanted
            self._wake()
        return Room.WAIT

    def reserve(self, tokens: int, cost_usd: float | None) -> None:
        """Take what a call may need from what is set aside."""
        super().reserve(tokens, cost_usd)
        self._free = (self._free[0] - tokens, self._free[1] - (cost_usd or 0.0))
        self._is_used = True

    def settle(self, tokens: int, cost_usd: float | None, used_tokens: int, used_usd: float | None) -> None:
        """Count what was used; the rest of what was reserved goes back to all."""
        super().settle(tokens, cost_usd, used_tokens, used_usd)
        self._own = (self._own[0] + used_tokens, self._own[1] + (used_usd or 0.0))
        if self._is_away:
            rest = (tokens - used_tokens, (cost_usd or 0.0) - (used_usd or 0.0))
            self._free = (self._free[0] + rest[0], self._free[1] + rest[1])
        self._is_changed = True

    # --- what the keeper carries ---------------------------------------------------------

    def due_s(self, now: float) -> float:
        """Return the seconds until the ledger should be asked; inf when nothing is limited."""
        if self.max_tokens is None and self.max_cost_usd is None:
            return math.inf
        if self._is_away or self._need is not None:
            return 0.0
        return max(0.0, self._asked_at + (_TELL_S if self._is_changed else _LOOK_S) - now)

    def request(self, now: float) -> tuple[str, Asked]:
        """Return which day (UTC) the ledger should be asked about, and what."""
        self._turn()
        if self._is_away:
            self._parked, self._free, self._is_away = self._free, _NOTHING, False
        elif not self._is_used and self._need is None:
            self._free = _NOTHING
        self._asked_at, self._asked_need, self._is_changed, self._is_used = now, self._need, False, False
        held = (self._reserved_tokens + max(0.0, self._free[0]), self._reserved_usd + max(0.0, self._free[1]))
        self._asked = (self._own, held)
        most = (self.max_tokens, self.max_cost_usd)
        wants = [] if self._need is None else [tuple(_CALLS * part for part in self._need), self._need]
        return self._day.isoformat(), {
            "process": self._process,
            "epoch": self._epoch,
            "spent": self._own,
            "held": held,
            "most": [-1 if limit is None else limit for limit in most],
            "wants": wants,
            "was_away": self._was_away,
            "gather_s": GATHER_S,
        }

    def introduce(self, answer: BudgetAnswer, past: Pair | None, now: float) -> tuple[str, Asked]:
        """Return what a ledger that began anew should be told; *past* when this process has to begin it."""
        if answer["founded"]:
            day, asked = self.request(now)
            return day, {**asked, "before": past or _NOTHING}
        if self.past is not None:  # what was heard is in the tables
            self._own = (self._own[0] - self._own_heard[0], self._own[1] - self._own_heard[1])
        self._was_away |= bool(self._epoch)  # it was emptied
        self._epoch, self._own_heard = answer["epoch"], _NOTHING
        return self.request(now)

    def last_request(self, now: float) -> tuple[str, Asked]:
        """Return what the ledger should hear before this process ends: what is not spent goes back."""
        self._free, self._need = _NOTHING, None
        return self.request(now)

    def answered(self, answer: BudgetAnswer, now: float) -> None:
        """Take over what the ledger answered to the last request."""
        (own_then, held_then), granted = self._asked, answer["granted"]
        used, held = answer["used"], answer["held"]
        others = [used[unit] + held[unit] - held_then[unit] + self._own[unit] - own_then[unit] for unit in (0, 1)]
        self.tokens, self.cost_usd = math.ceil(others[0]), max(0.0, others[1])
        self._free = (self._free[0] + granted[0], self._free[1] + granted[1])
        self._own_heard, self._parked, self._refused = own_then, None, None
        total = (used[0] + held[0], used[1] + held[1])
        self._growth = (max(0.0, total[0] - self._set_aside[0]), max(0.0, total[1] - self._set_aside[1]))
        self._set_aside = total
        self._was_away, wanted = False, self._asked_need
        if wanted is not None and not answer["fits"]:
            is_never = not self._fits((used[0] + wanted[0], used[1] + wanted[1]), self._most()) or max(held) <= 0.0
            room = Room.NO if is_never and not answer["gathers"] else Room.WAIT
            self._refused, self._refused_at = (wanted, room), now
        if self._need is wanted:
            self._need = None

    def lost(self, processes: int, now: float) -> None:
        """Go on without the ledger, with this process's share of what was free *now*."""
        if self._is_away:
            return
        self._is_away = self._was_away = True
        self._need, self._refused, self._processes = None, None, processes
        if self._parked is not None:
            self._free, self._parked = self._parked, None
            return
        gone = (self.tokens + self._reserved_tokens, self.cost_usd + self._reserved_usd)
        rows = zip(self._most(), gone, self._free, self._growth, strict=True)
        # The others may have been granted more since the last answer than it says.
        left = [free + max(0.0, most - away - free - 2 * growth) / processes for most, away, free, growth in rows]
        self._free = (left[0], left[1])

    # --- inside --------------------------------------------------------------------------

    def _turn(self) -> None:
        before = self._day
        super()._turn()
        if self._day != before:
            self._epoch, self._own, self._own_heard, self._refused = "", _NOTHING, _NOTHING, None
            most = self._most()
            self._free = (most[0] / self._processes, most[1] / self._processes) if self._is_away else _NOTHING
            self._parked, self._set_aside, self._growth = None, _NOTHING, _NOTHING

    def _most(self) -> Pair:
        return (
            math.inf if self.max_tokens is None else self.max_tokens,
            math.inf if self.max_cost_usd is None else self.max_cost_usd,
        )

    def _fits(self, wanted: Pair, room: Pair) -> bool:
        limits = (self.max_tokens, self.max_cost_usd)
        return all(limit is None or need <= has for limit, need, has in zip(limits, wanted, room, strict=True))
