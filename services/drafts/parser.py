"""Reads a draft out of a model's answer.

Thinking is taken out and kept (`thinking.py`); then the object that holds the fields is looked for, whatever is around
it (`utils/unwrapping.py`), and at last labelled prose (`labels.py`). Texts are put right on the way: HTML's entities,
commands of LaTeX, control characters. Pure functions.
"""

import html
import re

from services.drafts.draft import Draft
from services.drafts.labels import labelled_fields
from services.drafts.thinking import split_thinking
from utils.control_characters import put_right
from utils.errors import AnswerFormatError, RefusedError
from utils.unwrapping import Names, find_object

__all__ = ["parse_answer", "split_thinking"]

_TEXT_FIELDS = ("question", "answer", "case_citation", "reasoning")
_NAMES = Names(
    _TEXT_FIELDS, {"case_citations": "case_citation", "citation": "case_citation", "citations": "case_citation"}
)
_FEWEST_LABELS = 3
_ENTITY = re.compile(r"&(?:amp;)?(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# How a model declines, at the beginning of a short answer.
_REFUSAL = re.compile(
    r"\b(?:cannot|can not|can[’']?t|unable to|not able to|won[’']?t|will not|(?:must|have to) decline)\b"
    r"[^.!?\n]{0,60}\b(?:help|assist|provide|comply|fulfil+|creat(?:e|ing)|generat(?:e|ing)|produce|write|answer"
    r"|discuss|engage|continue|support|do that|with (?:that|this)|request)\b"
    r"|\bagainst (?:my|our) (?:guidelines|policy|policies)\b",
    re.IGNORECASE,
)
_LONGEST_REFUSAL, _BEGINNING = 1500, 300


def parse_answer(text: str, thinking: str = "") -> Draft:
    """Return the draft in *text*, or in *thinking* where the text has none.

    Args:
        text: The raw answer.
        thinking: Reasoning that the vendor sent separately.

    Raises:
        AnswerFormatError: no JSON object with the fields of a sample can be read.
        RefusedError: the model declined; says so in its words.
    """
    rest, thoughts = split_thinking(text.lstrip("\ufeff\u200b"))
    fields = find_object(rest, _NAMES) or _labelled(rest, text) or find_object(thoughts, _NAMES)
    if fields is None and not rest.strip():
        fields = find_object(thinking, _NAMES)
    if fields is None:
        raise _unreadable(rest)
    values = {name: _as_text(fields.get(name)) for name in _TEXT_FIELDS}
    kept = [part for part in (thinking.strip(), put_right(thoughts)) if part and part != values["reasoning"]]
    return Draft(**values, thinking="\n\n".join(kept))


def _labelled(rest: str, text: str) -> dict[str, object] | None:
    """Return the labelled parts: of the whole *text* where more are there, since a part may be in tags of thinking."""
    found = [labelled_fields(part, _NAMES, _FEWEST_LABELS) or {} for part in (rest, text)]
    return max(found, key=len) or None


def _unreadable(text: str) -> AnswerFormatError | RefusedError:
    shown = text.strip()
    if not shown:
        return AnswerFormatError("the answer is empty")
    if len(shown) <= _LONGEST_REFUSAL and "{" not in shown and _REFUSAL.search(shown[:_BEGINNING]):
        return RefusedError.in_words(shown)
    if "{" in shown:
        return AnswerFormatError(f"no field of a sample in the answer (begins {shown[:60]!r})")
    return AnswerFormatError(f"no JSON object in the answer (begins {shown[:60]!r})")


def _as_text(value: object) -> str:
    """Turn a model's value into text: lists become lines, objects labelled lines."""
    if value is None:
        return ""
    if isinstance(value, str):
        # Half a surrogate pair is no character and cannot be stored.
        text = _ENTITY.sub(_character, value).encode("utf-8", "replace").decode("utf-8")
        return put_right(text).strip()
    if isinstance(value, list):
        return "\n".join(_as_text(item) for item in value)
    if isinstance(value, dict):
        return "\n".join(f"{key}: {_as_text(item)}" for key, item in value.items())
    return str(value)


def _character(entity: re.Match[str]) -> str:
    """Return the character of an entity, also of one that was escaped twice."""
    return html.unescape(html.unescape(entity.group()))
