#!/usr/bin/env bash
# markitdown and the automatic numbers of a DOCX.
#
# Expected: clauses 1 and 2 with an unnumbered paragraph between them come out as 1 and 2, as every word processor shows them, or without
# numbers.
# Seen with markitdown 0.1.9: the second is numbered 1 again, without a warning. A cross-reference to clause 2 then leads nowhere.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/python -m pip --quiet --disable-pip-version-check install 'markitdown[docx]==0.1.9' python-docx==1.2.0
cat > seen.py <<'PY'
from docx import Document
from markitdown import MarkItDown

made = Document()
made.add_paragraph("Rent is due monthly.", style="List Number")
made.add_paragraph("This paragraph has no number.")
made.add_paragraph("The deposit is 100.", style="List Number")
made.save("lease.docx")

told = MarkItDown().convert("lease.docx").text_content
print(told)
assert "1. Rent is due monthly." in told and "1. The deposit is 100." in told
PY
tools/bin/python seen.py
