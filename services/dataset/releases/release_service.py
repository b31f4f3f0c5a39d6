"""Releases: made, listed, compared, exported, checked, withdrawn. `sharing.py` beside it takes them to the Hub."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from models.contract.answers.releases import (
    Release,
    ReleaseBatch,
    ReleaseCheck,
    ReleaseDiff,
    ReleaseFacts,
    ReleaseRecipe,
    ReleaseSide,
    ReleaseYank,
)
from models.contract.release_bodies import ReleaseAgainBody, ReleaseBody, ReleaseExportArguments, YankBody
from models.samples.releases.release_files import MANIFEST, ReleaseFiles
from models.samples.releases.release_store import ReleaseStore
from models.samples.snapshot import POSITION, Snapshots
from services.dataset.exporting import Export, Exporter, ExportTools
from services.dataset.hub.licenses import license_fields
from services.dataset.pieces import shown
from services.dataset.publishable import choice
from services.dataset.releases.comparing import NOW, Rows, compared, side_of, side_of_release
from services.dataset.releases.manifest import manifest_of
from services.dataset.releases.reading import data_files, exported, frames, rows_of
from services.dataset.releases.row_hashes import HASHED
from services.dataset.releases.verifying import verified
from services.dataset.releases.writing import Frozen, ReleaseRequest, freeze
from services.dataset.splits import SplitRequest, parse_shares
from services.formats.export_format import ExportOptions
from services.streams.run import Run
from services.streams.run_service import RunService
from utils.clock import Clock, iso
from utils.errors import ConflictError, ExistsError, NotFoundError, StorageError
from utils.file_systems import FileFolder
from utils.frames import pl
from utils.side.followed import Told, nobody
from utils.side.tasks import Side

if TYPE_CHECKING:
    import pyarrow as pa

KIND = "release"
_MOST_BATCHES = 200
_FIRST = "1.0.0"
_PARQUET = "application/vnd.apache.parquet"
_PIECE_BYTES = 1 << 20
# Returns the seed of a batch, and what it cost; None for what is not known.
BatchFigures = Callable[[str], tuple[int | None, float | None]]


@dataclass(frozen=True)
class Shelf:
    """Where releases are kept and what they are made of.

    Attributes:
        samples: The data set.
        exporter: Knows the formats, and which samples may leave.
        figures: Of a batch.
        side: Where large ones are made.
        version: Of the service.
    """

    store: ReleaseStore
    files: ReleaseFiles
    samples: Snapshots
    exporter: Exporter
    figures: BatchFigures
    clock: Clock
    version: str
    side: Side[ExportTools] | None = None


class ReleaseService:
    """Thread-safe."""

    def __init__(self, shelf: Shelf, runs: RunService) -> None:
        self._shelf = shelf
        self._runs = runs
        # Told of each release that was made.
        self.made: list[Callable[[ReleaseFacts], None]] = []

    def start(self, body: ReleaseBody, key: str | None = None) -> str:
        """Begin a release; return the id of its run, whose result is the release.

        Raises:
            InputError: what is asked cannot be; nothing was begun.
            ExistsError: that version is there.
            UnavailableError, ConflictError: as of `RunService.start`.
        """
        recipe, request = _recipe_of(body)
        licence = license_fields(body.license or "", body.license_name or "", body.license_link or "")
        wanted = _Wanted(body.name, body.version, body.description.strip(), licence)
        self._check_version(wanted)
        told = body.model_dump(exclude_none=True, exclude_defaults=True, mode="json")
        return self._runs.start(KIND, told, lambda run: self._result(run, wanted, recipe, request), key)

    def start_again(self, release_id: str, body: ReleaseAgainBody, key: str | None = None) -> str:
        """Begin the next version of a release by its recipe; NotFoundError when it is not there, else as `start`."""
        facts = self.get(release_id)
        recipe = facts["recipe"]
        description = facts["description"] if body.description is None else body.description.strip()
        wanted = _Wanted(facts["name"], body.version, description, facts["licence"])
        self._check_version(wanted)
        told = {"again": release_id, "name": facts["name"], **body.model_dump(exclude_none=True, mode="json")}
        return self._runs.start(KIND, told, lambda run: self._result(run, wanted, recipe, _request(recipe)), key)

    def all(self, name: str = "", with_yanked: bool = True) -> list[Release]:
        """Return releases, newest first."""
        return [_brief(facts) for facts in self._shelf.store.all(name) if with_yanked or facts["yanked"] is None]

    def manifests(self) -> list[ReleaseFacts]:
        """Return all that is known of those releases that may be used, newest first."""
        return [facts for facts in self._shelf.store.all() if facts["yanked"] is None]

    def get(self, release_id: str) -> ReleaseFacts:
        """Return a release; NotFoundError when there is none."""
        return self._shelf.store.get(release_id)

    @property
    def formats(self) -> list[str]:
        """The formats that a release can be exported in."""
        return list(self._shelf.exporter.formats)

    def has_files(self, facts: Release) -> bool:
        """Whether the files of a release were not erased."""
        return not is_erased(facts)

    def folder(self, release_id: str) -> FileFolder:
        """Return where the files of a release lie."""
        return self._shelf.files.of(release_id)

    def export(self, release_id: str, query: ReleaseExportArguments) -> Export:
        """Return a release, or a split of it, in a format for trainers.

        Raises:
            NotFoundError: there is no such release.
            ConflictError: its files were erased.
            InputError: unknown format, field, split or option.
            StorageError: its files cannot be read.
        """
        facts = self.with_files(release_id)
        fields = tuple(name.strip() for name in query.fields.split(",") if name.strip())
        options = ExportOptions(fields, query.system_prompt, query.reasoning)
        return exported(self.folder(release_id), facts, self._shelf.exporter.format(query.format), options, query.split)

    def download(self, release_id: str, path: str) -> tuple[Iterator[bytes], str, str]:
        """Return content, name and type of a file of a release.

        Raises:
            NotFoundError: there is no such release, or no such file in it.
            ConflictError: its files were erased.
            StorageError: it cannot be read.
        """
        facts, folder = self.with_files(release_id), self.folder(release_id)
        if path not in [MANIFEST, *(file["path"] for file in facts["files"])]:
            raise NotFoundError(f"file {path[:100]!r}: is not in {release_id}; its manifest lists those that are")
        try:
            source = folder.open(path)
        except FileNotFoundError:
            raise StorageError(
                f"release {release_id}: {path} is gone; POST /api/releases/{release_id}/verify"
            ) from None
        kind = "application/json" if path == MANIFEST else _PARQUET
        return _pieces(source), f"{facts['name']}-{facts['version']}-{path.rpartition('/')[2]}", kind

    def diff(self, release_id: str, to: str, limit: int) -> ReleaseDiff:
        """Compare a release with another, or with what its recipe makes of the data set now; errors as `export`."""
        facts = self.with_files(release_id)
        before, old = side_of_release(facts), rows_of(self.folder(release_id))
        if to != NOW:
            other = self.with_files(to)
            new = rows_of(self.folder(to))
            return compared(before, side_of_release(other), old, new, (self._reader(facts), self._reader(other)), limit)
        request = _request(facts["recipe"])
        frozen = self._freeze(request, None, nobody)
        read = (self._reader(facts), partial(self._read_now, request.options))
        return compared(before, _side_now(frozen), old, frozen.rows, read, limit)

    def verify(self, release_id: str) -> ReleaseCheck:
        """Check the files of a release against its manifest; errors as `file`."""
        facts = self.with_files(release_id)
        return verified(self.folder(release_id), facts)

    def yank(self, release_id: str, body: YankBody) -> ReleaseFacts:
        """Say that a release should not be used, and why; NotFoundError when there is none."""
        facts = self.get(release_id)
        erased = body.erase or is_erased(facts)
        earlier = f"{facts['yanked']['reason']}; " if facts["yanked"] is not None and body.erase else ""
        told: ReleaseYank = {"at": iso(self._shelf.clock.now()), "reason": earlier + body.reason, "is_erased": erased}
        self._shelf.store.yank(release_id, told)
        if body.erase:
            self._shelf.files.remove(release_id)
        return self.get(release_id)

    def restore(self, release_id: str) -> ReleaseFacts:
        """Take back that a release should not be used; ConflictError where its files were erased, else as `yank`."""
        self.with_files(release_id)
        self._shelf.store.yank(release_id, None)
        return self.get(release_id)

    def sweep(self) -> None:
        """Remove what a kill left of releases that never came to be."""
        for left in self._shelf.files.leftovers(self._shelf.store.ids(), self._shelf.clock.now()):
            self._shelf.files.remove(left)

    # --- making ----------------------------------------------------------------------------

    def _result(
        self, run: Run, wanted: _Wanted, recipe: ReleaseRecipe, request: ReleaseRequest
    ) -> Mapping[str, object]:
        made = self._make(wanted, recipe, request, run.teller())
        earlier = self._latest(made["name"], but=made["id"])
        return {"release": made, "before": earlier["id"] if earlier is not None else None}

    def _make(self, wanted: _Wanted, recipe: ReleaseRecipe, request: ReleaseRequest, told: Told) -> ReleaseFacts:
        shelf = self._shelf
        self.sweep()
        release_id = f"rel_{secrets.token_hex(8)}"
        frozen = self._freeze(request, release_id, told)
        try:
            facts = self._facts(release_id, wanted, recipe, frozen)
            shelf.files.write(release_id, MANIFEST, lambda write: write(manifest_of(facts)))
            shelf.store.add(facts)
        except BaseException:
            shelf.files.remove(release_id)
            raise
        for tell in self.made:
            tell(facts)
        return facts

    def _freeze(self, request: ReleaseRequest, release_id: str | None, told: Told) -> Frozen:
        shelf = self._shelf
        place = None if release_id is None else (shelf.files.address, release_id)
        return freeze(shelf.samples, shelf.exporter.publishable, request, place, told, shelf.side)

    def _facts(self, release_id: str, wanted: _Wanted, recipe: ReleaseRecipe, frozen: Frozen) -> ReleaseFacts:
        measures = frozen.measures
        return {
            "id": release_id,
            "name": wanted.name,
            "version": wanted.version or self._next(wanted.name, recipe),
            "description": wanted.description,
            "created_at": iso(self._shelf.clock.now()),
            "samples": frozen.rows.height,
            "splits": frozen.splits,
            "content_hash": frozen.content_hash,
            "size_bytes": sum(file["size_bytes"] for file in frozen.files),
            "licence": dict(wanted.licence),
            "origin": "",
            "yanked": None,
            "service_version": self._shelf.version,
            "data_version": frozen.data_version,
            "hashed": list(HASHED),
            "recipe": recipe,
            "files": frozen.files,
            "columns": frozen.columns,
            "counts": measures.counts,
            "characters": measures.characters,
            "quality": measures.quality,
            "models": measures.models,
            "sources": measures.sources,
            "batch_count": len(measures.batches),
            "batches": self._batches(measures.batches),
            "prompts": measures.prompts,
        }

    def _batches(self, counted: Mapping[str, int]) -> list[ReleaseBatch]:
        found: list[ReleaseBatch] = []
        for batch_id, samples in islice(counted.items(), _MOST_BATCHES):
            seed, cost = self._shelf.figures(batch_id)
            found.append({"batch_id": batch_id, "samples": samples, "seed": seed, "cost_usd": cost})
        return found

    def _check_version(self, wanted: _Wanted) -> None:
        """Refuse at once a version that is there; whoever comes second while both are made is refused at the end."""
        if wanted.version and any(one["version"] == wanted.version for one in self._shelf.store.all(wanted.name)):
            raise ExistsError(f"version: {wanted.name} {wanted.version} is there; choose another, or none for the next")

    def _latest(self, name: str, but: str = "") -> ReleaseFacts | None:
        others = [facts for facts in self._shelf.store.all(name) if facts["id"] != but]
        return max(others, key=lambda facts: _numbers(facts["version"]), default=None)

    def _next(self, name: str, recipe: ReleaseRecipe) -> str:
        latest = self._latest(name)
        if latest is None:
            return _FIRST
        major, minor, _ = _numbers(latest["version"])
        return f"{major}.{minor + 1}.0" if latest["recipe"] == recipe else f"{major + 1}.0.0"

    # --- reading ---------------------------------------------------------------------------

    def with_files(self, release_id: str) -> ReleaseFacts:
        """Return a release that has files; NotFoundError when there is none, ConflictError if they were erased."""
        facts = self.get(release_id)
        if is_erased(facts):
            reason = facts["yanked"]["reason"] if facts["yanked"] else ""
            raise ConflictError(f"release {release_id}: its files were erased ({reason[:200]}); its manifest is left")
        return facts

    def _reader(self, facts: ReleaseFacts) -> Rows:
        folder, files = self.folder(facts["id"]), data_files(facts)

        def read(ids: Sequence[str]) -> pl.DataFrame:
            wanted = pl.Series("id", ids, dtype=pl.String()).implode()
            parts = [piece.filter(pl.col("id").is_in(wanted)) for piece in frames(folder, files, ("id", *HASHED))]
            return pl.concat(parts)

        return read

    def _read_now(self, options: ExportOptions, ids: Sequence[str]) -> pl.DataFrame:
        snapshot = self._shelf.samples.snapshot()
        wanted = pl.Series("id", ids, dtype=pl.String()).implode()
        index = snapshot.index().filter(pl.col("id").is_in(wanted)).select(POSITION).collect()
        found = snapshot.some(index[POSITION], ["id", *(name for name in HASHED if name in snapshot.columns)])
        return shown(found, options)


@dataclass(frozen=True, slots=True)
class _Wanted:
    name: str
    version: str | None
    description: str
    licence: Mapping[str, str]


def _pieces(source: pa.NativeFile) -> Iterator[bytes]:
    with source:
        while piece := source.read(_PIECE_BYTES):
            yield bytes(piece)


def is_erased(facts: Release) -> bool:
    """Tell whether the files of a release are gone for good."""
    return facts["yanked"] is not None and facts["yanked"]["is_erased"]


def _side_now(frozen: Frozen) -> ReleaseSide:
    measures = frozen.measures
    return side_of(NOW, frozen.rows.height, frozen.content_hash, measures.quality, measures.characters)


def _numbers(version: str) -> tuple[int, int, int]:
    major, minor, patch = map(int, version.split("."))
    return major, minor, patch


def _recipe_of(body: ReleaseBody) -> tuple[ReleaseRecipe, ReleaseRequest]:
    """Return what a caller asked for, as it is kept and as it is done; InputError for a word that there is not."""
    filters = body.filters.chosen
    wanted = choice(filters, body.grounding or filters.get("grounding", ""), body.include)
    splits = SplitRequest(parse_shares(body.splits), body.seed) if body.splits else None
    recipe: ReleaseRecipe = {
        "filters": dict(wanted.filters),
        "grounding": wanted.grounding,
        "include": wanted.include,
        "splits": ",".join(f"{share:g}" for share in splits.shares) if splits is not None else "",
        "seed": body.seed,
        "thinking": body.thinking,
    }
    return recipe, ReleaseRequest(wanted, splits, body.thinking)


def _request(recipe: ReleaseRecipe) -> ReleaseRequest:
    splits = SplitRequest(parse_shares(recipe["splits"]), recipe["seed"]) if recipe["splits"] else None
    wanted = choice(recipe["filters"], recipe["grounding"], recipe["include"])
    return ReleaseRequest(wanted, splits, recipe["thinking"])


def _brief(facts: ReleaseFacts) -> Release:
    return {name: facts[name] for name in Release.__annotations__}  # type: ignore[return-value, literal-required]  # a part of it
