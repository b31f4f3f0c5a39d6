"""Reads the message of a chat completion, whole or in pieces, in the shapes that vendors send.

The answer may be text, a list of parts with thinking among them, the arguments of a call, a refusal, or an error
although the status is 200.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from utils.error_handler import parse_error
from utils.errors import AnswerFormatError, GenerationError, RefusedError
from utils.vendor_answers import ErrorInAnswer, messages_of

# Why an answer ended, where a filter of the vendor ended it.
_FILTERED = frozenset({"content_filter", "refusal", "safety", "recitation", "prohibited_content", "blocklist", "spii"})
_THINKING_PARTS = frozenset({"thinking", "reasoning", "reasoning_text", "redacted_thinking"})


@dataclass(frozen=True, slots=True)
class Parts:
    """What a message's content says: its text, and the thinking within it."""

    text: str = ""
    thinking: str = ""


def json_in(content: bytes, provider: str, model: str) -> Any:  # a vendor's, of any shape
    """Return the JSON of an answer's body; AnswerFormatError where it is none."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        raise AnswerFormatError(f"{provider}/{model}: the body ({len(content)} bytes) is not JSON") from None


def object_in(value: object) -> Mapping[str, object]:
    """Return *value* where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def parts_of(content: object) -> Parts:
    """Read content of either shape: text, or a list of parts."""
    if isinstance(content, str):
        return Parts(content)
    if not isinstance(content, list):
        return Parts()
    read = [_part(part) for part in content]
    return Parts("".join(part.text for part in read), "".join(part.thinking for part in read))


def called_with(message: Mapping[str, object]) -> str:
    """Return the arguments of the calls that a message makes in place of a text; "" for none."""
    calls = message.get("tool_calls")
    made = [call.get("function") or call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    made = made or [message.get("function_call")]
    given = [call.get("arguments") for call in made if isinstance(call, dict)] or [message.get("parsed")]
    return "\n".join(_as_json(value) for value in given if value)


def check_refusal(refusal: object, finish_reason: object, text: str, provider: str, model: str) -> None:
    """Raise RefusedError where the model declined, or the vendor's filter stopped it."""
    if isinstance(refusal, str) and refusal.strip() and not text.strip():
        raise RefusedError.in_words(refusal, provider, model)
    if isinstance(finish_reason, str) and finish_reason.lower() in _FILTERED:
        said = f"; it had said: {' '.join(text.split())[:200]}" if text.strip() else ""
        raise RefusedError(
            f"{provider}/{model}: refused by the vendor's filter (finish_reason {finish_reason!r}){said}",
            provider=provider,
            model=model,
        )


def error_in_success(
    body: object, provider: str, model: str, headers: Mapping[str, str] | None = None
) -> GenerationError:
    """Build the error that the body of a 200 holds; AnswerFormatError when it holds none."""
    if isinstance(body, dict) and (body.get("error") or body.get("message") or body.get("status_code")):
        found = parse_error(ErrorInAnswer(body, headers or {}), provider, model)
        if next(messages_of(body), None) is None:
            found.args = ("an error without a message",)
        return found
    return AnswerFormatError(f"{provider}/{model}: a 200 without choices (a {type(body).__name__} in JSON)")


def count(value: object) -> int:
    """Return the number of tokens that a vendor states; 0 for what is none."""
    return value if isinstance(value, int) and value >= 0 else 0


def stated(details: object, name: str) -> int | None:
    """Return the number of tokens under *name*; None where the vendor states none."""
    value = object_in(details).get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _part(part: object) -> Parts:
    if not isinstance(part, dict):
        return Parts()
    if part.get("type") in _THINKING_PARTS:
        held = parts_of(part.get("thinking") or part.get("reasoning") or part.get("summary") or part.get("text"))
        return Parts("", held.text)
    if part.get("type") == "tool_use":
        return Parts(_as_json(part.get("input") or ""))
    return Parts(parts_of(part.get("text") or part.get("content")).text)


def _as_json(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
