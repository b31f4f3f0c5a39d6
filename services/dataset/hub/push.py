"""A push: the data set as files with a card, on its way to the Hub."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from models.contract.answers.dataset import FILTERS
from models.contract.bodies import PushBody
from models.samples.file.group_writer import arrow_schema
from models.samples.snapshot import POSITION, Snapshot
from models.samples.statistics import counts
from services.dataset.hub.card import CardFacts, SplitFacts
from services.dataset.hub.card_sources import instruments_of
from services.dataset.hub.features import Feature, as_in_json, features_of
from services.dataset.hub.licenses import license_fields
from services.dataset.hub.upload import MAIN, Destination, Hub
from services.dataset.pieces import pieces_of
from services.dataset.publishable import Choice, Publishable, choice
from services.dataset.splits import NAMES, SplitRequest, parse_shares
from services.formats.export_format import ExportFormat, ExportOptions, Pieces
from utils.errors import DiskFullError, InputError, StorageError
from utils.files import is_disk_full
from utils.frames import pl

SHARD_ROWS = 100_000
_BROKEN_DOWN = ("jurisdiction", "difficulty", "sample_type", "topic", "provider", "model")
_FORMATS = {"parquet": "parquet", "json": "jsonl", "jsonl": "jsonl", "csv": "csv"}


@dataclass(frozen=True)
class PushRequest:
    """What is pushed to the Hub, and where to.

    Attributes:
        license: What the card shall say of it, as `license_fields` returns it; empty to leave that as it is.
        splits: How to split it; None for one split named train.
        revision: The branch; made if it is not there.
        create_pr: Open a pull request instead of changing the branch.
        message: The commit message; "" for one that tells the number of samples.
    """

    repo_name: str = "legal-training-dataset"
    format: str = "parquet"
    private: bool = False
    license: Mapping[str, str] = field(default_factory=dict)
    wanted: Choice = field(default_factory=Choice)
    splits: SplitRequest | None = None
    revision: str = MAIN
    create_pr: bool = False
    message: str = ""


@dataclass(frozen=True)
class Pushed:
    """The result of a push.

    Attributes:
        url: The repository's address.
        revision: The branch or reference that was written; None for main.
        pull_request: Address of the pull request; None if none was opened.
        left_out: Samples left out, by reason.
    """

    url: str
    revision: str | None
    pull_request: str | None
    samples: int
    left_out: Mapping[str, int]


Told = Callable[[str], None]


def nobody(step: str) -> None:
    """Takes the steps of a push where nobody wants to know them."""


@dataclass(frozen=True, slots=True)
class HubAccess:
    """How the Hub is reached.

    Attributes:
        endpoint: Its address; None for huggingface.co.
        token: The default token; "" for none.
    """

    endpoint: str | None = None
    token: str = field(default="", repr=False)


def push_request(body: PushBody) -> PushRequest:
    """Return what a caller asked for.

    Raises:
        InputError: no such licence or split, or a branch and a pull request at once.
    """
    revision = (body.revision or body.branch or MAIN).removeprefix("refs/heads/")
    if body.create_pr and revision != MAIN:
        raise InputError(
            f"create_pr: is a pull request to {MAIN}, got revision {revision[:40]!r}; leave one of both out"
        )
    return PushRequest(
        body.repo_name,
        body.format,
        body.private,
        license_fields(body.license or "", body.license_name or "", body.license_link or ""),
        choice({name: value for name in FILTERS if (value := getattr(body, name))}, body.grounding or "", body.include),
        SplitRequest(parse_shares(body.splits), body.seed) if body.splits else None,
        revision,
        body.create_pr,
        body.commit_message or "",
    )


class Pusher:
    """Writes the files of a push and hands them to the Hub. Thread-safe."""

    def __init__(self, formats: Mapping[str, ExportFormat], publishable: Publishable, folder: Path) -> None:
        """*folder* holds the files of a push while it runs."""
        self._formats = formats
        self._publishable = publishable
        self._folder = folder

    def push(self, snapshot: Snapshot, request: PushRequest, hub: Hub, told: Told = nobody) -> Pushed:
        """Push the data set with its card; *told* is called with each step, and may raise to end it before the upload.

        Raises:
            InputError: unknown format, or nothing to push.
            PublishError: the Hub refused; with its reason.
        """
        from services.dataset.hub.card_merge import merged_card  # with YAML

        with self._drafted(snapshot, request, told) as (files, facts, left_out):
            size_mb = sum(path.stat().st_size for path in files.values()) / 1e6
            told(f"uploading {facts.samples:,} samples and the card in {len(files) + 1} files, {size_mb:.1f} MB")
            message = request.message or f"Upload {facts.samples} samples"
            target = Destination(request.repo_name, message, request.private, request.revision, request.create_pr)
            done = hub.upload(target, files, lambda old: merged_card(facts, old))
            revision = done.revision if done.revision != MAIN else None
            return Pushed(done.url, revision, done.pull_request, facts.samples, left_out)

    def card(self, snapshot: Snapshot, request: PushRequest) -> str:
        """Return the card that a push to a new repository would write; errors as `push`, but nobody is asked."""
        from services.dataset.hub.card_merge import merged_card

        with self._drafted(snapshot, request, nobody) as (_, facts, _):
            return merged_card(facts, None)

    @contextmanager
    def _drafted(
        self, snapshot: Snapshot, request: PushRequest, told: Told
    ) -> Iterator[tuple[Mapping[str, Path], CardFacts, Mapping[str, int]]]:
        """Write the files of a push; lend them, with what the card says and how many samples are left out."""
        if request.format not in _FORMATS:
            raise InputError(f"format: got {request.format[:40]!r}, want one of {', '.join(_FORMATS)}")
        folder = self._folder / uuid.uuid4().hex
        try:
            folder.mkdir(parents=True)
            told("choosing the samples")
            chosen, left_out = self._publishable.fit(snapshot, request.wanted)
            told(f"writing {len(chosen):,} samples")
            files, facts = self._written(snapshot, request, folder, chosen)
            yield files, facts, left_out
        except OSError as error:
            if is_disk_full(error):
                raise DiskFullError(f"{folder}: no space left on the disk; free some, nothing was pushed") from error
            raise StorageError(f"{folder}: cannot be written ({error.strerror}); nothing was pushed") from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _written(
        self, snapshot: Snapshot, request: PushRequest, folder: Path, chosen: pl.Series
    ) -> tuple[dict[str, Path], CardFacts]:
        """Write every split into *folder*, as shards; return the files and what the card says."""
        spec = self._formats[_FORMATS[request.format]]
        files: dict[str, Path] = {}
        splits: dict[str, SplitFacts] = {}
        for name in NAMES if request.splits else NAMES[:1]:
            part = name if request.splits else ""
            positions = self._publishable.part(snapshot, request.wanted, request.splits or SplitRequest(), part, chosen)
            if len(positions):
                written, splits[name] = _shards(snapshot, positions, spec, folder, name)
                files.update(written)
        if not splits:
            raise InputError(
                "data set: holds no samples to push; generate or import some first, or push all with include=all"
            )
        breakdown = counts(snapshot.index().filter(pl.col(POSITION).is_in(chosen.implode())), _BROKEN_DOWN)
        name = request.repo_name.rsplit("/", 1)[-1]
        features, sources = _features(spec, snapshot.columns), instruments_of(snapshot, chosen)
        return files, CardFacts(name, splits, features, breakdown, request.license, sources)


def _shards(
    snapshot: Snapshot, positions: pl.Series, spec: ExportFormat, folder: Path, name: str
) -> tuple[dict[str, Path], SplitFacts]:
    """Write one split; return its files by their path in the repository, and what the card says of it."""
    files: dict[str, Path] = {}
    sizes: list[int] = []
    count = -(-len(positions) // SHARD_ROWS)
    for n in range(count):
        shard = folder / f"{name}-{n}"
        pieces, columns = pieces_of(snapshot, positions.slice(n * SHARD_ROWS, SHARD_ROWS), spec, ExportOptions())
        with shard.open("wb") as file:
            file.writelines(spec.write(_measured(pieces, sizes), columns, ExportOptions()))
        files[f"data/{name}-{n:05d}-of-{count:05d}.{spec.extension}"] = shard
    file_bytes = sum(shard.stat().st_size for shard in files.values())
    return files, SplitFacts(len(positions), sum(sizes), file_bytes, f"data/{name}-*")


def _measured(pieces: Pieces, sizes: list[int]) -> Iterator[pl.DataFrame]:
    for piece in pieces:
        sizes.append(int(piece.estimated_size()))
        yield piece


def _features(spec: ExportFormat, columns: Mapping[str, pl.DataType]) -> list[Feature] | None:
    """Return what the card says of the columns; nothing of CSV, in which readers find types of their own."""
    if spec.holds_types:
        return features_of(arrow_schema(columns))
    return features_of(as_in_json(arrow_schema(columns))) if spec.extension == "jsonl" else None
