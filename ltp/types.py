"""What the API takes and answers, as types. Written by `tests/ltp/write_client.py`: change nothing here."""

from __future__ import annotations

from typing import Literal, NotRequired, TypeAlias, TypedDict


class AddedAnswer(TypedDict):
    """Answer of `POST /api/add`."""

    success: Literal[True]
    sample: StoredSample
    # Samples in the data set, including this one
    total_samples: int


class AgentEdge(TypedDict):
    """Who may follow whom; the first whose condition holds is taken."""

    source: str
    target: str
    when: str


class AgentFailure(TypedDict):
    """What an agent could not do."""

    agent: str
    error: str
    code: str


class AgentRow(TypedDict):
    """An agent."""

    name: str
    purpose: str
    needs_model: bool


class AgentsAnswer(TypedDict):
    """Answer of `GET /api/agents/graph`."""

    success: Literal[True]
    nodes: list[AgentRow]
    edges: list[AgentEdge]
    start: str
    max_steps: int


class Alert(TypedDict):
    """A limit of the settings ALERT_… that a batch has passed; each kind is raised once."""

    kind: Literal["model_switches", "timeouts", "rejection_rate"]
    message: str
    value: float
    limit: float
    # ISO 8601
    timestamp: str


class AlertRaised(TypedDict):
    """The batch passed a limit of the settings ALERT_…."""

    # Also the id of the stream's message; give it back as after or Last-Event-ID
    id: int
    # ISO 8601
    at: str
    type: Literal["alert"]
    detail: Alert


class AllBatchesMessage(TypedDict):
    """First message of `GET /api/generate/batch/stream`."""

    type: Literal["all_batches"]
    # By id, newest first
    batches: dict[str, Batch]


class AllModelsAnswer(TypedDict):
    """Answer of `GET /api/models/all`."""

    success: Literal[True]
    models: list[ModelView]
    count: int


class AllProvidersAnswer(TypedDict):
    """Answer of `GET /api/providers/all`; without models when they were not asked for."""

    success: Literal[True]
    providers: list[ProviderView | ProviderSummary]


class AnswerRefused(TypedDict):
    """An answer was read and refused."""

    # Also the id of the stream's message; give it back as after or Last-Event-ID
    id: int
    # ISO 8601
    at: str
    type: Literal["refusal"]
    detail: FailureDetail


class AnswerThought(TypedDict):
    """What a model thought, where it shows that."""

    steps: list[ThoughtStep]
    # Null where the answer was not streamed
    total_thinking_time_ms: int | None
    # Null where the vendor does not count them
    reasoning_tokens: int | None
    # provider: the trace that the vendor sent; answer: steps of the answer
    source: str


class Attachment(TypedDict):
    """A page or photograph: sent along, or a document that is here."""

    name: NotRequired[str]
    # The file, as base64
    data: NotRequired[str]
    # Or a document that was uploaded
    file_id: NotRequired[str]


class AttachmentRead(TypedDict):
    """What was read of an attachment."""

    name: str
    # text, ocr, document, or model: shown to one that sees
    read_by: str
    characters: int
    confidence: float | None


class AuditEventInfo(TypedDict):
    """An entry of the audit trail."""

    id: int
    # The client's own id of it
    event_id: str | None
    # A label, not an access control: the token's name, `local`, or what was sent
    user_id: str
    session_id: str | None
    type: Literal[
        "prompt",
        "model_response",
        "feedback",
        "sample_accepted",
        "sample_rejected",
        "sample_edited",
        "citation_opened",
        "file_uploaded",
        "release_exported",
    ]
    at: str
    # Empty once its session was deleted, as is detail
    text: str
    sample_id: str | None
    detail: dict[str, object]


class AxisEntropy(TypedDict):
    """Evenness of each axis: entropy divided by that of an even distribution, 0 to 1; null without samples."""

    topic: float | None
    difficulty: float | None
    sample_type: float | None


class AxisValues(TypedDict):
    """Values of the catalogue that no sample has."""

    topic: list[str]
    difficulty: list[str]
    sample_type: list[str]


class BackedUpAnswer(TypedDict):
    """Answer of `POST /api/dataset/backup`."""

    success: Literal[True]
    backup: Backup


class Backup(TypedDict):
    """A backup that was just made."""

    name: str
    # Counts up, independent of the clock: the highest is the newest
    sequence: int
    # ISO 8601
    created_at: str
    samples: int
    size_bytes: int
    # Name of the version of train.parquet that is in it, from its footer
    file: str


class BackupsAnswer(TypedDict):
    """Answer of `GET /api/dataset/backups`."""

    success: Literal[True]
    # Newest first
    backups: list[KeptBackup]


class Balance(TypedDict):
    """Samples by topic, difficulty and type."""

    topic: dict[str, int]
    difficulty: dict[str, int]
    sample_type: dict[str, int]
    entropy: AxisEntropy
    # Combinations of topic, difficulty and type that occur
    cells: int
    empty: AxisValues
    # The ten combinations with fewest samples
    thinnest: list[ThinCell]


class Batch(TypedDict):
    """A batch as it is now, for `GET /api/generate/batch/status?batch_id=…` and wherever a batch is shown."""

    batch_id: str
    # True while pending, running or stopping; false while paused
    running: bool
    status: Literal["pending", "running", "paused", "stopping", "completed", "stopped", "failed"]
    # Samples made, 0 to total
    progress: int
    # Samples wanted
    total: int
    # The same as progress
    samples_generated: int
    # "Area - Topic" that is being written
    current_sample: str | None
    # Provider of the last answer; before that, the one asked for, or auto
    current_provider: str
    # Model of the last answer; before that, the one asked for, if any
    current_model: str | None
    # The last hundred, oldest first
    errors: list[BatchError]
    # ISO 8601
    started_at: str
    # ISO 8601; null until it has ended
    completed_at: str | None
    # Tokens used, including refused answers
    total_tokens: int
    # The last hundred within a provider, oldest first
    model_switches: list[Switch]
    # The last hundred between providers, oldest first
    provider_switches: list[Switch]
    # Models that could not be used
    failed_models_by_provider: dict[str, list[str]]
    # Samples refused since the last good one
    consecutive_failures: int
    # Topics with an open circuit, as "jurisdiction: Area - Topic"
    skipped_topics: list[str]
    circuit_breaker_summary: CircuitSummary
    topic_filter: str | None
    difficulty_filter: str | None
    # A sample type, or balance
    sample_type_filter: str
    jurisdiction_filter: str | None
    reasoning_instruction: str | None
    smart_mode: bool
    # The same as current_provider
    last_provider: str
    # The same as current_model
    last_model: str | None
    # Over the last samples; null before the third, or while it is not running
    samples_per_minute: float | None
    # Seconds until its end at that pace, no fewer than it waits now; null when not known
    eta_seconds: int | None
    # Calls made
    attempts: int
    # Samples given up
    rejected: int
    # US dollars; null when a price is not known
    cost_usd: float | None
    # Calls that were cut off, and may have been billed
    in_doubt: int
    # What all its workers wait for; null when they work
    waiting_for: Literal["limit", "closed", "concurrency", "budget", "topic", "storage"] | None
    # ISO 8601; null when not known
    waiting_until: str | None
    # Why it ended early
    reason: str | None
    # What its owner should look at, oldest first
    alerts: list[Alert]
    metrics: BatchMetrics


class BatchDistributions(TypedDict):
    """Samples of a batch by value."""

    difficulty: dict[str, int]
    topics: dict[str, int]
    sample_types: dict[str, int]
    jurisdictions: dict[str, int]


class BatchError(TypedDict):
    """A failure in a batch's list."""

    # A short sentence without secrets
    error: str
    # Null when no provider is at fault
    provider: str | None
    model: str | None
    # Number of the call for its sample, from 1; 0 when it concerns no call
    attempt: int
    # ISO 8601
    timestamp: str
    category: (
        Literal[
            "model_unavailable",
            "rate_limit",
            "authentication",
            "timeout",
            "connection_error",
            "server_error",
            "bad_request",
            "refused",
            "general",
            "json_error",
            "quality_error",
        ]
        | Literal["storage_error", "disk_full", "unreadable_file"]
    )
    # "Area - Topic"; null when it concerns no single sample
    topic: str | None


class BatchEventsAnswer(TypedDict):
    """Answer of `GET /api/batches/<id>/events`."""

    success: Literal[True]
    batch_id: str
    # Oldest first, at most a thousand
    events: list[
        Started
        | Paused
        | Resumed
        | Stopping
        | CallFailed
        | AnswerRefused
        | Switched
        | SampleStored
        | SampleGivenUp
        | AlertRaised
        | Ended
    ]
    # Events in this answer
    count: int


class BatchMeans(TypedDict):
    """Sizes of the samples of a batch."""

    total_samples: int
    # Tokens of all texts and topics
    total_tokens: int
    avg_tokens_per_sample: float
    # Characters
    avg_answer_length: float
    # Characters
    avg_reasoning_length: float
    # Characters
    avg_citation_length: float


class BatchMetrics(TypedDict):
    """Measurements of a batch."""

    # Null before the first sample
    tokens_per_sample: float | None
    # Seconds that it has run, without pauses
    elapsed_s: float


class BatchPlan(TypedDict):
    """What a start would make, cost and take."""

    # Samples wanted
    total: int
    counts: PlanCounts
    # The targets that would serve at once
    targets: list[PlanTarget]
    # Prompt plus completion
    expected_tokens: int
    # US dollars; null when a price is not known
    expected_cost_usd: float | None
    # At the pace of all targets together; null where one of them has no limits to estimate from
    expected_minutes: float | None
    limits: PlanLimits
    # Samples that the limits allow
    expected_samples: int
    # The limit that would end it first; null for none
    stopped_by: Literal["max_tokens_total", "max_cost_usd", "max_minutes"] | None


class BatchQualityAnswer(TypedDict):
    """Answer of `GET /api/batch/<id>/quality`."""

    success: Literal[True]
    metrics: BatchMeans
    distributions: BatchDistributions
    quality_score: BatchRating
    batch_id: str


class BatchRating(TypedDict):
    """How good a batch looks by the mean lengths of its texts."""

    # One sentence for each mean length that is too short
    issues: list[str]
    rating: Literal["Good", "Needs Review"]


class BatchReference(TypedDict):
    """Body of requests that may name a batch; an empty name is a mistake, not all of them."""

    batch_id: NotRequired[str | None]


class BatchReport(TypedDict):
    """Everything that is known about a batch."""

    batch_id: str
    status: Literal["pending", "running", "paused", "stopping", "completed", "stopped", "failed"]
    # Why it ended early
    reason: str | None
    # Samples wanted
    total: int
    samples_generated: int
    items: ItemCounts
    # Calls made, including those in doubt
    attempts: int
    # Calls that finished
    calls: int
    failed_calls: int
    # Calls answered with 429
    rate_limited: int
    # Calls that were cut off, and may have been billed; no other figure counts them but attempts
    in_doubt: int
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    # US dollars; null when a price is not known
    cost_usd: float | None
    # Tokens of models whose price is not known
    unpriced_tokens: int
    targets: list[TargetUsage]
    # Samples given up, by reason
    rejections: dict[str, int]
    model_switches: list[Switch]
    provider_switches: list[Switch]
    # Seconds that it has run, without pauses
    elapsed_s: float
    # Seconds that all workers together waited, by cause
    waited_s: dict[str, float]
    # By "provider/model"
    latency: dict[str, TargetLatency]


class BatchReportAnswer(TypedDict):
    """Answer of `GET /api/batches/<id>/report`."""

    success: Literal[True]
    report: BatchReport


class BatchRequest(TypedDict):
    """Body of `POST /api/generate/batch/start`."""

    target_count: NotRequired[int | None]
    count: NotRequired[int | None]
    provider: NotRequired[str | None]
    model: NotRequired[str | None]
    topic: NotRequired[str | None]
    difficulty: NotRequired[str | None]
    jurisdiction: NotRequired[str | None]
    sample_type: NotRequired[str | None]
    reasoning_instruction: NotRequired[str | None]
    # Stand on provisions of the documents that are here
    use_rag: NotRequired[bool]
    # Only of these documents; implies use_rag
    file_ids: NotRequired[list[str]]
    smart_mode: NotRequired[bool]
    # Make only the levels that the data set lacks most
    fill_gaps: NotRequired[bool]
    allow_failover: NotRequired[bool]
    providers: NotRequired[list[str]]
    models: NotRequired[list[str]]
    weights: NotRequired[dict[str, float]]
    mix: NotRequired[Mix | None]
    judge: NotRequired[JudgeRequest | None]
    max_cost_usd: NotRequired[float | None]
    max_tokens_total: NotRequired[int | None]
    max_minutes: NotRequired[float | None]
    seed: NotRequired[int]
    # What asked for it; kept with the batch
    origin: NotRequired[str | None]


class BatchSamplesAnswer(TypedDict):
    """Answer of `GET /api/batch/<id>/samples`."""

    success: Literal[True]
    batch_id: str
    samples: list[StoredSample]
    count: int
    # The batch's row of the history; null when it has none
    batch_info: HistoryRow | None


class BatchUpdateMessage(TypedDict):
    """Every further message of `GET /api/generate/batch/stream`."""

    type: Literal["batch_update"]
    batch_id: str
    batch: Batch


class BoardMeasures(TypedDict):
    """What models are measured by. Of drafts, costs and times those of batches that one model alone wrote."""

    # Share of its examined drafts that became samples
    accepted: Measured
    # Share of its examined drafts that were refused for an invalid citation; at least
    invented: Measured
    # Share of its samples that cite something of which every citation is verified
    verified: Measured
    # Share of its samples that cite something with an invalid citation
    invalid: Measured
    # Share of its samples that were to stand on documents which are grounded
    grounded: Measured
    # Share of its samples that people decided on which they accepted
    reviewed: Measured
    # Mean of quality_score, 0 to 1
    quality: Measured
    # Mean of judge_score, 0 to 1: another model's
    judge: Measured
    # US dollars of all its calls for each sample; null where a price is not known
    cost_usd: Measured
    # Tokens of all its calls for each sample, prompt plus completion
    tokens: Measured
    # Mean tokens of the call that became the sample
    answer_tokens: Measured
    # Median seconds of its calls, those that failed too; within 5 %
    seconds: Measured


class BoardRow(TypedDict):
    """One model on the user's own data."""

    # "provider/model"
    target: str
    provider: str
    model: str
    # Its samples that are here and match
    samples: int
    # Ended batches that it alone wrote, and that match
    batches: int
    # Who judged its samples, as "provider/model"
    judges: list[str]
    measures: BoardMeasures
    # Whether its interval and that of the first row do not overlap, by the measure sorted by; null for the first,
    #     where one has no interval, and for scores of different judges
    told_apart: bool | None


class Bulk(TypedDict):
    """A change of many samples."""

    undo: str
    at: str
    # What was asked: filter, set, delete
    change: dict[str, JsonValue]
    samples: int
    undone_at: str | None


class BulkAnswer(TypedDict):
    """Answer of `POST /api/samples/bulk`."""

    success: Literal[True]
    # Samples that the filter finds
    matched: int
    # Samples that were changed, or would be
    changed: int
    # The first thousand of them
    ids: list[str]
    # True when nothing was changed
    dry_run: bool
    # Undoes it; null when nothing was changed
    undo: str | None
    # Samples in the data set now
    total_samples: int
    message: str


class BulkBody(TypedDict):
    """Body of `POST /api/samples/bulk`: `set` or `delete`, one of them."""

    filter: BulkFilter
    set: NotRequired[dict[str, str | bool | int | float | None]]
    delete: NotRequired[bool]
    dry_run: NotRequired[bool]
    # How many must match; else nothing is changed
    expect: NotRequired[int | None]


class BulkFilter(TypedDict):
    """Which samples: all that is given must hold."""

    topic: NotRequired[str | None]
    difficulty: NotRequired[str | None]
    jurisdiction: NotRequired[str | None]
    sample_type: NotRequired[str | None]
    provider: NotRequired[str | None]
    model: NotRequired[str | None]
    batch_id: NotRequired[str | None]
    grounding: NotRequired[str | None]
    # Words, as in a search
    q: NotRequired[str | None]
    field: NotRequired[str]
    ids: NotRequired[list[str] | None]
    # Every sample, when nothing else is given
    all: NotRequired[bool]


class BulksAnswer(TypedDict):
    """Answer of `GET /api/samples/bulk`."""

    success: Literal[True]
    # The last ten, newest first
    changes: list[Bulk]


class CallFailed(TypedDict):
    """A call gave no answer."""

    # Also the id of the stream's message; give it back as after or Last-Event-ID
    id: int
    # ISO 8601
    at: str
    type: Literal["failure"]
    detail: FailureDetail


class ChainOfThought(TypedDict):
    """The sample's own reasoning, which is a part of the data set."""

    steps: list[ReasoningStep]
    # How long the provider's trace was streamed; null where it was not
    total_thinking_time_ms: int | None
    # As the vendor counted those of its trace; null where it does not
    reasoning_tokens: int | None
    # Whose the steps are
    source: Literal["sample"]
    # Authorities of the answer and the citation that no step names, in usual form
    uncovered: list[str]


