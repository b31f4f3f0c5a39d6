"""`release`: checks the files of a release where no service runs."""

import sys
from pathlib import Path

import click
from rich.console import Console

from config import load_settings
from console.bench import workbench


@click.group()
def release() -> None:
    """Releases of the data set."""


@release.command("verify")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--hash", "wanted", help="Content hash that it must have, from where you trust it.")
def release_verify(folder: Path, wanted: str | None) -> None:
    """Check a copy of a release in FOLDER, such as a downloaded repository; exit code 1 where something differs.

    Without --hash the copy is held against its own release.json, which whoever changed the rows may have changed too.
    """
    console = Console()
    facts, check = workbench(load_settings()).verify_release(folder)
    console.print(f"{facts['name']} {facts['version']}: {check['samples']} samples", markup=False)
    console.print(f"content hash {check['content_hash'] or 'not known'}", markup=False)
    for fault in check["faults"]:
        console.print(f"{fault['kind'].replace('_', ' ')}: {fault['what']}: {fault['detail']}", markup=False)
    is_other = wanted is not None and wanted != check["content_hash"]
    if is_other:
        console.print(f"is not the release wanted, whose hash is {wanted}", markup=False)
    if check["faults"] or is_other:
        sys.exit(1)
    console.print("as it was released")
