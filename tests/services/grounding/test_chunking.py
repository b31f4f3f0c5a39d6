import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.grounding.document import Page, Provision, Status, Unit, UnitKind
from services.grounding.chunking import spans_of
from services.grounding.structure import of_provisions, units_of


def _count(text: str) -> int:
    return len(text.split())


def _chunks(text: str, characters: int = 120, tokens: int = 1000) -> list[str]:
    units = [Unit(UnitKind.TEXT, 0, len(text), 0)]
    return [text[span.start : span.end] for span in spans_of(text, units, _count, characters, tokens)]


def test_a_chunk_ends_at_a_paragraph_where_it_can() -> None:
    text = "a " * 40 + "end.\n\n" + "b " * 40 + "end.\n"
    assert [chunk[0] for chunk in _chunks(text)] == ["a", "b"]


@pytest.mark.parametrize(
    "text",
    [
        "The court held in No. 12 that s. 172 of the Act, read with Art. 6 and reg. 4, prevails over cl. 9. It was so.",
        "Smith v. Jones, decided by Mr. Justice Brown in the U.S. Supreme Court, is good law. It was followed later.",
    ],
)
def test_no_chunk_ends_behind_an_abbreviation_of_the_law(text: str) -> None:
    first, *_ = _chunks(text * 2, 130)
    assert first.rstrip().endswith((".", "law."))
    assert not first.rstrip().lower().endswith(("no.", "s.", "art.", "reg.", "cl.", "v.", "mr.", "u.s."))


def test_a_chunk_of_many_tokens_in_few_characters_is_parted_again() -> None:
    chunks = _chunks("x y " * 200, 800, 50)
    assert max(map(_count, chunks)) <= 50
    assert "".join(chunks) == "x y " * 200


def test_a_heading_above_others_makes_no_chunk_and_one_of_nothing_does() -> None:
    text = "PART 1\nSection 1. Name\nIt has one.\nPART 2\n"
    spans = list(spans_of(text, units_of([Page(text)]), _count))
    assert [text[span.start : span.end] for span in spans] == ["It has one.\n", "PART 2\n"]


def test_what_is_repealed_is_not_found_by_its_text() -> None:
    pages, units = of_provisions(
        [
            Provision(UnitKind.SECTION, "1", "Old rule.", status=Status.REPEALED),
            Provision(UnitKind.SECTION, "2", "New rule.", status=Status.IN_FORCE),
        ]
    )
    text = "".join(page.text for page in pages)
    assert [text[span.start : span.end].strip() for span in spans_of(text, units, _count)] == ["New rule."]


_TEXTS = st.lists(
    st.sampled_from(["Section 1. Name", "Section 2. Rule", "PART 1", "(a) if so;", "See s. 4. Then go.", "\n"])
    | st.text("abc ,.;\n(1)", max_size=60),
    max_size=30,
).map("\n".join)


@given(_TEXTS, st.integers(10, 200), st.integers(3, 40))
def test_no_text_is_lost_or_twice_or_over_budget_and_no_chunk_leaves_its_unit(
    text: str, characters: int, tokens: int
) -> None:
    units = units_of([Page(text)])
    spans = list(spans_of(text, units, _count, characters, tokens))
    for span in spans:
        unit = units[span.unit]
        assert unit.start <= span.start < span.end <= unit.end
        assert span.end - span.start <= characters
        assert _count(text[span.start : span.end]) <= tokens
    assert all(one.end <= two.start for one, two in itertools.pairwise(spans))
    held = set().union(*(range(span.start, span.end) for span in spans))
    for unit in units:
        above = unit.heading and any(unit.heading in other.path for other in units)
        for place in range(unit.body if (unit.number or above or unit.body > unit.start) else unit.start, unit.end):
            assert place in held or text[place].isspace()