class ChangeDetail(TypedDict):
    """What was changed."""

    provider: str
    # Names of a provider's fields; absent for others
    fields: NotRequired[list[str]]
    # Ids of models; absent for others
    models: NotRequired[list[str]]


class ChangeEvent(TypedDict):
    """A change of providers or models."""

    id: int
    # ISO 8601
    at: str
    type: str
    detail: ChangeDetail


class ChangedAnswer(TypedDict):
    """Answer of `POST /api/generate/batch/pause` and `POST /api/generate/batch/resume`."""

    success: Literal[True]
    message: str
    batch_id: str
    batch: Batch


class ChangedRow(TypedDict):
    """A row that both releases have, and not alike."""

    id: str
    # Columns that differ, `split` where it moved
    fields: list[str]


class ChatAnswer(TypedDict):
    """Answer of `POST /api/chat/completions` and `POST /api/chat/test`."""

    success: Literal[True]
    provider: str
    model: str
    # Prompt plus completion
    tokens_used: int
    finish_reason: str
    # Seconds, rounded to two decimals
    elapsed_time: float
    response: str
    # The model's reasoning, where the vendor sends it
    thinking: str | None


class ChatMessage(TypedDict):
    """The `data:` of a message of `POST /api/chat/completions` with `stream: true`."""

    type: Literal["status", "token", "thought", "done", "error"]
    # started, with the run's id, or calling, with the model
    status: NotRequired[str]
    run_id: NotRequired[str]
    # The next piece; in messages of type token and thought
    content: NotRequired[str]
    # Why the stream ends; in error, with code, retryable and category
    error: NotRequired[str]
    code: NotRequired[str]
    retryable: NotRequired[bool]
    category: NotRequired[str | None]
    # Who answered; in done, as are the other fields
    provider: NotRequired[str]
    model: NotRequired[str]
    tokens_used: NotRequired[int]
    finish_reason: NotRequired[str]
    elapsed_time: NotRequired[float]
    # The answer as a whole
    response: NotRequired[str]
    thinking: NotRequired[str | None]


