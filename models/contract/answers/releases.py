"""Answers about releases: what a frozen part of the data set holds, and how two of them differ."""

from typing import Annotated, Literal

from pydantic import Field

from models.contract.answers.base import Answer, Success

Counts = dict[str, int]


class ReleaseRecipe(Answer):
    """How a release was chosen; with the same data set it makes the same rows."""

    filters: dict[str, str]
    grounding: Annotated[str, Field(description="any, partly or grounded: as an export's")]
    include: Annotated[str, Field(description="fit, accepted, unlicensed or all: as an export's")]
    splits: Annotated[str, Field(description='Shares of the splits, as "0.9,0.05,0.05"; "" for one, named train')]
    seed: Annotated[int, Field(description="Of the splits")]
    thinking: Annotated[bool, Field(description="Whether the models' own thoughts are kept")]


class ReleaseSplit(Answer):
    """One split of a release."""

    samples: int
    memory_bytes: Annotated[int, Field(description="Size of its rows in memory, as Polars holds them")]
    content_hash: Annotated[str, Field(description="SHA-256 over the sorted hashes of its rows")]


class ReleaseFile(Answer):
    """A file of a release."""

    path: str
    size_bytes: int
    sha256: str
    split: Annotated[str, Field(description='Whose rows it holds; "" for files beside the data')]
    samples: int


class ReleaseYank(Answer):
    """That a release should not be used any more."""

    at: str
    reason: str
    is_erased: Annotated[bool, Field(description="Whether its files were removed too, for good")]


class Release(Answer):
    """A release as lists show it."""

    id: str
    name: str
    version: str
    description: str
    created_at: str
    samples: int
    splits: dict[str, ReleaseSplit]
    content_hash: Annotated[
        str, Field(description="SHA-256 over the sorted hashes of all rows; the same wherever the rows are the same")
    ]
    size_bytes: Annotated[int, Field(description="Of all its files")]
    licence: Annotated[dict[str, str], Field(description="license, license_name, license_link, as the Hub names them")]
    origin: Annotated[str, Field(description='Where it was pulled from, as "owner/name@v1.0.0"; "" for made here')]
    yanked: ReleaseYank | None


class ReleaseModel(Answer):
    """What a model wrote of a release."""

    provider: str | None
    model: str | None
    samples: int
    tokens: Annotated[int, Field(description="Of the calls that answered; those of refused drafts are not in it")]


class ReleaseSource(Answer):
    """A document that samples of a release stand on."""

    title: str
    version: str
    licence: str
    url: str
    samples: int


class ReleaseBatch(Answer):
    """A batch that made samples of a release."""

    batch_id: str
    samples: int
    seed: Annotated[int | None, Field(description="Of its plan; null where the batch is not known here")]
    cost_usd: Annotated[
        float | None, Field(description="What the whole batch cost, refused drafts with it; null where not known")
    ]


class ReleasePrompts(Answer):
    """The prompts that asked for the samples of a release."""

    count: Annotated[int, Field(description="Different ones; each row names its own in `prompt_hash`")]
    sha256: Annotated[str, Field(description="Over their sorted hashes")]
    without: Annotated[int, Field(description="Samples that name none: added by hand or imported")]


class ReleaseQuality(Answer):
    """What is known of the quality of the rows, from the checks that each passed when it came in."""

    mean_score: float | None
    scored: Annotated[int, Field(description="Samples that have a score")]
    mean_judge_score: float | None
    judged: Annotated[int, Field(description="Samples that another model judged")]
    citations: Annotated[Counts, Field(description="By worst verdict: verified, unverified, invalid, none, unchecked")]
    grounding: Annotated[Counts, Field(description="Samples by grounding: grounded, partly, none, unknown")]
    reviews: Annotated[Counts, Field(description="Samples by review: accepted, rejected, withheld, never")]
    left_out: Annotated[Counts, Field(description="Samples that the filters match and that were left out, by reason")]


class ReleaseFacts(Release):
    """A release with all that is known of it: its manifest."""

    service_version: str
    data_version: Annotated[str, Field(description="State of the data set that it was made of")]
    hashed: Annotated[list[str], Field(description="Columns that a row's hash is over, in order")]
    recipe: ReleaseRecipe
    files: list[ReleaseFile]
    columns: Annotated[dict[str, str], Field(description="Arrow type of each column of the data files")]
    counts: Annotated[dict[str, Counts], Field(description="Samples by value of each column, most frequent first")]
    characters: Annotated[dict[str, float], Field(description="Mean length of the texts")]
    quality: ReleaseQuality
    models: list[ReleaseModel]
    sources: list[ReleaseSource]
    batch_count: Annotated[int, Field(description="Batches that made samples of it")]
    batches: Annotated[list[ReleaseBatch], Field(description="At most 200, those of most samples")]
    prompts: ReleasePrompts


class ReleaseAnswer(Success):
    """Answer of `GET /api/releases/<id>` and of what changes it."""

    release: ReleaseFacts


class ReleasesAnswer(Success):
    """Answer of `GET /api/releases`."""

    releases: list[Release]
    count: int


class ReleaseStartedAnswer(Success):
    """Answer of what works on a release behind the request."""

    run_id: Annotated[str, Field(description="Follow it at /api/runs/{run_id}/events, cancel it at …/cancel")]


class ChangedRow(Answer):
    """A row that both releases have, and not alike."""

    id: str
    fields: Annotated[list[str], Field(description="Columns that differ, `split` where it moved")]


class ReleaseSide(Answer):
    """One side of a comparison."""

    id: Annotated[str, Field(description='Id of a release; "now" for what its recipe makes of the data set now')]
    samples: int
    content_hash: str
    measures: Annotated[
        dict[str, float | None], Field(description="Figures that both sides have; null where one is not known")
    ]


class ReleaseDiff(Answer):
    """How two releases differ, by row and by measure."""

    before: ReleaseSide
    after: ReleaseSide
    added: int
    removed: int
    changed: int
    moved: Annotated[int, Field(description="Rows that are alike and stand in another split")]
    same: int
    added_ids: Annotated[list[str], Field(description="The first of them, by id")]
    removed_ids: list[str]
    changed_rows: list[ChangedRow]
    measures: Annotated[dict[str, float], Field(description="After less before, of each measure that differs")]


class ReleaseDiffAnswer(Success):
    """Answer of `GET /api/releases/<id>/diff`."""

    diff: ReleaseDiff


FaultKind = Literal["missing_file", "changed_file", "changed_row", "added_row", "missing_row", "unreadable", "manifest"]


class ReleaseFault(Answer):
    """What is not as it was released."""

    kind: FaultKind
    what: Annotated[str, Field(description="Path of the file, or id of the row")]
    detail: str


class ReleaseCheck(Answer):
    """Whether files are those of a release."""

    is_intact: bool
    content_hash: Annotated[str, Field(description='Of the rows that are there; "" where they cannot be read')]
    samples: int
    faults: Annotated[list[ReleaseFault], Field(description="The first hundred")]


class ReleaseCheckAnswer(Success):
    """Answer of `POST /api/releases/<id>/verify`."""

    check: ReleaseCheck
