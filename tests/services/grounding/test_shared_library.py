"""Machines with a data folder each and one PostgreSQL: they see the same documents, and one may go with its disk."""

import hashlib
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from config import PROJECT_DIR
from models.contract.arguments import DocumentsArguments
from models.grounding.document import Instrument
from models.grounding.law_store import LawStore
from models.grounding.rows import Document, Stage
from services.citations.checker import CitationChecker
from services.grounding.extraction.reading import read_document
from services.grounding.law.added import LibraryLaw
from services.grounding.reading import Parting
from services.grounding.retrieval.names import read_names
from tests.databases import PostgresServer, needs_postgresql, postgres
from tests.fakes import CHECKER
from tests.patience import until
from tests.services.grounding.law.services import CLML
from tests.services.grounding.shelves import Held, Shelf, WordsEmbedder
from utils.errors import DuplicateDocumentError, StorageError

pytestmark = needs_postgresql
FEES = "Section 1. Fees\nThe owner of a vessel must pay a fee of £5.\n\nSection 2. Refunds\nNo fee is refunded.\n"
LAMPS = "Section 1. Lamps\nA harbour master keeps every lamp lit at night.\n"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return postgres().database(str(tmp_path))


@pytest.fixture
def machines(tmp_path: Path, url: str) -> Iterator[list[Shelf]]:
    """Two machines; only the first embeds and reads before the other does."""
    with ExitStack() as held:
        yield [held.enter_context(Shelf(tmp_path / name, WordsEmbedder(), server=url)) for name in ("one", "other")]


def wipe(folder: Path) -> None:
    shutil.rmtree(folder)


def test_what_one_machine_took_in_the_other_finds_reads_and_hands_out(machines: list[Shelf]) -> None:
    one, other = machines
    document = one.add(FEES, "act.txt", jurisdiction="uk", title="Harbour Fees Act 2021")
    one.add(LAMPS, "lamps.txt", jurisdiction="uk", title="Lamps Act 2022")

    assert other.contents() == one.contents()
    assert [found.text for found in other.passages.chunks(document.number)] == [
        found.text for found in one.passages.chunks(document.number)
    ]
    for query in ("what fee must the owner pay", "lamp at night", "section 2 of the Harbour Fees Act 2021"):
        here = [(found.chunk.chunk, found.score) for found in one.retriever.retrieve(query).found]
        assert here
        assert [(found.chunk.chunk, found.score) for found in other.retriever.retrieve(query).found] == here
    kept, path = other.service.file(document.id)
    assert (kept["status"], path.read_text(), path.parent) == ("ready", FEES, other.files)


def test_changes_are_followed_whatever_they_are(machines: list[Shelf]) -> None:
    one, other = machines
    fees, lamps = one.add(FEES, "act.txt", title="Fees Act 2021"), one.add(LAMPS, "lamps.txt", title="Lamps Act 2022")
    assert other.find("lamp at night")
    assert other.service.file(lamps.id)[1].exists()

    other.service.delete(lamps.id)
    one.service.reindex(fees.id)
    one.service.wait(fees.id, 60)
    until(lambda: not one.lacks_vectors(fees.id))

    assert one.contents() == other.contents()
    assert not any("lamp" in found for found in [*one.find("lamp at night"), *other.find("lamp at night")])
    until(lambda: not (one.files / lamps.file).exists() and not (other.files / lamps.file).exists())
    with one.server.connect() as server:
        assert server.execute(text("SELECT DISTINCT sha256 FROM library_files")).scalars().all() == [fees.sha256]
    again = one.add(LAMPS, "lamps.txt")
    assert again.number > lamps.number
    assert one.contents() == other.contents()


def test_vectors_of_another_embedder_take_the_place_of_the_old_ones_on_every_machine(tmp_path: Path, url: str) -> None:
    with Shelf(tmp_path / "one", WordsEmbedder(), server=url) as one:
        document = one.add(FEES)
    with Shelf(tmp_path / "other", server=url) as other:
        before = other.contents()["vectors"]
        with Shelf(tmp_path / "one", WordsEmbedder("words@2", 32), server=url) as one:
            until(lambda: one.passages.fact("embedder.model") == "words@2" and not one.lacks_vectors(document.id))
            after = other.contents()
            assert (after, one.contents()["facts"]) == (
                one.contents(),
                [("embedder.dimension", "32"), ("embedder.model", "words@2")],
            )
    assert len(before) == len(after["vectors"])
    assert before != after["vectors"]


def test_a_table_of_vectors_in_memory_follows_what_other_machines_do(machines: list[Shelf]) -> None:
    one, other = machines
    fees = one.add(FEES)
    vector = WordsEmbedder().embed_query("a harbour master keeps every lamp lit at night.")
    assert {hit.chunk for hit in other.vectors.search(vector, 9, None)} == {row[0] for row in one.contents()["chunks"]}

    one.add(LAMPS, "lamps.txt")
    one.service.delete(fees.id)

    (nearest,) = other.vectors.search(vector, 9, None)
    assert nearest.score > 0.8