class ChatMessageBody(TypedDict):
    """One message of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


class ChatModel(TypedDict):
    """A model to chat with."""

    # Whether its answers come word by word
    supports_streaming: bool | None
    # Whether it shows its reasoning; null when not known
    supports_cot: bool | None
    # Whether it takes images; null when not known
    supports_vision: bool | None
    # Who says so; null where nobody does
    evidence: str | None
    id: str
    name: str
    enabled: bool
    max_tokens: int | None
    # Whether supports_cot is true
    is_thinking: bool


class ChatProvider(TypedDict):
    """A provider to chat with."""

    id: str
    name: str
    enabled: bool
    champion_model: str
    requests_per_minute: int
    models: list[ChatModel]


class ChatProvidersAnswer(TypedDict):
    """Answer of `GET /api/chat/providers`."""

    success: Literal[True]
    providers: list[ChatProvider]


class ChatRequest(TypedDict):
    """Body of `POST /api/chat/completions`."""

    provider: NotRequired[str | None]
    model: NotRequired[str | None]
    messages: list[ChatMessageBody]
    temperature: NotRequired[float]
    max_tokens: NotRequired[int]
    stream: NotRequired[bool]


class ChatTest(TypedDict):
    """Body of `POST /api/chat/test`."""

    provider: NotRequired[str | None]
    model: NotRequired[str | None]
    prompt: str
    system_instruction: NotRequired[str | None]


class CheckedCitation(TypedDict):
    """A citation in a text and its verdict."""

    # As written in the text
    text: str
    # Place of its first character, from 0
    start: int
    # One past its last character
    end: int
    kind: Literal["case", "statute", "regulation", "treaty"]
    jurisdiction: Literal["uk", "us", "eu", "international"]
    # The reference in its usual form, without the name
    normalized: str
    verdict: Literal["verified", "unverified", "invalid"]
    # A stable word for programs, such as in_index or year_mismatch
    reason_code: str
    # A sentence for people
    reason: str
    # The known authority; null when there is none
    matched: str | None


class ChunkRow(TypedDict):
    """A chunk of a document: what is found."""

    chunk_id: int
    unit_id: int
    # section, article, recital, rule, schedule, paragraph, clause, note or text
    kind: str
    # As it is cited: 172, 26A, 6; empty for none
    number: str
    heading: str
    # Headings above it, outermost first
    path: list[str]
    page: int | None
    # In characters, from the start of the document's text
    start: int
    # In characters, from the start of the document's text
    end: int
    text: str


class ChunksAnswer(TypedDict):
    """Answer of `GET /api/files/<id>/chunks`."""

    success: Literal[True]
    chunks: list[ChunkRow]
    count: int
    total: int


class CircuitSummary(TypedDict):
    """The circuits that are not plainly healthy; all empty once a batch has ended."""

    open_circuits: list[OpenCircuit]
    half_open_circuits: list[HalfOpenCircuit]
    closed_with_failures: list[ClosedCircuit]


class CitationFigures(TypedDict):
    """Citations of the data set."""

    # Samples by their worst verdict; none for those that cite nothing
    samples_by_verdict: dict[str, int]
    # Citations by verdict
    by_verdict: dict[str, int]
    # Citations by reason code
    by_reason: dict[str, int]


class CitationText(TypedDict):
    """Body of `POST /api/citations/check`."""

    text: str
    jurisdiction: NotRequired[Literal["uk", "us", "eu", "international"] | None]


class ClosedCircuit(TypedDict):
    """A topic that failed lately and is still used."""

    # "jurisdiction: Area - Topic"
    topic: str
    failures: int


class ComparedBatch(TypedDict):
    """What each model writes: what a batch takes, but for who writes it."""

    target_count: NotRequired[int | None]
    count: NotRequired[int | None]
    topic: NotRequired[str | None]
    difficulty: NotRequired[str | None]
    jurisdiction: NotRequired[str | None]
    sample_type: NotRequired[str | None]
    reasoning_instruction: NotRequired[str | None]
    # Stand on provisions of the documents that are here
    use_rag: NotRequired[bool]
    # Only of these documents; implies use_rag
    file_ids: NotRequired[list[str]]
    smart_mode: NotRequired[bool]
    # Make only the levels that the data set lacks most
    fill_gaps: NotRequired[bool]
    mix: NotRequired[Mix | None]
    judge: NotRequired[JudgeRequest | None]
    max_cost_usd: NotRequired[float | None]
    max_tokens_total: NotRequired[int | None]
    max_minutes: NotRequired[float | None]
    seed: NotRequired[int]


class ComparedTarget(TypedDict):
    """One model of a comparison, and its batch."""

    # "provider/model"
    target: str
    batch_id: str
    status: Literal["pending", "running", "paused", "stopping", "completed", "stopped", "failed"]
    # Why it ended early, or was never asked
    reason: str | None
    samples_generated: int
    # Its batch on the leaderboard; null before it has anything
    row: BoardRow | None


class Comparison(TypedDict):
    """A comparison with what came of it so far."""

    id: str
    name: str
    # running while one of its batches has not ended
    state: Literal["running", "ended"]
    # ISO 8601
    started_at: str
    # Samples that each target is asked for
    total: int
    targets: list[str]
    results: list[ComparedTarget]
    paired: list[PairedMeasure]


class ComparisonAnswer(TypedDict):
    """Answer of `POST /api/comparisons` and `GET /api/comparisons/<id>`."""

    success: Literal[True]
    comparison: Comparison


class ComparisonFacts(TypedDict):
    """A comparison: several models on one plan."""

    id: str
    name: str
    # running while one of its batches has not ended
    state: Literal["running", "ended"]
    # ISO 8601
    started_at: str
    # Samples that each target is asked for
    total: int
    targets: list[str]


class ComparisonPlanAnswer(TypedDict):
    """Answer of `POST /api/comparisons/plan`."""

    success: Literal[True]
    targets: list[PlannedTarget]
    # Samples that each target is asked for
    total: int
    # Of all targets, prompt plus completion
    expected_tokens: int
    # Of all targets; null when a price is not known
    expected_cost_usd: float | None


class ComparisonRequest(TypedDict):
    """Body of `POST /api/comparisons` and `POST /api/comparisons/plan`."""

    name: NotRequired[str | None]
    # Who writes, each as "provider/model"
    targets: list[str]
    # Limits are those of each batch
    batch: ComparedBatch


class ComparisonsAnswer(TypedDict):
    """Answer of `GET /api/comparisons`."""

    success: Literal[True]
    # Newest first
    comparisons: list[ComparisonFacts]
    count: int


class Contamination(TypedDict):
    """Overlap with benchmarks, in windows of 13 words."""

    # Windows of each benchmark, by its name
    benchmarks: dict[str, int]
    # Samples that share a window with it
    samples_by_benchmark: dict[str, int]


class Currency(TypedDict):
    """How current the data set is."""

    # Samples by month of created_at, such as "2026-11", or unknown
    by_month: dict[str, int]
    # Samples that cite law which is no longer in force
    repealed_law_cited: dict[str, int]


class DatasetAnswer(TypedDict):
    """What a typed query of the data set answers."""

    # The query that was understood, its kind as `kind`; null where none was
    query: dict[str, JsonValue] | None
    # The answer in words; every number in it is counted, not written by a model
    text: str
    # What the answer stands on
    rows: list[dict[str, JsonValue]]
    # Samples, cells, pairs or calls that match; rows may be fewer
    total: int
    # Path of the API that shows the same
    link: str
    # Words of the question that had no part in the query
    unused: list[str]
    # What could be asked, where nothing was understood
    suggestions: list[str]


class DatasetQueryAnswer(TypedDict):
    """Answer of `GET /api/dataset/query`."""

    success: Literal[True]
    # The query that was understood, its kind as `kind`; null where none was
    query: dict[str, JsonValue] | None
    # The answer in words; every number in it is counted, not written by a model
    text: str
    # What the answer stands on
    rows: list[dict[str, JsonValue]]
    # Samples, cells, pairs or calls that match; rows may be fewer
    total: int
    # Path of the API that shows the same
    link: str
    # Words of the question that had no part in the query
    unused: list[str]
    # What could be asked, where nothing was understood
    suggestions: list[str]


class DatasetReportAnswer(TypedDict):
    """Answer of `GET /api/dataset/report`."""

    success: Literal[True]
    # Samples in the data set
    samples: int
    # Samples in train.parquet
    in_file: int
    # Changes that are in the journal and not in train.parquet yet
    waiting_changes: int
    # Path of train.parquet; null before it was written
    file: str | None
    file_size_bytes: int
    # Polars type of each column
    columns: dict[str, str]
    # Notes about the file, newest first, at most twenty
    events: list[FileTakenIn | FileNoted]


class DayBreakdown(TypedDict):
    """Samples of one day."""

    # First ten characters of created_at, such as "2026-11-21"
    day: str
    # Samples
    count: int


class DeletedAnswer(TypedDict):
    """Answer of `DELETE /api/sample/<id>`."""

    success: Literal[True]
    message: str
    # Samples that are left
    total_samples: int


class DeletedDocumentAnswer(TypedDict):
    """Answer of `DELETE /api/files/<id>`."""

    success: Literal[True]
    file_id: str
    message: str


class DeliveriesAnswer(TypedDict):
    """Answer of `GET /api/webhooks/<id>/deliveries`."""

    success: Literal[True]
    # Newest first
    deliveries: list[Delivery]
    count: int


class DeliveriesArguments(TypedDict):
    """`GET /api/webhooks/<id>/deliveries`."""

    limit: NotRequired[int]


class Delivery(TypedDict):
    """One message to a webhook."""

    # The same at each try: whoever saw it may drop it
    message_id: str
    event: Literal[
        "batch.ended",
        "batch.budget",
        "batch.alert",
        "release.made",
        "schedule.started",
        "schedule.failed",
        "webhook.test",
    ]
    at: str
    state: Literal["waiting", "delivered", "failed"]
    tries: int
    next_at: str | None
    # HTTP status of the last try; null where there was no answer
    status: int | None
    error: str | None


class DetailedStats(TypedDict):
    """Every breakdown of the data set; a sample without the value in question is in none of its rows."""

    total_samples: int
    # Most frequent first, as all breakdowns
    difficulty_breakdown: list[DifficultyBreakdown]
    topic_breakdown: list[TopicCount]
    practice_areas: list[PracticeAreaCount]
    sample_type_breakdown: list[SampleTypeBreakdown]
    jurisdiction_breakdown: list[JurisdictionBreakdown]
    provider_breakdown: list[ProviderBreakdown]
    model_breakdown: list[ModelBreakdown]
    day_breakdown: list[DayBreakdown]
    # Mean lengths in characters; 0 without samples
    avg_lengths: FieldLengths
    unique_topics: int
    unique_practice_areas: int


class DetailedStatsAnswer(TypedDict):
    """Answer of `GET /api/stats/detailed`."""

    success: Literal[True]
    stats: DetailedStats


class DifficultiesAnswer(TypedDict):
    """Answer of `GET /api/difficulties`."""

    success: Literal[True]
    difficulties: list[DifficultyRow]


class DifficultyBreakdown(TypedDict):
    """Samples of one difficulty and how long their texts are."""

    difficulty: str
    # Samples
    count: int
    # Mean length in characters
    avg_question_length: float
    # Mean length in characters
    avg_answer_length: float


class DifficultyCount(TypedDict):
    """Samples of one difficulty."""

    # The same as count, for older clients
    len: int
    # Samples
    count: int
    difficulty: str


class DifficultyRow(TypedDict):
    """What one difficulty asks of an answer and its reasoning."""

    id: Literal["foundational", "basic", "intermediate", "advanced", "expert"]
    min_words: int
    min_citations: int
    min_reasoning_steps: int
    max_reasoning_steps: int
    min_reasoning_chars: int
    description: str


class DocumentAnswer(TypedDict):
    """Answer of `GET /api/files/<id>`."""

    success: Literal[True]
    file: DocumentRow


class DocumentRow(TypedDict):
    """A document."""

    file_id: str
    # As its sender called it
    name: str
    title: str
    # How far its reading is; ready: its words find it
    status: Literal["uploaded", "extracting", "chunking", "embedding", "ready", "failed"]
    # Why it failed; empty otherwise
    reason: str
    # What its reader should know: pages recognised from a scan, what it waits for
    notes: list[str]
    # Kind of file, read from its content: pdf, docx, html, text, …
    kind: str
    size_bytes: int
    sha256: str
    # Under which its text may be used; empty: nobody said
    licence: str
    # Whether samples of it go into exports without being asked for
    exportable: bool
    jurisdiction: str
    # act, regulation, treaty, judgment, …; empty for other documents
    instrument: str
    # What the source calls it: ukpga/2006/46, a CELEX number, …
    identifier: str
    # State of the text, as 2024-01-31; empty where not known
    version: str
    url: str
    pages: int
    # Pages that were recognised from a scan
    recognised_pages: int
    # Sections, articles, clauses, numbered paragraphs and text between them
    units: int
    chunks: int
    # Chunks that have vectors; the others are found by their words
    embedded: int
    # How often its reading began
    attempts: int
    created_at: str
    updated_at: str


class DocumentsAnswer(TypedDict):
    """Answer of `GET /api/files`."""

    success: Literal[True]
    files: list[DocumentRow]
    count: int
    total: int


class DocumentsArguments(TypedDict):
    """`GET /api/files`."""

    limit: NotRequired[int]
    offset: NotRequired[int]
    status: NotRequired[Literal["uploaded", "extracting", "chunking", "embedding", "ready", "failed"] | None]
    jurisdiction: NotRequired[str]


class DuplicateFigures(TypedDict):
    """Pairs of similar samples."""

    # Pairs with a similarity of 0.3 or more
    similar_pairs: int
    # Pairs with a similarity of 0.6 or more
    pairs_from_0_6: int
    # Samples in a pair with a similarity of 0.6 or more
    samples_in_pairs: int


class DuplicatesAnswer(TypedDict):
    """Answer of `GET /api/quality/duplicates`."""

    success: Literal[True]
    # Samples in the data set
    samples: int
    # Samples that were compared; the others follow in the background
    indexed: int
    thresholds: Thresholds
    counts: PairCounts
    # Most similar first, at most a thousand
    pairs: list[SimilarPair]


class EndDetail(TypedDict):
    """How a batch ended."""

    status: Literal["completed", "stopped", "failed"]
    # Why it ended early
    reason: str | None
    # Calls that were cut off, and may have been billed
    left_in_flight: int


class Ended(TypedDict):
    """The batch has ended."""

    # Also the id of the stream's message; give it back as after or Last-Event-ID
    id: int
    # ISO 8601
    at: str
    type: Literal["ended"]
    detail: EndDetail


class EstimatedCost(TypedDict):
    """What it would cost to write as many tokens as the data set has with one model."""

    name: str
    # US dollars, rounded to four decimals
    cost_usd: float
    # US dollars per million output tokens
    price_per_1m: float


class EventAnswer(TypedDict):
    """Answer of `POST /api/events`."""

    success: Literal[True]
    event: AuditEventInfo
    # Whether this event_id was sent before: nothing was done
    is_repeated: bool


class EventArguments(TypedDict):
    """`GET /api/batches/<id>/events` and `GET /api/providers/events`."""

    # Id of the last event received
    after: NotRequired[int]
    limit: NotRequired[int | None]


class EventBody(TypedDict):
    """Body of `POST /api/events`."""

    type: Literal[
        "prompt",
        "model_response",
        "feedback",
        "sample_accepted",
        "sample_rejected",
        "sample_edited",
        "citation_opened",
        "file_uploaded",
        "release_exported",
    ]
    user_id: NotRequired[str | None]
    session_id: NotRequired[str | None]
    # Your own id of it: sent again, the first answer comes
    event_id: NotRequired[str | None]
    text: NotRequired[str]
    sample_id: NotRequired[str | None]
    # Needed with sample_rejected
    reason: NotRequired[str | None]
    # The changed fields: with sample_edited, and only then
    changes: NotRequired[dict[str, JsonValue]]
    detail: NotRequired[dict[str, JsonValue]]


class EventsAnswer(TypedDict):
    """Answer of `GET /api/events`."""

    success: Literal[True]
    # Oldest first
    events: list[AuditEventInfo]
    count: int
    # Where the next page begins; null: this was the last
    next_cursor: str | None


class EventsArguments(TypedDict):
    """`GET /api/events`."""

    user_id: NotRequired[str | None]
    type: NotRequired[
        Literal[
            "prompt",
            "model_response",
            "feedback",
            "sample_accepted",
            "sample_rejected",
            "sample_edited",
            "citation_opened",
            "file_uploaded",
            "release_exported",
        ]
        | None
    ]
    session_id: NotRequired[str | None]
    # Only events from this moment on
    since: NotRequired[str | None]
    # Only events behind this id
    cursor: NotRequired[int]
    limit: NotRequired[int]


class ExportArguments(TypedDict):
    """`GET /api/export`."""

    topic: NotRequired[str]
    difficulty: NotRequired[str]
    jurisdiction: NotRequired[str]
    sample_type: NotRequired[str]
    provider: NotRequired[str]
    model: NotRequired[str]
    batch_id: NotRequired[str]
    # any (default), partly or grounded: samples that stand on law so well or better
    grounding: NotRequired[str]
    # parquet, jsonl, json, csv, messages, sharegpt, alpaca, prompts, argilla, label_studio, preferences,
    #     preference_messages or preference_openai
    format: NotRequired[str]
    # Columns, comma-separated
    fields: NotRequired[str]
    system_prompt: NotRequired[str]
    # omit, answer or think; think keeps the model's own thoughts in flat formats
    reasoning: NotRequired[str]
    # train, validation or test
    split: NotRequired[str]
    # Shares of the three splits, such as 0.9,0.05,0.05
    splits: NotRequired[str]
    seed: NotRequired[int]
    data_version: NotRequired[str]
    # accepted: only samples that a reviewer accepted; unlicensed: also samples that stand on documents whose
    #     licence does not allow it or is not known; all: these, samples with invalid citations, and rejected ones
    include: NotRequired[str]


class ExportFormatRow(TypedDict):
    """A format that can be exported."""

    id: str
    # Of the file, without a dot
    extension: str
    description: str
    # True when the rows are conversations: system_prompt and reasoning apply
    chat: bool
    recipes: list[RecipeRow]


class ExportFormatsAnswer(TypedDict):
    """Answer of `GET /api/export/formats`."""

    success: Literal[True]
    formats: list[ExportFormatRow]


class Failure(TypedDict):
    """Answer of every endpoint with a status of 400 or above."""

    success: Literal[False]
    # One sentence for people: what was received, what is wanted, what to do; no secrets
    error: str
    # Name of the error's class, such as InputError or NotFoundError
    type: str
    # Stable code for programs, such as input_error, not_found or rate_limit
    code: str
    # Whether the same call may work later
    retryable: bool
    # What is wrong with the call of a model, such as rate_limit, authentication or connection_error; null for
    #     errors of other kinds
    category: str | None
    # Finds the request in the log; also sent as header X-Request-ID
    request_id: str
    # Absent unless a document is here already: its id
    file_id: NotRequired[str]


class FailureDetail(TypedDict):
    """A call that failed, or an answer that was refused."""

    # A short sentence without secrets
    error: str
    # Null when no provider is at fault
    provider: str | None
    model: str | None
    # Number of the call for its sample, from 1; 0 when it concerns no call
    attempt: int
    # ISO 8601
    timestamp: str
    category: Literal[
        "model_unavailable",
        "rate_limit",
        "authentication",
        "timeout",
        "connection_error",
        "server_error",
        "bad_request",
        "refused",
        "general",
        "json_error",
        "quality_error",
    ]
    # Number of the sample within the batch, from 0
    item: int
    # "Area - Topic"
    topic: str


class FieldLengths(TypedDict):
    """Mean length of each text, in characters."""

    question: float
    answer: float
    reasoning: float
    case_citation: float


class FieldTokens(TypedDict):
    """Tokens of one field over all samples."""

    # Tokens
    total: int
    # Tokens per sample
    avg_per_sample: float
    # Share of all tokens, 0 to 100
    percentage: float


class FileNoted(TypedDict):
    """A note on what else happened to train.parquet."""

    # ISO 8601
    at: str
    event: Literal["original kept", "set aside", "written back", "lost"]
    message: str


class FileTakenIn(TypedDict):
    """A note that a foreign train.parquet was taken in."""

    # ISO 8601
    at: str
    event: Literal["taken in"]
    message: str
    # Samples in the file
    rows: int
    # Columns in the file
    columns: int
    # What was changed while reading it, one sentence each
    changes: list[str]


class FilteredAnswer(TypedDict):
    """Answer of `GET /api/samples/filter`."""

    success: Literal[True]
    samples: list[StoredSample]
    # Samples in this answer
    count: int
    # Samples that match the filters
    total: int
    # The filters that were applied
    filters: dict[str, str]
    # Send it as cursor to get the next page; null on the last one
    next_cursor: str | None


class FoldBody(TypedDict):
    """Body of `POST /api/dataset/fold`."""

    # Remove what was deleted or replaced from all files at once
    erase: NotRequired[bool]


class FoldedAnswer(TypedDict):
    """Answer of `POST /api/dataset/fold`."""

    success: Literal[True]
    # Changes that went from the journal into train.parquet
    folded: int


class GenerateRequest(TypedDict):
    """Body of `POST /api/generate`."""

    practice_area: NotRequired[str]
    topic: NotRequired[str]
    difficulty: NotRequired[str]
    provider: NotRequired[str | None]
    model: NotRequired[str | None]
    sample_type: NotRequired[str]
    jurisdiction: NotRequired[str | None]
    reasoning_instruction: NotRequired[str | None]
    # Stand on provisions of the documents that are here
    use_rag: NotRequired[bool]
    # Only of these documents; implies use_rag
    file_ids: NotRequired[list[str]]
    judge: NotRequired[JudgeRequest | None]
    save: NotRequired[bool]


class GeneratedAnswer(TypedDict):
    """Answer of `POST /api/generate`."""

    success: Literal[True]
    # Stored only when save was asked for
    sample: StoredSample
    # Tokens of all calls, including failed and refused ones
    tokens_used: int
    # Seconds
    elapsed: float
    # Seconds of it that were waited, by what for: limit, closed, concurrency, budget
    waited: dict[str, float]


class GivenUpDetail(TypedDict):
    """A sample that was given up."""

    # Number of the sample within the batch, from 0
    item: int
    # "[category] sentence"
    reason: str


class GraphArguments(TypedDict):
    """`GET /api/agents/graph`."""

    format: NotRequired[Literal["json", "svg"] | None]


class Grounding(TypedDict):
    """How an answer stands on the documents."""

    level: Literal["grounded", "partly", "none"]
    # What it says that the documents contradict
    refusals: list[str]
    doubts: list[str]
    # Provisions that were shown to the writer
    searched: int
    # How likely what was found answers the question, 0 to 1; null: nothing was
    best_score: float | None
    # Likelihood below which what is found counts as no answer
    floor: float
    # What the search could not use
    notes: dict[str, str]


class GroundingFigures(TypedDict):
    """How samples stand on law, and how the law that is here is used."""

    total: GroundingLevels
    # unknown where a sample has none
    by_jurisdiction: dict[str, GroundingLevels]
    # unknown where a sample has none
    by_model: dict[str, GroundingLevels]
    # Kept with samples: five of a provision at most
    quotations_proved: int
    misgrounding: Misgrounding
    # Different provisions that samples stand on
    provisions_used: int
    # The twenty that most samples stand on
    most_used: list[UsedProvision]
    # With a number, of all documents that are ready; 0 for a file
    provisions: int
    # Those of them that no sample stands on
    never_used: int
    # The twenty documents with most provisions that were never used
    unused: list[UnusedProvisions]


class GroundingLevels(TypedDict):
    """Samples by how well they stand on the law of the documents that were here."""

    samples: int
    grounded: int
    partly: int
    none: int
    # Made before there was any document, or elsewhere
    not_looked_at: int


class HalfOpenCircuit(TypedDict):
    """A topic that is tried again."""

    # "jurisdiction: Area - Topic"
    topic: str
    successes: int


class HealthAnswer(TypedDict):
    """Answer of `GET /api/health`."""

    success: Literal[True]
    status: Literal["healthy"]
    # True once train.parquet was written
    dataset_exists: bool
    total_samples: int
    # True when a key is set
    groq_configured: bool
    # True when a key is set
    cerebras_configured: bool
    # True when a key or an address is set
    ollama_configured: bool
    # Batches that run
    active_batches: int
    # The same as active_batches, for older clients
    running_batches: int
    batch_generation_running: bool
    # Kind of database, such as sqlite
    database: str


class HistoryAnswer(TypedDict):
    """Answer of `GET /api/generate/batch/history`."""

    success: Literal[True]
    # Newest first
    batches: list[HistoryRow]
    # Rows in this answer
    count: int


class HistoryArguments(TypedDict):
    """`GET /api/generate/batch/history`."""

    limit: NotRequired[int | None]
    offset: NotRequired[int]
    status: NotRequired[Literal["pending", "running", "paused", "stopping", "completed", "stopped", "failed"] | None]


class HistoryRow(TypedDict):
    """A batch in the history; a running one with live values."""

    id: str
    # ISO 8601
    started_at: str
    # ISO 8601; null until it has ended
    completed_at: str | None
    # Model of the last answer; before that, the one asked for, if any
    model: str | None
    # Provider of the last answer; before that, the one asked for, or auto
    provider: str
    topic_filter: str | None
    difficulty_filter: str | None
    sample_type_filter: str
    reasoning_instruction: str | None
    # Samples wanted
    target: int
    samples_generated: int
    tokens_used: int
    # US dollars; null when a price is not known
    cost_usd: float | None
    status: Literal["pending", "running", "paused", "stopping", "completed", "stopped", "failed"]
    # Why it ended early
    reason: str | None
    errors: list[BatchError]
    model_switches: list[Switch]
    provider_switches: list[Switch]
    # The same as samples_generated
    progress: int
    current_sample: str | None


class ImportArguments(TypedDict):
    """`POST /api/import` with a file as the body; a multipart or JSON body holds these itself."""

    # jsonl, json, csv, tsv, xlsx or parquet; detected by default
    format: NotRequired[str]
    # Of a text, such as cp1252; detected by default
    encoding: NotRequired[str]
    # error, skip or replace
    on_duplicate: NotRequired[str]
    dry_run: NotRequired[bool]
    name: NotRequired[str]
    # Columns of the fields, such as question:prompt,answer:completion
    mapping: NotRequired[str]


class ImportBody(TypedDict):
    """JSON body of `POST /api/import`; a file may be sent instead, as it is or in a multipart body."""

    content: str
    format: NotRequired[str | None]
    on_duplicate: NotRequired[str | None]
    dry_run: NotRequired[bool | None]
    mapping: NotRequired[str | None]
    encoding: NotRequired[str | None]


class ImportFailure(TypedDict):
    """Answer of the imports with status 400 when lines are wrong; nothing was stored."""

    success: Literal[False]
    # One sentence for people: what was received, what is wanted, what to do; no secrets
    error: str
    # Name of the error's class, such as InputError or NotFoundError
    type: str
    # Stable code for programs, such as input_error, not_found or rate_limit
    code: str
    # Whether the same call may work later
    retryable: bool
    # What is wrong with the call of a model, such as rate_limit, authentication or connection_error; null for
    #     errors of other kinds
    category: str | None
    # Finds the request in the log; also sent as header X-Request-ID
    request_id: str
    # Absent unless a document is here already: its id
    file_id: NotRequired[str]
    # The first hundred
    problems: list[ImportProblem]
    # All of them
    problem_count: int


class ImportProblem(TypedDict):
    """A line of a file that cannot be taken."""

    # Such as "Line 3"
    place: str
    error: str


class ImportedAnswer(TypedDict):
    """Answer of `POST /api/import` and `POST /api/import/jsonl`."""

    success: Literal[True]
    # Samples that are new
    added: int
    # Samples whose id existed, with on_duplicate=replace
    replaced: int
    # Samples whose id existed or appeared twice in the file, with on_duplicate=skip
    skipped: int
    # Samples read
    checked: int
    # True when nothing was stored
    dry_run: bool
    # What was changed on import
    notes: list[str]
    # The column of the file that each field was read from
    mapping: dict[str, str]
    # Samples in the data set now
    total_samples: int
    message: str


class InfoAnswer(TypedDict):
    """Answer of `GET /api/info`."""

    success: Literal[True]
    name: str
    version: str
    # Kind of database, such as sqlite
    database: str
    architecture: str
    # Such as "GET /api/info", in order
    endpoints: list[str]


class IntentCandidate(TypedDict):
    """An intent and its points."""

    name: str
    points: float


class IntentFacts(TypedDict):
    """What was understood."""

    name: str
    # How often such a lead was right
    confidence: float
    reason: str
    candidates: list[IntentCandidate]


class ItemCounts(TypedDict):
    """Samples of a batch by state."""

    todo: int
    # Under way
    leased: int
    done: int
    # Given up because checks refused them
    rejected: int
    # Given up because no vendor takes their request
    failed: int
    # Not started when the batch ended
    cancelled: int
    # Under way when the batch ended
    in_doubt: int


class JobBody(TypedDict):
    """Body of `POST /api/jobs`."""

    kind: Literal["report", "duplicates", "decontamination", "export"]
    # With export: what `GET /api/export` takes
    export: NotRequired[ExportArguments | None]


class JobStartedAnswer(TypedDict):
    """Answer of `POST /api/jobs`."""

    success: Literal[True]
    # Follow it at /api/runs/{run_id}/events, cancel it at …/cancel
    run_id: str


class JobsAnswer(TypedDict):
    """Answer of `GET /api/jobs`."""

    success: Literal[True]
    # Newest first
    jobs: list[RunFacts]
    count: int


class JobsArguments(TypedDict):
    """`GET /api/jobs`."""

    kind: Literal["report", "duplicates", "decontamination", "export"]
    limit: NotRequired[int]


class JudgeRequest(TypedDict):
    """Another model that scores samples and rules on their claims of the law; one below `min_score` is rejected."""

    provider: str
    model: NotRequired[str | None]
    min_score: NotRequired[float]


class JurisdictionBreakdown(TypedDict):
    """Samples of one jurisdiction."""

    jurisdiction: str
    # Samples
    count: int


class JurisdictionRow(TypedDict):
    """A legal system that samples may belong to."""

    id: str
    name: str
    legal_system: str
    # Examples of how it is cited
    citation_format: str
    enabled: Literal[True]
    topic_count: int


class JurisdictionsAnswer(TypedDict):
    """Answer of `GET /api/jurisdictions`."""

    success: Literal[True]
    jurisdictions: list[JurisdictionRow]
    # Id of the jurisdiction for requests that name none
    default: str


class KeptBackup(TypedDict):
    """A backup, or the copy made before a restore, whose samples and size are not known."""

    name: str
    # Counts up, independent of the clock; null in copies made for a restore and in old backups
    sequence: NotRequired[int | None]
    # ISO 8601
    created_at: str
    # Name of the version of train.parquet that is in it
    file: NotRequired[str | None]
    # Null for a copy made before a restore
    samples: int | None
    # Null for a copy made before a restore
    size_bytes: int | None
    # Whether created_at lies in the future: the clock was wrong when it was made
    impossible_date: bool


class KeyCheck(TypedDict):
    """What became of a key that was tried when it was stored."""

    # unclear: the vendor answered, but not about the key
    result: Literal["accepted", "refused", "not_reachable", "unclear"]
    reason: str


class LawAnswer(TypedDict):
    """Answer of `POST /api/law`."""

    success: Literal[True]
    file_id: str
    # The same text was here already; nothing was done
    is_unchanged: bool
    message: str
    file: DocumentRow


class LawBody(TypedDict):
    """Body of `POST /api/law`."""

    # Such as legislation.gov.uk/ukpga/2006/46, eur-lex/32016R0679, uscode/17, caselaw/uksc/2015/67
    reference: str


class LeaderboardAnswer(TypedDict):
    """Answer of `GET /api/leaderboard`."""

    success: Literal[True]
    sort: Literal[
        "accepted",
        "invented",
        "verified",
        "invalid",
        "grounded",
        "reviewed",
        "quality",
        "judge",
        "cost_usd",
        "tokens",
        "answer_tokens",
        "seconds",
    ]
    # Which values of that measure are better
    better: Literal["higher", "lower"]
    filters: dict[str, str]
    # Only these; empty for all
    batches: list[str]
    # First day; null for the beginning
    since: str | None
    rows: list[BoardRow]
    count: int
    # Samples that match of which nobody knows the model; left out
    without_model: int


class LeaderboardArguments(TypedDict):
    """`GET /api/leaderboard`."""

    topic: NotRequired[str]
    difficulty: NotRequired[str]
    jurisdiction: NotRequired[str]
    sample_type: NotRequired[str]
    provider: NotRequired[str]
    model: NotRequired[str]
    batch_id: NotRequired[str]
    # grounded, partly or none
    grounding: NotRequired[str]
    # Ids of batches, comma-separated: only what they made
    batches: NotRequired[str]
    # A day, such as 2026-11-21: samples made, and batches begun, from then on
    since: NotRequired[str]
    # The measure by which the best is first
    sort: NotRequired[
        Literal[
            "accepted",
            "invented",
            "verified",
            "invalid",
            "grounded",
            "reviewed",
            "quality",
            "judge",
            "cost_usd",
            "tokens",
            "answer_tokens",
            "seconds",
        ]
    ]


class LegRow(TypedDict):
    """What one leg of the search says of a result."""

    # citation, words or vectors
    leg: str
    # Its place in the leg's list, from 1; null: not in it
    rank: int | None
    score: float


class LimitWindow(TypedDict):
    """Use of a limit in the last minute, hour or day."""

    requests: int
    # Null for none
    requests_limit: int | None
    # Tokens, including those reserved for calls under way
    tokens: int
    # Null for none
    tokens_limit: int | None


class LiveAnswer(TypedDict):
    """Answer of `GET /api/health/live`; without `success`."""

    status: Literal["alive"]


class Measured(TypedDict):
    """A figure with its interval of 95 %."""

    # Null where the data give none
    value: float | None
    # Where its interval begins; null where it has none
    low: float | None
    # Where its interval ends
    high: float | None
    # Of how many drafts, samples or calls it is
    n: int


class MemoriesAnswer(TypedDict):
    """Answer of `GET /api/memories`."""

    success: Literal[True]
    # The last changed first
    memories: list[MemoryInfo]
    count: int
    # How many a user may have
    limit: int


class MemoryAnswer(TypedDict):
    """Answer of `POST /api/memories` and `PATCH /api/memories/<key>`."""

    success: Literal[True]
    memory: MemoryInfo


class MemoryBody(TypedDict):
    """Body of `POST /api/memories`; what people want remembered is repeated in no message."""

    # Letters, digits, blanks and _ . : @ -
    key: str
    value: str
    user_id: NotRequired[str | None]


class MemoryChange(TypedDict):
    """Body of `PATCH /api/memories/<key>`."""

    value: str
    user_id: NotRequired[str | None]


class MemoryContext(TypedDict):
    """What of memory went into an answer."""

    # False where the request said use_memory: false
    used: bool
    # Keys of the memories that were used
    memories: list[str]
    # Ids of the last turns of the session, oldest first
    recent_turns: list[int]
    # Ids of like turns of the same user, the likest first
    similar_turns: list[int]
    # The summary that was used
    summary: SessionSummary | None
    tokens: int
    max_tokens: int
    trimmed: list[TrimmedPart]
    # What found the like turns; none: nothing did
    found_by: Literal["vectors", "words", "both", "none"]
    # What could not be used, and why; empty otherwise
    note: str


class MemoryDeletedAnswer(TypedDict):
    """Answer of `DELETE /api/memories/<key>`."""

    success: Literal[True]
    key: str
    message: str


class MemoryInfo(TypedDict):
    """What a user asked to be remembered."""

    # A label, not an access control: the token's name, `local`, or what was sent
    user_id: str
    key: str
    value: str
    created_at: str
    updated_at: str


class Misgrounding(TypedDict):
    """What was wrong with what is said of provisions, by reason, such as number, quotation or wrong_section."""

    # Drafts of batches that were refused; of the data set only, else empty
    refused: dict[str, int]
    # Doubts that samples are marked with (quality_issues)
    marked: dict[str, int]


class Mix(TypedDict):
    """Target shares of the data set; any positive numbers, a value left out gets none."""

    topics: NotRequired[dict[str, float] | None]
    difficulties: NotRequired[dict[str, float] | None]
    sample_types: NotRequired[dict[str, float] | None]


class ModelAnswer(TypedDict):
    """Answer of `GET /api/models/<id>`."""

    success: Literal[True]
    model: ModelView


class ModelArguments(TypedDict):
    """`GET /api/models/all`."""

    provider: NotRequired[str]
    enabled_only: NotRequired[bool]


class ModelBreakdown(TypedDict):
    """Samples by one model."""

    model: str
    # Samples
    count: int


class ModelChange(TypedDict):
    """Body of `PUT /api/models/<id>`; null restores the catalogue's value."""

    provider_id: NotRequired[str | None]
    display_name: NotRequired[str | None]
    enabled: NotRequired[bool | None]
    fallback_priority: NotRequired[int | None]
    max_tokens: NotRequired[int | None]
    context_window: NotRequired[int | None]
    supports_json_schema: NotRequired[bool | None]
    # The same as supports_cot
    is_thinking_model: NotRequired[bool | None]
    supports_cot: NotRequired[bool | None]
    supports_streaming: NotRequired[bool | None]
    supports_vision: NotRequired[bool | None]
    # Lead it through a sample by many short questions, as a small model needs
    guided: NotRequired[bool | None]
    extra_config: NotRequired[dict[str, JsonValue] | None]


