"""The steps of `bench.quality.with_ray`, in a module that workers import."""

from pathlib import Path
from typing import Any

from services.quality.duplicates import ALIKE
from services.quality.duplicates.pairs import rows_of_pairs, similar_pairs
from services.quality.duplicates.sketch import BANDS, PERMUTATIONS, band_hashes
from services.quality.report.files import ExaminePortion
from utils.frames import np


class Examiner:
    """Examines portions; one in each worker of the cluster."""

    def __init__(self, data_dir: str) -> None:
        """Read the tables once; benchmarks lie in *data_dir*."""
        from config import load_settings
        from side import build_measures

        self._measures = build_measures(load_settings(data_dir=Path(data_dir)))

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Return ids, sketches, and of each portion its counts once."""
        import pickle

        names, rows, totals = [], [], []
        for packed in batch["portion"]:
            examined, _ = ExaminePortion(pickle.loads(packed)).run(self._measures)  # noqa: S301  # made by the driver
            names += examined.names.to_list()
            rows.append(examined.sketches)
            totals.append(pickle.dumps(examined.totals))
        empty = [b""] * (len(names) - len(totals))
        return {"id": np.array(names), "sketch": np.concatenate(rows), "totals": np.array([*totals, *empty], object)}


def by_band(batch: dict[str, Any]) -> dict[str, Any]:
    """Return a row for each text and band, under a key that texts which share the band have in common."""
    hashes = band_hashes(np.ascontiguousarray(batch["sketch"], dtype=np.uint32)).T
    with np.errstate(over="ignore"):
        keys = hashes ^ (np.arange(1, BANDS + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15))[:, None]
    return {
        "key": keys.ravel().view(np.int64),
        "id": np.tile(batch["id"], BANDS),
        "sketch": np.tile(batch["sketch"], (BANDS, 1)),
    }


def pairs_in(block: dict[str, Any]) -> dict[str, Any]:
    """Return the similar pairs of all keys of a block, smaller id first; a key is in one block alone."""
    by_id = np.argsort(block["id"], kind="stable")
    names = block["id"][by_id].astype(str)
    rows = np.ascontiguousarray(block["sketch"][by_id], dtype=np.uint32).reshape(len(names), PERMUTATIONS)
    keys = block["key"][by_id].view(np.uint64)
    order = np.argsort(keys, kind="stable")
    pairs, similarity = similar_pairs([rows], iter([(keys[order], order)]), ALIKE)
    one, other = rows_of_pairs(pairs)
    return {"one": names[one], "other": names[other], "similarity": similarity}
