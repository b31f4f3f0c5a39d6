"""What loaders read of the flat files: datasets, Polars, pandas; each value against what was exported."""

import json
from importlib.metadata import version

import datasets
import pandas
import polars
from common import failed, files_folder, keep

files = files_folder()
WANTED = {row["id"]: row for row in json.loads((files / "rows.json").read_text())}


def plain(value):
    """Return a value as JSON has it: spellings of times and decimals are compared as text."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return None if value != value else value
    if isinstance(value, (list, tuple)) or type(value).__name__ == "ndarray":
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if type(value).__name__ == "NaTType" or value is getattr(pandas, "NA", None):
        return None
    return value.item() if hasattr(value, "item") else str(value)


def tell(loader, package, form, rows):
    found = {str(row["id"]): {name: plain(value) for name, value in row.items()} for row in rows}
    different = sorted(
        {name for key, row in WANTED.items() for name, value in row.items() if found.get(key, {}).get(name) != value}
    )
    line = {"trainer": loader, "version": version(package), "file": form, "how": "as it is", "rows": len(WANTED)}
    keep({**line, "different": len(different), "found": ", ".join(different)})


def by_datasets(builder, path, streaming):
    return list(
        datasets.load_dataset(builder, data_files=path, split="train", streaming=streaming, cache_dir=str(files / "cache"))
    )


for form in ("jsonl", "json", "csv", "parquet"):
    path = str(files / f"flat.{form}")
    builder = "json" if form == "jsonl" else form
    read_polars = {"jsonl": polars.read_ndjson, "json": polars.read_json, "csv": polars.read_csv, "parquet": polars.read_parquet}
    read_pandas = {
        "jsonl": lambda path: pandas.read_json(path, lines=True, dtype=False),
        "json": lambda path: pandas.read_json(path, dtype=False),
        "csv": pandas.read_csv,
        "parquet": pandas.read_parquet,
    }
    for loader, package, read in (
        ("datasets", "datasets", lambda: by_datasets(builder, path, False)),
        ("datasets, streamed", "datasets", lambda: by_datasets(builder, path, True)),
        ("Polars", "polars", lambda: read_polars[form](path).to_dicts()),
        ("pandas", "pandas", lambda: read_pandas[form](path).to_dict("records")),
    ):
        try:
            tell(loader, package, form, read())
        except BaseException as error:
            failed(loader, version(package), form, "as it is", error)
