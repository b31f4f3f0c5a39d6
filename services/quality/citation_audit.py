"""The verdict on every sample of the data set, also on those stored without a check.

Samples of files and large imports are checked once, in a process beside the service; their verdicts are
kept in the row index, not written into the user's file.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from models.samples.index_filling import fill_while_current, lacking, taken
from models.samples.sample_store import SampleStore
from models.samples.snapshot import POSITION, HasSamples, Snapshot, Snapshots
from models.samples.version import Identity
from services.citations.checker import FIELDS, CitationChecker, verdict_of
from utils.errors import UnavailableError
from utils.frames import pl
from utils.side.tasks import Side

log = logging.getLogger(__name__)
COLUMN, NOTHING = "citation_verdict", "none"
_PIECE = 200
# Characters, about five seconds of CPU; more is checked in the background.
_AT_ONCE = 3_000_000
# Characters that are checked here: a tenth of a second, in which another process would not even have begun.
_HERE = 60_000
_AGAIN_S = 15.0
# Samples of which the verdicts are noted together: each time a column of the index is copied.
_NOTED = 5_000


class AuditTools(HasSamples, Protocol):
    """What checks samples elsewhere."""

    @property
    def checker(self) -> CitationChecker:
        """The citation check."""


@dataclass(frozen=True)
class AuditsHere:
    """What checks samples in this process."""

    samples: Snapshots
    checker: CitationChecker


@dataclass(frozen=True)
class AuditRows:
    """Checks *rows* (UInt32, ascending) of the file version *identity*; yields parts of them with their verdicts."""

    identity: Identity
    rows: pl.Series

    def run(self, tools: AuditTools) -> Iterator[tuple[pl.Series, list[str]]]:
        """Check; ends when the file was replaced."""
        snapshot = tools.samples.snapshot()
        if snapshot.is_of(self.identity):
            for part, texts in taken(snapshot, self.rows, _PIECE):
                yield part, verdicts_of(texts, tools.checker)


@dataclass(frozen=True)
class AuditTexts:
    """Checks samples that have the columns `FIELDS`."""

    texts: pl.DataFrame

    def run(self, tools: AuditTools) -> list[str]:
        """Return the verdict of each."""
        return verdicts_of(self.texts, tools.checker)


class Verdicts:
    """The verdicts of a data set. Thread-safe."""

    def __init__(self, tools: AuditTools, side: Side[AuditTools] | None = None) -> None:
        """Check with *tools* what has no verdict; more than a little of it at the *side*, if there is one."""
        self._tools = tools
        self._side = side
        self._lock = threading.Lock()
        self._fresh: dict[tuple[str, int], str] = {}

    def verdicts(self, snapshot: Snapshot) -> pl.DataFrame:
        """Return the number (`POSITION`), verdict ("none" without citations) and review of every sample.

        Raises:
            UnavailableError: too many are not checked yet; tells how many are.
        """
        with self._lock:
            missing = lacking(snapshot, COLUMN)
            if _characters(snapshot, missing) > _AT_ONCE:
                total = len(snapshot)
                raise UnavailableError(
                    f"citations: {total - len(missing)} of {total} samples are checked; ask again in a while, "
                    "or ask with include=all",
                    _AGAIN_S,
                )
            self._check(snapshot, missing)
            index = snapshot.index().select(POSITION, COLUMN, "review").collect()
            fresh = self._of_journal(snapshot)
        found = pl.DataFrame(
            {POSITION: list(fresh), "found": list(fresh.values())}, schema={POSITION: pl.UInt32(), "found": pl.String()}
        )
        joined = index.with_columns(pl.col(POSITION).cast(pl.UInt32())).join(found, on=POSITION, how="left")
        return joined.with_columns(pl.coalesce(pl.col(COLUMN).cast(pl.String()), "found").alias(COLUMN)).drop("found")

    def _check(self, snapshot: Snapshot, rows: pl.Series, is_stopped: Callable[[], bool] = lambda: False) -> None:
        """Note the verdicts of *rows* of the file, until it is replaced or stopped."""
        version = snapshot.version
        if version is None or not len(rows):
            return
        found: Iterator[tuple[pl.Series, list[str]]]
        if self._side is None or _characters(snapshot, rows) <= _HERE:
            parts = taken(snapshot, rows, _PIECE)
            found = ((part, verdicts_of(texts, self._tools.checker)) for part, texts in parts)
        else:
            found = self._side.stream(AuditRows(version.identity, rows))
        noted = (
            (part, pl.DataFrame({COLUMN: pl.Series(verdicts, dtype=pl.Categorical())}))
            for part, verdicts in _together(found, is_stopped)
        )
        fill_while_current(self._tools.samples, version, noted)

    def _of_journal(self, snapshot: Snapshot) -> dict[int, str]:
        """Return, by number, the verdicts of journal samples that were stored without one."""
        overlay = snapshot.overlay
        first = len(snapshot.version) if snapshot.version is not None else 0
        open_rows = overlay.index[COLUMN].is_null().arg_true().to_list()
        keys = {row: (overlay.live["id"][row], int(overlay.seqs[row])) for row in open_rows}
        new = [row for row, key in keys.items() if key not in self._fresh]
        texts = overlay.live[new].select(FIELDS)
        if self._side is None or sum(int(texts[name].str.len_chars().sum()) for name in FIELDS) <= _HERE:
            found = verdicts_of(texts, self._tools.checker)
        else:
            found = self._side.run(AuditTexts(texts))
        self._fresh.update(zip((keys[row] for row in new), found, strict=True))
        self._fresh = {key: self._fresh[key] for key in keys.values()}
        return {first + row: self._fresh[key] for row, key in keys.items()}


class CitationAudit(Verdicts):
    """Checks what is not checked yet. Call `update` in a background thread."""

    def __init__(self, store: SampleStore, checker: CitationChecker, side: Side[AuditTools] | None = None) -> None:
        super().__init__(AuditsHere(store, checker), side)
        self._store = store

    def update(self, is_stopped: Callable[[], bool]) -> None:
        """Check what is not checked yet, a piece at a time."""
        snapshot = self._store.snapshot()
        if snapshot.version is None:
            return  # the journal's are found when they are asked for
        missing = lacking(snapshot, COLUMN)
        if len(missing):
            self._check(snapshot, missing, is_stopped)
            self._store.folding.save_index()


def verdicts_of(texts: pl.DataFrame, checker: CitationChecker) -> list[str]:
    """Return the verdict on each sample, "none" without citations."""
    found = (verdict_of(checker.check_sample(row)) for row in texts.select(FIELDS).iter_rows(named=True))
    return [verdict.value if verdict is not None else NOTHING for verdict in found]


def _together(
    found: Iterator[tuple[pl.Series, list[str]]], is_stopped: Callable[[], bool]
) -> Iterator[tuple[pl.Series, list[str]]]:
    """Yield what is found in larger parts, until stopped."""
    rows: list[pl.Series] = []
    verdicts: list[str] = []
    for part, some in found:
        rows.append(part)
        verdicts += some
        stop = is_stopped()
        if len(verdicts) >= _NOTED or stop:
            yield pl.concat(rows), verdicts
            rows, verdicts = [], []
        if stop:
            return
    if rows:
        yield pl.concat(rows), verdicts


def _characters(snapshot: Snapshot, rows: pl.Series) -> int:
    """Return how much text there is to check in *rows* of the file."""
    if snapshot.version is None or not len(rows):
        return 0
    lengths = snapshot.version.index.frame.select(pl.sum_horizontal(f"{name}_chars" for name in FIELDS)).to_series()
    return int(lengths.gather(rows).sum())
