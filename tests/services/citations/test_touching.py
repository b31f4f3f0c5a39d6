"""No verdict rests on a part of what stands there: what touches a citation is read, or it is not verified."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.citations.citation import Verdict
from services.citations.touching import unread
from tests.fakes import CHECKER
from tests.services.citations.found import outcome

LAW = (
    "18 U.S.C. § 2252",
    "42 U.S.C. § 1983",
    "Companies Act 2006, s 172",
    "Companies Act 2006",
    "section 172 of the Companies Act 2006",
    "Article 17 of Regulation (EU) 2016/679",
    "Regulation (EU) 2016/679, art 17",
    "GDPR, art 17",
    "Article 8 ECHR",
    "Article 101 TFEU",
    "U.S. Const. amend. XIV, § 1",
    "Fourteenth Amendment",
    "Fed. R. Civ. P. 12",
    "U.C.C. § 2-207",
    "Vienna Convention on the Law of Treaties, art 31",
    "1155 UNTS 331",
    "Human Rights Act 1998, ss 3 and 4",
    "Directive 95/46/EC, art 7",
)
CASES = (
    "Roe v. Wade, 410 U.S. 113",
    "Donoghue v Stevenson [1932] AC 562",
    "R (Miller) v Prime Minister [2019] UKSC 41",
    "EU:C:2014:317",
)
GLUED = ("A", "QZ", "99", "-7", "/3", "(99)(zz)", ":9", "bis", "-99999")
BEHIND = (
    *(", Sch 99", ", second subparagraph", " and 99999", " to 99999", ", para 900", ", art 999", ", note 5", " app."),
    *(", Annex IX", ", Part 99", ", Protocol 9", ", section 9999", " & 99999", ", recital 9", ", r 99", " (Sch 4)"),
    *(", cl 4000", ", first sentence", " - Schedule 99", "; Schedule 99", " Schedule 99 para 3", ", Appendix 4"),
)
AHEAD = (
    "Schedule 9 to the ",
    "Protocol No 9 to the ",
    "second subparagraph of ",
    "Annex IX to ",
    "Part 99 of the ",
    "1",
    "2-",
)


@pytest.mark.parametrize("text", [*LAW, *CASES])
def test_each_of_these_is_verified_when_nothing_touches_it(text: str) -> None:
    assert outcome(f"see {text} so.") == ("verified", "in_index")


@given(
    st.one_of(
        st.tuples(st.sampled_from([*LAW, *CASES]), st.just(""), st.sampled_from(GLUED)),
        st.tuples(st.sampled_from(LAW), st.just(""), st.sampled_from(BEHIND)),
        st.tuples(st.sampled_from(LAW), st.sampled_from(AHEAD), st.just("")),
    )
)
def test_no_text_is_verified_by_a_part_of_what_stands_there(written: tuple[str, str, str]) -> None:
    law, ahead, behind = written
    mark = f"{ahead}{behind}".strip(" ,;&-")

    for item in CHECKER.check(f"see {ahead}{law}{behind} so."):
        assert item.finding.verdict is not Verdict.VERIFIED or mark in item.citation.text


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("18 U.S.C. § 2252.", id="full stop"),
        pytest.param("18 U.S.C. § 2252, which", id="comma"),
        pytest.param("18 U.S.C. § 2252—which", id="dash"),
        pytest.param("(18 U.S.C. § 2252)", id="brackets"),
        pytest.param("18 U.S.C. § 2252's reach", id="apostrophe"),
        pytest.param("18 U.S.C. § 2252; Part of it", id="word that is no number"),
        pytest.param("Companies Act 2006 and Article 8 ECHR", id="the next citation's article"),
    ],
)
def test_what_belongs_to_the_sentence_does_not_touch(text: str) -> None:
    assert all(item.finding.verdict is Verdict.VERIFIED for item in CHECKER.check(text))


def test_reason_says_what_was_not_read() -> None:
    (item,) = CHECKER.check("Insolvency Act 1986, note 5")

    assert item.finding.code == "partly_read"
    assert item.finding.reason == "Insolvency Act 1986 is known, but not what stands beside it: note 5"


def test_case_has_no_provisions_beside_it() -> None:
    assert unread("Roe v. Wade, 410 U.S. 113, note 5", 0, 25, has_provisions=False) == ""
    assert unread("Roe v. Wade, 410 U.S. 113, note 5", 0, 25, has_provisions=True) == "note 5"
