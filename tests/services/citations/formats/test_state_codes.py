"""Sections of the states' codes, by their long names and by the short ones that lawyers write."""

import pytest

from services.citations.formats import state_codes
from tests.services.citations.found import found_by, in_prose, outcome, what


@pytest.mark.parametrize(
    "written",
    [
        *("RCW 9A.36.011", "NRS 200.030", "MCL 750.84", "O.C.G.A. § 16-5-21", "ORS 163.160", "K.S.A. 21-5413"),
        *("18 Pa.C.S. § 2702", "18 Pa. Cons. Stat. § 2702", "720 ILCS 5/12-3", "13 V.S.A. § 1024", "21 O.S. § 644"),
        *("G.L. c. 93A, § 9", "M.G.L. c. 93A, § 9", "Mass. Gen. Laws ch. 93A, § 9", "Okla. Stat. tit. 21, § 644"),
        *("Conn. Gen. Stat. § 53a-60", "Cal. Bus. & Prof. Code § 17200", "Tex. Fam. Code Ann. § 6.001"),
        *("N.J.S.A. 2C:12-1", "La. R.S. 14:35", "Minn. Stat. § 609.224", "§ 784.03, Fla. Stat.", "RSA 651:2"),
        *("A.R.S. § 13-1203", "N.D.C.C. § 12.1-17-01", "SDCL 22-18-1", "Wis. Stat. § 940.19(2)", "CPLR 3211(a)(7)"),
    ],
)
def test_section_of_a_code_is_read_with_the_codes_whole_name(written: str) -> None:
    assert what(in_prose(written)) == (written, "us", "statute")
    assert outcome(written) in {("unverified", "not_in_index"), ("verified", "in_index")}


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("as 5 people", id="small letters"),
        pytest.param("IC 35 engines", id="short name without parts"),
        pytest.param("RSA 2048 keys", id="cipher"),
        pytest.param("MCA students 12", id="word between"),
        pytest.param("§ 433 Abs. 2 BGB", id="german code"),
        pytest.param("Code § of honour", id="no number"),
    ],
)
def test_lookalike_is_no_section_of_a_code(written: str) -> None:
    assert found_by(state_codes.find, f"they wrote {written} there") == []


def test_section_ahead_of_the_name_is_not_taken_from_the_code_before() -> None:
    text = "Tex. Penal Code § 19.02, Fla. Stat. § 768.81"

    assert [written for written, _ in found_by(state_codes.find, text)] == [
        "Tex. Penal Code § 19.02",
        "Fla. Stat. § 768.81",
    ]
