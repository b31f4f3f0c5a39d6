"""The column `sources` is read whatever is in it; the index knows the licences of each sample."""

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.samples.sources import licences_of, parted, sources_in, unproved

ONE = {
    "file_id": "f1",
    "title": "Data Act",
    "number": "6",
    "version": "2024",
    "licence": "mit",
    "url": "",
    "quotes": [],
}


def test_source_is_read_with_what_it_names_and_how_much_of_it_is_quoted() -> None:
    (found,) = sources_in(json.dumps([{**ONE, "quotes": ["a", "b"]}]))

    assert (found.file_id, found.title, found.number, found.version) == ("f1", "Data Act", "6", "2024")
    assert (found.licence, found.url, found.quotations) == ("mit", "", 2)


@pytest.mark.parametrize(
    ("cell", "licences"),
    [
        pytest.param(json.dumps([ONE]), "mit", id="one"),
        pytest.param(json.dumps([ONE, ONE]), "mit", id="one of two provisions"),
        pytest.param(json.dumps([ONE, {**ONE, "licence": ""}]), ",mit", id="one not named"),
        pytest.param(json.dumps([{**ONE, "licence": ""}]), "", id="not named"),
        pytest.param(json.dumps([{"file_id": "f1"}]), "", id="no such field"),
        pytest.param(json.dumps([{**ONE, "licence": None}]), "", id="null"),
        pytest.param(json.dumps([{**ONE, "licence": "a,b"}]), "a b", id="a comma in it"),
        pytest.param(json.dumps([{**ONE, "quotes": ['"licence":"own"']}]), "mit", id="words of a quotation"),
        pytest.param(" " + json.dumps([ONE], indent=2), "mit", id="written by another tool"),
        pytest.param("[]", None, id="none"),
        pytest.param(None, None, id="not looked at"),
        pytest.param('["https://example.com"]', None, id="another's addresses"),
        pytest.param("Smith, Contracts, p. 4 [sic", None, id="another's words"),
        pytest.param('{"licence": "mit"}', None, id="no list"),
    ],
)
def test_index_knows_the_licences_of_a_sample(cell: str | None, licences: str | None) -> None:
    assert licences_of(pl.Series([cell, None], dtype=pl.String())).to_list() == [licences, None]


@given(st.lists(st.one_of(st.none(), st.text(), st.lists(st.dictionaries(st.text(), st.text())).map(json.dumps))))
def test_any_column_has_an_entry_for_each_row(cells: list[str | None]) -> None:
    assert len(licences_of(pl.Series(cells, dtype=pl.String()))) == len(cells)


@given(st.lists(st.sampled_from(["", "mit", "own", "ogl-uk-3.0"]), min_size=1))
def test_licences_are_all_told_and_told_apart(given_: list[str]) -> None:
    cell = json.dumps([{**ONE, "licence": licence} for licence in given_])

    assert parted(licences_of(pl.Series([cell]))[0]) == sorted(set(given_))


def test_changed_text_keeps_the_sources_and_their_licences_and_no_quotation() -> None:
    first = {"file_id": "f", "unit_id": 3, "licence": "own", "quotes": ["The master may."], "spans": [[4, 19]]}
    second = {"licence": "closed", "quotes": []}
    kept = unproved({"grounding": "grounded", "sources": json.dumps([first, second])})

    assert kept["grounding"] is None
    assert json.loads(str(kept["sources"])) == [
        {**first, "quotes": [], "spans": []},
        second,
    ]
    assert licences_of(pl.Series([kept["sources"]])).to_list() == ["closed,own"]


@pytest.mark.parametrize("column", [None, "", "Smith v Jones", "[1, 2]", "[broken", '{"quotes": ["a"]}'])
def test_sources_of_others_stay_as_they_are_when_the_text_is_changed(column: str | None) -> None:
    assert unproved({"sources": column}) == {"grounding": None, "sources": column}
