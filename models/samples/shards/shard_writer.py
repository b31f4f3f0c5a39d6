"""Parts samples by jurisdiction and month, and writes each part as shards."""

from __future__ import annotations

from models.samples.file.newest import TIME
from models.samples.file.row_groups import row_bytes
from models.samples.shards.manifest import Shard
from models.samples.shards.shard_files import ShardFiles
from utils.frames import pl

SHARD_ROWS, SHARD_BYTES = 50_000, 128 << 20
# Of all parts together that wait to be full.
_WAITING_BYTES = 256 << 20
_PART = "part"
_UNDATED = "undated"


class ShardWriter:
    """Writes shards as soon as they are full; `finish` writes the rest."""

    def __init__(self, files: ShardFiles) -> None:
        self.shards: list[Shard] = []
        self._files = files
        self._waiting: dict[tuple[str, str], list[tuple[pl.DataFrame, pl.DataFrame]]] = {}
        self._sizes: dict[tuple[str, str], int] = {}

    def add(self, rows: pl.DataFrame, index: pl.DataFrame) -> None:
        """Take *rows*, with what is known of each (`row_index.describe`)."""
        for part, places in parted(rows):
            mine, known = (rows, index) if len(places) == rows.height else (rows[places], index[places])
            size = int(row_bytes(mine).sum())
            if self._rows(part) + mine.height > SHARD_ROWS or self._sizes.get(part, 0) + size > SHARD_BYTES:
                self._write(part)
            self._waiting.setdefault(part, []).append((mine, known))
            self._sizes[part] = self._sizes.get(part, 0) + size
        while sum(self._sizes.values()) > _WAITING_BYTES:
            self._write(max(self._sizes, key=self._sizes.__getitem__))

    def finish(self) -> list[Shard]:
        """Write what waits; return all shards written."""
        for part in list(self._waiting):
            self._write(part)
        return self.shards

    def _rows(self, part: tuple[str, str]) -> int:
        return sum(rows.height for rows, _ in self._waiting.get(part, ()))

    def _write(self, part: tuple[str, str]) -> None:
        waiting = self._waiting.pop(part, [])
        self._sizes.pop(part, None)
        if not waiting:
            return
        rows, index = (pl.concat(frames) for frames in zip(*waiting, strict=True))
        order = rows.select(pl.arg_sort_by(TIME, "id", nulls_last=False)).to_series()
        rows, index = rows[order], index[order]
        for start in range(0, rows.height, SHARD_ROWS):
            self.shards.append(
                self._files.write(part, rows[start : start + SHARD_ROWS], index[start : start + SHARD_ROWS])
            )


def parted(rows: pl.DataFrame) -> list[tuple[tuple[str, str], pl.Series]]:
    """Return the jurisdictions and months of *rows*, each with the numbers of its rows."""
    month = pl.col(TIME).str.extract(r"^(\d{4}-\d{2})").fill_null(_UNDATED)
    keys = rows.select(pl.col("jurisdiction").fill_null(""), month.alias(_PART)).with_row_index("n")
    grouped = keys.group_by("jurisdiction", _PART, maintain_order=True).agg("n")
    return [((jurisdiction, part), places) for jurisdiction, part, places in zip(*grouped.get_columns(), strict=True)]
