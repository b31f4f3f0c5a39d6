"""Takes an installation over to another database while no service runs, or a copy of it while one does."""

import sys
from collections.abc import Callable

import click
from rich.console import Console
from rich.table import Table

from config import Settings, load_settings
from models.backups.moving.installation import move
from models.backups.moving.taking_over import DifferentError, Proof
from models.engines.opening import shown
from utils.clock import SystemClock, iso
from utils.errors import DataFolderBusyError
from utils.filelock import FolderLock


@click.command()
@click.option("--to", "address", required=True, help="Where to, as DATABASE_URI takes it; must be empty.")
@click.option("--live", is_flag=True, help="Rehearse with a copy of this moment; the service may run.")
def migrate(address: str, *, live: bool) -> None:
    """Take the database over to another, SQLite or PostgreSQL, and prove that nothing differs.

    Stop the service first; the database that is left is only read. With --live the copy is a rehearsal: no service
    starts on it, and the next call replaces it.
    """
    console = Console()
    # No batch runs there yet: whether its engine can is said when the service starts.
    settings, target = load_settings(), load_settings(database_uri=address, batch_engine="table").database_url
    try:
        with console.status("…") as status:
            work = _rehearse if live else _take_over
            proofs = work(settings, target, status.update)
    except DifferentError as error:
        console.print(_told(error.proofs), f"[red]{error}[/red]")
        sys.exit(1)
    console.print(_told(proofs))
    console.print(_next_step(shown(target), live=live), markup=False)


def _take_over(settings: Settings, target: str, told: Callable[[str], None]) -> list[Proof]:
    folder = settings.data_dir.expanduser()
    lock = FolderLock(folder)
    try:
        lock.acquire()
    except DataFolderBusyError as error:
        raise DataFolderBusyError(f"{error}; or rehearse while it runs, with --live") from None
    try:
        return move(folder, settings.database_url, target, told)
    finally:
        lock.release()


def _rehearse(settings: Settings, target: str, told: Callable[[str], None]) -> list[Proof]:
    now = iso(SystemClock().now())
    return move(settings.data_dir.expanduser(), settings.database_url, target, told, live_at=now)


def _next_step(target: str, *, live: bool) -> str:
    if live:
        return (
            f"rehearsed: {target} is a copy of this moment. What is written from now on is not in it, and no service "
            "starts on it; stop the service and give the command again without --live"
        )
    return (
        f"taken over: set DATABASE_URI to {target} and start. The old database is as it was; put it away, so that no "
        "service starts on it by mistake"
    )


def _told(proofs: list[Proof]) -> Table:
    table = Table("table", "rows here", "rows there", "contents here", "contents there", "same")
    for proof in proofs:
        before, after = proof.before, proof.after
        same = "[green]yes[/green]" if proof.holds else "[red]no[/red]"
        table.add_row(proof.table, str(before.rows), str(after.rows), before.digest[:12], after.digest[:12], same)
    return table