def test_a_machine_whose_disk_is_gone_has_everything_again(tmp_path: Path, url: str, machines: list[Shelf]) -> None:
    one, other = machines
    document = one.add(FEES, "act.txt")
    there = one.contents()
    other.__exit__()
    wipe(tmp_path / "other")

    with Shelf(tmp_path / "other", WordsEmbedder(), server=url) as again:
        assert again.contents() == there
        assert again.service.file(document.id)[1].read_text() == FEES


@pytest.mark.parametrize("damage", [b"no database at all", b""])
def test_a_damaged_copy_is_made_anew(tmp_path: Path, url: str, damage: bytes) -> None:
    with Shelf(tmp_path / "one", server=url) as one:
        one.add(FEES)
        there = one.contents()
    copy = one.library.path
    content = copy.read_bytes()
    copy.write_bytes(damage or content[:5000] + bytes(len(content) - 5000))

    with Shelf(tmp_path / "one", server=url) as one:
        until(lambda: _is_read(one))
        assert one.contents() == there
        assert one.library.path != copy
    assert not copy.exists()


def _is_read(shelf: Shelf) -> bool:
    try:
        return bool(shelf.find("fee"))
    except StorageError:
        return False


def test_a_copy_of_another_database_or_of_a_time_that_was_taken_back_is_made_anew(tmp_path: Path, url: str) -> None:
    with Shelf(tmp_path / "one", server=url) as one:
        one.add(FEES)
        earlier = url.rpartition("/")[0]
        one.server.dispose()
        name = url.rpartition("/")[2].partition("?")[0]
        postgres().sql("DROP DATABASE IF EXISTS earlier WITH (FORCE)")
        one.library.close()
        one.service.stop(30)
        one.server.dispose()
        postgres().sql(f"CREATE DATABASE earlier TEMPLATE {name}")
    with Shelf(tmp_path / "one", server=url) as one:
        one.add(LAMPS)
        one.add("Section 9. Anchors\nAn anchor is heavy.\n")
    back = f"{earlier}/earlier?user=postgres"
    try:
        with Shelf(tmp_path / "two", server=back) as other:
            for n in range(4):
                other.add(f"Section 1. Ropes\nA rope of {n} strands.\n")  # as many changes, and more
            there = other.contents()
        with Shelf(tmp_path / "one", server=back) as one:
            assert one.contents() == there
            assert not one.find("lamp")
    finally:
        postgres().sql("DROP DATABASE earlier WITH (FORCE)")


def test_while_the_server_is_away_the_copy_answers_and_nothing_is_taken_in(tmp_path: Path) -> None:
    server = PostgresServer()
    try:
        with Shelf(tmp_path / "one", server=server.url("postgres")) as one:
            one.add(FEES)
            server.stop()
            assert one.find("fee")
            with pytest.raises(StorageError, match="connection"):
                one.send(LAMPS)
            assert len(list(one.files.iterdir())) == 1
            server.start()
            until(lambda: _is_taken(one))
            until(lambda: any("lamp" in found for found in one.find("lamp at night")))
    finally:
        server.remove()


def _is_taken(shelf: Shelf) -> bool:
    try:
        shelf.send(LAMPS)
    except StorageError:
        return False
    except DuplicateDocumentError:
        return True
    return True


def test_the_same_bytes_at_two_machines_are_one_document(machines: list[Shelf]) -> None:
    one, other = machines
    first = one.send(FEES)

    with pytest.raises(DuplicateDocumentError) as refused:
        other.send(FEES)

    assert refused.value.file_id == first.id


def cut_off_the_reader(shelf: Shelf) -> None:
    """End the session of whoever has the turn of reading, as a server does that hears no more of it."""
    ends = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = :turn"
    with shelf.server.connect() as server:
        server.execute(text(ends), {"turn": 0x4C_54_50_04})


def test_one_machine_reads_at_a_time_and_another_goes_on_where_it_lost_its_turn(tmp_path: Path, url: str) -> None:
    held = Held()
    with Shelf(tmp_path / "one", read=held, server=url, again_s=60) as one:
        document = one.send(FEES)
        assert held.begun.wait(30)
        with Shelf(tmp_path / "other", server=url) as other:
            other.service.wait(document.id, 1.5)
            assert other.service.find(document.id).stage is Stage.EXTRACTING
            cut_off_the_reader(one)
            assert other.service.wait(document.id, 30).stage is Stage.READY
            there = other.contents()
            held.go_on.set()
            until(lambda: "waits for storage" in " ".join(one.service.find(document.id).notes))
            assert other.contents() == there


