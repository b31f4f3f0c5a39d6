"""The heat map: rows by area or topic, filters, what is thin."""

from hypothesis import given
from hypothesis import strategies as st

from models.samples.statistics import Cell
from web.parts.balance import balance_of

LEVELS = ("basic", "advanced")
CELLS = [
    Cell("uk", "Tort Law - Nuisance", "basic", "simple_qa", 40),
    Cell("uk", "Tort Law - Nuisance", "advanced", "case_analysis", 2),
    Cell("uk", "Tort Law - Negligence", "advanced", "simple_qa", 8),
    Cell("us", "Contracts - Offer", "basic", "simple_qa", 10),
]


def test_areas_are_rows_largest_first_and_what_is_thin_is_marked() -> None:
    made = balance_of(CELLS, LEVELS, {}, 2)

    assert [(line.name, line.total) for line in made.lines] == [("Tort Law", 50), ("Contracts", 10)]
    assert [[square.samples for square in line.squares] for line in made.lines] == [[40, 10], [10, 0]]
    # An even spread would be 15 in each of the four.
    assert [[square.is_thin for square in line.squares] for line in made.lines] == [[False, False], [False, True]]
    assert [cell.samples for cell in made.thinnest] == [2, 8]


def test_level_that_nobody_plans_is_never_thin_and_takes_no_share() -> None:
    made = balance_of(CELLS, ("foundational", *LEVELS), {}, 2, unplanned=("foundational",))

    assert [[square.samples for square in line.squares] for line in made.lines] == [[0, 40, 10], [0, 10, 0]]
    assert [[square.is_thin for square in line.squares] for line in made.lines] == [
        [False, False, False],
        [False, False, True],
    ]


def test_an_area_is_opened_into_its_topics() -> None:
    made = balance_of(CELLS, LEVELS, {"area": "Tort Law"}, 1)

    assert [(line.name, line.topic, line.jurisdiction) for line in made.lines] == [
        ("Nuisance", "Tort Law - Nuisance", "uk"),
        ("Negligence", "Tort Law - Negligence", "uk"),
    ]


@given(st.sampled_from(["", "uk", "us", "eu"]), st.sampled_from(["", "simple_qa", "case_analysis"]))
def test_every_wanted_sample_is_in_one_square(jurisdiction: str, kind: str) -> None:
    made = balance_of(CELLS, LEVELS, {"jurisdiction": jurisdiction, "sample_type": kind}, 9)

    wanted = [c for c in CELLS if jurisdiction in ("", c.jurisdiction) and kind in ("", c.sample_type)]
    assert made.total == sum(cell.samples for cell in wanted)
    assert sum(square.samples for line in made.lines for square in line.squares) == made.total
    assert len(made.thinnest) == len(wanted)
