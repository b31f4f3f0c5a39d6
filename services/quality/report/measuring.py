"""Measures a data set: validity, citations, balance, duplicates, contamination, lengths, privacy, currency, grounding.

It reads frames of samples once, from the store or from any Parquet file. Every problem lists its
ten worst rows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import orjson

from models.contract.answers.quality_report import QualityFigures
from services.catalogue.catalogue import Catalogue, Requirements, SampleType
from services.citations.checker import Checked, CitationChecker, counts_of, verdict_of
from services.citations.citation import SHOWN, Verdict
from services.drafts.draft import Draft, Wanted
from services.quality.benchmarks import Benchmarks
from services.quality.checks import problems
from services.quality.duplicates import ALIKE
from services.quality.duplicates.gathered import Gathered, InMemory
from services.quality.duplicates.sketch import Sketches, sketches, texts_of
from services.quality.report.figures import NEEDED, TEXTS, Found, Totals
from services.quality.report.grounding import COLUMNS, NOTHING_AROUND, Surroundings
from utils.errors import InputError
from utils.frames import pl
from utils.side.ahead import ahead
from utils.side.followed import Told, nobody
from utils.side.tasks import Side

_READ = (*NEEDED, "model", "created_at", "quality_score", *COLUMNS)
_PIECE = 500
EXAMINED = "samples examined"
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
class Examined:
    """What was found out about some samples, to be put together with others.

    Attributes:
        names: Their ids.
        sketches: Their sketches.
        totals: What was counted.
    """

    names: pl.Series
    sketches: Sketches
    totals: Totals


@dataclass(frozen=True)
class ExaminePiece:
    """Examines a frame in another process."""

    frame: pl.DataFrame

    def run(self, measures: Measures) -> Examined:
        """Return what was found out."""
        return examine_piece(self.frame, measures)


class Report:
    """The report as it grows by what was examined. Of one thread."""

    def __init__(self, gathered: Gathered | None = None) -> None:
        """Begin with nothing; sketches are kept in *gathered*, by default in memory."""
        self._totals = Totals()
        self._names: list[pl.Series] = []
        self._sketches = gathered if gathered is not None else InMemory()

    @property
    def names(self) -> pl.Series:
        """The ids so far."""
        return pl.concat(self._names) if self._names else pl.Series("id", [], dtype=pl.String())

    @property
    def samples(self) -> int:
        """How many samples were examined so far."""
        return self._totals.samples

    def add(self, examined: Examined) -> None:
        """Put what was found out about further samples to it."""
        self._names.append(examined.names)
        self._sketches.add(examined.sketches)
        self._totals.merge(examined.totals)

    def told(self, measures: Measures, around: Surroundings = NOTHING_AROUND, told: Told = nobody) -> QualityFigures:
        """Return the figures; *told* hears how far the search for pairs is."""
        pairs = self._totals.pairs(self.names, *self._sketches.pairs(ALIKE, told))
        return self._totals.told(pairs, measures.catalogue, measures.benchmarks.names(), around)


def build_report(
    pieces: Iterable[pl.DataFrame],
    measures: Measures,
    side: Side[Measures] | None = None,
    around: Surroundings = NOTHING_AROUND,
    told: Told = nobody,
) -> QualityFigures:
    """Return the report over *pieces*, which hold samples with at least their question and answer.

    Args:
        pieces: Frames of samples; columns that are missing count as empty.
        measures: The collaborators that measure.
        side: Processes that examine frames, one for each core; None to do it here, one by one.
        around: What is known beside the samples.
        told: Hears how far it came.

    Raises:
        InputError: a piece has neither question nor answer.
    """
    report = Report()
    frames = (part for piece in pieces for part in piece.iter_slices(_PIECE))
    work = partial(_examined, side) if side is not None else partial(examine_piece, measures=measures)
    for some in ahead(work, frames) if side is not None else map(work, frames):
        report.add(some)
        told(EXAMINED, report.samples, 0)
    return report.told(measures, around, told)


def examine_piece(frame: pl.DataFrame, measures: Measures) -> Examined:
    """Return what is found out about the samples of a frame; errors as `build_report`."""
    frame = _fitted(frame)
    totals = Totals()
    totals.measure(frame)
    for row in frame.iter_rows(named=True):
        totals.count(row, _examine(row, measures))
    totals.trim()
    return Examined(frame["id"], sketches(texts_of(frame)), totals)


def _examined(side: Side[Measures], frame: pl.DataFrame) -> Examined:
    return side.run(ExaminePiece(frame))


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