def test_law_that_was_added_on_one_machine_decides_the_check_on_the_other(machines: list[Shelf]) -> None:
    one, other = machines
    checker = CitationChecker(replace(CHECKER.reference, added=LibraryLaw(LawStore(other.library))))
    text = "Harbour Lights Act 2011, s 26B"
    (before,) = checker.check(text)

    document = one.add(CLML, "act.xml")
    (after,) = checker.check(text)
    one.service.delete(document.id)
    (at_last,) = checker.check(text)

    codes = [found.finding.code for found in (before, after, at_last)]
    assert codes == [before.finding.code, "no_such_provision", before.finding.code]
    assert before.finding.code != "no_such_provision"


_NAMES = read_names(PROJECT_DIR / "catalog" / "authorities")
_TEXTS = (FEES, LAMPS, "Section 1. Anchors\nAn anchor holds a ship.\n", "Section 1. Ropes\nA rope is wet.\n")
_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["send", "delete", "reindex", "follow", "wipe", "re-embed"]), st.integers(0, 3), st.booleans()
    ),
    max_size=12,
)


@given(steps=_STEPS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_copies_are_equal_in_the_end_whatever_was_done_where(
    steps: list[tuple[str, int, bool]], tmp_path: Path
) -> None:
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    url = postgres().database(str(folder))
    names = ("one", "other")
    shelves = [Shelf(folder / name, WordsEmbedder(), server=url) for name in names]
    try:
        for what, which, is_first in steps:
            shelf = shelves[0 if is_first else 1]
            if what == "wipe":
                _end(shelf)
                shutil.rmtree(folder / names[0 if is_first else 1], ignore_errors=True)
                shelves[0 if is_first else 1] = Shelf(folder / names[0 if is_first else 1], WordsEmbedder(), server=url)
            else:
                _do(shelf, what, _TEXTS[which])
        contents = [shelf.contents() for shelf in shelves]
        assert contents[0] == contents[1]
        with Shelf(folder / "third", server=url) as third:
            assert third.contents() == contents[0]
            vectors = {(row[0], row[1]) for row in contents[0]["vectors"]}
            assert vectors <= {(row[0], row[1]) for row in contents[0]["chunks"]}
    finally:
        for shelf in shelves:
            _end(shelf)


def _do(shelf: Shelf, what: str, content: str) -> None:
    """Do one step without threads: what is taken in is read at once."""
    found = shelf.store.with_hash(hashlib.sha256(content.encode()).hexdigest())
    if what == "follow":
        shelf.contents()
    elif what == "re-embed":
        shelf.passages.drop_vectors()
    elif what == "delete" and found is not None:
        shelf.service.delete(found.id)
    elif what == "reindex" and found is not None:
        shelf.service.reindex(found.id)
        _read(shelf, found)
    elif what == "send" and found is None:
        _read(shelf, shelf.send(content))


def _read(shelf: Shelf, document: Document) -> None:
    reading = read_document(shelf.service.file(document.id)[1], document.name)
    pages = tuple(reading)
    parting = Parting(pages, reading.found.units, Instrument(document.name), _NAMES, {"kind": "text"})
    assert shelf.store.keep(document.number, parting.run(None))
    shelf.store.finish(document.number)
    for _ in shelf.vectors.embed(document.number):
        pass


def _end(shelf: Shelf) -> None:
    shelf.library.close()
    shelf.server.dispose()


@pytest.mark.parametrize("step", range(1, 16, 2))
def test_a_process_that_is_killed_while_its_copy_catches_up_leaves_it_usable(
    tmp_path: Path, url: str, step: int
) -> None:
    """The child dies by SIGKILL at its *step*-th statement on the copy."""
    with Shelf(tmp_path / "one", WordsEmbedder(), server=url) as one:
        one.add(FEES)
        with Shelf(tmp_path / "other", server=url) as other:
            other.contents()
        one.add(LAMPS)
        one.service.delete(one.service.some(DocumentsArguments())[0][1]["file_id"])
        there = one.contents()
    code = (
        "import os, signal, sys; from pathlib import Path; from sqlalchemy import Engine, event\n"
        "from tests.services.grounding.shelves import Shelf\n"
        "left = [int(sys.argv[3])]\n"
        "def count(connection, *_):\n"
        "    if connection.dialect.name == 'sqlite' and connection.engine.pool is not None:\n"
        "        left[0] -= 1\n"
        "        if not left[0]: os.kill(os.getpid(), signal.SIGKILL)\n"
        "shelf = Shelf(Path(sys.argv[1]), server=sys.argv[2]); shelf.shared._open()\n"
        "event.listen(Engine, 'before_cursor_execute', count)\n"
        "shelf.library.start()\n"
    )
    folder = tmp_path / "other"
    child = subprocess.run([sys.executable, "-c", code, str(folder), url, str(step)], cwd=PROJECT_DIR, check=False)
    assert child.returncode == -signal.SIGKILL

    with Shelf(folder, server=url) as again:
        assert again.contents() == there
