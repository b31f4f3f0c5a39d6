"""Treaties by name, abbreviation or place in a series: found with an article, held to what is known of them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.citations.formats import treaties
from tests.fakes import CHECKER
from tests.services.citations.found import BEFORE, found_by, in_prose, only, outcome, parts_by, what

VCLT = "Vienna Convention on the Law of Treaties"
ICCPR = "International Covenant on Civil and Political Rights"
DATES = "(adopted 23 May 1969, entered into force 27 January 1980)"
LISTED = sorted(
    {(row.name, row.last) for row in CHECKER.reference.treaties.values() if row.last and "–" not in row.name}
)


@pytest.mark.parametrize(
    ("written", "normalized"),
    [
        pytest.param("ICCPR, art 6", f"{ICCPR}, art 6", id="abbreviation"),
        pytest.param("ICCPR art 6(1)", f"{ICCPR}, art 6(1)", id="paragraph"),
        pytest.param("art 6 ICCPR", f"{ICCPR}, art 6", id="article ahead"),
        pytest.param("Article 6 of the ICCPR", f"{ICCPR}, art 6", id="article ahead in words"),
        pytest.param("Articles 6 and 7 ICCPR", f"{ICCPR}, art 6 and 7", id="two articles"),
        pytest.param("ICCPR, arts 6-9", f"{ICCPR}, art 6-9", id="range"),
        pytest.param("ICCPR, 999 UNTS 171, art 6", f"{ICCPR}, art 6", id="place between"),
        pytest.param(f"{VCLT}, art 31", f"{VCLT}, art 31", id="name"),
        pytest.param(f"Article 31 of the {VCLT}", f"{VCLT}, art 31", id="name with article ahead"),
        pytest.param(f"Article 31 of the 1969 {VCLT}", f"{VCLT}, art 31", id="year before the name"),
        pytest.param(f"{VCLT} (1969), art 31", f"{VCLT}, art 31", id="year in brackets"),
        pytest.param(f"{VCLT} 1969, art 31", f"{VCLT}, art 31", id="year behind"),
        pytest.param(f"{VCLT} {DATES} 1155 UNTS 331, art 31", f"{VCLT}, art 31", id="dates and place"),
        pytest.param(f"{VCLT} {DATES} 1155 UNTS 331", VCLT, id="place without article"),
        pytest.param("VCLT, art 31", f"{VCLT}, art 31", id="name and abbreviation are one"),
        pytest.param("GATT, art III", "General Agreement on Tariffs and Trade, art III", id="roman article"),
        pytest.param("UN Charter, Article 51", "Charter of the United Nations, art 51", id="charter"),
        pytest.param("ECHR, art 8", "European Convention on Human Rights, art 8", id="human rights"),
        pytest.param("Article 8 ECHR", "European Convention on Human Rights, art 8", id="human rights, ahead"),
        pytest.param(
            "Article 1 of Protocol No 1 to the ECHR",
            "Protocol No 1 to the European Convention on Human Rights, art 1",
            id="protocol",
        ),
        pytest.param("1155 UNTS 331", "1155 UNTS 331", id="place"),
        pytest.param("1155 U.N.T.S. 331", "1155 UNTS 331", id="place with dots"),
        pytest.param("1 UNTS XVI", "1 UNTS XVI", id="roman page"),
        pytest.param("60 LNTS 253", "60 LNTS 253", id="league of nations"),
        pytest.param("ETS No 5", "ETS No 5", id="european series"),
        pytest.param("ETS No. 5", "ETS No 5", id="european series, full stop"),
        pytest.param("CETS 210", "CETS No 210", id="council of europe"),
        pytest.param("TIAS 1502", "TIAS No 1502", id="united states series"),
        pytest.param("Convention on Fishing Boats and Nets, art 4", None, id="treaty that nobody knows"),
        pytest.param(
            "Article 5 of the Convention on Fishing Boats",
            "Convention on Fishing Boats, art 5",
            id="unknown treaty, article ahead",
        ),
    ],
)
def test_treaty_is_read_with_its_article(written: str, normalized: str | None) -> None:
    assert what(in_prose(written)) == (normalized or written, "international", "treaty")


@pytest.mark.parametrize(
    ("written", "normalized", "kind"),
    [
        pytest.param("Article 102 TFEU", "TFEU, art 102", "treaty", id="treaty, ahead"),
        pytest.param("TFEU, art 102", "TFEU, art 102", "treaty", id="treaty, behind"),
        pytest.param("Arts 101 and 102 TFEU", "TFEU, art 101 and 102", "treaty", id="two articles"),
        pytest.param("Article 6(3) TEU", "TEU, art 6(3)", "treaty", id="paragraph"),
        pytest.param(
            "Article 102 of the Treaty on the Functioning of the European Union", "TFEU, art 102", "treaty", id="name"
        ),
        pytest.param("Art. 17 GDPR", "General Data Protection Regulation, art 17", "regulation", id="regulation"),
        pytest.param("GDPR, art 17(1)", "General Data Protection Regulation, art 17(1)", "regulation", id="behind"),
        pytest.param("Article 4 of the Rome II Regulation", "Rome II Regulation, art 4", "regulation", id="long"),
    ],
)
def test_law_of_the_union_by_its_name_is_law_of_the_union(written: str, normalized: str, kind: str) -> None:
    assert what(in_prose(written)) == (normalized, "eu", kind)


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("ICCPR", id="abbreviation alone"),
        pytest.param("the Rome Statute", id="name alone"),
        pytest.param("the treaty, art 5", id="no name"),
        pytest.param("XICCPR, art 6", id="letters before"),
        pytest.param("ICCPR-like, art 6", id="letters behind"),
        pytest.param("Article 1 of Protocol No 99 to the ECHR", id="protocol that is none"),
        pytest.param("art 6", id="article alone"),
        pytest.param("the arts 6 and theatre", id="fine arts"),
        pytest.param("1155 UNTS", id="no page"),
        pytest.param("ETS scheme 5", id="emissions"),
        pytest.param("Convention Hall, art 5", id="hall"),
    ],
)
def test_lookalike_is_no_treaty(written: str) -> None:
    assert found_by(treaties.find, f"they wrote {written} there") == []


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        pytest.param("ICCPR, art 6(1)", {"title": "ICCPR", "unit": "art", "numbers": "6(1)"}, id="article"),
        pytest.param(
            f"{VCLT} (1969), art 31",
            {"title": VCLT, "unit": "art", "numbers": "31", "stated_year": "1969"},
            id="year",
        ),
        pytest.param("1155 U.N.T.S. 331", {"volume": "1155", "series": "UNTS", "page": "331"}, id="place"),
        pytest.param("ETS No. 5", {"series": "ETS", "number": "5"}, id="numbered series"),
    ],
)
def test_parts_are_title_article_year_and_place(written: str, parts: dict[str, str]) -> None:
    assert parts_by(treaties.find, written) == parts


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param(f"{VCLT}, art 85", ("verified", "in_index"), id="last article"),
        pytest.param(f"{VCLT}, art 86", ("invalid", "article_beyond_end"), id="one article more"),
        pytest.param(f"{VCLT}, art 0", ("invalid", "article_beyond_end"), id="article nought"),
        pytest.param(f"{VCLT}, arts 84-90", ("invalid", "article_beyond_end"), id="end of a range"),
        pytest.param("Article 358 TFEU", ("verified", "in_index"), id="last article of the union"),
        pytest.param("Article 359 TFEU", ("invalid", "article_beyond_end"), id="one of the union more"),
        pytest.param("ECHR, art 59", ("verified", "in_index"), id="last of human rights"),
        pytest.param("ECHR, art 60", ("invalid", "article_beyond_end"), id="one of human rights more"),
        pytest.param("UN Charter, art 111", ("verified", "in_index"), id="last of the charter"),
        pytest.param("UN Charter, art 112", ("invalid", "article_beyond_end"), id="one of the charter more"),
        pytest.param("Art. 99 GDPR", ("verified", "in_index"), id="last of a regulation"),
        pytest.param("Art. 100 GDPR", ("invalid", "article_beyond_end"), id="one of a regulation more"),
        pytest.param("GATT, art XX", ("verified", "in_index"), id="roman article within"),
        pytest.param("GATT, art XXXIX", ("invalid", "article_beyond_end"), id="roman article beyond"),
        pytest.param(f"{VCLT} (1969), art 31", ("verified", "in_index"), id="right year"),
        pytest.param(f"{VCLT} (1970), art 31", ("verified", "in_index"), id="a year off"),
        pytest.param(f"{VCLT} (1971), art 31", ("invalid", "year_mismatch"), id="two years off"),
        pytest.param(f"{VCLT} 1155 UNTS 331", ("verified", "in_index"), id="right place"),
        pytest.param(f"{VCLT} 1155 UNTS 332", ("invalid", "parallel_mismatch"), id="wrong page"),
        pytest.param(f"{VCLT} 1156 UNTS 331", ("invalid", "parallel_mismatch"), id="wrong volume"),
        pytest.param("ICCPR, 993 UNTS 3, art 6", ("invalid", "parallel_mismatch"), id="place of its twin"),
        pytest.param("1155 UNTS 331", ("verified", "in_index"), id="place alone"),
        pytest.param("1155 UNTS 999", ("unverified", "not_in_index"), id="place of none"),
        pytest.param("0 UNTS 1", ("invalid", "volume_out_of_range"), id="volume nought"),
        pytest.param("3400 UNTS 1", ("unverified", "not_in_index"), id="highest volume"),
        pytest.param("3401 UNTS 1", ("invalid", "volume_out_of_range"), id="one volume more"),
        pytest.param("205 LNTS 1", ("unverified", "not_in_index"), id="last volume of the league"),
        pytest.param("206 LNTS 1", ("invalid", "volume_out_of_range"), id="one of the league more"),
        pytest.param("ETS No 5", ("verified", "in_index"), id="number of a known treaty"),
        pytest.param("ETS No 230", ("unverified", "not_in_index"), id="highest number"),
        pytest.param("ETS No 231", ("invalid", "number_out_of_range"), id="one number more"),
        pytest.param("CETS No 231", ("invalid", "number_out_of_range"), id="one more, other initials"),
        pytest.param("UKTS No 999", ("unverified", "not_in_index"), id="series without rule"),
        pytest.param("Convention on Fishing Boats and Nets, art 4", ("unverified", "not_in_index"), id="unknown"),
        pytest.param("Torture Convention, 1155 UNTS 331", ("invalid", "name_mismatch"), id="place of another"),
        pytest.param("Law of Treaties Convention, 1155 UNTS 331", ("verified", "in_index"), id="name like it"),
    ],
)
def test_treaty_keeps_to_its_articles_year_and_place(written: str, expected: tuple[str, str]) -> None:
    assert outcome(written) == expected


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        pytest.param(f"{VCLT}, art 86", f"{VCLT} ends with article 85, got 86", id="article"),
        pytest.param(
            "GATT, art XXXIX", "General Agreement on Tariffs and Trade ends with article 38, got XXXIX", id="r"
        ),
        pytest.param(f"{VCLT} (1975), art 31", f"{VCLT} is of 1969, not of 1975", id="year"),
        pytest.param(f"{VCLT} 1155 UNTS 332", f"{VCLT} stands at 1155 UNTS 331, not at 1155 UNTS 332", id="place"),
        pytest.param("206 LNTS 1", "LNTS has volumes 1 to 205, got 206", id="volume"),
        pytest.param("ETS No 231", "the series has treaties 1 to 230, got 231", id="number"),
    ],
)
def test_reason_says_what_is_known_and_what_was_got(written: str, reason: str) -> None:
    assert only(written).finding.reason == reason


def test_paragraph_of_a_roman_article_is_read() -> None:
    assert in_prose("GATT, art XX(b)").normalized == "General Agreement on Tariffs and Trade, art XX(b)"


def test_last_article_of_the_trade_agreement_is_found() -> None:
    assert outcome("GATT, art XXXVIII") == ("verified", "in_index")


@pytest.mark.parametrize("dash", ["–", "-"])
def test_listed_name_with_a_dash_is_found(dash: str) -> None:
    assert outcome(f"United States{dash}Mexico{dash}Canada Agreement, art 1") == ("verified", "in_index")


def test_names_are_those_of_the_reference_data_in_hand() -> None:
    known = CHECKER.reference.treaties["iccpr"]
    other = replace(CHECKER.reference, treaties={"moon treaty": replace(known, name="Moon Treaty", aliases=())})

    assert [cite.normalized for cite in treaties.find("Moon Treaty, art 2", other)] == ["Moon Treaty, art 2"]
    assert [cite.normalized for cite in treaties.find("ICCPR, art 2", other)] == []
    assert [cite.normalized for cite in treaties.find("ICCPR, art 2", CHECKER.reference)] == [f"{ICCPR}, art 2"]


@given(BEFORE, st.sampled_from(LISTED), st.integers(1, 400))
def test_article_of_any_listed_treaty_is_found_and_is_invalid_only_beyond_its_end(
    before: str, listed: tuple[str, int], article: int
) -> None:
    name, last = listed
    text = f"{before}{name}, art {article}; and so on"

    (found,) = CHECKER.check(text)

    assert (found.citation.text, found.citation.start) == (f"{name}, art {article}", len(before))
    assert found.finding.verdict == ("verified" if article <= last else "invalid")
