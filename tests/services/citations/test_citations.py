"""Citations: found with their spans in any format, verified step by step, and never in quadratic time."""

import itertools
import json
import random
import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import Settings
from models.catalogue.authority_store import AuthorityStore
from services.citations.checker import CitationChecker, counts_of, verdict_of
from services.citations.citation import Verdict, fold, fold_cite, worst
from services.citations.local_index import LocalIndex, known_from, rows_from
from services.citations.names import Likeness, compare, is_case_name
from services.citations.tables import load_reference
from tests.fakes import CATALOG, CATALOGUE, CHECKER
from tests.services.citations.found import only, outcome
from utils.errors import ConfigurationError

# --- extraction ------------------------------------------------------------------------------

YEARS = st.integers(1950, 2024)
NUMBERS = st.integers(1, 400)
PARTIES = st.sampled_from(["Ashdown v Byrne", "Okafor v Lindqvist Ltd", "Re Calloway", "Prentice & Co v Moya"])
FORMATS = (
    "[{year}] UKSC {n}",
    "[{year}] EWCA Civ {n}",
    "[{year}] EWHC {n} (Admin)",
    "[{year}] UKUT 00{n} (IAC)",
    "[{year}] 2 AC {n}",
    "[{year}] Q.B. {n}",
    "(1889) 14 App Cas {n}",
    "(1868) LR 3 HL {n}",
    "1932 SC (HL) {n}",
    "{n} U.S. {n} ({year})",
    "{n} F.3d {n} (9th Cir. {year})",
    "{n} S. Ct. {n} ({year})",
    "18 U.S.C. § {n}(a)(1)",
    "17 C.F.R. § 240.{n}",
    "U.S. Const. amend. XIV, § 1",
    "Fed. R. Civ. P. {n}(b)(6)",
    "Pub. L. No. 107-{n}",
    "U.C.C. § 2-{n}",
    "Companies Act {year}, s {n}(2)(a)",
    "SI {year}/{n}",
    "Regulation (EU) 2016/{n}, art {n}",
    "Directive 95/{n}/EC",
    "32016R0{n:03d}",
    "Case C-{n}/12",
    "ECLI:EU:C:{year}:{n}",
    "Article {n} TFEU",
    "Art. {n} GDPR",
    "App no {n}/72",
    "ECLI:CE:ECHR:2015:0616JUD006456909",
    "(1989) 11 EHRR {n}",
    "[1986] ICJ Rep {n}",
    "PCIJ Series A No {n}",
    "{n} UNTS {n}",
    "Vienna Convention on the Law of Treaties, art {n}",
    "S/RES/{n}",
    "WT/DS{n}/AB/R",
    "ICSID Case No ARB/05/{n}",
    "ICTR-96-{n}-T",
    "ICC-01/04-01/06",
)


@given(st.sampled_from(FORMATS), YEARS, NUMBERS, st.sampled_from(["", "The rule is in ", "See also "]))
def test_citation_in_any_format_is_found_with_its_span(form: str, year: int, n: int, before: str) -> None:
    core = form.format(year=year, n=n)
    text = f"{before}{core}. It decides nothing else."

    found = CHECKER.extractor.extract(text)

    assert any(item.start <= len(before) and item.end >= len(before) + len(core) for item in found), text
    assert all(text[item.start : item.end] == item.text for item in found)


@given(
    PARTIES,
    st.sampled_from(["[{year}] UKSC {n}", "[{year}] 1 WLR {n}", "{n} F.2d {n} (2d Cir. {year})"]),
    YEARS,
    NUMBERS,
)
def test_name_of_the_case_is_found_with_its_citation(name: str, form: str, year: int, n: int) -> None:
    comma = "," if "F.2d" in form else ""
    found = only(f"The point was left open in {name}{comma} {form.format(year=year, n=n)}.")

    assert found.citation.name == name
    assert found.citation.is_case_name


