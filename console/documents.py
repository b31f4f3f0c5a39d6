"""Documents and embedders on the command line."""

import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from config import Settings, load_settings
from console.client import Client, RequestRefusedError
from console.display import fetch_encoders
from console.temporary_server import client_for
from console.transfer import upload_document
from utils.errors import AppError, InputError
from utils.installation import COMMAND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from models.contract.answers.grounding import DocumentRow

_Thing = TypeVar("_Thing")
_LOOK_S = 0.5
# Letters of an id, which is shown whole, however narrow the window is.
_ID = 36
_URL = click.option("--url", help="Use the service at this address.")


@click.group()
def documents() -> None:
    """Documents that samples are grounded in."""


@documents.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--licence", help="Such as ogl-uk-3.0, cc-by-4.0, public-domain, own; without one, exports leave it out.")
@click.option("--jurisdiction", help="uk, us, eu or international.")
@click.option("--title", help="By default what the file, its first line or its name says; citations resolve by it.")
@_URL
def add(paths: tuple[Path, ...], url: str | None, **told: str | None) -> None:
    """Add files, or all files of folders: PDF, DOCX, HTML, Markdown, text, scans, law as XML.

    Waits until they are read. Each that is not added says why; then the exit code is 1.
    """
    console, given = Console(), {name: text for name, text in told.items() if text}
    files = [file for path in paths for file in _files(path)]

    def sent(client: Client, path: Path) -> bool:
        row = upload_document(client, path, given, console)
        console.print(_line(row), markup=False)
        return row["status"] != "failed"

    with _client(url) as client:
        missed = _each(files, lambda path: path.name or str(path), lambda path: sent(client, path), console)
    if missed:
        raise click.ClickException(f"{missed} of {len(files)} were not added")


@documents.command("list")
@_URL
def list_(url: str | None) -> None:
    """List the documents, newest first."""
    table = Table(box=None)
    table.add_column("id", no_wrap=True, min_width=_ID)
    for name in ("title", "state"):
        table.add_column(name, overflow="fold")
    with _client(url) as client:
        for row in _all(client):
            table.add_row(row["file_id"], Text(row["title"]), Text(_state(row)))
    Console().print(table)


@documents.command()
@click.argument("file_ids", nargs=-1, required=True)
@_URL
def remove(file_ids: tuple[str, ...], url: str | None) -> None:
    """Remove documents with all that was indexed of them; the first letters of an id do where no other has them.

    Each that is not removed says why; then the exit code is 1.
    """
    console = Console()
    with _client(url) as client:
        known = [row["file_id"] for row in _all(client)]

        def removed(given: str) -> bool:
            file_id = _meant(given, known)
            client.delete(f"files/{file_id}")
            console.print(f"{file_id} removed", soft_wrap=True)
            return True

        missed = _each(file_ids, str, removed, console)
    if missed:
        raise click.ClickException(f"{missed} of {len(file_ids)} were not removed")


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
    settings = load_settings()
    for path in fetch_encoders(settings, console, small=small):
        console.print(str(path))
    console.print(_use(settings))


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


def _each(
    things: "Sequence[_Thing]", name: "Callable[[_Thing], str]", do: "Callable[[_Thing], bool]", console: Console
) -> int:
    """Do something with each of *things*, whatever happens with another; return how many it failed for."""
    failed = 0
    for thing in things:
        try:
            done = do(thing)
        except (AppError, OSError) as error:
            why = error.strerror if isinstance(error, OSError) else None
            console.print(f"{name(thing)}: {why or error}", markup=False, soft_wrap=True)
            done = False
        failed += not done
    return failed


def _files(path: Path) -> list[Path]:
    """Return the files of a folder and those in it, in order; of any other path itself."""
    if not path.is_dir():
        return [path]
    found = sorted(one for one in path.rglob("*") if one.is_file())
    return [one for one in found if not any(part.startswith(".") for part in one.relative_to(path).parts)] or [path]


def _all(client: Client) -> "Iterator[DocumentRow]":
    offset = 0
    while rows := client.get("files", limit=500, offset=offset)["files"]:
        offset += len(rows)
        yield from rows


def _meant(given: str, known: "Sequence[str]") -> str:
    """Return the id that *given* is, or that alone begins so."""
    found = [given] if given in known else [one for one in known if one.startswith(given)]
    if len(found) != 1:
        what = f"{len(found)} documents begin so, want one" if found else "is not here"
        raise InputError(f"{what}; {COMMAND} documents list shows the ids")
    return found[0]


def _state(row: "DocumentRow") -> str:
    if row["status"] == "failed":
        return f"failed: {row['reason']}"
    if row["status"] != "ready":
        return "; ".join((row["status"], *row["notes"]))
    found = f"{row['units']} units, {row['chunks']} chunks, {row['embedded']} with vectors"
    return ", ".join(part for part in ("ready", row["kind"], found, row["licence"], row["jurisdiction"]) if part)


def _line(row: "DocumentRow") -> str:
    if row["status"] == "failed":
        return f"{row['name']}: {row['reason']}"
    notes = "".join(f"; {note}" for note in row["notes"])
    if row["status"] != "ready":
        return f"{row['file_id']}: {row['title']}, still {row['status']}{notes}"
    return f"{row['file_id']}: {row['title']}, {row['units']} units, {row['chunks']} chunks{notes}"


def _use(settings: Settings) -> str:
    """Return what becomes of embedders that were fetched."""
    if settings.embedding_base_url:
        return "they are not used: EMBEDDING_BASE_URL names a server that embeds instead"
    if settings.embedder == "off":
        return "they are not used: EMBEDDER is off"
    return "a running service begins to use them within a minute; one that uses the small one already, when restarted"
