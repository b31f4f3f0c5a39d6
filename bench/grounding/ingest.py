"""CPU and peak memory of reading a long PDF of text: `.venv/bin/python bench/grounding/ingest.py pdf 1000`.

The PDF is like a printed code: running heads, page numbers, subdivisions, footnotes with raised marks; some
3,000 characters a page. CPU is that of the process that reads and of ours; memory the peak of the former.
"""

import os
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from services.grounding.extraction.reading import read_document

_WORDS = (
    "the court may order that a person who contravenes any provision of this section is liable on summary conviction "
    "to a fine not exceeding the statutory maximum unless he proves that he acted with reasonable cause and in good "
    "faith having regard to the circumstances of the company and its members as known at the time of the notice"
).split()


def write_pdf(path: Path, pages: int) -> int:
    """Write a statute of so many *pages*; return how many characters stand on them."""
    canvas, chance = Canvas(str(path), pagesize=A4), random.Random(7)
    written = 0
    for page in range(1, pages + 1):
        canvas.setFont("Times-Italic", 9)
        canvas.drawString(72, 800, f"Ordinary Code, Part {page // 40 + 1}")
        canvas.drawCentredString(297, 30, str(page))
        canvas.setFont("Times-Bold", 11)
        canvas.drawString(72, 775, f"{page} Duty of the {chance.choice(_WORDS)} {chance.choice(_WORDS)}")
        y = 757.0
        for place in range(44):
            words = chance.choices(_WORDS, k=12)
            head = f"({place // 6 + 1}) " if place % 6 == 0 else "(a) " if place % 6 == 3 else ""
            line = canvas.beginText(72 + 18 * (place % 6 >= 3), y)
            line.setFont("Times-Roman", 11)
            line.textOut(head + " ".join(words))
            if place % 15 == 4:
                line.setFont("Times-Roman", 6)
                line.setRise(4)
                line.textOut(str(place // 15 + 1))
            canvas.drawText(line)
            written += len(head) + sum(map(len, words)) + 11
            y -= 14
        canvas.setFont("Times-Roman", 8)
        for note in range(1, 4):
            canvas.drawString(72, 105 - 11 * note, f"{note} See {' '.join(chance.choices(_WORDS, k=6))}.")
        canvas.showPage()
    canvas.save()
    return written


def _peak(pid: int) -> int:
    """Return the peak of resident memory of process *pid* in bytes; 0 once it is gone."""
    try:
        for row in Path(f"/proc/{pid}/status").read_text().splitlines():
            if row.startswith("VmHWM"):
                return int(row.split()[1]) * 1024
    except OSError:
        pass
    return 0


def measure_pdf(pages: int) -> None:
    """Print what reading a PDF of so many *pages* costs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "code.pdf"
        written = write_pdf(path, pages)
        own, theirs = time.process_time(), resource.getrusage(resource.RUSAGE_CHILDREN)
        peak, characters, begun = 0, 0, time.perf_counter()
        with read_document(path, path.name) as reading:
            for number, page in enumerate(reading):
                characters += len(page.text)
                if number % 20 == 0 and reading.pid:
                    peak = max(peak, _peak(reading.pid))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - theirs.ru_utime - theirs.ru_stime + time.process_time() - own
        wall = time.perf_counter() - begun
        wall = time.perf_counter() - begun
        print(
            f"{reading.found.pages} pages, {characters:,} characters read, {written:,} without heads and notes written"
        )
        print(f"CPU {cpu:.1f} s, wall {wall:.1f} s, peak {peak / 2**20:.0f} MiB, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    if sys.argv[1:2] != ["pdf"] or not sys.argv[2:3]:
        raise SystemExit("usage: bench/grounding/ingest.py pdf PAGES")
    measure_pdf(int(sys.argv[2]))
