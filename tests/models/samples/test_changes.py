"""What an edit changes: clients send back all fields as they got them."""

import datetime

import pytest

from models.samples.changes import differing


@pytest.mark.parametrize("sent", ["", " ", None])
@pytest.mark.parametrize("held", ["", "  ", None])
def test_blank_that_is_sent_for_a_blank_changes_nothing(sent: object, held: object) -> None:
    assert differing({"case_citation": sent}, {"case_citation": held}) == {}


def test_value_as_the_api_shows_it_changes_nothing_and_others_do() -> None:
    current = {"day": datetime.date(2026, 1, 1), "score": 1, "flag": True, "note": "x"}

    assert differing({"day": "2026-01-01", "score": 1, "flag": True, "note": "x"}, current) == {}
    assert differing({"score": True, "flag": 1, "note": "", "new": 1}, current) == {
        "score": True,
        "flag": 1,
        "note": "",
        "new": 1,
    }
