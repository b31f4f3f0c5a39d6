"""Looks at what is attached: pictures go to a model that sees, where one may be asked; all else is read.

What was read, by its text or by recognising it, is shown to the writer as data.
"""

import base64
import binascii
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from models.contract.query_bodies import Attachment
from services.assistant.agents.talk import Talk
from services.assistant.pictures import picture_of
from services.llm_service import LLMService
from utils.cancellation import CancelToken
from utils.errors import InputError

if TYPE_CHECKING:
    from services.grounding.extraction.reading import Reading

# Characters of one attachment that a model is shown.
_LONGEST = 12_000


class Vision:
    """Reads pages and photographs, each in a process of its own that is bounded."""

    def __init__(self, read: "Callable[[Path, str, CancelToken], Reading]", llm: LLMService) -> None:
        self._read = read
        self._llm = llm

    def act(self, talk: Talk) -> None:
        """Read every attachment that was sent along; documents that are here are searched as such."""
        for number, attachment in enumerate(talk.wanted.attachments, 1):
            name = attachment.name or f"attachment {number}"
            if attachment.file_id:
                talk.attachments.append({"name": name, "read_by": "document", "characters": 0, "confidence": None})
            else:
                self._take(talk, name, attachment)

    def _take(self, talk: Talk, name: str, attachment: Attachment) -> None:
        data = _decoded(attachment.data, name)
        picture = picture_of(data, name)
        if picture is not None and self._is_seen(talk):
            talk.pictures.append(picture)
            talk.attachments.append({"name": name, "read_by": "model", "characters": 0, "confidence": None})
            return
        with tempfile.TemporaryDirectory(prefix="attachment-") as folder:
            path = Path(folder) / "file"
            path.write_bytes(data)
            with self._read(path, name, talk.cancel) as reading:
                pages = list(reading)
        text = "\n\n".join(page.text for page in pages).strip()
        sure = [page.confidence for page in pages if page.confidence is not None]
        talk.read.append((name, text[:_LONGEST]))
        talk.attachments.append(
            {
                "name": name,
                "read_by": "ocr" if sure else "text",
                "characters": len(text),
                "confidence": round(min(sure), 3) if sure else None,
            }
        )
        if len(text) > _LONGEST:
            talk.warnings.append(f"{name}: has {len(text)} characters, of which {_LONGEST} were shown to the model")

    def _is_seen(self, talk: Talk) -> bool:
        """Tell whether a model that sees may be asked; what it says of a picture is in no document."""
        return talk.wanted.answer_mode == "open" and bool(self._llm.targets(replace(talk.preference, sees=True)))


def _decoded(data: str, name: str) -> bytes:
    text = data.partition(",")[2] if data.startswith("data:") else data
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InputError(f"attachments: {name!r} is no base64; send the file's bytes as base64, or a file_id") from None