class ModelChangedAnswer(TypedDict):
    """Answer of requests that change a model."""

    success: Literal[True]
    model: ModelView
    message: str


class ModelChoice(TypedDict):
    """Picks between models of the same id."""

    provider_id: NotRequired[str]


class ModelMovedAnswer(TypedDict):
    """Answer of `PUT /api/models/<id>/priority`."""

    success: Literal[True]
    model: ModelView
    message: str
    # All of its provider, in their new order
    provider_models: list[ModelView]


class ModelOrder(TypedDict):
    """Body of `POST /api/models/reorder`."""

    provider_id: str
    model_order: list[str]


class ModelPriority(TypedDict):
    """Body of `PUT /api/models/<id>/priority`: one of the two names."""

    provider_id: NotRequired[str | None]
    fallback_priority: NotRequired[int | None]
    priority: NotRequired[int | None]


class ModelReference(TypedDict):
    """Body of `POST /api/models/<id>/toggle`."""

    provider_id: NotRequired[str | None]


class ModelRow(TypedDict):
    """A model that can be used."""

    # Whether its answers come word by word
    supports_streaming: bool | None
    # Whether it shows its reasoning; null when not known
    supports_cot: bool | None
    # Whether it takes images; null when not known
    supports_vision: bool | None
    # Who says so; null where nobody does
    evidence: str | None
    id: str
    # The same as id
    name: str
    provider: str
    provider_name: str
    # Tokens
    context_window: int
    # The same as provider_name
    owned_by: str
    # Place among the models of its provider, from 0; lower ones first
    fallback_priority: int
    supports_json_schema: bool
    # Whether supports_cot is true
    is_thinking_model: bool


class ModelView(TypedDict):
    """A model, usable or not."""

    # Whether its answers come word by word
    supports_streaming: bool | None
    # Whether it shows its reasoning; null when not known
    supports_cot: bool | None
    # Whether it takes images; null when not known
    supports_vision: bool | None
    # Who says so; null where nobody does
    evidence: str | None
    id: str
    # The same as id
    model_id: str
    # Id of its database row; null until it has one
    db_id: int | None
    display_name: str
    provider: str
    # Place in the fallback order, from 0
    fallback_priority: int
    # Whether it may be chosen
    enabled: bool
    # Longest answer in tokens; null when not known
    max_tokens: int | None
    # Tokens of prompt and answer together
    context_window: int
    supports_json_schema: bool
    # The same as supports_json_schema
    supports_json: bool
    # Whether supports_cot is true
    is_thinking_model: bool
    # Whether it is led through a sample by many short questions
    guided: bool
    extra_config: dict[str, JsonValue]
    # Parameters that it refused and that are not sent since; json_schema: plain JSON is asked for
    left_out: list[str]
    # Since when the vendor no longer serves it; null while it does
    retired: str | None
    # What to use instead of a retired one
    replacement: str | None
    # Whether the vendor lists it; null when it could not be asked
    listed: bool | None
    # US dollars per million prompt tokens; null when not known
    price_input: float | None
    # US dollars per million answer tokens; null when not known
    price_output: float | None
    created_at: str | None
    updated_at: str | None


class ModelsAnswer(TypedDict):
    """Answer of `GET /api/models`."""

    success: Literal[True]
    models: list[ModelRow]
    default_provider: str
    default_model: str


class ModelsReorderedAnswer(TypedDict):
    """Answer of `POST /api/models/reorder`."""

    success: Literal[True]
    models: list[ModelView]
    message: str


class NamedBatch(TypedDict):
    """Body of requests that must name a batch."""

    batch_id: str


class NewProvider(TypedDict):
    """Body of `POST /api/providers`: an OpenAI-compatible provider."""

    name: str
    base_url: str
    id: NotRequired[str | None]
    api_key: NotRequired[str | None]
    requests_per_minute: NotRequired[int | None]
    tokens_per_minute: NotRequired[int | None]
    default_model_id: NotRequired[str | None]


class NewSample(TypedDict):
    """Body of `POST /api/add`; further fields become columns, those that only the service sets as `imported_…`."""

    id: str
    question: str
    answer: str
    topic: str
    difficulty: Literal["foundational", "basic", "intermediate", "advanced", "expert"]
    case_citation: str
    reasoning: str
    jurisdiction: NotRequired[str | None]
    sample_type: NotRequired[str | None]


class NewWebhook(TypedDict):
    """A webhook with its secret, which is shown once."""

    id: str
    url: str
    events: list[
        Literal[
            "batch.ended",
            "batch.budget",
            "batch.alert",
            "release.made",
            "schedule.started",
            "schedule.failed",
            "webhook.test",
        ]
    ]
    is_on: bool
    created_at: str
    # Why the service turned it off: its address said 410 Gone
    off_because: str | None
    # Messages are signed with it: `whsec_` and 24 bytes in base64
    secret: str


class NewWebhookAnswer(TypedDict):
    """Answer of `POST /api/webhooks`."""

    success: Literal[True]
    webhook: NewWebhook


class NoArguments(TypedDict):
    """For endpoints that take no arguments."""


class NoBatch(TypedDict):
    """Answer of `GET /api/generate/batch/status` before the first batch: zeros, and null for the rest."""

    batch_id: None
    running: Literal[False]
    status: None
    progress: Literal[0]
    total: Literal[0]
    samples_generated: Literal[0]
    current_sample: None
    current_provider: None
    current_model: None
    errors: None
    started_at: None
    completed_at: None
    total_tokens: None
    model_switches: None
    provider_switches: None
    failed_models_by_provider: None
    consecutive_failures: None
    skipped_topics: None
    circuit_breaker_summary: CircuitSummary
    topic_filter: None
    difficulty_filter: None
    sample_type_filter: None
    jurisdiction_filter: None
    reasoning_instruction: None
    smart_mode: None
    last_provider: None
    last_model: None
    samples_per_minute: None
    eta_seconds: None
    attempts: None
    rejected: None
    cost_usd: None
    in_doubt: None
    waiting_for: None
    waiting_until: None
    reason: None
    alerts: None
    metrics: None
    batches: dict[str, Batch]
    count: Literal[0]


class NoDetail(TypedDict):
    """No further detail."""


class NoFields(TypedDict):
    """Body of requests that take nothing."""


class NotReadyFailure(TypedDict):
    """Answer of `GET /api/health/ready` with status 503."""

    success: Literal[False]
    # One sentence for people: what was received, what is wanted, what to do; no secrets
    error: str
    # Name of the error's class, such as InputError or NotFoundError
    type: str
    # Stable code for programs, such as input_error, not_found or rate_limit
    code: str
    # Whether the same call may work later
    retryable: bool
    # What is wrong with the call of a model, such as rate_limit, authentication or connection_error; null for
    #     errors of other kinds
    category: str | None
    # Finds the request in the log; also sent as header X-Request-ID
    request_id: str
    # Absent unless a document is here already: its id
    file_id: NotRequired[str]
    status: Literal["not ready"]
    # database, dataset, disk, providers; also limits (Redis), processes (PostgreSQL)
    parts: dict[str, PartState]


class NothingNeeded(TypedDict):
    """Body of older requests that take nothing; its content is ignored."""


class OpenCircuit(TypedDict):
    """A topic that is put aside for a time."""

    # "jurisdiction: Area - Topic"
    topic: str
    failures: int
    opened_for_seconds: float


class PageArguments(TypedDict):
    """`GET /api/samples/filter`."""

    topic: NotRequired[str]
    difficulty: NotRequired[str]
    jurisdiction: NotRequired[str]
    sample_type: NotRequired[str]
    provider: NotRequired[str]
    model: NotRequired[str]
    batch_id: NotRequired[str]
    # grounded, partly or none
    grounding: NotRequired[str]
    limit: NotRequired[int]
    offset: NotRequired[int]
    # newest, oldest, longest, shortest, or a column; a leading - reverses it
    sort: NotRequired[str]
    # Where the previous page ended (X-Next-Cursor, next_cursor)
    cursor: NotRequired[str]


class PageRow(TypedDict):
    """A page of a document."""

    # As a reader counts; null in formats without pages
    number: int | None
    # In characters, from the start of the document's text
    start: int
    text: str
    # Of the recognition of a scan, 0 to 1; null: the file's text
    confidence: float | None


class PagesAnswer(TypedDict):
    """Answer of `GET /api/files/<id>/pages`."""

    success: Literal[True]
    pages: list[PageRow]
    count: int
    total: int


class PairCounts(TypedDict):
    """Pairs by kind."""

    duplicates: int
    siblings: int
    similar: int
    # Pairs that are not among those shown
    beyond: int


class PairedDifference(TypedDict):
    """A target beside the best one, item by item."""

    target: str
    # Mean of its value minus that of the best; null without pairs
    value: float | None
    # Where the interval of 95 % begins; null under ten pairs
    low: float | None
    # Where the interval ends
    high: float | None
    # Items of which both have a value
    pairs: int
    # Whether the interval leaves out zero; null without one
    told_apart: bool | None


class PairedMeasure(TypedDict):
    """What the targets differ by, item by item."""

    measure: Literal["made", "first_draft", "verified", "quality", "judge", "answer_tokens"]
    better: Literal["higher", "lower"]
    # The target with the best mean; null where none has a value
    best: str | None
    # Of the other targets
    differences: list[PairedDifference]
    # What can be told apart, a sentence
    finding: str


class PartState(TypedDict):
    """A part of the service."""

    ok: bool
    detail: str


class PartsArguments(TypedDict):
    """`GET /api/files/<id>/pages` and `/chunks`."""

    limit: NotRequired[int]
    offset: NotRequired[int]


class Paused(TypedDict):
    """The batch was paused."""

    # Also the id of the stream's message; give it back as after or Last-Event-ID
    id: int
    # ISO 8601
    at: str
    type: Literal["paused"]
    detail: NoDetail


class Percentiles(TypedDict):
    """Percentiles of the length in words."""

    p1: int
    p25: int
    p50: int
    p75: int
    p99: int


class PersonalData(TypedDict):
    """Samples that seem to hold personal data."""

    e_mail: int
    phone: int
    # British national insurance numbers
    ni_number: int
    # American social security numbers
    ssn: int


class PlanAnswer(TypedDict):
    """Answer of `POST /api/generate/batch/plan`."""

    success: Literal[True]
    # Samples wanted
    total: int
    counts: PlanCounts
    # The targets that would serve at once
    targets: list[PlanTarget]
    # Prompt plus completion
    expected_tokens: int
    # US dollars; null when a price is not known
    expected_cost_usd: float | None
    # At the pace of all targets together; null where one of them has no limits to estimate from
    expected_minutes: float | None
    limits: PlanLimits
    # Samples that the limits allow
    expected_samples: int
    # The limit that would end it first; null for none
    stopped_by: Literal["max_tokens_total", "max_cost_usd", "max_minutes"] | None


