"""The body of a chat completion, read leniently: whatever is wrong in it is one typed error."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.llm.adapters.chat_completions import read_completion, without_suffix
from services.llm.adapters.message import error_in_success
from utils.errors import AnswerFormatError, GenerationError


def body(message: object = None, finish: object = "stop", **fields: object) -> bytes:
    made = {"content": "fine"} if message is None else message
    return json.dumps({"choices": [{"message": made, "finish_reason": finish}], **fields}).encode()


def test_answer_is_read_with_everything_that_it_says() -> None:
    content = body(
        {"content": "fine", "reasoning": "I thought"},
        model="m-2026",
        usage={"prompt_tokens": 7, "completion_tokens": 3},
    )

    made = read_completion(content, {"x": "y"}, "groq", "m")

    assert (made.text, made.thinking, made.model, made.finish_reason) == ("fine", "I thought", "m-2026", "stop")
    assert (made.prompt_tokens, made.completion_tokens, made.tokens, made.headers) == (7, 3, 10, {"x": "y"})


@pytest.mark.parametrize(
    ("message", "text", "thinking"),
    [
        pytest.param({"content": None}, "", "", id="no-content"),
        pytest.param({}, "", "", id="empty"),
        pytest.param(None, "fine", "", id="text"),
        pytest.param({"content": 7}, "", "", id="number"),
        pytest.param({"content": [{"text": "one "}, {"text": "two"}]}, "one two", "", id="parts"),
        pytest.param({"content": [{"type": "image"}, "odd", {"text": "x"}]}, "x", "", id="odd-parts"),
        pytest.param({"content": "a", "reasoning_content": "b"}, "a", "b", id="other-name-of-reasoning"),
        pytest.param({"content": "a", "reasoning": "b", "reasoning_content": "c"}, "a", "b", id="both-names"),
    ],
)
def test_text_is_read_from_every_form_of_a_message(message: object, text: str, thinking: str) -> None:
    made = read_completion(body(message), {}, "groq", "m")

    assert (made.text, made.thinking) == (text, thinking)


@pytest.mark.parametrize(
    ("usage", "prompt", "answer"),
    [
        pytest.param(None, 0, 1, id="none"),
        pytest.param({}, 0, 1, id="empty"),
        pytest.param({"prompt_tokens": "7", "completion_tokens": -3}, 0, 1, id="odd"),
        pytest.param({"prompt_tokens": 7, "completion_tokens": 0}, 7, 1, id="answer-is-estimated"),
    ],
)
def test_usage_that_is_not_told_is_estimated_or_zero(usage: object, prompt: int, answer: int) -> None:
    made = read_completion(body(usage=usage), {}, "groq", "m")

    assert (made.prompt_tokens, made.completion_tokens, made.model) == (prompt, answer, "m")


@pytest.mark.parametrize("content", [b"", b"<html>", b"\xff\xfe", b'{"choices": [', b"data: x"])
def test_body_that_is_no_json_is_an_answer_that_cannot_be_read(content: bytes) -> None:
    with pytest.raises(AnswerFormatError, match=rf"^groq/m: the body \({len(content)} bytes\) is not JSON$"):
        read_completion(content, {}, "groq", "m")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        pytest.param({}, "dict", id="empty"),
        pytest.param([], "list", id="list"),
        pytest.param("text", "str", id="text"),
        pytest.param({"choices": []}, "dict", id="no-choice"),
        pytest.param({"choices": None}, "dict", id="null"),
        pytest.param({"choices": ["x"]}, "dict", id="choice-is-text"),
    ],
)
def test_json_that_is_no_completion_is_said_by_its_kind(content: object, kind: str) -> None:
    with pytest.raises(AnswerFormatError, match=rf"a 200 without choices \(a {kind} in JSON\)"):
        read_completion(json.dumps(content).encode(), {}, "groq", "m")


@pytest.mark.parametrize(
    ("content", "category", "says", "status"),
    [
        pytest.param(
            {"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}},
            "rate_limit",
            "Rate limit reached",
            None,
            id="envelope",
        ),
        pytest.param(
            {"error": "model is overloaded", "status_code": 503}, "server_error", "overloaded", 503, id="text"
        ),
        pytest.param(
            {"message": "Invalid API Key", "status_code": 401}, "authentication", "Invalid API Key", 401, id="flat"
        ),
        pytest.param({"status_code": 500}, "server_error", "an error without a message", 500, id="status-alone"),
        pytest.param({"error": {"code": "x"}}, "general", "an error without a message", None, id="no-message"),
        pytest.param({"message": "hello", "status_code": 200}, "general", "hello", None, id="status-of-no-error"),
        pytest.param({"error": "x" * 900}, "general", "x" * 300, None, id="long-messages-are-cut"),
    ],
)
def test_error_inside_a_200_is_told_by_its_category(
    content: object, category: str, says: str, status: int | None
) -> None:
    error = error_in_success(content, "groq", "m")

    assert (error.category, error.status, error.provider, error.model) == (category, status, "groq", "m")
    assert says in str(error)
    assert len(str(error)) <= 320


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["choices", "message", "content", "usage", "error", "x"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["error", "message", "status_code", "choices", "model"]), JSON))
def test_any_object_without_choices_is_one_typed_error(content: dict[str, object]) -> None:
    content.pop("choices", None)

    with pytest.raises(GenerationError):
        read_completion(json.dumps(content).encode(), {}, "groq", "m")


@pytest.mark.parametrize(
    ("url", "suffixes", "bare"),
    [
        pytest.param("https://x/v1", ("/v1",), "https://x", id="version"),
        pytest.param("https://x/v1/", ("/v1",), "https://x", id="slash-at-the-end"),
        pytest.param("https://x/openai/v1", ("/v1", "/openai"), "https://x", id="both"),
        pytest.param("https://x/openai", ("/v1", "/openai"), "https://x", id="first-part-alone"),
        pytest.param("https://x/v10", ("/v1",), "https://x/v10", id="looks-alike"),
    ],
)
def test_version_part_that_the_client_adds_is_dropped(url: str, suffixes: tuple[str, ...], bare: str) -> None:
    assert without_suffix(url, *suffixes) == bare
