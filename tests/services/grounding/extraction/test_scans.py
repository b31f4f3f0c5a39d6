"""Scans: pictures of pages, alone and in PDFs."""

from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.pdfgen.canvas import Canvas

from models.grounding.document import Page
from services.grounding.extraction import recognition
from services.grounding.extraction.audio import spoken
from services.grounding.extraction.outcome import Found, Limits, Step
from services.grounding.extraction.page_notes import PageNotes
from services.grounding.extraction.readers import read
from utils.errors import DocumentError

_SAID = ["The tenant shall pay the rent", "on the first day of each month."]
needs_tesseract = pytest.mark.skipif(not recognition.is_there(), reason="Tesseract is not installed")


def _scan(path: Path, lines: list[str], degrees: int = 0) -> Path:
    picture = Image.new("L", (1700, 2200), "white")
    draw = ImageDraw.Draw(picture)
    for place, line in enumerate(lines):
        draw.text((200, 200 + 60 * place), line, font=ImageFont.load_default(44), fill="black")
    picture.rotate(degrees, expand=True).save(path)
    return path


def _read(path: Path, found: Found, limits: Limits | None = None) -> list[Page]:
    return [one for one in read(str(path), path.name, limits or Limits(), found) if not isinstance(one, Step)]


@needs_tesseract
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tiff"])
def test_a_picture_is_recognised_with_its_confidence(tmp_path: Path, suffix: str) -> None:
    found = Found()

    (page,) = _read(_scan(tmp_path / f"a{suffix}", _SAID), found)

    assert page.text.split() == " ".join(_SAID).split()
    assert page.confidence is not None
    assert page.confidence > 0.8
    assert (page.number, found.recognised, found.kind) == (1, 1, "image")


@needs_tesseract
def test_each_picture_of_a_tiff_is_a_page(tmp_path: Path) -> None:
    pictures = [Image.open(_scan(tmp_path / f"{place}.png", [line])) for place, line in enumerate(_SAID)]
    pictures[0].save(tmp_path / "a.tiff", save_all=True, append_images=pictures[1:])

    pages = _read(tmp_path / "a.tiff", Found())

    assert [(page.number, page.text) for page in pages] == [(1, f"{_SAID[0]}\n"), (2, f"{_SAID[1]}\n")]


@needs_tesseract
def test_only_the_scanned_page_of_a_pdf_is_recognised_whatever_is_stamped_on_it(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(612, 792))
    canvas.drawString(72, 700, "This page has its text in the file.")
    canvas.showPage()
    canvas.drawImage(str(_scan(tmp_path / "a.png", _SAID)), 0, 0, 612, 792)
    canvas.drawString(60, 770, "Case 1:20-cv-00123 Document 3 Filed 01/02/20")
    canvas.save()
    found = Found()

    first, second = _read(tmp_path / "a.pdf", found)

    assert (first.text, first.confidence) == ("This page has its text in the file.\n", None)
    assert " ".join(_SAID) in second.text
    assert second.confidence is not None
    assert found.recognised == 1
    assert found.notes[0].startswith("page 2: scanned, recognised (confidence 0.")


def test_without_tesseract_a_scanned_page_is_left_empty_with_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.grounding.extraction.pdf.is_there", lambda: False)
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(612, 792))
    canvas.drawString(72, 700, "Text.")
    canvas.showPage()
    canvas.drawImage(str(_scan(tmp_path / "a.png", _SAID)), 0, 0, 612, 792)
    canvas.save()
    found = Found()

    assert [page.text for page in _read(tmp_path / "a.pdf", found)] == ["Text.\n", ""]
    assert "page 2: scanned, not recognised: Tesseract is not installed: on Debian apt-get" in found.notes[0]


def test_a_document_of_scans_alone_is_refused_without_tesseract(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.grounding.extraction.pdf.is_there", lambda: False)
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(612, 792))
    canvas.drawImage(str(_scan(tmp_path / "a.png", _SAID)), 0, 0, 612, 792)
    canvas.save()

    with pytest.raises(DocumentError, match=r"no text in it \(page 1: scanned, .* apt-get install tesseract-ocr"):
        _read(tmp_path / "a.pdf", Found())


@needs_tesseract
def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = _scan(tmp_path / "a.png", _SAID)

    with pytest.raises(DocumentError, match=r"1,700 x 2,200 pixels, at most 1,000 are taken; scan it at 300 dots"):
        _read(path, Found(), Limits(pixels=1000))


def test_pauses_part_what_is_said_into_paragraphs() -> None:
    segments = [(0.0, 2.0, " The tenant", 0.0), (2.1, 3.0, " pays.", 0.0), (6.0, 7.0, " The end.", 0.0)]

    (page,) = (one for one in spoken(iter(segments)) if not isinstance(one, Step))

    assert (page.text, page.confidence, page.number) == ("The tenant pays.\nThe end.\n", 1.0, None)


def test_notes_about_pages_are_told_together() -> None:
    notes, found = PageNotes(), Found()
    for number in (1, 2, 3, 5, 7, 8):
        notes.add(number, "scanned, recognised", 0.9 + number / 100)
    notes.add(6, "damaged, left out")

    notes.tell(found)

    assert found.notes == [
        "pages 1-3, 5, 7-8: scanned, recognised (confidence 0.91 to 0.98)",
        "page 6: damaged, left out",
    ]


def test_a_recording_without_the_extra_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFF\x00\x00\x00\x00WAVEfmt ")

    with pytest.raises(DocumentError, match="recording"):
        _read(tmp_path / "a.wav", Found())
