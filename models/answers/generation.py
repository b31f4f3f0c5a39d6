"""Answer with a single sample that was made on request."""

from pydantic import Field

from models.answers.base import StoredSample, Success


class GeneratedAnswer(Success):
    """Answer of `POST /api/generate`."""

    sample: StoredSample = Field(description="Stored only when save was asked for")
    tokens_used: int = Field(description="Tokens of all calls, failed and refused ones too")
    elapsed: float = Field(description="Seconds")
