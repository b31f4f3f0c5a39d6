"""A backup holds everything of one moment; a restore puts it back and keeps what was there."""

import io
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from bootstrap import Service, build
from models.backups.restoring import restore
from models.contract.arguments import UploadArguments
from models.contract.bodies import RetrieveBody
from models.contract.release_bodies import ReleaseBody
from tests.databases import database_url, only_on_servers, only_on_sqlite, postgres
from tests.fakes import sample, settings_for
from tests.layouts import LAYOUT
from utils.clock import ManualClock, SystemClock
from utils.errors import ConflictError, DiskFullError, NotFoundError, StorageError


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    platform = build(settings_for(tmp_path, backup_keep=2))
    platform.start()
    platform.dataset.add(sample(id="folded"))
    platform.dataset.fold()
    platform.dataset.add(sample(id="waiting"))
    yield platform
    platform.close()


def ids(folder: Path) -> set[str]:
    platform = build(settings_for(folder))
    platform.start()
    try:
        return {row["id"] for row in platform.dataset.draw(100, {})}
    finally:
        platform.close()


def test_restore_brings_back_file_and_journal_and_keeps_what_was_there(service: Service, tmp_path: Path) -> None:
    made = service.backups.make()
    service.dataset.delete("folded")
    service.dataset.add(sample(id="later"))
    service.close()

    restored = restore(tmp_path, database_url(tmp_path), None, SystemClock())

    assert (made["samples"], restored["name"]) == (2, made["name"])
    assert ids(tmp_path) == {"folded", "waiting"}
    with closing(sqlite3.connect(Path(restored["kept"]) / "batches.db")) as kept:
        assert kept.execute("SELECT generation, samples FROM store").fetchone() == (2, 2)


def upload(service: Service, text: str) -> str:
    wanted = UploadArguments(name="note.txt", wait=True)
    row = service.documents.take(io.BytesIO(text.encode()), wanted)
    assert row["status"] == "ready"
    return row["file_id"]


def test_restore_brings_back_documents_with_their_files_and_index(service: Service, tmp_path: Path) -> None:
    kept = upload(service, "The tenant pays the rent.")
    made = service.backups.make()
    service.documents.delete(kept)
    later = upload(service, "The landlord repairs the roof.")
    service.close()

    restored = restore(tmp_path, database_url(tmp_path), made["name"], SystemClock())

    again = build(settings_for(tmp_path)).start()
    try:
        found, _ = again.retrieval.retrieve(RetrieveBody(query="rent"))
        assert [row["file_id"] for row in found] == [kept]
        assert again.documents.file(kept)[1].read_text() == "The tenant pays the rent."
        with pytest.raises(NotFoundError):
            again.documents.get(later)
        upload(again, "A third text.")  # nothing of the backup is written over
    finally:
        again.close()
    assert len(list((Path(restored["kept"]) / "documents").iterdir())) == 1
    assert len(list((tmp_path / "backups" / made["name"] / "documents").iterdir())) == 1


def test_backup_of_before_there_were_documents_leaves_them_as_they_are(service: Service, tmp_path: Path) -> None:
    made = service.backups.make()
    kept = upload(service, "The tenant pays the rent.")
    service.close()

    restore(tmp_path, database_url(tmp_path), made["name"], SystemClock())

    again = build(settings_for(tmp_path)).start()
    try:
        assert again.documents.get(kept)["status"] == "ready"
    finally:
        again.close()


def test_backup_made_while_samples_are_added_is_of_one_moment(service: Service, tmp_path: Path) -> None:
    import threading

    stop = threading.Event()

    def add() -> None:
        number = 0
        while not stop.is_set():
            service.dataset.add(sample(id=f"n{number:05d}"))
            number += 1
            if number % 7 == 0:
                service.dataset.fold()

    thread = threading.Thread(target=add)
    thread.start()
    made = [service.backups.make()["name"] for _ in range(3)]
    stop.set()
    thread.join()
    service.close()

    for name in made[-2:]:
        restore(tmp_path, database_url(tmp_path), name, SystemClock())
        numbers = sorted(int(i[1:]) for i in ids(tmp_path) if i.startswith("n"))
        assert numbers == list(range(len(numbers)))


