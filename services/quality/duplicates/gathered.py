"""Sketches of a data set, gathered a piece at a time: in memory, or of more than it holds in files of a folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol, TypeAlias

from services.quality.duplicates.pairs import Pairs, bands_of, similar_pairs
from services.quality.duplicates.sketch import BANDS, PERMUTATIONS, Hashes, Sketches, band_hashes
from utils.frames import NDArray, np
from utils.side.ahead import ahead
from utils.side.followed import Told, nobody

Found: TypeAlias = "tuple[Pairs, NDArray[np.float64]]"
Band: TypeAlias = "tuple[Hashes, NDArray[np.int64]]"
_COMPARED = "parts compared"


def heard(bands: Iterable[Band], told: Told) -> Iterator[Band]:
    """Yield *bands*; tell how many were looked through."""
    for number, band in enumerate(bands, 1):
        yield band
        told(_COMPARED, number, BANDS)


class Gathered(Protocol):
    """Sketches that came one after another."""

    def add(self, rows: Sketches) -> None:
        """Put *rows* behind those that came before."""

    def pairs(self, least: float, told: Told = nobody) -> Found:
        """Return the pairs of at least this similarity, each once, and their similarities; as `pairs_of`."""


class InMemory:
    """Some hundred thousand sketches, 768 bytes each while pairs are sought."""

    def __init__(self) -> None:
        self._rows: list[Sketches] = []

    def add(self, rows: Sketches) -> None:
        """Put *rows* behind those that came before."""
        self._rows.append(rows)

    def pairs(self, least: float, told: Told = nobody) -> Found:
        """Return the pairs, band by band."""
        if not self._rows:
            return np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.float64)
        rows = np.concatenate(self._rows)
        return similar_pairs([rows], heard(bands_of(rows), told), least)


class OnDisk:
    """Any number of sketches: 768 bytes each in a folder, 16 in memory for each band that is sorted."""

    def __init__(self, folder: Path, cores: int) -> None:
        """Keep files in *folder*, which is there and empty; sort *cores* bands at a time."""
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

    def pairs(self, least: float, told: Told = nobody) -> Found:
        """Return the pairs, band by band."""
        for file in (self._sketches, *self._bands):
            file.close()
        if not self._count:
            return np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.float64)
        rows = np.memmap(self._folder / "sketches", dtype=np.uint32, mode="r", shape=(self._count, PERMUTATIONS))
        bands = ahead(self._sorted, range(BANDS), self._cores)
        return similar_pairs([np.asarray(rows)], heard(bands, told), least)

    def _sorted(self, band: int) -> Band:
        hashes = np.fromfile(self._band(band), dtype=np.uint64)
        self._band(band).unlink()  # it is looked at once
        order = np.argsort(hashes, kind="stable")
        return hashes[order], order

    def _band(self, number: int) -> Path:
        return self._folder / f"band-{number}"
