"""Glyphs of a page by pdfium, gathered into stretches.

`get_text_range` says what stands on a page and not where; a raised mark of a note cannot be told from the number
before it ("§ 1983" with note 4 reads 19834). So each glyph is asked for with its place. A space and a line's end say
what pdfium found between glyphs.
"""

import ctypes
import re
import unicodedata
from math import hypot
from typing import TYPE_CHECKING

from services.grounding.extraction.pdf_lines import Stretch
from services.grounding.extraction.texts import HYPHENS, plain

if TYPE_CHECKING:
    from pypdfium2 import PdfPage, PdfTextPage

_BREAKS, _SPACES = frozenset((10, 13)), frozenset((9, 32, 160, 0x2002, 0x2003, 0x2009))
# How pdfium tells of a hyphen at a line's end, glyph by glyph; `get_text_range` has U+FFFE for the same.
_HYPHEN_CODE, _HYPHEN = 2, "\ufffe"
_BOLD, _BOLD_NAMES = 600, (b"bold", b"black", b"heavy")
_NAME_BYTES = 256
_ACCENTS = {"¨": "\u0308", "´": "\u0301", "ˆ": "\u0302", "˜": "\u0303", "˚": "\u030a", "ˇ": "\u030c"}
_ACCENT = re.compile(r"([¨´ˆ˜˚ˇ]) ?([^\W\d_])")
_WIDE_GAP, _SPACE = 1.6, 0.16
_UNREADABLE = 0xFFFD


class Glyphs:
    """The glyphs of one page.

    Attributes:
        count: Those that show something.
        unreadable: Those whose font does not say what they are.
    """

    def __init__(self, page: "PdfPage", text: "PdfTextPage") -> None:
        import pypdfium2.raw as pdfium

        self._pdfium = pdfium
        self._text = text.raw
        self._total = pdfium.FPDFText_CountChars(text.raw)
        self._box = page.get_bbox()
        self._matrix = pdfium.FS_MATRIX()
        self._name = ctypes.create_string_buffer(_NAME_BYTES)
        self.count = self.unreadable = 0

    def stretches(self) -> list[Stretch]:
        """Return all of them, in the order of the file."""
        pdfium, text = self._pdfium, self._text
        unicode_of, origin_of, box_of = (
            pdfium.FPDFText_GetUnicode,
            pdfium.FPDFText_GetCharOrigin,
            pdfium.FPDFText_GetLooseCharBox,
        )
        x_, y_, box = ctypes.c_double(), ctypes.c_double(), pdfium.FS_RECTF()
        x_ref, y_ref, box_ref = ctypes.byref(x_), ctypes.byref(y_), ctypes.byref(box)
        done: list[Stretch] = []
        now: Stretch | None = None
        chars: list[str] = []
        is_spaced = False
        across, up = 1.0, 0.0
        for index in range(self._total):
            code = unicode_of(text, index)
            if code in _SPACES:
                is_spaced = True
                continue
            if code in _BREAKS:
                _finish(now, chars, done)
                now, is_spaced = None, False
                continue
            origin_of(text, index, x_ref, y_ref)
            box_of(text, index, box_ref)
            x, y = across * x_.value + up * y_.value, across * y_.value - up * x_.value
            if now is not None and _goes_on(now, x, y):
                # pdfium misses some of the spaces that a gap alone stands for.
                if is_spaced or x - now.x1 > _SPACE * now.size:
                    chars.append(" ")
            else:
                _finish(now, chars, done)
                across, up, size = self._direction(index)
                x, y = across * x_.value + up * y_.value, across * y_.value - up * x_.value
                now = Stretch("", x, x, y, size, self._is_bold(index), is_spaced, _turn(across, up))
                chars = []
                if not self._is_on_page(x_.value, y_.value):
                    now.size = 0.0
            chars.append(_HYPHEN if code == _HYPHEN_CODE else chr(code) if code else "\ufffd")
            self._count(code)
            now.x1 = max(now.x1, max(across * box.left, across * box.right) + max(up * box.bottom, up * box.top))
            is_spaced = False
        _finish(now, chars, done)
        return done

    def _direction(self, index: int) -> tuple[float, float, float]:
        """Return the direction of writing as a vector of length one, and the size of the type as it is shown."""
        matrix, size = self._matrix, self._pdfium.FPDFText_GetFontSize(self._text, index)
        if not self._pdfium.FPDFText_GetMatrix(self._text, index, ctypes.byref(matrix)):
            return 1.0, 0.0, size
        length = hypot(matrix.a, matrix.b) or 1.0
        # Mirrored text is read from its height alone.
        return matrix.a / length, matrix.b / length, abs(size) * (hypot(matrix.c, matrix.d) or 1.0)

    def _is_bold(self, index: int) -> bool:
        """Say whether the font is bold, by its weight or by its name: standard fonts have no weight."""
        if self._pdfium.FPDFText_GetFontWeight(self._text, index) >= _BOLD:
            return True
        size = self._pdfium.FPDFText_GetFontInfo(self._text, index, self._name, _NAME_BYTES, None)
        return 0 < size <= _NAME_BYTES and any(word in self._name.value.lower() for word in _BOLD_NAMES)

    def _is_on_page(self, x: float, y: float) -> bool:
        left, bottom, right, top = self._box
        return bool(left - 1 <= x <= right + 1 and bottom - 1 <= y <= top + 1)

    def _count(self, code: int) -> None:
        self.count += 1
        if code == _UNREADABLE or (code < 32 and code != _HYPHEN_CODE) or 0xE000 <= code < 0xF8FF:
            self.unreadable += 1


def _goes_on(now: Stretch, x: float, y: float) -> bool:
    """Say whether a glyph at *x*, *y* goes on what is being gathered; a raised one does not."""
    return abs(y - now.y) <= 0.08 * now.size and -0.5 * now.size <= x - now.x1 <= _WIDE_GAP * now.size


def _finish(now: Stretch | None, chars: list[str], done: list[Stretch]) -> None:
    if now is None or not now.size:
        return
    raw = "".join(chars)
    # The hyphen that pdfium marks is kept until the next line is known.
    last = raw[-1:] if raw[-1:] in HYPHENS else ""
    now.text = _accented(plain(raw[: len(raw) - len(last)])).strip() + last
    if now.text:
        done.append(now)


def _accented(text: str) -> str:
    """Return *text* with accents that TeX sets over the next letter as part of it."""
    return _ACCENT.sub(_with_accent, text) if _ACCENT.search(text) else text


def _with_accent(match: re.Match[str]) -> str:
    whole = unicodedata.normalize("NFC", ("i" if match[2] == "ı" else match[2]) + _ACCENTS[match[1]])
    return whole if len(whole) == 1 else match.group()


def _turn(across: float, up: float) -> int | None:
    """Return the quarter turns of a direction, None for a slanted one."""
    for turn, (other_across, other_up) in enumerate(((1, 0), (0, 1), (-1, 0), (0, -1))):
        if across * other_across + up * other_up > 0.99:
            return turn
    return None
