"""Measures a data set: validity, citations, balance, duplicates, contamination, lengths, privacy, currency, grounding.

It reads frames of samples once, from the store or from any Parquet file. Every problem lists its
ten worst rows.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import orjson

from models.contract.answers.quality_report import QualityFigures
from services.catalogue.catalogue import Catalogue, Requirements, SampleType
from services.citations.checker import Checked, CitationChecker, counts_of, verdict_of
from services.citations.citation import SHOWN, Verdict
from services.drafts.draft import Draft, Wanted
from services.quality.benchmarks import Benchmarks
from services.quality.checks import problems
from services.quality.duplicates.sketch import Sketches, sketches, texts_of
from services.quality.report.figures import NEEDED, TEXTS, Found, Totals
from services.quality.report.grounding import COLUMNS, NOTHING_AROUND, Surroundings
from utils.errors import InputError
from utils.frames import pl
from utils.side.tasks import Side

_READ = (*NEEDED, "model", "created_at", "quality_score", *COLUMNS)
_PIECE = 500
_AT_A_TIME = 4
_PII = {
    "e_mail": re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,24}){1,4}\b"),
    "phone": re.compile(r"(?<![\w./-])(?:\+\d{1,3}[ .-]?(?:\(0\))?[ .-]?\d{2,5}[ .-]?\d{3,4}[ .-]?\d{3,4}|0\d{2,4}[ -]\d{3,4}[ -]?\d{3,4}|\(\d{3}\) ?\d{3}-\d{4}|\d{3}-\d{3}-\d{4})(?![\w/-])"),
    "ni_number": re.compile(r"\b(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b"),
    "ssn": re.compile(r"\b(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}\b"),
}  # fmt: skip
# All numbers among these hold six digits, with three signs at most between two of them.
_NUMBER = re.compile(r"\d(?:[ .()-]{0,3}\d){5}")


@dataclass(frozen=True)
class Measures:
    """The collaborators that measure for the report."""

    catalogue: Catalogue
    checker: CitationChecker
    benchmarks: Benchmarks
    words_tolerance: float = 0.8


@dataclass(frozen=True)
class ExaminePiece:
    """Examines a frame in another process."""

    frame: pl.DataFrame

    def run(self, measures: Measures) -> list[Found]:
        """Return the findings about each sample."""
        return examine_piece(self.frame, measures)


def build_report(
    pieces: Iterable[pl.DataFrame],
    measures: Measures,
    side: Side[Measures] | None = None,
    around: Surroundings = NOTHING_AROUND,
) -> QualityFigures:
    """Return the report over *pieces*, which hold samples with at least their question and answer.

    Args:
        pieces: Frames of samples; columns that are missing count as empty.
        measures: The collaborators that measure.
        side: Processes that examine frames, several at a time; None to do it here, one by one.
        around: What is known beside the samples.

    Raises:
        InputError: a piece has neither question nor answer.
    """
    totals = Totals()
    rows: list[Sketches] = []
    ids: list[pl.Series] = []
    frames = (_fitted(part) for piece in pieces for part in piece.iter_slices(_PIECE))
    examined = (
        _ahead(side, frames) if side is not None else ((frame, examine_piece(frame, measures)) for frame in frames)
    )
    for frame, found in examined:
        ids.append(frame["id"])
        rows.append(sketches(texts_of(frame)))
        totals.measure(frame)
        for row, result in zip(frame.iter_rows(named=True), found, strict=True):
            totals.count(row, result)
    return totals.told(totals.pairs(ids, rows), measures.catalogue, measures.benchmarks.names(), around)


def examine_piece(frame: pl.DataFrame, measures: Measures) -> list[Found]:
    """Return the findings about each sample of a frame that `build_report` made."""
    return [_examine(row, measures) for row in frame.iter_rows(named=True)]


def _ahead(side: Side[Measures], frames: Iterator[pl.DataFrame]) -> Iterator[tuple[pl.DataFrame, list[Found]]]:
    """Yield each frame with its result; a few are examined at a time."""
    waiting: deque[tuple[pl.DataFrame, Future[list[Found]]]] = deque()
    with ThreadPoolExecutor(_AT_A_TIME) as threads:
        for frame in frames:
            waiting.append((frame, threads.submit(side.run, ExaminePiece(frame))))
            if len(waiting) > _AT_A_TIME:
                first, future = waiting.popleft()
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()


def _fitted(piece: pl.DataFrame) -> pl.DataFrame:
    if not {"question", "answer"} & set(piece.columns):
        raise InputError(f"columns: got {', '.join(piece.columns)[:200]}, want at least question and answer")
    columns = [_column(piece, name) for name in _READ]
    return pl.DataFrame(columns)


def _column(piece: pl.DataFrame, name: str) -> pl.Series:
    """Return a column as text, the score as a number; empty where there is none."""
    wanted: pl.DataType = pl.Float64() if name == "quality_score" else pl.String()
    if name not in piece.columns:
        return pl.Series(name, [None], dtype=wanted).new_from_index(0, piece.height)
    column = piece[name]
    if column.dtype.is_nested():
        column = pl.Series(
            name, [None if value is None else str(value) for value in column.to_list()], dtype=pl.String()
        )
    return column.cast(wanted, strict=False)


def _examine(row: Mapping[str, object], measures: Measures) -> Found:
    """Return the findings about one sample."""
    checked = measures.checker.check_sample(row)
    verdict = verdict_of(checked)
    text = "\n".join(str(row[name] or "") for name in TEXTS)
    return Found(
        checks=_checks(row, checked, measures),
        verdict=SHOWN[verdict] if verdict is not None else "none",
        citations=counts_of(checked),
        reasons=Counter(item.finding.code for item in checked),
        invalid=[
            f"{item.citation.text}: {item.finding.reason}"
            for item in checked
            if item.finding.verdict is Verdict.INVALID
        ],
        repealed=sorted({item.finding.ended for item in checked if item.finding.ended is not None}),
        overlap=measures.benchmarks.of_sample(row),
        pii=_pii_in(text),
    )


def _pii_in(text: str) -> dict[str, int]:
    """Count apparent personal data; most texts have neither the sign of an address nor a long enough number."""
    has_number = _NUMBER.search(text) is not None
    sought = (name for name in _PII if ("@" in text if name == "e_mail" else has_number))
    return {name: len(found) for name in sought if (found := _PII[name].findall(text))}


def _checks(row: Mapping[str, object], checked: list[Checked], measures: Measures) -> dict[str, str]:
    kind, limits = _asked(row, measures.catalogue)
    draft = Draft(*(str(row[name] or "") for name in ("question", "answer", "case_citation", "reasoning")))
    wanted = Wanted(kind, limits, str(row["jurisdiction"] or ""), tuple(checked), measures.words_tolerance)
    return problems(draft, wanted)


def _asked(row: Mapping[str, object], catalogue: Catalogue) -> tuple[SampleType, Requirements]:
    """Return what was asked of a sample; the least of all where type or level is unknown."""
    kinds = {kind.id: kind for kind in catalogue.sample_types}
    kind = kinds.get(str(row["sample_type"]), kinds["general_reasoning"])
    levels = (level for level in catalogue.difficulties if level.id == row["difficulty"])
    level = next(levels, catalogue.difficulties[0])
    return kind, catalogue.requirements(kind, level)


def to_json(report: Mapping[str, object]) -> bytes:
    """Write a report as JSON for people."""
    return orjson.dumps(report, option=orjson.OPT_INDENT_2)
