"""Bodies of requests: both sides of each limit, unknown fields, blanks, and what is refused in words."""

from typing import Any

import pytest
from pydantic import BaseModel

from models.contract.bodies import (
    MAX_BATCH,
    BatchReference,
    BatchRequest,
    BulkBody,
    BulkFilter,
    ChatRequest,
    ChatTest,
    CitationText,
    GenerateRequest,
    ImportBody,
    JudgeRequest,
    NamedBatch,
    NewSample,
    NoFields,
    NothingNeeded,
    PlanRequest,
    PushBody,
    Review,
    SampleChange,
    SampleIds,
)
from models.contract.query_bodies import QueryBody
from models.fields import validated
from tests.fakes import sample
from utils.errors import InputError

HELLO = {"messages": [{"role": "user", "content": "Hello?"}]}
JUDGE = {"provider": "groq"}
MESSAGE_CHARS = 1_000_000

LOWEST = [
    pytest.param(BatchRequest, {}, "count", 1, 0, "got 0, want at least 1", id="count"),
    pytest.param(BatchRequest, {}, "target_count", 1, 0, "got 0, want at least 1", id="target-count"),
    pytest.param(BatchRequest, {}, "max_cost_usd", 0.001, 0, "got 0, want more than 0", id="cost"),
    pytest.param(BatchRequest, {}, "max_tokens_total", 1, 0, "got 0, want more than 0", id="tokens"),
    pytest.param(BatchRequest, {}, "max_minutes", 0.1, 0, "got 0, want more than 0", id="minutes"),
    pytest.param(BatchRequest, {}, "seed", 0, -1, "got -1, want at least 0", id="seed"),
    pytest.param(JudgeRequest, JUDGE, "min_score", 0, -0.1, "got -0.1, want at least 0", id="score"),
    pytest.param(ChatRequest, HELLO, "temperature", 0, -0.1, "got -0.1, want at least 0", id="temperature"),
    pytest.param(ChatRequest, HELLO, "max_tokens", 1, 0, "got 0, want at least 1", id="answer-tokens"),
    pytest.param(ChatRequest, {}, "messages", HELLO["messages"], [], "want at least 1 of them", id="messages"),
    pytest.param(SampleIds, {}, "sample_ids", ["a"], [], "want at least 1 of them", id="ids"),
    pytest.param(NamedBatch, {}, "batch_id", "b", "", "want at least 1 characters", id="named-batch"),
    pytest.param(BatchReference, {}, "batch_id", "b", "", "want at least 1 characters", id="batch-reference"),
    pytest.param(ImportBody, {}, "content", "x", "", "want at least 1 characters", id="content"),
    pytest.param(CitationText, {}, "text", "x", "", "want at least 1 characters", id="citation-text"),
    pytest.param(PushBody, {}, "repo_name", "r", "", "want at least 1 characters", id="repository"),
]
HIGHEST = [
    pytest.param(BatchRequest, {}, "count", MAX_BATCH, MAX_BATCH + 1, "want at most 100000", id="count"),
    pytest.param(BatchRequest, {}, "target_count", 10_000_000, 10_000_001, "want at most 10000000", id="target-count"),
    pytest.param(BatchRequest, {}, "seed", 2**63 - 1, 2**63, f"want less than {2**63}", id="seed"),
    pytest.param(BatchRequest, {}, "providers", ["p"] * 50, ["p"] * 51, "want at most 50 of them", id="providers"),
    pytest.param(BatchRequest, {}, "models", ["m"] * 200, ["m"] * 201, "want at most 200 of them", id="models"),
    pytest.param(
        BatchRequest,
        {},
        "reasoning_instruction",
        "x" * 4000,
        "x" * 4001,
        "want at most 4000 characters",
        id="batch-instruction",
    ),
    pytest.param(
        GenerateRequest,
        {},
        "reasoning_instruction",
        "x" * 4000,
        "x" * 4001,
        "want at most 4000 characters",
        id="instruction",
    ),
    pytest.param(JudgeRequest, JUDGE, "min_score", 1, 1.1, "got 1.1, want at most 1", id="score"),
    pytest.param(ChatRequest, HELLO, "temperature", 2, 2.1, "got 2.1, want at most 2", id="temperature"),
    pytest.param(ChatRequest, HELLO, "max_tokens", 1_000_000, 1_000_001, "want at most 1000000", id="answer-tokens"),
    pytest.param(
        ChatRequest, {}, "messages", HELLO["messages"] * 1000, HELLO["messages"] * 1001, "at most 1000", id="messages"
    ),
    pytest.param(
        ChatTest, {}, "prompt", "x" * MESSAGE_CHARS, "x" * (MESSAGE_CHARS + 1), "at most 1000000", id="prompt"
    ),
    pytest.param(
        CitationText, {}, "text", "x" * MESSAGE_CHARS, "x" * (MESSAGE_CHARS + 1), "at most 1000000", id="citation-text"
    ),
    pytest.param(SampleIds, {}, "sample_ids", ["a"] * 100_000, ["a"] * 100_001, "at most 100000 of them", id="ids"),
    pytest.param(PushBody, {}, "repo_name", "r" * 200, "r" * 201, "want at most 200 characters", id="repository"),
    pytest.param(
        Review, {"decision": "accept"}, "reason", "x" * 4000, "x" * 4001, "at most 4000 characters", id="reason"
    ),
    pytest.param(SampleChange, {}, "id", "i" * 500, "i" * 501, "want at most 500 characters", id="sample-id"),
]


