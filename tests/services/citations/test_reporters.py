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


def test_series_that_nobody_knows_is_none() -> None:
    assert edition_of("Xyz. 9th", "12 Xyz. 9th 345") is None


def test_series_is_none_where_the_reference_has_not_its_form() -> None:
    assert edition_of("T.C. Memo.", "2015 T.C. Memo. 12") is None


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
