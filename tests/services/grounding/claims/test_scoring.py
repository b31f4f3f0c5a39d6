"""The benchmark of claims: texts read from their files, shares counted, the bars held where the shared rows are."""

import gzip
import json
import os
from pathlib import Path

import pytest

from bench.grounding.claims import Laws, score_claims
from bench.grounding.texts import read_texts
from tests.services.grounding.claims.acts import lending_libraries_act

_SHARED = Path(os.environ.get("SHARED_DATA", Path(__file__).resolve().parents[5] / "shared" / "data")) / "legal"
_ACT = (
    "Title: Fairs Act 2030\n\n## Fairs Act 2030\n\n##### Licence\n\n1\n\n1.1\n\nA fair needs a licence.\n\n"
    "##### Fee\n\n2\n\nThe fee is £5.\n\n# THE SCHEDULE\n\n1\n\nA paragraph.\n"
)
_CONSTITUTION = "# The Constitution\n\n## Article. I.\n\n### Section. 1.\n\nAll powers.\n\n"
_CONSTITUTION += "## Article. V.\n\nThe Congress may amend.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = {
        "eu_instruments.jsonl.gz": [
            {
                "celex": "32030R0001",
                "instrument": "Regulation (EU) 2030/1",
                "article": "Article 1",
                "heading": "Aim",
                "text": "It aims.",
            },
            {
                "celex": "32030R0001",
                "instrument": "Regulation (EU) 2030/1",
                "article": "Article 1",
                "heading": "",
                "text": "A table.",
            },
        ],
        "us_code_t9_t17_t35.jsonl.gz": [
            {"title": "17", "section": "107", "heading": "Fair use", "text": "It is fair."}
        ],
        "int_treaties.jsonl.gz": [
            {"code": "moon", "treaty": "Moon Treaty", "article": "2", "heading": "", "text": "Nobody owns it."}
        ],
        "uk_acts_2022_2024.jsonl.gz": [{"cite": "Fairs Act 2030 (c. 1)", "text": _ACT}],
    }
    for name, lines in rows.items():
        with gzip.open(tmp_path / name, "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
    (tmp_path / "us_constitution.md").write_text(_CONSTITUTION)
    return tmp_path


def test_provisions_are_read_under_the_names_that_queries_and_claims_use(folder: Path) -> None:
    read = {text.id: (text.heading, text.text, text.row) for text in read_texts(folder)}

    assert read == {
        "eu_instruments.jsonl.gz|32030R0001|Article 1": ("Aim", "It aims.", 0),
        "int_treaties.jsonl.gz|moon|2": ("", "Nobody owns it.", 0),
        "us_code_t9_t17_t35.jsonl.gz|17 U.S.C.|107": ("Fair use", "It is fair.", 0),
        "us_constitution.md|U.S. Const.|Art. I s. 1": ("", "All powers.", 4),
        "us_constitution.md|U.S. Const.|Art. V": ("", "The Congress may amend.", 8),
        "uk_acts_2022_2024.jsonl.gz|Fairs Act 2030 (c. 1)|s. 1": ("Licence", "1.1\n\nA fair needs a licence.", 0),
        "uk_acts_2022_2024.jsonl.gz|Fairs Act 2030 (c. 1)|s. 2": ("Fee", "The fee is £5.", 0),
    }


def test_a_provision_that_the_texts_lack_decides_nothing(folder: Path) -> None:
    rows = [{"claim": "Article 9 sings.", "cited": {"id": "x|y|Article 9"}, "label": "contradicted"}]

    assert score_claims(rows, Laws(read_texts(folder))) == {"contradicted": 0.0, "false_claims": 0.0}


def test_shares_are_counted_by_label_and_in_all() -> None:
    act = lending_libraries_act()
    claims = {
        "Section 2 lets a reader borrow six books for three weeks.": "supported",
        "Section 2 lets a reader borrow six books for ten weeks.": "contradicted",
        "Section 2 says: 'A reader must borrow up to six books'.": "misquote",
    }
    rows = [{"claim": claim, "cited": {"id": "2"}, "label": label} for claim, label in claims.items()]

    shares = score_claims(rows, lambda key: (key, act))

    assert shares == {"contradicted": 1.0, "misquote": 1.0, "false_claims": 1.0, "supported_flagged": 0.0}


@pytest.mark.skipif(not (_SHARED / "misgrounding_dev.jsonl").exists(), reason="the shared data are not here")
def test_the_shared_claims_are_told_apart() -> None:
    lines = (_SHARED / "misgrounding_dev.jsonl").read_text(encoding="utf-8").splitlines()

    shares = score_claims([json.loads(line) for line in lines], Laws(read_texts(_SHARED / "texts")))

    assert shares["wrong_provision"] >= 0.9
    assert shares["misquote"] == 1.0
    assert shares["false_claims"] >= 0.85
    assert shares["supported_flagged"] <= 0.08
