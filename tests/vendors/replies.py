"""What a simulated vendor sends back: the bytes, and a good answer before it takes a vendor's form."""

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Reply:
    """What to send back.

    Attributes:
        hang: Never answer.
        drip: Send a byte at a time.
        cut: Send half of the body, then close.
        reset: Close at once.
        chunks: Sent one by one instead of `body` (a stream).
    """

    status: int = 200
    body: bytes | dict[str, Any] = b""
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    drip: bool = False
    cut: bool = False
    reset: bool = False
    chunks: tuple[bytes, ...] = ()

    @property
    def payload(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Answer:
    """One completion before it takes a vendor's form; tokens as the vendor counts them."""

    model: str
    text: str
    thinking: str = ""
    prompt_tokens: int = 50
    completion_tokens: int = 200
    finish_reason: str = "stop"
