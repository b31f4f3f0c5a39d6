"""The answer is read wherever a message has it, whole or in pieces; a refusal is told as one."""

import json
from typing import Any

import pytest

from services.llm.adapters.base import Completion, CompletionRequest, Piece
from services.llm.adapters.chat_completions import read_completion
from services.llm.adapters.streamed import read_stream
from utils.errors import RateLimitError, RefusedError

ANSWER = '{"question": "q"}'
CALL = {"id": "1", "type": "function", "function": {"name": "json", "arguments": ANSWER}}
OBJECT_CALL = {"function": {"name": "json", "arguments": json.loads(ANSWER)}}
MAGISTRAL = [
    {"type": "thinking", "thinking": [{"type": "text", "text": "so "}, {"type": "text", "text": "so"}]},
    {"type": "text", "text": ANSWER},
]
REQUEST = CompletionRequest("m", ({"role": "user", "content": "x"},))


def read(message: dict[str, Any], finish_reason: str = "stop") -> Completion:
    body = {"choices": [{"index": 0, "message": message, "finish_reason": finish_reason}]}
    return read_completion(json.dumps(body).encode(), {}, "openai", "m")


def streamed(*deltas: dict[str, Any], finish_reason: str = "stop") -> tuple[Completion, list[tuple[Piece, str]]]:
    heard: list[tuple[Piece, str]] = []
    chunks: list[dict[str, Any]] = [{"choices": [{"delta": delta}]} for delta in deltas]
    chunks.append({"choices": [{"delta": {}, "finish_reason": finish_reason}]})
    lines = [f"data: {json.dumps(chunk)}" for chunk in chunks]
    request = CompletionRequest("m", REQUEST.messages, listener=lambda kind, text: heard.append((kind, text)))
    return read_stream([*lines, "data: [DONE]"], {}, request, "openai"), heard


@pytest.mark.parametrize(
    ("message", "text", "thinking"),
    [
        pytest.param({"content": None, "tool_calls": [CALL]}, ANSWER, "", id="call"),
        pytest.param({"content": "", "tool_calls": [OBJECT_CALL]}, '{"question":"q"}', "", id="call-as-object"),
        pytest.param({"content": None, "function_call": CALL["function"]}, ANSWER, "", id="older-call"),
        pytest.param({"content": None, "parsed": {"question": "q"}}, '{"question":"q"}', "", id="parsed"),
        pytest.param({"content": "text", "tool_calls": [CALL]}, "text", "", id="text-before-a-call"),
        pytest.param({"content": MAGISTRAL}, ANSWER, "so so", id="parts-with-thinking"),
        pytest.param({"content": [{"type": "tool_use", "input": {"question": "q"}}]}, '{"question":"q"}', "", id="use"),
        pytest.param({"content": [{"type": "output_text", "text": "a"}, {"text": "b"}]}, "ab", "", id="parts"),
        pytest.param({"content": "", "reasoning": ANSWER}, "", ANSWER, id="only-reasoning"),
    ],
)
def test_answer_is_found_in_every_part_of_a_message(message: dict[str, Any], text: str, thinking: str) -> None:
    made = read(message)

    assert (made.text, made.thinking) == (text, thinking)


@pytest.mark.parametrize(
    ("message", "finish_reason"),
    [
        pytest.param({"content": None, "refusal": "I can not help with that."}, "stop", id="refusal"),
        pytest.param({"content": "I can not help", "refusal": None}, "content_filter", id="filter"),
        pytest.param({"content": ""}, "SAFETY", id="filter-of-google"),
    ],
)
def test_refusal_is_told_with_the_words_of_the_model(message: dict[str, Any], finish_reason: str) -> None:
    with pytest.raises(RefusedError, match="refused") as raised:
        read(message, finish_reason)

    said = message.get("refusal") or message["content"] or finish_reason
    assert said in str(raised.value)
    assert not raised.value.retryable


def test_stream_gives_the_arguments_of_a_call_as_its_text() -> None:
    made, heard = streamed(
        {"tool_calls": [{"index": 0, "function": {"name": "json", "arguments": ANSWER[:5]}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": ANSWER[5:]}}]},
    )

    assert (made.text, heard) == (ANSWER, [])


def test_stream_of_parts_gives_text_and_thinking() -> None:
    made, heard = streamed({"content": MAGISTRAL[:1]}, {"content": MAGISTRAL[1:]}, {"content": "!"})

    assert (made.text, made.thinking) == (f"{ANSWER}!", "so so")
    assert heard == [("thought", "so so"), ("token", ANSWER), ("token", "!")]


def test_refusal_in_a_stream_is_told() -> None:
    with pytest.raises(RefusedError, match="I can not"):
        streamed({"refusal": "I can "}, {"refusal": "not."})


def test_limit_in_a_stream_is_a_limit() -> None:
    line = f"data: {json.dumps({'error': {'code': 429, 'message': 'Provider returned error'}})}"

    with pytest.raises(RateLimitError):
        read_stream([line], {}, REQUEST, "openai")
