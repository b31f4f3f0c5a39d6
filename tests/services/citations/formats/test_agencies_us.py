"""Numbers that agencies, Congress and professional bodies give: found, and said not to be checked."""

import pytest

from services.citations.formats import agencies_us
from tests.services.citations.found import found_by, in_prose, outcome


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        pytest.param("T.C. Memo. 2018-77", "case", id="tax court"),
        pytest.param("139 FERC ¶ 61,020", "case", id="paragraph of an agency"),
        pytest.param("1974-2 Trade Cas. (CCH) ¶ 75,282", "case", id="paragraph of a service"),
        pytest.param("350 NLRB No. 12", "case", id="number in a volume"),
        pytest.param("Exec. Order No. 12,866", "regulation", id="order"),
        pytest.param("Rev. Rul. 99-7", "regulation", id="ruling of two digits"),
        pytest.param("Rev. Proc. 2001-10", "regulation", id="procedure"),
        pytest.param("Temp. Treas. Reg. § 1.469-1T", "regulation", id="treasury"),
        pytest.param("H.R. Rep. No. 94-1476", "statute", id="report of the house"),
        pytest.param("145 Cong. Rec. 1234", "statute", id="record"),
        pytest.param("SEC Release No. 34-50000", "regulation", id="release"),
        pytest.param("U.S.S.G. § 2D1.1(b)(1)", "regulation", id="guideline"),
        pytest.param("FINRA Rule 2111", "regulation", id="rule of a body"),
        pytest.param("Regulation S-K", "regulation", id="regulation by letter"),
    ],
)
def test_number_of_an_agency_is_found_and_cannot_be_checked(written: str, kind: str) -> None:
    found = in_prose(written)

    assert (found.normalized, found.jurisdiction, found.kind) == (written, "us", kind)
    assert outcome(written) == ("unverified", "agency_number")


def test_year_to_come_is_invalid() -> None:
    assert outcome("T.C. Memo. 2098-77") == ("invalid", "future")


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("Regulation (EU) 2016/679", id="european act"),
        pytest.param("Regulation A (EU)", id="letter before a body"),
        pytest.param("Notice of 2003", id="notice"),
        pytest.param("the H.R. department", id="staff"),
        pytest.param("Order No. 12", id="small order"),
    ],
)
def test_lookalike_is_no_number_of_an_agency(written: str) -> None:
    assert found_by(agencies_us.find, f"they wrote {written} there") == []
