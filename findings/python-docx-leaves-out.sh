#!/usr/bin/env bash
# python-docx: what `Document.paragraphs` and `paragraph.text` do not tell of a contract.
#
# Expected: the text of a paragraph is what a reader sees once changes are accepted, or its documentation lists what is missing.
# Seen with python-docx 1.2.0, without a warning: the automatic number of a clause ("4.2"), text in a content control within a paragraph, a
# paragraph in a content control around it, and inserted text are missing. "The fee is 20 pounds, by the Buyer." reads "The fee is
#  pounds, by .".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/python -m pip --quiet --disable-pip-version-check install python-docx==1.2.0
cat > seen.py <<'PY'
from docx import Document
from docx.oxml import parse_xml

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
R = '<w:r><w:t xml:space="preserve">%s</w:t></w:r>'
made = Document()
made.add_paragraph("A clause with an automatic number.", style="List Number")
body = made.element.body
for xml in (
    f"<w:p {W}>{R % 'The fee is '}<w:ins w:id='1' w:author='x'>{R % '20'}</w:ins>{R % ' pounds, by '}"
    f"<w:sdt><w:sdtContent>{R % 'the Buyer'}</w:sdtContent></w:sdt>{R % '.'}</w:p>",
    f"<w:sdt {W}><w:sdtContent><w:p>{R % 'A paragraph in a content control.'}</w:p></w:sdtContent></w:sdt>",
):
    body.insert(len(body) - 1, parse_xml(xml))
made.save("made.docx")

told = [paragraph.text for paragraph in Document("made.docx").paragraphs]
print(told)
assert told == ["A clause with an automatic number.", "The fee is  pounds, by ."]
PY
tools/bin/python seen.py