class PlanCounts(TypedDict):
    """Samples that would be made, by value."""

    # By "Area - Topic"
    topics: dict[str, int]
    difficulties: dict[str, int]
    sample_types: dict[str, int]
    jurisdictions: dict[str, int]


class PlanLimits(TypedDict):
    """The limits that the batch would have."""

    max_tokens_total: int | None
    # US dollars
    max_cost_usd: float | None
    # Null for none
    max_minutes: float | None


class PlanRequest(TypedDict):
    """Body of `POST /api/generate/batch/plan`: what a start takes, and nothing else."""

    target_count: NotRequired[int | None]
    count: NotRequired[int | None]
    provider: NotRequired[str | None]
    model: NotRequired[str | None]
    topic: NotRequired[str | None]
    difficulty: NotRequired[str | None]
    jurisdiction: NotRequired[str | None]
    sample_type: NotRequired[str | None]
    reasoning_instruction: NotRequired[str | None]
    # Stand on provisions of the documents that are here
    use_rag: NotRequired[bool]
    # Only of these documents; implies use_rag
    file_ids: NotRequired[list[str]]
    smart_mode: NotRequired[bool]
    # Make only the levels that the data set lacks most
    fill_gaps: NotRequired[bool]
    allow_failover: NotRequired[bool]
    providers: NotRequired[list[str]]
    models: NotRequired[list[str]]
    weights: NotRequired[dict[str, float]]
    mix: NotRequired[Mix | None]
    judge: NotRequired[JudgeRequest | None]
    max_cost_usd: NotRequired[float | None]
    max_tokens_total: NotRequired[int | None]
    max_minutes: NotRequired[float | None]
    seed: NotRequired[int]
    # What asked for it; kept with the batch
    origin: NotRequired[str | None]


class PlanTarget(TypedDict):
    """What a plan costs and how long it takes if this target makes all of it."""

    # "provider/model"
    target: str
    # Whether answers of all these kinds were seen before
    basis: Literal["measured", "estimated"]
    prompt_tokens: int
    completion_tokens: int
    # US dollars; null when the price is not known
    cost_usd: float | None
    # What its limits allow; null without limits
    samples_per_minute: float | None


class PlannedTarget(TypedDict):
    """What one model would take for its part of a comparison."""

    # "provider/model"
    target: str
    # Null where it cannot be asked
    plan: BatchPlan | None
    # Why it cannot be asked
    reason: str | None


class PracticeAreaCount(TypedDict):
    """Samples of one practice area."""

    # The same as count, for older clients
    len: int
    # Samples
    count: int
    # The topic up to its first " - "
    practice_area: str


class PracticeAreaTokens(TypedDict):
    """Tokens of the samples of one practice area."""

    practice_area: str
    total_tokens: int
    # Tokens per sample
    avg_tokens: float
    # Samples
    count: int


class PrimaryBatch(TypedDict):
    """Answer of `GET /api/generate/batch/status`: a running batch, else the newest, with all others."""

    batch_id: str
    # True while pending, running or stopping; false while paused
    running: bool
    status: Literal["pending", "running", "paused", "stopping", "completed", "stopped", "failed"]
    # Samples made, 0 to total
    progress: int
    # Samples wanted
    total: int
    # The same as progress
    samples_generated: int
    # "Area - Topic" that is being written
    current_sample: str | None
    # Provider of the last answer; before that, the one asked for, or auto
    current_provider: str
    # Model of the last answer; before that, the one asked for, if any
    current_model: str | None
    # The last hundred, oldest first
    errors: list[BatchError]
    # ISO 8601
    started_at: str
    # ISO 8601; null until it has ended
    completed_at: str | None
    # Tokens used, including refused answers
    total_tokens: int
    # The last hundred within a provider, oldest first
    model_switches: list[Switch]
    # The last hundred between providers, oldest first
    provider_switches: list[Switch]
    # Models that could not be used
    failed_models_by_provider: dict[str, list[str]]
    # Samples refused since the last good one
    consecutive_failures: int
    # Topics with an open circuit, as "jurisdiction: Area - Topic"
    skipped_topics: list[str]
    circuit_breaker_summary: CircuitSummary
    topic_filter: str | None
    difficulty_filter: str | None
    # A sample type, or balance
    sample_type_filter: str
    jurisdiction_filter: str | None
    reasoning_instruction: str | None
    smart_mode: bool
    # The same as current_provider
    last_provider: str
    # The same as current_model
    last_model: str | None
    # Over the last samples; null before the third, or while it is not running
    samples_per_minute: float | None
    # Seconds until its end at that pace, no fewer than it waits now; null when not known
    eta_seconds: int | None
    # Calls made
    attempts: int
    # Samples given up
    rejected: int
    # US dollars; null when a price is not known
    cost_usd: float | None
    # Calls that were cut off, and may have been billed
    in_doubt: int
    # What all its workers wait for; null when they work
    waiting_for: Literal["limit", "closed", "concurrency", "budget", "topic", "storage"] | None
    # ISO 8601; null when not known
    waiting_until: str | None
    # Why it ended early
    reason: str | None
    # What its owner should look at, oldest first
    alerts: list[Alert]
    metrics: BatchMetrics
    # The newest fifty and all that have not ended, by id, newest first
    batches: dict[str, Batch]
    # Batches that run
    count: int


class Product(TypedDict):
    """A saved slice of the data set."""

    id: str
    name: str
    description: str
    kind: Literal["slice", "release"]
    filters: dict[str, str]
    # Samples that it was saved with
    samples: int
    counts: ProductCounts
    # Mean quality score; null where none has one
    mean_score: float | None
    # Licences of the documents that its samples stand on
    licences: list[str]
    # SHA-256 over ids and texts of its samples
    content_hash: str
    created_at: str
    # Path of the API that exports it
    export: str


class ProductAnswer(TypedDict):
    """Answer of `GET /api/products/<id>` and `POST /api/products`."""

    success: Literal[True]
    product: ProductFacts


class ProductBody(TypedDict):
    """Body of `POST /api/products`."""

    name: str
    description: NotRequired[str]
    filters: NotRequired[SliceFilters]


class ProductCounts(TypedDict):
    """Samples of a product by value, most frequent first."""

    jurisdiction: dict[str, int]
    practice_area: dict[str, int]
    difficulty: dict[str, int]
    sample_type: dict[str, int]


class ProductDeletedAnswer(TypedDict):
    """Answer of `DELETE /api/products/<id>`."""

    success: Literal[True]
    message: str


class ProductFacts(TypedDict):
    """A product with the state of its samples."""

    id: str
    name: str
    description: str
    kind: Literal["slice", "release"]
    filters: dict[str, str]
    # Samples that it was saved with
    samples: int
    counts: ProductCounts
    # Mean quality score; null where none has one
    mean_score: float | None
    # Licences of the documents that its samples stand on
    licences: list[str]
    # SHA-256 over ids and texts of its samples
    content_hash: str
    created_at: str
    # Path of the API that exports it
    export: str
    state: ProductState


class ProductMatch(TypedDict):
    """A product that a search found."""

    id: str
    name: str
    description: str
    kind: Literal["slice", "release"]
    filters: dict[str, str]
    # Samples that it was saved with
    samples: int
    counts: ProductCounts
    # Mean quality score; null where none has one
    mean_score: float | None
    # Licences of the documents that its samples stand on
    licences: list[str]
    # SHA-256 over ids and texts of its samples
    content_hash: str
    created_at: str
    # Path of the API that exports it
    export: str
    # Its samples that match the filters, by the counts it was saved with
    matching: int
    # Words and share of matching samples; more is better
    score: float


class ProductSearchAnswer(TypedDict):
    """Answer of `GET` and `POST /api/search/products`."""

    success: Literal[True]
    products: list[ProductMatch]
    count: int
    query: str


class ProductSearchArguments(TypedDict):
    """`GET /api/search/products`."""

    topic: NotRequired[str]
    difficulty: NotRequired[str]
    jurisdiction: NotRequired[str]
    sample_type: NotRequired[str]
    provider: NotRequired[str]
    model: NotRequired[str]
    batch_id: NotRequired[str]
    # grounded, partly or none
    grounding: NotRequired[str]
    # Words; all products where none are given
    q: NotRequired[str]
    limit: NotRequired[int]


class ProductSearchBody(TypedDict):
    """Body of `POST /api/search/products`."""

    # Words; all products where none are given
    q: NotRequired[str]
    filters: NotRequired[SliceFilters]
    limit: NotRequired[int]


class ProductState(TypedDict):
    """How the samples of a product are now."""

    unchanged: int
    # Question, answer, citation or reasoning are other than when it was saved
    changed: int
    gone: int


class ProductsAnswer(TypedDict):
    """Answer of `GET /api/products`."""

    success: Literal[True]
    products: list[Product]
    count: int


class ProviderAddedAnswer(TypedDict):
    """Answer of `POST /api/providers`."""

    success: Literal[True]
    provider: ProviderView
    message: str
    # null where no key was sent
    key_check: KeyCheck | None


class ProviderAnswer(TypedDict):
    """Answer of `GET /api/providers/<id>`."""

    success: Literal[True]
    provider: ProviderView


class ProviderArguments(TypedDict):
    """`GET /api/providers/all`."""

    include_models: NotRequired[bool]


class ProviderBreakdown(TypedDict):
    """Samples by one provider."""

    provider: str
    # Samples
    count: int


class ProviderChange(TypedDict):
    """Body of `PUT /api/providers/<id>`; null restores the catalogue's value."""

    name: NotRequired[str | None]
    base_url: NotRequired[str | None]
    enabled: NotRequired[bool | None]
    requests_per_minute: NotRequired[int | None]
    tokens_per_minute: NotRequired[int | None]
    default_model_id: NotRequired[str | None]
    champion_model_id: NotRequired[str | None]
    extra_config: NotRequired[dict[str, JsonValue] | None]


class ProviderChangedAnswer(TypedDict):
    """Answer of requests that change a provider."""

    success: Literal[True]
    provider: ProviderView
    message: str


class ProviderConfigAnswer(TypedDict):
    """Answer of `GET /api/providers/<id>/config`."""

    success: Literal[True]
    message: str
    config: ProviderConfigView


class ProviderConfigChange(TypedDict):
    """Body of `PUT /api/providers/<id>/config`; null or empty removes what is stored."""

    api_key: NotRequired[str | None]
    config: NotRequired[dict[str, JsonValue] | None]


class ProviderConfigChangedAnswer(TypedDict):
    """Answer of `PUT /api/providers/<id>/config`."""

    success: Literal[True]
    message: str
    config: ProviderConfigView
    # null where no key was sent
    key_check: KeyCheck | None


class ProviderConfigView(TypedDict):
    """Which secrets of a provider are stored, never their values."""

    provider_id: str
    has_api_key: bool
    key_source: Literal["stored", "settings"] | None
    # False when a stored key was encrypted with another ENCRYPTION_KEY, or there is none
    key_usable: bool
    has_config: bool
    created_at: str | None
    updated_at: str | None


class ProviderCount(TypedDict):
    """Counts of one provider."""

    provider_id: str
    provider_name: str
    enabled: bool
    total_models: int
    enabled_models: int


class ProviderCounts(TypedDict):
    """Counts of all providers."""

    total_providers: int
    enabled_providers: int
    total_models: int
    enabled_models: int
    providers: list[ProviderCount]


class ProviderEventsAnswer(TypedDict):
    """Answer of `GET /api/providers/events`."""

    success: Literal[True]
    events: list[ChangeEvent]
    count: int


class ProviderRow(TypedDict):
    """A provider that can be used."""

    id: str
    name: str
    enabled: Literal[True]
    default_model: str
    champion_model: str
    # Address of its API
    base_url: str
    # Initial limit; corrected by what the vendor states
    requests_per_minute: int
    # Initial limit; corrected by what the vendor states
    tokens_per_minute: int


class ProviderStatsAnswer(TypedDict):
    """Answer of `GET /api/providers/stats`."""

    success: Literal[True]
    stats: ProviderCounts


class ProviderSummary(TypedDict):
    """A provider, usable or not; its key is never sent."""

    id: str
    name: str
    base_url: str
    # Whether it can be used: switched on, and set up
    enabled: bool
    # Whether it was added over the API
    custom: bool
    requests_per_minute: int
    tokens_per_minute: int
    default_model: str
    # The same as default_model
    default_model_id: str
    champion_model: str
    # The same as champion_model
    champion_model_id: str
    needs_key: bool
    # Whether there is a key, stored or in the settings
    api_key_configured: bool
    # The same as api_key_configured
    has_api_key: bool
    extra_config: dict[str, JsonValue]
    created_at: str | None
    updated_at: str | None


class ProviderTest(TypedDict):
    """Body of `POST /api/providers/<id>/test`."""

    model: NotRequired[str | None]


class ProviderTestAnswer(TypedDict):
    """Answer of `POST /api/providers/<id>/test`."""

    success: Literal[True]
    provider: str
    # Null when there is none to call
    model: str | None
    # Whether the model answered
    ok: bool
    # Null when no call was made
    latency_ms: int | None
    limits: list[StatedLimitView]
    error: TestFault | None


class ProviderTrace(TypedDict):
    """What the model thought before it wrote the sample; no part of an export unless asked for."""

    text: str
    # null where a file of others did not say
    provider: str | None
    model: str | None
    reasoning_tokens: int | None
    duration_ms: int | None


class ProviderView(TypedDict):
    """A provider with its models."""

    id: str
    name: str
    base_url: str
    # Whether it can be used: switched on, and set up
    enabled: bool
    # Whether it was added over the API
    custom: bool
    requests_per_minute: int
    tokens_per_minute: int
    default_model: str
    # The same as default_model
    default_model_id: str
    champion_model: str
    # The same as champion_model
    champion_model_id: str
    needs_key: bool
    # Whether there is a key, stored or in the settings
    api_key_configured: bool
    # The same as api_key_configured
    has_api_key: bool
    extra_config: dict[str, JsonValue]
    created_at: str | None
    updated_at: str | None
    # In fallback order
    models: list[ModelView]


class ProvidersAnswer(TypedDict):
    """Answer of `GET /api/providers`."""

    success: Literal[True]
    providers: list[ProviderRow]
    default_provider: str


class ProvidersChangedMessage(TypedDict):
    """Message of `GET /api/generate/batch/stream` after a change of providers or models."""

    type: Literal["providers_changed"]
    change: str
    provider_id: str


class PushBody(TypedDict):
    """Body of `POST /api/huggingface/push`."""

    token: NotRequired[str | None]
    repo_name: NotRequired[str]
    format: NotRequired[str]
    private: NotRequired[bool]
    # Branch to push to, made if it is not there; main by default
    revision: NotRequired[str | None]
    # The same as revision
    branch: NotRequired[str | None]
    # Open a pull request to main instead of changing it
    create_pr: NotRequired[bool]
    # Its first line is the title
    commit_message: NotRequired[str | None]
    # Of the Hub's list; by default the card's own is kept
    license: NotRequired[str | None]
    # Name of a licence that is other
    license_name: NotRequired[str | None]
    # Address of a licence that is other
    license_link: NotRequired[str | None]
    splits: NotRequired[str]
    # fit (default), accepted, unlicensed or all, as in an export
    include: NotRequired[str]
    seed: NotRequired[int]
    topic: NotRequired[str | None]
    difficulty: NotRequired[str | None]
    jurisdiction: NotRequired[str | None]
    sample_type: NotRequired[str | None]
    provider: NotRequired[str | None]
    model: NotRequired[str | None]
    batch_id: NotRequired[str | None]
    # any (default), partly or grounded: so well or better
    grounding: NotRequired[str | None]


class PushedAnswer(TypedDict):
    """Answer of `POST /api/huggingface/push`."""

    success: Literal[True]
    message: str
    repo_url: str
    # What was written, where another than main was asked for
    revision: NotRequired[str]
    # Address of the pull request, where one was opened
    pull_request_url: NotRequired[str]


class QualityReport(TypedDict):
    """Quality of the data set."""

    samples: int
    validity: Validity
    citations: CitationFigures
    balance: Balance
    duplicates: DuplicateFigures
    contamination: Contamination
    # Empty without samples
    lengths_in_words: dict[str, Percentiles]
    # Samples in which a field is empty, by field
    missing_fields: dict[str, int]
    pii: PersonalData
    currency: Currency
    grounding: GroundingFigures
    # By problem, of those that occur; worst first
    worst: dict[str, list[WorstSample]]
    # False while a newer report is being made
    is_current: bool


class QualityReportAnswer(TypedDict):
    """Answer of `GET /api/quality/report`."""

    success: Literal[True]
    report: QualityReport


