"""The pictures of a request, read as each vendor reads them from its wire, and what is refused of them.

Forms as documented: parts with `image_url` (OpenAI and all that speak its wire), blocks of `type: image` (Anthropic),
`inlineData` (Google), `images` beside the text (Ollama, which refuses the prefix of a data URI).
"""

import re
from base64 import b64decode
from collections.abc import Iterator
from typing import Any, NamedTuple

_URI = re.compile(r"data:(?P<kind>[^;]+);base64,(?P<file>.*)", re.DOTALL)
_MARKS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


class Seen(NamedTuple):
    """One turn: whose it is, what it says, and its pictures with what they are said to be."""

    role: str
    text: str
    pictures: list[tuple[str, bytes]]


def seen(kind: str, body: dict[str, Any]) -> list[Seen]:
    """Return the turns of a request to vendor *kind*, without the words of the system; ValueError for a wrong form."""
    turns = body["contents"] if kind == "google" else body["messages"]
    return [
        Seen(turn["role"], _text(kind, turn), list(_pictures(kind, turn)))
        for turn in turns
        if turn["role"] not in ("system", "developer")
    ]


def words_of(content: object) -> str:
    """Return the text of a message's content, which may be parts."""
    return "\n".join(part.get("text", "") for part in content) if isinstance(content, list) else str(content)


def fault_of_pictures(kind: str, body: dict[str, Any]) -> str:
    """Return what the vendor says to pictures that it does not take; "" for good ones."""
    try:
        turns = seen(kind, body)
    except (ValueError, KeyError, TypeError) as fault:
        return f"could not process image: {fault}"
    for turn in turns:
        if turn.pictures and turn.role != "user":
            return f"images are not allowed in messages of the role {turn.role}"
        if any(said not in _MARKS.values() or _kind_of(file) != said for said, file in turn.pictures):
            return "the image was specified using another media type, or is of none that is supported"
    return ""


def _text(kind: str, turn: dict[str, Any]) -> str:
    return words_of(turn["parts"] if kind == "google" else turn.get("content", ""))


def _pictures(kind: str, turn: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    if kind == "ollama":
        for image in turn.get("images", ()):
            file = b64decode(image, validate=True)
            yield _kind_of(file), file
        return
    parts = turn["parts"] if kind == "google" else turn["content"]
    for part in parts if isinstance(parts, list) else ():
        found = _READERS.get(kind, _of_openai)(part)
        if found is not None:
            yield found


def _of_openai(part: dict[str, Any]) -> tuple[str, bytes] | None:
    if part["type"] == "text":
        _check_spoken(part["text"])
        return None
    held = _URI.fullmatch(part["image_url"]["url"])
    if part["type"] != "image_url" or held is None:
        raise ValueError("want image_url with a data URI")
    return held["kind"], b64decode(held["file"], validate=True)


def _of_anthropic(part: dict[str, Any]) -> tuple[str, bytes] | None:
    if part["type"] == "text":
        _check_spoken(part["text"])
        return None
    if part["type"] != "image" or part["source"]["type"] != "base64":
        raise ValueError("want an image with a source of base64")
    return part["source"]["media_type"], b64decode(part["source"]["data"], validate=True)


def _of_google(part: dict[str, Any]) -> tuple[str, bytes] | None:
    if "inlineData" not in part:
        return None
    # JSON of protocol buffers may be of either alphabet, and name a field either way, as the vendor's client does.
    held = part["inlineData"]
    file = held["data"].replace("-", "+").replace("_", "/")
    return held["mimeType" if "mimeType" in held else "mime_type"], b64decode(file, validate=True)


def _check_spoken(text: str) -> None:
    if not text.strip():
        raise ValueError("text content blocks must be non-empty")


def _kind_of(file: bytes) -> str:
    return next((kind for mark, kind in _MARKS.items() if file.startswith(mark)), "unknown")


_READERS = {"anthropic": _of_anthropic, "google": _of_google}
