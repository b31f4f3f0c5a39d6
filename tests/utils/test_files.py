"""What is done with files: a full disk is known by number or by words."""

import errno
import sqlite3

import pytest

from utils.files import is_disk_full


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(OSError(errno.ENOSPC, "voll"), id="number"),
        pytest.param(sqlite3.OperationalError("database or disk is full"), id="sqlite"),
        pytest.param(RuntimeError("No space left on device (os error 28)"), id="polars"),
    ],
)
def test_full_disk_is_known_also_where_another_error_hides_it(error: Exception) -> None:
    outer = RuntimeError("cannot write")
    outer.__cause__ = error

    assert is_disk_full(error)
    assert is_disk_full(outer)


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(OSError(errno.EACCES, "denied", "/data/full"), id="folder-named-full"),
        pytest.param(sqlite3.OperationalError("database is locked"), id="locked"),
    ],
)
def test_other_failure_is_no_full_disk(error: Exception) -> None:
    assert not is_disk_full(error)
