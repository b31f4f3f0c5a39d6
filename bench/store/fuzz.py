"""Feeds broken Parquet and JSON Lines files to the data set.

Usage: python bench/store/fuzz.py [files] [seed]    (default: 1000 1)

Each file must be taken in with a report, set aside untouched, or refused with a sentence;
the process must not end, the samples that were there must stay, and what was taken in
must be readable to the last row.
"""

import io
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import pyarrow as pa
import pyarrow.parquet as pq

from models.database import open_engine
from models.engines.writer import Writer
from models.samples.file.parquet_file import ParquetFile
from models.samples.sample_query import SampleQuery
from models.samples.sample_store import SampleStore
from models.samples.search.search_index import SearchIndex
from models.samples.statistics import detail, summarize
from services.dataset.import_service import ImportRequest, ImportService
from services.dataset.search_service import SearchRequest, SearchService
from services.formats.export_format import ExportOptions
from services.formats.exporters.json_lines import SPEC as JSONL
from utils.clock import ManualClock
from utils.errors import AppError

_KEPT = "kept"
_HUGE = "x" * 100_000
_TEXTS = ("", "plain", "é", "\x00", "𝔘", "y" * 3000, "a\u2028b", "=1", '"', "\ufeff", "null")


def parquet(draw: random.Random) -> bytes:
    """Return a Parquet file of odd columns."""
    rows = draw.choice((0, 1, 3, 40))
    kinds: list[Callable[[], pa.Array]] = [
        lambda: pa.array([draw.choice((None, *_TEXTS)) for _ in range(rows)], pa.string()),
        lambda: pa.array([_HUGE] * rows, pa.large_string()),
        lambda: pa.array([draw.randbytes(8) for _ in range(rows)], pa.binary()).view(pa.binary()),
        lambda: pa.array([draw.randbytes(4) for _ in range(rows)], pa.binary()).view(pa.string()),
        lambda: pa.array([draw.choice((None, draw.randrange(-(2**40), 2**40))) for _ in range(rows)], pa.int64()),
        lambda: pa.array([draw.choice((float("nan"), float("inf"), 1.5)) for _ in range(rows)]),
        lambda: pa.array([draw.choice((True, False, None)) for _ in range(rows)], pa.bool_()),
        lambda: pa.array([[draw.choice(_TEXTS)] for _ in range(rows)], pa.list_(pa.string())),
        lambda: pa.array([{"a": draw.random()} for _ in range(rows)], pa.struct([("a", pa.float64())])),
        lambda: pa.array([draw.randrange(2**40) for _ in range(rows)], pa.timestamp("us")),
        lambda: pa.nulls(rows),
        lambda: pa.array([draw.choice(_TEXTS) for _ in range(rows)], pa.string()).dictionary_encode(),
    ]
    names = [
        "id",
        "question",
        "answer",
        "topic",
        "difficulty",
        "case_citation",
        "reasoning",
        "created_at",
        "tokens_used",
    ]
    names += draw.choices(
        ["tags", "tags", "", "__row__", "position", "n", "key", "certain", "é", "x" * 300], k=draw.randrange(4)
    )
    draw.shuffle(names)
    if draw.random() < 0.01:  # very wide, and short
        rows = min(rows, 3)
        names += [f"c{n}" for n in range(10_000)]
        kinds = [lambda: pa.array(["x"] * rows, pa.string())]
    elif draw.random() < 0.5:
        names = names[: draw.randrange(1, len(names) + 1)]
    text = kinds[0]
    table = pa.table([(draw.choice(kinds) if draw.random() < 0.4 else text)() for _ in names], names=names)
    file = io.BytesIO()
    pq.write_table(
        table,
        file,
        compression=draw.choice(("none", "snappy", "zstd")),
        row_group_size=1000 if len(names) > 100 else draw.choice((1, 7, 1000)),
    )
    return file.getvalue()


def json_lines(draw: random.Random) -> bytes:
    """Return JSON Lines with odd values."""
    lines = []
    for _ in range(draw.randrange(1, 8)):
        row: dict[str, Any] = {
            "id": f"i{draw.randrange(10**6)}", "question": "q", "answer": "a", "topic": "A - B",
            "difficulty": "basic", "case_citation": "c", "reasoning": "r",
        }  # fmt: skip
        if draw.random() < 0.2:
            name = draw.choice([*row, "extra", "", "é", "tokens_used", "created_at", "_x"])
            row[name] = draw.choice((None, 1, -1.5, True, [], {"a": [1]}, 2**70, float("1e308"), *_TEXTS))
        line = json.dumps(row).encode()
        if draw.random() < 0.1:
            line = line.replace(b'"a"', draw.choice((b'"\\ud800"', b'"\xff"', b"NaN", b'"\x00"', b"1e999")))
        lines.append(line)
    return draw.choice((b"\n", b"\r\n", b"\n\n")).join(lines)


