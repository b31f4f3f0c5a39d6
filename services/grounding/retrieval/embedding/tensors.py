"""Reads weights from a safetensors file: a header of JSON, then the numbers, little-endian and row by row.

The format is stable and this small; see https://github.com/huggingface/safetensors#format.
"""

import json
import mmap
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from utils.errors import ConfigurationError

_LENGTH = struct.Struct("<Q")
_LARGEST_HEADER = 100 << 20


def read_tensors(path: Path) -> Mapping[str, NDArray[np.float32]]:
    """Return the 32-bit tensors of a file by name, mapped from the disk; others are left out.

    Raises:
        ConfigurationError: it is no safetensors file.
    """
    try:
        with path.open("rb") as file:
            view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        (length,) = _LENGTH.unpack(view[: _LENGTH.size])
        if length > min(_LARGEST_HEADER, len(view) - _LENGTH.size):
            raise ValueError("header longer than the file")
        header = json.loads(view[_LENGTH.size : _LENGTH.size + length])
        body = _LENGTH.size + length
        return {
            name: _tensor(view, body, entry["data_offsets"], entry["shape"])
            for name, entry in header.items()
            if name != "__metadata__" and entry["dtype"] == "F32"
        }
    except (ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise ConfigurationError(
            f"model file {path}: no safetensors file ({error}); delete it and fetch it again"
        ) from None


def _tensor(view: mmap.mmap, body: int, offsets: list[int], shape: list[int]) -> NDArray[np.float32]:
    start, end = offsets
    count = (end - start) // 4
    return np.frombuffer(view, np.float32, count, body + start).reshape(shape)