class QueryAnswer(TypedDict):
    """Answer of `POST /api/query`."""

    success: Literal[True]
    run_id: str
    session_id: str
    turn_id: int | None
    response: str
    # Whether it says that the documents hold no answer
    refused: bool
    intent: IntentFacts
    agents_used: list[str]
    failures: list[AgentFailure]
    citations: list[QueryCitation]
    grounding: Grounding | None
    # What may be wrong with the response
    warnings: list[str]
    chain_of_thought: AnswerThought | None
    # Of the model that answered; null: not known, or no model
    supports_cot: bool | None
    memory_context: MemoryContext | None
    # The typed query of the data set, and its rows
    dataset: DatasetAnswer | None
    attachments: list[AttachmentRead]
    product_cards: list[ProductMatch]
    # What may be answered to a question of the assistant
    options: list[str]
    shopping_status: ShoppingStatus | None
    # A body for POST /api/generate/batch/start; nothing is started
    draft_batch: dict[str, object] | None
    # The batch that a yes started
    batch_id: str | None
    provider: str | None
    model: str | None
    tokens_used: int
    finish_reason: str | None
    elapsed_time: float
    # What the next query of the session goes on from
    state: dict[str, object]


class QueryBody(TypedDict):
    """Body of `POST /api/query` and `POST /api/query/stream`."""

    query: str
    # A label that parts memories and lists
    user_id: NotRequired[str | None]
    # The conversation; a new one is begun without
    session_id: NotRequired[str | None]
    model_provider: NotRequired[str | None]
    # This model and no other
    model_name: NotRequired[str | None]
    # Whether documents may be looked at
    use_rag: NotRequired[bool]
    use_memory: NotRequired[bool]
    # Only these documents
    file_ids: NotRequired[list[str]]
    # docs_only: from the documents alone, with proved citations, or not at all
    answer_mode: NotRequired[Literal["docs_only", "open"]]
    history: NotRequired[list[TurnBody]]
    mode: NotRequired[Literal["chat", "shopping"]]
    attachments: NotRequired[list[Attachment]]
    jurisdiction: NotRequired[Literal["uk", "us", "eu", "international"] | None]


class QueryCitation(TypedDict):
    """What an answer stands on: a provision of a document, or an authority that it names."""

    kind: Literal["provision", "authority"]
    # As it stands in the response: S1; empty for an authority
    marker: str
    citation: str
    title: str
    # The document; null for an authority
    file_id: str | None
    page: int | None
    # Words of the provision, as they stand in the document
    quote: str
    # Whether the words stand there, or the authority is in the index
    proved: bool
    # Of an authority: verified, unverified or invalid, with its code
    verdict: str | None
    url: str


class QuestionArguments(TypedDict):
    """`GET /api/dataset/query`."""

    # A question about the data set
    q: str


class QueueArguments(TypedDict):
    """`GET /api/review/queue`."""

    topic: NotRequired[str]
    difficulty: NotRequired[str]
    jurisdiction: NotRequired[str]
    sample_type: NotRequired[str]
    provider: NotRequired[str]
    model: NotRequired[str]
    batch_id: NotRequired[str]
    # grounded, partly or none
    grounding: NotRequired[str]
    limit: NotRequired[int]
    offset: NotRequired[int]


class RandomAnswer(TypedDict):
    """Answer of `GET /api/samples/random`."""

    success: Literal[True]
    samples: list[StoredSample]
    # Samples in this answer
    count: int


class RandomArguments(TypedDict):
    """`GET /api/samples/random`."""

    topic: NotRequired[str]
    difficulty: NotRequired[str]
    jurisdiction: NotRequired[str]
    sample_type: NotRequired[str]
    provider: NotRequired[str]
    model: NotRequired[str]
    batch_id: NotRequired[str]
    # grounded, partly or none
    grounding: NotRequired[str]
    count: NotRequired[int]
    # The same seed draws the same samples
    seed: NotRequired[int | None]


class ReadyAnswer(TypedDict):
    """Answer of `GET /api/health/ready`; without `success`."""

    status: Literal["ready"]
    total_samples: int
    # database, dataset, disk, providers; also limits (Redis), processes (PostgreSQL)
    parts: dict[str, PartState]


class ReasoningStep(TypedDict):
    """One step of a sample's reasoning."""

    # Its number as the sample gives it; 1 where the reasoning has no steps
    step: int
    # What it says, without its label
    description: str
    # null: a text that was written at once has no times of steps
    duration_ms: int | None
    # What it cites, checked now
    authorities: list[StepAuthority]


class RecipeRow(TypedDict):
    """How one trainer takes a format; the whole table is docs/trainers.md."""

    # With the version that it was run with
    trainer: str
    # False where the trainer cannot take the format; the note says what to use
    taken: bool
    # Of the mapping: python, json, yaml or shell
    language: str
    # What to set; FILE stands for the path of the file; empty for nothing
    mapping: str
    note: str


class Release(TypedDict):
    """A release as lists show it."""

    id: str
    name: str
    version: str
    description: str
    created_at: str
    samples: int
    splits: dict[str, ReleaseSplit]
    # SHA-256 over the sorted hashes of all rows; the same wherever the rows are the same
    content_hash: str
    # Of all its files
    size_bytes: int
    # license, license_name, license_link, as the Hub names them
    licence: dict[str, str]
    # Where it was pulled from, as "owner/name@v1.0.0"; "" for made here
    origin: str
    yanked: ReleaseYank | None


class ReleaseAgainBody(TypedDict):
    """Body of `POST /api/releases/<id>/again`."""

    version: NotRequired[str | None]
    # The same by default
    description: NotRequired[str | None]


class ReleaseAnswer(TypedDict):
    """Answer of `GET /api/releases/<id>` and of what changes it."""

    success: Literal[True]
    release: ReleaseFacts


class ReleaseBatch(TypedDict):
    """A batch that made samples of a release."""

    batch_id: str
    samples: int
    # Of its plan; null where the batch is not known here
    seed: int | None
    # What the whole batch cost, refused drafts with it; null where not known
    cost_usd: float | None


class ReleaseBody(TypedDict):
    """Body of `POST /api/releases`."""

    # Letters, digits, points, dashes, underscores
    name: str
    # As 1.0.0; by default the next of its name: the same recipe raises the second number, another the first
    version: NotRequired[str | None]
    description: NotRequired[str]
    filters: NotRequired[SliceFilters]
    # any (default), partly or grounded, as an export's
    grounding: NotRequired[str]
    # fit (default), accepted, unlicensed or all, as an export's
    include: NotRequired[str]
    # Shares of train, validation, test, such as 0.9,0.05,0.05; none by default
    splits: NotRequired[str]
    seed: NotRequired[int]
    # Keep the models' own thoughts
    thinking: NotRequired[bool]
    # Of the Hub's list: what you release it under
    license: NotRequired[str | None]
    # Name of a licence that is other
    license_name: NotRequired[str | None]
    # Address of a licence that is other
    license_link: NotRequired[str | None]


class ReleaseCheck(TypedDict):
    """Whether files are those of a release."""

    is_intact: bool
    # Of the rows that are there; "" where they cannot be read
    content_hash: str
    samples: int
    # The first hundred
    faults: list[ReleaseFault]


class ReleaseCheckAnswer(TypedDict):
    """Answer of `POST /api/releases/<id>/verify`."""

    success: Literal[True]
    check: ReleaseCheck


class ReleaseDiff(TypedDict):
    """How two releases differ, by row and by measure."""

    before: ReleaseSide
    after: ReleaseSide
    added: int
    removed: int
    changed: int
    # Rows that are alike and stand in another split
    moved: int
    same: int
    # The first of them, by id
    added_ids: list[str]
    removed_ids: list[str]
    changed_rows: list[ChangedRow]
    # After less before, of each measure that differs
    measures: dict[str, float]


class ReleaseDiffAnswer(TypedDict):
    """Answer of `GET /api/releases/<id>/diff`."""

    success: Literal[True]
    diff: ReleaseDiff


class ReleaseDiffArguments(TypedDict):
    """`GET /api/releases/<id>/diff`."""

    # Id of another release; now: what the recipe makes at present
    to: NotRequired[str]
    limit: NotRequired[int]


class ReleaseExportArguments(TypedDict):
    """`GET /api/releases/<id>/export`."""

    # As an export's
    format: NotRequired[str]
    # Columns, comma-separated
    fields: NotRequired[str]
    system_prompt: NotRequired[str]
    # omit, answer or think, as an export's
    reasoning: NotRequired[str]
    # train, validation or test; all by default
    split: NotRequired[str]


class ReleaseFacts(TypedDict):
    """A release with all that is known of it: its manifest."""

    id: str
    name: str
    version: str
    description: str
    created_at: str
    samples: int
    splits: dict[str, ReleaseSplit]
    # SHA-256 over the sorted hashes of all rows; the same wherever the rows are the same
    content_hash: str
    # Of all its files
    size_bytes: int
    # license, license_name, license_link, as the Hub names them
    licence: dict[str, str]
    # Where it was pulled from, as "owner/name@v1.0.0"; "" for made here
    origin: str
    yanked: ReleaseYank | None
    service_version: str
    # State of the data set that it was made of
    data_version: str
    # Columns that a row's hash is over, in order
    hashed: list[str]
    recipe: ReleaseRecipe
    files: list[ReleaseFile]
    # Arrow type of each column of the data files
    columns: dict[str, str]
    # Samples by value of each column, most frequent first
    counts: dict[str, dict[str, int]]
    # Mean length of the texts
    characters: dict[str, float]
    quality: ReleaseQuality
    models: list[ReleaseModel]
    sources: list[ReleaseSource]
    # Batches that made samples of it
    batch_count: int
    # At most 200, those of most samples
    batches: list[ReleaseBatch]
    prompts: ReleasePrompts


class ReleaseFault(TypedDict):
    """What is not as it was released."""

    kind: Literal["missing_file", "changed_file", "changed_row", "added_row", "missing_row", "unreadable", "manifest"]
    # Path of the file, or id of the row
    what: str
    detail: str


class ReleaseFile(TypedDict):
    """A file of a release."""

    path: str
    size_bytes: int
    sha256: str
    # Whose rows it holds; "" for files beside the data
    split: str
    samples: int


class ReleaseModel(TypedDict):
    """What a model wrote of a release."""

    provider: str | None
    model: str | None
    samples: int
    # Of the calls that answered; those of refused drafts are not in it
    tokens: int


class ReleasePrompts(TypedDict):
    """The prompts that asked for the samples of a release."""

    # Different ones; each row names its own in `prompt_hash`
    count: int
    # Over their sorted hashes
    sha256: str
    # Samples that name none: added by hand or imported
    without: int


class ReleasePullBody(TypedDict):
    """Body of `POST /api/releases/pull`."""

    token: NotRequired[str | None]
    # owner/name
    repo_name: str
    # A tag, such as v1.0.0
    revision: NotRequired[str]


class ReleasePushBody(TypedDict):
    """Body of `POST /api/releases/<id>/push`."""

    token: NotRequired[str | None]
    # The release's name by default
    repo_name: NotRequired[str | None]
    private: NotRequired[bool]
    commit_message: NotRequired[str | None]


class ReleaseQuality(TypedDict):
    """What is known of the quality of the rows, from the checks that each passed when it came in."""

    mean_score: float | None
    # Samples that have a score
    scored: int
    mean_judge_score: float | None
    # Samples that another model judged
    judged: int
    # By worst verdict: verified, unverified, invalid, none, unchecked
    citations: dict[str, int]
    # Samples by grounding: grounded, partly, none, unknown
    grounding: dict[str, int]
    # Samples by review: accepted, rejected, withheld, never
    reviews: dict[str, int]
    # Samples that the filters match and that were left out, by reason
    left_out: dict[str, int]


class ReleaseRecipe(TypedDict):
    """How a release was chosen; with the same data set it makes the same rows."""

    filters: dict[str, str]
    # any, partly or grounded: as an export's
    grounding: str
    # fit, accepted, unlicensed or all: as an export's
    include: str
    # Shares of the splits, as "0.9,0.05,0.05"; "" for one, named train
    splits: str
    # Of the splits
    seed: int
    # Whether the models' own thoughts are kept
    thinking: bool


class ReleaseSide(TypedDict):
    """One side of a comparison."""

    # Id of a release; "now" for what its recipe makes of the data set now
    id: str
    samples: int
    content_hash: str
    # Figures that both sides have; null where one is not known
    measures: dict[str, float | None]


class ReleaseSource(TypedDict):
    """A document that samples of a release stand on."""

    title: str
    version: str
    licence: str
    url: str
    samples: int


class ReleaseSplit(TypedDict):
    """One split of a release."""

    samples: int
    # Size of its rows in memory, as Polars holds them
    memory_bytes: int
    # SHA-256 over the sorted hashes of its rows
    content_hash: str


class ReleaseStartedAnswer(TypedDict):
    """Answer of what works on a release behind the request."""

    success: Literal[True]
    # Follow it at /api/runs/{run_id}/events, cancel it at …/cancel
    run_id: str


class ReleaseVerifyBody(TypedDict):
    """Body of `POST /api/releases/<id>/verify`."""

    token: NotRequired[str | None]
    # Check the copy on the Hub, not the files here
    repo_name: NotRequired[str | None]
    # By default the tag of its version
    revision: NotRequired[str | None]


class ReleaseYank(TypedDict):
    """That a release should not be used any more."""

    at: str
    reason: str
    # Whether its files were removed too, for good
    is_erased: bool


class ReleasesAnswer(TypedDict):
    """Answer of `GET /api/releases`."""

    success: Literal[True]
    releases: list[Release]
    count: int


class ReleasesArguments(TypedDict):
    """`GET /api/releases`."""

    # Only those of this name
    name: NotRequired[str]
    # With those that were yanked
    yanked: NotRequired[bool]


class RemovedAnswer(TypedDict):
    """Answer of `DELETE /api/providers/<id>`."""

    success: Literal[True]
    message: str


class ReportArguments(TypedDict):
    """`GET /api/quality/report`."""

    renew: NotRequired[bool]


class ResultRow(TypedDict):
    """A provision that was found, with its best chunk."""

    chunk_id: int
    unit_id: int
    # section, article, recital, rule, schedule, paragraph, clause, note or text
    kind: str
    # As it is cited: 172, 26A, 6; empty for none
    number: str
    heading: str
    # Headings above it, outermost first
    path: list[str]
    page: int | None
    # In characters, from the start of the document's text
    start: int
    # In characters, from the start of the document's text
    end: int
    text: str
    file_id: str
    # Of the document or instrument
    title: str
    jurisdiction: str
    # 0 to 1, comparable between questions of one embedder
    score: float
    # Whether the question names this provision
    is_cited: bool
    # in_force, repealed or prospective; empty where not known
    status: str
    # Empty without explain
    legs: list[LegRow]


class ResumeDetail(TypedDict):
    """How a batch resumed."""

    # Calls that were under way when the service ended; absent when the service ran all the time
    in_doubt: NotRequired[int]


class Resumed(TypedDict):
    """The batch resumed, after a pause or a restart of the service."""

    # Also the id of the stream's message; give it back as after or Last-Event-ID
    id: int
    # ISO 8601
    at: str
    type: Literal["resumed"]
    detail: ResumeDetail


class RetrieveAnswer(TypedDict):
    """Answer of `POST /api/retrieve`."""

    success: Literal[True]
    query: str
    results: list[ResultRow]
    count: int
    # The model whose vectors were used; empty: words alone
    embedder: str
    # What could not be used, with the reason
    notes: dict[str, str]


class RetrieveBody(TypedDict):
    """Body of `POST /api/retrieve`."""

    query: str
    top_k: NotRequired[int]
    # Only in these documents
    file_ids: NotRequired[list[str] | None]
    jurisdiction: NotRequired[Literal["uk", "us", "eu", "international"] | None]
    # Only units of this kind: section, article, paragraph, …
    kind: NotRequired[str | None]
    # Leave out what scores less
    min_score: NotRequired[float]
    # Tell what each leg of the search says
    explain: NotRequired[bool]


class Review(TypedDict):
    """Body of `POST /api/sample/<id>/review`."""

    decision: Literal["accept", "reject", "edit"]
    reason: str
    reviewer: NotRequired[str | None]
    changes: NotRequired[dict[str, object]]


class ReviewQueueAnswer(TypedDict):
    """Answer of `GET /api/review/queue`."""

    success: Literal[True]
    # Lowest quality score first
    samples: list[StoredSample]
    # Samples in this answer
    count: int
    # Samples that wait for a reviewer and match the filters
    total: int


class ReviewRow(TypedDict):
    """A decision about a sample."""

    sample_id: str
    # ISO 8601
    at: str
    # change: an edit that decides nothing; undo: a decision taken back, the sample waits again
    decision: Literal["accept", "reject", "edit", "change", "undo"]
    reason: str
    reviewer: str | None
    # The sample as it was before an edit or change, columns without a value left out or null; null for other
    #     decisions
    before: dict[str, JsonValue] | None
    # The fields that an edit or change changed; empty for the other decisions
    changes: dict[str, JsonValue]


class ReviewedAnswer(TypedDict):
    """Answer of `POST /api/sample/<id>/review`."""

    success: Literal[True]
    message: str
    # The sample as it is now
    sample: StoredSample


