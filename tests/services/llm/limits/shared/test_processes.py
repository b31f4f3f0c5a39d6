"""Four real processes, a real Redis, one account: in real time, with a minute of two seconds."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from config import PROJECT_DIR
from tests.patience import PATIENCE_S, until
from tests.redis_server import RedisServer

SPAN_S, PROCESSES = 2.0, 4
STATE = "ltp:{p/m}:state"


@dataclass
class Crowd:
    """What the processes sent together, oldest first: when, and how many tokens."""

    sent: list[tuple[float, int]]
    by_process: list[int]

    def worst(self, weigh_tokens: bool) -> int:
        """Return the most that left within the span."""
        first = total = most = 0
        for at, tokens in self.sent:
            total += tokens if weigh_tokens else 1
            while self.sent[first][0] <= at - SPAN_S:
                total -= self.sent[first][1] if weigh_tokens else 1
                first += 1
            most = max(most, total)
        return most

    @property
    def lasted_s(self) -> float:
        return self.sent[-1][0] - self.sent[0][0]


class Processes:
    """Starts them, and reads what they did."""

    def __init__(self, server: RedisServer, folder: Path, calls: int, tokens: int, seconds: float) -> None:
        self._files = [folder / f"{number}.json" for number in range(PROCESSES)]
        wanted = [server.url, str(SPAN_S), str(calls), str(tokens), str(seconds)]
        command = [sys.executable, "-m", "tests.services.llm.limits.shared.hammering", *wanted]
        self._started = [subprocess.Popen([*command, str(file)], cwd=PROJECT_DIR) for file in self._files]

    @property
    def is_one_over(self) -> bool:
        return any(process.poll() is not None for process in self._started)

    def done(self) -> Crowd:
        for process in self._started:
            assert process.wait(PATIENCE_S) == 0
        each = [json.loads(file.read_text())["sent"] for file in self._files]
        return Crowd(sorted((at, tokens) for sent in each for at, tokens in sent), [len(sent) for sent in each])

    def end(self) -> None:
        for process in self._started:
            process.kill()
            process.wait()


@pytest.fixture
def own_redis(redis_server: RedisServer) -> Iterator[RedisServer]:
    yield redis_server
    redis_server.kill()
    redis_server.start()


def turns(server: RedisServer) -> int:
    """Return how often the ledger was asked."""
    return int(server.client.hget(STATE, "turn") or 0)


@pytest.mark.parametrize(("calls", "tokens"), [(160, 10**8), (10**6, 120_000)], ids=["requests", "tokens"])
def test_four_processes_use_a_limit_to_the_full_and_never_more(
    redis_server: RedisServer, tmp_path: Path, calls: int, tokens: int
) -> None:
    processes = Processes(redis_server, tmp_path, calls, tokens, 8.0)
    try:
        crowd = processes.done()
    finally:
        processes.end()

    used = sum(tokens for _, tokens in crowd.sent) / tokens if tokens < 10**8 else len(crowd.sent) / calls
    assert crowd.worst(weigh_tokens=False) <= calls
    assert crowd.worst(weigh_tokens=True) <= tokens
    assert used >= 0.9 * crowd.lasted_s / SPAN_S
    assert min(crowd.by_process) > 0


def test_redis_that_is_killed_and_starts_empty_opens_no_fresh_minute(own_redis: RedisServer, tmp_path: Path) -> None:
    processes = Processes(own_redis, tmp_path, 160, 10**8, 12.0)
    try:
        until(lambda: turns(own_redis) > 400 or processes.is_one_over)
        own_redis.kill()
        own_redis.start()
        until(lambda: turns(own_redis) > 100 or processes.is_one_over)
        assert not processes.is_one_over
        crowd = processes.done()
    finally:
        processes.end()

    assert crowd.worst(weigh_tokens=False) <= 160
    assert min(crowd.by_process) > 0
