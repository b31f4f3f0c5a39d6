"""Kinds of files, told by their content; encodings of texts."""

import zipfile
from pathlib import Path

import pytest

from services.grounding.extraction.kinds import Kind, encoding_of, kind_of
from tests.services.grounding.extraction.words import p, write
from utils.errors import DocumentError

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        pytest.param(b"%PDF-1.7\n", Kind.PDF, id="PDF"),
        pytest.param(b"From: a@b\r\n\r\n%PDF-1.4\n", Kind.PDF, id="PDF behind a mail header"),
        pytest.param(b"\x89PNG\r\n\x1a\n....", Kind.IMAGE, id="PNG"),
        pytest.param(b"\xff\xd8\xff\xe0..JFIF", Kind.IMAGE, id="JPEG"),
        pytest.param(b"II*\x00....", Kind.IMAGE, id="TIFF"),
        pytest.param(b"RIFF\x00\x00\x00\x00WEBPVP8 ", Kind.IMAGE, id="WebP"),
        pytest.param(b"RIFF\x00\x00\x00\x00WAVEfmt ", Kind.AUDIO, id="WAV"),
        pytest.param(b"ID3\x04\x00\x00\x00", Kind.AUDIO, id="MP3"),
        pytest.param(b"\x00\x00\x00\x20ftypM4A ", Kind.AUDIO, id="M4A"),
        pytest.param(b"<!DOCTYPE html><html><body>x", Kind.HTML, id="HTML"),
        pytest.param(b"\xef\xbb\xbf \n<!-- saved --><HTML>", Kind.HTML, id="HTML behind a mark and a comment"),
        pytest.param(b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">', Kind.HTML, id="XHTML"),
        pytest.param(b"<h1>Act</h1><p>One</p><p>Two</p>", Kind.HTML, id="a fragment of HTML"),
        pytest.param(b'<?xml version="1.0"?><Legislation>', Kind.XML, id="XML of law"),
        pytest.param(b'<akomaNtoso xmlns="http://x">', Kind.XML, id="XML without its line"),
        pytest.param(b"# Title\n\ntext\n\n## Part\n\n- one\n", Kind.MARKDOWN, id="Markdown"),
        pytest.param(b"1 < 2 and a <b> c\n", Kind.TEXT, id="text with angles"),
        pytest.param(b"BMW AG v Deenik\n", Kind.TEXT, id="text that begins like a picture"),
        pytest.param("\ufeff§ 1".encode("utf-16"), Kind.TEXT, id="UTF-16"),
        pytest.param("Section one, as amended".encode("utf-16-le"), Kind.TEXT, id="UTF-16 without a mark"),
        pytest.param(b"\xa7 1 \x96 Theft", Kind.TEXT, id="Windows-1252"),
    ],
)
def test_the_kind_is_read_from_the_content(tmp_path: Path, content: bytes, kind: Kind) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(content)

    assert kind_of(path, "misleading.xlsx") is kind


def test_a_docx_is_known_by_its_parts(tmp_path: Path) -> None:
    assert kind_of(write(tmp_path / "a", p("x"))) is Kind.DOCX


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"", "it is empty", id="nothing"),
        pytest.param(b" \n\n", "it is empty", id="blank"),
        pytest.param(
            _OLE + "WordDocument".encode("utf-16-le"), r"before 2007 \(.doc\): save it as DOCX", id="old Word"
        ),
        pytest.param(
            _OLE + "EncryptedPackage".encode("utf-16-le"), "encrypted: open it with its password", id="encrypted"
        ),
        pytest.param(rb"{\rtf1\ansi", "it is RTF: open it in a word processor", id="RTF"),
        pytest.param(b"GIF89a\x00\x01\x00\x01", "GIF image: save it as PNG", id="GIF"),
        pytest.param(b"\x00\x00\x00\x18ftypheic", r"HEIC.*save it as JPEG", id="HEIC"),
        pytest.param(b"\x1f\x8b\x08\x00\x00\x00", "unpack it first", id="gzip"),
        pytest.param(b"PK\x03\x04 cut short", "cut short or damaged", id="half a ZIP"),
        pytest.param(bytes(range(256)) * 4, "its kind is not known; want PDF, DOCX", id="anything"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_to_do(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(content)

    with pytest.raises(DocumentError, match=says):
        kind_of(path, "a.pdf")


@pytest.mark.parametrize(
    ("member", "says"),
    [
        ("xl/workbook.xml", "spreadsheet"),
        ("ppt/presentation.xml", "presentation"),
        ("a.pdf", "send the files one by one"),
    ],
)
def test_other_packed_files_are_refused_by_name(tmp_path: Path, member: str, says: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.docx", "w") as packed:
        packed.writestr("[Content_Types].xml", "")
        packed.writestr(member, "")

    with pytest.raises(DocumentError, match=says):
        kind_of(tmp_path / "a.docx", "a.docx")


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ("§ 1".encode(), "utf-8"),
        ("§ 1".encode()[:1], "utf-8"),
        (b"\xa7 1", "cp1252"),
        ('<meta charset="iso-8859-2">Ł'.encode("iso-8859-2"), "iso8859-2"),
        (b'<meta charset="latin-1">' + b"\x93x\x94", "cp1252"),
        (b'<meta charset="no-such">\xa7', "cp1252"),
    ],
)
def test_the_encoding_is_that_of_the_bytes(head: bytes, encoding: str) -> None:
    assert encoding_of(head) == encoding
