"""Kills a process that changes a data set, again and again, and looks whether anything is lost.

Usage: [DATA_URL=…] python bench/store/crash.py [kills]    (default: 200)

With DATA_URL the samples lie in shards there, which are joined all the time.

The child adds, updates, deletes, imports and folds; it says in a pipe what it is about to
do and when that was acknowledged. After each kill -9 the parent opens what is left: every
acknowledged change must be there, the one that was under way wholly or not at all, the
file must open, and search and statistics must agree with a reading of every row.
"""

import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import polars as pl

from models.backups import agreement
from models.database import open_engine
from models.engines.writer import Writer
from models.samples.file.parquet_file import ParquetFile
from models.samples.sample_store import SampleStore
from models.samples.search.search_index import SearchIndex
from models.samples.shards.opening import open_shards
from models.samples.staged import StagedSamples
from models.samples.statistics import summarize
from models.schemas import new_sample
from services.dataset.search_service import SearchRequest, SearchService
from utils.clock import SystemClock

Model = dict[str, str]
_FORCED = 0.1
_KEYS, _WORDS = 60, ("alpha", "beta", "gamma", "delta")


class Parts:
    """The data set of a folder, opened as the service does, without a server."""

    def __init__(self, folder: Path) -> None:
        self.engine = open_engine(f"sqlite:///{folder / 'batches.db'}")
        self.writer = Writer(self.engine)
        self.writer.start()
        file = ParquetFile(folder / "train.parquet")
        file.prepare()
        address = os.environ.get("DATA_URL", "")
        if address:
            agreement.check(file.path, self.engine)
        files = open_shards(address, self.engine) if address else file
        self.store = SampleStore(files, self.engine, self.writer, SystemClock())
        # No row is too few for the index here.
        self.search = SearchService(self.store, SearchIndex(file.cache_folder / "search.db"), scan_rows=0)
        self.folder = folder

    def close(self) -> None:
        """End the writer."""
        self.writer.close()
        self.engine.dispose()

    def change(self, what: str, key: str, text: str) -> None:
        """Do one change; returns when it is acknowledged."""
        if what == "add":
            self.store.add(_sample(key, text))
        elif what == "update":
            self.store.update(key, {"answer": text})
        elif what == "delete":
            self.store.delete(key)
        else:
            staged = StagedSamples(self.folder / "parts", "replace")
            for name in _imported(key):
                staged.add(new_sample(_sample(name, text)).model_dump(exclude_none=True))
            staged.finish()
            # The way of large imports, though these are few.
            while self.store.folding.merge(staged) is None:
                pass
            staged.close()


def apply(model: Model, what: str, key: str, text: str) -> None:
    """Do the same change to *model*."""
    if what == "delete":
        model.pop(key, None)
    elif what == "import":
        model.update(dict.fromkeys(_imported(key), text))
    else:
        model[key] = text


def child(folder: Path, seed: int, held: str) -> None:
    """Change the data set until killed, telling every step."""
    draw = random.Random(seed)
    parts = Parts(folder)
    model = set(held.split())

    def loop(work: str) -> None:
        while True:
            if work == "fold":
                # What is forced leaves nothing of the versions before, so that a kill may hit their removal too.
                parts.store.fold(force=draw.random() < _FORCED)
                parts.store.folding.tidy()
            else:
                parts.search.update(lambda: False)
            time.sleep(draw.random() / 10)

    for work in ("fold", "index"):
        threading.Thread(target=loop, args=(work,), daemon=True).start()
    while True:
        key = f"k{draw.randrange(_KEYS)}"
        what = draw.choice(("update", "delete", "update", "import")) if key in model else draw.choice(("add", "import"))
        text = f"{draw.choice(_WORDS)} {draw.choice(_WORDS)} {draw.randrange(10**6)}"
        os.write(1, f"B\t{what}\t{key}\t{text}\n".encode())
        parts.change(what, key, text)
        os.write(1, b"A\n")
        touched = _imported(key) if what == "import" else [key]
        model = model - {key} if what == "delete" else model | set(touched)


def verify(folder: Path, models: list[Model]) -> Model:
    """Return which of *models* the data set equals; AssertionError when none."""
    parts = Parts(folder)
    try:
        rows = {row["id"]: row["answer"] for row in parts.store.walk()}
        matching = [model for model in models if model == rows]
        assert matching, f"lost or undone: {set(models[0].items()) ^ set(rows.items())}"
        assert parts.store.count() == summarize(parts.store.snapshot())["total"] == len(rows)
        for _ in range(2):
            for word in _WORDS:
                found = parts.search.search(SearchRequest(word, limit=1000))["results"]
                assert {row["id"] for row in found} == {key for key, text in rows.items() if word in text.split()}
            parts.search.update(lambda: False)
        if (folder / "train.parquet").exists():
            with (folder / "train.parquet").open("rb") as file:
                pl.read_parquet(file)
        return matching[0]
    finally:
        parts.close()


def kill_again_and_again(folder: Path, kills: int, seed: int = 1) -> dict[str, int]:
    """Return how many changes were acknowledged and how many were under way at a kill."""
    draw, model = random.Random(seed), Model()
    told = {"kills": 0, "acknowledged": 0, "under_way": 0}
    for number in range(kills):
        command = [sys.executable, __file__, "--child", str(folder), str(seed * 10_000 + number), " ".join(model)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
        assert process.stdout is not None
        lines = _until_killed(process, draw.uniform(0.05, 0.6))
        under_way: list[str] | None = None
        for line in lines:
            if line.startswith("B\t"):
                under_way = line.split("\t")[1:]
            elif under_way is not None:
                apply(model, *under_way)
                told["acknowledged"] += 1
                under_way = None
        candidates = [model]
        if under_way is not None:
            after = dict(model)
            apply(after, *under_way)
            candidates.append(after)
            told["under_way"] += 1
        model = dict(verify(folder, candidates))
        told["kills"] += 1
    return told


def _until_killed(process: "subprocess.Popen[bytes]", seconds: float) -> list[str]:
    """Read what *process* says, kill it *seconds* after its first word, and return all whole lines."""
    assert process.stdout is not None
    handle, said = process.stdout.fileno(), b""
    deadline: float | None = None
    while deadline is None or time.monotonic() < deadline:
        ready, _, _ = select.select([handle], [], [], 0.05 if deadline else 30)
        if ready:
            piece = os.read(handle, 65536)
            assert piece, "the child ended by itself"
            said += piece
        deadline = deadline or time.monotonic() + seconds
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    while piece := os.read(handle, 65536):
        said += piece
    process.stdout.close()
    return said.decode().rpartition("\n")[0].split("\n")


def _imported(key: str) -> list[str]:
    return [key, f"{key}-one", f"{key}-two"]


def _sample(key: str, text: str) -> dict[str, object]:
    return {
        "id": key,
        "question": "What is it?",
        "answer": text,
        "topic": "Contract Law - Formation of Contracts",
        "difficulty": "basic",
        "case_citation": "Fisher v Bell [1961] 1 QB 394",
        "reasoning": "Step 1: so it is",
    }


def main() -> None:
    """Run as parent or child."""
    if sys.argv[1:2] == ["--child"]:
        child(Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as folder:
        print(kill_again_and_again(Path(folder), kills))


if __name__ == "__main__":
    main()
