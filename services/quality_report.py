"""What a data set is worth: validity, citations, balance, duplicates, contamination, lengths, privacy, currency.

It reads frames of samples once, from the store or from any Parquet file. Every problem names its
ten worst rows.
"""

import math
import re
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
import polars as pl

from services.catalogue import Catalogue, Limits, SampleType
from services.citations.checker import Checked, CitationChecker, counts_of, verdict_of
from services.decontamination import Benchmarks
from services.similarity import ALIKE, DUPLICATE
from services.similarity.index import pairs_of
from services.similarity.sketch import sketches, texts_of
from services.validation.checks import problems
from services.validation.draft import Draft, Wanted
from services.validation.text import count_words
from utils.errors import InputError

WORST = 10
_NEEDED = (
    "id",
    "question",
    "answer",
    "reasoning",
    "case_citation",
    "topic",
    "difficulty",
    "sample_type",
    "jurisdiction",
)
_READ = (*_NEEDED, "model", "created_at", "citations", "quality_score", "citation_verdict")
_LENGTHS = ("question", "answer", "reasoning", "case_citation")
_PERCENTILES = (1, 25, 50, 75, 99)
_PIECE = 500
_AT_A_TIME = 8
_PII = {
    "e_mail": re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,24}){1,4}\b"),
    "phone": re.compile(r"(?<![\w./-])(?:\+\d{1,3}[ .-]?(?:\(0\))?[ .-]?\d{2,5}[ .-]?\d{3,4}[ .-]?\d{3,4}|0\d{2,4}[ -]\d{3,4}[ -]?\d{3,4}|\(\d{3}\) ?\d{3}-\d{4}|\d{3}-\d{3}-\d{4})(?![\w/-])"),
    "ni_number": re.compile(r"\b(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b"),
    "ssn": re.compile(r"\b(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}\b"),
}  # fmt: skip


Submit = Callable[[pl.DataFrame], Future[list[dict[str, Any]]]]


@dataclass(frozen=True)
class Measures:
    """What the report is made with."""

    catalogue: Catalogue
    checker: CitationChecker
    benchmarks: Benchmarks
    words_tolerance: float = 0.8


@dataclass
class _Worst:
    """The rows that a problem is worst in."""

    rows: list[tuple[float, str, str]] = field(default_factory=list)

    def add(self, weight: float, sample_id: str, why: str) -> None:
        self.rows.append((weight, sample_id, why[:300]))
        if len(self.rows) > 50 * WORST:
            self.rows = sorted(self.rows, key=lambda row: -row[0])[:WORST]

    def to_list(self) -> list[dict[str, Any]]:
        rows = sorted(self.rows, key=lambda row: (-row[0], row[1]))[:WORST]
        return [{"id": sample_id, "weight": round(weight, 3), "why": why} for weight, sample_id, why in rows]


@dataclass
class _Totals:
    """What is counted over all pieces."""

    samples: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    valid: Counter[tuple[str, str]] = field(default_factory=Counter)
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    citations: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    cells: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    contaminated: Counter[str] = field(default_factory=Counter)
    pii: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    days: Counter[str] = field(default_factory=Counter)
    repealed: Counter[str] = field(default_factory=Counter)
    lengths: dict[str, list[np.ndarray[Any, np.dtype[np.int64]]]] = field(default_factory=lambda: defaultdict(list))
    worst: dict[str, _Worst] = field(default_factory=lambda: defaultdict(_Worst))


def build_report(pieces: Iterable[pl.DataFrame], measures: Measures, submit: Submit | None = None) -> dict[str, Any]:
    """Return the report over *pieces*, which hold samples with at least their question and answer.

    Args:
        pieces: Frames of samples; columns that are missing count as empty.
        measures: What is measured with.
        submit: Has `examine_piece` done on a frame elsewhere, several at a time; None for here, one after the other.

    Raises:
        InputError: a piece has neither question nor answer.
    """
    totals = _Totals()
    rows: list[np.ndarray[Any, np.dtype[np.uint32]]] = []
    ids: list[pl.Series] = []
    frames = (_fitted(part) for piece in pieces for part in piece.iter_slices(_PIECE))
    examined = _ahead(submit, frames) if submit else ((frame, examine_piece(frame, measures)) for frame in frames)
    for frame, found in examined:
        ids.append(frame["id"])
        rows.append(sketches(texts_of(frame)))
        _measure(frame, totals)
        for row, result in zip(frame.iter_rows(named=True), found, strict=True):
            _count(row, result, totals)
    return _told(totals, _duplicates(ids, rows, totals), measures)


