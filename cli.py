"""The command line: `python3 cli.py --help`."""

import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from config import Settings, load_settings
from console.client import Client
from console.demo import choose_provider, run_demo, weight_store
from console.display import fetch_weights, show_batch, show_sample
from console.doctor import examine
from console.temporary_server import client_for
from utils.errors import AppError, GenerationError


class Group(click.Group):
    """A group that turns foreseen errors into one sentence and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except AppError as error:
            raise click.ClickException(str(error)) from None


@click.group(cls=Group)
def cli() -> None:
    """Generate, verify and publish legal question-and-answer data sets."""


@cli.command()
@click.option("--host", help="Address to listen on (setting HOST).")
@click.option("--port", type=int, help="Port to listen on (setting PORT).")
def serve(host: str | None, port: int | None) -> None:
    """Run the server until Ctrl-C."""
    from api_server import serve as run

    run(load_settings(**{name: value for name, value in (("host", host), ("port", port)) if value is not None}))


@cli.command()
@click.option("--practice-area", default="Contract Law", show_default=True)
@click.option("--topic", default="Formation of Contracts", show_default=True)
@click.option("--difficulty", default="intermediate", show_default=True)
@click.option("--sample-type", default="case_analysis", show_default=True)
@click.option("--jurisdiction", default="uk", show_default=True)
@click.option("--provider", help="Provider id (default: the first that is set up).")
@click.option("--model", help="Model id (default: the provider's).")
@click.option("--save", is_flag=True, help="Store the sample in the data set.")
@click.option("--url", help="Use the service at this address.")
def generate(url: str | None, **wanted: Any) -> None:
    """Generate one sample and print it."""
    console = Console()
    settings = load_settings()
    _prepare(settings, wanted["provider"], url, console)
    with client_for(settings, url, _log_file(settings)) as client, console.status("writing one sample …"):
        made = client.post("generate", {name: value for name, value in wanted.items() if value is not None})
    show_sample(made["sample"], console)
    console.print(f"{made['tokens_used']} tokens, {made['elapsed']:g} s" + (", stored" if wanted["save"] else ""))


@cli.command()
@click.option("--count", type=click.IntRange(min=1), default=10, show_default=True, help="New samples wanted.")
@click.option("--provider", help='Provider id, or "auto" for all at once (default: the first that is set up).')
@click.option("--model", help="Model id (default: the provider's).")
@click.option("--topic", help='"<Practice Area> - <Topic>" (default: all).')
@click.option("--difficulty", help="Level (default: that of each topic).")
@click.option("--sample-type", default="balance", show_default=True)
@click.option("--jurisdiction", help="uk, us, eu or international (default: all).")
@click.option("--url", help="Use the service at this address.")
def batch(url: str | None, **wanted: Any) -> None:
    """Generate many samples with a live progress bar; Ctrl-C stops the batch."""
    console = Console()
    settings = load_settings()
    _prepare(settings, wanted["provider"], url, console)
    with client_for(settings, url, _log_file(settings)) as client:
        started = client.post(
            "generate/batch/start", {name: value for name, value in wanted.items() if value is not None}
        )
        ended = _follow(client, started["batch_id"], console)
    console.print(f"{ended['status']}: {ended['progress']} of {ended['total']} samples, {ended['total_tokens']} tokens")
    if ended["status"] == "failed":
        raise GenerationError("; ".join(error["error"] for error in ended["errors"][-2:]))


@cli.command()
def demo() -> None:
    """Make three samples on this machine and show them."""
    run_demo(load_settings(), Console())


@cli.command()
def doctor() -> None:
    """Check the whole installation; exit code 1 when something is wrong."""
    table = Table("check", "state", "what was found")
    wrong = 0
    for finding in examine(load_settings()):
        state = {True: "[green]ok[/green]", False: "[red]wrong[/red]", None: "–"}[finding.ok]
        table.add_row(finding.what, state, finding.says)
        wrong += finding.ok is False
    Console().print(table)
    if wrong:
        sys.exit(1)


@cli.group()
def model() -> None:
    """The embedded model's weights."""


@model.command()
@click.argument("name", required=False)
def fetch(name: str | None) -> None:
    """Fetch and verify the weights (NAME: another entry of catalog/weights.toml)."""
    settings = load_settings(**({"local_model": name} if name else {}))
    Console().print(str(fetch_weights(weight_store(settings), Console())))


def _follow(client: Client, batch_id: str, console: Console) -> dict[str, Any]:
    try:
        return show_batch(client.follow(batch_id), console)
    except KeyboardInterrupt:
        client.post("generate/batch/stop", {"batch_id": batch_id})
        console.print("stopping; what is finished is kept")
        return show_batch(client.follow(batch_id), console)


def _prepare(settings: Settings, provider: str | None, url: str | None, console: Console) -> None:
    """Fetch the embedded model where it will be needed, with a progress bar."""
    if url is None and (provider or choose_provider(settings)) == "local":
        store = weight_store(settings)
        if not store.is_present():
            fetch_weights(store, console)


def _log_file(settings: Settings) -> Path:
    folder = settings.data_dir.expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "server.log"


if __name__ == "__main__":
    cli()
