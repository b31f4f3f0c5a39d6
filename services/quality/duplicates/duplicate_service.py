"""Duplicates of the data set: refused at generation, reported on request, indexed in the background."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from models.contract.answers.quality import Difference, Duplicates
from models.samples.sample_store import SampleStore
from models.samples.snapshot import POSITION, Snapshot
from services.citations.on_demand import CitationReader
from services.quality.duplicates import DuplicateThresholds
from services.quality.duplicates.index import SketchIndex
from services.quality.duplicates.known import Known, KnownSamples, key_of
from services.quality.duplicates.report import PairTools, report_on
from services.quality.duplicates.sketch import FIELDS, Sketches, sketch_of
from services.quality.duplicates.sketching import sketched
from services.quality.duplicates.veto import differs, law_of
from utils.errors import NotFoundError, QualityError
from utils.frames import np, pl
from utils.side.followed import Told, nobody
from utils.side.tasks import Side

log = logging.getLogger(__name__)
# Rows of one segment; so many sketches are 10 MB.
_SEGMENT_ROWS = 20_000
# So many sketches and texts wait in memory for the background thread; the admission that finds more does its work.
_SAVE_FROM = 1_000
_MOST_WAITING = 8_000
# Similar samples that are compared one by one, until one is a duplicate.
_LOOKED_AT = 50
_TOLD = 5
# Similarity from which two texts may differ in case, accents and blanks only.
_NEARLY_EQUAL = 0.9
# More than any similarity.
_NEVER = 2.0


@dataclass(frozen=True, slots=True)
class Alike:
    """A sample that is similar to another; `differs_in` says why it is no duplicate, or ""."""

    id: str
    similarity: float
    differs_in: Difference


@dataclass(frozen=True, slots=True)
class _Pending:
    """A sample that was admitted and may not be stored yet."""

    owner: str
    sample: Mapping[str, object]


class DuplicateService:
    """Thread-safe. Call `update` in a background thread."""

    def __init__(
        self,
        store: SampleStore,
        folder: Path,
        extractor: CitationReader,
        limits: DuplicateThresholds,
        side: Side[PairTools] | None = None,
    ) -> None:
        """Compare the samples of *store*; the index is in *folder*, large reports are made at the *side*."""
        self._store = store
        self._index = SketchIndex(folder)
        self._extractor = extractor
        self._limits = limits
        self._side = side
        self._admission = threading.Lock()
        self._pending: dict[str, _Pending] = {}
        self._seen: object = None
        self._known = KnownSamples()
        self._making_room = threading.Lock()
        self._most = _MOST_WAITING

    def admit(self, sample: Mapping[str, object], owner: str) -> list[Alike]:
        """Add a new sample, so that later ones are compared with it; return what is similar to it.

        Args:
            sample: Its fields, with its id.
            owner: Whose draft it is: a draft that is examined again is no duplicate of itself.

        Raises:
            QualityError: it is a duplicate; names the other sample.
        """
        if not self._limits.report and not self._limits.refuse:
            return []
        row = _sketch(sample)
        with self._admission:  # of two alike samples made at the same moment one is refused
            # Whether the law differs decides about duplicates alone, and reading it is dear.
            alike, known = self._alike(sample, row, owner, self._limits.refuse or _NEVER)
            worst = next((other for other in alike if not other.differs_in), None)
            if worst is not None and self._limits.refuse and worst.similarity >= self._limits.refuse:
                raise QualityError(
                    f"duplicate: similarity {worst.similarity:.2f} to {worst.id}, want below {self._limits.refuse:g}"
                )
            sample_id = str(sample["id"])
            self._pending[sample_id] = _Pending(owner, {name: sample.get(name) for name in _COMPARED})
            self._known.changed(sample_id, known)
            self._index.add([sample_id], row.reshape(1, -1))
        self._make_room()
        return alike

    def look(self, sample: Mapping[str, object]) -> list[Alike]:
        """Return what is similar to a sample, except itself."""
        return self._alike(sample, _sketch(sample), "", 0.0)[0] if self._limits.report else []

    def renew(self, sample: Mapping[str, object]) -> None:
        """Index a sample that was added or changed by hand."""
        self._pending.pop(str(sample["id"]), None)  # its text is out of date
        self._known.changed(str(sample["id"]), None)
        self._index.add([str(sample["id"])], _sketch(sample).reshape(1, -1))

    def forget(self, sample_id: str) -> None:
        """Remove a sample that was admitted and not stored, or was deleted."""
        with self._admission:
            self._pending.pop(sample_id, None)
            self._known.changed(sample_id, None)
            self._index.discard(sample_id)

    def update(self, is_stopped: Callable[[], bool]) -> None:
        """Bring the index up to date with the data set, a piece at a time."""
        version = self._store.version()
        if version == self._seen:
            return
        snapshot = self._store.snapshot()
        if not len(snapshot) and not len(self._index):
            return  # nor is Polars loaded for it
        index = snapshot.index().select(POSITION, "id").collect()
        missing = self._index.missing(index["id"])
        if len(missing):
            positions = index.filter(pl.col("id").is_in(missing.implode()))[POSITION]
            self._take_in(snapshot, positions, is_stopped)
        if not is_stopped():
            self._seen = version
            if len(self._index) > 1.2 * len(index) + _SEGMENT_ROWS:
                self._index.save(keep=index["id"])
            self._index.keep_only(index["id"], list(self._pending))
        self._drop_stored(index["id"])
        if self._index.unsaved > _SAVE_FROM:
            self._index.save()

    def close(self) -> None:
        """Save what is new in the index."""
        self._save()

    def report(self, told: Told = nobody) -> Duplicates:
        """Return the pairs of similar samples: duplicates, and siblings whose law differs.

        *told* hears how far it is.
        """
        return report_on(self._index, self._store, self._extractor, self._limits, self._side, told)

    def _take_in(self, snapshot: Snapshot, positions: pl.Series, is_stopped: Callable[[], bool]) -> None:
        ids: list[pl.Series] = []
        rows: list[Sketches] = []

        def write() -> None:
            if ids:
                self._index.append(pl.concat(ids).alias("id"), np.concatenate(rows))
                ids.clear()
                rows.clear()

        for names, some in sketched(snapshot, positions, self._side):
            if is_stopped():
                break
            ids.append(names)
            rows.append(some)
            if sum(map(len, ids)) >= _SEGMENT_ROWS:
                write()
        write()

    def _save(self) -> bool:
        """Save what is new in the index; False when the disk refused, and it stays in memory."""
        try:
            self._index.save()
        except OSError as error:
            log.warning("duplicate index not saved", extra={"reason": str(error)})
            return False
        return True

    def _make_room(self) -> None:
        """Do what `update` does about memory, once too much waits: it may be late by the length of an audit."""
        waiting = max(self._index.unsaved, len(self._pending))
        if waiting < self._most or not self._making_room.acquire(blocking=False):
            return
        try:
            if self._save():
                self._drop_stored(self._store.snapshot().index().select("id").collect()["id"])
            left = max(self._index.unsaved, len(self._pending))
            self._most = max(_MOST_WAITING, 2 * left)  # what cannot be let go of now is not tried again at once
        finally:
            self._making_room.release()

    def _drop_stored(self, ids: pl.Series) -> None:
        """Drop pending samples that are stored by now, once there are many."""
        if len(self._pending) < _SAVE_FROM:
            return  # the newest are compared most often, and reading them from the data set costs more
        names = pl.Series("id", list(self._pending), dtype=pl.String())
        stored = names.filter(names.is_in(ids.implode()))
        with self._admission:
            for name in stored:
                self._pending.pop(name, None)

    def _alike(
        self, sample: Mapping[str, object], row: Sketches, owner: str, read_from: float
    ) -> tuple[list[Alike], Known | None]:
        """Return what is similar to *sample*, and what it was compared by; None where no law was read.

        The law is read of samples whose similarity is at least *read_from*.
        """
        least = min(value for value in (self._limits.report, self._limits.refuse, 1.0) if value)
        near = [pair for pair in self._index.near(row, least, _LOOKED_AT + 1) if pair[0] != sample["id"]]
        found: list[Alike] = []
        mine: Known | None = None
        for name, similarity in near[:_LOOKED_AT]:
            settled = similarity < (self._limits.refuse or _NEVER) or any(not other.differs_in for other in found)
            if settled and len(found) >= _TOLD:
                break
            pending = self._pending.get(name)
            if pending is not None and owner and pending.owner == owner:
                self._index.discard(name)
                continue
            if similarity < read_from:
                found.append(Alike(name, round(similarity, 3), ""))
                continue
            other = self._known.get(name, self._known_of)
            if other is not None:
                mine = mine or Known(law_of(sample, self._extractor))
                found.append(Alike(name, round(similarity, 3), self._difference(sample, mine, name, other, similarity)))
        return found, mine

    def _difference(
        self, sample: Mapping[str, object], mine: Known, name: str, other: Known, similarity: float
    ) -> Difference:
        """Return how the law of a sample differs from that of *name*; a copy is a duplicate whatever law was read."""
        in_what = differs(mine.law, other.law)
        if in_what and similarity > _NEARLY_EQUAL and self._is_copy(sample, mine, name, other):
            return ""
        return in_what

    def _is_copy(self, sample: Mapping[str, object], mine: Known, name: str, other: Known) -> bool:
        """Tell whether two texts differ in case, accents and blanks only."""
        if not other.key and (text := self._sample(name)) is not None:  # None: deleted since
            other.key = key_of(text)
        mine.key = mine.key or key_of(sample)
        return mine.key == other.key

    def _known_of(self, name: str) -> Known | None:
        sample = self._sample(name)
        return None if sample is None else Known(law_of(sample, self._extractor))

    def _sample(self, name: str) -> Mapping[str, object] | None:
        """Return a pending sample, or one of the data set."""
        pending = self._pending.get(name)
        return pending.sample if pending is not None else self._stored(name)

    def _stored(self, name: str) -> Mapping[str, object] | None:
        try:
            return self._store.get(name)
        except NotFoundError:
            return None  # deleted since


_COMPARED = ("id", "question", "answer", "reasoning", "case_citation", "jurisdiction")


def _sketch(sample: Mapping[str, object]) -> Sketches:
    return sketch_of(" ".join(str(sample.get(name) or "") for name in FIELDS))
