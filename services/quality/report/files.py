"""The quality report and the check against benchmarks over Parquet files, in a folder or a bucket.

Each process reads portions of its own, so that all cores work; what comes back is counts, ids and sketches.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from models.contract.answers.quality_report import QualityFigures
from models.samples.file.many_files import ManyFiles, Noted, Portion, PortionReader
from services.quality.duplicates.gathered import Gathered
from services.quality.duplicates.sketch import Sketches
from services.quality.report.figures import Totals
from services.quality.report.measuring import EXAMINED, Examined, Measures, Report, examine_piece
from utils.frames import np, pl
from utils.side.ahead import ahead
from utils.side.followed import Told, nobody
from utils.side.tasks import Side, Task

T = TypeVar("T")
Overlaps: TypeAlias = list[tuple[str, dict[str, int]]]


class FileReport(QualityFigures):
    """What the samples of files are worth, and what had to be changed to read them."""

    changed_on_reading: list[str]


@dataclass(frozen=True)
class ExaminePortion:
    """Examines the samples of a portion, wherever it runs."""

    portion: Portion

    def run(self, measures: Measures) -> tuple[Examined, Noted]:
        """Return what was found out, and what was noted in reading."""
        reader = PortionReader(self.portion)
        names: list[pl.Series] = []
        rows: list[Sketches] = []
        totals = Totals()
        for frame in reader.frames():
            if frame.height:
                some = examine_piece(frame, measures)
                names.append(some.names)
                rows.append(some.sketches)
                totals.merge(some.totals)
        if not names:
            empty = examine_piece(pl.DataFrame(schema={"id": pl.String, "question": pl.String}), measures)
            return empty, reader.noted
        totals.trim()
        return Examined(pl.concat(names), np.concatenate(rows), totals), reader.noted


@dataclass(frozen=True)
class ComparePortion:
    """Compares the samples of a portion with the benchmarks, wherever it runs."""

    portion: Portion

    def run(self, measures: Measures) -> tuple[Overlaps, int, Noted]:
        """Return the samples that overlap, how many were compared, and what was noted in reading."""
        reader = PortionReader(self.portion)
        found: Overlaps = []
        count = 0
        for frame in reader.frames():
            count += frame.height
            for row in frame.iter_rows(named=True):
                if overlap := measures.benchmarks.of_sample(row):
                    found.append((str(row["id"]), overlap))
        return found, count, reader.noted


def report_on_files(
    files: ManyFiles, measures: Measures, side: Side[Measures] | None, gathered: Gathered, told: Told = nobody
) -> FileReport:
    """Return the report on the samples of *files*.

    Args:
        files: What is read.
        measures: The collaborators that measure.
        side: Processes that read and examine, one for each core; None to do it here.
        gathered: Where sketches are kept until they are compared.
        told: Hears how far it came.

    Raises:
        StorageError: a file is broken, or no row has a question and an answer.
    """
    report = Report(gathered)
    noted: list[Noted] = []
    for examined, one in _done(map(ExaminePortion, files.portions()), measures, side):
        report.add(examined)
        noted.append(one)
        told(EXAMINED, report.samples, files.rows)
    changes = files.changes(noted)
    figures = report.told(measures, told=told)
    return {**figures, "changed_on_reading": changes}


def overlaps_in_files(
    files: ManyFiles, measures: Measures, side: Side[Measures] | None, told: Told = nobody
) -> tuple[int, Overlaps]:
    """Return how many samples *files* have, and those that overlap with a benchmark; arguments as above."""
    found: Overlaps = []
    noted: list[Noted] = []
    count = 0
    for some, number, one in _done(map(ComparePortion, files.portions()), measures, side):
        found += some
        count += number
        noted.append(one)
        told(EXAMINED, count, files.rows)
    files.changes(noted)
    return count, found


def _done(tasks: Iterable[Task[Measures, T]], measures: Measures, side: Side[Measures] | None) -> Iterable[T]:
    """Yield the results of *tasks*, in their order."""
    return ahead(side.run, tasks) if side is not None else (task.run(measures) for task in tasks)
