"""Releases of a million samples: CPU and memory of what is done with them, against Polars writing the same columns.

`.venv/bin/python -m bench.store.releases FOLDER [COUNT]` makes COUNT samples (a million) in FOLDER the first time, and
prints of each step the CPU of a process of its own and its peak of memory, and at last the ratio. Polars reads the same
file and writes it as Parquet (once for the release, once for the export) and as JSON Lines.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bench.store.corpus import Corpus

DATA, RELEASE = "train.parquet", "rel_0123456789abcdef"


def freeze_all(folder: Path, is_split: bool) -> str:
    """Freeze all samples; return how many rows each split has."""
    from models.samples.file.parquet_file import ParquetFile
    from models.samples.journal import Overlay
    from models.samples.snapshot import Snapshot
    from services.dataset.publishable import Choice, Publishable
    from services.dataset.releases.writing import ReleaseRequest, freeze
    from services.dataset.splits import SplitRequest

    class Here:
        """The data set in the folder."""

        def snapshot(self) -> Snapshot:
            return Snapshot(ParquetFile(folder / DATA).open(), Overlay())

    request = ReleaseRequest(Choice(include="all"), SplitRequest() if is_split else None, thinking=False)
    # No verdict is asked for with include=all.
    frozen = freeze(Here(), Publishable(None), request, (str(folder), RELEASE))  # type: ignore[arg-type]
    facts = {
        "files": frozen.files,
        "columns": frozen.columns,
        "splits": frozen.splits,
        "content_hash": frozen.content_hash,
    }
    (folder / "facts.json").write_text(
        json.dumps({**facts, "name": "bench", "version": "1.0.0", "recipe": {"thinking": False}})
    )
    return str({name: split["samples"] for name, split in frozen.splits.items()})


def export(folder: Path, name: str) -> str:
    """Export the release; return the size of the file."""
    from services.dataset.releases.reading import exported
    from services.formats import exporters
    from services.formats.export_format import ExportFormat, ExportOptions
    from utils.file_systems import FileFolder
    from utils.plugins import find_specs

    spec = next(spec for spec in find_specs(exporters, ExportFormat) if spec.name == name)
    facts = json.loads((folder / "facts.json").read_text())
    place = FileFolder(str(folder / "releases" / RELEASE))
    with (folder / f"out.{name}").open("wb") as file:
        file.writelines(exported(place, facts, spec, ExportOptions(), "").content)
    return f"{(folder / f'out.{name}').stat().st_size / 1e6:.0f} MB"


def polars(folder: Path, name: str) -> str:
    """Have Polars write the same columns."""
    import polars as pl

    rows = pl.scan_parquet(folder / DATA)
    out = folder / f"polars.{name}"
    rows.sink_parquet(out, compression="zstd", compression_level=3) if name == "parquet" else rows.sink_ndjson(out)
    return f"{out.stat().st_size / 1e6:.0f} MB"


STEPS: dict[str, Callable[[Path], str]] = {
    "release, one split": lambda folder: freeze_all(folder, is_split=False),
    "release, three splits": lambda folder: freeze_all(folder, is_split=True),
    "export as Parquet": lambda folder: export(folder, "parquet"),
    "export as JSON Lines": lambda folder: export(folder, "jsonl"),
    "Polars, Parquet": lambda folder: polars(folder, "parquet"),
    "Polars, JSON Lines": lambda folder: polars(folder, "ndjson"),
}


def main(folder: Path, count: int) -> None:
    """Run each step in a process of its own and print what it cost."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / DATA).exists():
        Corpus().write(folder, count)
    cost: dict[str, float] = {}
    for step in STEPS:
        ran = subprocess.run(
            [sys.executable, "-m", "bench.store.releases", str(folder), "--step", step],
            capture_output=True,
            text=True,
            check=True,
        )
        told = json.loads(ran.stdout)
        cost[step] = told["cpu_s"]
        print(f"{step}: {told['cpu_s']:.1f} s CPU, peak {told['peak_mb']:.0f} MB, {told['told']}")
    ours = cost["release, three splits"] + cost["export as Parquet"] + cost["export as JSON Lines"]
    theirs = 2 * cost["Polars, Parquet"] + cost["Polars, JSON Lines"]
    print(f"release with splits and both exports: {ours:.1f} s, Polars {theirs:.1f} s, ratio {ours / theirs:.2f}")
    print(f"release without splits: ratio {cost['release, one split'] / cost['Polars, Parquet']:.2f}")


def run_step(folder: Path, step: str) -> None:
    """Run one step; print its cost as JSON."""
    told = STEPS[step](folder)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"cpu_s": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024, "told": told}))


if __name__ == "__main__":
    if "--step" in sys.argv:
        run_step(Path(sys.argv[1]), sys.argv[3])
    else:
        main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000)
