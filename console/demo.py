"""The demo: makes three checked samples in train.parquet over the REST API."""

import requests
from rich.console import Console

from config import Settings
from console.bench import workbench
from console.client import Client
from console.display import fetch_weights, show_batch, show_sample
from console.temporary_server import client_for
from console.transfer import import_starter
from utils.errors import ConfigurationError, GenerationError
from utils.installation import START, missing

COUNT = 3
_LOCAL_NOTE = (
    "This is the embedded model: its form and its authorities are right, its reasoning is not reliable\n"
    "(2 or 3 of 13 samples were sound law). It proves the installation and is not training data.\n"
    "Set a key or OLLAMA_HOST in .env for real quality (see README.md)."
)


def choose_provider(settings: Settings, console: Console | None = None) -> str:
    """Return the best provider that is set up: the default one, the first with a key or address, or local.

    With a *console*, the user's own server is chosen only if it answers; if not, that is printed.
    """
    if settings.default_provider:
        return settings.default_provider
    usable = workbench(settings).credentials()
    for name, reached in usable.items():
        if console is None or reached.api_key or not reached.base_url or answers(reached.base_url):
            return name
        console.print(f"{name}: nothing answers at {reached.base_url}, going on without it")
    return next(reversed(usable), "local")


def answers(url: str) -> bool:
    """Say whether anything speaks HTTP at *url*."""
    try:
        requests.get(url, timeout=3, allow_redirects=False)
    except requests.RequestException:
        return False
    return True


def refuse_without_engine() -> None:
    """Raise where the embedded model's engine is not installed, before its weights are fetched.

    Raises:
        ConfigurationError: it is not; says what brings it.
    """
    if lack := missing("xllamacpp"):
        raise ConfigurationError(f"the embedded model is asked, since no other is set up or named, and {lack}")


def run_demo(settings: Settings, console: Console) -> None:
    """Run the demo.

    Raises:
        AppError: a step failed; names it and the next step.
    """
    provider = choose_provider(settings, console)
    console.print(f"1. Provider: [bold]{provider}[/bold]")
    if provider == "local":
        refuse_without_engine()
        console.print(_LOCAL_NOTE)
        fetch_weights(workbench(settings).weights, console)
    log_file = settings.data_dir.expanduser() / "demo.log"
    log_file.parent.mkdir(parents=True, exist_ok=True)
    console.print("2. Starting the server")
    with client_for(settings, None, log_file) as client:
        console.print(f"   {client.url} (log: {log_file})")
        _import_starter(client, settings, console)
        _make_samples(client, provider, console)
    console.print(f"4. Your data set: [bold]{settings.data_dir.expanduser().resolve() / 'train.parquet'}[/bold]")
    console.print(f"   Start the server with `{START}`, then open http://127.0.0.1:{settings.port} for the dashboard,")
    console.print("   or try the curl examples of README.md.")


def _import_starter(client: Client, settings: Settings, console: Console) -> None:
    result = import_starter(client, settings)
    console.print(f"   {result['added']} samples written by hand are in the data set ({result['skipped']} were there)")


def _make_samples(client: Client, provider: str, console: Console) -> None:
    # No type is asked for: the embedded model makes samples about provisions where law is at hand, else case analyses.
    request: dict[str, object] = {"count": COUNT, "provider": provider, "jurisdiction": "uk", "difficulty": "basic"}
    files = client.get("files", status="ready", jurisdiction="uk")["total"]
    if files and provider != "local":
        request["use_rag"] = True
        console.print(f"   The samples stand on your documents of the United Kingdom ({files})")
    started = client.post("generate/batch/start", request)
    console.print(f"3. Batch {started['batch_id']}: {COUNT} samples by {started['provider']}/{started['model']}")
    ended = show_batch(client.follow(started["batch_id"]), console)
    for sample in client.get("data", batch_id=started["batch_id"]):
        show_sample(sample, console)
    if ended["status"] != "completed":
        reasons = "; ".join(error["error"] for error in ended["errors"][-2:]) or ended["status"]
        raise GenerationError(f"the batch ended with {ended['progress']} of {COUNT} samples: {reasons}")
