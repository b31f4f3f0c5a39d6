#!/usr/bin/env bash
# pypdfium2 and the raised mark of a footnote behind a number.
#
# Expected: "42 U.S.C. § 1983" with a raised 4 behind it comes out so that the section can be told from the mark: with a space,
# a line's end or a superscript character. The mark is 7 points instead of 12, and 5 points above the line.
# Seen with pypdfium2 5.15.2: both functions that return text say "§ 19834". The places of the glyphs are known: their origins differ.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/python -m pip --quiet --disable-pip-version-check install pypdfium2==5.15.2 reportlab==5.1.0
cat > seen.py <<'PY'
import ctypes

import pypdfium2
import pypdfium2.raw as pdfium
from reportlab.pdfgen.canvas import Canvas

canvas = Canvas("page.pdf")
line = canvas.beginText(72, 700)
for text, size, rise in (("He sued under 42 U.S.C. § 1983", 12, 0), ("4", 7, 5), (" and failed.", 12, 0)):
    line.setFont("Times-Roman", size)
    line.setRise(rise)
    line.textOut(text)
canvas.drawText(line)
canvas.save()

page = pypdfium2.PdfDocument("page.pdf")[0].get_textpage()
told = page.get_text_range()
print(repr(told))
print(repr(page.get_text_bounded()))
assert "§ 19834" in told and "§ 19834" in page.get_text_bounded()
x, y = ctypes.c_double(), ctypes.c_double()
heights = []
for index in (told.index("19834") + 3, told.index("19834") + 4):
    pdfium.FPDFText_GetCharOrigin(page.raw, index, x, y)
    heights.append(y.value)
print("baselines of 3 and 4:", heights)
assert heights[1] - heights[0] == 5
PY
tools/bin/python seen.py
