"""What goes from the process that reads a document to the service: pieces of JSON, each with its length before it.

Not pickled: whoever takes over the reading process by a document must not reach the service by what it sends.
"""

import struct
from collections.abc import Callable
from dataclasses import asdict, dataclass

import orjson
from pydantic import TypeAdapter, ValidationError

from models.grounding.document import Heading, Page
from services.grounding.extraction.outcome import Found, Limits, Step

_LENGTH = struct.Struct("!I")
MOST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be read."""

    path: str
    name: str
    limits: Limits


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why it was not read; *is_fault* where that was not foreseen."""

    message: str
    is_fault: bool = False


Message = Order | Page | Step | Found | Refusal
_KINDS: dict[str, Callable[..., Message]] = {
    "Order": Order,
    "Page": Page,
    "Step": Step,
    "Found": Found,
    "Refusal": Refusal,
}


_FOUND = TypeAdapter(Found)  # its parts have parts of their own


def packed(message: Message) -> bytes:
    """Return *message* as it is sent."""
    content = orjson.dumps([type(message).__name__, asdict(message)])
    return _LENGTH.pack(len(content)) + content


def received(read: Callable[[int], bytes]) -> Message:
    """Return the next message.

    Args:
        read: Returns so many bytes; EOFError where there are no more.

    Raises:
        EOFError: the other end is gone.
        ValueError: what came is no message.
    """
    (size,) = _LENGTH.unpack(read(_LENGTH.size))
    if size > MOST_BYTES:
        raise ValueError(f"a message of {size:,} bytes")
    try:
        kind, fields = orjson.loads(read(size))
        if kind == "Page":
            fields["headings"] = tuple(Heading(**heading) for heading in fields["headings"])
        if kind == "Order":
            fields["limits"] = Limits(**fields["limits"])
        if kind == "Found":
            return _FOUND.validate_python(fields)
        return _KINDS[kind](**fields)
    except (TypeError, KeyError, ValidationError) as error:
        raise ValueError(f"no message: {error}") from error
