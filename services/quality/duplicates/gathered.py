"""Sketches of a data set, gathered a piece at a time: in memory, or of more than it holds in files of a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol

from services.quality.duplicates.pairs import Pairs, pairs_of, similar_pairs
from services.quality.duplicates.sketch import BANDS, PERMUTATIONS, Hashes, Sketches, band_hashes
from utils.frames import NDArray, np

Found = tuple[Pairs, "NDArray[np.float64]"]


def _nobody(_bands: int) -> None:
    """Hear how many bands were looked through, and tell nobody."""


class Gathered(Protocol):
    """Sketches that came one after another."""

    def add(self, rows: Sketches) -> None:
        """Put *rows* behind those that came before."""

    def pairs(self, least: float, told: Callable[[int], None] = _nobody) -> Found:
        """Return the pairs of at least this similarity, each once, and their similarities; as `pairs_of`."""


class InMemory:
    """Some hundred thousand sketches, 768 bytes each while pairs are sought."""

    def __init__(self) -> None:
        self._rows: list[Sketches] = []

    def add(self, rows: Sketches) -> None:
        """Put *rows* behind those that came before."""
        self._rows.append(rows)

    def pairs(self, least: float, told: Callable[[int], None] = _nobody) -> Found:
        """Return the pairs, band by band."""
        if not self._rows:
            return np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.float64)
        found = pairs_of(np.concatenate(self._rows), least)
        told(BANDS)
        return found


class OnDisk:
    """Any number of sketches: 768 bytes each in a folder, 16 in memory for each band that is looked through.

    The bands are looked through side by side; numpy lets go of the interpreter where it sorts and compares.
    """

    def __init__(self, folder: Path, cores: int) -> None:
        """Keep files in *folder*, which is there and empty; look through *cores* bands at a time."""
        self._folder = folder
        self._cores = cores
        self._count = 0
        self._sketches = (folder / "sketches").open("wb")
        self._bands: list[BinaryIO] = [self._band(n).open("wb") for n in range(BANDS)]

    def add(self, rows: Sketches) -> None:
        """Put *rows* behind those that came before."""
        self._count += len(rows)
        self._sketches.write(np.ascontiguousarray(rows).data)
        for file, hashes in zip(self._bands, np.ascontiguousarray(band_hashes(rows).T), strict=True):
            file.write(hashes.data)

    def pairs(self, least: float, told: Callable[[int], None] = _nobody) -> Found:
        """Return the pairs by number."""
        for file in (self._sketches, *self._bands):
            file.close()
        if not self._count:
            return np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.float64)
        rows = np.memmap(self._folder / "sketches", dtype=np.uint32, mode="r", shape=(self._count, PERMUTATIONS))
        all_pairs: list[Pairs] = []
        values: list[NDArray[np.float64]] = []
        with ThreadPoolExecutor(self._cores, thread_name_prefix="pairs") as threads:
            for pairs, similarities in threads.map(partial(self._of_band, np.asarray(rows), least), range(BANDS)):
                all_pairs.append(pairs)
                values.append(similarities)
                told(len(all_pairs))
        once, first = np.unique(np.concatenate(all_pairs), return_index=True)
        return once, np.concatenate(values)[first]

    def _of_band(self, rows: Sketches, least: float, band: int) -> Found:
        return similar_pairs([rows], self._sorted(band), least)

    def _sorted(self, band: int) -> Iterator[tuple[Hashes, NDArray[np.int64]]]:
        hashes = np.fromfile(self._band(band), dtype=np.uint64)
        os.unlink(self._band(band))  # it is looked at once
        order = np.argsort(hashes, kind="stable")
        yield hashes[order], order

    def _band(self, number: int) -> Path:
        return self._folder / f"band-{number}"