class ReviewsAnswer(TypedDict):
    """Answer of `GET /api/sample/<id>/reviews`."""

    success: Literal[True]
    # Oldest first
    reviews: list[ReviewRow]
    count: int


class RunAnswer(TypedDict):
    """Answer of `GET /api/runs/{id}` and of its cancelling."""

    success: Literal[True]
    run: RunFacts


class RunArguments(TypedDict):
    """`GET /api/runs/<id>/events`."""

    # For browsers' EventSource, which cannot send the header
    access_token: NotRequired[str]
    # Number of the last event received; the header Last-Event-ID goes before it
    after: NotRequired[int]


class RunFacts(TypedDict):
    """A run: what was asked, and what became of it."""

    run_id: str
    # chat, query, generate, push, report, duplicates, decontamination or export
    kind: str
    state: Literal["running", "done", "error", "cancelled"]
    # What was asked
    request: dict[str, object]
    # The answer, once it is done
    result: dict[str, object] | None
    # Why there is none
    error: str | None
    # Number of the last event
    events: int
    started_at: str
    ended_at: str | None


class RunMessage(TypedDict):
    """The `data:` of a message of a run; done has the fields of the whole answer beside these."""

    type: NotRequired[Literal["status", "thought", "token", "citation", "done", "error"]]
    # The next piece; in thought and token
    content: NotRequired[str]
    # started, intent, agent, agent_done, calling, refused, or the step of a push or a job
    status: NotRequired[str]
    # How much of the step that status names is done; of work on the data set
    done: NotRequired[int]
    # How much it is in all; 0 where nobody knows
    total: NotRequired[int]
    run_id: NotRequired[str]
    # Why what was told is put aside; in status refused
    reason: NotRequired[str]
    # Which agent; in status agent and agent_done
    agent: NotRequired[str]
    # How long it took; in status agent_done
    duration_ms: NotRequired[int]
    provider: NotRequired[str | None]
    model: NotRequired[str | None]
    # Why it ended; in error, with code, retryable and category
    error: NotRequired[str]
    code: NotRequired[str]
    retryable: NotRequired[bool]
    category: NotRequired[str | None]


class SampleAnswer(TypedDict):
    """Answer of `GET /api/sample/<id>`."""

    success: Literal[True]
    sample: StoredSample


class SampleChange(TypedDict):
    """Body of `PUT /api/sample/<id>`: any fields of a sample, also a new id."""

    id: NotRequired[str | None]
    question: NotRequired[str | None]
    answer: NotRequired[str | None]
    topic: NotRequired[str | None]
    difficulty: NotRequired[Literal["foundational", "basic", "intermediate", "advanced", "expert"] | None]
    case_citation: NotRequired[str | None]
    reasoning: NotRequired[str | None]


class SampleCitation(TypedDict):
    """A citation of a sample, with the field that holds it."""

    # As written in the text
    text: str
    # Place of its first character, from 0
    start: int
    # One past its last character
    end: int
    kind: Literal["case", "statute", "regulation", "treaty"]
    jurisdiction: Literal["uk", "us", "eu", "international"]
    # The reference in its usual form, without the name
    normalized: str
    verdict: Literal["verified", "unverified", "invalid"]
    # A stable word for programs, such as in_index or year_mismatch
    reason_code: str
    # A sentence for people
    reason: str
    # The known authority; null when there is none
    matched: str | None
    field: Literal["case_citation", "answer", "reasoning"]


class SampleCitationsAnswer(TypedDict):
    """Answer of `GET /api/sample/<id>/citations`."""

    success: Literal[True]
    # Field by field
    citations: list[SampleCitation]
    counts: VerdictCounts


class SampleDetail(TypedDict):
    """A sample that was stored."""

    # Number of the sample within the batch, from 0
    item: int
    # Id of the stored sample
    sample: str


class SampleGivenUp(TypedDict):
    """A sample was given up: rejected by checks, or failed because no vendor takes its request."""

    # Also the id of the stream's message; give it back as after or Last-Event-ID
    id: int
    # ISO 8601
    at: str
    type: Literal["rejected", "failed"]
    detail: GivenUpDetail


class SampleIds(TypedDict):
    """Body of `POST /api/samples/download`."""

    sample_ids: list[str]


class SampleName(TypedDict):
    """`GET`, `PUT` and `DELETE /api/sample`."""

    # The sample's id, escaped as any argument
    id: str


class SampleQueryArguments(TypedDict):
    """`GET /api/data`."""

    topic: NotRequired[str]
    difficulty: NotRequired[str]
    jurisdiction: NotRequired[str]
    sample_type: NotRequired[str]
    provider: NotRequired[str]
    model: NotRequired[str]
    batch_id: NotRequired[str]
    # grounded, partly or none
    grounding: NotRequired[str]
    # Most samples to return; all by default
    limit: NotRequired[int | None]
    offset: NotRequired[int]
    # newest, oldest, longest, shortest, or a column; a leading - reverses it
    sort: NotRequired[str]
    # Where the previous page ended (X-Next-Cursor, next_cursor)
    cursor: NotRequired[str]


class SampleStored(TypedDict):
    """A sample was stored."""

    # Also the id of the stream's message; give it back as after or Last-Event-ID
    id: int
    # ISO 8601
    at: str
    type: Literal["sample"]
    detail: SampleDetail


class SampleTypeBreakdown(TypedDict):
    """Samples of one sample type."""

    sample_type: str
    # Samples
    count: int


class SampleTypeRow(TypedDict):
    """A kind of sample."""

    id: str
    name: str
    description: str
    focus: str
    # An example question; empty for balance
    example: str


class SampleTypesAnswer(TypedDict):
    """Answer of `GET /api/sample-types`."""

    success: Literal[True]
    # The mix balance comes last
    sample_types: list[SampleTypeRow]
    default: Literal["case_analysis"]


class Schedule(TypedDict):
    """When a template is run."""

    id: str
    template: str
    # Of the template; null for the newest at that moment
    version: int | None
    cron: str
    timezone: str
    is_on: bool
    created_at: str
    # UTC; null while it is off
    next_at: str | None
    # The moment that was last due
    last_at: str | None
    last_batch: str | None
    # Why no batch was started then
    last_error: str | None
    # Moments that passed while no service ran; one batch made up for all
    missed: int


class ScheduleAnswer(TypedDict):
    """Answer of what shows or changes a schedule."""

    success: Literal[True]
    schedule: Schedule


class ScheduleBody(TypedDict):
    """Body of `POST /api/schedules`."""

    template: str
    # The newest at each run by default
    version: NotRequired[int | None]
    # Five fields: minute, hour, day of month, month, day of week
    cron: str
    # Such as Europe/London
    timezone: NotRequired[str]
    is_on: NotRequired[bool]


class ScheduleChange(TypedDict):
    """Body of `PATCH /api/schedules/<id>`."""

    is_on: bool


class ScheduleDeletedAnswer(TypedDict):
    """Answer of `DELETE /api/schedules/<id>`."""

    success: Literal[True]
    message: str


class SchedulesAnswer(TypedDict):
    """Answer of `GET /api/schedules`."""

    success: Literal[True]
    schedules: list[Schedule]
    count: int


class SearchAnswer(TypedDict):
    """Answer of `GET /api/search`."""

    success: Literal[True]
    results: list[StoredSample]
    # Samples in this answer
    count: int
    # The words as they were sent
    query: str
    # all means question, answer, topic and case_citation
    field: Literal["all"] | Literal["question", "answer", "topic", "case_citation", "reasoning"]
    # By sample id and field, the part with the first hits as HTML with <mark>; absent unless snippets=true
    snippets: NotRequired[dict[str, dict[str, str]]]


class SearchArguments(TypedDict):
    """`GET /api/search`."""

    topic: NotRequired[str]
    difficulty: NotRequired[str]
    jurisdiction: NotRequired[str]
    sample_type: NotRequired[str]
    provider: NotRequired[str]
    model: NotRequired[str]
    batch_id: NotRequired[str]
    # grounded, partly or none
    grounding: NotRequired[str]
    # Words; each must occur; required
    q: NotRequired[str]
    # all, question, answer, topic, case_citation or reasoning
    field: NotRequired[str]
    limit: NotRequired[int]
    # newest or relevance
    sort: NotRequired[str]
    snippets: NotRequired[bool]


class SessionAnswer(TypedDict):
    """Answer of `POST /api/sessions/start` and `POST /api/sessions/<id>/end`."""

    success: Literal[True]
    session_id: str
    session: SessionInfo


class SessionArguments(TypedDict):
    """`GET /api/sessions/<id>`."""

    include_events: NotRequired[bool]
    # Most turns, and most events
    limit: NotRequired[int]


class SessionDeletedAnswer(TypedDict):
    """Answer of `DELETE /api/sessions/<id>`."""

    success: Literal[True]
    session_id: str
    deleted_turns: int
    # Events that stay in the audit trail, without their text
    kept_events: int
    message: str


class SessionDetailAnswer(TypedDict):
    """Answer of `GET /api/sessions/<id>`."""

    success: Literal[True]
    session_id: str
    session: SessionInfo
    # Made in the background after every four turns
    summary: SessionSummary | None
    # Its last turns, oldest first
    history: list[TurnInfo]
    # Its newest events, oldest first; null without include_events
    events: list[AuditEventInfo] | None


class SessionInfo(TypedDict):
    """A session."""

    session_id: str
    # A label, not an access control: the token's name, `local`, or what was sent
    user_id: str
    # Given, or made of the first query; empty before it
    title: str
    status: Literal["active", "ended"]
    metadata: dict[str, object]
    started_at: str
    # When it last began, got a turn or ended
    last_at: str
    ended_at: str | None
    turns: int


class SessionStart(TypedDict):
    """Body of `POST /api/sessions/start`."""

    user_id: NotRequired[str | None]
    title: NotRequired[str | None]
    metadata: NotRequired[dict[str, JsonValue]]


class SessionSummary(TypedDict):
    """The newest summary of a session."""

    text: str
    # rules: sentences of queries and answers, chosen without a model
    made_by: Literal["rules", "model"]
    # Provider and model that made it; empty for rules
    model: str
    # Why rules made it although a model is set; empty otherwise
    reason: str
    # How many turns it is about
    turns: int
    # Id of the newest of them
    upto: int
    at: str


class SessionsAnswer(TypedDict):
    """Answer of `GET /api/sessions`."""

    success: Literal[True]
    sessions: list[SessionInfo]
    count: int
    total: int


class SessionsArguments(TypedDict):
    """`GET /api/sessions`."""

    user_id: NotRequired[str | None]
    status: NotRequired[Literal["active", "ended"] | None]
    limit: NotRequired[int]
    offset: NotRequired[int]


class ShoppingStatus(TypedDict):
    """Where a guided choice is."""

    step: int
    of: int
    is_done: bool
    asked: list[str]
    answers: dict[str, str]


class SimilarAnswer(TypedDict):
    """Answer of `GET /api/sample/<id>/duplicates`."""

    success: Literal[True]
    similar: list[SimilarSample]
    count: int


class SimilarPair(TypedDict):
    """Two samples that are similar."""

    ids: list[str]
    # 0 to 1
    similarity: float
    # A sibling is about other law
    kind: Literal["duplicate", "sibling", "similar"]
    # True when question and answer are the same
    exact: bool
    # How the law of a sibling differs; empty for other kinds
    differs_in: Literal["", "jurisdiction", "provisions", "authorities", "concepts"]


class SimilarSample(TypedDict):
    """A sample that is similar to the one asked about."""

    id: str
    # 0 to 1
    similarity: float
    # How its law differs; empty when it does not
    differs_in: Literal["", "jurisdiction", "provisions", "authorities", "concepts"]


class SliceFilters(TypedDict):
    """Which samples a slice holds: all that is given must hold; nothing given is the whole data set."""

    topic: NotRequired[str]
    difficulty: NotRequired[str]
    jurisdiction: NotRequired[str]
    sample_type: NotRequired[str]
    provider: NotRequired[str]
    model: NotRequired[str]
    batch_id: NotRequired[str]
    # grounded, partly or none
    grounding: NotRequired[str]


class StartDetail(TypedDict):
    """What a batch began with."""

    # Samples wanted
    target: int


class Started(TypedDict):
    """The batch began."""

    # Also the id of the stream's message; give it back as after or Last-Event-ID
    id: int
    # ISO 8601
    at: str
    type: Literal["started"]
    detail: StartDetail


class StartedAnswer(TypedDict):
    """Answer of `POST /api/generate/batch/start`."""

    success: Literal[True]
    message: str
    batch_id: str
    # auto for all providers at once
    provider: str
    # Null with provider auto, unless one was named
    model: str | None
    smart_mode: bool
    features: list[str]


class StatedLimitView(TypedDict):
    """A limit that the vendor stated in the headers of its answer."""

    unit: Literal["requests", "tokens"]
    window: Literal["second", "minute", "hour", "day"]
    limit: int
    remaining: int | None
    # Seconds until it is fully available again
    reset_s: float | None


class StatsAnswer(TypedDict):
    """Answer of `GET /api/stats`; without `success`."""

    # Samples in the data set
    total: int
    # Names of the columns, those of the service first
    columns: list[str]
    # Most frequent first
    difficulty_distribution: list[DifficultyCount]
    # The ten most frequent topics, most frequent first
    top_topics: list[TopicCount]
    # Samples by sample type
    sample_type_distribution: dict[str, int]
    # Samples by jurisdiction
    jurisdiction_distribution: dict[str, int]
    # Mean lengths in characters; 0 without samples
    avg_lengths: FieldLengths
    unique_topics: int
    # The same as unique_topics, for older clients
    total_topics: int
    unique_practice_areas: int
    # Difficulties that occur
    total_difficulties: int
    # Size of train.parquet in KiB; 0 before it was written
    file_size_kb: float


class StatusArguments(TypedDict):
    """`GET /api/generate/batch/status`."""

    batch_id: NotRequired[str]


class StepAuthority(TypedDict):
    """An authority that a step cites."""

    # As the step cites it
    text: str
    # The reference in its usual form, without the name
    normalized: str
    verdict: Literal["verified", "unverified", "invalid"]


class StoppedAllAnswer(TypedDict):
    """Answer of `POST /api/generate/batch/stop` without a batch_id."""

    success: Literal[True]
    message: str
    stopped_batch_ids: list[str]
    # The same as stopped_batch_ids
    stopped_batches: list[str]
    count: int


class StoppedOneAnswer(TypedDict):
    """Answer of `POST /api/generate/batch/stop` with a batch_id."""

    success: Literal[True]
    message: str
    batch_id: str
    # Its id
    stopped_batches: list[str]
    count: int


class Stopping(TypedDict):
    """The batch was stopped."""

    # Also the id of the stream's message; give it back as after or Last-Event-ID
    id: int
    # ISO 8601
    at: str
    type: Literal["stopping"]
    detail: NoDetail


class StoredSample(TypedDict):
    """A stored sample: all columns of the service, and any other columns of the data set."""

    id: str
    question: str
    answer: str
    # "<Practice Area> - <Subtopic>"
    topic: str
    # foundational, basic, intermediate, advanced or expert; a foreign Parquet file may hold any other text
    difficulty: str
    case_citation: str
    reasoning: str
    # uk, us, eu or international; a caller or a file may have given another text
    jurisdiction: str
    # Id of a sample type; a caller or a file may have given another text
    sample_type: str
    # The batch that made it
    batch_id: str | None
    # Id of the provider whose model wrote it
    provider: str | None
    # Id of the model that wrote it
    model: str | None
    # When it was made, ISO 8601
    created_at: str | None
    # When it was last changed, ISO 8601
    updated_at: str | None
    # Tokens of the call that answered, prompt plus completion
    tokens_used: int | None
    # SHA-256 of the prompt
    prompt_hash: str | None
    # What the model thought before it answered
    thinking: str | None
    # Every target tried, in order, as a JSON array of "provider/model: outcome", as text
    failover_chain: str | None
    # Worst verdict on its citations: verified, unverified or invalid; null when nothing is cited or before they
    #     were checked; a foreign Parquet file may hold any other text
    citation_verdict: str | None
    # Its citations with their verdicts, a JSON array as text
    citations: str | None
    # 0 to 1
    quality_score: float | None
    # What the checks found at fault, a JSON array of sentences as text
    quality_issues: str | None
    # Score by the judge, another model; 0 to 1
    judge_score: float | None
    # The judge, each point with its reason, and its verdicts on claims of the law, a JSON object as text
    judgement: str | None
    # accepted or rejected by a reviewer; null before; a foreign Parquet file may hold any other text
    review: str | None
    # How well it stands on documents that were here when it was made: grounded, partly (something in doubt, or law
    #     beside it) or none; null before that was looked at; a foreign Parquet file may hold any other text
    grounding: str | None
    # The provisions that it stands on, a JSON array as text: file_id, unit_id, citation, title, number, version,
    #     licence, url, quotes, and spans (places of the quotes in the document's text); no quotes and spans once
    #     answer or reasoning were changed
    sources: str | None
    # Whose thinking it is, a JSON object as text: provider, model, reasoning_tokens (null where the vendor does not
    #     count them), duration_ms (null where it was not streamed)
    thinking_source: str | None


