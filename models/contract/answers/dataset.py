"""Answers about samples, and about the data set as a whole: import, export, publish, back up.

Numbers about it are in `models.contract.answers.statistics`.
"""

from typing import Annotated, Literal, NotRequired, TypeAlias, get_args

from pydantic import Field, JsonValue

from models.contract.answers.base import Answer, Failure, StoredSample, Success
from models.contract.answers.batches import HistoryRow

SearchField: TypeAlias = Literal["question", "answer", "topic", "case_citation", "reasoning"]
FilterName: TypeAlias = Literal[
    "topic", "difficulty", "jurisdiction", "sample_type", "provider", "model", "batch_id", "grounding"
]
FILTERS: tuple[FilterName, ...] = get_args(FilterName)


class SampleAnswer(Success):
    """Answer of `GET /api/sample/<id>`."""

    sample: StoredSample


class AddedAnswer(Success):
    """Answer of `POST /api/add`."""

    sample: StoredSample
    total_samples: Annotated[int, Field(description="Samples in the data set, including this one")]


class UpdatedAnswer(Success):
    """Answer of `PUT /api/sample/<id>`."""

    message: str
    sample: Annotated[StoredSample, Field(description="The sample as it is now")]
    total_samples: Annotated[int, Field(description="Samples in the data set")]


class DeletedAnswer(Success):
    """Answer of `DELETE /api/sample/<id>`."""

    message: str
    total_samples: Annotated[int, Field(description="Samples that are left")]


class BulkDone(Answer):
    """Result of a change of many samples."""

    matched: Annotated[int, Field(description="Samples that the filter finds")]
    changed: Annotated[int, Field(description="Samples that were changed, or would be")]
    ids: Annotated[list[str], Field(description="The first thousand of them")]
    dry_run: Annotated[bool, Field(description="True when nothing was changed")]
    undo: Annotated[str | None, Field(description="Undoes it; null when nothing was changed")]
    total_samples: Annotated[int, Field(description="Samples in the data set now")]


class BulkAnswer(Success, BulkDone):
    """Answer of `POST /api/samples/bulk`."""

    message: str


class Undone(Answer):
    """Result of an undo."""

    restored: int
    left: Annotated[list[str], Field(description="The first thousand that were changed since, and stay so")]
    total_samples: Annotated[int, Field(description="Samples in the data set now")]


class UndoneAnswer(Success, Undone):
    """Answer of `POST /api/samples/bulk/undo`."""


class Bulk(Answer):
    """A change of many samples."""

    undo: str
    at: str
    change: Annotated[dict[str, JsonValue], Field(description="What was asked: filter, set, delete")]
    samples: int
    undone_at: str | None


class BulksAnswer(Success):
    """Answer of `GET /api/samples/bulk`."""

    changes: Annotated[list[Bulk], Field(description="The last ten, newest first")]


class RandomAnswer(Success):
    """Answer of `GET /api/samples/random`."""

    samples: list[StoredSample]
    count: Annotated[int, Field(description="Samples in this answer")]


class FilteredAnswer(Success):
    """Answer of `GET /api/samples/filter`."""

    samples: list[StoredSample]
    count: Annotated[int, Field(description="Samples in this answer")]
    total: Annotated[int, Field(description="Samples that match the filters")]
    filters: Annotated[dict[FilterName, str], Field(description="The filters that were applied")]
    next_cursor: Annotated[
        str | None, Field(description="Send it as cursor to get the next page; null on the last one")
    ]


class Found(Answer):
    """What a search finds."""

    results: list[StoredSample]
    count: Annotated[int, Field(description="Samples in this answer")]
    query: Annotated[str, Field(description="The words as they were sent")]
    field: Annotated[
        Literal["all"] | SearchField, Field(description="all means question, answer, topic and case_citation")
    ]
    snippets: NotRequired[
        Annotated[
            dict[str, dict[SearchField, str]],
            Field(
                description="By sample id and field, the part with the first hits as HTML with <mark>; absent unless"
                " snippets=true"
            ),
        ]
    ]