@given(st.text(max_size=500))
def test_citations_of_any_text_lie_inside_it_and_apart(text: str) -> None:
    found = CHECKER.extractor.extract(text)

    assert all(text[item.start : item.end] == item.text for item in found)
    assert all(before.end <= after.start for before, after in itertools.pairwise(found))


@given(
    st.lists(
        st.sampled_from(
            ["[", "]", "(", ")", "19", "99", " ", "v", "Act", "U.S.", "Case", "C-", "/", "Art", "§", "EU:C:", "no", "."]
        ),
        max_size=120,
    )
)
def test_pieces_of_citations_in_any_order_break_nothing(pieces: list[str]) -> None:
    for item in CHECKER.check("".join(pieces)):
        assert item.to_dict()["verdict"] in {verdict.value for verdict in Verdict}


@pytest.mark.parametrize("piece", ["1234567890[]()", "[2001] ", "(1999) 1 ", "v. ", "Article 3 of the ", "§ ", "A.A."])
def test_time_grows_with_the_length_of_the_text_and_not_faster(piece: str) -> None:
    others = itertools.count()

    def cost(size: int) -> float:
        text = f"{next(others)} " + piece * (size // len(piece))  # not a text that is kept
        started = time.process_time()
        CHECKER.extractor.extract(text)
        return time.process_time() - started

    small, large = min(cost(20_000) for _ in range(3)), cost(200_000)

    # Ten times the text; quadratic time would take a hundred times as long.
    assert large < 40 * max(small, 0.002)


def test_parallel_references_are_one_citation_and_a_semicolon_with_a_name_begins_another() -> None:
    found = CHECKER.check(
        "R (Begum) v Denbigh High School [2006] UKHL 15, [2007] 1 AC 100; Sweet v Parsley [1970] AC 132"
    )

    assert [item.citation.normalized for item in found] == ["[2006] UKHL 15, [2007] 1 AC 100", "[1970] AC 132"]
    assert {item.finding.verdict for item in found} == {Verdict.VERIFIED}


def test_the_same_citation_in_another_spelling_counts_once() -> None:
    distinct = CHECKER.extractor.distinct

    assert len(distinct("[1932] AC 562", "so [1932] A.C. 562")) == 1
    assert distinct("no citation here, not even 123 or [1999]") == set()


@pytest.mark.parametrize(
    ("text", "kind", "jurisdiction"),
    [
        ("Donoghue v Stevenson [1932] AC 562", "case", "uk"),
        ("Human Rights Act 1998, s 3", "statute", "uk"),
        ("Roe v. Wade, 410 U.S. 113 (1973)", "case", "us"),
        ("29 C.F.R. § 1630.2", "regulation", "us"),
        ("Regulation (EU) 2016/679, art 17", "regulation", "eu"),
        ("Article 102 TFEU", "treaty", "eu"),
        ("Soering v United Kingdom (1989) 11 EHRR 439", "case", "international"),
        ("ICCPR, art 6", "treaty", "international"),
    ],
)
def test_kind_and_jurisdiction_follow_from_the_format(text: str, kind: str, jurisdiction: str) -> None:
    citation = only(text).citation

    assert (citation.kind, citation.jurisdiction) == (kind, jurisdiction)


# --- the ladder ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Donoghue v Stevenson [1932] AC 562", ("verified", "in_index")),
        ("Stevenson v Donoghue [1932] AC 562", ("verified", "in_index")),
        ("Marsh v Baird [2007] UKSC 4", ("invalid", "before_court")),
        ("Marsh v Baird [2012] UKHL 4", ("invalid", "after_court")),
        ("Marsh v Baird [2015] EWXC 4", ("unverified", "unknown_court")),
        ("Marsh v Baird [2015] UKSC 900", ("invalid", "number_out_of_range")),
        ("Marsh v Baird [2015] EWHC 901 (KB)", ("invalid", "before_court")),
        ("Marsh v Baird [1999] 1 MadeUp 4", ("unverified", "unknown_series")),
        ("Marsh v Baird [1992] HCA 23", ("unverified", "other_country")),
        ("Marsh v Baird [2015] EWHC 901 (Ch)", ("unverified", "not_in_index")),
        ("Marsh v Baird (1895) 14 App Cas 5", ("invalid", "after_series")),
        ("Carlill v Carbolic Smoke Ball Co [1893] 1 QB 265", ("invalid", "citation_mismatch")),
        ("Marsh v Baird [1893] 1 QB 256", ("invalid", "name_mismatch")),
        ("Donoghue v Stevenson [1932] AC 562, [1893] 1 QB 256", ("invalid", "parallel_mismatch")),
        ("Donoghue v Stevenson [1932] AC 562, [1932] All ER Rep 1", ("unverified", "parallel_unknown")),
        ("Theft Act 1968, s 1", ("verified", "in_index")),
        ("Theft Act 1968, s 90", ("invalid", "section_beyond_end")),
        ("Fraud Act 2007, s 2", ("invalid", "year_mismatch")),
        ("Employment Rights Act 1996, s 43B", ("verified", "in_index")),
        ("Employment Rights Act 1996, s 43Z", ("unverified", "provision_unknown")),
        ("Pond Weed (Control) Act 1974, s 3", ("unverified", "not_in_index")),
        ("SI 2010/9321", ("invalid", "number_out_of_range")),
        ("Katz v. United States, 389 U.S. 347 (1967)", ("verified", "in_index")),
        ("Katz v. United States, 389 U.S. 347 (1987)", ("invalid", "year_mismatch")),
        ("Marsh v. Baird, 999 U.S. 12 (2011)", ("invalid", "volume_out_of_range")),
        ("Marsh v. Baird, 12 F.5th 33 (2d Cir. 2022)", ("invalid", "unknown_reporter")),
        ("Marsh v. Baird, 900 F.3d 33 (14th Cir. 2018)", ("invalid", "unknown_court")),
        ("Marsh v. Baird, 900 F.3d 33 (2d Cir. 2018)", ("unverified", "not_in_index")),
        ("Marsh v. Baird, 2022 WL 4424741", ("unverified", "database_number")),
        ("62 U.S.C. § 14", ("invalid", "title_out_of_range")),
        ("18 U.S.C. § 99999", ("invalid", "section_beyond_end")),
        ("U.S. Const. amend. XXIX", ("invalid", "article_beyond_end")),
        ("Fed. R. Evid. 777", ("invalid", "rule_beyond_end")),
        ("Case T-5/80 Marsh v Commission", ("invalid", "before_court")),
        ("Case C-131/12 Google Spain EU:C:2011:317", ("invalid", "ecli_mismatch")),
        ("Case C-131/12 Marsh v Baird EU:C:2014:317", ("invalid", "name_mismatch")),
        ("Case C-5000/12", ("invalid", "number_out_of_range")),
        ("Directive (EU) 2016/679", ("invalid", "type_mismatch")),
        ("Regulation (EU) 2016/679, art 120", ("invalid", "article_beyond_end")),
        ("Regulation (EU) 1992/11", ("invalid", "type_mismatch")),
        ("CELEX 32016L0679", ("invalid", "type_mismatch")),
        ("Article 400 TFEU", ("invalid", "article_beyond_end")),
        ("Marsh v Poland App no 14038/88", ("invalid", "name_mismatch")),
        ("Marsh v Poland App no 123456/88", ("invalid", "number_out_of_range")),
        ("Marsh v Poland App no 999/01 (ECtHR, 3 May 1999)", ("invalid", "year_mismatch")),
        ("LaGrand (Germany v United States) [2001] ICJ Rep 999", ("invalid", "citation_mismatch")),
        ("PCIJ Series A No 99", ("invalid", "number_out_of_range")),
        ("WT/DS9999/R", ("invalid", "number_out_of_range")),
        ("ICSID Case No ARB/05/999", ("invalid", "number_out_of_range")),
        ("ICTY-80-4-T", ("invalid", "before_court")),
        ("ICCPR, 993 UNTS 3, art 6", ("invalid", "parallel_mismatch")),
        ("ICCPR, art 99", ("invalid", "article_beyond_end")),
        ("S/RES/1373 (1985)", ("invalid", "year_mismatch")),
        ("Case C-9/31 Marsh v Commission EU:C:2031:5", ("invalid", "future")),
    ],
)  # fmt: skip
def test_each_step_of_the_ladder_has_its_code(text: str, expected: tuple[str, str]) -> None:
    assert outcome(text) == expected


