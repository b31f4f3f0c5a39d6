"""Takes over what people decided elsewhere, one decision after the other."""

from pathlib import Path
from urllib.parse import quote

from rich.console import Console

from console.client import Client, RequestRefusedError
from utils.errors import ConfigurationError


def take_reviews(client: Client, path: Path, console: Console) -> tuple[int, int]:
    """Record the decisions in the export at *path*; return how many were taken, and how many were not, each told.

    Raises:
        ConfigurationError: the file is no such export; nothing is recorded.
    """
    from services.workbench import read_reviews  # it brings half the service

    try:
        found = list(read_reviews(path.read_bytes()))
    except ValueError as error:
        raise ConfigurationError(f"{path.name}: {error}") from None
    refused = 0
    for one in found:
        problem = one.problem
        if one.review is not None:
            try:
                client.post(f"sample/{quote(one.sample_id, safe='')}/review", one.review.model_dump())
            except RequestRefusedError as error:
                problem = str(error)
        if problem:
            refused += 1
            console.print(f"{one.sample_id}: {problem}", markup=False)
    return len(found) - refused, refused
