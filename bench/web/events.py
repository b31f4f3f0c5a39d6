"""How soon the page of a batch shows what happened, and what it costs: `python -m bench.web.events [SAMPLES] [ROUNDS]`.

A batch is written by a simulated vendor that takes 0.2 s an answer, one call at a time, while a reader without a
browser follows `/api/generate/batch/stream`. Delay: from the moment at which that reader has a new number of samples to
the one at which the page of the batch in a real Chromium shows it or a higher one, seen by a MutationObserver; both by
the clock of the machine. Below zero: the page was told first. Each round makes the batch once without and once with the
page; the server's CPU time of the two, apart, is what the page costs.
"""

import json
import statistics
import sys
import tempfile
import threading
import time
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from bench.assistant.streams import cpu_s, percentile, worker_of
from tests.e2e.server import BUSY_S, RunningServer
from tests.e2e.web.browser import CHROMIUM
from tests.fakes import catalog_without_limits
from tests.vendors.simulator import SimulatedVendor

_ANSWER_S = 0.2
_WATCH = """() => {
  window.shown = [];
  const look = () => {
    const count = parseInt(document.querySelector('#batch-now strong').textContent);
    if (!shown.length || shown.at(-1)[1] !== count) shown.push([Date.now() / 1000, count]);
  };
  new MutationObserver(look).observe(document.body, {childList: true, subtree: true, characterData: true});
}"""


class Reader(threading.Thread):
    """Notes when the service's own stream tells a new number of samples of any batch but those known before."""

    def __init__(self, server: RunningServer) -> None:
        super().__init__(name="reader", daemon=True)
        self._port = server.port
        self.told: dict[str, list[tuple[float, int]]] = {}
        self.ended: dict[str, threading.Event] = {}
        self.listens = threading.Event()

    def run(self) -> None:
        """Read until the server ends."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=BUSY_S)
        connection.request("GET", "/api/generate/batch/stream")
        with suppress(OSError, HTTPException), connection.getresponse() as response:
            while line := response.readline():
                now = time.time()
                self.listens.set()
                if line.startswith(b"data: "):
                    self._take(json.loads(line[6:]), now)

    def end_of(self, batch_id: str) -> threading.Event:
        """Return what is set when the batch has ended."""
        return self.ended.setdefault(batch_id, threading.Event())

    def _take(self, message: dict[str, object], now: float) -> None:
        batch = message.get("batch")
        if not isinstance(batch, dict):
            return
        seen = self.told.setdefault(batch["batch_id"], [])
        if batch["progress"] and (not seen or seen[-1][1] < batch["progress"]):
            seen.append((now, batch["progress"]))
        if batch["status"] in ("completed", "stopped", "failed"):
            self.end_of(batch["batch_id"]).set()


def made(
    server: RunningServer, reader: Reader, samples: int, browser: Browser | None
) -> tuple[list[float], int, float]:
    """Make a batch; return the delays in seconds, the numbers that the page showed, and the server's CPU time."""
    worker = worker_of(server)
    before = cpu_s(worker)
    body = {"count": samples, "difficulty": "basic", "provider": "groq", "allow_failover": False}
    batch_id = str(server.post("generate/batch/start", **body)["batch_id"])
    shown: list[tuple[float, int]] = []
    if browser is not None:
        page = browser.new_page()
        page.goto(f"{server.url.removesuffix('/api')}/ui/batches/{batch_id}")
        page.evaluate(_WATCH)
        page.wait_for_function("count => window.shown.at(-1)?.[1] >= count", arg=samples, timeout=samples * 5000)
        shown = [(float(at), int(count)) for at, count in page.evaluate("window.shown")]
    assert reader.end_of(batch_id).wait(BUSY_S + samples), "the batch did not end"
    spent = cpu_s(worker) - before
    if browser is not None:
        page.close()
    # What happened before the page listened cannot be late on it.
    told = [(at, count) for at, count in reader.told[batch_id] if shown and at > shown[0][0]]
    return [next(seen for seen, number in shown if number >= count) - at for at, count in told], len(shown), spent


def main() -> None:
    """Run it from the command line."""
    samples, rounds = (int(text) for text in [*sys.argv[1:], "120", "2"][:2])
    delays: list[float] = []
    shown, alone_s, with_page_s = 0, 0.0, 0.0
    with (
        tempfile.TemporaryDirectory() as name,
        SimulatedVendor("groq", ["openai/gpt-oss-120b"]) as vendor,
        RunningServer(
            Path(name),
            catalog_dir=catalog_without_limits(Path(name)),
            groq_api_key="gsk_test_0123456789",
            groq_base_url=vendor.url,
            max_workers=1,
            rate_limit="off",
        ) as server,
        sync_playwright() as playwright,
    ):
        vendor.set(latency_s=_ANSWER_S)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        reader = Reader(server)
        reader.start()
        assert reader.listens.wait(BUSY_S)
        made(server, reader, 5, browser)  # what is loaded at the first call stays
        for _ in range(rounds):
            alone_s += made(server, reader, samples, None)[2]
            late, numbers, spent = made(server, reader, samples, browser)
            delays, shown, with_page_s = delays + late, shown + numbers, with_page_s + spent
        browser.close()
    print(
        f"{len(delays)} events, {shown} numbers shown: median {statistics.median(delays) * 1000:.0f} ms,"
        f" p95 {percentile(delays, 0.95) * 1000:.0f}, highest {max(delays) * 1000:.0f},"
        f" lowest {min(delays) * 1000:.0f}; {sum(late < 0 for late in delays)} told to the page first"
    )
    print(
        f"server's CPU: {alone_s / rounds / samples * 1000:.1f} ms a sample without the page,"
        f" {with_page_s / rounds / samples * 1000:.1f} with it;"
        f" {(with_page_s - alone_s) / max(shown, 1) * 1000:.1f} ms a number shown"
    )


if __name__ == "__main__":
    main()
