"""Documents and authorities are files with SQLite, tables with PostgreSQL: they go both ways, and nothing is lost."""

import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from bootstrap import Service, build
from models.backups.moving import shelf
from models.backups.moving.contents import Contents
from models.backups.moving.installation import move
from models.backups.moving.shelf import take_in
from models.backups.moving.taking_over import DifferentError
from models.backups.restoring import restore
from models.catalogue.authority_store import AuthorityRow
from models.contract.arguments import DocumentsArguments, UploadArguments
from models.contract.bodies import RetrieveBody
from models.database import open_engine
from tests.databases import needs_postgresql, postgres
from tests.fakes import sample, settings_for
from tests.services.grounding.shelves import Shelf, WordsEmbedder
from utils.clock import SystemClock

pytestmark = needs_postgresql
ROW = AuthorityRow("[2099]uksc1", "smith v jones", "Smith v Jones", "[2099] UKSC 1", "uk", "case", 2099, "mine")
RENT, ROOF = "The tenant pays the rent.", "The landlord repairs the roof."


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of an empty database."""
    name = f"shelf_{abs(hash(str(tmp_path)))}"
    postgres().sql(f"CREATE DATABASE {name}")
    yield postgres().url(name)
    postgres().sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def file(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'batches.db'}"


@contextmanager
def service(folder: Path, url: str) -> Iterator[Service]:
    made = build(settings_for(folder, database_uri=url)).start()
    try:
        yield made
    finally:
        made.close()


def upload(made: Service, content: str) -> str:
    row = made.documents.take(io.BytesIO(content.encode()), UploadArguments(name="note.txt", wait=True))
    assert row["status"] == "ready"
    return row["file_id"]


def texts(made: Service) -> set[str]:
    """Return what the files of all documents hold that are found by a word of theirs."""
    rows, _ = made.documents.some(DocumentsArguments())
    found = {made.documents.file(row["file_id"])[1].read_text() for row in rows}
    for content in found:
        assert made.retrieval.retrieve(RetrieveBody(query=content.split()[-1]))[0]
    return found


def test_an_installation_goes_to_a_server_and_back_with_its_documents_and_authorities(
    tmp_path: Path, server: str, file: str
) -> None:
    with service(tmp_path, file) as made:
        made.dataset.add(sample(id="kept"))
        upload(made, RENT)
        made.lifetime.authorities.add([ROW])

    proofs = move(tmp_path, file, server, lambda _: None)
    for name in ("documents.db", "authorities.db", "documents", "batches.db"):
        path = tmp_path / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with service(tmp_path, server) as made:
        there = texts(made), made.lifetime.authorities.with_key(ROW.key)
        upload(made, ROOF)
    shutil.rmtree(tmp_path / "documents")
    back = move(tmp_path, server, file, lambda _: None)
    with service(tmp_path, file) as made:
        again = texts(made), made.lifetime.authorities.with_key(ROW.key)

    assert there == ({RENT}, [ROW])
    assert again == ({RENT, ROOF}, [ROW])
    counted = {proof.table: (proof.before.rows, proof.after.rows) for proof in [*proofs]}
    assert (counted["documents"], counted["words"], counted["files"], counted["authorities"]) == ((1, 1),) * 4
    assert {proof.table: proof.after.rows for proof in back}["documents"] == 2


def test_a_rehearsal_leaves_the_folder_as_it_is(tmp_path: Path, server: str, file: str) -> None:
    with service(tmp_path, server) as made:
        upload(made, RENT)
        before = {path.name for path in tmp_path.iterdir()}
        proofs = move(tmp_path, server, file, lambda _: None, live_at="2026-01-01T00:00:00Z")
        after = {path.name for path in tmp_path.iterdir()}

    assert {name for name in after - before if not name.startswith("batches.db")} == set()
    assert {proof.table: proof.after.rows for proof in proofs}["documents"] == 1


@pytest.mark.parametrize(("made_with", "put_back_to"), [("server", "file"), ("file", "server"), ("server", "server")])
def test_a_backup_from_either_is_put_back_onto_either(
    tmp_path: Path, server: str, file: str, made_with: str, put_back_to: str
) -> None:
    urls = {"server": server, "file": file}
    with service(tmp_path, urls[made_with]) as made:
        made.dataset.add(sample(id="kept"))
        made.dataset.fold()
        upload(made, RENT)
        name = made.backups.make()["name"]
        upload(made, ROOF)
    for path in tmp_path.glob(".index*"):
        assert path.is_dir()  # copies of before are there, and must not be taken for the restored library

    restored = restore(tmp_path, urls[put_back_to], name, SystemClock())

    with service(tmp_path, urls[put_back_to]) as made:
        assert texts(made) == {RENT}
        assert [row["id"] for row in made.dataset.draw(10, {})] == ["kept"]
    if made_with == put_back_to:
        kept = Path(restored["kept"])
        assert len(list((kept / "documents").iterdir())) == 2


def test_a_restored_library_is_followed_by_machines_that_had_the_one_of_before(tmp_path: Path, server: str) -> None:
    with service(tmp_path / "one", server) as one:
        upload(one, RENT)
        one.dataset.add(sample(id="kept"))
        one.dataset.fold()
        name = one.backups.make()["name"]
        upload(one, ROOF)
    with Shelf(tmp_path / "other", server=server) as other:
        assert other.find("roof")

    restore(tmp_path / "one", server, name, SystemClock())

    with Shelf(tmp_path / "other", server=server) as other:
        assert other.find("rent")
        assert not other.find("roof")


def test_files_of_a_folder_are_taken_in_once(tmp_path: Path, server: str) -> None:
    folder = tmp_path / "before"
    folder.mkdir()
    with Shelf(folder, WordsEmbedder()) as before:
        gone = before.add(ROOF)
        before.add(RENT)
        before.service.delete(gone.id)
        there = before.contents()
    engine = open_engine(server)

    take_in(folder, engine)
    with Shelf(tmp_path / "one", WordsEmbedder(), server=server) as one:
        assert one.contents() == there
        document = one.add(ROOF)
        assert document.number > gone.number  # numbers are not given again
    with Shelf(folder) as left:
        left.add("What is added there afterwards stays there.")
    take_in(folder, engine)

    with Shelf(tmp_path / "one", server=server) as one:
        assert {row[2] for row in one.contents()["documents"]} == {"note.txt"}
        assert len(one.contents()["documents"]) == 2
    engine.dispose()


def test_what_arrives_otherwise_than_it_left_is_not_taken_in(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Shelf(tmp_path) as before:
        before.add(RENT)
    engine = open_engine(server)
    monkeypatch.setattr(shelf, "contents_of", lambda connection, _: Contents(0, connection.dialect.name))

    with pytest.raises(DifferentError, match="documents"):
        take_in(tmp_path, engine)

    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM library_documents")).scalar() == 0
    monkeypatch.undo()
    take_in(tmp_path, engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM library_documents")).scalar() == 1
    engine.dispose()
