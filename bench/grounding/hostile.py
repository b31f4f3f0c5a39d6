"""Hostile and broken documents: each is refused with a sentence or read, in bounded time and memory.

`.venv/bin/python bench/grounding/hostile.py [NAME …]`, 2 min. The files are made in a temporary folder. After each, a
sound document is read.
"""

import io
import os
import sys
import tempfile
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from services.grounding.extraction.outcome import Limits
from services.grounding.extraction.reading import Reading, read_document
from utils.errors import DocumentError

_LIMITS = Limits(page_s=30, document_s=120)
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_SIDE = 20_000


def _pdf(objects: list[bytes]) -> bytes:
    """Return a PDF of *objects*, numbered from 1; the first is its catalogue."""
    out, places = io.BytesIO(b"%PDF-1.7\n"), []
    out.seek(0, os.SEEK_END)
    for number, content in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%b\nendobj\n" % (number, content))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    out.write(b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start))
    return out.getvalue()


_NUMBERS = "Nought One Two Three Four Five Six Seven Eight Nine".split()


def _stream(content: bytes, more: bytes = b"") -> bytes:
    packed = zlib.compress(content, 9)
    return b"<< /Length %d /Filter /FlateDecode %b >>\nstream\n%b\nendstream" % (len(packed), more, packed)


def _page(content: int, box: bytes = b"0 0 612 792", resources: bytes = b"/Font << /F1 5 0 R >>") -> bytes:
    return b"<< /Type /Page /Parent 2 0 R /MediaBox [%b] /Contents %d 0 R /Resources << %b >> >>" % (
        box,
        content,
        resources,
    )


_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
_CATALOGUE = b"<< /Type /Catalog /Pages 2 0 R >>"
_ONE_PAGE = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"


