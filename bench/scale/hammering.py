"""One real process that uses an account as fast as it may: `python -m … URL SPAN CALLS TOKENS SECONDS OUT`.

It writes when each call left, by the clock that all processes of a machine share, how many tokens it used, and the
processor time that it took.
"""

import json
import random
import sys
import threading
import time
from pathlib import Path

from services.catalogue.catalogue import ModelInfo, ProviderInfo
from services.llm.limits.concurrency import ConcurrencyLimit
from services.llm.limits.gate import Ask, Gate, Need
from services.llm.limits.meter import Learned
from services.llm.limits.rate_limiter import RateLimiter
from services.llm.limits.shared.keeper import SharedLimits
from services.llm.limits.shared.ledger import Ledger
from services.llm.routing.router import Router, Target
from utils.cancellation import CancelToken
from utils.clock import SystemClock
from utils.errors import CancelledError

THREADS, ANSWER_S = 8, 0.02
_NEVER = threading.Event()


def hammer(url: str, span_s: float, calls: int, tokens: int, seconds: float) -> dict[str, object]:
    """Use *calls* and *tokens* in *span_s*; without *url* alone. Answers take 20 ms."""
    row = {
        "id": "p",
        "name": "p",
        "adapter": "groq",
        "base_url": "http://p",
        "default_model": "m",
        "limit_scope": "model",
    }
    provider = ProviderInfo.model_validate({**row, "requests_per_minute": 1, "tokens_per_minute": 1})
    target = Target(provider, ModelInfo(provider="p", id="m", context_window=100_000))
    clock, limiter, stopped = SystemClock(), RateLimiter(ConcurrencyLimit(64)), CancelToken()
    limiter.minute.span_s = span_s
    limiter.tell("requests", calls)
    limiter.tell("tokens", tokens)
    limiter.recall({"tokens": Learned(1.0, None, True)})  # a vendor that does not count by the second
    limiter.calls.rate, limiter.tokens.rate = calls / span_s, tokens / span_s
    gate = Gate(Router(clock), lambda _: limiter, clock)
    shared = SharedLimits(Ledger(url), clock) if url else None
    if shared is not None:
        shared.bind(gate)
        shared.lease("p/m", limiter)
    ends = time.monotonic() + seconds
    threading.Timer(seconds, stopped.cancel).start()
    sent: list[tuple[float, int]] = []

    def work(number: int) -> None:
        drawn = random.Random(number)
        while time.monotonic() < ends:
            most = drawn.randint(500, 1500)
            try:
                permit = gate.enter(Ask("f", [[target]], lambda _: Need(most, 0, most, None)), stopped)  # noqa: B023  # it is called at once
            except CancelledError:
                return
            gate.sent(permit)
            used = round(most * drawn.uniform(0.6, 1.0))
            sent.append((time.monotonic(), used))
            _NEVER.wait(ANSWER_S)
            gate.settle(permit, used, used, None)

    began = time.process_time()
    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if shared is not None:
        shared.close()
    return {"cpu_s": time.process_time() - began, "sent": sent}


if __name__ == "__main__":
    of_redis, span, most_calls, most_tokens, lasts, out = sys.argv[1:]
    told = hammer(of_redis, float(span), int(most_calls), int(most_tokens), float(lasts))
    Path(out).write_text(json.dumps(told))