def test_reason_names_what_was_got_and_what_is_known() -> None:
    item = only("Fisher v Bell [1981] 1 QB 394").to_dict()

    assert item["reason"] == "Fisher v Bell stands at [1961] 1 QB 394, not at [1981] 1 QB 394"
    assert item["matched"] == "Fisher v Bell [1961] 1 QB 394"
    assert (item["text"], item["start"], item["end"]) == ("Fisher v Bell [1981] 1 QB 394", 0, 29)


@given(st.sampled_from([row for row in CATALOGUE.authorities if only(row.cite).citation.kind == "case"]))
def test_authority_with_another_page_is_never_verified(authority: Any) -> None:
    changed = re.sub(r"(\d+)(\D*(?:\([^()]*\d{4}\))?)$", lambda m: f"{int(m[1]) + 7777}{m[2]}", authority.cite)

    assert all(item.finding.verdict is not Verdict.VERIFIED for item in CHECKER.check(changed)[-1:])


def test_development_rows_meet_the_promises(shared_data: Path) -> None:
    rows = [json.loads(line) for line in (shared_data / "legal" / "citations_dev.jsonl").read_text().splitlines()]
    found = {row["id"]: verdict_of(CHECKER.check(row["text"])) for row in rows}
    real = [found[row["id"]] for row in rows if row["status"] == "real"]
    constructed = [found[row["id"]] for row in rows if row["status"] != "real" and row["fabrication"] != "documented"]
    fabricated = [found[row["id"]] for row in rows if row["status"] != "real"]

    assert Verdict.VERIFIED not in fabricated
    assert real.count(Verdict.INVALID) <= 1
    assert constructed.count(Verdict.INVALID) >= 0.85 * len(constructed)
    assert real.count(Verdict.VERIFIED) >= 0.7 * len(real)


