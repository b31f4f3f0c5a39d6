"""Citations written for this project, real and invented, with how each must be judged, and what may not be cut off."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.citations.checker import verdict_of
from services.citations.citation import Verdict
from tests.fakes import CHECKER
from tests.services.citations.found import outcome

ROWS = [json.loads(line) for line in (Path(__file__).parent / "labelled.jsonl").read_text("utf-8").splitlines()]
REAL = [row["text"] for row in ROWS if row["status"] == "real"]
INVENTED = [row["text"] for row in ROWS if row["status"] == "fabricated"]
_MOST_REAL, _MOST_INVENTED = 0.97, 0.93


def test_every_labelled_citation_is_found() -> None:
    assert [text for text in (*REAL, *INVENTED) if not CHECKER.check(text)] == []


def test_no_real_citation_is_invalid_and_nearly_all_are_verified() -> None:
    verdicts = {text: verdict_of(CHECKER.check(text)) for text in REAL}

    assert [text for text, verdict in verdicts.items() if verdict is Verdict.INVALID] == []
    assert list(verdicts.values()).count(Verdict.VERIFIED) >= _MOST_REAL * len(REAL)


def test_no_invented_citation_is_verified_and_nearly_all_are_invalid() -> None:
    verdicts = {text: verdict_of(CHECKER.check(text)) for text in INVENTED}

    assert [text for text, verdict in verdicts.items() if verdict is Verdict.VERIFIED] == []
    assert list(verdicts.values()).count(Verdict.INVALID) >= _MOST_INVENTED * len(INVENTED)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("R v Constanza [1997] 2 Cr App R 492", ("verified", "in_index"), id="volume of its year"),
        pytest.param("Re Alder [1998] 2 BCC 41", ("unverified", "not_in_index"), id="volume of a year, not known"),
        pytest.param("De Becker v Belgium (1962) 1 EHRR 43", ("unverified", "not_in_index"), id="volume of many years"),
        pytest.param("Regulation (EC) No 1215/2012", ("invalid", "type_mismatch"), id="body of another time"),
        pytest.param("Directive 95/46/EU", ("invalid", "type_mismatch"), id="body to come"),
        pytest.param("Directive 93/13/EC", ("invalid", "type_mismatch"), id="directive before november 1993"),
        pytest.param("Directive 31/2000/EC", ("invalid", "malformed"), id="directive with its year last"),
        pytest.param("Regulation (EU) 2016/97412", ("invalid", "number_out_of_range"), id="number of five digits"),
        pytest.param("ECLI:EU:C:2016:118:A", ("invalid", "malformed"), id="identifier with a part more"),
        pytest.param("EU:G:2016:118", ("invalid", "malformed"), id="court that gives none"),
        pytest.param("CPR 102.4", ("invalid", "section_beyond_end"), id="rule read whole"),
        pytest.param("CPR 3.9(1)", ("verified", "in_index"), id="rule"),
        pytest.param("Highgate Cemetery Act 2022", ("verified", "in_index"), id="local act of a complete year"),
        pytest.param("Leith v Marlow [2019] EWCA Comm 240", ("invalid", "unknown_court"), id="division of another"),
        pytest.param("A v. B, 300 F. Supp. 2d 1 (W.D. Mass. 2004)", ("invalid", "unknown_court"), id="no district"),
        pytest.param("A v. B, 300 F. Supp. 2d 1 (M.D. Pa. 2004)", ("unverified", "not_in_index"), id="district"),
        pytest.param("A v. B, 1962 WL 441 (D. Mass. 2022)", ("invalid", "year_mismatch"), id="year of a database"),
        pytest.param("A v. B, 99 Cal. 5th 112 (2015)", ("invalid", "volume_out_of_range"), id="state's volume"),
        pytest.param("State v. Mann, 13 N.C. 263 (1829)", ("unverified", "not_in_index"), id="numbered in retrospect"),
        pytest.param("Cal. Penal Code § 187(a)", ("verified", "in_index"), id="leading section of a state"),
        pytest.param("Tex. Penal Code § 902", ("unverified", "not_in_index"), id="point left out"),
        pytest.param("UNGA Res 217 A (III)", ("verified", "in_index"), id="resolution with a letter"),
        pytest.param("UNGA Res 1514 (XXX)", ("invalid", "year_mismatch"), id="resolution of another session"),
        pytest.param("Protocol 1, Article 3 ECHR", ("verified", "in_index"), id="article of a protocol"),
        pytest.param("Protocol 1, Article 21 ECHR", ("invalid", "article_beyond_end"), id="beyond a protocol"),
        pytest.param(
            "Prosecutor v Brandt ICC-01/97-01/06", ("invalid", "before_court"), id="situation before the court"
        ),
        pytest.param("Soering v United Kingdom, 11 EHRR 439", ("verified", "in_index"), id="report without year"),
        pytest.param(
            "Nicaragua v. United States, 1986 I.C.J. 14", ("verified", "in_index"), id="year before the court"
        ),
        pytest.param("Council Decision 2010/48/EC", ("unverified", "not_in_index"), id="late decision of the EC"),
        pytest.param("Regulation (EU, Euratom) 2018/1046", ("unverified", "not_in_index"), id="two bodies"),
        pytest.param("Regulation (EU) No 2015/848", ("verified", "in_index"), id="No that is not needed"),
        pytest.param("Regulation (EC) No 2015/98", ("unverified", "not_in_index"), id="number like a year"),
        pytest.param("Regulation (EU) No 679/2016", ("invalid", "malformed"), id="number before year since 2015"),
        pytest.param("Reg (EU) 2016/679, art 17", ("verified", "in_index"), id="short word"),
        pytest.param("28 U.S.C. §§ 1331 through 99999", ("invalid", "section_beyond_end"), id="range in words"),
        pytest.param("Arrest Warrant (DRC v Belgium) [2002] ICJ Rep 3", ("verified", "in_index"), id="initials"),
    ],
)
def test_kind_of_citation_is_judged_by_its_own_rule(text: str, expected: tuple[str, str]) -> None:
    assert outcome(text) == expected


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        pytest.param("Package Travel Directive 90/314/EEC", Verdict.VERIFIED, id="earlier act of the name"),
        pytest.param("Toy Safety Directive 88/378/EEC", Verdict.UNVERIFIED, id="earlier act that is not known"),
        pytest.param("General Data Protection Regulation (EU) 2016/697", Verdict.INVALID, id="digits changed"),
        pytest.param("General Data Protection Regulation (EU) 2022/2065", Verdict.INVALID, id="another's number"),
    ],
)
def test_name_and_number_of_an_act_must_go_together(text: str, verdict: Verdict) -> None:
    assert verdict_of(CHECKER.check(text)) is verdict


@pytest.mark.parametrize(
    "text",
    [
        "Companies Act 2006, s 172(1)(a)-(f)",
        "Human Rights Act 1998, s 3.5",
        "Human Rights Act 1998, s 3 et seq.",
        "Prosecutor v Krstić IT-98-33-AQ",
        "Arnold v Britton [2015] UKSC 36, [2015] AC 1619Q",
        "Case 8/74 Dassonville [1974] ECR 837Q",
        "Genocide Convention, 78 UNTS 277, art IIQZ",
    ],
)
def test_nothing_is_verified_by_a_part_of_what_stands_there(text: str) -> None:
    assert verdict_of(CHECKER.check(text)) is Verdict.UNVERIFIED


@given(
    st.lists(st.sampled_from([*REAL, *INVENTED]), max_size=3),
    st.lists(st.sampled_from(["\x00", "\u200b", "é", "\r\n", " ", "<i>", "&nbsp;", "\ud800", "𝔸", "§"]), max_size=4),
)
def test_span_leads_back_to_the_text_whatever_stands_between(cited: list[str], odd: list[str]) -> None:
    text = "".join(odd).join(["", *cited, ""])

    found = [item.citation for item in CHECKER.check(text)]

    assert all(text[citation.start : citation.end] == citation.text for citation in found)
