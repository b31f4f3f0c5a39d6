"""Answer with a single sample that was made on request."""

from typing import Annotated

from pydantic import Field

from models.contract.answers.base import StoredSample, Success


class GeneratedAnswer(Success):
    """Answer of `POST /api/generate`."""

    sample: Annotated[StoredSample, Field(description="Stored only when save was asked for")]
    tokens_used: Annotated[int, Field(description="Tokens of all calls, including failed and refused ones")]
    elapsed: Annotated[float, Field(description="Seconds")]
    waited: Annotated[
        dict[str, float],
        Field(description="Seconds of it that were waited, by what for: limit, closed, concurrency, budget"),
    ]
