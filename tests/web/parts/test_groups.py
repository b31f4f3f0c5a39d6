"""Groups of similar samples."""

from hypothesis import given
from hypothesis import strategies as st

from models.contract.answers.quality import SimilarPair
from web.parts.groups import grouped

IDS = st.sampled_from("abcdefgh")


def pair(one: str, other: str, similarity: float) -> SimilarPair:
    return {"ids": [one, other], "similarity": similarity, "kind": "duplicate", "exact": False, "differs_in": ""}


def test_pairs_that_share_a_sample_are_one_group() -> None:
    groups = grouped([pair("a", "b", 0.8), pair("x", "y", 0.9), pair("b", "c", 0.7)])

    assert [(sorted(group.ids), group.similarity) for group in groups] == [(["x", "y"], 0.9), (["a", "b", "c"], 0.8)]


@given(st.lists(st.tuples(IDS, IDS, st.floats(0, 1)).filter(lambda one: one[0] != one[1])))
def test_each_sample_is_in_one_group_with_all_it_is_paired_with(drawn: list[tuple[str, str, float]]) -> None:
    groups = grouped([pair(*one) for one in drawn])

    names = [name for group in groups for name in group.ids]
    assert sorted(names) == sorted({name for one, other, _ in drawn for name in (one, other)})
    assert all(any({one, other} <= set(group.ids) for group in groups) for one, other, _ in drawn)
