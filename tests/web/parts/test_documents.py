"""What the pages of documents show."""

import io
from typing import IO, cast

import orjson
import pytest

from models.contract.answers.grounding import DocumentRow, ResultRow
from models.contract.arguments import UploadArguments
from utils.errors import InputError
from web.parts.documents import changed, is_find, is_off_topic, pieces, place_wanted, take_all, verdict
from web.parts.live import message


def test_a_file_that_is_refused_holds_up_no_other() -> None:
    def take(content: IO[bytes], told: UploadArguments) -> DocumentRow:
        if not content.read():
            raise InputError("is empty")
        return cast("DocumentRow", {"name": told.name})

    files = [("a.txt", io.BytesIO(b"a")), ("b.txt", io.BytesIO()), ("c.txt", io.BytesIO(b"c"))]
    taken = take_all(cast("list[tuple[str, IO[bytes]]]", files), UploadArguments(licence="own"), take)

    assert (taken.names, taken.refused) == (["a.txt", "c.txt"], ["b.txt: is empty"])


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        pytest.param({"type": "file", "file": {"file_id": "doc_1"}}, "doc_1", id="changed"),
        pytest.param({"type": "file_deleted", "file_id": "doc_1"}, "", id="deleted"),
    ],
)
def test_a_message_of_the_stream_names_the_document_that_changed(told: object, wanted: str) -> None:
    assert changed(b"data: " + orjson.dumps(told) + b"\n\n") == wanted
    assert changed(b"") == ""


def test_the_place_of_an_address_is_the_narrowest_one_that_is_a_number() -> None:
    assert place_wanted({"page": "3", "unit": "12"}) == {"unit": 12}
    assert place_wanted({"chunk": "x", "page": "3"}) == {"page": 3}
    assert place_wanted({"start": "-1"}) == {}


def test_what_was_found_is_off_topic_below_the_floor_unless_the_question_names_it() -> None:
    low, cited = cast("list[ResultRow]", [{"score": 0.1, "is_cited": False}, {"score": 0.1, "is_cited": True}])

    assert is_off_topic([low], 0.2)
    assert not is_off_topic([low], 0.0)
    assert not is_off_topic([low, cited], 0.2)


def test_html_of_several_lines_is_one_event() -> None:
    assert message("<p>\r\na\rb</p>") == b"data: <p>\ndata: a\ndata: b</p>\n\n"


@pytest.mark.parametrize(
    ("wanted", "best", "told", "kind"),
    [
        pytest.param(["VAT", "cheese"], [], "None of the words that matter occurs", "warn", id="none"),
        pytest.param(["VAT", "rate", "cheese"], ["rate"], "Only 1 of the 3 words that matter occurs", "warn", id="few"),
        pytest.param(["fee", "licence", "vessel"], ["fee", "vessel"], "the answer may be there", "", id="most"),
        pytest.param(
            ["fee", "licence"], ["fee", "licence"], "All 2 words that matter occur together", "done", id="all"
        ),
        pytest.param(["fee"], ["fee"], "The one word that matters occurs", "done", id="the only one"),
        pytest.param([], [], "no words to search by", "warn", id="no words"),
    ],
)
def test_what_a_search_found_is_judged_by_the_words_that_matter(
    wanted: list[str], best: list[str], told: str, kind: str
) -> None:
    said, notice = verdict(wanted, best)

    assert told in said
    assert notice == kind


@pytest.mark.parametrize(
    ("is_cited", "shares", "floor", "score", "wanted"),
    [
        pytest.param(False, [], 0.0, 0.15, False, id="common words alone"),
        pytest.param(False, ["fee"], 0.0, 0.15, True, id="a word that matters"),
        pytest.param(True, [], 0.0, 1.0, True, id="named"),
        pytest.param(False, [], 0.3, 0.4, True, id="near in meaning"),
        pytest.param(False, [], 0.3, 0.2, False, id="far in meaning"),
    ],
)
def test_what_shares_nothing_that_matters_is_no_find(
    is_cited: bool, shares: list[str], floor: float, score: float, wanted: bool
) -> None:
    row = cast("ResultRow", {"is_cited": is_cited, "score": score})

    assert is_find(row, shares, floor) is wanted


def test_a_text_is_parted_at_its_marked_places_without_blanks_around_it() -> None:
    assert pieces("\n a fee of 5\n", [(4, 7), (11, 12)]) == [("a ", False), ("fee", True), (" of ", False), ("5", True)]
    assert pieces("", []) == []
