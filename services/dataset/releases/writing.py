"""Writes the files of a release; of a large data set in a process beside the service."""

from __future__ import annotations

import contextlib
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial

from models.contract.answers.releases import ReleaseFile, ReleaseSplit
from models.samples.by_number import pieces_at
from models.samples.file.carried_groups import CarriedFile, CarriedGroup, decoded
from models.samples.file.group_writer import arrow_schema
from models.samples.file.row_groups import GroupFile
from models.samples.releases.release_files import ReleaseFiles
from models.samples.snapshot import Snapshot, Snapshots
from services.dataset.exporting import ExportTools, KnownVerdicts, data_version_of, is_large, known_verdicts
from services.dataset.leading import leading_first
from services.dataset.pieces import carrier_of, groups_of, read_ahead, shown
from services.dataset.publishable import Choice, Publishable, in_split
from services.dataset.releases.measuring import Measures, measured
from services.dataset.releases.row_hashes import content_hash, row_hashes
from services.dataset.splits import NAMES, SplitRequest
from services.formats.export_format import ExportOptions
from utils.errors import InputError, StorageError
from utils.frames import pl
from utils.side.followed import Done, Progress, Told, followed, nobody, outcome
from utils.side.tasks import Side

ROWS = "rows.parquet"
_FILE_ROWS = 100_000
_WRITTEN = "rows written"


@dataclass(frozen=True)
class ReleaseRequest:
    """What is frozen.

    Attributes:
        wanted: Which samples.
        splits: How they are split; None for one split, named train.
        thinking: Keep the models' own thoughts.
    """

    wanted: Choice
    splits: SplitRequest | None
    thinking: bool

    @property
    def options(self) -> ExportOptions:
        """How the rows are written."""
        return ExportOptions(reasoning="think" if self.thinking else "omit")


@dataclass(frozen=True)
class Frozen:
    """What a request makes of the data set at one moment.

    Attributes:
        rows: Id, split and hash of each row.
        memory_bytes: Size of the rows of each split in memory.
        files: Those of the data, and `ROWS`; none where nothing was written.
        columns: Arrow type of each column.
    """

    data_version: str
    rows: pl.DataFrame
    measures: Measures
    memory_bytes: dict[str, int]
    files: list[ReleaseFile]
    columns: dict[str, str]

    @property
    def content_hash(self) -> str:
        """Hash of all rows."""
        return content_hash(self.rows["hash"])

    @property
    def splits(self) -> dict[str, ReleaseSplit]:
        """The splits that have rows."""
        parts = {name: self.rows.filter(pl.col("split") == name)["hash"] for name in NAMES}
        return {
            name: {
                "samples": len(hashes),
                "memory_bytes": self.memory_bytes[name],
                "content_hash": content_hash(hashes),
            }
            for name, hashes in parts.items()
            if len(hashes)
        }


Place = tuple[str, str]


def freeze(  # one call from each side of a process
    samples: Snapshots,
    publishable: Publishable,
    request: ReleaseRequest,
    place: Place | None,
    told: Told = nobody,
    side: Side[ExportTools] | None = None,
) -> Frozen:
    """Return what *request* makes of the data set now, written to *place* if that is given.

    Args:
        samples: The data set.
        publishable: Says which samples may leave.
        request: What is wanted.
        place: Address of the files of releases, and id of this one; None to write nothing.
        told: Hears how far it came, and may raise to end it; then nothing is left.
        side: Where a large data set is frozen.

    Raises:
        InputError: no sample is left to freeze.
        StorageError: the files cannot be written; none are left.
        SideError: the process beside the service ended.
    """
    snapshot = samples.snapshot()
    if side is None or not is_large(snapshot):
        return _Freezing(snapshot, publishable, request, place, told).run()
    elsewhere = _FreezeElsewhere(request, place, known_verdicts(snapshot, request.wanted))
    with _left_clean(place):  # also where that process was killed
        return outcome(side.stream(elsewhere), told)


@dataclass(frozen=True)
class _FreezeElsewhere:
    request: ReleaseRequest
    place: Place | None
    known: KnownVerdicts

    def run(self, tools: ExportTools) -> Iterator[Progress | Done[Frozen]]:
        """Freeze; tell how far it came."""
        return followed(partial(self._made, tools))

    def _made(self, tools: ExportTools, told: Told) -> Frozen:
        snapshot = tools.samples.snapshot()
        self.known.note(snapshot)
        return _Freezing(snapshot, tools.exporter.publishable, self.request, self.place, told).run()


