"""Answers split into the claims that name a provision."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import PROJECT_DIR
from services.citations.extractor import Extractor
from services.citations.tables import load_reference
from services.grounding.claims.claims import Named, claims, provisions_of

CA = "Companies Act 2006"
GDPR = "General Data Protection Regulation"


@pytest.fixture(scope="module")
def extractor() -> Extractor:
    return Extractor(load_reference(PROJECT_DIR / "catalog" / "authorities"))


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        pytest.param(
            "Under section 172 of the Companies Act 2006 directors act in good faith. The sky is blue.",
            [("Under section 172 of the Companies Act 2006 directors act in good faith.", [(CA, "172", "")])],
            id="a sentence",
        ),
        pytest.param(
            "Section 172(1)(a) of the Companies Act 2006 asks for foresight, and section 173 for one's own judgment.",
            [
                ("Section 172(1)(a) of the Companies Act 2006 asks for foresight", [(CA, "172", "(1)(a)")]),
                ("section 173 for one's own judgment.", [(CA, "173", "")]),
            ],
            id="two provisions in a sentence",
        ),
        pytest.param(
            "Section 172 of the Companies Act 2006 binds directors. That section lists six factors.",
            [
                ("Section 172 of the Companies Act 2006 binds directors.", [(CA, "172", "")]),
                ("That section lists six factors.", [(CA, "172", "")]),
            ],
            id="that section",
        ),
        pytest.param(
            "Consent must be free (Article 7 GDPR); children are protected by Article 8.",
            [
                ("Consent must be free (Article 7 GDPR)", [(GDPR, "7", "")]),
                ("children are protected by Article 8.", [(GDPR, "8", "")]),
            ],
            id="a bare article",
        ),
        pytest.param(
            "Sections 171 and 172 of the Companies Act 2006 bind directors.",
            [("Sections 171 and 172 of the Companies Act 2006 bind directors.", [(CA, "171", ""), (CA, "172", "")])],
            id="two that stand together",
        ),
        pytest.param(
            'Article 7 GDPR says: "See Article 9. Consent counts." So it is.',
            [('Article 7 GDPR says: "See Article 9. Consent counts."', [(GDPR, "7", "")])],
            id="what stands in a quotation names nothing",
        ),
        pytest.param(
            "17 U.S.C. § 107 permits fair use.\n- U.S. Const. art. I, § 8, cl. 8 lets Congress promote science.",
            [
                ("17 U.S.C. § 107 permits fair use.", [("17 U.S.C.", "107", "")]),
                (
                    "- U.S. Const. art. I, § 8, cl. 8 lets Congress promote science.",
                    [("U.S. Const.", "art. I, § 8", "cl. 8")],
                ),
            ],
            id="a list, the US",
        ),
        pytest.param("Donoghue v Stevenson [1932] AC 562 is about snails.", [], id="a case"),
        pytest.param("The Companies Act 2006 is long.", [], id="an Act as a whole"),
        pytest.param("Section 172 binds directors.", [], id="a section of nothing"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_an_answer_is_split_into_what_it_says_of_provisions(
    extractor: Extractor, answer: str, found: list[tuple[str, list[tuple[str, str, str]]]]
) -> None:
    stated = claims(answer, extractor)

    assert [(claim.text, [(one.instrument, one.number, one.parts) for one in claim.named]) for claim in stated] == found
    assert all(answer[claim.start : claim.end] == claim.text for claim in stated)


def test_a_section_without_its_act_is_of_the_instrument_at_hand(extractor: Extractor) -> None:
    (claim,) = claims("Section 172 binds directors.", extractor, instrument=CA)

    assert claim.named == (Named(CA, "172"),)


@pytest.mark.parametrize(
    ("normalized", "numbers"),
    [
        ("Companies Act 2006, ss 171 and 172", ["171", "172"]),
        ("General Data Protection Regulation, art 12 to 14", ["12", "13", "14"]),
        ("17 U.S.C. § 106A(a)", ["106A"]),
        ("Companies Act 2006", []),
    ],
)
def test_the_provisions_of_a_citation_are_read(normalized: str, numbers: list[str]) -> None:
    assert [one.number for one in provisions_of(normalized)] == numbers


@given(answer=st.text(alphabet='Section 172 of the Companies Act 2006. "’;Article 7 GDPR\n', max_size=200))
def test_claims_stand_in_the_answer_in_order(extractor: Extractor, answer: str) -> None:
    stated = claims(answer, extractor)

    assert all(answer[claim.start : claim.end] == claim.text for claim in stated)
    assert all(one.end <= other.start for one, other in pairwise(stated))
