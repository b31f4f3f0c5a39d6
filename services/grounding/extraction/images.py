"""Pictures of pages: PNG, JPEG, WebP, TIFF with one or more pages."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from services.grounding.extraction.kinds import refused
from services.grounding.extraction.outcome import Found, Limits, Pages
from services.grounding.extraction.page_notes import PageNotes
from services.grounding.extraction.pieces import page_of
from services.grounding.extraction.recognition import MISSING, is_there, recognise

if TYPE_CHECKING:
    from PIL import Image

_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP")


def read_image(path: Path, name: str, limits: Limits, found: Found) -> Pages:
    """Yield a page for each picture in the file; raises DocumentError."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    if not is_there():
        raise refused(name, f"it is a picture, and {MISSING}")
    notes = PageNotes()
    # The bound is ours and is kept before anything is decoded.
    Image.MAX_IMAGE_PIXELS = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=_FORMATS) as file:
                number = 0
                while _turned_to(file, number):
                    number += 1
                    if number > limits.pages:
                        raise refused(name, f"it has more than {limits.pages:,} pages")
                    _check_size(file.size, name, limits)
                    read = recognise(ImageOps.exif_transpose(_on_white(file)), limits)
                    notes.add(number, "scanned, recognised", read.confidence)
                    yield page_of(read.paragraphs, number, read.confidence)
        notes.tell(found)
    except UnidentifiedImageError as error:
        raise refused(name, "the picture is damaged, or of an unknown make; save it as PNG") from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise refused(name, f"the picture is cut short or damaged ({str(error)[:200]})") from error


def _turned_to(file: "Image.Image", number: int) -> bool:
    try:
        file.seek(number)
    except EOFError:
        return False
    return True


def _on_white(file: "Image.Image") -> "Image.Image":
    """Return the picture without transparency: as a page shows it."""
    from PIL import Image

    if "A" not in file.getbands() and "transparency" not in file.info:
        return file
    clear = file.convert("RGBA")
    white = Image.new("RGBA", clear.size, "white")
    white.alpha_composite(clear)
    return white.convert("L")


def _check_size(size: tuple[int, int], name: str, limits: Limits) -> None:
    width, height = size
    if width * height > limits.pixels:
        raise refused(
            name,
            f"the picture has {width:,} x {height:,} pixels, at most {limits.pixels:,} are taken; "
            "scan it at 300 dots per inch",
        )