class StreamArguments(TypedDict):
    """`GET /api/generate/batch/stream`."""

    # For browsers' EventSource, which cannot send the header
    access_token: NotRequired[str]


class StuckAnswer(TypedDict):
    """Answer of `GET /api/batches/stuck`."""

    success: Literal[True]
    stuck_batches: list[StuckBatch]
    # Always empty: a GET stops nothing
    stopped_batches: list[str]
    count: int
    stopped_count: Literal[0]
    zombie_count: int
    time_stuck_count: int
    threshold_minutes: Literal[10]
    message: str


class StuckBatch(TypedDict):
    """A batch that runs and makes no progress."""

    batch_id: str
    # ISO 8601
    started_at: str
    # Minutes that it has run, without pauses
    elapsed_minutes: float
    # Minutes since its last sample; null for a zombie
    idle_minutes: float | None
    samples_generated: int
    # Samples wanted
    target: int
    model: str | None
    # True when the database says that it runs and the service does not run it
    is_zombie: bool
    # What it waits for, a sentence
    explanation: str


# A change from one target to another; of the model, or of the provider.
Switch = TypedDict(
    "Switch",
    {
        "from": "str",
        "from_provider": "str",
        "to_provider": "str",
        "from_model": "str",
        "to_model": "str",
        "to": "str",
        "provider": "str",
        "reason": "str",
        "timestamp": "str",
        "samples_generated": "int",
        "at_sample": "int",
    },
)


class Switched(TypedDict):
    """The batch went over to another target."""

    # Also the id of the stream's message; give it back as after or Last-Event-ID
    id: int
    # ISO 8601
    at: str
    type: Literal["switch"]
    detail: Switch


class SystemPrompt(TypedDict):
    """A system prompt to choose."""

    name: str
    prompt: str


class SystemPromptsAnswer(TypedDict):
    """Answer of `GET /api/chat/system-prompts`."""

    success: Literal[True]
    prompts: dict[str, SystemPrompt]


class TargetLatency(TypedDict):
    """How long the answers of a target took."""

    # Median, in seconds
    p50_s: float
    # 95th percentile, in seconds
    p95_s: float
    calls: int


class TargetState(TypedDict):
    """A model at a provider: whether it may be called, its limits and what is used of them."""

    # "provider/model"
    target: str
    provider: str
    model: str
    # True when it may be called now
    open: bool
    # Why it is closed; on trial while one call tries it; null when it is open
    reason: (
        Literal[
            "model_unavailable",
            "rate_limit",
            "authentication",
            "timeout",
            "connection_error",
            "server_error",
            "general",
            "on trial",
        ]
        | None
    )
    # Seconds until it may be called, 0 when it may be now; null until the settings change
    opens_in_s: float | None
    # Calls under way
    in_flight: int
    # Most calls at a time
    at_a_time: int
    minute: LimitWindow
    hour: LimitWindow
    day: LimitWindow
    # Median time of its answers, in seconds; null before any
    p50_s: float | None
    # 95th percentile of that time, in seconds; null before any
    p95_s: float | None
    # US dollars per million prompt tokens; null when not known
    price_input: float | None
    # US dollars per million answer tokens; null when not known
    price_output: float | None


class TargetUsage(TypedDict):
    """What a batch used of one target."""

    calls: int
    # Calls that gave no answer
    failed: int
    # Calls answered with 429
    rate_limited: int
    prompt_tokens: int
    completion_tokens: int
    # Prompt plus completion
    total_tokens: int
    # US dollars; null when a price is not known
    cost_usd: float | None
    # US dollars of the calls whose price is known
    priced_usd: float
    # Tokens of models whose price is not known
    unpriced_tokens: int
    # Calls that were cut off and may have been billed; in no other figure
    in_doubt: int
    provider: str
    model: str


class TargetsAnswer(TypedDict):
    """Answer of `GET /api/targets`."""

    success: Literal[True]
    targets: list[TargetState]


class Template(TypedDict):
    """One version of a named recipe for batches."""

    name: str
    version: int
    created_at: str
    note: str
    # What `POST /api/generate/batch/start` takes
    batch: dict[str, JsonValue]
    # The same as YAML
    yaml: str


class TemplateAnswer(TypedDict):
    """Answer of what shows or changes a template."""

    success: Literal[True]
    template: Template


class TemplateArguments(TypedDict):
    """`GET /api/templates/<name>`."""

    # The newest by default
    version: NotRequired[int | None]


class TemplateBody(TypedDict):
    """Body of `PUT /api/templates/<name>`."""

    # What `POST /api/generate/batch/start` takes
    batch: NotRequired[dict[str, JsonValue] | None]
    # The same as YAML, in place of it
    yaml: NotRequired[str | None]
    note: NotRequired[str]


class TemplateDeletedAnswer(TypedDict):
    """Answer of `DELETE /api/templates/<name>`."""

    success: Literal[True]
    message: str


class TemplateRunBody(TypedDict):
    """Body of `POST /api/templates/<name>/run`."""

    # The newest by default
    version: NotRequired[int | None]
    # Fields that are other this time
    change: NotRequired[dict[str, JsonValue]]


class TemplateVersionsAnswer(TypedDict):
    """Answer of `GET /api/templates/<name>/versions`."""

    success: Literal[True]
    # Newest first
    versions: list[Template]
    count: int


class TemplatesAnswer(TypedDict):
    """Answer of `GET /api/templates`."""

    success: Literal[True]
    # The newest version of each, by name
    templates: list[Template]
    count: int


class TestFault(TypedDict):
    """Why a test call gave no answer."""

    # As in the errors of a batch, or configuration
    category: str
    message: str


class TextCitationsAnswer(TypedDict):
    """Answer of `POST /api/citations/check`."""

    success: Literal[True]
    # In order of the text
    citations: list[CheckedCitation]
    counts: VerdictCounts


class ThinCell(TypedDict):
    """A combination with few samples."""

    # "topic × difficulty × sample type"
    cell: str
    samples: int


class ThoughtAnswer(TypedDict):
    """Answer of `GET /api/samples/<id>/chain-of-thought`."""

    success: Literal[True]
    chain_of_thought: ChainOfThought
    # null where no trace is kept
    provider_trace: ProviderTrace | None
    sample_id: str
    # Whether the model that wrote it shows its reasoning; null where that is not known
    supports_cot: bool | None


class ThoughtStep(TypedDict):
    """A step."""

    step: int
    description: str
    duration_ms: int | None


class Thresholds(TypedDict):
    """Similarities from which samples are reported and refused; 0 for never."""

    report: float
    refuse: float


class TokenStats(TypedDict):
    """Tokens of the data set."""

    total_tokens: int
    total_samples: int
    avg_tokens_per_sample: float
    tokens_by_field: TokensByField
    tokens_by_difficulty: dict[str, TokenSum]
    # The ten with most tokens, most first
    tokens_by_practice_area: list[PracticeAreaTokens]
    tokens_by_sample_type: dict[str, TokenSum]
    tokens_by_jurisdiction: dict[str, TokenSum]
    tokens_by_provider: dict[str, TokenSum]
    tokens_by_model: dict[str, TokenSum]
    # By the day of created_at, such as "2026-11-21"
    tokens_by_day: dict[str, TokenSum]
    # Name of the vocabulary that the tokens are counted with
    encoding: str
    # By model id, of models whose price is known
    estimated_costs: dict[str, EstimatedCost]


class TokenStatsAnswer(TypedDict):
    """Answer of `GET /api/stats/tokens`."""

    success: Literal[True]
    stats: TokenStats


class TokenSum(TypedDict):
    """Tokens of the samples that share a value."""

    total_tokens: int
    # Tokens per sample
    avg_tokens: float
    sample_count: int


class TokensByField(TypedDict):
    """Tokens of each field that is counted."""

    question: FieldTokens
    answer: FieldTokens
    reasoning: FieldTokens
    case_citation: FieldTokens
    topic: FieldTokens


class TopicArguments(TypedDict):
    """`GET /api/topics`."""

    # uk (default), us, eu, international or all
    jurisdiction: NotRequired[str]


class TopicCount(TypedDict):
    """Samples of one topic."""

    # The same as count, for older clients
    len: int
    # Samples
    count: int
    topic: str


class TopicRow(TypedDict):
    """A topic; clients send `"<practice_area> - <topic>"` back."""

    practice_area: str
    topic: str
    difficulty: Literal["foundational", "basic", "intermediate", "advanced", "expert"]
    jurisdiction: str


class TopicsAnswer(TypedDict):
    """Answer of `GET /api/topics`; without `success`."""

    topics: list[TopicRow]


class TrimmedPart(TypedDict):
    """A part of what was known that did not fit into the budget."""

    # turn_text: the end of a long answer; all others were left out whole
    part: Literal["similar", "turn", "turn_text", "summary", "memory"]
    # Id of the turn or summary, key of the memory
    key: str
    tokens: int


class TurnBody(TypedDict):
    """An earlier turn that the client brings itself."""

    role: Literal["user", "assistant"]
    content: str


class TurnHistoryAnswer(TypedDict):
    """Answer of `GET /api/query/history`."""

    success: Literal[True]
    # Newest first
    history: list[TurnInfo]
    count: int
    # `before` of the next page; null: this was the last
    next_before: int | None


class TurnHistoryArguments(TypedDict):
    """`GET /api/query/history`."""

    user_id: NotRequired[str | None]
    session_id: NotRequired[str | None]
    # Only turns before this id
    before: NotRequired[int | None]
    limit: NotRequired[int]


class TurnInfo(TypedDict):
    """A query and its answer, without any model's thoughts."""

    id: int
    session_id: str | None
    # A label, not an access control: the token's name, `local`, or what was sent
    user_id: str
    at: str
    query: str
    response: str
    intent: str
    citations: list[dict[str, object]]
    provider: str
    model: str
    tokens: int
    run_id: str | None


class UndoBody(TypedDict):
    """Body of `POST /api/samples/bulk/undo`."""

    undo: str


class UndoneAnswer(TypedDict):
    """Answer of `POST /api/samples/bulk/undo`."""

    success: Literal[True]
    restored: int
    # The first thousand that were changed since, and stay so
    left: list[str]
    # Samples in the data set now
    total_samples: int


class UnusedProvisions(TypedDict):
    """A document with provisions that no sample stands on."""

    file_id: str
    instrument: str
    version: str
    provisions: int
    never_used: int
    # The first ten that were never used
    numbers: list[str]


class UpdatedAnswer(TypedDict):
    """Answer of `PUT /api/sample/<id>`."""

    success: Literal[True]
    message: str
    # The sample as it is now
    sample: StoredSample
    # Samples in the data set
    total_samples: int


class UploadAnswer(TypedDict):
    """Answer of `POST /api/files/upload`."""

    # False when the file was kept and could not be read: status is failed then
    success: bool
    file_id: str
    # processing until it is read
    status: Literal["processing", "ready", "failed"]
    message: str
    file: DocumentRow


class UploadArguments(TypedDict):
    """`POST /api/files/upload`."""

    # Name of the file, where it is the body itself
    name: NotRequired[str]
    # Citations resolve by it; by default what the file, its first line or name says
    title: NotRequired[str]
    # Such as ogl-uk-3.0, cc-by-4.0, public-domain, own
    licence: NotRequired[str]
    # uk, us, eu or international
    jurisdiction: NotRequired[str]
    # State of the text, as 2024-01-31
    version: NotRequired[str]
    # Where it can be read
    url: NotRequired[str]
    # Answer when it is read and its words find it, after ten minutes at the latest
    wait: NotRequired[bool]


class UsageAmounts(TypedDict):
    """Calls, tokens and cost."""

    calls: int
    # Calls that gave no answer
    failed: int
    # Calls answered with 429
    rate_limited: int
    prompt_tokens: int
    completion_tokens: int
    # Prompt plus completion
    total_tokens: int
    # US dollars; null when a price is not known
    cost_usd: float | None
    # US dollars of the calls whose price is known
    priced_usd: float
    # Tokens of models whose price is not known
    unpriced_tokens: int
    # Calls that were cut off and may have been billed; in no other figure
    in_doubt: int


class UsageAnswer(TypedDict):
    """Answer of `GET /api/usage`."""

    success: Literal[True]
    # The groups, as they were asked for
    by: list[Literal["day", "provider", "model", "batch"]]
    # One row a group, in their order
    usage: list[UsageRow]
    # All rows together
    total: UsageAmounts


class UsageArguments(TypedDict):
    """`GET /api/usage`."""

    # Some of day, provider, model, batch, comma-separated; all by default
    by: NotRequired[str]
    # A day, such as 2026-11-21
    since: NotRequired[str]
    batch_id: NotRequired[str | None]


class UsageRow(TypedDict):
    """Usage of one group, with the values that it is grouped by."""

    calls: int
    # Calls that gave no answer
    failed: int
    # Calls answered with 429
    rate_limited: int
    prompt_tokens: int
    completion_tokens: int
    # Prompt plus completion
    total_tokens: int
    # US dollars; null when a price is not known
    cost_usd: float | None
    # US dollars of the calls whose price is known
    priced_usd: float
    # Tokens of models whose price is not known
    unpriced_tokens: int
    # Calls that were cut off and may have been billed; in no other figure
    in_doubt: int
    # UTC, such as "2026-11-21"; absent unless grouped by day
    day: NotRequired[str]
    # Absent unless grouped by provider
    provider: NotRequired[str]
    # Absent unless grouped by model
    model: NotRequired[str]
    # Id of the batch, empty for single requests; absent unless grouped by batch
    batch: NotRequired[str]


class UsedProvision(TypedDict):
    """A provision that samples stand on."""

    instrument: str
    number: str
    samples: int


class UserArguments(TypedDict):
    """Arguments of requests about the memories of a user."""

    user_id: NotRequired[str | None]


class ValidRate(TypedDict):
    """Samples of a group that pass every check."""

    samples: int
    valid: int
    # Share of valid samples, 0 to 1
    rate: float


class Validity(TypedDict):
    """Samples that pass every check and cite nothing invalid."""

    valid: int
    # Share of all samples, 0 to 1; null without samples
    rate: float | None
    # Samples that fail each check, by its name
    failed_checks: dict[str, int]
    # unknown where a sample has none
    by_jurisdiction: dict[str, ValidRate]
    # unknown where a sample has none
    by_model: dict[str, ValidRate]


class VerdictCounts(TypedDict):
    """Citations by verdict."""

    total: int
    verified: int
    unverified: int
    invalid: int


class Webhook(TypedDict):
    """Who is told of events."""

    id: str
    url: str
    events: list[
        Literal[
            "batch.ended",
            "batch.budget",
            "batch.alert",
            "release.made",
            "schedule.started",
            "schedule.failed",
            "webhook.test",
        ]
    ]
    is_on: bool
    created_at: str
    # Why the service turned it off: its address said 410 Gone
    off_because: str | None


class WebhookAnswer(TypedDict):
    """Answer of what changes a webhook."""

    success: Literal[True]
    webhook: Webhook


class WebhookBody(TypedDict):
    """Body of `POST /api/webhooks`."""

    url: str
    # All events by default
    events: NotRequired[
        list[
            Literal[
                "batch.ended",
                "batch.budget",
                "batch.alert",
                "release.made",
                "schedule.started",
                "schedule.failed",
                "webhook.test",
            ]
        ]
    ]
    # Your own: whsec_ and 24 to 64 bytes in base64; one is made by default
    secret: NotRequired[str | None]


class WebhookChange(TypedDict):
    """Body of `PATCH /api/webhooks/<id>`."""

    is_on: bool


class WebhookDeletedAnswer(TypedDict):
    """Answer of `DELETE /api/webhooks/<id>`."""

    success: Literal[True]
    message: str


class WebhooksAnswer(TypedDict):
    """Answer of `GET /api/webhooks`."""

    success: Literal[True]
    webhooks: list[Webhook]
    count: int


class WorstSample(TypedDict):
    """One of the ten samples in which a problem is worst."""

    id: str
    # How bad it is; comparable within a problem only
    weight: float
    why: str


class YankBody(TypedDict):
    """Body of `POST /api/releases/<id>/yank`."""

    # Why it should not be used; shown to everyone
    reason: str
    # Remove its files too, as the law may ask; the manifest stays
    erase: NotRequired[bool]


class FileMessage(TypedDict):
    """A message of `GET /api/files/stream`."""

    type: Literal["file", "file_deleted"]
    file: NotRequired[DocumentRow]
    file_id: NotRequired[str]


JsonValue: TypeAlias = object
StatusAnswer: TypeAlias = Batch | PrimaryBatch | NoBatch
StopAnswer: TypeAlias = StoppedOneAnswer | StoppedAllAnswer
StreamMessage: TypeAlias = AllBatchesMessage | BatchUpdateMessage | ProvidersChangedMessage