class _Freezing:
    """One freezing, from choosing the samples to the last file."""

    def __init__(
        self, snapshot: Snapshot, publishable: Publishable, request: ReleaseRequest, place: Place | None, told: Told
    ) -> None:
        self._snapshot = snapshot
        self._publishable = publishable
        self._request = request
        self._place = place
        self._told = told
        self._columns = dict(snapshot.columns)
        self._rows: list[pl.DataFrame] = []
        self._files: list[ReleaseFile] = []
        self._sizes: Counter[str] = Counter()
        self._total = self._done = 0

    def run(self) -> Frozen:
        """Freeze."""
        with _left_clean(self._place):
            return self._frozen()

    def _frozen(self) -> Frozen:
        snapshot, request = self._snapshot, self._request
        chosen, left_out = self._publishable.fit(snapshot, request.wanted)
        if not len(chosen):
            why = ", ".join(f"{count} {name}" for name, count in left_out.items())
            raise InputError(
                f"filters: no sample is left to release{f' ({why} left out)' if why else ''}; see GET /api/stats"
            )
        self._total = len(chosen)
        self._told(_WRITTEN, 0, self._total)
        for name, positions in self._splits(chosen):
            self._write(name, positions)
        rows = pl.concat(self._rows)
        if self._place is not None:
            self._files.append(self._write_rows(rows))
        types = {field.name: str(field.type) for field in arrow_schema(self._columns)}
        citations = self._publishable.citations(snapshot, request.wanted, chosen)
        measures = measured(snapshot, chosen, citations, left_out)
        return Frozen(data_version_of(snapshot), rows, measures, dict(self._sizes), self._files, types)

    @cached_property
    def _carrier(self) -> CarriedFile | None:
        return carrier_of(self._snapshot, self._request.options)

    def _splits(self, chosen: pl.Series) -> Iterator[tuple[str, pl.Series]]:
        request = self._request
        if request.splits is None:
            yield NAMES[0], chosen
            return
        dealt = self._publishable.dealt(self._snapshot, request.wanted, request.splits, chosen)
        for name in NAMES:
            if len(positions := in_split(self._snapshot, chosen, dealt, name)):
                yield name, positions

    def _write(self, split: str, positions: pl.Series) -> None:
        """Write a split in files of bounded size, or only hash its rows."""
        if self._place is None:
            for piece in pieces_at(self._snapshot, positions):
                self._take(split, piece)
            return
        # Every format that a release is exported to keeps this order: readers of formats without types see them all.
        told = {name: kind for name, kind in self._columns.items() if not self._request.options.hides(name)}
        positions = leading_first(self._snapshot, positions, told)
        address, release_id = self._place
        count = -(-len(positions) // _FILE_ROWS)
        for number in range(count):
            part = positions.slice(number * _FILE_ROWS, _FILE_ROWS)
            path = f"data/{split}-{number:05d}-of-{count:05d}.parquet"
            written = partial(self._write_part, split, part)
            self._files.append(ReleaseFiles(address).write(release_id, path, written, split, len(part)))

    def _write_part(self, split: str, positions: pl.Series, write: Callable[[bytes], object]) -> None:
        # The mark has the sizes of the row groups noted, so that an export takes them as they are.
        with GroupFile(write, self._columns, _MARK) as file:
            groups = groups_of(self._snapshot, positions, self._request.options, self._carrier)
            for part in groups if groups is not None else read_ahead(pieces_at(self._snapshot, positions)):
                seen = self._take(split, decoded(part))
                file.add(part if isinstance(part, CarriedGroup) else seen)

    def _take(self, split: str, piece: pl.DataFrame) -> pl.DataFrame:
        seen = shown(piece, self._request.options)
        self._rows.append(pl.DataFrame([piece["id"], pl.Series("split", [split] * piece.height), row_hashes(seen)]))
        self._sizes[split] += int(seen.estimated_size())
        self._done += piece.height
        self._told(_WRITTEN, self._done, self._total)
        return seen

    def _write_rows(self, rows: pl.DataFrame) -> ReleaseFile:
        content = io.BytesIO()
        rows.write_parquet(content)
        address, release_id = self._place or ("", "")
        return ReleaseFiles(address).write(release_id, ROWS, lambda write: write(content.getvalue()), "", rows.height)


_MARK: Mapping[str, str] = {"legal-training-platform": "release"}


@contextlib.contextmanager
def _left_clean(place: Place | None) -> Iterator[None]:
    """Remove what was written if the block fails."""
    try:
        yield
    except BaseException:
        if place is not None:
            with contextlib.suppress(StorageError):
                ReleaseFiles(place[0]).remove(place[1])
        raise