def test_unknown_and_damaged_backups_are_refused_and_nothing_is_touched(service: Service, tmp_path: Path) -> None:
    name = service.backups.make()["name"]
    service.close()
    before = (tmp_path / "train.parquet").read_bytes()

    with pytest.raises(NotFoundError, match=f"backup 'no': not found; there are: {name}"):
        restore(tmp_path, database_url(tmp_path), "no", SystemClock())
    (tmp_path / "backups" / name / "train.parquet").write_bytes(b"cut")
    with pytest.raises(StorageError, match="not a readable Parquet file"):
        restore(tmp_path, database_url(tmp_path), name, SystemClock())

    assert (tmp_path / "train.parquet").read_bytes() == before


def test_full_disk_leaves_no_half_backup(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("models.samples.file.parquet_version.ParquetVersion.copy_to", full)
    with pytest.raises(DiskFullError, match="the data are as they were"):
        service.backups.make()

    assert list((tmp_path / "backups").iterdir()) == []


def test_backup_falls_due_by_age_and_not_for_an_empty_data_set(tmp_path: Path, service: Service) -> None:
    clock = ManualClock(SystemClock().now())
    service.backups._clock = clock

    assert service.backups.is_due(3600)
    service.backups.make()
    assert not service.backups.is_due(3600)
    clock.advance(3601)
    assert service.backups.is_due(3600)


def test_backups_are_ordered_as_they_were_made_though_the_clock_was_a_year_ahead(
    service: Service, tmp_path: Path
) -> None:
    clock = ManualClock(SystemClock().now() + timedelta(days=400))
    service.backups._clock = clock
    ahead = service.backups.make()["name"]
    service.backups._clock = SystemClock()

    assert service.backups.is_due(3600), "nobody knows how old the one from the future is"
    right = service.backups.make()["name"]
    assert not service.backups.is_due(3600)

    assert [(made["name"], made["impossible_date"]) for made in service.backups.list()] == [
        (right, False),
        (ahead, True),
    ]
    service.close()
    assert restore(tmp_path, database_url(tmp_path), None, SystemClock())["name"] == right


def test_backups_that_roll_off_are_the_first_made_not_those_of_the_earliest_date(service: Service) -> None:
    ahead = ManualClock(SystemClock().now() + timedelta(days=400))
    service.backups._clock = ahead
    first = service.backups.make()["name"]
    service.backups._clock = SystemClock()

    kept = {service.backups.make()["name"] for _ in range(2)}

    assert {made["name"] for made in service.backups.list()} == kept
    assert first not in kept


def test_name_in_a_manifest_leads_nowhere_else_than_to_its_own_folder(service: Service, tmp_path: Path) -> None:
    name = service.backups.make()["name"]
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "keep").write_text("x")
    manifest = tmp_path / "backups" / name / "backup.json"
    manifest.write_bytes(orjson.dumps({**orjson.loads(manifest.read_bytes()), "name": "../outside", "sequence": -1}))
    (tmp_path / "backups" / "linked").symlink_to(outside)
    (outside / "backup.json").write_bytes(orjson.dumps({"name": "linked", "sequence": 99, "created_at": ""}))

    for _ in range(3):  # two are kept: the one that lies about its name rolls off
        service.backups.make()
    service.close()

    assert (outside / "keep").exists()
    assert len(service.backups.list()) == 2
    with pytest.raises(NotFoundError):
        restore(tmp_path, database_url(tmp_path), "../outside", SystemClock())
    with pytest.raises(NotFoundError):
        restore(tmp_path, database_url(tmp_path), "linked", SystemClock())


