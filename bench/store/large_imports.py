"""Imports large files of each kind, and changes many samples at once: seconds, CPU, memory.

Usage: python bench/store/large_imports.py [megabytes]    (default: 100)

The real server over HTTP; memory is the worker's highest during the request, above what it had before.
"""

import gzip
import io
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import openpyxl
import orjson

from bench.engine.common import cpu_s, processes
from bench.store.hostile_imports import SETTINGS, highest_mib
from tests.e2e.server import RunningServer

_TEXT = "The court held that a duty of care was owed, and that it was broken. " * 30
_CHANGED = 10_000


def rows(count: int) -> Iterator[dict[str, Any]]:
    """Yield samples of some 2,000 characters."""
    for n in range(count):
        yield {
            "id": f"s{n}", "question": f"What of case {n}?", "answer": f"{n} {_TEXT}", "topic": "Tort Law - Negligence",
            "difficulty": "basic", "case_citation": "None", "reasoning": "r",
        }  # fmt: skip


def csv_of(count: int) -> bytes:
    """Return a table of *count* samples."""
    head = "id,question,answer,topic,difficulty,case_citation,reasoning\n"
    return (head + "".join(",".join(f'"{cell}"' for cell in row.values()) + "\n" for row in rows(count))).encode()


def workbook_of(count: int) -> bytes:
    """Return a workbook of *count* samples."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Samples")
    sheet.append(list(next(rows(1))))
    for row in rows(count):
        sheet.append(list(row.values()))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def measured(server: RunningServer, what: str, call: Callable[[], Any]) -> Any:
    """Print what *call* took, and return its answer."""
    for pid in processes(server):
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # the highest begins anew
    before_mib, before_s, started = highest_mib(server), cpu_s(server), time.monotonic()
    answer = call().json()
    took_s, used_s = time.monotonic() - started, cpu_s(server) - before_s
    said = answer.get("error") or {name: answer[name] for name in ("checked", "changed", "restored") if name in answer}
    print(
        f"{what}: {took_s:.2f} s, {used_s:.2f} s of CPU, +{highest_mib(server) - before_mib:.0f} MiB: {said}",
        flush=True,
    )
    return answer


def run(server: RunningServer, megabytes: int) -> None:
    """Send each file as a dry run, then change many samples."""
    count = megabytes * 1_000_000 // len(orjson.dumps(next(rows(1))))
    table = csv_of(count)
    files = {
        "in.csv": table,
        "in-utf-16.csv": table.decode().encode("utf-16"),
        "in.csv.gz": gzip.compress(table, 1),
        "in.jsonl": b"\n".join(map(orjson.dumps, rows(count))),
        "in.json": b'{"data": ' + orjson.dumps(list(rows(count))) + b"}",
        "in.xlsx": workbook_of(count),
        "bomb.csv.gz": gzip.compress(b"question,answer\n" + bytes(1000 << 20)),
    }

    def send(name: str, dry_run: str) -> Callable[[], Any]:
        url = f"{server.url}/import?dry_run={dry_run}"
        return lambda: server.session.post(url, files={"file": (name, files[name])}, timeout=600)

    def bulk(path: str, **body: Any) -> Callable[[], Any]:
        return lambda: server.session.post(f"{server.url}/samples/bulk{path}", json=body, timeout=600)

    for name, content in files.items():
        measured(server, f"{name}, {len(content) / 1e6:.0f} MB", send(name, "true"))
    files["some.jsonl"] = b"\n".join(map(orjson.dumps, rows(_CHANGED)))
    measured(server, f"{_CHANGED:,} samples taken in", send("some.jsonl", "false"))
    edit = measured(server, "edited", bulk("", filter={"all": True}, set={"difficulty": "expert"}))
    measured(server, "undone", bulk("/undo", undo=edit["undo"]))
    deleted = measured(server, "deleted", bulk("", filter={"all": True}, delete=True))
    measured(server, "undone", bulk("/undo", undo=deleted["undo"]))


def main() -> None:
    """Start a server and measure."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-large-") as folder,
        RunningServer(Path(folder), **SETTINGS) as server,
    ):
        run(server, int(sys.argv[1]) if len(sys.argv) > 1 else 100)


if __name__ == "__main__":
    main()