@pytest.mark.parametrize(("model", "rest", "field", "last", "over", "says"), LOWEST + HIGHEST)
def test_value_at_the_limit_is_taken_and_the_next_one_refused(
    model: type[BaseModel], rest: dict[str, Any], field: str, last: object, over: object, says: str
) -> None:
    taken = validated(model, {**rest, field: last})

    assert getattr(taken, field) is not None
    with pytest.raises(InputError, match=f"^{field}: .*{says}"):
        validated(model, {**rest, field: over})


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
@pytest.mark.parametrize(
    ("model", "rest", "field"),
    [(BatchRequest, {}, "max_cost_usd"), (BatchRequest, {}, "max_minutes"), (ChatRequest, HELLO, "temperature")],
)
def test_number_without_end_is_no_limit(model: type[BaseModel], rest: dict[str, Any], field: str, value: float) -> None:
    with pytest.raises(InputError, match=f"^{field}: "):
        validated(model, {**rest, field: value})


@pytest.mark.parametrize(
    ("model", "body"),
    [
        pytest.param(PlanRequest, {}, id="plan"),
        pytest.param(JudgeRequest, JUDGE, id="judge"),
        pytest.param(NamedBatch, {"batch_id": "b"}, id="named-batch"),
        pytest.param(CitationText, {"text": "x"}, id="citation-text"),
        pytest.param(Review, {"decision": "accept", "reason": "r"}, id="review"),
        pytest.param(NoFields, {}, id="nothing"),
    ],
)
def test_unknown_field_is_refused_and_the_known_ones_are_named(model: type[BaseModel], body: dict[str, Any]) -> None:
    known = ", ".join(sorted(model.model_fields))
    wanted = f"some of {known}" if known else "nothing"

    with pytest.raises(InputError) as refused:
        validated(model, {**body, "colour": "red"})

    assert str(refused.value) == f"colour: unknown; want {wanted}"


def test_unknown_field_inside_another_is_told_with_those_that_are_known_there() -> None:
    with pytest.raises(InputError) as refused:
        validated(BulkBody, {"filter": {"topik": "x"}, "delete": True})

    assert str(refused.value).startswith(
        f"filter.topik: unknown; want some of {', '.join(sorted(BulkFilter.model_fields))}"
    )


def test_number_with_too_many_digits_is_told_in_our_words() -> None:
    with pytest.raises(InputError, match=r"^count: got 1e\+20, want a smaller whole number$"):
        validated(PlanRequest, {"count": 1e20})


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (GenerateRequest, {}),
        (BatchRequest, {}),
        (ChatRequest, HELLO),
        (BatchReference, {}),
        (NothingNeeded, {}),
    ],
)
def test_unknown_field_is_ignored_where_older_clients_send_more(model: type[BaseModel], body: dict[str, Any]) -> None:
    assert validated(model, {**body, "colour": "red"}) == validated(model, body)


@pytest.mark.parametrize("model", [BatchRequest, PlanRequest])
def test_misspelt_limit_of_a_batch_is_refused_and_not_ignored(model: type[BaseModel]) -> None:
    with pytest.raises(InputError, match="max_costs: is not a limit of a batch, want one of max_cost_usd, max_tokens"):
        validated(model, {"max_costs": 5})


