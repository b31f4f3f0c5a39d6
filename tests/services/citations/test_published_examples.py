"""The examples that reporters-db and courts-db publish: each is found whole, none is called invalid."""

import courts_db
from reporters_db import JOURNALS, LAWS, REPORTERS

from services.citations.citation import Verdict
from tests.fakes import CHECKER

_SOURCES = [source for table in (REPORTERS, LAWS, JOURNALS) for row in table.values() for source in row]
EXAMPLES = sorted({example for source in _SOURCES for example in source.get("examples", ())})
COURTS = sorted({court["citation_string"] for court in courts_db.courts if court.get("citation_string")})


def test_there_are_as_many_as_were_published() -> None:
    assert len(EXAMPLES) > 850
    assert len(COURTS) > 700


def test_every_published_example_is_found_whole() -> None:
    found = {text: [item.text for item in CHECKER.extractor.extract(text)] for text in EXAMPLES}

    assert {text: parts for text, parts in found.items() if text.strip() not in parts} == {}


def test_no_published_example_is_called_invalid() -> None:
    assert [text for text in EXAMPLES if _is_invalid(text)] == []


def test_no_court_that_is_listed_is_unknown() -> None:
    cited = {court: CHECKER.check(f"Marsh v. Baird, 2015 WL 12345 ({court} 2015)") for court in COURTS}

    assert [court for court, found in cited.items() if "unknown_court" in [item.finding.code for item in found]] == []


def _is_invalid(text: str) -> bool:
    return Verdict.INVALID in [item.finding.verdict for item in CHECKER.check(text)]
