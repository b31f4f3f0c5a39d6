"""Clients that drop at random and resume, a service that is killed under them: is anything lost, doubled, not counted?

`.venv/bin/python -m bench.assistant.drops [RUNS] [DROPS] [KILLS]`. A vendor in this process says sixty words to each
stream. First RUNS streams with DROPS broken connections in all; then KILLS more whose service is killed in mid-stream.
"""

import random
import sys
import tempfile
from pathlib import Path

from tests.e2e.server import RunningServer
from tests.e2e.test_runs import CHAT, Client, Event
from tests.services.streams.house import words
from tests.vendors.dripping import DrippingVendor

_WORDS = [f"word{number} " for number in range(60)]


def dropping(server: RunningServer, drops: int, drawn: random.Random) -> tuple[bool, int]:
    """Follow one run with *drops* broken connections; say whether all came once, and how often it dropped."""
    client = Client(server.port, "POST", "chat/completions", CHAT)
    run_id = client.headers["x-run-id"]
    got: list[tuple[int, Event]] = []
    dropped = 0
    while not got or got[-1][1]["type"] != "done":
        left = drawn.randint(0, 14) if dropped < drops else 1_000
        for event in client.events():
            got.append(event)
            left -= 1
            if left < 0:
                break
        client.drop()
        dropped += left < 0
        client = Client(server.port, "GET", f"runs/{run_id}/events", last=got[-1][0])
    client.drop()
    stored = server.get(f"runs/{run_id}")["run"]
    numbers = [number for number, _ in got]
    is_whole = words(got) == stored["result"]["response"] == "".join(_WORDS)
    return is_whole and numbers == list(range(1, len(numbers) + 1)) and stored["events"] == len(got), dropped


def killed(server: RunningServer, drawn: random.Random) -> bool:
    """Kill the service under a run; say whether its client gets an error behind what it saw, and all is counted."""
    before = server.get("usage")["total"]["completion_tokens"]
    client = Client(server.port, "POST", "chat/completions", CHAT)
    run_id, left, got = client.headers["x-run-id"], drawn.randint(4, 40), []
    for event in client.events():
        got.append(event)
        left -= 1
        if left < 0:
            break
    server.kill()
    server.start()
    rest = list(Client(server.port, "GET", f"runs/{run_id}/events", last=got[-1][0]).events())
    numbers = [number for number, _ in [*got, *rest]]
    counted = server.get("usage")["total"]["completion_tokens"] - before
    is_once = numbers == list(range(1, len(numbers) + 1)) and rest[-1][1]["type"] == "error"
    return is_once and counted == -(-len(words([*got, *rest])) // 4) > 0


def measure(runs: int, drops: int, kills: int) -> None:
    drawn = random.Random(7)
    settings = {"openai_api_key": "k", "embedder": "off", "rate_limit": "off"}
    with (
        DrippingVendor(_WORDS, 0.004) as vendor,
        tempfile.TemporaryDirectory() as folder,
        RunningServer(Path(folder), openai_base_url=vendor.url, **settings) as server,
    ):
        whole = made = 0
        for number in range(runs):
            is_whole, dropped = dropping(server, drops // runs + (number < drops % runs), drawn)
            whole, made = whole + is_whole, made + dropped
        print(f"{runs} runs, {made} connections dropped: {whole} whole and each event once")
        right = sum(killed(server, drawn) for _ in range(kills))
        print(f"{kills} kills in mid-stream: {right} ended in an error behind what was seen, what arrived counted")


if __name__ == "__main__":
    measure(*(int(number) for number in [*sys.argv[1:], *("50", "200", "20")[len(sys.argv) - 1 :]][:3]))
