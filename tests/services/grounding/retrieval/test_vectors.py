"""The table of vectors finds what a comparison of all finds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.grounding.retrieval.legs import Vector
from services.grounding.retrieval.vectors import VectorTable, likenesses, pack, packed_bytes, unpack


def unit(rows: int, dimension: int, seed: int) -> Vector:
    made = np.random.default_rng(seed).normal(size=(rows, dimension)).astype(np.float32)
    lengths = np.linalg.norm(made, axis=1, keepdims=True)
    one: Vector = (made / lengths).astype(np.float32)
    return one


def table_of(made: Vector, **limits: int) -> VectorTable:
    table = VectorTable(made.shape[1], **limits)
    table.add((number + 100, number % 3, pack(vector)) for number, vector in enumerate(made))
    return table


@given(st.integers(0, 1000), st.sampled_from([1, 5, 64, 100]))
def test_packing_loses_less_than_a_step(seed: int, dimension: int) -> None:
    vector = unit(1, dimension, seed)[0]

    assert np.abs(unpack(pack(vector)) - vector).max() <= np.abs(vector).max() / 127


@settings(deadline=None)
@given(st.integers(0, 1000), st.integers(1, 60), st.integers(1, 70))
def test_it_finds_what_a_comparison_of_all_finds(seed: int, rows: int, most: int) -> None:
    made = unit(rows, 48, seed)
    question = unit(1, 48, seed + 1)[0]
    kept = np.array([unpack(pack(vector)) for vector in made])
    expected = np.sort(kept @ question)[::-1][:most]

    found = table_of(made).search(question, most)

    np.testing.assert_allclose([hit.score for hit in found], expected, atol=1e-5)
    assert len({hit.chunk for hit in found}) == len(found) == min(most, rows)


def test_only_the_documents_that_were_asked_for_are_searched() -> None:
    found = table_of(unit(30, 16, 1)).search(unit(1, 16, 2)[0], 30, frozenset({1}))

    assert sorted(hit.chunk for hit in found) == list(range(101, 130, 3))


def test_no_document_finds_nothing() -> None:
    assert table_of(unit(30, 16, 1)).search(unit(1, 16, 2)[0], 30, frozenset()) == []


def test_a_removed_document_is_not_found() -> None:
    table = table_of(unit(30, 16, 1))

    table.remove_document(2)

    assert {(hit.chunk - 100) % 3 for hit in table.search(unit(1, 16, 2)[0], 30)} == {0, 1}
    assert len(table) == 20


def test_an_empty_table_finds_nothing() -> None:
    assert VectorTable(8).search(unit(1, 8, 1)[0], 5) == []
    assert VectorTable(8).scores(unit(1, 8, 1)[0], [1, 2]) == {}


def test_scores_are_of_the_chunks_that_were_asked_for() -> None:
    made = unit(20, 16, 3)

    scores = table_of(made).scores(made[4], [104, 107, 999])

    assert sorted(scores) == [104, 107]
    assert scores[104] == pytest.approx(1, abs=0.01)


def test_a_vector_of_another_dimension_is_refused() -> None:
    with pytest.raises(ValueError, match="got 8 dimensions, want 16"):
        VectorTable(16).add([(1, 1, pack(unit(1, 8, 1)[0]))])


def test_the_pass_over_signs_keeps_the_nearest() -> None:
    rows = 6_000
    centres = unit(40, 128, 5)
    made = centres[np.random.default_rng(6).integers(0, 40, rows)] + unit(rows, 128, 7) * 0.8
    made = (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)
    exact_table, table = table_of(made), table_of(made, exact_rows=1_000, candidates=600)
    exact = [{hit.chunk for hit in exact_table.search(made[number], 10)} for number in range(20)]

    found = [{hit.chunk for hit in table.search(made[number], 10)} for number in range(20)]

    kept = sum(len(one & other) for one, other in zip(exact, found, strict=True))
    assert kept >= 0.95 * 200


@given(st.integers(0, 100), st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(0, 2))
def test_a_table_that_grew_and_shrank_finds_what_one_made_at_once_finds(
    seed: int, pieces: list[int], removed: int
) -> None:
    made, question = unit(sum(pieces), 24, seed), unit(1, 24, seed + 1)[0]
    entries = [(number * 7 % 101, number % 3, pack(vector)) for number, vector in enumerate(made)]
    grown, whole = VectorTable(24), VectorTable(24)
    grown.reserve(seed % 7)
    start = 0
    for piece in pieces:
        grown.add(entries[start : start + piece])
        start += piece

    grown.remove_document(removed)
    grown.add(entry for entry in entries if entry[1] == removed)
    whole.add(entries)

    ids = [chunk for chunk, *_ in entries]
    found = {hit.chunk: hit.score for hit in grown.search(question, 99)}
    assert found == pytest.approx({hit.chunk: hit.score for hit in whole.search(question, 99)}, abs=1e-5)
    assert grown.scores(question, ids) == pytest.approx(whole.scores(question, ids), abs=1e-5)


def test_likenesses_are_the_cosines_of_the_unpacked_vectors() -> None:
    rows = unit(5, 16, 1)

    found = likenesses([pack(row) for row in rows], rows[2])

    assert found == pytest.approx([float(unpack(pack(row)) @ rows[2]) for row in rows], abs=1e-5)
    assert max(found) == found[2]
    assert likenesses([], rows[0]) == []
    assert len(pack(rows[0])) == packed_bytes(rows[0])
