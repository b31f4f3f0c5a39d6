"""Query arguments: both sides of each limit, unknown ones, and filters that are set."""

import pytest
from pydantic import BaseModel

from models.contract.answers.dataset import FILTERS
from models.contract.arguments import (
    EventArguments,
    ExportArguments,
    Filters,
    HistoryArguments,
    NoArguments,
    PageArguments,
    QueueArguments,
    RandomArguments,
    ReportArguments,
    SampleName,
    SampleQueryArguments,
    SearchArguments,
    StreamArguments,
    UsageArguments,
)
from models.fields import LARGEST, validated
from utils.errors import InputError


@pytest.mark.parametrize(
    ("model", "field", "taken", "refused", "says"),
    [
        pytest.param(SampleQueryArguments, "limit", "0", "-1", "at least 0", id="limit-low"),
        pytest.param(
            SampleQueryArguments, "limit", str(LARGEST), str(LARGEST + 1), f"at most {LARGEST}", id="limit-high"
        ),
        pytest.param(SampleQueryArguments, "offset", "0", "-1", "at least 0", id="offset"),
        pytest.param(PageArguments, "limit", "10000", "10001", "at most 10000", id="page"),
        pytest.param(SearchArguments, "limit", "10000", "10001", "at most 10000", id="search"),
        pytest.param(QueueArguments, "limit", "1000", "1001", "at most 1000", id="queue"),
        pytest.param(
            RandomArguments, "count", str(-LARGEST), str(-LARGEST - 1), f"at least -{LARGEST}", id="random-low"
        ),
        pytest.param(RandomArguments, "seed", "0", "-1", "at least 0", id="random-seed"),
        pytest.param(EventArguments, "after", str(2**63 - 1), str(2**63), f"at most {2**63 - 1}", id="event"),
        pytest.param(ExportArguments, "seed", str(2**53 - 1), str(2**53), f"less than {2**53}", id="export-seed"),
    ],
)
def test_value_at_the_limit_is_taken_and_the_next_one_refused(
    model: type[BaseModel], field: str, taken: str, refused: str, says: str
) -> None:
    assert getattr(validated(model, {field: taken}), field) == int(taken)
    with pytest.raises(InputError, match=f"^{field}: got {refused}, want {says}"):
        validated(model, {field: refused})


@pytest.mark.parametrize("text", ["", "ten", "1.5"])
def test_number_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=f"^limit: got '?{text}'?, want a whole number"):
        validated(PageArguments, {"limit": text})


@pytest.mark.parametrize(
    "model", [NoArguments, QueueArguments, ReportArguments, EventArguments, UsageArguments, ExportArguments]
)
def test_unknown_argument_is_refused(model: type[BaseModel]) -> None:
    with pytest.raises(InputError, match=r"^colour: unknown; want "):
        validated(model, {"colour": "red"})


@pytest.mark.parametrize("model", [SampleQueryArguments, PageArguments, SearchArguments, HistoryArguments])
def test_unknown_argument_is_ignored_where_older_clients_send_more(model: type[BaseModel]) -> None:
    assert validated(model, {"colour": "red"}) == validated(model, {})


def test_filters_that_are_set_are_chosen_and_the_blank_ones_are_not() -> None:
    filters = validated(Filters, {"topic": "Tort Law", "model": "", "batch_id": "b"})

    assert filters.chosen == {"topic": "Tort Law", "batch_id": "b"}
    assert validated(Filters, {}).chosen == {}
    assert set(FILTERS) == set(Filters.model_fields)


@pytest.mark.parametrize("sent", [{}, {"id": ""}])
def test_sample_must_be_named(sent: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"^id: (is missing|got '', want at least 1 characters)"):
        validated(SampleName, sent)


def test_state_that_no_batch_has_is_refused_and_those_it_has_are_named() -> None:
    with pytest.raises(InputError, match=r"^status: got 'lost', want .*'running'.*'completed'"):
        validated(HistoryArguments, {"status": "lost"})


def test_token_in_a_stream_address_is_not_repeated() -> None:
    with pytest.raises(InputError, match=r"^access_token: want text$"):
        validated(StreamArguments, {"access_token": ["secret-0123456789"]})
