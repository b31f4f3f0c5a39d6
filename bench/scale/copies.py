"""What it costs that each machine searches a copy of the library that PostgreSQL has.

.venv/bin/python -m bench.scale.copies FOLDER [--documents 100] [--chunks 1000]

PostgreSQL is started by the bench, with fsync off. Documents of so many chunks of 120 words, with vectors of 384 half
floats, are kept by one machine; another, with a folder of its own, catches up after each, then a third makes its first
copy. CPU is that of this process, which is writer, readers and the copies; the server's is not in it.
"""

import argparse
import random
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from sqlalchemy import Engine

from models.catalogue.authority_store import AuthorityRow, SharedAuthorities
from models.database import open_engine
from models.engines.heads import Heads
from models.grounding.document import Page, Unit, UnitKind
from models.grounding.document_files import SharedFiles
from models.grounding.document_store import DocumentStore
from models.grounding.passage_store import PassageStore
from models.grounding.rows import NewChunk, NewDocument, NewUnit, Reading
from models.grounding.shared_library import SharedLibrary
from tests.databases import PostgresServer
from utils.clock import SystemClock

_WORDS = [f"word{n}" for n in range(20_000)]
_ASKED = 2_000
_VECTOR_BYTES = 768


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--documents", type=int, default=100)
    parser.add_argument("--chunks", type=int, default=1_000)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    server = PostgresServer()
    engine = open_engine(server.url("postgres"))
    try:
        _measure(engine, given.folder, given.documents, given.chunks)
    finally:
        engine.dispose()
        server.remove()


def _measure(engine: Engine, folder: Path, documents: int, chunks: int) -> None:
    one, other = _machine(engine, folder / "one"), _machine(engine, folder / "other")
    kept, followed, steps = [], [], []
    for number in range(documents):
        reading = _reading(number, chunks)
        kept.append(_timed(partial(_keep, one, number, reading)))
        followed.append(_timed(other.follow))
        steps.append(_timed(partial(_advance, one, other, number + 1)))
    print(f"{documents} documents of {chunks} chunks; medians, wall and CPU ms")
    _told("keep a document with its vectors on the server", kept)
    _told("catch up with a document", followed)
    _told("a change of a row, and catching up with it", steps)
    _told("first copy of all", [_timed(_machine(engine, folder / "third").follow)])
    heads = Heads(engine)
    _told("the question what is newest", [_timed(lambda: heads.of("library")) for _ in range(_ASKED)])
    _told("lend a connection to read with", [_timed(lambda: _read(other)) for _ in range(_ASKED)])
    store = SharedAuthorities(engine, heads)
    _told("an authority, none ever added", [_timed(lambda: store.with_key("k")) for _ in range(_ASKED)])
    store.add(AuthorityRow(f"k{n}", f"n{n}", f"N{n}", "K", "uk", "case", 2000, "") for n in range(1000))
    _told("an authority, looked for in a thousand", [_timed(partial(store.with_key, f"k{n}")) for n in range(_ASKED)])
    for library in (one, other):
        library.close()
    store.close()


def _machine(engine: Engine, folder: Path) -> SharedLibrary:
    return SharedLibrary(engine, Heads(engine), folder, SharedFiles(folder / "documents", engine))


def _keep(library: SharedLibrary, number: int, reading: Reading) -> None:
    file = library.path.parent / "file"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"text" * 100_000)
    store, passages = DocumentStore(library, SystemClock()), PassageStore(library)
    added = store.add(NewDocument(f"doc_{number}", "act.txt", f"{number:064}", 400_000, f"f{number}"), file)
    store.keep(added.number, reading)
    store.finish(added.number)
    ids = [chunk.id for chunk in passages.chunks(added.number)]
    passages.add_vectors(added.number, [(one, random.randbytes(_VECTOR_BYTES)) for one in ids])


def _advance(one: SharedLibrary, other: SharedLibrary, number: int) -> None:
    with one.changing() as change:
        documents = change.tables.documents
        change.connection.execute(documents.update().where(documents.c.number == number).values(reason=""))
        change.note(number)
    other.follow()


def _read(library: SharedLibrary) -> None:
    with library.reading():
        pass


def _reading(seed: int, chunks: int) -> Reading:
    dice = random.Random(seed)
    units, pieces, text = [], [], ""
    for number in range(chunks):
        words = " ".join(dice.choices(_WORDS, k=120))
        start = len(text)
        text += words + "\n"
        units.append(NewUnit(Unit(UnitKind.SECTION, start, len(text), start, str(number)), (str(number),)))
        pieces.append(NewChunk(number, start, len(text), None, words, words))
    return Reading({"kind": "text"}, (Page(text),), tuple(units), tuple(pieces), (f"act {seed}",))


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the wall and the CPU time of *work*, in ms."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return (time.perf_counter() - wall) * 1e3, (time.process_time() - cpu) * 1e3


def _told(what: str, times: list[tuple[float, float]]) -> None:
    print(f"{what}: {median(wall for wall, _ in times):.2f}, {median(cpu for _, cpu in times):.2f}")


if __name__ == "__main__":
    main()
