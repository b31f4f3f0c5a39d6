"""The verdict on every sample of the data set, also on those stored without a check.

Samples of files and large imports are checked once, in the background; their verdicts are
kept in the row index, not written into the user's file.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from models.samples.index_filling import fill, lacking
from models.samples.sample_store import SampleStore
from models.samples.snapshot import POSITION, Snapshot
from services.citations.checker import FIELDS, CitationChecker, verdict_of
from utils.errors import UnavailableError
from utils.frames import pl

log = logging.getLogger(__name__)
COLUMN, NOTHING = "citation_verdict", "none"
_PIECE = 200
# Characters, about five seconds of CPU; more is checked in the background.
_AT_ONCE = 3_000_000
_AGAIN_S = 15.0


class CitationAudit:
    """Thread-safe. Call `update` in a background thread."""

    def __init__(self, store: SampleStore, checker: CitationChecker) -> None:
        self._store = store
        self._checker = checker
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
            fill(snapshot, missing, _PIECE, self._column)
            index = snapshot.index().select(POSITION, COLUMN, "review").collect()
            fresh = self._of_journal(snapshot)
        found = pl.DataFrame(
            {POSITION: list(fresh), "found": list(fresh.values())}, schema={POSITION: pl.UInt32(), "found": pl.String()}
        )
        joined = index.with_columns(pl.col(POSITION).cast(pl.UInt32())).join(found, on=POSITION, how="left")
        return joined.with_columns(pl.coalesce(pl.col(COLUMN).cast(pl.String()), "found").alias(COLUMN)).drop("found")

    def update(self, is_stopped: Callable[[], bool]) -> None:
        """Check what is not checked yet, a piece at a time."""
        snapshot = self._store.snapshot()
        if snapshot.version is None:
            return  # the journal's are found when they are asked for
        missing = lacking(snapshot, COLUMN)
        if len(missing):
            fill(snapshot, missing, _PIECE, self._column, is_stopped)
            self._store.folding.save_index()

    def _column(self, rows: pl.DataFrame) -> pl.DataFrame:
        found = [self._verdict(row) for row in rows.select(FIELDS).iter_rows(named=True)]
        return pl.DataFrame({COLUMN: pl.Series(found, dtype=pl.Categorical())})

    def _of_journal(self, snapshot: Snapshot) -> dict[int, str]:
        """Return, by number, the verdicts of journal samples that were stored without one."""
        overlay = snapshot.overlay
        first = len(snapshot.version) if snapshot.version is not None else 0
        open_rows = overlay.index[COLUMN].is_null().arg_true().to_list()
        keys = {row: (overlay.live["id"][row], int(overlay.seqs[row])) for row in open_rows}
        for row, key in keys.items():
            if key not in self._fresh:
                self._fresh[key] = self._verdict(overlay.live.row(row, named=True))
        self._fresh = {key: self._fresh[key] for key in keys.values()}
        return {first + row: self._fresh[key] for row, key in keys.items()}

    def _verdict(self, row: dict[str, object]) -> str:
        verdict = verdict_of(self._checker.check_sample(row))
        return verdict.value if verdict is not None else NOTHING


def _characters(snapshot: Snapshot, rows: pl.Series) -> int:
    """Return how much text there is to check in *rows* of the file."""
    if snapshot.version is None or not len(rows):
        return 0
    lengths = snapshot.version.index.frame.select(pl.sum_horizontal(f"{name}_chars" for name in FIELDS)).to_series()
    return int(lengths.gather(rows).sum())
