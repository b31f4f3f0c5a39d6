"""Exports: the data set, or a part of it, as a file for trainers; of a large one in a process beside the service."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from models.contract.arguments import ExportArguments
from models.samples.snapshot import HasSamples, Snapshot, Snapshots
from models.samples.version import Identity
from services.dataset.pieces import carrier_of, groups_of, pieces_of
from services.dataset.publishable import Choice, Publishable, choice
from services.dataset.splits import NAMES, SplitRequest, parse_shares
from services.formats.export_format import REASONING, ExportFormat, ExportOptions
from services.quality.citation_audit import COLUMN, NOTHING, Verdicts
from utils.errors import ConflictError, InputError
from utils.frames import pl
from utils.side.tasks import Side

# From so many samples on an export is written elsewhere.
_ASIDE = 5_000
_VERDICTS = ("verified", "unverified", "invalid", NOTHING)


@dataclass(frozen=True)
class ExportRequest:
    """What is exported.

    Attributes:
        format: Name of a format.
        options: How samples are written.
        split: One of train, validation, test; "" for everything.
        splits: How the data set is split.
        data_version: The state of the data set that is wanted; "" for any.
        wanted: Which samples.
    """

    format: str = "jsonl"
    options: ExportOptions = field(default_factory=ExportOptions)
    split: str = ""
    splits: SplitRequest = field(default_factory=SplitRequest)
    data_version: str = ""
    wanted: Choice = field(default_factory=Choice)


@dataclass(frozen=True)
class Export:
    """A file on its way out.

    Attributes:
        samples: Number of samples in it; None for preferences, counted while they are written.
        data_version: State of the data set; splits of one state do not overlap.
        splits: Samples in each split, where one was asked for.
        left_out: Samples left out, by reason.
        reviewed: Of the samples of all splits: `accepted` by a reviewer, and `never` decided on; empty for preferences.
        content: Its bytes, a piece at a time.
    """

    name: str
    mimetype: str
    samples: int | None
    data_version: str
    splits: Mapping[str, int]
    left_out: Mapping[str, int]
    content: Iterator[bytes]
    reviewed: Mapping[str, int] = field(default_factory=dict)


class Exporter:
    """Writes exports. Thread-safe."""

    def __init__(self, store: Snapshots, verdicts: Verdicts, formats: Sequence[ExportFormat]) -> None:
        """Export from *store* what *verdicts* finds fit."""
        self._store = store
        self.publishable = Publishable(verdicts)
        self.formats = {spec.name: spec for spec in formats}

    def snapshot(self) -> Snapshot:
        """Return all samples as they are now."""
        return self._store.snapshot()

    def export(self, request: ExportRequest) -> Export:
        """Return *request* as a file of the data set as it is now, oldest samples first.

        Raises:
            InputError: unknown format, field, split or option.
        """
        spec = self.format(request.format)
        snapshot = self._store.snapshot()
        _check_options(spec, request, snapshot)
        data_version = data_version_of(snapshot)
        if request.data_version not in ("", data_version):
            raise ConflictError(
                f"data_version: the data set is now {data_version}, not {request.data_version[:40]}; "
                "export all splits again"
            )
        chosen, left_out = self.publishable.fit(snapshot, request.wanted)
        positions = self.publishable.part(snapshot, request.wanted, request.splits, request.split, chosen)
        content = _content(snapshot, positions, spec, request.options)
        suffix = f"-{request.split}" if request.split else ""
        name = f"legal-training-dataset{suffix}.{spec.extension}"
        splits: Mapping[str, int] = {}
        if request.split:
            splits = Counter(self.publishable.dealt(snapshot, request.wanted, request.splits, chosen).values())
        reviewed = self.publishable.reviewed(snapshot, chosen)
        return Export(name, spec.mimetype, len(positions), data_version, splits, left_out, content, reviewed)

    def check(self, request: ExportRequest) -> None:
        """Refuse what `export` would; InputError as there."""
        _check_options(self.format(request.format), request, self._store.snapshot())

    def format(self, name: str) -> ExportFormat:
        """Return the format *name*; InputError when there is none."""
        if name not in self.formats:
            raise InputError(f"format: got {name[:40]!r}, want one of {', '.join(self.formats)}")
        return self.formats[name]


def _content(snapshot: Snapshot, positions: pl.Series, spec: ExportFormat, options: ExportOptions) -> Iterator[bytes]:
    if spec.write_groups is not None and not options.fields:
        groups = groups_of(snapshot, positions, options, carrier_of(snapshot, options))
        if groups is not None:
            return spec.write_groups(groups, snapshot.columns)
    return spec.write(*pieces_of(snapshot, positions, spec, options), options)


@dataclass(frozen=True)
class KnownVerdicts:
    """The verdicts on the citations that the service knows, for a process that has the same file.

    Attributes:
        identity: The file version that `verdicts` are of.
        verdicts: The verdict on each of its rows, null where there is none yet; None where none is needed.
    """

    identity: Identity | None = None
    verdicts: pl.Series | None = None

    def note(self, snapshot: Snapshot) -> None:
        """Note them in the index of *snapshot*, if they are of its file."""
        if self.verdicts is not None and snapshot.version is not None and snapshot.is_of(self.identity):
            known = self.verdicts.is_not_null().arg_true().cast(pl.UInt32())
            verdicts = self.verdicts.gather(known).cast(pl.Categorical()).alias(COLUMN)
            snapshot.version.index.fill(known, verdicts.to_frame())


def known_verdicts(snapshot: Snapshot, wanted: Choice) -> KnownVerdicts:
    """Return the verdicts that choosing *wanted* of *snapshot* elsewhere needs."""
    version = snapshot.version
    if version is None or wanted.include == "all":
        return KnownVerdicts()
    return KnownVerdicts(version.identity, version.index.frame[COLUMN].cast(pl.Enum(_VERDICTS)))


def data_version_of(snapshot: Snapshot) -> str:
    """Return the name of a state of the data set."""
    return hashlib.blake2b(repr(snapshot.state).encode(), digest_size=8).hexdigest()


class ExportTools(HasSamples, Protocol):
    """What writes exports elsewhere."""

    @property
    def exporter(self) -> Exporter:
        """Writes them."""


@dataclass(frozen=True)
class ExportElsewhere:
    """An export as the service would write it; yields what is known of it, then its bytes."""

    request: ExportRequest
    known: KnownVerdicts

    def run(self, tools: ExportTools) -> Iterator[Export | bytes]:
        """Write it."""
        self.known.note(tools.samples.snapshot())
        export = tools.exporter.export(self.request)
        yield replace(export, content=iter(()))
        yield from export.content


def exported_beside(request: ExportRequest, snapshot: Snapshot, side: Side[ExportTools]) -> Export:
    """Return the export that another process writes; errors as `Exporter.export`, and SideError if it died."""
    parts = side.stream(ExportElsewhere(request, known_verdicts(snapshot, request.wanted)))
    export = next(parts)
    if not isinstance(export, Export):  # pragma: no cover  # it comes first
        raise TypeError(type(export).__name__)
    return replace(export, content=(part for part in parts if isinstance(part, bytes)))


def is_large(snapshot: Snapshot) -> bool:
    """Tell whether an export of *snapshot* is better written elsewhere."""
    return len(snapshot) >= _ASIDE


def export_request(query: ExportArguments) -> ExportRequest:
    """Return what a caller asked for; InputError for an option that there is not."""
    fields = tuple(name.strip() for name in query.fields.split(",") if name.strip())
    return ExportRequest(
        format=query.format,
        options=ExportOptions(fields, query.system_prompt, query.reasoning),
        split=query.split,
        splits=_splits(query.splits, query.seed),
        data_version=query.data_version,
        wanted=choice(query.chosen, query.grounding, query.include),
    )


def _splits(text: str, seed: int) -> SplitRequest:
    return SplitRequest(parse_shares(text), seed) if text else SplitRequest(seed=seed)


def check_options(spec: ExportFormat, options: ExportOptions, columns: Collection[str]) -> None:
    """Refuse *options* that a format does not take, or that name none of *columns*; InputError says which."""
    unknown = [name for name in options.fields if name not in columns]
    if unknown:
        raise InputError(f"fields: {', '.join(unknown)[:100]} unknown; want some of {', '.join(columns)}")
    if options.reasoning not in REASONING:
        raise InputError(f"reasoning: got {options.reasoning[:40]!r}, want one of {', '.join(REASONING)}")
    placed = ("omit", "think") if spec.is_flat else ("omit",)
    if not spec.is_chat and (options.system_prompt or options.reasoning not in placed):
        raise InputError(
            f"format: {spec.name} has a column for reasoning and no system; choose messages, sharegpt or alpaca"
        )


def _check_options(spec: ExportFormat, request: ExportRequest, snapshot: Snapshot) -> None:
    check_options(spec, request.options, snapshot.columns)
    if request.split and request.split not in NAMES:
        raise InputError(f"split: got {request.split[:40]!r}, want one of {', '.join(NAMES)}")
