"""Text of a picture, by Tesseract (ADR 28)."""

import csv
import io
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from services.grounding.extraction.outcome import Limits
from services.grounding.extraction.pieces import Paragraph
from services.grounding.extraction.texts import parted, plain
from utils.errors import DocumentError

if TYPE_CHECKING:
    from PIL.Image import Image

MISSING = "Tesseract is not installed: on Debian apt-get install tesseract-ocr, on macOS brew install tesseract"
_SMALL_PX = 1200
_LARGE_PX = 6000


@dataclass(frozen=True, slots=True)
class Recognised:
    """Paragraphs of a picture, and how sure the recognition was of its words, 0 to 1."""

    paragraphs: tuple[Paragraph, ...]
    confidence: float


@cache
def is_there() -> bool:
    """Say whether Tesseract is installed."""
    return shutil.which("tesseract") is not None


LANGUAGE = "eng"


def installed() -> tuple[str, tuple[str, ...]]:
    """Return what Tesseract says of itself, "tesseract 5.3.0", and the languages that it has; "" where it is missing.

    Raises:
        DocumentError: it is there and does not run.
    """
    if shutil.which("tesseract") is None:
        return "", ()
    try:
        version, languages = (_asked(question) for question in ("--version", "--list-langs"))
    except (OSError, subprocess.SubprocessError) as error:
        raise DocumentError(f"Tesseract does not run ({error}); install it again") from None
    # The first line tells where the languages lie.
    return version.partition("\n")[0].strip(), tuple(languages.split("\n")[1:])


def _asked(question: str) -> str:
    order = ["tesseract", question]
    return subprocess.run(order, capture_output=True, text=True, timeout=20, check=True).stdout.strip()  # noqa: S603  # nosec B603


@cache
def _segmentation() -> str:
    """Return how pages are taken apart: with a look which way up they are, where Tesseract has what that needs."""
    told = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True, timeout=20, check=False)  # noqa: S607  # nosec B607
    return "1" if "osd" in told.stdout.split() else "3"


def recognise(picture: "Image", limits: Limits) -> Recognised:
    """Return the text of *picture*.

    Raises:
        DocumentError: Tesseract is missing, fails, or takes too long.
    """
    if not is_there():
        raise DocumentError(MISSING)
    # It ends before whoever waits for the page gives up, so that the page alone is lost.
    timeout_s = 0.8 * limits.page_s
    content = io.BytesIO()
    _fit(picture).save(content, "PNG", compress_level=1)
    order = ["tesseract", "stdin", "stdout", "-l", LANGUAGE, "--dpi", "300", "--psm", _segmentation(), "tsv"]
    try:
        done = subprocess.run(order, input=content.getvalue(), capture_output=True, timeout=timeout_s, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise DocumentError(
            f"the recognition of a page took longer than {timeout_s:g} s; scan it with fewer dots"
        ) from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise DocumentError(f"Tesseract failed: {said[-1][:200] if said else f'status {done.returncode}'}")
    return _read(done.stdout.decode("utf-8", "replace"))


def _fit(picture: "Image") -> "Image":
    """Return it grey, and as large as Tesseract reads well."""
    grey = picture.convert("L")
    if max(grey.size) < _SMALL_PX:
        return grey.resize((grey.width * 2, grey.height * 2))
    if max(grey.size) > _LARGE_PX:
        grey.thumbnail((_LARGE_PX, _LARGE_PX))
    return grey


def _read(table: str) -> Recognised:
    """Return what the table of words says."""
    paragraphs: dict[tuple[str, str], list[list[str]]] = {}
    total = sure = 0.0
    last = None
    for row in csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE):
        word = plain(row["text"] or "").strip()
        if row["level"] != "5" or not word:
            continue
        lines = paragraphs.setdefault((row["block_num"], row["par_num"]), [])
        place = (row["block_num"], row["par_num"], row["line_num"])
        if place != last:
            lines.append([])
            last = place
        lines[-1].append(word)
        total += len(word)
        sure += len(word) * max(0.0, float(row["conf"])) / 100
    texts = tuple(Paragraph(joined([" ".join(words) for words in lines])) for lines in paragraphs.values())
    return Recognised(texts, round(sure / total, 4) if total else 0.0)


def joined(lines: list[str]) -> str:
    """Return the *lines* of a paragraph as one."""
    text = ""
    for line in lines:
        whole = parted(text, line)
        text = whole + line if whole is not None else f"{text} {line}".strip()
    return text
