"""Progress bars and samples at the terminal (rich); plain lines where there is no terminal."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from console.bench import workbench

if TYPE_CHECKING:
    from config import Settings
    from models.contract.answers.base import StoredSample
    from models.contract.answers.batches import Batch
    from services.workbench import WeightStore

_SHOWN = 700


def fetch_weights(weights: "WeightStore", console: Console) -> Path:
    """Fetch the model file if it is missing, showing progress."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=False) as progress:
        task = progress.add_task("model file", total=None)
        said = ""

        def report(what: str, done: int, total: int) -> None:
            nonlocal said
            progress.update(task, description=what, completed=done, total=total or None)
            if not console.is_terminal and what != said:
                said = what
                console.print(f"{what} ({done >> 20} of {total >> 20} MiB)")

        path = weights.ensure(report)
        size = path.stat().st_size
        progress.update(task, description=f"model {weights.model_name} ready", completed=size, total=size)
    return path


def fetch_encoders(settings: "Settings", console: Console, *, small: bool) -> list[Path]:
    """Fetch the embedders that are missing, showing progress."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("embedders", total=None)

        def report(what: str, done: int, total: int) -> None:
            progress.update(task, description=what, completed=done, total=total or None)

        return workbench(settings).fetch_encoders(small, report)


def show_batch(updates: "Iterable[Batch]", console: Console) -> "Batch":
    """Draw a batch until it ends; return the last of *updates* (at least one)."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} samples"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    last: Batch | None = None
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("starting", total=1)
        for batch in updates:
            last = batch
            progress.update(task, completed=batch["progress"], total=batch["total"], description=_doing(batch))
    if last is None:
        raise ValueError("updates: got none, want one at least")
    return last


def show_sample(sample: "StoredSample", console: Console) -> None:
    """Print one sample, its long fields cut."""
    body = Text()
    from models.samples.file.row_index import LENGTHS

    for name in LENGTHS:
        value = sample[name]
        body.append(f"{name}\n", style="bold")
        body.append(value if len(value) <= _SHOWN else value[:_SHOWN] + " …")
        body.append("\n\n")
    for line in _sources(sample):
        body.append(f"{line}\n", style="italic")
    author = f"{sample['provider']} · {sample['model']}"
    title = f"{sample['topic']} · {sample['difficulty']} · {sample['sample_type']}"
    console.print(Panel(body, title=title, subtitle=author))


def _sources(sample: "StoredSample") -> list[str]:
    """Return a line for each provision that a sample stands on: its citation, version and file."""
    rows = json.loads(sample.get("sources") or "[]")
    return [
        f"source: {row['citation']}{', as of ' + row['version'] if row['version'] else ''} (file {row['file_id']})"
        for row in rows
    ]


def _doing(batch: "Batch") -> str:
    if batch["waiting_until"]:
        return f"waiting until {batch['waiting_until']}"
    parts = [f"{batch['current_provider']}/{batch['current_model']}", batch["current_sample"] or batch["status"]]
    if batch["rejected"]:
        parts.append(f"{batch['rejected']} rejected")
    return " · ".join(str(part) for part in parts)
