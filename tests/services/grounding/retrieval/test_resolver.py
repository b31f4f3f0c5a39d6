"""Citations in all styles find their provision, also in law that nobody has heard of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.grounding.retrieval.legs import Filter
from services.grounding.retrieval.resolver import Resolver
from tests.services.grounding.retrieval.shelf import cited, shelf

HARBOURS = "Harbours (Pilotage and Tolls) Act 2019"
LANTERNS = "Lanterns, Beacons and Buoys Act 2021"
KITES = "Regulation (EU) 2017/1999"
SLEDGES, OLD_SLEDGES = "Directive 94/47/EC", "Regulation (EC) No 47/94"
MOON = "Convention on the Law of the Moon"
LIGHTHOUSES, FEDERATION = "61 U.S.C.", "Constitution of the United States"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        # Acts: the whole title, without brackets, without year, shortened, by initials, by chapter, by address.
        ("section 2 of the Harbours (Pilotage and Tolls) Act 2019", [f"{HARBOURS}|2"]),
        ("Harbours Act 2019, s. 2", [f"{HARBOURS}|2"]),
        ("Harbours Act 2019 s 2(1)(b)(ii)", [f"{HARBOURS}|2"]),
        ("s.2(1) Pilotage and Tolls Act 2019", [f"{HARBOURS}|2"]),
        ("Lanterns, Beacons & Buoys Act 2021 s172", [f"{LANTERNS}|172"]),
        ("section 172 Lanterns Act 2021", [f"{LANTERNS}|172"]),
        ("Buoys Act 2021, s 1", [f"{LANTERNS}|1"]),
        ("Piers Act 2021 s 4", ["Harbours (Piers) Act 2021|4"]),
        ("LBBA 2021, s. 172", [f"{LANTERNS}|172"]),
        ("lbba 2021 s 172", [f"{LANTERNS}|172"]),
        ("LBB Act 2021, s. 172", [f"{LANTERNS}|172"]),
        ("s 172 of the LBBA", [f"{LANTERNS}|172"]),
        ("HA 2019 s 2A", [f"{HARBOURS}|2A"]),
        ("HA 2019 s 2a", [f"{HARBOURS}|2A"]),
        ("Schedule 2 to the Harbours Act 2019", [f"{HARBOURS}|2"]),
        ("https://www.legislation.gov.uk/ukpga/2021/7/section/172", [f"{LANTERNS}|172"]),
        ("ss. 1, 2 and 2A of the Harbours Act 2019", [f"{HARBOURS}|1", f"{HARBOURS}|2", f"{HARBOURS}|2A"]),
        ("Ferry Procedure Rules 1998, r 3.4(2)(a)", ["Ferry Procedure Rules 1998|3.4"]),
        ("FPR r. 3.4", ["Ferry Procedure Rules 1998|3.4"]),
        # A text whose numbers have no word has clauses, whatever people call them.
        ("clause 4 of the Pier Lease Agreement 2024", ["Pier Lease Agreement 2024|4"]),
        ("Pier Lease Agreement 2024, cl 4", ["Pier Lease Agreement 2024|4"]),
        ("section 4 of the Pier Lease Agreement 2024", ["Pier Lease Agreement 2024|4"]),
        ("Piers Act 2021 cl 4", ["Harbours (Piers) Act 2021|4"]),
        # A number is of the title beside it, also where that is not here.
        ("Harbours Act 2019 s 2 and Theft Act 1968 s 1", [f"{HARBOURS}|2"]),
        ("Harbours Act 2019 s 2 and section 1 of the Theft Act 1968", [f"{HARBOURS}|2"]),
        ("s 172 of the Lanterns Act 2021 and s. 1 of the Railways (Tolls) Act 1887", [f"{LANTERNS}|172"]),
        # EU acts: number in all styles, alias, CELEX, ELI; a regulation and a directive of one number.
        ("Article 6(1)(f) KSR", [f"{KITES}|Article 6"]),
        ("KSR art. 6", [f"{KITES}|Article 6"]),
        ("ksr art 6", [f"{KITES}|Article 6"]),
        ("KSR 6(1)(f)", [f"{KITES}|Article 6"]),
        ("Kite Safety Regulation, Arts 6 and 7", [f"{KITES}|Article 6", f"{KITES}|Article 7"]),
        ("Arts 6–7 of Regulation 2017/1999", [f"{KITES}|Article 6", f"{KITES}|Article 7"]),
        ("Reg. (EU) 2017/1999, art. 7, second sentence", [f"{KITES}|Article 7"]),
        ("art 7 of 2017/1999/EU", [f"{KITES}|Article 7"]),
        ("32017R1999 Art. 7", [f"{KITES}|Article 7"]),
        ("http://data.europa.eu/eli/reg/2017/1999/art_7", [f"{KITES}|Article 7"]),
        ("recital 6 KSR", [f"{KITES}|6"]),
        ("Directive 94/47, Art 3", [f"{SLEDGES}|Article 3"]),
        ("Art. 3 of Directive 94/47/EC", [f"{SLEDGES}|Article 3"]),
        ("Article 3 of Council Directive 1994/47", [f"{SLEDGES}|Article 3"]),
        ("Regulation (EC) No 47/94, article 3", [f"{OLD_SLEDGES}|Article 3"]),
        ("Regulation No. 47/94 art 3", [f"{OLD_SLEDGES}|Article 3"]),
        # Treaties, with Roman numbers in the text or in the question.
        ("Convention on the Law of the Moon, art IV", [f"{MOON}|IV"]),
        ("MOONCON Art. 4(2)", [f"{MOON}|IV"]),
        ("Article 1 of the Convention on Law of the Moon", [f"{MOON}|I"]),
        # The US Code and the constitution.
        ("61 U.S.C. § 107(2)", [f"{LIGHTHOUSES}|107"]),
        ("61 USC 107", [f"{LIGHTHOUSES}|107"]),
        ("61 usc 1201", [f"{LIGHTHOUSES}|1201"]),
        ("61 U.S.C.A. §§ 107-108, 1201", [f"{LIGHTHOUSES}|107", f"{LIGHTHOUSES}|108", f"{LIGHTHOUSES}|1201"]),
        ("Section 1201 of title 61, United States Code", [f"{LIGHTHOUSES}|1201"]),
        ("title 61, section 107", [f"{LIGHTHOUSES}|107"]),
        ("Lighthouse Act § 108(a)(4)", [f"{LIGHTHOUSES}|108"]),
        ("61 U.S.C. § 300aa-1", [f"{LIGHTHOUSES}|300aa-1"]),
        ("/us/usc/t61/s107", [f"{LIGHTHOUSES}|107"]),
        ("U.S. Const. art. I, § 8, cl. 3", [f"{FEDERATION}|Art. I s. 8"]),
        ("Article I Section 9 of the US Constitution", [f"{FEDERATION}|Art. I s. 9"]),
        ("Art. I of the Constitution", [f"{FEDERATION}|Art. I s. 8", f"{FEDERATION}|Art. I s. 9"]),
        ("Fourteenth Amendment", [f"{FEDERATION}|Amendment XIV s. 1"]),
        ("U.S. Const. amend. XIV, § 1", [f"{FEDERATION}|Amendment XIV s. 1"]),
        ("the 14th Amendment to the Constitution", [f"{FEDERATION}|Amendment XIV s. 1"]),
        # Judgments.
        ("Marsh v Baird [2015] UKSC 67 at [12]", ["Marsh v Baird|12"]),
        # Within a question.
        ("Does Article 7 KSR apply to a child that flies a kite?", [f"{KITES}|Article 7"]),
        ("Compare s 172 LBBA 2021 with Art. 6 KSR", [f"{LANTERNS}|172", f"{KITES}|Article 6"]),
    ],
)
def test_a_citation_finds_its_provision(query: str, found: list[str]) -> None:
    assert cited(query) == found


@pytest.mark.parametrize(
    "query",
    [
        "",
        "May a kite string be longer than 100 metres?",
        "section 172",
        "section 9999 of the Harbours Act 2019",
        "Harbours Act 1887, s 2",
        "the cat sat in article 4 of the show",
        "a toll of 2 pounds under 61 flags",
        "Regulation (EU) 2018/1999, art 6",
        "Fifteenth Amendment",
    ],
)
def test_what_cites_nothing_of_the_index_finds_nothing(query: str) -> None:
    assert cited(query) == []


def test_a_filter_keeps_out_the_law_of_others() -> None:
    assert cited("Article 7 KSR", Filter(jurisdiction="uk")) == []
    assert cited("Article 7 KSR", Filter(jurisdiction="eu")) == [f"{KITES}|Article 7"]


def test_an_instrument_that_is_named_without_a_number_is_told() -> None:
    found = Resolver(shelf().index, shelf().index).resolve(
        "Under the Kite Safety Regulation, must I be insured?", Filter()
    )

    assert not found.provisions
    assert [one.title for one in map(shelf().store.numbered, found.instruments) if one] == [KITES]


@given(st.text(max_size=200))
def test_a_citation_is_found_behind_any_text(text: str) -> None:
    assert f"{KITES}|Article 7" in cited(f"{text}\n\nSee Article 7 KSR.")


@given(st.sampled_from(["", " ", "  ", ", ", " - "]), st.sampled_from(["art", "Art.", "article", "ARTICLE", "Arts"]))
def test_blanks_and_case_do_not_matter(gap: str, word: str) -> None:
    assert cited(f"KSR{gap or ' '}{word} 7") == [f"{KITES}|Article 7"]
