#!/usr/bin/env bash
# SQLite FTS5: bm25() of a contentless table is 0 for every row when its detail is column or none.
#
# Expected: the ranking does not depend on where the text is kept. With content kept, detail=column and detail=none
# give the same bm25 as detail=full; a contentless table (content='') gives it with detail=full alone.
# Seen: with content='' and detail=column or none every row matches with the score 0, without an error, so that
# ORDER BY rank gives the order of the rows. SQLite 3.40.1 (Debian 12) and 3.54.1, which apsw carries.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check apsw==3.54.1.0
"$folder/venv/bin/python" - <<'PYTHON'
import sqlite3

import apsw


def scores(base, options):
    base.execute(f"CREATE VIRTUAL TABLE words USING fts5(text{options})")
    for number, text in enumerate(["toll lifeboat harbour", "pier pilot", "toll toll charge", "buoy", "lamp", "anchor"], 1):
        base.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (number, text))
    return [row[0] for row in base.execute("SELECT bm25(words) FROM words WHERE words MATCH 'toll' ORDER BY rowid")]


for made, version in (
    (lambda: sqlite3.connect(":memory:"), sqlite3.sqlite_version),
    (lambda: apsw.Connection(":memory:"), apsw.sqlite_lib_version()),
):
    whole = scores(made(), "")
    assert all(score < 0 for score in whole), whole
    for detail in ("column", "none"):
        assert scores(made(), f", detail={detail}") == whole, detail
        assert scores(made(), f", content='', detail={detail}") == [0.0, 0.0], detail
    assert scores(made(), ", content=''") == whole
    print("seen in SQLite", version)
PYTHON
