#!/usr/bin/env bash
# eyecite 2.7.8: the order of the editions that a citation may mean changes from run to run.
#
# Expected: `citation.all_editions` of one text is one list. Seen: where reporters share an abbreviation ("1 Bailey 7" may be
# Bailey's Law or his Equity Reports of South Carolina, "1 Harr. 7" Harrington's Chancery of Michigan or W. W. Harrington's
# of Delaware), the list's order follows Python's hash seed, which is another in each process. Who takes the first edition,
# or its years, gets another reporter after a restart. eyecite's own guess is not touched: it is None for these.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/python -m pip --quiet --disable-pip-version-check install eyecite==2.7.8
cat > look.py <<'PYTHON'
from eyecite import get_citations

for text in ("See 1 Bailey 7.", "See 1 Harr. 7."):
    (citation,) = get_citations(text)
    print(text, [edition.short_name for edition in citation.all_editions], citation.edition_guess)
PYTHON
for seed in 0 1 2 3 4 5 6 7 8 9; do PYTHONHASHSEED=$seed env/bin/python look.py; done > seen
sort seen | uniq -c
orders=$(grep Bailey seen | sort -u | wc -l)
echo "orders of the first: $orders"
[ "$orders" -eq 2 ]
