"""What all answers have in common: their strictness, the success flag, the failure, and the stored sample.

Every key that a model names is always sent, unless its description says when it is absent.
"""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict


class Answer(TypedDict):
    """Base of every object in an answer. The OpenAPI document is made of these and allows no other keys."""


class Success(Answer):
    """Base of the answers that carry `"success": true`."""

    success: Literal[True]


class Failure(Answer):
    """Answer of every endpoint with a status of 400 or above."""

    success: Literal[False]
    error: Annotated[
        str, Field(description="One sentence for people: what was received, what is wanted, what to do; no secrets")
    ]
    type: Annotated[str, Field(description="Name of the error's class, such as InputError or NotFoundError")]
    code: Annotated[str, Field(description="Stable code for programs, such as input_error, not_found or rate_limit")]
    retryable: Annotated[bool, Field(description="Whether the same call may work later")]
    category: Annotated[
        str | None,
        Field(
            description="What is wrong with the call of a model, such as rate_limit, authentication or"
            " connection_error; null for errors of other kinds"
        ),
    ]
    request_id: Annotated[str, Field(description="Finds the request in the log; also sent as header X-Request-ID")]
    file_id: NotRequired[Annotated[str, Field(description="Absent unless a document is here already: its id")]]


class StoredSample(Answer):
    """A stored sample: all columns of the service, and any other columns of the data set."""

    # Lists and objects come from columns of a foreign Parquet file; bytes are sent as base64,
    # durations as seconds, decimals as text, NaN as null.

    id: str
    question: str
    answer: str
    topic: Annotated[str, Field(description='"<Practice Area> - <Subtopic>"')]
    difficulty: Annotated[
        str,
        Field(
            description="foundational, basic, intermediate, advanced or expert; a foreign Parquet file may"
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
        Field(description='Every target tried, in order, as a JSON array of "provider/model: outcome", as text'),
    ]
    citation_verdict: Annotated[
        str | None,
        Field(
            description="Worst verdict on its citations: verified, unverified or invalid; null when nothing is cited or"
            " before they were checked; a foreign Parquet file may hold any other text"
        ),
    ]
    citations: Annotated[str | None, Field(description="Its citations with their verdicts, a JSON array as text")]
    quality_score: Annotated[float | None, Field(description="0 to 1")]
    quality_issues: Annotated[
        str | None, Field(description="What the checks found at fault, a JSON array of sentences as text")
    ]
    judge_score: Annotated[float | None, Field(description="Score by the judge, another model; 0 to 1")]
    judgement: Annotated[
        str | None,
        Field(
            description="The judge, each point with its reason, and its verdicts on claims of the law, a JSON object as"
            " text"
        ),
    ]
    review: Annotated[
        str | None,
        Field(
            description="accepted or rejected by a reviewer; null before; a foreign Parquet file may hold any"
            " other text"
        ),
    ]
    grounding: Annotated[
        str | None,
        Field(
            description="How well it stands on documents that were here when it was made: grounded, partly (something"
            " in doubt, or law beside it) or none; null before that was looked at; a foreign Parquet file may hold any"
            " other text"
        ),
    ]
    sources: Annotated[
        str | None,
        Field(
            description="The provisions that it stands on, a JSON array as text: file_id, unit_id, citation, title,"
            " number, version, licence, url, quotes, and spans (places of the quotes in the document's text);"
            " no quotes and spans once answer or reasoning were changed"
        ),
    ]
    thinking_source: Annotated[
        str | None,
        Field(
            description="Whose thinking it is, a JSON object as text: provider, model, reasoning_tokens (null where the"
            " vendor does not count them), duration_ms (null where it was not streamed)"
        ),
    ]
