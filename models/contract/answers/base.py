"""What all answers have in common: their strictness, the success flag, the failure, and the stored sample.

Every key that a model names is always sent, unless its description says when it is absent.
"""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict


class Answer(TypedDict):
    """Base of every object in an answer. The OpenAPI document is made of these, and says: no key but those named."""


class Success(Answer):
    """Base of the answers that carry `"success": true`."""

    success: Literal[True]


class Failure(Answer):
    """Answer of every endpoint with a status of 400 or above."""

    success: Literal[False]
    error: Annotated[
        str, Field(description="One sentence for people: what was got, what is wanted, what to do; no secret")
    ]
    type: Annotated[str, Field(description="Name of the error's class, such as InputError or NotFoundError")]
    code: Annotated[str, Field(description="What programs go by; stable, such as input_error, not_found or rate_limit")]
    retryable: Annotated[bool, Field(description="Whether the same call may work later")]
    category: Annotated[
        str | None,
        Field(
            description="What is wrong with the call of a model, such as rate_limit, authentication or"
            " connection_error; null for errors of other kinds"
        ),
    ]
    request_id: Annotated[str, Field(description="Finds the request in the log; also sent as header X-Request-ID")]


class StoredSample(Answer):
    """A sample as it is stored: all of our columns, and whatever other columns the data set holds."""

    # Lists and objects come from columns of a Parquet file that others wrote; bytes come as base64,
    # spans of time as seconds, decimals as text, what is not a number (NaN) as null.

    id: str
    question: str
    answer: str
    topic: Annotated[str, Field(description='"<Practice Area> - <Subtopic>"')]
    difficulty: Annotated[
        str,
        Field(
            description="foundational, basic, intermediate, advanced or expert; a Parquet file that others wrote may"
            " hold any other text"
        ),
    ]
    case_citation: str
    reasoning: str
    jurisdiction: Annotated[
        str, Field(description="uk, us, eu or international; a caller or a file may have given another text")
    ]
    sample_type: Annotated[
        str, Field(description="Id of a sample type; a caller or a file may have given another text")
    ]
    batch_id: Annotated[str | None, Field(description="The batch that made it")]
    provider: Annotated[str | None, Field(description="Id of the provider whose model wrote it")]
    model: Annotated[str | None, Field(description="Id of the model that wrote it")]
    created_at: Annotated[str | None, Field(description="When it was made, ISO 8601")]
    updated_at: Annotated[str | None, Field(description="When it was last changed, ISO 8601")]
    tokens_used: Annotated[int | None, Field(description="Tokens of the call that answered, prompt plus completion")]
    prompt_hash: Annotated[str | None, Field(description="SHA-256 of the prompt")]
    thinking: Annotated[str | None, Field(description="What the model thought before it answered")]
    failover_chain: Annotated[
        str | None,
        Field(description='Every target tried, in order, as a JSON array of "provider/model: outcome", in text'),
    ]
    citation_verdict: Annotated[
        str | None,
        Field(
            description="Worst verdict on its citations: verified, unverified or invalid; null when nothing is cited or"
            " nobody has checked; a Parquet file that others wrote may hold any other text"
        ),
    ]
    citations: Annotated[str | None, Field(description="Its citations with their verdicts, a JSON array in text")]
    quality_score: Annotated[float | None, Field(description="0 to 1")]
    quality_issues: Annotated[
        str | None, Field(description="What the checks found wanting, a JSON array of sentences in text")
    ]
    judge_score: Annotated[float | None, Field(description="What another model gave it, 0 to 1")]
    judgement: Annotated[
        str | None, Field(description="Who judged and each point with its reason, a JSON object in text")
    ]
    review: Annotated[
        str | None,
        Field(
            description="accepted or rejected by a reviewer; null before; a Parquet file that others wrote may hold any"
            " other text"
        ),
    ]
