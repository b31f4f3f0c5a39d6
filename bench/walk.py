"""How far one sample walks through the code: files, functions, changes of file, threads.

Counts with `sys.setprofile` what a batch of one sample enters: `start` from the request to the moment when a worker
takes the item, `sample` from there until it is stored, `end` until it lies in `train.parquet`. The service is
the real one, in this process; its vendor a simulated one on loopback.

Usage: python bench/walk.py [--files] [--edges]
"""

import re
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

_NOT_THE_PRODUCT = ("tests", "bench", ".venv")


PHASES = ("start", "sample", "end")
# What a worker does with one item: its call begins the sample, its return ends it.
_ITEM = ("services/batch/worker.py", "process")


class Phase:
    """What was entered in one phase. A change of file is a call from one file of ours into another."""

    def __init__(self) -> None:
        self.functions: set[CodeType] = set()
        self.files: dict[str, None] = {}  # in the order in which they were entered first
        self.edges: Counter[tuple[str, str]] = Counter()
        self.threads: set[str] = set()


class Walk:
    """The phases of one walk; `now` is the phase that counts, None while nothing does."""

    def __init__(self) -> None:
        self.phases = {name: Phase() for name in PHASES}
        self.now: Phase | None = None
        self._names: dict[str, str] = {}

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        """Note a call (`sys.setprofile`)."""
        if self.now is None or event not in ("call", "return"):
            return
        code = frame.f_code
        name = self._name(code.co_filename)
        if not name:
            return
        if (name, code.co_name) == _ITEM:
            self.now = self.phases["sample" if event == "call" else "end"]
        if event == "call":
            self._note(name, frame)

    def _note(self, name: str, frame: FrameType) -> None:
        # What the request's own thread does belongs to the start, however long it takes.
        phase = self.phases["start"] if threading.current_thread() is threading.main_thread() else self.now
        assert phase is not None
        phase.functions.add(frame.f_code)
        phase.files[name] = None
        phase.threads.add(re.sub(r"batch_\w+", "of the batch", threading.current_thread().name))
        caller = self._caller(frame)
        if caller and caller != name:
            phase.edges[caller, name] += 1

    def _caller(self, frame: FrameType) -> str:
        """Return the nearest file of ours below *frame*, or ""."""
        below = frame.f_back
        while below is not None:
            name = self._name(below.f_code.co_filename)
            if name:
                return name
            below = below.f_back
        return ""

    def _name(self, path: str) -> str:
        if path not in self._names:
            inside = (
                path.startswith(f"{ROOT}/")
                and path[len(str(ROOT)) + 1 :].split("/", maxsplit=1)[0] not in _NOT_THE_PRODUCT
            )
            self._names[path] = path[len(str(ROOT)) + 1 :] if inside else ""
        return self._names[path]


def walked() -> Walk:
    """Make one sample to warm up, and walk with the second."""
    walk = Walk()
    before = threading.getprofile(), sys.getprofile()
    threading.setprofile(walk)
    sys.setprofile(walk)
    try:
        _make(walk)
    finally:
        threading.setprofile(before[0])
        sys.setprofile(before[1])
    return walk


def main(arguments: list[str]) -> None:
    """Walk and print."""
    found = walked().phases
    everything = [path for path in ROOT.rglob("*.py") if path.relative_to(ROOT).parts[0] not in _NOT_THE_PRODUCT]
    print(f"{len(everything)} files in all\n{'':8}{'files':>10}{'functions':>10}{'changes':>10}{'threads':>10}")
    rows = [(name, [found[name]]) for name in PHASES] + [("together", list(found.values()))]
    for name, phases in rows:
        files = set().union(*(phase.files for phase in phases))
        functions = set().union(*(phase.functions for phase in phases))
        threads = set().union(*(phase.threads for phase in phases))
        changes = sum(phase.edges.total() for phase in phases)
        print(f"{name:8}{len(files):10}{len(functions):10}{changes:10}{len(threads):10}  {', '.join(sorted(threads))}")
    for name, phase in found.items():
        if "--files" in arguments:
            print(f"\n{name}", *phase.files, sep="\n  ")
        if "--edges" in arguments:
            print(f"\n{name}")
            for (caller, called), count in phase.edges.most_common():
                print(f"{count:6} {caller} -> {called}")


def _make(walk: Walk) -> None:
    from tests.fakes import catalog_without_limits, settings_for
    from tests.vendors.process import VendorProcess

    with tempfile.TemporaryDirectory() as name, VendorProcess("groq") as vendors:
        folder = Path(name)
        values = {"catalog_dir": catalog_without_limits(folder), **vendors.settings()}
        settings = settings_for(folder, **values)
        from api_server import create_app
        from bootstrap import build

        platform = build(settings)
        app = create_app(settings, platform)
        platform.start()
        client = app.test_client()
        try:
            _batch(client)
            time.sleep(1)
            walk.now = walk.phases["start"]
            _batch(client)
            walk.now = None
        finally:
            platform.close()


def _batch(client: Any) -> None:
    started = client.post(
        "/api/generate/batch/start", json={"count": 1, "provider": "groq", "difficulty": "basic"}
    ).get_json()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        threads = [thread for thread in threading.enumerate() if started["batch_id"] in thread.name]
        if not threads:
            return
        time.sleep(0.02)
    raise SystemExit(f"no end: {started}")


if __name__ == "__main__":
    main(sys.argv[1:])
