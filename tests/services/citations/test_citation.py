"""The words of the other modules: folding, verdicts from best to worst, what a citation tells of itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.citations.citation import (
    SHOWN,
    VERDICTS,
    Citation,
    Cite,
    Finding,
    Verdict,
    fold,
    fold_cite,
    invalid,
    plain,
    unverified,
    verified,
    worst,
)

VERIFIED, UNVERIFIED, INVALID = Verdict.VERIFIED, Verdict.UNVERIFIED, Verdict.INVALID


def cite(normalized: str, start: int = 0) -> Cite:
    return Cite("report", start, start + len(normalized), "case", "uk", normalized)


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        pytest.param([], None, id="none"),
        pytest.param([VERIFIED], VERIFIED, id="one"),
        pytest.param([VERIFIED, UNVERIFIED], UNVERIFIED, id="unverified beats verified"),
        pytest.param([INVALID, UNVERIFIED], INVALID, id="invalid beats unverified"),
        pytest.param([VERIFIED, INVALID, UNVERIFIED, VERIFIED], INVALID, id="in the middle"),
    ],
)
def test_worst_verdict_of_many_is_the_one_that_counts(verdicts: list[Verdict], expected: Verdict | None) -> None:
    assert worst(verdicts) is expected


@given(st.lists(st.sampled_from(VERDICTS), min_size=1))
def test_worst_verdict_hangs_on_no_order(verdicts: list[Verdict]) -> None:
    assert worst(verdicts) is worst(verdicts[::-1])
    assert worst(verdicts) in verdicts


def test_verdicts_are_shown_under_their_own_names() -> None:
    assert {verdict.value: shown for verdict, shown in SHOWN.items()} == {name: name for name in VERDICTS}


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        pytest.param("DONOGHUE", "donoghue", id="case"),
        pytest.param("Müller", "muller", id="umlaut"),
        pytest.param("Émile Zolá", "emile zola", id="accents"),
        pytest.param("N.S. v Émile", "ns v emile", id="initials"),
        pytest.param("W.J. Howey Co.", "wj howey co.", id="initials, not every full stop"),
        pytest.param("Straße", "strasse", id="sharp s"),
        pytest.param("L’Estrange", "l'estrange", id="curly apostrophe"),
        pytest.param("Ex–Cell–O", "ex-cell-o", id="dashes"),
        pytest.param("ﬁsher", "fisher", id="ligature"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_name_is_folded_without_case_and_accents(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text(max_size=80))
def test_folding_a_name_twice_changes_nothing_that_folding_once_left_plain(text: str) -> None:
    once = fold(text)

    assert once == once.casefold()
    assert fold(text) == once


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        pytest.param("[1932] AC 562", "[1932]ac562", id="square"),
        pytest.param("[1932] A.C. 562", "[1932]ac562", id="dots"),
        pytest.param("(1854) 9 Exch 341", "9exch341", id="round year counts for nothing"),
        pytest.param("410 U. S. 113", "410us113", id="blanks"),
        pytest.param("EU:C:2014:317", "eu:c:2014:317", id="ecli"),
        pytest.param("App no 1/88", "appno1/88", id="application"),
        pytest.param("C‑131/12", "c-131/12", id="hard hyphen"),
        pytest.param("1932 SC (HL) 31", "1932sc(hl)31", id="division stays"),
        pytest.param("12,345", "12345", id="comma"),
    ],
)
def test_reference_is_folded_to_what_identifies_it(text: str, folded: str) -> None:
    assert fold_cite(text) == folded


@given(st.text(max_size=80))
def test_plain_text_has_the_length_of_what_it_was_made_of(text: str) -> None:
    assert len(plain(text)) == len(text)
    assert plain(plain(text)) == plain(text)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        pytest.param("1978–79", "1978-79", id="en dash"),
        pytest.param("a—b", "a-b", id="em dash"),
        pytest.param("C‑131", "C-131", id="hard hyphen"),
        pytest.param("s\u00a01", "s 1", id="hard blank"),
        pytest.param("s\u202f1", "s 1", id="narrow blank"),
        pytest.param("Lloyd’s ‘x", "Lloyd's 'x", id="quotation marks"),
        pytest.param("Müller §", "Müller §", id="letters stay"),
    ],
)
def test_plain_text_has_plain_dashes_blanks_and_apostrophes(text: str, read: str) -> None:
    assert plain(text) == read


def test_citation_is_what_its_first_reference_is() -> None:
    first = Cite("act", 0, 14, "statute", "eu", "Directive 95/46")
    citation = Citation("text", 0, 20, (first, cite("[1932] AC 562", 15)))

    assert (citation.kind, citation.jurisdiction, citation.key) == ("statute", "eu", "directive95/46")
    assert citation.normalized == "Directive 95/46, [1932] AC 562"


def test_two_spellings_of_a_reference_share_their_key() -> None:
    assert cite("[1932] A.C. 562").key == cite("[1932] AC  562").key
    assert cite("[1932] AC 562").key != cite("[1933] AC 562").key


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        pytest.param(invalid("future", "why", "A"), Finding(INVALID, "future", "why", "A"), id="invalid"),
        pytest.param(unverified("unknown", "why"), Finding(UNVERIFIED, "unknown", "why"), id="unverified"),
        pytest.param(verified("A v B"), Finding(VERIFIED, "in_index", "known: A v B", "A v B"), id="verified"),
    ],
)
def test_finding_holds_verdict_code_reason_and_match(finding: Finding, expected: Finding) -> None:
    assert finding == expected
    assert finding.ended is None
