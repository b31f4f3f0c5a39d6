"""Runs the trainers' own data code on the exports, by the recipes, and tells where it makes something else of them.

    .venv/bin/python -m bench.trainers.run FOLDER [--write] [NAME …]

FOLDER holds one environment for each of `CHECKS`, `FOLDER/trl/bin/python` and so on; what is missing is installed
(gigabytes). `--write` puts the tables into docs/trainers.md; names of checks run only those. No GPU and,
once installed, no network.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import polars as pl

from config import PROJECT_DIR
from services.dataset.pairs import PAIR_FORMATS, in_form
from services.formats import exporters
from services.formats.export_format import ExportFormat, ExportOptions
from services.formats.recipes import RECIPES
from tests.fakes import sample
from utils.plugins import find_specs

CHECKS = {
    "loaders": "datasets==5.2.0 polars==2.1.0 pandas==3.1.1 pyarrow==26.0.1",
    "trl": "trl==1.16.0",
    "llamafactory": "llamafactory==0.9.5",
    "swift": "ms-swift==4.6.0",
    "unsloth": "unsloth==2026.10.9",
    "axolotl": "axolotl==0.21.0",
    "openai": "openai==3.51.0",
    "mistral": "mistral-common[sentencepiece]==1.13.1",
    "lmeval": "lm-eval[hf]==0.4.13",
    "argilla": "argilla==2.8.0 requests",
    "labelstudio": "label-studio==1.23.2",
}
# What needs another Python than the project's.
PYTHONS = {"axolotl": "python3.12"}

LOADERS = ("datasets", "datasets, streamed", "Polars", "pandas")
SYSTEM = "You are a careful lawyer."
# By the end of a file's name: how it is exported.
VARIANTS = {
    "": ExportOptions(),
    "-system": ExportOptions((), SYSTEM),
    "-think": ExportOptions((), SYSTEM, "think"),
}
_TOLD = {"-system": ", with system_prompt", "-think": ", with system_prompt and reasoning=think"}
PAGE = PROJECT_DIR / "docs" / "trainers.md"
_HERE = Path(__file__).parent
_QUIET = {
    "AXOLOTL_DO_NOT_TRACK": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "CUDA_VISIBLE_DEVICES": "",
    "OMP_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "UNSLOTH_SKIP_TORCHVISION_CHECK": "1",
}


def main() -> None:
    """Run what the command line asks for."""
    folder, is_written = Path(sys.argv[1]), "--write" in sys.argv
    with tempfile.TemporaryDirectory() as name:
        files = Path(name)
        write_files(files)
        chosen = [name for name in sys.argv[2:] if name in CHECKS] or CHECKS
        for check, packages in ((name, CHECKS[name]) for name in chosen):
            python = folder / check / "bin" / "python"
            if not python.exists():
                subprocess.run([PYTHONS.get(check, sys.executable), "-m", "venv", folder / check], check=True)
                subprocess.run([python, "-m", "pip", "install", "--quiet", *packages.split()], check=True)
            with (files / f"{check}.log").open("w") as log:
                done = subprocess.run(
                    [python, _HERE / "checks" / f"with_{check}.py", files],
                    stdout=log, stderr=log, check=False, cwd=files, env={**os.environ, **_QUIET},
                )  # fmt: skip
            if done.returncode:
                print((files / f"{check}.log").read_text()[-2000:])
            print(check, "done", flush=True)
        results = [json.loads(line) for line in (files / "results.jsonl").read_text().splitlines()]
    for row in results:
        if row.get("different") and "wanted" in row:
            print(
                row["trainer"],
                row["file"],
                row["how"],
                f"found:\n{row['found']!r}\nwanted:\n{row['wanted']!r}",
                sep=" | ",
            )
    text = "\n".join([*table(results), "", *losses(results)])
    print(text)
    if is_written:
        PAGE.write_text(_with(PAGE.read_text(), text))


def write_files(files: Path) -> None:
    """Write the exports, what they mean, and the recipes."""
    rows = [
        sample(
            id=f"s{n}", question=f"What is duty {n}?\nSay § {n}.", answer=f"**Owed** – see\n\n{n}. one",
            reasoning=reasoning, x_note=None,
        )
        for n, reasoning in enumerate(("Step 1: 義務 ⚖️\n\nStep 2: e\u0301", "", "<b>so</b> \"it\" is"))
    ]  # fmt: skip
    rows[2]["x_note"] = "late"
    frame = pl.DataFrame(rows)
    specs = {spec.name: spec for spec in find_specs(exporters, ExportFormat)}
    meant: dict[str, list[dict[str, str]]] = {}
    for name in ("jsonl", "json", "csv", "parquet"):
        (files / f"flat.{name}").write_bytes(_written(specs[name], frame, ExportOptions()))
    (files / "rows.json").write_text(json.dumps(rows))
    (files / "parquet.jsonl").write_bytes(_written(specs["jsonl"], frame, ExportOptions()))
    meant["parquet"] = [_meant(row, ExportOptions()) for row in rows]
    for name in ("messages", "sharegpt", "alpaca", "prompts"):
        for suffix, options in VARIANTS.items():
            (files / f"{name}{suffix}.jsonl").write_bytes(_written(specs[name], frame, options))
            meant[f"{name}{suffix}"] = [_meant(row, options) for row in rows]
    for name in ("argilla", "label_studio"):
        (files / f"{name}.{specs[name].extension}").write_bytes(_written(specs[name], frame, ExportOptions()))
    write_pairs(files, meant["parquet"])
    for name in PAIR_FORMATS:
        meant[name] = [{**row, "chosen": row["answer"], "rejected": f"No. {row['answer']}"} for row in meant["parquet"]]
    (files / "meant.json").write_text(json.dumps(meant))
    (files / "recipes.json").write_text(json.dumps([asdict(recipe) for recipe in RECIPES]))


def write_pairs(files: Path, rows: Iterable[Mapping[str, str]]) -> None:
    """Write pairs of preferences in every form."""
    from services.quality.review_service import lines

    pairs = [
        {"prompt": row["question"], "chosen": row["answer"], "rejected": f"No. {row['answer']}", "reason": "wrong",
         "source": "review", "sample_id": "s1"}
        for row in rows
    ]  # fmt: skip
    for name in PAIR_FORMATS:
        (files / f"{name}.jsonl").write_bytes(b"".join(lines(in_form(name, pairs))))


def table(results: list[dict[str, object]]) -> Iterator[str]:
    """Yield the table, as Markdown."""
    yield "| Trainer or loader | Format | Read | Rows that differ from what was meant |"
    yield "| --- | --- | --- | --- |"
    for row in (row for row in results if "losses" not in row):
        told = (
            f"none read: {' '.join(str(row['error']).split())[:80]}"
            if "error" in row
            else f"{row['different']} of {row['rows']}"
        )
        if row.get("different") and row["trainer"] in LOADERS:
            told = f"columns {row['found']}"
        yield f"| {row['trainer']} {row['version']} | {_name(row)} | {row['how']} | {told.replace('|', '/')} |"


def losses(results: list[dict[str, object]]) -> Iterator[str]:
    """Yield the table of trainings, as Markdown."""
    yield "| Trainer | Format | Loss, step by step |"
    yield "| --- | --- | --- |"
    for row in results:
        if isinstance(steps := row.get("losses"), list):
            told = ", ".join(f"{loss:.3f}" for loss in steps)
            yield f"| {row['trainer']} {row['version']} | {_name(row)} | {told} |"


def _name(row: Mapping[str, object]) -> str:
    form, dash, variant = str(row["file"]).partition("-")
    return form + _TOLD.get(dash + variant, "")


def _meant(row: Mapping[str, object], options: ExportOptions) -> dict[str, str]:
    answer, thought = str(row["answer"]), str(row["reasoning"])
    if options.reasoning == "think" and thought:
        answer = f"<think>\n{thought}\n</think>\n\n{answer}"
    return {"system": options.system_prompt, "question": str(row["question"]), "answer": answer}


def _written(spec: ExportFormat, frame: pl.DataFrame, options: ExportOptions) -> bytes:
    return b"".join(spec.write(iter([frame]), dict(frame.schema), options))


def _with(page: str, text: str) -> str:
    begin, end = "<!-- measured -->\n", "<!-- end -->"
    before, _, rest = page.partition(begin)
    return f"{before}{begin}{text}\n{end}{rest.partition(end)[2]}"


if __name__ == "__main__":
    main()
