"""The ledger of what processes were granted, in Redis: one script for an account, one for a budget.

Whoever asks waits for the network, at most a moment: never under the gate's lock, and never in a request's thread.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, TypedDict, cast

from services.llm.limits.windows import MINUTE_S
from utils.errors import AppError

# A script takes well under a millisecond: who answers so late is as good as away.
_TIMEOUT_S = 0.5
_PREFIX = "ltp"
# Who was not heard of for so long does not live.
ALIVE_S = 5.0
# What a process used counts for a minute; it may use what it holds for a moment after it was heard of last.
LATELY_S = MINUTE_S + ALIVE_S
# A ledger that knows nothing is told all by every process within that time: each looks for it every half second.
GATHER_S = 3.0
Asked = Mapping[str, object]


class LedgerAwayError(AppError):
    """Redis does not answer, or not as it should."""

    code = "ledger_away"
    retryable = True


class Living(NamedTuple):
    """How many processes live, and how many did within the last minute."""

    now: int
    lately: int


class AccountAnswer(TypedDict, total=False):
    """What `account.lua` answers; durations in seconds.

    `stale`: nothing was done, since the ledger began anew with `epoch`; `founded`: this request began it.
    `misses`: what somebody used in the last minute is not known, and will not be.
    `grant` is a block: id, calls, tokens, slots of hour and day. `used` has calls and tokens of minute, hour and day.
    """

    epoch: str
    turn: int
    stale: bool
    founded: bool
    why: str
    wait_s: float
    long_s: float
    grant: tuple[str, int, int, str, str]
    starts_s: float
    version: int
    learned: str
    gather_s: float
    misses: bool
    hold_s: float
    used: list[tuple[int, int]]


class BudgetAnswer(TypedDict, total=False):
    """What `budget.lua` answers; each pair has tokens and US dollars.

    `gathers`: nothing is granted yet, since others may not have told what they spent while the ledger was away.
    """

    epoch: str
    stale: bool
    founded: bool
    used: tuple[int, float]
    held: tuple[int, float]
    granted: tuple[int, float]
    fits: bool
    gathers: bool


class _Scripts(Protocol):
    """What is used of a client of `redis`."""

    def eval(self, script: str, numkeys: int, *keys_and_args: str) -> object: ...

    def evalsha(self, sha: str, numkeys: int, *keys_and_args: str) -> object: ...

    def script_load(self, script: str) -> object: ...


class Ledger:
    """Asks the scripts. Thread-safe, as the client is."""

    def __init__(self, url: str, timeout_s: float = _TIMEOUT_S, read: Callable[[str], str] | None = None) -> None:
        """Ask the Redis at *url*; connects when first asked. *read* returns the text of a script, by its name."""
        import redis  # who has no ledger does not pay for it
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        self._client = redis.Redis.from_url(
            url,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            # Another try would take as long again, and who waits for it is the one thread of all accounts.
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )
        self._error = redis.RedisError
        self._missing = redis.exceptions.NoScriptError
        self._shas: dict[str, str] = {}
        self._account, self._budget, self._live = map(read or read_script, ("account", "budget", "live"))

    def account(self, name: str, asked: Asked) -> AccountAnswer:
        """Ask the script of the account *name*; LedgerAwayError."""
        parts = ("state", "weights", "line", "minute", "hour", "day")
        keys = [f"{_PREFIX}:{{{name}}}:{part}" for part in parts]
        return cast("AccountAnswer", self._answer(self._account, keys, asked))

    def budget(self, day: str, asked: Asked) -> BudgetAnswer:
        """Ask the script of the budget of *day*; LedgerAwayError."""
        return cast("BudgetAnswer", self._answer(self._budget, [f"{_PREFIX}:budget:{day}"], asked))

    def live(self, process: str, is_gone: bool = False) -> Living:
        """Say that *process* lives, or that it goes; return how many live. LedgerAwayError."""
        keys, gone = [f"{_PREFIX}:live", f"{_PREFIX}:lately"], "gone" if is_gone else ""
        now, lately = cast("list[int]", self._run(self._live, keys, process, str(ALIVE_S), str(LATELY_S), gone))
        return Living(now, lately)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _answer(self, script: str, keys: Sequence[str], asked: Asked) -> object:
        try:
            return json.loads(str(self._run(script, keys, json.dumps(asked))))
        except ValueError as error:
            raise LedgerAwayError(f"Redis: no answer of ours ({error})") from error

    def _run(self, script: str, keys: Sequence[str], *arguments: str) -> object:
        client = cast("_Scripts", self._client)
        try:
            try:
                if script not in self._shas:
                    self._shas[script] = str(client.script_load(script))
                return client.evalsha(self._shas[script], len(keys), *keys, *arguments)
            except self._missing:  # Redis was restarted
                return client.eval(script, len(keys), *keys, *arguments)
        except (self._error, OSError) as error:
            raise LedgerAwayError(f"Redis: {error}") from error


def read_script(name: str) -> str:
    """Return the text of the script *name* beside this module."""
    return (Path(__file__).parent / f"{name}.lua").read_text(encoding="utf-8")