def test_further_fields_of_a_sample_are_kept() -> None:
    added = validated(NewSample, sample(colour="red"))
    changed = validated(SampleChange, {"colour": "red"})

    assert (added.model_extra or {})["colour"] == "red"
    assert changed.model_dump(exclude_unset=True) == {"colour": "red"}


@pytest.mark.parametrize("blank", ["", "  ", "\n", None])
def test_blank_choice_counts_as_not_sent(blank: str | None) -> None:
    names = ("provider", "model", "topic", "difficulty", "jurisdiction", "sample_type", "reasoning_instruction")

    assert validated(BatchRequest, dict.fromkeys(names, blank)) == validated(BatchRequest, {})
    assert validated(ChatRequest, {**HELLO, "provider": blank, "model": blank}) == validated(ChatRequest, HELLO)


@pytest.mark.parametrize("blank", ["", " \n"])
@pytest.mark.parametrize("field", ["question", "answer", "topic", "reasoning"])
def test_blank_text_of_a_sample_is_refused(field: str, blank: str) -> None:
    with pytest.raises(InputError, match=f"^{field}: is empty"):
        validated(NewSample, sample(**{field: blank}))
    with pytest.raises(InputError, match=f"^{field}: is empty"):
        validated(SampleChange, {field: blank})


@pytest.mark.parametrize("value", [0, 1, 1.0])
def test_flag_is_no_number(value: float) -> None:
    with pytest.raises(InputError, match=f"^smart_mode: got {value}, want true or false"):
        validated(BatchRequest, {"smart_mode": value})


@pytest.mark.parametrize(("field", "says"), [("count", "number"), ("max_minutes", "a number")])
def test_number_is_no_flag(field: str, says: str) -> None:
    with pytest.raises(InputError, match=f"^{field}: got true, want .*{says}"):
        validated(BatchRequest, {field: True})


@pytest.mark.parametrize(
    ("decision", "changes", "is_taken"),
    [
        ("edit", {"answer": "a"}, True),
        ("edit", {}, False),
        ("accept", {}, True),
        ("accept", {"answer": "a"}, False),
        ("reject", {"answer": "a"}, False),
    ],
)
def test_review_has_changes_when_it_is_an_edit_and_only_then(
    decision: str, changes: dict[str, str], is_taken: bool
) -> None:
    body = {"decision": decision, "reason": "r", "changes": changes}

    if is_taken:
        assert validated(Review, body).changes == changes
        return
    with pytest.raises(InputError, match="changes: give the changed fields with decision edit, and only then"):
        validated(Review, body)


@pytest.mark.parametrize("share", [0, -1, float("inf")])
def test_share_of_a_mix_is_a_positive_number(share: float) -> None:
    with pytest.raises(InputError, match=r"^mix\.topics\.Tort Law: "):
        validated(BatchRequest, {"mix": {"topics": {"Tort Law": share}}})


def test_value_of_a_body_that_may_hold_a_token_is_not_repeated() -> None:
    with pytest.raises(InputError, match=r"^private: want true or false$"):
        validated(PushBody, {"private": "hf_secret_0123456789"})


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("colour", "colour"),
        ("path_in_repo", "path_in_repo"),
        ("hf_abcdefgh", "a field"),
        ("gsk_0123", "a field"),
        ("sk_a_b", "a field"),
        ("a" * 40, "a field"),
    ],
)
def test_unknown_field_of_a_body_that_may_hold_a_token_is_named_unless_it_may_be_one(name: str, told: str) -> None:
    with pytest.raises(InputError, match=f"^{told}: unknown; want some of batch_id, branch, "):
        validated(PushBody, {name: "x"})


def test_all_faults_are_told_at_once_and_many_are_counted() -> None:
    with pytest.raises(InputError, match=r"^count: got 0, want at least 1; seed: got -1, want at least 0$"):
        validated(BatchRequest, {"count": 0, "seed": -1})
    with pytest.raises(InputError, match=r"; and 5 more$"):
        validated(SampleIds, {"sample_ids": list(range(15))})


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"query": None}, "query: got null, want text"),
        ({"query": "x", "file_ids": "y"}, "file_ids: got 'y', want a list"),
    ],
)
def test_message_speaks_json(sent: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=f"^{says}"):
        validated(QueryBody, sent)
