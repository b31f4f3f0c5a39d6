"""Commands that need no running service: authorities, benchmarks, a file's quality, tokens, keys, a move."""

import sys
from pathlib import Path

import click
from rich.console import Console

from config import Settings, load_settings
from console.bench import workbench
from console.documents import documents, embedder, law
from console.moving import migrate
from console.quality import progress, summary, title_of
from console.releases import release
from console.security import rotate
from services.workbench import FORMATS, write_report
from utils.access_tokens import hashed_form, new_token
from utils.errors import ConfigurationError
from utils.secret_box import new_key


@click.group()
def authorities() -> None:
    """Authorities that citations are checked against."""


@authorities.command("import")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="csv", show_default=True, help="Form of the file."
)
@click.option(
    "--names",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="With courtlistener: the CSV of opinion clusters, which holds the names of the cases.",
)
def authorities_import(path: Path, form: str, names: Path | None) -> None:
    """Add known authorities to the local index (authorities.db in DATA_DIR).

    A CSV has the column citation, and may have name, jurisdiction, kind, year and source.
    """
    found, place = workbench(load_settings()).import_authorities(path, form, names)
    console = Console()
    console.print(f"{found.added} added, {found.known} known before, {found.unread} not understood; index: {place}")
    for example in found.examples:
        console.print(f"not understood: {example}", markup=False)


@click.group()
def decontaminate() -> None:
    """Keep benchmarks out of the data set: 13-word windows."""


@decontaminate.command("build")
@click.argument("name")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def decontaminate_build(name: str, files: tuple[Path, ...]) -> None:
    """Make the benchmark NAME of FILES (JSON Lines, JSON, CSV, Parquet, TSV, text); only hashes are kept."""
    count = workbench(load_settings()).benchmarks.build(name, files)
    Console().print(f"benchmark {name}: {count} windows; generated samples are compared with it from now on")


@decontaminate.command("check")
@click.argument("path", required=False)
def decontaminate_check(path: str | None) -> None:
    """Compare Parquet files with all benchmarks; exit code 1 when samples overlap.

    PATH is a file, a folder, or s3://bucket/prefix; default train.parquet in DATA_DIR.
    """
    settings, console = load_settings(), Console()
    with progress() as told:
        samples, found = workbench(settings).contaminated(_place(path, settings), told)
    for sample_id, overlap in found[:50]:
        console.print(
            f"{sample_id}: {', '.join(f'{n} windows of {name}' for name, n in overlap.items())}", markup=False
        )
    console.print(f"{len(found)} of {samples} samples overlap with a benchmark")
    if found:
        sys.exit(1)


@click.command()
@click.argument("path", required=False)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write it: .html for a page, else JSON.")
def report(path: str | None, out: Path | None) -> None:
    """Say what a data set is worth, with all cores.

    PATH is any Parquet file, a folder of them, or s3://bucket/prefix (?endpoint=… where it is not Amazon's, keys in
    AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY); default train.parquet in DATA_DIR.
    """
    settings, console = load_settings(), Console()
    place = _place(path, settings)
    with progress() as told:
        made = workbench(settings).report_on(place, told)
    summary(made, console)
    if out is not None:
        write_report(made, out, f"Quality of {title_of(place)}")
        console.print(f"report written to {out}")


@click.group()
def tokens() -> None:
    """Tokens of the API (setting API_TOKENS)."""


@tokens.command("new")
@click.option("--role", type=click.Choice(["read", "write", "admin"]), default="admin", show_default=True)
def tokens_new(role: str) -> None:
    """Make a token; the service is given its hash only."""
    token = new_token()
    click.echo(f"token, for the client; it is not shown again:\n  {token}")
    click.echo(f"for API_TOKENS of the service (several with commas between):\n  {role}:{hashed_form(token)}")


@click.group()
def keys() -> None:
    """The key that stored provider keys are encrypted with (setting ENCRYPTION_KEY)."""


@keys.command("new")
def keys_new() -> None:
    """Make a key."""
    click.echo(new_key())


@keys.command("rotate")
def keys_rotate() -> None:
    """Encrypt all that is stored with the first key of ENCRYPTION_KEY=new,old; stop the service first."""
    count = rotate(load_settings())
    click.echo(f"encrypted with the first key now: {count}; the others may be dropped")


def _place(path: str | None, settings: Settings) -> str:
    """Return where the files are; a path that is not there is a fault of the call."""
    if path is not None and "://" not in path and not Path(path).exists():
        raise click.BadParameter(f"Path {path!r} does not exist.", param_hint="'[PATH]'")
    return path or str(_train_file(settings))


def _train_file(settings: Settings) -> Path:
    path = settings.data_dir.expanduser() / "train.parquet"
    if not path.exists():
        raise ConfigurationError(f"{path}: is not there yet; generate or import samples, or name a file")
    return path


COMMANDS: tuple[click.Command, ...] = (
    authorities,
    decontaminate,
    report,
    tokens,
    keys,
    documents,
    law,
    embedder,
    migrate,
    release,
)