def examine_piece(frame: pl.DataFrame, measures: Measures) -> list[dict[str, Any]]:
    """Return what is found out about each sample of a frame that `build_report` made."""
    return [_examine(row, measures) for row in frame.iter_rows(named=True)]


def _ahead(submit: Submit, frames: Iterator[pl.DataFrame]) -> Iterator[tuple[pl.DataFrame, list[dict[str, Any]]]]:
    """Yield each frame with its result, a few being worked on at a time."""
    waiting: deque[tuple[pl.DataFrame, Future[list[dict[str, Any]]]]] = deque()
    for frame in frames:
        waiting.append((frame, submit(frame)))
        if len(waiting) >= _AT_A_TIME:
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


def _examine(row: Mapping[str, Any], measures: Measures) -> dict[str, Any]:
    """Return what is found out about one sample."""
    checked = measures.checker.check_sample(row)
    text = "\n".join(str(row[name] or "") for name in _LENGTHS)
    return {
        "checks": _checks(row, checked, measures),
        "verdict": (verdict := verdict_of(checked)) and verdict.value,
        "counts": counts_of(checked),
        "reasons": Counter(item.finding.code for item in checked),
        "invalid": [
            f"{item.citation.text}: {item.finding.reason}" for item in checked if item.finding.verdict == "invalid"
        ],
        "repealed": sorted({item.finding.ended for item in checked if item.finding.ended is not None}),
        "overlap": measures.benchmarks.of_sample(row),
        "pii": {name: len(found) for name, pattern in _PII.items() if (found := pattern.findall(text))},
    }


def _checks(row: Mapping[str, Any], checked: list[Checked], measures: Measures) -> dict[str, str]:
    kind, limits = _asked(row, measures.catalogue)
    draft = Draft(*(str(row[name] or "") for name in ("question", "answer", "case_citation", "reasoning")))
    wanted = Wanted(kind, limits, str(row["jurisdiction"] or ""), tuple(checked), measures.words_tolerance)
    return problems(draft, wanted)


def _asked(row: Mapping[str, Any], catalogue: Catalogue) -> tuple[SampleType, Limits]:
    """Return what was asked of a sample; of unknown types and levels as little as of any."""
    kinds = {kind.id: kind for kind in catalogue.sample_types}
    levels = {level.id: level for level in catalogue.difficulties}
    kind = kinds.get(str(row["sample_type"]), kinds["general_reasoning"])
    level = levels.get(str(row["difficulty"]), catalogue.difficulties[0])
    return kind, catalogue.limits(kind, level)


def _measure(frame: pl.DataFrame, totals: _Totals) -> None:
    for name in _LENGTHS:
        totals.lengths[name].append(np.array([count_words(text or "") for text in frame[name]], dtype=np.int64))
    for name in _NEEDED:
        empty = frame.filter(pl.col(name).fill_null("").str.strip_chars() == "")
        totals.missing[name] += empty.height
        for sample_id in empty["id"].head(WORST):
            totals.worst["missing_fields"].add(1.0, str(sample_id), f"{name} is empty")


def _count(row: Mapping[str, Any], found: Mapping[str, Any], totals: _Totals) -> None:
    sample_id = str(row["id"])
    totals.samples += 1
    totals.days[str(row["created_at"] or "")[:7] or "unknown"] += 1
    totals.cells[str(row["topic"]), str(row["difficulty"]), str(row["sample_type"])] += 1
    ok = not found["checks"] and found["verdict"] != "invalid"
    for group in ("jurisdiction", "model"):
        totals.seen[group, str(row[group] or "unknown")] += 1
        totals.valid[group, str(row[group] or "unknown")] += ok
    totals.failed.update(found["checks"].keys())
    totals.verdicts[found["verdict"] or "none"] += 1
    totals.citations.update({name: count for name, count in found["counts"].items() if count and name != "total"})
    totals.reasons.update(found["reasons"])
    totals.contaminated.update(found["overlap"].keys())
    totals.pii.update(found["pii"].keys())
    totals.repealed.update(found["repealed"])
    if found["checks"]:
        totals.worst["validity"].add(len(found["checks"]), sample_id, "; ".join(found["checks"].values()))
    if found["invalid"]:
        totals.worst["citations"].add(len(found["invalid"]), sample_id, "; ".join(found["invalid"]))
    if found["overlap"]:
        told = ", ".join(f"{count} windows of {name}" for name, count in found["overlap"].items())
        totals.worst["contamination"].add(sum(found["overlap"].values()), sample_id, told)
    if found["pii"]:
        told = ", ".join(f"{count} {name}" for name, count in found["pii"].items())
        totals.worst["pii"].add(sum(found["pii"].values()), sample_id, told)
    if found["repealed"]:
        totals.worst["currency"].add(
            len(found["repealed"]), sample_id, "cites repealed law: " + ", ".join(found["repealed"])
        )
    if row["quality_score"] is not None and 0 <= row["quality_score"] <= 1:
        totals.worst["quality"].add(1.0 - row["quality_score"], sample_id, f"quality score {row['quality_score']:.2f}")


