"""The train.parquet of a store of the tests."""

from models.samples.file.parquet_file import ParquetFile
from models.samples.sample_store import SampleStore


def file_of(store: SampleStore) -> ParquetFile:
    """Return the one file that *store* keeps its samples in."""
    files = store._files
    assert isinstance(files, ParquetFile)
    return files