class SearchAnswer(Success, Found):
    """Answer of `GET /api/search`."""


class BatchSamplesAnswer(Success):
    """Answer of `GET /api/batch/<id>/samples`."""

    batch_id: str
    samples: list[StoredSample]
    count: int
    batch_info: Annotated[HistoryRow | None, Field(description="The batch's row of the history; null when it has none")]


class BatchMeans(Answer):
    """Sizes of the samples of a batch."""

    total_samples: int
    total_tokens: Annotated[int, Field(description="Tokens of all texts and topics")]
    avg_tokens_per_sample: float
    avg_answer_length: Annotated[float, Field(description="Characters")]
    avg_reasoning_length: Annotated[float, Field(description="Characters")]
    avg_citation_length: Annotated[float, Field(description="Characters")]


class BatchDistributions(Answer):
    """Samples of a batch by value."""

    difficulty: dict[str, int]
    topics: dict[str, int]
    sample_types: dict[str, int]
    jurisdictions: dict[str, int]


class BatchRating(Answer):
    """How good a batch looks by the mean lengths of its texts."""

    issues: Annotated[list[str], Field(description="One sentence for each mean length that is too short")]
    rating: Literal["Good", "Needs Review"]


class BatchQuality(Answer):
    """What the samples of a batch are like."""

    metrics: BatchMeans
    distributions: BatchDistributions
    quality_score: BatchRating


class BatchQualityAnswer(Success, BatchQuality):
    """Answer of `GET /api/batch/<id>/quality`."""

    batch_id: str


class Imported(Answer):
    """Result of an import."""

    added: Annotated[int, Field(description="Samples that are new")]
    replaced: Annotated[int, Field(description="Samples whose id existed, with on_duplicate=replace")]
    skipped: Annotated[
        int, Field(description="Samples whose id existed or appeared twice in the file, with on_duplicate=skip")
    ]
    checked: Annotated[int, Field(description="Samples read")]
    dry_run: Annotated[bool, Field(description="True when nothing was stored")]
    notes: Annotated[list[str], Field(description="What was changed on import")]
    mapping: Annotated[dict[str, str], Field(description="The column of the file that each field was read from")]
    total_samples: Annotated[int, Field(description="Samples in the data set now")]


class ImportedAnswer(Success, Imported):
    """Answer of `POST /api/import` and `POST /api/import/jsonl`."""

    message: str


class ImportProblem(Answer):
    """A line of a file that cannot be taken."""

    place: Annotated[str, Field(description='Such as "Line 3"')]
    error: str


class ImportFailure(Failure):
    """Answer of the imports with status 400 when lines are wrong; nothing was stored."""

    problems: Annotated[list[ImportProblem], Field(description="The first hundred")]
    problem_count: Annotated[int, Field(description="All of them")]


class RecipeRow(Answer):
    """How one trainer takes a format; the whole table is docs/trainers.md."""

    trainer: Annotated[str, Field(description="With the version that it was run with")]
    taken: Annotated[
        bool, Field(description="False where the trainer cannot take the format; the note says what to use")
    ]
    language: Annotated[str, Field(description="Of the mapping: python, json, yaml or shell")]
    mapping: Annotated[str, Field(description="What to set; FILE stands for the path of the file; empty for nothing")]
    note: str


class ExportFormatRow(Answer):
    """A format that can be exported."""

    id: str
    extension: Annotated[str, Field(description="Of the file, without a dot")]
    description: str
    chat: Annotated[bool, Field(description="True when the rows are conversations: system_prompt and reasoning apply")]
    recipes: list[RecipeRow]


class ExportFormatsAnswer(Success):
    """Answer of `GET /api/export/formats`."""

    formats: list[ExportFormatRow]