def _duplicates(ids: list[pl.Series], rows: list[Any], totals: _Totals) -> dict[str, Any]:
    if not ids:
        return {"similar_pairs": 0, "pairs_from_0_6": 0, "samples_in_pairs": 0}
    names = pl.concat(ids)
    similar = strong = 0
    touched: set[int] = set()
    for first, second, similarity in pairs_of(np.concatenate(rows), ALIKE):
        similar += 1
        if similarity >= DUPLICATE:
            strong += 1
            touched.update((first, second))
        totals.worst["duplicates"].add(similarity, str(names[first]), f"similarity {similarity:.2f} to {names[second]}")
    return {"similar_pairs": similar, "pairs_from_0_6": strong, "samples_in_pairs": len(touched)}


def _told(totals: _Totals, duplicates: Mapping[str, Any], measures: Measures) -> dict[str, Any]:
    rates = {
        f"by_{group}": {
            name: {
                "samples": count,
                "valid": totals.valid[group, name],
                "rate": round(totals.valid[group, name] / count, 4),
            }
            for (kind, name), count in totals.seen.most_common()
            if kind == group
        }
        for group in ("jurisdiction", "model")
    }
    valid = sum(count for (group, _), count in totals.valid.items() if group == "jurisdiction")
    return {
        "samples": totals.samples,
        "validity": {
            "valid": valid,
            "rate": round(valid / totals.samples, 4) if totals.samples else None,
            "failed_checks": dict(totals.failed.most_common()),
            **rates,
        },
        "citations": {
            "samples_by_verdict": dict(totals.verdicts.most_common()),
            "by_verdict": dict(totals.citations.most_common()),
            "by_reason": dict(totals.reasons.most_common()),
        },
        "balance": _balance(totals, measures.catalogue),
        "duplicates": dict(duplicates),
        "contamination": {"benchmarks": measures.benchmarks.names(), "samples_by_benchmark": dict(totals.contaminated)},
        "lengths_in_words": {name: _percentiles(parts) for name, parts in totals.lengths.items()},
        "missing_fields": {name: count for name, count in totals.missing.items() if count},
        "pii": {name: totals.pii[name] for name in _PII},
        "currency": {
            "by_month": dict(sorted(totals.days.items())),
            "repealed_law_cited": dict(totals.repealed.most_common()),
        },
        "worst": {name: rows.to_list() for name, rows in totals.worst.items()},
    }


def _balance(totals: _Totals, catalogue: Catalogue) -> dict[str, Any]:
    """Return how even topic, level and type are: entropy (0 to 1) and the thinnest cells."""
    axes: dict[str, Counter[str]] = {name: Counter() for name in ("topic", "difficulty", "sample_type")}
    for cell, count in totals.cells.items():
        for name, value in zip(axes, cell, strict=True):
            axes[name][value] += count
    possible = {
        "topic": {topic.key for topic in catalogue.topics},
        "difficulty": {level.id for level in catalogue.difficulties if level.id != "foundational"},
        "sample_type": {kind.id for kind in catalogue.sample_types},
    }
    thin = sorted((count, " × ".join(cell)) for cell, count in totals.cells.items())[:WORST]
    return {
        **{name: dict(counted.most_common()) for name, counted in axes.items()},
        "entropy": {name: _entropy(counted, len(possible[name] | set(counted))) for name, counted in axes.items()},
        "cells": len(totals.cells),
        "empty": {name: sorted(possible[name] - set(counted)) for name, counted in axes.items()},
        "thinnest": [{"cell": cell, "samples": count} for count, cell in thin],
    }


def _entropy(counted: Counter[str], possible: int) -> float | None:
    """Return the entropy of the shares, as a part of what an even spread over *possible* values has."""
    total = sum(counted.values())
    if not total or possible < 2:
        return None
    return round(-sum(n / total * math.log(n / total) for n in counted.values() if n) / math.log(possible), 4)


def _percentiles(parts: list[Any]) -> dict[str, int]:
    values = np.concatenate(parts)
    return {f"p{p}": int(np.percentile(values, p)) for p in _PERCENTILES} if len(values) else {}


def to_json(report: Mapping[str, Any]) -> bytes:
    """Write a report as JSON for people."""
    return orjson.dumps(report, option=orjson.OPT_INDENT_2)
