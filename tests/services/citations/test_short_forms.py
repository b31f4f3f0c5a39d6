"""Short forms stand for the citation before them: Id., supra, a volume with "at"."""

import pytest

from tests.fakes import CHECKER

ROE, MIRANDA = "Roe v. Wade, 410 U.S. 113 (1973)", "Miranda v. Arizona, 384 U.S. 436 (1966)"


def short_forms(text: str) -> list[tuple[str, str]]:
    """Return each short form of *text* with the citation that it means."""
    found = CHECKER.extractor.extract(text)
    return [(one.text, one.stands_for.text) for one in found if one.stands_for is not None]


@pytest.mark.parametrize(
    ("behind", "short"),
    [
        pytest.param(". Id. at 120.", "Id. at 120", id="id"),
        pytest.param("; see id.", "id.", id="id in small letters"),
        pytest.param(". Ibid.", "Ibid.", id="ibid"),
        pytest.param(". Roe, supra, at 120.", "Roe, supra, at 120", id="supra"),
        pytest.param(". Roe, supra note 4, at 12.", "Roe, supra note 4, at 12", id="supra with a note"),
        pytest.param(". Roe (n 12) 120.", "Roe (n 12) 120", id="note of a footnote"),
        pytest.param(". Roe, 410 U.S. at 115.", "Roe, 410 U.S. at 115", id="volume"),
        pytest.param(". Wade, 410 U.S., at 115.", "Wade, 410 U.S., at 115", id="volume with a comma"),
    ],
)
def test_short_form_means_the_citation_before_it(behind: str, short: str) -> None:
    assert short_forms(f"In {ROE}{behind}") == [(short, ROE)]


def test_short_form_has_the_verdict_of_what_it_means() -> None:
    right = CHECKER.check(f"{ROE}. Id. at 120.")
    wrong = CHECKER.check(f"{ROE.replace('1973', '1983')}. Id. at 120.")

    assert [item.finding.code for item in right] == ["in_index", "in_index"]
    assert [item.finding.code for item in wrong] == ["year_mismatch", "year_mismatch"]


def test_name_tells_which_of_several_is_meant() -> None:
    assert short_forms(f"{MIRANDA}; {ROE}. Miranda, supra, at 445. Id.") == [
        ("Miranda, supra, at 445", MIRANDA),
        ("Id.", MIRANDA),
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Id. at 120.", id="nothing before"),
        pytest.param("Roe, supra, at 120.", id="name alone"),
        pytest.param(f"{ROE}. Smith, supra, at 3.", id="another name"),
        pytest.param(f"{ROE}. The idea was new.", id="word"),
    ],
)
def test_short_form_of_nothing_names_no_authority(text: str) -> None:
    assert short_forms(text) == []


def test_volume_without_a_case_before_it_stands_by_itself() -> None:
    (item,) = CHECKER.check("Miranda, 384 U.S. at 467.")

    assert (item.citation.stands_for, item.finding.verdict.value) == (None, "unverified")


def test_another_section_of_the_same_law_is_not_verified_by_the_first() -> None:
    first, second = CHECKER.check("42 U.S.C. § 1983; id. § 99.")

    assert (first.finding.code, second.finding.code) == ("in_index", "partly_read")