def broken(content: bytes, draw: random.Random) -> bytes:
    """Return *content* cut, flipped, lengthened or as it is."""
    what = draw.choice(("as it is", "cut", "flip", "flips", "zeros", "tail"))
    data = bytearray(content)
    if what == "cut":
        return content[: draw.randrange(len(content) + 1)]
    if what in ("flip", "flips") and data:
        for _ in range(1 if what == "flip" else draw.randrange(2, 40)):
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    if what == "zeros" and data:
        start = draw.randrange(len(data))
        data[start : start + 64] = bytes(len(data[start : start + 64]))
    if what == "tail":
        data += draw.randbytes(20)
    return bytes(data)


class Target:
    """A data set with one sample in its journal, which no broken file may cost."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        self.engine = open_engine(f"sqlite:///{folder / 'batches.db'}")
        self.writer = Writer(self.engine)
        self.writer.start()
        self.path = folder / "train.parquet"
        self.store = SampleStore(ParquetFile(self.path), self.engine, self.writer, self.clock)
        self.imports = ImportService(self.store, folder, self.clock)
        self.store.add(
            {
                **dict.fromkeys(("question", "answer", "case_citation", "reasoning"), "k"),
                "id": _KEPT,
                "topic": "A - B",
                "difficulty": "basic",
            }
        )

    def feed_parquet(self, content: bytes) -> str:
        """Put *content* in place of the file and use the data set in every way."""
        aside = self.path.with_name("next")
        aside.write_bytes(content)
        aside.replace(self.path)
        self.store.count()
        self.clock.advance(10)
        try:
            rows = list(self.store.walk())
        except AppError:
            # The footer was whole and a page is not: told at the read; a file that is whole again heals it.
            self.path.unlink(missing_ok=True)
            self.clock.advance(10)
            return "page unreadable"
        assert _KEPT in {row["id"] for row in rows}
        assert len({row["id"] for row in rows}) == len(rows) == self.store.count()
        assert all(row["topic"] and row["difficulty"] for row in rows)
        snapshot = self.store.snapshot()
        summarize(snapshot)
        detail(snapshot)
        SearchService(self.store, SearchIndex(self.path.parent / "none")).search(SearchRequest("plain"))
        list(
            JSONL.write(
                iter([snapshot.take(snapshot.index().collect()["position"])]), snapshot.columns, ExportOptions()
            )
        )
        for row in rows[:3]:
            assert self.store.get(row["id"])["id"] == row["id"]
            self.store.update(row["id"], {"answer": "changed"})
        self.store.find(SampleQuery(sort="difficulty", limit=2))
        self.store.fold()
        assert self.store.count() == len(rows)
        for row in rows[:3]:
            if row["id"] != _KEPT:
                self.store.delete(row["id"])
        self.store.update(_KEPT, {"answer": "back in the journal"})
        return "set aside" if len(rows) == 1 and content[:4] else "taken in"

    def feed_import(self, content: bytes, kind: str) -> str:
        """Import *content*; all of it or nothing."""
        before = self.store.count()
        with self.imports.received(io.BytesIO(content)) as path:
            try:
                result = self.imports.run(path, ImportRequest(format=kind, on_duplicate="skip"))
            except AppError:
                assert self.store.count() == before
                return "refused"
        assert self.store.count() == before + result["added"]
        return "imported"


def run(files: int, seed: int) -> Counter[str]:
    """Feed *files* files; return how often what happened."""
    draw, told = random.Random(seed), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        target = Target(Path(folder))
        for number in range(files):
            print(f"file {number}", file=sys.stderr)
            if number % 2:
                content = broken(json_lines(draw), draw)
                told[
                    f"jsonl {target.feed_import(content, draw.choice(('', '', 'jsonl', 'jsonl', 'json', 'csv')))}"
                ] += 1
            else:
                content = broken(parquet(draw), draw)
                (Path(folder) / "last").write_bytes(content)
                told[f"parquet {target.feed_parquet(content)}"] += 1
                if number % 10 == 0:
                    told[f"parquet {target.feed_import(content, 'parquet')}"] += 1
        target.writer.close()
        target.engine.dispose()
    return told


def main() -> None:
    """Run as many files as asked for."""
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(dict(run(files, int(sys.argv[2]) if len(sys.argv) > 2 else 1)))


if __name__ == "__main__":
    main()
