"""The command line: `python3 cli.py --help`."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from api.edge.version import VERSION
from config import Settings, load_settings
from console.asking import answered
from console.bench import workbench
from console.client import Client
from console.comparing import show_board
from console.demo import choose_provider, refuse_without_engine, run_demo
from console.display import fetch_weights, show_batch, show_sample
from console.recovery import accept, put_back
from console.reviewing import take_reviews
from console.temporary_server import client_for
from console.transfer import export_file, import_file, import_starter
from utils.errors import AppError, GenerationError
from utils.installation import IS_PACKAGE

if TYPE_CHECKING:
    from models.contract.answers.batches import Batch

_INCLUDE = (
    "accepted: only what a reviewer accepted; unlicensed: also samples on documents whose licence does not allow it; "
    "all: also invalid citations and rejected."
)


class Group(click.Group):
    """A command group that turns an `AppError` into one sentence and exit code 1.

    Commands that need no running service load half of it: they are loaded when one of them, or the list, is asked for.
    """

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except AppError as error:
            raise click.ClickException(str(error)) from None

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command *cmd_name*, or None."""
        return super().get_command(ctx, cmd_name) or self._offline().get(cmd_name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted([*super().list_commands(ctx), *self._offline()])

    def _offline(self) -> dict[str, click.Command]:
        from console.offline import COMMANDS

        return {str(command.name): command for command in COMMANDS}


@click.group(
    cls=Group,
    epilog="Settings are read from the environment and from .env in this folder. DATA_DIR is where data lie: "
    f"{'./legal-training-data' if IS_PACKAGE else 'the project folder'}, unless it is set.",
)
@click.version_option(VERSION, message="ltp %(version)s")
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
def generate(url: str | None, provider: str | None, save: bool, **wanted: object) -> None:
    """Generate one sample and print it."""
    console = Console()
    settings = load_settings()
    _prepare(settings, provider, url, console)
    asked = _given({**wanted, "provider": provider, "save": save})
    with client_for(settings, url, _log_file(settings)) as client, console.status("writing one sample …"):
        made = client.post("generate", asked)
    show_sample(made["sample"], console)
    console.print(f"{made['tokens_used']} tokens, {made['elapsed']:g} s" + (", stored" if save else ""))


@cli.command()
@click.argument("query")
@click.option(
    "--docs",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Answer from this document alone; may be given several times.",
)
@click.option("--session", help="Go on with this session.")
@click.option("--provider", help="Provider id.")
@click.option("--model", help="Model id: this one and no other.")
@click.option("--thoughts", is_flag=True, help="Show what the model thinks, too.")
@click.option("--url", help="Use the service at this address.")
def ask(url: str | None, docs: tuple[Path, ...], *, thoughts: bool, **asked: str | None) -> None:
    """Ask about law, your documents or your data set; the answer comes word by word."""
    settings = load_settings()
    body = {"model_provider": asked["provider"], "model_name": asked["model"], "session_id": asked["session"]}
    wanted = _given({"query": asked["query"], **body})
    with client_for(settings, url, _log_file(settings)) as client:
        if not answered(client, wanted, docs, Console(), shows_thoughts=thoughts):
            sys.exit(1)


@cli.command()
@click.option(
    "--count", type=click.IntRange(min=1), default=10, show_default=True, help="Number of samples to generate."
)
@click.option("--provider", help='Provider id, or "auto" for all at once (default: the first that is set up).')
@click.option("--model", help="Model id (default: the provider's).")
@click.option("--topic", help='"<Practice Area> - <Topic>" (default: all).')
@click.option("--difficulty", help="Level (default: all, equally).")
@click.option("--sample-type", default="balance", show_default=True)
@click.option("--jurisdiction", help="uk, us, eu or international (default: all).")
@click.option(
    "--max-cost-usd", type=click.FloatRange(min=0, min_open=True), help="Stop before it costs more (US dollars)."
)
@click.option("--max-tokens-total", type=click.IntRange(min=1), help="Stop before it uses more tokens.")
@click.option("--max-minutes", type=click.FloatRange(min=0, min_open=True), help="Stop after so many minutes.")
@click.option("--judge", help="Another model that scores every sample: provider or provider/model.")
@click.option("--min-score", type=click.FloatRange(0, 1), default=0.6, show_default=True, help="With --judge.")
@click.option("--url", help="Use the service at this address.")
def batch(url: str | None, judge: str | None, min_score: float, provider: str | None, **wanted: object) -> None:
    """Generate many samples with a live progress bar; Ctrl-C stops the batch."""
    console = Console()
    if judge:
        judging, _, model = judge.partition("/")
        wanted["judge"] = {"provider": judging, "min_score": min_score, **({"model": model} if model else {})}
    settings = load_settings()
    _prepare(settings, provider, url, console)
    with client_for(settings, url, _log_file(settings)) as client:
        started = client.post("generate/batch/start", _given({**wanted, "provider": provider}))
        ended = _follow(client, started["batch_id"], console)
    console.print(f"{ended['status']}: {ended['progress']} of {ended['total']} samples, {ended['total_tokens']} tokens")
    if ended["status"] == "failed":
        raise GenerationError(ended["reason"] or "the batch failed")
    if ended["reason"]:
        console.print(ended["reason"], markup=False)


@cli.command("import")
@click.argument("path", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--starter", is_flag=True, help="Import the samples that come with the project; needs no PATH.")
@click.option("--format", help="jsonl, json, csv, tsv, xlsx or parquet (default: detected).")
@click.option("--encoding", help="Of a text, such as cp1252 (default: detected).")
@click.option("--on-duplicate", type=click.Choice(["error", "skip", "replace"]), default="error", show_default=True)
@click.option("--mapping", help="Columns of the fields, such as question:prompt,answer:completion (default: found).")
@click.option("--dry-run", is_flag=True, help="Check only.")
@click.option("--url", help="Use the service at this address.")
def import_(path: Path | None, starter: bool, url: str | None, **options: object) -> None:
    """Import samples from a file, all of them or none."""
    console = Console()
    settings = load_settings()
    if (path is None) == (not starter):
        raise click.UsageError("give a PATH or --starter, one of them")
    if starter:
        _import_starter(settings, url, console)
        return
    assert path is not None  # noqa: S101  # for the type checker
    with client_for(settings, url, _log_file(settings)) as client:
        wanted = _given(options)
        result = import_file(client, path, {**wanted, "dry_run": str(options["dry_run"]).lower()}, console)
    for note in result["notes"]:
        console.print(note, markup=False)
    console.print(
        f"{result['message']}: {result['added']} new, {result['replaced']} replaced, {result['skipped']} skipped; "
        f"the data set has {result['total_samples']}"
    )


@cli.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--url", help="Use the service at this address.")
def reviews(path: Path, url: str | None) -> None:
    """Record what people decided in Argilla or Label Studio."""
    console = Console()
    settings = load_settings()
    with client_for(settings, url, _log_file(settings)) as client:
        taken, refused = take_reviews(client, path, console)
    console.print(f"{taken} decisions recorded, {refused} not")


@cli.command()
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--format",
    default="jsonl",
    show_default=True,
    help="jsonl, json, csv, parquet, messages, sharegpt, alpaca, prompts, argilla, label_studio, preferences, "
    "preference_messages or preference_openai.",
)
@click.option("--system-prompt", help="Chat formats: the system message.")
@click.option(
    "--reasoning", type=click.Choice(["omit", "answer", "think"]), help="Chat formats: where the reasoning goes."
)
@click.option("--fields", help="Columns, comma-separated (default: all).")
@click.option("--split", type=click.Choice(["train", "validation", "test"]), help="One split only.")
@click.option("--splits", help="Shares of the three splits (default: 0.9,0.05,0.05).")
@click.option("--seed", type=int, help="Another seed gives other splits.")
@click.option("--topic")
@click.option("--difficulty")
@click.option("--jurisdiction")
@click.option("--sample-type")
@click.option("--batch-id")
@click.option("--grounding", type=click.Choice(["any", "partly", "grounded"]), help="Stand on law so well or better.")
@click.option("--include", type=click.Choice(["fit", "accepted", "unlicensed", "all"]), help=_INCLUDE)
@click.option("--url", help="Use the service at this address.")
def export(path: Path, url: str | None, **options: object) -> None:
    """Write the data set to a file."""
    console = Console()
    settings = load_settings()
    with client_for(settings, url, _log_file(settings)) as client:
        wanted = _given(options)
        count, left_out = export_file(client, path, wanted, console)
    what = "pairs" if str(options["format"]).startswith("preference") else "samples"
    console.print(f"{count} {what} written to {path}" + (f"; left out: {left_out}" if left_out else ""))


@cli.command()
@click.option("--repo-name", default="legal-training-dataset", show_default=True, help="name, or owner/name.")
@click.option("--format", type=click.Choice(["parquet", "json", "csv"]), default="parquet", show_default=True)
@click.option("--private", is_flag=True, help="Create a private repository.")
@click.option("--revision", help="Push to this branch instead of main; it is made if it is not there.")
@click.option("--create-pr", is_flag=True, help="Open a pull request instead of changing main.")
@click.option("--commit-message", help="Its first line is the title.")
@click.option("--license", help="Identifier from the Hub's list; by default the card's own is kept.")
@click.option("--license-name", help="Name of a licence that is other.")
@click.option("--license-link", help="Address of a licence that is other.")
@click.option("--splits", help="Push three splits with these shares, for example 0.9,0.05,0.05.")
@click.option("--grounding", type=click.Choice(["any", "partly", "grounded"]), help="Stand on law so well or better.")
@click.option("--include", type=click.Choice(["fit", "accepted", "unlicensed", "all"]), help=_INCLUDE)
@click.option("--url", help="Use the service at this address.")
def push(url: str | None, **options: object) -> None:
    """Push the data set to the Hugging Face Hub (token: setting HUGGINGFACE_TOKEN)."""
    console = Console()
    settings = load_settings()
    with client_for(settings, url, _log_file(settings)) as client, console.status("pushing …"):
        wanted = _given({**options, "token": settings.secret("HUGGINGFACE_TOKEN")})
        result = client.post("huggingface/push", wanted)
    console.print(result["message"])


@cli.command()
@click.option("--sort", default="accepted", show_default=True, help="The measure by which the best is first.")
@click.option("--batches", help="Ids of batches, comma-separated: only what they made.")
@click.option("--since", help="A day, such as 2026-11-21.")
@click.option("--topic")
@click.option("--difficulty")
@click.option("--jurisdiction")
@click.option("--sample-type")
@click.option("--url", help="Use the service at this address.")
def leaderboard(url: str | None, **options: object) -> None:
    """Compare the models on the data that are here, each figure with its interval of 95 %."""
    settings = load_settings()
    with client_for(settings, url, _log_file(settings)) as client:
        board = client.get("leaderboard", **_given(options))
    show_board(board, Console())


@cli.command()
@click.option("--url", help="Use the service at this address.")
def backup(url: str | None) -> None:
    """Make a backup of data set and batches."""
    settings = load_settings()
    with client_for(settings, url, _log_file(settings)) as client:
        made = client.post("dataset/backup", {})["backup"]
    Console().print(f"backup {made['name']}: {made['samples']} samples, {made['size_bytes'] >> 10} KiB")


@cli.command()
@click.argument("name", required=False)
def restore(name: str | None) -> None:
    """Put a backup in place of the data (NAME: default the newest); the service must be stopped."""
    restored = put_back(load_settings(), name)
    Console().print(
        f"backup {restored['name']} restored: {restored['samples']} samples; before that: {restored['kept']}"
    )


@cli.command("accept-data")
def accept_data() -> None:
    """Accept train.parquet and batches.db as they are, though they do not belong together; stop the service first."""
    fault = accept(load_settings())
    Console().print(
        f"taken as it is: {fault}" if fault else "nothing to accept: the parts belong together", markup=False
    )


@cli.command()
def demo() -> None:
    """Make three samples on this machine and show them."""
    run_demo(load_settings(), Console())


@cli.command()
def doctor() -> None:
    """Check the whole installation; exit code 1 when something is wrong."""
    from console.doctor import findings

    table = Table("check", "state", "what was found")
    wrong = 0
    for finding in findings():
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
    Console().print(str(fetch_weights(workbench(settings).weights, Console())))


def _given(options: Mapping[str, object]) -> dict[str, object]:
    """Return the options that were given; the service has defaults for the others."""
    return {name: value for name, value in options.items() if value is not None}


def _import_starter(settings: Settings, url: str | None, console: Console) -> None:
    with client_for(settings, url, _log_file(settings)) as client:
        result = import_starter(client, settings)
    console.print(f"{result['added']} starter samples imported, {result['skipped']} were there already")


def _follow(client: Client, batch_id: str, console: Console) -> "Batch":
    try:
        return show_batch(client.follow(batch_id), console)
    except KeyboardInterrupt:
        client.post("generate/batch/stop", {"batch_id": batch_id})
        console.print("stopping; what is finished is kept")
        return show_batch(client.follow(batch_id), console)


def _prepare(settings: Settings, provider: str | None, url: str | None, console: Console) -> None:
    """Fetch the embedded model if it will be needed, with a progress bar."""
    if url is None and (provider or choose_provider(settings)) == "local":
        refuse_without_engine()
        store = workbench(settings).weights
        if not store.is_present():
            fetch_weights(store, console)


def _log_file(settings: Settings) -> Path:
    folder = settings.data_dir.expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "server.log"


if __name__ == "__main__":
    cli()
