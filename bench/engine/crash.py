"""Kills the service at random moments of a running batch, hundreds of times, and counts what it cost.

    .venv/bin/python bench/engine/crash.py [kills]

Every second end is a SIGTERM. A batch runs on over the ends; when it is done, the next
one begins. Checked after each batch: exactly its target, no id twice, no item done
twice, every sample that was once told is still there; checked at the vendor: no more
calls than samples, refusals and calls in doubt.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.engine.common import finish, processes, service
from tests.e2e.server import RunningServer
from tests.vendors.process import VendorProcess

TARGET, WORKERS = 300, 8


class Run:
    """The kills so far and what was seen of them."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.kills = self.calls = self.made = self.doubts = 0
        self.seconds: list[float] = []
        self.told: set[str] = set()

    def end(self, server: RunningServer) -> None:
        """End the server one way or the other, at a random moment, and start it again."""
        time.sleep(self.draw.uniform(0.0, 0.4))
        self._look(server)
        if self.kills % 2:
            self.seconds.append(server.end())
        else:
            assert server.process
            if self.draw.random() < 0.3:  # the worker alone: its parent replaces it
                self.kill_worker(server)
            else:
                server.kill()
        self.kills += 1
        assert server.process
        if server.process.poll() is not None:
            server.start()
        self.wait(server)

    def _look(self, server: RunningServer) -> None:
        """Remember what the service has acknowledged."""
        try:
            self.told |= {row["id"] for row in server.get("data?limit=50")}
        except (requests.RequestException, ValueError, TypeError, KeyError):
            return

    @staticmethod
    def kill_worker(server: RunningServer) -> None:
        """Kill the worker alone; its parent replaces it."""
        os.kill(processes(server)[-1], signal.SIGKILL)

    @staticmethod
    def wait(server: RunningServer) -> None:
        """Wait until the service answers."""
        while True:
            try:
                if server.get("health")["status"] == "healthy":
                    return
            except (requests.RequestException, ValueError, KeyError):
                continue


def kill_again_and_again(kills: int) -> Run:
    """Run batches until there were enough ends; return what was seen.

    Raises:
        AssertionError: a promise was broken; says which.
    """
    run = Run(seed=7)
    with VendorProcess("groq") as vendors, service(vendors, max_workers=WORKERS) as server:
        vendors.set("groq", latency_s=0.05, latency_spread=0.5)
        while run.kills < kills:
            one_batch(run, kills, server, vendors)
            print(f"{run.kills} ends, {run.made} samples, {run.calls} calls, {run.doubts} in doubt", flush=True)
    return run


def one_batch(run: Run, kills: int, server: RunningServer, vendors: VendorProcess) -> None:
    """Run one batch over many ends and check what came of it."""
    wanted = {"count": TARGET, "provider": "groq", "allow_failover": False, "difficulty": "basic"}
    batch_id, before = server.post("generate/batch/start", **wanted)["batch_id"], run.kills
    while run.kills < kills and server.get(f"generate/batch/status?batch_id={batch_id}")["running"]:
        run.end(server)
    batch = finish(server, batch_id)
    ids = [row["id"] for row in server.get(f"batch/{batch_id}/samples")["samples"]]
    items = server.get(f"batches/{batch_id}/report")["report"]["items"]
    calls = vendors.stats("groq")["calls"] - run.calls
    assert (batch["status"], len(ids), len(set(ids)), items["done"]) == ("completed", TARGET, TARGET, TARGET), batch
    assert run.told <= {row["id"] for row in server.get("data")}, "a sample that was told is gone"
    assert calls <= TARGET + batch["in_doubt"], (calls, batch["in_doubt"])
    assert batch["in_doubt"] <= WORKERS * (run.kills - before), batch["in_doubt"]
    run.calls, run.made, run.doubts = run.calls + calls, run.made + TARGET, run.doubts + batch["in_doubt"]


def main(kills: int) -> None:
    """Print what was found."""
    run = kill_again_and_again(kills)
    print(f"{run.kills} ends: 0 lost, 0 twice; {run.calls - run.made} calls made again, of {run.doubts} in doubt")
    print(f"slowest end after SIGTERM: {max(run.seconds, default=0.0):.2f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
