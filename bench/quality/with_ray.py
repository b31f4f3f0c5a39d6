"""The recipe of docs/howto/quality-with-ray.md: report, near-duplicates and benchmarks of Parquet files with Ray Data.

    pip install "ray[data]" -r requirements.txt      in an environment of its own
    python -m bench.quality.with_ray ADDRESS [--cpus N] [--buckets N]

Ray is not among the service's packages. Counts, ids and sketches are those of `cli.py report`, which this is compared
with by `--check` where the files fit one machine.
"""

import argparse
import json
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.quality.ray_steps import Examiner, by_band, pairs_in
from models.samples.file.many_files import ManyFiles
from services.quality.duplicates import DUPLICATE
from services.quality.duplicates.gathered import InMemory
from services.quality.report.figures import Totals
from services.quality.report.files import report_on_files


def report(address: str, data_dir: str, cpus: int, partitions: int) -> dict[str, Any]:
    """Return the report's counts, similar pairs, and benchmarks' overlaps of the files at *address*."""
    import pickle

    ray: Any = import_module("ray")
    files = ManyFiles(address)
    portions = [{"portion": pickle.dumps(portion)} for portion in files.portions()]
    actors: Any = import_module("ray.data").ActorPoolStrategy(size=cpus)
    examined = ray.data.from_items(portions, override_num_blocks=max(cpus, len(portions))).map_batches(
        Examiner, fn_constructor_args=(data_dir,), batch_size=1, compute=actors
    )
    examined = examined.materialize()
    totals = Totals()
    for row in examined.select_columns(["totals"]).iter_rows():
        if row["totals"]:
            totals.merge(pickle.loads(row["totals"]))  # noqa: S301  # made by our workers
    banded = examined.select_columns(["id", "sketch"]).map_batches(by_band, batch_size=4_096)
    blocks = banded.repartition(partitions, keys=["key"])
    pairs = blocks.map_batches(pairs_in, batch_size=None).to_pandas().drop_duplicates(["one", "other"])
    return {
        "samples": totals.samples,
        "contaminated": dict(totals.contaminated),
        "citations": dict(totals.citations),
        "similar_pairs": len(pairs),
        "pairs_from_0_6": int((pairs["similarity"] >= DUPLICATE).sum()),
    }


def expected(address: str, data_dir: str) -> dict[str, Any]:
    """Return the same figures as `cli.py report` makes them, here."""
    from config import load_settings
    from side import build_measures

    measures = build_measures(load_settings(data_dir=Path(data_dir)))
    made = report_on_files(ManyFiles(address), measures, None, InMemory())
    return {
        "samples": made["samples"],
        "contaminated": made["contamination"]["samples_by_benchmark"],
        "citations": made["citations"]["by_verdict"],
        "similar_pairs": made["duplicates"]["similar_pairs"],
        "pairs_from_0_6": made["duplicates"]["pairs_from_0_6"],
    }


def main() -> None:
    """Report with a small cluster on this machine, or the one at RAY_ADDRESS."""
    asked = argparse.ArgumentParser()
    asked.add_argument("address")
    asked.add_argument("--cpus", type=int, default=2)
    asked.add_argument("--buckets", type=int, default=8, help="parts of the shuffle by what texts share")
    asked.add_argument("--data-dir", default="")
    asked.add_argument("--check", action="store_true")
    given = asked.parse_args()
    ray: Any = import_module("ray")
    with tempfile.TemporaryDirectory() as temporary:
        data_dir = given.data_dir or temporary
        ray.init(num_cpus=given.cpus, include_dashboard=False, log_to_driver=False)
        begun = time.perf_counter()
        found = report(given.address, data_dir, given.cpus, given.buckets)
        print(json.dumps({**found, "seconds": round(time.perf_counter() - begun, 1)}), flush=True)
        ray.shutdown()
        if given.check:
            wanted = expected(given.address, data_dir)
            print("as cli.py report" if wanted == found else f"differs: {wanted}")


if __name__ == "__main__":
    main()
