"""Tests of folders on a disk and in object storage: real files, a real S3 protocol."""

import pickle
import uuid
from pathlib import Path

import pytest

from tests.s3 import S3Server, s3, s3_session
from utils.errors import ConfigurationError, StorageError
from utils.file_systems import FileFolder, check_address, is_remote

__all__ = ["s3", "s3_session"]


@pytest.fixture(params=["a folder", "s3"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> FileFolder:
    if request.param == "s3":
        server: S3Server = request.getfixturevalue("s3")
        return FileFolder(server.address(f"tests/{uuid.uuid4().hex}"))
    return FileFolder(str(tmp_path / "new" / "folder"))


def put(folder: FileFolder, name: str, *pieces: bytes) -> None:
    folder.write(name, lambda write: [write(piece) for piece in pieces])


def test_what_is_written_in_pieces_is_read_as_a_whole(folder: FileFolder) -> None:
    put(folder, "us/2026-11/a.parquet", b"one ", b"two")

    assert folder.read("us/2026-11/a.parquet") == b"one two"


def test_a_file_is_read_anywhere(folder: FileFolder) -> None:
    put(folder, "a", b"0123456789")

    with folder.open("a") as opened:
        assert opened.size() == 10
        assert bytes(opened.read_at(3, 4)) == b"456"


def test_files_are_listed_with_their_sizes(folder: FileFolder) -> None:
    put(folder, "us/a", b"1")
    put(folder, "us/b", b"22")
    put(folder, "uk/c", b"333")

    assert {each.name: each.size_bytes for each in folder.files()} == {"us/a": 1, "us/b": 2, "uk/c": 3}
    assert {each.name for each in folder.files("us")} == {"us/a", "us/b"}
    assert all(each.written_at.tzinfo is not None for each in folder.files())


def test_a_folder_that_is_not_there_has_no_files(folder: FileFolder) -> None:
    assert list(folder.files()) == []


def test_a_file_that_is_not_there_is_told_as_such(folder: FileFolder) -> None:
    with pytest.raises(FileNotFoundError):
        folder.read("nothing")


def test_a_removed_file_is_gone_and_may_be_removed_again(folder: FileFolder) -> None:
    put(folder, "a", b"1")
    folder.remove("a")
    folder.remove("a")

    assert list(folder.files()) == []


def test_a_write_that_breaks_off_leaves_the_file_before(folder: FileFolder) -> None:
    put(folder, "a", b"before")

    def broken(write: object) -> None:
        assert callable(write)
        write(b"half")
        raise RuntimeError("breaks off")

    with pytest.raises(RuntimeError, match="breaks off"):
        folder.write("a", broken)

    assert folder.read("a") == b"before"
    assert [each.name for each in folder.files()] == ["a"]


def test_a_folder_goes_to_another_process_as_its_address(folder: FileFolder) -> None:
    put(folder, "a", b"1")

    assert pickle.loads(pickle.dumps(folder)).read("a") == b"1"  # noqa: S301  # our own


def test_a_server_that_is_gone_is_told_in_words(s3: S3Server) -> None:
    own = S3Server()
    folder = FileFolder(own.address("x"))  # nobody listens there

    with pytest.raises(StorageError, match="cannot be reached"):
        folder.read("a")
    assert s3.endpoint != own.endpoint


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("gs://bucket/x", "begins with gs://"),
        ("https://bucket/x", "begins with https://"),
        ("s3://", "names no bucket"),
        ("s3://bucket/x?endpoint_override=a", "does not know 'endpoint_override'"),
    ],
)
def test_an_address_that_cannot_be_understood_is_refused(address: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        FileFolder(address)


def test_keys_in_an_address_are_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigurationError) as refused:
        check_address("s3://name:" + "of-the-tests" + "@" + "bucket/x")

    assert "AWS_SECRET_ACCESS_KEY" in str(refused.value)
    assert "of-the-tests" not in str(refused.value)


def test_only_object_storage_is_remote() -> None:
    assert is_remote("s3://bucket/prefix")
    assert not is_remote("/data/shards")
    assert not is_remote("C:/data")


def test_a_folder_is_removed_with_all_in_it_and_nothing_beside_it(folder: FileFolder) -> None:
    for name in ("us/2026/a", "us/b", "uk/c", "usa"):
        put(folder, name, b"1")

    folder.remove_all("us")
    folder.remove_all("nowhere")

    assert {each.name for each in folder.files()} == {"uk/c", "usa"}
    assert folder.is_remote or not Path(folder.path("us")).exists()
