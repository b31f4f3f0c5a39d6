#!/usr/bin/env bash
# eurlxp and the text of an act of the European Union.
#
# Expected: a parser of EUR-Lex gives the words as the page shows them, and articles that the act itself has.
# Seen with eurlxp 0.6.0: a blank before an inline element is lost ("of <i>gas</i>" becomes "ofgas"), the text of an article that the
# act inserts into another act is told as an article of its own number in this act, and of a consolidated text no article is found at
# all. Nothing is raised or logged. All three pages are of the forms that EUR-Lex publishes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/python -m pip --quiet --disable-pip-version-check install eurlxp==0.6.0
cat > seen.py <<'PY'
import eurlxp

HEAD = '<html xmlns="http://www.w3.org/1999/xhtml"><body><p class="oj-doc-ti">REGULATION (EU) 2031/77</p>'


def articles(page: str) -> list[tuple[str | None, str]]:
    return [(row["article"], row["text"]) for row in eurlxp.parse_html(page).to_dicts()]


inline = articles(
    f'{HEAD}<p class="oj-ti-art">Article 1</p><p class="oj-normal">Lamps of <span class="oj-italic">gas</span> burn.</p></body></html>'
)
amending = articles(
    f'{HEAD}<p class="oj-ti-art">Article 3</p><p class="oj-normal">In Regulation (EU) No 1/2010 this is inserted:</p>'
    '<p class="oj-normal">‘<span class="oj-italic">Article 4a</span></p><p class="oj-ti-art">Article 4b</p>'
    '<p class="oj-normal">No wick.’</p></body></html>'
)
consolidated = articles(
    '<html xmlns="http://www.w3.org/1999/xhtml"><body><p class="title-doc-first">REGULATION (EU) 2031/77</p>'
    '<p class="title-article-norm">Article 5</p><div class="norm"><span class="no-parag">1.  </span>'
    '<div class="norm inline-element">A keeper keeps a lamp.</div></div></body></html>'
)
print("inline:", inline)
print("amending:", amending)
print("consolidated:", consolidated)
assert any("ofgas" in text for _, text in inline)
assert ("4b", "No wick.’") in amending
assert not any(article for article, _ in consolidated)
assert not any("lamp" in text for _, text in consolidated)
PY
tools/bin/python seen.py
