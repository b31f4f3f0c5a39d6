"""Of the states of one instrument the latest is found, in whatever order they come."""

from itertools import permutations
from pathlib import Path

import pytest

from models.grounding.law_store import LawStore
from models.grounding.rows import Document, Stage
from tests.services.grounding.law.services import CLML, XHTML
from tests.services.grounding.shelves import Shelf

_STATES = ("2015-03-01", "2020-01-01", "2024-06-30")


def _state(day: str) -> str:
    return CLML.replace("2020-01-01", day).replace("No oil", f"No oil since {day}")


def _found(shelf: Shelf) -> tuple[list[str], list[str]]:
    """Return the states that retrieval and the citation check find."""
    texts = [text for text in shelf.find("Harbour Lights Act 2011, s 26A oil") if text.startswith("No oil")]
    instruments = LawStore(shelf.library).instruments(["harbour lights act 2011"])
    return texts, [one.version for one in instruments]


def _now(shelf: Shelf, documents: list[Document]) -> list[Document]:
    return [shelf.service.find(one.id) for one in documents]


@pytest.mark.parametrize("order", list(permutations(_STATES)), ids="-then-".join)
def test_only_the_latest_of_several_uploaded_states_is_found(tmp_path: Path, order: tuple[str, ...]) -> None:
    with Shelf(tmp_path) as shelf:
        uploaded = [shelf.add(_state(day), f"{day}.xml") for day in order]

        assert _found(shelf) == (["No oil since 2024-06-30."], ["2024-06-30"])
        by_day = dict(zip(order, _now(shelf, uploaded), strict=True))
        assert {day: one.stage for day, one in by_day.items()} == {
            "2015-03-01": Stage.FAILED,
            "2020-01-01": Stage.FAILED,
            "2024-06-30": Stage.READY,
        }
        assert "a later state is here" in by_day["2015-03-01"].reason
        assert shelf.service.file(by_day["2015-03-01"].id)[1].read_text() == _state("2015-03-01")


def test_an_earlier_state_can_be_used_when_the_later_one_was_deleted(tmp_path: Path) -> None:
    with Shelf(tmp_path) as shelf:
        early, late = (shelf.add(_state(day), f"{day}.xml") for day in ("2015-03-01", "2024-06-30"))

        shelf.service.delete(late.id)
        shelf.service.reindex(early.id)
        shelf.service.wait(early.id, 60)

        assert _found(shelf) == (["No oil since 2015-03-01."], ["2015-03-01"])


def test_of_states_without_a_day_the_one_that_came_later_is_found(tmp_path: Path) -> None:
    with Shelf(tmp_path) as shelf:
        first = shelf.add(XHTML, "a.html", identifier="32031R0077")
        second = shelf.add(XHTML.replace("a lamp.", "two lamps."), "b.html", identifier="32031R0077")

        assert [one.stage for one in _now(shelf, [first, second])] == [Stage.FAILED, Stage.READY]


def test_a_part_and_another_instrument_leave_the_whole_alone(tmp_path: Path) -> None:
    with Shelf(tmp_path) as shelf:
        whole = shelf.add(CLML, "act.xml")
        part = shelf.add(_state("2024-06-30").replace('2011/7" IdURI', '2011/7/section/1" IdURI'), "part.xml")
        other = shelf.add(CLML.replace("ukpga/2011/7", "ukpga/2012/8").replace("Lights", "Oils"), "other.xml")

        assert [one.stage for one in _now(shelf, [whole, part, other])] == [Stage.READY] * 3


def test_an_end_between_two_steps_leaves_one_state(tmp_path: Path) -> None:
    with Shelf(tmp_path) as shelf:
        shelf.add(_state("2015-03-01"), "a.xml")
        late = shelf.add(_state("2024-06-30"), "b.xml")
        # As a start finds it whose process ended before the document was said to be ready.
        shelf.store.advance(late.number, Stage.EMBEDDING)

    with Shelf(tmp_path) as shelf:
        shelf.service.wait(late.id, 60)

        assert _found(shelf) == (["No oil since 2024-06-30."], ["2024-06-30"])
