"""Makes data sets of any size with the shape of real samples: 1 KB each on the disk, 3 KB of text."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from models.samples.file.file_mark import MARK
from models.samples.file.intake import schema
from models.samples.file.parquet_file import ParquetFile
from models.samples.file.row_groups import GROUP_ROWS, write_groups

_FIRST = datetime(2025, 1, 1, tzinfo=UTC)
_LETTERS = "etaoinshrdlucmfwyp"


class Corpus:
    """Draws samples from a seeded vocabulary; word frequencies fall as in a natural text."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self.vocabulary = sorted({self._word() for _ in range(8000)})
        self._random.shuffle(self.vocabulary)
        weights = [1 / (rank + 3) for rank in range(len(self.vocabulary))]
        self.phrases = [" ".join(self._random.choices(self.vocabulary, weights, k=10)) for _ in range(40_000)]

    def sample(self, number: int) -> dict[str, object]:
        """Return sample *number*; later numbers are newer."""
        chosen = self._random.choices(self.phrases, k=36)
        return {
            "id": f"{self._random.choice(('groq', 'cerebras'))}_{number:08x}-0193-7abc-8def-{number:012x}",
            "question": " ".join(chosen[:3]),
            "answer": " ".join(chosen[3:27]),
            "reasoning": " ".join(chosen[27:]),
            "topic": f"Area {number % 25} - Topic {number % 75}",
            "difficulty": self._random.choice(("basic", "intermediate", "advanced", "expert")),
            "case_citation": f"Party{number} v Other [19{number % 100:02d}] AC {number % 900}",
            "jurisdiction": self._random.choice(("uk", "us", "eu")),
            "sample_type": self._random.choice(("case_analysis", "educational", "simple_qa")),
            "batch_id": f"batch_{number // 500}",
            "provider": "groq",
            "model": self._random.choice(("m1", "m2", "m3")),
            "created_at": (_FIRST + timedelta(seconds=number)).isoformat(),
            "tokens_used": 900,
        }

    def write(self, folder: Path, count: int) -> None:
        """Write *count* samples as the data set of *folder*, with the index that the service keeps."""
        path = folder / "train.parquet"
        write_groups(path, self.pieces(count), schema(), MARK)
        file = ParquetFile(path)
        version = file.open()
        assert version is not None
        file.save_index(version)

    def pieces(self, count: int) -> Iterator[pl.DataFrame]:
        """Yield *count* samples in frames of the data set's columns."""
        for start in range(0, count, GROUP_ROWS):
            rows = [self.sample(number) for number in range(start, min(start + GROUP_ROWS, count))]
            yield pl.DataFrame(
                [pl.Series(name, [row.get(name) for row in rows], dtype=kind) for name, kind in schema().items()]
            )

    def _word(self) -> str:
        return "".join(self._random.choice(_LETTERS) for _ in range(self._random.randint(3, 10)))
