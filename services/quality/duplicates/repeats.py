"""Questions that several samples ask word for word, whatever their answers are."""

from collections.abc import Sequence

from models.samples.snapshot import POSITION, Snapshot
from utils.frames import pl

# Of more the rest follows when these are done.
SHOWN = 1_000
_KEY = "key"


def repeated_questions(snapshot: Snapshot) -> list[Sequence[str]]:
    """Return the ids of samples of the same question but for case and blanks, the most frequent question first."""
    asked = pl.col("question").str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()
    pieces = [piece.select(asked.hash(7).alias(_KEY)) for piece in snapshot.narrow(["question"])]
    keys = pl.concat(pieces).with_row_index(POSITION)
    there = snapshot.index().select(POSITION, "id").collect().with_columns(pl.col(POSITION).cast(pl.UInt32()))
    found = (
        there.join(keys.with_columns(pl.col(POSITION).cast(pl.UInt32())), on=POSITION)
        .filter(pl.len().over(_KEY) > 1)
        .sort("id")
        .group_by(_KEY, maintain_order=True)
        .agg("id")
        .sort(pl.col("id").list.len(), descending=True, maintain_order=True)
        .head(SHOWN)
    )
    return [tuple(ids) for ids in found["id"].to_list()]
