"""Which provisions a citation names, and what the text of added law says of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from services.citations.added_law import AddedProvision, NoAddedLaw, Place, finding_of, places_of
from services.citations.citation import Cite
from tests.services.citations.found import only


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("Companies Act 2006", []),
        ("Companies Act 2006, s 172(1)(a)", [Place("section", "172", "(1)(a)")]),
        ("Companies Act 2006, ss 170 to 177", [Place("section", "170"), Place("section", "177")]),
        (
            "Companies Act 2006, ss 1, 26A(2) and 3",
            [Place("section", "1"), Place("section", "26A", "(2)"), Place("section", "3")],
        ),
        ("Companies Act 2006, Sch 2", [Place("schedule", "2")]),
        ("Companies Act 2006, Sch 2 para 3(1)", [Place("paragraph", "Sch. 2 para. 3", "(1)")]),
        ("17 U.S.C. § 107(1)", [Place("section", "107", "(1)")]),
        ("42 U.S.C. § 1396r-8(b)", [Place("section", "1396r-8", "(b)")]),
        ("Regulation (EU) 2016/679, art 6(1)(f)", [Place("article", "6", "(1)(f)")]),
        ("SI 2006/246, reg 4", [Place("article", "4")]),
    ],
)
def test_a_citation_names_provisions_by_kind_number_and_part(text: str, places: list[Place]) -> None:
    assert list(places_of(only(text).citation.cites[0])) == places


@dataclass
class _Text:
    """An instrument with sections 1 to 3 and 1396r-8, in two states; no articles."""

    title: str = "Harbour Act 2011"
    version: str = ""

    def provisions(self, place: Place) -> Sequence[AddedProvision] | None:
        if place.kind != "section":
            return None
        rows = {
            "1": AddedProvision("1", "", ("(1)", "(1)(a)")),
            "2": AddedProvision("2", "Oil", (), "repealed", "2019-01-01"),
            "3": AddedProvision("3", "Gas", (), "prospective"),
            "1396r-8": AddedProvision("1396r-8", "", ()),
        }
        return [rows[place.number]] if place.number in rows else []

    def find(self, _cite: Cite) -> "_Text":
        return self


@pytest.mark.parametrize(
    ("numbers", "verdict", "code", "reason"),
    [
        ("", "verified", "in_index", "known: Harbour Act 2011"),
        ("1", "verified", "in_index", "known: Harbour Act 2011, section 1"),
        ("1(1)(a)", "verified", "in_index", "known: Harbour Act 2011, section 1(1)(a)"),
        ("1(1)(b)", "invalid", "no_such_subdivision", "Harbour Act 2011, section 1 has no subsection (1)(b)"),
        ("1-1", "verified", "in_index", "known: Harbour Act 2011, section 1"),
        ("1-9", "invalid", "no_such_provision", "the text of Harbour Act 2011 has no section 9"),
        ("1396r-8", "verified", "in_index", "known: Harbour Act 2011, section 1396r-8"),
        (
            "2",
            "verified",
            "repealed",
            "known: Harbour Act 2011, section 2 (Oil); repealed since 2019-01-01, as the text says",
        ),
        (
            "1 and 3",
            "verified",
            "prospective",
            "known: Harbour Act 2011, section 3 (Gas); not yet in force, as the text says",
        ),
        ("3 and 4", "invalid", "no_such_provision", "the text of Harbour Act 2011 has no section 4"),
    ],
)
def test_the_worst_of_what_is_cited_is_told(numbers: str, verdict: str, code: str, reason: str) -> None:
    cite = Cite("act", 0, 1, "statute", "uk", "x", {"title": "Harbour Act 2011", "unit": "s", "numbers": numbers})
    found = finding_of(cite, _Text())
    assert found is not None
    assert (found.verdict.value, found.code, found.reason) == (verdict, code, reason)


def test_what_the_text_has_no_provisions_of_cannot_be_checked() -> None:
    cite = Cite("act", 0, 1, "statute", "uk", "x", {"title": "Harbour Act 2011", "unit": "Pt", "numbers": "4"})
    found = finding_of(cite, _Text())
    assert found is not None
    assert (found.verdict.value, found.code) == ("unverified", "provision_unknown")
    assert finding_of(cite, NoAddedLaw()) is None
