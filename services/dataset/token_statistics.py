"""Token statistics: every sample is counted once, and the counts are kept in the row index."""

from __future__ import annotations

import logging
import threading

from models.contract.answers.statistics import TokenCounts
from models.samples.file.row_index import COUNTED
from models.samples.index_filling import fill, lacking
from models.samples.sample_store import SampleStore
from models.samples.snapshot import POSITION, Snapshot
from models.samples.statistics import count_tokens
from utils.errors import UnavailableError
from utils.frames import pl
from utils.tokens import TokenCounter

log = logging.getLogger(__name__)
_PIECE = 1000
_KNOWN_BY = f"{COUNTED[0]}_tokens"  # all are counted together
# About four seconds of CPU; more is counted in the background.
_AT_ONCE = 20_000
_AGAIN_S = 15.0


class TokenStatistics:
    """Counts tokens not counted yet. Owns the thread that does so for large data sets."""

    def __init__(self, store: SampleStore, counter: TokenCounter) -> None:
        self._store = store
        self._counter = counter
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._new: dict[tuple[str, int], list[int]] = {}

    def statistics(self) -> TokenCounts:
        """Return the token statistics without costs.

        Raises:
            UnavailableError: a large data set is being counted; tells how far.
        """
        with self._lock:
            snapshot = self._store.snapshot()
            missing = lacking(snapshot, _KNOWN_BY)
            if len(missing) > _AT_ONCE:
                self._begin()
                total = len(snapshot)
                raise UnavailableError(
                    f"tokens: {total - len(missing)} of {total} samples are counted; ask again in a while", _AGAIN_S
                )
            if len(missing):
                fill(snapshot, missing, _PIECE, self._counts)
                self._store.folding.save_index()
            return count_tokens(self._index(snapshot), self._counter.encoding)

    def close(self) -> None:
        """Stop counting; what is counted is kept."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _begin(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._count_all, name="token counts", daemon=True)
            self._thread.start()

    def _count_all(self) -> None:
        snapshot = self._store.snapshot()
        fill(snapshot, lacking(snapshot, _KNOWN_BY), _PIECE, self._counts, self._stopping.is_set)
        self._store.folding.save_index()

    def _counts(self, rows: pl.DataFrame) -> pl.DataFrame:
        counts = {f"{name}_tokens": self._counter.count(rows[name]) for name in COUNTED}
        return pl.DataFrame(counts, schema=dict.fromkeys(counts, pl.UInt32()))

    def _index(self, snapshot: Snapshot) -> pl.DataFrame:
        """Return the snapshot's index with the journal's samples counted too."""
        overlay = snapshot.overlay
        keys = list(zip(overlay.live["id"], overlay.seqs, strict=True))
        unknown = [row for row, key in enumerate(keys) if key not in self._new]
        counted = [self._counter.count(overlay.live[name].gather(unknown)) for name in COUNTED]
        self._new.update(
            {keys[row]: list(counts) for row, counts in zip(unknown, zip(*counted, strict=True), strict=True)}
        )
        self._new = {key: self._new[key] for key in keys}
        columns = [
            pl.Series(f"{name}_tokens", [self._new[key][n] for key in keys], dtype=pl.UInt32())
            for n, name in enumerate(COUNTED)
        ]
        base = snapshot.index().filter(
            pl.col(POSITION) < (len(snapshot.version) if snapshot.version is not None else 0)
        )
        live = overlay.index.with_columns(columns)
        return pl.concat([base.drop(POSITION).collect(), live])
