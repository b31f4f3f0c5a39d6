"""Reading in a process of its own: pages, errors and limits as whoever reads sees them."""

import os
import signal
import zipfile
from pathlib import Path

import pytest

from services.grounding.extraction.outcome import MIB, Limits
from services.grounding.extraction.reading import read_document
from tests.services.grounding.extraction.papers import Paper
from tests.services.grounding.extraction.words import p, write
from utils.cancellation import CancelToken
from utils.errors import CancelledError, DocumentError


def _paper(path: Path, pages: int) -> Path:
    paper = Paper(path)
    paper.canvas.setTitle("A lease")
    for number in range(1, pages + 1):
        paper.at(72, 400, f"This is page {number}.")
        paper.turn()
    return paper.save()


def test_pages_come_in_order_and_what_was_found_at_the_end(tmp_path: Path) -> None:
    with read_document(_paper(tmp_path / "a.pdf", 12), "lease.pdf") as reading:
        pages = list(reading)

    assert [(page.number, page.text) for page in pages] == [(n, f"This is page {n}.\n") for n in range(1, 13)]
    found = reading.found
    assert (found.kind, found.title, found.pages, found.notes) == ("pdf", "A lease", 12, [])
    assert found.characters == sum(len(page.text) for page in pages)


def test_an_error_names_the_document_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"%PDF-1.7 and nothing of a PDF")

    with pytest.raises(DocumentError, match=r"lease\.pdf cannot be read: it is no whole PDF"):
        list(read_document(tmp_path / "x", "lease.pdf"))


def test_a_reader_that_dies_is_an_error_of_the_document(tmp_path: Path) -> None:
    reading = read_document(_paper(tmp_path / "a.pdf", 3000), "a.pdf")
    next(reading)
    assert reading._process is not None

    os.kill(reading._process.pid, signal.SIGSEGV)

    with pytest.raises(DocumentError, match=r"a\.pdf cannot be read: its reader crashed on it \(signal SIGSEGV\)"):
        list(reading)


def test_reading_stops_when_it_is_cancelled(tmp_path: Path) -> None:
    token = CancelToken()
    reading = read_document(_paper(tmp_path / "a.pdf", 3000), "a.pdf", cancelled=token)
    next(reading)

    token.cancel()

    with pytest.raises(CancelledError):
        list(reading)


def test_closing_ends_the_process(tmp_path: Path) -> None:
    with read_document(_paper(tmp_path / "a.pdf", 3000), "a.pdf") as reading:
        next(reading)
        process = reading._process

    assert process is not None
    assert process.returncode == -signal.SIGKILL


def test_the_process_knows_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a-secret-of-the-service")
    with read_document(_paper(tmp_path / "a.pdf", 3000), "a.pdf") as reading:
        next(reading)
        assert reading._process is not None
        environment = Path(f"/proc/{reading._process.pid}/environ").read_bytes()

    assert b"a-secret-of-the-service" not in environment
    assert b"PYTHONPATH" in environment


def test_too_many_pages_are_refused_before_the_first_is_read(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"it has 30 pages, at most 20 are taken: send it in parts"):
        list(read_document(_paper(tmp_path / "a.pdf", 30), "a.pdf", Limits(pages=20)))


def test_too_much_text_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.docx", p("word " * 100) * 2000)

    with pytest.raises(DocumentError, match="more than 100,000 characters of text"):
        list(read_document(path, "a.docx", Limits(characters=100_000)))


def test_a_docx_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.docx", p("word " * 100) * 40_000)

    with pytest.raises(DocumentError, match="it unpacks to more than 4 MiB"):
        list(read_document(path, "a.docx", Limits(expanded_bytes=4 * MIB)))


def test_memory_is_bounded(tmp_path: Path) -> None:
    path = write(tmp_path / "a.docx", f"<w:tbl>{'<w:tr><w:tc/></w:tr>' * 1_000_000}</w:tbl>")

    with pytest.raises(DocumentError, match="MiB of memory"):
        list(read_document(path, "a.docx", Limits(memory_bytes=300 * MIB)))


def test_time_is_bounded(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"a page of it took longer than 0\.001 s"):
        list(read_document(_paper(tmp_path / "a.pdf", 100), "a.pdf", Limits(page_s=0.001)))


@pytest.mark.parametrize(
    "declared",
    ['<!DOCTYPE w [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>', '<!DOCTYPE w SYSTEM "file:///etc/passwd">'],
)
def test_xml_with_entities_is_refused(tmp_path: Path, declared: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.docx", "w") as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        packed.writestr("word/document.xml", f"{declared}<w/>")

    with pytest.raises(DocumentError, match="entities"):
        list(read_document(tmp_path / "a.docx", "a.docx"))


def test_xml_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.docx", "<w:sdt>" * 5000 + "</w:sdt>" * 5000)

    with pytest.raises(DocumentError, match="nested too deeply"):
        list(read_document(path, "a.docx"))
