"""The blocks of calls and tokens that one process holds of an account, and which call uses which.

A block may be used until it ends. What it weighs in the ledger is what was used of it and what may be yet; once it
has ended, or is used up, what is left goes back, and it counts from its last call on.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from services.llm.limits.windows import Entry

# A row of `account.lua`: id, calls, tokens, both as told before, slots of hour and day, seconds ago.
Row = tuple[str, int, int, int, int, str, str, float]
# A call that has not left counts as of now; the ledger is told so often.
_RENEWED_S = 5.0


@dataclass(slots=True, eq=False)
class Block:
    """What one process may use of an account, from `starts` until `ends`, in seconds of its own monotonic clock.

    Attributes:
        calls, tokens: What is left.
        slots: Where it stands in the logs of hour and day; empty for nowhere.
        told: The calls and tokens that the ledger counts for it.
        unsent, unsettled: Its calls that have not left, and that have not come back.
        last_at: When the last of its calls left.
        is_changed: Whether the ledger should hear of it.
    """

    name: str
    calls: int
    tokens: int
    starts: float
    ends: float
    slots: tuple[str, str] = ("", "")
    told: tuple[int, int] = (0, 0)
    used_calls: int = 0
    used_tokens: int = 0
    unsent: int = 0
    unsettled: int = 0
    last_at: float = -math.inf
    is_closed: bool = False
    is_changed: bool = False

    def close(self, now: float) -> None:
        """Let nobody use it any more."""
        self.calls = self.tokens = 0
        self.ends = min(self.ends, now)
        self.is_closed = self.is_changed = True

    def row(self, now: float) -> Row:
        """Tell the ledger."""
        calls, tokens = self.used_calls + self.calls, self.used_tokens + self.tokens
        ago = -1.0
        if self.is_closed and (calls or tokens):
            ago = 0.0 if self.unsent else max(0.0, now - self.last_at)
        row = (self.name, calls, tokens, *self.told, *self.slots, ago)
        self.told, self.is_changed = (calls, tokens), False
        return row


@dataclass(slots=True)
class _Call:
    block: Block | None
    calls: int
    tokens: int
    sent: bool = False


@dataclass(slots=True)
class Blocks:
    """All blocks of one account. Not thread-safe: the gate holds the lock."""

    _blocks: list[Block] = field(default_factory=list)
    _calls: dict[Entry, _Call] = field(default_factory=dict)
    _renewed_at: float = -math.inf
    _count: int = 0

    def add(self, block: Block) -> None:
        """Hold *block*."""
        self._blocks.append(block)

    def wait_s(self, tokens: int, now: float) -> float:
        """Return the seconds until a call of *tokens* fits a block; inf when it fits none."""
        starts = [block.starts for block in self._blocks if _fits(block, tokens, now)]
        return max(0.0, min(starts, default=math.inf) - now)

    def take(self, entry: Entry, now: float) -> None:
        """Use a call; one that no block is held for stands for itself until it is told."""
        call = self._calls[entry] = _Call(None, 1, entry.tokens)
        for block in self._blocks:
            if block.starts <= now and _fits(block, entry.tokens, now):
                _join(block, call)
                block.calls -= 1
                block.tokens -= entry.tokens
                if not block.calls:
                    block.close(now)
                return

    def sent(self, entry: Entry, now: float) -> None:
        """The call leaves."""
        call = self._calls.get(entry)
        if call is None:
            return
        call.sent = True
        if call.block is not None:
            call.block.unsent -= 1
            call.block.last_at = now
            call.block.is_changed |= call.block.is_closed

    def settle(self, entry: Entry, calls: int, tokens: int) -> bool:
        """Count *calls* and *tokens* for it; say whether that is news for the ledger."""
        call = self._calls.get(entry)
        if call is None:
            return False
        block, more = call.block, (calls - call.calls, tokens - call.tokens)
        call.calls, call.tokens = calls, tokens
        if block is None or more == (0, 0):
            return False
        block.used_calls += more[0]
        block.used_tokens += more[1]
        block.is_changed = True
        return True

    def end(self, entry: Entry) -> None:
        """The call is over."""
        call = self._calls.pop(entry, None)
        if call is not None and call.block is not None:
            call.block.unsettled -= 1
            if not call.sent:
                call.block.unsent -= 1

    def close(self, now: float) -> None:
        """Use no block any more."""
        for block in self._blocks:
            block.close(now)

    def rows(self, now: float) -> list[Row]:
        """Return what the ledger should hear."""
        waits = now - self._renewed_at >= _RENEWED_S
        for block in self._blocks:
            if not block.is_closed and now >= block.ends:
                block.close(now)
            block.is_changed |= waits and block.is_closed and block.unsent > 0
        if waits:
            self._renewed_at = now
        rows = [block.row(now) for block in self._blocks if block.is_changed]
        self._blocks = [block for block in self._blocks if not block.is_closed or block.unsettled > 0]
        return rows

    def next_end(self) -> float:
        """Return when the next block ends; inf without any."""
        return min((block.ends for block in self._blocks if not block.is_closed), default=math.inf)

    @property
    def is_changed(self) -> bool:
        """Whether the ledger should hear of something."""
        return any(block.is_changed for block in self._blocks)

    @property
    def is_used(self) -> bool:
        """Whether a call is under way."""
        return bool(self._calls)

    def under_way(self) -> list[Entry]:
        """Return the calls that are not over."""
        return list(self._calls)

    def drop(self) -> None:
        """Hold no block any more; nobody knows what the ledger counts for them."""
        self._blocks = []
        for call in self._calls.values():
            call.block = None

    def whole(self, name: str, own: Iterable[Entry], width_s: float, now: float) -> list[Row]:
        """Return all calls of the last minute, *own*, for a ledger that may know nothing of them.

        Those that left within *width_s* stand in one row, and count from the last of them on.
        """
        self.drop()
        found: dict[int, Block] = {}
        for entry in own:
            slot = math.floor(entry.at / width_s) if entry.sent else -1
            if slot not in found:
                self._count += 1
                found[slot] = Block(f"{name}#{self._count}r", 0, 0, now, now, is_closed=True, is_changed=True)
            block, call = found[slot], self._calls.get(entry)
            if entry.sent:
                block.last_at = max(block.last_at, entry.at)
            if call is None:
                block.used_calls += entry.calls
                block.used_tokens += entry.tokens
            else:
                _join(block, call)
        self._blocks = list(found.values())
        return self.rows(now)


def _fits(block: Block, tokens: int, now: float) -> bool:
    return block.calls >= 1 and block.tokens >= tokens and now < block.ends


def _join(block: Block, call: _Call) -> None:
    call.block = block
    block.used_calls += call.calls
    block.used_tokens += call.tokens
    block.unsettled += 1
    block.unsent += not call.sent
