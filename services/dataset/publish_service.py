"""Publishing: the data set as files for trainers, and on the Hugging Face Hub."""

import hashlib
import shutil
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from models.contract.answers.dataset import FILTERS, ExportFormatRow
from models.contract.arguments import ExportArguments
from models.contract.bodies import PushBody
from models.samples.sample_store import SampleStore, pieces_at
from models.samples.snapshot import POSITION, Snapshot
from models.samples.statistics import counts
from services.dataset.hub.card import CardFacts, write_card
from services.dataset.hub.upload import Hub
from services.dataset.publishable import Publishable, in_split
from services.dataset.splits import NAMES, SplitRequest, parse_shares
from services.formats.export_format import REASONING, ExportFormat, ExportOptions
from services.quality.citation_audit import CitationAudit
from services.quality.review_service import lines
from utils.errors import ConflictError, DiskFullError, InputError, StorageError
from utils.files import is_disk_full
from utils.redaction import remember_secret

Pairs = Callable[[], Iterator[dict[str, str]]]
PREFERENCES = "preferences"
_PAIRS = "Pairs of a chosen and a rejected answer to one question, as TRL takes them (prompt, chosen, rejected)"
SHARD_ROWS = 100_000
_BROKEN_DOWN = ("jurisdiction", "difficulty", "sample_type", "topic", "provider", "model")
_HUB_FORMATS = {"parquet": "parquet", "json": "jsonl", "jsonl": "jsonl", "csv": "csv"}


@dataclass(frozen=True)
class ExportRequest:
    """What is exported.

    Attributes:
        format: Name of a format.
        options: How samples are written.
        filters: Exact values by column.
        split: One of train, validation, test; "" for everything.
        splits: How the data set is split.
        data_version: The state of the data set that is wanted; "" for any.
        everything: Also samples with an invalid citation, and those that a reviewer rejected.
    """

    format: str = "jsonl"
    options: ExportOptions = field(default_factory=ExportOptions)
    filters: Mapping[str, str] = field(default_factory=dict)
    split: str = ""
    splits: SplitRequest = field(default_factory=SplitRequest)
    data_version: str = ""
    everything: bool = False


@dataclass(frozen=True)
class Export:
    """A file on its way out.

    Attributes:
        samples: Number of samples in it; None for preferences, counted while they are written.
        data_version: State of the data set; splits of one state do not overlap.
        splits: Samples in each split, where one was asked for.
        left_out: Samples left out, by reason.
        content: Its bytes, a piece at a time.
    """

    name: str
    mimetype: str
    samples: int | None
    data_version: str
    splits: Mapping[str, int]
    left_out: Mapping[str, int]
    content: Iterator[bytes]


@dataclass(frozen=True)
class PushRequest:
    """What is pushed to the Hub, and where to.

    Attributes:
        splits: How to split it; None for one split named train.
    """

    repo_name: str = "legal-training-dataset"
    format: str = "parquet"
    private: bool = False
    license: str = "unknown"
    filters: Mapping[str, str] = field(default_factory=dict)
    splits: SplitRequest | None = None
    everything: bool = False


@dataclass(frozen=True)
class Pushed:
    """The result of a push."""

    url: str
    samples: int
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class HubAccess:
    """How the Hub is reached.

    Attributes:
        endpoint: Its address; None for huggingface.co.
        token: The default token; "" for none.
    """

    endpoint: str | None = None
    token: str = field(default="", repr=False)


