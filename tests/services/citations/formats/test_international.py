"""Courts between states and resolutions: the registries' own numbers, and the rules that each registry keeps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.citations.formats import international
from services.citations.formats.common import LATEST_YEAR
from tests.fakes import CHECKER
from tests.services.citations.found import BEFORE, BEHIND, found_by, in_prose, only, outcome, parts_by, what

LATEST_DISPUTE = 690 + 30 * (LATEST_YEAR - 2026)


@pytest.mark.parametrize(
    ("written", "normalized"),
    [
        pytest.param("App no 14038/88", "App no 14038/88", id="application"),
        pytest.param("App. No. 14038/88", "App no 14038/88", id="application with dots"),
        pytest.param("Application no. 14038/88", "App no 14038/88", id="application in words"),
        pytest.param("Appl no 14038/88", "App no 14038/88", id="application, four letters"),
        pytest.param("application no 14038/88", "App no 14038/88", id="application, small letters"),
        pytest.param("no. 14038/88", "App no 14038/88", id="number alone"),
        pytest.param("Apps nos 36022/97 and 36023/97", "App no 36022/97", id="two applications"),
        pytest.param("App no 14038/88 (ECtHR, 7 July 1989)", "App no 14038/88", id="day of the judgment"),
        pytest.param("App no 14038/88 (ECHR, 7 July 1989)", "App no 14038/88", id="day, other initials"),
        pytest.param("CE:ECHR:2015:0616JUD006456909", "CE:ECHR:2015:0616JUD006456909", id="ecli"),
        pytest.param("ECLI:CE:ECHR:2015:0616JUD006456909", "CE:ECHR:2015:0616JUD006456909", id="ecli in full"),
        pytest.param("CE:ECHR:2015:0616DEC006456909", "CE:ECHR:2015:0616DEC006456909", id="ecli of a decision"),
        pytest.param("ECHR 1999-VI", "ECHR 1999-VI", id="reports of the court"),
        pytest.param("PCIJ Series A No 10", "PCIJ Series A No 10", id="permanent court"),
        pytest.param("PCIJ, Series A, No. 10", "PCIJ Series A No 10", id="permanent court, commas"),
        pytest.param("P.C.I.J. Ser. A No. 10", "PCIJ Series A No 10", id="permanent court, dots"),
        pytest.param("PCIJ Series A/B No 53", "PCIJ Series A/B No 53", id="permanent court, joint series"),
        pytest.param("WT/DS26", "WT/DS26", id="trade dispute"),
        pytest.param("WT/DS26/AB/R", "WT/DS26/AB/R", id="appellate report"),
        pytest.param("WT/DS26/R/USA", "WT/DS26/R/USA", id="report for one party"),
        pytest.param("ICSID Case No ARB/05/22", "ICSID Case No ARB/05/22", id="investment"),
        pytest.param("ICSID Case No. ARB(AF)/00/2", "ICSID Case No. ARB(AF)/00/2", id="additional facility"),
        pytest.param("ICSID Case No CONC/05/1", "ICSID Case No CONC/05/1", id="conciliation"),
        pytest.param("IT-94-1-A", "IT-94-1-A", id="yugoslavia"),
        pytest.param("ICTY-94-1-A", "IT-94-1-A", id="yugoslavia, court's initials"),
        pytest.param("IT-95-5/18-T", "IT-95-5/18-T", id="joined indictments"),
        pytest.param("IT‑94‑1‑A", "IT-94-1-A", id="hard hyphens"),
        pytest.param("IT-94-1-AR72", "IT-94-1-AR72", id="interlocutory appeal"),
        pytest.param("ICTR-96-4-T", "ICTR-96-4-T", id="rwanda"),
        pytest.param("ICC-01/04-01/06", "ICC-01/04-01/06", id="criminal court"),
        pytest.param("ICC-01/04-01/06-2842", "ICC-01/04-01/06-2842", id="document of the court"),
        pytest.param("SCSL-03-1-T", "SCSL-03-1-T", id="sierra leone"),
        pytest.param("STL-11-01-T", "STL-11-01-T", id="lebanon"),
        pytest.param("MICT-12-25-A", "MICT-12-25-A", id="residual mechanism"),
        pytest.param("ITLOS Case No 2", "ITLOS Case No 2", id="law of the sea"),
        pytest.param("PCA Case No 2013-19", "PCA Case No 2013-19", id="permanent arbitration"),
    ],
)
def test_case_is_read_by_the_number_of_its_registry(written: str, normalized: str) -> None:
    assert what(in_prose(written)) == (normalized, "international", "case")


@pytest.mark.parametrize(
    ("written", "normalized"),
    [
        pytest.param("S/RES/1373", "S/RES/1373", id="security council"),
        pytest.param("S/RES/1373 (2001)", "S/RES/1373 (2001)", id="with its year"),
        pytest.param("UN Doc S/RES/1373 (2001)", "S/RES/1373 (2001)", id="as a document"),
        pytest.param("UNSC Res 1373 (2001)", "S/RES/1373 (2001)", id="short"),
        pytest.param("UNSC Resolution 1373", "S/RES/1373", id="short, in words"),
        pytest.param("Security Council Resolution 1373 (2001)", "S/RES/1373 (2001)", id="in words"),
        pytest.param("A/RES/60/1", "A/RES/60/1", id="general assembly"),
        pytest.param("A/RES/217 (III)", "A/RES/217 (III)", id="roman session"),
        pytest.param("UNGA Res 217 (III)", "A/RES/217 (III)", id="assembly, short"),
        pytest.param("General Assembly resolution 2625 (XXV)", "A/RES/2625 (XXV)", id="assembly in words"),
        pytest.param("A/RES/10 (ES-X)", "A/RES/10 (ES-X)", id="emergency session"),
    ],
)
def test_resolution_is_read_in_one_form(written: str, normalized: str) -> None:
    assert what(in_prose(written)) == (normalized, "international", "treaty")


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("14038/88", id="number alone"),
        pytest.param("no 12/34/56", id="three numbers"),
        pytest.param("App store 14038/88", id="shop"),
        pytest.param("ECHR 1999", id="no volume"),
        pytest.param("PCIJ Statute", id="statute of the court"),
        pytest.param("PCIJ Series C No 10", id="series of pleadings"),
        pytest.param("WTO/DS26", id="other initials"),
        pytest.param("IT-94", id="no case"),
        pytest.param("IT department-94-1", id="computers"),
        pytest.param("ICC Case No 12345", id="chamber of commerce"),
        pytest.param("S/2001/1373", id="document that is no resolution"),
        pytest.param("resolution 1373", id="resolution of nobody"),
        pytest.param("PCA-2013-19", id="no case number"),
        pytest.param("CE:ECHR:2015:616JUD006456909", id="day of three digits"),
        pytest.param("ARB/05/22", id="no registry"),
    ],
)
def test_lookalike_is_nothing_international(written: str) -> None:
    assert found_by(international.find, f"they wrote {written} there") == []


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        pytest.param(
            "App no 14038/88 (ECtHR, 7 July 1989)",
            {"number": "14038", "filed": "1988", "decided": "1989"},
            id="application",
        ),
        pytest.param("App no 12/01", {"number": "12", "filed": "2001"}, id="application of this century"),
        pytest.param(
            "CE:ECHR:2015:0616JUD006456909",
            {
                "number": "64569",
                "filed": "2009",
                "decided": "2015",
                "date": "0616",
                "app": "App no 64569/09",
            },
            id="ecli",
        ),
        pytest.param("S/RES/1373 (2001)", {"organ": "S", "number": "1373", "tail": "2001", "what": "un"}, id="council"),
        pytest.param("A/RES/60/1", {"organ": "A", "number": "60", "second": "1", "what": "un"}, id="assembly"),
        pytest.param(
            "IT-95-5/18-T", {"court": "IT", "year": "95", "rest": "-5/18-T", "what": "criminal"}, id="criminal"
        ),
        pytest.param("PCIJ Series A/B No 53", {"series": "A/B", "number": "53", "what": "pcij"}, id="permanent court"),
    ],
)
def test_parts_are_what_the_rules_need(written: str, parts: dict[str, str]) -> None:
    assert parts_by(international.find, written) == parts


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("App no 14038/88", ("verified", "in_index"), id="known application"),
        pytest.param("Soering v United Kingdom App no 14038/88", ("verified", "in_index"), id="with its name"),
        pytest.param("App no 99999/88", ("unverified", "not_in_index"), id="highest number"),
        pytest.param("App no 100000/88", ("invalid", "number_out_of_range"), id="one number more"),
        pytest.param("App no 0/88", ("invalid", "number_out_of_range"), id="number nought"),
        pytest.param("App no 12/54", ("invalid", "before_court"), id="before the convention was applied"),
        pytest.param("App no 12/55", ("unverified", "not_in_index"), id="first year"),
        pytest.param("App no 12/53", ("invalid", "before_court"), id="year to come"),
        pytest.param("App no 999/01 (ECtHR, 3 May 2001)", ("unverified", "not_in_index"), id="decided at once"),
        pytest.param("App no 999/01 (ECtHR, 3 May 2000)", ("invalid", "year_mismatch"), id="decided before"),
        pytest.param("CE:ECHR:2015:0616JUD006456909", ("verified", "in_index"), id="known ecli"),
        pytest.param("CE:ECHR:2015:1316JUD006456909", ("invalid", "malformed"), id="thirteenth month"),
        pytest.param("CE:ECHR:2015:0016JUD006456909", ("invalid", "malformed"), id="month nought"),
        pytest.param("CE:ECHR:2015:1232JUD006456909", ("invalid", "malformed"), id="thirty-second day"),
        pytest.param("CE:ECHR:2008:0616JUD006456909", ("invalid", "year_mismatch"), id="decided before it was brought"),
        pytest.param("PCIJ Series A No 24", ("unverified", "not_in_index"), id="last of series a"),
        pytest.param("PCIJ Series A No 25", ("invalid", "number_out_of_range"), id="one of series a more"),
        pytest.param("PCIJ Series B No 18", ("unverified", "not_in_index"), id="last of series b"),
        pytest.param("PCIJ Series B No 19", ("invalid", "number_out_of_range"), id="one of series b more"),
        pytest.param("PCIJ Series A/B No 39", ("invalid", "number_out_of_range"), id="before the joint series"),
        pytest.param("PCIJ Series A/B No 40", ("unverified", "not_in_index"), id="first of the joint series"),
        pytest.param("PCIJ Series A/B No 81", ("invalid", "number_out_of_range"), id="behind the joint series"),
        pytest.param("WT/DS650/R", ("unverified", "not_in_index"), id="late dispute"),
        pytest.param("WT/DS2651/R", ("invalid", "number_out_of_range"), id="dispute to come"),
        pytest.param("WT/DS0/R", ("invalid", "number_out_of_range"), id="dispute nought"),
        pytest.param("ICSID Case No ARB/05/80", ("unverified", "not_in_index"), id="highest arbitration"),
        pytest.param("ICSID Case No ARB/05/81", ("invalid", "number_out_of_range"), id="one arbitration more"),
        pytest.param("ICSID Case No ARB/05/0", ("invalid", "number_out_of_range"), id="arbitration nought"),
        pytest.param("ICSID Case No ARB/72/1", ("unverified", "not_in_index"), id="first arbitration"),
        pytest.param("ICSID Case No ARB/71/1", ("invalid", "before_court"), id="before the first"),
        pytest.param("IT-94-99-A", ("unverified", "not_in_index"), id="yugoslavia, first year"),
        pytest.param("IT-93-99-A", ("invalid", "before_court"), id="yugoslavia too early"),
        pytest.param("IT-11-99-A", ("unverified", "not_in_index"), id="yugoslavia, last year"),
        pytest.param("IT-12-99-A", ("invalid", "before_court"), id="yugoslavia too late"),
        pytest.param("ICTR-93-4-T", ("invalid", "before_court"), id="rwanda too early"),
        pytest.param("ICTR-05-1-T", ("unverified", "not_in_index"), id="rwanda, last year"),
        pytest.param("ICTR-06-1-T", ("invalid", "before_court"), id="rwanda too late"),
        pytest.param("SCSL-02-1-T", ("invalid", "before_court"), id="sierra leone too early"),
        pytest.param("MICT-11-25-A", ("invalid", "before_court"), id="mechanism too early"),
        pytest.param("ICC-01/04-01/06", ("verified", "in_index"), id="known case of the criminal court"),
        pytest.param("ICC-98/04-01/06", ("invalid", "before_court"), id="criminal court before it sat"),
        pytest.param("S/RES/1373 (2001)", ("verified", "in_index"), id="resolution in its year"),
        pytest.param("S/RES/1373 (1985)", ("invalid", "year_mismatch"), id="resolution in another year"),
        pytest.param("S/RES/9999", ("invalid", "volume_out_of_range"), id="resolution to come"),
        pytest.param("A/RES/30/1", ("invalid", "number_out_of_range"), id="session before the new form"),
        pytest.param("A/RES/31/1", ("unverified", "not_in_index"), id="first session of the new form"),
        pytest.param("A/RES/99/1", ("invalid", "number_out_of_range"), id="session to come"),
        pytest.param("UNGA Res 3540 (XXX)", ("unverified", "not_in_index"), id="last roman session"),
        pytest.param("UNGA Res 3540 (XXXI)", ("invalid", "number_out_of_range"), id="one roman session more"),
        pytest.param("ITLOS Case No 0", ("invalid", "number_out_of_range"), id="sea case nought"),
        pytest.param("ITLOS Case No 99", ("invalid", "number_out_of_range"), id="sea case to come"),
        pytest.param("PCA Case No 1999-99", ("unverified", "not_in_index"), id="arbitration without rule"),
    ],
)
def test_number_keeps_to_what_its_registry_gave(written: str, expected: tuple[str, str]) -> None:
    assert outcome(written) == expected


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        pytest.param("App no 100000/88", "application numbers have up to five digits, got 100000", id="application"),
        pytest.param("IT-93-99-A", "the ICTY has no cases of the year 93", id="criminal"),
        pytest.param("PCIJ Series A No 25", "PCIJ Series A has numbers 1 to 24, got 25", id="permanent court"),
        pytest.param(
            "WT/DS9651/R",
            f"WTO disputes are numbered DS1 to about DS{690 + 30 * (LATEST_YEAR - 2026)}, got DS9651",
            id="trade",
        ),
        pytest.param("ICSID Case No ARB/05/81", "no year has 81 ICSID cases; fewer than 80", id="investment"),
        pytest.param("CE:ECHR:2015:1316JUD006456909", "1316 is no day (month and day, four digits)", id="day"),
    ],
)
def test_reason_says_what_the_rule_is_and_what_was_got(written: str, reason: str) -> None:
    assert only(written).finding.reason == reason


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param("Soering v United Kingdom App no 14038/88", "Soering v United Kingdom", id="application"),
        pytest.param("Soering v United Kingdom, no. 14038/88", "Soering v United Kingdom", id="comma"),
        pytest.param("Prosecutor v Tadić, IT-94-1-A", "Prosecutor v Tadić", id="accent"),
        pytest.param("Biwater Gauff v Tanzania, ICSID Case No ARB/05/22", "Biwater Gauff v Tanzania", id="investment"),
        pytest.param("Marsh v Poland [GC], no. 999/01", "Marsh v Poland", id="grand chamber"),
    ],
)
def test_name_before_the_number_belongs_to_the_case(text: str, name: str) -> None:
    assert in_prose(text).name == name


def test_sea_case_is_known_in_its_short_form_too() -> None:
    assert outcome("ITLOS No 2") == ("verified", "in_index")


def test_resolution_of_an_emergency_session_is_found() -> None:
    assert in_prose("A/RES/ES-11/1").normalized == "A/RES/ES-11/1"


@given(BEFORE, st.integers(1, 99_999), st.integers(1955, 2026), BEHIND)
def test_application_is_found_in_any_prose_with_the_year_it_was_brought(
    before: str, number: int, year: int, behind: str
) -> None:
    written = f"App no {number}/{year % 100:02d}"
    text = f"{before}{written}{behind}"

    (found,) = CHECKER.extractor.extract(text)

    assert (found.text, found.start, found.normalized) == (written, len(before), written)
    assert (found.cites[0].parts["number"], found.cites[0].parts["filed"]) == (str(number), str(year))
