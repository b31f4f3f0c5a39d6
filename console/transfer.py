"""Files to and from the service, with a progress bar: import, export, push, backups."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TransferSpeedColumn

from config import Settings
from console.bench import workbench
from console.client import Client, RequestRefusedError
from utils.errors import ConfigurationError

if TYPE_CHECKING:
    from models.contract.answers.dataset import ImportedAnswer
    from models.contract.answers.grounding import DocumentRow

_SHOWN = 20


def import_file(client: Client, path: Path, options: dict[str, object], console: Console) -> "ImportedAnswer":
    """Import the file at *path*; print the lines that are wrong.

    Raises:
        RequestRefusedError: nothing was imported; its message names the first fault.
    """
    size = path.stat().st_size
    with _bar(console) as progress, path.open("rb") as file:
        task = progress.add_task(f"sending {path.name}", total=size)

        def sent(count: int) -> None:
            progress.update(task, advance=count)
            if progress.tasks[0].completed >= size:
                progress.update(task, description="checking and storing …")

        try:
            result: ImportedAnswer = client.upload("import", _Counted(file, size, sent), name=path.name, **options)
        except RequestRefusedError as error:
            progress.stop()
            problems = error.answer.get("problems")
            for problem in problems[:_SHOWN] if isinstance(problems, list) else ():
                console.print(f"{problem['place']}: {problem['error']}", markup=False)
            raise
        progress.update(task, description=result["message"])
    return result


def upload_document(client: Client, path: Path, told: dict[str, str], console: Console) -> "DocumentRow":
    """Upload the document at *path* and wait until it is read.

    Raises:
        RequestRefusedError: it was not taken.
    """
    size = path.stat().st_size
    with _bar(console) as progress, path.open("rb") as file:
        task = progress.add_task(f"sending {path.name}", total=size)

        def sent(count: int) -> None:
            progress.update(task, advance=count)
            if progress.tasks[0].completed >= size:
                progress.update(task, description=f"reading {path.name} …")

        answer = client.upload("files/upload", _Counted(file, size, sent), name=path.name, wait="true", **told)
    row: DocumentRow = answer["file"]
    return row


def export_file(client: Client, path: Path, options: dict[str, object], console: Console) -> tuple[int, str]:
    """Write an export to *path*; return the number of samples (or pairs), and what was left out.

    An existing file is replaced once everything is written.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    aside = path.with_name(path.name + ".part")
    try:
        with _bar(console) as progress, aside.open("wb") as file:
            task = progress.add_task(f"writing {path.name}", total=None)

            def received(piece: bytes) -> None:
                file.write(piece)
                progress.update(task, advance=len(piece))

            headers = client.download("export", received, **options)
        aside.replace(path)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be written ({error.strerror})") from None
    finally:
        aside.unlink(missing_ok=True)
    if "X-Total-Count" not in headers:  # pairs are counted as they are written
        with path.open("rb") as written:
            return sum(1 for _ in written), ""
    return int(headers["X-Total-Count"]), headers.get("X-Left-Out", "")


class _Counted:
    """A file that reports how much of it was read; its length lets the client send it unbuffered."""

    def __init__(self, file: BinaryIO, size: int, sent: Callable[[int], None]) -> None:
        self._file = file
        self._size = size
        self._sent = sent

    def __len__(self) -> int:
        return self._size

    def read(self, size: int = -1) -> bytes:
        """Read the next piece."""
        piece = self._file.read(size)
        self._sent(len(piece))
        return piece


def _bar(console: Console) -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    return Progress(*columns, console=console)


def import_starter(client: Client, settings: Settings) -> "ImportedAnswer":
    """Import the samples that come with the project, but for those that are there; return the service's answer."""
    content = workbench(settings).starter_lines().decode()
    answer: ImportedAnswer = client.post("import", {"content": content, "on_duplicate": "skip"})
    return answer