class PublishService:
    """Writes exports and pushes them. Thread-safe."""

    def __init__(
        self,
        store: SampleStore,
        audit: CitationAudit,
        formats: Sequence[ExportFormat],
        folder: Path,
        hub: HubAccess,
        pairs: Pairs,
    ) -> None:
        """Publish from *store* what *audit* finds fit.

        *folder* holds the files of a push while it runs; *pairs* yields the preferences.
        """
        self._store = store
        self._publishable = Publishable(audit)
        self._pairs = pairs
        self._formats = {spec.name: spec for spec in formats}
        self._folder = folder
        self._hub = hub

    def formats(self) -> list[ExportFormatRow]:
        """Return the formats, as the API lists them."""
        rows: list[ExportFormatRow] = [
            {"id": spec.name, "extension": spec.extension, "description": spec.description, "chat": spec.is_chat}
            for spec in self._formats.values()
        ]
        return [*rows, {"id": PREFERENCES, "extension": "jsonl", "description": _PAIRS, "chat": False}]

    def download(self, query: ExportArguments) -> Export:
        """Return the file that a caller asked for; InputError as `export`."""
        if query.format != PREFERENCES:
            return self.export(_export_request(query))
        others = sorted(query.model_fields_set - {"format"})
        if others:
            raise InputError(f"{', '.join(others)}: unknown with format={PREFERENCES}; want some of format")
        pairs = lines(self._pairs())
        return Export("legal-training-preferences.jsonl", "application/x-ndjson", None, "", {}, {}, pairs)

    def export(self, request: ExportRequest) -> Export:
        """Return *request* as a file of the data set as it is now, oldest samples first.

        Raises:
            InputError: unknown format, field, split or option.
        """
        spec = self._format(request.format)
        snapshot = self._store.snapshot()
        _check_options(spec, request, snapshot)
        data_version = hashlib.blake2b(repr(snapshot.state).encode(), digest_size=8).hexdigest()
        if request.data_version not in ("", data_version):
            raise ConflictError(
                f"data_version: the data set is now {data_version}, not {request.data_version[:40]}; "
                "export all splits again"
            )
        chosen, left_out = self._publishable.fit(snapshot, request.filters, request.everything)
        positions = self._positions(snapshot, request, chosen)
        content = spec.write(*_columns(snapshot, positions, spec, request.options), request.options)
        suffix = f"-{request.split}" if request.split else ""
        name = f"legal-training-dataset{suffix}.{spec.extension}"
        splits: Mapping[str, int] = {}
        if request.split:
            splits = Counter(self._publishable.dealt(snapshot, request.filters, request.splits, chosen).values())
        return Export(name, spec.mimetype, len(positions), data_version, splits, left_out, content)

    def publish(self, body: PushBody) -> Pushed:
        """Push what a caller asked for to the Hub; errors as `push`."""
        if body.token:
            remember_secret(body.token)
        token = body.token or self._hub.token
        if not token:
            raise InputError("token: is missing; send one or set HUGGINGFACE_TOKEN (a token that may write)")
        filters: dict[str, str] = {name: value for name in FILTERS if (value := getattr(body, name))}
        splits = _splits(body.splits, body.seed) if body.splits else None
        everything = _everything(body.include)
        request = PushRequest(body.repo_name, body.format, body.private, body.license, filters, splits, everything)
        return self.push(request, token)

    def push(self, request: PushRequest, token: str) -> Pushed:
        """Push the data set with its card to the Hub.

        Raises:
            InputError: unknown format, or nothing to push.
            PublishError: the Hub refused; with its reason.
        """
        if request.format not in _HUB_FORMATS:
            raise InputError(f"format: got {request.format[:40]!r}, want one of {', '.join(_HUB_FORMATS)}")
        snapshot = self._store.snapshot()
        folder = self._folder / uuid.uuid4().hex
        try:
            folder.mkdir(parents=True)
            chosen, left_out = self._publishable.fit(snapshot, request.filters, request.everything)
            files, facts = self._written(snapshot, request, folder, chosen)
            card = write_card(facts).encode()
            total = sum(facts.splits.values())
            hub = Hub(token, self._hub.endpoint)
            url = hub.upload(
                request.repo_name, {"README.md": card, **files}, request.private, f"Upload {total} samples"
            )
            return Pushed(url, total, left_out)
        except OSError as error:
            if is_disk_full(error):
                raise DiskFullError(f"{folder}: no space left on the disk; free some, nothing was pushed") from error
            raise StorageError(f"{folder}: cannot be written ({error.strerror}); nothing was pushed") from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _written(
        self, snapshot: Snapshot, request: PushRequest, folder: Path, chosen: pl.Series
    ) -> tuple[dict[str, Path | bytes], CardFacts]:
        """Write every split into *folder*, as shards; return the files and what the card says."""
        spec = self._format(_HUB_FORMATS[request.format])
        files: dict[str, Path | bytes] = {}
        splits: dict[str, int] = {}
        for name in NAMES if request.splits else NAMES[:1]:
            wanted = ExportRequest(
                filters=request.filters,
                split=name if request.splits else "",
                splits=request.splits or SplitRequest(),
            )
            positions = self._positions(snapshot, wanted, chosen)
            if not len(positions):
                continue
            splits[name] = len(positions)
            shards = -(-len(positions) // SHARD_ROWS)
            for n in range(shards):
                shard = folder / f"{name}-{n}"
                part = positions.slice(n * SHARD_ROWS, SHARD_ROWS)
                with shard.open("wb") as file:
                    file.writelines(spec.write(*_columns(snapshot, part, spec, ExportOptions()), ExportOptions()))
                files[f"data/{name}-{n:05d}-of-{shards:05d}.{spec.extension}"] = shard
        if not splits:
            raise InputError(
                "data set: holds no samples to push; generate or import some first, or push all with include=all"
            )
        patterns = {name: f"data/{name}-*" for name in splits}
        breakdown = counts(snapshot.index().filter(pl.col(POSITION).is_in(chosen.implode())), _BROKEN_DOWN)
        name = request.repo_name.rsplit("/", 1)[-1]
        return files, CardFacts(name, splits, patterns, snapshot.columns, breakdown, request.license)

    def _format(self, name: str) -> ExportFormat:
        if name not in self._formats:
            raise InputError(f"format: got {name[:40]!r}, want one of {', '.join(self._formats)}")
        return self._formats[name]

    def _positions(self, snapshot: Snapshot, request: ExportRequest, chosen: pl.Series) -> pl.Series:
        if not request.split:
            return chosen
        dealt = self._publishable.dealt(snapshot, request.filters, request.splits, chosen)
        return in_split(snapshot, chosen, dealt, request.split)


def _export_request(query: ExportArguments) -> ExportRequest:
    fields = tuple(name.strip() for name in query.fields.split(",") if name.strip())
    return ExportRequest(
        format=query.format,
        options=ExportOptions(fields, query.system_prompt, query.reasoning),
        filters=query.chosen,
        split=query.split,
        splits=_splits(query.splits, query.seed),
        data_version=query.data_version,
        everything=_everything(query.include),
    )


def _everything(text: str) -> bool:
    if text not in ("", "all", "fit"):
        raise InputError(f"include: got {text[:40]!r}, want fit or all")
    return text == "all"


def _splits(text: str, seed: int) -> SplitRequest:
    return SplitRequest(parse_shares(text), seed) if text else SplitRequest(seed=seed)


def _check_options(spec: ExportFormat, request: ExportRequest, snapshot: Snapshot) -> None:
    unknown = [name for name in request.options.fields if name not in snapshot.columns]
    if unknown:
        raise InputError(f"fields: {', '.join(unknown)[:100]} unknown; want some of {', '.join(snapshot.columns)}")
    if request.split and request.split not in NAMES:
        raise InputError(f"split: got {request.split[:40]!r}, want one of {', '.join(NAMES)}")
    if request.options.reasoning not in REASONING:
        raise InputError(f"reasoning: got {request.options.reasoning[:40]!r}, want one of {', '.join(REASONING)}")
    if not spec.is_chat and (request.options.system_prompt or request.options.reasoning != REASONING[0]):
        raise InputError(
            f"format: {spec.name} has a column for reasoning and no system; choose messages, sharegpt or alpaca"
        )


def _columns(
    snapshot: Snapshot, positions: pl.Series, spec: ExportFormat, options: ExportOptions
) -> tuple[Iterator[pl.DataFrame], dict[str, pl.DataType]]:
    """Return the samples at *positions* in pieces, with the columns that are written."""
    chosen = options.fields if options.fields and not spec.is_chat else tuple(snapshot.columns)
    columns = {name: snapshot.columns[name] for name in chosen}
    pieces = (
        part.select(chosen) for piece in pieces_at(snapshot, positions) for part in piece.iter_slices(spec.piece_rows)
    )
    return pieces, columns