# A server's database is no file that is moved.
@pytest.mark.parametrize("fails_at", [1, 2, *(pytest.param(step, marks=only_on_sqlite) for step in (3, 4))])
def test_restore_that_fails_puts_everything_back_and_leaves_no_copy_behind(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    name = service.backups.make()["name"]
    service.dataset.add(sample(id="later"))
    service.close()
    before = {path.name for path in (tmp_path / "backups").iterdir()}
    move, moves = shutil.move, []

    def failing(source: Path, target: Path) -> object:
        moves.append(source)
        if len(moves) == fails_at:
            raise OSError(28, "No space left on device")
        return move(source, target)

    with monkeypatch.context() as patched:
        patched.setattr("models.backups.restoring.shutil.move", failing)
        with pytest.raises(DiskFullError, match="the data are as they were"):
            restore(tmp_path, database_url(tmp_path), name, SystemClock())

    assert {path.name for path in (tmp_path / "backups").iterdir()} == before
    assert not (tmp_path / ".restore").exists()
    assert ids(tmp_path) == {"folded", "waiting", "later"}


def test_backup_of_a_data_set_that_became_empty_is_never_due(service: Service) -> None:
    service.backups.make()
    for name in ("folded", "waiting"):
        service.dataset.delete(name)
    service.backups._clock = ManualClock(SystemClock().now() + timedelta(days=30))

    assert not service.backups.is_due(3600)


@only_on_servers
def test_restore_whose_database_breaks_at_the_very_end_puts_the_files_back(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = service.backups.make()["name"]
    service.dataset.add(sample(id="later"))
    service.close()
    before = {path.name for path in (tmp_path / "backups").iterdir()}

    def breaks(_: Connection) -> None:
        raise OperationalError("COMMIT", {}, Exception("gone"))

    with monkeypatch.context() as patched:
        patched.setattr("sqlalchemy.Connection.commit", breaks)
        with pytest.raises(StorageError, match="gone"):
            restore(tmp_path, database_url(tmp_path), name, SystemClock())

    assert {path.name for path in (tmp_path / "backups").iterdir()} == before
    assert ids(tmp_path) == {"folded", "waiting", "later"}


@only_on_servers
def test_database_that_a_service_uses_is_not_restored_beneath_it(service: Service, tmp_path: Path) -> None:
    name = service.backups.make()["name"]

    with pytest.raises(ConflictError, match="connections of services to it are open"):
        restore(tmp_path, database_url(tmp_path), name, SystemClock())

    service.close()
    assert ids(tmp_path) == {"folded", "waiting"}


@only_on_servers
def test_backup_is_put_back_onto_a_new_server(service: Service, tmp_path: Path) -> None:
    name = service.backups.make()["name"]
    service.close()
    (tmp_path / "train.parquet").unlink()
    postgres().sql("CREATE DATABASE anew")

    restored = restore(tmp_path, postgres().url("anew"), name, SystemClock())

    again = build(settings_for(tmp_path, database_uri=postgres().url("anew"))).start()
    try:
        assert {row["id"] for row in again.dataset.draw(100, {})} == {"folded", "waiting"}
    finally:
        again.close()
        postgres().sql("DROP DATABASE anew WITH (FORCE)")
    assert not (Path(restored["kept"]) / "batches.db").exists()


def test_releases_come_back_with_their_files_and_later_ones_are_kept_beside(service: Service, tmp_path: Path) -> None:
    first: Any = service.runs.outcome(service.releases.start(ReleaseBody(name="law")))["release"]
    service.backups.make()
    later: Any = service.runs.outcome(service.releases.start(ReleaseBody(name="other")))["release"]
    service.close()

    restored = restore(tmp_path, database_url(tmp_path), None, SystemClock())
    platform = build(settings_for(tmp_path))
    platform.start()
    try:
        assert [one["id"] for one in platform.releases.all()] == [first["id"]]
        assert platform.releases.verify(first["id"])["is_intact"]
    finally:
        platform.close()
    if LAYOUT == "file":
        assert (Path(restored["kept"]) / "releases" / later["id"] / "release.json").is_file()
