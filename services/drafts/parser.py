"""Reads a draft out of a model's answer.

Thinking is taken out and kept; then a fenced block or the first balanced object is
read strictly, leniently (raw control characters), and at last through a repair
library. Pure functions.
"""

import json
import re
from collections.abc import Mapping

import json_repair
import orjson

from services.drafts.draft import Draft
from utils.errors import AnswerFormatError

_THINK_BLOCK = re.compile(r"<(think|thinking|reasoning|reflection)>(.*?)</\1>", re.DOTALL | re.IGNORECASE)
_THINK_OPEN = re.compile(r"<(?:think|thinking|reasoning|reflection)>", re.IGNORECASE)
_THINK_CLOSE = re.compile(r"</(?:think|thinking|reasoning|reflection)>", re.IGNORECASE)
_FENCE = re.compile(r"```(?:json|JSON)?\s*\n(.*?)(?:\n\s*```|\Z)", re.DOTALL)
_TEXT_FIELDS = ("question", "answer", "case_citation", "reasoning")


def parse_answer(text: str, thinking: str = "") -> Draft:
    """Return the draft in *text*.

    Args:
        text: The raw answer.
        thinking: Reasoning that the vendor sent separately.

    Raises:
        AnswerFormatError: no JSON object with the fields of a sample can be read.
    """
    rest, thoughts = split_thinking(text)
    fields = _read_object(rest)
    missing = [name for name in _TEXT_FIELDS if name not in fields]
    if len(missing) == len(_TEXT_FIELDS):
        raise AnswerFormatError(f"no field of a sample in the answer (begins {rest.strip()[:60]!r})")
    values = {name: _as_text(fields.get(name)) for name in _TEXT_FIELDS}
    return Draft(**values, thinking="\n\n".join(part for part in (thinking.strip(), thoughts) if part))


def split_thinking(text: str) -> tuple[str, str]:
    """Separate the thinking from *text*: several blocks, an unclosed one, or an orphaned end tag."""
    thoughts = [match.group(2).strip() for match in _THINK_BLOCK.finditer(text)]
    rest = _THINK_BLOCK.sub("", text)
    orphan = list(_THINK_CLOSE.finditer(rest))
    if orphan:
        thoughts.append(rest[: orphan[-1].start()].strip())
        rest = rest[orphan[-1].end() :]
    opened = _THINK_OPEN.search(rest)
    if opened:
        tail = rest[opened.end() :]
        # The object may stand inside a block that the model forgot to close.
        start = tail.find("{")
        thoughts.append((tail if start < 0 else tail[:start]).strip())
        rest = rest[: opened.start()] + ("" if start < 0 else tail[start:])
    return rest, "\n\n".join(thought for thought in thoughts if thought)


def _read_object(text: str) -> Mapping[str, object]:
    whole = _whole(text)
    if whole is not None:
        return _unwrapped(whole)
    for candidate in _candidates(text):
        for strict in (True, False):
            try:
                value = json.loads(candidate, strict=strict)
            except (ValueError, RecursionError):
                continue
            if isinstance(value, dict):
                return _unwrapped(value)
    repaired = _repair(text)
    if repaired is None:
        shown = text.strip()[:60]
        raise AnswerFormatError(f"no JSON object in the answer (begins {shown!r})" if shown else "the answer is empty")
    return _unwrapped(repaired)


def _whole(text: str) -> dict[str, object] | None:
    """Read an answer that is one object and nothing else, as structured output gives it."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _candidates(text: str) -> list[str]:
    fenced = [match.group(1) for match in _FENCE.finditer(text)]
    balanced = _first_balanced(text)
    return fenced + ([balanced] if balanced else [])


def _first_balanced(text: str) -> str | None:
    """Return the first object whose braces balance, strings respected."""
    start = text.find("{")
    if start < 0:
        return None
    depth, quoted, escaped = 0, False, False
    for position in range(start, len(text)):
        char = text[position]
        if quoted:
            quoted, escaped = (char != '"' or escaped), (char == "\\" and not escaped)
        elif char == '"':
            quoted = True
        elif char in "{}":
            depth += 1 if char == "{" else -1
            if depth == 0:
                return text[start : position + 1]
    return None


def _repair(text: str) -> dict[str, object] | None:
    start = text.find("{")
    if start < 0:
        return None
    try:
        value = json_repair.loads(text[start:])
    except (ValueError, RecursionError, IndexError):
        return None
    if isinstance(value, list):
        value = next((item for item in value if isinstance(item, dict)), None)
    return value if isinstance(value, dict) and value else None


def _unwrapped(value: dict[str, object]) -> Mapping[str, object]:
    """Look inside a wrapper such as {"sample": {...}} or {"samples": [{...}]}."""
    if len(value) == 1:
        inner = next(iter(value.values()))
        if isinstance(inner, list) and inner:
            inner = inner[0]
        if isinstance(inner, dict):
            return inner
    return value


def _as_text(value: object) -> str:
    """Turn a model's value into text: lists become lines, objects labelled lines."""
    if value is None:
        return ""
    if isinstance(value, str):
        # Half a surrogate pair is no character and cannot be stored.
        return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8").strip()
    if isinstance(value, list):
        return "\n".join(_as_text(item) for item in value)
    if isinstance(value, dict):
        return "\n".join(f"{key}: {_as_text(item)}" for key, item in value.items())
    return str(value)
