"""PDFs as lawyers have them, written by reportlab, for tests."""

from collections.abc import Sequence
from pathlib import Path

from reportlab.lib.pagesizes import LETTER
from reportlab.pdfgen.canvas import Canvas

from services.grounding.extraction.outcome import Found, Limits, Step
from services.grounding.extraction.pdf import read_pdf

WIDTH, HEIGHT = LETTER
Run = tuple[str, float, float]  # text, size, rise


class Paper:
    """A PDF under way; coordinates from the lower left corner, in points."""

    def __init__(self, path: Path, font: str = "Times-Roman") -> None:
        self.path = path
        self.font = font
        self.canvas = Canvas(str(path), pagesize=LETTER)

    def at(self, x: float, y: float, text: str, size: float = 11, font: str = "") -> None:
        self.canvas.setFont(font or self.font, size)
        self.canvas.drawString(x, y, text)

    def right(self, x: float, y: float, text: str, size: float = 11) -> None:
        self.canvas.setFont(self.font, size)
        self.canvas.drawRightString(x, y, text)

    def runs(self, x: float, y: float, runs: Sequence[Run]) -> None:
        """Write pieces of a line one after another, each in its size, raised by so much."""
        line = self.canvas.beginText(x, y)
        for text, size, rise in runs:
            line.setFont(self.font, size)
            line.setRise(rise)
            line.textOut(text)
        self.canvas.drawText(line)

    def lines(self, x: float, y: float, lines: Sequence[str], size: float = 11, pitch: float = 13) -> float:
        for place, text in enumerate(lines):
            self.at(x, y - place * pitch, text, size)
        return y - len(lines) * pitch

    def wrapped(self, text: str, width: float, size: float = 11) -> list[str]:
        """Return *text* in lines as wide as fit, as a word processor breaks them."""
        done: list[str] = []
        for word in text.split():
            longer = f"{done[-1]} {word}" if done else word
            if done and self.canvas.stringWidth(longer, self.font, size) <= width:
                done[-1] = longer
            else:
                done.append(word)
        return done

    def turn(self) -> None:
        self.canvas.showPage()

    def save(self) -> Path:
        self.canvas.save()
        return self.path


def texts_of(path: Path) -> list[str]:
    """Return the texts of the pages."""
    return [page.text for page in read_pdf(path, path.name, Limits(), Found()) if not isinstance(page, Step)]
