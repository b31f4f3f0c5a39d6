"""The rows of a Parquet file to import, without filling in defaults."""

from collections.abc import Iterator
from pathlib import Path

from models.samples.file.bounded_parquet import BoundedReader, OversizeError, release
from models.samples.file.broken_file import UnreadableError, reading
from models.samples.file.intake import Intake
from utils.errors import InputError


def foreign_rows(path: Path) -> Iterator[dict[str, object]]:
    """Yield the rows of any Parquet file.

    Raises:
        InputError: it is not Parquet, or broken.
        OversizeError: a row is larger than a sample may be, or the file cannot be read in bounded memory.
    """
    import pyarrow as pa

    try:
        with reading(path), pa.OSFile(str(path)) as source:
            reader = BoundedReader(source)
            reader.be_strict()
            intake = Intake(reader.schema)
            for group in range(reader.metadata.num_row_groups):
                for table, _ in reader.tables(group):
                    yield from intake.raw(table).iter_rows(named=True)
    except UnreadableError as error:
        cause = error.__cause__
        if isinstance(cause, OversizeError):
            raise cause from None
        raise InputError(f"not a readable Parquet file ({cause})") from error
    finally:
        release()
