#!/usr/bin/env bash
# pdfium and the hyphen at the end of a line.
#
# Expected: a hyphen on the page is a hyphen in the text; and a character has one code, whichever function is asked for it.
# Seen with pypdfium2 5.15.2: where "fraudu-" ends a line, the hyphen is U+FFFE in `get_text_range`, and so is that of "10b-" above
# "5", which belongs to the rule's name; the line's end is gone. `FPDFText_GetUnicode` says 2 for the same characters, so whoever
# drops control characters joins "10b5".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/python -m pip --quiet --disable-pip-version-check install pypdfium2==5.15.2 reportlab==5.1.0
cat > seen.py <<'PY'
import pypdfium2
import pypdfium2.raw as pdfium
from reportlab.pdfgen.canvas import Canvas

canvas = Canvas("page.pdf")
for place, text in enumerate(("The claimant sued under Rule 10b-", "5 of the Act for what was fraudu-", "lently said.")):
    canvas.drawString(72, 700 - 14 * place, text)
canvas.save()

page = pypdfium2.PdfDocument("page.pdf")[0].get_textpage()
told = page.get_text_range()
codes = [pdfium.FPDFText_GetUnicode(page.raw, index) for index in range(page.count_chars())]
print(repr(told))
print(repr("".join(map(chr, codes))))
assert "10b\ufffe5" in told and "fraudu\ufffelently" in told and "-" not in told
assert codes.count(2) == 2 and 0xFFFE not in codes
PY
tools/bin/python seen.py
