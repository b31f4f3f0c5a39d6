import pytest
from hypothesis import given
from hypothesis import strategies as st
from reporters_db import EDITIONS

from services.citations.reporters import edition_of

_PLAINLY_CITED = sorted(
    name for name in EDITIONS if name in ("U.S.", "F.3d", "A.2d", "N.Y.S.2d", "So. 3d", "Cal. App. 4th")
)


@pytest.mark.parametrize(
    ("series", "name"),
    [
        pytest.param("U.S.", "U.S.", id="as it should be written"),
        pytest.param("U. S.", "U.S.", id="spaced out"),
        pytest.param("N. Y. S. 2d", "N.Y.S.2d", id="spaced out, with a series"),
        pytest.param("F.Supp.", "F. Supp.", id="without its blank"),
        pytest.param("Harv. L. Rev.", "Harv. L. Rev.", id="a journal"),
    ],
)
def test_series_is_found_however_it_is_spaced(series: str, name: str) -> None:
    edition = edition_of(series, f"12 {series} 345")

    assert edition is not None
    assert edition.name == name


@pytest.mark.parametrize(
    ("series", "name", "kind", "first", "last"),
    [
        pytest.param("F.", "F.", "federal", 1880, 1924, id="first federal reporter"),
        pytest.param("F.2d", "F.2d", "federal", 1924, 1993, id="second"),
        pytest.param("F.3d", "F.3d", "federal", 1993, 9999, id="third"),
        pytest.param("F.4th", "F.4th", "federal", 2021, 9999, id="fourth"),
        pytest.param("F 3d", "F.3d", "federal", 1993, 9999, id="variation"),
        pytest.param("Fed. Appx.", "F. App'x", "federal", 2001, 9999, id="variation in other words"),
        pytest.param("B.R.", "B.R.", "specialty", 1979, 9999, id="bankruptcy"),
        pytest.param("Wheat.", "Wheat.", "scotus_early", 1816, 1827, id="nominate reporter"),
        pytest.param("Wall.", "Wall.", "federal", 1863, 1874, id="federal before others of the name"),
        pytest.param("A.2d", "A.2d", "state_regional", 1938, 2010, id="region"),
        pytest.param("Cal. 2d", "Cal. 2d", "state", 1934, 1969, id="state"),
        pytest.param("NY", "N.Y.", "state", 1847, 1956, id="state without dots"),
        pytest.param("Wn.2d", "Wash. 2d", "state", 1889, 2023, id="state by a local name"),
        pytest.param("WL", "WL", "specialty_west", 1750, 9999, id="database"),
        pytest.param("Yale L.J.", "Yale L.J.", "journal", 0, 9999, id="journal, whose years nobody lists"),
    ],
)
def test_edition_says_what_it_is_and_how_long_it_went_on(
    series: str, name: str, kind: str, first: int, last: int
) -> None:
    edition = edition_of(series, f"12 {series} 345")

    assert edition is not None
    assert (edition.name, edition.kind, edition.first, edition.last) == (name, kind, first, last)


@pytest.mark.parametrize(
    ("series", "reference", "name"),
    [
        pytest.param("IL App (1st)", "2015 IL App (1st) 123456", "IL App (1st)", id="year and number"),
        pytest.param("IL App (1st)", "12 IL App (1st) 345", None, id="volume instead of a year"),
        pytest.param("T.C. Memo.", "T.C. Memo. 2015-12", "T.C. Memo.", id="series first"),
        pytest.param("T.C. Memo.", "2015 T.C. Memo. 12", None, id="series in the middle"),
        pytest.param("NMSC", "2010-NMSC-005", "NMSC", id="hyphens"),
        pytest.param("U.S.", "410 U.S. 113", "U.S.", id="plain"),
        pytest.param("U.S.", "410 U.S. x", None, id="no page"),
    ],
)
def test_reference_must_have_a_form_of_its_series(series: str, reference: str, name: str | None) -> None:
    edition = edition_of(series, reference)

    assert (edition and edition.name) == name


@pytest.mark.parametrize("series", ["Xyz. 9th", "", "U", "f.3d", "U.S.X.", "F.5th"])
def test_series_that_nobody_knows_is_none(series: str) -> None:
    assert edition_of(series, f"12 {series} 345") is None


def test_reporters_who_share_a_name_share_their_years() -> None:
    hill = edition_of("Hill", "12 Hill 345")

    assert hill is not None
    assert (hill.first, hill.last) == (1833, 1844)


@given(st.sampled_from(_PLAINLY_CITED), st.integers(1, 999), st.integers(1, 9999), st.data())
def test_white_space_within_a_name_never_changes_what_is_found(
    name: str, volume: int, page: int, data: st.DataObject
) -> None:
    spaced = "".join(f"{sign}{data.draw(st.sampled_from(['', ' ']))}" if sign == "." else sign for sign in name).strip()

    found = edition_of(spaced, f"{volume} {spaced} {page}")

    assert found is not None
    assert found.name == name
