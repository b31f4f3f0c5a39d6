"""Texts that people checked for citations, each with what must and must not be said of it."""

import re
from typing import Any

from services.citations.checker import Checked
from services.citations.citation import Verdict
from tests.fakes import CHECKER
from tests.field.cases import FieldCase, field_cases

_WHERE = "POST /api/citations/check"


@field_cases(_WHERE)
def test_text_from_the_field_is_read_and_judged_right(case: FieldCase) -> None:
    found = CHECKER.check(case.input)
    wanted = case.wanted
    shown = [(item.citation.text, item.finding.verdict.value, item.finding.code) for item in found]
    assert all(case.input[item.citation.start : item.citation.end] == item.citation.text for item in found)
    for text in wanted.get("found", ()):
        assert _holding(found, text), shown
    assert len(found) == wanted.get("count", len(found)), shown
    assert len(found) >= wanted.get("min", 0), shown
    _hold_verdicts(found, wanted, shown)


def _hold_verdicts(found: list[Checked], wanted: dict[str, Any], shown: object) -> None:
    verdicts = [item.finding.verdict for item in found]
    assert not wanted.get("never_invalid") or (found and Verdict.INVALID not in verdicts), shown
    assert not wanted.get("never_verified") or Verdict.VERIFIED not in verdicts, shown
    assert not wanted.get("some_invalid") or Verdict.INVALID in verdicts, shown
    assert not wanted.get("some_verified") or Verdict.VERIFIED in verdicts, shown
    assert wanted.get("kind_not") not in [item.citation.kind for item in found], shown
    if wanted.get("no_tail"):
        assert not any(re.search(r"\s(?:and|or|,)\s?\d*$", item.citation.text) for item in found), shown
    if wanted.get("never_bare_verified"):
        named = [item for text in wanted["found"] for item in _holding(found, text)]
        assert all(item.finding.verdict is not Verdict.VERIFIED for item in found if item not in named), shown
        assert all(_says_more(item) for item in named), shown


def _holding(found: list[Checked], text: str) -> list[Checked]:
    return [item for item in found if text in item.citation.text]


def _says_more(item: Checked) -> bool:
    """Tell whether a verdict is of more than the Act alone."""
    return item.finding.verdict is not Verdict.VERIFIED or "Sch" in str(item.finding.matched)