def test_rows_of_the_reference_data_verify_themselves() -> None:
    reference = CHECKER.reference
    cases = random.Random(5).sample([case for case in reference.cases if case.kind == "case"], 400)
    wrong = []
    for case in cases:
        comma = "," if case.jurisdiction == "us" else ""
        cite = case.cites[0]
        prefix = "Case " if case.jurisdiction == "eu" and "/" in cite else ""
        text = f"{case.names[0]}{comma} {prefix}{cite}"
        verdicts = [(item.finding.verdict, item.finding.reason) for item in CHECKER.check(text)]
        if [verdict for verdict, _ in verdicts] != [Verdict.VERIFIED]:
            wrong.append((text, verdicts))

    assert not [row for row in wrong if any(verdict is Verdict.INVALID for verdict, _ in row[1])]
    assert len(wrong) <= 8, wrong


# --- names, counts, reference data -----------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "known", "expected"),
    [
        ("Donoghue v Stevenson", "Donoghue v Stevenson", Likeness.SAME),
        ("Muller v Acme Ltd", "Müller v ACME plc", Likeness.SAME),
        ("FAPL v QC Leisure", "Football Association Premier League v QC Leisure", Likeness.SAME),
        ("Kowalski v Poland", "Soering v United Kingdom", Likeness.OTHER),
        ("Fisher v Taylor", "Fisher v Bell", Likeness.PARTLY),
        ("State v Commission", "Council v United Kingdom", Likeness.UNCLEAR),
        ("The Wagon Mound", "The Wagon Mound (No 1)", Likeness.SAME),
    ],
)
def test_names_are_compared_party_by_party(given: str, known: str, expected: Likeness) -> None:
    assert compare(given, known) is expected


