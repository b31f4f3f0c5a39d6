r"""Benchmarks that a training set must not contain: overlap of 13-word windows.

A window is 13 words (`\w+`, lower case, separated by one blank); its hash is 8 bytes of BLAKE2b.
A benchmark is a file of sorted hashes, without any of its text. Copies are found, paraphrases are not
(arXiv:2311.04850).
"""

from __future__ import annotations

import hashlib
import logging
import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from services.formats.readers import READERS, format_of
from utils.errors import InputError, StorageError
from utils.files import replace_file
from utils.frames import NDArray, np

log = logging.getLogger(__name__)
ENDING = ".13gram"
FIELDS = ("question", "answer", "reasoning")
_WORDS = 13
_SETTLED_S = 2.0
_WORD = re.compile(r"\w+")
_PLAIN = {".txt", ".tsv", ".md"}

Grams: TypeAlias = "NDArray[np.uint64]"


def grams(text: str) -> Grams:
    """Return the hashes of all windows of *text*, in order; none if it has fewer words."""
    words = _WORD.findall(text.lower())
    hashed = (
        hashlib.blake2b(" ".join(words[start : start + _WORDS]).encode(), digest_size=8).digest()
        for start in range(len(words) - _WORDS + 1)
    )
    return np.frombuffer(b"".join(hashed), dtype=">u8").astype(np.uint64)


class Benchmarks:
    """The benchmarks in a folder. Thread-safe; a file that appears or changes is read at the next check."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._loaded: dict[Path, tuple[float, Grams]] = {}
        self._empty_at: float | None = None

    def names(self) -> dict[str, int]:
        """Return how many windows each benchmark has, by name."""
        return {name: len(hashes) for name, hashes in self._all()}

    def overlap(self, text: str) -> dict[str, int]:
        """Return how many windows of *text* are in each benchmark that shares any."""
        return _overlap(text, self._all())

    def of_sample(self, sample: Mapping[str, object]) -> dict[str, int]:
        """Return the overlap of a sample's texts, summed over its fields."""
        total: dict[str, int] = {}
        benchmarks = self._all()
        for field in FIELDS if benchmarks else ():
            for name, count in _overlap(str(sample.get(field) or ""), benchmarks).items():
                total[name] = total.get(name, 0) + count
        return total

    def build(self, name: str, paths: Iterable[Path]) -> int:
        """Make the benchmark *name* from the texts in *paths*; return its number of windows.

        Raises:
            InputError: a file cannot be read, or holds no text of 13 words.
        """
        if not re.fullmatch(r"[\w.-]{1,100}", name):
            raise InputError(f"name: got {name[:40]!r}, want letters, digits, dots and dashes")
        hashes = np.unique(
            np.concatenate([np.empty(0, np.uint64), *(grams(text) for path in paths for text in _texts(path))])
        )
        if not len(hashes):
            raise InputError(f"benchmark {name}: no text of {_WORDS} words in the files")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            replace_file(
                self._folder / f"{name}{ENDING}", lambda aside: aside.write_bytes(hashes.astype(">u8").tobytes())
            )
        except OSError as error:
            raise StorageError(f"{self._folder}: cannot be written ({error.strerror}); nothing was built") from error
        return len(hashes)

    def _all(self) -> list[tuple[str, Grams]]:
        with self._lock:
            if self._is_still_empty():
                return []
            found = []
            for path in sorted(self._folder.glob(f"*{ENDING}")):
                hashes = self._read(path)
                if hashes is not None:
                    found.append((path.name.removesuffix(ENDING), hashes))
            return found

    def _is_still_empty(self) -> bool:
        """Tell whether no file has come into the folder since it had none: most installations have no benchmarks."""
        try:
            changed = self._folder.stat().st_mtime
        except OSError:
            return True
        if changed == self._empty_at:
            return True
        # What came in the same moment would not be noticed, so a folder that was just changed is looked at again.
        settled = time.time() - changed > _SETTLED_S
        is_empty = next(self._folder.glob(f"*{ENDING}"), None) is None
        self._empty_at = changed if is_empty and settled else None
        return is_empty

    def _read(self, path: Path) -> Grams | None:
        """Return the hashes in *path*; None, with a warning in the log, if it is no benchmark."""
        try:
            changed = path.stat().st_mtime
            kept = self._loaded.get(path)
            if kept is None or kept[0] != changed:
                content = path.read_bytes()
                hashes = np.frombuffer(content[: len(content) // 8 * 8], dtype=">u8").astype(np.uint64)
                if not len(hashes) or len(content) % 8 or (hashes[1:] <= hashes[:-1]).any():
                    log.warning("not a benchmark", extra={"file": str(path)})
                    hashes = hashes[:0]
                kept = self._loaded[path] = (changed, hashes)
        except OSError as error:
            log.warning("benchmark not read", extra={"file": str(path), "reason": str(error.strerror)})
            return None
        return kept[1] if len(kept[1]) else None


def _overlap(text: str, benchmarks: Iterable[tuple[str, Grams]]) -> dict[str, int]:
    mine = grams(text)
    found = {name: int(_within(mine, hashes).sum()) for name, hashes in benchmarks}
    return {name: count for name, count in found.items() if count}


def _within(mine: Grams, hashes: Grams) -> NDArray[np.bool_]:
    places = np.searchsorted(hashes, mine).clip(0, len(hashes) - 1)
    return np.asarray(hashes[places] == mine)


def _texts(path: Path) -> Iterator[str]:
    """Yield the texts of a file: each value of JSON Lines, JSON, CSV and Parquet, each line of plain text."""
    try:
        if path.suffix in _PLAIN:
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                yield from line.split("\t")
            return
        with path.open("rb") as file:
            for record in READERS[format_of(file, path.name, "")](file):
                if record.problem:
                    raise InputError(f"{path}: {record.place}: {record.problem}")
                yield from _strings(record.values)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)
