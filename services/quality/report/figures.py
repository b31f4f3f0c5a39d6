"""Counts the findings about samples and makes the report of them."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Literal

from models.contract.answers.quality import Verdict, VerdictCounts
from models.contract.answers.quality_report import (
    Balance,
    DuplicateFigures,
    Problem,
    QualityFigures,
    TextField,
    ValidRate,
    WorstSample,
)
from services.catalogue.catalogue import Catalogue
from services.citations.citation import SHOWN
from services.quality.duplicates import DUPLICATE
from services.quality.duplicates.pairs import Pairs, rows_of_pairs
from services.quality.report.grounding import Standing, Surroundings
from services.quality.report.lengths import Lengths
from utils.frames import NDArray, np, pl

WORST = 10
NEEDED = (
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
TEXTS: tuple[TextField, ...] = ("question", "answer", "reasoning", "case_citation")
_SHOWN_CHARS = 300


@dataclass(frozen=True, slots=True)
class Found:
    """The findings about one sample.

    Attributes:
        checks: The reason of each failed check, by its name.
        verdict: The worst of its citations; "none" when it cites nothing.
        citations: Its citations by verdict.
        reasons: Its citations by reason code.
        invalid: Its invalid citations, each with the reason.
        repealed: The law it cites that is no longer in force.
        overlap: Number of windows shared with each benchmark, by its name.
        pii: Apparent personal data, by kind.
    """

    checks: Mapping[str, str]
    verdict: Verdict | Literal["none"]
    citations: VerdictCounts
    reasons: Mapping[str, int]
    invalid: Sequence[str]
    repealed: Sequence[str]
    overlap: Mapping[str, int]
    pii: Mapping[str, int]


@dataclass
class _Worst:
    """The rows in which a problem is worst."""

    rows: list[tuple[float, str, str]] = field(default_factory=list)

    def add(self, weight: float, sample_id: str, why: str) -> None:
        self.rows.append((weight, sample_id, why[:_SHOWN_CHARS]))
        if len(self.rows) > 50 * WORST:
            self.trim()

    def trim(self) -> None:
        """Keep the worst alone, in an order that does not hang on who came first."""
        self.rows = sorted(self.rows, key=lambda row: (-row[0], row[1]))[:WORST]

    def to_list(self) -> list[WorstSample]:
        self.trim()
        return [{"id": sample_id, "weight": round(weight, 3), "why": why} for weight, sample_id, why in self.rows]


@dataclass
class Totals:
    """The counts over all samples."""

    samples: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    valid: Counter[tuple[str, str]] = field(default_factory=Counter)
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    verdicts: Counter[Verdict | Literal["none"]] = field(default_factory=Counter)
    citations: Counter[Verdict] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    cells: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    contaminated: Counter[str] = field(default_factory=Counter)
    pii: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    days: Counter[str] = field(default_factory=Counter)
    repealed: Counter[str] = field(default_factory=Counter)
    standing: Standing = field(default_factory=Standing)
    lengths: dict[TextField, Lengths] = field(default_factory=lambda: defaultdict(Lengths))
    worst: dict[Problem, _Worst] = field(default_factory=lambda: defaultdict(_Worst))

    def measure(self, frame: pl.DataFrame) -> None:
        """Count what the columns of a frame tell by themselves."""
        for name in TEXTS:
            self.lengths[name].count(frame[name])
        for column in NEEDED:
            empty = frame.filter(pl.col(column).fill_null("").str.strip_chars() == "")
            self.missing[column] += empty.height
            for sample_id in empty["id"].head(WORST):
                self.worst["missing_fields"].add(1.0, str(sample_id), f"{column} is empty")

    def count(self, row: Mapping[str, object], found: Found) -> None:
        """Count a sample and its findings."""
        self.samples += 1
        self.days[str(row["created_at"] or "")[:7] or "unknown"] += 1
        topic, difficulty, kind = (str(row[name] or "unknown") for name in ("topic", "difficulty", "sample_type"))
        self.cells[topic, difficulty, kind] += 1
        ok = not found.checks and found.verdict != "invalid"
        for group in ("jurisdiction", "model"):
            self.seen[group, str(row[group] or "unknown")] += 1
            self.valid[group, str(row[group] or "unknown")] += ok
        self.failed.update(found.checks.keys())
        self.verdicts[found.verdict] += 1
        self.citations.update({name: n for name in SHOWN.values() if (n := found.citations[name])})
        self.reasons.update(found.reasons)
        self.contaminated.update(found.overlap.keys())
        self.pii.update(found.pii.keys())
        self.repealed.update(found.repealed)
        self.standing.count(row)
        self._rank(str(row["id"]), found, row["quality_score"])

    def _rank(self, sample_id: str, found: Found, score: object) -> None:
        """Note how bad the problems of a sample are."""
        if found.checks:
            self.worst["validity"].add(len(found.checks), sample_id, "; ".join(found.checks.values()))
        if found.invalid:
            self.worst["citations"].add(len(found.invalid), sample_id, "; ".join(found.invalid))
        if found.overlap:
            told = ", ".join(f"{count} windows of {name}" for name, count in found.overlap.items())
            self.worst["contamination"].add(sum(found.overlap.values()), sample_id, told)
        if found.pii:
            told = ", ".join(f"{count} {name}" for name, count in found.pii.items())
            self.worst["pii"].add(sum(found.pii.values()), sample_id, told)
        if found.repealed:
            told = "cites repealed law: " + ", ".join(found.repealed)
            self.worst["currency"].add(len(found.repealed), sample_id, told)
        if isinstance(score, float) and 0 <= score <= 1:
            self.worst["quality"].add(1.0 - score, sample_id, f"quality score {score * 100:.0f} %")

    def merge(self, other: Totals) -> None:
        """Add what was counted of other samples."""
        self.samples += other.samples
        for name in _COUNTERS:
            getattr(self, name).update(getattr(other, name))
        self.standing.merge(other.standing)
        for text, lengths in other.lengths.items():
            self.lengths[text].merge(lengths)
        for problem, worst in other.worst.items():
            for row in worst.rows:
                self.worst[problem].add(*row)

    def trim(self) -> None:
        """Forget what cannot be among the worst, before it goes to another process."""
        for worst in self.worst.values():
            worst.trim()

    def pairs(self, names: pl.Series, pairs: Pairs, similarity: NDArray[np.float64]) -> DuplicateFigures:
        """Count *pairs* of similar samples, whose rows have the ids *names*."""
        if not len(pairs):
            return {"similar_pairs": 0, "pairs_from_0_6": 0, "samples_in_pairs": 0}
        first, second = rows_of_pairs(pairs)
        is_strong = similarity >= DUPLICATE
        touched = np.unique(np.concatenate([first[is_strong], second[is_strong]]))
        # Only the most similar can be among the worst.
        places = np.flatnonzero(similarity >= np.sort(similarity)[-WORST:][0])
        most = pl.DataFrame(
            {"id": names.gather(first[places]), "other": names.gather(second[places]), "value": similarity[places]}
        )
        for name, other, value in most.sort(-pl.col("value"), "id").head(WORST).iter_rows():
            self.worst["duplicates"].add(value, str(name), f"similarity {value * 100:.0f} % to {other}")
        return {
            "similar_pairs": len(pairs),
            "pairs_from_0_6": int(is_strong.sum()),
            "samples_in_pairs": len(touched),
        }

    def told(
        self, pairs: DuplicateFigures, catalogue: Catalogue, benchmarks: dict[str, int], around: Surroundings
    ) -> QualityFigures:
        """Return the report.

        Args:
            pairs: What `pairs` returned.
            catalogue: Topics, difficulties and types that samples could have.
            benchmarks: Windows of each benchmark, by its name.
            around: What is known beside the samples.
        """
        valid = sum(count for (group, _), count in self.valid.items() if group == "jurisdiction")
        return {
            "samples": self.samples,
            "validity": {
                "valid": valid,
                "rate": round(valid / self.samples, 4) if self.samples else None,
                "failed_checks": dict(self.failed.most_common()),
                "by_jurisdiction": self._rates("jurisdiction"),
                "by_model": self._rates("model"),
            },
            "citations": {
                "samples_by_verdict": dict(self.verdicts.most_common()),
                "by_verdict": dict(self.citations.most_common()),
                "by_reason": dict(self.reasons.most_common()),
            },
            "balance": _balance(self.cells, catalogue),
            "duplicates": pairs,
            "contamination": {"benchmarks": benchmarks, "samples_by_benchmark": dict(self.contaminated)},
            "lengths_in_words": {name: lengths.percentiles() for name, lengths in self.lengths.items()},
            "missing_fields": {name: count for name, count in self.missing.items() if count},
            "pii": {
                "e_mail": self.pii["e_mail"],
                "phone": self.pii["phone"],
                "ni_number": self.pii["ni_number"],
                "ssn": self.pii["ssn"],
            },
            "currency": {
                "by_month": dict(sorted(self.days.items())),
                "repealed_law_cited": dict(self.repealed.most_common()),
            },
            "grounding": self.standing.told(around),
            "worst": {name: rows.to_list() for name, rows in self.worst.items()},
        }

    def _rates(self, group: str) -> dict[str, ValidRate]:
        return {
            name: {
                "samples": count,
                "valid": self.valid[group, name],
                "rate": round(self.valid[group, name] / count, 4),
            }
            for (kind, name), count in self.seen.most_common()
            if kind == group
        }


_COUNTERS = [field.name for field in fields(Totals) if field.default_factory is Counter]


def _balance(cells: Counter[tuple[str, str, str]], catalogue: Catalogue) -> Balance:
    """Return how evenly topics, levels and types are spread: entropy (0 to 1) and the thinnest cells."""
    topics, levels, kinds = Counter[str](), Counter[str](), Counter[str]()
    for (topic, level, kind), count in cells.items():
        topics[topic] += count
        levels[level] += count
        kinds[kind] += count
    all_topics = {topic.key for topic in catalogue.topics}
    all_levels: set[str] = {level.id for level in catalogue.difficulties if level.id != "foundational"}
    all_kinds = {kind.id for kind in catalogue.sample_types}
    thin = sorted((count, " × ".join(cell)) for cell, count in cells.items())[:WORST]
    return {
        "topic": dict(topics.most_common()),
        "difficulty": dict(levels.most_common()),
        "sample_type": dict(kinds.most_common()),
        "entropy": {
            "topic": _entropy(topics, len(all_topics | set(topics))),
            "difficulty": _entropy(levels, len(all_levels | set(levels))),
            "sample_type": _entropy(kinds, len(all_kinds | set(kinds))),
        },
        "cells": len(cells),
        "empty": {
            "topic": sorted(all_topics - set(topics)),
            "difficulty": sorted(all_levels - set(levels)),
            "sample_type": sorted(all_kinds - set(kinds)),
        },
        "thinnest": [{"cell": cell, "samples": count} for count, cell in thin],
    }


def _entropy(counted: Counter[str], possible: int) -> float | None:
    """Return the entropy of the shares (0 to 1), where 1 is an even spread over *possible* values."""
    total = sum(counted.values())
    if not total or possible < 2:
        return None
    return round(-sum(n / total * math.log(n / total) for n in counted.values() if n) / math.log(possible), 4)
