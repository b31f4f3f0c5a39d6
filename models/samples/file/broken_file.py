"""One error for all failures of Arrow, Polars and the system to read a Parquet file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.samples.file.bounded_parquet import OversizeError
from utils.errors import StorageError
from utils.frames import pl

_BY_A_SERVER = "AWS Error"


class UnreadableError(StorageError):
    """The file is not Parquet, or broken."""

    code = "unreadable_file"


@contextmanager
def reading(path: Path | str) -> Iterator[None]:
    """Turn errors of Arrow and Polars about a broken file into one of ours."""
    import pyarrow as pa

    faults = (pa.lib.ArrowException, ValueError, KeyError, pl.exceptions.PolarsError)
    try:
        yield
    except FileNotFoundError:
        raise
    except OversizeError as error:
        place = f"row {error.row}: " if error.row else ""
        raise UnreadableError(f"{path}: exceeds a limit ({place}{error})") from error
    except PermissionError as error:
        raise StorageError(f"{path}: cannot be opened ({error.strerror}); check its permissions") from error
    except (OSError, MemoryError) as error:
        # Arrow says "OSError" of a broken file too, but then without the number of a system, or the word of a server.
        if isinstance(error, MemoryError) or error.errno is not None or _BY_A_SERVER in str(error):
            raise StorageError(f"{path}: cannot be read now ({str(error)[:200]}); try again") from error
        raise UnreadableError(f"{path}: is not a readable Parquet file ({str(error)[:200]})") from error
    except (*faults, pl.exceptions.PanicException) as error:
        reason = (str(error).splitlines() or [""])[0][:200]
        raise UnreadableError(f"{path}: is not a readable Parquet file ({reason})") from error
