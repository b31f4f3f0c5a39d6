"""Files are made plain before they are read: packed ones, other encodings, and what is no data at all."""

import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.formats.plain_files import plain_file
from utils.errors import InputError

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=200)
QUIET = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def made_plain(folder: Path, content: bytes, encoding: str = "") -> tuple[bytes, tuple[str, ...]]:
    (folder / "given").write_bytes(content)
    found = plain_file(folder / "given", "given", folder, encoding)
    return found.path.read_bytes(), found.remarks


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@given(text=TEXTS)
@QUIET
def test_text_of_any_marked_encoding_becomes_utf8(tmp_path: Path, encoding: str, text: str) -> None:
    wanted = "question," + text
    content, _ = made_plain(tmp_path, wanted.encode(encoding))

    assert content.decode("utf-8-sig") == wanted


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_known_by_its_zeros(tmp_path: Path, encoding: str) -> None:
    content, remarks = made_plain(tmp_path, "question,answer\n§ 1,善意\n".encode(encoding))

    assert content.decode() == "question,answer\n§ 1,善意\n"
    assert remarks == (f"the text was read as {encoding.upper()}",)


@given(
    words=st.lists(st.sampled_from(["§ 1", "Maßstab", "“quoted”", "don’t", "£5", "–", "café", "plain"]), max_size=50)
)
@QUIET
def test_windows_text_is_read_and_told(tmp_path: Path, words: list[str]) -> None:
    text = " ".join(["§", *words])
    content, remarks = made_plain(tmp_path, text.encode("cp1252"))

    assert content.decode() == text
    assert "Windows-1252" in remarks[0]
    assert "give encoding=" in remarks[0]


def test_encoding_that_is_given_is_used(tmp_path: Path) -> None:
    content, _ = made_plain(tmp_path, "善意".encode("shift_jis"), encoding="shift_jis")

    assert content.decode() == "善意"
    with pytest.raises(InputError, match="is no ASCII text"):
        made_plain(tmp_path, b"\xff", encoding="ascii")


def test_utf8_with_one_broken_byte_is_not_taken_for_windows_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is UTF-8 text with a broken character near byte 11"):
        made_plain(tmp_path, "sect. é §".encode() + b"\xa7")


@given(parts=st.lists(st.binary(max_size=5000).map(lambda part: b"[" + part.hex().encode()), min_size=1, max_size=3))
@QUIET
def test_gzip_is_unpacked_also_in_several_parts(tmp_path: Path, parts: list[bytes]) -> None:
    content, remarks = made_plain(tmp_path, b"".join(map(gzip.compress, parts)))

    assert content == b"".join(parts)
    assert remarks == ("the file was unpacked (gzip)",)


def test_large_gzip_is_unpacked_whole_and_a_cut_one_is_refused(tmp_path: Path) -> None:
    whole = b"".join(b"%d," % n for n in range(600_000))
    packed = gzip.compress(whole)

    assert made_plain(tmp_path, packed)[0] == whole
    with pytest.raises(InputError, match="ends too soon"):
        made_plain(tmp_path, packed[:-9])


def test_gzip_that_grows_without_end_is_refused_before_it_fills_the_disk(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"unpacks to more than 4\.2 MB"):
        made_plain(tmp_path, gzip.compress(b"x" * 30_000_000))

    assert (tmp_path / "unpacked").stat().st_size < 6 << 20


def test_file_that_is_packed_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="packed twice"):
        made_plain(tmp_path, gzip.compress(gzip.compress(b"{}")))