def _million_pages() -> bytes:
    kids = b" ".join(b"%d 0 R" % number for number in range(3, 1_000_003))
    pages = [b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>"] * 1_000_000
    return _pdf([_CATALOGUE, b"<< /Type /Pages /Kids [%b] /Count 1000000 >>" % kids, *pages])


def _said_pages(count: int) -> bytes:
    return _pdf([_CATALOGUE, b"<< /Type /Pages /Kids [3 0 R] /Count %d >>" % count, _page(4), _stream(b""), _FONT])


def _circle() -> bytes:
    return _pdf([_CATALOGUE, b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 9999 >>"])


def _endless_content() -> bytes:
    text = b"BT /F1 9 Tf 1 0 0 1 9 9 Tm " + b"(the same words again and again) Tj " * 8_000_000 + b"ET"
    return _pdf([_CATALOGUE, _ONE_PAGE, _page(4), _stream(text), _FONT])


def _large_picture() -> bytes:
    row = zlib.compressobj(9)
    packed = b"".join(row.compress(b"\xff" * _SIDE) for _ in range(_SIDE)) + row.flush()
    shape = b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8" % (
        _SIDE,
        _SIDE,
    )
    picture = b"<< /Length %d /Filter /FlateDecode %b >>\nstream\n%b\nendstream" % (len(packed), shape, packed)
    page = _page(4, resources=b"/XObject << /I 5 0 R >>")
    return _pdf([_CATALOGUE, _ONE_PAGE, page, _stream(b"612 0 0 792 0 0 cm /I Do"), picture])


def _large_page() -> bytes:
    text = b"0 0 99999 99999 re f"
    page = _page(4, box=b"0 0 2000000 2000000")
    return _pdf([_CATALOGUE, _ONE_PAGE, page, _stream(text * 200), _FONT])


def _encrypted() -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, encrypt=StandardEncryption("secret", strength=128))
    canvas.drawString(72, 700, "Not to be read")
    canvas.save()
    return out.getvalue()


def _sound() -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out)
    for number in range(1, 21):
        canvas.drawString(72, 700, f"{_NUMBERS[number % 10]} sound words, {number}")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _docx(document: Iterator[bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        with packed.open("word/document.xml", "w", force_zip64=True) as part:
            for block in document:
                part.write(block)
    return out.getvalue()


def _body(content: bytes, times: int) -> bytes:
    def blocks() -> Iterator[bytes]:
        yield f"<w:document {_W}><w:body>".encode()
        for _ in range(times):
            yield content
        yield b"</w:body></w:document>"

    return _docx(blocks())


def _entities() -> bytes:
    lines = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    return f'<?xml version="1.0"?><!DOCTYPE w:document [<!ENTITY e0 "law">{lines}]>'.encode()


def _picture(form: str, size: int, mode: str = "1") -> bytes:
    out = io.BytesIO()
    Image.MAX_IMAGE_PIXELS = None
    Image.new(mode, (size, size), 1).save(out, form)
    return out.getvalue()


def _ole() -> bytes:
    return (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 1000 + "EncryptedPackage".encode("utf-16-le") + b"\x00" * 1000
    )


_MIB = b"<w:p><w:r><w:t>again and again</w:t></w:r></w:p>" * 21_845
_FILES: dict[str, Callable[[], bytes]] = {
    "encrypted PDF": _encrypted,
    "encrypted DOCX": _ole,
    "PDF of a million empty pages": _million_pages,
    "PDF that says a million pages": lambda: _said_pages(1_000_000),
    "PDF that says 2,000 million pages": lambda: _said_pages(2_000_000_000),
    "PDF whose pages are in a circle": _circle,
    "PDF page that unpacks to 280 MB of text": _endless_content,
    "PDF page with a picture of 20,000 x 20,000": _large_picture,
    "PDF page of 700 m x 700 m": _large_page,
    "PDF cut short": lambda: _sound()[:5000],
    "PDF without its table of objects": lambda: (
        _sound().replace(b"startxref", b"startfrom").replace(b"xref\n0", b"gone\n0")
    ),
    "PDF that is a head alone": lambda: b"%PDF-1.7\n",
    "PNG of 20,000 x 20,000": lambda: _picture("PNG", _SIDE),
    "TIFF of 20,000 x 20,000": lambda: _picture("TIFF", _SIDE),
    "PNG cut short": lambda: _picture("PNG", 2000, "L")[:200],
    "JPEG of zeros": lambda: b"\xff\xd8\xff\xe0" + bytes(5000),
    "DOCX that unpacks to 4 GiB": lambda: _body(_MIB, 4096),
    "DOCX of one paragraph of 1 GiB": lambda: _docx(
        block
        for place in range(1025)
        for block in ([f"<w:document {_W}><w:body><w:p>".encode()] if not place else [_MIB])
    ),
    "DOCX of one text of 200 MiB": lambda: _docx(
        iter([f"<w:document {_W}><w:body><w:p><w:r><w:t>".encode(), *[b"word " * 209_715] * 200, b"</w:t></w:r></w:p>"])
    ),
    "DOCX with entities in entities": lambda: _docx(
        iter([_entities(), f"<w:document {_W}>&e11;</w:document>".encode()])
    ),
    "DOCX nested 100,000 deep": lambda: _docx(
        iter(
            [
                f"<w:document {_W}><w:body>".encode(),
                b"<w:sdt>" * 100_000,
                b"</w:sdt>" * 100_000,
                b"</w:body></w:document>",
            ]
        )
    ),
    "DOCX cut short": lambda: _body(_MIB, 1)[:3000],
    "XML with entities in entities": lambda: _entities() + b"<a>&e11;</a>",
    "HTML nested a million deep": lambda: b"<html><body>" + b"<div>" * 1_000_000 + b"text",
    "HTML with a million open tables": lambda: b"<html><body>" + b"<table><tr><td>x" * 1_000_000,
    "HTML list of 200,000 items": lambda: b"<html><body><ol>" + b"<li>item" * 200_000,
    "text of 200 MB on one line": lambda: b"word " * 40_000_000,
    "random bytes": lambda: os.urandom(1 << 20),
}


def _peak_of(reading: Reading, done: threading.Event, peak: list[int]) -> None:
    while not done.wait(0.02):
        try:
            status = Path(f"/proc/{reading.pid}/status").read_text()
        except OSError:
            continue
        rows = (row.split()[1] for row in status.splitlines() if row.startswith("VmHWM"))
        peak[0] = max(peak[0], int(next(rows, "0")))


def _outcome(path: Path, name: str) -> tuple[str, float, int]:
    """Return what came of it, seconds, and the peak of memory in KiB."""
    peak, done, begun = [0], threading.Event(), time.perf_counter()
    with read_document(path, name, _LIMITS) as reading:
        watch = threading.Thread(target=_peak_of, args=(reading, done, peak))
        watch.start()
        try:
            characters = sum(len(page.text) for page in reading)
            said = f"read: {reading.found.pages} pages, {characters:,} characters"
        except DocumentError as error:
            said = f"refused: {error}"
        finally:
            done.set()
            watch.join()
    return said, time.perf_counter() - begun, peak[0]


def main() -> None:
    """Make each file, read it, tell what came of it."""
    wanted, unharmed = sys.argv[1:], 0
    with tempfile.TemporaryDirectory() as folder:
        path, sound = Path(folder) / "hostile", Path(folder) / "sound.pdf"
        sound.write_bytes(_sound())
        chosen = {name: make for name, make in _FILES.items() if not wanted or any(one in name for one in wanted)}
        for name, make in chosen.items():
            path.write_bytes(make())
            said, seconds, peak = _outcome(path, "it")
            unharmed += _outcome(sound, "sound")[0].startswith("read: 20 pages")
            print(
                f"{name} ({path.stat().st_size / 1e6:.1f} MB): {seconds:.1f} s, {peak / 1024:.0f} MiB\n    {said}",
                flush=True,
            )
    print(f"{len(chosen)} files; a sound document was read after {unharmed} of them")


if __name__ == "__main__":
    main()
