"""Gathers what a failed call says of itself: classes, codes, status, text and body of every link of its chain."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from utils.vendor_answers import MAX_TEXT, ErrorInAnswer, bodies_of, messages_of, status_in

_CLASS_NAME = re.compile(r"^(?:[\w.]+\.)?(\w*(?:Error|Exception|Timeout|gaierror))\s*[:(]")
_STATUS_IN_TEXT = re.compile(
    r"(?:error code|status(?: code)?|http(?: error)?|returned error|internal error|api error|error)"
    r"[:\s=]{1,2}\s*\(?([45]\d\d)\b"
    r"|^\W{0,2}([45]\d\d)\b(?!\s*(?:tokens|bytes|ms|s)\b)|<title>[^<|]*\|\s*([45]\d\d)\b|<title>\s*([45]\d\d)\b"
    r"|\b(?:client|server) error '([45]\d\d)\b"
    r"|:\s([45]\d\d):?\s(?=[A-Z{<])|\berror status ([45]\d\d)\b|[\"'](?:status|code)[\"']\s*:\s*[\"']?([45]\d\d)\b",
    re.IGNORECASE,
)
_CODE_IN_TEXT = re.compile(r"[\"']?\b(?:code|type|status)[\"']?\s*[:=]\s*[\"']?([A-Za-z_-]{4,60})\b")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that speaks for a category, strongest first."""

    classes: tuple[str, ...]
    codes: tuple[str, ...]
    status: int | None
    text: str
    body: object = None


def from_text(text: str, status: int | None) -> Evidence:
    """Read a message as a vendor or SDK wrote it; *status* where known."""
    text = text[:MAX_TEXT].strip()
    named = _CLASS_NAME.match(text)
    if status is None:
        found = _STATUS_IN_TEXT.search(text)
        status = int(next(group for group in found.groups() if group)) if found else None
    codes = tuple(match.group(1) for match in _CODE_IN_TEXT.finditer(text))
    return Evidence((named.group(1),) if named else (), codes, status, text)


def from_exception(error: BaseException, status: int | None) -> Evidence:
    """Read *error* and its causes; *status* where known."""
    classes: list[str] = []
    codes: list[str] = []
    texts: list[str] = []
    body: object = None
    for link in chain_of(error):
        classes.append(type(link).__name__)
        texts.append(str(link)[:MAX_TEXT])
        if status is None:
            status = _status_of(link)
        codes.extend(_codes_of(link))
        body = body or getattr(link, "body", None)
        texts.extend(messages_of(getattr(link, "body", None)))
    text = "\n".join(dict.fromkeys(texts))
    if not codes:
        codes.extend(match.group(1) for match in _CODE_IN_TEXT.finditer(text))
    return Evidence(tuple(classes), tuple(codes), status, text, body)


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """Walk from *error* to its root cause, each link once."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__


def _status_of(error: BaseException) -> int | None:
    value = getattr(error, "status_code", None)
    # Ollama says -1 for an error inside a stream.
    if isinstance(value, int) and 400 <= value < 600:
        return value
    return status_in(error.body) if isinstance(error, ErrorInAnswer) else None


def _codes_of(error: BaseException) -> Iterator[str]:
    for part in (error, *bodies_of(getattr(error, "body", None))):
        for name in ("code", "type"):
            value = part.get(name) if isinstance(part, Mapping) else getattr(part, name, None)
            if isinstance(value, str):
                yield value
