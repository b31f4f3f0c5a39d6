"""Law that was added decides which provisions exist; nothing else changes."""

from dataclasses import replace
from pathlib import Path

import pytest

from models.grounding.law_store import LawStore
from models.grounding.library import FILE, Library
from services.citations.checker import CitationChecker
from services.citations.citation import Finding
from services.grounding.law.added import LibraryLaw
from tests.fakes import CHECKER
from tests.services.citations.test_labelled import ROWS
from tests.services.grounding.law.services import CLML, USLM, XHTML
from tests.services.grounding.shelves import Shelf

_PART = CLML.replace("ukpga/2011/7", "ukpga/2012/8").replace("Harbour Lights Act 2011", "Harbour Oils Act 2012")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("law")
    with Shelf(folder) as shelf:
        shelf.add(CLML, "act.xml")
        shelf.add(XHTML, "regulation.html")
        shelf.add(USLM, "usc17.xml")
        shelf.add(_PART.replace('/8" IdURI', '/8/section/1" IdURI'), "part.xml")
    # Stopped before the tests: one that adds more starts its own, and a document is read by one service alone.
    return folder


def _checker(folder: Path) -> CitationChecker:
    added = LibraryLaw(LawStore(Library(folder / FILE)))
    return CitationChecker(replace(CHECKER.reference, added=added))


def _found(folder: Path, text: str) -> Finding:
    (checked,) = _checker(folder).check(text)
    return checked.finding


@pytest.mark.parametrize(
    ("text", "verdict", "code", "reason"),
    [
        ("Harbour Lights Act 2011", "verified", "in_index", "Harbour Lights Act 2011"),
        ("Harbour Lights Act 2011, s 1", "verified", "in_index", "section 1 (Duty to keep a light)"),
        ("section 1(1) of the Harbour Lights Act 2011", "verified", "in_index", "section 1(1) (Duty to keep a light)"),
        ("Harbour Lights Act 2011, s 1(9)", "invalid", "no_such_subdivision", "section 1 has no subsection (9)"),
        ("Harbour Lights Act 2011, s 26A", "verified", "in_index", "section 26A (Oil)"),
        (
            "Harbour Lights Act 2011, s 26B",
            "invalid",
            "no_such_provision",
            "the text of 2020-01-01 of Harbour Lights Act 2011 has no section 26B",
        ),
        ("Harbour Lights Act 2011, s 2", "invalid", "no_such_provision", "has no section 2"),
        ("Harbour Lights Act 2011, ss 1 and 99", "invalid", "no_such_provision", "has no section 99"),
        ("Harbour Lights Act 2011, s 27", "verified", "repealed", "repealed, as the text of 2020-01-01 says"),
        ("Harbour Lights Act 2011, s 28", "verified", "prospective", "not yet in force"),
        ("Harbour Lights Act 2011, Sch 1", "verified", "in_index", "schedule 1 (Lamps)"),
        ("Harbour Lights Act 2011, Sch 1 para 1", "verified", "in_index", "Sch. 1 para. 1 (Kinds)"),
        ("Harbour Lights Act 2011, Sch 1 para 7", "invalid", "no_such_provision", "has no paragraph Sch. 1 para. 7"),
        ("Harbour Lights Act 2011, Sch 3", "invalid", "no_such_provision", "has no schedule 3"),
        ("Harbour Lights Act 2011, Pt 4", "unverified", "provision_unknown", "cannot be checked"),
        ("17 U.S.C. § 107", "verified", "in_index", "section 107 (Fair light)"),
        ("17 U.S.C. § 107(a)", "verified", "in_index", "section 107(a)"),
        ("17 U.S.C. § 107(z)", "invalid", "no_such_subdivision", "has no subsection (z)"),
        ("17 U.S.C. § 108", "invalid", "no_such_provision", "has no section 108"),
        ("17 U.S.C. § 110", "verified", "repealed", "repealed"),
        ("Regulation (EU) 2031/77, art 6(1)(a)", "invalid", "future", "has not come yet"),
    ],
)
def test_the_added_text_decides(folder: Path, text: str, verdict: str, code: str, reason: str) -> None:
    found = _found(folder, text)
    assert (found.verdict.value, found.code) == (verdict, code)
    assert reason in found.reason


def test_a_repealed_provision_is_listed_as_law_that_has_ended(folder: Path) -> None:
    assert _found(folder, "Harbour Lights Act 2011, s 27").ended == "Harbour Lights Act 2011, section 27 (repealed)"
    assert _found(folder, "Harbour Lights Act 2011, s 28").ended is None


def test_an_act_of_the_union_is_known_by_its_number(folder: Path) -> None:
    with Shelf(folder) as shelf:
        shelf.add(XHTML.replace("2031/77", "2021/77").replace("2031", "2021"), "older.html")
    assert "article 6(1)(a) (Keepers)" in _found(folder, "Regulation (EU) 2021/77, art 6(1)(a)").reason
    assert _found(folder, "Regulation (EU) 2021/77, art 7").code == "no_such_provision"
    assert _found(folder, "Directive (EU) 2021/77, art 7").code == "not_in_index"


def test_a_part_of_an_act_says_nothing_of_the_rest(folder: Path) -> None:
    assert _found(folder, "Harbour Oils Act 2012, s 99").code == "not_in_index"


def test_law_that_was_not_added_is_judged_as_before(folder: Path) -> None:
    checker = _checker(folder)
    for row in ROWS:
        if "17 U.S.C." in row["text"]:
            continue
        assert [one.finding for one in checker.check(row["text"])] == [
            one.finding for one in CHECKER.check(row["text"])
        ], row["text"]


def test_without_a_library_no_file_is_made(tmp_path: Path) -> None:
    assert _found(tmp_path, "Companies Act 2006, s 172").code == "in_index"
    assert list(tmp_path.iterdir()) == []


def test_a_library_that_cannot_be_read_does_not_end_the_check(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all, whatever its name may say")
    assert _found(tmp_path, "Companies Act 2006, s 172").code == "in_index"
