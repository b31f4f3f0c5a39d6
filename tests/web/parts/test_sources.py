"""Columns that hold JSON as text, of ours and of others."""

import json

from hypothesis import given
from hypothesis import strategies as st

from web.parts.sources import Claim, judged, sentences_of, sources_of

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner),
)


def test_a_source_is_read_with_its_quotations() -> None:
    kept = {"file_id": "d1", "unit_id": 7, "citation": "s 12", "quotes": ["a b", 3], "spans": [[1, 4], [4, 1], "x"]}

    (source,) = sources_of(json.dumps([kept, "no source", {"title": "without a file"}]))

    assert (source.file_id, source.unit_id, source.citation) == ("d1", 7, "s 12")
    assert (source.quotes, source.spans) == (["a b"], [(1, 4)])


@given(st.none() | st.integers() | st.text() | ANY.map(json.dumps))
def test_anything_in_these_columns_is_read_without_a_fault(text: object) -> None:
    sources_of(text), sentences_of(text), judged(text)


def test_what_the_judge_said_is_told_point_by_point() -> None:
    claim = {"claim": "A seller may keep it.", "verdict": "contradicted", "provisions": ["s 12"], "why": "it must go"}
    kept = {"judge": "groq/m", "token": "x", "clarity": {"score": 4, "reason": "plain"}, "claims": [claim, 3]}

    told = judged(json.dumps(kept))

    assert (told.judge, told.points) == ("groq/m", {"clarity": "4 of 5: plain"})
    assert told.claims == [Claim("A seller may keep it.", "contradicted", "s 12: it must go")]
