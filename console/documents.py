"""Documents and embedders on the command line."""

import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from config import Settings, load_settings
from console.client import Client, RequestRefusedError
from console.display import fetch_encoders
from console.temporary_server import client_for
from console.transfer import upload_document

if TYPE_CHECKING:
    from models.contract.answers.grounding import DocumentRow

_LOOK_S = 0.5
_URL = click.option("--url", help="Use the service at this address.")


@click.group()
def documents() -> None:
    """Documents that samples are grounded in."""


@documents.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--licence", help="Such as ogl-uk-3.0, cc-by-4.0, public-domain, own; without one, exports leave it out.")
@click.option("--jurisdiction", help="uk, us, eu or international.")
@click.option("--title", help="By default what the file says.")
@_URL
def add(paths: tuple[Path, ...], url: str | None, **told: str | None) -> None:
    """Add files: PDF, DOCX, HTML, Markdown, text, scans, law as XML; waits until they are read."""
    console, failed = Console(), 0
    with _client(url) as client:
        for path in paths:
            try:
                row = upload_document(client, path, {name: text for name, text in told.items() if text}, console)
            except RequestRefusedError as error:
                console.print(f"{path.name}: {error}", markup=False)
                failed += 1
                continue
            console.print(_line(row), markup=False)
            failed += row["status"] == "failed"
    if failed:
        raise click.ClickException(f"{failed} of {len(paths)} were not added")


@documents.command("list")
@_URL
def list_(url: str | None) -> None:
    """List the documents."""
    table = Table("id", "title", "status", "kind", "units", "chunks", "licence", "jurisdiction")
    with _client(url) as client:
        offset = 0
        while rows := client.get("files", limit=500, offset=offset)["files"]:
            offset += len(rows)
            for row in rows:
                shown = (row["title"], row["status"], row["kind"], str(row["units"]), str(row["chunks"]))
                table.add_row(row["file_id"], *shown, row["licence"], row["jurisdiction"])
    Console().print(table)


@documents.command()
@click.argument("file_ids", nargs=-1, required=True)
@_URL
def remove(file_ids: tuple[str, ...], url: str | None) -> None:
    """Remove documents with all that was indexed of them."""
    with _client(url) as client:
        for file_id in file_ids:
            client.delete(f"files/{file_id}")
            Console().print(f"{file_id} removed")


@click.group()
def law() -> None:
    """Law from the official services, with licence and state kept."""


@law.command("add")
@click.argument("references", nargs=-1, required=True)
@_URL
def law_add(references: tuple[str, ...], url: str | None) -> None:
    """Fetch law: legislation.gov.uk/ukpga/2006/46, eur-lex/32016R0679, uscode/17, caselaw/uksc/2015/67."""
    console, failed = Console(), 0
    with _client(url) as client:
        for reference in references:
            try:
                with console.status(f"fetching {reference} …"):
                    answer = client.post("law", {"reference": reference})
                    row = _read(client, answer["file"])
            except RequestRefusedError as error:
                console.print(f"{reference}: {error}", markup=False)
                failed += 1
                continue
            console.print(f"{reference}: {'unchanged' if answer['is_unchanged'] else _line(row)}", markup=False)
            failed += row["status"] == "failed"
    if failed:
        raise click.ClickException(f"{failed} of {len(references)} were not added")


@click.group()
def embedder() -> None:
    """The models that find provisions by their meaning."""


@embedder.command()
@click.option("--small", is_flag=True, help="Only the small one: a quarter of the memory, and worse.")
def fetch(small: bool) -> None:
    """Fetch and verify the embedders (480 MB, 90 MB with --small); without them words alone find."""
    console = Console()
    for path in fetch_encoders(load_settings(), console, small=small):
        console.print(str(path))


def _read(client: Client, row: "DocumentRow") -> "DocumentRow":
    """Wait until a document is read."""
    while row["status"] not in ("ready", "failed"):
        time.sleep(_LOOK_S)
        row = client.get(f"files/{row['file_id']}")["file"]
    return row


def _client(url: str | None) -> AbstractContextManager[Client]:
    settings: Settings = load_settings()
    folder = settings.data_dir.expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    return client_for(settings, url, folder / "server.log")


def _line(row: "DocumentRow") -> str:
    if row["status"] == "failed":
        return f"{row['name']}: {row['reason']}"
    notes = "".join(f"; {note}" for note in row["notes"])
    return f"{row['file_id']}: {row['title']}, {row['units']} units, {row['chunks']} chunks{notes}"