def test_words_of_the_field_fold_and_rank() -> None:
    assert fold("N.S. v Émile") == "ns v emile"
    assert fold_cite("(1976) 1 E.H.R.R. 737") == "1ehrr737"
    assert is_case_name("Re A")
    assert not is_case_name("North Sea Continental Shelf")
    assert worst([Verdict.VERIFIED, Verdict.INVALID, Verdict.UNVERIFIED]) is Verdict.INVALID
    assert worst([]) is None
    assert counts_of(CHECKER.check("Theft Act 1968, s 1; Theft Act 1968, s 99")) == {
        "total": 2,
        "verified": 1,
        "unverified": 0,
        "invalid": 1,
    }


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("uk_acts.csv", "name,year\nx,1\n", "no column"),
        ("series.csv", None, "cannot be read"),
        ("us_code.csv", "title,name,last,leading,checked,source\n1,a\n", "too many or too few fields"),
        ("cases_uk.csv", "name,citations,year,checked,source\n,x,1,no,y\n", "without name or citation"),
        ("cases_uk.csv", "name,citations,year,checked,source\na,x,long ago,no,y\n", "want a number"),
    ],
)
def test_fault_in_the_reference_data_stops_with_its_file(
    tmp_path: Path, name: str, content: str | None, told: str
) -> None:
    for path in (CATALOG / "authorities").glob("*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_text(content)

    with pytest.raises(ConfigurationError, match=told) as raised:
        load_reference(tmp_path)
    assert name in str(raised.value)


def test_every_row_of_the_reference_data_has_a_source() -> None:
    for path in (CATALOG / "authorities").glob("*.csv"):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert lines[0].endswith("checked,source"), path.name
        assert all(",yes," in line or ",no," in line for line in lines[1:]), path.name


def test_topics_authorities_are_all_verified() -> None:
    extra = [
        known for row in CATALOGUE.authorities for known in known_from(row.cite, row.jurisdiction, CHECKER.extractor)
    ]
    checker = CitationChecker(load_reference(CATALOG / "authorities", extra))
    wrong = {
        row.cite
        for row in CATALOGUE.authorities
        for item in checker.check(row.cite)
        if item.finding.verdict is not Verdict.VERIFIED
    }

    assert len(wrong) <= 1, wrong


def test_authority_that_a_user_brought_in_is_known(tmp_path: Path) -> None:
    store = AuthorityStore(tmp_path / "authorities.db")
    facts = {"jurisdiction": "uk", "kind": "case", "year": "2015", "source": "mine"}
    added = store.add(rows_from("Marsh v Baird", "[2015] EWHC 901 (Ch)", facts, CHECKER.extractor))
    again = store.add(rows_from("Marsh v Baird", "[2015] EWHC 901 (Ch)", facts, CHECKER.extractor))
    checker = CitationChecker(load_reference(CATALOG / "authorities", index=LocalIndex(store)))

    assert (added, again, store.count()) == (1, 0, 1)
    assert checker.check("Marsh v Baird [2015] EWHC 901 (Ch)")[0].finding.verdict is Verdict.VERIFIED
    assert checker.check("Marsh v Baird [2015] EWHC 902 (Ch)")[0].finding.code == "citation_mismatch"
    assert checker.check("Olsen v Trent [2015] EWHC 901 (Ch)")[0].finding.code == "name_mismatch"
    store.close()


def test_index_that_is_not_there_costs_no_file(tmp_path: Path) -> None:
    store = AuthorityStore(tmp_path / "authorities.db")

    assert (store.with_key("x"), store.with_name("y"), store.count()) == ([], [], 0)
    assert not store.path.exists()


def test_default_policy_is_to_refuse_invalid_citations() -> None:
    assert Settings(_env_file=None).citation_policy == "no_invalid"