class PushedAnswer(Success):
    """Answer of `POST /api/huggingface/push`."""

    message: str
    repo_url: str
    revision: NotRequired[Annotated[str, Field(description="What was written, where another than main was asked for")]]
    pull_request_url: NotRequired[
        Annotated[str, Field(description="Address of the pull request, where one was opened")]
    ]


FileTrouble: TypeAlias = Literal["original kept", "set aside", "written back", "lost"]


class FileTakenIn(Answer):
    """A note that a foreign train.parquet was taken in."""

    at: Annotated[str, Field(description="ISO 8601")]
    event: Literal["taken in"]
    message: str
    rows: Annotated[int, Field(description="Samples in the file")]
    columns: Annotated[int, Field(description="Columns in the file")]
    changes: Annotated[list[str], Field(description="What was changed while reading it, one sentence each")]


class FileNoted(Answer):
    """A note on what else happened to train.parquet."""

    at: Annotated[str, Field(description="ISO 8601")]
    event: FileTrouble
    message: str


FileNote: TypeAlias = FileTakenIn | FileNoted


class DatasetReport(Answer):
    """The state of train.parquet, and notes about it."""

    samples: Annotated[int, Field(description="Samples in the data set")]
    in_file: Annotated[int, Field(description="Samples in train.parquet")]
    waiting_changes: Annotated[int, Field(description="Changes that are in the journal and not in train.parquet yet")]
    file: Annotated[str | None, Field(description="Path of train.parquet; null before it was written")]
    file_size_bytes: int
    columns: Annotated[dict[str, str], Field(description="Polars type of each column")]
    events: Annotated[
        list[Annotated[FileNote, Field(discriminator="event")]],
        Field(description="Notes about the file, newest first, at most twenty"),
    ]


class DatasetReportAnswer(Success, DatasetReport):
    """Answer of `GET /api/dataset/report`."""


class FoldedAnswer(Success):
    """Answer of `POST /api/dataset/fold`."""

    folded: Annotated[int, Field(description="Changes that went from the journal into train.parquet")]


class Backup(Answer):
    """A backup that was just made."""

    name: str
    sequence: Annotated[int, Field(description="Counts up, independent of the clock: the highest is the newest")]
    created_at: Annotated[str, Field(description="ISO 8601")]
    samples: int
    size_bytes: int
    file: Annotated[str, Field(description="Name of the version of train.parquet that is in it, from its footer")]


class Manifest(Answer):
    """Metadata of a backup, or of the copy made before a restore."""

    name: str
    sequence: NotRequired[
        Annotated[
            int | None,
            Field(
                description="Counts up, independent of the clock; null in copies made for a restore and in old backups"
            ),
        ]
    ]
    created_at: Annotated[str, Field(description="ISO 8601")]
    file: NotRequired[Annotated[str | None, Field(description="Name of the version of train.parquet that is in it")]]
    samples: Annotated[int | None, Field(description="Null for a copy made before a restore")]
    size_bytes: Annotated[int | None, Field(description="Null for a copy made before a restore")]


class KeptBackup(Manifest):
    """A backup, or the copy made before a restore, whose samples and size are not known."""

    impossible_date: Annotated[
        bool, Field(description="Whether created_at lies in the future: the clock was wrong when it was made")
    ]


class BackedUpAnswer(Success):
    """Answer of `POST /api/dataset/backup`."""

    backup: Backup


class BackupsAnswer(Success):
    """Answer of `GET /api/dataset/backups`."""

    backups: Annotated[list[KeptBackup], Field(description="Newest first")]


# `GET /api/data` is a bare array, streamed; the headers X-Total-Count and, while a limit leaves more, X-Next-Cursor.
DataItem: TypeAlias = StoredSample

# Files, so no models:
# `GET /api/sample/<id>/download`: one StoredSample, indented JSON.
# `POST /api/samples/download`: one StoredSample a line (application/x-ndjson).
# `GET /api/export`: JSON Lines, a JSON array, CSV, Parquet or conversations; with format=preferences a line is
# {prompt, chosen, rejected, reason, source, sample_id}, all text, source being review or check.
